/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endpoints of receive clients, inside.
 *
 * Files
 * -----
 *	endpoint.c	life, handlers, requests, where bytes come from
 *	client.c	one unit to one client: which handler, which form, what
 *			its answer means
 *	expedited.c	the queue that overtakes
 *	loan.c		descriptors: what a client keeps
 *	chain.c		reading a chain
 *
 * Normal bytes come from a delivery (deliver.c): the attached connection's, or
 * the endpoint's own. It holds what waits and the requests, and calls
 * toe_ep_indicate() one unit at a time. A client's refusal is a refusal of that
 * indication, so the bytes stay below and the gate there is shut.
 *
 * Locks
 * -----
 * ep->lock, spinlock, interrupts off. Inside of it: the lock of a delivery, the
 * pool's lock of loan.c. Never held over a handler, done(), or a function of a
 * delivery that may call back.
 * Returning descriptors takes no lock at all.
 */
#ifndef _TOE_ENDPOINT_H
#define _TOE_ENDPOINT_H

#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>

#include <ndk/toe_deliver.h>
#include <ndk/toe_recv.h>

#include "rx.h"

enum toe_handler_slot {
	TOE_SLOT_CHAINED,
	TOE_SLOT_COPY,
	TOE_SLOT_CHAINED_EXPEDITED,
	TOE_SLOT_COPY_EXPEDITED,
	TOE_SLOT_DISCONNECT,
	TOE_SLOTS
};

/**
 * struct toe_slot - a handler
 * @fn: the client's, or NULL
 * @ctx: its argument
 * @calls: calls of it that are executing
 */
struct toe_slot {
	union toe_handler fn;
	void *ctx;
	u32 calls;
};

/* struct toe_endpoint.flags */
enum {
	TOE_EP_CLOSED,		/* being destroyed */
	TOE_EP_ENDED,		/* the disconnect event is out */
	TOE_EP_UNTOLD,		/* there was no handler for it */
	TOE_EP_ABORTED,		/* it was a reset */
	TOE_EP_REFUSED,		/* the client refused normal bytes, no request since */
	TOE_EP_EXP_REFUSED,	/* the same for expedited ones */
	TOE_EP_STARVED,		/* bytes wait for descriptors to come back */
	TOE_EP_PIECES,		/* a message waits for the rest of it */
	TOE_EP_WARNED_ANSWER,	/* nonsense answers were reported */
	TOE_EP_WARNED_RETURN,	/* nonsense returns were reported */
};

/**
 * struct toe_endpoint - an endpoint
 * @ref: its creator, what its client keeps, requests, work on the way
 * @name: of the client
 * @context: in every indication
 * @budget: bytes the client may keep
 * @lock: see above
 * @flags: TOE_EP_*
 * @slots: handlers
 * @conn: what it is attached to, with a reference; or NULL
 * @requests: normal requests outstanding
 * @exp_units: expedited messages that wait
 * @exp_requests: requests that expedited bytes go to first
 * @exp_running: somebody delivers expedited bytes
 * @exp_hold: normal delivery is held for them
 * @exp_reopen: a normal indication was turned away because of them
 * @kept: descriptors the client has
 * @kept_bytes: bytes of these
 * @free_loans: descriptors to use next
 * @local: delivery of what is fed to it
 * @kick: resumes delivery after returns
 * @stats: counters, racy by nature
 * @all: in the list of endpoints
 * @rcu: for freeing
 */
struct toe_endpoint {
	struct kref ref;
	char name[32];
	void *context;
	u32 budget;
	spinlock_t lock; /* see above */
	unsigned long flags;
	struct toe_slot slots[TOE_SLOTS];
	struct toe_conn *conn;
	struct list_head requests;
	struct list_head exp_units;
	struct list_head exp_requests;
	bool exp_running;
	bool exp_hold;
	bool exp_reopen;
	atomic_t kept;
	atomic_t kept_bytes;
	struct llist_head free_loans;
	struct toe_deliver local;
	struct work_struct kick;
	struct toe_endpoint_stats stats;
	struct list_head all;
	struct rcu_head rcu;
};

/* endpoint.c */
void toe_ep_put(struct toe_endpoint *ep);
void toe_ep_kick(struct toe_endpoint *ep);
void toe_ep_reopen(struct toe_endpoint *ep);
void toe_ep_call_done(struct toe_rcv_request *req, u32 status);
/* A call of a handler is over. */
void toe_ep_leave(struct toe_endpoint *ep, enum toe_handler_slot slot);
/* The client answered or returned nonsense; true for the first time. */
bool toe_ep_nonsense(struct toe_endpoint *ep, unsigned int warned);
int toe_ep_show_all(struct seq_file *m, void *v);
int toe_ep_post(struct toe_endpoint *ep, struct toe_rcv_request *req, bool outranks);

/* client.c */
u32 toe_ep_indicate(struct toe_endpoint *ep, struct toe_rx *rx, bool expedited);

/* expedited.c */
bool toe_ep_expedited_waits(struct toe_endpoint *ep);	/* ep->lock is held */
void toe_ep_run_expedited(struct toe_endpoint *ep);
void toe_ep_drop_expedited(struct toe_endpoint *ep);

/* loan.c */
struct toe_loan;
void toe_loan_exit(void);
/* ep->lock is held. NULL: the bytes may not be kept now. */
struct toe_loan *toe_loan_take(struct toe_endpoint *ep, struct toe_rx *rx, bool *over_budget);
u64 toe_loan_tsdu(const struct toe_loan *loan);
/*
 * The handler has answered. With @keep the descriptor is the client's, true is
 * returned, and nothing of it may be touched any more; unless he has returned it
 * already, from within the handler. False: the descriptor is gone, the unit is
 * the caller's again.
 */
bool toe_loan_settle(struct toe_loan *loan, bool keep);
void toe_loan_release_slots(struct toe_endpoint *ep);

#endif /* _TOE_ENDPOINT_H */
