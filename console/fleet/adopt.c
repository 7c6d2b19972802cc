#include "console/fleet/adopt.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "console/fleet/ask.h"
#include "console/fleet/talk.h"
#include "crypto/ssh_key.h"
#include "fleet/contract.h"

#define ADOPTION_USER "nexus-adopt"
#define TRIES 3
/* A box may show this to the adoption login before it refuses it (sshd's Banner), so that a
 * mistyped code and a box that is somebody's can be told apart. */
#define NOTICE_ADOPTED "nexus-adoption: adopted"

struct adoption {
	const struct adopt_options *options;
	struct session_identity *login; /* owned; made when the host key is known */
	struct session_identity *next; /* borrowed: which identity this connection uses */
	uint8_t host_key[INVENTORY_HOST_KEY_MAX];
	size_t host_key_size; /* 0: no host key has matched the code yet */
	bool wrong_host;
	bool notice_adopted;
	enum fault fault;
	struct fleet_contract_adopted adopted;
};

/* --- host key and login key --- */

static int make_login(struct adoption *adoption, struct err *err)
{
	uint8_t seed[SSH_KEY_ED25519_SIZE], public[SSH_KEY_ED25519_SIZE];
	char *text = NULL;
	int r;

	r = fleet_adoption_login_key(adoption->options->code->secret, adoption->host_key,
		adoption->host_key_size, seed, public, err);
	if (r == 0)
		r = ssh_key_ed25519_private_format(seed, NULL, &text, err);
	if (r == 0)
		r = session_identity_parse(text, &adoption->login, err);
	explicit_bzero(seed, sizeof(seed));
	ssh_key_secret_free(text);
	return r;
}

/* The first connection proves the key by the code; later ones must meet the same key. */
static int check_host(void *context, const void *blob, size_t size,
	struct session_identity **ret_identity, struct err *err)
{
	struct adoption *adoption = context;
	int r = 0;

	if (size > sizeof(adoption->host_key))
		return err_set(err, ERR_NETWORK, EPROTO, "check host key: it is too large");
	if (adoption->host_key_size == 0) {
		r = fleet_adoption_code_check_host(adoption->options->code, blob, size, err);
		adoption->wrong_host = r == -EKEYREJECTED;
		if (r < 0)
			return r;
		memcpy(adoption->host_key, blob, size);
		adoption->host_key_size = size;
		r = make_login(adoption, err);
	} else if (size != adoption->host_key_size || memcmp(blob, adoption->host_key, size) != 0) {
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"check host key: it changed between two connections");
	}
	*ret_identity = adoption->next ? adoption->next : adoption->login;
	return r;
}

/* --- one connection --- */

/* Connects as user, asks once and gives the answer; adoption->fault says what failed. */
static int ask_as(struct adoption *adoption, const char *user,
	const struct fleet_contract_request *request, struct fleet_contract_answer *ret,
	struct err *err)
{
	const struct adopt_options *options = adoption->options;
	cleanup_talk struct talk *talk = NULL;
	struct address_lookup lookup;
	struct talk_options talk_options = {
		.session = {.lookup = &lookup,
			.user = user,
			.host = check_host,
			.context = adoption,
			.limits = session_limits_of(options->timeout_us)},
		.answer_us = options->timeout_us,
	};
	int r;

	adoption->fault = FAULT_CONSOLE;
	r = ask_look_up(options->address, &lookup, err);
	if (r == 0)
		r = talk_new(&talk_options, &talk, err);
	if (r == 0)
		r = talk_ask(talk, request, err);
	if (r < 0)
		return r;
	r = talk_wait(talk, options->clock, ret, err);
	if (r < 0) {
		cleanup_free char *notice = session_notice(talk_session(talk));

		adoption->fault = talk_fault(talk);
		if (notice && strstr(notice, NOTICE_ADOPTED))
			adoption->notice_adopted = true;
		return r;
	}
	adoption->fault = FAULT_NONE;
	return 0;
}

/* Hands our key over through the adoption login. */
static int hand_over(struct adoption *adoption, struct err *err)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_ADOPT};
	const struct adopt_options *options = adoption->options;
	int r;

	snprintf(request.operator_key, sizeof(request.operator_key), "%s",
		options->home->public_line);
	home_host_name(request.console);
	snprintf(request.name, sizeof(request.name), "%s", options->name ? options->name : "");
	adoption->next = NULL;
	r = ask_as(adoption, ADOPTION_USER, &request, &answer, err);
	if (r < 0)
		return r;
	if (!answer.ok) {
		adoption->fault = FAULT_BOX;
		*err = answer.why;
		return err->code ? -err->code : -EIO;
	}
	r = fleet_contract_answer_adopted(&answer, &adoption->adopted, err);
	if (r < 0)
		adoption->fault = FAULT_ANSWER;
	return r;
}

/* Looks whether the box already lets our operator's key in: 0 and who it is. */
static int recognise(struct adoption *adoption, struct err *err)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_STATUS};
	struct fleet_contract_adopted *adopted = &adoption->adopted;
	int r;

	if (!status)
		return err_oom(err);
	adoption->next = adoption->options->home->identity;
	r = ask_as(adoption, ASK_OPERATOR_USER, &request, &answer, err);
	if (r < 0)
		return r;
	r = fleet_contract_answer_status(&answer, status, err);
	if (r < 0) {
		adoption->fault = answer.ok ? FAULT_ANSWER : FAULT_BOX;
		return r;
	}
	memcpy(adopted->box_id, status->box.id, sizeof(adopted->box_id));
	memcpy(adopted->name, status->box.name, sizeof(adopted->name));
	memcpy(adopted->version, status->box.version, sizeof(adopted->version));
	memcpy(adopted->distribution, status->box.distribution, sizeof(adopted->distribution));
	return 0;
}

/* --- the whole of it --- */

/* True when the request may have reached the box although no answer came. */
static bool answer_lost(enum fault fault)
{
	return fault == FAULT_ANSWER || fault == FAULT_SLOW || fault == FAULT_COMMAND;
}

static int refused(struct adoption *adoption, struct adopt_result *ret, int r)
{
	ret->fault = adoption->fault;
	if (adoption->wrong_host)
		ret->end = ADOPT_WRONG_HOST;
	else if (adoption->fault == FAULT_LOGIN)
		ret->end = adoption->notice_adopted ? ADOPT_TAKEN : ADOPT_WRONG_SECRET;
	else
		ret->end = ADOPT_FAILED;
	return r;
}

static int exchange(struct adoption *adoption, struct adopt_result *ret, struct err *err)
{
	struct err second = ERR_INIT;
	int r = -EIO;

	for (int i = 0; i < TRIES; i++) {
		enum fault first;

		r = hand_over(adoption, err);
		if (r == 0) {
			ret->end = ADOPT_DONE;
			return 0;
		}
		first = adoption->fault;
		if (adoption->host_key_size == 0 || (first != FAULT_LOGIN && !answer_lost(first)))
			return refused(adoption, ret, r);
		if (recognise(adoption, &second) == 0) {
			ret->end = ADOPT_KNOWN;
			return 0;
		}
		if (first == FAULT_LOGIN) {
			adoption->fault = first;
			return refused(adoption, ret, r);
		}
		adoption->fault = first;
	}
	return refused(adoption, ret, r);
}

static int keep(struct adoption *adoption, struct adopt_result *ret, struct err *err)
{
	const struct adopt_options *options = adoption->options;
	struct inventory_box *box = &ret->box;
	const char *wanted = options->name ? options->name : adoption->adopted.name;
	int r;

	if (!inventory_name_valid(wanted))
		wanted = "nexus";
	memcpy(box->box_id, adoption->adopted.box_id, sizeof(box->box_id));
	box->address = *options->address;
	memcpy(box->host_key, adoption->host_key, adoption->host_key_size);
	box->host_key_size = adoption->host_key_size;
	box->adopted_s = (int64_t)(clock_realtime_us(options->clock) / 1000000);
	r = inventory_free_name(options->inventory, wanted, box->box_id, box->name, err);
	if (r == 0)
		r = inventory_put(options->inventory, box, err);
	ret->renamed = !str_equal(box->name, wanted);
	memcpy(ret->version, adoption->adopted.version, sizeof(ret->version));
	memcpy(ret->distribution, adoption->adopted.distribution, sizeof(ret->distribution));
	return r;
}

/* A wanted name that another box has is refused before anything is sent. It may be this box's
 * own from an earlier adoption, which is known only later: then its host key is the same. */
static int check_name(
	const struct adopt_options *options, struct adopt_result *ret, struct err *err)
{
	cleanup_inventory_box struct inventory_box other = {0};
	int r;

	if (!options->name)
		return 0;
	r = inventory_find(options->inventory, options->name, &other, err);
	if (r == -ENOENT || (r == 0 && strcasecmp(other.name, options->name) != 0))
		return 0;
	if (r == 0 && fleet_adoption_code_check_host(
			      options->code, other.host_key, other.host_key_size, err) == 0)
		return 0;
	ret->end = ADOPT_NAME_TAKEN;
	return err_set(err, ERR_CONFIG, EEXIST, "name box '%.64s': another box has this name",
		options->name);
}

int adopt_box(const struct adopt_options *options, struct adopt_result *ret, struct err *err)
{
	struct adoption adoption = {.options = options};
	int r;

	*ret = (struct adopt_result){.end = ADOPT_FAILED, .fault = FAULT_CONSOLE};
	r = check_name(options, ret, err);
	if (r < 0)
		return r;
	r = exchange(&adoption, ret, err);
	if (r == 0) {
		r = keep(&adoption, ret, err);
		if (r < 0) {
			ret->end = ADOPT_FAILED;
			ret->fault = FAULT_CONSOLE;
		}
	}
	session_identity_free(adoption.login);
	return r;
}
