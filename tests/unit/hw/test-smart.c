#include "hw/smart.h"

#include <errno.h>
#include <string.h>

#include "../check_read.h"

START_TEST(reads_an_ata_disk)
{
	struct err err = ERR_INIT;
	struct hw_smart smart;
	size_t size;
	cleanup_free char *text = check_read("tests/fuzz/corpus/smart/ata-worn", &size);

	ck_assert_int_eq(hw_smart_parse(text, size, &smart, &err), 0);
	ck_assert_str_eq(smart.model, "WDC WD5000AAKX-001CA0");
	ck_assert_str_eq(smart.serial, "WD-WCAYU1234567");
	ck_assert_int_eq(smart.verdict, HW_SMART_PASSED);
	ck_assert(smart.has_temperature);
	ck_assert_int_eq(smart.temperature_c, 41);
	ck_assert_uint_eq(smart.power_on_hours, 41234);
	ck_assert_uint_eq(smart.reallocated, 12);
	ck_assert_uint_eq(smart.spin_retries, 1);
	ck_assert_uint_eq(smart.uncorrected, 3);
	ck_assert_uint_eq(smart.timeouts, 2); /* the first 16 of the bits 0x000200020002 */
	ck_assert_uint_eq(smart.pending, 4);
	ck_assert_uint_eq(smart.offline_uncorrected, 5);
	ck_assert_uint_eq(smart.soft_read_errors, 6);
}
END_TEST

START_TEST(reads_a_failing_nvme)
{
	struct err err = ERR_INIT;
	struct hw_smart smart;
	size_t size;
	cleanup_free char *text = check_read("tests/fuzz/corpus/smart/nvme-failing", &size);

	ck_assert_int_eq(hw_smart_parse(text, size, &smart, &err), 0);
	ck_assert_int_eq(smart.verdict, HW_SMART_FAILED);
	ck_assert_uint_eq(smart.critical_warning, 4);
	ck_assert_uint_eq(smart.media_errors, 17);
	ck_assert(smart.has_percentage_used);
	ck_assert_uint_eq(smart.percentage_used, 103);
}
END_TEST

START_TEST(reads_a_disk_without_smart)
{
	struct err err = ERR_INIT;
	struct hw_smart smart;
	size_t size;
	cleanup_free char *text = check_read("tests/fuzz/corpus/smart/none", &size);

	ck_assert_int_eq(hw_smart_parse(text, size, &smart, &err), 0);
	ck_assert_int_eq(smart.verdict, HW_SMART_UNKNOWN);
	ck_assert(!smart.has_temperature);
	ck_assert_str_eq(hw_smart_verdict_name(smart.verdict), "unknown");
}
END_TEST

static const struct {
	const char *text;
	int result;
} texts[] = {
	{"{\"smartctl\":{}}", 0},
	{"{\"smartctl\":{},\"temperature\":{\"current\":0}}", 0},
	{"{\"smartctl\":{},\"temperature\":{\"current\":5000}}", 0},
	{"{\"smartctl\":{},\"model_name\":7,\"ata_smart_attributes\":{\"table\":[1,{},{\"id\":5}]}"
	 "}",
		0},
	{"{\"smartctl\":{},\"ata_smart_attributes\":{\"table\":[{\"id\":5,\"raw\":{\"value\":-1}}]}"
	 "}",
		0},
	{"{}", -EBADMSG},
	{"", -EBADMSG},
	{"smartctl: not found", -EBADMSG},
};

START_TEST(reads_with_care)
{
	struct err err = ERR_INIT;
	struct hw_smart smart;

	ck_assert_int_eq(hw_smart_parse(texts[_i].text, strlen(texts[_i].text), &smart, &err),
		texts[_i].result);
	if (texts[_i].result < 0)
		return;
	ck_assert(!smart.has_temperature);
	ck_assert_uint_eq(smart.reallocated, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("smart");

	tcase_add_test(tcase, reads_an_ata_disk);
	tcase_add_test(tcase, reads_a_failing_nvme);
	tcase_add_test(tcase, reads_a_disk_without_smart);
	tcase_add_loop_test(tcase, reads_with_care, 0, COUNT(texts));
	return unit_main("smart", tcase);
}
