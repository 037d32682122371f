// SPDX-License-Identifier: GPL-2.0
/*
 * A receive client above an offloaded connection: R-TDI-45, R-TDI-46, and
 * R-TOE-139 with its budget.
 */
#include <linux/completion.h>
#include <linux/kthread.h>

#include "toe_client.h"
#include "toe_env.h"

static struct tc *attached(struct kunit *test, u32 budget, const char *events)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = budget };
	struct tenv *e = test->priv;
	struct tc *c = tc_new(test, &a, events);

	tenv_offloaded(e, "n0(p0(c0))");
	toe_conn_set_consumer(tenv_conn(e, "c0"), NULL, NULL);
	KUNIT_ASSERT_EQ(test, toe_endpoint_attach(c->ep, tenv_conn(e, "c0")), 0);
	return c;
}

static void leave(struct tc *c)
{
	toe_endpoint_detach(c->ep);
	tc_delete(c);
}

static u32 room(struct tenv *e)
{
	return toe_receive_room(e->m->t, toe_obj_handle(tenv_o(e, "c0")));
}

static void r_tdi_45_pending_is_a_loan(struct kunit *test)
{
	struct tc *c = attached(test, TC_BUDGET, "7");
	struct tenv *e = test->priv;

	c->chained = TOE_PENDING;
	c->times = 1;
	tenv_rx(e, "c0", 100, 0);
	EXPECT_TC(c, "chained 100 NE");
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 1);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 0);
	KUNIT_EXPECT_EQ(test, room(e), 100);
	/* the return is what the target hears of */
	tc_return_all(c);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 0);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 100);
	KUNIT_EXPECT_EQ(test, room(e), 0);
	leave(c);
}

static void r_tdi_45_success_is_over_at_once(struct kunit *test)
{
	struct tc *c = attached(test, TC_BUDGET, "7");
	struct tenv *e = test->priv;

	tenv_rx(e, "c0", 100, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 0);
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 100);
	leave(c);
}

static void r_tdi_45_refusal_closes_the_gate(struct kunit *test)
{
	struct tc *c = attached(test, TC_BUDGET, "7");
	struct tenv *e = test->priv;
	int i;

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	for (i = 0; i < 10; i++)
		tenv_rx(e, "c0", 10, TOE_RX_PSH);
	EXPECT_TC(c, "chained 10 NE");
	KUNIT_EXPECT_EQ(test, room(e), 100);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 15, TOE_RCV_NO_PUSH), 0);
	KUNIT_EXPECT_EQ(test, c->pos, 100);
	KUNIT_EXPECT_EQ(test, c->reqs[0].req.bytes, 15);
	leave(c);
}

/* The copy form's part is the chimney's partial acceptance. */
static void r_tdi_45_copy_form(struct kunit *test)
{
	struct tc *c = attached(test, 0, "3");
	struct tenv *e = test->priv;

	c->copy = TOE_DATA_NOT_ACCEPTED;
	c->take = 30;
	c->times = 1;
	tenv_rx(e, "c0", 100, 0);
	EXPECT_TC(c, "copy 100/100 NE");
	KUNIT_EXPECT_EQ(test, tmock_ctx(e->m, tenv_o(e, "c0"))->consumed, 30);
	KUNIT_EXPECT_EQ(test, room(e), 70);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 70, 0), 0);
	EXPECT_TC(c, "req0 SUCCESS 70");
	KUNIT_EXPECT_EQ(test, room(e), 0);
	leave(c);
}

static void r_tdi_46_upload_with_loans_out(struct kunit *test)
{
	struct tc *c = attached(test, TC_BUDGET, "7");
	struct tenv *e = test->priv;
	struct sk_buff *skb;
	u32 sum, bytes = 0;

	e->take_buffered = true;
	c->chained = TOE_PENDING;
	c->times = 1;
	tenv_rx(e, "c0", 100, TOE_RX_PSH);
	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tenv_rx(e, "c0", 40, TOE_RX_PSH);
	sum = tc_checksum(&c->kept[0]);
	KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
	tenv_flush(e);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
	/* what is on loan was delivered; what was refused comes back */
	skb_queue_walk(&e->c[0].buffered, skb)
		bytes += skb->len;
	KUNIT_EXPECT_EQ(test, bytes, 40);
	KUNIT_EXPECT_EQ(test, tc_checksum(&c->kept[0]), sum);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 1);
	tc_return_all(c);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->m->t->loans), 0);
	leave(c);
}

/* The budget is used up: bytes wait, the window closes, a return opens it. */
static void r_toe_139_budget_of_a_client(struct kunit *test)
{
	struct tc *c = attached(test, 1000, "7");
	struct tenv *e = test->priv;
	int i;

	c->chained = TOE_PENDING;
	c->times = 100;
	for (i = 0; i < 8; i++)
		tenv_rx(e, "c0", 250, TOE_RX_PSH);
	EXPECT_TC(c, "chained 250 NE; chained 250 NE; chained 250 NE; chained 250 NE");
	KUNIT_EXPECT_EQ(test, room(e), 2000);
	c->times = 0;
	tc_return_all(c);
	tc_wait(c, 2000);
	/* nothing was dropped, and nothing came twice: every byte is checked */
	KUNIT_EXPECT_EQ(test, c->pos, 2000);
	KUNIT_EXPECT_EQ(test, room(e), 0);
	leave(c);
}

static void r_tdi_41_end_of_the_connection(struct kunit *test)
{
	struct tc *c = attached(test, TC_BUDGET, "17");
	struct tenv *e = test->priv;

	tenv_rx(e, "c0", 10, TOE_RX_FIN);
	EXPECT_TC(c, "chained 10 NE; end");
	leave(c);
}

static void r_tdi_41_reset_of_the_connection(struct kunit *test)
{
	struct tc *c = attached(test, TC_BUDGET, "17");
	struct tenv *e = test->priv;

	toe_event_abort(e->m->t, toe_obj_handle(tenv_o(e, "c0")));
	tenv_flush(e);
	EXPECT_TC(c, "abort");
	leave(c);
}

/* Who comes second is told, who left reads nothing more. */
static void r_tdi_02_attach_and_detach(struct kunit *test)
{
	struct tc *c = attached(test, TC_BUDGET, "7");
	struct tc *d = tc_new(test, NULL, "7");
	struct tenv *e = test->priv;

	KUNIT_EXPECT_EQ(test, toe_endpoint_attach(c->ep, tenv_conn(e, "c0")), -EBUSY);
	toe_endpoint_detach(c->ep);
	tenv_rx(e, "c0", 10, 0);
	EXPECT_TC(c, "");
	KUNIT_EXPECT_EQ(test, room(e), 10);
	/* the bytes stayed with the connection */
	KUNIT_EXPECT_EQ(test, toe_endpoint_attach(d->ep, tenv_conn(e, "c0")), 0);
	EXPECT_TC(d, "chained 10 NE");
	leave(d);
	tc_delete(c);
}

/*
 * Handlers come and go while bytes arrive: none is called once its clearing has
 * returned, and no byte is lost over it.
 */
struct feed {
	struct tc *c;
	struct completion done;
	u32 n;
};

static int feed_main(void *arg)
{
	struct feed *f = arg;
	u32 i;

	for (i = 0; i < f->n; i++) {
		struct sk_buff *skb = tmock_skb(i, 1);

		if (!skb || toe_endpoint_input(f->c->ep, skb, 0))
			f->c->bad_bytes++;
		cond_resched();
	}
	complete(&f->done);
	return 0;
}

static void r_tdi_02_clear_while_bytes_arrive(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");
	struct feed f = { .c = c, .n = 2000 };
	struct task_struct *t;
	u32 seen;

	c->log.off = true;
	init_completion(&f.done);
	t = kthread_run(feed_main, &f, "toe-feed");
	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	while (!try_wait_for_completion(&f.done)) {
		KUNIT_EXPECT_EQ(test, tc_set(c, TOE_EVENT_CHAINED), 0);
		cond_resched();
		KUNIT_EXPECT_EQ(test, tc_clear(c, TOE_EVENT_CHAINED), 0);
		seen = READ_ONCE(c->pos);
		cond_resched();
		KUNIT_EXPECT_EQ(test, READ_ONCE(c->pos), seen);
	}
	KUNIT_EXPECT_EQ(test, tc_set(c, TOE_EVENT_CHAINED), 0);
	/* so many at once may be finished by a work item */
	tc_wait(c, f.n);
	c->log.off = false;
	tc_delete(c);
}

static struct kunit_case toe_attach_cases[] = {
	KUNIT_CASE(r_tdi_45_pending_is_a_loan),
	KUNIT_CASE(r_tdi_45_success_is_over_at_once),
	KUNIT_CASE(r_tdi_45_refusal_closes_the_gate),
	KUNIT_CASE(r_tdi_45_copy_form),
	KUNIT_CASE(r_tdi_46_upload_with_loans_out),
	KUNIT_CASE(r_toe_139_budget_of_a_client),
	KUNIT_CASE(r_tdi_41_end_of_the_connection),
	KUNIT_CASE(r_tdi_41_reset_of_the_connection),
	KUNIT_CASE(r_tdi_02_attach_and_detach),
	KUNIT_CASE(r_tdi_02_clear_while_bytes_arrive),
	{}
};

static struct kunit_suite toe_attach_suite = {
	.name = "ndk_toe_attach",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_attach_cases,
};

kunit_test_suite(toe_attach_suite);
