/* What /run/nexus-adoption shows while the box waits to be adopted, and after: the code for its
 * screen, the key of the adoption login for sshd, and the banner that sshd puts before that
 * login, by which a console tells a wrong code from a box that is somebody's. */
#ifndef NEXUS_AGENT_COMMON_SHOWN_H
#define NEXUS_AGENT_COMMON_SHOWN_H

#include "base/err.h"

#define SHOWN_FOLDER "/run/nexus-adoption"
#define SHOWN_CODE "code"
#define SHOWN_LOGIN "authorized"
#define SHOWN_BANNER "banner"

/* The box waits: code, and the line of authorized_keys. */
int shown_open(int folder_fd, const char *code, const char *login, struct err *err)
	__attribute__((warn_unused_result));

/* The box is somebody's: code and login go. */
int shown_adopted(int folder_fd, struct err *err) __attribute__((warn_unused_result));

#endif
