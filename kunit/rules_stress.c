// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that are about several contexts at once (R-NDK-26, 27, 29, 32, 50, 88, 89,
 * 115, 122), as loops. The parameter "scale" multiplies their rounds.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>

#include "rules_peer.h"
#include "rules_suite.h"

#define DEPTH		32

static unsigned int rounds(unsigned int few)
{
	return few * rules_scale;
}

/* ---- threads ---- */

struct worker {
	struct task_struct *task;
	void (*work)(void *arg);
	void *arg;
	struct completion *go;
	struct completion done;
};

static int run_worker(void *arg)
{
	struct worker *w = arg;

	wait_for_completion(w->go);
	w->work(w->arg);
	complete(&w->done);
	return 0;
}

/* All of them at once, until each has returned. */
static void run_at_once(struct renv *e, struct worker *w, int num)
{
	DECLARE_COMPLETION_ONSTACK(go);
	int i, started = 0;

	for (i = 0; i < num; i++) {
		w[i].go = &go;
		init_completion(&w[i].done);
		w[i].task = kthread_run(run_worker, &w[i], "ndk-stress/%d", i);
		if (IS_ERR(w[i].task))
			break;
		started++;
	}
	complete_all(&go);
	for (i = 0; i < started; i++)
		wait_for_completion(&w[i].done);
	KUNIT_ASSERT_EQ(e->test, started, num);
}

/* ---- closing ---- */

enum which { PD, CQ, SRQ, MR, MW, QP, NUM };

struct family {
	struct ndk_object *o[NUM];
	struct call c[NUM];
	int order[NUM];
};

static void shuffle(int *order, int num)
{
	int i, j;

	for (i = 0; i < num; i++)
		order[i] = i;
	for (i = num - 1; i > 0; i--) {
		j = get_random_u32_below(i + 1);
		swap(order[i], order[j]);
	}
}

static void make_family(struct renv *e, struct family *f)
{
	struct rcq *cq = rcq_new(e, DEPTH);
	struct rqp *q;
	int i;

	f->o[PD] = ndk_obj(e->pd);
	f->o[CQ] = ndk_obj(cq->cq);
	f->o[SRQ] = ndk_obj(rsrq_new(e, 4, 0, NULL, NULL));
	f->o[MR] = ndk_obj(rmr_new(e, 2, true));
	f->o[MW] = ndk_obj(rmw_new(e));
	q = rqp_on(e, 4, cq, cq);
	f->o[QP] = ndk_obj(q->qp);
	rqp_join(e, q, q);
	KUNIT_ASSERT_EQ(e->test, rwrite(e, q, ID(1), DEFERRED), 0);
	for (i = 0; i < NUM; i++) {
		robj_forget(e, f->o[i]);
		call_init(&f->c[i], e);
	}
	shuffle(f->order, NUM);
}

struct half {
	struct family *f;
	int first;
};

/* Every other one, from a context that may not sleep. */
static void close_half(void *arg)
{
	struct half *h = arg;
	int i, n;

	for (i = h->first; i < NUM; i += 2) {
		n = h->f->order[i];
		local_bh_disable();
		robj_close(h->f->o[n], call_closed, &h->f->c[n]);
		local_bh_enable();
	}
}

static void expect_before(struct renv *e, struct family *f, enum which first, enum which second)
{
	KUNIT_EXPECT_GT_MSG(e->test, f->c[second].began, f->c[first].ended, "%d before %d",
			    second, first);
}

static void r_ndk_26_stress_closing_in_any_order(struct kunit *test)
{
	struct family *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct half halves[2] = { { f, 0 }, { f, 1 } };
	struct worker w[2] = {
		{ .work = close_half, .arg = &halves[0] },
		{ .work = close_half, .arg = &halves[1] },
	};
	struct renv *e = rules(test);
	unsigned int round;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	for (round = 0; round < rounds(30); round++) {
		e->pd = rpd_new(e, e->adapter);
		make_family(e, f);
		run_at_once(e, w, 2);
		for (i = 0; i < NUM; i++)
			KUNIT_ASSERT_EQ(test, call_wait(&f->c[i], -EINPROGRESS), 0);
		expect_before(e, f, QP, PD);
		expect_before(e, f, QP, CQ);
		expect_before(e, f, MR, PD);
		expect_before(e, f, MW, PD);
		expect_before(e, f, SRQ, PD);
	}
}

/* R-NDK-122 in a loop: when the adapter is closed, every callback has returned. */
static void r_ndk_27_stress_adapter_close_right_behind(struct kunit *test)
{
	struct call *pd = kunit_kzalloc(test, sizeof(*pd), GFP_KERNEL);
	struct call *cq = kunit_kzalloc(test, sizeof(*cq), GFP_KERNEL);
	struct renv *e = rules(test);
	struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.consumer = "ndk-stress",
	};
	struct ndk_adapter *adapter;
	struct ndk_kcq *c;
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, pd);
	KUNIT_ASSERT_NOT_NULL(test, cq);
	for (round = 0; round < rounds(100); round++) {
		struct ndk_object *o[2];

		KUNIT_ASSERT_EQ(test, ndk_open_adapter(e->dev, &params, &adapter), 0);
		o[0] = ndk_obj(rpd_new(e, adapter));
		call_init(cq, e);
		KUNIT_ASSERT_EQ(test, call_wait(cq, ndk_create_cq(adapter, 4, NULL, NULL, NULL,
								  call_created, cq, &c)), 0);
		o[1] = cq->object;
		robj_forget(e, o[0]);
		call_init(pd, e);
		call_init(cq, e);
		robj_close(o[0], call_closed, pd);
		robj_close(o[1], call_closed, cq);
		ndk_close_adapter(adapter);
		KUNIT_ASSERT_NE(test, pd->ended, 0);
		KUNIT_ASSERT_NE(test, cq->ended, 0);
	}
}

/* ---- notifications and close ---- */

struct noisy {
	struct renv *env;
	struct rqp *q;
	struct call cq_close;
	struct call qp_close;
	bool stop;
	bool quiet;
	bool gone;
	bool late;
	atomic_t posted;
	atomic_t taken;
};

static void drain_and_arm(struct rcq *c)
{
	struct noisy *n = c->arg;
	struct ndk_result r[8];
	u32 got;

	if (READ_ONCE(n->gone))
		n->late = true;
	while ((got = ndk_get_cq_results(c->cq, r, 8)))
		atomic_add(got, &n->taken);
	ndk_arm_cq(c->cq, NDK_CQ_NOTIFY_ANY);
}

static void make_noise(void *arg)
{
	struct noisy *n = arg;

	while (!READ_ONCE(n->stop)) {
		local_bh_disable();
		if (!rwrite(n->env, n->q, ID(1), get_random_u32_below(2) ? DEFERRED : 0))
			atomic_inc(&n->posted);
		local_bh_enable();
		cond_resched();
	}
	/* pairs with the acquire in close_its_qp() */
	smp_store_release(&n->quiet, true);
}

static void close_the_noise(void *arg)
{
	struct noisy *n = arg;
	struct call *c = &n->cq_close;

	usleep_range(10, 500);
	WRITE_ONCE(n->stop, true);
	usleep_range(10, 50);
	call_init(c, n->env);
	call_join(c, ndk_close_cq(n->q->scq->cq, call_closed, c));
	WRITE_ONCE(n->gone, true);
}

static void close_its_qp(void *arg)
{
	struct noisy *n = arg;
	struct call *c = &n->qp_close;

	/* nobody is in a call on it any more, as a close wants it */
	while (!smp_load_acquire(&n->quiet))
		usleep_range(10, 20);
	call_init(c, n->env);
	call_join(c, ndk_close_qp(n->q->qp, call_closed, c));
}

static void r_ndk_29_stress_notifications_and_close(struct kunit *test)
{
	struct noisy *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct worker w[3] = {
		{ .work = make_noise, .arg = n },
		{ .work = close_the_noise, .arg = n },
		{ .work = close_its_qp, .arg = n },
	};
	struct renv *e = rules(test);
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, n);
	for (round = 0; round < rounds(20); round++) {
		struct rcq *cq = rcq_new(e, 4 * DEPTH);

		memset(n, 0, sizeof(*n));
		n->env = e;
		n->q = rqp_on(e, DEPTH, cq, cq);
		rqp_join(e, n->q, n->q);
		cq->on_fire = drain_and_arm;
		cq->arg = n;
		robj_forget(e, ndk_obj(n->q->qp));
		robj_forget(e, ndk_obj(cq->cq));
		ndk_arm_cq(cq->cq, NDK_CQ_NOTIFY_ANY);
		run_at_once(e, w, 3);
		renv_settle(e);
		KUNIT_ASSERT_EQ(test, atomic_read(&n->cq_close.calls), 1);
		KUNIT_ASSERT_EQ(test, atomic_read(&n->qp_close.calls), 1);
		KUNIT_ASSERT_FALSE_MSG(test, n->late, "notified after the close callback");
		KUNIT_ASSERT_FALSE(test, cq->nested);
	}
}

/* ---- posting ---- */

/**
 * struct traffic - what was accepted of a queue pair, and what came back
 * @env: the test
 * @q: the queue pair
 * @d: its connector, if the end is a close of that; otherwise the end is a flush
 * @stop: posters return
 * @initiated: requests accepted, that are owed a result
 * @received: receives accepted
 */
struct traffic {
	struct renv *env;
	struct rqp *q;
	struct rend *d;
	bool stop;
	atomic_t initiated;
	atomic_t received;
};

static void post_requests(void *arg)
{
	struct traffic *t = arg;
	int err, tries;

	for (tries = 0; !READ_ONCE(t->stop) && tries < 4 * DEPTH; tries++) {
		local_bh_disable();
		err = rwrite(t->env, t->q, ID(1), get_random_u32_below(3) ? DEFERRED : 0);
		local_bh_enable();
		if (!err)
			atomic_inc(&t->initiated);
		else if (err != -ENOSPC)
			break;
		cond_resched();
	}
}

static void post_receives(void *arg)
{
	struct traffic *t = arg;
	int err, tries;

	for (tries = 0; !READ_ONCE(t->stop) && tries < 4 * DEPTH; tries++) {
		local_bh_disable();
		err = ndk_receive(t->q->qp, ID(2), NULL, 0);
		local_bh_enable();
		if (!err)
			atomic_inc(&t->received);
		else if (err != -ENOSPC)
			break;
		cond_resched();
	}
}

static void end_it(void *arg)
{
	struct traffic *t = arg;

	usleep_range(1, 200);
	local_bh_disable();
	if (t->d)
		rend_close(t->d);
	else
		ndk_flush(t->q->qp);
	local_bh_enable();
	/* posts go on behind it for a while: refused, or cancelled */
	usleep_range(1, 100);
	WRITE_ONCE(t->stop, true);
}

static void count_results(struct renv *e, struct rcq *c, int num)
{
	unsigned long end = jiffies + RULES_WAIT;
	struct ndk_result r;
	int got = 0;

	while (got < num && time_before(jiffies, end)) {
		if (!ndk_get_cq_results(c->cq, &r, 1)) {
			usleep_range(50, 100);
			continue;
		}
		got++;
		KUNIT_EXPECT_TRUE(e->test, !r.status || r.status == -ECANCELED);
	}
	KUNIT_ASSERT_EQ(e->test, got, num);
	renv_settle(e);
	rexpect_none(e, c);
}

static void post_and_end(struct renv *e, struct traffic *t)
{
	struct worker w[3] = {
		{ .work = post_requests, .arg = t },
		{ .work = post_receives, .arg = t },
		{ .work = end_it, .arg = t },
	};

	run_at_once(e, w, 3);
	/* every accepted request has one outcome, refused ones have none */
	count_results(e, e->scq, atomic_read(&t->initiated));
	count_results(e, e->rcq, atomic_read(&t->received));
}

static void r_ndk_50_stress_posting_and_flush(struct kunit *test)
{
	struct traffic *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct renv *e = rules(test);
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (round = 0; round < rounds(30); round++) {
		memset(t, 0, sizeof(*t));
		t->env = e;
		t->q = rqp_joined(e, DEPTH);
		t->q->m->hold = round & 1;
		post_and_end(e, t);
		robj_close_now(e, ndk_obj(t->q->qp));
	}
}

static void r_ndk_50_stress_posting_and_connector_close(struct kunit *test)
{
	struct traffic *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct rend *a, *p;
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (round = 0; round < min(rounds(10), RULES_ARRIVALS - 1U); round++) {
		rend_pair(e, l, DEPTH, &a, &p);
		memset(t, 0, sizeof(*t));
		t->env = e;
		t->q = a->q;
		t->q->m->hold = round & 1;
		t->d = a;
		post_and_end(e, t);
		KUNIT_ASSERT_EQ(test, call_wait(&a->close, -EINPROGRESS), 0);
		rend_close_now(p);
		robj_close_now(e, ndk_obj(a->q->qp));
		robj_close_now(e, ndk_obj(p->q->qp));
	}
}

/* ---- poll and arm ---- */

struct race {
	struct renv *env;
	struct rqp *q[2];
	struct rcq *cq;
	u32 num;
	u32 lost;
	struct completion fired;
	atomic_t posted;
	atomic_t taken;
};

static void produce(struct race *r, struct rqp *q)
{
	u32 i;

	for (i = 0; i < r->num; i++) {
		while (rwrite(r->env, q, ID(1), 0))
			usleep_range(1, 5);
		/* sometimes the consumer gets to the end of its queue, and arms */
		if (!get_random_u32_below(4))
			udelay(get_random_u32_below(20));
		if (!get_random_u32_below(16))
			usleep_range(1, 50);
	}
}

static void produce_one(void *arg)
{
	struct race *r = arg;

	produce(r, r->q[0]);
}

static void produce_other(void *arg)
{
	struct race *r = arg;

	produce(r, r->q[1]);
}

static void say_fired(struct rcq *c)
{
	struct race *r = c->arg;

	complete(&r->fired);
}

static void consume(void *arg)
{
	struct race *r = arg;
	struct ndk_result res[4];
	u32 taken = 0, got;

	while (taken < r->num) {
		while ((got = ndk_get_cq_results(r->cq->cq, res, 4)))
			taken += got;
		if (taken >= r->num)
			break;
		ndk_arm_cq(r->cq->cq, NDK_CQ_NOTIFY_ANY);
		if (!wait_for_completion_timeout(&r->fired, RULES_WAIT)) {
			r->lost++;
			break;
		}
	}
	atomic_set(&r->taken, taken);
}

static void r_ndk_88_stress_poll_then_arm(struct kunit *test)
{
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct worker w[2] = {
		{ .work = produce_one, .arg = r },
		{ .work = consume, .arg = r },
	};
	struct renv *e = rules(test);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->env = e;
	r->cq = e->scq;
	r->q[0] = rqp_joined(e, DEPTH);
	r->num = rounds(2000);
	init_completion(&r->fired);
	r->cq->arg = r;
	r->cq->on_fire = say_fired;
	run_at_once(e, w, 2);
	KUNIT_EXPECT_EQ_MSG(test, r->lost, 0, "a notification was lost");
	KUNIT_EXPECT_EQ(test, atomic_read(&r->taken), r->num);
	/* the last arm may still be satisfied */
	robj_close_now(e, ndk_obj(r->q[0]->qp));
	robj_close_now(e, ndk_obj(r->cq->cq));
}

static void take_and_arm(struct rcq *c)
{
	struct race *r = c->arg;
	struct ndk_result res[4];
	u32 got;

	while ((got = ndk_get_cq_results(c->cq, res, 4)))
		atomic_add(got, &r->taken);
	ndk_arm_cq(c->cq, NDK_CQ_NOTIFY_ANY);
}

static void r_ndk_89_stress_never_nested(struct kunit *test)
{
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct worker w[2] = {
		{ .work = produce_one, .arg = r },
		{ .work = produce_other, .arg = r },
	};
	struct renv *e = rules(test);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->env = e;
	r->cq = e->scq;
	r->q[0] = rqp_joined(e, DEPTH);
	r->q[1] = rqp_joined(e, DEPTH);
	r->num = rounds(1000);
	r->cq->arg = r;
	r->cq->on_fire = take_and_arm;
	ndk_arm_cq(r->cq->cq, NDK_CQ_NOTIFY_ANY);
	run_at_once(e, w, 2);
	rwait_for(e, &r->taken, 2 * r->num);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->taken), 2 * r->num);
	KUNIT_EXPECT_FALSE(test, r->cq->nested);
	robj_close_now(e, ndk_obj(r->q[0]->qp));
	robj_close_now(e, ndk_obj(r->q[1]->qp));
	robj_close_now(e, ndk_obj(r->cq->cq));
}

/* ---- ends of connections ---- */

struct parting {
	struct rend *d;
	int how;
	int at_close;
};

/* Disconnects or closes, sooner or later. */
static void part(void *arg)
{
	struct parting *p = arg;
	int ret;

	usleep_range(1, 300);
	if (p->how & 1) {
		ret = rend_disconnect(p->d);
		/* the other side closes in the end, so this comes to one, too */
		call_join(&p->d->disconnect, ret);
	}
	ret = rend_close(p->d);
	call_join(&p->d->close, ret);
	p->at_close = atomic_read(&p->d->events);
}

static void r_ndk_115_stress_at_most_one_event(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct parting parts[2];
	struct worker w[2] = {
		{ .work = part, .arg = &parts[0] },
		{ .work = part, .arg = &parts[1] },
	};
	unsigned int round;
	int i;

	for (round = 0; round < min(rounds(12), RULES_ARRIVALS - 1U); round++) {
		for (i = 0; i < 2; i++)
			parts[i].how = round >> i;
		rend_pair(e, l, DEPTH, &parts[0].d, &parts[1].d);
		run_at_once(e, w, 2);
		renv_settle(e);
		for (i = 0; i < 2; i++) {
			struct rend *d = parts[i].d;

			KUNIT_ASSERT_EQ(test, atomic_read(&d->close.calls), 1);
			KUNIT_ASSERT_LE(test, atomic_read(&d->events), 1);
			KUNIT_ASSERT_EQ_MSG(test, atomic_read(&d->events), parts[i].at_close,
					    "an event behind the close callback");
			robj_close_now(e, ndk_obj(d->q->qp));
		}
	}
}

/* Connects that are closed at any point: R-NDK-28 and R-NDK-32 as a loop. */
static void r_ndk_32_stress_closing_connectors_that_connect(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	unsigned int round;
	struct rend *a;

	for (round = 0; round < min(rounds(20), RULES_ARRIVALS - 1U); round++) {
		a = rend_new(e, rqp_new(e, 4));
		KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
		usleep_range(1, 3000);
		KUNIT_ASSERT_EQ(test, call_wait(&a->close, rend_close(a)), 0);
		KUNIT_ASSERT_EQ(test, atomic_read(&a->request.calls), 1);
		KUNIT_ASSERT_GT(test, a->close.began, a->request.ended);
		robj_close_now(e, ndk_obj(a->q->qp));
	}
	renv_settle(e);
	while (l->taken < atomic_read(&l->came))
		rend_close_now(rlisten_next(l));
}

static struct kunit_case rules_stress_cases[] = {
	KUNIT_CASE_SLOW(r_ndk_26_stress_closing_in_any_order),
	KUNIT_CASE_SLOW(r_ndk_27_stress_adapter_close_right_behind),
	KUNIT_CASE_SLOW(r_ndk_29_stress_notifications_and_close),
	KUNIT_CASE_SLOW(r_ndk_50_stress_posting_and_flush),
	KUNIT_CASE_SLOW(r_ndk_50_stress_posting_and_connector_close),
	KUNIT_CASE_SLOW(r_ndk_88_stress_poll_then_arm),
	KUNIT_CASE_SLOW(r_ndk_89_stress_never_nested),
	KUNIT_CASE_SLOW(r_ndk_115_stress_at_most_one_event),
	KUNIT_CASE_SLOW(r_ndk_32_stress_closing_connectors_that_connect),
	{}
};

static struct kunit_suite rules_stress_suite = {
	.name = "ndk_rules_stress",
	.test_cases = rules_stress_cases,
};

kunit_test_suite(rules_stress_suite);
