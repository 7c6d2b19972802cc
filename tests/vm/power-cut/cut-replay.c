/* What a power cut leaves of a disk.
 *   cut-replay info LOG
 * counts its records, and prints every word with its number.
 *   cut-replay make BASE LOG OUT SEED CUT FROM [lying]
 * makes OUT: BASE as it can stand after the power failed during what LOG tells. SEED and CUT alone
 * decide at which record from FROM on, and what of that which was not flushed had reached the disk:
 * none, some or all of it, in whole writes, pages or sectors, in any order. OUT.words gets what had
 * been said. "lying": no flush counts, as with a disk that ignores it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/str.h"
#include "cut-log.h"

struct cut {
	uint64_t at; /* the record that the cut came before */
	uint64_t flushed; /* the last flush before that, or 0 */
	unsigned keep; /* percent of the rest that is there */
	uint32_t unit; /* bytes: it is kept or lost in such pieces */
	bool lying;
	uint64_t random; /* state */
	uint64_t unflushed, pieces, kept;
};

/* splitmix64: one number after another from any seed. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static uint64_t log_count(const struct cut_log *log)
{
	struct cut_record record;
	const uint8_t *data;
	uint64_t count = 0;

	for (size_t at = 0; cut_log_next(log, &at, &record, &data);)
		count++;
	return count;
}

static int info(char **argv, struct err *err)
{
	uint64_t number = 0, writes = 0, flushes = 0, bytes = 0, waiting = 0, most = 0;
	struct cut_record record;
	const uint8_t *data;
	struct cut_log log;
	int r;

	r = cut_log_open(argv[2], &log, err);
	if (r < 0)
		return r;
	for (size_t at = 0; cut_log_next(&log, &at, &record, &data); number++) {
		if (record.kind == CUT_WORD)
			printf("%llu %.*s\n", (unsigned long long)number, (int)record.size, data);
		if (record.kind == CUT_WRITE || record.kind == CUT_DURABLE) {
			writes++;
			bytes += record.size;
		}
		if (record.kind == CUT_WRITE && ++waiting > most)
			most = waiting;
		if (record.kind == CUT_FLUSH) {
			flushes++;
			waiting = 0;
		}
	}
	printf("%llu records: %llu writes of %llu MiB, %llu flushes, at most %llu writes "
	       "unflushed\n",
		(unsigned long long)number, (unsigned long long)writes,
		(unsigned long long)(bytes >> 20), (unsigned long long)flushes,
		(unsigned long long)most);
	return 0;
}

/* Copies what is no hole. */
static int copy_disk(int from, int to, uint64_t size, struct err *err)
{
	off_t at = 0, end;

	if (ftruncate(to, (off_t)size) < 0)
		return err_errno(err, errno, "make disk");
	for (;;) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : err_errno(err, errno, "read disk");
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return err_errno(err, errno, "read disk");
		while (at < end) {
			off_t from_at = at, to_at = at;
			ssize_t n =
				copy_file_range(from, &from_at, to, &to_at, (size_t)(end - at), 0);

			if (n <= 0)
				return err_errno(err, n < 0 ? errno : EIO, "copy disk");
			at += n;
		}
	}
}

static int put(int fd, const uint8_t *data, size_t size, uint64_t offset, struct err *err)
{
	if (pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
		return err_errno(err, errno ? errno : EIO, "write disk");
	return 0;
}

/* A write that no flush came after: each piece of it is there or not. */
static int put_some(struct cut *cut, int fd, const struct cut_record *record, const uint8_t *data,
	struct err *err)
{
	int r = 0;

	cut->unflushed++;
	for (uint32_t at = 0, n; at < record->size && r >= 0; at += n) {
		n = record->size - at < cut->unit ? record->size - at : cut->unit;
		cut->pieces++;
		if (random_next(&cut->random) % 100 >= cut->keep)
			continue;
		cut->kept++;
		r = put(fd, data + at, n, record->offset + at, err);
	}
	return r;
}

static void cut_choose(struct cut *cut, const struct cut_log *log, uint64_t from, uint64_t to)
{
	static const unsigned keeps[] = {0, 10, 50, 90, 100};
	static const uint32_t units[] = {512, 4096, UINT32_MAX};
	uint64_t end = log_count(log), number = 0;
	struct cut_record record;
	const uint8_t *data;

	if (to < end)
		end = to;
	cut->at = from < end ? from + random_next(&cut->random) % (end - from) : end;
	cut->keep = keeps[random_next(&cut->random) % 5];
	cut->unit = units[random_next(&cut->random) % 3];
	for (size_t at = 0; number < cut->at && cut_log_next(log, &at, &record, &data); number++)
		if (record.kind == CUT_FLUSH && !cut->lying)
			cut->flushed = number;
}

static int apply(struct cut *cut, const struct cut_log *log, int fd, FILE *words, struct err *err)
{
	struct cut_record record;
	uint64_t number = 0;
	const uint8_t *data;
	int r = 0;

	for (size_t at = 0; number < cut->at && r >= 0 && cut_log_next(log, &at, &record, &data);
		number++) {
		if (record.kind == CUT_WORD)
			fprintf(words, "%.*s\n", (int)record.size, data);
		else if (record.kind == CUT_WRITE && number >= cut->flushed)
			r = put_some(cut, fd, &record, data, err);
		else if (record.kind != CUT_FLUSH)
			r = put(fd, data, record.size, record.offset, err);
	}
	return r;
}

static int make_open(char **argv, int *ret_out, FILE **ret_words, struct err *err)
{
	cleanup_close int base = open(argv[2], O_RDONLY | O_CLOEXEC);
	cleanup_close int out = open(argv[4], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cleanup_free char *path = str_printf("%s.words", argv[4]);
	struct stat st;
	int r;

	if (!path)
		return err_oom(err);
	if (base < 0 || fstat(base, &st) < 0)
		return err_errno(err, errno, "open %s", argv[2]);
	if (out < 0)
		return err_errno(err, errno, "open %s", argv[4]);
	r = copy_disk(base, out, (uint64_t)st.st_size, err);
	if (r < 0)
		return r;
	*ret_words = fopen(path, "we");
	if (!*ret_words)
		return err_errno(err, errno, "open %s", path);
	*ret_out = TAKE_FD(out);
	return 0;
}

static int make(int argc, char **argv, struct err *err)
{
	struct cut cut = {.lying = argc == 10};
	cleanup_fclose FILE *words = NULL;
	uint64_t seed, number, from, to;
	cleanup_close int out = -1;
	struct cut_log log;
	int r;

	r = parse_u64(argv[5], 0, UINT32_MAX, &seed, err);
	if (r >= 0)
		r = parse_u64(argv[6], 0, UINT32_MAX, &number, err);
	if (r >= 0)
		r = parse_u64(argv[7], 0, UINT64_MAX, &from, err);
	if (r >= 0)
		r = parse_u64(argv[8], 0, UINT64_MAX, &to, err);
	if (r >= 0)
		r = cut_log_open(argv[3], &log, err);
	if (r >= 0)
		r = make_open(argv, &out, &words, err);
	if (r < 0)
		return r;
	cut.random = seed << 32 | number;
	cut_choose(&cut, &log, from, to);
	r = apply(&cut, &log, out, words, err);
	if (r < 0)
		return r;
	printf("cut %llu of seed %llu before record %llu: %llu writes unflushed, %llu of %llu "
	       "pieces there\n",
		(unsigned long long)number, (unsigned long long)seed, (unsigned long long)cut.at,
		(unsigned long long)cut.unflushed, (unsigned long long)cut.kept,
		(unsigned long long)cut.pieces);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int r;

	if (argc == 3 && strcmp(argv[1], "info") == 0)
		r = info(argv, &err);
	else if ((argc == 9 || (argc == 10 && strcmp(argv[9], "lying") == 0)) &&
		 strcmp(argv[1], "make") == 0)
		r = make(argc, argv, &err);
	else
		r = err_set(&err, ERR_CONFIG, EINVAL,
			"usage: cut-replay info LOG | make BASE LOG OUT SEED CUT FROM TO [lying]");
	if (r < 0)
		err_print(stderr, "cut-replay", &err);
	return r < 0;
}
