/* Inside of hash_many: eight SHA-256 side by side, in the lanes of wide registers. Bare states and
 * whole blocks; padding is the caller's. */
#ifndef NEXUS_CRYPTO_HASH_LANES_H
#define NEXUS_CRYPTO_HASH_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

#define HASH_LANES 8
#define HASH_LANES_BLOCK 64 /* bytes */
#define HASH_LANES_WORDS 8 /* of a state */

/* A word of all lanes stands together. */
struct hash_lanes {
	uint32_t state[HASH_LANES_WORDS][HASH_LANES];
};

/* Whether this processor can run it: on x86 it must have AVX2. */
bool hash_lanes_works(void);

/* Starts over in one lane. */
void hash_lanes_begin(struct hash_lanes *lanes, size_t lane);
/* Takes so many blocks from each of the addresses, one for each lane; all must be readable, also
 * those of lanes whose state does not matter. */
void hash_lanes_add(struct hash_lanes *lanes, const uint8_t *const at[HASH_LANES], size_t blocks);
void hash_lanes_end(const struct hash_lanes *lanes, size_t lane, uint8_t ret_digest[HASH_SIZE]);

#endif
