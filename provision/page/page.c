#include "provision/page/page.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

struct page page_make(const char *title)
{
	struct page page = {.text = BUF_INIT(PAGE_TEXT_MAX)};

	snprintf(page.title, sizeof(page.title), "%s", title);
	return page;
}

void page_done(struct page *page)
{
	buf_done(&page->text);
	free(page->picture);
	for (size_t i = 0; i < page->count; i++)
		free(page->choices[i].text);
	*page = (struct page){0};
}

void page_say(struct page *page, const char *format, ...)
{
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	va_list ap;

	va_start(ap, format);
	text = str_vprintf(format, ap);
	va_end(ap);
	if (!text || buf_add_text(&page->text, text, &err) < 0)
		page->broken = true;
}

void page_offer(struct page *page, bool refused, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = str_vprintf(format, ap);
	va_end(ap);
	if (!text || page->count == PAGE_CHOICES_MAX) {
		page->broken = true;
		return;
	}
	page->choices[page->count++] = (struct page_choice){.text = TAKE(text), .refused = refused};
}

bool page_can_pick(const struct page *page, size_t choice)
{
	return choice < page->count && !page->choices[choice].refused;
}
