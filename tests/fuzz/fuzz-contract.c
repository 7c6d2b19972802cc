#include "fleet/contract.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_request(const char *line, size_t size)
{
	struct fleet_contract_request request, again;
	cleanup_free char *text = NULL, *twice = NULL;
	struct err err = ERR_INIT;

	if (fleet_contract_request_parse(line, size, &request, NULL, &err) < 0)
		return;
	if (fleet_contract_request_format(&request, &text, &err) < 0 ||
		fleet_contract_request_parse(text, strlen(text), &again, NULL, &err) < 0 ||
		fleet_contract_request_format(&again, &twice, &err) < 0 || strcmp(text, twice) != 0)
		abort();
}

static void read_answer(const char *line, size_t size)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	cleanup_str_list struct str_list lines = {0};
	static struct fleet_status status;
	struct fleet_contract_adopted adopted;
	struct fleet_job jobs[4];
	struct err err = ERR_INIT;
	char path[64];
	uint64_t have;
	size_t count;

	if (fleet_contract_answer_parse(line, size, &answer, &err) < 0)
		return;
	if (!answer.ok && answer.why.kind == ERR_NONE)
		abort();
	if (fleet_contract_answer_jobs(&answer, jobs, 4, &count, &err) >= 0 && count > 4)
		abort();
	if (fleet_contract_answer_job(&answer, &jobs[0], &err) < 0)
		err = ERR_INIT;
	if (fleet_contract_answer_status(&answer, &status, &err) < 0)
		err = ERR_INIT;
	if (fleet_contract_answer_have(&answer, &have, &err) >= 0 &&
		have > FLEET_CONTRACT_BUNDLE_MAX)
		abort();
	if (fleet_contract_answer_path(&answer, path, sizeof(path), &err) >= 0 &&
		(*path != '/' || strpbrk(path, "\033\n")))
		abort();
	if (fleet_contract_answer_adopted(&answer, &adopted, &err) < 0)
		err = ERR_INIT;
	if (fleet_contract_answer_lines(&answer, &lines, &err) < 0)
		return;
	for (size_t i = 0; i < lines.count; i++)
		if (strpbrk(lines.items[i], "\033\n\r"))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_request((const char *)data, size);
	read_answer((const char *)data, size);
	return 0;
}
