/* RAUC's service on the system bus: what slots there are, and installing into those that do not
 * run. Blocks. */
#ifndef NEXUS_AGENT_UPDATE_RAUC_H
#define NEXUS_AGENT_UPDATE_RAUC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

#define RAUC_SLOTS_MAX 16

struct rauc_slot {
	char name[32]; /* "rootfs.1" */
	char slot_class[32]; /* "rootfs" */
	char bootname[8]; /* "A", "B", or "" */
	char device[256];
	bool runs; /* belongs to the running system */
};

struct rauc;

int rauc_open(struct rauc **ret, struct err *err) __attribute__((warn_unused_result));
void rauc_close(struct rauc *rauc);
CLEANUP_DEFINE(rauc, struct rauc *, rauc_close);
#define cleanup_rauc CLEANUP(rauc)

/* What system this is, as bundles name it. */
int rauc_compatible(struct rauc *rauc, char *ret_text, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* At most RAUC_SLOTS_MAX. */
int rauc_slots(struct rauc *rauc, struct rauc_slot ret_slots[RAUC_SLOTS_MAX], size_t *ret_count,
	struct err *err) __attribute__((warn_unused_result));

/* Tells how far RAUC is, 0 to 100. */
typedef void rauc_progress_fn(void *context, int percent);

/* Installs a bundle, after what RAUC may still be at for one who asked before us. -ECANCELED as
 * soon as *stop is true: RAUC itself goes on then, it can't be stopped; -EIO with RAUC's own words
 * when it failed, -ECONNRESET when it went away. */
int rauc_install(struct rauc *rauc, const char *path, const volatile bool *stop,
	rauc_progress_fn *progress, void *context, struct err *err)
	__attribute__((warn_unused_result));

#endif
