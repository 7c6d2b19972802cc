/* test-hostile REPOSITORY KIND: puts into a repository what was made to harm, sealed with its own
 * key: see kinds below. The password is in RESTIC_PASSWORD. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repo/pack.h"
#include "repo/repository.h"
#include "repo/snapshot.h"
#include "repo/tree.h"
#include "store/local.h"

#define WIDE_DEPTH 40u /* folders: 2^40 paths */
#define LARGE_DEPTH 1500u
#define LARGE_TREE (1000u << 10) /* bytes */
#define BOMB_PIECES 600u /* MiB of JSON */

struct harm {
	struct repository *repository;
	struct blob_codec *codec;
	struct store *store;
};

static int save_snapshot(struct harm *harm, const struct id *tree, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	const struct snapshot snapshot = {.time = {1900000000, 0},
		.tree = *tree,
		.hostname = (char *)(uintptr_t) "hostile",
		.username = (char *)(uintptr_t) "root"};
	struct id id;
	int r = snapshot_format(&snapshot, &text, err);

	return r < 0 ? r
		     : repository_save_file(harm->repository, harm->codec, STORE_SNAPSHOT,
			       text.data, text.size, &id, err);
}

/* --- Trees --- */

static int save_tree(struct harm *harm, const struct node *nodes, size_t count, size_t spaces,
	struct id *ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX);
	struct repository_added added;
	int r = tree_begin(&text, err);

	if (r >= 0)
		r = buf_reserve(&text, spaces, err);
	if (r < 0)
		return r;
	if (spaces)
		memset(text.data + text.size, ' ', spaces);
	text.size += spaces;
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = tree_add(&text, &nodes[i], i == 0, err);
	if (r >= 0)
		r = tree_end(&text, err);
	return r < 0 ? r
		     : repository_save_blob(harm->repository, harm->codec, BLOB_TREE, text.data,
			       text.size, ret, &added, err);
}

static struct node dir_node(const char *name, const struct id *subtree)
{
	return (struct node){.name = name,
		.type = NODE_DIR,
		.mode = 1u << 31 | 0755,
		.subtree = *subtree,
		.has_subtree = true};
}

static int save_leaf(struct harm *harm, struct id *ret, struct err *err)
{
	struct repository_added added;
	struct node node = {.name = "leaf", .type = NODE_FILE, .mode = 0644, .links = 1, .size = 5};
	struct id data;
	int r = repository_save_blob(
		harm->repository, harm->codec, BLOB_DATA, "leaf\n", 5, &data, &added, err);

	node.content = &data;
	node.content_count = 1;
	return r < 0 ? r : save_tree(harm, &node, 1, 0, ret, err);
}

/* Each tree is count times in the one above. */
static int save_nest(
	struct harm *harm, unsigned depth, size_t count, size_t spaces, struct err *err)
{
	struct id tree;
	int r = save_leaf(harm, &tree, err);

	for (unsigned i = 0; r >= 0 && i < depth; i++) {
		const struct node nodes[] = {dir_node("a", &tree), dir_node("b", &tree)};

		r = save_tree(harm, nodes, count, spaces, &tree, err);
	}
	if (r >= 0)
		r = repository_flush(harm->repository, harm->codec, err);
	return r < 0 ? r : save_snapshot(harm, &tree, err);
}

static int wide(struct harm *harm, struct err *err)
{
	return save_nest(harm, WIDE_DEPTH, 2, 0, err);
}

static int large(struct harm *harm, struct err *err)
{
	return save_nest(harm, LARGE_DEPTH, 1, LARGE_TREE, err);
}

/* --- Files of JSON --- */

static int save_sealed(
	struct harm *harm, enum store_type type, const struct buf *sealed, struct err *err)
{
	char name[ID_TEXT_SIZE];
	struct id id;
	int r = blob_id(harm->codec, sealed->data, sealed->size, &id, err);

	if (r < 0)
		return r;
	id_format(&id, name);
	return store_save(harm->store, type, name, sealed->data, sealed->size, err);
}

/* Spaces, and then a text. */
static int save_bomb(
	struct harm *harm, enum store_type type, unsigned pieces, const char *end, struct err *err)
{
	cleanup_buf struct buf sealed = BUF_INIT(64u << 20);
	cleanup_free char *piece = malloc(1u << 20);
	int r = piece ? blob_file_begin(harm->codec, true, &sealed, err) : err_oom(err);

	if (r >= 0)
		memset(piece, ' ', 1u << 20);
	for (unsigned i = 0; r >= 0 && i < pieces; i++)
		r = blob_file_add(harm->codec, piece, 1u << 20, &sealed, err);
	if (r >= 0)
		r = blob_file_add(harm->codec, end, strlen(end), &sealed, err);
	if (r >= 0)
		r = blob_file_end(harm->codec, &sealed, err);
	return r < 0 ? r : save_sealed(harm, type, &sealed, err);
}

static int index_bomb(struct harm *harm, struct err *err)
{
	return save_bomb(harm, STORE_INDEX, BOMB_PIECES, "{\"packs\":[]}", err);
}

static int snapshot_bomb(struct harm *harm, struct err *err)
{
	return save_bomb(harm, STORE_SNAPSHOT, BOMB_PIECES, "{}", err);
}

static int lock_bomb(struct harm *harm, struct err *err)
{
	return save_bomb(harm, STORE_LOCK, BOMB_PIECES, "{}", err);
}

/* Many snapshots of 15 MiB, each another: a few bytes stored. */
static int snapshot_flood(struct harm *harm, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	struct id tree, id;
	int r = save_leaf(harm, &tree, err);
	char name[ID_TEXT_SIZE];

	id_format(&tree, name);
	if (r >= 0)
		r = repository_flush(harm->repository, harm->codec, err);
	for (unsigned i = 0; r >= 0 && i < 20; i++) {
		buf_clear(&text);
		r = buf_printf(&text, err,
			"{\"time\":\"2026-01-01T00:00:%02uZ\",\"tree\":\"%s\",\"paths\":[\"/\"],"
			"\"hostname\":\"%u\",\"tags\":[",
			i, name, i);
		for (unsigned n = 0; r >= 0 && n < 15; n++) {
			r = buf_add_byte(&text, '"', err);
			if (r >= 0)
				r = buf_reserve(&text, 1u << 20, err);
			if (r < 0)
				return r;
			memset(text.data + text.size, 'a', 1u << 20);
			text.size += 1u << 20;
			r = buf_add_text(&text, "\",", err);
		}
		if (r >= 0)
			r = buf_add_text(&text, "\"b\"]}", err);
		if (r >= 0)
			r = repository_save_file(harm->repository, harm->codec, STORE_SNAPSHOT,
				text.data, text.size, &id, err);
	}
	return r;
}

/* A frame of zstd that asks for a window of 2 GiB. */
static int index_window(struct harm *harm, struct err *err)
{
	static const uint8_t frame[] = {
		2, 0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3, 0x11, 0, 0, '{', '}'};
	static const uint8_t room[CIPHER_OVERHEAD];
	cleanup_buf struct buf sealed = BUF_INIT(4096);
	int r = buf_add(&sealed, room, CIPHER_IV_SIZE, err);

	if (r >= 0)
		r = buf_add(&sealed, frame, sizeof(frame), err);
	if (r >= 0)
		r = buf_add(&sealed, room, CIPHER_MAC_SIZE, err);
	if (r >= 0)
		r = cipher_seal(blob_codec_cipher(harm->codec), sealed.data, sizeof(frame), err);
	return r < 0 ? r : save_sealed(harm, STORE_INDEX, &sealed, err);
}

/* --- Packs --- */

/* An index that gives the tree of a snapshot 4 GiB, stored and plain. */
static int index_lie(struct harm *harm, struct err *err)
{
	static const char tree[] =
		"1111111111111111111111111111111111111111111111111111111111111111";
	cleanup_buf struct buf text = BUF_INIT(4096);
	struct id id;
	int r = buf_printf(&text, err,
		"{\"packs\":[{\"id\":"
		"\"2222222222222222222222222222222222222222222222222222222222222222\","
		"\"blobs\":[{\"id\":\"%s\",\"type\":\"tree\",\"offset\":0,\"length\":%u,"
		"\"uncompressed_length\":%u}]}]}",
		tree, UINT32_MAX, UINT32_MAX);

	if (r >= 0)
		r = repository_save_file(
			harm->repository, harm->codec, STORE_INDEX, text.data, text.size, &id, err);
	if (r < 0 || !id_parse(tree, &id))
		return r < 0 ? r : -EINVAL;
	return save_snapshot(harm, &id, err);
}

/* Packs whose ends tell of headers of 4 GiB, and of 16 MiB in a file of 100 bytes. */
static int pack_lie(struct harm *harm, struct err *err)
{
	static const uint32_t lengths[] = {UINT32_MAX, PACK_HEADER_MAX};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < 2; i++) {
		cleanup_buf struct buf pack = BUF_INIT(4096);
		uint32_t length = htole32(lengths[i]);

		r = buf_reserve(&pack, 100, err);
		if (r < 0)
			return r;
		memset(pack.data, (int)i, 100);
		pack.size = 100;
		r = buf_add(&pack, &length, sizeof(length), err);
		if (r >= 0)
			r = save_sealed(harm, STORE_PACK, &pack, err);
	}
	return r;
}

static const struct {
	const char *name;
	int (*make)(struct harm *harm, struct err *err);
} kinds[] = {
	{"wide", wide}, /* a snapshot of 40 folders, each twice in the one above */
	{"large", large}, /* 1500 folders in each other, each of a MiB */
	{"index-bomb", index_bomb}, /* 600 MiB of JSON in a few bytes */
	{"index-window", index_window},
	{"index-lie", index_lie},
	{"snapshot-bomb", snapshot_bomb},
	{"snapshot-flood", snapshot_flood},
	{"lock-bomb", lock_bomb},
	{"pack-lie", pack_lie},
};

static int run(const char *path, const char *kind, struct err *err)
{
	cleanup_repository struct repository *repository = NULL;
	struct harm harm;
	struct store *store = NULL;
	int r = local_store_open(path, false, &store, err);

	if (r >= 0)
		r = repository_open(store, getenv("RESTIC_PASSWORD"), NULL, &repository, err);
	if (r < 0)
		return r;
	harm = (struct harm){repository, repository_codec(repository), store};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i].name) == 0)
			return kinds[i].make(&harm, err);
	return err_set(err, ERR_CONFIG, EINVAL, "make %s: there is no such harm", kind);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc == 3 && getenv("RESTIC_PASSWORD") && run(argv[1], argv[2], &err) >= 0)
		return 0;
	fprintf(stderr, "test-hostile: %s\n", err.text);
	return 1;
}
