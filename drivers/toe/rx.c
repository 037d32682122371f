// SPDX-License-Identifier: GPL-2.0
/*
 * Units of received bytes, see rx.h.
 *
 * A unit that comes back frees its skbs, whose memory thereby returns to whoever
 * it belongs to; then it tells the delivery that counts it and the target that
 * offers the window. Those must not be called in a hard interrupt, so from there
 * units take the way over @late.
 */
#include <kunit/visibility.h>
#include <linux/export.h>
#include <linux/hardirq.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <ndk/toe_deliver.h>

#include "core.h"
#include "rx.h"
#include "stats.h"

static struct kmem_cache *rx_cache;
static LLIST_HEAD(late);

static void return_late(struct work_struct *work);
static DECLARE_WORK(late_work, return_late);

int toe_rx_init(void)
{
	rx_cache = KMEM_CACHE(toe_rx, 0);
	return rx_cache ? 0 : -ENOMEM;
}

void toe_rx_exit(void)
{
	flush_work(&late_work);
	kmem_cache_destroy(rx_cache);
}

struct toe_rx *toe_rx_alloc(struct sk_buff *skb, u32 flags, gfp_t gfp)
{
	struct toe_rx *rx = kmem_cache_zalloc(rx_cache, gfp);

	if (!rx)
		return NULL;
	INIT_LIST_HEAD(&rx->link);
	__skb_queue_head_init(&rx->skbs);
	rx->flags = flags;
	atomic_set(&rx->core.refs, 1);
	if (skb) {
		__skb_queue_tail(&rx->skbs, skb);
		rx->length = skb->len;
		if (skb_pfmemalloc(skb))
			rx->flags |= TOE_RX_RESERVE;
	}
	return rx;
}
EXPORT_SYMBOL_IF_KUNIT(toe_rx_alloc);

void toe_rx_free(struct toe_rx *rx)
{
	struct toe_rx *parent;
	struct sk_buff *skb;

	for (; rx && atomic_dec_and_test(&rx->core.refs); rx = parent) {
		parent = rx->core.parent;
		while ((skb = __skb_dequeue(&rx->skbs)))
			dev_consume_skb_any(skb);
		kmem_cache_free(rx_cache, rx);
	}
}
EXPORT_SYMBOL_IF_KUNIT(toe_rx_free);

void toe_rx_free_list(struct list_head *units)
{
	struct toe_rx *rx, *next;

	list_for_each_entry_safe(rx, next, units, link) {
		list_del_init(&rx->link);
		toe_rx_free(rx);
	}
}
EXPORT_SYMBOL_IF_KUNIT(toe_rx_free_list);

struct toe_rx *toe_rx_view(struct toe_rx *rx, gfp_t gfp)
{
	struct toe_rx *view = toe_rx_alloc(NULL, rx->flags, gfp);
	struct sk_buff *skb, *clone;

	if (!view)
		return NULL;
	skb_queue_walk(&rx->skbs, skb) {
		clone = skb_clone(skb, gfp);
		if (!clone) {
			toe_rx_free(view);
			return NULL;
		}
		__skb_queue_tail(&view->skbs, clone);
	}
	view->offset = rx->offset;
	view->length = rx->length;
	view->core.parent = rx;
	atomic_inc(&rx->core.refs);
	return view;
}

size_t toe_rx_copy(const struct toe_rx *rx, u32 skip, size_t n, struct iov_iter *to)
{
	u32 at = rx->offset + skip;
	struct sk_buff *skb;
	size_t done = 0;

	skb_queue_walk(&rx->skbs, skb) {
		size_t part;

		if (at >= skb->len) {
			at -= skb->len;
			continue;
		}
		part = min_t(size_t, skb->len - at, n - done);
		if (!part || skb_copy_datagram_iter(skb, at, to, part))
			break;
		done += part;
		at = 0;
	}
	toe_count_copy(done);
	return done;
}

void toe_rx_lend(struct toe_rx *rx, struct toe_conn *conn, struct toe_deliver *d)
{
	rx->core.d = d;
	rx->core.lent = rx->length;
	/* one more, so that the unit can be looked at when the consumer is done */
	atomic_inc(&rx->core.refs);
	if (!conn)
		return;
	rx->conn = conn;
	toe_obj_get(&conn->obj);
	atomic_inc(&conn->obj.target->loans);
}

/* @n units of the connection are no longer on loan; drops its reference. */
static void drop_loans(struct toe_conn *conn, int n)
{
	struct toe_target *t = conn->obj.target;

	/* pairs with the wait in toe_target_unregister() */
	if (atomic_sub_and_test(n, &t->loans))
		wake_up_all(&t->idle);
	toe_obj_put(&conn->obj);
}

void toe_rx_unlend(struct toe_rx *rx)
{
	struct toe_conn *conn = rx->conn;

	rx->core.lent = 0;
	rx->core.d = NULL;
	rx->conn = NULL;
	atomic_dec(&rx->core.refs);
	if (conn)
		drop_loans(conn, 1);
}

/* Returns of one connection that follow each other are told as one. */
struct returned {
	struct toe_conn *conn;
	u32 bytes;
	int units;
};

static void tell(struct returned *r)
{
	if (!r->conn)
		return;
	toe_dp_returned(r->conn, r->bytes);
	drop_loans(r->conn, r->units);
	memset(r, 0, sizeof(*r));
}

static void return_one(struct toe_rx *rx, struct returned *r)
{
	struct toe_conn *conn = rx->conn;
	u32 bytes = rx->core.lent;

	if (WARN_ONCE(!bytes, "toe: a unit came back that nobody has on loan\n"))
		return;
	toe_deliver_returned(rx->core.d, bytes);
	rx->core.lent = 0;
	rx->conn = NULL;
	toe_rx_free(rx);
	if (!conn)
		return;
	if (r->conn == conn) {
		toe_obj_put(&conn->obj);
	} else {
		tell(r);
		r->conn = conn;	/* with the unit's reference */
	}
	r->bytes += bytes;
	r->units++;
}

static void return_late(struct work_struct *work)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&late));
	struct toe_rx *rx, *next;
	struct returned r = {};

	llist_for_each_entry_safe(rx, next, list, core.node)
		return_one(rx, &r);
	tell(&r);
}

void toe_rx_return(struct list_head *units)
{
	bool hard = in_hardirq() || irqs_disabled();
	struct toe_rx *rx, *next;
	struct returned r = {};

	list_for_each_entry_safe(rx, next, units, link) {
		list_del_init(&rx->link);
		if (!hard)
			return_one(rx, &r);
		else
			llist_add(&rx->core.node, &late);
	}
	if (hard)
		queue_work(system_bh_wq, &late_work);
	tell(&r);
}
EXPORT_SYMBOL_GPL(toe_rx_return);
