/* What the verbs of nexus-backup share: finding and opening the repository, telling errors and
 * progress on a terminal or as JSON, and the exit status. */
#ifndef NEXUS_BACKUP_COMMON_H
#define NEXUS_BACKUP_COMMON_H

#include <stdbool.h>

#include "archive/progress.h"
#include "backup/common/password.h"
#include "backup/common/place.h"
#include "backup/common/ticker.h"
#include "base/err.h"
#include "base/str.h"
#include "repo/lock.h"
#include "repo/repository.h"
#include "json/json.h"

/* restic's exit codes. */
enum {
	EXIT_CODE_OK = 0,
	EXIT_CODE_FAILED = 1,
	EXIT_CODE_INCOMPLETE = 3, /* some sources could not be read */
	EXIT_CODE_NO_REPOSITORY = 10,
	EXIT_CODE_LOCKED = 11,
	EXIT_CODE_WRONG_PASSWORD = 12,
	EXIT_CODE_INTERRUPTED = 130,
};

/* The program's context; filled by the options before a verb runs. */
struct common {
	const char *repository; /* borrowed from argv or the environment, like all texts */
	struct place_options place; /* how the repository is reached */
	struct password_source password;
	const char *key_hint; /* which key to try first; NULL: RESTIC_KEY_HINT says it */
	const char *compression; /* NULL: RESTIC_COMPRESSION says it */
	const char *retry_lock; /* how long to try for a lock; NULL: once */
	bool json, quiet, no_lock;
	bool fresh_cache; /* what is in the cache is not believed: a new one, for this run alone */
	const volatile bool *stop; /* becomes true when the user or system wants us to end */
	volatile bool *show; /* becomes true when the progress is asked for, and false again */
};

/* An open repository and what goes with it. */
struct common_session {
	struct repository *repository; /* owned */
	struct lock *lock; /* owned, or NULL */
	struct ticker *keeper; /* owned: keeps the lock fresh */
	char *cache; /* owned: the folder of a cache that goes with the session, or NULL */
};

/* The place named by --repo, --repository-file or the environment, opened as a store. create:
 * made if missing. */
int common_open_store(const struct common *common, bool create, struct store **ret, struct err *err)
	__attribute__((warn_unused_result));
/* What --compression or the environment says; NULL: nothing. */
const char *common_compression(const struct common *common);
/* Opens the repository, with a shared or exclusive lock. options may be NULL; the compression and
 * the hint are common's. Tells errors itself. Returns 0, or the exit code to end with. */
enum common_lock {
	COMMON_LOCK_NONE,
	COMMON_LOCK_SHARED,
	COMMON_LOCK_EXCLUSIVE,
};
int common_open(const struct common *common, const struct repository_options *options,
	enum common_lock lock, struct common_session *ret) __attribute__((warn_unused_result));
/* The same for who changes the repository: --no-lock only counts in a dry run. */
int common_open_to_change(const struct common *common, enum common_lock lock, bool dry_run,
	struct common_session *ret) __attribute__((warn_unused_result));
void common_close(struct common_session *session);

/* Tells an error that ends the run; returns the exit code. */
int common_fail(const struct common *common, const struct err *err);
/* Tells an error about one thing (a path, a pack) that does not end it. */
void common_tell(const struct common *common, const char *item, const struct err *err);
/* Prints a value made with json_object_new as one line, and frees it. */
void common_print_json(struct json *json);

/* Progress: shown twice a second, or as often as RESTIC_PROGRESS_FPS says, by a thread of its
 * own; else only on a terminal, with JSON, or when a SIGUSR1 asks for it. */
struct common_display {
	const struct common *common; /* borrowed */
	struct progress progress;
	uint64_t every_us; /* 0: only when it is asked for */
	bool terminal;
	struct ticker *ticker; /* owned */
	/* Of the ticker: */
	uint64_t shown_us; /* monotonic */
	const struct repository *target; /* borrowed, or NULL: see common_display_watch */
	uint64_t unsaved, passed; /* bytes when a pack was last done */
};
/* display must stay where it is until common_display_end. */
void common_display_start(struct common_display *display, const struct common *common);
/* Where packs are saved: how much is still to be sent there is shown when the last of them are.
 * repository is borrowed until common_display_end. */
void common_display_watch(struct common_display *display, const struct repository *repository);
/* Takes the line of progress off the terminal, for other lines, and shows none until the other is
 * called. */
void common_display_pause(struct common_display *display);
void common_display_resume(struct common_display *display);
/* Whatever came of it, and before all else is told; a second time is fine. */
void common_display_end(struct common_display *display);

/* "1.5 GiB": bytes for people. ret has 32 bytes. */
void common_format_bytes(uint64_t bytes, char ret[32]);
/* A time as people read it, local. ret has 32 bytes. */
void common_format_time(const struct node_time *time, char ret[32]);

static inline void cleanup_common_session_fn(struct common_session *session)
{
	int saved = errno;

	common_close(session);
	errno = saved;
}
#define cleanup_common_session __attribute__((cleanup(cleanup_common_session_fn)))

#endif
