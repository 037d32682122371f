// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints of receive clients: life, handlers, requests, and where bytes come
 * from. See endpoint.h.
 */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "core.h"
#include "endpoint.h"
#include "stats.h"

static struct toe_endpoint *local_ep(struct toe_deliver *d)
{
	return container_of(d, struct toe_endpoint, local);
}

/* What the endpoint reads from. ep->lock is held, or nobody attaches. */
static struct toe_deliver *source(struct toe_endpoint *ep)
{
	return ep->conn ? &ep->conn->dp.d : &ep->local;
}

static void free_ep(struct kref *ref)
{
	struct toe_endpoint *ep = container_of(ref, struct toe_endpoint, ref);

	toe_loan_release_slots(ep);
	/* complain() of loan.c may be looking at the name */
	kfree_rcu(ep, rcu);
}

void toe_ep_put(struct toe_endpoint *ep)
{
	kref_put(&ep->ref, free_ep);
}

bool toe_ep_nonsense(struct toe_endpoint *ep, unsigned int warned)
{
	ep->stats.nonsense++;
	return !test_and_set_bit(warned, &ep->flags);
}

void toe_ep_leave(struct toe_endpoint *ep, enum toe_handler_slot slot)
{
	struct toe_slot *s = &ep->slots[slot];
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&ep->lock, flags);
	last = !--s->calls;
	spin_unlock_irqrestore(&ep->lock, flags);
	if (last)
		wake_up_var(&s->calls);
}

/*
 * Where bytes come from
 */

/* Indicate again what was turned away for a reason that is gone. */
void toe_ep_reopen(struct toe_endpoint *ep)
{
	struct toe_conn *conn;
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	conn = ep->conn;
	if (conn)
		toe_obj_get(&conn->obj);
	spin_unlock_irqrestore(&ep->lock, flags);
	local_bh_disable();
	toe_deliver_reopen(conn ? &conn->dp.d : &ep->local);
	local_bh_enable();
	if (conn)
		toe_obj_put(&conn->obj);
}

static void kick_work(struct work_struct *work)
{
	struct toe_endpoint *ep = container_of(work, struct toe_endpoint, kick);

	if (!test_bit(TOE_EP_CLOSED, &ep->flags)) {
		toe_ep_run_expedited(ep);
		toe_ep_reopen(ep);
	}
	toe_ep_put(ep);
}

/* Any context: whoever returns may hold locks that handlers take. */
void toe_ep_kick(struct toe_endpoint *ep)
{
	kref_get(&ep->ref);
	if (!queue_work(system_bh_wq, &ep->kick))
		toe_ep_put(ep);
}

/* The last event, once there is somebody to tell. */
static void tell_end(struct toe_endpoint *ep)
{
	struct toe_slot *s = &ep->slots[TOE_SLOT_DISCONNECT];
	toe_disconnect_fn fn;
	unsigned long flags;
	void *ctx;

	spin_lock_irqsave(&ep->lock, flags);
	fn = s->fn.disconnect;
	ctx = s->ctx;
	if (fn && test_and_clear_bit(TOE_EP_UNTOLD, &ep->flags))
		s->calls++;
	else
		fn = NULL;
	spin_unlock_irqrestore(&ep->lock, flags);
	if (!fn)
		return;
	fn(ctx, test_bit(TOE_EP_ABORTED, &ep->flags));
	toe_ep_leave(ep, TOE_SLOT_DISCONNECT);
}

static void ended(struct toe_endpoint *ep, bool aborted)
{
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	if (!test_and_set_bit(TOE_EP_ENDED, &ep->flags)) {
		set_bit(TOE_EP_UNTOLD, &ep->flags);
		if (aborted)
			set_bit(TOE_EP_ABORTED, &ep->flags);
	}
	spin_unlock_irqrestore(&ep->lock, flags);
	toe_ep_drop_expedited(ep);
	tell_end(ep);
}

static u32 conn_indicate(struct toe_conn *conn, void *priv, struct toe_rx *rx)
{
	return toe_ep_indicate(priv, rx, false);
}

static void conn_disconnect(struct toe_conn *conn, void *priv)
{
	ended(priv, false);
}

static void conn_aborted(struct toe_conn *conn, void *priv)
{
	ended(priv, true);
}

static const struct toe_consumer_ops conn_consumer = {
	.indicate = conn_indicate,
	.disconnect = conn_disconnect,
	.aborted = conn_aborted,
};

static void local_complete(struct toe_deliver *d, struct list_head *done)
{
	toe_dp_deliver_ops.complete(d, done);
}

static u32 local_indicate(struct toe_deliver *d, struct toe_rx *rx)
{
	u32 status;

	toe_rx_lend(rx, NULL, d);
	status = toe_ep_indicate(local_ep(d), rx, false);
	if (status == TOE_SUCCESS)
		toe_rx_free(rx);	/* the look we had at it */
	else
		toe_rx_unlend(rx);
	return status;
}

static void local_ended(struct toe_deliver *d, bool aborted)
{
	ended(local_ep(d), aborted);
}

static const struct toe_deliver_ops local_ops = {
	.complete = local_complete,
	.indicate = local_indicate,
	.ended = local_ended,
};

static int input(struct toe_endpoint *ep, struct toe_rx *rx)
{
	int err;

	if (test_bit(TOE_EP_CLOSED, &ep->flags))
		return -ESHUTDOWN;
	if (READ_ONCE(ep->conn))
		return -EISCONN;
	err = toe_deliver_input(&ep->local, rx);
	/* it may have been what a message waited for */
	if (!err && test_bit(TOE_EP_PIECES, &ep->flags) &&
	    test_and_clear_bit(TOE_EP_PIECES, &ep->flags))
		toe_ep_reopen(ep);
	return err;
}

#define INPUT_FLAGS	(TOE_RX_PSH | TOE_RX_RESERVE | TOE_RX_EOR)

int toe_endpoint_input(struct toe_endpoint *ep, struct sk_buff *skb, u32 flags)
{
	struct toe_rx *rx;
	int err;

	if (!skb->len)
		return -EINVAL;
	rx = toe_rx_alloc(skb, flags & INPUT_FLAGS, GFP_ATOMIC);
	if (!rx)
		return -ENOMEM;
	err = input(ep, rx);
	if (err) {
		__skb_queue_head_init(&rx->skbs);	/* stays the caller's */
		toe_rx_free(rx);
	}
	return err;
}
EXPORT_SYMBOL_GPL(toe_endpoint_input);

unsigned int toe_endpoint_input_all(struct toe_endpoint **eps, unsigned int n,
				    struct sk_buff *skb, u32 flags)
{
	unsigned int i, took = 0;
	struct toe_rx *rx, *view;

	if (!skb->len)
		return 0;
	rx = toe_rx_alloc(skb_get(skb), flags & INPUT_FLAGS, GFP_ATOMIC);
	if (!rx) {
		kfree_skb(skb);
		return 0;
	}
	for (i = 0; i < n; i++) {
		view = toe_rx_view(rx, GFP_ATOMIC);
		if (!view)
			continue;
		if (input(eps[i], view))
			toe_rx_free(view);
		else
			took++;
	}
	toe_rx_free(rx);
	return took;
}
EXPORT_SYMBOL_GPL(toe_endpoint_input_all);

void toe_endpoint_end(struct toe_endpoint *ep, bool abort)
{
	if (abort)
		toe_deliver_abort(&ep->local, false);
	else
		toe_deliver_fin(&ep->local);
}
EXPORT_SYMBOL_GPL(toe_endpoint_end);

u32 toe_endpoint_waiting(const struct toe_endpoint *ep)
{
	return toe_deliver_held(&ep->local);
}
EXPORT_SYMBOL_GPL(toe_endpoint_waiting);

void toe_endpoint_push(struct toe_endpoint *ep)
{
	toe_deliver_push(&ep->local);
}
EXPORT_SYMBOL_GPL(toe_endpoint_push);

int toe_endpoint_attach(struct toe_endpoint *ep, struct toe_conn *conn)
{
	unsigned long flags;
	int err = 0;

	if (ep->local.messages)
		return -EINVAL;
	spin_lock_irqsave(&ep->lock, flags);
	if (ep->conn || READ_ONCE(ep->local.buffered) || !list_empty(&ep->requests) ||
	    !list_empty(&ep->exp_units)) {
		err = -EBUSY;
	} else {
		toe_obj_get(&conn->obj);
		ep->conn = conn;
	}
	spin_unlock_irqrestore(&ep->lock, flags);
	if (!err)
		toe_conn_set_consumer(conn, &conn_consumer, ep);
	return err;
}
EXPORT_SYMBOL_GPL(toe_endpoint_attach);

void toe_endpoint_detach(struct toe_endpoint *ep)
{
	struct toe_conn *conn = ep->conn;
	unsigned long flags;

	if (!conn)
		return;
	toe_conn_set_consumer(conn, NULL, NULL);
	spin_lock_irqsave(&ep->lock, flags);
	ep->conn = NULL;
	spin_unlock_irqrestore(&ep->lock, flags);
	toe_obj_put(&conn->obj);
}
EXPORT_SYMBOL_GPL(toe_endpoint_detach);

/*
 * Handlers
 */

static int slot_of(unsigned int event)
{
	switch (event) {
	case TOE_EVENT_DISCONNECT:
		return TOE_SLOT_DISCONNECT;
	case TOE_EVENT_RECEIVE:
		return TOE_SLOT_COPY;
	case TOE_EVENT_RECEIVE_EXPEDITED:
		return TOE_SLOT_COPY_EXPEDITED;
	case TOE_EVENT_CHAINED:
		return TOE_SLOT_CHAINED;
	case TOE_EVENT_CHAINED_EXPEDITED:
		return TOE_SLOT_CHAINED_EXPEDITED;
	}
	return -EINVAL;
}

static bool is_idle(struct toe_endpoint *ep, struct toe_slot *s)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&ep->lock, flags);
	idle = !s->calls;
	spin_unlock_irqrestore(&ep->lock, flags);
	return idle;
}

static void set_slot(struct toe_endpoint *ep, struct toe_slot *s, union toe_handler handler,
		     void *ctx)
{
	unsigned long flags;
	bool replaced;

	spin_lock_irqsave(&ep->lock, flags);
	replaced = s->fn.receive;
	s->fn = handler;
	s->ctx = ctx;
	spin_unlock_irqrestore(&ep->lock, flags);
	if (replaced)
		wait_var_event(&s->calls, is_idle(ep, s));
}

int toe_set_event_handler(struct toe_endpoint *ep, unsigned int event,
			  union toe_handler handler, void *ctx)
{
	int slot = slot_of(event);

	if (slot < 0 || (!handler.receive && ctx))
		return -EINVAL;
	might_sleep();
	set_slot(ep, &ep->slots[slot], handler, ctx);
	if (!handler.receive)
		return 0;
	local_bh_disable();
	if (slot == TOE_SLOT_DISCONNECT) {
		tell_end(ep);
	} else {
		toe_ep_run_expedited(ep);
		toe_ep_reopen(ep);
	}
	local_bh_enable();
	return 0;
}
EXPORT_SYMBOL_GPL(toe_set_event_handler);

/*
 * Requests
 */

/* Not in any list any more; the client may post it again from done(). */
void toe_ep_call_done(struct toe_rcv_request *req, u32 status)
{
	req->iter = req->core.recv.iter;
	req->bytes = req->core.recv.bytes;
	req->status = status;
	WRITE_ONCE(req->core.busy, false);
	req->done(req);
}

static void recv_done(struct toe_recv *r)
{
	struct toe_rcv_request *req = container_of(r, struct toe_rcv_request, core.recv);
	struct toe_endpoint *ep = req->core.ep;
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	list_del_init(&req->core.link);
	spin_unlock_irqrestore(&ep->lock, flags);
	toe_ep_call_done(req, r->status);
	wake_up_var(&ep->requests);
	toe_ep_put(ep);
}

#define RCV_KINDS	(TOE_RCV_NORMAL | TOE_RCV_EXPEDITED)
#define RCV_FLAGS	(RCV_KINDS | TOE_RCV_PEEK | TOE_RCV_FORCE | TOE_RCV_NO_PUSH)

static int check_request(const struct toe_rcv_request *req)
{
	if (!req->done || (req->flags & ~RCV_FLAGS))
		return -EINVAL;
	if ((req->flags & TOE_RCV_PEEK) && (req->flags & RCV_KINDS) == TOE_RCV_EXPEDITED)
		return -EINVAL;
	return toe_check_iter(&req->iter, ITER_DEST);
}

static void prepare(struct toe_endpoint *ep, struct toe_rcv_request *req)
{
	struct toe_recv *r = &req->core.recv;

	memset(r, 0, sizeof(*r));
	INIT_LIST_HEAD(&r->link);
	r->iter = req->iter;
	if (req->flags & TOE_RCV_NO_PUSH)
		r->flags |= TOE_RECV_NO_PUSH;
	if (req->flags & TOE_RCV_PEEK)
		r->flags |= TOE_RECV_PEEK;
	r->done = recv_done;
	req->core.ep = ep;
	req->core.busy = true;
}

/* Which way the request goes. ep->lock is held. */
static bool goes_expedited(struct toe_endpoint *ep, const struct toe_rcv_request *req)
{
	u32 kind = req->flags & RCV_KINDS;

	if (kind == TOE_RCV_EXPEDITED)
		return true;
	if (kind == TOE_RCV_NORMAL || (req->flags & TOE_RCV_PEEK))
		return false;
	return !list_empty(&ep->exp_units);
}

static int post_normal(struct toe_endpoint *ep, struct toe_rcv_request *req,
		       struct toe_conn *conn)
{
	LIST_HEAD(list);

	if (conn)
		return toe_recv(conn, &req->core.recv);
	list_add(&req->core.recv.link, &list);
	return toe_deliver_post(&ep->local, &list);
}

static void unpost(struct toe_endpoint *ep, struct toe_rcv_request *req)
{
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	list_del_init(&req->core.link);
	req->core.busy = false;
	spin_unlock_irqrestore(&ep->lock, flags);
	toe_ep_put(ep);
}

int toe_ep_post(struct toe_endpoint *ep, struct toe_rcv_request *req, bool outranks)
{
	bool expedited;
	struct toe_conn *conn;
	unsigned long flags;
	int err;

	err = check_request(req);
	if (err)
		return err;
	spin_lock_irqsave(&ep->lock, flags);
	if (req->core.busy)
		err = -EBUSY;
	else if (test_bit(TOE_EP_CLOSED, &ep->flags))
		err = -ESHUTDOWN;
	if (err) {
		spin_unlock_irqrestore(&ep->lock, flags);
		return err;
	}
	prepare(ep, req);
	kref_get(&ep->ref);
	expedited = outranks || goes_expedited(ep, req);
	if (outranks)
		list_add(&req->core.link, &ep->exp_requests);
	else
		list_add_tail(&req->core.link, expedited ? &ep->exp_requests : &ep->requests);
	if (expedited)
		clear_bit(TOE_EP_EXP_REFUSED, &ep->flags);
	else if (!(req->flags & TOE_RCV_PEEK))
		clear_bit(TOE_EP_REFUSED, &ep->flags);
	conn = ep->conn;
	if (conn)
		toe_obj_get(&conn->obj);
	spin_unlock_irqrestore(&ep->lock, flags);

	if (expedited)
		toe_ep_run_expedited(ep);
	else
		err = post_normal(ep, req, conn);
	if (err)
		unpost(ep, req);
	if (conn)
		toe_obj_put(&conn->obj);
	return err;
}

/* A refusal ends, and the handler is asked again before the request is there. */
static void force(struct toe_endpoint *ep, const struct toe_rcv_request *req)
{
	if ((req->flags & RCV_KINDS) != TOE_RCV_EXPEDITED) {
		clear_bit(TOE_EP_REFUSED, &ep->flags);
		toe_ep_reopen(ep);
	}
	if ((req->flags & RCV_KINDS) != TOE_RCV_NORMAL) {
		clear_bit(TOE_EP_EXP_REFUSED, &ep->flags);
		toe_ep_run_expedited(ep);
	}
}

int toe_endpoint_receive(struct toe_endpoint *ep, struct toe_rcv_request *req)
{
	int err;

	err = check_request(req);
	if (err)
		return err;
	if ((req->flags & TOE_RCV_FORCE) && !READ_ONCE(req->core.busy))
		force(ep, req);
	return toe_ep_post(ep, req, false);
}
EXPORT_SYMBOL_GPL(toe_endpoint_receive);

/*
 * Life
 */

static LIST_HEAD(endpoints);
static DEFINE_MUTEX(endpoints_lock); /* endpoints */

static void show_ep(struct seq_file *m, struct toe_endpoint *ep)
{
	static const char * const name[TOE_SLOTS] = {
		"chained", "receive", "chained_expedited", "receive_expedited", "disconnect",
	};
	struct toe_endpoint_stats s;
	unsigned long flags;
	u32 held;
	int i;

	toe_endpoint_get_stats(ep, &s);
	spin_lock_irqsave(&ep->lock, flags);
	held = toe_deliver_held(source(ep));
	seq_printf(m, "%s %s handlers:", ep->name, ep->conn ? "attached" : "fed");
	for (i = 0; i < TOE_SLOTS; i++)
		if (ep->slots[i].fn.receive)
			seq_printf(m, " %s", name[i]);
	seq_printf(m, "%s%s%s\n", test_bit(TOE_EP_REFUSED, &ep->flags) ? ", refused" : "",
		   test_bit(TOE_EP_STARVED, &ep->flags) ? ", waits for returns" : "",
		   test_bit(TOE_EP_ENDED, &ep->flags) ? ", ended" : "");
	spin_unlock_irqrestore(&ep->lock, flags);
	seq_printf(m, "  waiting %u kept %u kept_bytes %u budget %u\n",
		   held > s.kept_bytes ? held - s.kept_bytes : 0, s.kept, s.kept_bytes,
		   ep->budget);
	seq_printf(m, "  chained %llu copy %llu expedited %llu refused %llu fallback %llu starved %llu nonsense %llu\n",
		   s.chained, s.copy, s.expedited, s.refused, s.fallback, s.starved, s.nonsense);
}

/* debugfs: every endpoint; a snapshot. */
int toe_ep_show_all(struct seq_file *m, void *v)
{
	struct toe_endpoint *ep;
	u64 copies, bytes;

	bytes = toe_copied_bytes(&copies);
	seq_printf(m, "copies %llu bytes %llu\n", copies, bytes);
	mutex_lock(&endpoints_lock);
	list_for_each_entry(ep, &endpoints, all)
		show_ep(m, ep);
	mutex_unlock(&endpoints_lock);
	return 0;
}

struct toe_endpoint *toe_endpoint_create(const struct toe_endpoint_attr *attr)
{
	struct toe_endpoint *ep;

	if (!attr->name || !*attr->name || attr->budget > INT_MAX)
		return ERR_PTR(-EINVAL);
	ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return ERR_PTR(-ENOMEM);
	if (strscpy(ep->name, attr->name) < 0) {
		kfree(ep);
		return ERR_PTR(-EINVAL);
	}
	kref_init(&ep->ref);
	ep->context = attr->context;
	ep->budget = attr->budget;
	spin_lock_init(&ep->lock);
	INIT_LIST_HEAD(&ep->requests);
	INIT_LIST_HEAD(&ep->exp_units);
	INIT_LIST_HEAD(&ep->exp_requests);
	init_llist_head(&ep->free_loans);
	toe_deliver_init(&ep->local, &local_ops);
	ep->local.messages = attr->messages;
	INIT_WORK(&ep->kick, kick_work);
	mutex_lock(&endpoints_lock);
	list_add_tail(&ep->all, &endpoints);
	mutex_unlock(&endpoints_lock);
	return ep;
}
EXPORT_SYMBOL_GPL(toe_endpoint_create);

static void clear_handlers(struct toe_endpoint *ep)
{
	union toe_handler none = { .receive = NULL };
	int i;

	for (i = 0; i < TOE_SLOTS; i++)
		set_slot(ep, &ep->slots[i], none, NULL);
}

/* The first request that can be taken back; *@empty: there is none at all. */
static struct toe_rcv_request *take_back(struct toe_endpoint *ep, bool *empty)
{
	struct toe_rcv_request *req, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&ep->lock, flags);
	req = list_first_entry_or_null(&ep->exp_requests, struct toe_rcv_request, core.link);
	if (req && !ep->exp_running)
		found = req;
	list_for_each_entry(req, &ep->requests, core.link) {
		if (found)
			break;
		if (toe_deliver_withdraw(source(ep), &req->core.recv, true))
			found = req;
	}
	if (found)
		list_del_init(&found->core.link);
	*empty = list_empty(&ep->requests) && list_empty(&ep->exp_requests);
	spin_unlock_irqrestore(&ep->lock, flags);
	return found;
}

/* Those that cannot be taken back are about to complete. */
static void end_requests(struct toe_endpoint *ep)
{
	struct toe_rcv_request *req;
	bool empty;

	do {
		req = take_back(ep, &empty);
		if (req) {
			local_bh_disable();
			toe_ep_call_done(req, TOE_REQUEST_ABORTED);
			local_bh_enable();
			toe_ep_put(ep);
		} else if (!empty) {
			usleep_range(100, 1000);
		}
	} while (req || !empty);
}

static void wait_for_expedited(struct toe_endpoint *ep)
{
	unsigned long flags;
	bool running;

	for (;;) {
		spin_lock_irqsave(&ep->lock, flags);
		running = ep->exp_running;
		spin_unlock_irqrestore(&ep->lock, flags);
		if (!running)
			break;
		usleep_range(100, 1000);
	}
}

void toe_endpoint_destroy(struct toe_endpoint *ep)
{
	LIST_HEAD(requests);
	LIST_HEAD(units);

	if (!ep)
		return;
	mutex_lock(&endpoints_lock);
	list_del(&ep->all);
	mutex_unlock(&endpoints_lock);
	set_bit(TOE_EP_CLOSED, &ep->flags);
	clear_handlers(ep);
	end_requests(ep);
	toe_endpoint_detach(ep);
	if (cancel_work_sync(&ep->kick))
		toe_ep_put(ep);
	toe_deliver_stop(&ep->local);
	wait_for_expedited(ep);
	toe_deliver_take(&ep->local, &units, &requests);
	list_splice_init(&ep->exp_units, &units);
	toe_rx_free_list(&units);
	toe_ep_put(ep);
}
EXPORT_SYMBOL_GPL(toe_endpoint_destroy);

void toe_endpoint_get_stats(const struct toe_endpoint *ep, struct toe_endpoint_stats *s)
{
	*s = ep->stats;
	s->kept = atomic_read(&ep->kept);
	s->kept_bytes = atomic_read(&ep->kept_bytes);
}
EXPORT_SYMBOL_GPL(toe_endpoint_get_stats);

u64 toe_copied_bytes(u64 *copies)
{
	u64 n = 0, bytes = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		n += per_cpu(toe_copies, cpu).copies;
		bytes += per_cpu(toe_copies, cpu).bytes;
	}
	if (copies)
		*copies = n;
	return bytes;
}
EXPORT_SYMBOL_GPL(toe_copied_bytes);
