#include "store/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../check_dir.h"

#define PIECE ((size_t)100000)

START_TEST(reads_back)
{
	/* Within memory, exactly full, and in a file. */
	static const size_t sizes[] = {0, 1, SPOOL_MEMORY_MAX, SPOOL_MEMORY_MAX + 1, 3000000};
	struct store_upload *upload = NULL;
	cleanup_free uint8_t *back = malloc(sizes[_i] + 1), *piece = malloc(PIECE);
	struct err err = ERR_INIT;
	struct spool *spool;
	size_t done = 0;

	ck_assert_int_eq(setenv("TMPDIR", check_dir, 1), 0);
	ck_assert_int_eq(spool_begin(NULL, STORE_PACK, &upload, &err), 0);
	spool = (struct spool *)upload;
	while (done < sizes[_i]) {
		size_t size = sizes[_i] - done < PIECE ? sizes[_i] - done : PIECE;

		for (size_t i = 0; i < PIECE; i++)
			piece[i] = (uint8_t)((done + i) * 7 >> 3);
		ck_assert_int_eq(spool_append(upload, piece, size, &err), 0);
		done += size;
	}
	ck_assert_uint_eq(spool->size, sizes[_i]);
	ck_assert_int_eq(spool->fd >= 0, sizes[_i] > SPOOL_MEMORY_MAX);
	ck_assert_int_eq(spool_read(spool, 0, back, sizes[_i], &err), 0);
	for (size_t i = 0; i < sizes[_i]; i++)
		ck_assert(back[i] == (uint8_t)(i * 7 >> 3));
	ck_assert_int_eq(spool_read(spool, 1, back, sizes[_i], &err), -ENODATA);
	ck_assert_int_eq(rmdir(check_dir), 0); /* no name was left in it */
	ck_assert_int_eq(mkdir(check_dir, 0700), 0);
	spool_abort(upload);
}
END_TEST

START_TEST(tells_where_there_is_no_room)
{
	cleanup_free uint8_t *data = calloc(1, SPOOL_MEMORY_MAX + 1);
	struct store_upload *upload = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
	ck_assert_int_eq(spool_begin(NULL, STORE_PACK, &upload, &err), 0);
	ck_assert_int_eq(spool_append(upload, data, SPOOL_MEMORY_MAX + 1, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all"));
	spool_abort(upload);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("spool");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, reads_back, 0, 5);
	tcase_add_test(tcase, tells_where_there_is_no_room);
	return unit_main("spool", tcase);
}
