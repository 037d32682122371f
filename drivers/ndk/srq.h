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

int ndk_ib_create_srq(struct ib_srq *ibsrq, struct ib_srq_init_attr *init, struct ib_udata *udata);
int ndk_ib_modify_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr, enum ib_srq_attr_mask mask,
		      struct ib_udata *udata);
int ndk_query_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr);
int ndk_destroy_srq(struct ib_srq *ibsrq, struct ib_udata *udata);
int ndk_post_srq_recv(struct ib_srq *ibsrq, const struct ib_recv_wr *wr,
		      const struct ib_recv_wr **bad_wr);
int ndk_fill_res_srq_entry(struct sk_buff *msg, struct ib_srq *ibsrq);

bool ndk_srq_disarm_below(struct ndk_srq *srq);
void ndk_notify_srq(struct ndk_notify *n, struct ndk_srq *srq);

/* rq.c: entries of a ring of receive requests, whoever owns it */
int ndk_recv_put(struct ndk_queue *q, u32 max_sge, const struct ib_recv_wr *wr);
int ndk_recv_take(struct ndk_queue *q, u32 max_sge, struct ndk_rwqe *wqe, bool hold);

#endif /* _NDK_SRQ_H */
