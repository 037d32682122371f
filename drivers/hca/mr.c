// SPDX-License-Identifier: GPL-2.0
/*
 * Protection domains and memory regions: each has one below, whose keys it shows.
 */
#include <linux/slab.h>
#include <rdma/uverbs_ioctl.h>

#include "hca.h"

int hca_pd_alloc(struct ndk_pd *pd)
{
	struct hca_dev *hd = hca_of(pd->ibpd.device);
	struct hca_pd *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int err;

	if (!p)
		return -ENOMEM;
	p->lower = ib_alloc_pd(hd->lower, 0);
	if (IS_ERR(p->lower)) {
		err = PTR_ERR(p->lower);
		kfree(p);
		return err;
	}
	pd->priv = p;
	return 0;
}

/* Address handles are destroyed behind their owner's back, but not behind ours. */
void hca_pd_dealloc(struct ndk_pd *pd)
{
	struct hca_pd *p = pd->priv;

	wait_var_event(&p->ahs, !atomic_read(&p->ahs));
	hca_enable_exit(p);
	ib_dealloc_pd(p->lower);
	kfree(p);
}

static void set_keys(struct ndk_mr *mr, u32 lkey, u32 rkey)
{
	mr->ibmr.lkey = lkey;
	mr->ibmr.rkey = rkey;
}

/* What ib_alloc_pd() does for a key with rights for peers, which verbs no longer have. */
static struct ib_mr *lower_dma_mr(struct ib_pd *pd, int access)
{
	struct ib_mr *mr = pd->device->ops.get_dma_mr(pd, access);

	if (IS_ERR(mr))
		return mr;
	mr->device = pd->device;
	mr->pd = pd;
	mr->type = IB_MR_TYPE_DMA;
	mr->uobject = NULL;
	mr->need_inval = false;
	return mr;
}

/* For local use the lower domain has a key anyway. */
int hca_get_dma_mr(struct ndk_mr *mr, int access)
{
	struct ib_pd *pd = hca_pd_of(mr->ibmr.pd)->lower;
	struct hca_mr *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int err;

	if (!m)
		return -ENOMEM;
	m->is_dma = true;
	if (access & ~IB_ACCESS_LOCAL_WRITE) {
		m->lower = lower_dma_mr(pd, access);
		if (IS_ERR(m->lower)) {
			err = PTR_ERR(m->lower);
			kfree(m);
			return err;
		}
		set_keys(mr, m->lower->lkey, m->lower->rkey);
	} else {
		set_keys(mr, pd->local_dma_lkey, 0);
	}
	mr->priv = m;
	return 0;
}

/* The region below was asked for; @m is given back if there is none. */
static int take_lower(struct ndk_mr *mr, struct hca_mr *m)
{
	int err;

	if (IS_ERR(m->lower)) {
		err = PTR_ERR(m->lower);
		kfree(m);
		return err;
	}
	set_keys(mr, m->lower->lkey, m->lower->rkey);
	mr->priv = m;
	return 0;
}

int hca_reg_user_mr(struct ndk_mr *mr, u64 start, u64 length, u64 iova, int access)
{
	struct ib_pd *pd = hca_pd_of(mr->ibmr.pd)->lower;
	struct hca_mr *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);

	if (!m)
		return -ENOMEM;
	m->lower = ib_reg_user_mr(pd, start, length, iova, access);
	return take_lower(mr, m);
}

/* What the core does for a region that a driver made. */
static void adopt(struct ib_mr *mr, struct ib_pd *pd, u64 length, u64 iova)
{
	mr->device = pd->device;
	mr->pd = pd;
	mr->dm = NULL;
	mr->uobject = NULL;
	mr->sig_attrs = NULL;
	mr->type = IB_MR_TYPE_USER;
	mr->iova = iova;
	mr->length = length;
	atomic_inc(&pd->usecnt);
}

/* No function of the core has this for other drivers; none of its attributes is set. */
static struct ib_mr *lower_dmabuf_mr(struct ib_pd *pd, u64 offset, u64 length, u64 iova, int fd,
				     int access)
{
	struct uverbs_attr_bundle *none;
	struct ib_mr *mr;

	if (!pd->device->ops.reg_user_mr_dmabuf)
		return ERR_PTR(-EOPNOTSUPP);
	none = kzalloc(sizeof(*none), GFP_KERNEL);
	if (!none)
		return ERR_PTR(-ENOMEM);
	mr = pd->device->ops.reg_user_mr_dmabuf(pd, offset, length, iova, fd, access, none);
	kfree(none);
	if (!IS_ERR(mr))
		adopt(mr, pd, length, iova);
	return mr;
}

int hca_reg_user_mr_dmabuf(struct ndk_mr *mr, u64 offset, u64 length, u64 iova, int fd, int access)
{
	struct ib_pd *pd = hca_pd_of(mr->ibmr.pd)->lower;
	struct hca_mr *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);

	if (!m)
		return -ENOMEM;
	m->lower = lower_dmabuf_mr(pd, offset, length, iova, fd, access);
	return take_lower(mr, m);
}

/* The lower region stays the same object: what the core does then. */
static void follow(struct ib_mr *low, int flags, u64 length, u64 iova, struct ib_pd *pd,
		   struct ib_pd *before)
{
	if (flags & IB_MR_REREG_PD) {
		atomic_inc(&pd->usecnt);
		WRITE_ONCE(low->pd, pd);
		atomic_dec(&before->usecnt);
	}
	if (flags & IB_MR_REREG_TRANS) {
		low->iova = iova;
		low->length = length;
	}
}

/* A driver may put another region in its place, with other keys. */
int hca_rereg_user_mr(struct ndk_mr *mr, int flags, u64 start, u64 length, u64 iova, int access,
		      struct ib_pd *upper_pd)
{
	struct hca_mr *m = mr->priv;
	struct ib_mr *low = m->lower, *new;
	struct ib_pd *before = low->pd;
	struct ib_pd *pd = flags & IB_MR_REREG_PD ? hca_pd_of(upper_pd)->lower : before;

	if (!low->device->ops.rereg_user_mr)
		return -EOPNOTSUPP;
	new = low->device->ops.rereg_user_mr(low, flags, start, length, iova, access, pd, NULL);
	if (IS_ERR(new))
		return PTR_ERR(new);
	if (!new) {
		follow(low, flags, length, iova, pd, before);
		return 0;
	}
	if (!(flags & IB_MR_REREG_TRANS)) {
		length = low->length;
		iova = low->iova;
	}
	adopt(new, pd, length, iova);
	m->lower = new;
	set_keys(mr, new->lkey, new->rkey);
	ib_dereg_mr(low);
	return 0;
}

/* Requests name a region by its key, of which only the low byte ever changes. */
static int publish(struct hca_dev *hd, struct hca_mr *m)
{
	return xa_insert(&hd->mrs, m->lower->rkey >> 8, m, GFP_KERNEL);
}

int hca_alloc_mr(struct ndk_mr *mr, u32 max_num_sg)
{
	struct hca_dev *hd = hca_of(mr->ibmr.device);
	struct hca_mr *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int err;

	if (!m)
		return -ENOMEM;
	m->lower = ib_alloc_mr(hca_pd_of(mr->ibmr.pd)->lower, IB_MR_TYPE_MEM_REG, max_num_sg);
	if (IS_ERR(m->lower)) {
		err = PTR_ERR(m->lower);
		goto free;
	}
	err = publish(hd, m);
	if (err)
		goto dereg;
	set_keys(mr, m->lower->lkey, m->lower->rkey);
	mr->priv = m;
	return 0;
dereg:
	ib_dereg_mr(m->lower);
free:
	kfree(m);
	return err;
}

/**
 * hca_mr_find() - the lower region that a request for fast registration names
 * @hd: the device
 * @key: its key, with any low byte
 *
 * Context: in an RCU read section, as long as the region is used.
 * Return: the region or NULL.
 */
struct ib_mr *hca_mr_find(struct hca_dev *hd, u32 key)
{
	struct hca_mr *m = xa_load(&hd->mrs, key >> 8);

	return m ? m->lower : NULL;
}

int hca_map_mr_sg(struct ndk_mr *mr, struct scatterlist *sg, int num, unsigned int *offset)
{
	struct ib_mr *low = ((struct hca_mr *)mr->priv)->lower;
	int mapped;

	mapped = ib_map_mr_sg(low, sg, num, offset, mr->ibmr.page_size);
	mr->ibmr.iova = low->iova;
	mr->ibmr.length = low->length;
	return mapped;
}

static int dereg_dma(struct hca_mr *m)
{
	return m->lower ? m->lower->device->ops.dereg_mr(m->lower, NULL) : 0;
}

static int dereg(struct hca_dev *hd, struct ndk_mr *mr, struct hca_mr *m)
{
	if (mr->ibmr.type == IB_MR_TYPE_MEM_REG) {
		xa_erase(&hd->mrs, m->lower->rkey >> 8);
		/* a doorbell may have found it just now */
		synchronize_rcu_expedited();
	}
	return ib_dereg_mr(m->lower);
}

int hca_dereg_mr(struct ndk_mr *mr)
{
	struct hca_dev *hd = hca_of(mr->ibmr.device);
	struct hca_mr *m = mr->priv;
	int err = m->is_dma ? dereg_dma(m) : dereg(hd, mr, m);

	if (err)
		return err;
	kfree(m);
	return 0;
}
