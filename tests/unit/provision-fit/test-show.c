#include "provision/fit/show.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/str.h"
#include "provision/fit/judge.h"

/* All that a line can hold, at its longest. */
static struct fit a_talkative_pc(void)
{
	struct fit fit = {0};

	memset(fit.cpu.model, 'c', sizeof(fit.cpu.model) - 1);
	memset(fit.board.bios_version, 'v', sizeof(fit.board.bios_version) - 1);
	memset(fit.note.name, 'n', sizeof(fit.note.name) - 1);
	fit.note.name[40] = ' ';
	fit.note.has_model = fit.note.has_maker = true;
	fit.note.quirks = 0x1f;
	fit.plan.access.pending = true;
	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++) {
		struct firmware_setting *setting = &fit.plan.settings[i];

		setting->goal = (enum firmware_goal)i;
		setting->state = FIRMWARE_STATE_DIFFERENT;
		for (size_t k = 0; k + 2 < sizeof(setting->wish.menu); k++)
			setting->wish.menu[k] = k % 7 == 6 ? ' ' : 'm';
		memset(setting->current, 'x', sizeof(setting->current) - 1);
	}
	judge_pc(&fit);
	return fit;
}

/* Only a word that is longer than a line may make it so. */
static void check_columns(const char *text)
{
	cleanup_free char *copy = strdup(text);
	char *at = copy, *line;

	while ((line = strsep(&at, "\n"))) {
		const char *word = strrchr(line, ' ');

		ck_assert_msg(
			str_width(line) <= SHOW_COLUMNS || (word && strlen(word) > 60), "%s", line);
		ck_assert_msg(!line[0] || line[strlen(line) - 1] != ' ', "%s|", line);
	}
}

START_TEST(lines_fit)
{
	const struct fit fit = a_talkative_pc();
	cleanup_free char *checks = show_checks(&fit), *firmware = show_firmware(&fit);

	ck_assert_ptr_nonnull(checks);
	ck_assert_ptr_nonnull(firmware);
	check_columns(checks);
	check_columns(firmware);
	ck_assert_ptr_nonnull(strstr(firmware, "now it is:"));
	ck_assert_ptr_nonnull(strstr(firmware, "next start"));
}
END_TEST

START_TEST(nothing_known)
{
	struct fit fit = {0};
	cleanup_free char *firmware = NULL;

	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++)
		fit.plan.settings[i].goal = (enum firmware_goal)i;
	judge_pc(&fit);
	firmware = show_firmware(&fit);
	ck_assert_ptr_nonnull(strstr(firmware, "no notes"));
	ck_assert_ptr_nonnull(strstr(firmware, "does not tell"));
	/* The clock is well, so nobody must set it. */
	ck_assert_ptr_null(strstr(firmware, "Date and time"));
}
END_TEST

START_TEST(as_json)
{
	const struct fit fit = a_talkative_pc();
	cleanup_json struct json *root = json_object_new(), *again = NULL;
	cleanup_free char *text = NULL;
	const struct json *firmware, *settings;
	struct err err = ERR_INIT;

	show_json(&fit, root);
	ck_assert_int_eq(json_finish(root, &text, &err), 0);
	ck_assert_int_eq(json_parse(text, strlen(text), 1 << 20, &again, &err), 0);
	firmware = json_get(again, "firmware");
	settings = json_get(firmware, "settings");
	ck_assert_uint_eq(json_count(json_get(json_get(again, "fit"), "checks")), FIT_CHECK_COUNT);
	ck_assert_str_eq(json_get_text(json_get(again, "fit"), "level"), "unfit");
	ck_assert_uint_eq(json_count(settings), FIRMWARE_GOAL_COUNT);
	ck_assert_str_eq(json_get_text(json_first(settings), "state"), "different");
	ck_assert_uint_eq(json_count(json_get(firmware, "quirks")), 5);
	ck_assert_str_eq(json_get_text(firmware, "technician"), "not-asked");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("show");

	tcase_add_test(tcase, lines_fit);
	tcase_add_test(tcase, nothing_known);
	tcase_add_test(tcase, as_json);
	return unit_main("provision-fit/show", tcase);
}
