#include "backup/show/pick.h"

#include <stdlib.h>

int pick_one(struct repository *repository, const char *text, struct choose_arguments *arguments,
	struct pick *ret, struct err *err)
{
	struct select_filter filter;
	int r = choose_filter(arguments, &filter, err);

	if (r >= 0)
		r = select_load(repository, &ret->list, err);
	if (r >= 0)
		r = select_find(&ret->list, text, &filter, &ret->snapshot, &ret->folder, err);
	if (r >= 0)
		r = repository_load_index(repository, NULL, err);
	return r < 0 ? r
		     : select_folder(
			       repository, &ret->snapshot->tree, ret->folder, &ret->tree, err);
}

void pick_done(struct pick *pick)
{
	select_done(&pick->list);
	free(pick->folder);
	*pick = (struct pick){0};
}
