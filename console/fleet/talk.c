#include "console/fleet/talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define READ_SIZE 16384u
#define COMPLAINT_MAX 512 /* bytes kept of what the command says on stderr */

struct talk {
	struct session *session; /* owned */
	uint64_t answer_us;
	uint64_t deadline_us; /* of the answer that is waited for */
	int64_t id; /* of the request that is under way; 0: none */
	int64_t last_id;
	char *line; /* owned: the request with its line end, until it is sent */
	size_t sent; /* bytes of it */
	struct buf in; /* what came and is no whole line yet */
	size_t searched; /* bytes of in known to have no line end */
	char complaint[COMPLAINT_MAX + 1];
	size_t complaint_size;
	bool heard; /* an answer or event has come: there is a gate */
	enum fault fault;
};

int talk_new(const struct talk_options *options, struct talk **ret, struct err *err)
{
	struct session_options session = options->session;
	cleanup_talk struct talk *talk = calloc(1, sizeof(*talk));
	int r;

	if (!talk)
		return err_oom(err);
	talk->in = BUF_INIT(FLEET_CONTRACT_ANSWER_MAX + READ_SIZE);
	talk->answer_us = options->answer_us;
	talk->deadline_us = SESSION_DEADLINE_NEVER;
	session.command = "contract";
	r = session_new(&session, &talk->session, err);
	if (r < 0)
		return r;
	*ret = TAKE(talk);
	return 0;
}

void talk_free(struct talk *talk)
{
	if (!talk)
		return;
	session_free(talk->session);
	buf_done(&talk->in);
	free(talk->line);
	free(talk);
}

struct session *talk_session(struct talk *talk)
{
	return talk->session;
}

int talk_ask(struct talk *talk, const struct fleet_contract_request *request, struct err *err)
{
	struct fleet_contract_request mine = *request;
	cleanup_free char *text = NULL;
	char *line;
	int r;

	if (talk->id)
		return err_set(err, ERR_BUG, EBUSY, "ask box: the answer before is still to come");
	mine.id = ++talk->last_id;
	r = fleet_contract_request_format(&mine, &text, err);
	if (r < 0)
		return r;
	line = str_printf("%s\n", text);
	if (!line)
		return err_oom(err);
	talk->id = mine.id;
	talk->line = line;
	talk->sent = 0;
	talk->deadline_us = SESSION_DEADLINE_NEVER;
	return 0;
}

static int fail(struct talk *talk, enum fault fault, int code, const char *what, struct err *err)
{
	talk->fault = fault;
	return err_set(err, ERR_NETWORK, code, "read answer: %s", what);
}

static int send_request(struct talk *talk, uint64_t now_us, struct err *err)
{
	size_t size = talk->line ? strlen(talk->line) : 0;

	while (talk->sent < size) {
		ssize_t n = session_write(
			talk->session, talk->line + talk->sent, size - talk->sent, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		talk->sent += (size_t)n;
	}
	if (talk->line && talk->sent == size) {
		free(TAKE(talk->line));
		talk->deadline_us = now_us + talk->answer_us;
	}
	return 0;
}

/* Takes one whole line out of what has come: 1 and an answer, or 0. */
static int take_line(struct talk *talk, struct fleet_contract_answer *ret, struct err *err)
{
	uint8_t *end = NULL;
	size_t size;
	int r;

	if (talk->in.size > talk->searched)
		end = memchr(talk->in.data + talk->searched, '\n', talk->in.size - talk->searched);
	if (!end) {
		talk->searched = talk->in.size;
		if (talk->in.size > FLEET_CONTRACT_ANSWER_MAX)
			return fail(talk, FAULT_ANSWER, EFBIG, "a line is too long", err);
		return 0;
	}
	size = (size_t)(end - talk->in.data);
	talk->searched = 0;
	r = fleet_contract_answer_parse((const char *)talk->in.data, size, ret, err);
	buf_consume(&talk->in, size + 1);
	if (r < 0) {
		talk->fault = FAULT_ANSWER;
		return r;
	}
	if (talk->id == 0 || ret->id != talk->id) {
		fleet_contract_answer_done(ret);
		return fail(talk, FAULT_ANSWER, EBADMSG, "it answers what was not asked", err);
	}
	talk->heard = true;
	if (!ret->is_event)
		talk->id = 0;
	return 1;
}

/* What the command says on stderr explains why it ended. */
static void read_complaint(struct talk *talk)
{
	char data[1024];
	struct err ignored = ERR_INIT;
	ssize_t n;

	for (int i = 0; i < 16; i++) {
		size_t room = COMPLAINT_MAX - talk->complaint_size;

		n = session_read(talk->session, 1, data, sizeof(data), &ignored);
		if (n <= 0)
			return;
		memcpy(talk->complaint + talk->complaint_size, data,
			(size_t)n < room ? (size_t)n : room);
		talk->complaint_size += (size_t)n < room ? (size_t)n : room;
	}
}

static int ended_early(struct talk *talk, struct err *err)
{
	bool spoke = talk->heard || talk->in.size > 0;

	read_complaint(talk);
	talk->complaint[talk->complaint_size] = '\0';
	str_sanitize(talk->complaint);
	return fail(talk, spoke ? FAULT_ANSWER : FAULT_COMMAND, ECONNRESET,
		talk->complaint[0] ? talk->complaint : "the connection ended", err);
}

/* Reads until there is a line, nothing is there, or it is over. */
static int read_line(struct talk *talk, struct fleet_contract_answer *ret, struct err *err)
{
	int r;

	/* Each read makes libssh take packets of both streams off the socket, where poll would have
	 * told of them; so the stream that matters is read last. */
	read_complaint(talk);
	r = take_line(talk, ret, err);
	while (r == 0) {
		char data[READ_SIZE];
		ssize_t n = session_read(talk->session, 0, data, sizeof(data), err);

		if (n == -EAGAIN)
			return 0;
		if (n < 0) {
			talk->fault = FAULT_ANSWER;
			return (int)n;
		}
		if (n == 0)
			return ended_early(talk, err);
		r = buf_add(&talk->in, data, (size_t)n, err);
		if (r == 0)
			r = take_line(talk, ret, err);
	}
	return r;
}

int talk_step(
	struct talk *talk, uint64_t now_us, struct fleet_contract_answer *ret, struct err *err)
{
	int r = session_step(talk->session, now_us, err);

	if (r <= 0) {
		talk->fault = session_fault(talk->session);
		return r;
	}
	r = send_request(talk, now_us, err);
	if (r < 0) {
		talk->fault = FAULT_ANSWER;
		return r;
	}
	r = read_line(talk, ret, err);
	if (r > 0 && ret->is_event)
		talk->deadline_us = now_us + talk->answer_us;
	if (r == 0 && talk->id && now_us >= talk->deadline_us)
		return fail(talk, FAULT_SLOW, ETIMEDOUT, "none in time", err);
	return r;
}

void talk_set_limit(struct talk *talk, uint64_t answer_us)
{
	if (talk->deadline_us != SESSION_DEADLINE_NEVER)
		talk->deadline_us += answer_us - talk->answer_us;
	talk->answer_us = answer_us;
}

enum fault talk_fault(const struct talk *talk)
{
	return talk->fault == FAULT_NONE ? FAULT_CONSOLE : talk->fault;
}

short talk_events(struct talk *talk)
{
	/* A full window opens by a packet from the box, so nothing is added for it. */
	return session_events(talk->session);
}

uint64_t talk_deadline_us(struct talk *talk)
{
	uint64_t session = session_deadline_us(talk->session);

	return talk->id && talk->deadline_us < session ? talk->deadline_us : session;
}

void talk_extend(struct talk *talk, uint64_t extra_us)
{
	session_extend(talk->session, extra_us);
	if (talk->deadline_us != SESSION_DEADLINE_NEVER)
		talk->deadline_us += extra_us;
}

/* --- blocking --- */

static int wait_once(struct talk *talk, const struct clock *clock)
{
	struct pollfd poll_fd = {.fd = session_fd(talk->session), .events = talk_events(talk)};
	uint64_t now = clock_monotonic_us(clock), deadline = talk_deadline_us(talk), left;

	left = deadline > now ? deadline - now : 0;
	if (left > 60000000)
		left = 60000000;
	return poll(&poll_fd, 1, (int)((left + 999) / 1000));
}

int talk_wait(struct talk *talk, const struct clock *clock, struct fleet_contract_answer *ret,
	struct err *err)
{
	int r;

	session_permit(talk->session, clock_monotonic_us(clock));
	for (;;) {
		r = talk_step(talk, clock_monotonic_us(clock), ret, err);
		if (r != 0)
			return r;
		if (wait_once(talk, clock) < 0 && errno != EINTR) {
			talk->fault = FAULT_CONSOLE;
			return err_errno(err, errno, "wait for box");
		}
	}
}

int talk_wait_open(struct talk *talk, const struct clock *clock, struct err *err)
{
	int r;

	session_permit(talk->session, clock_monotonic_us(clock));
	for (;;) {
		r = session_step(talk->session, clock_monotonic_us(clock), err);
		if (r < 0)
			talk->fault = session_fault(talk->session);
		if (r != 0)
			return r;
		if (wait_once(talk, clock) < 0 && errno != EINTR) {
			talk->fault = FAULT_CONSOLE;
			return err_errno(err, errno, "wait for box");
		}
	}
}
