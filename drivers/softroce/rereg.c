// SPDX-License-Identifier: GPL-2.0
/*
 * Changing a region of user memory. What the key stands for is never changed in
 * place: another is built and put into its slot, so a packet sees the one or the
 * other.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <rdma/ib_umem.h>

#include "softroce.h"

/* The same memory under other rights; nothing is pinned again. */
static void share_memory(struct sr_mr *mr, const struct sr_mr *old)
{
	mr->iova = old->iova;
	mr->length = old->length;
	mr->offset = old->offset;
	mr->page_shift = old->page_shift;
	mr->pages = old->pages;
	mr->umem = old->umem;
}

static void forget_memory(struct sr_mr *mr)
{
	mr->pages = NULL;
	mr->umem = NULL;
}

/* Pinned for reading only: writing takes pinning anew, which is its owner's to do. */
static int pin_again(struct sr_mr *mr, struct ib_device *ibdev, const struct sr_mr *old)
{
	if (current->mm != old->umem->owning_mm)
		return -EPERM;
	return sr_mr_pin(mr, ibdev, old->umem->address, old->length, old->iova);
}

static int replace(struct sr_dev *dev, struct sr_mr *old, struct sr_mr *mr)
{
	if (!sr_mr_retire(old)) {
		ibdev_dbg(&dev->nic->ibdev, "mr %#x: windows are bound to it\n", old->key);
		return -EBUSY;
	}
	mr->key = old->key;
	mr->node.number = old->node.number;
	sr_table_add(&dev->mrs, &mr->node);
	synchronize_rcu_expedited();
	return 0;
}

/**
 * sr_rereg_user_mr() - see struct ndk_nic_ops
 * @nmr: the region
 * @flags: IB_MR_REREG_*
 * @start: new user address
 * @length: new length
 * @iova: new address its users will say
 * @access: new IB_ACCESS_*
 * @pd: new PD
 *
 * Return: 0, or a negative errno and the region is what it was.
 */
int sr_rereg_user_mr(struct ndk_mr *nmr, int flags, u64 start, u64 length, u64 iova,
		     int access, struct ib_pd *pd)
{
	struct ib_device *ibdev = nmr->ibmr.device;
	struct sr_dev *dev = to_ndk_nic(ibdev)->priv;
	struct sr_mr *old = nmr->priv, *mr;
	bool share = false;
	int err = 0;

	if (!old->umem)
		return -EOPNOTSUPP;
	mr = sr_mr_alloc(flags & IB_MR_REREG_PD ? pd : old->pd,
			 flags & IB_MR_REREG_ACCESS ? access : old->access);
	if (!mr)
		return -ENOMEM;
	if (flags & IB_MR_REREG_TRANS) {
		err = sr_mr_pin(mr, ibdev, start, length, iova);
	} else if (ib_umem_check_rereg(old->umem, flags, access)) {
		err = pin_again(mr, ibdev, old);
	} else {
		share = true;
		share_memory(mr, old);
	}
	if (!err)
		err = replace(dev, old, mr);
	if (share)
		forget_memory(err ? mr : old);
	if (err) {
		sr_mr_free(mr);
		return err;
	}
	nmr->priv = mr;
	sr_mr_free(old);
	return 0;
}
