#include "hw/use.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/str.h"

#define DEVICES_MAX 256u
#define DEPTH_MAX 8u
#define TEXT_MAX (4u << 20)
#define LINE_FIELDS 64u

static const struct hw_use_paths paths_system = {"/sys", "/proc"};

/* The disk, its partitions, and the devices that stand upon them. */
struct family {
	const struct hw_use_paths *paths;
	dev_t devices[DEVICES_MAX];
	size_t count;
	char holder[64]; /* the name of one that is neither disk nor partition; "" */
};

static bool has(const struct family *family, dev_t device)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->devices[i] == device)
			return true;
	return false;
}

static bool number_parse(const char *text, dev_t *ret)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), second;

	if (end == text || *end != ':')
		return false;
	text = end + 1;
	second = strtoul(text, &end, 10);
	*ret = makedev((unsigned)first, (unsigned)second);
	return end != text;
}

static int add(struct family *family, const char *dir, unsigned depth, struct err *err);

/* Those whose names stand in dir/holders. */
static int add_holders(struct family *family, const char *dir, unsigned depth, struct err *err)
{
	cleanup_free char *path = str_printf("%s/holders", dir);
	cleanup_closedir DIR *holders = path ? opendir(path) : NULL;
	const struct dirent *entry;
	int r = 0;

	if (!path)
		return err_oom(err);
	while (r >= 0 && holders && (entry = readdir(holders))) {
		cleanup_free char *above = NULL;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(family->holder, sizeof(family->holder), "%.63s", entry->d_name);
		str_sanitize(family->holder);
		above = str_printf("%s/block/%s", family->paths->sysfs, entry->d_name);
		r = above ? add(family, above, depth + 1, err) : err_oom(err);
	}
	return r;
}

static int add(struct family *family, const char *dir, unsigned depth, struct err *err)
{
	char number[32];
	dev_t device;

	file_read_line(dir, "dev", number, sizeof(number));
	if (!number_parse(number, &device))
		return err_set(err, ERR_SYSTEM, EIO, "read %.128s/dev: no device number", dir);
	if (has(family, device))
		return 0;
	if (family->count == DEVICES_MAX || depth > DEPTH_MAX)
		return err_set(err, ERR_SYSTEM, E2BIG, "too many devices stand upon this disk");
	family->devices[family->count++] = device;
	return add_holders(family, dir, depth, err);
}

static int add_partitions(struct family *family, const char *dir, const char *disk, struct err *err)
{
	cleanup_closedir DIR *entries = opendir(dir);
	const struct dirent *entry;
	int r = 0;

	while (r >= 0 && entries && (entry = readdir(entries))) {
		cleanup_free char *part = str_printf("%s/%s", dir, entry->d_name);

		if (!part)
			return err_oom(err);
		if (str_after(entry->d_name, disk))
			r = add(family, part, 0, err);
	}
	return r;
}

static bool is_one(const struct family *family, const char *node)
{
	struct stat st;

	return node[0] == '/' && stat(node, &st) == 0 && S_ISBLK(st.st_mode) &&
	       has(family, st.st_rdev);
}

/* mountinfo and swaps write a blank as \040 and the like. In place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *c = text; *c; to++) {
		if (c[0] == '\\' && c[1] >= '0' && c[1] <= '3' && c[2] >= '0' && c[2] <= '7' &&
			c[3] >= '0' && c[3] <= '7') {
			*to = (char)((c[1] - '0') * 64 + (c[2] - '0') * 8 + (c[3] - '0'));
			c += 4;
		} else {
			*to = *c++;
		}
	}
	*to = '\0';
}

static void found(struct hw_use *use, enum hw_use_kind kind, const char *where)
{
	use->kind = kind;
	snprintf(use->where, sizeof(use->where), "%.127s", where);
	str_sanitize(use->where);
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static bool line_mounts(const struct family *family, char *line, struct hw_use *use)
{
	char *fields[LINE_FIELDS], *state = NULL;
	size_t n = 0, dash = 0;
	dev_t device;

	for (char *f = strtok_r(line, " ", &state); f && n < LINE_FIELDS;
		f = strtok_r(NULL, " ", &state)) {
		if (n > 5 && !dash && strcmp(f, "-") == 0)
			dash = n;
		fields[n++] = f;
	}
	if (n < 6)
		return false;
	unescape(fields[4]);
	if (dash && dash + 2 < n)
		unescape(fields[dash + 2]);
	/* btrfs and the like have a number of their own; their source tells. */
	if (!(number_parse(fields[2], &device) && has(family, device)) &&
		!(dash && dash + 2 < n && is_one(family, fields[dash + 2])))
		return false;
	found(use, HW_USE_MOUNTED, fields[4]);
	return true;
}

static bool line_swaps(const struct family *family, char *line, struct hw_use *use)
{
	line[strcspn(line, " \t")] = '\0';
	unescape(line);
	if (!is_one(family, line))
		return false;
	found(use, HW_USE_SWAP, line);
	return true;
}

static int look(const struct family *family, const char *file,
	bool (*line_uses)(const struct family *, char *, struct hw_use *), struct hw_use *use,
	struct err *err)
{
	cleanup_free char *path = str_printf("%s/%s", family->paths->proc, file);
	cleanup_free char *text = NULL;
	char *state = NULL;
	int r;

	if (!path)
		return err_oom(err);
	r = file_read(AT_FDCWD, path, TEXT_MAX, &text, NULL, err);
	if (r == -ENOENT) /* a kernel without swap */
		return 0;
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		if (line_uses(family, line, use))
			return 0;
	return 0;
}

/* A loop device upon a disk holds it without being its holder in sysfs. */
static int look_at_loops(const struct family *family, struct hw_use *use, struct err *err)
{
	cleanup_free char *dir = str_printf("%s/block", family->paths->sysfs);
	cleanup_closedir DIR *blocks = dir ? opendir(dir) : NULL;
	const struct dirent *entry;

	if (!dir)
		return err_oom(err);
	while (blocks && (entry = readdir(blocks))) {
		cleanup_free char *loop = NULL;
		char file[256];

		if (!str_after(entry->d_name, "loop"))
			continue;
		loop = str_printf("%s/%s/loop", dir, entry->d_name);
		if (!loop)
			return err_oom(err);
		file_read_line(loop, "backing_file", file, sizeof(file));
		if (is_one(family, file)) {
			found(use, HW_USE_HELD, entry->d_name);
			return 0;
		}
	}
	return 0;
}

int hw_use_read(const struct hw_use_paths *paths, const struct hw_disk *disk, struct hw_use *ret,
	struct err *err)
{
	struct family family = {.paths = paths ? paths : &paths_system};
	cleanup_free char *dir = str_printf("%s/block/%s", family.paths->sysfs, disk->name);
	struct hw_use use = {.kind = HW_USE_NONE};
	int r;

	if (!dir)
		return err_oom(err);
	r = add(&family, dir, 0, err);
	if (r >= 0)
		r = add_partitions(&family, dir, disk->name, err);
	if (r >= 0)
		r = look(&family, "self/mountinfo", line_mounts, &use, err);
	if (r >= 0 && use.kind == HW_USE_NONE)
		r = look(&family, "swaps", line_swaps, &use, err);
	if (r >= 0 && use.kind == HW_USE_NONE && family.holder[0])
		found(&use, HW_USE_HELD, family.holder);
	if (r >= 0 && use.kind == HW_USE_NONE)
		r = look_at_loops(&family, &use, err);
	if (r < 0)
		return err_wrap(err, "see what uses %s", disk->path);
	*ret = use;
	return 0;
}
