/* The commands of "nexus fleet" and "nexus usb": each file verb_*.c gives its option tables and
 * what runs. The context of all is a struct console. */
#ifndef NEXUS_CONSOLE_VERBS_H
#define NEXUS_CONSOLE_VERBS_H

#include "base/verb.h"

extern const struct verb_option verb_adopt_options[];
int verb_adopt(int argc, char **argv, void *context);

extern const struct verb_option verb_status_options[];
int verb_status(int argc, char **argv, void *context);

extern const struct verb_option verb_job_options[]; /* of backup and check */
extern const struct verb_option verb_job_restore_options[];
extern const struct verb_option verb_job_log_options[];
int verb_job_backup(int argc, char **argv, void *context);
int verb_job_check(int argc, char **argv, void *context);
int verb_job_restore(int argc, char **argv, void *context);
int verb_job_list(int argc, char **argv, void *context);
int verb_job_log(int argc, char **argv, void *context);

extern const struct verb_option verb_update_options[];
int verb_update(int argc, char **argv, void *context);

int verb_shell(int argc, char **argv, void *context);

extern const struct verb_option verb_box_forget_options[];
extern const struct verb_option verb_box_export_options[];
int verb_box_list(int argc, char **argv, void *context);
int verb_box_rename(int argc, char **argv, void *context);
int verb_box_move(int argc, char **argv, void *context);
int verb_box_forget(int argc, char **argv, void *context);
int verb_box_export(int argc, char **argv, void *context);

extern const struct verb_option verb_usb_write_options[];
int verb_usb_write(int argc, char **argv, void *context);
int verb_usb_list(int argc, char **argv, void *context);
int verb_usb_check(int argc, char **argv, void *context);

#endif
