// SPDX-License-Identifier: GPL-2.0
/*
 * What a target tells: events of connections, reachability of neighbors, and
 * what it says about itself.
 *
 * An event is a mark in its object; that the mark is there already makes two
 * reports one event. The worker handles marks in the order they were set.
 */
#include <linux/export.h>

#include "trace.h"

#include "state.h"

#define BACKLOG_SECONDS	1

/* Caller is in an RCU section or has a reference. */
void toe_event_mark(struct toe_obj *obj, unsigned int event)
{
	struct toe_target *t = obj->target;
	bool queue = false, early = false;
	unsigned long flags;

	spin_lock_irqsave(&t->qlock, flags);
	if (!obj->events[event]) {
		early = obj->initiate && obj->initiate->core.state != TOE_OP_COMPLETED;
		queue = list_empty(&obj->item.link) && kref_get_unless_zero(&obj->ref);
		obj->events[event] = toe_stamp(t);
		if (queue) {
			obj->item.seq = obj->events[event];
			list_add_tail(&obj->item.link, &t->queue);
		}
	}
	spin_unlock_irqrestore(&t->qlock, flags);
	if (early)
		atomic_inc(&t->complaints[TOE_EARLY_EVENT]);
	if (queue)
		toe_kick(t);
}

/* The object is in the host again: nothing of what was told counts any more. */
void toe_event_forget(struct toe_obj *obj)
{
	struct toe_target *t = obj->target;
	bool held = test_and_clear_bit(TOE_OBJ_EVENTS_HELD, &obj->flags);

	spin_lock_irq(&t->qlock);
	memset(obj->events, 0, sizeof(obj->events));
	if (held)
		INIT_LIST_HEAD(&obj->item.link);
	spin_unlock_irq(&t->qlock);
	if (held)
		toe_obj_put(obj);
}

void toe_event_retrieve(struct toe_target *t, u64 handle, enum toe_reason reason)
{
	struct toe_conn *conn;

	if (reason < TOE_HARDWARE_FAILURE || reason > TOE_SMALL_IO)
		return;
	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn)
		toe_event_mark(&conn->obj, reason);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(toe_event_retrieve);

void toe_event_abort(struct toe_target *t, u64 handle)
{
	struct toe_conn *conn;

	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn)
		toe_event_mark(&conn->obj, TOE_EV_ABORT);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(toe_event_abort);

void toe_event_backlog(struct toe_target *t, u64 handle, u32 bytes)
{
	struct toe_conn *conn;

	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn) {
		WRITE_ONCE(conn->obj.backlog, bytes);
		toe_event_mark(&conn->obj, TOE_EV_BACKLOG);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(toe_event_backlog);

int toe_event_reachability(struct toe_target *t, struct toe_block *b, u32 *hrd)
{
	const struct toe_neigh_delegated *d;
	struct toe_obj *obj;
	int err = 0;

	if (b->layer != TOE_NEIGH || b->state_class != TOE_STATE_ALL ||
	    b->size != toe_block_size(TOE_NEIGH, TOE_STATE_ALL))
		return -EINVAL;
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	*hrd = 0;
	rcu_read_lock();
	obj = toe_obj_lookup(t, b->handle);
	if (!obj || obj->layer != TOE_NEIGH)
		err = obj ? -EINVAL : -ESTALE;
	else if (obj->host && obj->host->reachability)
		*hrd = obj->host->reachability(obj, obj->host_priv, d->nic_reachability);
	rcu_read_unlock();
	if (!err)
		trace_toe_reachability(t, b->handle, d->nic_reachability, *hrd);
	return err;
}
EXPORT_SYMBOL_GPL(toe_event_reachability);

int toe_upload(struct toe_obj *obj, enum toe_reason reason)
{
	if (reason == TOE_NO_REASON || reason >= TOE_REASONS || toe_reason_is_hint(reason))
		return -EINVAL;
	if (toe_obj_state(obj) == TOE_IN_HOST)
		return -ENOTCONN;
	toe_event_mark(obj, reason);
	return 0;
}
EXPORT_SYMBOL_GPL(toe_upload);

/* First time in this offload? */
static bool report_once(struct toe_obj *obj, unsigned int event)
{
	if (obj->reported & BIT(event))
		return false;
	obj->reported |= BIT(event);
	return true;
}

static void want(struct toe_obj *obj, enum toe_reason reason)
{
	spin_lock_bh(&obj->target->lock);
	toe_want(obj, reason);
	spin_unlock_bh(&obj->target->lock);
}

static void hint(struct toe_obj *obj, enum toe_reason reason)
{
	if (obj->host && obj->host->retrieve && obj->host->retrieve(obj, obj->host_priv, reason))
		want(obj, reason);
}

static void mandatory(struct toe_obj *obj, enum toe_reason reason)
{
	if (reason == TOE_HARDWARE_FAILURE)
		set_bit(TOE_OBJ_LOST, &obj->flags);
	if (report_once(obj, reason) && obj->host && obj->host->retrieve)
		obj->host->retrieve(obj, obj->host_priv, reason);
	want(obj, reason);
}

static void aborted(struct toe_obj *obj)
{
	if (!report_once(obj, TOE_EV_ABORT))
		return;
	if (obj->host && obj->host->aborted)
		obj->host->aborted(obj, obj->host_priv);
	toe_dp_abort(to_toe_conn(obj), test_bit(TOE_OBJ_LOST, &obj->flags));
	want(obj, TOE_RESET);
}

static void tell_backlog(struct toe_conn *conn)
{
	struct toe_obj *obj = &conn->obj;
	struct toe_target *t = obj->target;

	conn->backlog_next = (u32)toe_clock_now(t->clock) +
			     BACKLOG_SECONDS * t->clock->ticks_per_second;
	if (obj->host && obj->host->backlog)
		obj->host->backlog(obj, obj->host_priv, READ_ONCE(obj->backlog));
}

static bool backlog_is_early(struct toe_conn *conn)
{
	return (s32)(conn->backlog_next - (u32)toe_clock_now(conn->obj.target->clock)) > 0;
}

static void backlog(struct toe_obj *obj)
{
	struct toe_conn *conn = to_toe_conn(obj);
	struct toe_target *t = obj->target;

	if (!backlog_is_early(conn)) {
		tell_backlog(conn);
	} else if (!test_and_set_bit(TOE_OBJ_BACKLOG, &obj->flags)) {
		t->backlogs++;
		toe_watch(t);
	}
}

/* Home, or told: it is counted no longer. Worker. */
void toe_backlog_drop(struct toe_obj *obj)
{
	if (test_and_clear_bit(TOE_OBJ_BACKLOG, &obj->flags))
		obj->target->backlogs--;
}

static struct toe_conn *next_backlog(struct toe_target *t, unsigned long *i)
{
	struct toe_obj *obj;

	xa_for_each_start(&t->handles, *i, obj, *i)
		if (test_bit(TOE_OBJ_BACKLOG, &obj->flags) && obj->state == TOE_OFFLOADED &&
		    !backlog_is_early(to_toe_conn(obj)) && kref_get_unless_zero(&obj->ref))
			return to_toe_conn(obj);
	return NULL;
}

/* Figures that came within a period after another: the newest is told now. */
void toe_backlogs_tell(struct toe_target *t)
{
	struct toe_conn *conn;
	unsigned long i = 0;

	while (t->backlogs) {
		rcu_read_lock();
		conn = next_backlog(t, &i);
		rcu_read_unlock();
		if (!conn)
			return;
		toe_backlog_drop(&conn->obj);
		tell_backlog(conn);
		toe_obj_put(&conn->obj);
		i++;
	}
}

void toe_event_handle(struct toe_obj *obj, unsigned int event)
{
	trace_toe_event(obj, event);
	/* it is on its way back, or was: the host has decided (R-TOE-99) */
	if (obj->state != TOE_OFFLOADED)
		return;
	if (event == TOE_EV_ABORT)
		aborted(obj);
	else if (event == TOE_EV_BACKLOG)
		backlog(obj);
	else if (toe_reason_is_hint(event))
		hint(obj, event);
	else if (event <= TOE_UPLOAD_WANTED)
		mandatory(obj, event);
	else
		want(obj, event);
}

/*
 * A query or invalidate failed: the state is corrupt. The host hears of it in
 * the order of the contract, whether or not the target tells the rest.
 */
void toe_corrupt(struct toe_obj *obj)
{
	if (obj->layer == TOE_CONN) {
		toe_event_handle(obj, TOE_HARDWARE_FAILURE);
		toe_event_handle(obj, TOE_EV_ABORT);
	} else {
		want(obj, TOE_OP_FAILED);
	}
}

void toe_signal(struct toe_target *t, enum toe_signal s)
{
	unsigned long flags;
	bool queue = false;

	if (s > TOE_UPLOAD_ALL)
		return;
	spin_lock_irqsave(&t->qlock, flags);
	if (!t->signal[s]) {
		t->signal[s] = toe_stamp(t);
		queue = list_empty(&t->signal_item.link);
		if (queue) {
			t->signal_item.seq = t->signal[s];
			list_add_tail(&t->signal_item.link, &t->queue);
		}
	}
	spin_unlock_irqrestore(&t->qlock, flags);
	if (queue)
		toe_kick(t);
}
EXPORT_SYMBOL_GPL(toe_signal);

/* Capabilities may have changed: they are read before anything is offered. */
static void resume(struct toe_target *t)
{
	struct toe_caps caps = {};

	t->ops->caps(t, &caps);
	spin_lock_bh(&t->lock);
	t->caps = caps;
	memset(t->full, 0, sizeof(t->full));
	t->paused = false;
	t->resume = false;
	spin_unlock_bh(&t->lock);
}

static bool all_in_host(const struct toe_target *t)
{
	return !t->noffloaded[TOE_NEIGH] && !t->noffloaded[TOE_PATH4] &&
	       !t->noffloaded[TOE_PATH6] && !t->noffloaded[TOE_CONN];
}

void toe_signal_handle(struct toe_target *t, enum toe_signal s)
{
	bool now = false;

	trace_toe_signal(t, s);
	spin_lock_bh(&t->lock);
	switch (s) {
	case TOE_PAUSE:
		t->paused = true;
		break;
	case TOE_RESUME:
		t->resume = true;
		now = !t->uploading_all;
		break;
	case TOE_UPLOAD_ALL:
		t->paused = true;
		t->uploading_all = true;
		t->resume = false;
		toe_want_all(t, TOE_UPLOAD_ALL_ASKED);
		break;
	}
	spin_unlock_bh(&t->lock);
	if (now)
		resume(t);
	toe_upload_all_done(t);
}

/* Called when an object came back, or none was out. */
void toe_upload_all_done(struct toe_target *t)
{
	bool now;

	spin_lock_bh(&t->lock);
	now = t->uploading_all && all_in_host(t);
	if (now)
		t->uploading_all = false;
	now = now && t->resume;
	spin_unlock_bh(&t->lock);
	if (now)
		resume(t);
}
