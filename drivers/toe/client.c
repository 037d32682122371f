// SPDX-License-Identifier: GPL-2.0
/*
 * One unit to one client: which handler gets it, in which form, and what the
 * answer means (toe.md 4.3, 4.4, 4.6).
 *
 * The result is that of &toe_consumer_ops.indicate: taken whole, in part, or not.
 */
#include <linux/hardirq.h>
#include <linux/preempt.h>

#include "core.h"
#include "endpoint.h"
#include "trace.h"

/* least that a copy indication shows, unless less is there */
#define LOOKAHEAD	128

/* in this order, see "Which handler" in include/ndk/toe_recv.h */
static const enum toe_handler_slot normal_order[] = {
	TOE_SLOT_CHAINED, TOE_SLOT_COPY,
};

static const enum toe_handler_slot expedited_order[] = {
	TOE_SLOT_CHAINED_EXPEDITED, TOE_SLOT_COPY_EXPEDITED,
	TOE_SLOT_CHAINED, TOE_SLOT_COPY,
};

/**
 * struct call - an indication on its way
 * @ep: to whom
 * @rx: what
 * @expedited: its kind
 * @whole: it is a whole unit
 * @slot: which handler
 * @fn: the handler
 * @ctx: its argument
 * @loan: descriptor, if it is in chained form
 * @over_budget: it would be, if the budget had room
 */
struct call {
	struct toe_endpoint *ep;
	struct toe_rx *rx;
	bool expedited;
	bool whole;
	enum toe_handler_slot slot;
	union toe_handler fn;
	void *ctx;
	struct toe_loan *loan;
	bool over_budget;
};

static bool is_chained(enum toe_handler_slot slot)
{
	return slot == TOE_SLOT_CHAINED || slot == TOE_SLOT_CHAINED_EXPEDITED;
}

/* A stream has no units but what arrived together. */
static bool is_whole(struct toe_endpoint *ep, struct toe_rx *rx, bool expedited)
{
	if (expedited || !ep->local.messages)
		return true;
	return (rx->flags & TOE_RX_EOR) && !ep->local.mid;
}

/*
 * The last piece of a message whose front went another way is copied, unless the
 * client cannot take it so.
 */
static bool may_keep(const struct call *c)
{
	if (c->rx->flags & TOE_RX_RESERVE)
		return false;
	return c->whole ||
	       ((c->rx->flags & TOE_RX_EOR) && !c->ep->slots[TOE_SLOT_COPY].fn.receive);
}

/*
 * Nobody can take the bytes now, and returned descriptors would change that. They
 * may have come back between the look at the budget and here.
 */
static void starve(struct call *c)
{
	struct toe_endpoint *ep = c->ep;

	ep->stats.starved++;
	set_bit(TOE_EP_STARVED, &ep->flags);
	/* pairs with the barrier in free_slot() of loan.c */
	smp_mb();
	if (atomic_read(&ep->kept_bytes) + c->rx->length <= ep->budget &&
	    test_and_clear_bit(TOE_EP_STARVED, &ep->flags))
		toe_ep_kick(ep);
}

/* ep->lock is held. The handler is entered if one is found. */
static bool pick(struct call *c)
{
	const enum toe_handler_slot *order = c->expedited ? expedited_order : normal_order;
	size_t n = c->expedited ? ARRAY_SIZE(expedited_order) : ARRAY_SIZE(normal_order);
	bool chained = false;
	size_t i;

	for (i = 0; i < n; i++) {
		struct toe_slot *s = &c->ep->slots[order[i]];

		if (!s->fn.receive)
			continue;
		if (is_chained(order[i])) {
			chained = true;
			c->loan = may_keep(c) ? toe_loan_take(c->ep, c->rx, &c->over_budget) : NULL;
			if (!c->loan)
				continue;
		} else if (chained) {
			c->ep->stats.fallback++;
		}
		c->slot = order[i];
		c->fn = s->fn;
		c->ctx = s->ctx;
		s->calls++;
		return true;
	}
	if (c->over_budget)
		starve(c);
	else if (chained && c->ep->local.messages && !(c->rx->flags & TOE_RX_EOR))
		set_bit(TOE_EP_PIECES, &c->ep->flags);
	return false;
}

/* ep->lock is held. */
static bool may_indicate(const struct call *c)
{
	struct toe_endpoint *ep = c->ep;

	if (test_bit(TOE_EP_CLOSED, &ep->flags) || test_bit(TOE_EP_ENDED, &ep->flags))
		return false;
	if (c->expedited)
		return true;
	if (test_bit(TOE_EP_REFUSED, &ep->flags))
		return false;
	if (toe_ep_expedited_waits(ep)) {
		ep->exp_reopen = true;
		return false;
	}
	return true;
}

static bool enter(struct call *c)
{
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&c->ep->lock, flags);
	found = may_indicate(c) && pick(c);
	spin_unlock_irqrestore(&c->ep->lock, flags);
	return found;
}

/* The same handler once more, if it is still there and still may be called. */
static bool enter_again(struct call *c)
{
	struct toe_slot *s = &c->ep->slots[c->slot];
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&c->ep->lock, flags);
	found = may_indicate(c) && s->fn.receive;
	if (found) {
		c->fn = s->fn;
		c->ctx = s->ctx;
		s->calls++;
	}
	spin_unlock_irqrestore(&c->ep->lock, flags);
	return found;
}

static u32 indication_flags(const struct call *c)
{
	u32 flags = c->expedited ? TOE_IND_EXPEDITED : TOE_IND_NORMAL;

	flags |= c->whole || c->loan ? TOE_IND_ENTIRE_MESSAGE : TOE_IND_PARTIAL;
	if (!preemptible() || rcu_preempt_depth())
		flags |= TOE_IND_ATOMIC;
	return flags;
}

static void refuse(struct call *c)
{
	c->ep->stats.refused++;
	set_bit(c->expedited ? TOE_EP_EXP_REFUSED : TOE_EP_REFUSED, &c->ep->flags);
}

static void complain(struct call *c, const char *what, u32 value)
{
	if (toe_ep_nonsense(c->ep, TOE_EP_WARNED_ANSWER))
		pr_warn("toe: receive client %s: %s (%#x), nothing further is believed\n",
			c->ep->name, what, value);
}

/* Taken whole: the buffers go back at once. */
static u32 give_back(struct toe_rx *rx)
{
	LIST_HEAD(units);

	list_add(&rx->link, &units);
	toe_rx_return(&units);
	return TOE_SUCCESS;
}

static u32 call_chained(struct call *c)
{
	struct toe_chained ind = {
		.context = c->ep->context,
		.flags = indication_flags(c),
		.offset = c->rx->offset,
		.length = c->rx->length,
		.chain = &c->rx->skbs,
		.tsdu = toe_loan_tsdu(c->loan),
	};
	u32 status;

	c->ep->stats.chained++;
	status = c->fn.chained(c->ctx, &ind);
	trace_toe_client(c->ep->name, ind.flags, true, ind.length, status);
	toe_ep_leave(c->ep, c->slot);
	if (toe_loan_settle(c->loan, status == TOE_PENDING))
		return TOE_SUCCESS;
	if (status == TOE_SUCCESS || status == TOE_PENDING)
		return give_back(c->rx);
	if (status != TOE_DATA_NOT_ACCEPTED)
		complain(c, "answered a chained indication with an unknown status", status);
	refuse(c);
	return TOE_DATA_NOT_ACCEPTED;
}

/*
 * What a copy indication shows, from @skip on: in place if that is enough bytes,
 * else collected in @room.
 */
static void look_ahead(struct call *c, u32 skip, u8 *room, struct toe_indication *ind)
{
	u32 n = 0;

	ind->available = c->rx->length - skip;
	ind->data = toe_rx_piece(c->rx, skip, &n);
	if (!ind->data || n < min_t(u32, LOOKAHEAD, ind->available)) {
		struct kvec vec = { .iov_base = room, .iov_len = LOOKAHEAD };
		struct iov_iter iter;

		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, LOOKAHEAD);
		n = toe_rx_copy(c->rx, skip, min_t(u32, LOOKAHEAD, ind->available), &iter);
		ind->data = room;
	}
	ind->indicated = n;
	if (ind->indicated < ind->available)
		ind->flags |= TOE_IND_COPY_LOOKAHEAD;
}

enum copy_next {
	COPY_AGAIN,	/* the rest is to be indicated */
	COPY_REST,	/* the rest goes elsewhere */
};

/*
 * A request the client hands over with its answer. It cannot be told that the
 * request was refused, so that completes.
 */
static enum copy_next take_request(struct call *c, struct toe_rcv_request *req)
{
	int err;

	if (!req) {
		complain(c, "wanted more processing without a request", 0);
		refuse(c);
		return COPY_REST;
	}
	err = toe_ep_post(c->ep, req, c->expedited);
	if (err) {
		complain(c, "handed over a request that cannot be posted", -err);
		refuse(c);
		if (err != -EBUSY)
			toe_ep_call_done(req, TOE_REQUEST_ABORTED);
	}
	return COPY_REST;
}

/* One call of the copy handler; adds what was taken to @done. */
static enum copy_next call_copy_once(struct call *c, u32 *done)
{
	struct toe_indication ind = {
		.context = c->ep->context,
		.flags = indication_flags(c),
	};
	u8 room[LOOKAHEAD];
	u32 status;

	look_ahead(c, *done, room, &ind);
	c->ep->stats.copy++;
	status = c->fn.receive(c->ctx, &ind);
	trace_toe_client(c->ep->name, ind.flags, false, ind.taken, status);
	toe_ep_leave(c->ep, c->slot);
	if (ind.taken > ind.indicated) {
		complain(c, "took more bytes than it was shown", ind.taken);
		refuse(c);
		return COPY_REST;
	}
	*done += ind.taken;
	switch (status) {
	case TOE_SUCCESS:
		if (ind.taken)
			return COPY_AGAIN;
		complain(c, "reported success without taking a byte", status);
		break;
	case TOE_MORE_PROCESSING:
		return take_request(c, ind.request);
	case TOE_DATA_NOT_ACCEPTED:
		if (*done == c->rx->length)
			return COPY_REST;	/* it wants what comes next */
		break;
	default:
		complain(c, "answered an indication with an unknown status", status);
	}
	refuse(c);
	return COPY_REST;
}

static u32 call_copy(struct call *c)
{
	struct toe_rx *rx = c->rx;
	u32 done = 0;

	/* the form stays, even if buffers could be kept by now */
	while (call_copy_once(c, &done) == COPY_AGAIN && done < rx->length)
		if (!enter_again(c))
			break;
	if (done == rx->length)
		return give_back(rx);
	rx->consumed = done;
	return done ? TOE_DATA_PARTIALLY_ACCEPTED : TOE_DATA_NOT_ACCEPTED;
}

u32 toe_ep_indicate(struct toe_endpoint *ep, struct toe_rx *rx, bool expedited)
{
	struct call c = {
		.ep = ep,
		.rx = rx,
		.expedited = expedited,
		.whole = is_whole(ep, rx, expedited),
	};

	if (!enter(&c))
		return TOE_DATA_NOT_ACCEPTED;
	if (expedited)
		ep->stats.expedited++;
	return c.loan ? call_chained(&c) : call_copy(&c);
}
