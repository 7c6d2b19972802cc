#include "backup/parent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/target.h"
#include "archive/upkeep/group.h"
#include "base/cleanup.h"

/* The snapshot that is going to be made, as far as grouping looks at it. */
static int make_next(const struct save_options *options, struct snapshot *ret, struct err *err)
{
	cleanup_free char *here = getcwd(NULL, 0);
	int r = here ? 0 : err_errno(err, errno, "find the current folder");

	for (size_t i = 0; r >= 0 && i < options->paths->count; i++) {
		cleanup_free char *path = target_clean_path(options->paths->items[i], here);

		r = path ? str_list_add(&ret->paths, path, err) : err_oom(err);
	}
	for (size_t i = 0; r >= 0 && i < options->tags->count; i++)
		r = str_list_add(&ret->tags, options->tags->items[i], err);
	ret->hostname = strdup(options->hostname);
	return r >= 0 && !ret->hostname ? err_oom(err) : r;
}

/* The newest of the others in the group of next, which is among them. */
static const struct snapshot *newest(const struct group_list *groups, const struct snapshot *next)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->groups[i];
		const struct snapshot *found = NULL;
		bool here = false;

		for (size_t j = group->count; j > 0; j--) {
			if (group->items[j - 1] == next)
				here = true;
			else
				found = group->items[j - 1];
		}
		if (here)
			return found;
	}
	return NULL;
}

int parent_find(const struct select_list *list, const struct save_options *options, unsigned by,
	const struct snapshot **ret, struct err *err)
{
	cleanup_free const struct snapshot **items = calloc(list->count + 1, sizeof(*items));
	cleanup_group_list struct group_list groups = {0};
	cleanup_snapshot struct snapshot next = {0};
	bool dated = options->time.seconds || options->time.nanoseconds;
	size_t count = 0;
	int r = items ? make_next(options, &next, err) : err_oom(err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list->count; i++)
		if (!dated || node_time_compare(&list->items[i].time, &options->time) <= 0)
			items[count++] = &list->items[i];
	items[count++] = &next;
	r = group_split(items, count, by, &groups, err);
	if (r >= 0)
		*ret = newest(&groups, &next);
	return r;
}
