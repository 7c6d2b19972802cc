/* What the installer was told on its command line. */
#ifndef NEXUS_PROVISION_OPTIONS_H
#define NEXUS_PROVISION_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *source; /* the stick; NULL: the disk that the live system runs from */
	const char *target; /* NULL: ask, or as install.conf says */
	const char *layout;
	const char *seed; /* install.conf; NULL: on the stick's seed partition */
	const char *confirm; /* what would be typed; NULL: ask */
	const char *name; /* of the box; NULL: ask, or as install.conf says */
	const char *language; /* "es" or "en"; NULL: ask */
	bool yes; /* as if install.conf said Unattended=yes */
	bool repair; /* on a box of ours: repair, or nothing */
	bool dry_run;
	bool list, fit, json; /* only show the disks, or the first page */
	bool set_firmware; /* as if install.conf said SetFirmware=yes */
	const char *facts; /* folder with what the PC is; NULL: this one */
	const char *notes; /* compiled firmware notes; NULL: the system's */
	bool plain; /* lines, no whole pages */
	bool power_off; /* when done, as install.conf or the person says */
};

#endif
