#include "archive/check.h"

#include "../unit.h"
#include "archive/save.h"
#include "repo/tree.h"
#include "room.h"

static void save(struct repository *repository)
{
	cleanup_str_list struct str_list paths = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	static const struct filter none;
	struct progress progress;
	const struct save_options options = {
		.paths = &paths, .excludes = &none, .progress = &progress};
	struct err err = ERR_INIT;

	room_mkdir("src");
	room_write("src/a", "the content of a");
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(str_list_add(&paths, room_path("src"), &err), 0);
	ck_assert_int_eq(save_run(repository, NULL, &options, &snapshot, &err), 0);
}

/* The store outlives the repositories that are opened on it. */
static struct store_ops lasting_ops;

static void keep(struct store *store)
{
	(void)store;
}

static int check(struct store *store, bool read_data, struct room_told *told)
{
	cleanup_repository struct repository *repository = NULL;
	struct progress progress;
	const struct check_options options = {
		.read_data = read_data,
		.progress = &progress,
		.on_error = room_tell,
		.context = told,
	};
	struct err err = ERR_INIT;

	progress_start(&progress, &clock_system);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	return check_run(repository, &options, &err);
}

static int first_name(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)size;
	(void)err;
	snprintf(context, STORE_NAME_SIZE, "%s", name);
	return 0;
}

static const struct {
	enum store_type type;
	bool remove; /* or one bit turned */
	uint64_t offset;
	bool read_data;
	bool seen;
} cases[] = {
	{STORE_PACK, true, 0, false, true},
	{STORE_PACK, false, 20, false, false}, /* only reading shows it */
	{STORE_PACK, false, 20, true, true},
	{STORE_SNAPSHOT, false, 20, false, true},
	{STORE_INDEX, true, 0, false, true},
	{STORE_INDEX, false, 20, false, true},
};

START_TEST(damage_is_seen)
{
	struct store *store;
	struct repository *repository = room_repository(&store);
	struct room_told told = {0};
	char name[STORE_NAME_SIZE] = "";
	struct err err = ERR_INIT;
	const struct store_ops *ops = store->ops;
	int r;

	lasting_ops = *ops;
	lasting_ops.close = keep;
	store->ops = &lasting_ops;
	save(repository);
	repository_close(repository);
	ck_assert_int_eq(check(store, true, &told), 0);
	ck_assert_int_eq(store_list(store, cases[_i].type, first_name, name, &err), 0);
	ck_assert(store_name_is_valid(name));
	if (cases[_i].remove)
		ck_assert_int_eq(store_remove(store, cases[_i].type, name, &err), 0);
	else
		ck_assert_int_eq(
			memory_store_damage(store, cases[_i].type, name, cases[_i].offset, &err),
			0);
	r = check(store, cases[_i].read_data, &told);
	ck_assert_int_ge(r, 0);
	ck_assert_int_eq(r > 0, cases[_i].seen);
	ck_assert_int_eq(told.count > 0, cases[_i].seen);
	store->ops = ops;
	store_close(store);
}
END_TEST

/* --- Trees that say what is not so --- */

static const struct id lost = {{7}};

static void lose_content(struct node *nodes)
{
	nodes[1].content = &lost;
}

static void lose_folder(struct node *nodes)
{
	nodes[0].subtree = lost;
}

static void drop_subtree(struct node *nodes)
{
	nodes[0].has_subtree = false;
}

static void lie_about_size(struct node *nodes)
{
	nodes[1].size++;
}

static void lead_out(struct node *nodes)
{
	nodes[0].name = "..";
}

static void swap_order(struct node *nodes)
{
	nodes[0].name = "z";
}

static void (*const changes[])(struct node *nodes) = {
	NULL, lose_content, lose_folder, drop_subtree, lie_about_size, lead_out, swap_order};

static struct id store_tree(struct repository *repository, const struct node *nodes, size_t count)
{
	cleanup_buf struct buf text = BUF_INIT(1 << 20);
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(tree_begin(&text, &err), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(tree_add(&text, &nodes[i], i == 0, &err), 0);
	ck_assert_int_eq(tree_end(&text, &err), 0);
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_TREE,
				 text.data, text.size, &id, &added, &err),
		0);
	return id;
}

/* A snapshot with a folder "a" and a file "b" in a folder "in", changed before it is stored. */
static void save_tree(struct repository *repository, void (*change)(struct node *nodes))
{
	cleanup_buf struct buf text = BUF_INIT(10000);
	struct snapshot snapshot = {.time = {100, 0}};
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id content;
	struct node nodes[] = {
		{.name = "a",
			.type = NODE_DIR,
			.mode = node_mode(S_IFDIR | 0755),
			.subtree = store_tree(repository, NULL, 0),
			.has_subtree = true},
		{.name = "b",
			.type = NODE_FILE,
			.size = 4,
			.content = &content,
			.content_count = 1},
	};
	struct node in = nodes[0];

	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 "data", 4, &content, &added, &err),
		0);
	if (change)
		change(nodes);
	in.name = "in";
	in.subtree = store_tree(repository, nodes, 2);
	snapshot.tree = store_tree(repository, &in, 1);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_eq(snapshot_format(&snapshot, &text, &err), 0);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository),
				 STORE_SNAPSHOT, text.data, text.size, &snapshot.id, &err),
		0);
}

/* Runs fn on a fresh repository, closes it, and checks what is in its store then. */
static void expect(void (*fn)(struct repository *repository), void (*change)(struct node *nodes),
	bool read_data, bool seen)
{
	struct store *store;
	struct repository *repository = room_repository(&store);
	const struct store_ops *ops = store->ops;
	struct room_told told = {0};
	int r;

	lasting_ops = *ops;
	lasting_ops.close = keep;
	store->ops = &lasting_ops;
	save_tree(repository, change);
	if (fn)
		fn(repository);
	repository_close(repository);
	r = check(store, read_data, &told);
	ck_assert_int_ge(r, 0);
	ck_assert_msg((r > 0) == seen, "%s", told.last);
	store->ops = ops;
	store_close(store);
}

START_TEST(trees)
{
	expect(NULL, changes[_i], false, changes[_i] != NULL);
}
END_TEST

/* Another index that says that a pack has a second blob where it has its first. */
static void add_index(struct repository *repository)
{
	const struct index_entry *first = index_at(repository_index(repository), 0);
	cleanup_free char *text = NULL;
	char pack[ID_TEXT_SIZE], blob[ID_TEXT_SIZE];
	struct err err = ERR_INIT;
	struct id id;

	id_format(index_pack_id(repository_index(repository), first->pack), pack);
	id_format(&lost, blob);
	text = str_printf("{\"packs\":[{\"id\":\"%s\",\"blobs\":[{\"id\":\"%s\",\"type\":\"%s\","
			  "\"offset\":%u,\"length\":%u,\"uncompressed_length\":%u}]}]}",
		pack, blob, first->is_tree ? "tree" : "data", first->location.offset,
		first->location.length, first->location.plain_length);
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository), STORE_INDEX,
				 text, strlen(text), &id, &err),
		0);
}

START_TEST(two_blobs_at_one_place)
{
	expect(add_index, NULL, _i, true);
	expect(add_index, lose_content, _i, true);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("check");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_loop_test(tcase, damage_is_seen, 0, COUNT(cases));
	tcase_add_loop_test(tcase, trees, 0, COUNT(changes));
	tcase_add_loop_test(tcase, two_blobs_at_one_place, 0, 2);
	return unit_main("check", tcase);
}
