// SPDX-License-Identifier: GPL-2.0
/*
 * The receive path of a connection: R-TOE-117 to R-TOE-139, R-TOE-146.
 */
#include <linux/delay.h>
#include <linux/kthread.h>

#include "toe_env.h"

#define PUSH	500	/* ticks, toe_params.push */

static void r_toe_117_buffers_are_the_consumer_s(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_rx *rx;
	u8 byte;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	e->keep = true;
	for (i = 0; i < 4; i++)
		tenv_rx(e, "c0", 100, 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&e->loans), 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 4);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 0);
	/* more traffic does not touch what it has */
	i = 0;
	list_for_each_entry(rx, &e->loans, link) {
		KUNIT_EXPECT_EQ(test, skb_copy_bits(skb_peek(&rx->skbs), rx->offset, &byte, 1), 0);
		KUNIT_EXPECT_EQ(test, byte, (u8)(100 * i++));
	}
	tenv_return(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 0);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 400);
}

static void r_toe_118_refused(struct kunit *test)
{
	struct tenv *e = test->priv;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	tenv_rx(e, "c0", 100, 0);
	EXPECT_LOG(e, "c0.rx 100@0");
	for (i = 0; i < 10; i++)
		tenv_rx(e, "c0", 10, TOE_RX_PSH);
	EXPECT_LOG(e, "");
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 0);
	KUNIT_EXPECT_EQ(test, toe_receive_room(e->m->t, toe_obj_handle(tenv_o(e, "c0"))), 200);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 0, 0), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 200);
}

static void r_toe_119_partly_accepted(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_PARTIALLY_ACCEPTED;
	e->take = 33;
	e->times = 1;
	tenv_rx(e, "c0", 100, 0);
	EXPECT_LOG(e, "c0.rx 100@0");
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 33);
	tenv_rx(e, "c0", 10, 0);
	EXPECT_LOG(e, "");
	KUNIT_EXPECT_EQ(test, toe_receive_room(e->m->t, toe_obj_handle(tenv_o(e, "c0"))), 77);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 33);
	/* the first 33 are never seen again: the consumer's check of bytes says so */
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 0, 0), 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 110);
}

static void r_toe_120_zero_length_request(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	tenv_rx(e, "c0", 100, 0);
	tenv_rx(e, "c0", 50, 0);
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 0, 0), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 SUCCESS 0"), 1);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 150);
	/* on an open gate it completes too, and changes nothing */
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 0, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv1 SUCCESS 0"), 1);
	tenv_rx(e, "c0", 5, 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 155);
}

static void r_toe_121_request_behind_a_refusal(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	tenv_rx(e, "c0", 100, 0);
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 40, 0), 0);
	EXPECT_LOG(e, "recv0 SUCCESS 40; c0.rx 60@40");
}

static void r_toe_122_order_behind_the_gate(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c0", 10, 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 15, TOE_RECV_NO_PUSH), 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 40);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

static void r_toe_123_requests_before_indications(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 30, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 30, 0), 0);
	tenv_rx(e, "c0", 100, 0);
	EXPECT_LOG(e, "recv0 SUCCESS 30; recv1 SUCCESS 30; c0.rx 40@60");
}

static void r_toe_124_push_timer(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 100, 0), 0);
	tenv_tick(e, 2 * PUSH);
	EXPECT_LOG(e, "");
	tenv_rx(e, "c0", 10, 0);
	tenv_tick(e, PUSH - 1);
	EXPECT_LOG(e, "");
	/* every arrival starts it anew */
	tenv_rx(e, "c0", 10, 0);
	tenv_tick(e, PUSH - 1);
	EXPECT_LOG(e, "");
	tenv_tick(e, 1);
	EXPECT_LOG(e, "recv0 SUCCESS 20");
}

/* How long is the host's decision. */
static void r_toe_124_push_time_is_a_parameter(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_params p;

	toe_target_get_params(e->m->t, &p);
	KUNIT_EXPECT_EQ(test, p.push, PUSH);
	KUNIT_EXPECT_EQ(test, p.ticks_per_second, 1000);
	p.push = 20;
	KUNIT_EXPECT_EQ(test, toe_target_set_params(e->m->t, &p), 0);
	KUNIT_EXPECT_EQ(test, e->m->params.push, 20);
	tenv_offloaded(e, "n0(p0(c0))");
	p.push = 10;
	KUNIT_EXPECT_EQ(test, toe_target_set_params(e->m->t, &p), -EBUSY);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 100, 0), 0);
	tenv_rx(e, "c0", 10, 0);
	tenv_tick(e, 19);
	EXPECT_LOG(e, "");
	tenv_tick(e, 1);
	EXPECT_LOG(e, "recv0 SUCCESS 10");
}

static void r_toe_125_psh_completes(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 100, 0), 0);
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c0", 5, TOE_RX_PSH);
	EXPECT_LOG(e, "recv0 SUCCESS 15");
	/* the timer is stopped: the next request is not its business */
	tenv_tick(e, 2 * PUSH);
	EXPECT_LOG(e, "");
	tenv_rx(e, "c0", 7, TOE_RX_PSH);
	EXPECT_LOG(e, "recv1 SUCCESS 7");
}

static void r_toe_126_non_push_waits_until_full(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 50, TOE_RECV_NO_PUSH), 0);
	tenv_rx(e, "c0", 20, TOE_RX_PSH);
	tenv_tick(e, 10 * PUSH);
	tenv_rx(e, "c0", 29, TOE_RX_PSH);
	tenv_tick(e, 10 * PUSH);
	EXPECT_LOG(e, "");
	tenv_rx(e, "c0", 1, 0);
	EXPECT_LOG(e, "recv0 SUCCESS 50");
}

static void r_toe_127_prefilled_non_push(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_recv *r;

	tenv_offloaded(e, "n0(p0(c0))");
	r = tenv_new_recv(e, "c0", 50, 20, TOE_RECV_NO_PUSH);
	memset(r->kv.iov_base, 0x77, 20);
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), 0);
	tenv_rx(e, "c0", 29, TOE_RX_PSH);
	EXPECT_LOG(e, "");
	tenv_rx(e, "c0", 1, 0);
	EXPECT_LOG(e, "recv0 SUCCESS 50");
	KUNIT_EXPECT_EQ(test, ((u8 *)r->kv.iov_base)[19], 0x77);
	KUNIT_EXPECT_EQ(test, ((u8 *)r->kv.iov_base)[20], 0);
	KUNIT_EXPECT_EQ(test, ((u8 *)r->kv.iov_base)[21], 1);
}

static void r_toe_128_prefilled_push_starts_the_timer(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_recv *r;

	tenv_offloaded(e, "n0(p0(c0))");
	r = tenv_new_recv(e, "c0", 50, 20, 0);
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), 0);
	tenv_tick(e, PUSH - 1);
	EXPECT_LOG(e, "");
	tenv_tick(e, 1);
	EXPECT_LOG(e, "recv0 SUCCESS 20");
}

static void r_toe_129_full_requests_complete_at_once(struct kunit *test)
{
	static const u32 modes[] = { 0, TOE_RECV_NO_PUSH };
	struct tenv *e = test->priv;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		tlog_clear(&e->m->log);
		KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 40, modes[i]), 0);
		tenv_rx(e, "c0", 40, 0);
		EXPECT_LOG(e, i ? "recv1 SUCCESS 40" : "recv0 SUCCESS 40");
	}
}

static void r_toe_130_push_timer_with_nothing_partial(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 20, 0), 0);
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c0", 10, 0);
	tlog_clear(&e->m->log);
	tenv_tick(e, 4 * PUSH);
	EXPECT_LOG(e, "");
	/* nor does it complete an empty one */
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 20, 0), 0);
	tenv_tick(e, 4 * PUSH);
	EXPECT_LOG(e, "");
}

/* More arrives from inside the consumer: it is not called again before it returns. */
static void feed_more(struct tenv_obj *o, struct toe_rx *rx)
{
	struct tenv *e = o->e;

	if (o->fed < 50)
		tenv_rx(e, o->name, 10, TOE_RX_PSH);
}

static void r_toe_131_no_second_call_inside_the_first(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->on_rx = feed_more;
	tenv_rx(e, "c0", 10, 0);
	KUNIT_EXPECT_EQ(test, e->c[0].max_in_consumer, 1);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 50);
}

struct feeder {
	struct tenv *e;
	const char *name;
	struct completion done;
	int n;
};

static int feeder_main(void *arg)
{
	struct feeder *f = arg;
	struct toe_obj *obj = tenv_o(f->e, f->name);
	int i;

	for (i = 0; i < f->n; i++) {
		tmock_rx(f->e->m, obj, 0, 1, 0);
		cond_resched();
	}
	complete(&f->done);
	return 0;
}

static void slow_down(struct tenv_obj *o, struct toe_rx *rx)
{
	u64 end = ktime_get_ns() + 20 * NSEC_PER_USEC;

	while (ktime_get_ns() < end)
		cpu_relax();
}

/* Two processors deliver to one connection: never two of its calls at a time. */
static void r_toe_131_one_call_at_a_time_on_two_processors(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct feeder f = { .e = e, .name = "c0", .n = 500 };
	struct task_struct *t;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->log.off = true;
	e->on_rx = slow_down;
	init_completion(&f.done);
	t = kthread_run(feeder_main, &f, "toe-feed");
	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	for (i = 0; i < f.n; i++) {
		tmock_rx(e->m, tenv_o(e, "c0"), 0, 1, 0);
		cond_resched();
	}
	wait_for_completion(&f.done);
	/* so many at once may be finished by a work item */
	for (i = 0; i < 5000 && (READ_ONCE(e->c[0].pos) != 2 * f.n ||
				 atomic_read(&e->c[0].in_consumer)); i++)
		usleep_range(500, 1000);
	e->m->log.off = false;
	KUNIT_EXPECT_EQ(test, e->c[0].max_in_consumer, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->c[0].in_consumer), 0);
	/* all bytes are 0 here; how many there were is what counts */
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 2 * f.n);
	e->bad_bytes = 0;
}

static void post_again(struct tenv_recv *r)
{
	struct tenv *e = r->o->e;

	if (e->nrecvs < 4) {
		struct tenv_recv *next = tenv_new_recv(e, r->o->name, 10, 0, 0);

		next->on_done = post_again;
		KUNIT_EXPECT_EQ(e->test, toe_recv(tenv_conn(e, r->o->name), &next->r), 0);
		/* accepted, but not completed inside of this completion */
		KUNIT_EXPECT_EQ(e->test, next->done, 0);
	}
}

static void r_toe_132_request_from_inside_a_completion(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_recv *r;

	tenv_offloaded(e, "n0(p0(c0))");
	r = tenv_new_recv(e, "c0", 10, 0, 0);
	r->on_done = post_again;
	KUNIT_EXPECT_EQ(test, toe_recv(tenv_conn(e, "c0"), &r->r), 0);
	tenv_rx(e, "c0", 50, 0);
	EXPECT_LOG(e, "recv0 SUCCESS 10; recv1 SUCCESS 10; recv2 SUCCESS 10; recv3 SUCCESS 10; "
		   "c0.rx 10@40");
}

static void other_one(struct tenv_obj *o, struct toe_rx *rx)
{
	struct tenv *e = o->e;

	if (o == &e->c[0])
		tenv_rx(e, "c1", 7, 0);
}

static void r_toe_133_connections_are_independent(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	e->on_rx = other_one;
	tenv_rx(e, "c0", 10, 0);
	/* the second was called inside the first's call */
	EXPECT_LOG(e, "c0.rx 10@0; c1.rx 7@0");
	KUNIT_EXPECT_EQ(test, e->c[1].pos, 7);
}

static void r_toe_134_return_in_any_order(struct kunit *test)
{
	struct tenv *e = test->priv;
	LIST_HEAD(mixed);

	tenv_offloaded(e, "n0(p0(c0 c1))");
	e->keep = true;
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c1", 20, 0);
	tenv_rx(e, "c0", 30, 0);
	while (!list_empty(&e->loans))
		list_move(e->loans.next, &mixed);
	toe_rx_return(&mixed);
	KUNIT_EXPECT_TRUE(test, list_empty(&mixed));
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 0);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 40);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c1"))->consumed, 20);
	/* nothing is nothing */
	toe_rx_return(&mixed);
}

static void r_toe_135_request_behind_the_end(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	tenv_rx(e, "c0", 10, TOE_RX_FIN);
	EXPECT_LOG(e, "c0.rx 10@0; c0.eof");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 40, 0), 0);
	EXPECT_LOG(e, "recv0 INVALID_STATE 0");
}

/* One that waits when the end comes has waited for nothing. */
static void r_toe_135_request_when_the_end_comes(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 40, TOE_RECV_NO_PUSH), 0);
	tenv_rx(e, "c0", 10, 0);
	tenv_rx(e, "c0", 0, TOE_RX_FIN);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->recvs[0].done, 1);
	KUNIT_EXPECT_EQ(test, e->recvs[0].r.bytes, 10);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.eof"), 1);
}

static void r_toe_136_reset_of_a_partly_filled_request(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 40, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 40, 0), 0);
	tenv_rx(e, "c0", 11, 0);
	tlog_clear(&e->m->log);
	toe_event_abort(e->m->t, toe_obj_handle(tenv_o(e, "c0")));
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 REQUEST_ABORTED 11"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv1 REQUEST_ABORTED 0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.reset"), 1);
}

static void prefer(struct tenv *e, u32 bytes)
{
	struct toe_conn_cached v = tenv_conn_cached();

	v.rcv_indication_size = bytes;
	KUNIT_ASSERT_EQ(e->test, toe_obj_set(tenv_o(e, "c0"), TOE_STATE_CACHED, &v), 0);
}

/* What waits, because the first was refused, is indicated when the gate opens. */
static void refuse_and_reopen(struct tenv *e)
{
	int i;

	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	for (i = 0; i < 6; i++)
		tenv_rx(e, "c0", 100, i == 3 ? TOE_RX_PSH : 0);
	tenv_flush(e);
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(e->test, tenv_recv(e, "c0", 0, 0), 0);
}

struct size_case {
	const char *desc;
	u32 bytes;
	const char *want[7];
};

#define ONE_BY_ONE { "c0.rx 100@0", "c0.rx 100@100", "c0.rx 100@200", "c0.rx 100@300", \
		     "c0.rx 100@400", "c0.rx 100@500" }

static const struct size_case size_cases[] = {
	{ "none", 0, ONE_BY_ONE },
	{ "less than a unit", 99, ONE_BY_ONE },
	{ "two and a half", 250, { "c0.rx 200@0", "c0.rx 200@200", "c0.rx 200@400" } },
	/* a push is where the peer wants it to be seen */
	{ "more than there is", U32_MAX, { "c0.rx 400@0", "c0.rx 200@400" } },
};

KUNIT_ARRAY_PARAM_DESC(size, size_cases, desc);

static void preferred_size_of_indications(struct kunit *test)
{
	const struct size_case *c = test->param_value;
	struct tenv *e = test->priv;
	int i;

	tenv_world(e, "n0(p0(c0))");
	prefer(e, c->bytes);
	tenv_offloaded(e, "n0(p0(c0))");
	refuse_and_reopen(e);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 600);
	for (i = 0; c->want[i]; i++)
		KUNIT_EXPECT_EQ_MSG(test, tenv_count(e, c->want[i]), 1, "%s", c->want[i]);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.rx "), i);
}

/* An update of the hint counts from the next indication on. */
static void preferred_size_can_be_updated(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct toe_conn_cached *v;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	o = tenv_tree(e, TOE_UPDATE, "c0");
	v = toe_block_state(o->op->root, TOE_STATE_CACHED);
	v->rcv_indication_size = 1000;
	KUNIT_ASSERT_EQ(test, toe_op_submit(o->op), 0);
	tenv_flush(e);
	refuse_and_reopen(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.rx "), 2);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 600);
}

struct nonsense_case {
	const char *desc;
	u32 answer;
	u32 take;
};

static const struct nonsense_case nonsense_cases[] = {
	{ "more than there is", TOE_DATA_PARTIALLY_ACCEPTED, 101 },
	{ "a great deal more", TOE_DATA_PARTIALLY_ACCEPTED, U32_MAX },
	{ "a status that is none of its answers", TOE_UPLOAD_IN_PROGRESS, 0 },
	{ "a status that is no status", 0x12345678, 0 },
};

KUNIT_ARRAY_PARAM_DESC(nonsense, nonsense_cases, desc);

/* A consumer's bug costs no byte. */
static void r_toe_137_nonsense_from_the_consumer(struct kunit *test)
{
	const struct nonsense_case *c = test->param_value;
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = c->answer;
	e->take = c->take;
	e->times = 1;
	tenv_rx(e, "c0", 100, 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 0);
	tenv_rx(e, "c0", 10, 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 0, 0), 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 110);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

/* Everything taken, but called a part: the gate closes, no byte is repeated. */
static void r_toe_137_all_called_a_part(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_PARTIALLY_ACCEPTED;
	e->take = 0;
	e->times = 1;
	tenv_rx(e, "c0", 100, 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 0, 0), 0);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 100);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

struct closer {
	struct work_struct work;
	struct tenv *e;
	bool over;
};

static void close_target(struct work_struct *work)
{
	struct closer *c = container_of(work, struct closer, work);

	tmock_retire(c->e->m);
	WRITE_ONCE(c->over, true);
}

static void r_toe_138_close_waits_for_loans(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct closer c = { .e = e };

	tenv_offloaded(e, "n0(p0(c0))");
	e->keep = true;
	tenv_rx(e, "c0", 100, 0);
	INIT_WORK_ONSTACK(&c.work, close_target);
	queue_work(system_unbound_wq, &c.work);
	msleep(100);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(c.over));
	tenv_return(e);
	flush_work(&c.work);
	destroy_work_on_stack(&c.work);
	KUNIT_EXPECT_TRUE(test, c.over);
	e->retired = true;
}

/* Bytes on loan and bytes waiting are what the window has to leave out. */
static void r_toe_139_loans_close_the_window(struct kunit *test)
{
	struct tenv *e = test->priv;
	u64 handle;
	u32 room = 0, now;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	handle = toe_obj_handle(tenv_o(e, "c0"));
	e->keep = true;
	for (i = 0; i < 16; i++) {
		tenv_rx(e, "c0", 1024, 0);
		now = toe_receive_room(e->m->t, handle);
		KUNIT_EXPECT_EQ(test, now, room + 1024);
		room = now;
	}
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 16384);
	tenv_return(e);
	KUNIT_EXPECT_EQ(test, toe_receive_room(e->m->t, handle), 0);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 16384);
}

static void r_toe_146_end_behind_the_last_byte(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 1;
	tenv_rx(e, "c0", 500, TOE_RX_FIN);
	EXPECT_LOG(e, "c0.rx 500@0");
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 499, TOE_RECV_NO_PUSH), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 SUCCESS 499"), 1);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 500);
	KUNIT_EXPECT_TRUE(test, tenv_ends_with(e, "c0.eof"));
}

static void r_toe_146_end_waits_for_a_request(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->answer = TOE_DATA_NOT_ACCEPTED;
	e->times = 2;
	tenv_rx(e, "c0", 500, 0);
	tenv_rx(e, "c0", 0, TOE_RX_FIN);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 499, 0), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.eof"), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 10, 0), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->c[0].pos, 500);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.eof"), 1);
}

static struct kunit_case toe_receive_cases[] = {
	KUNIT_CASE(r_toe_117_buffers_are_the_consumer_s),
	KUNIT_CASE(r_toe_118_refused),
	KUNIT_CASE(r_toe_119_partly_accepted),
	KUNIT_CASE(r_toe_120_zero_length_request),
	KUNIT_CASE(r_toe_121_request_behind_a_refusal),
	KUNIT_CASE(r_toe_122_order_behind_the_gate),
	KUNIT_CASE(r_toe_123_requests_before_indications),
	KUNIT_CASE(r_toe_124_push_timer),
	KUNIT_CASE(r_toe_124_push_time_is_a_parameter),
	KUNIT_CASE(r_toe_125_psh_completes),
	KUNIT_CASE(r_toe_126_non_push_waits_until_full),
	KUNIT_CASE(r_toe_127_prefilled_non_push),
	KUNIT_CASE(r_toe_128_prefilled_push_starts_the_timer),
	KUNIT_CASE(r_toe_129_full_requests_complete_at_once),
	KUNIT_CASE(r_toe_130_push_timer_with_nothing_partial),
	KUNIT_CASE(r_toe_131_no_second_call_inside_the_first),
	KUNIT_CASE(r_toe_131_one_call_at_a_time_on_two_processors),
	KUNIT_CASE(r_toe_132_request_from_inside_a_completion),
	KUNIT_CASE(r_toe_133_connections_are_independent),
	KUNIT_CASE(r_toe_134_return_in_any_order),
	KUNIT_CASE(r_toe_135_request_behind_the_end),
	KUNIT_CASE(r_toe_135_request_when_the_end_comes),
	KUNIT_CASE(r_toe_136_reset_of_a_partly_filled_request),
	KUNIT_CASE_PARAM(preferred_size_of_indications, size_gen_params),
	KUNIT_CASE(preferred_size_can_be_updated),
	KUNIT_CASE_PARAM(r_toe_137_nonsense_from_the_consumer, nonsense_gen_params),
	KUNIT_CASE(r_toe_137_all_called_a_part),
	KUNIT_CASE(r_toe_138_close_waits_for_loans),
	KUNIT_CASE(r_toe_139_loans_close_the_window),
	KUNIT_CASE(r_toe_146_end_behind_the_last_byte),
	KUNIT_CASE(r_toe_146_end_waits_for_a_request),
	{}
};

static struct kunit_suite toe_receive_suite = {
	.name = "ndk_toe_receive",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_receive_cases,
};

kunit_test_suite(toe_receive_suite);
