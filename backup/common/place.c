#include "backup/common/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "net/url.h"
#include "store/far/far.h"
#include "store/front/cache.h"
#include "store/front/limit.h"
#include "store/local.h"

#define LOCATION_MAX 8192 /* bytes */
#define CONNECTIONS_MAX 64
#define TIMEOUT_MAX_US (3600 * 1000000ull)
#define RETRY_MAX_US (24 * 3600 * 1000000ull)

/* --- Which place --- */

static const char *environment(const char *given, const char *name)
{
	if (given && *given)
		return given;
	given = getenv(name);
	return given && *given ? given : NULL;
}

int place_find(
	const char *repository, const struct place_options *options, char **ret, struct err *err)
{
	const char *file = options->repository_file;
	cleanup_free char *text = NULL;
	int r;

	if (repository && *repository && file && *file)
		return err_set(err, ERR_CONFIG, EINVAL,
			"find repository: --repo and --repository-file do not go together");
	if (!repository || !*repository)
		repository = file && *file ? NULL : environment(NULL, "RESTIC_REPOSITORY");
	if (!repository)
		file = environment(file, "RESTIC_REPOSITORY_FILE");
	if (!repository && !file)
		return err_set(err, ERR_CONFIG, EINVAL,
			"find repository: say where with --repo or RESTIC_REPOSITORY");
	if (!repository) {
		r = file_read(AT_FDCWD, file, LOCATION_MAX, &text, NULL, err);
		if (r < 0) {
			err->kind = ERR_CONFIG; /* the repository itself may be there */
			return err_wrap(err, "find repository");
		}
		repository = str_strip(text);
		if (!*repository)
			return err_set(
				err, ERR_CONFIG, EINVAL, "find repository: %s is empty", file);
	}
	*ret = strdup(repository);
	return *ret ? 0 : err_oom(err);
}

char *place_show(const char *repository, const struct place_options *options)
{
	cleanup_free char *location = NULL;
	struct err err = ERR_INIT;

	return place_find(repository, options, &location, &err) < 0 ? NULL : url_redact(location);
}

int place_parse(
	const char *location, enum place_kind *ret_kind, const char **ret_rest, struct err *err)
{
	static const struct {
		const char *prefix;
		enum place_kind kind;
	} ours[] = {
		{"local:", PLACE_LOCAL},
		{"rest:", PLACE_REST},
		{"s3:", PLACE_S3},
		{"sftp:", PLACE_SFTP},
	};
	static const char *const others[] = {"swift:", "b2:", "azure:", "gs:", "rclone:"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		*ret_rest = str_after(location, ours[i].prefix);
		if (*ret_rest) {
			*ret_kind = ours[i].kind;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_after(location, others[i]))
			return err_set(err, ERR_CONFIG, ENOTSUP,
				"%s is not among the places that are supported: a folder, sftp:, "
				"rest: and s3:",
				others[i]);
	/* As restic does: "http://..." would else make a folder of that name. */
	if (strstr(location, "://"))
		return err_set(err, ERR_CONFIG, EINVAL,
			"a place with :// begins with sftp:, rest: or s3:");
	*ret_kind = PLACE_LOCAL;
	*ret_rest = location;
	return 0;
}

bool place_is_far(const char *repository, const struct place_options *options)
{
	cleanup_free char *location = NULL;
	struct err err = ERR_INIT;
	enum place_kind kind;
	const char *rest;

	return place_find(repository, options, &location, &err) >= 0 &&
	       place_parse(location, &kind, &rest, &err) >= 0 && kind != PLACE_LOCAL;
}

/* --- How to reach it: -o and the environment --- */

struct tuning {
	uint64_t connections; /* 0: the store's own number */
	uint64_t idle_us, retry_us;
	const char *region, *config; /* borrowed from the options */
	enum s3_lookup lookup;
};

static int tune_lookup(const char *value, enum s3_lookup *ret, struct err *err)
{
	if (strcmp(value, "auto") == 0)
		*ret = S3_LOOKUP_AUTO;
	else if (strcmp(value, "path") == 0)
		*ret = S3_LOOKUP_PATH;
	else if (strcmp(value, "dns") == 0)
		*ret = S3_LOOKUP_DNS;
	else
		return err_set(err, ERR_CONFIG, EINVAL, "'%s' is not auto, dns or path", value);
	return 0;
}

static int tune_one(const char *name, const char *value, enum place_kind kind,
	struct tuning *tuning, struct err *err)
{
	static const char *const connections[] = {
		[PLACE_LOCAL] = "local.connections",
		[PLACE_REST] = "rest.connections",
		[PLACE_S3] = "s3.connections",
		[PLACE_SFTP] = "sftp.connections",
	};

	for (enum place_kind i = PLACE_LOCAL; i <= PLACE_SFTP; i++)
		if (strcmp(name, connections[i]) == 0) {
			uint64_t count;
			int r = parse_u64(value, 1, CONNECTIONS_MAX, &count, err);

			if (r >= 0 && i == kind)
				tuning->connections = count;
			return r;
		}
	if (strcmp(name, "s3.region") == 0)
		tuning->region = value;
	else if (strcmp(name, "s3.bucket-lookup") == 0)
		return tune_lookup(value, &tuning->lookup, err);
	else if (strcmp(name, "sftp.config") == 0)
		tuning->config = value;
	else if (strcmp(name, "net.timeout") == 0)
		return parse_duration(value, 1000000, TIMEOUT_MAX_US, &tuning->idle_us, err);
	else if (strcmp(name, "net.retry-for") == 0)
		return parse_duration(value, 1, RETRY_MAX_US, &tuning->retry_us, err);
	else
		return err_set(err, ERR_CONFIG, EINVAL,
			"there is no such option; there are: KIND.connections, s3.region, "
			"s3.bucket-lookup, sftp.config, net.timeout, net.retry-for");
	return 0;
}

static int tune(const struct place_options *options, enum place_kind kind, struct tuning *ret,
	struct err *err)
{
	*ret = (struct tuning){0};
	for (size_t i = 0; i < options->tuning.count; i++) {
		const char *text = options->tuning.items[i], *equals = strchr(text, '=');
		cleanup_free char *name = strndup(text, equals ? (size_t)(equals - text) : 0);
		int r;

		if (!name)
			return err_oom(err);
		r = equals ? tune_one(name, equals + 1, kind, ret, err)
			   : err_set(err, ERR_CONFIG, EINVAL, "it is not like name=value");
		if (r < 0)
			return err_wrap(err, "read option %s", text);
	}
	return 0;
}

static int set_limit(const char *text, struct rate *rate, struct err *err)
{
	uint64_t kib;
	int r;

	if (!text || !*text)
		return 0;
	r = parse_u64(text, 0, RATE_MAX >> 10, &kib, err);
	if (r < 0)
		return err_wrap(err, "read limit of KiB a second");
	rate->bytes_per_s = kib << 10;
	return 0;
}

static struct http_options http_of(const struct place_options *options, const struct tuning *tuning)
{
	return (struct http_options){
		.connections = (unsigned)tuning->connections,
		.idle_us = tuning->idle_us,
		.retry = {.total_us = tuning->retry_us},
		.up = options->up,
		.down = options->down,
		.ca_files = environment(options->ca_files, "RESTIC_CACERT"),
		.client_file = environment(options->client_file, "RESTIC_TLS_CLIENT_CERT"),
		.stop = options->stop,
		.cut = options->cut,
	};
}

/* --- Opening --- */

static int open_local(const char *path, const struct place_options *options, bool create,
	struct store **ret, struct err *err)
{
	struct store *local;
	int r = local_store_open(path, create, &local, err);

	if (r < 0 || (!options->up->bytes_per_s && !options->down->bytes_per_s)) {
		if (r >= 0)
			*ret = local;
		return r;
	}
	return limit_store_new(local, options->up, options->down, options->cut, ret, err);
}

static int load_far(const struct far_stores **ret, struct err *err)
{
	const struct module_head *head;
	int r = module_load(FAR_FILE, FAR_SYMBOL, sizeof(**ret), &head, err);

	if (r >= 0)
		*ret = (const struct far_stores *)head;
	return r;
}

static int open_rest(const struct far_stores *far, const char *rest,
	const struct place_options *options, const struct tuning *tuning, struct store **ret,
	struct err *err)
{
	const struct rest_options rest_options = {
		.url = rest,
		.user = getenv("RESTIC_REST_USERNAME"),
		.password = getenv("RESTIC_REST_PASSWORD"),
		.http = http_of(options, tuning),
	};

	return far->rest_open(&rest_options, ret, err);
}

static int open_s3(const struct far_stores *far, const char *rest,
	const struct place_options *options, const struct tuning *tuning, bool create,
	struct store **ret, struct err *err)
{
	const struct s3_options s3_options = {
		.place = rest,
		.lookup = tuning->lookup,
		.region = environment(
			environment(tuning->region, "AWS_DEFAULT_REGION"), "AWS_REGION"),
		.key_id = getenv("AWS_ACCESS_KEY_ID"),
		.secret = getenv("AWS_SECRET_ACCESS_KEY"),
		.token = getenv("AWS_SESSION_TOKEN"),
		.create = create,
		.http = http_of(options, tuning),
	};

	return far->s3_open(&s3_options, ret, err);
}

static int open_sftp(const struct far_stores *far, const char *rest,
	const struct place_options *options, const struct tuning *tuning, struct store **ret,
	struct err *err)
{
	const struct sftp_options sftp_options = {
		.place = rest,
		.pool = {.lines = (unsigned)tuning->connections,
			.config = tuning->config,
			.idle_us = tuning->idle_us,
			.retry = {.total_us = tuning->retry_us},
			.stop = options->stop,
			.cut = options->cut},
		.up = options->up,
		.down = options->down,
	};

	return far->sftp_open(&sftp_options, ret, err);
}

static int open_kind(const char *location, const struct place_options *options, bool create,
	struct store **ret, struct err *err)
{
	const struct far_stores *far = NULL;
	struct store *store = NULL;
	struct tuning tuning;
	enum place_kind kind;
	const char *rest;
	int r = place_parse(location, &kind, &rest, err);

	if (r >= 0)
		r = tune(options, kind, &tuning, err);
	if (r >= 0)
		r = set_limit(options->limit_upload, options->up, err);
	if (r >= 0)
		r = set_limit(options->limit_download, options->down, err);
	if (r >= 0 && kind != PLACE_LOCAL)
		r = load_far(&far, err);
	if (r < 0)
		return r;
	switch (kind) {
	case PLACE_LOCAL:
		return open_local(rest, options, create, ret, err);
	case PLACE_REST:
		r = open_rest(far, rest, options, &tuning, &store, err);
		break;
	case PLACE_S3:
		r = open_s3(far, rest, options, &tuning, create, &store, err);
		break;
	case PLACE_SFTP:
		r = open_sftp(far, rest, options, &tuning, &store, err);
		break;
	}
	return r < 0 ? r : cache_store_new(store, ret, err);
}

int place_open(const char *repository, const struct place_options *options, bool create,
	struct store **ret, struct err *err)
{
	cleanup_free char *location = NULL, *shown = NULL;
	int r = place_find(repository, options, &location, err);

	if (r < 0)
		return r;
	r = open_kind(location, options, create, ret, err);
	if (r >= 0)
		return 0;
	shown = url_redact(location);
	return err_wrap(err, "repository %s", shown ? shown : "");
}

int place_cache_folder(const struct place_options *options, char **ret, struct err *err)
{
	const char *given = environment(options->cache_dir, "RESTIC_CACHE_DIR");
	const char *base = environment(NULL, "XDG_CACHE_HOME");
	const char *home = environment(NULL, "HOME");

	*ret = NULL;
	if (options->no_cache || (!given && !base && !home))
		return 0;
	if (given)
		*ret = strdup(given);
	else
		*ret = str_printf("%s%s/nexus-backup", base ? base : home, base ? "" : "/.cache");
	return *ret ? 0 : err_oom(err);
}
