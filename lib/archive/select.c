#include "archive/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repo/stream/tree_stream.h"

#define SNAPSHOTS_MAX 1000000u
#define TEXTS_MAX (256ull << 20) /* bytes of JSON, of all that are kept together */
#define LARGE 65536u /* bytes of JSON of one */

struct loading {
	struct repository *repository;
	struct select_list *list;
	uint64_t bytes[2]; /* of their texts; the large ones apart, so that they hide no other */
};

static int add(struct select_list *list, struct snapshot *snapshot, struct err *err)
{
	if (list->count == list->allocated) {
		size_t allocated = list->allocated ? list->allocated * 2 : 64;
		struct snapshot *items;

		if (allocated > SNAPSHOTS_MAX)
			return err_set(err, ERR_SPACE, EFBIG, "list snapshots: too many");
		items = realloc(list->items, allocated * sizeof(*items));
		if (!items)
			return err_oom(err);
		list->items = items;
		list->allocated = allocated;
	}
	list->items[list->count++] = *snapshot;
	*snapshot = (struct snapshot){0};
	return 0;
}

static int load_one(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	cleanup_snapshot struct snapshot snapshot = {0};
	struct loading *loading = context;
	char name[ID_TEXT_SIZE];
	uint64_t *bytes;
	int r;

	(void)size_bytes;
	r = repository_load_file(loading->repository, repository_codec(loading->repository),
		STORE_SNAPSHOT, id, &text, err);
	if (r >= 0)
		r = snapshot_parse(text.data, text.size, &snapshot, err);
	if (r == -ENOENT)
		return 0; /* forgotten meanwhile */
	bytes = &loading->bytes[text.size > LARGE];
	*bytes += text.size;
	if (r >= 0 && *bytes > TEXTS_MAX)
		r = err_set(err, ERR_CORRUPT, EFBIG,
			"all snapshots together have more than %llu MiB", TEXTS_MAX >> 20);
	if (r < 0 && err->kind == ERR_CORRUPT) {
		id_format(id, name);
		err_wrap(err, "snapshot %.8s", name);
		loading->list->damaged++;
		loading->list->err = *err;
		return 0;
	}
	if (r < 0)
		return r;
	snapshot.id = *id;
	return add(loading->list, &snapshot, err);
}

static int compare(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;
	int order = node_time_compare(&x->time, &y->time);

	return order ? order : id_compare(&x->id, &y->id);
}

int select_load(struct repository *repository, struct select_list *ret, struct err *err)
{
	struct loading loading = {.repository = repository, .list = ret};
	int r;

	*ret = (struct select_list){0};
	r = repository_list(repository, STORE_SNAPSHOT, load_one, &loading, err);
	if (r < 0)
		return r;
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare);
	return 0;
}

void select_done(struct select_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		snapshot_done(&list->items[i]);
	free(list->items);
	*list = (struct select_list){0};
}

static bool has_all(const struct str_list *list, const struct str_list *wanted)
{
	for (size_t i = 0; wanted && i < wanted->count; i++)
		if (!str_list_has(list, wanted->items[i]))
			return false;
	return true;
}

static bool has_tag(const struct snapshot *snapshot, const char *tag, size_t size)
{
	for (size_t i = 0; i < snapshot->tags.count; i++)
		if (strlen(snapshot->tags.items[i]) == size &&
			memcmp(snapshot->tags.items[i], tag, size) == 0)
			return true;
	return !size && !snapshot->tags.count;
}

bool select_has_tags(const struct snapshot *snapshot, const char *tags)
{
	size_t size;

	for (;; tags += size + 1) {
		size = strcspn(tags, ",");
		if (!has_tag(snapshot, tags, size))
			return false;
		if (!tags[size])
			return true;
	}
}

static bool has_any_tags(const struct snapshot *snapshot, const struct str_list *lists)
{
	for (size_t i = 0; i < lists->count; i++)
		if (select_has_tags(snapshot, lists->items[i]))
			return true;
	return !lists->count;
}

bool select_matches(const struct snapshot *snapshot, const struct select_filter *filter)
{
	if (!filter)
		return true;
	if (filter->hosts && filter->hosts->count &&
		!str_list_has(filter->hosts, snapshot->hostname ? snapshot->hostname : ""))
		return false;
	if (filter->tags && !has_any_tags(snapshot, filter->tags))
		return false;
	return has_all(&snapshot->paths, filter->paths);
}

static int find_latest(const struct select_list *list, const struct select_filter *filter,
	const struct snapshot **ret, struct err *err)
{
	for (size_t i = list->count; i > 0; i--)
		if (select_matches(&list->items[i - 1], filter)) {
			*ret = &list->items[i - 1];
			return 0;
		}
	return err_set(err, ERR_NOT_FOUND, ENOENT, "find snapshot: there is none%s",
		list->count ? " that matches" : "");
}

static int find_prefix(const struct select_list *list, const char *prefix,
	const struct snapshot **ret, struct err *err)
{
	const struct snapshot *found = NULL;

	if (!*prefix)
		return err_set(err, ERR_CONFIG, EINVAL, "find snapshot: say which");
	for (size_t i = 0; i < list->count; i++) {
		char id[ID_TEXT_SIZE];

		id_format(&list->items[i].id, id);
		if (!str_after(id, prefix))
			continue;
		if (found)
			return err_set(err, ERR_CONFIG, EINVAL,
				"find snapshot %s: more than one begins so", prefix);
		found = &list->items[i];
	}
	if (!found)
		return err_set(
			err, ERR_NOT_FOUND, ENOENT, "find snapshot %s: there is none", prefix);
	*ret = found;
	return 0;
}

int select_find(const struct select_list *list, const char *text,
	const struct select_filter *filter, const struct snapshot **ret, char **ret_folder,
	struct err *err)
{
	const char *colon = strchr(text, ':');
	cleanup_free char *id = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
	cleanup_free char *folder = strdup(colon ? colon + 1 : "");
	int r;

	if (!id || !folder)
		return err_oom(err);
	if (strcmp(id, "latest") == 0)
		r = find_latest(list, filter, ret, err);
	else
		r = find_prefix(list, id, ret, err);
	if (r < 0)
		return r;
	*ret_folder = TAKE(folder);
	return 0;
}

/* The subtree of name in a tree. */
static int find_child(struct repository *repository, const struct id *tree, const char *name,
	struct id *ret, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct node node;
	int r;

	r = tree_stream_open(repository, repository_codec(repository), tree, &stream, err);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, err)) == 1) {
		if (strcmp(node.name, name) != 0)
			continue;
		if (node.type != NODE_DIR || !node.has_subtree)
			return err_set(
				err, ERR_NOT_FOUND, ENOTDIR, "find %s: it is no folder", name);
		*ret = node.subtree;
		return 0;
	}
	if (r < 0)
		return r;
	return err_set(err, ERR_NOT_FOUND, ENOENT, "find %s: it is not in the snapshot", name);
}

int select_folder(struct repository *repository, const struct id *tree, const char *folder,
	struct id *ret, struct err *err)
{
	cleanup_free char *copy = strdup(folder);
	char *save = NULL;
	struct id id = *tree;
	int r = 0;

	if (!copy)
		return err_oom(err);
	for (char *name = strtok_r(copy, "/", &save); r >= 0 && name;
		name = strtok_r(NULL, "/", &save))
		r = find_child(repository, &id, name, &id, err);
	if (r < 0)
		return err_wrap(err, "find folder %s", folder);
	*ret = id;
	return 0;
}
