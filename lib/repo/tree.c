#include "repo/tree.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "repo/text/text.h"

#define GO_DIR (1u << 31)
#define GO_SYMLINK (1u << 27)
#define GO_DEVICE (1u << 26)
#define GO_FIFO (1u << 25)
#define GO_SOCKET (1u << 24)
#define GO_SETUID (1u << 23)
#define GO_SETGID (1u << 22)
#define GO_CHAR (1u << 21)
#define GO_STICKY (1u << 20)

#define TEXT_MAX (64u << 20) /* bytes of one node's strings */
#define CONTENT_MAX (1u << 30) /* bytes of one node's ids */
#define XATTRS_MAX (1u << 20)

static const char *const type_names[] = {
	[NODE_OTHER] = "other",
	[NODE_FILE] = "file",
	[NODE_DIR] = "dir",
	[NODE_SYMLINK] = "symlink",
	[NODE_BLOCK] = "dev",
	[NODE_CHAR] = "chardev",
	[NODE_FIFO] = "fifo",
	[NODE_SOCKET] = "socket",
};

const char *node_type_name(enum node_type type)
{
	return type_names[type];
}

enum node_type node_type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return NODE_FILE;
	case S_IFDIR:
		return NODE_DIR;
	case S_IFLNK:
		return NODE_SYMLINK;
	case S_IFBLK:
		return NODE_BLOCK;
	case S_IFCHR:
		return NODE_CHAR;
	case S_IFIFO:
		return NODE_FIFO;
	case S_IFSOCK:
		return NODE_SOCKET;
	default:
		return NODE_OTHER;
	}
}

uint32_t node_mode(mode_t mode)
{
	static const uint32_t bits[] = {
		[NODE_OTHER] = 0,
		[NODE_FILE] = 0,
		[NODE_DIR] = GO_DIR,
		[NODE_SYMLINK] = GO_SYMLINK,
		[NODE_BLOCK] = GO_DEVICE,
		[NODE_CHAR] = GO_DEVICE | GO_CHAR,
		[NODE_FIFO] = GO_FIFO,
		[NODE_SOCKET] = GO_SOCKET,
	};

	return (mode & 0777) | bits[node_type_of(mode)] | (mode & S_ISUID ? GO_SETUID : 0) |
	       (mode & S_ISGID ? GO_SETGID : 0) | (mode & S_ISVTX ? GO_STICKY : 0);
}

mode_t node_permissions(uint32_t mode)
{
	return (mode & 0777) | (mode & GO_SETUID ? S_ISUID : 0) | (mode & GO_SETGID ? S_ISGID : 0) |
	       (mode & GO_STICKY ? S_ISVTX : 0);
}

/* --- Writing: the order and the left-out zeros of restic's struct Node. --- */

int tree_begin(struct buf *ret, struct err *err)
{
	return buf_add_text(ret, "{\"nodes\":[", err);
}

int tree_end(struct buf *ret, struct err *err)
{
	return buf_add_text(ret, "]}\n", err);
}

/* What has no text of others in it is put at a place with room for it, without looking. */
#define STAT_MAX 512u /* bytes: more than put_times and put_numbers ever need */

static char *put_time(char *at, const char *key, const struct node_time *time)
{
	at = text_put(at, key);
	clock_rfc3339_format(time->seconds, time->nanoseconds, at);
	return text_put(at + strlen(at), "\"");
}

static char *put_times(char *at, const struct node *node)
{
	at = text_put_member(at, ",\"mode\":", node->mode);
	at = put_time(at, ",\"mtime\":\"", &node->modified);
	at = put_time(at, ",\"atime\":\"", &node->accessed);
	at = put_time(at, ",\"ctime\":\"", &node->changed);
	at = text_put_u64(text_put(at, ",\"uid\":"), node->uid);
	return text_put_u64(text_put(at, ",\"gid\":"), node->gid);
}

static char *put_numbers(char *at, const struct node *node)
{
	at = text_put_member(at, ",\"inode\":", node->inode);
	at = text_put_member(at, ",\"device_id\":", node->device_id);
	at = text_put_member(at, ",\"size\":", node->size);
	return text_put_member(at, ",\"links\":", node->links);
}

static int add_put(struct buf *ret, char *(*fill)(char *at, const struct node *node),
	const struct node *node, struct err *err)
{
	int r = buf_reserve(ret, STAT_MAX, err);

	if (r < 0)
		return r;
	ret->size = (size_t)(fill((char *)ret->data + ret->size, node) - (char *)ret->data);
	ret->data[ret->size] = 0;
	return 0;
}

static int add_text_unless_empty(
	struct buf *ret, const char *key, const char *text, struct err *err)
{
	int r;

	if (!text || !*text)
		return 0;
	r = buf_add_text(ret, key, err);
	return r < 0 ? r : text_add_json(ret, text, strlen(text), err);
}

static int add_link_target(struct buf *ret, const struct node *node, struct err *err)
{
	size_t size = node->link_target ? strlen(node->link_target) : 0;
	int r = add_text_unless_empty(ret, ",\"linktarget\":", node->link_target, err);

	if (r < 0 || !size || str_is_utf8(node->link_target, size))
		return r;
	r = buf_add_text(ret, ",\"linktarget_raw\":", err);
	return r < 0 ? r : text_add_base64(ret, node->link_target, size, err);
}

static int add_xattrs(struct buf *ret, const struct node *node, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < node->xattr_count; i++) {
		const struct node_xattr *xattr = &node->xattrs[i];

		r = buf_add_text(
			ret, i ? ",{\"name\":" : ",\"extended_attributes\":[{\"name\":", err);
		if (r >= 0)
			r = text_add_json(ret, xattr->name, strlen(xattr->name), err);
		if (r >= 0)
			r = buf_add_text(ret, ",\"value\":", err);
		if (r >= 0)
			r = text_add_base64(ret, xattr->value, xattr->size, err);
		if (r >= 0)
			r = buf_add_byte(ret, '}', err);
	}
	return r < 0 || !node->xattr_count ? r : buf_add_byte(ret, ']', err);
}

static int add_content(struct buf *ret, const struct node *node, struct err *err)
{
	char id[1 + ID_TEXT_SIZE + 2] = ",\"";
	int r;

	if (node->type != NODE_FILE)
		return buf_add_text(ret, ",\"content\":null", err);
	r = buf_add_text(ret, ",\"content\":[", err);
	for (size_t i = 0; r >= 0 && i < node->content_count; i++) {
		id_format(&node->content[i], id + 2);
		id[sizeof(id) - 2] = '"';
		r = buf_add(ret, i ? id : id + 1, sizeof(id) - (i ? 1 : 2), err);
	}
	return r < 0 ? r : buf_add_byte(ret, ']', err);
}

static int add_subtree(struct buf *ret, const struct node *node, struct err *err)
{
	char id[ID_TEXT_SIZE];

	if (!node->has_subtree)
		return 0;
	id_format(&node->subtree, id);
	return buf_printf(ret, err, ",\"subtree\":\"%s\"", id);
}

static int add_stat(struct buf *ret, const struct node *node, struct err *err)
{
	int r = add_put(ret, put_times, node, err);

	if (r >= 0)
		r = add_text_unless_empty(ret, ",\"user\":", node->user, err);
	if (r >= 0)
		r = add_text_unless_empty(ret, ",\"group\":", node->group, err);
	return r < 0 ? r : add_put(ret, put_numbers, node, err);
}

int tree_add_front(struct buf *ret, const struct node *node, struct err *err)
{
	int r = buf_add_text(ret, "{\"name\":", err);

	if (r >= 0)
		r = text_add_name(ret, node->name, err);
	if (r >= 0)
		r = buf_add_text(ret, ",\"type\":\"", err);
	if (r >= 0)
		r = buf_add_text(ret, type_names[node->type], err);
	if (r >= 0)
		r = buf_add_byte(ret, '"', err);
	if (r >= 0)
		r = add_stat(ret, node, err);
	if (r >= 0)
		r = add_link_target(ret, node, err);
	if (r >= 0)
		r = add_xattrs(ret, node, err);
	if (r >= 0 && node->device)
		r = buf_printf(ret, err, ",\"device\":%llu", (unsigned long long)node->device);
	return r;
}

int tree_add(struct buf *ret, const struct node *node, bool first, struct err *err)
{
	int r = first ? 0 : buf_add_byte(ret, ',', err);

	if (r >= 0)
		r = tree_add_front(ret, node, err);
	if (r >= 0)
		r = add_content(ret, node, err);
	if (r >= 0)
		r = add_subtree(ret, node, err);
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}

/* --- Reading. Strings go to reader->text; until the node is complete they are kept as offsets,
 * because that buffer moves when it grows. Offset 0 is "". --- */

/* What is being read. */
struct reading {
	struct tree_reader *reader;
	struct node node;
	struct {
		size_t name, user, group, link_target;
	} at;
	struct err *err;
	size_t field; /* where in the table of fields to look first */
	int result;
};

static bool fail(struct reading *reading, int r)
{
	if (r < 0 && !reading->result)
		reading->result = r;
	return scan_fail(&reading->reader->scan);
}

static int decode_base64(const struct scan_text *text, struct buf *ret, struct err *err)
{
	int r = text_decode_base64(text->data, text->size, ret, err);

	return r < 0 ? r : buf_add_byte(ret, 0, err);
}

/* Keeps a string, decoded and with a NUL behind it; *ret_at is where. */
static bool keep(struct reading *reading,
	int (*decode)(const struct scan_text *text, struct buf *ret, struct err *err),
	size_t *ret_at)
{
	struct tree_reader *reader = reading->reader;
	struct scan_text text;
	size_t at = reader->text.size;
	int r;

	if (!scan_string(&reader->scan, &text))
		return false;
	r = decode(&text, &reader->text, reading->err);
	if (r < 0)
		return fail(reading, r);
	*ret_at = at;
	return true;
}

/* --- One reader for each form of field; to is the place in struct reading. --- */

static bool read_u64(struct reading *reading, void *to)
{
	return scan_u64(&reading->reader->scan, to);
}

static bool read_u32(struct reading *reading, void *to)
{
	return scan_u32(&reading->reader->scan, to);
}

static bool read_name(struct reading *reading, void *to)
{
	return keep(reading, scan_name_decode, to);
}

static bool read_text(struct reading *reading, void *to)
{
	return scan_null(&reading->reader->scan) || keep(reading, scan_text_decode, to);
}

static bool read_base64(struct reading *reading, void *to)
{
	return scan_null(&reading->reader->scan) || keep(reading, decode_base64, to);
}

/* linktarget_raw wins, also when it came before. */
static bool read_link_target(struct reading *reading, void *to)
{
	return *(size_t *)to ? scan_skip(&reading->reader->scan) : read_text(reading, to);
}

static bool read_time(struct reading *reading, void *to)
{
	struct node_time *time = to;
	struct scan_text text;
	char copy[64];

	if (!scan_string(&reading->reader->scan, &text))
		return false;
	if (text.size >= sizeof(copy))
		return scan_fail(&reading->reader->scan);
	*(char *)mempcpy(copy, text.data, text.size) = '\0';
	if (clock_rfc3339_parse(copy, &time->seconds, &time->nanoseconds, NULL, reading->err) < 0)
		return fail(
			reading, err_set(reading->err, ERR_CORRUPT, EBADMSG, "a time is broken"));
	return true;
}

static bool read_type(struct reading *reading, void *to)
{
	struct scan_text text;

	if (!scan_string(&reading->reader->scan, &text))
		return false;
	for (enum node_type type = NODE_FILE; type <= NODE_SOCKET; type++)
		if (scan_is(&text, type_names[type]))
			*(enum node_type *)to = type;
	return true;
}

static bool read_subtree(struct reading *reading, void *to)
{
	struct scan *scan = &reading->reader->scan;

	if (!scan_null(scan))
		reading->node.has_subtree = scan_hex(scan, to, sizeof(struct id));
	return !scan->failed;
}

/* Reads null or a list, each element of which is appended to a buffer by read. */
static bool read_list(
	struct reading *reading, bool (*read)(struct reading *reading), size_t *ret_count)
{
	struct scan *scan = &reading->reader->scan;

	if (scan_null(scan))
		return true;
	if (!scan_array(scan))
		return false;
	for (; scan_element(scan); (*ret_count)++)
		if (!read(reading))
			return false;
	return !scan->failed;
}

static bool read_one_id(struct reading *reading)
{
	struct id id;

	if (!scan_hex(&reading->reader->scan, id.bytes, sizeof(id.bytes)))
		return false;
	return buf_add(&reading->reader->ids, &id, sizeof(id), reading->err) >= 0 ||
	       fail(reading, -EFBIG);
}

/* Pointers of an entry are offsets until the node is complete. */
static bool read_one_xattr(struct reading *reading)
{
	struct tree_reader *reader = reading->reader;
	size_t name = 0, value = 0, before, size = 0;
	struct node_xattr xattr;
	struct scan_text key;

	if (!scan_object(&reader->scan))
		return false;
	while (scan_member(&reader->scan, &key)) {
		before = value;
		if (scan_is(&key, "name"))
			read_text(reading, &name);
		else if (scan_is(&key, "value"))
			read_base64(reading, &value);
		else
			scan_skip(&reader->scan);
		if (value != before)
			size = reader->text.size - value - 1; /* without its NUL */
	}
	xattr = (struct node_xattr){
		.name = (const char *)(uintptr_t)name,
		.value = (const uint8_t *)(uintptr_t)value,
		.size = size,
	};
	if (reader->scan.failed)
		return false;
	return buf_add(&reader->xattrs, &xattr, sizeof(xattr), reading->err) >= 0 ||
	       fail(reading, -EFBIG);
}

static bool read_content(struct reading *reading, void *to)
{
	return read_list(reading, read_one_id, to);
}

static bool read_xattrs(struct reading *reading, void *to)
{
	return read_list(reading, read_one_xattr, to);
}

#define FIELD(key, read, to)                                                                       \
	{                                                                                          \
		key, sizeof(key) - 1, read, offsetof(struct reading, to)                           \
	}

/* In the order in which restic writes them. */
static const struct field {
	const char *key;
	size_t key_size;
	bool (*read)(struct reading *reading, void *to);
	size_t to;
} fields[] = {
	FIELD("name", read_name, at.name),
	FIELD("type", read_type, node.type),
	FIELD("mode", read_u32, node.mode),
	FIELD("mtime", read_time, node.modified),
	FIELD("atime", read_time, node.accessed),
	FIELD("ctime", read_time, node.changed),
	FIELD("uid", read_u32, node.uid),
	FIELD("gid", read_u32, node.gid),
	FIELD("user", read_text, at.user),
	FIELD("group", read_text, at.group),
	FIELD("inode", read_u64, node.inode),
	FIELD("device_id", read_u64, node.device_id),
	FIELD("size", read_u64, node.size),
	FIELD("links", read_u64, node.links),
	FIELD("linktarget", read_link_target, at.link_target),
	FIELD("linktarget_raw", read_base64, at.link_target),
	FIELD("extended_attributes", read_xattrs, node.xattr_count),
	FIELD("device", read_u64, node.device),
	FIELD("content", read_content, node.content_count),
	FIELD("subtree", read_subtree, node.subtree),
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

/* Goes on in the table where the last member was found: in their usual order a comparison or
 * two find each. A key of a restic to come is skipped. */
static void read_member(struct reading *reading, const struct scan_text *key)
{
	for (size_t tried = 0; tried < FIELD_COUNT; tried++) {
		const struct field *field = &fields[reading->field];

		reading->field = (reading->field + 1) % FIELD_COUNT;
		if (key->size == field->key_size && memcmp(key->data, field->key, key->size) == 0) {
			field->read(reading, (char *)reading + field->to);
			return;
		}
	}
	scan_skip(&reading->reader->scan);
}

/* Turns the offsets into pointers. */
static void settle(struct reading *reading)
{
	struct tree_reader *reader = reading->reader;
	struct node *node = &reading->node;
	const char *text = (const char *)reader->text.data;
	struct node_xattr *xattrs = (struct node_xattr *)(void *)reader->xattrs.data;

	node->name = text + reading->at.name;
	node->user = text + reading->at.user;
	node->group = text + reading->at.group;
	node->link_target = text + reading->at.link_target;
	node->content = (const struct id *)reader->ids.data;
	node->xattrs = xattrs;
	for (size_t i = 0; i < node->xattr_count; i++) {
		xattrs[i].name = text + (uintptr_t)xattrs[i].name;
		xattrs[i].value = reader->text.data + (uintptr_t)xattrs[i].value;
	}
}

static int judge_name(struct tree_reader *reader, struct node *node, struct err *err)
{
	const char *last = (const char *)reader->last.data;

	node->unsafe = !*node->name || strchr(node->name, '/') || strcmp(node->name, ".") == 0 ||
		       strcmp(node->name, "..") == 0;
	node->out_of_order = last && strcmp(last, node->name) >= 0;
	buf_clear(&reader->last);
	return buf_add(&reader->last, node->name, strlen(node->name) + 1, err);
}

int tree_reader_init(struct tree_reader *reader, const void *data, size_t size, struct err *err)
{
	struct scan_text key;

	*reader = (struct tree_reader){
		.text = BUF_INIT(TEXT_MAX),
		.ids = BUF_INIT(CONTENT_MAX),
		.xattrs = BUF_INIT(XATTRS_MAX),
		.last = BUF_INIT(TEXT_MAX),
	};
	scan_init(&reader->scan, data, size);
	scan_object(&reader->scan);
	/* "nodes" is the only member that any restic ever wrote; anything else is skipped. */
	while (scan_member(&reader->scan, &key)) {
		if (!scan_is(&key, "nodes")) {
			scan_skip(&reader->scan);
			continue;
		}
		if (!scan_null(&reader->scan)) {
			scan_array(&reader->scan);
			return 0;
		}
	}
	reader->ended = true;
	return scan_end(&reader->scan, "tree", err);
}

/* Behind the last node. */
static int finish(struct tree_reader *reader, struct err *err)
{
	struct scan_text key;

	reader->ended = true;
	while (scan_member(&reader->scan, &key))
		scan_skip(&reader->scan);
	return scan_end(&reader->scan, "tree", err);
}

int tree_reader_next(struct tree_reader *reader, struct node *ret, struct err *err)
{
	struct reading reading = {.reader = reader, .err = err};
	struct scan_text key;
	int r;

	if (reader->ended)
		return 0;
	if (!scan_element(&reader->scan))
		return finish(reader, err);
	buf_clear(&reader->text);
	buf_clear(&reader->ids);
	buf_clear(&reader->xattrs);
	r = buf_add_byte(&reader->text, 0, err);
	if (r < 0)
		return r;
	scan_object(&reader->scan);
	while (scan_member(&reader->scan, &key))
		read_member(&reading, &key);
	if (reading.result < 0)
		return err->code == EFBIG
			       ? err_set(err, ERR_CORRUPT, EFBIG, "an entry is too large")
			       : err_wrap(err, "read tree");
	if (reader->scan.failed)
		return scan_end(&reader->scan, "tree", err);
	settle(&reading);
	r = judge_name(reader, &reading.node, err);
	if (r >= 0)
		*ret = reading.node;
	return r < 0 ? r : 1;
}

void tree_reader_done(struct tree_reader *reader)
{
	buf_done(&reader->text);
	buf_done(&reader->ids);
	buf_done(&reader->xattrs);
	buf_done(&reader->last);
}
