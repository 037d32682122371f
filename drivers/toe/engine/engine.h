/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TCP engine of the software target: one established connection, driven
 * by whoever owns it.
 *
 * The engine has no clock, no timer, no lock and no network of its own. All of
 * these are passed in, so two engines can be wired back to back in a test and a
 * minute of retransmissions takes no time at all.
 *
 * Serialisation: the owner calls at most one function of an engine at a time and
 * takes care that the operations it passed in may run inside of that. After every
 * call it asks tcpe_deadline() when to call tcpe_timers() next.
 *
 * Ownership of bytes: a byte is acknowledged to the peer only after
 * &tcpe_ops.deliver has taken it, and a send buffer is given back only once the
 * peer has acknowledged it, or the engine was stopped.
 *
 * When in doubt the engine does not guess. A segment with URG, SYN, RST or FIN,
 * with options it does not know, or of a connection that is being given back,
 * is returned to the owner untouched (%TCPE_PASS), not acknowledged, and the
 * owner is asked to take the connection back (&tcpe_ops.retrieve). Segments that
 * carry FIN or RST are handled here only with %TCPE_F_HANDLE_FIN and
 * %TCPE_F_HANDLE_RST.
 */
#ifndef _TCPE_ENGINE_H
#define _TCPE_ENGINE_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct tcpe;

/* A stopped timer, and one that never ran. */
#define TCPE_NEVER		U64_MAX
/* Ranges of the scoreboard and of the queue of early segments. */
#define TCPE_MAX_RANGES		32
#define TCPE_MAX_SACK		4
/*
 * Most payload bytes one &tcpe_ops.xmit call carries, several segments: with headers of
 * TCP (60), IPv6 (40), Ethernet and a tag (18) below 64 KiB, and no less than what the
 * host puts into one of its buffers (45 segments of 1448 bytes).
 */
#define TCPE_MAX_BURST		65400U

/**
 * enum tcpe_verdict - what became of a segment
 * @TCPE_DONE: consumed, the buffer is the engine's or gone
 * @TCPE_PASS: not touched, the buffer is still the caller's, who hands it to
 *	the host stack after the connection was taken back
 */
enum tcpe_verdict {
	TCPE_DONE,
	TCPE_PASS
};

/**
 * enum tcpe_reason - why the owner should take the connection back
 * @TCPE_R_URGENT: urgent data arrived
 * @TCPE_R_TIMEOUT: retransmissions, probes or FIN_WAIT_2 ran out
 * @TCPE_R_UNUSUAL: a segment the engine does not handle
 */
enum tcpe_reason {
	TCPE_R_URGENT,
	TCPE_R_TIMEOUT,
	TCPE_R_UNUSUAL
};

/**
 * enum tcpe_state_id - states a connection can have here
 * @TCPE_ESTABLISHED: both halves open
 * @TCPE_FIN_WAIT1: our FIN is sent
 * @TCPE_FIN_WAIT2: and acknowledged
 * @TCPE_CLOSE_WAIT: the peer's FIN was taken
 * @TCPE_CLOSING: both sent, ours not acknowledged
 * @TCPE_LAST_ACK: as CLOSING, the peer's came first
 * @TCPE_CLOSED: over: reset, or given up
 */
enum tcpe_state_id {
	TCPE_ESTABLISHED,
	TCPE_FIN_WAIT1,
	TCPE_FIN_WAIT2,
	TCPE_CLOSE_WAIT,
	TCPE_CLOSING,
	TCPE_LAST_ACK,
	TCPE_CLOSED
};

/* flags of &struct tcpe_params */
#define TCPE_F_TIMESTAMPS	BIT(0)
#define TCPE_F_SACK		BIT(1)
#define TCPE_F_NODELAY		BIT(2)
#define TCPE_F_KEEPALIVE	BIT(3)
#define TCPE_F_HANDLE_FIN	BIT(4)
#define TCPE_F_HANDLE_RST	BIT(5)

/**
 * struct tcpe_range - sequence numbers [@start, @end)
 * @start: first
 * @end: one behind the last
 */
struct tcpe_range {
	u32 start;
	u32 end;
};

/**
 * struct tcpe_tx - one send buffer
 * @node: in the engine's queue, the owner's before and after
 * @seq: sequence number of its first byte; the engine's
 * @len: bytes, at least 1
 * @done: bytes of it that the peer has acknowledged; the engine's
 *
 * Embedded in the owner's own record of the data.
 */
struct tcpe_tx {
	struct list_head node;
	u32 seq;
	u32 len;
	u32 done;
};

/**
 * struct tcpe_seg - one segment, or a burst of them, to be sent
 * @seq: sequence number of the first byte
 * @ack: acknowledgment number
 * @len: payload bytes, to be taken from the send queue at @seq; more than @mss
 *	means a burst, to be cut into segments of @mss
 * @mss: payload bytes per segment
 * @flags: TCPHDR_*
 * @window: as it stands in the header, scaled
 * @has_ts: there is a timestamp option
 * @tsval: its value
 * @tsecr: and echo
 * @nr_sack: ranges in @sack
 * @sack: SACK option
 * @again: nothing in it is sent for the first time
 */
struct tcpe_seg {
	u32 seq;
	u32 ack;
	u32 len;
	u16 mss;
	u16 flags;
	u16 window;
	bool has_ts;
	bool again;
	u32 tsval;
	u32 tsecr;
	u8 nr_sack;
	struct tcpe_range sack[TCPE_MAX_SACK];
};

/**
 * struct tcpe_ops - what the owner supplies
 * @now: microseconds, never backwards
 * @xmit: send this. A failure is a lost segment.
 * @deliver: take the payload of @skb, the next bytes in order; its data is
 *	exactly these. @push: the segment had PSH. A non-zero return refuses,
 *	the buffer stays the engine's, nothing is acknowledged.
 * @sent: every byte of @tx is acknowledged, it has left the queue
 * @acked: so many more payload bytes are acknowledged; called before @sent.
 *	Optional.
 * @finished: the peer acknowledged our FIN
 * @peer_fin: the peer's FIN was reached, every byte before it was delivered
 * @reset: the peer reset the connection
 * @retrieve: please take the connection back. May be called repeatedly.
 * @progress: the peer is reachable: something new was acknowledged. Optional.
 *
 * All are called with the owner's serialisation held.
 */
struct tcpe_ops {
	u64 (*now)(struct tcpe *e);
	int (*xmit)(struct tcpe *e, const struct tcpe_seg *seg);
	int (*deliver)(struct tcpe *e, struct sk_buff *skb, bool push);
	void (*sent)(struct tcpe *e, struct tcpe_tx *tx);
	void (*acked)(struct tcpe *e, u32 bytes);
	void (*finished)(struct tcpe *e);
	void (*peer_fin)(struct tcpe *e);
	void (*reset)(struct tcpe *e);
	void (*retrieve)(struct tcpe *e, enum tcpe_reason reason);
	void (*progress)(struct tcpe *e);
};

/**
 * struct tcpe_params - what the owner sets, at start or with tcpe_update()
 * @flags: TCPE_F_*; the option flags only at start
 * @snd_scale: shift of windows the peer announces
 * @rcv_scale: shift of windows we announce
 * @mss: payload bytes per segment, options not counted
 * @rcv_window: receive window in bytes while nothing is buffered
 * @ka_probes: keepalive probes before giving up
 * @ka_time: microseconds of silence before the first
 * @ka_interval: microseconds between them
 * @max_rt: microseconds one segment may be retransmitted; 0: @max_rexmt counts,
 *	%TCPE_NEVER: for ever
 * @max_rexmt: retransmissions of one segment, if @max_rt is 0
 * @ack_every: segments per acknowledgment
 * @delack: microseconds an acknowledgment may be delayed
 * @dupacks: duplicate acknowledgments that mean a loss
 * @ts_hz: timestamps count this many units per second
 */
struct tcpe_params {
	u32 flags;
	u8 snd_scale;
	u8 rcv_scale;
	u16 mss;
	u32 rcv_window;
	u8 ka_probes;
	u64 ka_time;
	u64 ka_interval;
	u64 max_rt;
	u8 max_rexmt;
	u8 ack_every;
	u8 dupacks;
	u32 delack;
	u32 ts_hz;
};

/**
 * struct tcpe_handover - what moves with the connection, both ways
 * @state: enum tcpe_state_id
 * @rcv_nxt: next byte expected
 * @rcv_wnd: window announced, in bytes
 * @snd_una: oldest byte not acknowledged; the first byte of the send queue
 * @snd_nxt: next byte to send
 * @snd_max: highest byte ever sent, plus 1
 * @snd_wnd: peer's window, in bytes
 * @max_snd_wnd: largest ever seen
 * @snd_wl1: sequence number of the last window update
 * @cwnd: congestion window, in bytes
 * @ssthresh: slow start threshold, in bytes
 * @srtt: smoothed round trip time in microseconds, times 8; 0: no sample yet
 * @rttvar: its variation in microseconds, times 4
 * @ts_recent: timestamp to echo
 * @ts_recent_age: microseconds since it was taken
 * @ts_now: our timestamp clock at this moment, offset included
 * @total_rt: microseconds spent on the segment that is being retransmitted
 * @dupacks: duplicate acknowledgments seen
 * @rexmt_count: retransmissions, or probes of this persist round
 * @persist_round: persist round
 * @ka_count: unanswered keepalive probes
 * @rexmt_left: microseconds left on the retransmit, persist or FIN_WAIT_2 timer;
 *	%TCPE_NEVER: it does not run
 * @ka_left: the same of the keepalive timer
 */
struct tcpe_handover {
	u8 state;
	u32 rcv_nxt;
	u32 rcv_wnd;
	u32 snd_una;
	u32 snd_nxt;
	u32 snd_max;
	u32 snd_wnd;
	u32 max_snd_wnd;
	u32 snd_wl1;
	u32 cwnd;
	u32 ssthresh;
	u32 srtt;
	u32 rttvar;
	u32 ts_recent;
	u64 ts_recent_age;
	u32 ts_now;
	u64 total_rt;
	u8 dupacks;
	u8 rexmt_count;
	u8 persist_round;
	u8 ka_count;
	u64 rexmt_left;
	u64 ka_left;
};

/**
 * struct tcpe_ranges - sorted, disjoint, never touching
 * @n: how many
 * @r: the ranges
 */
struct tcpe_ranges {
	unsigned int n;
	struct tcpe_range r[TCPE_MAX_RANGES];
};

/**
 * struct tcpe_counters - what happened
 * @in_segs: segments taken
 * @in_errs: of these, malformed
 * @out_segs: segments sent, pure retransmissions not counted
 * @rexmt_segs: segments sent again
 * @out_rsts: resets sent
 * @dup_segs: segments that brought nothing new
 * @ooo_segs: segments that arrived early
 * @paws_drops: segments dropped for an old timestamp
 * @challenge_acks: answers to blind resets
 */
struct tcpe_counters {
	u64 in_segs;
	u64 in_errs;
	u64 out_segs;
	u64 rexmt_segs;
	u64 out_rsts;
	u64 dup_segs;
	u64 ooo_segs;
	u64 paws_drops;
	u64 challenge_acks;
};

/* One connection. Private to the engine but for what the functions below return. */
struct tcpe {
	const struct tcpe_ops *ops;
	struct tcpe_params p;
	u8 state;
	bool stopped;
	bool asked;		/* retrieve was called for a mandatory reason */
	bool fin_queued;	/* a FIN follows the send queue */
	bool fin_rcvd;
	bool ack_now;
	bool in_recovery;
	bool rto_recovery;
	bool rtt_timing;
	bool challenged;	/* a challenge ACK is out and unanswered */

	/* send sequence space */
	u32 snd_una;
	u32 snd_nxt;
	u32 snd_max;
	u32 snd_end;		/* behind the last byte queued */
	u32 snd_wnd;
	u32 max_snd_wnd;
	u32 snd_wl1;
	u32 cwnd;
	u32 ssthresh;
	u32 recover;		/* recovery ends when this is acknowledged */
	u32 high_rxt;		/* holes below this were sent again */
	u32 rtt_seq;
	u64 rtt_start;
	u8 dupacks;
	u8 rexmt_count;
	u8 persist_round;
	bool persisting;
	u64 rexmt_start;	/* when the first retransmission was due */
	struct list_head txq;
	struct tcpe_ranges sacked;

	/* receive sequence space */
	u32 rcv_nxt;
	u32 rcv_adv;		/* right edge announced; never moves left */
	u32 last_ack;		/* acknowledgment number sent last */
	u32 buffered;		/* delivered, not yet consumed */
	u8 unacked_segs;
	struct sk_buff_head ooo;
	u32 ooo_bytes;
	struct tcpe_range last_ooo;	/* newest block, first in a SACK option */

	/* round trip time, timestamps */
	u32 srtt;
	u32 rttvar;
	u32 ts_recent;
	u64 ts_recent_at;
	u32 ts_offset;

	/* timers: when they are due */
	u64 t_rexmt;
	u64 t_delack;
	u64 t_keepalive;
	u8 ka_count;
	bool ka_blind;		/* keepalive runs because of a blind reset */
	u64 challenge_at;

	struct tcpe_counters count;
};

/* What of a received segment the engine looks at. */
struct tcpe_in {
	u32 seq;
	u32 ack;
	u32 len;		/* payload only */
	u32 wnd;		/* in bytes */
	u16 flags;
	bool has_ts;
	bool unknown_option;
	u32 tsval;
	u32 tsecr;
	u8 nr_sack;
	struct tcpe_range sack[TCPE_MAX_SACK];
	u16 segs;		/* segments merged into this buffer */
};

/* engine.c: life, owner's calls */
int tcpe_start(struct tcpe *e, const struct tcpe_ops *ops, const struct tcpe_params *p,
	       const struct tcpe_handover *h, struct list_head *txq);
void tcpe_kick(struct tcpe *e);
void tcpe_update(struct tcpe *e, const struct tcpe_params *p, bool restart_ka, bool restart_rt);
void tcpe_queue(struct tcpe *e, struct tcpe_tx *tx);
void tcpe_send(struct tcpe *e, struct tcpe_tx *tx);
void tcpe_close(struct tcpe *e);
void tcpe_abort(struct tcpe *e);
void tcpe_consumed(struct tcpe *e, u32 bytes);
void tcpe_get(struct tcpe *e, struct tcpe_handover *h);
void tcpe_stop(struct tcpe *e, struct tcpe_handover *h, struct list_head *txq);
struct tcpe_tx *tcpe_tx_at(struct tcpe *e, u32 seq, u32 *offset);

/* parse.c */
bool tcpe_parse(struct tcpe *e, struct sk_buff *skb, struct tcpe_in *in);

/* input.c, ack.c, early.c */
enum tcpe_verdict tcpe_input(struct tcpe *e, struct sk_buff *skb);
bool tcpe_take(struct tcpe *e, struct sk_buff *skb, bool push, bool queued);
void tcpe_early_set_push(struct sk_buff *skb, bool push);
void tcpe_ack_input(struct tcpe *e, const struct tcpe_in *in);
void tcpe_early_add(struct tcpe *e, struct sk_buff *skb, u32 seq);
bool tcpe_early_deliver(struct tcpe *e);
void tcpe_early_purge(struct tcpe *e);
unsigned int tcpe_early_sack(const struct tcpe *e, struct tcpe_range *out, unsigned int max);

/* output.c */
void tcpe_output(struct tcpe *e);
void tcpe_send_ack(struct tcpe *e);
void tcpe_send_probe(struct tcpe *e);
void tcpe_send_rst(struct tcpe *e);
bool tcpe_resend_first(struct tcpe *e);
u32 tcpe_new_window(const struct tcpe *e);
u16 tcpe_payload_mss(const struct tcpe *e);

/* loss.c: congestion window, scoreboard */
void tcpe_loss_ack(struct tcpe *e, u32 acked);
void tcpe_loss_dupack(struct tcpe *e, bool new_sack);
void tcpe_loss_timeout(struct tcpe *e);
bool tcpe_loss_next_hole(struct tcpe *e, u32 *seq, u32 *len);
u32 tcpe_pipe(const struct tcpe *e);
bool tcpe_sack_input(struct tcpe *e, const struct tcpe_in *in);

/* range.c */
bool tcpe_range_add(struct tcpe_ranges *s, u32 start, u32 end);
void tcpe_range_trim(struct tcpe_ranges *s, u32 una);
bool tcpe_range_covers(const struct tcpe_ranges *s, u32 seq, u32 *end);
u32 tcpe_range_bytes(const struct tcpe_ranges *s, u32 from);

/* timer.c */
u64 tcpe_deadline(const struct tcpe *e);
void tcpe_timers(struct tcpe *e);
void tcpe_timers_off(struct tcpe *e);
void tcpe_set_rexmt(struct tcpe *e);
void tcpe_rtt_sample(struct tcpe *e, u32 usecs);
u64 tcpe_rto(const struct tcpe *e);
void tcpe_ka_restart(struct tcpe *e);
void tcpe_ka_blind(struct tcpe *e);
void tcpe_persist_start(struct tcpe *e);

static inline u64 tcpe_now(struct tcpe *e)
{
	return e->ops->now(e);
}

static inline u32 tcpe_ts_clock(struct tcpe *e)
{
	return (u32)div_u64(tcpe_now(e), USEC_PER_SEC / e->p.ts_hz) + e->ts_offset;
}

static inline u32 tcpe_flight(const struct tcpe *e)
{
	return e->snd_nxt - e->snd_una;
}

#endif /* _TCPE_ENGINE_H */
