// SPDX-License-Identifier: GPL-2.0
/*
 * Devices come by `rdma link add NAME type ndk netdev X`, and go with their
 * netdev, their namespace, the module, or `rdma link del`.
 */
#include <linux/if_arp.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <kunit/visibility.h>
#include <rdma/rdma_netlink.h>

#include "softroce.h"

/* protects the lists of devices */
static DEFINE_MUTEX(sr_devs_lock);

static struct sr_dev *find_by_netdev(struct sr_net *sn, const struct net_device *ndev)
{
	struct sr_dev *dev;

	lockdep_assert_held(&sr_devs_lock);
	list_for_each_entry(dev, &sn->devs, link)
		if (rcu_access_pointer(dev->ndev) == ndev)
			return dev;
	return NULL;
}

static bool usable(const struct net_device *ndev)
{
	switch (ndev->type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return true;
	default:
		return false;
	}
}

/* Publishes @dev as @ndev's. Under RTNL, so that removal comes before or after. */
static int attach(struct sr_dev *dev, struct net_device *ndev)
{
	int err = 0;

	rtnl_lock();
	mutex_lock(&sr_devs_lock);
	if (ndev->reg_state != NETREG_REGISTERED)
		err = -ENODEV;
	else if (find_by_netdev(dev->sn, ndev))
		err = -EEXIST;
	if (!err) {
		netdev_hold(ndev, &dev->tracker, GFP_KERNEL);
		rcu_assign_pointer(dev->ndev, ndev);
		list_add_tail_rcu(&dev->link, &dev->sn->devs);
	}
	mutex_unlock(&sr_devs_lock);
	rtnl_unlock();
	if (err == -EEXIST)
		netdev_err(ndev, "has an ndk device already\n");
	return err;
}

/* Lets go of the netdev; from here on get_netdev() has nothing to give. */
static void detach_netdev(struct sr_dev *dev)
{
	struct net_device *ndev;

	lockdep_assert_held(&sr_devs_lock);
	ndev = rcu_dereference_protected(dev->ndev, lockdep_is_held(&sr_devs_lock));
	if (!ndev)
		return;
	rcu_assign_pointer(dev->ndev, NULL);
	netdev_put(ndev, &dev->tracker);
}

/**
 * sr_link_released() - the adapter is gone
 * @dev: ours of it, freed
 *
 * The last call for a device, whoever removed it.
 */
void sr_link_released(struct sr_dev *dev)
{
	struct sr_net *sn = dev->sn;

	mutex_lock(&sr_devs_lock);
	detach_netdev(dev);
	if (!list_empty(&dev->link))
		list_del_rcu(&dev->link);
	mutex_unlock(&sr_devs_lock);
	/* a packet may be counting a drop for us */
	synchronize_rcu_expedited();
	WARN_ON(!xa_empty(&dev->ahs));
	xa_destroy(&dev->ahs);
	sr_table_exit(&dev->mrs);
	kvfree(dev);
	sr_net_put(sn);
}

static struct sr_dev *alloc_dev(struct net_device *ndev)
{
	struct sr_dev *dev = kvzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->sn = sr_net_of(dev_net(ndev));
	dev->ifindex = ndev->ifindex;
	dev->direct = true;
	INIT_LIST_HEAD(&dev->link);
	sr_table_init(&dev->mrs, dev->mrs_front, SR_FRONT_MRS);
	xa_init_flags(&dev->ahs, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_IRQ);
	return dev;
}

static struct sr_dev *make_dev(struct net_device *ndev)
{
	struct sr_dev *dev = alloc_dev(ndev);
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	err = sr_net_get(dev->sn);
	if (err)
		goto free;
	dev->nic = ndk_nic_alloc(&sr_nic_ops, dev);
	if (!dev->nic) {
		err = -ENOMEM;
		goto put;
	}
	sr_fill_attr(dev, ndev);
	return dev;
put:
	sr_net_put(dev->sn);
free:
	kvfree(dev);
	return ERR_PTR(err);
}

/**
 * sr_link_enable() - see struct ndk_nic_ops
 * @nic: the adapter, registered from now on
 *
 * From here on the notifier can take a reference and removes the device with
 * its netdev. If the netdev went before that, registration must fail: nobody
 * would come back for the device.
 *
 * Return: 0, or -ENODEV if the netdev is gone.
 */
int sr_link_enable(struct ndk_nic *nic)
{
	struct sr_dev *dev = nic->priv;
	bool alive;

	mutex_lock(&sr_devs_lock);
	alive = rcu_access_pointer(dev->ndev);
	mutex_unlock(&sr_devs_lock);
	return alive ? 0 : -ENODEV;
}

/* The test kernel's suites make their devices with it. */
VISIBLE_IF_KUNIT int sr_newlink(const char *name, struct net_device *ndev)
{
	struct sr_dev *dev;
	int err;

	if (!usable(ndev)) {
		netdev_err(ndev, "neither Ethernet nor loopback, no ndk device\n");
		return -EINVAL;
	}
	dev = make_dev(ndev);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	err = attach(dev, ndev);
	if (!err)
		err = ndk_nic_register(dev->nic, name);
	if (err)
		ndk_nic_free(dev->nic);
	/* else it may be gone already, others can see it */
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(sr_newlink);

/* The adapter with a reference, or NULL if it is not registered (any more). */
static struct ndk_nic *get_nic(struct sr_dev *dev)
{
	lockdep_assert_held(&sr_devs_lock);
	return ib_device_try_get(&dev->nic->ibdev) ? dev->nic : NULL;
}

static struct ndk_nic *get_first(struct sr_net *sn)
{
	struct ndk_nic *nic = NULL;
	struct sr_dev *dev;

	mutex_lock(&sr_devs_lock);
	list_for_each_entry(dev, &sn->devs, link) {
		nic = get_nic(dev);
		if (nic)
			break;
	}
	mutex_unlock(&sr_devs_lock);
	return nic;
}

/**
 * sr_link_remove_all() - remove every device of a namespace
 * @sn: the namespace
 *
 * On return they are gone, also those somebody else was removing.
 */
void sr_link_remove_all(struct sr_net *sn)
{
	struct ndk_nic *nic;

	while ((nic = get_first(sn)))
		ndk_nic_unregister(nic);
	wait_event(sn->idle, !READ_ONCE(sn->users));
}

static void netdev_gone(struct sr_dev *dev)
{
	struct ndk_nic *nic = get_nic(dev);

	detach_netdev(dev);
	if (!nic)
		return;
	ndk_nic_unregister_queued(nic);
	ib_device_put(&nic->ibdev);
}

static void netdev_changed(struct sr_dev *dev, struct net_device *ndev)
{
	struct ndk_nic *nic = get_nic(dev);

	if (!nic)
		return;
	ndk_nic_port_event(nic, sr_netdev_up(ndev));
	ib_device_put(&nic->ibdev);
}

static int netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *ndev = netdev_notifier_info_to_dev(ptr);
	struct sr_dev *dev;

	mutex_lock(&sr_devs_lock);
	dev = find_by_netdev(sr_net_of(dev_net(ndev)), ndev);
	if (!dev)
		goto out;
	switch (event) {
	case NETDEV_UNREGISTER:
		netdev_gone(dev);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
	case NETDEV_CHANGEMTU:
		netdev_changed(dev, ndev);
		break;
	default:
		/* a name is nothing we keep */
		break;
	}
out:
	mutex_unlock(&sr_devs_lock);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_nb = {
	.notifier_call = netdev_event,
};

static struct rdma_link_ops link_ops = {
	.type = "ndk",
	.newlink = sr_newlink,
};

int sr_link_init(void)
{
	int err = register_netdevice_notifier(&netdev_nb);

	if (err)
		return err;
	rdma_link_register(&link_ops);
	return 0;
}

void sr_link_exit(void)
{
	rdma_link_unregister(&link_ops);
	unregister_netdevice_notifier(&netdev_nb);
}

MODULE_ALIAS_RDMA_LINK("ndk");
