#include "console/fleet/fault.h"

#include <stddef.h>
#include <string.h>

#include "base/i18n.h"

static const struct {
	const char *name;
	int exit;
	const char *word, *text, *advice;
} faults[] = {
	[FAULT_NONE] = {"none", 0, N_("ok"), N_("The box answered."), ""},
	[FAULT_NAME] = {"name", FAULT_EXIT_UNREACHABLE, N_("no address"),
		N_("This host name has no address."),
		N_("Check the spelling, or give the box's address in numbers.")},
	[FAULT_AWAY] = {"away", FAULT_EXIT_UNREACHABLE, N_("away"),
		N_("Nothing answers at the box's address."),
		N_("Is the box on, and its network cable in? If it got another address, say so "
		   "with 'nexus fleet move'.")},
	[FAULT_REFUSED] = {"refused", FAULT_EXIT_UNREACHABLE, N_("refused"),
		N_("A machine answers at this address, but refuses the connection."),
		N_("The box may be starting: try again in a minute. Otherwise another machine has "
		   "its address.")},
	[FAULT_SILENT] = {"silent", FAULT_EXIT_UNREACHABLE, N_("silent"),
		N_("The connection opens, but the box says nothing."),
		N_("The box is overloaded or hangs. Try again; if it stays so, restart it.")},
	[FAULT_GARBAGE] = {"garbage", FAULT_EXIT_UNREACHABLE, N_("not SSH"),
		N_("Something answers at this address, but it does not speak SSH."),
		N_("Check address and port: another service or machine is there.")},
	[FAULT_EXCHANGE] = {"exchange", FAULT_EXIT_UNREACHABLE, N_("broken off"),
		N_("The box began to speak SSH and did not go through with it."),
		N_("Try again. If it stays so, the box is overloaded, or the line loses much.")},
	[FAULT_HOST_KEY] = {"host-key", FAULT_EXIT_REFUSED, N_("KEY CHANGED"),
		N_("The machine at this address is not the box that was adopted: its key is "
		   "another."),
		N_("Nothing was sent to it. If the box was installed anew, run 'nexus fleet "
		   "forget' "
		   "and adopt it again with the code on its screen. If not, another machine has "
		   "its "
		   "address, or somebody is in between.")},
	[FAULT_LOGIN] = {"login", FAULT_EXIT_REFUSED, N_("not let in"),
		N_("The box does not accept this console's key."),
		N_("Somebody else may have adopted it since. Look at the box's screen; it must be "
		   "adopted again from here.")},
	[FAULT_COMMAND] = {"command", 1, N_("no agent"),
		N_("The box lets us in, but its agent does not answer."),
		N_("The box may be starting: try again in a minute. Otherwise restart it.")},
	[FAULT_ANSWER] = {"answer", 1, N_("bad answer"),
		N_("The box's answer broke off or makes no sense."),
		N_("Try again. If it stays so, restart the box, or update this console.")},
	[FAULT_SLOW] = {"slow", FAULT_EXIT_UNREACHABLE, N_("too slow"),
		N_("The box did not answer in time."),
		N_("It may be very busy: try again, or allow more time with --timeout.")},
	[FAULT_BOX] = {"box", 1, N_("refuses"), N_("The box answered that it can't."), ""},
	[FAULT_CONSOLE] = {"console", 1, N_("console"), N_("This machine could not do its part."),
		""},
};

#define COUNT (sizeof(faults) / sizeof(faults[0]))

const char *fault_name(enum fault fault)
{
	return faults[fault].name;
}

bool fault_parse(const char *name, enum fault *ret)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(faults[i].name, name) == 0) {
			*ret = (enum fault)i;
			return true;
		}
	return false;
}

const char *fault_word(enum fault fault)
{
	return _(faults[fault].word);
}

const char *fault_text(enum fault fault)
{
	return _(faults[fault].text);
}

const char *fault_advice(enum fault fault)
{
	return faults[fault].advice[0] ? _(faults[fault].advice) : "";
}

int fault_exit(enum fault fault)
{
	return faults[fault].exit;
}
