#include "hw/sensor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define FILE_MAX (64u << 10)

/* The number after "Name:" at a line's start, times 1024; false when it is not there. */
static bool find_kib(const char *text, const char *name, uint64_t *ret_bytes)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *rest;
		char *end;
		uint64_t value;

		if (*line == '\n')
			line++;
		rest = str_after(line, name);
		if (!rest)
			continue;
		value = strtoull(rest, &end, 10);
		if (end == rest || value > UINT64_MAX / 1024)
			return false;
		*ret_bytes = value * 1024;
		return true;
	}
	return false;
}

int hw_sensor_memory_parse(const char *text, struct hw_sensor_memory *ret, struct err *err)
{
	struct hw_sensor_memory memory;

	if (!find_kib(text, "MemTotal:", &memory.total_bytes) ||
		!find_kib(text, "MemAvailable:", &memory.available_bytes))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read meminfo: lines are missing");
	*ret = memory;
	return 0;
}

int hw_sensor_memory_read(const char *proc, struct hw_sensor_memory *ret, struct err *err)
{
	cleanup_free char *path = str_printf("%s/meminfo", proc), *text = NULL;
	int r;

	if (!path)
		return err_oom(err);
	r = file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	return hw_sensor_memory_parse(text, ret, err);
}

uint64_t hw_sensor_rss_parse(const char *text)
{
	uint64_t bytes;

	return find_kib(text, "VmRSS:", &bytes) ? bytes : 0;
}

/* The text of a small file of sysfs without its line end; false when it can't be read. */
static bool read_word(int dir_fd, const char *path, char *ret_text, size_t size)
{
	cleanup_free char *text = NULL;
	struct err ignored = ERR_INIT;

	if (file_read(dir_fd, path, 4096, &text, NULL, &ignored) < 0)
		return false;
	snprintf(ret_text, size, "%s", str_strip(text));
	return true;
}

/* A millidegree file that says something believable. */
static bool read_millidegrees(int dir_fd, const char *path, double *hottest_c)
{
	char text[32], *end;
	long value;

	if (!read_word(dir_fd, path, text, sizeof(text)))
		return false;
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value <= -60000 || value >= 150000 || value == 0)
		return false;
	if ((double)value / 1000 > *hottest_c)
		*hottest_c = (double)value / 1000;
	return true;
}

static bool is_processor_chip(const char *name)
{
	static const char *const names[] = {
		"coretemp", "k10temp", "k8temp", "zenpower", "cpu_thermal"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool read_chip(int dir_fd, double *hottest_c)
{
	bool any = false;
	char name[64];

	if (!read_word(dir_fd, "name", name, sizeof(name)) || !is_processor_chip(name))
		return false;
	for (int i = 1; i <= 64; i++) {
		char file[32];

		snprintf(file, sizeof(file), "temp%d_input", i);
		any |= read_millidegrees(dir_fd, file, hottest_c);
	}
	return any;
}

static bool read_zone(int dir_fd, double *hottest_c)
{
	return read_millidegrees(dir_fd, "temp", hottest_c);
}

/* Asks every entry of a class folder whose name begins with prefix. */
static bool read_class(const char *sys, const char *class, const char *prefix,
	bool (*read)(int dir_fd, double *hottest_c), double *hottest_c)
{
	cleanup_free char *path = str_printf("%s/class/%s", sys, class);
	cleanup_closedir DIR *dir = path ? opendir(path) : NULL;
	bool any = false;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		cleanup_close int fd = -1;

		if (!str_after(entry->d_name, prefix))
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			any |= read(fd, hottest_c);
	}
	return any;
}

int hw_sensor_temperature_read(const char *sys, double *ret_c, struct err *err)
{
	double hottest_c = -60;

	if (!read_class(sys, "hwmon", "hwmon", read_chip, &hottest_c) &&
		!read_class(sys, "thermal", "thermal_zone", read_zone, &hottest_c))
		return err_set(err, ERR_NOT_FOUND, ENODATA, "read temperature: no sensor");
	*ret_c = hottest_c;
	return 0;
}
