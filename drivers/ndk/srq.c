// SPDX-License-Identifier: GPL-2.0
/*
 * Shared receive queues, see srq.h. Rings are those of rq.c.
 */
#include <linux/export.h>
#include <linux/uaccess.h>

#include "provider.h"
#include "srq.h"

/* numbers are for people who read messages: a second round may repeat one */
static atomic_t ndk_srq_number;

static int check_max(struct ib_device *dev, const char *what, u32 value, u32 min, u32 max)
{
	if (value >= min && value <= max)
		return 0;
	ibdev_dbg(dev, "srq: requested %s[%u] not in %u..%u\n", what, value, min, max);
	return -EINVAL;
}

static int check_init(struct ib_device *dev, const struct ib_srq_init_attr *init)
{
	const struct ib_device_attr *max = &to_ndk_nic(dev)->attr;

	if (init->srq_type != IB_SRQT_BASIC)
		return -EOPNOTSUPP;
	return check_max(dev, "max_wr", init->attr.max_wr, 1, max->max_srq_wr) ?:
	       check_max(dev, "max_sge", init->attr.max_sge, 0, max->max_srq_sge);
}

static int check_create_udata(struct ib_udata *udata)
{
	if (!udata)
		return 0;
	if (udata->outlen < sizeof(struct rxe_create_srq_resp))
		return -EINVAL;
	if (udata->inlen && !ib_is_udata_cleared(udata, 0, udata->inlen))
		return -EINVAL;
	return 0;
}

static struct ndk_queue *create_ring(u32 max_wr, u32 max_sge, struct ib_udata *udata,
				     struct mminfo *info)
{
	return ndk_queue_create(max_wr,
				sizeof(struct rxe_recv_wqe) + max_sge * sizeof(struct rxe_sge),
				udata, udata ? ndk_udata_ctx(udata) : NULL, info);
}

static int create_below(struct ndk_srq *srq, struct ib_srq_init_attr *init)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(srq->ibsrq.device)->ops;

	return ops->srq_create ? ops->srq_create(srq, &init->attr) : 0;
}

static void destroy_below(struct ndk_srq *srq)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(srq->ibsrq.device)->ops;

	if (ops->srq_create)
		ops->srq_destroy(srq);
}

/* Verbs have no limit at creation, whatever the attributes say: the queue is empty. */
int ndk_ib_create_srq(struct ib_srq *ibsrq, struct ib_srq_init_attr *init, struct ib_udata *udata)
{
	struct rxe_create_srq_resp resp = {};
	struct ndk_srq *srq = to_ndk_srq(ibsrq);
	int err;

	err = check_init(ibsrq->device, init) ?: check_create_udata(udata);
	if (err)
		return err;
	srq->q = create_ring(init->attr.max_wr, init->attr.max_sge, udata, &resp.mi);
	if (IS_ERR(srq->q))
		return PTR_ERR(srq->q);
	srq->num = atomic_inc_return(&ndk_srq_number);
	resp.srq_num = srq->num;
	spin_lock_init(&srq->lock);
	spin_lock_init(&srq->post_lock);
	mutex_init(&srq->mutex);
	srq->max_sge = init->attr.max_sge;
	init->attr.max_wr = ndk_queue_capacity(srq->q);
	err = create_below(srq, init);
	if (err)
		goto err_queue;
	if (udata) {
		err = ib_copy_to_udata(udata, &resp, sizeof(resp));
		if (err)
			goto err_below;
	}
	return 0;

err_below:
	destroy_below(srq);
err_queue:
	ndk_queue_destroy(srq->q);
	return err;
}

int ndk_destroy_srq(struct ib_srq *ibsrq, struct ib_udata *udata)
{
	struct ndk_srq *srq = to_ndk_srq(ibsrq);

	destroy_below(srq);
	/* no QP refers to it any more, so no NIC context does */
	ndk_queue_destroy(srq->q);
	mutex_destroy(&srq->mutex);
	return 0;
}

static int check_attr(struct ndk_srq *srq, const struct ib_srq_attr *attr, int mask)
{
	struct ib_device *dev = srq->ibsrq.device;
	u32 limit = mask & IB_SRQ_LIMIT ? attr->srq_limit : READ_ONCE(srq->limit);
	u32 room = ndk_queue_capacity(srq->q);
	int err;

	if (mask & ~(IB_SRQ_MAX_WR | IB_SRQ_LIMIT))
		return -EINVAL;
	/* the NIC's own queue keeps its size */
	if (mask & IB_SRQ_MAX_WR && to_ndk_nic(dev)->ops->srq_create)
		return -EOPNOTSUPP;
	if (mask & IB_SRQ_MAX_WR) {
		room = attr->max_wr;
		err = check_max(dev, "max_wr", room, 1, to_ndk_nic(dev)->attr.max_srq_wr);
		if (err)
			return err;
	}
	return check_max(dev, "srq_limit", limit, 0, room);
}

static u32 waiting(const struct ndk_queue *q)
{
	return (ndk_queue_producer(q) - q->index) & q->mask;
}

/* Move what nobody has taken into @new; -EINVAL if it does not fit. */
static int move_entries(struct ndk_srq *srq, struct ndk_queue *new)
{
	struct ndk_queue *q = srq->q;
	u32 count = waiting(q), i;

	if (count > ndk_queue_capacity(new))
		return -EINVAL;
	/* unchecked, as they are: whoever takes one copies and checks it */
	for (i = 0; i < count; i++)
		memcpy(ndk_queue_slot(new, i), ndk_queue_slot(q, q->index + i),
		       (size_t)1 << q->shift);
	ndk_queue_set_producer(new, count);
	return 0;
}

/* On success the old ring is in *@q. */
static int swap_ring(struct ndk_srq *srq, struct ndk_queue **q)
{
	struct ndk_queue *new = *q;
	int err;

	spin_lock_bh(&srq->lock);
	spin_lock_irq(&srq->post_lock);
	err = move_entries(srq, new);
	if (!err) {
		*q = srq->q;
		srq->q = new;
	}
	spin_unlock_irq(&srq->post_lock);
	spin_unlock_bh(&srq->lock);
	return err;
}

/* The published ABI has no room in the reply: the program says where it wants it. */
static int tell_user(struct ib_udata *udata, const struct mminfo *info)
{
	struct rxe_modify_srq_cmd cmd;
	int err;

	if (udata->inlen < sizeof(cmd))
		return -EINVAL;
	if (udata->inlen > sizeof(cmd) &&
	    !ib_is_udata_cleared(udata, sizeof(cmd), udata->inlen - sizeof(cmd)))
		return -EINVAL;
	err = ib_copy_from_udata(&cmd, udata, sizeof(cmd));
	if (err)
		return err;
	return copy_to_user(u64_to_user_ptr(cmd.mmap_info_addr), info, sizeof(*info)) ?
	       -EFAULT : 0;
}

static int resize(struct ndk_srq *srq, u32 max_wr, struct ib_udata *udata)
{
	struct mminfo info = {};
	struct ndk_queue *q;
	int err = 0;

	q = create_ring(max_wr, srq->max_sge, udata, &info);
	if (IS_ERR(q))
		return PTR_ERR(q);
	/* the reply may fault: before anything that cannot be taken back */
	if (udata)
		err = tell_user(udata, &info);
	if (!err)
		err = swap_ring(srq, &q);
	/* the new one, if it is not used, or the old one */
	ndk_queue_destroy(q);
	if (err)
		ibdev_dbg(srq->ibsrq.device, "srq %u: size of %u entries not possible, %d\n",
			  srq->num, max_wr, err);
	return err;
}

/* Stored first: the NIC may find at once that it is reached. */
static int set_limit(struct ndk_srq *srq, u32 limit)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(srq->ibsrq.device)->ops;
	int err = 0;

	spin_lock_bh(&srq->lock);
	WRITE_ONCE(srq->limit, limit);
	spin_unlock_bh(&srq->lock);
	if (ops->srq_create)
		err = ops->srq_arm(srq, limit);
	if (err)
		WRITE_ONCE(srq->limit, 0);
	return err;
}

int ndk_ib_modify_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr, enum ib_srq_attr_mask mask,
		      struct ib_udata *udata)
{
	struct ndk_srq *srq = to_ndk_srq(ibsrq);
	int err;

	mutex_lock(&srq->mutex);
	err = check_attr(srq, attr, mask);
	if (!err && mask & IB_SRQ_MAX_WR)
		err = resize(srq, attr->max_wr, udata);
	if (!err && mask & IB_SRQ_LIMIT)
		err = set_limit(srq, attr->srq_limit);
	mutex_unlock(&srq->mutex);
	return err;
}

int ndk_query_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr)
{
	struct ndk_srq *srq = to_ndk_srq(ibsrq);

	mutex_lock(&srq->mutex);
	attr->max_wr = ndk_queue_capacity(srq->q);
	attr->max_sge = srq->max_sge;
	attr->srq_limit = READ_ONCE(srq->limit);
	mutex_unlock(&srq->mutex);
	return 0;
}

int ndk_post_srq_recv(struct ib_srq *ibsrq, const struct ib_recv_wr *wr,
		      const struct ib_recv_wr **bad_wr)
{
	struct ndk_srq *srq = to_ndk_srq(ibsrq);
	unsigned long flags;
	int err = 0;

	*bad_wr = wr;
	if (ibsrq->uobject)
		return -EINVAL;
	spin_lock_irqsave(&srq->post_lock, flags);
	for (; wr; wr = wr->next) {
		err = READ_ONCE(srq->most) && ndk_queue_waiting(srq->q) >= srq->most ?
		      -ENOMEM : ndk_recv_put(srq->q, srq->max_sge, wr);
		if (err) {
			*bad_wr = wr;
			break;
		}
	}
	spin_unlock_irqrestore(&srq->post_lock, flags);
	if (err == -EINVAL)
		ibdev_warn_ratelimited(ibsrq->device,
				       "srq %u: recv refused: sges[%d] greater than max[%u]\n",
				       srq->num, wr->num_sge, srq->max_sge);
	if (to_ndk_nic(ibsrq->device)->ops->srq_create)
		to_ndk_nic(ibsrq->device)->ops->srq_posted(srq);
	return err;
}

/**
 * ndk_srq_disarm_below() - disarm the limit if fewer receives wait already
 * @srq: the queue
 *
 * Return: true: it was armed and reached, no event will come; false otherwise.
 */
bool ndk_srq_disarm_below(struct ndk_srq *srq)
{
	bool below;

	spin_lock_bh(&srq->lock);
	below = srq->limit && waiting(srq->q) < srq->limit;
	if (below)
		WRITE_ONCE(srq->limit, 0);
	spin_unlock_bh(&srq->lock);
	return below;
}

/*
 * The event comes with the request that leaves fewer than the limit, and with
 * it the limit is disarmed: once per arming.
 */
int ndk_srq_take(struct ndk_srq *srq, struct ndk_rwqe *wqe, struct ndk_notify *n)
{
	int got;

	spin_lock_bh(&srq->lock);
	got = ndk_recv_take(srq->q, srq->max_sge, wqe, false);
	if (got && unlikely(srq->limit) && !to_ndk_nic(srq->ibsrq.device)->ops->srq_create &&
	    waiting(srq->q) < srq->limit) {
		WRITE_ONCE(srq->limit, 0);
		ndk_notify_srq(n, srq);
	}
	spin_unlock_bh(&srq->lock);
	return got;
}
EXPORT_SYMBOL_GPL(ndk_srq_take);

void ndk_srq_limit_reached(struct ndk_srq *srq, struct ndk_notify *n)
{
	spin_lock_bh(&srq->lock);
	if (srq->limit) {
		WRITE_ONCE(srq->limit, 0);
		ndk_notify_srq(n, srq);
	}
	spin_unlock_bh(&srq->lock);
}
EXPORT_SYMBOL_GPL(ndk_srq_limit_reached);
