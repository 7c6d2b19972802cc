#include "hw/disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hw_table table = {0};
	struct err err = ERR_INIT;

	if (hw_table_parse((const char *)data, size, "/dev/sda", &table, &err) < 0) {
		if (!err.text[0])
			__builtin_trap();
		return 0;
	}
	if (table.count > HW_TABLE_PARTS_MAX || (hw_disk_table_is_nexus(&table) && table.count < 8))
		__builtin_trap();
	return 0;
}
