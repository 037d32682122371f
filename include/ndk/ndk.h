/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NDK kernel API: Network Direct's kernel interface for Linux consumers.
 *
 * One function per NDKPI function, with its arguments in its order. What differs
 * is said in Documentation/porting-from-ndkpi.md.
 *
 * Pending
 * -------
 * A call that takes a completion callback returns 0 (done, the callback is not
 * called), a negative errno (failed, the callback is not called), or
 * -EINPROGRESS: it pends, and the callback is called exactly once, even before
 * the call returns. A create that pends does not touch its output: the object
 * comes with the callback. (R-NDK-11 to R-NDK-13)
 *
 * Context
 * -------
 * Open, close and query of the adapter: process context, they sleep. All others:
 * process or softirq, bottom halves may be disabled and spinlocks held, interrupts
 * on; they never sleep. Never from hard interrupt. Callbacks come with bottom
 * halves disabled. (R-NDK-14, R-NDK-15)
 *
 * Closing
 * -------
 * A close returns 0 or -EINPROGRESS and cannot fail. It pends until everything
 * that depends on the object is closed *and their close callbacks have returned*,
 * and until every other callback of the object has returned; its own is then the
 * last. From the call on the consumer leaves the object alone. What depends on
 * what:
 *
 *	adapter <- CQ, PD, connector, listener, shared endpoint, LAM
 *	PD <- MR, MW, QP, SRQ
 *	CQ, SRQ <- QP
 *	MR <- MW bound to it
 *	QP, listener, shared endpoint <- connector
 *
 * (R-NDK-18 to R-NDK-32)
 *
 * Posting
 * -------
 * The consumer serialises calls on one queue: the initiator queue of a QP, its
 * receive queue, a shared receive queue. Different queues, ndk_flush() and closing
 * the connector need no serialisation. Calls that get results from, or arm, one CQ
 * are serialised by the consumer too.
 *
 * Every object pointer is opaque; ndk_obj() gives its common beginning.
 */
#ifndef _NDK_NDK_H
#define _NDK_NDK_H

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/uuid.h>

#include <ndk/ndk_types.h>
#include <ndk/stats.h>

/**
 * union ndk_any_object - an object of any type, as an argument
 * @adapter: one of these
 * @connector: one of these
 * @cq: one of these
 * @mr: one of these
 * @mw: one of these
 * @pd: one of these
 * @qp: one of these
 * @srq: one of these
 * @listener: one of these
 * @endpoint: one of these
 *
 * A function that takes it is called with the pointer itself.
 */
union ndk_any_object {
	struct ndk_adapter *adapter;
	struct ndk_connector *connector;
	struct ndk_kcq *cq;
	struct ndk_kmr *mr;
	struct ndk_kmw *mw;
	struct ndk_kpd *pd;
	struct ndk_kqp *qp;
	struct ndk_ksrq *srq;
	struct ndk_listener *listener;
	struct ndk_shared_endpoint *endpoint;
} __attribute__((__transparent_union__));

/**
 * ndk_obj() - the common beginning of an object
 * @o: an object of any type
 *
 * Return: its &struct ndk_object.
 */
static inline struct ndk_object *ndk_obj(union ndk_any_object o)
{
	return (struct ndk_object *)o.adapter;
}

/**
 * struct ndk_open_params - how to open an adapter
 * @major: version asked for, %NDK_VERSION_MAJOR
 * @minor: lowest minor the consumer can live with
 * @consumer: name for messages; must live as long as the adapter
 * @removal: called when the adapter goes away or is disabled; may be NULL
 * @removal_context: for @removal
 */
struct ndk_open_params {
	u16 major;
	u16 minor;
	const char *consumer;
	ndk_removal_fn *removal;
	void *removal_context;
};

/**
 * ndk_open_adapter() - open an adapter
 * @dev: the RDMA device, one of ndk's own; the caller keeps it alive meanwhile
 * @params: version and consumer; only read during the call
 * @adapter: the adapter, independent of others on the same device (R-NDK-04)
 *
 * Context: process, sleeps.
 * Return: 0; -EPROTONOSUPPORT: no such version (R-NDK-02); -ENODEV: NDK is
 * disabled on the device, or it is going (R-NDK-03); -EOPNOTSUPP: not a device of
 * ndk's; -EINVAL: no consumer name; -ENOMEM.
 */
int ndk_open_adapter(struct ib_device *dev, const struct ndk_open_params *params,
		     struct ndk_adapter **adapter);

/**
 * ndk_open_adapter_by_name() - open an adapter by the name of its RDMA device
 * @name: e.g. "ndk0"
 * @params: as ndk_open_adapter()
 * @adapter: the adapter
 *
 * Context: process, sleeps.
 * Return: as ndk_open_adapter(), and -ENODEV: no device of that name.
 */
int ndk_open_adapter_by_name(const char *name, const struct ndk_open_params *params,
			     struct ndk_adapter **adapter);

/**
 * ndk_open_adapter_by_netdev() - open the adapter over a network device
 * @ndev: the network device
 * @params: as ndk_open_adapter()
 * @adapter: the adapter
 *
 * Context: process, sleeps.
 * Return: as ndk_open_adapter(), and -ENODEV: no device of ndk's there.
 */
int ndk_open_adapter_by_netdev(struct net_device *ndev, const struct ndk_open_params *params,
			       struct ndk_adapter **adapter);

/**
 * ndk_open_adapter_by_address() - open the adapter that has a local address
 * @net: network namespace
 * @local: IPv4 or IPv6 address; the port is ignored
 * @params: as ndk_open_adapter()
 * @adapter: the adapter
 *
 * Context: process, sleeps.
 * Return: as ndk_open_adapter(), and -EADDRNOTAVAIL: not an address of this host,
 * or on no adapter; -EAFNOSUPPORT.
 */
int ndk_open_adapter_by_address(struct net *net, const struct sockaddr *local,
				const struct ndk_open_params *params,
				struct ndk_adapter **adapter);

/**
 * ndk_close_adapter() - close an adapter
 * @adapter: the adapter; gone on return
 *
 * Waits until everything opened through it is closed and every callback has
 * returned: the consumer may be unloaded then (R-NDK-27, R-NDK-122). Not from
 * inside a callback.
 *
 * Context: process, sleeps.
 */
void ndk_close_adapter(struct ndk_adapter *adapter);

/**
 * ndk_query_adapter_info() - what the adapter can do
 * @adapter: the adapter
 * @info: filled
 * @size: bytes at @info; on return what is needed (R-NDK-09)
 *
 * Context: process, sleeps.
 * Return: 0; -ENOBUFS: @size too small, nothing was written but @size.
 */
int ndk_query_adapter_info(struct ndk_adapter *adapter, struct ndk_adapter_info *info, u32 *size);

/**
 * ndk_query_capabilities() - what a device could do if it were opened
 * @dev: RDMA device
 * @info: filled
 *
 * Also while NDK is disabled on the device (R-NDK-03).
 *
 * Context: process, sleeps.
 * Return: 0; -EOPNOTSUPP: not a device of ndk's.
 */
int ndk_query_capabilities(struct ib_device *dev, struct ndk_adapter_info *info);

/**
 * ndk_adapter_name() - name of the RDMA device
 * @adapter: the adapter
 *
 * Context: process or softirq.
 * Return: e.g. "ndk0"; renaming the device changes it.
 */
const char *ndk_adapter_name(struct ndk_adapter *adapter);

/**
 * ndk_adapter_counter() - a counter of the device
 * @adapter: the adapter
 * @counter: e.g. %NDK_STAT_DOORBELLS
 *
 * Of everything on the device, whoever opened it; what is bound to an rdma counter
 * of its own (`rdma statistic qp`) is not in it.
 *
 * Context: process or softirq.
 * Return: the value since the device was made.
 */
u64 ndk_adapter_counter(struct ndk_adapter *adapter, enum ndk_stat counter);

/**
 * ndk_query_extension() - ask an object for an extension
 * @object: any object
 * @id: the extension
 * @version: its version
 * @extension: untouched, there are no extensions yet (R-NDK-08)
 *
 * Context: process or softirq.
 * Return: -EOPNOTSUPP.
 */
int ndk_query_extension(struct ndk_object *object, const guid_t *id, u32 version,
			const void **extension);

/**
 * ndk_create_pd() - make a protection domain
 * @adapter: the adapter
 * @created: called when a pending create is done
 * @context: for @created
 * @pd: the PD, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS, or -ENOMEM (also in the callback).
 */
int ndk_create_pd(struct ndk_adapter *adapter, ndk_create_fn *created, void *context,
		  struct ndk_kpd **pd);

/**
 * ndk_close_pd() - close a protection domain
 * @pd: the PD
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on its regions, windows, queue pairs and shared receive queues.
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_pd(struct ndk_kpd *pd, ndk_close_fn *closed, void *context);

/**
 * ndk_get_privileged_memory_region_token() - the token for DMA addresses
 * @pd: the PD
 * @token: local read and write of everything ndk_build_lam() gives addresses of;
 *	no use to a peer (R-NDK-48)
 *
 * Context: process or softirq.
 */
void ndk_get_privileged_memory_region_token(struct ndk_kpd *pd, u32 *token);

/**
 * ndk_create_cq() - make a completion queue
 * @adapter: the adapter
 * @depth: entries, at least 1
 * @notify: called when an arm is satisfied; may be NULL if it is never armed
 * @notify_context: for @notify
 * @affinity: processors to be notified on; a wish, may be NULL
 * @created: called when a pending create is done
 * @context: for @created
 * @cq: the CQ, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EINVAL: @depth (R-NDK-33); -ENOMEM.
 */
int ndk_create_cq(struct ndk_adapter *adapter, u32 depth, ndk_cq_notify_fn *notify,
		  void *notify_context, const struct cpumask *affinity, ndk_create_fn *created,
		  void *context, struct ndk_kcq **cq);

/**
 * ndk_close_cq() - close a completion queue
 * @cq: the CQ; it notifies no more
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on the queue pairs that use it and on a running notification (R-NDK-20,
 * R-NDK-29).
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_cq(struct ndk_kcq *cq, ndk_close_fn *closed, void *context);

/**
 * ndk_resize_cq() - change the depth of a completion queue
 * @cq: the CQ
 * @depth: entries
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Nothing is lost, nothing has to stand still. Fewer than there are entries
 * waiting fails and changes nothing (R-NDK-98).
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EINVAL: @depth; -ENOMEM.
 */
int ndk_resize_cq(struct ndk_kcq *cq, u32 depth, ndk_request_fn *done, void *context);

/**
 * ndk_arm_cq() - ask for one notification
 * @cq: the CQ
 * @type: what satisfies it; of two arms the stronger one counts, ANY before
 *	SOLICITED before ERRORS (R-NDK-86)
 *
 * If an entry was added since the last notification, ANY and SOLICITED are
 * satisfied at once (R-NDK-87). Not from two contexts at a time, nor with
 * ndk_get_cq_results().
 *
 * Context: process or softirq. Never calls the consumer from inside.
 */
void ndk_arm_cq(struct ndk_kcq *cq, enum ndk_cq_notify_type type);

/**
 * ndk_get_cq_results() - take completions out
 * @cq: the CQ
 * @results: filled
 * @max: entries in @results
 *
 * &ndk_result.status: 0; -ECANCELED: flushed; -EACCES: token or rights, here or at
 * the peer; -EOVERFLOW: a message longer than its receive; -E2BIG: a request
 * longer than can be sent; -EPROTO: malformed; -ETIMEDOUT: the peer does not
 * answer, or has no receive; -EREMOTEIO: error at the peer; -EIO: other. After an
 * error completion the connection ends and the rest is cancelled.
 *
 * Context: process or softirq, one caller at a time.
 * Return: entries filled; fewer than @max: the queue was empty.
 */
u32 ndk_get_cq_results(struct ndk_kcq *cq, struct ndk_result *results, u32 max);

/**
 * ndk_get_cq_results_ex() - take completions out, with types
 * @cq: the CQ
 * @results: filled
 * @max: entries in @results
 *
 * May be mixed with ndk_get_cq_results() (R-NDK-83).
 *
 * Context: as ndk_get_cq_results().
 * Return: as ndk_get_cq_results().
 */
u32 ndk_get_cq_results_ex(struct ndk_kcq *cq, struct ndk_result_ex *results, u32 max);

/**
 * ndk_control_cq_interrupt_moderation() - notify less often
 * @cq: the CQ
 * @interval: longest delay in microseconds; 0: no moderation;
 *	%NDK_CQ_MODERATION_INTERVAL_MAX: no limit
 * @count: completions that are notified without delay; 0 or 1: no moderation;
 *	%NDK_CQ_MODERATION_COUNT_MAX or more than the depth: no limit
 *
 * The latest call wins (R-NDK-93). Not from two contexts at a time.
 *
 * Context: process or softirq. Never pends.
 * Return: 0; -EDOM: neither has a limit; -EOPNOTSUPP: the adapter does not say
 * %NDK_ADAPTER_FLAG_CQ_INTERRUPT_MODERATION_SUPPORTED.
 */
int ndk_control_cq_interrupt_moderation(struct ndk_kcq *cq, u32 interval, u32 count);

/**
 * ndk_create_srq() - make a shared receive queue
 * @pd: the PD
 * @depth: receives, at least 1
 * @max_sge: SGEs per receive
 * @threshold: notify when fewer receives are queued; 0: never
 * @notify: called then, once; may be NULL
 * @notify_context: for @notify
 * @affinity: processors to be notified on; a wish, may be NULL
 * @created: called when a pending create is done
 * @context: for @created
 * @srq: the SRQ, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EINVAL: over a limit (R-NDK-35); -EOPNOTSUPP: the
 * adapter has none; -ENOMEM.
 */
int ndk_create_srq(struct ndk_kpd *pd, u32 depth, u32 max_sge, u32 threshold,
		   ndk_srq_notify_fn *notify, void *notify_context,
		   const struct cpumask *affinity, ndk_create_fn *created, void *context,
		   struct ndk_ksrq **srq);

/**
 * ndk_close_srq() - close a shared receive queue
 * @srq: the SRQ
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on the queue pairs that use it, on a running notification and on a pending
 * ndk_modify_srq(). Receives still queued are gone without a result.
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_srq(struct ndk_ksrq *srq, ndk_close_fn *closed, void *context);

/**
 * ndk_modify_srq() - change depth or threshold
 * @srq: the SRQ
 * @depth: 0: keep
 * @threshold: 0: keep, armed or not; otherwise arms the notification, which
 *	comes at once if fewer receives are queued (R-NDK-97)
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EINVAL: over a limit, or fewer than are queued;
 * -ENOMEM.
 */
int ndk_modify_srq(struct ndk_ksrq *srq, u32 depth, u32 threshold, ndk_request_fn *done,
		   void *context);

/**
 * ndk_srq_receive() - post a receive to a shared receive queue
 * @srq: the SRQ; one caller at a time
 * @request_context: comes with the result
 * @sgl: where the message goes; only read during the call
 * @nsge: entries in @sgl, may be 0
 *
 * Context: process or softirq.
 * Return: 0; -ENOSPC: full; -E2BIG: @nsge; -EINVAL.
 */
int ndk_srq_receive(struct ndk_ksrq *srq, void *request_context, const struct ndk_sge *sgl,
		    u32 nsge);

/**
 * ndk_create_qp() - make a queue pair
 * @pd: the PD
 * @receive_cq: where receives complete
 * @initiator_cq: where initiator requests complete; may be the same
 * @qp_context: comes with every result
 * @receive_depth: receives that may be posted
 * @initiator_depth: initiator requests that may be outstanding, silent ones too
 * @max_receive_sge: SGEs per receive
 * @max_initiator_sge: SGEs per initiator request; for reads
 *	&ndk_adapter_info.max_read_request_sge holds instead, see ndk_read()
 * @inline_size: bytes of inline data per request
 * @created: called when a pending create is done
 * @context: for @created
 * @qp: the QP, if this returns 0
 *
 * A connection makes it usable, see ndk_connect(); receives may be posted before.
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EINVAL: over a limit (R-NDK-34), or an object of
 * another adapter; -ENOMEM.
 */
int ndk_create_qp(struct ndk_kpd *pd, struct ndk_kcq *receive_cq, struct ndk_kcq *initiator_cq,
		  void *qp_context, u32 receive_depth, u32 initiator_depth, u32 max_receive_sge,
		  u32 max_initiator_sge, u32 inline_size, ndk_create_fn *created, void *context,
		  struct ndk_kqp **qp);

/**
 * ndk_create_qp_with_srq() - make a queue pair on a shared receive queue
 * @pd: the PD
 * @receive_cq: where receives complete
 * @initiator_cq: where initiator requests complete; may be the same
 * @srq: where receives are taken from
 * @qp_context: comes with every result
 * @initiator_depth: initiator requests that may be outstanding, silent ones too
 * @max_initiator_sge: SGEs per initiator request; for reads
 *	&ndk_adapter_info.max_read_request_sge holds instead, see ndk_read()
 * @inline_size: bytes of inline data per request
 * @created: called when a pending create is done
 * @context: for @created
 * @qp: the QP, if this returns 0
 *
 * Context: as ndk_create_qp().
 * Return: as ndk_create_qp().
 */
int ndk_create_qp_with_srq(struct ndk_kpd *pd, struct ndk_kcq *receive_cq,
			   struct ndk_kcq *initiator_cq, struct ndk_ksrq *srq, void *qp_context,
			   u32 initiator_depth, u32 max_initiator_sge, u32 inline_size,
			   ndk_create_fn *created, void *context, struct ndk_kqp **qp);

/**
 * ndk_close_qp() - close a queue pair
 * @qp: the QP; what is posted is cancelled at once
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on its connector (R-NDK-22). Results can still be got afterwards
 * (R-NDK-31).
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_qp(struct ndk_kqp *qp, ndk_close_fn *closed, void *context);

/**
 * ndk_flush() - cancel everything posted
 * @qp: the QP; of no further use: initiator requests are refused with -ENOTCONN,
 *	receives complete cancelled
 *
 * Returns at once; it is over when every request has its result (R-NDK-94 to
 * R-NDK-96). May be called while others post. Receives in a shared receive queue
 * are not the QP's.
 *
 * Context: process or softirq.
 */
void ndk_flush(struct ndk_kqp *qp);

/**
 * ndk_receive() - post a receive
 * @qp: the QP; one caller at a time
 * @request_context: comes with the result
 * @sgl: where the message goes; only read during the call
 * @nsge: entries in @sgl, may be 0
 *
 * Ends no chain of deferred requests, whether it succeeds or not (R-NDK-69).
 *
 * Context: process or softirq.
 * Return: 0; -ENOSPC: full; -E2BIG: @nsge; -EINVAL: the QP has an SRQ.
 */
int ndk_receive(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge);

/*
 * The seven initiator requests
 * ----------------------------
 * One caller at a time per queue pair. 0: accepted; the outcome comes through the
 * CQ, unless it is the success of a silent request. Anything else: refused, there
 * is no outcome, and whatever was accepted deferred has been shown to the NIC
 * (R-NDK-43, R-NDK-66 to R-NDK-68). Arguments are only read during the call.
 *
 * All take NDK_OP_FLAG_SILENT_SUCCESS, _READ_FENCE and _DEFER.
 *
 * All return -ENOTCONN: the queue pair is not connected, or no longer;
 * -ENOSPC: as many requests are outstanding as the queue pair has room for;
 * -EINVAL: flags, or arguments out of range; -E2BIG: too many SGEs or too many
 * bytes.
 */

/**
 * ndk_send() - send a message
 * @qp: the QP
 * @request_context: comes with the result
 * @sgl: the message
 * @nsge: entries in @sgl, may be 0
 * @flags: also %NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT, %NDK_OP_FLAG_INLINE (then
 *	only bytes count, not SGEs: R-NDK-46)
 *
 * Context: process or softirq.
 * Return: 0 or a negative errno, see above.
 */
int ndk_send(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge,
	     u32 flags);

/**
 * ndk_send_and_invalidate() - send a message that invalidates a token of the peer's
 * @qp: the QP
 * @request_context: comes with the result, which says it was a send
 * @sgl: the message
 * @nsge: entries in @sgl, may be 0
 * @flags: as ndk_send()
 * @remote_token: the peer's token
 *
 * Context: process or softirq.
 * Return: 0 or a negative errno, see above.
 */
int ndk_send_and_invalidate(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl,
			    u32 nsge, u32 flags, u32 remote_token);

/**
 * ndk_read() - read memory of the peer
 * @qp: the QP
 * @request_context: comes with the result
 * @sgl: where it goes
 * @nsge: entries in @sgl, at most &ndk_adapter_info.max_read_request_sge, however
 *	many the queue pair was made for (R-NDK-39). Hardware may lack room for that
 *	in a queue of the depth asked for: then at most what it was made for
 * @remote_address: where it comes from
 * @remote_token: the peer's token
 * @flags: also %NDK_OP_FLAG_RDMA_READ_LOCAL_INVALIDATE, ignored where the adapter
 *	cannot (R-NDK-52)
 *
 * Context: process or softirq.
 * Return: 0 or a negative errno, see above.
 */
int ndk_read(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge,
	     u64 remote_address, u32 remote_token, u32 flags);

/**
 * ndk_write() - write memory of the peer
 * @qp: the QP
 * @request_context: comes with the result
 * @sgl: what is written
 * @nsge: entries in @sgl, may be 0
 * @remote_address: where it goes
 * @remote_token: the peer's token
 * @flags: also %NDK_OP_FLAG_INLINE
 *
 * Context: process or softirq.
 * Return: 0 or a negative errno, see above.
 */
int ndk_write(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge,
	      u64 remote_address, u32 remote_token, u32 flags);

/**
 * ndk_bind() - let a peer use part of a region through a window
 * @qp: the QP
 * @request_context: comes with the result
 * @mr: the region, registered
 * @mw: the window, not bound; its token can be read on return
 * @virtual_address: first byte, inside the region
 * @length: bytes
 * @flags: also %NDK_OP_FLAG_ALLOW_REMOTE_READ, %NDK_OP_FLAG_ALLOW_REMOTE_WRITE
 *
 * Context: process or softirq.
 * Return: 0 or a negative errno, see above; -EACCES: remote write to a region
 * without local write; -EINVAL: outside the region (R-NDK-61); -EBUSY: the window
 * is bound, or its last bind is not over.
 */
int ndk_bind(struct ndk_kqp *qp, void *request_context, struct ndk_kmr *mr, struct ndk_kmw *mw,
	     u64 virtual_address, u64 length, u32 flags);

/**
 * ndk_fast_register() - register pages with a fast-register region
 * @qp: the QP
 * @request_context: comes with the result
 * @mr: the region, initialised and not registered; its tokens can be read on
 *	return, also when deferred (R-NDK-54)
 * @page_count: entries in @pages, at most what the region was initialised for
 * @pages: DMA addresses of pages, multiples of PAGE_SIZE, as in &struct ndk_lam
 * @fbo: offset of the first byte in the first page
 * @length: bytes, at most what is left of the pages
 * @base_virtual_address: what peers call the first byte; congruent to @fbo modulo
 *	PAGE_SIZE (R-NDK-57)
 * @flags: also %NDK_OP_FLAG_ALLOW_LOCAL_WRITE, %NDK_OP_FLAG_ALLOW_REMOTE_READ,
 *	%NDK_OP_FLAG_ALLOW_REMOTE_WRITE, %NDK_OP_FLAG_RDMA_READ_SINK
 *
 * Context: process or softirq.
 * Return: 0 or a negative errno, see above; -EACCES: remote rights, and the
 * region was initialised without (R-NDK-56); -EBUSY: it is registered, or the last
 * registration but one is not over.
 */
int ndk_fast_register(struct ndk_kqp *qp, void *request_context, struct ndk_kmr *mr,
		      u32 page_count, const u64 *pages, u32 fbo, size_t length,
		      u64 base_virtual_address, u32 flags);

/**
 * ndk_invalidate() - take back the tokens of a fast-register region or a window
 * @qp: the QP
 * @request_context: comes with the result
 * @mr_or_mw: ndk_obj() of it
 * @flags: no others
 *
 * Context: process or softirq.
 * Return: 0 or a negative errno, see above; -EINVAL: neither, or a region of
 * ndk_register_mr() (R-NDK-59); -EACCES: not registered or bound, or the peer
 * invalidated it (R-NDK-60).
 */
int ndk_invalidate(struct ndk_kqp *qp, void *request_context, struct ndk_object *mr_or_mw,
		   u32 flags);

/**
 * struct ndk_waiter - wait for one call in process context
 * @done: completed by the callbacks below
 * @status: as given to them
 * @object: as given to them
 *
 * For consumers that may sleep where they set things up::
 *
 *	struct ndk_waiter w;
 *	struct ndk_kpd *pd;
 *
 *	ndk_waiter_init(&w);
 *	err = ndk_wait(&w, ndk_create_pd(adapter, ndk_waiter_created, &w, &pd));
 *	if (!err && w.object)
 *		pd = (struct ndk_kpd *)w.object;
 */
struct ndk_waiter {
	struct completion done;
	int status;
	struct ndk_object *object;
};

/**
 * ndk_waiter_init() - before each use
 * @w: the waiter
 */
static inline void ndk_waiter_init(struct ndk_waiter *w)
{
	init_completion(&w->done);
	w->status = 0;
	w->object = NULL;
}

/**
 * ndk_waiter_created() - &ndk_create_fn of a waiter
 * @context: the waiter
 * @status: of the create
 * @object: of the create
 */
void ndk_waiter_created(void *context, int status, struct ndk_object *object);

/**
 * ndk_waiter_done() - &ndk_request_fn of a waiter
 * @context: the waiter
 * @status: of the request
 */
void ndk_waiter_done(void *context, int status);

/**
 * ndk_waiter_closed() - &ndk_close_fn of a waiter
 * @context: the waiter
 */
void ndk_waiter_closed(void *context);

/**
 * ndk_wait() - wait if a call pends
 * @w: the waiter given to the call
 * @ret: what the call returned
 *
 * Context: process, may sleep.
 * Return: the outcome of the call.
 */
int ndk_wait(struct ndk_waiter *w, int ret);

#include <ndk/ndk_connect.h>
#include <ndk/ndk_memory.h>

#endif /* _NDK_NDK_H */
