/* /nexus/image.json of the EFI system partition: what the image on a stick consists of. */
#ifndef NEXUS_STICK_MANIFEST_H
#define NEXUS_STICK_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/hash.h"

#define MANIFEST_SIZE_MAX (256u << 10) /* bytes of text */
#define MANIFEST_FILES_MAX 256
#define MANIFEST_PATH_MAX 255 /* bytes */

/* The first size_bytes of a partition. */
struct manifest_part {
	uint64_t size_bytes; /* 1 to 2^40 */
	uint8_t sha256[HASH_SIZE];
};

struct manifest_file {
	char path[MANIFEST_PATH_MAX + 1]; /* relative, '/' between names, no "." or ".." */
	uint8_t sha256[HASH_SIZE];
};

struct manifest {
	char distribution[32], suite[32], version[64];
	int64_t build_epoch; /* seconds since 1970 UTC */
	struct manifest_part kernel, root, bios;
	struct manifest_part boot_code; /* of sector 0 */
	size_t file_count; /* at least one */
	struct manifest_file *files; /* owned */
};

/* Reads text of at most MANIFEST_SIZE_MAX bytes. Members that are not known are passed over.
 * -EBADMSG (kind corrupt) names what is wrong. */
int manifest_parse(const char *text, size_t size, struct manifest *ret, struct err *err)
	__attribute__((warn_unused_result));

void manifest_done(struct manifest *manifest);

static inline void cleanup_manifest_fn(struct manifest *manifest)
{
	int saved = errno;

	manifest_done(manifest);
	errno = saved;
}
#define cleanup_manifest __attribute__((cleanup(cleanup_manifest_fn)))

#endif
