#include "repo/lock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/file.h"
#include "store/faulty.h"
#include "store/memory.h"

#define NOW 1800000000
#define DEAD_PID 0x7ffffff0 /* past the kernel's largest */

static struct lock_file ours(void)
{
	struct lock_file file = {.time = {NOW, 0}, .pid = 1};

	snprintf(file.hostname, sizeof(file.hostname), "box");
	snprintf(file.boot_id, sizeof(file.boot_id), "boot-2");
	snprintf(file.machine, sizeof(file.machine), "machine-1");
	return file;
}

static const struct {
	const char *hostname, *boot_id, *machine;
	uint64_t pid;
	int64_t age_s;
	bool stale;
} cases[] = {
	/* Ours, by machine and boot. */
	{"box", "boot-2", "machine-1", 1, 10, false},
	{"box", "boot-2", "machine-1", DEAD_PID, 10, true},
	{"box", "boot-1", "machine-1", 1, 10, true},
	{"renamed", "boot-1", "machine-1", 1, 10, true},
	{"box", "boot-2", "machine-1", 0, 10, true}, /* no process */
	{"box", "boot-2", "machine-1", 0x100000001, 10, true},
	/* Another machine of the same name is left alone. */
	{"box", "boot-1", "machine-2", DEAD_PID, 10, false},
	{"box", "boot-1", "machine-2", DEAD_PID, 1801, true},
	/* restic's locks: by host and process. */
	{"box", "", "", 1, 10, false},
	{"box", "", "", DEAD_PID, 10, true},
	{"other", "", "", DEAD_PID, 10, false},
	{"other", "", "", 1, 1801, true},
	{"other", "", "", 1, 1800, false},
	/* A clock that is ahead. */
	{"other", "", "", 1, -5000, false},
};

START_TEST(stale)
{
	struct lock_file mine = ours(), other = {.time = {NOW - cases[_i].age_s, 0}};

	snprintf(other.hostname, sizeof(other.hostname), "%s", cases[_i].hostname);
	snprintf(other.boot_id, sizeof(other.boot_id), "%s", cases[_i].boot_id);
	snprintf(other.machine, sizeof(other.machine), "%s", cases[_i].machine);
	other.pid = cases[_i].pid;
	ck_assert_int_eq(lock_file_is_stale(&other, &mine), cases[_i].stale);
}
END_TEST

/* Who may remove a lock: only the machine that wrote it. */
static const struct {
	const char *hostname, *machine; /* of the other */
	const char *our_hostname, *our_machine;
	bool same;
} machines[] = {
	{"box", "machine-1", "box", "machine-1", true},
	{"renamed", "machine-1", "box", "machine-1", true},
	{"box", "machine-2", "box", "machine-1", false},
	{"box", "machine-2", "box", "", false},
	{"box", "", "box", "machine-1", true},
	{"other", "", "box", "machine-1", false},
	/* Neither has an id, as in a container. */
	{"box", "", "box", "", true},
	{"other", "", "box", "", false},
	{"", "", "", "", false},
};

START_TEST(same_machine)
{
	struct lock_file mine = ours(), other = {.pid = DEAD_PID, .time = mine.time};

	snprintf(other.hostname, sizeof(other.hostname), "%s", machines[_i].hostname);
	snprintf(other.machine, sizeof(other.machine), "%s", machines[_i].machine);
	snprintf(mine.hostname, sizeof(mine.hostname), "%s", machines[_i].our_hostname);
	snprintf(mine.machine, sizeof(mine.machine), "%s", machines[_i].our_machine);
	ck_assert_int_eq(lock_file_is_same_machine(&other, &mine), machines[_i].same);
	/* A dead process says something on its own machine alone. */
	ck_assert_int_eq(lock_file_is_stale(&other, &mine), machines[_i].same);
}
END_TEST

START_TEST(format)
{
	static const char restic[] = "{\"time\":\"2026-01-02T03:04:05.5+01:00\",\"exclusive\":true,"
				     "\"hostname\":\"h\",\"username\":\"u\",\"pid\":7,\"later\":1}";
	cleanup_buf struct buf text = BUF_INIT(10000);
	struct lock_file file, again;
	cleanup_free char *machine = NULL;
	char hostname[256];
	struct err err = ERR_INIT;

	ck_assert_int_eq(lock_file_parse(restic, strlen(restic), &file, &err), 0);
	ck_assert(file.exclusive);
	ck_assert_uint_eq(file.pid, 7);
	ck_assert_str_eq(file.machine, "");
	ck_assert_int_eq(lock_file_format(&file, &text, &err), 0);
	ck_assert_str_eq((char *)text.data,
		"{\"time\":\"2026-01-02T02:04:05.5Z\",\"exclusive\":true,\"hostname\":\"h\","
		"\"username\":\"u\",\"pid\":7}");
	buf_clear(&text);
	ck_assert_int_eq(lock_file_ours(false, &clock_system, &file, &err), 0);
	ck_assert_uint_eq(file.pid, (uint64_t)getpid());
	ck_assert_int_eq(gethostname(hostname, sizeof(hostname)), 0);
	ck_assert_str_eq(file.hostname, hostname);
	ck_assert_uint_eq(strlen(file.boot_id), 36);
	if (file_read(AT_FDCWD, "/etc/machine-id", 100, &machine, NULL, &err) >= 0 && *machine)
		ck_assert_uint_eq(strlen(file.machine), ID_TEXT_SIZE - 1);
	ck_assert_int_eq(lock_file_format(&file, &text, &err), 0);
	ck_assert_int_eq(lock_file_parse(text.data, text.size, &again, &err), 0);
	ck_assert_str_eq(file.boot_id, again.boot_id);
	ck_assert_str_eq(file.machine, again.machine);
	ck_assert_int_eq(lock_file_parse("{\"time\":\"x\"}", 12, &file, &err), -EBADMSG);
}
END_TEST

/* A clock that the test moves. */
static uint64_t moved_us;

static uint64_t read_clock(void *context)
{
	(void)context;
	return 1800000000000000ull + moved_us;
}

static const struct clock test_clock = {.realtime_us = read_clock, .monotonic_us = read_clock};

static int count_one(const struct id *id, uint64_t size, void *context, struct err *err)
{
	(void)size;
	(void)err;
	*(struct id *)context = *id;
	return 1;
}

START_TEST(take_refresh_release)
{
	const struct repository_options options = {.clock = &test_clock};
	cleanup_repository struct repository *repository = NULL;
	struct lock *shared = NULL, *second = NULL, *exclusive = NULL;
	struct store *store = NULL;
	struct err err = ERR_INIT;
	struct id id, first = {0}, later = {0};
	char name[ID_TEXT_SIZE];

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(repository_init(store, "p", 0, NULL, &id, &err), 0);
	ck_assert_int_eq(repository_open(store, "p", &options, &repository, &err), 0);
	(void)signal(SIGHUP, SIG_DFL);
	ck_assert_int_eq(lock_take(repository, false, &shared, &err), 0);
	ck_assert_ptr_eq(signal(SIGHUP, SIG_IGN), SIG_IGN); /* restic asks with it who lives */
	ck_assert_int_eq(repository_list(repository, STORE_LOCK, count_one, &first, &err), 0);
	/* Shared ones go together, an exclusive one does not. */
	ck_assert_int_eq(lock_take(repository, false, &second, &err), 0);
	lock_release(second);
	ck_assert_int_eq(lock_take(repository, true, &exclusive, &err), -EBUSY);
	ck_assert_int_eq(err.kind, ERR_LOCKED);
	/* Nothing before 5 minutes, a new file after. */
	moved_us += 299 * 1000000ull;
	ck_assert_int_eq(lock_refresh(shared, &err), 0);
	ck_assert_int_eq(repository_list(repository, STORE_LOCK, count_one, &later, &err), 0);
	ck_assert(id_equal(&first, &later));
	moved_us += 2 * 1000000ull;
	ck_assert_int_eq(lock_refresh(shared, &err), 0);
	ck_assert_int_eq(repository_list(repository, STORE_LOCK, count_one, &later, &err), 0);
	ck_assert(!id_equal(&first, &later));
	/* Slept long, and it is still there. */
	moved_us += 23 * 60 * 1000000ull;
	ck_assert_int_eq(lock_refresh(shared, &err), 0);
	ck_assert_int_eq(repository_list(repository, STORE_LOCK, count_one, &later, &err), 0);
	/* Slept long, and somebody removed it: nothing may be completed. */
	moved_us += 23 * 60 * 1000000ull;
	id_format(&later, name);
	ck_assert_int_eq(store_remove(store, STORE_LOCK, name, &err), 0);
	ck_assert_int_eq(lock_refresh(shared, &err), -ESTALE);
	lock_release(shared);
	ck_assert_int_eq(lock_take(repository, true, &exclusive, &err), 0);
	ck_assert_int_eq(lock_take(repository, false, &second, &err), -EBUSY);
	lock_release(exclusive);
}
END_TEST

/* A lock over a store that fails as plan says. */
struct kept {
	struct faulty_plan plan;
	struct repository *repository; /* owned */
	struct lock *lock; /* owned */
};

static void kept_make(struct kept *kept)
{
	const struct repository_options options = {.clock = &test_clock};
	struct store *memory = NULL, *store = NULL;
	struct err err = ERR_INIT;
	struct id id;

	*kept = (struct kept){.plan = {.code = EIO}};
	ck_assert_int_eq(memory_store_new(&memory, &err), 0);
	ck_assert_int_eq(faulty_store_new(memory, &kept->plan, &store, &err), 0);
	ck_assert_int_eq(repository_init(store, "p", 0, NULL, &id, &err), 0);
	ck_assert_int_eq(repository_open(store, "p", &options, &kept->repository, &err), 0);
	ck_assert_int_eq(lock_take(kept->repository, false, &kept->lock, &err), 0);
	lock_refresh_every(kept->lock, 60 * 1000000ull);
}

static void kept_done(struct kept *kept)
{
	lock_release(kept->lock);
	repository_close(kept->repository);
}

static struct id id_of(struct kept *kept)
{
	struct err err = ERR_INIT;
	struct id id = {0};

	ck_assert_int_ge(repository_list(kept->repository, STORE_LOCK, count_one, &id, &err), 0);
	return id;
}

/* Kept fresh as often as it is wanted; a failure is tried again, but not at once. */
START_TEST(keep)
{
	struct kept kept;
	struct id first, second, third;
	struct err err = ERR_INIT;
	unsigned calls;

	kept_make(&kept);
	first = id_of(&kept);
	moved_us += 59 * 1000000ull;
	lock_keep(kept.lock);
	second = id_of(&kept);
	ck_assert(id_equal(&first, &second));
	moved_us += 2 * 1000000ull;
	lock_keep(kept.lock);
	second = id_of(&kept);
	ck_assert(!id_equal(&first, &second));
	moved_us += 61 * 1000000ull;
	kept.plan.fail_at = kept.plan.calls + 1;
	lock_keep(kept.lock);
	calls = kept.plan.calls;
	ck_assert_uint_ge(calls, kept.plan.fail_at);
	lock_keep(kept.lock);
	ck_assert_uint_eq(kept.plan.calls, calls);
	ck_assert_int_eq(lock_refresh(kept.lock, &err), -EIO); /* which tells it */
	kept.plan.fail_at = 0;
	moved_us += 11 * 1000000ull;
	lock_keep(kept.lock);
	third = id_of(&kept);
	ck_assert(!id_equal(&second, &third));
	kept_done(&kept);
}
END_TEST

static void *keep_aside(void *context)
{
	lock_keep(context);
	return NULL;
}

/* A refresh that lasts keeps nobody waiting who saves meanwhile, until the lock is too old. */
START_TEST(keep_lasts)
{
	volatile bool silent = true;
	struct err err = ERR_INIT;
	struct kept kept;
	struct id first, second;
	pthread_t thread;
	unsigned calls;

	kept_make(&kept);
	first = id_of(&kept);
	calls = kept.plan.calls;
	moved_us += 61 * 1000000ull;
	kept.plan.silent = &silent;
	ck_assert_int_eq(pthread_create(&thread, NULL, keep_aside, kept.lock), 0);
	while (__atomic_load_n(&kept.plan.calls, __ATOMIC_RELAXED) == calls)
		sched_yield();
	for (int i = 0; i < 100; i++) {
		sched_yield();
		ck_assert_int_eq(lock_refresh(kept.lock, &err), 0);
	}
	silent = false;
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	second = id_of(&kept);
	ck_assert(!id_equal(&first, &second));
	kept_done(&kept);
}
END_TEST

/* What others left behind, and what becomes of it when a lock is taken. */
static const struct {
	bool same_machine, same_host, exclusive;
	uint64_t pid; /* 0: this process */
	int64_t age_s;
	bool take_exclusive;
	int expected;
	bool stays, rebooted;
} left_behind[] = {
	{true, true, true, DEAD_PID, 10, true, 0, false, false}, /* ours, and dead */
	{true, true, true, 0, 10, false, -EBUSY, true, false},
	/* Before the last boot: that process can't be the one, though its number lives. */
	{true, true, true, 0, 10, true, 0, false, true},
	{true, true, false, 0, 10, true, 0, false, true},
	{true, true, false, 0, 10, true, -EBUSY, true, false},
	{true, true, false, 0, 10, false, 0, true, false},
	{true, false, true, DEAD_PID, 10, true, 0, false, false}, /* the host was renamed */
	{false, true, true, DEAD_PID, 10, true, 0, false, false}, /* restic's, of this host */
	{false, false, true, DEAD_PID, 10, true, -EBUSY, true, false},
	{false, false, true, 1, 1801, true, 0, true, false}, /* old, but not ours to remove */
	{false, false, false, 1, 10, false, 0, true, false},
};

START_TEST(others)
{
	cleanup_repository struct repository *repository = NULL;
	cleanup_buf struct buf text = BUF_INIT(10000);
	struct lock *lock = NULL;
	struct store *store = NULL;
	struct lock_file file;
	struct err err = ERR_INIT;
	struct id id, found = {0};
	int r;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(repository_init(store, "p", 0, NULL, &id, &err), 0);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	ck_assert_int_eq(lock_file_ours(left_behind[_i].exclusive, &clock_system, &file, &err), 0);
	if (left_behind[_i].same_machine && !*file.machine)
		return; /* this one has no id */
	if (!left_behind[_i].same_machine)
		file.machine[0] = file.boot_id[0] = '\0';
	if (!left_behind[_i].same_host)
		snprintf(file.hostname, sizeof(file.hostname), "another");
	if (left_behind[_i].rebooted)
		snprintf(file.boot_id, sizeof(file.boot_id), "another");
	if (left_behind[_i].pid)
		file.pid = left_behind[_i].pid;
	file.time.seconds -= left_behind[_i].age_s;
	ck_assert_int_eq(lock_file_format(&file, &text, &err), 0);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository), STORE_LOCK,
				 text.data, text.size, &id, &err),
		0);
	r = lock_take(repository, left_behind[_i].take_exclusive, &lock, &err);
	ck_assert_int_eq(r, left_behind[_i].expected);
	lock_release(lock);
	r = repository_list(repository, STORE_LOCK, count_one, &found, &err);
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(id_equal(&found, &id), left_behind[_i].stays);
}
END_TEST

/* One that can't be read may be anybody's: nothing is done beside it. */
START_TEST(unreadable)
{
	cleanup_repository struct repository *repository = NULL;
	struct lock *lock = NULL;
	struct store *store = NULL;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(repository_init(store, "p", 0, NULL, &id, &err), 0);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository), STORE_LOCK,
				 "{\"time\":1}", 10, &id, &err),
		0);
	ck_assert_int_eq(lock_take(repository, false, &lock, &err), -EBADMSG);
	ck_assert_ptr_null(lock);
}
END_TEST

static void put_lock(struct repository *repository, const struct lock_file *file)
{
	cleanup_buf struct buf text = BUF_INIT(10000);
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(lock_file_format(file, &text, &err), 0);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository), STORE_LOCK,
				 text.data, text.size, &id, &err),
		0);
}

static int count_locks(const struct id *id, uint64_t size, void *context, struct err *err)
{
	(void)id;
	(void)size;
	(void)err;
	(*(unsigned *)context)++;
	return 0;
}

/* An exclusive lock that a killed run left is removed on the way, and remembered; unlock removes
 * what is old, and what is in use only when told. */
START_TEST(killed_runs_and_unlock)
{
	static const char junk[] = "no lock";
	cleanup_repository struct repository *repository = NULL;
	struct lock *lock = NULL;
	struct lock_file file;
	struct store *store = NULL;
	struct err err = ERR_INIT;
	unsigned removed = 0, left = 0;
	struct id id;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(repository_init(store, "p", 0, NULL, &id, &err), 0);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	ck_assert_int_eq(lock_file_ours(true, &clock_system, &file, &err), 0);
	file.pid = DEAD_PID;
	put_lock(repository, &file);
	ck_assert_int_eq(lock_take(repository, true, &lock, &err), 0);
	ck_assert(lock_was_left(lock));
	lock_release(lock);
	ck_assert_int_eq(lock_take(repository, true, &lock, &err), 0);
	ck_assert(!lock_was_left(lock));
	/* Ours, one of another host that is old, one that is not, and junk. */
	snprintf(file.hostname, sizeof(file.hostname), "elsewhere");
	snprintf(file.machine, sizeof(file.machine), "other");
	put_lock(repository, &file);
	file.time.seconds -= 3600;
	put_lock(repository, &file);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository), STORE_LOCK,
				 junk, strlen(junk), &id, &err),
		0);
	ck_assert_int_eq(lock_remove_stale(repository, false, &removed, &err), 0);
	ck_assert_uint_eq(removed, 1);
	ck_assert_int_eq(lock_remove_stale(repository, true, &removed, &err), 0);
	ck_assert_uint_eq(removed, 3);
	ck_assert_int_eq(repository_list(repository, STORE_LOCK, count_locks, &left, &err), 0);
	ck_assert_uint_eq(left, 0);
	lock_release(lock);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("lock");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, stale, 0, COUNT(cases));
	tcase_add_loop_test(tcase, same_machine, 0, COUNT(machines));
	tcase_add_test(tcase, format);
	tcase_add_test(tcase, take_refresh_release);
	tcase_add_test(tcase, keep);
	tcase_add_test(tcase, keep_lasts);
	tcase_add_loop_test(tcase, others, 0, COUNT(left_behind));
	tcase_add_test(tcase, unreadable);
	tcase_add_test(tcase, killed_runs_and_unlock);
	return unit_main("lock", tcase);
}
