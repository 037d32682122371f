// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pairs: create and destroy. States are in qp_state.c.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "provider.h"
#include "srq.h"

static int check_limit(struct ib_device *dev, const char *what, u32 value, u32 max)
{
	if (value <= max)
		return 0;
	ibdev_dbg(dev, "qp: requested %s[%u] greater than max[%u]\n", what, value, max);
	return -EINVAL;
}

static int check_cap(struct ndk_nic *nic, const struct ib_qp_cap *cap)
{
	struct ib_device *dev = &nic->ibdev;

	return check_limit(dev, "send_wr", cap->max_send_wr, nic->attr.max_qp_wr) ?:
	       check_limit(dev, "send_sge", cap->max_send_sge, nic->attr.max_send_sge) ?:
	       check_limit(dev, "inline_data", cap->max_inline_data, nic->max_inline);
}

static int check_recv_cap(struct ndk_nic *nic, const struct ib_qp_cap *cap)
{
	struct ib_device *dev = &nic->ibdev;

	return check_limit(dev, "recv_wr", cap->max_recv_wr, nic->attr.max_qp_wr) ?:
	       check_limit(dev, "recv_sge", cap->max_recv_sge, nic->attr.max_recv_sge);
}

static int check_init(struct ndk_nic *nic, const struct ib_qp_init_attr *init)
{
	int err;

	if (init->create_flags || init->xrcd || init->rwq_ind_tbl)
		return -EOPNOTSUPP;
	if (!init->send_cq || !init->recv_cq)
		return -EINVAL;
	/* with an SRQ there is no receive queue, whatever size is asked for */
	err = init->srq ? 0 : check_recv_cap(nic, &init->cap);
	return err ?: check_cap(nic, &init->cap);
}

static int check_udata(struct ib_udata *udata)
{
	if (!udata)
		return 0;
	if (udata->outlen < sizeof(struct rxe_create_qp_resp))
		return -EINVAL;
	if (udata->inlen && !ib_is_udata_cleared(udata, 0, udata->inlen))
		return -EINVAL;
	return 0;
}

/* bytes of payload description a slot must hold */
static u32 payload_size(const struct ib_qp_cap *cap)
{
	return max_t(u32, cap->max_send_sge * sizeof(struct ib_sge), cap->max_inline_data);
}

static int create_sq_user(struct ndk_qp *qp, struct ib_qp_cap *cap, struct ib_udata *udata,
			  struct mminfo *info)
{
	struct ndk_sq *sq = &qp->sq;

	sq->user = ndk_queue_create(cap->max_send_wr,
				    sizeof(struct rxe_send_wqe) + payload_size(cap),
				    udata, ndk_udata_ctx(udata), info);
	if (IS_ERR(sq->user))
		return PTR_ERR(sq->user);
	/* what the ring holds, the kernel's copy must hold */
	cap->max_send_wr = ndk_queue_capacity(sq->user);
	return 0;
}

static int create_sq(struct ndk_qp *qp, struct ib_qp_cap *cap, struct ib_udata *udata,
		     struct mminfo *info)
{
	struct ndk_sq *sq = &qp->sq;
	u32 slots;
	int err;

	cap->max_send_wr = max(cap->max_send_wr, 1U);
	cap->max_inline_data = payload_size(cap);
	if (udata) {
		err = create_sq_user(qp, cap, udata, info);
		if (err)
			return err;
	}
	slots = roundup_pow_of_two(cap->max_send_wr);
	sq->mask = slots - 1;
	sq->slot_size = ALIGN(sizeof(struct ndk_swqe) + payload_size(cap), sizeof(u64));
	sq->slots = kvcalloc(slots, sq->slot_size, GFP_KERNEL_ACCOUNT);
	if (!sq->slots) {
		ndk_queue_destroy(sq->user);
		return -ENOMEM;
	}
	sq->max_sge = cap->max_send_sge;
	sq->max_inline = cap->max_inline_data;
	ndk_defer_init(&sq->defer, &ndk_sq_defer_ops, &qp->nic->limits, cap->max_send_wr);
	return 0;
}

static void destroy_sq(struct ndk_qp *qp)
{
	kvfree(qp->sq.slots);
	ndk_queue_destroy(qp->sq.user);
}

static int create_rq(struct ndk_qp *qp, struct ib_qp_cap *cap, struct ib_udata *udata,
		     struct mminfo *info)
{
	struct ndk_rq *rq = &qp->rq;

	if (qp->ibqp.srq) {
		rq->max_sge = to_ndk_srq(qp->ibqp.srq)->max_sge;
		cap->max_recv_wr = 0;
		cap->max_recv_sge = 0;
		return 0;
	}
	cap->max_recv_wr = max(cap->max_recv_wr, 1U);
	spin_lock_init(&rq->lock);
	rq->max_sge = cap->max_recv_sge;
	rq->q = ndk_queue_create(cap->max_recv_wr,
				 sizeof(struct rxe_recv_wqe) +
				 cap->max_recv_sge * sizeof(struct rxe_sge),
				 udata, udata ? ndk_udata_ctx(udata) : NULL, info);
	if (IS_ERR(rq->q))
		return PTR_ERR(rq->q);
	cap->max_recv_wr = ndk_queue_capacity(rq->q);
	return 0;
}

static void destroy_rq(struct ndk_qp *qp)
{
	ndk_queue_destroy(qp->rq.q);
}

static void broken_work(struct work_struct *work)
{
	struct ndk_qp *qp = container_of(work, struct ndk_qp, sq.broken);

	mutex_lock(&qp->mutex);
	if (qp->sq.is_broken)
		ndk_qp_to_error(qp);
	mutex_unlock(&qp->mutex);
}

static void init_qp(struct ndk_qp *qp, struct ndk_nic *nic, const struct ib_qp_init_attr *init)
{
	qp->nic = nic;
	qp->stats = nic->stats;
	qp->state = IB_QPS_RESET;
	qp->scq = to_ndk_cq(init->send_cq);
	qp->rcq = to_ndk_cq(init->recv_cq);
	qp->wanted = init->cap;
	qp->sq.all_signaled = init->sq_sig_type == IB_SIGNAL_ALL_WR;
	mutex_init(&qp->mutex);
	INIT_WORK(&qp->sq.broken, broken_work);
	INIT_DELAYED_WORK(&qp->rq.flush, ndk_rq_flush_fn);
	INIT_LIST_HEAD(&qp->link);
}

static int check_granted(const struct ndk_qp *qp, const char *what, u32 wanted, u32 granted)
{
	if (granted >= wanted)
		return 0;
	ibdev_warn_ratelimited(qp->ibqp.device, "qp: %s[%u] wanted, the NIC grants %u\n",
			       what, wanted, granted);
	return -EINVAL;
}

/*
 * What the NIC really gives may be less than the rings hold, never less than the
 * consumer asked for.
 */
static int take_grant(struct ndk_qp *qp, struct ib_qp_cap *cap)
{
	const struct ib_qp_cap *wanted = &qp->wanted, *got = &qp->attr.cap;
	int err;

	err = check_granted(qp, "send_wr", wanted->max_send_wr, got->max_send_wr) ?:
	      check_granted(qp, "send_sge", wanted->max_send_sge, got->max_send_sge) ?:
	      check_granted(qp, "inline_data", wanted->max_inline_data, got->max_inline_data);
	if (!err && !qp->ibqp.srq)
		err = check_granted(qp, "recv_wr", wanted->max_recv_wr, got->max_recv_wr) ?:
		      check_granted(qp, "recv_sge", wanted->max_recv_sge, got->max_recv_sge);
	if (err)
		return err;
	qp->sq.defer.depth = min(qp->sq.defer.depth, got->max_send_wr);
	qp->sq.max_sge = min(qp->sq.max_sge, got->max_send_sge);
	qp->sq.max_inline = min(qp->sq.max_inline, got->max_inline_data);
	*cap = *got;
	return 0;
}

int ndk_ib_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *init, struct ib_udata *udata)
{
	struct ndk_nic *nic = to_ndk_nic(ibqp->device);
	struct rxe_create_qp_resp resp = {};
	struct ndk_qp *qp = to_ndk_qp(ibqp);
	int err;

	err = check_init(nic, init) ?: check_udata(udata);
	if (err)
		return err;
	init_qp(qp, nic, init);
	err = create_sq(qp, &init->cap, udata, &resp.sq_mi);
	if (err)
		return err;
	err = create_rq(qp, &init->cap, udata, &resp.rq_mi);
	if (err)
		goto err_sq;
	qp->attr.cap = init->cap;
	err = nic->ops->qp_create(qp, init);
	if (err)
		goto err_rq;
	err = take_grant(qp, &init->cap);
	if (err)
		goto err_nic;
	if (udata) {
		err = ib_copy_to_udata(udata, &resp, sizeof(resp));
		if (err)
			goto err_nic;
	}
	mutex_lock(&nic->qps_lock);
	list_add_tail(&qp->link, &nic->qps);
	mutex_unlock(&nic->qps_lock);
	return 0;

err_nic:
	nic->ops->qp_destroy(qp);
err_rq:
	destroy_rq(qp);
err_sq:
	destroy_sq(qp);
	return err;
}

int ndk_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata)
{
	struct ndk_qp *qp = to_ndk_qp(ibqp);
	struct ndk_nic *nic = qp->nic;

	mutex_lock(&nic->qps_lock);
	list_del(&qp->link);
	mutex_unlock(&nic->qps_lock);

	/* a deferred tail ends here, while there still is a NIC to show it to */
	ndk_defer_stop(&qp->sq.defer);
	cancel_work_sync(&qp->sq.broken);
	cancel_delayed_work_sync(&qp->rq.flush);
	nic->ops->qp_destroy(qp);
	ndk_cq_purge(qp->scq, qp);
	ndk_cq_purge(qp->rcq, qp);
	destroy_rq(qp);
	destroy_sq(qp);
	mutex_destroy(&qp->mutex);
	return 0;
}
