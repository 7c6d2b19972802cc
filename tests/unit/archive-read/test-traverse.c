#include "archive/read/traverse.h"

#include <errno.h>

#include "../archive/nodes.h"
#include "../unit.h"

struct seen {
	char text[1024];
	unsigned damaged;
	const char *skip;
};

static int enter(void *context, const struct node *node, const char *path, const struct id *tree,
	struct err *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	(void)node;
	(void)tree;
	(void)err;
	snprintf(seen->text + used, sizeof(seen->text) - used, "%s ", path);
	return seen->skip && strcmp(path, seen->skip) == 0 ? TRAVERSE_SKIP : 0;
}

static void leave(void *context, const struct node *node, const char *path)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	(void)node;
	snprintf(seen->text + used, sizeof(seen->text) - used, "<%s ", path);
}

static void damaged(void *context, const char *path, const struct err *err)
{
	struct seen *seen = context;

	ck_assert_str_eq(path, "/lost");
	ck_assert_int_ne(err->code, 0);
	seen->damaged++;
}

START_TEST(order_skipping_and_damage)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "data"), missing = {{5}}, tree;
	const struct node file = file_node("f", &data);
	struct node nodes[3];
	struct seen seen = {.damaged = 0}, again = {.skip = "/a"};
	struct traverse traverse = {
		.repository = repository, .enter = enter, .leave = leave, .context = &seen};
	struct err err = ERR_INIT;
	bool stop = true;

	nodes[0] = dir_node("a", store_tree(repository, &file, 1));
	nodes[1] = dir_node("lost", missing);
	nodes[2] = file_node("z", &data);
	tree = store_tree(repository, nodes, 3);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_lt(traverse_run(&traverse, &tree, "", &err), 0); /* nobody takes the damage */
	traverse.damaged = damaged;
	traverse.context = &again;
	ck_assert_int_eq(traverse_run(&traverse, &tree, "", &err), 0);
	ck_assert_str_eq(again.text, "/a </a /lost </lost /z ");
	ck_assert_uint_eq(again.damaged, 1);
	again.text[0] = '\0';
	again.skip = NULL;
	ck_assert_int_eq(traverse_run(&traverse, &tree, "", &err), 0);
	ck_assert_str_eq(again.text, "/a /a/f </a /lost </lost /z ");
	traverse.stop = &stop;
	ck_assert_int_eq(traverse_run(&traverse, &tree, "", &err), -ECANCELED);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("traverse");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, order_skipping_and_damage);
	return unit_main("traverse", tcase);
}
