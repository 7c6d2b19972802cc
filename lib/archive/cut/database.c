#include "archive/cut/database.h"

/* https://www.sqlite.org/fileformat.html, 1.3 The Database Header */
bool database_is_sqlite(const struct head *head)
{
	static const char magic[] = "SQLite format 3"; /* and its NUL */
	uint32_t page = head_be16(head, 16);
	uint8_t write_version = head_byte(head, 18), read_version = head_byte(head, 19);

	/* 1 stands for 65536. The payload fractions behind are fixed by the format. */
	return head_has(head, 0, magic, sizeof(magic)) &&
	       (page == 1 || head_is_power(page, 512, 32768)) &&
	       (write_version == 1 || write_version == 2) &&
	       (read_version == 1 || read_version == 2) && head_has(head, 21, "\x40\x20\x20", 3);
}

/* --- InnoDB: all numbers are big-endian --- */

#define FIL_NUMBER 4 /* of the page in the tablespace */
#define FIL_TYPE 24
#define FIL_SPACE 34 /* id of the tablespace */
#define FSP_SPACE 38
#define FSP_SIZE 46 /* pages */
#define FSP_FLAGS 54
#define TYPE_INODE 3
#define TYPE_BITMAP 5
#define TYPE_HEADER 8
#define TYPE_PACKED_MIN 14 /* compressed, encrypted, or both, by MySQL */
#define TYPE_PACKED_MAX 16
#define TYPE_PACKED 0x8000 /* a bit: by MariaDB, where the tablespace's id may be packed too */

/* Bytes of a page as the tablespace's flags say it, or 0. */
static size_t innodb_page(uint32_t flags)
{
	uint32_t zipped = flags >> 1 & 15, plain = flags >> 6 & 15;

	/* MariaDB's newer layout with a checksum over the whole page: its mark is bit 4. In the
	 * older one that bit is the highest of zipped, which is at most 5. */
	if (flags & 16) {
		plain = flags & 15;
		return plain >= 3 && plain <= 7 ? 512u << plain : 0;
	}
	if (zipped)
		return zipped <= 5 ? 512u << zipped : 0;
	if (!plain)
		return 16384;
	return plain >= 3 && plain <= 7 ? 512u << plain : 0;
}

static bool innodb_is_page(
	const struct head *head, size_t page, uint32_t number, uint32_t space, uint16_t type)
{
	size_t at = page * number;
	uint16_t got = head_be16(head, at + FIL_TYPE);

	if (!head_reaches(head, at, FIL_SPACE + 4) || head_be32(head, at + FIL_NUMBER) != number)
		return false;
	if (number && (got & TYPE_PACKED))
		return true;
	return head_be32(head, at + FIL_SPACE) == space &&
	       (got == type || (number && got >= TYPE_PACKED_MIN && got <= TYPE_PACKED_MAX));
}

bool database_is_innodb(const struct head *head)
{
	uint32_t space = head_be32(head, FSP_SPACE);
	size_t page = innodb_page(head_be32(head, FSP_FLAGS));

	return page && head_be32(head, FSP_SIZE) >= 3 &&
	       innodb_is_page(head, page, 0, space, TYPE_HEADER) &&
	       innodb_is_page(head, page, 1, space, TYPE_BITMAP) &&
	       innodb_is_page(head, page, 2, space, TYPE_INODE);
}

/* --- PostgreSQL: src/include/storage/bufpage.h, layout version 4 --- */

#define PD_FLAGS 10
#define PD_LOWER 12
#define PD_UPPER 14
#define PD_SPECIAL 16
#define PD_SIZE_VERSION 18
#define PD_HEADER 24 /* bytes */
#define PD_FLAGS_ALL 7
#define PAGES_SEEN 16

static bool postgres_is_page(const struct head *head, size_t at, size_t page)
{
	size_t lower = head_le16(head, at + PD_LOWER), upper = head_le16(head, at + PD_UPPER);
	size_t special = head_le16(head, at + PD_SPECIAL);

	return head_le16(head, at + PD_SIZE_VERSION) == (page | 4) &&
	       head_le16(head, at + PD_FLAGS) <= PD_FLAGS_ALL && lower >= PD_HEADER &&
	       lower <= upper && upper <= special && special <= page && special % 8 == 0;
}

/* Pages of zeros are pages that were added and not written yet; they prove nothing. */
bool database_is_postgres(const struct head *head)
{
	size_t page = head_le16(head, PD_SIZE_VERSION) & 0xff00u, seen = 0, good = 0;

	if (!head_is_power(page, 4096, 32768) || head->file_size % page)
		return false;
	for (size_t at = 0; seen < PAGES_SEEN && head_reaches(head, at, page); at += page, seen++) {
		if (postgres_is_page(head, at, page))
			good++;
		else if (!head_is_zero(head, at, page))
			return false;
	}
	return seen >= PAGES_SEEN / 2 && good >= seen / 2;
}
