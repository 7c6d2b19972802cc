#include "agent/worker/engine.h"

#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "fleet/text.h"
#include "json/json.h"

static void read_status(const struct json *json, struct engine_report *report)
{
	struct fleet_job_progress *progress = &report->progress;
	double part = json_get_number(json, "percent_done", 0);

	report->has_progress = true;
	progress->percent = part >= 0 && part <= 1 ? part * 100 : 0;
	progress->bytes_done = fleet_text_get_count(json, "bytes_done");
	progress->bytes_total = fleet_text_get_count(json, "total_bytes");
	progress->files_done = fleet_text_get_count(json, "files_done");
	progress->files_total = fleet_text_get_count(json, "total_files");
	/* A restore counts what it has made under names of its own. */
	if (json_get(json, "bytes_restored"))
		progress->bytes_done = fleet_text_get_count(json, "bytes_restored");
	if (json_get(json, "files_restored"))
		progress->files_done = fleet_text_get_count(json, "files_restored");
	progress->eta_s = fleet_text_get_count(json, "seconds_remaining");
}

static void read_summary(const struct json *json, struct engine_report *report)
{
	struct fleet_job_progress *progress = &report->progress;
	uint64_t files = fleet_text_get_count(json, "total_files_processed");
	uint64_t bytes = fleet_text_get_count(json, "total_bytes_processed");

	fleet_text_get(
		json, "snapshot_id", report->result.snapshot, sizeof(report->result.snapshot));
	report->result.data_added_bytes = fleet_text_get_count(json, "data_added");
	if (!files)
		files = fleet_text_get_count(json, "files_restored");
	if (!bytes)
		bytes = fleet_text_get_count(json, "bytes_restored");
	if (files)
		progress->files_done = progress->files_total = files;
	if (bytes)
		progress->bytes_done = progress->bytes_total = bytes;
	progress->percent = 100;
	progress->eta_s = 0;
	report->has_progress = true;
}

/* Ours say "text"; restic's "error":{"message"} with the item, or "message" at the end. */
static void read_error(const struct json *json, struct engine_report *report)
{
	const char *text = json_get_text(json, "text");
	const char *item = json_get_text(json, "item");
	cleanup_free char *with_item = NULL;

	if (!text)
		text = json_get_text(json_get(json, "error"), "message");
	if (!text)
		text = json_get_text(json, "message");
	if (text && item)
		with_item = str_printf("%s: %s", item, text);
	fleet_text_copy(report->result.message, sizeof(report->result.message),
		with_item ? with_item : text);
	if (report->errors < 1000000)
		report->errors++;
}

enum engine_line engine_read_line(const char *line, size_t size, struct engine_report *report)
{
	cleanup_json struct json *json = NULL;
	struct err ignored = ERR_INIT;
	const char *type;

	if (!size || *line != '{' || json_parse(line, size, ENGINE_LINE_MAX, &json, &ignored) < 0)
		return ENGINE_LINE_OTHER;
	type = json_get_text(json, "message_type");
	if (str_equal(type, "status")) {
		read_status(json, report);
		return ENGINE_LINE_STATUS;
	}
	if (str_equal(type, "summary")) {
		read_summary(json, report);
		return ENGINE_LINE_SUMMARY;
	}
	if (str_equal(type, "error") || str_equal(type, "exit_error")) {
		read_error(json, report);
		return ENGINE_LINE_ERROR;
	}
	return ENGINE_LINE_OTHER;
}

const char *engine_status_text(int status)
{
	switch (status) {
	case 0:
		return NULL;
	case 3:
		return _("Some files could not be read; all others are in the backup.");
	case 10:
		return _("The backup repository does not exist.");
	case 11:
		return _("The backup repository is in use by another program.");
	case 12:
		return _("The backup repository does not open with this box's key.");
	case 127:
		return _("The backup program nexus-backup is not installed.");
	case 130:
	case 143:
		return _("The job was stopped.");
	case 137:
		return _("The backup program was killed, perhaps for lack of memory.");
	}
	return _("The backup program failed.");
}
