// SPDX-License-Identifier: GPL-2.0
/*
 * Terminate: what comes back, in which order, and what a host may still do:
 * R-TOE-80 to R-TOE-100, and R-TOE-15 where the data is concerned.
 */
#include <linux/completion.h>
#include <linux/kthread.h>

#include "toe_env.h"

static void r_toe_80_requests_complete_first(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_QUERY] = TMOCK_LATER;
	e->m->when[TOE_UPDATE] = TMOCK_LATER;
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	e->m->forward_now = TOE_UNWRITTEN;
	tenv_start(e, TOE_QUERY, "c0");
	tenv_start(e, TOE_UPDATE, "c0");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 20, 0), 0);
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 3, false), 0);
	tenv_start(e, TOE_TERMINATE, "c0");
	tlog_clear(&e->m->log);
	tmock_finish(e->m, TOE_UPDATE);
	EXPECT_LOG(e, "update c0 SUCCESS");
	tmock_finish(e->m, TOE_QUERY);
	EXPECT_LOG(e, "query c0 SUCCESS; +terminate c0");
	e->m->abort_sends = TOE_UPLOAD_IN_PROGRESS;
	tmock_finish(e->m, TOE_TERMINATE);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 UPLOAD_IN_PROGRESS 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send1 UPLOAD_IN_PROGRESS 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 UPLOAD_IN_PROGRESS 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "forward UPLOAD_IN_PROGRESS"), 1);
	/* the last word is the terminate's */
	KUNIT_EXPECT_TRUE(test, tenv_ends_with(e, "terminate c0 SUCCESS"));
}

/*
 * The consumer sits in an indication; the terminate of that connection has to
 * wait for it.
 */
struct sitting {
	struct tenv *e;
	struct completion in;
	struct completion out;
	struct completion done;
};

static void sit(struct tenv_obj *o, struct toe_rx *rx)
{
	struct sitting *s = o->e->m->priv;

	complete(&s->in);
	while (!try_wait_for_completion(&s->out))
		cpu_relax();
}

static int receive_main(void *arg)
{
	struct sitting *s = arg;

	tmock_rx(s->e->m, tenv_o(s->e, "c0"), 0, 40, 0);
	complete(&s->done);
	return 0;
}

struct leaver {
	struct delayed_work work;
	struct sitting *s;
};

static void leave(struct work_struct *work)
{
	struct leaver *l = container_of(to_delayed_work(work), struct leaver, work);

	tlog(&l->s->e->m->log, "left");
	complete(&l->s->out);
}

static void r_toe_81_indications_return_first(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct sitting s = { .e = e };
	struct leaver l = { .s = &s };
	struct task_struct *t;

	/* on one processor nobody could do anything while another spins */
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two processors");
	tenv_offloaded(e, "n0(p0(c0))");
	init_completion(&s.in);
	init_completion(&s.out);
	init_completion(&s.done);
	e->m->priv = &s;
	e->on_rx = sit;
	t = kthread_run(receive_main, &s, "toe-receive");
	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	wait_for_completion(&s.in);
	INIT_DELAYED_WORK_ONSTACK(&l.work, leave);
	tenv_start(e, TOE_TERMINATE, "c0");
	schedule_delayed_work(&l.work, msecs_to_jiffies(50));
	tenv_flush(e);
	wait_for_completion(&s.done);
	cancel_delayed_work_sync(&l.work);
	destroy_delayed_work_on_stack(&l.work);
	tenv_flush(e);
	e->on_rx = NULL;
	KUNIT_EXPECT_EQ(test, tenv_count(e, "left"), 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(strstr(e->m->log.text, "left") ?: "",
					   "terminate c0 SUCCESS"));
}

/* On one processor: from inside the indication the terminate is asked for. */
static void ask_from_inside(struct tenv_obj *o, struct toe_rx *rx)
{
	struct tenv *e = o->e;
	struct tenv_op *op = e->m->priv;

	e->on_rx = NULL;
	KUNIT_EXPECT_EQ(e->test, toe_op_submit(op->op), 0);
	KUNIT_EXPECT_EQ(e->test, op->done, 0);
}

static void r_toe_81_terminate_from_inside_an_indication(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	o = tenv_tree(e, TOE_TERMINATE, "c0");
	e->m->priv = o;
	e->on_rx = ask_from_inside;
	tenv_rx(e, "c0", 40, 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->done, 1);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 40);
}

static u32 bytes_in(struct sk_buff_head *q)
{
	struct sk_buff *skb;
	u32 n = 0;

	if (!q)
		return 0;
	skb_queue_walk(q, skb)
		n += skb->len;
	return n;
}

static void check_buffered(struct kunit *test, struct sk_buff_head *q, u32 pos)
{
	struct sk_buff *skb;
	u8 byte;
	int i;

	skb_queue_walk(q, skb)
		for (i = 0; i < skb->len; i++) {
			KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, i, &byte, 1), 0);
			KUNIT_ASSERT_EQ(test, byte, (u8)pos++);
		}
}

static void r_toe_82_undelivered_bytes_come_back(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_obj *c;

	tenv_offloaded(e, "n0(p0(c0))");
	c = &e->c[0];
	e->answer = TOE_DATA_PARTIALLY_ACCEPTED;
	e->take = 70;
	e->times = 1;
	e->take_buffered = true;
	tenv_rx(e, "c0", 100, 0);
	tenv_rx(e, "c0", 50, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 70);
	tmock_ctx(e->m, c->obj)->d.c.rcv_nxt += 150;
	KUNIT_EXPECT_EQ(test, toe_upload(c->obj, TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, c->uploaded, 1);
	/* exactly the rest, in order, the last of it just below rcv_nxt */
	KUNIT_EXPECT_EQ(test, c->pos + bytes_in(&c->buffered), 150);
	check_buffered(test, &c->buffered, c->pos);
	KUNIT_EXPECT_EQ(test, c->d.rcv_nxt, TENV_RCV_NXT + 150);
}

/* By an explicit tree as well, and the consumer sees no byte of it twice. */
static void r_toe_82_in_the_host_s_own_tree(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated *d;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	tenv_rx(e, "c0", 100, 0);
	o = tenv_run(e, TOE_TERMINATE, "c0");
	d = toe_block_state(o->op->root, TOE_STATE_DELEGATED);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 0);
	/* what the host did not take during the completion is freed behind it */
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

/* A request that is partly filled keeps its bytes and says how many. */
static void r_toe_82_partly_filled_request(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 100, TOE_RECV_NO_PUSH), 0);
	tenv_rx(e, "c0", 30, 0);
	tlog_clear(&e->m->log);
	tenv_run(e, TOE_TERMINATE, "c0");
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 UPLOAD_IN_PROGRESS 30"), 1);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 30);
}

static void r_toe_83_old_bytes_before_newer_ones(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_obj *c;

	tenv_offloaded(e, "n0(p0(c0))");
	c = &e->c[0];
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	e->take_buffered = true;
	tenv_rx(e, "c0", 10, 0);
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	KUNIT_EXPECT_EQ(test, toe_upload(c->obj, TOE_HOST_ASKED), 0);
	tenv_flush(e);
	tlog_clear(&e->m->log);
	/* a segment that comes meanwhile is the host's, behind what comes back */
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, toe_obj_handle(c->obj), tmock_skb(0, 33)), 0);
	EXPECT_LOG(e, "");
	tmock_finish_all(e->m);
	EXPECT_LOG(e, "c0.uploaded SUCCESS; c0.segment 33");
	KUNIT_EXPECT_EQ(test, bytes_in(&c->buffered), 10);
}

static void r_toe_84_lent_buffers_come_back_in_their_own_time(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_obj *c;
	struct sk_buff *skb;

	tenv_offloaded(e, "n0(p0(c0))");
	c = &e->c[0];
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	e->take_buffered = true;
	tenv_rx(e, "c0", 500, 0);
	KUNIT_EXPECT_EQ(test, toe_upload(c->obj, TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
	/* the context is gone, the bytes are still there */
	check_buffered(test, &c->buffered, 0);
	while ((skb = __skb_dequeue(&c->buffered)))
		kfree_skb(skb);
}

static void r_toe_86_unfinished_sends_in_order(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_obj *c;
	struct toe_send *s;
	struct tmock_ctx *ctx;

	tenv_offloaded(e, "n0(p0(c0))");
	c = &e->c[0];
	e->take_sends = true;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 80, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 60, 0), 0);
	tmock_ack(e->m, c->obj, 100);
	tmock_ack(e->m, c->obj, 40);
	ctx = tmock_ctx(e->m, c->obj);
	ctx->d.c.snd_una = TENV_SND_NXT + 140;
	ctx->d.c.snd_nxt = TENV_SND_NXT + 180;
	ctx->d.c.snd_max = TENV_SND_NXT + 180;
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, toe_upload(c->obj, TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->sends[0].done, 1);
	KUNIT_EXPECT_EQ(test, e->sends[1].done + e->sends[2].done, 0);
	KUNIT_ASSERT_EQ(test, list_count_nodes(&c->sends), 2);
	/* the first byte of what comes back is snd_una */
	s = list_first_entry(&c->sends, struct toe_send, link);
	KUNIT_EXPECT_PTR_EQ(test, s, &e->sends[1].s);
	KUNIT_EXPECT_EQ(test, s->bytes, 40);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&s->iter), 40);
	KUNIT_EXPECT_EQ(test, c->d.snd_una, TENV_SND_NXT + 140);
	s = list_next_entry(s, link);
	KUNIT_EXPECT_PTR_EQ(test, s, &e->sends[2].s);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&s->iter), 60);
}

/* The other way: they complete, with the count of what was acknowledged. */
static void r_toe_86_unfinished_sends_completed(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->abort_sends = TOE_UPLOAD_IN_PROGRESS;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 80, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 60, 0), 0);
	tmock_ack(e->m, tenv_o(e, "c0"), 140);
	tenv_run(e, TOE_TERMINATE, "c0");
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 SUCCESS 100"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send1 UPLOAD_IN_PROGRESS 40"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send2 UPLOAD_IN_PROGRESS 0"), 1);
}

static void r_toe_87_no_sends_no_chain(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	tmock_ack(e->m, tenv_o(e, "c0"), 100);
	o = tenv_run(e, TOE_TERMINATE, "c0");
	KUNIT_EXPECT_TRUE(test, list_empty(&o->op->root->sends));
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 "), 1);
}

/*
 * A target that completes what it was shown; what was deferred or held is chained
 * behind it. Host order is acceptance order, by &toe_send.seq.
 */
static void r_toe_88_order_of_both_forms(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_obj *c;
	struct toe_send *s;
	u32 seq;

	tenv_offloaded(e, "n0(p0(c0))");
	c = &e->c[0];
	e->take_sends = true;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 30, 0), 0);
	local_bh_disable();
	toe_send_abort(e->m->t, toe_obj_handle(c->obj), TOE_UPLOAD_IN_PROGRESS);
	local_bh_enable();
	EXPECT_LOG(e, "+send c0 10; +send c0 20; +send c0 30; send0 UPLOAD_IN_PROGRESS 0; "
		   "send1 UPLOAD_IN_PROGRESS 0; send2 UPLOAD_IN_PROGRESS 0");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 40, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 50, 0), 0);
	KUNIT_EXPECT_EQ(test, toe_upload(c->obj, TOE_HOST_ASKED), 0);
	tenv_flush(e);
	seq = e->sends[2].s.seq;
	list_for_each_entry(s, &c->sends, link) {
		KUNIT_EXPECT_GT(test, (s32)(s->seq - seq), 0);
		seq = s->seq;
	}
	KUNIT_EXPECT_EQ(test, list_count_nodes(&c->sends) + e->sends[3].done + e->sends[4].done, 2);
}

static void r_toe_89_send_between_decision_and_terminate(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	/* the target has decided, the host does not know yet */
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	toe_event_retrieve(e->m->t, toe_obj_handle(tenv_o(e, "c0")), TOE_UPLOAD_WANTED);
	local_bh_disable();
	toe_send_abort(e->m->t, toe_obj_handle(tenv_o(e, "c0")), TOE_UPLOAD_IN_PROGRESS);
	local_bh_enable();
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 UPLOAD_IN_PROGRESS 0"), 1);
	/* from now on it is refused: the host sends by itself, once */
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 50, 0), -ESHUTDOWN);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->sends[0].done, 1);
	KUNIT_EXPECT_EQ(test, e->sends[1].done, 0);
}

static void r_toe_90_nothing_behind_the_host_s_terminate(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_QUERY] = TMOCK_LATER;
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	/* asked for is enough: this one waits for the query */
	tenv_start(e, TOE_QUERY, "c0");
	tenv_start(e, TOE_TERMINATE, "c0");
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 50, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 50, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 0, false), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 0, true), -ESHUTDOWN);
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_QUERY, "c0"), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_UPDATE, "c0"), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INVALIDATE, "c0"), -ESHUTDOWN);
	EXPECT_LOG(e, "");
	tmock_finish_all(e->m);
	tenv_flush(e);
	tmock_finish_all(e->m);
}

static void keep_segment(struct tenv_obj *o, struct sk_buff *skb)
{
	int err;

	/* the host never forwards what came during a terminate */
	tenv_forward(o->e, o->name, &err);
	KUNIT_EXPECT_NE(o->e->test, err, 0);
	kfree_skb(skb);
}

static void r_toe_91_segments_during_terminate(struct kunit *test)
{
	struct tenv *e = test->priv;
	u64 handle;

	tenv_offloaded(e, "n0(p0(c0))");
	handle = toe_obj_handle(tenv_o(e, "c0"));
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	e->on_segment = keep_segment;
	tenv_start(e, TOE_TERMINATE, "c0");
	tenv_flush(e);
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, handle, tmock_skb(0, 40)), 0);
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, handle, tmock_skb(0, 41)), 0);
	EXPECT_LOG(e, "");
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.segment 40"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.segment 41"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+forward"), 0);
}

static void r_toe_92_segments_after_terminate(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct sk_buff *skb = tmock_skb(0, 40);
	u64 handle;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	tenv_offloaded(e, "n0(p0(c0))");
	handle = toe_obj_handle(tenv_o(e, "c0"));
	/* while it is offloaded the core passes them on */
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, handle, tmock_skb(0, 20)), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.segment 20"), 1);
	tenv_run(e, TOE_TERMINATE, "c0");
	/* the ordinary path is the caller's: it still has the segment */
	KUNIT_EXPECT_EQ(test, toe_pass_up(e->m->t, handle, skb), -ESTALE);
	KUNIT_EXPECT_EQ(test, toe_receive(e->m->t, handle, skb, 0), -ESTALE);
	kfree_skb(skb);
}

struct left_case {
	const char *desc;
	s32 delta;
	u32 turn;
	s32 left;
};

static const struct left_case left_cases[] = {
	{ "R-TOE-93: 40 ticks left", 100, 60, 40 },
	{ "R-TOE-93: due now", 100, 99, 1 },
	{ "R-TOE-93: off", TOE_TIMER_OFF, 60, TOE_TIMER_OFF },
	{ "R-TOE-93: fired already", 100, 100, TOE_TIMER_OFF },
};

KUNIT_ARRAY_PARAM_DESC(left, left_cases, desc);

static void r_toe_93_timers_come_back(struct kunit *test)
{
	const struct left_case *c = test->param_value;
	struct tenv *e = test->priv;

	tenv_world(e, "n0(p0(c0))");
	e->c[0].seed.rt_delta = c->delta;
	e->c[0].seed.ka_delta = c->delta;
	tenv_run(e, TOE_INITIATE, "n0(p0(c0))");
	tenv_tick(e, c->turn);
	KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].d.rt_delta, c->left);
	KUNIT_EXPECT_EQ(test, e->c[0].d.ka_delta, c->left);
}

static void r_toe_94_persist_state_goes_round(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_delegated *seed = &e->c[0].seed;
	int i;

	tenv_world(e, "n0(p0(c0))");
	seed->snd_wnd = 0;
	seed->snd_wnd_probes = 2;
	seed->rt_count = 1;
	seed->rt_delta = 77;
	tenv_offloaded(e, "n0(p0)");
	for (i = 0; i < 3; i++) {
		tenv_run(e, TOE_INITIATE, "p0(c0)");
		KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
		tenv_flush(e);
		KUNIT_EXPECT_EQ(test, e->c[0].d.snd_wnd_probes, 2);
		KUNIT_EXPECT_EQ(test, e->c[0].d.rt_count, 1);
		KUNIT_EXPECT_EQ(test, e->c[0].d.rt_delta, 77);
		KUNIT_EXPECT_EQ(test, e->c[0].d.snd_wnd, 0);
		*seed = e->c[0].d;
		seed->buffered = NULL;
	}
}

static void r_toe_97_terminate_fails(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 100, 0), 0);
	e->m->answer[TOE_TERMINATE] = TOE_FAILURE;
	e->take_sends = true;
	KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].uploaded, 1);
	KUNIT_EXPECT_EQ(test, e->c[0].status, TOE_FAILURE);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	/* lost is lost: requests are aborted, nothing comes back */
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&e->c[0].sends));
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static void r_toe_98_asked_twice(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *a, *b;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	a = tenv_start(e, TOE_TERMINATE, "c0");
	b = tenv_start(e, TOE_TERMINATE, "c0");
	KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	KUNIT_EXPECT_EQ(test, a->done + b->done, 0);
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	KUNIT_EXPECT_EQ(test, a->done, 1);
	KUNIT_EXPECT_EQ(test, b->done, 1);
	KUNIT_EXPECT_EQ(test, a->op->root->status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, b->op->root->status, TOE_SUCCESS);
	KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), -ENOTCONN);
}

static void r_toe_99_events_while_terminating(struct kunit *test)
{
	struct tenv *e = test->priv;
	u64 handle;

	tenv_offloaded(e, "n0(p0(c0))");
	handle = toe_obj_handle(tenv_o(e, "c0"));
	e->m->when[TOE_TERMINATE] = TMOCK_LATER;
	tenv_start(e, TOE_TERMINATE, "c0");
	toe_event_retrieve(e->m->t, handle, TOE_HARDWARE_FAILURE);
	toe_event_abort(e->m->t, handle);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	tmock_finish_all(e->m);
	tenv_flush(e);
	toe_event_abort(e->m->t, handle);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], 1);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static const struct {
	u8 state;
} any_state[] = {
	{ TOE_TCP_CLOSED }, { TOE_TCP_LISTEN }, { TOE_TCP_SYN_SENT }, { TOE_TCP_SYN_RCVD },
	{ TOE_TCP_ESTABLISHED }, { TOE_TCP_FIN_WAIT1 }, { TOE_TCP_FIN_WAIT2 },
	{ TOE_TCP_CLOSE_WAIT }, { TOE_TCP_CLOSING }, { TOE_TCP_LAST_ACK }, { TOE_TCP_TIME_WAIT },
};

static void r_toe_100_in_any_tcp_state(struct kunit *test)
{
	struct tenv *e = test->priv;
	int i;

	tenv_offloaded(e, "n0(p0)");
	tenv_world(e, "n0(p0(c0))");
	for (i = 0; i < ARRAY_SIZE(any_state); i++) {
		tenv_run(e, TOE_INITIATE, "p0(c0)");
		tmock_ctx(e->m, tenv_o(e, "c0"))->d.c.state = any_state[i].state;
		KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
		tenv_flush(e);
		KUNIT_EXPECT_EQ(test, e->c[0].status, TOE_SUCCESS);
		KUNIT_EXPECT_EQ(test, e->c[0].d.state, any_state[i].state);
		EXPECT_STATE(e, "c0", TOE_IN_HOST);
	}
}

static struct kunit_case toe_terminate_cases[] = {
	KUNIT_CASE(r_toe_80_requests_complete_first),
	KUNIT_CASE(r_toe_81_indications_return_first),
	KUNIT_CASE(r_toe_81_terminate_from_inside_an_indication),
	KUNIT_CASE(r_toe_82_undelivered_bytes_come_back),
	KUNIT_CASE(r_toe_82_in_the_host_s_own_tree),
	KUNIT_CASE(r_toe_82_partly_filled_request),
	KUNIT_CASE(r_toe_83_old_bytes_before_newer_ones),
	KUNIT_CASE(r_toe_84_lent_buffers_come_back_in_their_own_time),
	KUNIT_CASE(r_toe_86_unfinished_sends_in_order),
	KUNIT_CASE(r_toe_86_unfinished_sends_completed),
	KUNIT_CASE(r_toe_87_no_sends_no_chain),
	KUNIT_CASE(r_toe_88_order_of_both_forms),
	KUNIT_CASE(r_toe_89_send_between_decision_and_terminate),
	KUNIT_CASE(r_toe_90_nothing_behind_the_host_s_terminate),
	KUNIT_CASE(r_toe_91_segments_during_terminate),
	KUNIT_CASE(r_toe_92_segments_after_terminate),
	KUNIT_CASE_PARAM(r_toe_93_timers_come_back, left_gen_params),
	KUNIT_CASE(r_toe_94_persist_state_goes_round),
	KUNIT_CASE(r_toe_97_terminate_fails),
	KUNIT_CASE(r_toe_98_asked_twice),
	KUNIT_CASE(r_toe_99_events_while_terminating),
	KUNIT_CASE(r_toe_100_in_any_tcp_state),
	{}
};

static struct kunit_suite toe_terminate_suite = {
	.name = "ndk_toe_terminate",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_terminate_cases,
};

kunit_test_suite(toe_terminate_suite);
