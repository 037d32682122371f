// SPDX-License-Identifier: GPL-2.0
/*
 * Completions and events of the lower QP on their way up.
 *
 * The lower driver calls from wherever it is: hard irq (mlx5), or under its own
 * lock (rxe). There we only say that there is something; the QP's work item, in
 * softirq, polls in batches and calls the consumer with no lock held. One work item
 * never runs twice at a time, so a QP has one who completes.
 */
#include "hca.h"

void hca_cq_kick(struct irq_work *kick)
{
	queue_work(system_bh_wq, &container_of(kick, struct hca_qp, kick)->work);
}

/*
 * Any context, with whatever the lower driver holds. A softirq raised by a task
 * waits for ksoftirqd, which queues up behind whoever spins for our completion. So
 * a driver that completes from a task interrupts itself: the softirq comes at the
 * end of that interrupt, as soon as the driver's lock is open.
 */
void hca_cq_event(struct ib_cq *cq, void *arg)
{
	struct hca_qp *h = arg;

	if (in_task()) {
		if (!READ_ONCE(h->pace.from_task))
			WRITE_ONCE(h->pace.from_task, true);
		irq_work_queue(&h->kick);
	} else {
		queue_work(system_bh_wq, &h->work);
	}
}

/* As hca_cq_event(). */
void hca_qp_event(struct ib_event *ev, void *arg)
{
	struct hca_qp *h = arg;

	if (ev->event < BITS_PER_LONG)
		set_bit(ev->event, &h->events);
	queue_work(system_bh_wq, &h->work);
}

static void recv_done(struct hca_qp *h, struct ib_wc *wc, struct ndk_notify *n)
{
	u64 wr_id;

	if (unlikely(!hca_rq_done(h->rq, wc->wr_id, &wr_id))) {
		hca_qp_stray(h, wc);
		return;
	}
	wc->wr_id = wr_id;
	if (unlikely(wc->status != IB_WC_SUCCESS)) {
		/* only status and wr_id are defined then */
		wc->opcode = IB_WC_RECV;
		wc->wc_flags = 0;
		wc->byte_len = 0;
	}
	/*
	 * No field of a completion says whether the sender asked for an event, so
	 * each does: rather one too many than one lost.
	 */
	ndk_recv_done(h->qp, wc, true, n);
	if (unlikely(wc->status != IB_WC_SUCCESS))
		hca_qp_failed(h);
}

/* Successes are reported together. Returns how many were receives. */
static int handle(struct hca_qp *h, struct ib_wc *wc, int num)
{
	u32 end = READ_ONCE(h->qp->sq.defer.completed);
	struct ndk_notify n;
	int recvs = 0, i;

	ndk_notify_init(&n);
	spin_lock_bh(&h->lock);
	for (i = 0; i < num; i++) {
		if (wc[i].wr_id & HCA_ID_RECV) {
			recv_done(h, &wc[i], &n);
			recvs++;
		} else {
			end = hca_sq_done(h, &wc[i], end, &n);
		}
	}
	ndk_sq_complete(h->qp, end, &n);
	spin_unlock_bh(&h->lock);
	ndk_notify_flush(&n);
	return recvs;
}

/*
 * Kernel posters give what they post; only user space is asked for more, not for
 * each receive that completes unless there are few.
 */
static void refill(struct hca_qp *h, int num)
{
	if (!h->qp->sq.user)
		return;
	h->unasked += num;
	if (h->unasked < HCA_RECV_BATCH && !hca_rq_is_low(h->rq))
		return;
	h->unasked = 0;
	hca_rq_refill(h->rq);
	if (hca_rq_is_low(h->rq))
		hca_watch_kick(&h->hd->watch);
}

static int arm(struct hca_qp *h)
{
	return ib_req_notify_cq(h->cq, IB_CQ_NEXT_COMP | IB_CQ_REPORT_MISSED_EVENTS);
}

/* Returns true if there may be more. */
static bool poll(struct hca_qp *h)
{
	int left = HCA_TURN, num, recvs;
	u32 done = 0;

	while (left > 0) {
		num = ib_poll_cq(h->cq, HCA_BATCH, h->wc);
		if (num > 0) {
			recvs = handle(h, h->wc, num);
			if (recvs)
				refill(h, recvs);
			done += num;
		}
		left -= max(num, 1);
		if (num == HCA_BATCH)
			continue;
		if (!hca_pace_next(&h->pace, done))
			return false;
		done = 0;
		/* what came after the last poll is found by the arm, or fires */
		if (arm(h) <= 0)
			return false;
	}
	h->pace.done += done;
	return true;
}

static void deliver(struct hca_qp *h, enum ib_event_type event, struct ndk_notify *n)
{
	switch (event) {
	case IB_EVENT_QP_LAST_WQE_REACHED:
		complete_all(&h->last_wqe);
		/* raises it, once per life of the QP */
		if (h->qp->ibqp.srq)
			ndk_rq_flush(h->qp, n);
		return;
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
		hca_qp_failed(h);
		break;
	default:
		break;
	}
	ndk_notify_event(n, h->qp, event);
}

/* Behind the completions that were there when they came. */
static void events(struct hca_qp *h)
{
	unsigned long owed = xchg(&h->events, 0);
	struct ndk_notify n;
	int event;

	for_each_set_bit(event, &owed, BITS_PER_LONG) {
		ndk_notify_init(&n);
		spin_lock_bh(&h->lock);
		deliver(h, event, &n);
		spin_unlock_bh(&h->lock);
		ndk_notify_flush(&n);
	}
}

void hca_cq_work(struct work_struct *work)
{
	struct hca_qp *h = container_of(work, struct hca_qp, work);

	if (poll(h))
		queue_work(system_bh_wq, work);
	if (unlikely(READ_ONCE(h->events)))
		events(h);
	/* what a poster could not do himself */
	if (unlikely(test_and_clear_bit(HCA_REFILL_BIT, &h->rq->flags)))
		hca_rq_refill(h->rq);
	hca_qp_settle(h);
}

/* The ring has one consumer at a time: under the lock that refilling takes. */
static void flush_recvs(struct hca_qp *h, struct ndk_notify *n)
{
	struct hca_rq *rq = &h->own;

	spin_lock_bh(&rq->lock);
	rq->open = false;
	if (!rq->used)
		ndk_rq_flush(h->qp, n);
	spin_unlock_bh(&rq->lock);
}

/**
 * hca_qp_settle() - flush what the lower QP does not have
 * @h: the QP
 *
 * Does nothing unless it is in an error state; and then, as long as the lower QP
 * owes outcomes, waits for these: they come first. Whatever owes or ends the wait
 * calls this again.
 *
 * Context: process with bottom halves on, or softirq; no lock of ours held.
 */
void hca_qp_settle(struct hca_qp *h)
{
	enum ib_qp_state state = READ_ONCE(h->qp->state);
	struct ndk_notify n;

	if (likely(state != IB_QPS_ERR && state != IB_QPS_SQE))
		return;
	ndk_notify_init(&n);
	spin_lock_bh(&h->lock);
	if (hca_sq_close(h, state == IB_QPS_ERR))
		ndk_sq_flush(h->qp, &n);
	if (state == IB_QPS_ERR && !h->qp->ibqp.srq)
		flush_recvs(h, &n);
	spin_unlock_bh(&h->lock);
	ndk_notify_flush(&n);
}

/**
 * hca_qp_abandon() - flush everything, whatever the lower QP has
 * @h: the QP, in error
 *
 * For a lower QP that cannot be brought into error any more. What it may complete
 * later is not due.
 *
 * Context: process.
 */
void hca_qp_abandon(struct hca_qp *h)
{
	struct ndk_notify n;

	ndk_notify_init(&n);
	spin_lock_bh(&h->lock);
	hca_sq_shut(h);
	ndk_sq_flush(h->qp, &n);
	hca_rq_abandon(h, &n);
	if (h->qp->ibqp.srq)
		ndk_rq_flush(h->qp, &n);
	else
		flush_recvs(h, &n);
	spin_unlock_bh(&h->lock);
	ndk_notify_flush(&n);
}

/**
 * hca_cq_discard() - throw away what the lower QP completed
 * @h: the QP; its work item is disabled
 *
 * Receives of a shared queue must be given back to it.
 */
void hca_cq_discard(struct hca_qp *h)
{
	u64 wr_id;
	int num, i;

	while ((num = ib_poll_cq(h->cq, HCA_BATCH, h->wc)) > 0)
		for (i = 0; i < num; i++)
			if (h->qp->ibqp.srq && h->wc[i].wr_id & HCA_ID_RECV)
				hca_rq_done(h->rq, h->wc[i].wr_id, &wr_id);
}
