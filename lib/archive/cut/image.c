#include "archive/cut/image.h"

#define SECTOR 512u
#define BOOT_MARK 510 /* where 0x55 0xAA stands in a boot sector */

static bool has_boot_mark(const struct head *head)
{
	return head_has(head, BOOT_MARK, "\x55\xaa", 2);
}

bool image_is_cd(const struct head *head)
{
	return head_has(head, 16 * 2048 + 1, "CD001", 5);
}

/* QEMU, docs/interop/qcow2.txt: big-endian; the tables are aligned to clusters. */
bool image_is_qcow2(const struct head *head)
{
	uint32_t version = head_be32(head, 4), bits = head_be32(head, 20);
	uint64_t table = head_be64(head, 40), counts = head_be64(head, 48);

	if (!head_has(head, 0, "QFI\xfb", 4) || (version != 2 && version != 3) || bits < 9 ||
		bits > 21 || !table || !counts)
		return false;
	return ((table | counts) & ((1ull << bits) - 1)) == 0 &&
	       (version == 2 || head_be32(head, 100) >= 104);
}

/* --- Partition tables --- */

static bool is_gpt(const struct head *head, size_t sector)
{
	uint32_t size = head_le32(head, sector + 12);

	return head_has(head, sector, "EFI PART", 8) && size >= 92 && size <= sector &&
	       head_is_zero(head, sector + 20, 4) && head_le64(head, sector + 24) == 1;
}

#define MBR_TABLE 446
#define MBR_ENTRY 16 /* bytes */
#define MBR_ENTRIES 4
#define MBR_PROTECTIVE 0xee /* the whole disk, whatever its size */

struct partition {
	uint64_t start, end; /* sectors; end 0: the entry is empty */
};

/* False if the entry makes no sense. */
static bool read_partition(const struct head *head, size_t at, struct partition *ret)
{
	uint8_t status = head_byte(head, at), type = head_byte(head, at + 4);
	uint64_t start = head_le32(head, at + 8), count = head_le32(head, at + 12);

	*ret = (struct partition){0};
	if (!type)
		return head_is_zero(head, at, MBR_ENTRY);
	if ((status != 0 && status != 0x80) || !start || !count)
		return false;
	if (type != MBR_PROTECTIVE && start + count > head->file_size / SECTOR)
		return false;
	*ret = (struct partition){start, start + count};
	return true;
}

static bool is_mbr(const struct head *head)
{
	struct partition partitions[MBR_ENTRIES];
	bool any = false;

	if (!has_boot_mark(head))
		return false;
	for (size_t i = 0; i < MBR_ENTRIES; i++) {
		if (!read_partition(head, MBR_TABLE + i * MBR_ENTRY, &partitions[i]))
			return false;
		for (size_t k = 0; k < i; k++)
			if (partitions[i].start < partitions[k].end &&
				partitions[k].start < partitions[i].end)
				return false;
		any |= partitions[i].end != 0;
	}
	return any;
}

bool image_has_partitions(const struct head *head)
{
	return is_gpt(head, 512) || is_gpt(head, 4096) || is_mbr(head);
}

/* --- File systems --- */

/* Linux, Documentation/filesystems/ext4: the superblock stands at 1024. */
static bool is_ext(const struct head *head)
{
	const size_t at = 1024;
	uint32_t log_block = head_le32(head, at + 24), per_group = head_le32(head, at + 32);

	if (!head_has(head, at + 56, "\x53\xef", 2) || log_block > 6)
		return false;
	return head_le32(head, at) && head_le32(head, at + 4) && head_le32(head, at + 20) <= 1 &&
	       per_group && per_group <= 8192u << log_block && head_le32(head, at + 76) <= 1;
}

static bool is_xfs(const struct head *head)
{
	uint32_t block = head_be32(head, 4);
	uint8_t log_block = head_byte(head, 120);

	return head_has(head, 0, "XFSB", 4) && head_is_power(block, 512, 65536) &&
	       log_block <= 16 && block == 1u << log_block && head_be32(head, 88) &&
	       head_is_power(head_be16(head, 102), 512, 32768);
}

static bool is_btrfs(const struct head *head)
{
	const size_t at = 65536;

	return head_has(head, at + 64, "_BHRfS_M", 8) && head_le64(head, at + 48) == at;
}

/* What NTFS, FAT and exFAT have in common: a jump, and the mark at the sector's end. */
static bool is_boot_sector(const struct head *head)
{
	uint8_t jump = head_byte(head, 0);

	return has_boot_mark(head) &&
	       ((jump == 0xeb && head_byte(head, 2) == 0x90) || jump == 0xe9);
}

static bool has_sectors(const struct head *head)
{
	return head_is_power(head_le16(head, 11), 512, 4096);
}

static bool is_ntfs(const struct head *head)
{
	return is_boot_sector(head) && head_has(head, 3, "NTFS    ", 8) && has_sectors(head) &&
	       head_byte(head, 13) && head_is_zero(head, 14, 7);
}

static bool is_fat(const struct head *head)
{
	uint8_t copies = head_byte(head, 16);

	return is_boot_sector(head) && has_sectors(head) &&
	       head_is_power(head_byte(head, 13), 1, 128) && head_le16(head, 14) &&
	       (copies == 1 || copies == 2) && head_byte(head, 21) >= 0xf0 &&
	       (head_has(head, 54, "FAT", 3) || head_has(head, 82, "FAT32   ", 8));
}

static bool is_exfat(const struct head *head)
{
	return is_boot_sector(head) && head_has(head, 3, "EXFAT   ", 8) &&
	       head_is_zero(head, 11, 53);
}

static bool is_luks(const struct head *head)
{
	uint16_t version = head_be16(head, 6);

	return head_has(head, 0, "LUKS\xba\xbe", 6) && (version == 1 || version == 2);
}

bool image_is_filesystem(const struct head *head)
{
	return is_ext(head) || is_xfs(head) || is_btrfs(head) || is_ntfs(head) || is_fat(head) ||
	       is_exfat(head) || is_luks(head);
}
