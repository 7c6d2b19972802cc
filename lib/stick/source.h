/* A stick, or the image of one, that boots and is installed from: its pieces, each checked against
 * the image's own list. */
#ifndef NEXUS_STICK_SOURCE_H
#define NEXUS_STICK_SOURCE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "hw/table.h"
#include "stick/copy.h"
#include "stick/manifest.h"

#define SOURCE_BOOTSTATE_MAX (4u << 20) /* bytes */
#define SOURCE_ESP_MAX (256u << 20) /* bytes */
#define SOURCE_BOOT_CODE 440 /* bytes of sector 0 before the partition table */
#define SOURCE_BOOTSTATE_OFFSET 4096 /* bytes: where GRUB's block is in the bootstate partition */
#define SOURCE_ESP_HEAD (64u << 10) /* bytes without which an ESP does not boot; each has more */

/* What a stick consists of, in the order it is checked. */
enum source_piece {
	SOURCE_PIECE_BOOT_CODE,
	SOURCE_PIECE_BOOTSTATE,
	SOURCE_PIECE_BIOS,
	SOURCE_PIECE_ESP, /* its files: systems that see a FAT write to the rest of it */
	SOURCE_PIECE_KERNEL,
	SOURCE_PIECE_ROOT,
	SOURCE_PIECES,
};

struct source {
	char *path; /* owned */
	int fd; /* owned */
	dev_t device; /* 0 for an image file */
	struct hw_table table;
	struct manifest manifest;
	/* What source_verify and source_check leave: all of it was checked. */
	uint8_t boot_code[SOURCE_BOOT_CODE];
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

/* "boot code", or the name of the partition; static. */
const char *source_piece_name(enum source_piece piece);

/* Reads and checks one piece. -EBADMSG, -EFBIG, -ENODATA or -ENOENT (kind corrupt or not-found) if
 * it is damaged, else why it could not be read. */
int source_check(struct source *source, enum source_piece piece, struct copy *copy, struct err *err)
	__attribute__((warn_unused_result));

/* Reads and checks all pieces, after all their sizes. room: bytes that each may have at most where
 * it goes (of the boot code: nothing); more is -EFBIG (kind config). NULL: no matter. */
int source_verify(struct source *source, const uint64_t room[SOURCE_PIECES], struct copy *copy,
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
