#include "archive/select.h"

#include <errno.h>

#include "../unit.h"
#include "room.h"

/* Stores a snapshot made at a time, by a host, with one path and one tag. */
static void add(struct repository *repository, int64_t seconds, const char *host, const char *path,
	const char *tag)
{
	cleanup_snapshot struct snapshot snapshot = {.time = {seconds, 0}};
	cleanup_buf struct buf text = BUF_INIT(10000);
	struct err err = ERR_INIT;

	snapshot.hostname = strdup(host);
	ck_assert_int_eq(str_list_add(&snapshot.paths, path, &err), 0);
	ck_assert_int_eq(str_list_add(&snapshot.tags, tag, &err), 0);
	ck_assert_int_eq(snapshot_format(&snapshot, &text, &err), 0);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository),
				 STORE_SNAPSHOT, text.data, text.size, &snapshot.id, &err),
		0);
}

START_TEST(finding)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_select struct select_list list = {0};
	cleanup_str_list struct str_list hosts = {0}, tags = {0}, paths = {0};
	const struct select_filter filter = {.hosts = &hosts, .tags = &tags};
	const struct snapshot *found = NULL;
	cleanup_free char *folder = NULL;
	struct err err = ERR_INIT;
	char id[ID_TEXT_SIZE];

	ck_assert_int_eq(select_load(repository, &list, &err), 0); /* none yet */
	ck_assert_int_eq(select_find(&list, "latest", NULL, &found, &folder, &err), -ENOENT);
	ck_assert_int_eq(select_find(&list, "00", NULL, &found, &folder, &err), -ENOENT);
	ck_assert_ptr_null(found);
	add(repository, 300, "b", "/x", "t");
	add(repository, 100, "a", "/x", "t");
	add(repository, 200, "a", "/y", "u");
	ck_assert_int_eq(select_load(repository, &list, &err), 0);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_int_eq(list.items[0].time.seconds, 100); /* the oldest first */
	ck_assert_int_eq(select_find(&list, "latest:/a/b", NULL, &found, &folder, &err), 0);
	ck_assert_int_eq(found->time.seconds, 300);
	ck_assert_str_eq(folder, "/a/b");
	free(TAKE(folder));
	ck_assert_int_eq(str_list_add(&hosts, "a", &err), 0);
	ck_assert_int_eq(str_list_add(&tags, "t", &err), 0);
	ck_assert_int_eq(select_find(&list, "latest", &filter, &found, &folder, &err), 0);
	ck_assert_int_eq(found->time.seconds, 100);
	id_format(&list.items[1].id, id);
	id[10] = '\0';
	free(TAKE(folder));
	ck_assert_int_eq(select_find(&list, id, NULL, &found, &folder, &err), 0);
	ck_assert_ptr_eq(found, &list.items[1]);
	free(TAKE(folder));
	ck_assert_int_eq(str_list_add(&tags, "u", &err), 0); /* none has both */
	ck_assert_int_eq(select_find(&list, "latest", &filter, &found, &folder, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert_int_eq(select_find(&list, "", NULL, &found, &folder, &err), -EINVAL);
	ck_assert_int_eq(select_find(&list, "xyz", NULL, &found, &folder, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	/* A parent is the newest of the same host and paths. */
	ck_assert_int_eq(str_list_add(&paths, "/x", &err), 0);
	ck_assert_int_eq(select_parent(&list, "a", &paths)->time.seconds, 100);
	ck_assert_ptr_null(select_parent(&list, "c", &paths));
	ck_assert_int_eq(str_list_add(&paths, "/y", &err), 0);
	ck_assert_ptr_null(select_parent(&list, "a", &paths));
}
END_TEST

START_TEST(damaged_ones_are_counted)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_select struct select_list list = {0};
	struct err err = ERR_INIT;
	struct id id;

	add(repository, 100, "a", "/x", "t");
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository),
				 STORE_SNAPSHOT, "{\"no\":1}", 8, &id, &err),
		0);
	ck_assert_int_eq(select_load(repository, &list, &err), 0);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_uint_eq(list.damaged, 1);
	ck_assert_int_eq(list.err.kind, ERR_CORRUPT);
}
END_TEST

/* Two whose ids begin alike: one digit of 17 must. */
START_TEST(ambiguous)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_select struct select_list list = {0};
	const struct snapshot *found = NULL;
	cleanup_free char *folder = NULL;
	unsigned begins[16] = {0};
	struct err err = ERR_INIT;

	for (int i = 0; i < 17; i++)
		add(repository, i, "a", "/x", "t");
	ck_assert_int_eq(select_load(repository, &list, &err), 0);
	for (size_t i = 0; i < list.count; i++)
		begins[list.items[i].id.bytes[0] >> 4]++;
	for (unsigned digit = 0; digit < 16; digit++) {
		char text[2];

		snprintf(text, sizeof(text), "%x", digit);
		ck_assert_int_eq(select_find(&list, text, NULL, &found, &folder, &err),
			begins[digit] == 0   ? -ENOENT
			: begins[digit] == 1 ? 0
					     : -EINVAL);
		free(TAKE(folder));
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("select");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, finding);
	tcase_add_test(tcase, ambiguous);
	tcase_add_test(tcase, damaged_ones_are_counted);
	return unit_main("select", tcase);
}
