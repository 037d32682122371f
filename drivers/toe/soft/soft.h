/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The software target: the TCP engine behind the offload target contract.
 *
 * It is no accelerator. It shows what a hardware driver has to do, byte for byte,
 * and it is what the host side is tested with.
 *
 * Locking
 * -------
 * soft_conn.lock serialises everything that touches the engine; bottom halves are
 * off while it is held. The core is never called under it, since the core calls
 * the consumer and the consumer may call us: what is owed to the core is collected
 * in the connection and handed over by soft_unlock(), by one context at a time, in
 * order.
 * A connection is found by RCU; soft_conn.gone, under the lock, says that it has
 * been terminated meanwhile.
 */
#ifndef _TOE_SOFT_H
#define _TOE_SOFT_H

#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <ndk/toe_target.h>

#include "../engine/engine.h"

struct soft_conn;
struct soft_target;

/**
 * struct soft_tuple - what a segment is found by
 * @saddr: our address, IPv4 in the first four bytes
 * @daddr: the peer's
 * @sport: our port
 * @dport: the peer's
 * @v6: IPv6
 */
struct soft_tuple {
	u8 saddr[16];
	u8 daddr[16];
	__be16 sport;
	__be16 dport;
	u32 v6;
};

/**
 * struct soft_wire - where segments go
 * @xmit: send @skb: TCP header first, checksum left to be filled in
 *	(%CHECKSUM_PARTIAL, pseudo header included), a burst has gso_size set. Consumes
 *	@skb. Softirq, connection locked.
 */
struct soft_wire {
	void (*xmit)(struct soft_conn *sc, struct sk_buff *skb);
};

/**
 * struct soft_target - one software target
 * @t: its registration
 * @wire: output
 * @priv: the wire's
 * @conns: connections by tuple
 * @engine_flags: %TCPE_F_HANDLE_FIN and %TCPE_F_HANDLE_RST: end connections here
 *	as the contract describes, instead of leaving that to the host
 * @max_conns: most connections it takes
 * @nce_stale: ticks after which a neighbor nobody heard of is in doubt
 * @nconns: connections it has
 */
struct soft_target {
	struct toe_target *t;
	const struct soft_wire *wire;
	void *priv;
	struct rhashtable conns;
	u32 engine_flags;
	u32 max_conns;
	u32 nce_stale;
	atomic_t nconns;
};

/**
 * struct soft_neigh - a neighbor
 * @k: constant state
 * @v: cached state
 * @lock: a MAC is read whole
 * @handle: the core's
 * @nrt: tick of the last forward progress (NRT)
 * @hrt: tick of the host's last word of it (HRT)
 * @invalid: it may not be used to send
 * @rcu: frees: a segment may be on its way to it while paths are re-linked
 */
struct soft_neigh {
	struct toe_neigh_const k;
	struct toe_neigh_cached v;
	seqlock_t lock; /* v.dst */
	u64 handle;
	u32 nrt;
	u32 hrt;
	bool invalid;
	struct rcu_head rcu;
};

/**
 * struct soft_path - a path
 * @k: constant state
 * @v: cached state
 * @neigh: what it hangs below
 * @v6: IPv6
 * @invalid: it may not be used to send
 * @rcu: frees
 */
struct soft_path {
	struct toe_path_const k;
	struct toe_path_cached v;
	struct soft_neigh __rcu *neigh;
	bool v6;
	bool invalid;
	struct rcu_head rcu;
};

/* What is owed to the core, soft_conn.owed */
#define SOFT_OWE_PEER_FIN	BIT(0)
#define SOFT_OWE_FIN_ACKED	BIT(1)
#define SOFT_OWE_ABORT		BIT(2)
/* and BIT(8 + enum toe_reason) for a retrieve */
#define SOFT_OWE_RETRIEVE(r)	BIT(8 + (r))

/**
 * struct soft_conn - a connection
 * @node: in &soft_target.conns
 * @tuple: its key
 * @st: the target
 * @path: what it hangs below
 * @host: the host's, for the wire: &toe_block.protocol_reserved
 * @handle: the core's
 * @k: constant state
 * @v: cached state
 * @lock: the engine, and what follows
 * @e: the engine
 * @gone: terminated
 * @invalid: may not send
 * @confirm: for the wire: the peer was heard since the last segment
 * @ip_id: for the wire: of the next IPv4 packet
 * @draining: somebody is handing over what is owed
 * @stalled: the core had no memory for what is in @rx
 * @owed: SOFT_OWE_*
 * @acked: bytes acknowledged, not told to the core
 * @rx: received, not handed to the core
 * @up: segments for the host
 * @timer: for the engine's deadlines
 * @armed: for which one, microseconds; %TCPE_NEVER: it does not run
 * @rcu: frees
 */
struct soft_conn {
	struct rhash_head node;
	struct soft_tuple tuple;
	struct soft_target *st;
	struct soft_path *path;
	void *host;
	u64 handle;
	struct toe_conn_const k;
	struct toe_conn_cached v;
	spinlock_t lock; /* engine and everything below */
	struct tcpe e;
	bool gone;
	bool invalid;
	bool confirm;
	u16 ip_id;
	bool draining;
	bool stalled;
	u32 owed;
	u32 acked;
	struct sk_buff_head rx;
	struct sk_buff_head up;
	struct toe_timer timer;
	u64 armed;
	struct rcu_head rcu;
};

/* target.c */
struct soft_target *soft_create(struct ndk_nic *nic, const char *name, u32 max_conns,
				u32 engine_flags, const struct soft_wire *wire, void *priv,
				struct toe_clock *clock);
void soft_destroy(struct soft_target *st);

/* conn.c */
extern const struct tcpe_ops soft_engine_ops;
u32 soft_conn_store(struct soft_target *st, struct toe_block *b, struct soft_path *path);
void soft_conn_end(struct soft_conn *sc, struct toe_conn_delegated *d);
void soft_lock(struct soft_conn *sc) __acquires(&sc->lock);
void soft_unlock(struct soft_conn *sc) __releases(&sc->lock);
u64 soft_now(struct soft_target *st);

/* reach.c */
void soft_neigh_heard_by_host(struct soft_target *st, struct soft_neigh *n);
u32 soft_neigh_silence(struct soft_target *st, const struct soft_neigh *n);
void soft_neigh_before_xmit(struct soft_target *st, struct soft_neigh *n);

/* rx.c */
struct soft_conn *soft_conn_find(struct soft_target *st, const struct soft_tuple *key);
int soft_rx(struct soft_target *st, const struct soft_tuple *key, struct sk_buff *skb);
void soft_forward(struct toe_target *t, void *ctx, struct toe_forward *f);
int soft_conn_publish(struct soft_conn *sc);
void soft_conn_unpublish(struct soft_conn *sc);
int soft_conns_init(struct soft_target *st);

/* tx.c */
int soft_tx_init(void);
void soft_tx_exit(void);
int soft_xmit(struct tcpe *e, const struct tcpe_seg *seg);
void soft_send(struct toe_target *t, void *ctx, struct toe_send *first, u32 count);
bool soft_tx_adopt(struct soft_conn *sc, struct toe_send *first, u32 count,
		   struct list_head *txq);
void soft_tx_free(struct tcpe_tx *tx);
void soft_tx_free_list(struct list_head *txq);

/* convert.c */
void soft_params(struct soft_conn *sc, struct tcpe_params *p);
bool soft_take_state(struct soft_conn *sc, const struct toe_conn_delegated *d,
		     struct tcpe_handover *h);
void soft_give_state(struct soft_conn *sc, const struct tcpe_handover *h,
		     struct toe_conn_delegated *d);

static inline struct soft_conn *soft_conn_of(struct tcpe *e)
{
	return container_of(e, struct soft_conn, e);
}

#endif /* _TOE_SOFT_H */
