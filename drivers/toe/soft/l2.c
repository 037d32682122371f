// SPDX-License-Identifier: GPL-2.0
/*
 * The wire by itself: Ethernet and IP headers from the neighbor and path objects, as a
 * NIC has to do it. The host's IP layer sees nothing of these frames, so this is for
 * tests of the contract; live sockets use the host's (drivers/toe/host/output.c).
 */
#include <kunit/visibility.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

#include "soft.h"
#include "l2.h"

/* A NIC numbers its packets in the upper half, the host in the lower (toe.md 5.6). */
#define FIRST_ID	0x8000

static void put_ip4(struct soft_conn *sc, struct sk_buff *skb)
{
	struct iphdr *ip = skb_push(skb, sizeof(*ip));
	u16 segs = skb_shinfo(skb)->gso_segs ?: 1;

	ip->version = IPVERSION;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = sc->v.tos & ~INET_ECN_MASK;
	ip->tot_len = htons(skb->len);
	ip->id = htons(sc->ip_id | FIRST_ID);
	sc->ip_id += segs;
	ip->frag_off = htons(IP_DF);
	ip->ttl = sc->v.ttl;
	ip->protocol = IPPROTO_TCP;
	memcpy(&ip->saddr, sc->tuple.saddr, sizeof(ip->saddr));
	memcpy(&ip->daddr, sc->tuple.daddr, sizeof(ip->daddr));
	ip_send_check(ip);
}

static void put_ip6(struct soft_conn *sc, struct sk_buff *skb)
{
	struct ipv6hdr *ip = skb_push(skb, sizeof(*ip));

	ip6_flow_hdr(ip, sc->v.tos & ~INET_ECN_MASK, htonl(sc->v.flow_label));
	ip->payload_len = htons(skb->len - sizeof(*ip));
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = sc->v.ttl;
	memcpy(&ip->saddr, sc->tuple.saddr, sizeof(ip->saddr));
	memcpy(&ip->daddr, sc->tuple.daddr, sizeof(ip->daddr));
}

static void put_link(struct soft_conn *sc, struct sk_buff *skb, const struct soft_neigh *n)
{
	struct ethhdr *eth = skb_push(skb, sizeof(*eth));
	unsigned int seq;

	skb_reset_mac_header(skb);
	eth->h_proto = skb->protocol;
	ether_addr_copy(eth->h_source, n->k.src_len ? n->k.src : skb->dev->dev_addr);
	do {
		seq = read_seqbegin(&n->lock);
		ether_addr_copy(eth->h_dest, n->v.dst);
	} while (read_seqretry(&n->lock, seq));
	if (n->k.vlan_id || sc->v.priority)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), n->k.vlan_id |
				       sc->v.priority << VLAN_PRIO_SHIFT);
}

static void l2_xmit(struct soft_conn *sc, struct sk_buff *skb)
{
	skb->dev = sc->st->priv;
	skb->priority = sc->v.priority;
	skb->protocol = sc->tuple.v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	if (sc->tuple.v6)
		put_ip6(sc, skb);
	else
		put_ip4(sc, skb);
	skb_reset_network_header(skb);
	rcu_read_lock();
	put_link(sc, skb, rcu_dereference(sc->path->neigh));
	rcu_read_unlock();
	dev_queue_xmit(skb);
}

const struct soft_wire soft_l2_wire = {
	.xmit = l2_xmit,
};
EXPORT_SYMBOL_IF_KUNIT(soft_l2_wire);

/* Where the headers end, 0 if this is nothing for TCP. Fills @key. */
static unsigned int parse_ip4(struct sk_buff *skb, struct soft_tuple *key)
{
	const struct iphdr *ip;
	unsigned int head;

	if (!pskb_may_pull(skb, sizeof(*ip)))
		return 0;
	ip = (const struct iphdr *)skb->data;
	head = ip->ihl * 4;
	if (ip->version != 4 || head != sizeof(*ip) || ip->protocol != IPPROTO_TCP ||
	    ip_is_fragment(ip) || ip_fast_csum(ip, ip->ihl) ||
	    ntohs(ip->tot_len) < head || ntohs(ip->tot_len) > skb->len ||
	    pskb_trim_rcsum(skb, ntohs(ip->tot_len)))
		return 0;
	memcpy(key->saddr, &ip->daddr, sizeof(ip->daddr));
	memcpy(key->daddr, &ip->saddr, sizeof(ip->saddr));
	return head;
}

static unsigned int parse_ip6(struct sk_buff *skb, struct soft_tuple *key)
{
	const struct ipv6hdr *ip;

	if (!pskb_may_pull(skb, sizeof(*ip)))
		return 0;
	ip = (const struct ipv6hdr *)skb->data;
	if (ip->version != 6 || ip->nexthdr != IPPROTO_TCP ||
	    sizeof(*ip) + ntohs(ip->payload_len) > skb->len ||
	    pskb_trim_rcsum(skb, sizeof(*ip) + ntohs(ip->payload_len)))
		return 0;
	memcpy(key->saddr, &ip->daddr, sizeof(ip->daddr));
	memcpy(key->daddr, &ip->saddr, sizeof(ip->saddr));
	key->v6 = true;
	return sizeof(*ip);
}

static bool checksum_ok(struct sk_buff *skb, const struct soft_tuple *key)
{
	__be32 saddr, daddr;

	if (skb_csum_unnecessary(skb))
		return true;
	if (key->v6)
		return !csum_ipv6_magic((struct in6_addr *)key->daddr,
					(struct in6_addr *)key->saddr, skb->len, IPPROTO_TCP,
					skb_checksum(skb, 0, skb->len, 0));
	memcpy(&saddr, key->daddr, sizeof(saddr));
	memcpy(&daddr, key->saddr, sizeof(daddr));
	return !csum_tcpudp_magic(saddr, daddr, skb->len, IPPROTO_TCP,
				  skb_checksum(skb, 0, skb->len, 0));
}

/* R-TOE-160: a neighbor without a VLAN takes any tag, one with takes its own. */
static bool vlan_ok(struct soft_conn *sc, const struct sk_buff *skb)
{
	u16 id = skb_vlan_tag_present(skb) ? skb_vlan_tag_get_id(skb) : 0;
	const struct soft_neigh *n = rcu_dereference(sc->path->neigh);

	return !n->k.vlan_id || n->k.vlan_id == id;
}

/**
 * soft_l2_rx() - a frame from the wire
 * @st: the target
 * @skb: IP header first, VLAN tag as hardware leaves it; taken if 0 is returned
 *
 * Fragments, options, and what else is not for a NIC go the ordinary way.
 *
 * Context: softirq, or process with bottom halves off.
 * Return: 0; -ENOENT: not one of the target's, the host's; -EINVAL: a segment of the
 * target's that is to be dropped: checksum, VLAN.
 */
int soft_l2_rx(struct soft_target *st, struct sk_buff *skb)
{
	struct soft_tuple key = {};
	const struct tcphdr *th;
	struct soft_conn *sc;
	unsigned int head;
	int err = 0;

	head = skb->protocol == htons(ETH_P_IPV6) ? parse_ip6(skb, &key) : parse_ip4(skb, &key);
	if (!head || !pskb_may_pull(skb, head + sizeof(*th)))
		return -ENOENT;
	skb_pull(skb, head);
	skb_reset_transport_header(skb);
	th = tcp_hdr(skb);
	key.sport = th->dest;
	key.dport = th->source;
	rcu_read_lock();
	sc = soft_conn_find(st, &key);
	if (!sc)
		err = -ENOENT;
	else if (!vlan_ok(sc, skb) || !checksum_ok(skb, &key))
		err = -EINVAL;
	rcu_read_unlock();
	if (err == -EINVAL)
		toe_count(st->t, key.v6, TOE_IP_IN_DISCARDS, 1);
	if (!err)
		err = soft_rx(st, &key, skb);
	if (err)
		skb_push(skb, head);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(soft_l2_rx);
