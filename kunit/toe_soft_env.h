/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two software targets on one wire, each with a host that offers its end of one
 * connection: state core, data path, deferral, engine and segments together, with
 * everything but a socket.
 *
 *   host 0 -- core -- target 0 -- engine == wire == engine -- target 1 -- core -- host 1
 *
 * The wire carries TCP segments; with &struct tw_setup.frames it carries Ethernet
 * frames between two devices of our own. Time stands still until a test turns the
 * clock.
 */
#ifndef _TOE_SOFT_ENV_H
#define _TOE_SOFT_ENV_H

#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <ndk/nic.h>
#include <net/tcp.h>

#include "../drivers/toe/soft/soft.h"

#define ISN0		0xfffffff0u
#define ISN1		0x7ffffff0u
#define PIECE		4096U
#define MAX_SENDS	128
#define WINDOW		65535U

struct world;

/* What a test wants of its world; all zero: TCP segments, IPv4. */
struct tw_setup {
	u32 flags;		/* of soft_create() */
	bool frames;
	bool v6;
	u16 vlan;		/* of the first neighbors */
	u32 mtu;		/* 0: 1500 */
};

/* What a segment looked like on the wire; the first part only with frames. */
struct tw_seen {
	u8 dst[ETH_ALEN];
	u8 src[ETH_ALEN];
	bool tagged;
	u16 tag;
	u8 ttl;
	u8 tos;
	u16 id;
	u32 label;
	u32 ip_len;		/* of the largest packet in it */
	u32 seq;
	u32 ack;
	u32 len;		/* payload */
	u32 window;		/* as in the header */
	u32 tsval;
	bool again;		/* begins with what was sent before */
};

struct piece {
	struct toe_send s;
	struct side *side;
	struct kvec kv;
	unsigned int done;
};

struct side {
	struct world *w;
	unsigned int i;
	struct ndk_nic *nic;
	struct soft_target *st;
	struct toe_obj *neigh;
	struct toe_obj *path;
	struct toe_obj *conn;
	struct toe_conn_delegated seed;
	struct list_head backlog;	/* sends that came back, in order */
	struct sk_buff_head kept;	/* received data that came back */
	struct piece *pieces;
	unsigned int npieces;
	u32 posted;
	u32 acked;		/* bytes of completed sends */
	u32 got;
	u32 bad;
	u32 refuse;		/* indications to refuse */
	unsigned int fins;
	unsigned int aborts;
	unsigned int uploads;
	unsigned int segments;
	unsigned int reasons[TOE_REASONS];
	u32 up_status;
	u32 last_status;
	struct net_device *dev;	/* frames */
	struct tw_seen seen;	/* sent last */
	u32 sent;		/* segments, or bursts, since a test set it to 0 */
	u32 max_ip_len;		/* likewise */
	u32 again;		/* of these, begin with what was sent before */
	u32 top;		/* behind the highest byte sent */
	bool cut;		/* what it sends is lost */
	bool ts_back;		/* a timestamp went back */
	u32 asked;		/* reachability */
	u32 nrd;
	u32 hrd;		/* answer */
	u32 hints;
};

struct world {
	struct kunit *test;
	struct tw_setup how;
	struct toe_clock clock;
	struct side side[2];
	struct sk_buff_head wire[2];
	spinlock_t lock; /* wire */
	struct rnd_state rnd;
	u32 loss;
	unsigned int rsts;
	unsigned int sent;
};

struct world *tw_world_of(struct kunit *test, const struct tw_setup *how);
struct world *tw_world(struct kunit *test, u32 flags);
void tw_op_done(struct toe_op *op);
struct toe_op *tw_tree(struct side *side, enum toe_op_type type, struct completion *done,
		       struct toe_block **conn);
u32 tw_run_op(struct world *w, struct toe_op *op, struct toe_block *b);
u32 tw_offload(struct side *side);
void tw_upload(struct side *side);
void tw_fill(struct side *side, struct piece *p, u32 len);
int tw_send(struct side *side, u32 len, u32 flags);
struct soft_tuple tw_key_of(struct side *side);
void tw_arrive(struct side *side, struct sk_buff *skb);
bool tw_pump(struct world *w);
void tw_settle(struct world *w);
void tw_pass(struct world *w, unsigned int ticks);
void tw_expect_all_there(struct world *w);
void tw_run(struct world *w, unsigned int ticks);
void tw_both_offloaded(struct world *w);
struct toe_obj *tw_new_neigh(struct side *side, u8 last, u16 vlan);
struct toe_obj *tw_new_conn(struct side *side, u16 sport, u16 dport);
void tw_query(struct side *side, struct toe_conn_delegated *d);
/* frames, IPv4 and IPv6, for KUNIT_CASE_PARAM() */
const void *tw_frames_gen_params(const void *prev, char *desc);
u32 tw_update_conn(struct side *side, const struct toe_conn_cached *v);

#endif /* _TOE_SOFT_ENV_H */
