#include "archive/cut/cutter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "store/memory.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define POLYNOMIAL 0x3DA3358B4DC173ull
#define CHUNKS_MAX 64

static struct repository *new_repository(void)
{
	struct repository *repository = NULL;
	struct store *store = NULL;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(repository_init(store, "p", POLYNOMIAL, NULL, &id, &err), 0);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	return repository;
}

/* The start of a SQLite database, or of nothing that is known. */
static void fill_head(uint8_t *head, bool known)
{
	for (size_t i = 0; i < KIND_HEAD; i++)
		head[i] = (uint8_t)(i / KIB + i % 7);
	if (known)
		memcpy(head, "SQLite format 3\0\x10\0\1\1\0\x40\x20\x20", 24);
}

/* The same as a file. */
static int make_file(const void *data, size_t size)
{
	int fd = memfd_create("cutter", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	return fd;
}

/* What the parent snapshot has of the file: count chunks of size bytes and a last one of rest. */
struct past {
	size_t size, count, rest;
	uint64_t lie; /* bytes added to the file's size */
	bool zeros; /* all chunks the same */
	bool lost; /* not in the index */
	bool last_odd; /* the last but one is longer */
};

static void remember(
	struct repository *repository, const struct past *past, struct id *ids, struct node *ret)
{
	cleanup_free uint8_t *data = calloc(1, CHUNKER_MAX);
	struct repository_added added;
	struct err err = ERR_INIT;
	size_t n = past->count + (past->rest > 0);

	*ret = (struct node){.type = NODE_FILE, .content = ids, .content_count = n};
	ck_assert(data && n <= CHUNKS_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t size = i < past->count ? past->size : past->rest;

		if (past->last_odd && i + 2 == n)
			size += KIB;
		if (!past->zeros)
			memset(data, (int)i + 1, 1000);
		ret->size += size;
		memset(&ids[i], (int)i + 1, sizeof(ids[i]));
		if (!past->lost)
			ck_assert_int_eq(
				repository_save_blob(repository, repository_codec(repository),
					BLOB_DATA, data, size, &ids[i], &added, &err),
				0);
	}
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ret->size += past->lie;
}

static const struct past none, pages = {.size = 64 * KIB, .count = 32};
static const struct past pages_rest = {.size = 64 * KIB, .count = 32, .rest = 100};
static const struct past pages_16 = {.size = 16 * KIB, .count = 64};
static const struct past pages_128 = {.size = 128 * KIB, .count = 16};
static const struct past pages_mib = {.size = MIB, .count = 4, .rest = 5};
static const struct past chunks = {.size = 700000, .count = 5, .rest = 100};
static const struct past one = {.size = 2 * MIB, .count = 1};
static const struct past as_pages = {.size = MIB, .count = 4, .rest = 77, .last_odd = true};
static const struct past small = {.size = 100000, .count = 5};
static const struct past zeros = {.size = 512 * KIB, .count = 8, .rest = 10, .zeros = true};
static const struct past lying = {.size = 64 * KIB, .count = 32, .lie = 9 * MIB};
static const struct past lost = {.size = 64 * KIB, .count = 32, .lost = true};
static const struct past foreign_pages = {.size = 8 * KIB, .count = 60, .lie = MIB};

START_TEST(chooses)
{
	static const struct {
		const struct past *past;
		const char *mode;
		bool known;
		uint64_t size; /* of the file */
		size_t page; /* expected */
	} cases[] = {
		/* new files */
		{&none, "auto", true, 2 * MIB, 64 * KIB},
		{&none, "auto", false, 2 * MIB, 0},
		{&none, "auto", true, MIB, 64 * KIB},
		{&none, "auto", true, MIB - 1, 0},
		{&none, "off", true, 2 * MIB, 0},
		{&none, "16K", true, 2 * MIB, 16 * KIB},
		{&none, "1M", true, 2 * MIB, MIB},
		{&none, "16K", false, 2 * MIB, 0},
		/* large ones */
		{&none, "auto", true, 4 * GIB, 64 * KIB},
		{&none, "auto", true, 4 * GIB + 64 * KIB, 128 * KIB},
		{&none, "auto", true, 64 * GIB, MIB},
		{&none, "16K", true, 2 * GIB, 32 * KIB},
		{&none, "auto", true, UINT64_MAX / 2, CHUNKER_MAX},
		/* in pages: they stay, recognised or not */
		{&pages, "auto", true, 2 * MIB, 64 * KIB},
		{&pages, "auto", false, 2 * MIB, 64 * KIB},
		{&pages_rest, "auto", false, 3 * MIB, 64 * KIB},
		{&pages_16, "auto", true, 2 * MIB, 16 * KIB},
		{&pages_16, "auto", false, 2 * MIB, 16 * KIB},
		{&pages_mib, "auto", true, 2 * MIB, MIB},
		{&pages, "off", true, 2 * MIB, 0},
		{&pages, "auto", true, MIB - 1, 0},
		/* until they are too many */
		{&pages, "auto", true, 6 * GIB, 64 * KIB},
		{&pages, "auto", true, 6 * GIB + 64 * KIB, 128 * KIB},
		{&pages, "auto", false, 64 * GIB, MIB},
		/* or another size is wanted */
		{&pages, "16K", true, 2 * MIB, 16 * KIB},
		{&pages, "16K", false, 2 * MIB, 64 * KIB},
		{&pages, "128K", true, 2 * MIB, 128 * KIB},
		{&pages_128, "64K", true, 8 * GIB, 128 * KIB},
		{&pages_128, "64K", true, 2 * MIB, 64 * KIB},
		{&pages, "64K", true, 5 * GIB, 64 * KIB},
		/* as restic: stays so unless a size is named */
		{&chunks, "auto", true, 2 * MIB, 0},
		{&chunks, "auto", false, 2 * MIB, 0},
		{&chunks, "64K", true, 2 * MIB, 64 * KIB},
		{&chunks, "64K", false, 2 * MIB, 0},
		{&one, "auto", true, 2 * MIB, 0},
		{&as_pages, "auto", true, 4 * MIB, 0},
		{&foreign_pages, "auto", true, 4 * MIB, 0},
		/* a past that says nothing */
		{&small, "auto", true, 2 * MIB, 64 * KIB},
		{&zeros, "auto", true, 4 * MIB, 64 * KIB},
		{&zeros, "auto", false, 4 * MIB, 0},
		{&lying, "auto", false, 2 * MIB, 0},
		{&lying, "auto", true, 2 * MIB, 0},
		{&lost, "auto", false, 2 * MIB, 0},
		{&lost, "auto", true, 2 * MIB, 0},
	};
	cleanup_repository struct repository *repository = new_repository();
	cleanup_free uint8_t *head = malloc(KIND_HEAD);

	for (int i = 0; i < COUNT(cases); i++) {
		struct id ids[CHUNKS_MAX];
		struct node old;
		struct cutter cutter = {.page = 12345};
		struct cutter_options options = {0};
		struct err err = ERR_INIT;

		cleanup_close int fd = -1;

		fill_head(head, cases[i].known);
		fd = make_file(head, KIND_HEAD);
		remember(repository, cases[i].past, ids, &old);
		ck_assert_int_eq(cutter_options_parse(cases[i].mode, &options, &err), 0);
		cutter_choose(&cutter, repository, &options, cases[i].past == &none ? NULL : &old,
			fd, cases[i].size);
		if (cutter.page != cases[i].page)
			ck_abort_msg("case %d, %s: pages of %zu, not %zu", i, cases[i].mode,
				cutter.page, cases[i].page);
	}
}
END_TEST

/* restic made the parent, we a snapshot before it: the pages that are still there tell. */
START_TEST(finds_its_pages_again)
{
	static const struct {
		size_t step, count; /* each step-th page of the 64 was stored, count in all */
		bool empty; /* and has zeros alone */
		size_t page;
	} cases[] = {
		{1, 64, false, 64 * KIB},
		{1, 0, false, 0},
		{1, 5, false, 64 * KIB}, /* the first and the fifth are looked at */
		{1, 4, false, 0}, /* one proves nothing */
		{16, 4, false, 64 * KIB},
		{8, 8, true, 0},
	};

	cleanup_repository struct repository *repository = new_repository();

	for (int i = 0; i < COUNT(cases); i++) {
		cleanup_free uint8_t *data = malloc(4 * MIB);
		static const struct cutter_options automatic;
		struct repository_added added;
		struct cutter cutter = {0};
		struct err err = ERR_INIT;
		struct id ids[CHUNKS_MAX], id;
		cleanup_close int fd = -1;
		struct node old;

		for (size_t at = 0; at < 4 * MIB; at += 64 * KIB)
			memset(data + at, (int)(at / (64 * KIB)) + 100, 64 * KIB);
		fill_head(data, true);
		for (size_t at = 0; at < 4 * MIB; at += 64 * KIB)
			data[at + 5000] = (uint8_t)i; /* no page of another case */
		remember(repository, &chunks, ids, &old);
		for (size_t n = 0; n < cases[i].count; n++) {
			uint8_t *page = data + n * cases[i].step * 64 * KIB;

			if (cases[i].empty && n)
				memset(page, 0, 64 * KIB);
			ck_assert_int_eq(
				repository_save_blob(repository, repository_codec(repository),
					BLOB_DATA, page, 64 * KIB, &id, &added, &err),
				0);
		}
		fd = make_file(data, 4 * MIB);
		cutter_choose(&cutter, repository, &automatic, &old, fd, 4 * MIB);
		if (cutter.page != cases[i].page)
			ck_abort_msg("case %d: pages of %zu", i, cutter.page);
	}
}
END_TEST

START_TEST(cuts)
{
	cleanup_free struct chunker *chunker = malloc(sizeof(*chunker));
	cleanup_free uint8_t *data = calloc(1, CHUNKER_MAX);
	struct cutter pages_of = {.page = 64 * KIB}, plain = {.chunker = chunker};

	ck_assert_uint_eq(cutter_next(&pages_of, data, 64 * KIB - 1), 0);
	ck_assert_uint_eq(cutter_next(&pages_of, data, 64 * KIB), 64 * KIB);
	ck_assert_uint_eq(cutter_next(&pages_of, data, MIB), 64 * KIB);
	/* As the chunker, which goes on where it was and begins anew behind each cut. */
	chunker_init(chunker, POLYNOMIAL);
	for (size_t i = 0; i < CHUNKER_MAX; i++)
		data[i] = (uint8_t)(i * i >> 9 ^ i);
	for (size_t at = 0, steps = 0; steps < 3; steps++) {
		size_t scanned = 0, cut = 0,
		       want = chunker_next(chunker, data + at, CHUNKER_MAX - at, &scanned);

		for (size_t have = 0; !cut && have < CHUNKER_MAX - at; have += 100000)
			cut = cutter_next(&plain, data + at, have);
		if (!cut)
			cut = cutter_next(&plain, data + at, CHUNKER_MAX - at);
		ck_assert_uint_eq(cut, want);
		if (!cut)
			break;
		at += cut;
		ck_assert_uint_eq(plain.scanned, 0);
	}
}
END_TEST

START_TEST(reads_modes)
{
	static const struct {
		const char *text;
		int result;
		bool off;
		uint32_t page;
	} cases[] = {
		{"auto", 0, false, 0},
		{"off", 0, true, 0},
		{"16K", 0, false, 16384},
		{"65536", 0, false, 65536},
		{"1M", 0, false, 1048576},
		{"2M", -ERANGE, false, 0},
		{"8K", -ERANGE, false, 0},
		{"48K", -EINVAL, false, 0},
		{"on", -EINVAL, false, 0},
		{"-64K", -EINVAL, false, 0},
		{"", -EINVAL, false, 0},
	};

	for (int i = 0; i < COUNT(cases); i++) {
		struct cutter_options options = {.off = true, .page = 7};
		struct err err = ERR_INIT;

		if (cutter_options_parse(cases[i].text, &options, &err) != cases[i].result)
			ck_abort_msg("'%s': %s", cases[i].text, err.text);
		if (cases[i].result < 0) {
			ck_assert(options.off && options.page == 7);
			continue;
		}
		ck_assert(options.off == cases[i].off && options.page == cases[i].page);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("cutter");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, chooses);
	tcase_add_test(tcase, finds_its_pages_again);
	tcase_add_test(tcase, cuts);
	tcase_add_test(tcase, reads_modes);
	return unit_main("cutter", tcase);
}
