/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An offload target that carries nothing: it keeps what it is given, writes down
 * every call, and answers when, where and how the test says. It stands behind
 * the real core, registered through the real contract (include/ndk/toe_target.h),
 * with a clock that only the test turns.
 *
 * Everything that happens, here and at the host of toe_env.h, goes into one log
 * of short words; a test compares it with what the contract wants:
 *
 *	+query n0		the target is called, with the object of the root
 *	query n0 SUCCESS	the host has the operation back, with its root's status
 *	n0.aborted		the host is told something about an object
 */
#ifndef _TOE_MOCK_H
#define _TOE_MOCK_H

#include <kunit/test.h>
#include <linux/hrtimer.h>
#include <linux/workqueue.h>

#include <ndk/nic.h>
#include <ndk/toe.h>
#include <ndk/toe_target.h>

#define TLOG_SIZE	8192
#define TLOG_WORD	64
#define TMOCK_NAMES	128
#define TMOCK_LOST	8
#define TMOCK_FORWARDS	16

/* what the mock says it can do; tests spell their edges relative to these */
#define TMOCK_CONNS	2000
#define TMOCK_MTU	9000
#define TMOCK_RCV_WND	(1024 * 1024)
#define TMOCK_VLAN	17

#define TMOCK_MAGIC	0x746f65ab
#define TMOCK_DEAD	0xdeadab1e

/**
 * enum tmock_when - when and where an operation is completed
 * @TMOCK_INLINE: before the call returns
 * @TMOCK_LATER: when the test says so: tmock_finish()
 * @TMOCK_SOFTIRQ: from a soft interrupt
 * @TMOCK_HARDIRQ: from a hard interrupt
 * @TMOCK_WORK: from a work queue
 * @TMOCK_WHENS: number of them
 */
enum tmock_when {
	TMOCK_INLINE,
	TMOCK_LATER,
	TMOCK_SOFTIRQ,
	TMOCK_HARDIRQ,
	TMOCK_WORK,
	TMOCK_WHENS
};

/**
 * struct tlog - what happened, in order
 * @lock: any context
 * @used: bytes in @text
 * @off: write nothing: for stress
 * @text: words with a space behind each
 */
struct tlog {
	spinlock_t lock; /* used, text */
	unsigned int used;
	bool off;
	char text[TLOG_SIZE];
};

/**
 * struct tmock_ctx - what the mock keeps of an object
 * @magic: %TMOCK_MAGIC while it lives
 * @link: in &struct tmock.ctxs
 * @rcu: frees it
 * @layer: what it is
 * @parent: what it hangs below
 * @handle: the object's name for the core
 * @obj: the object; a real target has no business with it
 * @k: constant state it was given
 * @v: cached state
 * @d: delegated state; @d.c.buffered is not kept
 * @ka: keepalive timer
 * @rt: retransmit timer
 * @ka_fired: how often
 * @rt_fired: how often
 * @corrupt: the next operation finds it so
 * @invalid: it, or what it hangs below, was invalidated
 * @shown: sends it was shown
 * @posted: receive requests it heard of
 * @consumed: bytes the consumer took
 */
struct tmock_ctx {
	u32 magic;
	struct list_head link;
	struct rcu_head rcu;
	u8 layer;
	struct tmock_ctx *parent;
	u64 handle;
	struct toe_obj *obj;
	union {
		struct toe_neigh_const n;
		struct toe_path_const p;
		struct toe_conn_const c;
	} k;
	union {
		struct toe_neigh_cached n;
		struct toe_path_cached p;
		struct toe_conn_cached c;
	} v;
	union {
		struct toe_neigh_delegated n;
		struct toe_path_delegated p;
		struct toe_conn_delegated c;
	} d;
	struct toe_timer ka;
	struct toe_timer rt;
	unsigned int ka_fired;
	unsigned int rt_fired;
	bool corrupt;
	bool invalid;
	u32 shown;
	u32 posted;
	u64 consumed;
};

/**
 * struct tmock_pending - an operation the mock has
 * @link: in &struct tmock.pending
 * @rcu: frees it
 * @m: the mock
 * @type: which operation
 * @root: its tree
 * @performed: nothing is left but to complete it
 * @lost: handles of connections whose state turned out to be corrupt
 * @nlost: how many
 * @timer: completes it from an interrupt
 * @work: completes it from a work queue
 */
struct tmock_pending {
	struct list_head link;
	struct rcu_head rcu;
	struct tmock *m;
	enum toe_op_type type;
	struct toe_block *root;
	bool performed;
	u64 lost[TMOCK_LOST];
	unsigned int nlost;
	struct hrtimer timer;
	struct work_struct work;
};

/**
 * struct tmock_named - what the log calls an object
 * @obj: the object
 * @name: n0, p0, c0 and so on
 */
struct tmock_named {
	const struct toe_obj *obj;
	char name[8];
};

/**
 * struct tmock - the target
 * @t: the core's side
 * @nic: adapter it belongs to
 * @own_nic: @nic is the mock's
 * @clock: turned by toe_clock_advance()
 * @log: of everything
 * @names: for the log
 * @nnames: how many
 * @caps: what it says it can do
 * @caps_read: how often it was asked
 * @vlan: the one VLAN it knows, 0 for none
 * @lock: protects what follows
 * @ctxs: contexts alive
 * @live: how many, by layer
 * @room: contexts it has room for, by layer; -1: any number
 * @refuse: status for the next object of a layer, then %TOE_SUCCESS
 * @when: by operation
 * @answer: status for all subjects of the next operation, by operation, then
 *	%TOE_SUCCESS; not for initiate
 * @pending: operations not completed
 * @calls: operations, by type
 * @params: last that were set
 * @nparams: how often
 * @forwards: forwarded segments it has
 * @nforwards: how many
 * @forward_now: status to finish them with at once; %TOE_UNWRITTEN: keep
 * @on_call: the test's own doing in an operation, or NULL; true: it has done all
 * @on_send: the test's own doing when sends come, or NULL
 * @priv: for these
 * @verbose: the log has receive requests and consumed bytes, too
 * @events_first: raises the events of a corrupt state before it completes
 * @abort_sends: what terminate completes sends with; 0: leaves them
 * @racy: the test calls from several threads
 * @bad_class: a state structure was missing or its length wrong
 * @bad_ctx: a context was used that is gone
 * @bad_context: it was called in a hard interrupt
 */
struct tmock {
	struct toe_target *t;
	struct ndk_nic *nic;
	bool own_nic;
	struct toe_clock clock;
	struct tlog log;
	struct tmock_named names[TMOCK_NAMES];
	unsigned int nnames;
	struct toe_caps caps;
	unsigned int caps_read;
	u16 vlan;
	spinlock_t lock; /* everything below; any context */
	struct list_head ctxs;
	int live[TOE_LAYERS];
	int room[TOE_LAYERS];
	u32 refuse[TOE_LAYERS];
	enum tmock_when when[TOE_OPS];
	u32 answer[TOE_OPS];
	struct list_head pending;
	unsigned int calls[TOE_OPS];
	struct toe_params params;
	unsigned int nparams;
	struct toe_forward *forwards[TMOCK_FORWARDS];
	unsigned int nforwards;
	u32 forward_now;
	bool (*on_call)(struct tmock *m, enum toe_op_type type, struct toe_block *root);
	void (*on_send)(struct tmock *m, struct tmock_ctx *ctx, struct toe_send *first, u32 count);
	void *priv;
	bool verbose;
	bool events_first;
	u32 abort_sends;
	bool racy;
	unsigned int bad_class;
	unsigned int bad_ctx;
	unsigned int bad_context;
};

/* log */
__printf(2, 3) void tlog(struct tlog *log, const char *fmt, ...);
void tlog_clear(struct tlog *log);
const char *tmock_status(u32 status);
const char *tmock_op_name(enum toe_op_type type);

/* life; NULL for the whole of the contract, and for an adapter of the mock's own */
extern const struct toe_target_ops tmock_ops;
struct tmock *tmock_new(struct ndk_nic *nic, const struct toe_target_ops *ops);
void tmock_retire(struct tmock *m);
void tmock_free(struct tmock *m);

/* operations it has */
struct toe_block *tmock_peek(struct tmock *m, enum toe_op_type type);
unsigned int tmock_pending(struct tmock *m);
bool tmock_finish(struct tmock *m, enum toe_op_type type);
bool tmock_finish_newest(struct tmock *m, enum toe_op_type type);
void tmock_finish_all(struct tmock *m);
struct toe_block *tmock_steal(struct tmock *m, enum toe_op_type type);
u32 tmock_store(struct toe_target *t, struct toe_block *b, void *parent, void *arg);

/* contexts */
struct tmock_ctx *tmock_ctx(struct tmock *m, const struct toe_obj *obj);
void tmock_call(struct tmock *m, const struct toe_obj *obj, const char *name);
const char *tmock_name(struct tmock *m, const struct toe_obj *obj);

/* payload: bytes first, first + 1, ...; and how it gets to the core */
struct sk_buff *tmock_skb(u32 first, u32 bytes);
int tmock_rx(struct tmock *m, const struct toe_obj *obj, u32 first, u32 bytes, u32 flags);
void tmock_ack(struct tmock *m, const struct toe_obj *obj, u32 bytes);

#endif /* _TOE_MOCK_H */
