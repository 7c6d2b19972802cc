#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "console/console.h"
#include "console/prompt.h"
#include "console/usb/write.h"
#include "console/verbs.h"
#include "hw/word.h"
#include "stick/seed.h"
#include "json/json.h"

#define ORDER_MAX (64u << 10) /* bytes of install.conf */

static struct {
	const char *to, *confirm, *signers, *seed, *name, *disk;
	bool unattended, erase, set_firmware, stay_on;
} arg_usb;

const struct verb_option verb_usb_write_options[] = {
	{.long_name = "to",
		.argument = N_("DISK|FILE"),
		.help = N_("where to: a disk in /dev, or a file that does not exist yet"),
		.text = &arg_usb.to},
	{.long_name = "confirm",
		.argument = N_("WORD"),
		.help = N_("the disk's word, instead of being asked for it"),
		.text = &arg_usb.confirm},
	{.long_name = "signers",
		.argument = N_("FILE"),
		.help = N_("whose signature of the image counts; without one it is refused"),
		.text = &arg_usb.signers},
	{.long_name = "seed",
		.argument = N_("FILE"),
		.help = N_("an install.conf to put on the stick, instead of the options below"),
		.text = &arg_usb.seed},
	{.long_name = "name",
		.argument = N_("NAME"),
		.help = N_("what the box will be called"),
		.text = &arg_usb.name},
	{.long_name = "unattended",
		.help = N_("install without a question"),
		.flag = &arg_usb.unattended},
	{.long_name = "disk",
		.argument = N_("DISK"),
		.help = N_("the disk of that PC to install on, as /dev/sda; else its only one"),
		.text = &arg_usb.disk},
	{.long_name = "erase",
		.help = N_("the disk of that PC may be erased even if it is not blank"),
		.flag = &arg_usb.erase},
	{.long_name = "set-firmware",
		.help = N_("change that PC's firmware settings where it can be done from there"),
		.flag = &arg_usb.set_firmware},
	{.long_name = "stay-on",
		.help = N_("do not power that PC off at the end"),
		.flag = &arg_usb.stay_on},
	{0},
};

/* sfdisk and blkid stand where only root's PATH leads. */
static void find_tools(void)
{
	const char *path = getenv("PATH");
	cleanup_free char *longer = str_printf("%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");

	if (longer)
		(void)setenv("PATH", longer, 1);
}

/* --- what the stick will order --- */

static bool has_order(void)
{
	return arg_usb.name || arg_usb.disk || arg_usb.unattended || arg_usb.erase ||
	       arg_usb.set_firmware || arg_usb.stay_on;
}

static int replace(char **text, const char *by, struct err *err)
{
	char *copy = strdup(by);

	if (!copy)
		return err_oom(err);
	free(*text);
	*text = copy;
	return 0;
}

/* The options as a text, read once more: what the installer would refuse is refused here. */
static int order_from_options(char **ret_text, struct err *err)
{
	cleanup_seed struct seed seed = {0}, again = {0};
	cleanup_free char *text = NULL;
	int r;

	r = seed_defaults(&seed, err);
	if (r >= 0)
		r = seed_defaults(&again, err);
	if (r >= 0 && arg_usb.name)
		r = replace(&seed.name, arg_usb.name, err);
	if (r >= 0 && arg_usb.disk)
		r = replace(&seed.disk, arg_usb.disk, err);
	if (r >= 0 && arg_usb.erase)
		r = replace(&seed.confirm, "ERASE", err);
	if (r < 0)
		return r;
	seed.unattended = arg_usb.unattended;
	seed.set_firmware = arg_usb.set_firmware;
	seed.power_off = !arg_usb.stay_on;
	text = seed_format(&seed);
	if (!text)
		return err_oom(err);
	r = seed_parse(text, strlen(text), "options", &again, err);
	if (r >= 0 && !(str_equal(again.name, seed.name) && str_equal(again.disk, seed.disk) &&
			      str_equal(again.confirm, seed.confirm)))
		r = err_set(err, ERR_CONFIG, EINVAL, "read options: a value has several lines");
	if (r >= 0)
		*ret_text = TAKE(text);
	return r;
}

static int order_from_file(const char *path, char **ret_text, struct err *err)
{
	cleanup_seed struct seed seed = {0};
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, path, ORDER_MAX, &text, &size, err);
	if (r >= 0)
		r = seed_defaults(&seed, err);
	if (r >= 0)
		r = seed_parse(text, size, path, &seed, err);
	if (r >= 0)
		*ret_text = TAKE(text);
	return r;
}

static int order_make(struct console *console, char **ret_text, struct err *err)
{
	int r = 0;

	if (arg_usb.seed && has_order())
		r = err_set(err, ERR_CONFIG, EINVAL,
			"--seed has the whole order; it does not go with options of one");
	else if (arg_usb.seed)
		r = order_from_file(arg_usb.seed, ret_text, err);
	else if (has_order())
		r = order_from_options(ret_text, err);
	console->usage = r < 0;
	return r;
}

/* --- which disk --- */

static void show_disk(FILE *to, size_t number, const struct pick *pick)
{
	cleanup_free char *sentence = pick_sentence(pick);
	const struct hw_disk *d = &pick->disk;
	char size[24], index[24] = "";

	hw_disk_size_format(d->size_bytes, size);
	if (number)
		snprintf(index, sizeof(index), "%zu  ", number);
	fprintf(to, "%s%s  %s  %s\n", index, d->path, size, d->model[0] ? d->model : "?");
	if (d->serial[0])
		fprintf(to, _("   serial number: %s\n"), d->serial);
	fprintf(to, "   %s\n", sentence ? sentence : "");
}

/* Asks for one of those that can be. */
static int ask_disk(struct console *console, uint64_t bytes, struct pick *ret, struct err *err)
{
	cleanup_free struct pick *picks = NULL;
	char answer[PROMPT_LINE_MAX];
	uint64_t number;
	size_t count;
	int r;

	r = pick_list(bytes, &picks, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		show_disk(stderr, i + 1, &picks[i]);
	console->usage = true;
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, ENOENT,
			"no USB or removable disk is plugged in; name a disk or file with --to");
	if (console->no_input || console->json || !prompt_possible())
		return err_set(err, ERR_CONFIG, EINVAL, "name the disk with --to");
	r = prompt_line(_("Which of them becomes the stick? Its number: "), answer, err);
	if (r >= 0)
		r = parse_u64(answer, 1, count, &number, err);
	if (r < 0)
		return r;
	console->usage = false;
	*ret = picks[number - 1];
	return 0;
}

static int confirm(struct console *console, const struct pick *pick, struct err *err)
{
	char word[HW_WORD_SIZE], answer[PROMPT_LINE_MAX];
	int r;

	if (!pick_needs_word(pick))
		return 0;
	if (arg_usb.confirm)
		return hw_word_check(&pick->disk, arg_usb.confirm, err);
	if (console->no_input || console->json || !prompt_possible())
		return err_set(err, ERR_DENIED, EPERM,
			"write %s: it is not blank, or no USB disk: confirm it with --confirm and "
			"the last four letters and digits of its serial number (or model, or name)",
			pick->disk.path);
	hw_word(&pick->disk, word);
	fprintf(stderr, _("Everything on this disk will be lost. To go on, type %s: "), word);
	r = prompt_line("", answer, err);
	return r < 0 ? r : hw_word_check(&pick->disk, answer, err);
}

static bool is_device(const char *path)
{
	struct stat st;

	return str_after(path, "/dev/") ||
	       (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static int open_disk(struct console *console, uint64_t bytes, struct write *ret, struct err *err)
{
	struct pick pick;
	int r;

	if (arg_usb.to) {
		r = pick_node(arg_usb.to, bytes, &pick, err);
		if (r >= 0)
			show_disk(stderr, 0, &pick);
	} else {
		r = ask_disk(console, bytes, &pick, err);
	}
	if (r >= 0)
		r = pick_refuse(&pick, bytes, err);
	if (r >= 0)
		r = confirm(console, &pick, err);
	return r < 0 ? r : write_open_disk(&pick, ret, err);
}

/* --- write --- */

static const char *trust_sentence(const struct sums *sums)
{
	switch (sums->trust) {
	case SUMS_NONE:
		return _("The image is what its own list says; there is no SHA256SUMS beside it.");
	case SUMS_UNSIGNED:
		return _("The image is what SHA256SUMS says, which nobody signed.");
	case SUMS_UNKNOWN:
		return _("The image is what SHA256SUMS says; it is signed, and --signers would "
			 "say by whom.");
	case SUMS_SIGNED:
		break;
	}
	return _("The image is genuine. Signed by: ");
}

static int check_image(struct plan *plan, const struct sums *sums, struct copy *copy,
	struct meter *meter, struct err *err)
{
	int r;

	copy->progress = meter_add;
	copy->context = meter;
	meter_begin(meter, _("Checking the image"), plan_check_bytes(plan, sums));
	r = plan_check(plan, sums, copy, err);
	(void)meter_end(meter, r >= 0);
	copy->progress = NULL;
	if (r >= 0)
		fprintf(stderr, "%s%s\n", trust_sentence(sums), sums->signer);
	return r;
}

static int tell_written(const struct console *console, const struct write *write,
	const struct plan *plan, const struct sums *sums, bool order, double seconds)
{
	static const char *const trusts[] = {
		[SUMS_NONE] = "none",
		[SUMS_UNSIGNED] = "unsigned",
		[SUMS_UNKNOWN] = "unknown",
		[SUMS_SIGNED] = "signed",
	};
	const char *target = write->final ? write->final : write->path;
	struct json *json;

	if (!console->json) {
		printf(_("Ready and read back: %s, Nexus %s (%s)\n"), target,
			plan->source.manifest.version, plan->source.manifest.suite);
		return VERB_EXIT_OK;
	}
	json = json_object_new();
	json_set_text(json, "schema", "nexus.usb-write/1");
	json_set_text(json, "target", target);
	json_set_integer(json, "target_bytes", (int64_t)write->bytes);
	json_set_integer(json, "image_bytes", (int64_t)plan->image_bytes);
	json_set_number(json, "seconds", seconds);
	json_set_text(json, "distribution", plan->source.manifest.distribution);
	json_set_text(json, "suite", plan->source.manifest.suite);
	json_set_text(json, "version", plan->source.manifest.version);
	json_set_text(json, "trust", trusts[sums->trust]);
	json_set_text(json, "signer", sums->signer[0] ? sums->signer : NULL);
	json_set_bool(json, "order", order);
	return console_print_json(console, json);
}

int verb_usb_write(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_write struct write write = WRITE_INIT;
	cleanup_plan struct plan plan = PLAN_INIT;
	cleanup_copy struct copy copy = {0};
	cleanup_free char *order = NULL;
	struct sums sums = {.trust = SUMS_NONE};
	struct err err = ERR_INIT;
	struct meter meter;
	double seconds = 0;
	int r;

	(void)argc;
	find_tools();
	meter_init(&meter, &clock_system, console->json);
	r = order_make(console, &order, &err);
	if (r >= 0)
		r = copy_init(&copy, NULL, &err);
	if (r >= 0)
		r = sums_read(argv[0], arg_usb.signers, &sums, &err);
	if (r >= 0)
		r = plan_open(argv[0], &plan, &err);
	if (r >= 0 && arg_usb.to && !is_device(arg_usb.to))
		r = write_open_file(arg_usb.to, plan.image_bytes, &write, &err);
	else if (r >= 0)
		r = open_disk(console, plan.image_bytes, &write, &err);
	if (r >= 0)
		r = check_image(&plan, &sums, &copy, &meter, &err);
	if (r >= 0)
		r = plan_compose(&plan, write.bytes, order, &err);
	if (r >= 0)
		r = write_stick(&write, &plan, &copy, &meter, &seconds, &err);
	if (r < 0)
		return console_fail(console, &err);
	return tell_written(console, &write, &plan, &sums, order != NULL, seconds);
}

/* --- list --- */

static int list_json(const struct console *console, const struct pick *picks, size_t count)
{
	struct json *json = json_object_new(), *disks = json_set_array(json, "disks");

	json_set_text(json, "schema", "nexus.usb-disks/1");
	for (size_t i = 0; i < count; i++) {
		const struct hw_disk *d = &picks[i].disk;
		struct json *o = json_add_object(disks);

		json_set_text(o, "path", d->path);
		json_set_text(o, "model", d->model);
		json_set_text(o, "serial", d->serial);
		json_set_integer(o, "size_bytes", (int64_t)d->size_bytes);
		json_set_text(o, "transport", d->transport);
		json_set_text(o, "verdict", pick_name(picks[i].verdict));
		json_set_text(o, "content", d->summary);
		json_set_text(o, "use", picks[i].use.where);
		json_set_bool(o, "usable", pick_is_usable(picks[i].verdict));
	}
	return console_print_json(console, json);
}

int verb_usb_list(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_free struct pick *picks = NULL;
	struct err err = ERR_INIT;
	size_t count;

	(void)argc;
	(void)argv;
	find_tools();
	if (pick_list(0, &picks, &count, &err) < 0)
		return console_fail(console, &err);
	if (console->json)
		return list_json(console, picks, count);
	if (count == 0)
		puts(_("No USB or removable disk is plugged in."));
	for (size_t i = 0; i < count; i++)
		show_disk(stdout, i + 1, &picks[i]);
	return VERB_EXIT_OK;
}

/* --- check --- */

#define SEED_PIECE SOURCE_PIECES /* the order, which is no piece of the image */

struct finding {
	const char *name; /* borrowed */
	bool good;
	struct err err;
};

/* An order may be missing; one that is there must be one that the installer takes. */
static int check_seed(const struct source *source, struct err *err)
{
	cleanup_free char *image = source_mtools_image(source, "nexus-seed");
	cleanup_seed struct seed seed = {0};
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	if (!source_part(source, "nexus-seed"))
		return err_set(err, ERR_CORRUPT, EBADMSG, "there is no such partition");
	if (!image)
		return err_oom(err);
	r = seed_file_read(image, PLAN_SEED, ORDER_MAX, &text, &size, err);
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = seed_defaults(&seed, err);
	return r < 0 ? r : seed_parse(text, size, PLAN_SEED, &seed, err);
}

static bool check_all(struct source *source, struct copy *copy, struct meter *meter,
	struct finding findings[SOURCE_PIECES + 1])
{
	bool good = true;

	copy->progress = meter_add;
	copy->context = meter;
	meter_begin(meter, _("Checking"), source_verify_bytes(source));
	for (enum source_piece i = 0; i <= SEED_PIECE; i++) {
		struct finding *f = &findings[i];

		f->name = i == SEED_PIECE ? "nexus-seed" : source_piece_name(i);
		f->good = (i == SEED_PIECE ? check_seed(source, &f->err)
					   : source_check(source, i, copy, &f->err)) >= 0;
		good = good && f->good;
	}
	(void)meter_end(meter, good);
	return good;
}

static int tell_checked(const struct console *console, const struct source *source, bool good,
	const struct finding findings[SOURCE_PIECES + 1])
{
	struct json *json = json_object_new(), *parts = json_set_array(json, "pieces");

	json_set_text(json, "schema", "nexus.usb-check/1");
	json_set_text(json, "path", source->path);
	json_set_text(json, "distribution", source->manifest.distribution);
	json_set_text(json, "suite", source->manifest.suite);
	json_set_text(json, "version", source->manifest.version);
	json_set_bool(json, "good", good);
	for (unsigned i = 0; i <= SEED_PIECE; i++) {
		const struct finding *f = &findings[i];
		struct json *o = json_add_object(parts);

		json_set_text(o, "name", f->name);
		json_set_bool(o, "good", f->good);
		json_set_text(o, "text", f->good ? NULL : f->err.text);
		if (!console->json)
			printf("%-18s %s\n", f->name, f->good ? _("good") : _("DAMAGED"));
		if (!f->good && !console->json)
			printf("  %s\n", f->err.text);
	}
	if (console->json) {
		if (console_print_json(console, json) != VERB_EXIT_OK)
			return VERB_EXIT_FAILED;
	} else {
		json_free(json);
		printf(good ? _("%s is good: Nexus %s (%s)\n")
			    : _("%s is damaged: Nexus %s (%s)\n"),
			source->path, source->manifest.version, source->manifest.suite);
	}
	return good ? VERB_EXIT_OK : VERB_EXIT_FAILED;
}

int verb_usb_check(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_source struct source source = SOURCE_INIT;
	cleanup_copy struct copy copy = {0};
	struct finding findings[SOURCE_PIECES + 1] = {0};
	struct err err = ERR_INIT;
	struct meter meter;
	bool good;

	(void)argc;
	find_tools();
	meter_init(&meter, &clock_system, console->json);
	if (copy_init(&copy, NULL, &err) < 0 || source_open(argv[0], &source, &err) < 0)
		return console_fail(console, &err);
	good = check_all(&source, &copy, &meter, findings);
	return tell_checked(console, &source, good, findings);
}
