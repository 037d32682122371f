// SPDX-License-Identifier: GPL-2.0
/*
 * The world of the API's tests, see rules_env.h.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <rdma/ib_cache.h>

#include "rules_env.h"

#define CQ_ENTRIES	255
#define CONSUMER	"ndk-rules"

/* ---- calls that may pend ---- */

void call_init(struct call *c, struct renv *e)
{
	memset(c, 0, sizeof(*c));
	c->env = e;
	init_completion(&c->done);
}
EXPORT_SYMBOL_GPL(call_init);

struct call *call_new(struct renv *e)
{
	struct call *c = kunit_kzalloc(e->test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(e->test, c);
	call_init(c, e);
	return c;
}
EXPORT_SYMBOL_GPL(call_new);

static void begin(struct call *c)
{
	if (c->env)
		c->began = atomic_inc_return(&c->env->order);
	atomic_inc(&c->calls);
	if (in_hardirq())
		c->hard = true;
	if (!softirq_count())
		c->may_sleep = true;
}

static void end(struct call *c)
{
	if (c->inside)
		c->inside(c);
	if (c->env)
		c->ended = atomic_inc_return(&c->env->order);
	complete(&c->done);
}

void call_created(void *context, int status, struct ndk_object *object)
{
	struct call *c = context;

	begin(c);
	c->status = status;
	c->object = object;
	end(c);
}
EXPORT_SYMBOL_GPL(call_created);

void call_done(void *context, int status)
{
	struct call *c = context;

	begin(c);
	c->status = status;
	end(c);
}
EXPORT_SYMBOL_GPL(call_done);

void call_closed(void *context)
{
	call_done(context, 0);
}
EXPORT_SYMBOL_GPL(call_closed);

/* The outcome of a call that returned @ret; the contract of R-NDK-11 on the way. */
int call_wait(struct call *c, int ret)
{
	struct kunit *test = c->env->test;

	if (ret != -EINPROGRESS) {
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&c->calls), 0,
				    "called back although it did not pend");
		return ret;
	}
	KUNIT_ASSERT_NE_MSG(test, wait_for_completion_timeout(&c->done, RULES_WAIT), 0,
			    "a pending call does not end");
	KUNIT_EXPECT_EQ(test, atomic_read(&c->calls), 1);
	KUNIT_EXPECT_FALSE(test, c->hard);
	KUNIT_EXPECT_FALSE(test, c->may_sleep);
	return c->status;
}
EXPORT_SYMBOL_GPL(call_wait);

/* The same for threads that are not the test's, and so must not end it. */
int call_join(struct call *c, int ret)
{
	if (ret != -EINPROGRESS)
		return ret;
	return wait_for_completion_timeout(&c->done, RULES_WAIT) ? c->status : -ETIMEDOUT;
}
EXPORT_SYMBOL_GPL(call_join);

bool call_is_over(struct call *c)
{
	return atomic_read(&c->calls);
}
EXPORT_SYMBOL_GPL(call_is_over);

/* ---- objects and how they go ---- */

int robj_close(struct ndk_object *o, ndk_close_fn *closed, void *context)
{
	void *p = o;

	switch (o->type) {
	case NDK_OBJECT_QP:
		return ndk_close_qp(p, closed, context);
	case NDK_OBJECT_CQ:
		return ndk_close_cq(p, closed, context);
	case NDK_OBJECT_MR:
		return ndk_close_mr(p, closed, context);
	case NDK_OBJECT_MW:
		return ndk_close_mw(p, closed, context);
	case NDK_OBJECT_PD:
		return ndk_close_pd(p, closed, context);
	case NDK_OBJECT_SHARED_ENDPOINT:
		return ndk_close_shared_endpoint(p, closed, context);
	case NDK_OBJECT_CONNECTOR:
		return ndk_close_connector(p, closed, context);
	case NDK_OBJECT_LISTENER:
		return ndk_close_listener(p, closed, context);
	case NDK_OBJECT_SRQ:
		return ndk_close_srq(p, closed, context);
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(robj_close);

/* At the end of a test there is nobody to tell: a hang is told by the kernel. */
static void close_action(void *object)
{
	struct ndk_object *o = object;
	u32 type = o->type;
	struct call c;

	call_init(&c, NULL);
	if (robj_close(o, call_closed, &c) != -EINPROGRESS)
		return;
	if (!WARN(!wait_for_completion_timeout(&c.done, RULES_WAIT),
		  "closing an object of type %u does not end", type))
		return;
	wait_for_completion(&c.done);
}

void robj_keep(struct renv *e, struct ndk_object *o)
{
	KUNIT_ASSERT_EQ(e->test, kunit_add_action_or_reset(e->test, close_action, o), 0);
}
EXPORT_SYMBOL_GPL(robj_keep);

void robj_forget(struct renv *e, struct ndk_object *o)
{
	kunit_remove_action(e->test, close_action, o);
}
EXPORT_SYMBOL_GPL(robj_forget);

void robj_close_now(struct renv *e, struct ndk_object *o)
{
	kunit_release_action(e->test, close_action, o);
}
EXPORT_SYMBOL_GPL(robj_close_now);

/* The object of a create that must succeed. */
static void *made(struct renv *e, struct call *c, int ret, void *out)
{
	struct ndk_object *o;
	int status = call_wait(c, ret);

	KUNIT_ASSERT_EQ(e->test, status, 0);
	o = ret == -EINPROGRESS ? c->object : out;
	KUNIT_ASSERT_NOT_NULL(e->test, o);
	robj_keep(e, o);
	return o;
}

struct ndk_kpd *rpd_new(struct renv *e, struct ndk_adapter *adapter)
{
	struct call *c = call_new(e);
	struct ndk_kpd *pd = NULL;
	int ret = ndk_create_pd(adapter, call_created, c, &pd);

	return made(e, c, ret, pd);
}
EXPORT_SYMBOL_GPL(rpd_new);

static void on_notify(void *context, int status)
{
	struct rcq *c = context;

	if (atomic_inc_return(&c->inside) != 1)
		c->nested = true;
	if (in_hardirq())
		c->hard = true;
	if (!softirq_count())
		c->may_sleep = true;
	c->status = status;
	if (c->on_fire)
		c->on_fire(c);
	atomic_dec(&c->inside);
	atomic_inc(&c->fired);
}

struct rcq *rcq_new(struct renv *e, u32 depth)
{
	struct rcq *q = kunit_kzalloc(e->test, sizeof(*q), GFP_KERNEL);
	struct call *c = call_new(e);
	struct ndk_kcq *cq = NULL;
	int ret;

	KUNIT_ASSERT_NOT_NULL(e->test, q);
	q->env = e;
	ret = ndk_create_cq(e->adapter, depth, on_notify, q, NULL, call_created, c, &cq);
	q->cq = made(e, c, ret, cq);
	return q;
}
EXPORT_SYMBOL_GPL(rcq_new);

struct ndk_ksrq *rsrq_new(struct renv *e, u32 depth, u32 threshold, ndk_srq_notify_fn *notify,
			  void *context)
{
	struct call *c = call_new(e);
	struct ndk_ksrq *srq = NULL;
	int ret = ndk_create_srq(e->pd, depth, 1, threshold, notify, context, NULL, call_created,
				 c, &srq);

	return made(e, c, ret, srq);
}
EXPORT_SYMBOL_GPL(rsrq_new);

static struct rqp *rqp_alloc(struct renv *e, struct rcq *rcq, struct rcq *scq)
{
	struct rqp *q = kunit_kzalloc(e->test, sizeof(*q), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(e->test, q);
	q->rcq = rcq;
	q->scq = scq;
	return q;
}

static struct rqp *rqp_made(struct renv *e, struct rqp *q, struct ndk_kqp *qp)
{
	q->qp = qp;
	if (e->mock)
		q->m = to_mock_qp(qp->qp);
	return q;
}

struct rqp *rqp_on(struct renv *e, u32 depth, struct rcq *rcq, struct rcq *scq)
{
	u32 sges = min(e->info.max_initiator_request_sge, 4U);
	u32 inl = min(e->info.max_inline_data_size, 64U);
	struct rqp *q = rqp_alloc(e, rcq, scq);
	struct call *c = call_new(e);
	struct ndk_kqp *qp = NULL;
	int ret = ndk_create_qp(e->pd, rcq->cq, scq->cq, q, depth, depth, sges, sges, inl,
				call_created, c, &qp);

	return rqp_made(e, q, made(e, c, ret, qp));
}
EXPORT_SYMBOL_GPL(rqp_on);

struct rqp *rqp_new(struct renv *e, u32 depth)
{
	return rqp_on(e, depth, e->rcq, e->scq);
}
EXPORT_SYMBOL_GPL(rqp_new);

struct rqp *rqp_with_srq(struct renv *e, u32 depth, struct ndk_ksrq *srq)
{
	struct rqp *q = rqp_alloc(e, e->rcq, e->scq);
	struct call *c = call_new(e);
	struct ndk_kqp *qp = NULL;
	int ret = ndk_create_qp_with_srq(e->pd, e->rcq->cq, e->scq->cq, srq, q, depth, 1, 0,
					 call_created, c, &qp);

	return rqp_made(e, q, made(e, c, ret, qp));
}
EXPORT_SYMBOL_GPL(rqp_with_srq);

/* ---- connected without a connection manager ---- */

static int find_gid(struct ib_device *dev, union ib_gid *gid)
{
	const struct ib_gid_attr *attr;
	int i, found = -ENOENT;

	for (i = 0; i < 64 && found < 0; i++) {
		attr = rdma_get_gid_attr(dev, 1, i);
		if (IS_ERR(attr))
			continue;
		*gid = attr->gid;
		if (attr->gid_type == IB_GID_TYPE_ROCE_UDP_ENCAP &&
		    ipv6_addr_v4mapped((struct in6_addr *)gid->raw))
			found = i;
		rdma_put_gid_attr(attr);
	}
	return found;
}

/* A device's GIDs come a moment after it. */
int renv_wait_gid(struct ib_device *dev)
{
	union ib_gid gid;
	int i;

	for (i = 0; i < 500 && find_gid(dev, &gid) < 0; i++)
		msleep(20);
	return min(find_gid(dev, &gid), 0);
}
EXPORT_SYMBOL_GPL(renv_wait_gid);

static int to_rtr(struct ib_qp *qp, u32 peer)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTR,
		.path_mtu = IB_MTU_1024,
		.dest_qp_num = peer,
		.rq_psn = 0xfffff0,
		.max_dest_rd_atomic = 4,
		.min_rnr_timer = 1,
		.qp_access_flags = IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_READ,
	};
	union ib_gid gid;
	int index = find_gid(qp->device, &gid);

	if (index < 0)
		return index;
	attr.ah_attr.type = RDMA_AH_ATTR_TYPE_ROCE;
	rdma_ah_set_grh(&attr.ah_attr, &gid, 0, index, 64, 0);
	rdma_ah_set_port_num(&attr.ah_attr, 1);
	eth_zero_addr(attr.ah_attr.roce.dmac);
	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_AV | IB_QP_PATH_MTU | IB_QP_DEST_QPN |
			    IB_QP_RQ_PSN | IB_QP_MAX_DEST_RD_ATOMIC | IB_QP_MIN_RNR_TIMER |
			    IB_QP_ACCESS_FLAGS);
}

static int to_rts(struct ib_qp *qp)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTS,
		.sq_psn = 0xfffff0,
		.timeout = 14,
		.retry_cnt = 7,
		/* not 7, which is for ever: a receive that is missing must show */
		.rnr_retry = 3,
		.max_rd_atomic = 4,
	};

	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_SQ_PSN | IB_QP_TIMEOUT |
			    IB_QP_RETRY_CNT | IB_QP_RNR_RETRY | IB_QP_MAX_QP_RD_ATOMIC);
}

/* @b may be @a itself, as far as a mock cares. */
void rqp_join(struct renv *e, struct rqp *a, struct rqp *b)
{
	struct kunit *test = e->test;
	struct rqp *q[2] = { a, b };
	int i, num = a == b ? 1 : 2;

	for (i = 0; i < num; i++)
		KUNIT_ASSERT_EQ(test, api_qp_claim(q[i]->qp), 0);
	for (i = 0; i < num; i++)
		KUNIT_ASSERT_EQ(test, to_rtr(q[i]->qp->qp, q[!i]->qp->qp->qp_num), 0);
	for (i = 0; i < num; i++)
		KUNIT_ASSERT_EQ(test, to_rts(q[i]->qp->qp), 0);
	for (i = 0; i < num; i++)
		KUNIT_ASSERT_TRUE(test, api_qp_connected(q[i]->qp));
}
EXPORT_SYMBOL_GPL(rqp_join);

struct rqp *rqp_joined(struct renv *e, u32 depth)
{
	struct rqp *q = rqp_new(e, depth);

	rqp_join(e, q, q);
	return q;
}
EXPORT_SYMBOL_GPL(rqp_joined);

/* ---- memory ---- */

struct ndk_kmr *rmr_new(struct renv *e, u32 pages, bool remote)
{
	struct call *c = call_new(e);
	struct ndk_kmr *mr = NULL;
	int ret = ndk_create_mr(e->pd, pages, call_created, c, &mr);

	mr = made(e, c, ret, mr);
	if (!pages)
		return mr;
	call_init(c, e);
	ret = ndk_initialize_fast_register_mr(mr, pages, remote, call_done, c);
	KUNIT_ASSERT_EQ(e->test, call_wait(c, ret), 0);
	return mr;
}
EXPORT_SYMBOL_GPL(rmr_new);

struct ndk_kmw *rmw_new(struct renv *e)
{
	struct call *c = call_new(e);
	struct ndk_kmw *mw = NULL;
	int ret = ndk_create_mw(e->pd, call_created, c, &mw);

	return made(e, c, ret, mw);
}
EXPORT_SYMBOL_GPL(rmw_new);

static void free_pages_action(void *arg)
{
	struct rmem *m = arg;

	free_pages_exact((void *)((uintptr_t)m->va & PAGE_MASK), m->size + m->fbo);
}

/* the adapter outlives it: its test closes both, the last one first */
struct release {
	struct ndk_adapter *adapter;
	struct ndk_lam *lam;
};

static void release_action(void *arg)
{
	struct release *r = arg;

	ndk_release_lam(r->adapter, r->lam);
}

/* Memory of @size bytes that begins @fbo bytes behind a page boundary. */
struct rmem *rmem_new(struct renv *e, u32 fbo, size_t size)
{
	u32 pages = DIV_ROUND_UP(fbo + size, PAGE_SIZE), lam_size, got = 0;
	struct kunit *test = e->test;
	struct ndk_mdl mdl = { };
	struct release *r;
	struct rmem *m;
	u8 *base;
	int ret;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_NOT_NULL(test, r);
	base = alloc_pages_exact(fbo + size, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, base);
	m->va = base + fbo;
	m->fbo = fbo;
	m->size = size;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_pages_action, m), 0);
	lam_size = struct_size(m->lam, adapter_page_array, pages);
	m->lam = kunit_kzalloc(test, lam_size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m->lam);
	mdl.virtual_address = (uintptr_t)m->va;
	ret = ndk_build_lam(e->adapter, &mdl, size, NULL, NULL, m->lam, &lam_size, &got);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, got, fbo);
	r->adapter = e->adapter;
	r->lam = m->lam;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release_action, r), 0);
	return m;
}
EXPORT_SYMBOL_GPL(rmem_new);

struct ndk_kmr *rmr_registered(struct renv *e, struct rmem *mem, u32 flags)
{
	struct ndk_mdl mdl = { .virtual_address = (uintptr_t)mem->va };
	struct ndk_kmr *mr = rmr_new(e, 0, false);
	struct call *c = call_new(e);
	int ret = ndk_register_mr(mr, &mdl, mem->size, flags, call_done, c);

	KUNIT_ASSERT_EQ(e->test, call_wait(c, ret), 0);
	return mr;
}
EXPORT_SYMBOL_GPL(rmr_registered);

/* by its DMA address; what lies in one page, or in pages that follow each other */
struct ndk_sge rmem_sge(struct renv *e, struct rmem *mem, u32 off, u32 len)
{
	u32 at = mem->fbo + off;
	struct ndk_sge sge = {
		.logical_address = mem->lam->adapter_page_array[at / PAGE_SIZE] + at % PAGE_SIZE,
		.length = len,
		.memory_region_token = e->token,
	};

	return sge;
}
EXPORT_SYMBOL_GPL(rmem_sge);

/* ---- requests ---- */

/* All of @mem; peers know it by its kernel address. */
int rreg(struct rqp *q, void *context, struct ndk_kmr *mr, struct rmem *mem, u32 flags)
{
	return ndk_fast_register(q->qp, context, mr, mem->lam->adapter_page_count,
				 mem->lam->adapter_page_array, mem->fbo, mem->size,
				 (uintptr_t)mem->va, flags);
}
EXPORT_SYMBOL_GPL(rreg);

/* requests whose memory nobody will look at */
static struct ndk_sge any_sge(struct renv *e)
{
	static u64 data;
	struct ndk_sge sge = {
		.logical_address = (uintptr_t)&data,
		.length = sizeof(data),
		.memory_region_token = e->token,
	};

	return sge;
}

int rwrite(struct renv *e, struct rqp *q, void *context, u32 flags)
{
	struct ndk_sge sge = any_sge(e);

	return ndk_write(q->qp, context, &sge, 1, 0x1000, 1, flags);
}
EXPORT_SYMBOL_GPL(rwrite);

int rsend(struct renv *e, struct rqp *q, void *context, u32 flags)
{
	struct ndk_sge sge = any_sge(e);

	return ndk_send(q->qp, context, &sge, 1, flags);
}
EXPORT_SYMBOL_GPL(rsend);

/* ---- results ---- */

static u32 wait_result(struct rcq *c, struct ndk_result_ex *r)
{
	unsigned long end = jiffies + RULES_WAIT;
	u32 got = ndk_get_cq_results_ex(c->cq, r, 1);

	while (!got && time_before(jiffies, end)) {
		usleep_range(50, 100);
		got = ndk_get_cq_results_ex(c->cq, r, 1);
	}
	return got;
}

/* The next result is this one; @type 0: any; @r may be NULL. */
void rexpect_ex(struct renv *e, struct rcq *c, void *context, int status, u32 type,
		struct ndk_result_ex *r)
{
	struct ndk_result_ex mine = { };

	r = r ?: &mine;
	KUNIT_ASSERT_EQ_MSG(e->test, wait_result(c, r), 1, "no result where that of %lu was due",
			    (unsigned long)context);
	KUNIT_EXPECT_PTR_EQ(e->test, r->request_context, context);
	KUNIT_EXPECT_EQ_MSG(e->test, r->status, status, "request %lu",
			    (unsigned long)r->request_context);
	if (type)
		KUNIT_EXPECT_EQ(e->test, r->type, type);
}
EXPORT_SYMBOL_GPL(rexpect_ex);

void rexpect(struct renv *e, struct rcq *c, void *context, int status)
{
	rexpect_ex(e, c, context, status, 0, NULL);
}
EXPORT_SYMBOL_GPL(rexpect);

void rexpect_none(struct renv *e, struct rcq *c)
{
	struct ndk_result_ex r = { };

	KUNIT_EXPECT_EQ_MSG(e->test, ndk_get_cq_results_ex(c->cq, &r, 1), 0,
			    "unexpected result of %lu: %d", (unsigned long)r.request_context,
			    r.status);
}
EXPORT_SYMBOL_GPL(rexpect_none);

void rwait_for(struct renv *e, atomic_t *v, int value)
{
	unsigned long end = jiffies + RULES_WAIT;

	while (atomic_read(v) < value && time_before(jiffies, end))
		usleep_range(50, 100);
	KUNIT_EXPECT_GE_MSG(e->test, atomic_read(v), value, "waited in vain");
}
EXPORT_SYMBOL_GPL(rwait_for);

u64 renv_stat(struct renv *e, enum ndk_stat which)
{
	struct ndk_nic *nic = to_ndk_nic(e->dev);
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(nic->stats, cpu)->v[which];
	return sum;
}
EXPORT_SYMBOL_GPL(renv_stat);

/* ---- worlds ---- */

static void close_adapter_action(void *adapter)
{
	ndk_close_adapter(adapter);
}

struct ndk_adapter *renv_open_another(struct renv *e)
{
	struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.consumer = CONSUMER,
	};
	struct ndk_adapter *adapter;

	KUNIT_ASSERT_EQ(e->test, ndk_open_adapter(e->dev, &params, &adapter), 0);
	KUNIT_ASSERT_EQ(e->test, kunit_add_action_or_reset(e->test, close_adapter_action, adapter),
			0);
	return adapter;
}
EXPORT_SYMBOL_GPL(renv_open_another);

void renv_close_adapter(struct renv *e, struct ndk_adapter *adapter)
{
	kunit_release_action(e->test, close_adapter_action, adapter);
}
EXPORT_SYMBOL_GPL(renv_close_adapter);

/* The test closes it in a way of its own. */
void renv_adopt_adapter(struct renv *e, struct ndk_adapter *adapter)
{
	kunit_remove_action(e->test, close_adapter_action, adapter);
}
EXPORT_SYMBOL_GPL(renv_adopt_adapter);

static void use_mock(struct mock_nic *mock)
{
	mock->nic->limits.bound = 64;
	mock->nic->limits.usecs = 0;
	mock->automatic = true;
	mock->create_err = 0;
	mock->room_sge = 0;
	mock->no_gsi = false;
}

/* Nothing is opened yet. */
struct renv *renv_bare(struct kunit *test, struct ib_device *dev, struct mock_nic *mock)
{
	struct renv *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	e->test = test;
	e->mock = mock;
	e->dev = mock ? &mock->nic->ibdev : dev;
	if (mock)
		use_mock(mock);
	return e;
}
EXPORT_SYMBOL_GPL(renv_bare);

struct renv *renv_open(struct kunit *test, struct ib_device *dev, struct mock_nic *mock)
{
	struct renv *e = renv_bare(test, dev, mock);
	u32 size = sizeof(e->info);

	e->adapter = renv_open_another(e);
	KUNIT_ASSERT_EQ(test, ndk_query_adapter_info(e->adapter, &e->info, &size), 0);
	e->pd = rpd_new(e, e->adapter);
	ndk_get_privileged_memory_region_token(e->pd, &e->token);
	e->scq = rcq_new(e, CQ_ENTRIES);
	e->rcq = rcq_new(e, CQ_ENTRIES);
	return e;
}
EXPORT_SYMBOL_GPL(renv_open);

/* What is queued is done, so that "nothing happens" can be looked at. */
void renv_settle(struct renv *e)
{
	int i;

	/* work may queue work */
	for (i = 0; i < 3; i++)
		flush_workqueue(e->adapter->wq);
	/* and notifications come by softirq */
	synchronize_net();
}
EXPORT_SYMBOL_GPL(renv_settle);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
