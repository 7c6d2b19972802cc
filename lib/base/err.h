/* What went wrong: a plain value on the caller's stack, so that nobody frees it and
 * running out of memory can be told. The detector calls err_set, each layer that knows
 * more calls err_wrap, main prints once with err_print. */
#ifndef NEXUS_BASE_ERR_H
#define NEXUS_BASE_ERR_H

#include <stdbool.h>
#include <stdio.h>

#define ERR_TEXT_MAX 768

/* Selects the advice that a person gets. ERR_NONE is the zero value. */
enum err_kind {
	ERR_NONE,
	ERR_CONFIG, /* an option, file or answer that the person can correct */
	ERR_NETWORK, /* a peer away, refusing or not speaking as agreed */
	ERR_DENIED, /* no permission, wrong password, wrong code */
	ERR_SPACE, /* disk, quota or memory used up */
	ERR_LOCKED, /* somebody else is at it */
	ERR_CORRUPT, /* stored or received data that fails its check */
	ERR_NOT_FOUND, /* what was named does not exist */
	ERR_SYSTEM, /* the operating system refused */
	ERR_BUG, /* a state that our own code promised can't be */
};

struct err {
	int code; /* positive errno */
	enum err_kind kind;
	char text[ERR_TEXT_MAX]; /* "outer: inner", NUL-terminated, cut at the end when too long */
};

#define ERR_INIT ((struct err){0})

/* Records the first cause: "verb object: reason", lower case, no full stop, never a secret.
 * code: errno, sign ignored; 0 is taken as EIO. Returns -code. err is never NULL. */
int err_set(struct err *err, enum err_kind kind, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Like err_set for a failed system call: kind follows from code (ENOSPC is ERR_SPACE, EACCES
 * ERR_DENIED, ENOENT ERR_NOT_FOUND ...), and ": " with err_reason is appended. Returns -code. */
int err_errno(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What strerror says of an errno, its sign ignored, but English in every locale; static, and of
 * an unknown number "unknown error". For chains and logs, which people search for. */
const char *err_reason(int code);

/* Puts "what: " before the text; kind and code stay. Returns -err->code. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory; allocates nothing. Returns -ENOMEM. */
int err_oom(struct err *err);

/* The machine name of a kind, e.g. "not-found"; static. err_kind_parse: false if unknown. */
const char *err_kind_name(enum err_kind kind);
bool err_kind_parse(const char *name, enum err_kind *ret_kind);

/* One translated sentence that says what to do about a kind; static, may be "". */
const char *err_advice(enum err_kind kind);

/* Prints "program: text" and the advice on a second line. */
void err_print(FILE *stream, const char *program, const struct err *err);

#endif
