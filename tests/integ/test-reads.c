/* Preloaded into a program: counts the bytes that it reads from files below READS_BELOW and writes
 * the sum to the file READS_COUNT when it ends; kills it (SIGKILL) when it begins to read the file
 * READS_KILL, or once READS_KILL_AT bytes of it were read. Each read of such a file takes
 * READS_SLOW microseconds longer. So a test sees what is read again, and interrupts a run at a
 * given file. */
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static unsigned long long bytes, kill_bytes, kill_at;
static const char *below, *kill_path;
static useconds_t slow_us;

__attribute__((constructor)) static void begin(void)
{
	const char *slow = getenv("READS_SLOW"), *at = getenv("READS_KILL_AT");

	below = getenv("READS_BELOW");
	kill_path = getenv("READS_KILL");
	if (slow)
		slow_us = (useconds_t)strtoul(slow, NULL, 10);
	if (at)
		kill_at = strtoull(at, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("READS_COUNT");
	FILE *file = path ? fopen(path, "we") : NULL;

	if (file) {
		fprintf(file, "%llu\n", bytes);
		fclose(file);
	}
}

/* libc's own names of these parameters are reserved.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
ssize_t read(int fd, void *data, size_t size)
{
	ssize_t (*real)(int, void *, size_t) =
		(ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	char link[64], path[PATH_MAX] = "";
	bool is_victim;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	is_victim = kill_path && strcmp(path, kill_path) == 0;
	if (is_victim && kill_bytes >= kill_at)
		(void)raise(SIGKILL);
	if (slow_us && below && strncmp(path, below, strlen(below)) == 0)
		usleep(slow_us);
	n = real(fd, data, size);
	if (n > 0 && is_victim)
		kill_bytes += (unsigned long long)n;
	if (n > 0 && below && strncmp(path, below, strlen(below)) == 0)
		__atomic_add_fetch(&bytes, (unsigned long long)n, __ATOMIC_SEQ_CST);
	return n;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
