// SPDX-License-Identifier: GPL-2.0
/*
 * Hosts, targets and clients that get it wrong: malformed trees, foreign and
 * freed objects, completions nobody is owed, requests posted twice. Each is
 * refused with the errno the header promises, or reported and ignored; nothing
 * leaks, which the end of every test checks.
 */
#include "toe_env.h"

typedef void (*spoil_fn)(struct tenv *e, struct tenv_op *o);

struct tree_case {
	const char *desc;
	enum toe_op_type type;
	const char *shape;
	spoil_fn spoil;
	int err;
};

static struct toe_block *root(struct tenv_op *o)
{
	return o->op->root;
}

static void loop_to_itself(struct tenv *e, struct tenv_op *o)
{
	root(o)->next = root(o);
}

static void loop_to_root(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c0")->next = tenv_block(o, "p0");
}

static void loop_of_children(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "p0")->dependents = root(o);
}

static void long_loop(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c1")->next = tenv_block(o, "c0");
}

static void block_twice(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "p1")->dependents = tenv_block(o, "p0")->dependents;
}

static void object_twice(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c1")->object = tenv_o(e, "c0");
}

static void wrong_layer(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c0")->layer = TOE_PATH4;
}

static void unknown_layer(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c0")->layer = TOE_LAYERS;
}

static void huge_layer(struct tenv *e, struct tenv_op *o)
{
	root(o)->layer = 255;
}

static void unknown_class(struct tenv *e, struct tenv_op *o)
{
	root(o)->state_class = TOE_CLASSES;
}

static void huge_class(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c0")->state_class = 255;
}

static void other_revision(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "p0")->revision = TOE_REVISION + 1;
}

static void short_block(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c0")->size--;
}

static void long_block(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c0")->size += 8;
}

static void no_block(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "c0")->size = 0;
}

static struct toe_state_header *state(struct tenv_op *o, const char *name, unsigned int cls)
{
	return toe_block_state(tenv_block(o, name), cls);
}

static void short_const(struct tenv *e, struct tenv_op *o)
{
	state(o, "c0", TOE_STATE_CONST)->length--;
}

static void short_cached(struct tenv *e, struct tenv_op *o)
{
	state(o, "p0", TOE_STATE_CACHED)->length = 4;
}

static void long_delegated(struct tenv *e, struct tenv_op *o)
{
	state(o, "c0", TOE_STATE_DELEGATED)->length = U16_MAX;
}

static void state_revision(struct tenv *e, struct tenv_op *o)
{
	state(o, "n0", TOE_STATE_CONST)->revision = 0;
}

static void foreign_parent(struct tenv *e, struct tenv_op *o)
{
	/* the block says p1, the object hangs below p0 */
	tenv_block(o, "p1")->dependents = tenv_block(o, "c0");
	tenv_block(o, "p0")->dependents = tenv_block(o, "c1");
	tenv_block(o, "c0")->next = NULL;
	tenv_block(o, "c1")->next = NULL;
}

static void scaffold_with_state(struct tenv *e, struct tenv_op *o)
{
	tenv_block(o, "n0")->object = NULL;
}

static void no_root(struct tenv *e, struct tenv_op *o)
{
	o->op->root = NULL;
}

static void no_done(struct tenv *e, struct tenv_op *o)
{
	o->op->done = NULL;
}

static void unknown_type(struct tenv *e, struct tenv_op *o)
{
	o->op->type = TOE_OPS;
}

static void port_zero_scale(struct tenv *e, struct tenv_op *o)
{
	struct toe_conn_const *k = toe_block_state(tenv_block(o, "c0"), TOE_STATE_CONST);

	k->snd_wscale = 15;
}

static void bad_timer(struct tenv *e, struct tenv_op *o)
{
	struct toe_conn_delegated *d = toe_block_state(tenv_block(o, "c0"), TOE_STATE_DELEGATED);

	d->rt_delta = -2;
}

#define WHOLE "n0(p0(c0 c1) p1)"

static const struct tree_case tree_cases[] = {
	{ "a loop: a block that is its own sibling", TOE_INITIATE, WHOLE, loop_to_itself, -ELOOP },
	{ "a loop: a connection beside its path", TOE_INITIATE, WHOLE, loop_to_root, 0 },
	{ "a loop: the root below itself", TOE_INITIATE, WHOLE, loop_of_children, 0 },
	{ "a loop of siblings", TOE_INITIATE, WHOLE, long_loop, -ELOOP },
	{ "the same blocks in two places", TOE_INITIATE, WHOLE, block_twice, 0 },
	{ "an object in two blocks", TOE_INITIATE, WHOLE, object_twice, 0 },
	{ "a connection called a path", TOE_INITIATE, WHOLE, wrong_layer, -EINVAL },
	{ "a kind of object there is not", TOE_INITIATE, WHOLE, unknown_layer, -EINVAL },
	{ "a root of kind 255", TOE_INITIATE, WHOLE, huge_layer, -EINVAL },
	{ "a class of state there is not", TOE_INITIATE, WHOLE, unknown_class, -EINVAL },
	{ "class 255", TOE_INITIATE, WHOLE, huge_class, -EINVAL },
	{ "another revision", TOE_INITIATE, WHOLE, other_revision, -EINVAL },
	{ "a block one byte short", TOE_INITIATE, WHOLE, short_block, -EINVAL },
	{ "a block that says it is longer", TOE_INITIATE, WHOLE, long_block, -EINVAL },
	{ "a block of no bytes", TOE_INITIATE, WHOLE, no_block, -EINVAL },
	{ "constant state one byte short", TOE_INITIATE, WHOLE, short_const, -EINVAL },
	{ "cached state of a header only", TOE_INITIATE, WHOLE, short_cached, -EINVAL },
	{ "delegated state of 65535 bytes", TOE_INITIATE, WHOLE, long_delegated, -EINVAL },
	{ "state of revision 0", TOE_INITIATE, WHOLE, state_revision, -EINVAL },
	{ "connections below each other's path", TOE_INITIATE, WHOLE, foreign_parent, 0 },
	{ "state behind a block without object", TOE_INITIATE, WHOLE, scaffold_with_state, 0 },
	{ "no tree", TOE_INITIATE, WHOLE, no_root, -EINVAL },
	{ "nobody to tell", TOE_INITIATE, WHOLE, no_done, -EINVAL },
	{ "an operation there is not", TOE_INITIATE, WHOLE, unknown_type, -EINVAL },
	{ "a window scale of 15", TOE_INITIATE, WHOLE, port_zero_scale, -EINVAL },
	{ "a timer with -2 ticks left", TOE_INITIATE, WHOLE, bad_timer, -EINVAL },
	{ "path above neighbor", TOE_INITIATE, "p0(n0)", NULL, 0 },
	{ "connection above path", TOE_INITIATE, "c0(p0)", NULL, -EINVAL },
	{ "connection right below a neighbor", TOE_INITIATE, "n0(c0)", NULL, -EINVAL },
	{ "neighbor beside a path", TOE_INITIATE, "n0(p0 n0)", NULL, 0 },
	{ "path below a path", TOE_INITIATE, "n0(p0(p1))", NULL, 0 },
	{ "no state to offload", TOE_INITIATE, "n0-", NULL, -EINVAL },
	{ "some of the state to offload", TOE_INITIATE, "n0k", NULL, -EINVAL },
	{ "constant state in an invalidate", TOE_INVALIDATE, "n0k", NULL, 0 },
	{ "a query for nothing", TOE_QUERY, "n0-", NULL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(tree, tree_cases, desc);

/* Blocks that a spoiled tree no longer reaches would leak: free them all by hand. */
static void free_spoiled(struct tenv *e, struct tenv_op *o, struct toe_block **b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		b[i]->next = NULL;
		b[i]->dependents = NULL;
	}
	/* hang them in a row, as siblings of the root */
	o->op->root = b[0];
	for (i = 1; i < n; i++)
		b[i - 1]->next = b[i];
	toe_op_free(o->op);
	o->op = NULL;
}

static unsigned int collect(struct toe_block *b, struct toe_block **to, unsigned int n)
{
	for (; b; b = b->next) {
		to[n++] = b;
		n = collect(b->dependents, to, n);
	}
	return n;
}

static void malformed_trees_are_refused(struct kunit *test)
{
	const struct tree_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct toe_block *blocks[16];
	struct tenv_op *o;
	unsigned int n;
	int err;

	tenv_world(e, WHOLE);
	if (c->type != TOE_INITIATE)
		tenv_offloaded(e, WHOLE);
	tlog_clear(&e->m->log);
	o = tenv_tree(e, c->type, c->shape);
	n = collect(o->op->root, blocks, 0);
	if (c->spoil)
		c->spoil(e, o);
	err = toe_op_submit(o->op);
	/* 0 in the table: which of the errnos is not fixed, that there is one is */
	if (c->err)
		KUNIT_EXPECT_EQ(test, err, c->err);
	KUNIT_EXPECT_NE(test, err, 0);
	EXPECT_LOG(e, "");
	if (err)
		free_spoiled(e, o, blocks, n);
	if (c->type == TOE_INITIATE) {
		EXPECT_STATE(e, "n0", TOE_IN_HOST);
		EXPECT_STATE(e, "c0", TOE_IN_HOST);
		/* the same objects in a good tree are as good as ever */
		o = tenv_run(e, TOE_INITIATE, WHOLE);
		KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	}
}

static void objects_of_another_target(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv *other = tenv_create(test, NULL, NULL);
	struct tenv_op *o;

	KUNIT_ASSERT_NOT_NULL(test, other);
	tenv_offloaded(e, "n0(p0)");
	tenv_offloaded(other, "n0(p0(c0))");
	o = tenv_tree(other, TOE_QUERY, "c0");
	o->op->target = e->m->t;
	KUNIT_EXPECT_EQ(test, toe_op_submit(o->op), -EXDEV);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_QUERY] + other->m->calls[TOE_QUERY], 0);
	/* nor does one target's handle mean anything to another */
	toe_event_abort(e->m->t, toe_obj_handle(tenv_o(other, "c0")));
	tenv_flush(e);
	tenv_flush(other);
	KUNIT_EXPECT_EQ(test, tenv_count(other, "c0.aborted"), 0);
	/* nor its completions */
	other->m->when[TOE_QUERY] = TMOCK_LATER;
	o = tenv_start(other, TOE_QUERY, "c0");
	toe_complete(e->m->t, o->op->root);
	tenv_flush(e);
	tenv_flush(other);
	KUNIT_EXPECT_EQ(test, o->done, 0);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_COMPLETION), 1);
	tmock_finish_all(other->m);
	tenv_flush(other);
	KUNIT_EXPECT_EQ(test, o->done, 1);
	tenv_delete(other);
}

static void operations_on_what_is_in_the_host(struct kunit *test)
{
	static const enum toe_op_type types[] = { TOE_QUERY, TOE_UPDATE, TOE_INVALIDATE,
						  TOE_TERMINATE };
	struct tenv *e = test->priv;
	int i;

	tenv_offloaded(e, "n0(p0)");
	tenv_world(e, "n0(p0(c0) p1)");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		KUNIT_EXPECT_EQ(test, tenv_try(e, types[i], "c0"), -ENOTCONN);
		KUNIT_EXPECT_EQ(test, tenv_try(e, types[i], "n0(p0(c0))"), -ENOTCONN);
		KUNIT_EXPECT_EQ(test, tenv_try(e, types[i], "p1"), -ENOTCONN);
	}
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "n0-(p1-)"), -ENOTCONN);
	EXPECT_LOG(e, "");
}

/* A completion for a tree the target never had, and one behind the end. */
static void completions_nobody_is_owed(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	o = tenv_tree(e, TOE_INITIATE, "n0(p0(c0))");
	toe_complete(e->m->t, o->op->root);
	toe_complete(e->m->t, NULL);
	toe_complete_returned(e->m->t, NULL);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 0);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_COMPLETION), 2);
	KUNIT_EXPECT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	toe_complete(e->m->t, o->op->root);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 1);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_COMPLETION), 3);
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
}

static bool succeed_without_context(struct tmock *m, enum toe_op_type type,
				    struct toe_block *root)
{
	toe_set_status(root, TOE_SUCCESS);
	toe_complete(m->t, root);
	return true;
}

static void success_without_a_context(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_world(e, "n0(p0(c0))");
	e->m->on_call = succeed_without_context;
	o = tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	EXPECT_STATUSES(e, o, "FAILURE FAILURE FAILURE");
	KUNIT_EXPECT_GE(test, tenv_complaints(e, TOE_BAD_STATUS), 1);
	e->m->on_call = NULL;
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_QUERY, "n0"), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), -ENOTCONN);
	EXPECT_LOG(e, "");
}

static u32 odd_status(struct toe_target *t, struct toe_block *b, void *parent, void *arg)
{
	return b->layer == TOE_CONN ? 0x12345678 : tmock_store(t, b, parent, NULL);
}

static bool store_oddly(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	toe_initiate_each(m->t, root, odd_status, NULL);
	toe_complete(m->t, root);
	return true;
}

static void a_status_that_is_none(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	tenv_offloaded(e, "n0(p0)");
	e->m->on_call = store_oddly;
	tenv_run(e, TOE_INITIATE, "p0(c0)");
	e->m->on_call = NULL;
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_GE(test, tenv_complaints(e, TOE_BAD_STATUS), 1);
}

/* Stores a child although its parent failed: the host does not believe it. */
static bool store_child_only(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	struct toe_walk w;

	if (type != TOE_INITIATE)
		return false;
	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w)) {
		w.at->status = TOE_FAILURE;
		if (w.at->layer == TOE_CONN)
			w.at->status = tmock_store(m->t, w.at, NULL, NULL);
	}
	toe_complete(m->t, root);
	return true;
}

static void a_child_without_its_parent(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->m->on_call = store_child_only;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_flush(e);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	EXPECT_STATE(e, "p0", TOE_IN_HOST);
	/* the target says it has it, so it is asked back at once */
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_NE(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
	KUNIT_EXPECT_GE(test, tenv_complaints(e, TOE_BAD_STATUS), 1);
}

static void more_acknowledged_than_sent(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	tmock_ack(e->m, tenv_o(e, "c0"), 10);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, e->sends[0].done, 0);
	tmock_ack(e->m, tenv_o(e, "c0"), U32_MAX);
	tenv_flush(e);
	KUNIT_EXPECT_LE(test, e->sends[0].done, 1);
	if (e->sends[0].done)
		KUNIT_EXPECT_EQ(test, e->sends[0].s.bytes, 100);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, e->sends[1].done, 0);
}

static void forward_done_twice(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_forward *f;
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->forward_now = TOE_UNWRITTEN;
	f = tenv_forward(e, "c0", &err);
	KUNIT_ASSERT_EQ(test, err, 0);
	tlog_clear(&e->m->log);
	local_bh_disable();
	toe_forward_done(e->m->t, f, TOE_SUCCESS);
	toe_forward_done(e->m->t, f, TOE_SUCCESS);
	local_bh_enable();
	EXPECT_LOG(e, "forward SUCCESS");
}

static void requests_posted_twice(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_recv *r;
	struct tenv_send *s;

	tenv_offloaded(e, "n0(p0(c0))");
	s = tenv_new_send(e, 10, 0);
	KUNIT_EXPECT_EQ(test, toe_send(tenv_conn(e, "c0"), &s->s), 0);
	KUNIT_EXPECT_EQ(test, toe_send(tenv_conn(e, "c0"), &s->s), -EBUSY);
	r = tenv_new_recv(e, "c0", 10, 0, 0);
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), 0);
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), -EBUSY);
	tmock_ack(e->m, tenv_o(e, "c0"), 10);
	tenv_rx(e, "c0", 10, 0);
	KUNIT_EXPECT_EQ(test, s->done, 1);
	KUNIT_EXPECT_EQ(test, r->done, 1);
}

static void requests_are_checked(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_recv *r;
	struct tenv_send *s;

	tenv_offloaded(e, "n0(p0(c0))");
	s = tenv_new_send(e, 10, 0);
	s->s.done = NULL;
	KUNIT_EXPECT_EQ(test, toe_send(tenv_conn(e, "c0"), &s->s), -EINVAL);
	s = tenv_new_send(e, 10, 1U << 31);
	KUNIT_EXPECT_EQ(test, toe_send(tenv_conn(e, "c0"), &s->s), -EINVAL);
	s = tenv_new_send(e, 10, 0);
	iov_iter_kvec(&s->s.iter, ITER_DEST, &s->kv, 1, 10);
	KUNIT_EXPECT_EQ(test, toe_send(tenv_conn(e, "c0"), &s->s), -EINVAL);
	/* marks that are the core's to set */
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, TOE_SEND_FIN), -EINVAL);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, TOE_SEND_RST), -EINVAL);
	r = tenv_new_recv(e, "c0", 10, 0, 0);
	r->r.done = NULL;
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), -EINVAL);
	r = tenv_new_recv(e, "c0", 10, 0, 1U << 31);
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), -EINVAL);
	r = tenv_new_recv(e, "c0", 10, 0, 0);
	iov_iter_kvec(&r->r.iter, ITER_SOURCE, &r->kv, 1, 10);
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), -EINVAL);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+send"), 0);
}

static void behind_the_end(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	tenv_rx(e, "c0", 10, TOE_RX_FIN);
	KUNIT_EXPECT_EQ(test, tmock_rx(e->m, tenv_o(e, "c0"), 10, 10, 0), -EPIPE);
	tmock_rx(e->m, tenv_o(e, "c0"), 10, 0, TOE_RX_FIN);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.eof"), 1);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 10);
}

static void create_checks_its_arguments(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_neigh_const nk = tenv_neigh_const();
	struct toe_neigh_cached nv = tenv_neigh_cached(0);
	struct toe_path_const pk = tenv_path_const(0);
	struct toe_path_cached pv = tenv_path_cached();
	struct toe_conn_const ck = tenv_conn_const(0);
	struct toe_conn_cached cv = tenv_conn_cached();

	tenv_world(e, "n0(p0)");
	nk.vlan_id = 4096;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_neigh_create(e->m->t, &nk, &nv, NULL, NULL)), -EINVAL);
	nk = tenv_neigh_const();
	nv.dst_len = TOE_MAX_HWADDR + 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_neigh_create(e->m->t, &nk, &nv, NULL, NULL)), -EINVAL);
	nv.dst_len = 0;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_neigh_create(e->m->t, &nk, &nv, NULL, NULL)), -EINVAL);
	/* below the wrong kind, of a kind that is no path, too small an MTU */
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_path_create(tenv_o(e, "p0"), TOE_PATH4, &pk, &pv, NULL,
						      NULL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_path_create(tenv_o(e, "n0"), TOE_CONN, &pk, &pv, NULL,
						      NULL)), -EINVAL);
	pv.mtu = 1279;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_path_create(tenv_o(e, "n0"), TOE_PATH6, &pk, &pv, NULL,
						      NULL)), -EINVAL);
	pv.mtu = 67;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_path_create(tenv_o(e, "n0"), TOE_PATH4, &pk, &pv, NULL,
						      NULL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_conn_create(tenv_o(e, "n0"), &ck, &cv, NULL, NULL)),
			-EINVAL);
	ck.h.length--;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_conn_create(tenv_o(e, "p0"), &ck, &cv, NULL, NULL)),
			-EINVAL);
	ck = tenv_conn_const(0);
	ck.rcv_wscale = 15;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_conn_create(tenv_o(e, "p0"), &ck, &cv, NULL, NULL)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(tenv_o(e, "p0")), 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(e->m->t->nobjects), 2);
}

static void registration_checks_its_arguments(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_target_ops ops = tmock_ops;
	static const char * const names[] = { "", "a name of more bytes than a target may have" };
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_EQ(test, PTR_ERR(toe_target_register(e->m->nic, names[i], &ops,
								  e->m, NULL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_target_register(e->m->nic, e->m->t->name, &ops, e->m,
							  NULL)), -EEXIST);
	ops.caps = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_target_register(e->m->nic, "x", &ops, e->m, NULL)),
			-EINVAL);
	ops = tmock_ops;
	ops.initiate = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_target_register(e->m->nic, "x", &ops, e->m, NULL)),
			-EINVAL);
	ops = tmock_ops;
	ops.terminate = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_target_register(e->m->nic, "x", &ops, e->m, NULL)),
			-EINVAL);
	KUNIT_EXPECT_NULL(test, toe_target_find("x"));
}

/* A target that implements what is mandatory and nothing else. */
static int minimal_init(struct kunit *test)
{
	static struct toe_target_ops ops;

	ops = tmock_ops;
	ops.query = NULL;
	ops.update = NULL;
	ops.invalidate = NULL;
	ops.send = NULL;
	ops.recv_posted = NULL;
	ops.consumed = NULL;
	ops.forward = NULL;
	ops.set_params = NULL;
	test->priv = tenv_create(test, NULL, &ops);
	return test->priv ? 0 : -ENOMEM;
}

static void defaults_of_query(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_const k = tenv_conn_const(0);
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	o = tenv_run(e, TOE_QUERY, "c0k");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	KUNIT_EXPECT_MEMEQ(test, toe_block_state(o->op->root, TOE_STATE_CONST), &k,
			   CONN_CONST_BYTES);
	o = tenv_run(e, TOE_QUERY, "c0d");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_FAILURE);
	tenv_flush(e);
	/* that is no corrupt state */
	EXPECT_STATE(e, "c0", TOE_OFFLOADED);
}

static void defaults_of_the_other_operations(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	o = tenv_run(e, TOE_INVALIDATE, "c1");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	o = tenv_run(e, TOE_UPDATE, "c0");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_FAILURE);
	tenv_flush(e);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
}

static void defaults_of_the_data_path(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	tenv_forward(e, "c1", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "forward UPLOAD_IN_PROGRESS"), 1);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c1", 10, 0), 0);
	tenv_rx(e, "c1", 10, 0);
	KUNIT_EXPECT_EQ(test, e->recvs[0].done, 1);
	/* nobody sends: the connection comes back, and the send is not lost */
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	tenv_flush(e);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, e->sends[0].done, 1);
	KUNIT_EXPECT_EQ(test, e->sends[0].s.status, TOE_UPLOAD_IN_PROGRESS);
	EXPECT_STATE(e, "c1", TOE_OFFLOADED);
}

static struct kunit_case toe_hostile_cases[] = {
	KUNIT_CASE_PARAM(malformed_trees_are_refused, tree_gen_params),
	KUNIT_CASE(objects_of_another_target),
	KUNIT_CASE(operations_on_what_is_in_the_host),
	KUNIT_CASE(completions_nobody_is_owed),
	KUNIT_CASE(success_without_a_context),
	KUNIT_CASE(a_status_that_is_none),
	KUNIT_CASE(a_child_without_its_parent),
	KUNIT_CASE(more_acknowledged_than_sent),
	KUNIT_CASE(forward_done_twice),
	KUNIT_CASE(requests_posted_twice),
	KUNIT_CASE(requests_are_checked),
	KUNIT_CASE(behind_the_end),
	KUNIT_CASE(create_checks_its_arguments),
	KUNIT_CASE(registration_checks_its_arguments),
	{}
};

static struct kunit_suite toe_hostile_suite = {
	.name = "ndk_toe_hostile",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_hostile_cases,
};

static struct kunit_case toe_defaults_cases[] = {
	KUNIT_CASE(defaults_of_query),
	KUNIT_CASE(defaults_of_the_other_operations),
	KUNIT_CASE(defaults_of_the_data_path),
	{}
};

static struct kunit_suite toe_defaults_suite = {
	.name = "ndk_toe_defaults",
	.init = minimal_init,
	.exit = tenv_exit,
	.test_cases = toe_defaults_cases,
};

kunit_test_suites(&toe_hostile_suite, &toe_defaults_suite);
