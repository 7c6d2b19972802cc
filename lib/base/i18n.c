#include "base/i18n.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

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

void i18n_speak(const char *language)
{
	const char *locale;

	setenv("LANGUAGE", language, 1);
	/* In the locale "C" gettext speaks no other language than the sources'. */
	locale = setlocale(LC_ALL, "");
	if (!locale || strcmp(setlocale(LC_MESSAGES, NULL), "C") == 0 ||
		strcmp(setlocale(LC_CTYPE, NULL), "C") == 0)
		setlocale(LC_ALL, "C.UTF-8");
	setlocale(LC_NUMERIC, "C");
	/* What gettext has looked up before is forgotten. */
	textdomain("nexus");
}

const char *i18n_language(void)
{
	const char *name = getenv("LANGUAGE");

	if (!name || !*name)
		name = setlocale(LC_MESSAGES, NULL);
	return name && strncmp(name, "es", 2) == 0 ? "es" : "en";
}
