// SPDX-License-Identifier: GPL-2.0
/*
 * The send queue: a chain becomes one list for the lower device, and what that
 * completes finds its way back to the slots.
 *
 * The lower requests are made in advance, one per slot and each linked to the
 * next; a doorbell fills those of its chain, cuts the link behind the last one,
 * posts, and mends the link. The lower driver copies what it needs before it
 * returns, so SGEs and inline data stay where the provider has them.
 */
#include "hca.h"

/* what a request may carry below: everything but our own mark, and SIGNALED by need */
#define LOWER_FLAGS	(IB_SEND_FENCE | IB_SEND_SOLICITED | IB_SEND_INLINE)

static struct hca_wr *wr_at(struct hca_qp *h, u32 index)
{
	return &h->wr[index & h->qp->sq.mask];
}

/*
 * A lower slot is free again when a signalled request at or behind it has
 * completed, and so are ours. A consumer may leave as many unsignalled as it likes.
 */
static int signal_flag(struct hca_qp *h, const struct ndk_swqe *w)
{
	if (!w->signaled && ++h->unsignaled < h->signal_every)
		return 0;
	h->unsignaled = 0;
	return IB_SEND_SIGNALED;
}

static void fill_payload(struct hca_wr *u, struct ndk_swqe *w)
{
	u->wr.sg_list = w->sge;
	u->wr.num_sge = w->num_sge;
	if (!(w->flags & IB_SEND_INLINE))
		return;
	u->data.addr = (uintptr_t)w->inline_data;
	u->data.length = w->length;
	u->wr.sg_list = &u->data;
	u->wr.num_sge = 1;
	/* of no bytes: some drivers take that for a mistake */
	if (!w->length) {
		u->wr.num_sge = 0;
		u->wr.send_flags &= ~IB_SEND_INLINE;
	}
}

static int fill_reg(struct hca_qp *h, struct hca_wr *u, const struct ndk_swqe *w)
{
	struct ib_mr *mr = hca_mr_find(h->hd, w->rkey);

	if (!mr)
		return -EINVAL;
	/* as its owner would have done; it may have chosen another first address */
	ib_update_fast_reg_key(mr, w->rkey & 0xff);
	mr->iova = w->remote_addr;
	u->reg.mr = mr;
	u->reg.key = w->rkey;
	u->reg.access = w->access;
	return 0;
}

static int fill_datagram(struct hca_qp *h, struct hca_wr *u, const struct ndk_swqe *w)
{
	u->ud.ah = hca_ah_find(h->hd, w->ah);
	if (!u->ud.ah)
		return -EINVAL;
	u->ud.remote_qpn = w->remote_qpn;
	u->ud.remote_qkey = w->remote_qkey;
	u->ud.pkey_index = 0;
	return 0;
}

static int fill_special(struct hca_qp *h, struct hca_wr *u, const struct ndk_swqe *w)
{
	switch (w->opcode) {
	case IB_WR_RDMA_WRITE:
	case IB_WR_RDMA_WRITE_WITH_IMM:
	case IB_WR_RDMA_READ:
		u->rdma.remote_addr = w->remote_addr;
		u->rdma.rkey = w->rkey;
		return 0;
	case IB_WR_ATOMIC_CMP_AND_SWP:
	case IB_WR_ATOMIC_FETCH_AND_ADD:
		u->atomic.remote_addr = w->remote_addr;
		u->atomic.compare_add = w->compare_add;
		u->atomic.swap = w->swap;
		u->atomic.compare_add_mask = 0;
		u->atomic.swap_mask = 0;
		u->atomic.rkey = w->rkey;
		return 0;
	case IB_WR_REG_MR:
		return fill_reg(h, u, w);
	default:
		return ndk_qp_is_ud(h->qp) ? fill_datagram(h, u, w) : 0;
	}
}

/* -EINVAL: it names a region or an address handle that is gone. */
static int fill(struct hca_qp *h, u32 index)
{
	struct ndk_swqe *w = ndk_sq_wqe(h->qp, index);
	struct hca_wr *u = wr_at(h, index);

	u->wr.wr_id = hca_id(h->gen, index);
	u->wr.opcode = w->opcode;
	u->wr.send_flags = (w->flags & LOWER_FLAGS) | signal_flag(h, w);
	/* immediate data or the key to invalidate, whichever it is */
	u->wr.ex.imm_data = w->imm;
	fill_payload(u, w);
	return fill_special(h, u, w);
}

/* Which request of [first, end) @bad is; @first if it is none of ours. */
static u32 index_of(struct hca_qp *h, u32 first, u32 end, const struct ib_send_wr *bad)
{
	u32 i;

	for (i = first; i != end; i++)
		if (&wr_at(h, i)->wr == bad)
			return i;
	ibdev_warn_ratelimited(&h->hd->nic->ibdev, "qp %u: %s refused a request it does not name\n",
			       h->qp->ibqp.qp_num, dev_name(&h->hd->lower->dev));
	return first;
}

/* One call, one list. Returns the lower errno, and in @end where it stopped. */
static int post_list(struct hca_qp *h, u32 first, u32 *end)
{
	struct hca_wr *last = wr_at(h, *end - 1);
	struct ib_send_wr *next = last->wr.next;
	const struct ib_send_wr *bad = &wr_at(h, first)->wr;
	int err;

	/* pairs with the acquire in posted_end() */
	smp_store_release(&h->posted, *end);
	last->wr.next = NULL;
	err = ib_post_send(h->lower, &wr_at(h, first)->wr, &bad);
	last->wr.next = next;
	ndk_count(h->qp, NDK_STAT_LOWER_POSTS, 1);
	if (likely(!err))
		return 0;
	ndk_count(h->qp, NDK_STAT_LOWER_REFUSED, 1);
	*end = index_of(h, first, *end, bad);
	WRITE_ONCE(h->posted, *end);
	return err;
}

/*
 * In an error state requests are accepted and flushed. If the lower device does
 * not even take them to flush them, that is ours to do: they stay behind @posted,
 * and hca_qp_settle() comes after this.
 */
static bool in_error(const struct hca_qp *h)
{
	enum ib_qp_state state = READ_ONCE(h->qp->state);

	return state == IB_QPS_ERR || state == IB_QPS_SQE;
}

/**
 * hca_doorbell() - see struct ndk_nic_ops
 * @qp: the QP
 * @first: first request of the chain
 * @end: index behind its last one
 * @refused: the request the lower device did not take
 *
 * A gap between @posted and @first is what a refusal left: nothing behind it may
 * be carried out, even if the lower device would.
 *
 * Return: 0 or a negative errno.
 */
int hca_doorbell(struct ndk_qp *qp, u32 first, u32 end, u32 *refused)
{
	struct hca_qp *h = qp->priv;
	u32 stop;
	int err = 0, post_err = 0;

	if (unlikely(h->closed || h->posted != first))
		return 0;
	rcu_read_lock();
	for (stop = first; stop != end; stop++) {
		err = fill(h, stop);
		if (unlikely(err))
			break;
	}
	if (likely(stop != first)) {
		/* nothing behind it would tell what became of it */
		if (unlikely(err))
			wr_at(h, stop - 1)->wr.send_flags |= IB_SEND_SIGNALED;
		post_err = post_list(h, first, &stop);
	}
	rcu_read_unlock();
	if (post_err)
		err = post_err;
	if (likely(!err) || in_error(h))
		return 0;
	*refused = stop;
	return err;
}

/* what a lower completion can be for */
static u32 posted_end(const struct hca_qp *h)
{
	/* pairs with the release in post_list() */
	return smp_load_acquire(&h->posted);
}

/**
 * hca_qp_stray() - a lower completion of nothing that is due
 * @h: the QP
 * @wc: the completion, ignored
 */
void hca_qp_stray(struct hca_qp *h, const struct ib_wc *wc)
{
	ndk_count(h->qp, NDK_STAT_LOWER_STRAY, 1);
	ibdev_warn_ratelimited(&h->hd->nic->ibdev,
			       "qp %u: %s completed %#llx, which is not due\n",
			       h->qp->ibqp.qp_num, dev_name(&h->hd->lower->dev), wc->wr_id);
}

/**
 * hca_sq_mark() - have the lower QP, in error, complete something
 * @h: the QP, in error
 *
 * If it refused a request, those before it may all have been silent, and done: then
 * nothing would ever say so. Whatever is posted in error is flushed behind them. No
 * datagrams: their drivers look at an address handle that this has not.
 *
 * Context: process.
 */
void hca_sq_mark(struct hca_qp *h)
{
	struct ndk_defer *d = &h->qp->sq.defer;
	struct ib_rdma_wr wr = {
		.wr = {
			.opcode = IB_WR_RDMA_WRITE,
			.send_flags = IB_SEND_SIGNALED,
		},
	};
	unsigned long flags;

	if (ndk_qp_is_ud(h->qp))
		return;
	spin_lock_irqsave(&d->lock, flags);
	if (!h->closed && READ_ONCE(d->completed) != h->posted && h->posted != d->indicated) {
		wr.wr.wr_id = HCA_ID_MARK | hca_id(h->gen, h->posted);
		ib_post_send(h->lower, &wr.wr, NULL);
	}
	spin_unlock_irqrestore(&d->lock, flags);
}

/* Those before the mark that completed nothing have succeeded. */
static u32 mark_done(struct hca_qp *h, const struct ib_wc *wc, u32 end)
{
	u32 index = (u32)wc->wr_id;

	if (unlikely(wc->wr_id != (HCA_ID_MARK | hca_id(h->gen, index)) ||
		     index != posted_end(h))) {
		hca_qp_stray(h, wc);
		return end;
	}
	/* closed: they had their outcomes, and others have had theirs since */
	return h->closed ? end : index;
}

/**
 * hca_sq_close() - stop giving requests to the lower QP, if it owes none
 * @h: the QP, in an error state; its lock is held
 * @always: else only if there is something it did not take
 *
 * Return: true if every request the lower QP was given has its outcome and it
 * gets no more: what is left is ours to flush.
 */
bool hca_sq_close(struct hca_qp *h, bool always)
{
	struct ndk_defer *d = &h->qp->sq.defer;
	unsigned long flags;
	bool closed;

	spin_lock_irqsave(&d->lock, flags);
	if (READ_ONCE(d->completed) == h->posted && (always || h->posted != d->indicated))
		h->closed = true;
	closed = h->closed;
	spin_unlock_irqrestore(&d->lock, flags);
	return closed;
}

/**
 * hca_sq_shut() - stop giving requests to the lower QP, whatever it owes
 * @h: the QP
 */
void hca_sq_shut(struct hca_qp *h)
{
	struct ndk_defer *d = &h->qp->sq.defer;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	h->closed = true;
	spin_unlock_irqrestore(&d->lock, flags);
}

/**
 * hca_sq_reopen() - the send queue goes on after an error
 * @h: the QP, not in RTS yet: nobody can post
 */
void hca_sq_reopen(struct hca_qp *h)
{
	struct ndk_defer *d = &h->qp->sq.defer;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	h->posted = d->indicated;
	h->closed = false;
	spin_unlock_irqrestore(&d->lock, flags);
}

/**
 * hca_sq_reset() - forget every request
 * @h: the QP, its lower one in RESET; nobody posts or completes
 */
void hca_sq_reset(struct hca_qp *h)
{
	struct ndk_defer *d = &h->qp->sq.defer;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	h->gen++;
	h->posted = 0;
	h->unsignaled = 0;
	h->closed = false;
	spin_unlock_irqrestore(&d->lock, flags);
}

/**
 * hca_sq_done() - a lower completion of a send request
 * @h: the QP, its lock is held
 * @wc: the completion
 * @end: index behind the requests known to have succeeded, not reported yet
 * @n: collects the CQ events
 *
 * Those before it that made no lower completion have succeeded, whatever became of
 * this one: the lower queue carries out and completes in order.
 *
 * Return: the new @end; the caller reports it by ndk_sq_complete().
 */
u32 hca_sq_done(struct hca_qp *h, const struct ib_wc *wc, u32 end, struct ndk_notify *n)
{
	u32 index = (u32)wc->wr_id;

	if (unlikely(wc->wr_id & HCA_ID_MARK))
		return mark_done(h, wc, end);
	if (unlikely(wc->wr_id != hca_id(h->gen, index) || h->closed ||
		     index - end >= posted_end(h) - end)) {
		hca_qp_stray(h, wc);
		return end;
	}
	if (likely(wc->status == IB_WC_SUCCESS))
		return index + 1;
	ndk_sq_complete(h->qp, index, n);
	hca_qp_failed(h);
	ndk_sq_fail(h->qp, wc->status, n);
	return index + 1;
}
