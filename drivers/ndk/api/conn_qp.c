// SPDX-License-Identifier: GPL-2.0
/*
 * Connectors: the queue pair's way to RTS, and the limits it goes there with.
 */
#include "conn.h"

/*
 * RoCE has little else to wait for than a peer that is busy. A peer that is gone
 * is noticed after eight times half a second; one without a receive after six
 * times 20 ms. The latter is not endless, or nobody would hear of it (4.3).
 */
#define ACK_TIMEOUT		17	/* 4.096 us * 2^17 */
#define ACK_RETRIES		7
#define RNR_RETRIES		6
#define RNR_TIMER		22	/* 20.48 ms */

/*
 * What a peer may do by the queue pair. The id may be another device's
 * (ndk_nic_ops.cm_device), and then says what that one can, flushing for instance.
 */
#define RIGHTS			(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE |	\
				 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC)

/**
 * conn_clamp() - effective read limits
 * @c: the connector: what was asked for, and what the peer said
 *
 * The smallest of what each side wants and can; never an error (R-NDK-111).
 *
 * Context: @ndk_connector.lock held.
 */
void conn_clamp(struct ndk_connector *c)
{
	c->ird = min(c->ird, c->peer_ord);
	c->ord = min(c->ord, c->peer_ird);
}

/**
 * conn_param() - what a request or reply says
 * @c: the connector
 * @p: filled
 */
void conn_param(struct ndk_connector *c, struct rdma_conn_param *p)
{
	*p = (struct rdma_conn_param){
		.private_data = c->out.len ? c->out.bytes : NULL,
		.private_data_len = c->out.len,
		.responder_resources = c->ird,
		.initiator_depth = c->ord,
		.flow_control = 1,
		.retry_count = ACK_RETRIES,
		.rnr_retry_count = RNR_RETRIES,
		.srq = !!c->qp->srq,
		.qp_num = c->qp->qp->qp_num,
	};
}

static int modify(struct ndk_connector *c, struct ib_qp_attr *attr, enum ib_qp_state to)
{
	int mask, err;

	memset(attr, 0, sizeof(*attr));
	attr->qp_state = to;
	err = rdma_init_qp_attr(c->id, attr, &mask);
	if (err)
		return err;
	if (mask & IB_QP_ACCESS_FLAGS)
		attr->qp_access_flags &= RIGHTS;
	if (mask & IB_QP_MAX_DEST_RD_ATOMIC)
		attr->max_dest_rd_atomic = c->ird;
	if (mask & IB_QP_MAX_QP_RD_ATOMIC)
		attr->max_rd_atomic = c->ord;
	if (mask & IB_QP_MIN_RNR_TIMER)
		attr->min_rnr_timer = RNR_TIMER;
	if (mask & IB_QP_RNR_RETRY)
		attr->rnr_retry = RNR_RETRIES;
	if (mask & IB_QP_RETRY_CNT)
		attr->retry_cnt = ACK_RETRIES;
	if (mask & IB_QP_TIMEOUT)
		attr->timeout = ACK_TIMEOUT;
	return ib_modify_qp(c->qp->qp, attr, mask);
}

/**
 * conn_raise_qp() - take the queue pair from INIT to RTS
 * @c: the connector, its id knows the peer
 *
 * The queue pair was made in INIT so that receives can be posted; the connection
 * may want another pkey and other rights, so INIT comes again.
 *
 * Return: 0 or a negative errno: the queue pair is spent.
 */
int conn_raise_qp(struct ndk_connector *c)
{
	struct ib_qp_attr *attr;
	int err;

	attr = kmalloc(sizeof(*attr), GFP_KERNEL);
	if (!attr)
		return -ENOMEM;
	c->was_up = true;
	err = modify(c, attr, IB_QPS_INIT) ?: modify(c, attr, IB_QPS_RTR) ?:
	      modify(c, attr, IB_QPS_RTS);
	kfree(attr);
	return err;
}

/**
 * conn_take_qp() - a connector starts with a queue pair
 * @c: the connector
 * @qp: the queue pair
 *
 * Context: any.
 * Return: 0; -EISCONN: another has it; -ENOTCONN: it was connected before.
 */
int conn_take_qp(struct ndk_connector *c, struct ndk_kqp *qp)
{
	int err = api_qp_claim(qp);

	if (err)
		return err;
	api_obj_on(&c->obj, &qp->obj);
	c->qp = qp;
	scoped_guard(spinlock_irqsave, &qp->obj.lock)
		qp->connector = c;
	return 0;
}

/**
 * conn_leave_qp() - a connector is done with its queue pair
 * @c: the connector
 *
 * One that never left INIT is as before, and another connector may have it
 * (R-NDK-119); its close need not wait for ours. One that did is spent: all it had
 * is cancelled. Its close waits for ours, as the antecedent that it stays.
 */
void conn_leave_qp(struct ndk_connector *c)
{
	struct ndk_kqp *qp = c->qp;

	if (!qp)
		return;
	scoped_guard(spinlock_irqsave, &qp->obj.lock)
		qp->connector = NULL;
	c->qp = NULL;
	if (c->was_up) {
		api_qp_flush(qp);
		return;
	}
	api_qp_unclaim(qp);
	api_obj_off(&c->obj, &qp->obj);
}

static void kick_connector(struct ndk_kqp *qp, enum conn_step step)
{
	guard(spinlock_irqsave)(&qp->obj.lock);
	if (qp->connector)
		conn_kick(qp->connector, step);
}

void api_connector_qp_failed(struct ndk_kqp *qp)
{
	kick_connector(qp, STEP_BROKEN);
}

void api_connector_qp_established(struct ndk_kqp *qp)
{
	kick_connector(qp, STEP_DATA);
}
