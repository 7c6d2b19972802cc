/* Adoption codes for tests, as a box makes them.
 *   test-code code SECRET HOST_KEY.pub       prints the code
 *   test-code key SECRET HOST_KEY.pub        prints the login key's authorized_keys line */
#include <string.h>

#include "base/cleanup.h"
#include "fleet/adoption.h"

int main(int argc, char **argv)
{
	cleanup_free void *blob = NULL;
	cleanup_free char *line = NULL;
	char code[FLEET_ADOPTION_CODE_SIZE];
	struct err err = ERR_INIT;
	uint8_t public[32];
	size_t size;
	int r;

	if (argc != 4)
		return 2;
	r = fleet_host_key_read(argv[3], &blob, &size, &err);
	if (r == 0 && strcmp(argv[1], "code") == 0) {
		r = fleet_adoption_code_make(argv[2], blob, size, code, &err);
		if (r == 0)
			puts(code);
	} else if (r == 0) {
		r = fleet_adoption_login_key(argv[2], blob, size, NULL, public, &err);
		if (r == 0)
			r = fleet_adoption_authorized_line(public, NULL, &line, &err);
		if (r == 0)
			puts(line);
	}
	if (r < 0)
		err_print(stderr, "test-code", &err);
	return r < 0;
}
