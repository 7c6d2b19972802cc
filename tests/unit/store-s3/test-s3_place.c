#include "store/s3/s3_place.h"

#include "../unit.h"

static const struct {
	const char *text;
	enum s3_lookup lookup;
	const char *endpoint, *host, *bucket, *prefix, *region;
} good[] = {
	{"s3.amazonaws.com/bucket", S3_LOOKUP_AUTO, "https://bucket.s3.amazonaws.com",
		"bucket.s3.amazonaws.com", "bucket", "", NULL},
	{"s3.eu-west-1.amazonaws.com/bucket/a/", S3_LOOKUP_AUTO,
		"https://bucket.s3.eu-west-1.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com",
		"bucket", "a", "eu-west-1"},
	{"s3.dualstack.us-east-2.amazonaws.com/b", S3_LOOKUP_PATH,
		"https://s3.dualstack.us-east-2.amazonaws.com",
		"s3.dualstack.us-east-2.amazonaws.com", "b", "", "us-east-2"},
	{"s3.amazonaws.com/with.dot", S3_LOOKUP_AUTO, "https://s3.amazonaws.com",
		"s3.amazonaws.com", "with.dot", "", NULL},
	{"//minio:9000/b/p/q", S3_LOOKUP_AUTO, "https://minio:9000", "minio:9000", "b", "p/q",
		NULL},
	{"http://127.0.0.1:80/b//p/./q//", S3_LOOKUP_AUTO, "http://127.0.0.1", "127.0.0.1", "b",
		"p/q", NULL},
	{"https://h:443/b", S3_LOOKUP_AUTO, "https://h", "h", "b", "", NULL},
	{"https://h:80/b", S3_LOOKUP_DNS, "https://b.h:80", "b.h:80", "b", "", NULL},
	{"https://h/b/a%20b", S3_LOOKUP_AUTO, "https://h", "h", "b", "a%20b", NULL},
	{"h/b/a%20b", S3_LOOKUP_AUTO, "https://h", "h", "b", "a%2520b", NULL},
	{"h/b/ñ", S3_LOOKUP_AUTO, "https://h", "h", "b", "%C3%B1", NULL},
	{"[::1]:9000/b", S3_LOOKUP_AUTO, "https://[::1]:9000", "[::1]:9000", "b", "", NULL},
};

static const char *const bad[] = {"", "host", "host/", "https://host", "https:///b", "/b/c",
	"h/b/../c", "h/bu:cket", "http://k:s@h/b", "h/b?x", "ftp://h/b"};

START_TEST(parses)
{
	cleanup_s3_place struct s3_place place = {0};
	struct err err = ERR_INIT;

	ck_assert_msg(
		s3_place_parse(good[_i].text, good[_i].lookup, &place, &err) == 0, "%s", err.text);
	ck_assert_str_eq(place.endpoint, good[_i].endpoint);
	ck_assert_str_eq(place.host, good[_i].host);
	ck_assert_str_eq(place.bucket, good[_i].bucket);
	ck_assert_str_eq(place.prefix, good[_i].prefix);
	ck_assert_pstr_eq(place.region, good[_i].region);
}
END_TEST

START_TEST(refuses)
{
	struct s3_place place = {0};
	struct err err = ERR_INIT;

	ck_assert_msg(s3_place_parse(bad[_i], S3_LOOKUP_AUTO, &place, &err) < 0, "%s", bad[_i]);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_null(place.bucket);
}
END_TEST

static const struct {
	const char *text, *region, *endpoint, *host;
} moves[] = {
	{"s3.amazonaws.com/b", "eu-west-1", "https://b.s3.eu-west-1.amazonaws.com",
		"b.s3.eu-west-1.amazonaws.com"},
	{"s3.us-west-2.amazonaws.com/b.c", "eu-west-1", "https://s3.eu-west-1.amazonaws.com",
		"s3.eu-west-1.amazonaws.com"},
	{"s3-us-west-2.amazonaws.com/s3", "eu-west-1", "https://s3.s3.eu-west-1.amazonaws.com",
		"s3.s3.eu-west-1.amazonaws.com"},
	{"s3.dualstack.us-west-2.amazonaws.com/b", "eu-west-1",
		"https://b.s3.dualstack.eu-west-1.amazonaws.com",
		"b.s3.dualstack.eu-west-1.amazonaws.com"},
	{"s3.cn-north-1.amazonaws.com.cn/b", "cn-northwest-1",
		"https://b.s3.cn-northwest-1.amazonaws.com.cn",
		"b.s3.cn-northwest-1.amazonaws.com.cn"},
	{"http://s3.amazonaws.com:8080/b", "eu-west-1", "http://b.s3.eu-west-1.amazonaws.com:8080",
		"b.s3.eu-west-1.amazonaws.com:8080"},
	/* not AWS's public hosts: they stay */
	{"vpce-1.s3.us-west-2.vpce.amazonaws.com/b", "eu-west-1",
		"https://b.vpce-1.s3.us-west-2.vpce.amazonaws.com",
		"b.vpce-1.s3.us-west-2.vpce.amazonaws.com"},
	{"minio:9000/b", "eu-west-1", "https://minio:9000", "minio:9000"},
};

START_TEST(moves_to_region)
{
	cleanup_s3_place struct s3_place place = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(s3_place_parse(moves[_i].text, S3_LOOKUP_AUTO, &place, &err), 0);
	ck_assert_int_eq(s3_place_move(&place, moves[_i].region, &err), 0);
	ck_assert_str_eq(place.endpoint, moves[_i].endpoint);
	ck_assert_str_eq(place.host, moves[_i].host);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("s3_place");

	tcase_add_loop_test(tcase, parses, 0, COUNT(good));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(bad));
	tcase_add_loop_test(tcase, moves_to_region, 0, COUNT(moves));
	return unit_main("s3_place", tcase);
}
