/* What is known of this PC before anything is installed. */
#ifndef NEXUS_PROVISION_FIT_FIT_H
#define NEXUS_PROVISION_FIT_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hw/cpu.h"
#include "hw/disk.h"
#include "hw/firmware/board.h"
#include "hw/firmware/plan.h"
#include "hw/machine.h"
#include "hw/net.h"
#include "hw/smart.h"

enum fit_level {
	FIT_OK,
	FIT_CAUTION, /* it works, but somebody should know or do something */
	FIT_UNFIT,
};

enum fit_check_id {
	FIT_CHECK_CPU,
	FIT_CHECK_MEMORY,
	FIT_CHECK_DISKS,
	FIT_CHECK_RAID,
	FIT_CHECK_NETWORK,
	FIT_CHECK_FIRMWARE,
	FIT_CHECK_CLOCK,
	FIT_CHECK_UUID,
};
#define FIT_CHECK_COUNT 8

struct fit_check {
	enum fit_level level;
	char what[160]; /* the fact, in few words; translated */
	const char *advice; /* one translated sentence that says what to do; static, "" when well */
};

/* What a person said of the settings that the firmware does not tell. */
enum fit_answer {
	FIT_ANSWER_NOT_ASKED,
	FIT_ANSWER_SET, /* "they are set" */
	FIT_ANSWER_LATER,
};

struct fit {
	char sysfs[256]; /* where it was read, and where settings are written */
	struct hw_machine machine;
	struct hw_cpu cpu;
	struct hw_net net;
	struct firmware_board board;
	struct firmware_note note;
	struct firmware_plan plan;
	int64_t now_s, build_s; /* since 1970; build_s 0: unknown */
	size_t disks, usable_disks, failing_disks;
	char failing[128]; /* path of the first of these */
	enum fit_answer answer;
	struct fit_check checks[FIT_CHECK_COUNT]; /* by their id; filled in by judge_pc */
};

/* Reads all but disks and clock. Never fails: what can't be read is unknown. facts: a folder with
 * sys and proc of the PC, NULL for this one; notes: a compiled hwdb, NULL for the system's. */
void fit_read(const char *facts, const char *notes, struct fit *ret);

/* This system was started from a USB stick, so the firmware can do that. */
void fit_started_from_usb(struct fit *fit);

/* Forgets the disks that were counted. */
void fit_forget_disks(struct fit *fit);

/* Counts a disk. usable: it could take the installation. */
void fit_add_disk(
	struct fit *fit, const struct hw_disk *disk, bool usable, enum hw_smart_verdict health);

/* The worst of the checks. */
enum fit_level fit_level(const struct fit *fit);

/* How many settings are in a state. */
size_t fit_count(const struct fit *fit, enum firmware_state state);

/* True if there is a setting that is different and can be set from here. */
bool fit_can_set(const struct fit *fit);

#endif
