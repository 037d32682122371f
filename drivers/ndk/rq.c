// SPDX-License-Identifier: GPL-2.0
/*
 * Receive queues. Kernel and user queues share the published layout; user
 * space posts by writing the ring, without a call. Receives neither defer nor
 * end a chain.
 */
#include <linux/export.h>

#include <ndk/trace.h>

#include "provider.h"
#include "srq.h"

/**
 * ndk_recv_put() - post into a kernel queue
 * @q: the queue, its producers locked out
 * @max_sge: SGEs a request may have
 * @wr: the request
 *
 * Return: 0, -EINVAL for too many SGEs, -ENOMEM for a full queue.
 */
int ndk_recv_put(struct ndk_queue *q, u32 max_sge, const struct ib_recv_wr *wr)
{
	struct rxe_recv_wqe *u;
	u32 producer, next;
	int i;

	if (wr->num_sge < 0 || wr->num_sge > max_sge)
		return -EINVAL;
	producer = q->buf->producer_index;
	next = ndk_queue_next(q, producer);
	if (next == ndk_queue_consumer(q))
		return -ENOMEM;
	u = ndk_queue_slot(q, producer);
	u->wr_id = wr->wr_id;
	u->dma.num_sge = wr->num_sge;
	for (i = 0; i < wr->num_sge; i++) {
		u->dma.sge[i].addr = wr->sg_list[i].addr;
		u->dma.sge[i].length = wr->sg_list[i].length;
		u->dma.sge[i].lkey = wr->sg_list[i].lkey;
	}
	ndk_queue_set_producer(q, next);
	return 0;
}

/* receives posted in the error state that are flushed by the poster */
#define LATE_INLINE	64

void ndk_rq_flush_fn(struct work_struct *work)
{
	struct ndk_qp *qp = container_of(work, struct ndk_qp, rq.flush.work);

	qp->nic->ops->progress(qp);
}

/*
 * In error a receive is flushed at once, by the NIC's own hand. But a consumer that
 * posts as long as it has buffers (SMB Direct) would never run out of them, when each
 * comes back while it posts the next. So after some, they come back later.
 */
static void flush_late(struct ndk_qp *qp)
{
	u32 late = READ_ONCE(qp->rq.late);

	if (!qp->nic->ops->progress)
		return;
	if (late < LATE_INLINE) {
		WRITE_ONCE(qp->rq.late, late + 1);
		qp->nic->ops->progress(qp);
	} else {
		schedule_delayed_work(&qp->rq.flush, msecs_to_jiffies(10));
	}
}

int ndk_post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
		  const struct ib_recv_wr **bad_wr)
{
	struct ndk_qp *qp = to_ndk_qp(ibqp);
	unsigned long flags;
	int err = 0;

	*bad_wr = wr;
	if (ibqp->uobject || !qp->rq.q || READ_ONCE(qp->state) == IB_QPS_RESET)
		return -EINVAL;
	spin_lock_irqsave(&qp->rq.lock, flags);
	for (; wr; wr = wr->next) {
		err = ndk_recv_put(qp->rq.q, qp->rq.max_sge, wr);
		if (err) {
			*bad_wr = wr;
			break;
		}
	}
	spin_unlock_irqrestore(&qp->rq.lock, flags);
	if (err == -EINVAL)
		ibdev_warn_ratelimited(ibqp->device,
				       "qp %u: recv refused: sges[%d] greater than max[%u]\n",
				       ibqp->qp_num, wr->num_sge, qp->rq.max_sge);
	if (qp->nic->ops->recv_posted)
		qp->nic->ops->recv_posted(qp);
	if (READ_ONCE(qp->state) == IB_QPS_ERR)
		flush_late(qp);
	return err;
}

/* Copy once; @wqe holds what was checked. */
static int read_entry(const struct rxe_recv_wqe *u, u32 max_sge, struct ndk_rwqe *wqe)
{
	u64 total = 0;
	u32 i;

	wqe->wr_id = READ_ONCE(u->wr_id);
	wqe->num_sge = READ_ONCE(u->dma.num_sge);
	wqe->length = 0;
	if (wqe->num_sge > max_sge)
		return -EINVAL;
	for (i = 0; i < wqe->num_sge; i++) {
		wqe->sge[i].addr = READ_ONCE(u->dma.sge[i].addr);
		wqe->sge[i].length = READ_ONCE(u->dma.sge[i].length);
		wqe->sge[i].lkey = READ_ONCE(u->dma.sge[i].lkey);
		total += wqe->sge[i].length;
	}
	if (total > U32_MAX)
		return -EINVAL;
	wqe->length = total;
	return 0;
}

/**
 * ndk_recv_take() - take the next entry
 * @q: the queue, its consumers locked out
 * @max_sge: SGEs a request may have
 * @wqe: where it is copied
 * @hold: its place stays taken
 *
 * Return: as ndk_rq_take().
 */
int ndk_recv_take(struct ndk_queue *q, u32 max_sge, struct ndk_rwqe *wqe, bool hold)
{
	int err;

	if (q->index == ndk_queue_producer(q))
		return 0;
	err = read_entry(ndk_queue_slot(q, q->index), max_sge, wqe);
	q->index = ndk_queue_next(q, q->index);
	if (!hold)
		ndk_queue_set_consumer(q, q->index);
	return err ?: 1;
}

int ndk_rq_take(struct ndk_qp *qp, struct ndk_rwqe *wqe, struct ndk_notify *n)
{
	struct ib_srq *srq = qp->ibqp.srq;
	int got;

	if (srq)
		got = ndk_srq_take(to_ndk_srq(srq), wqe, n);
	else
		got = ndk_recv_take(qp->rq.q, qp->rq.max_sge, wqe, qp->rq.hold);
	if (likely(got >= 0))
		return got;
	ibdev_warn_ratelimited(qp->ibqp.device, "qp %u: bad recv entry, sges[%u] max[%u]\n",
			       qp->ibqp.qp_num, wqe->num_sge, qp->rq.max_sge);
	wqe->num_sge = 0;
	return got;
}
EXPORT_SYMBOL_GPL(ndk_rq_take);

bool ndk_rq_pending(const struct ndk_qp *qp)
{
	return READ_ONCE(qp->rq.q->index) != ndk_queue_producer(qp->rq.q);
}
EXPORT_SYMBOL_GPL(ndk_rq_pending);

void ndk_rq_release(struct ndk_qp *qp)
{
	struct ndk_rq *rq = &qp->rq;

	rq->released = ndk_queue_next(rq->q, rq->released);
	ndk_queue_set_consumer(rq->q, rq->released);
}
EXPORT_SYMBOL_GPL(ndk_rq_release);

void ndk_recv_done(struct ndk_qp *qp, struct ib_wc *wc, bool solicited, struct ndk_notify *n)
{
	unsigned long flags;

	spin_lock_irqsave(&qp->rcq->lock, flags);
	/* an error completion satisfies an arm for solicited ones (R-NDK-90) */
	ndk_cq_put(qp->rcq, wc, solicited || wc->status != IB_WC_SUCCESS, qp, n);
	trace_ndk_complete(qp, false, wc->wr_id, wc->status, wc->byte_len);
	spin_unlock_irqrestore(&qp->rcq->lock, flags);
}
EXPORT_SYMBOL_GPL(ndk_recv_done);

/*
 * Requests in a shared queue are not the QP's: they stay. Those it has taken
 * are completed by now, so none is outstanding any more.
 */
static void last_wqe_reached(struct ndk_qp *qp, struct ndk_notify *n)
{
	if (qp->rq.last_wqe)
		return;
	qp->rq.last_wqe = true;
	ndk_notify_event(n, qp, IB_EVENT_QP_LAST_WQE_REACHED);
}

void ndk_rq_flush(struct ndk_qp *qp, struct ndk_notify *n)
{
	struct ib_wc wc = { .status = IB_WC_WR_FLUSH_ERR, .opcode = IB_WC_RECV };
	struct ndk_queue *q = qp->rq.q;
	const struct rxe_recv_wqe *u;
	u32 budget;

	if (qp->ibqp.srq) {
		last_wqe_reached(qp, n);
		return;
	}
	/* a program that keeps posting must not keep us here */
	for (budget = q->mask + 1; budget && q->index != ndk_queue_producer(q); budget--) {
		u = ndk_queue_slot(q, q->index);
		wc.wr_id = READ_ONCE(u->wr_id);
		q->index = ndk_queue_next(q, q->index);
		ndk_queue_set_consumer(q, q->index);
		ndk_recv_done(qp, &wc, true, n);
	}
	qp->rq.released = q->index;
}
EXPORT_SYMBOL_GPL(ndk_rq_flush);

void ndk_rq_reset(struct ndk_qp *qp)
{
	struct ndk_queue *q = qp->rq.q;

	qp->rq.last_wqe = false;
	qp->rq.late = 0;
	if (!q)
		return;
	q->index = ndk_queue_producer(q);
	qp->rq.released = q->index;
	ndk_queue_set_consumer(q, q->index);
}
