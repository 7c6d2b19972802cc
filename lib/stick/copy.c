#include "stick/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (4u << 20) /* bytes moved at once */
#define HOLE (64u << 10) /* bytes of zeros that are worth leaving out */

const struct copy_ops copy_ops_system = {.read_at = pread, .write_at = pwrite};

int copy_init(struct copy *ret, const struct copy_ops *ops, struct err *err)
{
	struct copy copy = {.ops = ops ? ops : &copy_ops_system};
	int r;

	r = hash_new(&copy.hash, err);
	if (r < 0)
		return r;
	copy.buffer = aligned_alloc(COPY_BLOCK, PIECE);
	if (!copy.buffer) {
		copy_done(&copy);
		return err_oom(err);
	}
	*ret = copy;
	return 0;
}

void copy_done(struct copy *copy)
{
	hash_free(copy->hash);
	free(copy->buffer);
	*copy = (struct copy){0};
}

static size_t round_up(size_t size)
{
	return (size + COPY_BLOCK - 1) / COPY_BLOCK * COPY_BLOCK;
}

static size_t piece_of(uint64_t left)
{
	return left < PIECE ? (size_t)left : PIECE;
}

/* Fills the buffer with at least size bytes from the place; reads whole blocks. */
static int fill(struct copy *copy, struct copy_place place, size_t size, struct err *err)
{
	size_t have = 0, wanted = round_up(size);

	while (have < size) {
		ssize_t n = copy->ops->read_at(
			place.fd, copy->buffer + have, wanted - have, (off_t)(place.offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "read %s at byte %llu", place.name,
				(unsigned long long)(place.offset + have));
		if (n == 0)
			return err_set(err, ERR_CORRUPT, ENODATA,
				"read %s at byte %llu: the device ends there", place.name,
				(unsigned long long)(place.offset + have));
		have += (size_t)n;
	}
	return 0;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static int drain(struct copy *copy, struct copy_place place, size_t size, struct err *err)
{
	size_t done = 0;

	while (done < size) {
		size_t piece = size - done < HOLE ? size - done : HOLE;

		if (copy->holes && is_zero(copy->buffer + done, piece)) {
			done += piece;
			continue;
		}
		ssize_t n = copy->ops->write_at(place.fd, copy->buffer + done,
			copy->holes ? piece : size - done, (off_t)(place.offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return err_errno(err, errno, "write %s at byte %llu", place.name,
				(unsigned long long)(place.offset + done));
		done += (size_t)n;
	}
	return 0;
}

static void tell(struct copy *copy, size_t bytes)
{
	if (copy->progress)
		copy->progress(copy->context, bytes);
}

int copy_check(struct copy *copy, struct copy_place place, uint64_t size,
	const uint8_t digest[HASH_SIZE], struct err *err)
{
	uint8_t found[HASH_SIZE];
	int r;

	r = hash_begin(copy->hash, err);
	for (uint64_t left = size; left > 0 && r >= 0;) {
		size_t n = piece_of(left);

		r = fill(copy, place, n, err);
		if (r >= 0)
			r = hash_add(copy->hash, copy->buffer, n, err);
		if (r >= 0)
			tell(copy, n);
		place.offset += n;
		left -= n;
	}
	if (r >= 0)
		r = hash_end(copy->hash, found, err);
	if (r < 0)
		return r;
	if (memcmp(found, digest, HASH_SIZE) != 0)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"check %s: what is stored there is damaged (sha256 differs)", place.name);
	return 0;
}

int copy_move(struct copy *copy, struct copy_place from, struct copy_place to, uint64_t size,
	struct err *err)
{
	int r = 0;

	for (uint64_t left = size; left > 0 && r >= 0;) {
		size_t n = piece_of(left), whole = round_up(n);

		r = fill(copy, from, n, err);
		if (r < 0)
			break;
		memset(copy->buffer + n, 0, whole - n);
		r = drain(copy, to, whole, err);
		if (r >= 0)
			tell(copy, n);
		from.offset += n;
		to.offset += n;
		left -= n;
	}
	return r;
}

int copy_compare(
	struct copy *copy, struct copy_place place, const void *data, size_t size, struct err *err)
{
	const uint8_t *at = data;
	int r = 0;

	while (size > 0 && r >= 0) {
		size_t n = piece_of(size);

		r = fill(copy, place, n, err);
		if (r >= 0 && memcmp(copy->buffer, at, n) != 0)
			r = err_set(err, ERR_CORRUPT, EBADMSG,
				"check %s: it is not what was written", place.name);
		if (r >= 0)
			tell(copy, n);
		at += n;
		place.offset += n;
		size -= n;
	}
	return r;
}

int copy_read(struct copy *copy, struct copy_place place, void *data, size_t size, struct err *err)
{
	uint8_t *at = data;
	int r = 0;

	while (size > 0 && r >= 0) {
		size_t n = piece_of(size);

		r = fill(copy, place, n, err);
		if (r >= 0) {
			memcpy(at, copy->buffer, n);
			tell(copy, n);
		}
		at += n;
		place.offset += n;
		size -= n;
	}
	return r;
}

int copy_write(
	struct copy *copy, struct copy_place place, const void *data, size_t size, struct err *err)
{
	const uint8_t *at = data;
	int r = 0;

	if (size % COPY_SECTOR)
		return err_set(err, ERR_BUG, EINVAL, "write %s: %zu bytes are no whole sectors",
			place.name, size);
	while (size > 0 && r >= 0) {
		size_t n = piece_of(size);

		memcpy(copy->buffer, at, n);
		r = drain(copy, place, n, err);
		if (r >= 0)
			tell(copy, n);
		at += n;
		place.offset += n;
		size -= n;
	}
	return r;
}

int copy_zero(struct copy *copy, struct copy_place place, uint64_t size, struct err *err)
{
	int r = 0;

	if (size % COPY_SECTOR)
		return err_set(err, ERR_BUG, EINVAL, "clear %s: %llu bytes are no whole sectors",
			place.name, (unsigned long long)size);
	memset(copy->buffer, 0, PIECE);
	while (size > 0 && r >= 0) {
		size_t n = piece_of(size);

		r = drain(copy, place, n, err);
		place.offset += n;
		size -= n;
	}
	return r;
}
