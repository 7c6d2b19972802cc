#include "backup/common/patterns.h"

int patterns_read(const struct pattern_arguments *arguments, struct filter *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < arguments->plain.count; i++)
		r = filter_add(ret, arguments->plain.items[i], err);
	for (size_t i = 0; r >= 0 && i < arguments->folded.count; i++)
		r = filter_add_folded(ret, arguments->folded.items[i], err);
	for (size_t i = 0; r >= 0 && i < arguments->files.count; i++)
		r = filter_add_file(ret, arguments->files.items[i], false, err);
	for (size_t i = 0; r >= 0 && i < arguments->folded_files.count; i++)
		r = filter_add_file(ret, arguments->folded_files.items[i], true, err);
	return r;
}
