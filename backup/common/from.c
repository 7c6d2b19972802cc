#include "backup/common/from.h"

#include <errno.h>
#include <stdlib.h>

bool from_is_given(const struct from_arguments *arguments)
{
	return arguments->repository || arguments->repository_file;
}

int from_common(const struct common *common, const struct from_arguments *arguments,
	struct common *ret, struct err *err)
{
	const char *repository = arguments->repository, *file = arguments->repository_file;
	const char *hint = arguments->key_hint;

	if (!from_is_given(arguments)) {
		repository = getenv("RESTIC_FROM_REPOSITORY");
		file = getenv("RESTIC_FROM_REPOSITORY_FILE");
	}
	if ((!repository || !*repository) && (!file || !*file))
		return err_set(err, ERR_CONFIG, EINVAL,
			"find repository to read from: say where with --from-repo or "
			"RESTIC_FROM_REPOSITORY");
	if (repository && *repository && file && *file)
		return err_set(err, ERR_CONFIG, EINVAL,
			"find repository to read from: a place and a file that says it do not go "
			"together");
	if (!hint)
		hint = getenv("RESTIC_FROM_KEY_HINT");
	*ret = *common;
	ret->repository = repository;
	ret->place.repository_file = file;
	ret->password = arguments->password;
	ret->key_hint = hint ? hint : ""; /* never that of the other one */
	return 0;
}
