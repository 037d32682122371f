// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when nothing arrives: retransmission, persist, delayed
 * acknowledgments, keepalive, FIN_WAIT_2. Round trip times are here as well,
 * since only the timers need them.
 *
 * One deadline serves retransmission, persist and FIN_WAIT_2: never two of them
 * run at the same time, which is also how they are handed over.
 */
#include <kunit/visibility.h>
#include <net/tcp.h>

#include "engine.h"

#define MIN_RTO		(200ULL * USEC_PER_MSEC)
#define MAX_RTO		(120ULL * USEC_PER_SEC)
#define FIRST_RTO	(1ULL * USEC_PER_SEC)
#define FIN_WAIT_2_TIME	(120ULL * USEC_PER_SEC)
/* A blind reset or SYN may have been real: look after this time. */
#define BLIND_TIME	(300ULL * USEC_PER_SEC)

/**
 * tcpe_rto() - retransmission timeout, before any back-off
 * @e: the connection
 *
 * RFC 6298, section 2.
 *
 * Return: microseconds.
 */
u64 tcpe_rto(const struct tcpe *e)
{
	if (!e->srtt)
		return FIRST_RTO;
	return clamp((u64)(e->srtt >> 3) + max_t(u32, e->rttvar, 1), MIN_RTO, MAX_RTO);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_rto);

static u64 backed_off(const struct tcpe *e, unsigned int shift)
{
	return min(tcpe_rto(e) << min(shift, 16U), MAX_RTO);
}

/**
 * tcpe_rtt_sample() - one measured round trip
 * @e: the connection
 * @usecs: how long it took
 */
void tcpe_rtt_sample(struct tcpe *e, u32 usecs)
{
	s32 delta;

	usecs = clamp_t(u32, usecs, 1, 60 * USEC_PER_SEC);
	if (!e->srtt) {
		e->srtt = usecs << 3;
		e->rttvar = usecs << 1;
		return;
	}
	delta = (s32)usecs - (s32)(e->srtt >> 3);
	e->srtt += delta;
	if (!e->srtt)
		e->srtt = 1;
	e->rttvar += abs(delta) - (s32)(e->rttvar >> 2);
}

/* Does the peer owe an acknowledgment? */
static bool outstanding(const struct tcpe *e)
{
	return e->snd_max != e->snd_una;
}

/**
 * tcpe_set_rexmt() - start or stop the retransmission timer
 * @e: the connection
 */
void tcpe_set_rexmt(struct tcpe *e)
{
	if (e->persisting)
		return;
	if (outstanding(e))
		e->t_rexmt = tcpe_now(e) + backed_off(e, e->rexmt_count);
	else if (e->state == TCPE_FIN_WAIT2)
		e->t_rexmt = tcpe_now(e) + FIN_WAIT_2_TIME;
	else
		e->t_rexmt = TCPE_NEVER;
}

/**
 * tcpe_ka_restart() - something acceptable arrived
 * @e: the connection
 */
void tcpe_ka_restart(struct tcpe *e)
{
	e->ka_count = 0;
	e->ka_blind = false;
	e->t_keepalive = e->p.flags & TCPE_F_KEEPALIVE ? tcpe_now(e) + e->p.ka_time : TCPE_NEVER;
}

/**
 * tcpe_ka_blind() - a segment tried to end the connection and may be forged
 * @e: the connection
 */
void tcpe_ka_blind(struct tcpe *e)
{
	e->ka_blind = true;
	e->t_keepalive = min(e->t_keepalive, tcpe_now(e) + BLIND_TIME);
}

/**
 * tcpe_persist_start() - the peer's window closed
 * @e: the connection
 *
 * Also starts the next round, when the peer says so once more.
 */
void tcpe_persist_start(struct tcpe *e)
{
	if (e->persisting)
		e->persist_round++;
	else
		e->persist_round = 0;
	e->persisting = true;
	e->rexmt_count = 0;
	e->t_rexmt = tcpe_now(e) + backed_off(e, e->persist_round);
}

/**
 * tcpe_timers_off() - nothing is done by time any more
 * @e: the connection
 */
void tcpe_timers_off(struct tcpe *e)
{
	e->t_rexmt = TCPE_NEVER;
	e->t_delack = TCPE_NEVER;
	e->t_keepalive = TCPE_NEVER;
}

static void give_up(struct tcpe *e, bool closed)
{
	e->t_rexmt = TCPE_NEVER;
	e->t_keepalive = TCPE_NEVER;
	e->asked = true;
	if (closed)
		e->state = TCPE_CLOSED;
	e->ops->retrieve(e, TCPE_R_TIMEOUT);
}

static void persist_due(struct tcpe *e)
{
	if (e->rexmt_count >= e->p.max_rexmt) {
		give_up(e, false);
		return;
	}
	tcpe_send_probe(e);
	e->t_rexmt = tcpe_now(e) + backed_off(e, e->rexmt_count);
	e->rexmt_count++;
}

static bool rexmt_exhausted(struct tcpe *e)
{
	u64 now = tcpe_now(e);

	if (!e->rexmt_count)
		e->rexmt_start = now;
	if (e->p.max_rt == TCPE_NEVER)
		return false;
	if (e->p.max_rt)
		return now - e->rexmt_start >= e->p.max_rt;
	return e->rexmt_count >= e->p.max_rexmt;
}

static void rexmt_due(struct tcpe *e)
{
	if (rexmt_exhausted(e)) {
		give_up(e, false);
		return;
	}
	if (e->rexmt_count < U8_MAX)
		e->rexmt_count++;
	tcpe_loss_timeout(e);
	tcpe_output(e);
	tcpe_set_rexmt(e);
}

static void rexmt_timer(struct tcpe *e)
{
	e->t_rexmt = TCPE_NEVER;
	if (e->persisting)
		persist_due(e);
	else if (outstanding(e))
		rexmt_due(e);
	else if (e->state == TCPE_FIN_WAIT2)
		give_up(e, true);
}

static void keepalive_timer(struct tcpe *e)
{
	if (e->ka_count >= e->p.ka_probes) {
		give_up(e, e->ka_blind);
		return;
	}
	e->ka_count++;
	tcpe_send_probe(e);
	e->t_keepalive = tcpe_now(e) + e->p.ka_interval;
}

/**
 * tcpe_deadline() - when tcpe_timers() has to be called
 * @e: the connection
 *
 * Return: microseconds on the clock of &tcpe_ops.now, or %TCPE_NEVER.
 */
u64 tcpe_deadline(const struct tcpe *e)
{
	return e->stopped ? TCPE_NEVER : min3(e->t_rexmt, e->t_delack, e->t_keepalive);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_deadline);

/**
 * tcpe_timers() - do what is due
 * @e: the connection
 *
 * Too early a call does nothing.
 */
void tcpe_timers(struct tcpe *e)
{
	u64 now = tcpe_now(e);

	if (e->stopped)
		return;
	if (e->t_delack <= now)
		tcpe_send_ack(e);
	if (e->t_rexmt <= now)
		rexmt_timer(e);
	if (e->t_keepalive <= now)
		keepalive_timer(e);
}
EXPORT_SYMBOL_IF_KUNIT(tcpe_timers);
