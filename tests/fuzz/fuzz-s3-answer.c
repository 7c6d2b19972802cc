#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/s3/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(const char *name, uint64_t size_bytes, void *context, struct err *err)
{
	(void)size_bytes;
	(void)err;
	if (strlen(name) >= ANSWER_TEXT_MAX)
		abort();
	(*(size_t *)context)++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer_refusal refusal;
	struct answer_page page = {0};
	struct err err = ERR_INIT;
	size_t objects = 0;

	if (answer_page_parse(data, size, count, &objects, &page, &err) < 0 && page.next)
		abort();
	if (objects > size / 20)
		abort();
	free(page.next);
	answer_refusal_parse(data, size, &refusal);
	if (!str_is_utf8(refusal.code, strlen(refusal.code)) || strchr(refusal.message, '\033'))
		abort();
	return 0;
}
