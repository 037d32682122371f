// SPDX-License-Identifier: GPL-2.0
/*
 * Objects, trees and the envelope: R-TOE-01 to R-TOE-18.
 */
#include "toe_env.h"

static void r_toe_01_reference_counts(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "n0")), 1);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "p0")), 1);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "c0")), 0);
	KUNIT_EXPECT_PTR_EQ(test, toe_obj_parent(tenv_o(e, "c0")), tenv_o(e, "p0"));
	KUNIT_EXPECT_PTR_EQ(test, toe_obj_parent(tenv_o(e, "p0")), tenv_o(e, "n0"));
	KUNIT_EXPECT_NULL(test, toe_obj_parent(tenv_o(e, "n0")));

	tenv_forget(e, "c0");
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "p0")), 0);
	tenv_forget(e, "p0");
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "n0")), 0);
}

/* A child keeps what it hangs below, whoever lets go first. */
static void r_toe_01_parents_stay_for_their_children(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	tenv_forget(e, "n0");
	tenv_forget(e, "p0");
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(toe_obj_parent(tenv_o(e, "c0"))), 1);
	tenv_forget(e, "c0");
	KUNIT_EXPECT_EQ(test, READ_ONCE(e->m->t->nobjects), 0);
}

static void r_toe_02_terminate_with_live_dependents(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_TERMINATE, "n0"), -EBUSY);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_TERMINATE, "p0"), -EBUSY);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_TERMINATE, "n0(p0)"), -EBUSY);
	EXPECT_LOG(e, "");
	EXPECT_STATE(e, "n0", TOE_OFFLOADED);
	EXPECT_STATE(e, "p0", TOE_OFFLOADED);
}

/* A dependent that is in the host is no reason to refuse. */
static void r_toe_02_dependents_in_the_host_do_not_count(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0)");
	tenv_world(e, "n0(p0(c0))");
	tenv_run(e, TOE_TERMINATE, "p0");
	EXPECT_STATE(e, "p0", TOE_IN_HOST);
	EXPECT_LOG(e, "+terminate p0; terminate p0 SUCCESS");
}

static unsigned int blocks(struct toe_block *b)
{
	struct toe_walk w;
	unsigned int n = 0;

	for (toe_walk_start(&w, b); w.at; toe_walk_next(&w))
		n++;
	return n;
}

static bool count_blocks(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	*(unsigned int *)m->priv += blocks(root);
	return false;
}

static void r_toe_03_terminate_of_a_whole_tree(struct kunit *test)
{
	struct tenv *e = test->priv;
	unsigned int seen = 0;

	tenv_offloaded(e, "n0(p0(c0 c1) p1(c2))");
	e->m->priv = &seen;
	e->m->on_call = count_blocks;
	tenv_run(e, TOE_TERMINATE, "n0(p0(c0 c1) p1(c2))");
	EXPECT_LOG(e, "+terminate n0; terminate n0 SUCCESS");
	KUNIT_EXPECT_EQ(test, seen, 6);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	EXPECT_STATE(e, "p1", TOE_IN_HOST);
	EXPECT_STATE(e, "c2", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
}

static void r_toe_04_parents_first(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c0)"), -ENOTCONN);
	/* by itself it says nothing of what it hangs below */
	KUNIT_EXPECT_NE(test, tenv_try(e, TOE_INITIATE, "c0"), 0);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, ".(.(c0))"), -ENOTCONN);
	EXPECT_LOG(e, "");
	tenv_offloaded(e, "n0(p0)");
	tenv_run(e, TOE_INITIATE, "p0(c0)");
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
}

struct order {
	struct tenv *e;
	char text[64];
};

static bool note_order(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	struct order *o = m->priv;
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w)) {
		strlcat(o->text, tmock_name(m, w.at->object), sizeof(o->text));
		strlcat(o->text, " ", sizeof(o->text));
	}
	return false;
}

static void r_toe_05_depth_first_then_siblings(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct order o = { .e = e };
	struct tmock_ctx *ctx;
	char stored[64] = "";

	tenv_world(e, "n1(p1(c1 c2) p2(c3))");
	e->m->priv = &o;
	e->m->on_call = note_order;
	tenv_run(e, TOE_INITIATE, "n1(p1(c1 c2) p2(c3))");
	KUNIT_EXPECT_STREQ(test, o.text, "n1 p1 c1 c2 p2 c3 ");
	list_for_each_entry(ctx, &e->m->ctxs, link) {
		strlcat(stored, tmock_name(e->m, ctx->obj), sizeof(stored));
		strlcat(stored, " ", sizeof(stored));
	}
	KUNIT_EXPECT_STREQ(test, stored, o.text);
}

/* Skipping leaves out what is below, and nothing else. */
static void r_toe_05_a_walk_can_skip(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;
	struct toe_walk w;
	char text[64] = "";

	tenv_world(e, "n1(p1(c1 c2) p2(c3)) n2(p3)");
	o = tenv_tree(e, TOE_INITIATE, "n1(p1(c1 c2) p2(c3)) n2(p3)");
	toe_walk_start(&w, o->op->root);
	while (w.at) {
		strlcat(text, tmock_name(e->m, w.at->object), sizeof(text));
		strlcat(text, " ", sizeof(text));
		if (w.at->object == tenv_o(e, "p1"))
			toe_walk_skip(&w);
		else
			toe_walk_next(&w);
	}
	KUNIT_EXPECT_STREQ(test, text, "n1 p1 p2 c3 n2 p3 ");
}

static bool inspect_classes(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	unsigned int cls, *good = m->priv;
	struct toe_state_header *h;
	void *before;
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w)) {
		before = w.at->state;
		for (cls = TOE_STATE_CONST; cls <= TOE_STATE_DELEGATED; cls++) {
			h = toe_block_state(w.at, cls);
			if (h && h->length == toe_state_size(w.at->layer, cls) &&
			    (void *)h >= before && h->revision == TOE_REVISION)
				++*good;
			before = h ? (void *)h + h->length : NULL;
		}
		if (before && before <= (void *)w.at + w.at->size)
			++*good;
	}
	return false;
}

static void r_toe_06_state_in_order_each_with_its_length(struct kunit *test)
{
	struct tenv *e = test->priv;
	unsigned int good = 0;

	tenv_world(e, "n0(p0(c0))");
	e->m->priv = &good;
	e->m->on_call = inspect_classes;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, good, 3 * 4);
}

/* A target is given what the objects were created with. */
static void r_toe_06_values_arrive(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_const k = tenv_conn_const(3);
	struct toe_conn_cached v = tenv_conn_cached();
	struct toe_neigh_cached n = tenv_neigh_cached(0);
	struct toe_path_const p = tenv_path_const(0);

	tenv_offloaded(e, "n0(p0(c3))");
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "c3"))->k.c, &k,
			   CONN_CONST_BYTES);
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "c3"))->v.c, &v, sizeof(v));
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "n0"))->v.n, &n,
			   NEIGH_CACHED_BYTES);
	KUNIT_EXPECT_MEMEQ(test, &tmock_ctx(e->m, tenv_o(e, "p0"))->k.p, &p, sizeof(p));
}

static void r_toe_07_scaffold_blocks(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0) p1)");
	tenv_world(e, "p1(c1)");
	o = tenv_tree(e, TOE_INITIATE, ".(p1(c1))");
	KUNIT_EXPECT_NULL(test, o->op->root->ctx);
	KUNIT_EXPECT_EQ(test, toe_block_role(TOE_INITIATE, o->op->root), TOE_ROLE_SCAFFOLD);
	KUNIT_EXPECT_EQ(test, o->op->root->state_class, TOE_STATE_NONE);
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS SUCCESS");
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
}

/* What hangs below a scaffold fails; the scaffold does not. */
static void r_toe_07_scaffold_succeeds_whatever_is_below(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0)) n1(p1)");
	tenv_offloaded(e, "n0(p0)");
	e->m->refuse[TOE_CONN] = TOE_TCP_ENTRIES;
	o = tenv_run(e, TOE_INITIATE, ".(p0(c0))");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	o = tenv_run(e, TOE_QUERY, ".(p0)");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS");
	o = tenv_run(e, TOE_TERMINATE, ".(p0)");
	EXPECT_STATUSES(e, o, "SUCCESS SUCCESS");
	EXPECT_STATE(e, "p0", TOE_IN_HOST);
}

struct linker_case {
	const char *desc;
	int room;
	const char *want;
};

static const struct linker_case linker_cases[] = {
	{ "R-TOE-08: all children stored", 3, "SUCCESS SUCCESS SUCCESS SUCCESS" },
	{ "R-TOE-08: one not", 2, "PARTIAL_SUCCESS SUCCESS SUCCESS TCP_ENTRIES" },
	{ "R-TOE-08: none", 0, "FAILURE TCP_ENTRIES TCP_ENTRIES TCP_ENTRIES" },
};

KUNIT_ARRAY_PARAM_DESC(linker, linker_cases, desc);

static void r_toe_08_linker_status(struct kunit *test)
{
	const struct linker_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0 c1 c2))");
	tenv_offloaded(e, "n0(p0)");
	e->m->room[TOE_CONN] = c->room;
	o = tenv_run(e, TOE_INITIATE, "p0(c0 c1 c2)");
	EXPECT_STATUSES(e, o, c->want);
	/* the linker's own object is as it was */
	EXPECT_STATE(e, "p0", TOE_OFFLOADED);
}

static void r_toe_09_connection_with_dependents(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0 c1))");
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "n0(p0(c0(c1)))"), -EINVAL);
	tenv_offloaded(e, "n0(p0(c0 c1))");
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_QUERY, "c0(c1)"), -EINVAL);
	EXPECT_LOG(e, "");
}

static void r_toe_10_the_same_root_comes_back(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_block *root;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_QUERY] = TMOCK_LATER;
	o = tenv_start(e, TOE_QUERY, "n0(p0)");
	root = tmock_peek(e->m, TOE_QUERY);
	KUNIT_EXPECT_PTR_EQ(test, root, o->op->root);

	/* another pointer is complained of and changes nothing */
	toe_complete(e->m->t, root->dependents);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 0);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_COMPLETION), 1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(e->m->t->nout), 1);

	tmock_finish(e->m, TOE_QUERY);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 1);
	KUNIT_EXPECT_PTR_EQ(test, o->op->root, root);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_COMPLETION), 1);
}

#define CANARY ((void *)0x0123456789abcdefUL)

static bool check_canary(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w))
		if (w.at->protocol_reserved[0] != CANARY || w.at->im_reserved[1] != CANARY ||
		    w.at->source_handle != CANARY)
			++*(int *)m->priv;
	return false;
}

/* The core carries what belongs to the host and to drivers in between. */
static void r_toe_11_reserved_fields_are_carried(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;
	struct toe_walk w;
	int lost = 0;

	tenv_world(e, "n0(p0(c0))");
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	for (toe_walk_start(&w, o->op->root); w.at; toe_walk_next(&w)) {
		w.at->protocol_reserved[0] = CANARY;
		w.at->im_reserved[1] = CANARY;
		w.at->source_handle = CANARY;
	}
	e->m->priv = &lost;
	e->m->on_call = check_canary;
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, lost, 0);
	check_canary(e->m, TOE_INITIATE, o->op->root);
	KUNIT_EXPECT_EQ(test, lost, 0);
}

static void r_toe_12_second_completion(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_block *root;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_QUERY] = TMOCK_LATER;
	o = tenv_start(e, TOE_QUERY, "c0");
	root = tmock_steal(e->m, TOE_QUERY);
	toe_complete(e->m->t, root);
	toe_complete(e->m->t, root);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 1);
	toe_complete(e->m->t, root);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 1);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_COMPLETION), 2);
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	tenv_run(e, TOE_TERMINATE, "c0");
}

static void r_toe_13_handle_names_the_object(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tmock_ctx *ctx;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	list_for_each_entry(ctx, &e->m->ctxs, link) {
		KUNIT_EXPECT_NE(test, ctx->handle, 0);
		KUNIT_EXPECT_EQ(test, ctx->handle, toe_obj_handle(ctx->obj));
	}
	toe_event_retrieve(e->m->t, tmock_ctx(e->m, tenv_o(e, "c1"))->handle, TOE_LOW_ACTIVITY);
	EXPECT_LOG(e, "c1.retrieve idle");
	tenv_rx(e, "c0", 10, 0);
	EXPECT_LOG(e, "c0.rx 10@0");
}

static void r_toe_14_stale_handles(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_neigh_delegated *nd;
	struct tenv_op *o;
	u64 old, old_n;
	u32 hrd;

	tenv_offloaded(e, "n0(p0(c0))");
	old = toe_obj_handle(tenv_o(e, "c0"));
	old_n = toe_obj_handle(tenv_o(e, "n0"));
	tenv_run(e, TOE_TERMINATE, "n0(p0(c0))");
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	KUNIT_EXPECT_NE(test, toe_obj_handle(tenv_o(e, "c0")), old);
	tlog_clear(&e->m->log);

	toe_event_retrieve(e->m->t, old, TOE_TIMEOUT);
	toe_event_abort(e->m->t, old);
	toe_event_backlog(e->m->t, old, 4711);
	toe_event_abort(e->m->t, 0);
	toe_event_abort(e->m->t, U64_MAX);
	/* a neighbor's handle is no connection's */
	toe_event_abort(e->m->t, toe_obj_handle(tenv_o(e, "n0")));
	KUNIT_EXPECT_EQ(test, toe_receive(e->m->t, old, NULL, TOE_RX_FIN), -ESTALE);
	toe_send_acked(e->m->t, old, 1, false);
	toe_send_abort(e->m->t, old, TOE_REQUEST_ABORTED);
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, old, NULL), -ESTALE);
	KUNIT_EXPECT_EQ(test, toe_receive_room(e->m->t, old), 0);
	EXPECT_LOG(e, "");
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
	KUNIT_EXPECT_GE(test, tenv_complaints(e, TOE_BAD_HANDLE), 6);

	o = tenv_tree(e, TOE_QUERY, "n0");
	nd = toe_block_state(o->op->root, TOE_STATE_DELEGATED);
	nd->nic_reachability = 1;
	o->op->root->handle = old_n;
	KUNIT_EXPECT_EQ(test, toe_event_reachability(e->m->t, o->op->root, &hrd), -ESTALE);
}

/* A handle outlives neither its object nor its target's memory. */
static void r_toe_14_handle_of_a_freed_object(struct kunit *test)
{
	struct tenv *e = test->priv;
	u64 old;

	tenv_offloaded(e, "n0(p0(c0))");
	old = toe_obj_handle(tenv_o(e, "c0"));
	tenv_run(e, TOE_TERMINATE, "c0");
	tenv_forget(e, "c0");
	rcu_barrier();
	tlog_clear(&e->m->log);
	toe_event_abort(e->m->t, old);
	KUNIT_EXPECT_EQ(test, toe_receive(e->m->t, old, NULL, TOE_RX_FIN), -ESTALE);
	EXPECT_LOG(e, "");
}

static bool spoil_const(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	struct toe_walk w;
	void *k, *v;

	if (type != TOE_TERMINATE)
		return false;
	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w)) {
		k = toe_block_state(w.at, TOE_STATE_CONST);
		v = toe_block_state(w.at, TOE_STATE_CACHED);
		if (k)
			memset(k + 4, 0xee, toe_state_size(w.at->layer, TOE_STATE_CONST) - 4);
		if (v)
			memset(v + 4, 0xee, toe_state_size(w.at->layer, TOE_STATE_CACHED) - 4);
	}
	return false;
}

static void r_toe_15_only_delegated_state_comes_back(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_const k = tenv_conn_const(0);
	struct toe_conn_cached v = tenv_conn_cached();
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->on_call = spoil_const;
	/* whether a tree may ask for it at all is the core's choice */
	err = tenv_try(e, TOE_TERMINATE, "c0a");
	if (err)
		tenv_run(e, TOE_TERMINATE, "c0");
	tenv_flush(e);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_MEMEQ(test, toe_obj_const(tenv_o(e, "c0")), &k, CONN_CONST_BYTES);
	KUNIT_EXPECT_MEMEQ(test, toe_obj_cached(tenv_o(e, "c0")), &v, sizeof(v));
}

static void r_toe_16_who_may_change_what(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_const k = tenv_conn_const(7);
	struct toe_conn_cached v = tenv_conn_cached();
	struct toe_conn_delegated d = {};

	tenv_world(e, "n0(p0(c0))");
	v.ttl = 9;
	KUNIT_EXPECT_EQ(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_CONST, &k), 0);
	KUNIT_EXPECT_EQ(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_CACHED, &v), 0);
	KUNIT_EXPECT_EQ(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_DELEGATED, &d), -EINVAL);
	KUNIT_EXPECT_EQ(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_ALL, &k), -EINVAL);
	KUNIT_EXPECT_MEMEQ(test, toe_obj_const(tenv_o(e, "c0")), &k, CONN_CONST_BYTES);
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");

	KUNIT_EXPECT_NE(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_CONST, &k), 0);
	KUNIT_EXPECT_NE(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_CACHED, &v), 0);
	KUNIT_EXPECT_NE(test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_DELEGATED, &d), 0);
	/* nor by way of an update */
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "c0k"), -EINVAL);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "c0d"), -EINVAL);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "c0a"), -EINVAL);
}

static void r_toe_17_connection_keeps_its_path(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0) p1)");
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_NE(test, tenv_try(e, TOE_UPDATE, "p1-(c0-)"), 0);
	KUNIT_EXPECT_NE(test, tenv_try(e, TOE_UPDATE, "n0-(p1-(c0-))"), 0);
	KUNIT_EXPECT_EQ(test, toe_path_set_neigh(tenv_o(e, "c0"), tenv_o(e, "p1")), -EINVAL);
	EXPECT_LOG(e, "");
	KUNIT_EXPECT_PTR_EQ(test, toe_obj_parent(tenv_o(e, "c0")), tenv_o(e, "p0"));
}

struct tcp_state_case {
	const char *desc;
	u8 state;
	bool ok;
};

static const struct tcp_state_case tcp_state_cases[] = {
	{ "CLOSED", TOE_TCP_CLOSED, false },
	{ "LISTEN", TOE_TCP_LISTEN, false },
	{ "SYN_SENT", TOE_TCP_SYN_SENT, false },
	{ "SYN_RCVD", TOE_TCP_SYN_RCVD, false },
	{ "ESTABLISHED", TOE_TCP_ESTABLISHED, true },
	{ "FIN_WAIT1", TOE_TCP_FIN_WAIT1, true },
	{ "FIN_WAIT2", TOE_TCP_FIN_WAIT2, true },
	{ "CLOSE_WAIT", TOE_TCP_CLOSE_WAIT, true },
	{ "CLOSING", TOE_TCP_CLOSING, true },
	{ "LAST_ACK", TOE_TCP_LAST_ACK, true },
	{ "TIME_WAIT", TOE_TCP_TIME_WAIT, false },
	{ "none there is", TOE_TCP_STATES, false },
};

KUNIT_ARRAY_PARAM_DESC(tcp_state, tcp_state_cases, desc);

static void r_toe_18_offloadable_states(struct kunit *test)
{
	const struct tcp_state_case *c = test->param_value;
	struct tenv *e = test->priv;
	int err;

	tenv_offloaded(e, "n0(p0)");
	tenv_world(e, "n0(p0(c0))");
	e->c[0].seed.state = c->state;
	err = tenv_try(e, TOE_INITIATE, "p0(c0)");
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, err, c->ok ? 0 : -EINVAL);
	EXPECT_STATE(e, "c0", c->ok ? TOE_OFFLOADED : TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_INITIATE], 1 + c->ok);
}

static struct kunit_case toe_object_cases[] = {
	KUNIT_CASE(r_toe_01_reference_counts),
	KUNIT_CASE(r_toe_01_parents_stay_for_their_children),
	KUNIT_CASE(r_toe_02_terminate_with_live_dependents),
	KUNIT_CASE(r_toe_02_dependents_in_the_host_do_not_count),
	KUNIT_CASE(r_toe_03_terminate_of_a_whole_tree),
	KUNIT_CASE(r_toe_04_parents_first),
	KUNIT_CASE(r_toe_05_depth_first_then_siblings),
	KUNIT_CASE(r_toe_05_a_walk_can_skip),
	KUNIT_CASE(r_toe_06_state_in_order_each_with_its_length),
	KUNIT_CASE(r_toe_06_values_arrive),
	KUNIT_CASE(r_toe_07_scaffold_blocks),
	KUNIT_CASE(r_toe_07_scaffold_succeeds_whatever_is_below),
	KUNIT_CASE_PARAM(r_toe_08_linker_status, linker_gen_params),
	KUNIT_CASE(r_toe_09_connection_with_dependents),
	KUNIT_CASE(r_toe_10_the_same_root_comes_back),
	KUNIT_CASE(r_toe_11_reserved_fields_are_carried),
	KUNIT_CASE(r_toe_12_second_completion),
	KUNIT_CASE(r_toe_13_handle_names_the_object),
	KUNIT_CASE(r_toe_14_stale_handles),
	KUNIT_CASE(r_toe_14_handle_of_a_freed_object),
	KUNIT_CASE(r_toe_15_only_delegated_state_comes_back),
	KUNIT_CASE(r_toe_16_who_may_change_what),
	KUNIT_CASE(r_toe_17_connection_keeps_its_path),
	KUNIT_CASE_PARAM(r_toe_18_offloadable_states, tcp_state_gen_params),
	{}
};

static struct kunit_suite toe_object_suite = {
	.name = "ndk_toe_object",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_object_cases,
};

kunit_test_suite(toe_object_suite);
