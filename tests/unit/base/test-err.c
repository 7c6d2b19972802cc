#include "base/err.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "base/cleanup.h"

#include "../unit.h"

START_TEST(set_and_wrap)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		err_set(&err, ERR_CONFIG, EINVAL, "parse '%s': not a number", "x"), -EINVAL);
	ck_assert_int_eq(err_wrap(&err, "read %s: line %d", "file", 3), -EINVAL);
	ck_assert_str_eq(err.text, "read file: line 3: parse 'x': not a number");
	ck_assert_int_eq(err.code, EINVAL);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	/* The sign of a code is ignored, and nothing is never success. */
	ck_assert_int_eq(err_set(&err, ERR_BUG, -EINVAL, "x"), -EINVAL);
	ck_assert_int_eq(err_set(&err, ERR_BUG, 0, "x"), -EIO);
	ck_assert_int_eq(err_oom(&err), -ENOMEM);
	ck_assert_int_eq(err.kind, ERR_SPACE);
}
END_TEST

static const struct {
	int code;
	enum err_kind kind;
} codes[] = {
	{ENOSPC, ERR_SPACE},
	{EDQUOT, ERR_SPACE},
	{ENOMEM, ERR_SPACE},
	{EFBIG, ERR_SPACE},
	{EACCES, ERR_DENIED},
	{EPERM, ERR_DENIED},
	{EROFS, ERR_DENIED},
	{ENOENT, ERR_NOT_FOUND},
	{ENOTDIR, ERR_NOT_FOUND},
	{ENODEV, ERR_NOT_FOUND},
	{ECONNREFUSED, ERR_NETWORK},
	{ETIMEDOUT, ERR_NETWORK},
	{EBADMSG, ERR_CORRUPT},
	{EIO, ERR_SYSTEM},
	{0, ERR_SYSTEM},
};

START_TEST(kind_follows_from_errno)
{
	struct err err = ERR_INIT;
	int code = codes[_i].code;

	ck_assert_int_eq(err_errno(&err, -code, "open %s", "x"), code ? -code : -EIO);
	ck_assert_int_eq(err.kind, codes[_i].kind);
	ck_assert_mem_eq(err.text, "open x: ", 8);
	ck_assert_str_eq(err.text + 8, err_reason(code ? code : EIO));
}
END_TEST

/* tests/i18n/runtime.sh runs this in a Spanish locale too. */
START_TEST(reasons_are_english)
{
	struct err err = ERR_INIT;

	setlocale(LC_ALL, "");
	ck_assert_str_eq(err_reason(ENOENT), "No such file or directory");
	ck_assert_str_eq(err_reason(-ENOSPC), "No space left on device");
	ck_assert_str_eq(err_reason(99999), "unknown error");
	ck_assert_str_eq(err_reason(0), "Success");
	err_errno(&err, -EACCES, "open x");
	ck_assert_str_eq(err.text, "open x: Permission denied");
	err_errno(&err, 99999, "open x");
	ck_assert_str_eq(err.text, "open x: unknown error");
}
END_TEST

START_TEST(text_is_cut_at_its_size)
{
	struct err err = ERR_INIT;
	char big[2 * ERR_TEXT_MAX];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&err, ERR_SYSTEM, EIO, "%s", big);
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
	err_wrap(&err, "outer");
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
	ck_assert_mem_eq(err.text, "outer: xxx", 10);
	/* The outer text alone fills it. */
	err_wrap(&err, "%s", big);
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
	err_errno(&err, ENOENT, "%s", big);
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
}
END_TEST

START_TEST(kinds_have_names_and_advice)
{
	enum err_kind kind;

	for (int i = ERR_CONFIG; i <= ERR_BUG; i++) {
		ck_assert(err_kind_parse(err_kind_name((enum err_kind)i), &kind));
		ck_assert_int_eq(kind, i);
		ck_assert_str_ne(err_advice((enum err_kind)i), "");
	}
	kind = ERR_BUG;
	ck_assert(!err_kind_parse("none", &kind));
	ck_assert(!err_kind_parse("", &kind));
	ck_assert(!err_kind_parse("Config", &kind));
	ck_assert_int_eq(kind, ERR_BUG);
	ck_assert_str_eq(err_kind_name(ERR_NOT_FOUND), "not-found");
	ck_assert_str_eq(err_advice(ERR_NONE), "");
}
END_TEST

START_TEST(print_has_the_chain_and_the_advice)
{
	struct err err = ERR_INIT;
	char text[1024] = "";
	FILE *stream = fmemopen(text, sizeof(text), "w");

	ck_assert_ptr_nonnull(stream);
	err_set(&err, ERR_LOCKED, EBUSY, "lock repository: held by 7");
	err_print(stream, "nexus-backup", &err);
	fclose(stream);
	ck_assert_str_eq(text, "nexus-backup: lock repository: held by 7\n"
			       "Another task is using it. Wait until it ends and try again.\n");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("err");

	tcase_add_test(tcase, set_and_wrap);
	tcase_add_loop_test(tcase, kind_follows_from_errno, 0, COUNT(codes));
	tcase_add_test(tcase, reasons_are_english);
	tcase_add_test(tcase, text_is_cut_at_its_size);
	tcase_add_test(tcase, kinds_have_names_and_advice);
	tcase_add_test(tcase, print_has_the_chain_and_the_advice);
	return unit_main("err", tcase);
}
