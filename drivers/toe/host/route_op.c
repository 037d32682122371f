// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on neighbors and paths, each waited for, but not for ever: whoever gives
 * up leaves the operation to its completion.
 */
#include <linux/slab.h>

#include "route.h"

/**
 * struct waited - somebody waits for an operation
 * @op: the operation
 * @subject: the block whose status counts
 * @done: it is over
 * @status: of @subject
 * @refs: who waits, and the completion
 */
struct waited {
	struct toe_op *op;
	struct toe_block *subject;
	struct completion done;
	u32 status;
	refcount_t refs;
};

static void drop(struct waited *w)
{
	if (!refcount_dec_and_test(&w->refs))
		return;
	toe_op_free(w->op);
	kfree(w);
}

static void op_done(struct toe_op *op)
{
	struct waited *w = op->priv;

	w->status = w->subject->status;
	complete(&w->done);
	drop(w);
}

/**
 * toe_op_run() - submit and wait
 * @op: an operation of toe_op_alloc(), or NULL; freed
 * @subject: the block whose status counts; NULL if there was no memory for it
 *
 * Context: process.
 * Return: enum toe_status; %TOE_RESOURCES: no memory, %TOE_INVALID_STATE: refused,
 * %TOE_UNWRITTEN: time is up, and the operation goes on.
 */
u32 toe_op_run(struct toe_op *op, struct toe_block *subject)
{
	struct waited *w = op && subject ? kzalloc(sizeof(*w), GFP_KERNEL) : NULL;
	u32 status = TOE_UNWRITTEN;

	if (!w) {
		toe_op_free(op);
		return TOE_RESOURCES;
	}
	w->op = op;
	w->subject = subject;
	init_completion(&w->done);
	refcount_set(&w->refs, 2);
	op->done = op_done;
	op->priv = w;
	if (toe_op_submit(op)) {
		refcount_set(&w->refs, 1);
		status = TOE_INVALID_STATE;
	} else if (wait_for_completion_timeout(&w->done, msecs_to_jiffies(TOE_HOST_WAIT_MS))) {
		status = w->status;
	}
	drop(w);
	return status;
}

static struct toe_op *new_op(struct toe_target *t, enum toe_op_type type)
{
	/* done() and priv are toe_op_run()'s */
	return toe_op_alloc(t, type, op_done, NULL, GFP_KERNEL);
}

static struct toe_block *add(struct toe_op *op, struct toe_block *up, struct toe_obj *obj,
			     enum toe_class cls)
{
	return op ? toe_op_add(op, up, obj, 0, cls, GFP_KERNEL) : NULL;
}

/**
 * toe_hop_offload() - initiate of a neighbor
 * @h: the neighbor
 *
 * Return: as toe_op_run().
 */
u32 toe_hop_offload(struct toe_hop *h)
{
	struct toe_op *op = new_op(h->target, TOE_INITIATE);
	u32 status;

	refcount_inc(&h->refs);
	status = toe_op_run(op, add(op, NULL, h->obj, TOE_STATE_ALL));
	/* never accepted: nobody will be told that it is over */
	if (status == TOE_RESOURCES || status == TOE_INVALID_STATE)
		toe_hop_unref(h);
	return status;
}

/**
 * toe_route_offload() - initiate of a path, below its neighbor
 * @r: the path
 *
 * Return: as toe_op_run().
 */
u32 toe_route_offload(struct toe_route *r)
{
	struct toe_op *op = new_op(r->key.target, TOE_INITIATE);
	struct toe_block *up = add(op, NULL, r->hop->obj, TOE_STATE_NONE);

	return toe_op_run(op, up ? add(op, up, r->obj, TOE_STATE_ALL) : NULL);
}

/**
 * toe_hop_update() - another MAC
 * @h: the neighbor
 * @v: its new cached state
 *
 * Return: as toe_op_run().
 */
u32 toe_hop_update(struct toe_hop *h, const struct toe_neigh_cached *v)
{
	struct toe_op *op = new_op(h->target, TOE_UPDATE);
	struct toe_block *b = add(op, NULL, h->obj, TOE_STATE_CACHED);

	if (b)
		*(struct toe_neigh_cached *)toe_block_state(b, TOE_STATE_CACHED) = *v;
	return toe_op_run(op, b);
}

/**
 * toe_hop_invalidate() - nothing may be sent by this neighbor any more
 * @h: the neighbor
 *
 * Return: as toe_op_run().
 */
u32 toe_hop_invalidate(struct toe_hop *h)
{
	struct toe_op *op = new_op(h->target, TOE_INVALIDATE);

	return toe_op_run(op, add(op, NULL, h->obj, TOE_STATE_NONE));
}

/**
 * toe_route_update_mtu() - another path MTU
 * @r: the path
 * @mtu: IP MTU
 *
 * Return: as toe_op_run().
 */
u32 toe_route_update_mtu(struct toe_route *r, u32 mtu)
{
	struct toe_op *op = new_op(r->key.target, TOE_UPDATE);
	struct toe_block *b = add(op, NULL, r->obj, TOE_STATE_CACHED);

	if (b)
		((struct toe_path_cached *)toe_block_state(b, TOE_STATE_CACHED))->mtu = mtu;
	return toe_op_run(op, b);
}

/**
 * toe_route_relink() - the path uses another neighbor now
 * @r: the path
 * @h: the neighbor, offloaded
 *
 * Return: as toe_op_run().
 */
u32 toe_route_relink(struct toe_route *r, struct toe_hop *h)
{
	struct toe_op *op = new_op(h->target, TOE_UPDATE);
	struct toe_block *up = add(op, NULL, h->obj, TOE_STATE_NONE);

	return toe_op_run(op, up ? add(op, up, r->obj, TOE_STATE_NONE) : NULL);
}
