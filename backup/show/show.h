/* The verbs that only look into a repository: one file each. */
#ifndef NEXUS_BACKUP_SHOW_SHOW_H
#define NEXUS_BACKUP_SHOW_SHOW_H

#include "base/verb.h"

extern const struct verb verb_snapshots;
extern const struct verb verb_ls;

#endif
