// SPDX-License-Identifier: GPL-2.0
/*
 * The receive client of the tests, see toe_client.h.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "toe_client.h"

#define NORMAL_AND_EXPEDITED	(TOE_IND_NORMAL | TOE_IND_EXPEDITED)

/* Softirqs off is what atomic means to this kernel whatever it was built with. */
static bool is_atomic(void)
{
	return in_softirq() || in_hardirq() || irqs_disabled();
}

static void check_flags(struct tc *c, u32 flags)
{
	if ((flags & NORMAL_AND_EXPEDITED) == NORMAL_AND_EXPEDITED ||
	    !(flags & NORMAL_AND_EXPEDITED))
		c->bad_flags++;
	if (!(flags & TOE_IND_ATOMIC) == is_atomic())
		c->bad_flags++;
}

static const char *letters(char *text, u32 flags)
{
	char *at = text;

	if (flags & TOE_IND_NORMAL)
		*at++ = 'N';
	if (flags & TOE_IND_EXPEDITED)
		*at++ = 'X';
	if (flags & TOE_IND_ENTIRE_MESSAGE)
		*at++ = 'E';
	if (flags & TOE_IND_COPY_LOOKAHEAD)
		*at++ = 'L';
	if (flags & TOE_IND_PARTIAL)
		*at++ = 'P';
	*at = '\0';
	return text;
}

static u8 expected(struct tc *c, u32 flags, u32 i)
{
	return flags & TOE_IND_EXPEDITED ? 0x80 + c->xpos + i : c->pos + i;
}

static void advance(struct tc *c, u32 flags, u32 n)
{
	if (flags & TOE_IND_EXPEDITED)
		c->xpos += n;
	else
		c->pos += n;
}

static bool use_up(struct tc *c)
{
	if (!c->times)
		return false;
	c->times--;
	return true;
}

u32 tc_checksum(const struct toe_chained *ch)
{
	struct toe_chain_iter it;
	const void *data;
	u32 n, i, sum = 0;

	toe_chain_start(&it, ch);
	while ((n = toe_chain_next(&it, &data)))
		for (i = 0; i < n; i++)
			sum = sum * 31 + ((const u8 *)data)[i];
	return sum;
}

static void check_chain(struct tc *c, const struct toe_chained *ch)
{
	struct toe_chain_iter it;
	const void *data;
	u32 n, i, total = 0;
	u8 byte;

	toe_chain_start(&it, ch);
	while ((n = toe_chain_next(&it, &data))) {
		for (i = 0; i < n; i++)
			if (((const u8 *)data)[i] != expected(c, ch->flags, total + i))
				c->bad_bytes++;
		total += n;
	}
	if (total != ch->length)
		c->bad_bytes++;
	/* the other way to read it, and not one byte beyond the end */
	if (ch->length && (toe_chain_copy(ch, ch->length - 1, &byte, 1) != 1 ||
			   byte != expected(c, ch->flags, ch->length - 1)))
		c->bad_bytes++;
	if (toe_chain_copy(ch, ch->length, &byte, 1))
		c->bad_bytes++;
}

static u32 chained(struct tc *c, const struct toe_chained *ch, const char *name)
{
	u32 answer = TOE_SUCCESS;
	char text[8];

	tlog(&c->log, "%s %u %s", name, ch->length, letters(text, ch->flags));
	check_flags(c, ch->flags);
	if (!(ch->flags & TOE_IND_ENTIRE_MESSAGE) ||
	    ch->flags & (TOE_IND_PARTIAL | TOE_IND_COPY_LOOKAHEAD) || ch->context != c)
		c->bad_flags++;
	check_chain(c, ch);
	if (c->on_call)
		c->on_call(c, ch, NULL);
	if (use_up(c))
		answer = c->chained;
	if (answer == TOE_PENDING && c->nkept < TC_KEPT)
		c->kept[c->nkept++] = *ch;
	if (answer == TOE_PENDING || answer == TOE_SUCCESS)
		advance(c, ch->flags, ch->length);
	return answer;
}

static u32 copy(struct tc *c, struct toe_indication *ind, const char *name)
{
	bool more = ind->indicated != ind->available;
	u32 answer = TOE_SUCCESS, i;
	char text[8];

	tlog(&c->log, "%s %u/%u %s", name, ind->indicated, ind->available,
	     letters(text, ind->flags));
	check_flags(c, ind->flags);
	if (ind->indicated > ind->available || ind->context != c || ind->taken ||
	    !(ind->flags & TOE_IND_COPY_LOOKAHEAD) == more ||
	    (ind->indicated < 128 && more))
		c->bad_flags++;
	for (i = 0; i < ind->indicated; i++)
		if (((const u8 *)ind->data)[i] != expected(c, ind->flags, i))
			c->bad_bytes++;
	if (c->on_call)
		c->on_call(c, NULL, ind);
	ind->taken = ind->indicated;
	if (use_up(c)) {
		answer = c->copy;
		if (c->take != TC_ALL)
			ind->taken = c->take;
		if (answer == TOE_MORE_PROCESSING && c->request)
			ind->request = &c->request->req;
	}
	if (ind->taken <= ind->indicated)
		advance(c, ind->flags, ind->taken);
	return answer;
}

static u32 on_receive(void *ctx, struct toe_indication *ind)
{
	return copy(ctx, ind, "copy");
}

static u32 on_receive_x(void *ctx, struct toe_indication *ind)
{
	return copy(ctx, ind, "xcopy");
}

static u32 on_chained(void *ctx, const struct toe_chained *ch)
{
	return chained(ctx, ch, "chained");
}

static u32 on_chained_x(void *ctx, const struct toe_chained *ch)
{
	return chained(ctx, ch, "xchained");
}

static void on_disconnect(void *ctx, bool abort)
{
	struct tc *c = ctx;

	tlog(&c->log, abort ? "abort" : "end");
}

int tc_set(struct tc *c, unsigned int event)
{
	switch (event) {
	case TOE_EVENT_DISCONNECT:
		return toe_set_event_handler(c->ep, event, on_disconnect, c);
	case TOE_EVENT_RECEIVE:
		return toe_set_event_handler(c->ep, event, on_receive, c);
	case TOE_EVENT_RECEIVE_EXPEDITED:
		return toe_set_event_handler(c->ep, event, on_receive_x, c);
	case TOE_EVENT_CHAINED:
		return toe_set_event_handler(c->ep, event, on_chained, c);
	case TOE_EVENT_CHAINED_EXPEDITED:
		return toe_set_event_handler(c->ep, event, on_chained_x, c);
	default:
		return -EINVAL;
	}
}

int tc_clear(struct tc *c, unsigned int event)
{
	return toe_set_event_handler(c->ep, event, (toe_receive_fn)NULL, NULL);
}

struct tc *tc_new(struct kunit *test, const struct toe_endpoint_attr *attr, const char *events)
{
	struct toe_endpoint_attr a = { .name = "test", .budget = TC_BUDGET };
	struct tc *c = kvzalloc(sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	if (attr)
		a = *attr;
	a.context = c;
	c->test = test;
	c->take = TC_ALL;
	spin_lock_init(&c->log.lock);
	c->ep = toe_endpoint_create(&a);
	if (IS_ERR(c->ep)) {
		kvfree(c);
		KUNIT_ASSERT_FALSE(test, true);
	}
	for (; *events; events++)
		KUNIT_EXPECT_EQ(test, tc_set(c, *events - '0'), 0);
	return c;
}

void tc_return_all(struct tc *c)
{
	unsigned int i;

	for (i = 0; i < c->nkept; i++)
		toe_return_chained_receives(&c->kept[i].tsdu, 1);
	c->nkept = 0;
}

/* Nothing is left, and nothing was wrong. */
void tc_delete(struct tc *c)
{
	unsigned int i;

	c->on_call = NULL;
	c->times = 0;
	toe_endpoint_destroy(c->ep);
	tc_return_all(c);
	KUNIT_EXPECT_EQ(c->test, c->bad_bytes, 0);
	KUNIT_EXPECT_EQ(c->test, c->bad_flags, 0);
	for (i = 0; i < c->nreqs; i++) {
		KUNIT_EXPECT_LE(c->test, c->reqs[i].done, 1);
		kfree(c->reqs[i].kv.iov_base);
	}
	kvfree(c);
}

/* The next bytes of the stream, or of a message. */
void tc_feed(struct tc *c, u32 bytes, u32 flags)
{
	struct sk_buff *skb = tmock_skb(c->fed, bytes);

	KUNIT_ASSERT_NOT_NULL(c->test, skb);
	/* more may be fed from inside of a handler */
	c->fed += bytes;
	KUNIT_EXPECT_EQ(c->test, toe_endpoint_input(c->ep, skb, flags), 0);
}

void tc_feed_x(struct tc *c, u32 bytes)
{
	struct sk_buff *skb = tmock_skb(0x80 + c->xfed, bytes);

	KUNIT_ASSERT_NOT_NULL(c->test, skb);
	c->xfed += bytes;
	KUNIT_EXPECT_EQ(c->test, toe_endpoint_expedited(c->ep, skb, 0), 0);
}

static void req_done(struct toe_rcv_request *req)
{
	struct tc_req *r = container_of(req, struct tc_req, req);
	struct tc *c = r->c;
	const u8 *data = r->kv.iov_base;
	u32 i;

	tlog(&c->log, "req%u %s %u", r->id, tmock_status(req->status), req->bytes);
	r->done++;
	/* either kind: which it is, is seen from the first byte */
	for (i = 0; i < req->bytes; i++)
		if (data[i] != (u8)(c->pos + i) && data[i] != (u8)(0x80 + c->xpos + i))
			c->bad_bytes++;
	if (req->flags & TOE_RCV_PEEK || !req->bytes)
		return;
	if (data[0] == (u8)(0x80 + c->xpos) && c->xpos < c->xfed)
		c->xpos += req->bytes;
	else
		c->pos += req->bytes;
}

struct tc_req *tc_new_req(struct tc *c, u32 bytes, u32 flags)
{
	struct tc_req *r;

	KUNIT_ASSERT_LT(c->test, c->nreqs, TC_REQS);
	r = &c->reqs[c->nreqs];
	r->c = c;
	r->id = c->nreqs++;
	r->kv.iov_base = kzalloc(bytes ?: 1, GFP_ATOMIC);
	KUNIT_ASSERT_NOT_NULL(c->test, r->kv.iov_base);
	r->kv.iov_len = bytes;
	r->req.flags = flags;
	r->req.done = req_done;
	iov_iter_kvec(&r->req.iter, ITER_DEST, &r->kv, 1, bytes);
	return r;
}

int tc_recv(struct tc *c, u32 bytes, u32 flags)
{
	return toe_endpoint_receive(c->ep, &tc_new_req(c, bytes, flags)->req);
}

/* What a return makes possible happens where handlers may run, not in the call. */
void tc_wait(struct tc *c, u32 pos)
{
	int left;

	for (left = 5000; left && READ_ONCE(c->pos) != pos; left--)
		usleep_range(500, 1000);
	KUNIT_EXPECT_EQ(c->test, c->pos, pos);
}

void tc_expect(struct tc *c, int line, const char *want)
{
	if (c->log.used >= 2)
		c->log.text[c->log.used - 2] = '\0';
	if (strcmp(c->log.text, want))
		KUNIT_FAIL(c->test, "line %d: wanted [%s], was [%s]", line, want, c->log.text);
	tlog_clear(&c->log);
}

struct toe_endpoint_stats tc_stats(struct tc *c)
{
	struct toe_endpoint_stats s;

	toe_endpoint_get_stats(c->ep, &s);
	return s;
}
