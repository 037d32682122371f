// SPDX-License-Identifier: GPL-2.0
/*
 * ndk_toe_bench.ko: what the offload core itself costs, on a target that does
 * nothing. It measures while it is loaded and leaves the figures in its module
 * parameters; tools/guest/toe_bench.py turns them into rows.
 *
 * Trees: one initiate of a neighbor, a path and N connections, from submit to
 * done(), per connection; the best of several, since what else the machine does
 * only ever adds.
 * Delivery: units of 64 KiB, in pages as a driver would have them, to a client in
 * copy form, which copies them, and to one in chained form, which keeps and
 * returns them.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <ndk/nic.h>
#include <ndk/toe_recv.h>
#include <ndk/toe_target.h>

#include "core.h"

#define SMALL		10
#define LARGE		1000
#define UNIT		65536
#define PAGES		(UNIT / PAGE_SIZE)
#define BATCH		16

static ulong tree_small_ns;
module_param(tree_small_ns, ulong, 0444);
MODULE_PARM_DESC(tree_small_ns, "result: initiate of 10 connections, ns per connection");

static ulong tree_large_ns;
module_param(tree_large_ns, ulong, 0444);
MODULE_PARM_DESC(tree_large_ns, "result: initiate of 1000 connections, ns per connection");

static ulong conn_bytes;
module_param(conn_bytes, ulong, 0444);
MODULE_PARM_DESC(conn_bytes, "result: bytes of core state per connection");

static ulong copy_mbs;
module_param(copy_mbs, ulong, 0444);
MODULE_PARM_DESC(copy_mbs, "result: copy form, 10^6 bytes per second");

static ulong chained_mbs;
module_param(chained_mbs, ulong, 0444);
MODULE_PARM_DESC(chained_mbs, "result: chained form, 10^6 bytes per second");

static ulong chained_copies;
module_param(chained_copies, ulong, 0444);
MODULE_PARM_DESC(chained_copies, "result: copies the core made in chained form");

static ulong chained_units;
module_param(chained_units, ulong, 0444);
MODULE_PARM_DESC(chained_units, "result: units delivered in chained form");

static unsigned int repeat = 40;
module_param(repeat, uint, 0444);
MODULE_PARM_DESC(repeat, "how often each tree is built; deliveries are 50 times that");

/*
 * The target: stores everything, gives everything back.
 */

static void bench_caps(struct toe_target *t, struct toe_caps *caps)
{
	caps->ipv4 = true;
	caps->max_conns = LARGE;
}

static u32 bench_store(struct toe_target *t, struct toe_block *b, void *parent, void *arg)
{
	*b->ctx = b->object;
	return TOE_SUCCESS;
}

static void bench_initiate(struct toe_target *t, struct toe_block *root)
{
	toe_initiate_each(t, root, bench_store, NULL);
	toe_complete(t, root);
}

static void give_back(struct toe_block *b)
{
	struct toe_conn_delegated *d;

	b->status = TOE_SUCCESS;
	if (!b->ctx || b->layer != TOE_CONN)
		return;
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	d->state = TOE_TCP_ESTABLISHED;
	d->ka_delta = TOE_TIMER_OFF;
	d->rt_delta = TOE_TIMER_OFF;
}

static void bench_terminate(struct toe_target *t, struct toe_block *root)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w))
		give_back(w.at);
	toe_complete(t, root);
}

static const struct toe_target_ops bench_target_ops = {
	.owner = THIS_MODULE,
	.kind = "bench",
	.caps = bench_caps,
	.initiate = bench_initiate,
	.terminate = bench_terminate,
};

static const struct ndk_nic_ops bench_nic_ops = {
	.owner = THIS_MODULE,
	.kind = "bench",
};

/*
 * A tree of n connections.
 */

struct bench {
	struct toe_target *t;
	struct toe_obj *neigh;
	struct toe_obj *path;
	struct toe_obj **conns;
	unsigned int n;
	struct completion over;
	u64 ended;
};

static struct toe_obj *new_neigh(struct toe_target *t)
{
	struct toe_neigh_const c = { .h = { sizeof(c), TOE_REVISION } };
	struct toe_neigh_cached v = { .h = { sizeof(v), TOE_REVISION }, .dst_len = ETH_ALEN };

	return toe_neigh_create(t, &c, &v, NULL, NULL);
}

static struct toe_obj *new_path(struct toe_obj *neigh)
{
	struct toe_path_const c = { .h = { sizeof(c), TOE_REVISION } };
	struct toe_path_cached v = { .h = { sizeof(v), TOE_REVISION }, .mtu = 1500 };

	return toe_path_create(neigh, TOE_PATH4, &c, &v, NULL, NULL);
}

static struct toe_obj *new_conn(struct toe_obj *path, unsigned int i)
{
	struct toe_conn_const c = {
		.h = { sizeof(c), TOE_REVISION },
		.remote_port = htons(1 + i), .local_port = htons(5001), .remote_mss = 1460,
	};
	struct toe_conn_cached v = {
		.h = { sizeof(v), TOE_REVISION },
		.initial_rcv_wnd = 65535, .ttl = 64,
	};

	return toe_conn_create(path, &c, &v, NULL, NULL);
}

static void drop_objects(struct bench *b)
{
	while (b->n)
		toe_obj_put(b->conns[--b->n]);
	kvfree(b->conns);
	toe_obj_put(b->path);
	toe_obj_put(b->neigh);
}

static int make_objects(struct bench *b, unsigned int n)
{
	struct toe_obj *obj;

	b->n = 0;
	b->path = NULL;
	b->neigh = NULL;
	b->conns = kvcalloc(n, sizeof(*b->conns), GFP_KERNEL);
	if (!b->conns)
		return -ENOMEM;
	obj = new_neigh(b->t);
	if (IS_ERR(obj))
		goto fail;
	b->neigh = obj;
	obj = new_path(b->neigh);
	if (IS_ERR(obj))
		goto fail;
	b->path = obj;
	for (; b->n < n; b->n++) {
		obj = new_conn(b->path, b->n);
		if (IS_ERR(obj))
			goto fail;
		b->conns[b->n] = obj;
	}
	return 0;

fail:
	drop_objects(b);
	return PTR_ERR(obj);
}

static void over(struct toe_op *op)
{
	struct bench *b = op->priv;

	b->ended = ktime_get_ns();
	complete(&b->over);
}

static struct toe_block *add(struct toe_op *op, struct toe_block *up, struct toe_obj *obj,
			     enum toe_class cls)
{
	struct toe_block *b = toe_op_add(op, up, obj, 0, cls, GFP_KERNEL);
	struct toe_conn_delegated *d;

	if (!b || obj->layer != TOE_CONN || op->type != TOE_INITIATE)
		return b;
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	d->state = TOE_TCP_ESTABLISHED;
	d->ka_delta = TOE_TIMER_OFF;
	d->rt_delta = TOE_TIMER_OFF;
	return b;
}

static struct toe_op *make_tree(struct bench *b, enum toe_op_type type, enum toe_class cls)
{
	struct toe_op *op = toe_op_alloc(b->t, type, over, b, GFP_KERNEL);
	struct toe_block *up;
	unsigned int i;

	if (!op)
		return NULL;
	up = add(op, NULL, b->neigh, cls);
	if (up)
		up = add(op, up, b->path, cls);
	for (i = 0; up && i < b->n; i++)
		if (!add(op, up, b->conns[i], cls))
			up = NULL;
	if (up)
		return op;
	toe_op_free(op);
	return NULL;
}

/* Nanoseconds from submit to done(), or a negative errno. */
static s64 run_tree(struct bench *b, enum toe_op_type type, enum toe_class cls)
{
	struct toe_op *op = make_tree(b, type, cls);
	u64 begun;
	int err;

	if (!op)
		return -ENOMEM;
	reinit_completion(&b->over);
	begun = ktime_get_ns();
	err = toe_op_submit(op);
	if (!err)
		wait_for_completion(&b->over);
	if (!err && op->root->status != TOE_SUCCESS)
		err = -EIO;
	toe_target_flush(b->t);
	toe_op_free(op);
	return err ?: b->ended - begun;
}

/* Once there and back; the way there is what counts. */
static s64 there_and_back(struct bench *b)
{
	s64 ns = run_tree(b, TOE_INITIATE, TOE_STATE_ALL);
	s64 back;

	if (ns < 0)
		return ns;
	back = run_tree(b, TOE_TERMINATE, TOE_STATE_DELEGATED);
	return back < 0 ? back : ns;
}

static int measure_trees(struct bench *b, unsigned int n, unsigned int rounds, ulong *result)
{
	s64 ns = 0, best = S64_MAX;
	int err;

	err = make_objects(b, n);
	if (err)
		return err;
	while (rounds-- && ns >= 0) {
		ns = there_and_back(b);
		best = min(best, ns);
		cond_resched();
	}
	drop_objects(b);
	if (ns < 0)
		return ns;
	*result = div_u64(best, n);
	return 0;
}

/*
 * Units to a client.
 */

struct client {
	void *buffer;
	u64 bytes;
	u64 kept[BATCH];
	unsigned int nkept;
};

static u32 take_copy(void *ctx, struct toe_indication *ind)
{
	struct client *c = ctx;

	memcpy(c->buffer, ind->data, ind->indicated);
	ind->taken = ind->indicated;
	c->bytes += ind->taken;
	return TOE_SUCCESS;
}

static u32 take_chained(void *ctx, const struct toe_chained *ind)
{
	struct client *c = ctx;

	c->bytes += ind->length;
	c->kept[c->nkept++] = ind->tsdu;
	return TOE_PENDING;
}

static struct sk_buff *make_unit(struct page *pages)
{
	struct sk_buff *skb = alloc_skb(0, GFP_KERNEL);
	unsigned int i;

	for (i = 0; skb && i < PAGES; i++) {
		get_page(pages + i);
		skb_add_rx_frag(skb, i, pages + i, 0, PAGE_SIZE, PAGE_SIZE);
	}
	return skb;
}

static int one_unit(struct bench *b, struct client *c, struct page *pages, bool last)
{
	struct sk_buff *skb = make_unit(pages);
	int err;

	if (!skb)
		return -ENOMEM;
	local_bh_disable();
	err = toe_receive(b->t, toe_obj_handle(b->conns[0]), skb, TOE_RX_PSH);
	local_bh_enable();
	if (err)
		kfree_skb(skb);
	/* not from within the handler, and several at a time */
	if (c->nkept == BATCH || last) {
		toe_return_chained_receives(c->kept, c->nkept);
		c->nkept = 0;
	}
	return err;
}

static int run_units(struct bench *b, struct client *c, struct page *pages, unsigned int units,
		     ulong *result)
{
	u64 begun = ktime_get_ns(), ns;
	unsigned int i;
	int err = 0;

	for (i = 0; i < units && !err; i++) {
		err = one_unit(b, c, pages, i == units - 1);
		cond_resched();
	}
	ns = ktime_get_ns() - begun;
	if (!err && c->bytes != (u64)units * UNIT)
		err = -EIO;
	*result = div64_u64(c->bytes * 1000, max_t(u64, ns, 1));
	return err;
}

static int deliver(struct bench *b, struct client *c, struct page *pages, bool chained)
{
	struct toe_endpoint_attr attr = { .name = "bench", .budget = 2 * BATCH * UNIT };
	struct toe_endpoint *ep = toe_endpoint_create(&attr);
	struct toe_endpoint_stats stats;
	u64 before, after;
	int err;

	if (IS_ERR(ep))
		return PTR_ERR(ep);
	c->bytes = 0;
	if (chained)
		err = toe_set_event_handler(ep, TOE_EVENT_CHAINED, take_chained, c);
	else
		err = toe_set_event_handler(ep, TOE_EVENT_RECEIVE, take_copy, c);
	if (!err)
		err = toe_endpoint_attach(ep, toe_conn_of(b->conns[0]));
	if (err)
		goto destroy;
	toe_copied_bytes(&before);
	err = run_units(b, c, pages, 50 * repeat, chained ? &chained_mbs : &copy_mbs);
	toe_copied_bytes(&after);
	toe_endpoint_detach(ep);
	toe_endpoint_get_stats(ep, &stats);
	if (chained) {
		chained_copies = after - before;
		chained_units = stats.chained;
	}
destroy:
	toe_endpoint_destroy(ep);
	return err;
}

static int deliver_both(struct bench *b)
{
	struct client *c = kzalloc(sizeof(*c), GFP_KERNEL);
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, get_order(UNIT));
	int err = -ENOMEM;

	if (c && pages) {
		c->buffer = kvmalloc(UNIT, GFP_KERNEL);
		err = c->buffer ? 0 : -ENOMEM;
	}
	if (!err)
		err = deliver(b, c, pages, false);
	if (!err)
		err = deliver(b, c, pages, true);
	if (pages)
		__free_pages(pages, get_order(UNIT));
	if (c)
		kvfree(c->buffer);
	kfree(c);
	return err;
}

static int measure_delivery(struct bench *b)
{
	s64 ns;
	int err;

	err = make_objects(b, 1);
	if (err)
		return err;
	ns = run_tree(b, TOE_INITIATE, TOE_STATE_ALL);
	err = ns < 0 ? ns : deliver_both(b);
	if (ns >= 0)
		ns = run_tree(b, TOE_TERMINATE, TOE_STATE_DELEGATED);
	drop_objects(b);
	return err ?: min_t(s64, ns, 0);
}

static int measure(struct toe_target *t)
{
	struct bench b = { .t = t };
	int err;

	init_completion(&b.over);
	conn_bytes = sizeof(struct toe_conn);
	err = measure_trees(&b, SMALL, 10 * repeat, &tree_small_ns);
	if (!err)
		err = measure_trees(&b, LARGE, repeat, &tree_large_ns);
	if (!err)
		err = measure_delivery(&b);
	return err;
}

static int __init bench_init(void)
{
	struct ndk_nic *nic = ndk_nic_alloc(&bench_nic_ops, NULL);
	struct toe_target *t;
	int err;

	if (!nic)
		return -ENOMEM;
	t = toe_target_register(nic, "bench", &bench_target_ops, NULL, NULL);
	err = PTR_ERR_OR_ZERO(t);
	if (!err) {
		err = measure(t);
		toe_target_unregister(t);
	}
	ndk_nic_free(nic);
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Measures the TCP offload core");
MODULE_LICENSE("GPL");
