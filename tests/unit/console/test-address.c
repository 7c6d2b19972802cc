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
	{"a/b", NULL, 0, NULL},
	{"a\"b", NULL, 0, NULL},
	{"a'b", NULL, 0, NULL},
	{"a\\b", NULL, 0, NULL},
	{"a[b", NULL, 0, NULL},
	{"a]b", NULL, 0, NULL},
	{"a\x7f", NULL, 0, NULL},
	{"a~b", "a~b", 22, "a~b"},
	{"a!b", "a!b", 22, "a!b"},
	{"a-b-", "a-b-", 22, "a-b-"},
	{"[-x]", NULL, 0, NULL},
	{"[::1]:", NULL, 0, NULL},
	{"[::1]:0", NULL, 0, NULL},
	{"[::1]22", NULL, 0, NULL},
	/* Two colons and no brackets: all of it is the address. */
	{"::1:2222", "::1:2222", 22, "::1:2222"},
	{"fe80::1%eth0", "fe80::1%eth0", 22, "fe80::1%eth0"},
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
	ck_assert_ptr_nonnull(strstr(err.text, "too long"));
}
END_TEST

START_TEST(port_that_is_not_given)
{
	struct address address;
	struct err err = ERR_INIT;

	ck_assert_int_eq(address_parse("caja", 2022, &address, &err), 0);
	ck_assert_uint_eq(address.port, 2022);
	ck_assert_int_eq(address_parse("[::1]", 2022, &address, &err), 0);
	ck_assert_uint_eq(address.port, 2022);
	ck_assert_int_eq(address_parse("caja:99999", 2022, &address, &err), -ERANGE);
	ck_assert_ptr_nonnull(strstr(err.text, "read port of address"));
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

/* Names: one that only the resolver takes for a number, and one that is too long for the DNS, so
 * that nobody is asked. Each tells its own fate; a number beside them is not held up. */
START_TEST(names_tell_each_their_own)
{
	struct address all[3] = {{"127.1", 2222}, {"", 22}, {"127.0.0.1", 24}};
	struct address_lookup lookups[3];
	struct err err = ERR_INIT;

	memset(all[1].host, 'a', 64);
	ck_assert_int_eq(address_look_up(all, 3, 20 * 1000000, lookups, &err), 0);
	ck_assert_uint_ge(lookups[0].count, 1);
	ck_assert_uint_le(lookups[0].count, ADDRESS_SOCKETS_MAX);
	for (size_t i = 0; i < lookups[0].count; i++) {
		bool v4 = lookups[0].sockets[i].any.sa_family == AF_INET;

		ck_assert_uint_eq(ntohs(v4 ? lookups[0].sockets[i].v4.sin_port
					   : lookups[0].sockets[i].v6.sin6_port),
			2222);
	}
	ck_assert_uint_eq(lookups[1].count, 0);
	ck_assert_int_eq(lookups[1].why.kind, ERR_NETWORK);
	ck_assert_int_eq(lookups[1].why.code, ENOENT);
	ck_assert_ptr_nonnull(strstr(lookups[1].why.text, "look up aaaa"));
	ck_assert_uint_eq(lookups[2].count, 1);
	ck_assert_int_eq(lookups[2].why.code, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("address");

	tcase_add_loop_test(tcase, parse_and_format, 0, COUNT(addresses));
	tcase_add_test(tcase, longest_host_and_one_more);
	tcase_add_test(tcase, numbers_need_no_resolver);
	tcase_add_test(tcase, port_that_is_not_given);
	tcase_add_test(tcase, names_tell_each_their_own);
	tcase_set_timeout(tcase, 60);
	return unit_main("address", tcase);
}
