/* Preloaded into nexus-install by tests: something happens at the n-th direct read or write of
 * one device. FAULT="read|write DEVICE N eio|enospc|kill|stop|flip". N counts from 0; from there
 * on eio and enospc stay, as with a device that is gone. flip changes one bit of what is
 * written, once, as a disk that stores something else. The file named by FAULT_COUNT gets the
 * number of calls when the process ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t pread64(int fd, void *data, size_t size, off64_t offset);
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset);
ssize_t pread(int fd, void *data, size_t size, off_t offset);
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset);

static char fault_op[16], fault_device[256], fault_act[16];
static unsigned long fault_at;
static unsigned long count;

static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAULT");

	real_pread = (ssize_t(*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");
	real_pwrite = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
	if (text && sscanf(text, "%15s %255s %lu %15s", fault_op, fault_device, &fault_at,
			    fault_act) != 4) {
		fprintf(stderr, "FAULT is not understood: %s\n", text);
		_exit(99);
	}
	/* Children are real programs; what happens to them is not counted. */
	unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAULT_COUNT");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "%lu\n", count);
	fclose(file);
}

static int is_device(int fd, const char *op)
{
	char link[64], path[256];
	ssize_t n;

	if (strcmp(op, fault_op) != 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return 0;
	path[n] = '\0';
	return strcmp(path, fault_device) == 0;
}

/* 0: go on; 1: errno is set; 2: flip a bit. */
static int meet(int fd, const char *op)
{
	unsigned long now;

	if (!is_device(fd, op))
		return 0;
	now = count++;
	if (now == fault_at && strcmp(fault_act, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (now == fault_at && strcmp(fault_act, "stop") == 0)
		kill(getpid(), SIGSTOP);
	if (now == fault_at && strcmp(fault_act, "flip") == 0)
		return 2;
	if (now >= fault_at && strcmp(fault_act, "eio") == 0) {
		errno = EIO;
		return 1;
	}
	if (now >= fault_at && strcmp(fault_act, "enospc") == 0) {
		errno = ENOSPC;
		return 1;
	}
	return 0;
}

ssize_t pread64(int fd, void *data, size_t size, off64_t offset)
{
	if (meet(fd, "read") == 1)
		return -1;
	return real_pread(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	int what = meet(fd, "write");

	if (what == 1)
		return -1;
	if (what == 2)
		((unsigned char *)(unsigned long)data)[size / 2] ^= 1;
	return real_pwrite(fd, data, size, offset);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
	return pread64(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite64(fd, data, size, offset);
}
