// SPDX-License-Identifier: GPL-2.0
/*
 * Memory regions: argument checks and object life; keys are the backend's.
 */
#include <linux/slab.h>

#include "provider.h"

#define MR_ACCESS	(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE |	\
			 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC |	\
			 IB_ACCESS_OPTIONAL)

static int check_access(struct ib_pd *pd, int access)
{
	int allowed = MR_ACCESS;

	if (to_ndk_nic(pd->device)->ops->alloc_mw)
		allowed |= IB_ACCESS_MW_BIND;
	if (access & ~allowed) {
		ibdev_dbg(pd->device, "mr: access flags %#x not supported\n",
			  access & ~allowed);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int check_range(struct ib_pd *pd, u64 start, u64 length, u64 iova)
{
	u64 end;

	if (check_add_overflow(start, length, &end) || check_add_overflow(iova, length, &end)) {
		ibdev_dbg(pd->device, "mr: %#llx (iova %#llx) + %llu overflows\n",
			  start, iova, length);
		return -EINVAL;
	}
	return 0;
}

struct ib_mr *ndk_get_dma_mr(struct ib_pd *pd, int access)
{
	struct ndk_nic *nic = to_ndk_nic(pd->device);
	struct ndk_mr *mr;
	int err;

	err = check_access(pd, access);
	if (err)
		return ERR_PTR(err);
	mr = kzalloc(sizeof(*mr), GFP_KERNEL);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->ibmr.device = pd->device;
	mr->ibmr.pd = pd;
	mr->ibmr.type = IB_MR_TYPE_DMA;
	err = nic->ops->get_dma_mr(mr, access);
	if (err) {
		kfree(mr);
		return ERR_PTR(err);
	}
	return &mr->ibmr;
}

/* A region of user memory that has no keys yet. */
static struct ndk_mr *new_user_mr(struct ib_pd *pd, u64 length, u64 iova)
{
	struct ndk_mr *mr = kzalloc(sizeof(*mr), GFP_KERNEL_ACCOUNT);

	if (!mr)
		return NULL;
	mr->ibmr.device = pd->device;
	mr->ibmr.pd = pd;
	mr->ibmr.type = IB_MR_TYPE_USER;
	mr->ibmr.iova = iova;
	mr->ibmr.length = length;
	return mr;
}

struct ib_mr *ndk_reg_user_mr(struct ib_pd *pd, u64 start, u64 length, u64 iova,
			      int access, struct ib_udata *udata)
{
	struct ndk_nic *nic = to_ndk_nic(pd->device);
	struct ndk_mr *mr;
	int err;

	err = check_access(pd, access) ?: check_range(pd, start, length, iova);
	if (err)
		return ERR_PTR(err);
	mr = new_user_mr(pd, length, iova);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	err = nic->ops->reg_user_mr(mr, start, length, iova, access);
	if (err) {
		kfree(mr);
		return ERR_PTR(err);
	}
	return &mr->ibmr;
}

struct ib_mr *ndk_reg_user_mr_dmabuf(struct ib_pd *pd, u64 offset, u64 length, u64 iova, int fd,
				     int access, struct uverbs_attr_bundle *attrs)
{
	struct ndk_nic *nic = to_ndk_nic(pd->device);
	struct ndk_mr *mr;
	int err;

	if (!nic->ops->reg_user_mr_dmabuf)
		return ERR_PTR(-EOPNOTSUPP);
	err = check_access(pd, access) ?: check_range(pd, offset, length, iova);
	if (err)
		return ERR_PTR(err);
	mr = new_user_mr(pd, length, iova);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	err = nic->ops->reg_user_mr_dmabuf(mr, offset, length, iova, fd, access);
	if (err) {
		kfree(mr);
		return ERR_PTR(err);
	}
	return &mr->ibmr;
}

/* NULL says: the same object goes on, the core stores its new PD and range. */
struct ib_mr *ndk_rereg_user_mr(struct ib_mr *ibmr, int flags, u64 start, u64 length, u64 iova,
				int access, struct ib_pd *pd, struct ib_udata *udata)
{
	struct ndk_nic *nic = to_ndk_nic(ibmr->device);
	int err = 0;

	if (!nic->ops->rereg_user_mr)
		return ERR_PTR(-EOPNOTSUPP);
	if (flags & IB_MR_REREG_ACCESS)
		err = check_access(pd, access);
	if (!err && flags & IB_MR_REREG_TRANS)
		err = check_range(pd, start, length, iova);
	if (!err)
		err = nic->ops->rereg_user_mr(to_ndk_mr(ibmr), flags, start, length, iova,
					      access, pd);
	return ERR_PTR(err);
}

struct ib_mr *ndk_alloc_mr(struct ib_pd *pd, enum ib_mr_type type, u32 max_num_sg)
{
	struct ndk_nic *nic = to_ndk_nic(pd->device);
	u32 max = nic->attr.max_fast_reg_page_list_len;
	struct ndk_mr *mr;
	int err;

	if (!nic->ops->alloc_mr || type != IB_MR_TYPE_MEM_REG)
		return ERR_PTR(-EOPNOTSUPP);
	if (!max_num_sg || max_num_sg > max) {
		ibdev_dbg(pd->device, "mr: requested pages[%u] not in [1, %u]\n", max_num_sg, max);
		return ERR_PTR(-EINVAL);
	}
	mr = kzalloc(sizeof(*mr), GFP_KERNEL);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->ibmr.device = pd->device;
	mr->ibmr.pd = pd;
	mr->ibmr.type = type;
	err = nic->ops->alloc_mr(mr, max_num_sg);
	if (err) {
		kfree(mr);
		return ERR_PTR(err);
	}
	return &mr->ibmr;
}

int ndk_map_mr_sg(struct ib_mr *ibmr, struct scatterlist *sg, int num, unsigned int *offset)
{
	if (ibmr->type != IB_MR_TYPE_MEM_REG)
		return -EINVAL;
	return to_ndk_nic(ibmr->device)->ops->map_mr_sg(to_ndk_mr(ibmr), sg, num, offset);
}

int ndk_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct ndk_mr *mr = to_ndk_mr(ibmr);
	int err;

	err = to_ndk_nic(ibmr->device)->ops->dereg_mr(mr);
	if (err)
		return err;
	kfree(mr);
	return 0;
}
