#include <stdlib.h>
#include <string.h>

#include "repo/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first four bytes say how long the blobs are, the rest is a header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf list = BUF_INIT(PACK_HEADER_MAX * 2);
	cleanup_buf struct buf header = BUF_INIT(PACK_HEADER_MAX);
	const struct pack_entry *entries;
	struct err err = ERR_INIT;
	uint32_t blobs_size;
	uint64_t end = 0;

	if (size < sizeof(blobs_size))
		return 0;
	memcpy(&blobs_size, data, sizeof(blobs_size));
	data += sizeof(blobs_size);
	size -= sizeof(blobs_size);
	if (pack_header_parse(data, size, blobs_size, &list, &err) < 0)
		return 0;
	entries = (const struct pack_entry *)(const void *)list.data;
	for (size_t i = 0; i < list.size / sizeof(*entries); i++) {
		if (entries[i].location.offset != end)
			abort();
		end += entries[i].location.length;
	}
	if (end != blobs_size ||
		pack_header_format(entries, list.size / sizeof(*entries), &header, &err) < 0 ||
		header.size != size || (size && memcmp(header.data, data, size) != 0))
		abort();
	return 0;
}
