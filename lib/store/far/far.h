/* What the module nexus-far-stores.so exports as far_stores: how stores behind a network are
 * opened. Each function is as the one of the store's own header. */
#ifndef NEXUS_STORE_FAR_FAR_H
#define NEXUS_STORE_FAR_FAR_H

#include "module/module.h"
#include "store/rest/rest.h"
#include "store/s3/s3.h"
#include "store/sftp/sftp.h"

#define FAR_FILE "nexus-far-stores.so"
#define FAR_SYMBOL "far_stores"

struct far_stores {
	struct module_head head;
	int (*rest_open)(const struct rest_options *options, struct store **ret, struct err *err);
	int (*s3_open)(const struct s3_options *options, struct store **ret, struct err *err);
	int (*sftp_open)(const struct sftp_options *options, struct store **ret, struct err *err);
};

extern const struct far_stores far_stores; /* in the module alone */

#endif
