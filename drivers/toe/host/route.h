/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Neighbors and paths of live sockets, inside of the host side.
 *
 * A path is an address pair and what else decides a route; sockets that share these
 * share it. It keeps the dst its segments leave by. A neighbor is one entry of the
 * kernel's neighbour table; paths share it.
 *
 *	toe_sock -> toe_route -> toe_hop
 *	   conn       path        neigh		objects of the core
 *	              dst         neighbour	what the kernel knows of it
 *
 * Locking: &toe_net.routes (mutex) protects the tables, the users and the objects; it
 * is taken inside of a socket lock, never around one. toe_routes.lock (spinlock, BH
 * off) protects the table of hops for the kernel's notifier. toe_route.lock protects
 * replacement of the dst; readers use RCU.
 *
 * What changes in the kernel is found by whoever sees it first (the notifier, or a
 * segment whose dst is stale), marked, and told to the target by toe_routes.work.
 */
#ifndef _TOE_HOST_ROUTE_H
#define _TOE_HOST_ROUTE_H

#include <linux/hashtable.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include <net/neighbour.h>

#include "host.h"

/* A route that nobody uses stays so long: connections that come back find it. */
#define TOE_ROUTE_IDLE	HZ

/**
 * struct toe_route_key - what decides a route
 * @target: target of the objects
 * @src: our address, IPv4 in the first four bytes
 * @dst: the peer's
 * @oif: device the socket is bound to
 * @mark: of the socket
 * @uid: of the socket's owner
 * @tos: of the socket, without ECN
 * @v6: IPv6
 */
struct toe_route_key {
	struct toe_target *target;
	u8 src[16];
	u8 dst[16];
	int oif;
	u32 mark;
	kuid_t uid;
	u8 tos;
	bool v6;
};

/* struct toe_route.flags, struct toe_hop.flags */
enum {
	TOE_ROUTE_CHANGED,	/* to be looked at */
	TOE_ROUTE_DEAD,		/* in no table any more */
};

/**
 * struct toe_hop - a neighbor
 * @node: in &toe_routes.hops
 * @link: in &toe_routes.all_hops
 * @n: the kernel's, with a reference; NULL once it is dead
 * @target: target of @obj
 * @obj: the core's
 * @users: routes that use it
 * @flags: TOE_ROUTE_*
 * @refs: the table, and the core while the object is not in the host
 * @rcu: frees
 */
struct toe_hop {
	struct hlist_node node;
	struct list_head link;
	struct neighbour *n;
	struct toe_target *target;
	struct toe_obj *obj;
	unsigned int users;
	unsigned long flags;
	refcount_t refs;
	struct rcu_head rcu;
};

/**
 * struct toe_route - a path
 * @node: in &toe_routes.table
 * @link: in &toe_routes.all
 * @rs: where it belongs
 * @key: what decides it
 * @hop: what it hangs below
 * @obj: the core's
 * @users: connections that use it
 * @idle: since when there are none
 * @flags: TOE_ROUTE_*
 * @lock: replacement of @dst, @cookie
 * @dst: what segments leave by
 * @cookie: for dst_check(); one of another @dst makes that fail at worst
 * @mtu: of @dst, as last seen
 * @rcu: frees
 */
struct toe_route {
	struct hlist_node node;
	struct list_head link;
	struct toe_routes *rs;
	struct toe_route_key key;
	struct toe_hop *hop;
	struct toe_obj *obj;
	unsigned int users;
	unsigned long idle;
	unsigned long flags;
	spinlock_t lock; /* dst, cookie */
	struct dst_entry __rcu *dst;
	u32 cookie;
	u32 mtu;
	struct rcu_head rcu;
};

/**
 * struct toe_routes - all of a namespace
 * @tn: the namespace's
 * @net: the namespace
 * @mutex: &toe_net.routes
 * @table: routes by key
 * @all: routes, those that are in @table no more, too
 * @lock: @hops, against the notifier; BH off
 * @hops: hops by the kernel's neighbour
 * @all_hops: hops
 * @work: tells what changed
 * @idle: ends what nobody uses
 * @link: in the list of those the notifier knows
 */
struct toe_routes {
	struct toe_net *tn;
	struct net *net;
	struct mutex *mutex; /* as above */
	DECLARE_HASHTABLE(table, 8);
	struct list_head all;
	spinlock_t lock; /* hops */
	DECLARE_HASHTABLE(hops, 6);
	struct list_head all_hops;
	struct delayed_work work;
	struct delayed_work idle;
	struct list_head link;
};

/* route.c */
struct dst_entry *toe_route_lookup(struct net *net, const struct toe_route_key *k,
				   struct sock *sk, u32 *cookie);
struct dst_entry *toe_route_dst(struct toe_route *r, struct sock *sk);
bool toe_route_dev_ok(const struct net_device *dev);
int toe_hop_get(struct toe_routes *rs, struct toe_target *t, struct dst_entry *dst,
		const struct toe_route_key *k, struct toe_hop **found);
void toe_hop_put(struct toe_routes *rs, struct toe_hop *h);
void toe_route_kill(struct toe_route *r);
void toe_hop_kill(struct toe_routes *rs, struct toe_hop *h);
void toe_hop_unref(struct toe_hop *h);
u32 toe_hop_silence(const struct toe_hop *h, const struct neighbour *n);
void toe_hop_mac(const struct toe_hop *h, struct toe_neigh_cached *v);

/* route_op.c: one operation, waited for */
u32 toe_op_run(struct toe_op *op, struct toe_block *subject);
u32 toe_hop_offload(struct toe_hop *h);
u32 toe_route_offload(struct toe_route *r);
u32 toe_hop_update(struct toe_hop *h, const struct toe_neigh_cached *v);
u32 toe_hop_invalidate(struct toe_hop *h);
u32 toe_route_update_mtu(struct toe_route *r, u32 mtu);
u32 toe_route_relink(struct toe_route *r, struct toe_hop *h);

/* watch.c */
void toe_watch_add(struct toe_routes *rs);
void toe_watch_del(struct toe_routes *rs);
void toe_watch_work(struct work_struct *work);
extern const struct toe_host_ops toe_hop_ops;

#endif /* _TOE_HOST_ROUTE_H */
