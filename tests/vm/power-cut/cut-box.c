/* What a box does beside its programs, with the box's own programs: backs up, and marks its slot
 * good. cut-box FOLDER BOOTSTATE WORDS In FOLDER are tree, repo, key, and root: a box's folders for
 * nexus-bootstate. Each round counts a boot in BOOTSTATE as GRUB does, in one sector that nobody
 * waits for, and has the slot marked good: "marked N" says that ROUND=N is durable there. Then it
 * adds a file to the tree and backs it up: "backed up N". */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"

#define SECTOR 512
#define FILE_BYTES 200000
#define TIMEOUT_US (600ull * 1000 * 1000)

/* Puts text over what stands behind name; both keep their length. */
static int set(char *block, const char *name, const char *text, struct err *err)
{
	char *at = strstr(block, name);

	if (!at)
		return err_set(err, ERR_CORRUPT, EBADMSG, "count boot: no %s", name);
	memcpy(at + strlen(name), text, strlen(text));
	return 0;
}

static int count_boot(const char *path, unsigned number, struct err *err)
{
	cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);
	char block[SECTOR + 1] = "", text[16];
	int r;

	if (fd < 0)
		return err_errno(err, errno, "open %s", path);
	r = file_pread_full(fd, block, SECTOR, 0, path, err);
	snprintf(text, sizeof(text), "%06u", number);
	if (r >= 0)
		r = set(block, "\nROUND=", text, err);
	if (r >= 0)
		r = set(block, "\nA_TRY=", "1", err);
	if (r >= 0 && pwrite(fd, block, SECTOR, 0) != SECTOR)
		r = err_errno(err, errno ? errno : EIO, "write %s", path);
	return r;
}

static int add_file(unsigned number, struct err *err)
{
	static char bytes[FILE_BYTES];
	uint32_t x = number;
	char name[32];
	FILE *file;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (char)(x >> 24);
	}
	snprintf(name, sizeof(name), "tree/file-%u", number);
	file = fopen(name, "we");
	if (!file)
		return err_errno(err, errno, "open %s", name);
	if (fwrite(bytes, sizeof(bytes), 1, file) != 1 || fclose(file) != 0)
		return err_errno(err, errno, "write %s", name);
	return 0;
}

static int run(char **argv, FILE *words, struct err *err)
{
	static const char *const mark[] = {"/nexus-bootstate", "--root", "root", "mark-good", NULL};
	static const char *const backup[] = {
		"/nexus-backup", "-r", "repo", "-p", "key", "backup", "-q", "tree", NULL};
	const struct proc_options options = {.timeout_us = TIMEOUT_US};
	int r = 0;

	for (unsigned number = 1; r >= 0; number++) {
		r = count_boot(argv[2], number, err);
		if (r >= 0)
			r = proc_run_ok(mark, &options, NULL, err);
		if (r < 0)
			break;
		fprintf(words, "marked %u\n", number);
		r = add_file(number, err);
		if (r >= 0)
			r = proc_run_ok(backup, &options, NULL, err);
		if (r >= 0)
			fprintf(words, "backed up %u\n", number);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	FILE *words;

	if (argc != 4) {
		fputs("usage: cut-box FOLDER BOOTSTATE WORDS\n", stderr);
		return 2;
	}
	words = fopen(argv[3], "we");
	if (!words || chdir(argv[1]) < 0) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(words, NULL, _IOLBF, 0);
	(void)run(argv, words, &err);
	fprintf(words, "broken %s\n", err.text);
	return 1;
}
