#include "repo/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read must be written as it was meant, and be read the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf text = BUF_INIT(CONFIG_MAX);
	struct config config, again;
	struct err err = ERR_INIT;

	if (config_parse(data, size, &config, &err) < 0)
		return 0;
	if (config_format(&config, &text, &err) < 0 ||
		config_parse(text.data, text.size, &again, &err) < 0 ||
		again.version != config.version || again.polynomial != config.polynomial ||
		!id_equal(&again.id, &config.id))
		abort();
	return 0;
}
