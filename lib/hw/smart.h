/* What a disk says of its own health: the JSON of "smartctl --json=c --all". */
#ifndef NEXUS_HW_SMART_H
#define NEXUS_HW_SMART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HW_SMART_TEXT_MAX (512u << 10) /* bytes of smartctl's output */

enum hw_smart_verdict {
	HW_SMART_UNKNOWN, /* the disk has no SMART, or did not say */
	HW_SMART_PASSED,
	HW_SMART_FAILED,
};

struct hw_smart {
	char model[64], serial[64]; /* fit for a terminal; "" when not told */
	enum hw_smart_verdict verdict;
	bool has_temperature;
	int64_t temperature_c;
	uint64_t power_on_hours; /* 0: not told */
	/* Raw values of the ATA attributes that foretell an end, by their number; 0: none. */
	uint64_t reallocated; /* 5 */
	uint64_t spin_retries; /* 10 */
	uint64_t uncorrected; /* 187 */
	uint64_t timeouts; /* 188, its first 16 bits: how often */
	uint64_t pending; /* 197 */
	uint64_t offline_uncorrected; /* 198 */
	uint64_t soft_read_errors; /* 201 */
	/* NVMe. */
	uint64_t critical_warning; /* bits; 0: none */
	uint64_t media_errors;
	bool has_percentage_used;
	uint64_t percentage_used; /* 0 to 255: of the life that its maker planned */
};

/* Reads smartctl's output, of any disk. -EBADMSG for what is none. */
int hw_smart_parse(const char *text, size_t size, struct hw_smart *ret, struct err *err)
	__attribute__((warn_unused_result));

/* "unknown", "passed", "failed"; static. */
const char *hw_smart_verdict_name(enum hw_smart_verdict verdict);

#endif
