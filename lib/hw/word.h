/* What a person types before a disk is erased, to show that it is this one that is meant. */
#ifndef NEXUS_HW_WORD_H
#define NEXUS_HW_WORD_H

#include "base/err.h"
#include "hw/disk.h"

#define HW_WORD_SIZE 64

/* The last four letters and digits of its serial number, else of its model, else its name. */
void hw_word(const struct hw_disk *disk, char ret_word[HW_WORD_SIZE]);

/* 0 if typed is that word, in any case; else -EKEYREJECTED (kind denied). */
int hw_word_check(const struct hw_disk *disk, const char *typed, struct err *err)
	__attribute__((warn_unused_result));

#endif
