#include "net/url.h"

#include <string.h>

#include "../unit.h"
#include "base/str.h"

static const struct {
	const char *text, *user, *password, *host, *path, *origin;
	unsigned port;
} good[] = {
	{"http://host", NULL, NULL, "host", "", "http://host", 0},
	{"HTTPS://Host:8000/a/b/", NULL, NULL, "Host", "/a/b/", "https://Host:8000", 8000},
	{"http://user:pa%2Fss@h/x", "user", "pa/ss", "h", "/x", "http://h", 0},
	{"http://user:p@ss@h/x@y", "user", "p@ss", "h", "/x@y", "http://h", 0},
	{"http://user@h", "user", NULL, "h", "", "http://h", 0},
	{"http://:p@h", "", "p", "h", "", "http://h", 0},
	{"http://[::1]:80/a", NULL, NULL, "::1", "/a", "http://[::1]:80", 80},
	{"http://[fe80::1%25eth0]", NULL, NULL, "fe80::1%25eth0", "", "http://[fe80::1%25eth0]", 0},
	{"sftp://h//abs/a b", NULL, NULL, "h", "//abs/a%20b", "sftp://h", 0},
};

static const char *const bad[] = {"", "host/path", "://h", "http://", "http:///x", "http://h:x/",
	"http://h:0/", "http://h:65536/", "http://h:/", "http://h:123456789/", "http://[::1",
	"http://[::1]x", "http://u:%zz@h/", "http://u:%00@h/", "http://u:%4", "http://h/a?b",
	"http://h/#f", "http://h/\n", "http://a b/", "ht tp://h", "http://h\\x/"};

START_TEST(parses)
{
	struct err err = ERR_INIT;
	cleanup_url struct url url = {0};
	cleanup_free char *origin = NULL;

	ck_assert_int_eq(url_parse(good[_i].text, &url, &err), 0);
	ck_assert_pstr_eq(url.user, good[_i].user);
	ck_assert_pstr_eq(url.password, good[_i].password);
	ck_assert_str_eq(url.host, good[_i].host);
	ck_assert_str_eq(url.path, good[_i].path);
	ck_assert_uint_eq(url.port, good[_i].port);
	origin = url_origin(&url);
	ck_assert_str_eq(origin, good[_i].origin);
}
END_TEST

START_TEST(refuses)
{
	struct url url = {0};
	struct err err = ERR_INIT;

	ck_assert_msg(url_parse(bad[_i], &url, &err) < 0, "%s", bad[_i]);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_null(url.host);
}
END_TEST

START_TEST(refuses_too_long)
{
	char text[URL_MAX + 2];
	struct url url = {0};
	struct err err = ERR_INIT;

	memset(text, 'a', sizeof(text));
	memcpy(text, "http://h/", 9);
	text[URL_MAX] = '\0';
	ck_assert_int_eq(url_parse(text, &url, &err), 0);
	url_done(&url);
	text[URL_MAX] = 'a';
	text[URL_MAX + 1] = '\0';
	ck_assert_int_eq(url_parse(text, &url, &err), -EINVAL);
}
END_TEST

static const struct {
	const char *text, *shown;
} secrets[] = {
	{"/a/folder", "/a/folder"},
	{"sftp:user@host:/path", "sftp:user@host:/path"},
	{"rest:http://u:secret@h:8000/", "rest:http://u:***@h:8000/"},
	{"rest:http://u:se@cr:et@h:8000/x", "rest:http://u:***@h:8000/x"},
	{"rest:http://u:sec/ret@h/", "rest:http://u:***@h/"},
	{"rest:http://u:sec/re@t@h/", "rest:http://u:***@h/"},
	{"rest:http://a@b:secret@h/", "rest:http://a@b:***@h/"},
	{"rest:http://a@b:sec/ret@h/", "rest:http://a@b:***@h/"},
	{"rest:http://u:12@h/", "rest:http://u:***@h/"},
	{"rest:http://u:secret@h/x@y", "rest:http://u:***@y"},
	{"sftp://u@h:22//a:b@c", "sftp://u@h:22//a:***@c"},
	{"rest:http://:secret@h/", "rest:http://:***@h/"},
	{"rest:http://h:8000/", "rest:http://h:8000/"},
	{"rest:http://u@h:8000/x", "rest:http://u@h:8000/x"},
	{"sftp://u@h:22//a@b", "sftp://u@h:22//a@b"},
};

START_TEST(hides_passwords)
{
	cleanup_free char *shown = url_redact(secrets[_i].text);

	ck_assert_str_eq(shown, secrets[_i].shown);
}
END_TEST

START_TEST(encodes)
{
	cleanup_free char *all = url_encode("a b/ñ~-._+%", false),
			  *path = url_encode("a/b c", true);

	ck_assert_str_eq(all, "a%20b%2F%C3%B1~-._%2B%25");
	ck_assert_str_eq(path, "a/b%20c");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("url");

	tcase_add_loop_test(tcase, parses, 0, COUNT(good));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(bad));
	tcase_add_test(tcase, refuses_too_long);
	tcase_add_loop_test(tcase, hides_passwords, 0, COUNT(secrets));
	tcase_add_test(tcase, encodes);
	return unit_main("url", tcase);
}
