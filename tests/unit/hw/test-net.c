#include "hw/net.h"

#include "../check_dir.h"

static void put_port(const char *name, const char *type, const char *carrier)
{
	cleanup_free char *at = str_printf("class/net/%s/type", name);
	cleanup_free char *vendor = str_printf("class/net/%s/device/vendor", name);
	cleanup_free char *device = str_printf("class/net/%s/device/device", name);
	cleanup_free char *link = str_printf("class/net/%s/carrier", name);

	check_dir_put(at, type);
	check_dir_put(vendor, "0x8086\n");
	check_dir_put(device, "0x1502\n");
	if (carrier)
		check_dir_put(link, carrier);
}

START_TEST(none)
{
	struct hw_net net;

	hw_net_read(check_dir, &net);
	ck_assert_uint_eq(net.count, 0);
	ck_assert_uint_eq(net.without_driver, 0);
}
END_TEST

START_TEST(ports)
{
	struct hw_net net;

	put_port("enp3s0", "1\n", "0\n");
	put_port("eno1", "1\n", "1\n");
	put_port("enp4s0", "1\n", NULL);
	put_port("wlan0", "1\n", "1\n");
	check_dir_put("class/net/wlan0/wireless/x", "");
	put_port("ib0", "32\n", "1\n");
	check_dir_put("class/net/lo/type", "772\n");
	check_dir_put("class/net/br0/type", "1\n");
	check_dir_put("drivers/e1000e/bind", "");
	ck_assert_int_eq(symlinkat("../../../../drivers/e1000e", check_dir_fd,
				 "class/net/eno1/device/driver"),
		0);
	hw_net_read(check_dir, &net);
	ck_assert_uint_eq(net.count, 3);
	ck_assert_str_eq(net.ports[0].name, "eno1");
	ck_assert_str_eq(net.ports[0].driver, "e1000e");
	ck_assert_str_eq(net.ports[0].chip, "8086:1502");
	ck_assert_int_eq(net.ports[0].link, HW_NET_LINK_UP);
	ck_assert_int_eq(net.ports[1].link, HW_NET_LINK_NONE);
	ck_assert_str_eq(net.ports[1].driver, "");
	ck_assert_int_eq(net.ports[2].link, HW_NET_LINK_UNKNOWN);
}
END_TEST

START_TEST(a_chip_without_driver)
{
	struct hw_net net;

	check_dir_put("bus/pci/devices/0000:02:00.0/class", "0x020000\n");
	check_dir_put("bus/pci/devices/0000:03:00.0/class", "0x020000\n");
	check_dir_put("bus/pci/devices/0000:03:00.0/driver/bind", "");
	check_dir_put("bus/pci/devices/0000:04:00.0/class", "0x028000\n");
	hw_net_read(check_dir, &net);
	ck_assert_uint_eq(net.without_driver, 1);
}
END_TEST

START_TEST(no_more_than_the_limit)
{
	struct hw_net net;

	for (int i = 0; i < HW_NET_MAX + 1; i++) {
		char name[16];

		snprintf(name, sizeof(name), "eth%d", i);
		put_port(name, "1\n", "1\n");
	}
	hw_net_read(check_dir, &net);
	ck_assert_uint_eq(net.count, HW_NET_MAX);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("net");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, none);
	tcase_add_test(tcase, ports);
	tcase_add_test(tcase, a_chip_without_driver);
	tcase_add_test(tcase, no_more_than_the_limit);
	return unit_main("hw/net", tcase);
}
