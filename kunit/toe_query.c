// SPDX-License-Identifier: GPL-2.0
/*
 * Query, and what follows when state turns out to be corrupt: R-TOE-51 to
 * R-TOE-61, R-TOE-164, R-TOE-169.
 */
#include "toe_env.h"

static void r_toe_51_delegated_only(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated *d;
	struct toe_block *b;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	tmock_ctx(e->m, tenv_o(e, "c0"))->d.c.cwnd = 29200;
	tmock_ctx(e->m, tenv_o(e, "c0"))->d.c.srtt = 80;
	o = tenv_run(e, TOE_QUERY, "n0d(p0d(c0d))");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
	b = tenv_block(o, "c0");
	KUNIT_EXPECT_NULL(test, toe_block_state(b, TOE_STATE_CONST));
	KUNIT_EXPECT_NULL(test, toe_block_state(b, TOE_STATE_CACHED));
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_EQ(test, d->h.length, sizeof(*d));
	KUNIT_EXPECT_EQ(test, d->cwnd, 29200);
	KUNIT_EXPECT_EQ(test, d->srtt, 80);
	KUNIT_EXPECT_EQ(test, d->state, TOE_TCP_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, d->snd_una, TENV_SND_NXT);
}

static void r_toe_52_all_classes(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_const k = tenv_conn_const(0);
	struct toe_conn_cached v = tenv_conn_cached();
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	v.ttl = 17;
	v.flags |= TOE_CONN_KEEPALIVE;
	o = tenv_tree(e, TOE_UPDATE, "c0");
	memcpy(toe_block_state(o->op->root, TOE_STATE_CACHED), &v, sizeof(v));
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	o = tenv_run(e, TOE_QUERY, "n0(p0(c0))");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
	KUNIT_EXPECT_MEMEQ(test, toe_block_state(tenv_block(o, "c0"), TOE_STATE_CONST), &k,
			   CONN_CONST_BYTES);
	KUNIT_EXPECT_MEMEQ(test, toe_block_state(tenv_block(o, "c0"), TOE_STATE_CACHED), &v,
			   sizeof(v));
	KUNIT_EXPECT_MEMEQ(test, toe_obj_cached(tenv_o(e, "c0")), &v, sizeof(v));
}

/* One class, or several, of one layer. */
static void r_toe_52_any_class_of_any_layer(struct kunit *test)
{
	static const char * const shapes[] = {
		"n0k", "n0v", "n0d", "n0a", "p0k", "p0v", "p0d", "p0a",
		"c0k", "c0v", "c0d", "c0a", ".(p0k)", ".(.(c0v))",
	};
	struct tenv *e = test->priv;
	struct tenv_op *o;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		o = tenv_run(e, TOE_QUERY, shapes[i]);
		KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_QUERY], ARRAY_SIZE(shapes));
}

static void r_toe_53_two_at_once(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *a, *b, *c;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_QUERY] = TMOCK_LATER;
	a = tenv_start(e, TOE_QUERY, "c0");
	b = tenv_start(e, TOE_QUERY, "n0(p0(c0))");
	c = tenv_start(e, TOE_QUERY, "c0d");
	KUNIT_EXPECT_EQ(test, tmock_pending(e->m), 3);
	tmock_finish_newest(e->m, TOE_QUERY);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, a->done + b->done, 0);
	KUNIT_EXPECT_EQ(test, c->done, 1);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_EQ(test, b->done, 1);
	EXPECT_STATUSES(e, b, "SUCCESS SUCCESS SUCCESS");
}

static void r_toe_54_timers_read_what_is_left(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated *d;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	e->c[0].seed.rt_delta = 300;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_tick(e, 120);
	o = tenv_run(e, TOE_QUERY, "c0d");
	d = toe_block_state(o->op->root, TOE_STATE_DELEGATED);
	KUNIT_EXPECT_EQ(test, d->rt_delta, 180);
	KUNIT_EXPECT_EQ(test, d->ka_delta, TOE_TIMER_OFF);
	tenv_tick(e, 180);
	o = tenv_run(e, TOE_QUERY, "c0d");
	d = toe_block_state(o->op->root, TOE_STATE_DELEGATED);
	KUNIT_EXPECT_EQ(test, d->rt_delta, TOE_TIMER_OFF);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->rt_fired, 1);
}

static void r_toe_55_backlog_is_bytes(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated *d;
	struct tmock_ctx *ctx;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	ctx = tmock_ctx(e->m, tenv_o(e, "c0"));
	ctx->d.c.send_backlog = 70000;
	ctx->d.c.recv_backlog = TOE_BACKLOG_UNKNOWN;
	o = tenv_run(e, TOE_QUERY, "c0d");
	d = toe_block_state(o->op->root, TOE_STATE_DELEGATED);
	KUNIT_EXPECT_EQ(test, d->valid_for, TOE_FOR_QUERY);
	KUNIT_EXPECT_EQ(test, d->send_backlog, 70000);
	KUNIT_EXPECT_EQ(test, d->recv_backlog, 0xffffffff);
	KUNIT_EXPECT_TRUE(test, !d->buffered || skb_queue_empty(d->buffered));
	KUNIT_EXPECT_TRUE(test, list_empty(&o->op->root->sends));
	/* a transfer says so, too */
	o = tenv_run(e, TOE_TERMINATE, "c0");
	d = toe_block_state(o->op->root, TOE_STATE_DELEGATED);
	KUNIT_EXPECT_EQ(test, d->valid_for, TOE_FOR_TRANSFER);
}

static bool write_some(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	/* the root only: what is below is left as it came */
	root->status = TOE_SUCCESS;
	toe_complete(m->t, root);
	return true;
}

static void r_toe_56_every_status_written(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	o = tenv_run(e, TOE_QUERY, ".(p0(c0))");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
	/* a target that leaves one out is told of, and the object taken back */
	e->m->on_call = write_some;
	o = tenv_start(e, TOE_QUERY, "n0(p0(c0))");
	e->m->on_call = NULL;
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 1);
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, tenv_block(o, "p0")->status, TOE_FAILURE);
	KUNIT_EXPECT_EQ(test, tenv_block(o, "c0")->status, TOE_FAILURE);
	KUNIT_EXPECT_GE(test, tenv_complaints(e, TOE_BAD_STATUS), 1);
	EXPECT_STATE(e, "n0", TOE_OFFLOADED);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

struct corrupt_case {
	const char *desc;
	enum toe_op_type type;
	bool first;
};

static const struct corrupt_case corrupt_cases[] = {
	{ "R-TOE-57: query", TOE_QUERY, false },
	{ "R-TOE-57: query, a target that raises the events too early", TOE_QUERY, true },
	{ "R-TOE-78: invalidate", TOE_INVALIDATE, false },
	{ "R-TOE-57: update", TOE_UPDATE, false },
};

KUNIT_ARRAY_PARAM_DESC(corrupt, corrupt_cases, desc);

static void expect_corrupt_order(struct tenv *e, const struct corrupt_case *c)
{
	const char *name = tmock_op_name(c->type);
	char *want = kunit_kzalloc(e->test, 512, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(e->test, want);
	snprintf(want, 512, "+%s c0; %s c0 FAILURE; %s; %s; %s", name, name,
		 "c0.retrieve hardware; c0.aborted; c0.reset; +terminate c0",
		 "send0 REQUEST_ABORTED 0; send1 REQUEST_ABORTED 0; recv0 REQUEST_ABORTED 0",
		 "c0.uploaded FAILURE");
	EXPECT_LOG(e, want);
}

static bool was_uploading(struct tenv *e)
{
	char *at = strstr(e->m->log.text, "c0.uploading ");
	char *end;

	if (!at)
		return false;
	end = strstr(at, "; ");
	if (!end)
		return false;
	end += 2;
	memmove(at, end, strlen(end) + 1);
	e->m->log.used = strlen(e->m->log.text);
	return true;
}

static void r_toe_57_order_of_a_corrupt_state(struct kunit *test)
{
	const struct corrupt_case *c = test->param_value;
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 50, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 30, 0), 0);
	tmock_ctx(e->m, tenv_o(e, "c0"))->corrupt = true;
	e->m->events_first = c->first;
	tlog_clear(&e->m->log);
	tenv_start(e, c->type, "c0");
	tenv_flush(e);
	/* when the host hears of the upload is its core's matter */
	KUNIT_EXPECT_TRUE(test, was_uploading(e));
	expect_corrupt_order(e, c);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static void r_toe_58_one_terminate_for_three_causes(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	tmock_ctx(e->m, tenv_o(e, "c0"))->corrupt = true;
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	tenv_start(e, TOE_QUERY, "c0");
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	KUNIT_EXPECT_EQ(test, e->c[0].uploaded, 1);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static void r_toe_59_only_the_corrupt_one_goes(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0 c1) p1(c2))");
	tmock_ctx(e->m, tenv_o(e, "c1"))->corrupt = true;
	o = tenv_run(e, TOE_QUERY, "n0(p0(c0 c1) p1(c2))");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS FAILURE SUCCESS SUCCESS");
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	EXPECT_STATE(e, "c1", TOE_IN_HOST);
	EXPECT_STATE(e, "c2", TOE_OFFLOADED);
	EXPECT_STATE(e, "p0", TOE_OFFLOADED);
}

/* What hangs below a corrupt path cannot stay without it. */
static void r_toe_59_a_corrupt_path_takes_its_connections_along(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0 c1) p1(c2))");
	tmock_ctx(e->m, tenv_o(e, "p0"))->corrupt = true;
	tenv_run(e, TOE_QUERY, "p0");
	tenv_flush(e);
	EXPECT_STATE(e, "p0", TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "c1", TOE_IN_HOST);
	EXPECT_STATE(e, "c2", TOE_OFFLOADED);
	EXPECT_STATE(e, "n0", TOE_OFFLOADED);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 1);
}

static void r_toe_60_terminate_waits_for_queries(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_QUERY] = TMOCK_LATER;
	tenv_start(e, TOE_QUERY, "n0(p0(c0))");
	tenv_start(e, TOE_QUERY, "c0");
	tenv_start(e, TOE_TERMINATE, "c0");
	EXPECT_LOG(e, "+query n0; +query c0");
	tmock_finish(e->m, TOE_QUERY);
	EXPECT_LOG(e, "query n0 SUCCESS");
	tmock_finish(e->m, TOE_QUERY);
	EXPECT_LOG(e, "query c0 SUCCESS; +terminate c0; terminate c0 SUCCESS");
}

static void r_toe_61_query_of_what_is_invalid(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	tenv_run(e, TOE_INVALIDATE, "n0");
	KUNIT_EXPECT_TRUE(test, toe_obj_is_invalid(tenv_o(e, "n0")));
	KUNIT_EXPECT_TRUE(test, toe_obj_is_invalid(tenv_o(e, "c0")));
	o = tenv_run(e, TOE_QUERY, "n0(p0(c0))");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
}

struct ticks_case {
	const char *desc;
	u32 per_second;
};

static const struct ticks_case ticks_cases[] = {
	{ "10 ticks a second", 10 },
	{ "100 ticks a second", 100 },
	{ "1000 ticks a second", 1000 },
};

KUNIT_ARRAY_PARAM_DESC(ticks, ticks_cases, desc);

static void never(struct toe_timer *t)
{
}

/* On the kernel's clock: what is armed reads back within a tick. */
static void r_toe_164_ticks_round_trip(struct kunit *test)
{
	static const u32 values[] = { 1, 2, 7, 99, 100, 101, 1234, 100000 };
	const struct ticks_case *c = test->param_value;
	struct toe_clock *clock = kunit_kzalloc(test, sizeof(*clock), GFP_KERNEL);
	struct toe_timer *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	s32 left;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, clock);
	KUNIT_ASSERT_NOT_NULL(test, t);
	toe_clock_init(clock, c->per_second, false);
	toe_timer_init(t, clock, never);
	KUNIT_EXPECT_EQ(test, toe_timer_left(t), TOE_TIMER_OFF);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		u64 before = toe_clock_now(clock), after;

		toe_timer_arm(t, values[i]);
		left = toe_timer_left(t);
		after = toe_clock_now(clock);
		toe_timer_cancel(t);
		if (left == TOE_TIMER_OFF)	/* it ran: only if it was due */
			left = 0;
		KUNIT_EXPECT_LE(test, left, values[i] + 1);
		KUNIT_EXPECT_GE(test, left + (s64)(after - before) + 1, values[i]);
		KUNIT_EXPECT_EQ(test, toe_timer_left(t), TOE_TIMER_OFF);
	}
	toe_timer_stop(t);
	toe_timer_arm(t, 1);
	KUNIT_EXPECT_EQ(test, toe_timer_left(t), TOE_TIMER_OFF);
}

static void count_timer(struct toe_timer *t)
{
	t->clock->ticks_per_second++;
}

static void r_toe_164_manual_clock_is_exact(struct kunit *test)
{
	struct toe_clock *clock = kunit_kzalloc(test, sizeof(*clock), GFP_KERNEL);
	struct toe_timer *a = kunit_kcalloc(test, 2, sizeof(*a), GFP_KERNEL), *b = a + 1;

	KUNIT_ASSERT_NOT_NULL(test, clock);
	KUNIT_ASSERT_NOT_NULL(test, a);
	/* the field is free to count with: a manual clock does not convert */
	toe_clock_init(clock, 10, true);
	toe_timer_init(a, clock, count_timer);
	toe_timer_init(b, clock, count_timer);
	toe_timer_arm(a, 5);
	toe_timer_arm(b, 3);
	KUNIT_EXPECT_EQ(test, toe_timer_left(a), 5);
	toe_clock_advance(clock, 3);
	KUNIT_EXPECT_EQ(test, clock->ticks_per_second, 11);
	KUNIT_EXPECT_EQ(test, toe_timer_left(a), 2);
	KUNIT_EXPECT_EQ(test, toe_timer_left(b), TOE_TIMER_OFF);
	toe_timer_arm(a, 10);
	toe_clock_advance(clock, 9);
	KUNIT_EXPECT_EQ(test, clock->ticks_per_second, 11);
	toe_clock_advance(clock, 1);
	KUNIT_EXPECT_EQ(test, clock->ticks_per_second, 12);
	KUNIT_EXPECT_EQ(test, toe_clock_now(clock), 13);
	toe_timer_stop(a);
	toe_timer_stop(b);
}

static void r_toe_169_query_changes_nothing(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated before;
	u64 was[TOE_COUNTERS], is[TOE_COUNTERS];
	struct tmock_ctx *ctx;
	int i;

	tenv_world(e, "n0(p0(c0))");
	e->c[0].seed.rt_delta = 500;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 100, TOE_RECV_NO_PUSH), 0);
	tenv_rx(e, "c0", 40, 0);
	ctx = tmock_ctx(e->m, tenv_o(e, "c0"));
	before = ctx->d.c;
	toe_target_counters(e->m->t, false, was);
	tlog_clear(&e->m->log);
	for (i = 0; i < 10; i++)
		tenv_run(e, TOE_QUERY, "n0(p0(c0))");
	toe_target_counters(e->m->t, false, is);
	KUNIT_EXPECT_MEMEQ(test, was, is, sizeof(was));
	KUNIT_EXPECT_EQ(test, toe_timer_left(&ctx->rt), 500);
	KUNIT_EXPECT_EQ(test, ctx->shown, 1);
	KUNIT_EXPECT_EQ(test, ctx->d.c.rcv_nxt, before.rcv_nxt);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv"), 0);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send"), 0);
	tenv_rx(e, "c0", 60, 0);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 SUCCESS 100"), 1);
}

static struct kunit_case toe_query_cases[] = {
	KUNIT_CASE(r_toe_51_delegated_only),
	KUNIT_CASE(r_toe_52_all_classes),
	KUNIT_CASE(r_toe_52_any_class_of_any_layer),
	KUNIT_CASE(r_toe_53_two_at_once),
	KUNIT_CASE(r_toe_54_timers_read_what_is_left),
	KUNIT_CASE(r_toe_55_backlog_is_bytes),
	KUNIT_CASE(r_toe_56_every_status_written),
	KUNIT_CASE_PARAM(r_toe_57_order_of_a_corrupt_state, corrupt_gen_params),
	KUNIT_CASE(r_toe_58_one_terminate_for_three_causes),
	KUNIT_CASE(r_toe_59_only_the_corrupt_one_goes),
	KUNIT_CASE(r_toe_59_a_corrupt_path_takes_its_connections_along),
	KUNIT_CASE(r_toe_60_terminate_waits_for_queries),
	KUNIT_CASE(r_toe_61_query_of_what_is_invalid),
	KUNIT_CASE_PARAM(r_toe_164_ticks_round_trip, ticks_gen_params),
	KUNIT_CASE(r_toe_164_manual_clock_is_exact),
	KUNIT_CASE(r_toe_169_query_changes_nothing),
	{}
};

static struct kunit_suite toe_query_suite = {
	.name = "ndk_toe_query",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_query_cases,
};

kunit_test_suite(toe_query_suite);
