#include "provision/face/full.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "provision/page/frame.h"
#include "provision/page/view.h"

#define ESCAPE 27
#define ESCAPE_WAIT_MS 150 /* an arrow key's bytes come one after the other on a serial line */
#define WRITE_WAIT_MS 2000
#define CONTROL(letter) ((letter)&0x1f)

struct terminal {
	SCREEN *screen; /* owned; NULL: it has gone */
	FILE *in, *out; /* owned */
};

struct full {
	struct terminal terminals[FULL_TERMINALS_MAX];
	size_t count;
};

static void terminal_close(struct terminal *t)
{
	if (t->screen) {
		set_term(t->screen);
		endwin();
		delscreen(t->screen);
	}
	if (t->in)
		fclose(t->in);
	if (t->out)
		fclose(t->out);
	*t = (struct terminal){0};
}

static FILE *open_again(int fd, const char *mode)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *file = copy >= 0 ? fdopen(copy, mode) : NULL;

	if (copy >= 0 && !file)
		close(copy);
	return file;
}

/* A serial line whose other end says "stop", or is not there, must not stop an installation. */
static void free_running(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return;
	t.c_cflag &= ~(tcflag_t)CRTSCTS;
	(void)tcsetattr(fd, TCSANOW, &t);
}

static bool terminal_open(const struct full_terminal *from, struct terminal *ret)
{
	struct terminal t = {0};
	const char *move;

	if (!from->type || !from->type[0] || str_equal(from->type, "dumb"))
		return false;
	free_running(from->out);
	t.in = open_again(from->in, "re");
	t.out = open_again(from->out, "we");
	if (t.in && t.out)
		t.screen = newterm(from->type, t.out, t.in);
	if (!t.screen) {
		terminal_close(&t);
		return false;
	}
	move = tigetstr("cup");
	if (!move || move == (char *)-1) {
		terminal_close(&t);
		return false;
	}
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	timeout(0);
	set_escdelay(ESCAPE_WAIT_MS);
	*ret = t;
	return true;
}

int full_open(
	const struct full_terminal *terminals, size_t count, struct full **ret, struct err *err)
{
	struct full *full = calloc(1, sizeof(*full));

	if (!full)
		return err_oom(err);
	for (size_t i = 0; i < count && full->count < FULL_TERMINALS_MAX; i++)
		full->count += terminal_open(&terminals[i], &full->terminals[full->count]);
	if (!full->count) {
		free(full);
		return err_set(
			err, ERR_CONFIG, ENOTTY, "show pages: no terminal that can be drawn on");
	}
	*ret = full;
	return 0;
}

void full_close(struct full *full)
{
	if (!full)
		return;
	for (size_t i = 0; i < full->count; i++)
		terminal_close(&full->terminals[i]);
	free(full);
}

/* --- Drawing --- */

static chtype attribute(enum frame_style style)
{
	switch (style) {
	case FRAME_PLAIN:
		return A_NORMAL;
	case FRAME_BAR:
	case FRAME_CHOSEN:
		return A_REVERSE;
	case FRAME_STRONG:
		return A_BOLD;
	}
	return A_NORMAL;
}

static void paint_picture(const struct frame *frame)
{
	const char *at = frame->picture;
	int row = (int)frame->picture_row;

	while (at && *at) {
		const size_t n = strcspn(at, "\n");

		mvaddnstr(row++, (int)frame->picture_column, at, (int)n);
		at += n + (at[n] == '\n');
	}
}

static void paint(const struct frame *frame)
{
	erase();
	for (size_t i = 0; i < frame->count; i++) {
		const struct frame_row *row = &frame->rows[i];

		(void)attrset((int)attribute(row->style));
		if (row->style == FRAME_BAR)
			mvhline((int)i, 0, ' ' | A_REVERSE, COLS);
		if (row->text)
			mvaddstr((int)i, 0, row->text);
		(void)attrset(A_NORMAL);
	}
	paint_picture(frame);
	curs_set(frame->has_cursor);
	if (frame->has_cursor)
		move((int)frame->cursor_row, (int)frame->cursor_column);
	else
		move(LINES - 1, COLS - 1);
	refresh();
}

static struct frame_size size_of_current(void)
{
	return (struct frame_size){.columns = (size_t)COLS,
		.rows = (size_t)LINES,
		.has_blocks = str_equal(nl_langinfo(CODESET), "UTF-8")};
}

static int draw(struct terminal *t, const struct page *page, struct view *view, struct err *err)
{
	struct pollfd room = {.fd = t->out ? fileno(t->out) : -1, .events = POLLOUT};
	cleanup_frame struct frame frame = {0};
	struct frame_size size;
	int r;

	if (poll(&room, 1, WRITE_WAIT_MS) != 1 || !(room.revents & POLLOUT)) {
		terminal_close(t);
		return 0;
	}
	set_term(t->screen);
	size = size_of_current();
	r = frame_make(page, &size, view, &frame, err);
	if (r >= 0)
		paint(&frame);
	return r;
}

static int draw_all(struct full *full, const struct page *page, struct view *view, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < full->count && r >= 0; i++)
		if (full->terminals[i].screen)
			r = draw(&full->terminals[i], page, view, err);
	return r;
}

/* --- Keys --- */

/* What ncurses calls a key -> what it is to a page. */
static const struct {
	int code;
	enum view_key key;
} keys[] = {
	{KEY_UP, VIEW_UP},
	{KEY_DOWN, VIEW_DOWN},
	{KEY_PPAGE, VIEW_PAGE_UP},
	{KEY_NPAGE, VIEW_PAGE_DOWN},
	{KEY_HOME, VIEW_HOME},
	{KEY_END, VIEW_END},
	{KEY_ENTER, VIEW_ENTER},
	{'\r', VIEW_ENTER},
	{'\n', VIEW_ENTER},
	{ESCAPE, VIEW_BACK},
	{CONTROL('c'), VIEW_QUIT},
	{KEY_BACKSPACE, VIEW_ERASE},
	{CONTROL('h'), VIEW_ERASE},
	{127, VIEW_ERASE},
};

static bool key_of(int code, enum view_key *ret)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].code == code) {
			*ret = keys[i].key;
			return true;
		}
	}
	*ret = VIEW_CHARACTER;
	return code >= ' ' && code < 127;
}

/* The rest of a sequence that is not in the description of this terminal: on serial lines people
 * say vt100 and sit at something else. Those that all of them send are understood, others are no
 * key at all; they are never an Esc with letters after it. */
static int read_sequence(void)
{
	static const struct {
		char last;
		int number, code;
	} sequences[] = {
		{'A', 0, KEY_UP},
		{'B', 0, KEY_DOWN},
		{'H', 0, KEY_HOME},
		{'F', 0, KEY_END},
		{'~', 1, KEY_HOME},
		{'~', 7, KEY_HOME},
		{'~', 4, KEY_END},
		{'~', 8, KEY_END},
		{'~', 5, KEY_PPAGE},
		{'~', 6, KEY_NPAGE},
	};
	int number = 0, c = wgetch(stdscr);

	if (c == ERR || c == ESCAPE)
		return ESCAPE;
	if (c != '[' && c != 'O')
		return KEY_UNDO;
	while ((c = wgetch(stdscr)) != ERR && c < '@')
		number = c >= '0' && c <= '9' && number < 100 ? number * 10 + c - '0' : number;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (sequences[i].last == c && sequences[i].number == number)
			return sequences[i].code;
	return KEY_UNDO; /* which does nothing here */
}

/* One key of a terminal; ERR: there is none. The terminal is the current one then. */
static int read_key(struct terminal *t)
{
	int code;

	set_term(t->screen);
	code = wgetch(stdscr);
	return code == ESCAPE ? read_sequence() : code;
}

/* Takes all keys that are there. 1: answered. */
static int hear(struct terminal *t, const struct page *page, struct view *view,
	struct page_answer *ret, struct err *err)
{
	int code;

	while ((code = read_key(t)) != ERR) {
		const struct frame_size size = size_of_current();
		enum view_key key;
		int r;

		if (code == KEY_RESIZE || code == CONTROL('l')) {
			clearok(stdscr, TRUE);
		} else if (frame_is_too_small(&size)) {
			if (code == 'p')
				return err_set(err, ERR_CONFIG, EMSGSIZE,
					"show page: the terminal is too small");
			if (code != CONTROL('c') || !page->can_quit)
				continue;
			ret->act = PAGE_QUIT;
			return 1;
		} else if (key_of(code, &key) && view_press(view, page, key, (char)code, ret)) {
			return 1;
		}
		/* What the next key does depends on what is seen. */
		r = draw(t, page, view, err);
		if (r < 0 || !t->screen)
			return r;
	}
	return 0;
}

/* Nor does what the kernel wrote across the page before stay. */
static void begin_page(struct full *full)
{
	for (size_t i = 0; i < full->count; i++) {
		if (!full->terminals[i].screen)
			continue;
		set_term(full->terminals[i].screen);
		flushinp();
		clearok(stdscr, TRUE);
	}
}

int full_show(struct full *full, const struct page *page, struct err *err)
{
	struct view view;

	/* Nobody is asked; reading keys tells ncurses of another size. */
	for (size_t i = 0; i < full->count; i++)
		while (full->terminals[i].screen && read_key(&full->terminals[i]) != ERR)
			continue;
	view_begin(page, &view);
	return draw_all(full, page, &view, err);
}

/* Which terminals have something to say. -ENOTTY if none is left. */
static int wait_for_keys(struct full *full, struct pollfd fds[FULL_TERMINALS_MAX], struct err *err)
{
	size_t left = 0;

	for (size_t i = 0; i < full->count; i++) {
		const struct terminal *t = &full->terminals[i];

		fds[i] = (struct pollfd){.fd = t->screen ? fileno(t->in) : -1, .events = POLLIN};
		left += t->screen != NULL;
	}
	if (!left)
		return err_set(err, ERR_CONFIG, ENOTTY, "ask: every terminal has gone");
	if (poll(fds, (nfds_t)full->count, -1) >= 0)
		return 0;
	if (errno != EINTR)
		return err_errno(err, errno, "wait for a key");
	/* Another size: all of them look. */
	for (size_t i = 0; i < full->count; i++)
		fds[i].revents = fds[i].fd >= 0 ? POLLIN : 0;
	return 0;
}

int full_ask(struct full *full, const struct page *page, struct page_answer *ret, struct err *err)
{
	struct pollfd fds[FULL_TERMINALS_MAX] = {0};
	struct view view;
	int r;

	begin_page(full);
	view_begin(page, &view);
	for (;;) {
		r = draw_all(full, page, &view, err);
		if (r >= 0)
			r = wait_for_keys(full, fds, err);
		for (size_t i = 0; i < full->count && r >= 0; i++) {
			struct terminal *t = &full->terminals[i];

			if (fds[i].revents && t->screen)
				r = hear(t, page, &view, ret, err);
			if (r > 0)
				return 0;
			if (t->screen && fds[i].revents & (POLLHUP | POLLERR | POLLNVAL))
				terminal_close(t);
		}
		if (r < 0)
			return r;
	}
}

void full_beep(struct full *full)
{
	for (size_t i = 0; i < full->count; i++) {
		if (!full->terminals[i].screen)
			continue;
		set_term(full->terminals[i].screen);
		beep();
	}
}
