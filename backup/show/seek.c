#include "backup/show/seek.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/bits.h"
#include "base/i18n.h"

int seek_init(struct seek *seek, struct repository *repository, struct err *err)
{
	seek->repository = repository;
	seek->wanted = bits_new(index_count(repository_index(repository)));
	return seek->wanted ? 0 : err_oom(err);
}

static bool begins_so(const struct id *id, const char *text, size_t size)
{
	char full[ID_TEXT_SIZE];

	id_format(id, full);
	return strncmp(full, text, size) == 0;
}

int seek_add(struct seek *seek, enum seek_kind kind, const char *text, struct err *err)
{
	const struct index *index = repository_index(seek->repository);
	size_t size = strlen(text), found = 0, number;

	if (!size || size >= ID_TEXT_SIZE || strspn(text, "0123456789abcdef") != size)
		return err_set(
			err, ERR_CONFIG, EINVAL, "find %s: it is no id, nor its start", text);
	for (size_t i = 0; i < index_count(index); i++) {
		const struct index_entry *entry = index_at(index, i);
		bool match = false;

		switch (kind) {
		case SEEK_BLOBS:
			match = !entry->is_tree && begins_so(&entry->id, text, size);
			break;
		case SEEK_TREES:
			match = entry->is_tree && begins_so(&entry->id, text, size);
			break;
		case SEEK_PACKS:
			match = begins_so(index_pack_id(index, entry->pack), text, size);
			break;
		}
		if (match && index_number(index, entry->is_tree ? BLOB_TREE : BLOB_DATA, &entry->id,
				     &number))
			bits_add(seek->wanted, number);
		found += match;
	}
	if (!found)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "find %s: there is none", text);
	return 0;
}

bool seek_has(const struct seek *seek, enum blob_type type, const struct id *id)
{
	size_t number;

	return seek->wanted &&
	       index_number(repository_index(seek->repository), type, id, &number) &&
	       bits_has(seek->wanted, number);
}

void seek_print_packs(const struct seek *seek)
{
	const struct index *index;

	if (!seek->wanted)
		return;
	index = repository_index(seek->repository);
	for (size_t i = 0; i < index_count(index); i++) {
		const struct index_entry *entry = index_at(index, i);
		char id[ID_TEXT_SIZE], pack[ID_TEXT_SIZE];

		if (!seek_has(seek, entry->is_tree ? BLOB_TREE : BLOB_DATA, &entry->id))
			continue;
		id_format(&entry->id, id);
		id_format(index_pack_id(index, entry->pack), pack);
		printf(_("%.8s is in pack %s at %u, %u bytes\n"), id, pack, entry->location.offset,
			entry->location.length);
	}
}

void seek_done(struct seek *seek)
{
	free(seek->wanted);
	*seek = (struct seek){0};
}
