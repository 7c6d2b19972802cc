#include "provision/disk/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/str.h"
#include "conf/conf.h"
#include "hw/disk.h"

#define LAYOUT_SIZE_MAX (64u << 10)
#define SECTORS_MAX (UINT64_C(1) << 40)
#define ALIGNMENT_DEFAULT 2048u
#define DATA_MIN_DEFAULT (2097152u) /* 1 GiB */
#define BACKUP_TABLE 33u /* sectors at the end that hold the second table */

/* A section as it stands in the file. */
struct section {
	char *on, *start, *size, *type, *format, *label, *serial;
	uint64_t number, minimum;
};

enum {
	STICK_SECTIONS = 3,
	SECTIONS = LAYOUT_PARTS + STICK_SECTIONS
};

struct file {
	uint64_t alignment;
	struct section sections[SECTIONS];
};

/* Those of the internal disk first, by number. */
static const char *const section_names[SECTIONS] = {"nexus-bios", "nexus-esp", "nexus-bootstate",
	"nexus-kernel-a", "nexus-root-a", "nexus-kernel-b", "nexus-root-b", HW_DISK_DATA_NAME,
	"nexus-live-kernel", "nexus-live-root", "nexus-seed"};

#define KEY(i, part, key, kind, member)                                                            \
	{                                                                                          \
		.section = "Partition " part, .name = key, .type = kind,                           \
		.offset = offsetof(struct file, sections[i].member), .max_bytes = 64               \
	}
#define SECTION(i, part)                                                                           \
	KEY(i, part, "On", CONF_TEXT, on), KEY(i, part, "Number", CONF_U64, number),               \
		KEY(i, part, "Start", CONF_TEXT, start), KEY(i, part, "Size", CONF_TEXT, size),    \
		KEY(i, part, "Type", CONF_TEXT, type), KEY(i, part, "Format", CONF_TEXT, format),  \
		KEY(i, part, "Label", CONF_TEXT, label),                                           \
		KEY(i, part, "Serial", CONF_TEXT, serial),                                         \
		KEY(i, part, "MinimumSize", CONF_U64, minimum)

static const struct conf_key keys[] = {
	{.section = "Disk",
		.name = "Alignment",
		.type = CONF_U64,
		.offset = offsetof(struct file, alignment),
		.min = 1,
		.max = 1u << 20},
	SECTION(0, "nexus-bios"),
	SECTION(1, "nexus-esp"),
	SECTION(2, "nexus-bootstate"),
	SECTION(3, "nexus-kernel-a"),
	SECTION(4, "nexus-root-a"),
	SECTION(5, "nexus-kernel-b"),
	SECTION(6, "nexus-root-b"),
	SECTION(7, "nexus-data"),
	SECTION(8, "nexus-live-kernel"),
	SECTION(9, "nexus-live-root"),
	SECTION(10, "nexus-seed"),
	{0},
};

static void cleanup_file_fn(struct file *file)
{
	conf_done(keys, file);
}

static bool guid_is_good(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	return true;
}

static int place(const struct section *s, uint64_t after, uint64_t alignment,
	struct layout_part *part, bool last, struct err *err)
{
	int r = 0;

	if (!s->on || strcmp(s->on, "stick") == 0 || !s->start || !s->size || !s->type)
		return err_set(err, ERR_CONFIG, EINVAL, "On, Start, Size or Type is missing");
	if (s->number != part->number)
		return err_set(err, ERR_CONFIG, EINVAL, "Number is not %u", part->number);
	if (!guid_is_good(s->type))
		return err_set(err, ERR_CONFIG, EINVAL, "Type is no GUID");
	if (s->label && strlen(s->label) >= sizeof(part->label))
		return err_set(err, ERR_CONFIG, EINVAL, "Label is too long");
	if (strcmp(s->start, "next") == 0)
		part->start = (after + alignment - 1) / alignment * alignment;
	else
		r = parse_u64(s->start, alignment, SECTORS_MAX, &part->start, err);
	if (r < 0)
		return err_wrap(err, "Start");
	if (last != (strcmp(s->size, "rest") == 0))
		return err_set(err, ERR_CONFIG, EINVAL,
			"Size must be rest for the last partition and only for that");
	if (!last)
		r = parse_u64(s->size, 8, SECTORS_MAX, &part->size, err);
	if (r < 0)
		return err_wrap(err, "Size");
	if (part->start < after || part->start % 8 || part->size % 8)
		return err_set(err, ERR_CONFIG, EINVAL,
			"it overlaps the one before it, or is not a multiple of 8 sectors");
	snprintf(part->type, sizeof(part->type), "%s", s->type);
	snprintf(part->label, sizeof(part->label), "%s", s->label ? s->label : "");
	return 0;
}

int layout_parse(
	const char *text, size_t size, const char *name, struct layout *ret, struct err *err)
{
	__attribute__((cleanup(cleanup_file_fn))) struct file file = {
		.alignment = ALIGNMENT_DEFAULT};
	struct layout layout = {0};
	uint64_t after = 34;
	int r;

	r = conf_parse(text, size, name, keys, &file, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < LAYOUT_PARTS; i++) {
		struct layout_part *part = &layout.parts[i];

		part->number = i + 1;
		snprintf(part->name, sizeof(part->name), "%s", section_names[i]);
		r = place(
			&file.sections[i], after, file.alignment, part, i + 1 == LAYOUT_PARTS, err);
		if (r < 0)
			return err_wrap(err, "read %s: [Partition %s]", name, section_names[i]);
		after = part->start + part->size;
	}
	layout.alignment = file.alignment;
	layout.data_min = file.sections[LAYOUT_PARTS - 1].minimum;
	if (!layout.data_min)
		layout.data_min = DATA_MIN_DEFAULT;
	*ret = layout;
	return 0;
}

int layout_read(const char *path, struct layout *ret, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, path, LAYOUT_SIZE_MAX, &text, &size, err);
	if (r < 0)
		return r;
	return layout_parse(text, size, path, ret, err);
}

uint64_t layout_bytes_needed(const struct layout *layout)
{
	return (layout->parts[LAYOUT_PARTS - 1].start + layout->data_min + layout->alignment) *
	       HW_TABLE_SECTOR;
}

int layout_fit(struct layout *layout, uint64_t disk_bytes, struct err *err)
{
	struct layout_part *data = &layout->parts[LAYOUT_PARTS - 1];
	uint64_t end = disk_bytes / HW_TABLE_SECTOR;
	char has[24], needs[24];

	if (disk_bytes < layout_bytes_needed(layout)) {
		hw_disk_size_format(disk_bytes, has);
		hw_disk_size_format(layout_bytes_needed(layout), needs);
		return err_set(err, ERR_SPACE, ENOSPC,
			"the disk is too small: it has %s (%llu bytes), %s (%llu bytes) are needed",
			has, (unsigned long long)disk_bytes, needs,
			(unsigned long long)layout_bytes_needed(layout));
	}
	end = (end - BACKUP_TABLE) / layout->alignment * layout->alignment;
	data->size = end - data->start;
	return 0;
}

char *layout_script(const struct layout *layout, const char *data_name)
{
	cleanup_buf struct buf script = BUF_INIT(16 << 10);
	struct err err = ERR_INIT;
	int r;

	r = buf_add_text(&script, "label: gpt\nunit: sectors\n", &err);
	for (unsigned i = 0; i < LAYOUT_PARTS && r >= 0; i++) {
		const struct layout_part *p = &layout->parts[i];

		r = buf_printf(&script, &err, "%u : start=%llu, size=%llu, type=%s, name=\"%s\"\n",
			p->number, (unsigned long long)p->start, (unsigned long long)p->size,
			p->type, i + 1 == LAYOUT_PARTS ? data_name : p->name);
	}
	return r < 0 ? NULL : buf_take_text(&script);
}

bool layout_matches(const struct layout *layout, const struct hw_table *table)
{
	if (strcmp(table->label, "gpt") != 0 || table->count != LAYOUT_PARTS)
		return false;
	for (unsigned i = 0; i < LAYOUT_PARTS; i++) {
		const struct layout_part *p = &layout->parts[i];
		const struct hw_table_part *t = hw_table_number(table, p->number);

		if (!t || t->start != p->start || t->size != p->size ||
			strcasecmp(t->type, p->type) != 0)
			return false;
	}
	return true;
}

const struct layout_part *layout_find(const struct layout *layout, const char *name)
{
	for (unsigned i = 0; i < LAYOUT_PARTS; i++)
		if (strcmp(layout->parts[i].name, name) == 0)
			return &layout->parts[i];
	return NULL;
}

void layout_room(const struct layout *layout, uint64_t ret_room[SOURCE_PIECES])
{
	static const char *const homes[SOURCE_PIECES] = {
		[SOURCE_PIECE_BOOTSTATE] = "nexus-bootstate",
		[SOURCE_PIECE_BIOS] = "nexus-bios",
		[SOURCE_PIECE_ESP] = "nexus-esp",
		[SOURCE_PIECE_KERNEL] = "nexus-kernel-a",
		[SOURCE_PIECE_ROOT] = "nexus-root-a",
	};

	for (unsigned i = 0; i < SOURCE_PIECES; i++)
		ret_room[i] = homes[i] ? layout_find(layout, homes[i])->size * HW_TABLE_SECTOR : 0;
}
