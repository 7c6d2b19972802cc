#include "hw/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/proc.h"
#include "base/str.h"

#define UDEV_MAX (64u << 10)
#define PROBE_TIMEOUT_US (60ull * 1000 * 1000)
#define SUMMARY_PARTS 8u
#define SAMPLE_ENDS (1u << 20) /* bytes looked at, at the start and at the end */
#define SAMPLE_SIZE 4096u
#define SAMPLE_COUNT 64u

static const struct hw_disk_paths paths_system = {"/sys", "/run/udev/data", "/dev"};

static uint64_t attribute_number(const char *dir, const char *name, uint64_t fallback)
{
	char text[32];
	struct err err = ERR_INIT;
	uint64_t value;

	file_read_line(dir, name, text, sizeof(text));
	return parse_u64(text, 0, UINT64_MAX, &value, &err) < 0 ? fallback : value;
}

/* A property of udev's data file: lines of "E:NAME=value". */
static void udev_property(const char *data, const char *name, char *out, size_t room)
{
	cleanup_free char *wanted = str_printf("E:%s=", name);

	for (const char *line = data; wanted && line && *line;) {
		const char *value = str_after(line, wanted), *end = strchr(line, '\n');
		size_t n = end ? (size_t)(end - line) : strlen(line);

		if (value) {
			n -= (size_t)(value - line);
			snprintf(out, room, "%.*s", (int)(n < room ? n : room - 1), value);
			str_sanitize(out);
			return;
		}
		line = end ? end + 1 : NULL;
	}
}

static void transport_of(const char *dir, struct hw_disk *disk)
{
	static const struct {
		const char *part, *name;
	} marks[] = {
		{"/usb", "usb"},
		{"/nvme", "nvme"},
		{"/ata", "sata"},
		{"/mmc_host/", "mmc"},
		{"/virtio", "virtio"},
		{"/virtual/block/loop", "loop"},
		{"/host", "scsi"},
	};
	cleanup_free char *real = realpath(dir, NULL);

	for (size_t i = 0; real && i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strstr(real, marks[i].part)) {
			snprintf(disk->transport, sizeof(disk->transport), "%s", marks[i].name);
			return;
		}
	}
}

/* udev knows the whole model and the serial number of an ATA disk; sysfs knows the rest. */
static void identity_of(const struct hw_disk_paths *paths, const char *dir, struct hw_disk *disk)
{
	cleanup_free char *file =
		str_printf("%s/b%u:%u", paths->udev_data, major(disk->device), minor(disk->device));
	cleanup_free char *data = NULL;
	struct err err = ERR_INIT;

	if (file && file_read(AT_FDCWD, file, UDEV_MAX, &data, NULL, &err) >= 0) {
		udev_property(data, "ID_MODEL", disk->model, sizeof(disk->model));
		udev_property(data, "ID_SERIAL_SHORT", disk->serial, sizeof(disk->serial));
		for (char *c = disk->model; *c; c++)
			if (*c == '_')
				*c = ' ';
	}
	if (!disk->model[0])
		file_read_line(dir, "device/model", disk->model, sizeof(disk->model));
	if (!disk->model[0])
		file_read_line(dir, "device/name", disk->model, sizeof(disk->model));
	if (!disk->serial[0])
		file_read_line(dir, "device/serial", disk->serial, sizeof(disk->serial));
	if (!disk->serial[0])
		file_read_line(dir, "serial", disk->serial, sizeof(disk->serial));
}

int hw_disk_read(
	const struct hw_disk_paths *paths, const char *name, struct hw_disk *ret, struct err *err)
{
	const struct hw_disk_paths *p = paths ? paths : &paths_system;
	cleanup_free char *dir = str_printf("%s/block/%s", p->sysfs, name);
	struct hw_disk disk = {0};
	char number[32], *colon;

	if (!dir)
		return err_oom(err);
	if (strlen(name) >= sizeof(disk.name) || strchr(name, '/') || access(dir, F_OK) < 0)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "find disk %.64s: no such disk", name);
	snprintf(disk.name, sizeof(disk.name), "%s", name);
	snprintf(disk.path, sizeof(disk.path), "%s/%.64s", p->dev, name);
	file_read_line(dir, "dev", number, sizeof(number));
	colon = strchr(number, ':');
	if (colon)
		disk.device = makedev((unsigned)strtoul(number, NULL, 10),
			(unsigned)strtoul(colon + 1, NULL, 10));
	disk.size_bytes = attribute_number(dir, "size", 0) * 512;
	disk.sector_bytes = (uint32_t)attribute_number(dir, "queue/logical_block_size", 512);
	disk.removable = attribute_number(dir, "removable", 0) == 1;
	disk.rotational = attribute_number(dir, "queue/rotational", 0) == 1;
	disk.read_only = attribute_number(dir, "ro", 0) == 1;
	transport_of(dir, &disk);
	identity_of(p, dir, &disk);
	*ret = disk;
	return 0;
}

int hw_disk_read_node(
	const struct hw_disk_paths *paths, const char *node, struct hw_disk *ret, struct err *err)
{
	const struct hw_disk_paths *p = paths ? paths : &paths_system;
	cleanup_free char *link = NULL, *real = NULL;
	struct stat st;
	const char *name;

	if (stat(node, &st) < 0)
		return err_errno(err, errno, "find disk %.128s", node);
	if (!S_ISBLK(st.st_mode))
		return err_set(err, ERR_CONFIG, ENOTBLK, "find disk %.128s: not a disk", node);
	link = str_printf("%s/dev/block/%u:%u", p->sysfs, major(st.st_rdev), minor(st.st_rdev));
	if (!link)
		return err_oom(err);
	real = realpath(link, NULL);
	if (!real)
		return err_errno(err, errno, "find disk %.128s", node);
	name = strrchr(real, '/') + 1;
	if (hw_disk_read(paths, name, ret, err) < 0)
		return err_set(err, ERR_CONFIG, ENOTBLK,
			"find disk %.128s: it is a part of a disk, not a whole one", node);
	return 0;
}

static bool name_is_candidate(const char *name)
{
	static const char *const others[] = {
		"loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd", "zd", "mtdblock"};

	if (name[0] == '.' || strstr(name, "boot") || strstr(name, "rpmb"))
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_after(name, others[i]))
			return false;
	return true;
}

static int candidate(const struct dirent *entry)
{
	return name_is_candidate(entry->d_name);
}

int hw_disk_list(const struct hw_disk_paths *paths, struct hw_disk_list *ret, struct err *err)
{
	const struct hw_disk_paths *p = paths ? paths : &paths_system;
	cleanup_free char *dir = str_printf("%s/block", p->sysfs);
	struct hw_disk *disks = calloc(HW_DISK_MAX, sizeof(*disks));
	struct dirent **names = NULL;
	size_t count = 0;
	int n;

	if (!dir || !disks) {
		free(disks);
		return err_oom(err);
	}
	n = scandir(dir, &names, candidate, versionsort);
	if (n < 0) {
		free(disks);
		return err_errno(err, errno, "list disks in %s", dir);
	}
	for (int i = 0; i < n; i++) {
		struct err ignored = ERR_INIT;

		if (count < HW_DISK_MAX &&
			hw_disk_read(p, names[i]->d_name, &disks[count], &ignored) >= 0 &&
			disks[count].size_bytes > 0)
			count++;
		free(names[i]);
	}
	free(names);
	*ret = (struct hw_disk_list){.disks = disks, .count = count};
	return 0;
}

void hw_disk_list_done(struct hw_disk_list *list)
{
	free(list->disks);
	*list = (struct hw_disk_list){0};
}

void hw_disk_size_format(uint64_t bytes, char ret_text[24])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes / 1000;
	size_t i = 0;

	while (value >= 999.5 && i + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		i++;
	}
	snprintf(ret_text, 24, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[i]);
}

bool hw_disk_table_is_nexus(const struct hw_table *table)
{
	static const char *const names[] = {"nexus-bios", "nexus-esp", "nexus-bootstate",
		"nexus-kernel-a", "nexus-root-a", "nexus-kernel-b", "nexus-root-b"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!hw_table_find(table, names[i]))
			return false;
	return hw_table_find(table, HW_DISK_DATA_NAME) ||
	       hw_table_find(table, HW_DISK_UNFINISHED_NAME);
}

/* The value of NAME=value in blkid's export output; "" without one. */
static void export_value(const char *output, const char *name, char *out, size_t room)
{
	*out = '\0';
	for (const char *line = output; line && *line;) {
		const char *value = str_after(line, name), *end = strchr(line, '\n');

		if (value && *value == '=') {
			size_t n = end ? (size_t)(end - ++value) : strlen(++value);

			snprintf(out, room, "%.*s", (int)(n < room ? n : room - 1), value);
			str_sanitize(out);
			return;
		}
		line = end ? end + 1 : NULL;
	}
}

/* Adds "ntfs \"Windows\"" for what blkid finds in size_bytes at offset; size 0: the whole. */
static int summary_add(struct hw_disk *disk, uint64_t offset, uint64_t size_bytes, struct err *err)
{
	cleanup_proc_result struct proc_result probe = {0};
	char at[24], length[24], type[32], label[40];
	const char *const whole[] = {"blkid", "-p", "-o", "export", disk->path, NULL};
	const char *const part[] = {
		"blkid", "-p", "-o", "export", "-O", at, "-S", length, disk->path, NULL};
	size_t used = strlen(disk->summary);
	int r;

	snprintf(at, sizeof(at), "%llu", (unsigned long long)offset);
	snprintf(length, sizeof(length), "%llu", (unsigned long long)size_bytes);
	r = proc_run(size_bytes ? part : whole,
		&(struct proc_options){.timeout_us = PROBE_TIMEOUT_US}, &probe, err);
	if (r < 0)
		return r;
	export_value(probe.output, "TYPE", type, sizeof(type));
	export_value(probe.output, "LABEL", label, sizeof(label));
	if (probe.status == 8)
		snprintf(type, sizeof(type), "?");
	if (!type[0] || used + 2 >= sizeof(disk->summary))
		return 0;
	snprintf(disk->summary + used, sizeof(disk->summary) - used, "%s%s%s%s%s", used ? ", " : "",
		type, label[0] ? " \"" : "", label, label[0] ? "\"" : "");
	str_sanitize(disk->summary);
	return 0;
}

static bool uniform(const uint8_t *data, size_t size)
{
	if (data[0] != 0x00 && data[0] != 0xff)
		return false;
	return memcmp(data, data + 1, size - 1) == 0;
}

/* An encrypted disk has no header that a tool knows; its samples tell that it is not blank. */
static int samples_are_blank(const struct hw_disk *disk, bool *ret, struct err *err)
{
	cleanup_close int fd = open(disk->path, O_RDONLY | O_CLOEXEC);
	cleanup_free uint8_t *data = malloc(SAMPLE_ENDS);
	uint64_t last = disk->size_bytes > SAMPLE_ENDS ? disk->size_bytes - SAMPLE_ENDS : 0;
	size_t ends = disk->size_bytes < SAMPLE_ENDS ? (size_t)disk->size_bytes : SAMPLE_ENDS;
	bool blank;
	int r;

	if (!data)
		return err_oom(err);
	if (fd < 0)
		return err_errno(err, errno, "open %s", disk->path);
	r = file_pread_full(fd, data, ends, 0, disk->path, err);
	blank = r >= 0 && uniform(data, ends);
	if (blank) {
		r = file_pread_full(fd, data, ends, last, disk->path, err);
		blank = r >= 0 && uniform(data, ends);
	}
	for (unsigned i = 1; blank && i < SAMPLE_COUNT && last > SAMPLE_SIZE; i++) {
		uint64_t at = last / SAMPLE_COUNT * i / SAMPLE_SIZE * SAMPLE_SIZE;

		r = file_pread_full(fd, data, SAMPLE_SIZE, at, disk->path, err);
		blank = r >= 0 && uniform(data, SAMPLE_SIZE);
	}
	if (r < 0)
		return r;
	*ret = blank;
	return 0;
}

int hw_disk_probe(struct hw_disk *disk, struct err *err)
{
	struct hw_disk probed = *disk;
	bool blank = false;
	int r;

	/* A card reader without a card, or a disk that was pulled out since it was listed. */
	if (disk->size_bytes < HW_TABLE_SECTOR)
		return err_set(
			err, ERR_SYSTEM, ENOMEDIUM, "read %s: there is no disk in it", disk->path);
	probed.summary[0] = '\0';
	r = hw_table_read(disk->path, &probed.table, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < probed.table.count && i < SUMMARY_PARTS && r >= 0; i++)
		r = summary_add(&probed, probed.table.parts[i].start * HW_TABLE_SECTOR,
			probed.table.parts[i].size * HW_TABLE_SECTOR, err);
	if (r >= 0 && !probed.table.label[0])
		r = summary_add(&probed, 0, 0, err);
	if (r >= 0 && !probed.table.label[0] && !probed.summary[0])
		r = samples_are_blank(&probed, &blank, err);
	if (r < 0)
		return r;
	if (hw_disk_table_is_nexus(&probed.table))
		probed.content = HW_DISK_NEXUS;
	else
		probed.content = blank ? HW_DISK_BLANK : HW_DISK_OTHER;
	if (!blank && !probed.summary[0])
		snprintf(probed.summary, sizeof(probed.summary), "%s",
			probed.table.label[0] ? probed.table.label : "?");
	*disk = probed;
	return 0;
}
