/* An adoption code, "XXXX-XXXX-XXXX-XXXX", in letters that can be read from across a room. */
#ifndef NEXUS_PROVISION_PAGE_CODE_H
#define NEXUS_PROVISION_PAGE_CODE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends its lines, half of the code on each row of letters; at most 60 columns. */
int code_draw(const char *code, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
