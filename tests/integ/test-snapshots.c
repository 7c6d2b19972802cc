/* Puts snapshots into a repository as they are told, one JSON text a line on stdin, whatever it
 * says and at once: test-snapshots REPOSITORY PASSWORD. Prints their ids. */
#include <stdio.h>
#include <string.h>

#include "repo/repository.h"
#include "store/local.h"

static int save_line(struct repository *repository, const char *line, size_t size, struct err *err)
{
	char name[ID_TEXT_SIZE];
	struct id id;
	int r = repository_save_file(
		repository, repository_codec(repository), STORE_SNAPSHOT, line, size, &id, err);

	if (r < 0)
		return r;
	id_format(&id, name);
	puts(name);
	return 0;
}

static int save_all(const char *path, const char *password, struct err *err)
{
	cleanup_repository struct repository *repository = NULL;
	cleanup_free char *line = NULL;
	struct store *store;
	size_t allocated = 0;
	ssize_t size;
	int r = local_store_open(path, false, &store, err);

	if (r >= 0)
		r = repository_open(store, password, NULL, &repository, err);
	while (r >= 0 && (size = getline(&line, &allocated, stdin)) > 0)
		r = save_line(repository, line, strcspn(line, "\n"), err);
	return r;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc != 3 || save_all(argv[1], argv[2], &err) < 0) {
		err_print(stderr, argv[0], &err);
		return 1;
	}
	return 0;
}
