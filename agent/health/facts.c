#include "agent/health/facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"
#include "json/json.h"

#define SMALL_MAX (64u << 10)

static int read_below(const char *root, const char *path, size_t max_bytes, char **ret_text,
	size_t *ret_size, struct err *err)
{
	cleanup_free char *full = str_printf("%s%s", root, path);

	if (!full)
		return err_oom(err);
	return file_read(AT_FDCWD, full, max_bytes, ret_text, ret_size, err);
}

void facts_read_image(const char *root, struct facts_image *ret)
{
	cleanup_json struct json *json = NULL;
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	size_t size = 0;
	int r;

	*ret = (struct facts_image){0};
	r = read_below(root, "/usr/lib/nexus/image.json", SMALL_MAX, &text, &size, &err);
	if (r >= 0)
		r = json_parse(text, size, SMALL_MAX, &json, &err);
	if (r < 0 && r != -ENOENT)
		log_warning("read image.json: %s", err.text);
	fleet_text_get(json, "version", ret->version, sizeof(ret->version));
	fleet_text_get(json, "distribution", ret->distribution, sizeof(ret->distribution));
	ret->build_s = json_get_integer(json, "build_epoch", 0);
	if (!*ret->version)
		fleet_text_copy(ret->version, sizeof(ret->version), NEXUS_VERSION);
}

int facts_read_boot_id(const char *root, char *ret_id, size_t size, struct err *err)
{
	cleanup_free char *text = NULL;
	int r;

	r = read_below(root, "/proc/sys/kernel/random/boot_id", 256, &text, NULL, err);
	if (r < 0)
		return r;
	snprintf(ret_id, size, "%s", str_strip(text));
	return 0;
}

static void gather_memory(const char *root, struct health_facts *facts)
{
	cleanup_free char *proc = str_printf("%s/proc", root), *text = NULL;
	struct err ignored = ERR_INIT;
	struct timespec up;

	facts->memory = (struct hw_sensor_memory){0};
	if (proc && hw_sensor_memory_read(proc, &facts->memory, &ignored) < 0)
		log_debug("%s", ignored.text);
	if (file_read(AT_FDCWD, "/proc/self/status", SMALL_MAX, &text, NULL, &ignored) >= 0)
		facts->agent_rss_bytes = hw_sensor_rss_parse(text);
	if (clock_gettime(CLOCK_BOOTTIME, &up) == 0)
		facts->uptime_s = (uint64_t)up.tv_sec;
}

static void gather_temperature(const char *root, struct health_facts *facts)
{
	cleanup_free char *sys = str_printf("%s/sys", root);
	struct err ignored = ERR_INIT;

	facts->has_temperature =
		sys && hw_sensor_temperature_read(sys, &facts->temperature_c, &ignored) >= 0;
}

/* The file systems that fill up: the data's, and the root's where it is one that can be written. */
static void gather_space(const char *root, struct health_facts *facts)
{
	static const char *const paths[] = {"/data", "/var", "/"};
	dev_t seen[sizeof(paths) / sizeof(*paths)] = {0};

	facts->filesystem_count = 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		cleanup_free char *path = str_printf("%s%s", root, paths[i]);
		size_t n = facts->filesystem_count;
		struct fleet_status_filesystem *fs = &facts->filesystems[n];
		struct statvfs vfs;
		struct stat st;
		bool known = false;

		if (!path || stat(path, &st) < 0 || statvfs(path, &vfs) < 0 || !vfs.f_blocks)
			continue;
		for (size_t j = 0; j < n; j++)
			known |= seen[j] == st.st_dev;
		if (known)
			continue;
		seen[n] = st.st_dev;
		fleet_text_copy(fs->path, sizeof(fs->path), paths[i]);
		fs->size_bytes = (uint64_t)vfs.f_blocks * vfs.f_frsize;
		fs->free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
		facts->filesystem_count++;
	}
}

static void gather_disk(int dir_fd, const char *name, struct health_facts *facts)
{
	struct health_disk *disk = &facts->disks[facts->disk_count];
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	size_t size;

	if (file_read(dir_fd, name, HW_SMART_TEXT_MAX, &text, &size, &err) < 0 ||
		hw_smart_parse(text, size, &disk->smart, &err) < 0) {
		log_debug("%s", err.text);
		return;
	}
	snprintf(disk->name, sizeof(disk->name), "%.*s", (int)(strlen(name) - strlen(".json")),
		name);
	facts->disk_count++;
}

static void gather_disks(const char *root, struct health_facts *facts)
{
	cleanup_free char *path = str_printf("%s/run/nexus-smart", root);
	struct dirent **names = NULL;
	cleanup_close int fd = -1;
	int n;

	facts->disk_count = 0;
	fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	n = fd >= 0 ? scandirat(fd, ".", &names, NULL, alphasort) : 0;
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && str_ends(names[i]->d_name, ".json") &&
			facts->disk_count < FLEET_STATUS_DISKS_MAX)
			gather_disk(fd, names[i]->d_name, facts);
		free(names[i]);
	}
	free(names);
}

/* The data partition is there and its file system can be written. By mountinfo's last part, the
 * file system's own options: the mount itself is read-only in this daemon's sandbox. What can't be
 * read is not known. */
static void gather_mounts(const char *root, struct health_facts *facts)
{
	const char *what = "the data partition is not mounted", *options;
	cleanup_free char *text = NULL;
	struct err ignored = ERR_INIT;
	char *line, *rest;

	facts->data_error[0] = '\0';
	if (read_below(root, "/proc/self/mountinfo", SMALL_MAX, &text, NULL, &ignored) < 0)
		return;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		char path[8] = "", flag[4] = "";

		options = strstr(line, " - ");
		if (!options || sscanf(line, "%*s %*s %*s %*s %7s", path) != 1 ||
			!str_equal(path, "/data") ||
			sscanf(options, " - %*s %*s %3[^,]", flag) != 1)
			continue;
		what = str_equal(flag, "rw") ? "" : "the data partition can't be written";
	}
	fleet_text_copy(facts->data_error, sizeof(facts->data_error), what);
}

void facts_gather_boot(const char *root, const struct slot *slot, struct health_facts *facts)
{
	cleanup_free char *block = NULL, *fallback = NULL;
	struct fleet_status_boot *boot = &facts->boot;
	struct hw_grubenv *env = &facts->boot_state;
	struct err ignored = ERR_INIT;
	size_t size;

	fleet_text_copy(boot->mode, sizeof(boot->mode), slot->mode);
	fleet_text_copy(boot->slot, sizeof(boot->slot), slot->slot);
	boot->good = false;
	boot->proven[0] = '\0';
	facts->waiting[0] = '\0';
	*env = (struct hw_grubenv){0};
	if (read_below(root, "/run/nexus-bootstate/grubenv", HW_GRUBENV_SIZE, &block, &size,
		    &ignored) >= 0 &&
		size == HW_GRUBENV_SIZE && hw_grubenv_parse(block, env, &ignored) >= 0) {
		fleet_text_copy(boot->proven, sizeof(boot->proven), hw_grubenv_get(env, "PROVEN"));
		boot->good = slot_is_good(env, slot->slot);
		slot_waiting(env, slot->slot, facts->waiting);
	}
	if (read_below(root, "/run/nexus-bootstate/fallback", 16, &fallback, NULL, &ignored) >= 0)
		fleet_text_copy(facts->fallback, sizeof(facts->fallback), str_strip(fallback));
}

/* systemd-timesyncd touches this file when a server set the clock. Asking timedated for it would
 * start a service a minute, whose log alone was most of what an idle box wrote. */
static void gather_clock(const char *root, struct health_facts *facts)
{
	cleanup_free char *path = str_printf("%s/run/systemd/timesync/synchronized", root);

	facts->clock_synchronized = path && access(path, F_OK) == 0;
}

void facts_gather(const char *root, const struct slot *slot, struct health_facts *facts)
{
	gather_clock(root, facts);
	gather_memory(root, facts);
	gather_temperature(root, facts);
	gather_space(root, facts);
	gather_mounts(root, facts);
	gather_disks(root, facts);
	facts_gather_boot(root, slot, facts);
}
