// SPDX-License-Identifier: GPL-2.0
/*
 * Send requests that change keys: fast registration, invalidation, windows. They
 * are accepted, deferred and indicated like all others. What the request names is
 * copied here; whether the keys are any good is found out when it is carried out.
 */
#include <linux/overflow.h>

#include "provider.h"

#define RIGHTS		(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE |	\
			 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC |	\
			 IB_ACCESS_OPTIONAL)
/*
 * A window gives rights to peers, and may count its addresses from 0. Programs
 * say local write as they do for regions; it means nothing here.
 */
#define MW_RIGHTS	(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE |	\
			 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC |	\
			 IB_ZERO_BASED)

static int copy_reg(struct ndk_qp *qp, struct ndk_swqe *w, const struct ib_reg_wr *wr)
{
	const struct ib_mr *mr = wr->mr;

	if (!mr || mr->device != qp->ibqp.device || mr->type != IB_MR_TYPE_MEM_REG) {
		ndk_sq_complain(qp, "not a region of this device for fast registration");
		return -EINVAL;
	}
	if ((wr->key ^ mr->rkey) >> 8) {
		ndk_sq_complain(qp, "key %#x is not one of %#x", wr->key, mr->rkey);
		return -EINVAL;
	}
	w->remote_addr = mr->iova;
	w->key_length = mr->length;
	w->rkey = wr->key;
	w->access = wr->access;
	return 0;
}

/**
 * ndk_sq_copy_keys() - copy a kernel poster's request
 * @qp: the QP
 * @w: the slot; wr_id, opcode, flags and inv_rkey are filled already
 * @wr: the request
 *
 * Return: 0 or a negative errno.
 */
int ndk_sq_copy_keys(struct ndk_qp *qp, struct ndk_swqe *w, const struct ib_send_wr *wr)
{
	w->num_sge = 0;
	w->length = 0;
	return wr->opcode == IB_WR_REG_MR ? copy_reg(qp, w, reg_wr(wr)) : 0;
}

/**
 * ndk_sq_take_keys() - copy a user poster's request
 * @w: the slot; wr_id, opcode, flags and inv_rkey are filled already
 * @u: the request, in memory that its poster may be writing to
 */
void ndk_sq_take_keys(struct ndk_swqe *w, const struct rxe_send_wr *u)
{
	w->num_sge = 0;
	w->length = 0;
	if (w->opcode != IB_WR_BIND_MW)
		return;
	w->remote_addr = READ_ONCE(u->wr.mw.addr);
	w->key_length = READ_ONCE(u->wr.mw.length);
	w->mr_lkey = READ_ONCE(u->wr.mw.mr_lkey);
	w->mw_rkey = READ_ONCE(u->wr.mw.mw_rkey);
	w->rkey = READ_ONCE(u->wr.mw.rkey);
	/* programs say so, as for a region; a window gives rights to peers only */
	w->access = READ_ONCE(u->wr.mw.access) & ~IB_ACCESS_LOCAL_WRITE;
}

/**
 * ndk_sq_check_keys() - everything but keys
 * @qp: the QP
 * @w: the request
 *
 * Return: 0 or a negative errno.
 */
int ndk_sq_check_keys(const struct ndk_qp *qp, const struct ndk_swqe *w)
{
	u32 rights = w->opcode == IB_WR_BIND_MW ? MW_RIGHTS : RIGHTS;
	u64 end;

	if (w->opcode == IB_WR_LOCAL_INV)
		return 0;
	if (w->access & ~rights) {
		ndk_sq_complain(qp, "access flags %#x not supported", w->access & ~rights);
		return -EINVAL;
	}
	if (check_add_overflow(w->remote_addr, w->key_length, &end)) {
		ndk_sq_complain(qp, "region %#llx + %llu overflows", w->remote_addr,
				w->key_length);
		return -EINVAL;
	}
	return 0;
}

/**
 * ndk_sq_keys_accepted() - an IB_WR_REG_MR was accepted
 * @wr: the request
 *
 * The region is known by the new key from here on, and not from when the request
 * is carried out: that may be so late that the poster has chosen the next one.
 */
void ndk_sq_keys_accepted(const struct ib_send_wr *wr)
{
	struct ib_mr *mr = reg_wr(wr)->mr;

	mr->lkey = reg_wr(wr)->key;
	mr->rkey = reg_wr(wr)->key;
}
