#include "console/fleet/ask.h"

#include <errno.h>
#include <string.h>

int ask_check_host(void *context, const void *blob, size_t size,
	struct session_identity **ret_identity, struct err *err)
{
	const struct ask *ask = context;

	if (size != ask->box->host_key_size || memcmp(blob, ask->box->host_key, size) != 0)
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"check host key: not the one of the adoption");
	*ret_identity = ask->identity;
	return 0;
}

int ask_look_up(const struct address *address, struct address_lookup *ret_lookup, struct err *err)
{
	return address_look_up(address, 1, ASK_LOOK_UP_US, ret_lookup, err);
}

int ask_open(struct ask *ask, struct talk **ret, enum fault *ret_fault, struct err *err)
{
	cleanup_talk struct talk *talk = NULL;
	struct address_lookup lookup;
	struct talk_options options = {
		.session = {.lookup = &lookup,
			.user = ASK_OPERATOR_USER,
			.host = ask_check_host,
			.context = ask,
			.limits = session_limits_of(ask->timeout_us)},
		.answer_us = ask->timeout_us,
	};
	int r;

	*ret_fault = FAULT_CONSOLE;
	r = ask_look_up(&ask->box->address, &lookup, err);
	if (r == 0)
		r = talk_new(&options, &talk, err);
	if (r < 0)
		return r;
	r = talk_wait_open(talk, ask->clock, err);
	if (r < 0) {
		*ret_fault = talk_fault(talk);
		return r;
	}
	*ret_fault = FAULT_NONE;
	*ret = TAKE(talk);
	return 0;
}

int ask_next(struct ask *ask, struct talk *talk, struct fleet_contract_answer *ret,
	enum fault *ret_fault, struct err *err)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	int r;

	r = talk_wait(talk, ask->clock, &answer, err);
	if (r < 0) {
		*ret_fault = talk_fault(talk);
		return r;
	}
	if (!answer.is_event && !answer.ok) {
		*ret_fault = FAULT_BOX;
		*err = answer.why;
		return err->code ? -err->code : -EIO;
	}
	*ret = answer;
	answer = (struct fleet_contract_answer){0};
	*ret_fault = FAULT_NONE;
	return 0;
}

int ask_request(struct ask *ask, struct talk *talk, const struct fleet_contract_request *request,
	struct fleet_contract_answer *ret, enum fault *ret_fault, struct err *err)
{
	int r;

	*ret_fault = FAULT_CONSOLE;
	r = talk_ask(talk, request, err);
	return r < 0 ? r : ask_next(ask, talk, ret, ret_fault, err);
}
