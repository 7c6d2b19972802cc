/* What the installer leaves on the stick's seed partition: report.json for programs, report.txt
 * for people, so that a PC without a screen can be set up too. */
#ifndef NEXUS_PROVISION_REPORT_H
#define NEXUS_PROVISION_REPORT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "provision/install.h"

/* The boxes that a stick has made and repaired, by their ids. */
struct report_boxes {
	struct str_list made, repaired;
};
void report_boxes_done(struct report_boxes *boxes);

/* failure NULL: it went well. An install without a target never came as far as a disk. The boxes
 * of earlier reports stay in the lists. */
int report_make_json(const struct install *install, const struct err *failure,
	const struct report_boxes *boxes, char **ret_text, struct err *err)
	__attribute__((warn_unused_result));
/* Owned text in the language of the screen, lines ended as Windows wants them; NULL without
 * memory. */
char *report_make_text(const struct install *install, const struct err *failure);

/* Reads the ids of the boxes in an earlier report of the stick. No report, or one that can't be
 * read, is an empty list. */
int report_read_boxes(const struct source *source, struct report_boxes *boxes, struct err *err)
	__attribute__((warn_unused_result));

/* The same from the report's text; for anything damaged boxes stays as it was. */
int report_parse_boxes(const char *text, size_t size, struct report_boxes *boxes, struct err *err)
	__attribute__((warn_unused_result));

/* Writes both to the stick. -ENOENT if it has no seed partition. */
int report_write(const struct install *install, const struct err *failure, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_report_boxes_fn(struct report_boxes *boxes)
{
	int saved = errno;

	report_boxes_done(boxes);
	errno = saved;
}
#define cleanup_report_boxes __attribute__((cleanup(cleanup_report_boxes_fn)))

#endif
