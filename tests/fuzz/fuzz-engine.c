#include "agent/worker/engine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine_report report = {0};

	engine_read_line((const char *)data, size, &report);
	if (!(report.progress.percent >= 0 && report.progress.percent <= 100) ||
		strpbrk(report.result.message, "\033\n") || strchr(report.result.snapshot, '\n'))
		abort();
	return 0;
}
