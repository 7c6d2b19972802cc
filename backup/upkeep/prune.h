/* What forget and prune share: the options about unused data, and the run itself. */
#ifndef NEXUS_BACKUP_UPKEEP_PRUNE_H
#define NEXUS_BACKUP_UPKEEP_PRUNE_H

#include "archive/upkeep/prune.h"
#include "backup/common/common.h"
#include "base/i18n.h"
#include "base/verb.h"

struct prune_arguments {
	const char *max_unused, *max_repack_size, *repack_smaller_than; /* borrowed from argv */
	bool repack_small, repack_cacheable_only, repack_uncompressed;
};

/* Rows of a table of options. */
#define PRUNE_OPTIONS(arguments)                                                                   \
	{.long_name = "max-unused",                                                                \
		.argument = N_("LIMIT"),                                                           \
		.help = N_("unused data to put up with: bytes, percent (5%) or unlimited"),        \
		.text = &(arguments).max_unused},                                                  \
		{.long_name = "max-repack-size",                                                   \
			.argument = N_("BYTES"),                                                   \
			.help = N_("pack anew at most this much in one run"),                      \
			.text = &(arguments).max_repack_size},                                     \
		{.long_name = "repack-small",                                                      \
			.help = N_("put small packs together"),                                    \
			.flag = &(arguments).repack_small},                                        \
		{.long_name = "repack-smaller-than",                                               \
			.argument = N_("BYTES"),                                                   \
			.help = N_("put packs below this size together"),                          \
			.text = &(arguments).repack_smaller_than},                                 \
		{.long_name = "repack-cacheable-only",                                             \
			.help = N_("pack anew only what holds folders, not file content"),         \
			.flag = &(arguments).repack_cacheable_only},                               \
	{                                                                                          \
		.long_name = "repack-uncompressed",                                                \
		.help = N_("pack anew what is stored uncompressed"),                               \
		.flag = &(arguments).repack_uncompressed                                           \
	}

/* Reads the arguments. -EINVAL, -ERANGE (kind config). */
int prune_read_options(const struct prune_arguments *arguments, struct prune_options *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Prunes with an exclusive lock held, and tells what was done. list: the snapshots there are, or
 * that a dry run takes for those; NULL: read here. Returns the exit code. */
int prune_now(const struct common *common, struct common_session *session,
	const struct prune_options *prune_options, const struct select_list *list);

#endif
