#include "archive/repair/rebuild.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/bits.h"
#include "archive/upkeep/packer.h"
#include "archive/upkeep/reindex.h"
#include "base/cleanup.h"
#include "crypto/cipher.h"
#include "repo/stream/pack_order.h"

#define UNREAD_MAX (1u << 30) /* bytes of the list of packs to read */

/* A pack whose header is to be read. */
struct unread {
	struct id id;
	uint64_t size; /* bytes */
};

struct rebuilder {
	struct repository *repository;
	const struct rebuild_options *options;
	struct rebuild_result *result;
	const struct index *index; /* borrowed */
	uint64_t *sizes; /* owned, as all below; by pack: bytes that it should have */
	uint8_t *drop; /* a bit by pack: what the index says of it goes */
	uint8_t *there; /* a bit by pack: its file is there */
	struct buf unread; /* struct unread */
	struct index_batch batch;
};

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read pack: %s", why);
}

int rebuild_list_pack(struct repository *repository, const struct id *id, uint64_t size_bytes,
	struct buf *ret, struct err *err)
{
	struct cipher *cipher = blob_codec_cipher(repository_codec(repository));
	cleanup_buf struct buf header = BUF_INIT(PACK_HEADER_MAX);
	char name[ID_TEXT_SIZE];
	uint32_t length;
	int r;

	id_format(id, name);
	if (size_bytes < CIPHER_OVERHEAD + sizeof(length))
		return bad(err, "it is too short to be one");
	r = store_read(repository_store(repository), STORE_PACK, name, size_bytes - sizeof(length),
		&length, sizeof(length), err);
	if (r < 0)
		return r;
	length = le32toh(length);
	if (length < CIPHER_OVERHEAD || length > PACK_HEADER_MAX ||
		length > size_bytes - sizeof(length))
		return bad(err, "its header has a wrong length");
	r = buf_reserve(&header, length, err);
	if (r >= 0)
		r = store_read(repository_store(repository), STORE_PACK, name,
			size_bytes - sizeof(length) - length, header.data, length, err);
	if (r >= 0)
		r = cipher_open(cipher, header.data, length, err);
	if (r < 0)
		return r;
	return pack_header_parse(header.data + CIPHER_IV_SIZE, length - CIPHER_OVERHEAD,
		size_bytes - sizeof(length) - length, ret, err);
}

static int go_on(struct rebuilder *rebuilder, struct err *err)
{
	const struct rebuild_options *options = rebuilder->options;

	if (options->stop && *options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "repair index: interrupted");
	return options->lock ? lock_refresh(options->lock, err) : 0;
}

/* Each pack file: does what the index says of it hold? */
static int note_pack(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct rebuilder *rebuilder = context;
	const struct unread unread = {*id, size_bytes};
	uint32_t pack;

	if (index_find_pack(rebuilder->index, id, &pack)) {
		bits_add(rebuilder->there, pack);
		if (!rebuilder->options->read_all_packs && size_bytes == rebuilder->sizes[pack])
			return 0;
		bits_add(rebuilder->drop, pack);
	}
	progress_add(&rebuilder->options->progress->files_total, 1);
	progress_add(&rebuilder->options->progress->bytes_total, size_bytes);
	return buf_add(&rebuilder->unread, &unread, sizeof(unread), err);
}

static int find_sizes(struct rebuilder *rebuilder, struct err *err)
{
	cleanup_pack_order struct pack_order order = {0};
	cleanup_buf struct buf list = BUF_INIT(UINT32_MAX);
	int r = pack_order_init(&order, rebuilder->index, NULL, NULL, err);

	while (r >= 0 && (r = pack_order_next(&order, &list, err)) > 0) {
		const struct index_entry *entries = (const void *)list.data;

		rebuilder->sizes[entries->pack] =
			pack_order_size(entries, list.size / sizeof(*entries));
	}
	return r;
}

static int compare(struct repository *repository, struct rebuilder *rebuilder, struct err *err)
{
	unsigned damaged = 0;
	size_t packs;
	int r;

	progress_enter(rebuilder->options->progress, PROGRESS_INDEX);
	r = repository_load_index(repository, &damaged, err);
	progress_enter(rebuilder->options->progress, PROGRESS_WORKING);
	if (r < 0)
		return r;
	rebuilder->index = repository_index(repository);
	packs = index_pack_count(rebuilder->index);
	rebuilder->drop = bits_new(packs);
	rebuilder->there = bits_new(packs);
	rebuilder->sizes = calloc(packs + 1, sizeof(*rebuilder->sizes));
	if (!rebuilder->drop || !rebuilder->there || !rebuilder->sizes)
		return err_oom(err);
	r = find_sizes(rebuilder, err);
	if (r >= 0)
		r = repository_list(repository, STORE_PACK, note_pack, rebuilder, err);
	progress_know_total(rebuilder->options->progress);
	for (size_t p = 0; r >= 0 && p < packs; p++)
		if (!bits_has(rebuilder->there, p)) {
			bits_add(rebuilder->drop, p);
			rebuilder->result->dropped++;
		}
	rebuilder->result->damaged_files = damaged;
	return r;
}

static int read_pack(struct rebuilder *rebuilder, const struct unread *unread, struct err *err)
{
	cleanup_buf struct buf list = BUF_INIT(PACK_HEADER_MAX * 2);
	const struct rebuild_options *options = rebuilder->options;
	struct err pack_err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	int r = go_on(rebuilder, err);

	if (r < 0)
		return r;
	r = rebuild_list_pack(rebuilder->repository, &unread->id, unread->size, &list, &pack_err);
	progress_add(&options->progress->files_done, 1);
	progress_add(&options->progress->bytes_done, unread->size);
	if (r < 0 && pack_err.kind != ERR_CORRUPT && pack_err.code != ENODATA &&
		pack_err.code != EIO) {
		*err = pack_err;
		return r;
	}
	if (r < 0) {
		id_format(&unread->id, name);
		rebuilder->result->unreadable++;
		if (options->on_error)
			options->on_error(options->context, name, &pack_err);
		return 0;
	}
	rebuilder->result->read++;
	if (options->dry_run)
		return 0;
	r = index_batch_add(&rebuilder->batch, &unread->id,
		(const struct pack_entry *)(const void *)list.data,
		list.size / sizeof(struct pack_entry), err);
	if (r < 0 || rebuilder->batch.blobs < INDEX_BLOBS_MAX)
		return r;
	return packer_save_index(rebuilder->repository, &rebuilder->batch, err);
}

/* New index files for what was read, then those without what goes, then the old ones go. */
static int mend_index(struct rebuilder *rebuilder, struct err *err)
{
	const struct unread *unread = (const struct unread *)(const void *)rebuilder->unread.data;
	cleanup_reindex struct reindex reindex = {0};
	int r = reindex_init(&reindex, rebuilder->repository, rebuilder->options->lock, err);

	for (size_t i = 0; r >= 0 && i < rebuilder->unread.size / sizeof(*unread); i++)
		r = read_pack(rebuilder, &unread[i], err);
	if (r < 0 || rebuilder->options->dry_run)
		return r;
	progress_enter(rebuilder->options->progress, PROGRESS_SAVING);
	r = packer_save_index(rebuilder->repository, &rebuilder->batch, err);
	if (r >= 0)
		r = reindex_write(&reindex, rebuilder->drop, true, err);
	return r < 0 ? r : reindex_remove(&reindex, err);
}

int rebuild_run(struct repository *repository, const struct rebuild_options *options,
	struct rebuild_result *ret, struct err *err)
{
	struct rebuilder rebuilder = {.repository = repository,
		.options = options,
		.result = ret,
		.unread = BUF_INIT(UNREAD_MAX)};
	int r;

	*ret = (struct rebuild_result){0};
	index_batch_init(&rebuilder.batch);
	r = compare(repository, &rebuilder, err);
	if (r >= 0)
		r = mend_index(&rebuilder, err);
	free(rebuilder.sizes);
	index_batch_done(&rebuilder.batch);
	buf_done(&rebuilder.unread);
	free(rebuilder.drop);
	free(rebuilder.there);
	return r;
}
