// SPDX-License-Identifier: GPL-2.0
/*
 * Memory windows. The kernel's verbs have none for kernel consumers, so a window is
 * a region of its own over pages of the one it is bound to: binding registers it,
 * unbinding invalidates it.
 */
#include <linux/export.h>

#include "../provider.h"
#include "api.h"

#define COMMON_FLAGS	(NDK_OP_FLAG_SILENT_SUCCESS | NDK_OP_FLAG_READ_FENCE | NDK_OP_FLAG_DEFER)
#define BIND_FLAGS	(COMMON_FLAGS | NDK_OP_FLAG_ALLOW_REMOTE_READ |			\
			 NDK_OP_FLAG_ALLOW_REMOTE_WRITE)

/* Whoever takes the region out of @mw lets go of it: once. */
static void unbind(struct ndk_kmw *mw)
{
	struct ndk_kmr *mr = xchg(&mw->mr, NULL);

	if (!mr)
		return;
	atomic_dec(&mr->windows);
	api_obj_off(&mw->obj, &mr->obj);
}

static void on_revoked(struct api_keys *k)
{
	unbind(container_of(k, struct ndk_kmw, keys));
}

static int mw_create(struct api_obj *o)
{
	struct ndk_kmw *mw = to_api(ndk_kmw, o);

	return api_keys_init(&mw->keys, mw->pd, o->adapter->info.frmr_page_count, 2);
}

static void mw_destroy(struct api_obj *o)
{
	struct ndk_kmw *mw = to_api(ndk_kmw, o);
	struct ndk_kmr *mr;

	api_keys_destroy(&mw->keys);
	/* the region itself is let go with the other antecedents */
	mr = xchg(&mw->mr, NULL);
	if (mr)
		atomic_dec(&mr->windows);
}

static const struct api_type mw_type = {
	.type = NDK_OBJECT_MW,
	.create = mw_create,
	.destroy = mw_destroy,
};

bool api_is_mw(const struct api_obj *o)
{
	return o->ops == &mw_type;
}

int ndk_create_mw(struct ndk_kpd *pd, ndk_create_fn *created, void *context,
		  struct ndk_kmw **mw)
{
	struct ndk_adapter *a = pd->obj.adapter;
	struct ndk_kmw *w;

	api_assert_any_context();
	if (!(a->nic->attr.device_cap_flags & IB_DEVICE_MEM_MGT_EXTENSIONS))
		return -EOPNOTSUPP;
	w = api_obj_alloc(a, &mw_type, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->pd = pd;
	w->keys.on_revoked = on_revoked;
	api_obj_on(&w->obj, &pd->obj);
	return api_create(&w->obj, created, context);
}
EXPORT_SYMBOL_GPL(ndk_create_mw);

int ndk_close_mw(struct ndk_kmw *mw, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&mw->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_mw);

u32 ndk_get_remote_token_from_mw(struct ndk_kmw *mw)
{
	api_assert_any_context();
	return mw->keys.slot[mw->keys.cur].mr->rkey;
}
EXPORT_SYMBOL_GPL(ndk_get_remote_token_from_mw);

static int bind_access(u32 flags)
{
	int access = 0;

	if (flags & NDK_OP_FLAG_ALLOW_REMOTE_READ)
		access |= IB_ACCESS_REMOTE_READ;
	if ((flags & NDK_OP_FLAG_ALLOW_REMOTE_WRITE) == NDK_OP_FLAG_ALLOW_REMOTE_WRITE)
		access |= IB_ACCESS_REMOTE_WRITE | IB_ACCESS_LOCAL_WRITE;
	return access;
}

static int check_range(const struct ndk_kmr *mr, const struct ndk_kmw *mw, u64 address, u64 length)
{
	u64 offset = address - mr->base;

	if (mr->pd != mw->pd || !mr->ready)
		return -EINVAL;
	if (address < mr->base || !length || length > mr->length || offset > mr->length - length)
		return -EINVAL;
	/* the window's own pages may be fewer */
	return DIV_ROUND_UP((address & ~PAGE_MASK) + length, PAGE_SIZE) > mw->keys.max_pages ?
	       -EINVAL : 0;
}

static int check_bind(struct ndk_kqp *qp, const struct ndk_kmr *mr, struct ndk_kmw *mw,
		      u64 address, u64 length, u32 flags, struct api_slot **slot)
{
	int access = bind_access(flags), err;

	err = api_check(qp, flags, BIND_FLAGS);
	if (err)
		return err;
	/* a window that gives nothing, or half of remote write */
	if (!access)
		return -EINVAL;
	if ((flags & NDK_OP_FLAG_ALLOW_LOCAL_WRITE) && !(access & IB_ACCESS_REMOTE_WRITE))
		return -EINVAL;
	err = check_range(mr, mw, address, length);
	if (err)
		return err;
	if (!READ_ONCE(mr->keys.valid))
		return -EACCES;
	if ((access & IB_ACCESS_REMOTE_WRITE) && !(mr->access & IB_ACCESS_LOCAL_WRITE))
		return -EACCES;
	if (READ_ONCE(mw->keys.valid))
		return -EBUSY;
	*slot = api_keys_prepare(qp, &mw->keys);
	return *slot ? 0 : -EBUSY;
}

/* The window's pages are some of the region's. */
static u32 fill_pages(struct ndk_kmw *mw, const struct ndk_kmr *mr, u64 address, u64 length)
{
	u64 first = (mr->fbo + (address - mr->base)) >> PAGE_SHIFT;
	u32 n = DIV_ROUND_UP((address & ~PAGE_MASK) + length, PAGE_SIZE), i;

	for (i = 0; i < n; i++)
		mw->keys.pages[i] = mr->keys.pages[first + i];
	return n;
}

int ndk_bind(struct ndk_kqp *qp, void *request_context, struct ndk_kmr *mr, struct ndk_kmw *mw,
	     u64 virtual_address, u64 length, u32 flags)
{
	struct api_slot *slot;
	int err;
	u32 n;

	api_assert_any_context();
	err = check_bind(qp, mr, mw, virtual_address, length, flags, &slot);
	if (unlikely(err))
		return api_refuse(qp, request_context, err);

	/* one left by a bind that failed */
	unbind(mw);
	n = fill_pages(mw, mr, virtual_address, length);
	/* bound before a completion can say otherwise */
	api_obj_on(&mw->obj, &mr->obj);
	atomic_inc(&mr->windows);
	WRITE_ONCE(mw->mr, mr);
	err = api_keys_register(qp, request_context, &mw->keys, slot, n,
				virtual_address & ~PAGE_MASK, length, virtual_address,
				bind_access(flags), flags & COMMON_FLAGS, true);
	if (err)
		unbind(mw);
	return err;
}
EXPORT_SYMBOL_GPL(ndk_bind);

/*
 * The region is let go with the request that unbinds, not with its completion,
 * which a silent one does not have: who closes the region then, waits for that
 * first, as for any request.
 */
int api_mw_invalidate(struct ndk_kqp *qp, void *context, struct ndk_kmw *mw, u32 flags)
{
	int err = api_keys_invalidate(qp, context, &mw->keys, flags);

	if (!err)
		unbind(mw);
	return err;
}
