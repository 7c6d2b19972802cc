#include "archive/upkeep/prune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/bits.h"
#include "archive/upkeep/packer.h"
#include "archive/upkeep/reindex.h"
#include "archive/upkeep/repack.h"
#include "archive/upkeep/used.h"
#include "base/cleanup.h"
#include "repo/stream/pack_order.h"

#define UNUSED_PERCENT 5.0
#define UNINDEXED_MAX (256u << 20) /* bytes of ids */

struct pruner {
	struct repository *repository;
	const struct prune_options *options;
	const struct index *index; /* borrowed */
	struct used used; /* owned, as all below */
	struct plan_pack *packs; /* by number */
	size_t pack_count;
	uint8_t *keep; /* a bit by entry: this copy of a used blob is the one that counts */
	uint8_t *settled; /* a bit by index_number: such a copy was chosen */
	uint8_t *drop; /* a bit by pack: it goes */
	struct buf unindexed; /* struct id of packs that no index knows */
	uint64_t unindexed_bytes;
	struct plan_totals totals;
};

void prune_options_init(struct prune_options *options)
{
	*options = (struct prune_options){
		.limits = {.unused_percent = UNUSED_PERCENT, .repack_bytes = UINT64_MAX}};
}

static void pruner_done(struct pruner *pruner)
{
	used_done(&pruner->used);
	free(pruner->packs);
	free(pruner->keep);
	free(pruner->settled);
	free(pruner->drop);
	buf_done(&pruner->unindexed);
}

static int go_on(struct pruner *pruner, struct err *err)
{
	const struct prune_options *options = pruner->options;

	if (options->stop && *options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "prune: interrupted");
	return options->lock ? lock_refresh(options->lock, err) : 0;
}

/* --- What there is and what is needed --- */

static int note_pack(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct pruner *pruner = context;
	uint32_t pack;

	if (index_find_pack(pruner->index, id, &pack)) {
		pruner->packs[pack].size =
			size_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)size_bytes;
		return 0;
	}
	pruner->unindexed_bytes += size_bytes;
	return buf_add(&pruner->unindexed, id, sizeof(*id), err);
}

static int mark_snapshots(struct pruner *pruner, struct err *err)
{
	const struct prune_options *options = pruner->options;
	const struct select_list *list = options->snapshots;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < list->count; i++) {
		r = go_on(pruner, err);
		if (r >= 0)
			r = used_mark(&pruner->used, &list->items[i].tree, err);
	}
	if (r < 0 || !pruner->used.missing)
		return r;
	return err_set(err, ERR_CORRUPT, pruner->used.err.code,
		"prune: nothing is removed, because %u things that snapshots need are missing or "
		"damaged, the first: %s",
		pruner->used.missing, pruner->used.err.text);
}

static int prepare(struct pruner *pruner, struct err *err)
{
	size_t packs, blobs;
	int r;

	progress_enter(pruner->options->progress, PROGRESS_INDEX);
	r = repository_load_index(pruner->repository, NULL, err);
	progress_enter(pruner->options->progress, PROGRESS_WORKING);
	if (r < 0)
		return err_wrap(err, "prune: nothing is removed; 'repair index' may help");
	pruner->index = repository_index(pruner->repository);
	packs = index_pack_count(pruner->index);
	blobs = index_count(pruner->index);
	pruner->pack_count = packs;
	pruner->packs = calloc(packs + 1, sizeof(*pruner->packs));
	pruner->keep = bits_new(blobs);
	pruner->settled = bits_new(blobs);
	pruner->drop = bits_new(packs);
	if (!pruner->packs || !pruner->keep || !pruner->settled || !pruner->drop)
		return err_oom(err);
	r = repository_list(pruner->repository, STORE_PACK, note_pack, pruner, err);
	if (r >= 0)
		r = used_init(&pruner->used, pruner->repository, err);
	pruner->used.stop = pruner->options->stop;
	return r < 0 ? r : mark_snapshots(pruner, err);
}

/* --- Counting --- */

/* The entry that stands for all copies of a blob. */
static size_t canonical(const struct pruner *pruner, size_t number)
{
	const struct index_entry *entry = index_at(pruner->index, number);
	size_t ret = number;

	(void)index_number(pruner->index, entry->is_tree ? BLOB_TREE : BLOB_DATA, &entry->id, &ret);
	return ret;
}

static void describe_pack(struct plan_pack *pack, const struct index_entry *entries, size_t count)
{
	if (pack->size && pack->size == pack_order_size(entries, count))
		pack->flags |= PLAN_IS_THERE;
	for (size_t i = 0; i < count; i++) {
		bool plain = !entries[i].location.plain_length;

		pack->flags |= entries[i].is_tree ? PLAN_HAS_TREES : PLAN_HAS_DATA;
		if (plain)
			pack->flags |=
				entries[i].is_tree ? PLAN_HAS_PLAIN_TREES : PLAN_HAS_PLAIN_DATA;
	}
}

static int describe_packs(struct pruner *pruner, struct err *err)
{
	cleanup_pack_order struct pack_order order = {0};
	cleanup_buf struct buf list = BUF_INIT(UINT32_MAX);
	int r = pack_order_init(&order, pruner->index, NULL, NULL, err);

	while (r >= 0 && (r = pack_order_next(&order, &list, err)) > 0) {
		const struct index_entry *entries = (const void *)list.data;

		describe_pack(&pruner->packs[entries->pack], entries, list.size / sizeof(*entries));
	}
	return r;
}

/* Which of several copies of a blob to keep: first one in a pack that has nothing but what is
 * needed, then one in a pack with something needed, then any. */
enum pass {
	PASS_SINGLE, /* blobs without a double */
	PASS_WHOLE,
	PASS_USED,
	PASS_ANY,
	PASSES,
};

static void settle(struct pruner *pruner, size_t number, size_t master)
{
	const struct index_entry *entry = index_at(pruner->index, number);
	struct plan_pack *pack = &pruner->packs[entry->pack];

	bits_add(pruner->keep, number);
	bits_add(pruner->settled, master);
	pack->used_blobs++;
}

static void choose_copies(struct pruner *pruner, const uint8_t *doubled, enum pass pass)
{
	for (size_t i = 0; i < index_count(pruner->index); i++) {
		const struct plan_pack *pack = &pruner->packs[index_at(pruner->index, i)->pack];
		size_t master;

		if (!(pack->flags & PLAN_IS_THERE))
			continue;
		if (pass == PASS_WHOLE && (!pack->used_blobs || pack->unused_blobs))
			continue;
		if (pass == PASS_USED && !pack->used_blobs)
			continue;
		master = canonical(pruner, i);
		if (bits_has(pruner->used.bits, master) && !bits_has(pruner->settled, master) &&
			(pass != PASS_SINGLE || !bits_has(doubled, master)))
			settle(pruner, i, master);
	}
}

/* Doubles, and what no snapshot needs: the latter is unused wherever it stands. */
static bool find_doubles(struct pruner *pruner, uint8_t *doubled)
{
	bool any = false;

	for (size_t i = 0; i < index_count(pruner->index); i++) {
		size_t master = canonical(pruner, i);

		if (!bits_has(pruner->used.bits, master))
			pruner->packs[index_at(pruner->index, i)->pack].unused_blobs++;
		if (master != i) {
			bits_add(doubled, master);
			any = true;
		}
	}
	return any;
}

/* With the copies chosen, what each pack has of both. */
static void count_bytes(struct pruner *pruner)
{
	for (size_t p = 0; p < pruner->pack_count; p++)
		pruner->packs[p].used_blobs = pruner->packs[p].unused_blobs = 0;
	for (size_t i = 0; i < index_count(pruner->index); i++) {
		const struct index_entry *entry = index_at(pruner->index, i);
		struct plan_pack *pack = &pruner->packs[entry->pack];
		uint32_t bytes = entry->location.length + (entry->location.plain_length ? 41 : 37);
		bool kept = bits_has(pruner->keep, i);

		*(kept ? &pack->used_blobs : &pack->unused_blobs) += 1;
		*(kept ? &pack->used_bytes : &pack->unused_bytes) += bytes;
	}
}

/* Every used blob must have a copy in a pack that is there. */
static int check_settled(const struct pruner *pruner, struct err *err)
{
	char pack[ID_TEXT_SIZE], name[ID_TEXT_SIZE];

	for (size_t i = 0; i < index_count(pruner->index); i++) {
		const struct index_entry *entry = index_at(pruner->index, i);
		size_t master = canonical(pruner, i);

		if (!bits_has(pruner->used.bits, master) || bits_has(pruner->settled, master))
			continue;
		id_format(&entry->id, name);
		id_format(index_pack_id(pruner->index, entry->pack), pack);
		return err_set(err, ERR_CORRUPT, ENOENT,
			"prune: nothing is removed, because blob %.16s is needed and its pack "
			"%.16s is missing or has a wrong size",
			name, pack);
	}
	return 0;
}

static int count(struct pruner *pruner, struct err *err)
{
	cleanup_free uint8_t *doubled = bits_new(index_count(pruner->index));
	int r = doubled ? describe_packs(pruner, err) : err_oom(err);
	bool any;

	if (r < 0)
		return r;
	any = find_doubles(pruner, doubled);
	for (int pass = PASS_SINGLE; pass < (any ? PASSES : PASS_SINGLE + 1); pass++)
		choose_copies(pruner, doubled, (enum pass)pass);
	r = check_settled(pruner, err);
	if (r >= 0)
		count_bytes(pruner);
	return r;
}

/* --- Doing --- */

static int remove_pack(struct pruner *pruner, const struct id *id, struct err *err)
{
	char name[ID_TEXT_SIZE];
	int r = go_on(pruner, err);

	id_format(id, name);
	if (r >= 0)
		r = store_remove(repository_store(pruner->repository), STORE_PACK, name, err);
	return r == -ENOENT ? 0 : r;
}

/* What an interrupted run left: no index names it, so nobody can need it. Removed first, for
 * what follows may need the room. */
static int remove_unindexed(struct pruner *pruner, struct err *err)
{
	const struct id *ids = (const struct id *)(const void *)pruner->unindexed.data;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < pruner->unindexed.size / sizeof(*ids); i++)
		r = remove_pack(pruner, &ids[i], err);
	return r;
}

static int go_on_packing(void *context, struct err *err)
{
	return go_on(context, err);
}

static void count_packed(void *context, size_t number)
{
	const struct pruner *pruner = context;
	const struct plan_pack *pack = &pruner->packs[number];
	struct progress *progress = pruner->options->progress;

	progress_add(&progress->files_done, 1);
	progress_add(&progress->bytes_done, (uint64_t)pack->used_bytes + pack->unused_bytes);
}

static int repack_all(struct pruner *pruner, struct err *err)
{
	const struct prune_options *options = pruner->options;
	cleanup_free uint8_t *packs = bits_new(pruner->pack_count);
	cleanup_pack_order struct pack_order order = {0};
	cleanup_packer struct packer packer;
	const struct repack repack = {
		.repository = pruner->repository,
		.order = &order,
		.put = packer_put,
		.keeps = packer_keeps,
		.put_context = &packer,
		.go_on = go_on_packing,
		.on_pack = count_packed,
		.context = pruner,
	};
	int r;

	packer_init(&packer, pruner->repository);
	packer.compress_trees = options->limits.compress_trees;
	packer.compress_data = options->limits.compress_data;
	if (!packs)
		return err_oom(err);
	for (size_t p = 0; p < pruner->pack_count; p++)
		if (pruner->packs[p].verdict == PLAN_REPACK)
			bits_add(packs, p);
	r = pack_order_init(&order, pruner->index, pruner->keep, packs, err);
	if (r >= 0)
		r = repack_run(&repack, err);
	progress_enter(options->progress, PROGRESS_SAVING);
	return r < 0 ? r : packer_flush(&packer, err);
}

static int carry_out(struct pruner *pruner, struct err *err)
{
	cleanup_reindex struct reindex reindex = {0};
	size_t gone = 0;
	int r = remove_unindexed(pruner, err);

	for (size_t p = 0; p < pruner->pack_count; p++)
		if (pruner->packs[p].verdict != PLAN_KEEP) {
			bits_add(pruner->drop, p);
			gone++;
		}
	if (r >= 0)
		r = reindex_init(&reindex, pruner->repository, pruner->options->lock, err);
	if (r >= 0 && pruner->totals.repack_packs)
		r = repack_all(pruner, err);
	progress_enter(pruner->options->progress, PROGRESS_SAVING);
	if (r >= 0)
		r = reindex_write(&reindex, pruner->drop, false, err);
	progress_enter(pruner->options->progress, PROGRESS_WORKING);
	if (r >= 0)
		r = go_on(pruner, err);
	if (r >= 0)
		r = reindex_remove(&reindex, err);
	for (size_t p = 0; r >= 0 && gone && p < pruner->pack_count; p++)
		if (pruner->packs[p].verdict == PLAN_REPACK ||
			pruner->packs[p].verdict == PLAN_REMOVE)
			r = remove_pack(pruner, index_pack_id(pruner->index, (uint32_t)p), err);
	return r;
}

static int run(struct pruner *pruner, struct err *err)
{
	const struct prune_options *options = pruner->options;
	int r = prepare(pruner, err);

	if (r >= 0)
		r = count(pruner, err);
	if (r >= 0)
		r = plan_make(
			pruner->packs, pruner->pack_count, &options->limits, &pruner->totals, err);
	if (r < 0)
		return r;
	progress_add(&options->progress->files_total, pruner->totals.repack_packs);
	progress_add(&options->progress->bytes_total, pruner->totals.repack_bytes);
	progress_know_total(options->progress);
	if (options->on_plan)
		options->on_plan(options->context, &pruner->totals,
			pruner->unindexed.size / sizeof(struct id), pruner->unindexed_bytes);
	return options->dry_run ? 0 : carry_out(pruner, err);
}

int prune_run(struct repository *repository, const struct prune_options *options, struct err *err)
{
	cleanup_select struct select_list list = {0};
	struct prune_options own = *options;
	struct pruner pruner = {
		.repository = repository, .options = &own, .unindexed = BUF_INIT(UNINDEXED_MAX)};
	int r = 0;

	own.limits.compress_trees = repository_config(repository)->version >= 2;
	own.limits.compress_data = own.limits.compress_data && own.limits.compress_trees;
	if (!own.snapshots) {
		r = select_load(repository, &list, err); /* before the index: see the format */
		own.snapshots = &list;
	}
	if (r >= 0 && own.snapshots->damaged) {
		*err = own.snapshots->err;
		r = err_wrap(err, "prune: nothing is removed, because a snapshot is damaged");
	}
	if (r >= 0)
		r = run(&pruner, err);
	pruner_done(&pruner);
	return r;
}
