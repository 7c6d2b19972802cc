#include "backup/backup_options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/target.h"
#include "archive/upkeep/group.h"
#include "backup/common/patterns.h"
#include "backup/sources.h"
#include "base/i18n.h"
#include "base/parse.h"

#define CHECKPOINT_US (5 * 60 * 1000000ull)
#define CHECKPOINT_MAX_US (7 * 24 * 3600 * 1000000ull)

static struct pattern_arguments arg_excludes;
static struct str_list arg_exclude_if_present, arg_files_from, arg_files_from_verbatim,
	arg_files_from_raw, arg_tags;
static const char *arg_larger_than, *arg_host, *arg_time, *arg_parent, *arg_stdin_filename,
	*arg_page_chunks, *arg_checkpoint;
static const char *arg_group_by = "host,paths";
static bool arg_exclude_caches, arg_one_file_system, arg_force, arg_ignore_inode, arg_ignore_ctime,
	arg_with_atime, arg_skip_if_unchanged, arg_stdin, arg_command, arg_no_scan, arg_dry_run;

const struct verb_option backup_options[] = {
	PATTERNS_EXCLUDE(arg_excludes),
	{.long_name = "exclude-caches",
		.help = N_("leave out what is in folders marked with a CACHEDIR.TAG"),
		.flag = &arg_exclude_caches},
	{.long_name = "exclude-if-present",
		.argument = N_("NAME[:HEADER]"),
		.help = N_(
			"leave out what is in folders that have a file NAME (may be given again)"),
		.list = &arg_exclude_if_present},
	{.long_name = "exclude-larger-than",
		.argument = N_("SIZE"),
		.help = N_("leave out files larger than this (suffixes K, M, G, T)"),
		.text = &arg_larger_than},
	{.long_name = "files-from",
		.argument = N_("FILE"),
		.help = N_("back up what FILE lists, a pattern a line (may be given again)"),
		.list = &arg_files_from},
	{.long_name = "files-from-verbatim",
		.argument = N_("FILE"),
		.help = N_("the same, a path a line"),
		.list = &arg_files_from_verbatim},
	{.long_name = "files-from-raw",
		.argument = N_("FILE"),
		.help = N_("the same, each path ending with a NUL"),
		.list = &arg_files_from_raw},
	{.long_name = "one-file-system",
		.short_name = 'x',
		.help = N_("do not cross into other file systems"),
		.flag = &arg_one_file_system},
	{.long_name = "tag",
		.argument = N_("TAG"),
		.help = N_("mark the snapshot (may be given again)"),
		.list = &arg_tags},
	{.long_name = "host",
		.short_name = 'H',
		.argument = N_("NAME"),
		.help = N_("name of the host, instead of this one's (or RESTIC_HOST)"),
		.text = &arg_host},
	{.long_name = "time",
		.argument = N_("TIME"),
		.help = N_("time of the snapshot, as '2026-11-22 08:41:00' (default: now)"),
		.text = &arg_time},
	{.long_name = "parent",
		.argument = N_("SNAPSHOT"),
		.help = N_("compare with this snapshot, not the last one of its group"),
		.text = &arg_parent},
	{.long_name = "group-by",
		.short_name = 'g',
		.argument = N_("WORDS"),
		.help = N_("what makes that group: host, paths, tags (default: host,paths)"),
		.text = &arg_group_by},
	{.long_name = "force",
		.short_name = 'f',
		.help = N_("read every file again"),
		.flag = &arg_force},
	{.long_name = "ignore-inode",
		.help = N_("inode and change time do not make a file changed"),
		.flag = &arg_ignore_inode},
	{.long_name = "ignore-ctime",
		.help = N_("the change time does not make a file changed"),
		.flag = &arg_ignore_ctime},
	{.long_name = "with-atime",
		.help = N_("store the times of the last access too"),
		.flag = &arg_with_atime},
	{.long_name = "skip-if-unchanged",
		.help = N_("make no snapshot if nothing changed"),
		.flag = &arg_skip_if_unchanged},
	{.long_name = "checkpoint",
		.argument = N_("DURATION"),
		.help = N_("how often to note what is stored, for going on after an interruption; "
			   "0: never (default: 5min)"),
		.text = &arg_checkpoint},
	{.long_name = "stdin",
		.help = N_("save what comes from the standard input, as a file"),
		.flag = &arg_stdin},
	{.long_name = "stdin-from-command",
		.help = N_("run the arguments as a command and save what it prints, unless it "
			   "fails"),
		.flag = &arg_command},
	{.long_name = "stdin-filename",
		.argument = N_("PATH"),
		.help = N_("name of that file (default: stdin)"),
		.text = &arg_stdin_filename},
	{.long_name = "no-scan",
		.help = N_("do not count first; there is no estimate then"),
		.flag = &arg_no_scan},
	{.long_name = "dry-run",
		.short_name = 'n',
		.help = N_("store nothing, only tell what would be stored"),
		.flag = &arg_dry_run},
	{.long_name = "page-chunks",
		.argument = N_("MODE"),
		.help = N_("how to cut databases and disk images: auto (default), off, or a size, "
			   "16K to 1M (or NEXUS_PAGE_CHUNKS)"),
		.text = &arg_page_chunks},
	{0},
};

static int read_page_chunks(struct cutter_options *ret, struct err *err)
{
	const char *mode = arg_page_chunks ? arg_page_chunks : getenv("NEXUS_PAGE_CHUNKS");

	if (!mode || !*mode)
		return 0;
	return cutter_options_parse(mode, ret, err) < 0 ? err_wrap(err, "read --page-chunks") : 0;
}

static int read_checkpoint(
	const struct common *common, char **ret_folder, uint64_t *ret_us, struct err *err)
{
	const char *given = arg_checkpoint ? arg_checkpoint : getenv("NEXUS_BACKUP_CHECKPOINT");
	int r;

	*ret_us = CHECKPOINT_US;
	if (given && *given) {
		r = parse_duration(given, 0, CHECKPOINT_MAX_US, ret_us, err);
		if (r < 0)
			return err_wrap(err, "read --checkpoint");
	}
	return place_cache_folder(&common->place, ret_folder, err);
}

static int read_reject(struct reject *ret, struct err *err)
{
	int r = arg_exclude_caches ? reject_add_tag(ret, REJECT_CACHES, err) : 0;

	for (size_t i = 0; r >= 0 && i < arg_exclude_if_present.count; i++)
		r = reject_add_tag(ret, arg_exclude_if_present.items[i], err);
	if (r >= 0 && arg_larger_than) {
		r = parse_size(arg_larger_than, 1, INT64_MAX, &ret->larger_than, err);
		if (r < 0)
			return err_wrap(err, "read --exclude-larger-than");
	}
	return r;
}

/* "2026-11-22 08:41:00" of here, or as RFC 3339. */
static int read_time(struct node_time *ret, struct err *err)
{
	struct tm tm = {.tm_isdst = -1};
	const char *end;

	if (!arg_time || strcmp(arg_time, "now") == 0)
		return 0;
	end = strptime(arg_time, "%Y-%m-%d %H:%M:%S", &tm);
	if (end && !*end) {
		ret->seconds = mktime(&tm);
		return 0;
	}
	if (clock_rfc3339_parse(arg_time, &ret->seconds, &ret->nanoseconds, NULL, err) >= 0)
		return 0;
	return err_set(err, ERR_CONFIG, EINVAL, "read --time %s: as 2026-11-22 08:41:00", arg_time);
}

/* --tag a,b is two tags. */
static int read_tags(struct str_list *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < arg_tags.count; i++) {
		cleanup_free char *copy = strdup(arg_tags.items[i]);
		char *save = NULL;

		if (!copy)
			return err_oom(err);
		for (char *tag = strtok_r(copy, ",", &save); r >= 0 && tag;
			tag = strtok_r(NULL, ",", &save))
			r = str_list_add(ret, str_strip(tag), err);
	}
	return r;
}

static int read_paths(const struct common *common, int argc, char **argv, struct str_list *ret,
	unsigned *ret_missing, struct err *err)
{
	const struct sources_files files = {
		&arg_files_from, &arg_files_from_verbatim, &arg_files_from_raw};

	if (!arg_stdin && !arg_command)
		return sources_read(common, argc, argv, &files, ret, ret_missing, err);
	if (arg_command && !argc)
		return err_set(err, ERR_CONFIG, EINVAL,
			"back up: say which command: --stdin-from-command -- COMMAND ARGUMENT...");
	if ((argc && !arg_command) || arg_files_from.count || arg_files_from_verbatim.count ||
		arg_files_from_raw.count)
		return err_set(err, ERR_CONFIG, EINVAL,
			"back up: --stdin goes with no path and no --files-from");
	return 0;
}

/* The name under which the standard input is stored: absolute and clean. */
static int read_stream_name(char **ret, struct err *err)
{
	const char *name = arg_stdin_filename ? arg_stdin_filename : "stdin";

	if (!arg_stdin && !arg_command) {
		if (arg_stdin_filename)
			return err_set(err, ERR_CONFIG, EINVAL,
				"back up: --stdin-filename goes with --stdin or "
				"--stdin-from-command");
		return 0;
	}
	*ret = target_clean_path(name, "/");
	if (!*ret)
		return err_oom(err);
	if (strcmp(*ret, "/") == 0 || strlen(*ret) >= PATH_MAX)
		return err_set(
			err, ERR_CONFIG, EINVAL, "read --stdin-filename %s: no file name", name);
	return 0;
}

static void read_host(char ret[BACKUP_HOST_SIZE])
{
	const char *host = arg_host ? arg_host : getenv("RESTIC_HOST");

	snprintf(ret, BACKUP_HOST_SIZE, "localhost");
	if (host && *host)
		snprintf(ret, BACKUP_HOST_SIZE, "%s", host);
	else
		(void)gethostname(ret, BACKUP_HOST_SIZE - 1);
}

/* All that needs no reading: it borrows from the request and from argv. */
static void fill_options(struct backup_request *request)
{
	bool is_stream = arg_stdin || arg_command;

	request->save.paths = &request->paths;
	request->save.excludes = &request->excludes;
	request->save.reject = &request->reject;
	request->save.exclude_texts = &arg_excludes.plain;
	request->save.tags = &request->tags;
	request->save.hostname = request->hostname;
	request->save.program_version = "nexus-backup " NEXUS_VERSION;
	request->save.checkpoint_folder = request->checkpoint_folder;
	request->save.ignore_checkpoint = arg_force;
	request->save.stream_path = request->stream_path;
	request->save.stream_fd = STDIN_FILENO;
	request->save.one_file_system = arg_one_file_system;
	request->save.with_atime = arg_with_atime;
	request->save.ignore_inode = arg_ignore_inode;
	request->save.ignore_ctime = arg_ignore_ctime;
	request->save.skip_if_unchanged = arg_skip_if_unchanged;
	request->save.dry_run = arg_dry_run;
	request->save.count_first = !arg_no_scan && !is_stream;
	request->parent = arg_parent;
	request->without_parent = arg_force || is_stream;
}

int backup_options_read(const struct common *common, int argc, char **argv,
	struct backup_request *ret, struct err *err)
{
	int r = patterns_read(&arg_excludes, &ret->excludes, err);

	if (r >= 0)
		r = read_reject(&ret->reject, err);
	if (r >= 0)
		r = read_tags(&ret->tags, err);
	if (r >= 0)
		r = read_stream_name(&ret->stream_path, err);
	if (r >= 0)
		r = read_time(&ret->save.time, err);
	if (r >= 0)
		r = read_page_chunks(&ret->save.cuts, err);
	if (r >= 0)
		r = read_checkpoint(common, &ret->checkpoint_folder, &ret->save.checkpoint_us, err);
	if (r >= 0)
		r = group_by_parse(arg_group_by, &ret->group_by, err);
	if (r >= 0)
		r = read_paths(common, argc, argv, &ret->paths, &ret->missing, err);
	if (r < 0)
		return r;
	read_host(ret->hostname);
	ret->command = arg_command ? argv : NULL;
	fill_options(ret);
	return 0;
}

void backup_options_done(struct backup_request *request)
{
	str_list_done(&request->paths);
	str_list_done(&request->tags);
	filter_done(&request->excludes);
	reject_done(&request->reject);
	free(request->stream_path);
	free(request->checkpoint_folder);
}
