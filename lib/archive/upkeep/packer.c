#include "archive/upkeep/packer.h"

#include "base/cleanup.h"

void packer_init(struct packer *packer, struct repository *repository)
{
	*packer = (struct packer){.repository = repository};
	index_batch_init(&packer->batch);
	pthread_mutex_init(&packer->mutex, NULL);
	packs_init(&packer->packs, repository_store(repository));
}

void packer_done(struct packer *packer)
{
	packs_done(&packer->packs);
	pthread_mutex_destroy(&packer->mutex);
	index_batch_done(&packer->batch);
}

int packer_save_index(struct repository *repository, struct index_batch *batch, struct err *err)
{
	int r = batch->blobs ? repository_save_index(
				       repository, repository_codec(repository), batch, err)
			     : 0;

	if (r < 0 || !batch->blobs)
		return r;
	index_batch_done(batch);
	index_batch_init(batch);
	return 0;
}

/* Takes writer. Only a pack that is durable comes into the batch, and so into an index file. */
static int finish(struct packer *packer, struct blob_codec *codec, struct pack_writer *writer,
	struct err *err)
{
	cleanup_pack_writer struct pack_writer *owned = writer;
	cleanup_index_batch struct index_batch full = {0};
	const struct pack_entry *entries;
	struct id id;
	size_t count;
	int r = packs_finish(&packer->packs, codec, owned, &id, err);

	if (r < 0)
		return r;
	entries = pack_writer_entries(owned, &count);
	pthread_mutex_lock(&packer->mutex);
	r = index_batch_add(&packer->batch, &id, entries, count, err);
	if (r >= 0 && packer->batch.blobs >= INDEX_BLOBS_MAX) {
		full = packer->batch;
		index_batch_init(&packer->batch);
	}
	pthread_mutex_unlock(&packer->mutex);
	return r < 0 || !full.blobs ? r
				    : repository_save_index(packer->repository, codec, &full, err);
}

int packer_add(struct packer *packer, struct blob_codec *codec, enum blob_type type,
	const struct id *id, const struct blob_sealed *sealed, struct err *err)
{
	struct pack_writer *full = NULL;
	int r = packs_put(&packer->packs, type, id, sealed, &full, err);

	return full ? finish(packer, codec, full, err) : r;
}

bool packer_keeps(void *context, const struct index_entry *entry)
{
	const struct packer *packer = context;

	return entry->location.plain_length ||
	       !(entry->is_tree ? packer->compress_trees : packer->compress_data);
}

int packer_put(void *context, struct blob_codec *codec, const struct index_entry *entry,
	const struct blob_sealed *sealed, const struct buf *plain, struct err *err)
{
	struct packer *packer = context;
	enum blob_type type = entry->is_tree ? BLOB_TREE : BLOB_DATA;
	bool version_2 = repository_config(packer->repository)->version >= 2;
	struct blob_sealed anew;
	int r;

	if (sealed)
		return packer_add(packer, codec, type, &entry->id, sealed, err);
	r = blob_seal(codec, type, version_2, true, plain->data, plain->size, &anew, err);
	return r < 0 ? r : packer_add(packer, codec, type, &entry->id, &anew, err);
}

int packer_flush(struct packer *packer, struct err *err)
{
	struct blob_codec *codec = repository_codec(packer->repository);
	struct pack_writer *writer;
	int r = 0;

	while (r >= 0 && (writer = packs_take(&packer->packs)))
		r = finish(packer, codec, writer, err);
	return r < 0 ? r : packer_save_index(packer->repository, &packer->batch, err);
}
