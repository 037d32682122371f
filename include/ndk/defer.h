/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The deferral core: which requests of one queue the NIC has been shown.
 *
 * It knows nothing of verbs or of TCP. A queue is three free-running indices,
 *
 *	completed <= indicated <= accepted
 *
 * and this code decides when @indicated moves: that move is the doorbell.
 * QP send queues use it, and so do request queues of an offload target.
 *
 * Threading
 * ---------
 * Posting side, any context with any locks of the caller's held:
 *	ndk_defer_begin() ... ndk_defer_accept()/ndk_defer_refuse() ...
 *	ndk_defer_end(); ndk_defer_flush()
 * Completing side, one caller at a time per queue, softirq or process:
 *	ndk_defer_complete()
 * Process context, may sleep:
 *	ndk_defer_init(), ndk_defer_stop()
 *
 * Memory ordering
 * ---------------
 * @completed is stored with release by ndk_defer_complete() and loaded with
 * acquire by ndk_defer_room(): a poster that sees the slot free also sees that
 * the completing side is done reading it.
 * @accepted and @indicated change only under @lock. The doorbell operation
 * runs under @lock too, so whatever it publishes for the NIC is ordered after
 * the contents of the slots.
 */
#ifndef _NDK_DEFER_H
#define _NDK_DEFER_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct ndk_defer;

/**
 * enum ndk_db_reason - why a doorbell rang
 * @NDK_DB_UNDEFERRED: a request without the defer mark ended the chain
 * @NDK_DB_REFUSED: a post on this queue was refused inline (R-NDK-66..68)
 * @NDK_DB_BOUND: the chain reached the device's bound (R-NDK-74)
 * @NDK_DB_TIMER: the chain was left alone for too long (R-NDK-79)
 * @NDK_DB_FULL: the last free slot was taken, nobody could end the chain
 * @NDK_DB_FLUSH: an explicit kick, queue error, drain or destroy
 * @NDK_DB_REASONS: number of reasons
 */
enum ndk_db_reason {
	NDK_DB_UNDEFERRED,
	NDK_DB_REFUSED,
	NDK_DB_BOUND,
	NDK_DB_TIMER,
	NDK_DB_FULL,
	NDK_DB_FLUSH,
	NDK_DB_REASONS
};

/**
 * struct ndk_defer_limits - what bounds a deferred tail
 * @bound: requests a chain may hold before the doorbell rings, at least 1
 * @usecs: age in microseconds at which an abandoned chain is indicated; it
 *	lives between one and two of these. 0 turns the timer off.
 *
 * One per device, shared by its queues, changed at run time: read with
 * READ_ONCE(), no lock.
 */
struct ndk_defer_limits {
	u32 bound;
	u32 usecs;
};

/**
 * struct ndk_defer_ops - what a queue's owner supplies
 * @doorbell: show requests [@first, @end) to the NIC. Called with the queue's
 *	lock held and interrupts off: must not sleep, must not take a lock that
 *	is ever held around a posting call. Returns 0, or a negative errno after
 *	storing in @refused the index of the first request the NIC did not take.
 * @broken: the NIC refused request @index, which was accepted in an earlier
 *	call, and took none behind it. The owner owes @index an error and the
 *	rest a flush. Same context as @doorbell.
 * @progress: a doorbell rang during the call that is now ending. Called in the
 *	poster's own context without the lock; may do the NIC's work. Optional.
 * @account: adds what one call did to the owner's counters. Called once per
 *	call that did anything, with the lock held. Optional.
 */
struct ndk_defer_ops {
	int (*doorbell)(struct ndk_defer *d, u32 first, u32 end, u32 *refused);
	void (*broken)(struct ndk_defer *d, u32 index, int err);
	void (*progress)(struct ndk_defer *d);
	void (*account)(struct ndk_defer *d, enum ndk_db_reason reason,
			u32 chain);
};

/**
 * struct ndk_defer - deferral state of one queue
 * @ops: the owner's operations
 * @limits: the device's limits
 * @depth: slots in the queue
 * @lock: serialises the posting side; interrupts are off while it is held
 * @accepted: index behind the last accepted request
 * @indicated: index behind the last request the NIC was shown
 * @due: index behind the last accepted request without the defer mark
 * @longest: longest chain one doorbell has indicated
 * @doorbells: doorbells rung, by reason
 * @refused: posts refused inline
 * @completed: index behind the last request whose outcome is out
 * @timer: ends abandoned chains
 * @timer_mark: @indicated when the timer last looked
 * @timer_armed: the timer is queued or running
 * @stopped: no timer may be started any more
 *
 * Everything up to @doorbells is the posting side's, who takes the lock anyway:
 * the constants share its line. The completing side writes @completed alone.
 */
struct ndk_defer {
	const struct ndk_defer_ops *ops;
	const struct ndk_defer_limits *limits;
	u32 depth;
	spinlock_t lock; /* accepted to doorbells */
	u32 accepted;
	u32 indicated;
	u32 due;
	u32 timer_mark;
	u32 longest;
	bool timer_armed;
	bool stopped;
	u64 refused;
	u64 doorbells[NDK_DB_REASONS];

	u32 completed ____cacheline_aligned;
	struct hrtimer timer;
};

/**
 * struct ndk_post - one posting call, on the caller's stack
 * @flags: saved interrupt state
 * @rang: a doorbell rang during this call
 * @refused: the call was refused
 * @last: index of the request this call accepted last, if @accepted
 * @accepted: this call accepted something
 */
struct ndk_post {
	unsigned long flags;
	u32 last;
	bool accepted;
	bool refused;
	bool rang;
};

/**
 * ndk_defer_init() - prepare a queue
 * @d: the queue
 * @ops: the owner's operations; outlive the queue
 * @limits: the device's limits; outlive the queue
 * @depth: slots in the queue, 1 to 2^30
 *
 * Context: process, may not be called twice without ndk_defer_stop().
 */
void ndk_defer_init(struct ndk_defer *d, const struct ndk_defer_ops *ops,
		    const struct ndk_defer_limits *limits, u32 depth);

/**
 * ndk_defer_stop() - end the timer's life
 * @d: the queue
 *
 * Indicates what is left (%NDK_DB_FLUSH), then waits for a running timer.
 * Afterwards nothing of this code touches the queue by itself, but posts still
 * work (they are indicated at once).
 *
 * Context: process, may sleep.
 */
void ndk_defer_stop(struct ndk_defer *d);

/**
 * ndk_defer_reset() - forget every request
 * @d: the queue
 *
 * For a queue whose owner has dropped all requests (QP to RESET). The caller
 * guarantees that nobody posts or completes meanwhile.
 *
 * Context: process.
 */
void ndk_defer_reset(struct ndk_defer *d);

/**
 * ndk_defer_begin() - start a posting call
 * @d: the queue
 * @p: the call
 *
 * Takes the queue's lock. End with ndk_defer_end(), whatever happens.
 *
 * Context: any.
 */
void ndk_defer_begin(struct ndk_defer *d, struct ndk_post *p) __acquires(&d->lock);

/**
 * ndk_defer_room() - free slots
 * @d: the queue
 *
 * Context: between begin and end.
 * Return: number of requests that can still be accepted.
 */
static inline u32 ndk_defer_room(const struct ndk_defer *d)
{
	/* pairs with the release in ndk_defer_complete() */
	return d->depth - (d->accepted - smp_load_acquire(&d->completed));
}

/**
 * ndk_defer_accept() - accept the request in slot @accepted
 * @d: the queue; ndk_defer_room() was not 0
 * @p: the call
 * @deferred: the request carries the defer mark
 *
 * From here on the request is owed exactly one outcome. Rings when the chain
 * reaches the bound or takes the last slot.
 *
 * Context: between begin and end.
 */
void ndk_defer_accept(struct ndk_defer *d, struct ndk_post *p, bool deferred);

/**
 * ndk_defer_refuse() - note that this call is refused
 * @d: the queue
 * @p: the call
 *
 * ndk_defer_end() will indicate everything accepted so far (R-NDK-66..68).
 *
 * Context: between begin and end.
 */
void ndk_defer_refuse(struct ndk_defer *d, struct ndk_post *p);

/**
 * ndk_defer_end() - end a posting call
 * @d: the queue
 * @p: the call
 *
 * Rings if the call ended a chain or was refused, arms the timer if a tail
 * stays, drops the lock, then lets the NIC work (&ndk_defer_ops.progress).
 *
 * Context: as ndk_defer_begin().
 * Return: 0, or the NIC's errno if it refused at the doorbell the very request
 * this call accepted last; that request is then refused inline and never
 * completes.
 */
int ndk_defer_end(struct ndk_defer *d, struct ndk_post *p) __releases(&d->lock);

/**
 * ndk_defer_flush() - indicate everything now
 * @d: the queue
 *
 * The "ring early" of this project ("kick"): in NDK language flush means
 * cancel, here only the counter of that reason is called so.
 *
 * Context: any. Calls &ndk_defer_ops.progress if it rang.
 */
void ndk_defer_flush(struct ndk_defer *d);

/**
 * ndk_defer_flush_quiet() - indicate everything, leave the work to the caller
 * @d: the queue
 *
 * For a NIC that finds its own queue in error and is about to work on it.
 *
 * Context: any, also under the lock that &ndk_defer_ops.progress takes.
 */
void ndk_defer_flush_quiet(struct ndk_defer *d);

/**
 * ndk_defer_complete() - the outcomes of everything before @end are out
 * @d: the queue
 * @end: new @completed, not beyond @indicated
 *
 * Context: one caller at a time.
 */
static inline void ndk_defer_complete(struct ndk_defer *d, u32 end)
{
	/* pairs with the acquire in ndk_defer_room() */
	smp_store_release(&d->completed, end);
}

/**
 * ndk_defer_pending() - length of the deferred tail
 * @d: the queue
 *
 * Context: any; a snapshot unless called between begin and end.
 * Return: requests accepted and not yet indicated.
 */
static inline u32 ndk_defer_pending(const struct ndk_defer *d)
{
	return READ_ONCE(d->accepted) - READ_ONCE(d->indicated);
}

#endif /* _NDK_DEFER_H */
