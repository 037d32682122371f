// SPDX-License-Identifier: GPL-2.0
/*
 * Devices come by `rdma link add NAME type ndk_hca netdev X`, and go with the
 * RDMA device they stand on, the module, or `rdma link del`.
 *
 * Every RDMA device of the kernel is known here (struct hca_lower, from an
 * ib_client), but our own kind: nothing is ever stacked on itself.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <rdma/rdma_netlink.h>

#include "hca.h"

#define NAME_LIST	128

/* the list of lower devices; held while their netdevs are asked for */
static DEFINE_MUTEX(hca_lowers_lock);
static LIST_HEAD(hca_lowers);
/* hca_lower.devs and .users */
static DEFINE_SPINLOCK(hca_devs_lock);

/*
 * The core unregisters an upper device while it unregisters its lower one, each
 * under a mutex of the same class. The order is always this one.
 */
static struct lock_class_key hca_unregistration_key;

/* rdma(8) carries a name, a type and a netdev, so the choice is made here. */
static char *lower;
module_param(lower, charp, 0644);
MODULE_PARM_DESC(lower, "RDMA device to stand on, where a netdev has several");

static void chosen_name(char *name, size_t size)
{
	kernel_param_lock(THIS_MODULE);
	strscpy(name, lower ?: "", size);
	kernel_param_unlock(THIS_MODULE);
	strim(name);
}

/* The port of @ibdev that owns @ndev, or 0. */
static u32 port_of(struct ib_device *ibdev, const struct net_device *ndev)
{
	struct net_device *own;
	u32 port;

	rdma_for_each_port(ibdev, port) {
		own = ib_device_get_netdev(ibdev, port);
		dev_put(own);
		if (own == ndev)
			return port;
	}
	return 0;
}

/**
 * struct search - which lower device is meant
 * @ndev: it owns this
 * @name: it has this name, if not empty
 * @low: the one found first
 * @port: its port
 * @found: how many own @ndev
 * @names: what they are called
 */
struct search {
	const struct net_device *ndev;
	char name[IB_DEVICE_NAME_MAX];
	struct hca_lower *low;
	u32 port;
	unsigned int found;
	char names[NAME_LIST];
};

static void look_at(struct search *s, struct hca_lower *low)
{
	u32 port = port_of(low->ibdev, s->ndev);
	size_t len = strlen(s->names);

	if (!port)
		return;
	scnprintf(s->names + len, sizeof(s->names) - len, " %s", dev_name(&low->ibdev->dev));
	if (s->name[0] && strcmp(s->name, dev_name(&low->ibdev->dev)))
		return;
	if (!s->found++) {
		s->low = low;
		s->port = port;
	}
}

static int judge(const struct search *s)
{
	if (s->found == 1)
		return 0;
	if (s->found) {
		netdev_err(s->ndev, "has several RDMA devices:%s; say which in ndk_hca's parameter lower\n",
			   s->names);
		return -ENOTUNIQ;
	}
	if (s->names[0])
		netdev_err(s->ndev, "has no RDMA device %s, but:%s\n", s->name, s->names);
	else
		netdev_err(s->ndev, "has no RDMA device to stand on\n");
	return -ENODEV;
}

/* On success the device stays until put_lower(). */
static int find_lower(struct search *s)
{
	struct hca_lower *low;
	int err;

	mutex_lock(&hca_lowers_lock);
	list_for_each_entry(low, &hca_lowers, link)
		look_at(s, low);
	err = judge(s);
	if (!err) {
		spin_lock(&hca_devs_lock);
		s->low->users++;
		spin_unlock(&hca_devs_lock);
	}
	mutex_unlock(&hca_lowers_lock);
	return err;
}

static void put_lower(struct hca_lower *low)
{
	spin_lock(&hca_devs_lock);
	low->users--;
	/* under the lock: whoever waits may free it as soon as that is open */
	wake_up(&low->idle);
	spin_unlock(&hca_devs_lock);
}

static int attach(struct hca_dev *hd)
{
	struct hca_dev *other;
	int err = 0;

	spin_lock(&hca_devs_lock);
	list_for_each_entry(other, &hd->low->devs, link)
		if (other->port == hd->port)
			err = -EEXIST;
	if (!err)
		list_add_tail(&hd->link, &hd->low->devs);
	spin_unlock(&hca_devs_lock);
	if (err)
		ibdev_err(hd->lower, "port %u has an ndk_hca device already\n", hd->port);
	return err;
}

static void detach(struct hca_dev *hd)
{
	spin_lock(&hca_devs_lock);
	if (!list_empty(&hd->link)) {
		list_del(&hd->link);
		wake_up(&hd->low->idle);
	}
	spin_unlock(&hca_devs_lock);
}

/**
 * hca_link_released() - the adapter is gone
 * @hd: ours of it, freed
 *
 * The last call for a device, whoever removed it, while the lower device still
 * is there: its removal waits for detach().
 */
void hca_link_released(struct hca_dev *hd)
{
	WARN_ON(hd->listening);
	hca_watch_exit(&hd->watch);
	WARN_ON(!xa_empty(&hd->ahs));
	xa_destroy(&hd->ahs);
	WARN_ON(!xa_empty(&hd->mrs));
	xa_destroy(&hd->mrs);
	detach(hd);
	kfree(hd);
}

static struct hca_dev *make_dev(struct hca_lower *low, u32 port)
{
	struct hca_dev *hd = kzalloc(sizeof(*hd), GFP_KERNEL);

	if (!hd)
		return NULL;
	hd->low = low;
	hd->lower = low->ibdev;
	hd->port = port;
	INIT_LIST_HEAD(&hd->link);
	xa_init(&hd->mrs);
	xa_init_flags(&hd->ahs, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_IRQ);
	hca_watch_init(&hd->watch);
	hd->nic = ndk_nic_alloc(&hca_nic_ops, hd);
	if (!hd->nic) {
		hca_link_released(hd);
		return NULL;
	}
	lockdep_set_class(&hd->nic->ibdev.unregistration_lock, &hca_unregistration_key);
	return hd;
}

static int stack(struct hca_lower *low, u32 port, const char *name)
{
	struct hca_dev *hd = make_dev(low, port);
	int err;

	if (!hd)
		return -ENOMEM;
	err = hca_nic_describe(hd);
	if (!err)
		err = attach(hd);
	if (!err)
		err = ndk_nic_register(hd->nic, name);
	if (err)
		ndk_nic_free(hd->nic);
	/* else it may be gone already, others can see it */
	return err;
}

/* The test kernel's suites make their devices with it. @on may be empty. */
VISIBLE_IF_KUNIT int hca_newlink_on(const char *name, struct net_device *ndev, const char *on)
{
	struct search s = { .ndev = ndev };
	int err;

	strscpy(s.name, on, sizeof(s.name));
	err = find_lower(&s);
	if (err)
		return err;
	err = stack(s.low, s.port, name);
	put_lower(s.low);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(hca_newlink_on);

static int newlink(const char *name, struct net_device *ndev)
{
	char on[IB_DEVICE_NAME_MAX];

	chosen_name(on, sizeof(on));
	return hca_newlink_on(name, ndev, on);
}

static struct ib_client client;

/* Of our kind: no lower device, but one that takes part in its lower one's events. */
static int upper_add(struct ib_device *ibdev)
{
	struct ndk_nic *nic = to_ndk_nic(ibdev);

	if (nic->ops != &hca_nic_ops)
		return -EOPNOTSUPP;
	ib_set_client_data(ibdev, &client, to_hca(nic));
	hca_nic_listen(to_hca(nic));
	return 0;
}

static int client_add(struct ib_device *ibdev)
{
	struct hca_lower *low;

	if (ndk_nic_of(ibdev))
		return upper_add(ibdev);
	low = kzalloc(sizeof(*low), GFP_KERNEL);
	if (!low)
		return -ENOMEM;
	low->ibdev = ibdev;
	INIT_LIST_HEAD(&low->devs);
	init_waitqueue_head(&low->idle);
	ib_set_client_data(ibdev, &client, low);
	mutex_lock(&hca_lowers_lock);
	list_add_tail(&low->link, &hca_lowers);
	mutex_unlock(&hca_lowers_lock);
	return 0;
}

/*
 * What the removal of a lower device has to do next. True: remove @nic, of which
 * a reference was taken, or nothing is left (@nic is NULL). False: wait.
 */
static bool next_to_go(struct hca_lower *low, struct ndk_nic **nic)
{
	struct hca_dev *hd;
	bool act;

	*nic = NULL;
	spin_lock(&hca_devs_lock);
	act = !low->users && list_empty(&low->devs);
	list_for_each_entry(hd, &low->devs, link) {
		/* not registered yet, or somebody else is removing it: wait for them */
		if (!ib_device_try_get(&hd->nic->ibdev))
			continue;
		*nic = hd->nic;
		act = true;
		break;
	}
	spin_unlock(&hca_devs_lock);
	return act;
}

static void lower_remove(struct hca_lower *low)
{
	struct ndk_nic *nic;

	mutex_lock(&hca_lowers_lock);
	list_del(&low->link);
	mutex_unlock(&hca_lowers_lock);
	for (;;) {
		wait_event(low->idle, next_to_go(low, &nic));
		if (!nic)
			break;
		/* while there still is a lower device that can flush */
		ndk_nic_fail(nic, "the lower device goes away");
		ndk_nic_unregister(nic);
	}
	kfree(low);
}

/*
 * An upper device must hear nothing any more before the core takes it apart, or an
 * event would be dispatched to what is gone.
 */
static void client_remove(struct ib_device *ibdev, void *client_data)
{
	if (ndk_nic_of(ibdev))
		hca_nic_deaf(client_data);
	else
		lower_remove(client_data);
}

static struct ib_client client = {
	.name = "ndk_hca",
	.add = client_add,
	.remove = client_remove,
};

static struct rdma_link_ops link_ops = {
	.type = "ndk_hca",
	.newlink = newlink,
};

int hca_link_init(void)
{
	int err = ib_register_client(&client);

	if (err)
		return err;
	rdma_link_register(&link_ops);
	return 0;
}

void hca_link_exit(void)
{
	rdma_link_unregister(&link_ops);
	ib_unregister_client(&client);
}

MODULE_ALIAS_RDMA_LINK("ndk_hca");
