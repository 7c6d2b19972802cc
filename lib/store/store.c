#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
	[STORE_CONFIG] = "config",
	[STORE_KEY] = "keys",
	[STORE_LOCK] = "locks",
	[STORE_SNAPSHOT] = "snapshots",
	[STORE_INDEX] = "index",
	[STORE_PACK] = "data",
};

const char *store_type_name(enum store_type type)
{
	return type_names[type];
}

bool store_name_is_valid(const char *name)
{
	return strlen(name) == STORE_NAME_SIZE - 1 &&
	       strspn(name, "0123456789abcdef") == STORE_NAME_SIZE - 1;
}

void store_format_path(
	enum store_type type, const char *name, char ret_path[static STORE_PATH_SIZE])
{
	if (type == STORE_CONFIG)
		snprintf(ret_path, STORE_PATH_SIZE, "config");
	else if (type == STORE_PACK)
		snprintf(ret_path, STORE_PATH_SIZE, "data/%.2s/%s", name, name);
	else
		snprintf(ret_path, STORE_PATH_SIZE, "%s/%s", store_type_name(type), name);
}

void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}

void store_upload_abort(struct store_upload *upload)
{
	if (upload)
		upload->store->ops->abort(upload);
}

int store_create(struct store *store, struct err *err)
{
	return store->ops->create(store, err);
}

int store_begin(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	return store->ops->begin(store, type, ret, err);
}

int store_append(struct store_upload *upload, const void *data, size_t size, struct err *err)
{
	return upload->store->ops->append(upload, data, size, err);
}

/* The name as a store wants it; the config's does not matter. */
static int check_name(enum store_type type, const char *name, struct err *err)
{
	if (type == STORE_CONFIG || (name && store_name_is_valid(name)))
		return 0;
	return err_set(err, ERR_BUG, EINVAL, "name an object of %s: no name of 64 digits",
		type_names[type]);
}

int store_commit(struct store_upload *upload, const char *name, struct err *err)
{
	int r = check_name(upload->type, name, err);

	if (r < 0) {
		store_upload_abort(upload);
		return r;
	}
	return upload->store->ops->commit(upload, name, err);
}

int store_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	int r = check_name(type, name, err);

	return r < 0 ? r : store->ops->read(store, type, name, offset, ret, size, err);
}

int store_read_often(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	int r = check_name(type, name, err);

	if (r < 0)
		return r;
	if (store->ops->read_often)
		return store->ops->read_often(store, type, name, offset, ret, size, err);
	return store->ops->read(store, type, name, offset, ret, size, err);
}

int store_size(struct store *store, enum store_type type, const char *name, uint64_t *ret_bytes,
	struct err *err)
{
	int r = check_name(type, name, err);

	return r < 0 ? r : store->ops->size(store, type, name, ret_bytes, err);
}

int store_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	return store->ops->list(store, type, fn, context, err);
}

int store_remove(struct store *store, enum store_type type, const char *name, struct err *err)
{
	int r = check_name(type, name, err);

	return r < 0 ? r : store->ops->remove(store, type, name, err);
}

int store_tidy(struct store *store, struct err *err)
{
	return store->ops->tidy ? store->ops->tidy(store, err) : 0;
}

void store_keep(struct store *store, enum store_type type, store_keep_fn *keep, void *context)
{
	if (store->ops->keep)
		store->ops->keep(store, type, keep, context);
}

int store_save(struct store *store, enum store_type type, const char *name, const void *data,
	size_t size, struct err *err)
{
	cleanup_store_upload struct store_upload *upload = NULL;
	int r;

	r = store_begin(store, type, &upload, err);
	if (r < 0)
		return r;
	r = store_append(upload, data, size, err);
	if (r < 0)
		return r;
	return store_commit(TAKE(upload), name, err);
}

int store_load(struct store *store, enum store_type type, const char *name, size_t max_bytes,
	uint8_t **ret_data, size_t *ret_size, struct err *err)
{
	cleanup_free uint8_t *data = NULL;
	uint64_t size;
	int r;

	r = store_size(store, type, name, &size, err);
	if (r < 0)
		return r;
	if (size > max_bytes)
		return err_set(err, ERR_CORRUPT, EFBIG, "load %s/%s: larger than %zu bytes",
			type_names[type], name ? name : "", max_bytes);
	data = malloc(size + 1);
	if (!data)
		return err_oom(err);
	r = store_read(store, type, name, 0, data, size, err);
	if (r < 0)
		return r;
	data[size] = 0;
	*ret_data = TAKE(data);
	*ret_size = size;
	return 0;
}

int store_has(struct store *store, enum store_type type, const char *name, struct err *err)
{
	uint64_t size;
	int r = store_size(store, type, name, &size, err);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}
