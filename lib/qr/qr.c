#include "qr/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define FRAME 4 /* modules */
#define FRAME_BLOCKS 2

CLEANUP_DEFINE(qrcode, QRcode *, QRcode_free);

/* Each run of black modules in a row as one rectangle of a path. */
static int add_row(const QRcode *code, int y, struct buf *ret, struct err *err)
{
	const unsigned char *row = code->data + (size_t)y * (size_t)code->width;
	int r = 0;

	for (int x = 0; r >= 0 && x < code->width;) {
		int end = x;

		while (end < code->width && (row[end] & 1))
			end++;
		if (end > x)
			r = buf_printf(ret, err, "M%d %dh%dv1h-%dz", x + FRAME, y + FRAME, end - x,
				end - x);
		x = end + 1;
	}
	return r;
}

int qr_svg(const char *text, struct buf *ret, struct err *err)
{
	CLEANUP(qrcode) QRcode *code = NULL;
	int r, width;

	if (strlen(text) > QR_TEXT_MAX)
		return err_set(err, ERR_CONFIG, EFBIG, "draw code: more than %d bytes of text",
			QR_TEXT_MAX);
	code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	if (!code)
		return err_errno(err, errno, "draw code");
	width = code->width + 2 * FRAME;
	r = buf_printf(ret, err,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		"shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path "
		"d=\"",
		width, width, width, width);
	for (int y = 0; r >= 0 && y < code->width; y++)
		r = add_row(code, y, ret, err);
	return r < 0 ? r : buf_add_text(ret, "\"/></svg>", err);
}

static bool is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       code->data[(size_t)y * (size_t)code->width + (size_t)x] & 1;
}

int qr_blocks(const char *text, struct buf *ret, struct err *err)
{
	/* By whether the upper module is light, then the lower one. */
	static const char *const blocks[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
	CLEANUP(qrcode) QRcode *code = NULL;
	int r = 0;

	if (strlen(text) > QR_TEXT_MAX)
		return err_set(err, ERR_CONFIG, EFBIG, "draw code: more than %d bytes of text",
			QR_TEXT_MAX);
	code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	if (!code)
		return err_errno(err, errno, "draw code");
	for (int y = -FRAME_BLOCKS; r >= 0 && y < code->width + FRAME_BLOCKS; y += 2) {
		for (int x = -FRAME_BLOCKS; r >= 0 && x < code->width + FRAME_BLOCKS; x++)
			r = buf_add_text(
				ret, blocks[!is_dark(code, x, y)][!is_dark(code, x, y + 1)], err);
		if (r >= 0)
			r = buf_add_byte(ret, '\n', err);
	}
	return r;
}
