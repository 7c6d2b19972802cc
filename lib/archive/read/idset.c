#include "archive/read/idset.h"

#include <errno.h>
#include <stdlib.h>

/* The slot of id, or the free one where it belongs. Ids are hashes: their bytes are random. */
static struct id *find(struct id *slots, size_t allocated, const struct id *id)
{
	uint64_t start;

	memcpy(&start, id->bytes, sizeof(start));
	for (size_t at = start & (allocated - 1);; at = (at + 1) & (allocated - 1))
		if (id_is_zero(&slots[at]) || id_equal(&slots[at], id))
			return &slots[at];
}

static int grow(struct idset *set, struct err *err)
{
	size_t allocated = set->allocated ? set->allocated * 2 : 64;
	struct id *slots;

	if (allocated > IDSET_MAX)
		return err_set(err, ERR_SPACE, EFBIG, "remember ids: too many");
	slots = calloc(allocated, sizeof(*slots));
	if (!slots)
		return err_oom(err);
	for (size_t i = 0; i < set->allocated; i++)
		if (!id_is_zero(&set->slots[i]))
			*find(slots, allocated, &set->slots[i]) = set->slots[i];
	free(set->slots);
	set->slots = slots;
	set->allocated = allocated;
	return 0;
}

int idset_add(struct idset *set, const struct id *id, struct err *err)
{
	struct id *slot;
	int r;

	if (id_is_zero(id)) {
		r = !set->has_zero;
		set->has_zero = true;
		return r;
	}
	if (set->count >= set->allocated / 4 * 3) {
		r = grow(set, err);
		if (r < 0)
			return r;
	}
	slot = find(set->slots, set->allocated, id);
	if (!id_is_zero(slot))
		return 0;
	*slot = *id;
	set->count++;
	return 1;
}

void idset_done(struct idset *set)
{
	free(set->slots);
	*set = (struct idset){0};
}
