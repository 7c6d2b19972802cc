/* What kind of file rewrites pages in place, told by its first bytes, never by its name. */
#ifndef NEXUS_ARCHIVE_CUT_KIND_H
#define NEXUS_ARCHIVE_CUT_KIND_H

#include <stddef.h>
#include <stdint.h>

enum kind {
	KIND_NONE, /* of no kind that is known here */
	KIND_SQLITE,
	KIND_INNODB, /* a tablespace of MySQL or MariaDB: .ibd, ibdata1 */
	KIND_POSTGRES, /* a segment of a table or an index */
	KIND_QCOW2,
	KIND_PARTITIONS, /* a disk with a partition table, MBR or GPT */
	KIND_FILESYSTEM, /* a bare file system, or an encrypted container of one */
};

#define KIND_HEAD (256u << 10) /* bytes of a file that are looked at */

/* head: its first size bytes, the more of KIND_HEAD the better. Pure; borrows. */
enum kind kind_of(const uint8_t *head, size_t size, uint64_t file_size);

#endif
