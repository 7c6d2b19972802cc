#include "stick/seed.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/parse.h"
#include "base/proc.h"
#include "conf/conf.h"

#define TOOL_TIMEOUT_US (120ull * 1000 * 1000)

static const struct conf_key keys[] = {
	{.section = "Install",
		.name = "Unattended",
		.type = CONF_BOOL,
		.offset = offsetof(struct seed, unattended)},
	{.section = "Install",
		.name = "Disk",
		.type = CONF_TEXT,
		.offset = offsetof(struct seed, disk),
		.fallback = "auto",
		.max_bytes = 100},
	{.section = "Install",
		.name = "Confirm",
		.type = CONF_TEXT,
		.offset = offsetof(struct seed, confirm),
		.fallback = "",
		.max_bytes = 64},
	{.section = "Install",
		.name = "Name",
		.type = CONF_TEXT,
		.offset = offsetof(struct seed, name),
		.fallback = "",
		.max_bytes = SEED_NAME_MAX},
	{.section = "Install",
		.name = "Repair",
		.type = CONF_TEXT,
		.offset = offsetof(struct seed, repair),
		.fallback = "",
		.max_bytes = 8},
	{.section = "Install",
		.name = "SetFirmware",
		.type = CONF_BOOL,
		.offset = offsetof(struct seed, set_firmware),
		.fallback = "no"},
	{.section = "Install",
		.name = "PowerOff",
		.type = CONF_BOOL,
		.offset = offsetof(struct seed, power_off),
		.fallback = "yes"},
	{0},
};

int seed_defaults(struct seed *ret, struct err *err)
{
	*ret = (struct seed){0};
	return conf_defaults(keys, ret, err);
}

bool seed_name_is_good(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > SEED_NAME_MAX || name[0] == '-' || name[n - 1] == '-')
		return false;
	for (const char *c = name; *c; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-')
			return false;
	return true;
}

static int repair_check(const struct seed *seed, const char *name, struct err *err)
{
	bool yes = false;

	if (seed->repair[0] && parse_bool(seed->repair, &yes, err) < 0)
		return err_wrap(err, "read %s: Repair", name);
	if (yes && seed->confirm[0])
		return err_set(err, ERR_CONFIG, EINVAL,
			"read %s: Repair=yes keeps the data and Confirm=ERASE does not: only one "
			"of "
			"them",
			name);
	return 0;
}

int seed_parse(const char *text, size_t size, const char *name, struct seed *seed, struct err *err)
{
	int r;

	/* Windows' editors put a byte order mark before the text. */
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	r = conf_parse(text, size, name, keys, seed, err);
	if (r < 0)
		return r;
	if (seed->name[0] && !seed_name_is_good(seed->name))
		return err_set(err, ERR_CONFIG, EINVAL,
			"read %s: Name: only a to z, 0 to 9 and '-' inside, at most %d", name,
			SEED_NAME_MAX);
	if (strcmp(seed->disk, "auto") != 0 && !str_after(seed->disk, "/dev/"))
		return err_set(err, ERR_CONFIG, EINVAL,
			"read %s: Disk: neither auto nor a path in /dev", name);
	if (seed->confirm[0] && strcmp(seed->confirm, "ERASE") != 0)
		return err_set(err, ERR_CONFIG, EINVAL,
			"read %s: Confirm: only ERASE, or leave the line out", name);
	return repair_check(seed, name, err);
}

enum seed_repair seed_repair(const struct seed *seed)
{
	struct err err = ERR_INIT;
	bool yes;

	if (!seed->repair || !seed->repair[0] || parse_bool(seed->repair, &yes, &err) < 0)
		return SEED_REPAIR_DEFAULT;
	return yes ? SEED_REPAIR_YES : SEED_REPAIR_NO;
}

char *seed_format(const struct seed *seed)
{
	const bool confirm = seed->confirm[0], name = seed->name[0];
	const bool repair = seed->repair && seed->repair[0];

	return str_printf("[Install]\nUnattended=%s\nDisk=%s\n%s%s%s%s%s%s%s%s%sSetFirmware=%s\n"
			  "PowerOff=%s\n",
		seed->unattended ? "yes" : "no", seed->disk, confirm ? "Confirm=" : "",
		seed->confirm, confirm ? "\n" : "", name ? "Name=" : "", seed->name,
		name ? "\n" : "", repair ? "Repair=" : "", repair ? seed->repair : "",
		repair ? "\n" : "", seed->set_firmware ? "yes" : "no",
		seed->power_off ? "yes" : "no");
}

void seed_done(struct seed *seed)
{
	conf_done(keys, seed);
}

char *seed_mtools_image(const char *device, uint64_t offset_bytes)
{
	return str_printf("%s@@%llu", device, (unsigned long long)offset_bytes);
}

int seed_file_read(const char *image, const char *path, size_t max_bytes, char **ret_data,
	size_t *ret_size, struct err *err)
{
	const struct proc_options options = {
		.output_max = max_bytes, .timeout_us = TOOL_TIMEOUT_US};
	cleanup_free char *inside = str_printf("::/%s", path);
	cleanup_proc_result struct proc_result result = {0};
	int r;

	if (!inside)
		return err_oom(err);
	r = proc_run((const char *const[]){"mcopy", "-n", "-i", image, inside, "-", NULL}, &options,
		&result, err);
	if (r < 0)
		return err_wrap(err, "read %s", path);
	if (result.status != 0 && strstr(result.error_tail, "not found"))
		return err_set(err, ERR_NOT_FOUND, ENOENT, "read %s: no such file", path);
	if (result.status != 0)
		return err_set(err, ERR_SYSTEM, EIO, "read %s: mcopy: exit status %d: %.200s", path,
			result.status, str_strip(result.error_tail));
	*ret_data = TAKE(result.output);
	*ret_size = result.output_size;
	return 0;
}

int seed_file_write(const char *image, const char *path, const char *text, struct err *err)
{
	const struct proc_options options = {
		.input = text, .input_size = strlen(text), .timeout_us = TOOL_TIMEOUT_US};
	cleanup_free char *inside = str_printf("::/%s", path);

	if (!inside)
		return err_oom(err);
	if (proc_run_ok((const char *const[]){"mcopy", "-o", "-i", image, "-", inside, NULL},
		    &options, NULL, err) < 0)
		return err_wrap(err, "write %s", path);
	return 0;
}
