#include "console/fleet/inventory.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "crypto/ssh_key.h"
#include "db/db.h"
#include "fleet/text.h"

#define APPLICATION_ID 0x6e657866 /* "nexf" */
#define PREFIX_MIN 4

#define COLUMNS                                                                                    \
	"box_id, name, host, port, host_key, adopted_s, status, status_s, polled_s, polled, "      \
	"polled_text"

static const char *const migrations[] = {
	"CREATE TABLE boxes ("
	" box_id TEXT PRIMARY KEY NOT NULL,"
	" name TEXT NOT NULL UNIQUE COLLATE NOCASE,"
	" host TEXT NOT NULL,"
	" port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),"
	" host_key BLOB NOT NULL,"
	" adopted_s INTEGER NOT NULL,"
	" status TEXT,"
	" status_s INTEGER NOT NULL DEFAULT 0,"
	" polled_s INTEGER NOT NULL DEFAULT 0,"
	" polled TEXT NOT NULL DEFAULT 'none',"
	" polled_text TEXT NOT NULL DEFAULT ''"
	") STRICT",
	NULL,
};

struct inventory {
	struct db *db;
};

int inventory_open(const char *home, struct inventory **ret, struct err *err)
{
	cleanup_inventory struct inventory *inventory = calloc(1, sizeof(*inventory));
	cleanup_free char *path = str_printf("%s/fleet.db", home);
	int r;

	if (!inventory || !path)
		return err_oom(err);
	r = db_open(path, APPLICATION_ID, migrations, &inventory->db, err);
	if (r < 0)
		return r;
	*ret = TAKE(inventory);
	return 0;
}

void inventory_close(struct inventory *inventory)
{
	if (!inventory)
		return;
	db_close(inventory->db);
	free(inventory);
}

bool inventory_name_valid(const char *name)
{
	char harmless[FLEET_STATUS_NAME_SIZE];

	fleet_text_copy(harmless, sizeof(harmless), name);
	if (!*name || !str_equal(name, harmless) || *name == '-' || *name == '.')
		return false;
	for (; *name; name++)
		if ((unsigned char)*name < 0x80 && !isalnum((unsigned char)*name) &&
			!strchr("-_.", *name))
			return false;
	return true;
}

/* --- reading --- */

static void copy_text(char *target, size_t size, const char *text)
{
	snprintf(target, size, "%s", text ? text : "");
}

static int read_row(struct db_statement *row, struct inventory_box *ret, struct err *err)
{
	const char *status = db_text(row, 6);
	const void *key;
	size_t key_size;

	*ret = (struct inventory_box){.adopted_s = db_integer(row, 5),
		.status_s = db_integer(row, 7),
		.polled_s = db_integer(row, 8)};
	copy_text(ret->box_id, sizeof(ret->box_id), db_text(row, 0));
	copy_text(ret->name, sizeof(ret->name), db_text(row, 1));
	copy_text(ret->address.host, sizeof(ret->address.host), db_text(row, 2));
	copy_text(ret->polled_text, sizeof(ret->polled_text), db_text(row, 10));
	ret->address.port = (uint16_t)db_integer(row, 3);
	key = db_blob(row, 4, &key_size);
	if (!key || key_size > sizeof(ret->host_key))
		return err_set(
			err, ERR_CORRUPT, EUCLEAN, "read inventory: bad host key of %s", ret->name);
	memcpy(ret->host_key, key, key_size);
	ret->host_key_size = key_size;
	if (!fault_parse(db_text(row, 9), &ret->polled))
		ret->polled = FAULT_CONSOLE;
	if (!status)
		return 0;
	ret->status = strdup(status);
	return ret->status ? 0 : err_oom(err);
}

static int read_rows(struct db_statement *rows, struct inventory_list *list, struct err *err)
{
	size_t allocated = 0;
	int r;

	while ((r = db_step(rows, err)) == 1) {
		if (list->count == allocated) {
			size_t more = allocated ? 2 * allocated : 16;
			void *grown = reallocarray(list->boxes, more, sizeof(*list->boxes));

			if (!grown)
				return err_oom(err);
			list->boxes = grown;
			allocated = more;
		}
		if (list->count == INVENTORY_BOXES_MAX)
			return err_set(err, ERR_SPACE, E2BIG, "read inventory: more than %d boxes",
				INVENTORY_BOXES_MAX);
		r = read_row(rows, &list->boxes[list->count++], err);
		if (r < 0)
			return r;
	}
	return r;
}

int inventory_list(struct inventory *inventory, struct inventory_list *ret, struct err *err)
{
	cleanup_db_statement struct db_statement *rows = NULL;
	struct inventory_list list = {0};
	int r;

	r = db_prepare(inventory->db, "SELECT " COLUMNS " FROM boxes ORDER BY name COLLATE NOCASE",
		&rows, err);
	if (r == 0)
		r = read_rows(rows, &list, err);
	if (r < 0) {
		inventory_list_done(&list);
		return r;
	}
	*ret = list;
	return 0;
}

/* The id that name_or_id means: 0, -ENOENT, -ENOTUNIQ. */
static int find_id(struct inventory *inventory, const char *name_or_id,
	char ret_id[FLEET_STATUS_ID_SIZE], struct err *err)
{
	cleanup_db_statement struct db_statement *rows = NULL;
	int r;

	r = db_prepare(inventory->db,
		"SELECT box_id, name = ?1 COLLATE NOCASE OR box_id = ?1 FROM boxes"
		" WHERE name = ?1 COLLATE NOCASE OR box_id = ?1"
		" OR (length(?1) >= ?2 AND substr(box_id, 1, length(?1)) = ?1)"
		" ORDER BY 2 DESC LIMIT 2",
		&rows, err);
	if (r < 0)
		return r;
	db_bind_text(rows, 1, name_or_id);
	db_bind_integer(rows, 2, PREFIX_MIN);
	r = db_step(rows, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "find box '%.64s': none has this name",
			name_or_id);
	copy_text(ret_id, FLEET_STATUS_ID_SIZE, db_text(rows, 0));
	if (db_integer(rows, 1))
		return 0;
	r = db_step(rows, err);
	if (r == 1)
		return err_set(err, ERR_CONFIG, ENOTUNIQ, "find box '%.64s': several ids begin so",
			name_or_id);
	return r;
}

int inventory_find(struct inventory *inventory, const char *name_or_id, struct inventory_box *ret,
	struct err *err)
{
	cleanup_db_statement struct db_statement *row = NULL;
	cleanup_inventory_box struct inventory_box box = {0};
	char id[FLEET_STATUS_ID_SIZE];
	int r;

	r = find_id(inventory, name_or_id, id, err);
	if (r < 0)
		return r;
	r = db_prepare(inventory->db, "SELECT " COLUMNS " FROM boxes WHERE box_id = ?1", &row, err);
	if (r < 0)
		return r;
	db_bind_text(row, 1, id);
	r = db_step(row, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(
			err, ERR_NOT_FOUND, ENOENT, "find box '%.64s': gone meanwhile", name_or_id);
	r = read_row(row, &box, err);
	if (r < 0)
		return r;
	*ret = box;
	box = (struct inventory_box){0};
	return 0;
}

/* --- writing --- */

static int name_taken(int r, const char *name, struct err *err)
{
	if (r == -EEXIST)
		return err_set(err, ERR_CONFIG, EEXIST,
			"name box '%.64s': another box has this name", name);
	return r;
}

int inventory_put(struct inventory *inventory, const struct inventory_box *box, struct err *err)
{
	cleanup_db_statement struct db_statement *put = NULL;
	int r;

	r = db_prepare(inventory->db,
		"INSERT INTO boxes (box_id, name, host, port, host_key, adopted_s)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT (box_id) DO UPDATE SET name = ?2, host = ?3, port = ?4,"
		" host_key = ?5, adopted_s = ?6",
		&put, err);
	if (r < 0)
		return r;
	db_bind_text(put, 1, box->box_id);
	db_bind_text(put, 2, box->name);
	db_bind_text(put, 3, box->address.host);
	db_bind_integer(put, 4, box->address.port);
	db_bind_blob(put, 5, box->host_key, box->host_key_size);
	db_bind_integer(put, 6, box->adopted_s);
	return name_taken(db_run(put, err), box->name, err);
}

int inventory_free_name(struct inventory *inventory, const char *wanted, const char *box_id,
	char ret_name[FLEET_STATUS_NAME_SIZE], struct err *err)
{
	cleanup_db_statement struct db_statement *rows = NULL;
	char name[FLEET_STATUS_NAME_SIZE];
	int r;

	r = db_prepare(inventory->db,
		"SELECT 1 FROM boxes WHERE name = ?1 COLLATE NOCASE AND box_id <> ?2", &rows, err);
	if (r < 0)
		return r;
	for (int i = 1; i <= INVENTORY_BOXES_MAX; i++) {
		copy_text(name, sizeof(name), wanted);
		if (i > 1)
			snprintf(name, sizeof(name), "%.48s-%d", wanted, i);
		db_bind_text(rows, 1, name);
		db_bind_text(rows, 2, box_id);
		r = db_step(rows, err);
		if (r < 0)
			return r;
		if (r == 0) {
			copy_text(ret_name, FLEET_STATUS_NAME_SIZE, name);
			return 0;
		}
		db_reset(rows);
	}
	return err_set(err, ERR_SPACE, E2BIG, "name box: all names are taken");
}

static int update_one(struct inventory *inventory, struct db_statement *statement, struct err *err)
{
	int r = db_run(statement, err);

	if (r == 0 && db_changes(inventory->db) == 0)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "change box: gone meanwhile");
	return r;
}

int inventory_rename(
	struct inventory *inventory, const char *box_id, const char *name, struct err *err)
{
	cleanup_db_statement struct db_statement *update = NULL;
	int r;

	r = db_prepare(inventory->db, "UPDATE boxes SET name = ?2 WHERE box_id = ?1", &update, err);
	if (r < 0)
		return r;
	db_bind_text(update, 1, box_id);
	db_bind_text(update, 2, name);
	return name_taken(update_one(inventory, update, err), name, err);
}

int inventory_move(struct inventory *inventory, const char *box_id, const struct address *address,
	struct err *err)
{
	cleanup_db_statement struct db_statement *update = NULL;
	int r;

	r = db_prepare(inventory->db, "UPDATE boxes SET host = ?2, port = ?3 WHERE box_id = ?1",
		&update, err);
	if (r < 0)
		return r;
	db_bind_text(update, 1, box_id);
	db_bind_text(update, 2, address->host);
	db_bind_integer(update, 3, address->port);
	return update_one(inventory, update, err);
}

int inventory_forget(struct inventory *inventory, const char *box_id, struct err *err)
{
	cleanup_db_statement struct db_statement *removal = NULL;
	int r;

	r = db_prepare(inventory->db, "DELETE FROM boxes WHERE box_id = ?1", &removal, err);
	if (r < 0)
		return r;
	db_bind_text(removal, 1, box_id);
	return update_one(inventory, removal, err);
}

int inventory_store(struct inventory *inventory, const struct inventory_poll *polls, size_t count,
	struct err *err)
{
	cleanup_db_transaction struct db_transaction transaction = {0};
	cleanup_db_statement struct db_statement *update = NULL;
	int r;

	r = db_begin(inventory->db, &transaction, err);
	if (r < 0)
		return r;
	r = db_prepare(inventory->db,
		"UPDATE boxes SET polled_s = ?2, polled = ?3, polled_text = ?4,"
		" status_s = CASE WHEN ?5 IS NULL THEN status_s ELSE ?2 END,"
		" status = coalesce(?5, status) WHERE box_id = ?1",
		&update, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		db_bind_text(update, 1, polls[i].box_id);
		db_bind_integer(update, 2, polls[i].when_s);
		db_bind_text(update, 3, fault_name(polls[i].fault));
		db_bind_text(update, 4, polls[i].text ? polls[i].text : "");
		db_bind_text(update, 5, polls[i].status);
		r = db_run(update, err);
	}
	return r < 0 ? r : db_commit(&transaction, err);
}

void inventory_fingerprint(const struct inventory_box *box, char ret_text[51])
{
	static_assert(SSH_KEY_FINGERPRINT_SIZE == 51, "the header says so");

	ssh_key_fingerprint(box->host_key, box->host_key_size, ret_text);
}

int inventory_key_line(const struct inventory_box *box, char **ret_line, struct err *err)
{
	return ssh_key_line_format(box->host_key, box->host_key_size, NULL, ret_line, err);
}

void inventory_box_done(struct inventory_box *box)
{
	free(box->status);
	box->status = NULL;
}

void inventory_list_done(struct inventory_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		inventory_box_done(&list->boxes[i]);
	free(list->boxes);
	*list = (struct inventory_list){0};
}
