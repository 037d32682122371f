// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast groups: which QPs want datagrams to which group, and the netdev's
 * membership in it.
 */
#include <linux/igmp.h>
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <net/ipv6.h>
#include <net/ipv6_stubs.h>

#include "softroce.h"

/**
 * struct sr_mcast - one QP in one group
 * @addr: the group; IPv4 is v4-mapped
 * @qp: the QP
 * @link: in &sr_net.mcast
 * @rcu: frees it
 */
struct sr_mcast {
	struct in6_addr addr;
	struct sr_qp *qp;
	struct list_head link;
	struct rcu_head rcu;
};

/* every namespace's list; held while the netdev joins or leaves */
static DEFINE_MUTEX(mcast_mutex);

static struct sr_mcast *find(struct sr_qp *qp, const struct in6_addr *addr)
{
	struct sr_mcast *m;

	list_for_each_entry(m, &qp->dev->sn->mcast, link)
		if (m->qp == qp && ipv6_addr_equal(&m->addr, addr))
			return m;
	return NULL;
}

/* Is another QP of the device in the group? */
static bool joined(const struct sr_dev *dev, const struct in6_addr *addr)
{
	struct sr_mcast *m;

	list_for_each_entry(m, &dev->sn->mcast, link)
		if (m->qp->dev == dev && ipv6_addr_equal(&m->addr, addr))
			return true;
	return false;
}

static int join4(struct net_device *ndev, __be32 addr)
{
	struct in_device *in_dev = __in_dev_get_rtnl(ndev);

	if (!in_dev)
		return -ENODEV;
	ip_mc_inc_group(in_dev, addr);
	return 0;
}

static void leave4(struct net_device *ndev, __be32 addr)
{
	struct in_device *in_dev = __in_dev_get_rtnl(ndev);

	if (in_dev)
		ip_mc_dec_group(in_dev, addr);
}

static int join6(struct sr_dev *dev, const struct in6_addr *addr)
{
	struct sock *sk;
	int err;

	if (!dev->sn->sk6)
		return -EAFNOSUPPORT;
	sk = dev->sn->sk6->sk;
	lock_sock(sk);
	err = ipv6_stub->ipv6_sock_mc_join(sk, dev->ifindex, addr);
	release_sock(sk);
	return err;
}

static void leave6(struct sr_dev *dev, const struct in6_addr *addr)
{
	struct sock *sk;

	if (!dev->sn->sk6)
		return;
	sk = dev->sn->sk6->sk;
	lock_sock(sk);
	ipv6_stub->ipv6_sock_mc_drop(sk, dev->ifindex, addr);
	release_sock(sk);
}

static int join(struct sr_dev *dev, const struct in6_addr *addr)
{
	struct net_device *ndev;
	int err = -ENODEV;

	rtnl_lock();
	ndev = rtnl_dereference(dev->ndev);
	if (ndev)
		err = ipv6_addr_v4mapped(addr) ? join4(ndev, addr->s6_addr32[3]) :
						 join6(dev, addr);
	rtnl_unlock();
	return err;
}

static void leave(struct sr_dev *dev, const struct in6_addr *addr)
{
	struct net_device *ndev;

	rtnl_lock();
	ndev = rtnl_dereference(dev->ndev);
	if (!ipv6_addr_v4mapped(addr))
		leave6(dev, addr);
	else if (ndev)
		leave4(ndev, addr->s6_addr32[3]);
	rtnl_unlock();
}

static bool is_multicast(const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		return ipv4_is_multicast(addr->s6_addr32[3]);
	return ipv6_addr_is_multicast(addr);
}

static int attach(struct sr_qp *qp, const struct in6_addr *addr)
{
	struct sr_mcast *m;
	int err = 0;

	if (find(qp, addr))
		return 0;
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	if (!m)
		return -ENOMEM;
	m->addr = *addr;
	m->qp = qp;
	if (!joined(qp->dev, addr))
		err = join(qp->dev, addr);
	if (err) {
		kfree(m);
		return err;
	}
	list_add_tail_rcu(&m->link, &qp->dev->sn->mcast);
	return 0;
}

static void detach(struct sr_mcast *m)
{
	struct sr_dev *dev = m->qp->dev;

	list_del_rcu(&m->link);
	if (!joined(dev, &m->addr))
		leave(dev, &m->addr);
	kfree_rcu(m, rcu);
}

/**
 * sr_mcast_attach() - see struct ndk_nic_ops
 * @nqp: the QP
 * @gid: the group
 *
 * Return: 0 or a negative errno.
 */
int sr_mcast_attach(struct ndk_qp *nqp, const union ib_gid *gid)
{
	const struct in6_addr *addr = (const struct in6_addr *)gid;
	int err;

	if (!is_multicast(addr) || !sr_qp_is_ud(nqp->priv))
		return -EINVAL;
	mutex_lock(&mcast_mutex);
	err = attach(nqp->priv, addr);
	mutex_unlock(&mcast_mutex);
	return err;
}

/**
 * sr_mcast_detach() - see struct ndk_nic_ops
 * @nqp: the QP
 * @gid: the group
 *
 * Return: 0, or -EINVAL if the QP was not in the group.
 */
int sr_mcast_detach(struct ndk_qp *nqp, const union ib_gid *gid)
{
	struct sr_mcast *m;

	mutex_lock(&mcast_mutex);
	m = find(nqp->priv, (const struct in6_addr *)gid);
	if (m)
		detach(m);
	mutex_unlock(&mcast_mutex);
	return m ? 0 : -EINVAL;
}

/**
 * sr_mcast_forget() - the QP goes
 * @qp: the QP
 */
void sr_mcast_forget(struct sr_qp *qp)
{
	struct sr_mcast *m, *next;

	mutex_lock(&mcast_mutex);
	list_for_each_entry_safe(m, next, &qp->dev->sn->mcast, link)
		if (m->qp == qp)
			detach(m);
	mutex_unlock(&mcast_mutex);
}

/**
 * sr_mcast_rx() - a datagram to a group
 * @sn: the namespace
 * @skb: the packet, stays the caller's
 * @v6: it came by IPv6
 *
 * Return: true if a QP wants it.
 */
bool sr_mcast_rx(struct sr_net *sn, struct sk_buff *skb, bool v6)
{
	bool wanted = false;
	struct in6_addr addr;
	struct sk_buff *copy;
	struct sr_mcast *m;

	if (v6)
		addr = ipv6_hdr(skb)->daddr;
	else
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &addr);
	list_for_each_entry_rcu(m, &sn->mcast, link) {
		if (m->qp->dev->ifindex != skb->skb_iif || !ipv6_addr_equal(&m->addr, &addr))
			continue;
		wanted = true;
		copy = skb_clone(skb, GFP_ATOMIC);
		if (copy)
			sr_rx_deliver(m->qp, copy, v6);
	}
	return wanted;
}
