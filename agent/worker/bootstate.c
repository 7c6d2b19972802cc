/* nexus-bootstate: shows the daemon what GRUB's environment says, and marks the running slot
 * good. It alone writes the boot state; the daemon has no access to any disk. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/common/journal.h"
#include "agent/common/program.h"
#include "agent/common/settings.h"
#include "agent/common/slot.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "hw/grubenv.h"

#define BLOCK_PATH "/run/nexus/bootstate"
#define COPY_FOLDER "/var/lib/nexus-bootstate"
#define SHOWN_FOLDER "/run/nexus-bootstate"
#define SECTOR 512
#define ROOT_DEVICE "/dev/mapper/root" /* the running system, checked block by block */
#define READ_SIZE (256u << 10)

static const char *arg_root = "";

static int path_below_root(const char *path, char **ret, struct err *err)
{
	*ret = str_printf("%s%s", arg_root, path);
	return *ret ? 0 : err_oom(err);
}

/* -EBADMSG for what is no boot state, also for one from which what every box has was lost. */
static int block_read(
	const char *path, char block[HW_GRUBENV_SIZE], struct hw_grubenv *ret, struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct hw_grubenv env;
	int r;

	if (fd < 0)
		return err_errno(err, errno, "open %s", path);
	r = file_pread_full(fd, block, HW_GRUBENV_SIZE, 0, path, err);
	if (r >= 0)
		r = hw_grubenv_parse(block, &env, err);
	if (r < 0)
		return r;
	if (!*hw_grubenv_get(&env, "MODE") || !*hw_grubenv_get(&env, "ORDER"))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read boot state: no MODE or no ORDER");
	*ret = env;
	return 0;
}

/* Writes the sectors that differ, each in one piece: a cut leaves the old one or the new one.
 * Those that can't be read, which a disk can leave behind too, are written as well. */
static int block_write(const char *path, const char block[HW_GRUBENV_SIZE], struct err *err)
{
	cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);
	char before[SECTOR];

	if (fd < 0)
		return err_errno(err, errno, "open %s", path);
	for (off_t at = 0; at < HW_GRUBENV_SIZE; at += SECTOR) {
		if (pread(fd, before, SECTOR, at) == SECTOR &&
			memcmp(before, block + at, SECTOR) == 0)
			continue;
		if (pwrite(fd, block + at, SECTOR, at) != SECTOR)
			return err_errno(err, errno ? errno : EIO, "write %s", path);
	}
	if (fsync(fd) < 0)
		return err_errno(err, errno, "sync %s", path);
	return 0;
}

static int file_in(
	const char *folder, const char *name, const char *data, size_t size, struct err *err)
{
	cleanup_free char *path = str_printf("%s%s/%s", arg_root, folder, name);

	if (!path)
		return err_oom(err);
	return file_replace(AT_FDCWD, path, data, size, 0644, err);
}

static void copy_keep(const char block[HW_GRUBENV_SIZE])
{
	struct err err = ERR_INIT;

	if (file_in(COPY_FOLDER, "grubenv", block, HW_GRUBENV_SIZE, &err) < 0)
		log_warning("keep copy of boot state: %s", err.text);
}

/* The boot state, or its copy when it is damaged; then the copy is written back. */
static int state_read(struct hw_grubenv *ret, struct err *err)
{
	cleanup_free char *path = NULL, *copy = NULL;
	char block[HW_GRUBENV_SIZE];
	struct err why = ERR_INIT;
	int r;

	r = path_below_root(BLOCK_PATH, &path, err);
	if (r >= 0)
		r = path_below_root(COPY_FOLDER "/grubenv", &copy, err);
	if (r < 0)
		return r;
	if (block_read(path, block, ret, &why) >= 0)
		return 0;
	r = block_read(copy, block, ret, err);
	if (r < 0)
		return err_wrap(err, "%s; read its copy", why.text);
	log_warning("%s; written anew from its copy", why.text);
	return block_write(path, block, err);
}

/* From the first boot on there is a copy. Later ones are those that a slot was marked good with: in
 * a boot that is on trial, a count stands that a repair must not bring back. */
static int copy_first(const struct hw_grubenv *env, struct err *err)
{
	cleanup_free char *path = NULL;
	char block[HW_GRUBENV_SIZE];
	int r;

	r = path_below_root(COPY_FOLDER "/grubenv", &path, err);
	if (r >= 0)
		r = hw_grubenv_format(env, block, err);
	if (r >= 0 && access(path, F_OK) < 0)
		copy_keep(block);
	return r;
}

/* Leaves what the state says where the daemon can read it. */
static int state_show(const struct hw_grubenv *env, struct err *err)
{
	char block[HW_GRUBENV_SIZE];
	int r;

	r = hw_grubenv_format(env, block, err);
	if (r < 0)
		return r;
	return file_in(SHOWN_FOLDER, "grubenv", block, sizeof(block), err);
}

static int state_store(const struct hw_grubenv *env, struct err *err)
{
	cleanup_free char *path = NULL;
	char block[HW_GRUBENV_SIZE];
	int r;

	r = hw_grubenv_format(env, block, err);
	if (r >= 0)
		r = path_below_root(BLOCK_PATH, &path, err);
	if (r >= 0)
		r = block_write(path, block, err);
	if (r < 0)
		return r;
	copy_keep(block);
	return 0;
}

static int running_slot(char ret_slot[SLOT_SIZE], struct err *err)
{
	struct slot slot;
	int r;

	r = slot_read(arg_root, &slot, err);
	if (r < 0)
		return r;
	if (!*slot.slot)
		return err_set(err, ERR_NOT_FOUND, ENOENT,
			"find slot: the kernel's command line names none");
	memcpy(ret_slot, slot.slot, SLOT_SIZE);
	return 0;
}

/* Reads a new system once from end to end: a block that is damaged is found now, while the one
 * before is still there, and not on the day when it is needed. */
static int root_read(struct err *err)
{
	cleanup_free char *path = str_printf("%s" ROOT_DEVICE, arg_root), *data = malloc(READ_SIZE);
	cleanup_settings struct settings settings = {0};
	struct err ignored = ERR_INIT;
	cleanup_close int fd = -1;
	bool wanted;
	ssize_t n;

	if (!path || !data)
		return err_oom(err);
	/* Settings that are damaged are the daemon's to tell; the default is to read. */
	wanted = settings_read(arg_root, &settings, &ignored) < 0 || settings.read_root;
	fd = wanted ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return wanted && errno != ENOENT ? err_errno(err, errno, "open %s", path) : 0;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_NOREUSE);
	while ((n = read(fd, data, READ_SIZE)) != 0)
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, "read %s", path);
	log_info("%s is readable to its end", path);
	return 0;
}

static int mark_good(int argc, char **argv, void *context, struct err *err)
{
	char slot[SLOT_SIZE], failed[SLOT_SIZE] = "";
	struct hw_grubenv env;
	int r;

	(void)argc;
	(void)argv;
	(void)context;
	r = running_slot(slot, err);
	if (r < 0)
		return r;
	r = state_read(&env, err);
	if (r >= 0 && !str_equal(hw_grubenv_get(&env, "PROVEN"), slot))
		r = root_read(err);
	if (r < 0)
		return r;
	r = state_read(&env, err);
	if (r >= 0)
		r = slot_mark_good(&env, slot, failed, err);
	if (r >= 0)
		r = state_store(&env, err);
	if (r >= 0)
		r = state_show(&env, err);
	if (r < 0)
		return r;
	if (*failed) {
		r = file_in(SHOWN_FOLDER, "fallback", failed, strlen(failed), err);
		journal_event(JOURNAL_BOOT_FALLBACK, LOG_LEVEL_WARNING, NULL,
			"slot %s did not start; slot %s runs and is first from now on", failed,
			slot);
	}
	journal_event(JOURNAL_BOOT_GOOD, LOG_LEVEL_NOTICE, NULL, "slot %s is good", slot);
	return r;
}

static int copy(int argc, char **argv, void *context, struct err *err)
{
	struct hw_grubenv env;
	int r;

	(void)argc;
	(void)argv;
	(void)context;
	r = state_read(&env, err);
	if (r >= 0)
		r = copy_first(&env, err);
	return r < 0 ? r : state_show(&env, err);
}

int main(int argc, char **argv)
{
	static const struct verb verbs[] = {
		{.name = "read",
			.arguments = "",
			.summary = N_("leave a copy that nexus-agent can read"),
			.attempt = copy},
		{.name = "mark-good",
			.arguments = "",
			.summary = N_("mark the running slot good"),
			.attempt = mark_good},
		{0},
	};
	static const struct verb_program program = {
		.name = "nexus-bootstate",
		.summary = N_(
			"Reads and writes the boot state. Its units call it; a person need not."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return program_main(&program, &arg_root, argc, argv);
}
