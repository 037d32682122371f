/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NDK kernel API: its objects. Built on the verbs of the same module, through
 * which it works on every backend.
 */
#ifndef _NDK_API_H
#define _NDK_API_H

#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/xarray.h>
#include <rdma/ib_verbs.h>

#include <ndk/ndk.h>
#include <ndk/nic.h>

#include "hooks.h"
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
 * @device: the device's list of open adapters
 * @link: in that list
 * @removed: the removal callback was called
 * @qps: queue pairs by &ndk_kqp.id
 * @keys: &struct api_keys by token >> 8
 * @conns: connectors, listeners, shared endpoints: who is told of a removal
 * @conns_lock: protects @conns
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
	struct api_device *device;
	struct list_head link;
	bool removed;
	struct xarray qps;
	struct xarray keys;
	struct list_head conns;
	spinlock_t conns_lock; /* conns */
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
 * struct ndk_kcq - completion queue
 * @obj: the object
 * @cq: the verbs object
 * @depth: entries, as asked for
 * @notify: the consumer's callback
 * @notify_context: for @notify
 * @lock: protects @ring, @head, @tail and taking entries out of @cq
 * @ring: results that had to be taken out of @cq before the consumer came
 * @ring_size: entries of @ring
 * @head: free-running index of the oldest one
 * @tail: free-running index behind the newest one
 * @drain: one drain at a time: there is room for one marker
 * @events: API_CQ_* bits
 * @seen: entries ever put into @cq when the consumer was last notified
 * @error: the queue failed, -EOVERFLOW or -EIO
 * @bh: notifies the consumer, from softirq
 * @cpu: where, if that is possible
 * @interval: longest time a notification is held back, in ns; 0: as long as it takes
 * @count: entries that are notified without delay; 0: however many
 * @moderated: notifications are held back
 * @timer: ends that time
 */
struct ndk_kcq {
	struct api_obj obj;
	struct ib_cq *cq;
	u32 depth;
	ndk_cq_notify_fn *notify;
	void *notify_context;
	spinlock_t lock; /* ring, and taking out of cq */
	struct ndk_result_ex *ring;
	u32 ring_size;
	u32 head;
	u32 tail;
	struct mutex drain; /* the marker */
	unsigned long events;
	u32 seen;
	int error;
	struct work_struct bh;
	int cpu;
	u64 interval;
	u32 count;
	bool moderated;
	struct hrtimer timer;
};

/* bits of ndk_kcq.events */
enum {
	API_CQ_ARMED,	/* the consumer waits for a notification */
	API_CQ_HELD,	/* it will be owed one, see moderation.c */
	API_CQ_FIRED,	/* it is owed one */
	API_CQ_FAILED,	/* it has not been told of @error */
};

/**
 * struct ndk_ksrq - shared receive queue
 * @obj: the object
 * @pd: its protection domain
 * @srq: the verbs object
 * @depth: as asked for
 * @max_sge: SGEs per receive
 * @threshold: as asked for
 * @notify: the consumer's callback, may be NULL
 * @notify_context: for @notify
 * @owed: notifications owed
 * @bh: notifies the consumer, from softirq
 */
struct ndk_ksrq {
	struct api_obj obj;
	struct ndk_kpd *pd;
	struct ib_srq *srq;
	u32 depth;
	u32 max_sge;
	u32 threshold;
	ndk_srq_notify_fn *notify;
	void *notify_context;
	atomic_t owed;
	struct work_struct bh;
};

/**
 * enum api_qp_state - how far a QP is, as its consumer sees it
 * @API_QP_IDLE: not connected, can be
 * @API_QP_CONNECTING: a connector has it
 * @API_QP_CONNECTED: initiator requests are welcome
 * @API_QP_DISCONNECTED: was connected, or was flushed, or broke; never again
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
 * @nqp: the same
 * @state: enum api_qp_state; goes up, or from CONNECTING back to IDLE
 * @max_sge: SGEs of a send or write
 * @max_read_sge: SGEs of a read
 * @max_receive_sge: SGEs of a receive
 * @max_inline: bytes of inline data
 * @context: comes with every result
 * @id: in the adapter's @qps; not the verbs number, which may come back
 * @pd: its protection domain
 * @scq: where initiator requests complete
 * @rcq: where receives complete
 * @srq: where receives come from, or NULL
 * @cap: as asked for
 * @flush_lock: one flush at a time
 * @flushed: the NIC is done with everything
 * @drained: the marker behind the last receive came out
 * @flush_op: flushes
 * @broken_op: tells the connector that the QP broke
 * @queued: API_QP_* bits
 * @connector: whom events of the QP concern, or NULL; under @obj.lock
 */
struct ndk_kqp {
	struct api_obj obj;
	struct ib_qp *qp;
	struct ndk_qp *nqp;
	int state;
	u32 max_sge;
	u32 max_read_sge;
	u32 max_receive_sge;
	u32 max_inline;
	void *context;
	u32 id;
	struct ndk_kpd *pd;
	struct ndk_kcq *scq;
	struct ndk_kcq *rcq;
	struct ndk_ksrq *srq;
	struct ib_qp_cap cap;
	struct mutex flush_lock; /* flushed */
	bool flushed;
	struct completion drained;
	struct api_op flush_op;
	struct api_op broken_op;
	unsigned long queued;
	struct ndk_connector *connector;
};

/* bits of ndk_kqp.queued */
enum {
	API_QP_FLUSH,	/* flush_op was queued */
	API_QP_BROKEN,	/* broken_op was queued */
};

/**
 * struct api_slot - a verbs region that can be registered by a request
 * @mr: the region
 * @qp_id: queue pair of the last registration
 * @index: that request in its send queue
 * @used: there was one
 * @dirty: a request for it failed, nobody knows whether its key is good
 */
struct api_slot {
	struct ib_mr *mr;
	u32 qp_id;
	u32 index;
	bool used;
	bool dirty;
};

/**
 * struct api_keys - what a fast-register region or a window is made of
 * @slot: two regions in turn: the pages of one are laid down while a request that
 *	was accepted before still has to read those of the other
 * @cur: the one of the latest registration
 * @valid: key of the registration that is in force, 0 if none is: as far as
 *	requests were accepted, not as far as they were carried out
 * @pages: DMA addresses of the pages of the latest registration
 * @sg: the same, for a NIC that takes nothing else; otherwise NULL
 * @max_pages: entries of @pages
 * @adapter: the adapter, where the keys are known by number
 * @on_revoked: a peer invalidated the key. Optional.
 */
struct api_keys {
	struct api_slot slot[2];
	u8 cur;
	u32 valid;
	u64 *pages;
	struct scatterlist *sg;
	u32 max_pages;
	struct ndk_adapter *adapter;
	void (*on_revoked)(struct api_keys *k);
};

/**
 * struct ndk_kmr - memory region
 * @obj: the object
 * @pd: its protection domain
 * @fast: for fast registration
 * @ready: initialised, or registered if not @fast
 * @remote_ok: may be given remote rights
 * @keys: its keys; not @fast: only @keys.slot[0] and @keys.pages
 * @access: rights in force, IB_ACCESS_*
 * @base: address of the first byte
 * @fbo: its offset in the first page
 * @length: bytes
 * @windows: bound to it
 */
struct ndk_kmr {
	struct api_obj obj;
	struct ndk_kpd *pd;
	bool fast;
	bool ready;
	bool remote_ok;
	struct api_keys keys;
	int access;
	u64 base;
	u32 fbo;
	u64 length;
	atomic_t windows;
};

/**
 * struct ndk_kmw - memory window
 * @obj: the object
 * @pd: its protection domain
 * @keys: its keys
 * @mr: the region it is bound to, or NULL; whoever exchanges it lets go of it
 */
struct ndk_kmw {
	struct api_obj obj;
	struct ndk_kpd *pd;
	struct api_keys keys;
	struct ndk_kmr *mr;
};

#define to_api(type, o)	container_of(o, struct type, obj)

/* adapter.c */
int api_check_range(const struct ndk_adapter *a, const char *what, u32 value, u32 min, u32 max);

/* cq.c */
void api_cq_save(struct ndk_kcq *cq);
void api_cq_owe(struct ndk_kcq *cq);

/* moderation.c */
void api_moderation_init(struct ndk_kcq *cq);
void api_cq_satisfied(struct ndk_kcq *cq);

/* qp.c, for the other files */
u64 api_marker(void);
bool api_qp_is_done(struct ndk_adapter *adapter, u32 id, u32 index);

/* The same of a queue pair that cannot be gone. */
static inline bool api_sq_is_done(const struct ndk_kqp *qp, u32 index)
{
	/* pairs with ndk_defer_complete() */
	return (s32)(smp_load_acquire(&qp->nqp->sq.defer.completed) - index) > 0;
}

/* keys.c */
int api_keys_init(struct api_keys *k, struct ndk_kpd *pd, u32 max_pages, int nslots);
void api_keys_destroy(struct api_keys *k);
int api_keys_map(struct api_keys *k, struct ib_mr *mr, u32 npages, u32 fbo, u64 length, u64 base);
int api_keys_register(struct ndk_kqp *qp, void *context, struct api_keys *k,
		      struct api_slot *slot, u32 npages, u32 fbo, u64 length, u64 base,
		      int access, u32 flags, bool window);
int api_keys_invalidate(struct ndk_kqp *qp, void *context, struct api_keys *k, u32 flags);
struct api_slot *api_keys_prepare(struct ndk_kqp *qp, struct api_keys *k);
void api_keys_revoked(struct ndk_adapter *adapter, u32 key);
void api_keys_failed(struct ndk_adapter *adapter, u32 key, bool registration);

/* mw.c */
bool api_is_mw(const struct api_obj *o);
int api_mw_invalidate(struct ndk_kqp *qp, void *context, struct ndk_kmw *mw, u32 flags);

/* post.c: initiator requests */
int api_send_flags(u32 flags);
int api_check(const struct ndk_kqp *qp, u32 flags, u32 allowed);
int api_refuse(struct ndk_kqp *qp, void *context, int err);
int api_post(struct ndk_kqp *qp, const struct ib_send_wr *wr);

/* lam.c */
int api_mdl_pages(const struct ndk_mdl *mdl, size_t length, u32 *npages, u32 *fbo);
int api_map_pages(struct ib_device *dev, const struct ndk_mdl *mdl, u64 *pages, u32 n);
void api_unmap_pages(struct ib_device *dev, const u64 *pages, u32 n);

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
