// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses: paths, address handles, multicast groups.
 *
 * Both devices have a GID for every address of the netdev, but not under the same
 * index: the core fills each table by itself. So a path's source is looked up
 * below by its value.
 */
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "hca.h"

static const struct ib_gid_attr *find_gid(struct hca_dev *hd, const struct ib_gid_attr *upper)
{
	const struct ib_gid_attr *gid;
	struct net_device *ndev;

	rcu_read_lock();
	ndev = rdma_read_gid_attr_ndev_rcu(upper);
	if (IS_ERR(ndev))
		ndev = NULL;
	gid = rdma_find_gid_by_port(hd->lower, &upper->gid, upper->gid_type, hd->port, ndev);
	rcu_read_unlock();
	if (IS_ERR(gid))
		ibdev_warn_ratelimited(&hd->nic->ibdev, "%s has no GID %pI6c\n",
				       dev_name(&hd->lower->dev), upper->gid.raw);
	return gid;
}

/**
 * hca_path() - make a path one of the lower device
 * @hd: the device
 * @attr: the path, of the upper device; changed
 * @gid: a reference to the source, to be put after the path's use; may be NULL
 *
 * A path may come from a connection manager, which knows the lower device only:
 * then its source is right as it is.
 *
 * Context: any with interrupts on or off.
 * Return: 0 or a negative errno.
 */
int hca_path(struct hca_dev *hd, struct rdma_ah_attr *attr, const struct ib_gid_attr **gid)
{
	const struct ib_gid_attr *sgid = attr->grh.sgid_attr;

	*gid = NULL;
	attr->port_num = hd->port;
	if (!(rdma_ah_get_ah_flags(attr) & IB_AH_GRH))
		return 0;
	if (!sgid)
		return -EINVAL;
	attr->grh.sgid_attr = NULL;
	if (sgid->device == hd->lower) {
		attr->grh.sgid_index = sgid->index;
		return 0;
	}
	*gid = find_gid(hd, sgid);
	if (IS_ERR(*gid)) {
		int err = PTR_ERR(*gid);

		*gid = NULL;
		return err;
	}
	attr->grh.sgid_index = (*gid)->index;
	return 0;
}

/* The lower handle goes when no doorbell can be using it any more. */
static void destroy_work(struct work_struct *work)
{
	struct hca_ah *a = container_of(to_rcu_work(work), struct hca_ah, work);
	struct hca_pd *pd = a->pd;

	rdma_destroy_ah(a->lower, RDMA_DESTROY_AH_SLEEPABLE);
	kfree(a);
	/* its owner may be waiting to free it, so only its address is used from here */
	if (atomic_dec_and_test(&pd->ahs))
		wake_up_var(&pd->ahs);
}

static int create_lower(struct hca_dev *hd, struct hca_ah *a, struct rdma_ah_attr *attr,
			bool may_sleep)
{
	const struct ib_gid_attr *gid;
	int err;

	err = hca_path(hd, attr, &gid);
	if (err)
		return err;
	a->lower = rdma_create_ah(a->pd->lower, attr, may_sleep ? RDMA_CREATE_AH_SLEEPABLE : 0);
	if (gid)
		rdma_put_gid_attr(gid);
	return PTR_ERR_OR_ZERO(a->lower);
}

int hca_ah_create(struct ndk_ah *ah, const struct rdma_ah_attr *attr)
{
	gfp_t gfp = ah->may_sleep ? GFP_KERNEL : GFP_ATOMIC;
	struct hca_dev *hd = hca_of(ah->ibah.device);
	struct rdma_ah_attr path = *attr;
	struct hca_ah *a;
	unsigned long flags;
	int err;

	a = kzalloc(sizeof(*a), gfp);
	if (!a)
		return -ENOMEM;
	a->pd = hca_pd_of(ah->ibah.pd);
	INIT_RCU_WORK(&a->work, destroy_work);
	err = create_lower(hd, a, &path, ah->may_sleep);
	if (err)
		goto free;
	atomic_inc(&a->pd->ahs);
	xa_lock_irqsave(&hd->ahs, flags);
	err = __xa_alloc(&hd->ahs, &ah->number, a, xa_limit_31b, GFP_ATOMIC);
	xa_unlock_irqrestore(&hd->ahs, flags);
	if (err) {
		queue_rcu_work(hca_wq, &a->work);
		return err;
	}
	return 0;
free:
	kfree(a);
	return err;
}

void hca_ah_destroy(struct ndk_ah *ah)
{
	struct hca_dev *hd = hca_of(ah->ibah.device);
	struct hca_ah *a;
	unsigned long flags;

	xa_lock_irqsave(&hd->ahs, flags);
	a = __xa_erase(&hd->ahs, ah->number);
	xa_unlock_irqrestore(&hd->ahs, flags);
	queue_rcu_work(hca_wq, &a->work);
}

/**
 * hca_ah_find() - the lower address handle that a request names
 * @hd: the device
 * @number: its number
 *
 * Context: in an RCU read section, as long as the handle is used.
 * Return: the handle or NULL.
 */
struct ib_ah *hca_ah_find(struct hca_dev *hd, u32 number)
{
	struct hca_ah *a = xa_load(&hd->ahs, number);

	return a ? a->lower : NULL;
}

int hca_mcast_attach(struct ndk_qp *qp, const union ib_gid *gid)
{
	union ib_gid group = *gid;

	return ib_attach_mcast(((struct hca_qp *)qp->priv)->lower, &group, 0);
}

int hca_mcast_detach(struct ndk_qp *qp, const union ib_gid *gid)
{
	union ib_gid group = *gid;

	return ib_detach_mcast(((struct hca_qp *)qp->priv)->lower, &group, 0);
}
