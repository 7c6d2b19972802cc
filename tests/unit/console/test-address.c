#include "console/fleet/address.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

/* Text, what host and port it is, and how it is shown; host NULL: refused. */
static const struct {
	const char *text, *host;
	uint16_t port;
	const char *shown;
} addresses[] = {
	{"tienda.local", "tienda.local", 22, "tienda.local"},
	{"tienda.local:2222", "tienda.local", 2222, "tienda.local:2222"},
	{"10.0.0.5", "10.0.0.5", 22, "10.0.0.5"},
	{"10.0.0.5:1", "10.0.0.5", 1, "10.0.0.5:1"},
	{"10.0.0.5:65535", "10.0.0.5", 65535, "10.0.0.5:65535"},
	{"::1", "::1", 22, "::1"},
	{"[::1]", "::1", 22, "::1"},
	{"[fe80::1]:22", "fe80::1", 22, "fe80::1"},
	{"[fe80::1]:23", "fe80::1", 23, "[fe80::1]:23"},
	{"10.0.0.5:0", NULL, 0, NULL},
	{"10.0.0.5:65536", NULL, 0, NULL},
	{"10.0.0.5:", NULL, 0, NULL},
	{"10.0.0.5:22x", NULL, 0, NULL},
	{":22", NULL, 0, NULL},
	{"", NULL, 0, NULL},
	{"[::1", NULL, 0, NULL},
	{"[::1]x", NULL, 0, NULL},
	{"[]", NULL, 0, NULL},
	{"-oProxyCommand=x", NULL, 0, NULL},
	{"user@host", NULL, 0, NULL},
	{"a b", NULL, 0, NULL},
	{"a\033[2J", NULL, 0, NULL},
	{"caf\xc3\xa9", NULL, 0, NULL},
};

START_TEST(parse_and_format)
{
	struct address address = {.host = "same", .port = 7};
	char shown[ADDRESS_TEXT_SIZE];
	struct err err = ERR_INIT;
	int r = address_parse(addresses[_i].text, 22, &address, &err);

	if (!addresses[_i].host) {
		ck_assert_int_lt(r, 0);
		ck_assert_int_eq(err.kind, ERR_CONFIG);
		ck_assert_str_eq(address.host, "same");
		ck_assert_uint_eq(address.port, 7);
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(address.host, addresses[_i].host);
	ck_assert_uint_eq(address.port, addresses[_i].port);
	address_format(&address, shown);
	ck_assert_str_eq(shown, addresses[_i].shown);
}
END_TEST

START_TEST(longest_host_and_one_more)
{
	char text[ADDRESS_HOST_SIZE + 1];
	struct address address;
	struct err err = ERR_INIT;

	memset(text, 'a', sizeof(text));
	text[ADDRESS_HOST_SIZE - 1] = '\0';
	ck_assert_int_eq(address_parse(text, 22, &address, &err), 0);
	text[ADDRESS_HOST_SIZE - 1] = 'a';
	text[ADDRESS_HOST_SIZE] = '\0';
	ck_assert_int_eq(address_parse(text, 22, &address, &err), -EINVAL);
}
END_TEST

START_TEST(numbers_need_no_resolver)
{
	static const struct address both[2] = {{"127.0.0.1", 22}, {"::1", 23}};
	struct address_lookup lookups[2];
	struct err err = ERR_INIT;

	ck_assert_int_eq(address_look_up(both, 2, 0, lookups, &err), 0);
	ck_assert_uint_eq(lookups[0].count, 1);
	ck_assert_int_eq(lookups[0].sockets[0].v4.sin_family, AF_INET);
	ck_assert_uint_eq(ntohs(lookups[0].sockets[0].v4.sin_port), 22);
	ck_assert_uint_eq(lookups[1].count, 1);
	ck_assert_int_eq(lookups[1].sockets[0].v6.sin6_family, AF_INET6);
	ck_assert_uint_eq(ntohs(lookups[1].sockets[0].v6.sin6_port), 23);
	ck_assert_int_eq(address_look_up(both, 0, 0, lookups, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("address");

	tcase_add_loop_test(tcase, parse_and_format, 0, COUNT(addresses));
	tcase_add_test(tcase, longest_host_and_one_more);
	tcase_add_test(tcase, numbers_need_no_resolver);
	return unit_main("address", tcase);
}
