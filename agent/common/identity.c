#include "agent/common/identity.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"
#include "json/json.h"

#define FILE_NAME "identity.json"
#define SCHEMA "nexus.identity/1"
#define SECRET_FILE "adoption.json"
#define SECRET_SCHEMA "nexus.adoption/1"
#define TEXT_MAX (16u << 10)
#define KEY_PREFIX "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"
#define KEY_TEXT 80 /* "ssh-ed25519 " and 68 characters of base64, which 51 bytes fill exactly */
#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

bool identity_key_valid(const char *line)
{
	if (!str_after(line, KEY_PREFIX))
		return false;
	if (strspn(line + strlen("ssh-ed25519 "), BASE64) != KEY_TEXT - strlen("ssh-ed25519 "))
		return false;
	return line[KEY_TEXT] == '\0' || line[KEY_TEXT] == ' ';
}

bool identity_name_valid(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t n = strspn(name, letters);

	return n && n < FLEET_STATUS_NAME_SIZE && !name[n] && !strchr("-_.", *name);
}

static int identity_write(int state_fd, const struct identity *identity, struct err *err)
{
	cleanup_json struct json *json = json_object_new();
	cleanup_free char *text = NULL;
	int r;

	json_set_text(json, "schema", SCHEMA);
	json_set_text(json, "box_id", identity->box_id);
	json_set_text(json, "name", identity->name);
	fleet_text_set_time(json, "adopted_at", identity->adopted_s);
	fleet_text_set(json, "console", identity->console);
	r = json_finish(json, &text, err);
	if (r < 0)
		return r;
	return file_replace(state_fd, FILE_NAME, text, strlen(text), 0600, err);
}

static int identity_parse(const char *text, size_t size, struct identity *ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	struct identity identity = {0};
	const char *schema, *id, *name;
	int r;

	r = json_parse(text, size, TEXT_MAX, &json, err);
	if (r >= 0)
		r = json_need_text(json, "schema", &schema, err);
	if (r >= 0)
		r = json_need_text(json, "box_id", &id, err);
	if (r >= 0)
		r = json_need_text(json, "name", &name, err);
	if (r < 0)
		return r;
	if (!str_equal(schema, SCHEMA) || !*id || strlen(id) >= sizeof(identity.box_id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "not an identity");
	fleet_text_copy(identity.box_id, sizeof(identity.box_id), id);
	fleet_text_copy(identity.name, sizeof(identity.name), name);
	identity.adopted_s = fleet_text_get_time(json, "adopted_at");
	fleet_text_get(json, "console", identity.console, sizeof(identity.console));
	*ret = identity;
	return 0;
}

static int identity_make(int state_fd, struct identity *ret, struct err *err)
{
	struct identity identity = {0};
	uint8_t random[16];
	int r;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_errno(err, errno, "get random bytes");
	hex_format(random, sizeof(random), identity.box_id);
	snprintf(identity.name, sizeof(identity.name), "nexus-%.6s", identity.box_id);
	r = identity_write(state_fd, &identity, err);
	if (r < 0)
		return err_wrap(err, "make identity");
	*ret = identity;
	return 0;
}

int identity_open(int state_fd, struct identity *ret, bool *ret_made, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	if (ret_made)
		*ret_made = false;
	r = file_read(state_fd, FILE_NAME, TEXT_MAX, &text, &size, err);
	if (r >= 0)
		r = identity_parse(text, size, ret, err);
	if (r == -EBADMSG || r == -EFBIG) {
		log_warning("read " FILE_NAME ": %s; put aside as " FILE_NAME ".bad", err->text);
		if (renameat(state_fd, FILE_NAME, state_fd, FILE_NAME ".bad") < 0)
			return err_errno(err, errno, "put " FILE_NAME " aside");
		r = -ENOENT;
	}
	if (r != -ENOENT)
		return r;
	if (ret_made)
		*ret_made = true;
	return identity_make(state_fd, ret, err);
}

/* True if text has a line whose key is the one of wanted (comments apart). */
static bool keys_have(const char *text, const char *wanted)
{
	for (const char *line = text; line && *line;) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, wanted, KEY_TEXT) == 0)
			return true;
		line = end ? end + 1 : NULL;
	}
	return false;
}

/* The console's name as a comment: what could end a line or an option is left out. */
static void comment_format(const char *console, char ret_comment[FLEET_STATUS_NAME_SIZE])
{
	size_t n = 0;

	for (; *console && n + 1 < FLEET_STATUS_NAME_SIZE; console++)
		if (strchr(BASE64 "-_.@", *console))
			ret_comment[n++] = *console;
	ret_comment[n] = '\0';
}

static int keys_add(int state_fd, const char *keys, const struct fleet_contract_request *request,
	struct err *err)
{
	char comment[FLEET_STATUS_NAME_SIZE];
	cleanup_free char *text = NULL;

	comment_format(request->console, comment);
	text = str_printf("%s%.*s%s%s\n", keys, KEY_TEXT, request->operator_key,
		*comment ? " " : "", comment);
	if (!text)
		return err_oom(err);
	return file_replace(state_fd, IDENTITY_KEYS_FILE, text, strlen(text), 0600, err);
}

static int check_request(const struct fleet_contract_request *request, struct err *err)
{
	if (!identity_key_valid(request->operator_key))
		return err_set(err, ERR_CONFIG, EINVAL,
			"adopt: the operator's key is not an ssh-ed25519 key");
	if (*request->name && !identity_name_valid(request->name))
		return err_set(err, ERR_CONFIG, EINVAL,
			"adopt: the name may have letters, digits, '-', '_' and '.', at most %d",
			FLEET_STATUS_NAME_SIZE - 1);
	return 0;
}

int identity_adopt(int state_fd, struct identity *identity,
	const struct fleet_contract_request *request, int64_t now_s, struct err *err)
{
	struct identity next = *identity;
	cleanup_free char *keys = NULL;
	int r;

	r = check_request(request, err);
	if (r < 0)
		return r;
	r = file_read(state_fd, IDENTITY_KEYS_FILE, IDENTITY_KEYS_MAX, &keys, NULL, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!keys || !keys_have(keys, request->operator_key)) {
		if (identity->adopted_s)
			return err_set(err, ERR_DENIED, EACCES,
				"adopt: this box is adopted already, by %s",
				*identity->console ? identity->console : "somebody else");
		r = keys_add(state_fd, keys ? keys : "", request, err);
		if (r < 0)
			return r;
	}
	if (!next.adopted_s) {
		next.adopted_s = now_s;
		fleet_text_copy(next.console, sizeof(next.console), request->console);
		if (*request->name)
			fleet_text_copy(next.name, sizeof(next.name), request->name);
		r = identity_write(state_fd, &next, err);
		if (r < 0)
			return r;
		*identity = next;
	}
	if (unlinkat(state_fd, SECRET_FILE, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "remove " SECRET_FILE);
	return file_sync_parent(state_fd, SECRET_FILE, err);
}

int identity_secret_read(int state_fd, char ret_secret[IDENTITY_SECRET_SIZE], struct err *err)
{
	cleanup_json struct json *json = NULL;
	cleanup_free char *text = NULL;
	const char *secret;
	size_t size;
	int r;

	r = file_read(state_fd, SECRET_FILE, TEXT_MAX, &text, &size, err);
	if (r >= 0)
		r = json_parse(text, size, TEXT_MAX, &json, err);
	if (r >= 0)
		r = json_need_text(json, "secret", &secret, err);
	if (r >= 0 && strlen(secret) != IDENTITY_SECRET_SIZE - 1)
		r = err_set(err, ERR_CORRUPT, EBADMSG, "it has not 8 characters");
	if (r < 0)
		return err_wrap(err, "read adoption secret");
	memcpy(ret_secret, secret, IDENTITY_SECRET_SIZE);
	return 0;
}

int identity_secret_write(int state_fd, const char *secret, int64_t now_s, struct err *err)
{
	cleanup_json struct json *json = json_object_new();
	cleanup_free char *text = NULL;
	int r;

	json_set_text(json, "schema", SECRET_SCHEMA);
	json_set_text(json, "secret", secret);
	fleet_text_set_time(json, "created", now_s);
	r = json_finish(json, &text, err);
	if (r < 0)
		return r;
	return file_replace(state_fd, SECRET_FILE, text, strlen(text), 0600, err);
}
