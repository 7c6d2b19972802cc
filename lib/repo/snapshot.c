#include "repo/snapshot.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "repo/text/scan.h"
#include "repo/text/text.h"

/* The counts of a summary, in the order in which they are written. */
static const struct {
	const char *key;
	size_t offset;
} counts[] = {
	{"files_new", offsetof(struct snapshot_summary, files_new)},
	{"files_changed", offsetof(struct snapshot_summary, files_changed)},
	{"files_unmodified", offsetof(struct snapshot_summary, files_unmodified)},
	{"dirs_new", offsetof(struct snapshot_summary, dirs_new)},
	{"dirs_changed", offsetof(struct snapshot_summary, dirs_changed)},
	{"dirs_unmodified", offsetof(struct snapshot_summary, dirs_unmodified)},
	{"data_blobs", offsetof(struct snapshot_summary, data_blobs)},
	{"tree_blobs", offsetof(struct snapshot_summary, tree_blobs)},
	{"data_added", offsetof(struct snapshot_summary, data_added)},
	{"data_added_packed", offsetof(struct snapshot_summary, data_added_packed)},
	{"total_files_processed", offsetof(struct snapshot_summary, total_files_processed)},
	{"total_bytes_processed", offsetof(struct snapshot_summary, total_bytes_processed)},
};

#define COUNTS (sizeof(counts) / sizeof(counts[0]))

int node_time_compare(const struct node_time *a, const struct node_time *b)
{
	if (a->seconds != b->seconds)
		return a->seconds < b->seconds ? -1 : 1;
	return a->nanoseconds < b->nanoseconds ? -1 : a->nanoseconds > b->nanoseconds;
}

void snapshot_done(struct snapshot *snapshot)
{
	str_list_done(&snapshot->paths);
	str_list_done(&snapshot->excludes);
	str_list_done(&snapshot->tags);
	free(snapshot->hostname);
	free(snapshot->username);
	free(snapshot->program_version);
	*snapshot = (struct snapshot){0};
}

/* Decodes one string into scratch, NUL-terminated. */
static bool scan_decoded(struct scan *scan, struct buf *scratch)
{
	struct err err = ERR_INIT;
	struct scan_text text;

	buf_clear(scratch);
	if (!scan_string(scan, &text))
		return false;
	return scan_text_decode(&text, scratch, &err) >= 0 || scan_fail(scan);
}

static void scan_owned(struct scan *scan, struct buf *scratch, char **ret)
{
	if (scan_null(scan) || !scan_decoded(scan, scratch))
		return;
	free(*ret);
	*ret = strdup((const char *)scratch->data);
	if (!*ret)
		scan_fail(scan);
}

static void scan_list(struct scan *scan, struct buf *scratch, struct str_list *ret)
{
	struct err err = ERR_INIT;

	if (scan_null(scan) || !scan_array(scan))
		return;
	while (scan_element(scan))
		if (!scan_decoded(scan, scratch) ||
			str_list_add(ret, (const char *)scratch->data, &err) < 0) {
			scan_fail(scan);
			return;
		}
}

/* ret_offset_s may be NULL. */
static void scan_time(
	struct scan *scan, struct buf *scratch, struct node_time *ret, int32_t *ret_offset_s)
{
	struct err err = ERR_INIT;

	if (scan_decoded(scan, scratch) &&
		clock_rfc3339_parse((const char *)scratch->data, &ret->seconds, &ret->nanoseconds,
			ret_offset_s, &err) < 0)
		scan_fail(scan);
}

static void scan_maybe_id(struct scan *scan, bool *ret_has, struct id *ret)
{
	*ret_has = !scan_null(scan) && scan_hex(scan, ret->bytes, sizeof(ret->bytes));
}

static void scan_summary(struct scan *scan, struct buf *scratch, struct snapshot_summary *ret)
{
	struct scan_text key;

	if (!scan_object(scan))
		return;
	while (scan_member(scan, &key)) {
		bool taken = false;

		if (scan_is(&key, "backup_start")) {
			scan_time(scan, scratch, &ret->backup_start, NULL);
			continue;
		}
		if (scan_is(&key, "backup_end")) {
			scan_time(scan, scratch, &ret->backup_end, NULL);
			continue;
		}
		for (size_t i = 0; !taken && i < COUNTS; i++)
			if (scan_is(&key, counts[i].key))
				taken = scan_u64(
					scan, (uint64_t *)(void *)((char *)ret + counts[i].offset));
		if (!taken)
			scan_skip(scan);
	}
}

static void scan_member_value(struct scan *scan, const struct scan_text *key, struct buf *scratch,
	struct snapshot *ret, bool *has_tree)
{
	if (scan_is(key, "time"))
		scan_time(scan, scratch, &ret->time, &ret->time_offset_s);
	else if (scan_is(key, "parent"))
		scan_maybe_id(scan, &ret->has_parent, &ret->parent);
	else if (scan_is(key, "tree"))
		scan_maybe_id(scan, has_tree, &ret->tree);
	else if (scan_is(key, "original"))
		scan_maybe_id(scan, &ret->has_original, &ret->original);
	else if (scan_is(key, "paths"))
		scan_list(scan, scratch, &ret->paths);
	else if (scan_is(key, "excludes"))
		scan_list(scan, scratch, &ret->excludes);
	else if (scan_is(key, "tags"))
		scan_list(scan, scratch, &ret->tags);
	else if (scan_is(key, "hostname"))
		scan_owned(scan, scratch, &ret->hostname);
	else if (scan_is(key, "username"))
		scan_owned(scan, scratch, &ret->username);
	else if (scan_is(key, "program_version"))
		scan_owned(scan, scratch, &ret->program_version);
	else if (scan_is(key, "uid"))
		scan_u32(scan, &ret->uid);
	else if (scan_is(key, "gid"))
		scan_u32(scan, &ret->gid);
	else if (scan_is(key, "summary")) {
		ret->has_summary = !scan_null(scan);
		if (ret->has_summary)
			scan_summary(scan, scratch, &ret->summary);
	} else
		scan_skip(scan);
}

int snapshot_parse(const void *text, size_t size, struct snapshot *ret, struct err *err)
{
	cleanup_snapshot struct snapshot snapshot = {0};
	cleanup_buf struct buf scratch = BUF_INIT(SNAPSHOT_MAX);
	bool has_tree = false;
	struct scan_text key;
	struct scan scan;
	int r;

	scan_init(&scan, text, size);
	scan_object(&scan);
	while (scan_member(&scan, &key))
		scan_member_value(&scan, &key, &scratch, &snapshot, &has_tree);
	r = scan_end(&scan, "snapshot", err);
	if (r < 0)
		return r;
	if (!has_tree)
		return err_set(err, ERR_CORRUPT, EBADMSG, "read snapshot: it names no tree");
	*ret = snapshot;
	snapshot = (struct snapshot){0};
	return 0;
}

/* In the zone of an offset, so that a time that was read is written as it was. */
static int add_time(struct buf *ret, const char *key, const struct node_time *time,
	int32_t offset_s, struct err *err)
{
	int minutes = offset_s / 60, away = minutes < 0 ? -minutes : minutes;
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339_format(time->seconds + minutes * 60, time->nanoseconds, text);
	if (!minutes)
		return buf_printf(ret, err, "%s\"%s\"", key, text);
	text[strlen(text) - 1] = '\0'; /* the Z */
	return buf_printf(ret, err, "%s\"%s%c%02d:%02d\"", key, text, minutes < 0 ? '-' : '+',
		away / 60, away % 60);
}

static int add_id(struct buf *ret, const char *key, bool has, const struct id *id, struct err *err)
{
	char text[ID_TEXT_SIZE];

	if (!has)
		return 0;
	id_format(id, text);
	return buf_printf(ret, err, "%s\"%s\"", key, text);
}

static int add_text(struct buf *ret, const char *key, const char *text, struct err *err)
{
	int r;

	if (!text || !*text)
		return 0;
	r = buf_add_text(ret, key, err);
	return r < 0 ? r : text_add_json(ret, text, strlen(text), err);
}

static int add_list(struct buf *ret, const char *key, const struct str_list *list, struct err *err)
{
	int r = buf_add_text(ret, key, err);

	for (size_t i = 0; r >= 0 && i < list->count; i++) {
		if (i)
			r = buf_add_byte(ret, ',', err);
		if (r >= 0)
			r = text_add_json(ret, list->items[i], strlen(list->items[i]), err);
	}
	return r < 0 ? r : buf_add_byte(ret, ']', err);
}

static int add_number(struct buf *ret, const char *key, uint64_t value, struct err *err)
{
	return value ? buf_printf(ret, err, "%s%llu", key, (unsigned long long)value) : 0;
}

static int add_summary(struct buf *ret, const struct snapshot_summary *summary, struct err *err)
{
	int r = add_time(ret, ",\"summary\":{\"backup_start\":", &summary->backup_start, 0, err);

	if (r >= 0)
		r = add_time(ret, ",\"backup_end\":", &summary->backup_end, 0, err);
	for (size_t i = 0; r >= 0 && i < COUNTS; i++) {
		uint64_t value;

		memcpy(&value, (const char *)summary + counts[i].offset, sizeof(value));
		r = buf_printf(ret, err, ",\"%s\":%llu", counts[i].key, (unsigned long long)value);
	}
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}

int snapshot_format(const struct snapshot *snapshot, struct buf *ret, struct err *err)
{
	const struct snapshot *s = snapshot;
	int r = add_time(ret, "{\"time\":", &s->time, s->time_offset_s, err);

	if (r >= 0)
		r = add_id(ret, ",\"parent\":", s->has_parent, &s->parent, err);
	if (r >= 0)
		r = add_id(ret, ",\"tree\":", true, &s->tree, err);
	if (r >= 0)
		r = add_list(ret, ",\"paths\":[", &s->paths, err);
	if (r >= 0)
		r = add_text(ret, ",\"hostname\":", s->hostname, err);
	if (r >= 0)
		r = add_text(ret, ",\"username\":", s->username, err);
	if (r >= 0)
		r = add_number(ret, ",\"uid\":", s->uid, err);
	if (r >= 0)
		r = add_number(ret, ",\"gid\":", s->gid, err);
	if (r >= 0 && s->excludes.count)
		r = add_list(ret, ",\"excludes\":[", &s->excludes, err);
	if (r >= 0 && s->tags.count)
		r = add_list(ret, ",\"tags\":[", &s->tags, err);
	if (r >= 0)
		r = add_id(ret, ",\"original\":", s->has_original, &s->original, err);
	if (r >= 0)
		r = add_text(ret, ",\"program_version\":", s->program_version, err);
	if (r >= 0 && s->has_summary)
		r = add_summary(ret, &s->summary, err);
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}
