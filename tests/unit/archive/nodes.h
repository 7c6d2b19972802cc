/* Trees made by hand, for tests. */
#ifndef NEXUS_TESTS_UNIT_ARCHIVE_NODES_H
#define NEXUS_TESTS_UNIT_ARCHIVE_NODES_H

#include "repo/tree.h"
#include "room.h"

static inline struct id store_tree(
	struct repository *repository, const struct node *nodes, size_t count)
{
	cleanup_buf struct buf text = BUF_INIT(1 << 21);
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

static inline struct id store_data(struct repository *repository, const char *text)
{
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 text, strlen(text), &id, &added, &err),
		0);
	return id;
}

static inline struct node file_node(const char *name, const struct id *content)
{
	return (struct node){
		.name = name,
		.type = NODE_FILE,
		.mode = 0600,
		.uid = getuid(),
		.gid = getgid(),
		.size = 4,
		.links = 1,
		.content = content,
		.content_count = 1,
	};
}

static inline struct node dir_node(const char *name, struct id subtree)
{
	return (struct node){
		.name = name,
		.type = NODE_DIR,
		.mode = 1u << 31 | 0755,
		.uid = getuid(),
		.gid = getgid(),
		.subtree = subtree,
		.has_subtree = true,
	};
}

#endif
