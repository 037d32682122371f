/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared receive queues.
 *
 * Producers are user space (lockless, through the shared header) or
 * ib_post_srq_recv() (under @post_lock). Consumers are the responders of any
 * number of QPs (under @lock); what one has taken is that QP's alone. QPs hold
 * the queue, so it outlives every NIC context that takes from it.
 *
 * Lock order: backend's per-QP locks -> ndk_srq.lock -> ndk_srq.post_lock.
 */
#ifndef _NDK_SRQ_H
#define _NDK_SRQ_H

#include <linux/mutex.h>
#include <ndk/nic.h>

#include "queue.h"

/**
 * struct ndk_srq - shared receive queue
 * @ibsrq: the verbs object
 * @lock: consumer side, @limit; @q changes under it and @post_lock
 * @q: the ring
 * @max_sge: SGEs per request
 * @limit: fewer requests left than this are an event; 0: not armed
 * @owed: events not delivered yet
 * @post_lock: producer side of a kernel queue; any context
 * @mutex: serialises modify and query
 * @num: for messages only, nothing is looked up by it
 */
struct ndk_srq {
	struct ib_srq ibsrq;
	spinlock_t lock; /* consumer side, limit, q */
	struct ndk_queue *q;
	u32 max_sge;
	u32 limit;
	atomic_t owed;
	spinlock_t post_lock; /* producer side, q */
	struct mutex mutex; /* modify and query */
	u32 num;
};

static inline struct ndk_srq *to_ndk_srq(struct ib_srq *ibsrq)
{
	return container_of(ibsrq, struct ndk_srq, ibsrq);
}

int ndk_ib_create_srq(struct ib_srq *ibsrq, struct ib_srq_init_attr *init, struct ib_udata *udata);
int ndk_ib_modify_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr, enum ib_srq_attr_mask mask,
		   struct ib_udata *udata);
int ndk_query_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr);
int ndk_destroy_srq(struct ib_srq *ibsrq, struct ib_udata *udata);
int ndk_post_srq_recv(struct ib_srq *ibsrq, const struct ib_recv_wr *wr,
		      const struct ib_recv_wr **bad_wr);
int ndk_fill_res_srq_entry(struct sk_buff *msg, struct ib_srq *ibsrq);

int ndk_srq_take(struct ndk_srq *srq, struct ndk_rwqe *wqe, struct ndk_notify *n);
void ndk_notify_srq(struct ndk_notify *n, struct ndk_srq *srq);

/* rq.c: entries of a ring of receive requests, whoever owns it */
int ndk_recv_put(struct ndk_queue *q, u32 max_sge, const struct ib_recv_wr *wr);
int ndk_recv_take(struct ndk_queue *q, u32 max_sge, struct ndk_rwqe *wqe);

#endif /* _NDK_SRQ_H */
