#include "archive/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

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

int filter_add(struct filter *filter, const char *pattern, struct err *err)
{
	const char *at = *pattern == '!' ? pattern + 1 : pattern;

	if (!*at || strlen(at) > PATTERN_MAX)
		return err_set(
			err, ERR_CONFIG, EINVAL, "read pattern \"%s\": empty or too long", pattern);
	/* A bracket that is never closed matches nothing: better told than found out. */
	if (fnmatch(at, "x", 0) != 0 && fnmatch(at, "x", 0) != FNM_NOMATCH)
		return err_set(err, ERR_CONFIG, EINVAL, "read pattern \"%s\": broken", pattern);
	return str_list_add(&filter->patterns, pattern, err);
}

int filter_add_file(struct filter *filter, const char *path, struct err *err)
{
	cleanup_free char *text = NULL;
	char *save = NULL;
	int r = file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, err);

	if (r < 0)
		return err_wrap(err, "read patterns");
	for (char *line = strtok_r(text, "\n", &save); r >= 0 && line;
		line = strtok_r(NULL, "\n", &save)) {
		line = str_strip(line);
		if (*line && *line != '#')
			r = filter_add(filter, line, err);
	}
	return r;
}

void filter_done(struct filter *filter)
{
	str_list_done(&filter->patterns);
}

/* How components match: all of the pattern was used, or all of the path. */
struct verdict {
	bool match; /* the pattern matches the path or a folder above it */
	bool below; /* it could match something below */
};

/* Matches pattern parts against path parts from their starts. Recursion only at "**". */
static void match_from(char *const *pattern, size_t pattern_count, char *const *path,
	size_t path_count, struct verdict *verdict)
{
	size_t i = 0;

	for (; i < pattern_count; i++) {
		if (strcmp(pattern[i], "**") == 0) {
			verdict->below = true;
			for (size_t skip = i; skip <= path_count && !verdict->match; skip++)
				match_from(pattern + i + 1, pattern_count - i - 1, path + skip,
					path_count - skip, verdict);
			return;
		}
		if (i == path_count) {
			verdict->below = true;
			return;
		}
		if (fnmatch(pattern[i], path[i], 0) != 0)
			return;
	}
	verdict->match = true;
	verdict->below = true;
}

static struct verdict match_one(const char *pattern, const struct parts *path)
{
	cleanup_parts struct parts parts = {0};
	struct verdict verdict = {0};
	bool anchored = *pattern == '/';

	if (!parts_init(&parts, pattern))
		return verdict;
	if (anchored) {
		match_from(parts.items, parts.count, path->items, path->count, &verdict);
		return verdict;
	}
	/* Anywhere: also deeper than path. */
	verdict.below = true;
	for (size_t start = 0; start < path->count && !verdict.match; start++)
		match_from(parts.items, parts.count, path->items + start, path->count - start,
			&verdict);
	return verdict;
}

bool filter_match(const struct filter *filter, const char *path, bool *ret_below)
{
	cleanup_parts struct parts parts = {0};
	bool match = false, below = false;

	if (!filter->patterns.count || !parts_init(&parts, path)) {
		if (ret_below)
			*ret_below = false;
		return false;
	}
	for (size_t i = 0; i < filter->patterns.count; i++) {
		const char *pattern = filter->patterns.items[i];
		bool negated = *pattern == '!';
		struct verdict verdict = match_one(pattern + negated, &parts);

		if (negated) {
			match = match && !verdict.match;
		} else {
			match = match || verdict.match;
			below = below || verdict.below;
		}
	}
	if (ret_below)
		*ret_below = below;
	return match;
}
