// SPDX-License-Identifier: GPL-2.0
/*
 * Connectors: the side that connects. Address, route, request, and the peer's
 * reply, which the consumer then completes or rejects.
 */
#include "conn.h"

#define RESOLVE_MS	4000

static int bind_source(struct ndk_connector *c)
{
	struct ndk_port_of where;
	int err;

	err = conn_where(c->obj.adapter, &where);
	if (err)
		return err;
	c->id = rdma_create_id(where.net, conn_event, c, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(c->id)) {
		err = PTR_ERR(c->id);
		c->id = NULL;
		goto out;
	}
	if (c->shared) {
		ndk_endpoint_get(c->shared->ep);
		err = ndk_endpoint_join(c->shared->ep, c->id, &where, &c->peer, &c->remote);
		if (err)
			ndk_endpoint_put(c->shared->ep);
		else
			c->ep = c->shared->ep;
	} else {
		err = ndk_endpoint_bind(c->id, &where, &c->local, false, &c->ep);
	}
out:
	conn_where_end(&where);
	return err;
}

static int start(struct ndk_connector *c)
{
	int err = bind_source(c);

	if (err)
		return err;
	scoped_guard(spinlock_irqsave, &c->lock)
		c->local = c->ep->addr;
	if (c->local.ss_family != c->remote.ss_family)
		return -EINVAL;
	return rdma_resolve_addr(c->id, (struct sockaddr *)&c->local,
				 (struct sockaddr *)&c->remote, RESOLVE_MS);
}

/* the consumer's turn to be told, unless that was done */
static void failed(struct ndk_connector *c, int err)
{
	if (err)
		conn_undo_connect(c, err);
}

static bool is_connecting(struct ndk_connector *c)
{
	return conn_state(c) == CONN_CONNECTING && !c->closing;
}

void conn_connect(struct ndk_connector *c)
{
	if (is_connecting(c))
		failed(c, start(c));
}

void conn_resolve_route(struct ndk_connector *c)
{
	if (is_connecting(c))
		failed(c, rdma_resolve_route(c->id, RESOLVE_MS));
}

void conn_send_request(struct ndk_connector *c)
{
	struct rdma_conn_param p;

	if (!is_connecting(c))
		return;
	conn_param(c, &p);
	failed(c, rdma_connect(c->id, &p));
}

/**
 * conn_undo_connect() - a connect failed
 * @c: the connector, connecting
 * @status: why
 *
 * Everything is as before the call, but for a reject's private data.
 */
void conn_undo_connect(struct ndk_connector *c, int status)
{
	conn_forget_id(c);
	conn_leave_endpoint(c);
	if (c->shared)
		api_obj_off(&c->obj, &c->shared->obj);
	c->shared = NULL;
	conn_leave_qp(c);
	conn_set_state(c, CONN_IDLE);
	conn_done(c, status);
}

/* The peer accepted: what ndk_connect() waits for, but not yet a connection. */
void conn_offered(struct ndk_connector *c)
{
	if (conn_state(c) != CONN_CONNECTING)
		return;
	scoped_guard(spinlock_irqsave, &c->lock) {
		conn_clamp(c);
		c->state = CONN_OFFERED;
	}
	conn_done(c, 0);
}

static int send_completion(struct ndk_connector *c)
{
	int err;

	rdma_lock_handler(c->id);
	err = rdma_accept(c->id, NULL);
	rdma_unlock_handler(c->id);
	return err;
}

void conn_complete(struct ndk_connector *c)
{
	int err = c->lost;

	if (conn_state(c) != CONN_COMPLETING || c->closing)
		return;
	if (!err)
		err = conn_raise_qp(c) ?: send_completion(c);
	if (err) {
		conn_end(c, err == -ENOMEM ? err : -ECONNABORTED);
		return;
	}
	conn_usable(c);
}
