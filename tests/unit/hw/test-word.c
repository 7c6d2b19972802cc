#include "hw/word.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"

static const struct {
	const char *serial, *model, *word;
} words[] = {
	{"W2A-8k3f", "ST500DM002", "8k3f"},
	{"ab-12", "ST500DM002", "ab12"},
	{"S 9 9_", "ST500DM002", "M002"},
	{"", "QEMU HARDDISK", "DISK"},
	{"", "", "sda"},
	{"x", "y", "sda"},
};

START_TEST(wants_a_word)
{
	struct hw_disk disk = {.name = "sda", .path = "/dev/sda"};
	struct err err = ERR_INIT;
	char word[HW_WORD_SIZE];

	snprintf(disk.serial, sizeof(disk.serial), "%s", words[_i].serial);
	snprintf(disk.model, sizeof(disk.model), "%s", words[_i].model);
	hw_word(&disk, word);
	ck_assert_str_eq(word, words[_i].word);
	ck_assert_int_eq(hw_word_check(&disk, word, &err), 0);
	ck_assert_int_eq(hw_word_check(&disk, "", &err), -EKEYREJECTED);
	ck_assert_int_eq(hw_word_check(&disk, "yes", &err), -EKEYREJECTED);
	ck_assert_int_eq(err.kind, ERR_DENIED);
	/* The message does not give the word away. */
	ck_assert(strcmp(word, disk.name) == 0 || strstr(err.text, word) == NULL);
	word[0] = (char)(word[0] ^ 0x20); /* the other case, or another character */
	ck_assert_int_eq(hw_word_check(&disk, word, &err),
		(word[0] | 0x20) >= 'a' && (word[0] | 0x20) <= 'z' ? 0 : -EKEYREJECTED);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("word");

	tcase_add_loop_test(tcase, wants_a_word, 0, COUNT(words));
	return unit_main("word", tcase);
}
