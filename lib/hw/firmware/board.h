/* Who this PC is, by the DMI tables of its firmware. */
#ifndef NEXUS_HW_FIRMWARE_BOARD_H
#define NEXUS_HW_FIRMWARE_BOARD_H

#include <stdbool.h>

enum firmware_uuid {
	FIRMWARE_UUID_UNKNOWN, /* could not be read */
	FIRMWARE_UUID_NONE, /* one that whole series of boards share, or nonsense */
	FIRMWARE_UUID_GOOD,
};

#define FIRMWARE_MODALIAS_MAX 1024

struct firmware_board {
	/* As the tables have them, fit for a terminal; "" when unknown. */
	char vendor[64], product[80], version[80];
	char bios_version[64], bios_date[24];
	enum firmware_uuid uuid;
	char modalias[FIRMWARE_MODALIAS_MAX]; /* "dmi:bvn..."; "" when unknown or too long */
};

/* Never fails: what can't be read stays unknown. sysfs is the folder, NULL for "/sys". */
void firmware_board_read(const char *sysfs, struct firmware_board *ret);

/* What a UUID in text is worth as the identity of one PC. */
enum firmware_uuid firmware_board_judge_uuid(const char *text);

#endif
