#include "backup/upkeep/subset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/parse.h"
#include "base/str.h"

#define PARTS_MAX 256 /* the first byte of an id chooses */

static int parse_part(const char *text, const char *slash, struct subset *ret, struct err *err)
{
	cleanup_free char *first = strndup(text, (size_t)(slash - text));
	uint64_t part, parts;
	int r = first ? parse_u64(slash + 1, 1, PARTS_MAX, &parts, err) : err_oom(err);

	if (r >= 0)
		r = parse_u64(first, 1, parts, &part, err);
	if (r < 0)
		return r;
	ret->part = (unsigned)part;
	ret->parts = (unsigned)parts;
	return 0;
}

static int parse_percent(const char *text, struct subset *ret, struct err *err)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || strcmp(end, "%") != 0 || !(percent > 0 && percent <= 100))
		return err_set(err, ERR_CONFIG, EINVAL, "it must be above 0%% and at most 100%%");
	ret->percent = percent;
	return 0;
}

int subset_parse(const char *text, struct subset *ret, struct err *err)
{
	const char *slash = strchr(text, '/');
	struct subset subset = {0};
	int r;

	if (slash)
		r = parse_part(text, slash, &subset, err);
	else if (strchr(text, '%'))
		r = parse_percent(text, &subset, err);
	else
		r = parse_size(text, 1, INT64_MAX, &subset.size_bytes, err);
	if (r < 0)
		return err_wrap(err, "read --read-data-subset %s (like 1/5, 2.5%% or 10G)", text);
	*ret = subset;
	return 0;
}

/* Below bound, all as likely as can be told. */
static uint64_t random_below(uint64_t bound)
{
	uint64_t number = 0;
	ssize_t n;

	do
		n = getrandom(&number, sizeof(number), 0);
	while (n != sizeof(number));
	return number % bound;
}

bool subset_has(struct subset *subset, const struct id *pack, uint64_t packs, uint64_t bytes)
{
	double part = subset->percent / 100;

	if (subset->parts)
		return pack->bytes[0] % subset->parts == subset->part - 1;
	if (!subset->begun) {
		if (subset->size_bytes)
			part = bytes ? (double)subset->size_bytes / (double)bytes : 1;
		part = part > 1 ? 1 : part;
		subset->left = packs;
		subset->chosen = (uint64_t)((double)packs * part);
		subset->chosen += !subset->chosen;
		subset->begun = true;
	}
	/* Of those that are left each is as likely: so exactly as many are chosen. */
	if (!subset->left || random_below(subset->left--) >= subset->chosen)
		return false;
	subset->chosen--;
	return true;
}
