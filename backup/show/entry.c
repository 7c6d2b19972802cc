#include "backup/show/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/common/common.h"
#include "repo/text/text.h"

void entry_format_mode(const struct node *node, char ret[ENTRY_MODE_SIZE])
{
	static const char letters[] = "dalTLDpSugct?"; /* of Go's FileMode, from bit 31 down */
	static const char bits[] = "rwxrwxrwx";
	size_t n = 0;

	for (unsigned i = 0; letters[i]; i++)
		if (node->mode & UINT32_C(1) << (31 - i))
			ret[n++] = letters[i];
	if (!n)
		ret[n++] = '-';
	for (unsigned i = 0; i < 9; i++)
		ret[n++] = (char)(node->mode & (0400u >> i) ? bits[i] : '-');
	ret[n] = '\0';
}

void entry_print(const struct node *node, const char *path, bool is_long, bool human)
{
	bool link = is_long && node->type == NODE_SYMLINK;
	cleanup_free char *text =
		str_printf("%s%s%s", path, link ? " -> " : "", link ? node->link_target : "");
	char mode[ENTRY_MODE_SIZE], time[32], size[32];

	if (!text)
		return;
	str_sanitize(text);
	if (is_long) {
		entry_format_mode(node, mode);
		common_format_time(&node->modified, time);
		if (human)
			common_format_bytes(node->size, size);
		else
			snprintf(size, sizeof(size), "%" PRIu64, node->size);
		printf("%s %5u %5u %6s %s ", mode, node->uid, node->gid, size, time);
	}
	puts(text);
}

static int add_text(struct buf *ret, const char *key, const char *value, struct err *err)
{
	int r = buf_printf(ret, err, "\"%s\":", key);

	return r < 0 ? r : text_add_json(ret, value, strlen(value), err);
}

static int add_times(struct buf *ret, const struct node *node, struct err *err)
{
	char modified[CLOCK_RFC3339_SIZE], accessed[CLOCK_RFC3339_SIZE],
		changed[CLOCK_RFC3339_SIZE];

	clock_rfc3339_format(node->modified.seconds, node->modified.nanoseconds, modified);
	clock_rfc3339_format(node->accessed.seconds, node->accessed.nanoseconds, accessed);
	clock_rfc3339_format(node->changed.seconds, node->changed.nanoseconds, changed);
	return buf_printf(ret, err, ",\"mtime\":\"%s\",\"atime\":\"%s\",\"ctime\":\"%s\"", modified,
		accessed, changed);
}

/* What is left out when it is 0. */
static int add_number(struct buf *ret, const char *key, uint64_t value, struct err *err)
{
	return value ? buf_printf(ret, err, ",\"%s\":%" PRIu64, key, value) : 0;
}

int entry_add_ls(struct buf *ret, const struct node *node, const char *path, struct err *err)
{
	char mode[ENTRY_MODE_SIZE];
	int r = buf_add_byte(ret, '{', err);

	entry_format_mode(node, mode);
	if (r >= 0)
		r = add_text(ret, "name", node->name, err);
	if (r >= 0)
		r = buf_printf(ret, err, ",\"type\":\"%s\",", node_type_name(node->type));
	if (r >= 0)
		r = add_text(ret, "path", path, err);
	if (r >= 0)
		r = buf_printf(
			ret, err, ",\"uid\":%" PRIu32 ",\"gid\":%" PRIu32, node->uid, node->gid);
	if (r >= 0 && node->type == NODE_FILE)
		r = buf_printf(ret, err, ",\"size\":%" PRIu64, node->size);
	if (r >= 0)
		r = add_number(ret, "mode", node->mode, err);
	if (r >= 0)
		r = buf_printf(ret, err, ",\"permissions\":\"%s\"", mode);
	if (r >= 0)
		r = add_times(ret, node, err);
	if (r >= 0)
		r = add_number(ret, "inode", node->inode, err);
	return r < 0 ? r
		     : buf_add_text(
			       ret, ",\"message_type\":\"node\",\"struct_type\":\"node\"}", err);
}

static int add_owner(struct buf *ret, const struct node *node, struct err *err)
{
	int r = buf_printf(ret, err, ",\"uid\":%" PRIu32 ",\"gid\":%" PRIu32, node->uid, node->gid);

	if (r >= 0 && *node->user) {
		r = buf_add_byte(ret, ',', err);
		if (r >= 0)
			r = add_text(ret, "user", node->user, err);
	}
	if (r >= 0 && *node->group) {
		r = buf_add_byte(ret, ',', err);
		if (r >= 0)
			r = add_text(ret, "group", node->group, err);
	}
	return r;
}

int entry_add_find(struct buf *ret, const struct node *node, const char *path, struct err *err)
{
	char mode[ENTRY_MODE_SIZE];
	int r = buf_add_byte(ret, '{', err);

	entry_format_mode(node, mode);
	if (r >= 0)
		r = add_text(ret, "path", path, err);
	if (r >= 0)
		r = buf_printf(ret, err, ",\"permissions\":\"%s\",\"type\":\"%s\"", mode,
			node_type_name(node->type));
	if (r >= 0)
		r = add_number(ret, "mode", node->mode, err);
	if (r >= 0)
		r = add_times(ret, node, err);
	if (r >= 0)
		r = add_owner(ret, node, err);
	if (r >= 0)
		r = add_number(ret, "inode", node->inode, err);
	if (r >= 0)
		r = add_number(ret, "device_id", node->device_id, err);
	if (r >= 0)
		r = add_number(ret, "size", node->size, err);
	if (r >= 0)
		r = add_number(ret, "links", node->links, err);
	if (r >= 0 && *node->link_target) {
		r = buf_add_byte(ret, ',', err);
		if (r >= 0)
			r = add_text(ret, "linktarget", node->link_target, err);
	}
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}

int entry_add_ncdu(struct buf *ret, const struct node *node, struct err *err)
{
	bool regular = node->type == NODE_FILE || node->type == NODE_DIR;
	int r = buf_add_byte(ret, '{', err);

	if (r >= 0)
		r = add_text(ret, "name", node->name, err);
	return r < 0 ? r
		     : buf_printf(ret, err,
			       ",\"asize\":%" PRIu64 ",\"dsize\":%" PRIu64 ",\"dev\":%" PRIu64
			       ",\"ino\":%" PRIu64 ",\"nlink\":%" PRIu64
			       ",\"notreg\":%s,\"uid\":%" PRIu32 ",\"gid\":%" PRIu32
			       ",\"mode\":%u,\"mtime\":%" PRId64 "}",
			       node->size, (node->size + 511) / 512 * 512, node->device_id,
			       node->inode, node->links, regular ? "false" : "true", node->uid,
			       node->gid, (unsigned)node_permissions(node->mode),
			       node->modified.seconds < 0 ? 0 : node->modified.seconds);
}
