// SPDX-License-Identifier: GPL-2.0
/*
 * Rings and how user space maps them, see queue.h.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <rdma/uverbs_ioctl.h>

#include "queue.h"

/**
 * struct ndk_mmap - a ring user space may map
 * @entry: the core's handle; its last reference frees @mem
 * @mem: vmalloc_user() memory
 */
struct ndk_mmap {
	struct rdma_user_mmap_entry entry;
	void *mem;
};

struct ib_ucontext *ndk_udata_ctx(struct ib_udata *udata)
{
	struct ndk_ucontext *ctx;

	ctx = rdma_udata_to_drv_context(udata, struct ndk_ucontext, ibctx);
	return ctx ? &ctx->ibctx : NULL;
}

static int geometry(struct ndk_queue *q, u32 entries, size_t entry_size)
{
	size_t slot = roundup_pow_of_two(max_t(size_t, entry_size, SMP_CACHE_BYTES));
	u32 slots = roundup_pow_of_two(entries + 1);

	q->mask = slots - 1;
	q->shift = ilog2(slot);
	if (check_mul_overflow(slot, (size_t)slots, &q->size) ||
	    check_add_overflow(q->size, sizeof(*q->buf), &q->size) ||
	    q->size > U32_MAX)
		return -EINVAL;
	return 0;
}

static int share(struct ndk_queue *q, struct ib_ucontext *ctx, struct mminfo *info)
{
	int err;

	q->mmap = kzalloc(sizeof(*q->mmap), GFP_KERNEL_ACCOUNT);
	if (!q->mmap)
		return -ENOMEM;
	q->mmap->mem = q->buf;
	err = rdma_user_mmap_entry_insert(ctx, &q->mmap->entry, q->size);
	if (err) {
		kfree(q->mmap);
		return err;
	}
	info->offset = rdma_user_mmap_get_offset(&q->mmap->entry);
	info->size = q->size;
	return 0;
}

/*
 * @entries: at least this many entries must fit. @udata: NULL for a kernel
 * queue, otherwise the ring is mappable by @ctx and @info says where.
 */
struct ndk_queue *ndk_queue_create(u32 entries, size_t entry_size, struct ib_udata *udata,
				   struct ib_ucontext *ctx, struct mminfo *info)
{
	struct ndk_queue *q;
	int err;

	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q)
		return ERR_PTR(-ENOMEM);
	err = geometry(q, entries, entry_size);
	if (err)
		goto err_free;

	err = -ENOMEM;
	q->buf = udata ? vmalloc_user(q->size) : kvzalloc(q->size, GFP_KERNEL);
	if (!q->buf)
		goto err_free;
	q->buf->log2_elem_size = q->shift;
	q->buf->index_mask = q->mask;
	if (udata) {
		err = share(q, ctx, info);
		if (err)
			goto err_buf;
	}
	return q;

err_buf:
	kvfree(q->buf);
err_free:
	kfree(q);
	return ERR_PTR(err);
}

/* A mapping that user space still has keeps its pages, nothing else. */
void ndk_queue_destroy(struct ndk_queue *q)
{
	if (!q)
		return;
	if (q->mmap)
		rdma_user_mmap_entry_remove(&q->mmap->entry);
	else
		kvfree(q->buf);
	kfree(q);
}

void ndk_mmap_free(struct rdma_user_mmap_entry *entry)
{
	struct ndk_mmap *m = container_of(entry, struct ndk_mmap, entry);

	vfree(m->mem);
	kfree(m);
}

int ndk_mmap(struct ib_ucontext *ctx, struct vm_area_struct *vma)
{
	struct rdma_user_mmap_entry *entry;
	int err;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	/* checks offset and length */
	entry = rdma_user_mmap_entry_get(ctx, vma);
	if (!entry)
		return -EINVAL;
	err = remap_vmalloc_range(vma, container_of(entry, struct ndk_mmap, entry)->mem, 0);
	rdma_user_mmap_entry_put(entry);
	return err;
}
