#include "provision/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/str.h"

#define ACTIVE "/sys/class/tty/console/active"
#define WRITE_WAIT_MS 2000
#define DRAW_EVERY_US 250000u
#define BAR_CELLS 24

/* --- Consoles --- */

/* The kernel leaves a console's line without the translations that a person needs. */
static void make_usable(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return;
	t.c_iflag |= ICRNL | IXON;
	t.c_oflag |= OPOST | ONLCR;
	t.c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ISIG;
	(void)tcsetattr(fd, TCSANOW, &t);
}

static bool is_known(const struct screen *screen, dev_t device)
{
	for (size_t i = 0; i < screen->count; i++) {
		struct stat st;

		if (fstat(screen->consoles[i].out, &st) == 0 && S_ISCHR(st.st_mode) &&
			st.st_rdev == device)
			return true;
	}
	return false;
}

static void console_add(struct screen *screen, const char *name)
{
	/* tty0 is whichever screen is shown; people look at the first. */
	const char *real = str_equal(name, "tty0") ? "tty1" : name;
	cleanup_free char *path = str_printf("/dev/%s", real);
	struct stat st;
	int fd;

	if (!path || screen->count == SCREEN_CONSOLES_MAX || stat(path, &st) < 0 ||
		!S_ISCHR(st.st_mode) || is_known(screen, st.st_rdev))
		return;
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!isatty(fd)) {
		close(fd);
		return;
	}
	make_usable(fd);
	screen->consoles[screen->count++] =
		(struct screen_console){.in = fd, .out = fd, .opened = true, .terminal = true};
}

void screen_open(struct screen *ret, bool all, const struct clock *clock)
{
	cleanup_free char *active = NULL;
	struct err err = ERR_INIT;
	char *at, *name;

	*ret = (struct screen){.clock = clock};
	ret->consoles[ret->count++] = (struct screen_console){
		.in = isatty(STDIN_FILENO) ? STDIN_FILENO : -1,
		.out = STDOUT_FILENO,
		.terminal = isatty(STDOUT_FILENO),
	};
	if (!all || file_read(AT_FDCWD, ACTIVE, 4096, &active, NULL, &err) < 0)
		return;
	at = active;
	while ((name = strsep(&at, " \n")))
		if (*name)
			console_add(ret, name);
}

void screen_close(struct screen *screen)
{
	for (size_t i = 0; i < screen->count; i++)
		if (screen->consoles[i].opened)
			close(screen->consoles[i].out);
	*screen = (struct screen){0};
}

bool screen_can_ask(const struct screen *screen)
{
	for (size_t i = 0; i < screen->count; i++)
		if (screen->consoles[i].in >= 0)
			return true;
	return false;
}

/* A serial line with nobody at its other end must not stop an installation. */
static void console_write(struct screen_console *console, const char *text, size_t size)
{
	while (size > 0 && !console->dead) {
		ssize_t n = write(console->out, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd fd = {.fd = console->out, .events = POLLOUT};

			console->dead = poll(&fd, 1, WRITE_WAIT_MS) <= 0;
			continue;
		}
		console->dead = n <= 0;
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
}

static void write_all(struct screen *screen, const char *text, bool terminals_only)
{
	for (size_t i = 0; i < screen->count; i++)
		if (screen->consoles[i].terminal || !terminals_only)
			console_write(&screen->consoles[i], text, strlen(text));
}

void screen_say(struct screen *screen, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = str_vprintf(format, ap);
	va_end(ap);
	if (text)
		write_all(screen, text, false);
}

/* --- Answers --- */

/* Reads what is there; 1: a line is complete, 0: not yet, negative: this input has ended. */
static int answer_read(int fd, char *line, size_t *used)
{
	char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n <= 0)
			return -ENODATA;
		if (c == '\n')
			return 1;
		if (*used + 1 < SCREEN_ANSWER_MAX)
			line[(*used)++] = c;
	}
}

static void answer_finish(struct screen *screen, size_t from, char *line, size_t used, char *ret)
{
	char *text;

	line[used] = '\0';
	text = str_strip(line);
	str_sanitize(text);
	snprintf(ret, SCREEN_ANSWER_MAX, "%s", text);
	/* The other consoles see what was answered. */
	for (size_t i = 0; i < screen->count; i++) {
		if (i == from)
			continue;
		console_write(&screen->consoles[i], text, strlen(text));
		console_write(&screen->consoles[i], "\n", 1);
	}
}

int screen_ask(struct screen *screen, const char *prompt, char ret_answer[SCREEN_ANSWER_MAX],
	struct err *err)
{
	char lines[SCREEN_CONSOLES_MAX][SCREEN_ANSWER_MAX] = {{0}};
	size_t used[SCREEN_CONSOLES_MAX] = {0};
	struct pollfd fds[SCREEN_CONSOLES_MAX];
	size_t open_count = 0;

	for (size_t i = 0; i < screen->count; i++) {
		fds[i] = (struct pollfd){.fd = screen->consoles[i].in, .events = POLLIN};
		open_count += fds[i].fd >= 0;
	}
	if (!open_count)
		return err_set(err, ERR_CONFIG, ENOTTY, "ask: no terminal to answer at");
	write_all(screen, prompt, false);
	while (open_count) {
		if (poll(fds, (nfds_t)screen->count, -1) < 0 && errno != EINTR)
			return err_errno(err, errno, "wait for an answer");
		for (size_t i = 0; i < screen->count; i++) {
			int r = fds[i].fd >= 0 && fds[i].revents
					? answer_read(fds[i].fd, lines[i], &used[i])
					: 0;

			if (r > 0) {
				answer_finish(screen, i, lines[i], used[i], ret_answer);
				return 0;
			}
			if (r < 0) {
				fds[i].fd = -1;
				screen->consoles[i].in = -1;
				open_count--;
			}
		}
	}
	return err_set(err, ERR_CONFIG, ENOTTY, "ask: every terminal has gone");
}

/* --- Progress --- */

static void bar_draw(struct screen *screen, uint64_t now_us)
{
	const struct screen_bar *bar = &screen->bar;
	double seconds = (double)(now_us - bar->begun_us) / 1e6;
	double rate = seconds > 0.2 ? (double)bar->done / seconds : 0;
	uint64_t left = bar->total - bar->done;
	unsigned eta = rate > 0 ? (unsigned)((double)left / rate + 0.5) : 0;
	int cells = (int)(bar->done * BAR_CELLS / bar->total);
	int percent = (int)(bar->done * 100 / bar->total);
	cleanup_free char *text = NULL;

	text = str_printf("\r  [%.*s%.*s] %3d %%  %llu/%llu MB  %.1f MB/s  %u:%02u   ", cells,
		"########################", BAR_CELLS - cells, "........................", percent,
		(unsigned long long)(bar->done / 1000000),
		(unsigned long long)(bar->total / 1000000), rate / 1e6, eta / 60, eta % 60);
	if (text)
		write_all(screen, text, true);
}

void screen_bar_begin(struct screen *screen, const char *label, uint64_t total)
{
	struct screen_bar *bar = &screen->bar;

	*bar = (struct screen_bar){
		.total = total, .begun_us = clock_monotonic_us(screen->clock), .active = true};
	snprintf(bar->label, sizeof(bar->label), "%s", label);
	screen_say(screen, "%s\n", label);
}

void screen_bar_add(void *context, uint64_t bytes)
{
	struct screen *screen = context;
	struct screen_bar *bar = &screen->bar;
	uint64_t now = clock_monotonic_us(screen->clock);

	if (!bar->active || !bar->total)
		return;
	bar->done += bytes;
	if (bar->done > bar->total)
		bar->done = bar->total;
	if (now - bar->drawn_us < DRAW_EVERY_US)
		return;
	bar->drawn_us = now;
	bar_draw(screen, now);
}

double screen_bar_end(struct screen *screen, bool ok)
{
	struct screen_bar *bar = &screen->bar;
	uint64_t now = clock_monotonic_us(screen->clock);
	double seconds = (double)(now - bar->begun_us) / 1e6;

	if (bar->total) {
		bar_draw(screen, now);
		write_all(screen, "\n", true);
	}
	bar->active = false;
	if (!ok)
		return seconds;
	if (bar->total)
		screen_say(screen, _("  done: %llu MB in %.1f s\n"),
			(unsigned long long)(bar->done / 1000000), seconds);
	else
		screen_say(screen, _("  done in %.1f s\n"), seconds);
	return seconds;
}

void screen_beep(struct screen *screen, bool ok)
{
	write_all(screen, ok ? "\a" : "\a\a\a", true);
}

/* --- The code --- */

#define GLYPH_ROWS 5
#define GLYPH_COLUMNS 5

/* Crockford's base32 in letters that can be read from across a room; a bit is a cell, the
 * leftmost the highest. */
static const struct {
	char character;
	uint8_t rows[GLYPH_ROWS];
} glyphs[] = {
	{'0', {0x0e, 0x13, 0x15, 0x19, 0x0e}},
	{'1', {0x04, 0x0c, 0x04, 0x04, 0x0e}},
	{'2', {0x1e, 0x01, 0x0e, 0x10, 0x1f}},
	{'3', {0x1e, 0x01, 0x06, 0x01, 0x1e}},
	{'4', {0x12, 0x12, 0x1f, 0x02, 0x02}},
	{'5', {0x1f, 0x10, 0x1e, 0x01, 0x1e}},
	{'6', {0x0e, 0x10, 0x1e, 0x11, 0x0e}},
	{'7', {0x1f, 0x02, 0x04, 0x08, 0x08}},
	{'8', {0x0e, 0x11, 0x0e, 0x11, 0x0e}},
	{'9', {0x0e, 0x11, 0x0f, 0x01, 0x0e}},
	{'A', {0x0e, 0x11, 0x1f, 0x11, 0x11}},
	{'B', {0x1e, 0x11, 0x1e, 0x11, 0x1e}},
	{'C', {0x0f, 0x10, 0x10, 0x10, 0x0f}},
	{'D', {0x1e, 0x11, 0x11, 0x11, 0x1e}},
	{'E', {0x1f, 0x10, 0x1e, 0x10, 0x1f}},
	{'F', {0x1f, 0x10, 0x1e, 0x10, 0x10}},
	{'G', {0x0f, 0x10, 0x13, 0x11, 0x0f}},
	{'H', {0x11, 0x11, 0x1f, 0x11, 0x11}},
	{'J', {0x07, 0x02, 0x02, 0x12, 0x0c}},
	{'K', {0x12, 0x14, 0x18, 0x14, 0x12}},
	{'M', {0x11, 0x1b, 0x15, 0x11, 0x11}},
	{'N', {0x11, 0x19, 0x15, 0x13, 0x11}},
	{'P', {0x1e, 0x11, 0x1e, 0x10, 0x10}},
	{'Q', {0x0e, 0x11, 0x15, 0x12, 0x0d}},
	{'R', {0x1e, 0x11, 0x1e, 0x12, 0x11}},
	{'S', {0x0f, 0x10, 0x0e, 0x01, 0x1e}},
	{'T', {0x1f, 0x04, 0x04, 0x04, 0x04}},
	{'V', {0x11, 0x11, 0x11, 0x0a, 0x04}},
	{'W', {0x11, 0x11, 0x15, 0x1b, 0x11}},
	{'X', {0x11, 0x0a, 0x04, 0x0a, 0x11}},
	{'Y', {0x11, 0x0a, 0x04, 0x04, 0x04}},
	{'Z', {0x1f, 0x02, 0x04, 0x08, 0x1f}},
	{'-', {0x00, 0x00, 0x0e, 0x00, 0x00}},
};

static uint8_t glyph_row(char character, size_t row)
{
	for (size_t i = 0; i < sizeof(glyphs) / sizeof(glyphs[0]); i++)
		if (glyphs[i].character == character)
			return glyphs[i].rows[row];
	return 0;
}

static void say_large(struct screen *screen, const char *text, size_t length)
{
	char line[128];

	for (size_t row = 0; row < GLYPH_ROWS; row++) {
		size_t n = 0;

		for (size_t i = 0; i < length && n + GLYPH_COLUMNS + 2 < sizeof(line); i++) {
			uint8_t bits = glyph_row(text[i], row);

			for (int column = GLYPH_COLUMNS - 1; column >= 0; column--)
				line[n++] = bits >> column & 1 ? '#' : ' ';
			line[n++] = ' ';
		}
		line[n] = '\0';
		screen_say(screen, "    %s\n", line);
	}
	screen_say(screen, "\n");
}

void screen_code(struct screen *screen, const char *code)
{
	/* Half of it fits on a line of 80 columns: "XXXX-XXXX". */
	const size_t half = 9;
	size_t length = strlen(code);

	screen_say(screen, "\n");
	say_large(screen, code, length < half ? length : half);
	if (length > half + 1)
		say_large(screen, code + half + 1, length - half - 1);
	screen_say(screen, "          %s\n\n", code);
}
