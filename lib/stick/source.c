#include "stick/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "hw/grubenv.h"
#include "stick/seed.h"

#define MANIFEST_PATH "nexus/image.json"

static const char *const parts_needed[] = {
	"nexus-bios", "nexus-esp", "nexus-bootstate", "nexus-live-kernel", "nexus-live-root"};

const struct hw_table_part *source_part(const struct source *source, const char *name)
{
	return hw_table_find(&source->table, name);
}

struct copy_place source_place(const struct source *source, const char *name)
{
	const struct hw_table_part *part = source_part(source, name);

	return (struct copy_place){
		.fd = source->fd, .offset = part->start * HW_TABLE_SECTOR, .name = part->name};
}

char *source_mtools_image(const struct source *source, const char *name)
{
	const struct hw_table_part *part = source_part(source, name);

	return part ? seed_mtools_image(source->path, part->start * HW_TABLE_SECTOR) : NULL;
}

static uint64_t part_bytes(const struct source *source, const char *name)
{
	return source_part(source, name)->size * HW_TABLE_SECTOR;
}

static int open_past_cache(const char *path, int *ret, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	/* An image file may lie where O_DIRECT is not to be had, as in memory. */
	if (fd < 0 && errno == EINVAL)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "open %s", path);
	*ret = fd;
	return 0;
}

static int parts_check(const struct source *source, struct err *err)
{
	for (size_t i = 0; i < sizeof(parts_needed) / sizeof(parts_needed[0]); i++) {
		const struct hw_table_part *part = source_part(source, parts_needed[i]);

		if (!part)
			return err_set(err, ERR_NOT_FOUND, ENOENT,
				"open %s: it is no Nexus stick: no partition %s", source->path,
				parts_needed[i]);
		if (part->start % 8 || part->size % 8)
			return err_set(err, ERR_CORRUPT, EBADMSG,
				"open %s: partition %s does not lie on whole blocks", source->path,
				parts_needed[i]);
	}
	return 0;
}

static int manifest_load(struct source *source, struct err *err)
{
	cleanup_free char *image = source_mtools_image(source, "nexus-esp");
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	if (!image)
		return err_oom(err);
	r = seed_file_read(image, MANIFEST_PATH, MANIFEST_SIZE_MAX, &text, &size, err);
	if (r >= 0)
		r = manifest_parse(text, size, &source->manifest, err);
	if (r < 0)
		return err_wrap(err, "read list of contents of %s", source->path);
	return 0;
}

int source_open(const char *path, struct source *ret, struct err *err)
{
	cleanup_source struct source source = SOURCE_INIT;
	struct stat st;
	int r;

	source.path = realpath(path, NULL);
	if (!source.path)
		return err_errno(err, errno, "open %s", path);
	r = open_past_cache(source.path, &source.fd, err);
	if (r < 0)
		return r;
	if (fstat(source.fd, &st) < 0)
		return err_errno(err, errno, "open %s", path);
	source.device = S_ISBLK(st.st_mode) ? st.st_rdev : 0;
	r = hw_table_read(source.path, &source.table, err);
	if (r >= 0)
		r = parts_check(&source, err);
	if (r >= 0)
		r = manifest_load(&source, err);
	if (r < 0)
		return r;
	*ret = source;
	source = SOURCE_INIT;
	return 0;
}

void source_done(struct source *source)
{
	free(source->path);
	free(source->esp);
	free(source->bootstate);
	manifest_done(&source->manifest);
	if (source->fd >= 0)
		close(source->fd);
	*source = SOURCE_INIT;
}

static const char *const piece_names[SOURCE_PIECES] = {
	[SOURCE_PIECE_BOOT_CODE] = "boot code",
	[SOURCE_PIECE_BOOTSTATE] = "nexus-bootstate",
	[SOURCE_PIECE_BIOS] = "nexus-bios",
	[SOURCE_PIECE_ESP] = "nexus-esp",
	[SOURCE_PIECE_KERNEL] = "nexus-live-kernel",
	[SOURCE_PIECE_ROOT] = "nexus-live-root",
};

const char *source_piece_name(enum source_piece piece)
{
	return piece_names[piece];
}

/* How much of a piece is copied elsewhere. */
static uint64_t piece_bytes(const struct source *source, enum source_piece piece)
{
	switch (piece) {
	case SOURCE_PIECE_BIOS:
		return source->manifest.bios.size_bytes;
	case SOURCE_PIECE_KERNEL:
		return source->manifest.kernel.size_bytes;
	case SOURCE_PIECE_ROOT:
		return source->manifest.root.size_bytes;
	case SOURCE_PIECE_ESP:
	case SOURCE_PIECE_BOOTSTATE:
		return part_bytes(source, piece_names[piece]);
	case SOURCE_PIECE_BOOT_CODE:
	case SOURCE_PIECES:
		break;
	}
	return 0;
}

uint64_t source_verify_bytes(const struct source *source)
{
	uint64_t sum = COPY_BLOCK;

	for (enum source_piece i = 0; i < SOURCE_PIECES; i++)
		sum += piece_bytes(source, i);
	return sum;
}

static int size_check(const struct source *source, enum source_piece piece, struct err *err)
{
	const char *name = piece_names[piece];
	uint64_t bytes = piece_bytes(source, piece);

	if (piece == SOURCE_PIECE_BOOT_CODE)
		return 0;
	if (bytes > part_bytes(source, name))
		return err_set(err, ERR_CORRUPT, EFBIG, "%s is smaller than image.json says", name);
	if ((piece == SOURCE_PIECE_ESP && (bytes <= SOURCE_ESP_HEAD || bytes > SOURCE_ESP_MAX)) ||
		(piece == SOURCE_PIECE_BOOTSTATE && (bytes < SOURCE_BOOTSTATE_OFFSET + COPY_BLOCK ||
							    bytes > SOURCE_BOOTSTATE_MAX)))
		return err_set(err, ERR_CORRUPT, EBADMSG, "%s has a wrong size", name);
	return 0;
}

static int boot_code_verify(struct source *source, struct copy *copy, struct err *err)
{
	struct copy_place start = {.fd = source->fd, .name = "boot code"};
	static const uint8_t nothing[SOURCE_BOOT_CODE];
	const struct manifest_part *wanted = &source->manifest.boot_code;
	uint8_t block[COPY_BLOCK], digest[HASH_SIZE];
	int r;

	r = copy_read(copy, start, block, sizeof(block), err);
	if (r < 0)
		return r;
	if (memcmp(block, nothing, SOURCE_BOOT_CODE) == 0)
		return err_set(err, ERR_CORRUPT, EBADMSG, "check boot code: sector 0 has none");
	if (wanted->size_bytes != SOURCE_BOOT_CODE)
		return err_set(err, ERR_CORRUPT, EBADMSG, "check boot code: it has another size");
	r = hash_once(copy->hash, block, SOURCE_BOOT_CODE, digest, err);
	if (r < 0)
		return r;
	if (memcmp(digest, wanted->sha256, HASH_SIZE) != 0)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"check boot code: it is damaged (sha256 differs)");
	memcpy(source->boot_code, block, SOURCE_BOOT_CODE);
	return 0;
}

static int files_verify(struct source *source, struct copy *copy, struct err *err)
{
	cleanup_free char *image = source_mtools_image(source, "nexus-esp");

	if (!image)
		return err_oom(err);
	for (size_t i = 0; i < source->manifest.file_count; i++) {
		const struct manifest_file *file = &source->manifest.files[i];
		cleanup_free char *data = NULL;
		uint8_t digest[HASH_SIZE];
		size_t size;
		int r;

		r = seed_file_read(
			image, file->path, part_bytes(source, "nexus-esp"), &data, &size, err);
		if (r >= 0)
			r = hash_once(copy->hash, data, size, digest, err);
		if (r >= 0 && memcmp(digest, file->sha256, HASH_SIZE) != 0)
			r = err_set(err, ERR_CORRUPT, EBADMSG,
				"check %s: it is damaged (sha256 differs)", file->path);
		if (r < 0)
			return err_wrap(err, "check ESP");
	}
	return 0;
}

/* Reads a partition whole into memory of our own. */
static int load(const struct source *source, const char *part, struct copy *copy, uint8_t **at,
	size_t *ret_bytes, struct err *err)
{
	size_t bytes = (size_t)part_bytes(source, part);
	int r;

	free(*at);
	*at = malloc(bytes);
	if (!*at)
		return err_oom(err);
	r = copy_read(copy, source_place(source, part), *at, bytes, err);
	if (r >= 0)
		*ret_bytes = bytes;
	return r;
}

static int bootstate_verify(struct source *source, struct copy *copy, struct err *err)
{
	struct hw_grubenv env;
	int r;

	r = load(
		source, "nexus-bootstate", copy, &source->bootstate, &source->bootstate_bytes, err);
	if (r < 0)
		return r;
	r = hw_grubenv_parse((const char *)source->bootstate + SOURCE_BOOTSTATE_OFFSET, &env, err);
	if (r < 0)
		return err_wrap(err, "check boot state");
	return 0;
}

static int piece_verify(
	struct source *source, enum source_piece piece, struct copy *copy, struct err *err)
{
	const struct manifest *m = &source->manifest;
	int r;

	switch (piece) {
	case SOURCE_PIECE_BOOT_CODE:
		return boot_code_verify(source, copy, err);
	case SOURCE_PIECE_BOOTSTATE:
		return bootstate_verify(source, copy, err);
	case SOURCE_PIECE_ESP:
		r = load(source, piece_names[piece], copy, &source->esp, &source->esp_bytes, err);
		return r < 0 ? r : files_verify(source, copy, err);
	case SOURCE_PIECE_BIOS:
		return copy_check(copy, source_place(source, piece_names[piece]),
			m->bios.size_bytes, m->bios.sha256, err);
	case SOURCE_PIECE_KERNEL:
		return copy_check(copy, source_place(source, piece_names[piece]),
			m->kernel.size_bytes, m->kernel.sha256, err);
	case SOURCE_PIECE_ROOT:
		return copy_check(copy, source_place(source, piece_names[piece]),
			m->root.size_bytes, m->root.sha256, err);
	case SOURCE_PIECES:
		break;
	}
	return err_set(err, ERR_BUG, EINVAL, "check piece %d", (int)piece);
}

int source_check(struct source *source, enum source_piece piece, struct copy *copy, struct err *err)
{
	int r = size_check(source, piece, err);

	return r < 0 ? r : piece_verify(source, piece, copy, err);
}

int source_verify(struct source *source, const uint64_t room[SOURCE_PIECES], struct copy *copy,
	struct err *err)
{
	int r = 0;

	for (enum source_piece i = 0; i < SOURCE_PIECES && r >= 0; i++) {
		r = size_check(source, i, err);
		if (r >= 0 && room && piece_bytes(source, i) > room[i])
			r = err_set(err, ERR_CONFIG, EFBIG, "%s does not fit where it goes",
				piece_names[i]);
	}
	for (enum source_piece i = 0; i < SOURCE_PIECES && r >= 0; i++)
		r = piece_verify(source, i, copy, err);
	if (r < 0)
		return err_wrap(err, "check stick %s", source->path);
	return 0;
}
