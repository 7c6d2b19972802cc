#include "console/fleet/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"

static bool host_is_fine(const char *host)
{
	size_t size = strlen(host);

	if (size == 0 || size >= ADDRESS_HOST_SIZE || host[0] == '-')
		return false;
	for (; *host; host++)
		if (*host <= ' ' || *host > '~' || strchr("/@[]\"'\\", *host))
			return false;
	return true;
}

static int refuse(const char *why, struct err *err)
{
	return err_set(err, ERR_CONFIG, EINVAL, "read address: %s", why);
}

int address_parse(const char *text, uint16_t default_port, struct address *ret, struct err *err)
{
	struct address address = {.port = default_port};
	const char *port = NULL, *end = text + strlen(text), *colon;
	uint64_t number;
	size_t size;

	if (text[0] == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return refuse(
				"after '[' comes an IPv6 address, ']' and perhaps ':port'", err);
		port = end[1] ? end + 2 : NULL;
	} else {
		colon = strchr(text, ':');
		if (colon && !strchr(colon + 1, ':')) { /* two colons: bare IPv6 */
			end = colon;
			port = colon + 1;
		}
	}
	size = (size_t)(end - text);
	if (size >= sizeof(address.host))
		return refuse("the host name is too long", err);
	memcpy(address.host, text, size);
	if (!host_is_fine(address.host))
		return refuse("write it as host, host:port, 10.0.0.5 or [::1]:22", err);
	if (port) {
		int r = parse_u64(port, 1, 65535, &number, err);

		if (r < 0)
			return err_wrap(err, "read port of address");
		address.port = (uint16_t)number;
	}
	*ret = address;
	return 0;
}

void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_SIZE])
{
	bool v6 = strchr(address->host, ':') != NULL;

	if (address->port == 22)
		snprintf(ret_text, ADDRESS_TEXT_SIZE, "%.255s", address->host);
	else
		snprintf(ret_text, ADDRESS_TEXT_SIZE, "%s%.255s%s:%u", v6 ? "[" : "", address->host,
			v6 ? "]" : "", address->port);
}

static bool numeric(const struct address *address, struct address_lookup *ret)
{
	union address_socket *s = &ret->sockets[0];

	if (inet_pton(AF_INET, address->host, &s->v4.sin_addr) == 1) {
		s->v4.sin_family = AF_INET;
		s->v4.sin_port = htons(address->port);
	} else if (inet_pton(AF_INET6, address->host, &s->v6.sin6_addr) == 1) {
		s->v6.sin6_family = AF_INET6;
		s->v6.sin6_port = htons(address->port);
	} else {
		return false;
	}
	ret->count = 1;
	return true;
}

/* One question to the resolver. It lives on the heap: past its time glibc's own thread may still
 * write into it, and then it is left to it. */
struct question {
	struct gaicb gai;
	struct addrinfo hints;
	char host[ADDRESS_HOST_SIZE], port[8];
};

static struct question *question_new(const struct address *address)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	memcpy(q->host, address->host, sizeof(q->host));
	snprintf(q->port, sizeof(q->port), "%u", address->port);
	q->hints = (struct addrinfo){
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	q->gai = (struct gaicb){.ar_name = q->host, .ar_service = q->port, .ar_request = &q->hints};
	return q;
}

/* gai_strerror follows the locale; a chain is English. */
static const char *reason_of(int result)
{
	switch (result) {
	case EAI_INPROGRESS:
		return "no answer in time";
	case EAI_NONAME:
	case EAI_NODATA:
		return "no such name";
	case EAI_AGAIN:
		return "no name server answers";
	default:
		return "the look-up failed";
	}
}

static void take_answer(struct question *q, struct address_lookup *ret)
{
	int result = gai_error(&q->gai);

	if (result == EAI_INPROGRESS && gai_cancel(&q->gai) != EAI_CANCELED &&
		gai_error(&q->gai) == EAI_INPROGRESS) {
		err_set(&ret->why, ERR_NETWORK, ETIMEDOUT, "look up %s: no answer in time",
			q->host);
		return;
	}
	if (result != 0)
		err_set(&ret->why, ERR_NETWORK, ENOENT, "look up %s: %s", q->host,
			reason_of(result));
	for (struct addrinfo *i = result == 0 ? q->gai.ar_result : NULL;
		i && ret->count < ADDRESS_SOCKETS_MAX; i = i->ai_next)
		if (i->ai_addrlen <= sizeof(ret->sockets[0]))
			memcpy(&ret->sockets[ret->count++], i->ai_addr, i->ai_addrlen);
	if (result == 0 && q->gai.ar_result)
		freeaddrinfo(q->gai.ar_result);
	free(q);
}

/* Waits until all questions are answered or time is up. */
static void wait_for(struct question **questions, size_t count, uint64_t timeout_us)
{
	uint64_t end = clock_monotonic_us(&clock_system) + timeout_us, now;

	for (size_t i = 0; i < count; i++)
		while (questions[i] && gai_error(&questions[i]->gai) == EAI_INPROGRESS) {
			const struct gaicb *one[1] = {&questions[i]->gai};
			struct timespec left;

			now = clock_monotonic_us(&clock_system);
			if (now >= end)
				return;
			left = (struct timespec){.tv_sec = (time_t)((end - now) / 1000000),
				.tv_nsec = (long)((end - now) % 1000000) * 1000};
			if (gai_suspend(one, 1, &left) == EAI_AGAIN)
				return;
		}
}

int address_look_up(const struct address *addresses, size_t count, uint64_t timeout_us,
	struct address_lookup *ret_lookups, struct err *err)
{
	cleanup_free struct question **questions =
		calloc(count ? count : 1, sizeof(struct question *));

	if (!questions)
		return err_oom(err);
	for (size_t i = 0; i < count; i++) {
		struct gaicb *list[1];

		ret_lookups[i] = (struct address_lookup){0};
		if (numeric(&addresses[i], &ret_lookups[i]))
			continue;
		questions[i] = question_new(&addresses[i]);
		if (!questions[i])
			continue;
		list[0] = &questions[i]->gai;
		if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
			free(questions[i]);
			questions[i] = NULL;
		}
	}
	wait_for(questions, count, timeout_us);
	for (size_t i = 0; i < count; i++) {
		if (questions[i])
			take_answer(questions[i], &ret_lookups[i]);
		else if (ret_lookups[i].count == 0)
			err_oom(&ret_lookups[i].why);
	}
	return 0;
}
