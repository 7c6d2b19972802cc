#include "archive/check.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "archive/select.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "repo/pack.h"
#include "repo/stream/tree_stream.h"

#define DEPTH_MAX 2048 /* folders */
#define PIECE (1u << 20)
#define MESSAGES_MAX 1000 /* of a kind, before the rest is only counted */

/* A pack file that is there. */
struct found {
	uint64_t size; /* bytes; 0: missing */
};

struct checker {
	struct repository *repository;
	const struct check_options *options;
	struct found *packs; /* owned, by the index's numbers */
	uint8_t *seen; /* owned, by the number of an index entry: its tree was checked */
	unsigned errors;
};

static void checker_done(struct checker *checker)
{
	free(checker->packs);
	free(checker->seen);
}

static void tell(struct checker *checker, const char *what, const struct err *err)
{
	if (checker->errors++ < MESSAGES_MAX && checker->options->on_error)
		checker->options->on_error(checker->options->context, what, err);
	progress_add(&checker->options->progress->errors, 1);
}

static int tick(struct checker *checker, struct err *err)
{
	if (checker->options->stop && *checker->options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "check: interrupted");
	if (checker->options->tick)
		checker->options->tick(checker->options->context);
	return 0;
}

static const struct index *index_of(const struct checker *checker)
{
	return repository_index(checker->repository);
}

/* --- Packs against the index --- */

static int note_pack(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct checker *checker = context;
	const struct index *index = index_of(checker);
	char name[ID_TEXT_SIZE];
	uint32_t pack;

	(void)err;
	if (index_find_pack(index, id, &pack)) {
		checker->packs[pack].size = size_bytes;
		return 0;
	}
	id_format(id, name);
	if (checker->options->on_note)
		checker->options->on_note(checker->options->context, name, "pack is in no index");
	return 0;
}

/* What a pack's size must be by its list. */
static uint64_t expected_size(const struct index_entry *const *entries, size_t count)
{
	uint64_t size = CIPHER_OVERHEAD + 4;

	for (size_t i = 0; i < count; i++)
		size += entries[i]->location.length +
			(entries[i]->location.plain_length ? 41u : 37u);
	return size;
}

/* Collects the entries of the pack at a number of the list in ret (pointers to them) and returns
 * how many they are in the list. A blob given twice at one place (by two index files) comes
 * once. */
static int take_pack(const struct sorted *list, size_t number, struct buf *ret, size_t *ret_count,
	struct err *err)
{
	const struct index_entry *entry = sorted_at(list, number), *last = NULL;
	uint32_t pack = entry->pack;
	size_t n = 0;
	int r = 0;

	buf_clear(ret);
	while (r >= 0 && entry->pack == pack) {
		if (!last || last->location.offset != entry->location.offset ||
			!id_equal(&last->id, &entry->id))
			r = buf_add(ret, &entry, sizeof(entry), err);
		last = entry;
		if (number + ++n == sorted_count(list))
			break;
		entry = sorted_at(list, number + n);
	}
	*ret_count = n;
	return r;
}

static void check_pack_size(
	struct checker *checker, const struct index_entry *const *entries, size_t count)
{
	const struct found *found = &checker->packs[entries[0]->pack];
	uint64_t expected = expected_size(entries, count);
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];

	id_format(index_pack_id(index_of(checker), entries[0]->pack), name);
	if (!found->size) {
		err_set(&err, ERR_CORRUPT, ENOENT, "pack is missing");
		tell(checker, name, &err);
	} else if (found->size != expected) {
		err_set(&err, ERR_CORRUPT, EBADMSG,
			"pack has %llu bytes, by the index it should have %llu",
			(unsigned long long)found->size, (unsigned long long)expected);
		tell(checker, name, &err);
	}
}

/* --- Reading packs --- */

/* The whole pack, hashed, in memory: packs are at most some tens of MiB. */
static int load_pack(struct checker *checker, const struct id *id, uint64_t size, struct buf *ret,
	struct err *err)
{
	struct hash *hash = blob_codec_hash(repository_codec(checker->repository));
	char name[ID_TEXT_SIZE];
	struct id found;
	int r;

	id_format(id, name);
	buf_clear(ret);
	r = buf_reserve(ret, size, err);
	for (uint64_t at = 0; r >= 0 && at < size; at += PIECE) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		r = store_read(repository_store(checker->repository), STORE_PACK, name, at,
			ret->data + at, n, err);
	}
	if (r >= 0)
		r = hash_once(hash, ret->data, size, found.bytes, err);
	if (r < 0)
		return r;
	ret->size = size;
	if (!id_equal(&found, id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "pack's hash is another");
	return 0;
}

/* Opens the header of a pack in memory and lists its blobs. */
static int read_header(struct checker *checker, struct buf *pack, struct buf *ret, struct err *err)
{
	struct cipher *cipher = blob_codec_cipher(repository_codec(checker->repository));
	uint32_t length;
	uint8_t *header;
	int r;

	if (pack->size < CIPHER_OVERHEAD + sizeof(length))
		return err_set(err, ERR_CORRUPT, EBADMSG, "pack is too short to be one");
	memcpy(&length, pack->data + pack->size - sizeof(length), sizeof(length));
	length = le32toh(length);
	if (length < CIPHER_OVERHEAD || length > PACK_HEADER_MAX ||
		length > pack->size - sizeof(length))
		return err_set(err, ERR_CORRUPT, EBADMSG, "pack's header has a wrong length");
	header = pack->data + pack->size - sizeof(length) - length;
	r = cipher_open(cipher, header, length, err);
	if (r < 0)
		return r;
	return pack_header_parse(header + CIPHER_IV_SIZE, length - CIPHER_OVERHEAD,
		pack->size - sizeof(length) - length, ret, err);
}

static bool same_entry(const struct pack_entry *a, const struct index_entry *b)
{
	return id_equal(&a->id, &b->id) && (a->type == BLOB_TREE) == b->is_tree &&
	       a->location.offset == b->location.offset &&
	       a->location.length == b->location.length &&
	       a->location.plain_length == b->location.plain_length;
}

static int check_blob(struct checker *checker, struct buf *pack, const struct pack_entry *entry,
	struct buf *scratch, struct err *err)
{
	if (blob_plain_size(&entry->location) > blob_plain_max(entry->type))
		return err_set(err, ERR_CORRUPT, EFBIG, "blob is too large");
	return blob_open(repository_codec(checker->repository), pack->data + entry->location.offset,
		entry->location.length, entry->location.plain_length, &entry->id, scratch, err);
}

static void check_pack_data(struct checker *checker, const struct index_entry *const *entries,
	size_t count, struct buf *pack, struct buf *scratch)
{
	cleanup_buf struct buf list = BUF_INIT(PACK_HEADER_MAX * 2);
	const struct id *id = index_pack_id(index_of(checker), entries[0]->pack);
	const struct pack_entry *found;
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	size_t found_count;
	int r;

	id_format(id, name);
	r = load_pack(checker, id, checker->packs[entries[0]->pack].size, pack, &err);
	if (r >= 0)
		r = read_header(checker, pack, &list, &err);
	found = (const struct pack_entry *)(const void *)list.data;
	found_count = list.size / sizeof(*found);
	if (r >= 0 && found_count != count)
		r = err_set(&err, ERR_CORRUPT, EBADMSG, "pack lists %zu blobs, the index %zu",
			found_count, count);
	for (size_t i = 0; r >= 0 && i < found_count; i++) {
		if (!same_entry(&found[i], entries[i]))
			r = err_set(&err, ERR_CORRUPT, EBADMSG,
				"pack and index disagree about blob %zu", i);
		else
			r = check_blob(checker, pack, &found[i], scratch, &err);
	}
	if (r < 0)
		tell(checker, name, &err);
}

static bool is_read(const struct checker *checker, uint32_t pack)
{
	const struct check_options *options = checker->options;
	uint64_t size = checker->packs[pack].size;

	return options->read_data && size &&
	       (!options->wants || options->wants(options->context,
					   index_pack_id(index_of(checker), pack), size));
}

static int check_packs(struct checker *checker, struct err *err)
{
	cleanup_buf struct buf pack = BUF_INIT(512u << 20), scratch = BUF_INIT(BLOB_TREE_MAX + 1);
	cleanup_buf struct buf found = BUF_INIT(PACK_HEADER_MAX);
	cleanup_sorted struct sorted *list = NULL;
	struct progress *progress = checker->options->progress;
	int r = index_by_pack(index_of(checker), &list, err);
	size_t n;

	for (size_t at = 0; r >= 0 && at < sorted_count(list); at += n) {
		const struct index_entry **entries;
		size_t unique;

		r = take_pack(list, at, &found, &n, err);
		if (r < 0)
			break;
		entries = (const struct index_entry **)(void *)found.data;
		unique = found.size / sizeof(*entries);
		check_pack_size(checker, entries, unique);
		if (is_read(checker, entries[0]->pack))
			check_pack_data(checker, entries, unique, &pack, &scratch);
		progress_add(&progress->files_done, 1);
		progress_add(&progress->bytes_done, checker->packs[entries[0]->pack].size);
		r = tick(checker, err);
	}
	return r;
}

/* --- Snapshots and trees --- */

static void check_content(struct checker *checker, const struct node *node, const char *tree)
{
	struct err err = ERR_INIT;
	uint64_t size = 0, blob;
	char name[ID_TEXT_SIZE];

	for (size_t i = 0; i < node->content_count; i++) {
		if (!repository_blob_size(
			    checker->repository, BLOB_DATA, &node->content[i], &blob)) {
			id_format(&node->content[i], name);
			err_set(&err, ERR_CORRUPT, ENOENT,
				"file \"%.200s\": blob %.16s is in no index", node->name, name);
			tell(checker, tree, &err);
			return;
		}
		size += blob;
	}
	if (node->type == NODE_FILE && size != node->size) {
		err_set(&err, ERR_CORRUPT, EBADMSG,
			"file \"%.200s\": %llu bytes of content, entry says %llu", node->name,
			(unsigned long long)size, (unsigned long long)node->size);
		tell(checker, tree, &err);
	}
}

static int check_tree(
	struct checker *checker, const struct id *id, unsigned depth, struct err *err);

static int check_node(struct checker *checker, const struct node *node, const char *tree,
	unsigned depth, struct err *err)
{
	struct err node_err = ERR_INIT;
	int r = 0;

	if (node->unsafe)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "an entry's name is no file name");
	else if (node->out_of_order)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "entry \"%.200s\" is out of order",
			node->name);
	else if (node->type == NODE_OTHER)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "entry \"%.200s\" has no known type",
			node->name);
	else if (node->type == NODE_DIR && !node->has_subtree)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "folder \"%.200s\" has no tree",
			node->name);
	if (node_err.code)
		tell(checker, tree, &node_err);
	if (node->type == NODE_FILE)
		check_content(checker, node, tree);
	if (node->type == NODE_DIR && node->has_subtree)
		r = check_tree(checker, &node->subtree, depth + 1, err);
	return r;
}

static int check_tree(struct checker *checker, const struct id *id, unsigned depth, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct err tree_err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	struct node node;
	size_t number;
	int r, step;

	id_format(id, name);
	if (index_number(index_of(checker), BLOB_TREE, id, &number)) {
		if (checker->seen[number])
			return 0;
		checker->seen[number] = 1;
	}
	r = depth < DEPTH_MAX ? 0 : err_set(&tree_err, ERR_CORRUPT, ELOOP, "folders are too deep");
	if (r >= 0)
		r = tree_stream_open(checker->repository, repository_codec(checker->repository), id,
			&stream, &tree_err);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, &tree_err)) == 1) {
		step = check_node(checker, &node, name, depth, err);
		if (step < 0)
			return step;
	}
	if (r < 0)
		tell(checker, name, &tree_err);
	return tick(checker, err);
}

static int check_snapshots(struct checker *checker, const struct select_list *list, struct err *err)
{
	int r = 0;

	if (list->damaged) {
		tell(checker, "snapshots", &list->err);
		checker->errors += list->damaged - 1;
	}
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = check_tree(checker, &list->items[i].tree, 0, err);
	return r;
}

static int prepare(struct checker *checker, struct err *err)
{
	struct progress *progress = checker->options->progress;
	struct err index_err = ERR_INIT;
	unsigned damaged = 0;
	size_t packs, blobs;
	int r = repository_load_index(checker->repository, &damaged, err);

	if (r < 0)
		return r;
	if (damaged) {
		err_set(&index_err, ERR_CORRUPT, EBADMSG, "%u index files are damaged", damaged);
		tell(checker, "index", &index_err);
	}
	packs = index_pack_count(index_of(checker));
	blobs = index_count(index_of(checker));
	checker->packs = calloc(packs ? packs : 1, sizeof(*checker->packs));
	checker->seen = calloc(blobs ? blobs : 1, 1);
	if (!checker->packs || !checker->seen)
		return err_oom(err);
	r = repository_list(checker->repository, STORE_PACK, note_pack, checker, err);
	for (size_t i = 0; r >= 0 && i < packs; i++)
		progress_add(&progress->bytes_total, checker->packs[i].size);
	progress_add(&progress->files_total, packs);
	progress_know_total(progress);
	return r;
}

int check_run(struct repository *repository, const struct check_options *options, struct err *err)
{
	cleanup_select struct select_list list = {0};
	struct checker checker = {.repository = repository, .options = options};
	int r = select_load(repository, &list, err); /* before the index: see the format */

	if (r >= 0)
		r = prepare(&checker, err);
	if (r >= 0)
		r = check_snapshots(&checker, &list, err);
	if (r >= 0)
		r = check_packs(&checker, err);
	checker_done(&checker);
	if (r < 0)
		return r;
	return checker.errors > INT_MAX ? INT_MAX : (int)checker.errors;
}
