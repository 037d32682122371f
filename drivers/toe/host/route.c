// SPDX-License-Identifier: GPL-2.0
/*
 * Which neighbor and path a socket's connection hangs below, and by which dst its
 * segments leave.
 */
#include <linux/if_bridge.h>
#include <linux/if_macvlan.h>
#include <linux/if_team.h>
#include <linux/if_vlan.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <net/arp.h>
#include <net/bonding.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "net.h"
#include "route.h"

static u32 hash_of(const struct toe_route_key *k)
{
	return jhash(k->src, sizeof(k->src) + sizeof(k->dst), k->oif ^ k->mark);
}

static void key_of(struct toe_route_key *k, struct toe_target *t, struct sock *sk, bool v6)
{
	const struct inet_sock *inet = inet_sk(sk);

	/* compared as bytes */
	memset(k, 0, sizeof(*k));
	k->target = t;
	k->v6 = v6;
	k->oif = sk->sk_bound_dev_if;
	k->mark = READ_ONCE(sk->sk_mark);
	k->uid = sk->sk_uid;
	k->tos = READ_ONCE(inet->tos) & INET_DSCP_MASK;
#if IS_ENABLED(CONFIG_IPV6)
	if (v6) {
		memcpy(k->src, &inet6_sk(sk)->saddr, sizeof(k->src));
		memcpy(k->dst, &sk->sk_v6_daddr, sizeof(k->dst));
		return;
	}
#endif
	memcpy(k->src, &inet->inet_saddr, sizeof(inet->inet_saddr));
	memcpy(k->dst, &inet->inet_daddr, sizeof(inet->inet_daddr));
}

static struct dst_entry *lookup4(struct net *net, const struct toe_route_key *k, struct sock *sk)
{
	struct flowi4 fl4;
	struct rtable *rt;
	__be32 src, dst;

	memcpy(&src, k->src, sizeof(src));
	memcpy(&dst, k->dst, sizeof(dst));
	rt = ip_route_output_ports(net, &fl4, sk, dst, src, inet_sk(sk)->inet_dport,
				   inet_sk(sk)->inet_sport, IPPROTO_TCP, k->tos, k->oif);
	return IS_ERR(rt) ? NULL : &rt->dst;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *lookup6(struct net *net, const struct toe_route_key *k, struct sock *sk,
				 u32 *cookie)
{
	struct flowi6 fl6 = {
		.flowi6_proto = IPPROTO_TCP,
		.flowi6_oif = k->oif,
		.flowi6_mark = k->mark,
		.flowi6_uid = k->uid,
		.fl6_sport = inet_sk(sk)->inet_sport,
		.fl6_dport = inet_sk(sk)->inet_dport,
		.flowlabel = inet6_sk(sk)->flow_label,
	};
	struct dst_entry *dst;

	memcpy(&fl6.saddr, k->src, sizeof(fl6.saddr));
	memcpy(&fl6.daddr, k->dst, sizeof(fl6.daddr));
	security_sk_classify_flow(sk, flowi6_to_flowi_common(&fl6));
	dst = ip6_dst_lookup_flow(net, sk, &fl6, NULL);
	if (IS_ERR(dst))
		return NULL;
	*cookie = rt6_get_cookie(dst_rt6_info(dst));
	return dst;
}
#else
static struct dst_entry *lookup6(struct net *net, const struct toe_route_key *k, struct sock *sk,
				 u32 *cookie)
{
	return NULL;
}
#endif

/**
 * toe_route_lookup() - ask the kernel
 * @net: namespace
 * @k: what decides
 * @sk: the socket: what it is for, in the words of security modules; not locked
 * @cookie: for dst_check()
 *
 * Context: softirq or process, RCU read side.
 * Return: the dst with a reference, NULL.
 */
struct dst_entry *toe_route_lookup(struct net *net, const struct toe_route_key *k,
				   struct sock *sk, u32 *cookie)
{
	*cookie = 0;
	return k->v6 ? lookup6(net, k, sk, cookie) : lookup4(net, k, sk);
}

/* The dst is stale: another one. Rare, so a lock does. */
static struct dst_entry *replace(struct toe_route *r, struct sock *sk)
{
	struct dst_entry *dst, *old;
	u32 cookie;

	spin_lock_bh(&r->lock);
	old = rcu_dereference_protected(r->dst, lockdep_is_held(&r->lock));
	if (old && dst_check(old, r->cookie)) {
		spin_unlock_bh(&r->lock);
		return old;
	}
	dst = toe_route_lookup(r->rs->net, &r->key, sk, &cookie);
	rcu_assign_pointer(r->dst, dst);
	WRITE_ONCE(r->cookie, cookie);
	spin_unlock_bh(&r->lock);
	dst_release(old);
	return dst;
}

static void mark_changed(struct toe_route *r)
{
	if (!test_and_set_bit(TOE_ROUTE_CHANGED, &r->flags))
		mod_delayed_work(system_wq, &r->rs->work, 0);
}

/**
 * toe_route_dst() - what a segment leaves by
 * @r: its path
 * @sk: its socket
 *
 * Notices when the route or its MTU is another one now.
 *
 * Context: RCU read side; the dst is valid in there.
 * Return: the dst, NULL if there is no route at present.
 */
struct dst_entry *toe_route_dst(struct toe_route *r, struct sock *sk)
{
	struct dst_entry *dst = rcu_dereference(r->dst);
	u32 mtu;

	if (unlikely(!dst || !dst_check(dst, READ_ONCE(r->cookie)))) {
		dst = replace(r, sk);
		if (!dst)
			return NULL;
		mark_changed(r);
	}
	mtu = dst_mtu(dst);
	if (unlikely(mtu != READ_ONCE(r->mtu))) {
		WRITE_ONCE(r->mtu, mtu);
		mark_changed(r);
	}
	return dst;
}

/**
 * toe_route_dev_ok() - may segments leave by this device
 * @dev: the device
 *
 * Return: false for what sits on top of other devices.
 */
bool toe_route_dev_ok(const struct net_device *dev)
{
	return !netif_is_bond_master(dev) && !netif_is_team_master(dev) &&
	       !netif_is_bridge_master(dev) && !is_vlan_dev(dev) && !netif_is_macvlan(dev) &&
	       !netif_is_l3_master(dev);
}

/**
 * toe_hop_silence() - since when the kernel has not heard of a neighbor
 * @h: the neighbor
 * @n: the kernel's
 *
 * Return: ticks.
 */
u32 toe_hop_silence(const struct toe_hop *h, const struct neighbour *n)
{
	unsigned long silent = jiffies - READ_ONCE(n->confirmed);
	struct toe_params p;

	toe_target_get_params(h->target, &p);
	return min_t(u64, U32_MAX, div_u64((u64)jiffies_to_msecs(silent) * p.ticks_per_second,
					   MSEC_PER_SEC));
}

/**
 * toe_hop_mac() - cached state as the kernel's neighbour has it
 * @h: the neighbor
 * @v: filled
 */
void toe_hop_mac(const struct toe_hop *h, struct toe_neigh_cached *v)
{
	struct neighbour *n = h->n;

	*v = (struct toe_neigh_cached){
		.h = { .length = sizeof(*v), .revision = TOE_REVISION },
		.host_reachability = toe_hop_silence(h, n),
		/* a device without addresses is given one, it is not used */
		.dst_len = n->dev->addr_len ?: ETH_ALEN,
	};
	neigh_ha_snapshot(v->dst, n, n->dev);
}

/**
 * toe_hop_unref() - the core, or the table, is finished with it
 * @h: the neighbor
 */
void toe_hop_unref(struct toe_hop *h)
{
	if (refcount_dec_and_test(&h->refs))
		kfree_rcu(h, rcu);
}

static struct toe_hop *find_hop(struct toe_routes *rs, struct toe_target *t, struct neighbour *n)
{
	struct toe_hop *h;

	lockdep_assert_held(rs->mutex);
	hash_for_each_possible(rs->hops, h, node, (unsigned long)n)
		if (h->n == n && h->target == t)
			return h;
	return NULL;
}

static int new_hop(struct toe_routes *rs, struct toe_target *t, struct neighbour *n,
		   struct toe_hop **made)
{
	struct toe_neigh_const c = { .h = { .length = sizeof(c), .revision = TOE_REVISION } };
	struct toe_hop *h = kzalloc(sizeof(*h), GFP_KERNEL);
	struct toe_neigh_cached v;

	if (!h)
		return TOE_REFUSE_MEMORY;
	/* a reference once it is in the table */
	h->n = n;
	h->target = t;
	refcount_set(&h->refs, 1);
	toe_hop_mac(h, &v);
	h->obj = toe_neigh_create(t, &c, &v, &toe_hop_ops, h);
	if (IS_ERR(h->obj))
		goto free;
	if (toe_hop_offload(h) != TOE_SUCCESS)
		goto put;
	neigh_hold(n);
	list_add_tail(&h->link, &rs->all_hops);
	spin_lock_bh(&rs->lock);
	hash_add(rs->hops, &h->node, (unsigned long)n);
	spin_unlock_bh(&rs->lock);
	*made = h;
	return 0;

put:
	/* one that is stored late goes back at once */
	toe_upload(h->obj, TOE_HOST_ASKED);
	toe_obj_put(h->obj);
free:
	toe_hop_unref(h);
	return TOE_REFUSE_TARGET;
}

/**
 * toe_hop_get() - the neighbor segments of a dst go to
 * @rs: the namespace's
 * @t: target
 * @dst: the dst
 * @k: the route's key
 * @found: filled
 *
 * Context: process, mutex held.
 * Return: 0 or enum toe_refusal.
 */
int toe_hop_get(struct toe_routes *rs, struct toe_target *t, struct dst_entry *dst,
		const struct toe_route_key *k, struct toe_hop **found)
{
	struct neighbour *n = dst_neigh_lookup(dst, k->dst);
	int why = 0;

	if (IS_ERR_OR_NULL(n))
		return TOE_REFUSE_NEIGHBOUR;
	if (!(READ_ONCE(n->nud_state) & NUD_VALID)) {
		neigh_event_send(n, NULL);
		why = TOE_REFUSE_NEIGHBOUR;
		goto out;
	}
	*found = find_hop(rs, t, n);
	if (!*found)
		why = new_hop(rs, t, n, found);
	if (!why)
		(*found)->users++;
out:
	neigh_release(n);
	return why;
}

/**
 * toe_hop_kill() - nobody finds it any more, and it knows no neighbour
 * @rs: the namespace's
 * @h: the neighbor
 *
 * The kernel waits for the last reference when a device goes, so it is dropped here.
 *
 * Context: process, mutex held.
 */
void toe_hop_kill(struct toe_routes *rs, struct toe_hop *h)
{
	struct neighbour *n = h->n;

	if (!n)
		return;
	spin_lock_bh(&rs->lock);
	hash_del(&h->node);
	WRITE_ONCE(h->n, NULL);
	spin_unlock_bh(&rs->lock);
	/* reachability() may be looking: the entry is freed by RCU */
	neigh_release(n);
}

/**
 * toe_hop_put() - one user less
 * @rs: the namespace's
 * @h: the neighbor
 *
 * Context: process, mutex held.
 */
void toe_hop_put(struct toe_routes *rs, struct toe_hop *h)
{
	if (--h->users)
		return;
	toe_hop_kill(rs, h);
	list_del(&h->link);
	toe_upload(h->obj, TOE_HOST_ASKED);
	toe_obj_put(h->obj);
	toe_hop_unref(h);
}

/**
 * toe_route_kill() - nobody finds it any more
 * @r: the path; its users keep it
 *
 * Context: process, mutex held.
 */
void toe_route_kill(struct toe_route *r)
{
	if (!test_and_set_bit(TOE_ROUTE_DEAD, &r->flags))
		hash_del(&r->node);
}

static void free_route(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct toe_route, rcu));
}

static void end_route(struct toe_route *r)
{
	struct toe_routes *rs = r->rs;

	toe_route_kill(r);
	list_del(&r->link);
	toe_upload(r->obj, TOE_HOST_ASKED);
	toe_obj_put(r->obj);
	toe_hop_put(rs, r->hop);
	dst_release(rcu_dereference_protected(r->dst, lockdep_is_held(rs->mutex)));
	call_rcu(&r->rcu, free_route);
}

static struct toe_route *find_route(struct toe_routes *rs, const struct toe_route_key *k)
{
	struct toe_route *r;

	hash_for_each_possible(rs->table, r, node, hash_of(k))
		if (!memcmp(&r->key, k, sizeof(*k)))
			return r;
	return NULL;
}

static int make_objects(struct toe_route *r)
{
	struct toe_path_const c = { .h = { .length = sizeof(c), .revision = TOE_REVISION } };
	struct toe_path_cached v = {
		.h = { .length = sizeof(v), .revision = TOE_REVISION },
		.mtu = r->mtu,
	};

	memcpy(c.src, r->key.src, sizeof(c.src));
	memcpy(c.dst, r->key.dst, sizeof(c.dst));
	r->obj = toe_path_create(r->hop->obj, r->key.v6 ? TOE_PATH6 : TOE_PATH4, &c, &v, NULL, r);
	if (IS_ERR(r->obj))
		return TOE_REFUSE_TARGET;
	switch (toe_route_offload(r)) {
	case TOE_SUCCESS:
		return 0;
	case TOE_UNWRITTEN:
		toe_upload(r->obj, TOE_HOST_ASKED);
		toe_obj_put(r->obj);
		return TOE_REFUSE_TIMEOUT;
	default:
		toe_obj_put(r->obj);
		return TOE_REFUSE_TARGET;
	}
}

static int check_dst(const struct dst_entry *dst)
{
	if (!toe_route_dev_ok(dst->dev))
		return TOE_REFUSE_DEVICE;
	return dst_xfrm(dst) ? TOE_REFUSE_XFRM : 0;
}

/* What a path needs of the kernel; r->key is set. */
static int find_way(struct toe_route *r, struct sock *sk)
{
	struct dst_entry *dst;
	int why;

	rcu_read_lock();
	dst = toe_route_lookup(r->rs->net, &r->key, sk, &r->cookie);
	rcu_read_unlock();
	if (!dst)
		return TOE_REFUSE_NO_ROUTE;
	why = check_dst(dst);
	if (!why)
		why = toe_hop_get(r->rs, r->key.target, dst, &r->key, &r->hop);
	if (why) {
		dst_release(dst);
		return why;
	}
	r->mtu = dst_mtu(dst);
	RCU_INIT_POINTER(r->dst, dst);
	return 0;
}

static int new_route(struct toe_routes *rs, const struct toe_route_key *k, struct sock *sk,
		     struct toe_route **made)
{
	struct toe_route *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int why;

	if (!r)
		return TOE_REFUSE_MEMORY;
	r->rs = rs;
	r->key = *k;
	spin_lock_init(&r->lock);
	why = find_way(r, sk);
	if (why)
		goto free;
	why = make_objects(r);
	if (why)
		goto put;
	hash_add(rs->table, &r->node, hash_of(k));
	list_add_tail(&r->link, &rs->all);
	*made = r;
	return 0;

put:
	toe_hop_put(rs, r->hop);
	dst_release(rcu_dereference_protected(r->dst, true));
free:
	kfree(r);
	return why;
}

int toe_route_get(struct toe_net *tn, struct toe_target *t, struct sock *sk, bool v6,
		  struct toe_route **r)
{
	struct toe_routes *rs = tn->routes_priv;
	struct toe_route_key k;
	int why = 0;

	key_of(&k, t, sk, v6);
	mutex_lock(rs->mutex);
	*r = find_route(rs, &k);
	if (!*r)
		why = new_route(rs, &k, sk, r);
	if (!why)
		(*r)->users++;
	mutex_unlock(rs->mutex);
	return why;
}

void toe_route_put(struct toe_route *r)
{
	struct toe_routes *rs = r->rs;

	mutex_lock(rs->mutex);
	if (!--r->users) {
		r->idle = jiffies;
		if (test_bit(TOE_ROUTE_DEAD, &r->flags))
			end_route(r);
		else
			schedule_delayed_work(&rs->idle, TOE_ROUTE_IDLE);
	}
	mutex_unlock(rs->mutex);
}

/* Ends what nobody uses, or has not for a while. Returns whether some remain. */
static bool end_idle(struct toe_routes *rs, bool all)
{
	struct toe_route *r, *next;
	bool some = false;

	list_for_each_entry_safe(r, next, &rs->all, link) {
		if (r->users)
			continue;
		if (all || time_after_eq(jiffies, r->idle + TOE_ROUTE_IDLE))
			end_route(r);
		else
			some = true;
	}
	return some;
}

static void idle_work(struct work_struct *work)
{
	struct toe_routes *rs = container_of(to_delayed_work(work), struct toe_routes, idle);

	mutex_lock(rs->mutex);
	if (end_idle(rs, false))
		schedule_delayed_work(&rs->idle, TOE_ROUTE_IDLE);
	mutex_unlock(rs->mutex);
}

struct toe_obj *toe_route_path(struct toe_route *r)
{
	return r->obj;
}

/* The device may be another one the next moment, and gone: compare, do not use. */
struct net_device *toe_route_dev(struct toe_route *r)
{
	struct net_device *dev = NULL;
	struct dst_entry *dst;

	rcu_read_lock();
	dst = rcu_dereference(r->dst);
	if (dst)
		dev = READ_ONCE(dst->dev);
	rcu_read_unlock();
	return dev;
}

u32 toe_route_mtu(struct toe_route *r)
{
	return READ_ONCE(r->mtu);
}

int toe_routes_init(struct toe_net *tn)
{
	struct toe_routes *rs = kzalloc(sizeof(*rs), GFP_KERNEL);

	if (!rs)
		return -ENOMEM;
	rs->tn = tn;
	rs->net = toe_net_ns(tn);
	rs->mutex = &tn->routes;
	hash_init(rs->table);
	hash_init(rs->hops);
	INIT_LIST_HEAD(&rs->all);
	INIT_LIST_HEAD(&rs->all_hops);
	spin_lock_init(&rs->lock);
	INIT_DELAYED_WORK(&rs->work, toe_watch_work);
	INIT_DELAYED_WORK(&rs->idle, idle_work);
	tn->routes_priv = rs;
	toe_watch_add(rs);
	return 0;
}

void toe_routes_exit(struct toe_net *tn)
{
	struct toe_routes *rs = tn->routes_priv;

	if (!rs)
		return;
	toe_watch_del(rs);
	cancel_delayed_work_sync(&rs->work);
	cancel_delayed_work_sync(&rs->idle);
	mutex_lock(rs->mutex);
	end_idle(rs, true);
	WARN_ON(!list_empty(&rs->all) || !list_empty(&rs->all_hops));
	mutex_unlock(rs->mutex);
	tn->routes_priv = NULL;
	/* free_route() */
	rcu_barrier();
	kfree(rs);
}
