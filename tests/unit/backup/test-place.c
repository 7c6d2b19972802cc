#include "backup/common/place.h"

#include <stdlib.h>
#include <string.h>

#include "../check_dir.h"

static const struct {
	const char *text;
	enum place_kind kind;
	const char *rest;
} good[] = {
	{"/a/folder", PLACE_LOCAL, "/a/folder"},
	{"relative", PLACE_LOCAL, "relative"},
	{"local:sftp:odd", PLACE_LOCAL, "sftp:odd"},
	{"C:/x", PLACE_LOCAL, "C:/x"},
	{"sftp:u@h:/x", PLACE_SFTP, "u@h:/x"},
	{"sftp://u@h:22//x", PLACE_SFTP, "//u@h:22//x"},
	{"rest:https://h/x", PLACE_REST, "https://h/x"},
	{"s3:h/b", PLACE_S3, "h/b"},
	{"s3://h/b", PLACE_S3, "//h/b"},
};

static const char *const bad[] = {
	"b2:bucket:/", "azure:c:/", "gs:b:/", "swift:c:/", "rclone:r:x", "http://h/x", "ftp://h"};

START_TEST(parses)
{
	enum place_kind kind;
	const char *rest;
	struct err err = ERR_INIT;

	ck_assert_int_eq(place_parse(good[_i].text, &kind, &rest, &err), 0);
	ck_assert_int_eq(kind, good[_i].kind);
	ck_assert_str_eq(rest, good[_i].rest);
}
END_TEST

START_TEST(refuses)
{
	enum place_kind kind;
	const char *rest;
	struct err err = ERR_INIT;

	ck_assert_int_lt(place_parse(bad[_i], &kind, &rest, &err), 0);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "s3:"));
}
END_TEST

static const char *const bad_tuning[] = {"x", "=1", "x=1", "rest.connections=0",
	"s3.connections=65", "sftp.connections=", "s3.bucket-lookup=other", "net.timeout=0",
	"net.retry-for=soon"};

START_TEST(refuses_options)
{
	struct rate up = RATE_INIT, down = RATE_INIT;
	struct place_options options = {.up = &up, .down = &down};
	struct store *store = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(str_list_add(&options.tuning, bad_tuning[_i], &err), 0);
	ck_assert_int_lt(place_open(check_dir, &options, false, &store, &err), 0);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_null(store);
	str_list_done(&options.tuning);
}
END_TEST

START_TEST(finds_the_place_and_hides_its_password)
{
	struct rate up = RATE_INIT, down = RATE_INIT;
	cleanup_free char *file = str_printf("%s/place", check_dir), *shown = NULL;
	struct place_options options = {.up = &up, .down = &down};
	struct store *store = NULL;
	struct err err = ERR_INIT;

	(void)unsetenv("RESTIC_REPOSITORY");
	(void)unsetenv("RESTIC_REPOSITORY_FILE");
	ck_assert_int_eq(place_open(NULL, &options, false, &store, &err), -EINVAL);
	ck_assert_ptr_null(place_show(NULL, &options));
	check_dir_put("place", " rest:ftp://u:secret@h/x \n");
	options.repository_file = file;
	ck_assert_int_lt(place_open(NULL, &options, false, &store, &err), 0);
	ck_assert_ptr_null(strstr(err.text, "secret"));
	ck_assert_ptr_nonnull(strstr(err.text, "rest:ftp://u:***@h/x"));
	shown = place_show(NULL, &options);
	ck_assert_str_eq(shown, "rest:ftp://u:***@h/x");
	/* A place and a file that says one do not go together. */
	ck_assert_ptr_null(place_show("named", &options));
	ck_assert_int_eq(place_open("named", &options, false, &store, &err), -EINVAL);
	/* What is said by a file counts more than the environment, and by name too. */
	ck_assert_int_eq(setenv("RESTIC_REPOSITORY", "b2:env", 1), 0);
	free(shown);
	shown = place_show(NULL, &options);
	ck_assert_str_eq(shown, "rest:ftp://u:***@h/x");
	options.repository_file = NULL;
	free(shown);
	shown = place_show("named", &options);
	ck_assert_str_eq(shown, "named");
	ck_assert(!place_is_far("named", &options));
	ck_assert(place_is_far("sftp:host:folder", &options));
	free(shown);
	shown = place_show(NULL, &options);
	ck_assert_str_eq(shown, "b2:env");
	(void)unsetenv("RESTIC_REPOSITORY");
}
END_TEST

START_TEST(finds_the_cache)
{
	struct place_options options = {0};
	cleanup_free char *folder = NULL;
	struct err err = ERR_INIT;

	(void)unsetenv("RESTIC_CACHE_DIR");
	ck_assert_int_eq(setenv("HOME", "/h", 1), 0);
	(void)unsetenv("XDG_CACHE_HOME");
	ck_assert_int_eq(place_cache_folder(&options, &folder, &err), 0);
	ck_assert_str_eq(folder, "/h/.cache/nexus-backup");
	free(folder);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/x", 1), 0);
	ck_assert_int_eq(place_cache_folder(&options, &folder, &err), 0);
	ck_assert_str_eq(folder, "/x/nexus-backup");
	free(folder);
	options.cache_dir = "/c";
	ck_assert_int_eq(place_cache_folder(&options, &folder, &err), 0);
	ck_assert_str_eq(folder, "/c");
	free(folder);
	options.no_cache = true;
	ck_assert_int_eq(place_cache_folder(&options, &folder, &err), 0);
	ck_assert_ptr_null(folder);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("place");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, parses, 0, COUNT(good));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(bad));
	tcase_add_loop_test(tcase, refuses_options, 0, COUNT(bad_tuning));
	tcase_add_test(tcase, finds_the_place_and_hides_its_password);
	tcase_add_test(tcase, finds_the_cache);
	return unit_main("place", tcase);
}
