#include "store/faulty.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

#define UPLOAD_MAX (256u << 20) /* bytes */

struct faulty_store {
	struct store store;
	struct store *inner; /* owned */
	struct faulty_plan *plan; /* borrowed */
};

struct faulty_upload {
	struct store_upload upload;
	struct buf data;
};

static struct faulty_store *faulty_of(struct store *store)
{
	return (struct faulty_store *)store;
}

static int maybe_fail(struct store *store, const char *what, struct err *err)
{
	struct faulty_plan *plan = faulty_of(store)->plan;
	unsigned call = __atomic_add_fetch(&plan->calls, 1, __ATOMIC_SEQ_CST);

	if (plan->late_us)
		usleep((useconds_t)plan->late_us);
	while (plan->silent && *plan->silent)
		usleep(1000);
	if (!plan->fail_at || call < plan->fail_at)
		return 0;
	return err_errno(err, plan->code, "%s (call %u of a faulty store)", what, call);
}

static int faulty_create(struct store *store, struct err *err)
{
	return store_create(faulty_of(store)->inner, err);
}

static int faulty_begin(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	struct faulty_upload *upload = calloc(1, sizeof(*upload));

	if (!upload)
		return err_oom(err);
	upload->upload = (struct store_upload){.store = store, .type = type};
	upload->data = BUF_INIT(UPLOAD_MAX);
	*ret = &upload->upload;
	return 0;
}

static void faulty_abort(struct store_upload *base)
{
	buf_done(&((struct faulty_upload *)base)->data);
	free(base);
}

static int faulty_append(struct store_upload *base, const void *data, size_t size, struct err *err)
{
	int r = maybe_fail(base->store, "append", err);

	return r < 0 ? r : buf_add(&((struct faulty_upload *)base)->data, data, size, err);
}

static int faulty_commit(struct store_upload *base, const char *name, struct err *err)
{
	cleanup_store_upload struct store_upload *owned = base;
	const struct faulty_plan *plan = faulty_of(owned->store)->plan;
	const struct buf *data = &((struct faulty_upload *)base)->data;
	int r = maybe_fail(owned->store, "commit", err);

	for (int i = 0; r >= 0 && i < (plan->twice ? 2 : 1); i++)
		r = store_save(faulty_of(owned->store)->inner, owned->type, name, data->data,
			plan->half ? data->size / 2 : data->size, err);
	if (r >= 0 && plan->lost_answer)
		r = err_errno(err, plan->code, "commit: the answer is lost");
	return r;
}

static int faulty_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	int r = maybe_fail(store, "read", err);

	if (r < 0)
		return r;
	r = store_read(faulty_of(store)->inner, type, name, offset, ret, size, err);
	if (r >= 0 && faulty_of(store)->plan->short_reads && size)
		((uint8_t *)ret)[size - 1] ^= 0x80;
	return r;
}

static int faulty_size(struct store *store, enum store_type type, const char *name,
	uint64_t *ret_bytes, struct err *err)
{
	return store_size(faulty_of(store)->inner, type, name, ret_bytes, err);
}

static int faulty_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	int r = 0;

	for (int i = 0; r >= 0 && i < (faulty_of(store)->plan->twice ? 2 : 1); i++)
		r = store_list(faulty_of(store)->inner, type, fn, context, err);
	return r;
}

static int faulty_remove(
	struct store *store, enum store_type type, const char *name, struct err *err)
{
	int r = maybe_fail(store, "remove", err);

	return r < 0 ? r : store_remove(faulty_of(store)->inner, type, name, err);
}

static void faulty_close(struct store *store)
{
	store_close(faulty_of(store)->inner);
	free(store);
}

static const struct store_ops faulty_ops = {
	.create = faulty_create,
	.begin = faulty_begin,
	.append = faulty_append,
	.commit = faulty_commit,
	.abort = faulty_abort,
	.read = faulty_read,
	.size = faulty_size,
	.list = faulty_list,
	.remove = faulty_remove,
	.close = faulty_close,
};

int faulty_store_new(
	struct store *inner, struct faulty_plan *plan, struct store **ret, struct err *err)
{
	struct faulty_store *faulty = calloc(1, sizeof(*faulty));

	if (!faulty) {
		store_close(inner);
		return err_oom(err);
	}
	faulty->store.ops = &faulty_ops;
	faulty->inner = inner;
	faulty->plan = plan;
	*ret = &faulty->store;
	return 0;
}
