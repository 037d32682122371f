// SPDX-License-Identifier: GPL-2.0
/*
 * Shared endpoints: a local address and port that many connectors connect from.
 * An rdma_cm_id that does nothing else holds the port.
 */
#include <linux/export.h>

#include "conn.h"

static void destroy_id(struct ndk_shared_endpoint *s)
{
	if (s->id)
		rdma_destroy_id(s->id);
	s->id = NULL;
}

static int run_removal(struct api_op *op)
{
	destroy_id(to_api(ndk_shared_endpoint, op->obj));
	return 0;
}

/* The object may be at its end already; then its id goes anyway. */
static void remove_id(struct ndk_shared_endpoint *s)
{
	if (!refcount_inc_not_zero(&s->obj.uses))
		return;
	if (!test_and_set_bit(0, &s->removing))
		api_request(&s->obj, &s->removal, run_removal, NULL, NULL);
	api_put(&s->obj);
}

static void removed(struct conn_link *link)
{
	remove_id(container_of(link, struct ndk_shared_endpoint, link));
}

static int on_event(struct rdma_cm_id *id, struct rdma_cm_event *ev)
{
	if (ev->event == RDMA_CM_EVENT_DEVICE_REMOVAL)
		remove_id(id->context);
	return 0;
}

static int create(struct api_obj *o)
{
	struct ndk_shared_endpoint *s = to_api(ndk_shared_endpoint, o);
	struct ndk_port_of where;
	int err;

	err = conn_where(o->adapter, &where);
	if (err)
		return err;
	s->id = rdma_create_id(where.net, on_event, s, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(s->id)) {
		err = PTR_ERR(s->id);
		s->id = NULL;
		goto out;
	}
	err = ndk_endpoint_bind(s->id, &where, &s->local, true, &s->ep);
	if (err) {
		destroy_id(s);
		goto out;
	}
	s->local = s->ep->addr;
	conn_link_add(o->adapter, &s->link);
out:
	conn_where_end(&where);
	return err;
}

static void destroy(struct api_obj *o)
{
	struct ndk_shared_endpoint *s = to_api(ndk_shared_endpoint, o);

	conn_link_del(o->adapter, &s->link);
	destroy_id(s);
	ndk_endpoint_put(s->ep);
}

static const struct api_type shared_endpoint_type = {
	.type = NDK_OBJECT_SHARED_ENDPOINT,
	.create = create,
	.destroy = destroy,
};

int ndk_create_shared_endpoint(struct ndk_adapter *adapter, const struct sockaddr *addr,
			       u32 addr_len, ndk_create_fn *created, void *context,
			       struct ndk_shared_endpoint **endpoint)
{
	struct ndk_shared_endpoint *s;
	struct sockaddr_storage local;
	int err;

	api_assert_any_context();
	err = ndk_sockaddr_copy(&local, addr, addr_len);
	if (err)
		return err;
	s = api_obj_alloc(adapter, &shared_endpoint_type, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->local = local;
	s->removal.embedded = true;
	conn_link_init(&s->link, removed);
	return api_create(&s->obj, created, context);
}
EXPORT_SYMBOL_GPL(ndk_create_shared_endpoint);

int ndk_close_shared_endpoint(struct ndk_shared_endpoint *s, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&s->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_shared_endpoint);

int ndk_get_shared_endpoint_address(struct ndk_shared_endpoint *s, struct sockaddr *addr,
				    u32 *len)
{
	api_assert_any_context();
	return ndk_sockaddr_give(&s->local, addr, len);
}
EXPORT_SYMBOL_GPL(ndk_get_shared_endpoint_address);
