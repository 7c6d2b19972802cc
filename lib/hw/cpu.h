/* The processor, as the kernel tells it: what it is and what it lacks. */
#ifndef NEXUS_HW_CPU_H
#define NEXUS_HW_CPU_H

#include <stdbool.h>

#define HW_CPU_TEXT_MAX (1u << 20) /* bytes of /proc/cpuinfo */

struct hw_cpu {
	char model[80]; /* fit for a terminal; "" when not told */
	unsigned threads; /* that the kernel uses; 0: nothing is known */
	bool has_flags; /* the next two are known */
	bool is_64_bit, has_aes;
};

/* Reads the text of /proc/cpuinfo; what is not there stays unknown. */
void hw_cpu_parse(const char *text, struct hw_cpu *ret);

/* The same from the file; proc is the folder, NULL for "/proc". Never fails. */
void hw_cpu_read(const char *proc, struct hw_cpu *ret);

#endif
