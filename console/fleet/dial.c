#include "console/fleet/dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define BANNER_MAX 255 /* RFC 4253, section 4.2 */

void dial_init(struct dial *dial, const struct address_lookup *lookup, uint64_t connect_us,
	uint64_t banner_us)
{
	*dial = (struct dial){
		.lookup = *lookup, .fd = -1, .connect_us = connect_us, .banner_us = banner_us};
}

short dial_events(const struct dial *dial)
{
	if (dial->fd < 0)
		return 0;
	return dial->connected ? POLLIN : POLLOUT;
}

int dial_take(struct dial *dial)
{
	int fd = dial->fd;

	dial->fd = -1;
	return fd;
}

void dial_done(struct dial *dial)
{
	if (dial->fd >= 0)
		close(dial_take(dial));
}

static int fail(struct dial *dial, enum fault fault, int code, const char *what, struct err *err)
{
	dial_done(dial);
	dial->fault = fault;
	if (fault == FAULT_CONSOLE)
		return err_errno(err, code, "%s", what);
	return err_set(err, ERR_NETWORK, code, "%s: %s", what, err_reason(code));
}

/* 1 connected, 0 under way, else negative errno. */
static int try_next(struct dial *dial)
{
	const union address_socket *to = &dial->lookup.sockets[dial->tried++];
	socklen_t size = to->any.sa_family == AF_INET ? sizeof(to->v4) : sizeof(to->v6);
	int one = 1, idle_s = 30, probe_s = 10, probes = 3;

	dial->fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (dial->fd < 0)
		return -errno;
	/* Small requests, small answers: never wait to fill a segment. */
	(void)setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* A long job may be silent for hours; a box that lost its power is noticed in a minute. */
	(void)setsockopt(dial->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(dial->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(dial->fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe_s, sizeof(probe_s));
	(void)setsockopt(dial->fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	if (connect(dial->fd, &to->any, size) == 0)
		return 1;
	return errno == EINPROGRESS ? 0 : -errno;
}

static enum fault fault_of_connect(int code)
{
	switch (code) {
	case ECONNREFUSED:
	case ECONNRESET:
		return FAULT_REFUSED;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EACCES:
		return FAULT_CONSOLE;
	default:
		return FAULT_AWAY;
	}
}

/* Begins the next address, as long as there is one. Returns as try_next. */
static int begin(struct dial *dial, uint64_t now_us, int last, struct err *err)
{
	while (dial->tried < dial->lookup.count) {
		dial_done(dial);
		last = try_next(dial);
		if (last < 0)
			continue;
		dial->deadline_us = now_us + dial->connect_us;
		return last;
	}
	return fail(dial, fault_of_connect(-last), -last, "connect", err);
}

static int step_connect(struct dial *dial, uint64_t now_us, struct err *err)
{
	struct pollfd poll_fd = {.fd = dial->fd, .events = POLLOUT};
	int code = 0;
	socklen_t size = sizeof(code);

	if (dial->fd < 0)
		return begin(dial, now_us, -EHOSTUNREACH, err);
	if (poll(&poll_fd, 1, 0) == 1) {
		if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
			code = errno;
		if (code == 0)
			return 1;
		return begin(dial, now_us, -code, err);
	}
	if (now_us >= dial->deadline_us)
		return begin(dial, now_us, -ETIMEDOUT, err);
	return 0;
}

int dial_banner_check(const void *data, size_t size)
{
	static const char *const starts[] = {"SSH-2.0-", "SSH-1.99-"};
	const char *end = memchr(data, '\n', size);

	for (size_t i = 0; i < 2; i++) {
		size_t length = strlen(starts[i]);

		if (memcmp(data, starts[i], size < length ? size : length) != 0)
			continue;
		if (end && size > length)
			return 1;
		return size >= BANNER_MAX ? -1 : 0;
	}
	return -1;
}

/* Only looks: the bytes are left for libssh. While the line is incomplete the socket is told to
 * wake us for more than we saw, so that a slow banner is not a busy loop. */
static int step_banner(struct dial *dial, uint64_t now_us, struct err *err)
{
	char seen[BANNER_MAX];
	ssize_t n = recv(dial->fd, seen, sizeof(seen), MSG_PEEK | MSG_DONTWAIT);
	int low, checked;

	if (n == 0)
		return fail(dial, FAULT_EXCHANGE, ECONNRESET, "read SSH banner", err);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return fail(dial, FAULT_EXCHANGE, errno, "read SSH banner", err);
	checked = n > 0 ? dial_banner_check(seen, (size_t)n) : 0;
	if (checked < 0)
		return fail(dial, FAULT_GARBAGE, EPROTO, "read SSH banner", err);
	low = checked > 0 || n < 0 ? 1 : (int)n + 1;
	(void)setsockopt(dial->fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	if (checked > 0)
		return 1;
	if (now_us >= dial->deadline_us)
		return fail(dial, n > 0 ? FAULT_GARBAGE : FAULT_SILENT, ETIMEDOUT,
			"read SSH banner", err);
	return 0;
}

int dial_step(struct dial *dial, uint64_t now_us, struct err *err)
{
	int r;

	if (dial->lookup.count == 0) {
		dial->fault = FAULT_NAME;
		*err = dial->lookup.why;
		return -err->code;
	}
	if (!dial->connected) {
		r = step_connect(dial, now_us, err);
		if (r <= 0)
			return r;
		dial->connected = true;
		dial->deadline_us = now_us + dial->banner_us;
	}
	return step_banner(dial, now_us, err);
}
