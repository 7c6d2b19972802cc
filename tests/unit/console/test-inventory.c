#include "console/fleet/inventory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

static char folder[64];
static struct inventory *inventory;

static void setup(void)
{
	struct err err = ERR_INIT;

	snprintf(folder, sizeof(folder), "/tmp/test-inventory-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_msg(inventory_open(folder, &inventory, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
	static const char *const names[] = {"fleet.db", "fleet.db-wal", "fleet.db-shm"};

	inventory_close(inventory);
	for (int i = 0; i < COUNT(names); i++) {
		char path[96];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}

static int put(const char *id, const char *name, const char *host, struct err *err)
{
	struct inventory_box box = {
		.address.port = 22, .host_key = "key", .host_key_size = 3, .adopted_s = 1000};

	snprintf(box.box_id, sizeof(box.box_id), "%s", id);
	snprintf(box.name, sizeof(box.name), "%s", name);
	snprintf(box.address.host, sizeof(box.address.host), "%s", host);
	return inventory_put(inventory, &box, err);
}

static const struct {
	const char *name;
	bool valid;
} names[] = {
	{"tienda-1", true},
	{"Caja_2.norte", true},
	{"peluquer\xc3\xad"
	 "a",
		true},
	{"9", true},
	{"012345678901234567890123456789012345678901234567890123456789012", true},
	{"0123456789012345678901234567890123456789012345678901234567890123", false},
	{"", false},
	{"-x", false},
	{".x", false},
	{"a b", false},
	{"a/b", false},
	{"a\tb", false},
	{"a\033b", false},
	{"a\xff", false},
	{"a\xc2\x9b"
	 "b",
		false},
};

START_TEST(valid_names)
{
	ck_assert_msg(
		inventory_name_valid(names[_i].name) == names[_i].valid, "%s", names[_i].name);
}
END_TEST

START_TEST(boxes_are_found)
{
	cleanup_inventory_box struct inventory_box box = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(put("abcd1111", "uno", "10.0.0.1", &err), 0);
	ck_assert_int_eq(put("abcd2222", "dos", "10.0.0.2", &err), 0);
	ck_assert_int_eq(inventory_find(inventory, "UNO", &box, &err), 0);
	ck_assert_str_eq(box.box_id, "abcd1111");
	ck_assert_str_eq(box.address.host, "10.0.0.1");
	ck_assert_uint_eq(box.host_key_size, 3);
	ck_assert_mem_eq(box.host_key, "key", 3);
	ck_assert_int_eq(box.polled, FAULT_NONE);
	ck_assert_ptr_null(box.status);
	ck_assert_int_eq(inventory_find(inventory, "abcd2", &box, &err), 0);
	ck_assert_str_eq(box.name, "dos");
	ck_assert_int_eq(inventory_find(inventory, "abcd", &box, &err), -ENOTUNIQ);
	ck_assert_int_eq(inventory_find(inventory, "abc", &box, &err), -ENOENT);
	ck_assert_int_eq(inventory_find(inventory, "%", &box, &err), -ENOENT);
	/* A name goes before the beginning of an id. */
	ck_assert_int_eq(put("ffff3333", "abcd1", "10.0.0.3", &err), 0);
	ck_assert_int_eq(inventory_find(inventory, "abcd1", &box, &err), 0);
	ck_assert_str_eq(box.box_id, "ffff3333");
}
END_TEST

START_TEST(names_are_unique)
{
	char name[FLEET_STATUS_NAME_SIZE];
	struct err err = ERR_INIT;

	ck_assert_int_eq(put("1111", "uno", "10.0.0.1", &err), 0);
	ck_assert_int_eq(put("2222", "Uno", "10.0.0.2", &err), -EEXIST);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_int_eq(put("2222", "dos", "10.0.0.2", &err), 0);
	ck_assert_int_eq(inventory_rename(inventory, "2222", "UNO", &err), -EEXIST);
	ck_assert_int_eq(inventory_rename(inventory, "3333", "tres", &err), -ENOENT);
	ck_assert_int_eq(inventory_rename(inventory, "2222", "tres", &err), 0);
	ck_assert_int_eq(inventory_free_name(inventory, "uno", "9999", name, &err), 0);
	ck_assert_str_eq(name, "uno-2");
	ck_assert_int_eq(inventory_free_name(inventory, "uno", "1111", name, &err), 0);
	ck_assert_str_eq(name, "uno");
}
END_TEST

START_TEST(adopting_again_renews)
{
	cleanup_inventory_list struct inventory_list list = {0};
	struct inventory_poll poll = {.box_id = "1111", .when_s = 2000, .status = "{}"};
	struct address moved = {.host = "10.0.0.8", .port = 2222};
	struct err err = ERR_INIT;

	ck_assert_int_eq(put("1111", "uno", "10.0.0.1", &err), 0);
	ck_assert_int_eq(inventory_store(inventory, &poll, 1, &err), 0);
	ck_assert_int_eq(put("1111", "otro", "10.0.0.9", &err), 0);
	ck_assert_int_eq(inventory_move(inventory, "1111", &moved, &err), 0);
	ck_assert_int_eq(inventory_list(inventory, &list, &err), 0);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.boxes[0].name, "otro");
	ck_assert_str_eq(list.boxes[0].address.host, "10.0.0.8");
	ck_assert_uint_eq(list.boxes[0].address.port, 2222);
	ck_assert_str_eq(list.boxes[0].status, "{}");
	ck_assert_int_eq(inventory_forget(inventory, "1111", &err), 0);
	ck_assert_int_eq(inventory_forget(inventory, "1111", &err), -ENOENT);
}
END_TEST

START_TEST(a_failed_poll_keeps_the_last_word)
{
	cleanup_inventory_box struct inventory_box box = {0};
	struct inventory_poll good = {.box_id = "1111", .when_s = 2000, .status = "{\"a\":1}"};
	struct inventory_poll bad = {
		.box_id = "1111", .when_s = 3000, .fault = FAULT_AWAY, .text = "connect: no"};
	struct err err = ERR_INIT;

	ck_assert_int_eq(put("1111", "uno", "10.0.0.1", &err), 0);
	ck_assert_int_eq(inventory_store(inventory, &good, 1, &err), 0);
	ck_assert_int_eq(inventory_store(inventory, &bad, 1, &err), 0);
	ck_assert_int_eq(inventory_find(inventory, "uno", &box, &err), 0);
	ck_assert_str_eq(box.status, "{\"a\":1}");
	ck_assert_int_eq(box.status_s, 2000);
	ck_assert_int_eq(box.polled_s, 3000);
	ck_assert_int_eq(box.polled, FAULT_AWAY);
	ck_assert_str_eq(box.polled_text, "connect: no");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("inventory");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, valid_names, 0, COUNT(names));
	tcase_add_test(tcase, boxes_are_found);
	tcase_add_test(tcase, names_are_unique);
	tcase_add_test(tcase, adopting_again_renews);
	tcase_add_test(tcase, a_failed_poll_keeps_the_last_word);
	return unit_main("inventory", tcase);
}
