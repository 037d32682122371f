// SPDX-License-Identifier: GPL-2.0
/*
 * How many instructions a request of the NDK kernel API costs, beside the same
 * request posted by verbs, on the same queue pair. It is loaded, measures, and has
 * the answer in /sys/module/ndkcount/parameters/result.
 *
 * What is read is the processor's cycle counter. On a virtual machine whose clock
 * ticks once per instruction (`tools/vm run --accel count`) that is the number of
 * instructions, the same in every run; elsewhere it is time. The smallest of many
 * rounds counts: in the others an interrupt came.
 *
 *	deferred	what a post costs until it is accepted: all that the API can
 *			add to
 *	undeferred	the whole way, on a software NIC the transport included
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/in.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/timex.h>

#include "../../drivers/ndk/api/api.h"

#define BATCH		16
#define ROUNDS		200
#define DEPTH		64
#define BYTES		64
#define PATIENCE	(10 * HZ)

static char *address = "";
module_param(address, charp, 0444);
MODULE_PARM_DESC(address, "IPv4 address of an ndk device: connects to itself");

static char result[256];
module_param_string(result, result, sizeof(result), 0444);
MODULE_PARM_DESC(result, "instructions per request");

/**
 * struct count - what is connected to what
 * @adapter: the adapter
 * @pd: PD
 * @cq: CQ of both ends
 * @qp: the two ends
 * @connector: likewise
 * @listener: where the second one comes from
 * @came: it came
 * @buffer: what is sent
 * @lam: its DMA address
 * @sge: the same as an SGE
 */
struct count {
	struct ndk_adapter *adapter;
	struct ndk_kpd *pd;
	struct ndk_kcq *cq;
	struct ndk_kqp *qp[2];
	struct ndk_connector *connector[2];
	struct ndk_listener *listener;
	struct completion came;
	void *buffer;
	struct ndk_lam *lam;
	struct ndk_sge sge;
};

/* --- setting up ---------------------------------------------------------------- */

static int waited(struct ndk_waiter *w, int ret, void *object)
{
	int err = ndk_wait(w, ret);

	if (!err && w->object)
		*(struct ndk_object **)object = w->object;
	ndk_waiter_init(w);
	return err;
}

static int make_qp(struct count *c, int i)
{
	struct ndk_waiter w;

	ndk_waiter_init(&w);
	return waited(&w, ndk_create_qp(c->pd, c->cq, c->cq, NULL, DEPTH, DEPTH, 1, 1, 0,
					ndk_waiter_created, &w, &c->qp[i]), &c->qp[i]);
}

/* An allocation of its size is aligned to its size, so in one page. */
static int make_buffer(struct count *c)
{
	struct ndk_mdl mdl = {};
	u32 size = sizeof(struct ndk_lam) + sizeof(u64), fbo;
	struct ndk_lam *lam = kzalloc(size, GFP_KERNEL);
	int err;

	c->buffer = kzalloc(BYTES, GFP_KERNEL);
	if (!c->buffer || !lam) {
		kfree(lam);
		return -ENOMEM;
	}
	mdl.virtual_address = (uintptr_t)c->buffer;
	err = ndk_build_lam(c->adapter, &mdl, BYTES, NULL, NULL, lam, &size, &fbo);
	if (err) {
		kfree(lam);
		return err;
	}
	c->lam = lam;
	c->sge.logical_address = lam->adapter_page_array[0] + fbo;
	c->sge.length = BYTES;
	ndk_get_privileged_memory_region_token(c->pd, &c->sge.memory_region_token);
	return 0;
}

static int make_objects(struct count *c)
{
	struct ndk_waiter w;

	ndk_waiter_init(&w);
	return waited(&w, ndk_create_pd(c->adapter, ndk_waiter_created, &w, &c->pd), &c->pd) ?:
	       waited(&w, ndk_create_cq(c->adapter, 4 * DEPTH, NULL, NULL, NULL,
					ndk_waiter_created, &w, &c->cq), &c->cq) ?:
	       make_qp(c, 0) ?: make_qp(c, 1) ?: make_buffer(c);
}

static void on_connect(void *context, struct ndk_connector *connector)
{
	struct count *c = context;

	if (c->connector[1]) {
		ndk_close_connector(connector, NULL, NULL);
		return;
	}
	c->connector[1] = connector;
	complete(&c->came);
}

static int join(struct count *c, struct sockaddr_in *at)
{
	struct sockaddr_in from = *at;
	struct ndk_waiter active, passive;
	u32 len = sizeof(*at);
	int err, ret;

	ndk_waiter_init(&active);
	ndk_waiter_init(&passive);
	err = ndk_get_listener_address(c->listener, (struct sockaddr *)at, &len) ?:
	      ndk_create_connector(c->adapter, ndk_waiter_created, &active, &c->connector[0]);
	if (err)
		return err;
	ret = ndk_connect(c->connector[0], c->qp[0], (struct sockaddr *)&from, len,
			  (struct sockaddr *)at, len, 0, 0, NULL, 0, ndk_waiter_done, &active);
	if (ret != -EINPROGRESS)
		return ret;
	if (!wait_for_completion_timeout(&c->came, PATIENCE)) {
		wait_for_completion(&active.done);
		return active.status ?: -ETIMEDOUT;
	}
	err = ndk_accept(c->connector[1], c->qp[1], 0, 0, NULL, 0, NULL, NULL, ndk_waiter_done,
			 &passive);
	ret = ndk_wait(&active, ret);
	if (!ret) {
		ndk_waiter_init(&active);
		ret = ndk_wait(&active, ndk_complete_connect(c->connector[0], NULL, NULL,
							     ndk_waiter_done, &active));
	}
	/* fails by itself if the connect did */
	err = ndk_wait(&passive, err);
	return ret ?: err;
}

static int setup(struct count *c)
{
	struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.consumer = KBUILD_MODNAME,
	};
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct ndk_waiter w;
	int err;

	if (!in4_pton(address, -1, (u8 *)&at.sin_addr, -1, NULL))
		return -EINVAL;
	init_completion(&c->came);
	err = ndk_open_adapter_by_address(&init_net, (struct sockaddr *)&at, &params,
					  &c->adapter);
	if (err) {
		c->adapter = NULL;
		return err;
	}
	ndk_waiter_init(&w);
	return make_objects(c) ?:
	       ndk_create_listener(c->adapter, on_connect, c, ndk_waiter_created, &w,
				   &c->listener) ?:
	       ndk_wait(&w, ndk_listen(c->listener, (struct sockaddr *)&at, sizeof(at),
				       ndk_waiter_done, &w)) ?:
	       join(c, &at);
}

/* Every close at once: the adapter's waits for them, and they for each other. */
static void tear_down(struct count *c)
{
	int i;

	if (!c->adapter)
		return;
	for (i = 0; i < 2; i++) {
		if (c->connector[i])
			ndk_close_connector(c->connector[i], NULL, NULL);
		if (c->qp[i])
			ndk_close_qp(c->qp[i], NULL, NULL);
	}
	if (c->listener)
		ndk_close_listener(c->listener, NULL, NULL);
	if (c->cq)
		ndk_close_cq(c->cq, NULL, NULL);
	if (c->pd)
		ndk_close_pd(c->pd, NULL, NULL);
	if (c->lam)
		ndk_release_lam(c->adapter, c->lam);
	ndk_close_adapter(c->adapter);
	kfree(c->lam);
	kfree(c->buffer);
}

/* --- measuring -------------------------------------------------------------------- */

static int by_ndk(struct count *c, const struct ndk_sge *sge, u32 flags)
{
	return ndk_send(c->qp[0], NULL, sge, 1, flags);
}

/* What a consumer of verbs writes for the same request. */
static int by_verbs(struct count *c, const struct ndk_sge *sge, u32 flags)
{
	const struct ib_send_wr *bad;
	struct ib_send_wr wr = {
		.sg_list = (struct ib_sge *)sge,
		.num_sge = 1,
		.opcode = IB_WR_SEND,
		.send_flags = (flags & NDK_OP_FLAG_SILENT_SUCCESS ? 0 : IB_SEND_SIGNALED) |
			      (flags & NDK_OP_FLAG_DEFER ? NDK_SEND_DEFER : 0),
	};

	return ib_post_send(c->qp[0]->qp, &wr, &bad);
}

typedef int post_fn(struct count *c, const struct ndk_sge *sge, u32 flags);

static int take_results(struct count *c, u32 wanted)
{
	struct ndk_result results[BATCH];
	unsigned long until = jiffies + PATIENCE;
	u32 n, i;

	while (wanted) {
		n = ndk_get_cq_results(c->cq, results, BATCH);
		for (i = 0; i < n; i++)
			if (results[i].status)
				return results[i].status;
		wanted -= min(n, wanted);
		if (!n && time_after(jiffies, until))
			return -ETIMEDOUT;
		cond_resched();
	}
	return 0;
}

static int post_receives(struct count *c, u32 n)
{
	int err = 0;

	while (n-- && !err)
		err = ndk_receive(c->qp[1], NULL, &c->sge, 1);
	return err;
}

/* One batch: the cycles it took to post it, without what ends the chain. */
static int one_round(struct count *c, post_fn *post, u32 flags, u64 *best)
{
	const struct ndk_sge *sge = &c->sge;
	cycles_t began, ended;
	int err = 0, i;

	err = post_receives(c, BATCH + 1);
	if (err)
		return err;
	preempt_disable();
	began = get_cycles();
	for (i = 0; i < BATCH && !err; i++)
		err = post(c, sge, flags);
	ended = get_cycles();
	preempt_enable();
	/* with the receives' results */
	err = err ?: ndk_send(c->qp[0], NULL, sge, 1, 0) ?: take_results(c, BATCH + 2);
	*best = min_t(u64, *best, ended - began);
	return err;
}

static int measure(struct count *c, post_fn *post, u32 flags, u64 *per_request)
{
	u64 best = U64_MAX;
	int err = 0, i;

	for (i = 0; i < ROUNDS && !err; i++)
		err = one_round(c, post, flags | NDK_OP_FLAG_SILENT_SUCCESS, &best);
	*per_request = best / BATCH;
	return err;
}

static int count(struct count *c)
{
	u64 ndk[2], verbs[2];
	int err;

	err = measure(c, by_verbs, NDK_OP_FLAG_DEFER, &verbs[0]) ?:
	      measure(c, by_ndk, NDK_OP_FLAG_DEFER, &ndk[0]) ?:
	      measure(c, by_verbs, 0, &verbs[1]) ?: measure(c, by_ndk, 0, &ndk[1]);
	if (err)
		return err;
	scnprintf(result, sizeof(result),
		  "deferred ndk %llu verbs %llu undeferred ndk %llu verbs %llu\n",
		  ndk[0], verbs[0], ndk[1], verbs[1]);
	return 0;
}

static int __init count_init(void)
{
	struct count *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int err;

	if (!c)
		return -ENOMEM;
	err = setup(c);
	if (err)
		pr_err("%s: not connected: error %d\n", address, err);
	else
		err = count(c);
	tear_down(c);
	kfree(c);
	return err;
}

static void __exit count_exit(void)
{
}

module_init(count_init);
module_exit(count_exit);

MODULE_DESCRIPTION("Instructions of an NDK request beside those of the same verbs request");
MODULE_LICENSE("GPL");
