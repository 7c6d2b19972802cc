/* The words of the recovery card. They do not come from the catalogues: the card is for whoever
 * finds it, in both languages, and a console without a locale must print it, too. */
#ifndef NEXUS_BACKUP_SHOW_CARD_WORDS_H
#define NEXUS_BACKUP_SHOW_CARD_WORDS_H

enum words {
	WORDS_TITLE,
	WORDS_PURPOSE,
	WORDS_PLACE,
	WORDS_ID,
	WORDS_KEY,
	WORDS_PASSWORD,
	WORDS_BY_HAND,
	WORDS_STEPS,
	WORDS_INSTALL,
	WORDS_SAY,
	WORDS_LIST,
	WORDS_RESTORE,
	WORDS_CHECK,
	WORDS_ASKED,
	WORDS_ACCOUNT,
	WORDS_CODE,
	WORDS_SAFE,
	WORDS_SECRET,
	WORDS_COUNT,
};

struct words_language {
	const char *code; /* "es", "en" */
	const char *words[WORDS_COUNT];
};

/* Spanish, English, and one whose code is NULL. */
extern const struct words_language words_languages[];

#endif
