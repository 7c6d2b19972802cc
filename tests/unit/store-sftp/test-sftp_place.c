#include "store/sftp/sftp_place.h"

#include "../unit.h"

static const struct {
	const char *text, *user, *host, *path;
	unsigned port;
} good[] = {
	{"user@host:/dir/sub", "user", "host", "/dir/sub", 0},
	{"host:dir/sub", NULL, "host", "dir/sub", 0},
	{"host:/dir/../sub//./x/", NULL, "host", "/dir/../sub/x", 0},
	{"user@domain@host:/a:b", "user@domain", "host", "/a:b", 0},
	{"host:/", NULL, "host", "/", 0},
	{"host:.", NULL, "host", ".", 0},
	{"u@[::1]:/x", "u", "::1", "/x", 0},
	{"//user@host:10022//dir/sub", "user", "host", "/dir/sub", 10022},
	{"//user@host/dir/sub", "user", "host", "dir/sub", 0},
	{"//host:22/x", NULL, "host", "x", 22},
	{"//[::1]:22//x", NULL, "::1", "/x", 22},
	{"//user@domain@host//a b", "user@domain", "host", "/a b", 0},
};

static const char *const bad[] = {"", "host", "host:", "//host", "//host/", "@host:/x", ":/x",
	"host:~/x", "//u:p@host//x", "-oProxy=x:/x", "-u@host:/x", "a b:/x", "//host:0//x",
	"[::1:/x"};

START_TEST(parses)
{
	cleanup_sftp_place struct sftp_place place = {0};
	struct err err = ERR_INIT;

	ck_assert_msg(sftp_place_parse(good[_i].text, &place, &err) == 0, "%s", err.text);
	ck_assert_pstr_eq(place.user, good[_i].user);
	ck_assert_str_eq(place.host, good[_i].host);
	ck_assert_str_eq(place.path, good[_i].path);
	ck_assert_uint_eq(place.port, good[_i].port);
}
END_TEST

START_TEST(refuses)
{
	struct sftp_place place = {0};
	struct err err = ERR_INIT;

	ck_assert_msg(sftp_place_parse(bad[_i], &place, &err) < 0, "%s", bad[_i]);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_null(place.host);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sftp_place");

	tcase_add_loop_test(tcase, parses, 0, COUNT(good));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(bad));
	return unit_main("sftp_place", tcase);
}
