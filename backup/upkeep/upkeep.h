/* The verbs that keep a repository whole and in order: one file each. */
#ifndef NEXUS_BACKUP_UPKEEP_UPKEEP_H
#define NEXUS_BACKUP_UPKEEP_UPKEEP_H

#include "base/verb.h"

extern const struct verb verb_check;
extern const struct verb verb_forget;
extern const struct verb verb_prune;

#endif
