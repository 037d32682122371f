// SPDX-License-Identifier: GPL-2.0
/*
 * Outcomes of send requests.
 *
 * Slots are freed before the CQ entries appear: whoever polls an entry may post
 * into its slot at once. A kernel consumer polls under the CQ's lock, so under that
 * lock entries are made straight from the slots, which are free when it is dropped.
 * User space sees an entry at once: what it needs is first copied out, a few
 * requests at a time.
 */
#include <linux/export.h>

#include <ndk/trace.h>

#include "provider.h"

#define BATCH	16

/* what a CQ entry needs of a request whose slot is gone */
struct outcome {
	u64 wr_id;
	u32 length;
	u32 key;
	u8 opcode;
	bool window;
};

static enum ib_wc_opcode wc_opcode(u8 opcode)
{
	switch (opcode) {
	case IB_WR_RDMA_WRITE:
	case IB_WR_RDMA_WRITE_WITH_IMM:
		return IB_WC_RDMA_WRITE;
	case IB_WR_RDMA_READ:
		return IB_WC_RDMA_READ;
	case IB_WR_ATOMIC_CMP_AND_SWP:
		return IB_WC_COMP_SWAP;
	case IB_WR_ATOMIC_WRITE:
		return IB_WC_ATOMIC_WRITE;
	case IB_WR_ATOMIC_FETCH_AND_ADD:
		return IB_WC_FETCH_ADD;
	case IB_WR_REG_MR:
		return IB_WC_REG_MR;
	case IB_WR_LOCAL_INV:
		return IB_WC_LOCAL_INV;
	case IB_WR_BIND_MW:
		return IB_WC_BIND_MW;
	default:
		return IB_WC_SEND;
	}
}

/* The kernel API wants to know which key a request that failed was about. */
static u32 key_of(const struct ndk_swqe *w)
{
	switch (w->opcode) {
	case IB_WR_REG_MR:
		return w->rkey;
	case IB_WR_LOCAL_INV:
		return w->inv_rkey;
	default:
		return 0;
	}
}

/* user ring slots up to and including those of the request at @end - 1 */
static void free_user_slots(struct ndk_qp *qp, u32 end)
{
	struct ndk_sq *sq = &qp->sq;
	unsigned long flags;

	/* against skip_to(), which may extend user_next of this request */
	spin_lock_irqsave(&sq->defer.lock, flags);
	ndk_queue_set_consumer(sq->user, ndk_sq_wqe(qp, end - 1)->user_next);
	ndk_defer_complete(&sq->defer, end);
	spin_unlock_irqrestore(&sq->defer.lock, flags);
}

static void take_down(struct outcome *o, const struct ndk_swqe *w)
{
	o->wr_id = w->wr_id;
	o->length = w->length;
	o->key = key_of(w);
	o->opcode = w->opcode;
	o->window = w->flags & NDK_SEND_WINDOW;
}

/* CQ locked */
static void put_outcome(struct ndk_qp *qp, const struct outcome *o, enum ib_wc_status status,
			struct ndk_notify *n)
{
	const struct ib_wc wc = {
		.wr_id = o->wr_id,
		.status = status,
		.opcode = wc_opcode(o->opcode),
		.byte_len = o->length,
		.ex.invalidate_rkey = o->key,
		.src_qp = qp->attr.dest_qp_num,
		.wc_flags = o->window ? NDK_WC_WINDOW : 0,
	};

	ndk_cq_put(qp->scq, &wc, status != IB_WC_SUCCESS, qp, n);
	trace_ndk_complete(qp, true, wc.wr_id, status, wc.byte_len);
}

/* Success makes entries for signalled requests only. */
static bool is_silent(const struct ndk_swqe *w, enum ib_wc_status status)
{
	return status == IB_WC_SUCCESS && !w->signaled;
}

/* At most BATCH entries. Returns how far it came. */
static u32 retire_user(struct ndk_qp *qp, u32 i, u32 end, enum ib_wc_status status,
		       struct ndk_notify *n)
{
	struct outcome o[BATCH];
	unsigned long flags;
	int num = 0, j;

	for (; i != end && num < BATCH; i++)
		if (!is_silent(ndk_sq_wqe(qp, i), status))
			take_down(&o[num++], ndk_sq_wqe(qp, i));
	free_user_slots(qp, i);
	if (!num)
		return i;
	spin_lock_irqsave(&qp->scq->lock, flags);
	for (j = 0; j < num; j++)
		put_outcome(qp, &o[j], status, n);
	spin_unlock_irqrestore(&qp->scq->lock, flags);
	return i;
}

/* As retire_user(). The request at @i has an entry, so the lock is needed. */
static u32 retire_kernel(struct ndk_qp *qp, u32 i, u32 end, enum ib_wc_status status,
			 struct ndk_notify *n)
{
	struct outcome o;
	unsigned long flags;
	int num;

	spin_lock_irqsave(&qp->scq->lock, flags);
	for (num = 0; i != end && num < BATCH; i++) {
		if (is_silent(ndk_sq_wqe(qp, i), status))
			continue;
		take_down(&o, ndk_sq_wqe(qp, i));
		put_outcome(qp, &o, status, n);
		num++;
	}
	ndk_defer_complete(&qp->sq.defer, i);
	spin_unlock_irqrestore(&qp->scq->lock, flags);
	return i;
}

/* Retire [completed, end). An @end that was passed already is no work. */
static void retire(struct ndk_qp *qp, u32 end, enum ib_wc_status status, struct ndk_notify *n)
{
	u32 i = READ_ONCE(qp->sq.defer.completed);

	while (qp->sq.user && (s32)(end - i) > 0)
		i = retire_user(qp, i, end, status, n);
	while ((s32)(end - i) > 0) {
		while (i != end && is_silent(ndk_sq_wqe(qp, i), status))
			i++;
		if (i != end)
			i = retire_kernel(qp, i, end, status, n);
		else
			ndk_defer_complete(&qp->sq.defer, end);
	}
}

void ndk_sq_complete(struct ndk_qp *qp, u32 end, struct ndk_notify *n)
{
	retire(qp, end, IB_WC_SUCCESS, n);
}
EXPORT_SYMBOL_GPL(ndk_sq_complete);

void ndk_sq_fail(struct ndk_qp *qp, enum ib_wc_status status, struct ndk_notify *n)
{
	retire(qp, READ_ONCE(qp->sq.defer.completed) + 1, status, n);
}
EXPORT_SYMBOL_GPL(ndk_sq_fail);

void ndk_sq_flush(struct ndk_qp *qp, struct ndk_notify *n)
{
	struct ndk_defer *d = &qp->sq.defer;

	/* taking the lock also makes the slots' contents visible here */
	ndk_defer_flush_quiet(d);
	if (unlikely(qp->sq.is_broken)) {
		/* the one the NIC refused failed by itself, the rest with it */
		retire(qp, qp->sq.broken_at, IB_WC_WR_FLUSH_ERR, n);
		retire(qp, qp->sq.broken_at + 1, IB_WC_LOC_QP_OP_ERR, n);
		qp->sq.is_broken = false;
	}
	retire(qp, READ_ONCE(d->indicated), IB_WC_WR_FLUSH_ERR, n);
}
EXPORT_SYMBOL_GPL(ndk_sq_flush);

/* Nobody posts or completes: the QP goes to RESET. */
void ndk_sq_reset(struct ndk_qp *qp)
{
	struct ndk_sq *sq = &qp->sq;

	ndk_defer_reset(&sq->defer);
	sq->is_broken = false;
	if (sq->user) {
		sq->user_taken = ndk_queue_producer(sq->user);
		ndk_queue_set_consumer(sq->user, sq->user_taken);
	}
}
