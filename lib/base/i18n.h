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

#endif
