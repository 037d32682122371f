// SPDX-License-Identifier: GPL-2.0
/*
 * The delivery algorithm, see include/ndk/toe_deliver.h.
 *
 * The published flowcharts are one procedure per event, each with a test whether
 * another is at work. Here there is one runner per connection at a time. Events
 * only change the state, under the lock; the runner looks at the state, takes
 * the one step it calls for, and looks again. @running is cleared under the lock
 * that saw nothing left to do, so no event falls between.
 */
#include <linux/export.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include <ndk/toe_deliver.h>

#include "rx.h"
#include "trace.h"

void toe_deliver_init(struct toe_deliver *d, const struct toe_deliver_ops *ops)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	spin_lock_init(&d->lock);
	INIT_LIST_HEAD(&d->units);
	INIT_LIST_HEAD(&d->requests);
}
EXPORT_SYMBOL_GPL(toe_deliver_init);

void toe_deliver_restart(struct toe_deliver *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	WARN_ON_ONCE(!list_empty(&d->units) || !list_empty(&d->requests));
	d->stopped = false;
	d->held = 0;
	d->gate = false;
	d->pushed = false;
	d->eor = false;
	d->cut = false;
	d->push_due = false;
	d->fin = false;
	d->fin_told = false;
	d->aborted = false;
	d->abort_told = false;
	d->keep = false;
	d->mid = false;
	d->used = 0;
	spin_unlock_irqrestore(&d->lock, flags);
}
EXPORT_SYMBOL_GPL(toe_deliver_restart);

static struct toe_rx *first_unit(struct toe_deliver *d)
{
	return list_first_entry_or_null(&d->units, struct toe_rx, link);
}

static struct toe_rx *last_unit(struct toe_deliver *d)
{
	return list_empty(&d->units) ? NULL : list_last_entry(&d->units, struct toe_rx, link);
}

static struct toe_recv *first_request(struct toe_deliver *d)
{
	return list_first_entry_or_null(&d->requests, struct toe_recv, link);
}

/* The runner drops the lock around what takes long or calls out. */
static void unlock(struct toe_deliver *d, unsigned long *flags) __releases(&d->lock)
{
	spin_unlock_irqrestore(&d->lock, *flags);
}

static void relock(struct toe_deliver *d, unsigned long *flags) __acquires(&d->lock)
{
	spin_lock_irqsave(&d->lock, *flags);
}

static void complete_list(struct toe_deliver *d, struct list_head *done, unsigned long *flags)
	__must_hold(&d->lock)
{
	struct toe_recv *r;

	unlock(d, flags);
	list_for_each_entry(r, done, link)
		trace_toe_recv_done(d, r);
	d->ops->complete(d, done);
	relock(d, flags);
}

/* @n bytes of the first unit are placed; returns the unit if it is used up. */
static struct toe_rx *consume(struct toe_deliver *d, struct toe_rx *rx, u32 n)
{
	rx->offset += n;
	rx->length -= n;
	d->buffered -= n;
	d->used += n;
	if (rx->length)
		return NULL;
	if (rx->flags & TOE_RX_PSH)
		d->pushed = true;
	d->eor = rx->flags & TOE_RX_EOR;
	d->mid = !d->eor;
	list_del(&rx->link);
	return rx;
}

/*
 * Copy from the first unit to the first request. Both are the runner's alone, so
 * the lock is not needed meanwhile; others only append.
 */
static bool place_some(struct toe_deliver *d, struct toe_recv *r, unsigned long *flags)
	__must_hold(&d->lock)
{
	struct toe_rx *rx = first_unit(d), *used;
	size_t n;

	if (!rx)
		return false;
	n = min_t(size_t, rx->length, iov_iter_count(&r->iter));
	d->placing = r;
	unlock(d, flags);
	n = toe_rx_copy(rx, 0, n, &r->iter);
	relock(d, flags);
	d->placing = NULL;
	if (WARN_ON_ONCE(!n))	/* not kernel memory: refused where it was posted */
		return false;
	r->bytes += n;
	used = consume(d, rx, n);
	if (used) {
		unlock(d, flags);
		toe_rx_free(used);
		relock(d, flags);
	}
	return true;
}

/* A look at what waits. The units stay, and only the runner could take them. */
static void peek(struct toe_deliver *d, struct toe_recv *r, unsigned long *flags)
	__must_hold(&d->lock)
{
	struct toe_rx *rx;
	size_t n;

	list_for_each_entry(rx, &d->units, link) {
		n = min_t(size_t, rx->length, iov_iter_count(&r->iter));
		if (!n)
			break;
		d->placing = r;
		unlock(d, flags);
		r->bytes += toe_rx_copy(rx, 0, n, &r->iter);
		relock(d, flags);
		d->placing = NULL;
		if (d->messages && (rx->flags & TOE_RX_EOR))
			break;
	}
}

/* Is the first request over, and how? */
static bool is_over(struct toe_deliver *d, struct toe_recv *r)
{
	bool push_mode = !(r->flags & TOE_RECV_NO_PUSH);

	r->status = TOE_SUCCESS;
	if (r->flags & TOE_RECV_PEEK)
		return true;
	if (!iov_iter_count(&r->iter)) {
		if (d->messages && r->bytes && !d->eor)
			r->status = TOE_BUFFER_OVERFLOW;
		return true;
	}
	if (!r->bytes)
		return false;
	if (d->messages && d->eor)
		return true;
	if (push_mode && (d->pushed || d->push_due))
		return true;
	return d->cut;
}

static void take_off(struct toe_deliver *d, struct toe_recv *r, struct list_head *done)
{
	list_move_tail(&r->link, done);
	if (d->cut && list_empty(&d->requests))
		d->gate = true;
	d->pushed = false;
	d->eor = false;
	d->push_due = false;
	d->cut = false;
}

/*
 * The push timer runs while a push-mode request is partly filled, and starts
 * anew with every arrival (toe.md 3.3; the flowchart would let it run on).
 */
static void tend_timer(struct toe_deliver *d, bool placed, unsigned long *flags)
	__must_hold(&d->lock)
{
	struct toe_recv *r = first_request(d);
	bool wanted = r && r->bytes && !(r->flags & TOE_RECV_NO_PUSH);

	if (wanted ? !placed && d->push_armed : !d->push_armed)
		return;
	d->push_armed = wanted;
	if (!d->ops->push_timer)
		return;
	unlock(d, flags);
	d->ops->push_timer(d, wanted);
	relock(d, flags);
}

/* Fill requests; complete all that are over in one call. */
static bool place(struct toe_deliver *d, unsigned long *flags)
{
	struct toe_recv *r;
	bool placed = false;
	LIST_HEAD(done);

	while ((r = first_request(d))) {
		if (r->flags & TOE_RECV_PEEK)
			peek(d, r, flags);
		if (is_over(d, r))
			take_off(d, r, &done);
		else if (place_some(d, r, flags))
			placed = true;
		else
			break;
	}
	/* what else they may have been about is over or was indicated */
	d->push_due = false;
	d->cut = false;
	tend_timer(d, placed, flags);
	if (list_empty(&done))
		return placed;
	complete_list(d, &done, flags);
	return true;
}

/* Expedited data waits for this one, so it goes even if all else is held. */
static bool cut_first(struct toe_deliver *d, unsigned long *flags)
{
	struct toe_recv *r = first_request(d);
	LIST_HEAD(done);

	if (!d->cut)
		return false;
	if (!r || !r->bytes) {
		d->cut = false;
		return false;
	}
	is_over(d, r);
	take_off(d, r, &done);
	tend_timer(d, false, flags);
	complete_list(d, &done, flags);
	return true;
}

/* Everything outstanding ends with @status and the bytes it has. */
static bool end_requests(struct toe_deliver *d, u32 status, unsigned long *flags)
{
	struct toe_recv *r;
	LIST_HEAD(done);

	if (list_empty(&d->requests))
		return false;
	list_splice_init(&d->requests, &done);
	list_for_each_entry(r, &done, link)
		r->status = status;
	tend_timer(d, false, flags);
	complete_list(d, &done, flags);
	return true;
}

static bool drop_units(struct toe_deliver *d, unsigned long *flags)
	__must_hold(&d->lock)
{
	LIST_HEAD(units);

	if (list_empty(&d->units))
		return false;
	list_splice_init(&d->units, &units);
	d->buffered = 0;
	unlock(d, flags);
	toe_rx_free_list(&units);
	relock(d, flags);
	return true;
}

static bool tell_abort(struct toe_deliver *d, unsigned long *flags)
	__must_hold(&d->lock)
{
	if (d->abort_told)
		return false;
	d->abort_told = true;
	unlock(d, flags);
	d->ops->ended(d, true);
	relock(d, flags);
	return true;
}

static bool tell_fin(struct toe_deliver *d, unsigned long *flags)
	__must_hold(&d->lock)
{
	if (!d->fin || !list_empty(&d->units))
		return false;
	if (end_requests(d, TOE_SUCCESS, flags))
		return true;
	d->fin_told = true;
	unlock(d, flags);
	d->ops->ended(d, false);
	relock(d, flags);
	return true;
}

static void append(struct toe_rx *to, struct toe_rx *rx)
{
	skb_queue_splice_tail_init(&rx->skbs, &to->skbs);
	to->length += rx->length;
	to->flags |= rx->flags;
	toe_rx_free(rx);
}

/*
 * Pieces of a message that wait become one unit, so that a message can be
 * indicated whole. Views share their buffers with others and stay as they are.
 */
static bool join(struct toe_deliver *d, struct toe_rx *to, struct toe_rx *rx)
{
	if (!d->messages || (to->flags & TOE_RX_EOR) || to->core.parent || rx->core.parent)
		return false;
	append(to, rx);
	return true;
}

/* @rx is the first unit again; more of its message may have come meanwhile. */
static bool join_next(struct toe_deliver *d, struct toe_rx *rx)
{
	struct toe_rx *next;
	bool joined = false;

	while (!list_is_last(&rx->link, &d->units)) {
		next = list_next_entry(rx, link);
		list_del(&next->link);
		if (!join(d, rx, next)) {
			list_add(&next->link, &rx->link);
			break;
		}
		joined = true;
	}
	return joined;
}

/* The unit is ours again, less what the consumer took. True: there is more of it. */
static bool take_back(struct toe_deliver *d, struct toe_rx *rx, u32 status)
{
	u32 n = status == TOE_DATA_PARTIALLY_ACCEPTED ? rx->consumed : 0;

	atomic_sub(rx->length, &d->lent);
	if (n >= rx->length)
		n = 0;
	rx->offset += n;
	rx->length -= n;
	d->used += n;
	d->buffered += rx->length;
	list_add(&rx->link, &d->units);
	return join_next(d, rx);
}

/* A push ends what may be joined: it completes requests where the peer put it. */
static bool may_follow(const struct toe_rx *rx, const struct toe_rx *next)
{
	return !(rx->flags & (TOE_RX_EOR | TOE_RX_PSH)) &&
	       !((rx->flags ^ next->flags) & TOE_RX_RESERVE) &&
	       !rx->core.parent && !next->core.parent && !next->offset;
}

/* The size a consumer prefers is a hint: what waits is joined, nothing is waited for. */
static void join_preferred(struct toe_deliver *d, struct toe_rx *rx)
{
	u32 most = READ_ONCE(d->preferred);
	struct toe_rx *next;

	if (!most || d->messages)
		return;
	while (!list_is_last(&rx->link, &d->units)) {
		next = list_next_entry(rx, link);
		if (!may_follow(rx, next) || rx->length >= most ||
		    next->length > most - rx->length)
			return;
		list_del(&next->link);
		append(rx, next);
	}
}

static bool indicate(struct toe_deliver *d, unsigned long *flags)
	__must_hold(&d->lock)
{
	struct toe_rx *rx = first_unit(d);
	u32 posts = d->posts;
	u32 status, length;
	bool eor;

	if (!rx || d->gate || !list_empty(&d->requests))
		return false;
	join_preferred(d, rx);
	list_del(&rx->link);
	d->buffered -= rx->length;
	/* before the call: it may be given back before the call returns */
	atomic_add(rx->length, &d->lent);
	rx->consumed = 0;
	eor = rx->flags & TOE_RX_EOR;
	length = rx->length;
	unlock(d, flags);
	status = d->ops->indicate(d, rx);
	trace_toe_indicated(d, length, status);
	relock(d, flags);
	if (status == TOE_SUCCESS) {
		d->mid = !eor;
		return true;
	}
	/*
	 * A request that came meanwhile has opened the gate for the rest; and more
	 * of the message is another thing to indicate than what was refused.
	 */
	if (!take_back(d, rx, status) && d->posts == posts)
		d->gate = true;
	return true;
}

static bool tell_consumed(struct toe_deliver *d, unsigned long *flags)
	__must_hold(&d->lock)
{
	u32 n = d->used;

	d->used = 0;
	if (!n || !d->ops->consumed)
		return false;
	unlock(d, flags);
	d->ops->consumed(d, n);
	relock(d, flags);
	return true;
}

/* One step; false if there is nothing to do. */
static bool step(struct toe_deliver *d, unsigned long *flags)
{
	if (d->stopped)
		return false;
	if (cut_first(d, flags))
		return true;
	if (d->held)
		return false;
	if (d->aborted)
		return drop_units(d, flags) ||
		       (!d->keep && end_requests(d, TOE_REQUEST_ABORTED, flags)) ||
		       tell_abort(d, flags);
	if (d->fin_told)
		return end_requests(d, TOE_INVALID_STATE, flags) || tell_consumed(d, flags);
	return place(d, flags) || tell_fin(d, flags) || indicate(d, flags) ||
	       tell_consumed(d, flags);
}

/*
 * Others may bring more for as long as they like, and the runner's caller has
 * work of its own: after so many steps a work item goes on instead. @running
 * stays set, so whoever stops the delivery waits for that, too.
 */
#define STEPS		512

static LLIST_HEAD(handed);
static void run_handed(struct work_struct *work);
static DECLARE_WORK(handed_work, run_handed);

static void go_on(struct toe_deliver *d)
{
	unsigned int steps = STEPS;
	unsigned long flags;
	bool waited_for;

	spin_lock_irqsave(&d->lock, flags);
	while (step(d, &flags)) {
		if (--steps)
			continue;
		spin_unlock_irqrestore(&d->lock, flags);
		llist_add(&d->handed, &handed);
		queue_work(system_bh_wq, &handed_work);
		return;
	}
	d->running = false;
	waited_for = d->stopped;
	spin_unlock_irqrestore(&d->lock, flags);
	if (waited_for)
		wake_up_var(d);
}

static void run_handed(struct work_struct *work)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&handed));
	struct toe_deliver *d, *next;

	rcu_read_lock();	/* as in the other ways to a target */
	llist_for_each_entry_safe(d, next, list, handed)
		go_on(d);
	rcu_read_unlock();
}

void toe_deliver_exit(void)
{
	flush_work(&handed_work);
}

void toe_deliver_run(struct toe_deliver *d)
{
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&d->lock, flags);
	ours = !d->running;
	d->running = true;
	spin_unlock_irqrestore(&d->lock, flags);
	if (ours)
		go_on(d);
}
EXPORT_SYMBOL_GPL(toe_deliver_run);

static bool is_running(struct toe_deliver *d)
{
	unsigned long flags;
	bool running;

	spin_lock_irqsave(&d->lock, flags);
	running = d->running;
	spin_unlock_irqrestore(&d->lock, flags);
	return running;
}

void toe_deliver_stop(struct toe_deliver *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->stopped = true;
	spin_unlock_irqrestore(&d->lock, flags);
	wait_var_event(d, !is_running(d));
}
EXPORT_SYMBOL_GPL(toe_deliver_stop);

u32 toe_deliver_take(struct toe_deliver *d, struct list_head *units, struct list_head *requests)
{
	unsigned long flags;
	u32 bytes;

	spin_lock_irqsave(&d->lock, flags);
	list_splice_tail_init(&d->units, units);
	list_splice_tail_init(&d->requests, requests);
	bytes = d->buffered;
	d->buffered = 0;
	spin_unlock_irqrestore(&d->lock, flags);
	return bytes;
}
EXPORT_SYMBOL_GPL(toe_deliver_take);

int toe_deliver_queue(struct toe_deliver *d, struct toe_rx *rx)
{
	struct toe_rx *last;
	unsigned long flags;
	int err = 0;

	if (!rx->length)
		return -EINVAL;
	spin_lock_irqsave(&d->lock, flags);
	if (d->stopped) {
		err = -ESHUTDOWN;
	} else if (d->aborted || d->fin) {
		err = -EPIPE;
	} else {
		d->buffered += rx->length;
		/* not while the runner may be copying from the last unit */
		last = d->placing ? NULL : last_unit(d);
		if (!last || !join(d, last, rx))
			list_add_tail(&rx->link, &d->units);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return err;
}
EXPORT_SYMBOL_GPL(toe_deliver_queue);

int toe_deliver_input(struct toe_deliver *d, struct toe_rx *rx)
{
	int err = toe_deliver_queue(d, rx);

	if (!err)
		toe_deliver_run(d);
	return err;
}
EXPORT_SYMBOL_GPL(toe_deliver_input);

static void open_gate(struct toe_deliver *d)
{
	d->posts++;
	d->gate = false;
}

int toe_deliver_post(struct toe_deliver *d, struct list_head *list)
{
	struct toe_recv *r;
	unsigned long flags;
	bool stopped;

	spin_lock_irqsave(&d->lock, flags);
	stopped = d->stopped;
	if (!stopped) {
		list_for_each_entry(r, list, link) {
			r->bytes = r->filled;
			/* a peek looks, it does not ask for more */
			if (!(r->flags & TOE_RECV_PEEK))
				open_gate(d);
		}
		list_splice_tail_init(list, &d->requests);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	if (stopped)
		return -ESHUTDOWN;
	toe_deliver_run(d);
	return 0;
}
EXPORT_SYMBOL_GPL(toe_deliver_post);

void toe_deliver_reopen(struct toe_deliver *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	open_gate(d);
	spin_unlock_irqrestore(&d->lock, flags);
	toe_deliver_run(d);
}
EXPORT_SYMBOL_GPL(toe_deliver_reopen);

void toe_deliver_push(struct toe_deliver *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->push_armed = false;
	d->push_due = true;
	spin_unlock_irqrestore(&d->lock, flags);
	toe_deliver_run(d);
}
EXPORT_SYMBOL_GPL(toe_deliver_push);

void toe_deliver_fin(struct toe_deliver *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->fin = true;
	spin_unlock_irqrestore(&d->lock, flags);
	toe_deliver_run(d);
}
EXPORT_SYMBOL_GPL(toe_deliver_fin);

void toe_deliver_abort(struct toe_deliver *d, bool keep)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	if (!d->aborted) {
		d->aborted = true;
		d->keep = keep;
	}
	spin_unlock_irqrestore(&d->lock, flags);
	toe_deliver_run(d);
}
EXPORT_SYMBOL_GPL(toe_deliver_abort);

void toe_deliver_hold(struct toe_deliver *d, bool hold)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	if (hold)
		d->held++;
	else if (!WARN_ON_ONCE(!d->held))
		d->held--;
	spin_unlock_irqrestore(&d->lock, flags);
	toe_deliver_run(d);
}
EXPORT_SYMBOL_GPL(toe_deliver_hold);

void toe_deliver_preempt(struct toe_deliver *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->cut = true;
	d->held++;
	spin_unlock_irqrestore(&d->lock, flags);
}
EXPORT_SYMBOL_GPL(toe_deliver_preempt);

void toe_deliver_new_consumer(struct toe_deliver *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	open_gate(d);
	d->fin_told = false;
	d->abort_told = false;
	spin_unlock_irqrestore(&d->lock, flags);
	toe_deliver_run(d);
}
EXPORT_SYMBOL_GPL(toe_deliver_new_consumer);

bool toe_deliver_withdraw(struct toe_deliver *d, struct toe_recv *r, bool partial)
{
	struct toe_recv *pos;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&d->lock, flags);
	list_for_each_entry(pos, &d->requests, link) {
		if (pos != r)
			continue;
		found = d->placing != r && (partial || r->bytes == r->filled);
		break;
	}
	if (found)
		list_del_init(&r->link);
	spin_unlock_irqrestore(&d->lock, flags);
	return found;
}
EXPORT_SYMBOL_GPL(toe_deliver_withdraw);
