/* What must be known before a disk is touched: page after page, forth and back, or, where nobody is
 * asked, from the options and install.conf with the same refusals. */
#ifndef NEXUS_PROVISION_INTERVIEW_H
#define NEXUS_PROVISION_INTERVIEW_H

#include "base/err.h"
#include "provision/choose.h"
#include "provision/disk/target.h"
#include "provision/face/screen.h"
#include "provision/fit/fit.h"
#include "provision/options.h"
#include "stick/seed.h"
#include "stick/source.h"

#define INTERVIEW_RUN_DIR "/run/nexus-install" /* for mounts */

struct interview {
	const struct options *options; /* borrowed, like all pointers here */
	struct screen *screen;
	struct fit *fit;
	const struct layout *layout;
	const struct choose_rules *rules;
	const struct source *source;
	const struct seed *seed;
	bool unattended; /* install.conf decides */
	bool disk_first; /* begin with the disk: the pages before it have been answered */

	/* The answers. */
	struct hw_disk_list disks; /* owned */
	size_t disk; /* which of them */
	struct target target; /* owned; open when all is answered */
	enum target_state state;
	struct target_box box;
	bool repair;
	bool done_before; /* this stick has done its work on this box; nothing is to be done */
	bool backwards;
	char name[SEED_NAME_MAX + 1];
};

#define INTERVIEW_INIT ((struct interview){.target = TARGET_INIT})

/* Asks what is not known. -ECANCELED when the person wants no more. What goes wrong on the way is
 * shown and asked again while somebody can answer; else it is the errno of it. */
int interview_run(struct interview *interview, struct err *err) __attribute__((warn_unused_result));
void interview_done(struct interview *interview);

/* True if there is a person to ask. */
bool interview_asks(const struct interview *interview);

/* Judges the PC and shows that page and the firmware's alone. */
int interview_fit(struct interview *interview, struct err *err) __attribute__((warn_unused_result));

/* Judges without showing anything. */
void interview_judge(struct interview *interview);

static inline void cleanup_interview_fn(struct interview *interview)
{
	int saved = errno;

	interview_done(interview);
	errno = saved;
}
#define cleanup_interview __attribute__((cleanup(cleanup_interview_fn)))

#endif
