/* One run of the installer: from what it was told to its exit status. */
#ifndef NEXUS_PROVISION_SESSION_H
#define NEXUS_PROVISION_SESSION_H

#include "provision/face/screen.h"
#include "provision/options.h"

#define SESSION_LIVE_DISK "/run/nexus/disk" /* link to the disk that a live system runs from */

/* Runs and returns the exit status. Everything is told on screen. */
int session_run(const struct options *options, struct screen *screen);

#endif
