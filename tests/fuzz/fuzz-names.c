#include <stdlib.h>
#include <string.h>

#include "repo/text/scan.h"
#include "repo/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every name without NUL must come back byte for byte; every text must be safe to unquote. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf json = BUF_INIT(16u << 20), quoted = BUF_INIT(16u << 20);
	cleanup_buf struct buf name = BUF_INIT(16u << 20), any = BUF_INIT(16u << 20);
	cleanup_free char *text = strndup((const char *)data, size);
	struct err err = ERR_INIT;
	struct scan_text raw;
	struct scan scan;

	if (!text)
		return 0;
	if (text_add_name(&json, text, &err) < 0)
		abort();
	scan_init(&scan, json.data, json.size);
	if (!scan_string(&scan, &raw) || scan_end(&scan, "name", &err) < 0 ||
		scan_text_decode(&raw, &quoted, &err) < 0 ||
		text_unquote((const char *)quoted.data, &name, &err) < 0 ||
		strcmp((const char *)name.data, text) != 0)
		abort();
	(void)!text_unquote(text, &any, &err);
	buf_clear(&any);
	(void)!text_decode_base64((const char *)data, size, &any, &err);
	return 0;
}
