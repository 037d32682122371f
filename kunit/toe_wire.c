// SPDX-License-Identifier: GPL-2.0
/*
 * What leaves a software target, frame by frame: rules of tier W.
 */
#include <linux/if_vlan.h>
#include <linux/kthread.h>

#include "toe_soft_env.h"

static const struct tw_setup frames4 = { .frames = true };

static struct toe_conn_cached cached(struct side *side)
{
	return *(const struct toe_conn_cached *)toe_obj_cached(side->conn);
}

static u32 one(struct side *side, enum toe_op_type type, struct toe_obj *obj,
	       enum toe_class cls)
{
	struct toe_op *op = toe_op_alloc(side->st->t, type, tw_op_done, NULL, GFP_KERNEL);

	return tw_run_op(side->w, op, toe_op_add(op, NULL, obj, 0, cls, GFP_KERNEL));
}

static void start_counting(struct side *side)
{
	side->sent = 0;
	side->again = 0;
	side->max_ip_len = 0;
}

/* What came back to the host is offered again, with other numbers. */
static void lend(struct side *side, u32 len)
{
	struct piece *p = &side->pieces[side->npieces++];

	tw_fill(side, p, len);
	list_add_tail(&p->s.link, &side->backlog);
}

static void frames_carry_bytes(struct kunit *test)
{
	struct world *w = tw_world_of(test, test->param_value);
	unsigned int i;

	w->loss = 20;
	tw_both_offloaded(w);
	for (i = 0; i < 40; i++) {
		tw_send(&w->side[0], PIECE, 0);
		tw_send(&w->side[1], PIECE + i, 0);
	}
	tw_settle(w);
	tw_run(w, 600000);
	tw_expect_all_there(w);
}

static void r_toe_35_what_was_sent_is_not_sent_again(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];

	lend(side, 100);
	side->seed.snd_nxt += 100;
	side->seed.snd_max += 100;
	tw_both_offloaded(w);
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, w->sent, 0);
	/* nobody has it, so it is sent once its time is over */
	tw_run(w, 5000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_GE(test, side->sent, 1);
}

static void r_toe_36_nothing_to_send_is_nothing_sent(struct kunit *test)
{
	struct world *w = tw_world(test, 0);

	tw_both_offloaded(w);
	tw_pass(w, 5000);
	KUNIT_EXPECT_EQ(test, w->sent, 0);
}

/* R-TOE-34's geometry with the end of the numbers in the middle of it. */
static void r_toe_40_geometry_on_the_wire(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	u32 una = 0xfffffe00u;

	side->seed.snd_una = una;
	side->seed.snd_nxt = una + 500;
	side->seed.snd_max = una + 1000;
	side->top = side->seed.snd_max;
	w->side[1].seed.rcv_nxt = una;
	w->side[1].seed.snd_wl1 = una;
	lend(side, 1500);
	side->cut = true;
	KUNIT_ASSERT_EQ(test, tw_offload(side), TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, side->seen.seq + side->seen.len, una + 1500);
	KUNIT_EXPECT_GT(test, side->sent, 0);
	side->cut = false;
	KUNIT_ASSERT_EQ(test, tw_offload(&w->side[1]), TOE_SUCCESS);
	tw_run(w, 10000);
	tw_expect_all_there(w);
}

static void r_toe_62_next_frame_has_the_new_mac(struct kunit *test)
{
	struct world *w = tw_world_of(test, &frames4);
	struct side *side = &w->side[0];
	struct toe_neigh_cached v = *(const struct toe_neigh_cached *)toe_obj_cached(side->neigh);
	struct toe_op *op;
	struct toe_block *b;
	u8 old[ETH_ALEN];

	ether_addr_copy(old, v.dst);
	tw_both_offloaded(w);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(side->seen.dst, old));
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(side->seen.src, side->dev->dev_addr));
	v.dst[5] = 0x77;
	op = toe_op_alloc(side->st->t, TOE_UPDATE, tw_op_done, NULL, GFP_KERNEL);
	b = toe_op_add(op, NULL, side->neigh, 0, TOE_STATE_CACHED, GFP_KERNEL);
	*(struct toe_neigh_cached *)toe_block_state(b, TOE_STATE_CACHED) = v;
	KUNIT_EXPECT_EQ(test, tw_run_op(w, op, b), TOE_SUCCESS);
	/* the one on its way is what it was */
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(skb_peek(&w->wire[1])->data, old));
	tw_settle(w);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(side->seen.dst, v.dst));
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

static u32 set_mtu(struct side *side, u32 mtu)
{
	struct toe_op *op = toe_op_alloc(side->st->t, TOE_UPDATE, tw_op_done, NULL, GFP_KERNEL);
	struct toe_block *b = toe_op_add(op, NULL, side->path, 0, TOE_STATE_CACHED, GFP_KERNEL);

	((struct toe_path_cached *)toe_block_state(b, TOE_STATE_CACHED))->mtu = mtu;
	return tw_run_op(side->w, op, b);
}

static void r_toe_63_no_packet_above_the_new_mtu(struct kunit *test)
{
	struct world *w = tw_world_of(test, &frames4);
	struct side *side = &w->side[0];
	unsigned int i;

	tw_both_offloaded(w);
	side->cut = true;
	for (i = 0; i < 10; i++)
		tw_send(side, PIECE, 0);
	KUNIT_EXPECT_EQ(test, side->max_ip_len, 1500);
	start_counting(side);
	side->cut = false;
	KUNIT_EXPECT_EQ(test, set_mtu(side, 700), TOE_SUCCESS);
	/* what was too large is cut anew at once, not after a timeout */
	KUNIT_EXPECT_GT(test, side->again, 0);
	tw_run(w, 60000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_LE(test, side->max_ip_len, 700);
	KUNIT_EXPECT_GT(test, side->max_ip_len, 600);
}

static s32 keepalive_left(struct side *side)
{
	struct toe_conn_delegated d;

	tw_query(side, &d);
	return d.ka_delta;
}

static void r_toe_66_keepalive_starts_and_stops(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	struct toe_conn_cached v = cached(side);

	tw_both_offloaded(w);
	KUNIT_EXPECT_EQ(test, keepalive_left(side), TOE_TIMER_OFF);
	v.flags |= TOE_CONN_KEEPALIVE;
	v.ka_timeout = 5000;
	tw_pass(w, 100);
	KUNIT_EXPECT_EQ(test, tw_update_conn(side, &v), TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, keepalive_left(side), 5000);
	tw_pass(w, 4990);
	KUNIT_EXPECT_EQ(test, side->sent, 0);
	tw_pass(w, 20);
	KUNIT_EXPECT_EQ(test, side->sent, 1);
	KUNIT_EXPECT_EQ(test, side->seen.seq, ISN0 - 1);
	v.flags &= ~TOE_CONN_KEEPALIVE;
	KUNIT_EXPECT_EQ(test, tw_update_conn(side, &v), TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, keepalive_left(side), TOE_TIMER_OFF);
}

static void r_toe_67_keepalive_restarts_once(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	struct toe_conn_cached v = cached(side);

	tw_both_offloaded(w);
	v.flags |= TOE_CONN_KEEPALIVE;
	v.ka_timeout = 5000;
	tw_update_conn(side, &v);
	tw_pass(w, 1000);
	KUNIT_EXPECT_EQ(test, keepalive_left(side), 4000);
	v.flags |= TOE_CONN_KEEPALIVE_RESTART;
	tw_update_conn(side, &v);
	KUNIT_EXPECT_EQ(test, keepalive_left(side), 5000);
	tw_pass(w, 1000);
	v.flags &= ~TOE_CONN_KEEPALIVE_RESTART;
	tw_update_conn(side, &v);
	KUNIT_EXPECT_EQ(test, keepalive_left(side), 4000);
}

static void r_toe_68_retransmission_time_is_forgotten(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	struct toe_conn_cached v = cached(side);
	struct toe_conn_delegated d;

	tw_both_offloaded(w);
	side->cut = true;
	tw_send(side, 100, 0);
	tw_pass(w, 10000);
	tw_query(side, &d);
	KUNIT_EXPECT_GT(test, d.total_rt, 1000);
	KUNIT_EXPECT_GT(test, d.rt_count, 1);
	v.flags |= TOE_CONN_MAX_RT_RESTART;
	tw_update_conn(side, &v);
	tw_query(side, &d);
	KUNIT_EXPECT_EQ(test, d.total_rt, 0);
	tw_pass(w, 50);
	tw_query(side, &d);
	KUNIT_EXPECT_EQ(test, d.total_rt, 50);
}

/* Rule 68 as well: other values begin anew. */
static void r_toe_68_keepalive_counts_begin_anew(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	struct toe_conn_cached v = cached(side);
	struct toe_conn_delegated d;

	tw_both_offloaded(w);
	side->cut = true;
	v.flags |= TOE_CONN_KEEPALIVE;
	v.ka_timeout = 1000;
	v.ka_interval = 1000;
	tw_update_conn(side, &v);
	tw_pass(w, 3500);
	tw_query(side, &d);
	KUNIT_EXPECT_EQ(test, d.ka_probes, 3);
	v.ka_probes++;
	v.flags |= TOE_CONN_MAX_RT_RESTART;
	tw_update_conn(side, &v);
	tw_query(side, &d);
	KUNIT_EXPECT_EQ(test, d.ka_probes, 0);
	v.ka_timeout = 3000;
	tw_update_conn(side, &v);
	KUNIT_EXPECT_EQ(test, keepalive_left(side), 3000);
}

static void r_toe_69_window_moves_right_only(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0], *peer = &w->side[1];
	struct toe_conn_cached v = cached(side);
	u32 edge;

	/* no window scale: begin below what the header holds */
	side->seed.rcv_wnd = 20000;
	peer->seed.snd_wnd = 20000;
	tw_both_offloaded(w);
	v.initial_rcv_wnd = 40000;
	v.flags |= TOE_CONN_UPDATE_RCV_WND;
	tw_update_conn(side, &v);
	KUNIT_EXPECT_EQ(test, side->sent, 1);
	KUNIT_EXPECT_EQ(test, side->seen.window, 40000);
	edge = side->seen.ack + side->seen.window;
	v.initial_rcv_wnd = 10000;
	tw_update_conn(side, &v);
	tw_send(peer, 3000, 0);
	tw_settle(w);
	tw_pass(w, 1000);
	KUNIT_EXPECT_EQ(test, side->seen.ack, ISN1 + 3000);
	/* no further left, no further right */
	KUNIT_EXPECT_EQ(test, side->seen.ack + side->seen.window, edge);
}

static void r_toe_70_frames_go_where_the_path_leads(struct kunit *test)
{
	struct world *w = tw_world_of(test, &frames4);
	struct side *side = &w->side[0];
	struct toe_obj *old = side->neigh;
	struct toe_block *n, *b;
	struct toe_op *op;

	tw_both_offloaded(w);
	side->neigh = tw_new_neigh(side, 0x55, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(side->neigh));
	KUNIT_EXPECT_EQ(test, one(side, TOE_INITIATE, side->neigh, TOE_STATE_ALL), TOE_SUCCESS);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->seen.dst[5], 0x10);
	op = toe_op_alloc(side->st->t, TOE_UPDATE, tw_op_done, NULL, GFP_KERNEL);
	n = toe_op_add(op, NULL, side->neigh, 0, TOE_STATE_NONE, GFP_KERNEL);
	b = toe_op_add(op, n, side->path, 0, TOE_STATE_NONE, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, tw_run_op(w, op, b), TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, one(side, TOE_TERMINATE, old, TOE_STATE_NONE), TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, toe_obj_dependents(old), 0);
	toe_obj_put(old);
	tw_settle(w);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->seen.dst[5], 0x55);
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

/* A path that was cut off with its neighbor works again below another one. */
static void r_toe_70_a_new_neighbor_mends_the_path(struct kunit *test)
{
	struct world *w = tw_world_of(test, &frames4);
	struct side *side = &w->side[0];
	struct toe_obj *old = side->neigh;
	struct toe_block *n, *b;
	struct toe_op *op;

	tw_both_offloaded(w);
	KUNIT_EXPECT_EQ(test, one(side, TOE_INVALIDATE, old, TOE_STATE_NONE), TOE_SUCCESS);
	side->neigh = tw_new_neigh(side, 0x55, 0);
	KUNIT_EXPECT_EQ(test, one(side, TOE_INITIATE, side->neigh, TOE_STATE_ALL), TOE_SUCCESS);
	op = toe_op_alloc(side->st->t, TOE_UPDATE, tw_op_done, NULL, GFP_KERNEL);
	n = toe_op_add(op, NULL, side->neigh, 0, TOE_STATE_NONE, GFP_KERNEL);
	b = toe_op_add(op, n, side->path, 0, TOE_STATE_NONE, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, tw_run_op(w, op, b), TOE_SUCCESS);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->sent, 1);
	KUNIT_EXPECT_EQ(test, side->seen.dst[5], 0x55);
	tw_run(w, 1000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_EQ(test, side->uploads, 0);
	KUNIT_EXPECT_EQ(test, one(side, TOE_TERMINATE, old, TOE_STATE_NONE), TOE_SUCCESS);
	toe_obj_put(old);
}

static void r_toe_73_packet_fields_in_the_next_packet(struct kunit *test)
{
	const struct tw_setup *how = test->param_value;
	struct world *w = tw_world_of(test, how);
	struct side *side = &w->side[0];
	struct toe_conn_cached v = cached(side);

	tw_both_offloaded(w);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->seen.ttl, 64);
	KUNIT_EXPECT_EQ(test, side->seen.tos, 0);
	KUNIT_EXPECT_FALSE(test, side->seen.tagged);
	tw_settle(w);
	v.ttl = 3;
	v.tos = 0xb8;
	v.priority = 5;
	v.flow_label = 0x5a5a5;
	KUNIT_EXPECT_EQ(test, tw_update_conn(side, &v), TOE_SUCCESS);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->seen.ttl, 3);
	KUNIT_EXPECT_EQ(test, side->seen.tos, 0xb8);
	KUNIT_EXPECT_TRUE(test, side->seen.tagged);
	KUNIT_EXPECT_EQ(test, side->seen.tag, 5 << VLAN_PRIO_SHIFT);
	KUNIT_EXPECT_EQ(test, side->seen.label, how->v6 ? 0x5a5a5 : 0);
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

/* IP IDs of a target are in the upper half, and no two bursts share one. */
static void frames_number_their_packets(struct kunit *test)
{
	struct world *w = tw_world_of(test, &frames4);
	struct side *side = &w->side[0];
	u16 before;

	tw_both_offloaded(w);
	tw_send(side, 4 * 1448, 0);
	before = side->seen.id;
	KUNIT_EXPECT_TRUE(test, before & 0x8000);
	tw_run(w, 1000);
	tw_send(side, 10, 0);
	KUNIT_EXPECT_GE(test, side->seen.id, before + 4);
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

static u32 offload_another(struct side *side, struct toe_obj *conn)
{
	struct toe_op *op = toe_op_alloc(side->st->t, TOE_INITIATE, tw_op_done, NULL, GFP_KERNEL);
	struct toe_conn_delegated *d;
	struct toe_block *n, *p, *b;

	n = toe_op_add(op, NULL, side->neigh, 0, TOE_STATE_NONE, GFP_KERNEL);
	p = toe_op_add(op, n, side->path, 0, TOE_STATE_NONE, GFP_KERNEL);
	b = toe_op_add(op, p, conn, 0, TOE_STATE_ALL, GFP_KERNEL);
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	*d = side->seed;
	d->ka_delta = 500;
	return tw_run_op(side->w, op, b);
}

/* One with data and something to acknowledge, one with a keepalive that is due. */
static void r_toe_74_two_connections_below_an_invalid_neighbor(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0], *peer = &w->side[1];
	struct toe_obj *other;

	tw_both_offloaded(w);
	other = tw_new_conn(side, 4001, 80);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_EQ(test, offload_another(side, other), TOE_SUCCESS);
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, one(side, TOE_INVALIDATE, side->neigh, TOE_STATE_NONE), TOE_SUCCESS);
	start_counting(side);
	tw_send(peer, 3000, 0);
	tw_send(side, 100, 0);
	tw_pass(w, 1000);
	KUNIT_EXPECT_EQ(test, side->sent, 0);
	KUNIT_EXPECT_EQ(test, side->got, 3000);
	toe_obj_put(other);
}

static void r_toe_76_received_but_not_acknowledged(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0], *peer = &w->side[1];

	tw_both_offloaded(w);
	KUNIT_EXPECT_EQ(test, one(side, TOE_INVALIDATE, side->path, TOE_STATE_NONE), TOE_SUCCESS);
	tw_send(peer, 2000, 0);
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, side->got, 2000);
	KUNIT_EXPECT_EQ(test, side->bad, 0);
	KUNIT_EXPECT_EQ(test, side->sent, 0);
	KUNIT_EXPECT_EQ(test, peer->acked, 0);
}

static void r_toe_79_owed_acknowledgment_leaves_first(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0], *peer = &w->side[1];

	tw_both_offloaded(w);
	tw_send(peer, 10, 0);
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, side->got, 10);
	KUNIT_EXPECT_EQ(test, side->sent, 0);
	tw_upload(side);
	KUNIT_EXPECT_EQ(test, side->sent, 1);
	KUNIT_EXPECT_EQ(test, side->seen.ack, ISN1 + 10);
	/* and nothing of it is left: a second stay does not send it again */
	KUNIT_ASSERT_EQ(test, tw_offload(side), TOE_SUCCESS);
	tw_pass(w, 1000);
	KUNIT_EXPECT_EQ(test, side->sent, 1);
}

static void r_toe_85_early_bytes_come_again(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0], *peer = &w->side[1];

	tw_both_offloaded(w);
	/* the first of three is lost, the others are early */
	peer->cut = true;
	tw_send(peer, 1448, 0);
	peer->cut = false;
	tw_send(peer, 1448, 0);
	tw_send(peer, 1448, 0);
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, side->seen.ack, ISN1);
	tw_upload(side);
	KUNIT_EXPECT_EQ(test, side->seed.rcv_nxt, ISN1);
	KUNIT_EXPECT_TRUE(test, skb_queue_empty(&side->kept));
	KUNIT_ASSERT_EQ(test, tw_offload(side), TOE_SUCCESS);
	tw_run(w, 60000);
	tw_expect_all_there(w);
}

/* Data, one way, out of order, given to the target by two threads at once. */
struct feeder {
	struct world *w;
	struct sk_buff_head q;
	struct completion *go;
	struct completion done;
};

static int feed(void *data)
{
	struct feeder *f = data;
	struct side *side = &f->w->side[1];
	struct soft_tuple key = tw_key_of(side);
	struct sk_buff *skb;

	wait_for_completion(f->go);
	while ((skb = __skb_dequeue(&f->q))) {
		local_bh_disable();
		if (soft_rx(side->st, &key, skb))
			kfree_skb(skb);
		local_bh_enable();
		cond_resched();
	}
	complete(&f->done);
	return 0;
}

static void r_toe_140_order_on_two_processors(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct feeder *f = kunit_kcalloc(test, 2, sizeof(*f), GFP_KERNEL);
	struct side *side = &w->side[0];
	DECLARE_COMPLETION_ONSTACK(go);
	struct task_struct *task;
	struct sk_buff *skb;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	side->seed.cwnd = 60000;
	tw_both_offloaded(w);
	for (i = 0; i < 56; i++)
		tw_send(side, 1000 + i, 0);
	for (i = 0; i < 2; i++) {
		f[i].w = w;
		f[i].go = &go;
		__skb_queue_head_init(&f[i].q);
		init_completion(&f[i].done);
	}
	for (i = 0; (skb = skb_dequeue(&w->wire[1])); i++)
		__skb_queue_tail(&f[prandom_u32_state(&w->rnd) % 2].q, skb);
	KUNIT_EXPECT_GT(test, i, 30);
	for (i = 0; i < 2; i++) {
		task = kthread_create(feed, &f[i], "toe_feed/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		if (nr_cpu_ids > 1 && cpu_online(i))
			kthread_bind(task, i);
		wake_up_process(task);
	}
	complete_all(&go);
	for (i = 0; i < 2; i++)
		wait_for_completion(&f[i].done);
	/* who delivers for both may still be at it */
	tw_settle(w);
	tw_run(w, 60000);
	tw_expect_all_there(w);
}

static void r_toe_154_half_closed_connections_are_not_asked_back(struct kunit *test)
{
	struct world *w = tw_world(test, TCPE_F_HANDLE_FIN);
	struct side *side = &w->side[0], *peer = &w->side[1];
	struct piece *p = &side->pieces[side->npieces++];
	struct toe_conn_delegated d;
	unsigned int i;

	tw_both_offloaded(w);
	tw_fill(side, p, 100);
	KUNIT_EXPECT_EQ(test, 0, toe_disconnect(toe_conn_of(side->conn), &p->s, false));
	tw_query(side, &d);
	KUNIT_EXPECT_EQ(test, d.state, TOE_TCP_FIN_WAIT1);
	tw_settle(w);
	tw_pass(w, 1000);
	tw_query(side, &d);
	KUNIT_EXPECT_EQ(test, d.state, TOE_TCP_FIN_WAIT2);
	tw_query(peer, &d);
	KUNIT_EXPECT_EQ(test, d.state, TOE_TCP_CLOSE_WAIT);
	/* loss, disorder and small requests are what hints are for */
	w->loss = 300;
	for (i = 0; i < 30; i++)
		tw_send(peer, 20, 0);
	tw_run(w, 60000);
	KUNIT_EXPECT_EQ(test, side->hints + peer->hints, 0);
	KUNIT_EXPECT_EQ(test, side->uploads + peer->uploads, 0);
	/* a mandatory reason is raised in any state */
	side->cut = true;
	tw_send(peer, 20, 0);
	for (i = 0; i < 4000 && !peer->uploads; i++) {
		toe_clock_advance(&w->clock, 1000);
		tw_settle(w);
	}
	KUNIT_EXPECT_EQ(test, peer->reasons[TOE_TIMEOUT], 1);
}

static void r_toe_160_tag_of_another_vlan(struct kunit *test)
{
	struct tw_setup how = { .frames = true, .vlan = 7 };
	struct world *w = tw_world_of(test, &how);
	struct side *side = &w->side[0], *peer = &w->side[1];
	struct sk_buff *skb;

	tw_both_offloaded(w);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_TRUE(test, side->seen.tagged);
	KUNIT_EXPECT_EQ(test, side->seen.tag, 7);
	skb = skb_peek(&w->wire[1]);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 8);
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, peer->got, 0);
	/* sent again, with its own tag */
	tw_run(w, 5000);
	tw_expect_all_there(w);
}

static void r_toe_160_any_tag_without_a_vlan(struct kunit *test)
{
	struct world *w = tw_world_of(test, &frames4);
	struct side *side = &w->side[0];
	struct sk_buff *skb;

	tw_both_offloaded(w);
	tw_send(side, 100, 0);
	skb = skb_peek(&w->wire[1]);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 8);
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, w->side[1].got, 100);
}

/* The host's clock runs at half and at twice the speed of the target's. */
static void r_toe_161_timestamps_never_go_back(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	unsigned int i;

	tw_both_offloaded(w);
	for (i = 0; i < 10; i++) {
		tw_send(side, 3000, 0);
		tw_pass(w, 100);
		tw_upload(side);
		toe_clock_advance(&w->clock, 100);
		side->seed.ts_time += i % 2 ? 50 : 200;
		KUNIT_ASSERT_EQ(test, tw_offload(side), TOE_SUCCESS);
	}
	tw_run(w, 60000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_FALSE(test, side->ts_back);
	KUNIT_EXPECT_GE(test, side->seen.tsval, 1000 + 10 * 150);
}

/* Sent in one stay, acknowledged in the next: the option tells how long it took. */
static void r_toe_162_round_trip_across_a_move(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	struct toe_conn_delegated d;

	KUNIT_ASSERT_EQ(test, tw_offload(side), TOE_SUCCESS);
	tw_send(side, 100, 0);
	toe_clock_advance(&w->clock, 20);
	tw_upload(side);
	KUNIT_EXPECT_EQ(test, side->seed.srtt, 0);
	side->seed.ts_time += 10;
	toe_clock_advance(&w->clock, 10);
	KUNIT_ASSERT_EQ(test, tw_offload(side), TOE_SUCCESS);
	KUNIT_ASSERT_EQ(test, tw_offload(&w->side[1]), TOE_SUCCESS);
	while (!side->acked && w->clock.now < 101000) {
		tw_settle(w);
		toe_clock_advance(&w->clock, 1);
	}
	KUNIT_EXPECT_EQ(test, side->acked, 100);
	tw_query(side, &d);
	KUNIT_EXPECT_GT(test, d.srtt, 0);
	KUNIT_EXPECT_LE(test, d.srtt / 8, w->clock.now - 100000 + 1);
}

#define STALE	30000

static void r_toe_165_asks_before_it_sends(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];

	tw_both_offloaded(w);
	tw_send(side, 100, 0);
	tw_run(w, 1000);
	KUNIT_EXPECT_EQ(test, side->asked, 0);
	/* nobody hears of anybody for long */
	toe_clock_advance(&w->clock, 2 * STALE);
	tw_settle(w);
	start_counting(side);
	side->cut = true;
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->asked, 1);
	KUNIT_EXPECT_EQ(test, side->sent, 1);
	KUNIT_EXPECT_GE(test, side->nrd, 2 * STALE);
	/* the answer was 0; the peer does not answer: quiet for a while */
	tw_pass(w, 10000);
	KUNIT_EXPECT_GT(test, side->sent, 2);
	KUNIT_EXPECT_EQ(test, side->asked, 1);
	toe_clock_advance(&w->clock, STALE);
	tw_pass(w, 60000);
	KUNIT_EXPECT_GE(test, side->asked, 2);
	/* progress: no further question */
	side->cut = false;
	tw_run(w, 200000);
	tw_expect_all_there(w);
	side->asked = 0;
	toe_clock_advance(&w->clock, STALE / 2);
	tw_send(side, 100, 0);
	tw_run(w, 1000);
	KUNIT_EXPECT_EQ(test, side->asked, 0);
}

static void r_toe_166_one_fresh_is_enough(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[0];
	struct toe_neigh_cached v = *(const struct toe_neigh_cached *)toe_obj_cached(side->neigh);
	struct toe_op *op;
	struct toe_block *b;

	tw_both_offloaded(w);
	toe_clock_advance(&w->clock, 2 * STALE);
	/* the host has just heard of it */
	v.host_reachability = 10;
	op = toe_op_alloc(side->st->t, TOE_UPDATE, tw_op_done, NULL, GFP_KERNEL);
	b = toe_op_add(op, NULL, side->neigh, 0, TOE_STATE_CACHED, GFP_KERNEL);
	*(struct toe_neigh_cached *)toe_block_state(b, TOE_STATE_CACHED) = v;
	KUNIT_EXPECT_EQ(test, tw_run_op(w, op, b), TOE_SUCCESS);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->asked, 0);
	/* now the target has, and the host has not */
	tw_run(w, 1000);
	toe_clock_advance(&w->clock, STALE - 100);
	tw_send(side, 100, 0);
	KUNIT_EXPECT_EQ(test, side->asked, 0);
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

static void r_toe_168_what_is_counted_when(struct kunit *test)
{
	struct world *w = tw_world(test, TCPE_F_HANDLE_FIN);
	struct side *side = &w->side[0], *peer = &w->side[1];
	struct piece *p = &side->pieces[side->npieces++];
	u64 v[TOE_COUNTERS];
	u32 now;

	tw_both_offloaded(w);
	side->cut = true;
	tw_send(side, 100, 0);
	tw_pass(w, 3000);
	side->cut = false;
	tw_run(w, 60000);
	now = toe_target_counters(side->st->t, false, v);
	KUNIT_EXPECT_EQ(test, now, 1);
	KUNIT_EXPECT_EQ(test, v[TOE_TCP_OUT_SEGS], 1);
	KUNIT_EXPECT_GE(test, v[TOE_TCP_RETRANS_SEGS], 1);
	KUNIT_EXPECT_EQ(test, v[TOE_TCP_OUT_SEGS] + v[TOE_TCP_RETRANS_SEGS],
			v[TOE_IP_OUT_REQUESTS]);
	/* CLOSE_WAIT counts as well */
	tw_fill(side, p, 1);
	KUNIT_EXPECT_EQ(test, 0, toe_disconnect(toe_conn_of(side->conn), &p->s, false));
	tw_settle(w);
	KUNIT_EXPECT_EQ(test, toe_target_counters(peer->st->t, false, v), 1);
	toe_target_reset_counters(side->st->t);
	toe_target_counters(side->st->t, false, v);
	KUNIT_EXPECT_EQ(test, v[TOE_TCP_OUT_SEGS], 0);
}

/* A segment of loopback is larger than a burst may be. */
static void largest_segments_leave(struct kunit *test)
{
	struct tw_setup how = { .mtu = 65535 };
	struct world *w = tw_world_of(test, &how);

	w->side[0].seed.cwnd = 200000;
	tw_both_offloaded(w);
	tw_send(&w->side[0], 200000, 0);
	tw_run(w, 60000);
	tw_expect_all_there(w);
}

static struct kunit_case wire_cases[] = {
	KUNIT_CASE_PARAM(frames_carry_bytes, tw_frames_gen_params),
	KUNIT_CASE(frames_number_their_packets),
	KUNIT_CASE(largest_segments_leave),
	KUNIT_CASE(r_toe_35_what_was_sent_is_not_sent_again),
	KUNIT_CASE(r_toe_36_nothing_to_send_is_nothing_sent),
	KUNIT_CASE(r_toe_40_geometry_on_the_wire),
	KUNIT_CASE(r_toe_62_next_frame_has_the_new_mac),
	KUNIT_CASE(r_toe_63_no_packet_above_the_new_mtu),
	KUNIT_CASE(r_toe_66_keepalive_starts_and_stops),
	KUNIT_CASE(r_toe_67_keepalive_restarts_once),
	KUNIT_CASE(r_toe_68_retransmission_time_is_forgotten),
	KUNIT_CASE(r_toe_68_keepalive_counts_begin_anew),
	KUNIT_CASE(r_toe_69_window_moves_right_only),
	KUNIT_CASE(r_toe_70_frames_go_where_the_path_leads),
	KUNIT_CASE(r_toe_70_a_new_neighbor_mends_the_path),
	KUNIT_CASE_PARAM(r_toe_73_packet_fields_in_the_next_packet, tw_frames_gen_params),
	KUNIT_CASE(r_toe_74_two_connections_below_an_invalid_neighbor),
	KUNIT_CASE(r_toe_76_received_but_not_acknowledged),
	KUNIT_CASE(r_toe_79_owed_acknowledgment_leaves_first),
	KUNIT_CASE(r_toe_85_early_bytes_come_again),
	KUNIT_CASE(r_toe_140_order_on_two_processors),
	KUNIT_CASE(r_toe_154_half_closed_connections_are_not_asked_back),
	KUNIT_CASE(r_toe_160_tag_of_another_vlan),
	KUNIT_CASE(r_toe_160_any_tag_without_a_vlan),
	KUNIT_CASE(r_toe_161_timestamps_never_go_back),
	KUNIT_CASE(r_toe_162_round_trip_across_a_move),
	KUNIT_CASE(r_toe_165_asks_before_it_sends),
	KUNIT_CASE(r_toe_166_one_fresh_is_enough),
	KUNIT_CASE(r_toe_168_what_is_counted_when),
	{}
};

static struct kunit_suite wire_suite = {
	.name = "toe_wire",
	.test_cases = wire_cases,
};

kunit_test_suite(wire_suite);
