// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent, and when.
 */
#include <kunit/visibility.h>
#include <net/tcp.h>

#include "engine.h"

/**
 * tcpe_payload_mss() - payload bytes of a full segment
 * @e: the connection
 *
 * Return: bytes.
 */
u16 tcpe_payload_mss(const struct tcpe *e)
{
	return e->p.mss - (e->p.flags & TCPE_F_TIMESTAMPS ? TCPOLEN_TSTAMP_ALIGNED : 0);
}

/**
 * tcpe_new_window() - right edge that could be announced now
 * @e: the connection
 *
 * Silly windows are avoided on this side: the edge stays where it is until it
 * can move by a segment or by half of the window.
 *
 * Return: sequence number, never before what was announced already.
 */
u32 tcpe_new_window(const struct tcpe *e)
{
	u32 space = e->p.rcv_window > e->buffered ? e->p.rcv_window - e->buffered : 0;
	u32 edge = e->rcv_nxt + space;

	if (!after(edge, e->rcv_adv))
		return e->rcv_adv;
	if (edge - e->rcv_adv < min_t(u32, e->p.mss, e->p.rcv_window / 2))
		return e->rcv_adv;
	return edge;
}

/*
 * The header has no room for the last bits of a scaled window. A new edge is
 * rounded down; an edge that was announced before is rounded up, it must not
 * move left.
 */
static u16 announce(struct tcpe *e)
{
	u8 scale = e->p.rcv_scale;
	u32 wnd = (tcpe_new_window(e) - e->rcv_nxt) >> scale;
	u32 old = DIV_ROUND_UP(e->rcv_adv - e->rcv_nxt, 1U << scale);

	wnd = min_t(u32, max(wnd, old), U16_MAX);
	if (after(e->rcv_nxt + (wnd << scale), e->rcv_adv))
		e->rcv_adv = e->rcv_nxt + (wnd << scale);
	return wnd;
}

static void ack_is_out(struct tcpe *e)
{
	e->ack_now = false;
	e->unacked_segs = 0;
	e->t_delack = TCPE_NEVER;
	e->last_ack = e->rcv_nxt;
}

static void count_out(struct tcpe *e, const struct tcpe_seg *seg)
{
	u32 segs = seg->len ? DIV_ROUND_UP(seg->len, seg->mss) : 1;

	if (seg->flags & TCPHDR_RST)
		e->count.out_rsts++;
	if (seg->again)
		e->count.rexmt_segs += segs;
	else
		e->count.out_segs += segs;
}

static void emit(struct tcpe *e, struct tcpe_seg *seg)
{
	seg->ack = e->rcv_nxt;
	seg->mss = tcpe_payload_mss(e);
	seg->window = announce(e);
	if (e->p.flags & TCPE_F_TIMESTAMPS) {
		seg->has_ts = true;
		seg->tsval = tcpe_ts_clock(e);
		seg->tsecr = e->ts_recent;
	}
	count_out(e, seg);
	ack_is_out(e);
	/* Not sent is lost: the timer repeats it. */
	e->ops->xmit(e, seg);
}

/* A segment without data must still lie in the peer's window. */
static u32 bare_seq(const struct tcpe *e)
{
	u32 edge = e->snd_una + e->snd_wnd;

	return before(edge, e->snd_max) ? edge : e->snd_max;
}

/**
 * tcpe_send_ack() - acknowledge what was received
 * @e: the connection
 */
void tcpe_send_ack(struct tcpe *e)
{
	struct tcpe_seg seg = {
		.seq = bare_seq(e),
		.flags = TCPHDR_ACK,
	};

	if (e->p.flags & TCPE_F_SACK)
		seg.nr_sack = tcpe_early_sack(e, seg.sack, e->p.flags & TCPE_F_TIMESTAMPS ?
					      TCPE_MAX_SACK - 1 : TCPE_MAX_SACK);
	emit(e, &seg);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_send_ack);

/**
 * tcpe_send_rst() - reset the connection
 * @e: the connection
 */
void tcpe_send_rst(struct tcpe *e)
{
	struct tcpe_seg seg = {
		.seq = bare_seq(e),
		.flags = TCPHDR_ACK | TCPHDR_RST,
	};

	emit(e, &seg);
}

/* Does [@seq, @end) contain the last byte of a send buffer? */
static bool ends_buffer(struct tcpe *e, u32 seq, u32 end)
{
	struct tcpe_tx *tx;
	u32 offset;

	if (seq == end)
		return false;
	tx = tcpe_tx_at(e, end - 1, &offset);
	return tx && (offset + 1 == tx->len || before(seq, tx->seq));
}

static bool fin_fits(const struct tcpe *e, u32 end)
{
	return e->fin_queued && end == e->snd_end;
}

/* Sends [@seq, @seq + @len), and the FIN if it comes next. */
static void send_range(struct tcpe *e, u32 seq, u32 len)
{
	u32 end = seq + len, mss = tcpe_payload_mss(e);
	u32 last = len > mss ? end - (len % mss ? len % mss : mss) : seq;
	struct tcpe_seg seg = {
		.seq = seq,
		.len = len,
		.flags = TCPHDR_ACK,
		.again = before(seq, e->snd_max),
	};

	if (ends_buffer(e, last, end) || (len && end == e->snd_end))
		seg.flags |= TCPHDR_PSH;
	if (fin_fits(e, end)) {
		seg.flags |= TCPHDR_FIN;
		end++;
	}
	if (seg.again) {
		e->rtt_timing = false;
	} else if (!e->rtt_timing) {
		e->rtt_timing = true;
		e->rtt_seq = end;
		e->rtt_start = tcpe_now(e);
	}
	emit(e, &seg);
	if (after(end, e->snd_nxt))
		e->snd_nxt = end;
	if (after(end, e->snd_max))
		e->snd_max = end;
	if (e->t_rexmt == TCPE_NEVER)
		tcpe_set_rexmt(e);
}

/**
 * tcpe_resend_first() - send the oldest unacknowledged segment again
 * @e: the connection
 *
 * Whatever the windows say: that it is missing is known.
 *
 * Return: false if nothing is outstanding.
 */
bool tcpe_resend_first(struct tcpe *e)
{
	u32 len, stop = e->snd_max;

	if (e->snd_max == e->snd_una)
		return false;
	tcpe_range_covers(&e->sacked, e->snd_una, &stop);
	if (after(stop, e->snd_end))
		stop = e->snd_end;
	len = min_t(u32, after(stop, e->snd_una) ? stop - e->snd_una : 0, tcpe_payload_mss(e));
	send_range(e, e->snd_una, len);
	if (before(e->high_rxt, e->snd_una + len))
		e->high_rxt = e->snd_una + len;
	return true;
}

/**
 * tcpe_send_probe() - make the peer answer
 * @e: the connection
 *
 * An old sequence number and no byte: the peer acknowledges that at once and
 * nothing has to be taken back. If the window is open a little, what fits goes
 * out instead, which ends the wait for a larger one.
 */
void tcpe_send_probe(struct tcpe *e)
{
	struct tcpe_seg seg = {
		.seq = e->snd_una - 1,
		.flags = TCPHDR_ACK,
		.again = true,
	};
	u32 ready = e->snd_end - e->snd_nxt;

	if (e->persisting && e->snd_wnd && e->snd_nxt == e->snd_una &&
	    after(e->snd_end, e->snd_nxt))
		send_range(e, e->snd_nxt, min3(ready, e->snd_wnd, (u32)tcpe_payload_mss(e)));
	else
		emit(e, &seg);
}

/* Nagle, and no silly windows: may a segment that is not full go out? */
static bool small_may_go(const struct tcpe *e, u32 seq, u32 len)
{
	if (before(seq, e->snd_max))
		return true;
	if (seq + len == e->snd_end)
		return e->fin_queued || (e->p.flags & TCPE_F_NODELAY) || e->snd_max == e->snd_una;
	return len >= e->max_snd_wnd / 2;
}

/* How much of the queue's next bytes one call may carry. */
static u32 burst_at(struct tcpe *e, u32 seq, u32 len, u32 mss)
{
	struct tcpe_tx *tx;
	u32 offset, left;

	/* a segment may be larger than a burst: loopback */
	len = min(len, max(TCPE_MAX_BURST / mss, 1U) * mss);
	/* PSH belongs on the segment in which a buffer ends. */
	tx = tcpe_tx_at(e, seq, &offset);
	left = tx ? roundup(tx->len - offset, mss) : len;
	return min(len, left);
}

/* What [snd_nxt, ..) may be sent; 0 if nothing. */
static u32 sendable(struct tcpe *e, u32 budget)
{
	u32 edge = e->snd_una + e->snd_wnd, mss = tcpe_payload_mss(e);
	u32 stop = e->snd_end, len;

	if (before(e->snd_nxt, e->snd_max)) {
		u32 hole = e->snd_max;

		tcpe_range_covers(&e->sacked, e->snd_nxt, &hole);
		if (before(hole, stop))
			stop = hole;
	}
	if (before(edge, stop))
		stop = edge;
	if (!before(e->snd_nxt, stop))
		return 0;
	len = min(stop - e->snd_nxt, budget);
	if (len >= mss) {
		if (len < stop - e->snd_nxt || stop != e->snd_end ||
		    !small_may_go(e, e->snd_nxt, len))
			len = rounddown(len, mss);
		return burst_at(e, e->snd_nxt, len, mss);
	}
	/* A congestion window that ends within a segment waits for more. */
	if (len < stop - e->snd_nxt || !small_may_go(e, e->snd_nxt, len))
		return 0;
	return len;
}

/* The FIN alone, once everything before it is out. */
static bool fin_is_next(const struct tcpe *e)
{
	return e->fin_queued && e->snd_nxt == e->snd_end;
}

static bool send_next(struct tcpe *e, u32 budget)
{
	u32 end, len;

	while (before(e->snd_nxt, e->snd_max) && tcpe_range_covers(&e->sacked, e->snd_nxt, &end))
		e->snd_nxt = end;
	len = sendable(e, budget);
	if (!len && !fin_is_next(e))
		return false;
	send_range(e, e->snd_nxt, len);
	return true;
}

static bool send_hole(struct tcpe *e, u32 budget)
{
	u32 seq, len;

	if (budget < tcpe_payload_mss(e) || !tcpe_loss_next_hole(e, &seq, &len))
		return false;
	len = min3(len, rounddown(budget, tcpe_payload_mss(e)), TCPE_MAX_BURST);
	send_range(e, seq, len);
	e->high_rxt = seq + len;
	return true;
}

static u32 budget_of(const struct tcpe *e)
{
	u32 pipe = tcpe_pipe(e);

	return e->cwnd > pipe ? e->cwnd - pipe : 0;
}

static bool waits_for_window(const struct tcpe *e)
{
	return e->snd_max == e->snd_una && after(e->snd_end, e->snd_una) && !e->persisting;
}

/**
 * tcpe_output() - send what may be sent
 * @e: the connection
 */
void tcpe_output(struct tcpe *e)
{
	if (e->stopped || e->state == TCPE_CLOSED)
		return;
	while (send_hole(e, budget_of(e)))
		;
	while (send_next(e, budget_of(e)))
		;
	if (e->ack_now)
		tcpe_send_ack(e);
	if (waits_for_window(e))
		tcpe_persist_start(e);
}
