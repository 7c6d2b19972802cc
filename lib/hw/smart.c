#include "hw/smart.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "json/json.h"

const char *hw_smart_verdict_name(enum hw_smart_verdict verdict)
{
	switch (verdict) {
	case HW_SMART_UNKNOWN:
		return "unknown";
	case HW_SMART_PASSED:
		return "passed";
	case HW_SMART_FAILED:
		return "failed";
	}
	return "unknown";
}

static void get_text(const struct json *json, const char *key, char *target, size_t size)
{
	const char *text = json_get_text(json, key);

	snprintf(target, size, "%s", text ? text : "");
	str_sanitize(target);
}

static uint64_t get_count(const struct json *json, const char *key)
{
	int64_t value = json_get_integer(json, key, 0);

	return value > 0 ? (uint64_t)value : 0;
}

static void read_attribute(const struct json *attribute, struct hw_smart *smart)
{
	uint64_t raw = get_count(json_get(attribute, "raw"), "value");

	switch (json_get_integer(attribute, "id", 0)) {
	case 5:
		smart->reallocated = raw;
		break;
	case 10:
		smart->spin_retries = raw;
		break;
	case 187:
		smart->uncorrected = raw;
		break;
	case 188:
		/* Seagate packs three counters into the 48 bits; the first is all of them. */
		smart->timeouts = raw & 0xffff;
		break;
	case 197:
		smart->pending = raw;
		break;
	case 198:
		smart->offline_uncorrected = raw;
		break;
	case 201:
		smart->soft_read_errors = raw;
		break;
	}
}

static void read_nvme(const struct json *log, struct hw_smart *smart)
{
	int64_t used = json_get_integer(log, "percentage_used", -1);

	smart->critical_warning = get_count(log, "critical_warning");
	smart->media_errors = get_count(log, "media_errors");
	if (used >= 0 && used <= 255) {
		smart->has_percentage_used = true;
		smart->percentage_used = (uint64_t)used;
	}
}

static void read_verdict(const struct json *status, struct hw_smart *smart)
{
	struct err ignored = ERR_INIT;
	bool passed;

	if (json_need_bool(status, "passed", &passed, &ignored) >= 0)
		smart->verdict = passed ? HW_SMART_PASSED : HW_SMART_FAILED;
}

int hw_smart_parse(const char *text, size_t size, struct hw_smart *ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	struct hw_smart smart = {0};
	const struct json *table;
	int64_t temperature;
	int r;

	r = json_parse(text, size, HW_SMART_TEXT_MAX, &json, err);
	if (r < 0)
		return err_wrap(err, "read output of smartctl");
	if (!json_get(json, "smartctl"))
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "read output of smartctl: it is something else");
	get_text(json, "model_name", smart.model, sizeof(smart.model));
	get_text(json, "serial_number", smart.serial, sizeof(smart.serial));
	read_verdict(json_get(json, "smart_status"), &smart);
	temperature = json_get_integer(json_get(json, "temperature"), "current", -1000);
	/* 0 is what some disks say for "no idea". */
	smart.has_temperature = temperature > -60 && temperature < 150 && temperature != 0;
	smart.temperature_c = smart.has_temperature ? temperature : 0;
	smart.power_on_hours = get_count(json_get(json, "power_on_time"), "hours");
	table = json_get(json_get(json, "ata_smart_attributes"), "table");
	for (const struct json *i = json_first(table); i; i = json_next(i))
		read_attribute(i, &smart);
	read_nvme(json_get(json, "nvme_smart_health_information_log"), &smart);
	*ret = smart;
	return 0;
}
