#include "agent/common/program.h"

#include "base/i18n.h"

int program_main(const struct verb_program *program, const char **root, int argc, char **argv)
{
	const struct verb_option options[] = {
		{.long_name = "root",
			.argument = N_("DIR"),
			.help = N_("take all paths below DIR, for tests"),
			.text = root},
		{0},
	};
	struct verb_program with_root = *program;

	with_root.options = options;
	return verb_start(&with_root, argc, argv, root);
}
