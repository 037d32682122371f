// SPDX-License-Identifier: GPL-2.0
/*
 * The consumer of the offload tests, and the requests of its host, see toe_env.h.
 */
#include <linux/slab.h>

#include "toe_env.h"

/* Atomic with bottom halves off is what the contract promises. */
static void check_consumer(struct tenv_obj *o)
{
	if (!in_softirq() || in_hardirq())
		o->e->bad_context++;
}

static void check_byte(struct tenv_obj *o, u8 byte, u32 pos)
{
	if (byte != (u8)pos)
		o->e->bad_bytes++;
}

/* Bytes [from, from + len) of a list are number @pos and what follows. */
static void check_skbs(struct tenv_obj *o, struct sk_buff_head *q, u32 from, u32 len, u32 pos)
{
	struct sk_buff *skb;
	u8 byte;
	u32 i;

	skb_queue_walk(q, skb)
		for (i = 0; i < skb->len && len; i++) {
			if (from) {
				from--;
				continue;
			}
			if (skb_copy_bits(skb, i, &byte, 1))
				o->e->bad_bytes++;
			check_byte(o, byte, pos++);
			len--;
		}
	if (len)
		o->e->bad_bytes++;
}

static u32 next_answer(struct tenv *e)
{
	if (!e->times)
		return TOE_SUCCESS;
	e->times--;
	return e->answer;
}

static void consume(struct tenv_obj *o, struct toe_rx *rx, u32 answer)
{
	struct tenv *e = o->e;
	LIST_HEAD(one);

	switch (answer) {
	case TOE_SUCCESS:
		o->pos += rx->length;
		if (e->keep) {
			list_add_tail(&rx->link, &e->loans);
			return;
		}
		list_add_tail(&rx->link, &one);
		toe_rx_return(&one);
		return;
	case TOE_DATA_PARTIALLY_ACCEPTED:
		rx->consumed = e->take;
		if (e->take < rx->length)
			o->pos += e->take;
		return;
	}
}

static u32 indicate(struct toe_conn *conn, void *priv, struct toe_rx *rx)
{
	struct tenv_obj *o = priv;
	struct tenv *e = o->e;
	u32 answer;
	int depth;

	check_consumer(o);
	depth = atomic_inc_return(&o->in_consumer);
	if (depth > o->max_in_consumer)
		o->max_in_consumer = depth;
	tlog(&e->m->log, "%s.rx %u@%u", o->name, rx->length, o->pos);
	check_skbs(o, &rx->skbs, rx->offset, rx->length, o->pos);
	if (e->on_rx)
		e->on_rx(o, rx);
	answer = next_answer(e);
	consume(o, rx, answer);
	atomic_dec(&o->in_consumer);
	return answer;
}

static void disconnected(struct toe_conn *conn, void *priv)
{
	struct tenv_obj *o = priv;

	check_consumer(o);
	tlog(&o->e->m->log, "%s.eof", o->name);
}

static void was_reset(struct toe_conn *conn, void *priv)
{
	struct tenv_obj *o = priv;

	check_consumer(o);
	tlog(&o->e->m->log, "%s.reset", o->name);
}

const struct toe_consumer_ops tenv_consumer_ops = {
	.indicate = indicate,
	.disconnect = disconnected,
	.aborted = was_reset,
};

static void send_done(struct toe_send *s)
{
	struct tenv_send *ts = container_of(s, struct tenv_send, s);

	ts->done++;
	tlog(&ts->e->m->log, "send%u %s %u", ts->id, tmock_status(s->status), s->bytes);
	/* what is left is what was not acknowledged (R-TOE-107) */
	if (s->bytes + iov_iter_count(&s->iter) != ts->kv.iov_len)
		ts->e->bad_bytes++;
}

struct tenv_send *tenv_new_send(struct tenv *e, u32 bytes, u32 flags)
{
	struct tenv_send *s;
	u32 i;

	KUNIT_ASSERT_LT(e->test, e->nsends, TENV_SENDS);
	s = &e->sends[e->nsends];
	s->e = e;
	s->id = e->nsends++;
	s->kv.iov_base = kzalloc(bytes ?: 1, GFP_ATOMIC);
	KUNIT_ASSERT_NOT_NULL(e->test, s->kv.iov_base);
	for (i = 0; i < bytes; i++)
		((u8 *)s->kv.iov_base)[i] = i;
	s->kv.iov_len = bytes;
	s->s.flags = flags;
	s->s.done = send_done;
	iov_iter_kvec(&s->s.iter, ITER_SOURCE, &s->kv, 1, bytes);
	return s;
}

int tenv_send(struct tenv *e, const char *name, u32 bytes, u32 flags)
{
	return toe_send(tenv_conn(e, name), &tenv_new_send(e, bytes, flags)->s);
}

int tenv_fin(struct tenv *e, const char *name, u32 bytes, bool abortive)
{
	return toe_disconnect(tenv_conn(e, name), &tenv_new_send(e, bytes, 0)->s, abortive);
}

static void recv_done(struct toe_recv *r)
{
	struct tenv_recv *tr = container_of(r, struct tenv_recv, r);
	struct tenv_obj *o = tr->o;
	u32 i;

	check_consumer(o);
	tr->done++;
	tlog(&o->e->m->log, "recv%u %s %u", tr->id, tmock_status(r->status), r->bytes);
	for (i = r->filled; i < r->bytes; i++)
		check_byte(o, ((u8 *)tr->kv.iov_base)[i], o->pos++);
	if (tr->on_done)
		tr->on_done(tr);
}

/* Room for @bytes, of which @filled hold something from before the offload. */
struct tenv_recv *tenv_new_recv(struct tenv *e, const char *name, u32 bytes, u32 filled,
				u32 flags)
{
	struct tenv_recv *r;

	KUNIT_ASSERT_LT(e->test, e->nrecvs, TENV_RECVS);
	r = &e->recvs[e->nrecvs];
	r->o = tenv_obj(e, name);
	r->id = e->nrecvs++;
	r->kv.iov_base = kzalloc(bytes ?: 1, GFP_ATOMIC);
	KUNIT_ASSERT_NOT_NULL(e->test, r->kv.iov_base);
	r->kv.iov_len = bytes;
	r->r.flags = flags;
	r->r.filled = filled;
	r->r.done = recv_done;
	iov_iter_kvec(&r->r.iter, ITER_DEST, &r->kv, 1, bytes);
	iov_iter_advance(&r->r.iter, filled);
	return r;
}

int tenv_recv(struct tenv *e, const char *name, u32 bytes, u32 flags)
{
	return toe_recv(tenv_conn(e, name), &tenv_new_recv(e, name, bytes, 0, flags)->r);
}

/* The next bytes of the connection arrive. */
void tenv_rx(struct tenv *e, const char *name, u32 bytes, u32 flags)
{
	struct tenv_obj *o = tenv_obj(e, name);

	u32 first = o->fed;

	/* more may be fed from inside of the consumer */
	o->fed += bytes;
	KUNIT_EXPECT_EQ(e->test, tmock_rx(e->m, o->obj, first, bytes, flags), 0);
}

/* Gives back what the consumer keeps. */
void tenv_return(struct tenv *e)
{
	toe_rx_return(&e->loans);
}

static void forward_done(struct toe_forward *f)
{
	struct tenv *e = container_of(f, struct tenv_forward, f)->e;

	tlog(&e->m->log, "forward %s", tmock_status(f->status));
	kfree_skb(f->skb);
	f->skb = NULL;
}

/* A segment the host received. */
struct toe_forward *tenv_forward(struct tenv *e, const char *name, int *err)
{
	struct tenv_forward *fw;
	struct toe_forward *f;

	KUNIT_ASSERT_LT(e->test, e->nforwards, TENV_FORWARDS);
	fw = &e->forwards[e->nforwards++];
	fw->e = e;
	f = &fw->f;
	f->skb = tmock_skb(0, 40);
	KUNIT_ASSERT_NOT_NULL(e->test, f->skb);
	f->done = forward_done;
	*err = toe_forward(tenv_conn(e, name), f);
	if (*err) {
		kfree_skb(f->skb);
		f->skb = NULL;
	}
	return f;
}

/* Received and undelivered bytes go along with an initiate. */
void tenv_lend(struct tenv_op *op, const char *name, u32 bytes)
{
	struct tenv_obj *o = tenv_obj(op->e, name);
	struct toe_conn_delegated *d = toe_block_state(tenv_block(op, name), TOE_STATE_DELEGATED);
	struct sk_buff *skb = tmock_skb(o->fed, bytes);

	KUNIT_ASSERT_NOT_NULL(op->e->test, d);
	KUNIT_ASSERT_NOT_NULL(op->e->test, skb);
	__skb_queue_tail(&o->buffered, skb);
	d->buffered = &o->buffered;
	d->rcv_nxt += bytes;
	o->fed += bytes;
}

/* Unacknowledged or unsent bytes go along with an initiate. */
struct tenv_send *tenv_lend_send(struct tenv_op *op, const char *name, u32 bytes)
{
	struct toe_block *b = tenv_block(op, name);
	struct tenv_send *s = tenv_new_send(op->e, bytes, 0);

	s->s.status = TOE_UNWRITTEN;
	list_add_tail(&s->s.link, &b->sends);
	return s;
}
