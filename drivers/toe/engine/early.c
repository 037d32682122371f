// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that arrived before their turn. They are reported by SACK at most,
 * never acknowledged, and dropped when the connection is given back.
 */
#include <net/tcp.h>

#include "engine.h"

/* More buffers than this for one window are small change, or an attack. */
#define MAX_BUFFERS	1024U

struct early_cb {
	u32 seq;
	u32 end;
	bool push;
};

static struct early_cb *cb_of(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct early_cb) > sizeof(skb->cb));
	return (struct early_cb *)skb->cb;
}

/**
 * tcpe_early_set_push() - note the PSH flag of a segment to be kept
 * @skb: the segment
 * @push: whether it had the flag
 */
void tcpe_early_set_push(struct sk_buff *skb, bool push)
{
	cb_of(skb)->push = push;
}

static void drop(struct tcpe *e, struct sk_buff *skb)
{
	e->ooo_bytes -= skb->len;
	__skb_unlink(skb, &e->ooo);
	kfree_skb(skb);
}

/* Removes what [@seq, @end) makes superfluous. */
static void drop_covered(struct tcpe *e, u32 seq, u32 end)
{
	struct sk_buff *skb, *next;

	skb_queue_walk_safe(&e->ooo, skb, next) {
		if (!before(cb_of(skb)->seq, end))
			break;
		if (!before(cb_of(skb)->seq, seq) && !after(cb_of(skb)->end, end))
			drop(e, skb);
	}
}

/* The last buffer that starts at or before @seq; most arrive at the end. */
static struct sk_buff *last_before(const struct tcpe *e, u32 seq)
{
	struct sk_buff *skb;

	skb_queue_reverse_walk(&e->ooo, skb)
		if (!after(cb_of(skb)->seq, seq))
			return skb;
	return NULL;
}

/* The block around @seq, for the first place of a SACK option. */
static struct tcpe_range block_at(const struct tcpe *e, u32 seq)
{
	struct tcpe_range block = {};
	struct sk_buff *skb;

	skb_queue_walk(&e->ooo, skb) {
		const struct early_cb *cb = cb_of(skb);

		if (block.start == block.end || after(cb->seq, block.end)) {
			if (block.start != block.end && after(block.end, seq))
				break;
			block.start = cb->seq;
			block.end = cb->end;
		} else if (after(cb->end, block.end)) {
			block.end = cb->end;
		}
	}
	return block;
}

/**
 * tcpe_early_add() - keep a segment for later
 * @e: the connection
 * @skb: its payload and nothing else, within the window; consumed
 * @seq: sequence number of its first byte, behind rcv_nxt
 */
void tcpe_early_add(struct tcpe *e, struct sk_buff *skb, u32 seq)
{
	u32 end = seq + skb->len;
	bool push = cb_of(skb)->push;
	struct sk_buff *prev;

	e->count.ooo_segs++;
	if (skb_queue_len(&e->ooo) >= MAX_BUFFERS) {
		kfree_skb(skb);
		return;
	}
	prev = last_before(e, seq);
	if (prev && !after(end, cb_of(prev)->end)) {
		e->count.dup_segs++;
		kfree_skb(skb);
		return;
	}
	drop_covered(e, seq, end);
	prev = last_before(e, seq);
	*cb_of(skb) = (struct early_cb){ .seq = seq, .end = end, .push = push };
	if (prev)
		__skb_queue_after(&e->ooo, prev, skb);
	else
		__skb_queue_head(&e->ooo, skb);
	e->ooo_bytes += skb->len;
	e->last_ooo = block_at(e, seq);
}

/* Takes the first buffer if its turn has come. */
static bool deliver_first(struct tcpe *e)
{
	struct sk_buff *skb = skb_peek(&e->ooo);
	u32 skip;

	if (!skb || after(cb_of(skb)->seq, e->rcv_nxt))
		return false;
	if (!after(cb_of(skb)->end, e->rcv_nxt)) {
		drop(e, skb);
		return true;
	}
	skip = e->rcv_nxt - cb_of(skb)->seq;
	if (skip) {
		if (!pskb_pull(skb, skip)) {
			drop(e, skb);
			return true;
		}
		e->ooo_bytes -= skip;
		cb_of(skb)->seq += skip;
	}
	return tcpe_take(e, skb, cb_of(skb)->push, true);
}

/**
 * tcpe_early_deliver() - deliver what has become next in order
 * @e: the connection
 *
 * Return: whether anything was delivered or dropped.
 */
bool tcpe_early_deliver(struct tcpe *e)
{
	bool any = false;

	while (deliver_first(e))
		any = true;
	return any;
}

/**
 * tcpe_early_purge() - drop everything
 * @e: the connection
 */
void tcpe_early_purge(struct tcpe *e)
{
	__skb_queue_purge(&e->ooo);
	e->ooo_bytes = 0;
}

static bool same(struct tcpe_range a, struct tcpe_range b)
{
	return a.start == b.start && a.end == b.end;
}

/**
 * tcpe_early_sack() - blocks for a SACK option, the newest first
 * @e: the connection
 * @out: where they go
 * @max: room in @out
 *
 * Return: how many.
 */
unsigned int tcpe_early_sack(const struct tcpe *e, struct tcpe_range *out, unsigned int max)
{
	struct tcpe_range block = {};
	struct sk_buff *skb;
	unsigned int n = 0;

	if (skb_queue_empty(&e->ooo))
		return 0;
	if (after(e->last_ooo.start, e->rcv_nxt))
		out[n++] = e->last_ooo;
	skb_queue_walk(&e->ooo, skb) {
		const struct early_cb *cb = cb_of(skb);

		if (block.start != block.end && !after(cb->seq, block.end)) {
			if (after(cb->end, block.end))
				block.end = cb->end;
			continue;
		}
		if (block.start != block.end && !(n && same(block, out[0])) && n < max)
			out[n++] = block;
		block.start = cb->seq;
		block.end = cb->end;
	}
	if (n < max && !(n && same(block, out[0])))
		out[n++] = block;
	return n;
}
