#include "archive/restore/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/hash_many.h"

#define BATCH 64u /* blobs that are hashed together */

static int compare_places(const void *a, const void *b)
{
	const struct fetch_blob *x = *(struct fetch_blob *const *)a;
	const struct fetch_blob *y = *(struct fetch_blob *const *)b;
	int order = memcmp(x->pack.bytes, y->pack.bytes, sizeof(x->pack.bytes));

	if (order)
		return order;
	if (x->location.offset != y->location.offset)
		return x->location.offset < y->location.offset ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int compare_dues(const void *a, const void *b)
{
	const struct fetch_blob *x = *(struct fetch_blob *const *)a;
	const struct fetch_blob *y = *(struct fetch_blob *const *)b;

	return x->due < y->due ? -1 : x->due > y->due;
}

static uint64_t end_of(const struct fetch_blob *blob)
{
	return (uint64_t)blob->location.offset + blob->location.length;
}

/* A request that is being put together. */
struct request {
	struct fetch_blob *first, *last;
	uint64_t end; /* in the pack */
};

static bool fits(const struct request *request, const struct fetch_blob *blob, uint64_t max_bytes)
{
	uint64_t end = end_of(blob);

	if (end < request->end)
		end = request->end;
	return id_equal(&request->first->pack, &blob->pack) &&
	       blob->location.offset <= request->end + FETCH_GAP &&
	       (end == request->end || end - request->first->location.offset <= max_bytes);
}

size_t fetch_plan(struct fetch_blob **list, size_t count, uint64_t max_bytes)
{
	struct request request = {0};
	size_t requests = 0;

	if (count > 1)
		qsort(list, count, sizeof(*list), compare_places);
	for (size_t i = 0; i < count; i++) {
		struct fetch_blob *blob = list[i];

		blob->next = NULL;
		if (request.first && fits(&request, blob, max_bytes)) {
			request.last->next = blob;
			/* What is needed first says when a request is due. */
			if (blob->number < request.first->due)
				request.first->due = blob->number;
		} else {
			request = (struct request){.first = blob};
			blob->due = blob->number;
			list[requests++] = blob;
		}
		request.last = blob;
		if (end_of(blob) > request.end)
			request.end = end_of(blob);
	}
	if (requests > 1)
		qsort(list, requests, sizeof(*list), compare_dues);
	return requests;
}

uint64_t fetch_size(const struct fetch_blob *first)
{
	uint64_t end = end_of(first);

	for (const struct fetch_blob *blob = first->next; blob; blob = blob->next)
		if (end_of(blob) > end)
			end = end_of(blob);
	return end - first->location.offset;
}

/* The same blob at the same place as the one before it in its chain. */
static bool is_double(const struct fetch_blob *before, const struct fetch_blob *blob)
{
	return before && before->location.offset == blob->location.offset &&
	       before->location.length == blob->location.length &&
	       before->location.plain_length == blob->location.plain_length &&
	       id_equal(&before->id, &blob->id);
}

/* Some blobs whose plaintext stands ready, to be hashed side by side. */
struct batch {
	struct fetch_blob *blobs[BATCH];
	struct hash_input inputs[BATCH];
	size_t count;
};

static void check_batch(struct blob_codec *codec, struct batch *batch)
{
	struct id found[BATCH];
	struct err err = ERR_INIT;
	int r = blob_ids(codec, batch->inputs, batch->count, found, &err);

	for (size_t i = 0; i < batch->count; i++)
		if (r >= 0 && id_equal(&found[i], &batch->blobs[i]->id))
			batch->blobs[i]->found = FETCH_READY;
	batch->count = 0;
}

static void decode(
	struct blob_codec *codec, struct fetch_blob *blob, uint8_t *sealed, struct batch *batch)
{
	const struct blob_location *location = &blob->location;
	struct err err = ERR_INIT;

	if (blob_decode(
		    codec, sealed, location->length, location->plain_length, blob->plain, &err) < 0)
		return;
	batch->inputs[batch->count] = (struct hash_input){blob->plain, blob_plain_size(location)};
	batch->blobs[batch->count++] = blob;
	/* Where hashing many does not pay it is cheapest while the bytes are near. */
	if (batch->count == BATCH || !blob_ids_pay(codec))
		check_batch(codec, batch);
}

uint64_t fetch_run(
	struct store *store, struct blob_codec *codec, struct fetch_blob *first, uint8_t *sealed)
{
	uint64_t size = fetch_size(first), asked_us = clock_monotonic_us(&clock_system);
	struct fetch_blob *before = NULL;
	struct batch batch = {.count = 0};
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	int r;

	id_format(&first->pack, name);
	r = store_read(store, STORE_PACK, name, first->location.offset, sealed, size, &err);
	asked_us = clock_monotonic_us(&clock_system) - asked_us;
	for (struct fetch_blob *blob = first; blob; before = blob, blob = blob->next) {
		blob->found = FETCH_FAILED;
		if (r >= 0 && !is_double(before, blob))
			decode(codec, blob,
				sealed + (blob->location.offset - first->location.offset), &batch);
	}
	check_batch(codec, &batch);
	before = NULL;
	for (struct fetch_blob *blob = first; blob; before = blob, blob = blob->next)
		if (is_double(before, blob) && before->found == FETCH_READY) {
			memcpy(blob->plain, before->plain, blob_plain_size(&blob->location));
			blob->found = FETCH_READY;
		}
	return asked_us;
}
