/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery of a received stream: the algorithm of toe.md 3.5.
 *
 * In-order bytes go in, as units (&struct toe_rx). They fill receive requests,
 * first come, first served; what no request takes is indicated to the consumer,
 * and what he refuses waits until a request is posted. Every offloaded
 * connection has one of these in the core, behind toe_receive(); so has an
 * endpoint of a receive client that reads from elsewhere (include/ndk/toe_recv.h).
 *
 * Pieces of a message that wait are put together, so that it can be indicated
 * whole.
 *
 * Whoever brings an event (bytes, a request, the push timer, the end) runs the
 * algorithm to its end. If it is running already, on this CPU or another, the
 * event is left to whom runs it; one who has run for long leaves the rest to a
 * work item in softirq context. So the owner's operations are never called
 * twice at a time, nor from within each other, and the order of bytes is that
 * of toe_deliver_input() calls (R-TOE-131, 132, 140).
 *
 * Context of every function: process or softirq, no lock held that an operation
 * takes, unless said otherwise. The lock in here is a leaf and never held over
 * an operation, nor over the copying of bytes.
 */
#ifndef _NDK_TOE_DELIVER_H
#define _NDK_TOE_DELIVER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/spinlock.h>

#include <ndk/toe.h>

struct toe_deliver;

/**
 * struct toe_deliver_ops - what the owner does
 * @complete: these requests are over: status and bytes are set, the order is
 *	that of completion. Several full ones and at most one partial.
 * @indicate: show a unit to the consumer; see &struct toe_consumer_ops
 * @ended: nothing more will be indicated. @aborted false: the end of the stream,
 *	every byte before it is consumed. At most once each, an abort last.
 * @push_timer: start the push timer anew, or stop it. It ends in
 *	toe_deliver_push(). A stopped timer may still fire. Optional: requests
 *	then complete by PSH or when full.
 * @consumed: so many bytes are no longer held. Those the consumer has on loan
 *	are not among them. Optional.
 *
 * Context: that of whoever runs the algorithm; no lock held, one at a time.
 */
struct toe_deliver_ops {
	void (*complete)(struct toe_deliver *d, struct list_head *done);
	u32 (*indicate)(struct toe_deliver *d, struct toe_rx *rx);
	void (*ended)(struct toe_deliver *d, bool aborted);
	void (*push_timer)(struct toe_deliver *d, bool start);
	void (*consumed)(struct toe_deliver *d, u32 bytes);
};

/**
 * struct toe_deliver - delivery of one connection
 * @ops: the owner's operations
 * @lock: everything below, except where it says otherwise; also for readers, the
 *	flags share a word
 * @units: bytes not delivered. Only the runner takes from the head.
 * @requests: outstanding. Only the runner takes the first one.
 * @placing: request the runner copies to
 * @buffered: bytes in @units
 * @lent: bytes the consumer holds
 * @posts: requests posted so far: tells whether one came during an indication
 * @used: bytes consumed that @ops have not been told of
 * @handed: the runner's work goes on in a work item
 * @preferred: units that wait are indicated together up to so many bytes; 0: each by
 *	itself. Of a stream only: a message is indicated whole.
 * @held: so many ask for nothing to be delivered, see toe_deliver_hold()
 * @messages: units that end in %TOE_RX_EOR are messages; a request takes no more
 *	than one
 * @mid: the last unit that went was not the end of a message
 * @running: somebody runs the algorithm
 * @gate: the consumer refused; nothing is indicated until a request comes
 * @stopped: see toe_deliver_stop()
 * @pushed: a PSH segment ends inside the first request
 * @eor: a message ends inside the first request
 * @push_due: the push timer fired
 * @push_armed: it runs
 * @cut: the first request ends as it is, see toe_deliver_preempt()
 * @fin: the end follows @units
 * @fin_told: the consumer knows
 * @aborted: the connection was reset, or is lost
 * @abort_told: the consumer knows
 * @keep: after an abort: requests wait for toe_deliver_take()
 */
struct toe_deliver {
	const struct toe_deliver_ops *ops;
	struct list_head units;
	struct list_head requests;
	struct toe_recv *placing;
	struct llist_node handed;
	spinlock_t lock; /* see above */
	u32 preferred;
	u32 buffered;
	atomic_t lent;
	u32 posts;
	u32 used;
	u8 held;
	bool messages : 1;
	bool mid : 1;
	bool running : 1;
	bool gate : 1;
	bool stopped : 1;
	bool pushed : 1;
	bool eor : 1;
	bool push_due : 1;
	bool push_armed : 1;
	bool cut : 1;
	bool fin : 1;
	bool fin_told : 1;
	bool aborted : 1;
	bool abort_told : 1;
	bool keep : 1;
};

/**
 * toe_deliver_init() - prepare
 * @d: the delivery
 * @ops: the owner's operations; outlive @d
 */
void toe_deliver_init(struct toe_deliver *d, const struct toe_deliver_ops *ops);

/**
 * toe_deliver_restart() - begin anew after a stop
 * @d: the delivery, stopped, emptied by toe_deliver_take()
 *
 * Bytes on loan still count.
 */
void toe_deliver_restart(struct toe_deliver *d);

/**
 * toe_deliver_input() - bytes in order
 * @d: the delivery
 * @rx: the unit; length not 0. Its skbs are not shared with anybody who writes.
 *
 * Calls of one connection are ordered by the caller.
 *
 * Return: 0: the unit was taken; -EINVAL: it has no bytes; -EPIPE: the stream
 * has ended; -ESHUTDOWN: stopped. On failure it stays the caller's.
 */
int toe_deliver_input(struct toe_deliver *d, struct toe_rx *rx);

/**
 * toe_deliver_queue() - the same without delivering
 * @d: the delivery
 * @rx: the unit
 *
 * For who orders segments under a lock of his own: called under that, followed
 * by toe_deliver_run() without it.
 *
 * Context: any.
 * Return: as toe_deliver_input().
 */
int toe_deliver_queue(struct toe_deliver *d, struct toe_rx *rx);

/**
 * toe_deliver_run() - deliver what can be
 * @d: the delivery
 */
void toe_deliver_run(struct toe_deliver *d);

/**
 * toe_deliver_post() - receive requests
 * @d: the delivery
 * @list: requests linked by link; empty afterwards
 *
 * Opens the gate. What cannot be served any more completes with the status that
 * says why.
 *
 * Return: 0, -ESHUTDOWN: stopped, the requests stay the caller's.
 */
int toe_deliver_post(struct toe_deliver *d, struct list_head *list);

/**
 * toe_deliver_reopen() - indicate again what was refused
 * @d: the delivery
 *
 * What a request of length 0 does, without one.
 */
void toe_deliver_reopen(struct toe_deliver *d);

/**
 * toe_deliver_push() - the push timer fired
 * @d: the delivery
 *
 * With nothing partly filled it has no effect (R-TOE-130).
 */
void toe_deliver_push(struct toe_deliver *d);

/**
 * toe_deliver_fin() - the stream ends behind what was put in
 * @d: the delivery
 *
 * Once every byte is consumed, outstanding requests complete with what they
 * have, then the consumer is told. Later ones complete %TOE_INVALID_STATE.
 */
void toe_deliver_fin(struct toe_deliver *d);

/**
 * toe_deliver_abort() - the connection was reset
 * @d: the delivery
 * @keep: leave requests to toe_deliver_take()
 *
 * Bytes not delivered are dropped, requests complete %TOE_REQUEST_ABORTED unless
 * they are kept, then the consumer is told.
 */
void toe_deliver_abort(struct toe_deliver *d, bool keep);

/**
 * toe_deliver_stop() - no further step
 * @d: the delivery
 *
 * On return no operation of the owner runs and none will. Requests and bytes
 * stay where they are.
 *
 * Context: process, may sleep; not from an operation.
 */
void toe_deliver_stop(struct toe_deliver *d);

/**
 * toe_deliver_take() - what is left
 * @d: the delivery, stopped
 * @units: gets the bytes not delivered, in order
 * @requests: gets the requests not completed, in order
 *
 * Return: how many bytes.
 */
u32 toe_deliver_take(struct toe_deliver *d, struct list_head *units, struct list_head *requests);

/**
 * toe_deliver_hold() - deliver nothing for now
 * @d: the delivery
 * @hold: or again
 *
 * For the time until an initiate's completion call has returned, and for
 * expedited data, which goes first. Holds add up. What runs is not waited for.
 */
void toe_deliver_hold(struct toe_deliver *d, bool hold);

/**
 * toe_deliver_preempt() - something goes first
 * @d: the delivery
 *
 * A hold, and the request that is partly filled ends before it: it completes with
 * what it has, in either mode. If it was the last one nothing is indicated until
 * the next is posted (toe.md 4.5). Takes effect in toe_deliver_run(), which the
 * caller calls next.
 *
 * Context: any, also under a lock that operations take.
 */
void toe_deliver_preempt(struct toe_deliver *d);

/**
 * toe_deliver_new_consumer() - somebody else reads from here on
 * @d: the delivery
 *
 * What waits is indicated to him, and an end that has come is told again.
 */
void toe_deliver_new_consumer(struct toe_deliver *d);

/**
 * toe_deliver_withdraw() - take a request back
 * @d: the delivery
 * @r: the request
 * @partial: even if it has bytes
 *
 * Context: any, also under a lock that operations take.
 * Return: true: it is the caller's again; false: it is not here (any more), has
 * bytes, or is being filled at this moment.
 */
bool toe_deliver_withdraw(struct toe_deliver *d, struct toe_recv *r, bool partial);

/**
 * toe_deliver_returned() - the consumer gave bytes back
 * @d: the delivery
 * @bytes: length of the units
 *
 * Context: any.
 */
static inline void toe_deliver_returned(struct toe_deliver *d, u32 bytes)
{
	atomic_sub(bytes, &d->lent);
}

/**
 * toe_deliver_held() - bytes a window has to leave out
 * @d: the delivery
 *
 * What waits and what the consumer holds on to: he who does not return closes
 * the window (R-TOE-139).
 *
 * Context: any; a snapshot.
 * Return: bytes.
 */
static inline u32 toe_deliver_held(const struct toe_deliver *d)
{
	return READ_ONCE(d->buffered) + atomic_read(&d->lent);
}

#endif /* _NDK_TOE_DELIVER_H */
