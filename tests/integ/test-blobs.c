/* test-blobs REPOSITORY BLOBS: gives a repository the index files of so many blobs, 16 in a pack,
 * that are not there. The password is in RESTIC_PASSWORD. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repo/repository.h"
#include "store/local.h"

#define BLOBS_A_PACK 16

static uint64_t mix(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static int add_id(struct buf *ret, const char *before, uint64_t number, struct err *err)
{
	return buf_printf(ret, err, "%s\"%016llx%016llx%016llx%016llx\"", before,
		(unsigned long long)mix(number * 4 + 1), (unsigned long long)mix(number * 4 + 2),
		(unsigned long long)mix(number * 4 + 3), (unsigned long long)mix(number * 4 + 4));
}

static int add_pack(struct buf *ret, uint64_t first, bool more, struct err *err)
{
	int r = add_id(ret, more ? ",{\"id\":" : "{\"id\":", first + (1ull << 60), err);

	if (r >= 0)
		r = buf_add_text(ret, ",\"blobs\":[", err);
	for (uint64_t i = 0; r >= 0 && i < BLOBS_A_PACK; i++) {
		r = add_id(ret, i ? ",{\"id\":" : "{\"id\":", first + i, err);
		if (r >= 0)
			r = buf_printf(ret, err,
				",\"type\":\"data\",\"offset\":%llu,\"length\":1000000,"
				"\"uncompressed_length\":1500000}",
				(unsigned long long)i * 1000000);
	}
	return r < 0 ? r : buf_add_text(ret, "]}", err);
}

static int run(const char *path, uint64_t blobs, struct err *err)
{
	cleanup_repository struct repository *repository = NULL;
	struct store *store = NULL;
	int r = local_store_open(path, false, &store, err);

	if (r >= 0)
		r = repository_open(store, getenv("RESTIC_PASSWORD"), NULL, &repository, err);
	for (uint64_t at = 0; r >= 0 && at < blobs;) {
		cleanup_buf struct buf text = BUF_INIT(64u << 20);
		uint64_t end = at + INDEX_BLOBS_MAX < blobs ? at + INDEX_BLOBS_MAX : blobs;
		struct id id;

		r = buf_add_text(&text, "{\"packs\":[", err);
		for (bool more = false; r >= 0 && at < end; at += BLOBS_A_PACK, more = true)
			r = add_pack(&text, at, more, err);
		if (r >= 0)
			r = buf_add_text(&text, "]}\n", err);
		if (r >= 0)
			r = repository_save_file(repository, repository_codec(repository),
				STORE_INDEX, text.data, text.size, &id, err);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc != 3 || !getenv("RESTIC_PASSWORD"))
		return 2;
	if (run(argv[1], strtoull(argv[2], NULL, 10), &err) >= 0)
		return 0;
	fprintf(stderr, "test-blobs: %s\n", err.text);
	return 1;
}
