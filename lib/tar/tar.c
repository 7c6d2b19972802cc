#include "tar/tar.h"

#include <errno.h>
#include <string.h>

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

int tar_new(int fd, enum tar_format format, struct tar **ret, struct err *err)
{
	const struct module_head *head;
	int r = module_load(TAR_STREAM_FILE, TAR_STREAM_SYMBOL, sizeof(struct tar_ops), &head, err);

	return r < 0 ? r : ((const struct tar_ops *)head)->open(fd, format, ret, err);
}

int tar_add(struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	return tar->ops->add(tar, entry, err);
}

int tar_write(struct tar *tar, const void *data, size_t size, struct err *err)
{
	return tar->ops->write(tar, data, size, err);
}

int tar_finish(struct tar *tar, struct err *err)
{
	return tar->ops->finish(tar, err);
}

void tar_free(struct tar *tar)
{
	if (tar)
		tar->ops->free(tar);
}
