// SPDX-License-Identifier: GPL-2.0
/*
 * Initiate: statuses, partial success, what is lent: R-TOE-19 to R-TOE-40. The
 * send geometry of R-TOE-34 to R-TOE-36 is the business of an engine; here is
 * that the figures reach it, whatever they are.
 */
#include "toe_env.h"

static void r_toe_19_everything_stored(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0 c1) p1(c2))");
	o = tenv_run(e, TOE_INITIATE, "n0(p0(c0 c1) p1(c2))");
	EXPECT_LOG(e, "+initiate n0; n0.offloaded SUCCESS; p0.offloaded SUCCESS; "
		   "c0.offloaded SUCCESS; c1.offloaded SUCCESS; p1.offloaded SUCCESS; "
		   "c2.offloaded SUCCESS; initiate n0 SUCCESS");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS");
	EXPECT_STATE(e, "n0", TOE_OFFLOADED);
	EXPECT_STATE(e, "p1", TOE_OFFLOADED);
	EXPECT_STATE(e, "c2", TOE_OFFLOADED);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_NEIGH], 1);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_PATH4], 2);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 3);
	KUNIT_EXPECT_NOT_NULL(test, *tenv_block(o, "c2")->ctx);
}

static void r_toe_20_one_connection_slot(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n1(p1(c1 c2) p2(c3))");
	e->m->room[TOE_CONN] = 1;
	o = tenv_run(e, TOE_INITIATE, "n1(p1(c1 c2) p2(c3))");
	EXPECT_STATUSES(e, o,
			"SUCCESS PARTIAL_SUCCESS SUCCESS TCP_ENTRIES PARTIAL_SUCCESS TCP_ENTRIES");
	EXPECT_STATE(e, "p1", TOE_OFFLOADED);
	EXPECT_STATE(e, "p2", TOE_OFFLOADED);
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
	EXPECT_STATE(e, "c2", TOE_IN_HOST);
	EXPECT_STATE(e, "c3", TOE_IN_HOST);
}

static void r_toe_21_root_fails(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0 c1) p1(c2))");
	e->m->refuse[TOE_NEIGH] = TOE_VLAN_ENTRIES;
	o = tenv_run(e, TOE_INITIATE, "n0(p0(c0 c1) p1(c2))");
	EXPECT_STATUSES(e, o, "VLAN_ENTRIES FAILURE FAILURE FAILURE FAILURE FAILURE");
	KUNIT_EXPECT_TRUE(test, list_empty(&e->m->ctxs));
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, toe_obj_handle(tenv_o(e, "c0")), 0);
	/* nothing stands in the way of another attempt */
	o = tenv_run(e, TOE_INITIATE, "n0(p0(c0 c1) p1(c2))");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
}

static void r_toe_22_path_fails(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0 c1) p1(c2))");
	e->m->refuse[TOE_PATH4] = TOE_PATH_ENTRIES;
	o = tenv_run(e, TOE_INITIATE, "n0(p0(c0 c1) p1(c2))");
	EXPECT_STATUSES(e, o, "PARTIAL_SUCCESS PATH_ENTRIES FAILURE FAILURE SUCCESS SUCCESS");
	EXPECT_STATE(e, "p0", TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "c2", TOE_OFFLOADED);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 1);
}

#define CANARY ((void *)0x5a5a5a5a0f0f0f0fUL)

static u32 wary_store(struct toe_target *t, struct toe_block *b, void *parent, void *arg)
{
	struct tmock *m = toe_target_priv(t);
	void **where = arg;
	u32 status = tmock_store(t, b, parent, NULL);

	if (status != TOE_SUCCESS && *b->ctx)
		m->bad_ctx++;
	if (b->object == *where)
		*where = b->ctx;
	return status;
}

static bool note_location(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	toe_initiate_each(m->t, root, wary_store, m->priv);
	toe_complete(m->t, root);
	return true;
}

static void r_toe_23_failure_leaves_the_location_alone(struct kunit *test)
{
	struct tenv *e = test->priv;
	void *where;
	void **ctx;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	where = tenv_o(e, "c0");
	e->m->priv = &where;
	e->m->on_call = note_location;
	e->m->refuse[TOE_CONN] = TOE_TCP_XMIT_BUFFER;
	tenv_run(e, TOE_INITIATE, "p0(c0)");
	KUNIT_ASSERT_PTR_NE(test, where, (void *)tenv_o(e, "c0"));
	ctx = where;
	KUNIT_EXPECT_NULL(test, *ctx);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_QUERY, "c0"), -ENOTCONN);
}

/* A target that writes there although it failed gains nothing. */
static bool scribble(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	root->status = TOE_FAILURE;
	*root->dependents->ctx = CANARY;
	root->dependents->status = TOE_TCP_ENTRIES;
	toe_complete(m->t, root);
	return true;
}

static void r_toe_23_a_context_of_a_failure_is_not_used(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	e->m->on_call = scribble;
	tenv_run(e, TOE_INITIATE, "p0(c0)");
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	e->m->on_call = NULL;
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_QUERY, "c0"), -ENOTCONN);
}

static void r_toe_24_lent_sends_of_a_failure(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_send *a, *b;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	a = tenv_lend_send(o, "c0", 100);
	b = tenv_lend_send(o, "c0", 50);
	e->m->refuse[TOE_CONN] = TOE_TCP_XMIT_BUFFER;
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_block(o, "c0")->status, TOE_TCP_XMIT_BUFFER);
	KUNIT_EXPECT_EQ(test, a->s.status, TOE_UNWRITTEN);
	KUNIT_EXPECT_EQ(test, b->s.status, TOE_UNWRITTEN);
	KUNIT_EXPECT_EQ(test, a->done + b->done, 0);
	/* they are where the host put them, in their order */
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&tenv_block(o, "c0")->sends, struct toe_send,
						   link), &a->s);
	KUNIT_EXPECT_PTR_EQ(test, list_last_entry(&tenv_block(o, "c0")->sends, struct toe_send,
						  link), &b->s);
	KUNIT_EXPECT_FALSE(test, tenv_logged(e, "+send"));
}

static void r_toe_25_lent_sends_complete_once(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_send *a, *b;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	a = tenv_lend_send(o, "c0", 100);
	b = tenv_lend_send(o, "c0", 50);
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_block(o, "c0")->status, TOE_SUCCESS);
	/* the target sends them first, in order, before anything newer */
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->shown, 3);
	tlog_clear(&e->m->log);
	tmock_ack(e->m, tenv_o(e, "c0"), 120);
	EXPECT_LOG(e, "send0 SUCCESS 100");
	tmock_ack(e->m, tenv_o(e, "c0"), 40);
	EXPECT_LOG(e, "send1 SUCCESS 50; send2 SUCCESS 10");
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_EQ(test, b->done, 1);
}

static void r_toe_26_lent_bytes_are_copied(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct sk_buff *skb;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	e->m->when[TOE_INITIATE] = TMOCK_LATER;
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_lend(o, "c0", 300);
	tenv_lend(o, "c0", 200);
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tmock_finish(e->m, TOE_INITIATE);
	/* the completion call has returned: the host frees and poisons its own */
	skb_queue_walk(&e->c[0].buffered, skb)
		memset(skb->data, 0xee, skb->len);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 500);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

#define TOO_MUCH (64 << 20)	/* bytes no allocation of contiguous memory can have */

/*
 * A buffer that says it has more bytes than can be allocated: the copy fails
 * before it reads any of them.
 */
static struct sk_buff *huge_skb(struct kunit *test)
{
	struct sk_buff *skb = tmock_skb(0, 10);
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_NOT_NULL(test, page);
	skb_add_rx_frag(skb, 0, page, 0, TOO_MUCH, TOO_MUCH);
	return skb;
}

static void r_toe_27_no_memory_for_lent_bytes(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated *d;
	struct tenv_send *s;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0 c1))");
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0 c1))");
	d = toe_block_state(tenv_block(o, "c0"), TOE_STATE_DELEGATED);
	__skb_queue_tail(&e->c[0].buffered, huge_skb(test));
	d->buffered = &e->c[0].buffered;
	s = tenv_lend_send(o, "c0", 100);
	tenv_lend(o, "c1", 300);
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	EXPECT_STATUSES(e, o, "SUCCESS PARTIAL_SUCCESS FAILURE SUCCESS");
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	/* the host still has every byte, in both directions */
	KUNIT_EXPECT_EQ(test, skb_queue_len(&e->c[0].buffered), 1);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 0);
	KUNIT_EXPECT_EQ(test, s->done, 0);
	KUNIT_EXPECT_EQ(test, s->s.status, TOE_UNWRITTEN);
	KUNIT_EXPECT_FALSE(test, list_empty(&tenv_block(o, "c0")->sends));
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 1);
	KUNIT_EXPECT_EQ(test, e->c[1].pos, 300);
}

static void r_toe_28_source_mac_unsupported(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_neigh_const k = tenv_neigh_const();
	struct tenv_op *o;

	tenv_world(e, "n0");
	k.src_len = 6;
	k.src[0] = 2;
	KUNIT_ASSERT_EQ(test, toe_obj_set(tenv_o(e, "n0"), TOE_STATE_CONST, &k), 0);
	o = tenv_run(e, TOE_INITIATE, "n0");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_HW_ADDRESS_ENTRIES);
	e->m->caps.source_mac = true;
	toe_signal(e->m->t, TOE_PAUSE);
	toe_signal(e->m->t, TOE_RESUME);
	tenv_flush(e);
	o = tenv_run(e, TOE_INITIATE, "n0");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
}

static void r_toe_29_unknown_vlan(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_neigh_const k = tenv_neigh_const();
	struct tenv_op *o;

	tenv_world(e, "n0 n1");
	k.vlan_id = TMOCK_VLAN + 1;
	KUNIT_ASSERT_EQ(test, toe_obj_set(tenv_o(e, "n0"), TOE_STATE_CONST, &k), 0);
	o = tenv_run(e, TOE_INITIATE, "n0");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_VLAN_MISMATCH);
	k.vlan_id = TMOCK_VLAN;
	KUNIT_ASSERT_EQ(test, toe_obj_set(tenv_o(e, "n1"), TOE_STATE_CONST, &k), 0);
	o = tenv_run(e, TOE_INITIATE, "n1");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
}

static void r_toe_30_limits_of_the_target(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_cached v = tenv_conn_cached();
	struct toe_path_cached pv = tenv_path_cached();
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0 c1) p1(c2)) n1");
	v.initial_rcv_wnd = TMOCK_RCV_WND + 1;
	KUNIT_ASSERT_EQ(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_CACHED, &v), 0);
	pv.mtu = TMOCK_MTU + 1;
	KUNIT_ASSERT_EQ(test, toe_obj_set(tenv_o(e, "p1"), TOE_STATE_CACHED, &pv), 0);
	o = tenv_run(e, TOE_INITIATE, "n0(p0(c0 c1) p1(c2))");
	EXPECT_STATUSES(e, o,
			"PARTIAL_SUCCESS PARTIAL_SUCCESS TCP_RCV_WINDOW SUCCESS PATH_MTU FAILURE");
	e->m->room[TOE_NEIGH] = 1;
	o = tenv_run(e, TOE_INITIATE, "n1");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_NEIGHBOR_ENTRIES);
}

struct code_case {
	const char *desc;
	u32 status;
};

static const struct code_case code_cases[] = {
	{ "RESOURCES", TOE_RESOURCES },
	{ "TCP_ENTRIES", TOE_TCP_ENTRIES },
	{ "PATH_ENTRIES", TOE_PATH_ENTRIES },
	{ "NEIGHBOR_ENTRIES", TOE_NEIGHBOR_ENTRIES },
	{ "IP_ADDRESS_ENTRIES", TOE_IP_ADDRESS_ENTRIES },
	{ "HW_ADDRESS_ENTRIES", TOE_HW_ADDRESS_ENTRIES },
	{ "VLAN_ENTRIES", TOE_VLAN_ENTRIES },
	{ "TCP_XMIT_BUFFER", TOE_TCP_XMIT_BUFFER },
	{ "TCP_RCV_BUFFER", TOE_TCP_RCV_BUFFER },
	{ "TCP_RCV_WINDOW", TOE_TCP_RCV_WINDOW },
	{ "VLAN_MISMATCH", TOE_VLAN_MISMATCH },
	{ "PATH_MTU", TOE_PATH_MTU },
	{ "POLICY", TOE_POLICY },
	{ "CONNECTION_REJECTED", TOE_CONNECTION_REJECTED },
	{ "PARTIAL_SUCCESS", TOE_PARTIAL_SUCCESS },
	{ "UPLOAD_IN_PROGRESS", TOE_UPLOAD_IN_PROGRESS },
	{ "a number that is no status", 0x12345678 },
	{ "nothing written", TOE_UNWRITTEN },
};

KUNIT_ARRAY_PARAM_DESC(code, code_cases, desc);

/* The other operations know SUCCESS and FAILURE; anything else is a FAILURE. */
static void r_toe_31_codes_of_initiate_elsewhere(struct kunit *test)
{
	const struct code_case *c = test->param_value;
	static const enum toe_op_type types[] = { TOE_QUERY, TOE_UPDATE, TOE_INVALIDATE,
						  TOE_TERMINATE };
	struct tenv *e = test->priv;
	struct tenv_op *o;
	int i;

	tenv_offloaded(e, "n0(p0(c0 c1 c2 c3))");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		char name[] = { 'c', '0' + i, '\0' };

		/* a connection that failed is taken back, the others stay */
		e->m->answer[types[i]] = c->status;
		o = tenv_run(e, types[i], name);
		KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_FAILURE);
		KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_STATUS), i + 1);
		tenv_flush(e);
		EXPECT_STATE(e, name, TOE_IN_HOST);
	}
}

static void r_toe_32_full_table_stops_offers(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0 c1 c2))");
	tenv_offloaded(e, "n0(p0(c0))");
	e->m->room[TOE_CONN] = 1;
	tenv_run(e, TOE_INITIATE, "p0(c1)");
	EXPECT_STATE(e, "c1", TOE_IN_HOST);
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c1)"), -ENOSPC);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c2)"), -ENOSPC);
	EXPECT_LOG(e, "");
	tenv_run(e, TOE_TERMINATE, "c0");
	tenv_run(e, TOE_INITIATE, "p0(c2)");
	EXPECT_STATE(e, "c2", TOE_OFFLOADED);
}

static void r_toe_33_declined_connections_wait(struct kunit *test)
{
	static const u32 codes[] = { TOE_POLICY, TOE_CONNECTION_REJECTED };
	struct tenv *e = test->priv;
	int i, left;

	tenv_world(e, "n0(p0(c0 c1 c2))");
	tenv_offloaded(e, "n0(p0)");
	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		const char *shape = i ? "p0(c1)" : "p0(c0)";

		e->m->refuse[TOE_CONN] = codes[i];
		tenv_run(e, TOE_INITIATE, shape);
		EXPECT_STATE(e, i ? "c1" : "c0", TOE_IN_HOST);
		KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, shape), -EAGAIN);
	}
	/* others are not concerned */
	tenv_run(e, TOE_INITIATE, "p0(c2)");
	EXPECT_STATE(e, "c2", TOE_OFFLOADED);
	/* the time ends */
	for (left = 100; left && tenv_try(e, TOE_INITIATE, "p0(c0)") == -EAGAIN; left--)
		tenv_tick(e, 10000);
	tenv_flush(e);
	KUNIT_EXPECT_GT(test, left, 0);
	KUNIT_EXPECT_LT(test, left, 100);
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
}

struct geometry_case {
	const char *desc;
	u32 una;
	u32 nxt;
	u32 max;
	u32 chain;
};

static const struct geometry_case geometry_cases[] = {
	{ "R-TOE-34: some to be sent again, some never sent", 1000, 1500, 2000, 1500 },
	{ "R-TOE-35: nothing to be sent again", 1000, 2000, 2000, 1500 },
	{ "R-TOE-36: nothing at all", 1000, 1000, 1000, 0 },
	{ "R-TOE-40: across the end of the numbers", -500U, 0, 500, 1500 },
};

KUNIT_ARRAY_PARAM_DESC(geometry, geometry_cases, desc);

/* The first byte of the chain is snd_una, for whoever sends it. */
static void r_toe_40_send_geometry_reaches_the_target(struct kunit *test)
{
	const struct geometry_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct toe_conn_delegated *d = &e->c[0].seed;
	struct tmock_ctx *ctx;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	d->snd_una = c->una;
	d->snd_nxt = c->nxt;
	d->snd_max = c->max;
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	if (c->chain) {
		tenv_lend_send(o, "c0", c->chain - 100);
		tenv_lend_send(o, "c0", 100);
	}
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	ctx = tmock_ctx(e->m, tenv_o(e, "c0"));
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_EXPECT_EQ(test, ctx->d.c.snd_una, c->una);
	KUNIT_EXPECT_EQ(test, ctx->d.c.snd_nxt, c->nxt);
	KUNIT_EXPECT_EQ(test, ctx->d.c.snd_max, c->max);
	KUNIT_EXPECT_EQ(test, ctx->shown, c->chain ? 2 : 0);
	tlog_clear(&e->m->log);
	tmock_ack(e->m, tenv_o(e, "c0"), c->chain);
	if (c->chain)
		EXPECT_LOG(e, "send0 SUCCESS 1400; send1 SUCCESS 100");
	else
		EXPECT_LOG(e, "");
}

/* Impossible figures do not reach it. */
static void r_toe_34_impossible_geometry_is_refused(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated *d = &e->c[0].seed;

	tenv_offloaded(e, "n0(p0)");
	tenv_world(e, "n0(p0(c0))");
	d->snd_nxt = d->snd_una - 1;
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c0)"), -EINVAL);
	d->snd_nxt = d->snd_una + 10;
	d->snd_max = d->snd_una + 9;
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c0)"), -EINVAL);
	EXPECT_LOG(e, "");
}

struct timer_case {
	const char *desc;
	s32 delta;
	u32 turn;
	unsigned int fired;
};

static const struct timer_case timer_cases[] = {
	{ "0 fires at once", 0, 0, 1 },
	{ "off does not fire", TOE_TIMER_OFF, 10000, 0 },
	{ "250 ticks, one too early", 250, 249, 0 },
	{ "250 ticks", 250, 250, 1 },
};

KUNIT_ARRAY_PARAM_DESC(timer, timer_cases, desc);

static void r_toe_37_retransmit_timer_goes_on(struct kunit *test)
{
	const struct timer_case *c = test->param_value;
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->c[0].seed.rt_delta = c->delta;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_tick(e, c->turn);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->rt_fired, c->fired);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->ka_fired, 0);
}

static void r_toe_38_keepalive_timer_goes_on(struct kunit *test)
{
	const struct timer_case *c = test->param_value;
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->c[0].seed.ka_delta = c->delta;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_tick(e, c->turn);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->ka_fired, c->fired);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->rt_fired, 0);
}

struct old_bytes_case {
	const char *desc;
	u32 rcv_nxt;
};

static const struct old_bytes_case old_bytes_cases[] = {
	{ "R-TOE-39: small numbers", TENV_RCV_NXT },
	{ "R-TOE-40: across the end of the numbers", -150U },
};

KUNIT_ARRAY_PARAM_DESC(old_bytes, old_bytes_cases, desc);

static void r_toe_39_old_bytes_then_new_ones(struct kunit *test)
{
	const struct old_bytes_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	e->c[0].seed.rcv_nxt = c->rcv_nxt;
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_lend(o, "c0", 300);
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->d.c.rcv_nxt, c->rcv_nxt + 300);
	tenv_rx(e, "c0", 100, 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 400);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

static struct kunit_case toe_initiate_cases[] = {
	KUNIT_CASE(r_toe_19_everything_stored),
	KUNIT_CASE(r_toe_20_one_connection_slot),
	KUNIT_CASE(r_toe_21_root_fails),
	KUNIT_CASE(r_toe_22_path_fails),
	KUNIT_CASE(r_toe_23_failure_leaves_the_location_alone),
	KUNIT_CASE(r_toe_23_a_context_of_a_failure_is_not_used),
	KUNIT_CASE(r_toe_24_lent_sends_of_a_failure),
	KUNIT_CASE(r_toe_25_lent_sends_complete_once),
	KUNIT_CASE(r_toe_26_lent_bytes_are_copied),
	KUNIT_CASE(r_toe_27_no_memory_for_lent_bytes),
	KUNIT_CASE(r_toe_28_source_mac_unsupported),
	KUNIT_CASE(r_toe_29_unknown_vlan),
	KUNIT_CASE(r_toe_30_limits_of_the_target),
	KUNIT_CASE_PARAM(r_toe_31_codes_of_initiate_elsewhere, code_gen_params),
	KUNIT_CASE(r_toe_32_full_table_stops_offers),
	KUNIT_CASE(r_toe_33_declined_connections_wait),
	KUNIT_CASE(r_toe_34_impossible_geometry_is_refused),
	KUNIT_CASE_PARAM(r_toe_37_retransmit_timer_goes_on, timer_gen_params),
	KUNIT_CASE_PARAM(r_toe_38_keepalive_timer_goes_on, timer_gen_params),
	KUNIT_CASE_PARAM(r_toe_39_old_bytes_then_new_ones, old_bytes_gen_params),
	KUNIT_CASE_PARAM(r_toe_40_send_geometry_reaches_the_target, geometry_gen_params),
	{}
};

static struct kunit_suite toe_initiate_suite = {
	.name = "ndk_toe_initiate",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_initiate_cases,
};

kunit_test_suite(toe_initiate_suite);
