// SPDX-License-Identifier: GPL-2.0
/*
 * Connections for the API's tests, see rules_peer.h.
 */
#include <linux/delay.h>
#include <linux/inet.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <rdma/ib_cache.h>

#include "rules_peer.h"

/* the most private data a test sends by these helpers' own choice */
#define READS		4

/* ---- addresses ---- */

/* An address of the device, whose kind the GID table tells. */
static bool gid_address(struct ib_device *dev, bool v6, struct sockaddr_storage *ss)
{
	const struct ib_gid_attr *attr;
	struct in6_addr a = { };
	bool found = false;
	int i;

	for (i = 0; i < 64 && !found; i++) {
		attr = rdma_get_gid_attr(dev, 1, i);
		if (IS_ERR(attr))
			continue;
		memcpy(&a, attr->gid.raw, sizeof(a));
		found = attr->gid_type == IB_GID_TYPE_ROCE_UDP_ENCAP &&
			ipv6_addr_v4mapped(&a) == !v6 &&
			!(ipv6_addr_type(&a) & IPV6_ADDR_LINKLOCAL);
		rdma_put_gid_attr(attr);
	}
	ss->ss_family = v6 ? AF_INET6 : AF_INET;
	if (v6)
		((struct sockaddr_in6 *)ss)->sin6_addr = a;
	else
		((struct sockaddr_in *)ss)->sin_addr.s_addr = a.s6_addr32[3];
	return found;
}

static __be16 *port_of(struct raddr *a)
{
	return a->ss.ss_family == AF_INET6 ? &((struct sockaddr_in6 *)&a->ss)->sin6_port :
					     &((struct sockaddr_in *)&a->ss)->sin_port;
}

struct raddr raddr_with_port(const struct raddr *a, u16 port)
{
	struct raddr r = *a;

	*port_of(&r) = htons(port);
	return r;
}
EXPORT_SYMBOL_GPL(raddr_with_port);

u16 raddr_port(const struct raddr *a)
{
	struct raddr r = *a;

	return ntohs(*port_of(&r));
}
EXPORT_SYMBOL_GPL(raddr_port);

/* A mock has two IPv4 addresses, host 1 and 2; other devices one. */
struct raddr raddr_local(struct renv *e, bool v6, u32 host, u16 port)
{
	struct raddr a = { .len = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in) };

	if (e->mock)
		mock_address(e->mock, v6, host, &a.ss);
	else
		KUNIT_ASSERT_TRUE_MSG(e->test, gid_address(e->dev, v6, &a.ss),
				      "the device has no such address");
	*port_of(&a) = htons(port);
	return a;
}
EXPORT_SYMBOL_GPL(raddr_local);

/* ---- listeners ---- */

static void on_connect(void *context, struct ndk_connector *conn)
{
	struct rlisten *l = context;
	int n;

	l->hard |= in_hardirq();
	l->may_sleep |= !softirq_count();
	if (l->inside) {
		l->inside(l, conn);
		atomic_inc(&l->came);
		return;
	}
	/* callbacks of one listener may run at once */
	n = atomic_inc_return(&l->reserved) - 1;
	if (n < RULES_ARRIVALS)
		WRITE_ONCE(l->conns[n], conn);
	else
		ndk_close_connector(conn, NULL, NULL);
	atomic_inc(&l->came);
}

static void made_listener(struct renv *e, struct rlisten *l)
{
	struct call *c = call_new(e);
	struct ndk_listener *listener = NULL;
	int ret = ndk_create_listener(e->adapter, on_connect, l, call_created, c, &listener);

	KUNIT_ASSERT_EQ(e->test, call_wait(c, ret), 0);
	l->listener = ret == -EINPROGRESS ? (struct ndk_listener *)c->object : listener;
	robj_keep(e, ndk_obj(l->listener));
}

static int start_listening(struct renv *e, struct rlisten *l, const struct raddr *at)
{
	struct call *c = call_new(e);

	return call_wait(c, ndk_listen(l->listener, (const struct sockaddr *)&at->ss, at->len,
				       call_done, c));
}

static struct rlisten *alloc_listener(struct renv *e)
{
	struct rlisten *l = kunit_kzalloc(e->test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(e->test, l);
	l->env = e;
	made_listener(e, l);
	return l;
}

struct rlisten *rlisten_on(struct renv *e, const struct raddr *at)
{
	struct rlisten *l = alloc_listener(e);

	KUNIT_ASSERT_EQ(e->test, start_listening(e, l, at), 0);
	l->addr.len = sizeof(l->addr.ss);
	KUNIT_ASSERT_EQ(e->test, ndk_get_listener_address(l->listener,
							  (struct sockaddr *)&l->addr.ss,
							  &l->addr.len), 0);
	return l;
}
EXPORT_SYMBOL_GPL(rlisten_on);

struct rlisten *rlisten_new(struct renv *e)
{
	struct raddr at = raddr_local(e, false, 1, 0);

	return rlisten_on(e, &at);
}
EXPORT_SYMBOL_GPL(rlisten_new);

/* What came of it; the listener stays until the test ends if it could. */
int rlisten_try(struct renv *e, const struct raddr *at)
{
	struct rlisten *l = alloc_listener(e);
	int err = start_listening(e, l, at);

	if (err)
		robj_close_now(e, ndk_obj(l->listener));
	return err;
}
EXPORT_SYMBOL_GPL(rlisten_try);

static void init_end(struct renv *e, struct rend *d, struct ndk_connector *conn)
{
	d->env = e;
	d->conn = conn;
	call_init(&d->request, e);
	call_init(&d->complete, e);
	call_init(&d->disconnect, e);
	call_init(&d->close, e);
	robj_keep(e, ndk_obj(conn));
}

/* The next who came, waiting for it. */
struct rend *rlisten_next(struct rlisten *l)
{
	struct renv *e = l->env;
	struct rend *d = kunit_kzalloc(e->test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(e->test, d);
	rwait_for(e, &l->came, l->taken + 1);
	renv_settle(e);
	KUNIT_ASSERT_NOT_NULL_MSG(e->test, READ_ONCE(l->conns[l->taken]), "nobody came");
	init_end(e, d, l->conns[l->taken++]);
	KUNIT_EXPECT_FALSE(e->test, l->hard);
	KUNIT_EXPECT_FALSE(e->test, l->may_sleep);
	return d;
}
EXPORT_SYMBOL_GPL(rlisten_next);

/* ---- shared endpoints ---- */

static int create_shared(struct renv *e, const struct raddr *at,
			 struct ndk_shared_endpoint **endpoint)
{
	struct call *c = call_new(e);
	struct ndk_shared_endpoint *ep = NULL;
	int ret = ndk_create_shared_endpoint(e->adapter, (const struct sockaddr *)&at->ss,
					     at->len, call_created, c, &ep);
	int err = call_wait(c, ret);

	if (err)
		return err;
	*endpoint = ret == -EINPROGRESS ? (struct ndk_shared_endpoint *)c->object : ep;
	robj_keep(e, ndk_obj(*endpoint));
	return 0;
}

struct ndk_shared_endpoint *rshared_new(struct renv *e, const struct raddr *at)
{
	struct ndk_shared_endpoint *ep = NULL;

	KUNIT_ASSERT_EQ(e->test, create_shared(e, at, &ep), 0);
	return ep;
}
EXPORT_SYMBOL_GPL(rshared_new);

int rshared_try(struct renv *e, const struct raddr *at)
{
	struct ndk_shared_endpoint *ep;

	return create_shared(e, at, &ep);
}
EXPORT_SYMBOL_GPL(rshared_try);

/* ---- ends ---- */

struct rend *rend_new(struct renv *e, struct rqp *q)
{
	struct rend *d = kunit_kzalloc(e->test, sizeof(*d), GFP_KERNEL);
	struct ndk_connector *conn = NULL;
	struct call *c = call_new(e);
	int ret;

	KUNIT_ASSERT_NOT_NULL(e->test, d);
	ret = ndk_create_connector(e->adapter, call_created, c, &conn);
	KUNIT_ASSERT_EQ(e->test, call_wait(c, ret), 0);
	conn = ret == -EINPROGRESS ? (struct ndk_connector *)c->object : conn;
	d->q = q;
	init_end(e, d, conn);
	return d;
}
EXPORT_SYMBOL_GPL(rend_new);

int rend_start_data(struct rend *a, const struct raddr *from, const struct raddr *to, u32 ird,
		    u32 ord, const void *data, u32 len)
{
	call_init(&a->request, a->env);
	return ndk_connect(a->conn, a->q->qp, (const struct sockaddr *)&from->ss, from->len,
			   (const struct sockaddr *)&to->ss, to->len, ird, ord, data, len,
			   call_done, &a->request);
}
EXPORT_SYMBOL_GPL(rend_start_data);

int rend_start(struct rend *a, const struct raddr *from, const struct raddr *to)
{
	return rend_start_data(a, from, to, READS, READS, NULL, 0);
}
EXPORT_SYMBOL_GPL(rend_start);

int rend_start_shared(struct rend *a, struct ndk_shared_endpoint *ep, const struct raddr *to)
{
	call_init(&a->request, a->env);
	return ndk_connect_with_shared_endpoint(a->conn, a->q->qp, ep,
						(const struct sockaddr *)&to->ss, to->len, READS,
						READS, NULL, 0, call_done, &a->request);
}
EXPORT_SYMBOL_GPL(rend_start_shared);

/* The outcome of a connect or accept that returned @ret. */
int rend_started(struct rend *a, int ret)
{
	return call_wait(&a->request, ret);
}
EXPORT_SYMBOL_GPL(rend_started);

static void on_disconnect(void *context, u32 reason)
{
	struct rend *d = context;

	d->reason = reason;
	d->event_order = atomic_inc_return(&d->env->order);
	atomic_inc(&d->events);
}

int rend_accept(struct rend *p, struct rqp *q)
{
	p->q = q;
	call_init(&p->request, p->env);
	return ndk_accept_ex(p->conn, q->qp, READS, READS, NULL, 0, on_disconnect, p, call_done,
			     &p->request);
}
EXPORT_SYMBOL_GPL(rend_accept);

int rend_complete(struct rend *a)
{
	call_init(&a->complete, a->env);
	return call_wait(&a->complete, ndk_complete_connect_ex(a->conn, on_disconnect, a,
							       call_done, &a->complete));
}
EXPORT_SYMBOL_GPL(rend_complete);

/* From "the passive side has accepted" to "both are connected". */
void rend_establish(struct rend *a, struct rend *p)
{
	struct kunit *test = a->env->test;

	KUNIT_ASSERT_EQ(test, rend_started(a, -EINPROGRESS), 0);
	KUNIT_ASSERT_EQ(test, rend_complete(a), 0);
	KUNIT_ASSERT_EQ(test, rend_started(p, -EINPROGRESS), 0);
}
EXPORT_SYMBOL_GPL(rend_establish);

/* Two connected ends over @l. */
void rend_pair(struct renv *e, struct rlisten *l, u32 depth, struct rend **a, struct rend **p)
{
	struct raddr from = raddr_with_port(&l->addr, 0);

	*a = rend_new(e, rqp_new(e, depth));
	KUNIT_ASSERT_EQ(e->test, rend_start(*a, &from, &l->addr), -EINPROGRESS);
	*p = rlisten_next(l);
	KUNIT_ASSERT_EQ(e->test, rend_accept(*p, rqp_new(e, depth)), -EINPROGRESS);
	rend_establish(*a, *p);
}
EXPORT_SYMBOL_GPL(rend_pair);

int rend_disconnect(struct rend *d)
{
	call_init(&d->disconnect, d->env);
	return ndk_disconnect(d->conn, call_done, &d->disconnect);
}
EXPORT_SYMBOL_GPL(rend_disconnect);

/* Closes the connector without waiting. */
int rend_close(struct rend *d)
{
	robj_forget(d->env, ndk_obj(d->conn));
	call_init(&d->close, d->env);
	return ndk_close_connector(d->conn, call_closed, &d->close);
}
EXPORT_SYMBOL_GPL(rend_close);

void rend_close_now(struct rend *d)
{
	robj_close_now(d->env, ndk_obj(d->conn));
}
EXPORT_SYMBOL_GPL(rend_close_now);

void rend_disconnect_both(struct rend *a, struct rend *p)
{
	struct kunit *test = a->env->test;
	int ret[2] = { rend_disconnect(a), rend_disconnect(p) };

	KUNIT_EXPECT_EQ(test, call_wait(&a->disconnect, ret[0]), 0);
	KUNIT_EXPECT_EQ(test, call_wait(&p->disconnect, ret[1]), 0);
}
EXPORT_SYMBOL_GPL(rend_disconnect_both);
