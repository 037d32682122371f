// SPDX-License-Identifier: GPL-2.0
/*
 * Sends and disconnects of a connection.
 *
 * One list holds all that have no outcome yet, oldest first:
 *
 *	lent with the initiate | shown to the target | accepted, not shown
 *	                                              ^ @unshown
 *
 * What has a number (&toe_send.seq) is in the deferral core too, which decides
 * when the line behind "shown" may move: at a doorbell. Who rang then moves it,
 * one at a time per connection, with no lock held over the target. Outcomes come
 * in order of the list, and done() is called by one at a time, so a target that
 * completes within ops->send makes no recursion.
 */
#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/wait_bit.h>

#include "core.h"
#include "trace.h"

#define SEND_FLAGS	(TOE_SEND_DEFER | TOE_SEND_URGENT)

static struct toe_conn *sq_conn(struct ndk_defer *d)
{
	return container_of(d, struct toe_conn, dp.sq);
}

static struct toe_send *first_send(struct toe_dp *dp)
{
	return list_first_entry_or_null(&dp->sends, struct toe_send, link);
}

static struct toe_send *send_behind(struct toe_dp *dp, struct toe_send *s)
{
	return list_is_last(&s->link, &dp->sends) ? NULL : list_next_entry(s, link);
}

/* The doorbell moves @indicated; show() looks at that. Nothing to refuse. */
static int doorbell(struct ndk_defer *d, u32 first, u32 end, u32 *refused)
{
	return 0;
}

static void broken(struct ndk_defer *d, u32 index, int err)
{
}

/* Why nothing may be shown, asked for once. */
static void ask_back(struct toe_conn *conn, enum toe_reason reason)
{
	struct toe_dp *dp = &conn->dp;

	if (dp->asked)
		return;
	dp->asked = true;
	if (reason == TOE_INVALIDATED)
		toe_event_retrieve(conn->obj.target, conn->obj.handle, reason);
	else
		toe_upload(&conn->obj, reason);
}

/* Mark what the doorbell released; the first of them and how many. */
static struct toe_send *next_to_show(struct toe_conn *conn, u32 *count)
{
	struct toe_dp *dp = &conn->dp;
	/* pairs with the lock of the deferral core: it was dropped after a ring */
	u32 end = READ_ONCE(dp->sq.indicated);
	struct toe_send *first = dp->unshown, *s = first;

	if (!s || dp->gate != TOE_GATE_OPEN || s->state != TOE_REQ_ACCEPTED ||
	    (s32)(end - s->seq) <= 0)
		return NULL;
	if (test_bit(TOE_OBJ_INVALID, &conn->obj.flags)) {
		ask_back(conn, TOE_INVALIDATED);
		return NULL;
	}
	if (!conn->obj.target->ops->send) {
		ask_back(conn, TOE_UPLOAD_WANTED);
		return NULL;
	}
	for (*count = 0; s && (s32)(end - s->seq) > 0; s = send_behind(dp, s)) {
		s->state = TOE_REQ_SHOWN;
		++*count;
	}
	dp->unshown = s;
	return first;
}

static void show(struct toe_conn *conn)
{
	struct toe_target *t = conn->obj.target;
	struct toe_dp *dp = &conn->dp;
	struct toe_send *first;
	unsigned long flags;
	u32 count;

	/* done() may run from within, and is promised bottom halves off */
	local_bh_disable();
	rcu_read_lock();
	spin_lock_irqsave(&dp->lock, flags);
	if (!dp->showing) {
		dp->showing = true;
		while ((first = next_to_show(conn, &count))) {
			spin_unlock_irqrestore(&dp->lock, flags);
			t->ops->send(t, conn->obj.ctx, first, count);
			spin_lock_irqsave(&dp->lock, flags);
		}
		dp->showing = false;
	}
	spin_unlock_irqrestore(&dp->lock, flags);
	rcu_read_unlock();
	local_bh_enable();
}

static void progress(struct ndk_defer *d)
{
	show(sq_conn(d));
}

static void account(struct ndk_defer *d, enum ndk_db_reason reason, u32 chain)
{
	struct toe_target *t = sq_conn(d)->obj.target;

	this_cpu_inc(t->counters->doorbells[reason]);
	this_cpu_add(t->counters->chained, chain);
}

static const struct ndk_defer_ops send_defer_ops = {
	.doorbell = doorbell,
	.broken = broken,
	.progress = progress,
	.account = account,
};

void toe_sends_init(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;

	INIT_LIST_HEAD(&dp->sends);
	INIT_LIST_HEAD(&dp->done);
	ndk_defer_init(&dp->sq, &send_defer_ops, &conn->obj.target->limits, TOE_MAX_SENDS);
}

/* Call done() of what has an outcome. Not while the window is shut (E4). */
static void finish_done(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_send *s;
	unsigned long flags;
	bool waited_for = false;

	spin_lock_irqsave(&dp->lock, flags);
	if (!dp->finishing) {
		dp->finishing = true;
		while ((s = list_first_entry_or_null(&dp->done, struct toe_send, link))) {
			list_del_init(&s->link);
			s->state = TOE_REQ_IDLE;
			spin_unlock_irqrestore(&dp->lock, flags);
			trace_toe_send_done(conn, s);
			s->done(s);
			spin_lock_irqsave(&dp->lock, flags);
		}
		dp->finishing = false;
		waited_for = dp->gate != TOE_GATE_OPEN;
	}
	spin_unlock_irqrestore(&dp->lock, flags);
	if (waited_for)
		wake_up_var(&dp->finishing);
}

static bool is_finishing(struct toe_dp *dp)
{
	unsigned long flags;
	bool finishing;

	spin_lock_irqsave(&dp->lock, flags);
	finishing = dp->finishing;
	spin_unlock_irqrestore(&dp->lock, flags);
	return finishing;
}

/* No done() is executing. The gate is shut, so what comes up is the caller's. */
void toe_sends_quiesce(struct toe_conn *conn)
{
	wait_var_event(&conn->dp.finishing, !is_finishing(&conn->dp));
}

/* What is left of a send begins behind what was acknowledged. */
static void set_outcome(struct toe_send *s, u32 status, u32 bytes)
{
	s->status = status;
	s->bytes = bytes;
	iov_iter_advance(&s->iter, bytes);
}

/* The oldest send has its outcome. Completes its number in the deferral core. */
static void take_off(struct toe_dp *dp, struct toe_send *s, u32 status, u32 bytes,
		     struct list_head *to)
{
	bool numbered = s->state != TOE_REQ_HELD;

	if (dp->unshown == s)
		dp->unshown = send_behind(dp, s);
	set_outcome(s, status, bytes);
	s->state = TOE_REQ_DONE;
	list_move_tail(&s->link, to);
	dp->nsends--;
	dp->acked -= min(bytes, dp->acked);
	if (dp->lent_sends)
		dp->lent_sends--;
	else if (numbered)
		ndk_defer_complete(&dp->sq, s->seq + 1);
}

static bool rst_is_shown(struct toe_dp *dp)
{
	struct toe_send *s;

	if (!dp->reset)
		return false;
	list_for_each_entry(s, &dp->sends, link)
		if (s->flags & TOE_SEND_RST)
			return s->state == TOE_REQ_SHOWN;
	return false;
}

static bool is_acked(struct toe_dp *dp, struct toe_send *s)
{
	if (s->state != TOE_REQ_SHOWN || dp->acked < s->length)
		return false;
	return !(s->flags & TOE_SEND_FIN) || dp->fin_acked;
}

static void collect_acked(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_send *s;

	/* a reset is out: nothing before it will be acknowledged any more */
	if (dp->fin_acked && rst_is_shown(dp)) {
		do {
			s = first_send(dp);
			if (s->flags & TOE_SEND_RST)
				take_off(dp, s, TOE_SUCCESS, 0, &dp->done);
			else
				take_off(dp, s, TOE_REQUEST_ABORTED, min(dp->acked, s->length),
					 &dp->done);
		} while (!(s->flags & TOE_SEND_RST));
		dp->acked = 0;
		return;
	}
	while ((s = first_send(dp)) && is_acked(dp, s))
		take_off(dp, s, TOE_SUCCESS, s->length, &dp->done);
	s = first_send(dp);
	if (dp->acked && (!s || s->state != TOE_REQ_SHOWN || dp->acked > s->length)) {
		pr_warn_once("toe: target %s acknowledged %u bytes that were not sent\n",
			     conn->obj.target->name, dp->acked);
		dp->acked = 0;
	}
}

void toe_send_acked(struct toe_target *t, u64 handle, u32 bytes, bool fin)
{
	struct toe_conn *conn;
	struct toe_dp *dp;
	unsigned long flags;

	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn) {
		dp = &conn->dp;
		spin_lock_irqsave(&dp->lock, flags);
		dp->acked += bytes;
		dp->fin_acked |= fin;
		if (dp->gate != TOE_GATE_WINDOW)
			collect_acked(conn);
		spin_unlock_irqrestore(&dp->lock, flags);
		finish_done(conn);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(toe_send_acked);

/* The target gives up what it was shown (R-TOE-105, 106). */
static void collect_aborted(struct toe_dp *dp, u32 status)
{
	u32 rest = status == TOE_REQUEST_UPLOAD ? TOE_UPLOAD_REQUESTED : status;
	struct toe_send *s;

	while ((s = first_send(dp)) && s->state == TOE_REQ_SHOWN) {
		take_off(dp, s, status, min(dp->acked, s->length), &dp->done);
		dp->acked = 0;
		status = rest;
	}
}

void toe_send_abort(struct toe_target *t, u64 handle, u32 status)
{
	struct toe_conn *conn;
	struct toe_dp *dp;
	unsigned long flags;

	if (status != TOE_UPLOAD_IN_PROGRESS && status != TOE_REQUEST_UPLOAD)
		status = TOE_REQUEST_ABORTED;
	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn) {
		dp = &conn->dp;
		spin_lock_irqsave(&dp->lock, flags);
		if (dp->gate == TOE_GATE_WINDOW)
			dp->send_status = status;
		else
			collect_aborted(dp, status);
		spin_unlock_irqrestore(&dp->lock, flags);
		finish_done(conn);
		if (status == TOE_REQUEST_UPLOAD)
			toe_upload(&conn->obj, TOE_UPLOAD_WANTED);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(toe_send_abort);

/* May this request be posted now? Both locks are held. */
static int admit(struct toe_dp *dp, struct toe_send *s)
{
	if (toe_req_is_busy(s->state))
		return -EBUSY;
	if (dp->gate == TOE_GATE_HOST)
		return -ENOTCONN;
	if (dp->gate == TOE_GATE_CLOSING || dp->closing || dp->aborted)
		return -ESHUTDOWN;
	if (dp->reset || (dp->finned && !(s->flags & TOE_SEND_RST)))
		return -EPIPE;
	if (dp->nsends >= TOE_MAX_SENDS)
		return -EAGAIN;
	return 0;
}

static void append(struct toe_dp *dp, struct toe_send *s)
{
	s->state = TOE_REQ_HELD;
	s->bytes = 0;
	s->length = iov_iter_count(&s->iter);
	list_add_tail(&s->link, &dp->sends);
	dp->nsends++;
	if (!dp->unshown)
		dp->unshown = s;
	dp->finned |= !!(s->flags & TOE_SEND_FIN);
	dp->reset |= !!(s->flags & TOE_SEND_RST);
}

/* From here on the deferral core knows it. Between begin and end. */
static void number(struct toe_dp *dp, struct toe_send *s, struct ndk_post *p)
{
	s->seq = dp->sq.accepted;
	s->state = TOE_REQ_ACCEPTED;
	ndk_defer_accept(&dp->sq, p, s->flags & TOE_SEND_DEFER);
}

static int post(struct toe_conn *conn, struct toe_send *s)
{
	struct toe_dp *dp = &conn->dp;
	struct ndk_post p;
	bool open = false;
	int err;

	ndk_defer_begin(&dp->sq, &p);
	spin_lock(&dp->lock);
	err = admit(dp, s);
	if (!err) {
		append(dp, s);
		open = dp->gate == TOE_GATE_OPEN;
	}
	if (err)
		ndk_defer_refuse(&dp->sq, &p);
	else if (open)
		number(dp, s, &p);
	spin_unlock(&dp->lock);
	ndk_defer_end(&dp->sq, &p);
	return err;
}

static int check_send(const struct toe_send *s, u32 allowed)
{
	if (!s->done || (s->flags & ~allowed))
		return -EINVAL;
	return toe_check_iter(&s->iter, ITER_SOURCE);
}

/*
 * A request refused for what it is refuses its chain as well (invariant 2 of
 * Documentation/deferral.md): whatever was deferred is shown.
 */
static int refuse(struct toe_conn *conn, int err)
{
	struct ndk_post p;

	ndk_defer_begin(&conn->dp.sq, &p);
	ndk_defer_refuse(&conn->dp.sq, &p);
	ndk_defer_end(&conn->dp.sq, &p);
	return err;
}

int toe_send(struct toe_conn *conn, struct toe_send *s)
{
	int err = check_send(s, SEND_FLAGS);

	if (err)
		return refuse(conn, err);
	if (s->flags & TOE_SEND_URGENT) {
		err = toe_upload(&conn->obj, TOE_CONSUMER_ASKED);
		return refuse(conn, err ?: -ESHUTDOWN);
	}
	return post(conn, s);
}
EXPORT_SYMBOL_GPL(toe_send);

void toe_send_flush(struct toe_conn *conn)
{
	ndk_defer_flush(&conn->dp.sq);
}
EXPORT_SYMBOL_GPL(toe_send_flush);

int toe_disconnect(struct toe_conn *conn, struct toe_send *s, bool abortive)
{
	int err;

	if (abortive && iov_iter_count(&s->iter))
		return refuse(conn, -EINVAL);
	err = check_send(s, TOE_SEND_DEFER | TOE_SEND_FIN | TOE_SEND_RST);
	if (err)
		return refuse(conn, err);
	s->flags = abortive ? TOE_SEND_RST : TOE_SEND_FIN;
	err = post(conn, s);
	/* stop receiving; what the consumer holds at this moment stays with him */
	if (!err && abortive) {
		local_bh_disable();
		toe_deliver_abort(&conn->dp.d, false);
		local_bh_enable();
	}
	return err;
}
EXPORT_SYMBOL_GPL(toe_disconnect);

/* The initiate's own sends: the target has them from the block (R-TOE-25). */
void toe_sends_adopt(struct toe_conn *conn, struct toe_block *b)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_send *s;
	unsigned long flags;

	spin_lock_irqsave(&dp->lock, flags);
	list_for_each_entry(s, &b->sends, link) {
		s->state = TOE_REQ_SHOWN;
		s->bytes = 0;
		s->length = iov_iter_count(&s->iter);
		dp->lent_sends++;
	}
	dp->nsends += dp->lent_sends;
	b->first_send = list_first_entry_or_null(&b->sends, struct toe_send, link);
	b->nsends = dp->lent_sends;
	list_splice_init(&b->sends, &dp->sends);
	spin_unlock_irqrestore(&dp->lock, flags);
}

/* In order: those held during the window get their numbers before any new one. */
void toe_sends_open(struct toe_conn *conn)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_send *s;
	struct ndk_post p;

	ndk_defer_begin(&dp->sq, &p);
	spin_lock(&dp->lock);
	collect_acked(conn);
	if (dp->send_status)
		collect_aborted(dp, dp->send_status);
	dp->gate = dp->closing ? TOE_GATE_CLOSING : TOE_GATE_OPEN;
	if (dp->gate == TOE_GATE_OPEN)
		for (s = dp->unshown; s; s = send_behind(dp, s))
			number(dp, s, &p);
	spin_unlock(&dp->lock);
	ndk_defer_end(&dp->sq, &p);
	finish_done(conn);
}

/* Held ones end here; the initiate's own go back as they came (R-TOE-24). */
void toe_sends_refuse(struct toe_conn *conn, struct toe_block *b)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_send *s;
	unsigned long flags;
	LIST_HEAD(held);

	spin_lock_irqsave(&dp->lock, flags);
	dp->gate = TOE_GATE_HOST;
	while (dp->lent_sends) {
		s = first_send(dp);
		s->state = TOE_REQ_IDLE;
		list_move_tail(&s->link, &b->sends);
		dp->lent_sends--;
	}
	list_splice_init(&dp->sends, &held);
	dp->unshown = NULL;
	dp->nsends = 0;
	dp->acked = 0;
	spin_unlock_irqrestore(&dp->lock, flags);
	toe_sends_end(&held, TOE_UPLOAD_IN_PROGRESS);
}

/* All of them in order, shown or not; the first may be acknowledged in part. */
static void take_all(struct toe_conn *conn, u32 status, struct list_head *to)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_send *s;
	unsigned long flags;

	ndk_defer_flush_quiet(&dp->sq);
	spin_lock_irqsave(&dp->lock, flags);
	while ((s = first_send(dp))) {
		take_off(dp, s, status, min(dp->acked, s->length), to);
		dp->acked = 0;
	}
	spin_unlock_irqrestore(&dp->lock, flags);
}

/* Reset or lost: everything ends. */
void toe_sends_abort(struct toe_conn *conn, u32 status)
{
	take_all(conn, status, &conn->dp.done);
	finish_done(conn);
}

/* The connection leaves: what has no outcome goes to the host. */
void toe_sends_take(struct toe_conn *conn, struct list_head *list)
{
	struct toe_send *s;
	LIST_HEAD(taken);

	take_all(conn, TOE_UPLOAD_IN_PROGRESS, &taken);
	list_for_each_entry(s, &taken, link)
		s->state = TOE_REQ_IDLE;
	list_splice_tail(&taken, list);
}

/* Sends that belong to nobody but their poster any more. */
void toe_sends_end(struct list_head *list, u32 status)
{
	struct toe_send *s;

	while ((s = list_first_entry_or_null(list, struct toe_send, link))) {
		list_del_init(&s->link);
		s->state = TOE_REQ_IDLE;
		s->status = status;
		s->done(s);
	}
}
