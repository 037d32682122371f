// SPDX-License-Identifier: GPL-2.0
/*
 * Received bytes: from the target, through the delivery, to the consumer; and
 * what became of them, back to the target.
 *
 * The delivery calls these operations one at a time per connection, so the
 * consumer is never entered twice (R-TOE-131). @calling says that somebody is in
 * there, for who wants to replace him.
 */
#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/wait_bit.h>

#include "core.h"
#include "rx.h"

static struct toe_conn *delivered_conn(struct toe_deliver *d)
{
	return container_of(d, struct toe_conn, dp.d);
}

/* Who reads; he stays until leave_consumer(). */
static const struct toe_consumer_ops *enter_consumer(struct toe_dp *dp, void **priv)
{
	const struct toe_consumer_ops *ops;
	unsigned long flags;

	spin_lock_irqsave(&dp->lock, flags);
	ops = dp->consumer;
	*priv = dp->consumer_priv;
	dp->calling = ops;
	spin_unlock_irqrestore(&dp->lock, flags);
	return ops;
}

static void leave_consumer(struct toe_dp *dp)
{
	unsigned long flags;

	spin_lock_irqsave(&dp->lock, flags);
	dp->calling = false;
	spin_unlock_irqrestore(&dp->lock, flags);
	wake_up_var(&dp->calling);
}

static bool is_calling(struct toe_dp *dp)
{
	unsigned long flags;
	bool calling;

	spin_lock_irqsave(&dp->lock, flags);
	calling = dp->calling;
	spin_unlock_irqrestore(&dp->lock, flags);
	return calling;
}

/*
 * A status and a count that do not go together mean that nothing was taken: then
 * no byte is skipped (R-TOE-137). With SUCCESS the consumer has every byte
 * already, whatever he says about their number.
 */
static u32 check_answer(const struct toe_conn *conn, u32 status, u32 consumed, u32 length)
{
	bool sane;

	switch (status) {
	case TOE_SUCCESS:
		sane = !consumed || consumed == length;
		break;
	case TOE_DATA_PARTIALLY_ACCEPTED:
		sane = consumed && consumed < length;
		break;
	case TOE_DATA_NOT_ACCEPTED:
		sane = !consumed;
		break;
	default:
		sane = false;
	}
	if (sane)
		return status;
	toe_complain(conn->obj.target, TOE_BAD_ANSWER,
		     "has a connection whose consumer answered nonsense");
	return status == TOE_SUCCESS ? status : TOE_DATA_NOT_ACCEPTED;
}

static u32 indicate(struct toe_deliver *d, struct toe_rx *rx)
{
	struct toe_conn *conn = delivered_conn(d);
	const struct toe_consumer_ops *ops;
	u32 status, length = rx->length;
	void *priv;

	ops = enter_consumer(&conn->dp, &priv);
	if (!ops)
		return TOE_DATA_NOT_ACCEPTED;
	toe_rx_lend(rx, conn, d);
	status = ops->indicate(conn, priv, rx);
	status = check_answer(conn, status, rx->consumed, length);
	if (status == TOE_SUCCESS)
		toe_rx_free(rx);	/* the look we had at it */
	else
		toe_rx_unlend(rx);
	leave_consumer(&conn->dp);
	return status;
}

static void complete_recvs(struct toe_deliver *d, struct list_head *done)
{
	struct toe_recv *r;

	while ((r = list_first_entry_or_null(done, struct toe_recv, link))) {
		list_del_init(&r->link);
		r->state = TOE_REQ_IDLE;
		r->done(r);
	}
}

static void ended(struct toe_deliver *d, bool aborted)
{
	struct toe_conn *conn = delivered_conn(d);
	struct toe_dp *dp = &conn->dp;
	const struct toe_consumer_ops *ops;
	void *priv;

	/* our own reset is no news */
	if (aborted && !READ_ONCE(dp->aborted))
		return;
	ops = enter_consumer(dp, &priv);
	if (!ops)
		return;
	if (aborted && ops->aborted)
		ops->aborted(conn, priv);
	if (!aborted && ops->disconnect)
		ops->disconnect(conn, priv);
	leave_consumer(dp);
}

static void push_timer(struct toe_deliver *d, bool start)
{
	struct toe_conn *conn = delivered_conn(d);

	if (start)
		toe_timer_arm(&conn->dp.push, conn->obj.target->params.push);
	else
		toe_timer_cancel(&conn->dp.push);
}

void toe_push_timer_fn(struct toe_timer *t)
{
	struct toe_conn *conn = container_of(t, struct toe_conn, dp.push);

	local_bh_disable();
	toe_deliver_push(&conn->dp.d);
	local_bh_enable();
}

static bool gate_is_open(struct toe_dp *dp)
{
	return READ_ONCE(dp->gate) == TOE_GATE_OPEN;
}

/*
 * A target frees its context after the terminate and a grace period; the gate
 * shuts before it is asked to terminate. So what passes here finds a context.
 */
void toe_tell_consumed(struct toe_conn *conn, u32 bytes)
{
	struct toe_target *t = conn->obj.target;

	if (!t->ops->consumed)
		return;
	rcu_read_lock();
	if (gate_is_open(&conn->dp))
		t->ops->consumed(t, conn->obj.ctx, bytes);
	rcu_read_unlock();
}

static void consumed(struct toe_deliver *d, u32 bytes)
{
	toe_tell_consumed(delivered_conn(d), bytes);
}

void toe_dp_cached(struct toe_conn *conn)
{
	WRITE_ONCE(conn->dp.d.preferred, conn->v.rcv_indication_size);
}

const struct toe_deliver_ops toe_dp_deliver_ops = {
	.complete = complete_recvs,
	.indicate = indicate,
	.ended = ended,
	.push_timer = push_timer,
	.consumed = consumed,
};

/* A loan is over. */
void toe_dp_returned(struct toe_conn *conn, u32 bytes)
{
	toe_tell_consumed(conn, bytes);
}

static int receive(struct toe_conn *conn, struct sk_buff *skb, u32 flags)
{
	struct toe_dp *dp = &conn->dp;
	struct toe_rx *rx;
	int err = 0;

	if (READ_ONCE(dp->reset) || READ_ONCE(dp->aborted))
		return -EPIPE;
	if (skb && skb->len) {
		rx = toe_rx_alloc(skb, flags & (TOE_RX_PSH | TOE_RX_RESERVE | TOE_RX_EOR),
				  GFP_ATOMIC);
		if (!rx)
			return -ENOMEM;
		err = toe_deliver_input(&dp->d, rx);
		if (err) {
			__skb_queue_head_init(&rx->skbs);	/* stays the target's */
			toe_rx_free(rx);
		}
	} else {
		dev_consume_skb_any(skb);
	}
	if (!err && (flags & TOE_RX_FIN))
		toe_deliver_fin(&dp->d);
	return err;
}

int toe_receive(struct toe_target *t, u64 handle, struct sk_buff *skb, u32 flags)
{
	struct toe_conn *conn;
	int err = -ESTALE;

	local_bh_disable();
	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn)
		err = receive(conn, skb, flags);
	rcu_read_unlock();
	local_bh_enable();
	return err;
}
EXPORT_SYMBOL_GPL(toe_receive);

u32 toe_receive_room(struct toe_target *t, u64 handle)
{
	struct toe_conn *conn;
	u32 bytes = 0;

	rcu_read_lock();
	conn = toe_conn_lookup(t, handle);
	if (conn)
		bytes = toe_deliver_held(&conn->dp.d);
	rcu_read_unlock();
	return bytes;
}
EXPORT_SYMBOL_GPL(toe_receive_room);

void toe_conn_set_consumer(struct toe_conn *conn, const struct toe_consumer_ops *ops, void *priv)
{
	struct toe_dp *dp = &conn->dp;
	unsigned long flags;

	spin_lock_irqsave(&dp->lock, flags);
	dp->consumer = ops;
	dp->consumer_priv = priv;
	spin_unlock_irqrestore(&dp->lock, flags);
	wait_var_event(&dp->calling, !is_calling(dp));
	if (!ops)
		return;
	local_bh_disable();
	toe_deliver_new_consumer(&dp->d);
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(toe_conn_set_consumer);
