#include "provision/disk/layout.h"
#include "stick/seed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both files in unit-file syntax that the installer reads. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_seed struct seed seed = {0};
	struct layout layout;
	struct err err = ERR_INIT;

	if (seed_defaults(&seed, &err) < 0)
		return 0;
	if (seed_parse((const char *)data, size, "install.conf", &seed, &err) < 0) {
		if (!err.text[0])
			__builtin_trap();
	} else if (seed.name[0] && !seed_name_is_good(seed.name)) {
		__builtin_trap();
	}
	if (layout_parse((const char *)data, size, "layout.conf", &layout, &err) >= 0 &&
		layout.parts[LAYOUT_PARTS - 1].start <= layout.parts[0].start)
		__builtin_trap();
	return 0;
}
