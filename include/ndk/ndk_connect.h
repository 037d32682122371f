/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NDK kernel API: connections. Included by ndk.h, where context, pending and
 * closing are explained.
 *
 * Active side: ndk_connect(), then ndk_get_connection_data() if wanted, then
 * ndk_complete_connect() or ndk_reject(). Passive side: a listener's callback
 * brings a new connector, then ndk_accept() or ndk_reject(). Either side ends with
 * ndk_disconnect() and closes the connector; closing alone is abortive.
 */
#ifndef _NDK_NDK_CONNECT_H
#define _NDK_NDK_CONNECT_H

#include <ndk/ndk_types.h>

/**
 * typedef ndk_connect_event_fn - a peer wants to connect
 * @context: the consumer's
 * @connector: a new connector, the consumer's: to accept, reject or close
 *
 * Context: process or softirq, bottom halves disabled: must not sleep.
 */
typedef void ndk_connect_event_fn(void *context, struct ndk_connector *connector);

/**
 * typedef ndk_disconnect_event_fn - the connection ended and we did not ask for it
 * @context: the consumer's
 *
 * At most once. Nothing is flushed by it; the consumer disconnects or closes.
 *
 * Context: process or softirq, bottom halves disabled: must not sleep.
 */
typedef void ndk_disconnect_event_fn(void *context);

/**
 * typedef ndk_disconnect_event_ex_fn - as &ndk_disconnect_event_fn, with a reason
 * @context: the consumer's
 * @reason: the adapter's own; 0: none given, or an ordinary disconnect
 *
 * Context: as &ndk_disconnect_event_fn.
 */
typedef void ndk_disconnect_event_ex_fn(void *context, u32 reason);

/**
 * ndk_create_connector() - make a connector
 * @adapter: the adapter
 * @created: called when a pending create is done
 * @context: for @created
 * @connector: the connector, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS, or -ENOMEM.
 */
int ndk_create_connector(struct ndk_adapter *adapter, ndk_create_fn *created, void *context,
			 struct ndk_connector **connector);

/**
 * ndk_close_connector() - close a connector
 * @connector: the connector; a connect under way is cancelled, an unanswered one
 *	rejected (R-NDK-105), a connection aborted
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on its requests, whose callbacks come first (R-NDK-28), and on a running
 * disconnect event.
 *
 * Context: process or softirq, also while others post on its queue pair.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_connector(struct ndk_connector *connector, ndk_close_fn *closed, void *context);

/**
 * ndk_connect() - ask a peer for a connection
 * @connector: the connector; one whose connect failed may try again
 * @qp: the queue pair to connect
 * @src: local address; no wildcard; port 0: one of 49152 to 65535
 * @src_len: bytes at @src
 * @dest: peer's address and port
 * @dest_len: bytes at @dest
 * @inbound_read_limit: reads the peer may have under way to us, as far as the
 *	adapter goes
 * @outbound_read_limit: reads we may have under way to the peer
 * @private_data: for the peer; may be NULL
 * @private_data_len: bytes, at most &ndk_adapter_info.max_caller_data
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Success: the peer accepted. The connection is usable after
 * ndk_complete_connect() only (R-NDK-99). After a failure @qp is as before
 * (R-NDK-119).
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS, and here or in the callback: -EADDRINUSE,
 * -EADDRNOTAVAIL, -EUSERS: local address (R-NDK-106, R-NDK-107); -EEXIST: that
 * connection exists (R-NDK-108); -ENETUNREACH; -EHOSTUNREACH; -ECONNREFUSED: no
 * listener, or it rejected; -ETIMEDOUT; -EISCONN: @qp or @connector is in use;
 * -ENOTCONN: @qp or @connector was used before, or @qp was flushed (R-NDK-118);
 * -EMSGSIZE: @private_data_len (R-NDK-109); -ECANCELED: closed; -ENODEV: the
 * adapter goes; -EINVAL; -ENOMEM.
 */
int ndk_connect(struct ndk_connector *connector, struct ndk_kqp *qp, const struct sockaddr *src,
		u32 src_len, const struct sockaddr *dest, u32 dest_len, u32 inbound_read_limit,
		u32 outbound_read_limit, const void *private_data, u32 private_data_len,
		ndk_request_fn *done, void *context);

/**
 * ndk_connect_with_shared_endpoint() - as ndk_connect(), from a shared endpoint
 * @connector: the connector; one whose connect failed may try again
 * @qp: the queue pair to connect
 * @endpoint: local address and port
 * @dest: peer's address and port
 * @dest_len: bytes at @dest
 * @inbound_read_limit: as ndk_connect()
 * @outbound_read_limit: as ndk_connect()
 * @private_data: as ndk_connect()
 * @private_data_len: as ndk_connect()
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: as ndk_connect(), but nothing about the local address.
 */
int ndk_connect_with_shared_endpoint(struct ndk_connector *connector, struct ndk_kqp *qp,
				     struct ndk_shared_endpoint *endpoint,
				     const struct sockaddr *dest, u32 dest_len,
				     u32 inbound_read_limit, u32 outbound_read_limit,
				     const void *private_data, u32 private_data_len,
				     ndk_request_fn *done, void *context);

/**
 * ndk_complete_connect() - take the connection the peer accepted
 * @connector: the connector, its connect succeeded
 * @disconnected: called when the connection ends; may be NULL (R-NDK-116)
 * @disconnected_context: for @disconnected
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS, and here or in the callback: -ENOTCONN: not at that
 * point (R-NDK-117); -ECONNABORTED: the peer gave up; -ETIMEDOUT; -ECANCELED;
 * -ENOMEM. A failure is the end of the connector.
 */
int ndk_complete_connect(struct ndk_connector *connector, ndk_disconnect_event_fn *disconnected,
			 void *disconnected_context, ndk_request_fn *done, void *context);

/**
 * ndk_complete_connect_ex() - as ndk_complete_connect(), the event has a reason
 * @connector: the connector, its connect succeeded
 * @disconnected: called when the connection ends; may be NULL
 * @disconnected_context: for @disconnected
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: as ndk_complete_connect().
 */
int ndk_complete_connect_ex(struct ndk_connector *connector,
			    ndk_disconnect_event_ex_fn *disconnected, void *disconnected_context,
			    ndk_request_fn *done, void *context);

/**
 * ndk_accept() - accept what a listener brought
 * @connector: the connector
 * @qp: the queue pair to connect
 * @inbound_read_limit: as ndk_connect()
 * @outbound_read_limit: as ndk_connect()
 * @private_data: for the peer; may be NULL
 * @private_data_len: bytes, at most &ndk_adapter_info.max_callee_data
 * @disconnected: called when the connection ends; may be NULL
 * @disconnected_context: for @disconnected
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Success: the peer completed the connect (R-NDK-100); the connection is usable.
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS, and here or in the callback: -ECONNABORTED or
 * -ECONNREFUSED: the peer gave up (R-NDK-101); -ETIMEDOUT; -EISCONN, -ENOTCONN,
 * -EMSGSIZE, -ECANCELED, -EINVAL, -ENOMEM as ndk_connect(). A failure is the end
 * of the connector.
 */
int ndk_accept(struct ndk_connector *connector, struct ndk_kqp *qp, u32 inbound_read_limit,
	       u32 outbound_read_limit, const void *private_data, u32 private_data_len,
	       ndk_disconnect_event_fn *disconnected, void *disconnected_context,
	       ndk_request_fn *done, void *context);

/**
 * ndk_accept_ex() - as ndk_accept(), the event has a reason
 * @connector: the connector
 * @qp: the queue pair to connect
 * @inbound_read_limit: as ndk_connect()
 * @outbound_read_limit: as ndk_connect()
 * @private_data: as ndk_accept()
 * @private_data_len: as ndk_accept()
 * @disconnected: called when the connection ends; may be NULL
 * @disconnected_context: for @disconnected
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: as ndk_accept().
 */
int ndk_accept_ex(struct ndk_connector *connector, struct ndk_kqp *qp, u32 inbound_read_limit,
		  u32 outbound_read_limit, const void *private_data, u32 private_data_len,
		  ndk_disconnect_event_ex_fn *disconnected, void *disconnected_context,
		  ndk_request_fn *done, void *context);

/**
 * ndk_reject() - decline what a listener brought, or what the peer accepted
 * @connector: the connector; only to be closed afterwards
 * @private_data: for the peer; may be NULL
 * @private_data_len: bytes, at most &ndk_adapter_info.max_callee_data
 *
 * Context: process or softirq. Never pends.
 * Return: 0; -ENOTCONN: nothing to decline; -ECONNABORTED: the peer gave up;
 * -EMSGSIZE; -ENOMEM.
 */
int ndk_reject(struct ndk_connector *connector, const void *private_data, u32 private_data_len);

/**
 * ndk_get_connection_data() - limits and the peer's private data
 * @connector: the connector, from the connect event or ndk_connect()'s end on
 * @inbound_read_limit: effective; may be NULL
 * @outbound_read_limit: effective; may be NULL
 * @private_data: filled; NULL with *@len 0 only asks for the size
 * @len: bytes at @private_data; on return the size of the data, which may be more
 *	than the peer sent, zeros behind (R-NDK-110)
 *
 * Also after a connect was rejected: the reject's data.
 *
 * Context: process or softirq.
 * Return: 0; -ENOBUFS: *@len too small, as much as fits was copied; -ENOTCONN:
 * there is none yet.
 */
int ndk_get_connection_data(struct ndk_connector *connector, u32 *inbound_read_limit,
			    u32 *outbound_read_limit, void *private_data, u32 *len);

/**
 * ndk_get_local_address() - local address and port of a connector
 * @connector: the connector
 * @addr: filled
 * @len: bytes at @addr; on return what is needed
 *
 * Context: process or softirq.
 * Return: 0; -ENOBUFS; -ENOTCONN: it has none yet.
 */
int ndk_get_local_address(struct ndk_connector *connector, struct sockaddr *addr, u32 *len);

/**
 * ndk_get_peer_address() - the peer's address and port
 * @connector: the connector
 * @addr: filled
 * @len: bytes at @addr; on return what is needed
 *
 * Context: process or softirq.
 * Return: as ndk_get_local_address().
 */
int ndk_get_peer_address(struct ndk_connector *connector, struct sockaddr *addr, u32 *len);

/**
 * ndk_disconnect() - end the connection
 * @connector: the connector, connected; requests should have completed
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Done when the peer has disconnected or closed, or time is out, and the NIC
 * touches no more memory; what is outstanding is then cancelled (R-NDK-112,
 * R-NDK-113). However it ends, the connection is gone.
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -ENOTCONN; -ETIMEDOUT; -ENOMEM.
 */
int ndk_disconnect(struct ndk_connector *connector, ndk_request_fn *done, void *context);

/**
 * ndk_create_listener() - make a listener
 * @adapter: the adapter
 * @event: called for every peer that wants to connect
 * @event_context: for @event
 * @created: called when a pending create is done
 * @context: for @created
 * @listener: the listener, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EINVAL: no @event; -ENOMEM.
 */
int ndk_create_listener(struct ndk_adapter *adapter, ndk_connect_event_fn *event,
			void *event_context, ndk_create_fn *created, void *context,
			struct ndk_listener **listener);

/**
 * ndk_close_listener() - close a listener
 * @listener: the listener; peers are refused from now on (R-NDK-104)
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on every connector it brought (R-NDK-24), on running events and on a
 * pending listen. The address is free when it is done.
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_listener(struct ndk_listener *listener, ndk_close_fn *closed, void *context);

/**
 * ndk_listen() - listen
 * @listener: the listener
 * @addr: local address; no wildcard; port 0: one of 49152 to 65535
 * @addr_len: bytes at @addr
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS, and here or in the callback: -EADDRINUSE,
 * -EADDRNOTAVAIL, -EUSERS (R-NDK-106, R-NDK-107); -EISCONN: it listens already;
 * -EINVAL; -ENOMEM.
 */
int ndk_listen(struct ndk_listener *listener, const struct sockaddr *addr, u32 addr_len,
	       ndk_request_fn *done, void *context);

/**
 * ndk_get_listener_address() - local address and port of a listener
 * @listener: the listener
 * @addr: filled
 * @len: bytes at @addr; on return what is needed
 *
 * Context: process or softirq.
 * Return: as ndk_get_local_address().
 */
int ndk_get_listener_address(struct ndk_listener *listener, struct sockaddr *addr, u32 *len);

/**
 * ndk_control_connect_events() - refuse peers for a while
 * @listener: the listener
 * @pause: peers are refused as if nobody listened; false: no longer (R-NDK-102,
 *	R-NDK-103)
 *
 * Context: process or softirq.
 */
void ndk_control_connect_events(struct ndk_listener *listener, bool pause);

/**
 * ndk_create_shared_endpoint() - reserve a local address for many connectors
 * @adapter: the adapter
 * @addr: local address; no wildcard; port 0: one of 49152 to 65535
 * @addr_len: bytes at @addr
 * @created: called when a pending create is done
 * @context: for @created
 * @endpoint: the endpoint, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS, and here or in the callback: -EADDRINUSE,
 * -EADDRNOTAVAIL, -EUSERS; -EINVAL; -ENOMEM.
 */
int ndk_create_shared_endpoint(struct ndk_adapter *adapter, const struct sockaddr *addr,
			       u32 addr_len, ndk_create_fn *created, void *context,
			       struct ndk_shared_endpoint **endpoint);

/**
 * ndk_close_shared_endpoint() - close a shared endpoint
 * @endpoint: the endpoint
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on its connectors (R-NDK-25); the address is free when it is done.
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_shared_endpoint(struct ndk_shared_endpoint *endpoint, ndk_close_fn *closed,
			      void *context);

/**
 * ndk_get_shared_endpoint_address() - local address and port of an endpoint
 * @endpoint: the endpoint
 * @addr: filled
 * @len: bytes at @addr; on return what is needed
 *
 * Context: process or softirq.
 * Return: as ndk_get_local_address().
 */
int ndk_get_shared_endpoint_address(struct ndk_shared_endpoint *endpoint, struct sockaddr *addr,
				    u32 *len);

#endif /* _NDK_NDK_CONNECT_H */
