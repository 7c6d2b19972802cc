#include "console/usb/sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/proc.h"
#include "base/str.h"

#define DIGITS (2 * HASH_SIZE)
#define NAME_MAX_BYTES 255u
#define TOOL_TIMEOUT_US (30ull * 1000 * 1000)

/* One line, its end not included. */
static int line_read(const char *line, size_t size, const char *name, uint8_t ret_digest[HASH_SIZE],
	bool *ret_match, struct err *err)
{
	char digits[DIGITS + 1];
	const char *found = line + DIGITS + 2;
	size_t n = size - DIGITS - 2;
	uint8_t digest[HASH_SIZE];

	if (size <= DIGITS + 2 || n > NAME_MAX_BYTES || line[DIGITS] != ' ' ||
		(line[DIGITS + 1] != ' ' && line[DIGITS + 1] != '*') || memchr(found, '/', n) ||
		memchr(found, '\0', n))
		return err_set(err, ERR_CORRUPT, EBADMSG, "it is no hash and name");
	memcpy(digits, line, DIGITS);
	digits[DIGITS] = '\0';
	if (strlen(digits) != DIGITS || !hex_parse(digits, digest, HASH_SIZE))
		return err_set(err, ERR_CORRUPT, EBADMSG, "its hash is no SHA-256");
	*ret_match = strlen(name) == n && memcmp(name, found, n) == 0;
	if (*ret_match)
		memcpy(ret_digest, digest, HASH_SIZE);
	return 0;
}

int sums_find(const char *text, size_t size, const char *name, uint8_t ret_digest[HASH_SIZE],
	struct err *err)
{
	uint8_t digest[HASH_SIZE];
	unsigned number = 0, matches = 0;

	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t n = end ? (size_t)(end - text) - at : size - at;
		bool match = false;
		int r;

		number++;
		r = line_read(text + at, n, name, digest, &match, err);
		if (r < 0)
			return err_wrap(err, "line %u", number);
		matches += match;
		at += n + 1;
	}
	if (matches == 0)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "%.64s is not in it", name);
	if (matches > 1)
		return err_set(err, ERR_CORRUPT, EEXIST, "%.64s is in it twice", name);
	memcpy(ret_digest, digest, HASH_SIZE);
	return 0;
}

/* Runs ssh-keygen with the list as its input; false if it is against it. ret_output may be NULL. */
static int keygen(const char *const *argv, const char *list, size_t size, bool *ret_good,
	char **ret_output, struct err *err)
{
	const struct proc_options options = {
		.input = list, .input_size = size, .timeout_us = TOOL_TIMEOUT_US};
	cleanup_proc_result struct proc_result result = {0};
	int r = proc_run(argv, &options, &result, err);

	if (r < 0)
		return err_wrap(err, "check signature");
	*ret_good = result.status == 0;
	if (ret_output)
		*ret_output = TAKE(result.output);
	return 0;
}

/* Who of the signers signed, and whether the list is still what was signed. */
static int signer_check(const char *signature, const char *signers, const char *list, size_t size,
	struct sums *sums, struct err *err)
{
	cleanup_free char *who = NULL;
	bool good;
	int r;

	r = keygen((const char *const[]){"ssh-keygen", "-Y", "find-principals", "-f", signers, "-s",
			   signature, NULL},
		NULL, 0, &good, &who, err);
	if (r < 0)
		return r;
	if (good)
		who[strcspn(who, "\r\n")] = '\0';
	if (!good || !*who)
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"check %s: signed by somebody who is not in %s", signature, signers);
	r = keygen((const char *const[]){"ssh-keygen", "-Y", "verify", "-f", signers, "-I", who,
			   "-n", SUMS_FOR, "-s", signature, NULL},
		list, size, &good, NULL, err);
	if (r < 0)
		return r;
	if (!good)
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"check %s: the list was changed after it was signed, or signed for "
			"another purpose",
			signature);
	sums->trust = SUMS_SIGNED;
	snprintf(sums->signer, sizeof(sums->signer), "%.127s", who);
	str_sanitize(sums->signer);
	return 0;
}

/* Nobody said who counts; still a list that was changed after it was signed is no list. */
static int signature_check(
	const char *signature, const char *list, size_t size, struct sums *sums, struct err *err)
{
	bool good;
	int r;

	r = keygen((const char *const[]){"ssh-keygen", "-Y", "check-novalidate", "-n", SUMS_FOR,
			   "-s", signature, NULL},
		list, size, &good, NULL, err);
	if (r < 0)
		return r;
	if (!good)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"check %s: it is no signature of the list beside it", signature);
	sums->trust = SUMS_UNKNOWN;
	return 0;
}

static int trust(const char *list, const char *text, size_t size, const char *signers,
	struct sums *sums, struct err *err)
{
	cleanup_free char *signature = str_printf("%s.sig", list);

	if (!signature)
		return err_oom(err);
	sums->trust = SUMS_UNSIGNED;
	if (access(signature, F_OK) < 0) {
		if (!signers)
			return 0;
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"check %s: it is not signed: there is no %s", list, signature);
	}
	return signers ? signer_check(signature, signers, text, size, sums, err)
		       : signature_check(signature, text, size, sums, err);
}

int sums_read(const char *image, const char *signers, struct sums *ret, struct err *err)
{
	const char *slash = strrchr(image, '/'), *name = slash ? slash + 1 : image;
	cleanup_free char *list = str_printf("%.*s" SUMS_FILE, (int)(name - image), image);
	cleanup_free char *text = NULL;
	struct sums sums = {.trust = SUMS_NONE};
	size_t size;
	int r;

	if (!list)
		return err_oom(err);
	if (signers && access(signers, R_OK) < 0)
		return err_errno(err, errno, "read %s", signers);
	r = file_read(AT_FDCWD, list, SUMS_TEXT_MAX, &text, &size, err);
	if (r == -ENOENT && !signers) {
		*ret = sums;
		return 0;
	}
	if (r < 0)
		return r;
	r = trust(list, text, size, signers, &sums, err);
	if (r < 0)
		return r;
	r = sums_find(text, size, name, sums.digest, err);
	if (r < 0)
		return err_wrap(err, "read %s", list);
	*ret = sums;
	return 0;
}
