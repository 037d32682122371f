// SPDX-License-Identifier: GPL-2.0
/*
 * The operations, and the target's own life.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "soft.h"

static void op_caps(struct toe_target *t, struct toe_caps *caps)
{
	struct soft_target *st = toe_target_priv(t);

	caps->ipv4 = true;
	caps->ipv6 = IS_ENABLED(CONFIG_IPV6);
	caps->sack = true;
	caps->max_conns = st->max_conns;
}

static u32 store_neigh(struct soft_target *st, struct toe_block *b)
{
	struct soft_neigh *n = kzalloc(sizeof(*n), GFP_ATOMIC);

	if (!n)
		return TOE_RESOURCES;
	memcpy(&n->k, toe_block_state(b, TOE_STATE_CONST), sizeof(n->k));
	memcpy(&n->v, toe_block_state(b, TOE_STATE_CACHED), sizeof(n->v));
	seqlock_init(&n->lock);
	n->handle = b->handle;
	/* nothing is known but what the host knows */
	soft_neigh_heard_by_host(st, n);
	n->nrt = n->hrt;
	*b->ctx = n;
	return TOE_SUCCESS;
}

static u32 store_path(struct toe_block *b, struct soft_neigh *neigh)
{
	struct soft_path *p = kzalloc(sizeof(*p), GFP_ATOMIC);

	if (!p)
		return TOE_RESOURCES;
	memcpy(&p->k, toe_block_state(b, TOE_STATE_CONST), sizeof(p->k));
	memcpy(&p->v, toe_block_state(b, TOE_STATE_CACHED), sizeof(p->v));
	RCU_INIT_POINTER(p->neigh, neigh);
	p->v6 = b->layer == TOE_PATH6;
	*b->ctx = p;
	return TOE_SUCCESS;
}

static u32 store(struct toe_target *t, struct toe_block *b, void *parent, void *arg)
{
	switch (b->layer) {
	case TOE_NEIGH:
		return store_neigh(toe_target_priv(t), b);
	case TOE_CONN:
		return soft_conn_store(toe_target_priv(t), b, parent);
	default:
		return store_path(b, parent);
	}
}

static void op_initiate(struct toe_target *t, struct toe_block *root)
{
	toe_initiate_each(t, root, store, NULL);
	toe_complete(t, root);
}

/* If the query asks for that class. */
static void fill(struct toe_block *b, enum toe_class cls, const void *from)
{
	void *to = toe_block_state(b, cls);

	if (to)
		memcpy(to, from, ((struct toe_state_header *)to)->length);
}

static void query_neigh(struct toe_target *t, struct toe_block *b, struct soft_neigh *n)
{
	struct toe_neigh_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);

	fill(b, TOE_STATE_CONST, &n->k);
	fill(b, TOE_STATE_CACHED, &n->v);
	if (d)
		d->nic_reachability = soft_neigh_silence(toe_target_priv(t), n);
}

static void query_conn(struct toe_block *b, struct soft_conn *sc)
{
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);
	struct tcpe_handover h;

	fill(b, TOE_STATE_CONST, &sc->k);
	soft_lock(sc);
	fill(b, TOE_STATE_CACHED, &sc->v);
	if (d) {
		tcpe_get(&sc->e, &h);
		soft_give_state(sc, &h, d);
	}
	soft_unlock(sc);
}

static void query_one(struct toe_target *t, struct toe_block *b)
{
	struct soft_path *p;

	switch (b->layer) {
	case TOE_NEIGH:
		query_neigh(t, b, *b->ctx);
		break;
	case TOE_CONN:
		query_conn(b, *b->ctx);
		break;
	default:
		p = *b->ctx;
		fill(b, TOE_STATE_CONST, &p->k);
		fill(b, TOE_STATE_CACHED, &p->v);
	}
}

static void update_conn(struct toe_block *b, struct soft_conn *sc)
{
	struct toe_conn_cached *v = toe_block_state(b, TOE_STATE_CACHED);
	struct tcpe_params p;

	soft_lock(sc);
	memcpy(&sc->v, v, sizeof(sc->v));
	sc->v.flags &= ~TOE_CONN_ONE_SHOT;
	soft_params(sc, &p);
	tcpe_update(&sc->e, &p, v->flags & TOE_CONN_KEEPALIVE_RESTART,
		    (v->flags & TOE_CONN_MAX_RT_RESTART) || v->max_rt);
	soft_unlock(sc);
}

/* A smaller MTU shows in the next segment of each connection of the path. */
static void update_mtu(struct toe_target *t, struct soft_path *path)
{
	struct soft_target *st = toe_target_priv(t);
	struct rhashtable_iter it;
	struct soft_conn *sc;

	rhashtable_walk_enter(&st->conns, &it);
	rhashtable_walk_start(&it);
	while ((sc = rhashtable_walk_next(&it))) {
		struct tcpe_params p;

		if (IS_ERR(sc) || sc->path != path)
			continue;
		soft_lock(sc);
		soft_params(sc, &p);
		if (!sc->gone)
			tcpe_update(&sc->e, &p, false, false);
		soft_unlock(sc);
	}
	rhashtable_walk_stop(&it);
	rhashtable_walk_exit(&it);
}

static void update_path(struct toe_target *t, struct toe_block *b, struct soft_path *p,
			struct toe_block *parent)
{
	struct toe_path_cached *v = toe_block_state(b, TOE_STATE_CACHED);

	if (parent && parent->ctx && *parent->ctx)
		rcu_assign_pointer(p->neigh, *parent->ctx);
	if (!v)
		return;
	p->v.mtu = v->mtu;
	update_mtu(t, p);
}

static void update_neigh(struct toe_target *t, struct toe_block *b, struct soft_neigh *n)
{
	write_seqlock_bh(&n->lock);
	memcpy(&n->v, toe_block_state(b, TOE_STATE_CACHED), sizeof(n->v));
	write_sequnlock_bh(&n->lock);
	soft_neigh_heard_by_host(toe_target_priv(t), n);
}

static void update_one(struct toe_target *t, struct toe_walk *w)
{
	struct toe_block *b = w->at;

	switch (b->layer) {
	case TOE_NEIGH:
		update_neigh(t, b, *b->ctx);
		break;
	case TOE_CONN:
		update_conn(b, *b->ctx);
		break;
	default:
		update_path(t, b, *b->ctx, toe_walk_parent(w));
	}
}

/*
 * Whoever is sending has finished with what he saw before: when this returns, every
 * connection sees the mark (may_send()).
 */
static void wait_for_senders(struct toe_target *t)
{
	struct soft_target *st = toe_target_priv(t);
	struct rhashtable_iter it;
	struct soft_conn *sc;

	rhashtable_walk_enter(&st->conns, &it);
	rhashtable_walk_start(&it);
	while ((sc = rhashtable_walk_next(&it))) {
		if (IS_ERR(sc))
			continue;
		soft_lock(sc);
		soft_unlock(sc);
	}
	rhashtable_walk_stop(&it);
	rhashtable_walk_exit(&it);
}

static void invalidate_one(struct toe_target *t, struct toe_block *b)
{
	struct soft_conn *sc;

	switch (b->layer) {
	case TOE_NEIGH:
		WRITE_ONCE(((struct soft_neigh *)*b->ctx)->invalid, true);
		wait_for_senders(t);
		break;
	case TOE_CONN:
		sc = *b->ctx;
		soft_lock(sc);
		sc->invalid = true;
		soft_unlock(sc);
		break;
	default:
		WRITE_ONCE(((struct soft_path *)*b->ctx)->invalid, true);
		wait_for_senders(t);
	}
}

/* A segment may still be looking at them: freed by RCU. */
static void forget(struct toe_block *b, void *ctx)
{
	if (b->layer == TOE_NEIGH)
		kfree_rcu((struct soft_neigh *)ctx, rcu);
	else
		kfree_rcu((struct soft_path *)ctx, rcu);
}

static u32 terminate_one(struct toe_target *t, struct toe_block *b)
{
	struct toe_conn_delegated *d;
	void *ctx = *b->ctx;
	u32 status = toe_fault(t, b->layer, TOE_TERMINATE);

	*b->ctx = NULL;
	if (b->layer != TOE_CONN) {
		forget(b, ctx);
		return status;
	}
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	soft_conn_end(ctx, status == TOE_SUCCESS ? d : NULL);
	return status;
}

static u32 one(struct toe_target *t, enum toe_op_type op, struct toe_walk *w)
{
	struct toe_block *b = w->at;
	u32 status;

	if (op == TOE_TERMINATE)
		return terminate_one(t, b);
	status = toe_fault(t, b->layer, op);
	if (status != TOE_SUCCESS)
		return status;
	if (op == TOE_QUERY)
		query_one(t, b);
	else if (op == TOE_UPDATE)
		update_one(t, w);
	else
		invalidate_one(t, b);
	return TOE_SUCCESS;
}

static void each(struct toe_target *t, enum toe_op_type op, struct toe_block *root)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w)) {
		if (toe_block_role(op, w.at) != TOE_ROLE_SUBJECT)
			w.at->status = TOE_SUCCESS;
		else
			w.at->status = one(t, op, &w);
	}
	toe_complete(t, root);
}

static void op_query(struct toe_target *t, struct toe_block *root)
{
	each(t, TOE_QUERY, root);
}

static void op_update(struct toe_target *t, struct toe_block *root)
{
	each(t, TOE_UPDATE, root);
}

static void op_invalidate(struct toe_target *t, struct toe_block *root)
{
	each(t, TOE_INVALIDATE, root);
}

static void op_terminate(struct toe_target *t, struct toe_block *root)
{
	each(t, TOE_TERMINATE, root);
}

static void op_consumed(struct toe_target *t, void *ctx, u32 bytes)
{
	struct soft_conn *sc = ctx;

	soft_lock(sc);
	if (!sc->gone)
		tcpe_consumed(&sc->e, bytes);
	soft_unlock(sc);
}

static void op_set_params(struct toe_target *t, const struct toe_params *p)
{
	struct soft_target *st = toe_target_priv(t);

	WRITE_ONCE(st->nce_stale, p->nce_stale);
}

static const struct toe_target_ops soft_ops = {
	.owner = THIS_MODULE,
	.kind = "software",
	.caps = op_caps,
	.initiate = op_initiate,
	.query = op_query,
	.update = op_update,
	.invalidate = op_invalidate,
	.terminate = op_terminate,
	.send = soft_send,
	.consumed = op_consumed,
	.forward = soft_forward,
	.set_params = op_set_params,
};

/**
 * soft_create() - a software target
 * @nic: the adapter it belongs to
 * @name: its name
 * @max_conns: most connections it takes
 * @engine_flags: see &struct soft_target
 * @wire: output
 * @priv: for the wire
 * @clock: a clock to use, NULL: the kernel's time
 *
 * Return: the target or ERR_PTR(), as toe_target_register().
 */
struct soft_target *soft_create(struct ndk_nic *nic, const char *name, u32 max_conns,
				u32 engine_flags, const struct soft_wire *wire, void *priv,
				struct toe_clock *clock)
{
	struct soft_target *st = kzalloc(sizeof(*st), GFP_KERNEL);
	struct toe_params params;
	int err;

	if (!st)
		return ERR_PTR(-ENOMEM);
	st->wire = wire;
	st->priv = priv;
	st->max_conns = max_conns;
	st->engine_flags = engine_flags & (TCPE_F_HANDLE_FIN | TCPE_F_HANDLE_RST);
	err = soft_conns_init(st);
	if (err)
		goto free;
	st->t = toe_target_register(nic, name, &soft_ops, st, clock);
	if (IS_ERR(st->t)) {
		err = PTR_ERR(st->t);
		goto destroy;
	}
	toe_target_get_params(st->t, &params);
	op_set_params(st->t, &params);
	return st;

destroy:
	rhashtable_destroy(&st->conns);
free:
	kfree(st);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(soft_create);

/**
 * soft_destroy() - take everything back, then forget the target
 * @st: the target
 *
 * Context: process.
 */
void soft_destroy(struct soft_target *st)
{
	toe_target_unregister(st->t);
	rcu_barrier();
	rhashtable_destroy(&st->conns);
	kfree(st);
}
EXPORT_SYMBOL_GPL(soft_destroy);
