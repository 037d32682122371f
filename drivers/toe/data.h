/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data path of a connection: requests, delivery, loans. This header is the
 * seam: what the state core calls, in the order of an offload's life.
 *
 * The core says when the window is shut and open; the data path alone decides
 * what to do with requests and data meanwhile, and never looks at obj->state.
 */
#ifndef _TOE_DATA_H
#define _TOE_DATA_H

#include <ndk/defer.h>
#include <ndk/toe_deliver.h>
#include <ndk/toe_target.h>

/**
 * enum toe_gate - what may pass
 * @TOE_GATE_HOST: not offloaded: requests are refused, -ENOTCONN
 * @TOE_GATE_WINDOW: initiate in progress (E1 to E8): requests are held, data is
 *	kept, nothing is indicated
 * @TOE_GATE_OPEN: offloaded
 * @TOE_GATE_CLOSING: a terminate was asked for: new requests are refused,
 *	-ESHUTDOWN; those accepted go on
 */
enum toe_gate {
	TOE_GATE_HOST,
	TOE_GATE_WINDOW,
	TOE_GATE_OPEN,
	TOE_GATE_CLOSING,
};

/**
 * struct toe_dp - data path state of a connection
 * @lock: everything here but @d and @sq, which have their own. Nests inside of
 *	@sq's. Never held over done(), the consumer or the target.
 * @gate: enum toe_gate
 * @closing: asked back while the gate was %TOE_GATE_WINDOW
 * @asked: the connection was asked back because of a send
 * @finned: a graceful disconnect was posted
 * @reset: an abortive disconnect was posted
 * @aborted: the peer reset the connection, or it is lost
 * @lost: it is lost
 * @fin_acked: what @finned or @reset posted is acknowledged, or out
 * @lent_sends: the first sends came with the initiate and have no number
 * @showing: somebody shows sends to the target
 * @finishing: somebody calls done() of sends
 * @forwarding: somebody shows segments to the target
 * @calling: somebody is in the consumer
 * @acked: bytes acknowledged of the oldest send
 * @nsends: entries in @sends
 * @held_room: room of the receive requests posted in the window
 * @send_status: what the target aborted the sends with in the window
 * @sends: accepted and without outcome, oldest first
 * @unshown: first of @sends that the target has not been shown, or NULL
 * @done: sends whose outcome is known, until done() is called
 * @forwards: segments accepted and not finished
 * @consumer: who reads, or NULL
 * @consumer_priv: his own
 * @d: delivery
 * @push: push timer
 * @up: segments for the host that have to wait
 * @kept: undelivered bytes while the host looks at them
 * @sq: which sends the target has been shown
 */
struct toe_dp {
	spinlock_t lock; /* see above */
	u8 gate;
	bool closing;
	bool asked;
	bool finned;
	bool reset;
	bool aborted;
	bool lost;
	bool fin_acked;
	bool showing;
	bool finishing;
	bool forwarding;
	bool calling;
	u32 acked;
	u32 nsends;
	u32 lent_sends;
	u32 held_room;
	u32 send_status;
	struct list_head sends;
	struct toe_send *unshown;
	struct list_head done;
	struct list_head forwards;
	const struct toe_consumer_ops *consumer;
	void *consumer_priv;
	struct toe_deliver d;
	struct toe_timer push;
	struct sk_buff_head up;
	struct sk_buff_head kept;
	struct ndk_defer sq;
};

/* creation and the last put; process, and RCU callback (softirq) */
void toe_dp_init(struct toe_conn *conn);
void toe_dp_destroy(struct toe_conn *conn);

/* Cached state has new values. */
void toe_dp_cached(struct toe_conn *conn);

/* An initiate is about to be shown to the target. HOST -> WINDOW. */
void toe_dp_window(struct toe_conn *conn);

/*
 * The target has stored the connection (E3): copy the lent receive data, accept
 * the lent sends (they leave @b->sends). 0 or -ENOMEM with nothing changed.
 */
int toe_dp_adopt(struct toe_conn *conn, struct toe_block *b);

/* The completion call has returned. WINDOW -> OPEN: show held requests to the
 * target, deliver what was kept.
 */
void toe_dp_open(struct toe_conn *conn);

/*
 * The initiate failed. WINDOW -> HOST: lent sends go back to @b->sends as they
 * were, copies are dropped, held requests complete UPLOAD_IN_PROGRESS.
 */
void toe_dp_refuse(struct toe_conn *conn, struct toe_block *b);

/* A terminate was asked for. WINDOW or OPEN -> CLOSING; deferred sends are shown.
 * In a WINDOW the gate becomes CLOSING when it opens.
 */
void toe_dp_closing(struct toe_conn *conn);

/*
 * There is no call for an invalidate: TOE_OBJ_INVALID of conn->obj.flags is set,
 * and while it is, no send is shown; the first one kept back asks for the upload
 * (toe_event_retrieve(), TOE_INVALIDATED).
 */

/*
 * Reset (@lost false): sends, receives and forwards complete REQUEST_ABORTED now,
 * and the consumer is told. Lost (@lost true): the consumer is told, requests wait
 * for toe_dp_finish() (R-TOE-57).
 */
void toe_dp_abort(struct toe_conn *conn, bool lost);

/*
 * Wait until no call into the consumer is executing, and none will start
 * (R-TOE-81). May sleep.
 */
void toe_dp_quiesce(struct toe_conn *conn);

/*
 * The terminate is over, quiesced. SUCCESS: sends not completed go to @b->sends
 * in order, kept data to delegated.buffered (a queue of the data path's that
 * stays valid until toe_dp_gone()), receives and forwards complete
 * UPLOAD_IN_PROGRESS. Anything else, or lost: all complete REQUEST_ABORTED.
 */
void toe_dp_finish(struct toe_conn *conn, struct toe_block *b, u32 status);

/*
 * The host has seen the result. CLOSING -> HOST: kept data is freed, segments held
 * for the host are handed over (R-TOE-91). @b is NULL if the tree was the host's;
 * else sends still in @b->sends complete UPLOAD_IN_PROGRESS.
 */
void toe_dp_gone(struct toe_conn *conn, struct toe_block *b);

/*
 * Inside of the data path
 */

/* where a request is; anything else counts as idle */
enum toe_req_state {
	TOE_REQ_IDLE = 0,
	TOE_REQ_HELD = 0x70e1,	/* accepted, waits for the window to open */
	TOE_REQ_ACCEPTED,	/* accepted, not shown to the target */
	TOE_REQ_SHOWN,		/* the target has it */
	TOE_REQ_DONE,		/* its outcome is known, done() not yet called */
};

static inline bool toe_req_is_busy(u32 state)
{
	return state >= TOE_REQ_HELD && state <= TOE_REQ_DONE;
}

/* data.c: kernel memory, right direction, length; negative errno if not */
int toe_check_iter(const struct iov_iter *iter, unsigned int direction);

/* send.c */
void toe_sends_init(struct toe_conn *conn);
void toe_sends_open(struct toe_conn *conn);
void toe_sends_adopt(struct toe_conn *conn, struct toe_block *b);
void toe_sends_refuse(struct toe_conn *conn, struct toe_block *b);
void toe_sends_abort(struct toe_conn *conn, u32 status);
void toe_sends_take(struct toe_conn *conn, struct list_head *list);
void toe_sends_end(struct list_head *list, u32 status);
void toe_sends_quiesce(struct toe_conn *conn);

/* recv.c */
void toe_recvs_open(struct toe_conn *conn);

/* forward.c */
void toe_forwards_open(struct toe_conn *conn);
void toe_forwards_end(struct toe_conn *conn, u32 status);
void toe_pass_up_waiting(struct toe_conn *conn);

/* indicate.c */
extern const struct toe_deliver_ops toe_dp_deliver_ops;
void toe_push_timer_fn(struct toe_timer *t);
void toe_dp_returned(struct toe_conn *conn, u32 bytes);
void toe_tell_consumed(struct toe_conn *conn, u32 bytes);

#endif /* _TOE_DATA_H */
