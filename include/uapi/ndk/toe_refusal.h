/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Why a connection was not offloaded. One number per reason, shown by tools/toectl.
 */
#ifndef _UAPI_NDK_TOE_REFUSAL_H
#define _UAPI_NDK_TOE_REFUSAL_H

/**
 * enum toe_refusal - why a socket stays in the host
 * @TOE_REFUSE_NONE: it was not refused
 * @TOE_REFUSE_NOT_TCP: not a TCP socket
 * @TOE_REFUSE_ALREADY: offloaded already, or on its way
 * @TOE_REFUSE_STATE: not ESTABLISHED
 * @TOE_REFUSE_SHUTDOWN: half closed
 * @TOE_REFUSE_ERROR: the socket has an error pending
 * @TOE_REFUSE_ULP: another upper-layer protocol (kTLS, ...)
 * @TOE_REFUSE_PROTO: another layer has its own functions on it (MPTCP, SMC, ...)
 * @TOE_REFUSE_USER_DATA: sockmap, or a kernel user
 * @TOE_REFUSE_SIGNED: TCP MD5 or TCP-AO key
 * @TOE_REFUSE_FASTOPEN: fast open or deferred connect is not over
 * @TOE_REFUSE_REPAIR: TCP_REPAIR
 * @TOE_REFUSE_FILTER: a socket filter is attached
 * @TOE_REFUSE_XFRM: IPsec on the socket or the route
 * @TOE_REFUSE_URGENT_RX: urgent data not read
 * @TOE_REFUSE_URGENT_TX: urgent data not acknowledged
 * @TOE_REFUSE_OPTIONS: IP options or extension headers
 * @TOE_REFUSE_MIN_TTL: minimum TTL or hop count wanted
 * @TOE_REFUSE_WINDOW: receive window above the target's limit
 * @TOE_REFUSE_CORK: TCP_CORK
 * @TOE_REFUSE_ECN: explicit congestion notification was negotiated
 * @TOE_REFUSE_SEND_QUEUE: something in the send queue that cannot move
 * @TOE_REFUSE_NO_ROUTE: no route
 * @TOE_REFUSE_DEVICE: bond, bridge, VLAN, macvlan or the like
 * @TOE_REFUSE_NEIGHBOUR: next hop not resolved
 * @TOE_REFUSE_TARGET: the target refused
 * @TOE_REFUSE_NO_TARGET: there is no such target
 * @TOE_REFUSE_FULL: the target has no room
 * @TOE_REFUSE_TIMEOUT: the target did not answer in time
 * @TOE_REFUSE_PAUSED: offloading is paused
 * @TOE_REFUSE_MEMORY: no memory
 * @TOE_REFUSE_BUSY: the socket is in use
 * @TOE_REFUSE_IPV6: IPv6 is not built in, or not carried by the target
 * @TOE_REFUSE_NETNS: the socket belongs to another namespace
 * @TOE_REFUSE_PERMISSION: not the caller's socket
 * @TOE_REFUSE_REASONS: number of reasons
 */
enum toe_refusal {
	TOE_REFUSE_NONE,
	TOE_REFUSE_NOT_TCP,
	TOE_REFUSE_ALREADY,
	TOE_REFUSE_STATE,
	TOE_REFUSE_SHUTDOWN,
	TOE_REFUSE_ERROR,
	TOE_REFUSE_ULP,
	TOE_REFUSE_PROTO,
	TOE_REFUSE_USER_DATA,
	TOE_REFUSE_SIGNED,
	TOE_REFUSE_FASTOPEN,
	TOE_REFUSE_REPAIR,
	TOE_REFUSE_FILTER,
	TOE_REFUSE_XFRM,
	TOE_REFUSE_URGENT_RX,
	TOE_REFUSE_URGENT_TX,
	TOE_REFUSE_OPTIONS,
	TOE_REFUSE_MIN_TTL,
	TOE_REFUSE_WINDOW,
	TOE_REFUSE_CORK,
	TOE_REFUSE_ECN,
	TOE_REFUSE_SEND_QUEUE,
	TOE_REFUSE_NO_ROUTE,
	TOE_REFUSE_DEVICE,
	TOE_REFUSE_NEIGHBOUR,
	TOE_REFUSE_TARGET,
	TOE_REFUSE_NO_TARGET,
	TOE_REFUSE_FULL,
	TOE_REFUSE_TIMEOUT,
	TOE_REFUSE_PAUSED,
	TOE_REFUSE_MEMORY,
	TOE_REFUSE_BUSY,
	TOE_REFUSE_IPV6,
	TOE_REFUSE_NETNS,
	TOE_REFUSE_PERMISSION,
	TOE_REFUSE_REASONS
};

#endif /* _UAPI_NDK_TOE_REFUSAL_H */
