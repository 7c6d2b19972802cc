#include "tar/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

struct tar {
	struct archive *archive; /* owned */
	struct archive_entry *entry; /* owned */
	enum tar_format format;
	int fd; /* borrowed */
	bool dropped; /* nothing more is written */
};

int tar_format_parse(const char *text, enum tar_format *ret, struct err *err)
{
	if (strcmp(text, "tar") == 0)
		*ret = TAR_FORMAT_PAX;
	else if (strcmp(text, "zip") == 0)
		*ret = TAR_FORMAT_ZIP;
	else
		return err_set(err, ERR_CONFIG, EINVAL, "read --archive %s: tar or zip", text);
	return 0;
}

/* A warning is about how a name is written down, not about whether it is. */
static int judge(const struct tar *tar, int result, struct err *err)
{
	const char *text = archive_error_string(tar->archive);
	int code = archive_errno(tar->archive);

	if (result >= ARCHIVE_WARN)
		return 0;
	return err_set(err, code == ENOSPC ? ERR_SPACE : ERR_SYSTEM, code > 0 ? code : EIO,
		"write archive: %s", text ? text : "unknown failure");
}

/* Called by the library with what is to be written. */
static la_ssize_t on_write(struct archive *archive, void *context, const void *data, size_t size)
{
	struct tar *tar = context;
	struct err err = ERR_INIT;

	if (tar->dropped || file_write_full(tar->fd, data, size, "it", &err) >= 0)
		return (la_ssize_t)size;
	archive_set_error(archive, err.code, "%s", err.text);
	return -1;
}

static int set_up(struct tar *tar, struct err *err)
{
	int r;

	tar->archive = archive_write_new();
	tar->entry = archive_entry_new();
	if (!tar->archive || !tar->entry)
		return err_oom(err);
	r = judge(tar,
		tar->format == TAR_FORMAT_ZIP ? archive_write_set_format_zip(tar->archive)
					      : archive_write_set_format_pax(tar->archive),
		err);
	/* One header an attribute, in the way that GNU tar and star read. */
	if (r >= 0 && tar->format == TAR_FORMAT_PAX)
		r = judge(tar,
			archive_write_set_format_option(
				tar->archive, "pax", "xattrheader", "SCHILY"),
			err);
	/* The end is not filled up to a tape's block. */
	if (r >= 0)
		r = judge(tar, archive_write_set_bytes_in_last_block(tar->archive, 1), err);
	return r < 0 ? r
		     : judge(tar, archive_write_open(tar->archive, tar, NULL, on_write, NULL), err);
}

int tar_new(int fd, enum tar_format format, struct tar **ret, struct err *err)
{
	cleanup_tar struct tar *tar = calloc(1, sizeof(*tar));
	int r;

	if (!tar)
		return err_oom(err);
	tar->format = format;
	tar->fd = fd;
	r = set_up(tar, err);
	if (r < 0)
		return r;
	*ret = TAKE(tar);
	return 0;
}

int tar_add(struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	struct archive_entry *out = archive_entry_clear(tar->entry);

	archive_entry_copy_pathname(out, entry->path);
	archive_entry_set_mode(out, entry->mode);
	archive_entry_set_uid(out, entry->uid);
	archive_entry_set_gid(out, entry->gid);
	if (entry->user && *entry->user)
		archive_entry_copy_uname(out, entry->user);
	if (entry->group && *entry->group)
		archive_entry_copy_gname(out, entry->group);
	archive_entry_set_mtime(out, entry->modified.tv_sec, entry->modified.tv_nsec);
	if (tar->format == TAR_FORMAT_PAX) {
		archive_entry_set_atime(out, entry->accessed.tv_sec, entry->accessed.tv_nsec);
		archive_entry_set_ctime(out, entry->changed.tv_sec, entry->changed.tv_nsec);
		for (size_t i = 0; i < entry->xattr_count; i++)
			archive_entry_xattr_add_entry(out, entry->xattrs[i].name,
				entry->xattrs[i].value, entry->xattrs[i].size);
	}
	if (S_ISLNK(entry->mode))
		archive_entry_copy_symlink(out, entry->link_target);
	archive_entry_set_size(out, S_ISREG(entry->mode) ? (la_int64_t)entry->size : 0);
	return judge(tar, archive_write_header(tar->archive, out), err);
}

int tar_write(struct tar *tar, const void *data, size_t size, struct err *err)
{
	la_ssize_t n;

	for (size_t at = 0; at < size; at += (size_t)n) {
		n = archive_write_data(tar->archive, (const char *)data + at, size - at);
		if (n < 0)
			return judge(tar, (int)n, err);
		if (n == 0)
			return err_set(err, ERR_CORRUPT, EFBIG,
				"write archive: more content than its entry says");
	}
	return 0;
}

int tar_finish(struct tar *tar, struct err *err)
{
	return judge(tar, archive_write_close(tar->archive), err);
}

void tar_free(struct tar *tar)
{
	if (!tar)
		return;
	archive_entry_free(tar->entry);
	tar->dropped = true; /* what is cut must not get an end that looks whole */
	if (tar->archive)
		archive_write_free(tar->archive);
	free(tar);
}
