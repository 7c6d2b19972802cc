/* The steps from a checked stick to a bootable disk, in the order that keeps a half-made disk
 * from looking bootable: boot code away, partitions, slots, data, boot files, boot code. */
#ifndef NEXUS_PROVISION_INSTALL_H
#define NEXUS_PROVISION_INSTALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "hw/machine.h"
#include "provision/box.h"
#include "provision/disk/target.h"
#include "provision/face/screen.h"
#include "provision/fit/fit.h"
#include "stick/source.h"

#define INSTALL_STEPS_MAX 8

struct install_step {
	const char *name; /* static, as in the report */
	double seconds;
	uint64_t bytes; /* copied or read; 0 where that is no measure */
};

struct install {
	struct screen *screen; /* borrowed, like all pointers here */
	const struct clock *clock;
	const char *run_dir; /* for mounts */
	struct source *source;
	struct target *target; /* NULL: it has not come to that yet; only for a report */
	struct copy *copy; /* its progress goes to screen */
	const struct target_box *known; /* repair: what target_examine read; NULL: install anew */
	const char *name; /* of the box; "" lets one be made */
	const struct hw_machine *machine;
	const struct fit *fit; /* for the report; NULL: left out */

	/* Filled in by install_run. */
	bool touched; /* the disk is no longer what it was */
	struct box box;
	size_t step_count;
	struct install_step steps[INSTALL_STEPS_MAX];
};

/* Checks all of the stick that will be copied. The disk is not touched. */
int install_check(struct install *install, struct err *err) __attribute__((warn_unused_result));

/* All that writes to the disk. On failure touched says whether the disk is as it was; if it is
 * not, it has no boot code and the same can simply be run again. */
int install_run(struct install *install, struct err *err) __attribute__((warn_unused_result));

/* The larger of what the clock says and when the image was built, in seconds since 1970. */
int64_t install_now_s(const struct install *install);

/* Enters the disk into the firmware's boot list. */
int install_boot_entry(const struct install *install, struct err *err)
	__attribute__((warn_unused_result));

#endif
