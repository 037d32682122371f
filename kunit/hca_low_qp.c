// SPDX-License-Identifier: GPL-2.0
/*
 * The lower device of the stacked backend's tests, see hca_low.h: its queues.
 */
#include <linux/slab.h>

#include "hca_low.h"

#define KNOWN_FLAGS	(IB_SEND_FENCE | IB_SEND_SIGNALED | IB_SEND_SOLICITED | IB_SEND_INLINE)

static int create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		     struct uverbs_attr_bundle *attrs)
{
	struct low_cq *cq = to_low_cq(ibcq);

	if (attr->cqe >= LOW_MAX_CQE)
		return -EINVAL;
	if (low_fails(to_low(ibcq->device)))
		return -ENOMEM;
	spin_lock_init(&cq->lock);
	ibcq->cqe = attr->cqe;
	atomic_inc(&to_low(ibcq->device)->cqs);
	return 0;
}

static int destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata)
{
	atomic_dec(&to_low(ibcq->device)->cqs);
	return 0;
}

static int poll_cq(struct ib_cq *ibcq, int num, struct ib_wc *wc)
{
	struct low_cq *cq = to_low_cq(ibcq);
	unsigned long flags;
	int i;

	spin_lock_irqsave(&cq->lock, flags);
	for (i = 0; i < num && cq->tail != cq->head; i++)
		wc[i] = cq->ring[cq->tail++ % LOW_MAX_CQE];
	spin_unlock_irqrestore(&cq->lock, flags);
	return i;
}

/* The last one holds, and it does not look whether something is there already. */
static int req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags)
{
	struct low_cq *cq = to_low_cq(ibcq);
	unsigned long irq;
	int missed;

	spin_lock_irqsave(&cq->lock, irq);
	cq->armed = flags & IB_CQ_SOLICITED_MASK;
	if (cq->armed == IB_CQ_SOLICITED)
		cq->solicited_arms = true;
	missed = (flags & IB_CQ_REPORT_MISSED_EVENTS) && cq->tail != cq->head;
	spin_unlock_irqrestore(&cq->lock, irq);
	return missed;
}

/* Hard irq. The handler is called under the lock, as rxe does. */
static void put(struct low_cq *cq, const struct ib_wc *wc, bool solicited)
{
	spin_lock(&cq->lock);
	if (cq->head - cq->tail >= cq->ibcq.cqe)
		cq->overran = true;
	cq->ring[cq->head++ % LOW_MAX_CQE] = *wc;
	if (cq->armed == IB_CQ_NEXT_COMP || (cq->armed && solicited)) {
		cq->armed = 0;
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
	}
	spin_unlock(&cq->lock);
}

/* What carrying it out does to keys. */
static enum ib_wc_status carry_out(struct low_wqe *w)
{
	if (w->opcode == IB_WR_REG_MR) {
		if (w->mr->valid)
			return IB_WC_MW_BIND_ERR;
		w->mr->valid = true;
	}
	if (w->opcode == IB_WR_LOCAL_INV && w->mr)
		w->mr->valid = false;
	return IB_WC_SUCCESS;
}

static void complete_one(struct low_qp *q, enum ib_wc_status status)
{
	struct low_wqe *w = &q->sq[q->tail % LOW_DEPTH];
	struct ib_wc wc = { .wr_id = w->wr_id, .qp = &q->ibqp };

	if (status == IB_WC_SUCCESS)
		status = carry_out(w);
	wc.status = status;
	q->tail++;
	q->last_wr_id = wc.wr_id;
	if (status != IB_WC_SUCCESS && q->state != IB_QPS_ERR) {
		q->state = IB_QPS_ERR;
		q->job = LOW_FLUSH;
	}
	if (status != IB_WC_SUCCESS || (w->flags & IB_SEND_SIGNALED))
		put(to_low_cq(q->ibqp.send_cq), &wc, status != IB_WC_SUCCESS);
}

static void flush(struct low_qp *q)
{
	struct ib_wc wc = { .status = IB_WC_WR_FLUSH_ERR, .qp = &q->ibqp };

	while (q->tail != q->head)
		complete_one(q, IB_WC_WR_FLUSH_ERR);
	while (q->rq_tail != q->rq_head) {
		wc.wr_id = q->rq[q->rq_tail++ % LOW_DEPTH];
		put(to_low_cq(q->ibqp.recv_cq), &wc, true);
	}
}

static u64 take_recv(struct low_qp *q, bool *got, bool *limit)
{
	struct low_srq *s;
	u64 id = 0;

	*limit = false;
	if (!q->ibqp.srq) {
		*got = q->rq_tail != q->rq_head;
		return *got ? q->rq[q->rq_tail++ % LOW_DEPTH] : 0;
	}
	s = to_low_srq(q->ibqp.srq);
	spin_lock(&s->lock);
	*got = s->tail != s->head;
	if (*got)
		id = s->rq[s->tail++ % LOW_DEPTH];
	if (s->limit && s->head - s->tail < s->limit) {
		s->limit = 0;
		*limit = true;
	}
	spin_unlock(&s->lock);
	return id;
}

static void limit_event(struct ib_srq *ibsrq)
{
	struct ib_event ev = {
		.device = ibsrq->device,
		.element.srq = ibsrq,
		.event = IB_EVENT_SRQ_LIMIT_REACHED,
	};

	ibsrq->event_handler(&ev, ibsrq->srq_context);
}

static void receive_one(struct low_qp *q)
{
	struct ib_wc wc = { .opcode = IB_WC_RECV, .byte_len = 8, .qp = &q->ibqp };
	bool got, limit;

	wc.wr_id = take_recv(q, &got, &limit);
	if (got) {
		q->last_wr_id = wc.wr_id;
		put(to_low_cq(q->ibqp.recv_cq), &wc, false);
	}
	if (limit)
		limit_event(q->ibqp.srq);
}

static void put_id(struct low_qp *q, u64 id)
{
	struct ib_wc wc = { .wr_id = id, .qp = &q->ibqp };

	put(to_low_cq(q->ibqp.send_cq), &wc, false);
}

/* Hard irq. */
static void irq_fn(struct irq_work *work)
{
	struct low_qp *q = container_of(work, struct low_qp, irq);
	unsigned long flags;
	u32 i;

	WARN_ON(!in_hardirq());
	spin_lock_irqsave(&q->lock, flags);
	for (i = 0; q->job == LOW_COMPLETE && i < q->num && q->tail != q->head; i++)
		complete_one(q, q->status);
	for (i = 0; q->job == LOW_RECEIVE && i < q->num; i++)
		receive_one(q);
	if (q->job == LOW_AGAIN)
		put_id(q, q->last_wr_id);
	if (q->job == LOW_UNKNOWN)
		put_id(q, q->last_wr_id + 1000);
	if (q->job == LOW_FLUSH)
		flush(q);
	spin_unlock_irqrestore(&q->lock, flags);
}

static void run(struct low_qp *q, enum low_job job, u32 num, enum ib_wc_status status)
{
	unsigned long flags;

	irq_work_sync(&q->irq);
	spin_lock_irqsave(&q->lock, flags);
	q->job = job;
	q->num = num;
	q->status = status;
	spin_unlock_irqrestore(&q->lock, flags);
	irq_work_queue(&q->irq);
	irq_work_sync(&q->irq);
}

void low_complete(struct low_qp *q, u32 num, enum ib_wc_status status)
{
	run(q, LOW_COMPLETE, num, status);
}

void low_complete_again(struct low_qp *q)
{
	run(q, LOW_AGAIN, 0, IB_WC_SUCCESS);
}

void low_complete_unknown(struct low_qp *q)
{
	run(q, LOW_UNKNOWN, 0, IB_WC_SUCCESS);
}

void low_receive(struct low_qp *q, u32 num)
{
	run(q, LOW_RECEIVE, num, IB_WC_SUCCESS);
}

void low_qp_event(struct low_qp *q, enum ib_event_type event)
{
	struct ib_event ev = {
		.device = q->ibqp.device,
		.element.qp = &q->ibqp,
		.event = event,
	};

	q->ibqp.event_handler(&ev, q->ibqp.qp_context);
}

static int create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *init, struct ib_udata *udata)
{
	struct low_dev *low = to_low(ibqp->device);
	struct low_qp *q = to_low_qp(ibqp);

	if (init->cap.max_inline_data > LOW_MAX_INLINE || init->cap.max_send_wr > LOW_MAX_WR)
		return -EINVAL;
	if (low_fails(low))
		return -ENOMEM;
	spin_lock_init(&q->lock);
	init_irq_work(&q->irq, irq_fn);
	q->refuse = -1;
	q->depth = init->cap.max_send_wr;
	q->state = IB_QPS_RESET;
	ibqp->qp_num = low->next_qpn++;
	init->cap.max_send_wr -= min(low->short_wr, init->cap.max_send_wr);
	init->cap.max_inline_data -= min(low->short_inline, init->cap.max_inline_data);
	atomic_inc(&low->qps);
	return 0;
}

static int destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata)
{
	irq_work_sync(&to_low_qp(ibqp)->irq);
	atomic_dec(&to_low(ibqp->device)->qps);
	return 0;
}

static void last_wqe(struct low_qp *q)
{
	if (q->ibqp.srq)
		low_qp_event(q, IB_EVENT_QP_LAST_WQE_REACHED);
}

static int modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask, struct ib_udata *udata)
{
	struct low_qp *q = to_low_qp(ibqp);
	unsigned long flags;

	if (!(mask & IB_QP_STATE))
		return 0;
	if (attr->qp_state == IB_QPS_ERR && to_low(ibqp->device)->stuck)
		return -EIO;
	if (mask & IB_QP_AV)
		q->gid_index = attr->ah_attr.grh.sgid_index;
	irq_work_sync(&q->irq);
	spin_lock_irqsave(&q->lock, flags);
	q->state = attr->qp_state;
	if (q->state == IB_QPS_RESET) {
		q->head = 0;
		q->tail = 0;
		q->rq_head = 0;
		q->rq_tail = 0;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	if (attr->qp_state == IB_QPS_ERR) {
		run(q, LOW_FLUSH, 0, IB_WC_WR_FLUSH_ERR);
		last_wqe(q);
	}
	return 0;
}

static int query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		    struct ib_qp_init_attr *init)
{
	attr->qp_state = to_low_qp(ibqp)->state;
	return 0;
}

static void note_special(struct low_wqe *w, const struct ib_send_wr *wr, bool ud)
{
	w->mr = NULL;
	if (wr->opcode == IB_WR_REG_MR) {
		w->mr = container_of(reg_wr(wr)->mr, struct low_mr, ibmr);
		w->rkey = reg_wr(wr)->key;
	} else if (wr->opcode == IB_WR_RDMA_WRITE || wr->opcode == IB_WR_RDMA_READ) {
		w->remote = rdma_wr(wr)->remote_addr;
		w->rkey = rdma_wr(wr)->rkey;
	} else if (ud) {
		w->ah = ud_wr(wr)->ah;
	}
}

/* The region a LOCAL_INV names is the one that was registered last. */
static struct low_mr *last_mr(struct low_qp *q)
{
	u32 i;

	for (i = q->head; i; i--)
		if (q->sq[(i - 1) % LOW_DEPTH].opcode == IB_WR_REG_MR)
			return q->sq[(i - 1) % LOW_DEPTH].mr;
	return NULL;
}

static void note(struct low_qp *q, const struct ib_send_wr *wr)
{
	struct low_wqe *w = &q->sq[q->head % LOW_DEPTH];

	w->wr_id = wr->wr_id;
	w->flags = wr->send_flags;
	w->opcode = wr->opcode;
	w->num_sge = wr->num_sge;
	w->inv_rkey = wr->ex.invalidate_rkey;
	memset(&w->sge, 0, sizeof(w->sge));
	if (wr->num_sge)
		w->sge = wr->sg_list[0];
	if (wr->send_flags & IB_SEND_INLINE && wr->num_sge)
		memcpy(w->data, (void *)(uintptr_t)w->sge.addr, min(w->sge.length, LOW_DATA));
	note_special(w, wr, q->ibqp.qp_type == IB_QPT_UD);
	if (wr->opcode == IB_WR_LOCAL_INV)
		w->mr = last_mr(q);
	q->head++;
}

static int check(struct low_qp *q, const struct ib_send_wr *wr, int index)
{
	if (wr->send_flags & ~KNOWN_FLAGS) {
		q->bad_flags |= wr->send_flags & ~KNOWN_FLAGS;
		return -EINVAL;
	}
	if (index == q->refuse)
		return q->refuse_with;
	return q->head - q->tail >= q->depth ? -ENOMEM : 0;
}

static void ring(struct low_qp *q, u32 num)
{
	if (!num)
		return;
	q->list[q->rings++ % LOW_LISTS] = num;
	if (q->state != IB_QPS_ERR && !to_low(q->ibqp.device)->automatic)
		return;
	q->job = q->state == IB_QPS_ERR ? LOW_FLUSH : LOW_COMPLETE;
	q->num = U32_MAX;
	q->status = IB_WC_SUCCESS;
	irq_work_queue(&q->irq);
}

static int post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
		     const struct ib_send_wr **bad)
{
	struct low_qp *q = to_low_qp(ibqp);
	unsigned long flags;
	int err = 0, num = 0;

	spin_lock_irqsave(&q->lock, flags);
	for (; wr; wr = wr->next, num++) {
		err = check(q, wr, num);
		if (err) {
			*bad = wr;
			break;
		}
		note(q, wr);
	}
	if (err)
		q->refuse = -1;
	ring(q, num);
	spin_unlock_irqrestore(&q->lock, flags);
	return err;
}

static int post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
		     const struct ib_recv_wr **bad)
{
	struct low_qp *q = to_low_qp(ibqp);
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	for (; wr; wr = wr->next)
		q->rq[q->rq_head++ % LOW_DEPTH] = wr->wr_id;
	spin_unlock_irqrestore(&q->lock, flags);
	return 0;
}

static int create_srq(struct ib_srq *ibsrq, struct ib_srq_init_attr *init, struct ib_udata *udata)
{
	struct low_srq *s = to_low_srq(ibsrq);

	if (low_fails(to_low(ibsrq->device)))
		return -ENOMEM;
	spin_lock_init(&s->lock);
	s->depth = init->attr.max_wr;
	atomic_inc(&to_low(ibsrq->device)->srqs);
	return 0;
}

static int destroy_srq(struct ib_srq *ibsrq, struct ib_udata *udata)
{
	atomic_dec(&to_low(ibsrq->device)->srqs);
	return 0;
}

static int modify_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr, enum ib_srq_attr_mask mask,
		      struct ib_udata *udata)
{
	struct low_srq *s = to_low_srq(ibsrq);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	s->limit = attr->srq_limit;
	spin_unlock_irqrestore(&s->lock, flags);
	return 0;
}

static int query_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr)
{
	return 0;
}

static int post_srq_recv(struct ib_srq *ibsrq, const struct ib_recv_wr *wr,
			 const struct ib_recv_wr **bad)
{
	struct low_srq *s = to_low_srq(ibsrq);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	for (; wr; wr = wr->next)
		s->rq[s->head++ % LOW_DEPTH] = wr->wr_id;
	spin_unlock_irqrestore(&s->lock, flags);
	return 0;
}

const struct ib_device_ops low_qp_ops = {
	.create_cq = create_cq,
	.destroy_cq = destroy_cq,
	.poll_cq = poll_cq,
	.req_notify_cq = req_notify_cq,
	.create_qp = create_qp,
	.destroy_qp = destroy_qp,
	.modify_qp = modify_qp,
	.query_qp = query_qp,
	.post_send = post_send,
	.post_recv = post_recv,
	.create_srq = create_srq,
	.destroy_srq = destroy_srq,
	.modify_srq = modify_srq,
	.query_srq = query_srq,
	.post_srq_recv = post_srq_recv,
	INIT_RDMA_OBJ_SIZE(ib_cq, low_cq, ibcq),
	INIT_RDMA_OBJ_SIZE(ib_qp, low_qp, ibqp),
	INIT_RDMA_OBJ_SIZE(ib_srq, low_srq, ibsrq),
};
