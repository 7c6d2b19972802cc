#include "archive/cut/kind.h"

#include "archive/cut/database.h"
#include "archive/cut/head.h"
#include "archive/cut/image.h"

enum kind kind_of(const uint8_t *head, size_t size, uint64_t file_size)
{
	static const struct {
		enum kind kind;
		bool (*matches)(const struct head *head);
	} kinds[] = {
		{KIND_SQLITE, database_is_sqlite},
		{KIND_INNODB, database_is_innodb},
		{KIND_QCOW2, image_is_qcow2},
		{KIND_PARTITIONS, image_has_partitions},
		{KIND_FILESYSTEM, image_is_filesystem},
		{KIND_POSTGRES, database_is_postgres},
	};
	const struct head view = {head, size < KIND_HEAD ? size : KIND_HEAD, file_size};

	/* A CD is written once, and the next one has its files elsewhere: no pages to gain from. */
	if (image_is_cd(&view))
		return KIND_NONE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].matches(&view))
			return kinds[i].kind;
	return KIND_NONE;
}
