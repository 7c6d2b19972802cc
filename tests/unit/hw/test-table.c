#include "hw/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/buf.h"

#define HEAD "{\"partitiontable\":{\"label\":\"gpt\",\"unit\":\"sectors\",\"partitions\":["
#define TAIL "]}}"

static const struct {
	const char *text, *device;
	int result;
	size_t count;
	unsigned first; /* number of the first partition */
} rows[] = {
	{HEAD TAIL, "/dev/sda", 0, 0, 0},
	{HEAD "{\"node\":\"/dev/sda2\",\"start\":4096,\"size\":8}" TAIL, "/dev/sda", 0, 1, 2},
	{HEAD "{\"node\":\"/dev/nvme0n1p3\",\"start\":1,\"size\":8}" TAIL, "/dev/nvme0n1", 0, 1, 3},
	{HEAD "{\"node\":\"stick.img10\",\"start\":1,\"size\":8},{\"node\":\"stick.img9\","
	      "\"start\":9,\"size\":8}" TAIL,
		"stick.img", 0, 2, 9},
	{"{\"partitiontable\":{\"label\":\"dos\"}}", "/dev/sda", 0, 0, 0},
	{HEAD "{\"node\":\"/dev/sdb1\",\"start\":1,\"size\":8}" TAIL, "/dev/sda", -EBADMSG, 0, 0},
	{HEAD "{\"node\":\"/dev/sda\",\"start\":1,\"size\":8}" TAIL, "/dev/sda", -EINVAL, 0, 0},
	{HEAD "{\"node\":\"/dev/sda0\",\"start\":1,\"size\":8}" TAIL, "/dev/sda", -ERANGE, 0, 0},
	{HEAD "{\"node\":\"/dev/sda1\",\"start\":-1,\"size\":8}" TAIL, "/dev/sda", -EBADMSG, 0, 0},
	{HEAD "{\"node\":\"/dev/sda1\",\"size\":8}" TAIL, "/dev/sda", -EBADMSG, 0, 0},
	{"{\"partitiontable\":{\"label\":\"gpt\",\"unit\":\"bytes\"}}", "/dev/sda", -EBADMSG, 0, 0},
	{"{\"partitiontable\":[]}", "/dev/sda", -EBADMSG, 0, 0},
	{"", "/dev/sda", -EBADMSG, 0, 0},
};

START_TEST(parses)
{
	struct hw_table table;
	struct err err = ERR_INIT;
	int r;

	r = hw_table_parse(rows[_i].text, strlen(rows[_i].text), rows[_i].device, &table, &err);
	ck_assert_int_eq(r, rows[_i].result);
	if (r < 0) {
		ck_assert_str_ne(err.text, "");
		return;
	}
	ck_assert_uint_eq(table.count, rows[_i].count);
	if (table.count)
		ck_assert_uint_eq(table.parts[0].number, rows[_i].first);
}
END_TEST

START_TEST(finds)
{
	static const char text[] =
		HEAD "{\"node\":\"/dev/"
		     "sda1\",\"start\":2048,\"size\":4096,\"type\":\"T\",\"uuid\":\"U\","
		     "\"name\":\"nexus-esp\"}," TAIL;
	static const char good[] =
		HEAD "{\"node\":\"/dev/"
		     "sda1\",\"start\":2048,\"size\":4096,\"type\":\"T\",\"uuid\":\"U\","
		     "\"name\":\"nexus\\u001b-esp\"}" TAIL;
	const struct hw_table_part *part;
	struct hw_table table;
	struct err err = ERR_INIT;

	ck_assert_int_lt(hw_table_parse(text, strlen(text), "/dev/sda", &table, &err), 0);
	ck_assert_int_eq(hw_table_parse(good, strlen(good), "/dev/sda", &table, &err), 0);
	/* A name from a foreign disk can't steer the terminal. */
	part = hw_table_find(&table, "nexus?-esp");
	ck_assert_ptr_nonnull(part);
	ck_assert_ptr_eq(part, hw_table_number(&table, 1));
	ck_assert_uint_eq(part->start, 2048);
	ck_assert_uint_eq(part->size, 4096);
	ck_assert_str_eq(part->type, "T");
	ck_assert_ptr_null(hw_table_find(&table, "nexus-data"));
	ck_assert_ptr_null(hw_table_number(&table, 2));
}
END_TEST

static int parse_many(unsigned count)
{
	cleanup_buf struct buf text = BUF_INIT(1 << 20);
	struct hw_table table;
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_add_text(&text, HEAD, &err), 0);
	for (unsigned i = 1; i <= count; i++)
		ck_assert_int_eq(buf_printf(&text, &err,
					 "%s{\"node\":\"/dev/sda%u\",\"start\":%u,\"size\":1}",
					 i > 1 ? "," : "", i, i),
			0);
	ck_assert_int_eq(buf_add_text(&text, TAIL, &err), 0);
	return hw_table_parse((const char *)text.data, text.size, "/dev/sda", &table, &err);
}

START_TEST(limits)
{
	ck_assert_int_eq(parse_many(HW_TABLE_PARTS_MAX), 0);
	ck_assert_int_eq(parse_many(HW_TABLE_PARTS_MAX + 1), -E2BIG);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("table");

	tcase_add_loop_test(tcase, parses, 0, COUNT(rows));
	tcase_add_test(tcase, finds);
	tcase_add_test(tcase, limits);
	return unit_main("table", tcase);
}
