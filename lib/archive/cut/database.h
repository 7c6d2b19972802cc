/* Recognises the files of databases. All pure. */
#ifndef NEXUS_ARCHIVE_CUT_DATABASE_H
#define NEXUS_ARCHIVE_CUT_DATABASE_H

#include "archive/cut/head.h"

/* By its header of 100 bytes; an encrypted one (SQLCipher) has none. */
bool database_is_sqlite(const struct head *head);

/* By its first three pages, which are the same in every tablespace and are told apart by type,
 * number and tablespace. Checksums are not looked at: a page of a server that runs may be half
 * written. The second file of a tablespace (ibdata2) has no such pages and is not recognised. */
bool database_is_innodb(const struct head *head);

/* By the headers of its first 16 pages; there is no other sign. Little-endian machines only. */
bool database_is_postgres(const struct head *head);

#endif
