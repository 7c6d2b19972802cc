#include "console/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/str.h"
#include "console/table.h"

#define BAR_WIDTH 24
#define ETA_MAX_S (30u * 86400) /* what is longer is no estimate */
#define LINE_STEP 10.0 /* per cent between two lines without a terminal */

void progress_init(struct progress *progress)
{
	const char *term = getenv("TERM");

	*progress = (struct progress){
		.terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0,
		.last_percent = -LINE_STEP};
}

void progress_bar(double percent, size_t width, char ret_text[80])
{
	size_t full;

	if (!(percent > 0))
		percent = 0;
	if (percent > 100)
		percent = 100;
	if (width > 60)
		width = 60;
	full = (size_t)(percent / 100 * (double)width);
	ret_text[0] = '[';
	memset(ret_text + 1, '#', full);
	memset(ret_text + 1 + full, '-', width - full);
	snprintf(ret_text + 1 + width, 80 - 1 - width, "] %3d %%", (int)percent);
}

const char *progress_state_word(enum fleet_job_state state)
{
	switch (state) {
	case FLEET_JOB_QUEUED:
		return _("waiting");
	case FLEET_JOB_RUNNING:
		return _("running");
	case FLEET_JOB_DONE:
		return _("done");
	case FLEET_JOB_FAILED:
		return _("failed");
	}
	return "";
}

const char *progress_kind_word(const char *kind)
{
	static const char *const kinds[] = {N_("backup"), N_("restore"), N_("check"), N_("update")};
	size_t i;

	return str_find(kinds, sizeof(kinds) / sizeof(*kinds), kind, &i) ? _(kinds[i]) : kind;
}

/* What a job is at, if it tells; else its state. */
static const char *doing_word(const struct fleet_job *job)
{
	static const char *const steps[] = {"send", "fetch", "check", "install"};
	static const char *const words[] = {
		N_("sending"), N_("fetching"), N_("checking"), N_("installing")};
	size_t i;

	if (job->state == FLEET_JOB_RUNNING && job->has_progress &&
		str_find(steps, sizeof(steps) / sizeof(*steps), job->progress.step, &i))
		return _(words[i]);
	return progress_state_word(job->state);
}

/* "1.2 GiB of 3.4 GiB, 12 s left"; owned, NULL without memory. */
static char *details(const struct fleet_job *job)
{
	const struct fleet_job_progress *p = &job->progress;
	char done[32], total[32], left[32];

	table_size(p->bytes_done, done);
	table_size(p->bytes_total, total);
	if (p->eta_s == 0 || p->eta_s > ETA_MAX_S)
		return str_printf(_("%s of %s"), done, total);
	clock_duration_format(p->eta_s * 1000000, left);
	return str_printf(_("%s of %s, %s left"), done, total, left);
}

static void show_line(struct progress *progress, const struct fleet_job *job)
{
	cleanup_free char *text = job->has_progress ? details(job) : NULL;
	const char *state = doing_word(job), *kind = progress_kind_word(job->kind);

	if (progress->any && job->state == progress->last_state &&
		(!job->has_progress || job->progress.percent < progress->last_percent + LINE_STEP))
		return;
	if (text) {
		fprintf(stderr, "%s: %s %d %%, %s\n", kind, state, (int)job->progress.percent,
			text);
		progress->last_percent = job->progress.percent;
	} else {
		fprintf(stderr, "%s: %s\n", kind, state);
	}
}

static void show_bar(struct progress *progress, const struct fleet_job *job)
{
	cleanup_free char *text = job->has_progress ? details(job) : NULL;
	char bar[80];

	progress_bar(job->has_progress ? job->progress.percent : 0, BAR_WIDTH, bar);
	fprintf(stderr, "\r\033[K%s %s  %s%s%s", progress_kind_word(job->kind), bar,
		doing_word(job), text ? ", " : "", text ? text : "");
	fflush(stderr);
	progress->drawn = true;
}

void progress_show(struct progress *progress, const struct fleet_job *job)
{
	if (!progress->terminal)
		show_line(progress, job);
	else if (!fleet_job_ended(job))
		show_bar(progress, job);
	progress->last_state = job->state;
	progress->any = true;
}

void progress_end(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
