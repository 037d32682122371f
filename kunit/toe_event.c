// SPDX-License-Identifier: GPL-2.0
/*
 * Events, signals, neighbors, counters, and the adapter: R-TOE-144 to R-TOE-168
 * as far as the core is concerned.
 */
#include <linux/delay.h>

#include "toe_env.h"

static u64 handle_of(struct tenv *e, const char *name)
{
	return toe_obj_handle(tenv_o(e, name));
}

static void r_toe_144_urgent_data_uploads(struct kunit *test)
{
	struct tenv *e = test->priv;
	u64 handle;

	tenv_offloaded(e, "n0(p0(c0))");
	handle = handle_of(e, "c0");
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	toe_event_retrieve(e->m->t, handle, TOE_URGENT_DATA);
	toe_event_retrieve(e->m->t, handle, TOE_URGENT_DATA);
	tenv_flush(e);
	/* the segments themselves go up, and are the host's when it is over */
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, handle, tmock_skb(0, 21)), 0);
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, handle, tmock_skb(0, 22)), 0);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve urgent"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+terminate"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.rx"), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(e->m->log.text, "c0.segment 21; c0.segment 22"));
}

static void r_toe_147_reset(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 0, false), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 10, 0), 0);
	toe_event_abort(e->m->t, handle_of(e, "c0"));
	toe_event_abort(e->m->t, handle_of(e, "c0"));
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.aborted"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.reset"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send1 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 REQUEST_ABORTED"), 1);
	/* the context is kept until the terminate, of which there is one */
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+terminate c0"), 1);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
	KUNIT_EXPECT_EQ(test, e->c[0].uploaded, 1);
}

struct reason_case {
	const char *desc;
	enum toe_reason reason;
	bool hint;
};

static const struct reason_case reason_cases[] = {
	{ "hardware failure", TOE_HARDWARE_FAILURE, false },
	{ "invalidated", TOE_INVALIDATED, false },
	{ "urgent data", TOE_URGENT_DATA, false },
	{ "timeout (R-TOE-151, R-TOE-152)", TOE_TIMEOUT, false },
	{ "upload wanted", TOE_UPLOAD_WANTED, false },
	{ "high drop rate", TOE_HIGH_DROP_RATE, true },
	{ "high fragmentation", TOE_HIGH_FRAGMENTATION, true },
	{ "high disorder", TOE_HIGH_OUT_OF_ORDER, true },
	{ "low activity", TOE_LOW_ACTIVITY, true },
	{ "no preposting", TOE_NO_PREPOSTING, true },
	{ "small I/O", TOE_SMALL_IO, true },
};

KUNIT_ARRAY_PARAM_DESC(reason, reason_cases, desc);

static void r_toe_153_reasons_and_hints(struct kunit *test)
{
	const struct reason_case *c = test->param_value;
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, toe_reason_is_hint(c->reason), c->hint);
	toe_event_retrieve(e->m->t, handle_of(e, "c0"), c->reason);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve "), 1);
	if (!c->hint) {
		EXPECT_STATE(e, "c0", TOE_IN_HOST);
		return;
	}
	/* declined: it keeps working, and may say it again */
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	tenv_rx(e, "c0", 10, 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 10);
	e->take_hints = true;
	toe_event_retrieve(e->m->t, handle_of(e, "c0"), c->reason);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve "), 2);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

/* Reasons that are the core's own are none of a target's. */
static void r_toe_153_reasons_a_target_may_not_give(struct kunit *test)
{
	struct tenv *e = test->priv;
	int reason;

	tenv_offloaded(e, "n0(p0(c0))");
	for (reason = TOE_RESET; reason <= TOE_REASONS + 1; reason++)
		toe_event_retrieve(e->m->t, handle_of(e, "c0"), reason);
	toe_event_retrieve(e->m->t, handle_of(e, "c0"), TOE_NO_REASON);
	EXPECT_LOG(e, "");
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
}

static void r_toe_156_backlog_is_throttled(struct kunit *test)
{
	struct tenv *e = test->priv;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	for (i = 1; i <= 20; i++) {
		toe_event_backlog(e->m->t, handle_of(e, "c0"), i * 1000);
		tenv_flush(e);
	}
	KUNIT_EXPECT_LE(test, tenv_count(e, "c0.backlog"), 1);
	/* the newest comes in the end, the period over */
	for (i = 0; i < 50 && !tenv_logged(e, "c0.backlog 20000"); i++) {
		tenv_tick(e, 100);
		usleep_range(500, 1000);
	}
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.backlog 20000"), 1);
	KUNIT_EXPECT_LE(test, tenv_count(e, "c0.backlog"), 2);
}

static void r_toe_157_pause_and_resume(struct kunit *test)
{
	struct tenv *e = test->priv;
	unsigned int read;

	tenv_offloaded(e, "n0(p0(c0))");
	tenv_world(e, "n0(p0(c1))");
	read = e->m->caps_read;
	toe_signal(e->m->t, TOE_PAUSE);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c1)"), -EAGAIN);
	/* what is offloaded goes on */
	tenv_rx(e, "c0", 10, 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 10);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->shown, 1);
	tenv_run(e, TOE_QUERY, "c0");

	e->m->caps.max_mtu = 4000;
	KUNIT_EXPECT_EQ(test, e->m->caps_read, read);
	toe_signal(e->m->t, TOE_RESUME);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->caps_read, read + 1);
	KUNIT_EXPECT_EQ(test, toe_target_caps(e->m->t).max_mtu, 4000);
	KUNIT_EXPECT_FALSE(test, toe_target_is_paused(e->m->t));
	tenv_run(e, TOE_INITIATE, "p0(c1)");
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
}

/* Capabilities may be gone after a resume. */
static void r_toe_157_abilities_that_went(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->m->caps.sack = false;
	toe_signal(e->m->t, TOE_PAUSE);
	toe_signal(e->m->t, TOE_RESUME);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "n0(p0(c0))"), -EOPNOTSUPP);
	e->m->caps.ipv4 = false;
	toe_signal(e->m->t, TOE_PAUSE);
	toe_signal(e->m->t, TOE_RESUME);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "n0(p0)"), -EOPNOTSUPP);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
}

static const char *many(char *shape, size_t size, int conns, int paths, int neighs)
{
	int n, p, c, path = 0, conn = 0;
	char *at = shape;

	for (n = 0; n < neighs; n++) {
		at += scnprintf(at, shape + size - at, "n%d(", n);
		for (p = n; p < paths; p += neighs) {
			at += scnprintf(at, shape + size - at, "p%d(", path++);
			for (c = 0; c < conns / paths; c++)
				at += scnprintf(at, shape + size - at, "c%d ", conn++);
			at += scnprintf(at, shape + size - at, ") ");
		}
		at += scnprintf(at, shape + size - at, ") ");
	}
	return shape;
}

struct order_of_leaving {
	struct tenv *e;
	int layer;
	int bad;
};

static bool note_leaving(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	struct order_of_leaving *o = m->priv;
	struct tmock_ctx *ctx, *below;
	struct toe_walk w;

	if (type != TOE_TERMINATE)
		return false;
	/* nothing goes before what hangs below it, unless that is in the tree */
	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w)) {
		if (toe_block_role(type, w.at) != TOE_ROLE_SUBJECT || w.at->dependents)
			continue;
		ctx = *w.at->ctx;
		list_for_each_entry(below, &m->ctxs, link)
			if (below->parent == ctx)
				o->bad++;
	}
	return false;
}

static void r_toe_158_upload_all(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct order_of_leaving o = { .e = e };
	char *shape = kunit_kzalloc(test, 1024, GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, shape);
	tenv_offloaded(e, many(shape, 1024, 50, 5, 2));
	KUNIT_ASSERT_EQ(test, e->m->live[TOE_CONN], 50);
	e->m->priv = &o;
	e->m->on_call = note_leaving;
	toe_signal(e->m->t, TOE_UPLOAD_ALL);
	/* before it is over, but asked for already: it takes effect afterwards */
	toe_signal(e->m->t, TOE_RESUME);
	for (i = 0; i < 100 && e->m->live[TOE_NEIGH]; i++)
		tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_PATH4], 0);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_NEIGH], 0);
	KUNIT_EXPECT_EQ(test, o.bad, 0);
	for (i = 0; i < 50; i++) {
		KUNIT_EXPECT_EQ(test, e->c[i].uploaded, 1);
		KUNIT_EXPECT_EQ(test, e->c[i].status, TOE_SUCCESS);
	}
	tenv_flush(e);
	KUNIT_EXPECT_FALSE(test, toe_target_is_paused(e->m->t));
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
}

/* Until it resumes, nothing is offered. */
static void r_toe_158_nothing_new_behind_upload_all(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	toe_signal(e->m->t, TOE_UPLOAD_ALL);
	tenv_flush(e);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	KUNIT_EXPECT_TRUE(test, toe_target_is_paused(e->m->t));
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "n0(p0(c0))"), -EAGAIN);
	toe_signal(e->m->t, TOE_RESUME);
	tenv_flush(e);
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
}

/* An initiate in progress when everything is asked back comes back, too. */
static void r_toe_158_upload_all_and_an_initiate_in_progress(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	tenv_start(e, TOE_INITIATE, "n0(p0(c0))");
	toe_signal(e->m->t, TOE_UPLOAD_ALL);
	tenv_flush(e);
	tmock_finish_all(e->m);
	tenv_flush(e);
	tenv_flush(e);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_NEIGH], 0);
}

static void r_toe_165_reachability(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_neigh_delegated *d;
	struct tenv_op *o;
	u32 hrd = 0;

	tenv_offloaded(e, "n0(p0(c0))");
	e->hrd = 77;
	/* the block of a query is as good as any; siblings are ignored */
	o = tenv_run(e, TOE_QUERY, "n0 ");
	d = toe_block_state(o->op->root, TOE_STATE_DELEGATED);
	d->nic_reachability = 4711;
	o->op->root->handle = handle_of(e, "n0");
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, toe_event_reachability(e->m->t, o->op->root, &hrd), 0);
	EXPECT_LOG(e, "n0.reachability 4711");
	KUNIT_EXPECT_EQ(test, hrd, 77);

	o = tenv_run(e, TOE_QUERY, "c0");
	o->op->root->handle = handle_of(e, "c0");
	KUNIT_EXPECT_EQ(test, toe_event_reachability(e->m->t, o->op->root, &hrd), -EINVAL);
	o = tenv_run(e, TOE_QUERY, "n0k");
	o->op->root->handle = handle_of(e, "n0");
	KUNIT_EXPECT_EQ(test, toe_event_reachability(e->m->t, o->op->root, &hrd), -EINVAL);
}

static void r_toe_168_counters(struct kunit *test)
{
	struct tenv *e = test->priv;
	u64 v4[TOE_COUNTERS], v6[TOE_COUNTERS];
	int i;

	for (i = 0; i < TOE_COUNTERS; i++)
		toe_count(e->m->t, false, i, i + 1);
	toe_count(e->m->t, true, TOE_TCP_OUT_SEGS, 5);
	toe_count(e->m->t, true, TOE_TCP_RETRANS_SEGS, 3);
	toe_count_established(e->m->t, true, 1);
	toe_count_established(e->m->t, true, 1);
	toe_count_established(e->m->t, true, -1);
	KUNIT_EXPECT_EQ(test, toe_target_counters(e->m->t, false, v4), 0);
	KUNIT_EXPECT_EQ(test, toe_target_counters(e->m->t, true, v6), 1);
	for (i = 0; i < TOE_COUNTERS; i++)
		KUNIT_EXPECT_EQ(test, v4[i], i + 1);
	KUNIT_EXPECT_EQ(test, v6[TOE_TCP_OUT_SEGS], 5);
	KUNIT_EXPECT_EQ(test, v6[TOE_TCP_RETRANS_SEGS], 3);
	KUNIT_EXPECT_EQ(test, v6[TOE_TCP_IN_SEGS], 0);

	toe_target_reset_counters(e->m->t);
	/* what is established is no counter */
	KUNIT_EXPECT_EQ(test, toe_target_counters(e->m->t, true, v6), 1);
	KUNIT_EXPECT_EQ(test, v6[TOE_TCP_OUT_SEGS], 0);
	toe_target_counters(e->m->t, false, v4);
	for (i = 0; i < TOE_COUNTERS; i++)
		KUNIT_EXPECT_EQ(test, v4[i], 0);
	/* they wrap */
	toe_count(e->m->t, false, TOE_IP_IN_OCTETS, U64_MAX);
	toe_count(e->m->t, false, TOE_IP_IN_OCTETS, 2);
	toe_target_counters(e->m->t, false, v4);
	KUNIT_EXPECT_EQ(test, v4[TOE_IP_IN_OCTETS], 1);
	toe_count_established(e->m->t, true, -1);
}

struct params_case {
	const char *desc;
	u32 ticks;
	int err;
};

static const struct params_case params_cases[] = {
	{ "10 ticks a second", 10, 0 },
	{ "100 ticks a second", 100, 0 },
	{ "1000 ticks a second", 1000, 0 },
	{ "none", 0, -EINVAL },
	{ "250", 250, -EINVAL },
	{ "10000", 10000, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(params, params_cases, desc);

static void r_toe_164_granularity_is_a_parameter(struct kunit *test)
{
	const struct params_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct toe_params p, q;
	struct toe_target *t;

	/* the mock's own has a clock of the test's, whose pace is the test's */
	t = toe_target_register(e->m->nic, "ticks", &tmock_ops, e->m, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	toe_target_get_params(t, &p);
	q = p;
	p.ticks_per_second = c->ticks;
	KUNIT_EXPECT_EQ(test, toe_target_set_params(t, &p), c->err);
	toe_target_get_params(t, &p);
	KUNIT_EXPECT_EQ(test, p.ticks_per_second, c->err ? q.ticks_per_second : c->ticks);
	KUNIT_EXPECT_EQ(test, e->m->nparams, c->err ? 0 : 1);
	toe_target_unregister(t);
}

static void the_adapter_takes_its_connections_along(struct kunit *test)
{
	struct tenv *e = test->priv;
	int i;

	tenv_offloaded(e, "n0(p0(c0 c1) p1(c2)) n1");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c1", 10, 0), 0);
	ndk_nic_fail(e->m->nic, "the test says so");
	tenv_flush(e);
	tenv_flush(e);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, e->c[i].uploaded, 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.aborted"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 REQUEST_ABORTED"), 1);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	EXPECT_STATE(e, "n1", TOE_IN_HOST);
	/* nothing is offered to it any more */
	KUNIT_EXPECT_NE(test, tenv_try(e, TOE_INITIATE, "n0(p0(c0))"), 0);
	/* said again, it is nothing new */
	ndk_nic_fail(e->m->nic, "the test says it again");
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].uploaded, 1);
}

static struct kunit_case toe_event_cases[] = {
	KUNIT_CASE(r_toe_144_urgent_data_uploads),
	KUNIT_CASE(r_toe_147_reset),
	KUNIT_CASE_PARAM(r_toe_153_reasons_and_hints, reason_gen_params),
	KUNIT_CASE(r_toe_153_reasons_a_target_may_not_give),
	KUNIT_CASE(r_toe_156_backlog_is_throttled),
	KUNIT_CASE(r_toe_157_pause_and_resume),
	KUNIT_CASE(r_toe_157_abilities_that_went),
	KUNIT_CASE(r_toe_158_upload_all),
	KUNIT_CASE(r_toe_158_nothing_new_behind_upload_all),
	KUNIT_CASE(r_toe_158_upload_all_and_an_initiate_in_progress),
	KUNIT_CASE_PARAM(r_toe_164_granularity_is_a_parameter, params_gen_params),
	KUNIT_CASE(r_toe_165_reachability),
	KUNIT_CASE(r_toe_168_counters),
	KUNIT_CASE(the_adapter_takes_its_connections_along),
	{}
};

static struct kunit_suite toe_event_suite = {
	.name = "ndk_toe_event",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_event_cases,
};

kunit_test_suite(toe_event_suite);
