/* The listing of restic's REST protocol, version 2: [{"name":"...","size":123}, ...], read as it
 * comes in and in constant memory. Members other than these two are skipped when they are text,
 * numbers or words; nested ones are an error, as is anything that is no JSON. */
#ifndef NEXUS_STORE_REST_LISTING_H
#define NEXUS_STORE_REST_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define LISTING_TEXT_MAX 256 /* bytes of a key or value; longer ones are no names of ours */

struct listing {
	store_list_fn *fn; /* gets every name, whether it is an object's or not */
	void *context; /* borrowed */
	int state; /* private from here */
	bool escaped;
	char key[LISTING_TEXT_MAX], text[LISTING_TEXT_MAX], name[LISTING_TEXT_MAX];
	size_t used; /* bytes in text */
	uint64_t size_bytes;
	bool has_name, has_size;
};

void listing_init(struct listing *listing, store_list_fn *fn, void *context);
/* -EBADMSG (kind corrupt), or what fn returned. */
int listing_feed(struct listing *listing, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
/* -EBADMSG if the end is missing. "null" is an empty list. */
int listing_end(const struct listing *listing, struct err *err) __attribute__((warn_unused_result));

#endif
