#include "archive/upkeep/reindex.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/upkeep/bits.h"
#include "archive/upkeep/packer.h"
#include "base/cleanup.h"
#include "repo/stream/pack_order.h"

#define FILES_MAX (64u << 20) /* bytes of ids */

static int note(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct reindex *reindex = context;

	(void)size_bytes;
	return buf_add(&reindex->files, id, sizeof(*id), err);
}

int reindex_init(
	struct reindex *reindex, struct repository *repository, struct lock *lock, struct err *err)
{
	*reindex = (struct reindex){
		.repository = repository,
		.lock = lock,
		.files = BUF_INIT(FILES_MAX),
		.obsolete = BUF_INIT(FILES_MAX),
	};
	return repository_list(repository, STORE_INDEX, note, reindex, err);
}

void reindex_done(struct reindex *reindex)
{
	buf_done(&reindex->files);
	buf_done(&reindex->obsolete);
}

static int load(struct reindex *reindex, const struct id *id, struct index **ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(INDEX_FILE_MAX);
	cleanup_index struct index *index = NULL;
	int r = index_new(&index, err);

	if (r >= 0)
		r = repository_load_file(reindex->repository, repository_codec(reindex->repository),
			STORE_INDEX, id, &text, err);
	if (r >= 0)
		r = index_parse(index, text.data, text.size, err);
	if (r < 0)
		return r;
	*ret = TAKE(index);
	return 0;
}

struct rewriting {
	struct reindex *reindex;
	const uint8_t *drop; /* borrowed */
	uint32_t *listed; /* owned: blobs with which each pack was listed by a file so far */
	struct index_batch batch; /* owned */
};

/* Whether a pack goes: it is dropped, or a file before listed the same. count: its blobs. */
static bool goes(const struct rewriting *rewriting, const struct id *pack, size_t count)
{
	const struct index *all = repository_index(rewriting->reindex->repository);
	uint32_t number;

	if (!index_find_pack(all, pack, &number))
		return false;
	return bits_has(rewriting->drop, number) || (count && rewriting->listed[number] == count);
}

static int keep_pack(struct rewriting *rewriting, const struct id *pack,
	const struct index_entry *entries, size_t count, struct err *err)
{
	cleanup_buf struct buf list = BUF_INIT(UINT32_MAX);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		const struct pack_entry one = {
			.id = entries[i].id,
			.type = entries[i].is_tree ? BLOB_TREE : BLOB_DATA,
			.location = entries[i].location,
		};

		r = buf_add(&list, &one, sizeof(one), err);
	}
	if (r >= 0)
		r = index_batch_add(&rewriting->batch, pack,
			(const struct pack_entry *)(const void *)list.data, count, err);
	if (r < 0 || rewriting->batch.blobs < INDEX_BLOBS_MAX)
		return r;
	return packer_save_index(rewriting->reindex->repository, &rewriting->batch, err);
}

/* How many packs of a file go. */
static int count_going(const struct rewriting *rewriting, const struct index *index,
	struct pack_order *order, size_t *ret, struct err *err)
{
	cleanup_buf struct buf list = BUF_INIT(UINT32_MAX);
	size_t going = 0;
	int r;

	/* Also those without blobs, which are in no order. */
	for (uint32_t p = 0; p < index_pack_count(index); p++)
		going += goes(rewriting, index_pack_id(index, p), 0);
	while ((r = pack_order_next(order, &list, err)) > 0) {
		const struct index_entry *entries = (const void *)list.data;

		going += goes(rewriting, index_pack_id(index, entries->pack),
			list.size / sizeof(*entries));
	}
	*ret = going;
	return r;
}

/* Notes the packs of a file that stay, and writes them anew if something goes. */
static int keep_packs(struct rewriting *rewriting, const struct index *index,
	struct pack_order *order, bool write, struct err *err)
{
	const struct index *all = repository_index(rewriting->reindex->repository);
	cleanup_buf struct buf list = BUF_INIT(UINT32_MAX);
	int r;

	while ((r = pack_order_next(order, &list, err)) > 0) {
		const struct index_entry *entries = (const void *)list.data;
		const struct id *pack = index_pack_id(index, entries->pack);
		size_t count = list.size / sizeof(*entries);
		uint32_t number;

		if (goes(rewriting, pack, count))
			continue;
		if (index_find_pack(all, pack, &number))
			rewriting->listed[number] = (uint32_t)count;
		r = write ? keep_pack(rewriting, pack, entries, count, err) : 0;
		if (r < 0)
			break;
	}
	return r;
}

static int rewrite_file(struct rewriting *rewriting, const struct id *id, const struct index *index,
	struct err *err)
{
	cleanup_pack_order struct pack_order order = {0};
	size_t going = 0;
	int r = pack_order_init(&order, index, NULL, NULL, err);

	if (r >= 0)
		r = count_going(rewriting, index, &order, &going, err);
	order.next = 0;
	if (r >= 0)
		r = keep_packs(rewriting, index, &order, going, err);
	if (r < 0 || !going)
		return r;
	return buf_add(&rewriting->reindex->obsolete, id, sizeof(*id), err);
}

static int rewrite_one(
	struct rewriting *rewriting, const struct id *id, bool may_be_damaged, struct err *err)
{
	struct reindex *reindex = rewriting->reindex;
	cleanup_index struct index *index = NULL;
	int r = reindex->lock ? lock_refresh(reindex->lock, err) : 0;

	if (r >= 0)
		r = load(reindex, id, &index, err);
	if (r < 0 && may_be_damaged && err->kind == ERR_CORRUPT) {
		reindex->damaged++;
		return buf_add(&reindex->obsolete, id, sizeof(*id), err);
	}
	return r < 0 ? r : rewrite_file(rewriting, id, index, err);
}

int reindex_write(
	struct reindex *reindex, const uint8_t *drop, bool may_be_damaged, struct err *err)
{
	const struct id *files = (const struct id *)(const void *)reindex->files.data;
	size_t packs = index_pack_count(repository_index(reindex->repository));
	cleanup_free uint32_t *listed = calloc(packs + 1, sizeof(*listed));
	struct rewriting rewriting = {.reindex = reindex, .drop = drop, .listed = listed};
	int r = listed ? 0 : err_oom(err);

	index_batch_init(&rewriting.batch);
	for (size_t i = 0; r >= 0 && i < reindex->files.size / sizeof(*files); i++)
		r = rewrite_one(&rewriting, &files[i], may_be_damaged, err);
	if (r >= 0)
		r = packer_save_index(reindex->repository, &rewriting.batch, err);
	index_batch_done(&rewriting.batch);
	return r < 0 ? err_wrap(err, "rewrite index") : 0;
}

int reindex_remove(struct reindex *reindex, struct err *err)
{
	const struct id *files = (const struct id *)(const void *)reindex->obsolete.data;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < reindex->obsolete.size / sizeof(*files); i++) {
		char name[ID_TEXT_SIZE];

		id_format(&files[i], name);
		r = reindex->lock ? lock_refresh(reindex->lock, err) : 0;
		if (r >= 0)
			r = store_remove(
				repository_store(reindex->repository), STORE_INDEX, name, err);
		if (r == -ENOENT)
			r = 0;
	}
	return r < 0 ? err_wrap(err, "remove old index files") : 0;
}
