/* Recognises images of disks. All pure. */
#ifndef NEXUS_ARCHIVE_CUT_IMAGE_H
#define NEXUS_ARCHIVE_CUT_IMAGE_H

#include "archive/cut/head.h"

bool image_is_qcow2(const struct head *head);

/* A partition table that makes sense: GPT (sectors of 512 or 4096 bytes) or MBR, with partitions
 * that lie within the file and not in each other. */
bool image_has_partitions(const struct head *head);

/* ext2 to ext4, XFS, btrfs, NTFS, FAT, exFAT, or LUKS. */
bool image_is_filesystem(const struct head *head);

/* ISO 9660, also when it has a partition table for sticks. */
bool image_is_cd(const struct head *head);

#endif
