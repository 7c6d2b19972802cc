/* A disk for qemu that remembers all it was told.
 *   cut-disk serve DISK LOG NBD-SOCKET WORD-SOCKET
 * serves DISK as a network block device to one client, and logs writes and flushes together with
 * the lines that come on the other socket, in one order (see cut-log.h). It ends when the client
 * goes away. DISK itself gets every write. cut-disk say WORD-SOCKET LINE says a line. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "cut-log.h"

#define REQUEST_MAX (32u << 20)
#define SPEAKERS_MAX 8
#define LINE_ROOM 1024
#define OPTION_MAX 4096

/* Of the NBD protocol, https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md */
#define NBD_MAGIC 0x4e42444d41474943ull
#define NBD_OPTION_MAGIC 0x49484156454f5054ull
#define NBD_REPLY_MAGIC 0x3e889045565a9ull
#define NBD_REQUEST_MAGIC 0x25609513u
#define NBD_SIMPLE_MAGIC 0x67446698u
#define NBD_FLAGS                                                                                  \
	13 /* has flags, flush, FUA; neither trim nor zeroes: all that changes the disk is a write \
	    */
#define NBD_BLOCK 512u

enum {
	OPTION_EXPORT_NAME = 1,
	OPTION_ABORT = 2,
	OPTION_INFO = 6,
	OPTION_GO = 7
};
enum {
	REPLY_ACK = 1,
	REPLY_INFO = 3,
	INFO_EXPORT = 0,
	INFO_BLOCKS = 3
};
enum {
	READ = 0,
	WRITE = 1,
	DISCONNECT = 2,
	FLUSH = 3
};

struct speaker {
	int fd; /* -1: free */
	size_t used;
	char line[LINE_ROOM];
};

struct disk {
	int fd;
	uint64_t size;
	FILE *log;
	uint8_t *buffer; /* REQUEST_MAX bytes */
	struct speaker speakers[SPEAKERS_MAX];
};

static int log_put(struct disk *disk, enum cut_kind kind, uint64_t offset, const void *data,
	size_t size, struct err *err)
{
	struct cut_record record = {.kind = kind, .size = (uint32_t)size, .offset = offset};

	if (fwrite(&record, sizeof(record), 1, disk->log) != 1 ||
		(size && fwrite(data, size, 1, disk->log) != 1))
		return err_errno(err, errno, "write log");
	return 0;
}

static int listen_at(const char *path, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_CONFIG, ENAMETOOLONG, "listen at %s: too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0 || (unlink(path) < 0 && errno != ENOENT) ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0)
		return err_errno(err, errno, "listen at %s", path);
	return TAKE_FD(fd);
}

/* --- the client's greeting --- */

struct __attribute__((packed)) option {
	uint64_t magic;
	uint32_t option, size;
};

static int option_reply(
	int fd, uint32_t option, uint32_t type, const void *data, size_t size, struct err *err)
{
	struct __attribute__((packed)) {
		uint64_t magic;
		uint32_t option, type, size;
	} head = {
		htobe64(NBD_REPLY_MAGIC), htobe32(option), htobe32(type), htobe32((uint32_t)size)};
	int r;

	r = file_write_full(fd, &head, sizeof(head), "client", err);
	if (r >= 0 && size)
		r = file_write_full(fd, data, size, "client", err);
	return r;
}

static int option_info(const struct disk *disk, int fd, uint32_t option, struct err *err)
{
	struct __attribute__((packed)) {
		uint16_t type;
		uint64_t size;
		uint16_t flags;
	} export = {htobe16(INFO_EXPORT), htobe64(disk->size), htobe16(NBD_FLAGS)};
	struct __attribute__((packed)) {
		uint16_t type;
		uint32_t smallest, best, largest;
	} blocks = {htobe16(INFO_BLOCKS), htobe32(NBD_BLOCK), htobe32(4096), htobe32(REQUEST_MAX)};
	int r;

	r = option_reply(fd, option, REPLY_INFO, &export, sizeof(export), err);
	if (r >= 0)
		r = option_reply(fd, option, REPLY_INFO, &blocks, sizeof(blocks), err);
	if (r >= 0)
		r = option_reply(fd, option, REPLY_ACK, NULL, 0, err);
	return r;
}

/* Until the client has what it needs to begin. */
static int greet(const struct disk *disk, int fd, struct err *err)
{
	struct __attribute__((packed)) {
		uint64_t magic, option;
		uint16_t flags;
	} hello = {htobe64(NBD_MAGIC), htobe64(NBD_OPTION_MAGIC), htobe16(3)};
	uint8_t data[OPTION_MAX];
	struct option option;
	uint32_t flags, number;
	int r;

	r = file_write_full(fd, &hello, sizeof(hello), "client", err);
	if (r >= 0)
		r = file_read_full(fd, &flags, sizeof(flags), "client", err);
	while (r >= 0) {
		r = file_read_full(fd, &option, sizeof(option), "client", err);
		if (r < 0)
			break;
		number = be32toh(option.option);
		if (be32toh(option.size) > sizeof(data))
			return err_set(err, ERR_NETWORK, EPROTO, "greet client: a huge option");
		r = file_read_full(fd, data, be32toh(option.size), "client", err);
		if (r < 0)
			break;
		if (number == OPTION_ABORT)
			return err_set(err, ERR_NETWORK, EPROTO, "greet client: it left");
		if (number == OPTION_INFO || number == OPTION_GO)
			r = option_info(disk, fd, number, err);
		else
			r = option_reply(fd, number, 0x80000001u, NULL, 0, err);
		if (r >= 0 && number == OPTION_GO)
			return 0;
	}
	return r;
}

/* --- its requests --- */

struct __attribute__((packed)) request {
	uint32_t magic;
	uint16_t flags, type;
	uint64_t handle, offset;
	uint32_t size;
};

static int do_read(struct disk *disk, const struct request *request, int client, struct err *err)
{
	uint32_t size = be32toh(request->size);
	int r;

	r = file_pread_full(disk->fd, disk->buffer, size, be64toh(request->offset), "disk", err);
	if (r >= 0)
		r = file_write_full(client, disk->buffer, size, "client", err);
	return r;
}

static int do_write(struct disk *disk, const struct request *request, int client, struct err *err)
{
	uint64_t offset = be64toh(request->offset);
	uint32_t size = be32toh(request->size);
	bool durable = be16toh(request->flags) & 1;
	int r;

	r = file_read_full(client, disk->buffer, size, "client", err);
	if (r < 0)
		return r;
	if (pwrite(disk->fd, disk->buffer, size, (off_t)offset) != (ssize_t)size)
		return err_errno(err, errno ? errno : EIO, "write disk");
	return log_put(disk, durable ? CUT_DURABLE : CUT_WRITE, offset, disk->buffer, size, err);
}

/* One request. Returns 1 when the client is done. */
static int serve(struct disk *disk, int client, struct err *err)
{
	struct __attribute__((packed)) {
		uint32_t magic, error;
		uint64_t handle;
	} reply = {htobe32(NBD_SIMPLE_MAGIC), 0, 0};
	struct request request;
	unsigned type;
	int r;

	if (file_read_full(client, &request, sizeof(request), "client", err) < 0)
		return 1; /* it was killed */
	type = be16toh(request.type);
	reply.handle = request.handle;
	if (type == DISCONNECT)
		return 1;
	if (be32toh(request.magic) != NBD_REQUEST_MAGIC || be32toh(request.size) > REQUEST_MAX ||
		be64toh(request.offset) > disk->size ||
		be32toh(request.size) > disk->size - be64toh(request.offset))
		return err_set(err, ERR_NETWORK, EPROTO, "serve client: a request out of range");
	if (type == WRITE) {
		r = do_write(disk, &request, client, err);
		if (r < 0)
			return r;
	} else if (type == FLUSH) {
		r = log_put(disk, CUT_FLUSH, 0, NULL, 0, err);
		if (r < 0)
			return r;
	} else if (type != READ) {
		reply.error = htobe32(EINVAL);
	}
	if (file_write_full(client, &reply, sizeof(reply), "client", err) < 0)
		return 1;
	return type == READ ? do_read(disk, &request, client, err) : 0;
}

/* --- words --- */

static void speaker_end(struct speaker *speaker)
{
	close(speaker->fd);
	*speaker = (struct speaker){.fd = -1};
}

static int speaker_hear(struct disk *disk, struct speaker *speaker, struct err *err)
{
	char text[LINE_ROOM];
	ssize_t n = read(speaker->fd, text, sizeof(text));
	int r = 0;

	if (n <= 0) {
		speaker_end(speaker);
		return 0;
	}
	for (ssize_t i = 0; i < n && r >= 0; i++) {
		if (text[i] == '\r')
			continue;
		if (text[i] != '\n' && speaker->used < LINE_ROOM) {
			speaker->line[speaker->used++] = text[i];
			continue;
		}
		printf("%.*s\n", (int)speaker->used, speaker->line);
		r = log_put(disk, CUT_WORD, 0, speaker->line, speaker->used, err);
		speaker->used = 0;
	}
	fflush(stdout);
	return r;
}

static void speaker_accept(struct disk *disk, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

	for (size_t i = 0; i < SPEAKERS_MAX && fd >= 0; i++) {
		if (disk->speakers[i].fd >= 0)
			continue;
		disk->speakers[i].fd = TAKE_FD(fd);
	}
	if (fd >= 0)
		close(fd);
}

/* Words first: they count from the earliest point at which they can have been said. */
static int run(struct disk *disk, int client, int words, struct err *err)
{
	struct pollfd polls[SPEAKERS_MAX + 2];
	int r = 0;

	while (r == 0) {
		for (size_t i = 0; i < SPEAKERS_MAX; i++)
			polls[i] = (struct pollfd){.fd = disk->speakers[i].fd, .events = POLLIN};
		polls[SPEAKERS_MAX] = (struct pollfd){.fd = words, .events = POLLIN};
		polls[SPEAKERS_MAX + 1] = (struct pollfd){.fd = client, .events = POLLIN};
		if (poll(polls, SPEAKERS_MAX + 2, -1) < 0)
			return errno == EINTR ? 0 : err_errno(err, errno, "wait for client");
		for (size_t i = 0; i < SPEAKERS_MAX && r >= 0; i++)
			if (polls[i].revents)
				r = speaker_hear(disk, &disk->speakers[i], err);
		if (polls[SPEAKERS_MAX].revents)
			speaker_accept(disk, words);
		if (r >= 0 && polls[SPEAKERS_MAX + 1].revents)
			r = serve(disk, client, err);
	}
	return r;
}

static int open_all(struct disk *disk, char **argv, struct err *err)
{
	struct stat st;

	for (size_t i = 0; i < SPEAKERS_MAX; i++)
		disk->speakers[i].fd = -1;
	disk->fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (disk->fd < 0 || fstat(disk->fd, &st) < 0)
		return err_errno(err, errno, "open %s", argv[2]);
	disk->size = (uint64_t)st.st_size;
	disk->log = fopen(argv[3], "we");
	if (!disk->log)
		return err_errno(err, errno, "open %s", argv[3]);
	disk->buffer = malloc(REQUEST_MAX);
	return disk->buffer ? 0 : err_oom(err);
}

static int serve_disk(char **argv, struct err *err)
{
	cleanup_close int client = -1, listening = -1, words = -1;
	struct disk disk = {.fd = -1};
	int r;

	r = open_all(&disk, argv, err);
	if (r < 0)
		return r;
	words = listen_at(argv[5], err);
	if (words < 0)
		return words;
	listening = listen_at(argv[4], err);
	if (listening < 0)
		return listening;
	client = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (client < 0)
		return err_errno(err, errno, "wait for client");
	r = greet(&disk, client, err);
	if (r >= 0)
		r = run(&disk, client, words, err);
	if (fclose(disk.log) != 0 && r >= 0)
		r = err_errno(err, errno, "write log");
	free(disk.buffer);
	close(disk.fd);
	return r;
}

static int say(const char *path, const char *line, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		dprintf(fd, "%s\n", line) < 0)
		return err_errno(err, errno, "say at %s", path);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 6 && strcmp(argv[1], "serve") == 0)
		r = serve_disk(argv, &err);
	else if (argc == 4 && strcmp(argv[1], "say") == 0)
		r = say(argv[2], argv[3], &err);
	else
		r = err_set(&err, ERR_CONFIG, EINVAL,
			"usage: cut-disk serve DISK LOG NBD WORDS | say WORDS LINE");
	if (r < 0)
		err_print(stderr, "cut-disk", &err);
	return r < 0;
}
