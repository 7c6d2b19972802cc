#include "hw/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/proc.h"
#include "base/str.h"
#include "json/json.h"

#define TABLE_TEXT_MAX (256u << 10)
#define TOOL_TIMEOUT_US (60ull * 1000 * 1000)

static void text_copy(char *out, size_t room, const char *text)
{
	snprintf(out, room, "%s", text ? text : "");
	str_sanitize(out);
}

/* "/dev/sda3" or "/dev/loop0p3" -> 3. */
static int number_of(const char *node, const char *device, unsigned *ret, struct err *err)
{
	const char *digits = str_after(node, device);
	uint64_t number;
	int r;

	if (digits && *digits == 'p')
		digits++;
	if (!digits)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "partition %.64s is not on %s", node, device);
	r = parse_u64(digits, 1, 9999, &number, err);
	if (r < 0)
		return err_wrap(err, "number of partition %.64s", node);
	*ret = (unsigned)number;
	return 0;
}

static int part_parse(
	const struct json *json, const char *device, struct hw_table_part *ret, struct err *err)
{
	const char *node;
	int64_t start, size;
	int r;

	r = json_need_text(json, "node", &node, err);
	if (r >= 0)
		r = number_of(node, device, &ret->number, err);
	if (r >= 0)
		r = json_need_integer(json, "start", 0, JSON_INTEGER_MAX, &start, err);
	if (r >= 0)
		r = json_need_integer(json, "size", 0, JSON_INTEGER_MAX, &size, err);
	if (r < 0)
		return r;
	ret->start = (uint64_t)start;
	ret->size = (uint64_t)size;
	text_copy(ret->name, sizeof(ret->name), json_get_text(json, "name"));
	text_copy(ret->type, sizeof(ret->type), json_get_text(json, "type"));
	text_copy(ret->uuid, sizeof(ret->uuid), json_get_text(json, "uuid"));
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct hw_table_part *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

int hw_table_parse(
	const char *text, size_t size, const char *device, struct hw_table *ret, struct err *err)
{
	cleanup_json struct json *root = NULL;
	const struct json *top, *parts;
	struct hw_table table = {0};
	const char *unit;
	int r;

	r = json_parse(text, size, TABLE_TEXT_MAX, &root, err);
	if (r < 0)
		return r;
	top = json_get(root, "partitiontable");
	if (!json_is_object(top))
		return err_set(err, ERR_CORRUPT, EBADMSG, "no partitiontable");
	unit = json_get_text(top, "unit");
	if (unit && strcmp(unit, "sectors") != 0)
		return err_set(err, ERR_CORRUPT, EBADMSG, "unit is not sectors");
	text_copy(table.label, sizeof(table.label), json_get_text(top, "label"));
	parts = json_get(top, "partitions");
	if (json_count(parts) > HW_TABLE_PARTS_MAX)
		return err_set(
			err, ERR_CORRUPT, E2BIG, "more than %d partitions", HW_TABLE_PARTS_MAX);
	for (const struct json *p = json_first(parts); p; p = json_next(p)) {
		r = part_parse(p, device, &table.parts[table.count], err);
		if (r < 0)
			return r;
		table.count++;
	}
	qsort(table.parts, table.count, sizeof(table.parts[0]), by_number);
	*ret = table;
	return 0;
}

int hw_table_read(const char *path, struct hw_table *ret, struct err *err)
{
	static const struct proc_options options = {.timeout_us = TOOL_TIMEOUT_US};
	cleanup_proc_result struct proc_result probe = {0};
	cleanup_free char *text = NULL;
	int r;

	r = proc_run((const char *const[]){"blkid", "-p", "-o", "export", path, NULL}, &options,
		&probe, err);
	if (r < 0)
		return r;
	/* 2: nothing known on it; 8: it could be several things, and no table is among them. */
	if (probe.status != 0 && probe.status != 2 && probe.status != 8)
		return err_set(err, ERR_SYSTEM, EIO, "probe %s: blkid: exit status %d: %.200s",
			path, probe.status, str_strip(probe.error_tail));
	if (!strstr(probe.output, "PTTYPE=")) {
		*ret = (struct hw_table){0};
		return 0;
	}
	r = proc_run_ok(
		(const char *const[]){"sfdisk", "--json", path, NULL}, &options, &text, err);
	if (r >= 0)
		r = hw_table_parse(text, strlen(text), path, ret, err);
	if (r < 0)
		return err_wrap(err, "read partition table of %s", path);
	return 0;
}

const struct hw_table_part *hw_table_find(const struct hw_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->parts[i].name, name) == 0)
			return &table->parts[i];
	return NULL;
}

const struct hw_table_part *hw_table_number(const struct hw_table *table, unsigned number)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->parts[i].number == number)
			return &table->parts[i];
	return NULL;
}
