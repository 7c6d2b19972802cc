#include "repo/index.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_index struct index *index = NULL;
	struct err err = ERR_INIT;

	if (index_new(&index, &err) < 0 || index_parse(index, data, size, &err) < 0)
		return 0;
	for (size_t i = 0; i < index_count(index); i++) {
		const struct index_entry *entry = index_at(index, i);
		enum blob_type type = entry->is_tree ? BLOB_TREE : BLOB_DATA;
		size_t number = 0, copies = 0;

		if (!index_find(index, type, &entry->id) || entry->pack >= index_pack_count(index))
			abort();
		while (index_find_copy(index, type, &entry->id, &number))
			copies++;
		if (!copies)
			abort();
	}
	return 0;
}
