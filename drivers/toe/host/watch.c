// SPDX-License-Identifier: GPL-2.0
/*
 * What changes in the kernel while connections are with a target.
 *
 *	MAC of a next hop		update of the neighbor
 *	next hop fails, or is deleted	invalidate of the neighbor; connections that have
 *					something to send then ask for their upload
 *	route: another next hop		new neighbor, path linked to it, the old one is
 *					terminated once nothing hangs below it
 *	route: another MTU (ICMP)	update of the path
 *	route: by what is not for us	upload of the connections
 *
 * The first two come from the kernel's notifier, which may not sleep. The others are
 * found by the next segment: its dst is stale (output.c). Both only mark.
 */
#include <linux/slab.h>
#include <net/netevent.h>

#include "net.h"
#include "route.h"

/* A next hop that is not resolved is looked at again after so long. */
#define RETRY	(HZ / 4)

static LIST_HEAD(watched);
static DEFINE_SPINLOCK(watched_lock);

static void notice(struct toe_routes *rs, struct neighbour *n)
{
	bool any = false;
	struct toe_hop *h;

	spin_lock_bh(&rs->lock);
	hash_for_each_possible(rs->hops, h, node, (unsigned long)n)
		if (h->n == n) {
			set_bit(TOE_ROUTE_CHANGED, &h->flags);
			any = true;
		}
	spin_unlock_bh(&rs->lock);
	if (any)
		mod_delayed_work(system_wq, &rs->work, 0);
}

static int neigh_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct neighbour *n = ptr;
	struct toe_routes *rs;

	if (event != NETEVENT_NEIGH_UPDATE)
		return NOTIFY_DONE;
	spin_lock_bh(&watched_lock);
	list_for_each_entry(rs, &watched, link)
		if (net_eq(rs->net, dev_net(n->dev)))
			notice(rs, n);
	spin_unlock_bh(&watched_lock);
	return NOTIFY_DONE;
}

static struct notifier_block nb = {
	.notifier_call = neigh_event,
};

void toe_watch_add(struct toe_routes *rs)
{
	spin_lock_bh(&watched_lock);
	list_add(&rs->link, &watched);
	spin_unlock_bh(&watched_lock);
}

void toe_watch_del(struct toe_routes *rs)
{
	spin_lock_bh(&watched_lock);
	list_del(&rs->link);
	spin_unlock_bh(&watched_lock);
}

/* What hangs below goes back as soon as it has something to send. */
static void lose_hop(struct toe_routes *rs, struct toe_hop *h)
{
	struct toe_route *r;

	toe_hop_kill(rs, h);
	list_for_each_entry(r, &rs->all, link)
		if (r->hop == h)
			toe_route_kill(r);
	toe_hop_invalidate(h);
}

static void look_at_hop(struct toe_routes *rs, struct toe_hop *h)
{
	const struct toe_neigh_cached *known = toe_obj_cached(h->obj);
	struct toe_neigh_cached now;
	struct neighbour *n = h->n;

	if (!n)
		return;
	if (READ_ONCE(n->dead) || !(READ_ONCE(n->nud_state) & NUD_VALID)) {
		lose_hop(rs, h);
		return;
	}
	toe_hop_mac(h, &now);
	if (memcmp(now.dst, known->dst, sizeof(now.dst)))
		toe_hop_update(h, &now);
}

static void upload_all(struct toe_route *r, enum toe_reason reason)
{
	struct toe_sock *ts;
	u64 pos = 0;

	while ((ts = toe_socks_next(r->rs->tn, &pos))) {
		if (READ_ONCE(ts->route) == r)
			toe_upload_later(ts, reason);
		toe_sock_put(ts);
	}
}

/* Returns 0 or enum toe_refusal. */
static int follow(struct toe_route *r, struct dst_entry *dst)
{
	struct toe_hop *h, *old = r->hop;
	int why;

	if (!toe_route_dev_ok(dst->dev) || dst_xfrm(dst))
		return TOE_REFUSE_DEVICE;
	why = toe_hop_get(r->rs, r->key.target, dst, &r->key, &h);
	if (why)
		return why;
	if (h == old) {
		toe_hop_put(r->rs, h);
		return 0;
	}
	if (toe_route_relink(r, h) != TOE_SUCCESS) {
		toe_hop_put(r->rs, h);
		return TOE_REFUSE_TARGET;
	}
	r->hop = h;
	toe_hop_put(r->rs, old);
	return 0;
}

static void look_at_route(struct toe_route *r)
{
	const struct toe_path_cached *known = toe_obj_cached(r->obj);
	struct dst_entry *dst;
	u32 mtu = READ_ONCE(r->mtu);
	int why;

	rcu_read_lock();
	dst = rcu_dereference(r->dst);
	if (dst && !dst_hold_safe(dst))
		dst = NULL;
	rcu_read_unlock();
	/* None at present: segments get lost, as they do in the host. */
	if (!dst)
		return;
	why = follow(r, dst);
	dst_release(dst);
	/* The IP layer is resolving it; segments wait there, or get lost. */
	if (why == TOE_REFUSE_NEIGHBOUR) {
		set_bit(TOE_ROUTE_CHANGED, &r->flags);
		schedule_delayed_work(&r->rs->work, RETRY);
		return;
	}
	if (why || (mtu != known->mtu && toe_route_update_mtu(r, mtu) != TOE_SUCCESS)) {
		toe_route_kill(r);
		upload_all(r, TOE_HOST_ASKED);
	}
}

/**
 * toe_watch_work() - tell the targets what changed
 * @work: &toe_routes.work
 */
void toe_watch_work(struct work_struct *work)
{
	struct toe_routes *rs = container_of(to_delayed_work(work), struct toe_routes, work);
	struct toe_hop *h, *next_hop;
	struct toe_route *r;

	mutex_lock(rs->mutex);
	list_for_each_entry_safe(h, next_hop, &rs->all_hops, link)
		if (test_and_clear_bit(TOE_ROUTE_CHANGED, &h->flags))
			look_at_hop(rs, h);
	list_for_each_entry(r, &rs->all, link)
		if (test_and_clear_bit(TOE_ROUTE_CHANGED, &r->flags))
			look_at_route(r);
	mutex_unlock(rs->mutex);
}

/* The target has not heard of the neighbor for long. 0: neither has the kernel. */
static u32 hop_reachability(struct toe_obj *obj, void *priv, u32 nrd)
{
	struct toe_hop *h = priv;
	struct toe_params p;
	struct neighbour *n;
	u32 hrd = 0;

	toe_target_get_params(h->target, &p);
	rcu_read_lock();
	n = READ_ONCE(h->n);
	if (n) {
		hrd = toe_hop_silence(h, n);
		if (hrd > p.nce_stale) {
			hrd = 0;
			/* the kernel asks the next hop, and the notifier tells */
			neigh_event_send(n, NULL);
		}
	}
	rcu_read_unlock();
	return hrd;
}

static void hop_offloaded(struct toe_obj *obj, void *priv, u32 status)
{
	if (!toe_status_is_stored(status))
		toe_hop_unref(priv);
}

static void hop_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b)
{
	toe_hop_unref(priv);
}

const struct toe_host_ops toe_hop_ops = {
	.offloaded = hop_offloaded,
	.uploaded = hop_uploaded,
	.reachability = hop_reachability,
};

int toe_watch_init(void)
{
	return register_netevent_notifier(&nb);
}

void toe_watch_exit(void)
{
	unregister_netevent_notifier(&nb);
}
