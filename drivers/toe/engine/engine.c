// SPDX-License-Identifier: GPL-2.0
/*
 * A connection's stay in the engine, from start to stop, and what its owner
 * asks for meanwhile.
 */
#include <kunit/visibility.h>
#include <net/tcp.h>

#include "engine.h"

static bool params_are_sane(const struct tcpe_params *p)
{
	return p->mss >= TCP_MIN_SND_MSS && p->snd_scale <= TCP_MAX_WSCALE &&
	       p->rcv_scale <= TCP_MAX_WSCALE && p->ack_every && p->dupacks && p->ts_hz &&
	       p->ts_hz <= USEC_PER_SEC;
}

static bool handover_is_sane(const struct tcpe_handover *h)
{
	return h->state < TCPE_CLOSED && !before(h->snd_nxt, h->snd_una) &&
	       !after(h->snd_nxt, h->snd_max);
}

static bool has_sent_fin(u8 state)
{
	return state == TCPE_FIN_WAIT1 || state == TCPE_CLOSING || state == TCPE_LAST_ACK;
}

static bool has_fin(u8 state)
{
	return state == TCPE_CLOSE_WAIT || state == TCPE_CLOSING || state == TCPE_LAST_ACK;
}

static void start_sending(struct tcpe *e, const struct tcpe_handover *h, struct list_head *txq)
{
	struct tcpe_tx *tx;

	e->snd_una = h->snd_una;
	e->snd_nxt = h->snd_nxt;
	e->snd_max = h->snd_max;
	e->snd_end = h->snd_una;
	e->recover = h->snd_una;
	e->high_rxt = h->snd_una;
	e->snd_wnd = h->snd_wnd;
	e->max_snd_wnd = max(h->max_snd_wnd, h->snd_wnd);
	e->snd_wl1 = h->snd_wl1;
	e->cwnd = max_t(u32, h->cwnd, e->p.mss);
	e->ssthresh = max_t(u32, h->ssthresh, 2 * e->p.mss);
	e->dupacks = h->dupacks;
	e->rexmt_count = h->rexmt_count;
	list_for_each_entry(tx, txq, node) {
		tx->seq = e->snd_end;
		tx->done = 0;
		e->snd_end += tx->len;
	}
	list_splice_init(txq, &e->txq);
	e->fin_queued = has_sent_fin(h->state);
}

static void start_receiving(struct tcpe *e, const struct tcpe_handover *h)
{
	e->rcv_nxt = h->rcv_nxt;
	e->last_ack = h->rcv_nxt;
	e->rcv_adv = h->rcv_nxt + h->rcv_wnd;
	e->fin_rcvd = has_fin(h->state);
	e->ts_recent = h->ts_recent;
	e->ts_recent_at = tcpe_now(e) - min(h->ts_recent_age, tcpe_now(e));
}

static u64 due_in(struct tcpe *e, u64 left)
{
	return left == TCPE_NEVER ? TCPE_NEVER : tcpe_now(e) + left;
}

static void start_timers(struct tcpe *e, const struct tcpe_handover *h)
{
	e->srtt = h->srtt;
	e->rttvar = h->rttvar;
	e->rexmt_start = tcpe_now(e) - min(h->total_rt, tcpe_now(e));
	e->persist_round = h->persist_round;
	e->persisting = !h->snd_wnd && h->snd_max == h->snd_una && e->snd_end != h->snd_una;
	e->t_rexmt = due_in(e, h->rexmt_left);
	e->t_delack = TCPE_NEVER;
	e->ka_count = h->ka_count;
	e->t_keepalive = due_in(e, h->ka_left);
	/* Outstanding bytes that nobody watches would hang the connection. */
	if (e->t_rexmt == TCPE_NEVER && !e->persisting)
		tcpe_set_rexmt(e);
	else if (e->t_rexmt == TCPE_NEVER)
		e->t_rexmt = tcpe_now(e) + tcpe_rto(e);
}

/* Bytes the peer has acknowledged may not be missing from the queue. */
static bool queue_is_whole(const struct tcpe *e)
{
	u32 end = e->snd_end + (e->fin_queued ? 1 : 0);

	return !after(e->snd_max, end);
}

/**
 * tcpe_start() - take a connection
 * @e: zeroed by this call
 * @ops: the owner's operations, outlive @e
 * @p: parameters, copied
 * @h: the connection as it stands
 * @txq: list of &struct tcpe_tx: every byte from @h->snd_una on. On success its
 *	entries are the engine's and the list is empty; on failure it is unchanged.
 *
 * Sends nothing: tcpe_kick() does, when the owner is ready for it.
 *
 * Return: 0, -EINVAL if @p or @h contradict themselves or bytes are missing.
 */
int tcpe_start(struct tcpe *e, const struct tcpe_ops *ops, const struct tcpe_params *p,
	       const struct tcpe_handover *h, struct list_head *txq)
{
	if (!params_are_sane(p) || !handover_is_sane(h))
		return -EINVAL;
	memset(e, 0, sizeof(*e));
	e->ops = ops;
	e->p = *p;
	e->state = h->state;
	INIT_LIST_HEAD(&e->txq);
	__skb_queue_head_init(&e->ooo);
	start_sending(e, h, txq);
	if (!queue_is_whole(e)) {
		list_splice_init(&e->txq, txq);
		return -EINVAL;
	}
	start_receiving(e, h);
	e->ts_offset = h->ts_now - tcpe_ts_clock(e);
	start_timers(e, h);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_start);

/**
 * tcpe_kick() - send what is waiting
 * @e: the connection
 */
void tcpe_kick(struct tcpe *e)
{
	tcpe_output(e);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_kick);

static void update_keepalive(struct tcpe *e, const struct tcpe_params *old, bool restart)
{
	if (!(e->p.flags & TCPE_F_KEEPALIVE)) {
		if (!e->ka_blind)
			e->t_keepalive = TCPE_NEVER;
		return;
	}
	if (restart || e->t_keepalive == TCPE_NEVER || old->ka_time != e->p.ka_time ||
	    old->ka_interval != e->p.ka_interval)
		e->t_keepalive = tcpe_now(e) + (e->ka_count ? e->p.ka_interval : e->p.ka_time);
}

/*
 * The path takes smaller segments only: what is out was too large, and is lost (RFC
 * 1191, 6.4). It is sent again, cut anew, without a verdict on congestion.
 */
static void recut(struct tcpe *e)
{
	if (e->snd_max - e->snd_una <= tcpe_payload_mss(e))
		return;
	e->snd_nxt = e->snd_una;
	e->recover = e->snd_max;
	e->in_recovery = false;
	e->rto_recovery = true;
	e->rtt_timing = false;
	e->dupacks = 0;
}

/**
 * tcpe_update() - other parameters
 * @e: the connection
 * @p: all of them; scales and negotiated options stay as they were
 * @restart_ka: the keepalive timer starts from zero
 * @restart_rt: time spent retransmitting is forgotten
 */
void tcpe_update(struct tcpe *e, const struct tcpe_params *p, bool restart_ka, bool restart_rt)
{
	const u32 fixed = TCPE_F_TIMESTAMPS | TCPE_F_SACK;
	struct tcpe_params old = e->p;

	e->p = *p;
	e->p.flags = (p->flags & ~fixed) | (old.flags & fixed);
	e->p.snd_scale = old.snd_scale;
	e->p.rcv_scale = old.rcv_scale;
	if (old.ka_probes != p->ka_probes)
		e->ka_count = 0;
	update_keepalive(e, &old, restart_ka);
	if (restart_rt)
		e->rexmt_start = tcpe_now(e);
	if (p->mss < old.mss)
		recut(e);
	if (tcpe_new_window(e) != e->rcv_adv)
		e->ack_now = true;
	tcpe_output(e);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_update);

/**
 * tcpe_queue() - add a send buffer
 * @e: the connection, no FIN queued
 * @tx: the buffer
 *
 * Sends nothing yet, so that several cost one tcpe_kick().
 */
void tcpe_queue(struct tcpe *e, struct tcpe_tx *tx)
{
	tx->seq = e->snd_end;
	tx->done = 0;
	e->snd_end += tx->len;
	list_add_tail(&tx->node, &e->txq);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_queue);

/**
 * tcpe_send() - add a send buffer and send what may be sent
 * @e: the connection, no FIN queued
 * @tx: the buffer
 */
void tcpe_send(struct tcpe *e, struct tcpe_tx *tx)
{
	tcpe_queue(e, tx);
	tcpe_output(e);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_send);

/**
 * tcpe_close() - send a FIN behind everything queued
 * @e: the connection, ESTABLISHED or CLOSE_WAIT
 */
void tcpe_close(struct tcpe *e)
{
	if (e->state == TCPE_ESTABLISHED)
		e->state = TCPE_FIN_WAIT1;
	else if (e->state == TCPE_CLOSE_WAIT)
		e->state = TCPE_LAST_ACK;
	else
		return;
	e->fin_queued = true;
	tcpe_output(e);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_close);

/**
 * tcpe_abort() - reset the connection
 * @e: the connection
 *
 * What is queued stays so; tcpe_stop() returns it.
 */
void tcpe_abort(struct tcpe *e)
{
	if (e->state != TCPE_CLOSED)
		tcpe_send_rst(e);
	e->state = TCPE_CLOSED;
	tcpe_timers_off(e);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_abort);

/**
 * tcpe_consumed() - delivered bytes left the receive buffer
 * @e: the connection
 * @bytes: how many
 */
void tcpe_consumed(struct tcpe *e, u32 bytes)
{
	u32 edge;

	e->buffered -= min(bytes, e->buffered);
	if (e->stopped || e->asked || e->state == TCPE_CLOSED)
		return;
	edge = tcpe_new_window(e);
	if (edge - e->rcv_adv >= min_t(u32, 2 * e->p.mss, e->p.rcv_window / 2) &&
	    edge != e->rcv_adv)
		tcpe_send_ack(e);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_consumed);

static u64 left_of(struct tcpe *e, u64 due)
{
	u64 now = tcpe_now(e);

	if (due == TCPE_NEVER)
		return TCPE_NEVER;
	return due > now ? due - now : 0;
}

/**
 * tcpe_get() - the connection as it stands
 * @e: the connection
 * @h: filled; nothing of the connection changes
 */
void tcpe_get(struct tcpe *e, struct tcpe_handover *h)
{
	*h = (struct tcpe_handover){
		.state = e->state,
		.rcv_nxt = e->rcv_nxt,
		.rcv_wnd = e->rcv_adv - e->rcv_nxt,
		.snd_una = e->snd_una,
		.snd_nxt = e->snd_nxt,
		.snd_max = e->snd_max,
		.snd_wnd = e->snd_wnd,
		.max_snd_wnd = e->max_snd_wnd,
		.snd_wl1 = e->snd_wl1,
		.cwnd = e->cwnd,
		.ssthresh = e->ssthresh,
		.srtt = e->srtt,
		.rttvar = e->rttvar,
		.ts_recent = e->ts_recent,
		.ts_recent_age = tcpe_now(e) - e->ts_recent_at,
		.ts_now = tcpe_ts_clock(e),
		.total_rt = e->rexmt_count && !e->persisting ? tcpe_now(e) - e->rexmt_start : 0,
		.dupacks = e->dupacks,
		.rexmt_count = e->rexmt_count,
		.persist_round = e->persisting ? e->persist_round : 0,
		.ka_count = e->ka_count,
		.rexmt_left = left_of(e, e->t_rexmt),
		.ka_left = left_of(e, e->t_keepalive),
	};
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_get);

/**
 * tcpe_stop() - give the connection back
 * @e: the connection; nothing is sent or delivered any more
 * @h: filled
 * @txq: an empty list; gets every buffer that is not wholly acknowledged. The
 *	first &tcpe_tx.done bytes of the first one are.
 *
 * An acknowledgment that is owed goes out first. Early segments are dropped.
 */
void tcpe_stop(struct tcpe *e, struct tcpe_handover *h, struct list_head *txq)
{
	if (!e->asked && e->state != TCPE_CLOSED && (e->ack_now || e->t_delack != TCPE_NEVER))
		tcpe_send_ack(e);
	tcpe_get(e, h);
	e->stopped = true;
	tcpe_early_purge(e);
	list_splice_init(&e->txq, txq);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_stop);

/**
 * tcpe_tx_at() - the buffer that holds a byte
 * @e: the connection
 * @seq: sequence number of the byte
 * @offset: where in the buffer it is
 *
 * Return: the buffer, NULL if none has it.
 */
struct tcpe_tx *tcpe_tx_at(struct tcpe *e, u32 seq, u32 *offset)
{
	struct tcpe_tx *tx;

	/* New data is what is asked for most, and it is at the end. */
	if (!before(seq, e->snd_max)) {
		list_for_each_entry_reverse(tx, &e->txq, node)
			if (!before(seq, tx->seq))
				goto found;
		return NULL;
	}
	list_for_each_entry(tx, &e->txq, node)
		if (before(seq, tx->seq + tx->len))
			goto found;
	return NULL;
found:
	*offset = seq - tx->seq;
	return *offset < tx->len ? tx : NULL;
}
