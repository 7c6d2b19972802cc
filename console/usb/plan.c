#include "console/usb/plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "stick/seed.h"

#define SEED_MAX (64u << 20) /* bytes */
#define REST_MAX (8u << 20) /* bytes of the image behind the seed */
#define TAIL (1u << 20) /* bytes at the end of a larger stick: the second partition table */
#define PIECE (4u << 20)
#define MBR_ACTIVE 446u
#define TOOL_TIMEOUT_US (60ull * 1000 * 1000)

/* The size of what is behind a descriptor, of a file or of a device. */
static int size_of(const struct source *source, uint64_t *ret, struct err *err)
{
	off_t end = lseek(source->fd, 0, SEEK_END);

	if (end < 0)
		return err_errno(err, errno, "open %s", source->path);
	*ret = (uint64_t)end;
	return 0;
}

int plan_open(const char *image, struct plan *ret, struct err *err)
{
	cleanup_plan struct plan plan = PLAN_INIT;
	const struct hw_table_part *seed;
	uint64_t end;
	int r;

	r = source_open(image, &plan.source, err);
	if (r >= 0)
		r = size_of(&plan.source, &plan.image_bytes, err);
	if (r < 0)
		return r;
	seed = source_part(&plan.source, "nexus-seed");
	if (!seed || seed->start % 8 || seed->size % 8 || seed->size > SEED_MAX / HW_TABLE_SECTOR)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"open %s: its partition nexus-seed is missing or odd", image);
	plan.seed_at = seed->start * HW_TABLE_SECTOR;
	plan.seed_bytes = (size_t)seed->size * HW_TABLE_SECTOR;
	end = plan.seed_at + plan.seed_bytes;
	for (size_t i = 0; i < plan.source.table.count; i++)
		if (plan.source.table.parts[i].start > seed->start ||
			plan.source.table.parts[i].start * HW_TABLE_SECTOR < PLAN_HEAD)
			return err_set(err, ERR_CORRUPT, EBADMSG,
				"open %s: a partition lies where none may", image);
	if (plan.image_bytes % COPY_BLOCK || plan.image_bytes < end ||
		plan.image_bytes - end > REST_MAX)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"open %s: it has a wrong size: %llu bytes", image,
			(unsigned long long)plan.image_bytes);
	plan.tail_at = end;
	plan.tail_bytes = (size_t)(plan.image_bytes - end);
	plan.head = malloc(PLAN_HEAD);
	plan.seed = malloc(plan.seed_bytes + 1);
	plan.tail = malloc(plan.tail_bytes + 1);
	if (!plan.head || !plan.seed || !plan.tail)
		return err_oom(err);
	*ret = plan;
	plan = PLAN_INIT;
	return 0;
}

void plan_done(struct plan *plan)
{
	source_done(&plan->source);
	free(plan->head);
	free(plan->seed);
	free(plan->tail);
	*plan = PLAN_INIT;
}

uint64_t plan_check_bytes(const struct plan *plan, const struct sums *sums)
{
	return plan->image_bytes +
	       (sums->trust == SUMS_NONE ? source_verify_bytes(&plan->source) : 0);
}

/* Reads size bytes at offset into memory, and adds them to the digest of the whole. */
static int take(const struct plan *plan, struct copy *copy, struct hash *whole, uint64_t offset,
	void *data, size_t size, struct err *err)
{
	struct copy_place place = {
		.fd = plan->source.fd, .offset = offset, .name = plan->source.path};
	int r = copy_read(copy, place, data, size, err);

	return r < 0 ? r : hash_add(whole, data, size, err);
}

static int take_body(struct plan *plan, struct copy *copy, struct hash *whole, struct err *err)
{
	cleanup_hash struct hash *body = NULL;
	cleanup_free uint8_t *piece = malloc(PIECE);
	int r;

	if (!piece)
		return err_oom(err);
	r = hash_new(&body, err);
	for (uint64_t at = PLAN_HEAD; at < plan->seed_at && r >= 0;) {
		size_t n = plan->seed_at - at < PIECE ? (size_t)(plan->seed_at - at) : PIECE;

		r = take(plan, copy, whole, at, piece, n, err);
		if (r >= 0)
			r = hash_add(body, piece, n, err);
		at += n;
	}
	return r < 0 ? r : hash_end(body, plan->body, err);
}

int plan_check(struct plan *plan, const struct sums *sums, struct copy *copy, struct err *err)
{
	cleanup_hash struct hash *whole = NULL;
	uint8_t digest[HASH_SIZE];
	int r;

	r = hash_new(&whole, err);
	if (r >= 0)
		r = take(plan, copy, whole, 0, plan->head, PLAN_HEAD, err);
	if (r >= 0)
		r = take_body(plan, copy, whole, err);
	if (r >= 0)
		r = take(plan, copy, whole, plan->seed_at, plan->seed, plan->seed_bytes, err);
	if (r >= 0)
		r = take(plan, copy, whole, plan->tail_at, plan->tail, plan->tail_bytes, err);
	if (r >= 0)
		r = hash_end(whole, digest, err);
	if (r < 0)
		return r;
	if (sums->trust == SUMS_NONE)
		return source_verify(&plan->source, NULL, copy, err);
	if (memcmp(digest, sums->digest, HASH_SIZE) != 0)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"check %s: it is not what " SUMS_FILE " says (sha256 differs)",
			plan->source.path);
	return 0;
}

static int put(int fd, const void *data, size_t size, uint64_t offset, struct err *err)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t n = pwrite(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, n < 0 ? errno : ENOSPC, "write a model of the stick");
		at += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Moves the second partition table to the end of the larger stick. sfdisk writes a new protective
 * MBR; boot code and active flag are those of the image. */
static int stretch(struct plan *plan, int fd, const char *path, struct err *err)
{
	int r;

	r = proc_run_ok(
		(const char *const[]){"sfdisk", "--quiet", "--relocate", "gpt-bak-std", path, NULL},
		&(struct proc_options){.timeout_us = TOOL_TIMEOUT_US}, NULL, err);
	return r < 0 ? r : put(fd, plan->head, MBR_ACTIVE + 1, 0, err);
}

static int tail_place(struct plan *plan, uint64_t target_bytes, struct err *err)
{
	uint64_t least = plan->seed_at + plan->seed_bytes;
	uint8_t *tail;

	plan->target_bytes = target_bytes;
	if (target_bytes == plan->image_bytes)
		return 0;
	plan->tail_at = (target_bytes - TAIL) / COPY_BLOCK * COPY_BLOCK;
	if (plan->tail_at < least)
		plan->tail_at = least;
	plan->tail_bytes = (size_t)(target_bytes - plan->tail_at);
	tail = realloc(plan->tail, plan->tail_bytes + 1);
	if (!tail)
		return err_oom(err);
	plan->tail = tail;
	return 0;
}

/* The tools work on files: a model of the stick with all its length, holes where the body is. */
static int model(struct plan *plan, int fd, const char *order, struct err *err)
{
	cleanup_free char *path = str_printf("/proc/%d/fd/%d", (int)getpid(), fd);
	cleanup_free char *seed = path ? seed_mtools_image(path, plan->seed_at) : NULL;
	int r = 0;

	if (!seed)
		return err_oom(err);
	if (ftruncate(fd, (off_t)plan->target_bytes) < 0)
		return err_errno(err, errno, "make a model of the stick");
	r = put(fd, plan->head, PLAN_HEAD, 0, err);
	if (r >= 0)
		r = put(fd, plan->seed, plan->seed_bytes, plan->seed_at, err);
	if (r >= 0 && plan->target_bytes == plan->image_bytes)
		r = put(fd, plan->tail, plan->tail_bytes, plan->tail_at, err);
	else if (r >= 0)
		r = stretch(plan, fd, path, err);
	if (r >= 0 && order)
		r = seed_file_write(seed, PLAN_SEED, order, err);
	if (r >= 0)
		r = file_pread_full(fd, plan->head, PLAN_HEAD, 0, path, err);
	if (r >= 0)
		r = file_pread_full(fd, plan->seed, plan->seed_bytes, plan->seed_at, path, err);
	if (r >= 0)
		r = file_pread_full(fd, plan->tail, plan->tail_bytes, plan->tail_at, path, err);
	return r;
}

int plan_compose(struct plan *plan, uint64_t target_bytes, const char *order, struct err *err)
{
	cleanup_close int fd = file_nameless(NULL, err);
	int r = fd;

	if (r >= 0)
		r = tail_place(plan, target_bytes, err);
	if (r >= 0)
		r = model(plan, fd, order, err);
	if (r < 0)
		return err_wrap(err, "prepare the stick's tables and order");
	return 0;
}
