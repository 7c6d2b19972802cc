#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/read/traverse.h"
#include "archive/target.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/show/pick.h"
#include "backup/show/show.h"
#include "base/file.h"
#include "base/i18n.h"
#include "tar/tar.h"

#define XATTRS_MAX 4096

static const char *arg_archive = "tar", *arg_target;
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	{.long_name = "archive",
		.short_name = 'a',
		.argument = N_("FORMAT"),
		.help = N_("of a folder: tar (default) or zip"),
		.text = &arg_archive},
	{.long_name = "target",
		.short_name = 't',
		.argument = N_("FILE"),
		.help = N_("write to this file instead of the standard output"),
		.text = &arg_target},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

struct dumping {
	const struct common *common;
	struct repository *repository;
	const char *name; /* of the output */
	int fd;
	enum tar_format format;
	struct tar *tar; /* or NULL: one file */
	struct buf blob;
};

/* The content of a file, to the archive or bare. */
static int write_content(struct dumping *dumping, const struct node *node, struct err *err)
{
	struct repository *repository = dumping->repository;
	uint64_t size = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < node->content_count; i++) {
		if (dumping->common->stop && *dumping->common->stop)
			return err_set(err, ERR_SYSTEM, ECANCELED, "dump: interrupted");
		r = repository_load_blob(repository, repository_codec(repository), BLOB_DATA,
			&node->content[i], &dumping->blob, err);
		if (r < 0)
			return r;
		size += dumping->blob.size;
		if (dumping->tar)
			r = tar_write(dumping->tar, dumping->blob.data, dumping->blob.size, err);
		else
			r = file_write_full(dumping->fd, dumping->blob.data, dumping->blob.size,
				dumping->name, err);
	}
	if (r >= 0 && size != node->size)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"dump it: it has %llu bytes, its entry says %llu", (unsigned long long)size,
			(unsigned long long)node->size);
	return r;
}

static struct timespec timespec_of(const struct node_time *time)
{
	return (struct timespec){time->seconds, time->nanoseconds};
}

/* Folders, files and links, as restic has it. */
static int enter(void *context, const struct node *node, const char *path, const struct id *tree,
	struct err *err)
{
	static struct tar_xattr xattrs[XATTRS_MAX];
	struct dumping *dumping = context;
	mode_t type = node->type == NODE_DIR       ? S_IFDIR
		      : node->type == NODE_FILE    ? S_IFREG
		      : node->type == NODE_SYMLINK ? S_IFLNK
						   : 0;
	struct tar_entry entry = {
		.path = path + 1,
		.mode = type | node_permissions(node->mode),
		.uid = node->uid,
		.gid = node->gid,
		.user = node->user,
		.group = node->group,
		.link_target = node->link_target,
		.modified = timespec_of(&node->modified),
		.accessed = timespec_of(&node->accessed),
		.changed = timespec_of(&node->changed),
		.size = node->size,
		.xattrs = xattrs,
	};
	int r;

	(void)tree;
	if (!type)
		return 0;
	if (node->unsafe)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "dump %s: its name is no file name", path);
	for (size_t i = 0; i < node->xattr_count && i < XATTRS_MAX; i++)
		xattrs[entry.xattr_count++] = (struct tar_xattr){
			node->xattrs[i].name, node->xattrs[i].value, node->xattrs[i].size};
	r = tar_add(dumping->tar, &entry, err);
	if (r >= 0 && node->type == NODE_FILE)
		r = write_content(dumping, node, err);
	return r < 0 ? err_wrap(err, "dump %s", path) : 0;
}

static int dump_folder(
	struct dumping *dumping, const struct id *tree, const char *path, struct err *err)
{
	const struct traverse traverse = {
		.repository = dumping->repository,
		.stop = dumping->common->stop,
		.enter = enter,
		.context = dumping,
	};
	cleanup_tar struct tar *tar = NULL;
	int r = tar_new(dumping->fd, dumping->format, &tar, err);

	dumping->tar = tar;
	if (r >= 0)
		r = traverse_run(&traverse, tree, path, err);
	if (r >= 0)
		r = tar_finish(tar, err);
	dumping->tar = NULL;
	return r;
}

/* Looks for the last name of a path in its folder. */
struct looking {
	struct dumping *dumping;
	const char *name;
	struct id tree; /* of the folder that was found */
	bool found, is_folder;
};

static int look(void *context, const struct node *node, const char *path, const struct id *tree,
	struct err *err)
{
	struct looking *looking = context;

	(void)path;
	(void)tree;
	if (strcmp(node->name, looking->name) != 0)
		return TRAVERSE_SKIP;
	looking->found = true;
	if (node->type == NODE_FILE)
		return write_content(looking->dumping, node, err);
	if (node->type != NODE_DIR || !node->has_subtree)
		return err_set(err, ERR_CONFIG, EINVAL, "dump it: neither file nor folder but %s",
			node_type_name(node->type));
	looking->is_folder = true;
	looking->tree = node->subtree;
	return TRAVERSE_SKIP;
}

/* path is clean and absolute. */
static int dump_path(
	struct dumping *dumping, const struct id *tree, const char *path, struct err *err)
{
	struct looking looking = {.dumping = dumping};
	const struct traverse traverse = {
		.repository = dumping->repository,
		.enter = look,
		.context = &looking,
	};
	cleanup_free char *above = NULL;
	struct id folder;
	const char *slash;
	int r;

	if (strcmp(path, "/") == 0)
		return dump_folder(dumping, tree, "", err);
	slash = strrchr(path, '/');
	looking.name = slash + 1;
	above = strndup(path, (size_t)(slash - path));
	if (!above)
		return err_oom(err);
	r = select_folder(dumping->repository, tree, above, &folder, err);
	if (r >= 0)
		r = traverse_run(&traverse, &folder, "", err);
	if (r >= 0 && !looking.found)
		r = err_set(err, ERR_NOT_FOUND, ENOENT, "find it: it is not in the snapshot");
	if (r >= 0 && looking.is_folder)
		r = dump_folder(dumping, &looking.tree, path, err);
	return r < 0 ? err_wrap(err, "dump %s", path) : 0;
}

static int dump(struct dumping *dumping, char **argv, struct err *err)
{
	cleanup_pick struct pick pick = {0};
	cleanup_free char *path = target_clean_path(argv[1], "/");
	cleanup_close int fd = -1;
	int r = path ? pick_one(dumping->repository, argv[0], &arg_choose, &pick, err)
		     : err_oom(err);

	if (r < 0)
		return r;
	dumping->fd = STDOUT_FILENO;
	dumping->name = "standard output";
	if (arg_target) {
		fd = open(arg_target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			return err_errno(err, errno, "create %s", arg_target);
		dumping->fd = fd;
		dumping->name = arg_target;
	}
	r = dump_path(dumping, &pick.tree, path, err);
	if (r >= 0 && fd >= 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		return err_errno(err, errno, "write %s", arg_target);
	return r;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct dumping dumping = {.common = common, .blob = BUF_INIT(BLOB_DATA_MAX + 1)};
	struct err err = ERR_INIT;
	int code, r;

	(void)argc;
	if (tar_format_parse(arg_archive, &dumping.format, &err) < 0)
		return common_fail(common, &err);
	code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	dumping.repository = session.repository;
	r = dump(&dumping, argv, &err);
	buf_done(&dumping.blob);
	return r < 0 ? common_fail(common, &err) : EXIT_CODE_OK;
}

const struct verb verb_dump = {
	.name = "dump",
	.arguments = N_("SNAPSHOT[:FOLDER] PATH"),
	.summary = N_("write one file, or a folder as an archive"),
	.details = N_("To the standard output or a file, as bytes: for a look without restoring, "
		      "or into a pipe.\nA folder becomes a tar with owners, times and attributes, "
		      "or a zip; '/' is all.\n\n"
		      "Example: nexus-backup -r /data/backup/repo dump latest /var/dump.sql | "
		      "psql"),
	.options = options,
	.min_arguments = 2,
	.max_arguments = 2,
	.run = run,
};
