// SPDX-License-Identifier: GPL-2.0
/*
 * ib_drain_qp() and its halves: every request's handler has run when they
 * return, from every state, with something deferred, and with a shared receive
 * queue. kunit/verbs_drain.c asks the same of a real engine.
 */
#include <linux/ktime.h>

#include "provider_env.h"

#define DEPTH	16

/**
 * struct drain - a QP whose completions the core handles
 * @scq: of sends
 * @rcq: of receives
 * @srq: of receives, or NULL
 * @qp: the QP
 * @cqe: of every request posted
 * @done: requests whose handler has run
 * @flushed: those that were flushed
 * @posted: requests accepted
 */
struct drain {
	struct ib_cq *scq;
	struct ib_cq *rcq;
	struct ib_srq *srq;
	struct ib_qp *qp;
	struct ib_cqe cqe;
	atomic_t done;
	atomic_t flushed;
	int posted;
};

static void on_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct drain *d = container_of(wc->wr_cqe, struct drain, cqe);

	atomic_inc(&d->done);
	if (wc->status == IB_WC_WR_FLUSH_ERR)
		atomic_inc(&d->flushed);
}

static void free_drain(void *arg)
{
	struct drain *d = arg;

	if (!IS_ERR_OR_NULL(d->qp))
		ib_destroy_qp(d->qp);
	if (!IS_ERR_OR_NULL(d->srq))
		ib_destroy_srq(d->srq);
	if (!IS_ERR_OR_NULL(d->rcq))
		ib_free_cq(d->rcq);
	if (!IS_ERR_OR_NULL(d->scq))
		ib_free_cq(d->scq);
}

static struct drain *drain_env(struct env *e, enum ib_poll_context ctx, bool shared)
{
	struct kunit *test = e->test;
	struct drain *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct ib_srq_init_attr sinit = { .attr = { .max_wr = DEPTH } };
	struct ib_qp_init_attr init = {
		.cap = { .max_send_wr = DEPTH, .max_recv_wr = DEPTH, .max_send_sge = 1 },
		.qp_type = IB_QPT_RC,
		.sq_sig_type = IB_SIGNAL_ALL_WR,
	};

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, free_drain, d), 0);
	d->cqe.done = on_done;
	d->scq = ib_alloc_cq(e->dev, NULL, 2 * DEPTH, 0, ctx);
	KUNIT_ASSERT_FALSE(test, IS_ERR(d->scq));
	d->rcq = ib_alloc_cq(e->dev, NULL, 2 * DEPTH, 0, ctx);
	KUNIT_ASSERT_FALSE(test, IS_ERR(d->rcq));
	if (shared)
		d->srq = ib_create_srq(e->pd, &sinit);
	KUNIT_ASSERT_FALSE(test, IS_ERR(d->srq));
	init.send_cq = d->scq;
	init.recv_cq = d->rcq;
	init.srq = d->srq;
	d->qp = ib_create_qp(e->pd, &init);
	KUNIT_ASSERT_FALSE(test, IS_ERR(d->qp));
	return d;
}

static void send(struct kunit *test, struct drain *d, int num, int flags)
{
	struct ib_rdma_wr wr = {
		.wr = { .wr_cqe = &d->cqe, .opcode = IB_WR_RDMA_WRITE, .send_flags = flags },
	};

	d->posted += num;
	while (num--)
		KUNIT_ASSERT_EQ(test, ib_post_send(d->qp, &wr.wr, NULL), 0);
}

static void recv(struct kunit *test, struct drain *d, int num)
{
	struct ib_recv_wr wr = { .wr_cqe = &d->cqe };

	while (num--) {
		if (d->srq) {
			KUNIT_ASSERT_EQ(test, ib_post_srq_recv(d->srq, &wr, NULL), 0);
			continue;
		}
		KUNIT_ASSERT_EQ(test, ib_post_recv(d->qp, &wr, NULL), 0);
		d->posted++;
	}
}

/* The drain waits up to a minute for an event that does not come. */
static void drain_in_time(struct kunit *test, struct ib_qp *qp)
{
	ktime_t began = ktime_get();

	ib_drain_qp(qp);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), began), 20000);
}

struct drain_case {
	const char *desc;
	enum ib_qp_state state;
	enum ib_poll_context ctx;
	bool shared;
};

/* But for RESET: verbs know no way from there to error, and nothing to drain. */
static const struct drain_case drain_cases[] = {
	{ "INIT", IB_QPS_INIT, IB_POLL_SOFTIRQ },
	{ "RTR", IB_QPS_RTR, IB_POLL_WORKQUEUE },
	{ "RTS", IB_QPS_RTS, IB_POLL_SOFTIRQ },
	{ "RTS, polled by the drain", IB_QPS_RTS, IB_POLL_DIRECT },
	{ "SQD", IB_QPS_SQD, IB_POLL_WORKQUEUE },
	{ "SQE", IB_QPS_SQE, IB_POLL_SOFTIRQ },
	{ "ERR", IB_QPS_ERR, IB_POLL_WORKQUEUE },
	{ "ERR, polled by the drain", IB_QPS_ERR, IB_POLL_DIRECT },
	{ "INIT, shared", IB_QPS_INIT, IB_POLL_WORKQUEUE, true },
	{ "RTR, shared", IB_QPS_RTR, IB_POLL_SOFTIRQ, true },
	{ "RTS, shared", IB_QPS_RTS, IB_POLL_WORKQUEUE, true },
	{ "RTS, shared, polled by the drain", IB_QPS_RTS, IB_POLL_DIRECT, true },
	{ "SQD, shared", IB_QPS_SQD, IB_POLL_WORKQUEUE, true },
	{ "ERR, shared", IB_QPS_ERR, IB_POLL_SOFTIRQ, true },
};

KUNIT_ARRAY_PARAM_DESC(drain, drain_cases, desc);

static void drain_ends_everything_in_every_state(struct kunit *test)
{
	const struct drain_case *c = test->param_value;
	struct env *e = env_create(test);
	struct drain *d = drain_env(e, c->ctx, c->shared);

	KUNIT_ASSERT_EQ(test, env_go_to(d->qp, c->state), 0);
	recv(test, d, 3);
	if (c->state == IB_QPS_RTS)
		send(test, d, 3, 0);
	drain_in_time(test, d->qp);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->done), d->posted);
	KUNIT_EXPECT_EQ(test, env_state(d->qp), IB_QPS_ERR);
}

static void drain_ends_a_deferred_tail(struct kunit *test)
{
	struct env *e = env_create(test);
	struct drain *d = drain_env(e, IB_POLL_WORKQUEUE, false);

	KUNIT_ASSERT_EQ(test, env_go_to(d->qp, IB_QPS_RTS), 0);
	send(test, d, 2, 0);
	KUNIT_ASSERT_EQ(test, mock_complete(to_mock_qp(d->qp), 2), 2);
	send(test, d, 5, DEFER);
	recv(test, d, 4);
	KUNIT_EXPECT_EQ(test, to_mock_qp(d->qp)->shown, 2);
	drain_in_time(test, d->qp);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->done), d->posted);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->flushed), 5 + 4);
}

/* The queue's owner does this: QP after QP, the requests are the SRQ's. */
static void drain_leaves_a_shared_queue_alone(struct kunit *test)
{
	struct env *e = env_create(test);
	struct drain *d = drain_env(e, IB_POLL_WORKQUEUE, true);

	KUNIT_ASSERT_EQ(test, env_go_to(d->qp, IB_QPS_RTS), 0);
	recv(test, d, 5);
	KUNIT_ASSERT_EQ(test, mock_receive(to_mock_qp(d->qp), 0, false), 1);
	send(test, d, 2, DEFER);
	drain_in_time(test, d->qp);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&d->done), 1 + 2, "one received, two flushed");
	KUNIT_EXPECT_EQ(test, atomic_read(&d->flushed), 2);
}

static void halves_may_be_drained_again(struct kunit *test)
{
	struct env *e = env_create(test);
	struct drain *d = drain_env(e, IB_POLL_SOFTIRQ, false);
	int i;

	KUNIT_ASSERT_EQ(test, env_go_to(d->qp, IB_QPS_RTS), 0);
	send(test, d, 3, DEFER);
	recv(test, d, 3);
	/* either half puts the QP in error, so both come to their end */
	for (i = 0; i < 4 * DEPTH; i++) {
		ib_drain_sq(d->qp);
		ib_drain_rq(d->qp);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&d->flushed), d->posted);
}

static struct kunit_case provider_drain_cases[] = {
	KUNIT_CASE_PARAM(drain_ends_everything_in_every_state, drain_gen_params),
	KUNIT_CASE(drain_ends_a_deferred_tail),
	KUNIT_CASE(drain_leaves_a_shared_queue_alone),
	KUNIT_CASE(halves_may_be_drained_again),
	{}
};

static struct kunit_suite provider_drain_suite = {
	.name = "ndk_provider_drain",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_drain_cases,
};

kunit_test_suite(provider_drain_suite);
