#include "hw/firmware/plan.h"

#include <stdio.h>

const char *firmware_plan_state_name(enum firmware_state state)
{
	static const char *const names[] = {
		[FIRMWARE_STATE_UNKNOWN] = "unknown",
		[FIRMWARE_STATE_AS_WANTED] = "as-wanted",
		[FIRMWARE_STATE_DIFFERENT] = "different",
		[FIRMWARE_STATE_SET] = "set",
	};

	return names[state];
}

static void settle(
	const char *sysfs, const struct firmware_access *access, struct firmware_setting *setting)
{
	cleanup_firmware_attribute struct firmware_attribute attribute = {0};
	const struct firmware_wish *wish = &setting->wish;
	struct err err = ERR_INIT;
	char value[64];

	if (!wish->attribute[0] ||
		firmware_attribute_find(sysfs, wish->attribute, &attribute, &err) < 0)
		return;
	snprintf(setting->current, sizeof(setting->current), "%s", attribute.current);
	if (firmware_attribute_is(attribute.current, wish->values)) {
		setting->state = FIRMWARE_STATE_AS_WANTED;
		return;
	}
	setting->can_set = !access->locked && firmware_attribute_choose(attribute.possible,
						      wish->values, value, sizeof(value));
	if (attribute.current[0])
		setting->state = FIRMWARE_STATE_DIFFERENT;
}

void firmware_plan_make(
	const char *sysfs, const struct firmware_note *note, struct firmware_plan *ret)
{
	*ret = (struct firmware_plan){0};
	firmware_attribute_access(sysfs, &ret->access);
	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++) {
		ret->settings[i].goal = (enum firmware_goal)i;
		ret->settings[i].wish = note->wishes[i];
		settle(sysfs, &ret->access, &ret->settings[i]);
	}
}

int firmware_plan_set(
	const char *sysfs, struct firmware_plan *plan, size_t *ret_count, struct err *err)
{
	int first = 0;

	*ret_count = 0;
	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++) {
		struct firmware_setting *setting = &plan->settings[i];
		cleanup_firmware_attribute struct firmware_attribute attribute = {0};
		struct err failure = ERR_INIT;
		int r;

		if (setting->state != FIRMWARE_STATE_DIFFERENT || !setting->can_set)
			continue;
		r = firmware_attribute_find(sysfs, setting->wish.attribute, &attribute, &failure);
		if (r >= 0)
			r = firmware_attribute_set(&attribute, setting->wish.values, &failure);
		if (r >= 0) {
			setting->state = FIRMWARE_STATE_SET;
			++*ret_count;
		} else if (first == 0) {
			first = r;
			*err = failure;
		}
	}
	return first;
}
