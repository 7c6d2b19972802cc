#include "tar/ops.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

struct stream {
	struct tar tar;
	struct archive *archive; /* owned */
	struct archive_entry *entry; /* owned */
	enum tar_format format;
	int fd; /* borrowed */
	bool dropped; /* nothing more is written */
};

static struct stream *stream_of(struct tar *tar)
{
	return (struct stream *)tar;
}

/* A warning is about how a name is written down, not about whether it is. */
static int judge(const struct stream *stream, int result, struct err *err)
{
	const char *text = archive_error_string(stream->archive);
	int code = archive_errno(stream->archive);

	if (result >= ARCHIVE_WARN)
		return 0;
	return err_set(err, code == ENOSPC ? ERR_SPACE : ERR_SYSTEM, code > 0 ? code : EIO,
		"write archive: %s", text ? text : "unknown failure");
}

/* Called by the library with what is to be written. */
static la_ssize_t on_write(struct archive *archive, void *context, const void *data, size_t size)
{
	struct stream *stream = context;
	struct err err = ERR_INIT;

	if (stream->dropped || file_write_full(stream->fd, data, size, "it", &err) >= 0)
		return (la_ssize_t)size;
	archive_set_error(archive, err.code, "%s", err.text);
	return -1;
}

static int set_up(struct stream *stream, struct err *err)
{
	int r;

	stream->archive = archive_write_new();
	stream->entry = archive_entry_new();
	if (!stream->archive || !stream->entry)
		return err_oom(err);
	r = judge(stream,
		stream->format == TAR_FORMAT_ZIP ? archive_write_set_format_zip(stream->archive)
						 : archive_write_set_format_pax(stream->archive),
		err);
	/* One header an attribute, in the way that GNU tar and star read. */
	if (r >= 0 && stream->format == TAR_FORMAT_PAX)
		r = judge(stream,
			archive_write_set_format_option(
				stream->archive, "pax", "xattrheader", "SCHILY"),
			err);
	/* The end is not filled up to a tape's block. */
	if (r >= 0)
		r = judge(stream, archive_write_set_bytes_in_last_block(stream->archive, 1), err);
	return r < 0 ? r
		     : judge(stream,
			       archive_write_open(stream->archive, stream, NULL, on_write, NULL),
			       err);
}

static void stream_free(struct tar *tar)
{
	struct stream *stream = stream_of(tar);

	archive_entry_free(stream->entry);
	stream->dropped = true; /* what is cut must not get an end that looks whole */
	if (stream->archive)
		archive_write_free(stream->archive);
	free(stream);
}

static int stream_open(int fd, enum tar_format format, struct tar **ret, struct err *err)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int r;

	if (!stream)
		return err_oom(err);
	stream->tar.ops = &tar_stream;
	stream->format = format;
	stream->fd = fd;
	r = set_up(stream, err);
	if (r < 0) {
		stream_free(&stream->tar);
		return r;
	}
	*ret = &stream->tar;
	return 0;
}

static int stream_add(struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	struct stream *stream = stream_of(tar);
	struct archive_entry *out = archive_entry_clear(stream->entry);

	archive_entry_copy_pathname(out, entry->path);
	archive_entry_set_mode(out, entry->mode);
	archive_entry_set_uid(out, entry->uid);
	archive_entry_set_gid(out, entry->gid);
	if (entry->user && *entry->user)
		archive_entry_copy_uname(out, entry->user);
	if (entry->group && *entry->group)
		archive_entry_copy_gname(out, entry->group);
	archive_entry_set_mtime(out, entry->modified.tv_sec, entry->modified.tv_nsec);
	if (stream->format == TAR_FORMAT_PAX) {
		archive_entry_set_atime(out, entry->accessed.tv_sec, entry->accessed.tv_nsec);
		archive_entry_set_ctime(out, entry->changed.tv_sec, entry->changed.tv_nsec);
		for (size_t i = 0; i < entry->xattr_count; i++)
			archive_entry_xattr_add_entry(out, entry->xattrs[i].name,
				entry->xattrs[i].value, entry->xattrs[i].size);
	}
	if (S_ISLNK(entry->mode))
		archive_entry_copy_symlink(out, entry->link_target);
	archive_entry_set_size(out, S_ISREG(entry->mode) ? (la_int64_t)entry->size : 0);
	return judge(stream, archive_write_header(stream->archive, out), err);
}

static int stream_write(struct tar *tar, const void *data, size_t size, struct err *err)
{
	struct stream *stream = stream_of(tar);
	la_ssize_t n;

	for (size_t at = 0; at < size; at += (size_t)n) {
		n = archive_write_data(stream->archive, (const char *)data + at, size - at);
		if (n < 0)
			return judge(stream, (int)n, err);
		if (n == 0)
			return err_set(err, ERR_CORRUPT, EFBIG,
				"write archive: more content than its entry says");
	}
	return 0;
}

static int stream_finish(struct tar *tar, struct err *err)
{
	struct stream *stream = stream_of(tar);

	return judge(stream, archive_write_close(stream->archive), err);
}

const struct tar_ops tar_stream = {
	.head = {.version = NEXUS_VERSION, .size = sizeof(tar_stream)},
	.open = stream_open,
	.add = stream_add,
	.write = stream_write,
	.finish = stream_finish,
	.free = stream_free,
};
