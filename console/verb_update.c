#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "console/console.h"
#include "console/fleet/upload.h"
#include "console/progress.h"
#include "console/verb_job.h"
#include "console/verbs.h"
#include "fleet/contract.h"

static bool arg_now, arg_older, arg_check, arg_no_wait;

const struct verb_option verb_update_options[] = {
	{.long_name = "now",
		.help = N_("restart as soon as it is installed, not in the hours of the box"),
		.flag = &arg_now},
	{.long_name = "older",
		.help = N_("install it even if it is older than what runs"),
		.flag = &arg_older},
	{.long_name = "check", .help = N_("check it, install nothing"), .flag = &arg_check},
	{.long_name = "no-wait", .help = N_("start it and return at once"), .flag = &arg_no_wait},
	{0},
};

/* A file on its way, and how it is shown. */
struct sending {
	struct verb_job *asking;
	struct upload upload;
	struct progress progress;
	uint64_t done; /* bytes that the box had as last told */
};

static void sending_done(struct sending *sending)
{
	progress_end(&sending->progress);
	upload_close(&sending->upload);
}
#define cleanup_sending __attribute__((cleanup(sending_done)))

static void show(void *context, uint64_t done, uint64_t total)
{
	struct sending *sending = context;
	struct fleet_job job = {.kind = "update",
		.state = FLEET_JOB_RUNNING,
		.has_progress = true,
		.progress = {.percent = (double)done / (double)total * 100,
			.bytes_done = done,
			.bytes_total = total,
			.step = "send"}};

	sending->done = done;
	if (!sending->asking->console->json)
		progress_show(&sending->progress, &job);
}

/* Sends the file, again over new connections while there is headway or patience. */
static int send_file(struct sending *sending, struct fleet_contract_request *request)
{
	struct verb_job *asking = sending->asking;
	unsigned failures = 0;
	uint64_t before;
	int r = 0;

	do {
		before = sending->done;
		if (!asking->talk)
			r = verb_job_connect(asking);
		if (r == 0)
			r = upload_send(&sending->upload, &asking->console->ask, asking->talk,
				request->source, sizeof(request->source), &asking->fault,
				&asking->err);
		if (r == 0)
			return 0;
		talk_free(TAKE(asking->talk));
		if (asking->fault == FAULT_BOX || asking->fault == FAULT_CONSOLE ||
			fault_exit(asking->fault) == FAULT_EXIT_REFUSED)
			return r;
		progress_end(&sending->progress);
		if (failures == 0)
			fprintf(stderr, "%s\n",
				_("The connection broke. Trying again; what the box has stays "
				  "..."));
		failures = sending->done > before ? 0 : failures + 1;
		verb_job_pause(failures);
		r = 0;
	} while (failures < VERB_JOB_TRIES);
	return -ENETUNREACH;
}

/* The file here, at the box: sets source, size and sha256 of the request. 0 or an exit status. */
static int bring_file(
	struct verb_job *asking, const char *path, struct fleet_contract_request *request)
{
	cleanup_sending struct sending sending = {.asking = asking, .upload = {.fd = -1}};

	progress_init(&sending.progress);
	if (upload_open(path, &sending.upload, &asking->err) < 0)
		return console_fail(asking->console, &asking->err);
	sending.upload.progress = show;
	sending.upload.context = &sending;
	if (send_file(&sending, request) < 0)
		return verb_job_fail(asking);
	request->size = sending.upload.size;
	memcpy(request->sha256, sending.upload.sha256, sizeof(request->sha256));
	return 0;
}

static bool is_address(const char *source)
{
	return str_after(source, "http://") || str_after(source, "https://");
}

int verb_update(int argc, char **argv, void *context)
{
	cleanup_verb_job struct verb_job asking = {.console = context, .no_wait = arg_no_wait};
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_RUN,
		.kind = "update",
		.now = arg_now,
		.older = arg_older,
		.only_check = arg_check,
		.follow = !arg_no_wait};
	const char *on_box = str_after(argv[1], "box:"), *source = on_box ? on_box : argv[1];
	bool here = !on_box && !is_address(argv[1]);
	int r;

	(void)argc;
	if (!here && strlen(source) >= sizeof(request.source)) {
		err_set(&asking.err, ERR_CONFIG, EINVAL, "read BUNDLE: it is too long");
		(void)console_fail(context, &asking.err);
		return VERB_EXIT_USAGE;
	}
	snprintf(request.source, sizeof(request.source), "%s", here ? "" : source);
	r = verb_job_begin(&asking, argv[0]);
	if (r == 0 && here)
		r = bring_file(&asking, source, &request);
	return r ? r : verb_job_run(&asking, &request);
}
