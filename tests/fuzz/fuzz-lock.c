#include "repo/lock.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf once = BUF_INIT(64u << 10), twice = BUF_INIT(64u << 10);
	struct lock_file file, again;
	struct err err = ERR_INIT;

	if (lock_file_parse(data, size, &file, &err) < 0)
		return 0;
	if (lock_file_format(&file, &once, &err) < 0 ||
		lock_file_parse(once.data, once.size, &again, &err) < 0 ||
		lock_file_format(&again, &twice, &err) < 0)
		abort();
	/* Text that was cut in the middle of a character may shrink once more, nothing else. */
	if (twice.size > once.size + 16)
		abort();
	return 0;
}
