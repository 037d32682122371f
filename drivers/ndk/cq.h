/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Completion queues.
 *
 * Any number of NIC contexts produce, under @lock. Consumers are user space
 * (lockless, through the shared header) or ib_poll_cq() (under @lock too).
 */
#ifndef _NDK_CQ_H
#define _NDK_CQ_H

#include <ndk/nic.h>

#include "queue.h"
#include "vector.h"

/* bits of ndk_cq.events */
enum {
	NDK_CQ_COMP,	/* comp_handler is owed */
	NDK_CQ_ERR,	/* IB_EVENT_CQ_ERR is owed */
	NDK_CQ_RUNNING,	/* somebody is calling the handlers */
};

/**
 * struct ndk_cq - completion queue
 * @ibcq: the verbs object
 * @lock: protects everything below but @events; any context
 * @q: the ring
 * @user: entries are struct ib_uverbs_wc, otherwise struct ib_wc
 * @comp_vector: completion vector the consumer chose
 * @armed: IB_CQ_SOLICITED or IB_CQ_NEXT_COMP, 0 if not armed
 * @overrun: an entry was lost; the queue takes no more
 * @puts: entries ever added
 * @held: the kernel API was told of an entry and wants to be told again
 * @held_until: when @puts comes to this
 * @events: owed handler calls, atomic bits
 * @vector: where the handlers are called
 */
struct ndk_cq {
	struct ib_cq ibcq;
	spinlock_t lock; /* ring, arm state */
	struct ndk_queue *q;
	bool user;
	u32 comp_vector;
	u8 armed;
	bool overrun;
	bool held;
	u32 puts;
	u32 held_until;
	unsigned long events;
	struct ndk_vector vector;
};

static inline struct ndk_cq *to_ndk_cq(struct ib_cq *ibcq)
{
	return container_of(ibcq, struct ndk_cq, ibcq);
}

int ndk_ib_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		     struct uverbs_attr_bundle *attrs);
int ndk_pre_destroy_cq(struct ib_cq *ibcq);
int ndk_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata);
int ndk_ib_resize_cq(struct ib_cq *ibcq, int cqe, struct ib_udata *udata);
int ndk_poll_cq(struct ib_cq *ibcq, int num, struct ib_wc *wc);
int ndk_req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags);

/* for the kernel API, see api/cq.c */
bool ndk_cq_arm(struct ndk_cq *cq, u8 type, u32 seen, bool others);
u32 ndk_cq_puts(struct ndk_cq *cq);
bool ndk_cq_hold(struct ndk_cq *cq, u32 until);

static inline bool ndk_cq_overran(const struct ndk_cq *cq)
{
	return READ_ONCE(cq->overrun);
}

/* several entries under one lock: lock, put..., unlock */
void ndk_cq_put(struct ndk_cq *cq, const struct ib_wc *wc, bool solicited, struct ndk_qp *qp,
		struct ndk_notify *n);
void ndk_cq_purge(struct ndk_cq *cq, const struct ndk_qp *qp);
void ndk_notify_cq(struct ndk_notify *n, struct ndk_cq *cq, int event);
void ndk_cq_work_fn(struct work_struct *work);

#endif /* _NDK_CQ_H */
