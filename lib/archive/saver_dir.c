#include "archive/saver.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_AT_ONCE 2000u /* of a folder, as text */
#define IDS_AT_ONCE 20000u /* of the content of its files */
#define TEXT_AT_ONCE (1u << 20) /* bytes of it */
#define IDS_HELD 16384u /* of a folder's files: half a MiB */
#define IDS_ASIDE_MIN 16u /* shorter lists are not worth a call */

static void dir_free(struct save_dir *dir)
{
	for (size_t i = 0; i < dir->count; i++)
		walk_entry_done(&dir->entries[i]);
	free(dir->entries);
	spill_free(dir->spill);
	buf_done(&dir->text);
	free(dir);
}

struct save_dir *saver_dir_new(struct save_dir *parent, size_t slot, size_t count)
{
	struct save_dir *dir = calloc(1, sizeof(*dir));

	if (!dir)
		return NULL;
	dir->parent = parent;
	dir->slot = slot;
	dir->pending = 1;
	dir->entries = calloc(count ? count : 1, sizeof(*dir->entries));
	if (dir->entries)
		return dir;
	free(dir);
	return NULL;
}

/* What does not fit into memory is put aside. Where it can't be, it fits after all. */
static void put_aside(struct save_dir *dir, struct walk_entry *entry)
{
	size_t size = entry->content_count * sizeof(*entry->content);
	struct err err = ERR_INIT;

	if (dir->no_spill)
		return;
	if (!dir->spill && spill_new(&dir->spill, &err) < 0)
		dir->spill = NULL;
	dir->no_spill = !dir->spill ||
			spill_add(dir->spill, entry->content, size, &entry->content_at, &err) < 0;
	if (dir->no_spill)
		return;
	free(TAKE(entry->content));
	dir->held -= entry->content_count;
}

void saver_enter_content(struct save_dir *dir, size_t slot, struct id *ids, size_t count)
{
	struct walk_entry *entry = &dir->entries[slot];

	if (!entry->name || !count) {
		free(ids);
		return;
	}
	entry->content = ids;
	entry->content_count = count;
	dir->held += count;
	if (dir->held > IDS_HELD && count >= IDS_ASIDE_MIN)
		put_aside(dir, entry);
}

void saver_dir_leave(struct saver *saver, struct save_dir *dir)
{
	bool has_spill;

	pthread_mutex_lock(&saver->mutex);
	has_spill = dir->spill;
	pthread_mutex_unlock(&saver->mutex);
	if (has_spill)
		slab_unref(TAKE(saver->slab));
}

void saver_count(struct saver *saver, enum blob_type type, const struct repository_added *added)
{
	if (!added->is_new)
		return;
	if (type == BLOB_TREE)
		saver->summary.tree_blobs++;
	else
		saver->summary.data_blobs++;
	saver->summary.data_added += added->plain_bytes;
	saver->summary.data_added_packed += added->stored_bytes;
}

void saver_node(const struct saver *saver, const struct walk_entry *entry, struct node *ret)
{
	walk_entry_node(entry, ret);
	if (saver->options->with_atime)
		ret->accessed = walk_time(&entry->st.st_atim);
}

/* Reads what was put aside; owned. */
static int take_back(const struct save_dir *dir, const struct walk_entry *entry, struct id **ret,
	struct err *err)
{
	size_t size = entry->content_count * sizeof(**ret);

	*ret = malloc(size);
	if (!*ret)
		return err_oom(err);
	return spill_read(dir->spill, entry->content_at, *ret, size, err);
}

/* Copies what stood in the parent's tree, or makes anew. */
static int add_entry(const struct saver *saver, const struct save_dir *dir,
	const struct walk_entry *entry, bool first, struct buf *ret, struct err *err)
{
	cleanup_free struct id *content = NULL;
	struct node node;
	int r;

	if (entry->text) {
		r = first ? 0 : buf_add_byte(ret, ',', err);
		return r < 0 ? r : buf_add(ret, entry->text, entry->text_size, err);
	}
	saver_node(saver, entry, &node);
	if (node.content_count && !node.content) {
		r = take_back(dir, entry, &content, err);
		if (r < 0)
			return r;
		node.content = content;
	}
	return tree_add(ret, &node, first, err);
}

/* How many ids the entry's text will hold, about: text is little else when they are many. */
static size_t count_ids(const struct walk_entry *entry)
{
	return entry->text ? entry->text_size / ID_TEXT_SIZE : entry->content_count;
}

/* The text of a folder's tree, some entries at a time. */
struct tree_text {
	const struct saver *saver;
	const struct save_dir *dir;
	size_t next;
	bool any; /* an entry was put */
	/* Owned: what an interrupted run stored of a folder that is being walked; one for each time
	 * that the text is gone through, as the codec is in use then. */
	struct done *rests[2];
	unsigned pass;
	struct done *rest; /* of them */
};

/* What the walker has not come to in a folder, and an interrupted run had: until then the next
 * one shall find it. Returns 1 if there may be more. */
static int add_rest(struct tree_text *text, struct buf *ret, struct err *err)
{
	const struct save_dir *dir = text->dir;

	for (unsigned i = 0; i < ENTRIES_AT_ONCE && ret->size < TEXT_AT_ONCE; i++) {
		const struct node *node = done_next(text->rest);
		int order = node && dir->at ? strcmp(node->name, dir->at) : 1, r;

		if (!node)
			return 0;
		if (order < 0 || (order == 0 && dir->at_done))
			continue;
		r = tree_add(ret, node, !text->any, err);
		if (r < 0)
			return r;
		text->any = true;
	}
	return 1;
}

static int next_entries(void *context, bool first, struct buf *ret, struct err *err)
{
	struct tree_text *text = context;
	const struct save_dir *dir = text->dir;
	size_t ids = 0;
	int r = 0;

	if (first) {
		text->next = 0;
		text->any = false;
		text->rest = text->pass < 2 ? text->rests[text->pass++] : NULL;
		r = tree_begin(ret, err);
	}
	for (size_t i = 0;
		r >= 0 && i < ENTRIES_AT_ONCE && ids < IDS_AT_ONCE && text->next < dir->count;
		i++) {
		const struct walk_entry *entry = &dir->entries[text->next++];

		if (!entry->name && !entry->text)
			continue; /* left out: excluded or unreadable */
		r = add_entry(text->saver, dir, entry, !text->any, ret, err);
		ids += count_ids(entry);
		text->any = true;
	}
	if (r < 0 || text->next < dir->count)
		return r < 0 ? r : 1;
	r = text->rest ? add_rest(text, ret, err) : 0;
	return r ? r : tree_end(ret, err);
}

static bool is_large(const struct save_dir *dir)
{
	size_t ids = 0;

	for (size_t i = 0; i < dir->count; i++)
		ids += count_ids(&dir->entries[i]);
	return dir->count > ENTRIES_AT_ONCE || ids > IDS_AT_ONCE || dir->done;
}

static void close_rests(struct tree_text *text)
{
	for (size_t i = 0; i < 2; i++)
		done_close(TAKE(text->rests[i]));
}

static void open_rests(struct tree_text *text)
{
	for (size_t i = 0; i < 2; i++)
		text->rests[i] = done_again(text->dir->done);
	if (!text->rests[0] || !text->rests[1])
		close_rests(text); /* both times the same */
}

/* The text of most folders is short and made once; that of large ones is not held. */
int saver_store_tree(struct saver *saver, struct blob_codec *codec, const struct save_dir *dir,
	struct id *ret, struct repository_added *ret_added, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX);
	struct tree_text context = {.saver = saver, .dir = dir};
	const struct blob_source source = {next_entries, &context};
	int r;

	/* Every byte of the text is that of the tree before, which is stored. */
	if (dir->same && !dir->differs) {
		*ret = dir->previous;
		*ret_added = (struct repository_added){0};
		return 0;
	}
	if (dir->spill)
		slab_pool_trim(saver->slabs);
	if (is_large(dir)) {
		open_rests(&context);
		r = repository_save_tree(saver->repository, codec, &source, ret, ret_added, err);
		close_rests(&context);
		return r;
	}
	r = next_entries(&context, true, &text, err);
	return r < 0 ? r
		     : repository_save_blob(saver->repository, codec, BLOB_TREE, text.data,
			       text.size, ret, ret_added, err);
}

/* Enters a stored tree into the parent's entry. Called with the mutex held. */
static void enter_tree(struct saver *saver, const struct save_dir *dir, const struct id *id,
	const struct repository_added *added)
{
	saver_count(saver, BLOB_TREE, added);
	if (!dir->parent) {
		saver->root = *id;
		return;
	}
	dir->parent->entries[dir->slot].subtree = *id;
	dir->parent->entries[dir->slot].has_subtree = true;
	if (!dir->has_previous || !id_equal(&dir->previous, id))
		dir->parent->differs = true;
	if (!dir->has_previous)
		saver->summary.dirs_new++;
	else if (id_equal(&dir->previous, id))
		saver->summary.dirs_unmodified++;
	else
		saver->summary.dirs_changed++;
}

int saver_dir_release(struct saver *saver, struct save_dir *dir, struct blob_codec *codec,
	bool failed, struct err *err)
{
	int r = failed ? -ECANCELED : 0;

	while (dir) {
		struct save_dir *parent = dir->parent;
		struct repository_added added;
		struct id id;
		bool last;

		pthread_mutex_lock(&saver->mutex);
		last = --dir->pending == 0;
		pthread_mutex_unlock(&saver->mutex);
		if (!last)
			break;
		if (r >= 0)
			r = saver_store_tree(saver, codec, dir, &id, &added, err);
		pthread_mutex_lock(&saver->mutex);
		if (r >= 0)
			enter_tree(saver, dir, &id, &added);
		pthread_mutex_unlock(&saver->mutex);
		dir_free(dir);
		dir = parent;
	}
	return failed ? 0 : r;
}

void saver_dir_hold(struct saver *saver, struct save_dir *dir)
{
	pthread_mutex_lock(&saver->mutex);
	dir->pending++;
	pthread_mutex_unlock(&saver->mutex);
}

void saver_drop(struct saver *saver, struct save_dir *dir, size_t slot)
{
	pthread_mutex_lock(&saver->mutex);
	walk_entry_done(&dir->entries[slot]);
	dir->differs = true;
	pthread_mutex_unlock(&saver->mutex);
}
