// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-01 to R-NDK-18: versions, what objects look like, calls that pend, and
 * where everything may be called from.
 */
#include <linux/inet.h>
#include <linux/kthread.h>
#include <linux/module.h>

#include "../drivers/ndk/api/hooks.h"
#include "rules_suite.h"

/* ---- versions ---- */

struct version {
	const char *desc;
	u16 major;
	u16 minor;
};

static const struct version good_versions[] = {
	{ "lowest minor", NDK_VERSION_MAJOR, 0 },
	{ "our minor", NDK_VERSION_MAJOR, NDK_VERSION_MINOR },
};

KUNIT_ARRAY_PARAM_DESC(good_version, good_versions, desc);

static const struct version bad_versions[] = {
	{ "minor above ours", NDK_VERSION_MAJOR, NDK_VERSION_MINOR + 1 },
	{ "highest minor", NDK_VERSION_MAJOR, U16_MAX },
	{ "major below ours", NDK_VERSION_MAJOR - 1, 0 },
	{ "major above ours", NDK_VERSION_MAJOR + 1, 0 },
	{ "major 0", 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(bad_version, bad_versions, desc);

static int open_as(struct renv *e, const struct version *v, struct ndk_adapter **adapter)
{
	struct ndk_open_params params = {
		.major = v->major,
		.minor = v->minor,
		.consumer = "ndk-rules",
	};

	return ndk_open_adapter(e->dev, &params, adapter);
}

/* What a failed open left behind would be in the way, or in the leak report. */
static bool can_be_opened(struct renv *e)
{
	struct ndk_adapter *adapter = NULL;
	int err = open_as(e, &good_versions[0], &adapter);

	if (!err)
		ndk_close_adapter(adapter);
	return !err;
}

static void r_ndk_01_versions_that_there_are(struct kunit *test)
{
	const struct version *v = test->param_value;
	struct renv *e = rules_unopened(test);
	struct ndk_adapter_info info = { };
	struct ndk_adapter *adapter = NULL;
	u32 size = sizeof(info);

	KUNIT_ASSERT_EQ(test, open_as(e, v, &adapter), 0);
	KUNIT_EXPECT_EQ(test, ndk_query_adapter_info(adapter, &info, &size), 0);
	KUNIT_EXPECT_EQ(test, info.major, NDK_VERSION_MAJOR);
	KUNIT_EXPECT_EQ_MSG(test, info.minor, NDK_VERSION_MINOR, "our highest, not what was asked");
	KUNIT_EXPECT_EQ(test, ndk_obj(adapter)->minor, NDK_VERSION_MINOR);
	ndk_close_adapter(adapter);
}

static void r_ndk_02_versions_that_there_are_not(struct kunit *test)
{
	const struct version *v = test->param_value;
	struct renv *e = rules_unopened(test);
	struct ndk_adapter *adapter = NULL;

	KUNIT_EXPECT_EQ(test, open_as(e, v, &adapter), -EPROTONOSUPPORT);
	KUNIT_EXPECT_NULL(test, adapter);
	KUNIT_EXPECT_TRUE(test, can_be_opened(e));
}

static void open_without_a_name_is_refused(struct kunit *test)
{
	struct renv *e = rules_unopened(test);
	struct ndk_open_params params = { .major = NDK_VERSION_MAJOR };
	struct ndk_adapter *adapter = NULL;

	KUNIT_EXPECT_EQ(test, ndk_open_adapter(e->dev, &params, &adapter), -EINVAL);
	params.consumer = "";
	KUNIT_EXPECT_EQ(test, ndk_open_adapter(e->dev, &params, &adapter), -EINVAL);
	KUNIT_EXPECT_NULL(test, adapter);
}

static void open_finds_the_device_in_every_way(struct kunit *test)
{
	struct ndk_open_params params = { .major = NDK_VERSION_MAJOR, .consumer = "ndk-rules" };
	struct renv *e = rules_unopened(test);
	struct net_device *ndev = mock_netdev(e->mock);
	struct ndk_adapter *adapter;
	struct sockaddr_storage addr;

	KUNIT_ASSERT_EQ(test, ndk_open_adapter_by_name(dev_name(&e->dev->dev), &params, &adapter),
			0);
	ndk_close_adapter(adapter);
	KUNIT_EXPECT_EQ(test, ndk_open_adapter_by_name("nosuchdevice", &params, &adapter),
			-ENODEV);

	KUNIT_ASSERT_EQ(test, ndk_open_adapter_by_netdev(ndev, &params, &adapter), 0);
	ndk_close_adapter(adapter);
	KUNIT_EXPECT_EQ(test, ndk_open_adapter_by_netdev(init_net.loopback_dev, &params, &adapter),
			-ENODEV);
	dev_put(ndev);

	mock_address(e->mock, false, 1, &addr);
	KUNIT_ASSERT_EQ(test, ndk_open_adapter_by_address(&init_net, (struct sockaddr *)&addr,
							  &params, &adapter), 0);
	ndk_close_adapter(adapter);
	mock_address(e->mock, true, 1, &addr);
	KUNIT_ASSERT_EQ(test, ndk_open_adapter_by_address(&init_net, (struct sockaddr *)&addr,
							  &params, &adapter), 0);
	ndk_close_adapter(adapter);
	inet_pton_with_scope(&init_net, AF_INET, "10.97.0.1", NULL, &addr);
	KUNIT_EXPECT_EQ(test, ndk_open_adapter_by_address(&init_net, (struct sockaddr *)&addr,
							  &params, &adapter), -EADDRNOTAVAIL);
	addr.ss_family = AF_UNIX;
	KUNIT_EXPECT_EQ(test, ndk_open_adapter_by_address(&init_net, (struct sockaddr *)&addr,
							  &params, &adapter), -EAFNOSUPPORT);
}

static void r_ndk_03_disabled(struct kunit *test)
{
	struct renv *e = rules_unopened(test);
	struct ndk_adapter_info info = { };
	struct ndk_adapter *adapter = NULL;

	api_set_enabled(e->mock->nic, false);
	KUNIT_EXPECT_EQ(test, open_as(e, &good_versions[0], &adapter), -ENODEV);
	KUNIT_EXPECT_NULL(test, adapter);
	KUNIT_EXPECT_EQ(test, ndk_query_capabilities(e->dev, &info), 0);
	KUNIT_EXPECT_GT(test, info.max_cq_depth, 0);
	KUNIT_EXPECT_EQ(test, info.max_inline_data_size, MOCK_MAX_INLINE);
	api_set_enabled(e->mock->nic, true);
	KUNIT_EXPECT_TRUE(test, can_be_opened(e));
}

static void r_ndk_04_adapters_are_independent(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_adapter *other = renv_open_another(e);
	struct ndk_kpd *pd = rpd_new(e, other);

	KUNIT_EXPECT_PTR_NE(test, other, e->adapter);
	robj_close_now(e, ndk_obj(pd));
	renv_close_adapter(e, other);
	/* the first one works */
	KUNIT_EXPECT_EQ(test, rwrite(e, rqp_joined(e, 4), ID(1), 0), 0);
	rexpect(e, e->scq, ID(1), 0);
}

/* ---- what objects look like ---- */

static void on_connect(void *context, struct ndk_connector *connector)
{
	ndk_close_connector(connector, NULL, NULL);
}

static struct ndk_object *of_create(struct renv *e, struct call *c, int ret, void *out)
{
	struct ndk_object *o;

	KUNIT_ASSERT_EQ(e->test, call_wait(c, ret), 0);
	o = ret == -EINPROGRESS ? c->object : out;
	robj_keep(e, o);
	return o;
}

/* One of each, in the order of enum ndk_object_type. */
static void one_of_each(struct renv *e, struct ndk_object **o)
{
	struct sockaddr_storage addr;
	struct ndk_shared_endpoint *ep = NULL;
	struct ndk_connector *conn = NULL;
	struct ndk_listener *listener = NULL;
	struct call *c = call_new(e);
	int ret;

	o[NDK_OBJECT_ADAPTER] = ndk_obj(e->adapter);
	o[NDK_OBJECT_QP] = ndk_obj(rqp_new(e, 4)->qp);
	o[NDK_OBJECT_CQ] = ndk_obj(e->scq->cq);
	o[NDK_OBJECT_MR] = ndk_obj(rmr_new(e, 4, true));
	o[NDK_OBJECT_MW] = ndk_obj(rmw_new(e));
	o[NDK_OBJECT_PD] = ndk_obj(e->pd);
	o[NDK_OBJECT_SRQ] = ndk_obj(rsrq_new(e, 4, 0, NULL, NULL));

	mock_address(e->mock, false, 1, &addr);
	ret = ndk_create_shared_endpoint(e->adapter, (struct sockaddr *)&addr,
					 sizeof(struct sockaddr_in), call_created, c, &ep);
	o[NDK_OBJECT_SHARED_ENDPOINT] = of_create(e, c, ret, ep);
	call_init(c, e);
	ret = ndk_create_connector(e->adapter, call_created, c, &conn);
	o[NDK_OBJECT_CONNECTOR] = of_create(e, c, ret, conn);
	call_init(c, e);
	ret = ndk_create_listener(e->adapter, on_connect, e, call_created, c, &listener);
	o[NDK_OBJECT_LISTENER] = of_create(e, c, ret, listener);
}

static void r_ndk_05_headers(struct kunit *test)
{
	struct ndk_object *o[NDK_OBJECT_MAX] = { };
	struct renv *e = rules(test);
	int i, j;

	one_of_each(e, o);
	for (i = NDK_OBJECT_ADAPTER; i < NDK_OBJECT_MAX; i++) {
		KUNIT_EXPECT_EQ(test, o[i]->type, i);
		KUNIT_EXPECT_EQ(test, o[i]->major, NDK_VERSION_MAJOR);
		KUNIT_EXPECT_EQ(test, o[i]->minor, NDK_VERSION_MINOR);
		for (j = 0; j < ARRAY_SIZE(o[i]->consumer); j++)
			KUNIT_EXPECT_EQ_MSG(test, o[i]->consumer[j], 0, "type %d", i);
	}
}

static void r_ndk_05_type_numbers(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_UNDEFINED, 0);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_ADAPTER, 1);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_QP, 2);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_CQ, 3);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_MR, 4);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_MW, 5);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_PD, 6);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_SHARED_ENDPOINT, 7);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_CONNECTOR, 8);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_LISTENER, 9);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_SRQ, 10);
	KUNIT_EXPECT_EQ(test, NDK_OBJECT_MAX, 11);
}

/*
 * There are no tables of functions here that a consumer could replace; what it can
 * write is the beginning of the object. Only the type is kept for robj_close().
 */
static void r_ndk_06_what_consumers_write_is_not_looked_at(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);
	struct ndk_kmr *mr = rmr_new(e, 1, true);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_object *all[] = {
		ndk_obj(q->qp), ndk_obj(mr), ndk_obj(e->pd), ndk_obj(e->scq->cq),
		ndk_obj(e->rcq->cq), ndk_obj(e->adapter),
	};
	int i, j;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		for (j = 0; j < ARRAY_SIZE(all[i]->consumer); j++)
			all[i]->consumer[j] = 0xdead0000 + j;
		all[i]->major = 77;
		all[i]->minor = 78;
	}
	KUNIT_EXPECT_EQ(test, rreg(q, ID(1), mr, mem, 0), 0);
	rexpect(e, q->scq, ID(1), 0);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(2), ndk_obj(mr), 0), 0);
	rexpect(e, q->scq, ID(2), 0);
	for (i = 0; i < ARRAY_SIZE(all); i++)
		for (j = 0; j < ARRAY_SIZE(all[i]->consumer); j++)
			KUNIT_EXPECT_EQ(test, all[i]->consumer[j], 0xdead0000 + j);
}

/* A NIC that has less to offer: what it lacks is refused, by name. */
static void r_ndk_07_what_is_not_supported_says_so(struct kunit *test)
{
	struct renv *e = rules_unopened(test);
	struct ib_device_attr *attr = &e->mock->nic->attr, was = *attr;
	struct ndk_ksrq *srq = NULL;
	struct ndk_kmr *mr = NULL;
	struct ndk_kmw *mw = NULL;
	struct call *c;

	attr->max_srq = 0;
	attr->device_cap_flags &= ~IB_DEVICE_MEM_MGT_EXTENSIONS;
	e = rules(test);
	c = call_new(e);
	KUNIT_EXPECT_EQ(test, e->info.max_srq_depth, 0);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_create_srq(e->pd, 1, 1, 0, NULL, NULL, NULL,
							  call_created, c, &srq)), -EOPNOTSUPP);
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_create_mr(e->pd, true, call_created, c, &mr)),
			-EOPNOTSUPP);
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_create_mw(e->pd, call_created, c, &mw)),
			-EOPNOTSUPP);
	*attr = was;
}

static void r_ndk_08_unknown_extension(struct kunit *test)
{
	static const guid_t id = GUID_INIT(0x12345678, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
	struct ndk_object *o[NDK_OBJECT_MAX] = { };
	struct renv *e = rules(test);
	const void *extension;
	int i;

	one_of_each(e, o);
	for (i = NDK_OBJECT_ADAPTER; i < NDK_OBJECT_MAX; i++) {
		extension = test;
		KUNIT_EXPECT_EQ(test, ndk_query_extension(o[i], &id, 1, &extension), -EOPNOTSUPP);
		KUNIT_EXPECT_PTR_EQ(test, extension, (const void *)test);
	}
}

static void r_ndk_09_short_buffer(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_adapter_info info, untouched;
	u32 size = sizeof(info) - 1;

	memset(&info, 0x5a, sizeof(info));
	untouched = info;
	KUNIT_EXPECT_EQ(test, ndk_query_adapter_info(e->adapter, &info, &size), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, size, sizeof(info));
	KUNIT_EXPECT_MEMEQ(test, &info, &untouched, sizeof(info));
	size = 0;
	KUNIT_EXPECT_EQ(test, ndk_query_adapter_info(e->adapter, NULL, &size), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, ndk_query_adapter_info(e->adapter, &info, &size), 0);
	KUNIT_EXPECT_EQ(test, info.max_inline_data_size, MOCK_MAX_INLINE);
}

static void r_ndk_10_least_limits(struct kunit *test)
{
	struct renv *e = rules(test);

	KUNIT_EXPECT_GE(test, e->info.frmr_page_count, 16);
	/* 0 if there are none: r_ndk_07 */
	KUNIT_EXPECT_GT(test, e->info.max_srq_depth, 0);
	rsrq_new(e, e->info.max_srq_depth, 0, NULL, NULL);
}

/* ---- calls that pend ---- */

/* Everything that may pend, once; call_wait() checks what came of it. */
static void use_everything(struct renv *e)
{
	struct ndk_object *o[NDK_OBJECT_MAX] = { };
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct call *c = call_new(e);
	struct kunit *test = e->test;

	one_of_each(e, o);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_deregister_mr(mr, call_done, c)), 0);
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_resize_cq(e->scq->cq, 20, call_done, c)), 0);
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_modify_srq((struct ndk_ksrq *)o[NDK_OBJECT_SRQ],
							  0, 1, call_done, c)), 0);
}

static void r_ndk_11_exactly_one_callback(struct kunit *test)
{
	struct renv *e = rules(test);

	use_everything(e);
	/* what the test keeps would be called again by now, and call_wait() counts */
	renv_settle(e);
}

/* Failures inside: the callback brings them, once, and no object. */
static void r_ndk_11_a_create_that_fails(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_kqp *qp = (void *)test;
	struct call *c = call_new(e);
	int ret;

	e->mock->create_err = -ENOMEM;
	ret = ndk_create_qp(e->pd, e->rcq->cq, e->scq->cq, NULL, 4, 4, 1, 1, 0, call_created, c,
			    &qp);
	KUNIT_EXPECT_EQ(test, call_wait(c, ret), -ENOMEM);
	e->mock->create_err = 0;
	KUNIT_EXPECT_NULL(test, c->object);
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->calls), ret == -EINPROGRESS);
}

static void r_ndk_12_a_pending_create_brings_its_object(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_kqp *qp = (void *)test;
	struct call *c = call_new(e);
	int ret;

	ret = ndk_create_qp(e->pd, e->rcq->cq, e->scq->cq, NULL, 4, 4, 1, 1, 0, call_created, c,
			    &qp);
	KUNIT_ASSERT_EQ(test, call_wait(c, ret), 0);
	KUNIT_ASSERT_EQ_MSG(test, ret, -EINPROGRESS, "a queue pair is made by verbs that sleep");
	robj_keep(e, c->object);
	KUNIT_EXPECT_PTR_EQ_MSG(test, (void *)qp, (void *)test, "the output was written");
	KUNIT_EXPECT_EQ(test, c->object->type, NDK_OBJECT_QP);
}

static void r_ndk_13_an_inline_create_fills_the_output(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_connector *connector = NULL;
	struct call *c = call_new(e);
	int ret = ndk_create_connector(e->adapter, call_created, c, &connector);

	/* needs nothing that sleeps; if that changes, the test has no subject */
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_NOT_NULL(test, connector);
	robj_keep(e, ndk_obj(connector));
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->calls), 0);
}

/* ---- contexts ---- */

static DEFINE_SPINLOCK(outer);

/* as a softirq that holds a lock of its own */
static void atomic_begin(void)
	__acquires(&outer)
{
	spin_lock_bh(&outer);
}

static void atomic_end(void)
	__releases(&outer)
{
	spin_unlock_bh(&outer);
}

#define ATOMIC(expr) ({			\
	typeof(expr) _ret;		\
	atomic_begin();			\
	_ret = (expr);			\
	atomic_end();			\
	_ret;				\
})

#define ATOMIC_VOID(expr) ({		\
	atomic_begin();			\
	expr;				\
	atomic_end();			\
})

static void atomic_requests(struct renv *e, struct rqp *q)
{
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, true), *parent;
	struct ndk_sge sge = rmem_sge(e, mem, 0, 8);
	struct ndk_kmw *mw = rmw_new(e);
	struct kunit *test = e->test;
	u64 va = (uintptr_t)mem->va;
	int i;

	parent = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_receive(q->qp, ID(0), &sge, 1)), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_send(q->qp, ID(1), &sge, 1, DEFERRED)), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_read(q->qp, ID(2), &sge, 1, va, 1, 0)), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_write(q->qp, ID(3), &sge, 1, va, 1, 0)), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(rreg(q, ID(4), mr, mem, 0)), 0);
	KUNIT_EXPECT_NE(test, ATOMIC(ndk_get_remote_token_from_mr(mr)), 0);
	KUNIT_EXPECT_NE(test, ATOMIC(ndk_get_local_token_from_mr(mr)), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_bind(q->qp, ID(5), parent, mw, va, 8,
					      NDK_OP_FLAG_ALLOW_REMOTE_READ)), 0);
	KUNIT_EXPECT_NE(test, ATOMIC(ndk_get_remote_token_from_mw(mw)), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_invalidate(q->qp, ID(6), ndk_obj(mr), 0)), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_send_and_invalidate(q->qp, ID(7), &sge, 1, 0, 9)), 0);
	for (i = 1; i < 8; i++)
		rexpect(e, q->scq, ID(i), 0);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_invalidate(q->qp, ID(8), ndk_obj(mw), 0)), 0);
	rexpect(e, q->scq, ID(8), 0);
	ATOMIC_VOID(ndk_flush(q->qp));
	rexpect(e, q->rcq, ID(0), -ECANCELED);
}

static void atomic_objects(struct renv *e)
{
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_mdl mdl = { .virtual_address = (uintptr_t)mem->va };
	struct call *c = call_new(e);
	struct kunit *test = e->test;
	struct ndk_kmr *mr = NULL;
	struct ndk_kcq *cq = NULL;
	struct ndk_kpd *pd = NULL;
	struct ndk_result r;
	int ret;

	ret = ATOMIC(ndk_create_pd(e->adapter, call_created, c, &pd));
	pd = (void *)of_create(e, c, ret, pd);
	call_init(c, e);
	ret = ATOMIC(ndk_create_mr(pd, false, call_created, c, &mr));
	mr = (void *)of_create(e, c, ret, mr);
	call_init(c, e);
	ret = ATOMIC(ndk_register_mr(mr, &mdl, PAGE_SIZE, NDK_MR_FLAG_ALLOW_LOCAL_WRITE,
				     call_done, c));
	KUNIT_EXPECT_EQ(test, call_wait(c, ret), 0);
	call_init(c, e);
	ret = ATOMIC(ndk_deregister_mr(mr, call_done, c));
	KUNIT_EXPECT_EQ(test, call_wait(c, ret), 0);

	call_init(c, e);
	ret = ATOMIC(ndk_create_cq(e->adapter, 8, NULL, NULL, NULL, call_created, c, &cq));
	cq = (void *)of_create(e, c, ret, cq);
	ATOMIC_VOID(ndk_arm_cq(cq, NDK_CQ_NOTIFY_ERRORS));
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_get_cq_results(cq, &r, 1)), 0);
	call_init(c, e);
	ret = ATOMIC(ndk_resize_cq(cq, 16, call_done, c));
	KUNIT_EXPECT_EQ(test, call_wait(c, ret), 0);
	ATOMIC(ndk_control_cq_interrupt_moderation(cq, 1, 2));

	robj_forget(e, ndk_obj(mr));
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ATOMIC(ndk_close_mr(mr, call_closed, c))), 0);
	robj_forget(e, ndk_obj(cq));
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ATOMIC(ndk_close_cq(cq, call_closed, c))), 0);
	robj_forget(e, ndk_obj(pd));
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ATOMIC(ndk_close_pd(pd, call_closed, c))), 0);
}

static void atomic_queues(struct renv *e)
{
	struct call *c = call_new(e);
	struct kunit *test = e->test;
	struct ndk_ksrq *srq = NULL;
	struct ndk_kqp *qp = NULL;
	int ret;

	ret = ATOMIC(ndk_create_srq(e->pd, 4, 1, 0, NULL, NULL, NULL, call_created, c, &srq));
	srq = (void *)of_create(e, c, ret, srq);
	KUNIT_EXPECT_EQ(test, ATOMIC(ndk_srq_receive(srq, ID(1), NULL, 0)), 0);
	call_init(c, e);
	ret = ATOMIC(ndk_modify_srq(srq, 8, 1, call_done, c));
	KUNIT_EXPECT_EQ(test, call_wait(c, ret), 0);
	call_init(c, e);
	ret = ATOMIC(ndk_create_qp_with_srq(e->pd, e->rcq->cq, e->scq->cq, srq, NULL, 4, 1, 0,
					    call_created, c, &qp));
	qp = (void *)of_create(e, c, ret, qp);
	robj_forget(e, ndk_obj(qp));
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ATOMIC(ndk_close_qp(qp, call_closed, c))), 0);
	robj_forget(e, ndk_obj(srq));
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ATOMIC(ndk_close_srq(srq, call_closed, c))), 0);
}

static void atomic_lam(struct renv *e)
{
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_mdl mdl = { .virtual_address = (uintptr_t)mem->va };
	struct ndk_lam *lam = kunit_kzalloc(e->test, 256, GFP_KERNEL);
	u32 size = 256, fbo;

	KUNIT_ASSERT_NOT_NULL(e->test, lam);
	KUNIT_ASSERT_EQ(e->test, ATOMIC(ndk_build_lam(e->adapter, &mdl, PAGE_SIZE, NULL, NULL,
						      lam, &size, &fbo)), 0);
	ATOMIC_VOID(ndk_release_lam(e->adapter, lam));
}

/* The kernel says "sleeping function called" where that is not kept. */
static void r_ndk_14_with_bottom_halves_off_and_a_lock_held(struct kunit *test)
{
	unsigned long warned = test_taint(TAINT_WARN);
	struct renv *e = rules(test);

	atomic_requests(e, rqp_joined(e, 16));
	atomic_objects(e);
	atomic_queues(e);
	atomic_lam(e);
	KUNIT_EXPECT_EQ_MSG(test, test_taint(TAINT_WARN), warned, "the kernel complained");
}

static void r_ndk_15_callbacks_may_not_sleep(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);

	use_everything(e);
	ndk_arm_cq(e->scq->cq, NDK_CQ_NOTIFY_ANY);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(1), 0), 0);
	rwait_for(e, &e->scq->fired, 1);
	KUNIT_EXPECT_FALSE(test, e->scq->hard);
	KUNIT_EXPECT_FALSE(test, e->scq->may_sleep);
}

/* ---- use and close from inside callbacks ---- */

static void close_inside(struct call *c)
{
	struct call *closing = c->arg;

	closing->status = robj_close(closing->arg, call_closed, closing);
}

static void r_ndk_16_close_inside_the_request_callback(struct kunit *test)
{
	struct renv *e = rules(test);
	struct call *c, *closing;
	int i, ret;

	for (i = 0; i < 50; i++) {
		struct ndk_kmr *mr = rmr_new(e, 0, false);
		struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
		struct ndk_mdl mdl = { .virtual_address = (uintptr_t)mem->va };

		robj_forget(e, ndk_obj(mr));
		c = call_new(e);
		closing = call_new(e);
		c->inside = close_inside;
		c->arg = closing;
		closing->arg = ndk_obj(mr);
		ret = ndk_register_mr(mr, &mdl, PAGE_SIZE, 0, call_done, c);
		KUNIT_ASSERT_EQ(test, ret, -EINPROGRESS);
		KUNIT_ASSERT_EQ(test, call_wait(c, ret), 0);
		KUNIT_ASSERT_EQ(test, call_wait(closing, -EINPROGRESS), 0);
		KUNIT_EXPECT_GT_MSG(test, closing->began, c->ended, "close is the last");
	}
}

static void close_what_came(struct call *c)
{
	struct call *closing = c->arg;

	closing->status = robj_close(c->object, call_closed, closing);
}

static void r_ndk_16_close_inside_the_create_callback(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_kqp *qp;
	struct call *c, *closing;
	int i, ret;

	for (i = 0; i < 50; i++) {
		c = call_new(e);
		closing = call_new(e);
		c->inside = close_what_came;
		c->arg = closing;
		ret = ndk_create_qp(e->pd, e->rcq->cq, e->scq->cq, NULL, 4, 4, 1, 1, 0,
				    call_created, c, &qp);
		KUNIT_ASSERT_EQ(test, ret, -EINPROGRESS);
		KUNIT_ASSERT_EQ(test, call_wait(c, ret), 0);
		KUNIT_ASSERT_EQ(test, call_wait(closing, -EINPROGRESS), 0);
	}
}

/* What another thread does with a CQ whose create callback has not returned. */
struct early {
	struct renv *env;
	struct completion go;
	struct completion done;
	struct ndk_kcq *cq;
	u32 results;
	int resized;
	struct call *resize;
};

static int use_early(void *arg)
{
	struct early *early = arg;
	struct ndk_result r;

	wait_for_completion(&early->go);
	early->results = ndk_get_cq_results(early->cq, &r, 1);
	ndk_arm_cq(early->cq, NDK_CQ_NOTIFY_ANY);
	early->resized = ndk_resize_cq(early->cq, 20, call_done, early->resize);
	complete(&early->done);
	return 0;
}

/* Waits for the other thread; bottom halves are off, so by spinning. */
static void let_the_other_use_it(struct call *c)
{
	struct early *early = c->arg;
	u64 i;

	early->cq = (struct ndk_kcq *)c->object;
	complete(&early->go);
	for (i = 0; num_online_cpus() > 1 && i < 10000000 && !completion_done(&early->done); i++)
		cpu_relax();
}

static void r_ndk_17_usable_while_the_create_callback_runs(struct kunit *test)
{
	struct renv *e = rules(test);
	struct early *early = kunit_kzalloc(test, sizeof(*early), GFP_KERNEL);
	struct call *c = call_new(e);
	struct task_struct *thread;
	struct ndk_kcq *cq;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, early);
	init_completion(&early->go);
	init_completion(&early->done);
	early->env = e;
	early->resize = call_new(e);
	thread = kthread_run(use_early, early, "ndk-early");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	c->inside = let_the_other_use_it;
	c->arg = early;
	ret = ndk_create_cq(e->adapter, 8, NULL, NULL, NULL, call_created, c, &cq);
	KUNIT_ASSERT_EQ(test, call_wait(c, ret), 0);
	robj_keep(e, c->object);
	wait_for_completion(&early->done);
	KUNIT_EXPECT_EQ(test, early->results, 0);
	KUNIT_EXPECT_EQ(test, call_wait(early->resize, early->resized), 0);
}

static void r_ndk_18_close_succeeds_or_pends(struct kunit *test)
{
	struct ndk_object *o[NDK_OBJECT_MAX] = { };
	struct renv *e = rules(test);
	struct call *c[NDK_OBJECT_MAX] = { };
	int i, ret[NDK_OBJECT_MAX] = { };

	one_of_each(e, o);
	for (i = NDK_OBJECT_QP; i < NDK_OBJECT_MAX; i++) {
		c[i] = call_new(e);
		robj_forget(e, o[i]);
		ret[i] = robj_close(o[i], call_closed, c[i]);
		KUNIT_EXPECT_TRUE(test, ret[i] == 0 || ret[i] == -EINPROGRESS);
	}
	/* the receive CQ is what is left, and closes with the test */
	for (i = NDK_OBJECT_QP; i < NDK_OBJECT_MAX; i++)
		KUNIT_EXPECT_EQ(test, call_wait(c[i], ret[i]), 0);
}

static struct kunit_case rules_object_cases[] = {
	KUNIT_CASE_PARAM(r_ndk_01_versions_that_there_are, good_version_gen_params),
	KUNIT_CASE_PARAM(r_ndk_02_versions_that_there_are_not, bad_version_gen_params),
	KUNIT_CASE(open_without_a_name_is_refused),
	KUNIT_CASE(open_finds_the_device_in_every_way),
	KUNIT_CASE(r_ndk_03_disabled),
	KUNIT_CASE(r_ndk_04_adapters_are_independent),
	KUNIT_CASE(r_ndk_05_headers),
	KUNIT_CASE(r_ndk_05_type_numbers),
	KUNIT_CASE(r_ndk_06_what_consumers_write_is_not_looked_at),
	KUNIT_CASE(r_ndk_07_what_is_not_supported_says_so),
	KUNIT_CASE(r_ndk_08_unknown_extension),
	KUNIT_CASE(r_ndk_09_short_buffer),
	KUNIT_CASE(r_ndk_10_least_limits),
	KUNIT_CASE(r_ndk_11_exactly_one_callback),
	KUNIT_CASE(r_ndk_11_a_create_that_fails),
	KUNIT_CASE(r_ndk_12_a_pending_create_brings_its_object),
	KUNIT_CASE(r_ndk_13_an_inline_create_fills_the_output),
	KUNIT_CASE(r_ndk_14_with_bottom_halves_off_and_a_lock_held),
	KUNIT_CASE(r_ndk_15_callbacks_may_not_sleep),
	KUNIT_CASE(r_ndk_16_close_inside_the_request_callback),
	KUNIT_CASE(r_ndk_16_close_inside_the_create_callback),
	KUNIT_CASE(r_ndk_17_usable_while_the_create_callback_runs),
	KUNIT_CASE(r_ndk_18_close_succeeds_or_pends),
	{}
};

static struct kunit_suite rules_object_suite = {
	.name = "ndk_rules_object",
	.test_cases = rules_object_cases,
};

kunit_test_suite(rules_object_suite);
