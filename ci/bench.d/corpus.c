/* Makes the corpora of ci/bench: the same bytes for the same scale on every machine. Each file
 * is drawn from a seed of its own, so that nothing depends on the order. See usage below. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"

#define PAGE 4096u
#define PIECE (1u << 20)
#define FILE_MAX (8u << 20) /* bytes of a file of a family */
#define WORDS 4096u
#define WORD_MAX 10u
#define TIME 1700000000 /* of every file, seconds since 1970 */
#define CHANGED_EVERY 50u /* one file in so many changes: 2 % */
#define CHANGED_FIRST 7u

static const char usage[] =
	"Usage: corpus make|change office|small|db FOLDER SCALE\n"
	"make fills FOLDER, which must not exist; change alters 2 % of what make made.\n"
	"SCALE is in thousandths: 1000 is 2.6 GB, 200,000 files, a database of 4 GiB.\n";

/* --- Numbers and content --- */

struct source {
	uint64_t state;
};

static uint64_t draw(struct source *source)
{
	uint64_t z = source->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static size_t below(struct source *source, size_t limit)
{
	return (size_t)(draw(source) % limit);
}

static struct source source_of(uint64_t what, uint64_t number)
{
	struct source source = {what * 0xd1342543de82ef95ull ^ number};

	(void)draw(&source);
	return source;
}

static char words[WORDS][WORD_MAX + 1];
static size_t word_sizes[WORDS];

static void make_words(void)
{
	struct source source = source_of(1, 0);

	for (size_t i = 0; i < WORDS; i++) {
		word_sizes[i] = 2 + below(&source, WORD_MAX - 1);
		for (size_t k = 0; k < word_sizes[i]; k++)
			words[i][k] = "eaotinsrhldcumfpgwybvk"[below(&source, 22) *
							       (1 + below(&source, 21)) / 22];
	}
}

/* Some words are much more frequent than others. */
static size_t draw_word(struct source *source)
{
	uint64_t bits = draw(source);
	size_t a = bits % WORDS, b = (bits >> 16) % WORDS, c = (bits >> 32) % WORDS;

	a = a < b ? a : b;
	return a < c ? a : c;
}

static void fill_text(struct source *source, char *ret, size_t size)
{
	size_t at = 0;

	while (size - at > WORD_MAX + 1) {
		size_t word = draw_word(source);

		memcpy(ret + at, words[word], word_sizes[word]);
		at += word_sizes[word];
		ret[at++] = below(source, 12) ? ' ' : '\n';
	}
	memset(ret + at, '\n', size - at);
}

static void fill_noise(struct source *source, char *ret, size_t size)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t bits = draw(source);
		size_t n = size - at < sizeof(bits) ? size - at : sizeof(bits);

		memcpy(ret + at, &bits, n);
	}
}

/* Rows as a dump of a database has them. */
static void fill_rows(struct source *source, char *ret, size_t size)
{
	size_t at = 0;

	while (at < size) {
		char row[256], note[100];
		size_t n = 30 + below(source, 60);
		int length;

		fill_text(source, note, n);
		length = snprintf(row, sizeof(row),
			"INSERT INTO orders VALUES (%zu,'%016llx','%s',%zu.%02zu,'%.*s');\n",
			below(source, 100000000), (unsigned long long)draw(source),
			words[draw_word(source)], below(source, 100000), below(source, 100), (int)n,
			note);
		n = size - at < (size_t)length ? size - at : (size_t)length;
		memcpy(ret + at, row, n);
		at += n;
	}
}

/* A page of a database or a disk: empty, rows behind a header, or noise. */
static void fill_page(struct source *source, char *ret)
{
	size_t kind = below(source, 10), used = 3000 + below(source, 1000);

	memset(ret, 0, PAGE);
	if (kind < 2)
		return;
	if (kind >= 8) {
		fill_noise(source, ret, PAGE);
		return;
	}
	fill_noise(source, ret, 16);
	fill_rows(source, ret + 24, used - 24);
}

/* The first page of a SQLite database with no table: what tools know the file by. */
static void fill_sqlite(uint32_t pages, char *ret)
{
	static const uint8_t header[] = "SQLite format 3\0\x10\0\1\1\0\x40\x20\x20\0\0\0\1";
	static const uint8_t leaf[] = {0x0d, 0, 0, 0, 0, PAGE >> 8, 0};

	memset(ret, 0, PAGE);
	memcpy(ret, header, sizeof(header) - 1);
	pages = htobe32(pages);
	memcpy(ret + 28, &pages, sizeof(pages));
	ret[47] = 4; /* the schema's format */
	ret[59] = 1; /* UTF-8 */
	ret[95] = 1; /* of the change that the number of pages is from */
	memcpy(ret + 100, leaf, sizeof(leaf));
}

static void fill_pages(struct source *source, char *ret, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		fill_page(source, ret + at);
}

/* An office document: packed inside, with a readable part. */
static void fill_document(struct source *source, char *ret, size_t size)
{
	fill_text(source, ret, size / 3);
	fill_noise(source, ret + size / 3, size - size / 3);
}

static void fill_letter(struct source *source, char *ret, size_t size)
{
	if (below(source, 8))
		fill_text(source, ret, size);
	else
		fill_noise(source, ret, size);
}

typedef void fill_fn(struct source *source, char *ret, size_t size);

/* --- Corpora --- */

/* Many files of a kind: their sizes are size_min + below(a) * below(b). */
struct family {
	const char *corpus, *folder, *suffix;
	fill_fn *fill;
	size_t count, per_folder; /* count at scale 1000 */
	size_t size_min, a, b; /* bytes */
};

static const struct family families[] = {
	{"office", "texts", "txt", fill_text, 52000, 40, 300, 200, 200},
	{"office", "documents", "odt", fill_document, 4000, 100, 20000, 512, 1024},
	{"office", "photos", "jpg", fill_noise, 220, 60, 1000000, 2200, 2200},
	{"small", "mail", "eml", fill_letter, 200000, 500, 200, 64, 128},
};

/* One file in pieces. */
struct bulk {
	const char *corpus, *name;
	fill_fn *fill;
	size_t mib; /* at scale 1000 */
	bool pages; /* a change alters pages; else a row here and there, and more at the end */
	bool sqlite; /* the first page is a database's, and stays */
};

static const struct bulk bulks[] = {
	{"office", "orders.sql", fill_rows, 400, false, false},
	{"office", "stock.db", fill_pages, 300, true, false},
	{"db", "orders.sqlite", fill_pages, 4096, true, true},
};

struct maker {
	int root; /* descriptor */
	size_t scale;
	char *piece; /* owned, FILE_MAX bytes */
};

static size_t scaled(const struct maker *maker, size_t count)
{
	size_t n = count * maker->scale / 1000;

	return n ? n : 1;
}

static int open_at(const struct maker *maker, const char *path, int flags, struct err *err)
{
	int fd = openat(maker->root, path, flags | O_CLOEXEC, 0644);

	return fd < 0 ? err_errno(err, errno, "open %s", path) : fd;
}

static int set_time(int fd, const char *path, struct err *err)
{
	const struct timespec times[2] = {{.tv_sec = TIME}, {.tv_sec = TIME}};

	return futimens(fd, times) < 0 ? err_errno(err, errno, "set time of %s", path) : 0;
}

static int make_folder(const struct maker *maker, const char *path, struct err *err)
{
	if (mkdirat(maker->root, path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, errno, "make %s", path);
	return 0;
}

static int write_file(
	const struct maker *maker, const char *path, const void *data, size_t size, struct err *err)
{
	cleanup_close int fd = open_at(maker, path, O_WRONLY | O_CREAT | O_TRUNC, err);
	int r = fd < 0 ? fd : file_write_full(fd, data, size, path, err);

	return r < 0 ? r : set_time(fd, path, err);
}

static void format_path(const struct family *family, size_t number, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%04zu/%06zu.%s", family->folder, number / family->per_folder,
		number, family->suffix);
}

static int make_family(const struct maker *maker, const struct family *family, struct err *err)
{
	size_t count = scaled(maker, family->count);
	char path[128];
	int r = make_folder(maker, family->folder, err);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct source source = source_of((uintptr_t)(family - families) + 2, i);
		size_t size =
			family->size_min + below(&source, family->a) * below(&source, family->b);

		if (i % family->per_folder == 0) {
			snprintf(path, sizeof(path), "%s/%04zu", family->folder,
				i / family->per_folder);
			r = make_folder(maker, path, err);
		}
		if (r < 0)
			break;
		format_path(family, i, path, sizeof(path));
		family->fill(&source, maker->piece, size);
		r = write_file(maker, path, maker->piece, size, err);
	}
	return r;
}

/* Of the files that change, one in ten goes and one comes, the others get some other bytes. */
static int change_file(
	const struct maker *maker, const struct family *family, size_t number, struct err *err)
{
	struct source source = source_of((uintptr_t)(family - families) + 100, number);
	char path[128], bytes[64];
	cleanup_close int fd = -1;
	struct stat st;
	int r;

	format_path(family, number, path, sizeof(path));
	if (number / CHANGED_EVERY % 10 == 0) {
		if (unlinkat(maker->root, path, 0) < 0)
			return err_errno(err, errno, "remove %s", path);
		snprintf(path, sizeof(path), "%s/new-%06zu", family->folder, number);
		fill_text(&source, maker->piece, 3000);
		return write_file(maker, path, maker->piece, 3000, err);
	}
	fd = open_at(maker, path, O_WRONLY, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "look at %s", path);
	fill_noise(&source, bytes, sizeof(bytes));
	r = lseek(fd, (off_t)below(&source, (size_t)st.st_size), SEEK_SET) < 0
		    ? err_errno(err, errno, "seek in %s", path)
		    : file_write_full(fd, bytes, sizeof(bytes), path, err);
	return r;
}

static int change_family(const struct maker *maker, const struct family *family, struct err *err)
{
	size_t count = scaled(maker, family->count);
	int r = 0;

	for (size_t i = CHANGED_FIRST; r >= 0 && i < count; i += CHANGED_EVERY)
		r = change_file(maker, family, i, err);
	return r;
}

static int make_bulk(const struct maker *maker, const struct bulk *bulk, struct err *err)
{
	cleanup_close int fd = open_at(maker, bulk->name, O_WRONLY | O_CREAT | O_EXCL, err);
	size_t count = scaled(maker, bulk->mib);
	int r = fd < 0 ? fd : 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct source source = source_of((uintptr_t)(bulk - bulks) + 50, i);

		bulk->fill(&source, maker->piece, PIECE);
		if (bulk->sqlite && i == 0)
			fill_sqlite((uint32_t)(count * (PIECE / PAGE)), maker->piece);
		r = file_write_full(fd, maker->piece, PIECE, bulk->name, err);
	}
	return r < 0 ? r : set_time(fd, bulk->name, err);
}

static int write_at(int fd, const void *data, size_t size, size_t at, struct err *err)
{
	return pwrite(fd, data, size, (off_t)at) == (ssize_t)size
		       ? 0
		       : err_errno(err, errno, "change a file");
}

static int change_bulk(const struct maker *maker, const struct bulk *bulk, struct err *err)
{
	struct source source = source_of((uintptr_t)(bulk - bulks) + 150, 0);
	cleanup_close int fd = open_at(maker, bulk->name, O_WRONLY, err);
	size_t size = scaled(maker, bulk->mib) * PIECE;
	size_t count = size / (bulk->pages ? PAGE : PIECE) / CHANGED_EVERY;
	size_t first = bulk->sqlite, pages = size / PAGE - first; /* that may change */
	size_t more = size / 100 < FILE_MAX ? size / 100 : FILE_MAX;
	int r = fd < 0 ? fd : 0;

	for (size_t i = 0; r >= 0 && i < (count ? count : 1); i++) {
		fill_page(&source, maker->piece);
		fill_noise(&source, maker->piece, 16);
		if (bulk->pages)
			r = write_at(fd, maker->piece, PAGE, (first + below(&source, pages)) * PAGE,
				err);
		else
			r = write_at(fd, maker->piece, 40, below(&source, size - 40), err);
	}
	if (r < 0 || bulk->pages)
		return r;
	fill_rows(&source, maker->piece, more);
	return write_at(fd, maker->piece, more, size, err);
}

static int run(const struct maker *maker, const char *corpus, bool change, struct err *err)
{
	bool known = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(families) / sizeof(families[0]); i++)
		if (strcmp(families[i].corpus, corpus) == 0) {
			known = true;
			r = change ? change_family(maker, &families[i], err)
				   : make_family(maker, &families[i], err);
		}
	for (size_t i = 0; r >= 0 && i < sizeof(bulks) / sizeof(bulks[0]); i++)
		if (strcmp(bulks[i].corpus, corpus) == 0) {
			known = true;
			r = change ? change_bulk(maker, &bulks[i], err)
				   : make_bulk(maker, &bulks[i], err);
		}
	if (r >= 0 && !known)
		r = err_set(err, ERR_CONFIG, EINVAL, "corpus %s: there is none", corpus);
	return r;
}

int main(int argc, char **argv)
{
	struct maker maker = {.root = -1};
	struct err err = ERR_INIT;
	bool change;
	int r = 0;

	if (argc != 5 || (strcmp(argv[1], "make") != 0 && strcmp(argv[1], "change") != 0)) {
		fputs(usage, stderr);
		return 2;
	}
	change = strcmp(argv[1], "change") == 0;
	maker.scale = strtoul(argv[4], NULL, 10);
	maker.piece = malloc(FILE_MAX);
	if (!maker.piece || !maker.scale || maker.scale > 100000)
		r = err_set(&err, ERR_CONFIG, EINVAL, "scale %s: 1 to 100000", argv[4]);
	if (r >= 0 && !change && mkdir(argv[3], 0755) < 0)
		r = err_errno(&err, errno, "make %s", argv[3]);
	if (r >= 0)
		maker.root = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r >= 0 && maker.root < 0)
		r = err_errno(&err, errno, "open %s", argv[3]);
	make_words();
	if (r >= 0)
		r = run(&maker, argv[2], change, &err);
	if (r < 0)
		fprintf(stderr, "corpus: %s\n", err.text);
	free(maker.piece);
	if (maker.root >= 0)
		close(maker.root);
	return r < 0;
}
