#include "archive/upkeep/packer.h"

#include "base/cleanup.h"

#define TREE_PACK (PACKER_OPEN - 1)
#define INDEX_STORED_MAX (256u << 20) /* bytes */

void packer_init(struct packer *packer, struct repository *repository)
{
	*packer = (struct packer){.repository = repository};
	index_batch_init(&packer->batch);
}

void packer_done(struct packer *packer)
{
	for (size_t i = 0; i < PACKER_OPEN; i++)
		pack_writer_free(TAKE(packer->writers[i]));
	index_batch_done(&packer->batch);
}

int packer_save_index(struct repository *repository, struct index_batch *batch, struct err *err)
{
	cleanup_buf struct buf sealed = BUF_INIT(INDEX_STORED_MAX);
	struct blob_codec *codec = repository_codec(repository);
	char name[ID_TEXT_SIZE];
	struct id id;
	int r;

	if (!batch->blobs)
		return 0;
	r = index_batch_seal(
		batch, codec, repository_config(repository)->version >= 2, &sealed, err);
	if (r >= 0)
		r = blob_id(codec, sealed.data, sealed.size, &id, err);
	if (r < 0)
		return err_wrap(err, "save index");
	id_format(&id, name);
	r = store_save(
		repository_store(repository), STORE_INDEX, name, sealed.data, sealed.size, err);
	if (r < 0)
		return err_wrap(err, "save index");
	index_batch_done(batch);
	index_batch_init(batch);
	return 0;
}

static int finish(struct packer *packer, size_t at, struct err *err)
{
	cleanup_pack_writer struct pack_writer *writer = TAKE(packer->writers[at]);
	const struct pack_entry *entries;
	struct id id;
	size_t count;
	int r = pack_writer_finish(writer, repository_codec(packer->repository), &id, err);

	if (r < 0)
		return err_wrap(err, "save pack");
	entries = pack_writer_entries(writer, &count);
	r = index_batch_add(&packer->batch, &id, entries, count, err);
	if (r < 0 || packer->batch.blobs < INDEX_BLOBS_MAX)
		return r;
	return packer_save_index(packer->repository, &packer->batch, err);
}

int packer_add(struct packer *packer, enum blob_type type, const struct id *id,
	const struct blob_sealed *sealed, struct err *err)
{
	/* A bit of the random IV chooses the pack: see repository.c. */
	size_t at = type == BLOB_TREE ? TREE_PACK : sealed->data[0] & 1u;
	int r = 0;

	if (!packer->writers[at])
		r = pack_writer_new(
			repository_store(packer->repository), &packer->writers[at], err);
	if (r >= 0)
		r = pack_writer_add(packer->writers[at], type, id, sealed, err);
	if (r < 0 || !pack_writer_is_full(packer->writers[at]))
		return r;
	return finish(packer, at, err);
}

int packer_put(void *context, const struct index_entry *entry, const struct blob_sealed *sealed,
	const struct buf *plain, struct err *err)
{
	struct packer *packer = context;
	enum blob_type type = entry->is_tree ? BLOB_TREE : BLOB_DATA;
	bool compress = entry->is_tree ? packer->compress_trees : packer->compress_data;
	bool version_2 = repository_config(packer->repository)->version >= 2;
	struct blob_sealed anew;
	int r;

	if (sealed && (sealed->plain_length || !compress))
		return packer_add(packer, type, &entry->id, sealed, err);
	r = blob_seal(repository_codec(packer->repository), type, version_2, true, plain->data,
		plain->size, &anew, err);
	return r < 0 ? r : packer_add(packer, type, &entry->id, &anew, err);
}

int packer_flush(struct packer *packer, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < PACKER_OPEN; i++)
		if (packer->writers[i])
			r = finish(packer, i, err);
	return r < 0 ? r : packer_save_index(packer->repository, &packer->batch, err);
}
