// SPDX-License-Identifier: GPL-2.0
/*
 * One consumer's day on the mock NIC: everything is opened, used once and closed.
 * What each part promises is tested by rule, in the rules_*.c files.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <rdma/ib_cache.h>

#include <ndk/ndk.h>

#include "../drivers/ndk/api/api.h"
#include "mock_nic.h"

#define NAME	"ndkmock_smoke"
#define DEPTH	16
#define PAGES	4

static struct mock_nic *mock;

struct day {
	struct kunit *test;
	struct ndk_adapter *adapter;
	struct ndk_kpd *pd;
	struct ndk_kcq *cq;
	struct ndk_kqp *qp;
	struct completion notified;
	int notify_status;
	struct ndk_waiter w;
};

static void on_notify(void *context, int status)
{
	struct day *d = context;

	d->notify_status = status;
	complete(&d->notified);
}

/* For the next call; what it pends with is found by one of the two below. */
static struct ndk_waiter *fresh(struct day *d)
{
	ndk_waiter_init(&d->w);
	return &d->w;
}

/* The object of a create that pended, or @inline_object if it did not. */
static void *created(struct day *d, int ret, void *inline_object)
{
	KUNIT_ASSERT_EQ(d->test, ndk_wait(&d->w, ret), 0);
	return d->w.object ? (void *)d->w.object : inline_object;
}

static void done(struct day *d, int ret)
{
	KUNIT_ASSERT_EQ(d->test, ndk_wait(&d->w, ret), 0);
}

static int go(struct ib_qp *qp, enum ib_qp_state to)
{
	struct ib_qp_attr attr = { .qp_state = to };
	union ib_gid gid = {};
	int mask = IB_QP_STATE;

	if (to == IB_QPS_RTR) {
		rdma_query_gid(qp->device, 1, 0, &gid);
		attr.ah_attr.type = RDMA_AH_ATTR_TYPE_ROCE;
		rdma_ah_set_grh(&attr.ah_attr, &gid, 0, 0, 64, 0);
		rdma_ah_set_port_num(&attr.ah_attr, 1);
		attr.path_mtu = MOCK_MTU;
		attr.dest_qp_num = 0x123456;
		attr.max_dest_rd_atomic = 4;
		attr.min_rnr_timer = 12;
		mask |= IB_QP_AV | IB_QP_PATH_MTU | IB_QP_DEST_QPN | IB_QP_RQ_PSN |
			IB_QP_MAX_DEST_RD_ATOMIC | IB_QP_MIN_RNR_TIMER;
	} else {
		attr.timeout = 14;
		attr.retry_cnt = 5;
		attr.rnr_retry = 6;
		attr.max_rd_atomic = 3;
		mask |= IB_QP_SQ_PSN | IB_QP_TIMEOUT | IB_QP_RETRY_CNT | IB_QP_RNR_RETRY |
			IB_QP_MAX_QP_RD_ATOMIC;
	}
	return ib_modify_qp(qp, &attr, mask);
}

static void connect(struct day *d)
{
	struct kunit *test = d->test;

	KUNIT_ASSERT_EQ(test, api_qp_claim(d->qp), 0);
	KUNIT_ASSERT_EQ(test, go(d->qp->qp, IB_QPS_RTR), 0);
	KUNIT_ASSERT_EQ(test, go(d->qp->qp, IB_QPS_RTS), 0);
	KUNIT_ASSERT_TRUE(test, api_qp_connected(d->qp));
}

static void open_day(struct kunit *test, struct day *d)
{
	const struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.consumer = "smoke",
	};

	d->test = test;
	init_completion(&d->notified);
	KUNIT_ASSERT_EQ(test, ndk_open_adapter(&mock->nic->ibdev, &params, &d->adapter), 0);
	d->pd = created(d, ndk_create_pd(d->adapter, ndk_waiter_created, fresh(d), &d->pd), NULL);
	d->cq = created(d, ndk_create_cq(d->adapter, 4 * DEPTH, on_notify, d, NULL,
					 ndk_waiter_created, fresh(d), &d->cq), NULL);
	d->qp = created(d, ndk_create_qp(d->pd, d->cq, d->cq, d, DEPTH, DEPTH, 2, 2, 64,
					 ndk_waiter_created, fresh(d), &d->qp), NULL);
}

static void close_day(struct day *d)
{
	done(d, ndk_close_qp(d->qp, ndk_waiter_closed, fresh(d)));
	done(d, ndk_close_cq(d->cq, ndk_waiter_closed, fresh(d)));
	done(d, ndk_close_pd(d->pd, ndk_waiter_closed, fresh(d)));
	ndk_close_adapter(d->adapter);
}

static void opens_and_closes(struct kunit *test)
{
	/* the connection manager's own */
	int before = atomic_read(&mock->qps);
	struct day d = {};

	open_day(test, &d);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->qps), before + 1);
	close_day(&d);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->qps), before);
}

static void sends_in_a_chain_and_is_notified(struct kunit *test)
{
	struct ndk_result_ex r[4];
	struct day d = {};
	struct mock_qp *m;

	open_day(test, &d);
	connect(&d);
	m = to_ndk_qp(d.qp->qp)->priv;
	ndk_arm_cq(d.cq, NDK_CQ_NOTIFY_ANY);
	KUNIT_EXPECT_EQ(test, ndk_send(d.qp, (void *)1, NULL, 0, NDK_OP_FLAG_DEFER), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(d.qp, (void *)2, NULL, 0, 0x1000, 7,
					NDK_OP_FLAG_DEFER | NDK_OP_FLAG_SILENT_SUCCESS), 0);
	KUNIT_EXPECT_EQ(test, m->nbells, 0);
	KUNIT_EXPECT_EQ(test, ndk_read(d.qp, (void *)3, NULL, 0, 0x1000, 7, 0), 0);
	KUNIT_EXPECT_EQ(test, m->nbells, 1);
	mock_complete(m, 3);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&d.notified, 20 * HZ));
	KUNIT_ASSERT_EQ(test, ndk_get_cq_results_ex(d.cq, r, 4), 2);
	KUNIT_EXPECT_PTR_EQ(test, r[0].request_context, (void *)1);
	KUNIT_EXPECT_EQ(test, r[0].type, NDK_OPERATION_SEND);
	KUNIT_EXPECT_PTR_EQ(test, r[1].request_context, (void *)3);
	KUNIT_EXPECT_EQ(test, r[1].type, NDK_OPERATION_READ);
	KUNIT_EXPECT_PTR_EQ(test, r[1].qp_context, (void *)&d);
	close_day(&d);
}

static void registers_and_binds(struct kunit *test)
{
	struct ndk_mdl mdl = {};
	int before = atomic_read(&mock->mrs);
	struct ndk_kmr *mr = NULL, *fast = NULL;
	struct ndk_kmw *mw = NULL;
	u32 size, fbo, token;
	struct ndk_lam *lam;
	struct day d = {};
	void *mem;

	open_day(test, &d);
	connect(&d);
	mem = kunit_kzalloc(test, PAGES * PAGE_SIZE, GFP_KERNEL);
	lam = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_NOT_NULL(test, lam);
	mdl.virtual_address = (uintptr_t)mem + 8;
	size = PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, ndk_build_lam(d.adapter, &mdl, 2 * PAGE_SIZE, NULL, NULL, lam,
					    &size, &fbo), 0);

	done(&d, ndk_create_mr(d.pd, false, ndk_waiter_created, fresh(&d), &mr));
	done(&d, ndk_register_mr(mr, &mdl, 2 * PAGE_SIZE, NDK_MR_FLAG_ALLOW_REMOTE_WRITE,
				 ndk_waiter_done, fresh(&d)));
	done(&d, ndk_create_mr(d.pd, true, ndk_waiter_created, fresh(&d), &fast));
	done(&d, ndk_initialize_fast_register_mr(fast, PAGES, true, ndk_waiter_done, fresh(&d)));
	token = ndk_get_remote_token_from_mr(fast);
	KUNIT_EXPECT_EQ(test, ndk_fast_register(d.qp, NULL, fast, lam->adapter_page_count,
						lam->adapter_page_array, fbo, 2 * PAGE_SIZE,
						mdl.virtual_address,
						NDK_OP_FLAG_ALLOW_REMOTE_READ |
						NDK_OP_FLAG_DEFER), 0);
	KUNIT_EXPECT_NE(test, token, ndk_get_remote_token_from_mr(fast));
	mw = created(&d, ndk_create_mw(d.pd, ndk_waiter_created, fresh(&d), &mw), NULL);
	KUNIT_EXPECT_EQ(test, ndk_bind(d.qp, NULL, mr, mw, mdl.virtual_address + 16, 4096,
				       NDK_OP_FLAG_ALLOW_REMOTE_WRITE | NDK_OP_FLAG_DEFER), 0);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(d.qp, NULL, ndk_obj(mw), NDK_OP_FLAG_DEFER), 0);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(d.qp, NULL, ndk_obj(fast), 0), 0);

	done(&d, ndk_close_qp(d.qp, ndk_waiter_closed, fresh(&d)));
	done(&d, ndk_close_mw(mw, ndk_waiter_closed, fresh(&d)));
	done(&d, ndk_close_mr(mr, ndk_waiter_closed, fresh(&d)));
	done(&d, ndk_close_mr(fast, ndk_waiter_closed, fresh(&d)));
	done(&d, ndk_close_cq(d.cq, ndk_waiter_closed, fresh(&d)));
	done(&d, ndk_close_pd(d.pd, ndk_waiter_closed, fresh(&d)));
	ndk_release_lam(d.adapter, lam);
	ndk_close_adapter(d.adapter);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->mrs), before);
}

static void flushed_before_connecting(struct kunit *test)
{
	struct ndk_result r[4];
	struct day d = {};
	u32 got = 0;
	int i;

	open_day(test, &d);
	KUNIT_EXPECT_EQ(test, ndk_receive(d.qp, (void *)1, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_receive(d.qp, (void *)2, NULL, 0), 0);
	ndk_flush(d.qp);
	for (i = 0; i < 1000 && got < 2; i++) {
		got += ndk_get_cq_results(d.cq, r + got, 4 - got);
		usleep_range(100, 200);
	}
	KUNIT_ASSERT_EQ(test, got, 2);
	KUNIT_EXPECT_EQ(test, r[0].status, -ECANCELED);
	KUNIT_EXPECT_PTR_EQ(test, r[1].request_context, (void *)2);
	close_day(&d);
}

static int suite_init(struct kunit_suite *suite)
{
	mock = mock_nic_new(MOCK_FULL);
	if (!mock)
		return -ENOMEM;
	return ndk_nic_register(mock->nic, NAME);
}

static void suite_exit(struct kunit_suite *suite)
{
	mock_nic_delete(mock);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(opens_and_closes),
	KUNIT_CASE(sends_in_a_chain_and_is_notified),
	KUNIT_CASE(registers_and_binds),
	KUNIT_CASE(flushed_before_connecting),
	{}
};

static struct kunit_suite suite = {
	.name = "ndk_api_smoke",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit suites of the NDK kernel API");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
