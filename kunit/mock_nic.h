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
#define MOCK_LOG	512
#define MOCK_FIRST	8

/* what the mock says it can do; tests spell their edges relative to these */
#define MOCK_MAX_WR	256
#define MOCK_FULL_MAX_WR 512
#define MOCK_MAX_SGE	4
#define MOCK_MAX_CQE	1024
#define MOCK_MAX_INLINE	128
#define MOCK_MAX_RD	16
#define MOCK_MTU	IB_MTU_1024
#define MOCK_MAX_PAGES	32
#define MOCK_GSI	1

/**
 * enum mock_kind - how much of a NIC a mock is
 * @MOCK_PLAIN: RC queue pairs, nothing else
 * @MOCK_FULL: fast registration, and connections: it has a netdev of its own, and
 *	datagrams of QP 1 come back to it (mock_cm.c)
 */
enum mock_kind {
	MOCK_PLAIN,
	MOCK_FULL,
};

struct mock_bell {
	u32 first;
	u32 end;
};

/**
 * struct mock_req - what the NIC was shown of a request
 * @wr_id: cookie
 * @remote_addr: as in &struct ndk_swqe
 * @flags: IB_SEND_*
 * @length: bytes of payload
 * @rkey: key at the peer, or the new one
 * @inv_rkey: key to invalidate, or rights of the new one
 * @opcode: enum ib_wr_opcode
 * @num_sge: SGEs
 * @lkey: of the first SGE
 * @addr: of the first SGE
 * @payload: the first bytes, of inline requests
 */
struct mock_req {
	u64 wr_id;
	u64 remote_addr;
	u32 flags;
	u32 length;
	u32 rkey;
	u32 inv_rkey;
	u8 opcode;
	u8 num_sge;
	u32 lkey;
	u64 addr;
	u8 payload[MOCK_FIRST];
};

/**
 * struct mock_qp - the NIC's side of a QP
 * @qp: the provider's side
 * @lock: the backend's per-QP serialisation
 * @shown: index behind the last request shown
 * @sent: QP 1: index behind the last datagram sent
 * @bells: doorbells, in order
 * @nbells: valid entries in @bells
 * @log: requests shown, in order
 * @nlog: valid entries in @log
 * @progressed: calls of ops->progress
 * @refuse: refuse this request of the next doorbell, counted from its first;
 *	-1 for none
 * @modified: calls of ops->qp_modify
 * @modify_err: what the next one returns
 * @hold: ops->progress completes nothing of this QP
 * @gsi: QP 1: sends, because its posters have interrupts off
 * @link: in the adapter's list of QPs
 */
struct mock_qp {
	struct ndk_qp *qp;
	spinlock_t lock; /* completing side */
	u32 shown;
	u32 sent;
	struct mock_bell bells[MOCK_BELLS];
	unsigned int nbells;
	struct mock_req *log;
	unsigned int nlog;
	atomic_t progressed;
	int refuse;
	unsigned int modified;
	int modify_err;
	bool hold;
	struct work_struct gsi;
	struct list_head link;
};

/**
 * struct mock_nic - the adapter
 * @nic: the provider's side
 * @automatic: ops->progress completes what was shown
 * @create_err: what the next qp_create returns
 * @room_sge: qp_create refuses more send SGEs; 0: it does not
 * @qps: QPs alive
 * @mrs: memory regions alive
 * @enabled: calls of ops->enable
 * @released: calls of ops->release; @nic is gone then
 * @next_qpn: number of the next QP
 * @next_key: number of the next region
 * @kind: how much of a NIC it is
 * @no_gsi: datagrams of QP 1 are lost
 * @lock: protects @list
 * @list: QPs alive, the oldest first
 * @cm: of mock_cm.c
 */
struct mock_nic {
	struct ndk_nic *nic;
	bool automatic;
	int create_err;
	u32 room_sge;
	atomic_t qps;
	atomic_t mrs;
	unsigned int enabled;
	unsigned int released;
	u32 next_qpn;
	atomic_t next_key;
	enum mock_kind kind;
	bool no_gsi;
	spinlock_t lock; /* list */
	struct list_head list;
	struct mock_cm *cm;
};

struct mock_nic *mock_nic_new(enum mock_kind kind);
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
int mock_receive_wc(struct mock_qp *m, struct ib_wc *wc, bool solicited);
struct net_device *mock_netdev(struct mock_nic *mock);
void mock_event(struct mock_qp *m, enum ib_event_type event);

/* mock_cm.c */
struct mock_cm *mock_cm_new(void);
void mock_cm_delete(struct mock_cm *cm);
int mock_cm_wait(struct mock_nic *mock);
struct mock_nic *mock_nic_up(const char *name);
struct net_device *mock_cm_netdev(struct mock_cm *cm);
int mock_ah_create(struct ndk_ah *ah, const struct rdma_ah_attr *attr);
void mock_ah_destroy(struct ndk_ah *ah);
void mock_gsi_send(struct mock_nic *mock, struct mock_qp *m, struct ndk_notify *n);

/* its netdev has two IPv4 addresses and an IPv6 address */
#define MOCK_HOSTS	2
void mock_address(struct mock_nic *mock, bool v6, u32 host, struct sockaddr_storage *addr);

#endif /* _MOCK_NIC_H */
