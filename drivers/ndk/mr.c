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
	if (access & ~MR_ACCESS) {
		ibdev_dbg(pd->device, "mr: access flags %#x not supported\n",
			  access & ~MR_ACCESS);
		return -EOPNOTSUPP;
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

struct ib_mr *ndk_reg_user_mr(struct ib_pd *pd, u64 start, u64 length, u64 iova,
			      int access, struct ib_udata *udata)
{
	struct ndk_nic *nic = to_ndk_nic(pd->device);
	struct ndk_mr *mr;
	u64 end;
	int err;

	err = check_access(pd, access);
	if (err)
		return ERR_PTR(err);
	if (check_add_overflow(start, length, &end) || check_add_overflow(iova, length, &end)) {
		ibdev_dbg(pd->device, "mr: %#llx (iova %#llx) + %llu overflows\n",
			  start, iova, length);
		return ERR_PTR(-EINVAL);
	}
	mr = kzalloc(sizeof(*mr), GFP_KERNEL_ACCOUNT);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->ibmr.device = pd->device;
	mr->ibmr.pd = pd;
	mr->ibmr.type = IB_MR_TYPE_USER;
	mr->ibmr.iova = iova;
	mr->ibmr.length = length;
	err = nic->ops->reg_user_mr(mr, start, length, iova, access);
	if (err) {
		kfree(mr);
		return ERR_PTR(err);
	}
	return &mr->ibmr;
}

int ndk_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct ndk_mr *mr = to_ndk_mr(ibmr);

	to_ndk_nic(ibmr->device)->ops->dereg_mr(mr);
	kfree(mr);
	return 0;
}
