// SPDX-License-Identifier: GPL-2.0
/*
 * Receive requests of a connection. The delivery has them from the moment they
 * are accepted; while the window is shut it is held, so they wait there.
 */
#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/rcupdate.h>

#include "core.h"

#define RECV_FLAGS	(TOE_RECV_NO_PUSH | TOE_RECV_PEEK)

static int check_recv(const struct toe_recv *r)
{
	if (!r->done || (r->flags & ~RECV_FLAGS))
		return -EINVAL;
	if (r->filled > INT_MAX - iov_iter_count(&r->iter))
		return -EINVAL;
	return toe_check_iter(&r->iter, ITER_DEST);
}

/* @open: the target may hear of it now. */
static int admit(struct toe_dp *dp, struct toe_recv *r, u32 room, bool *open)
{
	if (toe_req_is_busy(r->state))
		return -EBUSY;
	if (dp->gate == TOE_GATE_HOST)
		return -ENOTCONN;
	if (dp->gate == TOE_GATE_CLOSING || dp->closing || dp->lost)
		return -ESHUTDOWN;
	*open = dp->gate == TOE_GATE_OPEN;
	if (!*open)
		dp->held_room += room;
	r->state = TOE_REQ_SHOWN;
	return 0;
}

static void tell_posted(struct toe_conn *conn, u32 room)
{
	struct toe_target *t = conn->obj.target;

	if (t->ops->recv_posted && READ_ONCE(conn->dp.gate) == TOE_GATE_OPEN)
		t->ops->recv_posted(t, conn->obj.ctx, room);
}

void toe_recvs_open(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;
	unsigned long flags;
	u32 room;

	spin_lock_irqsave(&dp->lock, flags);
	room = dp->held_room;
	dp->held_room = 0;
	spin_unlock_irqrestore(&dp->lock, flags);
	rcu_read_lock();
	if (room)
		tell_posted(conn, room);
	rcu_read_unlock();
}

int toe_recv(struct toe_conn *conn, struct toe_recv *r)
{
	struct toe_dp *dp = &conn->dp;
	u32 room = iov_iter_count(&r->iter);
	unsigned long flags;
	LIST_HEAD(list);
	bool open;
	int err;

	err = check_recv(r);
	if (err)
		return err;
	spin_lock_irqsave(&dp->lock, flags);
	err = admit(dp, r, room, &open);
	spin_unlock_irqrestore(&dp->lock, flags);
	if (err)
		return err;

	list_add(&r->link, &list);
	local_bh_disable();
	rcu_read_lock();
	/* before it is posted: afterwards it may be complete, and not ours */
	if (open)
		tell_posted(conn, room);
	err = toe_deliver_post(&dp->d, &list);
	rcu_read_unlock();
	local_bh_enable();
	if (err) {
		list_del_init(&r->link);
		r->state = TOE_REQ_IDLE;
	}
	return err;
}
EXPORT_SYMBOL_GPL(toe_recv);
