// SPDX-License-Identifier: GPL-2.0
/*
 * Connectors: the work item and what rdma_cm has to say.
 */
#include <linux/bitops.h>

#include "conn.h"

/* How long a disconnect waits for requests that are under way. */
#define IDLE_MS		1000

/**
 * conn_kick() - something is to be done for a connector
 * @c: the connector
 * @step: what
 *
 * The object has a use: the consumer's until it closes, then that of the item that
 * will come to the last step. So has whoever calls, by the id or the queue pair,
 * which that step lets go of.
 *
 * Context: any.
 */
void conn_kick(struct ndk_connector *c, enum conn_step step)
{
	set_bit(step, &c->todo);
	/* the item's use; what is queued twice has one */
	api_get(&c->obj);
	if (!queue_work(c->obj.adapter->wq, &c->work))
		api_put(&c->obj);
}

/**
 * conn_done() - the pending call of a connector is done
 * @c: the connector
 * @status: its result
 *
 * Does nothing if none pends. The consumer may close the connector from its
 * callback; that is a later step, so it is still there when this returns.
 */
void conn_done(struct ndk_connector *c, int status)
{
	struct ndk_pending was;

	scoped_guard(spinlock_irqsave, &c->lock) {
		was = c->pending;
		c->pending = (struct ndk_pending){};
	}
	if (!was.done)
		return;
	api_cb_begin();
	was.done(was.context, status);
	api_cb_end();
}

enum conn_state conn_state(struct ndk_connector *c)
{
	guard(spinlock_irqsave)(&c->lock);
	return c->state;
}

void conn_set_state(struct ndk_connector *c, enum conn_state state)
{
	guard(spinlock_irqsave)(&c->lock);
	c->state = state;
}

/* The peer gave up before there was a connection: what the next call gets. */
static void lose(struct ndk_connector *c, int err)
{
	guard(spinlock_irqsave)(&c->lock);
	c->lost = err;
	/* a call that pends finds @lost in its own step */
	if (!c->pending.done)
		c->state = CONN_ENDED;
}

/* The one disconnect event: not after the consumer's own disconnect or close. */
static void tell(struct ndk_connector *c, int reason)
{
	struct conn_event event = {};

	scoped_guard(spinlock_irqsave, &c->lock) {
		if (c->state == CONN_CONNECTED && !c->closing && !c->event_given)
			event = c->event;
		c->event_given = true;
	}
	api_cb_begin();
	if (event.plain)
		event.plain(event.context);
	if (event.ex)
		event.ex(event.context, -reason);
	api_cb_end();
}

/**
 * conn_forget_id() - destroy the connection manager's side
 * @c: the connector
 *
 * Rejects or disconnects, whatever the peer is owed, without waiting for an
 * answer. No event comes any more, and what came last is void.
 */
void conn_forget_id(struct ndk_connector *c)
{
	enum conn_step step;

	if (!c->id)
		return;
	rdma_destroy_id(c->id);
	c->id = NULL;
	for (step = 0; step < STEPS; step++)
		if (STEPS_OF_ID & BIT(step))
			clear_bit(step, &c->todo);
}

/**
 * conn_leave_endpoint() - let go of the local address
 * @c: the connector, its id destroyed
 */
void conn_leave_endpoint(struct ndk_connector *c)
{
	if (!c->ep)
		return;
	if (c->shared)
		ndk_endpoint_leave(c->ep, &c->peer);
	ndk_endpoint_put(c->ep);
	c->ep = NULL;
}

/**
 * conn_usable() - the handshake is over
 * @c: the connector
 *
 * The queue pair may have been flushed, or have broken, on the way: then there is a
 * connection and it ends at once.
 */
void conn_usable(struct ndk_connector *c)
{
	conn_set_state(c, CONN_CONNECTED);
	if (!api_qp_connected(c->qp))
		conn_kick(c, STEP_BROKEN);
	conn_done(c, 0);
}

/**
 * conn_end() - nothing will come of this connection
 * @c: the connector
 * @status: of the call that pends
 *
 * The queue pair, if it was moved for this connection, is spent with it.
 */
void conn_end(struct ndk_connector *c, int status)
{
	if (c->was_up)
		api_qp_flush(c->qp);
	conn_set_state(c, CONN_ENDED);
	conn_done(c, status);
}

/* --- rdma_cm's events ------------------------------------------------------ */

/* Private data is padded with zeros to what its message can hold. */
static void store_data(struct conn_data *to, const struct rdma_conn_param *p)
{
	u8 len = min_t(size_t, p->private_data_len, sizeof(to->bytes));

	/* only a peer without this layer can have sent more than we let through */
	if (len > NDK_CALLEE_DATA &&
	    !memchr_inv(p->private_data + NDK_CALLEE_DATA, 0, len - NDK_CALLEE_DATA))
		len = NDK_CALLEE_DATA;
	to->len = len;
	if (len)
		memcpy(to->bytes, p->private_data, len);
}

/**
 * conn_store() - take down what the peer's message says
 * @c: the connector
 * @p: the message; rdma_cm has the read limits as seen from here
 */
void conn_store(struct ndk_connector *c, const struct rdma_conn_param *p)
{
	guard(spinlock_irqsave)(&c->lock);
	store_data(&c->in, p);
	c->peer_ird = p->initiator_depth;
	c->peer_ord = p->responder_resources;
}

static void store_failure(struct ndk_connector *c, int err)
{
	guard(spinlock_irqsave)(&c->lock);
	c->failure = err;
}

static int reject_errno(int reason)
{
	return reason == IB_CM_REJ_TIMEOUT ? -ETIMEDOUT : -ECONNREFUSED;
}

/* Nobody answers for the address: that is the host, whatever ran out of time. */
static int resolve_errno(int err)
{
	return err == -ENETUNREACH || err == -ENOMEM ? err : -EHOSTUNREACH;
}

/* In one phase, it is the peer's reply as well. */
static enum conn_step established(struct ndk_connector *c, const struct rdma_conn_param *p)
{
	if (conn_state(c) != CONN_CONNECTING)
		return STEP_ESTABLISHED;
	conn_store(c, p);
	return STEP_OFFER;
}

/**
 * conn_event() - rdma_cm's handler of a connector
 * @id: the connector's id
 * @ev: what happened
 *
 * Context: process; rdma_cm's handler mutex is held, so nothing is done here.
 * Return: 0, the id stays.
 */
int conn_event(struct rdma_cm_id *id, struct rdma_cm_event *ev)
{
	struct ndk_connector *c = id->context;
	enum conn_step step;

	switch (ev->event) {
	case RDMA_CM_EVENT_ADDR_RESOLVED:
		step = STEP_ROUTE;
		break;
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
		step = STEP_REQUEST;
		break;
	case RDMA_CM_EVENT_ADDR_ERROR:
	case RDMA_CM_EVENT_ROUTE_ERROR:
		store_failure(c, resolve_errno(ev->status));
		step = STEP_FAILED;
		break;
	case RDMA_CM_EVENT_CONNECT_RESPONSE:
		conn_store(c, &ev->param.conn);
		step = STEP_OFFER;
		break;
	case RDMA_CM_EVENT_REJECTED:
		conn_store(c, &ev->param.conn);
		store_failure(c, reject_errno(ev->status));
		step = STEP_FAILED;
		break;
	case RDMA_CM_EVENT_UNREACHABLE:
	case RDMA_CM_EVENT_CONNECT_ERROR:
		store_failure(c, -ETIMEDOUT);
		step = STEP_FAILED;
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		step = established(c, &ev->param.conn);
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
		store_failure(c, ev->status ? -ETIMEDOUT : 0);
		step = STEP_HUNG_UP;
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		step = STEP_REMOVED;
		break;
	default:
		return 0;
	}
	conn_kick(c, step);
	return 0;
}

/* --- steps ----------------------------------------------------------------- */

/*
 * For the consumer of a side that has not finished the handshake, a peer that
 * gives up has aborted; only ndk_connect() tells why.
 */
static int abandoned_errno(int failure)
{
	return failure == -ETIMEDOUT ? failure : -ECONNABORTED;
}

static void abort_connection(struct ndk_connector *c, int err)
{
	scoped_guard(spinlock_irqsave, &c->lock)
		if (!c->aborted)
			c->aborted = err;
	tell(c, err);
}

/*
 * Nothing will come of the connection. What that means for the call that pends, or
 * for the next one, depends on how far it was: @connecting and @accepting are what
 * these two calls get. Returns true if it was made: then there is more to do.
 */
static bool give_up(struct ndk_connector *c, int connecting, int accepting)
{
	switch (conn_state(c)) {
	case CONN_CONNECTING:
		conn_undo_connect(c, connecting);
		return false;
	case CONN_OFFERED:
	case CONN_REQUESTED:
	case CONN_COMPLETING:
		lose(c, -ECONNABORTED);
		return false;
	case CONN_ACCEPTING:
		conn_end(c, accepting);
		return false;
	case CONN_DISCONNECTING:
		conn_end(c, -ECONNABORTED);
		return false;
	case CONN_CONNECTED:
		return true;
	default:
		return false;
	}
}

static void step_failed(struct ndk_connector *c)
{
	int err = c->failure;

	if (give_up(c, err, abandoned_errno(err)))
		abort_connection(c, -ECONNABORTED);
}

static void step_hung_up(struct ndk_connector *c)
{
	int err = c->failure;

	scoped_guard(spinlock_irqsave, &c->lock)
		c->hung_up = true;
	switch (conn_state(c)) {
	case CONN_ACCEPTING:
		rdma_disconnect(c->id);
		conn_end(c, -ECONNABORTED);
		break;
	case CONN_CONNECTED:
		tell(c, 0);
		break;
	case CONN_DISCONNECTING:
		/* requests that crossed: each side answers the other's */
		rdma_disconnect(c->id);
		conn_end(c, c->aborted ?: err);
		break;
	default:
		break;
	}
}

/* The peer is told at once; our consumer still has to disconnect or close. */
static void step_broken(struct ndk_connector *c)
{
	if (conn_state(c) != CONN_CONNECTED || c->aborted)
		return;
	if (c->id && !c->hung_up)
		rdma_disconnect(c->id);
	abort_connection(c, -ECONNABORTED);
}

static void step_timeout(struct ndk_connector *c)
{
	if (conn_state(c) == CONN_DISCONNECTING)
		conn_end(c, -ETIMEDOUT);
}

/* The device waits for the id to be destroyed, not for the consumer. */
static void step_removed(struct ndk_connector *c)
{
	if (give_up(c, -ENODEV, -ECONNABORTED)) {
		/* nothing more comes of it: no posts, and what was posted is cancelled */
		ndk_flush(c->qp);
		abort_connection(c, -ENODEV);
	}
	conn_forget_id(c);
}

/*
 * Graceful is what finds the initiator queue empty. Silent requests are not seen
 * by the consumer, so they get the time they need (R-NDK-112).
 */
static void step_disconnect(struct ndk_connector *c)
{
	if (conn_state(c) != CONN_DISCONNECTING || c->closing)
		return;
	if (c->id && !c->aborted && !c->hung_up)
		api_qp_idle_sq(c->qp, msecs_to_jiffies(IDLE_MS));
	/* sends the request, or answers the peer's */
	if (c->id)
		rdma_disconnect(c->id);
	if (c->aborted || !c->id)
		conn_end(c, -ECONNABORTED);
	else if (c->hung_up)
		conn_end(c, c->failure);
	else
		mod_timer(&c->timer, jiffies + msecs_to_jiffies(NDK_DISCONNECT_MS));
}

static void step_reject(struct ndk_connector *c)
{
	if (!c->id || c->lost)
		return;
	if (rdma_reject(c->id, c->out.bytes, c->out.len, IB_CM_REJ_CONSUMER_DEFINED))
		rdma_disconnect(c->id);
}

/*
 * The last step. Every source of further steps is shut before the item's use of
 * the object is dropped: the id, the queue pair, the timer, the adapter's list.
 */
static void step_close(struct ndk_connector *c)
{
	conn_done(c, -ECANCELED);
	conn_link_del(c->obj.adapter, &c->link);
	conn_forget_id(c);
	timer_shutdown_sync(&c->timer);
	conn_leave_qp(c);
	conn_leave_endpoint(c);
}

static void (*const steps[STEPS])(struct ndk_connector *c) = {
	[STEP_DELIVER] = conn_deliver,
	[STEP_CONNECT] = conn_connect,
	[STEP_ROUTE] = conn_resolve_route,
	[STEP_REQUEST] = conn_send_request,
	[STEP_OFFER] = conn_offered,
	[STEP_ESTABLISHED] = conn_established,
	[STEP_DATA] = conn_data_came,
	[STEP_FAILED] = step_failed,
	[STEP_HUNG_UP] = step_hung_up,
	[STEP_BROKEN] = step_broken,
	[STEP_REMOVED] = step_removed,
	[STEP_TIMEOUT] = step_timeout,
	[STEP_COMPLETE] = conn_complete,
	[STEP_ACCEPT] = conn_accept,
	[STEP_REJECT] = step_reject,
	[STEP_DISCONNECT] = step_disconnect,
	[STEP_CLOSE] = step_close,
};

/**
 * conn_work() - a connector's work item
 * @work: in the connector
 *
 * A bit set behind the point where this is gets its turn now, one before it in
 * the run that its queue_work() asked for.
 */
void conn_work(struct work_struct *work)
{
	struct ndk_connector *c = container_of(work, struct ndk_connector, work);
	enum conn_step step;

	for (step = 0; step < STEPS; step++)
		if (test_and_clear_bit(step, &c->todo))
			steps[step](c);
	api_put(&c->obj);
}

void conn_timer(struct timer_list *timer)
{
	conn_kick(from_timer((struct ndk_connector *)NULL, timer, timer), STEP_TIMEOUT);
}
