#include "agent/common/slot.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define COMMAND_LINE_MAX (64u << 10)

static bool is_slot(const char *text, size_t size)
{
	return size == 1 && (*text == 'A' || *text == 'B');
}

static void take_word(const char *word, size_t size, struct slot *slot)
{
	static const char mode[] = "nexus.mode=", name[] = "nexus.slot=";
	size_t n = sizeof(mode) - 1;

	if (size > n && memcmp(word, mode, n) == 0) {
		if ((size - n == 4 && memcmp(word + n, "live", 4) == 0) ||
			(size - n == 9 && memcmp(word + n, "installed", 9) == 0))
			snprintf(slot->mode, sizeof(slot->mode), "%.*s", (int)(size - n), word + n);
	} else if (size > n && memcmp(word, name, n) == 0 && is_slot(word + n, size - n)) {
		slot->slot[0] = word[n];
	}
}

void slot_parse(const char *command_line, struct slot *ret)
{
	static const char space[] = " \t\n";

	*ret = (struct slot){0};
	for (const char *at = command_line + strspn(command_line, space); *at;) {
		size_t n = strcspn(at, space);

		take_word(at, n, ret);
		at += n;
		at += strspn(at, space);
	}
}

int slot_read(const char *root, struct slot *ret, struct err *err)
{
	cleanup_free char *path = str_printf("%s/proc/cmdline", root), *text = NULL;
	int r;

	if (!path)
		return err_oom(err);
	r = file_read(AT_FDCWD, path, COMMAND_LINE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	slot_parse(text, ret);
	return 0;
}

static const char *get(const struct hw_grubenv *env, const char *slot, const char *suffix)
{
	char name[16];

	snprintf(name, sizeof(name), "%.1s%s", slot, suffix);
	return hw_grubenv_get(env, name);
}

static int set(struct hw_grubenv *env, const char *slot, const char *suffix, const char *value,
	struct err *err)
{
	char name[16];

	snprintf(name, sizeof(name), "%.1s%s", slot, suffix);
	return hw_grubenv_set(env, name, value, err);
}

bool slot_is_good(const struct hw_grubenv *env, const char *slot)
{
	return *slot && str_equal(get(env, slot, "_OK"), "1") &&
	       str_equal(get(env, slot, "_TRY"), "0") &&
	       str_equal(hw_grubenv_get(env, "PROVEN"), slot);
}

static bool is_first_and_ok(const struct hw_grubenv *env, const char *slot)
{
	return *hw_grubenv_get(env, "ORDER") == *slot && str_equal(get(env, slot, "_OK"), "1");
}

void slot_waiting(const struct hw_grubenv *env, const char *slot, char ret_slot[SLOT_SIZE])
{
	const char *other = *slot == 'A' ? "B" : "A";

	memset(ret_slot, 0, SLOT_SIZE);
	if (*slot && is_first_and_ok(env, other) && str_equal(get(env, other, "_TRY"), "0"))
		ret_slot[0] = *other;
}

/* True if GRUB had the other slot before this one, tried it and gave it up. An update that waits
 * for its first boot has not been tried yet. */
static bool fell_back(const struct hw_grubenv *env, const char *other)
{
	const char *tries = get(env, other, "_TRY");

	return is_first_and_ok(env, other) && *tries && !str_equal(tries, "0");
}

int slot_mark_good(
	struct hw_grubenv *env, const char *slot, char ret_failed[SLOT_SIZE], struct err *err)
{
	const char *other = *slot == 'A' ? "B" : "A";
	char failed[SLOT_SIZE] = "";
	struct hw_grubenv next = *env;
	int r = 0;

	if (!is_slot(slot, strlen(slot)))
		return err_set(err, ERR_BUG, EINVAL, "mark slot good: '%.8s' is none", slot);
	if (fell_back(env, other)) {
		failed[0] = *other;
		r = set(&next, other, "_OK", "0", err);
		if (r >= 0)
			r = set(&next, other, "_TRY", "0", err);
		if (r >= 0)
			r = hw_grubenv_set(&next, "ORDER", *slot == 'A' ? "A B" : "B A", err);
	}
	if (r >= 0)
		r = set(&next, slot, "_OK", "1", err);
	if (r >= 0)
		r = set(&next, slot, "_TRY", "0", err);
	if (r >= 0)
		r = hw_grubenv_set(&next, "PROVEN", slot, err);
	if (r < 0)
		return r;
	*env = next;
	memcpy(ret_failed, failed, SLOT_SIZE);
	return 0;
}
