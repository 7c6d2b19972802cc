#include "provision/box.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/proc.h"
#include "base/str.h"
#include "json/json.h"

#define AGENT_USER "nexus-agent"
#define IDENTITY_DIR "var/lib/nexus-identity"
#define AGENT_DIR "var/lib/nexus-agent"
#define HOST_KEY IDENTITY_DIR "/ssh/ssh_host_ed25519_key"
#define ADOPTION AGENT_DIR "/adoption.json"
#define ADOPTION_SIZE_MAX 4096u
#define TOOL_TIMEOUT_US (600ull * 1000 * 1000)

/* The data partition while it is filled. */
struct filling {
	const char *root; /* borrowed; where the image is mounted */
	const char *data; /* borrowed; where the data partition is mounted */
	int data_fd; /* owned */
	int64_t now_s;
	struct box box;
};

static void cleanup_filling_fn(struct filling *filling)
{
	if (filling->data_fd >= 0)
		close(filling->data_fd);
}

static int random_id(char ret_text[33], struct err *err)
{
	uint8_t id[16];

	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return err_errno(err, errno, "get random bytes");
	/* Marked as random, as systemd makes machine ids. */
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	hex_format(id, sizeof(id), ret_text);
	return 0;
}

static int make_file_system(struct volume *volume, const char *label, struct err *err)
{
	const char *const argv[] = {
		"mkfs.ext4", "-q", "-F", "-m", "1", "-L", label, volume->node, NULL};

	return proc_run_ok(argv, &(struct proc_options){.timeout_us = TOOL_TIMEOUT_US}, NULL, err);
}

/* Users have the numbers that the image gave them. */
static int agent_ids(const char *root, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
	cleanup_free char *path = str_printf("%s/etc/passwd", root);
	cleanup_fclose FILE *file = path ? fopen(path, "re") : NULL;
	struct passwd entry, *found;
	char line[1024];

	if (!path)
		return err_oom(err);
	if (!file)
		return err_errno(err, errno, "open %s", path);
	while (fgetpwent_r(file, &entry, line, sizeof(line), &found) == 0 && found) {
		if (strcmp(entry.pw_name, AGENT_USER) == 0) {
			*ret_uid = entry.pw_uid;
			*ret_gid = entry.pw_gid;
			return 0;
		}
	}
	return err_set(err, ERR_CORRUPT, ENOENT, "the image has no user " AGENT_USER);
}

static int folder(const struct filling *f, const char *name, mode_t mode, struct err *err)
{
	cleanup_free char *path = str_printf("%s/%s", f->data, name);
	int r;

	if (!path)
		return err_oom(err);
	r = file_make_dirs(path, 0755, err);
	if (r < 0)
		return r;
	if (chmod(path, mode) < 0)
		return err_errno(err, errno, "set mode of %s", name);
	return 0;
}

static int copy_var(const struct filling *f, struct err *err)
{
	cleanup_free char *from = str_printf("%s/var/.", f->root);
	cleanup_free char *to = str_printf("%s/var/", f->data);
	int r;

	if (!from || !to)
		return err_oom(err);
	r = folder(f, "var", 0755, err);
	if (r < 0)
		return r;
	return proc_run_ok((const char *const[]){"cp", "-a", from, to, NULL},
		&(struct proc_options){.timeout_us = TOOL_TIMEOUT_US}, NULL, err);
}

static int make_host_key(const struct filling *f, struct err *err)
{
	cleanup_free char *path = str_printf("%s/%s", f->data, HOST_KEY);
	int r;

	if (!path)
		return err_oom(err);
	r = folder(f, IDENTITY_DIR, 0711, err);
	if (r >= 0)
		r = folder(f, IDENTITY_DIR "/ssh", 0700, err);
	if (r < 0)
		return r;
	/* The image has none; if it does, it is no secret. */
	(void)unlinkat(f->data_fd, HOST_KEY, 0);
	(void)unlinkat(f->data_fd, HOST_KEY ".pub", 0);
	return proc_run_ok((const char *const[]){"ssh-keygen", "-q", "-t", "ed25519", "-N", "",
				   "-C", f->box.name, "-f", path, NULL},
		&(struct proc_options){.timeout_us = TOOL_TIMEOUT_US}, NULL, err);
}

static int agent_file(const struct filling *f, const char *name, const struct json *json, uid_t uid,
	gid_t gid, struct err *err)
{
	cleanup_free char *text = NULL;
	int r;

	r = json_finish(json, &text, err);
	if (r >= 0)
		r = file_replace(f->data_fd, name, text, strlen(text), 0600, err);
	if (r < 0)
		return r;
	if (fchownat(f->data_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, errno, "set owner of %s", name);
	return 0;
}

static int make_agent_files(
	const struct filling *f, const char *secret, uid_t uid, gid_t gid, struct err *err)
{
	cleanup_json struct json *adoption = json_object_new(), *identity = json_object_new();
	char created[CLOCK_RFC3339_SIZE];
	int r;

	clock_rfc3339_format(f->now_s, 0, created);
	json_set_text(adoption, "schema", "nexus.adoption/1");
	json_set_text(adoption, "secret", secret);
	json_set_text(adoption, "created", created);
	json_set_text(identity, "schema", "nexus.identity/1");
	json_set_text(identity, "box_id", f->box.id);
	json_set_text(identity, "name", f->box.name);
	r = folder(f, AGENT_DIR, 0700, err);
	if (r < 0)
		return r;
	if (fchownat(f->data_fd, AGENT_DIR, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, errno, "set owner of " AGENT_DIR);
	r = agent_file(f, ADOPTION, adoption, uid, gid, err);
	if (r >= 0)
		r = agent_file(f, AGENT_DIR "/identity.json", identity, uid, gid, err);
	return r;
}

static int make_code(const char *data, const char *secret, char *ret_code, struct err *err)
{
	cleanup_free char *pub = str_printf("%s/%s.pub", data, HOST_KEY);
	cleanup_free void *blob = NULL;
	size_t size;
	int r;

	if (!pub)
		return err_oom(err);
	r = fleet_host_key_read(pub, &blob, &size, err);
	if (r < 0)
		return r;
	return fleet_adoption_code_make(secret, blob, size, ret_code, err);
}

static int make_identity(struct filling *f, const char *name, struct err *err)
{
	char secret[FLEET_ADOPTION_HALF_SIZE], machine[40];
	uid_t uid = 0;
	gid_t gid = 0;
	int r;

	r = random_id(f->box.id, err);
	if (r >= 0)
		r = random_id(f->box.machine_id, err);
	if (r >= 0)
		r = agent_ids(f->root, &uid, &gid, err);
	if (r < 0)
		return r;
	if (name[0])
		snprintf(f->box.name, sizeof(f->box.name), "%s", name);
	else
		snprintf(f->box.name, sizeof(f->box.name), "nexus-%.6s", f->box.id);
	snprintf(machine, sizeof(machine), "%s\n", f->box.machine_id);
	r = make_host_key(f, err);
	if (r >= 0)
		r = fleet_adoption_secret_new(secret, err);
	if (r >= 0)
		r = make_agent_files(f, secret, uid, gid, err);
	if (r >= 0)
		r = make_code(f->data, secret, f->box.code, err);
	if (r >= 0)
		r = file_replace(f->data_fd, IDENTITY_DIR "/machine-id", machine, strlen(machine),
			0644, err);
	explicit_bzero(secret, sizeof(secret));
	return r;
}

static int fill(struct filling *f, const char *name, struct err *err)
{
	int r;

	f->data_fd = open(f->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->data_fd < 0)
		return err_errno(err, errno, "open %s", f->data);
	r = copy_var(f, err);
	if (r >= 0)
		r = make_identity(f, name, err);
	close(f->data_fd);
	f->data_fd = -1;
	return r;
}

static int mount_image(
	const struct source *source, const char *dir, struct volume *volume, struct err *err)
{
	const struct hw_table_part *part = source_part(source, "nexus-live-root");
	int r;

	r = volume_attach(source->fd, part->start * HW_TABLE_SECTOR, part->size * HW_TABLE_SECTOR,
		true, volume, err);
	if (r < 0)
		return r;
	return volume_mount(
		volume, "erofs", dir, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err);
}

int box_make(struct target *target, const struct source *source, const char *run_dir,
	const char *name, int64_t now_s, struct box *ret, struct err *err)
{
	cleanup_free char *data = str_printf("%s/data", run_dir);
	cleanup_free char *root = str_printf("%s/image", run_dir);
	cleanup_volume struct volume image = VOLUME_INIT, disk = VOLUME_INIT;
	__attribute__((cleanup(cleanup_filling_fn))) struct filling filling = {
		.root = root, .data = data, .data_fd = -1, .now_s = now_s};
	int r;

	if (!data || !root)
		return err_oom(err);
	r = target_data(target, false, &disk, err);
	if (r >= 0)
		r = make_file_system(
			&disk, layout_find(&target->layout, HW_DISK_DATA_NAME)->label, err);
	if (r >= 0)
		r = volume_mount(&disk, "ext4", data, MS_NOSUID | MS_NODEV, NULL, err);
	if (r >= 0)
		r = mount_image(source, root, &image, err);
	if (r >= 0)
		r = fill(&filling, name, err);
	if (r >= 0)
		r = volume_unmount(&disk, err);
	if (r < 0)
		return err_wrap(err, "make data partition");
	*ret = filling.box;
	return 0;
}

/* The code that is still waiting to be used; "" if the box is adopted. */
static int code_recall(const char *data, char *ret_code, struct err *err)
{
	cleanup_free char *path = str_printf("%s/%s", data, ADOPTION);
	cleanup_free char *text = NULL;
	cleanup_json struct json *json = NULL;
	const char *secret;
	size_t size;
	int r;

	if (!path)
		return err_oom(err);
	r = file_read(AT_FDCWD, path, ADOPTION_SIZE_MAX, &text, &size, err);
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = json_parse(text, size, ADOPTION_SIZE_MAX, &json, err);
	if (r >= 0)
		r = json_need_text(json, "secret", &secret, err);
	if (r >= 0)
		r = make_code(data, secret, ret_code, err);
	return r;
}

int box_recall(struct target *target, const struct target_box *known, const char *run_dir,
	struct box *ret, struct err *err)
{
	cleanup_free char *data = str_printf("%s/data", run_dir);
	cleanup_volume struct volume disk = VOLUME_INIT;
	struct box box = {0};
	struct err ignored = ERR_INIT;
	int r;

	if (!data)
		return err_oom(err);
	snprintf(box.id, sizeof(box.id), "%.32s", known->box_id);
	snprintf(box.name, sizeof(box.name), "%.32s", known->name);
	snprintf(box.machine_id, sizeof(box.machine_id), "%s", known->machine_id);
	r = box.machine_id[0] ? 0 : random_id(box.machine_id, err);
	if (r >= 0)
		r = target_data(target, true, &disk, err);
	if (r >= 0)
		r = volume_mount(
			&disk, "ext4", data, MS_RDONLY | MS_NOSUID | MS_NODEV, "noload", err);
	if (r < 0)
		return err_wrap(err, "read data partition");
	/* A code that can't be read any more is made anew by the agent. */
	if (code_recall(data, box.code, &ignored) < 0)
		box.code[0] = '\0';
	*ret = box;
	return 0;
}
