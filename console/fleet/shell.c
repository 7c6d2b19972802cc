#include "console/fleet/shell.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define CHUNK 16384
/* A read of one stream makes libssh take packets of the other off the socket as well, and then
 * poll does not tell of them. So after news the wait is short, and never long. */
#define WAIT_MS 500
#define WAIT_AFTER_NEWS_MS 10

struct shell {
	struct session *session;
	const struct clock *clock;
	int signal_fd; /* signalfd; -1: no terminal */
	bool input_open;
	char pending[CHUNK]; /* typed and not yet sent */
	size_t pending_size, pending_sent;
	int escape; /* how much of "Enter ~ ." was typed: 0 to 2 */
	bool hung_up; /* by the escape or a signal */
	bool ended[2]; /* stdout and stderr of the box */
	bool news; /* the last wait ended because something came */
};

/* --- the terminal --- */

struct terminal {
	bool raw;
	struct termios before;
};

static void terminal_restore(struct terminal *terminal)
{
	if (terminal->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
	terminal->raw = false;
}
#define cleanup_terminal __attribute__((cleanup(terminal_restore)))

static int terminal_make_raw(struct terminal *terminal, struct err *err)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal->before) < 0)
		return err_errno(err, errno, "read terminal settings");
	raw = terminal->before;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return err_errno(err, errno, "set terminal settings");
	terminal->raw = true;
	return 0;
}

static void window_size(int *ret_columns, int *ret_rows)
{
	struct winsize size;

	*ret_columns = 80;
	*ret_rows = 24;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		*ret_columns = size.ws_col;
		*ret_rows = size.ws_row;
	}
}

/* The window's size, and what would kill us and leave the terminal raw. */
static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signals(struct shell *shell)
{
	struct signalfd_siginfo info;
	int columns, rows;

	while (read(shell->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGWINCH)
			shell->hung_up = true;
	window_size(&columns, &rows);
	session_resize(shell->session, columns, rows);
}

/* --- input --- */

/* Follows "Enter ~ ." on a terminal; the characters are sent like all others until the last. */
static bool is_escape(struct shell *shell, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (shell->escape == 2 && data[i] == '.')
			return true;
		if (data[i] == '\r' || data[i] == '\n')
			shell->escape = 1;
		else
			shell->escape = shell->escape == 1 && data[i] == '~' ? 2 : 0;
	}
	return false;
}

static int read_input(struct shell *shell, struct err *err)
{
	ssize_t n = read(STDIN_FILENO, shell->pending, sizeof(shell->pending));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != EIO)
		return err_errno(err, errno, "read input");
	if (n <= 0) {
		shell->input_open = false;
		session_write_end(shell->session);
		return 0;
	}
	shell->pending_size = (size_t)n;
	shell->pending_sent = 0;
	if (shell->signal_fd >= 0 && is_escape(shell, shell->pending, (size_t)n))
		shell->hung_up = true;
	return 0;
}

static int send_pending(struct shell *shell, struct err *err)
{
	while (shell->pending_sent < shell->pending_size) {
		ssize_t n = session_write(shell->session, shell->pending + shell->pending_sent,
			shell->pending_size - shell->pending_sent, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0;
		shell->pending_sent += (size_t)n;
	}
	return 0;
}

/* --- output --- */

/* Shows all that has come on one stream. */
static int show(struct shell *shell, int stream, struct err *err)
{
	char data[CHUNK];

	while (!shell->ended[stream]) {
		ssize_t n = session_read(shell->session, stream, data, sizeof(data), err);
		int r;

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		if (n == 0) {
			shell->ended[stream] = true;
			return 0;
		}
		r = file_write_full(
			stream ? STDERR_FILENO : STDOUT_FILENO, data, (size_t)n, "output", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int wait_for_news(struct shell *shell, struct err *err)
{
	bool sent = shell->pending_sent == shell->pending_size;
	struct pollfd fds[3] = {
		{.fd = session_fd(shell->session), .events = session_events(shell->session)},
		{.fd = shell->input_open && sent ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = shell->signal_fd, .events = POLLIN},
	};

	if (poll(fds, 3, shell->news ? WAIT_AFTER_NEWS_MS : WAIT_MS) < 0 && errno != EINTR)
		return err_errno(err, errno, "wait for the shell");
	shell->news = fds[0].revents != 0;
	if (fds[1].revents)
		return read_input(shell, err);
	if (fds[2].revents)
		take_signals(shell);
	return 0;
}

static int pump(struct shell *shell, struct err *err)
{
	int r = 0;

	while (r == 0 && !shell->hung_up) {
		r = send_pending(shell, err);
		if (r == 0)
			r = show(shell, 1, err);
		if (r == 0)
			r = show(shell, 0, err);
		if (r < 0)
			return r;
		if (shell->ended[0] && shell->ended[1] && session_ended(shell->session))
			return 0;
		r = wait_for_news(shell, err);
	}
	return r;
}

/* --- connecting --- */

static int wait_open(struct shell *shell, struct err *err)
{
	int r;

	session_permit(shell->session, clock_monotonic_us(shell->clock));
	while ((r = session_step(shell->session, clock_monotonic_us(shell->clock), err)) == 0) {
		struct pollfd fd = {
			.fd = session_fd(shell->session), .events = session_events(shell->session)};

		if (poll(&fd, 1, 100) < 0 && errno != EINTR)
			return err_errno(err, errno, "wait for box");
	}
	return r < 0 ? r : 0;
}

static int connect_and_pump(
	struct shell *shell, const struct session_options *options, struct err *err)
{
	cleanup_terminal struct terminal terminal = {0};
	int r;

	r = session_new(options, &shell->session, err);
	if (r == 0)
		r = wait_open(shell, err);
	if (r == 0 && options->terminal) {
		shell->signal_fd = watch_signals();
		r = terminal_make_raw(&terminal, err);
	}
	return r < 0 ? r : pump(shell, err);
}

int shell_run(struct ask *ask, const char *command, int *ret_status, enum fault *ret_fault,
	struct err *err)
{
	cleanup_free char *line =
		str_printf("shell%s%s", command ? " " : "", command ? command : "");
	bool on_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	const char *type = getenv("TERM");
	struct session_terminal terminal = {.type = type && *type ? type : "vt100"};
	struct address_lookup lookup;
	struct session_options options = {.lookup = &lookup,
		.user = ASK_OPERATOR_USER,
		.command = line,
		.terminal = on_terminal ? &terminal : NULL,
		.host = ask_check_host,
		.context = ask,
		.limits = session_limits_of(ask->timeout_us)};
	cleanup_free struct shell *shell = calloc(1, sizeof(*shell));
	int r;

	*ret_fault = FAULT_CONSOLE;
	if (!line || !shell)
		return err_oom(err);
	r = ask_look_up(&ask->box->address, &lookup, err);
	if (r < 0)
		return r;
	window_size(&terminal.columns, &terminal.rows);
	shell->clock = ask->clock;
	shell->input_open = true;
	shell->signal_fd = -1;
	r = connect_and_pump(shell, &options, err);
	if (r == 0) {
		int status = shell->hung_up ? -1 : session_exit_status(shell->session);

		*ret_status = status < 0 ? 255 : status & 255;
		*ret_fault = FAULT_NONE;
	} else if (shell->session && session_fault(shell->session) != FAULT_NONE) {
		*ret_fault = session_fault(shell->session);
	}
	session_free(shell->session);
	if (shell->signal_fd >= 0)
		close(shell->signal_fd);
	return r;
}
