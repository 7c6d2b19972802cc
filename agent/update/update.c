/* nexus-update: run by the unit nexus-update@. Brings a bundle to the box if it is not there yet,
 * checks it, and lets RAUC install it into the slot that does not run. Progress and result go to
 * /run/nexus-jobs for the daemon, which restarts the box when it may. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/common/program.h"
#include "agent/common/slot.h"
#include "agent/common/task.h"
#include "agent/health/facts.h"
#include "agent/update/bundle.h"
#include "agent/update/fetch.h"
#include "agent/update/fit.h"
#include "agent/update/rauc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "fleet/text.h"

#define FETCH_PERCENT 60.0 /* of the whole, where there is something to fetch */
#define READ_SIZE (1u << 20)

struct update {
	struct task task;
	char *folder; /* owned: /data/update */
	char *path; /* owned: of the bundle on this box */
	bool fetched; /* it is ours to remove */
	struct bundle bundle;
	char slot[8]; /* that it goes to */
	double from_percent; /* what is done when the installation begins */
	const char *sentence; /* for a person: what went wrong; translated, or NULL */
};

static volatile bool stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = true;
}

static const struct fleet_contract_request *asked(const struct update *update)
{
	return &update->task.record.request;
}

static bool is_address(const char *source)
{
	return *source != '/';
}

static void begin_step(struct update *update, const char *step)
{
	struct fleet_job *job = &update->task.record.job;

	job->has_progress = true;
	fleet_text_copy(job->progress.step, sizeof(job->progress.step), step);
	task_report(&update->task);
}

/* Remembers what to say to a person; passes r on. */
static int because(struct update *update, int r, const char *sentence)
{
	if (r < 0)
		update->sentence = sentence;
	return r;
}

/* --- fetch --- */

static void fetch_progress(void *context, uint64_t done, uint64_t total)
{
	struct update *update = context;
	struct fleet_job_progress *progress = &update->task.record.job.progress;

	progress->bytes_done = done;
	progress->bytes_total = total;
	progress->percent = (double)done / (double)total * FETCH_PERCENT;
	if (task_is_due(&update->task))
		task_report(&update->task);
}

static const char *fetch_sentence(const struct err *err)
{
	if (err->code == ECANCELED)
		return _("The update was stopped. What is fetched stays; the next try goes on.");
	if (err->kind == ERR_SPACE)
		return _("The data partition is too full for the update.");
	if (err->kind == ERR_NETWORK)
		return _("The update could not be fetched. What came stays; the next try goes on.");
	return _("The update could not be fetched from this address.");
}

static int fetch(struct update *update, struct err *err)
{
	const struct fetch options = {
		.folder = update->folder,
		.url = asked(update)->source,
		.size = asked(update)->size,
		.stop = &stopped,
		.progress = fetch_progress,
		.context = update,
	};
	int r;

	begin_step(update, "fetch");
	r = file_make_dirs(update->folder, 0700, err);
	if (r >= 0)
		r = fetch_bundle(&options, &update->path, err);
	if (r < 0)
		return because(update, r, fetch_sentence(err));
	update->fetched = true;
	update->from_percent = FETCH_PERCENT;
	return 0;
}

static int find_file(struct update *update, struct err *err)
{
	uint64_t size = asked(update)->size;
	struct stat st;

	update->path = str_printf("%s%s", update->task.root, asked(update)->source);
	if (!update->path)
		return err_oom(err);
	if (stat(update->path, &st) < 0)
		return because(update,
			err_errno(err, errno, "open bundle %s", asked(update)->source),
			_("There is no such file on the box, or it can't be read."));
	if (!S_ISREG(st.st_mode) || (size && size != (uint64_t)st.st_size))
		return because(update,
			err_set(err, ERR_CORRUPT, EBADMSG,
				"open bundle %s: no file, or of another size than told",
				asked(update)->source),
			_("The file is no update, or it is cut short or damaged."));
	update->task.record.job.progress.bytes_total = (uint64_t)st.st_size;
	return 0;
}

/* --- check --- */

static int digest_of(const char *path, char ret_text[FLEET_CONTRACT_SHA256_SIZE], struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_free uint8_t *data = malloc(READ_SIZE);
	cleanup_hash struct hash *hash = NULL;
	uint8_t digest[HASH_SIZE];
	ssize_t n;
	int r;

	if (fd < 0)
		return err_errno(err, errno, "open %s", path);
	if (!data)
		return err_oom(err);
	r = hash_new(&hash, err);
	while (r >= 0 && (n = read(fd, data, READ_SIZE)) != 0)
		r = n < 0 ? err_errno(err, errno, "read %s", path)
			  : hash_add(hash, data, (size_t)n, err);
	if (r >= 0)
		r = hash_end(hash, digest, err);
	if (r < 0)
		return r;
	hex_format(digest, sizeof(digest), ret_text);
	return 0;
}

static int check_digest(struct update *update, struct err *err)
{
	char digest[FLEET_CONTRACT_SHA256_SIZE];
	int r;

	if (!*asked(update)->sha256)
		return 0;
	r = digest_of(update->path, digest, err);
	if (r >= 0 && !str_equal(digest, asked(update)->sha256))
		r = because(update,
			err_set(err, ERR_CORRUPT, EBADMSG, "check bundle: its SHA-256 is %s",
				digest),
			_("The file is no update, or it is cut short or damaged."));
	return r;
}

static int check_signature(struct update *update, struct err *err)
{
	int r = bundle_read(update->task.root, update->path, &update->bundle, err);

	if (r < 0 && err->kind == ERR_DENIED)
		update->sentence = _("The update is not signed with a key that this box trusts.");
	else if (r < 0 && err->kind == ERR_CORRUPT)
		update->sentence = _("The file is no update, or it is cut short or damaged.");
	return r;
}

static int check_fit(struct update *update, struct rauc *rauc, struct err *err)
{
	cleanup_free struct fit *fit = calloc(1, sizeof(*fit));
	struct facts_image image;
	struct slot slot;
	int r;

	if (!fit)
		return err_oom(err);
	facts_read_image(update->task.root, &image);
	r = slot_read(update->task.root, &slot, err);
	if (r >= 0)
		r = rauc_compatible(rauc, fit->compatible, sizeof(fit->compatible), err);
	if (r >= 0)
		r = rauc_slots(rauc, fit->slots, &fit->slot_count, err);
	if (r < 0)
		return r;
	fleet_text_copy(fit->version, sizeof(fit->version), image.version);
	memcpy(fit->slot, slot.slot, sizeof(fit->slot));
	fit->older = asked(update)->older;
	switch (fit_judge(fit, &update->bundle, update->slot, err)) {
	case FIT_GOOD:
		return 0;
	case FIT_OTHER_BOX:
		update->sentence = _("The update is for another kind of box.");
		break;
	case FIT_OLDER:
		update->sentence = _("The update is older than the system that runs.");
		break;
	case FIT_NO_SLOT:
		update->sentence = _("This box has no second place for a system.");
		break;
	case FIT_TOO_LARGE:
		update->sentence = _("The update is larger than the place for it on the disk.");
		break;
	}
	return -err->code;
}

/* What was fetched or sent for this one job is of no more use. */
static void drop_bundle(const struct update *update)
{
	if (update->fetched)
		fetch_remove(update->folder);
	else if (str_after(asked(update)->source, FLEET_CONTRACT_PUT_FOLDER "/") &&
		 unlink(update->path) < 0)
		log_warning("remove %s: %s", update->path, err_reason(errno));
}

static int check(struct update *update, struct rauc *rauc, struct err *err)
{
	int r;

	begin_step(update, "check");
	r = check_digest(update, err);
	if (r >= 0)
		r = check_signature(update, err);
	/* Another fetch of what is damaged would not mend it unless it begins anew. */
	if (r < 0 && (err->kind == ERR_CORRUPT || err->kind == ERR_DENIED))
		drop_bundle(update);
	return r < 0 ? r : check_fit(update, rauc, err);
}

/* --- install --- */

static void install_progress(void *context, int percent)
{
	struct update *update = context;
	struct fleet_job_progress *progress = &update->task.record.job.progress;

	progress->percent =
		update->from_percent + (100.0 - update->from_percent) * (double)percent / 100;
	if (!update->fetched)
		progress->bytes_done = progress->bytes_total / 100 * (uint64_t)percent;
	if (task_is_due(&update->task))
		task_report(&update->task);
}

static int install(struct update *update, struct rauc *rauc, struct err *err)
{
	int r;

	begin_step(update, "install");
	r = rauc_install(rauc, update->path, &stopped, install_progress, update, err);
	/* Whatever was wrong with it is in what was fetched. */
	if (r >= 0 || err->code == EIO)
		drop_bundle(update);
	return because(update, r,
		_("The update could not be installed. The system that runs is untouched."));
}

static int run_steps(struct update *update, struct err *err)
{
	cleanup_rauc struct rauc *rauc = NULL;
	int r;

	update->folder = str_printf("%s/data/update", update->task.root);
	if (!update->folder)
		return err_oom(err);
	r = is_address(asked(update)->source) ? fetch(update, err) : find_file(update, err);
	if (r >= 0)
		r = rauc_open(&rauc, err);
	if (r >= 0)
		r = check(update, rauc, err);
	if (r >= 0 && !asked(update)->only_check)
		r = install(update, rauc, err);
	return r;
}

/* What the person reads at the end. */
static void settle(struct update *update, int r, const struct err *err)
{
	struct fleet_job *job = &update->task.record.job;
	const char *version = update->bundle.version;
	cleanup_free char *text = NULL;

	fleet_text_copy(job->result.version, sizeof(job->result.version), version);
	if (r < 0)
		text = update->sentence ? str_printf("%s (%s)", update->sentence, err->text)
					: strdup(err->text);
	else if (asked(update)->only_check)
		text = str_printf(_("The update to version %s is in order."), version);
	else
		text = str_printf(_("Version %s is in place %s and starts with the next restart."),
			version, update->slot);
	fleet_text_copy(job->result.message, sizeof(job->result.message), text);
	if (r < 0)
		log_error("%s", err->text);
	else
		job->progress.percent = 100;
}

static int run(int argc, char **argv, void *context)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct update update = {0};
	struct err err = ERR_INIT;
	int r;

	(void)argc;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	r = task_open(&update.task, *(const char **)context, "update", argv[0], &err);
	if (r >= 0)
		r = run_steps(&update, &err);
	settle(&update, r, &err);
	task_end(&update.task, r >= 0);
	task_done(&update.task);
	free(update.folder);
	free(update.path);
	return r < 0 ? VERB_EXIT_FAILED : VERB_EXIT_OK;
}

int main(int argc, char **argv)
{
	static const char *arg_root = "";
	static const struct verb verbs[] = {
		{"run", N_("ID"), N_("install the update that job ID asks for"), NULL, NULL, 1, 1,
			run, NULL},
		{0},
	};
	static const struct verb_program program = {
		.name = "nexus-update",
		.summary = N_(
			"Updates this box for nexus-agent. Its unit calls it; a person need not."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return program_main(&program, &arg_root, argc, argv);
}
