#include "repo/lock.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "repo/text/scan.h"
#include "repo/text/text.h"

#define LOCK_MAX (64u << 10) /* bytes of JSON */
#define STALE_S (30 * 60)
#define AGAIN_US (10 * 1000000ull) /* after a refresh that failed */
#define FREEZE_US (22 * 60 * 1000000ull + 30000000ull)
#define SETTLE_US 200000

struct lock {
	struct repository *repository; /* borrowed */
	uint64_t every_us; /* how often it is refreshed */
	bool was_left; /* see lock_was_left */
	uint64_t written_us; /* monotonic; atomic */
	uint64_t keep_us; /* of lock_keep alone: when it tries again */
	pthread_mutex_t mutex; /* guards what follows */
	struct lock_file file;
	struct id id; /* of the file in the repository */
};

static void scan_time(struct scan *scan, struct node_time *ret)
{
	char text[64] = "";
	struct err err = ERR_INIT;

	scan_short(scan, text, sizeof(text));
	if (clock_rfc3339_parse(text, &ret->seconds, &ret->nanoseconds, NULL, &err) < 0)
		scan_fail(scan);
}

int lock_file_parse(const void *text, size_t size, struct lock_file *ret, struct err *err)
{
	struct lock_file file = {0};
	struct scan_text key;
	struct scan scan;
	int r;

	scan_init(&scan, text, size);
	scan_object(&scan);
	while (scan_member(&scan, &key)) {
		if (scan_is(&key, "time"))
			scan_time(&scan, &file.time);
		else if (scan_is(&key, "exclusive"))
			scan_bool(&scan, &file.exclusive);
		else if (scan_is(&key, "hostname"))
			scan_short(&scan, file.hostname, sizeof(file.hostname));
		else if (scan_is(&key, "username"))
			scan_short(&scan, file.username, sizeof(file.username));
		else if (scan_is(&key, "boot_id"))
			scan_short(&scan, file.boot_id, sizeof(file.boot_id));
		else if (scan_is(&key, "machine"))
			scan_short(&scan, file.machine, sizeof(file.machine));
		else if (scan_is(&key, "pid"))
			scan_u64(&scan, &file.pid);
		else if (scan_is(&key, "uid"))
			scan_u32(&scan, &file.uid);
		else if (scan_is(&key, "gid"))
			scan_u32(&scan, &file.gid);
		else
			scan_skip(&scan);
	}
	r = scan_end(&scan, "lock", err);
	if (r < 0)
		return r;
	*ret = file;
	return 0;
}

static int add_text(struct buf *ret, const char *key, const char *text, struct err *err)
{
	int r = buf_printf(ret, err, ",\"%s\":", key);

	return r < 0 ? r : text_add_json(ret, text, strlen(text), err);
}

int lock_file_format(const struct lock_file *file, struct buf *ret, struct err *err)
{
	char time[CLOCK_RFC3339_SIZE];
	int r;

	clock_rfc3339_format(file->time.seconds, file->time.nanoseconds, time);
	r = buf_printf(ret, err, "{\"time\":\"%s\",\"exclusive\":%s", time,
		file->exclusive ? "true" : "false");
	if (r >= 0)
		r = add_text(ret, "hostname", file->hostname, err);
	if (r >= 0)
		r = add_text(ret, "username", file->username, err);
	if (r >= 0)
		r = buf_printf(ret, err, ",\"pid\":%llu", (unsigned long long)file->pid);
	if (r >= 0 && file->uid)
		r = buf_printf(ret, err, ",\"uid\":%u", file->uid);
	if (r >= 0 && file->gid)
		r = buf_printf(ret, err, ",\"gid\":%u", file->gid);
	if (r >= 0 && *file->boot_id)
		r = add_text(ret, "boot_id", file->boot_id, err);
	if (r >= 0 && *file->machine)
		r = add_text(ret, "machine", file->machine, err);
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}

static void now(const struct clock *clock, struct node_time *ret)
{
	uint64_t us = clock_realtime_us(clock);

	ret->seconds = (int64_t)(us / 1000000);
	ret->nanoseconds = (uint32_t)(us % 1000000) * 1000;
}

/* The first line of a file, "" if it can't be read. */
static void read_line(const char *path, char *ret, size_t size)
{
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	ret[0] = '\0';
	if (file_read(AT_FDCWD, path, 4096, &text, NULL, &err) >= 0)
		snprintf(ret, size, "%s", str_strip(text));
}

static int fill_machine(struct lock_file *file, struct err *err)
{
	static const char purpose[] = "nexus repository lock ";
	cleanup_hash struct hash *hash = NULL;
	char machine_id[64];
	struct id id;
	int r;

	read_line("/etc/machine-id", machine_id, sizeof(machine_id));
	if (!*machine_id)
		return 0;
	r = hash_new(&hash, err);
	if (r >= 0)
		r = hash_add(hash, purpose, strlen(purpose), err);
	if (r >= 0)
		r = hash_add(hash, machine_id, strlen(machine_id), err);
	if (r >= 0)
		r = hash_end(hash, id.bytes, err);
	if (r >= 0)
		id_format(&id, file->machine);
	return r;
}

int lock_file_ours(
	bool exclusive, const struct clock *clock, struct lock_file *ret, struct err *err)
{
	const struct passwd *user = getpwuid(geteuid());
	struct lock_file file = {
		.exclusive = exclusive,
		.pid = (uint64_t)getpid(),
		.uid = geteuid(),
		.gid = getegid(),
	};
	int r = fill_machine(&file, err);

	if (r < 0)
		return r;
	now(clock, &file.time);
	if (gethostname(file.hostname, sizeof(file.hostname) - 1) < 0)
		file.hostname[0] = '\0';
	if (user)
		snprintf(file.username, sizeof(file.username), "%s", user->pw_name);
	read_line("/proc/sys/kernel/random/boot_id", file.boot_id, sizeof(file.boot_id));
	*ret = file;
	return 0;
}

static bool process_lives(uint64_t pid)
{
	if (!pid || pid > INT32_MAX)
		return false;
	return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

bool lock_file_is_same_machine(const struct lock_file *other, const struct lock_file *ours)
{
	if (*other->machine) /* certain whose it is, whatever the hosts are called */
		return strcmp(other->machine, ours->machine) == 0;
	return *ours->hostname && strcmp(other->hostname, ours->hostname) == 0;
}

bool lock_file_is_stale(const struct lock_file *other, const struct lock_file *ours)
{
	if (ours->time.seconds - other->time.seconds > STALE_S)
		return true;
	if (!lock_file_is_same_machine(other, ours))
		return false;
	if (*other->machine && *other->boot_id && *ours->boot_id &&
		strcmp(other->boot_id, ours->boot_id) != 0)
		return true;
	return !process_lives(other->pid);
}

struct look {
	struct lock *lock;
	struct blob_codec *codec; /* the thread's */
	bool has_own; /* its own file is there already and passed over */
	bool seen_own;
};

static int locked_by(const struct lock_file *other, const struct id *id, struct err *err)
{
	char time[CLOCK_RFC3339_SIZE], name[ID_TEXT_SIZE];

	id_format(id, name);
	clock_rfc3339_format(other->time.seconds, 0, time);
	return err_set(err, ERR_LOCKED, EBUSY,
		"lock repository: locked %sby process %llu of %s on %s since %s (lock %.8s)",
		other->exclusive ? "exclusively " : "", (unsigned long long)other->pid,
		other->username, other->hostname, time, name);
}

static int look_at(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(LOCK_MAX);
	struct look *look = context;
	struct repository *repository = look->lock->repository;
	char name[ID_TEXT_SIZE];
	struct lock_file other;
	int r;

	(void)size_bytes;
	if (look->has_own && id_equal(id, &look->lock->id)) {
		look->seen_own = true;
		return 0;
	}
	r = repository_load_file(repository, look->codec, STORE_LOCK, id, &text, err);
	if (r == -ENOENT)
		return 0; /* released meanwhile */
	if (r >= 0)
		r = lock_file_parse(text.data, text.size, &other, err);
	if (r < 0)
		return err_wrap(err, "a lock can't be read; 'unlock --remove-all' removes it");
	if (lock_file_is_stale(&other, &look->lock->file)) {
		/* Another machine's clock may be wrong: its lock is left alone, and in the way
		 * only as long as it is not old. */
		id_format(id, name);
		if (lock_file_is_same_machine(&other, &look->lock->file)) {
			look->lock->was_left = look->lock->was_left || other.exclusive;
			r = store_remove(repository_store(repository), STORE_LOCK, name, err);
			return r == -ENOENT ? 0 : r;
		}
		return 0;
	}
	if (look->lock->file.exclusive || other.exclusive)
		return locked_by(&other, id, err);
	return 0;
}

static int look_around(struct lock *lock, struct blob_codec *codec, bool has_own,
	bool *ret_seen_own, struct err *err)
{
	struct look look = {.lock = lock, .codec = codec, .has_own = has_own};
	int r = repository_list(lock->repository, STORE_LOCK, look_at, &look, err);

	if (ret_seen_own)
		*ret_seen_own = look.seen_own;
	return r;
}

static int write_lock(
	struct lock *lock, struct blob_codec *codec, struct id *ret_id, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(LOCK_MAX);
	struct repository *repository = lock->repository;
	int r;

	now(repository_clock(repository), &lock->file.time);
	r = lock_file_format(&lock->file, &text, err);
	if (r >= 0)
		r = repository_save_file(
			repository, codec, STORE_LOCK, text.data, text.size, ret_id, err);
	if (r >= 0)
		__atomic_store_n(&lock->written_us,
			clock_monotonic_us(repository_clock(repository)), __ATOMIC_RELAXED);
	return r;
}

static int remove_file(struct lock *lock, const struct id *id, struct err *err)
{
	char name[ID_TEXT_SIZE];
	int r;

	id_format(id, name);
	r = store_remove(repository_store(lock->repository), STORE_LOCK, name, err);
	return r == -ENOENT ? 0 : r;
}

static void lock_free(struct lock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
	free(lock);
}

int lock_take(struct repository *repository, bool exclusive, struct lock **ret, struct err *err)
{
	struct blob_codec *codec = repository_codec(repository);
	struct lock *lock = calloc(1, sizeof(*lock));
	int r;

	if (!lock)
		return err_oom(err);
	lock->repository = repository;
	lock->every_us = LOCK_REFRESH_US;
	pthread_mutex_init(&lock->mutex, NULL);
	r = lock_file_ours(exclusive, repository_clock(repository), &lock->file, err);
	if (r >= 0)
		r = look_around(lock, codec, false, NULL, err);
	if (r >= 0) {
		(void)signal(SIGHUP, SIG_IGN);
		r = write_lock(lock, codec, &lock->id, err);
	}
	if (r < 0) {
		lock_free(lock);
		return r;
	}
	usleep(SETTLE_US);
	r = look_around(lock, codec, true, NULL, err);
	if (r < 0) {
		lock_release(lock);
		return r;
	}
	*ret = lock;
	return 0;
}

bool lock_was_left(const struct lock *lock)
{
	return lock->was_left;
}

void lock_refresh_every(struct lock *lock, uint64_t every_us)
{
	lock->every_us = every_us;
}

static uint64_t age_us(const struct lock *lock)
{
	return clock_monotonic_us(repository_clock(lock->repository)) -
	       __atomic_load_n(&lock->written_us, __ATOMIC_RELAXED);
}

/* With the mutex held. The main thread's codec may be in use: it waits for something else. */
static int refresh(struct lock *lock, struct err *err)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	struct id id;
	bool there;
	int r;

	if (age_us(lock) < lock->every_us)
		return 0; /* another thread was sooner */
	r = repository_codec_new(lock->repository, &codec, err);
	if (r >= 0 && age_us(lock) > FREEZE_US) {
		r = look_around(lock, codec, true, &there, err);
		if (r >= 0 && !there)
			return err_set(err, ERR_LOCKED, ESTALE,
				"refresh lock: it was removed while this machine slept");
	}
	if (r >= 0)
		r = write_lock(lock, codec, &id, err);
	if (r < 0)
		return r;
	r = remove_file(lock, &lock->id, err);
	lock->id = id;
	return r;
}

int lock_refresh(struct lock *lock, struct err *err)
{
	int r;

	if (age_us(lock) < lock->every_us)
		return 0;
	if (pthread_mutex_trylock(&lock->mutex) != 0) {
		/* Another thread is about it; nothing depends on that yet. */
		if (age_us(lock) <= FREEZE_US)
			return 0;
		pthread_mutex_lock(&lock->mutex);
	}
	r = refresh(lock, err);
	pthread_mutex_unlock(&lock->mutex);
	return r;
}

void lock_keep(struct lock *lock)
{
	uint64_t now_us = clock_monotonic_us(repository_clock(lock->repository));
	struct err err = ERR_INIT;

	if (now_us >= lock->keep_us && lock_refresh(lock, &err) < 0)
		lock->keep_us = now_us + AGAIN_US;
}

void lock_release(struct lock *lock)
{
	struct err err = ERR_INIT;

	if (!lock)
		return;
	if (remove_file(lock, &lock->id, &err) < 0)
		memset(&err, 0, sizeof(err)); /* it goes stale by itself */
	lock_free(lock);
}

struct unlocking {
	struct repository *repository;
	struct lock_file ours;
	bool all;
	unsigned removed;
};

static int unlock_one(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(LOCK_MAX);
	struct unlocking *unlocking = context;
	struct repository *repository = unlocking->repository;
	char name[ID_TEXT_SIZE];
	struct lock_file other;
	int r = 0;

	(void)size_bytes;
	if (!unlocking->all) {
		r = repository_load_file(
			repository, repository_codec(repository), STORE_LOCK, id, &text, err);
		if (r >= 0)
			r = lock_file_parse(text.data, text.size, &other, err);
		if (r == -ENOENT || (r < 0 && err->kind == ERR_CORRUPT))
			return 0; /* released meanwhile, or nothing that tells its age */
		if (r < 0 || !lock_file_is_stale(&other, &unlocking->ours))
			return r;
	}
	id_format(id, name);
	r = store_remove(repository_store(repository), STORE_LOCK, name, err);
	if (r == -ENOENT)
		return 0;
	unlocking->removed += r >= 0;
	return r;
}

int lock_remove_stale(
	struct repository *repository, bool all, unsigned *ret_removed, struct err *err)
{
	struct unlocking unlocking = {.repository = repository, .all = all};
	int r = lock_file_ours(false, repository_clock(repository), &unlocking.ours, err);

	if (r >= 0)
		r = repository_list(repository, STORE_LOCK, unlock_one, &unlocking, err);
	*ret_removed = unlocking.removed;
	return r;
}
