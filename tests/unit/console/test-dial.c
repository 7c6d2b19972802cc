#include "console/fleet/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
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

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &size), 0);
	return value;
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
	/* The deadline is that of the whole banner; a byte more is what wakes us. */
	ck_assert_uint_eq(dial.deadline_us, 6000);
	ck_assert_int_eq(option(dial.fd, SOL_SOCKET, SO_RCVLOWAT), 6);
	ck_assert_int_eq(dial_step(&dial, 5999, &err), 0);
	ck_assert_int_eq(write(other, ".0-x\n", 5), 5);
	ck_assert_int_eq(dial_step(&dial, 6001, &err), 1);
	ck_assert_int_eq(option(dial.fd, SOL_SOCKET, SO_RCVLOWAT), 1);
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
	ck_assert_int_eq(err.kind, ERR_NETWORK);
	ck_assert_ptr_nonnull(strstr(err.text, "read SSH banner: "));
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

/* What an address is like. */
enum way {
	WAY_OPEN, /* somebody listens */
	WAY_CLOSED, /* a port of this machine where nobody does */
	WAY_FULL, /* a listener that takes nobody more: connecting never ends */
	WAY_NO_FAMILY, /* nothing that this machine has a way to */
};

static int listeners[4], fillers[16];
static int listener_count, filler_count;

static void close_all(void)
{
	while (listener_count)
		close(listeners[--listener_count]);
	while (filler_count)
		close(fillers[--filler_count]);
}

/* Connections until one stays under way: then the queue is full. */
static void fill_queue(const union address_socket *to)
{
	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

		ck_assert_int_lt(filler_count, COUNT(fillers));
		fillers[filler_count++] = fd;
		ck_assert_int_ge(fd, 0);
		if (connect(fd, &to->any, sizeof(to->v4)) < 0 && poll(&poll_fd, 1, 200) == 0)
			return;
	}
}

static union address_socket make_way(enum way way)
{
	union address_socket to = {.v4 = {.sin_family = AF_INET}};
	socklen_t size = sizeof(to.v4);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, &to.any, size), 0);
	ck_assert_int_eq(getsockname(fd, &to.any, &size), 0);
	listeners[listener_count++] = fd; /* bound without listening: closed */
	if (way == WAY_OPEN || way == WAY_FULL)
		ck_assert_int_eq(listen(fd, way == WAY_OPEN ? 8 : 0), 0);
	if (way == WAY_FULL)
		fill_queue(&to);
	if (way == WAY_NO_FAMILY)
		to.any.sa_family = AF_MAX;
	return to;
}

/* Addresses in the order in which they are tried, and how that ends. */
static const struct {
	size_t count;
	enum way ways[2];
	bool connects;
	enum fault fault;
	int code;
	enum err_kind kind;
} connections[] = {
	{1, {WAY_OPEN}, true, FAULT_NONE, 0, ERR_SYSTEM},
	{1, {WAY_CLOSED}, false, FAULT_REFUSED, -ECONNREFUSED, ERR_NETWORK},
	{1, {WAY_FULL}, false, FAULT_AWAY, -ETIMEDOUT, ERR_NETWORK},
	{1, {WAY_NO_FAMILY}, false, FAULT_AWAY, -EAFNOSUPPORT, ERR_NETWORK},
	/* The next is tried after each sort of failure. */
	{2, {WAY_CLOSED, WAY_OPEN}, true, FAULT_NONE, 0, ERR_SYSTEM},
	{2, {WAY_FULL, WAY_OPEN}, true, FAULT_NONE, 0, ERR_SYSTEM},
	{2, {WAY_NO_FAMILY, WAY_OPEN}, true, FAULT_NONE, 0, ERR_SYSTEM},
	/* The last one's reason is told. */
	{2, {WAY_FULL, WAY_CLOSED}, false, FAULT_REFUSED, -ECONNREFUSED, ERR_NETWORK},
	{2, {WAY_CLOSED, WAY_FULL}, false, FAULT_AWAY, -ETIMEDOUT, ERR_NETWORK},
	{2, {WAY_FULL, WAY_FULL}, false, FAULT_AWAY, -ETIMEDOUT, ERR_NETWORK},
};

/* Steps within a time that stands still, as long as something can happen. */
static int settle(struct dial *dial, uint64_t now_us, struct err *err)
{
	int r;

	do {
		struct pollfd poll_fd;

		r = dial_step(dial, now_us, err);
		if (r != 0 || dial->connected)
			return r;
		poll_fd = (struct pollfd){.fd = dial->fd, .events = dial_events(dial)};
		if (poll(&poll_fd, 1, 300) == 0)
			return 0;
	} while (true);
}

START_TEST(connects_in_order)
{
	struct address_lookup lookup = {.count = connections[_i].count};
	struct err err = ERR_INIT;
	struct dial dial;
	uint64_t now = 10000;
	int r = 0;

	for (size_t i = 0; i < lookup.count; i++)
		lookup.sockets[i] = make_way(connections[_i].ways[i]);
	dial_init(&dial, &lookup, 3000, 5000);
	ck_assert_int_eq(dial_events(&dial), 0);
	for (size_t i = 0; i < lookup.count; i++) {
		r = settle(&dial, now, &err);
		if (r < 0 || dial.connected)
			break;
		/* Each address has its own time, to the end. */
		ck_assert_uint_eq(dial.deadline_us, now + 3000);
		ck_assert_int_eq(dial_step(&dial, now + 2999, &err), 0);
		ck_assert(!dial.connected);
		now += 3000;
	}
	if (!dial.connected && r == 0)
		r = dial_step(&dial, now, &err);
	ck_assert_int_eq(r, connections[_i].code);
	ck_assert_int_eq(dial.fault, connections[_i].fault);
	ck_assert_int_eq(dial.connected, connections[_i].connects);
	if (r < 0) {
		ck_assert_int_eq(err.kind, connections[_i].kind);
		ck_assert_ptr_nonnull(strstr(err.text, "connect: "));
		ck_assert_int_eq(dial.fd, -1);
	} else {
		ck_assert_uint_eq(dial.deadline_us, now + 5000);
		ck_assert_int_eq(option(dial.fd, IPPROTO_TCP, TCP_NODELAY), 1);
		ck_assert_int_eq(option(dial.fd, SOL_SOCKET, SO_KEEPALIVE), 1);
		ck_assert_int_eq(option(dial.fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
		ck_assert_int_eq(option(dial.fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
		ck_assert_int_eq(option(dial.fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
		ck_assert_int_eq(fcntl(dial.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	}
	dial_done(&dial);
	ck_assert_int_eq(dial.fd, -1);
	close_all();
}
END_TEST

/* This machine has no descriptor left: its own doing, not the box's. */
START_TEST(no_descriptor_left)
{
	struct address_lookup lookup = {.count = 1};
	struct rlimit limit;
	struct err err = ERR_INIT;
	struct dial dial;

	lookup.sockets[0] = make_way(WAY_OPEN);
	dial_init(&dial, &lookup, 3000, 5000);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(dial_step(&dial, 0, &err), -EMFILE);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(dial.fault, FAULT_CONSOLE);
	ck_assert_int_eq(err.kind, ERR_SYSTEM); /* nothing about the network */
	ck_assert_ptr_nonnull(strstr(err.text, "connect: "));
	close_all();
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
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, connects_in_order, 0, COUNT(connections));
	tcase_add_test(tcase, no_descriptor_left);
	return unit_main("dial", tcase);
}
