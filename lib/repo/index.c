#include "repo/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "repo/scan.h"
#include "repo/text.h"

/* Entries stand in segments that never move, so that growing copies nothing; the hash table
 * holds their numbers + 1, linear probing. 48 bytes and about 8 of table a blob. */
#define SEGMENT_BITS 14
#define SEGMENT_SIZE (1u << SEGMENT_BITS)
#define SEGMENTS_MAX 4096u /* 67 million blobs */
#define TABLE_MIN 4096u
#define PENDING_BITS 0x7fffffffu

struct index {
	struct index_entry *segments[SEGMENTS_MAX]; /* owned */
	size_t count;
	uint32_t *table; /* owned; table_size is a power of two */
	size_t table_size, in_table;
	struct id *packs; /* owned */
	size_t pack_count, packs_allocated;
	uint32_t *pack_table; /* owned */
	size_t pack_table_size;
};

int index_new(struct index **ret, struct err *err)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : err_oom(err);
}

void index_free(struct index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < SEGMENTS_MAX && index->segments[i]; i++)
		free(index->segments[i]);
	free(index->table);
	free(index->packs);
	free(index->pack_table);
	free(index);
}

/* Ids are hashes already: any eight bytes of one are as good as another. */
static size_t slot_of(const struct id *id, size_t table_size)
{
	uint64_t bits;

	memcpy(&bits, id->bytes + 8, sizeof(bits));
	return (size_t)bits & (table_size - 1);
}

static struct index_entry *entry_at(const struct index *index, size_t number)
{
	return &index->segments[number >> SEGMENT_BITS][number & (SEGMENT_SIZE - 1)];
}

size_t index_count(const struct index *index)
{
	return index->count;
}

const struct index_entry *index_at(const struct index *index, size_t number)
{
	return entry_at(index, number);
}

size_t index_pack_count(const struct index *index)
{
	return index->pack_count;
}

const struct id *index_pack_id(const struct index *index, uint32_t pack)
{
	return &index->packs[pack];
}

bool index_is_pending(const struct index_entry *entry)
{
	return entry->pack == PENDING_BITS;
}

static int grow_packs(struct index *index, struct err *err)
{
	size_t allocated = index->packs_allocated ? index->packs_allocated * 2 : 256;
	struct id *packs;
	uint32_t *table;

	if (index->pack_count < index->packs_allocated)
		return 0;
	if (allocated > PENDING_BITS)
		return err_set(err, ERR_SPACE, EFBIG, "add pack to index: too many");
	packs = realloc(index->packs, allocated * sizeof(*packs));
	if (!packs)
		return err_oom(err);
	index->packs = packs;
	table = calloc(allocated * 2, sizeof(*table));
	if (!table)
		return err_oom(err);
	for (size_t i = 0; i < index->pack_count; i++) {
		size_t slot = slot_of(&packs[i], allocated * 2);

		while (table[slot])
			slot = (slot + 1) & (allocated * 2 - 1);
		table[slot] = (uint32_t)i + 1;
	}
	free(index->pack_table);
	index->pack_table = table;
	index->pack_table_size = allocated * 2;
	index->packs_allocated = allocated;
	return 0;
}

static size_t find_pack_slot(const struct index *index, const struct id *id)
{
	size_t slot = slot_of(id, index->pack_table_size);

	while (index->pack_table[slot] && !id_equal(&index->packs[index->pack_table[slot] - 1], id))
		slot = (slot + 1) & (index->pack_table_size - 1);
	return slot;
}

bool index_find_pack(const struct index *index, const struct id *id, uint32_t *ret)
{
	size_t slot;

	if (!index->pack_table_size)
		return false;
	slot = find_pack_slot(index, id);
	*ret = index->pack_table[slot] ? index->pack_table[slot] - 1 : 0;
	return index->pack_table[slot];
}

int index_add_pack(struct index *index, const struct id *id, uint32_t *ret, struct err *err)
{
	size_t slot;
	int r = grow_packs(index, err);

	if (r < 0)
		return r;
	slot = find_pack_slot(index, id);
	if (index->pack_table[slot]) {
		*ret = index->pack_table[slot] - 1;
		return 0;
	}
	index->packs[index->pack_count] = *id;
	*ret = (uint32_t)index->pack_count++;
	index->pack_table[slot] = *ret + 1;
	return 0;
}

/* The slot of a blob: with its entry, or the free one where it belongs. */
static size_t find_slot(const struct index *index, bool is_tree, const struct id *id)
{
	size_t slot = slot_of(id, index->table_size);

	for (; index->table[slot]; slot = (slot + 1) & (index->table_size - 1)) {
		const struct index_entry *entry = entry_at(index, index->table[slot] - 1);

		if (entry->is_tree == is_tree && id_equal(&entry->id, id))
			break;
	}
	return slot;
}

static int grow_table(struct index *index, struct err *err)
{
	size_t size = index->table_size ? index->table_size * 2 : TABLE_MIN, old;
	uint32_t *table, *before = index->table;

	if (index->in_table * 10 < index->table_size * 7)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return err_oom(err);
	old = index->table_size;
	index->table = table;
	index->table_size = size;
	for (size_t i = 0; i < old; i++) {
		const struct index_entry *entry;

		if (!before[i])
			continue;
		entry = entry_at(index, before[i] - 1);
		table[find_slot(index, entry->is_tree, &entry->id)] = before[i];
	}
	free(before);
	return 0;
}

const struct index_entry *index_find(
	const struct index *index, enum blob_type type, const struct id *id)
{
	size_t slot;

	if (!index->table_size)
		return NULL;
	slot = find_slot(index, type == BLOB_TREE, id);
	return index->table[slot] ? entry_at(index, index->table[slot] - 1) : NULL;
}

bool index_number(const struct index *index, enum blob_type type, const struct id *id, size_t *ret)
{
	size_t slot;

	if (!index->table_size)
		return false;
	slot = find_slot(index, type == BLOB_TREE, id);
	*ret = index->table[slot] ? index->table[slot] - 1 : 0;
	return index->table[slot];
}

const struct index_entry *index_find_copy(
	const struct index *index, enum blob_type type, const struct id *id, size_t *number)
{
	const struct index_entry *first = index_find(index, type, id);

	if (!first || index_is_pending(first))
		return NULL;
	if (!*number) {
		*number = 1; /* 1 + how many entries were looked at */
		return first;
	}
	while (*number - 1 < index->count) {
		const struct index_entry *entry = entry_at(index, (*number)++ - 1);

		if (entry != first && entry->is_tree == (type == BLOB_TREE) &&
			id_equal(&entry->id, id) && !index_is_pending(entry))
			return entry;
	}
	return NULL;
}

static int append(struct index *index, const struct index_entry *entry, struct err *err)
{
	size_t segment = index->count >> SEGMENT_BITS, slot;
	int r = grow_table(index, err);

	if (r < 0)
		return r;
	if (segment >= SEGMENTS_MAX)
		return err_set(err, ERR_SPACE, EFBIG, "add blob to index: too many");
	if (!index->segments[segment]) {
		index->segments[segment] = malloc(SEGMENT_SIZE * sizeof(*entry));
		if (!index->segments[segment])
			return err_oom(err);
	}
	*entry_at(index, index->count) = *entry;
	index->count++;
	slot = find_slot(index, entry->is_tree, &entry->id);
	if (!index->table[slot]) {
		index->table[slot] = (uint32_t)index->count;
		index->in_table++;
	}
	return 0;
}

int index_add(struct index *index, enum blob_type type, const struct id *id, uint32_t pack,
	const struct blob_location *location, struct err *err)
{
	struct index_entry entry = {
		.id = *id,
		.pack = pack & PENDING_BITS,
		.is_tree = type == BLOB_TREE,
		.location = *location,
	};

	return append(index, &entry, err);
}

int index_claim(struct index *index, enum blob_type type, const struct id *id, struct err *err)
{
	static const struct blob_location nowhere;
	int r;

	if (index_find(index, type, id))
		return 0;
	r = index_add(index, type, id, INDEX_PENDING, &nowhere, err);
	return r < 0 ? r : 1;
}

int index_settle(struct index *index, enum blob_type type, const struct id *id, uint32_t pack,
	const struct blob_location *location, struct err *err)
{
	struct index_entry *entry = (struct index_entry *)index_find(index, type, id);

	if (!entry || !index_is_pending(entry))
		return index_add(index, type, id, pack, location, err);
	entry->pack = pack & PENDING_BITS;
	entry->location = *location;
	return 0;
}

/* One element of "blobs". */
static bool parse_blob(struct scan *scan, struct pack_entry *ret)
{
	struct scan_text key, type = {"", 0};
	bool has_id = false;

	*ret = (struct pack_entry){0};
	if (!scan_object(scan))
		return false;
	while (scan_member(scan, &key))
		if (scan_is(&key, "id"))
			has_id = scan_id(scan, &ret->id);
		else if (scan_is(&key, "type"))
			scan_string(scan, &type);
		else if (scan_is(&key, "offset"))
			scan_u32(scan, &ret->location.offset);
		else if (scan_is(&key, "length"))
			scan_u32(scan, &ret->location.length);
		else if (scan_is(&key, "uncompressed_length"))
			scan_u32(scan, &ret->location.plain_length);
		else
			scan_skip(scan);
	ret->type = scan_is(&type, "tree") ? BLOB_TREE : BLOB_DATA;
	if (!has_id || ret->location.length < CIPHER_OVERHEAD ||
		(ret->type == BLOB_DATA && !scan_is(&type, "data")))
		return scan_fail(scan);
	return !scan->failed;
}

/* One element of "packs". The id may stand behind the blobs: then the list is gone through
 * once more. */
static int parse_pack(struct scan *scan, struct index *index, struct err *err)
{
	struct scan blobs = {0};
	struct scan_text key;
	struct pack_entry entry;
	struct id id;
	uint32_t pack;
	bool has_id = false;
	int r;

	scan_object(scan);
	while (scan_member(scan, &key)) {
		if (scan_is(&key, "id")) {
			has_id = scan_id(scan, &id);
		} else if (scan_is(&key, "blobs") && !scan_null(scan)) {
			blobs = *scan;
			scan_skip(scan);
		} else if (!scan_is(&key, "blobs")) {
			scan_skip(scan);
		}
	}
	if (!has_id)
		scan_fail(scan);
	if (scan->failed || !blobs.at)
		return 0; /* scan_end tells */
	r = index_add_pack(index, &id, &pack, err);
	scan_array(&blobs);
	while (r >= 0 && scan_element(&blobs)) {
		if (!parse_blob(&blobs, &entry)) {
			scan_fail(scan);
			return 0;
		}
		r = index_add(index, entry.type, &entry.id, pack, &entry.location, err);
	}
	return r;
}

int index_parse(struct index *index, const void *text, size_t size, struct err *err)
{
	struct scan_text key;
	struct scan scan;
	int r = 0;

	scan_init(&scan, text, size);
	scan_object(&scan);
	while (scan_member(&scan, &key)) {
		if (!scan_is(&key, "packs")) {
			scan_skip(&scan);
			continue;
		}
		if (scan_null(&scan))
			continue;
		scan_array(&scan);
		while (r >= 0 && scan_element(&scan))
			r = parse_pack(&scan, index, err);
		if (r < 0)
			return r;
	}
	return scan_end(&scan, "index", err);
}

/* A pack of a batch; its entries follow those of the packs before. */
struct batch_pack {
	struct id id;
	size_t count;
};

#define BATCH_MAX (256u << 20) /* bytes */

void index_batch_init(struct index_batch *batch)
{
	*batch = (struct index_batch){.packs = BUF_INIT(BATCH_MAX), .entries = BUF_INIT(BATCH_MAX)};
}

void index_batch_done(struct index_batch *batch)
{
	buf_done(&batch->packs);
	buf_done(&batch->entries);
	batch->blobs = 0;
}

int index_batch_add(struct index_batch *batch, const struct id *pack,
	const struct pack_entry *entries, size_t count, struct err *err)
{
	const struct batch_pack head = {*pack, count};
	int r = buf_add(&batch->entries, entries, count * sizeof(*entries), err);

	if (r >= 0)
		r = buf_add(&batch->packs, &head, sizeof(head), err);
	if (r >= 0)
		batch->blobs += count;
	return r;
}

static int format_blob(struct buf *ret, const struct pack_entry *entry, struct err *err)
{
	char id[ID_TEXT_SIZE];
	int r;

	id_format(&entry->id, id);
	r = buf_printf(ret, err, "{\"id\":\"%s\",\"type\":\"%s\",\"offset\":%u,\"length\":%u", id,
		blob_type_name(entry->type), entry->location.offset, entry->location.length);
	if (r >= 0 && entry->location.plain_length)
		r = buf_printf(
			ret, err, ",\"uncompressed_length\":%u", entry->location.plain_length);
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}

static int format_pack(struct buf *ret, bool first, const struct batch_pack *pack,
	const struct pack_entry *entries, struct err *err)
{
	char id[ID_TEXT_SIZE];
	int r;

	id_format(&pack->id, id);
	r = buf_printf(ret, err, "%s{\"id\":\"%s\",\"blobs\":[", first ? "" : ",", id);
	for (size_t i = 0; r >= 0 && i < pack->count; i++) {
		if (i)
			r = buf_add_byte(ret, ',', err);
		if (r >= 0)
			r = format_blob(ret, &entries[i], err);
	}
	return r < 0 ? r : buf_add_text(ret, "]}", err);
}

int index_batch_seal(const struct index_batch *batch, struct blob_codec *codec, bool compress,
	struct buf *ret, struct err *err)
{
	const struct pack_entry *entries = (const void *)batch->entries.data;
	const struct batch_pack *packs = (const void *)batch->packs.data;
	size_t count = batch->packs.size / sizeof(*packs);
	cleanup_buf struct buf text = BUF_INIT(INDEX_FILE_MAX);
	int r = blob_file_begin(codec, compress, ret, err);

	if (r >= 0)
		r = buf_add_text(&text, "{\"packs\":[", err);
	for (size_t i = 0; r >= 0 && i < count; entries += packs[i++].count) {
		r = format_pack(&text, i == 0, &packs[i], entries, err);
		if (r >= 0)
			r = blob_file_add(codec, text.data, text.size, ret, err);
		buf_clear(&text);
	}
	if (r >= 0)
		r = buf_add_text(&text, "]}\n", err);
	if (r >= 0)
		r = blob_file_add(codec, text.data, text.size, ret, err);
	return r < 0 ? r : blob_file_end(codec, ret, err);
}
