#include "repo/snapshot.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

#define TREE "ac08ce34ba4f81236186612f2f7b7b6ab5d8f2a1f7b2a6a1c0b9f1a2b3c4d5e6"

static const char golden[] =
	"{\"time\":\"2026-11-22T11:14:26.504055Z\",\"parent\":\"" TREE "\",\"tree\":\"" TREE "\","
	"\"paths\":[\"/home/a\",\"/"
	"etc\"],\"hostname\":\"box\",\"username\":\"u\",\"uid\":5,\"gid\":6,"
	"\"excludes\":[\"*.x\"],\"tags\":[\"t\",\"u\"],\"original\":\"" TREE "\","
	"\"program_version\":\"p 1\",\"summary\":{\"backup_start\":\"2026-11-22T11:14:26Z\","
	"\"backup_end\":\"2026-11-22T11:14:27Z\",\"files_new\":1,\"files_changed\":2,"
	"\"files_unmodified\":3,\"dirs_new\":4,\"dirs_changed\":5,\"dirs_unmodified\":6,"
	"\"data_blobs\":7,\"tree_blobs\":8,\"data_added\":9,\"data_added_packed\":10,"
	"\"total_files_processed\":11,\"total_bytes_processed\":12}}";

START_TEST(there_and_back)
{
	cleanup_snapshot struct snapshot snapshot = {0};
	cleanup_buf struct buf buf = BUF_INIT(10000);
	struct err err = ERR_INIT;

	ck_assert_int_eq(snapshot_parse(golden, strlen(golden), &snapshot, &err), 0);
	ck_assert_uint_eq(snapshot.paths.count, 2);
	ck_assert_str_eq(snapshot.tags.items[1], "u");
	ck_assert_uint_eq(snapshot.summary.data_added_packed, 10);
	ck_assert_int_eq(snapshot_format(&snapshot, &buf, &err), 0);
	ck_assert_str_eq((char *)buf.data, golden);
}
END_TEST

static const struct {
	const char *text;
	int result;
} cases[] = {
	{"{\"time\":\"2020-01-01T00:00:00Z\",\"tree\":\"" TREE "\",\"paths\":[]}", 0},
	{"{\"time\":\"2020-01-01T00:00:00Z\",\"tree\":\"" TREE "\",\"paths\":null,\"summary\":null,"
	 "\"later\":{\"x\":[1]}}",
		0},
	{"{\"time\":\"2020-01-01T00:00:00Z\",\"paths\":[]}", -EBADMSG},
	{"{\"time\":\"never\",\"tree\":\"" TREE "\",\"paths\":[]}", -EBADMSG},
	{"{\"time\":\"2020-01-01T00:00:00Z\",\"tree\":\"12\",\"paths\":[]}", -EBADMSG},
	{"{\"time\":\"2020-01-01T00:00:00Z\",\"tree\":\"" TREE "\",\"paths\":[1]}", -EBADMSG},
	{"{\"time\":\"2020-01-01T00:00:00Z\",\"tree\":\"" TREE "\",\"hostname\":1}", -EBADMSG},
	{"{\"time\":7,\"tree\":\"" TREE "\",\"paths\":[]}", -EBADMSG},
	{"{}", -EBADMSG},
	{"", -EBADMSG},
};

START_TEST(parse)
{
	cleanup_snapshot struct snapshot snapshot = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(snapshot_parse(cases[_i].text, strlen(cases[_i].text), &snapshot, &err),
		cases[_i].result);
}
END_TEST

START_TEST(order)
{
	const struct node_time early = {1, 5}, late = {1, 6}, later = {2, 0};

	ck_assert_int_lt(node_time_compare(&early, &late), 0);
	ck_assert_int_gt(node_time_compare(&later, &late), 0);
	ck_assert_int_eq(node_time_compare(&late, &late), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("snapshot");

	tcase_add_test(tcase, there_and_back);
	tcase_add_loop_test(tcase, parse, 0, COUNT(cases));
	tcase_add_test(tcase, order);
	return unit_main("snapshot", tcase);
}
