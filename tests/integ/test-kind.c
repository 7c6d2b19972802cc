/* test-kind FILE...: prints what kind each file is, by its first bytes, one word a line. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/cut/kind.h"

int main(int argc, char **argv)
{
	static const char *const words[] = {
		"none", "sqlite", "innodb", "postgres", "qcow2", "partitions", "filesystem"};
	static uint8_t head[KIND_HEAD];

	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		struct stat st;
		ssize_t n = fd < 0 || fstat(fd, &st) < 0 ? -1 : read(fd, head, sizeof(head));

		if (n < 0) {
			perror(argv[i]);
			return 1;
		}
		puts(words[kind_of(head, (size_t)n, (uint64_t)st.st_size)]);
		close(fd);
	}
	return 0;
}
