// SPDX-License-Identifier: GPL-2.0
/*
 * The direct path: peer and requester are QPs of the same device, nothing of
 * theirs is on the wire, so the request is carried out here and now, memory to
 * memory, with the peer's completion made by the poster.
 *
 * Both sides' packet numbers move as if packets had flown, in slices of whole
 * packets. So after any slice either side may go on by wire: the direct path
 * is an optimisation between two packets, not a mode of the connection.
 */
#include "softroce.h"

/* The QP that packets would reach, as far as numbers tell. */
static struct sr_qp *find_peer(struct sr_qp *qp)
{
	struct sr_qp *peer = sr_qp_find(qp->dev->sn, qp->dest_qpn);

	if (!peer || peer->dev != qp->dev || peer->dest_qpn != sr_qpn(qp) ||
	    peer->nqp->ibqp.qp_type != IB_QPT_RC)
		return NULL;
	return peer;
}

/*
 * May @peer, its r.lock held, be reached directly now? Addresses decide too:
 * the peer must be who packets would reach.
 */
static bool peer_ready(const struct sr_qp *qp, const struct sr_qp *peer)
{
	return sr_qp_can_receive(peer) && !peer->dead && peer->mtu == qp->mtu &&
	       peer->r.epsn == qp->s.next_psn && !peer->r.rd_left &&
	       skb_queue_empty(&peer->r.backlog) &&
	       ipv6_addr_equal(&peer->av.src, &qp->av.dst) &&
	       ipv6_addr_equal(&peer->av.dst, &qp->av.src);
}

/* The part of @wqe that this turn carries out. */
struct part {
	u32 off;
	u32 len;
	u32 npkts;
	bool first;
	bool last;
};

static void next_part(struct sr_qp *qp, const struct ndk_swqe *wqe, struct sr_slice *sl,
		      struct part *p)
{
	u32 psn = qp->s.next_psn, room = max_t(u32, sl->bytes, qp->mtu) >> qp->mtu_shift;

	p->first = psn == wqe->first_psn;
	p->off = sr_psn_dist(psn, wqe->first_psn) << qp->mtu_shift;
	p->npkts = min(sr_psn_dist(wqe->last_psn, psn) + 1, room);
	p->last = sr_psn_add(psn, p->npkts - 1) == wqe->last_psn;
	p->len = p->last ? wqe->length - p->off : p->npkts << qp->mtu_shift;
}

static u16 data_flags(const struct ndk_swqe *wqe, const struct part *p)
{
	u16 flags = (p->first ? SR_OP_FIRST : 0) | (p->last ? SR_OP_LAST : 0);

	switch (wqe->opcode) {
	case IB_WR_SEND_WITH_INV:
		return flags | SR_OP_SEND | (p->last ? SR_OP_INV : 0);
	case IB_WR_SEND_WITH_IMM:
		flags |= p->last ? SR_OP_IMM : 0;
		fallthrough;
	case IB_WR_SEND:
		return flags | SR_OP_SEND;
	case IB_WR_RDMA_WRITE_WITH_IMM:
		flags |= p->last ? SR_OP_IMM : 0;
		fallthrough;
	default:
		return flags | SR_OP_WRITE;
	}
}

static enum sr_result do_data(struct sr_qp *qp, struct sr_qp *peer, const struct ndk_swqe *wqe,
			      const struct part *p, struct ndk_notify *n)
{
	struct sr_msg m;

	m.flags = data_flags(wqe, p);
	m.solicited = p->last && wqe->flags & IB_SEND_SOLICITED;
	m.npkts = p->npkts;
	m.len = p->len;
	m.va = wqe->remote_addr;
	m.rkey = wqe->rkey;
	m.dlen = wqe->length;
	m.imm = wqe->imm;
	m.inv_rkey = wqe->inv_rkey;
	m.src.skb = NULL;
	m.src.buf = NULL;
	if (wqe->flags & IB_SEND_INLINE)
		m.src.buf = wqe->inline_data + p->off;
	else
		sr_cur_init(&m.src.cur, qp, wqe->sge, wqe->num_sge, p->off, 0);
	return sr_resp_data(peer, &m, n);
}

static enum sr_result do_read(struct sr_qp *qp, struct sr_qp *peer, const struct ndk_swqe *wqe,
			      const struct part *p)
{
	struct ib_sge sge = {
		.addr = wqe->remote_addr + p->off,
		.length = p->len,
		.lkey = wqe->rkey,
	};
	struct sr_msg m = {
		.va = wqe->remote_addr + p->off,
		.rkey = wqe->rkey,
		.dlen = wqe->length - p->off,
	};
	struct sr_src src = { };
	enum sr_result res;
	struct sr_cur dst;

	res = sr_resp_read_check(peer, &m);
	if (res != SR_DONE)
		return res;
	sr_cur_init(&src.cur, peer, &sge, 1, 0, IB_ACCESS_REMOTE_READ);
	sr_cur_init(&dst, qp, wqe->sge, wqe->num_sge, p->off, IB_ACCESS_LOCAL_WRITE);
	switch (sr_place(&dst, &src, p->len)) {
	case 0:
		if (p->last)
			peer->r.msn++;
		return SR_DONE;
	case -EIO:
		/* the key went between check and copy */
		return SR_ACCESS;
	default:
		return SR_SRC;
	}
}

static enum sr_result do_atomic(struct sr_qp *qp, struct sr_qp *peer,
				const struct ndk_swqe *wqe)
{
	bool cas = wqe->opcode == IB_WR_ATOMIC_CMP_AND_SWP;
	struct sr_msg m = {
		.va = wqe->remote_addr,
		.rkey = wqe->rkey,
		.cas = cas,
		.swap_add = cas ? wqe->swap : wqe->compare_add,
		.compare = wqe->compare_add,
	};
	u64 orig;
	struct sr_src src = { .buf = &orig };
	enum sr_result res;
	struct sr_cur dst;

	res = sr_resp_atomic(peer, &m, qp->s.next_psn, &orig);
	if (res != SR_DONE)
		return res;
	sr_cur_init(&dst, qp, wqe->sge, wqe->num_sge, 0, IB_ACCESS_LOCAL_WRITE);
	return sr_place(&dst, &src, sizeof(orig)) ? SR_SRC : SR_DONE;
}

static enum sr_result do_atomic_write(struct sr_qp *peer, const struct ndk_swqe *wqe)
{
	struct sr_msg m = { .va = wqe->remote_addr, .rkey = wqe->rkey };
	u64 value;

	memcpy(&value, wqe->inline_data, sizeof(value));
	return sr_resp_atomic_write(peer, &m, value);
}

static void move_on(struct sr_qp *qp, struct sr_qp *peer, const struct part *p)
{
	struct sr_send *s = &qp->s;

	s->next_psn = sr_psn_add(s->next_psn, p->npkts);
	s->una_psn = s->next_psn;
	s->hi_psn = s->next_psn;
	peer->r.epsn = s->next_psn;
	peer->r.nak_sent = false;
	if (p->last) {
		s->cur++;
		s->una = s->cur;
	}
}

static enum sr_result carry_out(struct sr_qp *qp, struct sr_qp *peer, struct sr_slice *sl,
				struct ndk_notify *n)
{
	const struct ndk_swqe *wqe = ndk_sq_wqe(qp->nqp, qp->s.cur);
	enum sr_result res;
	struct part p;

	if (sr_wr_is_atomic(wqe->opcode)) {
		p = (struct part){ .len = sizeof(u64), .npkts = 1, .first = true, .last = true };
		res = do_atomic(qp, peer, wqe);
	} else if (sr_wr_is_atomic_write(wqe->opcode)) {
		p = (struct part){ .len = sizeof(u64), .npkts = 1, .first = true, .last = true };
		res = do_atomic_write(peer, wqe);
	} else {
		next_part(qp, wqe, sl, &p);
		res = sr_wr_is_read(wqe->opcode) ? do_read(qp, peer, wqe, &p) :
						   do_data(qp, peer, wqe, &p, n);
	}
	if (res != SR_DONE)
		return res;
	move_on(qp, peer, &p);
	sl->packets--;
	sl->bytes -= p.len;
	return SR_DONE;
}

/* What the requester hears, the peer's r.lock dropped. */
static void failed(struct sr_qp *qp, enum sr_result res, u8 rnr, struct ndk_notify *n)
{
	switch (res) {
	case SR_RNR:
		sr_req_rnr(qp, rnr, n);
		break;
	case SR_INV_REQ:
	case SR_LEN:
		sr_req_fail(qp, IB_WC_REM_INV_REQ_ERR, n);
		break;
	case SR_ACCESS:
		sr_req_fail(qp, IB_WC_REM_ACCESS_ERR, n);
		break;
	case SR_REM_OP:
		sr_req_fail(qp, IB_WC_REM_OP_ERR, n);
		break;
	default:
		sr_req_fail(qp, IB_WC_LOC_PROT_ERR, n);
		break;
	}
}

/* What the peer learns, under its r.lock. */
static void tell_peer(struct sr_qp *peer, enum sr_result res, struct ndk_notify *n)
{
	switch (res) {
	case SR_SRC:
		break;
	case SR_RNR:
		ndk_count(peer->nqp, NDK_STAT_RNR_NAK_SENT, 1);
		break;
	default:
		sr_resp_error(peer, res, n);
		break;
	}
}

/* Is there another request that may go the same way? It has its PSNs after this. */
static bool next_request(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;

	if (s->cur != s->started)
		return !ndk_wr_is_local(ndk_sq_wqe(qp->nqp, s->cur)->opcode);
	/* pairs with the release in sr_doorbell() */
	if (s->cur == smp_load_acquire(&s->end))
		return false;
	return sr_req_start(qp, ndk_sq_wqe(qp->nqp, s->cur));
}

/**
 * sr_local_run() - carry out requests directly, if possible
 * @qp: the requester; the request at @cur has its PSNs, nothing is in flight
 * @sl: the turn
 * @n: collects events
 *
 * Return: false if the request has to go by wire.
 */
bool sr_local_run(struct sr_qp *qp, struct sr_slice *sl, struct ndk_notify *n)
{
	u32 first = qp->s.una, una_psn = qp->s.una_psn, done;
	struct sr_qp *peer = find_peer(qp);
	enum sr_result res;
	int bytes = sl->bytes;
	u8 rnr;

	if (!peer)
		return false;
	spin_lock(&peer->r.lock);
	if (!peer_ready(qp, peer)) {
		spin_unlock(&peer->r.lock);
		return false;
	}
	sr_resp_established(peer, n);
	do {
		res = carry_out(qp, peer, sl, n);
	} while (res == SR_DONE && !sr_slice_over(sl) && next_request(qp));
	if (res != SR_DONE)
		tell_peer(peer, res, n);
	rnr = peer->min_rnr;
	spin_unlock(&peer->r.lock);

	done = qp->s.una - first;
	/* progress alone gives the retries back: not a receiver found not ready */
	if (qp->s.una_psn != una_psn)
		sr_req_advanced(qp);
	if (done) {
		ndk_sq_complete(qp->nqp, qp->s.una, n);
		ndk_count(qp->nqp, NDK_STAT_LOCAL_REQUESTS, done);
	}
	ndk_count(qp->nqp, NDK_STAT_LOCAL_BYTES, bytes - sl->bytes);
	sr_req_drained(qp, n);
	if (res != SR_DONE)
		failed(qp, res, rnr, n);
	return true;
}
