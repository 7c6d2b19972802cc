/* Whether bytes look as if they could not be compressed: photos, films, archives and what is
 * encrypted are told by a sample, so that nobody tries in vain. */
#ifndef NEXUS_CODEC_NOISE_H
#define NEXUS_CODEC_NOISE_H

#include <stdbool.h>
#include <stddef.h>

/* A guess, the same each time for the same bytes. false when in doubt, and for less than 1 KiB:
 * trying costs little there. Repeats of what is noise in itself are not seen. */
bool noise_likely(const void *data, size_t size);

#endif
