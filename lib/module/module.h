/* Shared modules of ours, loaded when they are needed. A module exports one struct that begins
 * with struct module_head; whoever loads it and the module are built from one tree. */
#ifndef NEXUS_MODULE_MODULE_H
#define NEXUS_MODULE_MODULE_H

#include <stddef.h>

#include "base/err.h"

struct module_head {
	const char *version; /* NEXUS_VERSION, of what the module was built from */
	size_t size; /* bytes of the whole struct */
};

/* Loads file ("nexus-tar.so"), which is looked for in the program's run path, and finds the
 * struct of size bytes that it exports as symbol: static, borrowed. A module stays until the
 * process ends; to load it again is cheap. -ENOENT (kind system) if it or a library of it is
 * missing or damaged, -EPROTO if it was built from another version. Blocks. */
int module_load(const char *file, const char *symbol, size_t size, const struct module_head **ret,
	struct err *err) __attribute__((warn_unused_result));

#endif
