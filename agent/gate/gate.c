/* nexus-gate: the forced command of every SSH key of a box. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/common/journal.h"
#include "agent/gate/session.h"
#include "agent/gate/shell.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "base/verb.h"
#include "fleet/text.h"

static int contract(bool adopt_only)
{
	struct err err = ERR_INIT;

	signal(SIGPIPE, SIG_IGN);
	if (session_serve(STDIN_FILENO, STDOUT_FILENO, adopt_only, &err) >= 0)
		return VERB_EXIT_OK;
	log_error("%s", err.text);
	return VERB_EXIT_FAILED;
}

static int refuse(const char *operator, const char * asked)
{
	char shown[256];

	fleet_text_copy(shown, sizeof(shown), asked);
	journal_event(
		JOURNAL_GATE_REFUSED, LOG_LEVEL_WARNING, NULL, "refused %s: %s", operator, shown);
	fprintf(stderr, "%s\n",
		_("This login speaks the fleet contract or opens a shell, nothing else."));
	return VERB_EXIT_USAGE;
}

static int run_operator(int argc, char **argv, void *context)
{
	const char *asked = getenv("SSH_ORIGINAL_COMMAND"), *command;
	const char *operator= argc> 0 ? argv[0] : "somebody";
	struct err err = ERR_INIT;
	int r;

	(void)context;
	if (!asked || !*asked || str_equal(asked, "contract"))
		return contract(false);
	command = str_after(asked, "shell");
	if (!command || (*command && *command != ' '))
		return refuse(operator, asked);
	command += strspn(command, " ");
	r = shell_run(operator, * command ? command : NULL, &err);
	if (r >= 0)
		return r;
	log_error("%s", err.text);
	return VERB_EXIT_FAILED;
}

static int run_adopt(int argc, char **argv, void *context)
{
	const char *asked = getenv("SSH_ORIGINAL_COMMAND");

	(void)argc;
	(void)argv;
	(void)context;
	if (!asked || !*asked || str_equal(asked, "contract") || str_equal(asked, "adopt"))
		return contract(true);
	return refuse("nexus-adopt", asked);
}

int main(int argc, char **argv)
{
	static const struct verb verbs[] = {
		{"operator", N_("[NAME]"), N_("serve an operator who logged in by SSH"), NULL, NULL,
			0, 1, run_operator, NULL},
		{"adopt", "", N_("serve the adoption login"), NULL, NULL, 0, 0, run_adopt, NULL},
		{0},
	};
	static const struct verb_program program = {
		.name = "nexus-gate",
		.summary = N_("What SSH starts on a box. sshd calls it; a person need not."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return verb_start(&program, argc, argv, NULL);
}
