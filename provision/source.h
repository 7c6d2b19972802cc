/* The stick (or image of one) that is installed from. Everything that will be copied is checked
 * against the image's own list before a disk is touched. */
#ifndef NEXUS_PROVISION_SOURCE_H
#define NEXUS_PROVISION_SOURCE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "hw/table.h"
#include "provision/disk/copy.h"
#include "provision/disk/target.h"
#include "provision/manifest.h"

#define SOURCE_BOOTSTATE_MAX (4u << 20) /* bytes */
#define SOURCE_ESP_MAX (256u << 20) /* bytes */

struct source {
	char *path; /* owned */
	int fd; /* owned */
	dev_t device; /* 0 for an image file */
	struct hw_table table;
	struct manifest manifest;
	/* What source_verify leaves: all of it was checked. */
	uint8_t boot_code[TARGET_BOOT_CODE];
	uint8_t *esp; /* owned; the whole file system: what is written is what was checked */
	size_t esp_bytes;
	uint8_t *bootstate; /* owned */
	size_t bootstate_bytes;
};

#define SOURCE_INIT ((struct source){.fd = -1})

/* Opens a device or image file, reads its table and image.json. -ENOENT if it is no stick of
 * ours; -EBADMSG if it is a damaged one. */
int source_open(const char *path, struct source *ret, struct err *err)
	__attribute__((warn_unused_result));
void source_done(struct source *source);

/* Bytes that source_verify will tell copy's progress. */
uint64_t source_verify_bytes(const struct source *source);

/* Reads and checks boot code, BIOS partition, ESP and its files, boot state, kernel and root.
 * layout is the one of the disk: what does not fit in there is -EFBIG. */
int source_verify(struct source *source, const struct layout *layout, struct copy *copy,
	struct err *err) __attribute__((warn_unused_result));

/* A partition by name; source_open made sure that all but the seed exist. */
const struct hw_table_part *source_part(const struct source *source, const char *name);
struct copy_place source_place(const struct source *source, const char *name);

/* The path of a partition's FAT file system for mtools; owned, NULL without memory or if there
 * is no such partition. */
char *source_mtools_image(const struct source *source, const char *name);

static inline void cleanup_source_fn(struct source *source)
{
	int saved = errno;

	source_done(source);
	errno = saved;
}
#define cleanup_source __attribute__((cleanup(cleanup_source_fn)))

#endif
