#include "backup/common/password.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/proc.h"
#include "base/str.h"

#define PASSWORD_MAX 4096 /* bytes */
#define COMMAND_US (5 * 60 * 1000000ull) /* somebody may have to touch a token */

/* What a source is called; [1] is that of the second one. */
static const struct {
	const char *file, *command, *given; /* of the environment */
	const char *prompt, *missing;
} names[] = {
	{"RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND", "RESTIC_PASSWORD",
		N_("Password for the repository"),
		"find password: say where with --password-file, RESTIC_PASSWORD_FILE or "
		"RESTIC_PASSWORD"},
	{"RESTIC_FROM_PASSWORD_FILE", "RESTIC_FROM_PASSWORD_COMMAND", "RESTIC_FROM_PASSWORD",
		N_("Password for the repository to read from"),
		"find password of the repository to read from: say where with "
		"--from-password-file, RESTIC_FROM_PASSWORD_FILE or RESTIC_FROM_PASSWORD"},
};

void password_free(char *password)
{
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
}

/* missing: what is told where nobody can be asked. */
static int ask(const char *prompt, const char *missing, char **ret, struct err *err)
{
	struct termios before, silent;
	cleanup_fclose FILE *tty = fopen("/dev/tty", "r+e");
	char text[PASSWORD_MAX] = "";
	char *got;

	if (!tty || tcgetattr(fileno(tty), &before) < 0)
		return err_set(err, ERR_CONFIG, EINVAL, "%s", missing);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(fileno(tty), TCSAFLUSH, &silent);
	fprintf(tty, "%s: ", prompt);
	fflush(tty);
	got = fgets(text, sizeof(text), tty);
	(void)tcsetattr(fileno(tty), TCSAFLUSH, &before);
	fputc('\n', tty);
	if (got)
		text[strcspn(text, "\n")] = '\0';
	*ret = got ? strdup(text) : NULL;
	explicit_bzero(text, sizeof(text));
	return *ret ? 0 : err_set(err, ERR_CONFIG, EINVAL, "read password: there is none");
}

static int ask_twice(const char *missing, char **ret, struct err *err)
{
	cleanup_password char *first = NULL, *second = NULL;
	int r = ask(_("New password for the repository"), missing, &first, err);

	if (r >= 0)
		r = ask(_("The same password again"), missing, &second, err);
	if (r < 0)
		return r;
	if (first && second && strcmp(first, second) != 0)
		return err_set(err, ERR_CONFIG, EINVAL, "read password: the two differ");
	*ret = TAKE(first);
	return 0;
}

/* The first line of what the command prints. */
static int run_command(const char *command, char **ret, struct err *err)
{
	const struct proc_options options = {
		.output_max = PASSWORD_MAX, .timeout_us = COMMAND_US, .environment = NULL};
	cleanup_str_list struct str_list argv = {0};
	cleanup_password char *output = NULL;
	int r = str_list_split(&argv, command, err);

	if (r >= 0 && !argv.count)
		r = err_set(err, ERR_CONFIG, EINVAL, "it is empty");
	if (r >= 0)
		r = proc_run_ok((const char *const *)argv.items, &options, &output, err);
	if (r < 0) {
		err->kind = ERR_CONFIG;
		return err_wrap(err, "read password from command");
	}
	output[strcspn(output, "\r\n")] = '\0';
	*ret = TAKE(output);
	return 0;
}

static int read_file(const char *path, char **ret, struct err *err)
{
	cleanup_password char *password = NULL;
	int r = file_read(AT_FDCWD, path, PASSWORD_MAX, &password, NULL, err);

	if (r < 0) {
		err->kind = ERR_CONFIG; /* it is no repository that is missing */
		return err_wrap(err, "read password");
	}
	*ret = strdup(str_strip(password));
	return *ret ? 0 : err_oom(err);
}

static int refuse_empty(char **password, struct err *err)
{
	if (*password && **password)
		return 0;
	password_free(*password);
	*password = NULL;
	return err_set(err, ERR_CONFIG, EINVAL, "read password: an empty one is not allowed");
}

int password_new(const char *path, char **ret, struct err *err)
{
	int r = path ? read_file(path, ret, err)
		     : ask_twice("find new password: say where with --new-password-file", ret, err);

	return r < 0 ? r : refuse_empty(ret, err);
}

int password_get(const struct password_source *source, bool again, char **ret, struct err *err)
{
	const char *file = source->file, *command = source->command;
	const char *given = getenv(names[source->is_second].given);
	const char *missing = names[source->is_second].missing;
	int r;

	if ((!file || !*file) && (!command || !*command)) {
		file = getenv(names[source->is_second].file);
		command = getenv(names[source->is_second].command);
	}
	if (file && *file && command && *command)
		return err_set(err, ERR_CONFIG, EINVAL,
			"find password: a file and a command for it do not go together");
	if (file && *file) {
		r = read_file(file, ret, err);
	} else if (command && *command) {
		r = run_command(command, ret, err);
	} else if (given) {
		*ret = strdup(given);
		r = *ret ? 0 : err_oom(err);
	} else {
		r = again ? ask_twice(missing, ret, err)
			  : ask(_(names[source->is_second].prompt), missing, ret, err);
	}
	return r < 0 ? r : refuse_empty(ret, err);
}
