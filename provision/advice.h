/* What a technician can do about a failure, in one translated sentence. */
#ifndef NEXUS_PROVISION_ADVICE_H
#define NEXUS_PROVISION_ADVICE_H

#include <stdbool.h>

#include "base/err.h"

/* touched: the disk was already being written. Static text; may be "". */
const char *advice_for(const struct err *err, bool touched);

#endif
