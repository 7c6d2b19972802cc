/* nexus-smart: asks every disk for its health with smartctl, and leaves the answers as
 * /run/nexus-smart/<disk>.json for the daemon. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/common/program.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "hw/smart.h"

#define SHOWN_FOLDER "/run/nexus-smart"
#define ASK_TIMEOUT_US 60000000
#define DISKS_MAX 16

static const char *arg_root = "";

/* The kinds of block devices that have SMART. */
static bool is_disk(const char *name)
{
	static const char *const prefixes[] = {"sd", "hd", "nvme"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (str_after(name, prefixes[i]))
			return true;
	return false;
}

/* smartctl's exit status is a set of bits; its output is worth reading unless it is empty. */
static int ask_disk(int folder_fd, const char *name, struct err *err)
{
	cleanup_free char *device = str_printf("/dev/%s", name),
			  *file = str_printf("%s.json", name);
	cleanup_proc_result struct proc_result result = {0};
	const char *const argv[] = {"smartctl", "--json=c", "--all", device, NULL};
	const struct proc_options options = {
		.timeout_us = ASK_TIMEOUT_US, .output_max = HW_SMART_TEXT_MAX};
	struct hw_smart smart;
	int r;

	if (!device || !file)
		return err_oom(err);
	r = proc_run(argv, &options, &result, err);
	if (r >= 0)
		r = hw_smart_parse(result.output, result.output_size, &smart, err);
	if (r < 0)
		return err_wrap(err, "ask disk %s", name);
	return file_replace(folder_fd, file, result.output, result.output_size, 0644, err);
}

static int ask_all(int argc, char **argv, void *context, struct err *err)
{
	cleanup_free char *block = str_printf("%s/sys/block", arg_root);
	cleanup_free char *folder = str_printf("%s" SHOWN_FOLDER, arg_root);
	cleanup_closedir DIR *dir = NULL;
	cleanup_close int folder_fd = -1;
	int asked = 0;

	(void)argc;
	(void)argv;
	(void)context;
	if (!block || !folder)
		return err_oom(err);
	folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0)
		return err_errno(err, errno, "open folder %s", folder);
	dir = opendir(block);
	if (!dir)
		return err_errno(err, errno, "open folder %s", block);
	for (struct dirent *entry; (entry = readdir(dir)) && asked < DISKS_MAX;) {
		struct err why = ERR_INIT;

		if (!is_disk(entry->d_name))
			continue;
		asked++;
		/* One disk that does not answer must not hide the others. */
		if (ask_disk(folder_fd, entry->d_name, &why) < 0)
			log_warning("%s", why.text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct verb verbs[] = {
		{.name = "",
			.arguments = "",
			.summary = N_("Asks every disk for its health. Its unit calls it; a person "
				      "need not."),
			.attempt = ask_all},
		{0},
	};
	static const struct verb_program program = {
		.name = "nexus-smart",
		.summary = N_("Asks every disk for its health."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return program_main(&program, &arg_root, argc, argv);
}
