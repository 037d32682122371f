/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests of connections: two sides on one device that is there (parameter
 * "device"), which reach each other by its own address, over the connection
 * manager and the wire format.
 *
 * Every call of the API is made with bottom halves disabled (R-NDK-14): a kernel
 * with debugging says so if one sleeps.
 */
#ifndef _CONN_ENV_H
#define _CONN_ENV_H

#include <kunit/test.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <ndk/ndk.h>

#define CONN_PATIENCE_MS	20000
#define CONN_DEPTH		16
#define CONN_SLOTS		48

/* evaluates to the call's value */
#define CONN_ATOMIC(call)					\
({								\
	typeof(call) _v;					\
								\
	local_bh_disable();					\
	_v = (call);						\
	local_bh_enable();					\
	_v;							\
})

/**
 * struct conn_call - a call that may pend
 * @done: its callback ran
 * @calls: how often
 * @status: what it said
 * @object: likewise
 */
struct conn_call {
	struct completion done;
	atomic_t calls;
	int status;
	struct ndk_object *object;
};

/**
 * struct conn_side - one side of a connection
 * @qp: queue pair
 * @c: connector
 * @call: its latest connect, complete or accept
 * @ending: its disconnect
 * @events: disconnect events it got
 * @reason: of the last one
 * @gone: completed by the event
 */
struct conn_side {
	struct ndk_kqp *qp;
	struct ndk_connector *c;
	struct conn_call call;
	struct conn_call ending;
	atomic_t events;
	u32 reason;
	struct completion gone;
};

/**
 * struct conn_env - what a test has
 * @test: the test
 * @adapter: adapter of the device
 * @pd: PD
 * @cq: CQ of all queue pairs
 * @v4: address of the device, port 0
 * @v6: address of the device, port 0
 * @listener: the listener, if there is one
 * @port: its port
 * @came: a connector was delivered
 * @lock: protects @incoming, @nincoming
 * @incoming: connectors delivered
 * @nincoming: how many
 * @on_connect: called with each instead, if set
 * @qps: to be closed at the end
 * @connectors: likewise
 * @listeners: likewise
 * @endpoints: likewise
 * @sides: memory for sides
 * @nsides: how many
 */
struct conn_env {
	struct kunit *test;
	struct ndk_adapter *adapter;
	struct ndk_kpd *pd;
	struct ndk_kcq *cq;
	struct sockaddr_storage v4;
	struct sockaddr_storage v6;
	struct ndk_listener *listener;
	u16 port;
	struct completion came;
	spinlock_t lock; /* incoming, nincoming */
	struct ndk_connector *incoming[CONN_SLOTS];
	unsigned int nincoming;
	ndk_connect_event_fn *on_connect;
	struct ndk_kqp *qps[CONN_SLOTS];
	struct ndk_connector *connectors[CONN_SLOTS];
	struct ndk_listener *listeners[CONN_SLOTS];
	struct ndk_shared_endpoint *endpoints[CONN_SLOTS];
	struct conn_side sides[CONN_SLOTS];
	unsigned int nsides;
};

struct conn_env *conn_env(struct kunit *test);

void conn_call_init(struct conn_call *call);
void conn_called(void *context, int status);
void conn_created(void *context, int status, struct ndk_object *object);
void conn_closed(void *context);
int conn_result(struct conn_env *e, struct conn_call *call, int ret);
bool conn_pends(struct conn_call *call);

struct sockaddr_storage conn_at(const struct sockaddr_storage *addr, u16 port);
u16 conn_port(const struct sockaddr_storage *addr);
u32 conn_len(const struct sockaddr_storage *addr);

struct ndk_kqp *conn_qp(struct conn_env *e);
struct ndk_connector *conn_connector(struct conn_env *e);
struct conn_side *conn_side(struct conn_env *e);
int conn_listen(struct conn_env *e, const struct sockaddr_storage *at, struct ndk_listener **l);
void conn_listen_any(struct conn_env *e);
int conn_shared(struct conn_env *e, const struct sockaddr_storage *at,
		struct ndk_shared_endpoint **s);

struct conn_args {
	const struct sockaddr_storage *from;
	const struct sockaddr_storage *to;
	u32 ird;
	u32 ord;
	const void *data;
	u32 len;
};

int conn_start(struct conn_env *e, struct conn_side *s, const struct conn_args *args);
int conn_connect(struct conn_env *e, struct conn_side *s, const struct conn_args *args);
struct conn_side *conn_incoming(struct conn_env *e);
int conn_accept(struct conn_env *e, struct conn_side *s, const struct conn_args *args);
int conn_complete(struct conn_env *e, struct conn_side *s);
int conn_disconnect(struct conn_side *s);
void conn_pair(struct conn_env *e, struct conn_side **active, struct conn_side **passive);
void conn_close(struct conn_env *e, struct ndk_connector *c);
void conn_forget(struct conn_env *e, struct ndk_connector *c);
void conn_close_listener(struct conn_env *e, struct ndk_listener *l, struct conn_call *call);
int conn_receive(struct conn_side *s);
u32 conn_results(struct conn_env *e, struct ndk_result *results, u32 max);

extern unsigned int conn_scale;

#endif /* _CONN_ENV_H */
