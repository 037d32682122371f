/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The software RoCEv2 NIC: its objects, and who may call what where.
 *
 * Execution
 * ---------
 * All transport work runs with bottom halves off, inside one RCU read section
 * per entry: in the poster's context (sr_progress), in the softirq that
 * received a packet (sr_rx), in soft timers, or in a BH work item when a
 * poster's context allows nothing else, or a slice is used up and no answer
 * will give the QP its next turn. Objects are found by
 * RCU look-ups; destroying one unpublishes it, marks it dead and waits for a
 * grace period, so no packet holds a reference to anything.
 *
 * Locks, outermost first
 * ----------------------
 * sr_qp.s.lock		requester and completer
 * sr_qp.r.lock		responder; also taken for the *peer* by the direct path
 * sr_mr.lock		what a key stands for, when that changes; a window's first,
 *			then its region's
 * sr_tx.queue.lock	packets built and not yet given to the stack
 * ndk_defer.lock, ndk_cq.lock (provider)
 *
 * Whoever holds an r.lock never takes an s.lock: an error the responder finds
 * is marked, and the QP's work item flushes. Packets leave and handlers are
 * called only after both are dropped (sr_leave).
 *
 * Keys
 * ----
 * A look-up (sr_mr_find) never waits and takes no lock. Registered memory goes
 * away in process context, after a grace period. A key that a request can take
 * back while traffic runs, of a fast registered region or a window, counts its
 * users in sr_mr.users: taking it back closes the count and waits until it is 0.
 * A user copies and leaves, bottom halves off, waiting for nothing, so that wait
 * is short, and it may be made under any of the locks above.
 */
#ifndef _SOFTROCE_H
#define _SOFTROCE_H

#include <linux/hrtimer.h>
#include <linux/iosys-map.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <rdma/ib_verbs.h>

#include <ndk/nic.h>

#include "psn.h"
#include "table.h"
#include "wire.h"

#define SR_UDP_PORT		4791
#define SR_PKEY			0xffff
/* IPv6 40 + UDP 8 + BTH 12 + RETH 16 + ImmDt 4 + ICRC 4 */
#define SR_MAX_OVERHEAD		84

/* packets sent and not acknowledged, per QP */
#define SR_WINDOW		256
/* losses shrink the window no further than this, timeouts do */
#define SR_WINDOW_MIN		8U
/* an acknowledge is asked for at least this often */
#define SR_ACK_EVERY		32
/* by then what a CPU has sent has arrived, in jiffies */
#define SR_UC_SETTLE		2
/* one turn of a QP, before other softirqs get theirs */
#define SR_SLICE_PACKETS	64
#define SR_SLICE_BYTES		(256 * 1024)
/* turns a poster takes itself before it leaves the rest to answers */
#define SR_POST_TURNS		16
/* numbers that are found at once, see table.h; each region is one, a window, too */
#define SR_FRONT_QPS		512
#define SR_FRONT_MRS		4096
/* request packets that wait while a READ is being answered */
#define SR_BACKLOG		512

struct dma_buf;
struct sr_qp;

/**
 * struct sr_net - what the devices of one network namespace share
 * @net: the namespace
 * @mutex: protects @users and the sockets' creation and release
 * @users: devices in this namespace
 * @sk4: socket bound to the RoCEv2 port, IPv4
 * @sk6: same, IPv6; NULL if IPv6 is off
 * @qps: &struct sr_qp by QP number; numbers are unique in the namespace,
 *	because a packet's input device need not be the QP's (own addresses
 *	are reached through lo)
 * @qps_front: of @qps
 * @devs: devices in this namespace, RCU list, changed under sr_devs_lock
 * @mcast: multicast groups, RCU list of &struct sr_mcast, changed under @mutex
 * @idle: woken when @users drops
 */
struct sr_net {
	struct net *net;
	struct mutex mutex;	/* users and sockets */
	unsigned int users;
	struct socket *sk4;
	struct socket *sk6;
	struct sr_table qps;
	struct sr_node __rcu *qps_front[SR_FRONT_QPS];
	struct list_head devs;
	struct list_head mcast;
	wait_queue_head_t idle;
};

/**
 * struct sr_dev - one adapter
 * @nic: the provider's half
 * @sn: its network namespace; for life, a netdev that moves loses its device
 * @ndev: the netdev, NULL from NETDEV_UNREGISTER on
 * @tracker: of the reference behind @ndev
 * @ifindex: of the netdev, for look-ups after it is gone
 * @mrs: &struct sr_mr by the upper 24 bits of its key
 * @direct: requests between QPs of this device skip the wire
 * @gsi: QP 1, RCU; every device has one, so it is not in @sn->qps
 * @ahs: number to &struct sr_ah
 * @next_ah: where the search for a free number goes on
 * @link: in @sn->devs
 * @mrs_front: of @mrs
 */
struct sr_dev {
	struct ndk_nic *nic;
	struct sr_net *sn;
	struct net_device __rcu *ndev;
	netdevice_tracker tracker;
	int ifindex;
	struct sr_table mrs;
	bool direct;
	struct sr_qp __rcu *gsi;
	struct xarray ahs;
	u32 next_ah;
	struct list_head link;
	struct sr_node __rcu *mrs_front[SR_FRONT_MRS];
};

/**
 * struct sr_staged - what the next IB_WR_REG_MR will register
 * @pages: kernel address of every page
 * @num: valid entries in @pages
 * @max: entries there is room for
 * @offset: of the first byte in the first page
 * @page_shift: size of the pages
 * @fresh: filled since the last registration
 */
struct sr_staged {
	void **pages;
	u32 num;
	u32 max;
	u32 offset;
	u8 page_shift;
	bool fresh;
};

/**
 * struct sr_mr - memory behind a key: a region, or a window on one
 * @node: in &sr_dev.mrs; the number is the upper 24 bits of @key
 * @iova: address the region starts at, as its users say it
 * @length: bytes
 * @pd: only QPs of this PD may use it
 * @qp_id: only the QP with this &sr_qp.id may use it; 0: any
 * @key: lkey and rkey; of a window the rkey alone
 * @access: IB_ACCESS_*
 * @kernel: addresses are kernel virtual addresses, @pages is unused
 * @revocable: a request can take the key back: users are counted
 * @window: it is a memory window, of @type2 or not
 * @type2: see @window
 * @page_shift: size of the pages behind @pages
 * @offset: of @iova from the start of the first page
 * @pages: kernel address of every page; a window's are its region's
 * @umem: keeps the pages pinned
 * @dmabuf: or they are of this buffer
 * @map: where @dmabuf is mapped
 * @users: if @revocable: who is between sr_mr_find() and sr_mr_put(), and one
 *	more while the key is good. 0: nobody gets in. All of the above may be
 *	changed then, and only then.
 * @lock: protects what follows
 * @valid: the key is good, if @revocable
 * @dead: it is going, nothing may be bound to it any more
 * @windows: windows bound to this region
 * @parent: region this window is bound to
 * @npages: entries in @pages, if registered by IB_WR_REG_MR
 * @staged: see there; @staged.max is 0 if not for fast registration
 */
struct sr_mr {
	struct sr_node node;
	u64 iova;
	u64 length;
	struct ib_pd *pd;
	u64 qp_id;
	u32 key;
	int access;
	bool kernel;
	bool revocable;
	bool window;
	bool type2;
	u8 page_shift;
	u64 offset;
	void **pages;
	struct ib_umem *umem;
	struct dma_buf *dmabuf;
	struct iosys_map map;
	atomic_t users;
	spinlock_t lock;	/* changes of the key */
	bool valid;
	bool dead;
	u32 windows;
	u32 npages;
	struct sr_mr *parent;
	struct sr_staged staged;
};

/**
 * struct sr_cur - a position in a scatter/gather list
 * @dev: whose keys
 * @pd: whose regions
 * @qp_id: whose windows
 * @sge: current entry
 * @n: entries left, @sge included
 * @off: offset in @sge
 * @access: what every region must allow
 * @mr: region of @sge, once looked up
 */
struct sr_cur {
	struct sr_dev *dev;
	struct ib_pd *pd;
	u64 qp_id;
	const struct ib_sge *sge;
	u32 n;
	u32 off;
	int access;
	struct sr_mr *mr;
};

/**
 * struct sr_src - where payload comes from
 * @skb: a packet, or NULL
 * @off: offset in @skb
 * @buf: kernel memory, or NULL: then @cur
 * @cur: a scatter/gather list
 */
struct sr_src {
	struct sk_buff *skb;
	u32 off;
	const void *buf;
	struct sr_cur cur;
};

/**
 * struct sr_crc_cache - ICRC state behind the IP and UDP headers, by length
 * @len: IP packet length; 0: empty
 * @crc: the state
 */
struct sr_crc_cache {
	u16 len[2];
	u32 crc[2];
};

/**
 * struct sr_route - a route, kept
 * @dst: the route or NULL
 * @stale: @dst leads to where the peer was; the owner of %SR_TX_BUSY drops it
 * @cookie: for dst_check()
 */
struct sr_route {
	struct dst_entry *dst;
	bool stale;
	u32 cookie;
};

/* sr_tx.flags: somebody is giving packets to the stack */
#define SR_TX_BUSY	0

/**
 * struct sr_tx - packets on their way out, of a requester or a responder
 * @queue: packets built, in order
 * @flags: %SR_TX_BUSY
 * @cpu: that gave the last packet to the stack
 * @stamp: when, in jiffies
 * @route: used only by the owner of %SR_TX_BUSY
 * @crc: ICRC states, protected by the lock that packets are built under
 *
 * The two sides of a QP may run on different CPUs, and the stack keeps order
 * only among the packets of one: so they do not send each other's packets.
 */
struct sr_tx {
	struct sk_buff_head queue;
	unsigned long flags;
	int cpu;
	unsigned long stamp;
	struct sr_route route;
	struct sr_crc_cache crc;
};

/**
 * struct sr_av - the way to the peer
 * @src: our address; IPv4 is v4-mapped
 * @dst: the peer's
 * @v6: it is IPv6
 * @hdr_len: bytes in @hdr
 * @hdr: IP and UDP header but for lengths and checksums
 * @oif: interface the GID lives on
 * @flow: IPv6 flow label and traffic class
 * @sport: UDP source port
 * @tos: traffic class
 */
struct sr_av {
	struct in6_addr src;
	struct in6_addr dst;
	bool v6;
	u8 tos;
	u8 hdr_len;
	u8 hdr[48] __aligned(4);
	int oif;
	__be32 flow;
	__be16 sport;
};

/**
 * struct sr_ah - address handle
 * @av: the way to the peer
 * @lock: protects @route: QPs share the handle
 * @route: kept for the next datagram
 * @number: of the handle
 * @rcu: frees it once no requester can have found it
 */
struct sr_ah {
	struct sr_av av;
	spinlock_t lock;	/* route */
	struct sr_route route;
	u32 number;
	struct rcu_head rcu;
};

/**
 * struct sr_rd - a READ or atomic on its way
 * @first: its first PSN
 * @last: its last PSN
 */
struct sr_rd {
	u32 first;
	u32 last;
};

/**
 * struct sr_send - requester and completer
 * @lock: protects all of it, @end and @tx excepted
 * @end: index behind the last indicated request; stored with release by the
 *	doorbell, loaded with acquire by the requester, so that it sees the slots
 * @una: index of the oldest request without outcome
 * @cur: index of the request being sent, @una <= @cur
 * @started: index behind the last request that has PSNs
 * @una_psn: oldest PSN not acknowledged
 * @next_psn: PSN to send next
 * @new_psn: PSN the next request starts at
 * @hi_psn: behind the highest PSN ever sent
 * @window: packets that may be out; smaller after a timeout, doubles with
 *	progress up to %SR_WINDOW
 * @unasked: packets sent since the last one that asks for an acknowledge
 * @ack_owed: a signalled request was sent without asking
 * @retry: timeouts and sequence NAKs left without progress
 * @rnr_retry: receiver-not-ready NAKs left without progress
 * @rd_gap: a lost READ response was asked for again, nothing came since
 * @rnr_wait: @rnr_timer runs, nothing may be sent
 * @bad: the request at @bad_index cannot be sent; it fails once it is the oldest
 * @bad_index: see @bad
 * @bad_status: its outcome
 * @drain: SQD wants IB_EVENT_SQ_DRAINED
 * @armed: @timer is queued or running
 * @seen_psn: @una_psn when @timer looked last
 * @rd: requests outstanding that the peer owes data, ring of @rd_size
 * @rd_size: entries in @rd: max_rd_atomic
 * @rd_tail: oldest entry of @rd
 * @rd_n: entries in use
 * @timeout_ns: ACK timeout, 0: none
 * @timer: ACK timeout
 * @rnr_timer: RNR wait
 * @tx: request packets
 */
struct sr_send {
	spinlock_t lock;	/* all of this but end and tx */
	u32 end;
	u32 una;
	u32 cur;
	u32 started;
	u32 una_psn;
	u32 next_psn;
	u32 new_psn;
	u32 hi_psn;
	u32 window;
	u32 unasked;
	u8 retry;
	u8 rnr_retry;
	bool ack_owed;
	bool rd_gap;
	bool rnr_wait;
	bool bad;
	bool drain;
	bool armed;
	u8 bad_status;
	u32 bad_index;
	u32 seen_psn;
	struct sr_rd *rd;
	u8 rd_size;
	u8 rd_tail;
	u8 rd_n;
	u64 timeout_ns;
	struct hrtimer timer;
	struct hrtimer rnr_timer;
	struct sr_tx tx;
};

/**
 * struct sr_atomic - outcome of an atomic, for its duplicates
 * @orig: value before
 * @psn: of the request
 * @valid: the entry is in use
 */
struct sr_atomic {
	u64 orig;
	u32 psn;
	bool valid;
};

/**
 * struct sr_recv - responder
 * @lock: protects all of it
 * @epsn: PSN expected next
 * @msn: messages finished
 * @op: SR_OP_SEND or SR_OP_WRITE within a message, else 0
 * @nak_sent: the gap before us has been reported, or RNR: wait in silence
 * @have_rwqe: @rwqe is taken and owes an outcome
 * @comm_est: IB_EVENT_COMM_EST was raised
 * @off: bytes of the message placed
 * @len: WRITE: bytes of the message
 * @rkey: WRITE: key
 * @va: WRITE: address
 * @atomics: last outcomes, ring of @atomics_size; set at RTR, then fixed
 * @atomics_size: max_dest_rd_atomic
 * @atomics_next: oldest entry
 * @rd_left: READ being answered: packets to send, 0: none
 * @rd_psn: its next PSN
 * @rd_key: its key
 * @rd_va: its next address
 * @rd_len: its bytes left
 * @rd_first: its first response is still to come
 * @backlog: request packets behind the READ
 * @tx: response packets
 * @rwqe: receive request in use
 */
struct sr_recv {
	spinlock_t lock;	/* all of this */
	u32 epsn;
	u32 msn;
	u16 op;
	bool nak_sent;
	bool have_rwqe;
	bool comm_est;
	u32 off;
	u32 len;
	u32 rkey;
	u64 va;
	struct sr_atomic *atomics;
	u8 atomics_size;
	u8 atomics_next;
	bool rd_first;
	u32 rd_left;
	u32 rd_psn;
	u32 rd_key;
	u32 rd_len;
	u64 rd_va;
	struct sk_buff_head backlog;
	struct sr_tx tx;
	struct ndk_rwqe rwqe;
};

/**
 * struct sr_qp - transport state of one QP
 * @nqp: the provider's half
 * @dev: its adapter
 * @id: never used again, unlike its number
 * @node: in &sr_net.qps, but for QP 1
 * @dest_qpn: the peer's number
 * @state: enum ib_qp_state; written under @s.lock or @r.lock, to ERR under
 *	either; read without
 * @dead: being destroyed, nothing may be started any more
 * @type: enum ib_qp_type
 * @transport: SR_TRANSPORT_* of its packets
 * @qkey: UD: key that datagrams to us must carry
 * @mtu: path MTU; UD: largest there is
 * @mtu_shift: its logarithm
 * @min_rnr: RNR timer code we ask for
 * @access: what the peer may do, IB_ACCESS_*
 * @attr_retry: retry count to start from
 * @attr_rnr_retry: RNR retry count to start from
 * @s: requester
 * @av: the way to the peer
 * @work: continues what a slice cut short, flushes after errors
 * @r: responder
 */
struct sr_qp {
	struct ndk_qp *nqp;
	struct sr_dev *dev;
	u64 id;
	struct sr_node node;
	u32 dest_qpn;
	u8 state;
	bool dead;
	u8 mtu_shift;
	u8 min_rnr;
	u8 attr_retry;
	u8 attr_rnr_retry;
	u8 type;
	u8 transport;
	u32 qkey;
	u32 mtu;
	int access;
	struct sr_send s;
	struct sr_av av;
	struct work_struct work;
	struct sr_recv r;
};

/**
 * struct sr_slice - what is left of a turn
 * @packets: packets, or requests carried out directly
 * @bytes: payload
 */
struct sr_slice {
	int packets;
	int bytes;
};

static inline void sr_slice_init(struct sr_slice *sl)
{
	sl->packets = SR_SLICE_PACKETS;
	sl->bytes = SR_SLICE_BYTES;
}

static inline bool sr_slice_over(const struct sr_slice *sl)
{
	return sl->packets <= 0 || sl->bytes <= 0;
}

/**
 * struct sr_pkt - a received packet, in skb->cb
 * @qpn: destination QP
 * @psn: sequence number
 * @hdr: offset of the BTH in skb->data
 * @data: offset of the payload in skb->data
 * @payload: bytes of payload
 * @flags: SR_OP_*
 * @opcode: from the BTH
 * @ackreq: it asks for an acknowledge
 * @solicited: it asks for an event
 */
struct sr_pkt {
	u32 qpn;
	u32 psn;
	u32 hdr;
	u32 data;
	u32 payload;
	u16 flags;
	u8 opcode;
	bool ackreq;
	bool solicited;
};

static_assert(sizeof(struct sr_pkt) <= sizeof_field(struct sk_buff, cb));

static inline struct sr_pkt *sr_pkt(struct sk_buff *skb)
{
	return (struct sr_pkt *)skb->cb;
}

static inline struct sr_bth *sr_pkt_bth(struct sk_buff *skb)
{
	return (struct sr_bth *)(skb->data + sr_pkt(skb)->hdr);
}

/**
 * struct sr_msg - what a responder is asked to do: a packet, or a slice of a
 * request that the direct path carries out
 * @flags: SR_OP_*; FIRST and LAST say which end of the message this is
 * @solicited: raise a solicited event
 * @npkts: PSNs it takes
 * @len: payload here
 * @va: RETH or AtomicETH: address
 * @rkey: RETH or AtomicETH: key
 * @dlen: RETH: bytes of the whole message
 * @imm: immediate data
 * @inv_rkey: IETH: key to invalidate
 * @swap_add: AtomicETH
 * @compare: AtomicETH
 * @cas: compare and swap, not fetch and add
 * @src: payload
 */
struct sr_msg {
	u16 flags;
	bool solicited;
	bool cas;
	u32 npkts;
	u32 len;
	u32 rkey;
	u32 dlen;
	u64 va;
	__be32 imm;
	u32 inv_rkey;
	u64 swap_add;
	u64 compare;
	struct sr_src src;
};

/**
 * enum sr_result - what became of it
 * @SR_DONE: carried out
 * @SR_RNR: no receive request
 * @SR_INV_REQ: the requester broke the rules
 * @SR_ACCESS: key, range or permission
 * @SR_LEN: a SEND longer than the receive request, which failed
 * @SR_REM_OP: the responder's own receive request is bad
 * @SR_SRC: the payload could not be read; nothing has changed
 */
enum sr_result {
	SR_DONE,
	SR_RNR,
	SR_INV_REQ,
	SR_ACCESS,
	SR_LEN,
	SR_REM_OP,
	SR_SRC,
};

/* link.c: process context */
int sr_link_init(void);
void sr_link_exit(void);
void sr_link_remove_all(struct sr_net *sn);
int sr_link_enable(struct ndk_nic *nic);
void sr_link_released(struct sr_dev *dev);
#if IS_ENABLED(CONFIG_KUNIT)
int sr_newlink(const char *name, struct net_device *ndev);
#endif

/* net.c: process context */
int sr_net_init(void);
void sr_net_exit(void);
struct sr_net *sr_net_of(struct net *net);
int sr_net_get(struct sr_net *sn);
void sr_net_put(struct sr_net *sn);

/* nic.c: process context, but for sr_get_netdev() */
extern const struct ndk_nic_ops sr_nic_ops;
extern struct attribute *sr_attrs[];
void sr_fill_attr(struct sr_dev *dev, struct net_device *ndev);
bool sr_netdev_up(const struct net_device *ndev);
u32 sr_netdev_mtu(const struct net_device *ndev);

/* qp.c: process context */
int sr_qp_create(struct ndk_qp *nqp, const struct ib_qp_init_attr *init);
int sr_qp_modify(struct ndk_qp *nqp, const struct ib_qp_attr *attr, int mask,
		 enum ib_qp_state from, enum ib_qp_state to);
void sr_qp_query(struct ndk_qp *nqp, struct ib_qp_attr *attr);
void sr_qp_destroy(struct ndk_qp *nqp);

/* qp.c: bottom halves off, RCU read section */
void sr_leave(struct sr_qp *qp, struct sr_tx *tx, struct ndk_notify *n);
void sr_qp_kick(struct sr_qp *qp);
void sr_qp_fail_locked(struct sr_qp *qp, struct ndk_notify *n);
void sr_qp_flush_sends(struct sr_qp *qp, struct ndk_notify *n);
void sr_qp_fail_responder(struct sr_qp *qp, struct ndk_notify *n);

/* qp.c: any context */
int sr_doorbell(struct ndk_qp *nqp, u32 first, u32 end, u32 *refused);
void sr_progress(struct ndk_qp *nqp);

/* mr.c: process context */
int sr_reg_user_mr(struct ndk_mr *nmr, u64 start, u64 length, u64 iova, int access);
int sr_reg_user_mr_dmabuf(struct ndk_mr *nmr, u64 offset, u64 length, u64 iova, int fd, int access);
int sr_get_dma_mr(struct ndk_mr *nmr, int access);
int sr_dereg_mr(struct ndk_mr *nmr);
struct sr_mr *sr_mr_alloc(struct ib_pd *pd, int access);
int sr_mr_pin(struct sr_mr *mr, struct ib_device *ibdev, u64 start, u64 length, u64 iova);
int sr_mr_publish(struct sr_dev *dev, struct sr_mr *mr);
bool sr_mr_retire(struct sr_mr *mr);
void sr_mr_free(struct sr_mr *mr);

/* dmabuf.c: process context */
int sr_dmabuf_map(struct sr_mr *mr, struct ib_device *ibdev, u64 offset, u64 length, int fd);
void sr_dmabuf_unmap(struct sr_mr *mr);

/* fastreg.c, rereg.c, mw.c: process context; sr_map_mr_*() any */
int sr_alloc_mr(struct ndk_mr *nmr, u32 max_num_sg);
int sr_enable_mr(struct ndk_mr *nmr, int access);
int sr_map_mr_sg(struct ndk_mr *nmr, struct scatterlist *sg, int num, unsigned int *offset);
int sr_map_mr_pages(struct ndk_mr *nmr, const u64 *pages, u32 num, u32 offset, u64 length);
int sr_rereg_user_mr(struct ndk_mr *nmr, int flags, u64 start, u64 length, u64 iova,
		     int access, struct ib_pd *pd);
int sr_alloc_mw(struct ndk_mw *nmw);
void sr_dealloc_mw(struct ndk_mw *nmw);

/* mr.c, fastreg.c, mw.c: sr_mr.lock held */
void sr_mr_grant(struct sr_mr *mr);
void sr_mr_revoke(struct sr_mr *mr);
void sr_mw_release(struct sr_mr *mw);

/* fastreg.c, mw.c: bottom halves off, RCU read section */
int sr_mr_register(struct sr_qp *qp, const struct ndk_swqe *wqe);
int sr_mr_invalidate(struct sr_qp *qp, u32 key, bool remote);
int sr_mw_bind(struct sr_qp *qp, const struct ndk_swqe *wqe);

/* mr.c: bottom halves off, RCU read section */
struct sr_mr *sr_mr_find(struct sr_dev *dev, const struct ib_pd *pd, u64 qp_id, u32 key,
			 u64 addr, u64 len, int access);
bool sr_mr_covers(const struct sr_mr *mr, u64 addr, u64 len);
void *sr_mr_span(const struct sr_mr *mr, u64 addr, u32 *len);

/* copy.c: RCU read section */
void sr_cur_init(struct sr_cur *c, struct sr_qp *qp, const struct ib_sge *sge, u32 n,
		 u32 off, int access);
int sr_fetch(struct sr_cur *c, void *buf, u32 len);
int sr_place(struct sr_cur *dst, struct sr_src *src, u32 len);

/* av.c: process context */
int sr_av_set(struct sr_qp *qp, const struct rdma_ah_attr *ah);

/* av.c: any context */
int sr_av_init(struct sr_av *av, const struct sr_dev *dev, const struct rdma_ah_attr *ah,
	       u32 lqpn, u32 rqpn);
void sr_av_drop_route(struct sr_route *route);

/* av.c: bottom halves off, RCU read section, owner of the route */
struct dst_entry *sr_av_route(const struct sr_dev *dev, const struct sr_av *av,
			      struct sr_route *route);

/* ah.c: any context */
int sr_ah_create(struct ndk_ah *ah, const struct rdma_ah_attr *attr);
void sr_ah_destroy(struct ndk_ah *ah);

/* ah.c: RCU read section */
struct sr_ah *sr_ah_find(struct sr_dev *dev, u32 number);
struct dst_entry *sr_ah_route(const struct sr_dev *dev, struct sr_ah *ah);

/* mcast.c: process context */
int sr_mcast_attach(struct ndk_qp *nqp, const union ib_gid *gid);
int sr_mcast_detach(struct ndk_qp *nqp, const union ib_gid *gid);
void sr_mcast_forget(struct sr_qp *qp);

/* mcast.c: bottom halves off, RCU read section */
bool sr_mcast_rx(struct sr_net *sn, struct sk_buff *skb, bool v6);

/* icrc.c */
int sr_icrc_init(void);
void sr_icrc_exit(void);
u32 sr_crc(u32 crc, const void *p, size_t len);
u32 sr_icrc_prefix(const void *ip, bool v6);
u32 sr_icrc_bth(u32 crc, const struct sr_bth *bth);

/* tx.c: bottom halves off, RCU read section */
struct sk_buff *sr_tx_new(struct sr_qp *qp, const struct sr_av *av, u32 bth_len, u32 payload,
			  struct sr_bth **bth);
void sr_tx_bth(struct sr_qp *qp, struct sr_bth *bth, u8 opcode, u32 psn, u32 payload,
	       bool ackreq, bool solicited);
void sr_tx_queue(struct sr_qp *qp, struct sr_tx *tx, struct sk_buff *skb,
		 struct sr_bth *bth);
void sr_tx_queue_to(struct sr_qp *qp, struct sr_ah *ah, struct sk_buff *skb,
		    struct sr_bth *bth);
void sr_tx_flush(struct sr_qp *qp, struct sr_tx *tx);

/* rx.c: softirq */
int sr_rx(struct sock *sk, struct sk_buff *skb);
void sr_rx_deliver(struct sr_qp *qp, struct sk_buff *skb, bool v6);

/* req.c: under s.lock */
void sr_req_run(struct sr_qp *qp, struct ndk_notify *n);
bool sr_req_start(struct sr_qp *qp, struct ndk_swqe *wqe);
void sr_req_rewind(struct sr_qp *qp);
void sr_req_advanced(struct sr_qp *qp);
void sr_req_fail(struct sr_qp *qp, enum ib_wc_status status, struct ndk_notify *n);
bool sr_req_rnr(struct sr_qp *qp, u8 code, struct ndk_notify *n);
void sr_req_drained(struct sr_qp *qp, struct ndk_notify *n);
void sr_req_arm(struct sr_qp *qp);

bool sr_req_may_start(struct sr_qp *qp, const struct ndk_swqe *wqe);
void sr_req_refuse(struct sr_qp *qp, enum ib_wc_status status, struct ndk_notify *n);
void sr_req_ask(struct sr_qp *qp);

/* keyops.c: under s.lock */
bool sr_keys_run(struct sr_qp *qp, struct sr_slice *sl, struct ndk_notify *n);
void sr_keys_pass(struct sr_qp *qp);
bool sr_keys_wait(struct sr_qp *qp, u32 end);

/* req.c: timers */
void sr_req_timers_init(struct sr_qp *qp);

/* uc.c: under r.lock */
void sr_uc_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n);

/* ud.c: under s.lock */
void sr_ud_run(struct sr_qp *qp, struct ndk_notify *n);

/* ud.c: under r.lock */
void sr_ud_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n);

/* comp.c: under s.lock */
void sr_comp_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n);

/* resp.c: under r.lock */
void sr_resp_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n);
void sr_resp_continue(struct sr_qp *qp, struct ndk_notify *n);
void sr_resp_flush(struct sr_qp *qp, struct ndk_notify *n);
void sr_resp_established(struct sr_qp *qp, struct ndk_notify *n);
enum sr_result sr_resp_need_rwqe(struct sr_qp *qp, struct ndk_notify *n);
void sr_resp_drop_rwqe(struct sr_qp *qp, enum ib_wc_status status, struct ndk_notify *n);
void sr_resp_get_msg(struct sk_buff *skb, struct sr_msg *m);
bool sr_resp_payload_fits(const struct sr_qp *qp, const struct sr_pkt *pkt);
enum sr_result sr_resp_data(struct sr_qp *qp, struct sr_msg *m, struct ndk_notify *n);
enum sr_result sr_resp_read_check(struct sr_qp *qp, const struct sr_msg *m);
enum sr_result sr_resp_atomic_write(struct sr_qp *qp, const struct sr_msg *m, u64 value);
enum sr_result sr_resp_atomic(struct sr_qp *qp, const struct sr_msg *m, u32 psn, u64 *orig);
void sr_resp_error(struct sr_qp *qp, enum sr_result res, struct ndk_notify *n);

/* local.c: under s.lock */
bool sr_local_run(struct sr_qp *qp, struct sr_slice *sl, struct ndk_notify *n);

/* The number of a QP, as in packets to it. */
static inline u32 sr_qpn(const struct sr_qp *qp)
{
	return qp->node.number;
}

/**
 * sr_qp_find() - QP by number
 * @sn: the namespace
 * @qpn: the number
 *
 * Return: the QP, good for the caller's RCU read section, or NULL.
 */
static inline struct sr_qp *sr_qp_find(struct sr_net *sn, u32 qpn)
{
	struct sr_node *node = sr_table_find(&sn->qps, qpn);

	return node ? container_of(node, struct sr_qp, node) : NULL;
}

/**
 * sr_mr_of_key() - region or window by key, whether the key is good or not
 * @dev: the adapter
 * @key: the key
 *
 * Return: the region, good for the caller's RCU read section, or NULL.
 */
static inline struct sr_mr *sr_mr_of_key(struct sr_dev *dev, u32 key)
{
	struct sr_node *node = sr_table_find(&dev->mrs, key >> 8);

	return node ? container_of(node, struct sr_mr, node) : NULL;
}

static inline bool sr_qp_is_ud(const struct sr_qp *qp)
{
	return qp->type == IB_QPT_UD || qp->type == IB_QPT_GSI;
}

static inline bool sr_wr_is_read(u8 opcode)
{
	return opcode == IB_WR_RDMA_READ;
}

static inline bool sr_wr_is_atomic(u8 opcode)
{
	return opcode == IB_WR_ATOMIC_CMP_AND_SWP || opcode == IB_WR_ATOMIC_FETCH_AND_ADD;
}

static inline bool sr_wr_is_atomic_write(u8 opcode)
{
	return opcode == IB_WR_ATOMIC_WRITE;
}

/* Its peer owes a response, not just an acknowledge. */
static inline bool sr_wr_is_owed(u8 opcode)
{
	return sr_wr_is_read(opcode) || sr_wr_is_atomic(opcode) || sr_wr_is_atomic_write(opcode);
}

/* Done with what sr_mr_find() returned. */
static inline void sr_mr_put(struct sr_mr *mr)
{
	/* pairs with the acquire in sr_mr_revoke(): our copying, then its end */
	if (mr->revocable)
		atomic_dec_return_release(&mr->users);
}

/* Is anything sent and not acknowledged? */
static inline bool sr_outstanding(const struct sr_send *s)
{
	return s->una_psn != s->hi_psn;
}

/*
 * The peer will answer the newest packet, so the QP gets another turn without
 * our doing. Gone back for a loss, nobody may be about to answer.
 */
static inline bool sr_answer_due(const struct sr_send *s)
{
	return sr_outstanding(s) && !s->unasked && s->next_psn == s->hi_psn;
}

/* May the requester start or continue requests, and the completer end them? */
static inline bool sr_qp_can_send(const struct sr_qp *qp)
{
	u8 state = READ_ONCE(qp->state);

	return state == IB_QPS_RTS || state == IB_QPS_SQD;
}

static inline bool sr_qp_can_receive(const struct sr_qp *qp)
{
	u8 state = READ_ONCE(qp->state);

	return state == IB_QPS_RTR || state == IB_QPS_RTS || state == IB_QPS_SQD ||
	       state == IB_QPS_SQE;
}

#endif /* _SOFTROCE_H */
