/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections for the tests of the NDK kernel API: both ends in one kernel, on one
 * device.
 *
 *	active (rend) ---- ndk_connect ----> listener (rlisten) -> passive (rend)
 */
#ifndef _RULES_PEER_H
#define _RULES_PEER_H

#include "rules_env.h"

#define RULES_ARRIVALS	64

/* an address as the API wants it */
struct raddr {
	struct sockaddr_storage ss;
	u32 len;
};

/**
 * struct rend - one end of a connection
 * @env: the test
 * @conn: the connector
 * @q: its queue pair, once there is one
 * @request: connect or accept
 * @complete: complete-connect
 * @disconnect: disconnect
 * @close: close of the connector
 * @events: disconnect events
 * @reason: of the last one
 * @event_order: its number among all callbacks
 */
struct rend {
	struct renv *env;
	struct ndk_connector *conn;
	struct rqp *q;
	struct call request;
	struct call complete;
	struct call disconnect;
	struct call close;
	atomic_t events;
	u32 reason;
	int event_order;
};

/**
 * struct rlisten - a listener and who came
 * @env: the test
 * @listener: the listener
 * @addr: where it listens
 * @reserved: places given out in @conns
 * @came: connectors so far
 * @taken: those a test has taken
 * @conns: the connectors
 * @inside: what the test does in the callback, or NULL
 * @arg: for @inside
 * @hard: a callback ran in hard interrupt context
 * @may_sleep: one ran where it might have slept
 */
struct rlisten {
	struct renv *env;
	struct ndk_listener *listener;
	struct raddr addr;
	atomic_t reserved;
	atomic_t came;
	int taken;
	struct ndk_connector *conns[RULES_ARRIVALS];
	void (*inside)(struct rlisten *l, struct ndk_connector *conn);
	void *arg;
	bool hard;
	bool may_sleep;
};

struct raddr raddr_local(struct renv *e, bool v6, u32 host, u16 port);
struct raddr raddr_with_port(const struct raddr *a, u16 port);
u16 raddr_port(const struct raddr *a);

struct rlisten *rlisten_on(struct renv *e, const struct raddr *at);
struct rlisten *rlisten_new(struct renv *e);
int rlisten_try(struct renv *e, const struct raddr *at);
struct rend *rlisten_next(struct rlisten *l);

struct ndk_shared_endpoint *rshared_new(struct renv *e, const struct raddr *at);
int rshared_try(struct renv *e, const struct raddr *at);

struct rend *rend_new(struct renv *e, struct rqp *q);
int rend_start(struct rend *a, const struct raddr *from, const struct raddr *to);
int rend_start_data(struct rend *a, const struct raddr *from, const struct raddr *to, u32 ird,
		    u32 ord, const void *data, u32 len);
int rend_start_shared(struct rend *a, struct ndk_shared_endpoint *ep, const struct raddr *to);
int rend_started(struct rend *a, int ret);
int rend_accept(struct rend *p, struct rqp *q);
int rend_complete(struct rend *a);
void rend_establish(struct rend *a, struct rend *p);
void rend_pair(struct renv *e, struct rlisten *l, u32 depth, struct rend **a, struct rend **p);
int rend_disconnect(struct rend *d);
int rend_close(struct rend *d);
void rend_close_now(struct rend *d);
void rend_disconnect_both(struct rend *a, struct rend *p);

#endif /* _RULES_PEER_H */
