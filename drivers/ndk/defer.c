// SPDX-License-Identifier: GPL-2.0
/*
 * The deferral core, see include/ndk/defer.h.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/ktime.h>

#include <ndk/defer.h>

/* Of every post, so in kernels for debugging only. */
static void assert_indices(const struct ndk_defer *d)
{
	u32 completed = READ_ONCE(d->completed);

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		return;
	lockdep_assert_held(&d->lock);
	WARN_ON_ONCE(d->indicated - completed > d->depth);
	WARN_ON_ONCE(d->accepted - d->indicated > d->depth);
	WARN_ON_ONCE(d->accepted - completed > d->depth);
}

/*
 * Indicate [indicated, end). @inline_ok: the newest request belongs to the call
 * that rings, so a refusal of that very request can still be its return value.
 */
static int ring(struct ndk_defer *d, u32 end, enum ndk_db_reason reason, bool inline_ok)
{
	u32 first = d->indicated, refused = end;
	u32 chain = end - first;
	int err;

	if (!chain)
		return 0;
	d->indicated = end;
	/*
	 * @due never lags: left behind by 2^31 requests that were all deferred,
	 * it would look like one in the future.
	 */
	d->due = end;
	d->doorbells[reason]++;
	if (chain > d->longest)
		d->longest = chain;
	err = d->ops->doorbell(d, first, end, &refused);
	if (d->ops->account)
		d->ops->account(d, reason, chain);
	if (likely(!err))
		return 0;

	if (inline_ok && refused == end - 1 && end == d->accepted) {
		d->accepted--;
		d->indicated--;
		d->due = d->accepted;
		d->refused++;
		return err;
	}
	d->ops->broken(d, refused, err);
	return 0;
}

static ktime_t period(u32 usecs)
{
	return ns_to_ktime((u64)usecs * NSEC_PER_USEC);
}

static enum hrtimer_restart timer_fn(struct hrtimer *t)
{
	struct ndk_defer *d = container_of(t, struct ndk_defer, timer);
	enum hrtimer_restart again = HRTIMER_NORESTART;
	unsigned long flags;
	bool rang = false;
	u32 usecs;

	spin_lock_irqsave(&d->lock, flags);
	usecs = READ_ONCE(d->limits->usecs);
	if (d->accepted == d->indicated || d->stopped || !usecs) {
		d->timer_armed = false;
	} else if (d->indicated != d->timer_mark) {
		/* a younger chain: it gets a full period of its own */
		d->timer_mark = d->indicated;
		hrtimer_forward_now(t, period(usecs));
		again = HRTIMER_RESTART;
	} else {
		ring(d, d->accepted, NDK_DB_TIMER, false);
		d->timer_armed = false;
		rang = true;
	}
	spin_unlock_irqrestore(&d->lock, flags);

	if (rang && d->ops->progress)
		d->ops->progress(d);
	return again;
}

static void arm_timer(struct ndk_defer *d)
{
	u32 usecs = READ_ONCE(d->limits->usecs);

	if (d->timer_armed || !usecs)
		return;
	d->timer_armed = true;
	d->timer_mark = d->indicated;
	hrtimer_start(&d->timer, period(usecs), HRTIMER_MODE_REL_SOFT);
}

void ndk_defer_init(struct ndk_defer *d, const struct ndk_defer_ops *ops,
		    const struct ndk_defer_limits *limits, u32 depth)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->limits = limits;
	d->depth = depth;
	spin_lock_init(&d->lock);
	hrtimer_init(&d->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	d->timer.function = timer_fn;
}
EXPORT_SYMBOL_GPL(ndk_defer_init);

void ndk_defer_stop(struct ndk_defer *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->stopped = true;
	spin_unlock_irqrestore(&d->lock, flags);

	ndk_defer_flush(d);
	hrtimer_cancel(&d->timer);
}
EXPORT_SYMBOL_GPL(ndk_defer_stop);

void ndk_defer_reset(struct ndk_defer *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->accepted = 0;
	d->indicated = 0;
	d->due = 0;
	/* a timer that still runs belongs to an older chain than the next one */
	d->timer_mark = -1;
	ndk_defer_complete(d, 0);
	spin_unlock_irqrestore(&d->lock, flags);
}
EXPORT_SYMBOL_GPL(ndk_defer_reset);

void ndk_defer_begin(struct ndk_defer *d, struct ndk_post *p) __acquires(&d->lock)
{
	p->accepted = false;
	p->refused = false;
	p->rang = false;
	spin_lock_irqsave(&d->lock, p->flags);
}
EXPORT_SYMBOL_GPL(ndk_defer_begin);

void ndk_defer_accept(struct ndk_defer *d, struct ndk_post *p, bool deferred)
{
	p->last = d->accepted++;
	p->accepted = true;
	if (!deferred) {
		d->due = d->accepted;
		return;
	}
	/*
	 * Only a deferred request can leave the chain open, so only here can a
	 * limit be what ends it; ndk_defer_end() rings for the others.
	 */
	if (d->accepted - d->indicated >= READ_ONCE(d->limits->bound)) {
		ring(d, d->accepted, NDK_DB_BOUND, false);
		p->rang = true;
	} else if (!ndk_defer_room(d)) {
		ring(d, d->accepted, NDK_DB_FULL, false);
		p->rang = true;
	}
}
EXPORT_SYMBOL_GPL(ndk_defer_accept);

void ndk_defer_refuse(struct ndk_defer *d, struct ndk_post *p)
{
	d->refused++;
	p->refused = true;
}
EXPORT_SYMBOL_GPL(ndk_defer_refuse);

/* The chain's end: what this call owes the NIC before it may return. */
static int ring_due(struct ndk_defer *d, struct ndk_post *p)
{
	bool rings = d->accepted != d->indicated;

	if (p->refused) {
		p->rang |= rings;
		return ring(d, d->accepted, NDK_DB_REFUSED, false);
	}
	if ((s32)(d->due - d->indicated) <= 0)
		return 0;
	p->rang = true;
	return ring(d, d->due, NDK_DB_UNDEFERRED,
		    p->accepted && p->last == d->due - 1);
}

int ndk_defer_end(struct ndk_defer *d, struct ndk_post *p) __releases(&d->lock)
{
	bool rang;
	int err;

	err = ring_due(d, p);
	assert_indices(d);
	/* stopped: nobody would end the tail, so none may stay */
	if (unlikely(d->stopped) && d->accepted != d->indicated) {
		ring(d, d->accepted, NDK_DB_FLUSH, false);
		p->rang = true;
	}
	if (d->accepted != d->indicated)
		arm_timer(d);
	rang = p->rang;
	spin_unlock_irqrestore(&d->lock, p->flags);

	if (rang && d->ops->progress)
		d->ops->progress(d);
	return err;
}
EXPORT_SYMBOL_GPL(ndk_defer_end);

static bool flush(struct ndk_defer *d)
{
	unsigned long flags;
	bool rang;

	spin_lock_irqsave(&d->lock, flags);
	rang = d->accepted != d->indicated;
	ring(d, d->accepted, NDK_DB_FLUSH, false);
	spin_unlock_irqrestore(&d->lock, flags);
	return rang;
}

void ndk_defer_flush(struct ndk_defer *d)
{
	if (flush(d) && d->ops->progress)
		d->ops->progress(d);
}
EXPORT_SYMBOL_GPL(ndk_defer_flush);

void ndk_defer_flush_quiet(struct ndk_defer *d)
{
	flush(d);
}
EXPORT_SYMBOL_GPL(ndk_defer_flush_quiet);
