// SPDX-License-Identifier: GPL-2.0
/*
 * Two sides of a connection, see conn_env.h.
 */
#include <linux/delay.h>
#include <linux/inet.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <net/addrconf.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_cache.h>

#include "conn_env.h"

/* only a failure waits for all of it */
#define ADDRESS_TRIES	(CONN_PATIENCE_MS / 20)

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "RDMA device to test, of type ndk");

unsigned int conn_scale = 1;
module_param_named(scale, conn_scale, uint, 0444);
MODULE_PARM_DESC(scale, "how much more to do");

/* --- calls ----------------------------------------------------------------------- */

void conn_call_init(struct conn_call *call)
{
	init_completion(&call->done);
	atomic_set(&call->calls, 0);
	call->status = 1;
	call->object = NULL;
}

void conn_called(void *context, int status)
{
	struct conn_call *call = context;

	call->status = status;
	atomic_inc(&call->calls);
	complete_all(&call->done);
}

void conn_created(void *context, int status, struct ndk_object *object)
{
	((struct conn_call *)context)->object = object;
	conn_called(context, status);
}

void conn_closed(void *context)
{
	conn_called(context, 0);
}

/* What a call came to: its callback once if it pended, never otherwise (R-NDK-11). */
int conn_result(struct conn_env *e, struct conn_call *call, int ret)
{
	if (ret != -EINPROGRESS) {
		KUNIT_EXPECT_EQ(e->test, atomic_read(&call->calls), 0);
		return ret;
	}
	if (!wait_for_completion_timeout(&call->done, msecs_to_jiffies(CONN_PATIENCE_MS)))
		KUNIT_FAIL(e->test, "a call still pends");
	KUNIT_EXPECT_EQ(e->test, atomic_read(&call->calls), 1);
	return call->status;
}

/* Given some time, too. */
bool conn_pends(struct conn_call *call)
{
	return !wait_for_completion_timeout(&call->done, msecs_to_jiffies(100));
}

/* --- addresses -------------------------------------------------------------------- */

u16 conn_port(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET6 ?
		     ((const struct sockaddr_in6 *)addr)->sin6_port :
		     ((const struct sockaddr_in *)addr)->sin_port);
}

struct sockaddr_storage conn_at(const struct sockaddr_storage *addr, u16 port)
{
	struct sockaddr_storage to = *addr;

	if (to.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&to)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&to)->sin_port = htons(port);
	return to;
}

u32 conn_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in);
}

static void find_v4(struct net_device *ndev, struct sockaddr_storage *to)
{
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = inet_select_addr(ndev, 0, RT_SCOPE_UNIVERSE);
}

static void find_v6(struct net_device *ndev, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct inet6_ifaddr *ifa;
	struct inet6_dev *idev;

	in6->sin6_family = AF_INET6;
	rcu_read_lock();
	idev = __in6_dev_get(ndev);
	if (idev) {
		read_lock_bh(&idev->lock);
		list_for_each_entry(ifa, &idev->addr_list, if_list)
			if (!(ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL))
				in6->sin6_addr = ifa->addr;
		read_unlock_bh(&idev->lock);
	}
	rcu_read_unlock();
}

static bool has_gid(struct ib_device *dev, const struct sockaddr_storage *addr)
{
	const struct ib_gid_attr *attr;
	union ib_gid gid;

	rdma_ip2gid((struct sockaddr *)addr, &gid);
	attr = rdma_find_gid(dev, &gid, IB_GID_TYPE_ROCE_UDP_ENCAP, NULL);
	if (IS_ERR(attr))
		return false;
	rdma_put_gid_attr(attr);
	return true;
}

/* Addresses appear a moment after the device. */
static void find_addresses(struct conn_env *e, struct ib_device *dev)
{
	struct net_device *ndev = ib_device_get_netdev(dev, 1);
	int tries;

	KUNIT_ASSERT_NOT_NULL(e->test, ndev);
	for (tries = 0; tries < ADDRESS_TRIES; tries++, msleep(20)) {
		find_v4(ndev, &e->v4);
		find_v6(ndev, &e->v6);
		if (has_gid(dev, &e->v4) && has_gid(dev, &e->v6))
			break;
	}
	dev_put(ndev);
	KUNIT_ASSERT_LT_MSG(e->test, tries, ADDRESS_TRIES, "IPv4 and IPv6 addresses");
}

/* --- the environment ----------------------------------------------------------------- */

static void clean_up(void *arg)
{
	struct conn_env *e = arg;
	unsigned int i;

	if (!e->adapter)
		return;
	/* in any order: a close waits for what it has to wait for */
	if (e->pd)
		ndk_close_pd(e->pd, NULL, NULL);
	if (e->cq)
		ndk_close_cq(e->cq, NULL, NULL);
	for (i = 0; i < CONN_SLOTS; i++) {
		if (e->listeners[i])
			ndk_close_listener(e->listeners[i], NULL, NULL);
		if (e->endpoints[i])
			ndk_close_shared_endpoint(e->endpoints[i], NULL, NULL);
		if (e->qps[i])
			ndk_close_qp(e->qps[i], NULL, NULL);
	}
	spin_lock_bh(&e->lock);
	for (i = 0; i < CONN_SLOTS; i++)
		if (e->connectors[i])
			ndk_close_connector(e->connectors[i], NULL, NULL);
	spin_unlock_bh(&e->lock);
	ndk_close_adapter(e->adapter);
}

static void make_objects(struct conn_env *e)
{
	struct conn_call *call = &e->sides[0].call;
	struct kunit *test = e->test;
	int err;

	conn_call_init(call);
	err = conn_result(e, call, CONN_ATOMIC(ndk_create_pd(e->adapter, conn_created, call,
							     &e->pd)));
	KUNIT_ASSERT_EQ(test, err, 0);
	if (call->object)
		e->pd = (struct ndk_kpd *)call->object;
	conn_call_init(call);
	err = conn_result(e, call, CONN_ATOMIC(ndk_create_cq(e->adapter, 2 * CONN_DEPTH * 16, NULL,
							     NULL, NULL, conn_created, call,
							     &e->cq)));
	KUNIT_ASSERT_EQ(test, err, 0);
	if (call->object)
		e->cq = (struct ndk_kcq *)call->object;
}

struct conn_env *conn_env(struct kunit *test)
{
	struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.minor = NDK_VERSION_MINOR,
		.consumer = "ndk_conn_kunit",
	};
	struct ib_device *dev;
	struct conn_env *e;

	if (!*device)
		kunit_skip(test, "no device given");
	e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e);
	e->test = test;
	spin_lock_init(&e->lock);
	init_completion(&e->came);
	dev = ib_device_get_by_name(device, RDMA_DRIVER_UNKNOWN);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	KUNIT_EXPECT_EQ(test, ndk_open_adapter(dev, &params, &e->adapter), 0);
	if (e->adapter)
		find_addresses(e, dev);
	ib_device_put(dev);
	KUNIT_ASSERT_NOT_NULL(test, e->adapter);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, clean_up, e), 0);
	make_objects(e);
	return e;
}

static void keep(struct conn_env *e, void *array, void *object)
{
	void **slots = array;
	int i;

	spin_lock_bh(&e->lock);
	for (i = 0; i < CONN_SLOTS && slots[i]; i++)
		;
	if (i < CONN_SLOTS)
		slots[i] = object;
	spin_unlock_bh(&e->lock);
	KUNIT_EXPECT_LT(e->test, i, CONN_SLOTS);
}

static void forget(struct conn_env *e, void *array, void *object)
{
	void **slots = array;
	int i;

	spin_lock_bh(&e->lock);
	for (i = 0; i < CONN_SLOTS; i++)
		if (slots[i] == object)
			slots[i] = NULL;
	spin_unlock_bh(&e->lock);
}

struct ndk_kqp *conn_qp(struct conn_env *e)
{
	struct conn_call *call = kunit_kzalloc(e->test, sizeof(*call), GFP_KERNEL);
	struct ndk_kqp *qp = NULL;
	int err;

	conn_call_init(call);
	err = CONN_ATOMIC(ndk_create_qp(e->pd, e->cq, e->cq, NULL, CONN_DEPTH, CONN_DEPTH, 1, 1, 0,
					conn_created, call, &qp));
	KUNIT_ASSERT_EQ(e->test, conn_result(e, call, err), 0);
	if (call->object)
		qp = (struct ndk_kqp *)call->object;
	keep(e, e->qps, qp);
	return qp;
}

struct ndk_connector *conn_connector(struct conn_env *e)
{
	struct ndk_connector *c = NULL;
	struct conn_call call;

	conn_call_init(&call);
	KUNIT_ASSERT_EQ(e->test, CONN_ATOMIC(ndk_create_connector(e->adapter, conn_created, &call,
								  &c)), 0);
	keep(e, e->connectors, c);
	return c;
}

static struct conn_side *new_side(struct conn_env *e)
{
	struct conn_side *s = &e->sides[e->nsides++];

	KUNIT_ASSERT_LE(e->test, e->nsides, CONN_SLOTS);
	conn_call_init(&s->call);
	conn_call_init(&s->ending);
	atomic_set(&s->events, 0);
	init_completion(&s->gone);
	return s;
}

struct conn_side *conn_side(struct conn_env *e)
{
	struct conn_side *s = new_side(e);

	s->qp = conn_qp(e);
	s->c = conn_connector(e);
	return s;
}

/* --- listening -------------------------------------------------------------------------- */

static void on_connect(void *context, struct ndk_connector *c)
{
	struct conn_env *e = context;

	if (e->on_connect) {
		e->on_connect(context, c);
		return;
	}
	keep(e, e->connectors, c);
	spin_lock_bh(&e->lock);
	if (e->nincoming < CONN_SLOTS)
		e->incoming[e->nincoming++] = c;
	spin_unlock_bh(&e->lock);
	complete(&e->came);
}

int conn_listen(struct conn_env *e, const struct sockaddr_storage *at, struct ndk_listener **l)
{
	struct conn_call *call = kunit_kzalloc(e->test, sizeof(*call), GFP_KERNEL);
	int err;

	conn_call_init(call);
	err = CONN_ATOMIC(ndk_create_listener(e->adapter, on_connect, e, conn_created, call, l));
	KUNIT_ASSERT_EQ(e->test, err, 0);
	keep(e, e->listeners, *l);
	return conn_result(e, call, CONN_ATOMIC(ndk_listen(*l, (struct sockaddr *)at, conn_len(at),
							   conn_called, call)));
}

/* At any port of the IPv4 address. */
void conn_listen_any(struct conn_env *e)
{
	struct sockaddr_storage at;
	u32 len = sizeof(at);

	KUNIT_ASSERT_EQ(e->test, conn_listen(e, &e->v4, &e->listener), 0);
	KUNIT_ASSERT_EQ(e->test, CONN_ATOMIC(ndk_get_listener_address(e->listener,
								      (struct sockaddr *)&at,
								      &len)), 0);
	e->port = conn_port(&at);
}

void conn_close_listener(struct conn_env *e, struct ndk_listener *l, struct conn_call *call)
{
	forget(e, e->listeners, l);
	conn_call_init(call);
	KUNIT_EXPECT_EQ(e->test, CONN_ATOMIC(ndk_close_listener(l, conn_closed, call)),
			-EINPROGRESS);
}

int conn_shared(struct conn_env *e, const struct sockaddr_storage *at,
		struct ndk_shared_endpoint **s)
{
	struct conn_call *call = kunit_kzalloc(e->test, sizeof(*call), GFP_KERNEL);
	int err;

	conn_call_init(call);
	err = CONN_ATOMIC(ndk_create_shared_endpoint(e->adapter, (struct sockaddr *)at,
						     conn_len(at), conn_created, call, s));
	err = conn_result(e, call, err);
	if (err)
		return err;
	if (call->object)
		*s = (struct ndk_shared_endpoint *)call->object;
	keep(e, e->endpoints, *s);
	return 0;
}

/* --- connecting ----------------------------------------------------------------------------- */

int conn_start(struct conn_env *e, struct conn_side *s, const struct conn_args *args)
{
	struct sockaddr_storage to = conn_at(&e->v4, e->port);
	const struct sockaddr_storage *from = args && args->from ? args->from : &e->v4;

	if (args && args->to)
		to = *args->to;
	conn_call_init(&s->call);
	return CONN_ATOMIC(ndk_connect(s->c, s->qp, (struct sockaddr *)from, conn_len(from),
				       (struct sockaddr *)&to, conn_len(&to), args ? args->ird : 0,
				       args ? args->ord : 0, args ? args->data : NULL,
				       args ? args->len : 0, conn_called, &s->call));
}

int conn_connect(struct conn_env *e, struct conn_side *s, const struct conn_args *args)
{
	return conn_result(e, &s->call, conn_start(e, s, args));
}

/* The next connector that was delivered, with a queue pair to accept it. */
struct conn_side *conn_incoming(struct conn_env *e)
{
	struct conn_side *s = new_side(e);

	KUNIT_ASSERT_NE_MSG(e->test, 0UL,
			    wait_for_completion_timeout(&e->came,
							msecs_to_jiffies(CONN_PATIENCE_MS)),
			    "nobody connects");
	spin_lock_bh(&e->lock);
	s->c = e->incoming[0];
	memmove(e->incoming, e->incoming + 1, --e->nincoming * sizeof(s->c));
	spin_unlock_bh(&e->lock);
	s->qp = conn_qp(e);
	return s;
}

static void on_disconnect(void *context, u32 reason)
{
	struct conn_side *s = context;

	s->reason = reason;
	atomic_inc(&s->events);
	complete_all(&s->gone);
}

/* Pends until the other side has completed. */
int conn_accept(struct conn_env *e, struct conn_side *s, const struct conn_args *args)
{
	conn_call_init(&s->call);
	return CONN_ATOMIC(ndk_accept_ex(s->c, s->qp, args ? args->ird : 0, args ? args->ord : 0,
					 args ? args->data : NULL, args ? args->len : 0,
					 on_disconnect, s, conn_called, &s->call));
}

int conn_complete(struct conn_env *e, struct conn_side *s)
{
	conn_call_init(&s->call);
	return conn_result(e, &s->call,
			   CONN_ATOMIC(ndk_complete_connect_ex(s->c, on_disconnect, s, conn_called,
							       &s->call)));
}

int conn_disconnect(struct conn_side *s)
{
	conn_call_init(&s->ending);
	return CONN_ATOMIC(ndk_disconnect(s->c, conn_called, &s->ending));
}

void conn_pair(struct conn_env *e, struct conn_side **active, struct conn_side **passive)
{
	struct conn_side *a = conn_side(e), *p;

	if (!e->listener)
		conn_listen_any(e);
	KUNIT_ASSERT_EQ(e->test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_ASSERT_EQ(e->test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_ASSERT_EQ(e->test, conn_result(e, &a->call, -EINPROGRESS), 0);
	KUNIT_ASSERT_EQ(e->test, conn_complete(e, a), 0);
	KUNIT_ASSERT_EQ(e->test, conn_result(e, &p->call, -EINPROGRESS), 0);
	*active = a;
	*passive = p;
}

/* It is being closed by the test. */
void conn_forget(struct conn_env *e, struct ndk_connector *c)
{
	forget(e, e->connectors, c);
}

void conn_close(struct conn_env *e, struct ndk_connector *c)
{
	struct conn_call *call = kunit_kzalloc(e->test, sizeof(*call), GFP_KERNEL);
	int err;

	conn_forget(e, c);
	conn_call_init(call);
	err = CONN_ATOMIC(ndk_close_connector(c, conn_closed, call));
	KUNIT_EXPECT_EQ(e->test, conn_result(e, call, err), 0);
}

int conn_receive(struct conn_side *s)
{
	return CONN_ATOMIC(ndk_receive(s->qp, s, NULL, 0));
}

u32 conn_results(struct conn_env *e, struct ndk_result *results, u32 max)
{
	return CONN_ATOMIC(ndk_get_cq_results(e->cq, results, max));
}

MODULE_DESCRIPTION("KUnit tests of NDK connections on an ndk device");
MODULE_LICENSE("GPL");
