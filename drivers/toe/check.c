// SPDX-License-Identifier: GPL-2.0
/*
 * Is a tree fit for its operation? Nothing changes here but marks: a tree that
 * is refused has touched no object, and no target has seen it.
 */
#include <linux/atomic.h>
#include <linux/errno.h>

#include "state.h"

static atomic64_t marks = ATOMIC64_INIT(0);

/* What every block must satisfy before its pointers are followed. */
static int check_envelope(struct toe_op *op, struct toe_block *b, struct toe_block *up)
{
	unsigned int depth;

	if (b->core.mark == op->core.mark)
		return -ELOOP;
	b->core.mark = op->core.mark;
	if (b->layer >= TOE_LAYERS || b->state_class >= TOE_CLASSES ||
	    b->revision != TOE_REVISION || b->size != toe_block_size(b->layer, b->state_class))
		return -EINVAL;
	depth = toe_layer_depth(b->layer);
	if (up ? depth != toe_layer_depth(up->layer) + 1 :
		 depth != toe_layer_depth(op->root->layer))
		return -EINVAL;
	if (b->layer == TOE_CONN && b->dependents)
		return -EINVAL;
	return 0;
}

static int check_object(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;

	if (!obj)
		return b->state_class == TOE_STATE_NONE ? 0 : -EINVAL;
	if (obj->target != op->target)
		return -EXDEV;
	if (obj->layer != b->layer)
		return -EINVAL;
	if (obj->mark == op->core.mark)
		return -ELOOP;
	obj->mark = op->core.mark;
	return 0;
}

/* Each structure that is sent along: its own length, and sense in it. */
static int check_state(struct toe_block *b, bool incoming)
{
	unsigned int c;

	for (c = TOE_STATE_CONST; c < TOE_STATE_ALL; c++) {
		void *state = toe_block_state(b, c);

		if (!state)
			continue;
		if (incoming ? !toe_state_ok(b->layer, c, state) :
			       !toe_state_fits(b->layer, c, state))
			return -EINVAL;
	}
	return 0;
}

static bool hangs_right(const struct toe_block *b, const struct toe_block *up)
{
	return !up || !up->object || b->object->parent == up->object;
}

static int check_caps(struct toe_block *b)
{
	const struct toe_caps *caps = &b->object->target->caps;
	const struct toe_conn_const *c;

	switch (b->layer) {
	case TOE_PATH4:
		return caps->ipv4 ? 0 : -EOPNOTSUPP;
	case TOE_PATH6:
		return caps->ipv6 ? 0 : -EOPNOTSUPP;
	case TOE_CONN:
		c = toe_block_state(b, TOE_STATE_CONST);
		return !(c->flags & TOE_CONN_SACK) || caps->sack ? 0 : -EOPNOTSUPP;
	default:
		return 0;
	}
}

static int check_conn_new(struct toe_block *b)
{
	const struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);

	if (!toe_tcp_state_can_offload(d->state) || d->valid_for != TOE_FOR_TRANSFER)
		return -EINVAL;
	return 0;
}

static int check_new(struct toe_block *b, struct toe_block *up)
{
	struct toe_obj *obj = b->object;
	int err;

	if (obj->state == TOE_OFFLOADING)
		return -EALREADY;
	if (obj->state == TOE_OFFLOADED && !obj->ending)
		return -EISCONN;
	if (obj->state != TOE_IN_HOST)
		return -ESHUTDOWN;
	/* a target finds the parent's context through the block above */
	if (obj->parent && (!up || up->object != obj->parent))
		return -ENOTCONN;
	err = check_state(b, true);
	if (!err && b->layer == TOE_CONN)
		err = check_conn_new(b);
	if (!err)
		err = check_caps(b);
	return err ?: toe_policy_offer(obj);
}

/* Without state and without dependents it can only have been meant as new. */
static int check_leaf(const struct toe_obj *obj)
{
	if (obj->state == TOE_OFFLOADING)
		return -EALREADY;
	return obj->state == TOE_OFFLOADED && !obj->ending ? -EISCONN : -EINVAL;
}

static int check_linker(struct toe_block *b, struct toe_block *up)
{
	struct toe_obj *obj = b->object;

	if (!b->dependents)
		return check_leaf(obj);
	if (!hangs_right(b, up))
		return -EINVAL;
	if (obj->state == TOE_IN_HOST)
		return -ENOTCONN;
	if (obj->state == TOE_UPLOADING || obj->ending || obj->want)
		return -ESHUTDOWN;
	return toe_obj_is_invalid(obj) ? -EINVAL : 0;
}

static int check_initiate(struct toe_block *b, struct toe_block *up)
{
	if (toe_is_new(b))
		return check_new(b, up);
	if (b->state_class == TOE_STATE_NONE)
		return check_linker(b, up);
	return -EINVAL;
}

/* The object is there and stays. */
static int check_present(const struct toe_obj *obj)
{
	if (obj->state == TOE_IN_HOST)
		return -ENOTCONN;
	return obj->state == TOE_UPLOADING || obj->ending ? -ESHUTDOWN : 0;
}

static int check_query(struct toe_block *b, struct toe_block *up)
{
	if (b->state_class == TOE_STATE_NONE || !hangs_right(b, up) || check_state(b, false))
		return -EINVAL;
	return check_present(b->object);
}

static int check_update(struct toe_block *b, struct toe_block *up)
{
	bool relink = up && up->object && toe_is_neigh_link(up);

	if (toe_is_neigh_link(b)) {
		if (!b->dependents)
			return -EINVAL;
	} else if (b->state_class == TOE_STATE_NONE) {
		/* a path may come without values only to be re-linked */
		if (!relink || !toe_layer_is_path(b->layer) || b->dependents)
			return -EINVAL;
	} else if (b->state_class != TOE_STATE_CACHED || check_state(b, true)) {
		return -EINVAL;
	}
	if (!relink && !hangs_right(b, up))
		return -EINVAL;
	if (toe_obj_is_invalid(b->object) && !(relink && b->state_class == TOE_STATE_NONE))
		return -EINVAL;
	return check_present(b->object);
}

static int check_invalidate(struct toe_block *b, struct toe_block *up)
{
	if (b->state_class != TOE_STATE_NONE || !hangs_right(b, up))
		return -EINVAL;
	return check_present(b->object);
}

/* Everything below that is not in the host must be below in the tree too. */
static bool is_whole(const struct toe_block *b)
{
	const struct toe_block *child;
	u32 in_tree = 0;

	for (child = b->dependents; child; child = child->next)
		if (child->object && child->object->state != TOE_IN_HOST &&
		    child->object->parent == b->object)
			in_tree++;
	return in_tree == b->object->noffloaded;
}

static int check_terminate(struct toe_block *b, struct toe_block *up)
{
	bool state = b->state_class == TOE_STATE_DELEGATED;

	if (!state && (b->layer == TOE_CONN || b->state_class != TOE_STATE_NONE))
		return -EINVAL;
	if (!hangs_right(b, up) || check_state(b, false))
		return -EINVAL;
	if (b->object->state == TOE_IN_HOST)
		return -ENOTCONN;
	/* something is about to hang below it */
	return b->object->pins ? -EBUSY : 0;
}

static int check_block(struct toe_op *op, struct toe_block *b, struct toe_block *up)
{
	int err;

	err = check_envelope(op, b, up);
	if (!err)
		err = check_object(op, b);
	if (err || !b->object)
		return err;
	switch (op->type) {
	case TOE_INITIATE:
		return check_initiate(b, up);
	case TOE_QUERY:
		return check_query(b, up);
	case TOE_UPDATE:
		return check_update(b, up);
	case TOE_INVALIDATE:
		return check_invalidate(b, up);
	default:
		return check_terminate(b, up);
	}
}

/* Prepares the block for the target; the tree will be accepted. */
static bool prepare(struct toe_op *op, struct toe_block *b)
{
	b->ctx = b->object ? &b->object->ctx : NULL;
	b->handle = 0;
	b->status = TOE_UNWRITTEN;
	b->first_send = NULL;
	b->nsends = 0;
	b->core.op = op;
	b->core.over = false;
	INIT_LIST_HEAD(&b->core.join);
	return b->object;
}

static int check_all(struct toe_op *op)
{
	struct toe_walk w;
	int err;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		err = check_block(op, w.at, toe_walk_parent(&w));
		if (err)
			return err;
		op->core.blocks++;
	}
	return 0;
}

int toe_check(struct toe_op *op)
{
	unsigned int objects = 0;
	struct toe_walk w;
	int err;

	lockdep_assert_held(&op->target->lock);
	if (op->type >= TOE_OPS || !op->root || !op->done)
		return -EINVAL;
	op->core.mark = atomic64_inc_return(&marks);
	op->core.blocks = 0;
	err = check_all(op);
	if (err)
		return err;
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		if (op->type == TOE_TERMINATE && w.at->object && !is_whole(w.at))
			return -EBUSY;
		objects += prepare(op, w.at);
	}
	/* a tree about nothing */
	return objects ? 0 : -EINVAL;
}
