#include "archive/upkeep/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/bits.h"
#include "archive/upkeep/repack.h"
#include "archive/upkeep/replace.h"
#include "archive/upkeep/used.h"
#include "base/cleanup.h"
#include "repo/stream/pack_order.h"

#define BATCH_BYTES (512ull << 20) /* snapshots are saved when so much was found to copy */

struct copier {
	struct repository *from, *to;
	const struct copy_options *options;
	const struct snapshot *const *snapshots; /* borrowed */
	size_t count;
	const struct index *index; /* borrowed: of the source */
	struct used used; /* owned: what the snapshots so far need */
	uint8_t *wanted; /* owned; a bit by entry: needed and not there yet */
	uint8_t *looked; /* owned; a bit by entry: it was looked for in the target */
	bool *copies; /* owned: by snapshot, whether it is to be copied */
};

static void copier_done(struct copier *copier)
{
	used_done(&copier->used);
	free(copier->wanted);
	free(copier->looked);
	free(copier->copies);
}

static int go_on(struct copier *copier, struct err *err)
{
	const struct copy_options *options = copier->options;
	int r = 0;

	if (options->stop && *options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "copy: interrupted");
	if (options->from_lock)
		r = lock_refresh(options->from_lock, err);
	if (r >= 0 && options->to_lock)
		r = lock_refresh(options->to_lock, err);
	return r;
}

/* --- Which snapshots --- */

static const struct id *first_id(const struct snapshot *snapshot)
{
	return snapshot->has_original ? &snapshot->original : &snapshot->id;
}

/* The text of a snapshot without what differs between copies of it. */
static int plain_text(const struct snapshot *snapshot, struct buf *ret, struct err *err)
{
	struct snapshot plain = *snapshot; /* borrows its lists */

	plain.has_parent = plain.has_original = false;
	return snapshot_format(&plain, ret, err);
}

/* 1 if the target has it, 0 if not. */
static int is_there(const struct copier *copier, const struct snapshot *snapshot, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	const struct select_list *there = copier->options->there;
	int r = plain_text(snapshot, &text, err);

	for (size_t i = 0; r >= 0 && i < there->count; i++) {
		cleanup_buf struct buf other = BUF_INIT(SNAPSHOT_MAX);

		if (!id_equal(first_id(&there->items[i]), first_id(snapshot)))
			continue;
		r = plain_text(&there->items[i], &other, err);
		if (r >= 0 && other.size == text.size &&
			memcmp(other.data, text.data, text.size) == 0)
			return 1;
	}
	return r < 0 ? r : 0;
}

/* --- Which blobs --- */

/* Marks what a snapshot needs, and of it what the target has not. */
static int want(struct copier *copier, const struct snapshot *snapshot, struct err *err)
{
	int r = used_mark(&copier->used, &snapshot->tree, err);
	char name[ID_TEXT_SIZE];

	if (r < 0 || !copier->used.missing)
		return r;
	id_format(&snapshot->id, name);
	return err_set(err, ERR_CORRUPT, copier->used.err.code,
		"copy snapshot %.8s: %u things that it needs are missing or damaged, the first: %s",
		name, copier->used.missing, copier->used.err.text);
}

static void find_wanted(struct copier *copier)
{
	const struct index *index = copier->index;
	struct progress *progress = copier->options->progress;

	for (size_t i = 0; i < index_count(index); i++) {
		const struct index_entry *entry = index_at(index, i);

		if (!bits_has(copier->used.bits, i) || bits_has(copier->looked, i))
			continue;
		bits_add(copier->looked, i);
		if (repository_has_blob(
			    copier->to, entry->is_tree ? BLOB_TREE : BLOB_DATA, &entry->id))
			continue;
		bits_add(copier->wanted, i);
		progress_add(&progress->files_total, 1);
		progress_add(&progress->bytes_total, blob_plain_size(&entry->location));
	}
}

/* --- Copying --- */

/* Compressed is compressed; what is not may become so, or must not be. */
static bool keeps(void *context, const struct index_entry *entry)
{
	const struct copier *copier = context;
	bool version_2 = repository_config(copier->to)->version >= 2;

	if (copier->options->anew && !entry->is_tree)
		return false;
	return version_2 == (entry->location.plain_length != 0);
}

static int put(void *context, struct blob_codec *codec, const struct index_entry *entry,
	const struct blob_sealed *sealed, const struct buf *plain, struct err *err)
{
	struct copier *copier = context;
	struct progress *progress = copier->options->progress;
	enum blob_type type = entry->is_tree ? BLOB_TREE : BLOB_DATA;
	struct repository_added added;
	int r = sealed ? repository_save_sealed_blob(
				 copier->to, codec, type, &entry->id, sealed, &added, err)
		       : repository_save_blob_as(copier->to, codec, type, &entry->id, plain->data,
				 plain->size, &added, err);

	progress_add(&progress->files_done, 1);
	progress_add(&progress->bytes_done, blob_plain_size(&entry->location));
	return r;
}

static int go_on_copying(void *context, struct err *err)
{
	return go_on(context, err);
}

static int copy_blobs(struct copier *copier, struct err *err)
{
	cleanup_pack_order struct pack_order order = {0};
	const struct repack repack = {
		.repository = copier->from,
		.target = copier->to,
		.order = &order,
		.put = put,
		.keeps = keeps,
		.put_context = copier,
		.go_on = go_on_copying,
		.context = copier,
	};
	int r = go_on(copier, err);

	find_wanted(copier);
	if (r >= 0)
		r = pack_order_init(&order, copier->index, copier->wanted, NULL, err);
	if (r >= 0)
		r = repack_run(&repack, err);
	progress_enter(copier->options->progress, PROGRESS_SAVING);
	if (r >= 0)
		r = repository_flush(copier->to, repository_codec(copier->to), err);
	progress_enter(copier->options->progress, PROGRESS_WORKING);
	memset(copier->wanted, 0, index_count(copier->index) / 8 + 1);
	return r;
}

static int save_snapshot(struct copier *copier, const struct snapshot *snapshot, struct err *err)
{
	cleanup_snapshot struct snapshot copy = {0};
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	struct id id;
	int r = replace_copy(snapshot, &copy, err);

	if (r < 0)
		return r;
	copy.original = *first_id(snapshot);
	copy.has_original = true;
	copy.has_parent = false; /* it may not be there */
	r = snapshot_format(&copy, &text, err);
	if (r >= 0)
		r = go_on(copier, err);
	if (r >= 0)
		r = repository_save_file(copier->to, repository_codec(copier->to), STORE_SNAPSHOT,
			text.data, text.size, &id, err);
	if (r >= 0)
		copier->options->on_copied(copier->options->context, snapshot, &id);
	return r;
}

/* The blobs that the snapshots from first on need, then those snapshots. */
static int copy_batch(struct copier *copier, size_t first, size_t end, struct err *err)
{
	int r = copy_blobs(copier, err);

	for (size_t i = first; r >= 0 && i < end; i++)
		if (copier->copies[i])
			r = save_snapshot(copier, copier->snapshots[i], err);
	return r;
}

static int prepare(struct copier *copier, struct err *err)
{
	size_t blobs;
	int r;

	progress_enter(copier->options->progress, PROGRESS_INDEX);
	r = repository_load_index(copier->from, NULL, err);
	if (r >= 0)
		r = repository_load_index(copier->to, NULL, err);
	progress_enter(copier->options->progress, PROGRESS_WORKING);
	copier->index = repository_index(copier->from);
	if (r >= 0)
		r = used_init(&copier->used, copier->from, err);
	if (r < 0)
		return r;
	blobs = index_count(copier->index);
	copier->used.stop = copier->options->stop;
	copier->wanted = bits_new(blobs);
	copier->looked = bits_new(blobs);
	copier->copies = calloc(copier->count + 1, sizeof(*copier->copies));
	return copier->wanted && copier->looked && copier->copies ? 0 : err_oom(err);
}

static int copy_all(struct copier *copier, struct err *err)
{
	uint64_t found = 0;
	size_t first = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < copier->count; i++) {
		const struct snapshot *snapshot = copier->snapshots[i];

		r = is_there(copier, snapshot, err);
		if (r > 0)
			copier->options->on_copied(copier->options->context, snapshot, NULL);
		if (r != 0)
			continue;
		copier->copies[i] = true;
		r = want(copier, snapshot, err);
		if (r < 0 || copier->used.bytes - found < BATCH_BYTES)
			continue;
		r = copy_batch(copier, first, i + 1, err);
		found = copier->used.bytes;
		first = i + 1;
	}
	progress_know_total(copier->options->progress);
	return r < 0 ? r : copy_batch(copier, first, copier->count, err);
}

int copy_run(struct repository *from, struct repository *to,
	const struct snapshot *const *snapshots, size_t count, const struct copy_options *options,
	struct err *err)
{
	struct copier copier = {
		.from = from,
		.to = to,
		.options = options,
		.snapshots = snapshots,
		.count = count,
	};
	int r = prepare(&copier, err);

	if (r >= 0)
		r = copy_all(&copier, err);
	copier_done(&copier);
	return r;
}
