/* The questions that a technician answers. Each returns when it has an answer that makes sense,
 * -ECANCELED when the person wants back or out, else the errno of asking. */
#ifndef NEXUS_PROVISION_WIZARD_H
#define NEXUS_PROVISION_WIZARD_H

#include "base/err.h"
#include "hw/disk.h"
#include "provision/choose.h"
#include "provision/fit/fit.h"
#include "provision/screen.h"
#include "stick/seed.h"

enum wizard_action {
	WIZARD_REPAIR, /* keep the data */
	WIZARD_ERASE,
};

/* Tells whether this PC is fit, and asks whether to go on if it is not. */
int wizard_fit(struct screen *screen, const struct fit *fit, bool ask, struct err *err)
	__attribute__((warn_unused_result));

/* Tells what to set in the firmware. With ask it offers to set what can be set from here, and asks
 * for the rest; with set it sets without asking. What fails is told and stops nothing. */
int wizard_firmware(struct screen *screen, struct fit *fit, bool ask, bool set, struct err *err)
	__attribute__((warn_unused_result));

/* Shows the disks and asks for the number of one. -EAGAIN: look for disks again. */
int wizard_disk(struct screen *screen, const struct hw_disk_list *list,
	const struct choose_rules *rules, size_t *ret_index, struct err *err)
	__attribute__((warn_unused_result));

/* What to do with a disk that holds a box called name ("" when unknown). -EAGAIN: another disk
 * is wanted. */
int wizard_action(struct screen *screen, const char *name, enum wizard_action *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Lets the person type the confirmation for erasing a disk; -EKEYREJECTED if it is wrong. */
int wizard_confirm(struct screen *screen, const struct hw_disk *disk, struct err *err)
	__attribute__((warn_unused_result));

/* A name for the box, "" when the person has none in mind. */
int wizard_name(struct screen *screen, char ret_name[SEED_NAME_MAX + 1], struct err *err)
	__attribute__((warn_unused_result));

/* Waits for Enter pressed from now on, if anybody can press it. */
void wizard_wait(struct screen *screen, const char *prompt);

#endif
