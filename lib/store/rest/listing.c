#include "store/rest/listing.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"

enum {
	START,
	NOTHING, /* in "null" for the whole */
	FIRST, /* after '[': an object or the end */
	NEXT, /* after ',': an object */
	MEMBER_FIRST, /* after '{': a key or the end */
	MEMBER, /* after ',': a key */
	KEY,
	COLON,
	VALUE,
	TEXT,
	BARE, /* a number or a word */
	AFTER_VALUE,
	AFTER_OBJECT,
	END,
};

void listing_init(struct listing *listing, store_list_fn *fn, void *context)
{
	*listing = (struct listing){.fn = fn, .context = context, .state = START};
}

static int refuse(struct err *err)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read list: it is not the JSON of a list");
}

/* A character of a text or bare value. What is too long can't be a name and is cut. */
static void keep(struct listing *listing, char c)
{
	if (listing->used + 1 < sizeof(listing->text))
		listing->text[listing->used++] = c;
	listing->text[listing->used] = '\0';
}

static void begin_text(struct listing *listing, int state)
{
	listing->used = 0;
	listing->text[0] = '\0';
	listing->escaped = false;
	listing->state = state;
}

static int end_value(struct listing *listing, bool quoted, struct err *err)
{
	listing->state = AFTER_VALUE;
	if (quoted && strcmp(listing->key, "name") == 0) {
		memcpy(listing->name, listing->text, sizeof(listing->name));
		listing->has_name = true;
	} else if (!quoted && strcmp(listing->key, "size") == 0) {
		if (parse_u64(listing->text, 0, UINT64_MAX, &listing->size_bytes, err) < 0)
			return refuse(err);
		listing->has_size = true;
	}
	return 0;
}

static int end_object(struct listing *listing, struct err *err)
{
	listing->state = AFTER_OBJECT;
	if (!listing->has_name || !listing->has_size)
		return refuse(err);
	return listing->fn(listing->name, listing->size_bytes, listing->context, err);
}

static int begin_object(struct listing *listing)
{
	listing->has_name = listing->has_size = false;
	listing->state = MEMBER_FIRST;
	return 0;
}

/* Inside a text, where blanks count. */
static int step_text(struct listing *listing, char c, struct err *err)
{
	if ((unsigned char)c < 0x20)
		return refuse(err);
	if (listing->escaped || c == '\\') { /* names of ours have no escapes */
		keep(listing, '\\');
		listing->escaped = !listing->escaped;
		return 0;
	}
	if (c != '"') {
		keep(listing, c);
		return 0;
	}
	if (listing->state == TEXT)
		return end_value(listing, true, err);
	memcpy(listing->key, listing->text, sizeof(listing->key));
	listing->state = COLON;
	return 0;
}

static int step_value(struct listing *listing, char c, struct err *err)
{
	if (c == '"') {
		begin_text(listing, TEXT);
		return 0;
	}
	if (!strchr("-0123456789tfn", c))
		return refuse(err);
	begin_text(listing, BARE);
	keep(listing, c);
	return 0;
}

/* Between texts, where blanks do not count. */
static int step(struct listing *listing, char c, struct err *err)
{
	switch (listing->state) {
	case START:
		listing->state = c == '[' ? FIRST : NOTHING;
		begin_text(listing, listing->state);
		if (c == '[')
			return 0;
		/* fall through */
	case NOTHING:
		keep(listing, c);
		return strncmp("null", listing->text, listing->used) == 0 ? 0 : refuse(err);
	case FIRST:
	case NEXT:
		if (c == '{')
			return begin_object(listing);
		if (c != ']' || listing->state == NEXT)
			return refuse(err);
		listing->state = END;
		return 0;
	case MEMBER_FIRST:
	case MEMBER:
		if (c == '"') {
			begin_text(listing, KEY);
			return 0;
		}
		return c == '}' && listing->state == MEMBER_FIRST ? end_object(listing, err)
								  : refuse(err);
	case COLON:
		listing->state = VALUE;
		return c == ':' ? 0 : refuse(err);
	case VALUE:
		return step_value(listing, c, err);
	case AFTER_VALUE:
		listing->state = MEMBER;
		return c == ',' ? 0 : c == '}' ? end_object(listing, err) : refuse(err);
	case AFTER_OBJECT:
		listing->state = c == ',' ? NEXT : END;
		return c == ',' || c == ']' ? 0 : refuse(err);
	default:
		return refuse(err);
	}
}

int listing_feed(struct listing *listing, const void *data, size_t size, struct err *err)
{
	const char *at = data;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < size; i++) {
		char c = at[i];
		bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';

		if (!c)
			return refuse(err);
		if (listing->state == KEY || listing->state == TEXT) {
			r = step_text(listing, c, err);
			continue;
		}
		if (listing->state == BARE) {
			if (!blank && c != ',' && c != '}') {
				keep(listing, c);
				continue;
			}
			r = end_value(listing, false, err);
		}
		if (r >= 0 && !blank)
			r = step(listing, c, err);
	}
	return r;
}

int listing_end(const struct listing *listing, struct err *err)
{
	if (listing->state == END ||
		(listing->state == NOTHING && strcmp(listing->text, "null") == 0))
		return 0;
	return refuse(err);
}
