#include "archive/resume/checkpoint.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "store/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX (1u << 20)

static struct repository *repository;

static struct checkpoint *make(void)
{
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

static int read_file(const struct checkpoint *checkpoint, const void *data, size_t size,
	struct partials *ret, struct err *err)
{
	int fd = memfd_create("checkpoint", MFD_CLOEXEC), r;
	struct id tree;

	if (fd < 0 || file_write_full(fd, data, size, "it", err) < 0 || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	r = checkpoint_read(checkpoint, fd, &tree, ret, err);
	close(fd);
	return r;
}

/* As records that our key sealed: each is a length of 16 bits, and so many bytes. */
static void as_records(const struct checkpoint *checkpoint, const uint8_t *data, size_t size)
{
	cleanup_partials struct partials partials = {0};
	cleanup_buf struct buf file = BUF_INIT(FILE_MAX), sealed = BUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;
	int r = buf_add_text(&file, CHECKPOINT_LINE "\n", &err);

	while (r >= 0 && size >= 2) {
		size_t n = (size_t)data[0] | (size_t)data[1] << 8;
		uint32_t length;

		data += 2;
		size -= 2;
		if (n > size)
			n = size;
		buf_clear(&sealed);
		r = blob_seal_file(repository_codec(repository), true, data, n, &sealed, &err);
		length = htole32((uint32_t)sealed.size);
		if (r >= 0)
			r = buf_add(&file, &length, sizeof(length), &err);
		if (r >= 0)
			r = buf_add(&file, sealed.data, sealed.size, &err);
		data += n;
		size -= n;
	}
	if (r < 0 || read_file(checkpoint, file.data, file.size, &partials, &err) < 0)
		return;
	if (partials.count > PARTIALS_MAX)
		abort();
	for (size_t i = 0; i < partials.count; i++)
		if (partials.items[i].path[0] != '/' || !partials.items[i].ids ||
			!partials.items[i].count)
			abort();
}

/* What is taken for a file's description is written as it was. */
static void as_partial(const uint8_t *data, size_t size)
{
	cleanup_partials struct partials partials = {0};
	cleanup_buf struct buf text = BUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;
	struct id content;

	if (partial_parse(data, size, &partials.items[0], &content, &err) < 0)
		return;
	partials.count = 1;
	if (partial_format(&partials.items[0], &content, &text, &err) < 0 || text.size != size ||
		memcmp(text.data, data, size) != 0)
		abort();
}

/* As the bytes of the file, which nobody can make without the key, and as what is within. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct checkpoint *checkpoint;
	cleanup_partials struct partials partials = {0};
	struct err err = ERR_INIT;
	struct id tree;

	if (!checkpoint)
		checkpoint = make();
	if (read_file(checkpoint, data, size, &partials, &err) >= 0)
		abort();
	if (checkpoint_parse(checkpoint, data, size, &tree, &err) >= 0 &&
		(!memmem(data, size, CHECKPOINT_LINE, strlen(CHECKPOINT_LINE)) ||
			!memmem(data, size, "etc", 3)))
		abort();
	as_partial(data, size);
	as_records(checkpoint, data, size);
	return 0;
}
