// SPDX-License-Identifier: GPL-2.0
/*
 * One queue and one worker per target: what a target tells is handled in the
 * order it was told, whatever contexts it came from.
 *
 * A completion is in its place from the moment the target calls, but the worker
 * does not pass it before that call has returned (E1 to E9): what is behind it
 * waits too, so nothing overtakes.
 */
#include "trace.h"

#include "core.h"

/* t->qlock. 0 means "not pending", so it is no stamp. */
u32 toe_stamp(struct toe_target *t)
{
	if (unlikely(!++t->seq))
		t->seq = 1;
	return t->seq;
}

/* Stamps @item unless it has a stamp, and sorts it in. */
void toe_queue(struct toe_target *t, struct toe_item *item)
{
	struct toe_item *other;
	unsigned long flags;

	spin_lock_irqsave(&t->qlock, flags);
	if (!item->seq)
		item->seq = toe_stamp(t);
	list_for_each_entry_reverse(other, &t->queue, link)
		if ((s32)(other->seq - item->seq) <= 0)
			break;
	list_add(&item->link, &other->link);
	spin_unlock_irqrestore(&t->qlock, flags);
}

void toe_kick(struct toe_target *t)
{
	queue_work(t->wq, &t->work);
}

/* The oldest event of an object, 0 for none. */
static unsigned int oldest_event(const struct toe_obj *obj)
{
	unsigned int i, found = 0;

	for (i = 1; i < TOE_EVENTS; i++)
		if (obj->events[i] &&
		    (!found || (s32)(obj->events[i] - obj->events[found]) < 0))
			found = i;
	return found;
}

/* Events left: back into the queue, at the place of the oldest. */
static bool requeue_object(struct toe_target *t, struct toe_obj *obj)
{
	unsigned int next;
	unsigned long flags;

	spin_lock_irqsave(&t->qlock, flags);
	next = oldest_event(obj);
	obj->item.seq = next ? obj->events[next] : 0;
	if (!next)
		INIT_LIST_HEAD(&obj->item.link);
	spin_unlock_irqrestore(&t->qlock, flags);
	if (next)
		toe_queue(t, &obj->item);
	return next;
}

/*
 * Nothing is told of an object in its window (E7). That its state is corrupt is
 * told behind the failure of the operation that found it so, even by a target
 * that says it first.
 */
static bool has_to_wait(struct toe_obj *obj, unsigned int event)
{
	if (READ_ONCE(obj->state) == TOE_OFFLOADING)
		return true;
	return event == TOE_HARDWARE_FAILURE &&
	       (READ_ONCE(obj->queries) || READ_ONCE(obj->updates) ||
		READ_ONCE(obj->invalidates));
}

/* The object stays queued while its events wait. */
static void run_object(struct toe_target *t, struct toe_obj *obj)
{
	unsigned int event;

	spin_lock_irq(&t->qlock);
	event = oldest_event(obj);
	spin_unlock_irq(&t->qlock);
	if (has_to_wait(obj, event)) {
		set_bit(TOE_OBJ_EVENTS_HELD, &obj->flags);
		return;
	}
	spin_lock_irq(&t->qlock);
	obj->events[event] = 0;
	spin_unlock_irq(&t->qlock);
	if (event)
		toe_event_handle(obj, event);
	if (!requeue_object(t, obj))
		toe_obj_put(obj);
}

/* The operation is over; what came meanwhile is handled now. */
void toe_events_resume(struct toe_obj *obj)
{
	if (test_and_clear_bit(TOE_OBJ_EVENTS_HELD, &obj->flags) &&
	    !requeue_object(obj->target, obj))
		toe_obj_put(obj);
}

/* The oldest signal, -1 for none. */
static int oldest_signal(const struct toe_target *t)
{
	int i, found = -1;

	for (i = 0; i < ARRAY_SIZE(t->signal); i++)
		if (t->signal[i] &&
		    (found < 0 || (s32)(t->signal[i] - t->signal[found]) < 0))
			found = i;
	return found;
}

static void run_signal(struct toe_target *t)
{
	int s, next;

	spin_lock_irq(&t->qlock);
	s = oldest_signal(t);
	t->signal[s] = 0;
	next = oldest_signal(t);
	t->signal_item.seq = next < 0 ? 0 : t->signal[next];
	if (next < 0)
		INIT_LIST_HEAD(&t->signal_item.link);
	spin_unlock_irq(&t->qlock);
	if (next >= 0)
		toe_queue(t, &t->signal_item);
	toe_signal_handle(t, s);
}

static struct toe_item *next_item(struct toe_target *t)
{
	struct toe_item *item;
	struct toe_op *op;

	spin_lock_irq(&t->qlock);
	item = list_first_entry_or_null(&t->queue, struct toe_item, link);
	if (item && item->kind == TOE_ITEM_OP) {
		op = container_of(item, struct toe_op, core.item);
		if (op->core.state == TOE_OP_COMPLETING)
			item = NULL;
	}
	if (item)
		list_del(&item->link);
	spin_unlock_irq(&t->qlock);
	return item;
}

static void run_item(struct toe_target *t, struct toe_item *item)
{
	switch (item->kind) {
	case TOE_ITEM_OP:
		toe_finish(container_of(item, struct toe_op, core.item));
		break;
	case TOE_ITEM_OBJ:
		run_object(t, container_of(item, struct toe_obj, item));
		break;
	default:
		run_signal(t);
		break;
	}
}

static void run_retry(struct toe_target *t)
{
	struct toe_op *op;

	for (;;) {
		spin_lock_bh(&t->lock);
		op = list_first_entry_or_null(&t->retry, struct toe_op, core.wait);
		if (op)
			list_del_init(&op->core.wait);
		spin_unlock_bh(&t->lock);
		if (!op)
			return;
		toe_op_go(op, true);
	}
}

static void run_watch(struct toe_target *t)
{
	if (!xchg(&t->watch_due, false))
		return;
	t->short_of_memory = false;
	toe_backlogs_tell(t);
	toe_watch_look(t);
}

/*
 * Uploads start when nothing else is left to handle: of two events told in one
 * breath (hardware failure, abort) the host hears both before it loses the object.
 */
void toe_worker(struct work_struct *work)
{
	struct toe_target *t = container_of(work, struct toe_target, work);
	struct toe_item *item = next_item(t);

	run_watch(t);
	do {
		for (; item; item = next_item(t)) {
			run_item(t, item);
			cond_resched();
		}
		run_retry(t);
		toe_upload_run(t);
		item = next_item(t);
	} while (item);
}
