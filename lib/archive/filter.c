#include "archive/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wctype.h>

#include "base/buf.h"
#include "base/file.h"
#include "repo/text/text.h"

#define PATTERN_MAX 4096 /* bytes */
#define FILE_MAX (4u << 20)

/* A path or pattern cut at its slashes; the parts point into text. */
struct parts {
	char *text; /* owned */
	char **items; /* owned */
	size_t count;
};

static void parts_done(struct parts *parts)
{
	free(parts->text);
	free(parts->items);
}

static void cleanup_parts_fn(struct parts *parts)
{
	parts_done(parts);
}
#define cleanup_parts __attribute__((cleanup(cleanup_parts_fn)))

/* False without memory. Empty components vanish. */
static bool parts_init(struct parts *parts, const char *text)
{
	size_t slashes = 1;
	char *save = NULL;

	for (const char *at = text; *at; at++)
		slashes += *at == '/';
	parts->text = strdup(text);
	parts->items = calloc(slashes + 1, sizeof(char *));
	parts->count = 0;
	if (!parts->text || !parts->items)
		return false;
	for (char *item = strtok_r(parts->text, "/", &save); item;
		item = strtok_r(NULL, "/", &save))
		parts->items[parts->count++] = item;
	return true;
}

/* The character that at begins with, which a backslash may stand before; NULL if there is none. */
static const char *skip_character(const char *at)
{
	at += *at == '\\';
	return *at && *at != '/' ? at + 1 : NULL;
}

/* What stands between brackets; at is behind the first one. Returns the other one, or NULL. */
static const char *skip_brackets(const char *at)
{
	const char *first = at += *at == '^';

	while (at && (at == first || *at != ']')) {
		if (*at == '-' || *at == ']')
			return NULL;
		at = skip_character(at);
		if (at && *at == '-')
			at = at[1] == '-' || at[1] == ']' ? NULL : skip_character(at + 1);
	}
	return at;
}

/* As restic refuses it. */
static bool is_broken(const char *pattern)
{
	for (const char *at = pattern; *at; at++) {
		if (*at == '[')
			at = skip_brackets(at + 1);
		else if (*at == '\\')
			at = at[1] && at[1] != '/' ? at + 1 : NULL;
		if (!at)
			return true;
	}
	return false;
}

static int check(const char *pattern, struct err *err)
{
	const char *at = *pattern == '!' ? pattern + 1 : pattern;

	if (!*at || strlen(at) > PATTERN_MAX)
		return err_set(
			err, ERR_CONFIG, EINVAL, "read pattern \"%s\": empty or too long", pattern);
	/* A bracket that is never closed matches nothing: better told than found out. */
	if (is_broken(at))
		return err_set(err, ERR_CONFIG, EINVAL, "read pattern \"%s\": broken", pattern);
	return 0;
}

int filter_add(struct filter *filter, const char *pattern, struct err *err)
{
	int r = check(pattern, err);

	return r < 0 ? r : str_list_add(&filter->patterns, pattern, err);
}

/* Owned, in small letters; bytes that are no UTF-8 stay. NULL without memory. */
static char *fold(const char *text)
{
	static locale_t utf8; /* whatever the program's own locale is */
	cleanup_buf struct buf result = BUF_INIT(1u << 20);
	size_t size = strlen(text);
	struct err err = ERR_INIT;
	int r = buf_reserve(&result, size + 1, &err);

	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	for (size_t at = 0, used; r >= 0 && at < size; at += used) {
		uint32_t rune;

		used = text_rune((const uint8_t *)text + at, size - at, &rune);
		if (used == 1 && rune == TEXT_REPLACEMENT)
			r = buf_add(&result, text + at, 1, &err);
		else
			r = text_add_rune(&result,
				utf8 ? (uint32_t)towlower_l((wint_t)rune, utf8) : rune, &err);
	}
	return r < 0 ? NULL : buf_take_text(&result);
}

int filter_add_folded(struct filter *filter, const char *pattern, struct err *err)
{
	cleanup_free char *folded = NULL;
	int r = check(pattern, err);

	if (r < 0)
		return r;
	folded = fold(pattern);
	return folded ? str_list_add(&filter->folded, folded, err) : err_oom(err);
}

bool filter_is_empty(const struct filter *filter)
{
	return !filter->patterns.count && !filter->folded.count;
}

/* Appends the value of the variable whose name stands at text; returns behind it. */
static const char *add_variable(const char *text, struct buf *ret, int *result, struct err *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	bool braces = *text == '{';
	size_t size = braces ? strcspn(text + 1, "}") : strspn(text, letters);
	cleanup_free char *name = strndup(text + braces, size);
	const char *value = name ? getenv(name) : NULL;

	if (value)
		*result = buf_add_text(ret, value, err);
	text += size + braces;
	return text + (braces && *text == '}');
}

static int expand(const char *line, struct buf *ret, struct err *err)
{
	int r = 0;

	buf_clear(ret);
	while (r >= 0 && *line) {
		if (*line != '$') {
			r = buf_add_byte(ret, (uint8_t)*line++, err);
		} else if (line[1] == '$') {
			r = buf_add_byte(ret, '$', err);
			line += 2;
		} else {
			line = add_variable(line + 1, ret, &r, err);
		}
	}
	return r;
}

int filter_add_file(struct filter *filter, const char *path, bool fold_case, struct err *err)
{
	cleanup_buf struct buf expanded = BUF_INIT(PATTERN_MAX * 4);
	cleanup_free char *text = NULL;
	char *save = NULL;
	int r;

	if (strcmp(path, "-") == 0)
		r = file_read_fd(STDIN_FILENO, "standard input", FILE_MAX, &text, NULL, err);
	else
		r = file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, err);
	if (r < 0)
		return err_wrap(err, "read patterns");
	for (char *line = strtok_r(text, "\n", &save); r >= 0 && line;
		line = strtok_r(NULL, "\n", &save)) {
		line = str_strip(line);
		if (!*line || *line == '#')
			continue;
		r = expand(line, &expanded, err);
		if (r >= 0 && expanded.size)
			r = (fold_case ? filter_add_folded : filter_add)(
				filter, (const char *)expanded.data, err);
	}
	return r;
}

void filter_done(struct filter *filter)
{
	str_list_done(&filter->patterns);
	str_list_done(&filter->folded);
}

/* How components match: all of the pattern was used, or all of the path. */
struct verdict {
	bool match; /* the pattern matches the path or a folder above it */
	bool below; /* it could match something below */
};

/* A pattern between two "**", or at its ends. */
struct stretch {
	char *const *parts;
	size_t count;
};

/* Takes the parts up to the next "**" off a pattern. */
static struct stretch take_stretch(char *const **pattern, size_t *count)
{
	struct stretch stretch = {.parts = *pattern};

	while (stretch.count < *count && strcmp((*pattern)[stretch.count], "**") != 0)
		stretch.count++;
	*pattern += stretch.count;
	*count -= stretch.count;
	return stretch;
}

/* Whether a stretch matches the first parts of a path; ret_below: the path ends before it. */
static bool match_stretch(
	const struct stretch *stretch, char *const *path, size_t count, bool *ret_below)
{
	*ret_below = false;
	for (size_t i = 0; i < stretch->count; i++) {
		*ret_below = i == count;
		if (i == count || fnmatch(stretch->parts[i], path[i], 0) != 0)
			return false;
	}
	return true;
}

/* Matches pattern parts against path parts; floating: they may begin anywhere. What stands behind
 * a "**" is taken where it matches first: that leaves the most for what follows, so there is no
 * need to try again, and a hostile pattern costs no more than parts times parts. */
static struct verdict match_parts(char *const *pattern, size_t pattern_count, char *const *path,
	size_t path_count, bool floating)
{
	struct verdict verdict = {.below = floating};

	for (;;) {
		struct stretch stretch = take_stretch(&pattern, &pattern_count);
		bool below, matched = match_stretch(&stretch, path, path_count, &below);

		verdict.below = verdict.below || below;
		for (; !matched && floating && path_count; path_count--)
			matched = match_stretch(&stretch, ++path, path_count - 1, &below);
		if (!matched)
			return verdict;
		if (!pattern_count)
			return (struct verdict){.match = true, .below = true};
		path += stretch.count;
		path_count -= stretch.count;
		pattern++;
		pattern_count--;
		floating = verdict.below = true;
	}
}

static struct verdict match_one(const char *pattern, const struct parts *path)
{
	cleanup_parts struct parts parts = {0};
	bool anchored = *pattern == '/';

	if (!parts_init(&parts, pattern))
		return (struct verdict){0};
	if (!anchored && !path->count)
		return (struct verdict){.below = true};
	return match_parts(parts.items, parts.count, path->items, path->count, !anchored);
}

static bool match_list(const struct str_list *patterns, const char *path, bool *ret_below)
{
	cleanup_parts struct parts parts = {0};
	bool match = false;

	*ret_below = false;
	if (!patterns->count || !parts_init(&parts, path))
		return false;
	for (size_t i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->items[i];
		bool negated = *pattern == '!';
		struct verdict verdict = match_one(pattern + negated, &parts);

		if (negated) {
			match = match && !verdict.match;
		} else {
			match = match || verdict.match;
			*ret_below = *ret_below || verdict.below;
		}
	}
	return match;
}

bool filter_match(const struct filter *filter, const char *path, bool *ret_below)
{
	bool below, folded_below = false;
	bool match = match_list(&filter->patterns, path, &below);

	if (filter->folded.count) {
		cleanup_free char *folded = fold(path);

		match = (folded && match_list(&filter->folded, folded, &folded_below)) || match;
	}
	if (ret_below)
		*ret_below = below || folded_below;
	return match;
}

bool filter_chooses(const struct filter *includes, const struct filter *excludes, const char *path,
	bool *ret_below)
{
	*ret_below = true;
	if (filter_match(excludes, path, NULL)) {
		*ret_below = false;
		return false;
	}
	return filter_is_empty(includes) || filter_match(includes, path, ret_below);
}
