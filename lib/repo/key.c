#include "repo/key.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/secret.h"
#include "repo/text/scan.h"
#include "repo/text/text.h"

#define MASTER_MAX 1024 /* bytes of the JSON inside */

static const struct kdf_parameters new_parameters = {.n = 32768, .r = 8, .p = 1};

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read key file: %s", why);
}

/* Decodes base64 into at most max bytes. */
static bool scan_base64(struct scan *scan, uint8_t *ret, size_t max, size_t *ret_size)
{
	cleanup_buf struct buf text = BUF_INIT(4096), bytes = BUF_INIT(4096);
	struct scan_text raw;
	struct err err = ERR_INIT;

	if (!scan_string(scan, &raw) || scan_text_decode(&raw, &text, &err) < 0 ||
		text_decode_base64((const char *)text.data, text.size - 1, &bytes, &err) < 0 ||
		bytes.size > max)
		return scan_fail(scan);
	if (bytes.size)
		memcpy(ret, bytes.data, bytes.size);
	*ret_size = bytes.size;
	secret_wipe(text.data, text.size);
	if (bytes.size)
		secret_wipe(bytes.data, bytes.size);
	return true;
}

int key_file_parse(const void *text, size_t size, struct key_file *ret, struct err *err)
{
	struct key_file file = {0};
	struct scan_text key, kdf = {0};
	struct scan scan;
	size_t salt_size = 0;
	int r;

	scan_init(&scan, text, size);
	scan_object(&scan);
	while (scan_member(&scan, &key)) {
		if (scan_is(&key, "kdf"))
			scan_string(&scan, &kdf);
		else if (scan_is(&key, "N"))
			scan_u64(&scan, &file.parameters.n);
		else if (scan_is(&key, "r"))
			scan_u32(&scan, &file.parameters.r);
		else if (scan_is(&key, "p"))
			scan_u32(&scan, &file.parameters.p);
		else if (scan_is(&key, "salt"))
			scan_base64(&scan, file.salt, sizeof(file.salt), &salt_size);
		else if (scan_is(&key, "data"))
			scan_base64(&scan, file.data, sizeof(file.data), &file.data_size);
		else if (scan_is(&key, "created"))
			scan_short(&scan, file.created, sizeof(file.created));
		else if (scan_is(&key, "username"))
			scan_short(&scan, file.username, sizeof(file.username));
		else if (scan_is(&key, "hostname"))
			scan_short(&scan, file.hostname, sizeof(file.hostname));
		else
			scan_skip(&scan);
	}
	r = scan_end(&scan, "key file", err);
	if (r < 0)
		return r;
	if (!kdf.data || !scan_is(&kdf, "scrypt"))
		return bad(err, "the kdf is not scrypt");
	if (salt_size != KEY_SALT_SIZE)
		return bad(err, "the salt has not 64 bytes");
	if (file.data_size <= CIPHER_OVERHEAD)
		return bad(err, "the data is too short");
	r = kdf_check(&file.parameters, err);
	if (r < 0)
		return err_wrap(err, "read key file");
	*ret = file;
	return 0;
}

/* Reads {"mac":{"k","r"},"encrypt"}. */
static int master_parse(const void *text, size_t size, struct cipher_key *ret, struct err *err)
{
	struct scan_text key;
	struct scan scan;
	size_t k = 0, mac_r = 0, encrypt = 0;
	int r;

	scan_init(&scan, text, size);
	scan_object(&scan);
	while (scan_member(&scan, &key)) {
		if (scan_is(&key, "encrypt")) {
			scan_base64(&scan, ret->encrypt, sizeof(ret->encrypt), &encrypt);
		} else if (scan_is(&key, "mac")) {
			scan_object(&scan);
			while (scan_member(&scan, &key))
				if (scan_is(&key, "k"))
					scan_base64(&scan, ret->mac_k, sizeof(ret->mac_k), &k);
				else if (scan_is(&key, "r"))
					scan_base64(&scan, ret->mac_r, sizeof(ret->mac_r), &mac_r);
				else
					scan_skip(&scan);
		} else {
			scan_skip(&scan);
		}
	}
	r = scan_end(&scan, "master key", err);
	if (r < 0)
		return r;
	if (k != sizeof(ret->mac_k) || mac_r != sizeof(ret->mac_r) ||
		encrypt != sizeof(ret->encrypt))
		return bad(err, "a part of the key has the wrong size");
	return cipher_key_check(ret, err);
}

int key_file_open(
	const struct key_file *file, const char *password, struct cipher_key *ret, struct err *err)
{
	cleanup_secret struct cipher_key *user = secret_new(sizeof(*user));
	cleanup_secret uint8_t *data = secret_new(sizeof(file->data));
	cleanup_cipher struct cipher *cipher = NULL;
	int r;

	if (!user || !data)
		return err_oom(err);
	r = kdf_scrypt(&file->parameters, password, file->salt, sizeof(file->salt), (uint8_t *)user,
		sizeof(*user), err);
	if (r >= 0)
		r = cipher_new(user, &cipher, err);
	if (r < 0)
		return r;
	memcpy(data, file->data, file->data_size);
	r = cipher_open(cipher, data, file->data_size, err);
	if (r == -EBADMSG)
		return err_set(err, ERR_DENIED, EACCES, "open key: wrong password");
	if (r < 0)
		return r;
	return master_parse(data + CIPHER_IV_SIZE, file->data_size - CIPHER_OVERHEAD, ret, err);
}

static int add_master(struct buf *ret, const struct cipher_key *key, struct err *err)
{
	int r = buf_add_text(ret, "{\"mac\":{\"k\":", err);

	if (r >= 0)
		r = text_add_base64(ret, key->mac_k, sizeof(key->mac_k), err);
	if (r >= 0)
		r = buf_add_text(ret, ",\"r\":", err);
	if (r >= 0)
		r = text_add_base64(ret, key->mac_r, sizeof(key->mac_r), err);
	if (r >= 0)
		r = buf_add_text(ret, "},\"encrypt\":", err);
	if (r >= 0)
		r = text_add_base64(ret, key->encrypt, sizeof(key->encrypt), err);
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}

/* Seals the JSON of key with the password; ret gets IV, ciphertext, MAC. */
static int seal_master(const struct cipher_key *key, const char *password, const uint8_t *salt,
	struct buf *ret, struct err *err)
{
	static const uint8_t room[CIPHER_OVERHEAD];
	cleanup_secret struct cipher_key *user = secret_new(sizeof(*user));
	cleanup_cipher struct cipher *cipher = NULL;
	int r;

	if (!user)
		return err_oom(err);
	r = kdf_scrypt(&new_parameters, password, salt, KEY_SALT_SIZE, (uint8_t *)user,
		sizeof(*user), err);
	if (r >= 0)
		r = cipher_new(user, &cipher, err);
	if (r >= 0)
		r = buf_reserve(ret, MASTER_MAX, err); /* never moves: nothing is left behind */
	if (r >= 0)
		r = buf_add(ret, room, CIPHER_IV_SIZE, err);
	if (r >= 0)
		r = add_master(ret, key, err);
	if (r >= 0)
		r = buf_add(ret, room, CIPHER_MAC_SIZE, err);
	return r < 0 ? r : cipher_seal(cipher, ret->data, ret->size - CIPHER_OVERHEAD, err);
}

int key_file_make(const struct cipher_key *key, const char *password, const char *username,
	const char *hostname, const struct clock *clock, struct buf *ret, struct err *err)
{
	cleanup_buf struct buf sealed = BUF_INIT(MASTER_MAX);
	uint64_t now_us = clock_realtime_us(clock);
	char created[CLOCK_RFC3339_SIZE];
	uint8_t salt[KEY_SALT_SIZE];
	int r;

	clock_rfc3339_format(
		(int64_t)(now_us / 1000000), (uint32_t)(now_us % 1000000) * 1000, created);
	r = secret_random(salt, sizeof(salt), err);
	if (r >= 0)
		r = seal_master(key, password, salt, &sealed, err);
	if (r >= 0)
		r = buf_printf(ret, err, "{\"created\":\"%s\",\"username\":", created);
	if (r >= 0)
		r = text_add_json(ret, username, strlen(username), err);
	if (r >= 0)
		r = buf_add_text(ret, ",\"hostname\":", err);
	if (r >= 0)
		r = text_add_json(ret, hostname, strlen(hostname), err);
	if (r >= 0)
		r = buf_printf(ret, err,
			",\"kdf\":\"scrypt\",\"N\":%llu,\"r\":%u,\"p\":%u,\"salt\":",
			(unsigned long long)new_parameters.n, new_parameters.r, new_parameters.p);
	if (r >= 0)
		r = text_add_base64(ret, salt, sizeof(salt), err);
	if (r >= 0)
		r = buf_add_text(ret, ",\"data\":", err);
	if (r >= 0)
		r = text_add_base64(ret, sealed.data, sealed.size, err);
	return r < 0 ? r : buf_add_byte(ret, '}', err);
}

int key_new(struct cipher_key *ret, struct err *err)
{
	int r;

	do {
		r = secret_random(ret, sizeof(*ret), err);
	} while (r >= 0 && cipher_key_check(ret, err) < 0);
	return r;
}

/* --- Among all keys of a repository --- */

int key_save(const struct cipher_key *key, struct store *store, const char *password,
	const struct clock *clock, const char *username, const char *hostname, struct id *ret_id,
	struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(KEY_FILE_MAX);
	cleanup_hash struct hash *hash = NULL;
	const struct passwd *user = getpwuid(geteuid());
	char host[256] = "", name[ID_TEXT_SIZE];
	int r;

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	if (!username)
		username = user ? user->pw_name : "";
	r = key_file_make(key, password, username, hostname ? hostname : host, clock, &text, err);
	if (r >= 0)
		r = hash_new(&hash, err);
	if (r >= 0)
		r = hash_once(hash, text.data, text.size, ret_id->bytes, err);
	if (r < 0)
		return r;
	id_format(ret_id, name);
	return store_save(store, STORE_KEY, name, text.data, text.size, err);
}

struct key_search {
	struct store *store;
	const char *password;
	struct cipher_key *key; /* filled when found */
	unsigned tried;
	bool found;
	struct id id; /* of the file, when found */
	struct err damage; /* the last key file that could not be read */
};

static int try_key(const char *name, uint64_t size_bytes, void *context, struct err *err)
{
	struct key_search *search = context;
	cleanup_free uint8_t *text = NULL;
	struct key_file file;
	size_t size;
	int r;

	(void)size_bytes;
	if (search->found || search->tried >= KEYS_TRIED_MAX)
		return 0;
	r = store_load(search->store, STORE_KEY, name, KEY_FILE_MAX, &text, &size, &search->damage);
	if (r >= 0)
		r = key_file_parse(text, size, &file, &search->damage);
	if (r < 0) {
		err_wrap(&search->damage, "key %.8s", name);
		return 0;
	}
	search->tried++;
	r = key_file_open(&file, search->password, search->key, err);
	if (r == -EACCES)
		return 0;
	search->found = r >= 0 && id_parse(name, &search->id);
	return r;
}

int key_find(struct store *store, const char *password, struct cipher_key *ret, struct id *ret_id,
	struct err *err)
{
	struct key_search search = {.store = store, .password = password, .key = ret};
	int r = store_list(store, STORE_KEY, try_key, &search, err);

	*ret_id = search.id;
	if (r < 0 || search.found)
		return r;
	if (search.tried)
		return err_set(err, ERR_DENIED, EACCES,
			"open repository: wrong password, none of %u keys fits", search.tried);
	if (search.damage.code) {
		*err = search.damage;
		return err_wrap(err, "open repository");
	}
	return err_set(err, ERR_CORRUPT, EBADMSG, "open repository: it has no key");
}
