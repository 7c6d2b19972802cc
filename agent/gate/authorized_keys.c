/* authorized-keys USER: sshd's AuthorizedKeysCommand. Prints the keys that may log in as USER, each
 * bound to nexus-gate. Whatever goes wrong, it prints less, never more. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/common/identity.h"
#include "agent/common/program.h"
#include "agent/common/shown.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/ssh_key.h"

#define GATE "/usr/lib/nexus/nexus-gate"
#define STATE_FOLDER "/var/lib/nexus-agent"
#define SHOWN_FILE SHOWN_FOLDER "/" SHOWN_LOGIN

/* A box that has just started derives the key for some seconds yet; sshd waits 30 s for us. */
#define WAIT_US 20000000u
#define WAIT_STEP_MS 100

static const char *arg_root = "";

/* The comment as one word that can stand between quotes. */
static void word_format(const char *comment, char *ret_word, size_t size)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@";
	size_t n = 0;

	for (; *comment && n + 1 < size; comment++)
		if (strchr(safe, *comment))
			ret_word[n++] = *comment;
	ret_word[n] = '\0';
}

/* One line of operator.keys; what is no plain key is left out. */
static void print_operator(const char *line)
{
	cleanup_free char *comment = NULL;
	cleanup_free void *blob = NULL;
	char word[64], fingerprint[SSH_KEY_FINGERPRINT_SIZE];
	struct err err = ERR_INIT;
	size_t size;

	if (!identity_key_valid(line))
		return;
	if (ssh_key_line_parse(line, &blob, &size, &comment, &err) < 0) {
		log_warning("%s", err.text);
		return;
	}
	word_format(comment, word, sizeof(word));
	ssh_key_fingerprint(blob, size, fingerprint);
	printf("restrict,pty,command=\"" GATE " operator '%s %s'\" %.80s\n",
		*word ? word : "operator", fingerprint, line);
}

static int print_operators(struct err *err)
{
	cleanup_free char *path = str_printf("%s" STATE_FOLDER "/" IDENTITY_KEYS_FILE, arg_root);
	cleanup_free char *text = NULL;
	int r;

	if (!path)
		return err_oom(err);
	r = file_read(AT_FDCWD, path, IDENTITY_KEYS_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	for (char *line = text, *end; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		print_operator(line);
	}
	return 0;
}

/* The adoption login's key, while the box is nobody's. */
static int print_adoption(struct err *err)
{
	cleanup_free char *secret = str_printf("%s" STATE_FOLDER "/adoption.json", arg_root);
	cleanup_free char *path = str_printf("%s" SHOWN_FILE, arg_root), *text = NULL;
	uint64_t deadline_us = clock_monotonic_us(&clock_system) + WAIT_US;
	int r;

	if (!path || !secret)
		return err_oom(err);
	while (access(secret, F_OK) == 0 && access(path, F_OK) < 0 &&
		clock_monotonic_us(&clock_system) < deadline_us)
		poll(NULL, 0, WAIT_STEP_MS);
	if (access(secret, F_OK) < 0)
		return 0;
	r = file_read(AT_FDCWD, path, 4096, &text, NULL, err);
	if (r >= 0 && str_after(text, "restrict,"))
		fputs(text, stdout);
	return r;
}

static int run(int argc, char **argv, void *context)
{
	struct err err = ERR_INIT;
	int r = 0;

	(void)argc;
	(void)context;
	if (str_equal(argv[0], "nexus-operator"))
		r = print_operators(&err);
	else if (str_equal(argv[0], "nexus-adopt"))
		r = print_adoption(&err);
	if (r < 0 && r != -ENOENT)
		log_error("%s", err.text);
	return VERB_EXIT_OK;
}

int main(int argc, char **argv)
{
	static const struct verb verbs[] = {
		{"", N_("USER"), N_("Prints the SSH keys that may log in as USER."), NULL, NULL, 1,
			1, run, NULL},
		{0},
	};
	static const struct verb_program program = {
		.name = "authorized-keys",
		.summary = N_("Prints the SSH keys that may log in as USER."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return program_main(&program, &arg_root, argc, argv);
}
