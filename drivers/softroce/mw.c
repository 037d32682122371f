// SPDX-License-Identifier: GPL-2.0
/*
 * Memory windows, type 1 and 2B: a key of its own for a part of a region. To the
 * rest of the engine a window is a region whose pages are another's, so there is
 * one look-up and one check for both.
 *
 * Regions that IB_WR_REG_MR registers cannot have windows: nothing in the kernel
 * makes windows, and programs cannot register that way.
 */
#include <linux/slab.h>

#include "softroce.h"

#define REMOTE		(IB_ACCESS_REMOTE_READ | WRITING)
#define WRITING		(IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_ATOMIC)

/**
 * sr_alloc_mw() - see struct ndk_nic_ops
 * @nmw: the window; its PD and type are set
 *
 * Return: 0 or a negative errno.
 */
int sr_alloc_mw(struct ndk_mw *nmw)
{
	struct sr_mr *mw = sr_mr_alloc(nmw->ibmw.pd, 0);
	int err;

	if (!mw)
		return -ENOMEM;
	mw->revocable = true;
	mw->window = true;
	mw->type2 = nmw->ibmw.type == IB_MW_TYPE_2;
	err = sr_mr_publish(to_ndk_nic(nmw->ibmw.device)->priv, mw);
	if (err) {
		sr_mr_free(mw);
		return err;
	}
	nmw->ibmw.rkey = mw->key;
	nmw->priv = mw;
	return 0;
}

/**
 * sr_mw_release() - the window looks on nothing any more
 * @mw: revoked
 */
void sr_mw_release(struct sr_mr *mw)
{
	struct sr_mr *mr = mw->parent;

	mw->parent = NULL;
	mw->pages = NULL;
	mw->qp_id = 0;
	spin_lock_nested(&mr->lock, SINGLE_DEPTH_NESTING);
	mr->windows--;
	spin_unlock(&mr->lock);
}

static void unbind(struct sr_mr *mw)
{
	if (!mw->valid)
		return;
	sr_mr_revoke(mw);
	sr_mw_release(mw);
}

/**
 * sr_dealloc_mw() - see struct ndk_nic_ops
 * @nmw: the window
 */
void sr_dealloc_mw(struct ndk_mw *nmw)
{
	struct sr_dev *dev = to_ndk_nic(nmw->ibmw.device)->priv;
	struct sr_mr *mw = nmw->priv;

	sr_table_remove(&dev->mrs, &mw->node);
	spin_lock_bh(&mw->lock);
	mw->dead = true;
	unbind(mw);
	spin_unlock_bh(&mw->lock);
	/* who has found it, and will find it dead */
	synchronize_rcu_expedited();
	sr_mr_free(mw);
}

/* May @w put a window on @mr? Nothing of @mr that is looked at here changes. */
static bool may_have(const struct sr_mr *mr, const struct sr_qp *qp, const struct ndk_swqe *w)
{
	if (mr->revocable || mr->kernel || mr->key != w->mr_lkey ||
	    mr->pd != qp->nqp->ibqp.pd)
		return false;
	if (!(mr->access & IB_ACCESS_MW_BIND))
		return false;
	if (w->access & WRITING && !(mr->access & IB_ACCESS_LOCAL_WRITE))
		return false;
	return sr_mr_covers(mr, w->remote_addr, w->key_length);
}

/* The region of @w, which cannot go while a window is on it. */
static struct sr_mr *get_parent(struct sr_qp *qp, const struct ndk_swqe *w)
{
	struct sr_mr *mr = sr_mr_of_key(qp->dev, w->mr_lkey);
	bool alive;

	if (!mr || !may_have(mr, qp, w))
		return NULL;
	spin_lock_nested(&mr->lock, SINGLE_DEPTH_NESTING);
	alive = !mr->dead;
	mr->windows += alive;
	spin_unlock(&mr->lock);
	return alive ? mr : NULL;
}

static int bind(struct sr_qp *qp, struct sr_mr *mw, const struct ndk_swqe *w)
{
	struct sr_mr *mr = get_parent(qp, w);

	if (!mr)
		return -EINVAL;
	unbind(mw);
	mw->parent = mr;
	mw->pages = mr->pages;
	mw->page_shift = mr->page_shift;
	mw->offset = w->remote_addr - mr->iova + mr->offset;
	mw->iova = w->access & IB_ZERO_BASED ? 0 : w->remote_addr;
	mw->length = w->key_length;
	mw->access = w->access & REMOTE;
	mw->key = w->rkey;
	mw->qp_id = mw->type2 ? qp->id : 0;
	sr_mr_grant(mw);
	return 0;
}

static int bind_locked(struct sr_qp *qp, struct sr_mr *mw, const struct ndk_swqe *w)
{
	if (mw->dead || mw->key != w->mw_rkey)
		return -EINVAL;
	/* type 2: once, until invalidated; type 1: any time, nothing unbinds it */
	if (mw->type2)
		return mw->valid || !w->key_length ? -EINVAL : bind(qp, mw, w);
	if (w->access & IB_ZERO_BASED)
		return -EINVAL;
	if (w->key_length)
		return bind(qp, mw, w);
	unbind(mw);
	mw->key = w->rkey;
	return 0;
}

/**
 * sr_mw_bind() - carry out IB_WR_BIND_MW
 * @qp: the QP
 * @wqe: the request
 *
 * Return: 0 or a negative errno; then the window is what it was.
 */
int sr_mw_bind(struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	struct sr_mr *mw = sr_mr_of_key(qp->dev, wqe->mw_rkey);
	int err;

	if (!mw || !mw->window || mw->pd != qp->nqp->ibqp.pd ||
	    (wqe->rkey ^ wqe->mw_rkey) >> 8)
		return -EINVAL;
	spin_lock(&mw->lock);
	err = bind_locked(qp, mw, wqe);
	spin_unlock(&mw->lock);
	return err;
}
