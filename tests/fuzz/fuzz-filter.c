#include "archive/filter.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of patterns, as --exclude-file reads one. */
static int read_patterns(const char *text, bool fold, struct filter *ret)
{
	struct err err = ERR_INIT;
	char path[64];
	int fd = memfd_create("patterns", MFD_CLOEXEC), r;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = filter_add_file(ret, path, fold, &err);
	close(fd);
	return r;
}

static bool has_negation(const struct filter *filter)
{
	for (size_t i = 0; i < filter->patterns.count; i++)
		if (*filter->patterns.items[i] == '!')
			return true;
	for (size_t i = 0; i < filter->folded.count; i++)
		if (*filter->folded.items[i] == '!')
			return true;
	return false;
}

/* What matches is reached: each folder on the way says that something below it could match. And
 * what is below a match matches. */
static void check_way(const struct filter *filter, const char *path)
{
	cleanup_free char *below = str_printf("%s/below", path);
	cleanup_free char *way = strdup(path);
	bool could;

	if (!below || !way || has_negation(filter) || !filter_match(filter, path, NULL))
		return;
	if (!filter_match(filter, below, NULL))
		abort();
	for (char *slash; (slash = strrchr(way, '/')) && slash != way;) {
		*slash = '\0';
		if (!filter_match(filter, way, &could) && !could)
			abort();
	}
}

/* A path, and then patterns, one a line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_filter struct filter plain = {0}, folded = {0};
	cleanup_free char *text = strndup((const char *)data, size);
	cleanup_free char *path = NULL;
	char *patterns = text ? strchr(text, '\n') : NULL;

	if (!patterns)
		return 0;
	*patterns++ = '\0';
	path = str_printf("/%s", text);
	if (!path)
		return 0;
	if (read_patterns(patterns, false, &plain) >= 0)
		check_way(&plain, path);
	if (read_patterns(patterns, true, &folded) >= 0)
		check_way(&folded, path);
	return 0;
}
