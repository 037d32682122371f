// SPDX-License-Identifier: GPL-2.0
/*
 * Expedited messages: the queue that overtakes (toe.md 4.5, 4.6).
 *
 * From the arrival of the first until the last is consumed, normal delivery is
 * held; a normal request that is partly filled ends before. One runner per
 * endpoint at a time, as in deliver.c.
 */
#include <linux/export.h>

#include "core.h"
#include "endpoint.h"

/* ep->lock is held. */
bool toe_ep_expedited_waits(struct toe_endpoint *ep)
{
	return ep->exp_hold;
}

static bool wants_either(const struct toe_rcv_request *req)
{
	u32 kind = req->flags & (TOE_RCV_NORMAL | TOE_RCV_EXPEDITED);

	return (!kind || kind == (TOE_RCV_NORMAL | TOE_RCV_EXPEDITED)) &&
	       !(req->flags & TOE_RCV_PEEK);
}

/*
 * A request that takes either kind and has no bytes yet comes over from the
 * normal ones. ep->lock is held.
 */
static struct toe_rcv_request *claim_either(struct toe_endpoint *ep)
{
	struct toe_deliver *d = ep->conn ? &ep->conn->dp.d : &ep->local;
	struct toe_rcv_request *req;

	list_for_each_entry(req, &ep->requests, core.link) {
		if (!wants_either(req) || !toe_deliver_withdraw(d, &req->core.recv, false))
			continue;
		list_move_tail(&req->core.link, &ep->exp_requests);
		return req;
	}
	return NULL;
}

static void finish(struct toe_endpoint *ep, struct toe_rcv_request *req, u32 status,
		   unsigned long *flags)
	__must_hold(&ep->lock)
{
	list_del_init(&req->core.link);
	spin_unlock_irqrestore(&ep->lock, *flags);
	toe_ep_call_done(req, status);
	toe_ep_put(ep);
	spin_lock_irqsave(&ep->lock, *flags);
}

/* Only the runner removes units and fills requests. */
static void fill(struct toe_endpoint *ep, struct toe_rcv_request *req, struct toe_rx *rx,
		 unsigned long *flags)
	__must_hold(&ep->lock)
{
	struct toe_recv *r = &req->core.recv;
	size_t n = min_t(size_t, rx->length, iov_iter_count(&r->iter));

	spin_unlock_irqrestore(&ep->lock, *flags);
	n = toe_rx_copy(rx, 0, n, &r->iter);
	spin_lock_irqsave(&ep->lock, *flags);
	r->bytes += n;
	rx->offset += n;
	rx->length -= n;
	if (rx->length) {
		/* one without room only ends a refusal */
		finish(ep, req, r->bytes ? TOE_BUFFER_OVERFLOW : TOE_SUCCESS, flags);
		return;
	}
	list_del(&rx->link);
	finish(ep, req, TOE_SUCCESS, flags);
	toe_rx_free(rx);
}

/* False: refused, or nobody there. */
static bool indicate(struct toe_endpoint *ep, struct toe_rx *rx, unsigned long *flags)
	__must_hold(&ep->lock)
{
	u32 status, length = rx->length;

	list_del(&rx->link);
	atomic_add(length, &ep->local.lent);
	rx->consumed = 0;
	toe_rx_lend(rx, NULL, &ep->local);
	spin_unlock_irqrestore(&ep->lock, *flags);
	status = toe_ep_indicate(ep, rx, true);
	if (status == TOE_SUCCESS)
		toe_rx_free(rx);
	spin_lock_irqsave(&ep->lock, *flags);
	if (status == TOE_SUCCESS)
		return true;
	toe_rx_unlend(rx);
	atomic_sub(length, &ep->local.lent);
	if (status == TOE_DATA_PARTIALLY_ACCEPTED) {
		rx->offset += rx->consumed;
		rx->length -= rx->consumed;
	}
	list_add(&rx->link, &ep->exp_units);
	return false;
}

static bool step(struct toe_endpoint *ep, unsigned long *flags)
{
	struct toe_rcv_request *req;
	struct toe_rx *rx;

	req = list_first_entry_or_null(&ep->exp_requests, struct toe_rcv_request, core.link);
	rx = list_first_entry_or_null(&ep->exp_units, struct toe_rx, link);
	if (!rx) {
		if (req && test_bit(TOE_EP_ENDED, &ep->flags)) {
			finish(ep, req, TOE_INVALID_STATE, flags);
			return true;
		}
		return false;
	}
	if (!req)
		req = claim_either(ep);
	if (req) {
		fill(ep, req, rx, flags);
		return true;
	}
	if (test_bit(TOE_EP_EXP_REFUSED, &ep->flags))
		return false;
	/* not taken: go on only if the answer brought a request */
	return indicate(ep, rx, flags) || !list_empty(&ep->exp_requests);
}

/* Everything expedited is consumed: normal bytes flow again. ep->lock is held. */
static bool ends_hold(struct toe_endpoint *ep, bool *reopen)
{
	if (!ep->exp_hold || !list_empty(&ep->exp_units))
		return false;
	ep->exp_hold = false;
	*reopen = ep->exp_reopen;
	ep->exp_reopen = false;
	return true;
}

void toe_ep_run_expedited(struct toe_endpoint *ep)
{
	bool over = false, reopen = false;
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	if (!ep->exp_running) {
		ep->exp_running = true;
		while (step(ep, &flags))
			;
		ep->exp_running = false;
		over = ends_hold(ep, &reopen);
	}
	spin_unlock_irqrestore(&ep->lock, flags);
	if (over)
		toe_deliver_hold(&ep->local, false);
	if (reopen)
		toe_ep_reopen(ep);
}

void toe_ep_drop_expedited(struct toe_endpoint *ep)
{
	unsigned long flags;
	LIST_HEAD(units);

	spin_lock_irqsave(&ep->lock, flags);
	if (!ep->exp_running)
		list_splice_init(&ep->exp_units, &units);
	spin_unlock_irqrestore(&ep->lock, flags);
	toe_rx_free_list(&units);
	toe_ep_run_expedited(ep);
}

static int queue(struct toe_endpoint *ep, struct toe_rx *rx)
{
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&ep->lock, flags);
	if (test_bit(TOE_EP_CLOSED, &ep->flags))
		err = -ESHUTDOWN;
	else if (test_bit(TOE_EP_ENDED, &ep->flags))
		err = -EPIPE;
	else if (ep->conn)
		err = -EISCONN;
	if (!err) {
		list_add_tail(&rx->link, &ep->exp_units);
		if (!ep->exp_hold)
			toe_deliver_preempt(&ep->local);
		ep->exp_hold = true;
	}
	spin_unlock_irqrestore(&ep->lock, flags);
	return err;
}

int toe_endpoint_expedited(struct toe_endpoint *ep, struct sk_buff *skb, u32 flags)
{
	struct toe_rx *rx;
	int err;

	if (!skb->len)
		return -EINVAL;
	rx = toe_rx_alloc(skb, (flags & TOE_RX_RESERVE) | TOE_RX_EOR, GFP_ATOMIC);
	if (!rx)
		return -ENOMEM;
	err = queue(ep, rx);
	if (err) {
		__skb_queue_head_init(&rx->skbs);	/* stays the caller's */
		toe_rx_free(rx);
		return err;
	}
	toe_deliver_run(&ep->local);
	toe_ep_run_expedited(ep);
	return 0;
}
EXPORT_SYMBOL_GPL(toe_endpoint_expedited);
