// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer that sleeps until its event, on one processor, and a lower device that
 * completes on another: each completion is either polled or fires, whatever overtakes
 * whatever. Below, the same holds between the work item that polls and arms and the
 * hard irq that completes.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>

#include "hca_env.h"

#define ROUNDS		600
#define STALL_MS	5000

struct race {
	struct hca_env *e;
	struct ib_qp *qp;
	u32 rounds;
};

static int complete_all_of_them(void *arg)
{
	struct race *r = arg;
	struct low_qp *low = hca_low_qp(r->qp);
	u32 i;

	for (i = 0; i < r->rounds && !kthread_should_stop(); i++) {
		while (hca_post(r->e, r->qp, i, SIGNAL) && !kthread_should_stop())
			cond_resched();
		ndelay(get_random_u32_below(4000));
		low_complete(low, 1, IB_WC_SUCCESS);
		if (get_random_u32_below(4) == 0)
			udelay(get_random_u32_below(60));
	}
	while (!kthread_should_stop())
		usleep_range(100, 200);
	return 0;
}

/* Returns false if nothing came, though the consumer was owed an event. */
static bool wait_event_of(struct hca_cq *c, int seen)
{
	unsigned long end = jiffies + msecs_to_jiffies(STALL_MS);

	while (atomic_read(&c->fired) == seen) {
		if (time_after(jiffies, end))
			return false;
		cond_resched();
	}
	return true;
}

static u32 drain(struct race *r, u64 *next)
{
	struct ib_wc wc[4];
	int got, i;
	u32 total = 0;

	while ((got = ib_poll_cq(r->e->scq->cq, ARRAY_SIZE(wc), wc)) > 0) {
		for (i = 0; i < got; i++) {
			KUNIT_EXPECT_EQ(r->e->test, wc[i].wr_id, (*next)++);
			KUNIT_EXPECT_EQ(r->e->test, wc[i].status, IB_WC_SUCCESS);
		}
		total += got;
	}
	return total;
}

static u32 consume(struct race *r)
{
	struct hca_cq *c = r->e->scq;
	u64 next = 0;
	u32 done = 0;
	int seen;

	while (done < r->rounds) {
		seen = atomic_read(&c->fired);
		ib_req_notify_cq(c->cq, IB_CQ_NEXT_COMP);
		/* what came before the arm has no event */
		done += drain(r, &next);
		if (done == r->rounds)
			break;
		if (!wait_event_of(c, seen)) {
			KUNIT_FAIL(r->e->test, "no event after %u completions", done);
			break;
		}
	}
	return done;
}

static void run(struct race *r)
{
	unsigned int here = cpumask_first(cpu_online_mask);
	unsigned int there = cpumask_last(cpu_online_mask);
	struct kunit *test = r->e->test;
	struct task_struct *task;

	set_cpus_allowed_ptr(current, cpumask_of(here));
	task = kthread_create_on_cpu(complete_all_of_them, r, there, "hca_race/%u");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wake_up_process(task);
	KUNIT_EXPECT_EQ(test, consume(r), r->rounds);
	kthread_stop(task);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static void events_race_with_arms(struct kunit *test)
{
	struct race r = { .e = hca_env_create(test), .rounds = ROUNDS };

	r.qp = hca_rts_qp(r.e);
	run(&r);
}

/* What a device that completes from a task may get: it is not armed, but looked at. */
static void events_race_with_looks(struct kunit *test)
{
	struct race r = { .e = hca_env_create(test), .rounds = ROUNDS / 4 };
	struct hca_pace *p;

	r.qp = hca_rts_qp(r.e);
	p = &((struct hca_qp *)to_ndk_qp(r.qp)->priv)->pace;
	p->from_task = true;
	p->by_timer = true;
	p->left = U32_MAX;
	run(&r);
	/* in the end a look found nothing, and it is armed again */
	usleep_range(2000, 3000);
	KUNIT_EXPECT_FALSE(test, p->by_timer);
	KUNIT_EXPECT_EQ(test, (int)to_low_cq(hca_low_qp(r.qp)->ibqp.send_cq)->armed,
			(int)IB_CQ_NEXT_COMP);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(events_race_with_arms),
	KUNIT_CASE(events_race_with_looks),
	{}
};

static struct kunit_suite suite = {
	.name = "ndk_hca_race",
	.suite_init = hca_suite_init,
	.suite_exit = hca_suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
