/* SQLite behind our own face. A database belongs to one thread; several processes may have the
 * same file open, each waits up to five seconds for the others. All of it blocks. */
#ifndef NEXUS_DB_DB_H
#define NEXUS_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct db;
struct db_statement;

/* Opens or makes (mode 0600) the file and brings its tables up to date: migrations is a
 * NULL-terminated list of SQL, the n-th of which leads from version n to n + 1; each runs in a
 * transaction of its own. ":memory:" is a database without a file. application_id tells our
 * files from others'. -ENOTSUP (kind config) if a newer program made the file, -EUCLEAN (kind
 * corrupt) if it is none of ours or damaged, -EBUSY (kind locked), else the errno of open. */
int db_open(const char *path, uint32_t application_id, const char *const *migrations,
	struct db **ret, struct err *err) __attribute__((warn_unused_result));

void db_close(struct db *db);
CLEANUP_DEFINE(db, struct db *, db_close);
#define cleanup_db CLEANUP(db)

/* Runs SQL that gives no rows; may be several statements. */
int db_exec(struct db *db, const char *sql, struct err *err) __attribute__((warn_unused_result));

/* Compiles one statement; owned by the caller, freed before the database is closed. */
int db_prepare(struct db *db, const char *sql, struct db_statement **ret, struct err *err)
	__attribute__((warn_unused_result));
void db_statement_free(struct db_statement *statement);
CLEANUP_DEFINE(db_statement, struct db_statement *, db_statement_free);
#define cleanup_db_statement CLEANUP(db_statement)

/* Values of the parameters ?1, ?2 ...; copied. A failure is told by the next db_step. NULL text
 * or data is NULL. */
void db_bind_text(struct db_statement *statement, int index, const char *text);
void db_bind_integer(struct db_statement *statement, int index, int64_t value);
void db_bind_blob(struct db_statement *statement, int index, const void *data, size_t size);

/* 1: there is a row; 0: done. -EEXIST (kind config) if a UNIQUE constraint forbids it. After 0
 * or an error the statement is as before its first step, ready for new values. */
int db_step(struct db_statement *statement, struct err *err) __attribute__((warn_unused_result));

/* Runs a statement that gives no row. */
int db_run(struct db_statement *statement, struct err *err) __attribute__((warn_unused_result));

/* Ends the rows early. */
void db_reset(struct db_statement *statement);

/* Columns of the current row, from 0. Text and blobs are borrowed until the next step; NULL
 * when the column is NULL (and 0 for the integer). Text is NUL-terminated. */
const char *db_text(struct db_statement *statement, int column);
int64_t db_integer(struct db_statement *statement, int column);
const void *db_blob(struct db_statement *statement, int column, size_t *ret_size);

/* Rows that the last INSERT, UPDATE or DELETE touched. */
int64_t db_changes(struct db *db);

/* Writing as one: begun with the write lock, rolled back when it goes out of scope uncommitted.
 *   cleanup_db_transaction struct db_transaction transaction = {0}; */
struct db_transaction {
	struct db *db; /* borrowed; NULL when not begun or ended */
};

int db_begin(struct db *db, struct db_transaction *transaction, struct err *err)
	__attribute__((warn_unused_result));

/* Durable once it returned 0; on failure the transaction is still open. */
int db_commit(struct db_transaction *transaction, struct err *err)
	__attribute__((warn_unused_result));

void db_rollback(struct db_transaction *transaction);

static inline void cleanup_db_transaction_fn(struct db_transaction *transaction)
{
	int saved = errno;

	db_rollback(transaction);
	errno = saved;
}
#define cleanup_db_transaction __attribute__((cleanup(cleanup_db_transaction_fn)))

#endif
