#include "store/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define OBJECT_MAX (256u << 20)

struct object {
	struct object *next; /* owned */
	enum store_type type;
	char name[STORE_NAME_SIZE];
	struct buf data;
};

struct memory_store {
	struct store store;
	pthread_mutex_t mutex; /* guards the list; objects in it never change */
	struct object *objects; /* owned */
};

struct memory_upload {
	struct store_upload upload;
	struct buf data;
};

static struct memory_store *memory_of(struct store *store)
{
	return (struct memory_store *)store;
}

static struct object *find(struct store *store, enum store_type type, const char *name)
{
	struct memory_store *memory = memory_of(store);
	struct object *object;

	pthread_mutex_lock(&memory->mutex);
	for (object = memory->objects; object; object = object->next)
		if (object->type == type &&
			(type == STORE_CONFIG || strcmp(object->name, name) == 0))
			break;
	pthread_mutex_unlock(&memory->mutex);
	return object;
}

static int missing(enum store_type type, const char *name, struct err *err)
{
	return err_errno(err, ENOENT, "open %s/%s", store_type_name(type), name ? name : "");
}

static int memory_create(struct store *store, struct err *err)
{
	(void)store;
	(void)err;
	return 0;
}

static int memory_begin(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	struct memory_upload *upload = calloc(1, sizeof(*upload));

	if (!upload)
		return err_oom(err);
	upload->upload = (struct store_upload){.store = store, .type = type};
	upload->data = BUF_INIT(OBJECT_MAX);
	*ret = &upload->upload;
	return 0;
}

static int memory_append(struct store_upload *base, const void *data, size_t size, struct err *err)
{
	return buf_add(&((struct memory_upload *)base)->data, data, size, err);
}

static void memory_abort(struct store_upload *base)
{
	buf_done(&((struct memory_upload *)base)->data);
	free(base);
}

static int memory_commit(struct store_upload *base, const char *name, struct err *err)
{
	struct memory_store *memory = memory_of(base->store);
	struct memory_upload *upload = (struct memory_upload *)base;
	struct object *object = find(base->store, base->type, name);

	if (object) { /* the same name is the same content */
		memory_abort(base);
		return 0;
	}
	object = calloc(1, sizeof(*object));
	if (!object) {
		memory_abort(base);
		return err_oom(err);
	}
	object->type = base->type;
	if (name)
		snprintf(object->name, sizeof(object->name), "%s", name);
	object->data = upload->data;
	free(upload);
	pthread_mutex_lock(&memory->mutex);
	object->next = memory->objects;
	memory->objects = object;
	pthread_mutex_unlock(&memory->mutex);
	return 0;
}

static int memory_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	struct object *object = find(store, type, name);

	if (!object)
		return missing(type, name, err);
	if (offset > object->data.size || size > object->data.size - offset)
		return err_set(err, ERR_CORRUPT, ENODATA, "read %s/%s: ends too early",
			store_type_name(type), object->name);
	if (size)
		memcpy(ret, object->data.data + offset, size);
	return 0;
}

static int memory_size(struct store *store, enum store_type type, const char *name,
	uint64_t *ret_bytes, struct err *err)
{
	struct object *object = find(store, type, name);

	if (!object)
		return missing(type, name, err);
	*ret_bytes = object->data.size;
	return 0;
}

static int memory_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	for (struct object *object = memory_of(store)->objects, *next; object; object = next) {
		int r = 0;

		next = object->next; /* fn may remove the object */
		if (object->type == type)
			r = fn(object->name, object->data.size, context, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int memory_remove(
	struct store *store, enum store_type type, const char *name, struct err *err)
{
	struct memory_store *memory = memory_of(store);
	struct object *object = find(store, type, name);

	if (!object)
		return missing(type, name, err);
	pthread_mutex_lock(&memory->mutex);
	for (struct object **at = &memory->objects; *at; at = &(*at)->next)
		if (*at == object) {
			*at = object->next;
			break;
		}
	pthread_mutex_unlock(&memory->mutex);
	buf_done(&object->data);
	free(object);
	return 0;
}

static void memory_close(struct store *store)
{
	struct memory_store *memory = memory_of(store);

	for (struct object *object = memory->objects, *next; object; object = next) {
		next = object->next;
		buf_done(&object->data);
		free(object);
	}
	pthread_mutex_destroy(&memory->mutex);
	free(memory);
}

static const struct store_ops memory_ops = {
	.create = memory_create,
	.begin = memory_begin,
	.append = memory_append,
	.commit = memory_commit,
	.abort = memory_abort,
	.read = memory_read,
	.size = memory_size,
	.list = memory_list,
	.remove = memory_remove,
	.close = memory_close,
};

int memory_store_new(struct store **ret, struct err *err)
{
	struct memory_store *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return err_oom(err);
	memory->store.ops = &memory_ops;
	pthread_mutex_init(&memory->mutex, NULL);
	*ret = &memory->store;
	return 0;
}

int memory_store_damage(struct store *store, enum store_type type, const char *name,
	uint64_t offset, struct err *err)
{
	struct object *object = find(store, type, name);

	if (!object)
		return missing(type, name, err);
	if (offset >= object->data.size)
		return err_set(err, ERR_CONFIG, ERANGE, "damage object: offset is past its end");
	object->data.data[offset] ^= 1;
	return 0;
}
