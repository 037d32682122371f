/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A lower RDMA device for the stacked backend's tests. At the verbs it behaves like
 * a hardware NIC of the mlx5 kind, where such NICs differ from software ones:
 *
 * - it completes from hard irq, and calls the completion handler with its own lock
 *   held and interrupts off;
 * - its doorbell rings once per ib_post_send(), for what it took of the list;
 * - the latest arm of a completion queue holds, also if it is the weaker one;
 * - it says which request of a list it refused, and has taken those before it;
 * - a region must be invalidated before it can be registered again;
 * - it refuses send flags it does not know;
 * - it can go away at any time.
 *
 * Nothing is sent: a request completes when the test says so (or at once, see
 * @automatic), a message arrives when the test says so.
 */
#ifndef _HCA_LOW_H
#define _HCA_LOW_H

#include <kunit/test.h>
#include <linux/irq_work.h>
#include <rdma/ib_verbs.h>

#define LOW_MAX_WR	128
#define LOW_MAX_SGE	4
#define LOW_MAX_INLINE	96
#define LOW_MAX_CQE	1024
#define LOW_DEPTH	256
#define LOW_LISTS	64
#define LOW_DATA	32

/**
 * struct low_dev - the device
 * @ibdev: the verbs object
 * @automatic: requests complete as soon as they are posted
 * @fail_nth: the so manieth creation from now fails, and all behind it; 0: none
 * @short_wr: QPs get so many send requests less than asked
 * @short_inline: QPs get so many inline bytes less than asked
 * @stuck: QPs do not go to error
 * @replaces: a region that is re-registered is another one afterwards
 * @rereg_flags: of the last re-registration
 * @dmabuf: file descriptor of the last region of a dma-buf
 * @pds: protection domains alive
 * @cqs: completion queues alive
 * @qps: QPs alive
 * @srqs: shared queues alive
 * @mrs: regions alive
 * @ahs: address handles alive
 * @freed: the device is gone
 * @next_qpn: next QP number
 * @next_key: next key
 * @attr: what it says it can do
 */
struct low_dev {
	struct ib_device ibdev;
	bool automatic;
	int fail_nth;
	u32 short_wr;
	u32 short_inline;
	bool stuck;
	bool replaces;
	int rereg_flags;
	int dmabuf;
	atomic_t pds;
	atomic_t cqs;
	atomic_t qps;
	atomic_t srqs;
	atomic_t mrs;
	atomic_t ahs;
	struct completion *freed;
	u32 next_qpn;
	u32 next_key;
	struct ib_device_attr attr;
};

struct low_pd {
	struct ib_pd ibpd;
};

struct low_ah {
	struct ib_ah ibah;
};

struct low_cq {
	struct ib_cq ibcq;
	spinlock_t lock; /* the ring, the arm */
	struct ib_wc ring[LOW_MAX_CQE];
	u32 head;
	u32 tail;
	enum ib_cq_notify_flags armed;
	bool solicited_arms;
	bool overran;
};

struct low_mr {
	struct ib_mr ibmr;
	bool valid;
};

/* what the device saw of a request */
struct low_wqe {
	u64 wr_id;
	u32 flags;
	u32 rkey;
	u64 remote;
	u32 num_sge;
	struct ib_sge sge;
	u8 data[LOW_DATA];
	enum ib_wr_opcode opcode;
	struct low_mr *mr;
	u32 inv_rkey;
	struct ib_ah *ah;
};

/* what is to happen in hard irq */
enum low_job {
	LOW_COMPLETE,
	LOW_FLUSH,
	LOW_AGAIN,
	LOW_UNKNOWN,
	LOW_RECEIVE,
};

/**
 * struct low_qp - a QP
 * @ibqp: the verbs object
 * @lock: posting side
 * @sq: requests it took
 * @head: index behind the last one
 * @tail: index of the oldest not completed
 * @rq: receives it took
 * @rq_head: index behind the last one
 * @rq_tail: index of the oldest not completed
 * @rings: doorbells
 * @list: how many requests each showed
 * @refuse: refuse this request of the next list, counted from 0; -1: none
 * @refuse_with: errno for that
 * @bad_flags: send flags it did not know
 * @irq: brings what follows into hard irq
 * @job: what to do there
 * @num: how many
 * @status: and how
 * @state: of the QP
 * @gid_index: source of the path it got
 * @last_wr_id: of the last completion
 * @depth: of the send queue
 */
struct low_qp {
	struct ib_qp ibqp;
	spinlock_t lock; /* everything below */
	struct low_wqe sq[LOW_DEPTH];
	u32 head;
	u32 tail;
	u64 rq[LOW_DEPTH];
	u32 rq_head;
	u32 rq_tail;
	u32 rings;
	u32 list[LOW_LISTS];
	int refuse;
	int refuse_with;
	u32 bad_flags;
	struct irq_work irq;
	enum low_job job;
	u32 num;
	enum ib_wc_status status;
	enum ib_qp_state state;
	int gid_index;
	u64 last_wr_id;
	u32 depth;
};

struct low_srq {
	struct ib_srq ibsrq;
	spinlock_t lock; /* everything below */
	u64 rq[LOW_DEPTH];
	u32 head;
	u32 tail;
	u32 limit;
	u32 depth;
};

static inline struct low_dev *to_low(struct ib_device *ibdev)
{
	return container_of(ibdev, struct low_dev, ibdev);
}

static inline struct low_qp *to_low_qp(struct ib_qp *ibqp)
{
	return container_of(ibqp, struct low_qp, ibqp);
}

static inline struct low_cq *to_low_cq(struct ib_cq *ibcq)
{
	return container_of(ibcq, struct low_cq, ibcq);
}

static inline struct low_srq *to_low_srq(struct ib_srq *ibsrq)
{
	return container_of(ibsrq, struct low_srq, ibsrq);
}

struct low_dev *low_alloc(void);
void low_free(struct low_dev *low);
int low_register(struct low_dev *low, const char *name);
void low_unregister(struct low_dev *low);
int low_alive(const struct low_dev *low);
bool low_fails(struct low_dev *low);
void low_event(struct low_dev *low, enum ib_event_type event);

/* hca_low_qp.c; each returns when it has happened, in hard irq */
extern const struct ib_device_ops low_qp_ops;
void low_complete(struct low_qp *q, u32 num, enum ib_wc_status status);
void low_complete_again(struct low_qp *q);
void low_complete_unknown(struct low_qp *q);
void low_receive(struct low_qp *q, u32 num);
void low_qp_event(struct low_qp *q, enum ib_event_type event);

#endif /* _HCA_LOW_H */
