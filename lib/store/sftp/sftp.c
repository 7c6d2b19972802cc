#include "store/sftp/sftp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "store/names.h"
#include "store/spool.h"

#define FULL_SIZE (1024 + 2 * STORE_PATH_SIZE)
#define DOING_SIZE (STORE_PATH_SIZE + 32)
#define BRIEF_MAX (64u << 10) /* bytes that a brief request moves */
#define TEMPORARY_PREFIX ".nexus-"
#define TEMPORARY_OLD_S (24 * 3600) /* after which its writer is surely gone */

struct sftp_store {
	struct store store;
	struct pool *pool; /* owned */
	char *base; /* owned */
	struct rate *up, *down; /* borrowed, or NULL */
	const volatile bool *cut; /* borrowed, or NULL: see pool_options */
};

static struct sftp_store *sftp_of(struct store *store)
{
	return (struct sftp_store *)store;
}

static void format_full(const struct sftp_store *sftp, const char *path, char ret[static FULL_SIZE])
{
	snprintf(ret, FULL_SIZE, "%s%s%s", sftp->base, str_ends(sftp->base, "/") ? "" : "/", path);
}

/* What every request about one object needs. */
struct job {
	struct sftp_store *sftp;
	enum store_type type;
	char full[FULL_SIZE]; /* the object's path */
	char doing[DOING_SIZE];
	struct spool *spool;
	uint8_t *piece; /* owned by the request */
	void *data;
	uint64_t offset;
	size_t size;
	uint64_t *ret_bytes;
};

static void begin_job(struct job *job, struct store *store, const char *verb, enum store_type type,
	const char *name)
{
	char path[STORE_PATH_SIZE];

	store_format_path(type, name, path);
	*job = (struct job){.sftp = sftp_of(store), .type = type};
	format_full(job->sftp, path, job->full);
	snprintf(job->doing, sizeof(job->doing), "%s %s", verb, path);
}

/* --- Folders --- */

static int make_folder(struct line *line, const char *full, const char *path, struct err *err)
{
	char doing[DOING_SIZE];
	sftp_attributes found;

	snprintf(doing, sizeof(doing), "make folder %.80s", path);
	line_ask(line);
	if (sftp_mkdir(line->sftp, full, 0700) == 0)
		return 0;
	/* "It is there already" is told as a failure like any other. */
	if (line_error(line, doing, err) == -ENOENT || line->broken)
		return -err->code;
	line_ask(line);
	found = sftp_stat(line->sftp, full);
	if (!found)
		return -err->code;
	sftp_attributes_free(found);
	return 0;
}

/* The repository's folder and those above it. */
static int make_base(struct line *line, const struct sftp_store *sftp, struct err *err)
{
	cleanup_free char *path = strdup(sftp->base);
	int r = 0;

	if (!path)
		return err_oom(err);
	for (char *at = path + 1; r >= 0 && *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		r = make_folder(line, path, path, err);
		*at = '/';
	}
	return r < 0 ? r : make_folder(line, path, path, err);
}

static int create_work(struct line *line, void *context, struct err *err)
{
	struct sftp_store *sftp = context;
	char full[FULL_SIZE], path[STORE_PATH_SIZE];
	int r = make_base(line, sftp, err);

	for (enum store_type type = STORE_KEY; r >= 0 && type <= STORE_PACK; type++) {
		format_full(sftp, store_type_name(type), full);
		r = make_folder(line, full, store_type_name(type), err);
	}
	for (unsigned i = 0; r >= 0 && i < 256; i++) {
		snprintf(path, sizeof(path), "data/%02x", i);
		format_full(sftp, path, full);
		r = make_folder(line, full, path, err);
	}
	return r;
}

static int sftp_store_create(struct store *store, struct err *err)
{
	return pool_run(sftp_of(store)->pool, true, create_work, store, err);
}

/* --- Saving --- */

/* Beside its place, packs all in the first folder, where tidy looks for what was left. */
static void format_temporary(const struct job *job, char ret[static FULL_SIZE])
{
	const char *folder = job->type == STORE_CONFIG ? "."
			     : job->type == STORE_PACK ? "data/00"
						       : store_type_name(job->type);
	char path[STORE_PATH_SIZE];
	uint64_t unique;

	if (getrandom(&unique, sizeof(unique), 0) != sizeof(unique))
		unique = (uint64_t)(uintptr_t)job ^ (uint64_t)time(NULL);
	snprintf(path, sizeof(path), "%s/%s%016llx", folder, TEMPORARY_PREFIX,
		(unsigned long long)unique);
	format_full(job->sftp, path, ret);
}

/* Makes the folder that a path stands in; other programs make them when they need them. */
static int make_parent(struct line *line, const char *full, struct err *err)
{
	cleanup_free char *parent = strndup(full, (size_t)(strrchr(full, '/') - full));

	return parent ? make_folder(line, parent, parent, err) : err_oom(err);
}

static int create_file(
	struct line *line, const struct job *job, const char *full, sftp_file *ret, struct err *err)
{
	int r;

	for (int i = 0;; i++) {
		line_ask(line);
		*ret = sftp_open(line->sftp, full, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (*ret)
			return 0;
		r = line_error(line, job->doing, err);
		if (r != -ENOENT || i)
			return r;
		r = make_parent(line, full, err);
		if (r < 0)
			return r;
	}
}

/* A full disk is told as a failure like any other: look whether that was it. */
static int write_error(struct line *line, const struct job *job, sftp_file file, struct err *err)
{
	int r = line_error(line, job->doing, err);
	sftp_statvfs_t room;

	if (r != -EIO || !sftp_extension_supported(line->sftp, "fstatvfs@openssh.com", "2"))
		return r;
	line_ask(line);
	room = sftp_fstatvfs(file);
	if (room && room->f_bavail * room->f_frsize < job->spool->size)
		r = err_set(err, ERR_SPACE, ENOSPC, "%s: the disk of %s is full", job->doing,
			line->where);
	if (room)
		sftp_statvfs_free(room);
	return r;
}

static int check_cut(const struct job *job, struct err *err)
{
	if (!job->sftp->cut || !*job->sftp->cut)
		return 0;
	return err_set(err, ERR_SYSTEM, ECANCELED, "%s: cut off", job->doing);
}

static int write_all(struct line *line, const struct job *job, sftp_file file, struct err *err)
{
	const struct sftp_store *sftp = job->sftp;
	int r = 0;

	for (uint64_t at = 0; at < job->spool->size;) {
		size_t size = rate_piece(sftp->up, line->piece);
		ssize_t n;

		if (size > job->spool->size - at)
			size = (size_t)(job->spool->size - at);
		r = check_cut(job, err);
		if (r >= 0)
			r = spool_read(job->spool, at, job->piece, size, err);
		if (r < 0)
			return r;
		line_rest(line);
		rate_pass(sftp->up, size);
		line_ask(line);
		n = sftp_write(file, job->piece, size);
		if (n <= 0)
			return write_error(line, job, file, err);
		at += (uint64_t)n;
	}
	line_ask(line);
	if (line->has_fsync && sftp_fsync(file) != 0)
		r = write_error(line, job, file, err);
	return r;
}

/* Servers without posix-rename do not replace: then what is there counts if it is as long. */
static int rename_over(struct line *line, const struct job *job, const char *from, struct err *err)
{
	sftp_attributes found;
	bool same;
	int r;

	line_ask(line);
	if (sftp_rename(line->sftp, from, job->full) == 0)
		return 0;
	r = line_error(line, job->doing, err);
	if (line->broken)
		return r;
	line_ask(line);
	if (r == -ENOENT && make_parent(line, job->full, err) >= 0 &&
		sftp_rename(line->sftp, from, job->full) == 0)
		return 0;
	found = sftp_stat(line->sftp, job->full);
	same = found && found->size == job->spool->size;
	if (found)
		sftp_attributes_free(found);
	if (!same)
		return r;
	(void)sftp_unlink(line->sftp, from);
	return 0;
}

static int commit_work(struct line *line, void *context, struct err *err)
{
	struct job *job = context;
	char temporary[FULL_SIZE];
	sftp_file file = NULL;
	int r;

	format_temporary(job, temporary);
	r = create_file(line, job, temporary, &file, err);
	if (r < 0)
		return r;
	r = write_all(line, job, file, err);
	line_ask(line);
	if (sftp_close(file) != SSH_OK && r >= 0)
		r = line_error(line, job->doing, err);
	if (r >= 0) {
		(void)sftp_chmod(line->sftp, temporary, 0400);
		r = rename_over(line, job, temporary, err);
	}
	if (r < 0 && !line->broken)
		(void)sftp_unlink(line->sftp, temporary);
	return r;
}

static int sftp_store_commit(struct store_upload *upload, const char *name, struct err *err)
{
	cleanup_store_upload struct store_upload *owned = upload;
	cleanup_free uint8_t *piece = NULL;
	struct job job;

	begin_job(&job, owned->store, "save", owned->type, name);
	job.spool = (struct spool *)owned;
	job.piece = piece = malloc(256u << 10); /* the most that a line's piece can be */
	if (!piece)
		return err_oom(err);
	return pool_run(job.sftp->pool, job.spool->size <= BRIEF_MAX, commit_work, &job, err);
}

/* --- Reading --- */

static int read_all(struct line *line, struct job *job, sftp_file file, struct err *err)
{
	for (size_t got = 0; got < job->size;) {
		size_t size = rate_piece(job->sftp->down, line->piece);
		ssize_t n;

		if (check_cut(job, err) < 0)
			return -err->code;
		if (size > job->size - got)
			size = job->size - got;
		line_ask(line);
		n = sftp_read(file, (uint8_t *)job->data + got, size);
		if (n < 0)
			return line_error(line, job->doing, err);
		if (n == 0)
			return err_set(err, ERR_CORRUPT, ENODATA, "%s: ends too early", job->doing);
		line_rest(line);
		rate_pass(job->sftp->down, (size_t)n);
		got += (size_t)n;
	}
	return 0;
}

static int read_work(struct line *line, void *context, struct err *err)
{
	struct job *job = context;
	sftp_file file;
	int r = 0;

	line_ask(line);
	file = sftp_open(line->sftp, job->full, O_RDONLY, 0);
	if (!file)
		return line_error(line, job->doing, err);
	if (sftp_seek64(file, job->offset) != 0)
		r = err_set(err, ERR_SYSTEM, EIO, "%s: seek", job->doing);
	if (r >= 0)
		r = read_all(line, job, file, err);
	line_ask(line);
	(void)sftp_close(file);
	return r;
}

static int sftp_store_read(struct store *store, enum store_type type, const char *name,
	uint64_t offset, void *ret, size_t size, struct err *err)
{
	struct job job;

	begin_job(&job, store, "read", type, name);
	job.data = ret;
	job.offset = offset;
	job.size = size;
	return pool_run(job.sftp->pool, size <= BRIEF_MAX, read_work, &job, err);
}

static int size_work(struct line *line, void *context, struct err *err)
{
	struct job *job = context;
	sftp_attributes found;
	bool regular;

	line_ask(line);
	found = sftp_stat(line->sftp, job->full);
	if (!found)
		return line_error(line, job->doing, err);
	regular = found->type == SSH_FILEXFER_TYPE_REGULAR;
	*job->ret_bytes = found->size;
	sftp_attributes_free(found);
	return regular ? 0 : err_set(err, ERR_CORRUPT, EUCLEAN, "%s: no file", job->doing);
}

static int sftp_store_size(struct store *store, enum store_type type, const char *name,
	uint64_t *ret_bytes, struct err *err)
{
	struct job job;

	begin_job(&job, store, "look at", type, name);
	job.ret_bytes = ret_bytes;
	return pool_run(job.sftp->pool, true, size_work, &job, err);
}

static int remove_work(struct line *line, void *context, struct err *err)
{
	struct job *job = context;

	line_ask(line);
	if (sftp_unlink(line->sftp, job->full) == 0)
		return 0;
	return line_error(line, job->doing, err);
}

static int sftp_store_remove(
	struct store *store, enum store_type type, const char *name, struct err *err)
{
	struct job job;

	begin_job(&job, store, "remove", type, name);
	return pool_run(job.sftp->pool, true, remove_work, &job, err);
}

/* --- Listing --- */

typedef int entry_fn(struct line *line, sftp_attributes entry, const char *folder, void *context,
	struct err *err);

/* Calls fn for every entry of a folder; one that is not there is empty. */
static int visit(struct line *line, const struct sftp_store *sftp, const char *folder, entry_fn *fn,
	void *context, struct err *err)
{
	char full[FULL_SIZE], doing[DOING_SIZE];
	sftp_attributes entry;
	sftp_dir dir;
	int r = 0;

	format_full(sftp, folder, full);
	snprintf(doing, sizeof(doing), "list %.80s", folder);
	line_ask(line);
	dir = sftp_opendir(line->sftp, full);
	if (!dir) {
		r = line_error(line, doing, err);
		return r == -ENOENT ? 0 : r;
	}
	while (r >= 0) {
		line_ask(line);
		entry = sftp_readdir(line->sftp, dir);
		if (!entry)
			break;
		r = fn(line, entry, folder, context, err);
		sftp_attributes_free(entry);
	}
	if (r >= 0 && !sftp_dir_eof(dir))
		r = line_error(line, doing, err);
	line_ask(line);
	(void)sftp_closedir(dir);
	return r;
}

struct listed {
	struct sftp_store *sftp;
	enum store_type type;
	struct store_names names;
	uint8_t there[256]; /* folders of packs that exist */
	int removed;
};

static int add_entry(struct line *line, sftp_attributes entry, const char *folder, void *context,
	struct err *err)
{
	(void)line;
	(void)folder;
	if (entry->type != SSH_FILEXFER_TYPE_REGULAR)
		return 0;
	return store_names_add(&((struct listed *)context)->names, entry->name, entry->size, err);
}

static int add_folder(struct line *line, sftp_attributes entry, const char *folder, void *context,
	struct err *err)
{
	struct listed *listed = context;
	char *end;
	unsigned long number = strtoul(entry->name, &end, 16);

	(void)line;
	(void)folder;
	(void)err;
	if (strlen(entry->name) == 2 && !*end && number < 256)
		listed->there[number] = 1;
	return 0;
}

static int list_work(struct line *line, void *context, struct err *err)
{
	struct listed *listed = context;
	char folder[STORE_PATH_SIZE];
	int r;

	buf_clear(&listed->names.buf);
	if (listed->type != STORE_PACK)
		return visit(
			line, listed->sftp, store_type_name(listed->type), add_entry, listed, err);
	r = visit(line, listed->sftp, "data", add_folder, listed, err);
	for (unsigned i = 0; r >= 0 && i < 256; i++) {
		snprintf(folder, sizeof(folder), "data/%02x", i);
		if (listed->there[i])
			r = visit(line, listed->sftp, folder, add_entry, listed, err);
	}
	return r;
}

static int sftp_store_list(struct store *store, enum store_type type, store_list_fn *fn,
	void *context, struct err *err)
{
	struct listed listed = {.sftp = sftp_of(store), .type = type, .names = STORE_NAMES_INIT};
	int r = pool_run(listed.sftp->pool, type != STORE_PACK, list_work, &listed, err);

	if (r >= 0)
		r = store_names_visit(&listed.names, fn, context, err);
	store_names_done(&listed.names);
	return r;
}

/* --- Tidying --- */

static int tidy_entry(struct line *line, sftp_attributes entry, const char *folder, void *context,
	struct err *err)
{
	struct listed *listed = context;
	char full[FULL_SIZE], path[STORE_PATH_SIZE];

	(void)err;
	if (!str_after(entry->name, TEMPORARY_PREFIX) || strlen(entry->name) > 32 ||
		(int64_t)entry->mtime > (int64_t)time(NULL) - TEMPORARY_OLD_S)
		return 0;
	snprintf(path, sizeof(path), "%.40s/%.40s", folder, entry->name);
	format_full(listed->sftp, path, full);
	if (sftp_unlink(line->sftp, full) == 0)
		listed->removed++;
	return 0;
}

static int tidy_work(struct line *line, void *context, struct err *err)
{
	struct listed *listed = context;
	int r = visit(line, listed->sftp, ".", tidy_entry, listed, err);

	for (enum store_type type = STORE_KEY; r >= 0 && type < STORE_PACK; type++)
		r = visit(line, listed->sftp, store_type_name(type), tidy_entry, listed, err);
	return r < 0 ? r : visit(line, listed->sftp, "data/00", tidy_entry, listed, err);
}

static int sftp_store_tidy(struct store *store, struct err *err)
{
	struct listed listed = {.sftp = sftp_of(store)};
	int r = pool_run(listed.sftp->pool, false, tidy_work, &listed, err);

	return r < 0 ? r : listed.removed;
}

static void sftp_store_close(struct store *store)
{
	struct sftp_store *sftp = sftp_of(store);

	pool_free(sftp->pool);
	free(sftp->base);
	free(sftp);
}

static const struct store_ops sftp_ops = {
	.create = sftp_store_create,
	.begin = spool_begin,
	.append = spool_append,
	.commit = sftp_store_commit,
	.abort = spool_abort,
	.read = sftp_store_read,
	.size = sftp_store_size,
	.list = sftp_store_list,
	.remove = sftp_store_remove,
	.tidy = sftp_store_tidy,
	.close = sftp_store_close,
};

int sftp_store_open(const struct sftp_options *options, struct store **ret, struct err *err)
{
	cleanup_sftp_place struct sftp_place place = {0};
	struct sftp_store *sftp;
	int r = sftp_place_parse(options->place, &place, err);

	if (r < 0)
		return r;
	sftp = calloc(1, sizeof(*sftp));
	if (!sftp)
		return err_oom(err);
	sftp->store.ops = &sftp_ops;
	sftp->up = options->up;
	sftp->down = options->down;
	sftp->cut = options->pool.cut;
	sftp->base = TAKE(place.path);
	r = pool_new(&place, &options->pool, &sftp->pool, err);
	if (r < 0) {
		sftp_store_close(&sftp->store);
		return r;
	}
	*ret = &sftp->store;
	return 0;
}
