/* The first process of a virtual PC that does nothing but cut-work: loads the modules that /modules
 * lists, mounts the disk and starts the work on it. On the kernel's command line: cut.mode=MODE,
 * and cut.mount=OPTIONS for ext4. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DISK "/dev/vda"
#define BOOTSTATE DISK "1"
#define BOX_DATA DISK "2"
#define WORDS "/dev/ttyS1"
#define TRIES 500
#define TRY_US 10000

static void stand_still(const char *what)
{
	perror(what);
	for (;;)
		pause();
}

static void mount_at(const char *what, const char *where, const char *type, const char *options)
{
	(void)mkdir(where, 0755);
	if (mount(what, where, type, MS_NOATIME, options) < 0)
		stand_still(where);
}

static void load_modules(void)
{
	FILE *list = fopen("/modules", "re");
	char name[256];

	while (list && fgets(name, sizeof(name), list)) {
		int fd;

		name[strcspn(name, "\n")] = '\0';
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			perror(name);
		if (fd >= 0)
			close(fd);
	}
	if (list)
		fclose(list);
}

/* The value of a word of the command line, or "". */
static void word_of(const char *line, const char *name, char *ret, size_t room)
{
	const char *at = strstr(line, name);

	snprintf(ret, room, "%.*s", at ? (int)strcspn(at + strlen(name), " \n") : 0,
		at ? at + strlen(name) : "");
}

int main(void)
{
	char line[4096] = "", mode[64], options[64];
	const char *disk;
	FILE *file;

	mount_at("proc", "/proc", "proc", NULL);
	mount_at("dev", "/dev", "devtmpfs", NULL);
	file = fopen("/proc/cmdline", "re");
	if (!file || !fgets(line, sizeof(line), file))
		stand_still("/proc/cmdline");
	word_of(line, "cut.mode=", mode, sizeof(mode));
	word_of(line, "cut.mount=", options, sizeof(options));
	load_modules();
	disk = strcmp(mode, "box") == 0 ? BOX_DATA : DISK;
	for (int i = 0; i < TRIES && access(disk, F_OK) < 0; i++)
		usleep(TRY_US);
	mount_at(disk, "/data", "ext4", options);
	if (strcmp(mode, "box") == 0) {
		setenv("HOME", "/data", 1);
		if (fork() == 0) {
			execl("/cut-box", "cut-box", "/data", BOOTSTATE, WORDS, (char *)NULL);
			stand_still("/cut-box");
		}
		snprintf(mode, sizeof(mode), "good");
	}
	execl("/cut-work", "cut-work", "run", "/data", WORDS, mode, (char *)NULL);
	stand_still("/cut-work");
}
