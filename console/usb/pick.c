#include "console/usb/pick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"

bool pick_is_portable(const struct hw_disk *disk)
{
	return disk->removable || str_equal(disk->transport, "usb");
}

bool pick_is_usable(enum pick_verdict verdict)
{
	return verdict == PICK_BLANK || verdict == PICK_FULL;
}

bool pick_needs_word(const struct pick *pick)
{
	return pick->verdict != PICK_BLANK || !pick_is_portable(&pick->disk);
}

enum pick_verdict pick_judge(
	const struct hw_disk *disk, const struct hw_use *use, uint64_t bytes_needed)
{
	if (use->kind != HW_USE_NONE)
		return PICK_IN_USE;
	if (disk->read_only)
		return PICK_READ_ONLY;
	if (disk->sector_bytes != HW_TABLE_SECTOR)
		return PICK_BAD_SECTORS;
	if (disk->size_bytes < bytes_needed)
		return PICK_TOO_SMALL;
	switch (disk->content) {
	case HW_DISK_BLANK:
		return PICK_BLANK;
	case HW_DISK_NEXUS:
	case HW_DISK_OTHER:
		return PICK_FULL;
	case HW_DISK_NOT_PROBED:
		break;
	}
	return PICK_UNREADABLE;
}

const char *pick_name(enum pick_verdict verdict)
{
	static const char *const names[] = {
		[PICK_BLANK] = "blank",
		[PICK_FULL] = "full",
		[PICK_IN_USE] = "in-use",
		[PICK_READ_ONLY] = "read-only",
		[PICK_BAD_SECTORS] = "bad-sectors",
		[PICK_TOO_SMALL] = "too-small",
		[PICK_UNREADABLE] = "unreadable",
	};

	return names[verdict];
}

static char *use_sentence(const struct hw_use *use)
{
	switch (use->kind) {
	case HW_USE_MOUNTED:
		return str_printf(_("in use: mounted on %s"), use->where);
	case HW_USE_SWAP:
		return str_printf(_("in use: swap space of this computer"));
	case HW_USE_HELD:
		return str_printf(_("in use: %s stands upon it"), use->where);
	case HW_USE_NONE:
		break;
	}
	return strdup("");
}

char *pick_sentence(const struct pick *pick)
{
	switch (pick->verdict) {
	case PICK_BLANK:
		return strdup(_("blank"));
	case PICK_FULL:
		return pick->disk.summary[0] ? str_printf(_("not blank: %s"), pick->disk.summary)
					     : strdup(_("not blank"));
	case PICK_IN_USE:
		return use_sentence(&pick->use);
	case PICK_READ_ONLY:
		return strdup(_("write-protected"));
	case PICK_BAD_SECTORS:
		return strdup(_("sectors of 4096 bytes are not supported"));
	case PICK_TOO_SMALL:
		return strdup(_("too small"));
	case PICK_UNREADABLE:
		break;
	}
	return strdup(_("can't be read: the disk may be broken"));
}

static int refuse_use(const struct pick *pick, struct err *err)
{
	static const char *const texts[] = {
		[HW_USE_NONE] = "it is in use",
		[HW_USE_MOUNTED] = "it is mounted on",
		[HW_USE_SWAP] = "this computer swaps to",
		[HW_USE_HELD] = "upon it stands",
	};

	return err_set(err, ERR_LOCKED, EBUSY, "write %s: %s %s", pick->disk.path,
		texts[pick->use.kind], pick->use.where);
}

int pick_refuse(const struct pick *pick, uint64_t bytes_needed, struct err *err)
{
	const char *path = pick->disk.path;

	switch (pick->verdict) {
	case PICK_BLANK:
	case PICK_FULL:
		return 0;
	case PICK_IN_USE:
		return refuse_use(pick, err);
	case PICK_READ_ONLY:
		return err_set(err, ERR_DENIED, EROFS, "write %s: it is write-protected", path);
	case PICK_BAD_SECTORS:
		return err_set(err, ERR_CONFIG, ENOTSUP,
			"write %s: sectors of %u bytes; only 512 are supported", path,
			pick->disk.sector_bytes);
	case PICK_TOO_SMALL:
		return err_set(err, ERR_SPACE, ENOSPC,
			"write %s: it has %llu bytes, the image needs %llu", path,
			(unsigned long long)pick->disk.size_bytes,
			(unsigned long long)bytes_needed);
	case PICK_UNREADABLE:
		break;
	}
	return err_set(err, ERR_SYSTEM, EIO, "write %s: what is on it can't be read", path);
}

static int judge(struct pick *pick, uint64_t bytes_needed, struct err *err)
{
	int r = hw_use_read(NULL, &pick->disk, &pick->use, err);

	if (r < 0)
		return r;
	r = hw_disk_probe(&pick->disk, err);
	if (r == -EACCES || r == -EPERM)
		return r;
	if (r < 0)
		log_warning("%s", err->text);
	pick->verdict = pick_judge(&pick->disk, &pick->use, bytes_needed);
	return 0;
}

int pick_node(const char *node, uint64_t bytes_needed, struct pick *ret, struct err *err)
{
	struct pick pick = {0};
	int r;

	r = hw_disk_read_node(NULL, node, &pick.disk, err);
	if (r >= 0 && access(pick.disk.path, R_OK) < 0)
		r = err_errno(err, errno, "open %s", pick.disk.path);
	if (r >= 0)
		r = judge(&pick, bytes_needed, err);
	if (r < 0)
		return r;
	*ret = pick;
	return 0;
}

int pick_list(uint64_t bytes_needed, struct pick **ret, size_t *ret_count, struct err *err)
{
	cleanup_hw_disk_list struct hw_disk_list disks = {0};
	cleanup_free struct pick *picks = NULL;
	size_t count = 0;
	int r;

	r = hw_disk_list(NULL, &disks, err);
	if (r < 0)
		return r;
	picks = calloc(disks.count + 1, sizeof(*picks));
	if (!picks)
		return err_oom(err);
	for (size_t i = 0; i < disks.count; i++) {
		struct pick *pick = &picks[count];
		struct err why = ERR_INIT;

		if (!pick_is_portable(&disks.disks[i]))
			continue;
		*pick = (struct pick){.disk = disks.disks[i]};
		if (judge(pick, bytes_needed, &why) < 0) {
			log_warning("%s", why.text);
			pick->verdict = PICK_UNREADABLE;
		}
		count++;
	}
	*ret = TAKE(picks);
	*ret_count = count;
	return 0;
}
