#include "archive/cut/cutter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "crypto/hash.h"

int cutter_options_parse(const char *text, struct cutter_options *ret, struct err *err)
{
	uint64_t page = 0;
	int r;

	if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0) {
		*ret = (struct cutter_options){.off = text[0] == 'o'};
		return 0;
	}
	r = parse_size(text, CUTTER_PAGE_MIN, CUTTER_PAGE_MAX, &page, err);
	if (r >= 0 && (page & (page - 1)))
		r = err_set(err, ERR_CONFIG, EINVAL, "parse '%.64s': no power of two", text);
	if (r < 0)
		return err_wrap(err, "neither auto nor off nor a size of 16K to 1M");
	*ret = (struct cutter_options){.page = (uint32_t)page};
	return 0;
}

/* --- What the parent snapshot has --- */

enum history {
	HISTORY_NONE, /* nothing that a new way of cutting would lose */
	HISTORY_PAGES,
	HISTORY_CHUNKER,
};

/* Zeros, in all likelihood: of their chunks nobody can say who cut them, and they cost nothing. */
static bool all_the_same(const struct node *old)
{
	for (size_t i = 0; i + 2 < old->content_count; i++)
		if (!id_equal(&old->content[i], &old->content[i + 1]))
			return false;
	return old->content_count > 2;
}

/* Whether every chunk but the last has this size. */
static bool all_of_size(struct repository *repository, const struct node *old, uint64_t page)
{
	uint64_t size = 0;

	for (size_t i = 0; i + 1 < old->content_count; i++)
		if (!repository_blob_size(repository, BLOB_DATA, &old->content[i], &size) ||
			size != page)
			return false;
	return true;
}

/* How the parent's file was cut, told by the lengths of its chunks. *ret_page: of HISTORY_PAGES. */
static enum history look_back(
	struct repository *repository, const struct node *old, size_t *ret_page)
{
	uint64_t page = 0;

	if (!old || old->type != NODE_FILE || old->size < CUTTER_FILE_MIN || all_the_same(old))
		return HISTORY_NONE;
	if (old->content_count < 2 ||
		!repository_blob_size(repository, BLOB_DATA, &old->content[0], &page) ||
		page < CUTTER_PAGE_MIN || page > CHUNKER_MAX || (page & (page - 1)) ||
		old->size / page + (old->size % page != 0) != old->content_count)
		return HISTORY_CHUNKER;
	/* The chunker makes no chunk shorter than its least, but for a file's last one. */
	if (page >= CHUNKER_MIN && !all_of_size(repository, old, page))
		return HISTORY_CHUNKER;
	*ret_page = (size_t)page;
	return HISTORY_PAGES;
}

#define SAMPLES 16

/* Whether two pages of those that are looked at, all over the file, are stored already. Empty
 * ones are in any repository and prove nothing. */
static bool pages_are_known(struct repository *repository, int fd, uint64_t file_size, size_t page)
{
	struct hash *hash = blob_codec_hash(repository_codec(repository));
	cleanup_free uint8_t *data = malloc(page);
	struct err err = ERR_INIT;
	unsigned known = 0;

	for (uint64_t i = 0; data && i < SAMPLES && known < 2; i++) {
		off_t at = (off_t)(file_size / page * i / SAMPLES * page);
		struct id id;

		if (pread(fd, data, page, at) != (ssize_t)page ||
			(!data[0] && memcmp(data, data + 1, page - 1) == 0))
			continue;
		if (hash_once(hash, data, page, id.bytes, &err) < 0)
			return false;
		known += repository_has_blob(repository, BLOB_DATA, &id);
	}
	return known >= 2;
}

static bool is_known_kind(int fd, uint64_t file_size)
{
	cleanup_free uint8_t *head = malloc(KIND_HEAD);
	ssize_t n = head ? pread(fd, head, KIND_HEAD, 0) : -1;

	return n > 0 && kind_of(head, (size_t)n, file_size) != KIND_NONE;
}

/* --- The choice --- */

/* The page for a new file of that size: page, doubled while there are too many of them. */
static size_t page_for(size_t page, uint64_t file_size)
{
	while (page < CHUNKER_MAX && file_size / page > CUTTER_PAGES)
		page *= 2;
	return page;
}

/* Whether a file goes on with the pages that it has: until it has grown to half as many again
 * as a new one has at most, or another size was asked for. */
static bool keeps(size_t page, size_t wanted, const struct cutter_options *options, bool known_kind,
	uint64_t file_size)
{
	if (page < CHUNKER_MAX && file_size / page > CUTTER_PAGES + CUTTER_PAGES / 2)
		return false;
	return !options->page || !known_kind || (page >= options->page && page <= wanted);
}

void cutter_choose(struct cutter *cutter, struct repository *repository,
	const struct cutter_options *options, const struct node *old, int fd, uint64_t file_size)
{
	size_t page = 0, wanted = page_for(options->page ? options->page : CUTTER_PAGE, file_size);
	bool known_kind;

	cutter->page = 0;
	if (options->off || file_size < CUTTER_FILE_MIN)
		return;
	known_kind = is_known_kind(fd, file_size);
	switch (look_back(repository, old, &page)) {
	case HISTORY_PAGES:
		cutter->page = keeps(page, wanted, options, known_kind, file_size) ? page : wanted;
		break;
	case HISTORY_CHUNKER:
		if (known_kind &&
			(options->page || pages_are_known(repository, fd, file_size, wanted)))
			cutter->page = wanted;
		break;
	case HISTORY_NONE:
		if (known_kind)
			cutter->page = wanted;
		break;
	}
}

size_t cutter_next(struct cutter *cutter, const uint8_t *data, size_t size)
{
	size_t cut;

	if (cutter->page)
		return size >= cutter->page ? cutter->page : 0;
	cut = chunker_next(cutter->chunker, data, size, &cutter->scanned);
	if (cut)
		cutter->scanned = 0;
	return cut;
}
