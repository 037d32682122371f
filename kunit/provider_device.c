// SPDX-License-Identifier: GPL-2.0
/*
 * Devices: registration, limits of objects, fatal faults, removal under use.
 */
#include "provider_env.h"

static void device_lives_and_is_released_once(struct kunit *test)
{
	struct mock_nic *mock = mock_nic_create(test, OTHER_NAME);

	KUNIT_EXPECT_EQ(test, mock->enabled, 1);
	KUNIT_EXPECT_EQ(test, mock->released, 0);
	mock_nic_remove(mock);
	KUNIT_EXPECT_EQ(test, mock->released, 1);
}

static void unregistered_adapter_is_released(struct kunit *test)
{
	struct mock_nic *mock = mock_nic_alloc(test);

	ndk_nic_free(mock->nic);
	KUNIT_EXPECT_EQ(test, mock->released, 1);
	KUNIT_EXPECT_EQ(test, mock->enabled, 0);
}

static void second_device_of_a_name_is_refused(struct kunit *test)
{
	struct mock_nic *first = mock_nic_create(test, OTHER_NAME);
	struct mock_nic *second = mock_nic_alloc(test);

	KUNIT_EXPECT_LT(test, ndk_nic_register(second->nic, OTHER_NAME), 0);
	KUNIT_EXPECT_EQ(test, second->released, 0);
	ndk_nic_free(second->nic);
	KUNIT_EXPECT_EQ(test, second->released, 1);
	KUNIT_EXPECT_EQ(test, first->released, 0);
}

static void device_shows_what_the_nic_says(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_port_attr port = {};

	KUNIT_EXPECT_EQ(test, e->dev->attrs.max_qp_wr, MOCK_MAX_WR);
	KUNIT_EXPECT_EQ(test, e->dev->attrs.max_cqe, MOCK_MAX_CQE);
	KUNIT_EXPECT_EQ(test, e->dev->ops.driver_id, RDMA_DRIVER_RXE);
	KUNIT_EXPECT_NULL(test, e->dev->dev.parent);
	KUNIT_EXPECT_TRUE(test, rdma_protocol_roce_udp_encap(e->dev, 1));
	KUNIT_ASSERT_EQ(test, ib_query_port(e->dev, 1, &port), 0);
	KUNIT_EXPECT_EQ(test, port.active_mtu, MOCK_MTU);
	KUNIT_EXPECT_EQ(test, port.state, IB_PORT_ACTIVE);
	KUNIT_EXPECT_GT(test, port.gid_tbl_len, 0);
}

struct cap_case {
	const char *desc;
	struct ib_qp_cap cap;
	enum ib_qp_type type;
	int err;
};

#define CAP(wr, rwr, sge, rsge, inl) {						\
	.max_send_wr = wr, .max_recv_wr = rwr, .max_send_sge = sge,		\
	.max_recv_sge = rsge, .max_inline_data = inl }

static const struct cap_case cap_cases[] = {
	{ "nothing asked for", CAP(0, 0, 0, 0, 0), IB_QPT_RC, 0 },
	{ "everything at its maximum",
	  CAP(MOCK_MAX_WR, MOCK_MAX_WR, MOCK_MAX_SGE, MOCK_MAX_SGE, MOCK_MAX_INLINE),
	  IB_QPT_RC, 0 },
	{ "one send too many", CAP(MOCK_MAX_WR + 1, 1, 1, 1, 0), IB_QPT_RC, -EINVAL },
	{ "2^32 - 1 sends", CAP(U32_MAX, 1, 1, 1, 0), IB_QPT_RC, -EINVAL },
	{ "one receive too many", CAP(1, MOCK_MAX_WR + 1, 1, 1, 0), IB_QPT_RC, -EINVAL },
	{ "one send SGE too many", CAP(1, 1, MOCK_MAX_SGE + 1, 1, 0), IB_QPT_RC, -EINVAL },
	{ "one receive SGE too many", CAP(1, 1, 1, MOCK_MAX_SGE + 1, 0), IB_QPT_RC, -EINVAL },
	{ "one inline byte too many", CAP(1, 1, 1, 1, MOCK_MAX_INLINE + 1), IB_QPT_RC, -EINVAL },
	{ "a type the NIC lacks", CAP(1, 1, 1, 1, 0), IB_QPT_UC, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(cap, cap_cases, desc);

static void create_qp_of_each_size(struct kunit *test)
{
	const struct cap_case *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp_init_attr init = {
		.send_cq = e->scq->cq, .recv_cq = e->rcq->cq,
		.cap = c->cap, .qp_type = c->type,
	};
	struct ib_qp *qp = ib_create_qp(e->pd, &init);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(qp), c->err);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->mock->qps), !c->err);
	if (IS_ERR(qp))
		return;
	KUNIT_EXPECT_GE(test, init.cap.max_send_wr, c->cap.max_send_wr);
	KUNIT_EXPECT_GE(test, init.cap.max_inline_data, c->cap.max_inline_data);
	ib_destroy_qp(qp);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->mock->qps), 0);
}

static void nic_that_refuses_a_qp_leaves_nothing(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp_init_attr init = {
		.send_cq = e->scq->cq, .recv_cq = e->rcq->cq, .qp_type = IB_QPT_RC,
	};

	e->mock->create_err = -ENOSPC;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ib_create_qp(e->pd, &init)), -ENOSPC);
	KUNIT_EXPECT_TRUE(test, list_empty(&e->mock->nic->qps));
}

static void unsupported_memory_access_is_refused(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_mr *mr;

	mr = e->dev->ops.get_dma_mr(e->pd, IB_ACCESS_ON_DEMAND);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mr), -EOPNOTSUPP);
	mr = e->dev->ops.reg_user_mr(e->pd, U64_MAX - 7, 16, 0, IB_ACCESS_LOCAL_WRITE, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mr), -EINVAL);
	mr = e->dev->ops.reg_user_mr(e->pd, 0, 16, U64_MAX - 7, IB_ACCESS_LOCAL_WRITE, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mr), -EINVAL);
	mr = e->dev->ops.reg_user_mr(e->pd, 0x1000, 16, 0x1000, IB_ACCESS_LOCAL_WRITE, NULL);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(mr), -EOPNOTSUPP, "the NIC's own answer");
}

struct watch {
	struct ib_event_handler handler;
	atomic_t fatal;
};

static void on_device_event(struct ib_event_handler *h, struct ib_event *ev)
{
	if (ev->event == IB_EVENT_DEVICE_FATAL)
		atomic_inc(&container_of(h, struct watch, handler)->fatal);
}

static void fatal_fault_flushes_everything_and_is_told_once(struct kunit *test)
{
	struct env *e = env_create_own(test);
	struct ib_qp *a = env_rts_qp(e, 8), *b = env_rts_qp(e, 8), *fresh = env_qp(e, 8);
	struct watch w = {};

	INIT_IB_EVENT_HANDLER(&w.handler, e->dev, on_device_event);
	ib_register_event_handler(&w.handler);
	env_post_one(e, a, 1, DEFER);
	env_post_one(e, b, 2, 0);

	ndk_nic_fail(e->mock->nic, "the test says so");
	ndk_nic_fail(e->mock->nic, "and says it again");
	/* events are dispatched by a work item; unregistering waits for none */
	flush_workqueue(ib_wq);
	ib_unregister_event_handler(&w.handler);

	env_expect_wc(e, e->scq, 1, IB_WC_WR_FLUSH_ERR);
	env_expect_wc(e, e->scq, 2, IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, env_state(a), IB_QPS_ERR);
	KUNIT_EXPECT_EQ(test, env_state(b), IB_QPS_ERR);
	KUNIT_EXPECT_EQ(test, env_state(fresh), IB_QPS_RESET);
	KUNIT_EXPECT_EQ(test, atomic_read(&w.fatal), 1);
}

static void events_of_a_qp_reach_its_owner(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);

	mock_event(to_mock_qp(qp), IB_EVENT_COMM_EST);
	mock_event(to_mock_qp(qp), IB_EVENT_SQ_DRAINED);

	KUNIT_EXPECT_EQ(test, atomic_read(&e->qp_events), 2);
	KUNIT_EXPECT_EQ(test, e->last_qp_event, IB_EVENT_SQ_DRAINED);
}

/* A kernel consumer: it must let go of everything when the device leaves. */
struct consumer {
	struct ib_client client;
	struct ib_pd *pd;
	struct ib_cq *cq;
	struct ib_qp *qp;
	unsigned int removed;
};

static void consumer_remove(struct ib_device *dev, void *data)
{
	struct consumer *c = data;

	if (!c)
		return;
	ib_destroy_qp(c->qp);
	ib_destroy_cq(c->cq);
	ib_dealloc_pd(c->pd);
	c->removed++;
}

static struct consumer *consumer_on(struct kunit *test, struct ib_device *dev)
{
	struct ib_cq_init_attr cq_attr = { .cqe = 16 };
	struct ib_qp_init_attr init = {
		.cap = CAP(8, 8, 1, 1, 0), .qp_type = IB_QPT_RC,
	};
	struct consumer *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->client.name = "ndk_test_consumer";
	c->client.remove = consumer_remove;
	KUNIT_ASSERT_EQ(test, ib_register_client(&c->client), 0);
	ib_set_client_data(dev, &c->client, c);
	c->pd = ib_alloc_pd(dev, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c->pd));
	c->cq = ib_create_cq(dev, NULL, NULL, NULL, &cq_attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c->cq));
	init.send_cq = c->cq;
	init.recv_cq = c->cq;
	c->qp = ib_create_qp(c->pd, &init);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c->qp));
	return c;
}

static void device_leaves_with_queues_in_use(struct kunit *test)
{
	struct mock_nic *mock = mock_nic_create(test, OTHER_NAME);
	struct consumer *c = consumer_on(test, &mock->nic->ibdev);
	struct ib_send_wr wr = { .opcode = IB_WR_SEND, .send_flags = DEFER };

	KUNIT_ASSERT_EQ(test, env_go_to(c->qp, IB_QPS_RTS), 0);
	KUNIT_ASSERT_EQ(test, ib_post_send(c->qp, &wr, NULL), 0);

	mock_nic_remove(mock);

	KUNIT_EXPECT_EQ(test, c->removed, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->qps), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->mrs), 0);
	KUNIT_EXPECT_EQ(test, mock->released, 1);
	ib_unregister_client(&c->client);
}

static struct kunit_case provider_device_cases[] = {
	KUNIT_CASE(device_lives_and_is_released_once),
	KUNIT_CASE(unregistered_adapter_is_released),
	KUNIT_CASE(second_device_of_a_name_is_refused),
	KUNIT_CASE(device_shows_what_the_nic_says),
	KUNIT_CASE_PARAM(create_qp_of_each_size, cap_gen_params),
	KUNIT_CASE(nic_that_refuses_a_qp_leaves_nothing),
	KUNIT_CASE(unsupported_memory_access_is_refused),
	KUNIT_CASE(fatal_fault_flushes_everything_and_is_told_once),
	KUNIT_CASE(events_of_a_qp_reach_its_owner),
	KUNIT_CASE(device_leaves_with_queues_in_use),
	{}
};

static struct kunit_suite provider_device_suite = {
	.name = "ndk_provider_device",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_device_cases,
};

kunit_test_suite(provider_device_suite);
