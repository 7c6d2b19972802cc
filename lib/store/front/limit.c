#include "store/front/limit.h"

#include <stdlib.h>

#define PIECE_MAX (1u << 20) /* bytes */

struct limit_store {
	struct store store;
	struct store *inner; /* owned */
	struct rate *up, *down; /* borrowed, or NULL */
	const volatile bool *cut; /* borrowed, or NULL */
};

struct limit_upload {
	struct store_upload upload;
	struct store_upload *inner; /* owned */
};

static struct limit_store *limit_of(struct store *store)
{
	return (struct limit_store *)store;
}

static int limit_create(struct store *store, struct err *err)
{
	return store_create(limit_of(store)->inner, err);
}

static int limit_begin(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	struct limit_upload *upload = calloc(1, sizeof(*upload));
	int r;

	if (!upload)
		return err_oom(err);
	upload->upload = (struct store_upload){.store = store, .type = type};
	r = store_begin(limit_of(store)->inner, type, &upload->inner, err);
	if (r < 0) {
		free(upload);
		return r;
	}
	*ret = &upload->upload;
	return 0;
}

static int check_cut(struct store *store, struct err *err)
{
	const volatile bool *cut = limit_of(store)->cut;

	return cut && *cut ? err_set(err, ERR_SYSTEM, ECANCELED, "move data: cut off") : 0;
}

static int limit_append(struct store_upload *base, const void *data, size_t size, struct err *err)
{
	struct rate *up = limit_of(base->store)->up;
	int r = 0;

	for (size_t at = 0, piece; r >= 0 && at < size; at += piece) {
		piece = rate_piece(up, size - at < PIECE_MAX ? size - at : PIECE_MAX);
		rate_pass(up, piece);
		r = check_cut(base->store, err);
		if (r < 0)
			return r;
		r = store_append(((struct limit_upload *)base)->inner, (const uint8_t *)data + at,
			piece, err);
	}
	return r;
}

static int limit_commit(struct store_upload *base, const char *name, struct err *err)
{
	int r = store_commit(((struct limit_upload *)base)->inner, name, err);

	free(base);
	return r;
}

static void limit_abort(struct store_upload *base)
{
	store_upload_abort(((struct limit_upload *)base)->inner);
	free(base);
}

static int limit_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	struct rate *down = limit_of(store)->down;
	int r = store_read(limit_of(store)->inner, type, name, offset, ret, size, err);

	for (size_t left = size, piece; r >= 0 && left; left -= piece) {
		piece = rate_piece(down, left);
		rate_pass(down, piece);
		r = check_cut(store, err);
	}
	return r;
}

static int limit_size(struct store *store, enum store_type type, const char *name,
	uint64_t *ret_bytes, struct err *err)
{
	return store_size(limit_of(store)->inner, type, name, ret_bytes, err);
}

static int limit_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	return store_list(limit_of(store)->inner, type, fn, context, err);
}

static int limit_remove(
	struct store *store, enum store_type type, const char *name, struct err *err)
{
	return store_remove(limit_of(store)->inner, type, name, err);
}

static int limit_tidy(struct store *store, struct err *err)
{
	return store_tidy(limit_of(store)->inner, err);
}

static void limit_close(struct store *store)
{
	store_close(limit_of(store)->inner);
	free(store);
}

static const struct store_ops limit_ops = {
	.create = limit_create,
	.begin = limit_begin,
	.append = limit_append,
	.commit = limit_commit,
	.abort = limit_abort,
	.read = limit_read,
	.size = limit_size,
	.list = limit_list,
	.remove = limit_remove,
	.tidy = limit_tidy,
	.close = limit_close,
};

int limit_store_new(struct store *inner, struct rate *up, struct rate *down,
	const volatile bool *cut, struct store **ret, struct err *err)
{
	struct limit_store *limit = calloc(1, sizeof(*limit));

	if (!limit) {
		store_close(inner);
		return err_oom(err);
	}
	limit->store.ops = &limit_ops;
	limit->inner = inner;
	limit->up = up;
	limit->down = down;
	limit->cut = cut;
	*ret = &limit->store;
	return 0;
}
