/* A growing run of bytes with a limit. The bytes are always followed by a NUL that is not
 * counted, so text can be read from it as it is. */
#ifndef NEXUS_BASE_BUF_H
#define NEXUS_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

struct buf {
	uint8_t *data; /* owned; NULL when never written */
	size_t size;
	size_t allocated;
	size_t max; /* bytes; growth past it is -EFBIG */
};

#define BUF_INIT(max_bytes) ((struct buf){.max = (max_bytes)})

/* Frees the bytes and zeroes the struct but for its limit. */
void buf_done(struct buf *buf);

/* Makes room for extra more bytes. -EFBIG past the limit, -ENOMEM. */
int buf_reserve(struct buf *buf, size_t extra, struct err *err) __attribute__((warn_unused_result));

int buf_add(struct buf *buf, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
/* Here, so that the length of a literal is known when compiling. */
__attribute__((warn_unused_result)) static inline int buf_add_text(
	struct buf *buf, const char *text, struct err *err)
{
	return buf_add(buf, text, strlen(text), err);
}
int buf_add_byte(struct buf *buf, uint8_t byte, struct err *err)
	__attribute__((warn_unused_result));
int buf_printf(struct buf *buf, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/* Drops the first size bytes (at most all). */
void buf_consume(struct buf *buf, size_t size);

/* Size becomes 0; memory is kept. */
void buf_clear(struct buf *buf);

/* Hands the bytes out as an owned, NUL-terminated string; the buf is empty after it. NULL
 * only without memory. */
char *buf_take_text(struct buf *buf);

static inline void cleanup_buf_fn(struct buf *buf)
{
	int saved = errno;

	buf_done(buf);
	errno = saved;
}
#define cleanup_buf __attribute__((cleanup(cleanup_buf_fn)))

#endif
