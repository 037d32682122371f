// SPDX-License-Identifier: GPL-2.0
/*
 * Loss detection and the congestion window: NewReno in bytes (RFC 5681, RFC
 * 6582), with SACK the scoreboard and the pipe of RFC 6675.
 */
#include <net/tcp.h>

#include "engine.h"

/* Beyond this a window serves nobody, and sums of two still fit 32 bits. */
#define MAX_CWND	((u32)BIT(28))

static u32 high_sacked(const struct tcpe *e)
{
	return e->sacked.n ? e->sacked.r[e->sacked.n - 1].end : e->snd_una;
}

/* Enough was received behind @seq to call it lost. */
static bool is_lost(const struct tcpe *e, u32 seq)
{
	return tcpe_range_bytes(&e->sacked, seq) > (e->p.dupacks - 1) * tcpe_payload_mss(e);
}

/* Bytes that are neither received, as far as is known, nor sent again. */
static u32 lost_bytes(const struct tcpe *e)
{
	u32 seq = before(e->high_rxt, e->snd_una) ? e->snd_una : e->high_rxt;
	u32 top = high_sacked(e), lost = 0, end;

	while (before(seq, top)) {
		if (tcpe_range_covers(&e->sacked, seq, &end)) {
			seq = end;
			continue;
		}
		if (!is_lost(e, seq))
			break;
		lost += end - seq;
		seq = end;
	}
	return lost;
}

/**
 * tcpe_pipe() - bytes that are probably still on their way
 * @e: the connection
 *
 * Return: bytes.
 */
u32 tcpe_pipe(const struct tcpe *e)
{
	u32 pipe = tcpe_flight(e), gone;

	if (!(e->p.flags & TCPE_F_SACK))
		gone = e->dupacks * tcpe_payload_mss(e);
	else if (before(e->snd_nxt, e->snd_max))
		gone = tcpe_range_bytes(&e->sacked, e->snd_una) -
		       tcpe_range_bytes(&e->sacked, e->snd_nxt);
	else
		gone = tcpe_range_bytes(&e->sacked, e->snd_una) +
		       (e->in_recovery ? lost_bytes(e) : 0);
	return pipe > gone ? pipe - gone : 0;
}

/**
 * tcpe_loss_next_hole() - what to send again in recovery
 * @e: the connection
 * @seq: its first byte
 * @len: its length
 *
 * Return: false if nothing is known to be lost.
 */
bool tcpe_loss_next_hole(struct tcpe *e, u32 *seq, u32 *len)
{
	u32 at = before(e->high_rxt, e->snd_una) ? e->snd_una : e->high_rxt;
	u32 end;

	if (!e->in_recovery || !(e->p.flags & TCPE_F_SACK))
		return false;
	while (before(at, high_sacked(e))) {
		if (tcpe_range_covers(&e->sacked, at, &end)) {
			at = end;
			continue;
		}
		if (!is_lost(e, at))
			return false;
		*seq = at;
		*len = end - at;
		return true;
	}
	return false;
}

/**
 * tcpe_sack_input() - take down what a segment says was received
 * @e: the connection
 * @in: the segment
 *
 * Return: whether it told anything new.
 */
bool tcpe_sack_input(struct tcpe *e, const struct tcpe_in *in)
{
	bool news = false;
	unsigned int i;

	for (i = 0; i < in->nr_sack; i++) {
		u32 start = in->sack[i].start, end = in->sack[i].end;

		if (!before(start, end) || before(start, e->snd_una) || after(end, e->snd_max))
			continue;
		news |= tcpe_range_add(&e->sacked, start, end);
	}
	return news;
}

/*
 * Bytes are counted, not acknowledgments (RFC 3465): a receiver that merges segments
 * acknowledges a whole burst at once, and more than a burst says nothing about the
 * network but that it was silent.
 */
static void grow(struct tcpe *e, u32 acked)
{
	u32 mss = tcpe_payload_mss(e);

	acked = min(acked, TCPE_MAX_BURST);
	if (e->cwnd < e->ssthresh)
		e->cwnd += acked;
	else
		e->cwnd += max_t(u32, 1, div_u64((u64)mss * min(acked, e->cwnd), e->cwnd));
	e->cwnd = min(e->cwnd, MAX_CWND);
}

static void halve(struct tcpe *e)
{
	e->ssthresh = max((e->snd_max - e->snd_una) / 2, 2U * tcpe_payload_mss(e));
}

static void partial_ack(struct tcpe *e, u32 acked)
{
	if (before(e->high_rxt, e->snd_una))
		e->high_rxt = e->snd_una;
	/* What comes next was lost as well, whether SACK can tell or not. */
	if (e->high_rxt == e->snd_una)
		tcpe_resend_first(e);
	if (e->p.flags & TCPE_F_SACK)
		return;
	e->dupacks = min(e->dupacks, e->p.dupacks);
	e->cwnd = max(e->cwnd > acked ? e->cwnd - acked : 0, (u32)tcpe_payload_mss(e));
}

/**
 * tcpe_loss_ack() - something new was acknowledged
 * @e: the connection, snd_una already moved
 * @acked: how many bytes
 */
void tcpe_loss_ack(struct tcpe *e, u32 acked)
{
	/* How full the window was before this acknowledgment. */
	bool limited = (tcpe_flight(e) + acked) * 2 >= e->cwnd;
	bool over = !before(e->snd_una, e->recover);

	if (e->in_recovery && !over) {
		partial_ack(e, acked);
		return;
	}
	if (e->in_recovery)
		e->cwnd = min(e->ssthresh, max(tcpe_flight(e), (u32)tcpe_payload_mss(e)) +
			      tcpe_payload_mss(e));
	else if (limited)
		grow(e, acked);
	if (over) {
		e->in_recovery = false;
		e->rto_recovery = false;
	}
	e->dupacks = 0;
}

static void enter_recovery(struct tcpe *e)
{
	halve(e);
	e->in_recovery = true;
	e->recover = e->snd_max;
	e->high_rxt = e->snd_una;
	e->cwnd = e->ssthresh;
	tcpe_resend_first(e);
	tcpe_set_rexmt(e);
}

/**
 * tcpe_loss_dupack() - an acknowledgment moved nothing
 * @e: the connection
 * @new_sack: it brought news of later bytes
 */
void tcpe_loss_dupack(struct tcpe *e, bool new_sack)
{
	bool sack = e->p.flags & TCPE_F_SACK;

	/* A repeated segment is answered as well; with SACK that tells nothing. */
	if (sack && !new_sack)
		return;
	if (e->dupacks < U8_MAX)
		e->dupacks++;
	if (e->in_recovery || e->rto_recovery || before(e->snd_una, e->recover))
		return;
	if (e->dupacks >= e->p.dupacks || (sack && is_lost(e, e->snd_una)))
		enter_recovery(e);
}

/**
 * tcpe_loss_timeout() - the retransmission timer fired
 * @e: the connection
 *
 * Everything from snd_una on is to be sent again, but for what the peer said it
 * has. A peer may drop that, so a second timeout believes it no longer.
 */
void tcpe_loss_timeout(struct tcpe *e)
{
	if (e->rexmt_count <= 1)
		halve(e);
	if (e->rexmt_count > 1 || (e->sacked.n && e->sacked.r[0].start == e->snd_una))
		e->sacked.n = 0;
	e->cwnd = tcpe_payload_mss(e);
	e->recover = e->snd_max;
	e->in_recovery = false;
	e->rto_recovery = true;
	e->rtt_timing = false;
	e->dupacks = 0;
	e->snd_nxt = e->snd_una;
	tcpe_resend_first(e);
}
