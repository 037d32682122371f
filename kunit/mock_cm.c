// SPDX-License-Identifier: GPL-2.0
/*
 * What a mock NIC needs for connections: a netdev that swallows everything, with
 * addresses, and datagrams of QP 1 that come back to QP 1 of the same adapter.
 * The kernel's connection manager then connects two QPs of the mock, message by
 * message, as it would over a wire.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/inet.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netlink.h>
#include <rdma/ib_cache.h>

#include "mock_nic.h"

#define GRH_LEN		40
#define MAX_AHS		4096
#define WAIT_MS		10000

struct mock_ah {
	union ib_gid sgid;
	union ib_gid dgid;
};

/* Several mocks at a time have networks of their own. */
#define NETS		200

static atomic_t nets;

/**
 * struct mock_cm - the part of a mock that is for connections
 * @ndev: its netdev
 * @ahs: address handles, by number
 * @net: number of its network
 */
struct mock_cm {
	struct net_device *ndev;
	struct xarray ahs;
	u32 net;
};

/* 10.98.net.1 and 2, host order */
static __be32 ip4(const struct mock_cm *cm, u32 host)
{
	return htonl(0x0a620000U | cm->net << 8 | host);
}

/* fd98:net::1 */
static struct in6_addr ip6(const struct mock_cm *cm)
{
	struct in6_addr a = { };

	a.s6_addr16[0] = htons(0xfd98);
	a.s6_addr16[1] = htons(cm->net);
	a.s6_addr[15] = 1;
	return a;
}

static netdev_tx_t swallow(struct sk_buff *skb, struct net_device *ndev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops netdev_ops = {
	.ndo_start_xmit = swallow,
};

static void setup(struct net_device *ndev)
{
	ether_setup(ndev);
	ndev->netdev_ops = &netdev_ops;
	ndev->needs_free_netdev = true;
	ndev->flags |= IFF_NOARP;
	ndev->flags &= ~IFF_MULTICAST;
	ndev->priv_flags |= IFF_NO_QUEUE;
	eth_hw_addr_random(ndev);
}

static struct sk_buff *address_message(int ifindex, u8 family, const void *addr, int len)
{
	struct sk_buff *skb = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	struct ifaddrmsg *ifa;
	struct nlmsghdr *nlh;

	if (!skb)
		return NULL;
	nlh = nlmsg_put(skb, 0, 1, RTM_NEWADDR, sizeof(*ifa), NLM_F_REQUEST | NLM_F_CREATE);
	ifa = nlmsg_data(nlh);
	memset(ifa, 0, sizeof(*ifa));
	ifa->ifa_family = family;
	ifa->ifa_prefixlen = family == AF_INET ? 24 : 64;
	ifa->ifa_flags = IFA_F_NODAD;
	ifa->ifa_index = ifindex;
	if (nla_put(skb, IFA_LOCAL, len, addr) || nla_put(skb, IFA_ADDRESS, len, addr)) {
		kfree_skb(skb);
		return NULL;
	}
	nlmsg_end(skb, nlh);
	return skb;
}

/* As a program would do it: there is no other way in for a module. */
static int add_address(struct net_device *ndev, u8 family, const void *addr, int len)
{
	struct sk_buff *skb = address_message(ndev->ifindex, family, addr, len);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	/* with a destination nobody asks who opened the socket: no file did */
	struct msghdr msg = { .msg_name = &kernel, .msg_namelen = sizeof(kernel) };
	struct socket *sock;
	struct kvec vec;
	int err;

	if (!skb)
		return -ENOMEM;
	err = sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sock);
	if (err)
		goto out_skb;
	vec.iov_base = skb->data;
	vec.iov_len = skb->len;
	err = kernel_sendmsg(sock, &msg, &vec, 1, skb->len);
	sock_release(sock);
out_skb:
	kfree_skb(skb);
	return min(err, 0);
}

static int add_addresses(struct mock_cm *cm)
{
	struct in6_addr v6 = ip6(cm);
	u32 host;
	int err = 0;

	for (host = 1; !err && host <= MOCK_HOSTS; host++) {
		__be32 v4 = ip4(cm, host);

		err = add_address(cm->ndev, AF_INET, &v4, sizeof(v4));
	}
	return err ?: add_address(cm->ndev, AF_INET6, &v6, sizeof(v6));
}

static int bring_up(struct mock_cm *cm)
{
	int err;

	rtnl_lock();
	err = dev_change_flags(cm->ndev, cm->ndev->flags | IFF_UP, NULL);
	rtnl_unlock();
	return err ?: add_addresses(cm);
}

/* An address of a mock's: IPv4 with a host number of 1 to MOCK_HOSTS, or IPv6. */
void mock_address(struct mock_nic *mock, bool v6, u32 host, struct sockaddr_storage *addr)
{
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *a4 = (struct sockaddr_in *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = v6 ? AF_INET6 : AF_INET;
	if (v6)
		a6->sin6_addr = ip6(mock->cm);
	else
		a4->sin_addr.s_addr = ip4(mock->cm, host);
}
EXPORT_SYMBOL_GPL(mock_address);

/* NULL if that is not possible. */
struct mock_cm *mock_cm_new(void)
{
	struct mock_cm *cm = kzalloc(sizeof(*cm), GFP_KERNEL);

	if (!cm)
		return NULL;
	xa_init_flags(&cm->ahs, XA_FLAGS_ALLOC1);
	cm->net = 1 + (u32)atomic_inc_return(&nets) % NETS;
	cm->ndev = alloc_netdev(0, "ndkmock%d", NET_NAME_ENUM, setup);
	if (!cm->ndev)
		goto err_cm;
	if (register_netdev(cm->ndev))
		goto err_ndev;
	if (!bring_up(cm))
		return cm;
	unregister_netdev(cm->ndev);
	goto err_cm;

err_ndev:
	free_netdev(cm->ndev);
err_cm:
	kfree(cm);
	return NULL;
}

void mock_cm_delete(struct mock_cm *cm)
{
	if (!cm)
		return;
	unregister_netdev(cm->ndev);
	xa_destroy(&cm->ahs);
	kfree(cm);
}

struct net_device *mock_cm_netdev(struct mock_cm *cm)
{
	dev_hold(cm->ndev);
	return cm->ndev;
}

static int wait_gid(struct ib_device *dev, const union ib_gid *gid)
{
	const struct ib_gid_attr *attr;
	int i;

	for (i = 0; i < WAIT_MS; i += 20) {
		attr = rdma_find_gid_by_port(dev, gid, IB_GID_TYPE_ROCE_UDP_ENCAP, 1, NULL);
		if (!IS_ERR(attr)) {
			rdma_put_gid_attr(attr);
			return 0;
		}
		msleep(20);
	}
	return -ETIMEDOUT;
}

/* A device's GIDs come a moment after it. */
int mock_cm_wait(struct mock_nic *mock)
{
	struct ib_device *dev = &mock->nic->ibdev;
	union ib_gid gid = { };
	int err = 0;
	u32 host;

	for (host = 1; !err && host <= MOCK_HOSTS; host++) {
		ipv6_addr_set_v4mapped(ip4(mock->cm, host), (struct in6_addr *)&gid);
		err = wait_gid(dev, &gid);
	}
	*(struct in6_addr *)&gid = ip6(mock->cm);
	return err ?: wait_gid(dev, &gid);
}
EXPORT_SYMBOL_GPL(mock_cm_wait);

/* A whole one, registered, whose addresses can be connected to; or an errno. */
struct mock_nic *mock_nic_up(const char *name)
{
	struct mock_nic *mock = mock_nic_new(MOCK_FULL);
	int err;

	if (!mock)
		return ERR_PTR(-ENOMEM);
	err = ndk_nic_register(mock->nic, name);
	if (err) {
		ndk_nic_free(mock->nic);
		mock->nic = NULL;
	}
	err = err ?: mock_cm_wait(mock);
	if (!err)
		return mock;
	mock_nic_delete(mock);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(mock_nic_up);

int mock_ah_create(struct ndk_ah *ah, const struct rdma_ah_attr *attr)
{
	struct mock_nic *mock = to_ndk_nic(ah->ibah.device)->priv;
	struct mock_ah *mine = kzalloc(sizeof(*mine), GFP_ATOMIC);
	unsigned long flags;
	int err;

	if (!mine)
		return -ENOMEM;
	mine->sgid = attr->grh.sgid_attr->gid;
	mine->dgid = attr->grh.dgid;
	xa_lock_irqsave(&mock->cm->ahs, flags);
	err = __xa_alloc(&mock->cm->ahs, &ah->number, mine, XA_LIMIT(1, MAX_AHS), GFP_ATOMIC);
	xa_unlock_irqrestore(&mock->cm->ahs, flags);
	if (err)
		kfree(mine);
	return err;
}

void mock_ah_destroy(struct ndk_ah *ah)
{
	struct mock_nic *mock = to_ndk_nic(ah->ibah.device)->priv;
	unsigned long flags;
	struct mock_ah *mine;

	xa_lock_irqsave(&mock->cm->ahs, flags);
	mine = __xa_erase(&mock->cm->ahs, ah->number);
	xa_unlock_irqrestore(&mock->cm->ahs, flags);
	kfree(mine);
}

/* the device is the QP's: the mock may have let go of it, while it is being removed */
static bool is_ours(struct ib_device *dev, const union ib_gid *gid)
{
	const struct ib_gid_attr *attr;

	attr = rdma_find_gid_by_port(dev, gid, IB_GID_TYPE_ROCE_UDP_ENCAP, 1, NULL);
	if (IS_ERR(attr))
		return false;
	rdma_put_gid_attr(attr);
	return true;
}

/* The header the datagram would have had, where receivers look for it. */
static bool make_grh(const struct mock_ah *ah, u8 *grh)
{
	const struct in6_addr *from = (const struct in6_addr *)&ah->sgid;
	const struct in6_addr *to = (const struct in6_addr *)&ah->dgid;
	struct iphdr *ip4 = (struct iphdr *)(grh + GRH_LEN - sizeof(*ip4));
	struct ipv6hdr *ip6 = (struct ipv6hdr *)grh;

	memset(grh, 0, GRH_LEN);
	if (!ipv6_addr_v4mapped(to)) {
		ip6->version = 6;
		ip6->nexthdr = IPPROTO_UDP;
		ip6->saddr = *from;
		ip6->daddr = *to;
		return true;
	}
	ip4->version = 4;
	ip4->ihl = 5;
	ip4->protocol = IPPROTO_UDP;
	ip4->saddr = from->s6_addr32[3];
	ip4->daddr = to->s6_addr32[3];
	ip_send_check(ip4);
	return false;
}

static u32 gather(const struct ndk_swqe *w, u8 *to, u32 room)
{
	u32 done = 0, i, n;

	for (i = 0; i < w->num_sge && done < room; i++) {
		n = min(w->sge[i].length, room - done);
		memcpy(to + done, (void *)(uintptr_t)w->sge[i].addr, n);
		done += n;
	}
	return done;
}

/* into the one buffer that a receive of the MAD layer has */
static void deliver(struct mock_qp *m, const struct ndk_swqe *w, const struct mock_ah *ah,
		    struct ndk_notify *n)
{
	struct ndk_rwqe *r = kzalloc(sizeof(*r), GFP_ATOMIC);
	struct ib_wc wc = {
		.opcode = IB_WC_RECV,
		.src_qp = MOCK_GSI,
		.wc_flags = IB_WC_GRH | IB_WC_WITH_NETWORK_HDR_TYPE,
	};
	u8 *to;

	if (r && ndk_rq_take(m->qp, r, n) == 1 && r->num_sge && r->sge[0].length > GRH_LEN) {
		to = (u8 *)(uintptr_t)r->sge[0].addr;
		wc.network_hdr_type = make_grh(ah, to) ? RDMA_NETWORK_IPV6 : RDMA_NETWORK_IPV4;
		wc.byte_len = GRH_LEN + gather(w, to + GRH_LEN, r->sge[0].length - GRH_LEN);
		wc.wr_id = r->wr_id;
		ndk_recv_done(m->qp, &wc, false, n);
	}
	kfree(r);
}

static void send_one(struct mock_nic *mock, struct mock_qp *m, const struct ndk_swqe *w,
		     struct ndk_notify *n)
{
	struct mock_ah *found, ah;
	unsigned long flags;

	xa_lock_irqsave(&mock->cm->ahs, flags);
	found = xa_load(&mock->cm->ahs, w->ah);
	if (found)
		ah = *found;
	xa_unlock_irqrestore(&mock->cm->ahs, flags);
	if (found && !READ_ONCE(mock->no_gsi) && is_ours(m->qp->ibqp.device, &ah.dgid))
		deliver(m, w, &ah, n);
}

/* Sends what is shown, @m->lock held; completing it is the caller's. */
void mock_gsi_send(struct mock_nic *mock, struct mock_qp *m, struct ndk_notify *n)
{
	/* pairs with the release in mock_doorbell() */
	u32 end = smp_load_acquire(&m->shown);

	for (; m->sent != end; m->sent++)
		send_one(mock, m, ndk_sq_wqe(m->qp, m->sent), n);
}
