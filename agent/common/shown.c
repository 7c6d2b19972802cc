#include "agent/common/shown.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

static int put(int folder_fd, const char *name, const char *text, struct err *err)
{
	return file_replace(folder_fd, name, text, strlen(text), 0600, err);
}

int shown_open(int folder_fd, const char *code, const char *login, struct err *err)
{
	cleanup_free char *line = str_printf("%s\n", login);
	int r;

	if (!line)
		return err_oom(err);
	r = put(folder_fd, SHOWN_BANNER, "nexus-adoption: open\n", err);
	if (r >= 0)
		r = put(folder_fd, SHOWN_LOGIN, line, err);
	return r < 0 ? r : put(folder_fd, SHOWN_CODE, code, err);
}

int shown_adopted(int folder_fd, struct err *err)
{
	if ((unlinkat(folder_fd, SHOWN_LOGIN, 0) < 0 && errno != ENOENT) ||
		(unlinkat(folder_fd, SHOWN_CODE, 0) < 0 && errno != ENOENT))
		return err_errno(err, errno, "remove adoption code");
	return put(folder_fd, SHOWN_BANNER, "nexus-adoption: adopted\n", err);
}
