// SPDX-License-Identifier: GPL-2.0
/*
 * Address handles: addresses by number. A datagram looks its handle up when it
 * is sent, inside an RCU read section, and takes no reference.
 */
#include <linux/slab.h>

#include "softroce.h"

#define MAX_NUMBER	0xffffff

/* Callers may have interrupts off, so nothing here turns them on. */
static int publish(struct sr_dev *dev, struct sr_ah *ah)
{
	unsigned long flags;
	int err;

	xa_lock_irqsave(&dev->ahs, flags);
	err = __xa_alloc_cyclic(&dev->ahs, &ah->number, ah, XA_LIMIT(1, MAX_NUMBER),
				&dev->next_ah, GFP_ATOMIC);
	xa_unlock_irqrestore(&dev->ahs, flags);
	return min(err, 0);
}

/**
 * sr_ah_create() - see struct ndk_nic_ops
 * @nah: the handle
 * @attr: as resolved by the core
 *
 * Return: 0 or a negative errno.
 */
int sr_ah_create(struct ndk_ah *nah, const struct rdma_ah_attr *attr)
{
	struct sr_dev *dev = to_ndk_nic(nah->ibah.device)->priv;
	struct sr_ah *ah = kzalloc(sizeof(*ah), GFP_ATOMIC);
	int err;

	if (!ah)
		return -ENOMEM;
	spin_lock_init(&ah->lock);
	/* no QP numbers yet: the source port spreads by flow label alone */
	err = sr_av_init(&ah->av, dev, attr, 1, 1);
	if (!err)
		err = publish(dev, ah);
	if (err) {
		kfree(ah);
		return err;
	}
	nah->number = ah->number;
	return 0;
}

static void free_ah(struct rcu_head *rcu)
{
	struct sr_ah *ah = container_of(rcu, struct sr_ah, rcu);

	sr_av_drop_route(&ah->route);
	kfree(ah);
}

/**
 * sr_ah_destroy() - see struct ndk_nic_ops
 * @nah: the handle
 */
void sr_ah_destroy(struct ndk_ah *nah)
{
	struct sr_dev *dev = to_ndk_nic(nah->ibah.device)->priv;
	struct sr_ah *ah;
	unsigned long flags;

	xa_lock_irqsave(&dev->ahs, flags);
	ah = __xa_erase(&dev->ahs, nah->number);
	xa_unlock_irqrestore(&dev->ahs, flags);
	call_rcu(&ah->rcu, free_ah);
}

/**
 * sr_ah_find() - handle by number
 * @dev: the adapter
 * @number: the number
 *
 * Return: the handle, good for the caller's RCU read section, or NULL.
 */
struct sr_ah *sr_ah_find(struct sr_dev *dev, u32 number)
{
	return xa_load(&dev->ahs, number);
}

/**
 * sr_ah_route() - route to a handle's address
 * @dev: the adapter
 * @ah: the handle
 *
 * Return: the route, good for the caller's RCU read section, or NULL.
 */
struct dst_entry *sr_ah_route(const struct sr_dev *dev, struct sr_ah *ah)
{
	struct dst_entry *dst;

	spin_lock(&ah->lock);
	dst = sr_av_route(dev, &ah->av, &ah->route);
	spin_unlock(&ah->lock);
	return dst;
}
