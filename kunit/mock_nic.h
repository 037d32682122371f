/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A NIC that does nothing by itself: it writes down its doorbells and completes,
 * fails or refuses when the test says so. It stands behind the real provider,
 * registered through the real contract (include/ndk/nic.h).
 *
 * mock_complete(), mock_fail(), mock_flush() and mock_receive() are what a
 * backend does in its softirq; here the test calls them.
 */
#ifndef _MOCK_NIC_H
#define _MOCK_NIC_H

#include <kunit/test.h>

#include <ndk/nic.h>

#define MOCK_BELLS	128

/* what the mock says it can do; tests spell their edges relative to these */
#define MOCK_MAX_WR	256
#define MOCK_MAX_SGE	4
#define MOCK_MAX_CQE	1024
#define MOCK_MAX_INLINE	128
#define MOCK_MAX_RD	16
#define MOCK_MTU	IB_MTU_1024

struct mock_bell {
	u32 first;
	u32 end;
};

/**
 * struct mock_qp - the NIC's side of a QP
 * @qp: the provider's side
 * @lock: the backend's per-QP serialisation
 * @shown: index behind the last request shown
 * @bells: doorbells, in order
 * @nbells: valid entries in @bells
 * @progressed: calls of ops->progress
 * @refuse: refuse this request of the next doorbell, counted from its first;
 *	-1 for none
 * @modified: calls of ops->qp_modify
 * @modify_err: what the next one returns
 */
struct mock_qp {
	struct ndk_qp *qp;
	spinlock_t lock; /* completing side */
	u32 shown;
	struct mock_bell bells[MOCK_BELLS];
	unsigned int nbells;
	atomic_t progressed;
	int refuse;
	unsigned int modified;
	int modify_err;
};

/**
 * struct mock_nic - the adapter
 * @nic: the provider's side
 * @automatic: ops->progress completes what was shown
 * @create_err: what the next qp_create returns
 * @qps: QPs alive
 * @mrs: memory regions alive
 * @enabled: calls of ops->enable
 * @released: calls of ops->release; @nic is gone then
 * @next_qpn: number of the next QP
 */
struct mock_nic {
	struct ndk_nic *nic;
	bool automatic;
	int create_err;
	atomic_t qps;
	atomic_t mrs;
	unsigned int enabled;
	unsigned int released;
	u32 next_qpn;
};

struct mock_nic *mock_nic_new(void);
void mock_nic_delete(struct mock_nic *mock);
struct mock_nic *mock_nic_alloc(struct kunit *test);
struct mock_nic *mock_nic_create(struct kunit *test, const char *name);
void mock_nic_remove(struct mock_nic *mock);

static inline struct mock_qp *to_mock_qp(struct ib_qp *ibqp)
{
	return to_ndk_qp(ibqp)->priv;
}

u32 mock_complete(struct mock_qp *m, u32 max);
void mock_fail(struct mock_qp *m, enum ib_wc_status status);
void mock_flush(struct mock_qp *m);
int mock_receive(struct mock_qp *m, u32 bytes, bool solicited);
void mock_event(struct mock_qp *m, enum ib_event_type event);

#endif /* _MOCK_NIC_H */
