#include "archive/read/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "repo/snapshot.h"
#include "repo/stream/tree_stream.h"

#define PATH_MAX_SIZE (1u << 20)

enum { /* bits of a blob */
	IN_OLD = 1,
	IN_NEW = 2,
	IN_COMMON = 4, /* below a folder that is the same in both */
	GONE_THROUGH = 8, /* such a folder's tree, of which all below is marked */
};

struct differ {
	struct repository *repository;
	const struct diff_options *options;
	struct diff_stats *stats;
	struct buf path;
	uint8_t *blobs; /* owned: bits by index number */
	struct tree_depth old_depth, new_depth;
};

/* One side of a folder; its node is the current one. */
struct side {
	struct tree_stream stream;
	struct node node;
	bool has_node;
};

static void side_done(struct side *side)
{
	tree_stream_done(&side->stream);
}
static void cleanup_side_fn(struct side *side)
{
	side_done(side);
}
#define cleanup_side __attribute__((cleanup(cleanup_side_fn)))

static int side_next(struct side *side, struct err *err)
{
	int r = tree_stream_next(&side->stream, &side->node, err);

	side->has_node = r == 1;
	return r < 0 ? r : 0;
}

static int side_open(
	struct differ *differ, struct side *side, const struct id *tree, struct err *err)
{
	struct repository *repository = differ->repository;
	int r;

	*side = (struct side){0};
	if (differ->options->stop && *differ->options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "compare: interrupted");
	r = tree_stream_open(repository, repository_codec(repository), tree, &side->stream, err);
	return r < 0 ? r : side_next(side, err);
}

static void mark(struct differ *differ, enum blob_type type, const struct id *id, unsigned bits)
{
	size_t number;

	if (index_number(repository_index(differ->repository), type, id, &number))
		differ->blobs[number] |= (uint8_t)bits;
}

static void mark_node(struct differ *differ, const struct node *node, unsigned bits)
{
	for (size_t i = 0; i < node->content_count; i++)
		mark(differ, BLOB_DATA, &node->content[i], bits);
	if (node->type == NODE_DIR && node->has_subtree)
		mark(differ, BLOB_TREE, &node->subtree, bits);
}

static int set_name(struct differ *differ, size_t size, const struct node *node, struct err *err)
{
	int r;

	differ->path.size = size;
	r = buf_add_text(&differ->path, node->name, err);
	return r >= 0 && node->type == NODE_DIR ? buf_add_byte(&differ->path, '/', err) : r;
}

static void tell(struct differ *differ, const char *marks)
{
	differ->options->change(differ->options->context, marks, (const char *)differ->path.data);
}

static void count(struct diff_side *side, const struct node *node)
{
	if (node->type == NODE_FILE)
		side->files++;
	else if (node->type == NODE_DIR)
		side->dirs++;
	else
		side->others++;
}

/* All below a folder that only one side has; or, with IN_COMMON, that both have. */
static int walk_one(struct differ *differ, const struct id *tree, unsigned bits, struct err *err);

static int take_one(struct differ *differ, const struct side *from, unsigned bits, struct err *err)
{
	struct diff_side *side = bits & IN_NEW ? &differ->stats->added : &differ->stats->removed;
	struct tree_depth *depth = bits & IN_NEW ? &differ->new_depth : &differ->old_depth;
	const struct node *node = &from->node;
	int r;

	mark_node(differ, node, bits);
	if (!(bits & IN_COMMON)) {
		tell(differ, bits & IN_NEW ? "+" : "-");
		count(side, node);
	}
	if (node->type != NODE_DIR || !node->has_subtree)
		return 0;
	r = tree_depth_enter(depth, &from->stream, err);
	if (r < 0)
		return err_wrap(err, "compare");
	r = walk_one(differ, &node->subtree, bits, err);
	tree_depth_leave(depth, &from->stream);
	return r;
}

/* Whether all below a folder that both have is marked already. */
static bool was_gone_through(struct differ *differ, const struct id *tree)
{
	size_t number;

	if (!index_number(repository_index(differ->repository), BLOB_TREE, tree, &number))
		return false;
	if (differ->blobs[number] & GONE_THROUGH)
		return true;
	differ->blobs[number] |= GONE_THROUGH;
	return false;
}

static int walk_one(struct differ *differ, const struct id *tree, unsigned bits, struct err *err)
{
	cleanup_side struct side side = {0};
	size_t size = differ->path.size;
	int r;

	if ((bits & IN_COMMON) && was_gone_through(differ, tree))
		return 0;
	r = side_open(differ, &side, tree, err);

	while (r >= 0 && side.has_node) {
		r = set_name(differ, size, &side.node, err);
		if (r >= 0)
			r = take_one(differ, &side, bits, err);
		if (r >= 0)
			r = side_next(&side, err);
	}
	differ->path.size = size;
	return r;
}

static bool same_content(const struct node *a, const struct node *b)
{
	return a->content_count == b->content_count &&
	       (!a->content_count ||
		       memcmp(a->content, b->content, a->content_count * sizeof(*a->content)) == 0);
}

static bool same_xattrs(const struct node *a, const struct node *b)
{
	if (a->xattr_count != b->xattr_count)
		return false;
	for (size_t i = 0; i < a->xattr_count; i++) {
		const struct node_xattr *x = &a->xattrs[i], *y = &b->xattrs[i];

		if (strcmp(x->name, y->name) != 0 || x->size != y->size ||
			(x->size && memcmp(x->value, y->value, x->size) != 0))
			return false;
	}
	return true;
}

/* All that a node says but its content. */
static bool same_metadata(const struct node *a, const struct node *b)
{
	return a->type == b->type && a->mode == b->mode &&
	       node_time_compare(&a->modified, &b->modified) == 0 &&
	       node_time_compare(&a->accessed, &b->accessed) == 0 &&
	       node_time_compare(&a->changed, &b->changed) == 0 && a->uid == b->uid &&
	       a->gid == b->gid && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->group, b->group) == 0 && a->inode == b->inode &&
	       a->device_id == b->device_id && a->size == b->size && a->links == b->links &&
	       strcmp(a->link_target, b->link_target) == 0 && a->device == b->device &&
	       a->has_subtree == b->has_subtree &&
	       (!a->has_subtree || id_equal(&a->subtree, &b->subtree)) && same_xattrs(a, b);
}

static void find_marks(struct differ *differ, const struct node *old, const struct node *new,
	char ret[DIFF_MARKS_SIZE])
{
	size_t n = 0;

	if (old->type != new->type)
		ret[n++] = 'T';
	if (old->type == NODE_FILE && new->type == NODE_FILE && !same_content(old, new)) {
		ret[n++] = 'M';
		differ->stats->changed_files++;
		if (same_metadata(old, new))
			ret[n++] = '?';
	} else if (differ->options->metadata &&
		   (!same_metadata(old, new) || !same_content(old, new))) {
		ret[n++] = 'U';
	}
	ret[n] = '\0';
}

static int walk_both(struct differ *differ, const struct id *old_tree, const struct id *new_tree,
	struct err *err);

/* Below two folders of one name. */
static int go_below(
	struct differ *differ, const struct side *old, const struct side *new, struct err *err)
{
	int r = tree_depth_enter(&differ->old_depth, &old->stream, err);

	if (r < 0)
		return err_wrap(err, "compare");
	r = tree_depth_enter(&differ->new_depth, &new->stream, err);
	if (r >= 0) {
		if (id_equal(&old->node.subtree, &new->node.subtree))
			r = walk_one(differ, &old->node.subtree, IN_COMMON, err);
		else
			r = walk_both(differ, &old->node.subtree, &new->node.subtree, err);
		tree_depth_leave(&differ->new_depth, &new->stream);
	}
	tree_depth_leave(&differ->old_depth, &old->stream);
	return r;
}

static int take_both(struct differ *differ, const struct side *old_side,
	const struct side *new_side, struct err *err)
{
	const struct node *old = &old_side->node, *new = &new_side->node;
	char marks[DIFF_MARKS_SIZE];

	mark_node(differ, old, IN_OLD);
	mark_node(differ, new, IN_NEW);
	find_marks(differ, old, new, marks);
	if (*marks)
		tell(differ, marks);
	if (old->type != NODE_DIR || new->type != NODE_DIR || !old->has_subtree ||
		!new->has_subtree)
		return 0;
	return go_below(differ, old_side, new_side, err);
}

static int walk_both(struct differ *differ, const struct id *old_tree, const struct id *new_tree,
	struct err *err)
{
	cleanup_side struct side old = {0}, new = {0};
	size_t size = differ->path.size;
	int r = side_open(differ, &old, old_tree, err);

	if (r >= 0)
		r = side_open(differ, &new, new_tree, err);
	while (r >= 0 && (old.has_node || new.has_node)) {
		int order = !old.has_node   ? 1
			    : !new.has_node ? -1
					    : strcmp(old.node.name, new.node.name);

		r = set_name(differ, size, order < 0 ? &old.node : &new.node, err);
		if (r >= 0 && order < 0)
			r = take_one(differ, &old, IN_OLD, err);
		else if (r >= 0 && order > 0)
			r = take_one(differ, &new, IN_NEW, err);
		else if (r >= 0)
			r = take_both(differ, &old, &new, err);
		if (r >= 0 && order <= 0)
			r = side_next(&old, err);
		if (r >= 0 && order >= 0)
			r = side_next(&new, err);
	}
	differ->path.size = size;
	return r;
}

static void add_blob(struct diff_side *side, const struct index_entry *entry)
{
	if (entry->is_tree)
		side->tree_blobs++;
	else
		side->data_blobs++;
	side->bytes += blob_plain_size(&entry->location);
}

static void count_blobs(struct differ *differ)
{
	const struct index *index = repository_index(differ->repository);

	for (size_t i = 0; i < index_count(index); i++) {
		if (differ->blobs[i] == IN_OLD)
			add_blob(&differ->stats->removed, index_at(index, i));
		else if (differ->blobs[i] == IN_NEW)
			add_blob(&differ->stats->added, index_at(index, i));
	}
}

int diff_run(struct repository *repository, const struct id *old_tree, const struct id *new_tree,
	const struct diff_options *options, struct diff_stats *ret, struct err *err)
{
	cleanup_free uint8_t *blobs = calloc(index_count(repository_index(repository)) + 1, 1);
	struct diff_stats stats = {0};
	struct differ differ = {
		.repository = repository,
		.options = options,
		.stats = &stats,
		.path = BUF_INIT(PATH_MAX_SIZE),
		.blobs = blobs,
	};
	int r = blobs ? buf_add_byte(&differ.path, '/', err) : err_oom(err);

	if (r >= 0) {
		mark(&differ, BLOB_TREE, old_tree, IN_OLD);
		mark(&differ, BLOB_TREE, new_tree, IN_NEW);
		r = walk_both(&differ, old_tree, new_tree, err);
	}
	buf_done(&differ.path);
	if (r < 0)
		return r;
	count_blobs(&differ);
	*ret = stats;
	return 0;
}
