#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "console/console.h"
#include "console/fleet/shell.h"
#include "console/verbs.h"

#define COMMAND_MAX 100000 /* bytes */
#define SHELL_BROKEN 255 /* exit status, as ssh has it */

/* 'it'\''s': one word for the shell of the box, whatever is in it. */
static int add_quoted(struct buf *buf, const char *word, struct err *err)
{
	int r = buf_add_byte(buf, '\'', err);

	for (; r == 0 && *word; word++)
		r = *word == '\'' ? buf_add_text(buf, "'\\''", err)
				  : buf_add_byte(buf, (uint8_t)*word, err);
	return r < 0 ? r : buf_add_byte(buf, '\'', err);
}

/* One argument is shell text as it is; several are a command and its arguments. */
static int make_command(int argc, char **argv, struct buf *buf, struct err *err)
{
	int r = 0;

	if (argc == 1)
		return buf_add_text(buf, argv[0], err);
	for (int i = 0; r == 0 && i < argc; i++) {
		if (i > 0)
			r = buf_add_byte(buf, ' ', err);
		if (r == 0)
			r = add_quoted(buf, argv[i], err);
	}
	return r;
}

int verb_shell(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_buf struct buf command = BUF_INIT(COMMAND_MAX);
	cleanup_free char *subject = NULL;
	struct err err = ERR_INIT;
	enum fault fault = FAULT_CONSOLE;
	int status = 0, r;

	r = console_ask(console, argv[0], &err);
	if (r == 0)
		r = make_command(argc - 1, argv + 1, &command, &err);
	if (r < 0)
		return console_fail(console, &err);
	r = shell_run(&console->ask, command.size ? (const char *)command.data : NULL, &status,
		&fault, &err);
	if (r == 0)
		return status;
	if (fault == FAULT_CONSOLE && err.code == EPIPE) /* "| head" has seen enough */
		return 128 + SIGPIPE;
	subject = console_subject(&console->box);
	if (fault == FAULT_ANSWER) {
		fprintf(stderr, _("%s: %s: the connection broke while the shell was open\n"),
			CONSOLE_PROGRAM, subject ? subject : argv[0]);
		return SHELL_BROKEN;
	}
	return console_fail_box(console, subject ? subject : argv[0], fault, &err);
}
