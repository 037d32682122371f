// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers and the chained form: R-TDI-01 to R-TDI-22, R-TDI-39, R-TDI-40,
 * R-TDI-43, R-TDI-44.
 */
#include <linux/delay.h>
#include <linux/kthread.h>

#include "toe_client.h"

static void r_tdi_01_new_endpoint(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");

	tc_feed(c, 100, TOE_RX_PSH);
	tc_feed(c, 50, 0);
	EXPECT_TC(c, "");
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 150);
	/* it was not lost */
	KUNIT_EXPECT_EQ(test, tc_set(c, TOE_EVENT_CHAINED), 0);
	KUNIT_EXPECT_EQ(test, c->pos, 150);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 0);
	tc_delete(c);
}

static u32 other_handler(void *ctx, const struct toe_chained *ch)
{
	*(u32 *)ctx += ch->length;
	return TOE_SUCCESS;
}

static void r_tdi_02_set_replace_clear(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	u32 other = 0;

	tc_feed(c, 10, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 10);
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, TOE_EVENT_CHAINED, other_handler,
						    &other), 0);
	tc_feed(c, 20, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 10);
	KUNIT_EXPECT_EQ(test, other, 20);
	KUNIT_EXPECT_EQ(test, tc_clear(c, TOE_EVENT_CHAINED), 0);
	tc_feed(c, 30, 0);
	KUNIT_EXPECT_EQ(test, other, 20);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 30);
	/* cleared twice is as good as once */
	KUNIT_EXPECT_EQ(test, tc_clear(c, TOE_EVENT_CHAINED), 0);
	tc_delete(c);
}

static void r_tdi_03_called_before_registration_returns(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");

	tc_feed(c, 10, 0);
	/* what waits is given to it inside of the call */
	KUNIT_EXPECT_EQ(test, tc_set(c, TOE_EVENT_CHAINED), 0);
	EXPECT_TC(c, "chained 10 NE");
	tc_feed(c, 10, 0);
	EXPECT_TC(c, "chained 10 NE");
	tc_delete(c);
}

static void r_tdi_04_event_numbers(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "13579");
	unsigned int event;

	KUNIT_EXPECT_EQ(test, TOE_EVENT_DISCONNECT, 1);
	KUNIT_EXPECT_EQ(test, TOE_EVENT_RECEIVE, 3);
	KUNIT_EXPECT_EQ(test, TOE_EVENT_RECEIVE_EXPEDITED, 5);
	KUNIT_EXPECT_EQ(test, TOE_EVENT_CHAINED, 7);
	KUNIT_EXPECT_EQ(test, TOE_EVENT_CHAINED_EXPEDITED, 9);
	for (event = 0; event < 20; event++) {
		bool known = event == 1 || event == 3 || event == 5 || event == 7 || event == 9;

		KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, event, (toe_receive_fn)NULL,
							    NULL), known ? 0 : -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, U32_MAX, (toe_receive_fn)NULL, NULL),
			-EINVAL);
	/* no handler needs no context */
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, 7, (toe_receive_fn)NULL, c), -EINVAL);
	tc_delete(c);
}

static void r_tdi_05_never_both_forms(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "37");
	struct toe_endpoint_stats s;
	int i;

	for (i = 0; i < 20; i++)
		tc_feed(c, 100, TOE_RX_PSH);
	s = tc_stats(c);
	KUNIT_EXPECT_EQ(test, s.chained, 20);
	KUNIT_EXPECT_EQ(test, s.copy, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 2000);
	tc_delete(c);
}

static void r_tdi_06_entire_message_always(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "37");

	/* a stream has no messages: what arrived together is the unit */
	tc_feed(c, 1, 0);
	tc_feed(c, 4096, TOE_RX_PSH);
	EXPECT_TC(c, "chained 1 NE; chained 4096 NE");
	tc_delete(c);
}

/* A message that comes in pieces is copied, or waits until it is whole. */
static void r_tdi_06_part_of_a_message_is_not_chained(struct kunit *test)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = TC_BUDGET, .messages = true };
	struct tc *c = tc_new(test, &a, "7");

	tc_feed(c, 60, 0);
	tc_feed(c, 40, 0);
	EXPECT_TC(c, "");
	tc_feed(c, 50, TOE_RX_EOR);
	EXPECT_TC(c, "chained 150 NE");
	tc_feed(c, 100, 0);
	EXPECT_TC(c, "");
	KUNIT_EXPECT_EQ(test, tc_recv(c, 200, TOE_RCV_NO_PUSH), 0);
	tc_feed(c, 50, TOE_RX_EOR);
	EXPECT_TC(c, "req0 SUCCESS 150");
	tc_feed(c, 10, TOE_RX_EOR);
	tc_feed(c, 20, TOE_RX_EOR);
	EXPECT_TC(c, "chained 10 NE; chained 20 NE");
	KUNIT_EXPECT_EQ(test, tc_set(c, TOE_EVENT_RECEIVE), 0);
	tc_feed(c, 200, 0);
	tc_feed(c, 30, TOE_RX_EOR);
	KUNIT_EXPECT_EQ(test, tc_stats(c).chained, 3);
	KUNIT_EXPECT_EQ(test, c->pos, 560);
	tc_delete(c);
}

/* The checks of flags in every handler of every test; here both kinds come. */
static void r_tdi_07_normal_or_expedited(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3579");

	tc_feed(c, 10, 0);
	tc_feed_x(c, 1);
	tc_feed(c, 10, 0);
	EXPECT_TC(c, "chained 10 NE; xchained 1 XE; chained 10 NE");
	KUNIT_EXPECT_EQ(test, c->bad_flags, 0);
	tc_delete(c);
}

static void r_tdi_08_atomic_context_is_said(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3579");

	tc_feed(c, 10, 0);
	tc_feed_x(c, 1);
	local_bh_disable();
	tc_feed(c, 10, 0);
	tc_feed_x(c, 1);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, tc_clear(c, TOE_EVENT_CHAINED), 0);
	tc_feed(c, 10, 0);
	local_bh_disable();
	tc_feed(c, 10, 0);
	local_bh_enable();
	/* check_flags() compared the flag with the context each time */
	KUNIT_EXPECT_EQ(test, c->bad_flags, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 40);
	KUNIT_EXPECT_EQ(test, c->xpos, 2);
	tc_delete(c);
}

static void note_tsdu(struct tc *c, const struct toe_chained *ch, struct toe_indication *ind)
{
	*(u64 *)c->priv = ch->tsdu;
}

static void r_tdi_09_done_is_done(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	u64 tsdu = 0;

	c->priv = &tsdu;
	c->on_call = note_tsdu;
	tc_feed(c, 100, 0);
	KUNIT_EXPECT_NE(test, tsdu, 0);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 0);
	/* it is not the client's to give back */
	toe_return_chained_receives(&tsdu, 1);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	tc_feed(c, 10, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 110);
	tc_delete(c);
}

static void r_tdi_10_kept_bytes_stay(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	u32 sums[4];
	int i;

	c->chained = TOE_PENDING;
	c->times = 4;
	for (i = 0; i < 4; i++) {
		tc_feed(c, 700, TOE_RX_PSH);
		sums[i] = tc_checksum(&c->kept[i]);
	}
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 4);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept_bytes, 2800);
	for (i = 0; i < 200; i++)
		tc_feed(c, 900, TOE_RX_PSH);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, tc_checksum(&c->kept[i]), sums[i]);
	tc_return_all(c);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept_bytes, 0);
	tc_delete(c);
}

static void r_tdi_11_one_release_per_return(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	struct toe_endpoint_stats s;
	u64 tsdu[2];

	c->chained = TOE_PENDING;
	c->times = 2;
	tc_feed(c, 100, 0);
	tc_feed(c, 100, 0);
	tsdu[0] = c->kept[0].tsdu;
	tsdu[1] = c->kept[0].tsdu;
	s = tc_stats(c);
	KUNIT_EXPECT_EQ(test, s.kept, 2);
	/* twice in one call, then once more */
	toe_return_chained_receives(tsdu, 2);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 1);
	toe_return_chained_receives(tsdu, 1);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 1);
	toe_return_chained_receives(&c->kept[1].tsdu, 1);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	c->nkept = 0;
	tc_delete(c);
}

/* Numbers a client may make up. */
static void r_tdi_11_descriptors_that_are_none(struct kunit *test)
{
	static const u64 made_up[] = { 0, 1, 4711, U32_MAX, U64_MAX, 0x8000000000000000ULL };
	struct tc *c = tc_new(test, NULL, "7");

	c->chained = TOE_PENDING;
	c->times = 1;
	tc_feed(c, 100, 0);
	toe_return_chained_receives(made_up, ARRAY_SIZE(made_up));
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 1);
	KUNIT_EXPECT_NE(test, tc_checksum(&c->kept[0]), 0);
	tc_return_all(c);
	tc_delete(c);
}

static enum hrtimer_restart return_in_irq(struct hrtimer *timer);

struct irq_return {
	struct hrtimer timer;
	struct tc *c;
	struct completion done;
	bool soft;
};

static enum hrtimer_restart return_in_irq(struct hrtimer *timer)
{
	struct irq_return *r = container_of(timer, struct irq_return, timer);

	r->soft = in_serving_softirq();
	tc_return_all(r->c);
	complete(&r->done);
	return HRTIMER_NORESTART;
}

static void r_tdi_12_return_from_interrupts(struct kunit *test)
{
	static const enum hrtimer_mode modes[] = { HRTIMER_MODE_REL_SOFT, HRTIMER_MODE_REL };
	struct tc *c = tc_new(test, NULL, "7");
	struct irq_return *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->c = c;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		c->chained = TOE_PENDING;
		c->times = 3;
		tc_feed(c, 100, 0);
		tc_feed(c, 100, 0);
		tc_feed(c, 100, 0);
		init_completion(&r->done);
		hrtimer_init(&r->timer, CLOCK_MONOTONIC, modes[i]);
		r->timer.function = return_in_irq;
		hrtimer_start(&r->timer, ns_to_ktime(100 * NSEC_PER_USEC), modes[i]);
		wait_for_completion(&r->done);
		hrtimer_cancel(&r->timer);
		KUNIT_EXPECT_EQ(test, r->soft, i == 0);
		KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	}
	tc_delete(c);
}

static void r_tdi_13_batch_of_any_origin(struct kunit *test)
{
	struct tc *a = tc_new(test, NULL, "7");
	struct tc *b = tc_new(test, NULL, "7");
	u64 tsdu[6];
	int i;

	a->chained = TOE_PENDING;
	a->times = 3;
	b->chained = TOE_PENDING;
	b->times = 3;
	for (i = 0; i < 3; i++) {
		tc_feed(a, 100 + i, 0);
		tc_feed(b, 200 + i, 0);
		tsdu[5 - 2 * i] = a->kept[i].tsdu;
		tsdu[4 - 2 * i] = b->kept[i].tsdu;
	}
	toe_return_chained_receives(tsdu, 6);
	KUNIT_EXPECT_EQ(test, tc_stats(a).kept, 0);
	KUNIT_EXPECT_EQ(test, tc_stats(b).kept, 0);
	a->nkept = 0;
	b->nkept = 0;
	tc_delete(a);
	tc_delete(b);
}

static void r_tdi_14_return_of_nothing(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");

	c->chained = TOE_PENDING;
	c->times = 1;
	tc_feed(c, 100, 0);
	toe_return_chained_receives(&c->kept[0].tsdu, 0);
	toe_return_chained_receives(NULL, 0);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 1);
	tc_return_all(c);
	tc_delete(c);
}

static void return_inside(struct tc *c, const struct toe_chained *ch, struct toe_indication *ind)
{
	toe_return_chained_receives(&ch->tsdu, 1);
	/* still there: the handler has not answered */
	c->bad_bytes += !tc_checksum(ch);
}

static void r_tdi_15_return_inside_the_handler(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	u64 tsdu;

	c->on_call = return_inside;
	c->chained = TOE_PENDING;
	c->times = 1;
	tc_feed(c, 100, 0);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	tsdu = c->kept[0].tsdu;
	c->nkept = 0;
	toe_return_chained_receives(&tsdu, 1);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	/* and with an answer that keeps nothing it is no return at all */
	tc_feed(c, 100, 0);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 200);
	tc_delete(c);
}

static void r_tdi_16_refused_bytes_are_kept(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tc_feed(c, 100, TOE_RX_PSH);
	tc_feed(c, 100, TOE_RX_PSH);
	EXPECT_TC(c, "chained 100 NE");
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 200);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, 0), 0);
	/* exactly those bytes, then indications again */
	EXPECT_TC(c, "req0 SUCCESS 100; chained 100 NE");
	tc_delete(c);
}

static void r_tdi_17_offset(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tc_feed(c, 100, TOE_RX_PSH);
	tlog_clear(&c->log);
	/* part of it goes to a request: the rest begins inside of the buffer */
	KUNIT_EXPECT_EQ(test, tc_recv(c, 33, 0), 0);
	EXPECT_TC(c, "req0 SUCCESS 33; chained 67 NE");
	tc_delete(c);
}

/* Bytes in every form an skb can have them. */
static void put(u8 *to, u32 first, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		to[i] = first + i;
}

static int add_frag(struct sk_buff *skb, u32 first, u32 at, u32 n)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	put(page_address(page) + at, first, n);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, at, n, PAGE_SIZE);
	return 0;
}

static struct sk_buff *complicated_skb(struct kunit *test, u32 *bytes)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);
	struct sk_buff *more[2];
	int i, err = 0;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	put(skb_put(skb, 50), 0, 50);
	err |= add_frag(skb, 50, 10, 100);
	err |= add_frag(skb, 150, PAGE_SIZE - 7, 7);
	err |= add_frag(skb, 157, 0, 300);
	for (i = 0; i < 2; i++) {
		more[i] = alloc_skb(64, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, more[i]);
		put(skb_put(more[i], 20), 457 + 60 * i, 20);
		err |= add_frag(more[i], 477 + 60 * i, 3, 40);
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	skb_shinfo(skb)->frag_list = more[0];
	more[0]->next = more[1];
	for (i = 0; i < 2; i++) {
		skb->len += more[i]->len;
		skb->data_len += more[i]->len;
		skb->truesize += more[i]->truesize;
	}
	*bytes = skb->len;
	return skb;
}

static void copy_all_ways(struct tc *c, const struct toe_chained *ch, struct toe_indication *ind)
{
	u8 *to = c->priv;
	u32 skip, n;

	for (skip = 0; skip < ch->length; skip += 7) {
		n = toe_chain_copy(ch, skip, to, 64);
		if (n != min(64U, ch->length - skip))
			c->bad_bytes++;
		for (; n; n--)
			if (to[n - 1] != (u8)(c->pos + skip + n - 1))
				c->bad_bytes++;
	}
}

static void r_tdi_18_every_form_of_buffer(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	struct sk_buff *skb;
	u32 bytes;
	u8 to[64];

	skb = complicated_skb(test, &bytes);
	KUNIT_ASSERT_EQ(test, bytes, 577);
	c->priv = to;
	c->on_call = copy_all_ways;
	/* first refused, then read from its middle: both walks, both offsets */
	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	KUNIT_ASSERT_EQ(test, toe_endpoint_input(c->ep, skb, 0), 0);
	c->fed += bytes;
	KUNIT_EXPECT_EQ(test, tc_recv(c, 171, 0), 0);
	EXPECT_TC(c, "chained 577 NE; req0 SUCCESS 171; chained 406 NE");
	KUNIT_EXPECT_EQ(test, c->bad_bytes, 0);
	tc_delete(c);
}

struct answer_case {
	const char *desc;
	u32 answer;
};

static const struct answer_case answer_cases[] = {
	{ "MORE_PROCESSING", TOE_MORE_PROCESSING },
	{ "a count", 50 },
	{ "partial acceptance", TOE_DATA_PARTIALLY_ACCEPTED },
	{ "a negative errno", -EINVAL },
	{ "anything", 0x12345678 },
};

KUNIT_ARRAY_PARAM_DESC(answer, answer_cases, desc);

static void r_tdi_19_other_answers(struct kunit *test)
{
	const struct answer_case *a = test->param_value;
	struct tc *c = tc_new(test, NULL, "7");

	c->chained = a->answer;
	c->times = 1;
	tc_feed(c, 100, 0);
	tc_feed(c, 10, 0);
	EXPECT_TC(c, "chained 100 NE");
	KUNIT_EXPECT_EQ(test, tc_stats(c).nonsense, 1);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 110);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 110, 0), 0);
	EXPECT_TC(c, "req0 SUCCESS 110");
	tc_delete(c);
}

static void r_tdi_20_copy_form_instead(struct kunit *test)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = 1000 };
	struct tc *c = tc_new(test, &a, "37");

	/* from a reserve: not to be kept */
	tc_feed(c, 100, TOE_RX_RESERVE);
	EXPECT_TC(c, "copy 100/100 NE");
	/* more than the budget */
	tc_feed(c, 1001, 0);
	KUNIT_EXPECT_EQ(test, tc_stats(c).chained, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 1101);
	tlog_clear(&c->log);
	/* exactly the budget */
	tc_feed(c, 1000, 0);
	EXPECT_TC(c, "chained 1000 NE");
	KUNIT_EXPECT_GE(test, tc_stats(c).fallback, 2);
	tc_delete(c);
}

static void r_tdi_20_no_budget_no_chained_form(struct kunit *test)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = 0 };
	struct tc *c = tc_new(test, &a, "37");

	tc_feed(c, 100, 0);
	EXPECT_TC(c, "copy 100/100 NE");
	tc_delete(c);
}

static void r_tdi_21_budget_comes_back(struct kunit *test)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = 1000 };
	struct tc *c = tc_new(test, &a, "37");

	c->chained = TOE_PENDING;
	c->times = 2;
	tc_feed(c, 500, 0);
	tc_feed(c, 500, 0);
	tlog_clear(&c->log);
	tc_feed(c, 1, 0);
	EXPECT_TC(c, "copy 1/1 NE");
	toe_return_chained_receives(&c->kept[0].tsdu, 1);
	tc_feed(c, 500, 0);
	EXPECT_TC(c, "chained 500 NE");
	toe_return_chained_receives(&c->kept[1].tsdu, 1);
	c->nkept = 0;
	tc_delete(c);
}

/* Without a copy handler bytes wait, and a return gets them going. */
static void r_tdi_21_starved_until_a_return(struct kunit *test)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = 1000 };
	struct tc *c = tc_new(test, &a, "7");

	c->chained = TOE_PENDING;
	c->times = 1;
	tc_feed(c, 1000, 0);
	tc_feed(c, 300, 0);
	EXPECT_TC(c, "chained 1000 NE");
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 1300);
	KUNIT_EXPECT_GE(test, tc_stats(c).starved, 1);
	tc_return_all(c);
	tc_wait(c, 1300);
	EXPECT_TC(c, "chained 300 NE");
	tc_delete(c);
}

static void r_tdi_22_two_clients_of_one_buffer(struct kunit *test)
{
	struct tc *a = tc_new(test, NULL, "7");
	struct tc *b = tc_new(test, NULL, "7");
	struct toe_endpoint *eps[] = { a->ep, b->ep };
	struct sk_buff *skb = tmock_skb(0, 100);
	int left;
	u32 sum;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	a->chained = TOE_PENDING;
	a->times = 1;
	b->chained = TOE_PENDING;
	b->times = 1;
	/* the endpoints have a reference of their own, this one shows when it goes */
	KUNIT_EXPECT_EQ(test, toe_endpoint_input_all(eps, 2, skb, 0), 2);
	KUNIT_EXPECT_GT(test, refcount_read(&skb->users), 1);
	sum = tc_checksum(&b->kept[0]);
	tc_return_all(a);
	KUNIT_EXPECT_GT(test, refcount_read(&skb->users), 1);
	KUNIT_EXPECT_EQ(test, tc_checksum(&b->kept[0]), sum);
	tc_return_all(b);
	for (left = 1000; left && refcount_read(&skb->users) > 1; left--)
		usleep_range(500, 1000);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1);
	kfree_skb(skb);
	tc_delete(a);
	tc_delete(b);
}

struct choice_case {
	const char *desc;
	const char *events;
	u32 budget;
	const char *want;
};

static const struct choice_case choice_cases[] = {
	{ "R-TDI-39: all four handlers", "3579", TC_BUDGET, "xchained 1 XE" },
	{ "R-TDI-39: no chained expedited", "357", TC_BUDGET, "xcopy 1/1 XE" },
	{ "R-TDI-39: no expedited at all", "37", TC_BUDGET, "chained 1 XE" },
	{ "R-TDI-39: copy only", "3", TC_BUDGET, "copy 1/1 XE" },
	{ "R-TDI-39: no handler", "", TC_BUDGET, "" },
	{ "R-TDI-39: all four, nothing may be kept", "3579", 0, "xcopy 1/1 XE" },
	{ "R-TDI-39: both chained, nothing may be kept", "379", 0, "copy 1/1 XE" },
	{ "R-TDI-39: chained only, nothing may be kept", "79", 0, "" },
};

KUNIT_ARRAY_PARAM_DESC(choice, choice_cases, desc);

static void r_tdi_39_which_handler(struct kunit *test)
{
	const struct choice_case *p = test->param_value;
	struct toe_endpoint_attr a = { .name = "test", .budget = p->budget };
	struct tc *c = tc_new(test, &a, p->events);

	tc_feed_x(c, 1);
	EXPECT_TC(c, p->want);
	/* what nobody could take was not lost */
	if (!*p->want)
		tc_set(c, TOE_EVENT_RECEIVE);
	KUNIT_EXPECT_EQ(test, c->xpos, 1);
	tc_delete(c);
}

static void r_tdi_40_flags_of_the_chained_expedited_form(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "79");

	tc_feed_x(c, 3);
	/* EXPEDITED and ENTIRE_MESSAGE, not NORMAL */
	EXPECT_TC(c, "xchained 3 XE");
	tc_delete(c);
}

static void r_tdi_43_loans_outlive_the_endpoint(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	struct toe_chained kept;
	u32 sum;

	c->chained = TOE_PENDING;
	c->times = 1;
	tc_feed(c, 100, 0);
	kept = c->kept[0];
	c->nkept = 0;
	sum = tc_checksum(&kept);
	tc_delete(c);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, tc_checksum(&kept), sum);
	toe_return_chained_receives(&kept.tsdu, 1);
	toe_return_chained_receives(&kept.tsdu, 1);
}

struct crowd {
	struct tc *c;
	struct completion done;
	int n;
};

static int crowd_main(void *arg)
{
	struct crowd *w = arg;
	struct sk_buff *skb;
	int i;

	for (i = 0; i < w->n; i++) {
		skb = alloc_skb(1, GFP_KERNEL);
		if (!skb)
			continue;
		skb_put_u8(skb, 0);
		if (toe_endpoint_expedited(w->c->ep, skb, 0))
			kfree_skb(skb);
	}
	complete(&w->done);
	return 0;
}

struct count {
	atomic_t normal;
	atomic_t expedited;
};

static u32 count_normal(void *ctx, const struct toe_chained *ch)
{
	atomic_add(ch->length, &((struct count *)ctx)->normal);
	return TOE_SUCCESS;
}

static u32 count_expedited(void *ctx, const struct toe_chained *ch)
{
	atomic_add(ch->length, &((struct count *)ctx)->expedited);
	return TOE_SUCCESS;
}

/* Whoever is on which processor: no byte twice, none left out. */
static void r_tdi_44_handlers_on_two_processors(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");
	struct crowd w = { .c = c, .n = 1000 };
	struct count n = {};
	struct task_struct *t;
	u32 fed = 0;
	int i;

	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, 7, count_normal, &n), 0);
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, 9, count_expedited, &n), 0);
	init_completion(&w.done);
	t = kthread_run(crowd_main, &w, "toe-crowd");
	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	for (i = 0; i < 1000; i++) {
		tc_feed(c, 3, 0);
		fed += 3;
		cond_resched();
	}
	wait_for_completion(&w.done);
	/* so many at once may be finished by a work item */
	for (i = 0; i < 5000 && (atomic_read(&n.normal) != fed ||
				 atomic_read(&n.expedited) != w.n); i++)
		usleep_range(500, 1000);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&n.normal), fed);
	KUNIT_EXPECT_EQ(test, atomic_read(&n.expedited), 1000);
	tc_delete(c);
}

static struct kunit_case toe_chained_cases[] = {
	KUNIT_CASE(r_tdi_01_new_endpoint),
	KUNIT_CASE(r_tdi_02_set_replace_clear),
	KUNIT_CASE(r_tdi_03_called_before_registration_returns),
	KUNIT_CASE(r_tdi_04_event_numbers),
	KUNIT_CASE(r_tdi_05_never_both_forms),
	KUNIT_CASE(r_tdi_06_entire_message_always),
	KUNIT_CASE(r_tdi_06_part_of_a_message_is_not_chained),
	KUNIT_CASE(r_tdi_07_normal_or_expedited),
	KUNIT_CASE(r_tdi_08_atomic_context_is_said),
	KUNIT_CASE(r_tdi_09_done_is_done),
	KUNIT_CASE(r_tdi_10_kept_bytes_stay),
	KUNIT_CASE(r_tdi_11_one_release_per_return),
	KUNIT_CASE(r_tdi_11_descriptors_that_are_none),
	KUNIT_CASE(r_tdi_12_return_from_interrupts),
	KUNIT_CASE(r_tdi_13_batch_of_any_origin),
	KUNIT_CASE(r_tdi_14_return_of_nothing),
	KUNIT_CASE(r_tdi_15_return_inside_the_handler),
	KUNIT_CASE(r_tdi_16_refused_bytes_are_kept),
	KUNIT_CASE(r_tdi_17_offset),
	KUNIT_CASE(r_tdi_18_every_form_of_buffer),
	KUNIT_CASE_PARAM(r_tdi_19_other_answers, answer_gen_params),
	KUNIT_CASE(r_tdi_20_copy_form_instead),
	KUNIT_CASE(r_tdi_20_no_budget_no_chained_form),
	KUNIT_CASE(r_tdi_21_budget_comes_back),
	KUNIT_CASE(r_tdi_21_starved_until_a_return),
	KUNIT_CASE(r_tdi_22_two_clients_of_one_buffer),
	KUNIT_CASE_PARAM(r_tdi_39_which_handler, choice_gen_params),
	KUNIT_CASE(r_tdi_40_flags_of_the_chained_expedited_form),
	KUNIT_CASE(r_tdi_43_loans_outlive_the_endpoint),
	KUNIT_CASE(r_tdi_44_handlers_on_two_processors),
	{}
};

static struct kunit_suite toe_chained_suite = {
	.name = "ndk_toe_chained",
	.test_cases = toe_chained_cases,
};

kunit_test_suite(toe_chained_suite);
