/* What a person, or a hostile file, gives as an adoption code. A code that is read prints back
 * to one that is read the same way. */
#include <stdlib.h>
#include <string.h>

#include "fleet/adoption.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fleet_adoption_code code, again;
	struct err err = ERR_INIT;
	char text[2 * FLEET_ADOPTION_HALF_SIZE];
	char *input = strndup((const char *)data, size);

	if (!input)
		return 0;
	if (fleet_adoption_code_parse(input, &code, &err) == 0) {
		snprintf(text, sizeof(text), "%s-%s", code.host, code.secret);
		if (fleet_adoption_code_parse(text, &again, &err) < 0 ||
			strcmp(code.host, again.host) != 0 ||
			strcmp(code.secret, again.secret) != 0)
			abort();
	}
	free(input);
	return 0;
}
