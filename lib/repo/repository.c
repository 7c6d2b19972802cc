#include "repo/repository.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/secret.h"
#include "repo/key.h"
#include "repo/repository_inside.h"

#define LEVEL_DEFAULT 3

const struct config *repository_config(const struct repository *repository)
{
	return &repository->config;
}

const struct id *repository_key_id(const struct repository *repository)
{
	return &repository->key_id;
}

struct store *repository_store(struct repository *repository)
{
	return repository->store;
}

const struct clock *repository_clock(const struct repository *repository)
{
	return repository->clock;
}

struct blob_codec *repository_codec(struct repository *repository)
{
	return repository->codec;
}

const struct index *repository_index(const struct repository *repository)
{
	return repository->index;
}

int repository_codec_new(struct repository *repository, struct blob_codec **ret, struct err *err)
{
	int r = blob_codec_new(repository->key, repository->level, ret, err);

	if (r >= 0 && repository->config.version == 1)
		blob_codec_plain_only(*ret);
	return r;
}

/* --- Files of JSON --- */

int repository_load_file(struct repository *repository, struct blob_codec *codec,
	enum store_type type, const struct id *id, struct buf *ret, struct err *err)
{
	cleanup_free uint8_t *data = NULL;
	char name[ID_TEXT_SIZE];
	struct id found;
	size_t size;
	int r;

	id_format(id, name);
	/* No more than its text may have, stored in the worst way. */
	r = store_load(repository->store, type, name, blob_file_max(ret->max), &data, &size, err);
	if (r >= 0)
		r = blob_id(codec, data, size, &found, err);
	if (r < 0)
		return r;
	if (!id_equal(&found, id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "load %s/%s: its hash is another",
			store_type_name(type), name);
	r = blob_open_file(codec, data, size, ret, err);
	if (r == -EFBIG)
		r = err_set(err, ERR_CORRUPT, EFBIG, "it holds more than %zu bytes", ret->max);
	return r < 0 ? err_wrap(err, "load %s/%s", store_type_name(type), name) : 0;
}

int repository_save_sealed(struct repository *repository, struct blob_codec *codec,
	enum store_type type, const struct buf *sealed, struct id *ret_id, struct err *err)
{
	char name[ID_TEXT_SIZE];
	int r = blob_id(codec, sealed->data, sealed->size, ret_id, err);

	if (r < 0)
		return r;
	id_format(ret_id, name);
	return store_save(repository->store, type, name, sealed->data, sealed->size, err);
}

int repository_save_file(struct repository *repository, struct blob_codec *codec,
	enum store_type type, const void *text, size_t size, struct id *ret_id, struct err *err)
{
	cleanup_buf struct buf sealed = BUF_INIT(REPOSITORY_FILE_MAX);
	int r = blob_seal_file(codec, repository->config.version >= 2, text, size, &sealed, err);

	return r < 0 ? r : repository_save_sealed(repository, codec, type, &sealed, ret_id, err);
}

struct listing {
	repository_list_fn *fn;
	void *context;
};

static int list_one(const char *name, uint64_t size_bytes, void *context, struct err *err)
{
	const struct listing *listing = context;
	struct id id;

	return id_parse(name, &id) ? listing->fn(&id, size_bytes, listing->context, err) : 0;
}

int repository_list(struct repository *repository, enum store_type type, repository_list_fn *fn,
	void *context, struct err *err)
{
	struct listing listing = {fn, context};

	return store_list(repository->store, type, list_one, &listing, err);
}

/* --- Making and opening --- */

static int refuse_if_any(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	(void)id;
	(void)size_bytes;
	return err_set(err, ERR_CONFIG, EEXIST,
		"make repository: the place already holds %s of a repository", (char *)context);
}

static int check_empty(struct store *store, struct err *err)
{
	struct listing keys = {refuse_if_any, "keys"}, snapshots = {refuse_if_any, "snapshots"};
	int r = store_has(store, STORE_CONFIG, NULL, err);

	if (r > 0)
		return err_set(err, ERR_CONFIG, EEXIST,
			"make repository: the place already holds a repository");
	if (r >= 0)
		r = store_list(store, STORE_KEY, list_one, &keys, err);
	return r < 0 ? r : store_list(store, STORE_SNAPSHOT, list_one, &snapshots, err);
}

int repository_add_key(struct repository *repository, const char *password, const char *username,
	const char *hostname, struct id *ret_id, struct err *err)
{
	return key_save(repository->key, repository->store, password, repository->clock, username,
		hostname, ret_id, err);
}

/* A key without a configuration would be in the way of the next try. Where there may be one after
 * all, its answer only lost, the key stays: a repository without a key is lost. */
static void remove_key(struct store *store, const struct id *id)
{
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];

	id_format(id, name);
	if (store_has(store, STORE_CONFIG, NULL, &err) != 0 ||
		store_remove(store, STORE_KEY, name, &err) < 0)
		memset(&err, 0, sizeof(err)); /* the error before this one is told */
}

int repository_init(struct store *store, const char *password, uint64_t polynomial,
	const struct clock *clock, struct id *ret_id, struct err *err)
{
	cleanup_secret struct cipher_key *key = secret_new(sizeof(*key));
	cleanup_blob_codec struct blob_codec *codec = NULL;
	struct config config;
	bool has_key = false;
	struct id key_id;
	int r = key ? check_empty(store, err) : err_oom(err);

	if (r >= 0)
		r = config_new(polynomial, &config, err);
	if (r >= 0)
		r = key_new(key, err);
	if (r >= 0)
		r = store_create(store, err);
	if (r >= 0)
		r = key_save(key, store, password, clock ? clock : &clock_system, NULL, NULL,
			&key_id, err);
	has_key = r >= 0;
	if (r >= 0)
		r = blob_codec_new(key, LEVEL_DEFAULT, &codec, err);
	if (r >= 0)
		r = config_save(store, codec, &config, err);
	if (r < 0) {
		if (has_key)
			remove_key(store, &key_id);
		return r;
	}
	*ret_id = config.id;
	return 0;
}

static struct repository *repository_new(
	struct store *store, const struct repository_options *options)
{
	struct repository *repository = calloc(1, sizeof(*repository));

	if (!repository) {
		store_close(store);
		return NULL;
	}
	repository->store = store;
	repository->clock = options && options->clock ? options->clock : &clock_system;
	repository->level = options && options->level ? options->level : LEVEL_DEFAULT;
	repository->compress = !options || !options->no_compression;
	repository->dry_run = options && options->dry_run;
	index_batch_init(&repository->unsaved);
	repository->saved_us = clock_monotonic_us(repository->clock);
	pthread_mutex_init(&repository->mutex, NULL);
	packs_init(&repository->packs, store);
	return repository;
}

int repository_open(struct store *store, const char *password,
	const struct repository_options *options, struct repository **ret, struct err *err)
{
	cleanup_repository struct repository *repository = repository_new(store, options);
	int r;

	if (!repository)
		return err_oom(err);
	r = store_has(store, STORE_CONFIG, NULL, err);
	if (r <= 0)
		return r < 0 ? r
			     : err_set(err, ERR_NOT_FOUND, ENOENT,
				       "open repository: there is none at this place");
	repository->key = secret_new(sizeof(*repository->key));
	if (!repository->key)
		return err_oom(err);
	r = key_find(repository->store, password, options ? options->key_hint : NULL,
		repository->key, &repository->key_id, err);
	if (r >= 0)
		r = repository_codec_new(repository, &repository->codec, err);
	if (r >= 0)
		r = config_load(store, repository->codec, &repository->config, err);
	if (r >= 0)
		r = index_new(&repository->index, err);
	if (r < 0)
		return r;
	if (repository->config.version == 1)
		blob_codec_plain_only(repository->codec);
	repository->compress = repository->compress && repository->config.version >= 2;
	*ret = TAKE(repository);
	return 0;
}

void repository_close(struct repository *repository)
{
	if (!repository)
		return;
	packs_done(&repository->packs);
	pthread_mutex_destroy(&repository->mutex);
	index_batch_done(&repository->unsaved);
	index_free(repository->index);
	blob_codec_free(repository->codec);
	secret_free(repository->key);
	store_close(repository->store);
	free(repository);
}

struct index_load {
	struct repository *repository;
	unsigned *damaged;
	struct buf text; /* owned: of one after the other */
};

static int load_one_index(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct index_load *load = context;
	struct repository *repository = load->repository;
	int r;

	(void)size_bytes;
	buf_clear(&load->text);
	r = repository_load_file(repository, repository->codec, STORE_INDEX, id, &load->text, err);
	if (r >= 0)
		r = index_parse(repository->index, load->text.data, load->text.size, err);
	if (r < 0 && load->damaged && err->kind == ERR_CORRUPT) {
		(*load->damaged)++;
		return 0;
	}
	return r;
}

static bool is_indexed(const char *name, void *context)
{
	const struct repository *repository = context;
	struct id id;
	uint32_t pack;

	return id_parse(name, &id) && index_find_pack(repository->index, &id, &pack);
}

int repository_load_index(struct repository *repository, unsigned *damaged, struct err *err)
{
	struct index_load load = {repository, damaged, BUF_INIT(INDEX_FILE_MAX)};
	int r = repository_list(repository, STORE_INDEX, load_one_index, &load, err);

	buf_done(&load.text);
	if (r >= 0)
		r = index_sort(repository->index, err);
	/* What others removed since then is of no use in a cache. */
	if (r >= 0 && (!damaged || !*damaged))
		store_keep(repository->store, STORE_PACK, is_indexed, repository);
	return r;
}
