/* Included on the command line of every source of ours: makes calls that have no safe use
 * here fail to compile. */
#ifndef NEXUS_BASE_BANNED_H
#define NEXUS_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncat sprintf vsprintf strtok atoi atol atoll gets system popen
#pragma GCC poison localtime gmtime ctime asctime mktemp tempnam tmpnam
/* Follows the locale, which an error chain must not: err_reason. */
#pragma GCC poison strerror

#endif
