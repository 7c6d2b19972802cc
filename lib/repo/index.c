#include "repo/index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "repo/sorted/table.h"
#include "repo/text/scan.h"

#define PENDING_BITS 0x7fffffffu

struct index {
	struct table *entries; /* owned: struct index_entry by type and id */
	struct id *packs; /* owned */
	size_t pack_count, packs_allocated;
	uint32_t *pack_table; /* owned */
	size_t pack_table_size;
};

static int compare_numbers(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

/* The id stands first in an entry. */
static int compare_key(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;
	int order = id_compare(&x->id, &y->id);

	return order ? order : compare_numbers(x->is_tree, y->is_tree);
}

static int compare_place(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;
	int order = compare_numbers(x->pack, y->pack);

	return order ? order : compare_numbers(x->location.offset, y->location.offset);
}

static int compare_entries(const void *a, const void *b)
{
	int order = compare_key(a, b);

	return order ? order : compare_place(a, b);
}

static int compare_by_pack(const void *a, const void *b)
{
	int order = compare_place(a, b);

	return order ? order : compare_key(a, b);
}

static bool is_settled(const void *entry)
{
	return !index_is_pending(entry);
}

static const struct table_type entry_type = {
	.record_size = sizeof(struct index_entry),
	.compare = compare_entries,
	.compare_key = compare_key,
	.is_settled = is_settled,
};
static_assert(offsetof(struct index_entry, id) == 0, "a table finds records by their first bytes");

int index_new(struct index **ret, struct err *err)
{
	cleanup_index struct index *index = calloc(1, sizeof(*index));
	int r = index ? table_new(&entry_type, 0, &index->entries, err) : err_oom(err);

	if (r < 0)
		return r;
	*ret = TAKE(index);
	return 0;
}

void index_free(struct index *index)
{
	if (!index)
		return;
	table_free(index->entries);
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

size_t index_count(const struct index *index)
{
	return table_count(index->entries);
}

const struct index_entry *index_at(const struct index *index, size_t number)
{
	return table_at(index->entries, number);
}

int index_sort(struct index *index, struct err *err)
{
	return table_sort(index->entries, err);
}

/* Bits of what is wanted, or NULL. */
struct choice {
	const uint8_t *entries, *packs;
};

static bool is_chosen(void *context, size_t number, const void *record)
{
	const struct choice *choice = context;
	const struct index_entry *entry = record;
	uint32_t pack = entry->pack;

	if (choice->packs &&
		(index_is_pending(entry) || !(choice->packs[pack / 8] >> pack % 8 & 1)))
		return false;
	return !choice->entries || choice->entries[number / 8] >> number % 8 & 1;
}

int index_by_pack(const struct index *index, const uint8_t *entries, const uint8_t *packs,
	struct sorted **ret, struct err *err)
{
	struct choice choice = {entries, packs};

	return table_reorder(index->entries, compare_by_pack, entries || packs ? is_chosen : NULL,
		&choice, ret, err);
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

static struct index_entry key_of(enum blob_type type, const struct id *id)
{
	return (struct index_entry){.id = *id, .is_tree = type == BLOB_TREE};
}

const struct index_entry *index_find(
	const struct index *index, enum blob_type type, const struct id *id)
{
	const struct index_entry key = key_of(type, id);

	return table_find(index->entries, &key);
}

bool index_number(const struct index *index, enum blob_type type, const struct id *id, size_t *ret)
{
	const struct index_entry key = key_of(type, id);

	return table_number(index->entries, &key, ret);
}

const struct index_entry *index_find_copy(
	const struct index *index, enum blob_type type, const struct id *id, size_t *number)
{
	const struct index_entry key = key_of(type, id), *entry;

	do {
		entry = table_next(index->entries, &key, number);
	} while (entry && index_is_pending(entry));
	return entry;
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

	return table_add(index->entries, &entry, err);
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
	const struct index_entry key = key_of(type, id);
	struct index_entry *entry = table_find(index->entries, &key);

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
			has_id = scan_hex(scan, ret->id.bytes, sizeof(ret->id.bytes));
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

/* The list behind "blobs". */
static int parse_blobs(struct scan *scan, struct index *index, const struct id *id, struct err *err)
{
	struct pack_entry entry;
	uint32_t pack;
	int r = index_add_pack(index, id, &pack, err);

	scan_array(scan);
	while (r >= 0 && scan_element(scan) && parse_blob(scan, &entry))
		r = index_add(index, entry.type, &entry.id, pack, &entry.location, err);
	return r;
}

/* One element of "packs". If the id stands behind the blobs their list is gone through once
 * more. What is no JSON is left to scan_end to tell. */
static int parse_pack(struct scan *scan, struct index *index, struct err *err)
{
	struct scan blobs = {0};
	struct scan_text key;
	struct id id;
	bool has_id = false;
	int r = 0;

	scan_object(scan);
	while (r >= 0 && scan_member(scan, &key)) {
		if (scan_is(&key, "id")) {
			has_id = scan_hex(scan, id.bytes, sizeof(id.bytes));
		} else if (!scan_is(&key, "blobs")) {
			scan_skip(scan);
		} else if (scan_null(scan)) {
			continue;
		} else if (has_id) {
			r = parse_blobs(scan, index, &id, err);
		} else {
			blobs = *scan;
			scan_skip(scan);
		}
	}
	if (!has_id)
		scan_fail(scan);
	if (r < 0 || scan->failed || !blobs.at)
		return r;
	r = parse_blobs(&blobs, index, &id, err);
	if (blobs.failed)
		scan_fail(scan);
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
