// SPDX-License-Identifier: GPL-2.0
/*
 * Posting through the mapped send queue.
 *
 * The ring is shared with a writer that may be hostile: every entry is copied
 * once, field by field, the copy is checked, and only the copy is used. A refused entry leaves
 * a hole in the ring, freed when everything accepted before it has retired.
 */
#include <ndk/trace.h>

#include "provider.h"

/*
 * What follows reads each field of an entry once, into the slot. A second read
 * could give another value than the one that was checked.
 */
static int take_inline(struct ndk_qp *qp, struct ndk_swqe *w, const struct rxe_dma_info *dma)
{
	u32 length = READ_ONCE(dma->length);

	if (length > qp->sq.max_inline) {
		ndk_sq_complain(qp, "inline bytes[%u] greater than max[%u]", length,
				qp->sq.max_inline);
		return -EINVAL;
	}
	memcpy(w->inline_data, dma->inline_data, length);
	w->num_sge = 0;
	w->length = length;
	return 0;
}

static int take_sges(struct ndk_qp *qp, struct ndk_swqe *w, const struct rxe_dma_info *dma)
{
	u32 num = READ_ONCE(dma->num_sge), i;
	const struct rxe_sge *sge = dma->sge;
	u64 total = 0;

	if (num > qp->sq.max_sge) {
		ndk_sq_complain(qp, "sges[%u] greater than max[%u]", num, qp->sq.max_sge);
		return -EINVAL;
	}
	for (i = 0; i < num; i++) {
		w->sge[i].addr = READ_ONCE(sge[i].addr);
		w->sge[i].length = READ_ONCE(sge[i].length);
		w->sge[i].lkey = READ_ONCE(sge[i].lkey);
		total += w->sge[i].length;
	}
	if (total > NDK_MAX_LENGTH) {
		ndk_sq_complain(qp, "length[%llu] greater than max[%lu]", total, NDK_MAX_LENGTH);
		return -EINVAL;
	}
	w->num_sge = num;
	w->length = total;
	return 0;
}

static void take_datagram(struct ndk_swqe *w, const struct rxe_send_wr *u)
{
	w->remote_qpn = READ_ONCE(u->wr.ud.remote_qpn);
	w->remote_qkey = READ_ONCE(u->wr.ud.remote_qkey);
	w->ah = READ_ONCE(u->wr.ud.ah_num);
}

static void take_remote(struct ndk_swqe *w, const struct rxe_send_wr *u)
{
	switch (w->opcode) {
	case IB_WR_RDMA_WRITE:
	case IB_WR_RDMA_WRITE_WITH_IMM:
	case IB_WR_RDMA_READ:
	case IB_WR_ATOMIC_WRITE:
		w->remote_addr = READ_ONCE(u->wr.rdma.remote_addr);
		w->rkey = READ_ONCE(u->wr.rdma.rkey);
		break;
	case IB_WR_ATOMIC_CMP_AND_SWP:
	case IB_WR_ATOMIC_FETCH_AND_ADD:
		w->remote_addr = READ_ONCE(u->wr.atomic.remote_addr);
		w->compare_add = READ_ONCE(u->wr.atomic.compare_add);
		w->swap = READ_ONCE(u->wr.atomic.swap);
		w->rkey = READ_ONCE(u->wr.atomic.rkey);
		break;
	default:
		break;
	}
}

static int take_entry(struct ndk_qp *qp, struct ndk_swqe *w, u32 index, u64 *wr_id)
{
	const struct rxe_send_wqe *e = ndk_queue_slot(qp->sq.user, index);
	const struct rxe_send_wr *u = &e->wr;
	u32 opcode = READ_ONCE(u->opcode);

	w->wr_id = READ_ONCE(u->wr_id);
	*wr_id = w->wr_id;
	if (opcode > U8_MAX) {
		ndk_sq_complain(qp, "opcode %u not supported", opcode);
		return -EOPNOTSUPP;
	}
	w->opcode = opcode;
	w->flags = READ_ONCE(u->send_flags);
	w->imm = READ_ONCE(u->ex.imm_data);
	if (ndk_wr_is_local(w->opcode)) {
		ndk_sq_take_keys(w, u);
		return 0;
	}
	if (ndk_qp_is_ud(qp))
		take_datagram(w, u);
	else
		take_remote(w, u);
	if (w->opcode == IB_WR_ATOMIC_WRITE)
		w->flags |= IB_SEND_INLINE;
	if (w->flags & IB_SEND_INLINE)
		return take_inline(qp, w, &e->dma);
	return take_sges(qp, w, &e->dma);
}

static int post_one(struct ndk_qp *qp, struct ndk_post *p, bool *deferred, u64 *wr_id)
{
	struct ndk_sq *sq = &qp->sq;
	struct ndk_swqe *w;
	int err;

	*wr_id = 0;
	err = ndk_sq_check_state(qp);
	if (err)
		return err;
	/* only a program that rewrites its consumer index gets here */
	if (!ndk_defer_room(&sq->defer))
		return -ENOMEM;
	w = ndk_sq_wqe(qp, sq->defer.accepted);
	err = take_entry(qp, w, sq->user_taken, wr_id);
	if (!err)
		err = ndk_sq_check(qp, w);
	if (err)
		return err;

	sq->user_taken = ndk_queue_next(sq->user, sq->user_taken);
	w->user_next = sq->user_taken;
	*deferred = w->flags & NDK_SEND_DEFER;
	ndk_sq_accept(qp, p, w);
	return 0;
}

/*
 * Skip what is refused: the bad entry and, as verbs have it, all behind it.
 * Its slots are free for the program once the entries before it have retired.
 */
static void skip_to(struct ndk_qp *qp, u32 producer)
{
	struct ndk_sq *sq = &qp->sq;

	sq->user_taken = producer;
	if (READ_ONCE(sq->defer.completed) == sq->defer.accepted)
		ndk_queue_set_consumer(sq->user, producer);
	else
		ndk_sq_wqe(qp, sq->defer.accepted - 1)->user_next = producer;
}

/* The NIC did not take the last entry: its slot is a hole like any other. */
static int refused_at_doorbell(struct ndk_qp *qp, u64 wr_id, int err)
{
	unsigned long flags;

	spin_lock_irqsave(&qp->sq.defer.lock, flags);
	skip_to(qp, qp->sq.user_taken);
	spin_unlock_irqrestore(&qp->sq.defer.lock, flags);
	ndk_sq_unaccept(qp, wr_id, err);
	return err;
}

/* A doorbell call that brings no new entry means "indicate everything". */
int ndk_sq_post_user(struct ndk_qp *qp)
{
	u32 accepted = 0, deferrals = 0, producer;
	struct ndk_sq *sq = &qp->sq;
	bool deferred, empty;
	struct ndk_post p;
	int err = 0, nic_err;
	u64 wr_id = 0;

	/*
	 * User space posts receives without a call: it may have done so before, and
	 * what it sends now may be answered at once.
	 */
	if (qp->nic->ops->recv_posted)
		qp->nic->ops->recv_posted(qp);
	ndk_defer_begin(&sq->defer, &p);
	producer = ndk_queue_producer(sq->user);
	empty = producer == sq->user_taken;
	while (sq->user_taken != producer) {
		err = post_one(qp, &p, &deferred, &wr_id);
		if (err) {
			ndk_sq_refuse(qp, &p, wr_id, err);
			skip_to(qp, producer);
			break;
		}
		accepted++;
		deferrals += deferred;
	}
	ndk_sq_account(qp, accepted, deferrals);
	nic_err = ndk_defer_end(&sq->defer, &p);
	if (unlikely(nic_err))
		err = refused_at_doorbell(qp, wr_id, nic_err);
	if (empty)
		ndk_defer_flush(&sq->defer);
	return err;
}
