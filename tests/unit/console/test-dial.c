#include "console/fleet/dial.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

static const struct {
	const char *text;
	int verdict;
} banners[] = {
	{"", 0},
	{"S", 0},
	{"SSH-2.0", 0},
	{"SSH-2.0-", 0},
	{"SSH-2.0-OpenSSH_9.2p1", 0},
	{"SSH-2.0-OpenSSH_9.2p1\r\n", 1},
	{"SSH-2.0-x\n\x01\x02", 1},
	{"SSH-1.99-x\r\n", 1},
	{"SSH-1.5-x\r\n", -1},
	{"SSH-2.0\r\n", -1},
	{"HTTP/1.1", -1},
	{"\n", -1},
	{"ssh-2.0-x\n", -1},
	{" SSH-2.0-x\n", -1},
};

START_TEST(judge_banners)
{
	ck_assert_int_eq(
		dial_banner_check(banners[_i].text, strlen(banners[_i].text)), banners[_i].verdict);
}
END_TEST

START_TEST(longest_banner_and_one_more)
{
	char text[256];

	snprintf(text, sizeof(text), "SSH-2.0-");
	memset(text + 8, 'a', sizeof(text) - 8);
	ck_assert_int_eq(dial_banner_check(text, 254), 0);
	ck_assert_int_eq(dial_banner_check(text, 255), -1);
	text[253] = '\n';
	ck_assert_int_eq(dial_banner_check(text, 254), 1);
}
END_TEST

/* A dial whose connection is one end of a socket pair. */
static int begin(struct dial *dial)
{
	struct address_lookup lookup = {.count = 1};
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	dial_init(dial, &lookup, 3000, 5000);
	dial->tried = 1;
	dial->fd = pair[0];
	ck_assert_int_eq(dial_events(dial), POLLOUT);
	return pair[1];
}

START_TEST(banner_comes_in_pieces)
{
	struct err err = ERR_INIT;
	struct dial dial;
	int other = begin(&dial), fd;
	char seen[32];

	ck_assert_int_eq(dial_step(&dial, 1000, &err), 0);
	ck_assert_int_eq(dial_events(&dial), POLLIN);
	ck_assert_uint_eq(dial.deadline_us, 6000);
	ck_assert_int_eq(write(other, "SSH-2", 5), 5);
	ck_assert_int_eq(dial_step(&dial, 2000, &err), 0);
	ck_assert_int_eq(write(other, ".0-x\n", 5), 5);
	ck_assert_int_eq(dial_step(&dial, 3000, &err), 1);
	fd = dial_take(&dial);
	ck_assert_int_eq(read(fd, seen, sizeof(seen)), 10);
	dial_done(&dial);
	close(fd);
	close(other);
}
END_TEST

/* What the other side does, and what the dial makes of it at the deadline. */
static const struct {
	const char *says;
	bool hangs_up;
	uint64_t when_us;
	enum fault fault;
} failures[] = {
	{NULL, false, 6000, FAULT_SILENT},
	{"SSH-2.0", false, 6000, FAULT_GARBAGE},
	{"hello", false, 1500, FAULT_GARBAGE},
	{NULL, true, 1500, FAULT_EXCHANGE},
};

START_TEST(banner_does_not_come)
{
	struct err err = ERR_INIT;
	struct dial dial;
	int other = begin(&dial);

	ck_assert_int_eq(dial_step(&dial, 1000, &err), 0);
	if (failures[_i].says)
		ck_assert_int_gt(write(other, failures[_i].says, strlen(failures[_i].says)), 0);
	if (failures[_i].hangs_up)
		close(other);
	else
		ck_assert_int_ge(dial_step(&dial, 1400, &err), failures[_i].says ? -EPROTO : 0);
	if (dial.fault == FAULT_NONE)
		ck_assert_int_lt(dial_step(&dial, failures[_i].when_us, &err), 0);
	ck_assert_int_eq(dial.fault, failures[_i].fault);
	ck_assert_int_eq(dial.fd, -1);
	if (!failures[_i].hangs_up)
		close(other);
}
END_TEST

START_TEST(name_without_address)
{
	struct address_lookup lookup = {0};
	struct err err = ERR_INIT;
	struct dial dial;

	err_set(&lookup.why, ERR_NETWORK, ENOENT, "look up nobody: no such name");
	dial_init(&dial, &lookup, 1, 1);
	ck_assert_int_eq(dial_step(&dial, 0, &err), -ENOENT);
	ck_assert_int_eq(dial.fault, FAULT_NAME);
	ck_assert_str_eq(err.text, "look up nobody: no such name");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("dial");

	tcase_add_loop_test(tcase, judge_banners, 0, COUNT(banners));
	tcase_add_test(tcase, longest_banner_and_one_more);
	tcase_add_test(tcase, banner_comes_in_pieces);
	tcase_add_loop_test(tcase, banner_does_not_come, 0, COUNT(failures));
	tcase_add_test(tcase, name_without_address);
	return unit_main("dial", tcase);
}
