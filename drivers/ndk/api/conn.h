/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections: connectors, listeners and shared endpoints, on top of rdma_cm.
 *
 * Threading
 * ---------
 * Consumers call from process or softirq, rdma_cm may sleep. So a connector's call
 * checks what it can under @lock, copies its arguments, sets a bit of what is to
 * be done and queues the connector's work item. rdma_cm's events do the same:
 * their handler stores what came and sets a bit. The item takes bits in the order
 * of enum conn_step. It never runs twice at a time, so the steps of a connector
 * are serial, and it alone touches the rdma_cm_id and the state of the queue pair.
 * Who sets a bit queues the item afterwards: no wakeup is lost, for an item queued
 * while it runs, runs again.
 *
 *		consumer	   rdma_cm	   QP events
 *		   |		      |		       |
 *		   +--- set bit, queue work -----------+
 *				      v
 *			      work item, steps
 *			       |	    |
 *			rdma_*(), QP	callbacks, no lock held
 *
 * Every queued item has a use of the object (object.h). The last step, close,
 * shuts every source of further steps; when its use is dropped the object ends,
 * and the close callback comes after every other one returned. Listeners and
 * shared endpoints have little to do and use the queue every object has.
 *
 * Two phases
 * ----------
 * The queue pair is not attached to the rdma_cm_id: rdma_cm then reports the
 * peer's reply (CONNECT_RESPONSE) and waits, holding off the peer. ndk_connect()
 * is done at that point. ndk_complete_connect() moves the QP to RTS and sends the
 * RTU, which is what ends the peer's ndk_accept().
 *
 * Locks: none of these is taken inside another, but for the object's own.
 */
#ifndef _NDK_CONN_H
#define _NDK_CONN_H

#include <linux/timer.h>
#include <rdma/ib_cm.h>
#include <rdma/rdma_cm.h>

#include "api.h"
#include "endpoint.h"

/*
 * What private data may have. The REQ has 92 bytes, rdma_cm's own header takes 36
 * of them; accept and reject share a limit, and a REJ has the smaller room.
 */
#define NDK_CALLER_DATA		(IB_CM_REQ_PRIVATE_DATA_SIZE - 36)
#define NDK_CALLEE_DATA		IB_CM_REJ_PRIVATE_DATA_SIZE

/*
 * The connection manager gives up on an unanswered disconnect after 16 times
 * 4.3 s; this is for one that it could not even send.
 */
#define NDK_DISCONNECT_MS	80000

/* Reads a connection may have under way: one byte in a connection request. */
#define NDK_READ_LIMIT		255

/**
 * struct conn_link - in the adapter's list of what has an rdma_cm_id
 * @link: in @ndk_adapter.conns
 * @removed: the adapter goes; the list's lock is held
 */
struct conn_link {
	struct list_head link;
	void (*removed)(struct conn_link *l);
};

/**
 * enum conn_state - where a connector is
 * @CONN_IDLE: new, or a connect failed and may be tried again
 * @CONN_CONNECTING: ndk_connect() pends: address, route, request
 * @CONN_OFFERED: the peer accepted; ours to complete or reject
 * @CONN_COMPLETING: ndk_complete_connect() pends
 * @CONN_REQUESTED: a peer's request; ours to accept or reject
 * @CONN_ACCEPTING: ndk_accept() pends: until the peer completes
 * @CONN_CONNECTED: usable, or the peer has gone and we have not yet
 * @CONN_DISCONNECTING: ndk_disconnect() pends
 * @CONN_ENDED: rejected, failed or disconnected; only close is left
 */
enum conn_state {
	CONN_IDLE,
	CONN_CONNECTING,
	CONN_OFFERED,
	CONN_COMPLETING,
	CONN_REQUESTED,
	CONN_ACCEPTING,
	CONN_CONNECTED,
	CONN_DISCONNECTING,
	CONN_ENDED,
};

/**
 * enum conn_step - what a connector's work item may have to do, in its order
 * @STEP_DELIVER: give it to the listener's consumer
 * @STEP_CONNECT: ndk_connect() was called
 * @STEP_ROUTE: the address is resolved
 * @STEP_REQUEST: the route is resolved
 * @STEP_OFFER: the peer accepted
 * @STEP_ESTABLISHED: the peer completed
 * @STEP_DATA: data came before the peer's completion did
 * @STEP_FAILED: rejected, unreachable, timed out; @ndk_connector.failure
 * @STEP_HUNG_UP: the peer disconnected, or answered our disconnect
 * @STEP_BROKEN: the queue pair failed
 * @STEP_REMOVED: the device goes
 * @STEP_TIMEOUT: our disconnect was not answered
 * @STEP_COMPLETE: ndk_complete_connect() was called
 * @STEP_ACCEPT: ndk_accept() was called
 * @STEP_REJECT: ndk_reject() was called
 * @STEP_DISCONNECT: ndk_disconnect() was called
 * @STEP_CLOSE: ndk_close_connector() was called
 * @STEPS: number of steps
 *
 * What came from the peer is looked at before what the consumer wants, and what
 * leads on before what ends.
 */
enum conn_step {
	STEP_DELIVER,
	STEP_CONNECT,
	STEP_ROUTE,
	STEP_REQUEST,
	STEP_OFFER,
	STEP_ESTABLISHED,
	STEP_DATA,
	STEP_FAILED,
	STEP_HUNG_UP,
	STEP_BROKEN,
	STEP_REMOVED,
	STEP_TIMEOUT,
	STEP_COMPLETE,
	STEP_ACCEPT,
	STEP_REJECT,
	STEP_DISCONNECT,
	STEP_CLOSE,
	STEPS
};

/* Steps whose cause is the rdma_cm_id: void once it is destroyed. */
#define STEPS_OF_ID	(BIT(STEP_ROUTE) | BIT(STEP_REQUEST) | BIT(STEP_OFFER) |	\
			 BIT(STEP_ESTABLISHED) | BIT(STEP_FAILED) | BIT(STEP_HUNG_UP))

/**
 * struct conn_data - private data of one message
 * @len: bytes
 * @bytes: the data
 */
struct conn_data {
	u8 len;
	u8 bytes[IB_CM_REP_PRIVATE_DATA_SIZE];
};

/**
 * struct ndk_pending - a call that pends
 * @done: called once, then NULL
 * @context: the consumer's
 */
struct ndk_pending {
	ndk_request_fn *done;
	void *context;
};

/**
 * struct conn_event - the consumer's disconnect event
 * @plain: without a reason
 * @ex: with one
 * @context: the consumer's
 */
struct conn_event {
	ndk_disconnect_event_fn *plain;
	ndk_disconnect_event_ex_fn *ex;
	void *context;
};

/**
 * struct ndk_connector - one end of a connection
 * @obj: the object
 * @link: in the adapter's list
 * @lock: @state to @remote
 * @state: where it is
 * @closing: ndk_close_connector() was called
 * @event_given: the disconnect event was delivered, or must not be any more
 * @hung_up: the peer's disconnect has come, or its answer to ours
 * @lost: it gave up before the connection was made: errno; else 0
 * @aborted: why the connection broke: errno; else 0
 * @pending: connect, complete, accept or disconnect
 * @event: the consumer's disconnect event
 * @failure: errno of %STEP_FAILED or %STEP_HUNG_UP
 * @ird: reads the peer may have under way to us: what was asked for, then what
 *	came of it
 * @ord: reads we may have under way
 * @peer_ird: reads the peer lets us have under way
 * @peer_ord: reads the peer may want to have under way
 * @in: the peer's private data
 * @out: ours, until it is sent
 * @local: our address
 * @remote: the peer's
 * @todo: bits of enum conn_step
 * @work: takes them
 * @timer: kicks %STEP_TIMEOUT
 * @id: rdma_cm's, of the work item only
 * @ep: our endpoint
 * @peer: in the list of a shared endpoint
 * @shared: that endpoint's object, an antecedent
 * @listener: where the request came from, an antecedent
 * @qp: the queue pair, an antecedent of this object
 * @was_up: the queue pair was moved out of INIT for this connection
 */
struct ndk_connector {
	struct api_obj obj;
	struct conn_link link;
	spinlock_t lock; /* see above */
	enum conn_state state;
	bool closing;
	bool event_given;
	bool hung_up;
	int lost;
	int aborted;
	struct ndk_pending pending;
	struct conn_event event;
	int failure;
	u8 ird;
	u8 ord;
	u8 peer_ird;
	u8 peer_ord;
	struct conn_data in;
	struct conn_data out;
	struct sockaddr_storage local;
	struct sockaddr_storage remote;

	unsigned long todo;
	struct work_struct work;
	struct timer_list timer;
	struct rdma_cm_id *id;
	struct ndk_endpoint *ep;
	struct ndk_endpoint_peer peer;
	struct ndk_shared_endpoint *shared;
	struct ndk_listener *listener;
	struct ndk_kqp *qp;
	bool was_up;
};

/**
 * struct ndk_listener - where peers ask for connections
 * @obj: the object
 * @link: in the adapter's list
 * @lock: @state to @local
 * @state: what it does
 * @closing: ndk_close_listener() was called: refuse
 * @paused: ndk_control_connect_events(): refuse
 * @local: our address; the one asked for until it listens
 * @event: the consumer's callback
 * @event_context: its context
 * @id: rdma_cm's, of the object's queue only
 * @ep: our endpoint
 * @removal: operation that destroys @id
 * @removing: it was queued
 */
struct ndk_listener {
	struct api_obj obj;
	struct conn_link link;
	spinlock_t lock; /* see above */
	enum { LISTENER_IDLE, LISTENER_STARTING, LISTENER_ON } state;
	bool closing;
	bool paused;
	struct sockaddr_storage local;
	ndk_connect_event_fn *event;
	void *event_context;
	struct rdma_cm_id *id;
	struct ndk_endpoint *ep;
	struct api_op removal;
	unsigned long removing;
};

/**
 * struct ndk_shared_endpoint - a local address for many connectors
 * @obj: the object
 * @link: in the adapter's list
 * @local: our address, complete once it is created
 * @id: holds the port at rdma_cm, of the object's queue only
 * @ep: our endpoint
 * @removal: operation that destroys @id
 * @removing: it was queued
 */
struct ndk_shared_endpoint {
	struct api_obj obj;
	struct conn_link link;
	struct sockaddr_storage local;
	struct rdma_cm_id *id;
	struct ndk_endpoint *ep;
	struct api_op removal;
	unsigned long removing;
};

/* conn.c */
void conn_kick(struct ndk_connector *c, enum conn_step step);
void conn_work(struct work_struct *work);
void conn_timer(struct timer_list *timer);
int conn_event(struct rdma_cm_id *id, struct rdma_cm_event *ev);
void conn_store(struct ndk_connector *c, const struct rdma_conn_param *p);
enum conn_state conn_state(struct ndk_connector *c);
void conn_set_state(struct ndk_connector *c, enum conn_state state);
void conn_done(struct ndk_connector *c, int status);
void conn_usable(struct ndk_connector *c);
void conn_end(struct ndk_connector *c, int status);
void conn_forget_id(struct ndk_connector *c);
void conn_leave_endpoint(struct ndk_connector *c);

/* conn_active.c */
void conn_connect(struct ndk_connector *c);
void conn_resolve_route(struct ndk_connector *c);
void conn_send_request(struct ndk_connector *c);
void conn_offered(struct ndk_connector *c);
void conn_complete(struct ndk_connector *c);
void conn_undo_connect(struct ndk_connector *c, int status);

/* conn_passive.c */
int conn_request(struct ndk_listener *l, struct rdma_cm_id *id, struct rdma_cm_event *ev);
void conn_deliver(struct ndk_connector *c);
void conn_accept(struct ndk_connector *c);
void conn_data_came(struct ndk_connector *c);
void conn_established(struct ndk_connector *c);

/* conn_qp.c */
int conn_raise_qp(struct ndk_connector *c);
void conn_param(struct ndk_connector *c, struct rdma_conn_param *p);
void conn_clamp(struct ndk_connector *c);
int conn_take_qp(struct ndk_connector *c, struct ndk_kqp *qp);
void conn_leave_qp(struct ndk_connector *c);

/* connector.c */
struct ndk_connector *connector_new(struct ndk_adapter *adapter);

/* removal.c */
void conn_link_init(struct conn_link *l, void (*removed)(struct conn_link *l));
void conn_link_add(struct ndk_adapter *adapter, struct conn_link *l);
void conn_link_del(struct ndk_adapter *adapter, struct conn_link *l);
int conn_where(struct ndk_adapter *adapter, struct ndk_port_of *where);
void conn_where_end(struct ndk_port_of *where);

#endif /* _NDK_CONN_H */
