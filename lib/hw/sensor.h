/* Memory and temperature, as the kernel tells them. */
#ifndef NEXUS_HW_SENSOR_H
#define NEXUS_HW_SENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct hw_sensor_memory {
	uint64_t total_bytes;
	uint64_t available_bytes; /* what programs can still get without swapping */
};

/* Reads the text of /proc/meminfo. -EBADMSG without the two lines. */
int hw_sensor_memory_parse(const char *text, struct hw_sensor_memory *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The same from the file; proc is the folder, e.g. "/proc". */
int hw_sensor_memory_read(const char *proc, struct hw_sensor_memory *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The processor's temperature: the hottest of the hwmon chips that are processors, else of the
 * thermal zones. sys is the folder, e.g. "/sys". -ENODATA when this PC has no such sensor. */
int hw_sensor_temperature_read(const char *sys, double *ret_c, struct err *err)
	__attribute__((warn_unused_result));

/* VmRSS of a text of /proc/self/status, in bytes; 0 when it is not there. */
uint64_t hw_sensor_rss_parse(const char *text);

#endif
