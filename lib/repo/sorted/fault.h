/* A page of a mapped file that the disk can't give back is a SIGBUS. Whoever maps files says
 * where they are; what the program registers is then called instead of dying without a word. */
#ifndef NEXUS_REPO_FAULT_H
#define NEXUS_REPO_FAULT_H

#include <stddef.h>

#define FAULT_RANGES_MAX 256 /* at a time; those above are not watched */

/* Must not return. It runs in the thread that read the page, which may hold any lock of the
 * rooms above, and has no way back: it tells what happened and ends the process. */
typedef void fault_fn(void *context);

/* Registers fn for the process; context is borrowed for its life. Before any other thread. A
 * SIGBUS at other addresses does what it did before. */
void fault_watch(fault_fn *fn, void *context);

/* A mapping comes or goes. Any thread. */
void fault_add(const void *data, size_t size);
void fault_remove(const void *data);

#endif
