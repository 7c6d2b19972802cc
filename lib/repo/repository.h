/* A repository that is open: its key, its index, its packs in the making. What takes a codec
 * may be called from several threads, each with a codec of its own. */
#ifndef NEXUS_REPO_REPOSITORY_H
#define NEXUS_REPO_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "repo/blob.h"
#include "repo/config.h"
#include "repo/id.h"
#include "repo/index.h"
#include "store/store.h"

struct repository;

struct repository_options {
	const struct clock *clock; /* borrowed; NULL: the system's */
	const char *key_hint; /* borrowed for the opening: see key_find; may be NULL */
	int level; /* zstd's; 0: the default, 3 */
	bool no_compression; /* data is stored as it is */
	bool dry_run; /* blobs are made and verified, but not stored */
};

/* Makes a repository in store: its folders, a key for password and the config, in this order.
 * -EEXIST if there is a config, a key or a snapshot. polynomial 0: a random one. */
int repository_init(struct store *store, const char *password, uint64_t polynomial,
	const struct clock *clock, struct id *ret_id, struct err *err)
	__attribute__((warn_unused_result));

/* Opens the one in store, which is taken, also on failure. -ENOENT (kind not-found) if there is
 * none, -EACCES (kind denied) if no key fits the password. Not more than the config is read:
 * see repository_load_index. */
int repository_open(struct store *store, const char *password,
	const struct repository_options *options, struct repository **ret, struct err *err)
	__attribute__((warn_unused_result));
void repository_close(struct repository *repository);
CLEANUP_DEFINE(repository, struct repository *, repository_close);
#define cleanup_repository CLEANUP(repository)

/* All borrowed. */
const struct config *repository_config(const struct repository *repository);
/* The key file whose password opened it. */
const struct id *repository_key_id(const struct repository *repository);
struct store *repository_store(struct repository *repository);
const struct clock *repository_clock(const struct repository *repository);
/* The main thread's codec. */
struct blob_codec *repository_codec(struct repository *repository);
/* The index: only while no other thread works on the repository. */
const struct index *repository_index(const struct repository *repository);

/* One more key file, for another password. username and hostname, written down in it, may be
 * NULL: who and where we are. */
int repository_add_key(struct repository *repository, const char *password, const char *username,
	const char *hostname, struct id *ret_id, struct err *err)
	__attribute__((warn_unused_result));

int repository_codec_new(struct repository *repository, struct blob_codec **ret, struct err *err)
	__attribute__((warn_unused_result));

/* Reads every index file. damaged counts those that could not be read; without it, or when all
 * failed to be listed, that is an error. Snapshots are to be listed before this. */
int repository_load_index(struct repository *repository, unsigned *damaged, struct err *err)
	__attribute__((warn_unused_result));

/* Files of JSON: snapshots, locks, indexes. The hash of the stored bytes is checked. -EFBIG (kind
 * corrupt) for one that is larger than ret's max, stored or decoded. */
int repository_load_file(struct repository *repository, struct blob_codec *codec,
	enum store_type type, const struct id *id, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));
int repository_save_file(struct repository *repository, struct blob_codec *codec,
	enum store_type type, const void *text, size_t size, struct id *ret_id, struct err *err)
	__attribute__((warn_unused_result));

/* Each id of a type. A negative return of fn ends it and is handed on. */
typedef int repository_list_fn(
	const struct id *id, uint64_t size_bytes, void *context, struct err *err);
int repository_list(struct repository *repository, enum store_type type, repository_list_fn *fn,
	void *context, struct err *err) __attribute__((warn_unused_result));

/* Whether a blob is known (stored, or being stored). ret_location may be NULL. */
bool repository_has_blob(struct repository *repository, enum blob_type type, const struct id *id);
/* The plaintext's bytes as the index tells; false if the blob is not stored. */
bool repository_blob_size(struct repository *repository, enum blob_type type, const struct id *id,
	uint64_t *ret_bytes);

/* Where the copy of a blob stands that is tried first; false if it is not stored. */
bool repository_place_blob(struct repository *repository, enum blob_type type, const struct id *id,
	struct id *ret_pack, struct blob_location *ret_location);

/* Loads and checks a blob; ret is cleared first and its max bounds it. If one copy is damaged
 * the others are tried. -ENOENT if it is unknown, -EBADMSG. */
int repository_load_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The same piece by piece; the stream is owned. What was read is checked before it is given. */
int repository_stream_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, struct blob_stream **ret, struct err *err)
	__attribute__((warn_unused_result));

/* What storing a blob added: zeros if it was known. */
struct repository_added {
	bool is_new;
	uint64_t plain_bytes, stored_bytes;
};

/* Stores a blob unless it is known, verified before it leaves (see blob_seal), and gives its
 * id. It is durable after repository_flush. */
int repository_save_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const void *data, size_t size, struct id *ret_id,
	struct repository_added *ret_added, struct err *err) __attribute__((warn_unused_result));

/* The same with the id known, see blob_ids. */
int repository_save_blob_as(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, const void *data, size_t size,
	struct repository_added *ret_added, struct err *err) __attribute__((warn_unused_result));

/* The same for a blob that is sealed already, by a codec of this repository, and proved. */
int repository_save_sealed_blob(struct repository *repository, struct blob_codec *codec,
	enum blob_type type, const struct id *id, const struct blob_sealed *sealed,
	struct repository_added *ret_added, struct err *err) __attribute__((warn_unused_result));

/* The same for a tree that is not to stand in memory whole. Its source is gone through once if it
 * is known, else twice. */
int repository_save_tree(struct repository *repository, struct blob_codec *codec,
	const struct blob_source *source, struct id *ret_id, struct repository_added *ret_added,
	struct err *err) __attribute__((warn_unused_result));

/* Saves an index file of a batch; its packs must be durable. */
int repository_save_index(struct repository *repository, struct blob_codec *codec,
	const struct index_batch *batch, struct err *err) __attribute__((warn_unused_result));

/* Bytes of blobs in packs that are not durable yet, from any thread and at any time. */
uint64_t repository_unsaved_bytes(const struct repository *repository);

/* Finishes the open packs and writes the index of all that is not in one yet. After 0 all
 * blobs saved are durable and found again. No other thread may save meanwhile. */
int repository_flush(struct repository *repository, struct blob_codec *codec, struct err *err)
	__attribute__((warn_unused_result));

#endif
