// SPDX-License-Identifier: GPL-2.0
/*
 * The delivery algorithm by itself: an owner who writes down what he is told,
 * units and requests by hand, and a random run against a count of bytes.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "../drivers/toe/rx.h"
#include "toe_data_env.h"

#define LOG_SIZE	512

/**
 * struct owner - of a delivery
 * @d: the delivery
 * @test: where to complain
 * @log: what happened, a few letters each
 * @inside: operations that are executing: more than one is a fault
 * @answer: to the next indication
 * @take: with %TOE_DATA_PARTIALLY_ACCEPTED
 * @keep: units taken whole are kept in @kept
 * @kept: these
 * @next: stream position of the next byte the consumer has to get
 * @sent: stream position of the next byte to put in
 * @in_indicate: called within an indication, or NULL
 * @in_complete: called within a completion, or NULL
 * @rnd: if set, answers are drawn
 * @consumed: bytes reported as consumed
 */
struct owner {
	struct toe_deliver d;
	struct kunit *test;
	char log[LOG_SIZE];
	int inside;
	u32 answer;
	u32 take;
	bool keep;
	struct list_head kept;
	u64 next;
	u64 sent;
	void (*in_indicate)(struct owner *o);
	void (*in_complete)(struct owner *o);
	struct rnd_state *rnd;
	u64 consumed;
};

struct request {
	struct toe_recv r;
	struct kvec vec;
	struct owner *o;
	u8 *buf;
	bool over;
};

static struct owner *to_owner(struct toe_deliver *d)
{
	return container_of(d, struct owner, d);
}

static __printf(2, 3) void note(struct owner *o, const char *fmt, ...)
{
	size_t used = strlen(o->log);
	va_list args;

	if (o->rnd)
		return;
	va_start(args, fmt);
	vscnprintf(o->log + used, LOG_SIZE - used, fmt, args);
	va_end(args);
}

static void check_bytes(struct owner *o, const struct toe_rx *rx, u32 n)
{
	struct toe_chained ind = {
		.offset = rx->offset, .length = rx->length, .chain = &rx->skbs,
	};
	u8 *buf = kunit_kmalloc(o->test, n, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(o->test, buf);
	KUNIT_EXPECT_EQ(o->test, toe_chain_copy(&ind, 0, buf, n), n);
	KUNIT_EXPECT_EQ(o->test, stream_mismatch(buf, o->next, n), n);
	kunit_kfree(o->test, buf);
	o->next += n;
}

static u32 draw_answer(struct owner *o, const struct toe_rx *rx)
{
	u32 r = prandom_u32_state(o->rnd) % 4;

	if (r == 0)
		return TOE_DATA_NOT_ACCEPTED;
	if (r > 1 || rx->length == 1)
		return TOE_SUCCESS;
	o->take = 1 + prandom_u32_state(o->rnd) % (rx->length - 1);
	return TOE_DATA_PARTIALLY_ACCEPTED;
}

static u32 op_indicate(struct toe_deliver *d, struct toe_rx *rx)
{
	struct owner *o = to_owner(d);
	u32 answer = o->rnd ? draw_answer(o, rx) : o->answer;

	KUNIT_EXPECT_EQ(o->test, ++o->inside, 1);
	note(o, "I%u ", rx->length);
	if (o->in_indicate)
		o->in_indicate(o);
	switch (answer) {
	case TOE_SUCCESS:
		check_bytes(o, rx, rx->length);
		if (o->keep) {
			list_add_tail(&rx->link, &o->kept);
		} else {
			toe_deliver_returned(d, rx->length);
			toe_rx_free(rx);
		}
		break;
	case TOE_DATA_PARTIALLY_ACCEPTED:
		check_bytes(o, rx, o->take);
		rx->consumed = o->take;
		break;
	}
	o->inside--;
	return answer;
}

static void op_complete(struct toe_deliver *d, struct list_head *done)
{
	struct owner *o = to_owner(d);
	struct toe_recv *r;

	KUNIT_EXPECT_EQ(o->test, ++o->inside, 1);
	if (o->in_complete)
		o->in_complete(o);
	note(o, "(");
	while ((r = list_first_entry_or_null(done, struct toe_recv, link))) {
		list_del_init(&r->link);
		note(o, "C%u", r->bytes);
		if (r->status)
			note(o, "!%s", r->status == TOE_REQUEST_ABORTED ? "aborted" :
			     r->status == TOE_INVALID_STATE ? "invalid" :
			     r->status == TOE_BUFFER_OVERFLOW ? "overflow" : "?");
		note(o, " ");
		r->done(r);
	}
	note(o, ") ");
	o->inside--;
}

static void op_ended(struct toe_deliver *d, bool aborted)
{
	note(to_owner(d), aborted ? "ABORT " : "END ");
}

static void op_push_timer(struct toe_deliver *d, bool start)
{
	note(to_owner(d), start ? "T+ " : "T- ");
}

static void op_consumed(struct toe_deliver *d, u32 bytes)
{
	to_owner(d)->consumed += bytes;
}

static const struct toe_deliver_ops owner_ops = {
	.complete = op_complete,
	.indicate = op_indicate,
	.ended = op_ended,
	.push_timer = op_push_timer,
	.consumed = op_consumed,
};

static void request_done(struct toe_recv *r)
{
	struct request *q = container_of(r, struct request, r);
	u32 placed = r->bytes - r->filled;

	q->over = true;
	if (r->flags & TOE_RECV_PEEK)
		return;
	KUNIT_EXPECT_EQ(q->o->test, stream_mismatch(q->buf + r->filled, q->o->next, placed),
			placed);
	q->o->next += placed;
}

static struct owner *owner_create(struct kunit *test)
{
	struct owner *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->test = test;
	INIT_LIST_HEAD(&o->kept);
	toe_deliver_init(&o->d, &owner_ops);
	return o;
}

/* Everything that is left goes; nothing may leak. */
static void owner_end(struct owner *o)
{
	LIST_HEAD(units);
	LIST_HEAD(requests);

	toe_deliver_stop(&o->d);
	toe_deliver_take(&o->d, &units, &requests);
	toe_rx_free_list(&units);
	toe_rx_free_list(&o->kept);
}

static int put_in_shape(struct owner *o, u32 len, u32 flags, enum skb_shape shape)
{
	struct toe_rx *rx;
	int err;

	rx = toe_rx_alloc(stream_skb(o->test, o->sent, len, shape), flags, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(o->test, rx);
	o->sent += len;
	err = toe_deliver_input(&o->d, rx);
	if (err) {
		o->sent -= len;
		toe_rx_free(rx);
	}
	return err;
}

static int put(struct owner *o, u32 len, u32 flags)
{
	return put_in_shape(o, len, flags, SKB_LINEAR);
}

static struct request *post_filled(struct owner *o, u32 len, u32 flags, u32 filled)
{
	struct request *q = kunit_kzalloc(o->test, sizeof(*q), GFP_KERNEL);
	LIST_HEAD(list);

	KUNIT_ASSERT_NOT_NULL(o->test, q);
	q->o = o;
	q->buf = kunit_kzalloc(o->test, len + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(o->test, q->buf);
	q->vec.iov_base = q->buf + filled;
	q->vec.iov_len = len - filled;
	iov_iter_kvec(&q->r.iter, ITER_DEST, &q->vec, 1, len - filled);
	q->r.flags = flags;
	q->r.filled = filled;
	q->r.done = request_done;
	list_add(&q->r.link, &list);
	KUNIT_EXPECT_EQ(o->test, toe_deliver_post(&o->d, &list), 0);
	return q;
}

static struct request *post(struct owner *o, u32 len, u32 flags)
{
	return post_filled(o, len, flags, 0);
}

#define expect_log(o, text) do {					\
	struct owner *__o = (o);					\
									\
	KUNIT_EXPECT_STREQ(__o->test, __o->log, text);			\
} while (0)

static void data_without_request_is_indicated(struct kunit *test)
{
	struct owner *o = owner_create(test);

	put(o, 10, 0);
	put(o, 20, TOE_RX_PSH);
	expect_log(o, "I10 I20 ");
	KUNIT_EXPECT_EQ(test, toe_deliver_held(&o->d), 0);
	owner_end(o);
}

static void refusal_shuts_the_gate(struct kunit *test)
{
	struct owner *o = owner_create(test);
	int i;

	o->answer = TOE_DATA_NOT_ACCEPTED;
	for (i = 0; i < 11; i++)
		put(o, 10, 0);
	expect_log(o, "I10 ");
	KUNIT_EXPECT_EQ(test, toe_deliver_held(&o->d), 110);
	o->answer = TOE_SUCCESS;
	post(o, 0, 0);
	expect_log(o, "I10 (C0 ) I10 I10 I10 I10 I10 I10 I10 I10 I10 I10 I10 ");
	owner_end(o);
}

static void partial_acceptance_skips_what_was_taken(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->answer = TOE_DATA_PARTIALLY_ACCEPTED;
	o->take = 4;
	put(o, 10, 0);
	put(o, 5, 0);
	o->answer = TOE_SUCCESS;
	toe_deliver_reopen(&o->d);
	expect_log(o, "I10 I6 I5 ");
	KUNIT_EXPECT_EQ(test, o->next, 15);
	owner_end(o);
}

static void request_is_filled_before_the_rest_is_indicated(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->answer = TOE_DATA_NOT_ACCEPTED;
	put(o, 10, 0);
	put(o, 10, 0);
	o->answer = TOE_SUCCESS;
	post(o, 15, 0);
	expect_log(o, "I10 (C15 ) I5 ");
	KUNIT_EXPECT_EQ(test, o->consumed, 15);
	owner_end(o);
}

static void push_mode(struct kunit *test)
{
	struct owner *o = owner_create(test);

	post(o, 30, 0);
	put(o, 10, 0);
	put(o, 10, 0);
	toe_deliver_push(&o->d);
	expect_log(o, "T+ T+ (C20 ) ");
	o->log[0] = 0;
	post(o, 30, 0);
	put(o, 10, 0);
	put(o, 10, TOE_RX_PSH);
	expect_log(o, "T+ T- (C20 ) ");
	o->log[0] = 0;
	toe_deliver_push(&o->d);
	post(o, 10, 0);
	put(o, 10, 0);
	expect_log(o, "(C10 ) ");
	owner_end(o);
}

static void non_push_mode(struct kunit *test)
{
	struct owner *o = owner_create(test);
	int i;

	post(o, 30, TOE_RECV_NO_PUSH);
	for (i = 0; i < 10; i++) {
		toe_deliver_push(&o->d);
		put(o, 2, TOE_RX_PSH);
	}
	expect_log(o, "");
	put(o, 12, 0);
	expect_log(o, "(C30 ) I2 ");
	owner_end(o);
}

static void prefilled(struct kunit *test)
{
	struct owner *o = owner_create(test);

	post_filled(o, 30, TOE_RECV_NO_PUSH, 10);
	put(o, 19, 0);
	expect_log(o, "");
	put(o, 1, 0);
	expect_log(o, "(C30 ) ");
	o->log[0] = 0;
	post_filled(o, 30, 0, 10);
	expect_log(o, "T+ ");
	toe_deliver_push(&o->d);
	expect_log(o, "T+ (C10 ) ");
	o->log[0] = 0;
	post_filled(o, 30, 0, 30);
	expect_log(o, "(C30 ) ");
	owner_end(o);
}

static void several_requests_complete_in_one_call(struct kunit *test)
{
	struct owner *o = owner_create(test);

	post(o, 10, 0);
	post(o, 10, 0);
	post(o, 10, 0);
	put_in_shape(o, 25, TOE_RX_PSH, SKB_FRAG_LIST);
	expect_log(o, "(C10 C10 C5 ) ");
	owner_end(o);
}

static void put_nested(struct owner *o)
{
	o->in_indicate = NULL;
	put(o, 7, 0);
	note(o, "nested ");
}

static void data_within_an_indication_waits(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->in_indicate = put_nested;
	put(o, 10, 0);
	expect_log(o, "I10 nested I7 ");
	owner_end(o);
}

static void post_nested(struct owner *o)
{
	o->in_complete = NULL;
	post(o, 10, 0);
}

static void request_within_a_completion_waits(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->in_complete = post_nested;
	post(o, 10, 0);
	put(o, 20, 0);
	expect_log(o, "(C10 ) (C10 ) ");
	owner_end(o);
}

static void post_in_indication(struct owner *o)
{
	o->in_indicate = NULL;
	post(o, 4, 0);
}

static void request_within_a_refused_indication_opens_the_gate(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->in_indicate = post_in_indication;
	o->answer = TOE_DATA_NOT_ACCEPTED;
	put(o, 10, 0);
	expect_log(o, "I10 (C4 ) I6 ");
	owner_end(o);
}

static void end_comes_behind_the_last_byte(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->answer = TOE_DATA_NOT_ACCEPTED;
	put(o, 500, 0);
	toe_deliver_fin(&o->d);
	expect_log(o, "I500 ");
	post(o, 499, 0);
	expect_log(o, "I500 (C499 ) I1 ");
	post(o, 10, TOE_RECV_NO_PUSH);
	expect_log(o, "I500 (C499 ) I1 (C1 ) END ");
	KUNIT_EXPECT_EQ(test, put(o, 1, 0), -EPIPE);
	o->log[0] = 0;
	post(o, 10, 0);
	expect_log(o, "(C0!invalid ) ");
	owner_end(o);
}

static void new_consumer_hears_of_the_end(struct kunit *test)
{
	struct owner *o = owner_create(test);

	toe_deliver_fin(&o->d);
	toe_deliver_new_consumer(&o->d);
	expect_log(o, "END END ");
	toe_deliver_abort(&o->d, false);
	toe_deliver_new_consumer(&o->d);
	expect_log(o, "END END ABORT ABORT ");
	owner_end(o);
}

static void abort_drops_and_aborts(struct kunit *test)
{
	struct owner *o = owner_create(test);

	post(o, 30, TOE_RECV_NO_PUSH);
	post(o, 30, 0);
	put(o, 10, 0);
	toe_deliver_abort(&o->d, false);
	expect_log(o, "(C10!aborted C0!aborted ) ABORT ");
	KUNIT_EXPECT_EQ(test, put(o, 1, 0), -EPIPE);
	owner_end(o);
}

static void stop_leaves_everything_to_the_owner(struct kunit *test)
{
	struct owner *o = owner_create(test);
	LIST_HEAD(units);
	LIST_HEAD(requests);

	o->answer = TOE_DATA_NOT_ACCEPTED;
	put(o, 10, 0);
	put(o, 20, 0);
	toe_deliver_stop(&o->d);
	KUNIT_EXPECT_EQ(test, put(o, 1, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, toe_deliver_take(&o->d, &units, &requests), 30);
	KUNIT_EXPECT_TRUE(test, list_empty(&requests));
	toe_rx_free_list(&units);
	toe_deliver_restart(&o->d);
	o->answer = TOE_SUCCESS;
	o->next = o->sent;
	put(o, 5, 0);
	expect_log(o, "I10 I5 ");
	owner_end(o);
}

static void hold_delivers_nothing(struct kunit *test)
{
	struct owner *o = owner_create(test);

	toe_deliver_hold(&o->d, true);
	put(o, 10, 0);
	post(o, 4, 0);
	expect_log(o, "");
	toe_deliver_hold(&o->d, false);
	expect_log(o, "(C4 ) I6 ");
	owner_end(o);
}

static void peek_leaves_the_bytes(struct kunit *test)
{
	struct owner *o = owner_create(test);
	struct request *q;

	o->answer = TOE_DATA_NOT_ACCEPTED;
	put(o, 10, 0);
	put(o, 10, 0);
	q = post(o, 15, TOE_RECV_PEEK);
	expect_log(o, "I10 (C15 ) ");
	KUNIT_EXPECT_EQ(test, stream_mismatch(q->buf, 0, 15), 15);
	o->answer = TOE_SUCCESS;
	post(o, 20, 0);
	expect_log(o, "I10 (C15 ) (C20 ) ");
	q = post(o, 15, TOE_RECV_PEEK);
	KUNIT_EXPECT_TRUE(test, q->over);
	KUNIT_EXPECT_EQ(test, q->r.bytes, 0);
	owner_end(o);
}

static void request_takes_one_message(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->d.messages = true;
	post(o, 30, 0);
	post(o, 5, 0);
	post(o, 5, 0);
	put(o, 10, 0);
	put(o, 10, TOE_RX_EOR);
	put(o, 10, TOE_RX_EOR);
	expect_log(o, "T+ T- (C20 ) (C5!overflow C5 ) ");
	owner_end(o);
}

static void cut_ends_the_partial_request(struct kunit *test)
{
	struct owner *o = owner_create(test);

	post(o, 30, TOE_RECV_NO_PUSH);
	put(o, 10, 0);
	toe_deliver_preempt(&o->d);
	toe_deliver_run(&o->d);
	expect_log(o, "(C10 ) ");
	put(o, 10, 0);
	toe_deliver_hold(&o->d, false);
	expect_log(o, "(C10 ) ");
	post(o, 4, 0);
	expect_log(o, "(C10 ) (C4 ) I6 ");
	owner_end(o);
}

static void withdrawn_request_is_not_filled(struct kunit *test)
{
	struct owner *o = owner_create(test);
	struct request *a = post(o, 30, TOE_RECV_NO_PUSH), *b = post(o, 30, 0);

	put(o, 10, 0);
	KUNIT_EXPECT_FALSE(test, toe_deliver_withdraw(&o->d, &a->r, false));
	KUNIT_EXPECT_TRUE(test, toe_deliver_withdraw(&o->d, &b->r, false));
	KUNIT_EXPECT_FALSE(test, toe_deliver_withdraw(&o->d, &b->r, true));
	put(o, 25, 0);
	expect_log(o, "(C30 ) I5 ");
	owner_end(o);
}

static void loans_count(struct kunit *test)
{
	struct owner *o = owner_create(test);

	o->keep = true;
	put(o, 10, 0);
	put(o, 10, 0);
	KUNIT_EXPECT_EQ(test, toe_deliver_held(&o->d), 20);
	toe_deliver_returned(&o->d, 10);
	KUNIT_EXPECT_EQ(test, toe_deliver_held(&o->d), 10);
	toe_deliver_returned(&o->d, 10);
	owner_end(o);
}

/* Whatever comes: every byte once, in order, by one way or the other. */
static void random_run(struct kunit *test)
{
	struct owner *o = owner_create(test);
	unsigned int i, runs = 3000 * toe_data_scale;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4711);
	o->rnd = &rnd;
	for (i = 0; i < runs; i++) {
		u32 r = prandom_u32_state(&rnd), len = r >> 8 & 0x7f;

		switch (r & 7) {
		case 0 ... 2:
			put_in_shape(o, len + 1, r & 0x80 ? TOE_RX_PSH : 0,
				     (r >> 16) % SKB_SHAPES);
			break;
		case 3 ... 4:
			post(o, len, r & 0x80 ? TOE_RECV_NO_PUSH : 0);
			break;
		case 5:
			toe_deliver_push(&o->d);
			break;
		case 6:
			toe_deliver_reopen(&o->d);
			break;
		case 7:
			post_filled(o, len, r & 0x80 ? TOE_RECV_NO_PUSH : 0, len / 3);
			break;
		}
		KUNIT_ASSERT_LE(test, o->next, o->sent);
	}
	toe_deliver_fin(&o->d);
	for (i = 0; i < 1000 && !o->d.fin_told; i++)
		toe_deliver_reopen(&o->d);
	KUNIT_EXPECT_TRUE(test, o->d.fin_told);
	KUNIT_EXPECT_EQ(test, o->next, o->sent);
	owner_end(o);
}

static struct kunit_case deliver_cases[] = {
	KUNIT_CASE(data_without_request_is_indicated),
	KUNIT_CASE(refusal_shuts_the_gate),
	KUNIT_CASE(partial_acceptance_skips_what_was_taken),
	KUNIT_CASE(request_is_filled_before_the_rest_is_indicated),
	KUNIT_CASE(push_mode),
	KUNIT_CASE(non_push_mode),
	KUNIT_CASE(prefilled),
	KUNIT_CASE(several_requests_complete_in_one_call),
	KUNIT_CASE(data_within_an_indication_waits),
	KUNIT_CASE(request_within_a_completion_waits),
	KUNIT_CASE(request_within_a_refused_indication_opens_the_gate),
	KUNIT_CASE(end_comes_behind_the_last_byte),
	KUNIT_CASE(new_consumer_hears_of_the_end),
	KUNIT_CASE(abort_drops_and_aborts),
	KUNIT_CASE(stop_leaves_everything_to_the_owner),
	KUNIT_CASE(hold_delivers_nothing),
	KUNIT_CASE(peek_leaves_the_bytes),
	KUNIT_CASE(request_takes_one_message),
	KUNIT_CASE(cut_ends_the_partial_request),
	KUNIT_CASE(withdrawn_request_is_not_filled),
	KUNIT_CASE(loans_count),
	KUNIT_CASE_SLOW(random_run),
	{}
};

static struct kunit_suite deliver_suite = {
	.name = "toe_data_deliver",
	.test_cases = deliver_cases,
};

kunit_test_suites(&deliver_suite);
