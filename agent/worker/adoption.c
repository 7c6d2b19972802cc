/* nexus-adoption: derives the code that is shown on the screen and the login key that it opens,
 * from the box's secret and host key. It takes 64 MiB for a moment, which the daemon must not;
 * it leaves /run/nexus-adoption/{code,authorized,banner} and ends. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/common/identity.h"
#include "agent/common/program.h"
#include "agent/common/shown.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/adoption.h"

#define STATE_FOLDER "/var/lib/nexus-agent"
#define HOST_KEY "/var/lib/nexus-identity/ssh/ssh_host_ed25519_key.pub"

static const char *arg_root = "";

static int open_folder(const char *path, int *ret_fd, struct err *err)
{
	cleanup_free char *full = str_printf("%s%s", arg_root, path);

	if (!full)
		return err_oom(err);
	*ret_fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? err_errno(err, errno, "open folder %s", full) : 0;
}

/* The public host key: systemd hands it in, because its folder is root's. */
static int read_host_key(void **ret_blob, size_t *ret_size, struct err *err)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	cleanup_free char *path = credentials ? str_printf("%s/host-key", credentials)
					      : str_printf("%s" HOST_KEY, arg_root);

	if (!path)
		return err_oom(err);
	return fleet_host_key_read(path, ret_blob, ret_size, err);
}

/* The installer's secret, or a fresh one. */
static int get_secret(int state_fd, char ret_secret[IDENTITY_SECRET_SIZE], struct err *err)
{
	struct err why = ERR_INIT;
	int r;

	r = identity_secret_read(state_fd, ret_secret, &why);
	if (r >= 0)
		return 0;
	if (r != -ENOENT)
		log_warning("%s; a fresh one is made", why.text);
	r = fleet_adoption_secret_new(ret_secret, err);
	if (r < 0)
		return r;
	return identity_secret_write(
		state_fd, ret_secret, (int64_t)(clock_realtime_us(&clock_system) / 1000000), err);
}

static int derive(int state_fd, int shown_fd, struct err *err)
{
	static const char options[] = "restrict,command=\"/usr/lib/nexus/nexus-gate adopt\"";
	char secret[IDENTITY_SECRET_SIZE], code[FLEET_ADOPTION_CODE_SIZE];
	cleanup_free char *line = NULL;
	cleanup_free void *blob = NULL;
	uint8_t seed[32], public[32];
	size_t size;
	int r;

	r = read_host_key(&blob, &size, err);
	if (r >= 0)
		r = get_secret(state_fd, secret, err);
	if (r >= 0)
		r = fleet_adoption_code_make(secret, blob, size, code, err);
	if (r >= 0)
		r = fleet_adoption_login_key(secret, blob, size, seed, public, err);
	explicit_bzero(seed, sizeof(seed));
	if (r >= 0)
		r = fleet_adoption_authorized_line(public, options, &line, err);
	return r < 0 ? r : shown_open(shown_fd, code, line, err);
}

static int refresh(int argc, char **argv, void *context, struct err *err)
{
	cleanup_close int state_fd = -1, shown_fd = -1;
	struct identity identity;
	int r;

	(void)argc;
	(void)argv;
	(void)context;
	r = open_folder(STATE_FOLDER, &state_fd, err);
	if (r >= 0)
		r = open_folder(SHOWN_FOLDER, &shown_fd, err);
	if (r >= 0)
		r = identity_open(state_fd, &identity, NULL, err);
	if (r < 0)
		return r;
	return identity.adopted_s ? shown_adopted(shown_fd, err) : derive(state_fd, shown_fd, err);
}

int main(int argc, char **argv)
{
	static const struct verb verbs[] = {
		{.name = "",
			.arguments = "",
			.summary = N_(
				"Derives the adoption code. Its unit calls it; a person need not."),
			.attempt = refresh},
		{0},
	};
	static const struct verb_program program = {
		.name = "nexus-adoption",
		.summary = N_("Derives the adoption code."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return program_main(&program, &arg_root, argc, argv);
}
