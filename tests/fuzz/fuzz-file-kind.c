#include <stdlib.h>

#include "archive/cut/kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes of any file: nothing outside of them is read (a sanitizer sees to that), what
 * stands behind the head does not count, and nothing is told from less than any sign has. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t sizes[] = {0, 1, 1u << 20, 1ull << 40, UINT64_MAX};
	size_t head = size < KIND_HEAD ? size : KIND_HEAD;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		enum kind kind = kind_of(data, size, sizes[i]);

		if (kind > KIND_FILESYSTEM || (size < 8 && kind != KIND_NONE) ||
			kind != kind_of(data, head, sizes[i]))
			abort();
	}
	return 0;
}
