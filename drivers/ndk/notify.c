// SPDX-License-Identifier: GPL-2.0
/*
 * Events are collected while locks are held and fired when none is.
 */
#include <linux/export.h>

#include "provider.h"
#include "srq.h"

/* Called with the queue's lock held. @event: NDK_CQ_COMP or NDK_CQ_ERR. */
void ndk_notify_cq(struct ndk_notify *n, struct ndk_cq *cq, int event)
{
	unsigned int i;

	set_bit(event, &cq->events);
	for (i = 0; i < n->ncq; i++)
		if (n->cq[i] == cq)
			return;
	/* one run of a NIC touches its own two queues and those of one peer */
	if (!WARN_ON_ONCE(n->ncq == ARRAY_SIZE(n->cq)))
		n->cq[n->ncq++] = cq;
}

void ndk_notify_event(struct ndk_notify *n, struct ndk_qp *qp, enum ib_event_type event)
{
	if (WARN_ON_ONCE(n->nev == ARRAY_SIZE(n->ev_qp)))
		return;
	n->ev_qp[n->nev] = qp;
	n->event[n->nev++] = event;
}
EXPORT_SYMBOL_GPL(ndk_notify_event);

/* Called with the queue's lock held, once per event. */
void ndk_notify_srq(struct ndk_notify *n, struct ndk_srq *srq)
{
	unsigned int i;

	atomic_inc(&srq->owed);
	for (i = 0; i < n->nsrq; i++)
		if (n->srq[i] == srq)
			return;
	/* one run of a NIC takes for one responder, its own or a peer's */
	if (!WARN_ON_ONCE(n->nsrq == ARRAY_SIZE(n->srq)))
		n->srq[n->nsrq++] = srq;
}

static void call_cq(struct ndk_cq *cq)
{
	struct ib_event ev = {
		.device = cq->ibcq.device,
		.element.cq = &cq->ibcq,
		.event = IB_EVENT_CQ_ERR,
	};

	while (cq->events & (BIT(NDK_CQ_COMP) | BIT(NDK_CQ_ERR))) {
		if (test_and_clear_bit(NDK_CQ_ERR, &cq->events) && cq->ibcq.event_handler)
			cq->ibcq.event_handler(&ev, cq->ibcq.cq_context);
		if (test_and_clear_bit(NDK_CQ_COMP, &cq->events) && cq->ibcq.comp_handler)
			cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
	}
}

/*
 * Verbs promise one handler at a time per CQ. Whoever holds RUNNING calls for
 * everybody; the loser's bit was set before it looked, so either the holder
 * sees it inside or this function does after the holder let go.
 */
static void fire_cq_here(struct ndk_cq *cq)
{
	do {
		if (test_and_set_bit_lock(NDK_CQ_RUNNING, &cq->events))
			return;
		call_cq(cq);
		clear_bit_unlock(NDK_CQ_RUNNING, &cq->events);
		/* pairs with the full barrier of test_and_set_bit_lock() above */
		smp_mb__after_atomic();
	} while (READ_ONCE(cq->events) & (BIT(NDK_CQ_COMP) | BIT(NDK_CQ_ERR)));
}

void ndk_cq_work_fn(struct work_struct *work)
{
	fire_cq_here(container_of(work, struct ndk_cq, vector.work));
}

/* The core leaves the poll context of a CQ that it does not poll at zero: softirq. */
static enum ndk_vector_use use_of(const struct ib_cq *cq)
{
	switch (cq->poll_ctx) {
	case IB_POLL_WORKQUEUE:
	case IB_POLL_UNBOUND_WORKQUEUE:
		return NDK_VECTOR_WORK;
	case IB_POLL_SOFTIRQ:
		return cq->iop.poll ? NDK_VECTOR_SOFTIRQ : NDK_VECTOR_PLAIN;
	default:
		return NDK_VECTOR_PLAIN;
	}
}

/* With preemption off, so that the other processor stays online meanwhile. */
static bool sent_away(struct ndk_cq *cq)
{
	int cpu = ndk_vector_cpu(&cq->vector, use_of(&cq->ibcq), get_cpu());

	if (cpu >= 0)
		queue_work_on(cpu, system_bh_wq, &cq->vector.work);
	put_cpu();
	return cpu >= 0;
}

/* A program that waits for events is woken wherever it is. */
static void fire_cq(struct ndk_cq *cq)
{
	if (cq->user || !sent_away(cq))
		fire_cq_here(cq);
}

static void fire_qp(struct ndk_qp *qp, enum ib_event_type event)
{
	struct ib_event ev = {
		.device = qp->ibqp.device,
		.element.qp = &qp->ibqp,
		.event = event,
	};

	if (qp->ibqp.event_handler)
		qp->ibqp.event_handler(&ev, qp->ibqp.qp_context);
}

/* Counted, not marked: armed again meanwhile, it may owe a second one. */
static void fire_srq(struct ndk_srq *srq)
{
	struct ib_event ev = {
		.device = srq->ibsrq.device,
		.element.srq = &srq->ibsrq,
		.event = IB_EVENT_SRQ_LIMIT_REACHED,
	};
	int owed = atomic_xchg(&srq->owed, 0);

	for (; owed && srq->ibsrq.event_handler; owed--)
		srq->ibsrq.event_handler(&ev, srq->ibsrq.srq_context);
}

void ndk_notify_flush(struct ndk_notify *n)
{
	unsigned int i;

	for (i = 0; i < n->ncq; i++)
		fire_cq(n->cq[i]);
	for (i = 0; i < n->nsrq; i++)
		fire_srq(n->srq[i]);
	for (i = 0; i < n->nev; i++)
		fire_qp(n->ev_qp[i], n->event[i]);
	ndk_notify_init(n);
}
EXPORT_SYMBOL_GPL(ndk_notify_flush);
