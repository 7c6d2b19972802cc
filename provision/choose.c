#include "provision/choose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "hw/smart.h"
#include "json/json.h"

#define SETTLE_TIMEOUT_US (30ull * 1000 * 1000)
#define SMART_TIMEOUT_US (20ull * 1000 * 1000)

enum choose_verdict choose_judge(const struct hw_disk *disk, const struct choose_rules *rules)
{
	if (disk->device != 0 && (disk->device == rules->source || disk->device == rules->live))
		return CHOOSE_IS_SOURCE;
	if (disk->read_only)
		return CHOOSE_READ_ONLY;
	if (disk->sector_bytes != HW_TABLE_SECTOR)
		return CHOOSE_BAD_SECTORS;
	if (disk->size_bytes < rules->bytes_needed)
		return CHOOSE_TOO_SMALL;
	switch (disk->content) {
	case HW_DISK_BLANK:
		return CHOOSE_BLANK;
	case HW_DISK_NEXUS:
		return CHOOSE_OURS;
	case HW_DISK_OTHER:
		return CHOOSE_OTHER;
	case HW_DISK_NOT_PROBED:
		break;
	}
	return CHOOSE_UNREADABLE;
}

bool choose_is_usable(enum choose_verdict verdict)
{
	return verdict == CHOOSE_BLANK || verdict == CHOOSE_OURS || verdict == CHOOSE_OTHER;
}

/* verdict -> its name in JSON and what a person reads. */
static const struct {
	const char *name, *reason;
} verdicts[] = {
	[CHOOSE_BLANK] = {"blank", N_("blank")},
	[CHOOSE_OURS] = {"nexus", N_("a Nexus box")},
	[CHOOSE_OTHER] = {"other", N_("in use: what is on it would be lost")},
	[CHOOSE_IS_SOURCE] = {"source", N_("this USB stick: never a target")},
	[CHOOSE_TOO_SMALL] = {"too-small", N_("too small")},
	[CHOOSE_READ_ONLY] = {"read-only", N_("write-protected")},
	[CHOOSE_BAD_SECTORS] = {"bad-sectors", N_("sectors of 4096 bytes are not supported")},
	[CHOOSE_UNREADABLE] = {"unreadable", N_("can't be read: the disk may be broken")},
};

const char *choose_reason(enum choose_verdict verdict)
{
	return _(verdicts[verdict].reason);
}

/* Lets udev end with the disks that the kernel found; without udev there is nothing to wait for. */
static void settle(void)
{
	const struct proc_options options = {.timeout_us = SETTLE_TIMEOUT_US};
	cleanup_proc_result struct proc_result result = {0};
	struct err err = ERR_INIT;

	if (proc_run((const char *const[]){"udevadm", "settle", "--timeout=20", NULL}, &options,
		    &result, &err) < 0)
		log_debug("%s", err.text);
}

/* Where the disks are looked for: in folders of a test, or on this PC. */
static int list_all(const char *facts, struct hw_disk_list *ret, struct err *err)
{
	cleanup_free char *sysfs = str_printf("%s/sys", facts ? facts : "");
	cleanup_free char *udev = str_printf("%s/run/udev/data", facts ? facts : "");
	cleanup_free char *dev = str_printf("%s/dev", facts ? facts : "");
	const struct hw_disk_paths paths = {.sysfs = sysfs, .udev_data = udev, .dev = dev};

	if (!sysfs || !udev || !dev)
		return err_oom(err);
	return hw_disk_list(&paths, ret, err);
}

static int look(const char *only, const struct choose_rules *rules, struct hw_disk_list *ret,
	struct err *err)
{
	struct hw_disk_list list = {0};
	int r;

	if (only) {
		list.disks = calloc(1, sizeof(*list.disks));
		list.count = 1;
		r = list.disks ? hw_disk_read_node(NULL, only, list.disks, err) : err_oom(err);
	} else {
		settle();
		r = list_all(rules->facts, &list, err);
	}
	if (r < 0) {
		hw_disk_list_done(&list);
		return r;
	}
	*ret = list;
	return 0;
}

int choose_list(const char *only, const struct choose_rules *rules, struct hw_disk_list *ret,
	struct err *err)
{
	int r = look(only, rules, ret, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ret->count; i++) {
		struct err unreadable = ERR_INIT;

		if (hw_disk_probe(&ret->disks[i], &unreadable) < 0)
			log_warning("%s", unreadable.text);
	}
	return 0;
}

/* What smartctl says of a disk; its exit status says more than "it ran", so the JSON decides. */
static int ask_disk(const struct hw_disk *disk, const char *facts, char **ret_text,
	size_t *ret_size, struct err *err)
{
	const struct proc_options options = {
		.output_max = HW_SMART_TEXT_MAX, .timeout_us = SMART_TIMEOUT_US};
	cleanup_proc_result struct proc_result result = {0};
	cleanup_free char *kept = NULL;
	int r;

	if (facts) {
		kept = str_printf("%s/smart/%s.json", facts, disk->name);
		return kept ? file_read(AT_FDCWD, kept, HW_SMART_TEXT_MAX, ret_text, ret_size, err)
			    : err_oom(err);
	}
	r = proc_run((const char *const[]){"smartctl", "--json=c", "--all", disk->path, NULL},
		&options, &result, err);
	if (r < 0)
		return r;
	*ret_text = TAKE(result.output);
	*ret_size = result.output_size;
	return 0;
}

/* Asks the disk how it is; unknown without smartctl, or for a disk that has no say. */
static enum hw_smart_verdict health_of(const struct hw_disk *disk, const char *facts)
{
	cleanup_free char *text = NULL;
	struct hw_smart smart;
	struct err err = ERR_INIT;
	size_t size = 0;

	if (!facts && (str_equal(disk->transport, "loop") || str_equal(disk->transport, "virtio")))
		return HW_SMART_UNKNOWN;
	if (ask_disk(disk, facts, &text, &size, &err) < 0 ||
		hw_smart_parse(text, size, &smart, &err) < 0)
		return HW_SMART_UNKNOWN;
	return smart.verdict;
}

void choose_survey(const char *only, const struct choose_rules *rules, struct fit *fit)
{
	cleanup_hw_disk_list struct hw_disk_list disks = {0};
	struct err err = ERR_INIT;

	if (look(only, rules, &disks, &err) < 0)
		log_warning("%s", err.text);
	for (size_t i = 0; i < disks.count; i++) {
		/* Not probed, so what nothing else is against is unreadable yet. */
		enum choose_verdict verdict = choose_judge(&disks.disks[i], rules);

		if (verdict != CHOOSE_IS_SOURCE)
			fit_add_disk(fit, &disks.disks[i], verdict == CHOOSE_UNREADABLE,
				health_of(&disks.disks[i], rules->facts));
	}
}

static const char *health_text(enum hw_smart_verdict verdict)
{
	switch (verdict) {
	case HW_SMART_UNKNOWN:
		return "";
	case HW_SMART_PASSED:
		return _("health: good\n");
	case HW_SMART_FAILED:
		return _("health: FAILING. Do not use this disk.\n");
	}
	return "";
}

void choose_offer(struct page *page, const struct hw_disk *disk, const struct choose_rules *rules)
{
	const enum choose_verdict verdict = choose_judge(disk, rules);
	cleanup_free char *serial = NULL;
	char size[24], node[80];

	hw_disk_size_format(disk->size_bytes, size);
	snprintf(node, sizeof(node), "/dev/%s", disk->name);
	if (disk->serial[0])
		serial = str_printf(_("serial number: %s\n"), disk->serial);
	page_offer(page, !choose_is_usable(verdict), "%-12s %-8s %-5s %s\n%s%s%s%s%s", node, size,
		disk->transport, disk->model[0] ? disk->model : "?", serial ? serial : "",
		health_text(health_of(disk, rules->facts)), choose_reason(verdict),
		disk->summary[0] ? ": " : "", disk->summary);
}

int choose_json(const struct hw_disk_list *list, const struct choose_rules *rules, char **ret_text,
	struct err *err)
{
	cleanup_json struct json *root = json_object_new();
	struct json *disks = json_set_array(root, "disks");

	json_set_text(root, "schema", "nexus.disks/1");
	json_set_integer(root, "bytes_needed", (int64_t)rules->bytes_needed);
	for (size_t i = 0; i < list->count; i++) {
		const struct hw_disk *d = &list->disks[i];
		enum choose_verdict verdict = choose_judge(d, rules);
		struct json *o = json_add_object(disks);

		json_set_text(o, "path", d->path);
		json_set_text(o, "model", d->model);
		json_set_text(o, "serial", d->serial);
		json_set_integer(o, "size_bytes", (int64_t)d->size_bytes);
		json_set_text(o, "transport", d->transport);
		json_set_bool(o, "removable", d->removable);
		json_set_bool(o, "rotational", d->rotational);
		json_set_text(o, "content", d->summary);
		json_set_text(o, "verdict", verdicts[verdict].name);
		json_set_bool(o, "usable", choose_is_usable(verdict));
	}
	return json_finish(root, ret_text, err);
}

static bool is_internal(const struct hw_disk *disk)
{
	return !disk->removable && !str_equal(disk->transport, "usb") &&
	       !str_equal(disk->transport, "loop");
}

/* No disk will do: the nearest reason is the one that helps. */
static int refuse_all(
	const struct hw_disk_list *list, const struct choose_rules *rules, struct err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct hw_disk *d = &list->disks[i];

		if (is_internal(d) && choose_judge(d, rules) == CHOOSE_TOO_SMALL)
			return err_set(err, ERR_SPACE, ENOSPC,
				"choose disk: %s is too small: it has %llu bytes, %llu are needed",
				d->path, (unsigned long long)d->size_bytes,
				(unsigned long long)rules->bytes_needed);
	}
	return err_set(
		err, ERR_NOT_FOUND, ENOENT, "choose disk: no internal disk that can be used");
}

int choose_auto(const struct hw_disk_list *list, const struct choose_rules *rules, size_t *ret,
	struct err *err)
{
	size_t found = 0, at = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct hw_disk *d = &list->disks[i];

		if (!is_internal(d) || !choose_is_usable(choose_judge(d, rules)))
			continue;
		at = i;
		found++;
	}
	if (found == 0)
		return refuse_all(list, rules, err);
	if (found > 1)
		return err_set(err, ERR_CONFIG, EEXIST,
			"choose disk: %zu internal disks could be meant; name one", found);
	*ret = at;
	return 0;
}
