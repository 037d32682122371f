// SPDX-License-Identifier: GPL-2.0
/*
 * How often lower completions are taken.
 *
 * A lower device that completes from a task (a software one) has no interrupt to
 * moderate: each completion that finds its queue armed costs an interrupt of our own,
 * which may be as long as the message's whole way through the device. So while they
 * come fast, it is tried not to arm, but to look again a little later. That is kept up
 * if more completions come in the same time than before, and dropped if not, or when
 * one look finds nothing: then somebody waits for one message at a time.
 *
 * Devices that complete from an interrupt are left alone: they moderate themselves.
 */
#include "hca.h"

/* between two looks */
#define TICK_USECS	400
/* arms between tries: at first, and at most, doubling each time one fails */
#define PAUSE		64
#define PAUSE_MAX	8192
/* looks of one try; and until it has to show again that it is worth it */
#define TRY		16
#define KEEP		2048
/* slower than that there is nothing to gain: nanoseconds per arm */
#define SLOW_NS		(2 * TICK_USECS * NSEC_PER_USEC)

static enum hrtimer_restart tick(struct hrtimer *t)
{
	queue_work(system_bh_wq, &container_of(t, struct hca_qp, pace.timer)->work);
	return HRTIMER_NORESTART;
}

/* Everything is measured from here on. */
static void begin(struct hca_pace *p, u32 left)
{
	p->left = left;
	p->done = 0;
	p->since = ktime_get_ns();
}

void hca_pace_init(struct hca_pace *p)
{
	hrtimer_init(&p->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	p->timer.function = tick;
	hca_pace_reset(p);
}

/**
 * hca_pace_reset() - arm, until something else is found to be better
 * @p: the pace; the work item does not run
 */
void hca_pace_reset(struct hca_pace *p)
{
	hrtimer_cancel(&p->timer);
	p->by_timer = false;
	p->pause = PAUSE;
	begin(p, p->pause);
}

static void stop(struct hca_pace *p, u32 pause)
{
	p->by_timer = false;
	p->pause = pause;
	begin(p, pause);
}

/* Completions per second, within the range that matters. */
static u32 rate(const struct hca_pace *p, u64 ns)
{
	return div64_u64((u64)p->done * NSEC_PER_SEC, max(ns, 1ULL));
}

/* A window of arms is over: is it worth a try? */
static void after_arms(struct hca_pace *p, u64 ns)
{
	if (ns > SLOW_NS * p->pause) {
		begin(p, p->pause);
		return;
	}
	p->usual = rate(p, ns);
	p->by_timer = true;
	begin(p, TRY);
}

/* A window of looks is over: did more come than usual, by an eighth? */
static void after_looks(struct hca_pace *p, u64 ns)
{
	if (rate(p, ns) > p->usual + p->usual / 8) {
		p->pause = PAUSE;
		begin(p, KEEP);
	} else {
		stop(p, min(2 * p->pause, PAUSE_MAX));
	}
}

/**
 * hca_pace_next() - the lower completion queue is empty: arm it?
 * @p: the pace
 * @done: completions of this turn
 *
 * Context: the QP's work item.
 * Return: false: no, the item will be queued by the timer, which was started.
 */
bool hca_pace_next(struct hca_pace *p, u32 done)
{
	u64 ns;

	p->done += done;
	if (!READ_ONCE(p->from_task))
		return true;
	if (p->by_timer && !done) {
		stop(p, min(2 * p->pause, PAUSE_MAX));
		return true;
	}
	if (done && !--p->left) {
		ns = ktime_get_ns() - p->since;
		if (p->by_timer)
			after_looks(p, ns);
		else
			after_arms(p, ns);
	}
	if (!p->by_timer)
		return true;
	hrtimer_start(&p->timer, ns_to_ktime(TICK_USECS * NSEC_PER_USEC), HRTIMER_MODE_REL);
	return false;
}
