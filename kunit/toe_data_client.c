// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints of receive clients, fed by hand: forms, answers, descriptors,
 * requests, expedited messages.
 */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/slab.h>

#include "toe_data_env.h"

#define LOG_SIZE	512
#define KEPT		16

struct client;

/**
 * struct answers - what one kind of handler does
 * @c: the client
 * @letter: in the log
 * @status: it returns
 * @taken: copy form: bytes it takes, U32_MAX for all it is shown
 * @request: copy form: handed over
 * @early: chained form: returns the descriptor before it answers
 */
struct answers {
	struct client *c;
	char letter;
	u32 status;
	u32 taken;
	struct toe_rcv_request *request;
	bool early;
};

/**
 * struct client - a receive client that does as it is told
 * @test: where to complain
 * @ep: its endpoint
 * @log: what happened
 * @kept: what it keeps
 * @nkept: how many
 * @chained: its handlers
 * @copy: ...
 * @xchained: ...
 * @xcopy: ...
 * @next: next byte of the normal stream
 * @sent: first byte of the next unit
 * @flags: of the last indication
 * @offset: of the last chained one
 */
struct client {
	struct kunit *test;
	struct toe_endpoint *ep;
	char log[LOG_SIZE];
	struct toe_chained kept[KEPT];
	unsigned int nkept;
	struct answers chained;
	struct answers copy;
	struct answers xchained;
	struct answers xcopy;
	u64 next;
	u64 sent;
	u32 flags;
	u32 offset;
};

struct request {
	struct toe_rcv_request req;
	struct kvec vec;
	struct client *c;
	u8 *buf;
	bool over;
};

static __printf(2, 3) void note(struct client *c, const char *fmt, ...)
{
	size_t used = strlen(c->log);
	va_list args;

	va_start(args, fmt);
	vscnprintf(c->log + used, LOG_SIZE - used, fmt, args);
	va_end(args);
}

#define expect_log(c, text) do {					\
	struct client *__c = (c);					\
									\
	KUNIT_EXPECT_STREQ(__c->test, __c->log, text);			\
} while (0)

static void check_chain(struct client *c, const struct toe_chained *ind)
{
	struct toe_chain_iter it;
	const void *data;
	u32 n, all = 0;

	toe_chain_start(&it, ind);
	while ((n = toe_chain_next(&it, &data))) {
		KUNIT_EXPECT_EQ(c->test, stream_mismatch(data, c->next + all, n), n);
		all += n;
	}
	KUNIT_EXPECT_EQ(c->test, all, ind->length);
}

static u32 on_chained(void *ctx, const struct toe_chained *ind)
{
	struct answers *a = ctx;
	struct client *c = a->c;
	bool normal = ind->flags & TOE_IND_NORMAL;

	note(c, "%c%u ", a->letter, ind->length);
	c->flags = ind->flags;
	c->offset = ind->offset;
	if (normal)
		check_chain(c, ind);
	if (normal && (a->status == TOE_SUCCESS || a->status == TOE_PENDING))
		c->next += ind->length;
	if (a->early)
		toe_return_chained_receives(&ind->tsdu, 1);
	else if (c->nkept < KEPT)
		c->kept[c->nkept++] = *ind;
	return a->status;
}

static u32 on_receive(void *ctx, struct toe_indication *ind)
{
	struct answers *a = ctx;
	struct client *c = a->c;
	u32 taken = min(a->taken, ind->indicated);

	note(c, "%c%u/%u ", a->letter, ind->indicated, ind->available);
	c->flags = ind->flags;
	if (ind->flags & TOE_IND_NORMAL) {
		KUNIT_EXPECT_EQ(c->test, stream_mismatch(ind->data, c->next, ind->indicated),
				ind->indicated);
		c->next += taken;
	}
	ind->taken = taken;
	if (!a->request)
		return a->status;
	/* the request gets what follows, and later calls see what follows that */
	c->next += iov_iter_count(&a->request->iter);
	ind->request = a->request;
	a->request = NULL;
	return TOE_MORE_PROCESSING;
}

static void on_disconnect(void *ctx, bool abort)
{
	note(ctx, abort ? "ABORT " : "END ");
}

static struct client *client_create_with(struct kunit *test, u32 budget, bool messages)
{
	struct client *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct toe_endpoint_attr attr = {
		.name = "kunit", .context = c, .budget = budget, .messages = messages,
	};

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->test = test;
	c->chained = (struct answers){ .c = c, .letter = 'c', .status = TOE_PENDING };
	c->copy = (struct answers){ .c = c, .letter = 'p', .taken = U32_MAX };
	c->xchained = (struct answers){ .c = c, .letter = 'C', .status = TOE_PENDING };
	c->xcopy = (struct answers){ .c = c, .letter = 'P', .taken = U32_MAX };
	c->ep = toe_endpoint_create(&attr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->ep);
	return c;
}

static void set_chained(struct client *c)
{
	KUNIT_EXPECT_EQ(c->test, toe_set_event_handler(c->ep, TOE_EVENT_CHAINED, on_chained,
						       &c->chained), 0);
}

static void set_copy(struct client *c)
{
	KUNIT_EXPECT_EQ(c->test, toe_set_event_handler(c->ep, TOE_EVENT_RECEIVE, on_receive,
						       &c->copy), 0);
}

static struct client *client_create(struct kunit *test, u32 budget)
{
	struct client *c = client_create_with(test, budget, false);

	set_chained(c);
	set_copy(c);
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, TOE_EVENT_DISCONNECT, on_disconnect, c),
			0);
	return c;
}

static struct sk_buff *put_flags(struct client *c, u32 len, u32 flags)
{
	struct sk_buff *skb = stream_skb(c->test, c->sent, len, SKB_FRAG_LIST);

	local_bh_disable();
	KUNIT_EXPECT_EQ(c->test, toe_endpoint_input(c->ep, skb, flags), 0);
	local_bh_enable();
	c->sent += len;
	return skb;
}

static void put(struct client *c, u32 len)
{
	put_flags(c, len, 0);
}

static void put_expedited(struct client *c, u32 len)
{
	struct sk_buff *skb = stream_skb(c->test, 0, len, SKB_LINEAR);

	KUNIT_EXPECT_EQ(c->test, toe_endpoint_expedited(c->ep, skb, 0), 0);
}

static void give_back(struct client *c)
{
	while (c->nkept)
		toe_return_chained_receives(&c->kept[--c->nkept].tsdu, 1);
}

static struct toe_endpoint_stats stats(struct client *c)
{
	struct toe_endpoint_stats s;

	toe_endpoint_get_stats(c->ep, &s);
	return s;
}

static void on_done(struct toe_rcv_request *req)
{
	struct request *q = container_of(req, struct request, req);
	struct client *c = q->c;

	q->over = true;
	note(c, "R%u%s ", req->bytes, req->status == TOE_SUCCESS ? "" :
	     req->status == TOE_BUFFER_OVERFLOW ? "!overflow" :
	     req->status == TOE_REQUEST_ABORTED ? "!aborted" : "!?");
}

static struct request *make_request(struct client *c, u32 len, u32 flags)
{
	struct request *q = kunit_kzalloc(c->test, sizeof(*q), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(c->test, q);
	q->buf = kunit_kzalloc(c->test, len + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(c->test, q->buf);
	q->vec.iov_base = q->buf;
	q->vec.iov_len = len;
	iov_iter_kvec(&q->req.iter, ITER_DEST, &q->vec, 1, len);
	q->req.flags = flags;
	q->req.done = on_done;
	q->c = c;
	return q;
}

static struct request *post(struct client *c, u32 len, u32 flags)
{
	struct request *q = make_request(c, len, flags);

	KUNIT_EXPECT_EQ(c->test, toe_endpoint_receive(c->ep, &q->req), 0);
	return q;
}

static void chained_form_copies_nothing(struct kunit *test)
{
	struct client *c = client_create(test, 1 << 20);
	u64 before = toe_copied_bytes(NULL);

	put(c, 5000);
	put(c, 7000);
	expect_log(c, "c5000 c7000 ");
	KUNIT_EXPECT_EQ(test, toe_copied_bytes(NULL), before);
	KUNIT_EXPECT_EQ(test, stats(c).kept_bytes, 12000);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 12000);
	c->next = 0;
	check_chain(c, &c->kept[0]);
	give_back(c);
	KUNIT_EXPECT_EQ(test, stats(c).kept, 0);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 0);
	toe_endpoint_destroy(c->ep);
}

static void copy_form_shows_all_of_it(struct kunit *test)
{
	struct client *c = client_create(test, 0);

	put(c, 1000);
	KUNIT_EXPECT_EQ(test, c->next, 1000);
	KUNIT_EXPECT_EQ(test, stats(c).chained, 0);
	KUNIT_EXPECT_GT(test, stats(c).fallback, 0);
	toe_endpoint_destroy(c->ep);
}

static void budget_decides_the_form(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	c->copy.taken = U32_MAX;
	put(c, 1000);
	put(c, 128);
	give_back(c);
	put(c, 1000);
	expect_log(c, "c1000 p128/128 c1000 ");
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

static void without_copy_handler_returns_resume(struct kunit *test)
{
	struct client *c = client_create_with(test, 1000, false);
	int i;

	set_chained(c);
	put(c, 1000);
	put(c, 300);
	put(c, 300);
	expect_log(c, "c1000 ");
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 1600);
	give_back(c);
	for (i = 0; i < 1000 && strlen(c->log) < 18; i++)
		usleep_range(100, 1000);
	expect_log(c, "c1000 c300 c300 ");
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

/* It would never come back if it were tried again and again, nor would we. */
static void reserve_without_copy_handler_waits(struct kunit *test)
{
	struct client *c = client_create_with(test, 1000, false);

	set_chained(c);
	put_flags(c, 100, TOE_RX_RESERVE);
	expect_log(c, "");
	KUNIT_EXPECT_EQ(test, stats(c).starved, 0);
	set_copy(c);
	expect_log(c, "p100/100 ");
	toe_endpoint_destroy(c->ep);
}

static void early_return_counts_after_pending(struct kunit *test)
{
	struct client *c = client_create(test, 1000);
	unsigned int freed = 0;
	struct sk_buff *skb = stream_skb(test, 0, 100, SKB_FRAGS);

	skb_watch(skb, &freed);
	c->chained.early = true;
	KUNIT_EXPECT_EQ(test, toe_endpoint_input(c->ep, skb, 0), 0);
	KUNIT_EXPECT_EQ(test, freed, 1);
	KUNIT_EXPECT_EQ(test, stats(c).kept, 0);
	KUNIT_EXPECT_EQ(test, stats(c).nonsense, 0);
	toe_endpoint_destroy(c->ep);
}

static void nonsense_is_caught(struct kunit *test)
{
	struct client *c = client_create(test, 1000);
	u64 made_up[] = { 0, 1, 77777, U64_MAX };

	put(c, 100);
	toe_return_chained_receives(&c->kept[0].tsdu, 1);
	toe_return_chained_receives(&c->kept[0].tsdu, 1);
	KUNIT_EXPECT_EQ(test, stats(c).nonsense, 1);
	toe_return_chained_receives(made_up, ARRAY_SIZE(made_up));
	toe_return_chained_receives(NULL, 0);

	c->chained.status = TOE_SUCCESS;
	put(c, 100);
	toe_return_chained_receives(&c->kept[1].tsdu, 1);
	KUNIT_EXPECT_EQ(test, stats(c).nonsense, 2);

	c->chained.status = TOE_MORE_PROCESSING;
	put(c, 100);
	KUNIT_EXPECT_EQ(test, stats(c).nonsense, 3);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 100);
	c->log[0] = 0;
	post(c, 100, 0);
	expect_log(c, "R100 ");
	toe_endpoint_destroy(c->ep);
}

static void copy_answers(struct kunit *test)
{
	struct client *c = client_create(test, 0);
	struct request *q;

	/* success in part: the rest again */
	c->copy.taken = 100;
	put(c, 200);
	KUNIT_EXPECT_EQ(test, c->next, 200);
	/* not accepted though all was taken: new bytes are indicated */
	c->copy.status = TOE_DATA_NOT_ACCEPTED;
	put(c, 100);
	c->log[0] = 0;
	put(c, 64);
	expect_log(c, "p64/64 ");
	/* bytes left: nothing until a request */
	c->copy.taken = 10;
	put(c, 100);
	c->log[0] = 0;
	put(c, 100);
	expect_log(c, "");
	/* a request with the answer */
	q = make_request(c, 150, TOE_RCV_NO_PUSH);
	c->copy.request = &q->req;
	c->copy.status = TOE_SUCCESS;
	post(c, 0, 0);
	KUNIT_EXPECT_TRUE(test, q->over);
	KUNIT_EXPECT_EQ(test, q->req.bytes, 150);
	KUNIT_EXPECT_EQ(test, c->next, c->sent);
	/* none with it */
	c->copy.status = TOE_MORE_PROCESSING;
	put(c, 10);
	KUNIT_EXPECT_EQ(test, stats(c).nonsense, 1);
	toe_endpoint_destroy(c->ep);
}

static void lookahead(struct kunit *test)
{
	struct client *c = client_create(test, 0);

	put(c, 400);	/* four parts of 100 */
	KUNIT_EXPECT_EQ(test, c->next, 400);
	KUNIT_EXPECT_STREQ(test, c->log, "p128/400 p128/272 p128/144 p16/16 ");
	KUNIT_EXPECT_FALSE(test, c->flags & TOE_IND_COPY_LOOKAHEAD);
	toe_endpoint_destroy(c->ep);
}

static void requests(struct kunit *test)
{
	struct client *c = client_create(test, 1000);
	struct request *q;

	c->chained.status = TOE_DATA_NOT_ACCEPTED;
	put(c, 100);
	put(c, 100);
	q = post(c, 50, TOE_RCV_PEEK);
	KUNIT_EXPECT_EQ(test, stream_mismatch(q->buf, 0, 50), 50);
	expect_log(c, "c100 R50 ");
	c->chained.status = TOE_PENDING;
	c->nkept = 0;
	c->next = 30;
	post(c, 30, TOE_RCV_NORMAL);
	expect_log(c, "c100 R50 R30 c70 c100 ");
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

static void remainder_begins_at_its_offset(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	post(c, 30, 0);
	c->next = 30;
	put(c, 100);
	expect_log(c, "R30 c70 ");
	KUNIT_EXPECT_EQ(test, c->offset, 30);
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

static void force_asks_again(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	c->chained.status = TOE_DATA_NOT_ACCEPTED;
	put(c, 100);
	c->chained.status = TOE_PENDING;
	c->nkept = 0;
	post(c, 10, TOE_RCV_FORCE | TOE_RCV_NO_PUSH);
	expect_log(c, "c100 c100 ");
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

static void expedited_overtakes(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, TOE_EVENT_CHAINED_EXPEDITED,
						    on_chained, &c->xchained), 0);
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, TOE_EVENT_RECEIVE_EXPEDITED,
						    on_receive, &c->xcopy), 0);
	post(c, 30, TOE_RCV_NORMAL | TOE_RCV_NO_PUSH);
	put(c, 10);
	put_expedited(c, 1);
	expect_log(c, "R10 C1 ");
	KUNIT_EXPECT_EQ(test, c->flags & ~TOE_IND_ATOMIC,
			TOE_IND_EXPEDITED | TOE_IND_ENTIRE_MESSAGE);
	put(c, 10);
	expect_log(c, "R10 C1 ");
	c->next = 14;
	post(c, 4, TOE_RCV_NORMAL);
	expect_log(c, "R10 C1 R4 c6 ");
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

static void expedited_falls_back(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	put_expedited(c, 3);
	expect_log(c, "c3 ");
	KUNIT_EXPECT_EQ(test, c->flags & ~TOE_IND_ATOMIC,
			TOE_IND_EXPEDITED | TOE_IND_ENTIRE_MESSAGE);
	toe_set_event_handler(c->ep, TOE_EVENT_CHAINED, (toe_chained_fn)NULL, NULL);
	put_expedited(c, 4);
	expect_log(c, "c3 p4/4 ");
	toe_set_event_handler(c->ep, TOE_EVENT_RECEIVE, (toe_receive_fn)NULL, NULL);
	put_expedited(c, 5);
	put_expedited(c, 6);
	put(c, 10);
	expect_log(c, "c3 p4/4 ");
	post(c, 20, TOE_RCV_EXPEDITED);
	expect_log(c, "c3 p4/4 R5 ");
	/* either kind, and there is some expedited */
	post(c, 20, 0);
	expect_log(c, "c3 p4/4 R5 R6 ");
	set_copy(c);
	expect_log(c, "c3 p4/4 R5 R6 p10/10 ");
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

static void empty_request_ends_an_expedited_refusal(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	c->chained.status = TOE_DATA_NOT_ACCEPTED;
	put_expedited(c, 3);
	put_expedited(c, 4);
	expect_log(c, "c3 ");
	c->chained.status = TOE_SUCCESS;
	post(c, 0, TOE_RCV_EXPEDITED);
	expect_log(c, "c3 R0 c3 c4 ");
	toe_endpoint_destroy(c->ep);
}

static void late_disconnect_handler_is_told(struct kunit *test)
{
	struct client *c = client_create_with(test, 1000, false);

	toe_endpoint_end(c->ep, true);
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, TOE_EVENT_DISCONNECT, on_disconnect, c),
			0);
	expect_log(c, "ABORT ");
	toe_endpoint_destroy(c->ep);
}

static void expedited_takes_an_empty_request_of_either_kind(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	post(c, 20, TOE_RCV_NORMAL);
	post(c, 20, TOE_RCV_NORMAL | TOE_RCV_EXPEDITED);
	put_expedited(c, 2);
	expect_log(c, "R2 ");
	toe_endpoint_destroy(c->ep);
	expect_log(c, "R2 R0!aborted ");
}

static void two_clients_keep_one_buffer(struct kunit *test)
{
	struct client *a = client_create(test, 1000), *b = client_create(test, 1000);
	struct toe_endpoint *eps[] = { a->ep, b->ep };
	struct sk_buff *skb = stream_skb(test, 0, 100, SKB_FRAG_LIST);
	unsigned int freed = 0;

	skb_watch(skb, &freed);
	KUNIT_EXPECT_EQ(test, toe_endpoint_input_all(eps, 2, skb, 0), 2);
	kfree_skb(skb);
	give_back(a);
	KUNIT_EXPECT_EQ(test, freed, 0);
	give_back(b);
	KUNIT_EXPECT_EQ(test, freed, 1);
	toe_endpoint_destroy(a->ep);
	toe_endpoint_destroy(b->ep);
}

static void loans_outlive_the_endpoint(struct kunit *test)
{
	struct client *c = client_create(test, 1000);

	put(c, 100);
	toe_endpoint_end(c->ep, false);
	expect_log(c, "c100 END ");
	toe_endpoint_destroy(c->ep);
	c->next = 0;
	check_chain(c, &c->kept[0]);
	give_back(c);
}

struct hard_return {
	struct hrtimer timer;
	const struct toe_chained *kept;
	bool fired;
};

static enum hrtimer_restart return_in_hardirq(struct hrtimer *t)
{
	struct hard_return *h = container_of(t, struct hard_return, timer);

	toe_return_chained_receives(&h->kept->tsdu, 1);
	WRITE_ONCE(h->fired, true);
	return HRTIMER_NORESTART;
}

static void returned_from_a_hard_interrupt(struct kunit *test)
{
	struct client *c = client_create(test, 1000);
	struct hard_return h = { .kept = &c->kept[0] };
	int i;

	put(c, 100);
	hrtimer_init_on_stack(&h.timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	h.timer.function = return_in_hardirq;
	hrtimer_start(&h.timer, 1000, HRTIMER_MODE_REL_HARD);
	for (i = 0; i < 1000 && (!READ_ONCE(h.fired) || toe_endpoint_waiting(c->ep)); i++)
		usleep_range(100, 1000);
	hrtimer_cancel(&h.timer);
	destroy_hrtimer_on_stack(&h.timer);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 0);
	KUNIT_EXPECT_EQ(test, stats(c).kept, 0);
	toe_endpoint_destroy(c->ep);
}

static void messages_are_whole_or_copied(struct kunit *test)
{
	struct client *c = client_create_with(test, 1000, true);

	set_chained(c);
	set_copy(c);
	put_flags(c, 100, TOE_RX_EOR);
	KUNIT_EXPECT_TRUE(test, c->flags & TOE_IND_ENTIRE_MESSAGE);
	put_flags(c, 128, 0);
	KUNIT_EXPECT_TRUE(test, c->flags & TOE_IND_PARTIAL);
	KUNIT_EXPECT_FALSE(test, c->flags & TOE_IND_ENTIRE_MESSAGE);
	put_flags(c, 100, TOE_RX_EOR);
	put_flags(c, 100, TOE_RX_EOR);
	expect_log(c, "c100 p128/128 p100/100 c100 ");
	give_back(c);
	toe_endpoint_destroy(c->ep);
}

/* Another one feeds for as long as the handler is called: the first gets away. */
struct endless {
	struct client *c;
	unsigned int calls;
	unsigned int most;
	unsigned int nested;
	struct task_struct *first;
};

static u32 feed_again(void *ctx, struct toe_indication *ind)
{
	struct endless *e = ctx;
	struct sk_buff *skb;

	ind->taken = ind->indicated;
	if (in_task() && current == e->first)
		e->nested++;
	if (++e->calls >= e->most)
		return TOE_SUCCESS;
	skb = alloc_skb(16, GFP_ATOMIC);
	if (!skb)
		return TOE_SUCCESS;
	skb_put_u8(skb, 1);
	if (toe_endpoint_input(e->c->ep, skb, 0))
		kfree_skb(skb);
	return TOE_SUCCESS;
}

static void endless_feed_lets_its_runner_go(struct kunit *test)
{
	struct client *c = client_create_with(test, 1000, false);
	struct endless e = { .c = c, .most = 3000, .first = current };
	int i;

	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, TOE_EVENT_RECEIVE,
						    (toe_receive_fn)feed_again, &e), 0);
	put(c, 1);
	for (i = 0; i < 5000 && READ_ONCE(e.calls) < e.most; i++)
		usleep_range(100, 1000);
	KUNIT_EXPECT_EQ(test, READ_ONCE(e.calls), e.most);
	KUNIT_EXPECT_LT(test, e.nested, e.most);
	KUNIT_EXPECT_EQ(test, toe_endpoint_waiting(c->ep), 0);
	toe_endpoint_destroy(c->ep);
}

static void bad_input(struct kunit *test)
{
	struct client *c = client_create(test, 1000);
	struct request *q = make_request(c, 10, 0);
	struct toe_endpoint_attr attr = { .name = "" };
	struct sk_buff *skb = stream_skb(test, 0, 10, SKB_LINEAR);

	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_endpoint_create(&attr)), -EINVAL);
	attr.name = "0123456789012345678901234567890123456789";
	KUNIT_EXPECT_EQ(test, PTR_ERR(toe_endpoint_create(&attr)), -EINVAL);
	KUNIT_EXPECT_EQ(test, toe_set_event_handler(c->ep, 2, on_chained, NULL), -EINVAL);
	q->req.flags = 1;
	KUNIT_EXPECT_EQ(test, toe_endpoint_receive(c->ep, &q->req), -EINVAL);
	q->req.flags = TOE_RCV_PEEK | TOE_RCV_EXPEDITED;
	KUNIT_EXPECT_EQ(test, toe_endpoint_receive(c->ep, &q->req), -EINVAL);
	q->req.flags = 0;
	KUNIT_EXPECT_EQ(test, toe_endpoint_receive(c->ep, &q->req), 0);
	KUNIT_EXPECT_EQ(test, toe_endpoint_receive(c->ep, &q->req), -EBUSY);
	toe_endpoint_end(c->ep, true);
	expect_log(c, "R0!aborted ABORT ");
	KUNIT_EXPECT_EQ(test, toe_endpoint_input(c->ep, skb, 0), -EPIPE);
	KUNIT_EXPECT_EQ(test, toe_endpoint_expedited(c->ep, skb, 0), -EPIPE);
	kfree_skb(skb);
	toe_endpoint_destroy(c->ep);
}

static struct kunit_case client_cases[] = {
	KUNIT_CASE(chained_form_copies_nothing),
	KUNIT_CASE(copy_form_shows_all_of_it),
	KUNIT_CASE(budget_decides_the_form),
	KUNIT_CASE(without_copy_handler_returns_resume),
	KUNIT_CASE(reserve_without_copy_handler_waits),
	KUNIT_CASE(early_return_counts_after_pending),
	KUNIT_CASE(nonsense_is_caught),
	KUNIT_CASE(copy_answers),
	KUNIT_CASE(lookahead),
	KUNIT_CASE(requests),
	KUNIT_CASE(remainder_begins_at_its_offset),
	KUNIT_CASE(force_asks_again),
	KUNIT_CASE(expedited_overtakes),
	KUNIT_CASE(expedited_falls_back),
	KUNIT_CASE(empty_request_ends_an_expedited_refusal),
	KUNIT_CASE(late_disconnect_handler_is_told),
	KUNIT_CASE(expedited_takes_an_empty_request_of_either_kind),
	KUNIT_CASE(two_clients_keep_one_buffer),
	KUNIT_CASE(loans_outlive_the_endpoint),
	KUNIT_CASE(returned_from_a_hard_interrupt),
	KUNIT_CASE(messages_are_whole_or_copied),
	KUNIT_CASE(endless_feed_lets_its_runner_go),
	KUNIT_CASE(bad_input),
	{}
};

static struct kunit_suite client_suite = {
	.name = "toe_data_client",
	.test_cases = client_cases,
};

kunit_test_suites(&client_suite);
