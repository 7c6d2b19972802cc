#include "provision/install.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "hw/grubenv.h"

#define BOOT_LABEL "Nexus"
#define BOOT_LOADER "\\EFI\\BOOT\\BOOTX64.EFI"
#define EFIBOOTMGR_TIMEOUT_US (60ull * 1000 * 1000)

int64_t install_now_s(const struct install *install)
{
	int64_t now = (int64_t)(clock_realtime_us(install->clock) / 1000000);
	int64_t built = install->source->manifest.build_epoch;

	return now > built ? now : built;
}

/* One step: title, bar, time. run is what it does. */
static int step(struct install *in, const char *name, const char *title, uint64_t bytes,
	int (*run)(struct install *, struct err *), struct err *err)
{
	struct install_step *step;
	double seconds;
	int r;

	screen_bar_begin(in->screen, title, bytes);
	log_info("step %s begins", name);
	r = run(in, err);
	seconds = screen_bar_end(in->screen, r >= 0);
	if (r < 0)
		return r;
	log_info("step %s done in %.2f s, %llu bytes", name, seconds, (unsigned long long)bytes);
	if (in->step_count < INSTALL_STEPS_MAX) {
		step = &in->steps[in->step_count++];
		*step = (struct install_step){.name = name, .seconds = seconds, .bytes = bytes};
	}
	return 0;
}

static int check(struct install *in, struct err *err)
{
	uint64_t room[SOURCE_PIECES];

	layout_room(&in->target->layout, room);
	return source_verify(in->source, room, in->copy, err);
}

int install_check(struct install *in, struct err *err)
{
	return step(
		in, "check", _("Checking the stick"), source_verify_bytes(in->source), check, err);
}

static int prepare(struct install *in, struct err *err)
{
	int r;

	in->touched = true;
	r = target_invalidate(in->target, in->copy, in->known == NULL, err);
	if (r >= 0 && !in->known)
		r = target_partition(in->target, err);
	return r;
}

static int copy_slot(struct install *in, struct err *err)
{
	const struct manifest *m = &in->source->manifest;
	int r;

	r = copy_move(in->copy, source_place(in->source, "nexus-live-kernel"),
		target_place(in->target, "nexus-kernel-a"), m->kernel.size_bytes, err);
	if (r >= 0)
		r = copy_move(in->copy, source_place(in->source, "nexus-live-root"),
			target_place(in->target, "nexus-root-a"), m->root.size_bytes, err);
	if (r >= 0)
		r = target_flush(in->target, err);
	return r;
}

/* What the disk holds must be what the list of contents says; if it is not, whose fault it is
 * decides what the technician should do. */
static int compare_part(struct install *in, const char *from, const char *to,
	const struct manifest_part *part, struct err *err)
{
	struct err stick = ERR_INIT;
	int r;

	r = copy_check(in->copy, target_place(in->target, to), part->size_bytes, part->sha256, err);
	if (r != -EBADMSG)
		return r;
	if (copy_check(in->copy, source_place(in->source, from), part->size_bytes, part->sha256,
		    &stick) < 0)
		return err_wrap(err, "the stick does not read the same twice (%s)", from);
	return err_wrap(err, "the disk did not keep what was written (%s)", to);
}

static int compare_slot(struct install *in, struct err *err)
{
	const struct manifest *m = &in->source->manifest;
	int r;

	r = compare_part(in, "nexus-live-kernel", "nexus-kernel-a", &m->kernel, err);
	if (r >= 0)
		r = compare_part(in, "nexus-live-root", "nexus-root-a", &m->root, err);
	return r;
}

static int data(struct install *in, struct err *err)
{
	if (in->known)
		return box_recall(in->target, in->known, in->run_dir, &in->box, err);
	return box_make(
		in->target, in->source, in->run_dir, in->name, install_now_s(in), &in->box, err);
}

/* What GRUB finds at the first boot: slot A is good, slot B is empty. */
static int bootstate_make(struct install *in, char ret_block[HW_GRUBENV_SIZE], struct err *err)
{
	const struct {
		const char *name, *value;
	} entries[] = {{"MODE", "installed"}, {"ORDER", "A B"}, {"A_OK", "1"}, {"A_TRY", "0"},
		{"B_OK", "0"}, {"B_TRY", "0"}, {"PROVEN", ""}, {"MACHINE_ID", in->box.machine_id}};
	struct hw_grubenv env = {0};
	int r = 0;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]) && r >= 0; i++)
		r = hw_grubenv_set(&env, entries[i].name, entries[i].value, err);
	return r < 0 ? r : hw_grubenv_format(&env, ret_block, err);
}

/* The stick's boot state with the block of an installed disk in it. */
static int bootstate_write(struct install *in, struct err *err)
{
	struct copy_place place = target_place(in->target, "nexus-bootstate");
	size_t size = in->source->bootstate_bytes;
	uint8_t *state = in->source->bootstate;
	int r;

	r = bootstate_make(in, (char *)state + SOURCE_BOOTSTATE_OFFSET, err);
	if (r >= 0)
		r = copy_write(in->copy, place, state, size, err);
	if (r >= 0)
		r = target_flush(in->target, err);
	if (r >= 0)
		r = copy_compare(in->copy, place, state, size, err);
	return r < 0 ? err_wrap(err, "write boot state") : 0;
}

/* All but the start of the ESP, which is for target_finish. */
static int boot_files(struct install *in, struct err *err)
{
	const struct manifest_part *core = &in->source->manifest.bios;
	const uint8_t *rest = in->source->esp + SOURCE_ESP_HEAD;
	size_t rest_bytes = in->source->esp_bytes - SOURCE_ESP_HEAD;
	struct copy_place esp = target_place(in->target, "nexus-esp");
	struct copy_place bios = target_place(in->target, "nexus-bios");
	int r;

	esp.offset += SOURCE_ESP_HEAD;
	r = copy_move(
		in->copy, source_place(in->source, "nexus-bios"), bios, core->size_bytes, err);
	if (r >= 0)
		r = copy_write(in->copy, esp, rest, rest_bytes, err);
	if (r >= 0)
		r = target_flush(in->target, err);
	if (r >= 0)
		r = compare_part(in, "nexus-bios", "nexus-bios", core, err);
	if (r >= 0)
		r = copy_compare(in->copy, esp, rest, rest_bytes, err);
	if (r >= 0)
		r = bootstate_write(in, err);
	return r;
}

static int finish(struct install *in, struct err *err)
{
	int r = 0;

	if (!in->known)
		r = target_name_data(in->target, err);
	if (r >= 0)
		r = target_finish(
			in->target, in->copy, in->source->esp, in->source->boot_code, err);
	if (r >= 0)
		target_announce(in->target);
	return r;
}

int install_run(struct install *in, struct err *err)
{
	const struct manifest *m = &in->source->manifest;
	uint64_t slot = m->kernel.size_bytes + m->root.size_bytes;
	uint64_t boot = 2 * (m->bios.size_bytes + in->source->esp_bytes +
				    in->source->bootstate_bytes - SOURCE_ESP_HEAD);
	int r;

	r = step(in, "prepare", _("Preparing the disk"), 0, prepare, err);
	if (r >= 0)
		r = step(in, "copy", _("Copying the system"), slot, copy_slot, err);
	if (r >= 0)
		r = step(
			in, "compare", _("Reading it back and comparing"), slot, compare_slot, err);
	if (r >= 0)
		r = step(in, "data",
			in->known ? _("Looking at the data partition")
				  : _("Making the data partition"),
			0, data, err);
	if (r >= 0)
		r = step(in, "boot-files", _("Copying the boot files"), boot, boot_files, err);
	if (r >= 0)
		r = step(in, "finish", _("Making the disk bootable"), 0, finish, err);
	return r;
}

/* Takes away entries of earlier installations: "Boot0003* Nexus<tab>...". */
static int entries_remove(struct err *err)
{
	const struct proc_options options = {.timeout_us = EFIBOOTMGR_TIMEOUT_US};
	cleanup_free char *list = NULL;
	char *at, *line;
	int r;

	r = proc_run_ok((const char *const[]){"efibootmgr", NULL}, &options, &list, err);
	at = list;
	while (r >= 0 && (line = strsep(&at, "\n"))) {
		const char *rest = str_after(line, "Boot");
		char number[5] = "";

		if (!rest || strlen(rest) < 6 || !isxdigit((unsigned char)rest[0]))
			continue;
		memcpy(number, rest, 4);
		rest = str_after(rest + 4 + (rest[4] == '*'), " " BOOT_LABEL);
		if (!rest || (*rest && !isspace((unsigned char)*rest)))
			continue;
		r = proc_run_ok((const char *const[]){"efibootmgr", "-q", "-B", "-b", number, NULL},
			&options, NULL, err);
	}
	return r;
}

int install_boot_entry(const struct install *in, struct err *err)
{
	const struct proc_options options = {.timeout_us = EFIBOOTMGR_TIMEOUT_US};
	char part[8];
	int r;

	snprintf(part, sizeof(part), "%u", layout_find(&in->target->layout, "nexus-esp")->number);
	r = entries_remove(err);
	if (r < 0)
		return r;
	return proc_run_ok(
		(const char *const[]){"efibootmgr", "-q", "-c", "-d", in->target->disk.path, "-p",
			part, "-L", BOOT_LABEL, "-l", BOOT_LOADER, NULL},
		&options, NULL, err);
}
