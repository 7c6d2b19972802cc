#include "provision/advice.h"

#include <errno.h>

#include "base/i18n.h"

/* Before the disk is touched, the errno says what is in the way. */
static const struct {
	int code;
	const char *text;
} before[] = {
	{ENOSPC, N_("The disk is too small. Use a larger one.")},
	{EKEYREJECTED, N_("What was typed is not the confirmation that was asked for.")},
	{EPERM, N_("The disk is not blank. To erase it, confirm it at the screen, or write "
		   "Confirm=ERASE into install.conf on the stick.")},
	{EBUSY, N_("Something on that disk is in use. Start the PC from the stick and try again.")},
	{EEXIST, N_("There are several disks. Choose one at the screen, or name it with Disk= in "
		    "install.conf on the stick.")},
	{ENOENT, N_("Check that the disk and the stick are connected.")},
	{EBADMSG, N_("The stick is damaged. Write it again, or use another one.")},
	{ENODATA, N_("The stick is damaged. Write it again, or use another one.")},
	{EUCLEAN, N_("The data of that box can't be read. It can only be erased and made anew.")},
	{ENOTTY, N_("Start the installer at a terminal, or use install.conf on the stick.")},
	{EROFS, N_("The disk is write-protected. Use another one.")},
	{ENOTSUP, N_("That disk is of a kind that is not supported. Use another one.")},
	{ENOTBLK, N_("Name a whole disk, as --list shows them.")},
	{EIO, N_("The stick or the disk does not read well. Try another stick first, then another "
		 "disk.")},
};

const char *advice_for(const struct err *err, bool touched)
{
	if (touched)
		return err->code == ENOSPC || err->code == EIO || err->code == EBADMSG
			       ? _("If it happens again, use another disk.")
			       : "";
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (before[i].code == err->code)
			return _(before[i].text);
	return err_advice(err->kind);
}
