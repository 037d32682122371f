// SPDX-License-Identifier: GPL-2.0
/*
 * What an NDK call costs beside the same verbs post: counted in instructions, on a
 * processor whose time stamp counter counts them (tools/vm --accel count).
 *
 * One pair of queue pairs, connected to each other; the same queue pair is posted
 * to both ways, the same requests, with interrupts off. Deferred, so that what is
 * counted is the post itself and not the NIC's work behind it, and silent, so that
 * nothing completes meanwhile. Loading the module measures; the results are its
 * parameters.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/in.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timex.h>

#include "../../drivers/ndk/api/api.h"

#define DEPTH		64
#define CHAIN		16
#define ROUNDS		64
#define BYTES		64
#define PORT		18516

static char *address;
module_param(address, charp, 0444);
MODULE_PARM_DESC(address, "IPv4 address of an adapter");

/* results: the fewest seen, for a request that has one SGE */
static ulong verbs_write, ndk_write_cost, verbs_send, ndk_send_cost, verbs_read, ndk_read_cost;
module_param_named(verbs_write, verbs_write, ulong, 0444);
module_param_named(ndk_write, ndk_write_cost, ulong, 0444);
module_param_named(verbs_send, verbs_send, ulong, 0444);
module_param_named(ndk_send, ndk_send_cost, ulong, 0444);
module_param_named(verbs_read, verbs_read, ulong, 0444);
module_param_named(ndk_read, ndk_read_cost, ulong, 0444);

/**
 * struct cost - the two ends
 * @adapter: adapter of both
 * @pd: protection domain of both
 * @cq: completion queue of both
 * @mr: the memory, local and remote
 * @mem: its address
 * @qp: the ends' queue pairs, 0 connects to 1
 * @connector: the ends' connectors
 * @listener: what 0 connects to
 * @asked: 1's connector is there
 */
struct cost {
	struct ndk_adapter *adapter;
	struct ndk_kpd *pd;
	struct ndk_kcq *cq;
	struct ndk_kmr *mr;
	void *mem;
	struct ndk_kqp *qp[2];
	struct ndk_connector *connector[2];
	struct ndk_listener *listener;
	struct completion asked;
};

/**
 * struct request - what is posted, either way
 * @sge: its data
 * @remote: address at the peer
 * @token: for it
 */
struct request {
	struct ndk_sge sge;
	u64 remote;
	u32 token;
};

/* As a verbs consumer does it: describe, post. */
static noinline int post_verbs(struct ib_qp *qp, const struct request *r, enum ib_wr_opcode op)
{
	const struct ib_send_wr *bad;
	struct ib_rdma_wr wr = {
		.wr = {
			.sg_list = (struct ib_sge *)&r->sge,
			.num_sge = 1,
			.opcode = op,
			.send_flags = NDK_SEND_DEFER,
		},
		.remote_addr = r->remote,
		.rkey = r->token,
	};

	return ib_post_send(qp, &wr.wr, &bad);
}

static noinline int post_ndk(struct ndk_kqp *qp, const struct request *r, enum ib_wr_opcode op)
{
	const u32 flags = NDK_OP_FLAG_DEFER | NDK_OP_FLAG_SILENT_SUCCESS;

	switch (op) {
	case IB_WR_RDMA_WRITE:
		return ndk_write(qp, NULL, &r->sge, 1, r->remote, r->token, flags);
	case IB_WR_RDMA_READ:
		return ndk_read(qp, NULL, &r->sge, 1, r->remote, r->token, flags);
	default:
		return ndk_send(qp, NULL, &r->sge, 1, flags);
	}
}

/* One chain; the fewest instructions of a post are kept in @least. */
static int chain(struct cost *c, const struct request *r, enum ib_wr_opcode op, bool ndk,
		 ulong *least)
{
	struct ib_qp *qp = c->qp[0]->qp;
	unsigned long flags;
	cycles_t began, took;
	int i, err = 0;

	for (i = 0; i < CHAIN && !err; i++) {
		local_irq_save(flags);
		began = get_cycles();
		err = ndk ? post_ndk(c->qp[0], r, op) : post_verbs(qp, r, op);
		took = get_cycles() - began;
		local_irq_restore(flags);
		if (!*least || took < *least)
			*least = took;
	}
	return err;
}

/* A chain's end, and its outcome: everything before it is done. */
static int finish(struct cost *c, const struct request *r)
{
	struct ndk_result_ex result;
	int err, tries;

	err = ndk_write(c->qp[0], NULL, &r->sge, 1, r->remote, r->token, 0);
	for (tries = 0; !err && tries < 10000; tries++) {
		if (!ndk_get_cq_results_ex(c->cq, &result, 1))
			usleep_range(50, 100);
		else if (result.status || result.type == NDK_OPERATION_WRITE)
			return result.status;
	}
	return err ?: -ETIMEDOUT;
}

static int measure_op(struct cost *c, const struct request *r, enum ib_wr_opcode op,
		      ulong *verbs, ulong *ndk)
{
	int round, i, err = 0;

	for (round = 0; round < ROUNDS && !err; round++) {
		/* every send takes a receive */
		for (i = 0; op == IB_WR_SEND && i < CHAIN && !err; i++)
			err = ndk_receive(c->qp[1], NULL, &r->sge, 1);
		err = err ?: chain(c, r, op, round & 1, round & 1 ? ndk : verbs) ?: finish(c, r);
	}
	return err;
}

static int measure(struct cost *c)
{
	const struct request r = {
		.sge = {
			.virtual_address = (uintptr_t)c->mem,
			.length = BYTES,
			.memory_region_token = ndk_get_local_token_from_mr(c->mr),
		},
		.remote = (uintptr_t)c->mem + BYTES,
		.token = ndk_get_remote_token_from_mr(c->mr),
	};

	return measure_op(c, &r, IB_WR_RDMA_WRITE, &verbs_write, &ndk_write_cost) ?:
	       measure_op(c, &r, IB_WR_RDMA_READ, &verbs_read, &ndk_read_cost) ?:
	       measure_op(c, &r, IB_WR_SEND, &verbs_send, &ndk_send_cost);
}

static void on_ask(void *context, struct ndk_connector *connector)
{
	struct cost *c = context;

	if (c->connector[1]) {
		ndk_close_connector(connector, NULL, NULL);
		return;
	}
	c->connector[1] = connector;
	complete(&c->asked);
}

static struct ndk_waiter *fresh(struct ndk_waiter *w)
{
	ndk_waiter_init(w);
	return w;
}

/* A create given fresh() is over: its object is in *@slot. */
static int made(struct ndk_waiter *w, int ret, void *slot)
{
	void **object = slot;
	int err = ndk_wait(w, ret);

	if (err)
		*object = NULL;
	else if (w->object)
		*object = w->object;
	return err;
}

static int make_memory(struct cost *c)
{
	struct ndk_mdl mdl = {};
	struct ndk_waiter w;
	int err;

	c->mem = kzalloc(2 * BYTES, GFP_KERNEL);
	if (!c->mem)
		return -ENOMEM;
	err = made(&w, ndk_create_mr(c->pd, false, ndk_waiter_created, fresh(&w), &c->mr), &c->mr);
	if (err)
		return err;
	mdl.virtual_address = (uintptr_t)c->mem;
	return ndk_wait(&w, ndk_register_mr(c->mr, &mdl, 2 * BYTES,
					    NDK_MR_FLAG_ALLOW_REMOTE_WRITE |
					    NDK_MR_FLAG_ALLOW_REMOTE_READ,
					    ndk_waiter_done, fresh(&w)));
}

static int make_qp(struct cost *c, struct ndk_kqp **qp)
{
	struct ndk_waiter w;

	return made(&w, ndk_create_qp(c->pd, c->cq, c->cq, NULL, DEPTH, DEPTH, 1, 1, 0,
				      ndk_waiter_created, fresh(&w), qp), qp);
}

static int make_objects(struct cost *c)
{
	struct ndk_waiter w;

	return made(&w, ndk_create_pd(c->adapter, ndk_waiter_created, fresh(&w), &c->pd), &c->pd) ?:
	       made(&w, ndk_create_cq(c->adapter, 8 * DEPTH, NULL, NULL, NULL, ndk_waiter_created,
				      fresh(&w), &c->cq), &c->cq) ?:
	       make_memory(c) ?: make_qp(c, &c->qp[0]) ?: make_qp(c, &c->qp[1]) ?:
	       made(&w, ndk_create_connector(c->adapter, ndk_waiter_created, fresh(&w),
					     &c->connector[0]), &c->connector[0]);
}

static int listen(struct cost *c, const struct sockaddr_in *at)
{
	struct ndk_waiter w;
	int err;

	init_completion(&c->asked);
	err = made(&w, ndk_create_listener(c->adapter, on_ask, c, ndk_waiter_created, fresh(&w),
					   &c->listener), &c->listener);
	if (err)
		return err;
	return ndk_wait(&w, ndk_listen(c->listener, (const struct sockaddr *)at, sizeof(*at),
				       ndk_waiter_done, fresh(&w)));
}

static int connect(struct cost *c, const struct sockaddr_in *to)
{
	struct ndk_waiter asking, accepting, w;
	struct sockaddr_in from = *to;
	int err, accepted;

	from.sin_port = 0;
	err = ndk_connect(c->connector[0], c->qp[0], (struct sockaddr *)&from, sizeof(from),
			  (const struct sockaddr *)to, sizeof(*to), 1, 1, NULL, 0,
			  ndk_waiter_done, fresh(&asking));
	if (err != -EINPROGRESS)
		return err;
	if (!wait_for_completion_timeout(&c->asked, 10 * HZ))
		return -ETIMEDOUT;
	accepted = ndk_accept(c->connector[1], c->qp[1], 1, 1, NULL, 0, NULL, NULL,
			      ndk_waiter_done, fresh(&accepting));
	err = ndk_wait(&asking, err);
	if (!err)
		err = ndk_wait(&w, ndk_complete_connect(c->connector[0], NULL, NULL,
							ndk_waiter_done, fresh(&w)));
	return ndk_wait(&accepting, accepted) ?: err;
}

/* Closes need no order and no waiting: the adapter's waits for all of them. */
static void take_down(struct cost *c)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (c->connector[i])
			ndk_close_connector(c->connector[i], NULL, NULL);
		if (c->qp[i])
			ndk_close_qp(c->qp[i], NULL, NULL);
	}
	if (c->listener)
		ndk_close_listener(c->listener, NULL, NULL);
	if (c->mr)
		ndk_close_mr(c->mr, NULL, NULL);
	if (c->cq)
		ndk_close_cq(c->cq, NULL, NULL);
	if (c->pd)
		ndk_close_pd(c->pd, NULL, NULL);
	ndk_close_adapter(c->adapter);
	kfree(c->mem);
}

static int __init cost_init(void)
{
	const struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.minor = NDK_VERSION_MINOR,
		.consumer = KBUILD_MODNAME,
	};
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct cost *c;
	int err;

	if (!address || !in4_pton(address, -1, (u8 *)&at.sin_addr, -1, NULL)) {
		pr_err("address=%s is not an IPv4 address\n", address ?: "");
		return -EINVAL;
	}
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	err = ndk_open_adapter_by_address(&init_net, (struct sockaddr *)&at, &params, &c->adapter);
	if (err)
		goto out;
	err = make_objects(c) ?: listen(c, &at) ?: connect(c, &at) ?: measure(c);
	take_down(c);
out:
	kfree(c);
	if (err)
		pr_err("%pe\n", ERR_PTR(err));
	return err;
}

static void __exit cost_exit(void)
{
}

module_init(cost_init);
module_exit(cost_exit);

MODULE_DESCRIPTION("Counts what NDK calls cost beside verbs posts");
MODULE_LICENSE("GPL");
