#include "provision/report.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/i18n.h"
#include "provision/fit/show.h"
#include "stick/seed.h"
#include "json/json.h"

#define SCHEMA "nexus.install-report/1"
#define JSON_PATH "report.json"
#define TEXT_PATH "report.txt"
#define REPORT_MAX (256u << 10)

static void add_machine(const struct install *in, struct json *root)
{
	struct json *machine = json_set_object(root, "machine");
	struct json *image = json_set_object(root, "image");
	const struct manifest *m = &in->source->manifest;

	json_set_text(machine, "vendor", in->machine->vendor);
	json_set_text(machine, "product", in->machine->product);
	json_set_text(machine, "firmware", in->machine->uefi ? "uefi" : "bios");
	json_set_bool(machine, "secure_boot", in->machine->secure_boot);
	json_set_integer(machine, "memory_bytes", (int64_t)in->machine->memory_bytes);
	json_set_text(image, "distribution", m->distribution);
	json_set_text(image, "suite", m->suite);
	json_set_text(image, "version", m->version);
	json_set_integer(image, "build_epoch", m->build_epoch);
}

static void add_disk(const struct hw_disk *d, struct json *root)
{
	struct json *disk = json_set_object(root, "disk");

	json_set_text(disk, "path", d->path);
	json_set_text(disk, "model", d->model);
	json_set_text(disk, "serial", d->serial);
	json_set_integer(disk, "size_bytes", (int64_t)d->size_bytes);
}

static void add_steps(const struct install *in, struct json *root)
{
	struct json *steps = json_set_array(root, "steps");

	for (size_t i = 0; i < in->step_count; i++) {
		struct json *step = json_add_object(steps);

		json_set_text(step, "name", in->steps[i].name);
		json_set_number(step, "seconds", in->steps[i].seconds);
		json_set_integer(step, "bytes", (int64_t)in->steps[i].bytes);
	}
}

/* The earlier ones, and at the end the one that was just done. */
static void add_boxes(
	const char *key, const struct str_list *before, const char *done, struct json *root)
{
	struct json *list = json_set_array(root, key);

	for (size_t i = 0; i < before->count; i++)
		if (!str_equal(before->items[i], done))
			json_add_text(list, before->items[i]);
	if (done[0])
		json_add_text(list, done);
}

static const char *result_of(const struct install *in, const struct err *failure)
{
	if (failure)
		return "failed";
	return in->known ? "repaired" : "installed";
}

/* To hundredths: more is noise. */
static double seconds_of(const struct install *in)
{
	double seconds = 0;

	for (size_t i = 0; i < in->step_count; i++)
		seconds += in->steps[i].seconds;
	return (double)(int64_t)(seconds * 100 + 0.5) / 100;
}

int report_make_json(const struct install *in, const struct err *failure,
	const struct report_boxes *boxes, char **ret_text, struct err *err)
{
	cleanup_json struct json *root = json_object_new();
	char time[CLOCK_RFC3339_SIZE];

	clock_rfc3339_format(install_now_s(in), 0, time);
	json_set_text(root, "schema", SCHEMA);
	json_set_text(root, "result", result_of(in, failure));
	json_set_text(root, "time", time);
	json_set_text(root, "mode", in->known ? "repair" : "install");
	json_set_number(root, "seconds", seconds_of(in));
	json_set_bool(root, "disk_touched", in->touched);
	if (failure)
		json_set_text(root, "error", failure->text);
	if (!failure) {
		struct json *box = json_set_object(root, "box");

		json_set_text(box, "box_id", in->box.id);
		json_set_text(box, "name", in->box.name);
		if (in->box.code[0])
			json_set_text(root, "code", in->box.code);
	}
	add_machine(in, root);
	if (in->target)
		add_disk(&in->target->disk, root);
	if (in->fit)
		show_json(in->fit, root);
	add_steps(in, root);
	add_boxes("boxes", &boxes->made, in->box.id, root);
	add_boxes("repaired", &boxes->repaired, in->known && !failure ? in->box.id : "", root);
	return json_finish(root, ret_text, err);
}

/* What went wrong or well, in lines for people. */
static int text_result(
	const struct install *in, const struct err *failure, struct buf *text, struct err *err)
{
	int r;

	if (failure) {
		r = buf_printf(text, err, _("FAILED: %s\n"), failure->text);
		if (r >= 0)
			r = buf_add_text(text,
				in->touched ? _("The disk is not bootable now. Run the installer "
						"again.\n")
					    : _("Nothing was changed on the disk.\n"),
				err);
		return r;
	}
	r = buf_add_text(text, _("The box is installed.\n"), err);
	if (r >= 0 && in->box.code[0])
		r = buf_printf(text, err, _("Adoption code: %s\n"), in->box.code);
	if (r >= 0)
		r = buf_printf(text, err, _("Name: %s\nBox: %s\n"), in->box.name, in->box.id);
	return r;
}

/* Windows wants a carriage return before each line feed. */
static char *with_returns(const char *text)
{
	cleanup_buf struct buf out = BUF_INIT(REPORT_MAX);
	struct err err = ERR_INIT;
	int r = 0;

	for (; *text && r >= 0; text++) {
		if (*text == '\n')
			r = buf_add_byte(&out, '\r', &err);
		if (r >= 0)
			r = buf_add_byte(&out, (uint8_t)*text, &err);
	}
	return r < 0 ? NULL : buf_take_text(&out);
}

/* What the first page said. */
static int add_page(const struct install *in, struct buf *text, struct err *err)
{
	cleanup_free char *checks = show_checks(in->fit);
	cleanup_free char *firmware = show_firmware(in->fit);

	if (!checks || !firmware)
		return err_oom(err);
	return buf_printf(
		text, err, "\n%s\n%s\n%s", _("Is this PC fit for a server?"), checks, firmware);
}

static int text_disk(const struct hw_disk *d, struct buf *text, struct err *err)
{
	char size[24];

	hw_disk_size_format(d->size_bytes, size);
	return buf_printf(text, err, _("Disk: %s %s %s, serial number %s\n"), d->path, size,
		d->model, d->serial);
}

char *report_make_text(const struct install *in, const struct err *failure)
{
	cleanup_buf struct buf text = BUF_INIT(REPORT_MAX);
	const struct manifest *m = &in->source->manifest;
	char time[CLOCK_RFC3339_SIZE];
	struct err err = ERR_INIT;
	int r;

	clock_rfc3339_format(install_now_s(in), 0, time);
	r = buf_printf(&text, &err, _("Nexus installer, %s\n\n"), time);
	if (r >= 0)
		r = text_result(in, failure, &text, &err);
	if (r >= 0 && in->target)
		r = text_disk(&in->target->disk, &text, &err);
	if (r >= 0)
		r = buf_printf(&text, &err, _("Image: %s %s, version %s\n"), m->distribution,
			m->suite, m->version);
	if (r >= 0)
		r = buf_printf(
			&text, &err, _("PC: %s %s\n"), in->machine->vendor, in->machine->product);
	if (r >= 0 && in->fit)
		r = add_page(in, &text, &err);
	return r < 0 ? NULL : with_returns((const char *)text.data);
}

static bool box_id_is_good(const char *id)
{
	uint8_t bytes[16];

	return strlen(id) == 32 && hex_parse(id, bytes, sizeof(bytes));
}

static int parse_list(const struct json *list, struct str_list *boxes, struct err *err)
{
	int r = 0;

	for (const struct json *e = json_first(list); e && r >= 0; e = json_next(e)) {
		const char *id = json_text(e);

		if (id && box_id_is_good(id) && boxes->count < SEED_BOXES_MAX)
			r = str_list_add(boxes, id, err);
	}
	return r;
}

int report_parse_boxes(const char *text, size_t size, struct report_boxes *boxes, struct err *err)
{
	cleanup_json struct json *root = NULL;
	struct err damaged = ERR_INIT;
	int r;

	if (json_parse(text, size, REPORT_MAX, &root, &damaged) < 0)
		return 0;
	r = parse_list(json_get(root, "boxes"), &boxes->made, err);
	return r < 0 ? r : parse_list(json_get(root, "repaired"), &boxes->repaired, err);
}

void report_boxes_done(struct report_boxes *boxes)
{
	str_list_done(&boxes->made);
	str_list_done(&boxes->repaired);
}

int report_read_boxes(const struct source *source, struct report_boxes *boxes, struct err *err)
{
	cleanup_free char *image = source_mtools_image(source, "nexus-seed");
	cleanup_free char *text = NULL;
	struct err missing = ERR_INIT;
	size_t size;

	if (!image || seed_file_read(image, JSON_PATH, REPORT_MAX, &text, &size, &missing) < 0)
		return 0;
	return report_parse_boxes(text, size, boxes, err);
}

int report_write(const struct install *in, const struct err *failure, struct err *err)
{
	cleanup_free char *image = source_mtools_image(in->source, "nexus-seed");
	cleanup_free char *json = NULL, *text = NULL;
	cleanup_report_boxes struct report_boxes boxes = {0};
	int r;

	if (!image)
		return err_set(
			err, ERR_NOT_FOUND, ENOENT, "write report: the stick has no nexus-seed");
	r = report_read_boxes(in->source, &boxes, err);
	if (r >= 0)
		r = report_make_json(in, failure, &boxes, &json, err);
	if (r < 0)
		return r;
	text = report_make_text(in, failure);
	if (!text)
		return err_oom(err);
	r = seed_file_write(image, JSON_PATH, json, err);
	if (r >= 0)
		r = seed_file_write(image, TEXT_PATH, text, err);
	if (r < 0)
		return err_wrap(err, "write report to the stick");
	sync();
	return 0;
}
