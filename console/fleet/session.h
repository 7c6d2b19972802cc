/* One SSH connection to a box as a state machine that never blocks: connect, banner, key
 * exchange, host key, login, channel, command. The only user of libssh. Host keys are judged by
 * the caller, never by a known_hosts file or at first sight. */
#ifndef NEXUS_CONSOLE_FLEET_SESSION_H
#define NEXUS_CONSOLE_FLEET_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "console/fleet/address.h"
#include "console/fleet/fault.h"

#define SESSION_DEADLINE_NEVER UINT64_MAX

/* A private key, loaded once and shared by all sessions. */
struct session_identity;

/* Reads an unencrypted OpenSSH private key. -EBADMSG. */
int session_identity_parse(const char *text, struct session_identity **ret, struct err *err)
	__attribute__((warn_unused_result));
/* Its public half as an SSH key line without a comment; owned. */
int session_identity_public(const struct session_identity *identity, char **ret_line,
	struct err *err) __attribute__((warn_unused_result));
void session_identity_free(struct session_identity *identity);
CLEANUP_DEFINE(session_identity, struct session_identity *, session_identity_free);
#define cleanup_session_identity CLEANUP(session_identity)

/* Judges the host key (wire form) that a server has proved to hold: 0 and the identity to log in
 * with (borrowed until the session is freed), or an error that ends the session. */
typedef int session_host_fn(void *context, const void *blob, size_t size,
	struct session_identity **ret_identity, struct err *err);

struct session_limits { /* microseconds */
	uint64_t connect_us, banner_us;
	uint64_t login_us; /* key exchange to running command */
};

/* 3 s, 3 s and login_us. */
struct session_limits session_limits_of(uint64_t login_us);

struct session_terminal {
	const char *type; /* borrowed, e.g. "xterm" */
	int columns, rows;
};

struct session_options {
	const struct address_lookup *lookup; /* copied */
	const char *user; /* borrowed; outlives the session */
	const char *command; /* borrowed; outlives the session */
	const struct session_terminal *terminal; /* NULL: none; borrowed until open */
	session_host_fn *host;
	void *context; /* handed to host */
	struct session_limits limits;
};

enum session_phase {
	SESSION_DIALING,
	SESSION_GREETING, /* connected; waits for the server's banner */
	SESSION_DIALED, /* an SSH server is there; waits for session_permit */
	SESSION_EXCHANGING,
	SESSION_LOGGING_IN,
	SESSION_OPENING, /* channel, terminal, command */
	SESSION_OPEN,
	SESSION_FAILED,
};

struct session;

/* Begins nothing yet: the first step does. */
int session_new(const struct session_options *options, struct session **ret, struct err *err)
	__attribute__((warn_unused_result));
void session_free(struct session *session);
CLEANUP_DEFINE(session, struct session *, session_free);
#define cleanup_session CLEANUP(session)

/* Lets a session go on past SESSION_DIALED; may be called at any time before. */
void session_permit(struct session *session, uint64_t now_us);

/* Goes on as far as it can: 1 once open, 0 when waiting, or why it failed; then session_fault
 * says at which step. */
int session_step(struct session *session, uint64_t now_us, struct err *err)
	__attribute__((warn_unused_result));

enum session_phase session_phase(const struct session *session);
enum fault session_fault(const struct session *session);

/* What to wait for: descriptor (-1: none) and poll events, and when to step at the latest. */
int session_fd(const struct session *session);
short session_events(const struct session *session);
uint64_t session_deadline_us(const struct session *session);

/* Grants more time when it was we who were late. */
void session_extend(struct session *session, uint64_t extra_us);

/* The text that the server shows before login, made harmless: owned, NULL if there is none. */
char *session_notice(struct session *session);

/* --- once open --- */

/* Reads what has come on stdout (stream 0) or stderr (1): the number of bytes, 0 at its end,
 * -EAGAIN when nothing is there (err untouched), or -ECONNRESET. */
ssize_t session_read(struct session *session, int stream, void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* Writes as much as fits now: the number of bytes, perhaps 0. */
ssize_t session_write(struct session *session, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* Tells the command that its input ends. */
void session_write_end(struct session *session);

/* True once the command has ended; its exit status, or -1 while not known. */
bool session_ended(struct session *session);
int session_exit_status(struct session *session);

void session_resize(struct session *session, int columns, int rows);

#endif
