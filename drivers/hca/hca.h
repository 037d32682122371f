/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ndk_hca: a NIC backend on top of any RDMA device the kernel already drives.
 *
 * Words: the *lower* device is the one that the kernel drives (mlx5_0, rxe0), the
 * *upper* one is ours. Every object of the upper device that a peer or the NIC can
 * see (QP, shared receive queue, region, address handle, protection domain) has
 * one of the lower device behind it, and its number or key. Completion queues are
 * ours alone: each QP has one lower queue for both directions, emptied by a work
 * item in softirq.
 *
 * Who may call what
 * -----------------
 * Process context, may sleep:
 *	link.c, nic.c, creating, modifying and destroying anything
 * Poster's context, interrupts off, under ndk_defer.lock:
 *	hca_doorbell()
 * Process context with bottom halves on, or softirq; no lock of ours held:
 *	hca_rq_refill(), hca_qp_settle()
 * Softirq:
 *	the QP's work item (cq.c, pace.c), the watch's timer (watch.c)
 * Any context, with any locks of the lower driver's held:
 *	hca_cq_event(), hca_qp_event(), hca_srq_event(): they only schedule
 *
 * Lock order: hca_watch.lock -> hca_rq.lock; hca_qp.lock -> hca_rq.lock ->
 * ndk_defer.lock -> locks of the lower driver's posting side; hca_rq.lock ->
 * ndk_srq.lock; and all of these -> ndk_cq.lock. Nothing of ours is locked where
 * the lower driver calls us, so its locks are always the inner ones.
 */
#ifndef _NDK_HCA_H
#define _NDK_HCA_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <ndk/nic.h>

/* lower completions are taken so many at a time */
#define HCA_BATCH		16
/* receives are given to the lower device so many at a time */
#define HCA_RECV_BATCH		8
/* one turn of a QP's work item; then others have theirs */
#define HCA_TURN		(16 * HCA_BATCH)

/*
 * wr_id of lower requests: which queue, which life of the QP (it may have been in
 * RESET meanwhile), which slot.
 */
#define HCA_ID_RECV		BIT_ULL(63)
/* no slot, but behind that before it: see hca_sq_mark() */
#define HCA_ID_MARK		BIT_ULL(62)
#define HCA_ID_GEN_SHIFT	32
#define HCA_ID_GEN_MASK		GENMASK(29, 0)

/**
 * struct hca_lower - a lower device, our client data on it
 * @ibdev: the device
 * @link: in the list of all, under a mutex of link.c
 * @devs: upper devices on it
 * @users: those who are making one
 * @idle: something of @devs or @users went
 *
 * @devs and @users are protected by a spinlock of link.c.
 */
struct hca_lower {
	struct ib_device *ibdev;
	struct list_head link;
	struct list_head devs;
	unsigned int users;
	wait_queue_head_t idle;
};

/**
 * struct hca_watch - receives that user space posted without a call
 * @lock: protects the list and the period
 * @rqs: queues of user space
 * @timer: looks for new entries
 * @usecs: period now
 * @min_usecs: shortest period, see the sysfs file recv_poll_usecs
 * @hot_until: jiffies until which that is the period
 */
struct hca_watch {
	spinlock_t lock; /* rqs, usecs */
	struct list_head rqs;
	struct hrtimer timer;
	u32 usecs;
	u32 min_usecs;
	unsigned long hot_until;
};

/**
 * struct hca_dev - an upper device
 * @nic: the provider's side
 * @low: what it stands on
 * @lower: the same, the device
 * @port: of the lower device
 * @link: in @low's list
 * @events: the lower device's asynchronous events
 * @fatal: has the upper device fail as the lower one did
 * @listening: @events is registered
 * @mtu: the port's MTU as last asked
 * @max_mtu: the largest it may have
 * @mrs: regions for fast registration, by key without its low byte
 * @ahs: address handles, by number
 * @watch: receives of user space
 */
struct hca_dev {
	struct ndk_nic *nic;
	struct hca_lower *low;
	struct ib_device *lower;
	u32 port;
	struct list_head link;
	struct ib_event_handler events;
	struct work_struct fatal;
	bool listening;
	enum ib_mtu mtu;
	enum ib_mtu max_mtu;
	struct xarray mrs;
	struct xarray ahs;
	struct hca_watch watch;
};

struct hca_reg;

/**
 * struct hca_pd - protection domain
 * @lower: the lower one
 * @ahs: lower address handles that are alive, those being destroyed included
 * @reg: registers kernel memory at once; NULL as long as nobody asked
 */
struct hca_pd {
	struct ib_pd *lower;
	atomic_t ahs;
	struct hca_reg *reg;
};

/**
 * struct hca_mr - memory region
 * @lower: the lower one; NULL for the region over all memory if it has no key of
 *	its own
 * @is_dma: @lower came from the driver's get_dma_mr
 */
struct hca_mr {
	struct ib_mr *lower;
	bool is_dma;
};

/**
 * struct hca_ah - address handle
 * @lower: the lower one
 * @pd: where it is counted
 * @work: destroys it when nobody can be looking any more
 */
struct hca_ah {
	struct ib_ah *lower;
	struct hca_pd *pd;
	struct rcu_work work;
};

/**
 * struct hca_recv - a receive the lower device has
 * @wr_id: the poster's cookie
 * @next: next free slot
 * @busy: the lower device has it
 */
struct hca_recv {
	u64 wr_id;
	u32 next;
	bool busy;
};

/**
 * struct hca_rq - receives between the provider's ring and the lower device
 * @lock: protects all below but @stray
 * @qp: whose queue it is, or NULL
 * @srq: whose it is, if not @qp's
 * @lower_qp: where they go
 * @lower_srq: where they go, if not there
 * @slot: receives the lower device has
 * @depth: how many it can have
 * @free: first free slot, @depth for none
 * @used: how many it has
 * @gen: life of the QP, part of the wr_id
 * @open: the lower queue takes receives
 * @watch: in the watch's list, for queues of user space
 * @flags: HCA_REFILL_BIT: receives were posted where they could not be given
 */
struct hca_rq {
	spinlock_t lock; /* everything below */
	struct ndk_qp *qp;
	struct ndk_srq *srq;
	struct ib_qp *lower_qp;
	struct ib_srq *lower_srq;
	struct hca_recv *slot;
	u32 depth;
	u32 free;
	u32 used;
	u32 gen;
	bool open;
	struct list_head watch;
	unsigned long flags;
};

#define HCA_REFILL_BIT	0

/* Not worth a lock? A shared queue is always looked at. */
static inline bool hca_rq_is_idle(const struct hca_rq *rq)
{
	return !READ_ONCE(rq->open) || READ_ONCE(rq->used) >= rq->depth ||
	       (rq->qp && !ndk_rq_pending(rq->qp));
}

/* The lower queue may soon run dry, however deep it is. */
static inline bool hca_rq_is_low(const struct hca_rq *rq)
{
	return READ_ONCE(rq->used) < 2 * HCA_RECV_BATCH;
}

/**
 * struct hca_wr - a send request as the lower device wants it
 * @wr: what all have
 * @rdma: RDMA
 * @atomic: atomics
 * @ud: datagrams
 * @reg: fast registration
 * @data: inline data
 */
struct hca_wr {
	union {
		struct ib_send_wr wr;
		struct ib_rdma_wr rdma;
		struct ib_atomic_wr atomic;
		struct ib_ud_wr ud;
		struct ib_reg_wr reg;
	};
	struct ib_sge data;
};

/**
 * struct hca_pace - how often lower completions are taken, see pace.c
 * @timer: queues the QP's work item
 * @from_task: the lower device completes from a task
 * @by_timer: look when the timer says so, instead of arming
 * @left: arms or looks until the next decision
 * @pause: arms between the last two tries
 * @usual: completions per second that arming made
 * @done: completions since the last decision
 * @since: when that was, in nanoseconds
 *
 * The work item's, but for @from_task.
 */
struct hca_pace {
	struct hrtimer timer;
	bool from_task;
	bool by_timer;
	u32 left;
	u32 pause;
	u32 usual;
	u32 done;
	u64 since;
};

/**
 * struct hca_qp - queue pair
 * @qp: the provider's side
 * @hd: the device
 * @lower: the lower QP
 * @wr: one per slot of the send queue, each linked to the next
 * @gen: life of the QP, part of the wr_id
 * @posted: index behind the last request the lower QP took
 * @unsignaled: requests since the last that will make a lower completion
 * @signal_every: at least one in so many makes one, or slots were never freed
 * @closed: the lower QP gets no more: we flush ourselves
 * @lock: completing side
 * @cq: the lower completion queue, of both directions
 * @work: empties it
 * @kick: has @work done now, not when ksoftirqd gets its turn
 * @wc: lower completions it is at
 * @pace: when it is queued
 * @events: asynchronous events owed, bits by enum ib_event_type
 * @unasked: receives completed since user space was last asked for more
 * @rq: receives, @own or a shared queue's
 * @own: receives of this QP alone
 * @sync: makes our state and the lower QP's agree
 * @last_wqe: the lower QP is in error and has no receive of the shared queue
 * @was_ready: it may have some: it was in RTR
 *
 * @wr to @closed belong to the posting side, under ndk_defer.lock. @posted is
 * raised before the requests are posted and lowered again if they were refused,
 * so that a completion never finds itself beyond it.
 */
struct hca_qp {
	struct ndk_qp *qp;
	struct hca_dev *hd;
	struct ib_qp *lower;

	struct hca_wr *wr;
	u32 gen;
	u32 posted;
	u32 unsignaled;
	u32 signal_every;
	bool closed;

	spinlock_t lock ____cacheline_aligned; /* completing side */
	struct ib_cq *cq;
	struct work_struct work;
	struct irq_work kick;
	struct ib_wc wc[HCA_BATCH];
	struct hca_pace pace;
	unsigned long events;
	u32 unasked;
	struct hca_rq *rq;
	struct hca_rq own;
	struct work_struct sync;
	struct completion last_wqe;
	bool was_ready;
};

/**
 * struct hca_srq - shared receive queue
 * @srq: the provider's side
 * @hd: the device
 * @lower: the lower queue
 * @rq: receives
 * @work: delivers the limit event
 * @limit_reached: bit 0: that is owed
 */
struct hca_srq {
	struct ndk_srq *srq;
	struct hca_dev *hd;
	struct ib_srq *lower;
	struct hca_rq rq;
	struct work_struct work;
	unsigned long limit_reached;
};

static inline struct hca_dev *to_hca(struct ndk_nic *nic)
{
	return nic->priv;
}

static inline struct hca_dev *hca_of(struct ib_device *upper)
{
	return to_hca(to_ndk_nic(upper));
}

static inline struct hca_pd *hca_pd_of(struct ib_pd *upper)
{
	return to_ndk_pd(upper)->priv;
}

static inline u64 hca_id(u32 gen, u32 index)
{
	return (u64)(gen & HCA_ID_GEN_MASK) << HCA_ID_GEN_SHIFT | index;
}

/* The work item of a QP may not run here: the posting context forbids it. */
static inline bool hca_must_defer(void)
{
	return in_hardirq() || irqs_disabled();
}

/* main.c: for what must sleep */
extern struct workqueue_struct *hca_wq;

/* link.c */
int hca_link_init(void);
void hca_link_exit(void);
void hca_link_released(struct hca_dev *hd);
#if IS_ENABLED(CONFIG_KUNIT)
int hca_newlink_on(const char *name, struct net_device *ndev, const char *on);
#endif

/* nic.c */
extern const struct ndk_nic_ops hca_nic_ops;
int hca_nic_describe(struct hca_dev *hd);
void hca_nic_listen(struct hca_dev *hd);
void hca_nic_deaf(struct hca_dev *hd);

/* qp.c */
int hca_qp_create(struct ndk_qp *qp, const struct ib_qp_init_attr *init);
int hca_qp_modify(struct ndk_qp *qp, const struct ib_qp_attr *attr, int mask,
		  enum ib_qp_state from, enum ib_qp_state to);
void hca_qp_query(struct ndk_qp *qp, struct ib_qp_attr *attr);
void hca_qp_destroy(struct ndk_qp *qp);
void hca_qp_failed(struct hca_qp *h);
void hca_progress(struct ndk_qp *qp);

/* sq.c */
int hca_doorbell(struct ndk_qp *qp, u32 first, u32 end, u32 *refused);
void hca_sq_reset(struct hca_qp *h);
void hca_sq_mark(struct hca_qp *h);
bool hca_sq_close(struct hca_qp *h, bool always);
void hca_sq_shut(struct hca_qp *h);
void hca_sq_reopen(struct hca_qp *h);
void hca_qp_stray(struct hca_qp *h, const struct ib_wc *wc);
u32 hca_sq_done(struct hca_qp *h, const struct ib_wc *wc, u32 end, struct ndk_notify *n);

/* rq.c, for QPs and shared queues */
int hca_rq_module_init(void);
void hca_rq_module_exit(void);
int hca_rq_init(struct hca_rq *rq, u32 depth);
void hca_rq_exit(struct hca_rq *rq);
void hca_rq_open(struct hca_rq *rq, bool open);
void hca_rq_forget(struct hca_rq *rq);
unsigned int hca_rq_refill(struct hca_rq *rq);
bool hca_rq_done(struct hca_rq *rq, u64 id, u64 *wr_id);
bool hca_rq_is_empty(struct hca_rq *rq);
void hca_rq_abandon(struct hca_qp *h, struct ndk_notify *n);
void hca_recv_posted(struct ndk_qp *qp);

/* watch.c */
void hca_watch_init(struct hca_watch *w);
void hca_watch_exit(struct hca_watch *w);
void hca_watch_add(struct hca_watch *w, struct hca_rq *rq);
void hca_watch_del(struct hca_watch *w, struct hca_rq *rq);
void hca_watch_kick(struct hca_watch *w);
void hca_watch_look(struct hca_watch *w);

/* srq.c */
int hca_srq_create(struct ndk_srq *srq, struct ib_srq_attr *attr);
int hca_srq_arm(struct ndk_srq *srq, u32 limit);
void hca_srq_posted(struct ndk_srq *srq);
void hca_srq_destroy(struct ndk_srq *srq);

/* cq.c */
void hca_cq_work(struct work_struct *work);
void hca_cq_kick(struct irq_work *kick);
void hca_cq_event(struct ib_cq *cq, void *arg);
void hca_qp_event(struct ib_event *ev, void *arg);
void hca_qp_settle(struct hca_qp *h);
void hca_qp_abandon(struct hca_qp *h);
void hca_cq_discard(struct hca_qp *h);

/* pace.c */
void hca_pace_init(struct hca_pace *p);
void hca_pace_reset(struct hca_pace *p);
bool hca_pace_next(struct hca_pace *p, u32 done);

/* mr.c */
int hca_pd_alloc(struct ndk_pd *pd);
void hca_pd_dealloc(struct ndk_pd *pd);
int hca_get_dma_mr(struct ndk_mr *mr, int access);
int hca_reg_user_mr(struct ndk_mr *mr, u64 start, u64 length, u64 iova, int access);
int hca_reg_user_mr_dmabuf(struct ndk_mr *mr, u64 offset, u64 length, u64 iova, int fd, int access);
int hca_rereg_user_mr(struct ndk_mr *mr, int flags, u64 start, u64 length, u64 iova, int access,
		      struct ib_pd *upper_pd);
int hca_alloc_mr(struct ndk_mr *mr, u32 max_num_sg);
int hca_map_mr_sg(struct ndk_mr *mr, struct scatterlist *sg, int num, unsigned int *offset);
int hca_dereg_mr(struct ndk_mr *mr);
struct ib_mr *hca_mr_find(struct hca_dev *hd, u32 key);

/* enable.c */
int hca_enable_mr(struct ndk_mr *mr, int access);
void hca_enable_exit(struct hca_pd *pd);

/* ah.c */
int hca_path(struct hca_dev *hd, struct rdma_ah_attr *attr, const struct ib_gid_attr **gid);
int hca_ah_create(struct ndk_ah *ah, const struct rdma_ah_attr *attr);
void hca_ah_destroy(struct ndk_ah *ah);
struct ib_ah *hca_ah_find(struct hca_dev *hd, u32 number);
int hca_mcast_attach(struct ndk_qp *qp, const union ib_gid *gid);
int hca_mcast_detach(struct ndk_qp *qp, const union ib_gid *gid);

#endif /* _NDK_HCA_H */
