/* Whole files, read with a limit and replaced atomically and durably. Folders are given as
 * descriptors (AT_FDCWD for the current one). All of it blocks. */
#ifndef NEXUS_BASE_FILE_H
#define NEXUS_BASE_FILE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Reads at most max_bytes. Returns 0 and an owned, NUL-terminated *ret_data (ret_size may be
 * NULL); -EFBIG if larger, else the errno of open or read. */
int file_read(int dir_fd, const char *path, size_t max_bytes, char **ret_data, size_t *ret_size,
	struct err *err) __attribute__((warn_unused_result));

/* The same for an open descriptor, from its position to its end. name is for messages. */
int file_read_fd(int fd, const char *name, size_t max_bytes, char **ret_data, size_t *ret_size,
	struct err *err) __attribute__((warn_unused_result));

/* The text of a small file, as sysfs has them, as one line: at most 4 KiB are read, white space at
 * both ends and what does not fit into room bytes is cut, the rest made fit for a terminal. ""
 * when it can't be read. */
void file_read_line(const char *dir, const char *name, char *ret_text, size_t room);

/* Replaces path by data: a temporary file beside it, fsync, rename, fsync of the folder. After
 * 0 the new content survives a power cut; on failure the old file is as it was and the
 * temporary one is gone. */
int file_replace(int dir_fd, const char *path, const void *data, size_t size, mode_t mode,
	struct err *err) __attribute__((warn_unused_result));

/* The same with data that never stands in memory whole: write puts all of it into fd. */
typedef int file_write_fn(int fd, const char *name, void *context, struct err *err);
int file_replace_by(int dir_fd, const char *path, file_write_fn *write, void *context, mode_t mode,
	struct err *err) __attribute__((warn_unused_result));

/* Writes or reads all of size bytes, going on after EINTR and short counts. read_full returns
 * -ENODATA when the end comes first; pread_full the same at an offset in bytes. */
int file_write_full(int fd, const void *data, size_t size, const char *name, struct err *err)
	__attribute__((warn_unused_result));
int file_read_full(int fd, void *data, size_t size, const char *name, struct err *err)
	__attribute__((warn_unused_result));
int file_pread_full(int fd, void *data, size_t size, uint64_t offset, const char *name,
	struct err *err) __attribute__((warn_unused_result));

/* A new file without a name, to write and read, in folder (NULL: $TMPDIR, else /var/tmp): it is
 * gone when it is closed, whatever happens. Returns the descriptor, or negative errno. */
int file_nameless(const char *folder, struct err *err) __attribute__((warn_unused_result));

/* Makes path and its missing parents. An existing folder is fine. */
int file_make_dirs(const char *path, mode_t mode, struct err *err)
	__attribute__((warn_unused_result));

/* fsync of the folder that holds path. */
int file_sync_parent(int dir_fd, const char *path, struct err *err)
	__attribute__((warn_unused_result));

#endif
