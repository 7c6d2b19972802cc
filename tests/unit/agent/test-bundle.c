#include "agent/update/bundle.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

#define IMAGE "{\"rootfs\":{\"variant\":null,\"filename\":\"r\",\"size\":300000,\"hooks\":[]}}"

static const struct {
	const char *text;
	int result;
	size_t images;
	const char *version;
} texts[] = {
	{"{\"compatible\":\"c\",\"version\":\"0.2.0\",\"images\":[" IMAGE "]}", 0, 1, "0.2.0"},
	{"{\"compatible\":\"c\",\"version\":null,\"images\":[" IMAGE "," IMAGE "]}", 0, 2, ""},
	{"{\"compatible\":\"c\",\"version\":\"a\\u001bb\",\"images\":[" IMAGE "]}", 0, 1, "a?b"},
	{"{\"version\":\"0.2.0\",\"images\":[" IMAGE "]}", -EBADMSG, 0, NULL},
	{"{\"compatible\":\"c\",\"images\":[]}", -EBADMSG, 0, NULL},
	{"{\"compatible\":\"c\"}", -EBADMSG, 0, NULL},
	{"{\"compatible\":\"c\",\"images\":[{}]}", -EBADMSG, 0, NULL},
	{"{\"compatible\":\"c\",\"images\":[7]}", -EBADMSG, 0, NULL},
	{"{\"compatible\":\"c\",\"images\":[{\"rootfs\":{\"size\":-1}}]}", -EBADMSG, 0, NULL},
	{"{\"compatible\":\"c\",\"images\":[{\"rootfs\":{}}]}", -EBADMSG, 0, NULL},
	{"", -EBADMSG, 0, NULL},
	{"[]", -EBADMSG, 0, NULL},
};

START_TEST(parses)
{
	struct bundle bundle = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(bundle_parse(texts[_i].text, strlen(texts[_i].text), &bundle, &err),
		texts[_i].result);
	if (texts[_i].result < 0)
		return;
	ck_assert_uint_eq(bundle.image_count, texts[_i].images);
	ck_assert_str_eq(bundle.version, texts[_i].version);
	ck_assert_str_eq(bundle.images[0].slot_class, "rootfs");
	ck_assert_uint_eq(bundle.images[0].size_bytes, 300000);
}
END_TEST

/* As many images as fit are read, one more is refused. */
START_TEST(bounds_images)
{
	for (size_t n = BUNDLE_IMAGES_MAX; n <= BUNDLE_IMAGES_MAX + 1; n++) {
		char text[2048] = "{\"compatible\":\"c\",\"images\":[" IMAGE;
		struct bundle bundle;
		struct err err = ERR_INIT;
		size_t size = strlen(text);

		for (size_t i = 1; i < n; i++)
			size += (size_t)snprintf(text + size, sizeof(text) - size, "," IMAGE);
		size += (size_t)snprintf(text + size, sizeof(text) - size, "]}");
		ck_assert_int_eq(bundle_parse(text, size, &bundle, &err),
			n <= BUNDLE_IMAGES_MAX ? 0 : -EBADMSG);
	}
}
END_TEST

static const struct {
	const char *a, *b;
	int order;
} versions[] = {
	{"0.2.0", "0.2.0", 0},
	{"0.2.0", "0.1.9", 1},
	{"0.10.0", "0.9.0", 1},
	{"1.0", "1.0.1", -1},
	{"1.0~rc1", "1.0", -1},
	{"1.0~rc1", "1.0~rc2", -1},
	{"1.0-2", "1.0-10", -1},
	{"01.0", "1.0", 0},
	{"2026.11.22", "2026.9.30", 1},
	{"", "0.1", -1},
	{"", "", 0},
	{"99999999999999999999999999", "99999999999999999999999998", 1},
	{"1.a", "1.b", -1},
};

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

START_TEST(compares_versions)
{
	const char *a = versions[_i].a, *b = versions[_i].b;

	ck_assert_int_eq(sign(bundle_compare_versions(a, b)), versions[_i].order);
	ck_assert_int_eq(sign(bundle_compare_versions(b, a)), -versions[_i].order);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("bundle");

	tcase_add_loop_test(tcase, parses, 0, COUNT(texts));
	tcase_add_test(tcase, bounds_images);
	tcase_add_loop_test(tcase, compares_versions, 0, COUNT(versions));
	return unit_main("bundle", tcase);
}
