// SPDX-License-Identifier: GPL-2.0
/*
 * The way of an operation: submitted, claimed or made to wait, shown to the
 * target, completed.
 */
#include <linux/export.h>
#include <linux/hash.h>

#include "trace.h"

#include "state.h"

static void remember(struct toe_target *t, struct toe_op *op)
{
	struct toe_walk w;
	unsigned long flags;

	spin_lock_irqsave(&t->qlock, flags);
	op->core.state = TOE_OP_ISSUED;
	op->core.issued = toe_clock_now(t->clock);
	hash_add(t->out, &op->core.out, (unsigned long)op->root);
	t->nout++;
	if (op->type == TOE_INITIATE)
		for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
			if (w.at->object && toe_is_new(w.at))
				w.at->object->initiate = op;
	spin_unlock_irqrestore(&t->qlock, flags);
}

/* A new offload: a handle of its own, nothing of the last one. */
static void name_new(struct toe_block *b)
{
	struct toe_obj *obj = b->object;

	memcpy(toe_obj_state_of(obj, TOE_STATE_CONST), toe_block_state(b, TOE_STATE_CONST),
	       toe_state_size(b->layer, TOE_STATE_CONST));
	memcpy(toe_obj_state_of(obj, TOE_STATE_CACHED), toe_block_state(b, TOE_STATE_CACHED),
	       toe_state_size(b->layer, TOE_STATE_CACHED));
	if (b->layer == TOE_CONN) {
		to_toe_conn(obj)->backlog_next = toe_clock_now(obj->target->clock);
		toe_dp_cached(to_toe_conn(obj));
	}
	obj->ctx = NULL;
	obj->generation++;
	b->handle = (u64)obj->generation << 32 | obj->index;
	/* pairs with the acquire in toe_obj_lookup() */
	smp_store_release(&obj->handle, b->handle);
}

static void name_objects(struct toe_op *op)
{
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		struct toe_block *b = w.at;

		if (toe_block_is_over(b))
			b->ctx = NULL;
		else if (op->type == TOE_INITIATE && toe_is_new(b))
			name_new(b);
		else
			b->handle = b->object->handle;
	}
}

static void invalidate_below(struct toe_obj *obj)
{
	struct toe_obj *child;

	set_bit(TOE_OBJ_INVALID, &obj->flags);
	/* three layers: the recursion ends at connections */
	list_for_each_entry(child, &obj->children, sibling)
		invalidate_below(child);
}

/* Before the target is told: what is shown from here on would be too late. */
static void mark_invalid(struct toe_op *op)
{
	struct toe_walk w;

	spin_lock_bh(&op->target->lock);
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		if (!w.at->object)
			continue;
		set_bit(TOE_OBJ_INVALID_SELF, &w.at->object->flags);
		invalidate_below(w.at->object);
	}
	spin_unlock_bh(&op->target->lock);
}

static void answer_block(struct toe_block *b)
{
	unsigned int c;

	b->status = TOE_SUCCESS;
	if (!b->object)
		return;
	for (c = TOE_STATE_CONST; c < TOE_STATE_DELEGATED; c++)
		if (toe_block_state(b, c))
			memcpy(toe_block_state(b, c), toe_obj_state_of(b->object, c),
			       toe_state_size(b->layer, c));
	if (toe_block_state(b, TOE_STATE_DELEGATED))
		b->status = TOE_FAILURE;
}

/* For a target that answers no queries. */
static void default_query(struct toe_target *t, struct toe_block *root)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w))
		answer_block(w.at);
	toe_complete(t, root);
}

static void default_status(struct toe_target *t, struct toe_block *root, u32 status)
{
	toe_set_status(root, status);
	toe_complete(t, root);
}

/* The operation may be over and freed when the target's function returns. */
static void call_target(struct toe_target *t, enum toe_op_type type, struct toe_block *root)
{
	const struct toe_target_ops *ops = t->ops;

	rcu_read_lock();
	switch (type) {
	case TOE_INITIATE:
		ops->initiate(t, root);
		break;
	case TOE_QUERY:
		if (ops->query)
			ops->query(t, root);
		else
			default_query(t, root);
		break;
	case TOE_UPDATE:
		if (ops->update)
			ops->update(t, root);
		else
			default_status(t, root, TOE_FAILURE);
		break;
	case TOE_INVALIDATE:
		if (ops->invalidate)
			ops->invalidate(t, root);
		else
			default_status(t, root, TOE_SUCCESS);
		break;
	default:
		ops->terminate(t, root);
		break;
	}
	rcu_read_unlock();
}

static void issue(struct toe_op *op)
{
	struct toe_target *t = op->target;

	name_objects(op);
	if (op->type == TOE_INVALIDATE)
		mark_invalid(op);
	trace_toe_op(op, "issue");
	remember(t, op);
	toe_watch(t);
	call_target(t, op->type, op->root);
}

/* What it was accepted for is gone. */
static bool is_dead(const struct toe_op *op, const struct toe_block *b)
{
	const struct toe_obj *obj = b->object;

	if (op->type == TOE_TERMINATE)
		return false;
	if (op->type != TOE_INITIATE)
		return obj->state == TOE_IN_HOST || obj->state == TOE_UPLOADING;
	return !toe_is_new(b) &&
	       (obj->state == TOE_IN_HOST || obj->state == TOE_UPLOADING || obj->ending);
}

/* Nothing is left that a target would have to do. */
static bool is_void(const struct toe_op *op)
{
	bool subject = false;
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		if (!w.at->object)
			continue;
		if (is_dead(op, w.at))
			return true;
		subject |= !w.at->core.over;
	}
	return !subject;
}

static void over_without_target(struct toe_op *op)
{
	struct toe_target *t = op->target;
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (!w.at->core.over)
			w.at->status = w.at->object ? TOE_FAILURE : TOE_SUCCESS;
	op->core.state = TOE_OP_COMPLETED;
	toe_queue(t, &op->core.item);
	toe_kick(t);
}

void toe_op_go(struct toe_op *op, bool again)
{
	struct toe_target *t = op->target;
	bool is_over;

	spin_lock_bh(&t->lock);
	is_over = again && is_void(op);
	if (is_over) {
		toe_count_waiting(op, -1);
	} else if (toe_claim(op, again)) {
		/* the worker may run and finish it once the lock is dropped */
		trace_toe_op(op, "wait");
		spin_unlock_bh(&t->lock);
		return;
	}
	op->core.claimed = !is_over;
	spin_unlock_bh(&t->lock);
	if (is_over)
		over_without_target(op);
	else
		issue(op);
}

/* Connections: requests from here on are held, or refused. */
static void tell_data_path(struct toe_op *op)
{
	struct toe_walk w;

	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		struct toe_obj *obj = w.at->object;

		if (!obj || obj->layer != TOE_CONN)
			continue;
		if (op->type == TOE_INITIATE && toe_is_new(w.at))
			toe_dp_window(to_toe_conn(obj));
		else if (op->type == TOE_TERMINATE)
			toe_dp_closing(to_toe_conn(obj));
	}
}

static void start(struct toe_op *op)
{
	memset(&op->core.item, 0, sizeof(op->core.item));
	op->core.item.kind = TOE_ITEM_OP;
	INIT_LIST_HEAD(&op->core.item.link);
	INIT_LIST_HEAD(&op->core.wait);
	op->core.late = false;
	op->core.claimed = false;
}

int toe_op_submit(struct toe_op *op)
{
	struct toe_target *t = op->target;
	int err;

	start(op);
	spin_lock_bh(&t->lock);
	err = t->going && op->type != TOE_TERMINATE ? -ESHUTDOWN : toe_check(op);
	if (!err)
		toe_accept(op);
	spin_unlock_bh(&t->lock);
	if (err) {
		trace_toe_op_refused(op, err);
		return err;
	}
	tell_data_path(op);
	toe_op_go(op, false);
	return 0;
}
EXPORT_SYMBOL_GPL(toe_op_submit);

static struct toe_op *take_out(struct toe_target *t, struct toe_block *root)
{
	struct toe_op *op;

	hash_for_each_possible(t->out, op, core.out, (unsigned long)root) {
		if (op->root != root)
			continue;
		hash_del(&op->core.out);
		t->nout--;
		return op;
	}
	return NULL;
}

struct toe_op *toe_complete_call(struct toe_target *t, struct toe_block *root)
{
	unsigned long flags;
	struct toe_op *op;

	spin_lock_irqsave(&t->qlock, flags);
	op = take_out(t, root);
	if (op) {
		op->core.state = TOE_OP_COMPLETING;
		op->core.item.seq = toe_stamp(t);
		list_add_tail(&op->core.item.link, &t->queue);
	}
	spin_unlock_irqrestore(&t->qlock, flags);
	if (!op)
		toe_complain(t, TOE_BAD_COMPLETION,
			     "completed what it does not have (twice, or never given)");
	return op;
}
EXPORT_SYMBOL_GPL(toe_complete_call);

void toe_complete_returned(struct toe_target *t, struct toe_op *op)
{
	unsigned long flags;

	if (!op)
		return;
	spin_lock_irqsave(&t->qlock, flags);
	op->core.state = TOE_OP_COMPLETED;
	spin_unlock_irqrestore(&t->qlock, flags);
	/* from here on the worker may finish and free it */
	toe_kick(t);
}
EXPORT_SYMBOL_GPL(toe_complete_returned);

u32 toe_adopt(struct toe_target *t, struct toe_block *b)
{
	struct toe_obj *obj = b->object;

	if (!obj || obj->layer != TOE_CONN || !toe_is_new(b))
		return TOE_FAILURE;
	if (test_and_set_bit(TOE_OBJ_ADOPTED, &obj->flags))
		return TOE_SUCCESS;
	if (!toe_dp_adopt(to_toe_conn(obj), b))
		return TOE_SUCCESS;
	clear_bit(TOE_OBJ_ADOPTED, &obj->flags);
	return TOE_FAILURE;
}
EXPORT_SYMBOL_GPL(toe_adopt);

/* One operation that is overdue and has not been reported. */
static struct toe_op *find_overdue(struct toe_target *t, u64 now)
{
	u64 limit = (u64)TOE_OVERDUE_SECONDS * t->clock->ticks_per_second;
	struct toe_op *op;
	int i;

	hash_for_each(t->out, i, op, core.out) {
		if (op->core.late || now - op->core.issued < limit)
			continue;
		op->core.late = true;
		return op;
	}
	return NULL;
}

static void report_overdue(struct toe_target *t, struct toe_op *op)
{
	struct toe_walk w;

	toe_complain(t, TOE_OVERDUE, "has not completed an operation in time");
	trace_toe_op(op, "overdue");
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w)) {
		struct toe_obj *obj = w.at->object;

		if (!obj)
			continue;
		set_bit(TOE_OBJ_STUCK, &obj->flags);
		if (obj->host && obj->host->stuck)
			obj->host->stuck(obj, obj->host_priv, op->type);
	}
}

/*
 * An operation found here may be completed meanwhile, but only this worker
 * finishes it, so it and its tree stay while they are looked at.
 */
void toe_watch_look(struct toe_target *t)
{
	u64 now = toe_clock_now(t->clock);
	struct toe_op *op;

	do {
		spin_lock_irq(&t->qlock);
		op = find_overdue(t, now);
		spin_unlock_irq(&t->qlock);
		if (op)
			report_overdue(t, op);
	} while (op);
	WRITE_ONCE(t->watch_armed, false);
	toe_watch(t);
}

/* Runs while something may have to be looked at. */
void toe_watch(struct toe_target *t)
{
	bool idle = !READ_ONCE(t->nout) && !READ_ONCE(t->backlogs) && !t->short_of_memory;

	if (idle || READ_ONCE(t->watch_armed) || xchg(&t->watch_armed, true))
		return;
	toe_timer_arm(&t->watch, t->clock->ticks_per_second);
}
