// SPDX-License-Identifier: GPL-2.0
/*
 * Receives that user space posts. Its library writes the mapped ring and makes no
 * call (the published user ABI has none for receives), while the lower device must
 * have the receive before the message comes. So somebody has to look: whoever comes
 * by (a send, a modify, a completed receive), and a timer of the device.
 *
 * The timer looks often while it finds something for a queue that is nearly empty,
 * and ever less often when it does not, but at least once a millisecond: that is the
 * longest a receive can be overlooked on a quiet device. A connected sender is told
 * to come again (RNR); a datagram that comes sooner is lost. A round takes at most a
 * part of the time between two, however many queues there are.
 */
#include "hca.h"

#define MIN_USECS	50
#define MAX_USECS	1000
/* how long it is likely that more comes, after something has happened */
#define HOT		(HZ / 4)
/* a round may take so much of the time: one part in */
#define SHARE		16
/* queues that one look looks at */
#define LOOK		4

static void start(struct hca_watch *w, u64 ns)
{
	hrtimer_start(&w->timer, ns_to_ktime(ns), HRTIMER_MODE_REL_SOFT);
}

/* Returns true if that was none too soon. */
static bool look(struct hca_watch *w)
{
	bool found = false;
	struct hca_rq *rq;

	list_for_each_entry(rq, &w->rqs, watch) {
		bool low = hca_rq_is_low(rq);

		if (!hca_rq_is_idle(rq) && hca_rq_refill(rq) && low)
			found = true;
	}
	return found;
}

/**
 * hca_watch_look() - look now, a little
 * @w: the watch
 *
 * At the queues that were added last: those of a small program, all. Not while
 * somebody else is looking.
 *
 * Context: process with bottom halves on.
 */
void hca_watch_look(struct hca_watch *w)
{
	unsigned int left = LOOK;
	struct hca_rq *rq;

	local_bh_disable();
	if (spin_trylock(&w->lock)) {
		list_for_each_entry_reverse(rq, &w->rqs, watch) {
			if (!left--)
				break;
			if (!hca_rq_is_idle(rq))
				hca_rq_refill(rq);
		}
		spin_unlock(&w->lock);
	}
	local_bh_enable();
}

/* Starts itself anew instead of asking for a restart: hca_watch_kick() may have. */
static enum hrtimer_restart tick(struct hrtimer *t)
{
	struct hca_watch *w = container_of(t, struct hca_watch, timer);
	u64 began = ktime_get_ns();
	u32 usecs;

	spin_lock(&w->lock);
	if (look(w))
		w->hot_until = jiffies + HOT;
	if (time_before(jiffies, w->hot_until))
		usecs = READ_ONCE(w->min_usecs);
	else
		usecs = min_t(u32, w->usecs * 2, MAX_USECS);
	w->usecs = usecs;
	if (!list_empty(&w->rqs))
		start(w, max_t(u64, (u64)usecs * NSEC_PER_USEC,
			       (ktime_get_ns() - began) * SHARE));
	spin_unlock(&w->lock);
	return HRTIMER_NORESTART;
}

void hca_watch_init(struct hca_watch *w)
{
	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->rqs);
	w->min_usecs = MIN_USECS;
	w->usecs = MIN_USECS;
	hrtimer_init(&w->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	w->timer.function = tick;
}

void hca_watch_exit(struct hca_watch *w)
{
	WARN_ON(!list_empty(&w->rqs));
	hrtimer_cancel(&w->timer);
}

/**
 * hca_watch_add() - look at a queue from now on
 * @w: the watch
 * @rq: a queue of user space
 */
void hca_watch_add(struct hca_watch *w, struct hca_rq *rq)
{
	spin_lock_bh(&w->lock);
	list_add_tail(&rq->watch, &w->rqs);
	w->hot_until = jiffies + HOT;
	w->usecs = READ_ONCE(w->min_usecs);
	start(w, (u64)w->usecs * NSEC_PER_USEC);
	spin_unlock_bh(&w->lock);
}

/**
 * hca_watch_del() - no longer; on return nobody is looking
 * @w: the watch
 * @rq: the queue; need not have been added
 */
void hca_watch_del(struct hca_watch *w, struct hca_rq *rq)
{
	spin_lock_bh(&w->lock);
	list_del_init(&rq->watch);
	spin_unlock_bh(&w->lock);
}

/**
 * hca_watch_kick() - a queue runs dry, or its QP changed state: receives are likely
 * to come soon
 * @w: the watch
 *
 * Context: process with bottom halves on, or softirq.
 */
void hca_watch_kick(struct hca_watch *w)
{
	WRITE_ONCE(w->hot_until, jiffies + HOT);
	if (READ_ONCE(w->usecs) <= READ_ONCE(w->min_usecs))
		return;
	spin_lock_bh(&w->lock);
	w->usecs = READ_ONCE(w->min_usecs);
	if (!list_empty(&w->rqs))
		start(w, (u64)w->usecs * NSEC_PER_USEC);
	spin_unlock_bh(&w->lock);
}
