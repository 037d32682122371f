/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of the NDK kernel API: what they have in common.
 *
 * One counter says when a close is done. @uses counts everything that must be over
 * first: the consumer's own hold (until it closes), successors (until their close
 * callbacks have returned), pending requests and event callbacks (until they have
 * returned). Whoever drops the last one queues the end: destroy, the close
 * callback, then the antecedents' counters, in this order; that is all there is to
 * R-NDK-18 to R-NDK-32.
 *
 * Calls come from contexts that may not sleep, verbs sleep: so a call allocates an
 * operation, queues it at the object and returns -EINPROGRESS. One work item per
 * object runs its operations, in order and one at a time; different objects do not
 * wait for each other.
 *
 * Any context but hard interrupt:
 *	api_obj_on(), api_obj_off(), api_get(), api_put(), api_create(),
 *	api_request(), api_close(), api_event_begin(), api_event_end(),
 *	api_op_finish()
 * Process context, may sleep, one at a time per object:
 *	op->run(), type->create(), type->closing(), type->destroy()
 */
#ifndef _NDK_API_OBJECT_H
#define _NDK_API_OBJECT_H

#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <ndk/ndk.h>

struct api_obj;

/* a QP: adapter, PD, two CQs, SRQ; a connector: adapter, QP, listener or endpoint */
#define API_ANTECEDENTS		5

/**
 * struct api_op - an asynchronous request
 * @link: in the object's list
 * @obj: the object, held
 * @run: does it; -EINPROGRESS: api_op_finish() will be called for it later
 * @done: the consumer's callback, may be NULL
 * @context: for @done
 * @embedded: part of something else, not to be freed
 *
 * Operations with arguments have this first.
 */
struct api_op {
	struct list_head link;
	struct api_obj *obj;
	int (*run)(struct api_op *op);
	ndk_request_fn *done;
	void *context;
	bool embedded;
};

/**
 * struct api_type - what the objects of a type do
 * @type: number
 * @create: make it real; on failure undo everything. Optional.
 * @close_now: the side effects a close has at once, from the consumer's context:
 *	must not sleep. Optional.
 * @closing: what a close has to cancel so that the object gets idle. Runs behind
 *	the operations that were queued before the close. Optional.
 * @destroy: undo @create; nothing uses the object. Optional.
 * @free: free the memory; by default kfree().
 * @idle: the last use is gone; replaces everything that comes then. The adapter's.
 */
struct api_type {
	enum ndk_object_type type;
	int (*create)(struct api_obj *o);
	void (*close_now)(struct api_obj *o);
	void (*closing)(struct api_obj *o);
	void (*destroy)(struct api_obj *o);
	void (*free)(struct api_obj *o);
	void (*idle)(struct api_obj *o);
};

/**
 * struct api_obj - an object; first in each
 * @pub: what the consumer sees, and may scribble on: never read back
 * @ops: its type
 * @adapter: its adapter
 * @uses: see above
 * @lock: protects @queue, @is_closing and @on
 * @queue: operations to run
 * @is_closing: the consumer closed it
 * @created: @ops->create succeeded, @ops->destroy is owed
 * @work: runs @queue
 * @end: the end of the close
 * @create_op: the create
 * @created_fn: its callback
 * @closing_op: runs @ops->closing
 * @closed_fn: callback of the close
 * @closed_context: for @closed_fn
 * @on: antecedents, @on[0] is the adapter
 */
struct api_obj {
	struct ndk_object pub;
	const struct api_type *ops;
	struct ndk_adapter *adapter;
	refcount_t uses;
	spinlock_t lock; /* queue, is_closing, on */
	bool is_closing;
	bool created;
	struct list_head queue;
	struct work_struct work;
	struct work_struct end;
	struct api_op create_op;
	ndk_create_fn *created_fn;
	struct api_op closing_op;
	ndk_close_fn *closed_fn;
	void *closed_context;
	struct api_obj *on[API_ANTECEDENTS];
};

/* Debug kernels say so when the API is called from where it must not be. */
#define api_assert_any_context()	lockdep_assert(!in_hardirq() && !in_nmi())

/**
 * api_obj_alloc() - a new object, not known to anybody
 * @adapter: its adapter, which it depends on
 * @ops: its type
 * @size: bytes, &struct api_obj first
 *
 * Return: the object, or NULL. api_create(), api_create_now() or api_obj_drop() it.
 */
void *api_obj_alloc(struct ndk_adapter *adapter, const struct api_type *ops, size_t size);

/**
 * api_obj_init() - as api_obj_alloc(), in memory that is there
 * @o: zeroed
 * @adapter: as api_obj_alloc()
 * @ops: as api_obj_alloc()
 */
void api_obj_init(struct api_obj *o, struct ndk_adapter *adapter, const struct api_type *ops);

/**
 * api_obj_drop() - forget an object that was not created
 * @o: from api_obj_alloc(); no callback is called
 */
void api_obj_drop(struct api_obj *o);

/**
 * api_obj_on() - @o depends on @antecedent from here on
 * @o: the object
 * @antecedent: not idle, its close will wait
 */
void api_obj_on(struct api_obj *o, struct api_obj *antecedent);

/**
 * api_obj_off() - @o no longer depends on @antecedent
 * @o: the object
 * @antecedent: given to api_obj_on(); otherwise nothing happens
 */
void api_obj_off(struct api_obj *o, struct api_obj *antecedent);

static inline void api_get(struct api_obj *o)
{
	refcount_inc(&o->uses);
}

/**
 * api_put() - drop a use
 * @o: the object, which may be gone on return
 */
void api_put(struct api_obj *o);

/**
 * api_create() - create an object, pending
 * @o: from api_obj_alloc()
 * @created: the consumer's callback
 * @context: for @created
 *
 * Return: -EINPROGRESS.
 */
int api_create(struct api_obj *o, ndk_create_fn *created, void *context);

/**
 * api_create_now() - an object needs nothing that sleeps to be there
 * @o: from api_obj_alloc(); its type has no create operation
 *
 * Return: 0.
 */
int api_create_now(struct api_obj *o);

/**
 * api_op_alloc() - an operation
 * @size: bytes, &struct api_op first
 *
 * Return: the operation, zeroed, or NULL.
 */
static inline void *api_op_alloc(size_t size)
{
	return kzalloc(size, GFP_ATOMIC);
}

/**
 * api_request() - queue an operation
 * @o: the object, not closed
 * @op: from api_op_alloc()
 * @run: what it does
 * @done: the consumer's callback, may be NULL
 * @context: for @done
 *
 * Return: -EINPROGRESS.
 */
int api_request(struct api_obj *o, struct api_op *op, int (*run)(struct api_op *op),
		ndk_request_fn *done, void *context);

/**
 * api_op_finish() - an operation whose run() returned -EINPROGRESS is over
 * @op: freed
 * @status: for the consumer
 *
 * Calls the consumer: no locks held.
 */
void api_op_finish(struct api_op *op, int status);

/**
 * api_close() - the consumer closes an object
 * @o: the object
 * @closed: the consumer's callback, may be NULL
 * @context: for @closed
 *
 * Return: -EINPROGRESS.
 */
int api_close(struct api_obj *o, ndk_close_fn *closed, void *context);

/**
 * api_event_begin() - may an event callback be called
 * @o: the object, kept from vanishing by other means
 *
 * Return: true: call it, then api_event_end(); false: it is closed.
 */
bool api_event_begin(struct api_obj *o);

static inline void api_event_end(struct api_obj *o)
{
	api_put(o);
}

/**
 * api_cb_begin() - before a call of the consumer's
 *
 * Whatever context we are in, in there nobody may sleep, and debug kernels will
 * say so (R-NDK-15).
 */
static inline void api_cb_begin(void)
{
	local_bh_disable();
}

/**
 * api_cb_end() - behind it
 */
static inline void api_cb_end(void)
{
	local_bh_enable();
}

static inline bool api_is_closing(const struct api_obj *o)
{
	return READ_ONCE(o->is_closing);
}

#endif /* _NDK_API_OBJECT_H */
