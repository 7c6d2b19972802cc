#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void buf_done(struct buf *buf)
{
	size_t max = buf->max;

	free(buf->data);
	*buf = BUF_INIT(max);
}

int buf_reserve(struct buf *buf, size_t extra, struct err *err)
{
	size_t need, grown;
	uint8_t *data;

	if (__builtin_add_overflow(buf->size, extra, &need) || need > buf->max)
		return err_set(err, ERR_SPACE, EFBIG, "grow buffer: more than %zu bytes", buf->max);
	if (need < buf->allocated)
		return 0;
	grown = buf->allocated + buf->allocated / 2;
	if (grown < need + 1)
		grown = need + 1;
	if (grown < 64)
		grown = 64;
	data = realloc(buf->data, grown);
	if (!data)
		return err_oom(err);
	buf->data = data;
	buf->allocated = grown;
	buf->data[buf->size] = 0;
	return 0;
}

int buf_add(struct buf *buf, const void *data, size_t size, struct err *err)
{
	int r;

	r = buf_reserve(buf, size, err);
	if (r < 0)
		return r;
	if (size)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = 0;
	return 0;
}

int buf_add_byte(struct buf *buf, uint8_t byte, struct err *err)
{
	return buf_add(buf, &byte, 1, err);
}

int buf_printf(struct buf *buf, struct err *err, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = str_vprintf(format, ap);
	va_end(ap);
	return text ? buf_add_text(buf, text, err) : err_oom(err);
}

void buf_consume(struct buf *buf, size_t size)
{
	if (size > buf->size)
		size = buf->size;
	if (!size)
		return;
	memmove(buf->data, buf->data + size, buf->size - size);
	buf->size -= size;
	buf->data[buf->size] = 0;
}

void buf_clear(struct buf *buf)
{
	buf_consume(buf, buf->size);
}

char *buf_take_text(struct buf *buf)
{
	char *text;

	if (!buf->data)
		return calloc(1, 1);
	text = (char *)buf->data;
	buf->data = NULL;
	buf_done(buf);
	return text;
}
