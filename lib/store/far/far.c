#include "store/far/far.h"

const struct far_stores far_stores = {
	.head = {.version = NEXUS_VERSION, .size = sizeof(far_stores)},
	.rest_open = rest_store_open,
	.s3_open = s3_store_open,
	.sftp_open = sftp_store_open,
};
