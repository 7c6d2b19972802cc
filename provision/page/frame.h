/* A page laid out for a terminal: rows of text, each in one style. */
#ifndef NEXUS_PROVISION_PAGE_FRAME_H
#define NEXUS_PROVISION_PAGE_FRAME_H

#include "provision/page/page.h"
#include "provision/page/view.h"

#define FRAME_ROWS_MAX 200 /* more rows of a terminal stay empty */
#define FRAME_COLUMNS_MAX 100 /* lines of text are no longer, on however wide a terminal */

enum frame_style {
	FRAME_PLAIN,
	FRAME_BAR, /* title and help, over the whole width */
	FRAME_CHOSEN,
	FRAME_STRONG,
};

struct frame_row {
	char *text; /* owned, NULL: empty */
	enum frame_style style;
};

struct frame {
	struct frame_row rows[FRAME_ROWS_MAX];
	size_t count;
	const char *picture; /* borrowed from the page; NULL: not shown */
	size_t picture_row, picture_column;
	bool has_cursor;
	size_t cursor_row, cursor_column;
};

/* What a terminal is. */
struct frame_size {
	size_t columns, rows;
	bool has_blocks; /* it can show the characters of a picture */
};

/* True if a page does not fit; the frame then says so, and what to do. */
bool frame_is_too_small(const struct frame_size *size);

/* Lays page out as view stands in it, and puts view's top, seen and window right. -ENOMEM.
 * Released with frame_done. */
int frame_make(const struct page *page, const struct frame_size *size, struct view *view,
	struct frame *ret, struct err *err) __attribute__((warn_unused_result));
void frame_done(struct frame *frame);

static inline void cleanup_frame_fn(struct frame *frame)
{
	int saved = errno;

	frame_done(frame);
	errno = saved;
}
#define cleanup_frame __attribute__((cleanup(cleanup_frame_fn)))

#endif
