/* The console's memory: which boxes were adopted, where they are, by which host key they are
 * known, and what they last said. SQLite file "fleet.db" in the console's home. Every function
 * blocks and writes durably. */
#ifndef NEXUS_CONSOLE_FLEET_INVENTORY_H
#define NEXUS_CONSOLE_FLEET_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "console/fleet/address.h"
#include "console/fleet/fault.h"
#include "fleet/status.h"

#define INVENTORY_BOXES_MAX 100000
#define INVENTORY_HOST_KEY_MAX 128

struct inventory;

struct inventory_box {
	char box_id[FLEET_STATUS_ID_SIZE];
	char name[FLEET_STATUS_NAME_SIZE]; /* ours for it; unique in any case */
	struct address address;
	uint8_t host_key[INVENTORY_HOST_KEY_MAX]; /* wire form */
	size_t host_key_size;
	int64_t adopted_s; /* since 1970 */
	char *status; /* owned: the last status document; NULL: never */
	int64_t status_s; /* when it came, by our clock */
	int64_t polled_s; /* the last attempt; 0: never */
	enum fault polled; /* how it ended */
	char polled_text[256]; /* and the operator's chain of it */
};

struct inventory_list {
	struct inventory_box *boxes; /* owned */
	size_t count;
};

/* Opens or makes home/fleet.db. */
int inventory_open(const char *home, struct inventory **ret, struct err *err)
	__attribute__((warn_unused_result));
void inventory_close(struct inventory *inventory);
CLEANUP_DEFINE(inventory, struct inventory *, inventory_close);
#define cleanup_inventory CLEANUP(inventory)

/* True for what may be a box's name: 1 to 63 bytes of UTF-8 letters, digits, '-', '_', '.', the
 * first no '-' and no '.'. */
bool inventory_name_valid(const char *name);

/* Adds a box, or renews the one with the same id. -EEXIST (kind config) if another box has the
 * name. status fields are left alone. */
int inventory_put(struct inventory *inventory, const struct inventory_box *box, struct err *err)
	__attribute__((warn_unused_result));

/* A name that no box has: wanted, or wanted-2, -3 ... */
int inventory_free_name(struct inventory *inventory, const char *wanted, const char *box_id,
	char ret_name[FLEET_STATUS_NAME_SIZE], struct err *err) __attribute__((warn_unused_result));

/* All boxes by name. */
int inventory_list(struct inventory *inventory, struct inventory_list *ret, struct err *err)
	__attribute__((warn_unused_result));

/* One box by its name (any case), its id, or the only id that begins so (4 characters or more).
 * -ENOENT; -ENOTUNIQ (kind config) if several ids begin so. */
int inventory_find(struct inventory *inventory, const char *name_or_id, struct inventory_box *ret,
	struct err *err) __attribute__((warn_unused_result));

int inventory_rename(struct inventory *inventory, const char *box_id, const char *name,
	struct err *err) __attribute__((warn_unused_result));
int inventory_move(struct inventory *inventory, const char *box_id, const struct address *address,
	struct err *err) __attribute__((warn_unused_result));
int inventory_forget(struct inventory *inventory, const char *box_id, struct err *err)
	__attribute__((warn_unused_result));

/* The box's host key as ssh-keygen -l shows it ("SHA256:..."; 51 bytes), and as the line of an SSH
 * public key file (owned). */
void inventory_fingerprint(const struct inventory_box *box, char ret_text[51]);
int inventory_key_line(const struct inventory_box *box, char **ret_line, struct err *err)
	__attribute__((warn_unused_result));

/* What became of one attempt to ask a box. */
struct inventory_poll {
	const char *box_id; /* borrowed */
	int64_t when_s;
	enum fault fault;
	const char *text; /* borrowed; the chain of a failure */
	const char *status; /* borrowed; the document when fault is FAULT_NONE */
};

/* Stores the results of a whole sweep in one transaction. */
int inventory_store(struct inventory *inventory, const struct inventory_poll *polls, size_t count,
	struct err *err) __attribute__((warn_unused_result));

void inventory_box_done(struct inventory_box *box);
void inventory_list_done(struct inventory_list *list);

static inline void cleanup_inventory_box_fn(struct inventory_box *box)
{
	int saved = errno;

	inventory_box_done(box);
	errno = saved;
}
#define cleanup_inventory_box __attribute__((cleanup(cleanup_inventory_box_fn)))

static inline void cleanup_inventory_list_fn(struct inventory_list *list)
{
	int saved = errno;

	inventory_list_done(list);
	errno = saved;
}
#define cleanup_inventory_list __attribute__((cleanup(cleanup_inventory_list_fn)))

#endif
