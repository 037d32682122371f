// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: a host that initiates, queries, updates, invalidates and
 * terminates at random, a target that refuses, fails and loses state and completes
 * from every context there is, received bytes, events, sends, receive requests,
 * and a consumer that refuses, takes a part or keeps what it got.
 *
 * Nothing is compared but the sums: what was accepted has one outcome, what was
 * lent is back, nothing lives when it is over.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/task.h>

#include "toe_env.h"

static unsigned int scale = 1;
module_param(scale, uint, 0444);
MODULE_PARM_DESC(scale, "multiplies the counts of the concurrent tests");

#define ROUNDS		1500	/* of each thread, times the scale */
#define CONNS		6
#define PATHS		3
#define NEIGHS		2
#define MAX_OPS		32	/* outstanding, or the worker never catches up */
#define MAX_REQUESTS	64	/* outstanding, of each kind */
#define MAX_KEPT	128

/**
 * struct stress - one battle
 * @e: target and objects
 * @ops: operations accepted and not completed
 * @sends: likewise
 * @recvs: likewise
 * @forwards: likewise
 * @accepted: operations accepted
 * @received: bytes the target took in
 * @kept: indications the consumer has
 * @nkept: how many
 * @klock: protects them
 * @stop: threads are to end
 * @running: threads that have not
 */
struct stress {
	struct tenv *e;
	atomic_t ops;
	atomic_t sends;
	atomic_t recvs;
	atomic_t forwards;
	atomic_t accepted;
	atomic_long_t received;
	struct list_head kept;
	unsigned int nkept;
	spinlock_t klock; /* kept, nkept */
	bool stop;
	atomic_t running;
};

struct fighter {
	struct stress *s;
	void (*round)(struct stress *s, struct rnd_state *rnd);
	struct task_struct *task;
	bool forever;
};

struct a_send {
	struct toe_send s;
	struct stress *st;
	struct kvec kv;
	u8 data[64];
};

struct a_recv {
	struct toe_recv r;
	struct stress *st;
	struct kvec kv;
	u8 data[200];
};

struct a_forward {
	struct toe_forward f;
	struct stress *st;
};

static u32 pick(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

/* Sends that came back with a tree of the host's own are its again. */
static void collect_sends(struct stress *s, struct toe_block *b)
{
	struct toe_send *send, *next;

	list_for_each_entry_safe(send, next, &b->sends, link) {
		list_del(&send->link);
		kfree(container_of(send, struct a_send, s));
		atomic_dec(&s->sends);
	}
}

static void op_done(struct toe_op *op)
{
	struct stress *s = op->priv;
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		collect_sends(s, w.at);
	toe_op_free(op);
	atomic_dec(&s->ops);
}

static void host_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b)
{
	/* half of them are taken, the core completes the others */
	if (get_random_u32() & 1)
		collect_sends(priv, b);
}

static bool host_retrieve(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	return get_random_u32() & 1;
}

static const struct toe_host_ops stress_host = {
	.uploaded = host_uploaded,
	.retrieve = host_retrieve,
};

static u32 on_indicate(struct toe_conn *conn, void *priv, struct toe_rx *rx)
{
	struct stress *s = priv;
	LIST_HEAD(one);

	switch (get_random_u32() & 7) {
	case 0:
		return TOE_DATA_NOT_ACCEPTED;
	case 1:
		if (rx->length > 1) {
			rx->consumed = 1;
			return TOE_DATA_PARTIALLY_ACCEPTED;
		}
		fallthrough;
	case 2:
		list_add_tail(&rx->link, &one);
		toe_rx_return(&one);
		return TOE_SUCCESS;
	}
	spin_lock_bh(&s->klock);
	list_add_tail(&rx->link, &s->kept);
	s->nkept++;
	spin_unlock_bh(&s->klock);
	return TOE_SUCCESS;
}

static const struct toe_consumer_ops stress_consumer = { .indicate = on_indicate };

/* One that is in the host, or one that is not, if a few looks find such a one. */
static struct tenv_obj *a_conn(struct stress *s, struct rnd_state *rnd, bool in_host)
{
	struct tenv_obj *c;
	int tries = 4;

	do {
		c = &s->e->c[pick(rnd, CONNS)];
	} while (--tries && (toe_obj_state(c->obj) == TOE_IN_HOST) != in_host);
	return c;
}

/* An operation on a connection, a path, a neighbor, or on a whole tree. */
static struct toe_op *build(struct stress *s, enum toe_op_type type, struct rnd_state *rnd)
{
	struct tenv *e = s->e;
	struct toe_op *op = toe_op_alloc(e->m->t, type, op_done, s, GFP_KERNEL);
	struct tenv_obj *c = a_conn(s, rnd, type == TOE_INITIATE);
	struct tenv_obj *p = &e->p[(c - e->c) % PATHS];
	struct tenv_obj *n = &e->n[(p - e->p) % NEIGHS];
	enum toe_class cls = type == TOE_QUERY ? TOE_STATE_ALL :
			     type == TOE_UPDATE ? TOE_STATE_CACHED :
			     type == TOE_TERMINATE ? TOE_STATE_DELEGATED : TOE_STATE_NONE;
	struct toe_block *b = NULL;
	u32 dice = pick(rnd, 6);
	struct tenv_obj *up[] = { n, p, c };
	/* mostly connections: a neighbor that goes takes all of them along */
	int i, first = type == TOE_INITIATE ? 0 : dice ? 2 : pick(rnd, 3), last = dice == 5 ? 1 : 2;

	if (!op)
		return NULL;
	for (i = min(first, last); i <= last; i++) {
		struct toe_obj *obj = up[i]->obj;
		struct toe_conn_delegated *d;

		if (type == TOE_INITIATE)
			cls = toe_obj_state(obj) == TOE_IN_HOST ? TOE_STATE_ALL : TOE_STATE_NONE;
		b = toe_op_add(op, b, obj, obj->layer, cls, GFP_KERNEL);
		if (!b)
			break;
		d = type == TOE_INITIATE && obj->layer == TOE_CONN ?
			toe_block_state(b, TOE_STATE_DELEGATED) : NULL;
		if (d)
			*d = c->seed;
	}
	return op;
}

static void host_round(struct stress *s, struct rnd_state *rnd)
{
	static const enum toe_op_type types[] = {
		TOE_INITIATE, TOE_INITIATE, TOE_INITIATE, TOE_INITIATE, TOE_QUERY, TOE_QUERY,
		TOE_UPDATE, TOE_INVALIDATE, TOE_TERMINATE, TOE_TERMINATE,
	};
	struct toe_op *op;

	while (atomic_read(&s->ops) >= MAX_OPS && !READ_ONCE(s->stop))
		usleep_range(20, 50);
	if (!pick(rnd, 24)) {
		toe_upload(s->e->c[pick(rnd, CONNS)].obj, TOE_HOST_ASKED);
		return;
	}
	op = build(s, types[pick(rnd, ARRAY_SIZE(types))], rnd);
	if (!op)
		return;
	atomic_inc(&s->ops);
	if (toe_op_submit(op)) {
		toe_op_free(op);
		atomic_dec(&s->ops);
		return;
	}
	atomic_inc(&s->accepted);
}

static void target_round(struct stress *s, struct rnd_state *rnd)
{
	struct tmock *m = s->e->m;
	struct toe_obj *obj = s->e->c[pick(rnd, CONNS)].obj;
	u64 handle = toe_obj_handle(obj);
	u32 bytes = 1 + pick(rnd, 100);

	switch (pick(rnd, 40)) {
	case 0:
		toe_event_retrieve(m->t, handle, 1 + pick(rnd, TOE_SMALL_IO));
		break;
	case 1:
		toe_event_abort(m->t, handle);
		break;
	case 2:
		toe_event_backlog(m->t, handle, bytes);
		break;
	case 3:
		m->refuse[TOE_CONN] = TOE_TCP_XMIT_BUFFER;
		break;
	case 4:
		m->answer[pick(rnd, TOE_OPS)] = TOE_FAILURE;
		break;
	case 5:
		m->when[pick(rnd, TOE_OPS)] = pick(rnd, TMOCK_WHENS);
		break;
	case 6:
		tmock_rx(m, obj, 0, 0, TOE_RX_FIN);
		break;
	case 7:
		toe_signal(m->t, TOE_PAUSE);
		toe_signal(m->t, TOE_RESUME);
		break;
	case 8:
		if (!pick(rnd, 8)) {
			toe_signal(m->t, TOE_UPLOAD_ALL);
			toe_signal(m->t, TOE_RESUME);
		}
		break;
	case 9:
		m->abort_sends = pick(rnd, 2) ? TOE_UPLOAD_IN_PROGRESS : 0;
		break;
	default:
		if (!tmock_rx(m, obj, 0, bytes, pick(rnd, 4) ? TOE_RX_PSH : 0))
			atomic_long_add(bytes, &s->received);
	}
}

/* The second stream of a target: acknowledgements, and completions it owes. */
static void finish_round(struct stress *s, struct rnd_state *rnd)
{
	struct tmock *m = s->e->m;

	if (pick(rnd, 2))
		tmock_finish(m, pick(rnd, TOE_OPS));
	else
		tmock_finish_newest(m, pick(rnd, TOE_OPS));
	tmock_ack(m, s->e->c[pick(rnd, CONNS)].obj, pick(rnd, 100));
	toe_clock_advance(&m->clock, pick(rnd, 50));
	if (pick(rnd, 16))
		cond_resched();
	else
		usleep_range(5, 20);
}

static void send_done(struct toe_send *send)
{
	struct a_send *a = container_of(send, struct a_send, s);

	atomic_dec(&a->st->sends);
	kfree(a);
}

static void recv_done(struct toe_recv *recv)
{
	struct a_recv *a = container_of(recv, struct a_recv, r);

	atomic_dec(&a->st->recvs);
	kfree(a);
}

static void forward_done(struct toe_forward *f)
{
	struct a_forward *a = container_of(f, struct a_forward, f);

	atomic_dec(&a->st->forwards);
	kfree_skb(f->skb);
	kfree(a);
}

static void post_send(struct stress *s, struct toe_conn *conn, struct rnd_state *rnd)
{
	struct a_send *a = kzalloc(sizeof(*a), GFP_KERNEL);
	u32 dice = pick(rnd, 32), bytes = dice ? pick(rnd, sizeof(a->data)) : 0;
	int err;

	if (!a)
		return;
	a->st = s;
	a->kv.iov_base = a->data;
	a->kv.iov_len = bytes;
	a->s.done = send_done;
	iov_iter_kvec(&a->s.iter, ITER_SOURCE, &a->kv, 1, bytes);
	if (pick(rnd, 2))
		a->s.flags = TOE_SEND_DEFER;
	atomic_inc(&s->sends);
	err = dice < 2 ? toe_disconnect(conn, &a->s, !dice) : toe_send(conn, &a->s);
	if (err) {
		atomic_dec(&s->sends);
		kfree(a);
	}
}

static void post_recv(struct stress *s, struct toe_conn *conn, struct rnd_state *rnd)
{
	struct a_recv *a = kzalloc(sizeof(*a), GFP_KERNEL);
	u32 bytes = pick(rnd, 4) ? pick(rnd, sizeof(a->data)) : 0;

	if (!a)
		return;
	a->st = s;
	a->kv.iov_base = a->data;
	a->kv.iov_len = bytes;
	a->r.done = recv_done;
	a->r.flags = pick(rnd, 4) ? 0 : TOE_RECV_NO_PUSH;
	iov_iter_kvec(&a->r.iter, ITER_DEST, &a->kv, 1, bytes);
	atomic_inc(&s->recvs);
	if (toe_recv(conn, &a->r)) {
		atomic_dec(&s->recvs);
		kfree(a);
	}
}

static void post_forward(struct stress *s, struct toe_conn *conn)
{
	struct a_forward *a = kzalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return;
	a->st = s;
	a->f.skb = tmock_skb(0, 40);
	a->f.done = forward_done;
	atomic_inc(&s->forwards);
	if (!a->f.skb || toe_forward(conn, &a->f)) {
		atomic_dec(&s->forwards);
		kfree_skb(a->f.skb);
		kfree(a);
	}
}

static void post_round(struct stress *s, struct rnd_state *rnd)
{
	struct toe_conn *conn = toe_conn_of(s->e->c[pick(rnd, CONNS)].obj);

	if (atomic_read(&s->sends) > MAX_REQUESTS || atomic_read(&s->recvs) > MAX_REQUESTS)
		usleep_range(20, 50);
	switch (pick(rnd, 8)) {
	case 0:
		toe_send_flush(conn);
		break;
	case 1:
		post_forward(s, conn);
		break;
	case 2:
	case 3:
	case 4:
		if (atomic_read(&s->sends) <= MAX_REQUESTS)
			post_send(s, conn, rnd);
		break;
	default:
		if (atomic_read(&s->recvs) <= MAX_REQUESTS)
			post_recv(s, conn, rnd);
	}
}

static void return_some(struct stress *s, unsigned int all_above)
{
	LIST_HEAD(back);

	spin_lock_bh(&s->klock);
	if (s->nkept > all_above) {
		list_splice_init(&s->kept, &back);
		s->nkept = 0;
	}
	spin_unlock_bh(&s->klock);
	toe_rx_return(&back);
}

static void return_round(struct stress *s, struct rnd_state *rnd)
{
	return_some(s, pick(rnd, MAX_KEPT));
	usleep_range(50, 100);
}

static int fighter_main(void *arg)
{
	struct fighter *f = arg;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, get_random_u64());
	for (i = 0; f->forever ? !READ_ONCE(f->s->stop) : i < ROUNDS * scale; i++) {
		f->round(f->s, &rnd);
		if (!(i % 16))
			cond_resched();
	}
	if (!f->forever)
		atomic_dec(&f->s->running);
	return 0;
}

static void start(struct kunit *test, struct fighter *f)
{
	f->task = kthread_create(fighter_main, f, "toe-stress");
	KUNIT_ASSERT_FALSE(test, IS_ERR(f->task));
	get_task_struct(f->task);
	wake_up_process(f->task);
}

static void build_world(struct kunit *test, struct stress *s)
{
	struct tenv *e = s->e;
	struct toe_conn_const ck;
	struct toe_conn_cached cv = tenv_conn_cached();
	char name[8];
	int i;

	tenv_world(e, "n0(p0 p2) n1(p1)");
	for (i = 0; i < CONNS; i++) {
		struct tenv_obj *o = &e->c[i];

		ck = tenv_conn_const(i);
		snprintf(name, sizeof(name), "c%d", i);
		strscpy(o->name, name, sizeof(o->name));
		o->e = e;
		o->seed = tenv_conn_delegated();
		INIT_LIST_HEAD(&o->sends);
		__skb_queue_head_init(&o->buffered);
		o->obj = toe_conn_create(e->p[i % PATHS].obj, &ck, &cv, &stress_host, s);
		KUNIT_ASSERT_FALSE(test, IS_ERR(o->obj));
		toe_conn_set_consumer(toe_conn_of(o->obj), &stress_consumer, s);
	}
}

/* What the target still has is completed, what is in flight comes down. */
static void calm_down(struct kunit *test, struct stress *s)
{
	struct tmock *m = s->e->m;
	int i, left;

	for (i = 0; i < TOE_OPS; i++)
		m->when[i] = TMOCK_INLINE;
	for (left = 3000; left && atomic_read(&s->ops); left--) {
		tmock_finish_all(m);
		tenv_flush(s->e);
		return_some(s, 0);
		usleep_range(500, 1000);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&s->ops), 0);
	return_some(s, 0);
	toe_signal(m->t, TOE_UPLOAD_ALL);
	tenv_flush(s->e);
	for (left = 3000; left && (m->live[TOE_NEIGH] || m->live[TOE_CONN]); left--) {
		return_some(s, 0);
		usleep_range(500, 1000);
	}
	tenv_flush(s->e);
	return_some(s, 0);
}

static void every_promise_is_kept_under_attack(struct kunit *test)
{
	struct stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct fighter f[] = {
		{ .s = s, .round = host_round },
		{ .s = s, .round = host_round },
		{ .s = s, .round = target_round },
		{ .s = s, .round = post_round },
		{ .s = s, .round = finish_round, .forever = true },
		{ .s = s, .round = return_round, .forever = true },
	};
	int i, left;

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->e = tenv_create(test, NULL, NULL);
	KUNIT_ASSERT_NOT_NULL(test, s->e);
	s->e->m->log.off = true;
	s->e->m->racy = true;
	INIT_LIST_HEAD(&s->kept);
	spin_lock_init(&s->klock);
	atomic_set(&s->running, 4);
	build_world(test, s);
	for (i = 0; i < ARRAY_SIZE(f); i++)
		start(test, &f[i]);
	for (left = 300000; left && atomic_read(&s->running); left--)
		usleep_range(500, 1000);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&s->running), 0, "threads are stuck");
	WRITE_ONCE(s->stop, true);
	for (i = 0; i < ARRAY_SIZE(f); i++) {
		kthread_stop(f[i].task);
		put_task_struct(f[i].task);
	}
	calm_down(test, s);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->sends), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->recvs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->forwards), 0);
	for (i = 0; i < CONNS; i++)
		KUNIT_EXPECT_EQ(test, toe_obj_state(s->e->c[i].obj), TOE_IN_HOST);
	kunit_info(test, "%d operations accepted, target called %u/%u/%u/%u/%u times, %ld bytes received",
		   atomic_read(&s->accepted), s->e->m->calls[0], s->e->m->calls[1],
		   s->e->m->calls[2], s->e->m->calls[3], s->e->m->calls[4],
		   atomic_long_read(&s->received));
	tenv_delete(s->e);
}

/* R-TOE-101 without the wire: the same connection, there and back again. */
static void offload_and_upload_a_thousand_times(struct kunit *test)
{
	struct tenv *e = tenv_create(test, NULL, NULL);
	unsigned int i, n = 100 * scale;

	KUNIT_ASSERT_NOT_NULL(test, e);
	tenv_offloaded(e, "n0(p0)");
	tenv_world(e, "n0(p0(c0))");
	e->m->log.off = true;
	for (i = 0; i < n && test->status == KUNIT_SUCCESS; i++) {
		e->nops = 1;
		tenv_run(e, TOE_INITIATE, "p0(c0)");
		tenv_rx(e, "c0", 100, TOE_RX_PSH);
		KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
		tenv_flush(e);
		KUNIT_EXPECT_EQ(test, e->c[0].uploaded, i + 1);
		toe_op_free(e->ops[1].op);
		e->ops[1] = (struct tenv_op){};
	}
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 100 * n);
	tenv_delete(e);
}

static struct kunit_case toe_stress_cases[] = {
	KUNIT_CASE_SLOW(every_promise_is_kept_under_attack),
	KUNIT_CASE_SLOW(offload_and_upload_a_thousand_times),
	{}
};

static struct kunit_suite toe_stress_suite = {
	.name = "ndk_toe_stress",
	.test_cases = toe_stress_cases,
};

kunit_test_suite(toe_stress_suite);
