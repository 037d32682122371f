// SPDX-License-Identifier: GPL-2.0
/*
 * The deferral timer against the clock: an abandoned chain is indicated when it
 * is between one and two periods old.
 *
 * Lower bounds are exact. A loaded machine may run a timer late, so upper
 * bounds are taken from when the timer was set to expire, not from when it ran.
 */
#include <linux/delay.h>

#include "defer_queue.h"

#define PERIOD_USECS	60000
#define PERIOD		ns_to_ktime(PERIOD_USECS * (u64)NSEC_PER_USEC)
#define PATIENCE_MSECS	10000

/* Waits for the event; the clock is only the limit for a broken queue. */
static bool wait_for_rings(struct test_queue *q, unsigned int n)
{
	int left;

	for (left = PATIENCE_MSECS; left > 0; left -= 2) {
		/* the event itself is read once the timer is done */
		if (READ_ONCE(q->progressed) >= n && !hrtimer_callback_running(&q->d.timer))
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

static void r_ndk_79_abandoned_chain_is_shown_after_one_period(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 8, PERIOD_USECS, 0);
	ktime_t before, after, expires;

	before = ktime_get();
	queue_post(q, true);
	after = ktime_get();
	expires = hrtimer_get_expires(&q->d.timer);

	KUNIT_ASSERT_TRUE(test, wait_for_rings(q, 1));
	KUNIT_EXPECT_EQ(test, q->nevents, 1);
	KUNIT_EXPECT_EQ(test, q->events[0].reason, NDK_DB_TIMER);
	KUNIT_EXPECT_TRUE(test, q->in_softirq);
	KUNIT_EXPECT_GE(test, ktime_sub(q->rang_at, before), PERIOD);
	KUNIT_EXPECT_LE(test, ktime_sub(expires, after), PERIOD);
	queue_check_fault(test, q);
}

/*
 * The older chain started the timer and is gone when it expires. The younger
 * one is spared then and shown one period later: at most two after its post.
 */
static void younger_chain_is_shown_between_one_and_two_periods(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 8, PERIOD_USECS, 0);
	ktime_t before, after, first;

	queue_post(q, true);
	first = hrtimer_get_expires(&q->d.timer);
	usleep_range(PERIOD_USECS / 4, PERIOD_USECS / 2);
	queue_post(q, false);
	before = ktime_get();
	queue_post(q, true);
	after = ktime_get();
	if (ktime_after(after, first))
		kunit_skip(test, "this machine took a whole period for two posts");

	KUNIT_ASSERT_TRUE(test, wait_for_rings(q, 2));
	KUNIT_EXPECT_EQ(test, q->nevents, 2);
	KUNIT_EXPECT_EQ(test, q->events[1].reason, NDK_DB_TIMER);
	KUNIT_EXPECT_EQ(test, q->events[1].end - q->events[1].first, 1);
	KUNIT_EXPECT_GE(test, ktime_sub(q->rang_at, before), PERIOD);
	/* The timer moves in whole periods, more than one only if it ran late. */
	KUNIT_EXPECT_LE(test, ktime_sub(first, after), PERIOD);
	KUNIT_EXPECT_EQ(test, ktime_to_us(ktime_sub(hrtimer_get_expires(&q->d.timer), first)) %
			PERIOD_USECS, 0);
	queue_check_fault(test, q);
}

static void chain_that_ends_in_time_leaves_the_timer_nothing(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 8, 2000, 0);
	int i;

	for (i = 0; i < 20; i++) {
		ndk_defer_complete(&q->d, q->d.indicated);
		queue_post(q, true);
		queue_post(q, false);
	}
	msleep(50);

	/* Descheduled for a whole period, a post may find its chain gone. */
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&q->d.timer));
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&q->d), 0);
	queue_check_fault(test, q);
}

static void timer_off_starts_none(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 8, 0, 0);

	queue_post(q, true);

	KUNIT_EXPECT_FALSE(test, hrtimer_active(&q->d.timer));
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&q->d), 1);
}

static void timer_switched_off_while_it_runs_leaves_the_chain(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 8, FAR_AWAY_USECS, 0);

	queue_post(q, true);
	q->limits.usecs = 0;

	KUNIT_EXPECT_TRUE(test, queue_timer_fires(q));
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&q->d.timer));
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&q->d), 1);
}

static void timer_switched_on_again_serves_the_next_post(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 8, FAR_AWAY_USECS, 0);

	queue_post(q, true);
	q->limits.usecs = 0;
	queue_timer_fires(q);
	q->limits.usecs = FAR_AWAY_USECS;
	queue_post(q, true);

	KUNIT_EXPECT_TRUE(test, queue_timer_fires(q));
	KUNIT_EXPECT_EQ(test, q->nevents, 1);
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&q->d), 0);
}

/* Stop races with the callback at every phase of it. */
static void stop_waits_for_the_timer(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 8, 50, 0);
	int i;

	for (i = 0; i < 50; i++) {
		ndk_defer_complete(&q->d, q->d.indicated);
		queue_post(q, true);
		udelay(i * 2);
		ndk_defer_stop(&q->d);
		KUNIT_ASSERT_FALSE(test, hrtimer_active(&q->d.timer));
		KUNIT_ASSERT_EQ(test, ndk_defer_pending(&q->d), 0);
		q->d.stopped = false;
		q->d.timer_armed = false;
		q->nevents = 0;
	}
	queue_check_fault(test, q);
}

static struct kunit_case defer_timer_cases[] = {
	KUNIT_CASE(r_ndk_79_abandoned_chain_is_shown_after_one_period),
	KUNIT_CASE(younger_chain_is_shown_between_one_and_two_periods),
	KUNIT_CASE(chain_that_ends_in_time_leaves_the_timer_nothing),
	KUNIT_CASE(timer_off_starts_none),
	KUNIT_CASE(timer_switched_off_while_it_runs_leaves_the_chain),
	KUNIT_CASE(timer_switched_on_again_serves_the_next_post),
	KUNIT_CASE(stop_waits_for_the_timer),
	{}
};

static struct kunit_suite defer_timer_suite = {
	.name = "ndk_defer_timer",
	.test_cases = defer_timer_cases,
};

kunit_test_suite(defer_timer_suite);
