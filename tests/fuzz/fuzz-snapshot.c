#include "repo/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_snapshot struct snapshot snapshot = {0}, again = {0};
	cleanup_buf struct buf once = BUF_INIT(SNAPSHOT_MAX), twice = BUF_INIT(SNAPSHOT_MAX);
	struct err err = ERR_INIT;

	if (snapshot_parse(data, size, &snapshot, &err) < 0)
		return 0;
	if (snapshot_format(&snapshot, &once, &err) < 0 ||
		snapshot_parse(once.data, once.size, &again, &err) < 0 ||
		snapshot_format(&again, &twice, &err) < 0 || once.size != twice.size ||
		memcmp(once.data, twice.data, once.size) != 0)
		abort();
	return 0;
}
