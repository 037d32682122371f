// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners.
 */
#include <linux/export.h>

#include "conn.h"

static void destroy_id(struct ndk_listener *l)
{
	if (l->id)
		rdma_destroy_id(l->id);
	l->id = NULL;
}

static int run_removal(struct api_op *op)
{
	destroy_id(to_api(ndk_listener, op->obj));
	return 0;
}

/* The object may be at its end already; then its id goes anyway. */
static void remove_id(struct ndk_listener *l)
{
	if (!refcount_inc_not_zero(&l->obj.uses))
		return;
	if (!test_and_set_bit(0, &l->removing))
		api_request(&l->obj, &l->removal, run_removal, NULL, NULL);
	api_put(&l->obj);
}

static void removed(struct conn_link *link)
{
	struct ndk_listener *l = container_of(link, struct ndk_listener, link);

	scoped_guard(spinlock_irqsave, &l->lock)
		l->paused = true;
	remove_id(l);
}

/* From here on peers are refused; what is left waits for the connectors. */
static void close_now(struct api_obj *o)
{
	struct ndk_listener *l = to_api(ndk_listener, o);

	guard(spinlock_irqsave)(&l->lock);
	l->closing = true;
}

static void destroy(struct api_obj *o)
{
	struct ndk_listener *l = to_api(ndk_listener, o);

	conn_link_del(o->adapter, &l->link);
	destroy_id(l);
	if (l->ep)
		ndk_endpoint_put(l->ep);
}

static const struct api_type listener_type = {
	.type = NDK_OBJECT_LISTENER,
	.close_now = close_now,
	.destroy = destroy,
};

int ndk_create_listener(struct ndk_adapter *adapter, ndk_connect_event_fn *event,
			void *event_context, ndk_create_fn *created, void *context,
			struct ndk_listener **listener)
{
	struct ndk_listener *l;

	api_assert_any_context();
	if (!event)
		return -EINVAL;
	l = api_obj_alloc(adapter, &listener_type, sizeof(*l));
	if (!l)
		return -ENOMEM;
	spin_lock_init(&l->lock);
	l->event = event;
	l->event_context = event_context;
	l->removal.embedded = true;
	api_create_now(&l->obj);
	conn_link_init(&l->link, removed);
	conn_link_add(adapter, &l->link);
	*listener = l;
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_create_listener);

int ndk_close_listener(struct ndk_listener *l, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&l->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_listener);

static int on_event(struct rdma_cm_id *id, struct rdma_cm_event *ev)
{
	switch (ev->event) {
	case RDMA_CM_EVENT_CONNECT_REQUEST:
		/* a new id, with the listening one's context */
		return conn_request(id->context, id, ev);
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		remove_id(id->context);
		return 0;
	default:
		return 0;
	}
}

static int listen_at(struct ndk_listener *l)
{
	struct ndk_port_of where;
	int err;

	err = conn_where(l->obj.adapter, &where);
	if (err)
		return err;
	l->id = rdma_create_id(where.net, on_event, l, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(l->id)) {
		err = PTR_ERR(l->id);
		l->id = NULL;
		goto out;
	}
	err = ndk_endpoint_bind(l->id, &where, &l->local, false, &l->ep);
	if (err)
		goto err_id;
	scoped_guard(spinlock_irqsave, &l->lock) {
		l->local = l->ep->addr;
		l->state = LISTENER_ON;
	}
	/* no backlog to be had from NDK: as many as come */
	err = rdma_listen(l->id, 0);
	if (!err)
		goto out;
	err = err == -ENOMEM ? err : -EADDRINUSE;

err_id:
	destroy_id(l);
	if (l->ep)
		ndk_endpoint_put(l->ep);
	l->ep = NULL;
out:
	conn_where_end(&where);
	return err;
}

static int run_listen(struct api_op *op)
{
	struct ndk_listener *l = to_api(ndk_listener, op->obj);
	int err;

	err = api_is_closing(&l->obj) ? -ECANCELED : listen_at(l);
	if (!err)
		return 0;
	guard(spinlock_irqsave)(&l->lock);
	l->state = LISTENER_IDLE;
	return err;
}

int ndk_listen(struct ndk_listener *l, const struct sockaddr *addr, u32 addr_len,
	       ndk_request_fn *done, void *context)
{
	struct sockaddr_storage local;
	struct api_op *op;
	int err;

	api_assert_any_context();
	err = ndk_sockaddr_copy(&local, addr, addr_len);
	if (err)
		return err;
	op = api_op_alloc(sizeof(*op));
	if (!op)
		return -ENOMEM;
	scoped_guard(spinlock_irqsave, &l->lock) {
		err = l->state == LISTENER_IDLE ? 0 : -EISCONN;
		if (!err) {
			l->local = local;
			l->state = LISTENER_STARTING;
		}
	}
	if (err) {
		kfree(op);
		return err;
	}
	return api_request(&l->obj, op, run_listen, done, context);
}
EXPORT_SYMBOL_GPL(ndk_listen);

int ndk_get_listener_address(struct ndk_listener *l, struct sockaddr *addr, u32 *len)
{
	api_assert_any_context();
	guard(spinlock_irqsave)(&l->lock);
	if (l->state != LISTENER_ON)
		return -ENOTCONN;
	return ndk_sockaddr_give(&l->local, addr, len);
}
EXPORT_SYMBOL_GPL(ndk_get_listener_address);

void ndk_control_connect_events(struct ndk_listener *l, bool pause)
{
	api_assert_any_context();
	guard(spinlock_irqsave)(&l->lock);
	l->paused = pause;
}
EXPORT_SYMBOL_GPL(ndk_control_connect_events);
