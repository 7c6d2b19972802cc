#include "provision/disk/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/proc.h"
#include "base/str.h"
#include "hw/grubenv.h"
#include "json/json.h"

#define OPEN_TRIES 50
#define OPEN_WAIT_MS 200
#define TOOL_TIMEOUT_US (120ull * 1000 * 1000)
#define TABLE_BYTES (1u << 20) /* at either end of the disk: partition tables */
#define FILE_MAX (64u << 10)
#define SECTOR 512u
#define MBR_ACTIVE 446u /* the first entry's flag */
#define MACHINE_ID "var/lib/nexus-identity/machine-id"
#define IDENTITY "var/lib/nexus-agent/identity.json"

int target_open(const struct hw_disk *disk, const struct layout *layout, struct target *ret,
	struct err *err)
{
	cleanup_target struct target target = TARGET_INIT;
	int r;

	if (disk->read_only)
		return err_set(
			err, ERR_DENIED, EROFS, "open %s: the disk is write-protected", disk->path);
	if (disk->sector_bytes != SECTOR)
		return err_set(err, ERR_CONFIG, ENOTSUP,
			"open %s: sectors of %u bytes; only disks with 512 are supported",
			disk->path, disk->sector_bytes);
	target.disk = *disk;
	target.layout = *layout;
	r = layout_fit(&target.layout, disk->size_bytes, err);
	if (r < 0)
		return err_wrap(err, "%s", disk->path);
	for (int i = 0; i < OPEN_TRIES && target.fd < 0; i++) {
		target.fd = open(disk->path, O_RDWR | O_DIRECT | O_EXCL | O_CLOEXEC);
		if (target.fd < 0 && errno != EBUSY)
			return err_errno(err, errno, "open %s", disk->path);
		if (target.fd < 0)
			poll(NULL, 0, OPEN_WAIT_MS);
	}
	if (target.fd < 0)
		return err_set(
			err, ERR_LOCKED, EBUSY, "open %s: something on it is in use", disk->path);
	*ret = target;
	target.fd = -1;
	return 0;
}

void target_done(struct target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	*target = TARGET_INIT;
}

struct copy_place target_place(const struct target *target, const char *part)
{
	const struct layout_part *p = layout_find(&target->layout, part);

	return (struct copy_place){
		.fd = target->fd, .offset = p->start * SECTOR, .name = target->disk.path};
}

int target_flush(struct target *target, struct err *err)
{
	if (fsync(target->fd) < 0)
		return err_errno(err, errno, "write out %s", target->disk.path);
	return 0;
}

int target_data(struct target *target, bool read_only, struct volume *ret, struct err *err)
{
	const struct layout_part *data = layout_find(&target->layout, HW_DISK_DATA_NAME);

	return volume_attach(
		target->fd, data->start * SECTOR, data->size * SECTOR, read_only, ret, err);
}

/* A text file below dir; "" when it is missing or no text for a terminal. */
static char *text_of(const char *dir, const char *name)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	struct err err = ERR_INIT;
	char *text = NULL;

	if (!path || file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, &err) < 0)
		return NULL;
	return text;
}

static void copy_text(char *out, size_t room, const char *text)
{
	snprintf(out, room, "%s", text ? text : "");
	str_sanitize(out);
}

static void machine_id_set(char out[33], const char *text)
{
	uint8_t id[16];

	out[0] = '\0';
	if (strlen(text) == 32 && hex_parse(text, id, sizeof(id)))
		snprintf(out, 33, "%s", text);
}

static void box_read(const char *dir, struct target_box *ret)
{
	cleanup_free char *identity = text_of(dir, IDENTITY);
	cleanup_free char *machine = text_of(dir, MACHINE_ID);
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;

	if (machine)
		machine_id_set(ret->machine_id, str_strip(machine));
	if (!identity || json_parse(identity, strlen(identity), FILE_MAX, &json, &err) < 0)
		return;
	copy_text(ret->box_id, sizeof(ret->box_id), json_get_text(json, "box_id"));
	copy_text(ret->name, sizeof(ret->name), json_get_text(json, "name"));
}

/* The boot state knows the machine id too; the data partition's word counts if both have one. */
static void machine_id_from_boot(struct target *target, struct target_box *box)
{
	struct copy_place place = target_place(target, "nexus-bootstate");
	cleanup_copy struct copy copy = {0};
	char block[HW_GRUBENV_SIZE];
	struct hw_grubenv env;
	struct err err = ERR_INIT;

	if (box->machine_id[0] || copy_init(&copy, NULL, &err) < 0)
		return;
	place.offset += SOURCE_BOOTSTATE_OFFSET;
	if (copy_read(&copy, place, block, sizeof(block), &err) >= 0 &&
		hw_grubenv_parse(block, &env, &err) >= 0)
		machine_id_set(box->machine_id, hw_grubenv_get(&env, "MACHINE_ID"));
}

static int sector0_read(
	struct target *target, struct copy *copy, uint8_t block[COPY_BLOCK], struct err *err)
{
	struct copy_place start = {.fd = target->fd, .name = target->disk.path};

	return copy_read(copy, start, block, COPY_BLOCK, err);
}

/* True if both of what BIOS and UEFI look for are there. */
static int is_bootable(struct target *target, bool *ret, struct err *err)
{
	static const uint8_t nothing[SOURCE_BOOT_CODE];
	cleanup_copy struct copy copy = {0};
	uint8_t start[COPY_BLOCK], esp[COPY_BLOCK];
	int r;

	r = copy_init(&copy, NULL, err);
	if (r >= 0)
		r = sector0_read(target, &copy, start, err);
	if (r >= 0)
		r = copy_read(&copy, target_place(target, "nexus-esp"), esp, sizeof(esp), err);
	if (r >= 0)
		*ret = memcmp(start, nothing, SOURCE_BOOT_CODE) != 0 &&
		       memcmp(esp, nothing, SOURCE_BOOT_CODE) != 0;
	return r;
}

int target_examine(struct target *target, const char *run_dir, enum target_state *ret_state,
	struct target_box *ret_box, struct err *err)
{
	cleanup_volume struct volume volume = VOLUME_INIT;
	cleanup_free char *dir = str_printf("%s/data", run_dir);
	struct target_box box = {0};
	struct err unreadable = ERR_INIT;
	int r;

	if (!dir)
		return err_oom(err);
	*ret_box = box;
	switch (target->disk.content) {
	case HW_DISK_BLANK:
		*ret_state = TARGET_BLANK;
		return 0;
	case HW_DISK_NOT_PROBED:
	case HW_DISK_OTHER:
		*ret_state = TARGET_OTHER;
		return 0;
	case HW_DISK_NEXUS:
		break;
	}
	if (hw_table_find(&target->disk.table, HW_DISK_UNFINISHED_NAME)) {
		*ret_state = TARGET_UNFINISHED;
		return 0;
	}
	*ret_state = TARGET_BOX;
	r = is_bootable(target, &box.bootable, err);
	if (r < 0)
		return r;
	if (!layout_matches(&target->layout, &target->disk.table)) {
		err_set(&unreadable, ERR_CORRUPT, EUCLEAN,
			"its partitions are not where those of a box are");
		/* noload: the journal is not replayed, so nothing is written. */
	} else if (target_data(target, true, &volume, &unreadable) >= 0 &&
		   volume_mount(&volume, "ext4", dir, MS_RDONLY | MS_NOSUID | MS_NODEV, "noload",
			   &unreadable) >= 0) {
		box.readable = true;
		box_read(dir, &box);
		machine_id_from_boot(target, &box);
	}
	snprintf(box.unreadable, sizeof(box.unreadable), "%.199s", unreadable.text);
	*ret_box = box;
	return 0;
}

static int sector0_write(
	struct target *target, struct copy *copy, const uint8_t block[COPY_BLOCK], struct err *err)
{
	struct copy_place start = {.fd = target->fd, .name = target->disk.path};
	int r;

	r = copy_write(copy, start, block, COPY_BLOCK, err);
	if (r >= 0)
		r = target_flush(target, err);
	if (r >= 0)
		r = copy_compare(copy, start, block, COPY_BLOCK, err);
	return r;
}

int target_invalidate(struct target *target, struct copy *copy, bool whole, struct err *err)
{
	struct copy_place start = {.fd = target->fd, .name = target->disk.path}, end = start;
	uint8_t block[COPY_BLOCK];
	int r;

	r = sector0_read(target, copy, block, err);
	if (r < 0)
		return r;
	memset(block, 0, SOURCE_BOOT_CODE);
	block[MBR_ACTIVE] = 0;
	r = sector0_write(target, copy, block, err);
	if (r >= 0)
		r = copy_zero(copy, target_place(target, "nexus-esp"), SOURCE_ESP_HEAD, err);
	if (r >= 0)
		r = target_flush(target, err);
	if (r < 0 || !whole)
		return r;
	r = copy_zero(copy, start, TABLE_BYTES, err);
	end.offset = (target->disk.size_bytes - TABLE_BYTES) / COPY_BLOCK * COPY_BLOCK;
	/* An odd count of sectors at the end is zeroed by the second table that sfdisk writes. */
	if (r >= 0)
		r = copy_zero(copy, end, TABLE_BYTES, err);
	if (r >= 0)
		r = copy_zero(copy, target_place(target, "nexus-bios"), TABLE_BYTES, err);
	if (r >= 0)
		r = target_flush(target, err);
	return r;
}

static int table_check(struct target *target, struct err *err)
{
	struct hw_table table;
	int r;

	r = hw_table_read(target->disk.path, &table, err);
	if (r < 0)
		return r;
	if (!layout_matches(&target->layout, &table))
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"check partition table of %s: it is not what was written",
			target->disk.path);
	target->disk.table = table;
	return 0;
}

int target_partition(struct target *target, struct err *err)
{
	cleanup_free char *script = layout_script(&target->layout, HW_DISK_UNFINISHED_NAME);
	int r;

	if (!script)
		return err_oom(err);
	r = proc_run_ok(
		(const char *const[]){"sfdisk", "--quiet", "--no-reread", "--no-tell-kernel",
			"--wipe=always", "--wipe-partitions=always", target->disk.path, NULL},
		&(struct proc_options){.input = script,
			.input_size = strlen(script),
			.timeout_us = TOOL_TIMEOUT_US},
		NULL, err);
	if (r >= 0)
		r = target_flush(target, err);
	if (r >= 0)
		r = table_check(target, err);
	if (r < 0)
		return err_wrap(err, "partition %s", target->disk.path);
	return 0;
}

int target_name_data(struct target *target, struct err *err)
{
	char number[8];
	int r;

	snprintf(number, sizeof(number), "%d", LAYOUT_PARTS);
	r = proc_run_ok(
		(const char *const[]){"sfdisk", "--quiet", "--no-reread", "--no-tell-kernel",
			"--part-label", target->disk.path, number, HW_DISK_DATA_NAME, NULL},
		&(struct proc_options){.timeout_us = TOOL_TIMEOUT_US}, NULL, err);
	if (r >= 0)
		r = target_flush(target, err);
	if (r >= 0)
		r = table_check(target, err);
	if (r < 0)
		return err_wrap(err, "name data partition of %s", target->disk.path);
	return 0;
}

int target_finish(struct target *target, struct copy *copy, const uint8_t *esp_head,
	const uint8_t boot_code[SOURCE_BOOT_CODE], struct err *err)
{
	struct copy_place esp = target_place(target, "nexus-esp");
	uint8_t block[COPY_BLOCK];
	int r;

	r = target_flush(target, err);
	if (r >= 0)
		r = copy_write(copy, esp, esp_head, SOURCE_ESP_HEAD, err);
	if (r >= 0)
		r = target_flush(target, err);
	if (r >= 0)
		r = copy_compare(copy, esp, esp_head, SOURCE_ESP_HEAD, err);
	if (r >= 0)
		r = sector0_read(target, copy, block, err);
	if (r < 0)
		return r;
	memcpy(block, boot_code, SOURCE_BOOT_CODE);
	/* Some BIOSes boot nothing without an active entry, the protective one or not. */
	block[MBR_ACTIVE] = 0x80;
	return sector0_write(target, copy, block, err);
}

void target_announce(struct target *target)
{
	(void)ioctl(target->fd, BLKFLSBUF, 0);
	(void)ioctl(target->fd, BLKRRPART, 0);
}
