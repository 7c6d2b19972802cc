#include "provision/face/screen.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "provision/page/code.h"

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
	screen->consoles[screen->count++] = (struct screen_console){
		.in = fd,
		.out = fd,
		.opened = true,
		.terminal = true,
		.type = str_after(real, "tty") && isdigit((unsigned char)real[3]) ? "linux"
										  : "vt220",
	};
}

void screen_open(struct screen *ret, bool all, const struct clock *clock)
{
	cleanup_free char *active = NULL;
	struct err err = ERR_INIT;
	char *at, *name;

	*ret = (struct screen){.clock = clock, .errors = -1};
	ret->consoles[ret->count++] = (struct screen_console){
		.in = isatty(STDIN_FILENO) ? STDIN_FILENO : -1,
		.out = STDOUT_FILENO,
		.terminal = isatty(STDOUT_FILENO),
		.type = getenv("TERM"),
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
	screen_lower(screen);
	for (size_t i = 0; i < screen->count; i++)
		if (screen->consoles[i].opened)
			close(screen->consoles[i].out);
	*screen = (struct screen){.errors = -1};
}

/* Lines of the log would stand across a page. */
static void errors_away(struct screen *screen)
{
	cleanup_close int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!isatty(STDERR_FILENO) || nowhere < 0)
		return;
	screen->errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (screen->errors >= 0)
		(void)dup2(nowhere, STDERR_FILENO);
}

void screen_raise(struct screen *screen)
{
	struct full_terminal terminals[FULL_TERMINALS_MAX];
	struct err err = ERR_INIT;
	size_t count = 0;

	for (size_t i = 0; i < screen->count && !screen->full; i++) {
		const struct screen_console *c = &screen->consoles[i];

		if (c->in >= 0 && c->terminal && !c->dead)
			terminals[count++] = (struct full_terminal){c->in, c->out, c->type};
	}
	if (!count || full_open(terminals, count, &screen->full, &err) < 0)
		return;
	errors_away(screen);
	screen->log = page_make("");
	screen->log.at_end = true;
}

void screen_lower(struct screen *screen)
{
	if (!screen->full)
		return;
	full_close(screen->full);
	screen->full = NULL;
	page_done(&screen->log);
	if (screen->errors >= 0) {
		(void)dup2(screen->errors, STDERR_FILENO);
		close(screen->errors);
		screen->errors = -1;
	}
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

/* What can't be shown is no reason to stop. */
static void show_log(struct screen *screen)
{
	struct err err = ERR_INIT;

	if (full_show(screen->full, &screen->log, &err) < 0)
		log_debug("%s", err.text);
}

void screen_say(struct screen *screen, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = str_vprintf(format, ap);
	va_end(ap);
	if (text && screen->full) {
		page_say(&screen->log, "%s", text);
		show_log(screen);
	} else if (text) {
		write_all(screen, text, false);
	}
}

void screen_title(struct screen *screen, const char *title)
{
	if (!screen->full) {
		screen_say(screen, "\n%s\n", title);
		return;
	}
	page_done(&screen->log);
	screen->log = page_make(title);
	screen->log.at_end = true;
	show_log(screen);
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
		if (*used + 1 < PAGE_ANSWER_MAX)
			line[(*used)++] = c;
	}
}

static void answer_finish(struct screen *screen, size_t from, char *line, size_t used, char *ret)
{
	char *text;

	line[used] = '\0';
	text = str_strip(line);
	str_sanitize(text);
	snprintf(ret, PAGE_ANSWER_MAX, "%s", text);
	/* The other consoles see what was answered. */
	for (size_t i = 0; i < screen->count; i++) {
		if (i == from)
			continue;
		console_write(&screen->consoles[i], text, strlen(text));
		console_write(&screen->consoles[i], "\n", 1);
	}
}

int screen_ask(struct screen *screen, const char *prompt, char ret_answer[PAGE_ANSWER_MAX],
	struct err *err)
{
	char lines[SCREEN_CONSOLES_MAX][PAGE_ANSWER_MAX] = {{0}};
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

void screen_forget_typed(struct screen *screen)
{
	for (size_t i = 0; i < screen->count; i++)
		if (screen->consoles[i].in >= 0)
			(void)tcflush(screen->consoles[i].in, TCIFLUSH);
}

/* --- Pages in lines --- */

/* Choices are numbered; what can't be picked has a dash before it. */
static void say_choices(struct screen *screen, const struct page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct page_choice *choice = &page->choices[i];
		const char *at = choice->text;
		size_t n = strcspn(at, "\n");

		screen_say(
			screen, "%s%2zu  %.*s\n", choice->refused ? " -" : "  ", i + 1, (int)n, at);
		while (at[n]) {
			at += n + 1;
			n = strcspn(at, "\n");
			screen_say(screen, "      %.*s\n", (int)n, at);
		}
	}
}

static void say_code(struct screen *screen, const char *code)
{
	cleanup_buf struct buf letters = BUF_INIT(PAGE_TEXT_MAX);
	struct err err = ERR_INIT;

	if (code_draw(code, &letters, &err) >= 0)
		screen_say(screen, "\n%s", (const char *)letters.data);
}

static void say_page(struct screen *screen, const struct page *page)
{
	screen_say(screen, "\n%s\n", page->title);
	if (page->text.size)
		screen_say(screen, "%s", (const char *)page->text.data);
	if (page->code[0])
		say_code(screen, page->code);
	say_choices(screen, page);
}

void screen_show(struct screen *screen, const struct page *page)
{
	struct err err = ERR_INIT;

	if (!screen->full)
		say_page(screen, page);
	else if (full_show(screen->full, page, &err) < 0)
		log_debug("%s", err.text);
}

/* What can be typed in place of an answer. */
static char *prompt_of(const struct page *page)
{
	const char *back = page->can_go_back ? _(", <: back") : "";
	const char *again = page->can_look_again ? _(", r: look again") : "";
	const char *quit = page->can_quit ? _(", q: quit") : "";

	if (page->prompt[0])
		return str_printf(page->can_go_back ? _("%s (<: back): ") : "%s: ", page->prompt);
	if (page_can_pick(page, page->chosen))
		return str_printf(
			_("Number (Enter: %zu%s%s%s): "), page->chosen + 1, back, again, quit);
	if (page->count)
		return str_printf(_("Number%s%s%s: "), back, again, quit);
	return str_printf(_("Enter: go on%s%s%s: "), back, again, quit);
}

static bool is_word(const char *answer, char word, bool allowed)
{
	return allowed && tolower((unsigned char)answer[0]) == word && !answer[1];
}

/* True if line is an answer that page allows. */
static bool understand(const struct page *page, const char *line, struct page_answer *ret)
{
	struct err bad = ERR_INIT;
	uint64_t number = page->chosen + 1;

	*ret = (struct page_answer){.act = PAGE_NEXT};
	snprintf(ret->text, sizeof(ret->text), "%s", line);
	if (is_word(line, '<', page->can_go_back))
		ret->act = PAGE_BACK;
	else if (page->prompt[0])
		return true;
	else if (is_word(line, 'r', page->can_look_again))
		ret->act = PAGE_AGAIN;
	else if (is_word(line, 'q', page->can_quit))
		ret->act = PAGE_QUIT;
	else if (page->count && line[0] && parse_u64(line, 1, page->count, &number, &bad) < 0)
		return false;
	ret->choice = (size_t)number - 1;
	return ret->act != PAGE_NEXT || !page->count || page_can_pick(page, ret->choice);
}

static int ask_in_lines(
	struct screen *screen, const struct page *page, struct page_answer *ret, struct err *err)
{
	cleanup_free char *prompt = prompt_of(page);
	char line[PAGE_ANSWER_MAX];
	int r;

	if (!prompt || page->broken)
		return err_oom(err);
	say_page(screen, page);
	if (page->note[0])
		screen_say(screen, "%s\n", page->note);
	for (;;) {
		r = screen_ask(screen, prompt, line, err);
		if (r < 0 || understand(page, line, ret))
			return r;
		screen_say(screen, "%s\n", _("That can't be chosen."));
	}
}

int screen_page(
	struct screen *screen, const struct page *page, struct page_answer *ret, struct err *err)
{
	int r = -EMSGSIZE;

	if (screen->full)
		r = full_ask(screen->full, page, ret, err);
	if (r != -EMSGSIZE)
		return r;
	screen_lower(screen);
	return ask_in_lines(screen, page, ret, err);
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

	text = str_printf("  [%.*s%.*s] %3d %%  %llu/%llu MB  %.1f MB/s  %u:%02u   ", cells,
		"########################", BAR_CELLS - cells, "........................", percent,
		(unsigned long long)(bar->done / 1000000),
		(unsigned long long)(bar->total / 1000000), rate / 1e6, eta / 60, eta % 60);
	if (text && screen->full) {
		const size_t before = screen->log.text.size;

		page_say(&screen->log, "%s\n", text);
		show_log(screen);
		if (screen->log.text.size > before) {
			screen->log.text.size = before;
			screen->log.text.data[before] = '\0';
		}
	} else if (text) {
		write_all(screen, "\r", true);
		write_all(screen, text, true);
	}
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
		if (!screen->full)
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
	for (int i = 0; i < (ok ? 1 : 3); i++) {
		if (screen->full)
			full_beep(screen->full);
		else
			write_all(screen, "\a", true);
	}
}
