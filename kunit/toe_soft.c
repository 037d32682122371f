// SPDX-License-Identifier: GPL-2.0
/*
 * The software target whole: what two of them do for each other.
 */
#include "toe_soft_env.h"

static void carries_bytes_both_ways(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	unsigned int i;

	tw_both_offloaded(w);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, 0, tw_send(&w->side[0], PIECE + i, 0));
		KUNIT_EXPECT_EQ(test, 0, tw_send(&w->side[1], 100 + i, 0));
	}
	tw_settle(w);
	tw_run(w, 1000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_EQ(test, w->side[0].last_status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, w->side[0].pieces[0].done, 1);
}

static void carries_bytes_over_loss(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	unsigned int i;

	w->loss = 50;
	tw_both_offloaded(w);
	for (i = 0; i < 60; i++) {
		tw_send(&w->side[0], PIECE, 0);
		tw_send(&w->side[1], PIECE, 0);
	}
	tw_settle(w);
	tw_run(w, 600000);
	tw_expect_all_there(w);
}

static void deferred_sends_leave_together(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	unsigned int i;

	tw_both_offloaded(w);
	tw_settle(w);
	w->sent = 0;
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, 0, tw_send(&w->side[0], 100, TOE_SEND_DEFER));
	KUNIT_EXPECT_EQ(test, w->sent, 0);
	KUNIT_EXPECT_EQ(test, 0, tw_send(&w->side[0], 100, 0));
	/* eight requests, one segment */
	KUNIT_EXPECT_EQ(test, w->sent, 1);
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

/* Off and back in the middle of a transfer, again and again. */
static void moves_lose_nothing(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	unsigned int i;

	w->loss = 20;
	tw_both_offloaded(w);
	for (i = 0; i < 40; i++) {
		tw_send(&w->side[0], PIECE, 0);
		tw_send(&w->side[1], PIECE, 0);
		tw_pump(w);
		tw_pump(w);
		if (i % 2)
			tw_pass(w, 1);
		tw_upload(&w->side[i % 2]);
		tw_pump(w);
		KUNIT_ASSERT_EQ(test, tw_offload(&w->side[i % 2]), TOE_SUCCESS);
	}
	tw_run(w, 600000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_EQ(test, w->side[0].uploads, 20);
}

static void uploaded_state_is_what_was_offloaded(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct toe_conn_delegated before = w->side[0].seed, *after = &w->side[0].seed;

	KUNIT_ASSERT_EQ(test, tw_offload(&w->side[0]), TOE_SUCCESS);
	tw_upload(&w->side[0]);
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
	struct world *w = tw_world(test, 0);
	struct side *reader = &w->side[1];
	unsigned int i;

	tw_both_offloaded(w);
	reader->refuse = 1;
	for (i = 0; i < 30; i++)
		tw_send(&w->side[0], PIECE, 0);
	tw_settle(w);
	tw_pass(w, 3000);
	KUNIT_EXPECT_EQ(test, reader->got, 0);
	KUNIT_EXPECT_LE(test, w->side[0].acked, WINDOW);
	KUNIT_EXPECT_GT(test, w->side[0].acked, WINDOW / 2);
	/* taken back and offered anew the consumer is asked again */
	tw_upload(reader);
	KUNIT_EXPECT_GT(test, skb_queue_len(&reader->kept), 0);
	KUNIT_ASSERT_EQ(test, tw_offload(reader), TOE_SUCCESS);
	tw_run(w, 600000);
	tw_expect_all_there(w);
}

static void urgent_segment_comes_back_untouched(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct side *side = &w->side[1];
	struct sk_buff *skb;

	tw_both_offloaded(w);
	tw_send(&w->side[0], 10, 0);
	skb = skb_peek(&w->wire[1]);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	tcp_hdr(skb)->urg = 1;
	tw_settle(w);
	tw_pass(w, 100);
	KUNIT_EXPECT_EQ(test, side->reasons[TOE_URGENT_DATA], 1);
	KUNIT_EXPECT_EQ(test, side->segments, 1);
	KUNIT_EXPECT_EQ(test, side->got, 0);
	KUNIT_EXPECT_EQ(test, side->uploads, 1);
	KUNIT_EXPECT_EQ(test, side->seed.rcv_nxt, ISN0);
	KUNIT_EXPECT_EQ(test, w->side[0].acked, 0);
}

struct forwarded {
	struct toe_forward f;
	unsigned int done;
};

static void forward_done(struct toe_forward *f)
{
	container_of(f, struct forwarded, f)->done++;
}

/* What a socket's backlog holds: several in a row, each in the core's list meanwhile. */
static void forwarded_segments_are_processed_in_a_row(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	struct forwarded *f = kunit_kcalloc(test, 3, sizeof(*f), GFP_KERNEL);
	struct side *side = &w->side[1];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	tw_both_offloaded(w);
	tw_settle(w);
	for (i = 0; i < 3; i++) {
		tw_send(&w->side[0], 100, 0);
		f[i].f.skb = skb_dequeue(&w->wire[1]);
		KUNIT_ASSERT_NOT_NULL(test, f[i].f.skb);
		f[i].f.done = forward_done;
	}
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, toe_forward(toe_conn_of(side->conn), &f[i].f), 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, f[i].done, 1);
		KUNIT_EXPECT_EQ(test, f[i].f.status, TOE_SUCCESS);
		kfree_skb(f[i].f.skb);
	}
	tw_run(w, 1000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_EQ(test, side->got, 300);
}

static void query_tells_the_engines_state(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	DECLARE_COMPLETION_ONSTACK(done);
	struct toe_conn_delegated *d;
	struct toe_block *b;
	struct toe_op *op;

	tw_both_offloaded(w);
	tw_send(&w->side[0], 5000, 0);
	op = tw_tree(&w->side[0], TOE_QUERY, &done, &b);
	KUNIT_ASSERT_EQ(test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	KUNIT_EXPECT_EQ(test, b->status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, d->snd_una, ISN0);
	KUNIT_EXPECT_EQ(test, d->snd_max, ISN0 + 5000);
	KUNIT_EXPECT_GT(test, d->rt_delta, 0);
	toe_op_free(op);
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

static void invalid_path_carries_nothing(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	DECLARE_COMPLETION_ONSTACK(done);
	struct toe_op *op;

	tw_both_offloaded(w);
	tw_settle(w);
	op = toe_op_alloc(w->side[0].st->t, TOE_INVALIDATE, tw_op_done, &done, GFP_KERNEL);
	toe_op_add(op, NULL, w->side[0].path, 0, TOE_STATE_NONE, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	toe_op_free(op);
	w->sent = 0;
	tw_send(&w->side[0], 100, 0);
	tw_pass(w, 10);
	KUNIT_EXPECT_EQ(test, w->sent, 0);
	KUNIT_EXPECT_EQ(test, w->side[0].uploads, 1);
	KUNIT_EXPECT_EQ(test, w->side[0].reasons[TOE_INVALIDATED], 1);
}

static void disconnect_is_acknowledged(struct kunit *test)
{
	struct world *w = tw_world(test, TCPE_F_HANDLE_FIN);
	struct side *side = &w->side[0];
	struct piece *p = &side->pieces[side->npieces++];

	tw_both_offloaded(w);
	tw_fill(side, p, 100);
	KUNIT_EXPECT_EQ(test, 0, toe_disconnect(toe_conn_of(side->conn), &p->s, false));
	tw_settle(w);
	tw_pass(w, 100);
	KUNIT_EXPECT_EQ(test, p->done, 1);
	KUNIT_EXPECT_EQ(test, p->s.status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, w->side[1].got, 100);
	KUNIT_EXPECT_EQ(test, w->side[1].fins, 1);
	/* the other half goes on */
	tw_send(&w->side[1], 3000, 0);
	tw_settle(w);
	tw_pass(w, 100);
	KUNIT_EXPECT_EQ(test, side->got, 3000);
	tw_expect_all_there(w);
}

static void abort_resets_the_peer(struct kunit *test)
{
	struct world *w = tw_world(test, TCPE_F_HANDLE_RST);
	struct side *side = &w->side[0];
	struct piece *p = &side->pieces[side->npieces++];

	tw_both_offloaded(w);
	tw_fill(side, p, 1);
	iov_iter_kvec(&p->s.iter, ITER_SOURCE, &p->kv, 1, 0);
	KUNIT_EXPECT_EQ(test, 0, toe_disconnect(toe_conn_of(side->conn), &p->s, true));
	tw_settle(w);
	tw_pass(w, 10);
	KUNIT_EXPECT_EQ(test, w->rsts, 1);
	KUNIT_EXPECT_EQ(test, p->done, 1);
	KUNIT_EXPECT_EQ(test, w->side[1].aborts, 1);
}

static void a_dead_peer_is_the_hosts_business(struct kunit *test)
{
	struct world *w = tw_world(test, 0);
	unsigned int ticks;

	tw_both_offloaded(w);
	w->loss = 1000;
	tw_send(&w->side[0], 100, 0);
	for (ticks = 0; ticks < 4000 && !w->side[0].uploads; ticks++) {
		toe_clock_advance(&w->clock, 1000);
		tw_settle(w);
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
	KUNIT_CASE(forwarded_segments_are_processed_in_a_row),
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
