/* For tests that open repositories and replace files by the hundred, and prove nothing about keys
 * or power cuts: scrypt is the real one with the smallest parameters, and fsync waits for no disk.
 * The program is linked with --wrap=kdf_scrypt and --wrap=fsync, see meson.build. */
#ifndef NEXUS_TESTS_UNIT_CHEAP_H
#define NEXUS_TESTS_UNIT_CHEAP_H

#include "crypto/kdf.h"

/* The linker's names.
 * NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_kdf_scrypt(const struct kdf_parameters *parameters, const char *password,
	const void *salt, size_t salt_size, uint8_t *ret, size_t size, struct err *err);
int __wrap_kdf_scrypt(const struct kdf_parameters *parameters, const char *password,
	const void *salt, size_t salt_size, uint8_t *ret, size_t size, struct err *err);
int __wrap_fsync(int fd);

int __wrap_kdf_scrypt(const struct kdf_parameters *parameters, const char *password,
	const void *salt, size_t salt_size, uint8_t *ret, size_t size, struct err *err)
{
	const struct kdf_parameters cheap = {.n = 2, .r = 1, .p = 1};

	(void)parameters;
	return __real_kdf_scrypt(&cheap, password, salt, salt_size, ret, size, err);
}

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier) */

#endif
