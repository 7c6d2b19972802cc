/* What restic has and nexus-backup has not, on purpose, with the reason for who looks for it. */
#ifndef NEXUS_BACKUP_ABSENT_H
#define NEXUS_BACKUP_ABSENT_H

#include "base/verb.h"

extern const struct verb_absent absent_table[];

#endif
