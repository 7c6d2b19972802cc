/* Feeds every file of the folders or files given to the fuzz target it is linked with, and
 * each file's prefixes and single-byte changes too, so that the corpus does work in every
 * build and not only under a fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1u << 20)
#define VARIANTS_MAX 400u

static void run_exact(const uint8_t *data, size_t size)
{
	/* A copy of the exact size, so that a sanitizer sees any read past the end. */
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
	size_t step = size / VARIANTS_MAX + 1;

	run_exact(data, size);
	for (size_t i = 0; i < size; i += step) {
		uint8_t before = data[i];

		run_exact(data, i);
		data[i] = (uint8_t)(before ^ (1u << (i & 7)));
		run_exact(data, size);
		data[i] = before;
	}
}

static int replay_file(const char *path, size_t *count)
{
	struct err err = ERR_INIT;
	cleanup_free char *data = NULL;
	size_t size;

	if (file_read(AT_FDCWD, path, INPUT_MAX, &data, &size, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	run_variants((uint8_t *)data, size);
	(*count)++;
	return 0;
}

static int replay_dir(const char *path, size_t *count)
{
	cleanup_closedir DIR *dir = opendir(path);

	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir));) {
		cleanup_free char *file = str_printf("%s/%s", path, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		if (!file || replay_file(file, count) < 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) < 0 ||
			(S_ISDIR(st.st_mode) ? replay_dir(argv[i], &count)
					     : replay_file(argv[i], &count)) < 0) {
			fprintf(stderr, "replay %s: failed\n", argv[i]);
			return 1;
		}
	}
	printf("%zu inputs replayed\n", count);
	return count ? 0 : 1;
}
