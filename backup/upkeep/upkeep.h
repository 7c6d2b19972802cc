/* The verbs that keep a repository whole and in order: one file each. */
#ifndef NEXUS_BACKUP_UPKEEP_UPKEEP_H
#define NEXUS_BACKUP_UPKEEP_UPKEEP_H

#include "base/verb.h"

extern const struct verb verb_cache;
extern const struct verb verb_check;
extern const struct verb verb_copy;
extern const struct verb verb_forget;
extern const struct verb verb_key;
extern const struct verb verb_prune;
extern const struct verb verb_repair;
extern const struct verb verb_tag;
extern const struct verb verb_unlock;

#endif
