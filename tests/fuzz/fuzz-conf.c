#include <stddef.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	char *text;
	bool flag;
	uint64_t number, size, wait;
	struct str_list list;
};

static const struct conf_key keys[] = {
	{.section = "A",
		.name = "Text",
		.type = CONF_TEXT,
		.offset = offsetof(struct target, text)},
	{.section = "A",
		.name = "Flag",
		.type = CONF_BOOL,
		.offset = offsetof(struct target, flag)},
	{.section = "A",
		.name = "Number",
		.type = CONF_U64,
		.offset = offsetof(struct target, number)},
	{.section = "B",
		.name = "Size",
		.type = CONF_SIZE,
		.offset = offsetof(struct target, size)},
	{.section = "B",
		.name = "Wait",
		.type = CONF_DURATION,
		.offset = offsetof(struct target, wait)},
	{.section = "B",
		.name = "Path",
		.type = CONF_LIST,
		.offset = offsetof(struct target, list)},
	{0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target target = {0};
	struct err err = ERR_INIT;
	int r;

	r = conf_parse((const char *)data, size, "input", keys, &target, &err);
	if (r < 0 && !err.text[0])
		__builtin_trap();
	conf_done(keys, &target);
	return 0;
}
