#include "archive/check.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "archive/pipeline.h"
#include "archive/select.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "repo/pack.h"
#include "repo/stream/pack_check.h"
#include "repo/stream/pack_order.h"
#include "repo/stream/tree_stream.h"

#define THREADS 4 /* with SLOTS, what bounds the memory of reading */
#define SLOTS (THREADS + 1) /* packs on their way */
#define MESSAGES_MAX 1000 /* of a kind, before the rest is only counted */

/* A pack file that is there. */
struct found {
	uint64_t size; /* bytes; 0: missing */
	bool is_used; /* by the chosen snapshots */
};

struct checker {
	struct repository *repository;
	const struct check_options *options;
	struct found *packs; /* owned, by the index's numbers */
	/* owned, by the number of an index entry: its tree was checked; or with choose: it is a
	 * blob of data that is used */
	uint8_t *seen;
	struct check_packs readable;
	struct tree_depth depth;
	unsigned errors;
};

static void checker_done(struct checker *checker)
{
	free(checker->packs);
	free(checker->seen);
}

static void tell(struct checker *checker, const char *what, const struct err *err)
{
	if (checker->errors++ < MESSAGES_MAX && checker->options->on_error)
		checker->options->on_error(checker->options->context, what, err);
	progress_add(&checker->options->progress->errors, 1);
}

static int go_on(struct checker *checker, struct err *err)
{
	if (checker->options->stop && *checker->options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "check: interrupted");
	return 0;
}

static const struct index *index_of(const struct checker *checker)
{
	return repository_index(checker->repository);
}

/* --- Packs against the index --- */

static int note_pack(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct checker *checker = context;
	const struct index *index = index_of(checker);
	char name[ID_TEXT_SIZE];
	uint32_t pack;

	(void)err;
	if (index_find_pack(index, id, &pack)) {
		checker->packs[pack].size = size_bytes;
		return 0;
	}
	id_format(id, name);
	if (checker->options->on_note)
		checker->options->on_note(checker->options->context, name, "pack is in no index");
	return 0;
}

static void check_pack_size(
	uint64_t size, const struct index_entry *entries, size_t count, struct err *ret_err)
{
	uint64_t expected = pack_order_size(entries, count);

	if (!size)
		err_set(ret_err, ERR_CORRUPT, ENOENT, "pack is missing");
	else if (size != expected)
		err_set(ret_err, ERR_CORRUPT, EBADMSG,
			"pack has %llu bytes, by the index it should have %llu",
			(unsigned long long)size, (unsigned long long)expected);
}

/* --- Reading packs: several at a time. What is found is told in their order. --- */

/* A pack on its way. Slots are filled and emptied in turn. */
struct slot {
	struct pack_check reader;
	struct buf entries; /* owned: struct index_entry */
	struct id id;
	uint64_t size; /* bytes */
	struct err size_err, err; /* what was found */
	bool used; /* by the main thread: filled and not emptied */
	bool done; /* guarded by the mutex */
};

struct reading {
	struct checker *checker;
	struct pipeline *pipeline; /* owned */
	struct slot slots[SLOTS];
	size_t next;
	pthread_mutex_t mutex, large;
	pthread_cond_t any_done;
};

static void read_pack(
	struct reading *reading, struct slot *slot, struct blob_codec *codec, bool failed)
{
	size_t count = slot->entries.size / sizeof(struct index_entry);

	if (!failed && pack_check_read(&slot->reader, codec, &slot->id, slot->size,
			       (const struct index_entry *)(void *)slot->entries.data, count,
			       &slot->err) >= 0)
		slot->err = ERR_INIT; /* of tries that failed before one went well */
	blob_codec_trim(codec);
	pthread_mutex_lock(&reading->mutex);
	slot->done = true;
	pthread_cond_signal(&reading->any_done);
	pthread_mutex_unlock(&reading->mutex);
}

static int read_packs(const struct pipeline_job *jobs, size_t count, struct blob_codec *codec,
	bool failed, void *context, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < count; i++)
		read_pack(context, jobs[i].owner, codec, failed);
	return 0;
}

static int start_reading(struct reading *reading, struct err *err)
{
	struct repository *repository = reading->checker->repository;
	int r = 0;

	pthread_mutex_init(&reading->mutex, NULL);
	pthread_mutex_init(&reading->large, NULL);
	pthread_cond_init(&reading->any_done, NULL);
	for (size_t i = 0; i < SLOTS; i++)
		reading->slots[i].entries = BUF_INIT(PACK_HEADER_MAX * 2);
	if (!reading->checker->options->read_data)
		return 0;
	for (size_t i = 0; r >= 0 && i < SLOTS; i++)
		r = pack_check_init(&reading->slots[i].reader, repository_store(repository),
			&reading->large, err);
	return r < 0 ? r
		     : pipeline_new(
			       repository, THREADS, read_packs, reading, &reading->pipeline, err);
}

static void end_reading(struct reading *reading)
{
	pipeline_free(reading->pipeline);
	for (size_t i = 0; i < SLOTS; i++) {
		pack_check_done(&reading->slots[i].reader);
		buf_done(&reading->slots[i].entries);
	}
	pthread_cond_destroy(&reading->any_done);
	pthread_mutex_destroy(&reading->mutex);
	pthread_mutex_destroy(&reading->large);
}

/* Waits until the slot's pack is read, and tells what was found. */
static int empty_slot(struct reading *reading, struct slot *slot, struct err *err)
{
	struct progress *progress = reading->checker->options->progress;
	char name[ID_TEXT_SIZE];

	if (!slot->used)
		return 0;
	pthread_mutex_lock(&reading->mutex);
	while (!slot->done)
		pthread_cond_wait(&reading->any_done, &reading->mutex);
	pthread_mutex_unlock(&reading->mutex);
	slot->used = false;
	id_format(&slot->id, name);
	if (slot->size_err.code)
		tell(reading->checker, name, &slot->size_err);
	if (slot->err.code)
		tell(reading->checker, name, &slot->err);
	progress_add(&progress->files_done, 1);
	progress_add(&progress->bytes_done, slot->size);
	return go_on(reading->checker, err);
}

static bool is_read(const struct checker *checker, uint32_t pack)
{
	const struct check_options *options = checker->options;
	uint64_t size = checker->packs[pack].size;

	return options->read_data && size && checker->packs[pack].is_used &&
	       (!options->wants ||
		       options->wants(options->context, index_pack_id(index_of(checker), pack),
			       size, &checker->readable));
}

/* Sends a filled slot on its way. */
static int send_slot(struct reading *reading, struct slot *slot, bool is_wanted, struct err *err)
{
	const struct pipeline_job job = {.owner = slot, .size = (size_t)slot->size};

	slot->used = true;
	slot->done = !reading->pipeline || !is_wanted;
	return slot->done ? 0 : pipeline_push(reading->pipeline, &job, err);
}

static int check_listed(struct reading *reading, struct pack_order *order, struct err *err)
{
	struct checker *checker = reading->checker;
	int r;

	for (;;) {
		struct slot *slot = &reading->slots[reading->next++ % SLOTS];
		const struct index_entry *entries;

		r = empty_slot(reading, slot, err);
		if (r >= 0)
			r = pack_order_next(order, &slot->entries, err);
		if (r <= 0)
			break;
		entries = (const struct index_entry *)(void *)slot->entries.data;
		slot->id = *index_pack_id(index_of(checker), entries->pack);
		slot->size = checker->packs[entries->pack].size;
		slot->err = ERR_INIT;
		slot->size_err = ERR_INIT;
		check_pack_size(slot->size, entries, slot->entries.size / sizeof(*entries),
			&slot->size_err);
		r = send_slot(reading, slot, is_read(checker, entries->pack), err);
		if (r < 0)
			break;
	}
	for (size_t i = 0; r >= 0 && i < SLOTS; i++)
		r = empty_slot(reading, &reading->slots[reading->next++ % SLOTS], err);
	return r;
}

static int check_packs(struct checker *checker, struct err *err)
{
	cleanup_pack_order struct pack_order order = {0};
	struct reading reading = {.checker = checker};
	int r = start_reading(&reading, err);

	if (r >= 0)
		r = pack_order_init(&order, index_of(checker), NULL, NULL, err);
	if (r >= 0)
		r = check_listed(&reading, &order, err);
	end_reading(&reading);
	return r;
}

/* --- Snapshots and trees --- */

/* Whether it was seen before. */
static bool see(struct checker *checker, enum blob_type type, const struct id *id)
{
	size_t number;
	bool was;

	if (!index_number(index_of(checker), type, id, &number))
		return false;
	was = checker->seen[number];
	checker->seen[number] = 1;
	return was;
}

static void check_content(struct checker *checker, const struct node *node, const char *tree)
{
	struct err err = ERR_INIT;
	uint64_t size = 0, blob;
	char name[ID_TEXT_SIZE];

	for (size_t i = 0; i < node->content_count; i++) {
		if (!repository_blob_size(
			    checker->repository, BLOB_DATA, &node->content[i], &blob)) {
			id_format(&node->content[i], name);
			err_set(&err, ERR_CORRUPT, ENOENT,
				"file \"%.200s\": blob %.16s is in no index", node->name, name);
			tell(checker, tree, &err);
			return;
		}
		size += blob;
		if (checker->options->choose)
			see(checker, BLOB_DATA, &node->content[i]);
	}
	if (node->type == NODE_FILE && size != node->size) {
		err_set(&err, ERR_CORRUPT, EBADMSG,
			"file \"%.200s\": %llu bytes of content, entry says %llu", node->name,
			(unsigned long long)size, (unsigned long long)node->size);
		tell(checker, tree, &err);
	}
}

static int check_tree(struct checker *checker, const struct id *id, struct err *err);

static int check_below(struct checker *checker, const struct tree_stream *stream,
	const struct node *node, struct err *err)
{
	struct err node_err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	int r;

	if (tree_depth_enter(&checker->depth, stream, &node_err) < 0) {
		id_format(&node->subtree, name);
		tell(checker, name, &node_err);
		return 0;
	}
	r = check_tree(checker, &node->subtree, err);
	tree_depth_leave(&checker->depth, stream);
	return r;
}

static int check_node(struct checker *checker, const struct tree_stream *stream,
	const struct node *node, const char *tree, struct err *err)
{
	struct err node_err = ERR_INIT;

	if (node->unsafe)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "an entry's name is no file name");
	else if (node->out_of_order)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "entry \"%.200s\" is out of order",
			node->name);
	else if (node->type == NODE_OTHER)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "entry \"%.200s\" has no known type",
			node->name);
	else if (node->type == NODE_DIR && !node->has_subtree)
		err_set(&node_err, ERR_CORRUPT, EBADMSG, "folder \"%.200s\" has no tree",
			node->name);
	if (node_err.code)
		tell(checker, tree, &node_err);
	if (node->type == NODE_FILE)
		check_content(checker, node, tree);
	return node->type == NODE_DIR && node->has_subtree ? check_below(checker, stream, node, err)
							   : 0;
}

static int check_tree(struct checker *checker, const struct id *id, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct err tree_err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	struct node node;
	int r, step;

	id_format(id, name);
	if (see(checker, BLOB_TREE, id))
		return 0;
	r = tree_stream_open(
		checker->repository, repository_codec(checker->repository), id, &stream, &tree_err);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, &tree_err)) == 1) {
		step = check_node(checker, &stream, &node, name, err);
		if (step < 0)
			return step;
	}
	if (r < 0)
		tell(checker, name, &tree_err);
	return go_on(checker, err);
}

static int check_snapshots(struct checker *checker, const struct select_list *list, struct err *err)
{
	const struct check_options *options = checker->options;
	cleanup_free bool *chosen = calloc(list->count ? list->count : 1, sizeof(*chosen));
	int r = 0;

	if (!chosen)
		return err_oom(err);
	if (options->choose)
		r = options->choose(options->context, list, chosen, err);
	if (r < 0)
		return r;
	if (list->damaged) {
		tell(checker, "snapshots", &list->err);
		checker->errors += list->damaged - 1;
	}
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		if (chosen[i] || !options->choose)
			r = check_tree(checker, &list->items[i].tree, err);
	return r;
}

/* Which packs hold what was seen; a blob that stands in several makes all of them used. */
static void note_used(struct checker *checker)
{
	const struct index *index = index_of(checker);
	size_t number;

	for (size_t i = 0; checker->options->choose && i < index_count(index); i++) {
		const struct index_entry *entry = index_at(index, i);
		enum blob_type type = entry->is_tree ? BLOB_TREE : BLOB_DATA;

		if (!index_is_pending(entry) && index_number(index, type, &entry->id, &number) &&
			checker->seen[number])
			checker->packs[entry->pack].is_used = true;
	}
	for (size_t i = 0; i < index_pack_count(index); i++) {
		struct found *pack = &checker->packs[i];

		pack->is_used = pack->is_used || !checker->options->choose;
		if (pack->is_used && pack->size) {
			checker->readable.count++;
			checker->readable.bytes += pack->size;
		}
	}
}

static int prepare(struct checker *checker, struct err *err)
{
	struct progress *progress = checker->options->progress;
	struct err index_err = ERR_INIT;
	unsigned damaged = 0;
	size_t packs, blobs;
	int r;

	progress_enter(progress, PROGRESS_INDEX);
	r = repository_load_index(checker->repository, &damaged, err);
	progress_enter(progress, PROGRESS_WORKING);
	if (r < 0)
		return r;
	if (damaged) {
		err_set(&index_err, ERR_CORRUPT, EBADMSG, "%u index files are damaged", damaged);
		tell(checker, "index", &index_err);
	}
	packs = index_pack_count(index_of(checker));
	blobs = index_count(index_of(checker));
	checker->packs = calloc(packs ? packs : 1, sizeof(*checker->packs));
	checker->seen = calloc(blobs ? blobs : 1, 1);
	if (!checker->packs || !checker->seen)
		return err_oom(err);
	r = repository_list(checker->repository, STORE_PACK, note_pack, checker, err);
	for (size_t i = 0; r >= 0 && i < packs; i++)
		progress_add(&progress->bytes_total, checker->packs[i].size);
	progress_add(&progress->files_total, packs);
	progress_know_total(progress);
	return r;
}

int check_run(struct repository *repository, const struct check_options *options, struct err *err)
{
	cleanup_select struct select_list list = {0};
	struct checker checker = {.repository = repository, .options = options};
	int r = select_load(repository, &list, err); /* before the index: see the format */

	if (r >= 0)
		r = prepare(&checker, err);
	if (r >= 0)
		r = check_snapshots(&checker, &list, err);
	if (r >= 0) {
		note_used(&checker);
		r = check_packs(&checker, err);
	}
	checker_done(&checker);
	if (r < 0)
		return r;
	return checker.errors > INT_MAX ? INT_MAX : (int)checker.errors;
}
