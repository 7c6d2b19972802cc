/* The verbs that only look into a repository: one file each. */
#ifndef NEXUS_BACKUP_SHOW_SHOW_H
#define NEXUS_BACKUP_SHOW_SHOW_H

#include "base/verb.h"

extern const struct verb verb_snapshots;
extern const struct verb verb_ls;
extern const struct verb verb_find;
extern const struct verb verb_diff;
extern const struct verb verb_dump;
extern const struct verb verb_stats;
extern const struct verb verb_list;
extern const struct verb verb_cat;
extern const struct verb verb_card;

#endif
