#include "archive/reject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

void reject_done(struct reject *reject)
{
	for (unsigned i = 0; i < reject->tag_count; i++) {
		free(reject->tags[i].name);
		free(reject->tags[i].header);
	}
	*reject = (struct reject){0};
}

int reject_add_tag(struct reject *reject, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	struct reject_tag *tag = &reject->tags[reject->tag_count];
	size_t size = colon ? (size_t)(colon - text) : strlen(text);

	if (reject->tag_count == REJECT_TAGS_MAX)
		return err_set(err, ERR_CONFIG, E2BIG, "leave out folders with %s: at most %d tags",
			text, REJECT_TAGS_MAX);
	if (!size || memchr(text, '/', size) || strlen(text + size) > REJECT_HEADER_MAX)
		return err_set(err, ERR_CONFIG, EINVAL,
			"leave out folders with \"%s\": a file name, and maybe :HEADER", text);
	tag->name = strndup(text, size);
	tag->header = strdup(colon ? colon + 1 : "");
	reject->tag_count++;
	return tag->name && tag->header ? 0 : err_oom(err);
}

static bool has_tag(const struct reject_tag *tag, int dir_fd)
{
	size_t size = strlen(tag->header);
	cleanup_free char *found = malloc(size + 1);
	struct err err = ERR_INIT;
	cleanup_close int fd = -1;
	struct stat st;

	if (fstatat(dir_fd, tag->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (!size)
		return true;
	/* A link counts if it leads to a file, as for restic. */
	fd = openat(dir_fd, tag->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || !found || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return file_read_full(fd, found, size, tag->name, &err) >= 0 &&
	       memcmp(found, tag->header, size) == 0;
}

uint32_t reject_tags(const struct reject *reject, int dir_fd)
{
	uint32_t tags = 0;

	for (unsigned i = 0; i < reject->tag_count; i++)
		if (has_tag(&reject->tags[i], dir_fd))
			tags |= UINT32_C(1) << i;
	return tags;
}

bool reject_name(const struct reject *reject, uint32_t tags, const char *name)
{
	for (unsigned i = 0; tags && i < reject->tag_count; i++)
		if (tags & UINT32_C(1) << i && strcmp(reject->tags[i].name, name) != 0)
			return true;
	return false;
}

bool reject_size(const struct reject *reject, const struct stat *st)
{
	return reject->larger_than && !S_ISDIR(st->st_mode) &&
	       (uint64_t)st->st_size > reject->larger_than;
}
