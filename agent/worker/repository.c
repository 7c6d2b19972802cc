#include "agent/worker/repository.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

#define KEY_PATH "/var/lib/nexus-identity/backup/repo.key"
#define KEY_BYTES 32
#define INIT_TIMEOUT_US 600000000

int repository_key_path(const char *root, char **ret_path, struct err *err)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	*ret_path = credentials ? str_printf("%s/repo-key", credentials)
				: str_printf("%s" KEY_PATH, root);
	return *ret_path ? 0 : err_oom(err);
}

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static int key_make(const char *path, struct err *err)
{
	char text[2 * KEY_BYTES + 2];
	uint8_t key[KEY_BYTES];
	int r;

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return err_errno(err, errno, "get random bytes");
	hex_format(key, sizeof(key), text);
	text[2 * KEY_BYTES] = '\n';
	r = file_replace(AT_FDCWD, path, text, 2 * KEY_BYTES + 1, 0600, err);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(text, sizeof(text));
	return r;
}

static int engine_init(const char *location, const char *key, struct err *err)
{
	const char *const argv[] = {
		"nexus-backup", "--repo", location, "--password-file", key, "init", NULL};
	const struct proc_options options = {.timeout_us = INIT_TIMEOUT_US};

	return proc_run_ok(argv, &options, NULL, err);
}

/* Removes what an init that was cut short has left. It is ours alone: it bears our suffix. */
static int remove_leftover(const char *path, struct err *err)
{
	const char *const argv[] = {"rm", "-rf", "--", path, NULL};

	return exists(path) ? proc_run_ok(argv, NULL, NULL, err) : 0;
}

static int make_in_folder(const char *location, const char *key, struct err *err)
{
	cleanup_free char *config = str_printf("%s/config", location);
	cleanup_free char *fresh = str_printf("%s.new", location);
	int r;

	if (!config || !fresh)
		return err_oom(err);
	if (exists(config))
		return 0;
	r = remove_leftover(fresh, err);
	if (r >= 0)
		r = engine_init(fresh, key, err);
	if (r < 0)
		return r;
	/* An empty folder of that name, made by hand, is taken over. */
	if (rmdir(location) < 0 && errno != ENOENT)
		return err_errno(err, errno, "put repository at %s", location);
	if (rename(fresh, location) < 0)
		return err_errno(err, errno, "rename %s to %s", fresh, location);
	r = file_sync_parent(AT_FDCWD, location, err);
	if (r >= 0)
		log_notice("made backup repository %s", location);
	return r;
}

int repository_make(const char *root, const char *location, struct err *err)
{
	cleanup_free char *key = str_printf("%s" KEY_PATH, root);
	cleanup_free char *config = str_printf("%s/config", location);
	cleanup_free char *folder = NULL;
	int r;

	if (!key || !config)
		return err_oom(err);
	if (!exists(key)) {
		if (*location == '/' && exists(config))
			return err_set(err, ERR_CONFIG, ENOKEY,
				"open repository %s: its key %s is missing; put it back, or move "
				"the "
				"repository away",
				location, key);
		folder = strdup(key);
		if (!folder)
			return err_oom(err);
		*strrchr(folder, '/') = '\0';
		r = file_make_dirs(folder, 0700, err);
		if (r >= 0)
			r = key_make(key, err);
		if (r < 0)
			return err_wrap(err, "make repository key");
	}
	if (*location == '/')
		r = make_in_folder(location, key, err);
	else
		r = engine_init(location, key, err);
	return r < 0 ? err_wrap(err, "make repository") : 0;
}
