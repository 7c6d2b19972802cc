#include "hw/firmware/attribute.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define CLASS "class/firmware-attributes"
#define TEXT_MAX (16u << 10)

/* --- Comparing --- */

static bool is_filler(char c)
{
	return c == ' ' || c == '\t' || c == '-' || c == '_';
}

/* Whether two texts of n and m bytes are the same name. */
static bool same(const char *a, size_t n, const char *b, size_t m)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < n && is_filler(a[i]))
			i++;
		while (j < m && is_filler(b[j]))
			j++;
		if (i == n || j == m)
			return i == n && j == m;
		if (tolower((unsigned char)a[i++]) != tolower((unsigned char)b[j++]))
			return false;
	}
}

bool firmware_attribute_is(const char *value, const char *wanted)
{
	const size_t size = strlen(value);

	for (const char *at = wanted;;) {
		const size_t n = strcspn(at, "|");

		if (n > 0 && size > 0 && same(value, size, at, n))
			return true;
		if (!at[n])
			return false;
		at += n + 1;
	}
}

/* The one of possible that is the same as n bytes of text; its size, 0 if none is. */
static size_t offered(const char *possible, const char *text, size_t n, const char **ret)
{
	for (const char *at = possible;;) {
		const size_t m = strcspn(at, ";");

		if (m > 0 && same(at, m, text, n)) {
			*ret = at;
			return m;
		}
		if (!at[m])
			return 0;
		at += m + 1;
	}
}

bool firmware_attribute_choose(
	const char *possible, const char *wanted, char *ret_value, size_t room)
{
	for (const char *at = wanted;;) {
		const size_t n = strcspn(at, "|");
		const char *found = at;
		size_t m = possible[0] ? offered(possible, at, n, &found) : n;

		if (n > 0 && m > 0 && m < room) {
			snprintf(ret_value, room, "%.*s", (int)m, found);
			return true;
		}
		if (!at[n])
			return false;
		at += n + 1;
	}
}

/* --- Reading --- */

static char *text_of(const char *dir, const char *name)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	struct err err = ERR_INIT;
	char *text = NULL;

	if (!path || file_read(AT_FDCWD, path, TEXT_MAX, &text, NULL, &err) < 0)
		return NULL;
	return text;
}

/* Calls take for each entry of a folder until it returns true. */
static bool each_entry(const char *path,
	bool (*take)(const char *dir, const char *name, void *context), void *context)
{
	cleanup_closedir DIR *dir = opendir(path);
	size_t seen = 0;

	for (struct dirent *entry;
		dir && seen < FIRMWARE_ATTRIBUTE_MAX && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		seen++;
		if (take(path, entry->d_name, context))
			return true;
	}
	return false;
}

/* An administrator's password: the only one that guards the set-up. */
static bool is_lock(const char *dir, const char *name, void *context)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	char role[32], enabled[8];

	(void)context;
	if (!path)
		return false;
	file_read_line(path, "role", role, sizeof(role));
	file_read_line(path, "is_enabled", enabled, sizeof(enabled));
	return enabled[0] == '1' && (str_equal(role, "bios-admin") || !role[0]);
}

static bool take_driver(const char *dir, const char *name, void *context)
{
	struct firmware_access *access = context;
	cleanup_free char *attributes = str_printf("%s/%s/attributes", dir, name);
	cleanup_free char *locks = str_printf("%s/%s/authentication", dir, name);
	char pending[8];

	if (!attributes || !locks)
		return false;
	snprintf(access->driver, sizeof(access->driver), "%.31s", name);
	str_sanitize(access->driver);
	file_read_line(attributes, "pending_reboot", pending, sizeof(pending));
	access->pending = pending[0] == '1';
	access->locked = each_entry(locks, is_lock, NULL);
	return true;
}

void firmware_attribute_access(const char *sysfs, struct firmware_access *ret)
{
	cleanup_free char *path = str_printf("%s/" CLASS, sysfs ? sysfs : "/sys");

	*ret = (struct firmware_access){0};
	if (path)
		(void)each_entry(path, take_driver, ret);
}

struct search {
	const char *name;
	char *dir; /* owned; of what was found */
	char found[64];
};

static bool take_attribute(const char *dir, const char *name, void *context)
{
	struct search *search = context;

	if (!same(name, strlen(name), search->name, strlen(search->name)))
		return false;
	search->dir = str_printf("%s/%s", dir, name);
	snprintf(search->found, sizeof(search->found), "%.63s", name);
	return search->dir != NULL;
}

static bool search_driver(const char *dir, const char *name, void *context)
{
	cleanup_free char *path = str_printf("%s/%s/attributes", dir, name);

	return path && each_entry(path, take_attribute, context);
}

int firmware_attribute_find(
	const char *sysfs, const char *name, struct firmware_attribute *ret, struct err *err)
{
	cleanup_free char *path = str_printf("%s/" CLASS, sysfs ? sysfs : "/sys");
	struct search search = {.name = name};
	char *possible;

	if (!path)
		return err_oom(err);
	if (!each_entry(path, search_driver, &search))
		return err_set(err, ERR_NOT_FOUND, ENOENT,
			"find firmware setting %.64s: the kernel shows none", name);
	possible = text_of(search.dir, "possible_values");
	if (!possible)
		possible = strdup("");
	if (!possible) {
		free(search.dir);
		return err_oom(err);
	}
	*ret = (struct firmware_attribute){.dir = search.dir, .possible = possible};
	possible[strcspn(possible, "\n")] = '\0';
	snprintf(ret->name, sizeof(ret->name), "%s", search.found);
	str_sanitize(ret->name);
	file_read_line(ret->dir, "current_value", ret->current, sizeof(ret->current));
	return 0;
}

void firmware_attribute_done(struct firmware_attribute *attribute)
{
	free(attribute->dir);
	free(attribute->possible);
	*attribute = (struct firmware_attribute){0};
}

/* --- Setting --- */

int firmware_attribute_set(
	const struct firmware_attribute *attribute, const char *wanted, struct err *err)
{
	cleanup_free char *path = str_printf("%s/current_value", attribute->dir);
	cleanup_close int fd = -1;
	char value[64];
	ssize_t n;

	if (!path)
		return err_oom(err);
	if (!firmware_attribute_choose(attribute->possible, wanted, value, sizeof(value)))
		return err_set(err, ERR_CONFIG, EINVAL,
			"set firmware setting %s: this firmware does not offer %.64s",
			attribute->name, wanted);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "set firmware setting %s", attribute->name);
	/* sysfs takes a value by one write or not at all. */
	n = write(fd, value, strlen(value));
	if (n < 0)
		return err_errno(
			err, errno, "set firmware setting %s to %s", attribute->name, value);
	if ((size_t)n != strlen(value))
		return err_set(err, ERR_SYSTEM, EIO, "set firmware setting %s: cut short",
			attribute->name);
	return 0;
}
