// SPDX-License-Identifier: GPL-2.0
/*
 * The mock NIC itself: what the suites of the kernel API stand on. The kernel's
 * connection manager connects two of its QPs, over IPv4 and IPv6.
 *
 *	active ---- REQ, REP, RTU over QP 1 of one adapter ----> passive
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <rdma/rdma_cm.h>

#include "mock_nic.h"

#define NAME		"ndkmockcm"
#define WAIT		(20 * HZ)

static struct mock_nic *mock;

struct end {
	struct rdma_cm_id *id;
	struct completion step;
	enum rdma_cm_event_type last;
};

struct meeting {
	struct kunit *test;
	struct end active;
	struct end passive;
	struct rdma_cm_id *listener;
};

struct place {
	const char *desc;
	bool v6;
	u32 host;
};

static const struct place places[] = {
	{ "IPv4", false, 1 },
	{ "IPv4, the other address", false, 2 },
	{ "IPv6", true, 1 },
};

static int on_event(struct rdma_cm_id *id, struct rdma_cm_event *ev)
{
	struct meeting *m = id->context;
	struct end *end = ev->event == RDMA_CM_EVENT_CONNECT_REQUEST || id == m->passive.id ?
			  &m->passive : &m->active;

	end->id = id;
	end->last = ev->event;
	complete(&end->step);
	return 0;
}

static void expect(struct meeting *m, struct end *end, enum rdma_cm_event_type what)
{
	KUNIT_ASSERT_NE_MSG(m->test, wait_for_completion_timeout(&end->step, WAIT), 0,
			    "%s", rdma_event_msg(what));
	KUNIT_ASSERT_EQ_MSG(m->test, end->last, what, "%s", rdma_event_msg(end->last));
}

static void part(void *arg)
{
	struct meeting *m = arg;

	if (m->active.id)
		rdma_destroy_id(m->active.id);
	if (m->passive.id)
		rdma_destroy_id(m->passive.id);
	if (m->listener)
		rdma_destroy_id(m->listener);
}

static struct meeting *meet(struct kunit *test, const struct place *where)
{
	struct sockaddr_storage addr;
	struct meeting *m;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	init_completion(&m->active.step);
	init_completion(&m->passive.step);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, part, m), 0);
	mock_address(mock, where->v6, where->host, &addr);
	m->listener = rdma_create_id(&init_net, on_event, m, RDMA_PS_TCP, IB_QPT_RC);
	KUNIT_ASSERT_FALSE(test, IS_ERR(m->listener));
	KUNIT_ASSERT_EQ(test, rdma_bind_addr(m->listener, (struct sockaddr *)&addr), 0);
	KUNIT_ASSERT_EQ(test, rdma_listen(m->listener, 4), 0);
	addr = m->listener->route.addr.src_addr;
	m->active.id = rdma_create_id(&init_net, on_event, m, RDMA_PS_TCP, IB_QPT_RC);
	KUNIT_ASSERT_FALSE(test, IS_ERR(m->active.id));
	KUNIT_ASSERT_EQ(test, rdma_resolve_addr(m->active.id, NULL, (struct sockaddr *)&addr,
						5000), 0);
	return m;
}

KUNIT_ARRAY_PARAM_DESC(place, places, desc);

static void two_ends_connect(struct kunit *test)
{
	const struct place *place = test->param_value;
	struct rdma_conn_param param = { .qp_num = 0x11, .retry_count = 1, .rnr_retry_count = 1 };
	struct meeting *m = meet(test, place);

	expect(m, &m->active, RDMA_CM_EVENT_ADDR_RESOLVED);
	KUNIT_EXPECT_PTR_EQ(test, m->active.id->device, &mock->nic->ibdev);
	KUNIT_ASSERT_EQ(test, rdma_resolve_route(m->active.id, 5000), 0);
	expect(m, &m->active, RDMA_CM_EVENT_ROUTE_RESOLVED);
	KUNIT_ASSERT_EQ(test, rdma_connect(m->active.id, &param), 0);
	expect(m, &m->passive, RDMA_CM_EVENT_CONNECT_REQUEST);
	param.qp_num = 0x12;
	rdma_lock_handler(m->passive.id);
	KUNIT_EXPECT_EQ(test, rdma_accept(m->passive.id, &param), 0);
	rdma_unlock_handler(m->passive.id);
	expect(m, &m->active, RDMA_CM_EVENT_CONNECT_RESPONSE);
}

static struct kunit_case mock_connect_cases[] = {
	KUNIT_CASE_PARAM(two_ends_connect, place_gen_params),
	{}
};

static int suite_init(struct kunit_suite *suite)
{
	mock = mock_nic_up(NAME);
	return PTR_ERR_OR_ZERO(mock);
}

static void suite_exit(struct kunit_suite *suite)
{
	if (!IS_ERR_OR_NULL(mock))
		mock_nic_delete(mock);
	mock = NULL;
}

static struct kunit_suite mock_connect_suite = {
	.name = "ndk_mock_connect",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = mock_connect_cases,
};

kunit_test_suite(mock_connect_suite);
