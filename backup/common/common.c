#include "backup/common/common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup/common/advice.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/parse.h"
#include "store/front/cache.h"
#include "store/front/cache_folders.h"

#define SHOW_EVERY_US 500000
#define SHOW_FPS_MAX 60.0 /* restic's */
#define TICK_US 200000 /* how soon a signal that asks for it is seen */
#define KEEP_US 200000 /* how often it is looked whether the lock needs a refresh */
#define RETRY_TICK_NS 100000000 /* how soon an interruption is seen */
#define RETRY_TICKS 20 /* between attempts at a lock */

static const char program[] = "nexus-backup";

static void tell_failure(const struct common *common, const struct err *err, bool opening);

/* --- The repository --- */

int common_open_store(const struct common *common, bool create, struct store **ret, struct err *err)
{
	return place_open(common->repository, &common->place, create, ret, err);
}

/* --cleanup-cache: what no repository used for long goes; failures are no failures of the verb. */
static void clean_cache(const char *folder, const char *id)
{
	int64_t now_us = (int64_t)clock_realtime_us(&clock_system);
	struct err err = ERR_INIT;
	unsigned removed = 0;

	if (cache_folders_remove(
		    folder, now_us - (int64_t)CACHE_FOLDERS_AGE_US, id, &removed, &err) < 0)
		log_warning("old caches: %s", err.text);
	if (removed)
		log_info("old caches removed from %s: %u", folder, removed);
}

/* Only now is it known whose cache it is. It works without one, only slower. */
static int start_cache(const struct common *common, struct common_session *session, struct err *err)
{
	struct store *store = repository_store(session->repository);
	bool fresh = common->fresh_cache && place_is_far(common->repository, &common->place);
	cleanup_free char *folder = NULL;
	struct err cache_err = ERR_INIT;
	char id[ID_TEXT_SIZE];
	int r = place_cache_folder(&common->place, &folder, err);

	if (r < 0 || !folder)
		return r;
	id_format(&repository_config(session->repository)->id, id);
	if (fresh)
		r = cache_folders_begin(folder, &session->cache, &cache_err);
	if (r >= 0)
		r = cache_store_use(store, fresh ? session->cache : folder, id, &cache_err);
	if (r < 0)
		log_warning("no cache: %s", cache_err.text);
	if (common->place.cleanup_cache)
		clean_cache(folder, id);
	return 0;
}

static const char *given_or(const char *given, const char *name)
{
	return given ? given : getenv(name);
}

const char *common_compression(const struct common *common)
{
	const char *mode = given_or(common->compression, "RESTIC_COMPRESSION");

	return mode && *mode ? mode : NULL;
}

static int read_compression(
	const struct common *common, struct repository_options *ret, struct err *err)
{
	static const struct {
		const char *mode;
		int level; /* zstd's; 0: the default */
	} modes[] = {{"auto", 0}, {"off", 0}, {"fastest", 1}, {"better", 6}, {"max", 12}};
	const char *mode = common_compression(common);

	if (!mode)
		return 0;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(mode, modes[i].mode) != 0)
			continue;
		ret->level = modes[i].level;
		ret->no_compression = strcmp(mode, "off") == 0;
		return 0;
	}
	return err_set(err, ERR_CONFIG, EINVAL,
		"read --compression %s: auto, off, fastest, better or max", mode);
}

static int open_repository(const struct common *common, const struct repository_options *options,
	struct common_session *ret, struct err *err)
{
	struct repository_options own = options ? *options : (struct repository_options){0};
	cleanup_password char *password = NULL;
	struct store *store = NULL;
	int r = read_compression(common, &own, err);

	own.key_hint = given_or(common->key_hint, "RESTIC_KEY_HINT");
	if (r >= 0)
		r = common_open_store(common, false, &store, err);
	if (r < 0)
		return r;
	r = password_get(&common->password, false, &password, err);
	if (r < 0) {
		store_close(store);
		return r;
	}
	r = repository_open(store, password, &own, &ret->repository, err);
	return r < 0 ? r : start_cache(common, ret, err);
}

static int refuse_retry(const char *text, struct err *err)
{
	return err_set(err, ERR_CONFIG, EINVAL,
		"read --retry-lock %s: it must be like 10m or 1h30m", text);
}

/* "90s", "10m", "2h", "1h30m". */
static int read_retry(const char *text, uint64_t *ret_us, struct err *err)
{
	const char *at = text;
	uint64_t total = 0;

	while (*at) {
		uint64_t number = 0;
		const char *start = at;

		for (; *at >= '0' && *at <= '9' && number < 100000; at++)
			number = number * 10 + (uint64_t)(*at - '0');
		if (at == start || (*at != 'h' && *at != 'm' && *at != 's'))
			return refuse_retry(text, err);
		total += number * (*at == 'h' ? 3600 : *at == 'm' ? 60 : 1);
		at++;
	}
	if (at == text)
		return refuse_retry(text, err);
	*ret_us = total * 1000000;
	return 0;
}

/* Takes the lock; while somebody else holds it, again and again for as long as is wanted. */
static int take_lock(const struct common *common, enum common_lock lock,
	struct common_session *session, struct err *err)
{
	uint64_t until = clock_monotonic_us(&clock_system), patience = 0;
	int r = common->retry_lock ? read_retry(common->retry_lock, &patience, err) : 0;

	if (r < 0)
		return r;
	for (until += patience;;) {
		struct err attempt = ERR_INIT;

		r = lock_take(session->repository, lock == COMMON_LOCK_EXCLUSIVE, &session->lock,
			&attempt);
		if (r >= 0 || attempt.kind != ERR_LOCKED ||
			clock_monotonic_us(&clock_system) >= until) {
			*err = attempt;
			return r;
		}
		for (unsigned i = 0; i < RETRY_TICKS; i++) {
			const struct timespec tick = {.tv_nsec = RETRY_TICK_NS};

			if (common->stop && *common->stop)
				return err_set(err, ERR_SYSTEM, ECANCELED,
					"wait for the lock: interrupted");
			(void)nanosleep(&tick, NULL);
		}
	}
}

static void on_keep(void *context)
{
	lock_keep(context);
}

/* From now on it stays fresh, whatever the verb waits for. */
static int keep_lock(struct common_session *session, struct err *err)
{
	const char *given = getenv("NEXUS_BACKUP_LOCK_REFRESH");
	uint64_t every_us = LOCK_REFRESH_US;
	int r = 0;

	if (given && *given)
		r = parse_duration(given, KEEP_US, LOCK_REFRESH_US, &every_us, err);
	if (r < 0)
		return err_wrap(err, "read NEXUS_BACKUP_LOCK_REFRESH");
	lock_refresh_every(session->lock, every_us);
	return ticker_start(KEEP_US, on_keep, session->lock, &session->keeper, err);
}

int common_open(const struct common *common, const struct repository_options *options,
	enum common_lock lock, struct common_session *ret)
{
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	int r = open_repository(common, options, &session, &err);

	if (r < 0) {
		tell_failure(common, &err, true);
		return err.kind == ERR_NOT_FOUND  ? EXIT_CODE_NO_REPOSITORY
		       : advice_is_password(&err) ? EXIT_CODE_WRONG_PASSWORD
						  : EXIT_CODE_FAILED;
	}
	if (lock != COMMON_LOCK_NONE && !common->no_lock)
		r = take_lock(common, lock, &session, &err);
	if (r >= 0 && session.lock)
		r = keep_lock(&session, &err);
	/* Who is alone clears away what killed runs left. */
	if (r >= 0 && session.lock && lock == COMMON_LOCK_EXCLUSIVE)
		r = store_tidy(repository_store(session.repository), &err);
	if (r < 0)
		return common_fail(common, &err);
	*ret = session;
	session = (struct common_session){0};
	return 0;
}

int common_open_to_change(const struct common *common, enum common_lock lock, bool dry_run,
	struct common_session *ret)
{
	struct common own = *common;

	own.no_lock = common->no_lock && dry_run;
	return common_open(&own, NULL, lock, ret);
}

void common_close(struct common_session *session)
{
	ticker_stop(session->keeper);
	lock_release(session->lock);
	repository_close(session->repository);
	if (session->cache)
		cache_folders_end(session->cache);
	free(session->cache);
	*session = (struct common_session){0};
}

/* --- Telling --- */

void common_print_json(struct json *json)
{
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	if (json_finish(json, &text, &err) >= 0) {
		puts(text);
		fflush(stdout);
	}
	json_free(json);
}

static void print_error_json(const struct err *err, const char *item)
{
	struct json *json = json_object_new();

	json_set_text(json, "message_type", "error");
	json_set_text(json, "kind", err_kind_name(err->kind));
	json_set_text(json, "text", err->text);
	json_set_text(json, "item", item);
	common_print_json(json);
}

static void tell_failure(const struct common *common, const struct err *err, bool opening)
{
	const char *advice = advice_for(err, opening);

	if (common->json)
		print_error_json(err, NULL);
	fprintf(stderr, "%s: %s\n", program, err->text);
	if (*advice)
		fprintf(stderr, "%s\n", advice);
}

int common_fail(const struct common *common, const struct err *err)
{
	tell_failure(common, err, false);
	if (err->code == ECANCELED)
		return EXIT_CODE_INTERRUPTED;
	return err->kind == ERR_LOCKED ? EXIT_CODE_LOCKED : EXIT_CODE_FAILED;
}

void common_tell(const struct common *common, const char *item, const struct err *err)
{
	cleanup_free char *clean = strdup(item ? item : "");

	if (common->json) {
		print_error_json(err, item);
		return;
	}
	if (clean)
		str_sanitize(clean);
	fprintf(stderr, "%s: %s: %s\n", program, clean ? clean : "", err->text);
}

/* --- Progress --- */

void common_format_bytes(uint64_t bytes, char ret[32])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(ret, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void common_format_time(const struct node_time *time, char ret[32])
{
	time_t seconds = (time_t)time->seconds;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(ret, 32, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(ret, 32, "?");
}

/* How often restic would show it; 0: never by itself. */
static uint64_t show_every(const struct common *common, bool terminal)
{
	const char *text = getenv("RESTIC_PROGRESS_FPS");
	char *end = NULL;
	double fps = text ? strtod(text, &end) : 0;

	if (common->quiet)
		return 0;
	if (end && end != text && !*end && fps > 0)
		return (uint64_t)(1000000 / (fps > SHOW_FPS_MAX ? SHOW_FPS_MAX : fps));
	return common->json || terminal ? SHOW_EVERY_US : 0;
}

/* What is done is told by its name where the counts do not move. */
static const struct {
	const char *name, *text;
} phases[] = {
	[PROGRESS_WORKING] = {NULL, NULL},
	[PROGRESS_INDEX] = {"index", N_("; reading the index")},
	[PROGRESS_SAVING] = {"saving", N_("; saving the last packs")},
};

static void show_json(const struct progress_view *view, uint64_t to_go)
{
	struct json *json = json_object_new();

	json_set_text(json, "message_type", "status");
	json_set_number(json, "percent_done", view->fraction);
	json_set_integer(json, "seconds_elapsed", (int64_t)view->elapsed_s);
	json_set_integer(json, "seconds_remaining", (int64_t)view->remaining_s);
	json_set_integer(json, "total_files", (int64_t)view->files_total);
	json_set_integer(json, "files_done", (int64_t)view->files_done);
	json_set_integer(json, "total_bytes", (int64_t)view->bytes_total);
	json_set_integer(json, "bytes_done", (int64_t)view->bytes_done);
	json_set_integer(json, "error_count", (int64_t)view->errors);
	json_set_text(json, "phase", phases[view->phase].name);
	if (view->phase == PROGRESS_SAVING && to_go)
		json_set_integer(json, "bytes_to_go", (int64_t)to_go);
	common_print_json(json);
}

static void show_text(
	const struct common_display *display, const struct progress_view *view, uint64_t to_go)
{
	char done[32], total[32], elapsed[32], remaining[32], left[32];

	common_format_bytes(view->bytes_done, done);
	common_format_bytes(view->bytes_total, total);
	clock_duration_format(view->elapsed_s * 1000000, elapsed);
	clock_duration_format(view->remaining_s * 1000000, remaining);
	if (display->terminal)
		printf("\r\033[K");
	if (view->fraction > 0)
		printf(_("%5.1f %%  %s of %s, %llu files, %s"), view->fraction * 100, done, total,
			(unsigned long long)view->files_done, elapsed);
	else
		printf(_("%s, %llu files, %s"), done, (unsigned long long)view->files_done,
			elapsed);
	if (view->remaining_s)
		printf(_(", %s left"), remaining);
	if (phases[view->phase].text)
		printf("%s", _(phases[view->phase].text));
	common_format_bytes(to_go, left);
	if (view->phase == PROGRESS_SAVING && to_go)
		printf(_(", %s to go"), left);
	if (!display->terminal)
		putchar('\n'); /* a line each: it goes to a file or a log */
	fflush(stdout);
}

/* Bytes that are still to be sent; 0: not known. From one pack to the next it is counted what
 * passed on. */
static uint64_t bytes_to_go(struct common_display *display)
{
	uint64_t unsaved, passed;

	const struct repository *target = __atomic_load_n(&display->target, __ATOMIC_RELAXED);

	if (!target)
		return 0;
	unsaved = repository_unsaved_bytes(target);
	passed = rate_passed(display->common->place.up);
	if (unsaved != display->unsaved) {
		display->unsaved = unsaved;
		display->passed = passed;
	}
	passed -= display->passed;
	return passed < unsaved ? unsaved - passed : 0;
}

static void show(struct common_display *display)
{
	struct progress_view view;
	uint64_t to_go;

	progress_look(&display->progress, &clock_system, &view);
	to_go = bytes_to_go(display);
	flockfile(stdout);
	if (display->common->json)
		show_json(&view, to_go);
	else
		show_text(display, &view, to_go);
	funlockfile(stdout);
}

static bool is_asked_for(const struct common_display *display)
{
	volatile bool *asked = display->common->show;

	if (!asked || !*asked)
		return false;
	*asked = false;
	return true;
}

static void on_tick(void *context)
{
	struct common_display *display = context;
	uint64_t now_us = clock_monotonic_us(&clock_system);
	bool is_due = display->every_us && now_us - display->shown_us >= display->every_us;

	if (!is_asked_for(display) && !is_due)
		return;
	display->shown_us = now_us;
	show(display);
}

void common_display_start(struct common_display *display, const struct common *common)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct err err = ERR_INIT;
	uint64_t tick_us = TICK_US;

	*display = (struct common_display){.common = common,
		.every_us = show_every(common, terminal),
		.terminal = terminal && !common->quiet};
	progress_start(&display->progress, &clock_system);
	if (display->every_us && display->every_us < tick_us)
		tick_us = display->every_us;
	if (ticker_start(tick_us, on_tick, display, &display->ticker, &err) < 0)
		log_warning("no progress is shown: %s", err.text);
}

void common_display_watch(struct common_display *display, const struct repository *repository)
{
	const struct common *common = display->common;

	/* On this machine what is written is there. */
	if (place_is_far(common->repository, &common->place))
		__atomic_store_n(&display->target, repository, __ATOMIC_RELAXED);
}

void common_display_pause(struct common_display *display)
{
	flockfile(stdout);
	if (display->terminal && !display->common->json)
		printf("\r\033[K");
	fflush(stdout);
}

void common_display_resume(struct common_display *display)
{
	(void)display;
	funlockfile(stdout);
}

void common_display_end(struct common_display *display)
{
	if (!display->ticker)
		return;
	ticker_stop(TAKE(display->ticker));
	progress_enter(&display->progress, PROGRESS_WORKING);
	if (display->common->json)
		show(display);
	common_display_pause(display);
	common_display_resume(display);
}
