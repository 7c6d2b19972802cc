#include "provision/disk/grubenv.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define HEADER "# GRUB Environment Block\n"

static bool name_is_good(const char *name)
{
	if (!*name)
		return false;
	for (const char *c = name; *c; c++)
		if (!isupper((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
			return false;
	return true;
}

/* GRUB's block escapes a backslash and a line break; we have no use for either. */
static bool value_is_good(const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == '\\')
			return false;
	return true;
}

int grubenv_format(
	const struct grubenv_entry *entries, char ret_block[GRUBENV_SIZE], struct err *err)
{
	char block[GRUBENV_SIZE];
	size_t used = strlen(HEADER);

	memset(block, '#', sizeof(block));
	memcpy(block, HEADER, used);
	for (; entries->name; entries++) {
		size_t name = strlen(entries->name), value = strlen(entries->value);

		if (!name_is_good(entries->name) || !value_is_good(entries->value))
			return err_set(err, ERR_BUG, EINVAL, "make boot state: bad entry %.32s",
				entries->name);
		if (name + value + 2 > sizeof(block) - used)
			return err_set(err, ERR_BUG, EFBIG, "make boot state: too many entries");
		memcpy(block + used, entries->name, name);
		block[used + name] = '=';
		memcpy(block + used + name + 1, entries->value, value);
		used += name + value + 2;
		block[used - 1] = '\n';
	}
	memcpy(ret_block, block, sizeof(block));
	return 0;
}

bool grubenv_is_valid(const char block[GRUBENV_SIZE])
{
	return memcmp(block, HEADER, strlen(HEADER)) == 0;
}

bool grubenv_get(const char block[GRUBENV_SIZE], const char *name, char *ret_value, size_t room)
{
	const char *end = block + GRUBENV_SIZE, *line = block + strlen(HEADER);
	size_t length = strlen(name);

	if (!grubenv_is_valid(block))
		return false;
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t n = stop ? (size_t)(stop - line) : (size_t)(end - line);

		if (stop && n > length && line[length] == '=' && memcmp(line, name, length) == 0) {
			n -= length + 1;
			if (n >= room)
				return false;
			memcpy(ret_value, line + length + 1, n);
			ret_value[n] = '\0';
			return true;
		}
		line += n + 1;
	}
	return false;
}
