// SPDX-License-Identifier: GPL-2.0
/*
 * How connections end: R-NDK-112 to R-NDK-116, 118, and closing at any time, from
 * anywhere (R-NDK-16, 22, 26, 28, 32, 50).
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>

#include "conn_env.h"

static void r_ndk_112_disconnect_takes_both(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;

	conn_pair(e, &a, &p);
	KUNIT_EXPECT_EQ(test, conn_disconnect(a), -EINPROGRESS);
	KUNIT_EXPECT_TRUE_MSG(test, conn_pends(&a->ending), "the peer has not disconnected");
	KUNIT_EXPECT_EQ(test, atomic_read(&p->events), 1);
	KUNIT_EXPECT_EQ(test, p->reason, 0);
	KUNIT_EXPECT_EQ(test, conn_disconnect(p), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->ending, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->ending, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->events), 0);
}

static void r_ndk_112_or_the_peers_close(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;

	conn_pair(e, &a, &p);
	KUNIT_EXPECT_EQ(test, conn_disconnect(p), -EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, conn_pends(&p->ending));
	conn_close(e, a->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->ending, -EINPROGRESS), 0);
}

/* Silent requests are done, too, when the disconnect is. */
static void r_ndk_112_silent_requests_are_over(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_result result;
	struct conn_side *a, *p;
	int i;

	conn_pair(e, &a, &p);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, conn_receive(p), 0);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0,
							   NDK_OP_FLAG_SILENT_SUCCESS)), 0);
	KUNIT_EXPECT_EQ(test, conn_disconnect(a), -EINPROGRESS);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&p->gone, 20 * HZ), 0UL);
	KUNIT_EXPECT_EQ(test, conn_disconnect(p), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->ending, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->ending, -EINPROGRESS), 0);
	for (i = 0; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, conn_results(e, &result, 1), 1);
		KUNIT_EXPECT_EQ_MSG(test, result.status, 0, "of receive %d", i);
	}
	KUNIT_EXPECT_EQ(test, conn_results(e, &result, 1), 0);
}

static void r_ndk_113_disconnect_flushes(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_result result;
	struct conn_side *a, *p;

	conn_pair(e, &a, &p);
	KUNIT_EXPECT_EQ(test, conn_receive(a), 0);
	KUNIT_EXPECT_EQ(test, conn_disconnect(a), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0, 0)), -ENOTCONN);
	conn_close(e, p->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->ending, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_results(e, &result, 1), 1);
	KUNIT_EXPECT_EQ(test, result.status, -ECANCELED);
	KUNIT_EXPECT_PTR_EQ(test, result.request_context, (void *)a);
}

static void r_ndk_114_event_once_and_no_flush(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_result result;
	struct conn_side *a, *p;

	conn_pair(e, &a, &p);
	KUNIT_EXPECT_EQ(test, conn_receive(p), 0);
	conn_close(e, a->c);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&p->gone, 20 * HZ), 0UL);
	msleep(50);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->events), 1);
	KUNIT_EXPECT_EQ_MSG(test, conn_results(e, &result, 1), 0, "ours is where it was");
	KUNIT_EXPECT_EQ(test, conn_disconnect(p), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->ending, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_results(e, &result, 1), 1);
	KUNIT_EXPECT_EQ(test, result.status, -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->events), 1);
}

/* A request that fails ends the connection: both sides hear of it. */
static void r_ndk_114_abort(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_result result = {};
	struct conn_side *a, *p;

	conn_pair(e, &a, &p);
	/* nobody receives */
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0, 0)), 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&a->gone, 20 * HZ), 0UL);
	KUNIT_EXPECT_EQ(test, conn_results(e, &result, 1), 1);
	KUNIT_EXPECT_EQ(test, result.status, -ETIMEDOUT);
	KUNIT_EXPECT_NE(test, a->reason, 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&p->gone, 20 * HZ), 0UL);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0, 0)), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, conn_disconnect(a), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->ending, -EINPROGRESS), -ECONNABORTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->events), 1);
}

static void r_ndk_115_both_disconnect(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;
	int i, err;

	for (i = 0; i < 10; i++) {
		conn_pair(e, &a, &p);
		KUNIT_EXPECT_EQ(test, conn_disconnect(a), -EINPROGRESS);
		err = conn_disconnect(p);
		KUNIT_EXPECT_EQ(test, err, -EINPROGRESS);
		KUNIT_EXPECT_EQ(test, conn_result(e, &p->ending, -EINPROGRESS), 0);
		KUNIT_EXPECT_EQ(test, conn_result(e, &a->ending, -EINPROGRESS), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&a->events), 0);
		KUNIT_EXPECT_LE_MSG(test, atomic_read(&p->events), 1, "it may have been first");
		conn_close(e, a->c);
		conn_close(e, p->c);
	}
}

static void r_ndk_116_nobody_wants_the_event(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a = conn_side(e), *p;

	conn_listen_any(e);
	KUNIT_EXPECT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_accept(p->c, p->qp, 0, 0, NULL, 0, NULL, NULL,
						     conn_called, &p->call)), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	conn_call_init(&a->call);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call,
					  CONN_ATOMIC(ndk_complete_connect(a->c, NULL, NULL,
									   conn_called,
									   &a->call))), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), 0);
	conn_close(e, a->c);
	KUNIT_EXPECT_EQ(test, conn_disconnect(p), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->ending, -EINPROGRESS), 0);
}

static void r_ndk_118_used_up(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p, *other = conn_side(e);

	conn_pair(e, &a, &p);
	conn_close(e, p->c);
	KUNIT_EXPECT_EQ(test, conn_disconnect(a), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->ending, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_disconnect(a), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, conn_connect(e, a, NULL), -ENOTCONN);
	/* nor the queue pair with another connector */
	other->qp = a->qp;
	KUNIT_EXPECT_EQ(test, conn_connect(e, other, NULL), -ENOTCONN);
}

static void r_ndk_22_qp_close_waits_for_its_connector(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_call *closed = kunit_kzalloc(test, sizeof(*closed), GFP_KERNEL);
	struct conn_side *a, *p;
	int i;

	conn_pair(e, &a, &p);
	for (i = 0; i < CONN_SLOTS; i++)
		if (e->qps[i] == a->qp)
			e->qps[i] = NULL;
	conn_call_init(closed);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_close_qp(a->qp, conn_closed, closed)),
			-EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, conn_pends(closed));
	conn_close(e, a->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, closed, -EINPROGRESS), 0);
}

struct order {
	atomic_t clock;
	int connected;
	int closed;
	int status;
	struct completion done;
};

static void order_connected(void *context, int status)
{
	struct order *o = context;

	o->connected = atomic_inc_return(&o->clock);
	o->status = status;
}

static void order_closed(void *context)
{
	struct order *o = context;

	o->closed = atomic_inc_return(&o->clock);
	complete(&o->done);
}

/* R-NDK-11, 28, 32: closing cancels, whenever it comes. */
static void r_ndk_28_close_while_connecting(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct sockaddr_storage to;
	struct conn_side *a;
	struct order o;
	int i, err;

	conn_listen_any(e);
	to = conn_at(&e->v4, e->port);
	for (i = 0; i < 20; i++) {
		o = (struct order){ .clock = ATOMIC_INIT(0) };
		init_completion(&o.done);
		a = &e->sides[0];
		a->qp = conn_qp(e);
		a->c = conn_connector(e);
		err = CONN_ATOMIC(ndk_connect(a->c, a->qp, (struct sockaddr *)&e->v4,
					      conn_len(&e->v4), (struct sockaddr *)&to,
					      conn_len(&to), 0, 0, NULL, 0, order_connected, &o));
		KUNIT_EXPECT_EQ(test, err, -EINPROGRESS);
		if (i)
			usleep_range(i * 200, i * 200 + 100);
		conn_forget(e, a->c);
		KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_close_connector(a->c, order_closed, &o)),
				-EINPROGRESS);
		wait_for_completion(&o.done);
		KUNIT_EXPECT_EQ(test, o.connected, 1);
		KUNIT_EXPECT_EQ(test, o.closed, 2);
		KUNIT_EXPECT_EQ(test, o.status, -ECANCELED);
	}
}

struct self {
	struct conn_env *e;
	struct conn_side side;
	struct completion done;
	int status;
};

static void self_closed(void *context)
{
	complete(&((struct self *)context)->done);
}

static void self_connected(void *context, int status)
{
	struct self *s = context;

	s->status = status;
	ndk_close_connector(s->side.c, self_closed, s);
	/* the queue pair is ours no longer, but the object's, as long as it takes */
	ndk_close_qp(s->side.qp, NULL, NULL);
}

/* R-NDK-16 */
static void r_ndk_16_close_from_the_callback(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct sockaddr_storage to;
	struct self *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int i, err;

	to = conn_at(&e->v4, 9);
	s->side.c = conn_connector(e);
	s->side.qp = conn_qp(e);
	conn_forget(e, s->side.c);
	for (i = 0; i < CONN_SLOTS; i++)
		if (e->qps[i] == s->side.qp)
			e->qps[i] = NULL;
	init_completion(&s->done);
	err = CONN_ATOMIC(ndk_connect(s->side.c, s->side.qp, (struct sockaddr *)&e->v4,
				      conn_len(&e->v4), (struct sockaddr *)&to, conn_len(&to), 0,
				      0, NULL, 0, self_connected, s));
	KUNIT_EXPECT_EQ(test, err, -EINPROGRESS);
	wait_for_completion(&s->done);
	KUNIT_EXPECT_EQ(test, s->status, -ECONNREFUSED);
}

/* --- at random ---------------------------------------------------------------------- */

#define THREADS	3

/**
 * struct racer - one of several that connect and close, whatever happens
 * @e: environment
 * @task: thread
 * @rounds: to do
 * @made: connections it made
 * @broken: callbacks that came twice, or after the close callback
 * @done: all rounds are done
 */
struct racer {
	struct conn_env *e;
	struct task_struct *task;
	int rounds;
	int made;
	atomic_t broken;
	bool done;
};

struct round {
	struct racer *racer;
	struct conn_call call;
	struct conn_call end;
	struct conn_call closed;
	struct conn_call qp_closed;
	struct ndk_connector *c;
	struct ndk_kqp *qp;
	atomic_t events;
};

static void round_event(void *context)
{
	struct round *r = context;

	if (atomic_inc_return(&r->events) > 1 || atomic_read(&r->closed.calls))
		atomic_inc(&r->racer->broken);
}

static bool round_wait(struct round *r, struct conn_call *call, int ret)
{
	if (ret != -EINPROGRESS)
		return !ret;
	if (!wait_for_completion_timeout(&call->done, msecs_to_jiffies(CONN_PATIENCE_MS))) {
		atomic_inc(&r->racer->broken);
		wait_for_completion(&call->done);
	}
	return !call->status;
}

static void round_connect(struct round *r)
{
	struct conn_env *e = r->racer->e;
	struct sockaddr_storage to = conn_at(&e->v4, e->port);
	int ret;

	ret = CONN_ATOMIC(ndk_connect(r->c, r->qp, (struct sockaddr *)&e->v4, conn_len(&e->v4),
				      (struct sockaddr *)&to, conn_len(&to), 4, 4, NULL, 0,
				      conn_called, &r->call));
	if (!(get_random_u8() & 3)) {
		usleep_range(0, 3000);
		return;
	}
	if (!round_wait(r, &r->call, ret))
		return;
	conn_call_init(&r->call);
	ret = CONN_ATOMIC(ndk_complete_connect(r->c, round_event, r, conn_called, &r->call));
	if (!(get_random_u8() & 3) || !round_wait(r, &r->call, ret))
		return;
	r->racer->made++;
	while (!(get_random_u8() & 1))
		CONN_ATOMIC(ndk_send(r->qp, r, NULL, 0, NDK_OP_FLAG_SILENT_SUCCESS |
				     (get_random_u8() & 1 ? NDK_OP_FLAG_DEFER : 0)));
	if (get_random_u8() & 1)
		round_wait(r, &r->end, CONN_ATOMIC(ndk_disconnect(r->c, conn_called, &r->end)));
}

static bool round_make(struct round *r)
{
	struct conn_env *e = r->racer->e;
	int ret;

	conn_call_init(&r->call);
	conn_call_init(&r->end);
	conn_call_init(&r->closed);
	conn_call_init(&r->qp_closed);
	atomic_set(&r->events, 0);
	ret = CONN_ATOMIC(ndk_create_qp(e->pd, e->cq, e->cq, NULL, CONN_DEPTH, CONN_DEPTH, 1, 1, 0,
					conn_created, &r->call, &r->qp));
	if (!round_wait(r, &r->call, ret))
		return false;
	if (r->call.object)
		r->qp = (struct ndk_kqp *)r->call.object;
	conn_call_init(&r->call);
	return !CONN_ATOMIC(ndk_create_connector(e->adapter, conn_created, &r->call, &r->c));
}

static int race(void *arg)
{
	struct racer *racer = arg;
	struct round *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int i;

	for (i = 0; r && i < racer->rounds; i++) {
		r->racer = racer;
		if (!round_make(r)) {
			atomic_inc(&racer->broken);
			break;
		}
		round_connect(r);
		/* the queue pair first: it waits */
		ndk_close_qp(r->qp, conn_closed, &r->qp_closed);
		round_wait(r, &r->closed, CONN_ATOMIC(ndk_close_connector(r->c, conn_closed,
									  &r->closed)));
		round_wait(r, &r->qp_closed, -EINPROGRESS);
	}
	kfree(r);
	/* its counts before it, for the test */
	smp_store_release(&racer->done, true);
	while (!kthread_should_stop())
		usleep_range(500, 1000);
	return 0;
}

/* The other side: accepts, rejects or closes what comes, from the event on. */
struct answer {
	struct conn_env *e;
	struct ndk_connector *c;
	struct ndk_kqp *qp;
	struct work_struct work;
	struct conn_call call;
	struct conn_call end;
	struct completion gone;
	struct completion closed;
};

static atomic_t answers;

static void answer_event(void *context)
{
	complete_all(&((struct answer *)context)->gone);
}

static void answer_accept(struct answer *a)
{
	struct conn_env *e = a->e;
	int i, ret;

	ret = CONN_ATOMIC(ndk_create_qp(e->pd, e->cq, e->cq, NULL, CONN_DEPTH, CONN_DEPTH, 1, 1, 0,
					conn_created, &a->call, &a->qp));
	wait_for_completion(&a->call.done);
	if (ret != -EINPROGRESS || a->call.status)
		return;
	a->qp = (struct ndk_kqp *)a->call.object;
	for (i = 0; i < CONN_DEPTH; i++)
		CONN_ATOMIC(ndk_receive(a->qp, a, NULL, 0));
	conn_call_init(&a->call);
	ret = CONN_ATOMIC(ndk_accept(a->c, a->qp, 4, 4, NULL, 0, answer_event, a, conn_called,
				     &a->call));
	if (ret != -EINPROGRESS || !(get_random_u8() & 3))
		return;
	wait_for_completion(&a->call.done);
	if (a->call.status)
		return;
	wait_for_completion_timeout(&a->gone, msecs_to_jiffies(get_random_u8()));
	if (get_random_u8() & 1) {
		ret = CONN_ATOMIC(ndk_disconnect(a->c, conn_called, &a->end));
		if (ret == -EINPROGRESS)
			wait_for_completion_timeout(&a->end.done, HZ);
	}
}

static void answer_closed(void *context)
{
	complete(&((struct answer *)context)->closed);
}

static void answer_work(struct work_struct *work)
{
	struct answer *a = container_of(work, struct answer, work);
	u8 die = get_random_u8();

	if (die < 30)
		CONN_ATOMIC(ndk_reject(a->c, NULL, 0));
	else if (die > 60)
		answer_accept(a);
	if (a->qp)
		ndk_close_qp(a->qp, NULL, NULL);
	ndk_close_connector(a->c, answer_closed, a);
	wait_for_completion(&a->closed);
	kfree(a);
	atomic_dec(&answers);
}

static void answer(void *context, struct ndk_connector *c)
{
	struct answer *a = kzalloc(sizeof(*a), GFP_ATOMIC);

	if (!a) {
		ndk_close_connector(c, NULL, NULL);
		return;
	}
	a->e = context;
	a->c = c;
	conn_call_init(&a->call);
	conn_call_init(&a->end);
	init_completion(&a->gone);
	init_completion(&a->closed);
	INIT_WORK(&a->work, answer_work);
	atomic_inc(&answers);
	queue_work(system_unbound_wq, &a->work);
}

static void drain_results(struct conn_env *e)
{
	struct ndk_result results[16];

	while (conn_results(e, results, ARRAY_SIZE(results)))
		;
}

static void r_ndk_32_50_connect_and_close_at_random(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct racer *racers = kunit_kcalloc(test, THREADS, sizeof(*racers), GFP_KERNEL);
	int i, made = 0;

	KUNIT_ASSERT_NOT_NULL(test, racers);
	e->on_connect = answer;
	conn_listen_any(e);
	for (i = 0; i < THREADS; i++) {
		racers[i].e = e;
		racers[i].rounds = 12 * conn_scale;
		racers[i].task = kthread_run(race, &racers[i], "ndk_conn_race/%d", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(racers[i].task));
	}
	for (i = 0; i < THREADS; i++) {
		/* somebody has to empty the CQ meanwhile; pairs with race() */
		while (!smp_load_acquire(&racers[i].done)) {
			drain_results(e);
			usleep_range(200, 500);
		}
		kthread_stop(racers[i].task);
		KUNIT_EXPECT_EQ(test, atomic_read(&racers[i].broken), 0);
		made += racers[i].made;
	}
	KUNIT_EXPECT_GT(test, made, 0);
	while (atomic_read(&answers)) {
		drain_results(e);
		usleep_range(500, 1000);
	}
}

static struct kunit_case conn_end_cases[] = {
	KUNIT_CASE(r_ndk_112_disconnect_takes_both),
	KUNIT_CASE(r_ndk_112_or_the_peers_close),
	KUNIT_CASE(r_ndk_112_silent_requests_are_over),
	KUNIT_CASE(r_ndk_113_disconnect_flushes),
	KUNIT_CASE(r_ndk_114_event_once_and_no_flush),
	KUNIT_CASE(r_ndk_114_abort),
	KUNIT_CASE(r_ndk_115_both_disconnect),
	KUNIT_CASE(r_ndk_116_nobody_wants_the_event),
	KUNIT_CASE(r_ndk_118_used_up),
	KUNIT_CASE(r_ndk_22_qp_close_waits_for_its_connector),
	KUNIT_CASE(r_ndk_28_close_while_connecting),
	KUNIT_CASE(r_ndk_16_close_from_the_callback),
	KUNIT_CASE_SLOW(r_ndk_32_50_connect_and_close_at_random),
	{}
};

static struct kunit_suite conn_end_suite = {
	.name = "ndk_conn_end",
	.test_cases = conn_end_cases,
};

kunit_test_suite(conn_end_suite);
