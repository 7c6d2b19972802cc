#include "module/module.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "tar/ops.h"

static const struct {
	const char *file, *symbol;
	size_t size;
	int code;
	const char *text;
} cases[] = {
	{TAR_STREAM_FILE, TAR_STREAM_SYMBOL, sizeof(struct tar_ops), 0, ""},
	{TAR_STREAM_FILE, TAR_STREAM_SYMBOL, sizeof(struct tar_ops), 0, ""}, /* again */
	{"nexus-nothing.so", TAR_STREAM_SYMBOL, sizeof(struct tar_ops), -ENOENT,
		"load module nexus-nothing.so: "},
	{"/dev/null", TAR_STREAM_SYMBOL, sizeof(struct tar_ops), -ENOENT,
		"load module /dev/null: "},
	{TAR_STREAM_FILE, "tar_nothing", sizeof(struct tar_ops), -ENOENT, "tar_nothing"},
	{TAR_STREAM_FILE, "tar_add", sizeof(struct tar_ops), -ENOENT, "tar_add"},
	{TAR_STREAM_FILE, TAR_STREAM_SYMBOL, sizeof(struct tar_ops) + 8, -EPROTO, "of version"},
};

START_TEST(loads)
{
	const struct module_head *head = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(module_load(cases[_i].file, cases[_i].symbol, cases[_i].size, &head, &err),
		cases[_i].code);
	ck_assert_ptr_nonnull(strstr(err.text, cases[_i].text));
	if (cases[_i].code) {
		ck_assert_int_eq(err.kind, ERR_SYSTEM);
		ck_assert_ptr_nonnull(strstr(err.text, "install the package"));
		ck_assert_ptr_null(head);
	} else {
		ck_assert_str_eq(head->version, NEXUS_VERSION);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("module");

	tcase_add_loop_test(tcase, loads, 0, COUNT(cases));
	return unit_main("module", tcase);
}
