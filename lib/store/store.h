/* Where the objects of a repository live. An object has a type and a name (64 lowercase hex
 * digits; the config has none) and never changes once it is there. Every kind of store is one
 * struct store_ops. All calls may block; unless said otherwise they may come from several
 * threads at once, each upload from one thread at a time. */
#ifndef NEXUS_STORE_STORE_H
#define NEXUS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define STORE_NAME_SIZE 65 /* 64 digits and the NUL */

enum store_type {
	STORE_CONFIG,
	STORE_KEY,
	STORE_LOCK,
	STORE_SNAPSHOT,
	STORE_INDEX,
	STORE_PACK,
};

struct store;
struct store_upload;

/* Called for each object of a listing; a negative return ends it and is handed on. */
typedef int store_list_fn(const char *name, uint64_t size_bytes, void *context, struct err *err);

/* Whether an object is of use. */
typedef bool store_keep_fn(const char *name, void *context);

struct store_ops {
	/* Makes what an empty repository needs (folders). Fine if it is there already. */
	int (*create)(struct store *store, struct err *err);
	/* Starts a new object whose name is known at its end. 0 and an owned *ret. */
	int (*begin)(struct store *store, enum store_type type, struct store_upload **ret,
		struct err *err);
	int (*append)(struct store_upload *upload, const void *data, size_t size, struct err *err);
	/* Makes it durable under its name, then visible. Takes upload, also on failure. */
	int (*commit)(struct store_upload *upload, const char *name, struct err *err);
	/* Takes upload; nothing remains of it. */
	void (*abort)(struct store_upload *upload);
	/* Reads size bytes at offset; -ENODATA if the object is shorter, -ENOENT. */
	int (*read)(struct store *store, enum store_type type, const char *name, uint64_t offset,
		void *ret, size_t size, struct err *err);
	int (*size)(struct store *store, enum store_type type, const char *name,
		uint64_t *ret_bytes, struct err *err);
	/* The same, for what is likely to be read again; NULL: read does. */
	int (*read_often)(struct store *store, enum store_type type, const char *name,
		uint64_t offset, void *ret, size_t size, struct err *err);
	/* Each object of the type once, in no order; what is no name of an object is skipped.
	 * fn may call the store. */
	int (*list)(struct store *store, enum store_type type, store_list_fn *fn, void *context,
		struct err *err);
	/* -ENOENT if it is not there, where the place tells (a server need not). */
	int (*remove)(struct store *store, enum store_type type, const char *name, struct err *err);
	/* Removes what uploads of dead writers left; returns how many. NULL: nothing can be left.
	 */
	int (*tidy)(struct store *store, struct err *err);
	/* Drops copies of objects of the type that keep says no to; what is stored stays. NULL:
	 * there are no copies. */
	void (*keep)(struct store *store, enum store_type type, store_keep_fn *keep, void *context);
	/* Takes store. */
	void (*close)(struct store *store);
};

/* What every kind of store begins with. */
struct store {
	const struct store_ops *ops;
};

struct store_upload {
	struct store *store; /* borrowed */
	enum store_type type;
};

/* The folder of a type: "keys", "data" ...; "config" for the config. Static. */
const char *store_type_name(enum store_type type);
bool store_name_is_valid(const char *name);
/* The path of an object below its repository: "data/01/0123...". name: NULL for the config. */
#define STORE_PATH_SIZE 96
void store_format_path(
	enum store_type type, const char *name, char ret_path[static STORE_PATH_SIZE]);

void store_close(struct store *store);
CLEANUP_DEFINE(store, struct store *, store_close);
#define cleanup_store CLEANUP(store)

void store_upload_abort(struct store_upload *upload);
CLEANUP_DEFINE(store_upload, struct store_upload *, store_upload_abort);
#define cleanup_store_upload CLEANUP(store_upload)

int store_create(struct store *store, struct err *err) __attribute__((warn_unused_result));
int store_begin(struct store *store, enum store_type type, struct store_upload **ret,
	struct err *err) __attribute__((warn_unused_result));
int store_append(struct store_upload *upload, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
int store_commit(struct store_upload *upload, const char *name, struct err *err)
	__attribute__((warn_unused_result));
int store_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err) __attribute__((warn_unused_result));
/* The same; a cache keeps the whole object. For packs of trees. */
int store_read_often(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err) __attribute__((warn_unused_result));
int store_size(struct store *store, enum store_type type, const char *name, uint64_t *ret_bytes,
	struct err *err) __attribute__((warn_unused_result));
int store_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err) __attribute__((warn_unused_result));
int store_remove(struct store *store, enum store_type type, const char *name, struct err *err)
	__attribute__((warn_unused_result));

int store_tidy(struct store *store, struct err *err) __attribute__((warn_unused_result));
/* Says which objects of a type there are, for a cache that may hold others. */
void store_keep(struct store *store, enum store_type type, store_keep_fn *keep, void *context);

/* begin, append, commit. name is NULL for the config. */
int store_save(struct store *store, enum store_type type, const char *name, const void *data,
	size_t size, struct err *err) __attribute__((warn_unused_result));
/* The whole object, at most max_bytes, owned. -EFBIG. */
int store_load(struct store *store, enum store_type type, const char *name, size_t max_bytes,
	uint8_t **ret_data, size_t *ret_size, struct err *err) __attribute__((warn_unused_result));
/* Whether an object is there: 1 or 0. */
int store_has(struct store *store, enum store_type type, const char *name, struct err *err)
	__attribute__((warn_unused_result));

#endif
