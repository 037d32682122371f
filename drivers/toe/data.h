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
 * @lock: the data path's
 * @gate: enum toe_gate
 */
struct toe_dp {
	spinlock_t lock; /* all of it */
	u8 gate;
};

/* creation and the last put; process, and RCU callback (softirq) */
void toe_dp_init(struct toe_conn *conn);
void toe_dp_destroy(struct toe_conn *conn);

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

/* Invalidated: no send is shown from here on; the first one kept asks for the
 * upload (toe_event_retrieve(), TOE_INVALIDATED), once.
 */
void toe_dp_invalid(struct toe_conn *conn);

/*
 * Reset (@lost false): sends, receives and forwards complete REQUEST_ABORTED now,
 * and the consumer is told. Lost (@lost true): the consumer is told, requests wait
 * for toe_dp_finish() (R-TOE-57).
 */
void toe_dp_abort(struct toe_conn *conn, bool lost);

/* Wait until no call into the consumer is executing, and none will start
 * (R-TOE-81). May sleep. */
void toe_dp_quiesce(struct toe_conn *conn);

/*
 * The terminate is over, quiesced. SUCCESS: sends not completed go to @b->sends
 * in order, kept data to delegated.buffered (a queue of the data path's that
 * stays valid until toe_dp_gone()), receives and forwards complete
 * UPLOAD_IN_PROGRESS. Anything else, or lost: all complete REQUEST_ABORTED.
 */
void toe_dp_finish(struct toe_conn *conn, struct toe_block *b, u32 status);

/*
 * The host has seen the result. CLOSING -> HOST: sends still in @b->sends complete
 * UPLOAD_IN_PROGRESS, kept data is freed, segments held for the host are handed
 * over (R-TOE-91).
 */
void toe_dp_gone(struct toe_conn *conn, struct toe_block *b);

#endif /* _TOE_DATA_H */
