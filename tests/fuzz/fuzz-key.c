#include "repo/key.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only reading: opening one costs a second of scrypt. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_file file;
	struct err err = ERR_INIT;

	if (key_file_parse(data, size, &file, &err) < 0)
		return 0;
	if (kdf_check(&file.parameters, &err) < 0 || file.data_size > sizeof(file.data))
		abort();
	return 0;
}
