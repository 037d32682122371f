// SPDX-License-Identifier: GPL-2.0
/*
 * Memory regions: keys, checks, and the way from an address to memory.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <rdma/ib_umem.h>

#include "softroce.h"

#define REMOTE_ACCESS	(IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_WRITE | \
			 IB_ACCESS_REMOTE_ATOMIC)

/**
 * sr_mr_covers() - is a range inside a region
 * @mr: the region
 * @addr: first byte
 * @len: bytes
 *
 * Return: true if all of it is.
 */
bool sr_mr_covers(const struct sr_mr *mr, u64 addr, u64 len)
{
	u64 off = addr - mr->iova, end;

	if (addr < mr->iova || check_add_overflow(off, len, &end))
		return false;
	return end <= mr->length;
}

static bool allows(const struct sr_mr *mr, const struct ib_pd *pd, u64 qp_id, u32 key,
		   u64 addr, u64 len, int access)
{
	if (mr->key != key || mr->pd != pd)
		return false;
	if ((mr->access & access) != access || !sr_mr_covers(mr, addr, len))
		return false;
	/* a window's key is an rkey only, and may be one QP's alone */
	if (mr->window && (!(access & REMOTE_ACCESS) || (mr->qp_id && mr->qp_id != qp_id)))
		return false;
	/*
	 * A region over all of kernel memory has no length to check against,
	 * and a peer may ask for anything.
	 */
	return !mr->kernel || !(access & REMOTE_ACCESS) || !len ||
	       (virt_addr_valid((void *)(uintptr_t)addr) &&
		virt_addr_valid((void *)(uintptr_t)(addr + len - 1)));
}

/**
 * sr_mr_find() - the one check between a key and memory
 * @dev: the adapter
 * @pd: PD of the QP
 * @qp_id: &sr_qp.id of the QP
 * @key: lkey or rkey
 * @addr: first byte
 * @len: bytes
 * @access: IB_ACCESS_* bits the region must have
 *
 * Return: the region, good until sr_mr_put() in the same RCU read section, or
 * NULL.
 */
struct sr_mr *sr_mr_find(struct sr_dev *dev, const struct ib_pd *pd, u64 qp_id, u32 key,
			 u64 addr, u64 len, int access)
{
	struct sr_mr *mr = sr_mr_of_key(dev, key);

	/* pairs with the release in sr_mr_grant(): counted in, we see the rest */
	if (!mr || (mr->revocable && !atomic_inc_not_zero(&mr->users)))
		return NULL;
	if (allows(mr, pd, qp_id, key, addr, len, access))
		return mr;
	sr_mr_put(mr);
	return NULL;
}

/**
 * sr_mr_grant() - the key is good from now on
 * @mr: revocable, not valid; everything about it is stored
 */
void sr_mr_grant(struct sr_mr *mr)
{
	mr->valid = true;
	/* pairs with atomic_inc_not_zero() in sr_mr_find() */
	atomic_set_release(&mr->users, 1);
}

/**
 * sr_mr_revoke() - take the key back
 * @mr: revocable, valid
 *
 * On return nobody uses it, and nobody will.
 */
void sr_mr_revoke(struct sr_mr *mr)
{
	mr->valid = false;
	atomic_dec(&mr->users);
	/* pairs with the release in sr_mr_put() */
	while (atomic_read_acquire(&mr->users))
		cpu_relax();
}

/**
 * sr_mr_span() - memory behind an address
 * @mr: the region; [@addr, @addr + *@len) was checked
 * @addr: address
 * @len: bytes wanted, more than 0; set to the bytes that lie in one piece
 *
 * Return: kernel address.
 */
void *sr_mr_span(const struct sr_mr *mr, u64 addr, u32 *len)
{
	u64 off = addr - mr->iova + mr->offset;
	u32 size = 1U << mr->page_shift, in_page = off & (size - 1), run = size - in_page;
	void **page, *start;

	if (mr->kernel)
		return (void *)(uintptr_t)addr;
	page = mr->pages + (off >> mr->page_shift);
	start = *page + in_page;
	while (run < *len && page[1] == page[0] + size) {
		run += size;
		page++;
	}
	*len = min(*len, run);
	return start;
}

/**
 * sr_mr_publish() - give it a key; from here on packets find it
 * @dev: the adapter
 * @mr: the region or window
 *
 * Return: 0 or a negative errno.
 */
int sr_mr_publish(struct sr_dev *dev, struct sr_mr *mr)
{
	int err = sr_table_reserve(&dev->mrs, &mr->node, XA_LIMIT(1, 0xffffff));

	if (err)
		return err;
	mr->key = mr->node.number << 8 | get_random_u8();
	sr_table_add(&dev->mrs, &mr->node);
	return 0;
}

/* Without remote rights the rkey opens nothing, but they may come later. */
static int publish(struct sr_dev *dev, struct ndk_mr *nmr, struct sr_mr *mr)
{
	int err = sr_mr_publish(dev, mr);

	if (err)
		return err;
	nmr->ibmr.lkey = mr->key;
	nmr->ibmr.rkey = mr->key;
	nmr->priv = mr;
	return 0;
}

static int map_pages(struct sr_mr *mr)
{
	size_t n = ib_umem_num_pages(mr->umem), i = 0;
	struct sg_page_iter it;

	mr->pages = kvmalloc_array(n, sizeof(*mr->pages), GFP_KERNEL_ACCOUNT);
	if (!mr->pages)
		return -ENOMEM;
	for_each_sgtable_page(&mr->umem->sgt_append.sgt, &it, 0) {
		struct page *page = sg_page_iter_page(&it);

		if (WARN_ON_ONCE(i == n))
			return -EINVAL;
		/* softirqs copy through the direct map */
		if (PageHighMem(page))
			return -EOPNOTSUPP;
		mr->pages[i++] = page_address(page);
	}
	return i == n ? 0 : -EINVAL;
}

/**
 * sr_mr_free() - free it and let go of its memory
 * @mr: not published (any more)
 */
void sr_mr_free(struct sr_mr *mr)
{
	kvfree(mr->pages);
	kvfree(mr->staged.pages);
	if (mr->umem)
		ib_umem_release(mr->umem);
	if (mr->dmabuf)
		sr_dmabuf_unmap(mr);
	kfree(mr);
}

/**
 * sr_mr_alloc() - what regions and windows begin with
 * @pd: protection domain
 * @access: IB_ACCESS_*
 *
 * Return: the object without memory or key, or NULL.
 */
struct sr_mr *sr_mr_alloc(struct ib_pd *pd, int access)
{
	struct sr_mr *mr = kzalloc(sizeof(*mr), GFP_KERNEL_ACCOUNT);

	if (!mr)
		return NULL;
	mr->pd = pd;
	mr->access = access;
	mr->page_shift = PAGE_SHIFT;
	spin_lock_init(&mr->lock);
	return mr;
}

/**
 * sr_mr_pin() - put user memory behind it
 * @mr: has none
 * @ibdev: the device
 * @start: user address
 * @length: bytes
 * @iova: address its users will say
 *
 * Return: 0 or a negative errno; sr_mr_free() takes back what was done.
 */
int sr_mr_pin(struct sr_mr *mr, struct ib_device *ibdev, u64 start, u64 length, u64 iova)
{
	struct ib_umem *umem;

	if (mr->access & IB_ACCESS_ON_DEMAND)
		return -EOPNOTSUPP;
	umem = ib_umem_get(ibdev, start, length, mr->access);
	if (IS_ERR(umem))
		return PTR_ERR(umem);
	mr->umem = umem;
	mr->iova = iova;
	mr->length = length;
	mr->offset = ib_umem_offset(umem);
	return map_pages(mr);
}

/**
 * sr_reg_user_mr() - see struct ndk_nic_ops
 * @nmr: the region; its PD is set
 * @start: user address
 * @length: bytes
 * @iova: address its users will say
 * @access: IB_ACCESS_*
 *
 * Return: 0 or a negative errno.
 */
int sr_reg_user_mr(struct ndk_mr *nmr, u64 start, u64 length, u64 iova, int access)
{
	struct ndk_nic *nic = to_ndk_nic(nmr->ibmr.pd->device);
	struct sr_mr *mr = sr_mr_alloc(nmr->ibmr.pd, access);
	int err;

	if (!mr)
		return -ENOMEM;
	err = sr_mr_pin(mr, &nic->ibdev, start, length, iova);
	if (!err)
		err = publish(nic->priv, nmr, mr);
	if (err)
		sr_mr_free(mr);
	return err;
}

/**
 * sr_reg_user_mr_dmabuf() - see struct ndk_nic_ops
 * @nmr: the region; its PD is set
 * @offset: where it begins in the buffer
 * @length: bytes
 * @iova: address its users will say
 * @fd: the buffer
 * @access: IB_ACCESS_*
 *
 * Return: 0 or a negative errno.
 */
int sr_reg_user_mr_dmabuf(struct ndk_mr *nmr, u64 offset, u64 length, u64 iova, int fd, int access)
{
	struct ndk_nic *nic = to_ndk_nic(nmr->ibmr.pd->device);
	struct sr_mr *mr = sr_mr_alloc(nmr->ibmr.pd, access);
	int err;

	if (!mr)
		return -ENOMEM;
	mr->iova = iova;
	err = sr_dmabuf_map(mr, &nic->ibdev, offset, length, fd);
	if (!err)
		err = publish(nic->priv, nmr, mr);
	if (err)
		sr_mr_free(mr);
	return err;
}

/**
 * sr_get_dma_mr() - see struct ndk_nic_ops
 * @nmr: the region; its PD is set
 * @access: IB_ACCESS_*
 *
 * Return: 0 or a negative errno.
 */
int sr_get_dma_mr(struct ndk_mr *nmr, int access)
{
	struct ndk_nic *nic = to_ndk_nic(nmr->ibmr.pd->device);
	struct sr_mr *mr = sr_mr_alloc(nmr->ibmr.pd, access);
	int err;

	if (!mr)
		return -ENOMEM;
	mr->kernel = true;
	mr->length = U64_MAX;
	err = publish(nic->priv, nmr, mr);
	if (err)
		sr_mr_free(mr);
	return err;
}

/**
 * sr_mr_retire() - nothing may be bound to the region any more
 * @mr: the region
 *
 * Return: false if a window is.
 */
bool sr_mr_retire(struct sr_mr *mr)
{
	bool free;

	spin_lock_bh(&mr->lock);
	free = !mr->windows;
	if (free)
		mr->dead = true;
	spin_unlock_bh(&mr->lock);
	return free;
}

/**
 * sr_dereg_mr() - see struct ndk_nic_ops
 * @nmr: the region
 *
 * Every user looks the key up and copies inside one RCU read section, so after
 * a grace period nobody touches the memory.
 *
 * Return: 0, or -EBUSY if a window is bound to the region.
 */
int sr_dereg_mr(struct ndk_mr *nmr)
{
	struct sr_dev *dev = to_ndk_nic(nmr->ibmr.pd->device)->priv;
	struct sr_mr *mr = nmr->priv;

	if (!sr_mr_retire(mr)) {
		ibdev_dbg(&dev->nic->ibdev, "mr %#x: windows are bound to it\n", mr->key);
		return -EBUSY;
	}
	sr_table_remove(&dev->mrs, &mr->node);
	synchronize_rcu_expedited();
	sr_mr_free(mr);
	return 0;
}
