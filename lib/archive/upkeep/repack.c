#include "archive/upkeep/repack.h"

#include <errno.h>
#include <string.h>

#include "archive/upkeep/bits.h"

#define RUN_BYTES (4u << 20) /* read at once, if blobs stand side by side */

void repack_done(struct repack *repack)
{
	buf_done(&repack->run);
	buf_done(&repack->sealed);
	buf_done(&repack->plain);
}

static enum blob_type type_of(const struct index_entry *entry)
{
	return entry->is_tree ? BLOB_TREE : BLOB_DATA;
}

/* The blob here can't be read: another copy of it may be. */
static int add_other_copy(struct repack *repack, const struct index_entry *entry, struct err *err)
{
	struct id id = entry->id;
	int r = repository_load_blob(repack->repository, repository_codec(repack->repository),
		type_of(entry), &id, &repack->plain, err);

	if (r >= 0)
		return repack->put(repack->put_context, entry, NULL, &repack->plain, err);
	if (!repack->on_lost || (err->kind != ERR_CORRUPT && err->kind != ERR_NOT_FOUND &&
					err->code != ENODATA && err->code != EIO))
		return r;
	repack->on_lost(repack->context, &id, err);
	return 0;
}

/* Proves a sealed blob and hands it on. */
static int add_blob(struct repack *repack, const struct index_entry *entry, const uint8_t *data,
	struct err *err)
{
	const struct blob_location *location = &entry->location;
	const struct blob_sealed sealed = {
		.data = data, .size = location->length, .plain_length = location->plain_length};
	int r;

	repack->plain.max = BLOB_TREE_MAX + 1;
	repack->sealed.max = UINT32_MAX;
	buf_clear(&repack->sealed); /* opened in place, so a copy */
	r = buf_add(&repack->sealed, data, location->length, err);
	if (r < 0)
		return r;
	r = blob_plain_size(location) > blob_plain_max(type_of(entry)) ? -EFBIG : 0;
	if (r >= 0)
		r = blob_open(repository_codec(repack->repository), repack->sealed.data,
			location->length, location->plain_length, &entry->id, &repack->plain, err);
	if (r < 0)
		return add_other_copy(repack, entry, err);
	return repack->put(repack->put_context, entry, &sealed, &repack->plain, err);
}

/* Reads the run of count entries that stand side by side, and adds them. */
static int add_run(
	struct repack *repack, size_t pack, const uint32_t *numbers, size_t count, struct err *err)
{
	const struct index *index = repack->order->index;
	uint32_t start = index_at(index, numbers[0])->location.offset;
	const struct blob_location *last = &index_at(index, numbers[count - 1])->location;
	size_t size = last->offset - start + last->length;
	char name[ID_TEXT_SIZE];
	bool readable;
	int r;

	id_format(index_pack_id(index, (uint32_t)pack), name);
	repack->run.max = UINT32_MAX;
	buf_clear(&repack->run);
	r = buf_reserve(&repack->run, size, err);
	if (r < 0)
		return r;
	r = store_read(repository_store(repack->repository), STORE_PACK, name, start,
		repack->run.data, size, err);
	readable = r >= 0;
	if (!readable && err->code != ENODATA && err->code != ENOENT && err->code != EIO)
		return r;
	r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		const struct index_entry *entry = index_at(index, numbers[i]);

		r = readable ? add_blob(repack, entry,
				       repack->run.data + (entry->location.offset - start), err)
			     : add_other_copy(repack, entry, err);
	}
	return r;
}

static bool stays(const struct repack *repack, uint32_t number)
{
	return !repack->keep || bits_has(repack->keep, number);
}

/* How many entries from the first stand side by side and are to stay. */
static size_t run_length(const struct repack *repack, const uint32_t *numbers, size_t count)
{
	const struct index *index = repack->order->index;
	uint32_t start = index_at(index, numbers[0])->location.offset;
	size_t n = 1;

	for (; n < count && stays(repack, numbers[n]); n++) {
		const struct blob_location *before = &index_at(index, numbers[n - 1])->location;
		const struct blob_location *next = &index_at(index, numbers[n])->location;

		if (next->offset != before->offset + before->length ||
			next->offset + next->length - start > RUN_BYTES)
			break;
	}
	return n;
}

int repack_pack(struct repack *repack, size_t pack, struct err *err)
{
	char name[ID_TEXT_SIZE];
	size_t count, n;
	const uint32_t *numbers = order_pack(repack->order, pack, &count);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i += n) {
		n = 1;
		if (!stays(repack, numbers[i]))
			continue;
		n = run_length(repack, numbers + i, count - i);
		r = add_run(repack, pack, numbers + i, n, err);
	}
	if (r >= 0)
		return 0;
	id_format(index_pack_id(repack->order->index, (uint32_t)pack), name);
	return err_wrap(err, "pack %.16s anew", name);
}
