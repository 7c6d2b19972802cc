#include "archive/resume/checkpoint.h"

#include <dirent.h>
#include <errno.h>

#include "../archive/lasting.h"
#include "../archive/room.h"
#include "../cheap.h"
#include "../unit.h"
#include "archive/check.h"
#include "archive/save.h"
#include "archive/select.h"
#include "repo/snapshot.h"

#define FOLDERS 3
#define FILES 8 /* in each */

/* A backup of src, and what came of it. */
struct run {
	/* What is to be done: */
	struct faulty_plan *plan;
	const char *path; /* NULL: src */
	uint64_t checkpoint_us;
	unsigned stop_at; /* the tick; 0: none */
	bool force, dry_run;
	struct cutter_options cuts;
	/* What was: */
	bool stop;
	unsigned ticks, notes, errors;
	char note[ERR_TEXT_MAX];
	uint64_t files_done, bytes_done;
	struct save_resumed resumed;
	struct snapshot_summary summary;
	struct id tree;
	struct err err;
};

static void on_tick(void *context)
{
	struct run *run = context;

	run->stop = ++run->ticks == run->stop_at;
}

static void on_note(void *context, const struct err *err)
{
	struct run *run = context;

	run->notes++;
	snprintf(run->note, sizeof(run->note), "%s", err->text);
}

static void on_error(void *context, const char *path, const struct err *err)
{
	struct run *run = context;

	(void)path;
	(void)err;
	run->errors++;
}

static int back_up(struct lasting *lasting, struct run *run)
{
	cleanup_repository struct repository *repository = NULL;
	cleanup_str_list struct str_list paths = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	static const struct filter none;
	struct progress progress;
	const struct save_options options = {
		.paths = &paths,
		.excludes = &none,
		.hostname = "box",
		.program_version = "test",
		.progress = &progress,
		.checkpoint_folder = room_path("cache"),
		.checkpoint_us = run->checkpoint_us,
		.ignore_checkpoint = run->force,
		.dry_run = run->dry_run,
		.cuts = run->cuts,
		.resumed = &run->resumed,
		.stop = &run->stop,
		.on_error = on_error,
		.on_note = on_note,
		.tick = on_tick,
		.context = run,
	};
	int r = lasting_open(lasting, run->plan, &repository, &run->err);

	if (r < 0)
		return r;
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(
		str_list_add(&paths, run->path ? run->path : room_path("src"), &run->err), 0);
	r = save_run(repository, NULL, &options, &snapshot, &run->err);
	ck_assert_uint_eq(run->errors, 0);
	run->files_done = progress.files_done;
	run->bytes_done = progress.bytes_done;
	run->summary = snapshot.summary;
	if (r >= 0 && !run->dry_run)
		ck_assert_int_eq(
			select_folder(repository, &snapshot.tree,
				run->path ? run->path : room_path("src"), &run->tree, &run->err),
			0);
	return r;
}

static void make_source(void)
{
	char name[32], text[64];

	room_mkdir("src");
	for (int d = 0; d < FOLDERS; d++) {
		snprintf(name, sizeof(name), "src/d%d", d);
		room_mkdir(name);
		for (int f = 0; f < FILES; f++) {
			snprintf(name, sizeof(name), "src/d%d/f%d", d, f);
			/* One in four is empty. */
			snprintf(text, sizeof(text), "in folder %d file %d", d, f);
			room_write(name, f % 4 == 3 ? "" : text);
		}
	}
}

/* The path of the one checkpoint that is there; "" if there is none. */
static const char *checkpoint_path(void)
{
	const char *const argv[] = {
		"find", room_path("cache"), "-path", "*/checkpoints/*", "-type", "f", NULL};
	static char path[512];
	cleanup_free char *output = NULL;
	struct err err = ERR_INIT;

	if (!room_exists("cache"))
		return "";
	ck_assert_int_eq(proc_run_ok(argv, NULL, &output, &err), 0);
	ck_assert_int_lt((int)strlen(output), (int)sizeof(path));
	snprintf(path, sizeof(path), "%s", str_strip(output));
	ck_assert_ptr_null(strchr(path, '\n'));
	return path;
}

static int no_object(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)size;
	(void)context;
	return err_set(err, ERR_BUG, EEXIST, "%s", name);
}

static struct id whole_tree(void)
{
	struct run run = {0};
	struct lasting lasting;

	lasting_make(&lasting);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	lasting_drop(&lasting);
	ck_assert_uint_eq(run.summary.files_new, FOLDERS * FILES);
	return run.tree;
}

/* Interrupted at any moment: no snapshot, and the next run takes over every file that was done,
 * reads the others, and makes the same tree as one that was never interrupted. */
START_TEST(goes_on)
{
	struct run first = {.checkpoint_us = 1000000000, .stop_at = (unsigned)_i + 1};
	struct run second = {.checkpoint_us = 1000000000};
	struct lasting lasting;
	struct err err = ERR_INIT;
	struct id tree;

	make_source();
	tree = whole_tree();
	lasting_make(&lasting);
	ck_assert_int_eq(back_up(&lasting, &first), -ECANCELED);
	ck_assert_int_eq(store_list(lasting.store, STORE_SNAPSHOT, no_object, NULL, &err), 0);
	/* Of the first file a chunk may be done already, and be worth one. */
	if (first.files_done || !_i)
		ck_assert_int_eq(*checkpoint_path() != 0, first.files_done != 0);
	ck_assert_int_eq(back_up(&lasting, &second), 0);
	ck_assert_msg(!second.notes, "%s", second.note);
	ck_assert_uint_eq(second.resumed.files, first.files_done);
	ck_assert_uint_eq(second.summary.files_new, FOLDERS * FILES);
	ck_assert_uint_eq(second.summary.files_unmodified, 0);
	ck_assert(id_equal(&second.tree, &tree));
	ck_assert_str_eq(checkpoint_path(), "");
	lasting_drop(&lasting);
}
END_TEST

/* A backup of all of src that was interrupted in the middle. */
static void interrupt(struct lasting *ret)
{
	struct run run = {.checkpoint_us = 1000000000, .stop_at = FOLDERS * FILES};

	make_source();
	lasting_make(ret);
	ck_assert_int_eq(back_up(ret, &run), -ECANCELED);
	ck_assert_str_ne(checkpoint_path(), "");
}

/* --- Within large files --- */

#define BIG (3u << 20) /* bytes, cut as restic does */
#define DISK ((1u << 20) + 7000) /* in pages */

static void write_large(const char *name, bool is_disk, size_t size, uint32_t seed)
{
	cleanup_free uint8_t *data = malloc(size);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
	if (is_disk)
		memcpy(data, "LUKS\xba\xbe\0\2", 8);
	ck_assert_int_eq(file_replace(AT_FDCWD, room_path(name), data, size, 0600, &err), 0);
}

static void make_large(void)
{
	room_mkdir("src");
	room_mkdir("src/b");
	room_write("src/a", "before");
	write_large("src/b/big", false, BIG, 1);
	write_large("src/b/disk", true, DISK, 2);
	room_write("src/c", "behind");
}

static struct id tree_of_large(const struct cutter_options *cuts)
{
	struct run run = {.cuts = *cuts};
	struct lasting lasting;

	lasting_make(&lasting);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	lasting_drop(&lasting);
	return run.tree;
}

/* Interrupted at any chunk: not one of those that were stored is read again, also when the run
 * that goes on is interrupted in its turn before it comes there; and the tree is the one of a run
 * that was never interrupted. */
START_TEST(goes_on_within)
{
	static const struct cutter_options cuts;
	struct lasting lasting;
	struct id tree;
	unsigned at, within = 0;

	make_large();
	tree = tree_of_large(&cuts);
	for (at = 2;; at++) {
		struct run first = {.checkpoint_us = 1000000000, .stop_at = at};
		struct run between = {.checkpoint_us = 1000000000, .stop_at = 1 + at * 7919 % 5};
		struct run last = {.checkpoint_us = 1000000000};
		int r;

		lasting_make(&lasting);
		r = back_up(&lasting, &first);
		if (r >= 0) {
			lasting_drop(&lasting);
			break;
		}
		if (back_up(&lasting, &between) >= 0)
			last.force = true; /* it was that short: there is a snapshot */
		ck_assert_int_eq(back_up(&lasting, &last), 0);
		ck_assert_msg(!last.notes, "%s", last.note);
		if (!last.force)
			ck_assert_msg(last.resumed.bytes >= first.bytes_done,
				"stop %u: %llu of %llu", at, (unsigned long long)last.resumed.bytes,
				(unsigned long long)first.bytes_done);
		ck_assert(id_equal(&last.tree, &tree));
		within += first.bytes_done > 6 && last.resumed.files < 2;
		lasting_drop(&lasting);
	}
	ck_assert_uint_gt(at, DISK / CUTTER_PAGE);
	ck_assert_uint_ge(within, 2);
}
END_TEST

static void interrupt_within(struct lasting *ret, unsigned stop_at)
{
	struct run run = {.checkpoint_us = 1000000000, .stop_at = stop_at};

	lasting_make(ret);
	ck_assert_int_eq(back_up(ret, &run), -ECANCELED);
	ck_assert_uint_gt(run.bytes_done, BIG + CUTTER_PAGE);
	ck_assert_uint_lt(run.bytes_done, BIG + DISK);
}

/* Cut in another way than it would be now, it is read from its start. */
START_TEST(cut_otherwise)
{
	struct run run = {.checkpoint_us = 1000000000, .cuts = {.off = true}};
	struct lasting lasting;
	struct id tree;

	make_large();
	tree = tree_of_large(&run.cuts);
	interrupt_within(&lasting, 15);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_eq(run.notes, 0);
	ck_assert_uint_eq(run.resumed.bytes, BIG + strlen("before"));
	ck_assert(id_equal(&run.tree, &tree));
	lasting_drop(&lasting);
}
END_TEST

static void rewrite(void)
{
	write_large("src/b/disk", true, DISK, 3);
}

static void grow(void)
{
	write_large("src/b/disk", true, DISK + 70000, 2);
}

static void shrink(void)
{
	write_large("src/b/disk", true, DISK - 70000, 2);
}

static void vanish(void)
{
	ck_assert_int_eq(unlink(room_path("src/b/disk")), 0);
}

/* In place: only the change time tells. */
static void write_in_place(void)
{
	struct timespec times[2];
	struct stat st;
	int fd = open(room_path("src/b/disk"), O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(fstat(fd, &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	usleep(20000); /* the change time is as fine as the kernel's tick */
	ck_assert_int_eq(pwrite(fd, "x", 1, 100000), 1);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static void (*const changes[])(void) = {rewrite, grow, shrink, vanish, write_in_place};

/* A file that changed in the middle of its reading is read from its start. */
START_TEST(changed_within)
{
	static const struct cutter_options cuts;
	struct run run = {.checkpoint_us = 1000000000};
	struct lasting lasting;
	struct id tree;

	make_large();
	interrupt_within(&lasting, 15);
	changes[_i]();
	tree = tree_of_large(&cuts);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_eq(run.notes, 0);
	ck_assert_uint_eq(run.resumed.bytes, BIG + strlen("before"));
	ck_assert(id_equal(&run.tree, &tree));
	lasting_drop(&lasting);
}
END_TEST

static void copy_checkpoint(const char *from, const char *to)
{
	cleanup_free char *data = NULL;
	struct err err = ERR_INIT;
	size_t size;

	ck_assert_int_eq(file_read(AT_FDCWD, from, 1 << 20, &data, &size, &err), 0);
	ck_assert_int_eq(file_replace(AT_FDCWD, to, data, size, 0600, &err), 0);
}

static void cut(char *data, size_t *size)
{
	(void)data;
	*size /= 2;
}

static void empty(char *data, size_t *size)
{
	(void)data;
	*size = 0;
}

static void flip(char *data, size_t *size)
{
	data[*size / 2] ^= 1;
}

static void garbage(char *data, size_t *size)
{
	memset(data, '{', *size);
}

static void longer(char *data, size_t *size)
{
	memset(data + *size, 0, 100);
	*size += 100;
}

static void (*const damages[])(char *data, size_t *size) = {cut, empty, flip, garbage, longer};

/* A damaged checkpoint is told and passed over. */
START_TEST(damaged)
{
	struct lasting lasting;
	struct run run = {.checkpoint_us = 1000000000};
	cleanup_free char *data = NULL, *more = NULL, *left = NULL;
	struct err err = ERR_INIT;
	struct id tree;
	size_t size;

	interrupt(&lasting);
	tree = whole_tree();
	ck_assert_int_eq(file_read(AT_FDCWD, checkpoint_path(), 1 << 20, &data, &size, &err), 0);
	more = calloc(1, size + 100);
	memcpy(more, data, size);
	damages[_i](more, &size);
	ck_assert_int_eq(file_replace(AT_FDCWD, checkpoint_path(), more, size, 0600, &err), 0);
	/* What a run leaves that is killed while it replaces the file. */
	left = str_printf("%s.0123.tmp", checkpoint_path());
	copy_checkpoint(checkpoint_path(), left);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_eq(run.notes, 1);
	ck_assert_uint_eq(run.resumed.files, 0);
	ck_assert(id_equal(&run.tree, &tree));
	ck_assert_str_eq(checkpoint_path(), "");
	lasting_drop(&lasting);
}
END_TEST

/* The first version's file was one sealed snapshot; of one to come only the line is known. */
static void write_version(struct lasting *lasting, bool older)
{
	cleanup_repository struct repository *repository = NULL;
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX), sealed = BUF_INIT(SNAPSHOT_MAX);
	struct snapshot snapshot = {.program_version = (char *)"nexus-backup checkpoint 1"};
	struct err err = ERR_INIT;

	if (older) {
		ck_assert_int_eq(lasting_open(lasting, NULL, &repository, &err), 0);
		ck_assert_int_eq(snapshot_format(&snapshot, &text, &err), 0);
		ck_assert_int_eq(blob_seal_file(repository_codec(repository), true, text.data,
					 text.size, &sealed, &err),
			0);
	} else {
		ck_assert_int_eq(
			buf_add_text(&sealed, "nexus-backup checkpoint 3\nand more", &err), 0);
	}
	ck_assert_int_eq(
		file_replace(AT_FDCWD, checkpoint_path(), sealed.data, sealed.size, 0600, &err), 0);
}

START_TEST(of_other_version)
{
	struct run run = {.checkpoint_us = 1000000000};
	struct lasting lasting;

	interrupt(&lasting);
	write_version(&lasting, _i == 0);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_eq(run.notes, 1);
	ck_assert_ptr_nonnull(
		strstr(run.note, _i == 0 ? "of an older version" : "of another version"));
	ck_assert_uint_eq(run.resumed.files, 0);
	ck_assert_str_eq(checkpoint_path(), "");
	lasting_drop(&lasting);
}
END_TEST

/* One of another repository does not open here. */
START_TEST(of_another_repository)
{
	struct lasting lasting, other;
	struct run run = {.checkpoint_us = 1000000000, .stop_at = FOLDERS * FILES};

	interrupt(&lasting);
	copy_checkpoint(checkpoint_path(), room_path("kept"));
	ck_assert_int_eq(unlink(checkpoint_path()), 0);
	lasting_make(&other);
	ck_assert_int_eq(back_up(&other, &run), -ECANCELED);
	copy_checkpoint(room_path("kept"), checkpoint_path());
	run = (struct run){.checkpoint_us = 1000000000};
	ck_assert_int_eq(back_up(&other, &run), 0);
	ck_assert_uint_eq(run.notes, 1);
	ck_assert_uint_eq(run.resumed.files, 0);
	lasting_drop(&other);
	lasting_drop(&lasting);
}
END_TEST

/* One of other paths is not found, and not taken under a false name. */
START_TEST(of_other_paths)
{
	struct lasting lasting;
	char path[256];
	struct run run = {.path = path, .checkpoint_us = 1000000000, .stop_at = FILES};

	interrupt(&lasting);
	snprintf(path, sizeof(path), "%s", room_path("src/d0"));
	copy_checkpoint(checkpoint_path(), room_path("kept"));
	ck_assert_int_eq(unlink(checkpoint_path()), 0);
	ck_assert_int_eq(back_up(&lasting, &run), -ECANCELED);
	copy_checkpoint(room_path("kept"), checkpoint_path());
	run = (struct run){.path = path, .checkpoint_us = 1000000000};
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_eq(run.notes, 1);
	ck_assert_ptr_nonnull(strstr(run.note, "another backup"));
	ck_assert_uint_eq(run.resumed.files, 0);
	lasting_drop(&lasting);
}
END_TEST

static int remove_one(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)size;
	return store_remove(context, STORE_INDEX, name, err);
}

/* Somebody pruned meanwhile: what is in no index is read again. */
START_TEST(pruned)
{
	struct lasting lasting;
	struct run run = {.checkpoint_us = 1000000000};
	struct err err = ERR_INIT;

	interrupt(&lasting);
	ck_assert_int_eq(
		store_list(lasting.store, STORE_INDEX, remove_one, lasting.store, &err), 0);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_eq(run.notes, 1);
	ck_assert_ptr_nonnull(strstr(run.note, "no longer has"));
	ck_assert_uint_eq(run.resumed.files, 0);
	lasting_drop(&lasting);
}
END_TEST

/* A file that changed since, though its size and time are as they were, is read again. */
START_TEST(changed_since)
{
	struct lasting lasting;
	struct run run = {.checkpoint_us = 1000000000};
	struct timespec times[2];
	struct stat st;
	struct id tree;

	interrupt(&lasting);
	ck_assert_int_eq(stat(room_path("src/d0/f0"), &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	usleep(20000); /* the change time is as fine as the kernel's tick */
	room_write("src/d0/f0", "in folder 9 file 0");
	ck_assert_int_eq(utimensat(AT_FDCWD, room_path("src/d0/f0"), times, 0), 0);
	tree = whole_tree();
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_eq(run.notes, 0);
	ck_assert_uint_gt(run.resumed.files, 0);
	ck_assert(id_equal(&run.tree, &tree));
	lasting_drop(&lasting);
}
END_TEST

static const struct {
	struct run first, second;
	bool is_made;
} switches[] = {
	{{.checkpoint_us = 0}, {.checkpoint_us = 1}, false},
	{{.checkpoint_us = 1, .dry_run = true}, {.checkpoint_us = 1}, false},
	{{.checkpoint_us = 1}, {.checkpoint_us = 0}, true},
	{{.checkpoint_us = 1}, {.checkpoint_us = 1, .force = true}, true},
	{{.checkpoint_us = 1}, {.checkpoint_us = 1, .dry_run = true}, true},
};

/* Off, and where nothing is stored, none is made and none is used. */
START_TEST(off)
{
	struct run first = switches[_i].first, second = switches[_i].second;
	struct lasting lasting;

	make_source();
	lasting_make(&lasting);
	first.stop_at = FOLDERS * FILES;
	ck_assert_int_eq(back_up(&lasting, &first), -ECANCELED);
	ck_assert_int_eq(*checkpoint_path() != 0, switches[_i].is_made);
	ck_assert_int_eq(back_up(&lasting, &second), 0);
	ck_assert_uint_eq(second.resumed.files, 0);
	lasting_drop(&lasting);
}
END_TEST

static int check_all(struct lasting *lasting)
{
	cleanup_repository struct repository *repository = NULL;
	struct progress progress;
	struct run told = {0};
	const struct check_options options = {
		.read_data = true, .progress = &progress, .on_error = on_error, .context = &told};
	struct err err = ERR_INIT;

	progress_start(&progress, &clock_system);
	ck_assert_int_eq(repository_open(lasting->store, "p", NULL, &repository, &err), 0);
	ck_assert_int_ge(check_run(repository, &options, &err), 0);
	return (int)told.errors;
}

/* The store fails at any call, checkpoints being made all the time: one that is there always
 * builds on what is durable. */
START_TEST(store_fails)
{
	unsigned made = 0, failed = 0;
	struct lasting lasting;
	struct id tree;
	int r = -1;

	make_source();
	tree = whole_tree();
	lasting_make(&lasting);
	for (unsigned at = 1; r < 0; at += 1 + at / 5) {
		struct faulty_plan plan = {.fail_at = at, .code = ENOSPC};
		struct run first = {.plan = &plan, .checkpoint_us = 1, .force = true};
		struct run second = {.checkpoint_us = 1000000000, .stop_at = 1};
		struct lasting fresh;

		lasting_make(&fresh);
		r = back_up(&fresh, &first);
		failed += r < 0;
		if (r < 0 && *checkpoint_path()) {
			made++;
			second.stop_at = 0;
			ck_assert_int_eq(back_up(&fresh, &second), 0);
			ck_assert_msg(!second.notes, "call %u: %s", at, second.note);
			ck_assert(id_equal(&second.tree, &tree));
		}
		ck_assert_int_eq(check_all(&fresh), 0);
		ck_assert_str_eq(checkpoint_path(), "");
		lasting_drop(&fresh);
		ck_assert_uint_lt(at, 5000);
	}
	ck_assert_uint_gt(made, 5);
	ck_assert_uint_gt(failed, made);
	lasting_drop(&lasting);
}
END_TEST

/* The folder of the cache can't be written: the backup is made all the same. */
START_TEST(no_room_for_it)
{
	struct run run = {.checkpoint_us = 1};
	struct lasting lasting;

	make_source();
	room_write("cache", "a file is in the way");
	lasting_make(&lasting);
	ck_assert_int_eq(back_up(&lasting, &run), 0);
	ck_assert_uint_gt(run.notes, 0);
	ck_assert_uint_eq(run.summary.files_new, FOLDERS * FILES);
	lasting_drop(&lasting);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("checkpoint");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	/* Each thing, and what is in each file that is not empty; the last time all is stored. */
	tcase_add_loop_test(tcase, goes_on, 0, FOLDERS * FILES + FOLDERS + FOLDERS * FILES / 4 * 3);
	tcase_add_test(tcase, goes_on_within);
	tcase_add_test(tcase, cut_otherwise);
	tcase_add_loop_test(tcase, changed_within, 0, COUNT(changes));
	tcase_add_loop_test(tcase, of_other_version, 0, 2);
	tcase_add_loop_test(tcase, damaged, 0, COUNT(damages));
	tcase_add_test(tcase, of_another_repository);
	tcase_add_test(tcase, of_other_paths);
	tcase_add_test(tcase, pruned);
	tcase_add_test(tcase, changed_since);
	tcase_add_loop_test(tcase, off, 0, COUNT(switches));
	tcase_add_test(tcase, store_fails);
	tcase_add_test(tcase, no_room_for_it);
	return unit_main("archive/resume/checkpoint", tcase);
}
