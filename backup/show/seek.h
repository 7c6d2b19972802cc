/* The objects that `find --blob`, `--tree` and `--pack` look for. */
#ifndef NEXUS_BACKUP_SHOW_SEEK_H
#define NEXUS_BACKUP_SHOW_SEEK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "repo/repository.h"

enum seek_kind {
	SEEK_BLOBS,
	SEEK_TREES,
	SEEK_PACKS,
};

/* Zeroed: nothing is looked for. */
struct seek {
	struct repository *repository; /* borrowed; its index is loaded */
	uint8_t *wanted; /* owned: a bit for each blob, by index_number */
};

int seek_init(struct seek *seek, struct repository *repository, struct err *err)
	__attribute__((warn_unused_result));
/* Adds what begins with text: hex digits. -ENOENT (kind not-found) if nothing does, -EINVAL. */
int seek_add(struct seek *seek, enum seek_kind kind, const char *text, struct err *err)
	__attribute__((warn_unused_result));
bool seek_has(const struct seek *seek, enum blob_type type, const struct id *id);
/* Prints for each one in which pack it is. */
void seek_print_packs(const struct seek *seek);
void seek_done(struct seek *seek);

#endif
