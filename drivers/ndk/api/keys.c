// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that requests give and take back: fast-register regions, and windows, which
 * are such regions over pages of another one.
 *
 * @valid says whether a key is in force, as far as requests were accepted. Posting
 * sets and clears it, serialised by the consumer; completions (a peer's
 * invalidation, a request that failed) change it from other contexts, and only if
 * it still is the key they are about: hence cmpxchg().
 *
 * A verbs region holds one list of pages. It must stay as it is until the request
 * that registers it is carried out, so there are two, used in turn: a chain may
 * register, invalidate and register the same memory region (R-NDK-78).
 */
#include <linux/mm.h>

#include "../provider.h"
#include "api.h"

static int alloc_slot(struct api_slot *slot, struct api_keys *k, struct ndk_kpd *pd)
{
	int err;

	slot->mr = ib_alloc_mr(pd->pd, IB_MR_TYPE_MEM_REG, k->max_pages);
	if (IS_ERR(slot->mr)) {
		err = PTR_ERR(slot->mr);
		slot->mr = NULL;
		return err;
	}
	return xa_insert_irq(&k->adapter->keys, slot->mr->rkey >> 8, k, GFP_KERNEL);
}

static void free_slot(struct api_slot *slot, struct api_keys *k)
{
	if (!slot->mr)
		return;
	xa_erase_irq(&k->adapter->keys, slot->mr->rkey >> 8);
	ib_dereg_mr(slot->mr);
	slot->mr = NULL;
}

/* A scatterlist as well, for a NIC that takes nothing else. */
static int alloc_pages_list(struct api_keys *k)
{
	k->pages = kvcalloc(k->max_pages, sizeof(*k->pages), GFP_KERNEL);
	if (!k->pages)
		return -ENOMEM;
	if (k->adapter->nic->ops->map_mr_pages)
		return 0;
	k->sg = kvcalloc(k->max_pages, sizeof(*k->sg), GFP_KERNEL);
	if (!k->sg) {
		kvfree(k->pages);
		k->pages = NULL;
		return -ENOMEM;
	}
	sg_init_table(k->sg, k->max_pages);
	return 0;
}

/**
 * api_keys_init() - allocate
 * @k: zeroed but for on_revoked
 * @pd: the PD
 * @max_pages: pages at a time
 * @nslots: 1 or 2
 *
 * Process context, sleeps.
 *
 * Return: 0 or a negative errno.
 */
int api_keys_init(struct api_keys *k, struct ndk_kpd *pd, u32 max_pages, int nslots)
{
	int i, err;

	k->adapter = pd->obj.adapter;
	k->max_pages = max_pages;
	err = alloc_pages_list(k);
	if (err)
		return err;
	for (i = 0; i < nslots; i++) {
		err = alloc_slot(&k->slot[i], k, pd);
		if (err) {
			api_keys_destroy(k);
			return err;
		}
	}
	return 0;
}

void api_keys_destroy(struct api_keys *k)
{
	free_slot(&k->slot[1], k);
	free_slot(&k->slot[0], k);
	kvfree(k->sg);
	kvfree(k->pages);
	k->sg = NULL;
	k->pages = NULL;
}

/* Has the request that registered it last been carried out, or failed? */
static bool is_free(struct ndk_kqp *qp, struct api_keys *k, const struct api_slot *slot)
{
	if (!slot->used)
		return true;
	/* most regions stay with one queue pair: no need to look for it */
	if (likely(slot->qp_id == qp->id))
		return api_sq_is_done(qp, slot->index);
	return api_qp_is_done(k->adapter, slot->qp_id, slot->index);
}

/**
 * api_keys_prepare() - a region whose list of pages nobody needs any more
 * @qp: the QP that will register it
 * @k: the keys
 *
 * If both are in use, what is deferred is indicated: that may be all it takes.
 *
 * Return: the region, for api_keys_register(); or NULL if requests still need both.
 */
struct api_slot *api_keys_prepare(struct ndk_kqp *qp, struct api_keys *k)
{
	struct api_slot *next = &k->slot[!k->cur];

	if (!k->slot[k->cur].used)
		return &k->slot[k->cur];
	if (likely(is_free(qp, k, next)))
		return next;
	ndk_defer_flush(&qp->nqp->sq.defer);
	return is_free(qp, k, next) ? next : NULL;
}

static int map_sg(struct api_keys *k, struct ib_mr *mr, u32 npages, u32 fbo, u64 length)
{
	unsigned int offset = fbo;
	u32 last = (fbo + length) & ~PAGE_MASK, i;
	int got;

	for (i = 0; i < npages; i++) {
		sg_dma_address(&k->sg[i]) = k->pages[i];
		sg_dma_len(&k->sg[i]) = PAGE_SIZE;
	}
	if (last)
		sg_dma_len(&k->sg[npages - 1]) = last;
	got = ib_map_mr_sg(mr, k->sg, npages, &offset, PAGE_SIZE);
	if (got != npages)
		return got < 0 ? got : -EINVAL;
	return 0;
}

/**
 * api_keys_map() - lay down a list of pages for the next registration
 * @k: the keys
 * @mr: one of their regions
 * @npages: pages, in @k->pages from the first on
 * @fbo: offset of the first byte
 * @length: bytes
 * @base: address of the first byte
 *
 * Return: 0 or a negative errno.
 */
int api_keys_map(struct api_keys *k, struct ib_mr *mr, u32 npages, u32 fbo, u64 length, u64 base)
{
	int err;

	if (likely(!k->sg))
		err = k->adapter->nic->ops->map_mr_pages(to_ndk_mr(mr), k->pages, npages, fbo,
							 length);
	else
		err = map_sg(k, mr, npages, fbo, length);
	if (!err)
		mr->iova = base;
	return err;
}

/* Its key may be good although a request for it failed: take it back first. */
static noinline int post_dirty(struct ndk_kqp *qp, const struct ib_reg_wr *reg)
{
	const struct ib_send_wr inv = {
		.next = (struct ib_send_wr *)&reg->wr,
		.opcode = IB_WR_LOCAL_INV,
		.send_flags = NDK_SEND_DEFER,
		.ex.invalidate_rkey = reg->mr->rkey,
	};

	return api_post(qp, &inv);
}

/**
 * api_keys_register() - post the request that registers what is in @k->pages
 * @qp: the QP
 * @context: of the request
 * @k: the keys; not in force
 * @slot: from api_keys_prepare()
 * @npages: entries of @k->pages
 * @fbo: offset of the first byte
 * @length: bytes
 * @base: address of the first byte
 * @access: IB_ACCESS_*
 * @flags: NDK_OP_FLAG_* of the request
 * @window: the result says bind
 *
 * Return: 0 or a negative errno; the request was refused then.
 */
int api_keys_register(struct ndk_kqp *qp, void *context, struct api_keys *k,
		      struct api_slot *slot, u32 npages, u32 fbo, u64 length, u64 base,
		      int access, u32 flags, bool window)
{
	struct ib_reg_wr reg = { .wr.opcode = IB_WR_REG_MR };
	int err;

	err = api_keys_map(k, slot->mr, npages, fbo, length, base);
	if (err)
		return api_refuse(qp, context, err);

	reg.wr.wr_id = (uintptr_t)context;
	reg.wr.send_flags = api_send_flags(flags) | (window ? NDK_SEND_WINDOW : 0);
	reg.mr = slot->mr;
	reg.key = ib_inc_rkey(slot->mr->rkey);
	reg.access = access;

	/* in force before a completion can say otherwise */
	k->cur = slot - k->slot;
	WRITE_ONCE(k->valid, reg.key);
	err = unlikely(slot->dirty) ? post_dirty(qp, &reg) : api_post(qp, &reg.wr);
	if (err) {
		WRITE_ONCE(k->valid, 0);
		return err;
	}
	slot->dirty = false;
	slot->used = true;
	slot->qp_id = qp->id;
	/* nobody else posts here meanwhile */
	slot->index = READ_ONCE(qp->nqp->sq.defer.accepted) - 1;
	return 0;
}

/**
 * api_keys_invalidate() - post the request that takes the key back
 * @qp: the QP
 * @context: of the request
 * @k: the keys
 * @flags: NDK_OP_FLAG_* of the request
 *
 * Return: 0 or a negative errno; the request was refused then.
 */
int api_keys_invalidate(struct ndk_kqp *qp, void *context, struct api_keys *k, u32 flags)
{
	struct ib_send_wr inv = {
		.wr_id = (uintptr_t)context,
		.opcode = IB_WR_LOCAL_INV,
		.send_flags = api_send_flags(flags),
	};
	u32 key = READ_ONCE(k->valid);
	int err;

	/* a peer may be faster */
	if (!key || cmpxchg(&k->valid, key, 0) != key)
		return api_refuse(qp, context, -EACCES);
	inv.ex.invalidate_rkey = key;
	err = api_post(qp, &inv);
	if (err)
		cmpxchg(&k->valid, 0, key);
	return err;
}

/**
 * api_keys_revoked() - a peer took a key back
 * @adapter: the adapter
 * @key: the key
 *
 * Any context.
 */
void api_keys_revoked(struct ndk_adapter *adapter, u32 key)
{
	void (*on_revoked)(struct api_keys *k) = NULL;
	unsigned long flags;
	struct api_keys *k;

	/* the lock keeps what is found */
	xa_lock_irqsave(&adapter->keys, flags);
	k = xa_load(&adapter->keys, key >> 8);
	if (k && cmpxchg(&k->valid, key, 0) == key)
		on_revoked = k->on_revoked;
	if (on_revoked)
		on_revoked(k);
	xa_unlock_irqrestore(&adapter->keys, flags);
}

/**
 * api_keys_failed() - a request about a key failed
 * @adapter: the adapter
 * @key: the key
 * @registration: it was to be given, otherwise to be taken back
 *
 * Any context. With a queue pair that broke nobody knows how far it came: before
 * the region is registered again, its key is taken back once more.
 */
void api_keys_failed(struct ndk_adapter *adapter, u32 key, bool registration)
{
	unsigned long flags;
	struct api_keys *k;
	int i;

	xa_lock_irqsave(&adapter->keys, flags);
	k = xa_load(&adapter->keys, key >> 8);
	for (i = 0; k && i < ARRAY_SIZE(k->slot); i++)
		if (k->slot[i].mr && k->slot[i].mr->rkey >> 8 == key >> 8)
			WRITE_ONCE(k->slot[i].dirty, true);
	if (k && registration)
		cmpxchg(&k->valid, key, 0);
	xa_unlock_irqrestore(&adapter->keys, flags);
}
