#include "agent/common/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define FIELD_MAX 2048

static struct iovec field_iovec(const char *text)
{
	return (struct iovec){.iov_base = (void *)text, .iov_len = strlen(text)};
}

void journal_event(
	const char *message_id, enum log_level level, const char *field, const char *format, ...)
{
	char message[FIELD_MAX] = "MESSAGE=", id[64], priority[16];
	size_t prefix = strlen(message);
	struct iovec fields[4];
	va_list ap;
	int n = 0;

	va_start(ap, format);
	vsnprintf(message + prefix, sizeof(message) - prefix, format, ap);
	va_end(ap);
	/* Under a test or by hand nobody reads the journal. */
	if (!getenv("JOURNAL_STREAM") && access("/run/systemd/journal/socket", W_OK) < 0) {
		log_message(level, "%s", message + prefix);
		return;
	}
	snprintf(id, sizeof(id), "MESSAGE_ID=%s", message_id);
	snprintf(priority, sizeof(priority), "PRIORITY=%d", (int)level);
	fields[n++] = field_iovec(message);
	fields[n++] = field_iovec(id);
	fields[n++] = field_iovec(priority);
	if (field)
		fields[n++] = field_iovec(field);
	if (sd_journal_sendv(fields, n) < 0)
		log_message(level, "%s", message + prefix);
}
