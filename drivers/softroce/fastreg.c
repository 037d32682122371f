// SPDX-License-Identifier: GPL-2.0
/*
 * Fast registration: a region that requests register and invalidate, in the
 * order of the send queue and without sleeping.
 *
 * ib_map_mr_sg() fills a list of pages beside the one in use; IB_WR_REG_MR
 * exchanges the two. So what is mapped next never shows through a key that is
 * still good.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "softroce.h"

#define REMOTE_ACCESS	(IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_WRITE | \
			 IB_ACCESS_REMOTE_ATOMIC)
/* sr_mr_span() adds up to three of them in 32 bits */
#define MAX_PAGE_SIZE	SZ_1G

/**
 * sr_alloc_mr() - see struct ndk_nic_ops
 * @nmr: the region; its PD is set
 * @max_num_sg: most pages at a time
 *
 * Return: 0 or a negative errno.
 */
int sr_alloc_mr(struct ndk_mr *nmr, u32 max_num_sg)
{
	struct sr_mr *mr = sr_mr_alloc(nmr->ibmr.pd, 0);
	int err = -ENOMEM;

	if (!mr)
		return -ENOMEM;
	mr->revocable = true;
	mr->staged.max = max_num_sg;
	mr->staged.pages = kvmalloc_array(max_num_sg, sizeof(*mr->pages), GFP_KERNEL);
	mr->pages = kvmalloc_array(max_num_sg, sizeof(*mr->pages), GFP_KERNEL);
	if (!mr->staged.pages || !mr->pages)
		goto free;
	err = sr_mr_publish(to_ndk_nic(nmr->ibmr.pd->device)->priv, mr);
	if (err)
		goto free;
	nmr->ibmr.lkey = mr->key;
	nmr->ibmr.rkey = mr->key;
	nmr->priv = mr;
	return 0;
free:
	sr_mr_free(mr);
	return err;
}

/*
 * The device has no DMA addresses: consumers hand us kernel addresses. Whether there
 * is memory behind one in the range where memory can be is asked in kernels for
 * debugging only: it costs as much as the rest of a registration.
 */
static bool is_memory(const void *page)
{
	if (IS_ENABLED(CONFIG_DEBUG_VM))
		return virt_addr_valid(page);
	return (unsigned long)page >= PAGE_OFFSET && page < high_memory;
}

static int stage(struct sr_staged *st, u64 addr)
{
	void *page = ib_virt_dma_to_ptr(addr);

	if (st->num == st->max)
		return -ENOMEM;
	if (!is_memory(page))
		return -EFAULT;
	st->pages[st->num++] = page;
	return 0;
}

static int set_page(struct ib_mr *ibmr, u64 addr)
{
	return stage(&((struct sr_mr *)to_ndk_mr(ibmr)->priv)->staged, addr);
}

/**
 * sr_map_mr_sg() - see struct ndk_nic_ops
 * @nmr: the region
 * @sg: mapped scatterlist
 * @num: its entries
 * @offset: bytes to skip in the first entry; see ib_sg_to_pages()
 *
 * Return: entries mapped, or a negative errno.
 */
int sr_map_mr_sg(struct ndk_mr *nmr, struct scatterlist *sg, int num, unsigned int *offset)
{
	struct sr_mr *mr = nmr->priv;
	struct sr_staged *st = &mr->staged;
	u32 size = nmr->ibmr.page_size;
	int mapped;

	if (size < PAGE_SIZE || size > MAX_PAGE_SIZE || !is_power_of_2(size)) {
		ibdev_dbg(nmr->ibmr.device, "mr: page size %u not in [%lu, %u]\n", size,
			  PAGE_SIZE, MAX_PAGE_SIZE);
		return -EINVAL;
	}
	st->num = 0;
	st->fresh = false;
	mapped = ib_sg_to_pages(&nmr->ibmr, sg, num, offset, set_page);
	if (mapped <= 0)
		return mapped;
	st->page_shift = ilog2(size);
	st->offset = nmr->ibmr.iova & (size - 1);
	st->fresh = true;
	return mapped;
}

/**
 * sr_map_mr_pages() - see struct ndk_nic_ops
 * @nmr: the region
 * @pages: addresses of the pages
 * @num: how many
 * @offset: of the first byte in the first page
 * @length: bytes
 *
 * Return: 0 or a negative errno.
 */
int sr_map_mr_pages(struct ndk_mr *nmr, const u64 *pages, u32 num, u32 offset, u64 length)
{
	struct sr_staged *st = &((struct sr_mr *)nmr->priv)->staged;
	int err = 0;
	u32 i;

	st->num = 0;
	st->fresh = false;
	for (i = 0; i < num && !err; i++)
		err = stage(st, pages[i]);
	if (err)
		return err;
	st->page_shift = PAGE_SHIFT;
	st->offset = offset;
	st->fresh = true;
	nmr->ibmr.length = length;
	return 0;
}

/* Use what was mapped last, if anything was since the last time. */
static void take_staged(struct sr_mr *mr)
{
	struct sr_staged *st = &mr->staged;

	if (!st->fresh)
		return;
	swap(mr->pages, st->pages);
	mr->npages = st->num;
	mr->page_shift = st->page_shift;
	mr->offset = st->offset;
	st->fresh = false;
}

static int register_locked(struct sr_mr *mr, const struct ndk_swqe *wqe)
{
	if (mr->valid || mr->dead)
		return -EBUSY;
	take_staged(mr);
	/* the poster may have said another length than it mapped, but not more */
	if (!mr->npages || wqe->key_length > ((u64)mr->npages << mr->page_shift) - mr->offset)
		return -EINVAL;
	mr->iova = wqe->remote_addr;
	mr->length = wqe->key_length;
	mr->access = wqe->access;
	mr->key = wqe->rkey;
	sr_mr_grant(mr);
	return 0;
}

/**
 * sr_mr_register() - carry out IB_WR_REG_MR
 * @qp: the QP
 * @wqe: the request
 *
 * Return: 0 or a negative errno.
 */
int sr_mr_register(struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	struct sr_mr *mr = sr_mr_of_key(qp->dev, wqe->rkey);
	int err;

	if (!mr || !mr->staged.max || mr->pd != qp->nqp->ibqp.pd)
		return -EINVAL;
	spin_lock(&mr->lock);
	err = register_locked(mr, wqe);
	spin_unlock(&mr->lock);
	return err;
}

/**
 * sr_enable_mr() - see struct ndk_nic_ops
 * @nmr: the region, mapped
 * @access: its rights
 *
 * Return: 0 or a negative errno.
 */
int sr_enable_mr(struct ndk_mr *nmr, int access)
{
	const struct ndk_swqe wqe = {
		.remote_addr = nmr->ibmr.iova,
		.key_length = nmr->ibmr.length,
		.access = access,
		.rkey = nmr->ibmr.rkey,
	};
	struct sr_mr *mr = nmr->priv;
	int err;

	spin_lock_bh(&mr->lock);
	err = register_locked(mr, &wqe);
	spin_unlock_bh(&mr->lock);
	return err;
}

/* A peer may take back only what it was given. */
static bool peer_may(const struct sr_qp *qp, const struct sr_mr *mr)
{
	return mr->window ? mr->qp_id == qp->id : mr->access & REMOTE_ACCESS;
}

static int invalidate_locked(struct sr_qp *qp, struct sr_mr *mr, u32 key, bool remote)
{
	if (mr->key != key || mr->windows)
		return -EINVAL;
	/* what our own side takes back twice is gone all the same */
	if (!mr->valid)
		return remote ? -EINVAL : 0;
	if (remote && !peer_may(qp, mr))
		return -EACCES;
	sr_mr_revoke(mr);
	if (mr->window)
		sr_mw_release(mr);
	return 0;
}

/**
 * sr_mr_invalidate() - take back the key of a fast registered region or of a
 * type 2 window
 * @qp: the QP
 * @key: the key
 * @remote: the peer says so, with IB_WR_SEND_WITH_INV
 *
 * On return nobody uses the key, and nobody will.
 *
 * Return: 0 or a negative errno.
 */
int sr_mr_invalidate(struct sr_qp *qp, u32 key, bool remote)
{
	struct sr_mr *mr = sr_mr_of_key(qp->dev, key);
	int err;

	if (!mr || !mr->revocable || mr->pd != qp->nqp->ibqp.pd || (mr->window && !mr->type2))
		return -EINVAL;
	spin_lock(&mr->lock);
	err = invalidate_locked(qp, mr, key, remote);
	spin_unlock(&mr->lock);
	return err;
}
