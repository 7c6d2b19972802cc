#include "agent/common/settings.h"

#include <errno.h>
#include <string.h>

#include "../check_dir.h"

#define FILE_NAME "etc/nexus/agent.conf"

START_TEST(has_defaults)
{
	cleanup_settings struct settings settings = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(settings_read(check_dir, &settings, &err), 0);
	ck_assert(settings.backup_enabled);
	ck_assert_str_eq(settings.repository, "/data/backup/repo");
	ck_assert_uint_eq(settings.backup_paths.count, 1);
	ck_assert_str_eq(settings.backup_paths.items[0], "/data");
	ck_assert(str_list_has(&settings.backup_excludes, "/data/backup"));
	ck_assert_uint_eq(settings.interval_us, 86400000000);
}
END_TEST

START_TEST(reads_what_is_set)
{
	cleanup_settings struct settings settings = {0};
	struct err err = ERR_INIT;

	check_dir_put(FILE_NAME, "[Backup]\nPath=/a\nPath=/b\nInterval=6h\n");
	check_dir_put(FILE_NAME ".d/10.conf", "[Health]\nSpaceWarn=20\n");
	ck_assert_int_eq(settings_read(check_dir, &settings, &err), 0);
	ck_assert_uint_eq(settings.backup_paths.count, 2);
	ck_assert_uint_eq(settings.backup_excludes.count, 0);
	ck_assert_uint_eq(settings.interval_us, 6ull * 3600 * 1000000);
	ck_assert_uint_eq(settings.space_warn_percent, 20);
}
END_TEST

static const struct {
	const char *text, *told;
} damaged[] = {
	{"[Backup]\nIntervall=1d\n", "line 2"},
	{"[Backup]\n\nInterval=soon\n", "line 3"},
	{"[Backup]\nInterval=1s\n", "line 2"},
	{"[Health]\nSpaceWarn=101\n", "line 2"},
	{"[Other]\nA=1\n", "line 2"},
	{"[Backup]\nPath=relative\n", "Path=relative"},
	{"[Update]\nWindow=2-5\n", "Window"},
	{"[Restore]\nRoot=here\n", "Root=here"},
	{"\xff\xfe", "line 1"},
};

START_TEST(falls_back_on_defaults)
{
	cleanup_settings struct settings settings = {0};
	struct err err = ERR_INIT;

	check_dir_put(FILE_NAME, damaged[_i].text);
	ck_assert_int_lt(settings_read(check_dir, &settings, &err), 0);
	ck_assert_msg(strstr(err.text, damaged[_i].told), "%s", err.text);
	ck_assert_str_eq(settings.backup_paths.items[0], "/data");
	ck_assert_uint_eq(settings.interval_us, 86400000000);
	ck_assert_str_eq(settings.restore_root, "/data/restore");
	ck_assert_uint_eq(settings.update_window.from_min, 120);
	ck_assert_uint_eq(settings.update_window.to_min, 300);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("settings");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, has_defaults);
	tcase_add_test(tcase, reads_what_is_set);
	tcase_add_loop_test(tcase, falls_back_on_defaults, 0, COUNT(damaged));
	return unit_main("settings", tcase);
}
