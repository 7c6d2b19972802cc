#include "net/certificates.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

/* How many blocks "-----BEGIN ... WORD-----" a text has. */
static unsigned count_blocks(const char *text, const char *word)
{
	static const char begin[] = "-----BEGIN ";
	unsigned count = 0;

	for (const char *at = text; (at = strstr(at, begin));) {
		const char *end = strstr(at += strlen(begin), "-----");
		size_t size = end ? (size_t)(end - at) : 0;

		count += size >= strlen(word) &&
			 strncmp(at + size - strlen(word), word, strlen(word)) == 0;
	}
	return count;
}

/* It is an option that names the file: not what is looked for is missing. */
static int read_named(const char *path, char **ret, struct err *err)
{
	int r = file_read(AT_FDCWD, path, CERTIFICATES_MAX, ret, NULL, err);

	if (r < 0)
		err->kind = ERR_CONFIG;
	return r;
}

static int add_roots(const char *path, struct buf *ret, struct err *err)
{
	cleanup_free char *text = NULL;
	int r = read_named(path, &text, err);

	if (r < 0)
		return err_wrap(err, "read certificates to trust");
	if (!count_blocks(text, "CERTIFICATE"))
		return err_set(err, ERR_CONFIG, EINVAL,
			"read certificates to trust: %s has none (in PEM)", path);
	r = buf_add_text(ret, text, err);
	return r < 0 ? r : buf_add_byte(ret, '\n', err);
}

static int read_roots(const char *paths, char **ret, struct err *err)
{
	cleanup_buf struct buf roots =
		BUF_INIT((size_t)CERTIFICATES_FILES_MAX * (CERTIFICATES_MAX + 1));
	cleanup_free char *copy = strdup(paths);
	char *rest = copy, *path;
	int r = copy ? 0 : err_oom(err);

	while (r >= 0 && (path = strsep(&rest, ",")))
		r = add_roots(path, &roots, err);
	if (r < 0)
		return r;
	*ret = buf_take_text(&roots);
	return *ret ? 0 : err_oom(err);
}

static int check_client(const char *text, const char *path, struct err *err)
{
	const char *missing =
		!count_blocks(text, "CERTIFICATE") ? "no certificate"
		: count_blocks(text, "ENCRYPTED PRIVATE KEY") ||
				strstr(text, "\nProc-Type: 4,ENCRYPTED")
			? "a private key with a password, which nobody can be asked for"
		: !count_blocks(text, "PRIVATE KEY")    ? "no private key"
		: count_blocks(text, "PRIVATE KEY") > 1 ? "more than one private key"
							: NULL;

	if (!missing)
		return 0;
	return err_set(
		err, ERR_CONFIG, EINVAL, "read client certificate: %s has %s", path, missing);
}

int certificates_read(
	const char *roots, const char *client, struct certificates *ret, struct err *err)
{
	int r = 0;

	*ret = (struct certificates){0};
	if (roots && *roots)
		r = read_roots(roots, &ret->roots, err);
	if (r < 0 || !client || !*client)
		return r;
	r = read_named(client, &ret->client, err);
	return r < 0 ? err_wrap(err, "read client certificate")
		     : check_client(ret->client, client, err);
}

void certificates_done(struct certificates *certificates)
{
	free(certificates->roots);
	if (certificates->client)
		explicit_bzero(certificates->client, strlen(certificates->client));
	free(certificates->client);
	*certificates = (struct certificates){0};
}
