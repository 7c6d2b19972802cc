#include "archive/restore/feed.h"

#include <stdlib.h>

#include "archive/restore/ahead.h"

#define SEEN 4096u /* files with several names that are remembered */

struct seen {
	uint64_t inode, device_id;
};

struct feed {
	struct feed_options options;
	struct scout *scout; /* owned */
	struct ahead *ahead; /* owned */
	struct scout_found found; /* the node that is being announced */
	size_t next; /* of its content */
	bool pending; /* found is not done with */
	bool asked; /* found is to be asked for, and nothing is announced behind it */
	bool ended; /* so is the snapshot */
	bool lost; /* see feed_lost */
	bool current; /* a file that was announced is being restored */
	struct seen seen[SEEN];
};

int feed_new(struct repository *repository, const struct id *tree,
	const struct feed_options *options, struct feed **ret, struct err *err)
{
	const struct ahead_options ahead = {.wait = options->wait, .context = options->context};
	cleanup_feed struct feed *feed = calloc(1, sizeof(*feed));
	int r;

	if (!feed)
		return err_oom(err);
	feed->options = *options;
	r = ahead_new(repository, &ahead, &feed->ahead, err);
	if (r >= 0)
		r = scout_new(repository, tree, &options->scout, &feed->scout, err);
	if (r < 0)
		return r;
	*ret = TAKE(feed);
	return 0;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	ahead_free(feed->ahead);
	scout_free(feed->scout);
	free(feed);
}

/* Whether a file is a further name of one that was announced. */
static bool was_seen(struct feed *feed, const struct node *node)
{
	uint64_t mixed = (node->inode ^ node->device_id << 17) * 0x9e3779b97f4a7c15ull;
	struct seen *seen = &feed->seen[mixed >> 52];

	if (node->links < 2 || !node->inode)
		return false;
	if (seen->inode == node->inode && seen->device_id == node->device_id)
		return true;
	*seen = (struct seen){node->inode, node->device_id};
	return false;
}

static bool looks_same(const struct node *node, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == node->size &&
	       node->modified.seconds == st->st_mtim.tv_sec &&
	       node->modified.nanoseconds == (uint32_t)st->st_mtim.tv_nsec;
}

/* Decides what of the file that was found is announced: all (next 0) or nothing. */
static void weigh(struct feed *feed)
{
	const struct scout_found *found = &feed->found;
	const struct node *node = found->node;

	feed->next = 0;
	if (was_seen(feed, node) ||
		(found->there && (feed->options.keeps || looks_same(node, &found->st))))
		feed->next = node->content_count;
	else if (found->there && S_ISREG(found->st.st_mode) && found->st.st_size &&
		 node->content_count > 1)
		feed->asked = true;
}

/* Finds the next file and announces it. False: there is none, or no room. */
static bool next_file(struct feed *feed)
{
	while (!feed->pending && !feed->ended) {
		if (scout_next(feed->scout, &feed->found) == 0)
			feed->ended = true;
		else
			feed->pending = feed->found.wanted && feed->found.node->type == NODE_FILE;
		if (feed->pending)
			feed->next = SIZE_MAX;
	}
	if (!feed->pending)
		return false;
	if (feed->next == SIZE_MAX) {
		if (!ahead_announce_file(feed->ahead, feed->found.key))
			return false;
		weigh(feed);
	}
	return true;
}

/* Announces as much as there is room for. */
static void fill(struct feed *feed)
{
	struct err err = ERR_INIT;
	bool stops = false;

	while (!feed->ended && !feed->asked && next_file(feed)) {
		const struct node *node = feed->found.node;

		if (feed->asked) {
			stops = true;
			break;
		}
		while (feed->next < node->content_count) {
			if (!ahead_announce(feed->ahead, &node->content[feed->next]))
				return;
			feed->next++;
		}
		feed->pending = false;
	}
	/* A failure shows when the blobs are wanted. */
	if (stops || feed->ended)
		(void)!ahead_send(feed->ahead, &err);
}

static void skip_asked(struct feed *feed)
{
	feed->asked = false;
	feed->pending = false;
}

void feed_begin(struct feed *feed, uint64_t key)
{
	if (!feed)
		return;
	fill(feed);
	feed->current = ahead_begin(feed->ahead, key);
	while (!feed->current && feed->lost && !(feed->ended && ahead_is_empty(feed->ahead))) {
		ahead_clear(feed->ahead);
		skip_asked(feed);
		fill(feed);
		feed->current = ahead_begin(feed->ahead, key);
	}
	if (feed->current)
		feed->lost = false;
}

void feed_end(struct feed *feed)
{
	if (!feed || !feed->current)
		return;
	if (feed_is_asked(feed))
		skip_asked(feed);
	ahead_end(feed->ahead);
	feed->current = false;
}

int feed_take(struct feed *feed, const struct id *id, const uint8_t **ret_data, size_t *ret_size,
	struct err *err)
{
	if (!feed || !feed->current)
		return 0;
	fill(feed);
	return ahead_take(feed->ahead, id, ret_data, ret_size, err);
}

bool feed_is_asked(const struct feed *feed)
{
	/* The file that is asked for is the last one announced. */
	return feed && feed->current && feed->asked && ahead_is_empty(feed->ahead);
}

bool feed_ask(struct feed *feed, const struct id *id)
{
	return ahead_announce(feed->ahead, id);
}

void feed_lost(struct feed *feed)
{
	if (feed)
		feed->lost = true;
}
