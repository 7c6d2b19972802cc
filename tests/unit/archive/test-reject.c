#include "archive/reject.h"

#include <errno.h>

#include "../unit.h"
#include "room.h"

START_TEST(tags)
{
	cleanup_reject struct reject reject = {0};
	cleanup_close int fd = open(room_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = ERR_INIT;

	ck_assert_int_eq(reject_add_tag(&reject, REJECT_CACHES, &err), 0);
	ck_assert_int_eq(reject_add_tag(&reject, ".skip", &err), 0);
	ck_assert_int_eq(reject_add_tag(&reject, "folder:x", &err), 0);
	ck_assert_uint_eq(reject_tags(&reject, fd), 0);
	room_write("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc5");
	room_mkdir("folder");
	ck_assert_uint_eq(reject_tags(&reject, fd), 0); /* cut short; no file */
	room_write("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55.");
	ck_assert_uint_eq(reject_tags(&reject, fd), 1);
	room_write(".skip", "");
	ck_assert_uint_eq(reject_tags(&reject, fd), 3);
	ck_assert(!reject_name(&reject, 0, "a"));
	ck_assert(reject_name(&reject, 1, "a"));
	ck_assert(!reject_name(&reject, 1, "CACHEDIR.TAG"));
	ck_assert(reject_name(&reject, 3, "CACHEDIR.TAG")); /* the other tag does not keep it */
}
END_TEST

START_TEST(mistakes_and_limits)
{
	cleanup_reject struct reject reject = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(reject_add_tag(&reject, "", &err), -EINVAL);
	ck_assert_int_eq(reject_add_tag(&reject, ":x", &err), -EINVAL);
	ck_assert_int_eq(reject_add_tag(&reject, "a/b", &err), -EINVAL);
	for (int i = 0; i < REJECT_TAGS_MAX; i++)
		ck_assert_int_eq(reject_add_tag(&reject, "a", &err), 0);
	ck_assert_int_eq(reject_add_tag(&reject, "a", &err), -E2BIG);
}
END_TEST

START_TEST(size)
{
	struct stat st = {.st_mode = S_IFREG, .st_size = 100};
	struct reject reject = {0};

	ck_assert(!reject_size(&reject, &st));
	reject.larger_than = 100;
	ck_assert(!reject_size(&reject, &st));
	reject.larger_than = 99;
	ck_assert(reject_size(&reject, &st));
	st.st_mode = S_IFDIR;
	ck_assert(!reject_size(&reject, &st));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("reject");

	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_test(tcase, tags);
	tcase_add_test(tcase, mistakes_and_limits);
	tcase_add_test(tcase, size);
	return unit_main("reject", tcase);
}
