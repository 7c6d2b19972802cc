/* The config of a repository: its version, its id and how files are cut. */
#ifndef NEXUS_REPO_CONFIG_H
#define NEXUS_REPO_CONFIG_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/blob.h"
#include "repo/id.h"
#include "store/store.h"

#define CONFIG_MAX (64u << 10) /* bytes */

struct config {
	unsigned version; /* 1 or 2 */
	struct id id;
	uint64_t polynomial; /* irreducible, of degree 53 */
};

/* A new one of version 2. polynomial 0: a random one. */
int config_new(uint64_t polynomial, struct config *ret, struct err *err)
	__attribute__((warn_unused_result));

/* -EBADMSG; -ENOTSUP (kind config) for a version that is neither 1 nor 2. */
int config_parse(const void *text, size_t size, struct config *ret, struct err *err)
	__attribute__((warn_unused_result));
/* Appends the JSON. */
int config_format(const struct config *config, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Reads it from a store, or saves it there. */
int config_load(struct store *store, struct blob_codec *codec, struct config *ret, struct err *err)
	__attribute__((warn_unused_result));
int config_save(struct store *store, struct blob_codec *codec, const struct config *config,
	struct err *err) __attribute__((warn_unused_result));

#endif
