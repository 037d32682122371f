// SPDX-License-Identifier: GPL-2.0
/*
 * Transmission through the IP layer: what a target made leaves as the host's own
 * segments do, through netfilter, conntrack, queueing disciplines, packet sockets.
 *
 * The buffer names the socket as its owner, for whoever asks (owner match, control
 * groups, fair queueing), and holds a reference, but is not charged to it: the bytes
 * are charged already, as part of the send queue (toe.md 5.6).
 */
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>

#include "../soft/soft.h"
#include "route.h"

static void set_owner(struct sk_buff *skb, struct sock *sk, bool confirm)
{
	sock_hold(sk);
	skb->sk = sk;
	skb->destructor = sock_efree;
	skb_set_hash_from_sk(skb, sk);
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = READ_ONCE(sk->sk_mark);
	/* the engine heard of something new: the next hop is alive */
	if (confirm)
		skb_set_dst_pending_confirm(skb, 1);
}

static u16 next_id(struct soft_conn *sc, const struct sk_buff *skb)
{
	u16 id = sc->ip_id;

	sc->ip_id += skb_shinfo(skb)->gso_segs ?: 1;
	return id;
}

static void send4(struct soft_conn *sc, struct sock *sk, struct net *net, struct sk_buff *skb)
{
	struct iphdr *ip = skb_push(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	ip->version = IPVERSION;
	ip->ihl = sizeof(*ip) / 4;
	/* the engine does not react to marks, so it may not ask for them */
	ip->tos = sc->v.tos & ~INET_ECN_MASK;
	ip->frag_off = ip_dont_fragment(sk, skb_dst(skb)) ? htons(IP_DF) : 0;
	ip->id = htons(next_id(sc, skb));
	ip->ttl = sc->v.ttl;
	ip->protocol = IPPROTO_TCP;
	memcpy(&ip->saddr, sc->tuple.saddr, sizeof(ip->saddr));
	memcpy(&ip->daddr, sc->tuple.daddr, sizeof(ip->daddr));
	/* length and checksum are filled in there */
	ip_local_out(net, sk, skb);
}

#if IS_ENABLED(CONFIG_IPV6)
static __be32 flow_label(struct soft_conn *sc, struct net *net, struct sk_buff *skb)
{
	struct flowi6 fl6 = {};

	if (sc->v.flow_label)
		return htonl(sc->v.flow_label);
	memcpy(&fl6.saddr, sc->tuple.saddr, sizeof(fl6.saddr));
	memcpy(&fl6.daddr, sc->tuple.daddr, sizeof(fl6.daddr));
	fl6.fl6_sport = sc->tuple.sport;
	fl6.fl6_dport = sc->tuple.dport;
	fl6.flowi6_proto = IPPROTO_TCP;
	return ip6_make_flowlabel(net, skb, 0, ip6_default_np_autolabel(net), &fl6);
}

static void send6(struct soft_conn *sc, struct sock *sk, struct net *net, struct sk_buff *skb)
{
	__be32 label = flow_label(sc, net, skb);
	struct ipv6hdr *ip = skb_push(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	ip6_flow_hdr(ip, sc->v.tos & ~INET_ECN_MASK, label);
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = sc->v.ttl;
	memcpy(&ip->saddr, sc->tuple.saddr, sizeof(ip->saddr));
	memcpy(&ip->daddr, sc->tuple.daddr, sizeof(ip->daddr));
	/* a burst ends below 64 KiB, so the length fits: filled in there */
	ip6_local_out(net, sk, skb);
}
#else
static void send6(struct soft_conn *sc, struct sock *sk, struct net *net, struct sk_buff *skb)
{
	kfree_skb(skb);
}
#endif

static void no_route(struct soft_conn *sc, struct net *net, struct sk_buff *skb)
{
	toe_count(sc->st->t, sc->tuple.v6, TOE_IP_OUT_NO_ROUTES, 1);
	if (!sc->tuple.v6)
		IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
}

/*
 * The path takes less by now, and the target is about to hear of it: it will cut anew
 * and send again. Here the IP layer would cut a burst, find each piece too large, and
 * complain to ourselves about every one of them.
 */
static bool is_too_large(struct soft_conn *sc, struct sock *sk, const struct sk_buff *skb,
			 const struct dst_entry *dst)
{
	u32 len = sc->tuple.v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (skb_is_gso(skb))
		len += tcp_hdrlen(skb) + skb_shinfo(skb)->gso_size;
	else
		len += skb->len;
	return len > dst_mtu(dst) && (sc->tuple.v6 || ip_dont_fragment(sk, dst));
}

void toe_host_xmit(struct soft_conn *sc, struct toe_sock *ts, struct sk_buff *skb)
{
	struct dst_entry *dst;
	struct net *net;

	/* the host went on without the target's answer: two may not send */
	if (unlikely(READ_ONCE(ts->state) == TOE_SOCK_DEAD)) {
		kfree_skb(skb);
		return;
	}
	net = sock_net(ts->sk);
	rcu_read_lock();
	dst = toe_route_dst(ts->route, ts->sk);
	if (unlikely(!dst)) {
		no_route(sc, net, skb);
		goto out;
	}
	if (unlikely(is_too_large(sc, ts->sk, skb, dst))) {
		toe_count(sc->st->t, sc->tuple.v6, TOE_IP_OUT_DISCARDS, 1);
		kfree_skb(skb);
		goto out;
	}
	skb_dst_set_noref(skb, dst);
	set_owner(skb, ts->sk, sc->confirm);
	sc->confirm = false;
	if (sc->tuple.v6)
		send6(sc, ts->sk, net, skb);
	else
		send4(sc, ts->sk, net, skb);
out:
	rcu_read_unlock();
}
