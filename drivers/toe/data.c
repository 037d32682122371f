// SPDX-License-Identifier: GPL-2.0
/*
 * The data path through an offload's life, see data.h. Requests are in send.c,
 * recv.c and forward.c, received bytes in indicate.c, deliver.c and rx.c.
 */
#include <linux/bottom_half.h>
#include <linux/uio.h>

#include "core.h"
#include "rx.h"
#include "stats.h"

DEFINE_PER_CPU(struct toe_copies, toe_copies);

int toe_check_iter(const struct iov_iter *iter, unsigned int direction)
{
	size_t bytes = iov_iter_count(iter);

	if (!bytes)
		return 0;	/* nobody will look what kind it is */
	if (bytes > INT_MAX || iter->data_source != direction)
		return -EINVAL;
	return iov_iter_is_kvec(iter) || iov_iter_is_bvec(iter) ? 0 : -EINVAL;
}

void toe_dp_init(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;

	spin_lock_init(&dp->lock);
	dp->gate = TOE_GATE_HOST;
	INIT_LIST_HEAD(&dp->forwards);
	__skb_queue_head_init(&dp->up);
	__skb_queue_head_init(&dp->kept);
	toe_sends_init(conn);
	toe_deliver_init(&dp->d, &toe_dp_deliver_ops);
	toe_timer_init(&dp->push, conn->obj.target->clock, toe_push_timer_fn);
}

void toe_dp_destroy(struct toe_conn *conn)
{
	/* an idle queue's timer, which ends by itself, may still be armed */
	ndk_defer_stop(&conn->dp.sq);
	toe_timer_stop(&conn->dp.push);
	__skb_queue_purge(&conn->dp.up);
}

void toe_dp_window(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;
	unsigned long flags;

	toe_deliver_restart(&dp->d);
	toe_deliver_hold(&dp->d, true);
	toe_timer_init(&dp->push, conn->obj.target->clock, toe_push_timer_fn);
	spin_lock_irqsave(&dp->lock, flags);
	dp->gate = TOE_GATE_WINDOW;
	dp->closing = false;
	dp->asked = false;
	dp->finned = false;
	dp->reset = false;
	dp->aborted = false;
	dp->lost = false;
	dp->fin_acked = false;
	dp->acked = 0;
	dp->lent_sends = 0;
	dp->held_room = 0;
	dp->send_status = 0;
	spin_unlock_irqrestore(&dp->lock, flags);
}

/* The host frees its copy when the initiate is over, so this one is of our own. */
static int copy_buffered(struct sk_buff_head *buffered, struct list_head *units)
{
	struct sk_buff *skb, *copy;
	struct toe_rx *rx;

	if (!buffered)
		return 0;
	skb_queue_walk(buffered, skb) {
		if (!skb->len)
			continue;
		copy = skb_copy(skb, GFP_ATOMIC);
		if (!copy)
			return -ENOMEM;
		rx = toe_rx_alloc(copy, TOE_RX_PSH, GFP_ATOMIC);
		if (!rx) {
			kfree_skb(copy);
			return -ENOMEM;
		}
		toe_count_copy(copy->len);
		list_add_tail(&rx->link, units);
	}
	return 0;
}

int toe_dp_adopt(struct toe_conn *conn, struct toe_block *b)
{
	struct toe_conn_delegated *v = toe_block_state(b, TOE_STATE_DELEGATED);
	struct toe_rx *rx, *next;
	LIST_HEAD(units);
	int err;

	err = copy_buffered(v ? v->buffered : NULL, &units);
	if (err) {
		toe_rx_free_list(&units);
		return err;
	}
	list_for_each_entry_safe(rx, next, &units, link) {
		list_del_init(&rx->link);
		/* held and not stopped: it cannot fail */
		WARN_ON_ONCE(toe_deliver_queue(&conn->dp.d, rx));
	}
	toe_sends_adopt(conn, b);
	return 0;
}

void toe_dp_open(struct toe_conn *conn)
{
	local_bh_disable();
	toe_sends_open(conn);
	toe_forwards_open(conn);
	toe_recvs_open(conn);
	toe_deliver_hold(&conn->dp.d, false);
	toe_pass_up_waiting(conn);
	local_bh_enable();
}

/* Stop delivering and hand out what is left. */
static void stop(struct toe_conn *conn, struct list_head *units, struct list_head *requests)
{
	toe_deliver_stop(&conn->dp.d);
	toe_timer_stop(&conn->dp.push);
	toe_deliver_take(&conn->dp.d, units, requests);
}

static void end_recvs(struct list_head *requests, u32 status)
{
	struct toe_recv *r;

	while ((r = list_first_entry_or_null(requests, struct toe_recv, link))) {
		list_del_init(&r->link);
		r->state = TOE_REQ_IDLE;
		r->status = status;
		r->done(r);
	}
}

void toe_dp_refuse(struct toe_conn *conn, struct toe_block *b)
{
	LIST_HEAD(units);
	LIST_HEAD(requests);

	stop(conn, &units, &requests);
	local_bh_disable();
	toe_sends_refuse(conn, b);
	end_recvs(&requests, TOE_UPLOAD_IN_PROGRESS);
	toe_forwards_end(conn, TOE_UPLOAD_IN_PROGRESS);
	toe_pass_up_waiting(conn);
	local_bh_enable();
	toe_rx_free_list(&units);
}

/*
 * Deferred sends are shown; those that another CPU is just about to show stay
 * behind and go back to the host, never sent. No operation of the target is
 * started from here on.
 */
void toe_dp_closing(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;
	unsigned long flags;

	ndk_defer_flush(&dp->sq);
	spin_lock_irqsave(&dp->lock, flags);
	if (dp->gate == TOE_GATE_WINDOW)
		dp->closing = true;
	else if (dp->gate == TOE_GATE_OPEN)
		dp->gate = TOE_GATE_CLOSING;
	spin_unlock_irqrestore(&dp->lock, flags);
}

void toe_dp_abort(struct toe_conn *conn, bool lost)
{
	struct toe_dp *dp = &conn->dp;
	unsigned long flags;

	spin_lock_irqsave(&dp->lock, flags);
	dp->aborted = true;
	dp->lost |= lost;
	lost = dp->lost;
	spin_unlock_irqrestore(&dp->lock, flags);

	local_bh_disable();
	if (!lost) {
		toe_sends_abort(conn, TOE_REQUEST_ABORTED);
		toe_forwards_end(conn, TOE_REQUEST_ABORTED);
	}
	toe_deliver_abort(&dp->d, lost);
	local_bh_enable();
}

void toe_dp_quiesce(struct toe_conn *conn)
{
	toe_deliver_stop(&conn->dp.d);
	toe_timer_stop(&conn->dp.push);
	toe_sends_quiesce(conn);
}

/*
 * Bytes the consumer took from the front of a unit are not given to the host
 * again. A copy in the rare case that cannot be done in place: these bytes are
 * acknowledged, losing them is not an option.
 */
static struct sk_buff *without_front(struct sk_buff *skb, u32 n)
{
	struct sk_buff *copy;
	u32 left = skb->len - n;

	if (pskb_pull(skb, n))
		return skb;
	copy = alloc_skb(left, GFP_KERNEL | __GFP_NOFAIL);
	skb_copy_bits(skb, n, skb_put(copy, left), left);
	toe_count_copy(left);
	kfree_skb(skb);
	return copy;
}

static void keep_unit(struct sk_buff_head *kept, struct toe_rx *rx)
{
	u32 skip = rx->offset;
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&rx->skbs))) {
		if (skip >= skb->len) {
			skip -= skb->len;
			consume_skb(skb);
			continue;
		}
		if (skip)
			skb = without_front(skb, skip);
		skip = 0;
		__skb_queue_tail(kept, skb);
	}
}

static void keep_units(struct toe_conn *conn, struct list_head *units, struct toe_block *b)
{
	struct toe_conn_delegated *v = toe_block_state(b, TOE_STATE_DELEGATED);
	struct toe_rx *rx;

	list_for_each_entry(rx, units, link)
		keep_unit(&conn->dp.kept, rx);
	if (v)
		v->buffered = &conn->dp.kept;
}

void toe_dp_finish(struct toe_conn *conn, struct toe_block *b, u32 status)
{
	bool whole = status == TOE_SUCCESS && !conn->dp.lost;
	u32 outcome = whole ? TOE_UPLOAD_IN_PROGRESS : TOE_REQUEST_ABORTED;
	LIST_HEAD(units);
	LIST_HEAD(requests);

	stop(conn, &units, &requests);
	if (whole) {
		keep_units(conn, &units, b);
		toe_sends_take(conn, &b->sends);
	}
	local_bh_disable();
	if (!whole)
		toe_sends_abort(conn, outcome);
	end_recvs(&requests, outcome);
	toe_forwards_end(conn, outcome);
	local_bh_enable();
	toe_rx_free_list(&units);
}

void toe_dp_gone(struct toe_conn *conn, struct toe_block *b)
{
	struct toe_dp *dp = &conn->dp;
	unsigned long flags;

	spin_lock_irqsave(&dp->lock, flags);
	dp->gate = TOE_GATE_HOST;
	spin_unlock_irqrestore(&dp->lock, flags);

	local_bh_disable();
	if (b)
		toe_sends_end(&b->sends, TOE_UPLOAD_IN_PROGRESS);
	toe_pass_up_waiting(conn);
	local_bh_enable();
	__skb_queue_purge(&dp->kept);
}
