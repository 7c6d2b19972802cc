#include "agent/update/fit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/str.h"

#define SECTOR 512

uint64_t fit_device_size(const char *device)
{
	char target[256], text[32];
	ssize_t n = readlink(device, target, sizeof(target) - 1);
	const char *name = device;
	cleanup_free char *folder = NULL;
	struct err ignored = ERR_INIT;
	uint64_t sectors = 0;
	struct stat st;

	if (n > 0) {
		target[n] = '\0';
		name = target;
	}
	if (!str_after(name, "/dev/"))
		return stat(device, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	folder = str_printf("/sys/class/block/%s", name + strlen("/dev/"));
	if (!folder)
		return 0;
	file_read_line(folder, "size", text, sizeof(text));
	if (parse_u64(text, 0, UINT64_MAX / SECTOR, &sectors, &ignored) < 0)
		return 0;
	return sectors * SECTOR;
}

/* The running slot by RAUC's word is the one of the command line, and there is another. */
static int find_target(const struct fit *fit, char ret_slot[8], struct err *err)
{
	const struct rauc_slot *running = NULL, *target = NULL;

	for (size_t i = 0; i < fit->slot_count; i++) {
		const struct rauc_slot *slot = &fit->slots[i];

		if (*slot->bootname && slot->runs)
			running = slot;
		else if (*slot->bootname)
			target = slot;
	}
	if (!running || !str_equal(running->bootname, fit->slot))
		return err_set(err, ERR_CONFIG, EINVAL, "find slot: system %s runs, RAUC says %s",
			*fit->slot ? fit->slot : "none", running ? running->bootname : "none");
	if (!target)
		return err_set(
			err, ERR_CONFIG, ENOENT, "find slot: there is no other than %s", fit->slot);
	memcpy(ret_slot, target->bootname, sizeof(target->bootname));
	return 0;
}

static int check_size(
	const struct fit *fit, const struct bundle_image *image, bool *ret_known, struct err *err)
{
	for (size_t i = 0; i < fit->slot_count; i++) {
		const struct rauc_slot *slot = &fit->slots[i];
		uint64_t size;

		if (slot->runs || !str_equal(slot->slot_class, image->slot_class))
			continue;
		*ret_known = true;
		size = fit_device_size(slot->device);
		if (size && size < image->size_bytes)
			return err_set(err, ERR_SPACE, ENOSPC,
				"the image for %s has %llu bytes, the slot %llu", slot->name,
				(unsigned long long)image->size_bytes, (unsigned long long)size);
	}
	return 0;
}

enum fit_result fit_judge(
	const struct fit *fit, const struct bundle *bundle, char ret_slot[8], struct err *err)
{
	*ret_slot = '\0';
	if (!str_equal(bundle->compatible, fit->compatible)) {
		err_set(err, ERR_CONFIG, EINVAL, "the bundle is for '%s', this box is '%s'",
			bundle->compatible, fit->compatible);
		return FIT_OTHER_BOX;
	}
	if (!fit->older && bundle_compare_versions(bundle->version, fit->version) < 0) {
		err_set(err, ERR_CONFIG, EINVAL, "the bundle has version '%s', '%s' runs",
			bundle->version, fit->version);
		return FIT_OLDER;
	}
	if (find_target(fit, ret_slot, err) < 0)
		return FIT_NO_SLOT;
	for (size_t i = 0; i < bundle->image_count; i++) {
		bool known = false;

		if (check_size(fit, &bundle->images[i], &known, err) < 0)
			return FIT_TOO_LARGE;
		if (!known) {
			err_set(err, ERR_CONFIG, EINVAL, "the box has no slot for '%s'",
				bundle->images[i].slot_class);
			return FIT_OTHER_BOX;
		}
	}
	return FIT_GOOD;
}
