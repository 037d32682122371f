// SPDX-License-Identifier: GPL-2.0
/*
 * A connection's life, and how it talks to the core.
 */
#include <linux/slab.h>
#include <net/tcp.h>

#include "soft.h"

/* Early segments and delivered ones: the engine's cb is not needed any more. */
struct rx_cb {
	bool push;
};

static struct rx_cb *rx_cb(struct sk_buff *skb)
{
	return (struct rx_cb *)skb->cb;
}

/**
 * soft_now() - the target's time
 * @st: the target
 *
 * Return: microseconds.
 */
u64 soft_now(struct soft_target *st)
{
	struct toe_clock *clock = toe_target_clock(st->t);

	if (!clock->manual)
		return ktime_get_ns() / NSEC_PER_USEC;
	return toe_clock_now(clock) * (USEC_PER_SEC / clock->ticks_per_second);
}

static u64 op_now(struct tcpe *e)
{
	return soft_now(soft_conn_of(e)->st);
}

static int op_deliver(struct tcpe *e, struct sk_buff *skb, bool push)
{
	rx_cb(skb)->push = push;
	__skb_queue_tail(&soft_conn_of(e)->rx, skb);
	return 0;
}

static void op_sent(struct tcpe *e, struct tcpe_tx *tx)
{
	soft_tx_free(tx);
}

static void op_acked(struct tcpe *e, u32 bytes)
{
	soft_conn_of(e)->acked += bytes;
}

static void op_finished(struct tcpe *e)
{
	soft_conn_of(e)->owed |= SOFT_OWE_FIN_ACKED;
}

static void op_peer_fin(struct tcpe *e)
{
	soft_conn_of(e)->owed |= SOFT_OWE_PEER_FIN;
}

static void op_reset(struct tcpe *e)
{
	soft_conn_of(e)->owed |= SOFT_OWE_ABORT;
}

static void op_retrieve(struct tcpe *e, enum tcpe_reason reason)
{
	static const u8 reasons[] = {
		[TCPE_R_URGENT] = TOE_URGENT_DATA,
		[TCPE_R_TIMEOUT] = TOE_TIMEOUT,
		[TCPE_R_UNUSUAL] = TOE_UPLOAD_WANTED,
	};

	soft_conn_of(e)->owed |= SOFT_OWE_RETRIEVE(reasons[reason]);
}

static void op_progress(struct tcpe *e)
{
	struct soft_conn *sc = soft_conn_of(e);

	sc->confirm = true;
	rcu_read_lock();
	WRITE_ONCE(rcu_dereference(sc->path->neigh)->nrt,
		   toe_clock_now(toe_target_clock(sc->st->t)));
	rcu_read_unlock();
}

const struct tcpe_ops soft_engine_ops = {
	.now = op_now,
	.xmit = soft_xmit,
	.deliver = op_deliver,
	.sent = op_sent,
	.acked = op_acked,
	.finished = op_finished,
	.peer_fin = op_peer_fin,
	.reset = op_reset,
	.retrieve = op_retrieve,
	.progress = op_progress,
};

void soft_lock(struct soft_conn *sc) __acquires(&sc->lock)
{
	spin_lock_bh(&sc->lock);
}

static bool owes(const struct soft_conn *sc)
{
	return sc->owed || sc->acked || (!skb_queue_empty(&sc->rx) && !sc->stalled) ||
	       !skb_queue_empty(&sc->up);
}

/*
 * These bytes are acknowledged. If the core has no memory for its record of them
 * they stay ours, in order, until it has; every other refusal means that nobody
 * will read them.
 */
static void tell_received(struct soft_conn *sc, struct sk_buff_head *rx)
{
	struct sk_buff *skb;
	int err;

	while ((skb = __skb_dequeue(rx))) {
		err = toe_receive(sc->st->t, sc->handle, skb,
				  rx_cb(skb)->push ? TOE_RX_PSH : 0);
		if (err == -ENOMEM) {
			__skb_queue_head(rx, skb);
			return;
		}
		if (err)
			kfree_skb(skb);
	}
}

static void tell_events(struct soft_conn *sc, u32 owed)
{
	struct toe_target *t = sc->st->t;
	unsigned int r;

	if (owed & SOFT_OWE_PEER_FIN)
		toe_receive(t, sc->handle, NULL, TOE_RX_FIN);
	if (owed & SOFT_OWE_ABORT)
		toe_event_abort(t, sc->handle);
	for (r = TOE_HARDWARE_FAILURE; r <= TOE_SMALL_IO; r++)
		if (owed & SOFT_OWE_RETRIEVE(r))
			toe_event_retrieve(t, sc->handle, r);
}

static void pass_up(struct soft_conn *sc, struct sk_buff_head *up)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(up)))
		if (toe_pass_up(sc->st->t, sc->handle, skb))
			kfree_skb(skb);
}

/* Takes what is owed and tells it. The lock is dropped meanwhile. */
static void tell(struct soft_conn *sc) __releases(&sc->lock) __acquires(&sc->lock)
{
	struct sk_buff_head rx, up;
	u32 owed = sc->owed, acked = sc->acked;

	__skb_queue_head_init(&rx);
	__skb_queue_head_init(&up);
	skb_queue_splice_init(&sc->rx, &rx);
	skb_queue_splice_init(&sc->up, &up);
	sc->owed = 0;
	sc->acked = 0;
	spin_unlock_bh(&sc->lock);

	/* bottom halves stay off, as the core wants it */
	local_bh_disable();
	if (acked || (owed & SOFT_OWE_FIN_ACKED))
		toe_send_acked(sc->st->t, sc->handle, acked, owed & SOFT_OWE_FIN_ACKED);
	tell_received(sc, &rx);
	tell_events(sc, owed);
	pass_up(sc, &up);
	local_bh_enable();

	spin_lock_bh(&sc->lock);
	sc->stalled = !skb_queue_empty(&rx);
	skb_queue_splice(&rx, &sc->rx);
}

/*
 * Deadlines move away with every acknowledgment. The timer is left where it is then: it
 * fires early, finds nothing due, and is armed for what counts by that time.
 */
static void arm(struct soft_conn *sc)
{
	u32 tick = USEC_PER_SEC / toe_target_clock(sc->st->t)->ticks_per_second;
	u64 due = tcpe_deadline(&sc->e), now;

	if (sc->gone)
		return;
	if (sc->stalled) {
		sc->armed = 0;
		toe_timer_arm(&sc->timer, 1);
		return;
	}
	if (due >= sc->armed)
		return;
	sc->armed = due;
	now = soft_now(sc->st);
	toe_timer_arm(&sc->timer, due > now ? div_u64(due - now + tick - 1, tick) : 0);
}

/**
 * soft_unlock() - end a turn with the engine
 * @sc: the connection
 *
 * Hands over what the turn owes to the core, unless somebody is at it.
 */
void soft_unlock(struct soft_conn *sc) __releases(&sc->lock)
{
	if (!sc->draining) {
		sc->draining = true;
		while (owes(sc))
			tell(sc);
		sc->draining = false;
		arm(sc);
	}
	spin_unlock_bh(&sc->lock);
}

static void timer_fn(struct toe_timer *t)
{
	struct soft_conn *sc = container_of(t, struct soft_conn, timer);

	soft_lock(sc);
	sc->armed = TCPE_NEVER;
	sc->stalled = false;
	if (!sc->gone)
		tcpe_timers(&sc->e);
	soft_unlock(sc);
}

static void set_tuple(struct soft_conn *sc)
{
	memcpy(sc->tuple.saddr, sc->path->k.src, sizeof(sc->tuple.saddr));
	memcpy(sc->tuple.daddr, sc->path->k.dst, sizeof(sc->tuple.daddr));
	if (!sc->path->v6) {
		memset(sc->tuple.saddr + 4, 0, 12);
		memset(sc->tuple.daddr + 4, 0, 12);
	}
	sc->tuple.sport = sc->k.local_port;
	sc->tuple.dport = sc->k.remote_port;
	sc->tuple.v6 = sc->path->v6;
}

static struct soft_conn *new_conn(struct soft_target *st, struct toe_block *b,
				  struct soft_path *path)
{
	struct soft_conn *sc = kzalloc(sizeof(*sc), GFP_ATOMIC);

	if (!sc)
		return NULL;
	sc->st = st;
	sc->path = path;
	sc->host = b->protocol_reserved[0];
	sc->handle = b->handle;
	memcpy(&sc->k, toe_block_state(b, TOE_STATE_CONST), sizeof(sc->k));
	memcpy(&sc->v, toe_block_state(b, TOE_STATE_CACHED), sizeof(sc->v));
	spin_lock_init(&sc->lock);
	__skb_queue_head_init(&sc->rx);
	__skb_queue_head_init(&sc->up);
	sc->armed = TCPE_NEVER;
	toe_timer_init(&sc->timer, toe_target_clock(st->t), timer_fn);
	set_tuple(sc);
	return sc;
}

/* Bytes the host received and nobody has read count against the window. */
static u32 buffered_bytes(const struct toe_conn_delegated *d)
{
	struct sk_buff *skb;
	u32 bytes = 0;

	if (!d->buffered)
		return 0;
	skb_queue_walk(d->buffered, skb)
		bytes += skb->len;
	return bytes;
}

static u32 start(struct soft_conn *sc, struct toe_block *b)
{
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);
	struct tcpe_handover h;
	struct tcpe_params p;
	LIST_HEAD(txq);

	soft_params(sc, &p);
	if (!soft_take_state(sc, d, &h))
		return TOE_CONNECTION_REJECTED;
	if (!soft_tx_adopt(sc, b->first_send, b->nsends, &txq))
		return TOE_TCP_XMIT_BUFFER;
	if (tcpe_start(&sc->e, &soft_engine_ops, &p, &h, &txq)) {
		soft_tx_free_list(&txq);
		return TOE_FAILURE;
	}
	sc->e.buffered = buffered_bytes(d);
	return TOE_SUCCESS;
}

/* Somebody may be handing over, and some of it may have been waiting for memory. */
static void drain(struct soft_conn *sc)
{
	unsigned int tries = 0;

	soft_lock(sc);
	while (sc->draining || !skb_queue_empty(&sc->rx)) {
		if (!sc->draining && tries++ > 1000000)
			break;
		sc->stalled = false;
		soft_unlock(sc);
		cpu_relax();
		soft_lock(sc);
	}
	if (WARN_ON_ONCE(!skb_queue_empty(&sc->rx)))
		__skb_queue_purge(&sc->rx);
	soft_unlock(sc);
}

static void free_rcu_cb(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct soft_conn, rcu));
}

/**
 * soft_conn_store() - take over a connection
 * @st: the target
 * @b: its block
 * @path: what it hangs below
 *
 * Return: enum toe_status.
 */
u32 soft_conn_store(struct soft_target *st, struct toe_block *b, struct soft_path *path)
{
	struct tcpe_handover h;
	struct soft_conn *sc;
	LIST_HEAD(txq);
	u32 status;

	if (atomic_inc_return(&st->nconns) > st->max_conns) {
		status = TOE_TCP_ENTRIES;
		goto uncount;
	}
	sc = new_conn(st, b, path);
	if (!sc) {
		status = TOE_RESOURCES;
		goto uncount;
	}
	status = start(sc, b);
	if (status != TOE_SUCCESS)
		goto free;
	*b->ctx = sc;
	if (soft_conn_publish(sc)) {
		*b->ctx = NULL;
		status = TOE_CONNECTION_REJECTED;
		goto stop;
	}
	toe_count_established(st->t, sc->tuple.v6, 1);
	soft_lock(sc);
	tcpe_kick(&sc->e);
	soft_unlock(sc);
	return TOE_SUCCESS;

stop:
	tcpe_stop(&sc->e, &h, &txq);
	soft_tx_free_list(&txq);
free:
	toe_timer_stop(&sc->timer);
	kfree(sc);
uncount:
	atomic_dec(&st->nconns);
	return status;
}

/**
 * soft_conn_end() - give a connection back
 * @sc: the connection; freed
 * @d: delegated state to fill, or NULL
 *
 * On return everything it owed has been told (toe.md 2.8, T1 to T3), and nothing
 * of it is called any more. Bytes the core holds are the core's to return.
 */
void soft_conn_end(struct soft_conn *sc, struct toe_conn_delegated *d)
{
	struct soft_target *st = sc->st;
	struct tcpe_handover h;
	LIST_HEAD(txq);

	soft_conn_unpublish(sc);
	soft_lock(sc);
	tcpe_stop(&sc->e, &h, &txq);
	if (d)
		soft_give_state(sc, &h, d);
	sc->gone = true;
	soft_unlock(sc);
	soft_tx_free_list(&txq);
	toe_timer_stop(&sc->timer);
	drain(sc);
	toe_count_established(st->t, sc->tuple.v6, -1);
	atomic_dec(&st->nconns);
	call_rcu(&sc->rcu, free_rcu_cb);
}
