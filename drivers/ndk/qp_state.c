// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pair states and attributes: what modify accepts, what query returns.
 */
#include <linux/export.h>

#include <ndk/trace.h>

#include "provider.h"

#define QP_ACCESS	(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE |	\
			 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC |	\
			 IB_ACCESS_MW_BIND | IB_ACCESS_OPTIONAL)
#define PSN_MASK	0xffffff

/**
 * struct limit - largest value of one attribute
 * @bit: in the attribute mask
 * @name: for the message
 * @value: as requested
 * @max: largest value accepted
 */
struct limit {
	int bit;
	const char *name;
	u32 value;
	u32 max;
};

static int check_limits(const struct ndk_qp *qp, const struct ib_qp_attr *a, int mask)
{
	const struct ib_device_attr *d = &qp->nic->attr;
	const struct limit limits[] = {
		{ IB_QP_PKEY_INDEX, "pkey_index", a->pkey_index, d->max_pkeys - 1 },
		{ IB_QP_MAX_QP_RD_ATOMIC, "max_rd_atomic", a->max_rd_atomic,
		  d->max_qp_init_rd_atom },
		{ IB_QP_MAX_DEST_RD_ATOMIC, "max_dest_rd_atomic", a->max_dest_rd_atomic,
		  d->max_qp_rd_atom },
		{ IB_QP_MIN_RNR_TIMER, "min_rnr_timer", a->min_rnr_timer, 31 },
		{ IB_QP_TIMEOUT, "timeout", a->timeout, 31 },
		{ IB_QP_RETRY_CNT, "retry_cnt", a->retry_cnt, 7 },
		{ IB_QP_RNR_RETRY, "rnr_retry", a->rnr_retry, 7 },
		{ IB_QP_DEST_QPN, "dest_qp_num", a->dest_qp_num, 0xffffff },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		if (!(mask & limits[i].bit) || limits[i].value <= limits[i].max)
			continue;
		ibdev_dbg(qp->ibqp.device, "qp %u: %s[%u] greater than max[%u]\n",
			  qp->ibqp.qp_num, limits[i].name, limits[i].value, limits[i].max);
		return -EINVAL;
	}
	return 0;
}

static int active_mtu(const struct ndk_qp *qp, enum ib_mtu *mtu)
{
	struct ib_port_attr port = {};
	int err;

	if (qp->nic->ops->active_mtu) {
		*mtu = qp->nic->ops->active_mtu(qp->nic);
		return 0;
	}
	err = ib_query_port(qp->ibqp.device, 1, &port);
	*mtu = port.active_mtu;
	return err;
}

static int check_mtu(const struct ndk_qp *qp, enum ib_mtu mtu)
{
	enum ib_mtu active;
	int err;

	err = active_mtu(qp, &active);
	if (err)
		return err;
	if (mtu < IB_MTU_256 || mtu > active) {
		ibdev_warn_ratelimited(qp->ibqp.device,
				       "qp %u: path mtu[%d] not in 256..port's active[%d]\n",
				       qp->ibqp.qp_num, ib_mtu_enum_to_int(mtu),
				       ib_mtu_enum_to_int(active));
		return -EINVAL;
	}
	return 0;
}

static int check_attr(const struct ndk_qp *qp, const struct ib_qp_attr *a, int mask)
{
	if (mask & (IB_QP_ALT_PATH | IB_QP_RATE_LIMIT))
		return -EOPNOTSUPP;
	if ((mask & IB_QP_PATH_MIG_STATE) && a->path_mig_state != IB_MIG_MIGRATED)
		return -EOPNOTSUPP;
	if ((mask & IB_QP_PORT) && a->port_num != 1)
		return -EINVAL;
	if ((mask & IB_QP_ACCESS_FLAGS) && (a->qp_access_flags & ~QP_ACCESS))
		return -EINVAL;
	if ((mask & IB_QP_AV) && (rdma_ah_get_ah_flags(&a->ah_attr) & IB_AH_GRH) == 0)
		return -EINVAL;
	if (mask & IB_QP_PATH_MTU) {
		int err = check_mtu(qp, a->path_mtu);

		if (err)
			return err;
	}
	return check_limits(qp, a, mask);
}

static void store_path(struct ib_qp_attr *to, const struct ib_qp_attr *a, int mask)
{
	if (mask & IB_QP_AV) {
		to->ah_attr = a->ah_attr;
		/* the caller's reference, not ours to hand out later */
		to->ah_attr.grh.sgid_attr = NULL;
	}
	if (mask & IB_QP_PATH_MTU)
		to->path_mtu = a->path_mtu;
	if (mask & IB_QP_DEST_QPN)
		to->dest_qp_num = a->dest_qp_num;
	if (mask & IB_QP_PORT)
		to->port_num = a->port_num;
	if (mask & IB_QP_PKEY_INDEX)
		to->pkey_index = a->pkey_index;
	if (mask & IB_QP_QKEY)
		to->qkey = a->qkey;
}

static void store_transport(struct ib_qp_attr *to, const struct ib_qp_attr *a, int mask)
{
	if (mask & IB_QP_SQ_PSN)
		to->sq_psn = a->sq_psn & PSN_MASK;
	if (mask & IB_QP_RQ_PSN)
		to->rq_psn = a->rq_psn & PSN_MASK;
	if (mask & IB_QP_ACCESS_FLAGS)
		to->qp_access_flags = a->qp_access_flags;
	if (mask & IB_QP_MAX_QP_RD_ATOMIC)
		to->max_rd_atomic = a->max_rd_atomic;
	if (mask & IB_QP_MAX_DEST_RD_ATOMIC)
		to->max_dest_rd_atomic = a->max_dest_rd_atomic;
	if (mask & IB_QP_MIN_RNR_TIMER)
		to->min_rnr_timer = a->min_rnr_timer;
	if (mask & IB_QP_TIMEOUT)
		to->timeout = a->timeout;
	if (mask & IB_QP_RETRY_CNT)
		to->retry_cnt = a->retry_cnt;
	if (mask & IB_QP_RNR_RETRY)
		to->rnr_retry = a->rnr_retry;
	if (mask & IB_QP_EN_SQD_ASYNC_NOTIFY)
		to->en_sqd_async_notify = a->en_sqd_async_notify;
}

/* The NIC may move a QP to error at any time: never overwrite that. */
static int advance_state(struct ndk_qp *qp, enum ib_qp_state from, enum ib_qp_state to)
{
	enum ib_qp_state was = cmpxchg(&qp->state, from, to);

	if (was != from && to != IB_QPS_RESET) {
		ibdev_dbg(qp->ibqp.device, "qp %u: went to state %d meanwhile\n",
			  qp->ibqp.qp_num, was);
		return -EINVAL;
	}
	if (was != from)
		WRITE_ONCE(qp->state, to);
	trace_ndk_qp_state(qp, from, to);
	return 0;
}

/**
 * ndk_qp_set_state() - unconditional change of state
 * @qp: the QP
 * @to: new state, an error state
 */
void ndk_qp_set_state(struct ndk_qp *qp, enum ib_qp_state to)
{
	enum ib_qp_state from = xchg(&qp->state, to);

	if (from == to)
		return;
	trace_ndk_qp_state(qp, from, to);
	if (qp->consumer)
		api_qp_broke(qp);
}

/**
 * ndk_qp_to_error() - modify to error
 * @qp: the QP, its mutex held
 *
 * The state is stored first: a post that still saw the old one holds the
 * queue's lock until its request is accepted, and the flush behind it takes
 * that lock, so no deferred request is left behind (DESIGN: invariant 4).
 */
void ndk_qp_to_error(struct ndk_qp *qp)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };
	enum ib_qp_state from = READ_ONCE(qp->state);

	ndk_qp_set_state(qp, IB_QPS_ERR);
	ndk_defer_flush_quiet(&qp->sq.defer);
	qp->nic->ops->qp_modify(qp, &attr, IB_QP_STATE, from, IB_QPS_ERR);
}

void ndk_qp_enter_error(struct ndk_qp *qp, bool sqe)
{
	ndk_qp_set_state(qp, sqe ? IB_QPS_SQE : IB_QPS_ERR);
	ndk_defer_flush_quiet(&qp->sq.defer);
}
EXPORT_SYMBOL_GPL(ndk_qp_enter_error);

static int to_reset(struct ndk_qp *qp, const struct ib_qp_attr *attr, enum ib_qp_state from)
{
	int err;

	/* no post may be accepted from here on, so none is lost unseen */
	err = advance_state(qp, from, IB_QPS_RESET);
	if (err)
		return err;
	ndk_defer_flush_quiet(&qp->sq.defer);
	err = qp->nic->ops->qp_modify(qp, attr, IB_QP_STATE, from, IB_QPS_RESET);
	ndk_sq_reset(qp);
	ndk_rq_reset(qp);
	qp->attr = (struct ib_qp_attr){ .cap = qp->attr.cap };
	return err;
}

static int modify_locked(struct ndk_qp *qp, const struct ib_qp_attr *attr, int mask)
{
	enum ib_qp_state from = READ_ONCE(qp->state), to;
	int err;

	if ((mask & IB_QP_CUR_STATE) && attr->cur_qp_state != from)
		return -EINVAL;
	to = mask & IB_QP_STATE ? attr->qp_state : from;
	if (!ib_modify_qp_is_ok(from, to, qp->ibqp.qp_type, mask)) {
		ibdev_dbg(qp->ibqp.device, "qp %u: no transition %d -> %d with mask %#x\n",
			  qp->ibqp.qp_num, from, to, mask);
		return -EINVAL;
	}
	err = check_attr(qp, attr, mask);
	if (err)
		return err;

	if (to == IB_QPS_ERR) {
		ndk_qp_to_error(qp);
		return 0;
	}
	if (to == IB_QPS_RESET)
		return to_reset(qp, attr, from);

	err = qp->nic->ops->qp_modify(qp, attr, mask, from, to);
	if (err)
		return err;
	store_path(&qp->attr, attr, mask);
	store_transport(&qp->attr, attr, mask);
	err = from == to ? 0 : advance_state(qp, from, to);
	/* back from SQD: what was accepted meanwhile may go on */
	if (!err && to == IB_QPS_RTS && qp->nic->ops->progress)
		qp->nic->ops->progress(qp);
	if (!err && qp->nic->ops->recv_posted)
		qp->nic->ops->recv_posted(qp);
	return err;
}

int ndk_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask, struct ib_udata *udata)
{
	struct ndk_qp *qp = to_ndk_qp(ibqp);
	int err;

	if (mask & ~IB_QP_ATTR_STANDARD_BITS)
		return -EOPNOTSUPP;
	mutex_lock(&qp->mutex);
	err = modify_locked(qp, attr, mask);
	mutex_unlock(&qp->mutex);
	return err;
}

int ndk_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		 struct ib_qp_init_attr *init)
{
	struct ndk_qp *qp = to_ndk_qp(ibqp);

	memset(init, 0, sizeof(*init));
	mutex_lock(&qp->mutex);
	*attr = qp->attr;
	attr->qp_state = READ_ONCE(qp->state);
	attr->cur_qp_state = attr->qp_state;
	attr->path_mig_state = IB_MIG_MIGRATED;
	if (qp->nic->ops->qp_query)
		qp->nic->ops->qp_query(qp, attr);
	mutex_unlock(&qp->mutex);

	init->event_handler = ibqp->event_handler;
	init->qp_context = ibqp->qp_context;
	init->send_cq = ibqp->send_cq;
	init->recv_cq = ibqp->recv_cq;
	init->srq = ibqp->srq;
	init->cap = attr->cap;
	init->sq_sig_type = qp->sq.all_signaled ? IB_SIGNAL_ALL_WR : IB_SIGNAL_REQ_WR;
	init->qp_type = ibqp->qp_type;
	return 0;
}
