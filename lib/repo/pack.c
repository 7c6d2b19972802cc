#include "repo/pack.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

#define ENTRY_PLAIN 37u /* bytes of an entry: type, length, id */
#define ENTRY_COMPRESSED 41u
#define LENGTH_SIZE 4u

/* The types of the format. */
enum {
	ENTRY_DATA = 0,
	ENTRY_TREE = 1,
	ENTRY_IS_COMPRESSED = 2, /* added to either */
};

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read pack header: %s", why);
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static void store32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

/* Reads one entry at *at and moves it. */
static int parse_entry(
	const uint8_t **at, const uint8_t *end, struct pack_entry *ret, struct err *err)
{
	const uint8_t *p = *at;
	bool compressed;
	size_t size;

	if (p[0] > (ENTRY_TREE | ENTRY_IS_COMPRESSED))
		return bad(err, "a blob's type is unknown");
	compressed = p[0] & ENTRY_IS_COMPRESSED;
	size = compressed ? ENTRY_COMPRESSED : ENTRY_PLAIN;
	if ((size_t)(end - p) < size)
		return bad(err, "its last entry is cut off");
	*ret = (struct pack_entry){
		.type = p[0] & ENTRY_TREE ? BLOB_TREE : BLOB_DATA,
		.location = {.length = load32(p + 1),
			.plain_length = compressed ? load32(p + 5) : 0},
	};
	if (compressed && !ret->location.plain_length)
		return bad(err, "a compressed blob has no length");
	if (ret->location.length < CIPHER_OVERHEAD)
		return bad(err, "a blob is too short to be one");
	memcpy(ret->id.bytes, p + size - sizeof(ret->id.bytes), sizeof(ret->id.bytes));
	*at = p + size;
	return 0;
}

int pack_header_parse(
	const uint8_t *header, size_t size, uint64_t blobs_size, struct buf *ret, struct err *err)
{
	const uint8_t *end = header + size;
	uint64_t offset = 0;

	while (header < end) {
		struct pack_entry entry;
		int r = parse_entry(&header, end, &entry, err);

		if (r < 0)
			return r;
		if (offset + entry.location.length > blobs_size)
			return bad(err, "its blobs are longer than the pack");
		entry.location.offset = (uint32_t)offset;
		offset += entry.location.length;
		r = buf_add(ret, &entry, sizeof(entry), err);
		if (r < 0)
			return r;
	}
	return offset == blobs_size ? 0 : bad(err, "its blobs are shorter than the pack");
}

int pack_header_format(
	const struct pack_entry *entries, size_t count, struct buf *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		const struct pack_entry *entry = &entries[i];
		uint8_t bytes[ENTRY_COMPRESSED];
		size_t n = 1 + LENGTH_SIZE;

		bytes[0] = entry->type == BLOB_TREE ? ENTRY_TREE : ENTRY_DATA;
		store32(bytes + 1, entry->location.length);
		if (entry->location.plain_length) {
			bytes[0] |= ENTRY_IS_COMPRESSED;
			store32(bytes + n, entry->location.plain_length);
			n += LENGTH_SIZE;
		}
		memcpy(bytes + n, entry->id.bytes, sizeof(entry->id.bytes));
		r = buf_add(ret, bytes, n + sizeof(entry->id.bytes), err);
	}
	return r;
}

struct pack_writer {
	struct store_upload *upload; /* owned */
	struct hash *hash; /* owned: over all that was written */
	struct buf entries; /* owned: struct pack_entry */
	uint64_t size; /* bytes of blobs */
	uint64_t overhead;
};

void pack_writer_free(struct pack_writer *writer)
{
	if (!writer)
		return;
	store_upload_abort(writer->upload);
	hash_free(writer->hash);
	buf_done(&writer->entries);
	free(writer);
}

int pack_writer_new(struct store *store, struct pack_writer **ret, struct err *err)
{
	cleanup_pack_writer struct pack_writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (!writer)
		return err_oom(err);
	writer->entries = BUF_INIT((PACK_ENTRIES_MAX + 1) * sizeof(struct pack_entry));
	r = hash_new(&writer->hash, err);
	if (r >= 0)
		r = store_begin(store, STORE_PACK, &writer->upload, err);
	if (r < 0)
		return r;
	*ret = TAKE(writer);
	return 0;
}

static int write_bytes(struct pack_writer *writer, const void *data, size_t size, struct err *err)
{
	int r = store_append(writer->upload, data, size, err);

	return r < 0 ? r : hash_add(writer->hash, data, size, err);
}

int pack_writer_add(struct pack_writer *writer, enum blob_type type, const struct id *id,
	const struct blob_sealed *sealed, struct err *err)
{
	struct pack_entry entry = {
		.id = *id,
		.type = type,
		.location = {.offset = (uint32_t)writer->size,
			.length = sealed->size,
			.plain_length = sealed->plain_length},
	};
	int r;

	if (writer->size + sealed->size > UINT32_MAX)
		return err_set(err, ERR_BUG, EFBIG, "fill pack: past 4 GiB");
	r = write_bytes(writer, sealed->data, sealed->size, err);
	if (r >= 0)
		r = buf_add(&writer->entries, &entry, sizeof(entry), err);
	if (r < 0)
		return r;
	writer->size += sealed->size;
	return 0;
}

const struct pack_entry *pack_writer_entries(const struct pack_writer *writer, size_t *ret_count)
{
	*ret_count = writer->entries.size / sizeof(struct pack_entry);
	return (const struct pack_entry *)(const void *)writer->entries.data;
}

bool pack_writer_is_full(const struct pack_writer *writer)
{
	return writer->size >= PACK_SIZE ||
	       writer->entries.size >= PACK_ENTRIES_MAX * sizeof(struct pack_entry);
}

uint64_t pack_writer_size(const struct pack_writer *writer)
{
	return writer->size;
}

uint64_t pack_writer_overhead(const struct pack_writer *writer)
{
	return writer->overhead;
}

int pack_writer_finish(
	struct pack_writer *writer, struct blob_codec *codec, struct id *ret_id, struct err *err)
{
	static const uint8_t room[CIPHER_OVERHEAD];
	cleanup_buf struct buf header = BUF_INIT(PACK_HEADER_MAX);
	char name[ID_TEXT_SIZE];
	uint8_t length[LENGTH_SIZE];
	const struct pack_entry *entries;
	struct id id;
	size_t count;
	int r;

	entries = pack_writer_entries(writer, &count);
	r = buf_reserve(&header, count * ENTRY_COMPRESSED + CIPHER_OVERHEAD, err);
	if (r >= 0)
		r = buf_add(&header, room, CIPHER_IV_SIZE, err);
	if (r >= 0)
		r = pack_header_format(entries, count, &header, err);
	if (r >= 0)
		r = buf_add(&header, room, CIPHER_MAC_SIZE, err);
	if (r >= 0)
		r = cipher_seal(
			blob_codec_cipher(codec), header.data, header.size - CIPHER_OVERHEAD, err);
	if (r < 0)
		return r;
	store32(length, (uint32_t)header.size);
	r = write_bytes(writer, header.data, header.size, err);
	if (r >= 0)
		r = write_bytes(writer, length, sizeof(length), err);
	if (r >= 0)
		r = hash_end(writer->hash, id.bytes, err);
	if (r < 0)
		return r;
	id_format(&id, name);
	r = store_commit(TAKE(writer->upload), name, err);
	if (r < 0)
		return r;
	writer->overhead = header.size + sizeof(length);
	*ret_id = id;
	return 0;
}
