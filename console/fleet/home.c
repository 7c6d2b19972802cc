#include "console/fleet/home.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/ssh_key.h"

#define KEY_FILE "operator.key"
#define PUBLIC_FILE "operator.key.pub"
#define LOCK_FILE "lock"
#define KEY_MAX 16384

static char *default_path(void)
{
	const char *given = getenv("NEXUS_HOME"), *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (given && *given)
		return strdup(given);
	if (data && *data == '/')
		return str_printf("%s/nexus", data);
	if (!home || *home != '/') {
		user = getpwuid(getuid());
		home = user ? user->pw_dir : "/";
	}
	return str_printf("%s/.local/share/nexus", home);
}

void home_host_name(char ret_name[64])
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		snprintf(name, sizeof(name), "console");
	str_sanitize(name);
	snprintf(ret_name, 64, "%.63s", name);
}

/* "user@host", without what an SSH key line can't hold. */
static char *make_comment(void)
{
	const struct passwd *user = getpwuid(getuid());
	char host[64];

	home_host_name(host);
	return str_printf("%.64s@%s", user ? user->pw_name : "operator", host);
}

static int make_key(int dir, struct err *err)
{
	cleanup_free char *comment = make_comment();
	uint8_t seed[SSH_KEY_ED25519_SIZE];
	char *text = NULL;
	int r;

	if (!comment)
		return err_oom(err);
	r = ssh_key_ed25519_seed_new(seed, err);
	if (r == 0)
		r = ssh_key_ed25519_private_format(seed, comment, &text, err);
	explicit_bzero(seed, sizeof(seed));
	if (r == 0)
		r = file_replace(dir, KEY_FILE, text, strlen(text), 0600, err);
	ssh_key_secret_free(text);
	return r < 0 ? err_wrap(err, "make operator key") : 0;
}

/* The key's text, secret. -ENOENT if there is none yet. */
static int read_key(int dir, char **ret_text, struct err *err)
{
	cleanup_close int fd = openat(dir, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "read operator key");
	if (st.st_mode & 077)
		return err_set(err, ERR_DENIED, EACCES,
			"read operator key: others may read the file %s; run chmod 600 on it",
			KEY_FILE);
	return file_read_fd(fd, KEY_FILE, KEY_MAX, ret_text, NULL, err);
}

/* Reads the key, making it under a lock so that two consoles starting at once agree. */
static int need_key(int dir, char **ret_text, struct err *err)
{
	cleanup_close int lock = -1;
	int r;

	r = read_key(dir, ret_text, err);
	if (r != -ENOENT)
		return r;
	lock = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_errno(err, errno, "lock the console's folder");
	r = read_key(dir, ret_text, err);
	if (r != -ENOENT)
		return r;
	r = make_key(dir, err);
	return r < 0 ? r : read_key(dir, ret_text, err);
}

static int open_folder(const char *path, int *ret_fd, struct err *err)
{
	cleanup_close int fd = -1;
	struct stat st;
	int r;

	r = file_make_dirs(path, 0700, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "open %s", path);
	if (st.st_mode & 022)
		return err_set(err, ERR_DENIED, EACCES,
			"open %s: others may write there; run chmod 700 on it", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int load(int dir, struct home *home, struct err *err)
{
	cleanup_free char *file = NULL, *shown = NULL;
	char *text = NULL;
	int r;

	r = need_key(dir, &text, err);
	if (r < 0)
		return r;
	r = session_identity_parse(text, &home->identity, err);
	ssh_key_secret_free(text);
	if (r == 0)
		r = session_identity_public(home->identity, &shown, err);
	if (r < 0)
		return err_wrap(err, "read %s/" KEY_FILE, home->path);
	home->public_line = TAKE(shown);
	/* Only a convenience for people; written when it is missing or another's. */
	if (file_read(dir, PUBLIC_FILE, KEY_MAX, &file, NULL, err) == 0 &&
		str_after(file, home->public_line))
		return 0;
	shown = str_printf("%s\n", home->public_line);
	return shown ? file_replace(dir, PUBLIC_FILE, shown, strlen(shown), 0644, err)
		     : err_oom(err);
}

int home_open(const char *given, struct home *ret, struct err *err)
{
	cleanup_home struct home home = {0};
	cleanup_close int dir = -1;
	int r;

	home.path = given && *given ? strdup(given) : default_path();
	if (!home.path)
		return err_oom(err);
	r = open_folder(home.path, &dir, err);
	if (r == 0)
		r = load(dir, &home, err);
	if (r < 0)
		return r;
	*ret = home;
	home = (struct home){0};
	return 0;
}

void home_done(struct home *home)
{
	free(home->path);
	free(home->public_line);
	session_identity_free(home->identity);
	*home = (struct home){0};
}
