#include "archive/upkeep/replace.h"

#include <errno.h>
#include <string.h>

int replace_copy(const struct snapshot *snapshot, struct snapshot *ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	int r = snapshot_format(snapshot, &text, err);

	if (r >= 0)
		r = snapshot_parse(text.data, text.size, ret, err);
	if (r >= 0)
		ret->id = snapshot->id;
	return r;
}

/* Whether a snapshot of the list says the very same: left by an interrupted run. */
static int find_same(const struct select_list *list, const struct snapshot *changed,
	const struct buf *text, struct id *ret, struct err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct snapshot *other = &list->items[i];
		cleanup_buf struct buf other_text = BUF_INIT(SNAPSHOT_MAX);
		int r;

		if (!other->has_original || !id_equal(&other->original, &changed->original))
			continue;
		r = snapshot_format(other, &other_text, err);
		if (r < 0)
			return r;
		if (other_text.size == text->size &&
			memcmp(other_text.data, text->data, text->size) == 0) {
			*ret = other->id;
			return 1;
		}
	}
	return 0;
}

int replace_snapshot(struct repository *repository, const struct select_list *list,
	const struct snapshot *old, struct snapshot *changed, bool keep_old, struct id *ret_id,
	struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	char name[ID_TEXT_SIZE];
	int r;

	changed->original = old->has_original ? old->original : old->id;
	changed->has_original = true;
	r = snapshot_format(changed, &text, err);
	if (r >= 0)
		r = find_same(list, changed, &text, ret_id, err);
	if (r == 0)
		r = repository_save_file(repository, repository_codec(repository), STORE_SNAPSHOT,
			text.data, text.size, ret_id, err);
	if (r < 0 || keep_old || id_equal(&old->id, ret_id))
		return r < 0 ? r : 0;
	id_format(&old->id, name);
	r = store_remove(repository_store(repository), STORE_SNAPSHOT, name, err);
	return r == -ENOENT ? 0 : r;
}
