/* Waiting for another thread, but not for ever, and whatever happens to the clock on the wall. */
#ifndef NEXUS_BASE_WAIT_H
#define NEXUS_BASE_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Instead of pthread_cond_init. */
void wait_init(pthread_cond_t *cond);

/* Waits until cond is signalled, or for no reason, but us at most: then false is returned. With
 * the mutex held, as pthread_cond_wait. */
bool wait_for(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t us);

#endif
