// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that arrive, from the wire or from the host.
 */
#include <kunit/visibility.h>
#include <net/tcp.h>

#include "soft.h"

static const struct rhashtable_params conn_params = {
	.key_len = sizeof(struct soft_tuple),
	.key_offset = offsetof(struct soft_conn, tuple),
	.head_offset = offsetof(struct soft_conn, node),
	.automatic_shrinking = true,
};

/**
 * soft_conn_find() - a connection by its addresses
 * @st: the target
 * @key: as &soft_conn.tuple
 *
 * Context: RCU read side, valid in there.
 * Return: the connection, NULL.
 */
struct soft_conn *soft_conn_find(struct soft_target *st, const struct soft_tuple *key)
{
	return rhashtable_lookup(&st->conns, key, conn_params);
}

/**
 * soft_rx() - a segment from the wire
 * @st: the target
 * @key: whose
 * @skb: TCP header first, checksum verified, shared with nobody; taken if 0 is
 *	returned
 *
 * Context: softirq, or process with bottom halves off.
 * Return: 0, or -ENOENT: not one of the target's connections, the host's segment.
 */
int soft_rx(struct soft_target *st, const struct soft_tuple *key, struct sk_buff *skb)
{
	struct soft_conn *sc;
	int err = -ENOENT;

	rcu_read_lock();
	sc = soft_conn_find(st, key);
	if (!sc)
		goto out;
	soft_lock(sc);
	if (sc->gone) {
		soft_unlock(sc);
		goto out;
	}
	err = 0;
	toe_count(st->t, key->v6, TOE_TCP_IN_SEGS, 1);
	if (tcpe_input(&sc->e, skb) == TCPE_PASS)
		__skb_queue_tail(&sc->up, skb);
	soft_unlock(sc);
out:
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(soft_rx);

/**
 * soft_forward() - &toe_target_ops.forward
 * @t: the target
 * @ctx: the connection
 * @f: a segment the host received
 */
void soft_forward(struct toe_target *t, void *ctx, struct toe_forward *f)
{
	struct sk_buff *skb = skb_copy(f->skb, GFP_ATOMIC);
	struct soft_conn *sc = ctx;
	u32 status = TOE_UPLOAD_IN_PROGRESS;

	soft_lock(sc);
	if (sc->e.state == TCPE_CLOSED)
		status = TOE_REQUEST_ABORTED;
	else if (!skb)
		/* lost, the peer sends it again */
		status = TOE_SUCCESS;
	else if (!sc->gone && tcpe_input(&sc->e, skb) == TCPE_DONE)
		status = TOE_SUCCESS;
	soft_unlock(sc);
	if (status != TOE_SUCCESS)
		kfree_skb(skb);
	/* the link of @f is the core's, and it may be gone when this returns */
	toe_forward_done(t, f, status);
}

int soft_conn_publish(struct soft_conn *sc)
{
	return rhashtable_lookup_insert_fast(&sc->st->conns, &sc->node, conn_params);
}

void soft_conn_unpublish(struct soft_conn *sc)
{
	rhashtable_remove_fast(&sc->st->conns, &sc->node, conn_params);
}

int soft_conns_init(struct soft_target *st)
{
	return rhashtable_init(&st->conns, &conn_params);
}
