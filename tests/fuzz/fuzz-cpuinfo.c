#include "hw/cpu.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = malloc(size + 1);
	struct hw_cpu cpu;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	hw_cpu_parse(text, &cpu);
	if (!str_is_utf8(cpu.model, strlen(cpu.model)) || strchr(cpu.model, '\033') ||
		(!cpu.has_flags && (cpu.is_64_bit || cpu.has_aes)))
		abort();
	return 0;
}
