// SPDX-License-Identifier: GPL-2.0
/*
 * Who may run with whom (toe.md 2.2).
 *
 *	in the way of	  on an object of its tree
 *	----------------  ------------------------------------------------------
 *	initiate	  initiate of what it hangs below
 *	query		  initiate
 *	update		  initiate, update (in the order accepted), invalidate
 *	invalidate	  initiate, update, invalidate
 *	terminate	  all of these, query; and another terminate, whose
 *			  result it then shares
 *
 * What new children or moving paths are to hang below is pinned from the moment
 * their operation is accepted, and is not terminated (check.c, upload.c).
 *
 * An operation claims all objects of its tree or none. The first object in the
 * way has it in its list of waiters and sends it back when something about it
 * changes.
 */
#include "state.h"

/* An accepted operation has this effect at once, even while it waits. */
static void accept_block(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;

	switch (op->type) {
	case TOE_INITIATE:
		if (toe_is_new(b))
			toe_obj_move(obj, TOE_OFFLOADING);
		else
			obj->pins++;
		break;
	case TOE_UPDATE:
		if (toe_is_neigh_link(b))
			obj->pins++;
		break;
	case TOE_TERMINATE:
		obj->ending++;
		list_add_tail(&b->core.join, &obj->joined);
		break;
	default:
		break;
	}
}

void toe_accept(struct toe_op *op)
{
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (w.at->object)
			accept_block(op, w.at);
}

static bool blocked(const struct toe_op *op, const struct toe_block *b, bool again)
{
	const struct toe_obj *obj = b->object;

	if (op->type == TOE_INITIATE)
		return !toe_is_new(b) && obj->state == TOE_OFFLOADING;
	if (obj->state == TOE_OFFLOADING)
		return true;
	switch (op->type) {
	case TOE_UPDATE:
		if (toe_is_neigh_link(b))
			return false;
		return obj->updates || obj->invalidates || (!again && obj->updates_waiting);
	case TOE_INVALIDATE:
		return obj->updates || obj->invalidates;
	case TOE_TERMINATE:
		return obj->state == TOE_UPLOADING || obj->queries || obj->updates ||
		       obj->invalidates;
	default:
		return false;
	}
}

static void claim_block(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;

	switch (op->type) {
	case TOE_QUERY:
		obj->queries++;
		break;
	case TOE_UPDATE:
		if (!toe_is_neigh_link(b))
			obj->updates++;
		break;
	case TOE_INVALIDATE:
		obj->invalidates++;
		break;
	case TOE_TERMINATE:
		toe_obj_move(obj, TOE_UPLOADING);
		break;
	default:
		break;
	}
}

/* Updates that wait keep later ones behind them, on every object of their tree. */
void toe_count_waiting(struct toe_op *op, int by)
{
	struct toe_walk w;

	if (op->type != TOE_UPDATE)
		return;
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (w.at->object && !toe_is_neigh_link(w.at))
			w.at->object->updates_waiting += by;
}

/*
 * In the order accepted, which is that of the marks: who looked and found
 * something else in the way comes back to its place.
 */
static void wait_for(struct toe_op *op, struct toe_obj *obj)
{
	struct toe_op *other;

	op->core.state = TOE_OP_WAITING;
	list_for_each_entry_reverse(other, &obj->waiters, core.wait)
		if (other->core.mark < op->core.mark)
			break;
	list_add(&op->core.wait, &other->core.wait);
}

/*
 * Blocks of a terminate whose object came back by another one are over: they
 * hold its result, and a target sees nothing in them.
 */
bool toe_block_is_over(const struct toe_block *b)
{
	return !b->object || b->core.over;
}

/* NULL: claimed. Else the object in the way; the operation waits for it now. */
struct toe_obj *toe_claim(struct toe_op *op, bool again)
{
	struct toe_walk w;

	lockdep_assert_held(&op->target->lock);
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		if (toe_block_is_over(w.at) || !blocked(op, w.at, again))
			continue;
		if (!again)
			toe_count_waiting(op, 1);
		wait_for(op, w.at->object);
		return w.at->object;
	}
	if (again)
		toe_count_waiting(op, -1);
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (!toe_block_is_over(w.at))
			claim_block(op, w.at);
	return NULL;
}

/* Something about the object changed: whoever waits for it looks again. */
void toe_release(struct toe_obj *obj)
{
	lockdep_assert_held(&obj->target->lock);
	list_splice_tail_init(&obj->waiters, &obj->target->retry);
}
