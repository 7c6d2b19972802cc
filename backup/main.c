/* nexus-backup: backups in restic's repository format. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backup/absent.h"
#include "backup/common/common.h"
#include "backup/show/show.h"
#include "backup/upkeep/upkeep.h"
#include "backup/verbs.h"
#include "base/i18n.h"
#include "base/verb.h"
#include "repo/sorted/fault.h"

#define STOP_S 10

static bool arg_verbose; /* nothing looks at it */
static volatile bool arg_stop; /* set by the handler alone, like these: */
static volatile bool arg_show, arg_cut;
static struct rate arg_up = RATE_INIT, arg_down = RATE_INIT;
static struct common arg_common = {
	.stop = &arg_stop,
	.show = &arg_show,
	.place = {.up = &arg_up, .down = &arg_down, .stop = &arg_stop, .cut = &arg_cut},
};

static const struct verb_option options[] = {
	{.long_name = "repo",
		.short_name = 'r',
		.argument = N_("PLACE"),
		.help = N_("the repository: a folder, sftp:, rest: or s3: (or RESTIC_REPOSITORY)"),
		.text = &arg_common.repository},
	{.long_name = "repository-file",
		.argument = N_("FILE"),
		.help = N_("file that says where it is (or RESTIC_REPOSITORY_FILE)"),
		.text = &arg_common.place.repository_file},
	{.long_name = "password-file",
		.short_name = 'p',
		.argument = N_("FILE"),
		.help = N_("file with its password (or RESTIC_PASSWORD_FILE)"),
		.text = &arg_common.password.file},
	{.long_name = "password-command",
		.argument = N_("COMMAND"),
		.help = N_("command that prints it (or RESTIC_PASSWORD_COMMAND)"),
		.text = &arg_common.password.command},
	{.long_name = "key-hint",
		.argument = N_("ID"),
		.help = N_("which of its keys to try first (or RESTIC_KEY_HINT)"),
		.text = &arg_common.key_hint},
	{.long_name = "compression",
		.argument = N_("MODE"),
		.help = N_("auto (default), off, fastest, better or max (or RESTIC_COMPRESSION)"),
		.text = &arg_common.compression},
	{.long_name = "json",
		.help = N_("print JSON, one object a line"),
		.flag = &arg_common.json},
	{.long_name = "quiet",
		.short_name = 'q',
		.help = N_("print errors only"),
		.flag = &arg_common.quiet},
	{.long_name = "option",
		.short_name = 'o',
		.argument = N_("NAME=VALUE"),
		.help = N_("how to reach the repository, see the manual; may be given again"),
		.list = &arg_common.place.tuning},
	{.long_name = "limit-upload",
		.argument = N_("KIB"),
		.help = N_("send no more than so many KiB a second"),
		.text = &arg_common.place.limit_upload},
	{.long_name = "limit-download",
		.argument = N_("KIB"),
		.help = N_("receive no more than so many KiB a second"),
		.text = &arg_common.place.limit_download},
	{.long_name = "cacert",
		.argument = N_("FILE"),
		.help = N_("trust the certificates in this file alone (or RESTIC_CACERT)"),
		.text = &arg_common.place.ca_files},
	{.long_name = "tls-client-cert",
		.argument = N_("FILE"),
		.help = N_("our certificate and its key (or RESTIC_TLS_CLIENT_CERT)"),
		.text = &arg_common.place.client_file},
	{.long_name = "cache-dir",
		.argument = N_("FOLDER"),
		.help = N_("keep the cache there (or RESTIC_CACHE_DIR)"),
		.text = &arg_common.place.cache_dir},
	{.long_name = "no-cache", .help = N_("use no cache"), .flag = &arg_common.place.no_cache},
	{.long_name = "cleanup-cache",
		.help = N_("remove caches of repositories that were not used for 30 days"),
		.flag = &arg_common.place.cleanup_cache},
	{.long_name = "no-lock",
		.help = N_("take no lock (for a repository that can't be written to)"),
		.flag = &arg_common.no_lock},
	{.long_name = "retry-lock",
		.argument = N_("TIME"),
		.help = N_("try again for so long while it is locked, like 10m or 2h"),
		.text = &arg_common.retry_lock},
	{.long_name = "verbose",
		.short_name = 'v',
		.argument = N_("N"),
		.may_stand_alone = true,
		.help = N_("as restic's; what there is to tell is always told"),
		.flag = &arg_verbose},
	{0},
};

/* Who is told to stop puts away what it has begun; that is given some time, and none when it is
 * told again. */
static void on_signal(int number)
{
	if (number == SIGUSR1) {
		arg_show = true;
		return;
	}
	arg_cut = arg_stop;
	arg_stop = true;
	if (number != SIGALRM)
		(void)alarm(STOP_S);
}

/* Not from a signal out of nowhere: our own read of a page failed. Whatever locks this thread
 * holds, nothing more is written; the lock in the repository is known for a dead run's. */
static void on_disk_fault(void *context)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_SYSTEM, EIO,
		"read the index: the disk with the temporary files does not give them back; "
		"set TMPDIR to a folder on another one");
	_exit(common_fail(context, &err));
}

/* Large blocks go straight back to the system; folders within folders need descriptors. */
static void prepare_process(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct rlimit limit;

	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 2 << 20);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGALRM, &action, NULL);
	action.sa_flags = SA_RESTART;
	(void)sigaction(SIGUSR1, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	const struct verb verbs[] = {verb_init, verb_backup, verb_snapshots, verb_ls, verb_find,
		verb_diff, verb_dump, verb_restore, verb_stats, verb_list, verb_cat, verb_card,
		verb_check, verb_forget, verb_prune, verb_copy, verb_tag, verb_key, verb_unlock,
		verb_repair, verb_cache, {0}};
	const struct verb_program program = {
		.name = "nexus-backup",
		.summary =
			N_("Back up folders into an encrypted repository that restic reads too."),
		.version = NEXUS_VERSION,
		.options = options,
		.verbs = verbs,
		.epilogue = N_(
			"Exit status: 0 done; 1 failed; 2 wrong usage; 3 some files could not be "
			"read;\n10 no repository; 11 repository is locked; 12 wrong password; "
			"130 interrupted."),
		.absent = absent_table,
	};

	prepare_process();
	fault_watch(on_disk_fault, &arg_common);
	return verb_start(&program, argc, argv, &arg_common);
}
