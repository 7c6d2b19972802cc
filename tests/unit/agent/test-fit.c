#include "agent/update/fit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../check_dir.h"
#include "../unit.h"
#include "base/str.h"

static void add_slot(
	struct fit *fit, const char *slot_class, const char *bootname, bool runs, const char *file)
{
	struct rauc_slot *slot = &fit->slots[fit->slot_count++];

	snprintf(slot->name, sizeof(slot->name), "%s.%d", slot_class, !runs);
	snprintf(slot->slot_class, sizeof(slot->slot_class), "%s", slot_class);
	snprintf(slot->bootname, sizeof(slot->bootname), "%s", bootname);
	snprintf(slot->device, sizeof(slot->device), "%s/%s", check_dir, file);
	slot->runs = runs;
}

static void make_fit(struct fit *fit, struct bundle *bundle)
{
	char kib[1024];

	memset(kib, 'x', sizeof(kib) - 1);
	kib[sizeof(kib) - 1] = '\0';
	check_dir_put("small", kib);
	check_dir_put("other", kib);
	*fit = (struct fit){.compatible = "nexus", .version = "0.2.0", .slot = "A"};
	add_slot(fit, "kernel", "A", true, "gone");
	add_slot(fit, "rootfs", "", true, "gone");
	add_slot(fit, "kernel", "B", false, "other");
	add_slot(fit, "rootfs", "", false, "small");
	*bundle = (struct bundle){.compatible = "nexus",
		.version = "0.2.0",
		.images = {{"rootfs", 1023}, {"kernel", 5}},
		.image_count = 2};
}

static enum fit_result judge(const struct fit *fit, const struct bundle *bundle, char slot[8])
{
	struct err err = ERR_INIT;
	enum fit_result result = fit_judge(fit, bundle, slot, &err);

	ck_assert_int_eq(result == FIT_GOOD, err.code == 0);
	return result;
}

START_TEST(takes_what_fits)
{
	struct bundle bundle;
	struct fit fit;
	char slot[8];

	make_fit(&fit, &bundle);
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_GOOD);
	ck_assert_str_eq(slot, "B");
	bundle.images[0].size_bytes++;
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_TOO_LARGE);
	/* What has no size that can be known is RAUC's to judge. */
	ck_assert_int_eq(unlinkat(check_dir_fd, "small", 0), 0);
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_GOOD);
}
END_TEST

START_TEST(refuses_another_kind)
{
	struct bundle bundle;
	struct fit fit;
	char slot[8];

	make_fit(&fit, &bundle);
	strncpy(bundle.compatible, "nexus2", sizeof(bundle.compatible) - 1);
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_OTHER_BOX);
	make_fit(&fit, &bundle);
	strncpy(bundle.images[1].slot_class, "data", sizeof(bundle.images[1].slot_class) - 1);
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_OTHER_BOX);
}
END_TEST

START_TEST(refuses_older_unless_told)
{
	struct bundle bundle;
	struct fit fit;
	char slot[8];

	make_fit(&fit, &bundle);
	strncpy(bundle.version, "0.1.9", sizeof(bundle.version) - 1);
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_OLDER);
	fit.older = true;
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_GOOD);
}
END_TEST

START_TEST(never_the_running_slot)
{
	struct bundle bundle;
	struct fit fit;
	char slot[8];

	make_fit(&fit, &bundle);
	strncpy(fit.slot, "B", sizeof(fit.slot) - 1); /* RAUC says A */
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_NO_SLOT);
	ck_assert_str_eq(slot, "");
	make_fit(&fit, &bundle);
	fit.slots[0].runs = false;
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_NO_SLOT);
	make_fit(&fit, &bundle);
	fit.slots[2].runs = true;
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_NO_SLOT);
	make_fit(&fit, &bundle);
	fit.slot_count = 0;
	ck_assert_int_eq(judge(&fit, &bundle, slot), FIT_NO_SLOT);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("fit");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, takes_what_fits);
	tcase_add_test(tcase, refuses_another_kind);
	tcase_add_test(tcase, refuses_older_unless_told);
	tcase_add_test(tcase, never_the_running_slot);
	return unit_main("fit", tcase);
}
