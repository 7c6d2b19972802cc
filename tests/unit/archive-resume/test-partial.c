#include "archive/resume/partial.h"

#include <errno.h>

#include "../archive/lasting.h"
#include "../cheap.h"
#include "../unit.h"
#include "repo/chunker.h"

#define FIXED 96 /* bytes of the head before the path */

static const struct id some_id = {{1, 2, 3}};

static struct partial example(void)
{
	return (struct partial){
		.file =
			{
				.type = NODE_FILE,
				.size = 0x1122334455667788,
				.inode = UINT64_MAX,
				.modified = {-1, 999999999},
				.changed = {INT64_MAX, 1},
			},
		.path = (char *)"/a folder/\xff",
		.page = CHUNKER_MAX,
		.count = PARTIAL_IDS_MAX,
	};
}

static void check_times(const struct node_time *a, const struct node_time *b)
{
	ck_assert_int_eq(a->seconds, b->seconds);
	ck_assert_uint_eq(a->nanoseconds, b->nanoseconds);
}

START_TEST(there_and_back)
{
	cleanup_partials struct partials found = {0};
	const struct partial want = example();
	cleanup_buf struct buf text = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct id content;

	ck_assert_int_eq(partial_format(&want, &some_id, &text, &err), 0);
	ck_assert_uint_eq(text.size, FIXED + strlen(want.path));
	ck_assert_int_eq(partial_parse(text.data, text.size, &found.items[0], &content, &err), 0);
	found.count = 1;
	ck_assert(id_equal(&content, &some_id));
	ck_assert_str_eq(found.items[0].path, want.path);
	ck_assert_int_eq(found.items[0].file.type, NODE_FILE);
	ck_assert_uint_eq(found.items[0].file.size, want.file.size);
	ck_assert_uint_eq(found.items[0].file.inode, want.file.inode);
	check_times(&found.items[0].file.modified, &want.file.modified);
	check_times(&found.items[0].file.changed, &want.file.changed);
	ck_assert_uint_eq(found.items[0].page, want.page);
	ck_assert_uint_eq(found.items[0].count, want.count);
	ck_assert_ptr_null(found.items[0].ids);
	ck_assert_ptr_nonnull(partials_find(&found, want.path));
	ck_assert_ptr_null(partials_find(&found, "/a folder/"));
}
END_TEST

/* What is no file's description is refused: each case changes a good one. */
static const struct {
	size_t size; /* 0: as it is */
	size_t at;
	uint8_t byte;
} broken[] = {
	{.size = 1}, {.size = FIXED - 1}, {.size = FIXED},
	{.size = FIXED + 1}, /* the path's length is another */
	{.at = FIXED, .byte = 'a'}, /* not from the root */
	{.at = FIXED + 2, .byte = 0}, {.at = 5 * 8, .byte = 3}, /* a page that is no power of two */
	{.at = 5 * 8 + 3, .byte = 1}, /* one above the most */
	{.at = 6 * 8, .byte = 1}, /* one chunk above the most */
	{.at = 6 * 8 + 2, .byte = 0}, /* none */
};

START_TEST(refused)
{
	cleanup_buf struct buf text = BUF_INIT(1000);
	const struct partial want = example();
	struct partial found = {0};
	struct err err = ERR_INIT;
	struct id content;

	ck_assert_int_eq(partial_format(&want, &some_id, &text, &err), 0);
	if (broken[_i].size)
		text.size = broken[_i].size;
	else
		text.data[broken[_i].at] = broken[_i].byte;
	ck_assert_int_eq(partial_parse(text.data, text.size, &found, &content, &err), -EBADMSG);
	ck_assert_ptr_null(found.path);
}
END_TEST

/* Stores blobs of these sizes (0 ends), each of another byte; their ids are in ret. */
static size_t store(struct repository *repository, const size_t *sizes, struct id *ret)
{
	cleanup_free uint8_t *data = malloc(1 << 20);
	struct repository_added added;
	struct err err = ERR_INIT;
	size_t n = 0;

	for (; sizes[n]; n++) {
		memset(data, (int)n + 1, sizes[n]);
		ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository),
					 BLOB_DATA, data, sizes[n], &ret[n], &added, &err),
			0);
	}
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	return n;
}

#define K ((size_t)1024)
static const struct {
	size_t sizes[5];
	size_t gone; /* the number of one that is not in the index, from 1 */
	uint64_t file_size, page;
	size_t want_count;
	uint64_t want;
} trims[] = {
	{.sizes = {600 * K, 700 * K, 3},
		.file_size = 9000 * K,
		.want_count = 3,
		.want = 1300 * K + 3},
	{.sizes = {600 * K, 700 * K}, .gone = 1, .file_size = 9000 * K},
	{.sizes = {600 * K, 700 * K},
		.gone = 2,
		.file_size = 9000 * K,
		.want_count = 1,
		.want = 600 * K},
	/* More than the file has. */
	{.sizes = {600 * K, 700 * K}, .file_size = 700 * K, .want_count = 1, .want = 600 * K},
	{.sizes = {64 * K, 64 * K},
		.file_size = 9000 * K,
		.page = 64 * K,
		.want_count = 2,
		.want = 128 * K},
	/* A page that is none, and the file's last one. */
	{.sizes = {64 * K, 60 * K, 64 * K},
		.file_size = 9000 * K,
		.page = 64 * K,
		.want_count = 1,
		.want = 64 * K},
	{.sizes = {64 * K, 60 * K},
		.file_size = 124 * K,
		.page = 64 * K,
		.want_count = 2,
		.want = 124 * K},
};

START_TEST(trim)
{
	struct repository *repository;
	struct lasting lasting;
	struct id ids[5] = {{{0}}};
	struct partial partial = {
		.file = {.size = trims[_i].file_size}, .page = trims[_i].page, .ids = ids};
	struct err err = ERR_INIT;

	lasting_make(&lasting);
	ck_assert_int_eq(lasting_open(&lasting, NULL, &repository, &err), 0);
	partial.count = store(repository, trims[_i].sizes, ids);
	if (trims[_i].gone)
		ids[trims[_i].gone - 1] = some_id;
	ck_assert_uint_eq(partial_trim(&partial, repository), trims[_i].want);
	ck_assert_uint_eq(partial.count, trims[_i].want_count);
	repository_close(repository);
	lasting_drop(&lasting);
}
END_TEST

START_TEST(drop)
{
	cleanup_partials struct partials partials = {.count = 3};

	for (size_t i = 0; i < 3; i++) {
		const char path[] = {'/', (char)('a' + i), '\0'};

		partials.items[i].path = strdup(path);
		partials.items[i].ids = malloc(1);
	}
	partials_drop(&partials, partials_find(&partials, "/b"));
	ck_assert_uint_eq(partials.count, 2);
	ck_assert_ptr_null(partials_find(&partials, "/b"));
	ck_assert_ptr_nonnull(partials_find(&partials, "/a"));
	ck_assert_ptr_nonnull(partials_find(&partials, "/c"));
	partials_drop(&partials, partials_find(&partials, "/c"));
	partials_drop(&partials, partials_find(&partials, "/a"));
	ck_assert_uint_eq(partials.count, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("partial");

	tcase_add_test(tcase, there_and_back);
	tcase_add_loop_test(tcase, refused, 0, COUNT(broken));
	tcase_add_loop_test(tcase, trim, 0, COUNT(trims));
	tcase_add_test(tcase, drop);
	return unit_main("archive/resume/partial", tcase);
}
