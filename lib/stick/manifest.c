#include "stick/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/str.h"
#include "json/json.h"

#define SCHEMA "nexus.image/1"
#define PART_SIZE_MAX (1ll << 40)

static int word_parse(
	const struct json *object, const char *key, char *out, size_t room, struct err *err)
{
	const char *text;
	int r;

	r = json_need_text(object, key, &text, err);
	if (r < 0)
		return r;
	if (!*text || strlen(text) >= room)
		return err_set(err, ERR_CORRUPT, EBADMSG, "%s: empty or longer than %zu bytes", key,
			room - 1);
	snprintf(out, room, "%s", text);
	str_sanitize(out);
	return 0;
}

static int digest_parse(const char *text, const char *what, uint8_t ret[HASH_SIZE], struct err *err)
{
	if (!text || !hex_parse(text, ret, HASH_SIZE))
		return err_set(err, ERR_CORRUPT, EBADMSG, "%s: no sha256 of 64 digits", what);
	return 0;
}

static int part_parse(
	const struct json *root, const char *key, struct manifest_part *ret, struct err *err)
{
	const struct json *object = json_get(root, key);
	int64_t size;
	int r;

	if (!json_is_object(object))
		return err_set(err, ERR_CORRUPT, EBADMSG, "%s is missing", key);
	r = json_need_integer(object, "size_bytes", 1, PART_SIZE_MAX, &size, err);
	if (r < 0)
		return err_wrap(err, "%s", key);
	ret->size_bytes = (uint64_t)size;
	return digest_parse(json_get_text(object, "sha256"), key, ret->sha256, err);
}

/* A path that stays inside the file system and that mtools takes as it is. */
static bool path_is_good(const char *path)
{
	if (!*path || strlen(path) > MANIFEST_PATH_MAX || path[0] == '/' || str_ends(path, "/"))
		return false;
	for (const char *at = path; at;) {
		size_t n = strcspn(at, "/");

		if (n == 0 || at[0] == '.' || at[0] == '-')
			return false;
		at = at[n] ? at + n + 1 : NULL;
	}
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < 0x21 || (unsigned char)*c > 0x7e ||
			strchr("\\:*?\"<>|[]", *c))
			return false;
	return true;
}

static int files_parse(const struct json *root, struct manifest *ret, struct err *err)
{
	const struct json *files = json_get(root, "esp_files");
	size_t count = json_is_object(files) ? json_count(files) : 0;

	if (count == 0)
		return err_set(err, ERR_CORRUPT, EBADMSG, "esp_files is missing or empty");
	if (count > MANIFEST_FILES_MAX)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "esp_files: more than %d", MANIFEST_FILES_MAX);
	ret->files = calloc(count, sizeof(*ret->files));
	if (!ret->files)
		return err_oom(err);
	for (const struct json *f = json_first(files); f; f = json_next(f)) {
		struct manifest_file *file = &ret->files[ret->file_count];
		const char *path = json_key(f);
		int r;

		if (!path || !path_is_good(path))
			return err_set(err, ERR_CORRUPT, EBADMSG, "esp_files: bad path");
		snprintf(file->path, sizeof(file->path), "%s", path);
		r = digest_parse(json_text(f), path, file->sha256, err);
		if (r < 0)
			return err_wrap(err, "esp_files");
		ret->file_count++;
	}
	return 0;
}

static int members_parse(const struct json *root, struct manifest *ret, struct err *err)
{
	const char *schema;
	int r;

	r = json_need_text(root, "schema", &schema, err);
	if (r >= 0 && strcmp(schema, SCHEMA) != 0)
		r = err_set(err, ERR_CORRUPT, EBADMSG, "schema is not " SCHEMA);
	if (r >= 0)
		r = word_parse(
			root, "distribution", ret->distribution, sizeof(ret->distribution), err);
	if (r >= 0)
		r = word_parse(root, "suite", ret->suite, sizeof(ret->suite), err);
	if (r >= 0)
		r = word_parse(root, "version", ret->version, sizeof(ret->version), err);
	if (r >= 0)
		r = json_need_integer(
			root, "build_epoch", 0, INT64_C(1) << 40, &ret->build_epoch, err);
	if (r >= 0)
		r = part_parse(root, "kernel", &ret->kernel, err);
	if (r >= 0)
		r = part_parse(root, "root", &ret->root, err);
	if (r >= 0)
		r = part_parse(root, "bios", &ret->bios, err);
	if (r >= 0)
		r = part_parse(root, "boot_code", &ret->boot_code, err);
	if (r >= 0)
		r = files_parse(root, ret, err);
	return r;
}

int manifest_parse(const char *text, size_t size, struct manifest *ret, struct err *err)
{
	cleanup_manifest struct manifest manifest = {0};
	cleanup_json struct json *root = NULL;
	int r;

	r = json_parse(text, size, MANIFEST_SIZE_MAX, &root, err);
	if (r >= 0)
		r = members_parse(root, &manifest, err);
	if (r < 0)
		return err_wrap(err, "read image.json");
	*ret = manifest;
	manifest.files = NULL;
	return 0;
}

void manifest_done(struct manifest *manifest)
{
	free(manifest->files);
	*manifest = (struct manifest){0};
}
