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

static bool covers(const struct sr_mr *mr, u64 addr, u64 len)
{
	u64 off = addr - mr->iova, end;

	if (addr < mr->iova || check_add_overflow(off, len, &end))
		return false;
	return end <= mr->length;
}

/**
 * sr_mr_find() - the one check between a key and memory
 * @dev: the adapter
 * @pd: PD of the QP
 * @key: lkey or rkey
 * @addr: first byte
 * @len: bytes
 * @access: IB_ACCESS_* bits the region must have
 *
 * Return: the region, good for the caller's RCU read section, or NULL.
 */
struct sr_mr *sr_mr_find(struct sr_dev *dev, const struct ib_pd *pd, u32 key, u64 addr,
			 u64 len, int access)
{
	struct sr_mr *mr = xa_load(&dev->mrs, key >> 8);

	if (!mr || mr->key != key || mr->pd != pd)
		return NULL;
	if ((mr->access & access) != access || !covers(mr, addr, len))
		return NULL;
	/*
	 * A region over all of kernel memory has no length to check against,
	 * and a peer may ask for anything.
	 */
	if (mr->kernel && access & REMOTE_ACCESS && len &&
	    (!virt_addr_valid((void *)(uintptr_t)addr) ||
	     !virt_addr_valid((void *)(uintptr_t)(addr + len - 1))))
		return NULL;
	return mr;
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
	u32 in_page = offset_in_page(off), run = PAGE_SIZE - in_page;
	void **page, *start;

	if (mr->kernel)
		return (void *)(uintptr_t)addr;
	page = mr->pages + (off >> PAGE_SHIFT);
	start = *page + in_page;
	while (run < *len && page[1] == page[0] + PAGE_SIZE) {
		run += PAGE_SIZE;
		page++;
	}
	*len = min(*len, run);
	return start;
}

/* Publishes @mr: from here on packets find it. */
static int publish(struct sr_dev *dev, struct ndk_mr *nmr, struct sr_mr *mr)
{
	u32 index;
	int err;

	err = xa_alloc_cyclic(&dev->mrs, &index, NULL, XA_LIMIT(1, 0xffffff), &dev->next_mr,
			      GFP_KERNEL);
	if (err < 0)
		return err;
	mr->key = index << 8 | get_random_u8();
	nmr->ibmr.lkey = mr->key;
	nmr->ibmr.rkey = mr->access & REMOTE_ACCESS ? mr->key : 0;
	nmr->priv = mr;
	/* cannot fail: the slot is reserved */
	xa_store(&dev->mrs, index, mr, GFP_KERNEL);
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

static void free_mr(struct sr_mr *mr)
{
	kvfree(mr->pages);
	if (mr->umem)
		ib_umem_release(mr->umem);
	kfree(mr);
}

static struct sr_mr *alloc_mr(struct ndk_mr *nmr, int access)
{
	struct sr_mr *mr = kzalloc(sizeof(*mr), GFP_KERNEL_ACCOUNT);

	if (!mr)
		return NULL;
	mr->pd = nmr->ibmr.pd;
	mr->access = access;
	return mr;
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
	struct ib_umem *umem;
	struct sr_mr *mr;
	int err;

	if (access & IB_ACCESS_ON_DEMAND)
		return -EOPNOTSUPP;
	mr = alloc_mr(nmr, access);
	if (!mr)
		return -ENOMEM;
	umem = ib_umem_get(&nic->ibdev, start, length, access);
	if (IS_ERR(umem)) {
		err = PTR_ERR(umem);
		goto free;
	}
	mr->umem = umem;
	mr->iova = iova;
	mr->length = length;
	mr->offset = ib_umem_offset(umem);
	err = map_pages(mr);
	if (err)
		goto free;
	err = publish(nic->priv, nmr, mr);
	if (err)
		goto free;
	return 0;
free:
	free_mr(mr);
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
	struct sr_mr *mr = alloc_mr(nmr, access);
	int err;

	if (!mr)
		return -ENOMEM;
	mr->kernel = true;
	mr->length = U64_MAX;
	err = publish(nic->priv, nmr, mr);
	if (err)
		free_mr(mr);
	return err;
}

/**
 * sr_dereg_mr() - see struct ndk_nic_ops
 * @nmr: the region
 *
 * Every user looks the key up and copies inside one RCU read section, so after
 * a grace period nobody touches the memory.
 */
void sr_dereg_mr(struct ndk_mr *nmr)
{
	struct sr_dev *dev = to_ndk_nic(nmr->ibmr.pd->device)->priv;
	struct sr_mr *mr = nmr->priv;

	xa_erase(&dev->mrs, mr->key >> 8);
	synchronize_rcu_expedited();
	free_mr(mr);
}
