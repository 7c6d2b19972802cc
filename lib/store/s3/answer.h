/* The XML that S3 answers with: pages of a listing, and refusals. Documents with a DTD are
 * refused (entities), nesting and texts are bounded. */
#ifndef NEXUS_STORE_S3_ANSWER_H
#define NEXUS_STORE_S3_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "store/store.h"

#define ANSWER_MAX (8u << 20) /* bytes of a document */
#define ANSWER_TEXT_MAX 2048 /* bytes of one text in it */
#define ANSWER_DEPTH_MAX 16

struct answer_page {
	char *next; /* owned: the continuation token; NULL: this was the last page */
};

/* fn gets the whole key of each object. -EBADMSG (kind corrupt) for what is no ListBucketResult. */
int answer_page_parse(const void *data, size_t size, store_list_fn *fn, void *context,
	struct answer_page *ret, struct err *err) __attribute__((warn_unused_result));

struct answer_refusal {
	char code[64]; /* "NoSuchBucket"; "" if it was no such document */
	char message[256]; /* for people, made harmless */
	char region[64]; /* where the bucket is, if it is told */
};
void answer_refusal_parse(const void *data, size_t size, struct answer_refusal *ret);

#endif
