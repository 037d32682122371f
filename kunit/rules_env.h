/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the NDK kernel API need: an open adapter, objects that are
 * closed when the test ends, the outcome of calls that pend, connected queue
 * pairs, memory with its DMA addresses, and short ways to look at results.
 *
 * Everything goes through <ndk/ndk.h>, but for one thing: rqp_join() connects two
 * queue pairs without a connection manager, so that what is not about connections
 * does not depend on it.
 */
#ifndef _RULES_ENV_H
#define _RULES_ENV_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <ndk/ndk.h>

#include "../drivers/ndk/api/api.h"
#include "mock_nic.h"

/* enough for the slowest test kernel, and over at once where nothing is wrong */
#define RULES_WAIT	(30 * HZ)

#define SILENT		NDK_OP_FLAG_SILENT_SUCCESS
#define FENCE		NDK_OP_FLAG_READ_FENCE
#define DEFERRED	NDK_OP_FLAG_DEFER

struct renv;

/**
 * struct call - a call that may pend, and what its callback saw
 * @env: the test
 * @done: the callback has returned
 * @calls: how often it was called
 * @status: what it was given
 * @object: what it was given
 * @began: its number among all callbacks of the test, from 1
 * @ended: number when it returned
 * @hard: it ran in hard interrupt context
 * @may_sleep: it ran where it might have slept
 * @inside: what the test does in it, or NULL
 * @arg: for @inside
 */
struct call {
	struct renv *env;
	struct completion done;
	atomic_t calls;
	int status;
	struct ndk_object *object;
	int began;
	int ended;
	bool hard;
	bool may_sleep;
	void (*inside)(struct call *c);
	void *arg;
};

/**
 * struct rcq - a completion queue and what its notifications were
 * @cq: the queue
 * @fired: notifications
 * @status: of the last one
 * @inside: notifications that run now
 * @nested: two ran at once
 * @hard: one ran in hard interrupt context
 * @may_sleep: one ran where it might have slept
 * @on_fire: what the test does in it, or NULL
 * @arg: for @on_fire
 * @env: the test
 */
struct rcq {
	struct ndk_kcq *cq;
	atomic_t fired;
	int status;
	atomic_t inside;
	bool nested;
	bool hard;
	bool may_sleep;
	void (*on_fire)(struct rcq *c);
	void *arg;
	struct renv *env;
};

/**
 * struct rqp - a queue pair
 * @qp: the queue pair
 * @m: the mock's side of it; NULL on other devices
 * @scq: its initiator CQ
 * @rcq: its receive CQ
 *
 * Its own address is its QPContext.
 */
struct rqp {
	struct ndk_kqp *qp;
	struct mock_qp *m;
	struct rcq *scq;
	struct rcq *rcq;
};

/**
 * struct rmem - memory and its DMA addresses
 * @va: first byte
 * @size: bytes
 * @lam: its pages
 * @fbo: offset of the first byte in the first page
 */
struct rmem {
	u8 *va;
	size_t size;
	struct ndk_lam *lam;
	u32 fbo;
};

/**
 * struct renv - one test's world
 * @test: the test
 * @dev: the device
 * @mock: the mock behind it, or NULL
 * @adapter: opened by the test
 * @info: what it says of itself
 * @pd: protection domain
 * @scq: initiator CQ
 * @rcq: receive CQ
 * @token: privileged token of @pd
 * @order: callbacks so far
 */
struct renv {
	struct kunit *test;
	struct ib_device *dev;
	struct mock_nic *mock;
	struct ndk_adapter *adapter;
	struct ndk_adapter_info info;
	struct ndk_kpd *pd;
	struct rcq *scq;
	struct rcq *rcq;
	u32 token;
	atomic_t order;
};

/* worlds */
struct renv *renv_bare(struct kunit *test, struct ib_device *dev, struct mock_nic *mock);
struct renv *renv_open(struct kunit *test, struct ib_device *dev, struct mock_nic *mock);
struct ndk_adapter *renv_open_another(struct renv *e);
void renv_close_adapter(struct renv *e, struct ndk_adapter *adapter);
int renv_wait_gid(struct ib_device *dev);
void renv_adopt_adapter(struct renv *e, struct ndk_adapter *adapter);
void renv_settle(struct renv *e);

/* calls that may pend */
struct call *call_new(struct renv *e);
void call_init(struct call *c, struct renv *e);
void call_created(void *context, int status, struct ndk_object *object);
void call_done(void *context, int status);
void call_closed(void *context);
int call_wait(struct call *c, int ret);
bool call_is_over(struct call *c);

/* Closes an object of any type; *@c is the callback's. */
int robj_close(struct ndk_object *o, ndk_close_fn *closed, void *context);
/* The test closes it, or robj_close_now() does. */
void robj_keep(struct renv *e, struct ndk_object *o);
void robj_forget(struct renv *e, struct ndk_object *o);
void robj_close_now(struct renv *e, struct ndk_object *o);

/* objects */
struct ndk_kpd *rpd_new(struct renv *e, struct ndk_adapter *adapter);
struct rcq *rcq_new(struct renv *e, u32 depth);
struct ndk_ksrq *rsrq_new(struct renv *e, u32 depth, u32 threshold, ndk_srq_notify_fn *notify,
			  void *context);
struct rqp *rqp_on(struct renv *e, u32 depth, struct rcq *rcq, struct rcq *scq);
struct rqp *rqp_new(struct renv *e, u32 depth);
struct rqp *rqp_with_srq(struct renv *e, u32 depth, struct ndk_ksrq *srq);
struct rqp *rqp_joined(struct renv *e, u32 depth);
void rqp_join(struct renv *e, struct rqp *a, struct rqp *b);
struct ndk_kmr *rmr_new(struct renv *e, u32 pages, bool remote);
struct ndk_kmw *rmw_new(struct renv *e);
struct rmem *rmem_new(struct renv *e, u32 fbo, size_t size);
struct ndk_kmr *rmr_registered(struct renv *e, struct rmem *mem, u32 flags);

/* requests */
struct ndk_sge rmem_sge(struct renv *e, struct rmem *mem, u32 off, u32 len);
int rreg(struct rqp *q, void *context, struct ndk_kmr *mr, struct rmem *mem, u32 flags);
int rwrite(struct renv *e, struct rqp *q, void *context, u32 flags);
int rsend(struct renv *e, struct rqp *q, void *context, u32 flags);

/* results; numbers serve as contexts */
#define ID(n)		((void *)(uintptr_t)(n))
void rexpect_ex(struct renv *e, struct rcq *c, void *context, int status, u32 type,
		struct ndk_result_ex *r);
void rexpect(struct renv *e, struct rcq *c, void *context, int status);
void rexpect_none(struct renv *e, struct rcq *c);
void rwait_for(struct renv *e, atomic_t *v, int value);

u64 renv_stat(struct renv *e, enum ndk_stat which);

#endif /* _RULES_ENV_H */
