#include "archive/repair/salvage.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/repair/rebuild.h"
#include "archive/upkeep/bits.h"
#include "archive/upkeep/packer.h"
#include "archive/upkeep/reindex.h"
#include "archive/upkeep/repack.h"
#include "base/cleanup.h"
#include "repo/stream/pack_order.h"

static int go_on(const struct salvage_options *options, struct err *err)
{
	if (options->stop && *options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "repair packs: interrupted");
	return options->lock ? lock_refresh(options->lock, err) : 0;
}

static int no_index(const char *name, const char *why, struct err *err)
{
	return err_set(
		err, ERR_NOT_FOUND, ENOENT, "repair pack %.16s: it is in no index%s", name, why);
}

/* Whether a blob of a pack that no index knows can be had from nowhere else. */
static int is_only_here(struct repository *repository, const char *name,
	const struct pack_entry *entry, struct err *err)
{
	const struct blob_location *location = &entry->location;
	cleanup_buf struct buf plain = BUF_INIT(blob_plain_max(entry->type));
	cleanup_free uint8_t *sealed = NULL;
	struct err blob_err = ERR_INIT;
	int r;

	if (repository_has_blob(repository, entry->type, &entry->id) ||
		location->length > blob_sealed_max(entry->type) ||
		blob_plain_size(location) > blob_plain_max(entry->type))
		return 0;
	sealed = malloc(location->length);
	if (!sealed)
		return err_oom(err);
	r = store_read(repository_store(repository), STORE_PACK, name, location->offset, sealed,
		location->length, err);
	if (r < 0)
		return r;
	r = blob_open(repository_codec(repository), sealed, location->length,
		location->plain_length, &entry->id, &plain, &blob_err);
	return r >= 0; /* one that is damaged was lost before */
}

/* A pack that is in no index is what a run left that was killed before it removed it, as long as
 * nothing stands in it alone. */
static int check_left(
	struct repository *repository, const struct id *pack, bool was_left, struct err *err)
{
	cleanup_buf struct buf list = BUF_INIT(PACK_HEADER_MAX * 2);
	const struct pack_entry *entries;
	struct err list_err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	uint64_t size;
	int r;

	id_format(pack, name);
	r = store_size(repository_store(repository), STORE_PACK, name, &size, err);
	if (r == -ENOENT && was_left)
		return 0; /* it removed it, too */
	if (r == -ENOENT)
		return no_index(name, ", and not there", err);
	if (r < 0)
		return r;
	r = rebuild_list_pack(repository, pack, size, &list, &list_err);
	if (r < 0 && list_err.kind == ERR_CORRUPT)
		return was_left ? 0 : no_index(name, ", and its own list is damaged", err);
	if (r < 0) {
		*err = list_err;
		return r;
	}
	entries = (const struct pack_entry *)(const void *)list.data;
	for (size_t i = 0; r >= 0 && i < list.size / sizeof(*entries); i++) {
		r = is_only_here(repository, name, &entries[i], err);
		if (r > 0)
			return no_index(name, "; 'repair index' enters it", err);
	}
	return r;
}

static int find_packs(struct repository *repository, const struct id *packs, size_t count,
	const struct salvage_options *options, uint8_t *drop, struct err *err)
{
	bool was_left = options->lock && lock_was_left(options->lock);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		uint32_t number;

		if (index_find_pack(repository_index(repository), &packs[i], &number))
			bits_add(drop, number);
		else
			r = check_left(repository, &packs[i], was_left, err);
	}
	return r;
}

/* What is called while blobs are moved. */
static int go_on_moving(void *context, struct err *err)
{
	return go_on(context, err);
}

static void count_moved(void *context, size_t pack)
{
	const struct salvage_options *options = context;

	(void)pack;
	progress_add(&options->progress->files_done, 1);
}

static void lose(void *context, const struct id *id, const struct err *err)
{
	const struct salvage_options *options = context;

	options->on_lost(options->context, id, err);
}

static int move_blobs(struct repository *repository, const uint8_t *drop,
	const struct salvage_options *options, struct err *err)
{
	struct salvage_options own = *options;
	cleanup_pack_order struct pack_order order = {0};
	cleanup_packer struct packer packer;
	const struct repack repack = {
		.repository = repository,
		.order = &order,
		.put = packer_put,
		.keeps = packer_keeps,
		.put_context = &packer,
		.go_on = go_on_moving,
		.on_pack = count_moved,
		.on_lost = options->on_lost ? lose : NULL,
		.context = &own,
	};
	int r;

	packer_init(&packer, repository);
	r = pack_order_init(&order, repository_index(repository), NULL, drop, err);
	if (r >= 0)
		r = repack_run(&repack, err);
	progress_enter(options->progress, PROGRESS_SAVING);
	return r < 0 ? r : packer_flush(&packer, err);
}

static int remove_packs(struct repository *repository, const struct id *packs, size_t count,
	const struct salvage_options *options, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		char name[ID_TEXT_SIZE];

		id_format(&packs[i], name);
		r = go_on(options, err);
		if (r >= 0)
			r = store_remove(repository_store(repository), STORE_PACK, name, err);
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}

int salvage_run(struct repository *repository, const struct id *packs, size_t count,
	const struct salvage_options *options, struct err *err)
{
	cleanup_reindex struct reindex reindex = {0};
	cleanup_free uint8_t *drop = NULL;
	int r;

	progress_enter(options->progress, PROGRESS_INDEX);
	r = repository_load_index(repository, NULL, err);
	progress_enter(options->progress, PROGRESS_WORKING);
	if (r < 0)
		return err_wrap(err, "repair packs: 'repair index' may help");
	drop = bits_new(index_pack_count(repository_index(repository)));
	if (!drop)
		return err_oom(err);
	progress_add(&options->progress->files_total, count);
	progress_know_total(options->progress);
	r = find_packs(repository, packs, count, options, drop, err);
	if (r >= 0)
		r = reindex_init(&reindex, repository, options->lock, err);
	if (r >= 0)
		r = move_blobs(repository, drop, options, err);
	if (r >= 0)
		r = reindex_write(&reindex, drop, false, err);
	if (r >= 0)
		r = reindex_remove(&reindex, err);
	return r < 0 ? r : remove_packs(repository, packs, count, options, err);
}
