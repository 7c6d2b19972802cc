/* What a disk was told, in the order in which it was told: the log that cut-disk writes and
 * cut-replay reads. A record is a struct cut_record; a write and a word are followed by their
 * bytes. In the byte order of this machine. */
#ifndef NEXUS_TESTS_CUT_LOG_H
#define NEXUS_TESTS_CUT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum cut_kind {
	CUT_WRITE = 'W', /* may be lost until the next flush */
	CUT_DURABLE = 'D', /* a write with FUA: durable by itself */
	CUT_FLUSH = 'F', /* all before it is durable */
	CUT_WORD = 'A', /* a line that the guest, or the test, said: what it says is done must be
			   durable */
};

struct cut_record {
	uint32_t kind; /* enum cut_kind */
	uint32_t size; /* bytes that follow; 0 for a flush */
	uint64_t offset; /* byte of the disk; 0 for a word */
};

struct cut_log {
	const uint8_t *bytes; /* mapped */
	size_t size;
};

/* Maps a log for reading; it stays so until the program ends. */
int cut_log_open(const char *path, struct cut_log *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The record at *at, which moves behind it; *ret_data is borrowed from the log. False at the end,
 * and for a last record that is not whole: cut-disk was killed. */
bool cut_log_next(
	const struct cut_log *log, size_t *at, struct cut_record *ret, const uint8_t **ret_data);

#endif
