// SPDX-License-Identifier: GPL-2.0
/*
 * Completion queues, see cq.h.
 */
#include <linux/export.h>
#include <rdma/uverbs_ioctl.h>

#include <ndk/trace.h>

#include "provider.h"

static size_t entry_size(bool user)
{
	return user ? sizeof(struct ib_uverbs_wc) : sizeof(struct ib_wc);
}

static int check_cqe(struct ib_device *dev, int cqe)
{
	int max = to_ndk_nic(dev)->attr.max_cqe;

	if (cqe < 1 || cqe > max) {
		ibdev_dbg(dev, "cq: requested entries[%d] not in 1..%d\n", cqe, max);
		return -EINVAL;
	}
	return 0;
}

/* @info fits at the start of every reply that carries a ring */
static int check_udata(struct ib_udata *udata, size_t outlen)
{
	if (udata && (udata->outlen < outlen ||
		      (udata->inlen && !ib_is_udata_cleared(udata, 0, udata->inlen))))
		return -EINVAL;
	return 0;
}

int ndk_ib_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		     struct uverbs_attr_bundle *attrs)
{
	struct ib_udata *udata = attrs ? &attrs->driver_udata : NULL;
	struct rxe_create_cq_resp resp = {};
	struct ndk_cq *cq = to_ndk_cq(ibcq);
	int err;

	if (attr->flags)
		return -EOPNOTSUPP;
	err = check_cqe(ibcq->device, attr->cqe);
	if (err)
		return err;
	if (attr->comp_vector >= ibcq->device->num_comp_vectors)
		return -EINVAL;
	err = check_udata(udata, sizeof(resp));
	if (err)
		return err;

	spin_lock_init(&cq->lock);
	cq->user = !!udata;
	ndk_vector_init(&cq->vector, attr->comp_vector, ndk_cq_work_fn);
	cq->comp_vector = attr->comp_vector;
	cq->q = ndk_queue_create(attr->cqe, entry_size(cq->user), udata,
				 udata ? ndk_udata_ctx(udata) : NULL, &resp.mi);
	if (IS_ERR(cq->q))
		return PTR_ERR(cq->q);
	if (udata) {
		err = ib_copy_to_udata(udata, &resp, sizeof(resp));
		if (err) {
			ndk_queue_destroy(cq->q);
			return err;
		}
	}
	ibcq->cqe = ndk_queue_capacity(cq->q);
	return 0;
}

/*
 * No QP refers to it any more, so no NIC context does. A handler that is still to
 * be called elsewhere would find its consumer gone.
 */
int ndk_pre_destroy_cq(struct ib_cq *ibcq)
{
	cancel_work_sync(&to_ndk_cq(ibcq)->vector.work);
	return 0;
}

u32 ndk_cq_vector(const struct ndk_cq *cq)
{
	return cq->comp_vector;
}
EXPORT_SYMBOL_GPL(ndk_cq_vector);

int ndk_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata)
{
	struct ndk_cq *cq = to_ndk_cq(ibcq);

	/* not every consumer goes by way of the above */
	ndk_pre_destroy_cq(ibcq);
	ndk_queue_destroy(cq->q);
	return 0;
}

/* Move what the consumer has not seen into @new; -EINVAL if it does not fit. */
static int move_entries(struct ndk_cq *cq, struct ndk_queue *new)
{
	u32 head = ndk_queue_consumer(cq->q), count;

	count = (cq->q->index - head) & cq->q->mask;
	if (count > ndk_queue_capacity(new))
		return -EINVAL;
	for (new->index = 0; new->index < count; new->index++)
		memcpy(ndk_queue_slot(new, new->index),
		       ndk_queue_slot(cq->q, head + new->index),
		       entry_size(cq->user));
	ndk_queue_set_producer(new, new->index);
	return 0;
}

int ndk_ib_resize_cq(struct ib_cq *ibcq, int cqe, struct ib_udata *udata)
{
	struct rxe_resize_cq_resp resp = {};
	struct ndk_cq *cq = to_ndk_cq(ibcq);
	struct ndk_queue *q, *old;
	int err;

	err = check_cqe(ibcq->device, cqe);
	if (err)
		return err;
	err = check_udata(udata, sizeof(resp));
	if (err)
		return err;
	q = ndk_queue_create(cqe, entry_size(cq->user), udata,
			     udata ? ndk_udata_ctx(udata) : NULL, &resp.mi);
	if (IS_ERR(q))
		return PTR_ERR(q);
	/* the reply may fault: before anything that cannot be taken back */
	if (udata) {
		err = ib_copy_to_udata(udata, &resp, sizeof(resp));
		if (err)
			goto err_queue;
	}

	spin_lock_irq(&cq->lock);
	err = move_entries(cq, q);
	if (!err) {
		old = cq->q;
		cq->q = q;
		ibcq->cqe = ndk_queue_capacity(q);
	}
	spin_unlock_irq(&cq->lock);
	if (err) {
		ibdev_dbg(ibcq->device, "cq: more entries waiting than requested[%d]\n", cqe);
		goto err_queue;
	}
	ndk_queue_destroy(old);
	return 0;

err_queue:
	ndk_queue_destroy(q);
	return err;
}

/*
 * libibverbs has the last two flags the other way round. No IB_WC_ name for its
 * values exists, so: 4 is IBV_WC_IP_CSUM_OK, 8 is IBV_WC_WITH_INV.
 */
static u32 user_wc_flags(int flags)
{
	u32 user = flags & (IB_WC_GRH | IB_WC_WITH_IMM);

	if (flags & IB_WC_IP_CSUM_OK)
		user |= 4;
	if (flags & IB_WC_WITH_INVALIDATE)
		user |= 8;
	return user;
}

static void fill_user_wc(struct ib_uverbs_wc *u, const struct ib_wc *wc, const struct ndk_qp *qp)
{
	u->wr_id = wc->wr_id;
	u->status = wc->status;
	u->opcode = wc->opcode;
	u->vendor_err = wc->vendor_err;
	u->byte_len = wc->byte_len;
	u->ex.imm_data = wc->ex.imm_data;
	u->qp_num = qp->ibqp.qp_num;
	u->src_qp = wc->src_qp;
	u->wc_flags = user_wc_flags(wc->wc_flags);
	u->pkey_index = wc->pkey_index;
	u->slid = 0;
	u->sl = wc->sl;
	u->dlid_path_bits = 0;
	u->port_num = 1;
	u->reserved = 0;
}

static void overrun(struct ndk_cq *cq, struct ndk_qp *qp, struct ndk_notify *n)
{
	ndk_count(qp, NDK_STAT_CQ_OVERRUNS, 1);
	if (cq->overrun)
		return;
	cq->overrun = true;
	ibdev_warn_ratelimited(cq->ibcq.device, "cq full at %u entries, qp %u\n",
			       ndk_queue_capacity(cq->q), qp->ibqp.qp_num);
	ndk_notify_cq(n, cq, NDK_CQ_ERR);
}

/**
 * ndk_cq_put() - add one entry
 * @cq: the queue, locked
 * @wc: the completion
 * @solicited: satisfies an arm for solicited entries
 * @qp: whose completion it is
 * @n: collects the event
 */
void ndk_cq_put(struct ndk_cq *cq, const struct ib_wc *wc, bool solicited, struct ndk_qp *qp,
		struct ndk_notify *n)
{
	struct ndk_queue *q = cq->q;
	u32 next = ndk_queue_next(q, q->index);
	struct ib_wc *k;

	if (unlikely(cq->overrun || next == ndk_queue_consumer(q))) {
		overrun(cq, qp, n);
		return;
	}
	if (cq->user) {
		fill_user_wc(ndk_queue_slot(q, q->index), wc, qp);
	} else {
		k = ndk_queue_slot(q, q->index);
		*k = *wc;
		k->qp = &qp->ibqp;
		k->port_num = 1;
	}
	q->index = next;
	ndk_queue_set_producer(q, next);
	cq->vector.entries++;
	cq->puts++;
	ndk_count(qp, NDK_STAT_COMPLETIONS, 1);

	if (cq->armed && (cq->armed == IB_CQ_NEXT_COMP || solicited)) {
		cq->armed = 0;
		ndk_vector_notified(&cq->vector);
		ndk_notify_cq(n, cq, NDK_CQ_COMP);
	} else if (unlikely(cq->held) && (s32)(cq->puts - cq->held_until) >= 0) {
		cq->held = false;
		ndk_notify_cq(n, cq, NDK_CQ_COMP);
	}
}

/*
 * Entries of a QP that is being destroyed would hand out a dangling pointer.
 * User entries carry a number only and stay for the program to find.
 */
void ndk_cq_purge(struct ndk_cq *cq, const struct ndk_qp *qp)
{
	struct ndk_queue *q = cq->q;
	struct ib_wc *from, *to;
	unsigned long flags;
	u32 i, keep;

	if (cq->user)
		return;
	spin_lock_irqsave(&cq->lock, flags);
	keep = ndk_queue_consumer(q);
	for (i = keep; i != q->index; i = ndk_queue_next(q, i)) {
		from = ndk_queue_slot(q, i);
		if (from->qp == &qp->ibqp)
			continue;
		to = ndk_queue_slot(q, keep);
		if (to != from)
			*to = *from;
		keep = ndk_queue_next(q, keep);
	}
	q->index = keep;
	ndk_queue_set_producer(q, keep);
	spin_unlock_irqrestore(&cq->lock, flags);
}

int ndk_poll_cq(struct ib_cq *ibcq, int num, struct ib_wc *wc)
{
	struct ndk_cq *cq = to_ndk_cq(ibcq);
	struct ndk_queue *q;
	unsigned long flags;
	u32 head;
	int i;

	if (WARN_ON_ONCE(cq->user))
		return -EINVAL;
	spin_lock_irqsave(&cq->lock, flags);
	q = cq->q;
	head = ndk_queue_consumer(q);
	for (i = 0; i < num && head != q->index; i++) {
		wc[i] = *(struct ib_wc *)ndk_queue_slot(q, head);
		head = ndk_queue_next(q, head);
	}
	ndk_queue_set_consumer(q, head);
	spin_unlock_irqrestore(&cq->lock, flags);
	return i;
}

int ndk_req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags)
{
	struct ndk_cq *cq = to_ndk_cq(ibcq);
	unsigned long irqflags;
	int missed = 0;

	spin_lock_irqsave(&cq->lock, irqflags);
	/* an arm never weakens one that is still out (R-NDK-86) */
	if (cq->armed != IB_CQ_NEXT_COMP)
		cq->armed = flags & IB_CQ_SOLICITED_MASK;
	if (flags & IB_CQ_REPORT_MISSED_EVENTS)
		missed = ndk_queue_consumer(cq->q) != cq->q->index;
	spin_unlock_irqrestore(&cq->lock, irqflags);
	return missed;
}

/**
 * ndk_cq_arm() - arm, unless the arm is satisfied already
 * @cq: the queue
 * @type: IB_CQ_SOLICITED or IB_CQ_NEXT_COMP
 * @seen: ndk_cq_puts() when the consumer was last notified
 * @others: the consumer has entries elsewhere, older than those here
 *
 * The arm is satisfied by any entry that waits and was added since, solicited or
 * not (R-NDK-87).
 *
 * Return: true: it was, the queue is not armed now.
 */
bool ndk_cq_arm(struct ndk_cq *cq, u8 type, u32 seen, bool others)
{
	unsigned long flags;
	bool now;

	spin_lock_irqsave(&cq->lock, flags);
	now = cq->puts != seen && (others || ndk_queue_consumer(cq->q) != cq->q->index);
	if (now)
		cq->armed = 0;
	else if (cq->armed != IB_CQ_NEXT_COMP)
		cq->armed = type;
	spin_unlock_irqrestore(&cq->lock, flags);
	return now;
}

/**
 * ndk_cq_hold() - call the completion handler again when there are more entries
 * @cq: the queue
 * @until: what ndk_cq_puts() shall have come to
 *
 * Replaces an earlier one.
 *
 * Return: false: there are as many already, it will not be called for that.
 */
bool ndk_cq_hold(struct ndk_cq *cq, u32 until)
{
	unsigned long flags;
	bool held;

	spin_lock_irqsave(&cq->lock, flags);
	held = (s32)(cq->puts - until) < 0;
	cq->held = held;
	cq->held_until = until;
	spin_unlock_irqrestore(&cq->lock, flags);
	return held;
}

/**
 * ndk_cq_puts() - entries ever added
 * @cq: the queue
 *
 * Return: a free-running count.
 */
u32 ndk_cq_puts(struct ndk_cq *cq)
{
	unsigned long flags;
	u32 puts;

	spin_lock_irqsave(&cq->lock, flags);
	puts = cq->puts;
	spin_unlock_irqrestore(&cq->lock, flags);
	return puts;
}
