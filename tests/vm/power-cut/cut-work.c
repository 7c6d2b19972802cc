/* A program that keeps its word: what it says is done must be there after a power cut.
 *   cut-work run FOLDER WORDS MODE
 * appends to a file, commits to an SQLite database and replaces a file, over and over, and says of
 * each on WORDS (a serial port, or -) when it is durable, while another process writes noise that
 * nobody waits for. It goes on where an earlier run was cut off. MODE good does it right; the
 * others each leave out one thing and must be found out: no-append-sync    no fdatasync after an
 * append no-database-sync  synchronous=OFF no-replace-sync   a file renamed over another before it
 * is written out cut-work check FOLDER WORDS compares what is there with the words; 1 and a line
 * for each thing that is lost or broken. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

#define RECORD 300
#define NOISE (64u << 10)
#define NOISE_FILES 16u
#define NOISE_SPAN 1000000u
#define NOISE_PAUSE_US 3000

struct work {
	bool append_sync, replace_sync;
	const char *database_mode;
	int folder, append;
	FILE *words;
	sqlite3 *database;
};

CLEANUP_DEFINE(statement, sqlite3_stmt *, sqlite3_finalize);

static unsigned sum(unsigned number)
{
	return (number * 2654435761u) ^ 0xa5a5a5a5u;
}

static void record_make(char record[RECORD + 1], unsigned number)
{
	int n = snprintf(record, RECORD, "%u %u ", number, sum(number));

	memset(record + n, 'x', (size_t)(RECORD - 1 - n));
	record[RECORD - 1] = '\n';
	record[RECORD] = '\0';
}

/* How many whole records stand at the start of the file, without one missing. */
static unsigned records_count(void)
{
	cleanup_fclose FILE *file = fopen("append", "re");
	char want[RECORD + 1], have[RECORD + 1] = "";
	unsigned count = 0;

	while (file && fread(have, RECORD, 1, file) == 1) {
		record_make(want, count + 1);
		if (memcmp(want, have, RECORD) != 0)
			break;
		count++;
	}
	return count;
}

/* The number in the replaced file; 0 when there is none, -1 when it is broken. */
static long replaced_number(void)
{
	cleanup_fclose FILE *file = fopen("replaced", "re");
	char want[RECORD + 1], have[RECORD + 1] = "";
	unsigned number;

	if (!file)
		return 0;
	if (fread(have, RECORD, 1, file) != 1)
		return -1;
	number = (unsigned)strtoul(have, NULL, 10);
	record_make(want, number);
	return memcmp(want, have, RECORD) == 0 ? (long)number : -1;
}

static int database_error(sqlite3 *database, struct err *err)
{
	return err_set(err, ERR_SYSTEM, EIO, "database: %s", sqlite3_errmsg(database));
}

static int number_of(sqlite3 *database, const char *query, long *ret, struct err *err)
{
	CLEANUP(statement) sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(database, query, -1, &statement, NULL) != SQLITE_OK ||
		sqlite3_step(statement) != SQLITE_ROW)
		return database_error(database, err);
	*ret = (long)sqlite3_column_int64(statement, 0);
	return 0;
}

/* --- run --- */

static int database_open(struct work *work, struct err *err)
{
	char pragmas[200];

	snprintf(pragmas, sizeof(pragmas),
		"pragma journal_mode=wal; pragma synchronous=%s; pragma wal_autocheckpoint=20;"
		"create table if not exists t(n integer primary key, text text)",
		work->database_mode);
	if (sqlite3_open("database", &work->database) != SQLITE_OK ||
		sqlite3_exec(work->database, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return database_error(work->database, err);
	return 0;
}

/* Cuts a torn record off, and brings the database level with the rest. */
static int recover(struct work *work, unsigned *ret_count, struct err *err)
{
	unsigned count = records_count();
	char query[300];

	if (ftruncate(work->append, (off_t)count * RECORD) < 0 || fsync(work->append) < 0)
		return err_errno(err, errno, "cut append");
	snprintf(query, sizeof(query),
		"with recursive c(x) as (select 1 union all select x+1 from c where x<%u)"
		"insert or ignore into t select x,'again' from c where x<=%u",
		count, count);
	if (sqlite3_exec(work->database, query, NULL, NULL, NULL) != SQLITE_OK)
		return database_error(work->database, err);
	*ret_count = count;
	return 0;
}

/* Something for a cut to lose and to reorder: pages that go to the disk between the flushes. */
static void make_noise(void)
{
	static char bytes[NOISE];
	char name[32];
	uint32_t x = 1;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0;; i++) {
		int fd;

		snprintf(name, sizeof(name), "noise.%u", i % NOISE_FILES);
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		for (int j = 0; j < 8 && fd >= 0; j++) {
			x = x * 1664525u + 1013904223u;
			memset(bytes, (int)(x >> 24), sizeof(bytes));
			if (pwrite(fd, bytes, 4096 + (x >> 8) % (NOISE - 4096),
				    (off_t)((x >> 6) % NOISE_SPAN)) < 0)
				_exit(1);
			sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
			usleep(NOISE_PAUSE_US);
		}
		if (fd >= 0)
			close(fd);
	}
}

static int do_append(const struct work *work, const char *record, struct err *err)
{
	if (write(work->append, record, RECORD) != RECORD ||
		(work->append_sync && fdatasync(work->append) < 0))
		return err_errno(err, errno, "append");
	return 0;
}

static int do_commit(const struct work *work, unsigned number, struct err *err)
{
	char query[100];

	snprintf(query, sizeof(query), "insert or replace into t values(%u, hex(randomblob(200)))",
		number);
	if (sqlite3_exec(work->database, query, NULL, NULL, NULL) != SQLITE_OK)
		return database_error(work->database, err);
	return 0;
}

static int do_replace(const struct work *work, const char *record, struct err *err)
{
	cleanup_close int fd = open("replaced.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, record, RECORD) != RECORD ||
		(work->replace_sync && fsync(fd) < 0) || rename("replaced.new", "replaced") < 0 ||
		fsync(work->folder) < 0)
		return err_errno(err, errno, "replace");
	return 0;
}

static int work_round(const struct work *work, unsigned number, struct err *err)
{
	char record[RECORD + 1];
	int r;

	record_make(record, number);
	r = do_append(work, record, err);
	if (r >= 0) {
		fprintf(work->words, "appended %u\n", number);
		r = do_commit(work, number, err);
	}
	if (r >= 0) {
		fprintf(work->words, "committed %u\n", number);
		r = do_replace(work, record, err);
	}
	if (r >= 0)
		fprintf(work->words, "replaced %u\n", number);
	return r;
}

static int run(char **argv, struct err *err)
{
	struct work work = {
		.append_sync = strcmp(argv[4], "no-append-sync") != 0,
		.replace_sync = strcmp(argv[4], "no-replace-sync") != 0,
		.database_mode = strcmp(argv[4], "no-database-sync") == 0 ? "off" : "full",
	};
	unsigned number = 0;
	int r;

	work.words = strcmp(argv[3], "-") == 0 ? stdout : fopen(argv[3], "we");
	if (!work.words || chdir(argv[2]) < 0)
		return err_errno(err, errno, "open %s and %s", argv[3], argv[2]);
	setvbuf(work.words, NULL, _IOLBF, 0);
	work.folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	work.append = open("append", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (work.folder < 0 || work.append < 0)
		return err_errno(err, errno, "open append");
	r = database_open(&work, err);
	if (r >= 0)
		r = recover(&work, &number, err);
	if (r < 0)
		return r;
	if (fsync(work.folder) < 0)
		return err_errno(err, errno, "sync folder");
	make_noise();
	fprintf(work.words, "working %s\n", argv[4]);
	while (r >= 0)
		r = work_round(&work, ++number, err);
	fprintf(work.words, "broken %s\n", err->text);
	return r;
}

/* --- check --- */

static bool complain(const char *what, unsigned said, long found)
{
	if (found >= 0 && (unsigned long)found >= said)
		return false;
	if (found < 0)
		printf("broken: %s\n", what);
	else
		printf("lost: %s, %u said, %ld found\n", what, said, found);
	return true;
}

/* The highest number in the database, whose rows must have no gap; -1 when it is broken. */
static long committed_number(void)
{
	sqlite3 *database = NULL;
	struct err err = ERR_INIT;
	long whole = 0, rows = -1, last = -1;

	if (access("database", F_OK) < 0)
		return 0;
	if (sqlite3_open("database", &database) != SQLITE_OK ||
		number_of(database, "select integrity_check='ok' from pragma_integrity_check",
			&whole, &err) < 0 ||
		number_of(database, "select count(*) from sqlite_schema where name='t'", &rows,
			&err) < 0 ||
		(rows == 1 && (number_of(database, "select count(*) from t", &rows, &err) < 0 ||
				      number_of(database, "select coalesce(max(n),0) from t", &last,
					      &err) < 0)))
		whole = 0;
	else if (last < 0)
		last = rows;
	sqlite3_close(database);
	return whole == 1 && rows == last ? last : -1;
}

/* Sets the number if the line is that word and one. */
static void hear(const char *line, const char *word, unsigned *number)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) == 0 && line[n] == ' ')
		*number = (unsigned)strtoul(line + n, NULL, 10);
}

static int check(char **argv, struct err *err)
{
	unsigned appended = 0, committed = 0, replaced = 0;
	cleanup_fclose FILE *words = fopen(argv[3], "re");
	bool wrong = false;
	char line[1100];

	if (!words || chdir(argv[2]) < 0)
		return err_errno(err, errno, "open %s and %s", argv[3], argv[2]);
	while (fgets(line, sizeof(line), words)) {
		hear(line, "appended", &appended);
		hear(line, "committed", &committed);
		hear(line, "replaced", &replaced);
	}
	wrong |= complain("append", appended, (long)records_count());
	wrong |= complain("database", committed, committed_number());
	wrong |= complain("replace", replaced, replaced_number());
	return wrong;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int r;

	if (argc == 5 && strcmp(argv[1], "run") == 0)
		r = run(argv, &err);
	else if (argc == 4 && strcmp(argv[1], "check") == 0)
		r = check(argv, &err);
	else
		r = err_set(&err, ERR_CONFIG, EINVAL,
			"usage: cut-work run FOLDER WORDS MODE | check FOLDER WORDS");
	if (r < 0)
		err_print(stderr, "cut-work", &err);
	return r != 0;
}
