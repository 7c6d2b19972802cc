#include "agent/common/identity.h"

#include <errno.h>
#include <string.h>

#include "../check_dir.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHAngBCfA6N7fFncYD0aou2iHcSE6H08gZs+W1LJPjen"
#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIQ9O0WNlivNObHGKOb3kIYRuuUgXGgXtgyy1BD9Qs/S"

static const struct {
	const char *line;
	bool valid;
} keys[] = {
	{KEY, true},
	{KEY " daniel@mesa", true},
	{KEY "x", false},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHAngBCfA6N7fFncYD0aou2iHcSE6H08gZs+W1LJPje", false},
	{"ssh-ed25519 AAAAB3NzaC1lZDI1NTE5AAAAIHAngBCfA6N7fFncYD0aou2iHcSE6H08gZs+W1LJPjen", false},
	{"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIHAngBCfA6N7fFncYD0aou2iHcSE6H08gZs+W1LJPjen", false},
	{"command=\"x\" " KEY, false},
	{" " KEY, false},
	{"", false},
};

START_TEST(judges_keys)
{
	ck_assert_int_eq(identity_key_valid(keys[_i].line), keys[_i].valid);
}
END_TEST

static const struct {
	const char *name;
	bool valid;
} names[] = {
	{"caja-1", true},
	{"Tienda_2.Zulia", true},
	{"", false},
	{"-x", false},
	{".x", false},
	{"a b", false},
	{"a/b", false},
	{"ni\xc3\xb1o", false},
	{"012345678901234567890123456789012345678901234567890123456789012", true}, /* 63 */
	{"0123456789012345678901234567890123456789012345678901234567890123", false},
};

START_TEST(judges_names)
{
	ck_assert_int_eq(identity_name_valid(names[_i].name), names[_i].valid);
}
END_TEST

START_TEST(makes_one_and_keeps_it)
{
	struct identity identity, again;
	struct err err = ERR_INIT;
	bool made;

	ck_assert_int_eq(identity_open(check_dir_fd, &identity, &made, &err), 0);
	ck_assert(made);
	ck_assert_uint_eq(strlen(identity.box_id), 32);
	ck_assert_int_eq(identity_open(check_dir_fd, &again, &made, &err), 0);
	ck_assert(!made);
	ck_assert_mem_eq(&again, &identity, sizeof(identity));
}
END_TEST

START_TEST(takes_the_installers)
{
	struct identity identity;
	struct err err = ERR_INIT;

	check_dir_put("identity.json",
		"{\"schema\":\"nexus.identity/1\",\"box_id\":\"01j\",\"name\":\"tienda\"}");
	ck_assert_int_eq(identity_open(check_dir_fd, &identity, NULL, &err), 0);
	ck_assert_str_eq(identity.box_id, "01j");
	ck_assert_str_eq(identity.name, "tienda");
	ck_assert_int_eq(identity.adopted_s, 0);
}
END_TEST

START_TEST(puts_a_damaged_one_aside)
{
	struct identity identity;
	struct err err = ERR_INIT;
	bool made;

	check_dir_put("identity.json", "{\"schema\":\"nexus.id");
	ck_assert_int_eq(identity_open(check_dir_fd, &identity, &made, &err), 0);
	ck_assert(made);
	ck_assert(check_dir_has("identity.json.bad"));
}
END_TEST

static int adopt(struct identity *identity, const char *key, const char *console, const char *name)
{
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_ADOPT};
	struct err err = ERR_INIT;

	snprintf(request.operator_key, sizeof(request.operator_key), "%s", key);
	snprintf(request.console, sizeof(request.console), "%s", console);
	snprintf(request.name, sizeof(request.name), "%s", name);
	return identity_adopt(check_dir_fd, identity, &request, 1800000000, &err);
}

START_TEST(is_adopted_once)
{
	char secret[IDENTITY_SECRET_SIZE];
	struct identity identity, again;
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(identity_open(check_dir_fd, &identity, NULL, &err), 0);
	ck_assert_int_eq(identity_secret_write(check_dir_fd, "0123ABCD", 1, &err), 0);
	ck_assert_int_eq(identity_secret_read(check_dir_fd, secret, &err), 0);
	ck_assert_str_eq(secret, "0123ABCD");
	ck_assert_int_eq(adopt(&identity, "ssh-rsa x", "mesa", ""), -EINVAL);
	ck_assert_int_eq(adopt(&identity, KEY, "mesa", "../x"), -EINVAL);
	ck_assert_int_eq(identity.adopted_s, 0);
	ck_assert_int_eq(adopt(&identity, KEY " ignored", "me\"s a\n", "caja"), 0);
	ck_assert_int_eq(adopt(&identity, KEY, "other", "other"), 0);
	ck_assert_int_eq(adopt(&identity, OTHER, "thief", "gone"), -EACCES);
	ck_assert_str_eq(identity.name, "caja");
	ck_assert_int_eq(identity_secret_read(check_dir_fd, secret, &err), -ENOENT);
	ck_assert_int_eq(file_read(check_dir_fd, IDENTITY_KEYS_FILE, 4096, &text, NULL, &err), 0);
	ck_assert_str_eq(text, KEY " mesa\n");
	ck_assert_int_eq(identity_open(check_dir_fd, &again, NULL, &err), 0);
	ck_assert_int_eq(again.adopted_s, 1800000000);
}
END_TEST

/* The power fails between the key and the identity: asking again ends it. */
START_TEST(adoption_goes_on_after_a_cut)
{
	struct identity identity;
	struct err err = ERR_INIT;

	ck_assert_int_eq(identity_open(check_dir_fd, &identity, NULL, &err), 0);
	check_dir_put(IDENTITY_KEYS_FILE, KEY " mesa\n");
	check_dir_put("adoption.json", "{\"secret\":\"0123ABCD\"}");
	ck_assert_int_eq(adopt(&identity, KEY, "mesa", "caja"), 0);
	ck_assert_str_eq(identity.name, "caja");
	ck_assert(!check_dir_has("adoption.json"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("identity");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, judges_keys, 0, COUNT(keys));
	tcase_add_loop_test(tcase, judges_names, 0, COUNT(names));
	tcase_add_test(tcase, makes_one_and_keeps_it);
	tcase_add_test(tcase, takes_the_installers);
	tcase_add_test(tcase, puts_a_damaged_one_aside);
	tcase_add_test(tcase, is_adopted_once);
	tcase_add_test(tcase, adoption_goes_on_after_a_cut);
	return unit_main("identity", tcase);
}
