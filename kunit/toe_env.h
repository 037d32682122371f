/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every offload test needs: a mock target, a host that builds trees and
 * requests and writes down what it is told, a consumer that checks every byte.
 *
 * Objects have names: n0, n1 (neighbors), p0 (paths), c0 (connections). A tree is
 * written the way it looks:
 *
 *	n0(p0(c0 c1) p1(c2))
 *
 * with a letter behind a name where the state that follows the block is not the
 * usual one: k const, v cached, d delegated, a all, - none. A block that only
 * holds children is a dot. tenv_world() creates objects in that shape,
 * tenv_tree() builds an operation on them.
 *
 * Received bytes are numbered: byte n of a connection is (u8)n, in whatever way
 * it arrives.
 */
#ifndef _TOE_ENV_H
#define _TOE_ENV_H

#include "../drivers/toe/core.h"
#include "toe_mock.h"

#define TENV_NEIGHS	8
#define TENV_PATHS	16
#define TENV_CONNS	64
#define TENV_OPS	128
#define TENV_SENDS	64
#define TENV_RECVS	64
#define TENV_FORWARDS	16

/* what is compared of structures that end in padding */
#define CONN_CONST_BYTES	offsetofend(struct toe_conn_const, rcv_wscale)
#define NEIGH_CACHED_BYTES	offsetofend(struct toe_neigh_cached, dst)

/* where the connections of the tests begin */
#define TENV_RCV_NXT	1000
#define TENV_SND_NXT	5000
#define TENV_WINDOW	65536

struct tenv;

/**
 * struct tenv_obj - one object and what its host heard
 * @e: the test's world
 * @obj: the object, NULL if there is none
 * @name: as in trees
 * @seed: delegated state for its next initiate
 * @uploaded: terminates of the core's own that ended
 * @status: of the last one
 * @d: the delegated state it brought
 * @sends: unsent data it brought, if &tenv.take_sends
 * @buffered: undelivered bytes it brought, if &tenv.take_buffered
 * @fed: bytes received, by the target or lent
 * @pos: bytes the consumer has seen
 * @in_consumer: calls of the consumer executing
 * @max_in_consumer: most at a time
 */
struct tenv_obj {
	struct tenv *e;
	struct toe_obj *obj;
	char name[8];
	struct toe_conn_delegated seed;
	unsigned int uploaded;
	u32 status;
	struct toe_conn_delegated d;
	struct list_head sends;
	struct sk_buff_head buffered;
	u32 fed;
	u32 pos;
	atomic_t in_consumer;
	int max_in_consumer;
};

/**
 * struct tenv_op - one operation
 * @op: the core's
 * @e: the test's world
 * @done: times it was completed
 * @on_done: the test's own doing then, or NULL
 */
struct tenv_op {
	struct toe_op *op;
	struct tenv *e;
	unsigned int done;
	void (*on_done)(struct tenv_op *o);
};

/**
 * struct tenv_send - a send or a disconnect
 * @s: the request
 * @e: the test's world
 * @kv: its bytes
 * @id: in the log
 * @done: times it was completed
 */
struct tenv_send {
	struct toe_send s;
	struct tenv *e;
	struct kvec kv;
	u32 id;
	unsigned int done;
};

/**
 * struct tenv_recv - a receive request
 * @r: the request
 * @o: whose
 * @kv: its room
 * @id: in the log
 * @done: times it was completed
 * @on_done: the test's own doing then, or NULL
 */
struct tenv_recv {
	struct toe_recv r;
	struct tenv_obj *o;
	struct kvec kv;
	u32 id;
	unsigned int done;
	void (*on_done)(struct tenv_recv *r);
};

/**
 * struct tenv_forward - a segment the host received
 * @f: the request
 * @e: the test's world
 */
struct tenv_forward {
	struct toe_forward f;
	struct tenv *e;
};

/**
 * struct tenv - one test's world
 * @test: the test
 * @m: the target
 * @n: neighbors
 * @p: paths
 * @c: connections
 * @ops: operations built
 * @nops: how many
 * @sends: requests built
 * @nsends: how many
 * @recvs: requests built
 * @nrecvs: how many
 * @forwards: segments forwarded
 * @nforwards: how many
 * @ipv6: paths are made for IPv6
 * @take_hints: the host uploads when the target gives a hint
 * @take_sends: the host keeps unsent data of uploads
 * @take_buffered: the host keeps undelivered data of uploads
 * @hrd: what the host knows of a neighbor's reachability
 * @answer: what the consumer answers to the next indications
 * @times: how many; then %TOE_SUCCESS
 * @take: bytes it takes if it takes a part
 * @keep: it keeps what it took until the test ends or calls tenv_return()
 * @loans: what it keeps; only the test's own thread looks
 * @on_rx: the test's own doing in an indication, or NULL
 * @on_segment: the test's own doing with a segment passed up, or NULL
 * @retired: the test has taken the target back already
 * @bad_bytes: bytes that were not what their number says
 * @bad_context: callbacks where the contract has none
 */
struct tenv {
	struct kunit *test;
	struct tmock *m;
	struct tenv_obj n[TENV_NEIGHS];
	struct tenv_obj p[TENV_PATHS];
	struct tenv_obj c[TENV_CONNS];
	struct tenv_op ops[TENV_OPS];
	unsigned int nops;
	struct tenv_send sends[TENV_SENDS];
	unsigned int nsends;
	struct tenv_recv recvs[TENV_RECVS];
	unsigned int nrecvs;
	struct tenv_forward forwards[TENV_FORWARDS];
	unsigned int nforwards;
	bool ipv6;
	bool take_hints;
	bool take_sends;
	bool take_buffered;
	u32 hrd;
	u32 answer;
	unsigned int times;
	u32 take;
	bool keep;
	struct list_head loans;
	void (*on_rx)(struct tenv_obj *o, struct toe_rx *rx);
	void (*on_segment)(struct tenv_obj *o, struct sk_buff *skb);
	bool retired;
	unsigned int bad_bytes;
	unsigned int bad_context;
};

extern const struct toe_host_ops tenv_host_ops;
extern const struct toe_consumer_ops tenv_consumer_ops;

/* for a suite's init and exit; or with an adapter or functions of the test's own */
int tenv_init(struct kunit *test);
void tenv_exit(struct kunit *test);
struct tenv *tenv_create(struct kunit *test, struct ndk_nic *nic,
			 const struct toe_target_ops *ops);
void tenv_delete(struct tenv *e);

/* objects */
struct toe_neigh_const tenv_neigh_const(void);
struct toe_neigh_cached tenv_neigh_cached(unsigned int i);
struct toe_path_const tenv_path_const(unsigned int i);
struct toe_path_cached tenv_path_cached(void);
struct toe_conn_const tenv_conn_const(unsigned int i);
struct toe_conn_cached tenv_conn_cached(void);
struct toe_conn_delegated tenv_conn_delegated(void);
void tenv_world(struct tenv *e, const char *shape);
struct tenv_obj *tenv_obj(struct tenv *e, const char *name);
struct toe_obj *tenv_o(struct tenv *e, const char *name);
void tenv_forget(struct tenv *e, const char *name);
#define tenv_conn(e, name) toe_conn_of(tenv_o(e, name))

/* operations */
struct tenv_op *tenv_tree(struct tenv *e, enum toe_op_type type, const char *shape);
struct toe_block *tenv_block(struct tenv_op *o, const char *name);
int tenv_try(struct tenv *e, enum toe_op_type type, const char *shape);
struct tenv_op *tenv_start(struct tenv *e, enum toe_op_type type, const char *shape);
struct tenv_op *tenv_run(struct tenv *e, enum toe_op_type type, const char *shape);
void tenv_offloaded(struct tenv *e, const char *shape);

/* what happened */
void tenv_flush(struct tenv *e);
void tenv_tick(struct tenv *e, u32 ticks);
void tenv_expect_log(struct tenv *e, const char *file, int line, const char *want);
void tenv_expect_statuses(struct tenv *e, const char *file, int line, struct tenv_op *o,
			  const char *want);
void tenv_expect_state(struct tenv *e, const char *file, int line, const char *name,
		       enum toe_obj_state want);
bool tenv_logged(struct tenv *e, const char *word);
bool tenv_ends_with(struct tenv *e, const char *word);
unsigned int tenv_count(struct tenv *e, const char *word);
int tenv_complaints(struct tenv *e, enum toe_complaint c);
#define EXPECT_LOG(e, want) tenv_expect_log(e, __FILE__, __LINE__, want)
#define EXPECT_STATUSES(e, o, want) tenv_expect_statuses(e, __FILE__, __LINE__, o, want)
#define EXPECT_STATE(e, name, s) tenv_expect_state(e, __FILE__, __LINE__, name, s)

/* data */
struct tenv_send *tenv_new_send(struct tenv *e, u32 bytes, u32 flags);
int tenv_send(struct tenv *e, const char *name, u32 bytes, u32 flags);
int tenv_fin(struct tenv *e, const char *name, u32 bytes, bool abortive);
struct tenv_recv *tenv_new_recv(struct tenv *e, const char *name, u32 bytes, u32 filled,
				u32 flags);
int tenv_recv(struct tenv *e, const char *name, u32 bytes, u32 flags);
void tenv_rx(struct tenv *e, const char *name, u32 bytes, u32 flags);
void tenv_return(struct tenv *e);
struct toe_forward *tenv_forward(struct tenv *e, const char *name, int *err);
void tenv_lend(struct tenv_op *o, const char *name, u32 bytes);
struct tenv_send *tenv_lend_send(struct tenv_op *o, const char *name, u32 bytes);

#endif /* _TOE_ENV_H */
