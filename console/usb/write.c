#include "console/usb/write.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/str.h"

#define TRIES 25
#define WAIT_US 200000u /* udev looks at a disk when it appears, and lets go of it */

/* The node may be another disk by now. */
static int same_disk(int fd, const struct hw_disk *disk, struct err *err)
{
	uint64_t bytes = 0;
	struct stat st;

	if (fstat(fd, &st) < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		return err_errno(err, errno, "open %s", disk->path);
	if (!S_ISBLK(st.st_mode) || st.st_rdev != disk->device || bytes != disk->size_bytes)
		return err_set(
			err, ERR_LOCKED, ESTALE, "open %s: it is another disk by now", disk->path);
	return 0;
}

int write_open_disk(const struct pick *pick, struct write *ret, struct err *err)
{
	cleanup_write struct write write = WRITE_INIT;
	const struct hw_disk *disk = &pick->disk;
	int r;

	write.path = strdup(disk->path);
	if (!write.path)
		return err_oom(err);
	write.bytes = disk->size_bytes;
	for (int i = 0; i < TRIES && write.fd < 0; i++) {
		write.fd = open(write.path, O_RDWR | O_DIRECT | O_EXCL | O_CLOEXEC);
		if (write.fd < 0 && errno != EBUSY)
			return err_errno(err, errno, "open %s", write.path);
		if (write.fd < 0)
			usleep(WAIT_US);
	}
	if (write.fd < 0)
		return err_set(
			err, ERR_LOCKED, EBUSY, "open %s: something on it is in use", write.path);
	r = same_disk(write.fd, disk, err);
	if (r < 0)
		return r;
	*ret = write;
	write = WRITE_INIT;
	return 0;
}

/* Past the page cache, where the file system can. */
static int open_partial(const char *path, struct err *err)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(path, flags | O_DIRECT, 0644);

	if (fd < 0 && errno == EINVAL)
		fd = open(path, flags, 0644);
	return fd < 0 ? err_errno(err, errno, "open %s", path) : fd;
}

int write_open_file(const char *path, uint64_t bytes, struct write *ret, struct err *err)
{
	cleanup_free char *partial = str_printf("%s" WRITE_PARTIAL, path);
	cleanup_write struct write write = WRITE_INIT;
	struct stat st;

	write.final = strdup(path);
	if (!partial || !write.final)
		return err_oom(err);
	if (lstat(path, &st) == 0)
		return err_set(err, ERR_CONFIG, EEXIST,
			"write %s: it exists; remove it, or give another name", path);
	write.fd = open_partial(partial, err);
	if (write.fd < 0)
		return write.fd;
	if (fstat(write.fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, EINVAL, "write %s: it is no file", partial);
	if (flock(write.fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(
			err, ERR_LOCKED, EBUSY, "write %s: somebody else writes it", partial);
	/* From here on it is ours to remove. */
	write.path = TAKE(partial);
	if (ftruncate(write.fd, 0) < 0 || ftruncate(write.fd, (off_t)bytes) < 0)
		return err_errno(err, errno, "write %s", write.path);
	write.bytes = bytes;
	*ret = write;
	write = WRITE_INIT;
	return 0;
}

void write_done(struct write *write)
{
	if (write->final && write->path)
		(void)unlink(write->path);
	if (write->fd >= 0)
		close(write->fd);
	free(write->path);
	free(write->final);
	*write = WRITE_INIT;
}

static struct copy_place place(const struct write *write, uint64_t offset)
{
	return (struct copy_place){.fd = write->fd, .offset = offset, .name = write->path};
}

/* After it a read comes from the medium. */
static int flush(const struct write *write, struct err *err)
{
	if (fsync(write->fd) < 0)
		return err_errno(err, errno, "write out %s", write->path);
	(void)posix_fadvise(write->fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

/* What stood there before must not boot either: both partition tables, boot code, and a file system
 * without a table. A new file has nothing. */
static int blank(
	const struct write *write, const struct plan *plan, struct copy *copy, struct err *err)
{
	int r;

	if (write->final)
		return 0;
	r = copy_zero(copy, place(write, 0), PLAN_HEAD, err);
	if (r >= 0)
		r = copy_zero(copy, place(write, plan->tail_at), plan->tail_bytes, err);
	return r < 0 ? r : flush(write, err);
}

static int fill(
	const struct write *write, const struct plan *plan, struct copy *copy, struct err *err)
{
	struct copy_place from = {
		.fd = plan->source.fd, .offset = PLAN_HEAD, .name = plan->source.path};
	int r;

	r = copy_move(copy, from, place(write, PLAN_HEAD), plan->seed_at - PLAN_HEAD, err);
	if (r >= 0)
		r = copy_write(
			copy, place(write, plan->seed_at), plan->seed, plan->seed_bytes, err);
	return r < 0 ? r : flush(write, err);
}

static int compare(
	const struct write *write, const struct plan *plan, struct copy *copy, struct err *err)
{
	int r;

	r = copy_check(copy, place(write, PLAN_HEAD), plan->seed_at - PLAN_HEAD, plan->body, err);
	if (r >= 0)
		r = copy_compare(
			copy, place(write, plan->seed_at), plan->seed, plan->seed_bytes, err);
	return r;
}

static int put(const struct write *write, uint64_t offset, const void *data, size_t size,
	struct copy *copy, struct err *err)
{
	int r = copy_write(copy, place(write, offset), data, size, err);

	if (r >= 0)
		r = flush(write, err);
	if (r >= 0)
		r = copy_compare(copy, place(write, offset), data, size, err);
	return r;
}

/* The second table first: whoever finds it alone finds a stick that is whole. The first block has
 * boot code, MBR and the first table's header. */
static int finish(
	const struct write *write, const struct plan *plan, struct copy *copy, struct err *err)
{
	int r;

	r = put(write, COPY_BLOCK, plan->head + COPY_BLOCK, PLAN_HEAD - COPY_BLOCK, copy, err);
	if (r >= 0)
		r = put(write, plan->tail_at, plan->tail, plan->tail_bytes, copy, err);
	if (r >= 0)
		r = put(write, 0, plan->head, COPY_BLOCK, copy, err);
	return r;
}

/* Gives a file its name, which nothing else may have got in the meantime; tells the kernel of a
 * disk's new partitions, and if it does not listen no harm is done. */
static int publish(struct write *write, struct err *err)
{
	if (!write->final) {
		(void)ioctl(write->fd, BLKRRPART, 0);
		return 0;
	}
	if (renameat2(AT_FDCWD, write->path, AT_FDCWD, write->final, RENAME_NOREPLACE) < 0) {
		struct stat st;

		if (errno != EINVAL || lstat(write->final, &st) == 0 ||
			rename(write->path, write->final) < 0)
			return err_errno(err, errno, "call %s %s", write->path, write->final);
	}
	free(TAKE(write->path));
	return file_sync_parent(AT_FDCWD, write->final, err);
}

int write_stick(struct write *write, const struct plan *plan, struct copy *copy,
	struct meter *meter, double *ret_seconds, struct err *err)
{
	uint64_t bytes = plan->seed_at - PLAN_HEAD + plan->seed_bytes;
	int r;

	r = blank(write, plan, copy, err);
	if (r < 0)
		return r;
	copy->progress = meter_add;
	copy->context = meter;
	copy->holes = write->final != NULL;
	meter_begin(meter, _("Writing"), bytes);
	r = fill(write, plan, copy, err);
	*ret_seconds = meter_end(meter, r >= 0);
	if (r >= 0) {
		meter_begin(meter, _("Reading it back"), bytes);
		r = compare(write, plan, copy, err);
		(void)meter_end(meter, r >= 0);
	}
	copy->progress = NULL;
	if (r >= 0)
		r = finish(write, plan, copy, err);
	return r < 0 ? r : publish(write, err);
}
