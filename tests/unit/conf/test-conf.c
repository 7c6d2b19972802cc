#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#include "../unit.h"

struct target {
	char *text;
	bool flag;
	uint64_t number, size, wait;
	struct str_list list;
};

#define KEY(in, called, of, member)                                                                \
	.section = (in), .name = (called), .type = (of), .offset = offsetof(struct target, member)

static const struct conf_key keys[] = {
	{KEY("A", "Text", CONF_TEXT, text), .fallback = "default", .max_bytes = 10},
	{KEY("A", "Flag", CONF_BOOL, flag), .fallback = "yes"},
	{KEY("A", "Number", CONF_U64, number), .fallback = "5", .min = 1, .max = 9},
	{KEY("B", "Size", CONF_SIZE, size), .fallback = "4K"},
	{KEY("B", "Wait", CONF_DURATION, wait), .fallback = "5min", .max = 3600000000},
	{KEY("B", "Path", CONF_LIST, list)},
	{0},
};

static struct target target;
static struct err err;

static void setup(void)
{
	target = (struct target){0};
	err = ERR_INIT;
	ck_assert_int_eq(conf_defaults(keys, &target, &err), 0);
}

static void teardown(void)
{
	conf_done(keys, &target);
	ck_assert_ptr_null(target.text);
	ck_assert_uint_eq(target.list.count, 0);
}

START_TEST(defaults)
{
	ck_assert_str_eq(target.text, "default");
	ck_assert(target.flag);
	ck_assert_uint_eq(target.number, 5);
	ck_assert_uint_eq(target.size, 4096);
	ck_assert_uint_eq(target.wait, 300000000);
	ck_assert_uint_eq(target.list.count, 0);
}
END_TEST

START_TEST(every_type_is_read)
{
	static const char text[] = "# a comment\n; another\n\n[A]\nText = some text \n"
				   "Flag=no\r\n  Number=9\n[B]\nSize=2M\nWait=1h\n"
				   "Path=/a\nPath=/b\n";

	ck_assert_int_eq(conf_parse(text, strlen(text), "f", keys, &target, &err), 0);
	ck_assert_str_eq(target.text, "some text");
	ck_assert(!target.flag);
	ck_assert_uint_eq(target.number, 9);
	ck_assert_uint_eq(target.size, 2u << 20);
	ck_assert_uint_eq(target.wait, 3600000000);
	ck_assert_uint_eq(target.list.count, 2);
	ck_assert_str_eq(target.list.items[1], "/b");
}
END_TEST

/* Lines that are fine, with the text or list that comes of them. */
static const struct {
	const char *text, *value;
	size_t entries;
} good[] = {
	{"", "default", 0},
	{"[A]\n", "default", 0},
	{"[A]\nText=", "", 0},
	{"[A]\nText=1234567890", "1234567890", 0},
	{"[A]\nText=a=b", "a=b", 0},
	{"[A]\nText=a # b", "a # b", 0},
	{"[A]\nText=a ; b", "a ; b", 0},
	{"[B]\nPath=a\nPath=\nPath=b", "default", 1},
	{"[A]\nText=x\n[B]\nPath=a\n[A]\nFlag=on", "x", 1},
};

START_TEST(lines_that_are_fine)
{
	ck_assert_msg(
		conf_parse(good[_i].text, strlen(good[_i].text), "f", keys, &target, &err) == 0,
		"%s", err.text);
	ck_assert_str_eq(target.text, good[_i].value);
	ck_assert_uint_eq(target.list.count, good[_i].entries);
}
END_TEST

/* Text, and what must stand in the message. */
static const struct {
	const char *text, *words;
} bad[] = {
	{"[A]\nColour=red", "read f: line 2: unknown key Colour in [A]"},
	{"[A]\ntext=x", "line 2: unknown key text"},
	{"\n\n[C]\nText=x", "line 4: unknown section [C]"},
	{"Text=x", "line 1: unknown section []"},
	{"[B]\nText=x", "line 2: unknown key Text in [B]"},
	{"[A]\nNumber=10", "line 2: Number: parse '10': must be from 1 to 9"},
	{"[A]\nNumber=0", "must be from 1 to 9"},
	{"[A]\nNumber=", "line 2: Number: "},
	{"[A]\nFlag=perhaps", "line 2: Flag: parse 'perhaps': must be yes or no"},
	{"[A]\nText=12345678901", "line 2: Text: longer than 10 bytes"},
	{"[A]\nText=\xff", "line 2: Text: not UTF-8"},
	{"[B]\nWait=61min", "line 2: Wait: "},
	{"[B]\nSize=1Q", "line 2: Size: "},
	{"[A]\nFlag=yes\nFlag=no", "line 3: Flag stands twice"},
	{"[A]\nText", "read f: line 2: neither [Section] nor Key=value"},
	{"[A\nText=x", "line 1"},
};

START_TEST(mistakes_name_file_and_line)
{
	int r = conf_parse(bad[_i].text, strlen(bad[_i].text), "f", keys, &target, &err);

	ck_assert_msg(r < 0, "'%s' was taken", bad[_i].text);
	ck_assert_msg(strstr(err.text, bad[_i].words), "'%s': %s", bad[_i].text, err.text);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

START_TEST(size_limit_and_one_more)
{
	enum {
		MAX = 256 << 10
	};
	cleanup_free char *text = malloc(MAX + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', MAX + 1);
	ck_assert_int_eq(conf_parse(text, MAX, "f", keys, &target, &err), 0);
	ck_assert_int_eq(conf_parse(text, MAX + 1, "f", keys, &target, &err), -EFBIG);
	ck_assert_int_eq(conf_parse("[A]\0\n", 5, "f", keys, &target, &err), -EINVAL);
}
END_TEST

START_TEST(a_line_too_long_is_refused)
{
	char text[8192];
	int n = snprintf(text, sizeof(text), "[B]\nPath=");

	memset(text + n, 'x', sizeof(text) - (size_t)n);
	ck_assert_int_lt(conf_parse(text, sizeof(text), "f", keys, &target, &err), 0);
	ck_assert_msg(strstr(err.text, "line 2"), "%s", err.text);
}
END_TEST

START_TEST(a_wrong_default_is_found)
{
	const struct conf_key wrong[] = {
		{KEY("A", "Number", CONF_U64, number), .fallback = "x"}, {0}};

	ck_assert_int_lt(conf_defaults(wrong, &target, &err), 0);
	ck_assert_msg(strstr(err.text, "default of Number"), "%s", err.text);
}
END_TEST

static void write_file(int dir, const char *name, const char *text)
{
	ck_assert_int_eq(file_replace(dir, name, text, strlen(text), 0600, &err), 0);
}

START_TEST(a_file_and_its_folder)
{
	char dir[] = "/tmp/nexus-test-conf-XXXXXX";
	cleanup_free char *path = NULL;
	cleanup_close int fd = -1;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	path = str_printf("%s/x.conf", dir);
	ck_assert_int_eq(conf_read(path, keys, &target, &err), -ENOENT);
	/* Neither file nor folder: the defaults stand. */
	ck_assert_int_eq(conf_read_tree(path, keys, &target, &err), 0);
	write_file(fd, "x.conf", "[A]\nText=main\nNumber=2\n");
	ck_assert_int_eq(mkdirat(fd, "x.conf.d", 0700), 0);
	write_file(fd, "x.conf.d/20.conf", "[A]\nText=twenty\n");
	write_file(fd, "x.conf.d/10.conf", "[A]\nText=ten\nFlag=no\n");
	write_file(fd, "x.conf.d/30.txt", "not read\n");
	ck_assert_int_eq(conf_read_tree(path, keys, &target, &err), 0);
	ck_assert_str_eq(target.text, "twenty");
	ck_assert_uint_eq(target.number, 2);
	ck_assert(!target.flag);
	write_file(fd, "x.conf.d/15.conf", "[A]\nFlag=x\n");
	ck_assert_int_lt(conf_read_tree(path, keys, &target, &err), 0);
	ck_assert_msg(strstr(err.text, "15.conf: line 2"), "%s", err.text);
	unlinkat(fd, "x.conf.d/10.conf", 0);
	unlinkat(fd, "x.conf.d/15.conf", 0);
	unlinkat(fd, "x.conf.d/20.conf", 0);
	unlinkat(fd, "x.conf.d/30.txt", 0);
	unlinkat(fd, "x.conf.d", AT_REMOVEDIR);
	unlinkat(fd, "x.conf", 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("conf");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, every_type_is_read);
	tcase_add_loop_test(tcase, lines_that_are_fine, 0, COUNT(good));
	tcase_add_loop_test(tcase, mistakes_name_file_and_line, 0, COUNT(bad));
	tcase_add_test(tcase, size_limit_and_one_more);
	tcase_add_test(tcase, a_line_too_long_is_refused);
	tcase_add_test(tcase, a_wrong_default_is_found);
	tcase_add_test(tcase, a_file_and_its_folder);
	return unit_main("conf", tcase);
}
