#include "hw/smart.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct hw_smart smart;

	if (hw_smart_parse((const char *)data, size, &smart, &err) < 0)
		return 0;
	if (!str_is_utf8(smart.serial, strlen(smart.serial)) || strchr(smart.model, '\033') ||
		(smart.has_temperature && smart.temperature_c > 200))
		abort();
	return 0;
}
