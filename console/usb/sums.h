/* SHA256SUMS beside an image, and its signature: what image/build and image/sign make. */
#ifndef NEXUS_CONSOLE_USB_SUMS_H
#define NEXUS_CONSOLE_USB_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/hash.h"

#define SUMS_FILE "SHA256SUMS"
#define SUMS_TEXT_MAX (64u << 10) /* bytes */
#define SUMS_FOR "nexus-image" /* what the signature is for, as image/sign has it */

enum sums_trust {
	SUMS_NONE, /* there is no list beside the image */
	SUMS_UNSIGNED, /* a list, whoever made it */
	SUMS_UNKNOWN, /* signed, and nobody said whose signatures count */
	SUMS_SIGNED, /* by one of those that count */
};

struct sums {
	enum sums_trust trust;
	char signer[128]; /* of SUMS_SIGNED, fit for a terminal */
	uint8_t digest[HASH_SIZE]; /* of the image; not for SUMS_NONE */
};

/* Looks up name in the text of a list. Each line must be 64 digits, a blank, a blank or '*', and a
 * name without '/': -EBADMSG (kind corrupt) names the line. -ENOENT (kind not-found) if name is in
 * none, -EEXIST (kind corrupt) if in two. */
int sums_find(const char *text, size_t size, const char *name, uint8_t ret_digest[HASH_SIZE],
	struct err *err) __attribute__((warn_unused_result));

/* Reads the list beside image. signers: a file of names and keys as ssh-keygen(1) has them, or
 * NULL; with it the list must be there and signed by one of them: -EKEYREJECTED (kind denied). */
int sums_read(const char *image, const char *signers, struct sums *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
