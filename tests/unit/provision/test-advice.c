#include "provision/advice.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

static const struct {
	int code;
	enum err_kind kind;
	bool touched;
	const char *part; /* of the advice; "": there is none */
} rows[] = {
	{ENOSPC, ERR_SPACE, false, "larger one"},
	{ENOSPC, ERR_SPACE, true, "use another disk"},
	{EKEYREJECTED, ERR_DENIED, false, "not the confirmation"},
	{EPERM, ERR_DENIED, false, "Confirm=ERASE"},
	{EBADMSG, ERR_CORRUPT, false, "stick is damaged"},
	{EBADMSG, ERR_CORRUPT, true, "use another disk"},
	{EIO, ERR_SYSTEM, false, "another stick first"},
	{ENOTTY, ERR_CONFIG, false, "at a terminal"},
	{EINVAL, ERR_CONFIG, false, "Correct what is named"},
	{EINVAL, ERR_CONFIG, true, ""},
};

START_TEST(advises)
{
	struct err err = ERR_INIT;
	const char *advice;

	err_set(&err, rows[_i].kind, rows[_i].code, "do something: no");
	advice = advice_for(&err, rows[_i].touched);
	ck_assert_msg(rows[_i].part[0] ? strstr(advice, rows[_i].part) != NULL : !advice[0], "%s",
		advice);
	/* Once the disk is touched nothing may say that it was not. */
	ck_assert(!rows[_i].touched || strstr(advice, "Nothing was changed") == NULL);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("advice");

	tcase_add_loop_test(tcase, advises, 0, COUNT(rows));
	return unit_main("advice", tcase);
}
