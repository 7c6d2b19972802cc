#include "hw/grubenv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char block[HW_GRUBENV_SIZE], text[HW_GRUBENV_SIZE], twice[HW_GRUBENV_SIZE];
	struct hw_grubenv env, again;
	struct err err = ERR_INIT;

	memset(block, '#', sizeof(block));
	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	if (hw_grubenv_parse(block, &env, &err) < 0)
		return 0;
	/* A block that was full to the last byte need not fit again, but what fits must last. */
	if (hw_grubenv_format(&env, text, &err) < 0)
		return 0;
	if (hw_grubenv_parse(text, &again, &err) < 0 ||
		hw_grubenv_format(&again, twice, &err) < 0 ||
		memcmp(text, twice, sizeof(text)) != 0)
		abort();
	return 0;
}
