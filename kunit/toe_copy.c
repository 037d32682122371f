// SPDX-License-Identifier: GPL-2.0
/*
 * The copy form, receive requests, expedited bytes and the end of a client's
 * stream: R-TDI-23 to R-TDI-42.
 */
#include "toe_client.h"

static void r_tdi_23_remainder_is_indicated_again(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");

	c->copy = TOE_SUCCESS;
	c->take = 30;
	c->times = 2;
	tc_feed(c, 100, TOE_RX_PSH);
	KUNIT_EXPECT_EQ(test, c->pos, 100);
	EXPECT_TC(c, "copy 100/100 NE; copy 70/70 NE; copy 40/40 NE");
	tc_delete(c);
}

/* Success and not a byte: nobody would ever come to an end. */
static void r_tdi_23_success_without_a_byte(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");

	c->copy = TOE_SUCCESS;
	c->take = 0;
	c->times = 1;
	tc_feed(c, 100, TOE_RX_PSH);
	EXPECT_TC(c, "copy 100/100 NE");
	KUNIT_EXPECT_EQ(test, tc_stats(c).nonsense, 1);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, 0), 0);
	KUNIT_EXPECT_EQ(test, c->pos, 100);
	tc_delete(c);
}

static void r_tdi_23_more_than_there_was(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");

	c->copy = TOE_SUCCESS;
	c->take = 101;
	c->times = 1;
	tc_feed(c, 100, TOE_RX_PSH);
	KUNIT_EXPECT_EQ(test, tc_stats(c).nonsense, 1);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 100);
	tlog_clear(&c->log);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, 0), 0);
	EXPECT_TC(c, "req0 SUCCESS 100");
	tc_delete(c);
}

static void r_tdi_24_all_taken_and_not_accepted(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");

	c->copy = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tc_feed(c, 100, 0);
	tc_feed(c, 50, 0);
	EXPECT_TC(c, "copy 100/100 NE; copy 50/50 NE");
	tc_delete(c);
}

static void r_tdi_25_bytes_left_and_not_accepted(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");

	c->copy = TOE_DATA_NOT_ACCEPTED;
	c->take = 10;
	c->times = 1;
	tc_feed(c, 100, 0);
	tc_feed(c, 50, 0);
	EXPECT_TC(c, "copy 100/100 NE");
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 140);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 40, 0), 0);
	KUNIT_EXPECT_EQ(test, c->pos, 150);
	tc_delete(c);
}

static void r_tdi_26_more_processing(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");

	c->copy = TOE_MORE_PROCESSING;
	c->take = 20;
	c->times = 1;
	c->request = tc_new_req(c, 130, TOE_RCV_NO_PUSH);
	tc_feed(c, 100, TOE_RX_PSH);
	EXPECT_TC(c, "copy 100/100 NE");
	KUNIT_EXPECT_EQ(test, c->request->done, 0);
	tc_feed(c, 100, TOE_RX_PSH);
	/* the remainder, then newer bytes, before anything is indicated */
	EXPECT_TC(c, "req0 SUCCESS 130; copy 50/50 NE");
	tc_delete(c);
}

static void r_tdi_27_more_processing_without_a_request(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");

	c->copy = TOE_MORE_PROCESSING;
	c->take = 20;
	c->times = 1;
	tc_feed(c, 100, TOE_RX_PSH);
	tc_feed(c, 10, TOE_RX_PSH);
	EXPECT_TC(c, "copy 100/100 NE");
	KUNIT_EXPECT_EQ(test, tc_stats(c).nonsense, 1);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 90);
	tc_delete(c);
}

/* A buffer of many small pieces: what is indicated is contiguous. */
static void r_tdi_28_look_ahead(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");
	struct sk_buff *skb = alloc_skb(16, GFP_KERNEL);
	struct page *page;
	int i, k;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	for (i = 0; i < 10; i++)
		skb_put_u8(skb, i);
	for (k = 0; k < 6; k++) {
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		for (i = 0; i < 50; i++)
			((u8 *)page_address(page))[i] = 10 + 50 * k + i;
		skb_add_rx_frag(skb, k, page, 0, 50, PAGE_SIZE);
	}
	KUNIT_ASSERT_EQ(test, toe_endpoint_input(c->ep, skb, 0), 0);
	/* the handler checked at least 128, and every byte */
	KUNIT_EXPECT_EQ(test, c->bad_flags, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 310);
	tc_delete(c);
}

static void r_tdi_29_copy_look_ahead_flag(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "3");
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < 200; i++)
		skb_put_u8(skb, i);
	for (i = 0; i < 300; i++)
		((u8 *)page_address(page))[i] = 200 + i;
	skb_add_rx_frag(skb, 0, page, 0, 300, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, toe_endpoint_input(c->ep, skb, 0), 0);
	/* less than all is here if and only if it says so: bad_flags counts */
	KUNIT_EXPECT_EQ(test, c->bad_flags, 0);
	KUNIT_EXPECT_EQ(test, c->pos, 500);
	tc_delete(c);
}

static void r_tdi_30_nothing_is_indicated_past_a_request(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "37");

	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_NO_PUSH), 0);
	tc_feed(c, 60, TOE_RX_PSH);
	EXPECT_TC(c, "");
	tc_feed(c, 60, TOE_RX_PSH);
	EXPECT_TC(c, "req0 SUCCESS 100; chained 20 NE");
	tc_delete(c);
}

static void r_tdi_31_peek(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");

	tc_feed(c, 100, 0);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 60, TOE_RCV_PEEK), 0);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 200, TOE_RCV_PEEK), 0);
	KUNIT_EXPECT_EQ(test, c->reqs[0].done, 1);
	KUNIT_EXPECT_EQ(test, c->reqs[0].req.bytes, 60);
	KUNIT_EXPECT_EQ(test, c->reqs[1].done, 1);
	KUNIT_EXPECT_EQ(test, c->reqs[1].req.bytes, 100);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 100);
	tlog_clear(&c->log);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, 0), 0);
	EXPECT_TC(c, "req2 SUCCESS 100");
	/* of nothing, at once, too */
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_PEEK), 0);
	EXPECT_TC(c, "req3 SUCCESS 0");
	tc_delete(c);
}

static void r_tdi_32_message_longer_than_the_request(struct kunit *test)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = TC_BUDGET, .messages = true };
	struct tc *c = tc_new(test, &a, "");

	tc_feed(c, 100, TOE_RX_EOR);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 60, 0), 0);
	EXPECT_TC(c, "req0 BUFFER_OVERFLOW 60");
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 40);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 60, 0), 0);
	EXPECT_TC(c, "req1 SUCCESS 40");
	/* exactly as long is no overflow, and one does not run into the next */
	tc_feed(c, 50, TOE_RX_EOR);
	tc_feed(c, 50, TOE_RX_EOR);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 50, 0), 0);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 80, 0), 0);
	EXPECT_TC(c, "req2 SUCCESS 50; req3 SUCCESS 50");
	tc_delete(c);
}

struct kind_case {
	const char *desc;
	u32 flags;
	bool normal;
	bool expedited;
};

static const struct kind_case kind_cases[] = {
	{ "neither", 0, true, true },
	{ "both", TOE_RCV_NORMAL | TOE_RCV_EXPEDITED, true, true },
	{ "normal", TOE_RCV_NORMAL, true, false },
	{ "expedited", TOE_RCV_EXPEDITED, false, true },
};

KUNIT_ARRAY_PARAM_DESC(kind, kind_cases, desc);

static void r_tdi_33_kinds_of_request(struct kunit *test)
{
	const struct kind_case *k = test->param_value;
	struct tc *c = tc_new(test, NULL, "");

	KUNIT_EXPECT_EQ(test, tc_recv(c, 5, k->flags), 0);
	tc_feed(c, 5, TOE_RX_PSH);
	KUNIT_EXPECT_EQ(test, c->reqs[0].done, k->normal);
	tc_delete(c);

	c = tc_new(test, NULL, "");
	KUNIT_EXPECT_EQ(test, tc_recv(c, 1, k->flags), 0);
	tc_feed_x(c, 1);
	KUNIT_EXPECT_EQ(test, c->reqs[0].done, k->expedited);
	tc_delete(c);
}

static void r_tdi_34_no_push(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");

	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_NO_PUSH), 0);
	tc_feed(c, 50, TOE_RX_PSH);
	toe_endpoint_push(c->ep);
	EXPECT_TC(c, "");
	tc_feed(c, 50, 0);
	EXPECT_TC(c, "req0 SUCCESS 100");
	/* the end is an end for it, too */
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_NO_PUSH), 0);
	tc_feed(c, 7, 0);
	toe_endpoint_end(c->ep, false);
	KUNIT_EXPECT_EQ(test, c->reqs[1].done, 1);
	KUNIT_EXPECT_EQ(test, c->reqs[1].req.bytes, 7);
	tc_delete(c);
}

static void r_tdi_34_push(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");

	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, 0), 0);
	tc_feed(c, 10, 0);
	EXPECT_TC(c, "");
	toe_endpoint_push(c->ep);
	EXPECT_TC(c, "req0 SUCCESS 10");
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, 0), 0);
	tc_feed(c, 10, TOE_RX_PSH);
	EXPECT_TC(c, "req1 SUCCESS 10");
	/* nothing partial: no effect */
	toe_endpoint_push(c->ep);
	EXPECT_TC(c, "");
	tc_delete(c);
}

static void r_tdi_35_force_indication(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tc_feed(c, 100, 0);
	tlog_clear(&c->log);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 50, TOE_RCV_FORCE), 0);
	/* the refused bytes are indicated again, and taken this time */
	EXPECT_TC(c, "chained 100 NE");
	KUNIT_EXPECT_EQ(test, c->reqs[0].done, 0);
	tc_feed(c, 50, TOE_RX_PSH);
	EXPECT_TC(c, "req0 SUCCESS 50");
	tc_delete(c);
}

/* Refused again: then the request has them. */
static void r_tdi_35_forced_and_refused_again(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 2;
	tc_feed(c, 100, 0);
	tlog_clear(&c->log);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_FORCE), 0);
	EXPECT_TC(c, "chained 100 NE; req0 SUCCESS 100");
	tc_delete(c);
}

static void r_tdi_36_expedited_ends_a_partly_filled_request(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "79");

	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_NO_PUSH | TOE_RCV_NORMAL), 0);
	tc_feed(c, 40, 0);
	EXPECT_TC(c, "");
	tc_feed_x(c, 1);
	EXPECT_TC(c, "req0 SUCCESS 40; xchained 1 XE");
	/* normal bytes wait for the next request */
	tc_feed(c, 30, TOE_RX_PSH);
	EXPECT_TC(c, "");
	KUNIT_EXPECT_EQ(test, tc_recv(c, 30, TOE_RCV_NORMAL), 0);
	EXPECT_TC(c, "req1 SUCCESS 30");
	tc_feed(c, 30, TOE_RX_PSH);
	EXPECT_TC(c, "chained 30 NE");
	tc_delete(c);
}

/* One that has nothing yet has nothing to complete with. */
static void r_tdi_36_expedited_passes_an_empty_request(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "79");

	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_NORMAL), 0);
	tc_feed_x(c, 1);
	EXPECT_TC(c, "xchained 1 XE");
	tc_feed(c, 40, TOE_RX_PSH);
	EXPECT_TC(c, "req0 SUCCESS 40");
	tc_delete(c);
}

static void expedited_meanwhile(struct tc *c, const struct toe_chained *ch,
				struct toe_indication *ind)
{
	if (ch && ch->flags & TOE_IND_NORMAL && !c->xfed) {
		tc_feed_x(c, 2);
		tc_feed(c, 20, 0);
	}
}

static void r_tdi_37_expedited_inside_a_normal_handler(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "79");

	c->on_call = expedited_meanwhile;
	tc_feed(c, 10, 0);
	/* nested or right behind; the next normal one after it in any case */
	EXPECT_TC(c, "chained 10 NE; xchained 2 XE; chained 20 NE");
	tc_delete(c);
}

/* Expedited bytes that nobody took hold normal ones back. */
static void r_tdi_37_normal_waits_for_expedited(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "79");

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tc_feed_x(c, 1);
	tc_feed(c, 10, TOE_RX_PSH);
	EXPECT_TC(c, "xchained 1 XE");
	KUNIT_EXPECT_EQ(test, tc_recv(c, 1, TOE_RCV_EXPEDITED), 0);
	EXPECT_TC(c, "req0 SUCCESS 1; chained 10 NE");
	tc_delete(c);
}

static void r_tdi_38_expedited_in_order(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");

	tc_feed_x(c, 3);
	tc_feed_x(c, 2);
	KUNIT_EXPECT_EQ(test, tc_set(c, TOE_EVENT_CHAINED_EXPEDITED), 0);
	EXPECT_TC(c, "xchained 3 XE; xchained 2 XE");
	tc_delete(c);
}

static void r_tdi_41_end_is_the_last_event(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "13579");
	u32 sum;

	c->chained = TOE_PENDING;
	c->times = 1;
	tc_feed(c, 100, 0);
	sum = tc_checksum(&c->kept[0]);
	toe_endpoint_end(c->ep, false);
	EXPECT_TC(c, "chained 100 NE; end");
	/* once */
	toe_endpoint_end(c->ep, false);
	toe_endpoint_end(c->ep, true);
	EXPECT_TC(c, "");
	KUNIT_EXPECT_EQ(test, tc_checksum(&c->kept[0]), sum);
	tc_return_all(c);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	tc_delete(c);
}

static void r_tdi_41_nothing_behind_the_end(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "13579");
	struct sk_buff *skb = tmock_skb(0, 10);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	toe_endpoint_end(c->ep, true);
	EXPECT_TC(c, "abort");
	KUNIT_EXPECT_EQ(test, toe_endpoint_input(c->ep, skb, 0), -EPIPE);
	KUNIT_EXPECT_EQ(test, toe_endpoint_expedited(c->ep, skb, 0), -EPIPE);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 10, 0), 0);
	KUNIT_EXPECT_EQ(test, c->reqs[0].done, 1);
	KUNIT_EXPECT_NE(test, c->reqs[0].req.status, TOE_SUCCESS);
	KUNIT_EXPECT_FALSE(test, strstr(c->log.text, "chained"));
	tc_delete(c);
}

static void r_tdi_42_bytes_before_the_end(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "17");

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tc_feed(c, 100, 0);
	toe_endpoint_end(c->ep, false);
	EXPECT_TC(c, "chained 100 NE");
	KUNIT_EXPECT_EQ(test, tc_recv(c, 60, 0), 0);
	KUNIT_EXPECT_EQ(test, c->pos, 100);
	EXPECT_TC(c, "req0 SUCCESS 60; chained 40 NE; end");
	tc_delete(c);
}

static void r_tdi_42_reset_may_drop_them(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "17");

	c->chained = TOE_DATA_NOT_ACCEPTED;
	c->times = 1;
	tc_feed(c, 100, 0);
	toe_endpoint_end(c->ep, true);
	EXPECT_TC(c, "chained 100 NE; abort");
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 0);
	tc_delete(c);
}

/* Requests still there when the endpoint closes have an outcome. */
static void r_tdi_42_close_completes_requests(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");

	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_NO_PUSH), 0);
	KUNIT_EXPECT_EQ(test, tc_recv(c, 100, TOE_RCV_EXPEDITED), 0);
	tc_feed(c, 10, 0);
	toe_endpoint_end(c->ep, true);
	KUNIT_EXPECT_EQ(test, c->reqs[0].done, 1);
	KUNIT_EXPECT_EQ(test, c->reqs[0].req.status, TOE_REQUEST_ABORTED);
	KUNIT_EXPECT_EQ(test, c->reqs[0].req.bytes, 10);
	KUNIT_EXPECT_EQ(test, c->reqs[1].done, 1);
	tc_delete(c);
}

struct bad_request_case {
	const char *desc;
	u32 flags;
	bool no_done;
	bool wrong_way;
	int err;
};

static const struct bad_request_case bad_request_cases[] = {
	{ "a flag there is not", 0x1, false, false, -EINVAL },
	{ "PEEK of expedited bytes", TOE_RCV_PEEK | TOE_RCV_EXPEDITED, false, false, -EINVAL },
	{ "nobody to tell", 0, true, false, -EINVAL },
	{ "a source", 0, false, true, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(bad_request, bad_request_cases, desc);

static void requests_of_a_client_are_checked(struct kunit *test)
{
	const struct bad_request_case *b = test->param_value;
	struct tc *c = tc_new(test, NULL, "");
	struct tc_req *r = tc_new_req(c, 10, b->flags);

	if (b->no_done)
		r->req.done = NULL;
	if (b->wrong_way)
		iov_iter_kvec(&r->req.iter, ITER_SOURCE, &r->kv, 1, 10);
	KUNIT_EXPECT_EQ(test, toe_endpoint_receive(c->ep, &r->req), b->err);
	tc_feed(c, 10, TOE_RX_PSH);
	KUNIT_EXPECT_EQ(test, r->done, 0);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 10);
	tc_delete(c);
}

static void a_request_is_posted_once(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "");
	struct tc_req *r = tc_new_req(c, 10, 0);

	KUNIT_EXPECT_EQ(test, toe_endpoint_receive(c->ep, &r->req), 0);
	KUNIT_EXPECT_EQ(test, toe_endpoint_receive(c->ep, &r->req), -EBUSY);
	tc_feed(c, 10, TOE_RX_PSH);
	KUNIT_EXPECT_EQ(test, r->done, 1);
	tc_delete(c);
}

struct attr_case {
	const char *desc;
	const char *name;
	u32 budget;
	int err;
};

static const struct attr_case attr_cases[] = {
	{ "no name", NULL, 0, -EINVAL },
	{ "an empty name", "", 0, -EINVAL },
	{ "31 bytes", "abcdefghijklmnopqrstuvwxyzabcde", 0, 0 },
	{ "32 bytes", "abcdefghijklmnopqrstuvwxyzabcdef", 0, -EINVAL },
	{ "the largest budget", "a", 0x7fffffff, 0 },
	{ "more than that", "a", 0x80000000, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(attr, attr_cases, desc);

static void attributes_of_an_endpoint_are_checked(struct kunit *test)
{
	const struct attr_case *c = test->param_value;
	struct toe_endpoint_attr a = { .name = c->name, .budget = c->budget };
	struct toe_endpoint *ep = toe_endpoint_create(&a);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ep), c->err);
	if (!IS_ERR(ep))
		toe_endpoint_destroy(ep);
	toe_endpoint_destroy(NULL);
}

static void input_is_checked(struct kunit *test)
{
	struct tc *c = tc_new(test, NULL, "7");
	struct sk_buff *skb = alloc_skb(10, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, toe_endpoint_input(c->ep, skb, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, toe_endpoint_expedited(c->ep, skb, 0), -EINVAL);
	kfree_skb(skb);
	EXPECT_TC(c, "");
	tc_delete(c);
}

static struct kunit_case toe_copy_cases[] = {
	KUNIT_CASE(r_tdi_23_remainder_is_indicated_again),
	KUNIT_CASE(r_tdi_23_success_without_a_byte),
	KUNIT_CASE(r_tdi_23_more_than_there_was),
	KUNIT_CASE(r_tdi_24_all_taken_and_not_accepted),
	KUNIT_CASE(r_tdi_25_bytes_left_and_not_accepted),
	KUNIT_CASE(r_tdi_26_more_processing),
	KUNIT_CASE(r_tdi_27_more_processing_without_a_request),
	KUNIT_CASE(r_tdi_28_look_ahead),
	KUNIT_CASE(r_tdi_29_copy_look_ahead_flag),
	KUNIT_CASE(r_tdi_30_nothing_is_indicated_past_a_request),
	KUNIT_CASE(r_tdi_31_peek),
	KUNIT_CASE(r_tdi_32_message_longer_than_the_request),
	KUNIT_CASE_PARAM(r_tdi_33_kinds_of_request, kind_gen_params),
	KUNIT_CASE(r_tdi_34_no_push),
	KUNIT_CASE(r_tdi_34_push),
	KUNIT_CASE(r_tdi_35_force_indication),
	KUNIT_CASE(r_tdi_35_forced_and_refused_again),
	KUNIT_CASE(r_tdi_36_expedited_ends_a_partly_filled_request),
	KUNIT_CASE(r_tdi_36_expedited_passes_an_empty_request),
	KUNIT_CASE(r_tdi_37_expedited_inside_a_normal_handler),
	KUNIT_CASE(r_tdi_37_normal_waits_for_expedited),
	KUNIT_CASE(r_tdi_38_expedited_in_order),
	KUNIT_CASE(r_tdi_41_end_is_the_last_event),
	KUNIT_CASE(r_tdi_41_nothing_behind_the_end),
	KUNIT_CASE(r_tdi_42_bytes_before_the_end),
	KUNIT_CASE(r_tdi_42_reset_may_drop_them),
	KUNIT_CASE(r_tdi_42_close_completes_requests),
	KUNIT_CASE_PARAM(requests_of_a_client_are_checked, bad_request_gen_params),
	KUNIT_CASE(a_request_is_posted_once),
	KUNIT_CASE_PARAM(attributes_of_an_endpoint_are_checked, attr_gen_params),
	KUNIT_CASE(input_is_checked),
	{}
};

static struct kunit_suite toe_copy_suite = {
	.name = "ndk_toe_copy",
	.test_cases = toe_copy_cases,
};

kunit_test_suite(toe_copy_suite);
