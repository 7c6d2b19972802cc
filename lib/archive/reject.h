/* What is left out of a backup for what it is, not for its name: what stands beside a tag file,
 * and what is too large. */
#ifndef NEXUS_ARCHIVE_REJECT_H
#define NEXUS_ARCHIVE_REJECT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

#define REJECT_TAGS_MAX 32 /* bits of a set */
#define REJECT_HEADER_MAX 4096 /* bytes */
#define REJECT_CACHES "CACHEDIR.TAG:Signature: 8a477f597d28d172789f06886806bc55"

struct reject_tag {
	char *name, *header; /* owned; header "": any content */
};

struct reject {
	struct reject_tag tags[REJECT_TAGS_MAX];
	unsigned tag_count;
	uint64_t larger_than; /* bytes; 0: no limit */
};

void reject_done(struct reject *reject);

/* "NAME" or "NAME:HEADER": of a folder with a file NAME (that begins with HEADER) nothing but
 * that file is kept. -EINVAL (kind config). */
int reject_add_tag(struct reject *reject, const char *text, struct err *err)
	__attribute__((warn_unused_result));

/* Which tags the folder dir_fd has, as a set of bits. What can't be read counts as absent. */
uint32_t reject_tags(const struct reject *reject, int dir_fd);
/* Whether name goes, in a folder with these tags. */
bool reject_name(const struct reject *reject, uint32_t tags, const char *name);
/* Whether a thing goes because of its size. */
bool reject_size(const struct reject *reject, const struct stat *st);

static inline void cleanup_reject_fn(struct reject *reject)
{
	int saved = errno;

	reject_done(reject);
	errno = saved;
}
#define cleanup_reject __attribute__((cleanup(cleanup_reject_fn)))

#endif
