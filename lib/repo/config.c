#include "repo/config.h"

#include <errno.h>

#include "crypto/secret.h"
#include "repo/chunker.h"
#include "repo/text/scan.h"

int config_new(uint64_t polynomial, struct config *ret, struct err *err)
{
	struct config config = {.version = 2, .polynomial = polynomial};
	int r;

	r = secret_random(config.id.bytes, sizeof(config.id.bytes), err);
	if (r >= 0 && !polynomial)
		r = chunker_polynomial_new(&config.polynomial, err);
	else if (r >= 0)
		r = chunker_polynomial_check(polynomial, err);
	if (r < 0)
		return r;
	*ret = config;
	return 0;
}

static bool scan_polynomial(struct scan *scan, uint64_t *ret)
{
	struct scan_text text;
	uint64_t value = 0;

	if (!scan_string(scan, &text) || !text.size || text.size > 16)
		return scan_fail(scan);
	for (size_t i = 0; i < text.size; i++) {
		char c = (char)(text.data[i] | 0x20);

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return scan_fail(scan);
	}
	*ret = value;
	return true;
}

int config_parse(const void *text, size_t size, struct config *ret, struct err *err)
{
	struct config config = {0};
	struct scan_text key;
	struct scan scan;
	uint32_t version = 0;
	int r;

	scan_init(&scan, text, size);
	scan_object(&scan);
	while (scan_member(&scan, &key)) {
		if (scan_is(&key, "version"))
			scan_u32(&scan, &version);
		else if (scan_is(&key, "id"))
			scan_hex(&scan, config.id.bytes, sizeof(config.id.bytes));
		else if (scan_is(&key, "chunker_polynomial"))
			scan_polynomial(&scan, &config.polynomial);
		else
			scan_skip(&scan);
	}
	r = scan_end(&scan, "config", err);
	if (r < 0)
		return r;
	if (version != 1 && version != 2)
		return err_set(err, ERR_CONFIG, ENOTSUP,
			"open repository: its format is version %u, only 1 and 2 are known",
			version);
	r = chunker_polynomial_check(config.polynomial, err);
	if (r < 0)
		return err_wrap(err, "read config");
	config.version = version;
	*ret = config;
	return 0;
}

int config_format(const struct config *config, struct buf *ret, struct err *err)
{
	char id[ID_TEXT_SIZE];

	id_format(&config->id, id);
	return buf_printf(ret, err,
		"{\"version\":%u,\"id\":\"%s\",\"chunker_polynomial\":\"%llx\"}\n", config->version,
		id, (unsigned long long)config->polynomial);
}

int config_load(struct store *store, struct blob_codec *codec, struct config *ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(CONFIG_MAX);
	cleanup_free uint8_t *data = NULL;
	size_t size;
	int r = store_load(store, STORE_CONFIG, NULL, CONFIG_MAX, &data, &size, err);

	if (r >= 0)
		r = blob_open_file(codec, data, size, &text, err);
	if (r >= 0)
		r = config_parse(text.data, text.size, ret, err);
	return r < 0 ? err_wrap(err, "open repository: config") : 0;
}

int config_save(
	struct store *store, struct blob_codec *codec, const struct config *config, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(CONFIG_MAX), sealed = BUF_INIT(CONFIG_MAX);
	int r = config_format(config, &text, err);

	if (r >= 0)
		r = blob_seal_file(codec, false, text.data, text.size, &sealed, err);
	return r < 0 ? r : store_save(store, STORE_CONFIG, NULL, sealed.data, sealed.size, err);
}
