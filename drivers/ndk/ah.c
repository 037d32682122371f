// SPDX-License-Identifier: GPL-2.0
/*
 * Address handles and multicast groups: object life; addressing is the
 * backend's.
 */
#include "provider.h"

static int check_udata(struct ib_udata *udata)
{
	if (!udata)
		return 0;
	/* a library older than address handle numbers would send the address */
	if (udata->outlen < sizeof(struct rxe_create_ah_resp))
		return -EOPNOTSUPP;
	return 0;
}

static int respond(const struct ndk_ah *ah, struct ib_udata *udata)
{
	struct rxe_create_ah_resp resp = { .ah_num = ah->number };

	return udata ? ib_copy_to_udata(udata, &resp, sizeof(resp)) : 0;
}

int ndk_create_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *init, struct ib_udata *udata)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(ibah->device)->ops;
	struct ndk_ah *ah = to_ndk_ah(ibah);
	int err;

	if (!ops->ah_create)
		return -EOPNOTSUPP;
	if (!(rdma_ah_get_ah_flags(init->ah_attr) & IB_AH_GRH))
		return -EINVAL;
	err = check_udata(udata);
	if (err)
		return err;
	ah->attr = *init->ah_attr;
	/* the caller's reference, not ours to hand out later */
	ah->attr.grh.sgid_attr = NULL;
	ah->may_sleep = init->flags & RDMA_CREATE_AH_SLEEPABLE;
	err = ops->ah_create(ah, init->ah_attr);
	if (err)
		return err;
	err = respond(ah, udata);
	if (err)
		ops->ah_destroy(ah);
	return err;
}

int ndk_query_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr)
{
	*attr = to_ndk_ah(ibah)->attr;
	return 0;
}

int ndk_destroy_ah(struct ib_ah *ibah, u32 flags)
{
	to_ndk_ah(ibah)->may_sleep = flags & RDMA_DESTROY_AH_SLEEPABLE;
	to_ndk_nic(ibah->device)->ops->ah_destroy(to_ndk_ah(ibah));
	return 0;
}

int ndk_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(ibqp->device)->ops;

	return ops->mcast_attach ? ops->mcast_attach(to_ndk_qp(ibqp), gid) : -EOPNOTSUPP;
}

int ndk_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(ibqp->device)->ops;

	return ops->mcast_detach ? ops->mcast_detach(to_ndk_qp(ibqp), gid) : -EOPNOTSUPP;
}
