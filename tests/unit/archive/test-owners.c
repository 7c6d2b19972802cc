#include "archive/restore/owners.h"

#include <grp.h>
#include <pwd.h>

#include "../unit.h"

/* Names that are known have this machine's numbers, others their own; users are no groups. */
START_TEST(names_and_numbers)
{
	char root[] = "root", games[] = "games", nobody[] = "no-such-name-here", none[] = "";
	const struct group *group = getgrnam(games);
	struct {
		char *user, *group;
		uid_t uid;
		gid_t gid;
	} rows[] = {
		{root, root, 0, 0},
		{root, games, 0, group ? group->gr_gid : 4321},
		{nobody, nobody, 1234, 4321},
		{nobody, root, 1234, 0},
		{none, none, 1234, 4321},
		{root, nobody, 0, 4321},
	};
	cleanup_owners struct owners *owners = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(owners_new(&owners, &err), 0);
	for (unsigned i = 0; i < 2 * COUNT(rows); i++) { /* the second time from memory */
		unsigned n = i % COUNT(rows);
		struct node node = {
			.user = rows[n].user, .group = rows[n].group, .uid = 1234, .gid = 4321};
		uid_t user = 1;
		gid_t of = 1;

		owners_find(owners, &node, &user, &of);
		ck_assert_msg(
			user == rows[n].uid && of == rows[n].gid, "row %u: %u:%u", n, user, of);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("owners");

	tcase_add_test(tcase, names_and_numbers);
	return unit_main("owners", tcase);
}
