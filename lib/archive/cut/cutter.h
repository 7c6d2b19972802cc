/* How one file is cut into chunks. Most are cut at restic's places: the same content gives the
 * same chunks wherever it stands. Files whose pages are rewritten in place (see kind.h) are cut
 * into pages of one size: a changed page then costs one page instead of a chunk of 1.5 MiB.
 * Stock restic reads both alike. */
#ifndef NEXUS_ARCHIVE_CUT_CUTTER_H
#define NEXUS_ARCHIVE_CUT_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/cut/kind.h"
#include "base/err.h"
#include "repo/chunker.h"
#include "repo/repository.h"
#include "repo/tree.h"

#define CUTTER_FILE_MIN (1u << 20) /* bytes; smaller files are never cut into pages */
#define CUTTER_PAGE (64u << 10) /* bytes */
#define CUTTER_PAGE_MIN (16u << 10)
#define CUTTER_PAGE_MAX (1u << 20)
/* Pages of a file at first: a file of more than 4 GiB has larger ones, so that the list of them
 * stays small. Each takes 32 bytes here and 67 in the tree: 128K of them need 64 MiB in all. */
#define CUTTER_PAGES (64u << 10)

/* Zeroed is the default. */
struct cutter_options {
	bool off; /* all as restic */
	uint32_t page; /* bytes, a power of two; 0: CUTTER_PAGE, see cutter_choose */
};

/* "auto", "off" or a size from CUTTER_PAGE_MIN to CUTTER_PAGE_MAX. -EINVAL, -ERANGE (kind
 * config). */
int cutter_options_parse(const char *text, struct cutter_options *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Zeroed but for chunker, it cuts as restic. */
struct cutter {
	const struct chunker *chunker; /* borrowed */
	size_t page; /* bytes of each chunk; 0: the chunker says */
	size_t scanned; /* bytes of the open chunk that the chunker has seen */
};

/* Chooses for the file fd, which is read at some places and not moved; old is the same file in
 * the parent snapshot, or NULL. What is stored in pages stays so, in pages of that size, also
 * when it is not recognised for once. What is stored as restic cuts it stays so too, because
 * cutting it anew would store all of it again, unless its pages are found in the repository
 * (restic made the parent, we an earlier one), or options name a size. Of a file that can't be
 * read nothing is known; that is no error here. Called by the main thread. */
void cutter_choose(struct cutter *cutter, struct repository *repository,
	const struct cutter_options *options, const struct node *old, int fd, uint64_t file_size);

/* The length of the first chunk of data[0..size), as chunker_next: 0 if more bytes are needed.
 * When it is called again for the same chunk, data has grown at its end. */
size_t cutter_next(struct cutter *cutter, const uint8_t *data, size_t size);

#endif
