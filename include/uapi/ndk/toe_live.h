/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The generic netlink family by which programs move TCP connections to an offload
 * target and back, and look at them. build/toectl speaks it.
 *
 * Requests are about the network namespace they are sent in, except a socket that
 * is named by a file descriptor: that one is meant wherever it lives. Whoever has
 * CAP_NET_ADMIN in the user namespace that owns a socket's network namespace sees
 * and moves it; others see and move the sockets of their own user. Pausing is for
 * whoever has it in the user namespace that owns the network namespace, faults are
 * for whoever has it in the first user namespace.
 */
#ifndef _UAPI_NDK_TOE_LIVE_H
#define _UAPI_NDK_TOE_LIVE_H

#define NDK_TOE_FAMILY		"ndk_toe"
#define NDK_TOE_VERSION		1
#define NDK_TOE_EVENTS		"events"	/* multicast, needs CAP_NET_ADMIN */

/* most connections of one request, most bytes of a name */
#define NDK_TOE_MAX_CONNS	1024
#define NDK_TOE_MAX_NAME	32

/**
 * enum ndk_toe_cmd - requests and messages
 * @NDK_TOE_CMD_UNSPEC: not used
 * @NDK_TOE_CMD_CONN: look: with %NDK_TOE_A_CONN at one connection; as a dump at
 *	all that have ever been offloaded and still exist. Answers have one
 *	%NDK_TOE_A_CONN each.
 * @NDK_TOE_CMD_OFFLOAD: offload what the %NDK_TOE_A_CONNs name, in one tree per
 *	route, to %NDK_TOE_A_TARGET if given. Answered by %NDK_TOE_A_RESULTs in
 *	the same order.
 * @NDK_TOE_CMD_UPLOAD: take back what they name, or with %NDK_TOE_A_ALL all in
 *	the namespace that the caller may move. Answered alike; with
 *	%NDK_TOE_A_ALL by one %NDK_TOE_A_COUNT.
 * @NDK_TOE_CMD_TARGET: dump: the namespace's software target, and for those who
 *	may inject faults all there are
 * @NDK_TOE_CMD_PAUSE: offload nothing new of this namespace
 * @NDK_TOE_CMD_RESUME: offload again
 * @NDK_TOE_CMD_FAULT: make %NDK_TOE_A_TARGET fail as %NDK_TOE_A_FAULT says
 * @NDK_TOE_CMD_EVENT: never sent by programs: something happened to the
 *	%NDK_TOE_A_CONN in it
 * @NDK_TOE_CMDS: number of values
 */
enum ndk_toe_cmd {
	NDK_TOE_CMD_UNSPEC,
	NDK_TOE_CMD_CONN,
	NDK_TOE_CMD_OFFLOAD,
	NDK_TOE_CMD_UPLOAD,
	NDK_TOE_CMD_TARGET,
	NDK_TOE_CMD_PAUSE,
	NDK_TOE_CMD_RESUME,
	NDK_TOE_CMD_FAULT,
	NDK_TOE_CMD_EVENT,
	NDK_TOE_CMDS
};

/**
 * enum ndk_toe_attr - attributes of a message
 * @NDK_TOE_A_UNSPEC: not used
 * @NDK_TOE_A_PAD: padding
 * @NDK_TOE_A_CONN: nested, enum ndk_toe_conn_attr; up to %NDK_TOE_MAX_CONNS
 * @NDK_TOE_A_RESULT: nested, enum ndk_toe_result_attr
 * @NDK_TOE_A_TARGET: string, name of a target; without: the namespace's software
 *	target
 * @NDK_TOE_A_ALL: flag
 * @NDK_TOE_A_COUNT: u32, how many
 * @NDK_TOE_A_FAULT: nested, enum ndk_toe_fault_attr
 * @NDK_TOE_A_EVENT: u8, enum ndk_toe_event
 * @NDK_TOE_A_KIND: string, what kind of target
 * @NDK_TOE_A_FLAGS: u32, NDK_TOE_TARGET_...
 * @NDK_TOE_A_OFFLOADED: u32, connections the target carries
 * @NDK_TOE_ATTRS: number of values
 */
enum ndk_toe_attr {
	NDK_TOE_A_UNSPEC,
	NDK_TOE_A_PAD,
	NDK_TOE_A_CONN,
	NDK_TOE_A_RESULT,
	NDK_TOE_A_TARGET,
	NDK_TOE_A_ALL,
	NDK_TOE_A_COUNT,
	NDK_TOE_A_FAULT,
	NDK_TOE_A_EVENT,
	NDK_TOE_A_KIND,
	NDK_TOE_A_FLAGS,
	NDK_TOE_A_OFFLOADED,
	NDK_TOE_ATTRS
};

/* NDK_TOE_A_FLAGS */
#define NDK_TOE_TARGET_PAUSED	(1U << 0)
#define NDK_TOE_TARGET_LEAVING	(1U << 1)	/* everything is on its way back */
#define NDK_TOE_TARGET_FAILED	(1U << 2)

/**
 * enum ndk_toe_conn_attr - a connection
 * @NDK_TOE_CONN_UNSPEC: not used
 * @NDK_TOE_CONN_PAD: padding
 * @NDK_TOE_CONN_FD: u32, requests: a file descriptor of the sender, instead of
 *	addresses
 * @NDK_TOE_CONN_LOCAL: 4 or 16 bytes, its own address
 * @NDK_TOE_CONN_REMOTE: likewise, the peer's
 * @NDK_TOE_CONN_LPORT: u16, network order
 * @NDK_TOE_CONN_RPORT: u16, network order
 * @NDK_TOE_CONN_IFINDEX: u32, device the socket is bound to; 0 or absent: none
 * @NDK_TOE_CONN_UID: u32, its user, in the reader's user namespace
 * @NDK_TOE_CONN_COOKIE: u64, as inet_diag has it
 * @NDK_TOE_CONN_STATE: u8, enum ndk_toe_conn_state
 * @NDK_TOE_CONN_TARGET: string, the target that has it, or had it last
 * @NDK_TOE_CONN_REASON: string, why it came back last
 * @NDK_TOE_CONN_REFUSAL: string, why it was not offloaded when it was tried last
 * @NDK_TOE_CONN_AGE: u64, milliseconds since it was moved last, either way
 * @NDK_TOE_CONN_OFFLOADS: u64, times it was offloaded
 * @NDK_TOE_CONN_UPLOADS: u64, times it came back
 * @NDK_TOE_CONN_TX_BYTES: u64, bytes its program sent while it was offloaded
 * @NDK_TOE_CONN_RX_BYTES: u64, bytes it received meanwhile
 * @NDK_TOE_CONN_FORWARDED: u64, segments the host handed to the target
 * @NDK_TOE_CONN_PASSED_UP: u64, segments the target left to the host
 * @NDK_TOE_CONN_REBUILT: u64, times it came back without the target's help
 * @NDK_TOE_CONN_ATTRS: number of values
 */
enum ndk_toe_conn_attr {
	NDK_TOE_CONN_UNSPEC,
	NDK_TOE_CONN_PAD,
	NDK_TOE_CONN_FD,
	NDK_TOE_CONN_LOCAL,
	NDK_TOE_CONN_REMOTE,
	NDK_TOE_CONN_LPORT,
	NDK_TOE_CONN_RPORT,
	NDK_TOE_CONN_IFINDEX,
	NDK_TOE_CONN_UID,
	NDK_TOE_CONN_COOKIE,
	NDK_TOE_CONN_STATE,
	NDK_TOE_CONN_TARGET,
	NDK_TOE_CONN_REASON,
	NDK_TOE_CONN_REFUSAL,
	NDK_TOE_CONN_AGE,
	NDK_TOE_CONN_OFFLOADS,
	NDK_TOE_CONN_UPLOADS,
	NDK_TOE_CONN_TX_BYTES,
	NDK_TOE_CONN_RX_BYTES,
	NDK_TOE_CONN_FORWARDED,
	NDK_TOE_CONN_PASSED_UP,
	NDK_TOE_CONN_REBUILT,
	NDK_TOE_CONN_ATTRS
};

/**
 * enum ndk_toe_conn_state - where a connection is
 * @NDK_TOE_IN_HOST: in the host's stack
 * @NDK_TOE_OFFLOADING: on its way to the target
 * @NDK_TOE_OFFLOADED: at the target
 * @NDK_TOE_UPLOADING: on its way back
 * @NDK_TOE_CONN_STATES: number of values
 */
enum ndk_toe_conn_state {
	NDK_TOE_IN_HOST,
	NDK_TOE_OFFLOADING,
	NDK_TOE_OFFLOADED,
	NDK_TOE_UPLOADING,
	NDK_TOE_CONN_STATES
};

/**
 * enum ndk_toe_result_attr - what became of one connection of a request
 * @NDK_TOE_RESULT_UNSPEC: not used
 * @NDK_TOE_RESULT_ERRNO: u32, 0 or an errno, positive: ENOENT (no such
 *	connection, or not the caller's to see), EALREADY (offloaded already),
 *	ENOTCONN (upload: not offloaded), EOPNOTSUPP (refused, see the reason),
 *	ENOSPC (no room at the target), ETIMEDOUT, ...
 * @NDK_TOE_RESULT_REASON: string, in words of one or two
 * @NDK_TOE_RESULT_ATTRS: number of values
 */
enum ndk_toe_result_attr {
	NDK_TOE_RESULT_UNSPEC,
	NDK_TOE_RESULT_ERRNO,
	NDK_TOE_RESULT_REASON,
	NDK_TOE_RESULT_ATTRS
};

/**
 * enum ndk_toe_event - what happened to a connection
 * @NDK_TOE_EV_OFFLOADED: it is at the target
 * @NDK_TOE_EV_UPLOADED: it is back
 * @NDK_TOE_EV_REFUSED: it was offered and stays in the host
 * @NDK_TOE_EV_GONE: the socket was closed or aborted
 * @NDK_TOE_EV_STUCK: the target does not answer
 * @NDK_TOE_EVENT_KINDS: number of values
 */
enum ndk_toe_event {
	NDK_TOE_EV_OFFLOADED,
	NDK_TOE_EV_UPLOADED,
	NDK_TOE_EV_REFUSED,
	NDK_TOE_EV_GONE,
	NDK_TOE_EV_STUCK,
	NDK_TOE_EVENT_KINDS
};

/**
 * enum ndk_toe_fault_attr - a fault
 * @NDK_TOE_FAULT_UNSPEC: not used
 * @NDK_TOE_FAULT_KIND: u8, enum ndk_toe_fault_kind
 * @NDK_TOE_FAULT_LAYER: u8, enum ndk_toe_fault_layer; not for %NDK_TOE_FAULT_DELAY
 * @NDK_TOE_FAULT_VALUE: u32, how many, or how long; 0 ends it
 * @NDK_TOE_FAULT_ATTRS: number of values
 */
enum ndk_toe_fault_attr {
	NDK_TOE_FAULT_UNSPEC,
	NDK_TOE_FAULT_KIND,
	NDK_TOE_FAULT_LAYER,
	NDK_TOE_FAULT_VALUE,
	NDK_TOE_FAULT_ATTRS
};

/**
 * enum ndk_toe_fault_kind - what goes wrong
 * @NDK_TOE_FAULT_FAIL: so many steps fail
 * @NDK_TOE_FAULT_EXHAUST: the table has room for so many objects
 * @NDK_TOE_FAULT_CORRUPT: so many queries find corrupt state
 * @NDK_TOE_FAULT_DELAY: each completion is looked at so many milliseconds late
 * @NDK_TOE_FAULT_KINDS: number of values
 */
enum ndk_toe_fault_kind {
	NDK_TOE_FAULT_FAIL,
	NDK_TOE_FAULT_EXHAUST,
	NDK_TOE_FAULT_CORRUPT,
	NDK_TOE_FAULT_DELAY,
	NDK_TOE_FAULT_KINDS
};

/**
 * enum ndk_toe_fault_layer - of which objects
 * @NDK_TOE_FAULT_NEIGH: neighbors
 * @NDK_TOE_FAULT_PATH4: IPv4 paths
 * @NDK_TOE_FAULT_PATH6: IPv6 paths
 * @NDK_TOE_FAULT_CONN: connections
 * @NDK_TOE_FAULT_LAYERS: number of values
 */
enum ndk_toe_fault_layer {
	NDK_TOE_FAULT_NEIGH,
	NDK_TOE_FAULT_PATH4,
	NDK_TOE_FAULT_PATH6,
	NDK_TOE_FAULT_CONN,
	NDK_TOE_FAULT_LAYERS
};

/*
 * In the answer of inet_diag about an upper-layer protocol (INET_DIAG_ULP_INFO, what
 * `ss -ti` asks for), beside its name "toe": nested, enum ndk_toe_conn_attr.
 */
#define NDK_TOE_ULP_INFO	0x1000

#endif /* _UAPI_NDK_TOE_LIVE_H */
