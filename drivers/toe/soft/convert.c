// SPDX-License-Identifier: GPL-2.0
/*
 * The contract's variables and the engine's: ticks against microseconds, states
 * by other numbers, fields that saturate.
 */
#include <net/tcp.h>

#include "soft.h"

static const u8 to_engine[TOE_TCP_STATES] = {
	[TOE_TCP_CLOSED] = TCPE_CLOSED,
	[TOE_TCP_LISTEN] = TCPE_CLOSED,
	[TOE_TCP_SYN_SENT] = TCPE_CLOSED,
	[TOE_TCP_SYN_RCVD] = TCPE_CLOSED,
	[TOE_TCP_ESTABLISHED] = TCPE_ESTABLISHED,
	[TOE_TCP_FIN_WAIT1] = TCPE_FIN_WAIT1,
	[TOE_TCP_FIN_WAIT2] = TCPE_FIN_WAIT2,
	[TOE_TCP_CLOSE_WAIT] = TCPE_CLOSE_WAIT,
	[TOE_TCP_CLOSING] = TCPE_CLOSING,
	[TOE_TCP_LAST_ACK] = TCPE_LAST_ACK,
	[TOE_TCP_TIME_WAIT] = TCPE_CLOSED,
};

static const u8 from_engine[] = {
	[TCPE_ESTABLISHED] = TOE_TCP_ESTABLISHED,
	[TCPE_FIN_WAIT1] = TOE_TCP_FIN_WAIT1,
	[TCPE_FIN_WAIT2] = TOE_TCP_FIN_WAIT2,
	[TCPE_CLOSE_WAIT] = TOE_TCP_CLOSE_WAIT,
	[TCPE_CLOSING] = TOE_TCP_CLOSING,
	[TCPE_LAST_ACK] = TOE_TCP_LAST_ACK,
	[TCPE_CLOSED] = TOE_TCP_CLOSED,
};

static u32 tick_usecs(const struct soft_conn *sc)
{
	return USEC_PER_SEC / toe_target_clock(sc->st->t)->ticks_per_second;
}

static u64 timer_in(const struct soft_conn *sc, s32 ticks)
{
	return ticks == TOE_TIMER_OFF ? TCPE_NEVER : (u64)(u32)ticks * tick_usecs(sc);
}

/* A timer that is due within this tick is due at once. */
static s32 timer_out(const struct soft_conn *sc, u64 usecs)
{
	if (usecs == TCPE_NEVER)
		return TOE_TIMER_OFF;
	return min_t(u64, div_u64(usecs, tick_usecs(sc)), S32_MAX);
}

static u32 ticks_out(const struct soft_conn *sc, u64 usecs)
{
	return min_t(u64, div_u64(usecs, tick_usecs(sc)), U32_MAX);
}

/* Round trips below a tick are kept: 0 would mean that there is no sample. */
static u16 rtt_out(const struct soft_conn *sc, u32 usecs)
{
	if (!usecs)
		return 0;
	return clamp_t(u32, usecs / tick_usecs(sc), 1, U16_MAX);
}

static u64 max_rt(const struct soft_conn *sc)
{
	switch (sc->v.max_rt) {
	case TOE_MAX_RT_COUNT:
		return 0;
	case TOE_MAX_RT_NONE:
		return TCPE_NEVER;
	default:
		return (u64)sc->v.max_rt * tick_usecs(sc);
	}
}

static u32 flags_of(const struct soft_conn *sc)
{
	u32 flags = sc->st->engine_flags;

	if (sc->k.flags & TOE_CONN_TIMESTAMP)
		flags |= TCPE_F_TIMESTAMPS;
	if (sc->k.flags & TOE_CONN_SACK)
		flags |= TCPE_F_SACK;
	if (!(sc->v.flags & TOE_CONN_NAGLE))
		flags |= TCPE_F_NODELAY;
	if (sc->v.flags & TOE_CONN_KEEPALIVE)
		flags |= TCPE_F_KEEPALIVE;
	return flags;
}

static u16 mss_of(const struct soft_conn *sc)
{
	u32 head = sizeof(struct tcphdr) +
		   (sc->path->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	u32 room = sc->path->v.mtu > head ? sc->path->v.mtu - head : 0;

	return min_t(u32, room, sc->k.remote_mss);
}

/**
 * soft_params() - the engine's parameters, from what the connection has now
 * @sc: the connection
 * @p: filled
 */
void soft_params(struct soft_conn *sc, struct tcpe_params *p)
{
	bool scaled = sc->k.flags & TOE_CONN_WSCALE;
	struct toe_params t;

	toe_target_get_params(sc->st->t, &t);
	*p = (struct tcpe_params){
		.flags = flags_of(sc),
		.snd_scale = scaled ? sc->k.snd_wscale : 0,
		.rcv_scale = scaled ? sc->k.rcv_wscale : 0,
		.mss = mss_of(sc),
		.rcv_window = sc->v.initial_rcv_wnd,
		.ka_probes = sc->v.ka_probes,
		.ka_time = (u64)sc->v.ka_timeout * tick_usecs(sc),
		.ka_interval = (u64)sc->v.ka_interval * tick_usecs(sc),
		.max_rt = max_rt(sc),
		.max_rexmt = min_t(u32, t.max_retransmissions, U8_MAX),
		.ack_every = clamp_t(u32, t.ack_frequency, 1, U8_MAX),
		.dupacks = clamp_t(u32, t.dup_ack_threshold, 1, U8_MAX),
		.delack = t.delayed_ack * tick_usecs(sc),
		.ts_hz = t.ticks_per_second,
	};
}

/**
 * soft_take_state() - delegated state to the engine
 * @sc: the connection
 * @d: as the host gave it
 * @h: filled
 *
 * Return: false if the engine cannot carry a connection in that state.
 */
bool soft_take_state(struct soft_conn *sc, const struct toe_conn_delegated *d,
		     struct tcpe_handover *h)
{
	if (d->state >= TOE_TCP_STATES || to_engine[d->state] == TCPE_CLOSED)
		return false;
	*h = (struct tcpe_handover){
		.state = to_engine[d->state],
		.rcv_nxt = d->rcv_nxt,
		.rcv_wnd = d->rcv_wnd,
		.snd_una = d->snd_una,
		.snd_nxt = d->snd_nxt,
		.snd_max = d->snd_max,
		.snd_wnd = d->snd_wnd,
		.max_snd_wnd = d->max_snd_wnd,
		.snd_wl1 = d->snd_wl1,
		.cwnd = d->cwnd,
		.ssthresh = d->ssthresh,
		.srtt = d->srtt * tick_usecs(sc),
		.rttvar = d->rttvar * tick_usecs(sc),
		.ts_recent = d->ts_recent,
		.ts_recent_age = (u64)d->ts_recent_age * tick_usecs(sc),
		.ts_now = d->ts_time,
		.total_rt = (u64)d->total_rt * tick_usecs(sc),
		.dupacks = d->dup_acks,
		.rexmt_count = d->rt_count,
		.persist_round = d->snd_wnd_probes,
		.ka_count = d->ka_probes,
		.rexmt_left = timer_in(sc, d->rt_delta),
		.ka_left = timer_in(sc, d->ka_delta),
	};
	return true;
}

/**
 * soft_give_state() - delegated state from the engine
 * @sc: the connection
 * @h: as the engine has it
 * @d: filled, but for its header, @valid_for and what belongs to the data path
 */
void soft_give_state(struct soft_conn *sc, const struct tcpe_handover *h,
		     struct toe_conn_delegated *d)
{
	d->state = from_engine[h->state];
	d->rcv_nxt = h->rcv_nxt;
	d->rcv_wnd = h->rcv_wnd;
	d->snd_una = h->snd_una;
	d->snd_nxt = h->snd_nxt;
	d->snd_max = h->snd_max;
	d->snd_wnd = h->snd_wnd;
	d->max_snd_wnd = h->max_snd_wnd;
	d->snd_wl1 = h->snd_wl1;
	d->cwnd = h->cwnd;
	d->ssthresh = h->ssthresh;
	d->srtt = rtt_out(sc, h->srtt);
	d->rttvar = rtt_out(sc, h->rttvar);
	d->ts_recent = h->ts_recent;
	d->ts_recent_age = ticks_out(sc, h->ts_recent_age);
	d->ts_time = h->ts_now;
	d->total_rt = ticks_out(sc, h->total_rt);
	d->dup_acks = h->dupacks;
	d->rt_count = h->rexmt_count;
	d->snd_wnd_probes = h->persist_round;
	d->ka_probes = h->ka_count;
	d->rt_delta = timer_out(sc, h->rexmt_left);
	d->ka_delta = timer_out(sc, h->ka_left);
	if (d->valid_for == TOE_FOR_QUERY) {
		d->send_backlog = max(h->cwnd, h->snd_wnd);
		d->recv_backlog = sc->e.buffered;
	}
}
