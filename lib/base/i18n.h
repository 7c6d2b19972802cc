/* Translation of what people see, through gettext. Chains for the operator (err.text, log)
 * stay English, so that they can be searched for. */
#ifndef NEXUS_BASE_I18N_H
#define NEXUS_BASE_I18N_H

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text
#define P_(one, many, n) ngettext((one), (many), (unsigned long)(n))

/* Sets the locale from the environment and binds the message domain "nexus". NEXUS_LOCALEDIR
 * overrides the folder of the catalogues, for tests and for running from a build folder. */
void i18n_init(void);

/* Speaks another language from now on, "es" or "en", whatever the environment says. */
void i18n_speak(const char *language);

/* The language that is spoken, as two letters; "en" when nothing says. Static, until the next
 * i18n_speak. */
const char *i18n_language(void);

#endif
