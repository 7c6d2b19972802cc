#include "archive/upkeep/repack.h"

#include <errno.h>
#include <pthread.h>

#include "archive/pipeline.h"
#include "base/wait.h"

#define THREADS 5 /* reads, and packs made durable, at a time */
#define SLOTS (THREADS + 1)
#define RUN_BYTES (2u << 20) /* read at once */
#define GAP_BYTES (128u << 10) /* read for nothing rather than asking twice */
#define MEMORY_BYTES (16u << 20) /* of blobs on their way, unless one alone needs more */
#define KEEP_BYTES (1u << 20) /* of scratch, from blob to blob */
#define WAIT_US 200000
#define LATER_MAX 1000u /* blobs that are looked for elsewhere, before all else waits for them */

/* A run of blobs of one pack, on its way. */
struct slot {
	struct id pack;
	struct buf entries; /* owned: struct index_entry, by place */
	struct buf run; /* owned: bytes of the pack */
	struct buf opened, plain; /* owned: of a blob */
	struct blob_codec *from; /* owned: the source's, if the target has another key */
	size_t memory; /* bytes that it may need */
	bool busy; /* guarded by the mutex */
};

struct moving {
	const struct repack *repack;
	struct pipeline *pipeline; /* owned */
	struct slot slots[SLOTS];
	size_t memory; /* of busy slots; guarded by the mutex, as what follows */
	struct buf later; /* owned: struct index_entry of what could not be read */
	pthread_mutex_t mutex;
	pthread_cond_t freed;
};

static enum blob_type type_of(const struct index_entry *entry)
{
	return entry->is_tree ? BLOB_TREE : BLOB_DATA;
}

static struct index_entry *entries_of(const struct slot *slot, size_t *ret_count)
{
	*ret_count = slot->entries.size / sizeof(struct index_entry);
	return (struct index_entry *)(void *)slot->entries.data;
}

/* --- In the workers --- */

static int leave_for_later(
	struct moving *moving, const struct index_entry *entries, size_t count, struct err *err)
{
	int r;

	pthread_mutex_lock(&moving->mutex);
	r = buf_add(&moving->later, entries, count * sizeof(*entries), err);
	pthread_mutex_unlock(&moving->mutex);
	return r;
}

/* Proves a blob and seals it for the target, if it has another key. */
static int prove(const struct moving *moving, struct slot *slot, struct blob_codec *codec,
	const struct index_entry *entry, const struct blob_sealed *stored, struct blob_sealed *ret,
	struct err *err)
{
	*ret = *stored;
	return moving->repack->target ? blob_reseal(codec, slot->from, stored, &entry->id, ret, err)
				      : blob_prove(codec, stored, &entry->id, err);
}

static int open_blob(struct slot *slot, struct blob_codec *codec, const struct index_entry *entry,
	const struct blob_sealed *stored, struct err *err)
{
	int r;

	buf_clear(&slot->opened); /* opened in place, so a copy */
	r = buf_add(&slot->opened, stored->data, stored->size, err);
	return r < 0 ? r
		     : blob_open(slot->from ? slot->from : codec, slot->opened.data, stored->size,
			       stored->plain_length, &entry->id, &slot->plain, err);
}

static void trim(struct buf *buf, size_t max)
{
	if (buf->allocated > max)
		buf_done(buf);
}

static int move_blob(struct moving *moving, struct slot *slot, struct blob_codec *codec,
	const struct index_entry *entry, const uint8_t *data, struct err *err)
{
	const struct repack *repack = moving->repack;
	const struct blob_sealed stored = {
		data, entry->location.length, entry->location.plain_length};
	bool keeps = repack->keeps(repack->put_context, entry);
	struct err why = ERR_INIT;
	struct blob_sealed sealed;
	int r;

	r = keeps ? prove(moving, slot, codec, entry, &stored, &sealed, &why)
		  : open_blob(slot, codec, entry, &stored, &why);
	if (r < 0)
		return leave_for_later(moving, entry, 1, err);
	r = repack->put(repack->put_context, codec, entry, keeps ? &sealed : NULL,
		keeps ? NULL : &slot->plain, err);
	blob_codec_trim(codec);
	trim(&slot->opened, KEEP_BYTES);
	trim(&slot->plain, KEEP_BYTES);
	return r;
}

static int move_run(
	struct moving *moving, struct slot *slot, struct blob_codec *codec, struct err *err)
{
	size_t count;
	const struct index_entry *entries = entries_of(slot, &count);
	const struct blob_location *last = &entries[count - 1].location;
	uint32_t start = entries->location.offset;
	size_t size = (size_t)last->offset - start + last->length;
	char name[ID_TEXT_SIZE];
	int r;

	id_format(&slot->pack, name);
	buf_clear(&slot->run);
	r = buf_reserve(&slot->run, size, err);
	if (r < 0)
		return r;
	r = store_read(repository_store(moving->repack->repository), STORE_PACK, name, start,
		slot->run.data, size, err);
	if (r < 0 && (err->code == ENODATA || err->code == ENOENT || err->code == EIO))
		return leave_for_later(moving, entries, count, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = move_blob(moving, slot, codec, &entries[i],
			slot->run.data + (entries[i].location.offset - start), err);
	trim(&slot->run, RUN_BYTES + GAP_BYTES);
	return r < 0 ? err_wrap(err, "pack %.16s anew", name) : 0;
}

static int work(const struct pipeline_job *jobs, size_t count, struct blob_codec *codec,
	bool failed, void *context, struct err *err)
{
	struct moving *moving = context;
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		struct slot *slot = jobs[i].owner;

		if (r >= 0 && !failed)
			r = move_run(moving, slot, codec, err);
		pthread_mutex_lock(&moving->mutex);
		slot->busy = false;
		moving->memory -= slot->memory;
		pthread_cond_signal(&moving->freed);
		pthread_mutex_unlock(&moving->mutex);
	}
	return r;
}

/* --- In the thread of repack_run --- */

static int go_on(const struct moving *moving, struct err *err)
{
	const struct repack *repack = moving->repack;

	return repack->go_on ? repack->go_on(repack->context, err) : 0;
}

/* Until something is freed, or some time has gone: locks are refreshed and the end is asked for
 * while a slow store keeps all busy. With the mutex held. */
static int wait_some(struct moving *moving, struct err *err)
{
	int r;

	(void)wait_for(&moving->freed, &moving->mutex, WAIT_US);
	pthread_mutex_unlock(&moving->mutex);
	r = go_on(moving, err);
	pthread_mutex_lock(&moving->mutex);
	return r;
}

/* A slot that nobody uses. */
static int take_slot(
	struct moving *moving, const struct id *pack, struct slot **ret, struct err *err)
{
	struct slot *slot = NULL;
	int r = 0;

	pthread_mutex_lock(&moving->mutex);
	while (r >= 0 && !slot) {
		for (size_t i = 0; i < SLOTS && !slot; i++)
			if (!moving->slots[i].busy)
				slot = &moving->slots[i];
		if (!slot)
			r = wait_some(moving, err);
	}
	pthread_mutex_unlock(&moving->mutex);
	if (r < 0)
		return r;
	slot->pack = *pack;
	buf_clear(&slot->entries);
	*ret = slot;
	return 0;
}

static int wait_until_idle(struct moving *moving, struct err *err)
{
	int r = 0;

	pthread_mutex_lock(&moving->mutex);
	while (r >= 0 && moving->memory)
		r = wait_some(moving, err);
	pthread_mutex_unlock(&moving->mutex);
	return r < 0 ? r : pipeline_drain(moving->pipeline, err);
}

/* A blob that can't be read in its place: another copy of it may be. */
static int move_other_copy(
	const struct repack *repack, const struct index_entry *entry, struct err *err)
{
	struct repository *target = repack->target ? repack->target : repack->repository;
	cleanup_buf struct buf plain = BUF_INIT(BLOB_TREE_MAX + 1);
	int r = repository_load_blob(repack->repository, repository_codec(repack->repository),
		type_of(entry), &entry->id, &plain, err);

	if (r >= 0)
		return repack->put(
			repack->put_context, repository_codec(target), entry, NULL, &plain, err);
	if (!repack->on_lost || (err->kind != ERR_CORRUPT && err->kind != ERR_NOT_FOUND &&
					err->code != ENODATA && err->code != EIO))
		return r;
	repack->on_lost(repack->context, &entry->id, err);
	return 0;
}

/* Only while no worker is busy: the index may be looked at by one thread alone. */
static int move_later(struct moving *moving, struct err *err)
{
	const struct index_entry *entries;
	int r = wait_until_idle(moving, err);

	entries = (const struct index_entry *)(const void *)moving->later.data;
	for (size_t i = 0; r >= 0 && i < moving->later.size / sizeof(*entries); i++) {
		r = go_on(moving, err);
		if (r >= 0)
			r = move_other_copy(moving->repack, &entries[i], err);
	}
	buf_clear(&moving->later);
	return r;
}

/* What a slot's run takes: its bytes, and for one blob after the other what is made of it. */
static size_t memory_of(const struct moving *moving, const struct slot *slot)
{
	const struct repack *repack = moving->repack;
	size_t count, most = 0;
	const struct index_entry *entries = entries_of(slot, &count);
	const struct blob_location *last = &entries[count - 1].location;

	for (size_t i = 0; i < count; i++) {
		const struct blob_location *location = &entries[i].location;
		size_t plain = blob_plain_size(location), one = 0;

		if (!repack->keeps(repack->put_context, &entries[i]))
			one = location->length + 2 * plain;
		else if (repack->target)
			one = location->length;
		most = one > most ? one : most;
	}
	return (size_t)last->offset - entries->location.offset + last->length + most;
}

static int send(struct moving *moving, struct slot *slot, struct err *err)
{
	/* Of that size it is handed out alone: a worker takes several small ones at once. */
	const struct pipeline_job job = {.owner = slot, .size = SIZE_MAX / 2};
	size_t later;
	int r = go_on(moving, err);

	if (r < 0)
		return r;
	slot->memory = memory_of(moving, slot);
	pthread_mutex_lock(&moving->mutex);
	while (r >= 0 && moving->memory && moving->memory + slot->memory > MEMORY_BYTES)
		r = wait_some(moving, err);
	if (r >= 0) {
		slot->busy = true;
		moving->memory += slot->memory;
	}
	later = moving->later.size / sizeof(struct index_entry);
	pthread_mutex_unlock(&moving->mutex);
	if (r >= 0)
		r = pipeline_push(moving->pipeline, &job, err);
	return r < 0 || later < LATER_MAX ? r : move_later(moving, err);
}

/* Whether an entry, behind those of the slot, can be read together with them. */
static bool fits(const struct slot *slot, const struct index_entry *entry)
{
	size_t count;
	const struct index_entry *entries = entries_of(slot, &count);
	const struct blob_location *last = &entries[count - 1].location;
	uint64_t start = entries->location.offset, end = (uint64_t)last->offset + last->length;
	uint64_t next = entry->location.offset;

	return next >= end && next - end <= GAP_BYTES &&
	       next + entry->location.length - start <= RUN_BYTES;
}

/* Whether it can be read at all: what the index promises is not to be believed further. */
static bool is_sane(const struct index_entry *entry)
{
	enum blob_type type = type_of(entry);

	return entry->location.length <= blob_sealed_max(type) &&
	       blob_plain_size(&entry->location) <= blob_plain_max(type);
}

/* Sends what of a pack is to be moved on its way, run by run. */
static int move_pack(struct moving *moving, const struct id *id, const struct index_entry *entries,
	size_t count, struct err *err)
{
	struct slot *slot = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (!is_sane(&entries[i])) {
			r = leave_for_later(moving, &entries[i], 1, err);
			continue;
		}
		if (slot && !fits(slot, &entries[i]))
			r = send(moving, TAKE(slot), err);
		if (r >= 0 && !slot)
			r = take_slot(moving, id, &slot, err);
		if (r >= 0)
			r = buf_add(&slot->entries, &entries[i], sizeof(entries[i]), err);
	}
	return r < 0 || !slot ? r : send(moving, slot, err);
}

static int move_packs(struct moving *moving, struct err *err)
{
	const struct repack *repack = moving->repack;
	const struct index *index = repository_index(repack->repository);
	cleanup_buf struct buf list = BUF_INIT(UINT32_MAX);
	int r;

	while ((r = pack_order_next(repack->order, &list, err)) > 0) {
		const struct index_entry *entries = (const void *)list.data;

		r = go_on(moving, err);
		if (r >= 0)
			r = move_pack(moving, index_pack_id(index, entries->pack), entries,
				list.size / sizeof(*entries), err);
		if (r < 0)
			break;
		if (repack->on_pack)
			repack->on_pack(repack->context, entries->pack);
	}
	return r;
}

static int start(struct moving *moving, struct err *err)
{
	const struct repack *repack = moving->repack;
	int r = 0;

	wait_init(&moving->freed);
	pthread_mutex_init(&moving->mutex, NULL);
	moving->later = BUF_INIT(UINT32_MAX);
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &moving->slots[i];

		slot->entries = BUF_INIT(UINT32_MAX);
		slot->run = BUF_INIT(UINT32_MAX);
		slot->opened = BUF_INIT(UINT32_MAX);
		slot->plain = BUF_INIT(BLOB_TREE_MAX + 1);
		if (r >= 0 && repack->target)
			r = repository_codec_new(repack->repository, &slot->from, err);
	}
	return r < 0 ? r
		     : pipeline_new(repack->target ? repack->target : repack->repository, THREADS,
			       work, moving, &moving->pipeline, err);
}

static void finish(struct moving *moving)
{
	pipeline_free(moving->pipeline);
	for (size_t i = 0; i < SLOTS; i++) {
		buf_done(&moving->slots[i].entries);
		buf_done(&moving->slots[i].run);
		buf_done(&moving->slots[i].opened);
		buf_done(&moving->slots[i].plain);
		blob_codec_free(moving->slots[i].from);
	}
	buf_done(&moving->later);
	pthread_cond_destroy(&moving->freed);
	pthread_mutex_destroy(&moving->mutex);
}

int repack_run(const struct repack *repack, struct err *err)
{
	struct moving moving = {.repack = repack};
	int r = start(&moving, err);

	if (r >= 0)
		r = move_packs(&moving, err);
	if (r >= 0)
		r = move_later(&moving, err);
	finish(&moving);
	return r;
}
