// SPDX-License-Identifier: GPL-2.0
/*
 * Completion vectors: where a CQ's handler is called, and that none is called once
 * the CQ is gone.
 */
#include "provider_env.h"

/* not exported: the decisions are compiled in a second time */
#include "../drivers/ndk/vector.c"

#define TRY	NDK_VECTOR_TRY
#define PAUSE	NDK_VECTOR_PAUSE
#define GAIN	NDK_VECTOR_GAIN

static struct ndk_vector *vector(struct kunit *test)
{
	struct ndk_vector *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, v);
	ndk_vector_init(v, 0, NULL);
	return v;
}

/* @num notifications, @entries for each. */
static void notify(struct ndk_vector *v, int num, int entries)
{
	while (num--) {
		v->entries += entries;
		ndk_vector_notified(v);
	}
}

static void begins_where_requests_are_posted(struct kunit *test)
{
	struct ndk_vector *v = vector(test);

	notify(v, PAUSE - 1, 100);
	KUNIT_EXPECT_FALSE(test, v->away);
	notify(v, 1, 100);
	KUNIT_EXPECT_TRUE(test, v->away);
}

static void stays_away_while_entries_gather(struct kunit *test)
{
	struct ndk_vector *v = vector(test);
	int i;

	notify(v, PAUSE, 1);
	for (i = 0; i < 100 * TRY; i++) {
		notify(v, 1, GAIN);
		KUNIT_ASSERT_TRUE(test, v->away);
	}
	/* the end of that is noticed, and the next try is soon */
	notify(v, TRY, 1);
	KUNIT_EXPECT_FALSE(test, v->away);
	notify(v, PAUSE, 1);
	KUNIT_EXPECT_TRUE(test, v->away);
}

/* A queue for sends and receives has two for each request, however slow they come. */
static void what_is_usual_is_no_gain(struct kunit *test)
{
	struct ndk_vector *v = vector(test);

	notify(v, PAUSE, 2);
	KUNIT_EXPECT_TRUE(test, v->away);
	notify(v, TRY, 2 * GAIN - 1);
	KUNIT_EXPECT_FALSE(test, v->away);
	notify(v, PAUSE, 2);
	KUNIT_EXPECT_TRUE(test, v->away);
	notify(v, TRY, 2 * GAIN);
	KUNIT_EXPECT_TRUE(test, v->away);
}

static void tries_are_rarer_each_time_it_does_not_pay(struct kunit *test)
{
	struct ndk_vector *v = vector(test);
	int pause, round;

	for (pause = PAUSE, round = 0; round < 12; round++) {
		notify(v, pause - 1, 1);
		KUNIT_ASSERT_FALSE_MSG(test, v->away, "round %d", round);
		notify(v, 1, 1);
		KUNIT_ASSERT_TRUE_MSG(test, v->away, "round %d", round);
		notify(v, TRY, 1);
		KUNIT_ASSERT_FALSE_MSG(test, v->away, "round %d", round);
		pause = round ? min(2 * pause, NDK_VECTOR_PAUSE_MAX) : PAUSE;
	}
}

static void number_beyond_the_processors_wraps(struct kunit *test)
{
	struct ndk_vector *v = vector(test);
	int i;

	for (i = 0; i < 3 * num_online_cpus(); i++) {
		ndk_vector_init(v, i, NULL);
		KUNIT_EXPECT_TRUE(test, cpu_online(v->cpu));
	}
}

static void work_items_go_to_another_processor_than_the_posters(struct kunit *test)
{
	struct ndk_vector *v = vector(test);
	int here, cpu;

	v->away = true;
	for_each_online_cpu(here) {
		cpu = ndk_vector_cpu(v, NDK_VECTOR_WORK, here);
		KUNIT_EXPECT_NE(test, cpu, here);
		if (num_online_cpus() > 1)
			KUNIT_EXPECT_TRUE(test, cpu >= 0 && cpu_online(cpu));
		else
			KUNIT_EXPECT_LT(test, cpu, 0);
		if (here != v->cpu)
			KUNIT_EXPECT_EQ(test, cpu, v->cpu);
	}
}

static void softirq_and_plain_handlers_go_nowhere_else(struct kunit *test)
{
	struct ndk_vector *v = vector(test);
	int here;

	v->away = true;
	for_each_online_cpu(here)
		KUNIT_EXPECT_LT(test, ndk_vector_cpu(v, NDK_VECTOR_SOFTIRQ, here), 0);
	KUNIT_EXPECT_LT(test, ndk_vector_cpu(v, NDK_VECTOR_PLAIN, v->cpu), 0);
	v->away = false;
	for_each_online_cpu(here)
		KUNIT_EXPECT_LT(test, ndk_vector_cpu(v, NDK_VECTOR_WORK, here), 0);
}

/* ---- on a device ---- */

struct place {
	atomic_t here;
	atomic_t there;
	int cpu;
};

/* Armed again before it is counted: who sees the count may make the next one. */
static void count_place(struct env_cq *c)
{
	struct place *p = c->arg;

	ib_req_notify_cq(c->cq, IB_CQ_NEXT_COMP);
	atomic_inc(raw_smp_processor_id() == p->cpu ? &p->there : &p->here);
}

static struct place *watch(struct kunit *test, struct env *e)
{
	struct place *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	e->scq->arg = p;
	e->scq->on_fire = count_place;
	ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP);
	return p;
}

static void one(struct env *e, struct ib_qp *qp)
{
	struct ib_wc wc;

	KUNIT_ASSERT_EQ(e->test, env_post_one(e, qp, 1, SIGNAL), 0);
	KUNIT_ASSERT_EQ(e->test, mock_complete(to_mock_qp(qp), 1), 1);
	KUNIT_ASSERT_EQ(e->test, ib_poll_cq(e->scq->cq, 1, &wc), 1);
}

static bool fires(struct place *p, int wanted)
{
	int ms;

	for (ms = 0; ms < 5000; ms++) {
		if (atomic_read(&p->here) + atomic_read(&p->there) >= wanted)
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

/* A CQ of a vector whose processor is not this one; preemption may change that. */
static struct ib_qp *cq_elsewhere(struct env *e, struct place **place)
{
	unsigned int i, mine, n = num_online_cpus();

	migrate_disable();
	mine = raw_smp_processor_id();
	for (i = 0; i < n && cpumask_nth(i, cpu_online_mask) == mine; i++)
		;
	e->scq = env_cq_on(e, 64, i);
	*place = watch(e->test, e);
	(*place)->cpu = cpumask_nth(i, cpu_online_mask);
	return env_rts_qp(e, 64);
}

static void handler_is_tried_on_the_vectors_processor(struct kunit *test)
{
	struct env *e = env_create(test);
	struct place *p;
	struct ib_qp *qp;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	qp = cq_elsewhere(e, &p);
	for (i = 1; i < PAUSE; i++)
		one(e, qp);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->here), PAUSE - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->there), 0);
	/* one at a time: each is there before the next is made */
	for (; i < PAUSE + TRY; i++) {
		one(e, qp);
		KUNIT_EXPECT_TRUE_MSG(test, fires(p, i), "notification %d", i);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&p->there), TRY);
	/* that does not pay */
	one(e, qp);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->here), PAUSE);
	migrate_enable();
}

static void handler_on_its_way_does_not_outlive_the_cq(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_cq *shared = e->scq;
	int round, i, fired;
	struct place *p;
	struct ib_qp *qp;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	for (round = 0; round < 20; round++) {
		qp = cq_elsewhere(e, &p);
		for (i = 0; i < PAUSE + 3; i++)
			one(e, qp);
		migrate_enable();
		env_drop(e, qp);
		fired = atomic_read(&e->scq->fired);
		usleep_range(200, 400);
		KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), fired);
		e->scq = shared;
	}
}

static struct kunit_case vector_cases[] = {
	KUNIT_CASE(begins_where_requests_are_posted),
	KUNIT_CASE(stays_away_while_entries_gather),
	KUNIT_CASE(what_is_usual_is_no_gain),
	KUNIT_CASE(tries_are_rarer_each_time_it_does_not_pay),
	KUNIT_CASE(number_beyond_the_processors_wraps),
	KUNIT_CASE(work_items_go_to_another_processor_than_the_posters),
	KUNIT_CASE(softirq_and_plain_handlers_go_nowhere_else),
	KUNIT_CASE(handler_is_tried_on_the_vectors_processor),
	KUNIT_CASE(handler_on_its_way_does_not_outlive_the_cq),
	{}
};

static struct kunit_suite vector_suite = {
	.name = "ndk_provider_vector",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = vector_cases,
};

kunit_test_suite(vector_suite);
