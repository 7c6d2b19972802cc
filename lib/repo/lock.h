/* Locks: who works on a repository. Shared ones go together, an exclusive one stands alone.
 * lock_refresh and lock_keep may be called by several threads, all else by one. */
#ifndef NEXUS_REPO_LOCK_H
#define NEXUS_REPO_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "repo/id.h"
#include "repo/repository.h"
#include "repo/tree.h"

/* What a lock file says. */
struct lock_file {
	struct node_time time;
	bool exclusive;
	char hostname[256], username[256];
	uint64_t pid;
	uint32_t uid, gid;
	/* Ours alone; restic does not look at them. "" in a restic's lock. */
	char boot_id[64]; /* of the kernel that ran the writer */
	char machine[ID_TEXT_SIZE]; /* a hash of the machine's id, which itself stays secret */
};

int lock_file_parse(const void *text, size_t size, struct lock_file *ret, struct err *err)
	__attribute__((warn_unused_result));
int lock_file_format(const struct lock_file *file, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Fills in who we are, at now. */
int lock_file_ours(bool exclusive, const struct clock *clock, struct lock_file *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Whether other was written on the machine of ours: by the machines' ids; a lock without one
 * (restic's, or of a machine that has none) by the host's name. */
bool lock_file_is_same_machine(const struct lock_file *other, const struct lock_file *ours);

/* Whether the writer of other is certainly gone, judged by ours: 30 minutes without refresh; or
 * this very machine, and either it has booted since or the process is dead. */
bool lock_file_is_stale(const struct lock_file *other, const struct lock_file *ours);

struct lock;

/* Takes a lock: looks for others, writes it, waits 200 ms, looks again. Stale locks of this
 * very machine are removed on the way. -EBUSY (kind locked) names who holds the other one.
 * SIGHUP is ignored from then on: restic sends it to find out whether a lock's process lives. */
int lock_take(struct repository *repository, bool exclusive, struct lock **ret, struct err *err)
	__attribute__((warn_unused_result));

/* Whether an exclusive lock was in the way that a killed run on this very machine left: what it
 * was about may not be finished. */
bool lock_was_left(const struct lock *lock);

/* Writes the lock anew when the last time was 5 minutes ago; cheap otherwise. -ESTALE (kind
 * locked) if it was not refreshed for more than 22.5 minutes (suspend) and somebody removed it:
 * what was begun must not be completed. */
int lock_refresh(struct lock *lock, struct err *err) __attribute__((warn_unused_result));
/* The same, by a thread that does nothing else, called often: so the lock stays fresh while the
 * others wait for long. A failure is tried again after a while, and is lock_refresh's to tell. */
void lock_keep(struct lock *lock);
/* Writes it anew so often instead: 1 to LOCK_REFRESH_US. Before other threads know the lock. */
#define LOCK_REFRESH_US (5 * 60 * 1000000ull)
void lock_refresh_every(struct lock *lock, uint64_t every_us);

/* Removes stale locks, whoever's they are; all: every lock, even one that is in use. */
int lock_remove_stale(struct repository *repository, bool all, unsigned *ret_removed,
	struct err *err) __attribute__((warn_unused_result));

/* Removes it from the repository, as well as possible. NULL is fine. */
void lock_release(struct lock *lock);
CLEANUP_DEFINE(lock, struct lock *, lock_release);
#define cleanup_lock CLEANUP(lock)

#endif
