#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "console/console.h"
#include "console/fleet/sweep.h"
#include "console/table.h"
#include "console/verbs.h"
#include "fleet/status.h"
#include "json/json.h"

#define TIMEOUT_US 10000000u

static bool arg_cached;

const struct verb_option verb_status_options[] = {
	{.long_name = "cached",
		.help = N_("show what the boxes last said, without asking them"),
		.flag = &arg_cached},
	{0},
};

/* What is known of the boxes to show. */
struct view {
	struct console *console;
	struct inventory_list list; /* the boxes that were asked for */
	int64_t now_s;
	struct fleet_status *scratch; /* one document at a time */
	size_t reached, unreached, refused;
	bool not_stored;
	struct err why_not;
};

/* --- choosing boxes --- */

static int choose(struct view *view, int argc, char **argv, struct err *err)
{
	struct inventory_list *list = &view->list;

	if (argc == 0)
		return inventory_list(view->console->inventory, list, err);
	list->boxes = calloc((size_t)argc, sizeof(*list->boxes));
	if (!list->boxes)
		return err_oom(err);
	for (int i = 0; i < argc; i++) {
		struct inventory_box *box = &list->boxes[list->count];
		bool twice = false;
		int r = inventory_find(view->console->inventory, argv[i], box, err);

		if (r < 0)
			return r;
		for (size_t j = 0; j < list->count; j++)
			twice = twice || str_equal(list->boxes[j].box_id, box->box_id);
		if (twice)
			inventory_box_done(box);
		else
			list->count++;
	}
	return 0;
}

/* --- asking --- */

static void show_progress(void *context, size_t done, size_t count)
{
	(void)context;
	fprintf(stderr, "\r%s %zu/%zu", _("Asking the boxes:"), done, count);
	if (done == count)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

static int store(struct view *view, const struct sweep_result *results, struct err *err)
{
	struct inventory_list *list = &view->list;
	cleanup_free struct inventory_poll *polls =
		calloc(list->count ? list->count : 1, sizeof(*polls));

	if (!polls)
		return err_oom(err);
	for (size_t i = 0; i < list->count; i++)
		polls[i] = (struct inventory_poll){.box_id = list->boxes[i].box_id,
			.when_s = view->now_s,
			.fault = results[i].fault,
			.text = results[i].fault == FAULT_NONE ? "" : results[i].err.text,
			.status = results[i].status};
	return inventory_store(view->console->inventory, polls, list->count, err);
}

/* The boxes as they are after the sweep: as the inventory would give them. */
static void merge(struct view *view, struct sweep_result *results)
{
	for (size_t i = 0; i < view->list.count; i++) {
		struct inventory_box *box = &view->list.boxes[i];

		box->polled = results[i].fault;
		box->polled_s = view->now_s;
		snprintf(box->polled_text, sizeof(box->polled_text), "%.255s",
			results[i].fault == FAULT_NONE ? "" : results[i].err.text);
		if (!results[i].status)
			continue;
		free(box->status);
		box->status = TAKE(results[i].status);
		box->status_s = view->now_s;
	}
}

static int ask_all(struct view *view, struct err *err)
{
	struct sweep_options options = {
		.identity = view->console->home.identity, .clock = &clock_system};
	size_t count = view->list.count;
	cleanup_free struct sweep_result *results = calloc(count ? count : 1, sizeof(*results));
	uint64_t timeout_us;
	int r;

	if (!results)
		return err_oom(err);
	r = console_timeout(view->console, TIMEOUT_US, &timeout_us, err);
	if (r < 0)
		return r;
	options.limits = session_limits_of(timeout_us);
	options.answer_us = timeout_us;
	if (count > 1 && isatty(STDERR_FILENO))
		options.finished = show_progress;
	r = sweep_boxes(view->list.boxes, count, &options, results, err);
	view->now_s = (int64_t)(clock_realtime_us(&clock_system) / 1000000);
	if (r == 0) {
		/* A full disk is no reason to keep silent about the boxes. */
		view->not_stored = store(view, results, &view->why_not) < 0;
		merge(view, results);
	}
	sweep_results_done(results, count);
	return r;
}

/* --- showing --- */

/* The box's last document, in view->scratch, or NULL. */
static const struct fleet_status *document(struct view *view, const struct inventory_box *box)
{
	struct err ignored = ERR_INIT;

	if (!box->status ||
		fleet_status_parse(box->status, strlen(box->status), view->scratch, &ignored) < 0)
		return NULL;
	return view->scratch;
}

static const char *level_word(enum fleet_status_level level)
{
	switch (level) {
	case FLEET_STATUS_OK:
		return _("ok");
	case FLEET_STATUS_WARN:
		return _("warning");
	case FLEET_STATUS_FAIL:
		return _("TROUBLE");
	}
	return "";
}

static enum table_colour level_colour(enum fleet_status_level level)
{
	switch (level) {
	case FLEET_STATUS_OK:
		return TABLE_GOOD;
	case FLEET_STATUS_WARN:
		return TABLE_DOUBTFUL;
	case FLEET_STATUS_FAIL:
		return TABLE_BAD;
	}
	return TABLE_PLAIN;
}

/* The first sentence of the worst checks, or that all is fine. */
static const char *worst_check(const struct fleet_status *status)
{
	for (size_t i = 0; i < status->check_count; i++)
		if (status->level != FLEET_STATUS_OK && status->checks[i].level == status->level)
			return status->checks[i].text;
	return "";
}

/* Free space of the file system with the data, or the largest there is. */
static void free_space(const struct fleet_status *status, char ret_text[32])
{
	const struct fleet_status_filesystem *best = NULL;

	for (size_t i = 0; i < status->filesystem_count; i++) {
		const struct fleet_status_filesystem *f = &status->filesystems[i];

		if (strcmp(f->path, "/data") == 0) {
			best = f;
			break;
		}
		if (!best || f->size_bytes > best->size_bytes)
			best = f;
	}
	snprintf(ret_text, 32, "-");
	if (best)
		table_size(best->free_bytes, ret_text);
}

static int add_box(
	struct view *view, struct table *table, const struct inventory_box *box, struct err *err)
{
	const struct fleet_status *status = document(view, box);
	char backup[32] = "-", seen[32], space[32] = "-", uptime[32] = "-";
	const char *cells[8] = {
		box->name, fault_word(box->polled), "-", uptime, space, backup, seen, ""};
	enum table_colour colour = TABLE_BAD;

	table_age(box->status_s, view->now_s, seen);
	if (box->polled_s == 0 && !status)
		cells[1] = _("not asked yet");
	if (status) {
		cells[2] = status->boot.slot[0] ? status->boot.slot : "-";
		table_age(view->now_s - (int64_t)status->uptime_s, view->now_s, uptime);
		free_space(status, space);
		table_age(status->backup.last_success_s, view->now_s, backup);
	}
	if (status && box->polled == FAULT_NONE) {
		cells[1] = level_word(status->level);
		cells[7] = worst_check(status);
		colour = level_colour(status->level);
	}
	return table_add(table, cells, colour, err);
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

static int show_table(struct view *view, struct err *err)
{
	const char *const headings[8] = {_("BOX"), _("STATE"), _("SLOT"), _("UP"), _("FREE"),
		_("BACKUP"), _("SEEN"), _("WHAT")};
	struct table table;
	int r;

	r = table_init(&table, headings, 8, 1, err);
	for (size_t i = 0; r == 0 && i < view->list.count; i++)
		r = add_box(view, &table, &view->list.boxes[i], err);
	if (r == 0)
		table_print(&table, console_coloured(STDOUT_FILENO), terminal_width());
	table_done(&table);
	return r;
}

/* Below the table: what is the matter with the boxes that did not answer. */
static void show_faults(const struct view *view)
{
	fflush(stdout);
	for (size_t i = 0; i < view->list.count; i++) {
		const struct inventory_box *box = &view->list.boxes[i];
		cleanup_free char *subject = console_subject(box);
		const char *advice = fault_advice(box->polled);

		if (box->polled == FAULT_NONE)
			continue;
		fprintf(stderr, "\n%s: %s\n", subject ? subject : box->name,
			fault_text(box->polled));
		if (view->console->verbose || !*advice)
			fprintf(stderr, "  %s\n", box->polled_text);
		if (*advice)
			fprintf(stderr, "%s\n", advice);
	}
}

static struct json *box_json(struct view *view, const struct inventory_box *box)
{
	const struct fleet_status *status = document(view, box);
	struct json *json = json_object_new();
	char where[ADDRESS_TEXT_SIZE], when[CLOCK_RFC3339_SIZE];

	address_format(&box->address, where);
	json_set_text(json, "box_id", box->box_id);
	json_set_text(json, "name", box->name);
	json_set_text(json, "address", where);
	json_set_text(json, "state",
		status && box->polled == FAULT_NONE ? fleet_status_level_name(status->level)
						    : "unreached");
	json_set_text(json, "fault", fault_name(box->polled));
	if (box->polled != FAULT_NONE)
		json_set_text(json, "text", box->polled_text);
	if (box->polled_s) {
		clock_rfc3339_format(box->polled_s, 0, when);
		json_set_text(json, "asked", when);
	}
	if (status) {
		clock_rfc3339_format(box->status_s, 0, when);
		json_set_text(json, "answered", when);
		json_set(json, "status", fleet_status_to_json(status));
	}
	return json;
}

static int show_json(struct view *view)
{
	struct json *json = json_object_new(), *boxes;
	char now[CLOCK_RFC3339_SIZE];

	clock_rfc3339_format(view->now_s, 0, now);
	json_set_text(json, "schema", "nexus.fleet-status/1");
	json_set_text(json, "time", now);
	boxes = json_set_array(json, "boxes");
	for (size_t i = 0; i < view->list.count; i++)
		json_add(boxes, box_json(view, &view->list.boxes[i]));
	return console_print_json(view->console, json);
}

/* 0 all, 3 some, else what kept all of them away: 5 if every one refused, 4 if none could be
 * reached. */
static int exit_status(struct view *view)
{
	for (size_t i = 0; i < view->list.count; i++) {
		enum fault fault = view->list.boxes[i].polled;

		if (fault == FAULT_NONE)
			view->reached++;
		else if (fault_exit(fault) == FAULT_EXIT_REFUSED)
			view->refused++;
		else
			view->unreached++;
	}
	if (view->refused + view->unreached == 0)
		return VERB_EXIT_OK;
	if (view->reached > 0)
		return FAULT_EXIT_PARTLY;
	return view->unreached ? FAULT_EXIT_UNREACHABLE : FAULT_EXIT_REFUSED;
}

static int show(struct view *view)
{
	struct err err = ERR_INIT;

	if (view->console->json) {
		if (show_json(view) != VERB_EXIT_OK)
			return VERB_EXIT_FAILED;
	} else if (view->list.count == 0) {
		fprintf(stderr, "%s\n",
			_("There is no box yet. Adopt one: nexus fleet adopt ADDRESS"));
	} else if (show_table(view, &err) < 0) {
		return console_fail(view->console, &err);
	} else {
		show_faults(view);
	}
	return arg_cached ? VERB_EXIT_OK : exit_status(view);
}

int verb_status(int argc, char **argv, void *context)
{
	struct console *console = context;
	struct view view = {.console = console};
	struct err err = ERR_INIT;
	int r, status;

	view.now_s = (int64_t)(clock_realtime_us(&clock_system) / 1000000);
	view.scratch = calloc(1, sizeof(*view.scratch));
	r = view.scratch ? console_open(console, &err) : err_oom(&err);
	if (r == 0)
		r = choose(&view, argc, argv, &err);
	if (r == 0 && !arg_cached)
		r = ask_all(&view, &err);
	status = r < 0 ? console_fail(console, &err) : show(&view);
	if (view.not_stored) {
		(void)err_wrap(&view.why_not, "remember what the boxes said");
		status = console_fail(console, &view.why_not);
	}
	inventory_list_done(&view.list);
	free(view.scratch);
	return status;
}
