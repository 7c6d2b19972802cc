#include "backup/common/advice.h"

#include <errno.h>
#include <string.h>

#include "base/i18n.h"

bool advice_is_password(const struct err *err)
{
	return err->kind == ERR_DENIED && err->code == EACCES && strstr(err->text, "password");
}

static const char *for_opening(const struct err *err)
{
	if (err->kind == ERR_NOT_FOUND)
		return _("Is the address right, and the disk mounted? 'nexus-backup init' makes a "
			 "new repository there.");
	if (advice_is_password(err))
		return _("Check where it comes from: --password-file, RESTIC_PASSWORD_FILE or "
			 "RESTIC_PASSWORD. Each key has a password of its own.");
	if (err->kind == ERR_CORRUPT)
		return _("This is no repository of restic, or its config or keys are damaged. "
			 "Check the address, or bring these files back from a copy.");
	if (err->code == ENOTSUP && strstr(err->text, "version"))
		return _("A newer program made it: update nexus-backup.");
	return NULL;
}

const char *advice_for(const struct err *err, bool opening)
{
	const char *advice = opening ? for_opening(err) : NULL;

	if (advice)
		return advice;
	if (err->code == ECANCELED)
		return _("What is stored stays. Give the same command again to go on.");
	if (err->code == EROFS)
		return _("The place can't be written to. To look at what is there give --no-lock.");
	if (err->kind == ERR_LOCKED)
		return _("Wait until the other run ends, or let this one wait with "
			 "--retry-lock=2h. If there is no other any more, 'nexus-backup unlock' "
			 "removes the lock.");
	if (err->kind == ERR_CORRUPT)
		return _("'nexus-backup check' tells what else is damaged, 'nexus-backup help "
			 "repair' what can be done.");
	return err_advice(err->kind);
}
