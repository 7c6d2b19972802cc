#include "hw/grubenv.h"

#include <errno.h>
#include <string.h>

#define SIGNATURE "# GRUB Environment Block\n"
#define SAFE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-.:"

static struct hw_grubenv_variable *find(struct hw_grubenv *env, const char *name)
{
	for (size_t i = 0; i < env->count; i++)
		if (strcmp(env->variables[i].name, name) == 0)
			return &env->variables[i];
	return NULL;
}

const char *hw_grubenv_get(const struct hw_grubenv *env, const char *name)
{
	const struct hw_grubenv_variable *variable = find((struct hw_grubenv *)env, name);

	return variable ? variable->value : "";
}

static int broken(const char *why, struct err *err)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read boot state: %s", why);
}

/* One line of size bytes, without its end. */
static int take_line(struct hw_grubenv *env, const char *line, size_t size, struct err *err)
{
	const char *equals = memchr(line, '=', size);
	struct hw_grubenv_variable *variable;
	size_t name, value;

	if (!equals || equals == line)
		return broken("a line without NAME=value", err);
	name = (size_t)(equals - line);
	value = size - name - 1;
	if (env->count == HW_GRUBENV_VARIABLES_MAX || name >= sizeof(variable->name) ||
		value >= sizeof(variable->value))
		return broken("more or longer variables than it can hold", err);
	if (memchr(line, 0, size))
		return broken("a NUL byte in it", err);
	variable = &env->variables[env->count];
	memcpy(variable->name, line, name);
	variable->name[name] = '\0';
	memcpy(variable->value, equals + 1, value);
	variable->value[value] = '\0';
	if (find(env, variable->name))
		return broken("a variable that stands twice", err);
	env->count++;
	return 0;
}

/* A line ends at a line feed that no backslash is before; GRUB's escape of one is backslash and
 * line feed. */
static size_t line_size(const char *at, const char *end)
{
	for (const char *p = at; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '\n')
			return (size_t)(p - at);
	}
	return (size_t)(end - at);
}

int hw_grubenv_parse(const char block[HW_GRUBENV_SIZE], struct hw_grubenv *ret, struct err *err)
{
	const char *at = block + strlen(SIGNATURE), *end = block + HW_GRUBENV_SIZE;
	struct hw_grubenv env = {0};

	if (memcmp(block, SIGNATURE, strlen(SIGNATURE)) != 0)
		return broken("GRUB's signature is missing", err);
	while (at < end) {
		size_t n = line_size(at, end);

		if (*at == '#') {
			/* A comment, or the filling, which has no line end. */
			if (at + n >= end)
				break;
		} else {
			int r;

			if (at + n >= end)
				return broken("its last line has no end", err);
			r = take_line(&env, at, n, err);
			if (r < 0)
				return r;
		}
		at += n + 1;
	}
	*ret = env;
	return 0;
}

int hw_grubenv_set(struct hw_grubenv *env, const char *name, const char *value, struct err *err)
{
	struct hw_grubenv_variable *variable = find(env, name);

	if (!*name || name[strspn(name, SAFE)] || strchr(name, ' ') || value[strspn(value, SAFE)] ||
		strlen(name) >= sizeof(variable->name) || strlen(value) >= sizeof(variable->value))
		return err_set(
			err, ERR_CONFIG, EINVAL, "set %.32s in boot state: not possible", name);
	if (!variable) {
		if (env->count == HW_GRUBENV_VARIABLES_MAX)
			return err_set(
				err, ERR_SPACE, ENOSPC, "set %s in boot state: no room", name);
		variable = &env->variables[env->count++];
		memcpy(variable->name, name, strlen(name) + 1);
	}
	memcpy(variable->value, value, strlen(value) + 1);
	return 0;
}

int hw_grubenv_format(
	const struct hw_grubenv *env, char ret_block[HW_GRUBENV_SIZE], struct err *err)
{
	char block[HW_GRUBENV_SIZE + 1];
	size_t used = strlen(SIGNATURE);

	memcpy(block, SIGNATURE, used);
	for (size_t i = 0; i < env->count; i++) {
		int n = snprintf(block + used, sizeof(block) - used, "%s=%s\n",
			env->variables[i].name, env->variables[i].value);

		if (n < 0 || (size_t)n > HW_GRUBENV_SIZE - used)
			return err_set(err, ERR_SPACE, ENOSPC, "write boot state: no room");
		used += (size_t)n;
	}
	memset(block + used, '#', HW_GRUBENV_SIZE - used);
	memcpy(ret_block, block, HW_GRUBENV_SIZE);
	return 0;
}
