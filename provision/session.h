/* One run of the installer: from what it was told to its exit status. */
#ifndef NEXUS_PROVISION_SESSION_H
#define NEXUS_PROVISION_SESSION_H

#include <stdbool.h>

#include "provision/screen.h"

#define SESSION_LIVE_DISK "/run/nexus/disk" /* link to the disk that a live system runs from */
#define SESSION_RUN_DIR "/run/nexus-install"

struct session_options {
	const char *source; /* the stick; NULL: SESSION_LIVE_DISK */
	const char *target; /* NULL: ask, or as install.conf says */
	const char *layout;
	const char *seed; /* install.conf; NULL: on the stick's seed partition */
	const char *confirm; /* what would be typed; NULL: ask */
	const char *name; /* of the box; NULL: ask, or as install.conf says */
	bool yes; /* as if install.conf said Unattended=yes */
	bool repair; /* on a box of ours: repair, or nothing */
	bool dry_run;
	bool list, fit, json; /* only show the disks, or the first page */
	bool set_firmware; /* as if install.conf said SetFirmware=yes */
	const char *facts; /* folder with sys and proc of the PC; NULL: this one */
	const char *notes; /* compiled firmware notes; NULL: the system's */
	bool power_off; /* when done, as install.conf or the person says */
};

/* Runs and returns the exit status. Everything is told on screen. */
int session_run(const struct session_options *options, struct screen *screen);

#endif
