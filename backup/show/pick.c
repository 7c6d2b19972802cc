#include "backup/show/pick.h"

#include <stdlib.h>

int pick_filter(struct pick_arguments *arguments, struct select_filter *ret, struct err *err)
{
	static const struct str_list none;
	const char *host = getenv("RESTIC_HOST");
	int r = 0;

	if (!arguments->hosts.count && host && *host)
		r = str_list_add(&arguments->hosts, host, err);
	if (r < 0)
		return r;
	*ret = (struct select_filter){&arguments->hosts, &arguments->tags, &arguments->paths};
	if (str_list_has(&arguments->hosts, ""))
		ret->hosts = &none;
	return 0;
}

int pick_one(struct repository *repository, const char *text, struct pick_arguments *arguments,
	struct pick *ret, struct err *err)
{
	struct select_filter filter;
	int r = pick_filter(arguments, &filter, err);

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
