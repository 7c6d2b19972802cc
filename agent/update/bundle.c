#include "agent/update/bundle.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/proc.h"
#include "base/str.h"
#include "fleet/text.h"
#include "json/json.h"

#define RAUC_TIMEOUT_US 120000000ull

static int read_images(const struct json *images, struct bundle *bundle, struct err *err)
{
	for (const struct json *i = json_first(images); i; i = json_next(i)) {
		const struct json *image = json_first(i);
		struct bundle_image *next = &bundle->images[bundle->image_count];

		if (bundle->image_count == BUNDLE_IMAGES_MAX)
			return err_set(err, ERR_CORRUPT, EBADMSG, "too many images");
		if (!image || !json_key(image) || json_get_integer(image, "size", 0) <= 0)
			return err_set(err, ERR_CORRUPT, EBADMSG, "an image without size");
		fleet_text_copy(next->slot_class, sizeof(next->slot_class), json_key(image));
		next->size_bytes = (uint64_t)json_get_integer(image, "size", 0);
		bundle->image_count++;
	}
	return bundle->image_count ? 0 : err_set(err, ERR_CORRUPT, EBADMSG, "there are no images");
}

int bundle_parse(const char *text, size_t size, struct bundle *ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	struct bundle bundle = {0};
	const char *compatible;
	int r;

	r = json_parse(text, size, BUNDLE_TEXT_MAX, &json, err);
	if (r >= 0)
		r = json_need_text(json, "compatible", &compatible, err);
	if (r >= 0)
		r = read_images(json_get(json, "images"), &bundle, err);
	if (r < 0) {
		err->code = EBADMSG;
		return err_wrap(err, "read what RAUC says of the bundle");
	}
	fleet_text_copy(bundle.compatible, sizeof(bundle.compatible), compatible);
	fleet_text_get(json, "version", bundle.version, sizeof(bundle.version));
	*ret = bundle;
	return 0;
}

/* The last line that is not empty of what a program said; cuts the text. */
static const char *last_line(char *text)
{
	char *line, *rest = str_strip(text);

	line = strrchr(rest, '\n');
	str_sanitize(line ? line + 1 : rest);
	return line ? line + 1 : rest;
}

static int refused(char *said, struct err *err)
{
	const char *line = last_line(said);
	bool unsigned_file = strstr(line, "Signature size is 0") != NULL;

	if (unsigned_file || strstr(line, "verification failed") || strstr(line, "Verify error"))
		return err_set(err, ERR_DENIED, EACCES, "check bundle: %s",
			unsigned_file ? "it has no signature" : line);
	if (strstr(line, "CA file") || strstr(line, "keyring"))
		return err_set(err, ERR_SYSTEM, EIO, "check bundle: %s", line);
	return err_set(err, ERR_CORRUPT, EBADMSG, "check bundle: %s", line);
}

int bundle_read(const char *root, const char *path, struct bundle *ret, struct err *err)
{
	cleanup_free char *conf = str_printf("--conf=%s/etc/rauc/system.conf", root);
	const struct proc_options options = {
		.output_max = BUNDLE_TEXT_MAX, .timeout_us = RAUC_TIMEOUT_US};
	cleanup_proc_result struct proc_result result = {0};
	const char *const argv[] = {"rauc", conf, "info", "--output-format=json", "--", path, NULL};
	int r;

	if (!conf)
		return err_oom(err);
	r = proc_run(argv, &options, &result, err);
	if (r < 0)
		return r;
	if (result.status != 0)
		return refused(result.error_tail, err);
	return bundle_parse(result.output, result.output_size, ret, err);
}

/* Where a character stands between two versions: '~' before the end, letters before all else. */
static int rank(char c)
{
	if (c == '~')
		return -1;
	if (!c || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? (unsigned char)c : (unsigned char)c + 256;
}

static int compare_numbers(const char **a, const char **b)
{
	size_t n, m;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	n = strspn(*a, "0123456789");
	m = strspn(*b, "0123456789");
	if (n == m) {
		int r = memcmp(*a, *b, n);

		*a += n;
		*b += m;
		return r;
	}
	return n < m ? -1 : 1;
}

int bundle_compare_versions(const char *a, const char *b)
{
	while (*a || *b) {
		int r;

		while ((*a && !isdigit((unsigned char)*a)) || (*b && !isdigit((unsigned char)*b))) {
			r = rank(*a) - rank(*b);
			if (r)
				return r;
			a++;
			b++;
		}
		r = compare_numbers(&a, &b);
		if (r)
			return r;
	}
	return 0;
}
