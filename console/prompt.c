#include "console/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool prompt_possible(void)
{
	return isatty(STDIN_FILENO);
}

/* Byte by byte: what follows the line on stdin is somebody else's. */
int prompt_line(const char *question, char ret_line[PROMPT_LINE_MAX], struct err *err)
{
	char line[PROMPT_LINE_MAX];
	size_t size = 0;

	if (question && *question) {
		fputs(question, stderr);
		fflush(stderr);
	}
	for (;;) {
		ssize_t n = read(STDIN_FILENO, line + size, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "read answer");
		if (n == 0 && size == 0)
			return err_set(err, ERR_CONFIG, ENODATA, "read answer: input has ended");
		if (n == 0 || line[size] == '\n')
			break;
		if (++size == sizeof(line))
			return err_set(err, ERR_CONFIG, E2BIG, "read answer: the line is too long");
	}
	line[size] = '\0';
	if (size > 0 && line[size - 1] == '\r')
		line[size - 1] = '\0';
	memcpy(ret_line, line, size + 1);
	explicit_bzero(line, sizeof(line));
	return 0;
}
