/* Who this box is and to whom it belongs: identity.json, adoption.json and operator.keys in
 * /var/lib/nexus-agent. The installer makes the first two; what is missing is made here. */
#ifndef NEXUS_AGENT_COMMON_IDENTITY_H
#define NEXUS_AGENT_COMMON_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/contract.h"

#define IDENTITY_SECRET_SIZE 9
#define IDENTITY_KEYS_FILE "operator.keys"
#define IDENTITY_KEYS_MAX (64u << 10) /* bytes of operator.keys */

struct identity {
	char box_id[FLEET_STATUS_ID_SIZE];
	char name[FLEET_STATUS_NAME_SIZE];
	int64_t adopted_s; /* since 1970; 0: nobody's yet */
	char console[FLEET_STATUS_NAME_SIZE]; /* that adopted it; "" */
};

/* Reads identity.json; makes it, with a fresh id and the name "nexus-" + 6 digits of it, when there
 * is none. One that can't be read is put aside as identity.json.bad and made anew: a box without a
 * name must still come up. ret_made (may be NULL) tells that it was made. */
int identity_open(int state_fd, struct identity *ret, bool *ret_made, struct err *err)
	__attribute__((warn_unused_result));

/* Makes the box the operator's, durably: the key first, then the identity, then the adoption secret
 * goes. The same key again is fine; another key for a box that is adopted is -EACCES. After a
 * failure (or a power cut) the exchange can be repeated. now_s dates it. */
int identity_adopt(int state_fd, struct identity *identity,
	const struct fleet_contract_request *request, int64_t now_s, struct err *err)
	__attribute__((warn_unused_result));

/* The adoption secret, 8 characters. -ENOENT once adopted or never made, -EBADMSG. */
int identity_secret_read(int state_fd, char ret_secret[IDENTITY_SECRET_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/* Stores a fresh one. */
int identity_secret_write(int state_fd, const char *secret, int64_t now_s, struct err *err)
	__attribute__((warn_unused_result));

/* True for "ssh-ed25519 " and the 68 characters of such a key; a comment may follow. */
bool identity_key_valid(const char *line);

/* True for 1 to 63 letters (ASCII), digits, '-', '_' and '.', the first a letter or digit. */
bool identity_name_valid(const char *name);

#endif
