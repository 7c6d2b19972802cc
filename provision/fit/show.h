/* Tells what is known of a PC. */
#ifndef NEXUS_PROVISION_FIT_SHOW_H
#define NEXUS_PROVISION_FIT_SHOW_H

#include "base/err.h"
#include "provision/fit/fit.h"
#include "json/json.h"

#define SHOW_COLUMNS 78

/* The checks, as translated lines of at most SHOW_COLUMNS columns; owned. NULL without memory. */
char *show_checks(const struct fit *fit);

/* What to set in the firmware: keys, settings with menu and state, what it does wrong; owned. NULL
 * without memory. */
char *show_firmware(const struct fit *fit);

/* Both, as members "fit" and "firmware" of an object. */
void show_json(const struct fit *fit, struct json *object);

#endif
