// SPDX-License-Identifier: GPL-2.0
/*
 * Where an adapter is, and what of its connections ends when it goes.
 */
#include <linux/netdevice.h>

#include "conn.h"

/**
 * conn_where() - the network side of an adapter
 * @adapter: the adapter
 * @where: filled, held until conn_where_end()
 *
 * Context: process.
 * Return: 0; -ENODEV: it goes; -EADDRNOTAVAIL: it has no network device.
 */
int conn_where(struct ndk_adapter *adapter, struct ndk_port_of *where)
{
	struct net_device *ndev;

	if (READ_ONCE(adapter->removed))
		return -ENODEV;
	ndev = ib_device_get_netdev(adapter->dev, adapter->port);
	if (!ndev)
		return -EADDRNOTAVAIL;
	where->dev = adapter->dev;
	where->port = adapter->port;
	where->ifindex = ndev->ifindex;
	where->net = maybe_get_net(dev_net(ndev));
	dev_put(ndev);
	return where->net ? 0 : -EADDRNOTAVAIL;
}

void conn_where_end(struct ndk_port_of *where)
{
	put_net(where->net);
}

void conn_link_init(struct conn_link *l, void (*removed)(struct conn_link *l))
{
	INIT_LIST_HEAD(&l->link);
	l->removed = removed;
}

/**
 * conn_link_add() - into the adapter's list
 * @adapter: the adapter
 * @l: the entry
 *
 * Context: any.
 */
void conn_link_add(struct ndk_adapter *adapter, struct conn_link *l)
{
	guard(spinlock_irqsave)(&adapter->conns_lock);
	list_add_tail(&l->link, &adapter->conns);
}

/**
 * conn_link_del() - out of the adapter's list
 * @adapter: the adapter
 * @l: the entry, in the list or not
 *
 * Context: any. On return nobody tells it of a removal.
 */
void conn_link_del(struct ndk_adapter *adapter, struct conn_link *l)
{
	guard(spinlock_irqsave)(&adapter->conns_lock);
	list_del_init(&l->link);
}

void api_connectors_removal(struct ndk_adapter *adapter)
{
	struct conn_link *l;

	guard(spinlock_irqsave)(&adapter->conns_lock);
	list_for_each_entry(l, &adapter->conns, link)
		l->removed(l);
}
