#include "agent/gate/log.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "fleet/contract.h"
#include "fleet/text.h"

#define OUTPUT_MAX (FLEET_CONTRACT_ANSWER_MAX / 2) /* JSON may double it */
#define TIMEOUT_US 20000000

static struct json *split(char *text)
{
	struct json *lines = json_array_new();
	char line[FLEET_CONTRACT_LINE_MAX];

	for (char *at = text; *at;) {
		char *end = strchr(at, '\n');

		if (end)
			*end = '\0';
		fleet_text_copy(line, sizeof(line), at);
		json_add_text(lines, line);
		if (!end)
			break;
		at = end + 1;
	}
	return lines;
}

int log_read(const char *unit, uint64_t lines, struct json **ret_lines, struct err *err)
{
	cleanup_free char *count = str_printf("--lines=%llu", (unsigned long long)lines);
	cleanup_free char *output = NULL;
	const char *const argv[] = {"journalctl", "--no-pager", "--quiet", "--output=short-iso",
		count, "-u", *unit ? unit : "nexus-*", NULL};
	const struct proc_options options = {.output_max = OUTPUT_MAX, .timeout_us = TIMEOUT_US};
	int r;

	if (!count)
		return err_oom(err);
	r = proc_run_ok(argv, &options, &output, err);
	if (r < 0)
		return err_wrap(err, "read log");
	*ret_lines = split(output);
	return *ret_lines ? 0 : err_oom(err);
}
