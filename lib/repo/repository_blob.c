#include "repo/repository.h"

#include <errno.h>
#include <stdlib.h>

#include "repo/pack.h"
#include "repo/repository_inside.h"

#define INDEX_INTERVAL_US (10 * 60 * 1000000ull)

bool repository_has_blob(struct repository *repository, enum blob_type type, const struct id *id)
{
	bool has;

	pthread_mutex_lock(&repository->mutex);
	has = index_find(repository->index, type, id) != NULL;
	pthread_mutex_unlock(&repository->mutex);
	return has;
}

bool repository_blob_size(struct repository *repository, enum blob_type type, const struct id *id,
	uint64_t *ret_bytes)
{
	const struct index_entry *entry;
	bool has;

	pthread_mutex_lock(&repository->mutex);
	entry = index_find(repository->index, type, id);
	has = entry && !index_is_pending(entry);
	if (has)
		*ret_bytes = blob_plain_size(&entry->location);
	pthread_mutex_unlock(&repository->mutex);
	return has;
}

/* A copy of a blob: which pack, where. */
struct copy {
	struct id pack;
	struct blob_location location;
};

/* The copy of a blob that stands after *number in the index; 0 starts with the best known. */
static bool next_copy(struct repository *repository, enum blob_type type, const struct id *id,
	size_t *number, struct copy *ret)
{
	const struct index_entry *entry;

	pthread_mutex_lock(&repository->mutex);
	entry = index_find_copy(repository->index, type, id, number);
	if (entry) {
		ret->pack = *index_pack_id(repository->index, entry->pack);
		ret->location = entry->location;
	}
	pthread_mutex_unlock(&repository->mutex);
	return entry;
}

bool repository_place_blob(struct repository *repository, enum blob_type type, const struct id *id,
	struct id *ret_pack, struct blob_location *ret_location)
{
	struct copy copy;
	size_t number = 0;

	if (!next_copy(repository, type, id, &number, &copy))
		return false;
	*ret_pack = copy.pack;
	*ret_location = copy.location;
	return true;
}

/* Into ret, or as a stream when ret is NULL. */
static int load_copy(struct repository *repository, struct blob_codec *codec, enum blob_type type,
	const struct id *id, const struct copy *copy, struct buf *ret,
	struct blob_stream **ret_stream, struct err *err)
{
	const struct blob_location *location = &copy->location;
	cleanup_free uint8_t *sealed = NULL;
	char name[ID_TEXT_SIZE];
	int r;

	/* What the index promises is not to be believed further than this. */
	if (blob_plain_size(location) > blob_plain_max(type) ||
		location->length > blob_sealed_max(type))
		return err_set(err, ERR_CORRUPT, EBADMSG, "load blob: the index gives it %u bytes",
			location->length);
	sealed = malloc(location->length);
	if (!sealed)
		return err_oom(err);
	id_format(&copy->pack, name);
	r = (type == BLOB_TREE ? store_read_often : store_read)(repository->store, STORE_PACK, name,
		location->offset, sealed, location->length, err);
	if (r >= 0 && ret)
		r = blob_open(
			codec, sealed, location->length, location->plain_length, id, ret, err);
	else if (r >= 0)
		r = blob_stream_open(codec, TAKE(sealed), location->length, location->plain_length,
			id, ret_stream, err);
	return r < 0 ? err_wrap(err, "pack %.8s", name) : 0;
}

static int load_any(struct repository *repository, struct blob_codec *codec, enum blob_type type,
	const struct id *id, struct buf *ret, struct blob_stream **ret_stream, struct err *err)
{
	char name[ID_TEXT_SIZE];
	struct copy copy;
	size_t number = 0;
	int r;

	id_format(id, name);
	r = err_set(err, ERR_CORRUPT, ENOENT, "load %s blob %.8s: it is in no index",
		blob_type_name(type), name);
	while (next_copy(repository, type, id, &number, &copy)) {
		r = load_copy(repository, codec, type, id, &copy, ret, ret_stream, err);
		if (r >= 0)
			return 0;
		err_wrap(err, "load %s blob %.8s", blob_type_name(type), name);
	}
	return r;
}

int repository_load_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, struct buf *ret, struct err *err)
{
	return load_any(repository, codec, type, id, ret, NULL, err);
}

int repository_stream_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, struct blob_stream **ret, struct err *err)
{
	return load_any(repository, codec, type, id, NULL, ret, err);
}

int repository_save_index(struct repository *repository, struct blob_codec *codec,
	const struct index_batch *batch, struct err *err)
{
	cleanup_buf struct buf sealed = BUF_INIT(REPOSITORY_FILE_MAX);
	struct id id;
	int r = index_batch_seal(batch, codec, repository->config.version >= 2, &sealed, err);

	if (r >= 0)
		r = repository_save_sealed(repository, codec, STORE_INDEX, &sealed, &id, err);
	return r < 0 ? err_wrap(err, "save index") : 0;
}

/* Enters a durable pack into the index. When it is time, what the next index file is to hold is
 * moved to ret_batch. */
static int enter_pack(struct repository *repository, const struct id *id,
	const struct pack_entry *entries, size_t count, struct index_batch *ret_batch,
	struct err *err)
{
	uint64_t now_us = clock_monotonic_us(repository->clock);
	uint32_t pack;
	int r = index_add_pack(repository->index, id, &pack, err);

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = index_settle(repository->index, entries[i].type, &entries[i].id, pack,
			&entries[i].location, err);
	if (r >= 0)
		r = index_batch_add(&repository->unsaved, id, entries, count, err);
	if (r < 0 || (repository->unsaved.blobs < INDEX_BLOBS_MAX &&
			     now_us - repository->saved_us < INDEX_INTERVAL_US))
		return r;
	*ret_batch = repository->unsaved;
	index_batch_init(&repository->unsaved);
	repository->saved_us = now_us;
	return 0;
}

/* Takes writer. */
static int finish_pack(struct repository *repository, struct blob_codec *codec,
	struct pack_writer *writer, struct err *err)
{
	cleanup_pack_writer struct pack_writer *owned = writer;
	cleanup_index_batch struct index_batch batch = {0};
	const struct pack_entry *entries;
	struct id id;
	size_t count;
	int r = packs_finish(&repository->packs, codec, owned, &id, err);

	if (r < 0)
		return r;
	entries = pack_writer_entries(owned, &count);
	pthread_mutex_lock(&repository->mutex);
	r = enter_pack(repository, &id, entries, count, &batch, err);
	pthread_mutex_unlock(&repository->mutex);
	return r < 0 || !batch.blobs ? r : repository_save_index(repository, codec, &batch, err);
}

/* 1 if the blob is unknown: the caller must store it. */
static int claim(
	struct repository *repository, enum blob_type type, const struct id *id, struct err *err)
{
	int r;

	pthread_mutex_lock(&repository->mutex);
	r = index_claim(repository->index, type, id, err);
	pthread_mutex_unlock(&repository->mutex);
	return r;
}

/* Stores what was claimed. size: bytes of plaintext. */
static int store_sealed(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, const struct blob_sealed *sealed, size_t size,
	struct repository_added *ret_added, struct err *err)
{
	struct pack_writer *full = NULL;
	int r = 0;

	if (!repository->dry_run)
		r = packs_put(&repository->packs, type, id, sealed, &full, err);
	if (r < 0)
		return r;
	*ret_added = (struct repository_added){
		.is_new = true, .plain_bytes = size, .stored_bytes = sealed->size};
	return full ? finish_pack(repository, codec, full, err) : 0;
}

int repository_save_blob_as(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, const void *data, size_t size,
	struct repository_added *ret_added, struct err *err)
{
	struct blob_sealed sealed;
	int r = claim(repository, type, id, err);

	if (r < 0)
		return r;
	*ret_added = (struct repository_added){0};
	if (r == 0)
		return 0;
	r = blob_seal(codec, type, repository->compress, true, data, size, &sealed, err);
	return r < 0 ? r : store_sealed(repository, codec, type, id, &sealed, size, ret_added, err);
}

int repository_save_sealed_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, const struct blob_sealed *sealed,
	struct repository_added *ret_added, struct err *err)
{
	size_t plain = sealed->plain_length ? sealed->plain_length
					    : sealed->size - (size_t)CIPHER_OVERHEAD;
	int r = claim(repository, type, id, err);

	if (r < 0)
		return r;
	*ret_added = (struct repository_added){0};
	return r ? store_sealed(repository, codec, type, id, sealed, plain, ret_added, err) : 0;
}

int repository_save_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const void *data, size_t size, struct id *ret_id,
	struct repository_added *ret_added, struct err *err)
{
	int r = blob_id(codec, data, size, ret_id, err);

	return r < 0 ? r
		     : repository_save_blob_as(
			       repository, codec, type, ret_id, data, size, ret_added, err);
}

int repository_save_tree(struct repository *repository, struct blob_codec *codec,
	const struct blob_source *source, struct id *ret_id, struct repository_added *ret_added,
	struct err *err)
{
	struct blob_sealed sealed;
	size_t size;
	int r = blob_source_id(codec, source, ret_id, &size, err);

	if (r >= 0 && size > BLOB_TREE_MAX)
		r = err_set(
			err, ERR_SPACE, EFBIG, "store a tree blob: %zu bytes are too many", size);
	if (r < 0)
		return r;
	*ret_added = (struct repository_added){0};
	r = claim(repository, BLOB_TREE, ret_id, err);
	if (r <= 0)
		return r;
	r = blob_seal_source(codec, source, ret_id, size, &sealed, err);
	if (r >= 0)
		r = store_sealed(
			repository, codec, BLOB_TREE, ret_id, &sealed, size, ret_added, err);
	blob_codec_trim(codec);
	return r;
}

uint64_t repository_unsaved_bytes(const struct repository *repository)
{
	return __atomic_load_n(&repository->packs.unsaved_bytes, __ATOMIC_RELAXED);
}

int repository_flush(struct repository *repository, struct blob_codec *codec, struct err *err)
{
	cleanup_index_batch struct index_batch batch = {0};
	struct pack_writer *writer;
	int r = 0;

	while (r >= 0 && (writer = packs_take(&repository->packs)))
		r = finish_pack(repository, codec, writer, err);
	if (r < 0 || !repository->unsaved.blobs)
		return r;
	batch = repository->unsaved;
	index_batch_init(&repository->unsaved);
	return repository_save_index(repository, codec, &batch, err);
}
