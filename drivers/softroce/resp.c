// SPDX-License-Identifier: GPL-2.0
/*
 * The responder: carries out what the peer asks, in the order of its packet
 * numbers. What a request does is here once, for packets and for the direct
 * path (local.c); what is said about it on the wire is further down.
 */
#include <linux/atomic.h>

#include "softroce.h"

/**
 * sr_resp_established() - the first request has come
 * @qp: the QP
 * @n: collects events
 */
void sr_resp_established(struct sr_qp *qp, struct ndk_notify *n)
{
	if (qp->r.comm_est)
		return;
	qp->r.comm_est = true;
	if (READ_ONCE(qp->state) == IB_QPS_RTR)
		ndk_notify_event(n, qp->nqp, IB_EVENT_COMM_EST);
}

static void recv_done(struct sr_qp *qp, enum ib_wc_status status, const struct sr_msg *m,
		      struct ndk_notify *n)
{
	struct sr_recv *r = &qp->r;
	struct ib_wc wc = {
		.wr_id = r->rwqe.wr_id,
		.status = status,
		.opcode = IB_WC_RECV,
		.src_qp = qp->dest_qpn,
	};

	if (m && status == IB_WC_SUCCESS) {
		wc.byte_len = r->off;
		if (m->flags & SR_OP_WRITE)
			wc.opcode = IB_WC_RECV_RDMA_WITH_IMM;
		if (m->flags & SR_OP_IMM) {
			wc.wc_flags = IB_WC_WITH_IMM;
			wc.ex.imm_data = m->imm;
		}
		if (m->flags & SR_OP_INV) {
			wc.wc_flags = IB_WC_WITH_INVALIDATE;
			wc.ex.invalidate_rkey = m->inv_rkey;
		}
	}
	r->have_rwqe = false;
	ndk_recv_done(qp->nqp, &wc, m && m->solicited, n);
}

/**
 * sr_resp_drop_rwqe() - the receive request in use failed
 * @qp: the QP
 * @status: its outcome
 * @n: collects events
 */
void sr_resp_drop_rwqe(struct sr_qp *qp, enum ib_wc_status status, struct ndk_notify *n)
{
	recv_done(qp, status, NULL, n);
}

/**
 * sr_resp_need_rwqe() - the message needs a receive request: have one
 * @qp: the QP
 * @n: collects events
 *
 * Return: %SR_DONE, %SR_RNR if there is none, %SR_REM_OP if it was bad.
 */
enum sr_result sr_resp_need_rwqe(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_recv *r = &qp->r;
	int got;

	if (r->have_rwqe)
		return SR_DONE;
	got = ndk_rq_take(qp->nqp, &r->rwqe, n);
	if (!got)
		return SR_RNR;
	r->have_rwqe = true;
	if (got < 0) {
		recv_done(qp, IB_WC_LOC_QP_OP_ERR, NULL, n);
		return SR_REM_OP;
	}
	return SR_DONE;
}

static bool mr_allows(struct sr_qp *qp, u32 rkey, u64 va, u32 len, int access)
{
	struct sr_mr *mr = sr_mr_find(qp->dev, qp->nqp->ibqp.pd, qp->id, rkey, va, len, access);

	if (mr)
		sr_mr_put(mr);
	return mr;
}

static enum sr_result open_write(struct sr_qp *qp, const struct sr_msg *m)
{
	if (!(qp->access & IB_ACCESS_REMOTE_WRITE))
		return SR_INV_REQ;
	if (m->dlen > 1U << 31)
		return SR_INV_REQ;
	/* a WRITE of nothing touches nothing: its key is not looked at */
	if (!m->dlen)
		return SR_DONE;
	/* all of it is here, and nothing comes between this and placing, which checks */
	if (m->dlen == m->len && !(m->flags & SR_OP_IMM))
		return SR_DONE;
	return mr_allows(qp, m->rkey, m->va, m->dlen, IB_ACCESS_REMOTE_WRITE) ? SR_DONE :
										SR_ACCESS;
}

/* Is the packet where the message has got to? Nothing changes here. */
static enum sr_result check_order(struct sr_qp *qp, const struct sr_msg *m, u32 off, u32 len)
{
	struct sr_recv *r = &qp->r;
	u16 kind = m->flags & (SR_OP_SEND | SR_OP_WRITE);
	u32 end = off + m->len;

	if (r->op != (m->flags & SR_OP_FIRST ? 0 : kind))
		return SR_INV_REQ;
	if (end < off)
		return SR_INV_REQ;
	if (kind == SR_OP_WRITE && (end > len || (m->flags & SR_OP_LAST && end != len)))
		return SR_INV_REQ;
	return SR_DONE;
}

static enum sr_result place(struct sr_qp *qp, struct sr_msg *m, u64 va, u32 rkey, u32 off,
			    struct ndk_notify *n)
{
	struct ib_sge sge = { .addr = va + off, .length = m->len, .lkey = rkey };
	bool send = m->flags & SR_OP_SEND;
	struct sr_cur dst;

	if (!m->len)
		return SR_DONE;
	if (send && m->len > qp->r.rwqe.length - off) {
		recv_done(qp, IB_WC_LOC_LEN_ERR, NULL, n);
		return SR_LEN;
	}
	if (send) {
		sr_cur_init(&dst, qp, qp->r.rwqe.sge, qp->r.rwqe.num_sge, off,
			    IB_ACCESS_LOCAL_WRITE);
		dst.pd = ndk_rq_pd(qp->nqp);
	} else {
		sr_cur_init(&dst, qp, &sge, 1, 0, IB_ACCESS_REMOTE_WRITE);
	}
	switch (sr_place(&dst, &m->src, m->len)) {
	case 0:
		return SR_DONE;
	case -EIO:
		return SR_SRC;
	default:
		if (!send)
			return SR_ACCESS;
		recv_done(qp, IB_WC_LOC_PROT_ERR, NULL, n);
		return SR_REM_OP;
	}
}

/* The message is in place: take back the key it names. */
static enum sr_result invalidate(struct sr_qp *qp, const struct sr_msg *m, struct ndk_notify *n)
{
	if (!sr_mr_invalidate(qp, m->inv_rkey, true))
		return SR_DONE;
	recv_done(qp, IB_WC_REM_INV_REQ_ERR, NULL, n);
	return SR_ACCESS;
}

/**
 * sr_resp_data() - carry out (a part of) a SEND or WRITE
 * @qp: the QP
 * @m: the part
 * @n: collects events
 *
 * Return: %SR_DONE, or why not; then the state of the message has not changed.
 */
enum sr_result sr_resp_data(struct sr_qp *qp, struct sr_msg *m, struct ndk_notify *n)
{
	bool first = m->flags & SR_OP_FIRST, last = m->flags & SR_OP_LAST;
	bool write = m->flags & SR_OP_WRITE;
	struct sr_recv *r = &qp->r;
	u32 off = first ? 0 : r->off;
	u32 len = first ? m->dlen : r->len;
	u32 rkey = first ? m->rkey : r->rkey;
	u64 va = first ? m->va : r->va;
	enum sr_result res;

	res = check_order(qp, m, off, len);
	if (res == SR_DONE && write && first)
		res = open_write(qp, m);
	if (res == SR_DONE && (!write || (last && m->flags & SR_OP_IMM)))
		res = sr_resp_need_rwqe(qp, n);
	if (res == SR_DONE)
		res = place(qp, m, va, rkey, off, n);
	if (res == SR_DONE && m->flags & SR_OP_INV)
		res = invalidate(qp, m, n);
	if (res != SR_DONE)
		return res;

	r->off = off + m->len;
	r->len = len;
	r->rkey = rkey;
	r->va = va;
	r->op = last ? 0 : m->flags & (SR_OP_SEND | SR_OP_WRITE);
	if (last) {
		r->msn++;
		/* a plain WRITE leaves a receive request it finds alone */
		if (!write || m->flags & SR_OP_IMM)
			recv_done(qp, IB_WC_SUCCESS, m, n);
	}
	return SR_DONE;
}

/**
 * sr_resp_read_check() - may this READ be carried out
 * @qp: the QP
 * @m: the request
 *
 * Return: %SR_DONE, or why not.
 */
enum sr_result sr_resp_read_check(struct sr_qp *qp, const struct sr_msg *m)
{
	if (qp->r.op || !(qp->access & IB_ACCESS_REMOTE_READ) || m->dlen > 1U << 31)
		return SR_INV_REQ;
	if (m->dlen && !mr_allows(qp, m->rkey, m->va, m->dlen, IB_ACCESS_REMOTE_READ))
		return SR_ACCESS;
	return SR_DONE;
}

static void remember(struct sr_recv *r, u32 psn, u64 orig)
{
	struct sr_atomic *a;

	if (!r->atomics_size)
		return;
	a = &r->atomics[r->atomics_next];
	r->atomics_next = (r->atomics_next + 1) % r->atomics_size;
	a->psn = psn;
	a->orig = orig;
	a->valid = true;
}

/**
 * sr_resp_atomic() - carry out an atomic
 * @qp: the QP
 * @m: the request
 * @psn: its sequence number, for duplicates
 * @orig: set to the value before
 *
 * With the CPU's own atomics: atomic also against other users of the memory.
 *
 * Return: %SR_DONE, or why not.
 */
enum sr_result sr_resp_atomic(struct sr_qp *qp, const struct sr_msg *m, u32 psn, u64 *orig)
{
	struct sr_mr *mr;
	u32 len = sizeof(u64);
	u64 *p;

	if (qp->r.op || !(qp->access & IB_ACCESS_REMOTE_ATOMIC) || m->va & 7)
		return SR_INV_REQ;
	mr = sr_mr_find(qp->dev, qp->nqp->ibqp.pd, qp->id, m->rkey, m->va, len,
			IB_ACCESS_REMOTE_ATOMIC);
	if (!mr)
		return SR_ACCESS;
	p = sr_mr_span(mr, m->va, &len);
	/* the region's address and its memory may differ in alignment */
	if ((uintptr_t)p & 7) {
		sr_mr_put(mr);
		return SR_INV_REQ;
	}
	if (m->cas)
		*orig = cmpxchg(p, m->compare, m->swap_add);
	else
		*orig = atomic64_fetch_add(m->swap_add, (atomic64_t *)p);
	sr_mr_put(mr);
	qp->r.msn++;
	remember(&qp->r, psn, *orig);
	return SR_DONE;
}

/**
 * sr_resp_atomic_write() - carry out an ATOMIC WRITE
 * @qp: the QP
 * @m: the request
 * @value: eight bytes, as they are to lie in memory
 *
 * Return: %SR_DONE, or why not.
 */
enum sr_result sr_resp_atomic_write(struct sr_qp *qp, const struct sr_msg *m, u64 value)
{
	u32 len = sizeof(u64);
	struct sr_mr *mr;
	u64 *p;

	if (qp->r.op || !(qp->access & IB_ACCESS_REMOTE_WRITE) || m->va & 7)
		return SR_INV_REQ;
	mr = sr_mr_find(qp->dev, qp->nqp->ibqp.pd, qp->id, m->rkey, m->va, len,
			IB_ACCESS_REMOTE_WRITE);
	if (!mr)
		return SR_ACCESS;
	p = sr_mr_span(mr, m->va, &len);
	if ((uintptr_t)p & 7) {
		sr_mr_put(mr);
		return SR_INV_REQ;
	}
	WRITE_ONCE(*p, value);
	sr_mr_put(mr);
	qp->r.msn++;
	return SR_DONE;
}

/**
 * sr_resp_error() - a request broke the connection
 * @qp: the QP
 * @res: how
 * @n: collects events
 */
void sr_resp_error(struct sr_qp *qp, enum sr_result res, struct ndk_notify *n)
{
	switch (res) {
	case SR_INV_REQ:
	case SR_LEN:
		ndk_notify_event(n, qp->nqp, IB_EVENT_QP_REQ_ERR);
		break;
	case SR_ACCESS:
		ndk_notify_event(n, qp->nqp, IB_EVENT_QP_ACCESS_ERR);
		break;
	default:
		break;
	}
	if (net_ratelimit())
		ibdev_info(&qp->dev->nic->ibdev, "QP %u: peer's request refused: %s\n", sr_qpn(qp),
			   res == SR_ACCESS ? "access" :
			   res == SR_REM_OP ? "bad receive request" : "invalid");
	sr_qp_fail_responder(qp, n);
}

/**
 * sr_resp_flush() - the QP is in error: give up every receive request
 * @qp: the QP
 * @n: collects events
 */
void sr_resp_flush(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_recv *r = &qp->r;

	r->rd_left = 0;
	r->op = 0;
	__skb_queue_purge(&r->backlog);
	if (r->have_rwqe)
		recv_done(qp, IB_WC_WR_FLUSH_ERR, NULL, n);
	ndk_rq_flush(qp->nqp, n);
}

static void put_aeth(struct sr_qp *qp, struct sr_bth *bth, u8 syndrome)
{
	struct sr_aeth *aeth = (struct sr_aeth *)(bth + 1);

	aeth->smsn = cpu_to_be32((u32)syndrome << SR_AETH_SYN_SHIFT |
				 (qp->r.msn & SR_AETH_MSN_MASK));
}

static void send_ack(struct sr_qp *qp, u32 psn, u8 syndrome)
{
	struct sr_bth *bth;
	struct sk_buff *skb = sr_tx_new(qp, &qp->av, sr_opinfo(SR_ACKNOWLEDGE)->hdr_len, 0, &bth);

	if (!skb)
		return;
	sr_tx_bth(qp, bth, SR_ACKNOWLEDGE, psn, 0, false, false);
	put_aeth(qp, bth, syndrome);
	sr_tx_queue(qp, &qp->r.tx, skb, bth);
}

static void send_positive_ack(struct sr_qp *qp)
{
	send_ack(qp, sr_psn_add(qp->r.epsn, SR_PSN_MASK), SR_AETH_ACK | SR_AETH_NO_CREDITS);
}

static void send_nak(struct sr_qp *qp, u32 psn, enum sr_nak_code code)
{
	send_ack(qp, psn, SR_AETH_NAK | code);
}

static void send_atomic_ack(struct sr_qp *qp, u32 psn, u64 orig)
{
	struct sr_atomic_ack *ack;
	struct sr_bth *bth;
	struct sk_buff *skb = sr_tx_new(qp, &qp->av, sr_opinfo(SR_ATOMIC_ACK)->hdr_len, 0, &bth);

	if (!skb)
		return;
	sr_tx_bth(qp, bth, SR_ATOMIC_ACK, psn, 0, false, false);
	put_aeth(qp, bth, SR_AETH_ACK | SR_AETH_NO_CREDITS);
	ack = (void *)(bth + 1) + sizeof(struct sr_aeth);
	ack->orig = cpu_to_be64(orig);
	sr_tx_queue(qp, &qp->r.tx, skb, bth);
}

/* A READ response of nothing. */
static void send_atomic_write_ack(struct sr_qp *qp, u32 psn)
{
	struct sr_bth *bth;
	struct sk_buff *skb = sr_tx_new(qp, &qp->av, sr_opinfo(SR_READ_RESP_ONLY)->hdr_len, 0,
					&bth);

	if (!skb)
		return;
	sr_tx_bth(qp, bth, SR_READ_RESP_ONLY, psn, 0, false, false);
	put_aeth(qp, bth, SR_AETH_ACK | SR_AETH_NO_CREDITS);
	sr_tx_queue(qp, &qp->r.tx, skb, bth);
}

/* Says on the wire what became of the request at @psn. */
static void answer_failure(struct sr_qp *qp, u32 psn, enum sr_result res, struct ndk_notify *n)
{
	switch (res) {
	case SR_RNR:
		/* silence for what follows: the requester comes back to here */
		qp->r.nak_sent = true;
		ndk_count(qp->nqp, NDK_STAT_RNR_NAK_SENT, 1);
		send_ack(qp, psn, SR_AETH_RNR_NAK | qp->min_rnr);
		return;
	case SR_ACCESS:
		ndk_count(qp->nqp, NDK_STAT_NAK_ACCESS_SENT, 1);
		send_nak(qp, psn, SR_NAK_REM_ACCESS);
		break;
	case SR_REM_OP:
		ndk_count(qp->nqp, NDK_STAT_NAK_OP_SENT, 1);
		send_nak(qp, psn, SR_NAK_REM_OP);
		break;
	default:
		ndk_count(qp->nqp, NDK_STAT_NAK_INV_REQ_SENT, 1);
		send_nak(qp, psn, SR_NAK_INV_REQ);
		break;
	}
	sr_resp_error(qp, res, n);
}

/* One response packet of the READ being answered. Returns its payload, <0: stop. */
static int read_packet(struct sr_qp *qp)
{
	struct sr_recv *r = &qp->r;
	u32 len = min(qp->mtu, r->rd_len);
	struct ib_sge sge = { .addr = r->rd_va, .length = len, .lkey = r->rd_key };
	u8 op = sr_read_resp_opcode(r->rd_first, r->rd_left == 1);
	const struct sr_opinfo *info = sr_opinfo(op);
	struct sr_bth *bth;
	struct sk_buff *skb;
	struct sr_cur src;

	skb = sr_tx_new(qp, &qp->av, info->hdr_len, len, &bth);
	if (!skb)
		return -ENOMEM;
	sr_cur_init(&src, qp, &sge, 1, 0, IB_ACCESS_REMOTE_READ);
	if (len && sr_fetch(&src, (u8 *)bth + info->hdr_len, len)) {
		kfree_skb(skb);
		return -EFAULT;
	}
	sr_tx_bth(qp, bth, op, r->rd_psn, len, false, false);
	if (info->flags & SR_OP_AETH)
		put_aeth(qp, bth, SR_AETH_ACK | SR_AETH_NO_CREDITS);
	sr_tx_queue(qp, &r->tx, skb, bth);
	r->rd_psn = sr_psn_add(r->rd_psn, 1);
	r->rd_va += len;
	r->rd_len -= len;
	r->rd_first = false;
	r->rd_left--;
	return len;
}

static void answer_read(struct sr_qp *qp, struct sr_slice *sl, struct ndk_notify *n)
{
	struct sr_recv *r = &qp->r;

	while (r->rd_left && !sr_slice_over(sl)) {
		int len = read_packet(qp);

		if (len == -ENOMEM) {
			/* as if lost: the requester asks for the rest again */
			r->rd_left = 0;
			return;
		}
		if (len < 0) {
			r->rd_left = 0;
			answer_failure(qp, r->rd_psn, SR_ACCESS, n);
			return;
		}
		sl->packets--;
		sl->bytes -= len;
	}
}

static u32 read_packets(const struct sr_qp *qp, u32 len)
{
	return len ? (len + qp->mtu - 1) >> qp->mtu_shift : 1;
}

static void begin_read(struct sr_qp *qp, const struct sr_msg *m, u32 psn)
{
	struct sr_recv *r = &qp->r;

	r->rd_left = read_packets(qp, m->dlen);
	r->rd_psn = psn;
	r->rd_key = m->rkey;
	r->rd_va = m->va;
	r->rd_len = m->dlen;
	r->rd_first = true;
}

static void get_reth(struct sk_buff *skb, struct sr_msg *m)
{
	const struct sr_reth *reth = (struct sr_reth *)(sr_pkt_bth(skb) + 1);

	m->va = be64_to_cpu(reth->va);
	m->rkey = be32_to_cpu(reth->rkey);
	m->dlen = be32_to_cpu(reth->len);
}

static void get_atomic(struct sk_buff *skb, struct sr_msg *m)
{
	const struct sr_atomic_eth *eth = (struct sr_atomic_eth *)(sr_pkt_bth(skb) + 1);

	m->va = be64_to_cpu(eth->va);
	m->rkey = be32_to_cpu(eth->rkey);
	m->swap_add = be64_to_cpu(eth->swap_add);
	m->compare = be64_to_cpu(eth->compare);
	m->cas = sr_pkt(skb)->opcode == SR_COMPARE_SWAP;
}

/**
 * sr_resp_get_msg() - what a request packet asks for
 * @skb: the packet
 * @m: set
 */
void sr_resp_get_msg(struct sk_buff *skb, struct sr_msg *m)
{
	struct sr_pkt *pkt = sr_pkt(skb);

	memset(m, 0, sizeof(*m));
	m->flags = pkt->flags;
	m->solicited = pkt->solicited;
	m->npkts = 1;
	m->len = pkt->payload;
	if (pkt->flags & SR_OP_RETH)
		get_reth(skb, m);
	if (pkt->flags & SR_OP_ATOMIC)
		get_atomic(skb, m);
	if (pkt->flags & SR_OP_IMM)
		m->imm = ((struct sr_imm *)(skb->data + pkt->data - sizeof(m->imm)))->data;
	if (pkt->flags & SR_OP_INV)
		m->inv_rkey = be32_to_cpu(((struct sr_ieth *)(skb->data + pkt->data -
							      sizeof(struct sr_ieth)))->rkey);
	m->src.skb = skb;
	m->src.off = pkt->data;
}

/**
 * sr_resp_payload_fits() - has the packet the length its place demands
 * @qp: the QP
 * @pkt: the packet
 *
 * Return: true if it has: all but the last packet of a message are full, and
 * the last is not empty.
 */
bool sr_resp_payload_fits(const struct sr_qp *qp, const struct sr_pkt *pkt)
{
	if (pkt->flags & (SR_OP_READ | SR_OP_ATOMIC))
		return true;
	if (!(pkt->flags & SR_OP_LAST))
		return pkt->payload == qp->mtu;
	return pkt->payload <= qp->mtu && (pkt->payload || pkt->flags & SR_OP_FIRST);
}

static void duplicate_atomic(struct sr_qp *qp, u32 psn)
{
	struct sr_recv *r = &qp->r;
	u8 i;

	for (i = 0; i < r->atomics_size; i++) {
		if (r->atomics[i].valid && r->atomics[i].psn == psn) {
			send_atomic_ack(qp, psn, r->atomics[i].orig);
			return;
		}
	}
	/* older than what we remember: the requester gave up on it long ago */
}

static void duplicate_read(struct sr_qp *qp, struct sk_buff *skb, struct sr_slice *sl,
			   struct ndk_notify *n)
{
	struct sr_pkt *pkt = sr_pkt(skb);
	u32 back = sr_psn_dist(qp->r.epsn, pkt->psn);
	struct sr_msg m;

	sr_resp_get_msg(skb, &m);
	if (m.dlen > 1U << 31 || !(qp->access & IB_ACCESS_REMOTE_READ))
		return;
	m.npkts = read_packets(qp, m.dlen);
	/*
	 * Asked for again in other pieces than before, its end may be new. But
	 * not if another message is under way: what is expected is part of that.
	 */
	if (m.npkts > back && qp->r.op)
		return;
	if (m.dlen && !mr_allows(qp, m.rkey, m.va, m.dlen, IB_ACCESS_REMOTE_READ)) {
		answer_failure(qp, pkt->psn, SR_ACCESS, n);
		return;
	}
	if (m.npkts > back)
		qp->r.epsn = sr_psn_add(pkt->psn, m.npkts);
	begin_read(qp, &m, pkt->psn);
	answer_read(qp, sl, n);
}

static void duplicate(struct sr_qp *qp, struct sk_buff *skb, struct sr_slice *sl,
		      struct ndk_notify *n)
{
	struct sr_pkt *pkt = sr_pkt(skb);

	ndk_count(qp->nqp, NDK_STAT_DUPLICATES, 1);
	if (pkt->flags & SR_OP_READ)
		duplicate_read(qp, skb, sl, n);
	else if (pkt->flags & SR_OP_ATOMIC)
		duplicate_atomic(qp, pkt->psn);
	else if (pkt->flags & SR_OP_AWRITE)
		send_atomic_write_ack(qp, pkt->psn);
	else if (pkt->ackreq || pkt->flags & SR_OP_LAST)
		send_positive_ack(qp);
}

static void gap(struct sr_qp *qp)
{
	if (qp->r.nak_sent) {
		ndk_count(qp->nqp, NDK_STAT_DROP_SEQUENCE, 1);
		return;
	}
	qp->r.nak_sent = true;
	ndk_count(qp->nqp, NDK_STAT_NAK_SEQ_SENT, 1);
	send_nak(qp, qp->r.epsn, SR_NAK_PSN_SEQ);
}

static enum sr_result atomic_write(struct sr_qp *qp, struct sk_buff *skb, const struct sr_msg *m)
{
	u64 value;

	if (m->len != sizeof(value) || m->dlen != sizeof(value))
		return SR_INV_REQ;
	if (skb_copy_bits(skb, sr_pkt(skb)->data, &value, sizeof(value)))
		return SR_INV_REQ;
	return sr_resp_atomic_write(qp, m, value);
}

/* Carries out the request that was expected next. */
static void execute(struct sr_qp *qp, struct sk_buff *skb, struct sr_slice *sl,
		    struct ndk_notify *n)
{
	struct sr_pkt *pkt = sr_pkt(skb);
	struct sr_recv *r = &qp->r;
	enum sr_result res;
	struct sr_msg m;
	u64 orig = 0;

	sr_resp_get_msg(skb, &m);
	if (pkt->flags & SR_OP_READ) {
		res = sr_resp_read_check(qp, &m);
		m.npkts = read_packets(qp, m.dlen);
	} else if (pkt->flags & SR_OP_ATOMIC) {
		res = sr_resp_atomic(qp, &m, pkt->psn, &orig);
	} else if (pkt->flags & SR_OP_AWRITE) {
		res = atomic_write(qp, skb, &m);
	} else {
		res = sr_resp_payload_fits(qp, pkt) ? sr_resp_data(qp, &m, n) : SR_INV_REQ;
	}
	if (res != SR_DONE) {
		answer_failure(qp, pkt->psn, res, n);
		return;
	}
	r->epsn = sr_psn_add(pkt->psn, m.npkts);
	if (pkt->flags & SR_OP_READ) {
		r->msn++;
		begin_read(qp, &m, pkt->psn);
		answer_read(qp, sl, n);
	} else if (pkt->flags & SR_OP_ATOMIC) {
		send_atomic_ack(qp, pkt->psn, orig);
	} else if (pkt->flags & SR_OP_AWRITE) {
		send_atomic_write_ack(qp, pkt->psn);
	} else if (pkt->ackreq) {
		send_positive_ack(qp);
	}
}

static void process(struct sr_qp *qp, struct sk_buff *skb, struct sr_slice *sl,
		    struct ndk_notify *n)
{
	s32 diff = sr_psn_cmp(sr_pkt(skb)->psn, qp->r.epsn);

	sr_resp_established(qp, n);
	sl->packets--;
	sl->bytes -= sr_pkt(skb)->payload;
	if (diff > 0) {
		gap(qp);
	} else if (diff < 0) {
		duplicate(qp, skb, sl, n);
	} else {
		qp->r.nak_sent = false;
		execute(qp, skb, sl, n);
	}
}

static void hold_back(struct sr_qp *qp, struct sk_buff *skb)
{
	if (skb_queue_len(&qp->r.backlog) >= SR_BACKLOG) {
		ndk_count(qp->nqp, NDK_STAT_DROP_BACKLOG, 1);
		kfree_skb(skb);
		return;
	}
	/* neither may be touched once this softirq is over */
	skb_dst_drop(skb);
	skb->dev = NULL;
	__skb_queue_tail(&qp->r.backlog, skb);
}

/**
 * sr_resp_packet() - a packet for the responder
 * @qp: the QP
 * @skb: the packet, taken over
 * @n: collects events
 */
void sr_resp_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n)
{
	struct sr_slice sl;

	/* an error may have come between the look-up and the lock */
	if (!sr_qp_can_receive(qp)) {
		ndk_count(qp->nqp, NDK_STAT_DROP_QP_STATE, 1);
		kfree_skb(skb);
		return;
	}
	if (qp->type != IB_QPT_RC) {
		if (qp->type == IB_QPT_UC)
			sr_uc_packet(qp, skb, n);
		else
			sr_ud_packet(qp, skb, n);
		napi_consume_skb(skb, 1);
		return;
	}
	if (qp->r.rd_left || !skb_queue_empty(&qp->r.backlog)) {
		hold_back(qp, skb);
		return;
	}
	sr_slice_init(&sl);
	process(qp, skb, &sl, n);
	napi_consume_skb(skb, 1);
	if (qp->r.rd_left)
		sr_qp_kick(qp);
}

/**
 * sr_resp_continue() - go on with a READ, then with what waited behind it
 * @qp: the QP
 * @n: collects events
 */
void sr_resp_continue(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_recv *r = &qp->r;
	struct sr_slice sl;
	struct sk_buff *skb;

	sr_slice_init(&sl);
	answer_read(qp, &sl, n);
	while (!r->rd_left && !sr_slice_over(&sl) && sr_qp_can_receive(qp) &&
	       (skb = __skb_dequeue(&r->backlog))) {
		process(qp, skb, &sl, n);
		napi_consume_skb(skb, 1);
	}
	if (sr_qp_can_receive(qp) && (r->rd_left || !skb_queue_empty(&r->backlog)))
		sr_qp_kick(qp);
}
