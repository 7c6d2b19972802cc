#include "provision/page/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "provision/page/code.h"

#define TOP_ROWS 2 /* title, and a blank below it */
#define END_ROWS 4 /* whether there is more, note, field, keys */
#define MARGIN 1 /* column in which lines begin */
#define MARK 2 /* columns before a choice */
#define PICTURE_GAP 2
#define LINES_MAX 2000

/* All lines of a page, as long as a terminal is wide. */
struct line {
	char *text; /* owned */
	enum frame_style style;
};

struct lines {
	struct line items[LINES_MAX];
	size_t count;
	size_t chosen_first, chosen_end; /* of what is chosen, else the last line */
};

static void cleanup_lines_fn(struct lines **lines)
{
	for (size_t i = 0; *lines && i < (*lines)->count; i++)
		free((*lines)->items[i].text);
	free(*lines);
}

/* A line too many is left out. */
static int add_line(
	struct lines *lines, const char *text, size_t size, enum frame_style style, struct err *err)
{
	char *copy;

	if (lines->count == LINES_MAX)
		return 0;
	copy = strndup(text, size);
	if (!copy)
		return err_oom(err);
	lines->items[lines->count++] = (struct line){.text = copy, .style = style};
	return 0;
}

/* Bytes of the words that fit into columns; at least one word. */
static size_t fitting(const char *text, size_t size, size_t columns)
{
	size_t end = 0;

	while (end < size) {
		const size_t word = end + strcspn(text + end, " ");
		const size_t next = word < size ? word : size;
		cleanup_free char *part = strndup(text, next);

		if (end && part && str_width(part) > columns)
			break;
		end = next + strspn(text + next, " ");
		if (end >= size)
			return size;
	}
	return end;
}

/* One line, broken at blanks; each part after the first begins below the first one's words. */
static int add_wrapped(struct lines *lines, const char *text, size_t size, size_t columns,
	enum frame_style style, struct err *err)
{
	size_t indent = strspn(text, " ");
	size_t taken;
	int r;

	if (indent >= size || indent >= columns)
		return add_line(lines, "", 0, style, err);
	taken = indent + fitting(text + indent, size - indent, columns - indent);
	r = add_line(lines, text, taken, style, err);
	while (taken < size && r >= 0) {
		const size_t n = fitting(text + taken, size - taken, columns - indent);
		cleanup_free char *part =
			str_printf("%*s%.*s", (int)indent, "", (int)n, text + taken);

		r = part ? add_line(lines, part, strlen(part), style, err) : err_oom(err);
		taken += n;
	}
	return r;
}

static int add_text(struct lines *lines, const char *text, size_t columns, enum frame_style style,
	struct err *err)
{
	int r = 0;

	while (*text && r >= 0) {
		const size_t n = strcspn(text, "\n");

		r = add_wrapped(lines, text, n, columns, style, err);
		text += n + (text[n] == '\n');
	}
	return r;
}

/* "> " marks what is chosen, so that a terminal without any attributes shows it too. */
static int add_choice(struct lines *lines, const struct page_choice *choice, bool chosen,
	size_t columns, struct err *err)
{
	const size_t first = strcspn(choice->text, "\n");
	const char *mark = choice->refused ? "- " : chosen ? "> " : "  ";
	cleanup_free char *head = str_printf("%s%.*s", mark, (int)first, choice->text);
	cleanup_buf struct buf rest = BUF_INIT(PAGE_TEXT_MAX);
	int r = head ? 0 : err_oom(err);

	for (const char *at = choice->text + first; *at && r >= 0;) {
		const size_t n = strcspn(++at, "\n");

		r = buf_printf(&rest, err, "%*s%.*s\n", MARK, "", (int)n, at);
		at += n;
	}
	if (r >= 0)
		r = add_wrapped(lines, head, strlen(head), columns,
			chosen ? FRAME_CHOSEN : FRAME_PLAIN, err);
	if (r >= 0 && rest.size)
		r = add_text(lines, (const char *)rest.data, columns, FRAME_PLAIN, err);
	return r;
}

static int add_code(struct lines *lines, const struct page *page, size_t columns, struct err *err)
{
	cleanup_buf struct buf letters = BUF_INIT(PAGE_TEXT_MAX);
	int r = code_draw(page->code, &letters, err);

	if (r >= 0)
		r = add_text(lines, "\n", columns, FRAME_PLAIN, err);
	return r < 0 ? r : add_text(lines, (const char *)letters.data, columns, FRAME_STRONG, err);
}

static int add_all(struct lines *lines, const struct page *page, const struct view *view,
	size_t columns, bool picture, struct err *err)
{
	int r = 0;

	if (page->text.size)
		r = add_text(lines, (const char *)page->text.data, columns, FRAME_PLAIN, err);
	if (r >= 0 && page->code[0] && !picture)
		r = add_code(lines, page, columns, err);
	if (r >= 0 && lines->count && page->count)
		r = add_line(lines, "", 0, FRAME_PLAIN, err);
	lines->chosen_first = lines->count ? lines->count - 1 : 0;
	lines->chosen_end = lines->count;
	for (size_t i = 0; i < page->count && r >= 0; i++) {
		const size_t first = lines->count;

		r = add_choice(lines, &page->choices[i], i == view->chosen, columns, err);
		if (i == view->chosen) {
			lines->chosen_first = first;
			lines->chosen_end = lines->count;
		}
	}
	return r;
}

/* Scrolls no further than the lines go, and to what is chosen if that is to be followed. */
static void settle(const struct lines *lines, size_t window, struct view *view)
{
	const size_t last_top = lines->count > window ? lines->count - window : 0;

	if (view->follow) {
		if (view->top + window < lines->chosen_end)
			view->top = lines->chosen_end - window;
		if (view->top > lines->chosen_first)
			view->top = lines->chosen_first;
	}
	if (view->top > last_top)
		view->top = last_top;
	view->window = window;
	view->seen = lines->chosen_first >= view->top && lines->chosen_first < view->top + window;
}

static int set_row(
	struct frame *frame, size_t row, enum frame_style style, char *text, struct err *err)
{
	if (!text)
		return err_oom(err);
	free(frame->rows[row].text);
	frame->rows[row] = (struct frame_row){.text = text, .style = style};
	return 0;
}

static int add_key(struct buf *help, bool shown, const char *text, struct err *err)
{
	return shown ? buf_printf(help, err, "  %s", text) : 0;
}

/* The keys that do something on this page. */
static char *keys_of(const struct page *page, bool scrolls)
{
	cleanup_buf struct buf help = BUF_INIT(1024);
	struct err err = ERR_INIT;
	int r;

	r = add_key(&help, page->count > 1, _("Arrows: choose"), &err);
	if (r >= 0)
		r = add_key(&help, !page->at_end, _("Enter: go on"), &err);
	if (r >= 0)
		r = add_key(&help, scrolls, _("PgUp/PgDn: scroll"), &err);
	if (r >= 0)
		r = add_key(&help, page->can_go_back, _("Esc: back"), &err);
	if (r >= 0)
		r = add_key(&help, page->can_look_again, _("r: look again"), &err);
	if (r >= 0)
		r = add_key(&help, page->can_quit, _("Ctrl-C: quit"), &err);
	if (r >= 0)
		r = buf_add_text(&help, "", &err);
	return r < 0 ? NULL : buf_take_text(&help);
}

/* Cuts what is longer than a row. */
static char *cut(char *text, size_t columns)
{
	size_t n = text ? strlen(text) : 0;

	while (n && str_width(text) > columns) {
		/* A character's first byte is the only one that is not 10xxxxxx. */
		do
			n--;
		while (n && ((unsigned char)text[n] & 0xc0) == 0x80);
		text[n] = '\0';
	}
	return text;
}

/* The field; of a long answer its end is shown. */
static int add_field(const struct page *page, const struct frame_size *size,
	const struct view *view, size_t row, struct frame *frame, struct err *err)
{
	const size_t before = MARGIN + str_width(page->prompt) + 2, typed = strlen(view->typed);
	const size_t room = before + 1 < size->columns ? size->columns - 1 - before : 0;
	const size_t hidden = typed > room ? typed - room : 0;

	frame->has_cursor = true;
	frame->cursor_row = row;
	frame->cursor_column = before + typed - hidden;
	return set_row(frame, row, FRAME_PLAIN,
		str_printf("%*s%s: %s", MARGIN, "", page->prompt, view->typed + hidden), err);
}

/* Title, note, field and keys, around the window. */
static int surround(const struct page *page, const struct frame_size *size, const struct view *view,
	size_t line_count, struct frame *frame, struct err *err)
{
	const size_t end = size->rows - END_ROWS;
	const bool above = view->top > 0, below = view->top + view->window < line_count;
	const char *more = below ? _("-- more below --") : above ? _("-- more above --") : "";
	int r;

	r = set_row(
		frame, 0, FRAME_BAR, str_printf("  Nexus %s  %s", NEXUS_VERSION, page->title), err);
	if (r >= 0)
		r = set_row(frame, end, FRAME_PLAIN, str_printf("%*s%s", MARGIN, "", more), err);
	if (r >= 0)
		r = set_row(frame, end + 1, FRAME_STRONG,
			str_printf("%*s%s", MARGIN, "", view->note), err);
	if (r >= 0)
		r = set_row(frame, size->rows - 1, FRAME_BAR, keys_of(page, above || below), err);
	if (r >= 0 && page->prompt[0])
		r = add_field(page, size, view, end + 2, frame, err);
	for (size_t i = 0; i < frame->count; i++)
		cut(frame->rows[i].text, size->columns);
	return r;
}

bool frame_is_too_small(const struct frame_size *size)
{
	return size->columns < PAGE_COLUMNS || size->rows < PAGE_ROWS;
}

static int too_small(const struct frame_size *size, struct frame *frame, struct err *err)
{
	__attribute__((cleanup(cleanup_lines_fn))) struct lines *lines = calloc(1, sizeof(*lines));
	cleanup_free char *text = str_printf(
		_("This window has %zu columns and %zu rows; 80 and 24 are needed. Make it "
		  "larger, or press p for plain lines."),
		size->columns, size->rows);
	int r;

	if (!lines || !text)
		return err_oom(err);
	r = add_text(lines, text, size->columns, FRAME_PLAIN, err);
	for (size_t i = 0; i < lines->count && i < frame->count; i++)
		frame->rows[i].text = TAKE(lines->items[i].text);
	return r;
}

static size_t picture_width(const char *picture)
{
	cleanup_free char *first = strndup(picture, strcspn(picture, "\n"));

	return first ? str_width(first) : 0;
}

/* The page between title and note. */
static int fill(const struct page *page, const struct frame_size *size, struct view *view,
	struct frame *frame, struct err *err)
{
	__attribute__((cleanup(cleanup_lines_fn))) struct lines *lines = calloc(1, sizeof(*lines));
	const size_t window = size->rows - TOP_ROWS - END_ROWS;
	const bool picture = page->picture && size->has_blocks;
	size_t columns = size->columns < FRAME_COLUMNS_MAX ? size->columns : FRAME_COLUMNS_MAX;
	int r;

	if (!lines)
		return err_oom(err);
	columns -= 2 * MARGIN;
	if (picture) {
		columns -= picture_width(page->picture) + PICTURE_GAP;
		frame->picture = page->picture;
		frame->picture_row = TOP_ROWS;
		frame->picture_column = MARGIN + columns + PICTURE_GAP;
	}
	r = add_all(lines, page, view, columns, picture, err);
	if (r < 0)
		return r;
	settle(lines, window, view);
	for (size_t i = 0; i < window && view->top + i < lines->count && r >= 0; i++) {
		const struct line *line = &lines->items[view->top + i];

		r = set_row(frame, TOP_ROWS + i, line->style,
			str_printf("%*s%s", MARGIN, "", line->text), err);
	}
	return r < 0 ? r : surround(page, size, view, lines->count, frame, err);
}

int frame_make(const struct page *page, const struct frame_size *size, struct view *view,
	struct frame *ret, struct err *err)
{
	const struct frame_size shown = {.columns = size->columns,
		.rows = size->rows < FRAME_ROWS_MAX ? size->rows : FRAME_ROWS_MAX,
		.has_blocks = size->has_blocks};
	cleanup_frame struct frame frame = {.count = shown.rows};
	int r;

	if (page->broken)
		return err_oom(err);
	r = frame_is_too_small(size) ? too_small(size, &frame, err)
				     : fill(page, &shown, view, &frame, err);
	if (r < 0)
		return r;
	*ret = frame;
	frame = (struct frame){0};
	return 0;
}

void frame_done(struct frame *frame)
{
	for (size_t i = 0; i < frame->count; i++)
		free(frame->rows[i].text);
	*frame = (struct frame){0};
}
