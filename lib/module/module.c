#include "module/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#define AGAIN "install the package of this program again"

static int refuse_load(const char *file, struct err *err)
{
	const char *reason = dlerror();

	return err_set(err, ERR_SYSTEM, ENOENT, "load module %s: %s; " AGAIN, file,
		reason ? reason : "no reason is given");
}

int module_load(const char *file, const char *symbol, size_t size, const struct module_head **ret,
	struct err *err)
{
	const struct module_head *head;
	/* Never closed: what the libraries in it left behind (threads' data, handlers of exit)
	 * would point to nowhere. */
	void *module = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!module)
		return refuse_load(file, err);
	head = dlsym(module, symbol);
	if (!head)
		return refuse_load(file, err);
	if (head->size != size || strcmp(head->version, NEXUS_VERSION) != 0)
		return err_set(err, ERR_SYSTEM, EPROTO,
			"load module %s: it is of version %s and this program of %s; " AGAIN, file,
			head->version, NEXUS_VERSION);
	*ret = head;
	return 0;
}
