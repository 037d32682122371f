// SPDX-License-Identifier: GPL-2.0
/*
 * One adapter, all sides: its QPs, its consumers' connectors and the connections
 * offloaded to it end together when it fails.
 */
#include <rdma/ib_verbs.h>

#include "rules_peer.h"
#include "toe_env.h"

struct both {
	struct ib_pd *pd;
	struct ib_cq *cq;
	struct ib_qp *qp;
	struct ib_event_handler handler;
	struct tlog *log;
};

static void adapter_event(struct ib_event_handler *h, struct ib_event *ev)
{
	struct both *b = container_of(h, struct both, handler);

	if (ev->event == IB_EVENT_DEVICE_FATAL)
		tlog(b->log, "adapter.fatal");
}

static void make_qp(struct kunit *test, struct both *b, struct ib_device *dev)
{
	struct ib_qp_init_attr init = {
		.qp_type = IB_QPT_RC,
		.sq_sig_type = IB_SIGNAL_ALL_WR,
		.cap = { .max_send_wr = 8, .max_recv_wr = 8, .max_send_sge = 1,
			 .max_recv_sge = 1 },
	};
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_INIT, .port_num = 1, .qp_access_flags = 0,
	};

	b->pd = ib_alloc_pd(dev, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(b->pd));
	b->cq = ib_alloc_cq(dev, NULL, 16, 0, IB_POLL_DIRECT);
	KUNIT_ASSERT_FALSE(test, IS_ERR(b->cq));
	init.send_cq = b->cq;
	init.recv_cq = b->cq;
	b->qp = ib_create_qp(b->pd, &init);
	KUNIT_ASSERT_FALSE(test, IS_ERR(b->qp));
	KUNIT_ASSERT_EQ(test, ib_modify_qp(b->qp, &attr, IB_QP_STATE | IB_QP_PKEY_INDEX |
					   IB_QP_PORT | IB_QP_ACCESS_FLAGS), 0);
}

static enum ib_qp_state qp_state(struct both *b)
{
	struct ib_qp_init_attr init;
	struct ib_qp_attr attr;

	return ib_query_qp(b->qp, &attr, IB_QP_STATE, &init) ? IB_QPS_RESET : attr.qp_state;
}

static void drop_qp(struct both *b)
{
	ib_destroy_qp(b->qp);
	ib_free_cq(b->cq);
	ib_dealloc_pd(b->pd);
}

static void qps_and_connections_end_together(struct kunit *test)
{
	struct mock_nic *nic = mock_nic_create(test, "ndktoe");
	struct both b = {};
	struct tenv *e = tenv_create(test, nic->nic, NULL);
	struct tenv *other = tenv_create(test, NULL, NULL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_ASSERT_NOT_NULL(test, other);
	make_qp(test, &b, &nic->nic->ibdev);
	b.log = &e->m->log;
	INIT_IB_EVENT_HANDLER(&b.handler, &nic->nic->ibdev, adapter_event);
	ib_register_event_handler(&b.handler);
	tenv_offloaded(e, "n0(p0(c0))");
	tenv_offloaded(other, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, qp_state(&b), IB_QPS_INIT);

	ndk_nic_fail(nic->nic, "the test says so");
	tenv_flush(e);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, qp_state(&b), IB_QPS_ERR);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.aborted"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 REQUEST_ABORTED"), 1);
	flush_workqueue(ib_wq);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "adapter.fatal"), 1);

	/* another adapter's connections stay (R-LNX-34 in the small) */
	tenv_flush(other);
	EXPECT_STATE(other, "c0", TOE_OFFLOADED);

	ib_unregister_event_handler(&b.handler);
	drop_qp(&b);
	tenv_delete(other);
	tenv_delete(e);
}

static void delete_mock(void *mock)
{
	mock_nic_delete(mock);
}

/* An adapter with a connection manager; it goes when the test is over. */
static struct mock_nic *whole_adapter(struct kunit *test)
{
	struct mock_nic *mock = mock_nic_new(MOCK_FULL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, mock);
	err = ndk_nic_register(mock->nic, "ndktoe_whole");
	if (err)
		ndk_nic_free(mock->nic);
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, delete_mock, mock), 0);
	KUNIT_ASSERT_EQ(test, mock_cm_wait(mock), 0);
	return mock;
}

/* ndk_nic_fail() drives all three: a QP, the connector it is behind, a connection. */
static void qps_connectors_and_connections_end_together(struct kunit *test)
{
	struct mock_nic *mock = whole_adapter(test);
	struct renv *w = renv_open(test, NULL, mock);
	struct rend *a, *p;
	struct tenv *e;

	rend_pair(w, rlisten_new(w), 8, &a, &p);
	KUNIT_ASSERT_EQ(test, ndk_receive(a->q->qp, ID(1), NULL, 0), 0);
	e = tenv_create(test, mock->nic, NULL);
	KUNIT_ASSERT_NOT_NULL(test, e);
	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 10, 0), 0);

	ndk_nic_fail(mock->nic, "the test says so");
	/* QP: its receive comes back, nothing can be posted */
	rexpect(w, w->rcq, ID(1), -ECANCELED);
	KUNIT_EXPECT_EQ(test, rwrite(w, a->q, ID(0), 0), -ENOTCONN);
	/* connectors: one event each */
	rwait_for(w, &a->events, 1);
	rwait_for(w, &p->events, 1);
	/* connection: retrieve, abort, home, with an outcome for every request */
	tenv_flush(e);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve hardware"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.aborted"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 REQUEST_ABORTED"), 1);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	tenv_delete(e);
}

/* A target that registers with an adapter that has failed is told at once. */
static void a_target_of_a_failed_adapter(struct kunit *test)
{
	struct mock_nic *nic = mock_nic_create(test, "ndktoe");
	struct tenv *e;

	ndk_nic_fail(nic->nic, "the test says so");
	e = tenv_create(test, nic->nic, NULL);
	KUNIT_ASSERT_NOT_NULL(test, e);
	tenv_world(e, "n0(p0(c0))");
	KUNIT_EXPECT_NE(test, tenv_try(e, TOE_INITIATE, "n0(p0(c0))"), 0);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_INITIATE], 0);
	tenv_delete(e);
}

static struct kunit_case toe_adapter_cases[] = {
	KUNIT_CASE_SLOW(qps_and_connections_end_together),
	KUNIT_CASE_SLOW(qps_connectors_and_connections_end_together),
	KUNIT_CASE_SLOW(a_target_of_a_failed_adapter),
	{}
};

static struct kunit_suite toe_adapter_suite = {
	.name = "ndk_toe_adapter",
	.test_cases = toe_adapter_cases,
};

kunit_test_suite(toe_adapter_suite);
