/* QR codes as SVG, and as characters. */
#ifndef NEXUS_QR_QR_H
#define NEXUS_QR_QR_H

#include "base/buf.h"
#include "base/err.h"

#define QR_TEXT_MAX 2331 /* bytes that fit with the error correction that is used (M) */

/* Appends an <svg> element that fits in HTML, without a size in pixels: viewBox counts modules,
 * with the white frame of four that readers need. -EFBIG past QR_TEXT_MAX. */
int qr_svg(const char *text, struct buf *ret, struct err *err) __attribute__((warn_unused_result));

/* Appends lines of half blocks (UTF-8), two rows of modules in one, all as wide: light modules are
 * drawn, for a terminal whose background is dark. A frame of two modules; the error correction is
 * the lowest (L). -EFBIG past QR_TEXT_MAX. */
int qr_blocks(const char *text, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
