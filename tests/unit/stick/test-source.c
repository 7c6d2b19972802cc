#include "stick/source.h"

#include <string.h>

#include "../check_dir.h"
#include "base/hex.h"
#include "base/proc.h"
#include "hw/grubenv.h"
#include "stick/seed.h"

/* The stick: where its partitions are, in sectors. */
enum {
	BIOS = 2048,
	ESP = 4096,
	BOOTSTATE = 8192,
	KERNEL = 10240,
	ROOT = 12288,
	SECTORS = 16384,
};
#define BIOS_BYTES 123457
#define KERNEL_BYTES (1u << 20)
#define ROOT_BYTES 777777
#define GRUB_CFG "set timeout=1\n"
#define TABLE                                                                                      \
	"label: gpt\n"                                                                             \
	"start=2048, size=2048, name=nexus-bios\n"                                                 \
	"start=4096, size=4096, name=nexus-esp\n"                                                  \
	"start=8192, size=2048, name=nexus-bootstate\n"                                            \
	"start=10240, size=2048, name=nexus-live-kernel\n"                                         \
	"start=12288, size=2048, name=nexus-live-root\n"

static char stick[128];
static int stick_fd;
static uint8_t image[SECTORS * 512u]; /* its bytes before table and ESP */

static void tool(const char *const *argv, const char *input)
{
	const struct proc_options options = {.input = input,
		.input_size = input ? strlen(input) : 0,
		.timeout_us = 20 * 1000000};
	struct err err = ERR_INIT;

	ck_assert_msg(proc_run_ok(argv, &options, NULL, &err) == 0, "%s", err.text);
}

static void digest_text(const void *data, size_t size, char ret_text[2 * HASH_SIZE + 1])
{
	cleanup_hash struct hash *hash = NULL;
	uint8_t digest[HASH_SIZE];
	struct err err = ERR_INIT;

	ck_assert_int_eq(hash_new(&hash, &err), 0);
	ck_assert_int_eq(hash_once(hash, data, size, digest, &err), 0);
	hex_format(digest, HASH_SIZE, ret_text);
}

static char *manifest_text(void)
{
	char kernel[65], root[65], bios[65], boot[65], grub[65];

	digest_text(image + KERNEL * 512, KERNEL_BYTES, kernel);
	digest_text(image + ROOT * 512, ROOT_BYTES, root);
	digest_text(image + BIOS * 512, BIOS_BYTES, bios);
	digest_text(image, SOURCE_BOOT_CODE, boot);
	digest_text(GRUB_CFG, strlen(GRUB_CFG), grub);
	return str_printf("{\"schema\":\"nexus.image/1\",\"distribution\":\"debian\","
			  "\"suite\":\"trixie\",\"version\":\"0.1.0\",\"build_epoch\":1790000000,"
			  "\"kernel\":{\"size_bytes\":%u,\"sha256\":\"%s\"},"
			  "\"root\":{\"size_bytes\":%u,\"sha256\":\"%s\"},"
			  "\"bios\":{\"size_bytes\":%u,\"sha256\":\"%s\"},"
			  "\"boot_code\":{\"size_bytes\":%d,\"sha256\":\"%s\"},"
			  "\"esp_files\":{\"grub.cfg\":\"%s\"}}",
		KERNEL_BYTES, kernel, ROOT_BYTES, root, BIOS_BYTES, bios, SOURCE_BOOT_CODE, boot,
		grub);
}

static void put(uint64_t offset, const void *data, size_t size)
{
	ck_assert_int_eq(pwrite(stick_fd, data, size, (off_t)offset), (ssize_t)size);
}

static void make_stick(const char *table)
{
	cleanup_free char *esp = seed_mtools_image(stick, ESP * 512);
	cleanup_free char *manifest = NULL;
	struct hw_grubenv env = {0};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 2654435761u >> 11);
	ck_assert_int_eq(hw_grubenv_set(&env, "MODE", "live", &err), 0);
	ck_assert_int_eq(hw_grubenv_format(&env,
				 (char *)image + BOOTSTATE * 512 + SOURCE_BOOTSTATE_OFFSET, &err),
		0);
	put(0, image, sizeof(image));
	ck_assert_int_eq(ftruncate(stick_fd, sizeof(image) + (1 << 20)), 0);
	tool((const char *const[]){"sfdisk", "--quiet", "--wipe=always", stick, NULL}, table);
	put(0, image, SOURCE_BOOT_CODE);
	tool((const char *const[]){"mformat", "-i", esp, "-T", "4096", "::", NULL}, NULL);
	tool((const char *const[]){"mmd", "-i", esp, "::/nexus", NULL}, NULL);
	manifest = manifest_text();
	ck_assert_int_eq(seed_file_write(esp, "grub.cfg", GRUB_CFG, &err), 0);
	ck_assert_int_eq(seed_file_write(esp, "nexus/image.json", manifest, &err), 0);
}

static void setup(void)
{
	setenv("MTOOLS_SKIP_CHECK", "1", 1);
	check_dir_make();
	snprintf(stick, sizeof(stick), "%s/stick", check_dir);
	stick_fd = open(stick, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(stick_fd, 0);
}

static void teardown(void)
{
	close(stick_fd);
	check_dir_remove();
}

static void tell(void *context, uint64_t bytes)
{
	*(uint64_t *)context += bytes;
}

static int verify(struct source *source, const uint64_t *room, struct err *err)
{
	cleanup_copy struct copy copy = {0};
	uint64_t told = 0;
	int r;

	ck_assert_int_eq(copy_init(&copy, NULL, err), 0);
	copy.progress = tell;
	copy.context = &told;
	r = source_verify(source, room, &copy, err);
	if (r >= 0)
		ck_assert_uint_eq(told, source_verify_bytes(source));
	return r;
}

START_TEST(opens_and_verifies)
{
	cleanup_source struct source source = SOURCE_INIT;
	cleanup_free char *link = str_printf("%s/link", check_dir);
	cleanup_free char *esp = NULL;
	struct err err = ERR_INIT;

	make_stick(TABLE);
	ck_assert_int_eq(symlink("stick", link), 0);
	ck_assert_msg(source_open(link, &source, &err) == 0, "%s", err.text);
	ck_assert_str_eq(source.path, stick); /* links are followed once, for good */
	ck_assert_uint_eq(source.device, 0);
	ck_assert_str_eq(source.manifest.version, "0.1.0");
	ck_assert_uint_eq(source_part(&source, "nexus-live-root")->start, ROOT);
	ck_assert_uint_eq(source_place(&source, "nexus-live-root").offset, ROOT * 512);
	ck_assert_ptr_null(source_mtools_image(&source, "nexus-seed"));
	ck_assert_uint_eq(source_verify_bytes(&source),
		KERNEL_BYTES + ROOT_BYTES + BIOS_BYTES + (4096 + 2048 + 8) * 512);
	ck_assert_msg(verify(&source, NULL, &err) == 0, "%s", err.text);
	/* What will be written is what was read. */
	ck_assert_mem_eq(source.boot_code, image, SOURCE_BOOT_CODE);
	ck_assert_uint_eq(source.bootstate_bytes, 2048 * 512);
	ck_assert_mem_eq(source.bootstate, image + BOOTSTATE * 512, 2048 * 512);
	ck_assert_uint_eq(source.esp_bytes, 4096 * 512);
	esp = malloc(source.esp_bytes);
	ck_assert_int_eq(pread(stick_fd, esp, source.esp_bytes, ESP * 512), 4096 * 512);
	ck_assert_mem_eq(source.esp, esp, source.esp_bytes);
}
END_TEST

/* One byte of the stick is another, and what is said about it. */
static const struct {
	uint64_t offset;
	const char *complaint;
} damages[] = {
	{0, "boot code: it is damaged"},
	{SOURCE_BOOT_CODE - 1, "boot code: it is damaged"},
	{BIOS * 512, "nexus-bios"},
	{BIOS * 512 + BIOS_BYTES - 1, "nexus-bios"},
	{BIOS * 512 + BIOS_BYTES, NULL}, /* past its end: nobody's */
	{KERNEL * 512 + 500000, "nexus-live-kernel"},
	{KERNEL * 512 + KERNEL_BYTES - 1, "nexus-live-kernel"},
	{ROOT * 512, "nexus-live-root"},
	{ROOT * 512 + ROOT_BYTES - 1, "nexus-live-root"},
	{BOOTSTATE * 512 + SOURCE_BOOTSTATE_OFFSET, "check boot state"},
};

START_TEST(finds_damage)
{
	cleanup_source struct source source = SOURCE_INIT;
	struct err err = ERR_INIT;
	uint8_t byte;
	int r;

	make_stick(TABLE);
	ck_assert_int_eq(source_open(stick, &source, &err), 0);
	byte = (uint8_t)(image[damages[_i].offset] ^ 0x55);
	put(damages[_i].offset, &byte, 1);
	fsync(stick_fd);
	r = verify(&source, NULL, &err);
	if (!damages[_i].complaint) {
		ck_assert_msg(r == 0, "%s", err.text);
		return;
	}
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, damages[_i].complaint) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "check stick "));
}
END_TEST

/* Each piece by itself: one is damaged, the others are good. */
START_TEST(checks_pieces)
{
	static const uint64_t places[SOURCE_PIECES] = {
		[SOURCE_PIECE_BOOT_CODE] = 7,
		[SOURCE_PIECE_BOOTSTATE] = BOOTSTATE * 512 + SOURCE_BOOTSTATE_OFFSET,
		[SOURCE_PIECE_BIOS] = BIOS * 512 + 9,
		[SOURCE_PIECE_KERNEL] = KERNEL * 512 + 9,
		[SOURCE_PIECE_ROOT] = ROOT * 512 + 9,
	};
	cleanup_source struct source source = SOURCE_INIT;
	cleanup_copy struct copy copy = {0};
	struct err err = ERR_INIT;
	uint8_t byte;

	make_stick(TABLE);
	if (places[_i]) {
		byte = (uint8_t)(image[places[_i]] ^ 0x55);
		put(places[_i], &byte, 1);
	}
	fsync(stick_fd);
	ck_assert_int_eq(copy_init(&copy, NULL, &err), 0);
	ck_assert_int_eq(source_open(stick, &source, &err), 0);
	for (enum source_piece i = 0; i < SOURCE_PIECES; i++)
		ck_assert_msg(source_check(&source, i, &copy, &err) ==
				      (places[_i] && i == (unsigned)_i ? -EBADMSG : 0),
			"%s", source_piece_name(i));
}
END_TEST

START_TEST(finds_damaged_files)
{
	static const uint8_t nothing[SOURCE_BOOT_CODE];
	cleanup_hash struct hash *hash = NULL;
	cleanup_source struct source source = SOURCE_INIT;
	cleanup_free char *esp = seed_mtools_image(stick, ESP * 512);
	struct err err = ERR_INIT;

	make_stick(TABLE);
	ck_assert_int_eq(source_open(stick, &source, &err), 0);
	ck_assert_int_eq(seed_file_write(esp, "grub.cfg", "set timeout=9\n", &err), 0);
	ck_assert_int_eq(verify(&source, NULL, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "grub.cfg: it is damaged"));
	tool((const char *const[]){"mdel", "-i", esp, "::/grub.cfg", NULL}, NULL);
	ck_assert_int_eq(verify(&source, NULL, &err), -ENOENT);
	ck_assert_int_eq(seed_file_write(esp, "grub.cfg", GRUB_CFG, &err), 0);
	ck_assert_int_eq(verify(&source, NULL, &err), 0);
	/* No boot code at all, even where the list has its digest. */
	put(0, nothing, SOURCE_BOOT_CODE);
	ck_assert_int_eq(hash_new(&hash, &err), 0);
	ck_assert_int_eq(
		hash_once(hash, nothing, SOURCE_BOOT_CODE, source.manifest.boot_code.sha256, &err),
		0);
	ck_assert_int_eq(verify(&source, NULL, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "sector 0 has none"));
}
END_TEST

/* What of the list and the tables does not go together. A size of 0: as it is. */
static const struct {
	uint64_t kernel, root, bios, boot_code; /* bytes in the list */
	const char *part; /* a partition of the stick's ... */
	uint64_t sectors; /* ... and its size */
	enum source_piece slot; /* where that piece goes ... */
	uint64_t slot_bytes; /* ... there is so much room */
	int code;
	enum err_kind kind;
} sizes[] = {
	{.kernel = KERNEL_BYTES + 1, .code = -EFBIG, .kind = ERR_CORRUPT},
	{.root = 2048 * 512 + 1, .code = -EFBIG, .kind = ERR_CORRUPT},
	{.bios = 2048 * 512 + 1, .code = -EFBIG, .kind = ERR_CORRUPT},
	{.boot_code = 439, .code = -EBADMSG, .kind = ERR_CORRUPT},
	{.slot = SOURCE_PIECE_KERNEL, .slot_bytes = 2047 * 512, .code = -EFBIG, .kind = ERR_CONFIG},
	{.slot = SOURCE_PIECE_KERNEL, .slot_bytes = 2048 * 512, .code = 0},
	{.slot = SOURCE_PIECE_ROOT,
		.slot_bytes = ROOT_BYTES - 1,
		.code = -EFBIG,
		.kind = ERR_CONFIG},
	{.slot = SOURCE_PIECE_ROOT, .slot_bytes = ROOT_BYTES, .code = 0},
	{.slot = SOURCE_PIECE_BIOS,
		.slot_bytes = BIOS_BYTES - 1,
		.code = -EFBIG,
		.kind = ERR_CONFIG},
	{.slot = SOURCE_PIECE_ESP, .slot_bytes = 4095 * 512, .code = -EFBIG, .kind = ERR_CONFIG},
	{.slot = SOURCE_PIECE_ESP, .slot_bytes = 4096 * 512, .code = 0},
	{.slot = SOURCE_PIECE_BOOTSTATE,
		.slot_bytes = 2047 * 512,
		.code = -EFBIG,
		.kind = ERR_CONFIG},
	{.part = "nexus-esp",
		.sectors = SOURCE_ESP_HEAD / 512,
		.code = -EBADMSG,
		.kind = ERR_CORRUPT},
	{.part = "nexus-esp",
		.sectors = SOURCE_ESP_MAX / 512 + 1,
		.code = -EBADMSG,
		.kind = ERR_CORRUPT},
	{.part = "nexus-bootstate", .sectors = 15, .code = -EBADMSG, .kind = ERR_CORRUPT},
	{.part = "nexus-bootstate", .sectors = 16, .code = 0},
	{.part = "nexus-bootstate",
		.sectors = SOURCE_BOOTSTATE_MAX / 512 + 1,
		.code = -EBADMSG,
		.kind = ERR_CORRUPT},
};

START_TEST(compares_sizes)
{
	cleanup_source struct source source = SOURCE_INIT;
	struct manifest *m = &source.manifest;
	uint64_t room[SOURCE_PIECES];
	struct err err = ERR_INIT;
	int r;

	make_stick(TABLE);
	ck_assert_int_eq(source_open(stick, &source, &err), 0);
	m->kernel.size_bytes = sizes[_i].kernel ? sizes[_i].kernel : m->kernel.size_bytes;
	m->root.size_bytes = sizes[_i].root ? sizes[_i].root : m->root.size_bytes;
	m->bios.size_bytes = sizes[_i].bios ? sizes[_i].bios : m->bios.size_bytes;
	if (sizes[_i].boot_code)
		m->boot_code.size_bytes = sizes[_i].boot_code;
	for (size_t i = 0; i < source.table.count; i++)
		if (str_equal(source.table.parts[i].name, sizes[_i].part))
			source.table.parts[i].size = sizes[_i].sectors;
	memset(room, 0xff, sizeof(room));
	if (sizes[_i].slot_bytes)
		room[sizes[_i].slot] = sizes[_i].slot_bytes;
	r = verify(&source, room, &err);
	ck_assert_msg(r == sizes[_i].code, "%d, %s", r, err.text);
	if (r < 0)
		ck_assert_int_eq(err.kind, sizes[_i].kind);
}
END_TEST

/* Tables of what is no stick of ours, or a damaged one: a text in TABLE and another for it. */
static const struct {
	const char *old, *new;
	int code;
	const char *complaint;
} tables[] = {
	{"nexus-bios", "nexus-b", -ENOENT, "no partition nexus-bios"},
	{"nexus-esp", "efi", -ENOENT, "no partition nexus-esp"},
	{"nexus-bootstate", "x", -ENOENT, "no partition nexus-bootstate"},
	{"nexus-live-kernel", "nexus-kernel-a", -ENOENT, "no partition nexus-live-kernel"},
	{"nexus-live-root", "nexus-root-a", -ENOENT, "no partition nexus-live-root"},
	{"start=10240, size=2048", "start=10244, size=2040", -EBADMSG, "nexus-live-kernel"},
	{"start=12288, size=2048", "start=12288, size=2044", -EBADMSG, "nexus-live-root"},
};

START_TEST(refuses_tables)
{
	const char *at = strstr(TABLE, tables[_i].old);
	cleanup_free char *table = str_printf(
		"%.*s%s%s", (int)(at - TABLE), TABLE, tables[_i].new, at + strlen(tables[_i].old));
	cleanup_source struct source source = SOURCE_INIT;
	struct err err = ERR_INIT;

	make_stick(table);
	ck_assert_int_eq(source_open(stick, &source, &err), tables[_i].code);
	ck_assert_msg(strstr(err.text, tables[_i].complaint) != NULL, "%s", err.text);
	ck_assert_int_eq(source.fd, -1);
	ck_assert_ptr_null(source.path);
}
END_TEST

START_TEST(refuses_other_files)
{
	cleanup_source struct source source = SOURCE_INIT;
	cleanup_free char *missing = str_printf("%s/not-there", check_dir);
	cleanup_free char *esp = seed_mtools_image(stick, ESP * 512);
	struct err err = ERR_INIT;

	ck_assert_int_eq(source_open(missing, &source, &err), -ENOENT);
	put(0, "no stick", 8);
	ck_assert_int_eq(ftruncate(stick_fd, 1 << 20), 0);
	ck_assert_int_eq(source_open(stick, &source, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "no Nexus stick"));
	make_stick(TABLE);
	ck_assert_int_eq(seed_file_write(esp, "nexus/image.json", "{\"schema\":1}", &err), 0);
	ck_assert_int_eq(source_open(stick, &source, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "read list of contents of "));
	tool((const char *const[]){"mdel", "-i", esp, "::/nexus/image.json", NULL}, NULL);
	ck_assert_int_eq(source_open(stick, &source, &err), -ENOENT);
	ck_assert_int_eq(source.fd, -1);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("source");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, opens_and_verifies);
	tcase_add_loop_test(tcase, finds_damage, 0, COUNT(damages));
	tcase_add_loop_test(tcase, checks_pieces, 0, SOURCE_PIECES);
	tcase_add_test(tcase, finds_damaged_files);
	tcase_add_loop_test(tcase, compares_sizes, 0, COUNT(sizes));
	tcase_add_loop_test(tcase, refuses_tables, 0, COUNT(tables));
	tcase_add_test(tcase, refuses_other_files);
	return unit_main("source", tcase);
}
