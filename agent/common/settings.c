#include "agent/common/settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf.h"

#define S(member) offsetof(struct settings, member)
#define MINUTE_US 60000000ull
#define DAY_US (24 * 60 * MINUTE_US)

static const struct conf_key keys[] = {
	{"Backup", "Enabled", CONF_BOOL, S(backup_enabled), "yes", 0, 0, 0},
	{"Backup", "Path", CONF_LIST, S(backup_paths), NULL, 0, 0, 0},
	{"Backup", "Exclude", CONF_LIST, S(backup_excludes), NULL, 0, 0, 0},
	{"Backup", "Repository", CONF_TEXT, S(repository), "/data/backup/repo", 0, 0, 1024},
	{"Backup", "Interval", CONF_DURATION, S(interval_us), "1d", 5 * MINUTE_US, 90 * DAY_US, 0},
	{"Backup", "Jitter", CONF_DURATION, S(jitter_us), "1h", 0, 7 * DAY_US, 0},
	{"Backup", "Retry", CONF_DURATION, S(retry_us), "1h", MINUTE_US, 7 * DAY_US, 0},
	{"Backup", "BootDelay", CONF_DURATION, S(boot_delay_us), "10min", 0, DAY_US, 0},
	{"Restore", "Root", CONF_TEXT, S(restore_root), "/data/restore", 0, 0, 1024},
	{"Update", "Window", CONF_TEXT, S(update_window_text), "02:00-05:00", 0, 0, 16},
	{"Health", "SpaceWarn", CONF_U64, S(space_warn_percent), "15", 1, 99, 0},
	{"Health", "SpaceFail", CONF_U64, S(space_fail_percent), "5", 0, 99, 0},
	{"Health", "MemoryWarn", CONF_U64, S(memory_warn_percent), "10", 1, 99, 0},
	{"Health", "MemoryFail", CONF_U64, S(memory_fail_percent), "3", 0, 99, 0},
	{"Health", "TemperatureWarn", CONF_U64, S(temperature_warn_c), "80", 1, 150, 0},
	{"Health", "TemperatureFail", CONF_U64, S(temperature_fail_c), "95", 1, 150, 0},
	{"Health", "BackupWarn", CONF_DURATION, S(backup_warn_us), "3d", MINUTE_US, 365 * DAY_US,
		0},
	{"Health", "BackupFail", CONF_DURATION, S(backup_fail_us), "8d", MINUTE_US, 365 * DAY_US,
		0},
	{"Health", "GateDelay", CONF_DURATION, S(gate_delay_us), "20s", 0, 60 * MINUTE_US, 0},
	{"Health", "GateLimit", CONF_DURATION, S(gate_limit_us), "15min", MINUTE_US, DAY_US, 0},
	{"Health", "ReadRoot", CONF_BOOL, S(read_root), "yes", 0, 0, 0},
	{0},
};

/* What a box holds that is worth keeping stands below /data; what can be made again does not. */
static const char *const default_paths[] = {"/data", NULL};
static const char *const default_excludes[] = {"/data/backup", "/data/restore", "/data/lost+found",
	"/data/var/cache", "/data/var/tmp", "/data/var/lib/systemd/coredump", NULL};

static int fill(struct str_list *list, const char *const *items, struct err *err)
{
	int r = 0;

	for (; *items && r >= 0; items++)
		r = str_list_add(list, *items, err);
	return r;
}

static int check_absolute(const struct str_list *list, const char *key, struct err *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i][0] != '/')
			return err_set(err, ERR_CONFIG, EINVAL,
				"read settings: %s=%s: not an absolute path", key, list->items[i]);
	return 0;
}

static int read_all(const char *root, struct settings *settings, struct err *err)
{
	cleanup_free char *path = str_printf("%s%s", root, SETTINGS_PATH);
	int r;

	if (!path)
		return err_oom(err);
	r = conf_defaults(keys, settings, err);
	if (r >= 0)
		r = conf_read_tree(path, keys, settings, err);
	if (r >= 0)
		r = check_absolute(&settings->backup_paths, "Path", err);
	if (r >= 0 && !settings->backup_paths.count) {
		r = fill(&settings->backup_paths, default_paths, err);
		if (r >= 0)
			r = fill(&settings->backup_excludes, default_excludes, err);
	}
	if (r >= 0) {
		r = window_parse(settings->update_window_text, &settings->update_window, err);
		if (r < 0)
			return err_wrap(err, "read settings: Window");
	}
	if (r >= 0 && settings->restore_root[0] != '/')
		r = err_set(err, ERR_CONFIG, EINVAL, "read settings: Root=%s: not an absolute path",
			settings->restore_root);
	return r;
}

int settings_read(const char *root, struct settings *ret, struct err *err)
{
	struct settings settings = {0};
	struct err ignored = ERR_INIT;
	int r;

	r = read_all(root, &settings, err);
	if (r < 0) {
		settings_done(&settings);
		settings = (struct settings){0};
		if (conf_defaults(keys, &settings, &ignored) < 0 ||
			fill(&settings.backup_paths, default_paths, &ignored) < 0 ||
			fill(&settings.backup_excludes, default_excludes, &ignored) < 0 ||
			window_parse(settings.update_window_text, &settings.update_window,
				&ignored) < 0) {
			settings_done(&settings);
			return err_oom(err);
		}
	}
	*ret = settings;
	return r;
}

void settings_done(struct settings *settings)
{
	conf_done(keys, settings);
}
