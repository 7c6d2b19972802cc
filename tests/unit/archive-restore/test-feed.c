/* What a restore reads, and when: feed and scout, seen from outside. */
#include "archive/restore/feed.h"

#include "archive/restore/restore.h"
#include "blobs.h"

#define FOLDERS 6u
#define FILES 40u /* in each */
#define CHUNKS 5u
#define CHUNK 3000u

static struct store *store;
static struct repository *repository;
static struct room_told told;
static struct restore_counts counts;
static const struct filter none;

static void setup(void)
{
	room_setup();
	repository = room_repository(&store);
	told = (struct room_told){0};
}

static void teardown(void)
{
	repository_close(repository);
	room_teardown();
}

static int restore(const struct id *tree, enum restore_overwrite overwrite)
{
	struct progress progress;
	const struct restore_options options = {
		.target = room_path("out"),
		.includes = &none,
		.excludes = &none,
		.overwrite = overwrite,
		.progress = &progress,
		.on_error = room_tell,
		.context = &told,
	};
	struct err err = ERR_INIT;

	progress_start(&progress, &clock_system);
	return restore_run(repository, tree, &options, &counts, &err);
}

static uint64_t number_of(unsigned folder, unsigned file, unsigned chunk)
{
	return (folder * 1000 + file) * 10 + chunk;
}

/* Folders of files of several chunks. The third file of each is a further name of the second. */
static struct id make_tree(void)
{
	static struct id ids[FOLDERS][FILES][CHUNKS];
	struct node folders[FOLDERS], files[FILES];
	static char names[FILES][8];
	struct id tree;

	for (unsigned i = 0; i < FILES; i++)
		snprintf(names[i], sizeof(names[i]), "f%02u", i);
	for (unsigned i = 0; i < FOLDERS; i++) {
		for (unsigned k = 0; k < FILES; k++) {
			for (unsigned c = 0; c < CHUNKS; c++)
				ids[i][k][c] = blobs_save(
					repository, number_of(i, k == 2 ? 1 : k, c), CHUNK);
			files[k] = file_node(names[k], ids[i][k]);
			files[k].content_count = CHUNKS;
			files[k].size = CHUNKS * CHUNK;
			files[k].links = k == 1 || k == 2 ? 2 : 1;
			files[k].inode = k == 1 || k == 2 ? 10 + i : 1000 + i * FILES + k;
			files[k].modified = (struct node_time){1000 + k, 7};
		}
		tree = store_tree(repository, files, FILES);
		folders[i] = dir_node(names[i], tree);
	}
	tree = store_tree(repository, folders, FOLDERS);
	blobs_flush(repository);
	blobs_watch_start(store);
	return tree;
}

/* How many files are there; each must be right. */
static unsigned check_files(void)
{
	unsigned found = 0;

	for (unsigned i = 0; i < FOLDERS; i++)
		for (unsigned k = 0; k < FILES; k++) {
			cleanup_free char *text = NULL;
			struct err err = ERR_INIT;
			char path[32];
			size_t size;

			snprintf(path, sizeof(path), "out/f%02u/f%02u", i, k);
			if (file_read(AT_FDCWD, room_path(path), 1 << 20, &text, &size, &err) < 0)
				continue;
			found++;
			ck_assert_uint_eq(size, CHUNKS * CHUNK);
			for (unsigned c = 0; c < CHUNKS; c++)
				ck_assert(blobs_is((uint8_t *)text + c * CHUNK, CHUNK,
					number_of(i, k == 2 ? 1 : k, c), CHUNK));
		}
	return found;
}

/* Neighbours come together, each once; what is there already is not read again, and of a file that
 * differs only what differs. */
START_TEST(as_little_as_possible)
{
	const uint64_t all = (uint64_t)FOLDERS * (FILES - 1) * CHUNKS * (CHUNK + CIPHER_OVERHEAD);
	struct id tree = make_tree();
	cleanup_close int fd = -1;
	struct timespec times[2] = {{5, 5}, {5, 5}};

	ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_eq(check_files(), FOLDERS * FILES);
	ck_assert_uint_le(blobs_watch.calls, 20);
	ck_assert_uint_ge(blobs_watch.bytes, all);
	ck_assert_uint_le(blobs_watch.bytes, all + all / 10);

	blobs_watch.calls = 0;
	ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
	ck_assert_uint_eq(blobs_watch.calls, 0);
	ck_assert_uint_eq(counts.restored, 2 * FOLDERS); /* and the further names */

	fd = open(room_path("out/f03/f07"), O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "x", 1, CHUNK + 5), 1);
	ck_assert_int_eq(pwrite(fd, "x", 1, 4 * CHUNK), 1);
	ck_assert_int_eq(futimens(fd, times), 0);
	blobs_watch.bytes = 0;
	ck_assert_int_eq(restore(&tree, RESTORE_NEVER), 0);
	ck_assert_uint_eq(blobs_watch.calls, 0);
	ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_eq(check_files(), FOLDERS * FILES);
	ck_assert_uint_le(blobs_watch.calls, 2);
	ck_assert_uint_le(
		blobs_watch.bytes, 4 * (CHUNK + CIPHER_OVERHEAD)); /* from one to the other */
	ck_assert_uint_eq(counts.restored, 2 * FOLDERS + 1);
}
END_TEST

/* A file of many chunks that is there: those that differ are fetched side by side. */
START_TEST(mended_together)
{
	static struct id ids[100];
	struct node node = file_node("image", ids);
	cleanup_close int fd = -1;
	struct id tree;

	for (unsigned i = 0; i < COUNT(ids); i++)
		ids[i] = blobs_save(repository, i, CHUNK);
	node.content_count = COUNT(ids);
	node.size = COUNT(ids) * CHUNK;
	tree = store_tree(repository, &node, 1);
	blobs_flush(repository);
	blobs_watch_start(store);
	room_mkdir("out");
	room_write("out/image", "all of it is other");
	ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_le(blobs_watch.calls, 8);
	fd = open(room_path("out/image"), O_RDONLY);
	for (unsigned i = 0; i < COUNT(ids); i++) {
		uint8_t data[CHUNK];

		ck_assert_int_eq(pread(fd, data, CHUNK, i * CHUNK), CHUNK);
		ck_assert(blobs_is(data, CHUNK, i, CHUNK));
	}
}
END_TEST

static void clear(void)
{
	const char *const argv[] = {"rm", "-rf", room_path("out"), NULL};
	struct err err = ERR_INIT;

	ck_assert_int_eq(proc_run_ok(argv, NULL, NULL, &err), 0);
	told = (struct room_told){0};
	blobs_watch.calls = blobs_watch.trees = 0;
}

/* What stands in the target already, file by file: those of one chunk first, then in turns with
 * those of several. */
#define SINGLES 20u

static unsigned chunks_of(unsigned file)
{
	return file >= SINGLES && file % 2 ? CHUNKS : 1;
}

static struct id make_mixed(void)
{
	static struct id ids[FILES][CHUNKS];
	struct node files[FILES];
	static char names[FILES][8];
	struct id tree;

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(names[i], sizeof(names[i]), "f%02u", i);
		for (unsigned c = 0; c < chunks_of(i); c++)
			ids[i][c] = blobs_save(repository, number_of(0, i, c), CHUNK);
		files[i] = file_node(names[i], ids[i]);
		files[i].content_count = chunks_of(i);
		files[i].size = chunks_of(i) * CHUNK;
		files[i].modified = (struct node_time){1000 + i, 7};
	}
	tree = store_tree(repository, files, FILES);
	blobs_flush(repository);
	blobs_watch_start(store);
	return tree;
}

enum there {
	THERE_NOT,
	THERE_SAME,
	THERE_EMPTY,
	THERE_OTHER, /* bytes, as many */
};

static void put_there(unsigned file, enum there what)
{
	/* Other than it was, by seconds or by less. */
	const struct timespec times[2] = {
		{5, 5}, {file % 4 < 2 ? 5 : 1000 + file, file % 4 < 2 ? 7 : 6}};
	cleanup_free char *other = calloc(1, CHUNKS * CHUNK);
	char path[32];

	snprintf(path, sizeof(path), "out/f%02u", file);
	if (what == THERE_SAME)
		return;
	ck_assert_int_eq(unlink(room_path(path)), 0);
	if (what != THERE_NOT) {
		cleanup_close int fd = open(room_path(path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		ck_assert_int_eq(futimens(fd, times), 0);
		if (what == THERE_OTHER)
			ck_assert_int_eq(
				write(fd, other, chunks_of(file) * CHUNK), chunks_of(file) * CHUNK);
		ck_assert_int_eq(futimens(fd, times), 0);
	}
}

static const struct {
	enum there single, several; /* of one chunk, of several */
	enum restore_overwrite overwrite;
	unsigned calls_max;
} there_cases[] = {
	{THERE_NOT, THERE_SAME, RESTORE_ALWAYS, 3}, /* what is the same stops nothing */
	{THERE_EMPTY, THERE_EMPTY, RESTORE_ALWAYS, 3}, /* nor does what is empty */
	{THERE_OTHER, THERE_SAME, RESTORE_ALWAYS, 3}, /* of one chunk all of it is wanted */
	/* Each of several is asked for, at once, and what stands between is not held up. Two packs
	 * are filled in turns, so it is a read of either. */
	{THERE_OTHER, THERE_OTHER, RESTORE_ALWAYS, 2 + 2 * (FILES - SINGLES)},
	{THERE_OTHER, THERE_OTHER, RESTORE_NEVER, 2}, /* the last is not there */
	{THERE_EMPTY, THERE_EMPTY, RESTORE_NEVER, 2},
};

START_TEST(there_already)
{
	bool never = there_cases[_i].overwrite == RESTORE_NEVER;
	struct id tree = make_mixed();

	ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
	ck_assert_uint_le(blobs_watch.calls, 3);
	for (unsigned i = 0; i < FILES; i++)
		put_there(i, chunks_of(i) == 1 ? there_cases[_i].single : there_cases[_i].several);
	if (never)
		put_there(FILES - 1, THERE_NOT);
	blobs_watch.calls = 0;
	blobs_watch.bytes = 0;
	ck_assert_int_eq(restore(&tree, there_cases[_i].overwrite), 0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_le(blobs_watch.calls, there_cases[_i].calls_max);
	if (never)
		ck_assert_uint_le(blobs_watch.bytes, CHUNKS * (CHUNK + CIPHER_OVERHEAD));
	for (unsigned i = 0; i < FILES && !never; i++) {
		cleanup_free char *text = NULL;
		struct err err = ERR_INIT;
		char path[32];
		size_t size;

		snprintf(path, sizeof(path), "out/f%02u", i);
		ck_assert_int_eq(
			file_read(AT_FDCWD, room_path(path), 1 << 20, &text, &size, &err), 0);
		ck_assert_uint_eq(size, chunks_of(i) * CHUNK);
		for (unsigned c = 0; c < chunks_of(i); c++)
			ck_assert(blobs_is(
				(uint8_t *)text + c * CHUNK, CHUNK, number_of(0, i, c), CHUNK));
	}
}
END_TEST

/* A file that is larger than what comes early at a time, under two names: all of it comes early,
 * and once. */
#define LONG 9000u /* chunks */
#define LONG_CHUNK 2600u /* bytes */

static struct node long_file(void)
{
	static struct id ids[LONG];
	struct node node = file_node("a", ids);

	for (unsigned i = 0; i < LONG; i++)
		ids[i] = blobs_save(repository, 1000000 + i, LONG_CHUNK);
	node.content_count = LONG;
	node.size = (uint64_t)LONG * LONG_CHUNK;
	node.links = 2;
	node.inode = 9;
	return node;
}

START_TEST(further_name)
{
	struct node nodes[2] = {long_file()};
	struct id tree;

	nodes[1] = nodes[0];
	nodes[1].name = "b";
	tree = store_tree(repository, nodes, 2);
	blobs_flush(repository);
	blobs_watch_start(store);
	ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_le(blobs_watch.calls, 200);
	ck_assert_uint_le(blobs_watch.bytes, (uint64_t)LONG * (LONG_CHUNK + 100));
}
END_TEST

/* A read that fails once is made again for each blob, and nothing is told. */
START_TEST(reads_that_fail)
{
	struct id tree = make_tree();

	for (unsigned at = 1; at <= 20; at++) {
		clear();
		blobs_watch.fail_at = at;
		ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
		if (blobs_watch.calls < at)
			break;
		ck_assert_uint_eq(told.count, 0);
		ck_assert_uint_eq(check_files(), FOLDERS * FILES);
	}
}
END_TEST

/* A tree that can't be read by who goes ahead or by who restores: they lose each other, and find
 * each other again. Only what the latter could not read is missing, and told. */
START_TEST(trees_that_fail)
{
	struct id tree = make_tree();
	unsigned missing = 0;

	for (unsigned at = 1; at <= 3 * (FOLDERS + 1); at++) {
		clear();
		blobs_watch.tree_fail_at = at;
		ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
		ck_assert_uint_ge(blobs_watch.trees, at);
		ck_assert_uint_le(told.count, 1);
		missing += told.count;
		if (!told.count)
			ck_assert_uint_eq(check_files(), FOLDERS * FILES);
		else
			ck_assert(check_files() % FILES == 0);
		/* Afterwards neighbours come together again, unless nobody can go ahead. */
		if (at != FOLDERS + 2)
			ck_assert_uint_le(blobs_watch.calls, FILES * CHUNKS + 20);
	}
	ck_assert_uint_eq(missing, FOLDERS + 1); /* each of them once */
}
END_TEST

/* A folder that who restores can't read, and in it more than comes early at a time: what comes
 * behind it is found all the same, and so is what is behind a folder that who goes ahead can't
 * read later. In a second case what stands first in the lost folder is asked for. */
START_TEST(found_again)
{
	struct node file = long_file(), top[5];
	static const unsigned files[] = {0, 4, 4, FILES};
	static struct id ids[4][FILES][CHUNKS], trees[4];
	struct node nodes[FILES];
	static char names[4][FILES][16];
	struct id tree, data = blobs_save(repository, 1, 4);

	for (unsigned i = 1; i < 4; i++) {
		for (unsigned k = 0; k < files[i]; k++) {
			snprintf(names[i][k], sizeof(names[i][k]), "f%02u", k);
			for (unsigned c = 0; c < CHUNKS; c++)
				ids[i][k][c] = blobs_save(repository, number_of(i, k, c), CHUNK);
			nodes[k] = file_node(names[i][k], ids[i][k]);
			nodes[k].content_count = CHUNKS;
			nodes[k].size = CHUNKS * CHUNK;
		}
		trees[i] = store_tree(repository, nodes, files[i]);
	}
	trees[0] = store_tree(repository, &file, 1);
	for (unsigned i = 0; i < 4; i++)
		top[i + 1] = dir_node((const char *[]){"a", "b", "c", "d"}[i], trees[i]);
	top[0] = file_node("0", &data); /* from it on somebody goes ahead */
	tree = store_tree(repository, top, 5);
	blobs_flush(repository);
	if (_i) {
		room_mkdir("out");
		room_mkdir("out/a");
		room_write("out/a/a", "other");
	}
	blobs_watch_start(store);
	/* Reads of a folder: who counts what is to be made, who goes ahead, who restores. */
	blobs_watch.tree_faults[0] = blobs_tree_fault(repository, &trees[0], 3);
	blobs_watch.tree_faults[1] = blobs_tree_fault(repository, &trees[2], 2);
	ck_assert_int_eq(restore(&tree, RESTORE_ALWAYS), 0);
	/* While much of a is still on its way who goes ahead may come to c too late to fail at it.
	 */
	ck_assert_uint_ge(told.count, 1);
	ck_assert_uint_le(told.count, 2);
	ck_assert_uint_eq(
		counts.restored, 5 + files[1] + (told.count == 1 ? files[2] : 0) + files[3]);
	ck_assert(!blobs_watch.tree_faults[0].left && !blobs_watch.tree_faults[1].left);
	/* Those of c come one by one. */
	ck_assert_uint_le(blobs_watch.calls, 120 + files[2] * CHUNKS);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("feed");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, as_little_as_possible);
	tcase_add_test(tcase, mended_together);
	tcase_add_loop_test(tcase, there_already, 0, COUNT(there_cases));
	tcase_add_test(tcase, further_name);
	tcase_add_test(tcase, reads_that_fail);
	tcase_add_test(tcase, trees_that_fail);
	tcase_add_loop_test(tcase, found_again, 0, 2);
	return unit_main("feed", tcase);
}
