#include "agent/common/record.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "base/str.h"

static const struct record good = {
	.sequence = 7,
	.request = {.id = 1, .op = FLEET_CONTRACT_RUN, .kind = "backup", .follow = true},
	.job = {.id = "j1", .kind = "backup", .state = FLEET_JOB_RUNNING, .started_s = 1700000000},
};

/* What is written in place of what in a good record. */
static const struct {
	const char *old, *new;
	int result;
} changes[] = {
	{"\"sequence\":7", "\"sequence\":7,\"later\":{}", 0},
	{"\"sequence\":7", "\"sequence\":-1", -EBADMSG},
	{"\"sequence\":7", "\"sequence\":\"7\"", -EBADMSG}, {"\"sequence\":7,", "", -EBADMSG},
	{"\"schema\":\"", "\"schema\":\"x", -EBADMSG}, {"\"schema\"", "\"scheme\"", -EBADMSG},
	{"\\\"op\\\":\\\"run\\\"", "\\\"op\\\":\\\"jobs\\\"", -EBADMSG},
	{"\\\"op\\\":\\\"run\\\"", "\\\"op\\\":\\\"walk\\\"", -EBADMSG},
	{"\"request\"", "\"question\"", -EBADMSG}, {"\"job\"", "\"work\"", -EBADMSG},
	{"\"state\":\"running\"", "\"state\":\"lost\"", -EBADMSG}, {"}}", "}", -EBADMSG}, /* torn */
};

START_TEST(reads_with_care)
{
	cleanup_free char *text = NULL, *changed = NULL;
	struct record record = {.sequence = 99};
	struct err err = ERR_INIT;
	const char *at;

	ck_assert_msg(record_format(&good, &text, &err) == 0, "%s", err.text);
	at = strstr(text, changes[_i].old);
	ck_assert_ptr_nonnull(at);
	changed = str_printf(
		"%.*s%s%s", (int)(at - text), text, changes[_i].new, at + strlen(changes[_i].old));
	ck_assert_int_eq(record_parse(changed, strlen(changed), &record, &err), changes[_i].result);
	ck_assert_uint_eq(record.sequence, changes[_i].result ? 99 : 7);
	if (changes[_i].result)
		ck_assert_int_eq(err.kind, ERR_CORRUPT);
}
END_TEST

START_TEST(goes_round)
{
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	struct record record;

	ck_assert_int_eq(record_format(&good, &text, &err), 0);
	ck_assert_int_eq(record_parse(text, strlen(text), &record, &err), 0);
	ck_assert_str_eq(record.request.kind, "backup");
	ck_assert(record.request.follow);
	ck_assert_str_eq(record.job.id, "j1");
	ck_assert_int_eq(record.job.state, FLEET_JOB_RUNNING);
	ck_assert_int_eq(record.job.started_s, 1700000000);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("record");

	tcase_add_loop_test(tcase, reads_with_care, 0, COUNT(changes));
	tcase_add_test(tcase, goes_round);
	return unit_main("record", tcase);
}
