/* The first bytes of a file, read so that nothing outside of them is: what is not there is 0. */
#ifndef NEXUS_ARCHIVE_CUT_HEAD_H
#define NEXUS_ARCHIVE_CUT_HEAD_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct head {
	const uint8_t *data; /* borrowed */
	size_t size; /* bytes */
	uint64_t file_size; /* bytes of the whole file */
};

static inline bool head_reaches(const struct head *head, size_t at, size_t size)
{
	return at <= head->size && size <= head->size - at;
}

static inline uint8_t head_byte(const struct head *head, size_t at)
{
	return at < head->size ? head->data[at] : 0;
}

static inline uint16_t head_be16(const struct head *head, size_t at)
{
	uint16_t value = 0;

	if (head_reaches(head, at, sizeof(value)))
		memcpy(&value, head->data + at, sizeof(value));
	return be16toh(value);
}

static inline uint32_t head_be32(const struct head *head, size_t at)
{
	uint32_t value = 0;

	if (head_reaches(head, at, sizeof(value)))
		memcpy(&value, head->data + at, sizeof(value));
	return be32toh(value);
}

static inline uint64_t head_be64(const struct head *head, size_t at)
{
	return (uint64_t)head_be32(head, at) << 32 | head_be32(head, at + 4);
}

static inline uint16_t head_le16(const struct head *head, size_t at)
{
	return (uint16_t)__builtin_bswap16(head_be16(head, at));
}

static inline uint32_t head_le32(const struct head *head, size_t at)
{
	return __builtin_bswap32(head_be32(head, at));
}

static inline uint64_t head_le64(const struct head *head, size_t at)
{
	return (uint64_t)head_le32(head, at + 4) << 32 | head_le32(head, at);
}

/* Whether size bytes at a place are these. */
static inline bool head_has(const struct head *head, size_t at, const void *bytes, size_t size)
{
	return head_reaches(head, at, size) && memcmp(head->data + at, bytes, size) == 0;
}

/* Whether size bytes at a place are there, and all zero. */
static inline bool head_is_zero(const struct head *head, size_t at, size_t size)
{
	if (!head_reaches(head, at, size))
		return false;
	for (size_t i = 0; i < size; i++)
		if (head->data[at + i])
			return false;
	return true;
}

/* Whether value is a power of two from min to max. */
static inline bool head_is_power(uint64_t value, uint64_t min, uint64_t max)
{
	return value >= min && value <= max && (value & (value - 1)) == 0;
}

#endif
