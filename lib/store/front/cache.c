#include "store/front/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "store/front/cache_files.h"

#define NAMES_MAX (64u << 20) /* bytes of names held to sweep */

struct cache_store {
	struct store store;
	struct store *inner; /* owned */
	struct cache_files *files; /* owned; NULL: not in use */
};

struct cache_upload {
	struct store_upload upload;
	struct store_upload *inner; /* owned */
};

static struct cache_store *cache_of(struct store *store)
{
	return (struct cache_store *)store;
}

static bool is_cached(const struct cache_store *cache, enum store_type type)
{
	return cache->files && (type == STORE_INDEX || type == STORE_SNAPSHOT);
}

static int cache_create(struct store *store, struct err *err)
{
	return store_create(cache_of(store)->inner, err);
}

static int cache_begin(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	struct cache_upload *upload = calloc(1, sizeof(*upload));
	int r;

	if (!upload)
		return err_oom(err);
	upload->upload = (struct store_upload){.store = store, .type = type};
	r = store_begin(cache_of(store)->inner, type, &upload->inner, err);
	if (r < 0) {
		free(upload);
		return r;
	}
	*ret = &upload->upload;
	return 0;
}

static int cache_append(struct store_upload *base, const void *data, size_t size, struct err *err)
{
	return store_append(((struct cache_upload *)base)->inner, data, size, err);
}

static int cache_commit(struct store_upload *base, const char *name, struct err *err)
{
	int r = store_commit(((struct cache_upload *)base)->inner, name, err);

	free(base);
	return r;
}

static void cache_abort(struct store_upload *base)
{
	store_upload_abort(((struct cache_upload *)base)->inner);
	free(base);
}

/* Reads from a cached file; false: not there, read it from the store. */
static bool read_file(int fd, uint64_t bytes, uint64_t offset, void *ret, size_t size)
{
	struct err err = ERR_INIT;
	bool done = offset <= bytes && size <= bytes - offset &&
		    file_pread_full(fd, ret, size, offset, "cache", &err) >= 0;

	close(fd);
	return done;
}

static int cache_read_often(struct store *store, enum store_type type, const char *name,
	uint64_t offset, void *ret, size_t size, struct err *err)
{
	struct cache_store *cache = cache_of(store);
	uint64_t bytes = 0;
	int fd = -1;

	if (cache->files)
		fd = cache_files_fetch(cache->files, cache->inner, type, name, &bytes);
	if (fd >= 0 && read_file(fd, bytes, offset, ret, size))
		return 0;
	return store_read(cache->inner, type, name, offset, ret, size, err);
}

static int cache_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	if (is_cached(cache_of(store), type))
		return cache_read_often(store, type, name, offset, ret, size, err);
	return store_read(cache_of(store)->inner, type, name, offset, ret, size, err);
}

static int cache_size(struct store *store, enum store_type type, const char *name,
	uint64_t *ret_bytes, struct err *err)
{
	struct cache_store *cache = cache_of(store);
	int fd = -1;

	if (is_cached(cache, type))
		fd = cache_files_fetch(cache->files, cache->inner, type, name, ret_bytes);
	if (fd < 0)
		return store_size(cache->inner, type, name, ret_bytes, err);
	close(fd);
	return 0;
}

/* Hands a listing on and notes its names, to remove from the cache what is no longer there. */
struct listing {
	store_list_fn *fn;
	void *context;
	struct buf names;
	bool full; /* not all were noted */
};

static int note(const char *name, uint64_t size_bytes, void *context, struct err *err)
{
	struct listing *listing = context;
	struct err ignored = ERR_INIT;

	if (!listing->full && buf_add(&listing->names, name, STORE_NAME_SIZE, &ignored) < 0)
		listing->full = true;
	return listing->fn(name, size_bytes, listing->context, err);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_listed(const char *name, void *context)
{
	const struct listing *listing = context;

	return listing->names.size &&
	       bsearch(name, listing->names.data, listing->names.size / STORE_NAME_SIZE,
		       STORE_NAME_SIZE, compare);
}

static int cache_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	struct cache_store *cache = cache_of(store);
	struct listing listing = {.fn = fn, .context = context, .names = BUF_INIT(NAMES_MAX)};
	int r;

	if (!is_cached(cache, type))
		return store_list(cache->inner, type, fn, context, err);
	r = store_list(cache->inner, type, note, &listing, err);
	if (r >= 0 && !listing.full) {
		if (listing.names.size)
			qsort(listing.names.data, listing.names.size / STORE_NAME_SIZE,
				STORE_NAME_SIZE, compare);
		cache_files_sweep(cache->files, type, is_listed, &listing);
	}
	buf_done(&listing.names);
	return r;
}

static int cache_remove(
	struct store *store, enum store_type type, const char *name, struct err *err)
{
	struct cache_store *cache = cache_of(store);

	if (cache->files && type != STORE_CONFIG)
		cache_files_drop(cache->files, type, name);
	return store_remove(cache->inner, type, name, err);
}

static int cache_tidy(struct store *store, struct err *err)
{
	return store_tidy(cache_of(store)->inner, err);
}

static void cache_keep(
	struct store *store, enum store_type type, store_keep_fn *keep, void *context)
{
	if (cache_of(store)->files)
		cache_files_sweep(cache_of(store)->files, type, keep, context);
}

static void cache_close(struct store *store)
{
	cache_files_free(cache_of(store)->files);
	store_close(cache_of(store)->inner);
	free(store);
}

static const struct store_ops cache_ops = {
	.create = cache_create,
	.begin = cache_begin,
	.append = cache_append,
	.commit = cache_commit,
	.abort = cache_abort,
	.read = cache_read,
	.read_often = cache_read_often,
	.size = cache_size,
	.list = cache_list,
	.remove = cache_remove,
	.tidy = cache_tidy,
	.keep = cache_keep,
	.close = cache_close,
};

int cache_store_new(struct store *inner, struct store **ret, struct err *err)
{
	struct cache_store *cache = calloc(1, sizeof(*cache));

	if (!cache) {
		store_close(inner);
		return err_oom(err);
	}
	cache->store.ops = &cache_ops;
	cache->inner = inner;
	*ret = &cache->store;
	return 0;
}

int cache_store_use(
	struct store *store, const char *folder, const char *repository_id, struct err *err)
{
	if (store->ops != &cache_ops || cache_of(store)->files)
		return 0;
	return cache_files_open(folder, repository_id, &cache_of(store)->files, err);
}
