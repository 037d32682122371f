// SPDX-License-Identifier: GPL-2.0
/*
 * What a completed operation means for its objects. Worker only.
 *
 * Per operation: settle every object, tell the data path and the host, then the
 * owner (&toe_op.done, after which the operation and its tree are gone), then
 * what follows from failures.
 */
#include <linux/delay.h>

#include "trace.h"

#include "state.h"

/* Objects with something left to do after done(); each with a reference. */
struct later {
	struct toe_obj *first;
	struct toe_obj **end;
};

static void put_later(struct later *l, struct toe_obj *obj)
{
	if (!l->first)
		l->end = &l->first;
	*l->end = obj;
	l->end = &obj->later;
}

/* A status that this operation cannot have counts as FAILURE, loudly. */
static void judge(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;

	trace_toe_block(op, b);
	if (toe_status_legal(op->type, b->status))
		return;
	toe_complain(op->target, TOE_BAD_STATUS,
		     b->status == TOE_UNWRITTEN ? "left a status out" : "made up a status");
	b->status = TOE_FAILURE;
	if (obj && obj->host && obj->host->broken)
		obj->host->broken(obj, obj->host_priv, op->type);
}

/* On success there is a context, on failure there is none (R-TOE-23). */
static void judge_context(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;

	if (toe_status_is_stored(b->status) == !!obj->ctx)
		return;
	toe_complain(op->target, TOE_BAD_STATUS, obj->ctx ?
		     "stored a context for what it refused" : "stored no context");
	obj->ctx = NULL;
	b->status = TOE_FAILURE;
}

/*
 * A target that has not adopted a connection lets the core do it: nothing has
 * been received yet. What was lent is the peer's for good, so for its copy we
 * wait as long as it takes.
 */
static void adopt_late(struct toe_block *b)
{
	while (toe_adopt(b->object->target, b) != TOE_SUCCESS)
		msleep(20);
}

static void end_initiate(struct toe_obj *obj)
{
	spin_lock_irq(&obj->target->qlock);
	obj->initiate = NULL;
	spin_unlock_irq(&obj->target->qlock);
}

static void tell_offloaded(struct toe_obj *obj, u32 status)
{
	if (obj->host && obj->host->offloaded)
		obj->host->offloaded(obj, obj->host_priv, status);
}

static void stored(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;
	struct toe_target *t = op->target;

	if (obj->layer == TOE_CONN)
		adopt_late(b);
	end_initiate(obj);
	spin_lock_bh(&t->lock);
	toe_obj_move(obj, TOE_OFFLOADED);
	toe_policy_result(obj, b->status);
	toe_release(obj);
	spin_unlock_bh(&t->lock);
	tell_offloaded(obj, b->status);
	if (obj->layer == TOE_CONN)
		toe_dp_open(to_toe_conn(obj));
	toe_events_resume(obj);
}

/* The host has it again; for whoever has a terminate waiting, it is back. */
static void home(struct toe_obj *obj)
{
	WRITE_ONCE(obj->handle, 0);
	obj->ctx = NULL;
	toe_obj_move(obj, TOE_IN_HOST);
	/* its events were forgotten, so none are held: nothing here outlives an offload */
	toe_backlog_drop(obj);
	obj->flags = 0;
	obj->reported = 0;
	toe_release(obj);
	if (obj->parent)
		toe_release(obj->parent);
}

/* Terminates accepted for it meanwhile share what came of it. */
static void share(struct toe_obj *obj, struct toe_op *op, struct toe_block *from)
{
	struct toe_block *b, *next;

	list_for_each_entry_safe(b, next, &obj->joined, core.join) {
		if (b == from)
			continue;
		list_del_init(&b->core.join);
		obj->ending--;
		b->core.over = true;
		b->status = from ? from->status : TOE_FAILURE;
		if (from && toe_block_state(b, TOE_STATE_DELEGATED) &&
		    toe_block_state(from, TOE_STATE_DELEGATED))
			memcpy(toe_block_state(b, TOE_STATE_DELEGATED),
			       toe_block_state(from, TOE_STATE_DELEGATED),
			       toe_state_size(b->layer, TOE_STATE_DELEGATED));
		if (b->layer == TOE_CONN)
			((struct toe_conn_delegated *)
			 toe_block_state(b, TOE_STATE_DELEGATED))->buffered = NULL;
	}
}

static void refused(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;
	struct toe_target *t = op->target;

	end_initiate(obj);
	toe_event_forget(obj);
	spin_lock_bh(&t->lock);
	home(obj);
	share(obj, op, NULL);
	toe_policy_result(obj, b->status);
	spin_unlock_bh(&t->lock);
	tell_offloaded(obj, b->status);
	if (obj->layer == TOE_CONN)
		toe_dp_refuse(to_toe_conn(obj), b);
	toe_obj_put(obj);
}

static void unpin(struct toe_obj *obj)
{
	spin_lock_bh(&obj->target->lock);
	obj->pins--;
	toe_release(obj);
	spin_unlock_bh(&obj->target->lock);
}

/* A target has nothing that hangs below what it refused: it comes back at once. */
static void check_parent(struct toe_op *op, struct toe_obj *obj)
{
	if (!obj->parent || toe_obj_state(obj->parent) != TOE_IN_HOST)
		return;
	toe_complain(op->target, TOE_BAD_STATUS, "stored what hangs below something it refused");
	toe_upload(obj, TOE_OP_FAILED);
}

static void finish_new(struct toe_op *op, struct toe_block *b)
{
	judge_context(op, b);
	if (!toe_status_is_stored(b->status)) {
		refused(op, b);
		return;
	}
	stored(op, b);
	check_parent(op, b->object);
}

/*
 * Children first would find their parent still OFFLOADING, parents first would
 * let the host have a parent back while children are out: the order is that of
 * the walk, and the parent of a refused object was never of use to it.
 */
static void finish_initiate(struct toe_op *op)
{
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		judge(op, w.at);
		if (!w.at->object)
			continue;
		if (toe_is_new(w.at))
			finish_new(op, w.at);
		else
			unpin(w.at->object);
	}
}

/* Remembers what has to wait for done(): what a failure means, and events. */
static void after_done(struct toe_op *op, struct toe_block *b, struct later *later)
{
	struct toe_obj *obj = b->object;
	/* a target without queries fails them, which says nothing */
	bool failed = b->status != TOE_SUCCESS &&
		      (op->type != TOE_QUERY || op->target->ops->query);

	if (failed)
		set_bit(TOE_OBJ_OP_FAILED, &obj->flags);
	if (failed || test_bit(TOE_OBJ_EVENTS_HELD, &obj->flags))
		put_later(later, toe_obj_get(obj));
}

static void finish_query(struct toe_op *op, struct later *later)
{
	struct toe_target *t = op->target;
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		struct toe_obj *obj = w.at->object;

		if (obj && op->core.claimed && toe_fault_corrupt(t, w.at->layer))
			w.at->status = TOE_FAILURE;
		judge(op, w.at);
		if (!obj || !op->core.claimed)
			continue;
		spin_lock_bh(&t->lock);
		obj->queries--;
		toe_release(obj);
		spin_unlock_bh(&t->lock);
		after_done(op, w.at, later);
	}
}

static void revalidate(struct toe_obj *obj)
{
	struct toe_obj *child;

	if (test_bit(TOE_OBJ_INVALID_SELF, &obj->flags))
		return;
	clear_bit(TOE_OBJ_INVALID, &obj->flags);
	list_for_each_entry(child, &obj->children, sibling)
		revalidate(child);
}

/* t->lock. The old neighbor's reference is the caller's to put. */
static struct toe_obj *relink(struct toe_obj *path, struct toe_obj *neigh)
{
	struct toe_obj *old = path->parent;

	toe_obj_unhang(path);
	toe_obj_hang(path, toe_obj_get(neigh));
	if (!test_bit(TOE_OBJ_INVALID, &neigh->flags))
		revalidate(path);
	/* it was wanted meanwhile: the path goes with it */
	if (neigh->want)
		toe_want(path, neigh->want);
	return old;
}

/* One-shot flags were meant for the target alone, and once. */
static void keep_cached(struct toe_obj *obj, struct toe_block *b)
{
	void *v = toe_block_state(b, TOE_STATE_CACHED);

	if (!v)
		return;
	memcpy(toe_obj_state_of(obj, TOE_STATE_CACHED), v,
	       toe_state_size(obj->layer, TOE_STATE_CACHED));
	if (obj->layer == TOE_CONN) {
		to_toe_conn(obj)->v.flags &= ~TOE_CONN_ONE_SHOT;
		toe_dp_cached(to_toe_conn(obj));
	}
}

static void finish_updated(struct toe_op *op, struct toe_block *b, struct toe_block *up)
{
	struct toe_target *t = op->target;
	struct toe_obj *obj = b->object, *old = NULL;

	spin_lock_bh(&t->lock);
	obj->updates--;
	if (b->status == TOE_SUCCESS) {
		keep_cached(obj, b);
		if (up && up->object && toe_is_neigh_link(up))
			old = relink(obj, up->object);
	}
	toe_release(obj);
	if (old)
		toe_release(old);
	spin_unlock_bh(&t->lock);
	toe_obj_put(old);
}

static void finish_update(struct toe_op *op, struct later *later)
{
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		judge(op, w.at);
		if (!w.at->object)
			continue;
		if (toe_is_neigh_link(w.at)) {
			unpin(w.at->object);
		} else if (op->core.claimed) {
			finish_updated(op, w.at, toe_walk_parent(&w));
			after_done(op, w.at, later);
		}
	}
}

static void finish_invalidate(struct toe_op *op, struct later *later)
{
	struct toe_target *t = op->target;
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		judge(op, w.at);
		if (!w.at->object || !op->core.claimed)
			continue;
		spin_lock_bh(&t->lock);
		w.at->object->invalidates--;
		toe_release(w.at->object);
		spin_unlock_bh(&t->lock);
		after_done(op, w.at, later);
	}
}

/*
 * The connection is the host's: nobody is in the consumer any more, every request
 * has an outcome or travels home in the block.
 */
static void take_home(struct toe_block *b)
{
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);
	struct toe_conn *conn = to_toe_conn(b->object);
	u32 status = b->status;

	if (status == TOE_SUCCESS && (d->valid_for != TOE_FOR_TRANSFER || !toe_delegated_ok(d))) {
		toe_complain(b->object->target, TOE_BAD_STATUS,
			     "returned state that makes no sense");
		b->status = TOE_FAILURE;
	}
	if (test_bit(TOE_OBJ_LOST, &b->object->flags))
		status = TOE_FAILURE;
	toe_dp_quiesce(conn);
	toe_dp_finish(conn, b, status == TOE_SUCCESS ? b->status : status);
}

static void end_terminate(struct toe_op *op, struct toe_block *b)
{
	struct toe_obj *obj = b->object;
	struct toe_target *t = op->target;

	if (obj->layer == TOE_CONN)
		take_home(b);
	toe_event_forget(obj);
	spin_lock_bh(&t->lock);
	list_del_init(&b->core.join);
	obj->ending--;
	home(obj);
	share(obj, op, b);
	toe_policy_uploaded(obj);
	spin_unlock_bh(&t->lock);
}

/*
 * An upload of the core's own: the host looks, and what it leaves is cleaned up.
 * With a tree of the host's the block is its own for good, so that has to wait
 * for done() and then concerns the data path alone.
 */
static void hand_over(struct toe_op *op, struct toe_block *b, struct later *later)
{
	struct toe_obj *obj = b->object;

	if (op->core.auto_free) {
		if (obj->host && obj->host->uploaded)
			obj->host->uploaded(obj, obj->host_priv, b);
		if (obj->layer == TOE_CONN)
			toe_dp_gone(to_toe_conn(obj), b);
		toe_obj_put(obj);
	} else {
		put_later(later, obj);
	}
}

static void finish_terminate(struct toe_op *op, struct later *later)
{
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (!w.at->core.over)
			judge(op, w.at);
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (!toe_block_is_over(w.at))
			end_terminate(op, w.at);
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (!toe_block_is_over(w.at))
			hand_over(op, w.at, later);
}

static void settle(struct toe_op *op, struct later *later)
{
	switch (op->type) {
	case TOE_INITIATE:
		finish_initiate(op);
		break;
	case TOE_QUERY:
		finish_query(op, later);
		break;
	case TOE_UPDATE:
		finish_update(op, later);
		break;
	case TOE_INVALIDATE:
		finish_invalidate(op, later);
		break;
	default:
		finish_terminate(op, later);
		break;
	}
}

static void want_failed(struct toe_obj *obj)
{
	spin_lock_bh(&obj->target->lock);
	toe_want(obj, TOE_OP_FAILED);
	spin_unlock_bh(&obj->target->lock);
}

/* The operation is over for its owner; now what it means for the object. */
static void follow_up(enum toe_op_type type, struct toe_obj *obj)
{
	if (type == TOE_TERMINATE) {
		if (obj->layer == TOE_CONN)
			toe_dp_gone(to_toe_conn(obj), NULL);
		return;
	}
	if (test_and_clear_bit(TOE_OBJ_OP_FAILED, &obj->flags)) {
		if (type == TOE_UPDATE)
			want_failed(obj);
		else
			toe_corrupt(obj);
	}
	toe_events_resume(obj);
}

void toe_finish(struct toe_op *op)
{
	struct toe_target *t = op->target;
	enum toe_op_type type = op->type;
	struct later later = {};
	struct toe_obj *obj;

	toe_fault_wait(op);
	settle(op, &later);
	trace_toe_op(op, "done");
	op->core.state = TOE_OP_IDLE;
	op->done(op);
	while ((obj = later.first)) {
		later.first = obj->later;
		obj->later = NULL;
		follow_up(type, obj);
		toe_obj_put(obj);
	}
	if (type == TOE_TERMINATE || type == TOE_INITIATE)
		toe_upload_all_done(t);
	wake_up(&t->idle);
}
