#include "archive/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int group_by_parse(const char *text, struct group_by *ret, struct err *err)
{
	cleanup_free char *copy = strdup(text);
	struct group_by by = {0};
	char *save = NULL;

	if (!copy)
		return err_oom(err);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (strcmp(word, "host") == 0 || strcmp(word, "hosts") == 0)
			by.host = true;
		else if (strcmp(word, "paths") == 0 || strcmp(word, "path") == 0)
			by.paths = true;
		else if (strcmp(word, "tags") == 0 || strcmp(word, "tag") == 0)
			by.tags = true;
		else
			return err_set(err, ERR_CONFIG, EINVAL,
				"read --group-by %s: host, paths and tags, with commas", text);
	}
	*ret = by;
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The items in order; borrowed. NULL without memory or items. */
static const char **sorted(const struct str_list *list)
{
	const char **items = list->count ? calloc(list->count, sizeof(*items)) : NULL;

	if (!items)
		return NULL;
	memcpy(items, list->items, list->count * sizeof(*items));
	qsort(items, list->count, sizeof(*items), compare_texts);
	return items;
}

static int compare_lists(const struct str_list *a, const struct str_list *b)
{
	cleanup_free const char **x = sorted(a), **y = sorted(b);
	int order = (a->count > b->count) - (a->count < b->count);

	for (size_t i = 0; order == 0 && x && y && i < a->count; i++)
		order = strcmp(x[i], y[i]);
	return order;
}

static int compare_parts(const struct snapshot *a, const char *hostname,
	const struct str_list *paths, const struct str_list *tags, const struct group_by *by)
{
	int order = 0;

	if (by->host)
		order = strcmp(a->hostname ? a->hostname : "", hostname ? hostname : "");
	if (order == 0 && by->paths)
		order = compare_lists(&a->paths, paths);
	if (order == 0 && by->tags)
		order = compare_lists(&a->tags, tags);
	return order;
}

int group_compare(const struct snapshot *a, const struct snapshot *b, const struct group_by *by)
{
	return compare_parts(a, b->hostname, &b->paths, &b->tags, by);
}

bool group_same(const struct snapshot *a, const struct snapshot *b, const struct group_by *by)
{
	return group_compare(a, b, by) == 0;
}

bool group_holds(const struct snapshot *snapshot, const char *hostname,
	const struct str_list *paths, const struct str_list *tags, const struct group_by *by)
{
	return compare_parts(snapshot, hostname, paths, tags, by) == 0;
}
