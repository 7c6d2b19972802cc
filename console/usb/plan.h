/* What will stand on a stick: an image, with the order in its seed partition and the partition
 * table made as long as the stick. The small parts stand in memory, the large one stays in the
 * image. */
#ifndef NEXUS_CONSOLE_USB_PLAN_H
#define NEXUS_CONSOLE_USB_PLAN_H

#include <errno.h>
#include <stdint.h>

#include "base/err.h"
#include "console/usb/sums.h"
#include "stick/copy.h"
#include "stick/source.h"

#define PLAN_HEAD (1u << 20) /* bytes at the start: boot code, partition table */
#define PLAN_SEED "install.conf"

/*  0    PLAN_HEAD     seed_at    seed_at + seed_bytes     tail_at    target_bytes
 *  | head |    body     |    seed     |   left as it is     |    tail    |          */
struct plan {
	struct source source;
	uint64_t image_bytes; /* whole blocks */
	uint64_t seed_at;
	size_t seed_bytes;
	uint8_t *head, *seed, *tail; /* owned */
	uint64_t tail_at;
	size_t tail_bytes; /* whole sectors; after plan_check: of the image */
	uint64_t target_bytes;
	uint8_t body[HASH_SIZE]; /* the digest of what lies between head and seed */
};

#define PLAN_INIT ((struct plan){.source = SOURCE_INIT})

/* Opens an image. -ENOENT if it is none of ours, -EBADMSG if it is a damaged one. */
int plan_open(const char *image, struct plan *ret, struct err *err)
	__attribute__((warn_unused_result));
void plan_done(struct plan *plan);

/* Bytes that plan_check will tell copy's progress. */
uint64_t plan_check_bytes(const struct plan *plan, const struct sums *sums);

/* Reads the image once and holds it against its list; without one, against the image.json inside.
 * -EBADMSG (kind corrupt). */
int plan_check(struct plan *plan, const struct sums *sums, struct copy *copy, struct err *err)
	__attribute__((warn_unused_result));

/* After plan_check: makes head, seed and tail for a target of so many bytes, whole sectors and at
 * least image_bytes. order: the text of install.conf, or NULL to leave the seed as it is. */
int plan_compose(struct plan *plan, uint64_t target_bytes, const char *order, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_plan_fn(struct plan *plan)
{
	int saved = errno;

	plan_done(plan);
	errno = saved;
}
#define cleanup_plan __attribute__((cleanup(cleanup_plan_fn)))

#endif
