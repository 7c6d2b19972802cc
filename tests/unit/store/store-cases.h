/* The contract of struct store_ops, held against each kind of store. */
#ifndef NEXUS_TESTS_UNIT_STORE_CASES_H
#define NEXUS_TESTS_UNIT_STORE_CASES_H

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/proc.h"
#include "store/store.h"

static const char store_cases_name[] =
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char store_cases_other[] =
	"ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/* Servers that say yes to the removal of what is not there. */
static bool store_cases_forgetful;

static inline int store_cases_run(const char *const *argv)
{
	struct err err = ERR_INIT;

	return proc_run_ok(argv, NULL, NULL, &err);
}

static inline int store_cases_count(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)err;
	ck_assert(store_name_is_valid(name));
	ck_assert_uint_eq(size, 11);
	(*(int *)context)++;
	return 0;
}

static inline int store_cases_refuse(
	const char *name, uint64_t size, void *context, struct err *err)
{
	(void)name;
	(void)size;
	(void)context;
	return err_set(err, ERR_BUG, EPIPE, "enough");
}

static inline void store_cases_read(struct store *store)
{
	struct err err = ERR_INIT;
	cleanup_free uint8_t *data = NULL;
	uint8_t part[16];
	uint64_t bytes;
	size_t size;

	ck_assert_int_eq(store_size(store, STORE_PACK, store_cases_name, &bytes, &err), 0);
	ck_assert_uint_eq(bytes, 11);
	ck_assert_int_eq(store_read(store, STORE_PACK, store_cases_name, 6, part, 5, &err), 0);
	ck_assert_mem_eq(part, "world", 5);
	ck_assert_int_eq(
		store_read(store, STORE_PACK, store_cases_name, 6, part, 6, &err), -ENODATA);
	ck_assert_int_eq(
		store_read(store, STORE_PACK, store_cases_other, 0, part, 1, &err), -ENOENT);
	ck_assert_int_eq(
		store_load(store, STORE_PACK, store_cases_name, 11, &data, &size, &err), 0);
	ck_assert_uint_eq(size, 11);
	ck_assert_mem_eq(data, "hello world", 12);
	ck_assert_int_eq(
		store_load(store, STORE_PACK, store_cases_name, 10, &data, &size, &err), -EFBIG);
}

static inline void store_cases(struct store *store)
{
	struct store_upload *upload = NULL;
	struct err err = ERR_INIT;
	int count = 0;

	ck_assert_int_eq(store_create(store, &err), 0);
	ck_assert_int_eq(store_create(store, &err), 0);
	ck_assert_int_eq(store_begin(store, STORE_PACK, &upload, &err), 0);
	ck_assert_int_eq(store_append(upload, "hello ", 6, &err), 0);
	ck_assert_int_eq(store_append(upload, "world", 5, &err), 0);
	ck_assert_int_eq(store_has(store, STORE_PACK, store_cases_name, &err), 0);
	ck_assert_int_eq(store_commit(upload, store_cases_name, &err), 0);
	ck_assert_int_eq(store_has(store, STORE_PACK, store_cases_name, &err), 1);
	ck_assert_int_eq(store_has(store, STORE_INDEX, store_cases_name, &err), 0);
	store_cases_read(store);
	ck_assert_int_eq(
		store_save(store, STORE_PACK, store_cases_other, "HELLO WORLD", 11, &err), 0);
	/* What is given up leaves nothing. */
	ck_assert_int_eq(store_begin(store, STORE_PACK, &upload, &err), 0);
	ck_assert_int_eq(store_append(upload, "x", 1, &err), 0);
	store_upload_abort(upload);
	/* Names that are none are refused before anything is written. */
	ck_assert_int_eq(store_begin(store, STORE_PACK, &upload, &err), 0);
	ck_assert_int_eq(store_commit(upload, "../../etc/passwd", &err), -EINVAL);
	ck_assert_int_eq(store_list(store, STORE_PACK, store_cases_count, &count, &err), 0);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(store_list(store, STORE_PACK, store_cases_refuse, NULL, &err), -EPIPE);
	ck_assert_int_eq(store_list(store, STORE_KEY, store_cases_count, &count, &err), 0);
	ck_assert_int_eq(store_remove(store, STORE_PACK, store_cases_other, &err), 0);
	ck_assert_int_eq(store_remove(store, STORE_PACK, store_cases_other, &err),
		store_cases_forgetful ? 0 : -ENOENT);
	ck_assert_int_eq(store_has(store, STORE_CONFIG, NULL, &err), 0);
	ck_assert_int_eq(store_save(store, STORE_CONFIG, NULL, "config", 6, &err), 0);
	ck_assert_int_eq(store_has(store, STORE_CONFIG, NULL, &err), 1);
}

#endif
