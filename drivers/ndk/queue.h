/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings shared with user space, in the published rxe layout (rdma_user_rxe.h).
 *
 * One side is the kernel, which keeps its own index in @index and only ever
 * publishes it; the other side's index is read from the shared header and
 * masked, so whatever is written there, no access leaves the ring. The layout's
 * geometry fields are for user space to read; the kernel never reads them back.
 *
 * Memory ordering: an index is stored with release after the entry was written
 * (or read, for a consumer) and loaded with acquire before the entry is read
 * (or overwritten). The other side of each pair is the same pair in user space,
 * or in the functions below for kernel queues.
 */
#ifndef _NDK_QUEUE_H
#define _NDK_QUEUE_H

#include <linux/types.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_user_rxe.h>

struct ndk_mmap;

/**
 * struct ndk_queue - one ring
 * @buf: header and entries
 * @mask: slots - 1; one slot always stays empty
 * @shift: log2 of bytes per slot
 * @index: the kernel's index: producer of a CQ, consumer of a work queue
 * @size: bytes of @buf
 * @mmap: how user space finds it; NULL for kernel queues
 */
struct ndk_queue {
	struct rxe_queue_buf *buf;
	u32 mask;
	u32 shift;
	u32 index;
	size_t size;
	struct ndk_mmap *mmap;
};

/**
 * struct ndk_ucontext - a program that has the device open
 * @ibctx: the verbs object
 */
struct ndk_ucontext {
	struct ib_ucontext ibctx;
};

struct ndk_queue *ndk_queue_create(u32 entries, size_t entry_size, struct ib_udata *udata,
				   struct ib_ucontext *ctx, struct mminfo *info);
void ndk_queue_destroy(struct ndk_queue *q);
int ndk_mmap(struct ib_ucontext *ctx, struct vm_area_struct *vma);
void ndk_mmap_free(struct rdma_user_mmap_entry *entry);
struct ib_ucontext *ndk_udata_ctx(struct ib_udata *udata);

static inline void *ndk_queue_slot(const struct ndk_queue *q, u32 index)
{
	return q->buf->data + ((size_t)(index & q->mask) << q->shift);
}

static inline u32 ndk_queue_next(const struct ndk_queue *q, u32 index)
{
	return (index + 1) & q->mask;
}

/* entries a ring can hold */
static inline u32 ndk_queue_capacity(const struct ndk_queue *q)
{
	return q->mask;
}

static inline u32 ndk_queue_producer(const struct ndk_queue *q)
{
	/* pairs with the other side's ndk_queue_set_producer() */
	return smp_load_acquire(&q->buf->producer_index) & q->mask;
}

static inline u32 ndk_queue_consumer(const struct ndk_queue *q)
{
	/* pairs with the other side's ndk_queue_set_consumer() */
	return smp_load_acquire(&q->buf->consumer_index) & q->mask;
}

static inline void ndk_queue_set_producer(struct ndk_queue *q, u32 index)
{
	/* pairs with the other side's ndk_queue_producer() */
	smp_store_release(&q->buf->producer_index, index);
}

static inline void ndk_queue_set_consumer(struct ndk_queue *q, u32 index)
{
	/* pairs with the other side's ndk_queue_consumer() */
	smp_store_release(&q->buf->consumer_index, index);
}

/* entries of a kernel queue that nobody has taken; its producers are locked out */
static inline u32 ndk_queue_waiting(const struct ndk_queue *q)
{
	return (q->buf->producer_index - ndk_queue_consumer(q)) & q->mask;
}

#endif /* _NDK_QUEUE_H */
