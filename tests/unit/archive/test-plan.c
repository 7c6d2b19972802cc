#include "archive/restore/plan.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "../unit.h"
#include "nodes.h"

#define LARGE 10u /* blobs of the kind that is large stored, then those that are only so plain */
#define CHUNK (64u << 20) /* bytes of either */

static struct progress progress; /* of the last plan */
static unsigned tight;

static void on_tight(void *context, uint64_t needed_bytes, uint64_t free_bytes)
{
	(void)context;
	ck_assert_uint_gt(needed_bytes, free_bytes);
	tight++;
}

static int plan_as(struct repository *repository, const struct id *tree,
	const struct plan_options *how, struct err *err)
{
	static const struct filter none;
	struct plan_options options = *how;
	int fd = open(room_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	options.target = options.target ? options.target : room_folder;
	options.includes = options.includes ? options.includes : &none;
	options.excludes = options.excludes ? options.excludes : &none;
	options.progress = &progress;
	options.on_tight = on_tight;
	tight = 0;
	progress_start(&progress, &clock_system);
	ck_assert_int_ge(fd, 0);
	*err = ERR_INIT;
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), err), 0);
	r = plan_run(repository, tree, options.target == room_folder ? fd : -1, &options, err);
	close(fd);
	return r;
}

static int plan(struct repository *repository, const struct id *tree)
{
	struct err err;

	return plan_as(repository, tree, &(struct plan_options){0}, &err);
}

/* A tree in which the one below is named twice, and so on. */
static struct id wide_tree(struct repository *repository, struct id tree, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		const struct node nodes[] = {dir_node("a", tree), dir_node("b", tree)};

		tree = store_tree(repository, nodes, 2);
	}
	return tree;
}

static struct id blob(unsigned number)
{
	struct id id;

	memset(&id, 0x10 + (int)number, sizeof(id));
	return id;
}

/* A repository whose index tells of blobs that nobody has: there are none too large to be told. */
static struct repository *lying_repository(struct store **ret_store)
{
	struct repository *repository = room_repository(ret_store);
	cleanup_buf struct buf text = BUF_INIT(65536);
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	struct id id = blob(100);

	id_format(&id, name);
	ck_assert_int_eq(
		buf_printf(&text, &err, "{\"packs\":[{\"id\":\"%s\",\"blobs\":[", name), 0);
	for (unsigned i = 0; i < 2 * LARGE; i++) {
		id = blob(i);
		id_format(&id, name);
		ck_assert_int_eq(
			buf_printf(&text, &err,
				"%s{\"id\":\"%s\",\"type\":\"data\",\"offset\":0,\"length\":%u,"
				"\"uncompressed_length\":%u}",
				i ? "," : "", name, i < LARGE ? CHUNK + CHUNK / 64 : 100, CHUNK),
			0);
	}
	ck_assert_int_eq(buf_add_text(&text, "]}]}", &err), 0);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository), STORE_INDEX,
				 text.data, text.size, &id, &err),
		0);
	ck_assert_int_eq(repository_load_index(repository, NULL, &err), 0);
	return repository;
}

/* A file that takes so many percent of what is free; its chunks from first on, in turns. */
static struct node file_of(unsigned percent, unsigned first, unsigned turns)
{
	static struct id content[1u << 20];
	struct statvfs st;
	uint64_t chunks;
	struct node node = file_node("file", content);

	ck_assert_int_eq(statvfs(room_folder, &st), 0);
	chunks = (uint64_t)(geteuid() ? st.f_bavail : st.f_bfree) * st.f_frsize / CHUNK * percent /
		 100;
	ck_assert_uint_lt(chunks, sizeof(content) / sizeof(content[0]));
	for (uint64_t i = 0; i < chunks; i++)
		content[i] = blob(first + (unsigned)(i % turns));
	node.content_count = chunks;
	node.size = chunks * CHUNK;
	return node;
}

/* 2^40 paths are counted at once, and have no room; of 2^70 the count stays at its end. */
START_TEST(wide)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "leaf"), tree;
	const struct node leaf = file_node("leaf", &data);
	struct err err;

	tree = wide_tree(repository, store_tree(repository, &leaf, 1), 40);
	ck_assert_int_eq(plan_as(repository, &tree, &(struct plan_options){0}, &err), -ENOSPC);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_ptr_nonnull(strstr(err.text, "--no-space-check"));
	ck_assert(progress.total_known);
	ck_assert_uint_eq(progress.files_total, 1ull << 40);
	ck_assert_uint_eq(progress.bytes_total, 4ull << 40);
	ck_assert_int_eq(
		plan_as(repository, &tree, &(struct plan_options){.any_size = true}, &err), 0);
	ck_assert_int_eq(
		plan_as(repository, &tree,
			&(struct plan_options){.target = "/tmp/nexus-no/such/folder"}, &err),
		-ENOSPC);
	ck_assert_int_ne(access("/tmp/nexus-no", F_OK), 0);
	tree = wide_tree(repository, tree, 30);
	ck_assert_int_eq(plan(repository, &tree), -ENOSPC);
	ck_assert_uint_eq(progress.files_total, UINT64_MAX);
}
END_TEST

/* What a file takes, by how it is stored. */
static const struct {
	unsigned percent, first, turns;
	int result;
	unsigned tight;
} sizes[] = {
	{50, 0, LARGE, 0, 0},
	{150, 0, LARGE, -ENOSPC, 0},
	{150, LARGE, LARGE, 0, 1}, /* compresses to nothing: may be all zeros */
	{150, 0, 1, 0, 0}, /* a chunk that follows itself: so do zeros */
	{50, LARGE, LARGE, 0, 0},
};

START_TEST(file_sizes)
{
	struct store *store;
	cleanup_repository struct repository *repository = lying_repository(&store);
	const struct node file = file_of(sizes[_i].percent, sizes[_i].first, sizes[_i].turns);
	const struct id tree = store_tree(repository, &file, 1);

	ck_assert_int_eq(plan(repository, &tree), sizes[_i].result);
	ck_assert_uint_eq(tight, sizes[_i].tight);
	ck_assert_uint_eq(progress.files_total, 1);
	ck_assert_uint_eq(progress.bytes_total, file.size);
}
END_TEST

/* The entry's own size counts for nothing. */
START_TEST(lying_size)
{
	struct store *store;
	cleanup_repository struct repository *repository = lying_repository(&store);
	struct node file = file_of(150, 0, LARGE);
	struct id data = store_data(repository, "leaf"), tree;

	file.size = 4;
	tree = store_tree(repository, &file, 1);
	ck_assert_int_eq(plan(repository, &tree), -ENOSPC);
	file = file_node("file", &data);
	file.size = UINT64_MAX;
	tree = store_tree(repository, &file, 1);
	ck_assert_int_eq(plan(repository, &tree), 0);
	ck_assert_uint_eq(progress.bytes_total, 4);
}
END_TEST

/* A file with several names takes its room once, but is counted under each. */
START_TEST(names_of_a_file)
{
	struct store *store;
	cleanup_repository struct repository *repository = lying_repository(&store);
	const struct node file = file_of(60, 0, LARGE);
	struct node nodes[2] = {file, file};
	struct id tree;

	nodes[1].name = "other";
	tree = store_tree(repository, nodes, 2);
	ck_assert_int_eq(plan(repository, &tree), -ENOSPC);
	nodes[0].links = nodes[1].links = 2;
	nodes[0].inode = nodes[1].inode = 7;
	tree = store_tree(repository, nodes, 2);
	ck_assert_int_eq(plan(repository, &tree), 0);
	ck_assert_uint_eq(progress.files_total, 2);
	nodes[1].device_id = 1; /* the same number elsewhere */
	tree = store_tree(repository, nodes, 2);
	ck_assert_int_eq(plan(repository, &tree), -ENOSPC);
}
END_TEST

/* What is there and stays needs no room, nor what goes; what is chosen counts alone. */
START_TEST(what_is_there)
{
	struct store *store;
	cleanup_repository struct repository *repository = lying_repository(&store);
	const struct node file = file_of(150, 0, LARGE);
	struct id tree = store_tree(repository, &file, 1);
	const struct node dir = dir_node("d", tree);
	cleanup_filter struct filter filter = {0};
	struct err err = ERR_INIT;

	tree = store_tree(repository, &dir, 1);
	ck_assert_int_eq(filter_add(&filter, "/d/file", &err), 0);
	ck_assert_int_eq(
		plan_as(repository, &tree, &(struct plan_options){.keeps = true}, &err), -ENOSPC);
	ck_assert_int_eq(
		plan_as(repository, &tree, &(struct plan_options){.includes = &filter}, &err),
		-ENOSPC);
	ck_assert_int_eq(
		plan_as(repository, &tree, &(struct plan_options){.excludes = &filter}, &err), 0);
	ck_assert_uint_eq(progress.files_total, 0);
	room_mkdir("d");
	room_write("d/file", "there");
	ck_assert_int_eq(
		plan_as(repository, &tree, &(struct plan_options){.keeps = true}, &err), 0);
	ck_assert_int_eq(plan(repository, &tree), -ENOSPC);
	/* Somebody's link is not gone through. */
	ck_assert_int_eq(rename(room_path("d"), room_path("elsewhere")), 0);
	ck_assert_int_eq(symlink("elsewhere", room_path("d")), 0);
	ck_assert_int_eq(
		plan_as(repository, &tree, &(struct plan_options){.keeps = true}, &err), -ENOSPC);
}
END_TEST

START_TEST(goes_on_and_ends)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id nowhere = blob(1), data = store_data(repository, "leaf"), tree;
	const struct node nodes[] = {dir_node("a", nowhere), file_node("b", &nowhere),
		file_node("c", &data), dir_node("d", data)};
	volatile bool stop = false;
	struct err err;

	tree = store_tree(repository, nodes, 4);
	ck_assert_int_eq(
		plan_as(repository, &tree, &(struct plan_options){.stop = &stop}, &err), 0);
	ck_assert_uint_eq(progress.files_total, 2);
	ck_assert_uint_eq(progress.bytes_total, 4);
	ck_assert_int_eq(plan(repository, &nowhere), 0);
	stop = true;
	ck_assert_int_eq(plan_as(repository, &tree, &(struct plan_options){.stop = &stop}, &err),
		-ECANCELED);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("plan");

	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, wide);
	tcase_add_loop_test(tcase, file_sizes, 0, COUNT(sizes));
	tcase_add_test(tcase, lying_size);
	tcase_add_test(tcase, names_of_a_file);
	tcase_add_test(tcase, what_is_there);
	tcase_add_test(tcase, goes_on_and_ends);
	return unit_main("plan", tcase);
}
