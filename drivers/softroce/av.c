// SPDX-License-Identifier: GPL-2.0
/*
 * The way to the peer: addresses, header template, route.
 */
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ipv6_stubs.h>
#include <net/route.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_cache.h>

#include "softroce.h"

#define DEFAULT_HOPS	64

static void template4(struct sr_av *av, u8 hops)
{
	struct iphdr *ip = (struct iphdr *)av->hdr;
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	memset(av->hdr, 0, sizeof(av->hdr));
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = av->tos;
	/* never fragmented, so the identification says nothing (RFC 6864) */
	ip->frag_off = htons(IP_DF);
	ip->ttl = hops;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = av->src.s6_addr32[3];
	ip->daddr = av->dst.s6_addr32[3];
	udp->source = av->sport;
	udp->dest = htons(SR_UDP_PORT);
	av->hdr_len = sizeof(*ip) + sizeof(*udp);
}

static void template6(struct sr_av *av, u8 hops)
{
	struct ipv6hdr *ip = (struct ipv6hdr *)av->hdr;
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	memset(av->hdr, 0, sizeof(av->hdr));
	ip6_flow_hdr(ip, av->tos, av->flow);
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = hops;
	ip->saddr = av->src;
	ip->daddr = av->dst;
	udp->source = av->sport;
	udp->dest = htons(SR_UDP_PORT);
	av->hdr_len = sizeof(*ip) + sizeof(*udp);
}

static int gid_ifindex(const struct ib_gid_attr *sgid)
{
	struct net_device *ndev;
	int ifindex;

	rcu_read_lock();
	ndev = rdma_read_gid_attr_ndev_rcu(sgid);
	ifindex = IS_ERR(ndev) ? -ENODEV : ndev->ifindex;
	rcu_read_unlock();
	return ifindex;
}

/**
 * sr_av_init() - take over an address
 * @av: where it goes
 * @dev: the adapter
 * @ah: as resolved by the core
 * @lqpn: QP number here, for the source port
 * @rqpn: and at the peer
 *
 * Return: 0 or a negative errno.
 */
int sr_av_init(struct sr_av *av, const struct sr_dev *dev, const struct rdma_ah_attr *ah,
	       u32 lqpn, u32 rqpn)
{
	const struct ib_global_route *grh = rdma_ah_read_grh(ah);
	int ifindex;
	u8 hops;

	if (!(rdma_ah_get_ah_flags(ah) & IB_AH_GRH) || !grh->sgid_attr)
		return -EINVAL;
	ifindex = gid_ifindex(grh->sgid_attr);
	if (ifindex < 0)
		return ifindex;

	memcpy(&av->src, &grh->sgid_attr->gid, sizeof(av->src));
	memcpy(&av->dst, &grh->dgid, sizeof(av->dst));
	av->v6 = !ipv6_addr_v4mapped(&av->src);
	if (av->v6 == ipv6_addr_v4mapped(&av->dst))
		return -EINVAL;
	if (av->v6 && !dev->sn->sk6)
		return -EAFNOSUPPORT;
	av->oif = ifindex;
	av->tos = grh->traffic_class;
	av->flow = cpu_to_be32(grh->flow_label & 0xfffff);
	av->sport = htons(rdma_get_udp_sport(grh->flow_label, lqpn, rqpn));
	hops = grh->hop_limit ?: DEFAULT_HOPS;
	if (av->v6)
		template6(av, hops);
	else
		template4(av, hops);
	return 0;
}

/**
 * sr_av_set() - the QP gets its peer
 * @qp: the QP; its destination number is set
 * @ah: as resolved by the core
 *
 * Context: process; the QP sends nothing meanwhile, or holds its s.lock.
 * Return: 0 or a negative errno.
 */
int sr_av_set(struct sr_qp *qp, const struct rdma_ah_attr *ah)
{
	int err = sr_av_init(&qp->av, qp->dev, ah, sr_qpn(qp), qp->dest_qpn);

	if (err)
		return err;
	/* pairs with xchg() in sr_av_route() */
	smp_store_release(&qp->s.tx.route.stale, true);
	/* same */
	smp_store_release(&qp->r.tx.route.stale, true);
	return 0;
}

static struct dst_entry *route4(const struct sr_dev *dev, const struct sr_av *av,
				struct sr_route *route)
{
	struct flowi4 fl = {
		.flowi4_oif = av->oif,
		.flowi4_tos = av->tos & INET_DSCP_MASK,
		.flowi4_proto = IPPROTO_UDP,
		.daddr = av->dst.s6_addr32[3],
		.saddr = av->src.s6_addr32[3],
		.fl4_sport = av->sport,
		.fl4_dport = htons(SR_UDP_PORT),
	};
	struct rtable *rt = ip_route_output_key(dev->sn->net, &fl);

	if (IS_ERR(rt))
		return NULL;
	route->cookie = 0;
	return &rt->dst;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *route6(const struct sr_dev *dev, const struct sr_av *av,
				struct sr_route *route)
{
	struct flowi6 fl = {
		.flowi6_oif = av->oif,
		.flowlabel = ip6_make_flowinfo(av->tos, av->flow),
		.flowi6_proto = IPPROTO_UDP,
		.daddr = av->dst,
		.saddr = av->src,
		.fl6_sport = av->sport,
		.fl6_dport = htons(SR_UDP_PORT),
	};
	struct dst_entry *dst;

	dst = ipv6_stub->ipv6_dst_lookup_flow(dev->sn->net, dev->sn->sk6->sk, &fl,
					      NULL);
	if (IS_ERR(dst))
		return NULL;
	route->cookie = rt6_get_cookie(dst_rt6_info(dst));
	return dst;
}
#else
static struct dst_entry *route6(const struct sr_dev *dev, const struct sr_av *av,
				struct sr_route *route)
{
	return NULL;
}
#endif

/**
 * sr_av_drop_route() - forget the cached route
 * @route: where it is kept
 *
 * Context: its owner, or nobody sends any more.
 */
void sr_av_drop_route(struct sr_route *route)
{
	dst_release(route->dst);
	route->dst = NULL;
}

/**
 * sr_av_route() - route to the peer
 * @dev: the adapter
 * @av: the way
 * @route: where it is kept
 *
 * Return: the route, good for the caller's RCU read section, or NULL.
 */
struct dst_entry *sr_av_route(const struct sr_dev *dev, const struct sr_av *av,
			      struct sr_route *route)
{
	if (unlikely(READ_ONCE(route->stale)) && xchg(&route->stale, false))
		sr_av_drop_route(route);
	if (route->dst && dst_check(route->dst, route->cookie))
		return route->dst;
	sr_av_drop_route(route);
	route->dst = av->v6 ? route6(dev, av, route) : route4(dev, av, route);
	return route->dst;
}
