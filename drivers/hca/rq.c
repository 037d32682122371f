// SPDX-License-Identifier: GPL-2.0
/*
 * Receives. The provider's ring holds what was posted; the lower queue must have
 * it before a message comes. So it is moved as soon as somebody says or finds that
 * there is something (hca_rq_refill()): kernel posters say it, for user space see
 * watch.c.
 *
 * A receive in the lower queue occupies a slot here, whose number is its wr_id
 * there. Slots of a QP's own queue carry the QP's generation as well: what a QP
 * had before RESET completes nothing after it. Those of a shared queue belong to
 * no QP and carry none.
 */
#include <linux/percpu.h>
#include <linux/slab.h>

#include "hca.h"

/* a batch on its way down; too big for a stack. Used with bottom halves off. */
struct recv_batch {
	struct ndk_rwqe rwqe[HCA_RECV_BATCH];
	struct ib_recv_wr wr[HCA_RECV_BATCH];
};

static struct recv_batch __percpu *batches;

int hca_rq_module_init(void)
{
	batches = alloc_percpu(struct recv_batch);
	return batches ? 0 : -ENOMEM;
}

void hca_rq_module_exit(void)
{
	free_percpu(batches);
}

static void free_all(struct hca_rq *rq)
{
	u32 i;

	for (i = 0; i < rq->depth; i++) {
		rq->slot[i].busy = false;
		rq->slot[i].next = i + 1;
	}
	rq->free = 0;
	rq->used = 0;
}

/* @depth: receives the lower queue has room for, may be 0 */
int hca_rq_init(struct hca_rq *rq, u32 depth)
{
	spin_lock_init(&rq->lock);
	INIT_LIST_HEAD(&rq->watch);
	rq->depth = depth;
	rq->slot = kvcalloc(max(depth, 1U), sizeof(*rq->slot), GFP_KERNEL_ACCOUNT);
	if (!rq->slot)
		return -ENOMEM;
	free_all(rq);
	return 0;
}

void hca_rq_exit(struct hca_rq *rq)
{
	kvfree(rq->slot);
}

void hca_rq_open(struct hca_rq *rq, bool open)
{
	spin_lock_bh(&rq->lock);
	rq->open = open;
	spin_unlock_bh(&rq->lock);
}

/* The lower QP has forgotten them. */
void hca_rq_forget(struct hca_rq *rq)
{
	spin_lock_bh(&rq->lock);
	rq->gen++;
	free_all(rq);
	spin_unlock_bh(&rq->lock);
}

static u64 take_slot(struct hca_rq *rq, u64 wr_id)
{
	u32 i = rq->free;

	rq->free = rq->slot[i].next;
	rq->slot[i].wr_id = wr_id;
	rq->slot[i].busy = true;
	rq->used++;
	return HCA_ID_RECV | hca_id(rq->gen, i);
}

static void put_slot(struct hca_rq *rq, u32 i)
{
	rq->slot[i].busy = false;
	rq->slot[i].next = rq->free;
	rq->free = i;
	rq->used--;
}

static struct ib_device *device_of(const struct hca_rq *rq)
{
	return rq->qp ? rq->qp->ibqp.device : rq->srq->ibsrq.device;
}

/*
 * A request that was accepted, but cannot be carried out. Of a QP it completes
 * with an error and takes the QP with it. A shared queue has nobody to tell.
 */
static void fail_recv(struct hca_rq *rq, u64 wr_id, struct ndk_notify *n)
{
	struct ib_wc wc = {
		.wr_id = wr_id,
		.status = IB_WC_LOC_QP_OP_ERR,
		.opcode = IB_WC_RECV,
	};

	if (!rq->qp) {
		ibdev_err_ratelimited(device_of(rq), "srq %u: lost a receive\n", rq->srq->num);
		return;
	}
	ndk_rq_release(rq->qp);
	ndk_recv_done(rq->qp, &wc, true, n);
	rq->open = false;
	ndk_qp_enter_error(rq->qp, false);
	queue_work(hca_wq, &((struct hca_qp *)rq->qp->priv)->sync);
}

static int take_one(struct hca_rq *rq, struct ndk_rwqe *w, struct ndk_notify *n)
{
	return rq->srq ? ndk_srq_take(rq->srq, w, n) : ndk_rq_take(rq->qp, w, n);
}

/* Fills a list from the ring; returns its length. */
static u32 take(struct hca_rq *rq, struct recv_batch *b, struct ndk_notify *n)
{
	u32 num = 0;
	int got;

	while (num < HCA_RECV_BATCH && rq->used < rq->depth) {
		got = take_one(rq, &b->rwqe[num], n);
		if (!got)
			break;
		if (got < 0) {
			fail_recv(rq, b->rwqe[num].wr_id, n);
			continue;
		}
		b->wr[num].wr_id = take_slot(rq, b->rwqe[num].wr_id);
		b->wr[num].sg_list = b->rwqe[num].sge;
		b->wr[num].num_sge = b->rwqe[num].num_sge;
		b->wr[num].next = NULL;
		if (num)
			b->wr[num - 1].next = &b->wr[num];
		num++;
	}
	return num;
}

static int give(struct hca_rq *rq, const struct ib_recv_wr *wr, const struct ib_recv_wr **bad)
{
	*bad = wr;
	return rq->srq ? ib_post_srq_recv(rq->lower_srq, wr, bad) :
			 ib_post_recv(rq->lower_qp, wr, bad);
}

/* What the lower device refused, though it said it has the room. */
static void take_back(struct hca_rq *rq, const struct ib_recv_wr *bad, int err,
		      struct ndk_notify *n)
{
	u64 wr_id;
	u32 slot;

	ibdev_warn_ratelimited(device_of(rq), "a receive does not go down: %d\n", err);
	for (; bad; bad = bad->next) {
		slot = (u32)bad->wr_id;
		wr_id = rq->slot[slot].wr_id;
		put_slot(rq, slot);
		fail_recv(rq, wr_id, n);
	}
}

static void count(struct hca_rq *rq, u32 num)
{
	if (rq->qp)
		ndk_count(rq->qp, NDK_STAT_LOWER_RECVS, num);
	else
		ndk_stat_add(to_ndk_nic(device_of(rq))->stats, NDK_STAT_LOWER_RECVS, num);
}

/**
 * hca_rq_refill() - give the lower device what was posted
 * @rq: the queue
 *
 * Context: process with bottom halves on, or softirq; no lock of ours but the
 * watch's held.
 * Return: how many it was given.
 */
unsigned int hca_rq_refill(struct hca_rq *rq)
{
	const struct ib_recv_wr *bad;
	unsigned int total = 0;
	struct recv_batch *b;
	struct ndk_notify n;
	u32 num;
	int err;

	ndk_notify_init(&n);
	spin_lock_bh(&rq->lock);
	b = this_cpu_ptr(batches);
	while (rq->open && (num = take(rq, b, &n))) {
		count(rq, num);
		total += num;
		err = give(rq, b->wr, &bad);
		if (likely(!err))
			continue;
		take_back(rq, bad, err, &n);
		/* of a shared queue the rest stays, for a better moment */
		break;
	}
	spin_unlock_bh(&rq->lock);
	if (unlikely(!ndk_notify_is_empty(&n)))
		ndk_notify_flush(&n);
	return total;
}

/**
 * hca_rq_done() - a lower completion of a receive
 * @rq: the queue
 * @id: its wr_id below
 * @wr_id: the poster's
 *
 * Return: false if no such receive is out.
 */
bool hca_rq_done(struct hca_rq *rq, u64 id, u64 *wr_id)
{
	u32 slot = (u32)id;
	bool due;

	spin_lock_bh(&rq->lock);
	due = slot < rq->depth && rq->slot[slot].busy &&
	      id == (HCA_ID_RECV | hca_id(rq->gen, slot));
	if (likely(due)) {
		*wr_id = rq->slot[slot].wr_id;
		put_slot(rq, slot);
		if (rq->qp)
			ndk_rq_release(rq->qp);
	}
	spin_unlock_bh(&rq->lock);
	return due;
}

bool hca_rq_is_empty(struct hca_rq *rq)
{
	return !READ_ONCE(rq->used);
}

/**
 * hca_rq_abandon() - the lower QP will complete nothing any more
 * @h: the QP, its lock is held
 * @n: collects the CQ events
 *
 * Only of its own queue. In whatever order the slots are.
 */
void hca_rq_abandon(struct hca_qp *h, struct ndk_notify *n)
{
	struct ib_wc wc = { .status = IB_WC_WR_FLUSH_ERR, .opcode = IB_WC_RECV };
	struct hca_rq *rq = &h->own;
	u32 i;

	spin_lock_bh(&rq->lock);
	rq->open = false;
	for (i = 0; i < rq->depth; i++) {
		if (!rq->slot[i].busy)
			continue;
		wc.wr_id = rq->slot[i].wr_id;
		ndk_recv_done(h->qp, &wc, true, n);
	}
	rq->gen++;
	free_all(rq);
	spin_unlock_bh(&rq->lock);
}

/* See struct ndk_nic_ops. */
void hca_recv_posted(struct ndk_qp *qp)
{
	struct hca_qp *h = qp->priv;

	/* what it sends now may be for a QP of the same program, which just posted */
	if (qp->sq.user)
		hca_watch_look(&h->hd->watch);
	if (hca_must_defer()) {
		set_bit(HCA_REFILL_BIT, &h->rq->flags);
		queue_work(system_bh_wq, &h->work);
	} else if (READ_ONCE(h->rq->open)) {
		if (!hca_rq_is_idle(h->rq))
			hca_rq_refill(h->rq);
	} else {
		hca_qp_settle(h);
	}
}
