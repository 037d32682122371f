/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host side of the offload: live sockets.
 *
 * ndk_toe_host.ko takes an ESTABLISHED TCP socket off the host stack, lets a target
 * carry it, and gives it back. The core (ndk_toe.ko) knows no socket; this module
 * knows nothing else.
 *
 * Files
 * -----
 *	access.h	every use of a field of the TCP code, and its build-time checks
 *	conn.c		struct toe_sock: life, look-up, list
 *	offload.c	host to target
 *	upload.c	target to host
 *	refuse.c	which sockets are not taken, and why
 *	xfer.c		bytes: send queue to target, target to receive queue
 *	calls.c		socket calls of an offloaded socket
 *	hook.c		segments that arrive
 *	net.c		per namespace: target, hook, end
 *	ulp.c		setsockopt(TCP_ULP, "toe")
 *	route.c, output.c, watch.c	neighbors and paths, transmission, changes
 *	netlink.c	generic netlink
 *	main.c		module entry and exit
 *
 * How a socket call reaches a target
 * ----------------------------------
 * The calls themselves are the host's own: sendmsg() fills sk_write_queue, which the
 * closed window (snd_wnd 0) keeps from being sent. release_cb(), which runs
 * whenever somebody lets go of the socket lock, moves what is there into &toe_sock.txq and
 * posts it. Received data goes into sk_receive_queue, and release_cb() tells the target
 * how much of it was read. Buffer accounting, blocking, poll(), splice(), zerocopy
 * and peeking are therefore those of the host.
 *
 * Locks, outer to inner
 * ---------------------
 *	socket lock (lock_sock)			offload, upload, calls
 *	toe_net.routes (mutex)			w/ or w/o a socket lock
 *	sk_lock.slock				delivery, release_cb
 *	toe_sock.lock				state, hold queue; BH off
 *	locks of core and target
 * The core's callbacks come without a lock and take none of the first two; from
 * indications and completions slock is only tried (xfer.c).
 */
#ifndef _TOE_HOST_H
#define _TOE_HOST_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/tcp.h>
#include <ndk/toe.h>
#include <uapi/ndk/toe_refusal.h>

#include "../soft/soft.h"

struct toe_net;
struct toe_route;

/* Longest time a socket call waits for a target, then it does without. */
#define TOE_HOST_WAIT_MS	3000

/**
 * enum toe_sock_state - who has the connection
 * @TOE_SOCK_HOST: the host stack
 * @TOE_SOCK_MOVING: socket locked, an initiate is in progress; segments go to the host
 * @TOE_SOCK_HOLD: the target has it, segments of the backlog come first
 * @TOE_SOCK_OFFLOADED: the target has it
 * @TOE_SOCK_UPLOADING: on its way back; segments wait in &toe_sock.hold
 * @TOE_SOCK_DEAD: the socket is gone, or was taken back without the target's answer
 */
enum toe_sock_state {
	TOE_SOCK_HOST,
	TOE_SOCK_MOVING,
	TOE_SOCK_HOLD,
	TOE_SOCK_OFFLOADED,
	TOE_SOCK_UPLOADING,
	TOE_SOCK_DEAD,
};

/**
 * struct toe_sock_stats - since the first offload of this socket
 * @offloads: times it went
 * @uploads: times it came back
 * @tx_bytes: bytes posted to the target
 * @rx_bytes: bytes the target delivered
 * @forwards: segments of the backlog given to the target
 * @passed_up: segments the target left to the host
 * @rebuilt: uploads without the target's state
 */
struct toe_sock_stats {
	u64 offloads;
	u64 uploads;
	u64 tx_bytes;
	u64 rx_bytes;
	u64 forwards;
	u64 passed_up;
	u64 rebuilt;
};

/**
 * struct toe_tx - one buffer of the send queue, out with the target
 * @send: the request
 * @link: in &toe_sock.txq or &toe_sock.acked
 * @ts: whose
 * @skb: the host's own skb, still charged to the socket; NULL once the host has it back
 *	while the target still holds the request
 * @kept: then, what keeps its bytes in memory
 * @bv: its bytes
 */
struct toe_tx {
	struct toe_send send;
	struct list_head link;
	struct toe_sock *ts;
	struct sk_buff *skb;
	struct sk_buff *kept;
	struct bio_vec bv[];
};

/**
 * struct toe_sock_id - what a socket is told by, valid when it is gone
 * @v6: how it talks on the wire; IPv4-mapped is IPv4
 * @local: address, IPv4 in the first four bytes
 * @remote: the peer's
 * @lport: port
 * @rport: the peer's
 * @ifindex: device it is bound to
 * @uid: owner
 * @cookie: of the socket
 */
struct toe_sock_id {
	bool v6;
	u8 local[16];
	u8 remote[16];
	__be16 lport;
	__be16 rport;
	int ifindex;
	kuid_t uid;
	u64 cookie;
};

/**
 * struct toe_sock - a socket that is offloaded, or was
 * @af_ops: what icsk_af_ops points at while offloaded: how a socket finds this
 * @ref: references: the table, the core while an object of it exists, work, walkers
 * @rcu: frees
 * @sk: the socket, with a reference until it is found closed
 * @net: its namespace's
 * @id: addresses
 * @v6: by what IP version its segments come (false: also IPv4-mapped)
 * @base: the host's sk_prot
 * @base_af_ops: the host's icsk_af_ops
 * @base_backlog_rcv: the host's sk_backlog_rcv
 * @tuple: what the software target knows it by
 * @st: the software target segments are given to
 * @route: path and neighbor
 * @conn: the core's object while offloaded
 * @pins: calls that want it to stay in the host; socket lock
 * @loans: received units in the receive queue, oldest first; slock
 * @loan_seq: sequence number of the first byte of the first; slock
 * @txq: sends with the target, oldest first; slock, and @lock against completions
 * @cached: cached state the target was told last; socket lock
 * @pacing: sk_pacing_rate of the host
 * @edge: right edge of the window the host announced
 * @snd_wnd: the peer's window at the offload
 * @came_status: how the initiate ended
 * @home: terminate is over
 * @d: delegated state, as given, then as it came home
 * @same_rtt: round trip times in it are those that were given
 * @d_ok: it is valid
 * @buffered: bytes that came home with it
 * @lock: what follows; BH off
 * @state: enum toe_sock_state
 * @running: somebody runs toe_xfer_run()
 * @want: an upload was asked for by work
 * @reason: enum toe_reason of the last upload
 * @refusal: enum toe_refusal of the last attempt
 * @pending: received units, not in the receive queue yet
 * @acked: sends that are done
 * @hold: segments that wait; bounded
 * @hold_bytes: their memory
 * @moved: ktime_get() of the last change between host and target
 * @stats: counters
 * @work: whatever needs the socket lock and is asked for without it
 * @index: in &toe_net.socks
 * @node: in &toe_net.by_sk
 */
struct toe_sock {
	struct inet_connection_sock_af_ops af_ops;
	refcount_t ref;
	struct rcu_head rcu;
	struct sock *sk;
	struct toe_net *net;
	struct toe_sock_id id;
	bool v6;

	struct proto *base;
	const struct inet_connection_sock_af_ops *base_af_ops;
	int (*base_backlog_rcv)(struct sock *sk, struct sk_buff *skb);

	struct soft_tuple tuple;
	struct soft_target *st;
	struct toe_route *route;
	struct toe_obj *conn;
	unsigned int pins;
	struct list_head loans;
	u32 loan_seq;
	struct list_head txq;
	struct toe_conn_cached cached;
	unsigned long pacing;
	u32 edge;
	u32 snd_wnd;

	u32 came_status;
	struct completion home;
	struct toe_conn_delegated d;
	bool d_ok;
	bool same_rtt;
	struct sk_buff_head buffered;

	spinlock_t lock; /* see above */
	u8 state;
	bool running;
	u8 want;
	u8 reason;
	u8 refusal;
	struct list_head pending;
	struct list_head acked;
	struct sk_buff_head hold;
	u32 hold_bytes;
	ktime_t moved;
	struct toe_sock_stats stats;
	struct work_struct work;
	u32 index;
	struct hlist_node node;
};

/* conn.c */
/* socket locked: its toe_sock, made if there is none; a reference. NULL: no memory. */
struct toe_sock *toe_sock_make(struct toe_net *tn, struct sock *sk);
/* the socket with a reference, NULL when it is gone */
struct sock *toe_sock_hold(struct toe_sock *ts);
/* runs &toe_sock.work; any context, the caller has a reference */
void toe_sock_queue(struct toe_sock *ts);
struct toe_sock *toe_sock_get(struct toe_sock *ts);
void toe_sock_put(struct toe_sock *ts);
/* RCU read side, or socket locked: of an offloaded socket, else NULL. */
struct toe_sock *toe_sock_of(const struct sock *sk);

/**
 * toe_socks_next() - walk over all sockets of a namespace that are or were offloaded
 * @tn: the namespace's
 * @pos: position, 0 at first; advanced
 *
 * A socket stays in the walk after its upload until it is closed.
 *
 * Context: process.
 * Return: the next one with a reference (toe_sock_put()), NULL at the end.
 */
struct toe_sock *toe_socks_next(struct toe_net *tn, u64 *pos);

/**
 * struct toe_sock_info - what people are told
 * @state: enum toe_sock_state
 * @reason: enum toe_reason of the last upload
 * @refusal: enum toe_refusal of the last attempt
 * @moved_ms: milliseconds since the last move; U64_MAX: never moved
 * @target: name of the target
 * @stats: counters
 */
struct toe_sock_info {
	u8 state;
	u8 reason;
	u8 refusal;
	u64 moved_ms;
	char target[32];
	struct toe_sock_stats stats;
};

void toe_sock_info(struct toe_sock *ts, struct toe_sock_info *info);

/**
 * struct toe_move - one socket of a batch
 * @sk: the socket; the caller's reference
 * @err: 0, or why not
 * @refusal: enum toe_refusal; says more than @err
 */
struct toe_move {
	struct sock *sk;
	int err;
	u8 refusal;
};

/* offload.c */
/**
 * toe_offload() - give connections to a target
 * @tn: their namespace's
 * @target: name of a target, NULL for the namespace's software target
 * @m: sockets, in any order; err and refusal are filled in
 * @n: how many
 *
 * One grace period for all of them. Waits at most %TOE_HOST_WAIT_MS per 64 sockets,
 * longer only for the lock of a socket that another program holds.
 *
 * Context: process, no socket locked.
 * Return: how many are offloaded now because of this call.
 */
unsigned int toe_offload(struct toe_net *tn, const char *target, struct toe_move *m,
			 unsigned int n);
/* the same for one, which the caller has locked */
int toe_offload_locked(struct sock *sk, u8 *refusal);

/* the initiate is overdue: the socket stays in the host, the rest is the target's */
void toe_offload_overdue(struct toe_sock *ts);

/* upload.c: &toe_host_ops of a connection */
void toe_conn_uploading(struct toe_obj *obj, void *priv, enum toe_reason reason);
void toe_conn_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b);
void toe_conn_segment(struct toe_obj *obj, void *priv, struct sk_buff *skb);
void toe_conn_stuck(struct toe_obj *obj, void *priv, enum toe_op_type type);
/* the core is done with a connection nobody waits for */
void toe_conn_gone(struct toe_sock *ts);
/* the socket is being destroyed while it is offloaded */
void toe_sock_destroyed(struct toe_sock *ts);
/**
 * toe_host_upload() - take connections back
 * @m: sockets; err is filled in, -ENOTCONN for what is in the host
 * @n: how many
 *
 * Context: process, no socket locked. Waits as toe_offload().
 * Return: how many came back.
 */
unsigned int toe_host_upload(struct toe_move *m, unsigned int n);
/* the same for one, which the caller has locked; afterwards it is the host's */
void toe_upload_locked(struct toe_sock *ts, enum toe_reason reason);
/* the same, from &toe_sock.work: whatever became due */
void toe_upload_work(struct toe_sock *ts, enum toe_reason want);
/* for those who may not sleep, or hold other locks: some time soon */
void toe_upload_later(struct toe_sock *ts, enum toe_reason reason);
/* everything of a namespace, or what goes through @dev if it is not NULL; waits */
void toe_upload_net(struct toe_net *tn, const struct net_device *dev, enum toe_reason reason);

/* refuse.c: enum toe_refusal; socket locked */
int toe_refuse(struct toe_sock *ts, struct sock *sk, const struct toe_caps *caps);

/* xfer.c */
extern const struct toe_consumer_ops toe_sock_consumer;
/* the host's skb as a request; no memory: NULL */
struct toe_tx *toe_tx_make(struct toe_sock *ts, struct sk_buff *skb, u32 skip, gfp_t gfp);
void toe_tx_done(struct toe_send *s);
/* received bytes to the receive queue; likewise */
void toe_xfer_bytes(struct toe_sock *ts, struct sk_buff *skb);
/* Moves what is pending. slock held and nobody owns the socket, or by its owner. */
void toe_xfer_run(struct toe_sock *ts, bool send);
/* Something became pending; any context, BH off. */
void toe_xfer_kick(struct toe_sock *ts);
/* The segment is the host's: queue it for the time when the socket is. */
void toe_hold_segment(struct toe_sock *ts, struct sk_buff *skb);
/* Socket owned, in the host: hand a segment (TCP header first) to the host stack. */
void toe_host_input(struct toe_sock *ts, struct sk_buff *skb);
/* the skbs of the send queue, oldest first; their requests are the caller's to forget */
void toe_txq_take(struct toe_sock *ts, struct sk_buff_head *queue);
/* Socket lost or taken back without an answer: the target may hold requests still. */
void toe_abandon(struct toe_sock *ts, struct sk_buff_head *queue);

/* calls.c */
int toe_calls_init(void);
/* Waits until nobody executes a call of this module. */
void toe_calls_quiesce(void);
bool toe_prot_is_ours(const struct proto *prot);
struct proto *toe_prot_for(const struct proto *base);
extern const struct tcp_ulp_ops toe_shadow_ulp;
int toe_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl);
int toe_backlog_rcv(struct sock *sk, struct sk_buff *skb);
/* socket locked: tell the target of options that changed */
void toe_cached_fill(struct toe_sock *ts, struct toe_conn_cached *v);
void toe_cached_update(struct toe_sock *ts);
/* the receive window with an empty queue */
u32 toe_window(const struct sock *sk);

/* hook.c */
int toe_hooks_register(struct net *net);
void toe_hooks_unregister(struct net *net);
/* The backlog is with the target: now what waited in the hook. slock. */
void toe_hook_open(struct toe_sock *ts);

/* ulp.c */
int toe_ulp_init(void);
void toe_ulp_exit(void);

extern struct workqueue_struct *toe_host_wq;

/* net.c */
struct toe_net *toe_net_of(const struct net *net);
struct net *toe_net_ns(const struct toe_net *tn);
/* stop and start offering anything in this namespace; already offloaded ones stay */
void toe_net_pause(struct toe_net *tn, bool pause);
bool toe_net_is_paused(const struct toe_net *tn);
/* the namespace's software target, made at the first offload; NULL: none yet */
struct toe_target *toe_net_target(struct toe_net *tn);

/* names.c */
const char *toe_refusal_name(unsigned int refusal);
const char *toe_reason_name(unsigned int reason);
const char *toe_sock_state_name(unsigned int state);

/*
 * route.c: neighbor and path objects. Written beside; this is what offload.c expects.
 */
/**
 * toe_route_get() - what a socket's connection object hangs below
 * @tn: the namespace's
 * @t: target
 * @sk: the socket, locked
 * @v6: by what IP version it talks
 * @r: filled
 *
 * Neighbor and path are %TOE_OFFLOADED when this returns 0, in an operation of their
 * own if they were not; routes are shared. The route keeps the dst it was made from.
 *
 * Context: process, socket locked; takes &toe_net.routes. Waits for the target at
 * most %TOE_HOST_WAIT_MS.
 * Return: 0 or enum toe_refusal: no route, device not wanted (bond, bridge, VLAN,
 * macvlan), xfrm, neighbor not resolved, target refused, time is up.
 */
int toe_route_get(struct toe_net *tn, struct toe_target *t, struct sock *sk, bool v6,
		  struct toe_route **r);
/* The connection object is gone. Ends the offload of what nobody uses any more. May
 * sleep; no socket lock needed, one may be held.
 */
void toe_route_put(struct toe_route *r);
/* the path object */
struct toe_obj *toe_route_path(struct toe_route *r);
/* device segments leave by; for toe_upload_net() */
struct net_device *toe_route_dev(struct toe_route *r);
/* IP MTU the route has now */
u32 toe_route_mtu(struct toe_route *r);

/* output.c */
/**
 * toe_host_xmit() - send what the engine made
 * @sc: the target's connection
 * @ts: the host's
 * @skb: TCP header first, %CHECKSUM_PARTIAL, gso_size set for a burst. Consumed. Not
 *	charged to the socket, and must not be (toe.md 5.6).
 *
 * TTL, TOS and flow label are the connection's cached variables, priority and mark the
 * socket's. No route means a lost segment, which the engine repeats.
 *
 * Context: softirq or process with BH off; @sc is locked, the socket may be: takes
 * neither.
 */
void toe_host_xmit(struct soft_conn *sc, struct toe_sock *ts, struct sk_buff *skb);

/* watch.c: neighbour, route, PMTU changes. Calls toe_upload_later(), submits updates. */
int toe_watch_init(void);
void toe_watch_exit(void);
/* per namespace, before the first route and after the last one */
int toe_routes_init(struct toe_net *tn);
void toe_routes_exit(struct toe_net *tn);

/*
 * netlink.c: written beside.
 */
enum toe_host_event {
	TOE_HOST_EV_OFFLOADED,
	TOE_HOST_EV_UPLOADED,
	TOE_HOST_EV_REFUSED,
	TOE_HOST_EV_GONE,
	TOE_HOST_EV_STUCK,
};

/* any context; @ts has reason, refusal, counters. Cheap when nobody listens. */
void toe_nl_event(struct toe_sock *ts, enum toe_host_event ev);
/* for ss -i: attributes below INET_ULP_INFO_NAME's level; RCU read side */
int toe_nl_ulp_info(struct sock *sk, struct sk_buff *skb);
size_t toe_nl_ulp_info_size(const struct sock *sk);
int toe_nl_init(void);
void toe_nl_exit(void);

#endif /* _TOE_HOST_H */
