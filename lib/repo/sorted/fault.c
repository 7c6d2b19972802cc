#include "repo/sorted/fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A signal has no context of its own: these are the process's, like the signal's action. */
static struct {
	_Atomic uintptr_t from, size; /* bytes; from 0: free */
} ranges[FAULT_RANGES_MAX];
static fault_fn *fault_told;
static void *fault_context;
static struct sigaction fault_before;

static bool is_ours(uintptr_t address)
{
	for (size_t i = 0; i < FAULT_RANGES_MAX; i++) {
		uintptr_t from = atomic_load(&ranges[i].from);

		if (from && address >= from && address - from < atomic_load(&ranges[i].size))
			return true;
	}
	return false;
}

static void on_fault(int number, siginfo_t *info, void *machine)
{
	(void)number;
	(void)machine;
	if (is_ours((uintptr_t)info->si_addr))
		fault_told(fault_context);
	/* Not ours: the same access again, to whoever was asked before. */
	(void)sigaction(SIGBUS, &fault_before, NULL);
}

void fault_watch(fault_fn *fn, void *context)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	fault_told = fn;
	fault_context = context;
	(void)sigaction(SIGBUS, &action, &fault_before);
}

void fault_add(const void *data, size_t size)
{
	for (size_t i = 0; i < FAULT_RANGES_MAX; i++) {
		uintptr_t none = 0;

		if (!atomic_compare_exchange_strong(&ranges[i].from, &none, (uintptr_t)data))
			continue;
		atomic_store(&ranges[i].size, size);
		return;
	}
}

void fault_remove(const void *data)
{
	for (size_t i = 0; i < FAULT_RANGES_MAX; i++)
		if (atomic_load(&ranges[i].from) == (uintptr_t)data) {
			atomic_store(&ranges[i].size, 0);
			atomic_store(&ranges[i].from, 0);
			return;
		}
}
