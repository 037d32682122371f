// SPDX-License-Identifier: GPL-2.0
/*
 * Life of the NDK API's objects, see object.h.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>

#include "api.h"

static void end_work(struct work_struct *work);
static void run_queue(struct work_struct *work);

void api_obj_init(struct api_obj *o, struct ndk_adapter *adapter, const struct api_type *ops)
{
	o->pub.major = NDK_VERSION_MAJOR;
	o->pub.minor = NDK_VERSION_MINOR;
	o->pub.type = ops->type;
	o->ops = ops;
	o->adapter = adapter;
	refcount_set(&o->uses, 1);
	spin_lock_init(&o->lock);
	INIT_LIST_HEAD(&o->queue);
	INIT_WORK(&o->work, run_queue);
	INIT_WORK(&o->end, end_work);
	if (adapter && o != &adapter->obj)
		api_obj_on(o, &adapter->obj);
}

void *api_obj_alloc(struct ndk_adapter *adapter, const struct api_type *ops, size_t size)
{
	struct api_obj *o = kzalloc(size, GFP_ATOMIC);

	if (o)
		api_obj_init(o, adapter, ops);
	return o;
}

void api_obj_on(struct api_obj *o, struct api_obj *antecedent)
{
	unsigned long flags;
	int i;

	api_get(antecedent);
	spin_lock_irqsave(&o->lock, flags);
	for (i = 0; i < API_ANTECEDENTS && o->on[i]; i++)
		;
	if (!WARN_ON_ONCE(i == API_ANTECEDENTS))
		o->on[i] = antecedent;
	spin_unlock_irqrestore(&o->lock, flags);
}

void api_obj_off(struct api_obj *o, struct api_obj *antecedent)
{
	unsigned long flags;
	bool found = false;
	int i;

	spin_lock_irqsave(&o->lock, flags);
	/* the last one: a QP may name one CQ twice */
	for (i = API_ANTECEDENTS - 1; i > 0 && !found; i--) {
		found = o->on[i] == antecedent;
		if (found)
			o->on[i] = NULL;
	}
	spin_unlock_irqrestore(&o->lock, flags);
	if (found)
		api_put(antecedent);
}

void api_put(struct api_obj *o)
{
	if (!refcount_dec_and_test(&o->uses))
		return;
	if (o->ops->idle)
		o->ops->idle(o);
	else
		queue_work(o->adapter->wq, &o->end);
}

static void free_obj(struct api_obj *o)
{
	if (o->ops->free)
		o->ops->free(o);
	else
		kfree(o);
}

/*
 * Nothing uses the object. Antecedents are let go after the close callback has
 * returned (R-NDK-26), the adapter last: its work queue runs this.
 */
static void end_obj(struct api_obj *o)
{
	struct api_obj *on[API_ANTECEDENTS];
	int i;

	if (o->created && o->ops->destroy)
		o->ops->destroy(o);
	if (o->closed_fn) {
		api_cb_begin();
		o->closed_fn(o->closed_context);
		api_cb_end();
	}
	memcpy(on, o->on, sizeof(on));
	free_obj(o);
	for (i = API_ANTECEDENTS - 1; i >= 0; i--)
		if (on[i])
			api_put(on[i]);
}

static void end_work(struct work_struct *work)
{
	end_obj(container_of(work, struct api_obj, end));
}

void api_obj_drop(struct api_obj *o)
{
	api_put(o);
}

static struct api_op *next_op(struct api_obj *o)
{
	struct api_op *op;
	unsigned long flags;

	spin_lock_irqsave(&o->lock, flags);
	op = list_first_entry_or_null(&o->queue, struct api_op, link);
	if (op)
		list_del(&op->link);
	spin_unlock_irqrestore(&o->lock, flags);
	return op;
}

static void run_queue(struct work_struct *work)
{
	struct api_obj *o = container_of(work, struct api_obj, work);
	struct api_op *op;
	int err;

	while ((op = next_op(o))) {
		err = op->run(op);
		if (err != -EINPROGRESS)
			api_op_finish(op, err);
	}
	/* the work item's own, see queue_op() */
	api_put(o);
}

static void queue_op(struct api_obj *o, struct api_op *op)
{
	unsigned long flags;

	op->obj = o;
	api_get(o);
	spin_lock_irqsave(&o->lock, flags);
	list_add_tail(&op->link, &o->queue);
	spin_unlock_irqrestore(&o->lock, flags);
	/*
	 * The operation may be run, and its hold be gone, before the work item that
	 * is queued here looks: so that has one too.
	 */
	api_get(o);
	if (!queue_work(o->adapter->wq, &o->work))
		api_put(o);
}

void api_op_finish(struct api_op *op, int status)
{
	struct api_obj *o = op->obj;

	if (op->done) {
		api_cb_begin();
		op->done(op->context, status);
		api_cb_end();
	}
	if (!op->embedded)
		kfree(op);
	api_put(o);
}

int api_request(struct api_obj *o, struct api_op *op, int (*run)(struct api_op *op),
		ndk_request_fn *done, void *context)
{
	op->run = run;
	op->done = done;
	op->context = context;
	queue_op(o, op);
	return -EINPROGRESS;
}

static int run_create(struct api_op *op)
{
	struct api_obj *o = op->obj;
	int err = o->ops->create ? o->ops->create(o) : 0;

	o->created = !err;
	if (o->created_fn) {
		api_cb_begin();
		o->created_fn(op->context, err, err ? NULL : &o->pub);
		api_cb_end();
	}
	/* nobody has it: this was its consumer's hold */
	if (err)
		api_put(o);
	return 0;
}

int api_create(struct api_obj *o, ndk_create_fn *created, void *context)
{
	o->created_fn = created;
	o->create_op.embedded = true;
	o->create_op.context = context;
	o->create_op.run = run_create;
	queue_op(o, &o->create_op);
	return -EINPROGRESS;
}

int api_create_now(struct api_obj *o)
{
	o->created = true;
	return 0;
}

static int run_closing(struct api_op *op)
{
	op->obj->ops->closing(op->obj);
	return 0;
}

int api_close(struct api_obj *o, ndk_close_fn *closed, void *context)
{
	unsigned long flags;
	bool again;

	spin_lock_irqsave(&o->lock, flags);
	again = o->is_closing;
	o->is_closing = true;
	spin_unlock_irqrestore(&o->lock, flags);
	if (WARN_ON_ONCE(again))
		return -EINPROGRESS;

	o->closed_fn = closed;
	o->closed_context = context;
	if (o->ops->close_now)
		o->ops->close_now(o);
	if (o->ops->closing) {
		o->closing_op.embedded = true;
		o->closing_op.run = run_closing;
		queue_op(o, &o->closing_op);
	}
	api_put(o);
	return -EINPROGRESS;
}

bool api_event_begin(struct api_obj *o)
{
	return !api_is_closing(o) && refcount_inc_not_zero(&o->uses);
}

void ndk_waiter_created(void *context, int status, struct ndk_object *object)
{
	struct ndk_waiter *w = context;

	w->object = object;
	w->status = status;
	complete(&w->done);
}
EXPORT_SYMBOL_GPL(ndk_waiter_created);

void ndk_waiter_done(void *context, int status)
{
	struct ndk_waiter *w = context;

	w->status = status;
	complete(&w->done);
}
EXPORT_SYMBOL_GPL(ndk_waiter_done);

void ndk_waiter_closed(void *context)
{
	ndk_waiter_done(context, 0);
}
EXPORT_SYMBOL_GPL(ndk_waiter_closed);

int ndk_wait(struct ndk_waiter *w, int ret)
{
	if (ret != -EINPROGRESS)
		return ret;
	wait_for_completion(&w->done);
	return w->status;
}
EXPORT_SYMBOL_GPL(ndk_wait);

int ndk_query_extension(struct ndk_object *object, const guid_t *id, u32 version,
			const void **extension)
{
	api_assert_any_context();
	return -EOPNOTSUPP;
}
EXPORT_SYMBOL_GPL(ndk_query_extension);
