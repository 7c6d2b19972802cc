#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backup/sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The program's own prints; here it is enough to be told. */
void common_tell(const struct common *common, const char *item, const struct err *err)
{
	(void)common;
	if (!*item || !err->code)
		abort();
}

/* A folder in which patterns find nothing of the machine's. */
static int empty_folder(void)
{
	char path[] = "/tmp/nexus-fuzz-XXXXXX";
	int fd = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || rmdir(path) < 0)
		abort();
	return fd;
}

/* The first byte: which kind of list the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int empty = -1, here = -1;
	struct common common = {.quiet = true};
	struct str_list none = {0}, list = {0};
	cleanup_str_list struct str_list found = {0};
	const struct sources_files kinds[] = {
		{&none, &list, &none}, {&none, &none, &list}, {&list, &none, &none}};
	unsigned kind = size ? data[0] % 3 : 0, missing;
	struct err err = ERR_INIT;
	char path[64], *paths[] = {path};
	int fd = memfd_create("list", MFD_CLOEXEC);

	if (empty < 0) {
		empty = empty_folder();
		here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	/* Patterns from the root would look through the machine. */
	if (fd < 0 || (kind == 2 && memchr(data, '/', size))) {
		close(fd);
		return 0;
	}
	if (size && write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	list = (struct str_list){.items = paths, .count = 1};
	if (fchdir(empty) < 0)
		abort();
	if (sources_read(&common, 0, NULL, &kinds[kind], &found, &missing, &err) >= 0 &&
		!found.count)
		abort();
	for (size_t i = 0; i < found.count; i++)
		if (!*found.items[i])
			abort();
	close(fd);
	return fchdir(here) < 0 ? -1 : 0;
}
