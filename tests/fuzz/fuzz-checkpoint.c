#include "archive/resume/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "store/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct checkpoint *make(void)
{
	struct repository *repository;
	struct checkpoint *checkpoint;
	struct str_list paths = {0};
	struct store *store;
	struct err err = ERR_INIT;
	struct id id;

	if (memory_store_new(&store, &err) < 0 ||
		repository_init(store, "p", 0, NULL, &id, &err) < 0 ||
		repository_open(store, "p", NULL, &repository, &err) < 0 ||
		str_list_add(&paths, "/etc", &err) < 0 ||
		checkpoint_new(repository, "/nowhere", "box", &paths, &checkpoint, &err) < 0)
		abort();
	str_list_done(&paths);
	return checkpoint;
}

/* As the bytes of the file, which nobody can make without the key, and as what is within. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct checkpoint *checkpoint;
	cleanup_free uint8_t *copy = malloc(size + 1);
	struct err err = ERR_INIT;
	struct id tree;

	if (!checkpoint)
		checkpoint = make();
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (checkpoint_open(checkpoint, copy, size, &tree, &err) >= 0)
		abort();
	if (checkpoint_parse(checkpoint, data, size, &tree, &err) >= 0 &&
		(!memmem(data, size, "checkpoint 1", 12) || !memmem(data, size, "etc", 3)))
		abort();
	return 0;
}
