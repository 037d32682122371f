// SPDX-License-Identifier: GPL-2.0
/*
 * What may happen while an initiate is in progress: R-TOE-41 to R-TOE-50. In
 * progress lasts until the target's completion call has returned, so a test here
 * stays inside of that call and looks.
 */
#include <linux/delay.h>

#include "toe_env.h"

static void r_toe_41_second_initiate(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0 c1))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "n0a(p0a(c0a))"), -EALREADY);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "n0a"), -EALREADY);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c0a)"), -EALREADY);
	EXPECT_LOG(e, "");
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c0a)"), -EISCONN);
}

static void r_toe_42_initiates_of_others(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o[4];
	int i;

	tenv_world(e, "n0(p0(c0)) n1(p1(c1)) n2 n3");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	o[0] = tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	o[1] = tenv_start(e, TOE_INITIATE, "n1(p1(c1))");
	o[2] = tenv_start(e, TOE_INITIATE, "n2");
	o[3] = tenv_start(e, TOE_INITIATE, "n3");
	EXPECT_LOG(e, "+initiate n0; +initiate n1; +initiate n2; +initiate n3");
	/* newest first: each finds its own */
	for (i = 3; i >= 0; i--) {
		KUNIT_EXPECT_TRUE(test, tmock_finish_newest(e->m, TOE_INITIATE));
		tenv_flush(e);
		KUNIT_EXPECT_EQ(test, o[i]->done, 1);
		KUNIT_EXPECT_EQ(test, o[i]->op->root->status, TOE_SUCCESS);
		KUNIT_EXPECT_EQ(test, i ? o[i - 1]->done : 0, 0);
	}
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
}

static void ask_for_everything(struct tenv *e)
{
	struct kunit *test = e->test;
	int err;

	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 20, 0), 0);
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 5, false), 0);
	tenv_start(e, TOE_QUERY, "c0a");
	tenv_start(e, TOE_UPDATE, "c0v");
	tenv_start(e, TOE_INVALIDATE, "c0-");
	tenv_start(e, TOE_TERMINATE, "c0d");
	tenv_flush(e);
}

static void r_toe_43_nothing_reaches_an_object_being_offloaded(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_block *root;
	struct toe_op *op;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	e->m->verbose = true;
	tenv_start(e, TOE_INITIATE, "p0(c0)");
	EXPECT_LOG(e, "+initiate p0");
	ask_for_everything(e);
	EXPECT_LOG(e, "");

	/* nor while the target is in its completion call */
	root = tmock_steal(e->m, TOE_INITIATE);
	op = toe_complete_call(e->m->t, root);
	EXPECT_LOG(e, "");
	toe_complete_returned(e->m->t, op);
	tenv_flush(e);

	/* afterwards all of it, and terminate last of the operations */
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+query c0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+update c0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+invalidate c0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+terminate c0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "query c0 SUCCESS"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "terminate c0 SUCCESS"), 1);
	/* what was accepted has one outcome */
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 "), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send1 "), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 "), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "forward "), 1);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static void r_toe_43_held_requests_are_served_in_order(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_world(e, "n0(p0(c0))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 11, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 12, false), 0);
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 20, 0), 0);
	EXPECT_LOG(e, "");
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->shown, 3);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->posted, 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+forward c0"), 1);
	tlog_clear(&e->m->log);
	tenv_rx(e, "c0", 20, 0);
	EXPECT_LOG(e, "recv0 SUCCESS 20");
}

/* If the offload fails, the host serves them. */
static void r_toe_43_held_requests_after_a_failure(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	e->m->refuse[TOE_CONN] = TOE_TCP_XMIT_BUFFER;
	tenv_start(e, TOE_INITIATE, "p0(c0)");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 20, 0), 0);
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 UPLOAD_IN_PROGRESS 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 UPLOAD_IN_PROGRESS 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "forward UPLOAD_IN_PROGRESS"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+send"), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 10, 0), -ENOTCONN);
}

/* An update asked for in the window is checked again when it may go. */
static void r_toe_43_held_operations_after_a_failure(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *q, *u, *i, *t;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	e->m->refuse[TOE_CONN] = TOE_TCP_XMIT_BUFFER;
	tenv_start(e, TOE_INITIATE, "p0(c0)");
	q = tenv_start(e, TOE_QUERY, "c0a");
	u = tenv_start(e, TOE_UPDATE, "c0v");
	i = tenv_start(e, TOE_INVALIDATE, "c0-");
	t = tenv_start(e, TOE_TERMINATE, "c0d");
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, q->done, 1);
	KUNIT_EXPECT_EQ(test, u->done, 1);
	KUNIT_EXPECT_EQ(test, i->done, 1);
	KUNIT_EXPECT_EQ(test, t->done, 1);
	KUNIT_EXPECT_EQ(test, q->op->root->status, TOE_FAILURE);
	KUNIT_EXPECT_EQ(test, u->op->root->status, TOE_FAILURE);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_QUERY] + e->m->calls[TOE_UPDATE] +
			e->m->calls[TOE_INVALIDATE] + e->m->calls[TOE_TERMINATE], 0);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static void r_toe_44_early_data_waits(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_block *root;
	struct toe_op *op;

	tenv_world(e, "n0(p0(c0))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	tlog_clear(&e->m->log);
	tenv_rx(e, "c0", 100, TOE_RX_PSH);
	EXPECT_LOG(e, "");
	root = tmock_steal(e->m, TOE_INITIATE);
	tenv_rx(e, "c0", 50, TOE_RX_PSH);
	op = toe_complete_call(e->m->t, root);
	tenv_rx(e, "c0", 25, TOE_RX_PSH);
	EXPECT_LOG(e, "");
	toe_complete_returned(e->m->t, op);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 175);
}

/* The whole tree is in the window until its one completion has returned. */
static void r_toe_44_early_data_waits_for_the_tree(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0 c1))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	e->m->refuse[TOE_PATH4] = 0;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0 c1))");
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c1", 20, 0);
	tenv_rx(e, "c0", 30, TOE_RX_FIN);
	KUNIT_EXPECT_FALSE(test, tenv_logged(e, "c0.rx"));
	KUNIT_EXPECT_FALSE(test, tenv_logged(e, "c1.rx"));
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 40);
	KUNIT_EXPECT_EQ(test, e->c[1].pos, 20);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.eof"), 1);
}

static void r_toe_45_once_by_indication(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_rx(e, "c0", 100, 0);
	tlog_clear(&e->m->log);
	tmock_finish_all(e->m);
	EXPECT_LOG(e, "n0.offloaded SUCCESS; p0.offloaded SUCCESS; c0.offloaded SUCCESS; "
		   "c0.rx 100@0; initiate n0 SUCCESS");
}

static void post_at_once(struct tenv_op *o)
{
	struct tenv *e = o->e;

	KUNIT_EXPECT_EQ(e->test, tenv_recv(e, "c0", 60, 0), 0);
}

static void r_toe_45_once_with_a_request_behind_it(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	o->on_done = post_at_once;
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_rx(e, "c0", 100, 0);
	tmock_finish_all(e->m);
	tenv_flush(e);
	tenv_rx(e, "c0", 60, TOE_RX_PSH);
	tenv_flush(e);
	/* by whichever form: every byte once, in order */
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 160);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
	KUNIT_EXPECT_EQ(test, e->recvs[0].done, 1);
}

static bool indicate_inside(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	struct tenv *e = m->priv;
	struct toe_op *op;

	toe_initiate_each(m->t, root, tmock_store, NULL);
	op = toe_complete_call(m->t, root);
	tenv_rx(e, "c0", 64, TOE_RX_PSH);
	if (tenv_logged(e, "c0.rx"))
		m->bad_context++;
	toe_complete_returned(m->t, op);
	return true;
}

static void r_toe_46_indication_inside_the_completion(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->m->priv = e;
	e->m->on_call = indicate_inside;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 64);
}

static void r_toe_47_events_in_the_window(struct kunit *test)
{
	struct tenv *e = test->priv;
	u64 handle;

	tenv_world(e, "n0(p0(c0))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	handle = tmock_ctx(e->m, tenv_o(e, "c0"))->handle;
	tlog_clear(&e->m->log);
	toe_event_backlog(e->m->t, handle, 5000);
	toe_event_retrieve(e->m->t, handle, TOE_SMALL_IO);
	toe_event_retrieve(e->m->t, handle, TOE_UPLOAD_WANTED);
	EXPECT_LOG(e, "");
	KUNIT_EXPECT_GE(test, tenv_complaints(e, TOE_EARLY_EVENT), 1);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.backlog 5000"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve small"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve wanted"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+terminate c0"), 1);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

/* An event of a connection that was refused in the end has no object any more. */
static void r_toe_47_events_of_what_is_not_stored(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	e->m->refuse[TOE_CONN] = TOE_TCP_XMIT_BUFFER;
	tenv_start(e, TOE_INITIATE, "p0(c0)");
	toe_event_abort(e->m->t, tmock_peek(e->m, TOE_INITIATE)->dependents->handle);
	tlog_clear(&e->m->log);
	tmock_finish_all(e->m);
	EXPECT_LOG(e, "c0.offloaded TCP_XMIT_BUFFER; initiate p0 FAILURE");
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static void r_toe_48_segments_for_the_host(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_world(e, "n0(p0(c0 c1))");
	tenv_offloaded(e, "n0(p0)");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	e->m->refuse[TOE_CONN] = TOE_SUCCESS;
	tenv_start(e, TOE_INITIATE, "p0(c0)");
	e->m->refuse[TOE_CONN] = TOE_TCP_XMIT_BUFFER;
	tenv_start(e, TOE_INITIATE, "p0(c1)");
	tlog_clear(&e->m->log);
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	tenv_forward(e, "c1", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	EXPECT_LOG(e, "");
	tmock_finish(e->m, TOE_INITIATE);
	EXPECT_LOG(e, "c0.offloaded SUCCESS; +forward c0; forward SUCCESS; initiate p0 SUCCESS");
	tmock_finish(e->m, TOE_INITIATE);
	EXPECT_LOG(e, "c1.offloaded TCP_XMIT_BUFFER; forward UPLOAD_IN_PROGRESS; "
		   "initiate p0 FAILURE");
}

static void r_toe_49_pause_in_the_window(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0 c1))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	toe_signal(e->m->t, TOE_PAUSE);
	tenv_flush(e);
	KUNIT_EXPECT_TRUE(test, toe_target_is_paused(e->m->t));
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c1a)"), -EAGAIN);
	tmock_finish_all(e->m);
	tenv_flush(e);
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c1a)"), -EAGAIN);
	toe_signal(e->m->t, TOE_RESUME);
	tenv_flush(e);
	e->m->when[TOE_INITIATE] = TMOCK_INLINE;
	tenv_run(e, TOE_INITIATE, "p0(c1)");
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
}

static void r_toe_50_completion_never_comes(struct kunit *test)
{
	struct tenv *e = test->priv;
	int left;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "p0(c0)");
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	/* the clock is the test's, the watchdog looks in its own time */
	for (left = 600; left && !tenv_logged(e, "c0.stuck"); left--) {
		tenv_tick(e, 60000);
		usleep_range(5000, 10000);
	}
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.stuck initiate"), 1);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_OVERDUE), 1);
	/* nothing was given up: it is still one object, and its bytes are held */
	EXPECT_STATE(e, "c0", TOE_OFFLOADING);
	KUNIT_EXPECT_EQ(test, e->sends[0].done, 0);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c0a)"), -EALREADY);
	/* late, but it comes */
	tmock_finish_all(e->m);
	tenv_flush(e);
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->shown, 1);
}

struct context_case {
	const char *desc;
	enum tmock_when when;
};

static const struct context_case context_cases[] = {
	{ "in the call", TMOCK_INLINE },
	{ "from a soft interrupt", TMOCK_SOFTIRQ },
	{ "from a hard interrupt", TMOCK_HARDIRQ },
	{ "from a work queue", TMOCK_WORK },
};

KUNIT_ARRAY_PARAM_DESC(context, context_cases, desc);

/* Every operation, completed from every context there is. */
static void r_toe_42_any_context_completes(struct kunit *test)
{
	const struct context_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct tenv_op *o;
	int i;

	tenv_world(e, "n0(p0(c0))");
	for (i = 0; i < TOE_OPS; i++)
		e->m->when[i] = c->when;
	for (i = 0; i < 3; i++) {
		o = tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
		KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
		o = tenv_run(e, TOE_QUERY, "n0(p0(c0))");
		EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
		tenv_run(e, TOE_UPDATE, "c0");
		tenv_run(e, TOE_INVALIDATE, "n0");
		o = tenv_run(e, TOE_TERMINATE, "n0(p0(c0))");
		EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
		EXPECT_STATE(e, "n0", TOE_IN_HOST);
	}
}

static struct kunit_case toe_window_cases[] = {
	KUNIT_CASE(r_toe_41_second_initiate),
	KUNIT_CASE(r_toe_42_initiates_of_others),
	KUNIT_CASE_PARAM(r_toe_42_any_context_completes, context_gen_params),
	KUNIT_CASE(r_toe_43_nothing_reaches_an_object_being_offloaded),
	KUNIT_CASE(r_toe_43_held_requests_are_served_in_order),
	KUNIT_CASE(r_toe_43_held_requests_after_a_failure),
	KUNIT_CASE(r_toe_43_held_operations_after_a_failure),
	KUNIT_CASE(r_toe_44_early_data_waits),
	KUNIT_CASE(r_toe_44_early_data_waits_for_the_tree),
	KUNIT_CASE(r_toe_45_once_by_indication),
	KUNIT_CASE(r_toe_45_once_with_a_request_behind_it),
	KUNIT_CASE(r_toe_46_indication_inside_the_completion),
	KUNIT_CASE(r_toe_47_events_in_the_window),
	KUNIT_CASE(r_toe_47_events_of_what_is_not_stored),
	KUNIT_CASE(r_toe_48_segments_for_the_host),
	KUNIT_CASE(r_toe_49_pause_in_the_window),
	KUNIT_CASE_SLOW(r_toe_50_completion_never_comes),
	{}
};

static struct kunit_suite toe_window_suite = {
	.name = "ndk_toe_window",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_window_cases,
};

kunit_test_suite(toe_window_suite);
