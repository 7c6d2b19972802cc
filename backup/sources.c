#include "backup/sources.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"

#define FILE_SIZE_MAX (256u << 20) /* bytes */

static int read_file(const char *path, char **ret, size_t *ret_size, struct err *err)
{
	if (strcmp(path, "-") == 0)
		return file_read_fd(
			STDIN_FILENO, "standard input", FILE_SIZE_MAX, ret, ret_size, err);
	return file_read(AT_FDCWD, path, FILE_SIZE_MAX, ret, ret_size, err);
}

static int add_pattern(
	const struct common *common, const char *pattern, struct str_list *ret, struct err *err)
{
	glob_t found;
	int r = glob(pattern, 0, NULL, &found);

	if (r == GLOB_NOMATCH) {
		if (!common->quiet)
			fprintf(stderr, _("nexus-backup: pattern '%s' matches nothing, skipped\n"),
				pattern);
		return 0;
	}
	if (r)
		return err_set(err, ERR_SYSTEM, EIO, "look for %s: it can't be read", pattern);
	for (size_t i = 0; r >= 0 && i < found.gl_pathc; i++)
		r = str_list_add(ret, found.gl_pathv[i], err);
	globfree(&found);
	return r;
}

static int add_lines(const struct common *common, const char *path, bool patterns,
	struct str_list *ret, struct err *err)
{
	cleanup_free char *text = NULL;
	char *save = NULL;
	size_t size;
	int r = read_file(path, &text, &size, err);

	if (r < 0)
		return err_wrap(err, "read list of files");
	if (strlen(text) != size)
		return err_set(err, ERR_CONFIG, EINVAL,
			"read list of files %s: it has a NUL in it; use --files-from-raw", path);
	for (char *line = strtok_r(text, "\n", &save); r >= 0 && line;
		line = strtok_r(NULL, "\n", &save)) {
		if (!patterns) {
			r = str_list_add(ret, line, err);
			continue;
		}
		line = str_strip(line);
		if (*line && *line != '#')
			r = add_pattern(common, line, ret, err);
	}
	return r;
}

static int add_raw(const char *path, struct str_list *ret, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size, length;
	int r = read_file(path, &text, &size, err);

	if (r < 0)
		return err_wrap(err, "read list of files");
	if (size && text[size - 1])
		return err_set(err, ERR_CONFIG, EINVAL,
			"read list of files %s: the NUL at its end is missing", path);
	for (size_t at = 0; r >= 0 && at < size; at += length + 1) {
		length = strlen(text + at);
		if (!length)
			return err_set(err, ERR_CONFIG, EINVAL,
				"read list of files %s: it has an empty name", path);
		r = str_list_add(ret, text + at, err);
	}
	return r;
}

/* Only what is there: one path that went away is no reason to save nothing. */
static int keep_existing(const struct common *common, const struct str_list *named,
	struct str_list *ret, unsigned *ret_missing, struct err *err)
{
	struct err missing = ERR_INIT;
	struct stat st;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < named->count; i++) {
		if (lstat(named->items[i], &st) == 0 || errno != ENOENT) {
			r = str_list_add(ret, named->items[i], err);
			continue;
		}
		err_errno(&missing, ENOENT, "look at it");
		common_tell(common, named->items[i], &missing);
		++*ret_missing;
	}
	if (r >= 0 && !ret->count)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "back up: nothing of it exists");
	return r;
}

int sources_read(const struct common *common, int argc, char **argv,
	const struct sources_files *files, struct str_list *ret, unsigned *ret_missing,
	struct err *err)
{
	cleanup_str_list struct str_list named = {0};
	int r = 0;

	*ret_missing = 0;
	for (int i = 0; r >= 0 && i < argc; i++)
		r = str_list_add(&named, argv[i], err);
	for (size_t i = 0; r >= 0 && i < files->patterns->count; i++)
		r = add_lines(common, files->patterns->items[i], true, &named, err);
	for (size_t i = 0; r >= 0 && i < files->verbatim->count; i++)
		r = add_lines(common, files->verbatim->items[i], false, &named, err);
	for (size_t i = 0; r >= 0 && i < files->raw->count; i++)
		r = add_raw(files->raw->items[i], &named, err);
	if (r < 0)
		return r;
	if (!named.count)
		return err_set(err, ERR_CONFIG, EINVAL, "back up: say what, a PATH or more");
	return keep_existing(common, &named, ret, ret_missing, err);
}
