/* The judgement on each fact of a PC. */
#ifndef NEXUS_PROVISION_FIT_JUDGE_H
#define NEXUS_PROVISION_FIT_JUDGE_H

#include "provision/fit/fit.h"

/* Fills in the checks by the rest of fit. */
void judge_pc(struct fit *fit);

#endif
