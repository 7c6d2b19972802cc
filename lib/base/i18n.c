#include "base/i18n.h"

#include <locale.h>
#include <stdlib.h>

void i18n_init(void)
{
	const char *dir = secure_getenv("NEXUS_LOCALEDIR");

	setlocale(LC_ALL, "");
	/* A number with a decimal comma is for prose; our files and JSON have points. */
	setlocale(LC_NUMERIC, "C");
	bindtextdomain("nexus", dir && *dir ? dir : NEXUS_LOCALE_DIR);
	bind_textdomain_codeset("nexus", "UTF-8");
	textdomain("nexus");
}
