#include "json/json.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

static int parse(const char *text, struct json **ret, struct err *err)
{
	return json_parse(text, strlen(text), 4096, ret, err);
}

/* Text, and what it is when printed again; NULL when it is refused. */
static const struct {
	const char *text, *again;
} texts[] = {
	{"{}", "{}"},
	{" [ 1 , 2 ] \n", "[1,2]"},
	{"{\"a\":{\"b\":[true,false,null]}}", "{\"a\":{\"b\":[true,false,null]}}"},
	{"\"\\u00e9\\n\"", "\"\xc3\xa9\\n\""},
	{"9007199254740991", "9007199254740991"},
	{"-9007199254740991", "-9007199254740991"},
	{"9007199254740992", NULL},
	{"-9007199254740992", NULL},
	{"[1e400]", NULL},
	{"1.5", "1.5"},
	{"", NULL},
	{"{", NULL},
	{"{}x", NULL},
	{"{} {}", NULL},
	{"{\"a\":1,\"a\":2}", NULL},
	{"[{\"a\":1,\"b\":2,\"a\":3}]", NULL},
	{"{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}"},
	{"\"\\u0000\"", NULL},
	{"\"\\\\u0000\"", "\"\\\\u0000\""}, /* a backslash and text, no NUL */
	{"\"\xff\"", NULL},
	{"{'a':1}", NULL},
	{"[1,]", NULL},
	{"nul", NULL},
};

START_TEST(parse_and_print)
{
	cleanup_json struct json *json = NULL;
	cleanup_free char *again = NULL;
	struct err err = ERR_INIT;
	int r = parse(texts[_i].text, &json, &err);

	if (!texts[_i].again) {
		ck_assert_msg(r == -EBADMSG, "'%s' was taken", texts[_i].text);
		ck_assert_int_eq(err.kind, ERR_CORRUPT);
		ck_assert_ptr_null(json);
		return;
	}
	ck_assert_msg(r == 0, "'%s': %s", texts[_i].text, err.text);
	again = json_print(json);
	ck_assert_str_eq(again, texts[_i].again);
}
END_TEST

START_TEST(size_limit_and_one_more)
{
	cleanup_json struct json *json = NULL, *none = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(json_parse("[1,2]", 5, 5, &json, &err), 0);
	ck_assert_int_eq(json_parse("[1,2] ", 6, 5, &none, &err), -EFBIG);
	ck_assert_ptr_null(none);
	/* Only size bytes count, and a NUL is not an end. */
	ck_assert_int_eq(json_parse("[1]xx", 3, 5, &none, &err), 0);
	ck_assert_uint_eq(json_count(none), 1);
	json_free(TAKE(none));
	ck_assert_int_eq(json_parse("[1]\0", 4, 5, &none, &err), -EBADMSG);
}
END_TEST

static int parse_nested(int depth)
{
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;
	char text[128];

	memset(text, '[', (size_t)depth);
	memset(text + depth, ']', (size_t)depth);
	text[2 * depth] = '\0';
	return parse(text, &json, &err);
}

START_TEST(depth_limit_and_one_more)
{
	ck_assert_int_eq(parse_nested(JSON_DEPTH_MAX), 0);
	ck_assert_int_eq(parse_nested(JSON_DEPTH_MAX + 1), -EBADMSG);
}
END_TEST

static const char sample[] = "{\"t\":\"text\",\"n\":42,\"f\":1.5,\"b\":true,\"z\":null,"
			     "\"o\":{\"x\":1},\"l\":[10,\"ten\"]}";

START_TEST(members)
{
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(parse(sample, &json, &err), 0);
	ck_assert_str_eq(json_get_text(json, "t"), "text");
	ck_assert_ptr_null(json_get_text(json, "n"));
	ck_assert_ptr_null(json_get_text(json, "T"));
	ck_assert_int_eq(json_get_integer(json, "n", -1), 42);
	ck_assert_int_eq(json_get_integer(json, "f", -1), -1);
	ck_assert_int_eq(json_get_integer(json, "t", -1), -1);
	ck_assert_double_eq(json_get_number(json, "f", 0), 1.5);
	ck_assert_double_eq(json_get_number(json, "b", 7), 7);
	ck_assert(json_get_bool(json, "b", false));
	ck_assert(json_get_bool(json, "z", true));
	ck_assert(json_is_object(json_get(json, "o")) && json_is_array(json_get(json, "l")));
	ck_assert(!json_is_object(json_get(json, "l")) && !json_is_array(NULL));
	ck_assert_uint_eq(json_count(json), 7);
	/* What is not an object has no members. */
	ck_assert_ptr_null(json_get(NULL, "t"));
	ck_assert_ptr_null(json_get(json_get(json, "l"), "t"));
}
END_TEST

START_TEST(going_through)
{
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;
	const struct json *item;
	int64_t value = 0;

	ck_assert_int_eq(parse(sample, &json, &err), 0);
	item = json_first(json);
	ck_assert_str_eq(json_key(item), "t");
	ck_assert_str_eq(json_text(item), "text");
	ck_assert_str_eq(json_key(json_next(item)), "n");
	item = json_first(json_get(json, "l"));
	ck_assert_ptr_null(json_key(item));
	ck_assert(json_integer(item, &value) && value == 10);
	item = json_next(item);
	ck_assert(!json_integer(item, &value) && value == 10);
	ck_assert_ptr_null(json_next(item));
	ck_assert_ptr_null(json_first(NULL));
}
END_TEST

START_TEST(needed_members)
{
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;
	const char *text = NULL;
	int64_t value = 7;
	bool flag = false;

	ck_assert_int_eq(parse(sample, &json, &err), 0);
	ck_assert_int_eq(json_need_text(json, "t", &text, &err), 0);
	ck_assert_int_eq(json_need_integer(json, "n", 42, 42, &value, &err), 0);
	ck_assert_int_eq(json_need_bool(json, "b", &flag, &err), 0);
	ck_assert(flag && value == 42);
	ck_assert_int_eq(json_need_integer(json, "n", 0, 41, &value, &err), -EBADMSG);
	ck_assert_int_eq(json_need_integer(json, "n", 43, 99, &value, &err), -EBADMSG);
	ck_assert_int_eq(json_need_integer(json, "f", 0, 99, &value, &err), -EBADMSG);
	ck_assert_int_eq(json_need_text(json, "n", &text, &err), -EBADMSG);
	ck_assert_str_eq(err.text, "read JSON: 'n' must be text");
	ck_assert_int_eq(json_need_text(json, "none", &text, &err), -EBADMSG);
	ck_assert_int_eq(json_need_bool(json, "z", &flag, &err), -EBADMSG);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_str_eq(text, "text");
}
END_TEST

START_TEST(building)
{
	cleanup_json struct json *json = json_object_new(), *copy = NULL;
	cleanup_free char *text = NULL, *pretty = NULL;
	struct err err = ERR_INIT;
	struct json *list;

	json_set_text(json, "t", "a\"b");
	json_set_text(json, "left-out", NULL);
	json_set_text(json, "bad", "x\xffy");
	json_set_integer(json, "n", JSON_INTEGER_MAX);
	json_set_number(json, "f", 0.25);
	json_set_bool(json, "b", false);
	json_set_integer(json_set_object(json, "o"), "x", -1);
	list = json_set_array(json, "l");
	json_add_text(list, "one");
	json_add_integer(list, 2);
	json_set_bool(json_add_object(list), "y", true);
	json_add(list, json_array_new());
	copy = json_copy(json);
	ck_assert_int_eq(json_finish(copy, &text, &err), 0);
	ck_assert_str_eq(text,
		"{\"t\":\"a\\\"b\",\"bad\":\"x?y\",\"n\":9007199254740991,\"f\":0.25,"
		"\"b\":false,\"o\":{\"x\":-1},\"l\":[\"one\",2,{\"y\":true},[]]}");
	pretty = json_print_pretty(json_get(json, "o"));
	ck_assert_str_eq(pretty, "{\n\t\"x\":\t-1\n}");
}
END_TEST

/* Each puts a failure somewhere into the object. */
static void too_large(struct json *json)
{
	json_set_integer(json, "n", JSON_INTEGER_MAX + 1);
}

static void too_small_in_an_array(struct json *json)
{
	json_add_integer(json_set_array(json, "l"), -JSON_INTEGER_MAX - 1);
}

static void a_child_that_failed(struct json *json)
{
	struct json *child = json_object_new();

	too_large(child);
	json_set(json, "o", child);
}

static void a_child_that_was_not_made(struct json *json)
{
	json_set(json, "o", NULL);
}

static void nothing_to_add(struct json *json)
{
	json_add(json_set_array(json, "l"), NULL);
}

START_TEST(integer_limits)
{
	static const char want[] =
		"{\"n\":-9007199254740991,\"l\":[9007199254740991,-9007199254740991]}";
	cleanup_json struct json *json = json_object_new();
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	struct json *list;

	json_set_integer(json, "n", -JSON_INTEGER_MAX);
	list = json_set_array(json, "l");
	json_add_integer(list, JSON_INTEGER_MAX);
	json_add_integer(list, -JSON_INTEGER_MAX);
	ck_assert_int_eq(json_finish(json, &text, &err), 0);
	ck_assert_str_eq(text, want);
}
END_TEST

static void (*const failures[])(struct json *) = {too_large, too_small_in_an_array,
	a_child_that_failed, a_child_that_was_not_made, nothing_to_add};

START_TEST(a_failure_is_told_at_the_end)
{
	cleanup_json struct json *json = json_object_new();
	struct err err = ERR_INIT;
	char *text = NULL;

	json_set_bool(json, "before", true);
	failures[_i](json);
	json_set_bool(json, "after", true);
	ck_assert_int_eq(json_finish(json, &text, &err), -ENOMEM);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(nothing_is_fine_to_build_on)
{
	struct err err = ERR_INIT;
	char *text = NULL;

	json_set_text(NULL, "a", "b");
	json_set_integer(NULL, "a", 1);
	json_add_integer(NULL, 1);
	json_add(NULL, json_object_new());
	json_set(NULL, "a", json_object_new());
	ck_assert_ptr_null(json_set_object(NULL, "a"));
	ck_assert_ptr_null(json_add_object(NULL));
	ck_assert_ptr_null(json_copy(NULL));
	json_free(NULL);
	ck_assert_int_eq(json_finish(NULL, &text, &err), -ENOMEM);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("json");

	tcase_add_loop_test(tcase, parse_and_print, 0, COUNT(texts));
	tcase_add_test(tcase, size_limit_and_one_more);
	tcase_add_test(tcase, depth_limit_and_one_more);
	tcase_add_test(tcase, members);
	tcase_add_test(tcase, going_through);
	tcase_add_test(tcase, needed_members);
	tcase_add_test(tcase, building);
	tcase_add_test(tcase, integer_limits);
	tcase_add_loop_test(tcase, a_failure_is_told_at_the_end, 0, COUNT(failures));
	tcase_add_test(tcase, nothing_is_fine_to_build_on);
	return unit_main("json", tcase);
}
