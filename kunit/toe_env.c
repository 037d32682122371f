// SPDX-License-Identifier: GPL-2.0
/*
 * The host of the offload tests: objects, trees and what became of them, see
 * toe_env.h. Requests and received data are in toe_env_data.c.
 */
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "toe_env.h"

#define TRIES_MS	5000	/* for what an interrupt or a work queue does */

static const char * const reasons[TOE_REASONS] = {
	[TOE_NO_REASON] = "no",
	[TOE_HARDWARE_FAILURE] = "hardware",
	[TOE_INVALIDATED] = "invalidated",
	[TOE_URGENT_DATA] = "urgent",
	[TOE_TIMEOUT] = "timeout",
	[TOE_UPLOAD_WANTED] = "wanted",
	[TOE_HIGH_DROP_RATE] = "drops",
	[TOE_HIGH_FRAGMENTATION] = "fragments",
	[TOE_HIGH_OUT_OF_ORDER] = "disorder",
	[TOE_LOW_ACTIVITY] = "idle",
	[TOE_NO_PREPOSTING] = "noposts",
	[TOE_SMALL_IO] = "small",
	[TOE_RESET] = "reset",
	[TOE_OP_FAILED] = "failed",
	[TOE_UPLOAD_ALL_ASKED] = "all",
	[TOE_ADAPTER_FAILED] = "adapter",
	[TOE_HOST_ASKED] = "host",
	[TOE_CONSUMER_ASKED] = "consumer",
};

static struct tenv_obj *host_obj(void *priv)
{
	struct tenv_obj *o = priv;

	/* callbacks are the worker's, in process context */
	if (in_interrupt() || irqs_disabled())
		o->e->bad_context++;
	return o;
}

static void host_offloaded(struct toe_obj *obj, void *priv, u32 status)
{
	struct tenv_obj *o = host_obj(priv);

	tlog(&o->e->m->log, "%s.offloaded %s", o->name, tmock_status(status));
}

static bool host_retrieve(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	struct tenv_obj *o = host_obj(priv);

	tlog(&o->e->m->log, "%s.retrieve %s", o->name, reasons[reason]);
	return o->e->take_hints;
}

static void host_aborted(struct toe_obj *obj, void *priv)
{
	struct tenv_obj *o = host_obj(priv);

	tlog(&o->e->m->log, "%s.aborted", o->name);
}

static void host_uploading(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	struct tenv_obj *o = host_obj(priv);

	tlog(&o->e->m->log, "%s.uploading %s", o->name, reasons[reason]);
}

static void host_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b)
{
	struct tenv_obj *o = host_obj(priv);
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);

	tlog(&o->e->m->log, "%s.uploaded %s", o->name, tmock_status(b->status));
	o->uploaded++;
	o->status = b->status;
	if (b->layer != TOE_CONN || b->status != TOE_SUCCESS || !d)
		return;
	o->d = *d;
	if (o->e->take_sends)
		list_splice_tail_init(&b->sends, &o->sends);
	if (o->e->take_buffered && d->buffered)
		skb_queue_splice_tail_init(d->buffered, &o->buffered);
}

static void host_backlog(struct toe_obj *obj, void *priv, u32 bytes)
{
	struct tenv_obj *o = host_obj(priv);

	tlog(&o->e->m->log, "%s.backlog %u", o->name, bytes);
}

/* Of the target's context, not the worker's. */
static u32 host_reachability(struct toe_obj *obj, void *priv, u32 nrd)
{
	struct tenv_obj *o = priv;

	tlog(&o->e->m->log, "%s.reachability %u", o->name, nrd);
	return o->e->hrd;
}

static void host_segment(struct toe_obj *obj, void *priv, struct sk_buff *skb)
{
	struct tenv_obj *o = priv;

	/* of the target's context, or the worker's */
	tlog(&o->e->m->log, "%s.segment %u", o->name, skb->len);
	if (o->e->on_segment)
		o->e->on_segment(o, skb);
	else
		kfree_skb(skb);
}

static void host_stuck(struct toe_obj *obj, void *priv, enum toe_op_type type)
{
	struct tenv_obj *o = host_obj(priv);

	tlog(&o->e->m->log, "%s.stuck %s", o->name, tmock_op_name(type));
}

static void host_broken(struct toe_obj *obj, void *priv, enum toe_op_type type)
{
	struct tenv_obj *o = host_obj(priv);

	tlog(&o->e->m->log, "%s.broken %s", o->name, tmock_op_name(type));
}

const struct toe_host_ops tenv_host_ops = {
	.offloaded = host_offloaded,
	.retrieve = host_retrieve,
	.aborted = host_aborted,
	.uploading = host_uploading,
	.uploaded = host_uploaded,
	.backlog = host_backlog,
	.reachability = host_reachability,
	.segment = host_segment,
	.stuck = host_stuck,
	.broken = host_broken,
};

/* State that every target takes. */

static struct toe_state_header header(unsigned int layer, unsigned int cls)
{
	return (struct toe_state_header){
		.length = toe_state_size(layer, cls), .revision = TOE_REVISION,
	};
}

struct toe_neigh_const tenv_neigh_const(void)
{
	return (struct toe_neigh_const){ .h = header(TOE_NEIGH, TOE_STATE_CONST) };
}

struct toe_neigh_cached tenv_neigh_cached(unsigned int i)
{
	return (struct toe_neigh_cached){
		.h = header(TOE_NEIGH, TOE_STATE_CACHED),
		.dst_len = 6,
		.dst = { 2, 0, 0, 0, 0, i },
	};
}

struct toe_path_const tenv_path_const(unsigned int i)
{
	return (struct toe_path_const){
		.h = header(TOE_PATH4, TOE_STATE_CONST),
		.src = { 10, 0, 0, 1 },
		.dst = { 10, 0, 1, i },
	};
}

struct toe_path_cached tenv_path_cached(void)
{
	return (struct toe_path_cached){ .h = header(TOE_PATH4, TOE_STATE_CACHED), .mtu = 1500 };
}

struct toe_conn_const tenv_conn_const(unsigned int i)
{
	return (struct toe_conn_const){
		.h = header(TOE_CONN, TOE_STATE_CONST),
		.flags = TOE_CONN_TIMESTAMP | TOE_CONN_SACK | TOE_CONN_WSCALE,
		.remote_mss = 1460,
		.remote_port = cpu_to_be16(80),
		.local_port = cpu_to_be16(40000 + i),
		.hash = 0x1000 + i,
		.snd_wscale = 7,
		.rcv_wscale = 7,
	};
}

struct toe_conn_cached tenv_conn_cached(void)
{
	return (struct toe_conn_cached){
		.h = header(TOE_CONN, TOE_STATE_CACHED),
		.flags = TOE_CONN_NAGLE,
		.initial_rcv_wnd = TENV_WINDOW,
		.ka_timeout = 7200000,
		.ka_interval = 75000,
		.ka_probes = 9,
		.ttl = 64,
	};
}

struct toe_conn_delegated tenv_conn_delegated(void)
{
	return (struct toe_conn_delegated){
		.h = header(TOE_CONN, TOE_STATE_DELEGATED),
		.state = TOE_TCP_ESTABLISHED,
		.rcv_nxt = TENV_RCV_NXT,
		.rcv_wnd = TENV_WINDOW,
		.snd_una = TENV_SND_NXT,
		.snd_nxt = TENV_SND_NXT,
		.snd_max = TENV_SND_NXT,
		.snd_wnd = TENV_WINDOW,
		.max_snd_wnd = TENV_WINDOW,
		.cwnd = 14600,
		.ssthresh = U32_MAX,
		.ka_delta = TOE_TIMER_OFF,
		.rt_delta = TOE_TIMER_OFF,
	};
}

struct tenv_obj *tenv_obj(struct tenv *e, const char *name)
{
	unsigned int i = name[1] - '0';

	if (isdigit(name[1]) && isdigit(name[2]))
		i = 10 * i + name[2] - '0';
	switch (name[0]) {
	case 'n':
		return i < TENV_NEIGHS ? &e->n[i] : NULL;
	case 'p':
		return i < TENV_PATHS ? &e->p[i] : NULL;
	case 'c':
		return i < TENV_CONNS ? &e->c[i] : NULL;
	default:
		return NULL;
	}
}

struct toe_obj *tenv_o(struct tenv *e, const char *name)
{
	return tenv_obj(e, name)->obj;
}

static unsigned int index_of(const struct tenv_obj *o)
{
	switch (o->name[0]) {
	case 'n':
		return o - o->e->n;
	case 'p':
		return o - o->e->p;
	default:
		return o - o->e->c;
	}
}

static struct toe_obj *create(struct tenv *e, struct tenv_obj *o, struct toe_obj *up)
{
	unsigned int i = index_of(o);
	struct toe_neigh_const nk = tenv_neigh_const();
	struct toe_neigh_cached nv = tenv_neigh_cached(i);
	struct toe_path_const pk = tenv_path_const(i);
	struct toe_path_cached pv = tenv_path_cached();
	struct toe_conn_const ck = tenv_conn_const(i);
	struct toe_conn_cached cv = tenv_conn_cached();
	struct toe_obj *obj;

	switch (o->name[0]) {
	case 'n':
		return toe_neigh_create(e->m->t, &nk, &nv, &tenv_host_ops, o);
	case 'p':
		return toe_path_create(up, e->ipv6 ? TOE_PATH6 : TOE_PATH4, &pk, &pv,
				       &tenv_host_ops, o);
	default:
		obj = toe_conn_create(up, &ck, &cv, &tenv_host_ops, o);
		if (!IS_ERR(obj))
			toe_conn_set_consumer(toe_conn_of(obj), &tenv_consumer_ops, o);
		return obj;
	}
}

/* One pass over a shape: each name with what it hangs below. */
struct shape {
	const char *at;
	char name[8];
	char cls;
	int depth;
	bool down;
};

static bool next_name(struct shape *s)
{
	int len = 0;

	for (; *s->at && !isalpha(*s->at) && *s->at != '.'; s->at++) {
		if (*s->at == '(')
			s->depth++;
		if (*s->at == ')')
			s->depth--;
	}
	if (!*s->at)
		return false;
	s->name[len++] = *s->at++;
	while (isdigit(*s->at) && len < 3)
		s->name[len++] = *s->at++;
	s->name[len] = '\0';
	s->cls = 0;
	if (*s->at && strchr("kvda-", *s->at))
		s->cls = *s->at++;
	return true;
}

static void create_one(struct tenv *e, const char *name, struct toe_obj *up)
{
	struct tenv_obj *o = tenv_obj(e, name);

	KUNIT_ASSERT_NOT_NULL(e->test, o);
	KUNIT_ASSERT_NULL(e->test, o->obj);
	strscpy(o->name, name, sizeof(o->name));
	o->e = e;
	o->seed = tenv_conn_delegated();
	INIT_LIST_HEAD(&o->sends);
	__skb_queue_head_init(&o->buffered);
	o->obj = create(e, o, up);
	if (IS_ERR(o->obj)) {
		KUNIT_FAIL(e->test, "%s: %pe", name, o->obj);
		o->obj = NULL;
		KUNIT_ASSERT_NOT_NULL(e->test, o->obj);
	}
	tmock_call(e->m, o->obj, name);
}

/* An object that is there already may be named to hang others below it. */
void tenv_world(struct tenv *e, const char *shape)
{
	struct shape s = { .at = shape };
	struct toe_obj *up[4] = {};

	while (next_name(&s)) {
		if (!tenv_o(e, s.name))
			create_one(e, s.name, s.depth ? up[s.depth - 1] : NULL);
		up[s.depth] = tenv_o(e, s.name);
	}
}

/* Drops the test's reference; the name may be used again. */
void tenv_forget(struct tenv *e, const char *name)
{
	struct tenv_obj *o = tenv_obj(e, name);
	struct sk_buff *skb;
	unsigned int i;

	if (!o->obj)
		return;
	for (i = 0; i < e->m->nnames; i++)
		if (e->m->names[i].obj == o->obj)
			e->m->names[i].obj = NULL;
	while ((skb = __skb_dequeue(&o->buffered)))
		kfree_skb(skb);
	toe_obj_put(o->obj);
	o->obj = NULL;
}

static enum toe_class usual(enum toe_op_type type, struct toe_obj *obj)
{
	switch (type) {
	case TOE_INITIATE:
		return toe_obj_state(obj) == TOE_IN_HOST ? TOE_STATE_ALL : TOE_STATE_NONE;
	case TOE_QUERY:
		return TOE_STATE_ALL;
	case TOE_UPDATE:
		return TOE_STATE_CACHED;
	case TOE_TERMINATE:
		return TOE_STATE_DELEGATED;
	default:
		return TOE_STATE_NONE;
	}
}

static enum toe_class class_of(struct shape *s, enum toe_op_type type, struct toe_obj *obj)
{
	switch (s->cls) {
	case 'k':
		return TOE_STATE_CONST;
	case 'v':
		return TOE_STATE_CACHED;
	case 'd':
		return TOE_STATE_DELEGATED;
	case 'a':
		return TOE_STATE_ALL;
	case '-':
		return TOE_STATE_NONE;
	default:
		return obj ? usual(type, obj) : TOE_STATE_NONE;
	}
}

/* Sends that came back with a tree of the host's own: that is their outcome. */
static void log_returned(struct tenv_op *o)
{
	struct toe_send *s;
	struct toe_walk w;

	if (o->op->type != TOE_TERMINATE)
		return;
	for (toe_walk_start(&w, o->op->root); w.at; toe_walk_next(&w))
		list_for_each_entry(s, &w.at->sends, link)
			tlog(&o->e->m->log, "send%u returned",
			     container_of(s, struct tenv_send, s)->id);
}

static void op_done(struct toe_op *op)
{
	struct tenv_op *o = op->priv;

	log_returned(o);
	tlog(&o->e->m->log, "%s %s %s", tmock_op_name(op->type),
	     tmock_name(o->e->m, op->root->object), tmock_status(op->root->status));
	o->done++;
	if (o->on_done)
		o->on_done(o);
}

static enum toe_layer layer_at(int depth)
{
	return depth == 0 ? TOE_NEIGH : depth == 1 ? TOE_PATH4 : TOE_CONN;
}

static enum toe_layer layer_of(const struct tenv_obj *o)
{
	return o->name[0] == 'n' ? TOE_NEIGH : o->name[0] == 'p' ? o->obj->layer : TOE_CONN;
}

struct tenv_op *tenv_tree(struct tenv *e, enum toe_op_type type, const char *shape)
{
	struct shape s = { .at = shape };
	struct toe_block *up[4] = {}, *b;
	struct toe_conn_delegated *d;
	struct tenv_obj *obj;
	struct tenv_op *o;

	KUNIT_ASSERT_LT(e->test, e->nops, TENV_OPS);
	o = &e->ops[e->nops++];
	o->e = e;
	o->op = toe_op_alloc(e->m->t, type, op_done, o, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(e->test, o->op);
	while (next_name(&s)) {
		obj = tenv_obj(e, s.name);
		b = toe_op_add(o->op, s.depth ? up[s.depth - 1] : NULL, obj ? obj->obj : NULL,
			       obj ? layer_of(obj) : layer_at(s.depth),
			       class_of(&s, type, obj ? obj->obj : NULL), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(e->test, b);
		up[s.depth] = b;
		d = type == TOE_INITIATE && b->layer == TOE_CONN ?
			toe_block_state(b, TOE_STATE_DELEGATED) : NULL;
		if (d)
			*d = obj->seed;
	}
	return o;
}

static struct toe_block *find_block(struct toe_block *b, const struct toe_obj *obj)
{
	struct toe_block *found = NULL;

	for (; b && !found; b = b->next)
		found = b->object == obj ? b : find_block(b->dependents, obj);
	return found;
}

struct toe_block *tenv_block(struct tenv_op *o, const char *name)
{
	struct toe_block *b = find_block(o->op->root, tenv_o(o->e, name));

	KUNIT_ASSERT_NOT_NULL(o->e->test, b);
	return b;
}

/* The errno of an operation that must not be accepted. */
int tenv_try(struct tenv *e, enum toe_op_type type, const char *shape)
{
	struct tenv_op *o = tenv_tree(e, type, shape);
	int err = toe_op_submit(o->op);

	if (err) {
		toe_op_free(o->op);
		o->op = NULL;
	}
	return err;
}

struct tenv_op *tenv_start(struct tenv *e, enum toe_op_type type, const char *shape)
{
	struct tenv_op *o = tenv_tree(e, type, shape);
	int err = toe_op_submit(o->op);

	if (err) {
		toe_op_free(o->op);
		o->op = NULL;
	}
	KUNIT_ASSERT_EQ_MSG(e->test, err, 0, "%s %s", tmock_op_name(type), shape);
	return o;
}

static void wait_done(struct tenv_op *o)
{
	int left;

	tenv_flush(o->e);
	for (left = TRIES_MS; left && !READ_ONCE(o->done); left--)
		usleep_range(500, 1000);
	tenv_flush(o->e);
}

struct tenv_op *tenv_run(struct tenv *e, enum toe_op_type type, const char *shape)
{
	struct tenv_op *o = tenv_start(e, type, shape);

	wait_done(o);
	KUNIT_ASSERT_EQ_MSG(e->test, o->done, 1, "%s %s", tmock_op_name(type), shape);
	return o;
}

/* Creates and offloads, and forgets that it did. */
void tenv_offloaded(struct tenv *e, const char *shape)
{
	struct tenv_op *o;

	tenv_world(e, shape);
	o = tenv_run(e, TOE_INITIATE, shape);
	KUNIT_ASSERT_EQ(e->test, o->op->root->status, TOE_SUCCESS);
	tlog_clear(&e->m->log);
}

void tenv_flush(struct tenv *e)
{
	toe_target_flush(e->m->t);
}

void tenv_tick(struct tenv *e, u32 ticks)
{
	toe_clock_advance(&e->m->clock, ticks);
	tenv_flush(e);
}

int tenv_complaints(struct tenv *e, enum toe_complaint c)
{
	return atomic_read(&e->m->t->complaints[c]);
}

/* Compares the log with @want, which has no separator at its end, and clears it. */
void tenv_expect_log(struct tenv *e, const char *file, int line, const char *want)
{
	char *text;

	tenv_flush(e);
	text = e->m->log.text;
	if (e->m->log.used >= 2)
		text[e->m->log.used - 2] = '\0';
	if (strcmp(text, want))
		KUNIT_FAIL(e->test, "%s:%d: wanted [%s]", strrchr(file, '/') ?: file, line, want);
	if (strcmp(text, want))
		KUNIT_FAIL(e->test, "%s:%d: was    [%s]", strrchr(file, '/') ?: file, line, text);
	tlog_clear(&e->m->log);
}

static char *add_status(char *to, char *end, struct toe_block *b)
{
	for (; b; b = b->next) {
		to += scnprintf(to, end - to, "%s ", tmock_status(b->status));
		to = add_status(to, end, b->dependents);
	}
	return to;
}

/* Statuses in the order of the shape. */
void tenv_expect_statuses(struct tenv *e, const char *file, int line, struct tenv_op *o,
			  const char *want)
{
	char *text = kunit_kzalloc(e->test, 1024, GFP_KERNEL);
	char *end;

	KUNIT_ASSERT_NOT_NULL(e->test, text);
	end = add_status(text, text + 1024, o->op->root);
	if (end > text)
		end[-1] = '\0';
	if (strcmp(text, want))
		KUNIT_FAIL(e->test, "%s:%d: wanted [%s], was [%s]", strrchr(file, '/') ?: file,
			   line, want, text);
}

void tenv_expect_state(struct tenv *e, const char *file, int line, const char *name,
		       enum toe_obj_state want)
{
	enum toe_obj_state is = toe_obj_state(tenv_o(e, name));

	KUNIT_EXPECT_EQ_MSG(e->test, is, want, "%s:%d: %s", strrchr(file, '/') ?: file, line, name);
}

bool tenv_logged(struct tenv *e, const char *word)
{
	return tenv_count(e, word);
}

/* Is this the last word of the log? */
bool tenv_ends_with(struct tenv *e, const char *word)
{
	size_t len = strlen(word) + 2, used = e->m->log.used;

	return used >= len && !strncmp(e->m->log.text + used - len, word, len - 2);
}

/* How often the log has a word that begins so. */
unsigned int tenv_count(struct tenv *e, const char *word)
{
	const char *at = e->m->log.text;
	unsigned int n = 0;

	for (; (at = strstr(at, word)); at++)
		if (at == e->m->log.text || at[-1] == ' ')
			n++;
	return n;
}

struct tenv *tenv_create(struct kunit *test, struct ndk_nic *nic,
			 const struct toe_target_ops *ops)
{
	struct tenv *e = kvzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	e->test = test;
	e->answer = TOE_SUCCESS;
	INIT_LIST_HEAD(&e->loans);
	e->m = tmock_new(nic, ops);
	if (!e->m) {
		kvfree(e);
		return NULL;
	}
	return e;
}

static void check_mock(struct tenv *e)
{
	struct tmock *m = e->m;
	int i;

	KUNIT_EXPECT_EQ(e->test, m->bad_class, 0);
	KUNIT_EXPECT_EQ(e->test, m->bad_ctx, 0);
	KUNIT_EXPECT_EQ(e->test, m->bad_context, 0);
	KUNIT_EXPECT_EQ(e->test, e->bad_bytes, 0);
	KUNIT_EXPECT_EQ(e->test, e->bad_context, 0);
	for (i = 0; i < TOE_LAYERS; i++)
		KUNIT_EXPECT_EQ_MSG(e->test, m->live[i], 0, "contexts of layer %d", i);
}

static void check_requests(struct tenv *e)
{
	unsigned int i;

	for (i = 0; i < e->nsends; i++)
		KUNIT_EXPECT_LE_MSG(e->test, e->sends[i].done, 1, "send %u", i);
	for (i = 0; i < e->nrecvs; i++)
		KUNIT_EXPECT_LE_MSG(e->test, e->recvs[i].done, 1, "recv %u", i);
}

static void forget_all(struct tenv *e, struct tenv_obj *o, unsigned int n)
{
	while (n--)
		if (o[n].obj)
			tenv_forget(e, o[n].name);
}

/* Everything comes back, and nothing is left anywhere. */
void tenv_delete(struct tenv *e)
{
	struct toe_target *t = toe_target_get(e->m->t);
	struct tmock *m = e->m;
	unsigned int i;

	e->on_rx = NULL;
	e->answer = TOE_SUCCESS;
	e->keep = false;
	tenv_return(e);
	if (!e->retired)
		tmock_retire(m);
	check_mock(e);
	check_requests(e);
	KUNIT_EXPECT_EQ(e->test, atomic_read(&t->loans), 0);
	for (i = 0; i < e->nops; i++)
		toe_op_free(e->ops[i].op);
	forget_all(e, e->c, TENV_CONNS);
	forget_all(e, e->p, TENV_PATHS);
	forget_all(e, e->n, TENV_NEIGHS);
	KUNIT_EXPECT_EQ(e->test, READ_ONCE(t->nobjects), 0);
	toe_target_put(t);
	/* objects are freed by RCU, and stop timers on the clock when they are */
	rcu_barrier();
	for (i = 0; i < e->nsends; i++)
		kfree(e->sends[i].kv.iov_base);
	for (i = 0; i < e->nrecvs; i++)
		kfree(e->recvs[i].kv.iov_base);
	tmock_free(m);
	kvfree(e);
}

int tenv_init(struct kunit *test)
{
	test->priv = tenv_create(test, NULL, NULL);
	return test->priv ? 0 : -ENOMEM;
}

void tenv_exit(struct kunit *test)
{
	if (test->priv)
		tenv_delete(test->priv);
}
