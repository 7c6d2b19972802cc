/* Scope attributes instead of goto: what a block owns is released when the block is left.
 * TAKE hands ownership out. errno survives each of them. */
#ifndef NEXUS_BASE_CLEANUP_H
#define NEXUS_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Defines cleanup_<name>_fn(T *) for a type whose destructor takes the value. */
#define CLEANUP_DEFINE(name, type, destroy)                                                        \
	static inline void cleanup_##name##_fn(type *value)                                        \
	{                                                                                          \
		int saved = errno;                                                                 \
		destroy(*value);                                                                   \
		errno = saved;                                                                     \
	}                                                                                          \
	_Static_assert(1, "semicolon")

#define CLEANUP(name) __attribute__((cleanup(cleanup_##name##_fn)))

static inline void cleanup_free_fn(void *pointer)
{
	int saved = errno;
	void *value = *(void **)pointer;

	free(value);
	errno = saved;
}

static inline void cleanup_close_fn(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_fclose_fn(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

static inline void cleanup_closedir_fn(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

#define cleanup_free __attribute__((cleanup(cleanup_free_fn)))
#define cleanup_close __attribute__((cleanup(cleanup_close_fn)))
#define cleanup_fclose __attribute__((cleanup(cleanup_fclose_fn)))
#define cleanup_closedir __attribute__((cleanup(cleanup_closedir_fn)))

/* The pointer's value; the variable becomes NULL and its cleanup does nothing. */
#define TAKE(pointer)                                                                              \
	({                                                                                         \
		__typeof__(pointer) *take_at = &(pointer);                                         \
		__typeof__(pointer) take_value = *take_at;                                         \
		*take_at = NULL;                                                                   \
		take_value;                                                                        \
	})

/* The same for a file descriptor. */
static inline int take_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}
#define TAKE_FD(fd) take_fd(&(fd))

#endif
