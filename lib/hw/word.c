#include "hw/word.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LENGTH 4u

/* The last letters and digits of text; false if it has fewer than four. */
static bool word_of(const char *text, char ret_word[HW_WORD_SIZE])
{
	char only[HW_WORD_SIZE];
	size_t n = 0;

	for (const char *c = text; *c && n + 1 < sizeof(only); c++)
		if (isalnum((unsigned char)*c))
			only[n++] = *c;
	only[n] = '\0';
	if (n < LENGTH)
		return false;
	snprintf(ret_word, HW_WORD_SIZE, "%s", only + n - LENGTH);
	return true;
}

void hw_word(const struct hw_disk *disk, char ret_word[HW_WORD_SIZE])
{
	if (!word_of(disk->serial, ret_word) && !word_of(disk->model, ret_word))
		snprintf(ret_word, HW_WORD_SIZE, "%s", disk->name);
}

int hw_word_check(const struct hw_disk *disk, const char *typed, struct err *err)
{
	char word[HW_WORD_SIZE];

	hw_word(disk, word);
	if (strcasecmp(word, typed) != 0)
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"erase %s: the confirmation does not match; nothing was changed",
			disk->path);
	return 0;
}
