// SPDX-License-Identifier: GPL-2.0
/*
 * Connectors: the side that is asked. A request becomes a connector of the
 * consumer's, who accepts or rejects it; accepting takes until the peer completes.
 */
#include "conn.h"

/* May the consumer be bothered? Pausing and closing take effect at once. */
static bool is_open(struct ndk_listener *l)
{
	guard(spinlock_irqsave)(&l->lock);
	return l->state == LISTENER_ON && !l->paused && !l->closing;
}

/* As the peer would see it if nobody listened. */
static int refuse(struct rdma_cm_id *id, u8 reason)
{
	rdma_reject(id, NULL, 0, reason);
	return -ECONNREFUSED;
}

/**
 * conn_request() - a peer asks for a connection
 * @l: the listener
 * @id: a new id for it
 * @ev: its request
 *
 * Context: process; rdma_cm's handler mutexes of both ids are held.
 * Return: 0: the id is ours; otherwise rdma_cm destroys it.
 */
int conn_request(struct ndk_listener *l, struct rdma_cm_id *id, struct rdma_cm_event *ev)
{
	struct ndk_connector *c;

	if (!is_open(l))
		return refuse(id, IB_CM_REJ_INVALID_SERVICE_ID);
	c = connector_new(l->obj.adapter);
	if (!c)
		return refuse(id, IB_CM_REJ_NO_RESOURCES);
	/* both stay until the connector is closed (1.8, R-NDK-24) */
	api_obj_on(&c->obj, &l->obj);
	c->listener = l;
	ndk_endpoint_get(l->ep);
	c->ep = l->ep;

	c->state = CONN_REQUESTED;
	memcpy(&c->local, &id->route.addr.src_addr, sizeof(c->local));
	memcpy(&c->remote, &id->route.addr.dst_addr, sizeof(c->remote));
	conn_store(c, &ev->param.conn);
	scoped_guard(spinlock_irqsave, &c->lock)
		conn_clamp(c);

	c->id = id;
	id->context = c;
	id->event_handler = conn_event;
	conn_kick(c, STEP_DELIVER);
	return 0;
}

void conn_deliver(struct ndk_connector *c)
{
	struct ndk_listener *l = c->listener;

	if (!is_open(l)) {
		/* nobody has seen it: it ends without a callback */
		if (c->id)
			rdma_reject(c->id, NULL, 0, IB_CM_REJ_INVALID_SERVICE_ID);
		api_close(&c->obj, NULL, NULL);
		return;
	}
	api_cb_begin();
	l->event(l->event_context, c);
	api_cb_end();
}

static int send_reply(struct ndk_connector *c)
{
	struct rdma_conn_param p;
	int err;

	conn_param(c, &p);
	rdma_lock_handler(c->id);
	err = rdma_accept(c->id, &p);
	rdma_unlock_handler(c->id);
	return err;
}

/* The queue pair is at RTS before the reply: the peer may send as it completes. */
void conn_accept(struct ndk_connector *c)
{
	int err = c->lost;

	if (conn_state(c) != CONN_ACCEPTING || c->closing)
		return;
	if (!err) {
		err = conn_raise_qp(c);
		if (err)
			rdma_reject(c->id, NULL, 0, IB_CM_REJ_CONSUMER_DEFINED);
		else
			err = send_reply(c);
	}
	if (err)
		conn_end(c, err == -ENOMEM ? err : -ECONNABORTED);
}

/* The peer's completion may be lost or late; its data proves that it was sent. */
void conn_data_came(struct ndk_connector *c)
{
	if (conn_state(c) == CONN_ACCEPTING && c->id)
		rdma_notify(c->id, IB_EVENT_COMM_EST);
}

void conn_established(struct ndk_connector *c)
{
	if (conn_state(c) != CONN_ACCEPTING || c->closing)
		return;
	conn_usable(c);
}
