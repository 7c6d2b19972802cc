#include "archive/upkeep/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define KEY_MAX (16u << 20) /* bytes */

/* A snapshot and what it is grouped by, as one run of bytes. */
struct member {
	char *key; /* owned */
	size_t size;
	const struct snapshot *snapshot;
};

int group_by_parse(const char *text, unsigned *ret, struct err *err)
{
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {{"host", GROUP_BY_HOST}, {"hosts", GROUP_BY_HOST}, {"paths", GROUP_BY_PATHS},
		{"path", GROUP_BY_PATHS}, {"tags", GROUP_BY_TAGS}, {"tag", GROUP_BY_TAGS}};
	cleanup_free char *copy = strdup(text);
	char *save = NULL;
	unsigned by = 0;

	if (!copy)
		return err_oom(err);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		unsigned bit = 0;

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strcmp(word, words[i].word) == 0)
				bit = words[i].bit;
		if (!bit)
			return err_set(err, ERR_CONFIG, EINVAL,
				"group by \"%s\": host, paths and tags are possible", word);
		by |= bit;
	}
	*ret = by;
	return 0;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int group_sorted(const struct str_list *list, struct str_list *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = str_list_add(ret, list->items[i], err);
	if (r >= 0 && ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_text);
	return r;
}

/* Each text with its NUL, and one more behind the list: no two lists look alike. */
static int add_sorted(struct buf *ret, const struct str_list *list, struct err *err)
{
	cleanup_str_list struct str_list sorted = {0};
	int r = group_sorted(list, &sorted, err);

	for (size_t i = 0; r >= 0 && i < sorted.count; i++)
		r = buf_add(ret, sorted.items[i], strlen(sorted.items[i]) + 1, err);
	return r < 0 ? r : buf_add_byte(ret, 0, err);
}

static int make_member(
	const struct snapshot *snapshot, unsigned by, struct member *ret, struct err *err)
{
	cleanup_buf struct buf key = BUF_INIT(KEY_MAX);
	const char *host = snapshot->hostname ? snapshot->hostname : "";
	int r = buf_add(&key, host, by & GROUP_BY_HOST ? strlen(host) + 1 : 0, err);

	if (r >= 0 && (by & GROUP_BY_PATHS))
		r = add_sorted(&key, &snapshot->paths, err);
	if (r >= 0 && (by & GROUP_BY_TAGS))
		r = add_sorted(&key, &snapshot->tags, err);
	if (r < 0)
		return r;
	ret->size = key.size;
	ret->key = buf_take_text(&key);
	ret->snapshot = snapshot;
	return ret->key ? 0 : err_oom(err);
}

static int compare_key(const struct member *a, const struct member *b)
{
	size_t size = a->size < b->size ? a->size : b->size;
	int order = memcmp(a->key, b->key, size);

	return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int compare_member(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = compare_key(x, y);

	if (!order)
		order = node_time_compare(&y->snapshot->time, &x->snapshot->time);
	return order ? order : id_compare(&x->snapshot->id, &y->snapshot->id);
}

static int fill(const struct member *members, size_t count, struct group_list *ret, struct err *err)
{
	ret->items = calloc(count ? count : 1, sizeof(*ret->items));
	ret->groups = calloc(count ? count : 1, sizeof(*ret->groups));
	if (!ret->items || !ret->groups)
		return err_oom(err);
	for (size_t i = 0; i < count; i++) {
		ret->items[i] = members[i].snapshot;
		if (!i || compare_key(&members[i - 1], &members[i]) != 0)
			ret->groups[ret->count++].items = &ret->items[i];
		ret->groups[ret->count - 1].count++;
	}
	return 0;
}

int group_split(const struct snapshot *const *snapshots, size_t count, unsigned by,
	struct group_list *ret, struct err *err)
{
	cleanup_group_list struct group_list list = {.by = by};
	struct member *members = calloc(count ? count : 1, sizeof(*members));
	int r = members ? 0 : err_oom(err);

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = make_member(snapshots[i], by, &members[i], err);
	if (r >= 0 && count > 1)
		qsort(members, count, sizeof(*members), compare_member);
	if (r >= 0)
		r = fill(members, count, &list, err);
	for (size_t i = 0; members && i < count; i++)
		free(members[i].key);
	free(members);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct group_list){0};
	return 0;
}

void group_list_done(struct group_list *list)
{
	free(list->groups);
	free(list->items);
	*list = (struct group_list){0};
}
