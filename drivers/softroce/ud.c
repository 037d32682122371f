// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams: UD and QP 1. A request is one packet and done when that is sent;
 * a receiver without room drops it. To a QP of the same device a datagram goes
 * directly, memory to memory.
 */
#include <net/ip.h>

#include "softroce.h"

/* a Q_Key with this bit set means "the QP's own" */
#define OWN_QKEY	BIT(31)

/**
 * struct dgram - a datagram that has arrived, by packet or directly
 * @flags: SR_OP_*
 * @solicited: raise a solicited event
 * @v6: the GRH is an IPv6 header
 * @qkey: its Q_Key
 * @sqp: QP it comes from
 * @imm: immediate data
 * @len: bytes of payload
 * @grh: what goes in front of the payload
 * @src: payload
 */
struct dgram {
	u16 flags;
	bool solicited;
	bool v6;
	u32 qkey;
	u32 sqp;
	__be32 imm;
	u32 len;
	u8 grh[SR_GRH_LEN];
	struct sr_src src;
};

/* An IPv4 header sits in the last bytes, where the tools look for it. */
static void put_grh(struct dgram *d, const void *ip)
{
	u32 len = d->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	memset(d->grh, 0, SR_GRH_LEN - len);
	memcpy(d->grh + SR_GRH_LEN - len, ip, len);
}

static void recv_done(struct sr_qp *qp, const struct dgram *d, struct ndk_notify *n)
{
	struct ib_wc wc = {
		.wr_id = qp->r.rwqe.wr_id,
		.status = IB_WC_SUCCESS,
		.opcode = IB_WC_RECV,
		.byte_len = SR_GRH_LEN + d->len,
		.src_qp = d->sqp,
		.wc_flags = IB_WC_GRH | IB_WC_WITH_NETWORK_HDR_TYPE,
		.network_hdr_type = d->v6 ? RDMA_NETWORK_IPV6 : RDMA_NETWORK_IPV4,
	};

	if (d->flags & SR_OP_IMM) {
		wc.wc_flags |= IB_WC_WITH_IMM;
		wc.ex.imm_data = d->imm;
	}
	qp->r.have_rwqe = false;
	ndk_recv_done(qp->nqp, &wc, d->solicited, n);
}

/* A cursor serves one copy: the key is checked for what that one needs. */
static int place_at(struct sr_qp *qp, u32 off, struct sr_src *src, u32 len)
{
	struct ndk_rwqe *rwqe = &qp->r.rwqe;
	struct sr_cur dst;

	sr_cur_init(&dst, qp, rwqe->sge, rwqe->num_sge, off, IB_ACCESS_LOCAL_WRITE);
	dst.pd = ndk_rq_pd(qp->nqp);
	return sr_place(&dst, src, len);
}

static int place(struct sr_qp *qp, struct dgram *d)
{
	struct sr_src grh = { .buf = d->grh };

	return place_at(qp, 0, &grh, SR_GRH_LEN) ?:
	       place_at(qp, SR_GRH_LEN, &d->src, d->len);
}

/* The receive request was at fault: that ends the QP. */
static void bad_rwqe(struct sr_qp *qp, enum ib_wc_status status, struct ndk_notify *n)
{
	if (qp->r.have_rwqe)
		sr_resp_drop_rwqe(qp, status, n);
	sr_resp_error(qp, SR_REM_OP, n);
}

/* Hands a datagram to @qp, its r.lock held. -EIO: the payload is unreadable. */
static int receive(struct sr_qp *qp, struct dgram *d, struct ndk_notify *n)
{
	if (d->qkey != qp->qkey) {
		ndk_count(qp->nqp, NDK_STAT_DROP_QKEY, 1);
		return 0;
	}
	switch (sr_resp_need_rwqe(qp, n)) {
	case SR_DONE:
		break;
	case SR_RNR:
		ndk_count(qp->nqp, NDK_STAT_DROP_NO_RECV, 1);
		return 0;
	default:
		bad_rwqe(qp, IB_WC_LOC_QP_OP_ERR, n);
		return 0;
	}
	if (qp->r.rwqe.length < SR_GRH_LEN + d->len) {
		bad_rwqe(qp, IB_WC_LOC_LEN_ERR, n);
		return 0;
	}
	switch (place(qp, d)) {
	case 0:
		recv_done(qp, d, n);
		return 0;
	case -EIO:
		/* the request stays taken, for the next datagram */
		return -EIO;
	default:
		bad_rwqe(qp, IB_WC_LOC_PROT_ERR, n);
		return 0;
	}
}

/**
 * sr_ud_packet() - a datagram for the QP
 * @qp: the QP
 * @skb: the packet, stays the caller's
 * @n: collects events
 */
void sr_ud_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n)
{
	const struct sr_deth *deth = (struct sr_deth *)(sr_pkt_bth(skb) + 1);
	struct sr_pkt *pkt = sr_pkt(skb);
	struct dgram d = {
		.flags = pkt->flags,
		.solicited = pkt->solicited,
		.v6 = skb->protocol == htons(ETH_P_IPV6),
		.qkey = be32_to_cpu(deth->qkey),
		.sqp = be32_to_cpu(deth->sqp) & SR_BTH_QPN_MASK,
		.len = pkt->payload,
		.src = { .skb = skb, .off = pkt->data },
	};

	if (pkt->flags & SR_OP_IMM)
		d.imm = ((struct sr_imm *)(deth + 1))->data;
	put_grh(&d, skb_network_header(skb));
	receive(qp, &d, n);
}

/* ---- sending ---- */

static u32 qkey_of(const struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	return wqe->remote_qkey & OWN_QKEY ? qp->qkey : wqe->remote_qkey;
}

static int fetch(struct sr_qp *qp, const struct ndk_swqe *wqe, void *to)
{
	struct sr_cur c;

	if (wqe->flags & IB_SEND_INLINE) {
		memcpy(to, wqe->inline_data, wqe->length);
		return 0;
	}
	sr_cur_init(&c, qp, wqe->sge, wqe->num_sge, 0, 0);
	return sr_fetch(&c, to, wqe->length);
}

static enum ib_wc_status send_packet(struct sr_qp *qp, struct sr_ah *ah,
				     const struct ndk_swqe *wqe)
{
	bool imm = wqe->opcode == IB_WR_SEND_WITH_IMM;
	u32 hdr_len = sr_opinfo(imm ? SR_UD_SEND_ONLY_IMM : SR_UD_SEND_ONLY)->hdr_len;
	struct sr_deth *deth;
	struct sk_buff *skb;
	struct sr_bth *bth;

	skb = sr_tx_new(qp, &ah->av, hdr_len, wqe->length, &bth);
	/* counted; as good as lost on the way */
	if (!skb)
		return IB_WC_SUCCESS;
	if (fetch(qp, wqe, (u8 *)bth + hdr_len)) {
		kfree_skb(skb);
		return IB_WC_LOC_PROT_ERR;
	}
	sr_tx_bth(qp, bth, imm ? SR_SEND_ONLY_IMM : SR_SEND_ONLY, qp->s.next_psn, wqe->length,
		  false, wqe->flags & IB_SEND_SOLICITED);
	bth->qpn = cpu_to_be32(wqe->remote_qpn);
	deth = (struct sr_deth *)(bth + 1);
	deth->qkey = cpu_to_be32(qkey_of(qp, wqe));
	deth->sqp = cpu_to_be32(sr_qpn(qp));
	if (imm)
		((struct sr_imm *)(deth + 1))->data = wqe->imm;
	sr_tx_queue_to(qp, ah, skb, bth);
	return IB_WC_SUCCESS;
}

/* The header a packet would have had. */
static void make_grh(struct dgram *d, const struct sr_av *av)
{
	u32 len = sizeof(struct udphdr) + sizeof(struct sr_bth) + sizeof(struct sr_deth) +
		  (d->flags & SR_OP_IMM ? sizeof(struct sr_imm) : 0) + ALIGN(d->len, 4) +
		  SR_ICRC_LEN;
	struct ipv6hdr ip6;
	struct iphdr ip4;

	d->v6 = av->v6;
	if (av->v6) {
		memcpy(&ip6, av->hdr, sizeof(ip6));
		ip6.payload_len = htons(len);
		put_grh(d, &ip6);
		return;
	}
	memcpy(&ip4, av->hdr, sizeof(ip4));
	ip4.tot_len = htons(sizeof(ip4) + len);
	ip_send_check(&ip4);
	put_grh(d, &ip4);
}

/* The QP of this device that packets would reach, if any. */
static struct sr_qp *find_peer(struct sr_qp *qp, const struct sr_ah *ah, u32 qpn)
{
	struct sr_qp *peer;

	if (!READ_ONCE(qp->dev->direct) || !ipv6_addr_equal(&ah->av.src, &ah->av.dst))
		return NULL;
	peer = qpn == SR_GSI_QPN ? rcu_dereference(qp->dev->gsi) :
				   sr_qp_find(qp->dev->sn, qpn);
	return peer && peer->dev == qp->dev && sr_qp_is_ud(peer) ? peer : NULL;
}

static enum ib_wc_status send_direct(struct sr_qp *qp, struct sr_qp *peer,
				     const struct sr_ah *ah, const struct ndk_swqe *wqe,
				     struct ndk_notify *n)
{
	struct dgram d = {
		.flags = wqe->opcode == IB_WR_SEND_WITH_IMM ? SR_OP_IMM : 0,
		.solicited = wqe->flags & IB_SEND_SOLICITED,
		.qkey = qkey_of(qp, wqe),
		.sqp = sr_qpn(qp),
		.imm = wqe->imm,
		.len = wqe->length,
	};
	int err = 0;

	if (wqe->flags & IB_SEND_INLINE)
		d.src.buf = wqe->inline_data;
	else
		sr_cur_init(&d.src.cur, qp, wqe->sge, wqe->num_sge, 0, 0);
	make_grh(&d, &ah->av);
	spin_lock(&peer->r.lock);
	if (sr_qp_can_receive(peer) && !peer->dead)
		err = receive(peer, &d, n);
	else
		ndk_count(peer->nqp, NDK_STAT_DROP_QP_STATE, 1);
	spin_unlock(&peer->r.lock);
	if (err)
		return IB_WC_LOC_PROT_ERR;
	ndk_count(qp->nqp, NDK_STAT_LOCAL_REQUESTS, 1);
	ndk_count(qp->nqp, NDK_STAT_LOCAL_BYTES, wqe->length);
	return IB_WC_SUCCESS;
}

static u32 max_payload(const struct sr_dev *dev)
{
	struct net_device *ndev = rcu_dereference(dev->ndev);

	return ndev ? ib_mtu_enum_to_int(sr_netdev_mtu(ndev)) : 0;
}

static enum ib_wc_status send_one(struct sr_qp *qp, const struct ndk_swqe *wqe,
				  struct ndk_notify *n)
{
	struct sr_ah *ah = sr_ah_find(qp->dev, wqe->ah);
	struct sr_qp *peer;

	if (!ah)
		return IB_WC_LOC_QP_OP_ERR;
	if (wqe->length > max_payload(qp->dev))
		return IB_WC_LOC_LEN_ERR;
	peer = find_peer(qp, ah, wqe->remote_qpn);
	return peer ? send_direct(qp, peer, ah, wqe, n) : send_packet(qp, ah, wqe);
}

/* What was sent is done, whatever becomes of it. */
static void report(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	s->una = s->cur;
	s->started = s->cur;
	s->una_psn = s->next_psn;
	s->new_psn = s->next_psn;
	s->hi_psn = s->next_psn;
	ndk_sq_complete(qp->nqp, s->una, n);
	sr_req_drained(qp, n);
}

/**
 * sr_ud_run() - send what is indicated, for one slice at most
 * @qp: the QP
 * @n: collects events
 */
void sr_ud_run(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;
	struct sr_slice sl;

	sr_slice_init(&sl);
	/* pairs with the release in sr_doorbell(): the slots are complete */
	while (READ_ONCE(qp->state) == IB_QPS_RTS && s->cur != smp_load_acquire(&s->end)) {
		struct ndk_swqe *wqe = ndk_sq_wqe(qp->nqp, s->cur);
		enum ib_wc_status status = send_one(qp, wqe, n);

		if (status != IB_WC_SUCCESS) {
			report(qp, n);
			sr_req_fail(qp, status, n);
			return;
		}
		s->cur++;
		s->next_psn = sr_psn_add(s->next_psn, 1);
		sl.packets--;
		sl.bytes -= wqe->length;
		if (sr_slice_over(&sl)) {
			sr_qp_kick(qp);
			break;
		}
	}
	report(qp, n);
}
