/* Preloaded into a program: kills it (SIGKILL) at the nth call that changes files, before the
 * call or, with KILL_AFTER set, behind it. KILL_AT: n from 1. KILL_COUNT: a file that gets the
 * number of such calls when the program ends by itself. So a test can go through the moments of
 * a run, and find one again. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static unsigned long calls, kill_at;
static const char *after;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("KILL_AT");

	kill_at = text ? strtoul(text, NULL, 10) : 0;
	after = getenv("KILL_AFTER");
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("KILL_COUNT");
	FILE *file = path ? fopen(path, "we") : NULL;

	if (file) {
		fprintf(file, "%lu\n", calls);
		fclose(file);
	}
}

static unsigned long count(void)
{
	unsigned long call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);

	if (call == kill_at && !after)
		(void)raise(SIGKILL);
	return call;
}

static void done(unsigned long call)
{
	if (call == kill_at && after)
		(void)raise(SIGKILL);
}

#define WRAP(type, name, parameters, arguments)                                                    \
	type name parameters;                                                                      \
	type name parameters                                                                       \
	{                                                                                          \
		type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);              \
		unsigned long call = count();                                                      \
		type ret = real arguments;                                                         \
                                                                                                   \
		done(call);                                                                        \
		return ret;                                                                        \
	}

/* libc's own names of these parameters are reserved.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
WRAP(int, fsync, (int fd), (fd))
WRAP(int, renameat, (int from_dir, const char *from, int to_dir, const char *to),
	(from_dir, from, to_dir, to))
WRAP(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
