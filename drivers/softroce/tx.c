// SPDX-License-Identifier: GPL-2.0
/*
 * Packets on their way out: built under a QP lock, given to the stack without.
 */
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>

#include "softroce.h"

/**
 * sr_tx_new() - make a packet without contents
 * @qp: whose
 * @av: where to
 * @bth_len: bytes of BTH and extension headers
 * @payload: bytes of payload
 * @bth: set to where the BTH goes
 *
 * Return: the packet, or NULL (counted).
 */
struct sk_buff *sr_tx_new(struct sr_qp *qp, const struct sr_av *av, u32 bth_len, u32 payload,
			  struct sr_bth **bth)
{
	u32 len = av->hdr_len + bth_len + ALIGN(payload, 4) + SR_ICRC_LEN;
	struct sk_buff *skb;

	/* bottom halves are off, so this CPU's cache of packet heads may be used */
	skb = __alloc_skb(LL_MAX_HEADER + len, GFP_ATOMIC | __GFP_NOWARN, SKB_ALLOC_NAPI,
			  NUMA_NO_NODE);
	if (unlikely(!skb)) {
		ndk_count(qp->nqp, NDK_STAT_DROP_TX, 1);
		return NULL;
	}
	skb_reserve(skb, LL_MAX_HEADER);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, av->hdr_len - sizeof(struct udphdr));
	skb_put(skb, len);
	*bth = (struct sr_bth *)(skb->data + av->hdr_len);
	return skb;
}

/**
 * sr_tx_bth() - fill the base transport header
 * @qp: whose
 * @bth: where
 * @opcode: opcode, without the transport
 * @psn: sequence number
 * @payload: bytes of payload, decides the pad count
 * @ackreq: ask for an acknowledge
 * @solicited: ask for an event
 */
void sr_tx_bth(struct sr_qp *qp, struct sr_bth *bth, u8 opcode, u32 psn, u32 payload,
	       bool ackreq, bool solicited)
{
	bth->opcode = opcode | qp->transport;
	bth->flags = SR_BTH_MIGREQ | (-payload & 3) << SR_BTH_PAD_SHIFT |
		     (solicited ? SR_BTH_SE : 0);
	bth->pkey = cpu_to_be16(SR_PKEY);
	bth->qpn = cpu_to_be32(qp->dest_qpn);
	bth->apsn = cpu_to_be32(psn | (ackreq ? SR_BTH_ACKREQ : 0));
}

/**
 * struct out - a datagram on its way out, in skb->cb
 * @ah: where to; NULL: to the QP's peer
 */
struct out {
	struct sr_ah *ah;
};

static struct out *out(struct sk_buff *skb)
{
	return (struct out *)skb->cb;
}

static void fill_headers(const struct sr_av *av, struct sk_buff *skb)
{
	u32 udp_len = skb->len - skb_transport_offset(skb);

	memcpy(skb->data, av->hdr, av->hdr_len);
	udp_hdr(skb)->len = htons(udp_len);
	/* the stack fills these too, but after the ICRC needs them */
	if (av->v6)
		ipv6_hdr(skb)->payload_len = htons(udp_len);
	else
		ip_hdr(skb)->tot_len = htons(skb->len);
}

/*
 * All of IP and UDP header that the ICRC covers is the QP's, but for the
 * lengths. A QP sends few different ones: full packets and the odd last.
 */
static u32 prefix(struct sr_qp *qp, struct sk_buff *skb, struct sr_crc_cache *c)
{
	unsigned int slot = skb->len > 512;

	if (c->len[slot] != skb->len) {
		c->len[slot] = skb->len;
		c->crc[slot] = sr_icrc_prefix(skb->data, qp->av.v6);
	}
	return c->crc[slot];
}

/* Pad and ICRC; @crc is the state behind the IP and UDP headers. */
static void seal(struct sk_buff *skb, struct sr_bth *bth, u32 crc)
{
	u32 pad = sr_bth_pad(bth->flags);
	u8 *end = skb_tail_pointer(skb) - SR_ICRC_LEN;
	__le32 icrc;

	memset(end - pad, 0, pad);
	crc = sr_icrc_bth(crc, bth);
	crc = sr_crc(crc, bth + 1, end - (u8 *)(bth + 1));
	icrc = cpu_to_le32(~crc);
	memcpy(end, &icrc, sizeof(icrc));
}

static void queue(struct sr_tx *tx, struct sk_buff *skb)
{
	spin_lock(&tx->queue.lock);
	__skb_queue_tail(&tx->queue, skb);
	spin_unlock(&tx->queue.lock);
}

/**
 * sr_tx_queue() - finish a packet to the peer and put it in line
 * @qp: whose
 * @tx: the line
 * @skb: the packet, complete behind the UDP header but for pad and ICRC
 * @bth: its BTH
 */
void sr_tx_queue(struct sr_qp *qp, struct sr_tx *tx, struct sk_buff *skb, struct sr_bth *bth)
{
	fill_headers(&qp->av, skb);
	seal(skb, bth, prefix(qp, skb, &tx->crc));
	queue(tx, skb);
}

/**
 * sr_tx_queue_to() - finish a datagram and put it in line
 * @qp: whose
 * @ah: where to
 * @skb: as for sr_tx_queue()
 * @bth: its BTH
 */
void sr_tx_queue_to(struct sr_qp *qp, struct sr_ah *ah, struct sk_buff *skb,
		    struct sr_bth *bth)
{
	fill_headers(&ah->av, skb);
	seal(skb, bth, sr_icrc_prefix(skb->data, ah->av.v6));
	/*
	 * Good until it is sent: that happens in this RCU read section, or in
	 * that of whoever is sending now and began before.
	 */
	out(skb)->ah = ah;
	queue(&qp->s.tx, skb);
}

static int xmit(struct sr_qp *qp, const struct sr_av *av, struct sk_buff *skb,
		struct dst_entry *dst)
{
	skb_dst_set_noref(skb, dst);
	if (av->v6) {
		skb->protocol = htons(ETH_P_IPV6);
		return ip6_local_out(qp->dev->sn->net, NULL, skb);
	}
	skb->protocol = htons(ETH_P_IP);
	return ip_local_out(qp->dev->sn->net, NULL, skb);
}

/**
 * struct way - where packets of a batch go
 * @ah: address handle, NULL for the QP's peer
 * @av: the address
 * @dst: the route
 */
struct way {
	struct sr_ah *ah;
	const struct sr_av *av;
	struct dst_entry *dst;
};

/* Consecutive packets mostly go the same way: one look at the route for all. */
static void find_way(struct sr_qp *qp, struct sr_route *route, struct sr_ah *ah,
		     struct way *way)
{
	if (way->av && way->ah == ah)
		return;
	way->ah = ah;
	way->av = ah ? &ah->av : &qp->av;
	way->dst = ah ? sr_ah_route(qp->dev, ah) : sr_av_route(qp->dev, &qp->av, route);
}

static void xmit_list(struct sr_qp *qp, struct sr_route *route, struct sk_buff_head *list)
{
	u32 packets = 0, bytes = 0, dropped = 0;
	struct way way = { };
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list))) {
		u32 len;
		int err;

		find_way(qp, route, out(skb)->ah, &way);
		/* the stack's from here on, and it wants zeros */
		out(skb)->ah = NULL;
		len = skb->len - way.av->hdr_len;
		if (unlikely(!way.dst)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
			dropped++;
			continue;
		}
		err = xmit(qp, way.av, skb, way.dst);
		if (unlikely(net_xmit_eval(err))) {
			dropped++;
			continue;
		}
		packets++;
		bytes += len;
	}
	if (packets) {
		ndk_count(qp->nqp, NDK_STAT_TX_PACKETS, packets);
		ndk_count(qp->nqp, NDK_STAT_TX_BYTES, bytes);
	}
	if (dropped)
		ndk_count(qp->nqp, NDK_STAT_DROP_TX, dropped);
}

/**
 * sr_tx_flush() - give everything in line to the stack, in order
 * @qp: whose
 * @tx: the line
 *
 * One at a time per line: two senders at once would reorder packets. Whoever
 * comes second leaves; the first looks again after it is done.
 *
 * Context: no lock held.
 */
void sr_tx_flush(struct sr_qp *qp, struct sr_tx *tx)
{
	struct sk_buff_head list;

	while (!skb_queue_empty_lockless(&tx->queue)) {
		if (test_and_set_bit(SR_TX_BUSY, &tx->flags))
			return;
		WRITE_ONCE(tx->cpu, smp_processor_id());
		WRITE_ONCE(tx->stamp, jiffies);
		__skb_queue_head_init(&list);
		spin_lock(&tx->queue.lock);
		skb_queue_splice_tail_init(&tx->queue, &list);
		spin_unlock(&tx->queue.lock);
		xmit_list(qp, &tx->route, &list);
		clear_bit_unlock(SR_TX_BUSY, &tx->flags);
		/* pairs with the test_and_set_bit() of whoever left early */
		smp_mb__after_atomic();
	}
}
