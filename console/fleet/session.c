#include "console/fleet/session.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "console/fleet/dial.h"
#include "crypto/ssh_key.h"

/* Curve work costs 0.1 ms, the older ways up to 14 ms; boxes of ours speak these. */
#define EXCHANGES "curve25519-sha256,curve25519-sha256@libssh.org"
#define CIPHERS "aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com"
#define MACS "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256"
#define KEYS "ssh-ed25519"

struct session_identity {
	ssh_key key;
};

struct session {
	enum session_phase phase;
	enum fault fault;
	struct dial dial;
	struct session_options options;
	bool permitted;
	bool has_fd; /* libssh owns the descriptor */
	bool asked_terminal;
	ssh_session ssh;
	ssh_channel channel;
	struct session_identity *identity; /* borrowed */
	uint64_t deadline_us;
};

int session_identity_parse(const char *text, struct session_identity **ret, struct err *err)
{
	cleanup_session_identity struct session_identity *identity = calloc(1, sizeof(*identity));

	if (!identity)
		return err_oom(err);
	if (ssh_pki_import_privkey_base64(text, NULL, NULL, NULL, &identity->key) != SSH_OK)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"read private key: not an OpenSSH key without a password");
	*ret = TAKE(identity);
	return 0;
}

/* "type base64" of any key, or NULL. */
static char *public_line(ssh_key key)
{
	char *base64 = NULL, *line = NULL;

	if (ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK)
		line = str_printf("%s %s", ssh_key_type_to_char(ssh_key_type(key)), base64);
	ssh_string_free_char(base64);
	return line;
}

int session_identity_public(
	const struct session_identity *identity, char **ret_line, struct err *err)
{
	char *line = public_line(identity->key);

	if (!line)
		return err_oom(err);
	*ret_line = line;
	return 0;
}

void session_identity_free(struct session_identity *identity)
{
	if (!identity)
		return;
	ssh_key_free(identity->key);
	free(identity);
}

struct session_limits session_limits_of(uint64_t login_us)
{
	return (struct session_limits){
		.connect_us = 3000000, .banner_us = 3000000, .login_us = login_us};
}

int session_new(const struct session_options *options, struct session **ret, struct err *err)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return err_oom(err);
	session->options = *options;
	session->options.lookup = NULL;
	session->deadline_us = SESSION_DEADLINE_NEVER;
	dial_init(&session->dial, options->lookup, options->limits.connect_us,
		options->limits.banner_us);
	*ret = session;
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	dial_done(&session->dial);
	if (session->ssh) {
		if (session->has_fd)
			ssh_disconnect(session->ssh);
		ssh_free(session->ssh); /* and its channels */
	}
	free(session);
}

void session_permit(struct session *session, uint64_t now_us)
{
	session->permitted = true;
	if (session->phase == SESSION_DIALED)
		session->deadline_us = now_us + session->options.limits.login_us;
}

/* Ends the session. libssh's own words may quote the server, so they are made harmless. */
static int fail(
	struct session *session, enum fault fault, int code, const char *what, struct err *err)
{
	cleanup_free char *reason = NULL;
	const char *said = session->ssh ? ssh_get_error(session->ssh) : NULL;

	session->phase = SESSION_FAILED;
	session->fault = fault;
	if (said && *said && code != ETIMEDOUT) {
		reason = strndup(said, 300);
		if (reason)
			str_sanitize(reason);
	}
	return err_set(err, fault == FAULT_LOGIN ? ERR_DENIED : ERR_NETWORK, code, "%s: %s", what,
		reason ? reason : err_reason(code));
}

/* --- key exchange --- */

static int set_options(ssh_session ssh, const char *user, int fd)
{
	int no = 0, r;

	r = ssh_options_set(ssh, SSH_OPTIONS_PROCESS_CONFIG, &no);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_HOST, "box"); /* a label: the fd decides */
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_USER, user);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_KEY_EXCHANGE, EXCHANGES);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_CIPHERS_C_S, CIPHERS);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_CIPHERS_S_C, CIPHERS);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_HMAC_C_S, MACS);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_HMAC_S_C, MACS);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_HOSTKEYS, KEYS);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, KEYS);
	if (r == 0)
		r = ssh_options_set(ssh, SSH_OPTIONS_FD, &fd);
	return r;
}

static int begin_exchange(struct session *session, uint64_t now_us, struct err *err)
{
	session->ssh = ssh_new();
	if (!session->ssh ||
		set_options(session->ssh, session->options.user, session->dial.fd) != 0)
		return fail(session, FAULT_CONSOLE, ENOMEM, "set up SSH", err);
	ssh_set_blocking(session->ssh, 0);
	(void)dial_take(&session->dial); /* ssh_connect makes it libssh's */
	session->has_fd = true;
	session->phase = SESSION_EXCHANGING;
	session->deadline_us = now_us + session->options.limits.login_us;
	return 0;
}

/* Asks the caller about the server's key. ssh_get_server_publickey is the key that signed this
 * exchange. */
static int check_host(struct session *session, struct err *err)
{
	cleanup_free char *line = NULL;
	cleanup_free void *blob = NULL;
	ssh_key key = NULL;
	size_t size;
	int r;

	if (ssh_get_server_publickey(session->ssh, &key) != SSH_OK)
		return fail(session, FAULT_EXCHANGE, EPROTO, "read host key", err);
	line = public_line(key);
	ssh_key_free(key);
	if (!line)
		return fail(session, FAULT_CONSOLE, ENOMEM, "read host key", err);
	r = ssh_key_line_parse(line, &blob, &size, NULL, err);
	if (r == 0)
		r = session->options.host(
			session->options.context, blob, size, &session->identity, err);
	if (r < 0) {
		session->phase = SESSION_FAILED;
		session->fault = FAULT_HOST_KEY;
	}
	return r;
}

static int step_exchange(struct session *session, struct err *err)
{
	int r = ssh_connect(session->ssh);

	if (r == SSH_AGAIN)
		return 0;
	if (r != SSH_OK)
		return fail(session, FAULT_EXCHANGE, EPROTO, "exchange keys", err);
	r = check_host(session, err);
	if (r < 0)
		return r;
	session->phase = SESSION_LOGGING_IN;
	return 1;
}

/* --- login and command --- */

static int step_login(struct session *session, struct err *err)
{
	switch (ssh_userauth_publickey(session->ssh, NULL, session->identity->key)) {
	case SSH_AUTH_AGAIN:
		return 0;
	case SSH_AUTH_SUCCESS:
		break;
	case SSH_AUTH_DENIED:
	case SSH_AUTH_PARTIAL:
		return fail(session, FAULT_LOGIN, EACCES, "log in", err);
	default:
		/* sshd hangs up on whom it has turned away too often; a dead line looks alike. */
		return fail(session, FAULT_EXCHANGE, ECONNRESET, "log in", err);
	}
	session->channel = ssh_channel_new(session->ssh);
	if (!session->channel)
		return fail(session, FAULT_CONSOLE, ENOMEM, "open channel", err);
	session->phase = SESSION_OPENING;
	return 1;
}

static int step_open(struct session *session, struct err *err)
{
	const struct session_terminal *terminal = session->options.terminal;
	int r = SSH_OK;

	if (!ssh_channel_is_open(session->channel))
		r = ssh_channel_open_session(session->channel);
	if (r == SSH_OK && terminal && !session->asked_terminal) {
		r = ssh_channel_request_pty_size(
			session->channel, terminal->type, terminal->columns, terminal->rows);
		session->asked_terminal = r != SSH_AGAIN;
		r = r == SSH_ERROR ? SSH_OK : r; /* without a terminal it still serves */
	}
	if (r == SSH_OK)
		r = ssh_channel_request_exec(session->channel, session->options.command);
	if (r == SSH_AGAIN)
		return 0;
	if (r != SSH_OK)
		return fail(session, FAULT_COMMAND, EPROTO, "start command", err);
	session->phase = SESSION_OPEN;
	session->deadline_us = SESSION_DEADLINE_NEVER;
	return 1;
}

static int step_dial(struct session *session, uint64_t now_us, struct err *err)
{
	int r = dial_step(&session->dial, now_us, err);

	if (r < 0) {
		session->phase = SESSION_FAILED;
		session->fault = session->dial.fault;
	} else if (r > 0) {
		session->phase = SESSION_DIALED;
	} else if (session->dial.connected) {
		session->phase = SESSION_GREETING;
	}
	return r;
}

/* One phase further: 1, 0 when waiting, or an error. */
static int step_once(struct session *session, uint64_t now_us, struct err *err)
{
	int r;

	switch (session->phase) {
	case SESSION_DIALING:
	case SESSION_GREETING:
		return step_dial(session, now_us, err);
	case SESSION_DIALED:
		if (!session->permitted)
			return 0;
		r = begin_exchange(session, now_us, err);
		return r < 0 ? r : 1;
	case SESSION_EXCHANGING:
		return step_exchange(session, err);
	case SESSION_LOGGING_IN:
		return step_login(session, err);
	case SESSION_OPENING:
		return step_open(session, err);
	case SESSION_OPEN:
		return 1;
	case SESSION_FAILED:
		break;
	}
	return err_set(err, ERR_BUG, EINVAL, "step session: it has failed already");
}

int session_step(struct session *session, uint64_t now_us, struct err *err)
{
	int r;

	do
		r = step_once(session, now_us, err);
	while (r > 0 && session->phase != SESSION_OPEN);
	if (r == 0 && session->ssh && now_us >= session->deadline_us)
		return fail(session,
			session->phase == SESSION_OPENING ? FAULT_SLOW : FAULT_EXCHANGE, ETIMEDOUT,
			"talk SSH", err);
	return r;
}

enum session_phase session_phase(const struct session *session)
{
	return session->phase;
}

enum fault session_fault(const struct session *session)
{
	return session->fault;
}

/* --- waiting --- */

int session_fd(const struct session *session)
{
	if (!session->ssh)
		return session->dial.fd;
	return session->phase == SESSION_FAILED ? -1 : ssh_get_fd(session->ssh);
}

short session_events(const struct session *session)
{
	switch (session->phase) {
	case SESSION_DIALING:
	case SESSION_GREETING:
		return dial_events(&session->dial);
	case SESSION_DIALED:
	case SESSION_FAILED:
		return 0;
	case SESSION_EXCHANGING:
	case SESSION_LOGGING_IN:
	case SESSION_OPENING:
	case SESSION_OPEN:
		break;
	}
	if (ssh_get_poll_flags(session->ssh) & SSH_WRITE_PENDING)
		return POLLIN | POLLOUT;
	return POLLIN;
}

uint64_t session_deadline_us(const struct session *session)
{
	if (session->phase == SESSION_DIALING || session->phase == SESSION_GREETING)
		return session->dial.deadline_us;
	return session->phase == SESSION_DIALED ? SESSION_DEADLINE_NEVER : session->deadline_us;
}

void session_extend(struct session *session, uint64_t extra_us)
{
	session->dial.deadline_us += extra_us;
	if (session->deadline_us != SESSION_DEADLINE_NEVER)
		session->deadline_us += extra_us;
}

char *session_notice(struct session *session)
{
	char *said = session->ssh ? ssh_get_issue_banner(session->ssh) : NULL;
	char *copy;

	if (!said)
		return NULL;
	copy = strndup(said, 2000);
	ssh_string_free_char(said);
	if (copy)
		str_sanitize(copy);
	return copy;
}

/* --- once open --- */

static int broken(struct session *session, const char *what, struct err *err)
{
	return fail(session, FAULT_ANSWER, ECONNRESET, what, err);
}

ssize_t session_read(struct session *session, int stream, void *data, size_t size, struct err *err)
{
	int n = ssh_channel_read_nonblocking(
		session->channel, data, (uint32_t)(size > 1 << 20 ? 1 << 20 : size), stream);

	if (n > 0)
		return n;
	if (n == SSH_EOF || (n == 0 && ssh_channel_is_eof(session->channel)))
		return 0;
	if (n == SSH_ERROR || !ssh_is_connected(session->ssh))
		return broken(session, "read answer", err);
	return -EAGAIN;
}

ssize_t session_write(struct session *session, const void *data, size_t size, struct err *err)
{
	uint32_t window = ssh_channel_window_size(session->channel);
	int n;

	if (window == 0 && ssh_is_connected(session->ssh))
		return 0;
	n = ssh_channel_write(session->channel, data, size > window ? window : (uint32_t)size);
	if (n == SSH_AGAIN)
		return 0;
	return n < 0 ? broken(session, "write request", err) : n;
}

void session_write_end(struct session *session)
{
	(void)ssh_channel_send_eof(session->channel);
}

bool session_ended(struct session *session)
{
	(void)session_exit_status(session); /* past the end of output only this reads packets */
	return ssh_channel_is_closed(session->channel) || !ssh_is_connected(session->ssh);
}

int session_exit_status(struct session *session)
{
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0)
	uint32_t status = 0;

	if (ssh_channel_get_exit_state(session->channel, &status, NULL, NULL) != SSH_OK)
		return -1;
	return (int)status;
#else
	return ssh_channel_get_exit_status(session->channel);
#endif
}

void session_resize(struct session *session, int columns, int rows)
{
	(void)ssh_channel_change_pty_size(session->channel, columns, rows);
}
