#include "repo/packs.h"

#include "base/cleanup.h"

#define TREE_PACK (PACKS_OPEN - 1)

void packs_init(struct packs *packs, struct store *store)
{
	*packs = (struct packs){.store = store};
	for (size_t i = 0; i < PACKS_OPEN; i++)
		pthread_mutex_init(&packs->open[i].mutex, NULL);
}

void packs_done(struct packs *packs)
{
	for (size_t i = 0; i < PACKS_OPEN; i++) {
		pack_writer_free(TAKE(packs->open[i].writer));
		pthread_mutex_destroy(&packs->open[i].mutex);
	}
}

int packs_put(struct packs *packs, enum blob_type type, const struct id *id,
	const struct blob_sealed *sealed, struct pack_writer **ret_full, struct err *err)
{
	/* The IV is random: one bit of it chooses between the two packs of data, so that sizes
	 * of neighbouring chunks can't be read from a pack's length. */
	size_t at = type == BLOB_TREE ? TREE_PACK : sealed->data[0] & 1u;
	int r = 0;

	pthread_mutex_lock(&packs->open[at].mutex);
	if (!packs->open[at].writer)
		r = pack_writer_new(packs->store, &packs->open[at].writer, err);
	if (r >= 0)
		r = pack_writer_add(packs->open[at].writer, type, id, sealed, err);
	if (r >= 0) {
		__atomic_add_fetch(&packs->unsaved_bytes, sealed->size, __ATOMIC_RELAXED);
		if (pack_writer_is_full(packs->open[at].writer))
			*ret_full = TAKE(packs->open[at].writer);
	}
	pthread_mutex_unlock(&packs->open[at].mutex);
	return r;
}

struct pack_writer *packs_take(struct packs *packs)
{
	for (size_t i = 0; i < PACKS_OPEN; i++)
		if (packs->open[i].writer)
			return TAKE(packs->open[i].writer);
	return NULL;
}

int packs_finish(struct packs *packs, struct blob_codec *codec, struct pack_writer *writer,
	struct id *ret_id, struct err *err)
{
	int r = pack_writer_finish(writer, codec, ret_id, err);

	if (r < 0)
		return err_wrap(err, "save pack");
	__atomic_sub_fetch(&packs->unsaved_bytes, pack_writer_size(writer), __ATOMIC_RELAXED);
	return 0;
}
