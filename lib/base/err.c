#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"

/* err_kind -> name on the wire and advice for the person. */
static const struct {
	const char *name;
	const char *advice;
} kinds[] = {
	[ERR_NONE] = {"none", ""},
	[ERR_CONFIG] = {"config", N_("Correct what is named above and try again.")},
	[ERR_NETWORK] = {"network",
		N_("Check the cable, the address and the internet connection, then try again.")},
	[ERR_DENIED] = {"denied", N_("Check the password, code or permission and try again.")},
	[ERR_SPACE] = {"space", N_("Free some space, or use a larger disk, and try again.")},
	[ERR_LOCKED] = {"locked",
		N_("Another task is using it. Wait until it ends and try again.")},
	[ERR_CORRUPT] = {"corrupt",
		N_("The data is damaged. Nothing was changed; use another copy if there is one.")},
	[ERR_NOT_FOUND] = {"not-found", N_("Check the name and try again.")},
	[ERR_SYSTEM] = {"system", N_("If it happens again, send this message to support.")},
	[ERR_BUG] = {"bug", N_("This is a defect of the program. Send this message to support.")},
};

static enum err_kind kind_of_errno(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
	case EFBIG:
		return ERR_SPACE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
		return ERR_NOT_FOUND;
	case ECONNREFUSED:
	case ECONNRESET:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
	case ETIMEDOUT:
	case EPIPE:
		return ERR_NETWORK;
	case EBADMSG:
	case EUCLEAN:
		return ERR_CORRUPT;
	default:
		return ERR_SYSTEM;
	}
}

static int err_begin(struct err *err, enum err_kind kind, int code)
{
	code = abs(code);
	err->code = code ? code : EIO;
	err->kind = kind;
	return -err->code;
}

int err_set(struct err *err, enum err_kind kind, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return err_begin(err, kind, code);
}

int err_errno(struct err *err, int code, const char *format, ...)
{
	size_t used;
	va_list ap;
	int r;

	r = err_begin(err, kind_of_errno(abs(code)), code);
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", err_reason(err->code));
	return r;
}

const char *err_reason(int code)
{
	const char *reason = strerrordesc_np(abs(code));

	return reason ? reason : "unknown error";
}

int err_wrap(struct err *err, const char *format, ...)
{
	char inner[ERR_TEXT_MAX];
	size_t used;
	va_list ap;

	memcpy(inner, err->text, sizeof(inner));
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	used = strlen(err->text);
	if (snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner) < 0)
		err->text[used] = '\0';
	return -err->code;
}

int err_oom(struct err *err)
{
	return err_set(err, ERR_SPACE, ENOMEM, "allocate memory: none left");
}

const char *err_kind_name(enum err_kind kind)
{
	return kinds[kind].name;
}

bool err_kind_parse(const char *name, enum err_kind *ret_kind)
{
	for (size_t i = 1; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0) {
			*ret_kind = (enum err_kind)i;
			return true;
		}
	return false;
}

const char *err_advice(enum err_kind kind)
{
	return kinds[kind].advice[0] ? _(kinds[kind].advice) : "";
}

void err_print(FILE *stream, const char *program, const struct err *err)
{
	const char *advice = err_advice(err->kind);

	fprintf(stream, "%s: %s\n", program, err->text);
	if (*advice)
		fprintf(stream, "%s\n", advice);
}
