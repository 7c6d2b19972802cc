/* Where a repository is and how it is reached: restic's forms of an address, opened as a store.
 * Passwords in an address are never shown. */
#ifndef NEXUS_BACKUP_COMMON_PLACE_H
#define NEXUS_BACKUP_COMMON_PLACE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "net/rate.h"
#include "store/store.h"

/* Texts are borrowed from argv; NULL: not given, then the environment is asked. */
struct place_options {
	const char *repository_file;
	const char *limit_upload, *limit_download; /* KiB a second */
	const char *ca_files, *client_file; /* certificates, see net/http.h */
	const char *cache_dir;
	bool no_cache, cleanup_cache;
	struct str_list tuning; /* "name=value" of -o */
	struct rate *up, *down; /* borrowed: set from the limits and shared by all places */
	/* borrowed: true ends waiting for a server; true ends what is moving content */
	const volatile bool *stop, *cut;
};

enum place_kind {
	PLACE_LOCAL,
	PLACE_REST,
	PLACE_S3,
	PLACE_SFTP,
};

/* The kind of a location, and the rest of its text that the store reads (borrowed from it).
 * -ENOTSUP (kind config) for a scheme of restic's that is not ours. */
int place_parse(const char *location, enum place_kind *ret_kind, const char **ret_rest,
	struct err *err) __attribute__((warn_unused_result));

/* Opens repository, or if it is NULL what the file or the environment say. */
int place_open(const char *repository, const struct place_options *options, bool create,
	struct store **ret, struct err *err) __attribute__((warn_unused_result));

/* The location as it was written: owned, with its password. */
int place_find(const char *repository, const struct place_options *options, char **ret,
	struct err *err) __attribute__((warn_unused_result));

/* The location for people: owned, password hidden; NULL if there is none. */
char *place_show(const char *repository, const struct place_options *options);

/* Whether it is behind a server, which a cache is for. */
bool place_is_far(const char *repository, const struct place_options *options);

/* The folder of the cache, owned; NULL if none is to be used or there is no home. */
int place_cache_folder(const struct place_options *options, char **ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
