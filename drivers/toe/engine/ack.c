// SPDX-License-Identifier: GPL-2.0
/*
 * What a segment's acknowledgment and window say about our own data.
 */
#include <net/tcp.h>

#include "engine.h"

static void take_rtt(struct tcpe *e, const struct tcpe_in *in, u32 ack)
{
	u32 unit = USEC_PER_SEC / e->p.ts_hz, age;

	/* Our own clock first: it is finer than the option's. */
	if (e->rtt_timing && !before(ack, e->rtt_seq)) {
		e->rtt_timing = false;
		tcpe_rtt_sample(e, tcpe_now(e) - e->rtt_start);
		return;
	}
	if (e->rtt_timing || !in->has_ts || !in->tsecr)
		return;
	age = tcpe_ts_clock(e) - in->tsecr;
	if (age < 60 * e->p.ts_hz)
		tcpe_rtt_sample(e, age * unit + unit / 2);
}

static void give_back(struct tcpe *e, u32 una)
{
	struct tcpe_tx *tx, *next;

	list_for_each_entry_safe(tx, next, &e->txq, node) {
		if (!after(una, tx->seq))
			break;
		tx->done = min(una - tx->seq, tx->len);
		if (tx->done < tx->len)
			break;
		list_del_init(&tx->node);
		e->ops->sent(e, tx);
	}
}

static bool fin_is_acked(const struct tcpe *e, u32 ack)
{
	return e->fin_queued && ack == e->snd_end + 1;
}

static void our_fin_is_acked(struct tcpe *e)
{
	switch (e->state) {
	case TCPE_FIN_WAIT1:
		e->state = TCPE_FIN_WAIT2;
		break;
	case TCPE_LAST_ACK:
		e->state = TCPE_CLOSED;
		break;
	default:
		return;
	}
	e->fin_queued = false;
	e->ops->finished(e);
}

static void advance(struct tcpe *e, const struct tcpe_in *in)
{
	u32 acked = in->ack - e->snd_una;
	bool fin = fin_is_acked(e, in->ack);

	take_rtt(e, in, in->ack);
	e->snd_una = in->ack;
	if (before(e->snd_nxt, in->ack))
		e->snd_nxt = in->ack;
	tcpe_range_trim(&e->sacked, in->ack);
	e->rexmt_count = 0;
	tcpe_loss_ack(e, acked);
	if (e->ops->acked && acked - fin)
		e->ops->acked(e, acked - fin);
	give_back(e, in->ack);
	if (fin) {
		e->snd_end = in->ack;
		our_fin_is_acked(e);
	}
	tcpe_set_rexmt(e);
	if (e->ops->progress)
		e->ops->progress(e);
}

static bool window_is_newer(const struct tcpe *e, const struct tcpe_in *in)
{
	return after(in->ack, e->snd_una) || after(in->seq, e->snd_wl1) ||
	       (in->seq == e->snd_wl1 && (in->wnd > e->snd_wnd || !in->wnd));
}

/* Returns whether the window is another one now. */
static bool take_window(struct tcpe *e, const struct tcpe_in *in)
{
	bool differs = in->wnd != e->snd_wnd;

	e->snd_wnd = in->wnd;
	e->snd_wl1 = in->seq;
	e->max_snd_wnd = max(e->max_snd_wnd, in->wnd);
	return differs;
}

static void persist_or_not(struct tcpe *e)
{
	if (!e->snd_wnd && e->snd_max == e->snd_una && after(e->snd_end, e->snd_una)) {
		tcpe_persist_start(e);
	} else if (e->persisting && (e->snd_wnd || e->snd_max != e->snd_una)) {
		e->persisting = false;
		e->rexmt_count = 0;
		tcpe_set_rexmt(e);
	}
}

/**
 * tcpe_ack_input() - digest acknowledgment, SACK and window
 * @e: the connection
 * @in: an acceptable segment, its acknowledgment not beyond snd_max
 */
void tcpe_ack_input(struct tcpe *e, const struct tcpe_in *in)
{
	bool new_sack, moved, newer, another = false;

	if (before(in->ack, e->snd_una))
		return;
	new_sack = tcpe_sack_input(e, in);
	moved = after(in->ack, e->snd_una);
	newer = window_is_newer(e, in);
	if (newer)
		another = take_window(e, in);
	if (moved)
		advance(e, in);
	else if (e->snd_max != e->snd_una && !in->len && (new_sack || !another))
		tcpe_loss_dupack(e, new_sack);
	if (newer)
		persist_or_not(e);
}
