#include "archive/resume/checkpoint.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "repo/snapshot.h"

#define FAMILY "nexus-backup checkpoint " /* what a version's number stands behind */
#define RECORD_PLAIN_MAX SNAPSHOT_MAX /* bytes */
#define NAME_MAX_SIZE (64u << 20) /* bytes of host and paths */

struct checkpoint {
	struct repository *repository; /* borrowed */
	struct snapshot want; /* owned: host and paths */
	char *path; /* owned */
};

static int copy_names(struct checkpoint *checkpoint, const char *hostname,
	const struct str_list *paths, struct err *err)
{
	int r = 0;

	checkpoint->want.hostname = strdup(hostname);
	checkpoint->want.program_version = strdup(CHECKPOINT_LINE);
	if (!checkpoint->want.hostname || !checkpoint->want.program_version)
		return err_oom(err);
	for (size_t i = 0; r >= 0 && i < paths->count; i++)
		r = str_list_add(&checkpoint->want.paths, paths->items[i], err);
	return r;
}

/* A name for host and paths: backups of different things do not disturb each other. */
static int name_it(struct checkpoint *checkpoint, const char *folder, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(NAME_MAX_SIZE);
	char repository_name[ID_TEXT_SIZE], name[ID_TEXT_SIZE];
	const struct snapshot *want = &checkpoint->want;
	struct id id;
	int r = buf_add(&text, want->hostname, strlen(want->hostname) + 1, err);

	for (size_t i = 0; r >= 0 && i < want->paths.count; i++)
		r = buf_add(&text, want->paths.items[i], strlen(want->paths.items[i]) + 1, err);
	if (r >= 0)
		r = blob_id(
			repository_codec(checkpoint->repository), text.data, text.size, &id, err);
	if (r < 0)
		return r;
	id_format(&id, name);
	id_format(&repository_config(checkpoint->repository)->id, repository_name);
	checkpoint->path = str_printf("%s/%s/checkpoints/%s", folder, repository_name, name);
	return checkpoint->path ? 0 : err_oom(err);
}

int checkpoint_new(struct repository *repository, const char *folder, const char *hostname,
	const struct str_list *paths, struct checkpoint **ret, struct err *err)
{
	cleanup_checkpoint struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
	int r;

	if (!checkpoint)
		return err_oom(err);
	checkpoint->repository = repository;
	r = copy_names(checkpoint, hostname, paths, err);
	if (r >= 0)
		r = name_it(checkpoint, folder, err);
	if (r < 0)
		return r;
	*ret = TAKE(checkpoint);
	return 0;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	snapshot_done(&checkpoint->want);
	free(checkpoint->path);
	free(checkpoint);
}

static bool is_same(const struct snapshot *a, const struct snapshot *b)
{
	if (!str_equal(a->program_version, b->program_version) ||
		!str_equal(a->hostname, b->hostname) || a->paths.count != b->paths.count)
		return false;
	for (size_t i = 0; i < a->paths.count; i++)
		if (strcmp(a->paths.items[i], b->paths.items[i]) != 0)
			return false;
	return true;
}

int checkpoint_parse(const struct checkpoint *checkpoint, const void *text, size_t size,
	struct id *ret_tree, struct err *err)
{
	cleanup_snapshot struct snapshot found = {0};
	int r = snapshot_parse(text, size, &found, err);

	if (r < 0)
		return r;
	if (!is_same(&found, &checkpoint->want))
		return err_set(err, ERR_CORRUPT, EBADMSG, "it is of another backup");
	*ret_tree = found.tree;
	return 0;
}

/* --- Reading --- */

struct reader {
	const struct checkpoint *checkpoint;
	int fd;
	uint64_t left; /* bytes of the file */
	struct buf sealed, text; /* owned: the current record */
};

static void reader_done(struct reader *reader)
{
	buf_done(&reader->sealed);
	buf_done(&reader->text);
}

static int read_bytes(struct reader *reader, void *data, size_t size, struct err *err)
{
	if (size > reader->left)
		return err_set(err, ERR_CORRUPT, EBADMSG, "it is cut off");
	reader->left -= size;
	return file_read_full(reader->fd, data, size, "it", err);
}

/* Reads one into reader->text. */
static int read_record(struct reader *reader, struct err *err)
{
	struct blob_codec *codec = repository_codec(reader->checkpoint->repository);
	uint32_t size;
	int r = read_bytes(reader, &size, sizeof(size), err);

	if (r < 0)
		return r;
	size = le32toh(size);
	if (size > CHECKPOINT_RECORD_MAX || size > reader->left)
		return err_set(err, ERR_CORRUPT, EBADMSG, "it is cut off");
	buf_clear(&reader->sealed);
	buf_clear(&reader->text);
	r = buf_reserve(&reader->sealed, size, err);
	if (r >= 0)
		r = read_bytes(reader, reader->sealed.data, size, err);
	return r < 0 ? r : blob_open_file(codec, reader->sealed.data, size, &reader->text, err);
}

static int read_ids(
	struct reader *reader, struct partial *partial, const struct id *content, struct err *err)
{
	struct blob_codec *codec = repository_codec(reader->checkpoint->repository);
	size_t count = partial->count, done = 0;
	struct id found;
	int r = 0;

	partial->ids = malloc(count * sizeof(*partial->ids));
	if (!partial->ids)
		return err_oom(err);
	for (; r >= 0 && done < count; done += CHECKPOINT_IDS) {
		size_t n = count - done < CHECKPOINT_IDS ? count - done : CHECKPOINT_IDS;

		r = read_record(reader, err);
		if (r >= 0 && reader->text.size != n * sizeof(struct id))
			r = err_set(err, ERR_CORRUPT, EBADMSG, "a list in it is cut off");
		if (r >= 0)
			memcpy(partial->ids + done, reader->text.data, n * sizeof(struct id));
	}
	if (r >= 0)
		r = blob_id(codec, partial->ids, count * sizeof(struct id), &found, err);
	if (r >= 0 && !id_equal(&found, content))
		r = err_set(err, ERR_CORRUPT, EBADMSG, "a list in it is another");
	return r;
}

static int read_partials(struct reader *reader, struct partials *ret, struct err *err)
{
	int r = 0;

	while (r >= 0 && reader->left) {
		struct partial *partial = &ret->items[ret->count];
		struct id content;

		if (ret->count == PARTIALS_MAX)
			return err_set(err, ERR_CORRUPT, EBADMSG, "too many files are in it");
		r = read_record(reader, err);
		if (r >= 0)
			r = partial_parse(
				reader->text.data, reader->text.size, partial, &content, err);
		if (r < 0)
			return r;
		ret->count++;
		r = read_ids(reader, partial, &content, err);
	}
	return r;
}

/* Tells what a file is that does not begin as it should. */
static int refuse(struct reader *reader, const char *start, struct err *err)
{
	cleanup_snapshot struct snapshot found = {0};
	cleanup_free char *data = NULL;
	struct err ignored = ERR_INIT;
	size_t size;

	if (str_after(start, FAMILY))
		return err_set(err, ERR_CORRUPT, EBADMSG, "it is of another version");
	/* The first version was one record without more. */
	if (lseek(reader->fd, 0, SEEK_SET) == 0 &&
		file_read_fd(reader->fd, "it", CHECKPOINT_RECORD_MAX, &data, &size, &ignored) >=
			0 &&
		blob_open_file(repository_codec(reader->checkpoint->repository), (uint8_t *)data,
			size, &reader->text, &ignored) >= 0 &&
		snapshot_parse(reader->text.data, reader->text.size, &found, &ignored) >= 0 &&
		found.program_version && str_after(found.program_version, FAMILY))
		return err_set(err, ERR_CORRUPT, EBADMSG, "it is of an older version");
	return err_set(err, ERR_CORRUPT, EBADMSG, "it is damaged");
}

int checkpoint_read(const struct checkpoint *checkpoint, int fd, struct id *ret_tree,
	struct partials *ret_partials, struct err *err)
{
	struct reader reader = {
		.checkpoint = checkpoint,
		.fd = fd,
		.sealed = BUF_INIT(CHECKPOINT_RECORD_MAX),
		.text = BUF_INIT(RECORD_PLAIN_MAX),
	};
	cleanup_partials struct partials partials = {0};
	char start[sizeof(CHECKPOINT_LINE)] = "";
	struct stat st;
	struct id tree;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "look at it");
	reader.left = (uint64_t)st.st_size;
	if (reader.left >= sizeof(start))
		r = read_bytes(&reader, start, sizeof(start), err);
	if (r >= 0 && memcmp(start, CHECKPOINT_LINE "\n", sizeof(start)) != 0) {
		start[sizeof(start) - 1] = '\0';
		r = refuse(&reader, start, err);
	}
	if (r >= 0)
		r = read_record(&reader, err);
	if (r >= 0)
		r = checkpoint_parse(checkpoint, reader.text.data, reader.text.size, &tree, err);
	if (r >= 0)
		r = read_partials(&reader, &partials, err);
	reader_done(&reader);
	if (r < 0)
		return r;
	*ret_tree = tree;
	*ret_partials = partials;
	partials = (struct partials){0};
	return 0;
}

int checkpoint_load(struct checkpoint *checkpoint, struct id *ret_tree,
	struct partials *ret_partials, struct err *err)
{
	cleanup_partials struct partials partials = {0};
	cleanup_close int fd = -1;
	struct id tree;
	int r = 0;

	fd = open(checkpoint->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		r = err_errno(err, errno, "open %s", checkpoint->path);
	if (r >= 0)
		r = checkpoint_read(checkpoint, fd, &tree, &partials, err);
	if (r >= 0 && !repository_has_blob(checkpoint->repository, BLOB_TREE, &tree))
		r = err_set(err, ERR_NOT_FOUND, ENOENT, "the repository no longer has its tree");
	if (r < 0)
		return err_wrap(err, "use checkpoint");
	*ret_tree = tree;
	*ret_partials = partials;
	partials = (struct partials){0};
	return 1;
}

/* --- Writing --- */

struct writer {
	struct checkpoint *checkpoint;
	const struct partial *partials; /* borrowed */
	size_t count;
	int fd;
	const char *name; /* borrowed */
	struct buf text, sealed; /* owned */
};

static int write_record(struct writer *writer, const void *data, size_t size, struct err *err)
{
	struct repository *repository = writer->checkpoint->repository;
	uint32_t length;
	int r;

	buf_clear(&writer->sealed);
	r = blob_seal_file(repository_codec(repository), true, data, size, &writer->sealed, err);
	if (r < 0)
		return r;
	length = htole32((uint32_t)writer->sealed.size);
	r = file_write_full(writer->fd, &length, sizeof(length), writer->name, err);
	return r < 0 ? r
		     : file_write_full(writer->fd, writer->sealed.data, writer->sealed.size,
			       writer->name, err);
}

static int write_partial(struct writer *writer, const struct partial *given, struct err *err)
{
	struct blob_codec *codec = repository_codec(writer->checkpoint->repository);
	struct partial partial = *given; /* borrowed */
	size_t done = 0;
	struct id content;
	int r;

	if (partial.count > PARTIAL_IDS_MAX)
		partial.count = PARTIAL_IDS_MAX;
	r = blob_id(codec, partial.ids, partial.count * sizeof(struct id), &content, err);
	buf_clear(&writer->text);
	if (r >= 0)
		r = partial_format(&partial, &content, &writer->text, err);
	if (r >= 0)
		r = write_record(writer, writer->text.data, writer->text.size, err);
	for (; r >= 0 && done < partial.count; done += CHECKPOINT_IDS) {
		size_t n = partial.count - done;

		r = write_record(writer, partial.ids + done,
			(n < CHECKPOINT_IDS ? n : CHECKPOINT_IDS) * sizeof(struct id), err);
	}
	return r;
}

static int write_all(int fd, const char *name, void *context, struct err *err)
{
	static const char line[] = CHECKPOINT_LINE "\n";
	struct writer *writer = context;
	int r = file_write_full(fd, line, sizeof(line) - 1, name, err);

	writer->fd = fd;
	writer->name = name;
	if (r >= 0)
		r = snapshot_format(&writer->checkpoint->want, &writer->text, err);
	if (r >= 0)
		r = write_record(writer, writer->text.data, writer->text.size, err);
	for (size_t i = 0; r >= 0 && i < writer->count && i < PARTIALS_MAX; i++)
		r = write_partial(writer, &writer->partials[i], err);
	return r;
}

int checkpoint_save(struct checkpoint *checkpoint, const struct id *tree,
	const struct partial *partials, size_t count, struct err *err)
{
	uint64_t now_us = clock_realtime_us(repository_clock(checkpoint->repository));
	cleanup_free char *folder = strdup(checkpoint->path);
	struct writer writer = {
		.checkpoint = checkpoint,
		.partials = partials,
		.count = count,
		.text = BUF_INIT(SNAPSHOT_MAX),
		.sealed = BUF_INIT(CHECKPOINT_RECORD_MAX),
	};
	int r;

	if (!folder)
		return err_oom(err);
	*strrchr(folder, '/') = '\0';
	checkpoint->want.tree = *tree;
	checkpoint->want.time.seconds = (int64_t)(now_us / 1000000);
	r = file_make_dirs(folder, 0700, err);
	if (r >= 0)
		r = file_replace_by(AT_FDCWD, checkpoint->path, write_all, &writer, 0600, err);
	buf_done(&writer.text);
	buf_done(&writer.sealed);
	return r < 0 ? err_wrap(err, "save checkpoint") : 0;
}

void checkpoint_remove(struct checkpoint *checkpoint)
{
	cleanup_free char *folder = strdup(checkpoint->path);
	cleanup_closedir DIR *dir = NULL;
	struct dirent *entry;
	const char *name;

	/* One that stays is older than the snapshot: what it says is true all the same. */
	(void)unlink(checkpoint->path);
	if (!folder)
		return;
	name = strrchr(checkpoint->path, '/') + 1;
	folder[name - checkpoint->path] = '\0';
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		/* What runs left that were killed while they replaced it. */
		if (str_after(entry->d_name, name) && str_ends(entry->d_name, ".tmp"))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
}
