// SPDX-License-Identifier: GPL-2.0
/*
 * Adapters: open, query, close, and what happens when the device goes.
 */
#include <linux/export.h>
#include <linux/if_vlan.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <kunit/visibility.h>

#include "../provider.h"
#include "api.h"
#include "conn.h"

/* copying a message of a page costs less than registering it for the peer */
#define LARGE_REQUEST	4096

/* complaints about a close that does not come to an end */
#define PATIENCE	(10 * HZ)

static int api_add(struct ib_device *dev);
static void api_remove(struct ib_device *dev, void *data);

static struct ib_client api_client = {
	.name = "ndk",
	.add = api_add,
	.remove = api_remove,
};

/* protects @api_devices and what is in it */
static DEFINE_MUTEX(api_lock);
static LIST_HEAD(api_devices);

/**
 * struct api_device - a device that can be opened
 * @nic: the NIC
 * @adapters: open ones
 * @going: the device is being removed, no more are opened
 * @wait: somebody waits for @adapters to be empty
 * @link: in api_devices
 */
struct api_device {
	struct ndk_nic *nic;
	struct list_head adapters;
	bool going;
	wait_queue_head_t wait;
	struct list_head link;
};

/**
 * api_check_range() - a consumer's number against what there may be
 * @a: the adapter
 * @what: for the message
 * @value: the number
 * @min: least
 * @max: most
 *
 * Any context.
 *
 * Return: 0 or -EINVAL.
 */
int api_check_range(const struct ndk_adapter *a, const char *what, u32 value, u32 min, u32 max)
{
	if (value >= min && value <= max)
		return 0;
	ibdev_dbg(a->dev, "ndk: %s: %s[%u] not in %u..%u\n", a->params.consumer, what, value,
		  min, max);
	return -EINVAL;
}

/* Only our own devices know how to defer; others get one of ours on top. */
static struct ndk_nic *nic_of(struct ib_device *dev)
{
	return dev->ops.post_send == ndk_post_send ? to_ndk_nic(dev) : NULL;
}

static void adapter_idle(struct api_obj *o)
{
	complete(&to_api(ndk_adapter, o)->idle);
}

static const struct api_type adapter_type = {
	.type = NDK_OBJECT_ADAPTER,
	.idle = adapter_idle,
};

static u32 fast_pages(const struct ndk_nic *nic)
{
	if (!(nic->attr.device_cap_flags & IB_DEVICE_MEM_MGT_EXTENSIONS))
		return 0;
	return nic->attr.max_fast_reg_page_list_len;
}

static void fill_memory(const struct ndk_nic *nic, struct ndk_adapter_info *i)
{
	u32 pages = fast_pages(nic);

	i->frmr_page_count = pages;
	/* memory need not start at a page */
	if (pages > 1)
		i->max_registration_size = (size_t)(pages - 1) * PAGE_SIZE;
	i->max_window_size = i->max_registration_size;
}

static void fill_queues(const struct ndk_nic *nic, struct ndk_adapter_info *i)
{
	const struct ib_device_attr *a = &nic->attr;

	i->max_initiator_request_sge = a->max_send_sge;
	i->max_receive_request_sge = a->max_recv_sge;
	i->max_read_request_sge = min(a->max_sge_rd, a->max_send_sge);
	i->max_transfer_length = NDK_MAX_LENGTH;
	i->max_inline_data_size = nic->max_inline;
	i->max_inbound_read_limit = min(a->max_qp_rd_atom, 255);
	i->max_outbound_read_limit = min(a->max_qp_init_rd_atom, 255);
	/* one for the marker that a drain waits for */
	i->max_receive_queue_depth = a->max_qp_wr - 1;
	i->max_initiator_queue_depth = a->max_qp_wr;
	i->max_srq_depth = a->max_srq ? a->max_srq_wr : 0;
	i->max_cq_depth = a->max_cqe - 1;
}

static u32 technology(struct ib_device *dev, u32 port)
{
	if (rdma_protocol_iwarp(dev, port))
		return NDK_RDMA_IWARP;
	if (rdma_protocol_roce_udp_encap(dev, port))
		return NDK_RDMA_ROCE_V2;
	if (rdma_protocol_roce(dev, port))
		return NDK_RDMA_ROCE;
	return rdma_protocol_ib(dev, port) ? NDK_RDMA_INFINIBAND : NDK_RDMA_UNDEFINED;
}

static void fill_info(struct ib_device *dev, u32 port, struct ndk_adapter_info *i)
{
	const struct ndk_nic *nic = to_ndk_nic(dev);

	memset(i, 0, sizeof(*i));
	i->major = NDK_VERSION_MAJOR;
	i->minor = NDK_VERSION_MINOR;
	i->vendor_id = nic->attr.vendor_id;
	i->device_id = nic->attr.vendor_part_id;
	fill_memory(nic, i);
	fill_queues(nic, i);
	i->large_request_threshold = LARGE_REQUEST;
	i->max_caller_data = NDK_CALLER_DATA;
	i->max_callee_data = NDK_CALLEE_DATA;
	i->rdma_technology = technology(dev, port);
	i->adapter_flags = NDK_ADAPTER_FLAG_CQ_RESIZE_SUPPORTED |
			   NDK_ADAPTER_FLAG_CQ_INTERRUPT_MODERATION_SUPPORTED |
			   NDK_ADAPTER_FLAG_LOOPBACK_CONNECTIONS_SUPPORTED;
	if (i->rdma_technology != NDK_RDMA_IWARP)
		i->adapter_flags |= NDK_ADAPTER_FLAG_RDMA_READ_SINK_NOT_REQUIRED;
	if (dev->num_comp_vectors > 1)
		i->adapter_flags |= NDK_ADAPTER_FLAG_MULTI_ENGINE_SUPPORTED;
}

static int check_params(struct ib_device *dev, const struct ndk_open_params *p)
{
	if (!p->consumer || !*p->consumer) {
		ibdev_dbg(dev, "ndk: consumer without a name\n");
		return -EINVAL;
	}
	if (p->major != NDK_VERSION_MAJOR || p->minor > NDK_VERSION_MINOR) {
		ibdev_warn(dev, "ndk: %s asks for version %u.%u, there is %u.%u\n", p->consumer,
			   p->major, p->minor, NDK_VERSION_MAJOR, NDK_VERSION_MINOR);
		return -EPROTONOSUPPORT;
	}
	if (!nic_of(dev)) {
		ibdev_warn(dev, "ndk: %s asks for a device that is not of type ndk or ndk_hca\n",
			   p->consumer);
		return -EOPNOTSUPP;
	}
	return 0;
}

static struct ndk_adapter *alloc_adapter(struct ib_device *dev, const struct ndk_open_params *p)
{
	struct ndk_adapter *a = kzalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return NULL;
	a->dev = dev;
	a->nic = nic_of(dev);
	a->port = 1;
	a->params = *p;
	init_completion(&a->idle);
	INIT_LIST_HEAD(&a->conns);
	spin_lock_init(&a->conns_lock);
	xa_init_flags(&a->qps, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_IRQ);
	xa_init_flags(&a->keys, XA_FLAGS_LOCK_IRQ);
	fill_info(dev, a->port, &a->info);
	/* no limit of our own on what runs at a time: drains wait for the NIC */
	a->wq = alloc_workqueue("ndk/%s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0, p->consumer);
	if (!a->wq) {
		kfree(a);
		return NULL;
	}
	api_obj_init(&a->obj, a, &adapter_type);
	return a;
}

static void free_adapter(struct ndk_adapter *a)
{
	destroy_workqueue(a->wq);
	WARN_ON_ONCE(!xa_empty(&a->qps) || !xa_empty(&a->keys));
	xa_destroy(&a->qps);
	xa_destroy(&a->keys);
	kfree(a);
}

/* On the device's list from here on, unless it is off or going. */
static int publish(struct ndk_adapter *a)
{
	struct api_device *d;
	int err = -ENODEV;

	mutex_lock(&api_lock);
	d = ib_get_client_data(a->dev, &api_client);
	if (d && !d->going && !READ_ONCE(a->nic->api_off)) {
		a->device = d;
		list_add_tail(&a->link, &d->adapters);
		err = 0;
	}
	mutex_unlock(&api_lock);
	return err;
}

int ndk_open_adapter(struct ib_device *dev, const struct ndk_open_params *params,
		     struct ndk_adapter **adapter)
{
	struct ndk_adapter *a;
	int err;

	might_sleep();
	err = check_params(dev, params);
	if (err)
		return err;
	a = alloc_adapter(dev, params);
	if (!a)
		return -ENOMEM;
	err = publish(a);
	if (err) {
		ibdev_warn(dev, "ndk: %s: the device is %s\n", params->consumer,
			   READ_ONCE(a->nic->api_off) ? "disabled" : "going");
		free_adapter(a);
		return err;
	}
	*adapter = a;
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_open_adapter);

/* @dev: with a reference, which is used up; NULL is -ENODEV */
static int open_and_put(struct ib_device *dev, const struct ndk_open_params *params,
			struct ndk_adapter **adapter)
{
	int err;

	if (!dev)
		return -ENODEV;
	err = ndk_open_adapter(dev, params, adapter);
	ib_device_put(dev);
	return err;
}

int ndk_open_adapter_by_name(const char *name, const struct ndk_open_params *params,
			     struct ndk_adapter **adapter)
{
	might_sleep();
	return open_and_put(ib_device_get_by_name(name, RDMA_DRIVER_UNKNOWN), params, adapter);
}
EXPORT_SYMBOL_GPL(ndk_open_adapter_by_name);

static bool is_over(const struct api_device *d, const struct net_device *ndev)
{
	struct net_device *own = d->nic->ops->get_netdev ? d->nic->ops->get_netdev(d->nic) : NULL;
	bool over;

	if (!own)
		return false;
	over = own == ndev || (is_vlan_dev(ndev) && vlan_dev_real_dev(ndev) == own);
	dev_put(own);
	return over;
}

int ndk_open_adapter_by_netdev(struct net_device *ndev, const struct ndk_open_params *params,
			       struct ndk_adapter **adapter)
{
	struct ib_device *dev = NULL;
	struct api_device *d;

	might_sleep();
	mutex_lock(&api_lock);
	list_for_each_entry(d, &api_devices, link) {
		if (is_over(d, ndev) && ib_device_try_get(&d->nic->ibdev)) {
			dev = &d->nic->ibdev;
			break;
		}
	}
	mutex_unlock(&api_lock);
	return open_and_put(dev, params, adapter);
}
EXPORT_SYMBOL_GPL(ndk_open_adapter_by_netdev);

static struct net_device *ndev_of_address(struct net *net, const struct sockaddr *local)
{
	struct net_device *ndev = NULL;

	if (local->sa_family == AF_INET)
		return ip_dev_find(net, ((const struct sockaddr_in *)local)->sin_addr.s_addr);
#if IS_ENABLED(CONFIG_IPV6)
	rcu_read_lock();
	ndev = ipv6_dev_find(net, &((const struct sockaddr_in6 *)local)->sin6_addr, NULL);
	dev_hold(ndev);
	rcu_read_unlock();
#endif
	return ndev;
}

int ndk_open_adapter_by_address(struct net *net, const struct sockaddr *local,
				const struct ndk_open_params *params,
				struct ndk_adapter **adapter)
{
	struct net_device *ndev;
	int err;

	might_sleep();
	if (local->sa_family != AF_INET && local->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	ndev = ndev_of_address(net, local);
	if (!ndev)
		return -EADDRNOTAVAIL;
	err = ndk_open_adapter_by_netdev(ndev, params, adapter);
	dev_put(ndev);
	return err == -ENODEV ? -EADDRNOTAVAIL : err;
}
EXPORT_SYMBOL_GPL(ndk_open_adapter_by_address);

static void wait_idle(struct ndk_adapter *a)
{
	while (!wait_for_completion_timeout(&a->idle, PATIENCE))
		ibdev_warn(a->dev, "ndk: %s closes its adapter, but not all that is open on it (%u)\n",
			   a->params.consumer, refcount_read(&a->obj.uses));
}

void ndk_close_adapter(struct ndk_adapter *a)
{
	struct api_device *d = a->device;

	might_sleep();
	/* the remover may be calling the consumer, see remove_one() */
	api_put(&a->obj);
	wait_idle(a);

	mutex_lock(&api_lock);
	list_del(&a->link);
	wake_up(&d->wait);
	mutex_unlock(&api_lock);
	free_adapter(a);
}
EXPORT_SYMBOL_GPL(ndk_close_adapter);

int ndk_query_adapter_info(struct ndk_adapter *a, struct ndk_adapter_info *info, u32 *size)
{
	u32 given = *size;

	might_sleep();
	*size = sizeof(*info);
	if (given < sizeof(*info))
		return -ENOBUFS;
	*info = a->info;
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_query_adapter_info);

int ndk_query_capabilities(struct ib_device *dev, struct ndk_adapter_info *info)
{
	might_sleep();
	if (!nic_of(dev))
		return -EOPNOTSUPP;
	fill_info(dev, 1, info);
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_query_capabilities);

static int api_add(struct ib_device *dev)
{
	struct api_device *d;

	if (!nic_of(dev))
		return -EOPNOTSUPP;
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	d->nic = nic_of(dev);
	INIT_LIST_HEAD(&d->adapters);
	init_waitqueue_head(&d->wait);
	mutex_lock(&api_lock);
	list_add_tail(&d->link, &api_devices);
	mutex_unlock(&api_lock);
	ib_set_client_data(dev, &api_client, d);
	return 0;
}

static struct ndk_adapter *untold(struct api_device *d)
{
	struct ndk_adapter *a;

	/* one that is idle is on its way out of ndk_close_adapter() */
	list_for_each_entry(a, &d->adapters, link)
		if (!a->removed && refcount_inc_not_zero(&a->obj.uses))
			return a;
	return NULL;
}

/* The next one whose consumer was not told, with a use of ours. */
static struct ndk_adapter *next_to_tell(struct ndk_nic *nic)
{
	struct ndk_adapter *a = NULL;
	struct api_device *d;

	mutex_lock(&api_lock);
	list_for_each_entry(d, &api_devices, link)
		if (d->nic == nic)
			a = untold(d);
	if (a)
		a->removed = true;
	mutex_unlock(&api_lock);
	return a;
}

/* Every connection ends, every consumer is asked to close. */
static void tell_all(struct ndk_nic *nic)
{
	struct ndk_adapter *a;

	while ((a = next_to_tell(nic))) {
		api_connectors_removal(a);
		if (a->params.removal)
			a->params.removal(a->params.removal_context);
		api_put(&a->obj);
	}
}

static void complain(struct api_device *d)
{
	struct ndk_adapter *a;

	mutex_lock(&api_lock);
	list_for_each_entry(a, &d->adapters, link)
		ibdev_warn(a->dev, "ndk: waiting for %s to close its adapter\n",
			   a->params.consumer);
	mutex_unlock(&api_lock);
}

static void api_remove(struct ib_device *dev, void *data)
{
	struct api_device *d = data;

	mutex_lock(&api_lock);
	d->going = true;
	mutex_unlock(&api_lock);
	tell_all(d->nic);
	/* looked at without the lock, for that sleeps; who empties it has it */
	while (!wait_event_timeout(d->wait, list_empty(&d->adapters), PATIENCE))
		complain(d);
	mutex_lock(&api_lock);
	list_del(&d->link);
	mutex_unlock(&api_lock);
	kfree(d);
}

/**
 * api_nic_failed() - the NIC is broken, its QPs are in error
 * @nic: the NIC
 *
 * QPs have told their connectors by themselves; consumers without a connection
 * have to be told, too.
 *
 * Process context, sleeps.
 */
void api_nic_failed(struct ndk_nic *nic)
{
	tell_all(nic);
}

/**
 * api_set_enabled() - may the NIC be opened
 * @nic: the NIC
 * @on: false: not from now on, and consumers are asked to close
 *
 * Process context, sleeps.
 */
void api_set_enabled(struct ndk_nic *nic, bool on)
{
	mutex_lock(&api_lock);
	WRITE_ONCE(nic->api_off, !on);
	mutex_unlock(&api_lock);
	if (!on)
		tell_all(nic);
}
EXPORT_SYMBOL_IF_KUNIT(api_set_enabled);

int __init api_init(void)
{
	return ib_register_client(&api_client);
}

void api_exit(void)
{
	ib_unregister_client(&api_client);
}
