/* The pages that a technician sees, each with its question. ret_act says where to go from a page;
 * each returns the errno of asking when nobody can answer. */
#ifndef NEXUS_PROVISION_WIZARD_H
#define NEXUS_PROVISION_WIZARD_H

#include "base/err.h"
#include "hw/disk.h"
#include "provision/choose.h"
#include "provision/disk/target.h"
#include "provision/face/screen.h"
#include "provision/fit/fit.h"
#include "provision/install.h"
#include "stick/manifest.h"
#include "stick/seed.h"

enum wizard_action {
	WIZARD_REPAIR, /* keep the data */
	WIZARD_ERASE,
};

/* Asks for the language and speaks it from then on. */
int wizard_language(struct screen *screen, enum page_act *ret_act, struct err *err)
	__attribute__((warn_unused_result));

/* Tells whether this PC is fit. image NULL: not known. With ask it waits, else it only shows. */
int wizard_fit(struct screen *screen, const struct fit *fit, const struct manifest *image, bool ask,
	enum page_act *ret_act, struct err *err) __attribute__((warn_unused_result));

/* Tells what to set in the firmware. With ask it offers to set what can be set from here, and asks
 * for the rest; with set it sets without asking. What fails is told and stops nothing. */
int wizard_firmware(struct screen *screen, struct fit *fit, bool ask, bool set,
	enum page_act *ret_act, struct err *err) __attribute__((warn_unused_result));

/* Shows the disks and asks for one. PAGE_AGAIN: look for disks again. */
int wizard_disk(struct screen *screen, const struct hw_disk_list *list,
	const struct choose_rules *rules, size_t *ret_index, enum page_act *ret_act,
	struct err *err) __attribute__((warn_unused_result));

/* What to do with a disk that holds a box; the first choice is to repair it, where that can be. */
int wizard_box(struct screen *screen, const struct target_box *box, enum wizard_action *ret,
	enum page_act *ret_act, struct err *err) __attribute__((warn_unused_result));

/* Lets the person type the confirmation for erasing a disk, until it is right. */
int wizard_confirm(struct screen *screen, const struct hw_disk *disk, enum page_act *ret_act,
	struct err *err) __attribute__((warn_unused_result));

/* A name for the box, "" when the person has none in mind. */
int wizard_name(struct screen *screen, char ret_name[SEED_NAME_MAX + 1], enum page_act *ret_act,
	struct err *err) __attribute__((warn_unused_result));

/* The last page before the disk is touched. known NULL: a new box, called name. */
int wizard_ready(struct screen *screen, const struct hw_disk *disk, const struct target_box *known,
	const char *name, enum page_act *ret_act, struct err *err)
	__attribute__((warn_unused_result));

/* The page of what went wrong, or well; released with page_done. more: further lines, "" for none.
 */
struct page wizard_failure(const struct err *failure, bool touched, const char *more);
struct page wizard_success(const struct install *install, const char *more);

/* Shows a page, and when somebody is there waits for Enter. */
void wizard_tell(struct screen *screen, const struct page *page, bool wait);

/* In lines: waits for Enter pressed from now on, if anybody can press it. */
void wizard_wait(struct screen *screen, const char *prompt);

#endif
