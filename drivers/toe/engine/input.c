// SPDX-License-Identifier: GPL-2.0
/*
 * A segment arrives.
 */
#include <kunit/visibility.h>
#include <net/tcp.h>

#include "engine.h"

#define PAWS_AGE	(24ULL * 24 * 3600 * USEC_PER_SEC)
#define CHALLENGE_GAP	(3ULL * USEC_PER_SEC)

static enum tcpe_verdict drop(struct sk_buff *skb)
{
	kfree_skb(skb);
	return TCPE_DONE;
}

/* The owner gets the segment as it came, and takes the connection back. */
static enum tcpe_verdict pass(struct tcpe *e, enum tcpe_reason reason)
{
	e->asked = true;
	tcpe_timers_off(e);
	e->ops->retrieve(e, reason);
	return TCPE_PASS;
}

static enum tcpe_verdict answer(struct tcpe *e, struct sk_buff *skb)
{
	tcpe_send_ack(e);
	return drop(skb);
}

static u32 end_of(const struct tcpe_in *in)
{
	return in->seq + in->len + !!(in->flags & TCPHDR_FIN) + !!(in->flags & TCPHDR_SYN);
}

static bool in_window(const struct tcpe *e, const struct tcpe_in *in)
{
	return !before(end_of(in), e->last_ack) && !after(in->seq, e->rcv_adv);
}

/* RFC 7323, 5.3: an old timestamp is an old segment. */
static bool is_old(struct tcpe *e, const struct tcpe_in *in)
{
	if (!in->has_ts || (in->flags & TCPHDR_RST))
		return false;
	return (s32)(in->tsval - e->ts_recent) < 0 && tcpe_now(e) - e->ts_recent_at < PAWS_AGE;
}

static void take_timestamp(struct tcpe *e, const struct tcpe_in *in)
{
	if (!in->has_ts || after(in->seq, e->last_ack) ||
	    (s32)(in->tsval - e->ts_recent) < 0)
		return;
	e->ts_recent = in->tsval;
	e->ts_recent_at = tcpe_now(e);
}

static enum tcpe_verdict reset_input(struct tcpe *e, struct sk_buff *skb,
				     const struct tcpe_in *in)
{
	if (in->seq != e->rcv_nxt) {
		if (!e->challenged) {
			e->challenged = true;
			e->count.challenge_acks++;
			tcpe_send_ack(e);
		}
		tcpe_ka_blind(e);
		return drop(skb);
	}
	if (!(e->p.flags & TCPE_F_HANDLE_RST))
		return pass(e, TCPE_R_UNUSUAL);
	e->state = TCPE_CLOSED;
	tcpe_timers_off(e);
	e->ops->reset(e);
	return drop(skb);
}

static enum tcpe_verdict syn_input(struct tcpe *e, struct sk_buff *skb, const struct tcpe_in *in)
{
	u64 now = tcpe_now(e);

	if (in->seq == e->rcv_nxt) {
		if (e->p.flags & TCPE_F_HANDLE_RST)
			e->state = TCPE_CLOSED;
		return pass(e, TCPE_R_UNUSUAL);
	}
	if (!e->challenge_at || now - e->challenge_at >= CHALLENGE_GAP) {
		e->challenge_at = now;
		e->count.challenge_acks++;
		tcpe_send_ack(e);
	}
	tcpe_ka_blind(e);
	return drop(skb);
}

/* A FIN that the engine may take: it must not end in TIME_WAIT here. */
static bool may_take_fin(const struct tcpe *e)
{
	return (e->p.flags & TCPE_F_HANDLE_FIN) &&
	       (e->state == TCPE_ESTABLISHED || e->state == TCPE_FIN_WAIT1);
}

static bool ends_in_time_wait(const struct tcpe *e, const struct tcpe_in *in)
{
	return e->state == TCPE_CLOSING && e->fin_queued && in->ack == e->snd_end + 1;
}

static bool needs_host(const struct tcpe *e, const struct tcpe_in *in)
{
	if (in->unknown_option || ends_in_time_wait(e, in))
		return true;
	if (!(in->flags & TCPHDR_FIN))
		return false;
	/* A repetition of the one that was taken is just acknowledged. */
	return !may_take_fin(e) && !before(end_of(in), e->rcv_nxt + 1);
}

static void ack_soon(struct tcpe *e, u16 segs)
{
	e->unacked_segs = min(e->unacked_segs + segs, U8_MAX);
	if (e->unacked_segs >= e->p.ack_every || !skb_queue_empty(&e->ooo))
		e->ack_now = true;
	else if (e->t_delack == TCPE_NEVER)
		e->t_delack = tcpe_now(e) + e->p.delack;
}

/**
 * tcpe_take() - hand the next bytes in order to the owner
 * @e: the connection
 * @skb: the bytes
 * @push: the segment had PSH
 * @queued: @skb is in the queue of early segments and leaves it if it is taken
 *
 * Only now they count as received.
 *
 * Return: false if the owner refused; @skb is where it was then.
 */
bool tcpe_take(struct tcpe *e, struct sk_buff *skb, bool push, bool queued)
{
	u32 len = skb->len;

	if (queued) {
		__skb_unlink(skb, &e->ooo);
		e->ooo_bytes -= len;
	}
	if (e->ops->deliver(e, skb, push)) {
		if (queued) {
			__skb_queue_head(&e->ooo, skb);
			e->ooo_bytes += len;
		}
		return false;
	}
	e->rcv_nxt += len;
	e->buffered += len;
	/* Nothing that was acknowledged lies beyond what was announced. */
	if (after(e->rcv_nxt, e->rcv_adv))
		e->rcv_adv = e->rcv_nxt;
	return true;
}

/* Cuts @skb down to payload that is new and within the window. */
static bool fit(struct tcpe *e, struct sk_buff *skb, struct tcpe_in *in)
{
	u32 skip = before(in->seq, e->rcv_nxt) ? e->rcv_nxt - in->seq : 0;

	if (skip >= in->len || !after(e->rcv_adv, in->seq + skip))
		return false;
	if (skip && !pskb_pull(skb, skip))
		return false;
	in->seq += skip;
	in->len -= skip;
	if (after(in->seq + in->len, e->rcv_adv)) {
		in->len = e->rcv_adv - in->seq;
		in->flags &= ~TCPHDR_FIN;
		if (pskb_trim(skb, in->len))
			return false;
	}
	return true;
}

static void data_input(struct tcpe *e, struct sk_buff *skb, struct tcpe_in *in)
{
	bool push = in->flags & TCPHDR_PSH;

	if (!pskb_pull(skb, skb->len - in->len) || !fit(e, skb, in)) {
		e->count.dup_segs++;
		e->ack_now = true;
		kfree_skb(skb);
		return;
	}
	if (after(in->seq, e->rcv_nxt)) {
		memset(skb->cb, 0, sizeof(skb->cb));
		tcpe_early_set_push(skb, push);
		tcpe_early_add(e, skb, in->seq);
		e->ack_now = true;
		return;
	}
	if (!tcpe_take(e, skb, push, false)) {
		kfree_skb(skb);
		return;
	}
	if (tcpe_early_deliver(e))
		e->ack_now = true;
	ack_soon(e, in->segs);
}

static void fin_input(struct tcpe *e, const struct tcpe_in *in)
{
	/* One that is early comes again, with the bytes that are missing. */
	if (in->seq + in->len != e->rcv_nxt || e->fin_rcvd) {
		e->ack_now = true;
		return;
	}
	e->fin_rcvd = true;
	e->rcv_nxt++;
	if (after(e->rcv_nxt, e->rcv_adv))
		e->rcv_adv = e->rcv_nxt;
	e->state = e->state == TCPE_FIN_WAIT1 ? TCPE_CLOSING : TCPE_CLOSE_WAIT;
	e->ack_now = true;
	e->ops->peer_fin(e);
}

static void text_input(struct tcpe *e, struct sk_buff *skb, struct tcpe_in *in)
{
	u32 seq = in->seq, len = in->len;

	if (e->fin_rcvd) {
		e->ack_now = true;
		kfree_skb(skb);
		return;
	}
	if (in->len)
		data_input(e, skb, in);
	else
		kfree_skb(skb);
	if (in->flags & TCPHDR_FIN) {
		in->seq = seq;
		in->len = len;
		fin_input(e, in);
	}
}

/* What a probe or a repetition wants is an answer. */
static void answer_old(struct tcpe *e, const struct tcpe_in *in)
{
	if (before(in->seq, e->rcv_nxt))
		e->ack_now = true;
}

static enum tcpe_verdict acceptable_input(struct tcpe *e, struct sk_buff *skb, struct tcpe_in *in)
{
	if (in->flags & TCPHDR_RST)
		return reset_input(e, skb, in);
	if (in->flags & TCPHDR_SYN)
		return syn_input(e, skb, in);
	if (!(in->flags & TCPHDR_ACK))
		return drop(skb);
	if (after(in->ack, e->snd_max))
		return answer(e, skb);
	if (in->flags & TCPHDR_URG)
		return pass(e, TCPE_R_URGENT);
	if (needs_host(e, in))
		return pass(e, TCPE_R_UNUSUAL);

	take_timestamp(e, in);
	tcpe_ka_restart(e);
	e->challenged = false;
	answer_old(e, in);
	tcpe_ack_input(e, in);
	/* FIN_WAIT_2 lasts as long as something comes. */
	if (e->state == TCPE_FIN_WAIT2)
		tcpe_set_rexmt(e);
	if (in->len || (in->flags & TCPHDR_FIN))
		text_input(e, skb, in);
	else
		kfree_skb(skb);
	tcpe_output(e);
	return TCPE_DONE;
}

/**
 * tcpe_input() - a segment arrived
 * @e: the connection
 * @skb: data at the TCP header, checksum verified, no IP header
 *
 * Return: %TCPE_DONE, or %TCPE_PASS if the segment is for the host; @skb is as it
 * was then and still the caller's.
 */
enum tcpe_verdict tcpe_input(struct tcpe *e, struct sk_buff *skb)
{
	struct tcpe_in in;

	if (e->stopped || e->asked || e->state == TCPE_CLOSED)
		return TCPE_PASS;
	e->count.in_segs++;
	if (!tcpe_parse(e, skb, &in)) {
		e->count.in_errs++;
		return drop(skb);
	}
	if (is_old(e, &in)) {
		e->count.paws_drops++;
		return answer(e, skb);
	}
	if (!in_window(e, &in))
		return in.flags & (TCPHDR_RST | TCPHDR_URG) ? drop(skb) : answer(e, skb);
	return acceptable_input(e, skb, &in);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_input);
