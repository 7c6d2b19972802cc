#include "db/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int main(void)
{
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, keeps_rows);
	tcase_add_test(tcase, migrates_in_order);
	tcase_add_test(tcase, refuses_other_files);
	tcase_add_test(tcase, rolls_back_unless_committed);
	tcase_add_test(tcase, tells_binding_mistakes);
	return unit_main("db", tcase);
}
