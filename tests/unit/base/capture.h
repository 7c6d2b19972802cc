/* Catches what a piece of code prints on stdout and stderr. */
#ifndef NEXUS_TESTS_UNIT_BASE_CAPTURE_H
#define NEXUS_TESTS_UNIT_BASE_CAPTURE_H

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct capture {
	FILE *stream; /* the file behind the descriptor */
	int fd, saved;
};

static inline void capture_begin(struct capture *capture, FILE *of)
{
	fflush(of);
	capture->fd = fileno(of);
	capture->saved = dup(capture->fd);
	capture->stream = tmpfile();
	ck_assert(capture->saved >= 0 && capture->stream);
	ck_assert_int_ge(dup2(fileno(capture->stream), capture->fd), 0);
}

/* Puts the descriptor back; text gets what came, cut to its size. */
static inline void capture_end(struct capture *capture, FILE *of, char *text, size_t size)
{
	size_t n;

	fflush(of);
	dup2(capture->saved, capture->fd);
	close(capture->saved);
	rewind(capture->stream);
	n = fread(text, 1, size - 1, capture->stream);
	text[n] = '\0';
	fclose(capture->stream);
}

#endif
