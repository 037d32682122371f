// SPDX-License-Identifier: GPL-2.0
/*
 * Packets on their way in: checked in the order length, ICRC, QP, partition,
 * address, then handed to one half of the QP. Nothing is read before its
 * length is known.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <rdma/ib_cache.h>

#include "softroce.h"

/*
 * Drops before a QP is known are counted for the device whose netdev the packet
 * came in on, or for any device of the namespace.
 */
static void count_drop(struct sr_net *sn, struct sk_buff *skb, struct sr_qp *qp,
		       enum ndk_stat why)
{
	struct sr_dev *dev, *any = NULL;

	if (qp) {
		ndk_count(qp->nqp, why, 1);
		return;
	}
	list_for_each_entry_rcu(dev, &sn->devs, link) {
		any = dev;
		if (dev->ifindex == skb->skb_iif)
			break;
	}
	if (!any)
		return;
	ndk_stat_add(any->nic->stats, why, 1);
	ibdev_dbg(&any->nic->ibdev, "packet of %u bytes dropped, counter %d\n", skb->len, why);
}

static u32 crc_range(struct sk_buff *skb, u32 crc, u32 from, u32 to)
{
	struct skb_seq_state st;
	const u8 *p;
	u32 done = 0, n;

	if (to <= skb_headlen(skb))
		return sr_crc(crc, skb->data + from, to - from);
	skb_prepare_seq_read(skb, from, to, &st);
	while ((n = skb_seq_read(done, &p, &st))) {
		crc = sr_crc(crc, p, n);
		done += n;
	}
	return crc;
}

static bool icrc_ok(struct sk_buff *skb, u32 end, bool v6)
{
	u32 hdr = sr_pkt(skb)->hdr, crc;
	__le32 sent;

	crc = sr_icrc_prefix(skb_network_header(skb), v6);
	crc = sr_icrc_bth(crc, sr_pkt_bth(skb));
	crc = crc_range(skb, crc, hdr + sizeof(struct sr_bth), end - SR_ICRC_LEN);
	if (skb_copy_bits(skb, end - SR_ICRC_LEN, &sent, sizeof(sent)))
		return false;
	return le32_to_cpu(sent) == (u32)~crc;
}

/* RoCEv2 knows neither IP options nor extension headers. */
static bool plain_ip(const struct sk_buff *skb, bool v6)
{
	return skb_network_header_len(skb) ==
	       (v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
}

static enum ndk_stat stat_of(enum sr_verdict v)
{
	switch (v) {
	case SR_PKT_SHORT:
		return NDK_STAT_DROP_SHORT;
	case SR_PKT_LENGTH:
		return NDK_STAT_DROP_LENGTH;
	case SR_PKT_VERSION:
		return NDK_STAT_DROP_VERSION;
	default:
		return NDK_STAT_DROP_OPCODE;
	}
}

/*
 * Fills skb->cb. Afterwards the headers lie in the linear part and the payload
 * is inside the packet. skb->data is at the UDP header. Returns false with
 * @why set, or true with @end behind the ICRC.
 */
static bool parse(struct sk_buff *skb, bool v6, u32 *end, enum ndk_stat *why)
{
	const u32 hdr = sizeof(struct udphdr);
	struct sr_pkt *pkt = sr_pkt(skb);
	const struct sr_bth *bth;
	enum sr_verdict v;
	u32 len;

	*why = NDK_STAT_DROP_SHORT;
	if (!plain_ip(skb, v6) || !pskb_may_pull(skb, hdr + sizeof(*bth)))
		return false;
	len = ntohs(udp_hdr(skb)->len);
	if (len > skb->len || len < hdr + sizeof(*bth))
		return false;
	bth = (struct sr_bth *)(skb->data + hdr);
	v = sr_check_packet(bth->opcode, bth->flags, len - hdr, &pkt->payload);
	if (v != SR_PKT_OK) {
		*why = stat_of(v);
		return false;
	}
	pkt->opcode = bth->opcode;
	pkt->flags = sr_opinfo(pkt->opcode)->flags;
	pkt->hdr = hdr;
	pkt->data = hdr + sr_opinfo(pkt->opcode)->hdr_len;
	if (!pskb_may_pull(skb, pkt->data))
		return false;
	bth = sr_pkt_bth(skb);
	pkt->qpn = be32_to_cpu(bth->qpn) & SR_BTH_QPN_MASK;
	pkt->psn = be32_to_cpu(bth->apsn) & SR_BTH_PSN_MASK;
	pkt->ackreq = be32_to_cpu(bth->apsn) & SR_BTH_ACKREQ;
	pkt->solicited = bth->flags & SR_BTH_SE;
	*end = len;
	return true;
}

static bool from_peer(const struct sk_buff *skb, const struct sr_av *av, bool v6)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip4;

	if (!av->hdr_len || av->v6 != v6)
		return false;
	if (v6) {
		ip6 = ipv6_hdr(skb);
		return ipv6_addr_equal(&ip6->saddr, &av->dst) &&
		       ipv6_addr_equal(&ip6->daddr, &av->src);
	}
	ip4 = ip_hdr(skb);
	return ip4->saddr == av->dst.s6_addr32[3] && ip4->daddr == av->src.s6_addr32[3];
}

/* Full or limited membership of the only partition, one side full. */
static bool pkey_ok(const struct sr_bth *bth)
{
	return (be16_to_cpu(bth->pkey) & 0x7fff) == (SR_PKEY & 0x7fff);
}

/* What is wrong with the packet, as far as the QP is concerned; or 0. */
static int judge(struct sk_buff *skb, struct sr_qp *qp, bool v6)
{
	if (!pkey_ok(sr_pkt_bth(skb)))
		return NDK_STAT_DROP_PKEY;
	if (!sr_qp_can_receive(qp))
		return NDK_STAT_DROP_QP_STATE;
	if (!(sr_pkt(skb)->flags & SR_OP_CNP) &&
	    (sr_pkt(skb)->opcode & SR_TRANSPORT_MASK) != qp->transport)
		return NDK_STAT_DROP_OPCODE;
	if (!sr_qp_is_ud(qp) && !from_peer(skb, &qp->av, v6))
		return NDK_STAT_DROP_ADDRESS;
	return 0;
}

static void deliver(struct sr_qp *qp, struct sk_buff *skb)
{
	struct sr_pkt *pkt = sr_pkt(skb);
	struct ndk_notify n;

	ndk_count(qp->nqp, NDK_STAT_RX_PACKETS, 1);
	ndk_count(qp->nqp, NDK_STAT_RX_BYTES, skb->len - sizeof(struct udphdr));
	if (pkt->flags & SR_OP_CNP) {
		ndk_count(qp->nqp, NDK_STAT_CNP_RCVD, 1);
		napi_consume_skb(skb, 1);
		return;
	}
	ndk_notify_init(&n);
	if (pkt->flags & SR_OP_REQ) {
		spin_lock(&qp->r.lock);
		sr_resp_packet(qp, skb, &n);
		spin_unlock(&qp->r.lock);
		sr_leave(qp, &qp->r.tx, &n);
	} else {
		spin_lock(&qp->s.lock);
		sr_comp_packet(qp, skb, &n);
		spin_unlock(&qp->s.lock);
		napi_consume_skb(skb, 1);
		sr_leave(qp, &qp->s.tx, &n);
	}
}

/* Is the packet addressed to @dev? Its netdev need not be where it came in. */
static bool to_device(const struct sk_buff *skb, const struct sr_dev *dev, bool v6)
{
	const struct ib_gid_attr *attr;
	union ib_gid gid;

	if (v6)
		memcpy(&gid, &ipv6_hdr(skb)->daddr, sizeof(gid));
	else
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, (struct in6_addr *)&gid);
	attr = rdma_find_gid_by_port(&dev->nic->ibdev, &gid, IB_GID_TYPE_ROCE_UDP_ENCAP, 1,
				     NULL);
	if (IS_ERR(attr))
		return false;
	rdma_put_gid_attr(attr);
	return true;
}

/* Every device has a QP 1: the address tells whose is meant. */
static struct sr_qp *find_gsi(struct sr_net *sn, const struct sk_buff *skb, bool v6)
{
	struct sr_dev *dev;
	struct sr_qp *qp;

	list_for_each_entry_rcu(dev, &sn->devs, link) {
		qp = rcu_dereference(dev->gsi);
		if (qp && to_device(skb, dev, v6))
			return qp;
	}
	return NULL;
}

static struct sr_qp *find_qp(struct sr_net *sn, struct sk_buff *skb, bool v6)
{
	u32 qpn = sr_pkt(skb)->qpn;

	return qpn == SR_GSI_QPN ? find_gsi(sn, skb, v6) : sr_qp_find(sn, qpn);
}

/**
 * sr_rx_deliver() - a packet that is sound, to the QP it names
 * @qp: the QP
 * @skb: the packet, taken over
 * @v6: it came by IPv6
 */
void sr_rx_deliver(struct sr_qp *qp, struct sk_buff *skb, bool v6)
{
	int bad = judge(skb, qp, v6);

	if (bad) {
		ndk_count(qp->nqp, bad, 1);
		kfree_skb(skb);
		return;
	}
	deliver(qp, skb);
}

/* Takes over @skb. */
static void receive(struct sr_net *sn, struct sk_buff *skb, bool v6)
{
	enum ndk_stat why;
	struct sr_qp *qp;
	u32 end;

	if (!parse(skb, v6, &end, &why)) {
		count_drop(sn, skb, NULL, why);
		goto drop;
	}
	qp = find_qp(sn, skb, v6);
	if (!icrc_ok(skb, end, v6)) {
		count_drop(sn, skb, qp, NDK_STAT_ICRC_ERRORS);
		goto drop;
	}
	if (sr_pkt(skb)->qpn == SR_MCAST_QPN && sr_mcast_rx(sn, skb, v6)) {
		consume_skb(skb);
		return;
	}
	if (!qp) {
		count_drop(sn, skb, NULL, NDK_STAT_DROP_QPN);
		goto drop;
	}
	sr_rx_deliver(qp, skb, v6);
	return;
drop:
	kfree_skb(skb);
}

/**
 * sr_rx() - a UDP packet for the RoCEv2 port
 * @sk: our socket
 * @skb: the packet, data at the UDP header
 *
 * Return: 0, the packet is ours whatever it is.
 */
int sr_rx(struct sock *sk, struct sk_buff *skb)
{
	struct sr_net *sn;
	bool v6 = false;

	rcu_read_lock();
	sn = rcu_dereference_sk_user_data(sk);
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!sn || !skb) {
		kfree_skb(skb);
		goto out;
	}
#if IS_ENABLED(CONFIG_IPV6)
	v6 = sk->sk_family == AF_INET6;
#endif
	receive(sn, skb, v6);
out:
	rcu_read_unlock();
	return 0;
}
