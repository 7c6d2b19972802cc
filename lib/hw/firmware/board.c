#include "hw/firmware/board.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define UUID_LENGTH 36u

enum firmware_uuid firmware_board_judge_uuid(const char *text)
{
	/* What boards carry that nobody gave a number of their own. */
	static const char *const shared[] = {
		"03000200-0400-0500-0006-000700080009",
		"12345678-1234-5678-90ab-cddeefaabbcc",
		"fefefefe-fefe-fefe-fefe-fefefefefefe",
	};
	bool all_same = true;
	size_t i;

	for (i = 0; i < UUID_LENGTH && text[i]; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-'
							    : !isxdigit((unsigned char)text[i]))
			return FIRMWARE_UUID_NONE;
		if (text[i] != '-' && text[i] != text[0])
			all_same = false;
	}
	if (i != UUID_LENGTH || text[i] || all_same)
		return FIRMWARE_UUID_NONE;
	for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strcasecmp(text, shared[i]) == 0)
			return FIRMWARE_UUID_NONE;
	return FIRMWARE_UUID_GOOD;
}

void firmware_board_read(const char *sysfs, struct firmware_board *ret)
{
	cleanup_free char *dir = str_printf("%s/class/dmi/id", sysfs ? sysfs : "/sys");
	char uuid[64];

	*ret = (struct firmware_board){.uuid = FIRMWARE_UUID_UNKNOWN};
	if (!dir)
		return;
	file_read_line(dir, "sys_vendor", ret->vendor, sizeof(ret->vendor));
	file_read_line(dir, "product_name", ret->product, sizeof(ret->product));
	file_read_line(dir, "product_version", ret->version, sizeof(ret->version));
	file_read_line(dir, "bios_version", ret->bios_version, sizeof(ret->bios_version));
	file_read_line(dir, "bios_date", ret->bios_date, sizeof(ret->bios_date));
	file_read_line(dir, "product_uuid", uuid, sizeof(uuid));
	if (uuid[0])
		ret->uuid = firmware_board_judge_uuid(uuid);
	file_read_line(dir, "modalias", ret->modalias, sizeof(ret->modalias));
	/* One that was cut would find another PC. */
	if (!str_after(ret->modalias, "dmi:") || strlen(ret->modalias) + 1 == sizeof(ret->modalias))
		ret->modalias[0] = '\0';
}
