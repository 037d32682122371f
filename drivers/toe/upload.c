// SPDX-License-Identifier: GPL-2.0
/*
 * Uploads the core starts itself. Whatever the causes and however many: an object
 * is wanted once, for the first of them, and terminated once, when nothing below
 * it is offloaded any more.
 */
#include <linux/slab.h>

#include "trace.h"

#include "state.h"

void toe_want(struct toe_obj *obj, enum toe_reason reason)
{
	struct toe_obj *child;

	lockdep_assert_held(&obj->target->lock);
	if (obj->state == TOE_IN_HOST || obj->ending || obj->want)
		return;
	obj->want = reason;
	list_add_tail(&obj->want_link, &obj->target->wanted);
	/* three layers: the recursion ends at connections */
	list_for_each_entry(child, &obj->children, sibling)
		toe_want(child, reason);
}

/* An object on its way to be freed is still found, but it is in the host. */
void toe_want_all(struct toe_target *t, enum toe_reason reason)
{
	struct toe_obj *obj;
	unsigned long i;

	rcu_read_lock();
	xa_for_each(&t->handles, i, obj)
		toe_want(obj, reason);
	rcu_read_unlock();
}

/*
 * The next one that can go. One that is not away any more, or that the host
 * terminates by itself, is dropped. One whose children are still there, or that
 * is getting some, comes up again when the last of them is back.
 */
static struct toe_obj *next_wanted(struct toe_target *t)
{
	struct toe_obj *obj, *next;

	list_for_each_entry_safe(obj, next, &t->wanted, want_link) {
		if ((obj->noffloaded || obj->pins) && !obj->ending)
			continue;
		list_del_init(&obj->want_link);
		if (obj->state != TOE_IN_HOST && !obj->ending)
			return toe_obj_get(obj);
		obj->want = TOE_NO_REASON;
	}
	return NULL;
}

static void uploaded(struct toe_op *op)
{
	toe_op_free(op);
}

static struct toe_op *make(struct toe_obj *obj)
{
	struct toe_op *op;

	op = toe_op_alloc(obj->target, TOE_TERMINATE, uploaded, NULL, GFP_KERNEL);
	if (!op)
		return NULL;
	op->core.auto_free = true;
	if (toe_op_add(op, NULL, obj, obj->layer, TOE_STATE_DELEGATED, GFP_KERNEL))
		return op;
	toe_op_free(op);
	return NULL;
}

/* No memory: it stays wanted, the watch comes back to it. */
static void put_back(struct toe_obj *obj)
{
	struct toe_target *t = obj->target;

	spin_lock_bh(&t->lock);
	if (list_empty(&obj->want_link))
		list_add_tail(&obj->want_link, &t->wanted);
	t->short_of_memory = true;
	spin_unlock_bh(&t->lock);
	toe_watch(t);
}

static bool upload_one(struct toe_obj *obj)
{
	enum toe_reason reason = obj->want;
	struct toe_op *op = make(obj);

	if (!op) {
		put_back(obj);
		return false;
	}
	obj->last_reason = reason;
	trace_toe_upload(obj, reason);
	if (obj->host && obj->host->uploading)
		obj->host->uploading(obj, obj->host_priv, reason);
	/* the host may have been faster with a terminate of its own */
	if (toe_op_submit(op))
		toe_op_free(op);
	obj->want = TOE_NO_REASON;
	return true;
}

void toe_upload_run(struct toe_target *t)
{
	struct toe_obj *obj;
	bool more = true;

	while (more) {
		spin_lock_bh(&t->lock);
		obj = t->short_of_memory ? NULL : next_wanted(t);
		spin_unlock_bh(&t->lock);
		if (!obj)
			return;
		more = upload_one(obj);
		toe_obj_put(obj);
	}
}
