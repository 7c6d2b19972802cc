#include "crypto/hash_many.h"

#include <openssl/crypto.h>
#include <string.h>

#include "crypto/hash_lanes.h"

#define GROUP 64u /* inputs that are looked at together */
#define LENGTH_SIZE 8u /* bytes of the length at a message's end */
/* A message that fills more than one lane in so many would leave too many empty: one lane is that
 * much slower than the library. */
#define LANES_NEEDED 4u

/* Of the second word that OpenSSL tells: EBX of CPUID's leaf 7. */
#define CPU_AVX2 (1u << 5)
#define CPU_SHA (1u << 29)

/* What an input has in hand while it is in a lane. */
struct lane {
	bool busy, in_tail;
	uint8_t number; /* in the group */
	const uint8_t *at;
	size_t blocks; /* from there on */
	size_t tail_blocks;
	uint8_t tail[2 * HASH_LANES_BLOCK]; /* the last bytes, padded */
};

/* Some inputs, the longest first. */
struct group {
	const struct hash_input *inputs;
	uint8_t (*digests)[HASH_SIZE];
	uint8_t order[GROUP];
	size_t count;
};

enum hash_many_way hash_many_best(void)
{
	const char *told = OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS);
	const char *second = told ? strchr(told, ':') : NULL;
	unsigned long long features = second ? strtoull(second + 1, NULL, 16) : 0;

	/* If it tells something else the library is no mistake. */
	return hash_many_works(HASH_MANY_LANES) && (features & CPU_AVX2) && !(features & CPU_SHA)
		       ? HASH_MANY_LANES
		       : HASH_MANY_LIBRARY;
}

bool hash_many_works(enum hash_many_way way)
{
	return way == HASH_MANY_LIBRARY || hash_lanes_works();
}

/* Blocks of a message with its padding. */
static size_t blocks_of(const struct hash_input *input)
{
	return (input->size + 1 + LENGTH_SIZE + HASH_LANES_BLOCK - 1) / HASH_LANES_BLOCK;
}

/* Writes the padded end of a message and returns its blocks: one or two. */
static size_t pad(const struct hash_input *input, uint8_t ret[2 * HASH_LANES_BLOCK])
{
	size_t rest = input->size % HASH_LANES_BLOCK;
	size_t blocks = rest + 1 + LENGTH_SIZE > HASH_LANES_BLOCK ? 2 : 1;
	uint8_t *end = ret + blocks * HASH_LANES_BLOCK;
	uint64_t bits = (uint64_t)input->size * 8;

	memset(ret, 0, blocks * HASH_LANES_BLOCK);
	if (rest)
		memcpy(ret, (const uint8_t *)input->data + input->size - rest, rest);
	ret[rest] = 0x80;
	for (size_t i = 1; i <= LENGTH_SIZE; i++, bits >>= 8)
		end[-(ptrdiff_t)i] = (uint8_t)bits;
	return blocks;
}

static void enter_tail(struct lane *lane)
{
	lane->at = lane->tail;
	lane->blocks = lane->tail_blocks;
	lane->in_tail = true;
}

/* Puts the next input into a lane, if there is one. */
static void refill(struct lane *lane, const struct group *group, size_t *next)
{
	const struct hash_input *input;

	lane->busy = *next < group->count;
	if (!lane->busy)
		return;
	lane->number = group->order[(*next)++];
	input = &group->inputs[lane->number];
	lane->at = input->data;
	lane->blocks = input->size / HASH_LANES_BLOCK;
	lane->in_tail = false;
	lane->tail_blocks = pad(input, lane->tail);
	if (!lane->blocks)
		enter_tail(lane);
}

/* How many blocks all busy lanes have; 0 when none is busy. Lanes that are not get addresses to
 * read from that are good for as many. */
static size_t common_blocks(const struct lane lanes[HASH_LANES], const uint8_t *ret_at[HASH_LANES])
{
	const struct lane *shortest = NULL;

	for (size_t i = 0; i < HASH_LANES; i++)
		if (lanes[i].busy && (!shortest || lanes[i].blocks < shortest->blocks))
			shortest = &lanes[i];
	if (!shortest)
		return 0;
	for (size_t i = 0; i < HASH_LANES; i++)
		ret_at[i] = lanes[i].busy ? lanes[i].at : shortest->at;
	return shortest->blocks;
}

/* Runs the inputs from first on through the lanes: whichever is done takes the next one. */
static void run_lanes(const struct group *group, size_t first)
{
	struct lane lanes[HASH_LANES];
	const uint8_t *at[HASH_LANES];
	struct hash_lanes states;
	size_t blocks;

	for (size_t i = 0; i < HASH_LANES; i++) {
		refill(&lanes[i], group, &first);
		hash_lanes_begin(&states, i);
	}
	while ((blocks = common_blocks(lanes, at))) {
		hash_lanes_add(&states, at, blocks);
		for (size_t i = 0; i < HASH_LANES; i++) {
			struct lane *lane = &lanes[i];

			if (!lane->busy)
				continue;
			lane->at += blocks * HASH_LANES_BLOCK;
			lane->blocks -= blocks;
			if (lane->blocks)
				continue;
			if (!lane->in_tail) {
				enter_tail(lane);
				continue;
			}
			hash_lanes_end(&states, i, group->digests[lane->number]);
			hash_lanes_begin(&states, i);
			refill(lane, group, &first);
		}
	}
}

/* Orders the group and returns all its blocks. */
static size_t sort_group(struct group *group)
{
	size_t sum = 0;

	for (size_t i = 0; i < group->count; i++) {
		size_t at = i;

		for (; at && group->inputs[group->order[at - 1]].size < group->inputs[i].size; at--)
			group->order[at] = group->order[at - 1];
		group->order[at] = (uint8_t)i;
		sum += blocks_of(&group->inputs[i]);
	}
	return sum;
}

static int run_library(struct hash *hash, const struct group *group, size_t number, struct err *err)
{
	const struct hash_input *input = &group->inputs[number];

	return hash_once(hash, input->data, input->size, group->digests[number], err);
}

static int run_group(
	struct hash *hash, enum hash_many_way way, struct group *group, struct err *err)
{
	size_t left = sort_group(group), first = 0;
	int r = 0;

	for (; r >= 0 && first < group->count; first++) {
		size_t number = group->order[first], blocks = blocks_of(&group->inputs[number]);

		if (way == HASH_MANY_LANES && blocks * LANES_NEEDED <= left)
			break;
		left -= blocks;
		r = run_library(hash, group, number, err);
	}
	if (r >= 0 && first < group->count)
		run_lanes(group, first);
	return r;
}

int hash_many(struct hash *hash, enum hash_many_way way, const struct hash_input *inputs,
	size_t count, uint8_t (*ret_digests)[HASH_SIZE], struct err *err)
{
	int r = 0;

	for (size_t at = 0; r >= 0 && at < count; at += GROUP) {
		struct group group = {
			.inputs = inputs + at,
			.digests = ret_digests + at,
			.count = count - at < GROUP ? count - at : GROUP,
		};

		r = run_group(hash, way, &group, err);
	}
	return r;
}
