// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that take the way round: those the host received and the target shall
 * process (forward), and those the target received and the host shall (pass up).
 */
#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/rcupdate.h>

#include "trace.h"

#include "core.h"

static struct toe_forward *next_to_show(struct toe_dp *dp)
{
	struct toe_forward *f;

	if (dp->gate != TOE_GATE_OPEN)
		return NULL;
	list_for_each_entry(f, &dp->forwards, link) {
		if (f->state == TOE_REQ_HELD) {
			f->state = TOE_REQ_SHOWN;
			return f;
		}
	}
	return NULL;
}

static void finish(struct toe_forward *f, u32 status)
{
	f->state = TOE_REQ_IDLE;
	f->status = status;
	trace_toe_forward_done(&f->conn->obj, status);
	f->done(f);
}

/* Show what is held, in order, one caller at a time. */
static void show(struct toe_conn *conn)
{
	struct toe_target *t = conn->obj.target;
	struct toe_dp *dp = &conn->dp;
	struct toe_forward *f;
	unsigned long flags;

	local_bh_disable();
	rcu_read_lock();
	spin_lock_irqsave(&dp->lock, flags);
	if (!dp->forwarding) {
		dp->forwarding = true;
		while ((f = next_to_show(dp))) {
			spin_unlock_irqrestore(&dp->lock, flags);
			if (t->ops->forward)
				t->ops->forward(t, conn->obj.ctx, f);
			else
				toe_forward_done(t, f, TOE_UPLOAD_IN_PROGRESS);
			spin_lock_irqsave(&dp->lock, flags);
		}
		dp->forwarding = false;
	}
	spin_unlock_irqrestore(&dp->lock, flags);
	rcu_read_unlock();
	local_bh_enable();
}

static int admit(struct toe_dp *dp, struct toe_forward *f)
{
	if (toe_req_is_busy(f->state))
		return -EBUSY;
	if (dp->gate == TOE_GATE_HOST)
		return -ENOTCONN;
	if (dp->gate == TOE_GATE_CLOSING || dp->closing || dp->lost)
		return -ESHUTDOWN;
	return 0;
}

int toe_forward(struct toe_conn *conn, struct toe_forward *f)
{
	struct toe_dp *dp = &conn->dp;
	unsigned long flags;
	bool reset = false;
	int err;

	if (!f->skb || !f->done)
		return -EINVAL;
	spin_lock_irqsave(&dp->lock, flags);
	err = admit(dp, f);
	if (!err) {
		f->conn = conn;
		reset = dp->aborted || dp->reset;
		f->state = reset ? TOE_REQ_DONE : TOE_REQ_HELD;
		if (!reset)
			list_add_tail(&f->link, &dp->forwards);
	}
	spin_unlock_irqrestore(&dp->lock, flags);
	if (err)
		return err;
	if (reset)
		finish(f, TOE_REQUEST_ABORTED);	/* R-TOE-143 */
	else
		show(conn);
	return 0;
}
EXPORT_SYMBOL_GPL(toe_forward);

void toe_forward_done(struct toe_target *t, struct toe_forward *f, u32 status)
{
	struct toe_conn *conn;
	unsigned long flags;
	bool ours = false;

	if (status != TOE_SUCCESS && status != TOE_UPLOAD_IN_PROGRESS)
		status = TOE_REQUEST_ABORTED;
	if (f->state == TOE_REQ_SHOWN) {
		conn = f->conn;
		spin_lock_irqsave(&conn->dp.lock, flags);
		ours = f->state == TOE_REQ_SHOWN;
		if (ours) {
			list_del_init(&f->link);
			f->state = TOE_REQ_DONE;
		}
		spin_unlock_irqrestore(&conn->dp.lock, flags);
	}
	if (ours)
		finish(f, status);
	else
		pr_warn_once("toe: target %s finished a segment it does not have\n", t->name);
}
EXPORT_SYMBOL_GPL(toe_forward_done);

void toe_forwards_open(struct toe_conn *conn)
{
	show(conn);
}

void toe_forwards_end(struct toe_conn *conn, u32 status)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_forward *f, *next;
	unsigned long flags;
	LIST_HEAD(list);

	spin_lock_irqsave(&dp->lock, flags);
	list_splice_init(&dp->forwards, &list);
	list_for_each_entry(f, &list, link)
		f->state = TOE_REQ_DONE;
	spin_unlock_irqrestore(&dp->lock, flags);
	list_for_each_entry_safe(f, next, &list, link) {
		list_del_init(&f->link);
		finish(f, status);
	}
}

static void to_host(struct toe_conn *conn, struct sk_buff *skb)
{
	const struct toe_host_ops *host = conn->obj.host;

	if (host && host->segment)
		host->segment(&conn->obj, conn->obj.host_priv, skb);
	else
		kfree_skb(skb);
}

/* Segments that waited for an operation to finish. */
void toe_pass_up_waiting(struct toe_conn *conn)
{
	struct sk_buff_head list;
	struct sk_buff *skb;
	unsigned long flags;

	__skb_queue_head_init(&list);
	spin_lock_irqsave(&conn->dp.lock, flags);
	skb_queue_splice_init(&conn->dp.up, &list);
	spin_unlock_irqrestore(&conn->dp.lock, flags);
	while ((skb = __skb_dequeue(&list)))
		to_host(conn, skb);
}

/* Only an offloaded connection's segments go up at once. */
int toe_pass_up(struct toe_target *t, u64 handle, struct sk_buff *skb)
{
	struct toe_conn *conn;
	unsigned long flags;
	bool wait;

	local_bh_disable();
	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn) {
		spin_lock_irqsave(&conn->dp.lock, flags);
		wait = conn->dp.gate != TOE_GATE_OPEN;
		if (wait)
			__skb_queue_tail(&conn->dp.up, skb);
		spin_unlock_irqrestore(&conn->dp.lock, flags);
		if (!wait)
			to_host(conn, skb);
	}
	rcu_read_unlock();
	local_bh_enable();
	return conn ? 0 : -ESTALE;
}
EXPORT_SYMBOL_GPL(toe_pass_up);
