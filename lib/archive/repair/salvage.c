#include "archive/repair/salvage.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/upkeep/bits.h"
#include "archive/upkeep/order.h"
#include "archive/upkeep/packer.h"
#include "archive/upkeep/reindex.h"
#include "archive/upkeep/repack.h"
#include "base/cleanup.h"

static int go_on(const struct salvage_options *options, struct err *err)
{
	if (options->stop && *options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "repair packs: interrupted");
	if (options->tick)
		options->tick(options->context);
	return options->lock ? lock_refresh(options->lock, err) : 0;
}

static int find_packs(const struct index *index, const struct id *packs, size_t count,
	uint8_t *drop, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		char name[ID_TEXT_SIZE];
		uint32_t number;

		id_format(&packs[i], name);
		if (!index_find_pack(index, &packs[i], &number))
			return err_set(err, ERR_NOT_FOUND, ENOENT,
				"repair pack %.16s: it is in no index", name);
		bits_add(drop, number);
	}
	return 0;
}

static int move_blobs(struct repository *repository, const uint8_t *drop,
	const struct salvage_options *options, struct err *err)
{
	const struct index *index = repository_index(repository);
	cleanup_order struct order order = {0};
	cleanup_packer struct packer packer;
	struct repack repack = {
		.repository = repository,
		.order = &order,
		.put = packer_put,
		.put_context = &packer,
		.on_lost = options->on_lost,
		.context = options->context,
	};
	int r;

	packer_init(&packer, repository);
	r = order_init(&order, index, err);
	for (size_t p = 0; r >= 0 && p < index_pack_count(index); p++) {
		if (!bits_has(drop, p))
			continue;
		r = go_on(options, err);
		if (r >= 0)
			r = repack_pack(&repack, p, err);
		progress_add(&options->progress->files_done, 1);
	}
	repack_done(&repack);
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
	int r = repository_load_index(repository, NULL, err);

	if (r < 0)
		return err_wrap(err, "repair packs: 'repair index' may help");
	drop = bits_new(index_pack_count(repository_index(repository)));
	if (!drop)
		return err_oom(err);
	progress_add(&options->progress->files_total, count);
	progress_know_total(options->progress);
	r = find_packs(repository_index(repository), packs, count, drop, err);
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
