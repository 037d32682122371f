// SPDX-License-Identifier: GPL-2.0
/*
 * The completer: acknowledges and responses, as the requester hears them.
 */
#include "softroce.h"

static struct ndk_swqe *oldest(struct sr_qp *qp)
{
	return ndk_sq_wqe(qp->nqp, qp->s.una);
}

/* Everything before @psn arrived. Returns false if a response is missing. */
static bool ack_before(struct sr_qp *qp, u32 psn)
{
	struct sr_send *s = &qp->s;

	while (s->una_psn != psn) {
		struct ndk_swqe *wqe = oldest(qp);

		/* the acknowledge of a READ or atomic is its response */
		if (sr_wr_is_owed(wqe->opcode))
			return false;
		if (sr_psn_cmp(psn, wqe->last_psn) <= 0) {
			s->una_psn = psn;
			return true;
		}
		s->una_psn = sr_psn_add(wqe->last_psn, 1);
		s->una++;
		sr_keys_pass(qp);
	}
	return true;
}

/* Publishes what ack_before() and others did. */
static void advance(struct sr_qp *qp, u32 una, u32 una_psn, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	if (s->una_psn == una_psn)
		return;
	sr_req_advanced(qp);
	if (s->una == una)
		return;
	ndk_sq_complete(qp->nqp, s->una, n);
	sr_req_drained(qp, n);
}

/*
 * A response got lost: the peer acknowledges what follows it. Ask again, once
 * until something comes, since what is still on its way shows the same gap.
 */
static void response_lost(struct sr_qp *qp)
{
	if (qp->s.rd_gap)
		return;
	qp->s.rd_gap = true;
	sr_req_rewind(qp);
}

static void seq_nak(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	ndk_count(qp->nqp, NDK_STAT_NAK_SEQ_RCVD, 1);
	/* the peer drops all behind the gap: have less there next time */
	s->window = max(s->window / 2, SR_WINDOW_MIN);
	if (!s->retry) {
		sr_req_fail(qp, IB_WC_RETRY_EXC_ERR, n);
		return;
	}
	s->retry--;
	sr_req_rewind(qp);
}

static void nak(struct sr_qp *qp, u8 code, struct ndk_notify *n)
{
	switch (code) {
	case SR_NAK_PSN_SEQ:
		seq_nak(qp, n);
		break;
	case SR_NAK_INV_REQ:
		ndk_count(qp->nqp, NDK_STAT_NAK_INV_REQ_RCVD, 1);
		sr_req_fail(qp, IB_WC_REM_INV_REQ_ERR, n);
		break;
	case SR_NAK_REM_ACCESS:
		ndk_count(qp->nqp, NDK_STAT_NAK_ACCESS_RCVD, 1);
		sr_req_fail(qp, IB_WC_REM_ACCESS_ERR, n);
		break;
	case SR_NAK_REM_OP:
		ndk_count(qp->nqp, NDK_STAT_NAK_OP_RCVD, 1);
		sr_req_fail(qp, IB_WC_REM_OP_ERR, n);
		break;
	default:
		/* reserved syndrome: not ours to act on */
		ndk_count(qp->nqp, NDK_STAT_DROP_OPCODE, 1);
		break;
	}
}

static void acknowledge(struct sr_qp *qp, u32 psn, u8 syndrome, struct ndk_notify *n)
{
	u8 type = syndrome & SR_AETH_TYPE_MASK, value = syndrome & SR_AETH_VALUE_MASK;
	u32 una = qp->s.una, una_psn = qp->s.una_psn;
	bool whole;

	/* an ACK covers its own PSN, a NAK what is before it */
	whole = ack_before(qp, type == SR_AETH_ACK ? sr_psn_add(psn, 1) : psn);
	advance(qp, una, una_psn, n);

	switch (type) {
	case SR_AETH_ACK:
		if (!whole)
			response_lost(qp);
		break;
	case SR_AETH_RNR_NAK:
		if (!whole)
			response_lost(qp);
		else if (!qp->s.rnr_wait)
			sr_req_rnr(qp, value, n);
		break;
	case SR_AETH_NAK:
		/* behind a response that is still to come: that one first */
		if (!whole && value == SR_NAK_PSN_SEQ)
			response_lost(qp);
		else
			nak(qp, value, n);
		break;
	default:
		ndk_count(qp->nqp, NDK_STAT_DROP_OPCODE, 1);
		break;
	}
}

/* What the response at @psn must bring; it is the oldest outstanding packet. */
static u32 read_expects(const struct sr_qp *qp, const struct ndk_swqe *wqe, u32 psn)
{
	u32 off = sr_psn_dist(psn, wqe->first_psn) << qp->mtu_shift;

	return min(qp->mtu, wqe->length - off);
}

static void read_response(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n)
{
	struct sr_pkt *pkt = sr_pkt(skb);
	struct sr_src src = { .skb = skb, .off = pkt->data };
	struct ndk_swqe *wqe = oldest(qp);
	u32 una = qp->s.una, una_psn = qp->s.una_psn;
	struct sr_cur dst;

	if (sr_wr_is_atomic_write(wqe->opcode) && !pkt->payload) {
		qp->s.una_psn = sr_psn_add(wqe->last_psn, 1);
		qp->s.una++;
		advance(qp, una, una_psn, n);
		return;
	}
	if (!sr_wr_is_read(wqe->opcode) || pkt->payload != read_expects(qp, wqe, pkt->psn)) {
		sr_req_fail(qp, IB_WC_BAD_RESP_ERR, n);
		return;
	}
	sr_cur_init(&dst, qp, wqe->sge, wqe->num_sge,
		    sr_psn_dist(pkt->psn, wqe->first_psn) << qp->mtu_shift,
		    IB_ACCESS_LOCAL_WRITE);
	if (sr_place(&dst, &src, pkt->payload)) {
		sr_req_fail(qp, IB_WC_LOC_PROT_ERR, n);
		return;
	}
	qp->s.una_psn = sr_psn_add(pkt->psn, 1);
	if (pkt->psn == wqe->last_psn) {
		qp->s.una++;
		sr_keys_pass(qp);
	}
	advance(qp, una, una_psn, n);
}

static void atomic_response(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n)
{
	struct sr_atomic_ack *ack = (void *)(sr_pkt_bth(skb) + 1) + sizeof(struct sr_aeth);
	u64 orig = be64_to_cpu(ack->orig);
	struct sr_src src = { .buf = &orig };
	struct ndk_swqe *wqe = oldest(qp);
	u32 una = qp->s.una, una_psn = qp->s.una_psn;
	struct sr_cur dst;

	if (!sr_wr_is_atomic(wqe->opcode)) {
		sr_req_fail(qp, IB_WC_BAD_RESP_ERR, n);
		return;
	}
	sr_cur_init(&dst, qp, wqe->sge, wqe->num_sge, 0, IB_ACCESS_LOCAL_WRITE);
	if (sr_place(&dst, &src, sizeof(orig))) {
		sr_req_fail(qp, IB_WC_LOC_PROT_ERR, n);
		return;
	}
	qp->s.una_psn = sr_psn_add(wqe->last_psn, 1);
	qp->s.una++;
	sr_keys_pass(qp);
	advance(qp, una, una_psn, n);
}

static u8 syndrome_of(struct sk_buff *skb)
{
	const struct sr_aeth *aeth = (struct sr_aeth *)(sr_pkt_bth(skb) + 1);

	return be32_to_cpu(aeth->smsn) >> SR_AETH_SYN_SHIFT;
}

static void response(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n)
{
	u32 una = qp->s.una, una_psn = qp->s.una_psn;
	struct sr_pkt *pkt = sr_pkt(skb);
	bool whole = ack_before(qp, pkt->psn);

	advance(qp, una, una_psn, n);
	if (!whole)
		response_lost(qp);
	else if (pkt->flags & SR_OP_READ)
		read_response(qp, skb, n);
	else
		atomic_response(qp, skb, n);
}

/**
 * sr_comp_packet() - a packet for the requester
 * @qp: the QP
 * @skb: the packet, stays the caller's
 * @n: collects events
 */
void sr_comp_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n)
{
	struct sr_pkt *pkt = sr_pkt(skb);
	struct sr_send *s = &qp->s;

	if (!sr_qp_can_send(qp)) {
		ndk_count(qp->nqp, NDK_STAT_DROP_QP_STATE, 1);
		return;
	}
	/* old news, or an answer to what was never asked */
	if (sr_psn_cmp(pkt->psn, s->una_psn) < 0) {
		ndk_count(qp->nqp, NDK_STAT_DUPLICATES, 1);
		return;
	}
	if (sr_psn_cmp(pkt->psn, s->hi_psn) >= 0) {
		ndk_count(qp->nqp, NDK_STAT_DROP_SEQUENCE, 1);
		return;
	}
	if (pkt->flags & (SR_OP_READ | SR_OP_ATOMIC))
		response(qp, skb, n);
	else
		acknowledge(qp, pkt->psn, syndrome_of(skb), n);
	if (sr_qp_can_send(qp))
		sr_req_run(qp, n);
}
