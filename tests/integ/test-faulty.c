/* Boxes that are not well: a TCP server on 127.0.0.1 that misbehaves as told.
 *   test-faulty silent|garbage|flood|endless-banner|slow-banner|hang-up|banner-only
 * Prints its port, then serves until it is killed. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512

enum fault {
	SILENT,
	GARBAGE,
	FLOOD, /* lines that are no banner, without end */
	ENDLESS_BANNER, /* "SSH-2.0-aaaa..." without a line end */
	SLOW_BANNER, /* a byte every 100 ms */
	HANG_UP,
	BANNER_ONLY, /* a banner, then nothing */
	FAULTS,
};

static const char *const names[FAULTS] = {
	"silent", "garbage", "flood", "endless-banner", "slow-banner", "hang-up", "banner-only"};

static int listen_somewhere(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 512) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -1;
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void send_text(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void greet(int fd, enum fault fault)
{
	switch (fault) {
	case GARBAGE:
		send_text(fd, "HTTP/1.1 400 Bad Request\r\n\r\n\033[2J\033]0;pwned\007");
		return;
	case ENDLESS_BANNER:
		send_text(fd, "SSH-2.0-");
		return;
	case BANNER_ONLY:
		send_text(fd, "SSH-2.0-OpenSSH_9.2\r\n");
		return;
	case SILENT:
	case FLOOD:
	case SLOW_BANNER:
	case HANG_UP:
	case FAULTS:
		return;
	}
}

/* What goes on after the greeting. */
static void annoy(int fd, enum fault fault)
{
	static char block[65536];

	if (fault == FLOOD || fault == ENDLESS_BANNER) {
		memset(block, 'a', sizeof(block));
		for (size_t i = 99; fault == FLOOD && i < sizeof(block); i += 100)
			block[i] = '\n';
		while (send(fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
			;
	}
	if (fault == SLOW_BANNER)
		send_text(fd, "S");
}

int main(int argc, char **argv)
{
	int connections[CONNECTIONS_MAX], listener;
	enum fault fault = SILENT;
	size_t count = 0;

	while (argc == 2 && fault < FAULTS && strcmp(names[fault], argv[1]) != 0)
		fault++;
	if (argc != 2 || fault == FAULTS)
		return 2;
	listener = listen_somewhere();
	if (listener < 0)
		return 1;
	for (;;) {
		struct pollfd fd = {.fd = listener, .events = POLLIN};

		if (poll(&fd, 1, 100) > 0) {
			int one = accept(listener, NULL, NULL);

			if (one >= 0 && (fault == HANG_UP || count == CONNECTIONS_MAX)) {
				close(one);
			} else if (one >= 0) {
				greet(one, fault);
				connections[count++] = one;
			}
		}
		for (size_t i = 0; i < count; i++)
			annoy(connections[i], fault);
	}
}
