#include "provision/fit/judge.h"

#include <string.h>

#include "../unit.h"

#define MB (1ull << 20)

/* A PC that nothing is against. */
static struct fit a_pc(void)
{
	struct fit fit = {
		.machine = {.memory_bytes = 7900 * MB},
		.cpu = {.model = "i5",
			.threads = 4,
			.has_flags = true,
			.is_64_bit = true,
			.has_aes = true},
		.net = {.count = 1, .ports = {{.name = "eno1", .link = HW_NET_LINK_UP}}},
		.board = {.uuid = FIRMWARE_UUID_GOOD},
		.now_s = 2000,
		.build_s = 1000,
		.disks = 1,
		.usable_disks = 1,
	};

	return fit;
}

START_TEST(a_good_pc)
{
	struct fit fit = a_pc();

	judge_pc(&fit);
	for (size_t i = 0; i < FIT_CHECK_COUNT; i++) {
		ck_assert_int_eq(fit.checks[i].level, FIT_OK);
		ck_assert_str_eq(fit.checks[i].advice, "");
		ck_assert_str_ne(fit.checks[i].what, "");
	}
	ck_assert_int_eq(fit_level(&fit), FIT_OK);
}
END_TEST

static void no_64_bits(struct fit *fit)
{
	fit->cpu.is_64_bit = false;
}
static void no_flags(struct fit *fit)
{
	fit->cpu = (struct hw_cpu){.threads = 2};
}
static void one_core(struct fit *fit)
{
	fit->cpu.threads = 1;
}
static void no_aes(struct fit *fit)
{
	fit->cpu.has_aes = false;
}
static void memory_unknown(struct fit *fit)
{
	fit->machine.memory_bytes = 0;
}
static void memory_512(struct fit *fit)
{
	fit->machine.memory_bytes = 480 * MB;
}
static void memory_1024(struct fit *fit)
{
	fit->machine.memory_bytes = 960 * MB;
}
static void memory_2048(struct fit *fit)
{
	fit->machine.memory_bytes = 1950 * MB;
}
static void memory_4096(struct fit *fit)
{
	fit->machine.memory_bytes = 3800 * MB;
}
static void no_disk(struct fit *fit)
{
	fit->disks = fit->usable_disks = 0;
}
static void disk_fails(struct fit *fit)
{
	fit->usable_disks = 0;
	fit->failing_disks = 1;
}
static void one_of_two_fails(struct fit *fit)
{
	fit->disks = 2;
	fit->failing_disks = 1;
}
static void raid(struct fit *fit)
{
	fit->machine.raid_mode = true;
}
static void raid_hides(struct fit *fit)
{
	raid(fit);
	no_disk(fit);
}
static void no_port(struct fit *fit)
{
	fit->net.count = 0;
}
static void no_driver(struct fit *fit)
{
	fit->net.count = 0;
	fit->net.without_driver = 1;
}
static void no_cable(struct fit *fit)
{
	fit->net.ports[0].link = HW_NET_LINK_NONE;
}
static void second_port_has_one(struct fit *fit)
{
	no_cable(fit);
	fit->net.ports[1].link = HW_NET_LINK_UP;
	fit->net.count = 2;
}
static void port_is_off(struct fit *fit)
{
	fit->net.ports[0].link = HW_NET_LINK_UNKNOWN;
}
static void clock_before_image(struct fit *fit)
{
	fit->now_s = 999;
}
static void clock_at_image(struct fit *fit)
{
	fit->now_s = 1000;
}
static void image_unknown(struct fit *fit)
{
	fit->now_s = 5;
	fit->build_s = 0;
}
static void uuid_none(struct fit *fit)
{
	fit->board.uuid = FIRMWARE_UUID_NONE;
}
static void uuid_unknown(struct fit *fit)
{
	fit->board.uuid = FIRMWARE_UUID_UNKNOWN;
}

static const struct {
	void (*change)(struct fit *);
	enum fit_check_id id;
	enum fit_level level;
	const char *part; /* of the advice */
} rows[] = {
	{no_64_bits, FIT_CHECK_CPU, FIT_UNFIT, "another PC"},
	{no_flags, FIT_CHECK_CPU, FIT_OK, ""},
	{one_core, FIT_CHECK_CPU, FIT_CAUTION, "backups only"},
	{no_aes, FIT_CHECK_CPU, FIT_CAUTION, "AES"},
	{memory_unknown, FIT_CHECK_MEMORY, FIT_OK, ""},
	{memory_512, FIT_CHECK_MEMORY, FIT_UNFIT, "4 GB"},
	{memory_1024, FIT_CHECK_MEMORY, FIT_CAUTION, "4 GB"},
	{memory_2048, FIT_CHECK_MEMORY, FIT_CAUTION, "4 GB"},
	{memory_4096, FIT_CHECK_MEMORY, FIT_OK, ""},
	{no_disk, FIT_CHECK_DISKS, FIT_UNFIT, "cables"},
	{disk_fails, FIT_CHECK_DISKS, FIT_UNFIT, "Replace"},
	{one_of_two_fails, FIT_CHECK_DISKS, FIT_CAUTION, "Replace"},
	{raid, FIT_CHECK_RAID, FIT_CAUTION, "AHCI"},
	{raid_hides, FIT_CHECK_RAID, FIT_UNFIT, "AHCI"},
	{raid_hides, FIT_CHECK_DISKS, FIT_UNFIT, "controller"},
	{no_port, FIT_CHECK_NETWORK, FIT_CAUTION, "set-up"},
	{no_driver, FIT_CHECK_NETWORK, FIT_CAUTION, "without a driver"},
	{no_cable, FIT_CHECK_NETWORK, FIT_CAUTION, "cable"},
	{second_port_has_one, FIT_CHECK_NETWORK, FIT_OK, ""},
	{port_is_off, FIT_CHECK_NETWORK, FIT_OK, ""},
	{clock_before_image, FIT_CHECK_CLOCK, FIT_CAUTION, "battery"},
	{clock_at_image, FIT_CHECK_CLOCK, FIT_OK, ""},
	{image_unknown, FIT_CHECK_CLOCK, FIT_OK, ""},
	{uuid_none, FIT_CHECK_UUID, FIT_CAUTION, "identity"},
	{uuid_unknown, FIT_CHECK_UUID, FIT_OK, ""},
};

START_TEST(judges)
{
	struct fit fit = a_pc();
	const struct fit_check *check = &fit.checks[rows[_i].id];

	rows[_i].change(&fit);
	judge_pc(&fit);
	ck_assert_int_eq(check->level, rows[_i].level);
	ck_assert_int_ge(fit_level(&fit), rows[_i].level);
	ck_assert_msg(
		rows[_i].part[0] ? strstr(check->advice, rows[_i].part) != NULL : !check->advice[0],
		"%s", check->advice);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("judge");

	tcase_add_test(tcase, a_good_pc);
	tcase_add_loop_test(tcase, judges, 0, COUNT(rows));
	return unit_main("provision-fit/judge", tcase);
}
