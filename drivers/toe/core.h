/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The offload core, inside.
 *
 * Files
 * -----
 *	state.c		sizes and checks of state structures
 *	obj.c		objects, handles, references
 *	tree.c		blocks, walks, roles, status folding
 *	check.c		is a tree fit for its operation
 *	claim.c		who may run with whom (toe.md 2.2)
 *	op.c		submit, issue, complete
 *	finish.c	what a completed operation means for its objects
 *	upload.c	terminates the core starts itself
 *	event.c		what a target tells
 *	worker.c	the queue that keeps all that in order
 *	target.c	registration, parameters, counters
 *	policy.c	what is offered when
 *	clock.c		ticks and timers
 *	fault.c, view.c, trace.c
 *	data.h and what it names: the data path
 *
 * The way of an operation
 * -----------------------
 *	toe_op_submit()	  check (t->lock) -> claim -> issue
 *			  ... or wait on the object that is in the way
 *	toe_complete_call()	out of the table, stamped; any context
 *	toe_complete_returned()	into the queue
 *	worker		  finish: states, data path, host; then done()
 *			  then whoever waited, then uploads that may go on now
 *
 * Locks
 * -----
 * t->lock, spinlock, bottom halves off: state, counts, parents, children and
 * waiting lists of every object of the target. Never held while a target, a host
 * or the data path is called.
 * t->qlock, spinlock, interrupts off: the worker's queue, the table of operations
 * the target has, marks of events. Innermost: nothing is taken under it, so it
 * may be taken from anywhere.
 * Data path: its per-connection lock comes before t->qlock and is never taken
 * under t->lock; it may not be held when t->lock is taken. Of an object it may
 * read flags, host and parent.
 *
 * Memory ordering
 * ---------------
 * obj->handle is stored with release when an initiate is issued, after the
 * data path was put into its window; toe_obj_lookup() loads it with acquire, so
 * a target that reaches a connection finds the window shut (E4).
 * Objects are freed by RCU: a target may look one up in any context.
 */
#ifndef _TOE_CORE_H
#define _TOE_CORE_H

#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <ndk/defer.h>
#include <ndk/nic.h>
#include <ndk/toe_target.h>

#include "data.h"

/* An operation is reported as overdue after so long, once. */
#define TOE_OVERDUE_SECONDS	10

/* what one object can have pending for the worker, in no particular order */
enum toe_event {
	/* 1 to TOE_REASONS - 1: enum toe_reason */
	TOE_EV_ABORT = TOE_REASONS,
	TOE_EV_BACKLOG,
	TOE_EVENTS
};

enum toe_item_kind {
	TOE_ITEM_OP,
	TOE_ITEM_OBJ,
	TOE_ITEM_SIGNAL,
};

enum toe_op_state {
	TOE_OP_IDLE,		/* the caller's */
	TOE_OP_WAITING,		/* accepted, something is in the way */
	TOE_OP_ISSUED,		/* the target has it */
	TOE_OP_COMPLETING,	/* the target's completion call is executing */
	TOE_OP_COMPLETED,	/* it has returned: for the worker */
};

/* struct toe_obj.flags */
enum {
	TOE_OBJ_INVALID,	/* invalidated, itself or what is above */
	TOE_OBJ_INVALID_SELF,	/* itself */
	TOE_OBJ_STUCK,		/* an operation is overdue */
	TOE_OBJ_LOST,		/* state corrupt: nothing of it may be used */
	TOE_OBJ_ADOPTED,	/* toe_adopt() was called in this initiate */
	TOE_OBJ_EVENTS_HELD,	/* until an operation in progress is over */
	TOE_OBJ_OP_FAILED,	/* worker's: one is being finished */
	TOE_OBJ_BACKLOG,	/* worker's: a figure is to be told later */
};

/**
 * struct toe_obj - what the three layers have in common
 * @ref: references: creator, children, operations, one while not in the host
 * @layer: enum toe_layer
 * @state: enum toe_obj_state
 * @ending: terminates accepted for it and not finished: nothing new may start
 * @updates: updates in progress, 0 or 1
 * @invalidates: invalidates in progress, 0 or 1
 * @queries: queries in progress
 * @pins: operations accepted for which it has to stay: new children, links
 * @updates_waiting: updates accepted for it that have to wait; later ones stay
 *	behind them
 * @mark: operation whose check saw it last: finds it twice in a tree
 * @reported: mandatory events the host has heard of in this offload
 * @moved: clock of the last change of @state, low half
 * @flags: TOE_OBJ_*
 * @target: its target
 * @parent: what it hangs below; neighbors: NULL
 * @children: what hangs below it
 * @sibling: in @parent's list
 * @nchildren: entries in @children
 * @noffloaded: of these, not in the host
 * @initiate: the one in progress, from the target's call to finish; t->qlock
 * @ctx: the target's context
 * @index: in the table of handles
 * @generation: of the handle, one more with each initiate
 * @handle: 0 while the target may not know it
 * @waiters: operations that wait for it
 * @joined: blocks of terminates accepted for it
 * @want: why the core is to terminate it; %TOE_NO_REASON: it is not
 * @last_reason: of the last upload, for people
 * @want_link: in the target's list of wanted objects
 * @item: in the worker's queue, if an event is pending
 * @events: by enum toe_event: when it came, in the target's order; 0: not pending
 * @backlog: argument of %TOE_EV_BACKLOG
 * @host: the host's functions
 * @host_priv: their argument
 * @later: the worker's, while it finishes an operation
 * @rcu: for freeing, when nobody can want it any more
 */
struct toe_obj {
	struct kref ref;
	u8 layer;
	u8 state;
	u8 updates;
	u8 invalidates;
	u32 ending;
	u32 queries;
	u32 pins;
	u32 updates_waiting;
	u32 reported;
	u32 moved;
	u64 mark;
	unsigned long flags;
	struct toe_target *target;
	struct toe_obj *parent;
	struct list_head children;
	struct list_head sibling;
	u32 nchildren;
	u32 noffloaded;
	struct toe_op *initiate;
	void *ctx;
	u32 index;
	u32 generation;
	u64 handle;
	struct list_head waiters;
	struct list_head joined;
	u8 want;
	u8 last_reason;
	u32 backlog;
	union {
		struct list_head want_link;
		struct rcu_head rcu;
	};
	struct toe_item item;
	u32 events[TOE_EVENTS];
	const struct toe_host_ops *host;
	void *host_priv;
	struct toe_obj *later;
};

struct toe_neigh {
	struct toe_obj obj;
	struct toe_neigh_const c;
	struct toe_neigh_cached v;
};

struct toe_path {
	struct toe_obj obj;
	struct toe_path_const c;
	struct toe_path_cached v;
};

/**
 * struct toe_conn - a connection
 * @obj: the object
 * @c: constant state
 * @v: cached state
 * @not_before: clock before which it is not offered again, low half; 0: none
 * @backlog_next: clock before which the host hears of no other backlog figure
 * @dp: the data path's, drivers/toe/data.h
 */
struct toe_conn {
	struct toe_obj obj;
	struct toe_conn_const c;
	struct toe_conn_cached v;
	u32 not_before;
	u32 backlog_next;
	struct toe_dp dp;
};

/* lockdep and friends make locks several times as large */
#if defined(CONFIG_64BIT) && !defined(CONFIG_DEBUG_SPINLOCK) && !defined(CONFIG_DEBUG_OBJECTS)
static_assert(sizeof(struct toe_conn) <= 1024);
#endif

/* Out-of-table errors at a target, each warned of once. */
enum toe_complaint {
	TOE_BAD_COMPLETION,	/* not outstanding */
	TOE_BAD_STATUS,		/* none written, or not of this operation */
	TOE_BAD_HANDLE,		/* stale or foreign */
	TOE_EARLY_EVENT,	/* in the window; tolerated */
	TOE_OVERDUE,		/* the watchdog */
	TOE_BAD_ANSWER,		/* the consumer of one of its connections, not the target */
	TOE_COMPLAINTS
};

/**
 * struct toe_counters - one CPU's
 * @v: toe.md 3.12, by family
 * @doorbells: of the connections' send queues, by enum ndk_db_reason
 * @chained: sends these showed
 */
struct toe_counters {
	u64 v[2][TOE_COUNTERS];
	u64 doorbells[NDK_DB_REASONS];
	u64 chained;
};

/**
 * struct toe_fault_point - faults of one kind of object; set through debugfs
 * @delay_ms: before a completion with one of these in its tree is looked at
 * @fail: so many steps of any operation fail from here on
 * @exhaust: with so many objects stored the table is full; 0: off
 * @corrupt: so many queries find corrupt state from here on
 */
struct toe_fault_point {
	u32 delay_ms;
	atomic_t fail;
	u32 exhaust;
	atomic_t corrupt;
};

/**
 * struct toe_faults - faults of a target
 * @delay_ms: before any completion is looked at
 * @at: by layer
 */
struct toe_faults {
	u32 delay_ms;
	struct toe_fault_point at[TOE_LAYERS];
};

/**
 * struct toe_target - one target
 * @ref: references: registration, holders, objects
 * @name: unique
 * @ops: its functions
 * @priv: its own
 * @nic: its adapter
 * @client: how ndk_nic_fail() reaches it
 * @clock: ticks
 * @own_clock: what @clock points at unless a test brought one
 * @params: global parameters
 * @caps: as last read
 * @limits: deferral of its request queues
 * @lock: see above
 * @handles: all objects, by index
 * @nobjects: entries in @handles
 * @noffloaded: objects not in the host, by layer
 * @retry: operations to be tried again
 * @wanted: objects the core is to terminate
 * @backlogs: connections with a backlog figure that came too early; worker's
 * @full: by layer: the table was full; until something is uploaded
 * @paused: the target asked for it
 * @uploading_all: everything is on its way back
 * @resume: the target asked for it while @uploading_all
 * @failed: the adapter is lost
 * @going: being unregistered
 * @qlock: see above
 * @queue: toe_item by seq
 * @seq: next sequence number
 * @out: operations the target has, by root
 * @nout: entries in @out
 * @signal: by enum toe_signal: seq, 0: not pending
 * @signal_item: in @queue
 * @wq: runs @work, one at a time
 * @work: the worker
 * @watch: looks for overdue operations, and for memory that was short
 * @watch_due: it has fired, for the worker
 * @watch_armed: it is running
 * @short_of_memory: an upload could not be started; tried again by @watch
 * @idle: wakes those who wait for objects to go
 * @loans: receive buffers on loan
 * @complaints: by enum toe_complaint
 * @counters: toe.md 3.12
 * @established: currently, by family
 * @faults: fault injection
 * @dir: debugfs
 * @link: in the list of targets
 */
struct toe_target {
	struct kref ref;
	char name[32];
	const struct toe_target_ops *ops;
	void *priv;
	struct ndk_nic *nic;
	struct ndk_nic_client client;
	struct toe_clock *clock;
	struct toe_clock own_clock;
	struct toe_params params;
	struct toe_caps caps;
	struct ndk_defer_limits limits;

	spinlock_t lock; /* objects */
	struct xarray handles;
	u32 nobjects;
	u32 noffloaded[TOE_LAYERS];
	struct list_head retry;
	struct list_head wanted;
	u32 backlogs;
	bool full[TOE_LAYERS];
	bool paused;
	bool uploading_all;
	bool resume;
	bool failed;
	bool going;

	spinlock_t qlock ____cacheline_aligned; /* queue, out */
	struct list_head queue;
	u32 seq;
	DECLARE_HASHTABLE(out, 8);
	u32 nout;
	u32 signal[3];
	struct toe_item signal_item;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct toe_timer watch;
	bool watch_due;
	bool watch_armed;
	bool short_of_memory;
	wait_queue_head_t idle;

	atomic_t loans;
	atomic_t complaints[TOE_COMPLAINTS];
	struct toe_counters __percpu *counters;
	atomic_t established[2];
	struct toe_faults faults;
	struct dentry *dir;
	struct list_head link;
};

static inline struct toe_conn *to_toe_conn(struct toe_obj *obj)
{
	return container_of(obj, struct toe_conn, obj);
}

static inline struct toe_neigh *to_toe_neigh(struct toe_obj *obj)
{
	return container_of(obj, struct toe_neigh, obj);
}

static inline struct toe_path *to_toe_path(struct toe_obj *obj)
{
	return container_of(obj, struct toe_path, obj);
}

static inline bool toe_layer_is_path(unsigned int layer)
{
	return layer == TOE_PATH4 || layer == TOE_PATH6;
}

/* depth in a tree: neighbor 0, path 1, connection 2 */
static inline unsigned int toe_layer_depth(unsigned int layer)
{
	return layer == TOE_NEIGH ? 0 : layer == TOE_CONN ? 2 : 1;
}

/* Is the connection below an IPv6 path? */
static inline bool toe_conn_is_v6(const struct toe_conn *conn)
{
	return conn->obj.parent->layer == TOE_PATH6;
}

/* obj.c */
int toe_obj_cache_init(void);
void toe_obj_cache_exit(void);
/* RCU read side. NULL: stale, foreign, or of another layer. */
struct toe_obj *toe_obj_lookup(struct toe_target *t, u64 handle);
struct toe_conn *toe_conn_lookup(struct toe_target *t, u64 handle);
/* t->lock */
void toe_obj_move(struct toe_obj *obj, enum toe_obj_state to);
void toe_obj_hang(struct toe_obj *obj, struct toe_obj *parent);
void toe_obj_unhang(struct toe_obj *obj);

/* check.c; t->lock */
int toe_check(struct toe_op *op);

/* claim.c; t->lock */
void toe_accept(struct toe_op *op);
struct toe_obj *toe_claim(struct toe_op *op, bool again);
void toe_release(struct toe_obj *obj);

/* op.c; process or softirq, no lock */
void toe_op_go(struct toe_op *op, bool again);
void toe_watch(struct toe_target *t);
/* worker */
void toe_watch_look(struct toe_target *t);

/* finish.c; worker */
void toe_finish(struct toe_op *op);

/* upload.c; toe_want under t->lock, the rest worker */
void toe_want(struct toe_obj *obj, enum toe_reason reason);
void toe_want_all(struct toe_target *t, enum toe_reason reason);
void toe_upload_run(struct toe_target *t);

/* event.c; mark: any context; the rest worker */
void toe_event_mark(struct toe_obj *obj, unsigned int event);
void toe_event_handle(struct toe_obj *obj, unsigned int event);
void toe_event_forget(struct toe_obj *obj);
void toe_corrupt(struct toe_obj *obj);
void toe_backlogs_tell(struct toe_target *t);
void toe_backlog_drop(struct toe_obj *obj);
void toe_signal_handle(struct toe_target *t, enum toe_signal s);
void toe_upload_all_done(struct toe_target *t);

/* worker.c */
void toe_worker(struct work_struct *work);
void toe_kick(struct toe_target *t);
void toe_queue(struct toe_target *t, struct toe_item *item);
u32 toe_stamp(struct toe_target *t);
void toe_events_resume(struct toe_obj *obj);

/* policy.c; t->lock */
int toe_policy_offer(struct toe_obj *obj);
void toe_policy_result(struct toe_obj *obj, u32 status);
void toe_policy_uploaded(struct toe_obj *obj);

/* target.c */
void toe_complain(struct toe_target *t, enum toe_complaint what, const char *how);

/* fault.c, view.c */
void toe_fault_view(struct toe_target *t);
void toe_fault_wait(const struct toe_op *op);
bool toe_fault_corrupt(struct toe_target *t, unsigned int layer);
void toe_view_add(struct toe_target *t);
void toe_view_remove(struct toe_target *t);
void toe_view_init(void);
const char *toe_layer_name(unsigned int layer);
void toe_view_exit(void);

#endif /* _TOE_CORE_H */
