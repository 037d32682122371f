// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pairs: each has one below, whose number it shows and whose states it
 * follows.
 */
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "hca.h"

/* How long a QP that is destroyed waits for the receives of a shared queue it has. */
#define LAST_WQE_MS	200
/* of the send queue: after so much of it without a signalled request, one is */
#define SIGNAL_SHARE	4

/*
 * Our state is behind: a connectionless lower QP stopped, and only it knows how
 * far; or it is ahead, because we found an error the lower QP does not know of.
 */
static void sync_work(struct work_struct *work)
{
	struct hca_qp *h = container_of(work, struct hca_qp, sync);
	struct ib_qp_init_attr init;
	struct ib_qp_attr attr = {};

	mutex_lock(&h->qp->mutex);
	if (READ_ONCE(h->qp->state) == IB_QPS_ERR) {
		attr.qp_state = IB_QPS_ERR;
		hca_qp_modify(h->qp, &attr, IB_QP_STATE, IB_QPS_ERR, IB_QPS_ERR);
	} else if (!ib_query_qp(h->lower, &attr, IB_QP_STATE, &init) &&
		   (attr.qp_state == IB_QPS_ERR || attr.qp_state == IB_QPS_SQE)) {
		ndk_qp_enter_error(h->qp, attr.qp_state == IB_QPS_SQE);
	}
	mutex_unlock(&h->qp->mutex);
	hca_qp_settle(h);
}

/**
 * hca_qp_failed() - the lower QP reports an error that is its own
 * @h: the QP
 *
 * A connection that fails takes the whole QP with it. Of others only the lower QP
 * knows; until we do, it flushes what we give it.
 *
 * Context: any but hard irq; under the QP's lock or not.
 */
void hca_qp_failed(struct hca_qp *h)
{
	if (READ_ONCE(h->qp->state) == IB_QPS_ERR)
		return;
	if (h->qp->ibqp.qp_type == IB_QPT_RC)
		ndk_qp_enter_error(h->qp, false);
	else
		queue_work(hca_wq, &h->sync);
}

static int create_wrs(struct hca_qp *h)
{
	u32 slots = h->qp->sq.mask + 1, i;

	h->wr = kvcalloc(slots, sizeof(*h->wr), GFP_KERNEL_ACCOUNT);
	if (!h->wr)
		return -ENOMEM;
	for (i = 0; i < slots; i++)
		h->wr[i].wr.next = &h->wr[(i + 1) % slots].wr;
	return 0;
}

/* Room for everything the QP can have out, and a mark: it never overflows. */
static int create_cq(struct hca_qp *h, const struct ib_qp_cap *cap)
{
	u32 recvs = h->qp->ibqp.srq ? h->rq->depth : cap->max_recv_wr;
	struct ib_device *low = h->hd->lower;
	struct ib_cq_init_attr attr = {
		.cqe = cap->max_send_wr + recvs + 1,
		.comp_vector = ndk_cq_vector(h->qp->rcq) % low->num_comp_vectors,
	};

	if (attr.cqe > low->attrs.max_cqe) {
		ibdev_dbg(&h->hd->nic->ibdev, "qp: %u requests, the lower device completes %d\n",
			  attr.cqe, low->attrs.max_cqe);
		return -EINVAL;
	}
	h->cq = ib_create_cq(low, hca_cq_event, NULL, h, &attr);
	return PTR_ERR_OR_ZERO(h->cq);
}

static int create_lower(struct hca_qp *h, struct ib_qp_cap *cap)
{
	struct ib_qp_init_attr init = {
		.event_handler = hca_qp_event,
		.qp_context = h,
		.send_cq = h->cq,
		.recv_cq = h->cq,
		.srq = h->rq->lower_srq,
		.cap = *cap,
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = h->qp->ibqp.qp_type,
		.port_num = h->hd->port,
	};

	h->lower = ib_create_qp(hca_pd_of(h->qp->ibqp.pd)->lower, &init);
	if (IS_ERR(h->lower))
		return PTR_ERR(h->lower);
	*cap = init.cap;
	return 0;
}

/*
 * What we ask for: what the consumer did, or as many requests as our rings hold,
 * which are a little deeper.
 */
static void want(struct hca_qp *h, struct ib_qp_cap *cap, bool all)
{
	const struct ib_qp_cap *wanted = &h->qp->wanted, *rings = &h->qp->attr.cap;
	u32 max = h->qp->nic->attr.max_qp_wr;
	bool shared = h->qp->ibqp.srq;

	memset(cap, 0, sizeof(*cap));
	cap->max_send_wr = all ? min(rings->max_send_wr, max) : max(wanted->max_send_wr, 1U);
	cap->max_send_sge = max(wanted->max_send_sge, 1U);
	if (!shared)
		cap->max_recv_wr = all ? min(rings->max_recv_wr, max) :
					 max(wanted->max_recv_wr, 1U);
	cap->max_recv_sge = shared ? 0 : max(wanted->max_recv_sge, 1U);
	cap->max_inline_data = wanted->max_inline_data;
}

/* A lower device may give more than it was asked for; its completion queue does not. */
static void grant(struct hca_qp *h, const struct ib_qp_cap *asked, const struct ib_qp_cap *got)
{
	struct ib_qp_cap *cap = &h->qp->attr.cap;

	cap->max_send_wr = min(asked->max_send_wr, got->max_send_wr);
	cap->max_send_sge = min(h->qp->wanted.max_send_sge, got->max_send_sge);
	cap->max_inline_data = min3(cap->max_inline_data, got->max_inline_data,
				    h->hd->nic->max_inline);
	if (h->qp->ibqp.srq)
		return;
	cap->max_recv_wr = min(asked->max_recv_wr, got->max_recv_wr);
	cap->max_recv_sge = min(h->qp->wanted.max_recv_sge, got->max_recv_sge);
}

static int create_pair(struct hca_qp *h, bool all)
{
	struct ib_qp_cap asked, got;
	int err;

	want(h, &asked, all);
	got = asked;
	err = create_cq(h, &asked);
	if (err)
		return err;
	err = create_lower(h, &got);
	if (err)
		ib_destroy_cq(h->cq);
	else
		grant(h, &asked, &got);
	return err;
}

static int create_below(struct hca_qp *h)
{
	int err;

	err = create_pair(h, true);
	/* what the rings hold was too much */
	if (err)
		err = create_pair(h, false);
	if (err)
		return err;
	err = hca_rq_init(&h->own, h->qp->ibqp.srq ? 0 : h->qp->attr.cap.max_recv_wr);
	if (err)
		goto qp;
	h->signal_every = max(h->qp->attr.cap.max_send_wr / SIGNAL_SHARE, 1U);
	return 0;
qp:
	ib_destroy_qp(h->lower);
	ib_destroy_cq(h->cq);
	return err;
}

static struct hca_qp *alloc_qp(struct ndk_qp *qp)
{
	struct hca_qp *h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);

	if (!h)
		return NULL;
	h->qp = qp;
	h->hd = to_hca(qp->nic);
	spin_lock_init(&h->lock);
	INIT_WORK(&h->work, hca_cq_work);
	init_irq_work(&h->kick, hca_cq_kick);
	hca_pace_init(&h->pace);
	INIT_WORK(&h->sync, sync_work);
	init_completion(&h->last_wqe);
	h->own.qp = qp;
	h->rq = &h->own;
	if (qp->ibqp.srq)
		h->rq = &((struct hca_srq *)to_ndk_srq(qp->ibqp.srq)->priv)->rq;
	return h;
}

static void publish(struct hca_qp *h)
{
	h->own.lower_qp = h->lower;
	h->qp->rq.hold = !h->qp->ibqp.srq;
	h->qp->ibqp.qp_num = h->lower->qp_num;
	h->qp->priv = h;
	ib_req_notify_cq(h->cq, IB_CQ_NEXT_COMP);
	if (h->qp->sq.user && !h->qp->ibqp.srq)
		hca_watch_add(&h->hd->watch, &h->own);
}

int hca_qp_create(struct ndk_qp *qp, const struct ib_qp_init_attr *init)
{
	struct hca_qp *h;
	int err;

	if (init->qp_type != IB_QPT_RC && init->qp_type != IB_QPT_UC && init->qp_type != IB_QPT_UD)
		return -EOPNOTSUPP;
	h = alloc_qp(qp);
	if (!h)
		return -ENOMEM;
	err = create_wrs(h);
	if (err)
		goto free;
	err = create_below(h);
	if (err)
		goto wrs;
	publish(h);
	return 0;
wrs:
	kvfree(h->wr);
free:
	kfree(h);
	return err;
}

/* Verbs have no way from RESET to error, and nothing is to be flushed there. */
static int to_error(struct hca_qp *h)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };
	int err;

	err = ib_modify_qp(h->lower, &attr, IB_QP_STATE);
	if (err) {
		ibdev_err_ratelimited(&h->hd->nic->ibdev, "qp %u: %s does not go to error: %d\n",
				      h->qp->ibqp.qp_num, dev_name(&h->hd->lower->dev), err);
		hca_qp_abandon(h);
		return err;
	}
	hca_sq_mark(h);
	hca_qp_settle(h);
	return 0;
}

/*
 * A QP that leaves by way of RESET or destroy gives back the receives of the shared
 * queue it was given: through error it completes them, drivers that forget them
 * would have them lost.
 */
static void give_back(struct hca_qp *h)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };

	if (!h->qp->ibqp.srq || !h->was_ready)
		return;
	if (!ib_modify_qp(h->lower, &attr, IB_QP_STATE))
		wait_for_completion_timeout(&h->last_wqe, msecs_to_jiffies(LAST_WQE_MS));
}

static int to_reset(struct hca_qp *h)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_RESET };
	int err;

	give_back(h);
	disable_work_sync(&h->work);
	hca_pace_reset(&h->pace);
	hca_rq_open(&h->own, false);
	err = ib_modify_qp(h->lower, &attr, IB_QP_STATE);
	hca_cq_discard(h);
	hca_sq_reset(h);
	hca_rq_forget(&h->own);
	h->events = 0;
	h->was_ready = false;
	reinit_completion(&h->last_wqe);
	ib_req_notify_cq(h->cq, IB_CQ_NEXT_COMP);
	enable_work(&h->work);
	return err;
}

/*
 * iWARP QPs are connected by the lower device's own connection manager, which
 * moves the lower QP by itself: we only follow.
 */
static int follow_iwarp(struct hca_qp *h, enum ib_qp_state to)
{
	struct ib_qp_init_attr init;
	struct ib_qp_attr attr = {};
	int err;

	if (to == IB_QPS_RTR)
		return 0;
	err = ib_query_qp(h->lower, &attr, IB_QP_STATE, &init);
	if (!err && attr.qp_state != IB_QPS_RTS) {
		ibdev_warn_ratelimited(&h->hd->nic->ibdev,
				       "qp %u: iWARP is connected by a connection manager only\n",
				       h->qp->ibqp.qp_num);
		err = -ENOTCONN;
	}
	return err;
}

static int move(struct hca_qp *h, const struct ib_qp_attr *attr, int mask)
{
	const struct ib_gid_attr *gid = NULL;
	struct ib_qp_attr low = *attr;
	int err;

	if (mask & IB_QP_PORT)
		low.port_num = h->hd->port;
	if (mask & IB_QP_AV) {
		err = hca_path(h->hd, &low.ah_attr, &gid);
		if (err)
			return err;
	}
	err = ib_modify_qp(h->lower, &low, mask);
	if (gid)
		rdma_put_gid_attr(gid);
	return err;
}

int hca_qp_modify(struct ndk_qp *qp, const struct ib_qp_attr *attr, int mask,
		  enum ib_qp_state from, enum ib_qp_state to)
{
	struct hca_qp *h = qp->priv;
	int err;

	if (to == IB_QPS_ERR)
		return to_error(h);
	if (to == IB_QPS_RESET)
		return to_reset(h);
	if (qp->nic->iwarp && from != to && (to == IB_QPS_RTR || to == IB_QPS_RTS))
		err = follow_iwarp(h, to);
	else
		err = move(h, attr, mask);
	if (err)
		return err;
	if (from == IB_QPS_RESET)
		hca_rq_open(&h->own, true);
	if (to == IB_QPS_RTR)
		h->was_ready = true;
	if (from == IB_QPS_SQE)
		hca_sq_reopen(h);
	if (qp->sq.user)
		hca_watch_kick(&h->hd->watch);
	return 0;
}

void hca_qp_query(struct ndk_qp *qp, struct ib_qp_attr *attr)
{
	struct hca_qp *h = qp->priv;
	struct ib_qp_init_attr init;
	struct ib_qp_attr low = {};

	if (READ_ONCE(qp->state) == IB_QPS_RESET)
		return;
	if (ib_query_qp(h->lower, &low, IB_QP_STATE | IB_QP_SQ_PSN | IB_QP_RQ_PSN, &init))
		return;
	attr->sq_psn = low.sq_psn;
	attr->rq_psn = low.rq_psn;
	attr->sq_draining = low.sq_draining;
}

void hca_qp_destroy(struct ndk_qp *qp)
{
	struct hca_qp *h = qp->priv;
	int err;

	hca_watch_del(&h->hd->watch, &h->own);
	give_back(h);
	disable_work_sync(&h->work);
	disable_work_sync(&h->sync);
	hca_cq_discard(h);
	err = ib_destroy_qp(h->lower);
	if (err)
		ibdev_err(&h->hd->nic->ibdev, "qp %u: %s does not destroy it: %d\n",
			  qp->ibqp.qp_num, dev_name(&h->hd->lower->dev), err);
	ib_destroy_cq(h->cq);
	irq_work_sync(&h->kick);
	hrtimer_cancel(&h->pace.timer);
	hca_rq_exit(&h->own);
	kvfree(h->wr);
	kfree(h);
}

/* See struct ndk_nic_ops. On the ordinary path the doorbell has done everything. */
void hca_progress(struct ndk_qp *qp)
{
	struct hca_qp *h = qp->priv;
	enum ib_qp_state state = READ_ONCE(qp->state);

	if (likely(state != IB_QPS_ERR && state != IB_QPS_SQE))
		return;
	if (hca_must_defer())
		queue_work(system_bh_wq, &h->work);
	else
		hca_qp_settle(h);
}
