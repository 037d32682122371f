// SPDX-License-Identifier: GPL-2.0
/*
 * Is the next hop still there (toe.md 3.10). Whoever made progress with it last counts,
 * host or target; if neither has for long, the host is asked before the next segment.
 *
 * Ticks are compared modulo 2^32.
 */
#include <ndk/toe_target.h>

#include "soft.h"

static u32 now_of(struct soft_target *st)
{
	return toe_clock_now(toe_target_clock(st->t));
}

/**
 * soft_neigh_heard_by_host() - the host's cached state says when it heard of it
 * @st: the target
 * @n: the neighbor, &soft_neigh.v new
 */
void soft_neigh_heard_by_host(struct soft_target *st, struct soft_neigh *n)
{
	WRITE_ONCE(n->hrt, now_of(st) - n->v.host_reachability);
}

/**
 * soft_neigh_silence() - since when the target has not heard of it (NRD)
 * @st: the target
 * @n: the neighbor
 *
 * Return: ticks.
 */
u32 soft_neigh_silence(struct soft_target *st, const struct soft_neigh *n)
{
	return now_of(st) - READ_ONCE(n->nrt);
}

/* A block with all three states of a neighbor, and what aligns them. */
#define QUERY_SIZE	ALIGN(sizeof(struct toe_block) + sizeof(struct toe_neigh_const) +	\
			      sizeof(struct toe_neigh_cached) +					\
			      sizeof(struct toe_neigh_delegated) + 3 * 8, 8)

static u32 ask(struct soft_target *st, const struct soft_neigh *n)
{
	u8 buf[QUERY_SIZE] __aligned(8) = {};
	struct toe_block *b = (struct toe_block *)buf;
	struct toe_neigh_delegated *d;
	u32 hrd = 0;

	b->layer = TOE_NEIGH;
	b->state_class = TOE_STATE_ALL;
	b->revision = TOE_REVISION;
	b->size = toe_block_size(TOE_NEIGH, TOE_STATE_ALL);
	b->handle = n->handle;
	memcpy(toe_block_state(b, TOE_STATE_CONST), &n->k, sizeof(n->k));
	memcpy(toe_block_state(b, TOE_STATE_CACHED), &n->v, sizeof(n->v));
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	d->h.length = sizeof(*d);
	d->h.revision = TOE_REVISION;
	d->nic_reachability = soft_neigh_silence(st, n);
	toe_event_reachability(st->t, b, &hrd);
	return hrd;
}

/**
 * soft_neigh_before_xmit() - a segment is about to leave
 * @st: the target
 * @n: where it goes
 *
 * One of those who find both silent asks. An answer of 0 (the host does not know
 * either) is silence until the next time is due.
 *
 * Context: softirq or process with BH off, RCU read side.
 */
void soft_neigh_before_xmit(struct soft_target *st, struct soft_neigh *n)
{
	u32 now = now_of(st), hrt = READ_ONCE(n->hrt), limit = READ_ONCE(st->nce_stale);

	if (likely(now - READ_ONCE(n->nrt) <= limit) || now - hrt <= limit)
		return;
	if (cmpxchg(&n->hrt, hrt, now) == hrt)
		WRITE_ONCE(n->hrt, now - ask(st, n));
}
