#include "console/fleet/sweep.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "console/fleet/talk.h"
#include "fleet/contract.h"

#define OPERATOR_USER "nexus-operator"
#define LOOK_UP_US 5000000u
#define TICK_US 50000u /* how often deadlines are looked at */
#define LATE_US 150000u /* a turn of the loop that took longer than tick and this was held up */
#define EVENTS_MAX 128
#define BANNERS_MAX 128 /* connected and still waiting for a banner: each costs the other side */
#define SECONDS_MAX 64 /* under way in the round of second chances */
#define FDS_SPARE 64 /* descriptors left for everything else */

struct slot {
	struct sweep *sweep;
	const struct inventory_box *box;
	struct sweep_result *result;
	struct talk *talk; /* owned; NULL before and after */
	uint64_t begun_us;
	bool holds_session; /* counts in sessions, otherwise in dials */
	bool awaits_banner; /* counts in banners too */
	bool second; /* this is its second chance */
	size_t active_at; /* place in the list of active slots */
};

struct sweep {
	const struct sweep_options *options;
	struct slot *slots;
	struct address_lookup *lookups;
	size_t count, begun, done;
	struct slot **active; /* begun and not done */
	size_t active_count, dials, banners, sessions, dials_max, sessions_max;
	struct slot **again; /* slots that get a second chance at the end */
	size_t again_count;
	struct slot **waiting; /* ring of dialed slots that wait for a session */
	size_t waiting_head, waiting_count;
	struct fleet_status *scratch;
	int epoll;
	uint64_t end_us;
	bool ending; /* no more chances */
};

static uint64_t now_of(const struct sweep *sweep)
{
	return clock_monotonic_us(sweep->options->clock);
}

static void set_awaits_banner(struct slot *slot, bool awaits)
{
	if (awaits && !slot->awaits_banner)
		slot->sweep->banners++;
	if (!awaits && slot->awaits_banner)
		slot->sweep->banners--;
	slot->awaits_banner = awaits;
}

/* Ends what the slot has under way. */
static void leave(struct slot *slot)
{
	struct sweep *sweep = slot->sweep;

	set_awaits_banner(slot, false);
	talk_free(TAKE(slot->talk));
	if (slot->holds_session)
		sweep->sessions--;
	else
		sweep->dials--;
	sweep->active[slot->active_at] = sweep->active[--sweep->active_count];
	sweep->active[slot->active_at]->active_at = slot->active_at;
}

/* A box that took the connection and said nothing may only have been busy, perhaps by us: it is
 * asked once more when the others are done. */
static void finish(struct slot *slot, enum fault fault)
{
	struct sweep *sweep = slot->sweep;

	leave(slot);
	slot->result->fault = fault;
	slot->result->took_us = now_of(sweep) - slot->begun_us;
	if (fault == FAULT_SILENT && !slot->second && !sweep->ending) {
		slot->second = true;
		sweep->again[sweep->again_count++] = slot;
		return;
	}
	sweep->done++;
	if (sweep->options->finished)
		sweep->options->finished(sweep->options->context, sweep->done, sweep->count);
}

static int check_host(void *context, const void *blob, size_t size,
	struct session_identity **ret_identity, struct err *err)
{
	const struct slot *slot = context;

	if (size != slot->box->host_key_size || memcmp(blob, slot->box->host_key, size) != 0)
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"check host key: not the one of the adoption");
	*ret_identity = slot->sweep->options->identity;
	return 0;
}

/* Keeps the status document of an answer, once it has proved to be one of this box. */
static enum fault keep_answer(struct slot *slot, const struct fleet_contract_answer *answer)
{
	struct fleet_status *status = slot->sweep->scratch;
	struct err *err = &slot->result->err;

	if (!answer->is_event && !answer->ok) {
		*err = answer->why;
		return FAULT_BOX;
	}
	if (fleet_contract_answer_status(answer, status, err) < 0)
		return FAULT_ANSWER;
	if (strcmp(status->box.id, slot->box->box_id) != 0) {
		err_set(err, ERR_CORRUPT, EBADMSG, "read status: it is of another box");
		return FAULT_ANSWER;
	}
	/* As we understood it: bounded and harmless, whatever the box sent. */
	if (fleet_status_format(status, &slot->result->status, err) < 0)
		return FAULT_CONSOLE;
	return FAULT_NONE;
}

/* Tells epoll what the slot waits for. A dial may have closed one socket and opened the next
 * under the same number, which epoll has forgotten by then. */
static int watch(struct slot *slot)
{
	int fd = session_fd(talk_session(slot->talk)), epoll = slot->sweep->epoll;
	short events = talk_events(slot->talk);
	struct epoll_event event = {.data.ptr = slot};

	if (fd < 0)
		return 0;
	event.events = (uint32_t)(unsigned short)events; /* POLLIN is EPOLLIN, POLLOUT EPOLLOUT */
	if (events == 0) {
		(void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static void advance(struct slot *slot, uint64_t now_us)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	struct sweep *sweep = slot->sweep;
	enum session_phase before = session_phase(talk_session(slot->talk)), after;
	int r;

	r = talk_step(slot->talk, now_us, &answer, &slot->result->err);
	if (r < 0) {
		finish(slot, talk_fault(slot->talk));
		return;
	}
	if (r > 0) {
		finish(slot, keep_answer(slot, &answer));
		return;
	}
	after = session_phase(talk_session(slot->talk));
	set_awaits_banner(slot, after == SESSION_GREETING);
	if (before < SESSION_DIALED && after == SESSION_DIALED) {
		size_t at = (sweep->waiting_head + sweep->waiting_count++) % sweep->count;

		sweep->waiting[at] = slot;
	}
	r = watch(slot);
	if (r < 0) {
		err_errno(&slot->result->err, r, "watch connection");
		finish(slot, FAULT_CONSOLE);
	}
}

static int ask_status(struct slot *slot, const struct address_lookup *lookup, struct err *err)
{
	const struct sweep_options *options = slot->sweep->options;
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_STATUS};
	struct talk_options talk = {
		.session = {.lookup = lookup,
			.user = OPERATOR_USER,
			.host = check_host,
			.context = slot,
			.limits = options->limits},
		.answer_us = options->answer_us,
	};
	int r;

	r = talk_new(&talk, &slot->talk, err);
	return r < 0 ? r : talk_ask(slot->talk, &request, err);
}

static void begin(struct slot *slot, uint64_t now_us)
{
	struct sweep *sweep = slot->sweep;
	int r;

	slot->begun_us = now_us;
	slot->active_at = sweep->active_count;
	sweep->active[sweep->active_count++] = slot;
	sweep->dials++;
	r = ask_status(slot, &sweep->lookups[slot - sweep->slots], &slot->result->err);
	if (r < 0)
		finish(slot, FAULT_CONSOLE);
	else
		advance(slot, now_us);
}

static void fill_windows(struct sweep *sweep, uint64_t now_us)
{
	while (sweep->waiting_count > 0 && sweep->sessions < sweep->sessions_max) {
		struct slot *slot = sweep->waiting[sweep->waiting_head];

		sweep->waiting_head = (sweep->waiting_head + 1) % sweep->count;
		sweep->waiting_count--;
		slot->holds_session = true;
		sweep->sessions++;
		sweep->dials--;
		session_permit(talk_session(slot->talk), now_us);
		advance(slot, now_us);
	}
	while (sweep->dials < sweep->dials_max && sweep->banners < BANNERS_MAX) {
		if (sweep->begun < sweep->count)
			begin(&sweep->slots[sweep->begun++], now_us);
		else if (sweep->again_count > 0 && sweep->active_count < SECONDS_MAX)
			begin(sweep->again[--sweep->again_count], now_us);
		else
			return;
	}
}

/* Goes through all that is under way, backwards because finish moves the last one forward. */
static void check_deadlines(struct sweep *sweep, uint64_t now_us)
{
	for (size_t i = sweep->active_count; i-- > 0;)
		if (i < sweep->active_count && talk_deadline_us(sweep->active[i]->talk) <= now_us)
			advance(sweep->active[i], now_us);
}

static void extend_all(struct sweep *sweep, uint64_t extra_us)
{
	for (size_t i = 0; i < sweep->active_count; i++)
		talk_extend(sweep->active[i]->talk, extra_us);
}

static void give_up(struct sweep *sweep)
{
	sweep->ending = true;
	while (sweep->active_count > 0) {
		struct slot *slot = sweep->active[0];

		err_set(&slot->result->err, ERR_NETWORK, ETIMEDOUT,
			"ask box: the time for the whole sweep is over");
		finish(slot, FAULT_SLOW);
	}
	for (; sweep->begun < sweep->count; sweep->begun++) {
		struct sweep_result *result = sweep->slots[sweep->begun].result;

		result->fault = FAULT_SLOW;
		err_set(&result->err, ERR_NETWORK, ETIMEDOUT,
			"ask box: its turn did not come within the time for the sweep");
	}
}

static int run(struct sweep *sweep, struct err *err)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t turn = now_of(sweep), checked = turn, now;

	while (sweep->done < sweep->count) {
		int n;

		fill_windows(sweep, turn);
		n = epoll_wait(sweep->epoll, events, EVENTS_MAX, TICK_US / 1000);
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, "wait for boxes");
		now = now_of(sweep);
		if (now - turn > TICK_US + LATE_US) /* we were held up: not the boxes' fault */
			extend_all(sweep, now - turn - TICK_US);
		turn = now;
		for (int i = 0; i < n; i++) {
			struct slot *slot = events[i].data.ptr;

			if (slot->talk)
				advance(slot, now);
		}
		if (now - checked >= TICK_US) {
			check_deadlines(sweep, now);
			checked = now;
		}
		if (sweep->end_us && now >= sweep->end_us) {
			give_up(sweep);
			return 0;
		}
	}
	return 0;
}

/* --- setting up --- */

/* As many descriptors as we may have, and windows that fit into them. */
static void set_windows(struct sweep *sweep)
{
	struct rlimit limit;
	size_t room;

	sweep->dials_max = sweep->options->dials_max ? sweep->options->dials_max : 512;
	sweep->sessions_max = sweep->options->sessions_max ? sweep->options->sessions_max : 128;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	room = limit.rlim_cur > FDS_SPARE + 4 ? (size_t)limit.rlim_cur - FDS_SPARE : 4;
	if (sweep->dials_max + sweep->sessions_max <= room)
		return;
	if (sweep->sessions_max > room / 2)
		sweep->sessions_max = room / 2;
	sweep->dials_max = room - sweep->sessions_max;
}

static int look_up(struct sweep *sweep, const struct inventory_box *boxes, struct err *err)
{
	cleanup_free struct address *addresses = calloc(sweep->count, sizeof(*addresses));

	if (!addresses)
		return err_oom(err);
	for (size_t i = 0; i < sweep->count; i++)
		addresses[i] = boxes[i].address;
	return address_look_up(addresses, sweep->count, LOOK_UP_US, sweep->lookups, err);
}

static int sweep_init(struct sweep *sweep, const struct inventory_box *boxes,
	struct sweep_result *results, struct err *err)
{
	sweep->slots = calloc(sweep->count, sizeof(*sweep->slots));
	sweep->lookups = calloc(sweep->count, sizeof(*sweep->lookups));
	sweep->active = calloc(sweep->count, sizeof(struct slot *));
	sweep->waiting = calloc(sweep->count, sizeof(struct slot *));
	sweep->again = calloc(sweep->count, sizeof(struct slot *));
	sweep->scratch = calloc(1, sizeof(*sweep->scratch));
	if (!sweep->slots || !sweep->lookups || !sweep->active || !sweep->waiting ||
		!sweep->again || !sweep->scratch)
		return err_oom(err);
	for (size_t i = 0; i < sweep->count; i++) {
		results[i] = (struct sweep_result){0};
		sweep->slots[i] =
			(struct slot){.sweep = sweep, .box = &boxes[i], .result = &results[i]};
	}
	sweep->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sweep->epoll < 0)
		return err_errno(err, errno, "make epoll");
	set_windows(sweep);
	return look_up(sweep, boxes, err);
}

static void sweep_done(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->active_count; i++)
		talk_free(sweep->active[i]->talk);
	free(sweep->slots);
	free(sweep->lookups);
	free(sweep->active);
	free(sweep->waiting);
	free(sweep->again);
	free(sweep->scratch);
	if (sweep->epoll >= 0)
		close(sweep->epoll);
}

int sweep_boxes(const struct inventory_box *boxes, size_t count,
	const struct sweep_options *options, struct sweep_result *ret_results, struct err *err)
{
	struct sweep sweep = {.options = options, .count = count, .epoll = -1};
	int r;

	if (count == 0)
		return 0;
	r = sweep_init(&sweep, boxes, ret_results, err);
	if (r == 0) {
		if (options->sweep_us)
			sweep.end_us = now_of(&sweep) + options->sweep_us;
		r = run(&sweep, err);
	}
	sweep_done(&sweep);
	return r;
}

void sweep_results_done(struct sweep_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(results[i].status);
		results[i].status = NULL;
	}
}
