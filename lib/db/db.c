#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>

#include "base/str.h"

#define BUSY_TIMEOUT_MS 5000
#define MIGRATIONS_MAX 1000

struct db {
	sqlite3 *handle;
	char *path; /* for messages */
};

struct db_statement {
	sqlite3_stmt *handle;
	struct db *db; /* borrowed */
	int bind_result; /* the first failure of a binder, SQLITE_OK if none */
};

/* SQLite's result -> errno and kind. */
static const struct {
	int result;
	int code;
	enum err_kind kind;
} results[] = {
	{SQLITE_BUSY, EBUSY, ERR_LOCKED}, {SQLITE_LOCKED, EBUSY, ERR_LOCKED},
	{SQLITE_FULL, ENOSPC, ERR_SPACE}, {SQLITE_NOMEM, ENOMEM, ERR_SPACE},
	{SQLITE_TOOBIG, EFBIG, ERR_SPACE}, {SQLITE_CORRUPT, EUCLEAN, ERR_CORRUPT},
	{SQLITE_NOTADB, EUCLEAN, ERR_CORRUPT}, {SQLITE_READONLY, EROFS, ERR_DENIED},
	{SQLITE_PERM, EACCES, ERR_DENIED}, {SQLITE_CANTOPEN, ENOENT, ERR_NOT_FOUND},
	{SQLITE_CONSTRAINT, EINVAL, ERR_CONFIG}, {SQLITE_MISUSE, EINVAL, ERR_BUG},
	{SQLITE_RANGE, EINVAL, ERR_BUG}, {SQLITE_ERROR, EINVAL, ERR_BUG},
	{SQLITE_IOERR, EIO, ERR_SYSTEM}, /* last: and all others */
};

/* The row of a result, or the last one. */
static size_t row_of(int result)
{
	size_t last = sizeof(results) / sizeof(results[0]) - 1, i = 0;

	while (i < last && results[i].result != (result & 0xff))
		i++;
	return i;
}

static int fail(struct db *db, int result, const char *what, struct err *err)
{
	const char *reason = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(result);
	int extended = db->handle ? sqlite3_extended_errcode(db->handle) : result;
	size_t row = row_of(result);
	int code = results[row].code;

	if ((result & 0xff) == SQLITE_IOERR && db->handle &&
		sqlite3_system_errno(db->handle) == ENOSPC)
		return err_errno(err, ENOSPC, "%s %s", what, db->path);
	if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY)
		code = EEXIST;
	return err_set(err, results[row].kind, code, "%s %s: %s", what, db->path, reason);
}

/* --- opening --- */

static int read_pragma(struct db *db, const char *sql, int64_t *ret, struct err *err)
{
	cleanup_db_statement struct db_statement *statement = NULL;
	int r;

	r = db_prepare(db, sql, &statement, err);
	if (r < 0)
		return r;
	r = db_step(statement, err);
	if (r < 0)
		return r;
	*ret = r == 1 ? db_integer(statement, 0) : 0;
	return 0;
}

static int migrate_one(struct db *db, const char *sql, size_t version, struct err *err)
{
	cleanup_db_transaction struct db_transaction transaction = {0};
	cleanup_free char *pragma = NULL;
	int64_t now;
	int r;

	r = db_begin(db, &transaction, err);
	if (r < 0)
		return r;
	/* Somebody else may have done it while we waited for the lock. */
	r = read_pragma(db, "PRAGMA user_version", &now, err);
	if (r < 0 || now > (int64_t)version)
		return r;
	r = db_exec(db, sql, err);
	if (r < 0)
		return r;
	pragma = str_printf("PRAGMA user_version = %zu", version + 1);
	if (!pragma)
		return err_oom(err);
	r = db_exec(db, pragma, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

static int migrate(struct db *db, const char *const *migrations, struct err *err)
{
	int64_t version;
	size_t count = 0;
	int r;

	while (count < MIGRATIONS_MAX && migrations[count])
		count++;
	r = read_pragma(db, "PRAGMA user_version", &version, err);
	if (r < 0)
		return r;
	if (version < 0 || (uint64_t)version > count)
		return err_set(err, ERR_CONFIG, ENOTSUP,
			"open %s: a newer version of this program made it (tables %lld, known %zu)",
			db->path, (long long)version, count);
	for (size_t i = (size_t)version; i < count; i++) {
		r = migrate_one(db, migrations[i], i, err);
		if (r < 0)
			return err_wrap(err, "bring tables to version %zu", i + 1);
	}
	return 0;
}

/* A new file gets our mark; a file with tables but without it is somebody else's. */
static int check_owner(struct db *db, uint32_t application_id, struct err *err)
{
	cleanup_free char *pragma = NULL;
	int64_t mark, tables;
	int r;

	r = read_pragma(db, "PRAGMA application_id", &mark, err);
	if (r < 0)
		return r;
	if (mark == (int64_t)application_id)
		return 0;
	r = read_pragma(db, "SELECT count(*) FROM sqlite_master", &tables, err);
	if (r < 0)
		return r;
	if (mark != 0 || tables != 0)
		return err_set(err, ERR_CORRUPT, EUCLEAN, "open %s: not a database of this program",
			db->path);
	pragma = str_printf("PRAGMA application_id = %u", application_id);
	return pragma ? db_exec(db, pragma, err) : err_oom(err);
}

/* SQLite would make the file with the umask's mode. */
static int make_file(const char *path, struct err *err)
{
	cleanup_close int fd = -1;

	if (str_equal(path, ":memory:"))
		return 0;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	return fd < 0 ? err_errno(err, errno, "open %s", path) : 0;
}

static int open_inner(
	struct db *db, uint32_t application_id, const char *const *migrations, struct err *err)
{
	int r;

	r = sqlite3_open_v2(db->path, &db->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r != SQLITE_OK)
		return fail(db, r, "open", err);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
	r = check_owner(db, application_id, err);
	if (r < 0)
		return r;
	r = db_exec(db,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF",
		err);
	return r < 0 ? r : migrate(db, migrations, err);
}

int db_open(const char *path, uint32_t application_id, const char *const *migrations,
	struct db **ret, struct err *err)
{
	cleanup_db struct db *db = NULL;
	int r;

	r = make_file(path, err);
	if (r < 0)
		return r;
	db = calloc(1, sizeof(*db));
	if (!db)
		return err_oom(err);
	db->path = strdup(path);
	if (!db->path)
		return err_oom(err);
	r = open_inner(db, application_id, migrations, err);
	if (r < 0)
		return r;
	*ret = TAKE(db);
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_close_v2(db->handle);
	free(db->path);
	free(db);
}

/* --- statements --- */

int db_exec(struct db *db, const char *sql, struct err *err)
{
	int r = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return r == SQLITE_OK ? 0 : fail(db, r, "write", err);
}

int db_prepare(struct db *db, const char *sql, struct db_statement **ret, struct err *err)
{
	cleanup_db_statement struct db_statement *statement = calloc(1, sizeof(*statement));
	int r;

	if (!statement)
		return err_oom(err);
	statement->db = db;
	r = sqlite3_prepare_v2(db->handle, sql, -1, &statement->handle, NULL);
	if (r != SQLITE_OK) {
		r = fail(db, r, "prepare a statement for", err);
		return r < 0 ? r : -EIO;
	}
	*ret = TAKE(statement);
	return 0;
}

void db_statement_free(struct db_statement *statement)
{
	if (!statement)
		return;
	sqlite3_finalize(statement->handle);
	free(statement);
}

static void bound(struct db_statement *statement, int result)
{
	if (statement->bind_result == SQLITE_OK)
		statement->bind_result = result;
}

void db_bind_text(struct db_statement *statement, int index, const char *text)
{
	bound(statement, sqlite3_bind_text(statement->handle, index, text, -1, SQLITE_TRANSIENT));
}

void db_bind_integer(struct db_statement *statement, int index, int64_t value)
{
	bound(statement, sqlite3_bind_int64(statement->handle, index, value));
}

void db_bind_blob(struct db_statement *statement, int index, const void *data, size_t size)
{
	bound(statement,
		sqlite3_bind_blob64(statement->handle, index, data, size, SQLITE_TRANSIENT));
}

int db_step(struct db_statement *statement, struct err *err)
{
	int result = statement->bind_result, r;

	if (result != SQLITE_OK) {
		statement->bind_result = SQLITE_OK;
		r = fail(statement->db, result, "bind a value for", err);
		db_reset(statement);
		return r;
	}
	result = sqlite3_step(statement->handle);
	if (result == SQLITE_ROW)
		return 1;
	r = result == SQLITE_DONE ? 0 : fail(statement->db, result, "step a statement of", err);
	db_reset(statement);
	return r;
}

int db_run(struct db_statement *statement, struct err *err)
{
	int r = db_step(statement, err);

	if (r == 1) {
		db_reset(statement);
		return err_set(err, ERR_BUG, EINVAL, "write %s: the statement gives rows",
			statement->db->path);
	}
	return r;
}

void db_reset(struct db_statement *statement)
{
	sqlite3_reset(statement->handle);
	sqlite3_clear_bindings(statement->handle);
}

const char *db_text(struct db_statement *statement, int column)
{
	return (const char *)sqlite3_column_text(statement->handle, column);
}

int64_t db_integer(struct db_statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

const void *db_blob(struct db_statement *statement, int column, size_t *ret_size)
{
	const void *data = sqlite3_column_blob(statement->handle, column);

	*ret_size = (size_t)sqlite3_column_bytes(statement->handle, column);
	return data;
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->handle);
}

/* --- transactions --- */

int db_begin(struct db *db, struct db_transaction *transaction, struct err *err)
{
	int r = db_exec(db, "BEGIN IMMEDIATE", err);

	if (r < 0)
		return r;
	transaction->db = db;
	return 0;
}

int db_commit(struct db_transaction *transaction, struct err *err)
{
	int r = db_exec(transaction->db, "COMMIT", err);

	if (r < 0)
		return r;
	transaction->db = NULL;
	return 0;
}

void db_rollback(struct db_transaction *transaction)
{
	if (!transaction->db)
		return;
	/* A failed statement may have ended the transaction already; then this does nothing. */
	sqlite3_exec(transaction->db->handle, "ROLLBACK", NULL, NULL, NULL);
	transaction->db = NULL;
}
