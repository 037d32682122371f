// SPDX-License-Identifier: GPL-2.0
/*
 * The recording queue of the deferral tests, see defer_queue.h.
 */
#include <linux/bottom_half.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/module.h>

#include "defer_queue.h"

unsigned int defer_scale = 1;
module_param_named(scale, defer_scale, uint, 0444);
MODULE_PARM_DESC(scale, "multiplies the counts of the random and concurrent tests");

static struct test_queue *to_queue(struct ndk_defer *d)
{
	return container_of(d, struct test_queue, d);
}

static void fault(struct test_queue *q, const char *what)
{
	if (!q->fault)
		q->fault = what;
}

/* Only lockdep knows whose the lock is; it says yes to everything once it is off. */
static bool holds_lock(struct ndk_defer *d)
{
	return !IS_ENABLED(CONFIG_LOCKDEP) || lockdep_is_held(&d->lock);
}

static void record(struct test_queue *q, enum queue_event_kind kind,
		   u32 first, u32 end)
{
	struct queue_event *e;

	if (q->nevents == QUEUE_EVENTS) {
		fault(q, "more events than a test makes");
		return;
	}
	e = &q->events[q->nevents++];
	e->kind = kind;
	e->first = first;
	e->end = end;
	e->reason = NDK_DB_REASONS;
}

static int queue_doorbell(struct ndk_defer *d, u32 first, u32 end, u32 *refused)
{
	struct test_queue *q = to_queue(d);

	if (!irqs_disabled())
		fault(q, "doorbell with interrupts on");
	if (!holds_lock(d))
		fault(q, "doorbell without the queue's lock");
	if (first == end)
		fault(q, "doorbell for nothing");
	if (first != q->next)
		fault(q, "doorbell skips or repeats requests");
	q->rang_at = ktime_get();
	q->in_softirq = in_serving_softirq();
	record(q, EV_RING, first, end);
	q->next = end;
	if (!q->refusing || q->refuse_index - first >= end - first)
		return 0;
	q->refusing = false;
	/* Right if it is refused inline; queue_broken() corrects it if not. */
	q->next = q->refuse_index;
	*refused = q->refuse_index;
	return -EIO;
}

static void queue_broken(struct ndk_defer *d, u32 index, int err)
{
	struct test_queue *q = to_queue(d);

	if (err != -EIO)
		fault(q, "the NIC's errno did not arrive");
	if (index != q->refuse_index)
		fault(q, "another request than the refused one broke");
	q->next = d->indicated;
	record(q, EV_BROKEN, index, index + 1);
}

static void queue_progress(struct ndk_defer *d)
{
	struct test_queue *q = to_queue(d);

	if (IS_ENABLED(CONFIG_LOCKDEP) && debug_locks && holds_lock(d))
		fault(q, "progress under the queue's lock");
	q->progressed++;
}

static void queue_account(struct ndk_defer *d, enum ndk_db_reason reason, u32 chain)
{
	struct test_queue *q = to_queue(d);
	struct queue_event *e;

	if (!q->nevents || q->events[q->nevents - 1].kind != EV_RING) {
		fault(q, "accounted without a doorbell");
		return;
	}
	e = &q->events[q->nevents - 1];
	if (e->reason != NDK_DB_REASONS)
		fault(q, "one doorbell accounted twice");
	if (e->end - e->first != chain)
		fault(q, "accounted chain is not what was shown");
	e->reason = reason;
}

static const struct ndk_defer_ops queue_ops = {
	.doorbell = queue_doorbell,
	.broken = queue_broken,
	.progress = queue_progress,
	.account = queue_account,
};

static void queue_stop(void *arg)
{
	struct test_queue *q = arg;

	ndk_defer_stop(&q->d);
}

/* Indices run freely, so a queue that has moved 2^32 requests stands anywhere. */
void queue_start_at(struct test_queue *q, u32 start)
{
	q->start = start;
	q->next = start;
	q->d.accepted = start;
	q->d.indicated = start;
	q->d.due = start;
	ndk_defer_complete(&q->d, start);
}

struct test_queue *queue_create(struct kunit *test, u32 depth, u32 bound,
				u32 usecs, u32 start)
{
	struct test_queue *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, q);
	q->limits.bound = bound;
	q->limits.usecs = usecs;
	ndk_defer_init(&q->d, &queue_ops, &q->limits, depth);
	queue_start_at(q, start);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, queue_stop, q), 0);
	return q;
}

/* Happens by itself at the end of the test; for tests that make many. */
void queue_destroy(struct kunit *test, struct test_queue *q)
{
	kunit_release_action(test, queue_stop, q);
	kunit_kfree(test, q);
}

void queue_check_fault(struct kunit *test, const struct test_queue *q)
{
	KUNIT_EXPECT_STREQ(test, q->fault ?: "none", "none");
}

/* One call with one request, the way a poster makes it. */
int queue_post(struct test_queue *q, bool deferred)
{
	struct ndk_post p;
	int full = 0, err;

	ndk_defer_begin(&q->d, &p);
	if (ndk_defer_room(&q->d)) {
		ndk_defer_accept(&q->d, &p, deferred);
	} else {
		ndk_defer_refuse(&q->d, &p);
		full = -ENOMEM;
	}
	err = ndk_defer_end(&q->d, &p);
	return full ?: err;
}

/*
 * One expiry of the timer, now and in this thread, so that a test decides what
 * happens before and after it. Returns false if none was pending.
 */
bool queue_timer_fires(struct test_queue *q)
{
	struct hrtimer *t = &q->d.timer;

	if (!hrtimer_cancel(t))
		return false;
	local_bh_disable();
	if (t->function(t) == HRTIMER_RESTART)
		hrtimer_start_expires(t, HRTIMER_MODE_ABS_SOFT);
	local_bh_enable();
	return true;
}

MODULE_DESCRIPTION("KUnit tests of the deferral core");
MODULE_LICENSE("GPL");
