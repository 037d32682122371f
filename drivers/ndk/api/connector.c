// SPDX-License-Identifier: GPL-2.0
/*
 * Connectors: what the consumer calls. Checks, copies, and leaves the rest to the
 * work item.
 */
#include <linux/export.h>

#include "conn.h"

static void close_now(struct api_obj *o)
{
	struct ndk_connector *c = to_api(ndk_connector, o);

	scoped_guard(spinlock_irqsave, &c->lock) {
		c->closing = true;
		/* others may be posting: they are refused from here on */
		if (c->state == CONN_CONNECTED)
			api_qp_disconnect(c->qp);
	}
	conn_kick(c, STEP_CLOSE);
}

static const struct api_type connector_type = {
	.type = NDK_OBJECT_CONNECTOR,
	.close_now = close_now,
};

static void removed(struct conn_link *l)
{
	conn_kick(container_of(l, struct ndk_connector, link), STEP_REMOVED);
}

static void copy_limits(struct ndk_connector *c, u32 ird, u32 ord)
{
	const struct ndk_adapter_info *info = &c->obj.adapter->info;

	c->ird = min3(ird, info->max_inbound_read_limit, (u32)NDK_READ_LIMIT);
	c->ord = min3(ord, info->max_outbound_read_limit, (u32)NDK_READ_LIMIT);
}

/**
 * connector_new() - a connector
 * @adapter: its adapter
 *
 * Context: any.
 * Return: the connector, or NULL.
 */
struct ndk_connector *connector_new(struct ndk_adapter *adapter)
{
	struct ndk_connector *c = api_obj_alloc(adapter, &connector_type, sizeof(*c));

	if (!c)
		return NULL;
	spin_lock_init(&c->lock);
	INIT_WORK(&c->work, conn_work);
	timer_setup(&c->timer, conn_timer, 0);
	INIT_LIST_HEAD(&c->peer.link);
	/* what the other side does not say, is no limit */
	c->peer_ird = NDK_READ_LIMIT;
	c->peer_ord = NDK_READ_LIMIT;
	copy_limits(c, NDK_READ_LIMIT, NDK_READ_LIMIT);
	api_create_now(&c->obj);
	conn_link_init(&c->link, removed);
	conn_link_add(adapter, &c->link);
	return c;
}

int ndk_create_connector(struct ndk_adapter *adapter, ndk_create_fn *created, void *context,
			 struct ndk_connector **connector)
{
	struct ndk_connector *c;

	api_assert_any_context();
	c = connector_new(adapter);
	if (!c)
		return -ENOMEM;
	*connector = c;
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_create_connector);

int ndk_close_connector(struct ndk_connector *c, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&c->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_connector);

/* --- arguments -------------------------------------------------------------- */

static int check_data(const void *data, u32 len, u32 max)
{
	if (len && !data)
		return -EINVAL;
	return len > max ? -EMSGSIZE : 0;
}

static void copy_data(struct ndk_connector *c, const void *data, u32 len)
{
	c->out.len = len;
	if (len)
		memcpy(c->out.bytes, data, len);
}

/* What a call gets that needs the connector in another state. */
static int wrong_state(const struct ndk_connector *c)
{
	return c->state == CONN_ENDED && c->lost ? c->lost : -ENOTCONN;
}

static void pend(struct ndk_connector *c, enum conn_state state, ndk_request_fn *done,
		 void *context)
{
	c->state = state;
	c->pending.done = done;
	c->pending.context = context;
}

/* --- connect ---------------------------------------------------------------- */

/**
 * struct connect_args - what both ways to connect have in common
 * @shared: endpoint, or NULL
 * @src: local address, without @shared
 * @dest: the peer's
 * @ird: inbound read limit
 * @ord: outbound read limit
 * @data: private data
 * @len: its bytes
 */
struct connect_args {
	struct ndk_shared_endpoint *shared;
	struct sockaddr_storage src;
	struct sockaddr_storage dest;
	u32 ird;
	u32 ord;
	const void *data;
	u32 len;
};

static int start_connect(struct ndk_connector *c, struct ndk_kqp *qp,
			 const struct connect_args *a, ndk_request_fn *done, void *context)
{
	int err;

	guard(spinlock_irqsave)(&c->lock);
	if (c->state != CONN_IDLE)
		return c->state == CONN_ENDED ? -ENOTCONN : -EISCONN;
	err = conn_take_qp(c, qp);
	if (err)
		return err;
	c->shared = a->shared;
	if (a->shared)
		api_obj_on(&c->obj, &a->shared->obj);
	c->local = a->src;
	c->remote = a->dest;
	c->peer_ird = NDK_READ_LIMIT;
	c->peer_ord = NDK_READ_LIMIT;
	c->in.len = 0;
	copy_limits(c, a->ird, a->ord);
	copy_data(c, a->data, a->len);
	pend(c, CONN_CONNECTING, done, context);
	return -EINPROGRESS;
}

static int any_connect(struct ndk_connector *c, struct ndk_kqp *qp, const struct connect_args *a,
		       ndk_request_fn *done, void *context)
{
	struct ndk_adapter *adapter = c->obj.adapter;
	int err;

	api_assert_any_context();
	if (qp->obj.adapter != adapter || (a->shared && a->shared->obj.adapter != adapter))
		return -EINVAL;
	err = check_data(a->data, a->len, adapter->info.max_caller_data);
	if (err)
		return err;
	err = start_connect(c, qp, a, done, context);
	if (err == -EINPROGRESS)
		conn_kick(c, STEP_CONNECT);
	return err;
}

int ndk_connect(struct ndk_connector *c, struct ndk_kqp *qp, const struct sockaddr *src,
		u32 src_len, const struct sockaddr *dest, u32 dest_len, u32 inbound_read_limit,
		u32 outbound_read_limit, const void *private_data, u32 private_data_len,
		ndk_request_fn *done, void *context)
{
	struct connect_args a = {
		.ird = inbound_read_limit,
		.ord = outbound_read_limit,
		.data = private_data,
		.len = private_data_len,
	};
	int err;

	err = ndk_sockaddr_copy(&a.src, src, src_len) ?:
	      ndk_sockaddr_copy(&a.dest, dest, dest_len);
	if (err)
		return err;
	if (a.src.ss_family != a.dest.ss_family)
		return -EINVAL;
	return any_connect(c, qp, &a, done, context);
}
EXPORT_SYMBOL_GPL(ndk_connect);

int ndk_connect_with_shared_endpoint(struct ndk_connector *c, struct ndk_kqp *qp,
				     struct ndk_shared_endpoint *endpoint,
				     const struct sockaddr *dest, u32 dest_len,
				     u32 inbound_read_limit, u32 outbound_read_limit,
				     const void *private_data, u32 private_data_len,
				     ndk_request_fn *done, void *context)
{
	struct connect_args a = {
		.shared = endpoint,
		.src = endpoint->local,
		.ird = inbound_read_limit,
		.ord = outbound_read_limit,
		.data = private_data,
		.len = private_data_len,
	};
	int err;

	err = ndk_sockaddr_copy(&a.dest, dest, dest_len);
	if (err)
		return err;
	if (a.src.ss_family != a.dest.ss_family)
		return -EINVAL;
	return any_connect(c, qp, &a, done, context);
}
EXPORT_SYMBOL_GPL(ndk_connect_with_shared_endpoint);

/* --- complete, accept, reject ----------------------------------------------- */

static int complete_connect(struct ndk_connector *c, struct conn_event event,
			    ndk_request_fn *done, void *context)
{
	api_assert_any_context();
	scoped_guard(spinlock_irqsave, &c->lock) {
		if (c->state != CONN_OFFERED)
			return wrong_state(c);
		c->event = event;
		pend(c, CONN_COMPLETING, done, context);
	}
	conn_kick(c, STEP_COMPLETE);
	return -EINPROGRESS;
}

int ndk_complete_connect(struct ndk_connector *c, ndk_disconnect_event_fn *disconnected,
			 void *disconnected_context, ndk_request_fn *done, void *context)
{
	struct conn_event event = { .plain = disconnected, .context = disconnected_context };

	return complete_connect(c, event, done, context);
}
EXPORT_SYMBOL_GPL(ndk_complete_connect);

int ndk_complete_connect_ex(struct ndk_connector *c, ndk_disconnect_event_ex_fn *disconnected,
			    void *disconnected_context, ndk_request_fn *done, void *context)
{
	struct conn_event event = { .ex = disconnected, .context = disconnected_context };

	return complete_connect(c, event, done, context);
}
EXPORT_SYMBOL_GPL(ndk_complete_connect_ex);

/**
 * struct accept_args - what both ways to accept have in common
 * @ird: inbound read limit
 * @ord: outbound read limit
 * @data: private data
 * @len: its bytes
 * @event: disconnect event
 */
struct accept_args {
	u32 ird;
	u32 ord;
	const void *data;
	u32 len;
	struct conn_event event;
};

static struct accept_args accept_args(u32 ird, u32 ord, const void *data, u32 len,
				      struct conn_event event)
{
	return (struct accept_args){ ird, ord, data, len, event };
}

static int start_accept(struct ndk_connector *c, struct ndk_kqp *qp, const struct accept_args *a,
			ndk_request_fn *done, void *context)
{
	int err;

	guard(spinlock_irqsave)(&c->lock);
	if (c->state != CONN_REQUESTED)
		return wrong_state(c);
	err = conn_take_qp(c, qp);
	if (err)
		return err;
	copy_limits(c, a->ird, a->ord);
	conn_clamp(c);
	copy_data(c, a->data, a->len);
	c->event = a->event;
	pend(c, CONN_ACCEPTING, done, context);
	return -EINPROGRESS;
}

static int accept_connect(struct ndk_connector *c, struct ndk_kqp *qp,
			  const struct accept_args *a, ndk_request_fn *done, void *context)
{
	struct ndk_adapter *adapter = c->obj.adapter;
	int err;

	api_assert_any_context();
	if (qp->obj.adapter != adapter)
		return -EINVAL;
	err = check_data(a->data, a->len, adapter->info.max_callee_data);
	if (err)
		return err;
	err = start_accept(c, qp, a, done, context);
	if (err == -EINPROGRESS)
		conn_kick(c, STEP_ACCEPT);
	return err;
}

int ndk_accept(struct ndk_connector *c, struct ndk_kqp *qp, u32 inbound_read_limit,
	       u32 outbound_read_limit, const void *private_data, u32 private_data_len,
	       ndk_disconnect_event_fn *disconnected, void *disconnected_context,
	       ndk_request_fn *done, void *context)
{
	const struct conn_event event = { .plain = disconnected, .context = disconnected_context };
	const struct accept_args a = accept_args(inbound_read_limit, outbound_read_limit,
						 private_data, private_data_len, event);

	return accept_connect(c, qp, &a, done, context);
}
EXPORT_SYMBOL_GPL(ndk_accept);

int ndk_accept_ex(struct ndk_connector *c, struct ndk_kqp *qp, u32 inbound_read_limit,
		  u32 outbound_read_limit, const void *private_data, u32 private_data_len,
		  ndk_disconnect_event_ex_fn *disconnected, void *disconnected_context,
		  ndk_request_fn *done, void *context)
{
	const struct conn_event event = { .ex = disconnected, .context = disconnected_context };
	const struct accept_args a = accept_args(inbound_read_limit, outbound_read_limit,
						 private_data, private_data_len, event);

	return accept_connect(c, qp, &a, done, context);
}
EXPORT_SYMBOL_GPL(ndk_accept_ex);

int ndk_reject(struct ndk_connector *c, const void *private_data, u32 private_data_len)
{
	int err;

	api_assert_any_context();
	err = check_data(private_data, private_data_len, c->obj.adapter->info.max_callee_data);
	if (err)
		return err;
	scoped_guard(spinlock_irqsave, &c->lock) {
		if (c->state != CONN_REQUESTED && c->state != CONN_OFFERED)
			return wrong_state(c);
		copy_data(c, private_data, private_data_len);
		c->state = CONN_ENDED;
	}
	conn_kick(c, STEP_REJECT);
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_reject);

/* --- what is known ----------------------------------------------------------- */

static bool has_data(const struct ndk_connector *c)
{
	return c->in.len || c->state >= CONN_OFFERED;
}

int ndk_get_connection_data(struct ndk_connector *c, u32 *inbound_read_limit,
			    u32 *outbound_read_limit, void *private_data, u32 *len)
{
	u32 room;

	api_assert_any_context();
	guard(spinlock_irqsave)(&c->lock);
	if (!has_data(c))
		return -ENOTCONN;
	if (inbound_read_limit)
		*inbound_read_limit = c->ird;
	if (outbound_read_limit)
		*outbound_read_limit = c->ord;
	if (!len)
		return 0;
	room = *len;
	*len = c->in.len;
	if (!private_data)
		return room ? -EINVAL : 0;
	memcpy(private_data, c->in.bytes, min_t(u32, room, c->in.len));
	return room < c->in.len ? -ENOBUFS : 0;
}
EXPORT_SYMBOL_GPL(ndk_get_connection_data);

static int give_address(struct ndk_connector *c, const struct sockaddr_storage *from,
			struct sockaddr *addr, u32 *len)
{
	api_assert_any_context();
	guard(spinlock_irqsave)(&c->lock);
	/* while it connects, port and scope may still be ours to choose */
	if (c->state == CONN_IDLE || c->state == CONN_CONNECTING)
		return -ENOTCONN;
	return ndk_sockaddr_give(from, addr, len);
}

int ndk_get_local_address(struct ndk_connector *c, struct sockaddr *addr, u32 *len)
{
	return give_address(c, &c->local, addr, len);
}
EXPORT_SYMBOL_GPL(ndk_get_local_address);

int ndk_get_peer_address(struct ndk_connector *c, struct sockaddr *addr, u32 *len)
{
	return give_address(c, &c->remote, addr, len);
}
EXPORT_SYMBOL_GPL(ndk_get_peer_address);

/* --- disconnect --------------------------------------------------------------- */

int ndk_disconnect(struct ndk_connector *c, ndk_request_fn *done, void *context)
{
	api_assert_any_context();
	scoped_guard(spinlock_irqsave, &c->lock) {
		if (c->state != CONN_CONNECTED)
			return -ENOTCONN;
		api_qp_disconnect(c->qp);
		pend(c, CONN_DISCONNECTING, done, context);
	}
	conn_kick(c, STEP_DISCONNECT);
	return -EINPROGRESS;
}
EXPORT_SYMBOL_GPL(ndk_disconnect);
