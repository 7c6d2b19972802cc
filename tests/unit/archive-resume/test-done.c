#include "archive/resume/done.h"

#include "../archive/lasting.h"
#include "../cheap.h"
#include "../unit.h"

/* A tree of files, one letter each. */
static struct id store_tree(struct repository *repository, const char *names)
{
	cleanup_buf struct buf text = BUF_INIT(1 << 20);
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(tree_begin(&text, &err), 0);
	for (size_t i = 0; names[i]; i++) {
		const char name[] = {names[i], '\0'};
		const struct node node = {.name = name, .type = NODE_FILE};

		ck_assert_int_eq(tree_add(&text, &node, i == 0, &err), 0);
	}
	ck_assert_int_eq(tree_end(&text, &err), 0);
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_TREE,
				 text.data, text.size, &id, &added, &err),
		0);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	return id;
}

static const struct {
	const char *names, *asked;
} cases[] = {
	{"abd", "abcde"},
	{"abd", "d"}, /* not every one is asked for */
	{"bd", "ae"},
	{"", "a"},
};

START_TEST(find)
{
	struct repository *repository;
	struct lasting lasting;
	struct done *done;
	struct err err = ERR_INIT;
	struct id tree;

	lasting_make(&lasting);
	ck_assert_int_eq(lasting_open(&lasting, NULL, &repository, &err), 0);
	tree = store_tree(repository, cases[_i].names);
	done = done_open(repository, &tree);
	ck_assert_ptr_nonnull(done);
	for (size_t i = 0; cases[_i].asked[i]; i++) {
		const char name[] = {cases[_i].asked[i], '\0'};
		const struct node *node = done_find(done, name);

		ck_assert_int_eq(node != NULL, strchr(cases[_i].names, *name) != NULL);
		if (node)
			ck_assert_str_eq(node->name, name);
	}
	done_close(done);
	repository_close(repository);
	lasting_drop(&lasting);
}
END_TEST

/* One that is gone is no tree at all. */
START_TEST(gone)
{
	const struct id nowhere = {{7}};
	struct repository *repository;
	struct lasting lasting;
	struct err err = ERR_INIT;

	lasting_make(&lasting);
	ck_assert_int_eq(lasting_open(&lasting, NULL, &repository, &err), 0);
	ck_assert_ptr_null(done_open(repository, NULL));
	ck_assert_ptr_null(done_open(repository, &nowhere));
	ck_assert_ptr_null(done_find(NULL, "a"));
	done_close(NULL);
	repository_close(repository);
	lasting_drop(&lasting);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("done");

	tcase_add_loop_test(tcase, find, 0, COUNT(cases));
	tcase_add_test(tcase, gone);
	return unit_main("archive/resume/done", tcase);
}
