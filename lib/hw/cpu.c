#include "hw/cpu.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

/* The value of a line "name<blanks>: value" that starts at line; NULL if it is another one. */
static const char *value_of(const char *line, const char *name)
{
	const char *rest = str_after(line, name);

	if (!rest)
		return NULL;
	rest += strspn(rest, " \t");
	return *rest == ':' ? rest + 1 + strspn(rest + 1, " \t") : NULL;
}

static bool has_word(const char *text, size_t size, const char *word)
{
	const size_t n = strlen(word);

	for (size_t at = 0; at + n <= size; at++)
		if (memcmp(text + at, word, n) == 0 && (at == 0 || text[at - 1] == ' ') &&
			(at + n == size || text[at + n] == ' '))
			return true;
	return false;
}

void hw_cpu_parse(const char *text, struct hw_cpu *ret)
{
	*ret = (struct hw_cpu){0};
	while (*text) {
		const size_t size = strcspn(text, "\n");
		const char *value = value_of(text, "model name");
		const char *flags = value_of(text, "flags");

		if (value_of(text, "processor") && ret->threads < UINT16_MAX)
			ret->threads++;
		if (value && value <= text + size && !ret->model[0]) {
			snprintf(ret->model, sizeof(ret->model), "%.*s", (int)(text + size - value),
				value);
			str_sanitize(ret->model);
		}
		if (flags && flags <= text + size && !ret->has_flags) {
			const size_t n = (size_t)(text + size - flags);

			ret->has_flags = true;
			ret->is_64_bit = has_word(flags, n, "lm");
			ret->has_aes = has_word(flags, n, "aes");
		}
		text += size + (text[size] == '\n');
	}
}

void hw_cpu_read(const char *proc, struct hw_cpu *ret)
{
	cleanup_free char *path = str_printf("%s/cpuinfo", proc ? proc : "/proc");
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	*ret = (struct hw_cpu){0};
	if (path && file_read(AT_FDCWD, path, HW_CPU_TEXT_MAX, &text, NULL, &err) >= 0)
		hw_cpu_parse(text, ret);
}
