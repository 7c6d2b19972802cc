/* Where a box is: a host name or numeric address with a port, and looking names up within a
 * time limit. */
#ifndef NEXUS_CONSOLE_FLEET_ADDRESS_H
#define NEXUS_CONSOLE_FLEET_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

#define ADDRESS_HOST_SIZE 256
#define ADDRESS_TEXT_SIZE (ADDRESS_HOST_SIZE + 8)
#define ADDRESS_SOCKETS_MAX 4

struct address {
	char host[ADDRESS_HOST_SIZE]; /* a name or a numeric address without brackets */
	uint16_t port; /* 1 to 65535 */
};

union address_socket {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* What a host stands for, in the order in which to try. */
struct address_lookup {
	union address_socket sockets[ADDRESS_SOCKETS_MAX];
	size_t count; /* 0: nothing found; why says why */
	struct err why;
};

/* Reads "host", "host:port", "1.2.3.4:22", "::1", "[::1]:22". -EINVAL; -ERANGE for a port that
 * can't be. */
int address_parse(const char *text, uint16_t default_port, struct address *ret, struct err *err)
	__attribute__((warn_unused_result));

/* "host:port", with brackets where they are needed; without ":22". */
void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_SIZE]);

/* Looks up count hosts at once; numeric ones take no time, names at most timeout_us in all.
 * Each result tells its own failure. Fails only without memory. A look-up that is still under
 * way past its time keeps its memory for as long as the process lives. */
int address_look_up(const struct address *addresses, size_t count, uint64_t timeout_us,
	struct address_lookup *ret_lookups, struct err *err) __attribute__((warn_unused_result));

#endif
