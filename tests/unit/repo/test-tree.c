#include "repo/tree.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

/* What restic 0.19.1 wrote for a file with everything. */
static const char golden[] =
	"{\"nodes\":[{\"name\":\"a\\\\\\\"b\",\"type\":\"file\",\"mode\":420,"
	"\"mtime\":\"2026-11-22T11:14:24.846420424Z\",\"atime\":\"2026-11-22T11:14:24.846420424Z\","
	"\"ctime\":\"2026-11-22T11:14:24.97Z\",\"uid\":0,\"gid\":0,\"user\":\"root\","
	"\"group\":\"root\",\"inode\":18446744073709551615,\"device_id\":65024,\"size\":2,"
	"\"links\":2,\"extended_attributes\":[{\"name\":\"user.a\",\"value\":\"Yg==\"},"
	"{\"name\":\"user.e\",\"value\":\"\"}],\"content\":["
	"\"87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7\"]},"
	"{\"name\":\"d\",\"type\":\"dir\",\"mode\":2147484141,\"mtime\":\"1960-01-01T00:00:00Z\","
	"\"atime\":\"1960-01-01T00:00:00Z\",\"ctime\":\"1960-01-01T00:00:00Z\",\"uid\":1,\"gid\":2,"
	"\"inode\":7,\"device_id\":9,\"content\":null,"
	"\"subtree\":\"ac08ce34ba4f81236186612f2f7b7b6ab5d8f2a1f7b2a6a1c0b9f1a2b3c4d5e6\"},"
	"{\"name\":\"l\",\"type\":\"symlink\",\"mode\":134218239,\"mtime\":\"1970-01-01T00:00:"
	"00Z\","
	"\"atime\":\"1970-01-01T00:00:00Z\",\"ctime\":\"1970-01-01T00:00:00Z\",\"uid\":0,\"gid\":0,"
	"\"links\":1,\"linktarget\":\"x\\ufffd\",\"linktarget_raw\":\"eP8=\",\"content\":null}]}\n";

/* Reads and writes again. */
static int rewrite(const char *text, struct buf *ret)
{
	cleanup_tree_reader struct tree_reader reader = {0};
	struct err err = ERR_INIT;
	struct node node;
	bool first = true;
	int r = tree_reader_init(&reader, text, strlen(text), &err);

	ck_assert_int_eq(tree_begin(ret, &err), 0);
	while (r >= 0 && (r = tree_reader_next(&reader, &node, &err)) == 1) {
		ck_assert_int_eq(tree_add(ret, &node, first, &err), 0);
		first = false;
	}
	ck_assert_int_eq(tree_end(ret, &err), 0);
	return r;
}

START_TEST(byte_for_byte)
{
	cleanup_buf struct buf buf = BUF_INIT(10000);

	ck_assert_int_eq(rewrite(golden, &buf), 0);
	ck_assert_str_eq((char *)buf.data, golden);
}
END_TEST

START_TEST(what_is_read)
{
	cleanup_tree_reader struct tree_reader reader = {0};
	struct err err = ERR_INIT;
	struct node node;

	ck_assert_int_eq(tree_reader_init(&reader, golden, strlen(golden), &err), 0);
	ck_assert_int_eq(tree_reader_next(&reader, &node, &err), 1);
	ck_assert_str_eq(node.name, "a\"b");
	ck_assert_int_eq(node.type, NODE_FILE);
	ck_assert_uint_eq(node.inode, UINT64_MAX);
	ck_assert_uint_eq(node.modified.nanoseconds, 846420424);
	ck_assert_uint_eq(node.xattr_count, 2);
	ck_assert_str_eq(node.xattrs[0].name, "user.a");
	ck_assert_mem_eq(node.xattrs[0].value, "b", 1);
	ck_assert_uint_eq(node.content_count, 1);
	ck_assert_uint_eq(node.content[0].bytes[0], 0x87);
	ck_assert(!node.unsafe && !node.out_of_order);
	ck_assert_int_eq(tree_reader_next(&reader, &node, &err), 1);
	ck_assert(node.has_subtree);
	ck_assert_uint_eq(node_permissions(node.mode), 0755);
	ck_assert_int_lt(node.modified.seconds, 0);
	ck_assert_int_eq(tree_reader_next(&reader, &node, &err), 1);
	ck_assert_str_eq(node.link_target, "x\xff");
	ck_assert_int_eq(tree_reader_next(&reader, &node, &err), 0);
	ck_assert_int_eq(tree_reader_next(&reader, &node, &err), 0);
}
END_TEST

/* The order of members is restic's habit, no rule; null is what is not there, and of two link
 * targets the raw one counts. */
START_TEST(members_in_any_order)
{
	static const char text[] =
		"{\"nodes\":[{\"subtree\":null,\"links\":3,\"linktarget_raw\":\"eP8=\","
		"\"later\":{\"x\":[1]},\"linktarget\":\"x\\ufffd\",\"extended_attributes\":["
		"{\"value\":\"Yg==\",\"value\":null,\"name\":\"user.long\"},"
		"{\"name\":\"user.b\",\"value\":null}],\"group\":null,\"user\":\"u\","
		"\"gid\":4,\"uid\":5,\"type\":\"symlink\",\"name\":\"a\",\"links\":6}]}";
	cleanup_tree_reader struct tree_reader reader = {0};
	struct err err = ERR_INIT;
	struct node node;

	ck_assert_int_eq(tree_reader_init(&reader, text, strlen(text), &err), 0);
	ck_assert_int_eq(tree_reader_next(&reader, &node, &err), 1);
	ck_assert(!node.has_subtree);
	ck_assert_uint_eq(node.links, 6);
	ck_assert_str_eq(node.link_target, "x\xff");
	ck_assert_uint_eq(node.xattr_count, 2);
	ck_assert_str_eq(node.xattrs[0].name, "user.long");
	ck_assert_uint_eq(node.xattrs[0].size, 1);
	ck_assert_uint_eq(node.xattrs[1].size, 0);
	ck_assert_str_eq(node.group, "");
	ck_assert_str_eq(node.user, "u");
	ck_assert_uint_eq(node.gid, 4);
	ck_assert_uint_eq(node.uid, 5);
	ck_assert_int_eq(node.type, NODE_SYMLINK);
	ck_assert_str_eq(node.name, "a");
	ck_assert_int_eq(tree_reader_next(&reader, &node, &err), 0);
}
END_TEST

#define TIMES                                                                                      \
	"\"mtime\":\"2020-01-01T02:00:00+02:00\",\"atime\":\"2020-01-01T00:00:00Z\","              \
	"\"ctime\":\"2020-01-01T00:00:00Z\",\"uid\":0,\"gid\":0,\"content\":null"

static const struct {
	const char *text;
	int nodes; /* or negative */
	bool unsafe, out_of_order; /* of the last one */
} trees[] = {
	{"{\"nodes\":[]}\n", 0, false, false},
	{"{\"nodes\":null}", 0, false, false},
	{"{\"x\":1,\"nodes\":[],\"y\":[2]}", 0, false, false},
	{"{\"nodes\":[{\"name\":\"a\",\"type\":\"dir\"," TIMES "}]}", 1, false, false},
	{"{\"nodes\":[{\"name\":\"..\",\"type\":\"dir\"," TIMES "}]}", 1, true, false},
	{"{\"nodes\":[{\"name\":\".\",\"type\":\"dir\"," TIMES "}]}", 1, true, false},
	{"{\"nodes\":[{\"name\":\"\",\"type\":\"dir\"," TIMES "}]}", 1, true, false},
	{"{\"nodes\":[{\"name\":\"../../etc/x\",\"type\":\"dir\"," TIMES "}]}", 1, true, false},
	{"{\"nodes\":[{\"name\":\"a\\\\x2fb\",\"type\":\"file\"," TIMES "}]}", 1, true, false},
	{"{\"nodes\":[{\"type\":\"file\"," TIMES "}]}", 1, true, false},
	{"{\"nodes\":[{\"name\":\"b\",\"type\":\"dir\"," TIMES
	 "},{\"name\":\"a\",\"type\":\"dir\"," TIMES "}]}",
		2, false, true},
	{"{\"nodes\":[{\"name\":\"b\",\"type\":\"dir\"," TIMES
	 "},{\"name\":\"b\",\"type\":\"dir\"," TIMES "}]}",
		2, false, true},
	{"{\"nodes\":[{\"name\":\"a\\u0000b\",\"type\":\"dir\"," TIMES "}]}", -EBADMSG, false,
		false},
	{"{\"nodes\":[{\"name\":\"a\",\"size\":-1," TIMES "}]}", -EBADMSG, false, false},
	{"{\"nodes\":[{\"name\":\"a\",\"mtime\":\"yesterday\"}]}", -EBADMSG, false, false},
	{"{\"nodes\":[{\"name\":\"a\",\"content\":[\"12\"]}]}", -EBADMSG, false, false},
	{"{\"nodes\":[{\"name\":\"a\"}", -EBADMSG, false, false},
	{"{\"nodes\":[]}x", -EBADMSG, false, false},
	{"[]", -EBADMSG, false, false},
};

START_TEST(odd_trees)
{
	cleanup_tree_reader struct tree_reader reader = {0};
	struct err err = ERR_INIT;
	struct node node = {0};
	int count = 0, r;

	r = tree_reader_init(&reader, trees[_i].text, strlen(trees[_i].text), &err);
	while (r >= 0 && (r = tree_reader_next(&reader, &node, &err)) == 1)
		count++;
	ck_assert_int_eq(r < 0 ? r : count, trees[_i].nodes);
	if (r >= 0 && count) {
		ck_assert_int_eq(node.unsafe, trees[_i].unsafe);
		ck_assert_int_eq(node.out_of_order, trees[_i].out_of_order);
	}
}
END_TEST

static const struct {
	mode_t mode;
	uint32_t go;
} modes[] = {
	{S_IFREG | 0644, 0644},
	{S_IFREG | 04755, 1u << 23 | 0755},
	{S_IFDIR | 02755, 1u << 31 | 1u << 22 | 0755},
	{S_IFDIR | 01777, 1u << 31 | 1u << 20 | 0777},
	{S_IFLNK | 0777, 1u << 27 | 0777},
	{S_IFBLK | 0660, 1u << 26 | 0660},
	{S_IFCHR | 0660, 1u << 26 | 1u << 21 | 0660},
	{S_IFIFO | 0600, 1u << 25 | 0600},
	{S_IFSOCK | 0600, 1u << 24 | 0600},
};

START_TEST(mode)
{
	ck_assert_uint_eq(node_mode(modes[_i].mode), modes[_i].go);
	ck_assert_uint_eq(node_permissions(modes[_i].go), modes[_i].mode & 07777);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("tree");

	tcase_add_test(tcase, byte_for_byte);
	tcase_add_test(tcase, what_is_read);
	tcase_add_test(tcase, members_in_any_order);
	tcase_add_loop_test(tcase, odd_trees, 0, COUNT(trees));
	tcase_add_loop_test(tcase, mode, 0, COUNT(modes));
	return unit_main("tree", tcase);
}
