/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NDK kernel API: its objects. Built on the verbs of the same module, through
 * which it works on every backend.
 */
#ifndef _NDK_API_H
#define _NDK_API_H

#include <linux/completion.h>
#include <linux/xarray.h>
#include <rdma/ib_verbs.h>

#include <ndk/ndk.h>
#include <ndk/nic.h>

#include "object.h"

/**
 * struct ndk_adapter - an open adapter
 * @obj: the object
 * @nic: the NIC; its device cannot go while this is open
 * @dev: its verbs device
 * @port: port of @dev
 * @wq: runs what sleeps
 * @info: what ndk_query_adapter_info() says
 * @params: as opened
 * @idle: no use is left
 * @link: in the NIC's list of open adapters
 * @removed: the removal callback was called
 * @tokens: regions and windows by token >> 8, for tokens that peers invalidate
 */
struct ndk_adapter {
	struct api_obj obj;
	struct ndk_nic *nic;
	struct ib_device *dev;
	u32 port;
	struct workqueue_struct *wq;
	struct ndk_adapter_info info;
	struct ndk_open_params params;
	struct completion idle;
	struct list_head link;
	bool removed;
	struct xarray tokens;
};

/**
 * struct ndk_kpd - protection domain
 * @obj: the object
 * @pd: the verbs object
 */
struct ndk_kpd {
	struct api_obj obj;
	struct ib_pd *pd;
};

/**
 * enum api_qp_state - how far a QP is, as its consumer sees it
 * @API_QP_IDLE: not connected, can be
 * @API_QP_CONNECTING: a connector has it
 * @API_QP_CONNECTED: initiator requests are welcome
 * @API_QP_DISCONNECTED: was connected, or was flushed; never again
 */
enum api_qp_state {
	API_QP_IDLE,
	API_QP_CONNECTING,
	API_QP_CONNECTED,
	API_QP_DISCONNECTED
};

/**
 * struct ndk_kqp - queue pair
 * @obj: the object
 * @qp: the verbs object, in INIT or beyond
 * @state: enum api_qp_state, changed with api_qp_set_state() only
 * @initiator_depth: initiator requests the consumer may have outstanding
 * @max_sge: SGEs of a send or write
 * @max_read_sge: SGEs of a read
 * @max_receive_sge: SGEs of a receive
 * @max_inline: bytes of inline data
 * @context: comes with every result
 * @scq: where initiator requests complete
 * @rcq: where receives complete
 * @srq: where receives come from, or NULL
 * @init: how it was asked for
 * @cq_link: in @scq's list of QPs
 * @drained: completed by the last request of either queue
 * @owed: markers that have not come out
 * @flushing: moving to error was started
 * @flush_op: moves it to error
 * @flush_queued: @flush_op was queued
 */
struct ndk_kqp {
	struct api_obj obj;
	struct ib_qp *qp;
	int state;
	u32 initiator_depth;
	u32 max_sge;
	u32 max_read_sge;
	u32 max_receive_sge;
	u32 max_inline;
	void *context;
	struct ndk_kcq *scq;
	struct ndk_kcq *rcq;
	struct ndk_ksrq *srq;
	struct ib_qp_cap init;
	struct completion drained;
	atomic_t owed;
	struct api_op flush_op;
	unsigned long flush_queued;
};

#define to_api(type, o)	container_of(o, struct type, obj)

/* qp.c, for connectors */

/**
 * api_qp_claim() - a connector starts with a QP
 * @qp: the QP
 *
 * Return: 0: it is %API_QP_CONNECTING now; -EISCONN: another has it; -ENOTCONN: it
 * was connected or flushed before.
 */
int api_qp_claim(struct ndk_kqp *qp);

/**
 * api_qp_unclaim() - the connect failed, the QP is as before
 * @qp: from api_qp_claim(); still in INIT
 */
void api_qp_unclaim(struct ndk_kqp *qp);

/**
 * api_qp_connected() - requests may be posted
 * @qp: claimed, in RTS
 *
 * Return: false if it was flushed meanwhile.
 */
bool api_qp_connected(struct ndk_kqp *qp);

/**
 * api_qp_disconnect() - no more requests from here on
 * @qp: the QP
 *
 * Any context. Nothing is flushed yet.
 */
void api_qp_disconnect(struct ndk_kqp *qp);

/**
 * api_qp_flush() - cancel everything and wait until the NIC is done with it
 * @qp: the QP
 *
 * Process context, sleeps. Results are in the CQs on return.
 */
void api_qp_flush(struct ndk_kqp *qp);

/**
 * api_qp_idle_sq() - wait until every initiator request has its outcome
 * @qp: the QP
 * @timeout: jiffies
 *
 * Process context, sleeps. Silent ones, too.
 *
 * Return: false: time is out.
 */
bool api_qp_idle_sq(struct ndk_kqp *qp, unsigned long timeout);

/* connector.c: hooks for the rest of the API */

/**
 * api_connector_qp_failed() - a connected QP broke by itself
 * @qp: the QP
 *
 * Any context but hard interrupt. The connection is over; its consumer gets the
 * disconnect event, once.
 */
void api_connector_qp_failed(struct ndk_kqp *qp);

/**
 * api_connector_qp_established() - data came before the peer's last word
 * @qp: the QP
 *
 * Any context but hard interrupt. IB_EVENT_COMM_EST.
 */
void api_connector_qp_established(struct ndk_kqp *qp);

/**
 * api_connectors_removal() - the adapter goes: every connection is over
 * @adapter: the adapter
 *
 * Process context, sleeps.
 */
void api_connectors_removal(struct ndk_adapter *adapter);

#endif /* _NDK_API_H */
