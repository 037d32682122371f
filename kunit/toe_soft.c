// SPDX-License-Identifier: GPL-2.0
/*
 * Two software targets on one wire, each with a host that offers its end of one
 * connection: state core, data path, deferral, engine and segments together, with
 * everything but a socket and an IP layer.
 *
 *   host 0 -- core -- target 0 -- engine == wire == engine -- target 1 -- core -- host 1
 *
 * Time stands still until a test turns the clock.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <ndk/nic.h>
#include <net/tcp.h>

#include "../drivers/toe/soft/soft.h"

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);

#define ISN0		0xfffffff0u
#define ISN1		0x7ffffff0u
#define PIECE		4096U
#define MAX_SENDS	128
#define WINDOW		65535U

struct world;

struct piece {
	struct toe_send s;
	struct side *side;
	struct kvec kv;
	unsigned int done;
};

struct side {
	struct world *w;
	unsigned int i;
	struct ndk_nic *nic;
	struct soft_target *st;
	struct toe_obj *neigh;
	struct toe_obj *path;
	struct toe_obj *conn;
	struct toe_conn_delegated seed;
	struct list_head backlog;	/* sends that came back, in order */
	struct sk_buff_head kept;	/* received data that came back */
	struct piece *pieces;
	unsigned int npieces;
	u32 posted;
	u32 acked;		/* bytes of completed sends */
	u32 got;
	u32 bad;
	u32 refuse;		/* indications to refuse */
	unsigned int fins;
	unsigned int aborts;
	unsigned int uploads;
	unsigned int segments;
	unsigned int reasons[TOE_REASONS];
	u32 up_status;
	u32 last_status;
};

struct world {
	struct kunit *test;
	struct toe_clock clock;
	struct side side[2];
	struct sk_buff_head wire[2];
	spinlock_t lock; /* wire */
	struct rnd_state rnd;
	u32 loss;
	unsigned int rsts;
	unsigned int sent;
};

/* An adapter that is never registered: the target needs one to belong to. */
static void nic_release(struct ndk_nic *nic)
{
}

static const struct ndk_nic_ops nic_ops = {
	.owner = THIS_MODULE,
	.kind = "none",
	.release = nic_release,
};

static u8 byte_at(u32 offset)
{
	return offset * 5 + (offset >> 8) * 3;
}

static void wire_xmit(struct soft_conn *sc, struct sk_buff *skb)
{
	struct side *side = sc->st->priv;
	struct world *w = side->w;

	w->sent++;
	if (tcp_hdr(skb)->rst)
		w->rsts++;
	if (prandom_u32_state(&w->rnd) % 1000 < w->loss) {
		kfree_skb(skb);
		return;
	}
	skb_queue_tail(&w->wire[!side->i], skb);
}

static const struct soft_wire wire = {
	.xmit = wire_xmit,
};

static void host_uploading(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	struct side *side = priv;

	side->reasons[reason]++;
}

static void host_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b)
{
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);
	struct side *side = priv;

	side->uploads++;
	side->up_status = b->status;
	if (b->status != TOE_SUCCESS || !d)
		return;
	side->seed = *d;
	side->seed.buffered = NULL;
	list_splice_tail_init(&b->sends, &side->backlog);
	if (d->buffered)
		skb_queue_splice_tail_init(d->buffered, &side->kept);
}

static void host_aborted(struct toe_obj *obj, void *priv)
{
	((struct side *)priv)->aborts++;
}

static void host_segment(struct toe_obj *obj, void *priv, struct sk_buff *skb)
{
	((struct side *)priv)->segments++;
	kfree_skb(skb);
}

static const struct toe_host_ops host_ops = {
	.uploading = host_uploading,
	.uploaded = host_uploaded,
	.aborted = host_aborted,
	.segment = host_segment,
};

static void check(struct side *side, struct sk_buff *skb, u32 skip)
{
	u32 i, n = skb->len - skip;
	u8 buf[64];

	for (i = 0; i < n; i++) {
		if (i % sizeof(buf) == 0)
			skb_copy_bits(skb, skip + i, buf, min_t(u32, sizeof(buf), n - i));
		if (buf[i % sizeof(buf)] != byte_at(side->got + i))
			side->bad++;
	}
	side->got += n;
}

static u32 consumer_indicate(struct toe_conn *conn, void *priv, struct toe_rx *rx)
{
	struct side *side = priv;
	u32 skip = rx->offset;
	struct sk_buff *skb;
	LIST_HEAD(back);

	if (side->refuse) {
		side->refuse--;
		return TOE_DATA_NOT_ACCEPTED;
	}
	skb_queue_walk(&rx->skbs, skb) {
		check(side, skb, min(skip, skb->len));
		skip -= min(skip, skb->len);
	}
	list_add(&rx->link, &back);
	toe_rx_return(&back);
	return TOE_SUCCESS;
}

static void consumer_disconnect(struct toe_conn *conn, void *priv)
{
	((struct side *)priv)->fins++;
}

static const struct toe_consumer_ops consumer_ops = {
	.indicate = consumer_indicate,
	.disconnect = consumer_disconnect,
};

static void piece_done(struct toe_send *s)
{
	struct piece *p = container_of(s, struct piece, s);

	p->done++;
	/* s->bytes is of this stay only; all of it may have taken several */
	if (s->status == TOE_SUCCESS)
		p->side->acked += p->kv.iov_len;
	p->side->last_status = s->status;
	if (s->status == TOE_UPLOAD_IN_PROGRESS)
		list_add_tail(&s->link, &p->side->backlog);
}

static void make_objects(struct side *side, u16 sport, u16 dport)
{
	struct kunit *test = side->w->test;
	struct toe_neigh_const nk = { .h = { sizeof(nk), TOE_REVISION } };
	struct toe_neigh_cached nv = { .h = { sizeof(nv), TOE_REVISION }, .dst_len = 6 };
	struct toe_path_const pk = { .h = { sizeof(pk), TOE_REVISION } };
	struct toe_path_cached pv = { .h = { sizeof(pv), TOE_REVISION }, .mtu = 1500 };
	struct toe_conn_const ck = {
		.h = { sizeof(ck), TOE_REVISION },
		.flags = TOE_CONN_TIMESTAMP | TOE_CONN_SACK,
		.remote_mss = 1460,
		.local_port = htons(sport),
		.remote_port = htons(dport),
	};
	struct toe_conn_cached cv = {
		.h = { sizeof(cv), TOE_REVISION },
		.initial_rcv_wnd = WINDOW,
		.ka_probes = 9,
		.ka_timeout = 7200000,
		.ka_interval = 75000,
		.ttl = 64,
	};

	pk.src[0] = 10;
	pk.src[3] = 1 + side->i;
	pk.dst[0] = 10;
	pk.dst[3] = 2 - side->i;
	side->neigh = toe_neigh_create(side->st->t, &nk, &nv, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(side->neigh));
	side->path = toe_path_create(side->neigh, TOE_PATH4, &pk, &pv, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(side->path));
	side->conn = toe_conn_create(side->path, &ck, &cv, &host_ops, side);
	KUNIT_ASSERT_FALSE(test, IS_ERR(side->conn));
	toe_conn_set_consumer(toe_conn_of(side->conn), &consumer_ops, side);
}

static void seed(struct side *side, u32 isn, u32 peer_isn)
{
	side->seed = (struct toe_conn_delegated){
		.h = { sizeof(side->seed), TOE_REVISION },
		.state = TOE_TCP_ESTABLISHED,
		.rcv_nxt = peer_isn,
		.rcv_wnd = WINDOW,
		.snd_una = isn,
		.snd_nxt = isn,
		.snd_max = isn,
		.snd_wnd = WINDOW,
		.max_snd_wnd = WINDOW,
		.snd_wl1 = peer_isn,
		.cwnd = 14600,
		.ssthresh = U32_MAX,
		.ts_time = 1000,
		.ka_delta = TOE_TIMER_OFF,
		.rt_delta = TOE_TIMER_OFF,
	};
}

static void end_side(struct side *side)
{
	unsigned int i;

	if (side->st)
		soft_destroy(side->st);
	toe_obj_put(side->conn);
	toe_obj_put(side->path);
	toe_obj_put(side->neigh);
	if (side->nic)
		ndk_nic_free(side->nic);
	__skb_queue_purge(&side->kept);
	for (i = 0; i < side->npieces; i++)
		kfree(side->pieces[i].kv.iov_base);
	kfree(side->pieces);
}

static void end_world(void *data)
{
	struct world *w = data;
	unsigned int i;

	for (i = 0; i < 2; i++)
		end_side(&w->side[i]);
	/* the objects' timers know the clock until they are freed */
	rcu_barrier();
	for (i = 0; i < 2; i++)
		skb_queue_purge(&w->wire[i]);
}

static void start_side(struct world *w, unsigned int i, u32 flags, u32 max_conns)
{
	struct side *side = &w->side[i];
	struct kunit *test = w->test;

	side->w = w;
	side->i = i;
	INIT_LIST_HEAD(&side->backlog);
	__skb_queue_head_init(&side->kept);
	side->pieces = kcalloc(MAX_SENDS, sizeof(*side->pieces), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, side->pieces);
	side->nic = ndk_nic_alloc(&nic_ops, side);
	KUNIT_ASSERT_NOT_NULL(test, side->nic);
	side->st = soft_create(side->nic, i ? "soft1" : "soft0", max_conns, flags,
			       &wire, side, &w->clock);
	if (IS_ERR(side->st)) {
		KUNIT_FAIL(test, "target: %ld", PTR_ERR(side->st));
		side->st = NULL;
		kunit_skip(test, "no target");
	}
	make_objects(side, i ? 80 : 4000, i ? 4000 : 80);
	seed(side, i ? ISN1 : ISN0, i ? ISN0 : ISN1);
}

static struct world *new_world(struct kunit *test, u32 flags)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	toe_clock_init(&w->clock, 1000, true);
	toe_clock_advance(&w->clock, 100000);
	prandom_seed_state(&w->rnd, 3);
	for (i = 0; i < 2; i++)
		skb_queue_head_init(&w->wire[i]);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_world, w));
	for (i = 0; i < 2; i++)
		start_side(w, i, flags, 16);
	return w;
}

static void op_done(struct toe_op *op)
{
	complete(op->priv);
}

/* Tree of @side for @type: the connection, with what it hangs below as needed. */
static struct toe_op *tree(struct side *side, enum toe_op_type type, struct completion *done,
			   struct toe_block **conn)
{
	bool in = type == TOE_INITIATE;
	bool first = toe_obj_state(side->path) == TOE_IN_HOST;
	struct toe_block *n, *p = NULL;
	struct toe_op *op = toe_op_alloc(side->st->t, type, op_done, done, GFP_KERNEL);

	if (in) {
		n = toe_op_add(op, NULL, side->neigh, 0,
			       first ? TOE_STATE_ALL : TOE_STATE_NONE, GFP_KERNEL);
		p = toe_op_add(op, n, side->path, 0, first ? TOE_STATE_ALL : TOE_STATE_NONE,
			       GFP_KERNEL);
	}
	*conn = toe_op_add(op, p, side->conn, 0, in ? TOE_STATE_ALL : TOE_STATE_DELEGATED,
			   GFP_KERNEL);
	return op;
}

/* Offers the connection, with everything that came back the last time. */
static u32 offload(struct side *side)
{
	struct kunit *test = side->w->test;
	DECLARE_COMPLETION_ONSTACK(done);
	struct toe_conn_delegated *d;
	struct toe_block *b;
	struct toe_op *op = tree(side, TOE_INITIATE, &done, &b);
	u32 status;

	d = toe_block_state(b, TOE_STATE_DELEGATED);
	*d = side->seed;
	d->valid_for = TOE_FOR_TRANSFER;
	d->buffered = &side->kept;
	list_splice_tail_init(&side->backlog, &b->sends);
	KUNIT_ASSERT_EQ(test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	toe_target_flush(side->st->t);
	status = b->status;
	if (status != TOE_SUCCESS)
		list_splice_tail_init(&b->sends, &side->backlog);
	else
		__skb_queue_purge(&side->kept);
	toe_op_free(op);
	return status;
}

static void upload(struct side *side)
{
	unsigned int before = side->uploads;
	unsigned int tries;

	KUNIT_EXPECT_EQ(side->w->test, 0, toe_upload(side->conn, TOE_HOST_ASKED));
	for (tries = 0; tries < 1000 && side->uploads == before; tries++) {
		toe_target_flush(side->st->t);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(side->w->test, side->uploads, before + 1);
	KUNIT_EXPECT_EQ(side->w->test, side->up_status, TOE_SUCCESS);
}

static void fill_piece(struct side *side, struct piece *p, u32 len)
{
	u32 i;
	u8 *to = kmalloc(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(side->w->test, to);
	for (i = 0; i < len; i++)
		to[i] = byte_at(side->posted + i);
	p->side = side;
	p->kv.iov_base = to;
	p->kv.iov_len = len;
	iov_iter_kvec(&p->s.iter, ITER_SOURCE, &p->kv, 1, len);
	p->s.done = piece_done;
	side->posted += len;
}

static int send(struct side *side, u32 len, u32 flags)
{
	struct piece *p;

	KUNIT_ASSERT_LT(side->w->test, side->npieces, MAX_SENDS);
	p = &side->pieces[side->npieces++];
	fill_piece(side, p, len);
	p->s.flags = flags;
	return toe_send(toe_conn_of(side->conn), &p->s);
}

static struct soft_tuple key_of(struct side *side)
{
	struct soft_tuple key = {
		.sport = htons(side->i ? 80 : 4000),
		.dport = htons(side->i ? 4000 : 80),
	};

	key.saddr[0] = 10;
	key.saddr[3] = 1 + side->i;
	key.daddr[0] = 10;
	key.daddr[3] = 2 - side->i;
	return key;
}

/* Everything on the wire arrives; what nobody knows is lost. */
static bool pump(struct world *w)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct soft_tuple key = key_of(&w->side[i]);
		struct sk_buff *skb = skb_dequeue(&w->wire[i]);

		if (!skb)
			continue;
		any = true;
		local_bh_disable();
		if (soft_rx(w->side[i].st, &key, skb))
			kfree_skb(skb);
		local_bh_enable();
	}
	return any;
}

static void settle(struct world *w)
{
	do {
		while (pump(w))
			cond_resched();
		toe_target_flush(w->side[0].st->t);
		toe_target_flush(w->side[1].st->t);
	} while (!skb_queue_empty(&w->wire[0]) || !skb_queue_empty(&w->wire[1]));
}

static void pass(struct world *w, unsigned int ticks)
{
	while (ticks--) {
		toe_clock_advance(&w->clock, 1);
		settle(w);
	}
}

static bool all_there(struct world *w)
{
	return w->side[1].got == w->side[0].posted && w->side[0].got == w->side[1].posted &&
	       w->side[0].acked == w->side[0].posted && w->side[1].acked == w->side[1].posted;
}

static void expect_all_there(struct world *w)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(w->test, w->side[!i].got, w->side[i].posted);
		KUNIT_EXPECT_EQ(w->test, w->side[i].acked, w->side[i].posted);
		KUNIT_EXPECT_EQ(w->test, w->side[i].bad, 0);
	}
	KUNIT_EXPECT_EQ(w->test, w->rsts, 0);
}

static void run_until_there(struct world *w, unsigned int ticks)
{
	while (!all_there(w) && ticks) {
		unsigned int n = min(ticks, 10U);

		pass(w, n);
		ticks -= n;
	}
}

static void both_offloaded(struct world *w)
{
	KUNIT_ASSERT_EQ(w->test, offload(&w->side[0]), TOE_SUCCESS);
	KUNIT_ASSERT_EQ(w->test, offload(&w->side[1]), TOE_SUCCESS);
}

static void carries_bytes_both_ways(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	unsigned int i;

	both_offloaded(w);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, 0, send(&w->side[0], PIECE + i, 0));
		KUNIT_EXPECT_EQ(test, 0, send(&w->side[1], 100 + i, 0));
	}
	settle(w);
	run_until_there(w, 1000);
	expect_all_there(w);
	KUNIT_EXPECT_EQ(test, w->side[0].last_status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, w->side[0].pieces[0].done, 1);
}

static void carries_bytes_over_loss(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	unsigned int i;

	w->loss = 50;
	both_offloaded(w);
	for (i = 0; i < 60; i++) {
		send(&w->side[0], PIECE, 0);
		send(&w->side[1], PIECE, 0);
	}
	settle(w);
	run_until_there(w, 600000);
	expect_all_there(w);
}

static void deferred_sends_leave_together(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	unsigned int i;

	both_offloaded(w);
	settle(w);
	w->sent = 0;
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, 0, send(&w->side[0], 100, TOE_SEND_DEFER));
	KUNIT_EXPECT_EQ(test, w->sent, 0);
	KUNIT_EXPECT_EQ(test, 0, send(&w->side[0], 100, 0));
	/* eight requests, one segment */
	KUNIT_EXPECT_EQ(test, w->sent, 1);
	run_until_there(w, 1000);
	expect_all_there(w);
}

/* Off and back in the middle of a transfer, again and again. */
static void moves_lose_nothing(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	unsigned int i;

	w->loss = 20;
	both_offloaded(w);
	for (i = 0; i < 40; i++) {
		send(&w->side[0], PIECE, 0);
		send(&w->side[1], PIECE, 0);
		pump(w);
		pump(w);
		if (i % 2)
			pass(w, 1);
		upload(&w->side[i % 2]);
		pump(w);
		KUNIT_ASSERT_EQ(test, offload(&w->side[i % 2]), TOE_SUCCESS);
	}
	run_until_there(w, 600000);
	expect_all_there(w);
	KUNIT_EXPECT_EQ(test, w->side[0].uploads, 20);
}

static void uploaded_state_is_what_was_offloaded(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	struct toe_conn_delegated before = w->side[0].seed, *after = &w->side[0].seed;

	KUNIT_ASSERT_EQ(test, offload(&w->side[0]), TOE_SUCCESS);
	upload(&w->side[0]);
	before.valid_for = after->valid_for;
	KUNIT_EXPECT_EQ(test, before.ssthresh, after->ssthresh);
	KUNIT_EXPECT_EQ(test, before.rcv_nxt, after->rcv_nxt);
	KUNIT_EXPECT_EQ(test, before.rcv_wnd, after->rcv_wnd);
	KUNIT_EXPECT_EQ(test, before.snd_una, after->snd_una);
	KUNIT_EXPECT_EQ(test, before.snd_nxt, after->snd_nxt);
	KUNIT_EXPECT_EQ(test, before.snd_max, after->snd_max);
	KUNIT_EXPECT_EQ(test, before.snd_wnd, after->snd_wnd);
	KUNIT_EXPECT_EQ(test, before.cwnd, after->cwnd);
	KUNIT_EXPECT_EQ(test, before.ts_time, after->ts_time);
	KUNIT_EXPECT_EQ(test, before.ka_delta, after->ka_delta);
	KUNIT_EXPECT_EQ(test, before.rt_delta, after->rt_delta);
	KUNIT_EXPECT_EQ(test, before.state, after->state);
}

/* A consumer that takes nothing closes the window; what was sent is kept. */
static void refusal_closes_the_window(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	struct side *reader = &w->side[1];
	unsigned int i;

	both_offloaded(w);
	reader->refuse = 1;
	for (i = 0; i < 30; i++)
		send(&w->side[0], PIECE, 0);
	settle(w);
	pass(w, 3000);
	KUNIT_EXPECT_EQ(test, reader->got, 0);
	KUNIT_EXPECT_LE(test, w->side[0].acked, WINDOW);
	KUNIT_EXPECT_GT(test, w->side[0].acked, WINDOW / 2);
	/* taken back and offered anew the consumer is asked again */
	upload(reader);
	KUNIT_EXPECT_GT(test, skb_queue_len(&reader->kept), 0);
	KUNIT_ASSERT_EQ(test, offload(reader), TOE_SUCCESS);
	run_until_there(w, 600000);
	expect_all_there(w);
}

static void urgent_segment_comes_back_untouched(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	struct side *side = &w->side[1];
	struct sk_buff *skb;

	both_offloaded(w);
	send(&w->side[0], 10, 0);
	skb = skb_peek(&w->wire[1]);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	tcp_hdr(skb)->urg = 1;
	settle(w);
	pass(w, 100);
	KUNIT_EXPECT_EQ(test, side->reasons[TOE_URGENT_DATA], 1);
	KUNIT_EXPECT_EQ(test, side->segments, 1);
	KUNIT_EXPECT_EQ(test, side->got, 0);
	KUNIT_EXPECT_EQ(test, side->uploads, 1);
	KUNIT_EXPECT_EQ(test, side->seed.rcv_nxt, ISN0);
	KUNIT_EXPECT_EQ(test, w->side[0].acked, 0);
}

static void query_tells_the_engines_state(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	DECLARE_COMPLETION_ONSTACK(done);
	struct toe_conn_delegated *d;
	struct toe_block *b;
	struct toe_op *op;

	both_offloaded(w);
	send(&w->side[0], 5000, 0);
	op = tree(&w->side[0], TOE_QUERY, &done, &b);
	KUNIT_ASSERT_EQ(test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	KUNIT_EXPECT_EQ(test, b->status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, d->snd_una, ISN0);
	KUNIT_EXPECT_EQ(test, d->snd_max, ISN0 + 5000);
	KUNIT_EXPECT_GT(test, d->rt_delta, 0);
	toe_op_free(op);
	run_until_there(w, 1000);
	expect_all_there(w);
}

static void invalid_path_carries_nothing(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	DECLARE_COMPLETION_ONSTACK(done);
	struct toe_op *op;

	both_offloaded(w);
	settle(w);
	op = toe_op_alloc(w->side[0].st->t, TOE_INVALIDATE, op_done, &done, GFP_KERNEL);
	toe_op_add(op, NULL, w->side[0].path, 0, TOE_STATE_NONE, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	toe_op_free(op);
	w->sent = 0;
	send(&w->side[0], 100, 0);
	pass(w, 10);
	KUNIT_EXPECT_EQ(test, w->sent, 0);
	KUNIT_EXPECT_EQ(test, w->side[0].uploads, 1);
	KUNIT_EXPECT_EQ(test, w->side[0].reasons[TOE_INVALIDATED], 1);
}

static void disconnect_is_acknowledged(struct kunit *test)
{
	struct world *w = new_world(test, TCPE_F_HANDLE_FIN);
	struct side *side = &w->side[0];
	struct piece *p = &side->pieces[side->npieces++];

	both_offloaded(w);
	fill_piece(side, p, 100);
	KUNIT_EXPECT_EQ(test, 0, toe_disconnect(toe_conn_of(side->conn), &p->s, false));
	settle(w);
	pass(w, 100);
	KUNIT_EXPECT_EQ(test, p->done, 1);
	KUNIT_EXPECT_EQ(test, p->s.status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, w->side[1].got, 100);
	KUNIT_EXPECT_EQ(test, w->side[1].fins, 1);
	/* the other half goes on */
	send(&w->side[1], 3000, 0);
	settle(w);
	pass(w, 100);
	KUNIT_EXPECT_EQ(test, side->got, 3000);
	expect_all_there(w);
}

static void abort_resets_the_peer(struct kunit *test)
{
	struct world *w = new_world(test, TCPE_F_HANDLE_RST);
	struct side *side = &w->side[0];
	struct piece *p = &side->pieces[side->npieces++];

	both_offloaded(w);
	fill_piece(side, p, 1);
	iov_iter_kvec(&p->s.iter, ITER_SOURCE, &p->kv, 1, 0);
	KUNIT_EXPECT_EQ(test, 0, toe_disconnect(toe_conn_of(side->conn), &p->s, true));
	settle(w);
	pass(w, 10);
	KUNIT_EXPECT_EQ(test, w->rsts, 1);
	KUNIT_EXPECT_EQ(test, p->done, 1);
	KUNIT_EXPECT_EQ(test, w->side[1].aborts, 1);
}

static void a_dead_peer_is_the_hosts_business(struct kunit *test)
{
	struct world *w = new_world(test, 0);
	unsigned int ticks;

	both_offloaded(w);
	w->loss = 1000;
	send(&w->side[0], 100, 0);
	for (ticks = 0; ticks < 4000 && !w->side[0].uploads; ticks++) {
		toe_clock_advance(&w->clock, 1000);
		settle(w);
	}
	KUNIT_EXPECT_EQ(test, w->side[0].reasons[TOE_TIMEOUT], 1);
	KUNIT_EXPECT_EQ(test, w->side[0].uploads, 1);
	KUNIT_EXPECT_FALSE(test, list_empty(&w->side[0].backlog));
	KUNIT_EXPECT_EQ(test, w->rsts, 0);
}

static struct kunit_case soft_cases[] = {
	KUNIT_CASE(carries_bytes_both_ways),
	KUNIT_CASE(carries_bytes_over_loss),
	KUNIT_CASE(deferred_sends_leave_together),
	KUNIT_CASE(moves_lose_nothing),
	KUNIT_CASE(uploaded_state_is_what_was_offloaded),
	KUNIT_CASE(refusal_closes_the_window),
	KUNIT_CASE(urgent_segment_comes_back_untouched),
	KUNIT_CASE(query_tells_the_engines_state),
	KUNIT_CASE(invalid_path_carries_nothing),
	KUNIT_CASE(disconnect_is_acknowledged),
	KUNIT_CASE(abort_resets_the_peer),
	KUNIT_CASE(a_dead_peer_is_the_hosts_business),
	{}
};

static struct kunit_suite soft_suite = {
	.name = "toe_soft",
	.test_cases = soft_cases,
};

kunit_test_suite(soft_suite);

MODULE_DESCRIPTION("KUnit suite of the software offload target");
MODULE_LICENSE("GPL");
