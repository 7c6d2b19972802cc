#include "stick/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_manifest struct manifest manifest = {0};
	struct err err = ERR_INIT;

	if (manifest_parse((const char *)data, size, &manifest, &err) < 0) {
		if (!err.text[0] || manifest.files)
			__builtin_trap();
	} else if (!manifest.file_count || !manifest.kernel.size_bytes) {
		__builtin_trap();
	}
	return 0;
}
