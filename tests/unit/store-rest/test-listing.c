#include "store/rest/listing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"

static int note(const char *name, uint64_t size, void *context, struct err *err)
{
	char *text = context;
	size_t used = strlen(text);

	if (strcmp(name, "stop") == 0)
		return err_set(err, ERR_BUG, EPIPE, "enough");
	snprintf(text + used, 400 - used, "%.40s=%llu ", name, (unsigned long long)size);
	return 0;
}

/* In pieces of step bytes. */
static int read_list(const char *text, size_t step, char *ret, struct err *err)
{
	struct listing listing;
	size_t size = strlen(text);
	int r = 0;

	listing_init(&listing, note, ret);
	for (size_t at = 0; r >= 0 && at < size; at += step)
		r = listing_feed(&listing, text + at, size - at < step ? size - at : step, err);
	return r < 0 ? r : listing_end(&listing, err);
}

static const struct {
	const char *text, *objects;
} good[] = {
	{"[]", ""},
	{" [ ] \n", ""},
	{"null", ""},
	{"[{\"name\":\"a\",\"size\":1}]", "a=1 "},
	{"[{\"size\":18446744073709551615 , \"name\" : \"b\" } ,\n{\"name\":\"c\",\"size\":0}]\n",
		"b=18446744073709551615 c=0 "},
	{"[{\"x\":true,\"name\":\"a\",\"y\":\"s\\\"}\",\"z\":-1.5e3,\"size\":7}]", "a=7 "},
	{"[{\"name\":\"a\\\\\",\"size\":7}]", "a\\\\=7 "},
};

START_TEST(reads_in_any_pieces)
{
	struct err err = ERR_INIT;

	for (size_t step = 1; step <= strlen(good[_i].text); step++) {
		char objects[400] = "";

		ck_assert_int_eq(read_list(good[_i].text, step, objects, &err), 0);
		ck_assert_str_eq(objects, good[_i].objects);
	}
}
END_TEST

static const char *const bad[] = {"", "[", "nul", "nullx", "{}", "[{}]", "[{\"name\":\"a\"}]",
	"[{\"size\":1}]", "[\"a\"]", "[{\"name\":\"a\",\"size\":1},]",
	"[{\"name\":\"a\",\"size\":1}", "[{\"name\":\"a\",\"size\":-1}]",
	"[{\"name\":\"a\",\"size\":1.5}]", "[{\"name\":\"a\",\"size\":\"1\"}]",
	"[{\"name\":a,\"size\":1}]", "[{\"name\":\"a\",\"size\":18446744073709551616}]",
	"[{\"name\":\"a\",\"size\":1,}]", "[{\"name\":\"a\nb\",\"size\":1}]",
	"[{\"name\":\"a\",\"size\":1}] x", "[[]]", "[{\"name\":{\"x\":1},\"size\":1}]",
	"[{\"name\":\"a\" \"size\":1}]", "<html>"};

START_TEST(refuses_others)
{
	struct err err = ERR_INIT;
	char objects[400] = "";

	ck_assert_msg(read_list(bad[_i], 1, objects, &err) == -EBADMSG, "%s", bad[_i]);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
	char text[LISTING_TEXT_MAX * 2 + 64], name[LISTING_TEXT_MAX * 2], objects[400] = "";
	struct err err = ERR_INIT;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "[{\"name\":\"%s\",\"size\":1}]", name);
	ck_assert_int_eq(read_list(text, sizeof(text), objects, &err), 0);
}
END_TEST

START_TEST(hands_on_what_the_caller_says)
{
	struct err err = ERR_INIT;
	char objects[400] = "";

	ck_assert_int_eq(read_list("[{\"name\":\"stop\",\"size\":1}]", 5, objects, &err), -EPIPE);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
	static const char text[] = "[]\0x";
	struct listing listing;
	struct err err = ERR_INIT;

	listing_init(&listing, note, NULL);
	ck_assert_int_eq(listing_feed(&listing, text, 4, &err), -EBADMSG);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("listing");

	tcase_add_loop_test(tcase, reads_in_any_pieces, 0, COUNT(good));
	tcase_add_loop_test(tcase, refuses_others, 0, COUNT(bad));
	tcase_add_test(tcase, cuts_what_is_too_long);
	tcase_add_test(tcase, hands_on_what_the_caller_says);
	tcase_add_test(tcase, a_nul_is_no_end);
	return unit_main("listing", tcase);
}
