#include "agent/update/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/contract.h"
#include "net/http.h"
#include "net/url.h"

#define BUNDLE_NAME "bundle.raucb"
#define ORIGIN_NAME "bundle.origin" /* what the bundle is a part of */
#define SYNC_EVERY (16u << 20) /* bytes: what a power cut may cost */

/* One fetch under way. */
struct transfer {
	const struct fetch *fetch;
	struct http *http;
	char *url; /* without login */
	int folder_fd, fd;
	uint64_t total, have;
};

static void transfer_done(struct transfer *transfer)
{
	http_free(transfer->http);
	free(transfer->url);
	if (transfer->folder_fd >= 0)
		close(transfer->folder_fd);
	if (transfer->fd >= 0)
		close(transfer->fd);
}
#define cleanup_transfer __attribute__((cleanup(transfer_done)))

static int connect_to(struct transfer *transfer, struct err *err)
{
	const struct fetch *fetch = transfer->fetch;
	cleanup_url struct url url = {0};
	cleanup_free char *origin = NULL;
	struct http_options options = {
		.connections = 1, .retry = fetch->retry, .stop = fetch->stop};
	int r;

	r = url_parse(fetch->url, &url, err);
	if (r < 0)
		return r;
	origin = url_origin(&url);
	transfer->url = origin ? str_printf("%s%s", origin, url.path) : NULL;
	if (!transfer->url)
		return err_oom(err);
	options.user = url.user;
	options.password = url.password;
	return http_new(&options, &transfer->http, err);
}

static int ask_size(struct transfer *transfer, struct err *err)
{
	struct http_request request = {.method = "HEAD", .url = transfer->url};
	cleanup_http_response struct http_response response = {0};
	int r;

	r = http_perform(transfer->http, &request, &response, err);
	if (r < 0)
		return r;
	if (response.status / 100 == 3)
		return err_set(err, ERR_CONFIG, EINVAL,
			"fetch bundle: the server sends us on to another address; give that one");
	if (response.status != 200)
		return http_refused(&response, "fetch bundle", err);
	if (!response.length || response.length > FLEET_CONTRACT_BUNDLE_MAX)
		return err_set(err, ERR_CONFIG, EINVAL,
			"fetch bundle: the server tells no size, or none of a bundle");
	transfer->total = response.length;
	if (transfer->fetch->size && transfer->fetch->size != transfer->total)
		return err_set(err, ERR_CONFIG, EINVAL,
			"fetch bundle: it has %llu bytes on the server, not %llu",
			(unsigned long long)transfer->total,
			(unsigned long long)transfer->fetch->size);
	return 0;
}

/* What is there already stays if it is of this bundle. */
static int take_up(struct transfer *transfer, struct err *err)
{
	cleanup_free char *shown = url_redact(transfer->fetch->url), *before = NULL;
	cleanup_free char *origin =
		shown ? str_printf("%llu %s\n", (unsigned long long)transfer->total, shown) : NULL;
	struct err ignored = ERR_INIT;
	struct stat st;
	int r;

	if (!origin)
		return err_oom(err);
	r = file_read(transfer->folder_fd, ORIGIN_NAME, URL_MAX + 64, &before, NULL, &ignored);
	if (r < 0 || !str_equal(before, origin)) {
		if (unlinkat(transfer->folder_fd, BUNDLE_NAME, 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, "remove the bundle before");
		r = file_replace(
			transfer->folder_fd, ORIGIN_NAME, origin, strlen(origin), 0600, err);
		if (r < 0)
			return r;
	}
	transfer->fd = openat(
		transfer->folder_fd, BUNDLE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (transfer->fd < 0 || fstat(transfer->fd, &st) < 0)
		return err_errno(err, errno, "open bundle");
	transfer->have = (uint64_t)st.st_size;
	if (transfer->have > transfer->total) {
		if (ftruncate(transfer->fd, 0) < 0)
			return err_errno(err, errno, "empty bundle");
		transfer->have = 0;
	}
	return 0;
}

static int check_room(const struct transfer *transfer, struct err *err)
{
	uint64_t needed = transfer->total - transfer->have, free_bytes;
	struct statvfs vfs;

	if (!needed)
		return 0;
	if (fstatvfs(transfer->fd, &vfs) < 0)
		return err_errno(err, errno, "look for room");
	free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (free_bytes < needed + FETCH_RESERVE)
		return err_set(err, ERR_SPACE, ENOSPC,
			"fetch bundle: it needs %llu MiB more, %llu MiB are free",
			(unsigned long long)((needed + FETCH_RESERVE) >> 20),
			(unsigned long long)(free_bytes >> 20));
	return 0;
}

/* One request: the next bytes, or an error that says why there are none. */
static int fetch_piece(struct transfer *transfer, void *piece, struct err *err)
{
	uint64_t left = transfer->total - transfer->have;
	struct http_request request = {
		.method = "GET",
		.url = transfer->url,
		.range_data = piece,
		.range_offset = transfer->have,
		.range_size = left < FETCH_PIECE ? (size_t)left : FETCH_PIECE,
	};
	cleanup_http_response struct http_response response = {0};
	int r;

	r = http_perform(transfer->http, &request, &response, err);
	if (r < 0)
		return r;
	if (response.status == 200 && transfer->total > FETCH_PIECE)
		return err_set(err, ERR_CONFIG, EINVAL,
			"fetch bundle: the server can't send parts of a file (Range)");
	if (response.status != 206 && response.status != 200)
		return http_refused(&response, "fetch bundle", err);
	if (response.range_got != request.range_size)
		return err_set(err, ERR_NETWORK, EPROTO, "fetch bundle: the server sent less");
	r = file_write_full(transfer->fd, piece, request.range_size, "bundle", err);
	if (r < 0)
		return r;
	transfer->have += request.range_size;
	return 0;
}

static int fetch_all(struct transfer *transfer, struct err *err)
{
	const struct fetch *fetch = transfer->fetch;
	cleanup_free void *piece = malloc(FETCH_PIECE);
	uint64_t synced = transfer->have;
	int r = 0;

	if (!piece)
		return err_oom(err);
	if (lseek(transfer->fd, (off_t)transfer->have, SEEK_SET) < 0)
		return err_errno(err, errno, "go on with bundle");
	while (r >= 0 && transfer->have < transfer->total) {
		fetch->progress(fetch->context, transfer->have, transfer->total);
		if (fetch->stop && *fetch->stop)
			return err_set(err, ERR_SYSTEM, ECANCELED, "fetch bundle: stopped");
		r = fetch_piece(transfer, piece, err);
		if (r >= 0 && transfer->have - synced >= SYNC_EVERY) {
			(void)fdatasync(transfer->fd);
			synced = transfer->have;
		}
	}
	if (r >= 0 && fsync(transfer->fd) < 0)
		r = err_errno(err, errno, "store bundle");
	if (r >= 0)
		fetch->progress(fetch->context, transfer->total, transfer->total);
	return r;
}

int fetch_bundle(const struct fetch *fetch, char **ret_path, struct err *err)
{
	cleanup_transfer struct transfer transfer = {.fetch = fetch, .folder_fd = -1, .fd = -1};
	cleanup_free char *path = str_printf("%s/" BUNDLE_NAME, fetch->folder);
	int r;

	if (!path)
		return err_oom(err);
	transfer.folder_fd = open(fetch->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (transfer.folder_fd < 0)
		return err_errno(err, errno, "open folder %s", fetch->folder);
	r = connect_to(&transfer, err);
	if (r >= 0)
		r = ask_size(&transfer, err);
	if (r >= 0)
		r = take_up(&transfer, err);
	if (r >= 0)
		r = check_room(&transfer, err);
	if (r >= 0)
		r = fetch_all(&transfer, err);
	if (r < 0)
		return r;
	*ret_path = TAKE(path);
	return 0;
}

void fetch_remove(const char *folder)
{
	static const char *const names[] = {ORIGIN_NAME, BUNDLE_NAME};
	cleanup_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < sizeof(names) / sizeof(*names); i++)
		if (unlinkat(fd, names[i], 0) < 0 && errno != ENOENT)
			log_warning("remove %s/%s: %s", folder, names[i], err_reason(errno));
}
