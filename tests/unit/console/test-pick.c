#include "console/usb/pick.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"

#define NEEDED 1000000000u

/* A good stick; a test changes what it is about. */
static struct pick a_stick(void)
{
	struct pick pick = {.disk = {.size_bytes = 16000000000,
				    .sector_bytes = 512,
				    .removable = true,
				    .content = HW_DISK_BLANK,
				    .path = "/dev/sdx",
				    .transport = "usb"}};

	return pick;
}

static void judge(struct pick *pick, enum pick_verdict wanted, int code, enum err_kind kind)
{
	cleanup_free char *sentence = NULL;
	struct err err = ERR_INIT;

	pick->verdict = pick_judge(&pick->disk, &pick->use, NEEDED);
	ck_assert_int_eq(pick->verdict, wanted);
	ck_assert_int_eq(pick_is_usable(pick->verdict), code == 0);
	ck_assert_int_eq(pick_refuse(pick, NEEDED, &err), code);
	ck_assert_int_eq(err.kind, kind);
	sentence = pick_sentence(pick);
	ck_assert(sentence && *sentence);
	ck_assert_str_ne(pick_name(pick->verdict), "");
}

START_TEST(judges)
{
	struct pick pick = a_stick();

	judge(&pick, PICK_BLANK, 0, ERR_NONE);
	pick.disk.content = HW_DISK_OTHER;
	judge(&pick, PICK_FULL, 0, ERR_NONE);
	pick.disk.content = HW_DISK_NEXUS;
	judge(&pick, PICK_FULL, 0, ERR_NONE);
	pick.disk.content = HW_DISK_NOT_PROBED;
	judge(&pick, PICK_UNREADABLE, -EIO, ERR_SYSTEM);
	pick.disk.content = HW_DISK_BLANK;
	pick.disk.size_bytes = NEEDED;
	judge(&pick, PICK_BLANK, 0, ERR_NONE);
	pick.disk.size_bytes--;
	judge(&pick, PICK_TOO_SMALL, -ENOSPC, ERR_SPACE);
	pick.disk.sector_bytes = 4096;
	judge(&pick, PICK_BAD_SECTORS, -ENOTSUP, ERR_CONFIG);
	pick.disk.read_only = true;
	judge(&pick, PICK_READ_ONLY, -EROFS, ERR_DENIED);
	/* What this computer uses is never a stick, whatever else it is. */
	for (enum hw_use_kind k = HW_USE_MOUNTED; k <= HW_USE_HELD; k++) {
		pick = a_stick();
		pick.use = (struct hw_use){.kind = k, .where = "/home"};
		judge(&pick, PICK_IN_USE, -EBUSY, ERR_LOCKED);
	}
}
END_TEST

START_TEST(wants_a_word)
{
	struct pick pick = a_stick();

	pick.verdict = PICK_BLANK;
	ck_assert(!pick_needs_word(&pick));
	pick.verdict = PICK_FULL;
	ck_assert(pick_needs_word(&pick));
	/* A disk inside of this computer is asked about even when it is blank. */
	pick.verdict = PICK_BLANK;
	pick.disk.removable = false;
	ck_assert(!pick_needs_word(&pick));
	snprintf(pick.disk.transport, sizeof(pick.disk.transport), "sata");
	ck_assert(pick_needs_word(&pick));
	pick.disk.removable = true;
	ck_assert(!pick_needs_word(&pick));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("pick");

	tcase_add_test(tcase, judges);
	tcase_add_test(tcase, wants_a_word);
	return unit_main("pick", tcase);
}
