#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#include "../unit.h"

#define MARK 0x6e657874

static const char *const first[] = {"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE)", NULL};
static const char *const second[] = {"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE)",
	"ALTER TABLE t ADD COLUMN c BLOB; UPDATE t SET c = x'00ff'", NULL};
static const char *const broken[] = {"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE)",
	"ALTER TABLE t ADD COLUMN c BLOB; SELECT nonsense", NULL};

static char folder[64];
static char path[96];

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/test-db-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/db", folder);
}

static void teardown(void)
{
	static const char *const endings[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < 3; i++) {
		cleanup_free char *file = str_printf("%s%s", path, endings[i]);

		unlink(file);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}

static struct db *open_good(const char *const *migrations)
{
	struct err err = ERR_INIT;
	struct db *db = NULL;

	ck_assert_msg(db_open(path, MARK, migrations, &db, &err) == 0, "%s", err.text);
	return db;
}

static int64_t count_rows(struct db *db)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(db_prepare(db, "SELECT count(*) FROM t", &statement, &err), 0);
	ck_assert_int_eq(db_step(statement, &err), 1);
	return db_integer(statement, 0);
}

static void insert(struct db *db, int64_t a, const char *b, int result)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		db_prepare(db, "INSERT INTO t(a, b) VALUES (?1, ?2)", &statement, &err), 0);
	db_bind_integer(statement, 1, a);
	db_bind_text(statement, 2, b);
	ck_assert_int_eq(db_run(statement, &err), result);
}

START_TEST(keeps_rows)
{
	struct err err = ERR_INIT;
	struct stat st;

	{
		cleanup_db struct db *db = open_good(first);

		insert(db, 1, "one", 0);
		insert(db, 2, NULL, 0);
		insert(db, 3, "one", -EEXIST);
		insert(db, 1, "x", -EEXIST);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 0777, 0600);
	}
	cleanup_db struct db *db = open_good(first);
	cleanup_db_statement struct db_statement *rows = NULL;

	ck_assert_int_eq(db_prepare(db, "SELECT a, b FROM t ORDER BY a", &rows, &err), 0);
	ck_assert_int_eq(db_step(rows, &err), 1);
	ck_assert_str_eq(db_text(rows, 1), "one");
	ck_assert_int_eq(db_step(rows, &err), 1);
	ck_assert_ptr_null(db_text(rows, 1));
	ck_assert_int_eq(db_step(rows, &err), 0);
	ck_assert_int_eq(db_step(rows, &err), 1);
	ck_assert_int_eq(db_integer(rows, 0), 1);
}
END_TEST

START_TEST(migrates_in_order)
{
	struct err err = ERR_INIT;
	struct db *refused = NULL;
	const void *blob;
	size_t size;

	{
		cleanup_db struct db *db = open_good(first);

		insert(db, 1, "one", 0);
	}
	/* A migration that fails leaves the file as it was. */
	ck_assert_int_eq(db_open(path, MARK, broken, &refused, &err), -EINVAL);
	{
		cleanup_db struct db *db = open_good(second);
		cleanup_db_statement struct db_statement *rows = NULL;

		ck_assert_int_eq(db_prepare(db, "SELECT c FROM t", &rows, &err), 0);
		ck_assert_int_eq(db_step(rows, &err), 1);
		blob = db_blob(rows, 0, &size);
		ck_assert_uint_eq(size, 2);
		ck_assert_mem_eq(blob, "\0\xff", 2);
	}
	ck_assert_int_eq(db_open(path, MARK, first, &refused, &err), -ENOTSUP);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_null(refused);
}
END_TEST

START_TEST(refuses_other_files)
{
	struct err err = ERR_INIT;
	struct db *refused = NULL;

	{
		cleanup_db struct db *db = open_good(first);
	}
	ck_assert_int_eq(db_open(path, MARK + 1, first, &refused, &err), -EUCLEAN);
	ck_assert_int_eq(file_replace(AT_FDCWD, path, "This is a letter to my aunt, no database.\n",
				 42, 0600, &err),
		0);
	ck_assert_int_eq(db_open(path, MARK, first, &refused, &err), -EUCLEAN);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_int_eq(db_open("/nonexistent/x", MARK, first, &refused, &err), -ENOENT);
	ck_assert_ptr_null(refused);
}
END_TEST

START_TEST(rolls_back_unless_committed)
{
	cleanup_db struct db *db = open_good(first);
	struct err err = ERR_INIT;

	{
		cleanup_db_transaction struct db_transaction transaction = {0};

		ck_assert_int_eq(db_begin(db, &transaction, &err), 0);
		insert(db, 1, "one", 0);
		ck_assert_int_eq(db_changes(db), 1);
	}
	ck_assert_int_eq(count_rows(db), 0);
	{
		cleanup_db_transaction struct db_transaction transaction = {0};

		ck_assert_int_eq(db_begin(db, &transaction, &err), 0);
		insert(db, 1, "one", 0);
		ck_assert_int_eq(db_commit(&transaction, &err), 0);
	}
	ck_assert_int_eq(count_rows(db), 1);
}
END_TEST

START_TEST(tells_binding_mistakes)
{
	cleanup_db struct db *db = open_good(first);
	cleanup_db_statement struct db_statement *statement = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(db_prepare(db, "INSERT INTO t(a) VALUES (?1)", &statement, &err), 0);
	db_bind_integer(statement, 2, 5);
	ck_assert_int_eq(db_run(statement, &err), -EINVAL);
	ck_assert_int_eq(err.kind, ERR_BUG);
	db_bind_integer(statement, 1, 5);
	ck_assert_int_eq(db_run(statement, &err), 0);
	ck_assert_int_eq(db_prepare(db, "SELECT nonsense", &statement, &err), -EINVAL);
	ck_assert_int_eq(db_exec(db, "nonsense", &err), -EINVAL);
}
END_TEST

static int64_t number_of(struct db *db, const char *sql)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(db_prepare(db, sql, &statement, &err), 0);
	ck_assert_int_eq(db_step(statement, &err), 1);
	return db_integer(statement, 0);
}

/* What every database of ours is set to; a power cut is survived with these alone. */
static const struct {
	const char *sql;
	int64_t value;
} settings[] = {
	{"PRAGMA application_id", MARK},
	{"PRAGMA user_version", 2},
	{"PRAGMA synchronous", 2},
	{"PRAGMA foreign_keys", 1},
	{"PRAGMA trusted_schema", 0},
	{"PRAGMA busy_timeout", 5000},
	{"SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1},
};

/* "After an error the statement is as before its first step": the old values are gone. */
START_TEST(failed_step_forgets_values)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	cleanup_db struct db *db = open_good(first);
	struct err err = ERR_INIT;

	insert(db, 7, "seven", 0);
	ck_assert_int_eq(db_prepare(db, "INSERT INTO t(a) VALUES (?1)", &statement, &err), 0);
	db_bind_integer(statement, 1, 7);
	ck_assert_int_eq(db_run(statement, &err), -EEXIST);
	ck_assert_int_eq(db_run(statement, &err), 0); /* NULL: the next number */
	db_bind_integer(statement, 1, 7);
	db_bind_integer(statement, 2, 7);
	ck_assert_int_eq(db_run(statement, &err), -EINVAL);
	ck_assert_int_eq(db_run(statement, &err), 0);
	ck_assert_int_eq(number_of(db, "SELECT max(a) FROM t"), 9);
}
END_TEST

START_TEST(settings_hold)
{
	cleanup_db struct db *db = open_good(second);

	ck_assert_int_eq(number_of(db, settings[_i].sql), settings[_i].value);
}
END_TEST

/* What is done to a good database, what is tried then, and what is told. */
static const struct {
	const char *before, *sql;
	int code;
	enum err_kind kind;
} failures[] = {
	{"PRAGMA query_only = 1", "INSERT INTO t(a) VALUES (1)", -EROFS, ERR_DENIED},
	{"PRAGMA max_page_count = 1", "INSERT INTO t(b) VALUES (zeroblob(100000))", -ENOSPC,
		ERR_SPACE},
	{"", "INSERT INTO t(b) VALUES (zeroblob(2000000000))", -EFBIG, ERR_SPACE},
	{"CREATE TABLE u(a NOT NULL, b CHECK(b > 0))", "INSERT INTO u(b) VALUES (1)", -EINVAL,
		ERR_CONFIG},
	{"CREATE TABLE u(a NOT NULL, b CHECK(b > 0))", "INSERT INTO u VALUES (1, 0)", -EINVAL,
		ERR_CONFIG},
	{"INSERT INTO t(a) VALUES (1)", "INSERT INTO t(a) VALUES (1)", -EEXIST, ERR_CONFIG},
	{"INSERT INTO t(b) VALUES ('x')", "INSERT INTO t(b) VALUES ('x')", -EEXIST, ERR_CONFIG},
	{"", "INSERT INTO nowhere VALUES (1)", -EINVAL, ERR_BUG},
};

START_TEST(tells_failures)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	cleanup_db struct db *db = open_good(first);
	struct err err = ERR_INIT, again = ERR_INIT;

	ck_assert_int_eq(db_exec(db, failures[_i].before, &err), 0);
	ck_assert_int_eq(db_exec(db, failures[_i].sql, &err), failures[_i].code);
	ck_assert_int_eq(err.kind, failures[_i].kind);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	if (db_prepare(db, failures[_i].sql, &statement, &again) < 0) {
		ck_assert_ptr_null(statement);
		return;
	}
	/* The same by a statement, as often as it is tried. */
	for (int i = 0; i < 2; i++) {
		struct err more = ERR_INIT;

		ck_assert_int_eq(db_run(statement, &more), failures[_i].code);
		ck_assert_int_eq(more.kind, failures[_i].kind);
	}
}
END_TEST

START_TEST(one_writes_at_a_time)
{
	cleanup_db struct db *db = open_good(first), *other = open_good(first);
	cleanup_db_transaction struct db_transaction transaction = {0}, second_one = {0};
	struct err err = ERR_INIT;

	/* Not to wait for five seconds here. */
	ck_assert_int_eq(db_exec(other, "PRAGMA busy_timeout = 0", &err), 0);
	ck_assert_int_eq(db_begin(db, &transaction, &err), 0);
	ck_assert_int_eq(db_begin(other, &second_one, &err), -EBUSY);
	ck_assert_int_eq(err.kind, ERR_LOCKED);
	ck_assert_ptr_null(second_one.db);
	/* A transaction within a transaction is a mistake, and the outer one stays. */
	ck_assert_int_eq(db_begin(db, &second_one, &err), -EINVAL);
	insert(db, 1, "one", 0);
	ck_assert_int_eq(count_rows(other), 0);
	ck_assert_int_eq(db_commit(&transaction, &err), 0);
	ck_assert_ptr_null(transaction.db);
	ck_assert_int_eq(count_rows(other), 1);
	ck_assert_int_eq(db_begin(other, &second_one, &err), 0);
}
END_TEST

/* A commit that fails leaves the transaction open: to be mended, or rolled back. */
START_TEST(commit_fails)
{
	cleanup_db struct db *db = open_good(first);
	struct err err = ERR_INIT;

	ck_assert_int_eq(db_exec(db,
				 "CREATE TABLE child(a REFERENCES t(a) DEFERRABLE INITIALLY "
				 "DEFERRED)",
				 &err),
		0);
	for (int mended = 0; mended < 2; mended++) {
		cleanup_db_transaction struct db_transaction transaction = {0};

		ck_assert_int_eq(db_begin(db, &transaction, &err), 0);
		ck_assert_int_eq(db_exec(db, "INSERT INTO child VALUES (7)", &err), 0);
		ck_assert_int_eq(db_commit(&transaction, &err), -EINVAL);
		ck_assert_ptr_eq(transaction.db, db);
		if (!mended)
			continue;
		insert(db, 7, "seven", 0);
		ck_assert_int_eq(db_commit(&transaction, &err), 0);
	}
	ck_assert_int_eq(number_of(db, "SELECT count(*) FROM child"), 1);
}
END_TEST

START_TEST(rows_from_what_should_give_none)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	cleanup_db struct db *db = open_good(second);
	struct err err = ERR_INIT;
	const void *blob;
	size_t size = 99;

	ck_assert_int_eq(db_prepare(db, "SELECT ?1, ?2", &statement, &err), 0);
	ck_assert_int_eq(db_run(statement, &err), -EINVAL);
	ck_assert_int_eq(err.kind, ERR_BUG);
	/* Ready for new values: of the old ones none is left. */
	db_bind_integer(statement, 1, -9000000000000000000);
	db_bind_blob(statement, 2, "a\0b", 3);
	ck_assert_int_eq(db_step(statement, &err), 1);
	ck_assert_int_eq(db_integer(statement, 0), -9000000000000000000);
	blob = db_blob(statement, 1, &size);
	ck_assert_uint_eq(size, 3);
	ck_assert_mem_eq(blob, "a\0b", 3);
	db_reset(statement);
	ck_assert_int_eq(db_step(statement, &err), 1);
	ck_assert_int_eq(db_integer(statement, 0), 0);
	ck_assert_ptr_null(db_text(statement, 0));
	ck_assert_ptr_null(db_blob(statement, 1, &size));
	ck_assert_uint_eq(size, 0);
}
END_TEST

/* Whose a file is: by its mark, or because there is nothing in it yet. */
static const struct {
	const char *made_with;
	uint32_t mark;
	int code;
	enum err_kind kind;
} owners[] = {
	{"PRAGMA application_id = 0", MARK, -EUCLEAN, ERR_CORRUPT}, /* tables, no mark */
	{"PRAGMA application_id = 5; DROP TABLE t", MARK, -EUCLEAN, ERR_CORRUPT},
	{"PRAGMA application_id = 0; PRAGMA user_version = 0; DROP TABLE t", MARK, 0, ERR_SYSTEM},
	{"PRAGMA user_version = 2", MARK, -ENOTSUP, ERR_CONFIG},
	{"PRAGMA user_version = -1", MARK, -ENOTSUP, ERR_CONFIG},
	{"PRAGMA user_version = 1", MARK, 0, ERR_SYSTEM},
};

START_TEST(owns)
{
	cleanup_db struct db *db = NULL;
	struct err err = ERR_INIT;

	{
		cleanup_db struct db *made = open_good(first);

		ck_assert_int_eq(db_exec(made, owners[_i].made_with, &err), 0);
	}
	ck_assert_int_eq(db_open(path, owners[_i].mark, first, &db, &err), owners[_i].code);
	if (owners[_i].code) {
		ck_assert_int_eq(err.kind, owners[_i].kind);
		ck_assert_ptr_null(db);
		return;
	}
	ck_assert_int_eq(count_rows(db), 0);
}
END_TEST

START_TEST(a_page_of_garbage)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	char garbage[4096];
	struct db *refused = NULL;
	struct err err = ERR_INIT;
	int fd, r;

	{
		cleanup_db struct db *db = open_good(first);

		insert(db, 1, "one", 0);
	}
	memset(garbage, 0xee, sizeof(garbage));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), 4096), (ssize_t)sizeof(garbage));
	close(fd);
	r = db_open(path, MARK, first, &refused, &err);
	cleanup_db struct db *db = refused;

	if (r >= 0)
		r = db_prepare(db, "SELECT count(b) FROM t", &statement, &err);
	if (r >= 0)
		r = db_step(statement, &err);
	ck_assert_int_eq(r, -EUCLEAN);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
}
END_TEST

START_TEST(failed_migration_says_which)
{
	cleanup_db struct db *db = NULL;
	struct db *refused = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(db_open(path, MARK, broken, &refused, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "bring tables to version 2"));
	ck_assert_ptr_null(refused);
	db = open_good(first); /* the first one is done and stays, of the second is nothing */
	ck_assert_int_eq(number_of(db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(number_of(db, "SELECT count(*) FROM pragma_table_info('t')"), 2);
}
END_TEST

/* Two programs come to the same new tables: the second waits, and does not make them again. */
START_TEST(migrated_meanwhile)
{
	int go[2], status;
	char byte;
	pid_t pid;

	{
		cleanup_db struct db *db = open_good(first);
	}
	ck_assert_int_eq(pipe(go), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct err err = ERR_INIT;
		struct db *db = NULL;

		if (read(go[0], &byte, 1) != 1)
			_exit(2);
		_exit(db_open(path, MARK, second, &db, &err) == 0 ? 0 : 1);
	}
	cleanup_db struct db *db = open_good(first);
	cleanup_db_transaction struct db_transaction transaction = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(db_begin(db, &transaction, &err), 0);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	usleep(300000); /* it is at the lock by then; if not, this passes all the same */
	ck_assert_int_eq(db_exec(db, second[1], &err), 0);
	ck_assert_int_eq(db_exec(db, "PRAGMA user_version = 2", &err), 0);
	ck_assert_int_eq(db_commit(&transaction, &err), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	close(go[0]);
	close(go[1]);
}
END_TEST

START_TEST(without_a_file)
{
	cleanup_db struct db *db = NULL;
	struct db *refused = NULL;
	struct stat st;
	struct err err = ERR_INIT;

	ck_assert_int_eq(db_open(":memory:", MARK, first, &db, &err), 0);
	insert(db, 1, "one", 0);
	ck_assert_int_eq(count_rows(db), 1);
	ck_assert_int_lt(stat(":memory:", &st), 0);
	ck_assert_int_eq(db_open(folder, MARK, first, &refused, &err), -EISDIR);
	ck_assert_ptr_null(refused);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, keeps_rows);
	tcase_add_test(tcase, migrates_in_order);
	tcase_add_test(tcase, refuses_other_files);
	tcase_add_test(tcase, rolls_back_unless_committed);
	tcase_add_test(tcase, tells_binding_mistakes);
	tcase_add_test(tcase, failed_step_forgets_values);
	tcase_add_loop_test(tcase, settings_hold, 0, COUNT(settings));
	tcase_add_loop_test(tcase, tells_failures, 0, COUNT(failures));
	tcase_add_test(tcase, one_writes_at_a_time);
	tcase_add_test(tcase, commit_fails);
	tcase_add_test(tcase, rows_from_what_should_give_none);
	tcase_add_loop_test(tcase, owns, 0, COUNT(owners));
	tcase_add_test(tcase, a_page_of_garbage);
	tcase_add_test(tcase, failed_migration_says_which);
	tcase_add_test(tcase, migrated_meanwhile);
	tcase_add_test(tcase, without_a_file);
	return unit_main("db", tcase);
}
