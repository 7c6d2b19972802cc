#include "console/fleet/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "crypto/hash.h"

#define PIECE 32768u
#define CHECK_US (30ull * 60 * 1000000) /* that the box may take to read the whole once */
#define STEP_MS 200

static int read_digest(struct upload *upload, const char *path, struct err *err)
{
	cleanup_free uint8_t *data = malloc(PIECE);
	cleanup_hash struct hash *hash = NULL;
	uint8_t digest[HASH_SIZE];
	int r;

	if (!data)
		return err_oom(err);
	r = hash_new(&hash, err);
	for (uint64_t at = 0; r >= 0 && at < upload->size; at += PIECE) {
		size_t n = upload->size - at < PIECE ? (size_t)(upload->size - at) : PIECE;

		r = file_pread_full(upload->fd, data, n, at, path, err);
		if (r >= 0)
			r = hash_add(hash, data, n, err);
	}
	if (r >= 0)
		r = hash_end(hash, digest, err);
	if (r >= 0)
		hex_format(digest, sizeof(digest), upload->sha256);
	return r;
}

int upload_open(const char *path, struct upload *ret, struct err *err)
{
	struct stat st;

	*ret = (struct upload){.fd = open(path, O_RDONLY | O_CLOEXEC)};
	if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
		return err_errno(err, errno, "open %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0 ||
		(uint64_t)st.st_size > FLEET_CONTRACT_BUNDLE_MAX)
		return err_set(err, ERR_CONFIG, EINVAL, "open %s: it is no bundle", path);
	ret->size = (uint64_t)st.st_size;
	return read_digest(ret, path, err);
}

void upload_close(struct upload *upload)
{
	if (upload->fd >= 0)
		close(TAKE_FD(upload->fd));
}

/* Sends as much of a piece as goes now; 0 when the box must take some first. */
static int send_some(struct upload *upload, struct talk *talk, uint64_t *at, struct err *err)
{
	uint64_t left = upload->size - *at;
	uint8_t data[PIECE];
	size_t size = left < PIECE ? (size_t)left : PIECE;
	ssize_t n;
	int r;

	r = file_pread_full(upload->fd, data, size, *at, "bundle", err);
	if (r < 0)
		return r;
	n = session_write(talk_session(talk), data, size, err);
	if (n > 0)
		*at += (uint64_t)n;
	return n < 0 ? (int)n : n > 0;
}

/* Until all is sent, or the box answers before that: then it refuses. 1 with an answer, 0. */
static int send_all(struct upload *upload, struct ask *ask, struct talk *talk, uint64_t at,
	struct fleet_contract_answer *answer, struct err *err)
{
	int r = 0;

	while (at < upload->size) {
		struct pollfd fd = {.fd = session_fd(talk_session(talk))};

		r = talk_step(talk, clock_monotonic_us(ask->clock), answer, err);
		if (r == 0)
			r = send_some(upload, talk, &at, err);
		else
			return r;
		if (r < 0) {
			/* The box may have said why it listens no more. */
			struct err ignored = ERR_INIT;

			return talk_step(talk, clock_monotonic_us(ask->clock), answer, &ignored) > 0
				       ? 1
				       : r;
		}
		if (upload->progress)
			upload->progress(upload->context, at, upload->size);
		fd.events = talk_events(talk);
		if (r == 0)
			(void)poll(&fd, 1, STEP_MS);
	}
	return 0;
}

int upload_send(struct upload *upload, struct ask *ask, struct talk *talk, char *ret_path,
	size_t path_size, enum fault *ret_fault, struct err *err)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_PUT, .size = upload->size};
	uint64_t have = 0;
	int r;

	memcpy(request.sha256, upload->sha256, sizeof(request.sha256));
	r = ask_request(ask, talk, &request, &answer, ret_fault, err);
	if (r < 0)
		return r;
	*ret_fault = FAULT_ANSWER;
	r = fleet_contract_answer_have(&answer, &have, err);
	fleet_contract_answer_done(&answer);
	answer = (struct fleet_contract_answer){0};
	if (r < 0)
		return r;
	talk_set_limit(talk, CHECK_US);
	r = send_all(upload, ask, talk, have, &answer, err);
	if (r < 0)
		return r;
	if (r == 0)
		r = ask_next(ask, talk, &answer, ret_fault, err);
	else if (!answer.ok) {
		*ret_fault = FAULT_BOX;
		*err = answer.why;
		r = err->code ? -err->code : -EIO;
	}
	if (r < 0)
		return r;
	*ret_fault = FAULT_ANSWER;
	return fleet_contract_answer_path(&answer, ret_path, path_size, err);
}
