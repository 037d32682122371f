// SPDX-License-Identifier: GPL-2.0
/*
 * Posters, a NIC that completes in their context and in the timer's, a consumer,
 * and a modify to error in the middle: every accepted request completes once, in
 * its poster's order, whichever of the two worlds it fell into.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/task.h>

#include "provider_env.h"

static unsigned int scale = 1;
module_param(scale, uint, 0444);
MODULE_PARM_DESC(scale, "multiplies the counts of the concurrent test");

#define POSTERS		3
#define POSTS		1500	/* per poster and round, times the scale */
#define ROUNDS		4
#define DEPTH		32
/* completions nobody has polled yet must fit the queue */
#define MAX_UNPOLLED	128

struct attack {
	struct ib_qp *qp;
	struct ib_cq *cq;
	atomic_t unpolled;
	atomic_t accepted;
	atomic_t posting;
	u32 seen[POSTERS];
	u32 flushed;
	bool stop;
	const char *fault;
};

struct poster {
	struct attack *a;
	u32 id;
};

static int post_one(struct poster *p, u32 number, u32 dice)
{
	const struct ib_send_wr *bad;
	struct ib_send_wr wr = {
		.wr_id = (u64)p->id << 32 | number,
		.opcode = dice % 32 ? IB_WR_SEND : IB_WR_REG_MR,
		.send_flags = SIGNAL | (dice >> 8 & 3 ? DEFER : 0),
	};

	return ib_post_send(p->a->qp, &wr, &bad);
}

static int poster_main(void *arg)
{
	struct poster *p = arg;
	struct attack *a = p->a;
	struct rnd_state rnd;
	u32 number = 0;

	prandom_seed_state(&rnd, get_random_u64());
	while (number < POSTS * scale) {
		if (atomic_inc_return(&a->unpolled) > MAX_UNPOLLED) {
			atomic_dec(&a->unpolled);
			usleep_range(20, 50);
			continue;
		}
		if (post_one(p, number, prandom_u32_state(&rnd))) {
			atomic_dec(&a->unpolled);
			cond_resched();
			continue;
		}
		number++;
		atomic_inc(&a->accepted);
	}
	atomic_dec(&a->posting);
	return 0;
}

static void judge(struct attack *a, const struct ib_wc *wc)
{
	u32 poster = wc->wr_id >> 32, number = wc->wr_id;

	atomic_dec(&a->unpolled);
	if (poster >= POSTERS) {
		a->fault = "a completion nobody is owed";
		return;
	}
	if (number != a->seen[poster]++)
		a->fault = "a completion is missing, twice there, or out of order";
	if (wc->status == IB_WC_WR_FLUSH_ERR)
		a->flushed++;
	else if (wc->status != IB_WC_SUCCESS)
		a->fault = "a status no one gave";
	else if (a->flushed)
		a->fault = "success behind a flush";
}

static int consumer_main(void *arg)
{
	struct attack *a = arg;
	struct ib_wc wc;

	while (!READ_ONCE(a->stop) || atomic_read(&a->unpolled)) {
		if (ib_poll_cq(a->cq, 1, &wc) == 1)
			judge(a, &wc);
		else
			usleep_range(20, 50);
		if (READ_ONCE(a->stop) && kthread_should_stop())
			break;
	}
	return 0;
}

static struct task_struct *start(struct kunit *test, int (*fn)(void *), void *arg)
{
	struct task_struct *t = kthread_create(fn, arg, "ndk-attack");

	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	get_task_struct(t);
	wake_up_process(t);
	return t;
}

static void finish(struct task_struct *t)
{
	kthread_stop(t);
	put_task_struct(t);
}

/* The event, or the end of patience with a broken queue. */
static void wait_until_zero(struct kunit *test, atomic_t *v, const char *what)
{
	int left;

	for (left = 20000; left > 0 && atomic_read(v); left--)
		usleep_range(500, 1000);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(v), 0, "%s", what);
}

static void one_round(struct kunit *test, struct env *e, struct ib_qp *qp)
{
	struct attack *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct task_struct *consumer, *tasks[POSTERS];
	struct poster posters[POSTERS];
	u32 seen = 0;
	int i, left;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->qp = qp;
	a->cq = e->scq->cq;
	atomic_set(&a->posting, POSTERS);
	consumer = start(test, consumer_main, a);
	for (i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ .a = a, .id = i };
		tasks[i] = start(test, poster_main, &posters[i]);
	}
	/* a third of them, unless the queue is stuck */
	for (left = 200000; left > 0 && atomic_read(&a->accepted) < POSTS * scale; left--)
		usleep_range(100, 200);
	KUNIT_EXPECT_EQ(test, env_modify(qp, IB_QPS_ERR), 0);

	wait_until_zero(test, &a->posting, "posters are stuck");
	wait_until_zero(test, &a->unpolled, "requests without outcome");
	WRITE_ONCE(a->stop, true);
	for (i = 0; i < POSTERS; i++) {
		finish(tasks[i]);
		seen += a->seen[i];
	}
	finish(consumer);

	KUNIT_EXPECT_STREQ(test, a->fault ?: "none", "none");
	KUNIT_EXPECT_EQ(test, seen, POSTERS * POSTS * scale);
	KUNIT_EXPECT_GT(test, a->flushed, 0);
	env_expect_no_wc(e, e->scq);
}

static void every_accepted_request_completes_once(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, DEPTH);
	int round;

	e->mock->automatic = true;
	e->mock->nic->limits.bound = DEPTH / 2;
	e->mock->nic->limits.usecs = 50;
	for (round = 0; round < ROUNDS && test->status == KUNIT_SUCCESS; round++) {
		KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_RTS), 0);
		one_round(test, e, qp);
		KUNIT_ASSERT_EQ(test, env_modify(qp, IB_QPS_RESET), 0);
	}
	e->mock->nic->limits.usecs = 0;
	kunit_info(test, "doorbells: %llu timer, %llu bound, %llu refused, %llu undeferred",
		   env_stat(e, NDK_STAT_DOORBELLS_TIMER), env_stat(e, NDK_STAT_DOORBELLS_BOUND),
		   env_stat(e, NDK_STAT_DOORBELLS_REFUSED),
		   env_stat(e, NDK_STAT_DOORBELLS_UNDEFERRED));
}

static struct kunit_case provider_stress_cases[] = {
	KUNIT_CASE_SLOW(every_accepted_request_completes_once),
	{}
};

static struct kunit_suite provider_stress_suite = {
	.name = "ndk_provider_stress",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_stress_cases,
};

kunit_test_suite(provider_stress_suite);
