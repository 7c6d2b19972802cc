/* The verbs that move data: one file each. */
#ifndef NEXUS_BACKUP_VERBS_H
#define NEXUS_BACKUP_VERBS_H

#include "base/verb.h"

extern const struct verb verb_init;
extern const struct verb verb_backup;
extern const struct verb verb_restore;

#endif
