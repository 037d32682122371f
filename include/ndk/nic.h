/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NIC contract: what stands between the provider and a NIC backend.
 *
 * The provider (ndk.ko) owns objects, queues, the user ABI, deferral,
 * completion rings, counters and tracing. The backend owns transport, memory
 * keys and addressing. Dependency runs one way: a backend calls the functions
 * below, the provider calls the backend only through struct ndk_nic_ops.
 *
 * Who may call what
 * -----------------
 * Process context, may sleep:
 *	ndk_nic_alloc(), ndk_nic_register(), ndk_nic_unregister*(), and every
 *	operation but those listed next
 * Any context, interrupts off:
 *	ops->doorbell
 * Poster's context, or softirq (timer), no lock of ours held:
 *	ops->progress, ops->recv_posted, ops->srq_posted
 * Process or softirq, under the backend's own per-QP serialisation:
 *	ndk_sq_*(), ndk_rq_*(), ndk_recv_done(), ndk_qp_enter_error()
 * Process or softirq, no lock held:
 *	ndk_notify_flush()
 *
 * Lock order: backend's per-QP locks -> ndk_defer.lock -> ndk_cq.lock, and
 * backend's per-QP locks -> ndk_srq.lock.
 */
#ifndef _NDK_NIC_H
#define _NDK_NIC_H

#include <linux/mutex.h>
#include <linux/xarray.h>
#include <rdma/ib_verbs.h>

#include <ndk/defer.h>
#include <ndk/stats.h>
#include <uapi/ndk/ndk.h>

struct ndk_cq;
struct ndk_mr;
struct ndk_nic;
struct ndk_notify;
struct ndk_qp;
struct ndk_queue;
struct ndk_srq;

/**
 * struct ndk_swqe - one accepted send request, the kernel's own copy
 * @wr_id: the poster's cookie (kernel posters: the ib_cqe pointer)
 * @remote_addr: RDMA and atomics: address at the peer; REG_MR and BIND_MW: the
 *	first address the key will cover
 * @compare_add: atomics: operand
 * @key_length: REG_MR and BIND_MW: bytes the key will cover
 * @swap: compare-and-swap: new value
 * @remote_qpn: UD: number of the peer's QP
 * @remote_qkey: UD: its key
 * @ah: UD: number of the address handle, see &struct ndk_ah
 * @mr_lkey: BIND_MW: region below the window
 * @mw_rkey: BIND_MW: key the window has now
 * @rkey: RDMA and atomics: key at the peer; REG_MR and BIND_MW: the new key
 * @length: payload bytes, all SGEs together; at most 2^31
 * @flags: IB_SEND_* and %NDK_SEND_DEFER, as accepted
 * @imm: immediate data, network order
 * @inv_rkey: key to invalidate
 * @access: REG_MR and BIND_MW: IB_ACCESS_* of the new key
 * @opcode: enum ib_wr_opcode
 * @num_sge: valid SGEs, 0 for inline data
 * @signaled: success makes a CQ entry
 * @first_psn: backend's: first packet sequence number
 * @last_psn: backend's: last packet sequence number
 * @user_next: provider's: user ring index free once this request retires
 * @sge: scatter/gather list
 * @inline_data: payload, if @flags has IB_SEND_INLINE
 *
 * Everything is checked before acceptance, except keys and addresses of the
 * SGEs: a bad one is an error completion, as on hardware.
 */
struct ndk_swqe {
	u64 wr_id;
	u64 remote_addr;
	union {
		u64 compare_add;
		struct {
			u32 remote_qpn;
			u32 remote_qkey;
		};
		u64 key_length;
	};
	union {
		u64 swap;
		u32 ah;
		struct {
			u32 mr_lkey;
			u32 mw_rkey;
		};
	};
	u32 rkey;
	u32 length;
	u32 flags;
	union {
		__be32 imm;
		u32 inv_rkey;
		u32 access;
	};
	u8 opcode;
	u8 num_sge;
	bool signaled;
	u32 first_psn;
	u32 last_psn;
	u32 user_next;
	union {
		DECLARE_FLEX_ARRAY(struct ib_sge, sge);
		DECLARE_FLEX_ARRAY(u8, inline_data);
	};
};

/**
 * NDK_MAX_SGE - scatter/gather entries a request may have
 *
 * What a user queue entry of the published ABI can describe; also what rxe
 * offers, so programs tuned for it find no less.
 */
#define NDK_MAX_SGE		32

/**
 * NDK_MAX_LENGTH - payload bytes a request may have, the limit of InfiniBand
 */
#define NDK_MAX_LENGTH		BIT(31)

/**
 * struct ndk_rwqe - one receive request, copied out of its queue
 * @wr_id: the poster's cookie
 * @length: bytes of room, all SGEs together
 * @num_sge: valid SGEs
 * @sge: scatter list
 */
struct ndk_rwqe {
	u64 wr_id;
	u32 length;
	u32 num_sge;
	struct ib_sge sge[NDK_MAX_SGE];
};

/**
 * struct ndk_notify - events owed once no lock is held
 * @cq: completion queues whose handler is to be called
 * @ncq: entries in @cq
 * @ev_qp: QP with an asynchronous event
 * @event: the event
 * @nev: entries in @ev_qp and @event
 * @srq: shared receive queues that fell below their limit
 * @nsrq: entries in @srq
 *
 * On the stack of whoever runs the NIC. Collects while locks are held, fires in
 * ndk_notify_flush(): one handler call per queue and batch. The backend
 * guarantees that CQs and QPs outlive it (RCU section or reference), and thereby
 * SRQs.
 */
struct ndk_notify {
	struct ndk_cq *cq[4];
	unsigned int ncq;
	struct ndk_qp *ev_qp[6];
	enum ib_event_type event[6];
	unsigned int nev;
	struct ndk_srq *srq[2];
	unsigned int nsrq;
};

/**
 * struct ndk_sq - send queue
 * @defer: which requests the NIC has been shown
 * @slots: ring of &struct ndk_swqe, @slot_size bytes apart
 * @mask: slots - 1; the number of slots is a power of two
 * @slot_size: bytes per slot
 * @max_sge: SGEs per request
 * @max_inline: bytes of inline data per request
 * @all_signaled: IB_SIGNAL_ALL_WR
 * @user: user-mapped ring requests are taken from; NULL for kernel QPs
 * @user_taken: index in @user behind the last entry taken
 * @is_broken: the NIC refused at the doorbell what had been accepted
 * @broken_at: index of the request it refused, if @is_broken
 * @broken: moves the QP to error
 */
struct ndk_sq {
	struct ndk_defer defer;
	void *slots;
	u32 mask;
	u32 slot_size;
	u32 max_sge;
	u32 max_inline;
	bool all_signaled;
	struct ndk_queue *user;
	u32 user_taken;
	bool is_broken;
	u32 broken_at;
	struct work_struct broken;
};

/**
 * struct ndk_rq - receive queue
 * @q: ring of receive requests, user-mapped for user QPs; NULL with an SRQ
 * @lock: serialises kernel posters
 * @max_sge: SGEs per request
 * @hold: a request taken still occupies its place, until ndk_rq_release(); set by
 *	the backend's qp_create
 * @released: ring index behind the last place released, if @hold
 * @last_wqe: with an SRQ: %IB_EVENT_QP_LAST_WQE_REACHED was raised
 * @late: requests posted in the error state, up to the limit of those flushed at once
 * @flush: flushes the others
 */
struct ndk_rq {
	struct ndk_queue *q;
	spinlock_t lock; /* producer index */
	u32 max_sge;
	bool hold;
	u32 released;
	bool last_wqe;
	u32 late;
	struct delayed_work flush;
};

/**
 * struct ndk_qp - queue pair
 * @ibqp: the verbs object; qp_num is set by the backend's qp_create
 * @nic: the adapter
 * @priv: the backend's
 * @stats: counter block of this QP, the device's unless a counter is bound
 * @state: current state; changed under @mutex, or to error by the NIC
 * @sq: send queue
 * @rq: receive queue
 * @scq: completion queue of @sq
 * @rcq: completion queue of @rq
 * @mutex: serialises modify, query and destroy
 * @wanted: capacities the consumer asked for; @attr.cap says what it has
 * @attr: attributes as last set, what query returns
 * @attr_set: mask of attributes ever set
 * @link: in the adapter's list of QPs
 * @consumer: of the kernel API (ndk.h), which owns the QP; its name for messages.
 *	NULL: a QP of the verbs
 * @rescued: @consumer was told that the timer ended a chain of its
 */
struct ndk_qp {
	struct ib_qp ibqp;
	struct ndk_nic *nic;
	void *priv;
	struct ndk_stats __percpu *stats;
	enum ib_qp_state state;
	struct ndk_cq *scq;
	struct ndk_cq *rcq;
	struct ndk_sq sq;
	struct ndk_rq rq;
	struct mutex mutex; /* state changes, attr */
	struct ib_qp_cap wanted;
	struct ib_qp_attr attr;
	u32 attr_set;
	struct list_head link;
	const char *consumer;
	bool rescued;
};

/**
 * struct ndk_pd - protection domain
 * @ibpd: the verbs object
 * @priv: the backend's
 */
struct ndk_pd {
	struct ib_pd ibpd;
	void *priv;
};

/**
 * struct ndk_srq - shared receive queue
 * @ibsrq: the verbs object
 * @lock: consumer side, @limit; @q changes under it and @post_lock
 * @q: the ring
 * @max_sge: SGEs per request
 * @limit: fewer requests left than this are an event; 0: not armed
 * @owed: events not delivered yet
 * @post_lock: producer side of a kernel queue; any context
 * @mutex: serialises modify and query
 * @num: for messages only, nothing is looked up by it
 * @most: receives that may wait, if not as many as @q has room for; 0: as many
 * @priv: the backend's, if it has shared queues of its own
 */
struct ndk_srq {
	struct ib_srq ibsrq;
	spinlock_t lock; /* consumer side, limit, q */
	struct ndk_queue *q;
	u32 max_sge;
	u32 limit;
	atomic_t owed;
	spinlock_t post_lock; /* producer side, q */
	struct mutex mutex; /* modify and query */
	u32 num;
	u32 most;
	void *priv;
};

/**
 * struct ndk_mr - memory region
 * @ibmr: the verbs object; lkey, rkey, iova, length are set by the backend
 * @priv: the backend's
 */
struct ndk_mr {
	struct ib_mr ibmr;
	void *priv;
};

/**
 * struct ndk_ah - address handle
 * @ibah: the verbs object
 * @number: what requests name it by, not 0; set by the backend
 * @may_sleep: the call that creates or destroys it now may sleep
 * @attr: as created, what query returns
 *
 * Requests carry the number, not a pointer: a handle may be destroyed while
 * requests that name it wait, and these then fail.
 */
struct ndk_ah {
	struct ib_ah ibah;
	u32 number;
	bool may_sleep;
	struct rdma_ah_attr attr;
};

/**
 * struct ndk_mw - memory window
 * @ibmw: the verbs object; rkey is set by the backend
 * @priv: the backend's
 */
struct ndk_mw {
	struct ib_mw ibmw;
	void *priv;
};

/**
 * struct ndk_nic_ops - what a backend implements
 * @owner: the backend's module
 * @kind: short name for messages, e.g. "softroce"
 * @release: last call for this adapter: free what @ndk_nic.priv holds
 * @enable: the device is registered, traffic may start. Optional.
 * @get_netdev: the adapter's netdev with a reference, NULL once it is going.
 *	May be called from any context that may not sleep.
 * @cm_device: the RDMA device whose connection manager connects this adapter's queue
 *	pairs, and its port; only compared, never used, by the provider. Optional,
 *	by default the adapter's own.
 * @query_port: fill what depends on the netdev: state, phys_state, active_mtu,
 *	max_mtu, active_speed, active_width. The rest is filled by the provider.
 * @active_mtu: the port's MTU, as @query_port has it, but without the RTNL: QPs
 *	are modified under locks that others take inside of that. Optional, the
 *	provider then asks @query_port.
 * @query_gid: entry of the port's GID table, for ports whose table the core does
 *	not keep (iWARP). Optional.
 * @pd_alloc: make the backend's side of a protection domain. Optional.
 * @pd_dealloc: the other way. Optional.
 * @qp_create: make the transport state of @qp, assign ibqp.qp_num and publish
 *	it for incoming packets last. May lower what @ndk_qp.attr.cap says: that
 *	is what the consumer gets, or no QP if it asked for more.
 * @qp_modify: move @qp from @from to @to. The provider has checked the
 *	transition, mandatory and optional attributes and their ranges against
 *	@ndk_nic.attr. Runs before the provider stores the new state, except for
 *	transitions to error, where the state is stored first: the backend then
 *	completes everything indicated as flushed, and every receive.
 *	On transition to RESET the backend forgets everything; nothing completes.
 * @qp_query: fill the attributes the transport moves: sq_psn, rq_psn,
 *	sq_draining. Optional.
 * @qp_destroy: unpublish, stop. On return nothing touches @qp any more.
 * @doorbell: requests up to @end may be worked on; see ndk_defer_ops.doorbell
 *	for context. @refused as there.
 * @progress: see ndk_defer_ops.progress; the place where a software NIC sends.
 * @recv_posted: there may be receives to take. A backend that takes them ahead of
 *	time needs to be told: kernel posters do it, user space writes its ring
 *	without a call, and this is called when it comes by anyway (send doorbell,
 *	modify). Context as @progress. Optional.
 * @srq_create: make a shared receive queue of the NIC's own, from which its QPs
 *	receive; the provider's ring then is what feeds it. May lower @attr.
 *	Optional; without it ndk_rq_take() takes from the provider's.
 * @srq_arm: raise the limit event, by ndk_srq_limit_reached(), when fewer than
 *	@limit requests are left; 0 disarms. With @srq_create only.
 * @srq_posted: as @recv_posted. With @srq_create only.
 * @srq_destroy: on return nothing touches @srq any more. With @srq_create only.
 * @reg_user_mr: register user memory; sets ibmr.lkey and rkey.
 * @reg_user_mr_dmabuf: register @length bytes of the dma-buf @fd, from @offset on;
 *	sets ibmr.lkey and rkey. Optional.
 * @get_dma_mr: region over all of kernel memory, for local_dma_lkey.
 * @alloc_mr: region for fast registration, of at most @max_num_sg pages at a
 *	time. Optional, needs %IB_DEVICE_MEM_MGT_EXTENSIONS.
 * @map_mr_sg: take down what the next IB_WR_REG_MR will register; sets ibmr.iova
 *	and length. Any context. Returns entries mapped, as ib_map_mr_sg().
 *	What is registered already does not change.
 * @map_mr_pages: the same of whole pages, by their DMA addresses, for the kernel API:
 *	the region begins @offset bytes into the first of @num and has @length bytes,
 *	which end in the last; sets ibmr.length. Any context. Returns 0 or a negative
 *	errno. Optional: @map_mr_sg does it, more slowly.
 * @enable_mr: register at once, without a request, what was mapped last, under
 *	ibmr.rkey and for @access. Once in the life of the region. Optional: the
 *	kernel API then has no ndk_register_mr().
 * @rereg_user_mr: change what IB_MR_REREG_* in @flags says. ibmr.lkey and rkey
 *	are what is good afterwards. On failure nothing has changed. Optional.
 * @dereg_mr: on return nobody reads or writes through the region. -EBUSY while
 *	a window is bound to it; nothing else fails.
 * @alloc_mw: unbound window; sets ibmw.rkey. Optional, needs
 *	%IB_DEVICE_MEM_WINDOW, bound by IB_WR_BIND_MW.
 * @dealloc_mw: on return nobody reads or writes through the window.
 * @ah_create: make an address handle and set its number. May be called from
 *	any context with interrupts on or off; must not sleep. Optional: without
 *	it there is no UD.
 * @ah_destroy: forget it. Context as @ah_create.
 * @mcast_attach: packets to the group @gid also go to @qp (UD). Optional.
 * @mcast_detach: no longer.
 *
 * All may sleep unless said otherwise.
 */
struct ndk_nic_ops {
	struct module *owner;
	const char *kind;
	void (*release)(struct ndk_nic *nic);
	int (*enable)(struct ndk_nic *nic);
	struct net_device *(*get_netdev)(struct ndk_nic *nic);
	struct ib_device *(*cm_device)(struct ndk_nic *nic, u32 *port);
	int (*query_port)(struct ndk_nic *nic, struct ib_port_attr *attr);
	enum ib_mtu (*active_mtu)(struct ndk_nic *nic);
	int (*query_gid)(struct ndk_nic *nic, int index, union ib_gid *gid);

	int (*pd_alloc)(struct ndk_pd *pd);
	void (*pd_dealloc)(struct ndk_pd *pd);

	int (*qp_create)(struct ndk_qp *qp, const struct ib_qp_init_attr *init);
	int (*qp_modify)(struct ndk_qp *qp, const struct ib_qp_attr *attr,
			 int mask, enum ib_qp_state from, enum ib_qp_state to);
	void (*qp_query)(struct ndk_qp *qp, struct ib_qp_attr *attr);
	void (*qp_destroy)(struct ndk_qp *qp);
	int (*doorbell)(struct ndk_qp *qp, u32 first, u32 end, u32 *refused);
	void (*progress)(struct ndk_qp *qp);
	void (*recv_posted)(struct ndk_qp *qp);

	int (*srq_create)(struct ndk_srq *srq, struct ib_srq_attr *attr);
	int (*srq_arm)(struct ndk_srq *srq, u32 limit);
	void (*srq_posted)(struct ndk_srq *srq);
	void (*srq_destroy)(struct ndk_srq *srq);

	int (*reg_user_mr)(struct ndk_mr *mr, u64 start, u64 length, u64 iova,
			   int access);
	int (*reg_user_mr_dmabuf)(struct ndk_mr *mr, u64 offset, u64 length,
				  u64 iova, int fd, int access);
	int (*get_dma_mr)(struct ndk_mr *mr, int access);
	int (*alloc_mr)(struct ndk_mr *mr, u32 max_num_sg);
	int (*map_mr_sg)(struct ndk_mr *mr, struct scatterlist *sg, int num,
			 unsigned int *offset);
	int (*map_mr_pages)(struct ndk_mr *mr, const u64 *pages, u32 num, u32 offset,
			    u64 length);
	int (*enable_mr)(struct ndk_mr *mr, int access);
	int (*rereg_user_mr)(struct ndk_mr *mr, int flags, u64 start, u64 length,
			     u64 iova, int access, struct ib_pd *pd);
	int (*dereg_mr)(struct ndk_mr *mr);
	int (*alloc_mw)(struct ndk_mw *mw);
	void (*dealloc_mw)(struct ndk_mw *mw);

	int (*ah_create)(struct ndk_ah *ah, const struct rdma_ah_attr *attr);
	void (*ah_destroy)(struct ndk_ah *ah);
	int (*mcast_attach)(struct ndk_qp *qp, const union ib_gid *gid);
	int (*mcast_detach)(struct ndk_qp *qp, const union ib_gid *gid);
};

/**
 * struct ndk_nic - one adapter
 * @ibdev: the verbs device; first, ib_dealloc_device() frees from here
 * @ops: the backend's operations
 * @priv: the backend's
 * @stats: counters
 * @limits: deferral settings, written through sysfs
 * @attr: limits and capabilities; the backend fills it before registration
 * @max_inline: most inline bytes per send request
 * @node_guid: network order, not 0; the backend sets it before registration
 * @dma_device: addresses of kernel consumers are mapped for it; NULL: they are
 *	kernel virtual addresses. Set before registration.
 * @iwarp: the transport is iWARP, not RoCE. Set before registration.
 * @no_cm: no connection manager runs on QP 1 of this device. Set before
 *	registration.
 * @qps: every QP of the adapter
 * @qps_lock: protects @qps
 * @groups: the backend's own sysfs attributes below <device>/ndk/; the array
 *	ends with NULL. Set before registration, may be NULL.
 * @failed: ndk_nic_fail() was called
 * @api_off: the kernel API (ndk.h) does not open the adapter
 * @group: the sysfs directory, made of the provider's files and @groups
 * @counters: counter blocks of rdma counters, by id
 * @clients: who else lives on the adapter
 * @clients_lock: protects @clients and @clients_told; held over their functions
 * @clients_told: of a fatal fault
 */
struct ndk_nic {
	struct ib_device ibdev;
	const struct ndk_nic_ops *ops;
	void *priv;
	struct ndk_stats __percpu *stats;
	struct ndk_defer_limits limits;
	struct ib_device_attr attr;
	u32 max_inline;
	__be64 node_guid;
	struct device *dma_device;
	bool iwarp;
	bool no_cm;
	struct list_head qps;
	struct mutex qps_lock; /* qps */
	struct attribute **groups;
	unsigned long failed;
	bool api_off;
	struct attribute_group group;
	struct xarray counters;
	struct list_head clients;
	struct mutex clients_lock; /* clients, clients_told */
	bool clients_told;
};

/**
 * struct ndk_nic_client - something other than QPs that a fatal fault ends
 * @fail: the adapter is lost, see ndk_nic_fail(); process context, once. QPs are
 *	in error already, IB_EVENT_DEVICE_FATAL follows. Must not add or remove
 *	clients.
 * @link: in the adapter's list
 */
struct ndk_nic_client {
	void (*fail)(struct ndk_nic_client *client, const char *reason);
	struct list_head link;
};

/**
 * ndk_nic_add_client() - be told of a fatal fault
 * @nic: the adapter, registered or not
 * @client: @fail filled in; stays until it is removed
 *
 * If the adapter has failed already, the client is told from this call.
 *
 * Context: process.
 */
void ndk_nic_add_client(struct ndk_nic *nic, struct ndk_nic_client *client);

/**
 * ndk_nic_remove_client() - no longer
 * @nic: the adapter
 * @client: added before
 *
 * When it returns, @fail is not running and will not run. Every client is
 * removed before the adapter is freed.
 *
 * Context: process.
 */
void ndk_nic_remove_client(struct ndk_nic *nic, struct ndk_nic_client *client);

/**
 * ndk_nic_alloc() - allocate an adapter
 * @ops: the backend's operations
 * @priv: stored in @ndk_nic.priv before anything can call back
 *
 * Context: process.
 * Return: the adapter or NULL. Free with ndk_nic_free() until it is registered.
 */
struct ndk_nic *ndk_nic_alloc(const struct ndk_nic_ops *ops, void *priv);

/**
 * ndk_nic_free() - free an adapter that was never registered
 * @nic: the adapter
 *
 * Calls ops->release. Context: process.
 */
void ndk_nic_free(struct ndk_nic *nic);

/**
 * ndk_nic_register() - make the adapter an RDMA device
 * @nic: the adapter, @ndk_nic.attr filled
 * @name: device name
 *
 * On failure the adapter is still the caller's to free.
 *
 * Context: process.
 * Return: 0 or a negative errno (-EEXIST: name in use).
 */
int ndk_nic_register(struct ndk_nic *nic, const char *name);

/**
 * ndk_nic_unregister() - remove the device, wait, free the adapter
 * @nic: the adapter
 *
 * Programs that have it open are disassociated. Safe against concurrent
 * removal by others (`rdma link del`, unload of rdma_rxe) only while the
 * caller holds a device reference taken with ib_device_try_get().
 *
 * Context: process, no RTNL.
 */
void ndk_nic_unregister(struct ndk_nic *nic);

/**
 * ndk_nic_unregister_queued() - as ndk_nic_unregister(), from a notifier
 * @nic: the adapter, registered
 *
 * Context: process, RTNL may be held.
 */
void ndk_nic_unregister_queued(struct ndk_nic *nic);

/**
 * ndk_nic_fail() - report a fatal fault, once
 * @nic: the adapter
 * @reason: for the log
 *
 * Every QP goes to error, every client (&struct ndk_nic_client: NDK connectors,
 * offload targets) is told, %IB_EVENT_DEVICE_FATAL is raised. Later calls do
 * nothing.
 *
 * Context: process.
 */
void ndk_nic_fail(struct ndk_nic *nic, const char *reason);

/**
 * ndk_nic_port_event() - link went up or down
 * @nic: the adapter
 * @up: new state
 *
 * Context: any.
 */
void ndk_nic_port_event(struct ndk_nic *nic, bool up);

/**
 * ndk_nic_of() - the adapter behind an RDMA device
 * @ibdev: any RDMA device
 *
 * Context: any.
 * Return: the adapter, or NULL if the device is not one of ours.
 */
struct ndk_nic *ndk_nic_of(struct ib_device *ibdev);

static inline struct ndk_nic *to_ndk_nic(struct ib_device *ibdev)
{
	return container_of(ibdev, struct ndk_nic, ibdev);
}

static inline struct ndk_qp *to_ndk_qp(struct ib_qp *ibqp)
{
	return container_of(ibqp, struct ndk_qp, ibqp);
}

static inline struct ndk_ah *to_ndk_ah(struct ib_ah *ibah)
{
	return container_of(ibah, struct ndk_ah, ibah);
}

static inline struct ndk_pd *to_ndk_pd(struct ib_pd *ibpd)
{
	return container_of(ibpd, struct ndk_pd, ibpd);
}

static inline struct ndk_srq *to_ndk_srq(struct ib_srq *ibsrq)
{
	return container_of(ibsrq, struct ndk_srq, ibsrq);
}

/**
 * ndk_qp_is_ud() - does the QP send datagrams
 * @qp: the QP
 *
 * Return: true for UD and for QP 1, which is one in all but its number.
 */
static inline bool ndk_qp_is_ud(const struct ndk_qp *qp)
{
	return qp->ibqp.qp_type == IB_QPT_UD || qp->ibqp.qp_type == IB_QPT_GSI;
}

static inline struct ndk_mr *to_ndk_mr(struct ib_mr *ibmr)
{
	return container_of(ibmr, struct ndk_mr, ibmr);
}

static inline struct ndk_mw *to_ndk_mw(struct ib_mw *ibmw)
{
	return container_of(ibmw, struct ndk_mw, ibmw);
}

/**
 * ndk_wr_is_local() - does a request end where it was posted
 * @opcode: enum ib_wr_opcode
 *
 * Such requests change keys, carry no payload and send no packet.
 *
 * Return: true for REG_MR, LOCAL_INV and BIND_MW.
 */
static inline bool ndk_wr_is_local(u8 opcode)
{
	return opcode == IB_WR_REG_MR || opcode == IB_WR_LOCAL_INV || opcode == IB_WR_BIND_MW;
}

/**
 * ndk_rq_pd() - whose keys a receive request's SGEs carry
 * @qp: the QP
 *
 * Return: the protection domain of the queue it was taken from.
 */
static inline struct ib_pd *ndk_rq_pd(const struct ndk_qp *qp)
{
	return qp->ibqp.srq ? qp->ibqp.srq->pd : qp->ibqp.pd;
}

/**
 * ndk_sq_wqe() - the request in slot @index
 * @qp: the QP
 * @index: between completed and indicated
 *
 * Return: the request; stays until it is completed.
 */
static inline struct ndk_swqe *ndk_sq_wqe(struct ndk_qp *qp, u32 index)
{
	return qp->sq.slots + (size_t)(index & qp->sq.mask) * qp->sq.slot_size;
}

/**
 * ndk_sq_complete() - every request before @end succeeded
 * @qp: the QP
 * @end: index behind the last one, not beyond indicated
 * @n: collects the CQ events
 *
 * Makes CQ entries for signalled ones, in order, and frees the slots.
 */
void ndk_sq_complete(struct ndk_qp *qp, u32 end, struct ndk_notify *n);

/**
 * ndk_sq_fail() - the oldest request that has no outcome yet failed
 * @qp: the QP
 * @status: not IB_WC_SUCCESS
 * @n: collects the CQ events
 *
 * Makes a CQ entry, signalled or not.
 */
void ndk_sq_fail(struct ndk_qp *qp, enum ib_wc_status status, struct ndk_notify *n);

/**
 * ndk_sq_flush() - fail everything indicated and not completed
 * @qp: the QP, in error (or SQ error)
 * @n: collects the CQ events
 *
 * Also shows the NIC what was still deferred: in an error state nothing stays
 * deferred. Status IB_WC_WR_FLUSH_ERR.
 */
void ndk_sq_flush(struct ndk_qp *qp, struct ndk_notify *n);

/**
 * ndk_rq_take() - take the next receive request
 * @qp: the QP
 * @wqe: where it is copied; valid until the caller is done with it
 * @n: collects the limit event of a shared receive queue
 *
 * Return: 1 if one was taken, 0 if the queue is empty, -EINVAL if the entry
 * (written by user space) makes no sense: it was consumed, @wqe->wr_id is set,
 * the caller owes it an error completion.
 */
int ndk_rq_take(struct ndk_qp *qp, struct ndk_rwqe *wqe, struct ndk_notify *n);

/**
 * ndk_rq_pending() - is there a receive request to take?
 * @qp: the QP, without a shared receive queue
 *
 * A look without the lock that serialises ndk_rq_take(): true may be late.
 *
 * Context: any.
 * Return: true if there seems to be one.
 */
bool ndk_rq_pending(const struct ndk_qp *qp);

/**
 * ndk_rq_release() - a request taken has left the NIC's own queue
 * @qp: the QP, with &ndk_rq.hold
 *
 * So that a queue holds no more than it is said to, although the NIC takes requests
 * ahead of time.
 *
 * Context: as ndk_rq_take(), under the same serialisation.
 */
void ndk_rq_release(struct ndk_qp *qp);

/**
 * ndk_srq_take() - take the next receive request of a shared queue
 * @srq: the queue
 * @wqe: where it is copied
 * @n: collects the limit event, unless ops->srq_arm sees to it
 *
 * For backends with shared queues of their own.
 *
 * Return: as ndk_rq_take().
 */
int ndk_srq_take(struct ndk_srq *srq, struct ndk_rwqe *wqe, struct ndk_notify *n);

/**
 * ndk_srq_limit_reached() - what ops->srq_arm asked for has happened
 * @srq: the queue; disarmed by this
 * @n: collects the event
 */
void ndk_srq_limit_reached(struct ndk_srq *srq, struct ndk_notify *n);

/**
 * ndk_cq_vector() - which completion vector the consumer chose
 * @cq: the completion queue
 *
 * Return: 0 to num_comp_vectors - 1 of the device.
 */
u32 ndk_cq_vector(const struct ndk_cq *cq);

/**
 * ndk_recv_done() - complete a receive
 * @qp: the QP
 * @wc: the completion; qp and port_num are filled by this function
 * @solicited: the sender asked for an event
 * @n: collects the CQ events
 */
void ndk_recv_done(struct ndk_qp *qp, struct ib_wc *wc, bool solicited,
		   struct ndk_notify *n);

/**
 * ndk_rq_flush() - flush every receive still in the queue
 * @qp: the QP, in error
 * @n: collects the CQ events
 *
 * What was taken is the backend's to complete, before this call: of a QP with a
 * shared receive queue nothing else is left, and its
 * %IB_EVENT_QP_LAST_WQE_REACHED is raised here, once.
 */
void ndk_rq_flush(struct ndk_qp *qp, struct ndk_notify *n);

/**
 * ndk_qp_enter_error() - the NIC found an error
 * @qp: the QP
 * @sqe: only the send queue is stopped (SQ error, UC and UD)
 *
 * Stores the new state and shows the NIC what was deferred. The caller then
 * completes and flushes.
 */
void ndk_qp_enter_error(struct ndk_qp *qp, bool sqe);

/**
 * ndk_notify_init() - start collecting
 * @n: the collection
 */
static inline void ndk_notify_init(struct ndk_notify *n)
{
	n->ncq = 0;
	n->nev = 0;
	n->nsrq = 0;
}

/**
 * ndk_notify_is_empty() - is nothing owed
 * @n: the collection
 *
 * Return: true if ndk_notify_flush() would call nobody.
 */
static inline bool ndk_notify_is_empty(const struct ndk_notify *n)
{
	return !n->ncq && !n->nev && !n->nsrq;
}

/**
 * ndk_notify_event() - owe an asynchronous QP event
 * @n: the collection
 * @qp: the QP
 * @event: the event
 */
void ndk_notify_event(struct ndk_notify *n, struct ndk_qp *qp, enum ib_event_type event);

/**
 * ndk_notify_flush() - call the handlers that are owed
 * @n: the collection, empty afterwards
 *
 * Context: process or softirq, no lock held.
 */
void ndk_notify_flush(struct ndk_notify *n);

/**
 * ndk_count() - count for a QP
 * @qp: the QP
 * @i: which counter
 * @v: how many
 */
static inline void ndk_count(struct ndk_qp *qp, enum ndk_stat i, u64 v)
{
	ndk_stat_add(READ_ONCE(qp->stats), i, v);
}

#endif /* _NDK_NIC_H */
