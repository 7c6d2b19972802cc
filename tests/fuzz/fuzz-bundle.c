#include "agent/update/bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/common/window.h"
#include "agent/health/systems.h"
#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	struct bundle bundle;
	struct systems systems;
	struct window window;
	struct err err = ERR_INIT;

	if (!text)
		return 0;
	if (bundle_parse((const char *)data, size, &bundle, &err) >= 0 &&
		(!bundle.image_count || bundle.image_count > BUNDLE_IMAGES_MAX ||
			strpbrk(bundle.version, "\033\n") || strpbrk(bundle.compatible, "\033\n")))
		abort();
	if (window_parse(text, &window, &err) >= 0 &&
		(window.from_min >= 1440 || window.to_min >= 1440))
		abort();
	if (systems_parse((const char *)data, size, &systems, &err) >= 0 &&
		strpbrk(systems.versions[0], "\033\n"))
		abort();
	for (char *at = text; (at = strchr(at, ' ')); at++) {
		*at = '\0';
		if ((bundle_compare_versions(text, at + 1) < 0) !=
			(bundle_compare_versions(at + 1, text) > 0))
			abort();
		*at = ' ';
	}
	return 0;
}
