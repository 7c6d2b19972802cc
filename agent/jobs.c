#include "agent/jobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"

#define ENTRIES_MAX (JOBS_WAITING_MAX + JOBS_ENDED_MAX + 2)

struct entry {
	struct record record;
	bool dirty; /* its record on disk is older than this */
};

struct jobs {
	int dir_fd;
	const struct jobs_ops *ops;
	void *context;
	const struct clock *clock;
	uint64_t sequence; /* of the newest */
	struct entry *entries[ENTRIES_MAX]; /* owned; newest first */
	size_t count;
};

static int64_t now_s(const struct jobs *jobs)
{
	return (int64_t)(clock_realtime_us(jobs->clock) / 1000000);
}

static struct fleet_job *job_of(const struct jobs *jobs, size_t i)
{
	return &jobs->entries[i]->record.job;
}

static struct entry *find_entry(const struct jobs *jobs, const char *id)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (strcmp(job_of(jobs, i)->id, id) == 0)
			return jobs->entries[i];
	return NULL;
}

const struct fleet_job *jobs_find(const struct jobs *jobs, const char *id)
{
	struct entry *entry = find_entry(jobs, id);

	return entry ? &entry->record.job : NULL;
}

const struct fleet_job *jobs_get(const struct jobs *jobs, size_t index)
{
	return index < jobs->count ? job_of(jobs, index) : NULL;
}

const struct fleet_job *jobs_running(const struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (job_of(jobs, i)->state == FLEET_JOB_RUNNING)
			return job_of(jobs, i);
	return NULL;
}

const struct fleet_job *jobs_last(
	const struct jobs *jobs, const char *kind, enum fleet_job_state state)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (job_of(jobs, i)->state == state && strcmp(job_of(jobs, i)->kind, kind) == 0)
			return job_of(jobs, i);
	return NULL;
}

const struct fleet_contract_request *jobs_request(const struct jobs *jobs, const char *id)
{
	struct entry *entry = find_entry(jobs, id);

	return entry ? &entry->record.request : NULL;
}

/* --- records --- */

static int entry_write(struct jobs *jobs, struct entry *entry, struct err *err)
{
	int r = record_write(jobs->dir_fd, &entry->record, err);

	entry->dirty = r < 0;
	return r;
}

int jobs_flush(struct jobs *jobs, struct err *err)
{
	for (size_t i = 0; i < jobs->count; i++) {
		int r = jobs->entries[i]->dirty ? entry_write(jobs, jobs->entries[i], err) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* Puts an entry where its sequence wants it. */
static void insert(struct jobs *jobs, struct entry *entry)
{
	size_t at = 0;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): all below count are set */
	while (at < jobs->count && jobs->entries[at]->record.sequence > entry->record.sequence)
		at++;
	memmove(jobs->entries + at + 1, jobs->entries + at,
		(jobs->count - at) * sizeof(*jobs->entries));
	jobs->entries[at] = entry;
	jobs->count++;
	if (entry->record.sequence > jobs->sequence)
		jobs->sequence = entry->record.sequence;
}

static void drop(struct jobs *jobs, size_t at)
{
	cleanup_free char *name = str_printf("%s.json", job_of(jobs, at)->id);

	if (name && unlinkat(jobs->dir_fd, name, 0) < 0 && errno != ENOENT)
		log_warning("remove %s: %s", name, err_reason(errno));
	free(jobs->entries[at]);
	jobs->count--;
	memmove(jobs->entries + at, jobs->entries + at + 1,
		(jobs->count - at) * sizeof(*jobs->entries));
}

/* Drops the oldest of the ended ones past the limit, but never the last good backup. */
static void prune(struct jobs *jobs)
{
	const struct fleet_job *keep = jobs_last(jobs, "backup", FLEET_JOB_DONE);
	size_t ended = 0;

	for (size_t i = 0; i < jobs->count; i++)
		ended += fleet_job_ended(job_of(jobs, i));
	for (size_t i = jobs->count; i-- > 0 && ended > JOBS_ENDED_MAX;) {
		if (!fleet_job_ended(job_of(jobs, i)) || job_of(jobs, i) == keep)
			continue;
		drop(jobs, i);
		ended--;
	}
}

static void put_aside(const struct jobs *jobs, const char *name, const struct err *why)
{
	cleanup_free char *aside = str_printf("%s.bad", name);

	log_warning("read job %s: %s; put aside", name, why->text);
	if (!aside || renameat(jobs->dir_fd, name, jobs->dir_fd, aside) < 0)
		log_warning("put %s aside: %s", name, err_reason(errno));
}

static int load_one(struct jobs *jobs, const char *name, struct err *err)
{
	cleanup_free struct entry *entry = calloc(1, sizeof(*entry));
	size_t n = strlen(name) - strlen(".json");
	char id[FLEET_JOB_ID_SIZE];
	struct err why = ERR_INIT;

	if (!entry)
		return err_oom(err);
	snprintf(id, sizeof(id), "%.*s", (int)(n < sizeof(id) ? n : sizeof(id) - 1), name);
	if (record_read(jobs->dir_fd, id, &entry->record, &why) < 0) {
		put_aside(jobs, name, &why);
		return 0;
	}
	if (jobs->count == ENTRIES_MAX - 1)
		prune(jobs);
	if (jobs->count == ENTRIES_MAX - 1)
		drop(jobs, jobs->count - 1);
	insert(jobs, TAKE(entry));
	return 0;
}

static int load(struct jobs *jobs, struct err *err)
{
	int fd = openat(jobs->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	cleanup_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		r = err_errno(err, errno, "list jobs");
		if (fd >= 0)
			close(fd);
		return r;
	}
	for (struct dirent *entry; r >= 0 && (entry = readdir(dir));) {
		/* What a write that was cut short has left. */
		if (str_ends(entry->d_name, ".tmp"))
			unlinkat(jobs->dir_fd, entry->d_name, 0);
		else if (entry->d_name[0] != '.' && str_ends(entry->d_name, ".json"))
			r = load_one(jobs, entry->d_name, err);
	}
	return r;
}

int jobs_open(int dir_fd, const struct jobs_ops *ops, void *context, const struct clock *clock,
	struct jobs **ret, struct err *err)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	int r;

	if (!jobs)
		return err_oom(err);
	*jobs = (struct jobs){.ops = ops, .context = context, .clock = clock};
	jobs->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	r = jobs->dir_fd < 0 ? err_errno(err, errno, "copy descriptor") : load(jobs, err);
	if (r < 0) {
		jobs_free(jobs);
		return r;
	}
	prune(jobs);
	*ret = jobs;
	return 0;
}

void jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return;
	for (size_t i = 0; i < jobs->count; i++)
		free(jobs->entries[i]);
	if (jobs->dir_fd >= 0)
		close(jobs->dir_fd);
	free(jobs);
}

/* --- work --- */

/* "20261122-094452-3f2a": readable, and unique even if the clock is set back. */
static int new_id(const struct jobs *jobs, char ret_id[FLEET_JOB_ID_SIZE], struct err *err)
{
	time_t seconds = (time_t)now_s(jobs);
	struct tm tm;
	uint32_t random;
	size_t n;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_errno(err, errno, "get random bytes");
	if (!gmtime_r(&seconds, &tm))
		return err_errno(err, errno, "read clock");
	n = strftime(ret_id, FLEET_JOB_ID_SIZE, "%Y%m%d-%H%M%S-", &tm);
	snprintf(ret_id + n, FLEET_JOB_ID_SIZE - n, "%06x", random & 0xffffff);
	return 0;
}

static bool same_update(
	const struct fleet_contract_request *a, const struct fleet_contract_request *b)
{
	return str_equal(a->source, b->source) && str_equal(a->sha256, b->sha256) &&
	       a->size == b->size && a->older == b->older && a->now == b->now &&
	       a->only_check == b->only_check;
}

/* One that waits or runs and would do the same. */
static const struct fleet_job *find_twin(
	const struct jobs *jobs, const struct fleet_contract_request *request)
{
	if (str_equal(request->kind, "restore"))
		return NULL;
	for (size_t i = 0; i < jobs->count; i++)
		if (!fleet_job_ended(job_of(jobs, i)) &&
			str_equal(job_of(jobs, i)->kind, request->kind) &&
			same_update(&jobs->entries[i]->record.request, request))
			return job_of(jobs, i);
	return NULL;
}

int jobs_add(struct jobs *jobs, const struct fleet_contract_request *request,
	char ret_id[FLEET_JOB_ID_SIZE], struct err *err)
{
	cleanup_free struct entry *entry = calloc(1, sizeof(*entry));
	const struct fleet_job *twin = find_twin(jobs, request);
	size_t waiting = 0;
	int r;

	if (!entry)
		return err_oom(err);
	for (size_t i = 0; i < jobs->count; i++)
		waiting += job_of(jobs, i)->state == FLEET_JOB_QUEUED;
	if (!twin && waiting >= JOBS_WAITING_MAX)
		return err_set(err, ERR_LOCKED, EBUSY, "add job: %d are waiting already",
			JOBS_WAITING_MAX);
	if (!twin) {
		struct fleet_job *job = &entry->record.job;

		entry->record.sequence = jobs->sequence + 1;
		entry->record.request = *request;
		r = new_id(jobs, job->id, err);
		if (r < 0)
			return r;
		fleet_text_copy(job->kind, sizeof(job->kind), request->kind);
		job->state = FLEET_JOB_QUEUED;
		job->started_s = now_s(jobs);
		r = entry_write(jobs, entry, err);
		if (r < 0)
			return err_wrap(err, "add job");
		twin = job;
	}
	memcpy(ret_id, twin->id, FLEET_JOB_ID_SIZE);
	if (twin == &entry->record.job) {
		insert(jobs, TAKE(entry));
		jobs->ops->changed(jobs->context, twin);
	}
	return 0;
}

static void entry_end(struct jobs *jobs, struct entry *entry, bool ok, const char *why)
{
	struct fleet_job *job = &entry->record.job;
	struct err err = ERR_INIT;

	job->state = ok ? FLEET_JOB_DONE : FLEET_JOB_FAILED;
	job->ended_s = now_s(jobs);
	job->has_result = true;
	if (!ok && why && !job->result.message[0])
		fleet_text_copy(job->result.message, sizeof(job->result.message), why);
	if (entry_write(jobs, entry, &err) < 0)
		log_error("store end of job %s: %s", job->id, err.text);
	jobs->ops->changed(jobs->context, job);
}

/* False if the job could not even be started; then it has ended. */
static bool entry_start(struct jobs *jobs, struct entry *entry)
{
	struct fleet_job *job = &entry->record.job;
	struct err err = ERR_INIT;
	int r;

	job->state = FLEET_JOB_RUNNING;
	job->started_s = now_s(jobs);
	r = entry_write(jobs, entry, &err);
	if (r >= 0)
		r = jobs->ops->start(jobs->context, job, &err);
	if (r >= 0) {
		jobs->ops->changed(jobs->context, job);
		return true;
	}
	entry_end(jobs, entry, false, err.text);
	return false;
}

void jobs_go_on(struct jobs *jobs)
{
	if (jobs_running(jobs))
		return;
	/* The oldest stand last. */
	for (size_t i = jobs->count; i-- > 0;)
		if (job_of(jobs, i)->state == FLEET_JOB_QUEUED &&
			entry_start(jobs, jobs->entries[i]))
			break;
	prune(jobs);
}

void jobs_report(struct jobs *jobs, const struct fleet_job *reported)
{
	struct entry *entry = find_entry(jobs, reported->id);
	struct fleet_job *job = entry ? &entry->record.job : NULL;

	if (!job || job->state != FLEET_JOB_RUNNING)
		return;
	job->has_progress = reported->has_progress;
	job->progress = reported->progress;
	job->has_result = reported->has_result;
	job->result = reported->result;
	jobs->ops->changed(jobs->context, job);
}

void jobs_ended(struct jobs *jobs, const char *id, bool ok, const char *why)
{
	struct entry *entry = find_entry(jobs, id);

	if (!entry || entry->record.job.state != FLEET_JOB_RUNNING)
		return;
	entry_end(jobs, entry, ok, why);
	jobs_go_on(jobs);
}
