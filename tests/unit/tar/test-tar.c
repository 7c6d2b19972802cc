#include "tar/tar.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../unit.h"
#include "base/file.h"

START_TEST(formats)
{
	enum tar_format format;
	struct err err = ERR_INIT;

	ck_assert_int_eq(tar_format_parse("tar", &format, &err), 0);
	ck_assert_int_eq(format, TAR_FORMAT_PAX);
	ck_assert_int_eq(tar_format_parse("zip", &format, &err), 0);
	ck_assert_int_eq(format, TAR_FORMAT_ZIP);
	ck_assert_int_eq(tar_format_parse("rar", &format, &err), -EINVAL);
}
END_TEST

/* The bytes of a header stand where tar's are; content that is too long is refused. */
START_TEST(entries)
{
	const struct tar_xattr xattr = {"user.note", "value", 5};
	const struct tar_entry entry = {
		.path = "a/\303\261",
		.mode = S_IFREG | 0640,
		.uid = 7,
		.gid = 8,
		.user = "me",
		.group = "",
		.modified = {1000, 500000000},
		.size = 4,
		.xattrs = &xattr,
		.xattr_count = 1,
	};
	cleanup_fclose FILE *file = tmpfile();
	cleanup_tar struct tar *tar = NULL;
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	size_t size;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(tar_new(fileno(file), TAR_FORMAT_PAX, &tar, &err), 0);
	ck_assert_int_eq(tar_add(tar, &entry, &err), 0);
	ck_assert_int_eq(tar_write(tar, "data", 4, &err), 0);
	ck_assert_int_lt(tar_write(tar, "more", 4, &err), 0);
	ck_assert_int_eq(tar_finish(tar, &err), 0);
	rewind(file);
	ck_assert_int_eq(file_read_fd(fileno(file), "it", 1 << 20, &text, &size, &err), 0);
	ck_assert_uint_eq(size % 512, 0);
	ck_assert_ptr_nonnull(memmem(text, size, "SCHILY.xattr.user.note=value", 28));
	ck_assert_ptr_nonnull(memmem(text, size, "mtime=1000.5", 12));
	ck_assert_ptr_nonnull(memmem(text, size, "data\0\0", 6));
	ck_assert_ptr_null(memmem(text, size, "more", 4));
}
END_TEST

START_TEST(full)
{
	const struct tar_entry entry = {.path = "a", .mode = S_IFREG | 0600, .size = 1 << 20};
	static const char zeros[1 << 20];
	cleanup_close int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	cleanup_tar struct tar *tar = NULL;
	struct err err = ERR_INIT;
	int r;

	ck_assert_int_ge(fd, 0);
	r = tar_new(fd, TAR_FORMAT_PAX, &tar, &err);
	if (r >= 0)
		r = tar_add(tar, &entry, &err);
	if (r >= 0)
		r = tar_write(tar, zeros, sizeof(zeros), &err);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_ptr_nonnull(strstr(err.text, "No space"));
}
END_TEST

/* Given up in the middle: it does not get an end that makes it look whole. */
START_TEST(given_up)
{
	const struct tar_entry entry = {.path = "a", .mode = S_IFREG | 0600, .size = 4};
	cleanup_fclose FILE *file = tmpfile();
	struct tar *tar = NULL;
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(tar_new(fileno(file), TAR_FORMAT_PAX, &tar, &err), 0);
	ck_assert_int_eq(tar_add(tar, &entry, &err), 0);
	tar_free(tar);
	ck_assert_int_eq(lseek(fileno(file), 0, SEEK_END), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("tar");

	tcase_add_test(tcase, formats);
	tcase_add_test(tcase, entries);
	tcase_add_test(tcase, full);
	tcase_add_test(tcase, given_up);
	return unit_main("tar", tcase);
}
