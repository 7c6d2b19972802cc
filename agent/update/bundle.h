/* What RAUC says of a bundle once it has checked its signature. */
#ifndef NEXUS_AGENT_UPDATE_BUNDLE_H
#define NEXUS_AGENT_UPDATE_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BUNDLE_TEXT_MAX (256u << 10) /* bytes that RAUC may say */
#define BUNDLE_IMAGES_MAX 8

struct bundle_image {
	char slot_class[32]; /* "rootfs", "kernel" */
	uint64_t size_bytes;
};

struct bundle {
	char compatible[128]; /* made harmless, as all text here */
	char version[64]; /* "": the bundle tells none */
	struct bundle_image images[BUNDLE_IMAGES_MAX];
	size_t image_count;
};

/* Reads the output of "rauc info --output-format=json". -EBADMSG for what is none of it, or more
 * images than fit here. */
int bundle_parse(const char *text, size_t size, struct bundle *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Lets RAUC check and describe a file by root's configuration. Its refusal is -EACCES (kind denied)
 * when the signature is not of our keys, -EIO (kind system) when our own are not there, else
 * -EBADMSG (kind corrupt). Blocks; RAUC reads the signature and the manifest, not the images. */
int bundle_read(const char *root, const char *path, struct bundle *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Below, above or 0, as a is older than, newer than or the same as b: by runs of digits and of
 * other characters in turn; "~" stands before the end: 1.0~rc1 is older than 1.0. */
int bundle_compare_versions(const char *a, const char *b);

#endif
