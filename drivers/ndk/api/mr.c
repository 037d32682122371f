// SPDX-License-Identifier: GPL-2.0
/*
 * Memory regions: normal ones, registered by a call, and fast-register ones,
 * registered by a request.
 */
#include <linux/export.h>

#include "../provider.h"
#include "api.h"

#define COMMON_FLAGS	(NDK_OP_FLAG_SILENT_SUCCESS | NDK_OP_FLAG_READ_FENCE | NDK_OP_FLAG_DEFER)
#define REG_FLAGS	(COMMON_FLAGS | NDK_OP_FLAG_ALLOW_REMOTE_READ |			\
			 NDK_OP_FLAG_ALLOW_REMOTE_WRITE | NDK_OP_FLAG_RDMA_READ_SINK)
#define MR_FLAGS	(NDK_MR_FLAG_ALLOW_REMOTE_READ | NDK_MR_FLAG_ALLOW_REMOTE_WRITE |	\
			 NDK_MR_FLAG_RDMA_READ_SINK)

#define REMOTE		(IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_WRITE)

static void deregister(struct ndk_kmr *mr)
{
	struct ib_device *dev = mr->obj.adapter->dev;
	u32 n = mr->keys.max_pages;
	u64 *pages = mr->keys.pages;

	mr->ready = false;
	mr->keys.valid = 0;
	/* nobody uses the pages when the region is gone: it goes first */
	mr->keys.pages = NULL;
	api_keys_destroy(&mr->keys);
	api_unmap_pages(dev, pages, n);
	kvfree(pages);
}

/* Nothing is lost if it does not go on: a window pins it, or it is gone. */
static void mr_destroy(struct api_obj *o)
{
	struct ndk_kmr *mr = to_api(ndk_kmr, o);

	if (!mr->ready)
		return;
	if (mr->fast)
		api_keys_destroy(&mr->keys);
	else
		deregister(mr);
}

static const struct api_type mr_type = {
	.type = NDK_OBJECT_MR,
	.destroy = mr_destroy,
};

static bool has_extensions(const struct ndk_adapter *a)
{
	return a->nic->attr.device_cap_flags & IB_DEVICE_MEM_MGT_EXTENSIONS;
}

int ndk_create_mr(struct ndk_kpd *pd, bool fast_register, ndk_create_fn *created, void *context,
		  struct ndk_kmr **mr)
{
	struct ndk_adapter *a = pd->obj.adapter;
	struct ndk_kmr *m;

	api_assert_any_context();
	if (!has_extensions(a) || (!fast_register && !a->nic->ops->enable_mr))
		return -EOPNOTSUPP;
	m = api_obj_alloc(a, &mr_type, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->pd = pd;
	m->fast = fast_register;
	api_obj_on(&m->obj, &pd->obj);
	*mr = m;
	/* keys come with its size: there is nothing to wait for */
	return api_create_now(&m->obj);
}
EXPORT_SYMBOL_GPL(ndk_create_mr);

int ndk_close_mr(struct ndk_kmr *mr, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&mr->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_mr);

/**
 * struct init_op - a pending ndk_initialize_fast_register_mr()
 * @op: the operation
 * @pages: page count
 * @remote: remote rights may be given
 */
struct init_op {
	struct api_op op;
	u32 pages;
	bool remote;
};

static int run_init(struct api_op *op)
{
	struct init_op *i = container_of(op, struct init_op, op);
	struct ndk_kmr *mr = to_api(ndk_kmr, op->obj);
	int err;

	if (mr->ready)
		return -EINVAL;
	err = api_keys_init(&mr->keys, mr->pd, i->pages, 2);
	if (err)
		return err;
	mr->remote_ok = i->remote;
	mr->ready = true;
	return 0;
}

int ndk_initialize_fast_register_mr(struct ndk_kmr *mr, u32 page_count, bool allow_remote_access,
				    ndk_request_fn *done, void *context)
{
	struct init_op *op;

	api_assert_any_context();
	if (!mr->fast || mr->ready || !page_count)
		return -EINVAL;
	if (page_count > mr->obj.adapter->info.frmr_page_count)
		return -ERANGE;
	op = api_op_alloc(sizeof(*op));
	if (!op)
		return -ENOMEM;
	op->pages = page_count;
	op->remote = allow_remote_access;
	return api_request(&mr->obj, &op->op, run_init, done, context);
}
EXPORT_SYMBOL_GPL(ndk_initialize_fast_register_mr);

/**
 * struct register_op - a pending ndk_register_mr()
 * @op: the operation
 * @mdl: the memory
 * @length: bytes
 * @pages: pages it touches
 * @fbo: offset of the first byte
 * @access: IB_ACCESS_*
 */
struct register_op {
	struct api_op op;
	const struct ndk_mdl *mdl;
	size_t length;
	u32 pages;
	u32 fbo;
	int access;
};

static int enable(struct ndk_kmr *mr, const struct register_op *r)
{
	struct ib_mr *ibmr = mr->keys.slot[0].mr;
	int err;

	err = api_keys_map(&mr->keys, ibmr, r->pages, r->fbo, r->length,
			   r->mdl->virtual_address);
	return err ?: mr->obj.adapter->nic->ops->enable_mr(to_ndk_mr(ibmr), r->access);
}

static int run_register(struct api_op *op)
{
	struct register_op *r = container_of(op, struct register_op, op);
	struct ndk_kmr *mr = to_api(ndk_kmr, op->obj);
	struct ib_device *dev = mr->obj.adapter->dev;
	int err;

	if (mr->ready)
		return -EBUSY;
	err = api_keys_init(&mr->keys, mr->pd, r->pages, 1);
	if (err)
		return err;
	err = api_map_pages(dev, r->mdl, mr->keys.pages, r->pages);
	if (err)
		goto err_keys;
	err = enable(mr, r);
	if (err)
		goto err_pages;
	mr->base = r->mdl->virtual_address;
	mr->fbo = r->fbo;
	mr->length = r->length;
	mr->access = r->access;
	mr->keys.valid = mr->keys.slot[0].mr->rkey;
	mr->ready = true;
	return 0;

err_pages:
	api_unmap_pages(dev, mr->keys.pages, r->pages);
err_keys:
	api_keys_destroy(&mr->keys);
	return err;
}

static int mr_access(u32 flags)
{
	int access = 0;

	/* the larger mask includes the smaller: each with its own test (R-NDK-49) */
	if (flags & NDK_MR_FLAG_ALLOW_LOCAL_WRITE)
		access |= IB_ACCESS_LOCAL_WRITE;
	if (flags & NDK_MR_FLAG_ALLOW_REMOTE_READ)
		access |= IB_ACCESS_REMOTE_READ;
	if ((flags & NDK_MR_FLAG_ALLOW_REMOTE_WRITE) == NDK_MR_FLAG_ALLOW_REMOTE_WRITE)
		access |= IB_ACCESS_REMOTE_WRITE | IB_ACCESS_LOCAL_WRITE;
	return access;
}

int ndk_register_mr(struct ndk_kmr *mr, const struct ndk_mdl *mdl, size_t length, u32 flags,
		    ndk_request_fn *done, void *context)
{
	struct ndk_adapter *a = mr->obj.adapter;
	struct register_op *op;
	u32 pages, fbo;
	int err;

	api_assert_any_context();
	if (mr->fast || (flags & ~MR_FLAGS))
		return -EINVAL;
	if (!length || length > a->info.max_registration_size)
		return -EMSGSIZE;
	err = api_mdl_pages(mdl, length, &pages, &fbo);
	if (err)
		return err;
	if (mr->ready)
		return -EBUSY;
	op = api_op_alloc(sizeof(*op));
	if (!op)
		return -ENOMEM;
	op->mdl = mdl;
	op->length = length;
	op->pages = pages;
	op->fbo = fbo;
	op->access = mr_access(flags);
	return api_request(&mr->obj, &op->op, run_register, done, context);
}
EXPORT_SYMBOL_GPL(ndk_register_mr);

static int run_deregister(struct api_op *op)
{
	struct ndk_kmr *mr = to_api(ndk_kmr, op->obj);

	if (!mr->ready)
		return -EINVAL;
	if (atomic_read(&mr->windows))
		return -EBUSY;
	deregister(mr);
	return 0;
}

int ndk_deregister_mr(struct ndk_kmr *mr, ndk_request_fn *done, void *context)
{
	struct api_op *op;

	api_assert_any_context();
	if (mr->fast || !mr->ready)
		return -EINVAL;
	if (atomic_read(&mr->windows))
		return -EBUSY;
	op = api_op_alloc(sizeof(*op));
	if (!op)
		return -ENOMEM;
	return api_request(&mr->obj, op, run_deregister, done, context);
}
EXPORT_SYMBOL_GPL(ndk_deregister_mr);

u32 ndk_get_local_token_from_mr(struct ndk_kmr *mr)
{
	api_assert_any_context();
	return mr->ready ? mr->keys.slot[mr->keys.cur].mr->lkey : 0;
}
EXPORT_SYMBOL_GPL(ndk_get_local_token_from_mr);

u32 ndk_get_remote_token_from_mr(struct ndk_kmr *mr)
{
	api_assert_any_context();
	return mr->ready ? mr->keys.slot[mr->keys.cur].mr->rkey : 0;
}
EXPORT_SYMBOL_GPL(ndk_get_remote_token_from_mr);

static int reg_access(u32 flags)
{
	int access = 0;

	if (flags & NDK_OP_FLAG_ALLOW_LOCAL_WRITE)
		access |= IB_ACCESS_LOCAL_WRITE;
	if (flags & NDK_OP_FLAG_ALLOW_REMOTE_READ)
		access |= IB_ACCESS_REMOTE_READ;
	if ((flags & NDK_OP_FLAG_ALLOW_REMOTE_WRITE) == NDK_OP_FLAG_ALLOW_REMOTE_WRITE)
		access |= IB_ACCESS_REMOTE_WRITE | IB_ACCESS_LOCAL_WRITE;
	return access;
}

static int check_range(const struct ndk_kmr *mr, u32 page_count, const u64 *pages, u32 fbo,
		       size_t length, u64 base)
{
	u64 end;
	u32 i;

	if (!mr->fast || !mr->ready || !page_count || page_count > mr->keys.max_pages)
		return -EINVAL;
	if (fbo >= PAGE_SIZE || (base & ~PAGE_MASK) != fbo)
		return -EINVAL;
	if (!length || length > (u64)page_count * PAGE_SIZE - fbo ||
	    check_add_overflow(base, (u64)length, &end))
		return -EINVAL;
	for (i = 0; i < page_count; i++)
		if (pages[i] & ~PAGE_MASK)
			return -EINVAL;
	return 0;
}

static int check_register(struct ndk_kqp *qp, struct ndk_kmr *mr, u32 page_count,
			  const u64 *pages, u32 fbo, size_t length, u64 base, u32 flags,
			  struct api_slot **slot)
{
	int err;

	err = api_check(qp, flags, REG_FLAGS) ?:
	      check_range(mr, page_count, pages, fbo, length, base);
	if (err)
		return err;
	if (!mr->remote_ok && (reg_access(flags) & REMOTE))
		return -EACCES;
	if (READ_ONCE(mr->keys.valid) || atomic_read(&mr->windows))
		return -EBUSY;
	*slot = api_keys_prepare(qp, &mr->keys);
	return *slot ? 0 : -EBUSY;
}

int ndk_fast_register(struct ndk_kqp *qp, void *request_context, struct ndk_kmr *mr,
		      u32 page_count, const u64 *pages, u32 fbo, size_t length,
		      u64 base_virtual_address, u32 flags)
{
	struct api_slot *slot;
	u32 i, used;
	int err;

	api_assert_any_context();
	err = check_register(qp, mr, page_count, pages, fbo, length, base_virtual_address,
			     flags, &slot);
	if (unlikely(err))
		return api_refuse(qp, request_context, err);

	used = DIV_ROUND_UP(fbo + length, PAGE_SIZE);
	for (i = 0; i < used; i++)
		mr->keys.pages[i] = pages[i];
	mr->base = base_virtual_address;
	mr->fbo = fbo;
	mr->length = length;
	mr->access = reg_access(flags);
	return api_keys_register(qp, request_context, &mr->keys, slot, used, fbo, length,
				 base_virtual_address, mr->access,
				 flags & COMMON_FLAGS, false);
}
EXPORT_SYMBOL_GPL(ndk_fast_register);

int ndk_invalidate(struct ndk_kqp *qp, void *request_context, struct ndk_object *mr_or_mw,
		   u32 flags)
{
	struct api_obj *o = container_of(mr_or_mw, struct api_obj, pub);
	struct ndk_kmr *mr = NULL;
	int err;

	api_assert_any_context();
	if (o->ops == &mr_type)
		mr = to_api(ndk_kmr, o);
	err = api_check(qp, flags, COMMON_FLAGS);
	if (!err && !(mr ? mr->fast && mr->ready : api_is_mw(o)))
		err = -EINVAL;
	/* a window over it would go on using its pages */
	if (!err && mr && atomic_read(&mr->windows))
		err = -EBUSY;
	if (unlikely(err))
		return api_refuse(qp, request_context, err);
	return mr ? api_keys_invalidate(qp, request_context, &mr->keys, flags) :
		    api_mw_invalidate(qp, request_context, to_api(ndk_kmw, o), flags);
}
EXPORT_SYMBOL_GPL(ndk_invalidate);
