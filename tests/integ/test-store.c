/* Calls one store directly, for the scripts here.
 *   test-store remove PLACE FOLDER NAME   removes an object
 *   test-store contract PLACE             holds the contract of struct store_ops against it
 * The contract is that of the unit tests; PLACE must be empty. */
#include <stdio.h>
#include <string.h>

#include "../unit/store/store-cases.h"
#include "../unit/unit.h"
#include "backup/common/place.h"

static int remove_one(struct store *store, const char *folder, const char *name, struct err *err)
{
	for (enum store_type type = STORE_KEY; type <= STORE_PACK; type++)
		if (strcmp(store_type_name(type), folder) == 0)
			return store_remove(store, type, name, err);
	return err_set(err, ERR_CONFIG, EINVAL, "no such folder");
}

static struct store *under_test;

START_TEST(contract_is_kept)
{
	store_cases(under_test);
}
END_TEST

static int check_contract(struct store *store, bool forgetful)
{
	TCase *tcase = tcase_create("store");

	under_test = store;
	store_cases_forgetful = forgetful;
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, contract_is_kept);
	return unit_main("store", tcase);
}

int main(int argc, char **argv)
{
	struct rate up = RATE_INIT, down = RATE_INIT;
	struct place_options options = {.up = &up, .down = &down, .no_cache = true};
	cleanup_store struct store *store = NULL;
	struct err err = ERR_INIT;
	bool contract = argc >= 3 && strcmp(argv[1], "contract") == 0;
	int r = 0;

	if (argc < 3 || (!contract && argc != 5))
		return 2;
	for (int i = 3; contract && r >= 0 && i < argc; i++)
		r = str_list_add(&options.tuning, argv[i], &err);
	if (r >= 0)
		r = place_open(argv[2], &options, contract, &store, &err);
	if (r >= 0 && contract)
		r = check_contract(store, strncmp(argv[2], "rest:", 5) == 0) == EXIT_SUCCESS ? 0
											     : -1;
	else if (r >= 0)
		r = remove_one(store, argv[3], argv[4], &err);
	str_list_done(&options.tuning);
	if (r < 0 && err.code)
		fprintf(stderr, "%s\n", err.text);
	return r < 0;
}
