/* Which disk of this computer may become a stick. */
#ifndef NEXUS_CONSOLE_USB_PICK_H
#define NEXUS_CONSOLE_USB_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "hw/disk.h"
#include "hw/use.h"

enum pick_verdict {
	PICK_BLANK, /* may be written */
	PICK_FULL, /* has something on it: only after a typed confirmation */
	PICK_IN_USE, /* this computer uses it */
	PICK_READ_ONLY,
	PICK_BAD_SECTORS,
	PICK_TOO_SMALL,
	PICK_UNREADABLE, /* nobody can say what is on it */
};

struct pick {
	struct hw_disk disk;
	struct hw_use use;
	enum pick_verdict verdict;
};

/* Judges what a node in /dev stands for; blocks while the disk is read. bytes_needed of 0: no
 * matter. -ENOENT, -ENOTBLK (kind config) for what is no whole disk; -EACCES for who may not read
 * it. */
int pick_node(const char *node, uint64_t bytes_needed, struct pick *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The disks that can be carried away, judged: USB or removable. *ret is owned, of *ret_count. */
int pick_list(uint64_t bytes_needed, struct pick **ret, size_t *ret_count, struct err *err)
	__attribute__((warn_unused_result));

/* The verdict on a disk that has been probed, or could not be. */
enum pick_verdict pick_judge(
	const struct hw_disk *disk, const struct hw_use *use, uint64_t bytes_needed);

bool pick_is_portable(const struct hw_disk *disk);

/* True if it may be written, confirmed or not. */
bool pick_is_usable(enum pick_verdict verdict);

/* True if a person must type the disk's word first: it is not blank, or not of the portable sort.
 */
bool pick_needs_word(const struct pick *pick);

/* A word for JSON; static. */
const char *pick_name(enum pick_verdict verdict);

/* A translated sentence for a person: what is on the disk, or why it can't be. Owned, NULL without
 * memory. */
char *pick_sentence(const struct pick *pick);

/* 0 if it is usable, else the sentence's English as an error (kind locked, denied, space ...). */
int pick_refuse(const struct pick *pick, uint64_t bytes_needed, struct err *err)
	__attribute__((warn_unused_result));

#endif
