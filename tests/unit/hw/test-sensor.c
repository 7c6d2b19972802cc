#include "hw/sensor.h"

#include <errno.h>
#include <string.h>

#include "../check_dir.h"

static const struct {
	const char *text;
	int result;
	uint64_t total, available;
} infos[] = {
	{"MemTotal:        4000 kB\nMemFree: 1 kB\nMemAvailable:    1000 kB\n", 0, 4096000,
		1024000},
	{"MemTotal: 4000 kB\n", -EBADMSG, 0, 0},
	{"MemTotal: x kB\nMemAvailable: 1 kB\n", -EBADMSG, 0, 0},
	{"", -EBADMSG, 0, 0},
};

START_TEST(reads_memory)
{
	struct hw_sensor_memory memory = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(hw_sensor_memory_parse(infos[_i].text, &memory, &err), infos[_i].result);
	ck_assert_uint_eq(memory.total_bytes, infos[_i].total);
	ck_assert_uint_eq(memory.available_bytes, infos[_i].available);
}
END_TEST

START_TEST(reads_rss)
{
	ck_assert_uint_eq(hw_sensor_rss_parse("Name:\tx\nVmRSS:\t    4160 kB\n"), 4160 * 1024);
	ck_assert_uint_eq(hw_sensor_rss_parse("Name:\tx\n"), 0);
}
END_TEST

START_TEST(prefers_the_processors_chip)
{
	struct err err = ERR_INIT;
	double c;

	ck_assert_int_eq(hw_sensor_temperature_read(check_dir, &c, &err), -ENODATA);
	check_dir_put("class/thermal/thermal_zone0/temp", "27800\n");
	ck_assert_int_eq(hw_sensor_temperature_read(check_dir, &c, &err), 0);
	ck_assert_double_eq_tol(c, 27.8, 0.001);
	check_dir_put("class/hwmon/hwmon0/name", "nvme\n");
	check_dir_put("class/hwmon/hwmon0/temp1_input", "88000\n");
	check_dir_put("class/hwmon/hwmon1/name", "coretemp\n");
	check_dir_put("class/hwmon/hwmon1/temp2_input", "51000\n");
	check_dir_put("class/hwmon/hwmon1/temp3_input", "53000\n");
	check_dir_put("class/hwmon/hwmon1/temp4_input", "0\n");
	check_dir_put("class/hwmon/hwmon1/temp5_input", "999999\n");
	check_dir_put("class/hwmon/hwmon1/temp6_input", "hot\n");
	ck_assert_int_eq(hw_sensor_temperature_read(check_dir, &c, &err), 0);
	ck_assert_double_eq_tol(c, 53, 0.001);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sensor");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, reads_memory, 0, COUNT(infos));
	tcase_add_test(tcase, reads_rss);
	tcase_add_test(tcase, prefers_the_processors_chip);
	return unit_main("sensor", tcase);
}
