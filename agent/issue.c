#include "agent/issue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/i18n.h"

#define TEXT_MAX 8192u
#define ADDRESSES_MAX 8

static int add_addresses(struct buf *buf, const struct str_list *addresses, struct err *err)
{
	int r = 0;

	if (!addresses->count)
		return buf_printf(
			buf, err, "  %s\n", _("No network yet: is the cable plugged in?"));
	for (size_t i = 0; i < addresses->count && r >= 0; i++)
		r = buf_printf(buf, err, _("  Address: %s\n"), addresses->items[i]);
	return r;
}

static int add_state(struct buf *buf, const struct issue *issue, struct err *err)
{
	const char *first = issue->addresses->count ? issue->addresses->items[0] : NULL;

	if (issue->adopted && *issue->console)
		return buf_printf(buf, err, _("  Adopted by %s.\n"), issue->console);
	if (issue->adopted)
		return buf_printf(buf, err, "  %s\n", _("Adopted."));
	if (!*issue->code)
		return buf_printf(buf, err, "  %s\n", _("The code is being made ..."));
	return buf_printf(buf, err,
		_("  Code:    %s\n\n  To adopt this box:  nexus fleet adopt %s\n"), issue->code,
		first ? first : _("ADDRESS"));
}

static const char *level_text(enum fleet_status_level level)
{
	switch (level) {
	case FLEET_STATUS_OK:
		return _("All is well.");
	case FLEET_STATUS_WARN:
		return _("Something needs attention.");
	case FLEET_STATUS_FAIL:
		return _("Something is broken.");
	}
	return "";
}

int issue_format(const struct issue *issue, char **ret_text, struct err *err)
{
	cleanup_buf struct buf buf = BUF_INIT(TEXT_MAX);
	int r;

	r = buf_printf(&buf, err, _("\n  Nexus %s, box %s\n\n"), issue->version, issue->name);
	if (r >= 0)
		r = add_addresses(&buf, issue->addresses, err);
	if (r >= 0)
		r = add_state(&buf, issue, err);
	if (r >= 0 && issue->adopted)
		r = buf_printf(&buf, err, "  %s\n", level_text(issue->level));
	if (r >= 0)
		r = buf_add_byte(&buf, '\n', err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < buf.size; i++)
		if (buf.data[i] == '\\')
			buf.data[i] = '?';
	*ret_text = buf_take_text(&buf);
	return *ret_text ? 0 : err_oom(err);
}

/* True and text for an address worth showing. */
static bool format_address(const struct sockaddr *address, char *ret_text, size_t size)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		return inet_ntop(AF_INET, &in->sin_addr, ret_text, (socklen_t)size);
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		return !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) &&
		       inet_ntop(AF_INET6, &in6->sin6_addr, ret_text, (socklen_t)size);
	}
	return false;
}

int issue_addresses(struct str_list *ret_addresses, struct err *err)
{
	struct ifaddrs *all;
	int r = 0;

	if (getifaddrs(&all) < 0)
		return err_errno(err, errno, "list addresses");
	for (int family = AF_INET;; family = AF_INET6) {
		for (struct ifaddrs *i = all; i && r >= 0; i = i->ifa_next) {
			char text[INET6_ADDRSTRLEN];

			if (!i->ifa_addr || i->ifa_addr->sa_family != family ||
				(i->ifa_flags & IFF_LOOPBACK) || !(i->ifa_flags & IFF_UP) ||
				ret_addresses->count == ADDRESSES_MAX)
				continue;
			if (format_address(i->ifa_addr, text, sizeof(text)) &&
				!str_list_has(ret_addresses, text))
				r = str_list_add(ret_addresses, text, err);
		}
		if (family == AF_INET6)
			break;
	}
	freeifaddrs(all);
	return r;
}
