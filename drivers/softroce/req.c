// SPDX-License-Identifier: GPL-2.0
/*
 * The requester: turns indicated requests into packets, within a window of
 * packet numbers, and goes back when the peer says or time tells.
 *
 * A request gets its packet numbers when it is started (@started moves). What
 * lies between @una_psn and @hi_psn is in flight. To go back, @next_psn and
 * @cur return to the oldest unacknowledged packet; sending then picks up in
 * the middle of that request, a READ asks for what is still missing.
 */
#include <ndk/trace.h>

#include "softroce.h"
#include "timing.h"

static u32 npackets(const struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	if (sr_wr_is_atomic(wqe->opcode) || !wqe->length)
		return 1;
	return (wqe->length + qp->mtu - 1) >> qp->mtu_shift;
}

/**
 * sr_req_arm() - see that the ACK timer runs
 * @qp: the QP
 *
 * The timer is not moved when packets come and go: it looks whether anything
 * was acknowledged since it looked last. A loss is noticed after one to two
 * timeouts, which IBTA allows (up to four).
 */
void sr_req_arm(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;

	if (s->armed || !s->timeout_ns || qp->dead)
		return;
	s->armed = true;
	s->seen_psn = s->una_psn;
	hrtimer_start(&s->timer, ns_to_ktime(s->timeout_ns), HRTIMER_MODE_REL_SOFT);
}

/**
 * sr_req_rewind() - go back to the oldest unacknowledged packet
 * @qp: the QP
 */
void sr_req_rewind(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;

	s->next_psn = s->una_psn;
	s->cur = s->una;
	s->rd_n = 0;
	s->unasked = 0;
}

/**
 * sr_req_advanced() - @una or @una_psn moved
 * @qp: the QP
 *
 * Progress: the retry counts start anew, and what was acknowledged needs not
 * be sent (again).
 */
void sr_req_advanced(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;

	s->retry = qp->attr_retry;
	s->rnr_retry = qp->attr_rnr_retry;
	s->rd_gap = false;
	s->window = min(2 * s->window, SR_WINDOW);
	if (sr_psn_cmp(s->next_psn, s->una_psn) < 0)
		s->next_psn = s->una_psn;
	if ((s32)(s->cur - s->una) < 0)
		s->cur = s->una;
	while (s->rd_n && sr_psn_cmp(s->rd[s->rd_tail].last, s->una_psn) < 0) {
		s->rd_tail = (s->rd_tail + 1) % s->rd_size;
		s->rd_n--;
	}
}

/* Without a connection the peer is none the worse: receiving goes on. */
static void stop_sends(struct sr_qp *qp, struct ndk_notify *n)
{
	ndk_qp_enter_error(qp->nqp, true);
	sr_qp_flush_sends(qp, n);
}

/**
 * sr_req_fail() - the oldest request failed, and the QP with it
 * @qp: the QP
 * @status: outcome of that request
 * @n: collects events
 */
void sr_req_fail(struct sr_qp *qp, enum ib_wc_status status, struct ndk_notify *n)
{
	ibdev_dbg(&qp->dev->nic->ibdev, "QP %u: request failed: %s\n", sr_qpn(qp),
		  ib_wc_status_msg(status));
	/* the unreliable ones report in batches: what is before is done */
	if (qp->type != IB_QPT_RC)
		ndk_sq_complete(qp->nqp, qp->s.una, n);
	ndk_sq_fail(qp->nqp, status, n);
	if (qp->type != IB_QPT_RC && cmpxchg(&qp->state, IB_QPS_RTS, IB_QPS_SQE) == IB_QPS_RTS)
		stop_sends(qp, n);
	else
		sr_qp_fail_locked(qp, n);
}

/**
 * sr_req_drained() - raise the event SQD promised, once nothing is in flight
 * @qp: the QP
 * @n: collects events
 */
void sr_req_drained(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	if (!s->drain || s->una != s->started || qp->state != IB_QPS_SQD)
		return;
	s->drain = false;
	ndk_notify_event(n, qp->nqp, IB_EVENT_SQ_DRAINED);
}

/**
 * sr_req_rnr() - the peer had no receive request
 * @qp: the QP
 * @code: timer code it asks for
 * @n: collects events
 *
 * Return: false if the QP went to error.
 */
bool sr_req_rnr(struct sr_qp *qp, u8 code, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	ndk_count(qp->nqp, NDK_STAT_RNR_NAK_RCVD, 1);
	/* seven means for ever */
	if (qp->attr_rnr_retry != 7) {
		if (!s->rnr_retry) {
			sr_req_fail(qp, IB_WC_RNR_RETRY_EXC_ERR, n);
			return false;
		}
		s->rnr_retry--;
	}
	sr_req_rewind(qp);
	if (qp->dead)
		return false;
	s->rnr_wait = true;
	hrtimer_start(&s->rnr_timer, ns_to_ktime(sr_rnr_ns(code)), HRTIMER_MODE_REL_SOFT);
	return true;
}

/**
 * sr_req_refuse() - the request at @cur cannot be carried out
 * @qp: the QP
 * @status: its outcome, once it is the oldest
 * @n: collects events
 */
void sr_req_refuse(struct sr_qp *qp, enum ib_wc_status status, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	if (s->una == s->cur) {
		sr_req_fail(qp, status, n);
		return;
	}
	s->bad = true;
	s->bad_index = s->cur;
	s->bad_status = status;
	/*
	 * The last packets in flight may not have asked for an acknowledge,
	 * since more was to follow. Sent again, they do.
	 */
	sr_req_rewind(qp);
}

/**
 * sr_req_may_start() - is it this request's turn
 * @qp: the QP, @cur is the request and was not started
 * @wqe: the request
 *
 * Return: false if it has to wait.
 */
bool sr_req_may_start(struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	if (qp->state == IB_QPS_SQD)
		return false;
	return !(wqe->flags & IB_SEND_FENCE && qp->s.rd_n);
}

/* Do we speak this request, and did the peers agree on its kind? */
static bool known(const struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	if (sr_wr_is_owed(wqe->opcode) && !qp->s.rd_size)
		return false;
	return sr_request_opcode(wqe->opcode, true, true) >= 0;
}

/**
 * sr_req_start() - give a request its packet numbers
 * @qp: the QP, @cur is the request and has none yet
 * @wqe: the request
 *
 * Return: false if it has to wait, or can never be sent.
 */
bool sr_req_start(struct sr_qp *qp, struct ndk_swqe *wqe)
{
	struct sr_send *s = &qp->s;

	if (!sr_req_may_start(qp, wqe) || !known(qp, wqe))
		return false;
	wqe->first_psn = s->new_psn;
	wqe->last_psn = sr_psn_add(s->new_psn, npackets(qp, wqe) - 1);
	s->new_psn = sr_psn_add(wqe->last_psn, 1);
	s->started++;
	return true;
}

/*
 * An acknowledge is half the cost of a small message, so it is asked for when
 * somebody waits for it: at the end of a chain with a signalled request in it.
 * An unsignalled end is covered by whatever is posted next; if nothing is, the
 * ACK timer asks (see ask()). The last packet of a turn asks too: its answer
 * starts the next turn.
 */
static bool wants_ack(struct sr_qp *qp, const struct ndk_swqe *wqe, u32 psn,
		      const struct sr_slice *sl)
{
	struct sr_send *s = &qp->s;

	if (qp->type == IB_QPT_UC)
		return false;
	/* often enough, and with the last packet that the window lets out */
	if (++s->unasked >= SR_ACK_EVERY || sr_psn_dist(psn, s->una_psn) + 1 >= s->window)
		return true;
	if (sl->packets <= 1 || sl->bytes <= (int)qp->mtu)
		return true;
	if (psn != wqe->last_psn)
		return false;
	s->ack_owed |= wqe->signaled;
	/* nothing may follow, or sent again */
	if (s->bad || qp->state == IB_QPS_SQD || sr_psn_cmp(psn, s->hi_psn) < 0)
		return true;
	/* pairs with the release in sr_doorbell() */
	return sr_keys_wait(qp, smp_load_acquire(&s->end));
}

static void asked(struct sr_send *s)
{
	s->unasked = 0;
	s->ack_owed = false;
}

/* The source of a SEND's or WRITE's payload, @off bytes in. */
static int fetch_payload(struct sr_qp *qp, const struct ndk_swqe *wqe, u32 off, void *to,
			 u32 len)
{
	struct sr_cur c;

	if (wqe->flags & IB_SEND_INLINE) {
		memcpy(to, wqe->inline_data + off, len);
		return 0;
	}
	sr_cur_init(&c, qp, wqe->sge, wqe->num_sge, off, 0);
	return sr_fetch(&c, to, len);
}

static void put_reth(struct sr_bth *bth, u64 va, u32 rkey, u32 len)
{
	struct sr_reth *reth = (struct sr_reth *)(bth + 1);

	reth->va = cpu_to_be64(va);
	reth->rkey = cpu_to_be32(rkey);
	reth->len = cpu_to_be32(len);
}

/* One packet of a SEND or WRITE. Returns its payload or a negative errno. */
static int send_data(struct sr_qp *qp, const struct ndk_swqe *wqe, u32 psn,
		     const struct sr_slice *sl)
{
	u32 off = sr_psn_dist(psn, wqe->first_psn) << qp->mtu_shift;
	u32 len = min(qp->mtu, wqe->length - off);
	bool last = psn == wqe->last_psn;
	int op = sr_request_opcode(wqe->opcode, psn == wqe->first_psn, last);
	const struct sr_opinfo *info;
	struct sr_bth *bth;
	struct sk_buff *skb;
	bool ackreq;
	u8 *data;

	info = sr_opinfo(op);
	skb = sr_tx_new(qp, &qp->av, info->hdr_len, len, &bth);
	if (!skb)
		return -ENOMEM;
	data = (u8 *)bth + info->hdr_len;
	if (fetch_payload(qp, wqe, off, data, len)) {
		kfree_skb(skb);
		return -EFAULT;
	}
	ackreq = wants_ack(qp, wqe, psn, sl);
	if (ackreq)
		asked(&qp->s);
	sr_tx_bth(qp, bth, op, psn, len, ackreq, last && wqe->flags & IB_SEND_SOLICITED);
	if (info->flags & SR_OP_RETH)
		put_reth(bth, wqe->remote_addr, wqe->rkey, wqe->length);
	if (info->flags & SR_OP_IMM)
		((struct sr_imm *)(data - sizeof(struct sr_imm)))->data = wqe->imm;
	if (info->flags & SR_OP_INV)
		((struct sr_ieth *)(data - sizeof(struct sr_ieth)))->rkey =
			cpu_to_be32(wqe->inv_rkey);
	sr_tx_queue(qp, &qp->s.tx, skb, bth);
	return len;
}

/* Ask for @n packets of a READ, from @psn on. */
static int send_read(struct sr_qp *qp, const struct ndk_swqe *wqe, u32 psn, u32 n)
{
	u32 off = sr_psn_dist(psn, wqe->first_psn) << qp->mtu_shift;
	u32 len = min_t(u64, (u64)n << qp->mtu_shift, wqe->length - off);
	struct sr_bth *bth;
	struct sk_buff *skb;

	skb = sr_tx_new(qp, &qp->av, sr_opinfo(SR_READ_REQUEST)->hdr_len, 0, &bth);
	if (!skb)
		return -ENOMEM;
	sr_tx_bth(qp, bth, SR_READ_REQUEST, psn, 0, true, false);
	put_reth(bth, wqe->remote_addr + off, wqe->rkey, len);
	sr_tx_queue(qp, &qp->s.tx, skb, bth);
	return 0;
}

static int send_atomic(struct sr_qp *qp, const struct ndk_swqe *wqe, u32 psn)
{
	u8 op = sr_request_opcode(wqe->opcode, true, true);
	struct sr_atomic_eth *eth;
	struct sr_bth *bth;
	struct sk_buff *skb;

	skb = sr_tx_new(qp, &qp->av, sr_opinfo(op)->hdr_len, 0, &bth);
	if (!skb)
		return -ENOMEM;
	sr_tx_bth(qp, bth, op, psn, 0, true, false);
	eth = (struct sr_atomic_eth *)(bth + 1);
	eth->va = cpu_to_be64(wqe->remote_addr);
	eth->rkey = cpu_to_be32(wqe->rkey);
	if (op == SR_COMPARE_SWAP) {
		eth->swap_add = cpu_to_be64(wqe->swap);
		eth->compare = cpu_to_be64(wqe->compare_add);
	} else {
		eth->swap_add = cpu_to_be64(wqe->compare_add);
		eth->compare = 0;
	}
	sr_tx_queue(qp, &qp->s.tx, skb, bth);
	return 0;
}

static int send_atomic_write(struct sr_qp *qp, const struct ndk_swqe *wqe, u32 psn)
{
	u32 hdr_len = sr_opinfo(SR_ATOMIC_WRITE)->hdr_len;
	struct sr_bth *bth;
	struct sk_buff *skb;

	skb = sr_tx_new(qp, &qp->av, hdr_len, sizeof(u64), &bth);
	if (!skb)
		return -ENOMEM;
	sr_tx_bth(qp, bth, SR_ATOMIC_WRITE, psn, sizeof(u64), true, false);
	put_reth(bth, wqe->remote_addr, wqe->rkey, sizeof(u64));
	memcpy((u8 *)bth + hdr_len, wqe->inline_data, sizeof(u64));
	sr_tx_queue(qp, &qp->s.tx, skb, bth);
	return 0;
}

static void owe(struct sr_send *s, u32 first, u32 n)
{
	struct sr_rd *rd = &s->rd[(s->rd_tail + s->rd_n) % s->rd_size];

	rd->first = first;
	rd->last = sr_psn_add(first, n - 1);
	s->rd_n++;
	asked(s);
}

/*
 * How many packets a READ may ask for now. A long READ is asked for in pieces
 * that fit the window: the responses are what the window has to bound.
 */
static u32 read_room(const struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	const struct sr_send *s = &qp->s;
	u32 want = min_t(u32, sr_psn_dist(wqe->last_psn, s->next_psn) + 1, s->window);
	u32 room = s->window - sr_psn_dist(s->next_psn, s->una_psn);

	/*
	 * Never two pieces of one READ at a time: asked for again after a loss,
	 * they would be one request that the peer has seen only half of.
	 */
	if (s->next_psn == s->hi_psn && s->next_psn != wqe->first_psn &&
	    s->next_psn != s->una_psn)
		return 0;
	if (sr_psn_cmp(s->next_psn, s->hi_psn) < 0)
		want = min(want, sr_psn_dist(s->hi_psn, s->next_psn));
	if (want <= room)
		return want;
	/* no crumbs: wait until half a window is free */
	return 2 * room >= s->window ? room : 0;
}

static void sent(struct sr_qp *qp, const struct ndk_swqe *wqe, u32 n)
{
	struct sr_send *s = &qp->s;

	if (sr_psn_cmp(s->next_psn, s->hi_psn) < 0) {
		ndk_count(qp->nqp, NDK_STAT_RETRANSMITS, 1);
		trace_ndk_retransmit(qp->nqp, s->next_psn, n);
	}
	s->next_psn = sr_psn_add(s->next_psn, n);
	if (sr_psn_cmp(s->next_psn, s->hi_psn) > 0)
		s->hi_psn = s->next_psn;
	if (s->next_psn == sr_psn_add(wqe->last_psn, 1))
		s->cur++;
	if (qp->type == IB_QPT_UC) {
		/* sent is done */
		s->una_psn = s->next_psn;
		s->una = s->cur;
		return;
	}
	sr_req_arm(qp);
}

/* A READ or atomic. Returns bytes it will bring, or a negative errno. */
static int send_owed(struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	struct sr_send *s = &qp->s;
	u32 psn = s->next_psn, n = 1;
	int err;

	if (s->rd_n >= s->rd_size)
		return -EAGAIN;
	if (sr_wr_is_read(wqe->opcode)) {
		n = read_room(qp, wqe);
		if (!n)
			return -EAGAIN;
		err = send_read(qp, wqe, psn, n);
	} else if (sr_wr_is_atomic_write(wqe->opcode)) {
		err = send_atomic_write(qp, wqe, psn);
	} else {
		err = send_atomic(qp, wqe, psn);
	}
	if (err)
		return err;
	owe(s, psn, n);
	sent(qp, wqe, n);
	return 0;
}

static int send_one(struct sr_qp *qp, const struct ndk_swqe *wqe, const struct sr_slice *sl)
{
	int len;

	if (sr_psn_dist(qp->s.next_psn, qp->s.una_psn) >= qp->s.window)
		return -EAGAIN;
	if (sr_wr_is_owed(wqe->opcode))
		return send_owed(qp, wqe);
	len = send_data(qp, wqe, qp->s.next_psn, sl);
	/* nobody waits for it to be tried again */
	if (len == -ENOMEM && qp->type == IB_QPT_UC)
		len = 0;
	if (len >= 0)
		sent(qp, wqe, 1);
	return len;
}

/* Sends one packet. Returns false if there is nothing more to do now. */
static bool send_step(struct sr_qp *qp, struct ndk_swqe *wqe, struct sr_slice *sl,
		      struct ndk_notify *n)
{
	int len = send_one(qp, wqe, sl);

	switch (len) {
	case -EAGAIN:
		return false;
	case -ENOMEM:
		/* as if lost; the timer tries again */
		sr_req_arm(qp);
		return false;
	case -EFAULT:
		sr_req_refuse(qp, IB_WC_LOC_PROT_ERR, n);
		return true;
	default:
		sl->packets--;
		sl->bytes -= len;
		return true;
	}
}

/* Nothing of ours is on the wire: the peer may be reached without one. */
static bool may_go_directly(const struct sr_qp *qp)
{
	const struct sr_send *s = &qp->s;

	return qp->type == IB_QPT_RC && READ_ONCE(qp->dev->direct) && s->una == s->cur &&
	       s->una_psn == s->next_psn && s->una_psn == s->hi_psn;
}

static bool step(struct sr_qp *qp, struct sr_slice *sl, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;
	struct ndk_swqe *wqe;

	if (!sr_qp_can_send(qp) || s->rnr_wait)
		return false;
	/* pairs with the release in sr_doorbell(): the slot is complete */
	if (s->cur == smp_load_acquire(&s->end))
		return false;
	if (s->bad && s->cur == s->bad_index) {
		if (s->una == s->cur)
			sr_req_fail(qp, s->bad_status, n);
		return false;
	}
	wqe = ndk_sq_wqe(qp->nqp, s->cur);
	if (ndk_wr_is_local(wqe->opcode))
		return sr_keys_run(qp, sl, n);
	if (s->cur == s->started) {
		if (!known(qp, wqe)) {
			sr_req_refuse(qp, IB_WC_LOC_QP_OP_ERR, n);
			return true;
		}
		if (!sr_req_start(qp, wqe))
			return false;
	}
	if (may_go_directly(qp) && sr_local_run(qp, sl, n))
		return true;
	return send_step(qp, wqe, sl, n);
}

static void run_connected(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_slice sl;

	sr_slice_init(&sl);
	while (step(qp, &sl, n)) {
		if (!sr_slice_over(&sl))
			continue;
		if (!sr_answer_due(&qp->s))
			sr_qp_kick(qp);
		return;
	}
}

/**
 * sr_req_run() - work on what is indicated, for one slice at most
 * @qp: the QP
 * @n: collects events
 */
void sr_req_run(struct sr_qp *qp, struct ndk_notify *n)
{
	if (READ_ONCE(qp->state) == IB_QPS_ERR) {
		sr_qp_fail_locked(qp, n);
		return;
	}
	if (READ_ONCE(qp->state) == IB_QPS_SQE) {
		sr_qp_flush_sends(qp, n);
		return;
	}
	if (sr_qp_is_ud(qp)) {
		sr_ud_run(qp, n);
		return;
	}
	run_connected(qp, n);
	if (qp->type == IB_QPT_UC && sr_qp_can_send(qp)) {
		ndk_sq_complete(qp->nqp, qp->s.una, n);
		sr_req_drained(qp, n);
	}
}

/* All is sent, and no packet since the last acknowledge has asked for one. */
static bool unasked_end(const struct sr_send *s)
{
	return s->unasked && s->cur == s->started && s->next_psn == s->hi_psn;
}

/**
 * sr_req_ask() - go back by one packet, which then asks for an acknowledge
 * @qp: the QP; that packet is data, and not acknowledged
 *
 * No retry is used up.
 */
void sr_req_ask(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;

	s->next_psn = sr_psn_add(s->hi_psn, SR_PSN_MASK);
	s->cur = s->started;
	do {
		s->cur--;
	} while (ndk_wr_is_local(ndk_sq_wqe(qp->nqp, s->cur)->opcode));
}

/*
 * A timeout may mean loss, or that the peer has not got to our packets yet.
 * Sending them all again would then double its load, time after time. So one
 * packet goes, asking; what the answer acknowledges opens the window again.
 */
static void timed_out(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	if (unasked_end(s)) {
		sr_req_ask(qp);
		sr_req_run(qp, n);
		return;
	}
	ndk_count(qp->nqp, NDK_STAT_TIMEOUTS, 1);
	if (!s->retry) {
		sr_req_fail(qp, IB_WC_RETRY_EXC_ERR, n);
		return;
	}
	s->retry--;
	s->rd_gap = false;
	s->window = 1;
	sr_req_rewind(qp);
	sr_req_run(qp, n);
}

/*
 * Time until the timer looks again. It grows with each timeout in a row: a peer
 * that has not answered yet is more often slow than gone.
 */
static u64 patience(const struct sr_qp *qp)
{
	u32 tries = qp->attr_retry - qp->s.retry;

	return qp->s.timeout_ns << min(tries, 2U);
}

static enum hrtimer_restart timer_fn(struct hrtimer *t)
{
	struct sr_qp *qp = container_of(t, struct sr_qp, s.timer);
	struct sr_send *s = &qp->s;
	enum hrtimer_restart again = HRTIMER_RESTART;
	struct ndk_notify n;

	ndk_notify_init(&n);
	rcu_read_lock();
	spin_lock(&s->lock);
	/* unsent after an allocation failure counts as outstanding */
	if (qp->dead || !sr_qp_can_send(qp) || !s->timeout_ns ||
	    (!sr_outstanding(s) && s->cur == s->started)) {
		s->armed = false;
		again = HRTIMER_NORESTART;
	} else if (s->seen_psn == s->una_psn && !s->rnr_wait) {
		timed_out(qp, &n);
	}
	s->seen_psn = s->una_psn;
	if (again == HRTIMER_RESTART)
		hrtimer_forward_now(t, ns_to_ktime(patience(qp)));
	spin_unlock(&s->lock);
	sr_leave(qp, &s->tx, &n);
	rcu_read_unlock();
	return again;
}

static enum hrtimer_restart rnr_timer_fn(struct hrtimer *t)
{
	struct sr_qp *qp = container_of(t, struct sr_qp, s.rnr_timer);
	struct ndk_notify n;

	ndk_notify_init(&n);
	rcu_read_lock();
	spin_lock(&qp->s.lock);
	if (!qp->dead && qp->s.rnr_wait) {
		qp->s.rnr_wait = false;
		/* the wait was not the peer's silence */
		qp->s.seen_psn = sr_psn_add(qp->s.una_psn, SR_PSN_MASK);
		sr_req_run(qp, &n);
	}
	spin_unlock(&qp->s.lock);
	sr_leave(qp, &qp->s.tx, &n);
	rcu_read_unlock();
	return HRTIMER_NORESTART;
}

/**
 * sr_req_timers_init() - prepare the timers
 * @qp: the QP
 */
void sr_req_timers_init(struct sr_qp *qp)
{
	hrtimer_init(&qp->s.timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	qp->s.timer.function = timer_fn;
	hrtimer_init(&qp->s.rnr_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	qp->s.rnr_timer.function = rnr_timer_fn;
}
