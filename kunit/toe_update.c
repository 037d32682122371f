// SPDX-License-Identifier: GPL-2.0
/*
 * Update and invalidate: R-TOE-62 to R-TOE-78, as far as the host, the core and
 * the hand-over to a target go. What a target then puts on the wire is its own.
 */
#include "toe_env.h"

static struct tenv_op *update_conn(struct tenv *e, const struct toe_conn_cached *v)
{
	struct tenv_op *o = tenv_tree(e, TOE_UPDATE, "c0");

	memcpy(toe_block_state(o->op->root, TOE_STATE_CACHED), v, sizeof(*v));
	KUNIT_ASSERT_EQ(e->test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	return o;
}

static void r_toe_62_new_mac(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_neigh_cached v = tenv_neigh_cached(0);
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	v.dst[5] = 0x99;
	o = tenv_tree(e, TOE_UPDATE, "n0");
	memcpy(toe_block_state(o->op->root, TOE_STATE_CACHED), &v, sizeof(v));
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	EXPECT_LOG(e, "+update n0; update n0 SUCCESS");
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "n0"))->v.n, &v,
			   NEIGH_CACHED_BYTES);
	KUNIT_EXPECT_MEMEQ(test, toe_obj_cached(tenv_o(e, "n0")), &v, NEIGH_CACHED_BYTES);
}

static void r_toe_63_new_mtu(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_path_cached v = tenv_path_cached(), *b;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	v.mtu = 1280;
	o = tenv_tree(e, TOE_UPDATE, "p0");
	b = toe_block_state(o->op->root, TOE_STATE_CACHED);
	*b = v;
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "p0"))->v.p.mtu, 1280);
	/* below what IPv4 allows, and nothing happens */
	o = tenv_tree(e, TOE_UPDATE, "p0");
	b = toe_block_state(o->op->root, TOE_STATE_CACHED);
	b->mtu = 67;
	KUNIT_EXPECT_EQ(test, toe_op_submit(o->op), -EINVAL);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "p0"))->v.p.mtu, 1280);
}

static void r_toe_64_second_update_waits(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	e->m->when[TOE_UPDATE] = TMOCK_LATER;
	tenv_start(e, TOE_UPDATE, "c0");
	tenv_start(e, TOE_UPDATE, "c0");
	tenv_start(e, TOE_UPDATE, "c0");
	EXPECT_LOG(e, "+update c0");
	/* of another object: at once */
	tenv_start(e, TOE_UPDATE, "c1");
	EXPECT_LOG(e, "+update c1");
	/* and a query of this one, too */
	tenv_start(e, TOE_QUERY, "c0");
	EXPECT_LOG(e, "+query c0; query c0 SUCCESS");
	tmock_finish(e->m, TOE_UPDATE);
	EXPECT_LOG(e, "update c0 SUCCESS; +update c0");
	tmock_finish_all(e->m);
	tenv_flush(e);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "update c0 SUCCESS"), 2);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_UPDATE], 4);
}

static void r_toe_65_update_fails(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_cached was = tenv_conn_cached(), v = was;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->answer[TOE_UPDATE] = TOE_FAILURE;
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	v.ttl = 5;
	o = update_conn(e, &v);
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_FAILURE);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	/* the target carries on until it is taken back */
	tlog_clear(&e->m->log);
	tenv_rx(e, "c0", 30, 0);
	EXPECT_LOG(e, "c0.rx 30@0");
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].uploaded, 1);
	KUNIT_EXPECT_EQ(test, e->c[0].status, TOE_SUCCESS);
	KUNIT_EXPECT_MEMEQ(test, toe_obj_cached(tenv_o(e, "c0")), &was, sizeof(was));
}

static void r_toe_66_keepalive_values_reach_the_target(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_cached v = tenv_conn_cached();

	tenv_offloaded(e, "n0(p0(c0))");
	v.flags |= TOE_CONN_KEEPALIVE;
	v.ka_timeout = 4000;
	update_conn(e, &v);
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "c0"))->v.c, &v, sizeof(v));
	v.flags &= ~TOE_CONN_KEEPALIVE;
	update_conn(e, &v);
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "c0"))->v.c, &v, sizeof(v));
}

/* The target sees a one-shot flag once; the host's copy never has it. */
static void one_shot(struct kunit *test, u16 flag)
{
	struct tenv *e = test->priv;
	struct toe_conn_cached v = tenv_conn_cached();
	const struct toe_conn_cached *mine;
	struct tmock_ctx *ctx;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	ctx = tmock_ctx(e->m, tenv_o(e, "c0"));
	mine = toe_obj_cached(tenv_o(e, "c0"));
	v.flags |= flag;
	update_conn(e, &v);
	KUNIT_EXPECT_EQ(test, ctx->v.c.flags & TOE_CONN_ONE_SHOT, flag);
	KUNIT_EXPECT_EQ(test, mine->flags & TOE_CONN_ONE_SHOT, 0);
	/* the next update is built from the host's copy: it does not have it */
	o = tenv_run(e, TOE_UPDATE, "c0");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, ctx->v.c.flags & TOE_CONN_ONE_SHOT, 0);
	/* nor does the next offload */
	tenv_run(e, TOE_TERMINATE, "c0");
	tenv_run(e, TOE_INITIATE, "p0(c0)");
	ctx = tmock_ctx(e->m, tenv_o(e, "c0"));
	KUNIT_EXPECT_EQ(test, ctx->v.c.flags & TOE_CONN_ONE_SHOT, 0);
}

static void r_toe_67_keepalive_restart_is_one_shot(struct kunit *test)
{
	one_shot(test, TOE_CONN_KEEPALIVE_RESTART);
}

static void r_toe_68_max_rt_restart_is_one_shot(struct kunit *test)
{
	one_shot(test, TOE_CONN_MAX_RT_RESTART);
}

static void r_toe_69_window_update_is_one_shot(struct kunit *test)
{
	one_shot(test, TOE_CONN_UPDATE_RCV_WND);
}

static void r_toe_70_paths_change_their_neighbor(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tmock_ctx *n1;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0) p1(c1)) n1");
	o = tenv_run(e, TOE_UPDATE, "n1-(p0- p1-)");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
	n1 = tmock_ctx(e->m, tenv_o(e, "n1"));
	KUNIT_EXPECT_PTR_EQ(test, tmock_ctx(e->m, tenv_o(e, "p0"))->parent, n1);
	KUNIT_EXPECT_PTR_EQ(test, tmock_ctx(e->m, tenv_o(e, "p1"))->parent, n1);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "n0")), 0);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "n1")), 2);
	KUNIT_EXPECT_PTR_EQ(test, toe_obj_parent(tenv_o(e, "p0")), tenv_o(e, "n1"));
	tenv_run(e, TOE_TERMINATE, "n0");
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_TERMINATE, "n1"), -EBUSY);
}

/* A failed re-link leaves the path where it was, on its way back. */
static void r_toe_70_relink_fails(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0)) n1");
	e->m->answer[TOE_UPDATE] = TOE_FAILURE;
	tenv_start(e, TOE_UPDATE, "n1-(p0-)");
	tenv_flush(e);
	KUNIT_EXPECT_PTR_EQ(test, toe_obj_parent(tenv_o(e, "p0")), tenv_o(e, "n0"));
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "n0")), 1);
	EXPECT_STATE(e, "p0", TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "n0", TOE_OFFLOADED);
}

/* Neither of the two neighbors may go while paths move between them. */
static void r_toe_70_neighbors_stay_while_paths_move(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0) n1");
	e->m->when[TOE_UPDATE] = TMOCK_LATER;
	tenv_start(e, TOE_UPDATE, "n1-(p0-)");
	tlog_clear(&e->m->log);
	/* refused or kept waiting, not let through */
	tenv_try(e, TOE_TERMINATE, "n1");
	tenv_try(e, TOE_TERMINATE, "n0");
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 0);
	tmock_finish_all(e->m);
	tenv_flush(e);
	EXPECT_STATE(e, "p0", TOE_OFFLOADED);
	EXPECT_STATE(e, "n1", TOE_OFFLOADED);
}

/* In the host no update is needed. */
static void r_toe_70_relink_in_the_host(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0)) n1");
	KUNIT_EXPECT_EQ(test, toe_path_set_neigh(tenv_o(e, "p0"), tenv_o(e, "n1")), 0);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "n0")), 0);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "n1")), 1);
	tenv_run(e, TOE_INITIATE, "n1(p0(c0))");
	KUNIT_EXPECT_EQ(test, toe_path_set_neigh(tenv_o(e, "p0"), tenv_o(e, "n0")), -EBUSY);
	KUNIT_EXPECT_EQ(test, toe_path_set_neigh(tenv_o(e, "n1"), tenv_o(e, "n0")), -EINVAL);
	KUNIT_EXPECT_EQ(test, toe_path_set_neigh(tenv_o(e, "p0"), tenv_o(e, "c0")), -EINVAL);
}

static void r_toe_71_update_of_what_is_invalid(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0)) n1");
	tenv_run(e, TOE_INVALIDATE, "n0");
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "n0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "p0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "c0"), -EINVAL);
	EXPECT_LOG(e, "");
	tenv_run(e, TOE_UPDATE, "n1");
}

/* While the invalidate is in progress as well: it would be invalid when it came. */
static void r_toe_71_update_while_invalidating(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_INVALIDATE] = TMOCK_LATER;
	tenv_start(e, TOE_INVALIDATE, "n0");
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "n0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_UPDATE], 0);
	tmock_finish_all(e->m);
}

static void r_toe_72_nagle_flag_reaches_the_target(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_cached v = tenv_conn_cached();

	tenv_offloaded(e, "n0(p0(c0))");
	v.flags &= ~TOE_CONN_NAGLE;
	update_conn(e, &v);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->v.c.flags & TOE_CONN_NAGLE, 0);
}

struct cached_case {
	const char *desc;
	struct toe_conn_cached v;
	int err;
};

static const struct cached_case cached_cases[] = {
	{ "TTL, TOS, flow label, priority",
	  { .ttl = 1, .tos = 0xff, .flow_label = 0xfffff, .priority = 7 }, 0 },
	{ "TTL 0", { .ttl = 0 }, -EINVAL },
	{ "flow label of 21 bits", { .ttl = 1, .flow_label = 0x100000 }, -EINVAL },
	{ "priority 8", { .ttl = 1, .priority = 8 }, -EINVAL },
	{ "a flag there is not", { .ttl = 1, .flags = 0x8000 }, -EINVAL },
	{ "something in the reserved field", { .ttl = 1, .reserved = 1 }, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(cached, cached_cases, desc);

static void r_toe_73_packet_fields_reach_the_target(struct kunit *test)
{
	const struct cached_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct toe_conn_cached v = c->v, was = tenv_conn_cached();
	struct tenv_op *o;
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	v.h = was.h;
	v.initial_rcv_wnd = was.initial_rcv_wnd;
	o = tenv_tree(e, TOE_UPDATE, "c0");
	memcpy(toe_block_state(o->op->root, TOE_STATE_CACHED), &v, sizeof(v));
	err = toe_op_submit(o->op);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, err, c->err);
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "c0"))->v.c, c->err ? &was : &v,
			   sizeof(v));
}

static void r_toe_74_nothing_is_shown_behind_an_invalidate(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	tenv_run(e, TOE_INVALIDATE, "n0");
	tlog_clear(&e->m->log);
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c1", 30, 0), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+send"), 0);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+send"), 0);
	/* none is lost: the host has to send what was not */
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 UPLOAD_IN_PROGRESS 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send1 UPLOAD_IN_PROGRESS 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send2 UPLOAD_IN_PROGRESS 0"), 1);
}

static void r_toe_75_who_wants_to_send_asks_once(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	tenv_run(e, TOE_INVALIDATE, "n0");
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve"), 0);
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, 0), 0);
	tenv_send(e, "c0", 20, 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve invalidated"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c1.retrieve"), 0);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	tmock_finish_all(e->m);
	tenv_flush(e);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
}

static void r_toe_76_receiving_goes_on(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	tenv_run(e, TOE_INVALIDATE, "n0");
	tlog_clear(&e->m->log);
	tenv_rx(e, "c0", 77, 0);
	EXPECT_LOG(e, "c0.rx 77@0");
}

static void r_toe_77_contexts_stay(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	tenv_run(e, TOE_INVALIDATE, "n0");
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 1);
	o = tenv_run(e, TOE_QUERY, "n0(p0(c0))");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
	/* a second one is no error */
	o = tenv_run(e, TOE_INVALIDATE, "n0");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	tenv_run(e, TOE_TERMINATE, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
	/* a new offload is a new beginning */
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	KUNIT_EXPECT_FALSE(test, toe_obj_is_invalid(tenv_o(e, "n0")));
	KUNIT_EXPECT_FALSE(test, toe_obj_is_invalid(tenv_o(e, "c0")));
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, 0), 0);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->shown, 1);
}

static void r_toe_78_invalidate_fails(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->answer[TOE_INVALIDATE] = TOE_FAILURE;
	tenv_start(e, TOE_INVALIDATE, "n0");
	tenv_flush(e);
	/* all of it comes back, the connection before what it hangs below */
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_NEIGH] + e->m->live[TOE_CONN], 0);
}

static struct kunit_case toe_update_cases[] = {
	KUNIT_CASE(r_toe_62_new_mac),
	KUNIT_CASE(r_toe_63_new_mtu),
	KUNIT_CASE(r_toe_64_second_update_waits),
	KUNIT_CASE(r_toe_65_update_fails),
	KUNIT_CASE(r_toe_66_keepalive_values_reach_the_target),
	KUNIT_CASE(r_toe_67_keepalive_restart_is_one_shot),
	KUNIT_CASE(r_toe_68_max_rt_restart_is_one_shot),
	KUNIT_CASE(r_toe_69_window_update_is_one_shot),
	KUNIT_CASE(r_toe_70_paths_change_their_neighbor),
	KUNIT_CASE(r_toe_70_relink_fails),
	KUNIT_CASE(r_toe_70_neighbors_stay_while_paths_move),
	KUNIT_CASE(r_toe_70_relink_in_the_host),
	KUNIT_CASE(r_toe_71_update_of_what_is_invalid),
	KUNIT_CASE(r_toe_71_update_while_invalidating),
	KUNIT_CASE(r_toe_72_nagle_flag_reaches_the_target),
	KUNIT_CASE_PARAM(r_toe_73_packet_fields_reach_the_target, cached_gen_params),
	KUNIT_CASE(r_toe_74_nothing_is_shown_behind_an_invalidate),
	KUNIT_CASE(r_toe_75_who_wants_to_send_asks_once),
	KUNIT_CASE(r_toe_76_receiving_goes_on),
	KUNIT_CASE(r_toe_77_contexts_stay),
	KUNIT_CASE(r_toe_78_invalidate_fails),
	{}
};

static struct kunit_suite toe_update_suite = {
	.name = "ndk_toe_update",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_update_cases,
};

kunit_test_suite(toe_update_suite);
