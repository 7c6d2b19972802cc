#include "fleet/status.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must print, and what was printed must read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fleet_status first, second;
	cleanup_free char *text = NULL, *again = NULL;
	struct err err = ERR_INIT;

	if (fleet_status_parse((const char *)data, size, &first, &err) < 0)
		return 0;
	if (fleet_status_format(&first, &text, &err) < 0)
		abort();
	if (strchr(text, '\033') || strchr(text, '\n'))
		abort();
	if (fleet_status_parse(text, strlen(text), &second, &err) < 0 ||
		fleet_status_format(&second, &again, &err) < 0 || strcmp(text, again) != 0)
		abort();
	return 0;
}
