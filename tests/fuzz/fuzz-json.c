#include "json/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	cleanup_json struct json *json = NULL, *again = NULL;
	cleanup_free char *text = NULL;

	if (json_parse((const char *)data, size, 65536, &json, &err) < 0)
		return 0;
	/* What was accepted must survive printing and reading. */
	text = json_print(json);
	if (!text || json_parse(text, __builtin_strlen(text), 1 << 20, &again, &err) < 0)
		abort();
	return 0;
}
