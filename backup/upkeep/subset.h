/* Part of the packs of a repository: what check --read-data-subset reads. */
#ifndef NEXUS_BACKUP_UPKEEP_SUBSET_H
#define NEXUS_BACKUP_UPKEEP_SUBSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "repo/id.h"

struct subset {
	unsigned part, parts; /* "2/5": packs by their ids, always the same; parts 0: none */
	double percent; /* else: as many, chosen at random; above 0 */
	uint64_t size_bytes; /* else: as much; 0: all */
	uint64_t left, chosen; /* of the packs there are: not asked yet, to be chosen still */
	bool begun;
};

/* "n/t" (t at most 256), "x%", or a size as "500M". -EINVAL, -ERANGE (kind config). */
int subset_parse(const char *text, struct subset *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Whether a pack is of it. packs and bytes: of all that can be of it; every pack is asked for
 * once. */
bool subset_has(struct subset *subset, const struct id *pack, uint64_t packs, uint64_t bytes);

#endif
