#include "store/sftp/line.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/str.h"

#define PIECE_SURE 32768u /* what every server takes */
#define PIECE_LARGE (240u * 1024) /* OpenSSH's since limits@openssh.com: 255 KiB */

void line_ask(struct line *line)
{
	__atomic_store_n(&line->asked_us, clock_monotonic_us(&clock_system), __ATOMIC_RELAXED);
}

void line_rest(struct line *line)
{
	__atomic_store_n(&line->asked_us, 0, __ATOMIC_RELAXED);
}

void line_free(struct line *line)
{
	if (!line)
		return;
	if (line->sftp)
		sftp_free(line->sftp);
	if (line->ssh) {
		ssh_disconnect(line->ssh);
		ssh_free(line->ssh);
	}
	free(line);
}

/* libssh's own words may quote the server, so they are made harmless. */
static int fail(struct line *line, enum err_kind kind, int code, const char *what, struct err *err)
{
	cleanup_free char *said = strndup(line->ssh ? ssh_get_error(line->ssh) : "", 300);

	if (!said)
		return err_oom(err);
	str_sanitize(said);
	return err_set(
		err, kind, code, "talk to %s: %s%s%s", line->where, what, *said ? ": " : "", said);
}

static int set_up(struct line *line, const struct sftp_place *place, const char *config,
	uint64_t connect_us, struct err *err)
{
	long timeout_s = (long)(connect_us / 1000000);
	unsigned port = place->port;
	int strict = 1, r;

	r = ssh_options_set(line->ssh, SSH_OPTIONS_HOST, place->host);
	if (r == 0 && place->user)
		r = ssh_options_set(line->ssh, SSH_OPTIONS_USER, place->user);
	if (r == 0 && port)
		r = ssh_options_set(line->ssh, SSH_OPTIONS_PORT, &port);
	if (r == 0)
		r = ssh_options_set(line->ssh, SSH_OPTIONS_TIMEOUT, &timeout_s);
	if (r == 0)
		r = ssh_options_parse_config(line->ssh, config);
	if (r == 0) /* whatever the file says */
		r = ssh_options_set(line->ssh, SSH_OPTIONS_STRICTHOSTKEYCHECK, &strict);
	return r == 0 ? 0 : fail(line, ERR_CONFIG, EINVAL, "read ssh_config", err);
}

/* A machine that is gone is noticed even when nobody asks it. */
static void keep_alive(struct line *line)
{
	unsigned timeout_ms = 120000;
	int fd = ssh_get_fd(line->ssh), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int check_host(struct line *line, struct err *err)
{
	switch (ssh_session_is_known_server(line->ssh)) {
	case SSH_KNOWN_HOSTS_OK:
		return 0;
	case SSH_KNOWN_HOSTS_CHANGED:
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"talk to %s: its host key is not the one in known_hosts; somebody may be "
			"in between",
			line->where);
	case SSH_KNOWN_HOSTS_OTHER:
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"talk to %s: known_hosts has a host key of another kind", line->where);
	case SSH_KNOWN_HOSTS_UNKNOWN:
	case SSH_KNOWN_HOSTS_NOT_FOUND:
		return err_set(err, ERR_CONFIG, EKEYREJECTED,
			"talk to %s: its host key is not in known_hosts; log in once with ssh and "
			"compare it",
			line->where);
	case SSH_KNOWN_HOSTS_ERROR:
		break;
	}
	return fail(line, ERR_CONFIG, EKEYREJECTED, "look into known_hosts", err);
}

static int log_in(struct line *line, enum retry_class *ret_class, struct err *err)
{
	switch (ssh_userauth_publickey_auto(line->ssh, NULL, NULL)) {
	case SSH_AUTH_SUCCESS:
		return 0;
	case SSH_AUTH_DENIED:
	case SSH_AUTH_PARTIAL:
		return err_set(err, ERR_DENIED, EPERM,
			"talk to %s: it accepts no key of the agent nor of ~/.ssh", line->where);
	default:
		if (ssh_is_connected(line->ssh))
			return fail(line, ERR_DENIED, EPERM, "log in", err);
		*ret_class = RETRY_HEALS;
		return fail(line, ERR_NETWORK, ECONNRESET, "log in", err);
	}
}

static int open_sftp(struct line *line, struct err *err)
{
	line->sftp = sftp_new(line->ssh);
	if (!line->sftp || sftp_init(line->sftp) != 0)
		return fail(line, ERR_NETWORK, EPROTO, "start SFTP", err);
	line->has_fsync = sftp_extension_supported(line->sftp, "fsync@openssh.com", "1");
	line->piece = sftp_extension_supported(line->sftp, "limits@openssh.com", "1") ? PIECE_LARGE
										      : PIECE_SURE;
	return 0;
}

static int open_steps(struct line *line, const struct sftp_place *place, const char *config,
	uint64_t connect_us, enum retry_class *ret_class, struct err *err)
{
	int r;

	*ret_class = RETRY_NEVER;
	line->ssh = ssh_new();
	if (!line->ssh)
		return err_oom(err);
	r = set_up(line, place, config, connect_us, err);
	if (r < 0)
		return r;
	if (ssh_connect(line->ssh) != SSH_OK) {
		*ret_class = RETRY_IF_MET;
		return fail(line, ERR_NETWORK, ECONNREFUSED, "connect", err);
	}
	keep_alive(line);
	r = check_host(line, err);
	if (r >= 0)
		r = log_in(line, ret_class, err);
	if (r < 0)
		return r;
	*ret_class = RETRY_IF_MET;
	return open_sftp(line, err);
}

int line_open(const struct sftp_place *place, const char *config, uint64_t connect_us,
	struct line **ret, enum retry_class *ret_class, struct err *err)
{
	struct line *line = calloc(1, sizeof(*line));
	int r;

	*ret_class = RETRY_NEVER;
	if (!line)
		return err_oom(err);
	snprintf(line->where, sizeof(line->where), "%.100s", place->host);
	r = open_steps(line, place, config, connect_us, ret_class, err);
	if (r < 0) {
		line_free(line);
		return r;
	}
	*ret = line;
	return 0;
}

int line_error(struct line *line, const char *doing, struct err *err)
{
	int said = sftp_get_error(line->sftp);

	if (__atomic_load_n(&line->cut, __ATOMIC_RELAXED)) {
		line->broken = true;
		return err_set(
			err, ERR_NETWORK, ETIMEDOUT, "%s: %s does not answer", doing, line->where);
	}
	/* EOF: the sftp-server at the other end is gone, while ssh may live on; the ends of files
	 * and folders are no errors. */
	if (!ssh_is_connected(line->ssh) || ssh_get_error_code(line->ssh) == SSH_FATAL ||
		said == SSH_FX_OK || said == SSH_FX_EOF || said == SSH_FX_NO_CONNECTION ||
		said == SSH_FX_CONNECTION_LOST || said == SSH_FX_BAD_MESSAGE) {
		line->broken = true;
		return err_set(err, ERR_NETWORK, ECONNRESET, "%s: the connection to %s broke",
			doing, line->where);
	}
	switch (said) {
	case SSH_FX_NO_SUCH_FILE:
	case SSH_FX_NO_SUCH_PATH:
		return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: it is not there", doing);
	case SSH_FX_PERMISSION_DENIED:
	case SSH_FX_WRITE_PROTECT:
		return err_set(
			err, ERR_DENIED, EPERM, "%s: %s does not permit it", doing, line->where);
	case SSH_FX_FILE_ALREADY_EXISTS:
		return err_set(err, ERR_SYSTEM, EEXIST, "%s: it is there already", doing);
	default:
		return err_set(
			err, ERR_SYSTEM, EIO, "%s: %s can't (status %d)", doing, line->where, said);
	}
}
