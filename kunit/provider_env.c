// SPDX-License-Identifier: GPL-2.0
/*
 * The provider tests' world, see provider_env.h.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "provider_env.h"

#define CQ_ENTRIES	255

static struct mock_nic *shared;

KUNIT_DEFINE_ACTION_WRAPPER(dealloc_pd_action, ib_dealloc_pd, struct ib_pd *);
KUNIT_DEFINE_ACTION_WRAPPER(destroy_cq_action, ib_destroy_cq, struct ib_cq *);
KUNIT_DEFINE_ACTION_WRAPPER(destroy_qp_action, ib_destroy_qp, struct ib_qp *);

static void on_comp(struct ib_cq *cq, void *arg)
{
	struct env_cq *c = arg;

	if (atomic_inc_return(&c->inside) != 1)
		c->nested = true;
	atomic_inc(&c->fired);
	if (c->on_fire)
		c->on_fire(c);
	atomic_dec(&c->inside);
}

static void on_cq_event(struct ib_event *ev, void *arg)
{
	struct env_cq *c = arg;

	if (ev->event == IB_EVENT_CQ_ERR)
		atomic_inc(&c->errors);
}

static void on_qp_event(struct ib_event *ev, void *arg)
{
	struct env *e = arg;

	atomic_inc(&e->qp_events);
	e->last_qp_event = ev->event;
}

struct env_cq *env_cq_on(struct env *e, int cqe, u32 vector)
{
	struct ib_cq_init_attr attr = { .cqe = cqe, .comp_vector = vector };
	struct kunit *test = e->test;
	struct env_cq *c;

	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	c->cq = ib_create_cq(e->dev, on_comp, on_cq_event, c, &attr);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(c->cq), "ib_create_cq: %pe", c->cq);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_cq_action, c->cq), 0);
	return c;
}

struct env_cq *env_cq(struct env *e, int cqe)
{
	return env_cq_on(e, cqe, 0);
}

int env_suite_init(struct kunit_suite *suite)
{
	int err;

	shared = mock_nic_new(MOCK_PLAIN);
	if (!shared)
		return -ENOMEM;
	err = ndk_nic_register(shared->nic, MOCK_NAME);
	if (!err)
		return 0;
	ndk_nic_free(shared->nic);
	kfree(shared);
	shared = NULL;
	return err;
}

void env_suite_exit(struct kunit_suite *suite)
{
	if (shared)
		mock_nic_delete(shared);
	shared = NULL;
}

static u64 stat_now(struct env *e, enum ndk_stat which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(e->mock->nic->stats, cpu)->v[which];
	return sum;
}

/* since the test began */
u64 env_stat(struct env *e, enum ndk_stat which)
{
	return stat_now(e, which) - e->stats[which];
}

static void use_mock(struct env *e, struct mock_nic *mock)
{
	int i;

	e->mock = mock;
	e->dev = &mock->nic->ibdev;
	mock->nic->limits.bound = 64;
	mock->nic->limits.usecs = 0;
	mock->automatic = false;
	mock->create_err = 0;
	for (i = 0; i < NDK_STAT_MAX; i++)
		e->stats[i] = stat_now(e, i);
}

static struct env *create_on(struct kunit *test, struct mock_nic *mock)
{
	struct env *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	e->test = test;
	use_mock(e, mock);
	e->pd = ib_alloc_pd(e->dev, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(e->pd), "ib_alloc_pd: %pe", e->pd);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, dealloc_pd_action, e->pd), 0);
	e->scq = env_cq(e, CQ_ENTRIES);
	e->rcq = env_cq(e, CQ_ENTRIES);
	return e;
}

struct env *env_create(struct kunit *test)
{
	KUNIT_ASSERT_NOT_NULL(test, shared);
	return create_on(test, shared);
}

/* For a test that leaves its device in a state no other could use. */
struct env *env_create_own(struct kunit *test)
{
	return create_on(test, mock_nic_create(test, OTHER_NAME));
}

struct ib_qp *env_qp_with(struct env *e, u32 depth, enum ib_sig_type sig)
{
	struct ib_qp_init_attr init = {
		.event_handler = on_qp_event,
		.qp_context = e,
		.send_cq = e->scq->cq,
		.recv_cq = e->rcq->cq,
		.cap = {
			.max_send_wr = depth,
			.max_recv_wr = depth,
			.max_send_sge = MOCK_MAX_SGE,
			.max_recv_sge = MOCK_MAX_SGE,
			.max_inline_data = MOCK_MAX_INLINE,
		},
		.sq_sig_type = sig,
		.qp_type = IB_QPT_RC,
	};
	struct kunit *test = e->test;
	struct ib_qp *qp;

	qp = ib_create_qp(e->pd, &init);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(qp), "ib_create_qp: %pe", qp);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_qp_action, qp), 0);
	return qp;
}

/* A QP and its send CQ go before the test ends. */
void env_drop(struct env *e, struct ib_qp *qp)
{
	kunit_release_action(e->test, destroy_qp_action, qp);
	kunit_release_action(e->test, destroy_cq_action, e->scq->cq);
}

struct ib_qp *env_qp(struct env *e, u32 depth)
{
	return env_qp_with(e, depth, IB_SIGNAL_REQ_WR);
}

static void fill_path(struct ib_qp *qp, struct ib_qp_attr *attr)
{
	union ib_gid gid = {};

	rdma_query_gid(qp->device, 1, 0, &gid);
	attr->ah_attr.type = RDMA_AH_ATTR_TYPE_ROCE;
	rdma_ah_set_grh(&attr->ah_attr, &gid, 0, 0, 64, 0);
	rdma_ah_set_port_num(&attr->ah_attr, 1);
	eth_zero_addr(attr->ah_attr.roce.dmac);
}

/* What an RC QP needs on its way to @to. */
void env_fill_attr(struct ib_qp *qp, enum ib_qp_state to, struct ib_qp_attr *attr, int *mask)
{
	memset(attr, 0, sizeof(*attr));
	attr->qp_state = to;
	*mask = IB_QP_STATE;
	switch (to) {
	case IB_QPS_INIT:
		attr->port_num = 1;
		attr->qp_access_flags = IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_READ;
		*mask |= IB_QP_PKEY_INDEX | IB_QP_PORT | IB_QP_ACCESS_FLAGS;
		break;
	case IB_QPS_RTR:
		fill_path(qp, attr);
		attr->path_mtu = MOCK_MTU;
		attr->dest_qp_num = 0x123456;
		attr->rq_psn = 0xabcdef;
		attr->max_dest_rd_atomic = 4;
		attr->min_rnr_timer = 12;
		*mask |= IB_QP_AV | IB_QP_PATH_MTU | IB_QP_DEST_QPN | IB_QP_RQ_PSN |
			 IB_QP_MAX_DEST_RD_ATOMIC | IB_QP_MIN_RNR_TIMER;
		break;
	case IB_QPS_RTS:
		attr->sq_psn = 0xfedcba;
		attr->timeout = 14;
		attr->retry_cnt = 5;
		attr->rnr_retry = 6;
		attr->max_rd_atomic = 3;
		*mask |= IB_QP_SQ_PSN | IB_QP_TIMEOUT | IB_QP_RETRY_CNT | IB_QP_RNR_RETRY |
			 IB_QP_MAX_QP_RD_ATOMIC;
		break;
	default:
		break;
	}
}

int env_modify(struct ib_qp *qp, enum ib_qp_state to)
{
	struct ib_qp_attr attr;
	int mask;

	env_fill_attr(qp, to, &attr, &mask);
	return ib_modify_qp(qp, &attr, mask);
}

/* From RESET to @to, the shortest way. */
int env_go_to(struct ib_qp *qp, enum ib_qp_state to)
{
	static const enum ib_qp_state way[] = { IB_QPS_INIT, IB_QPS_RTR, IB_QPS_RTS };
	struct ib_qp_attr attr = { .qp_state = to };
	int i, err = 0;

	if (to == IB_QPS_RESET)
		return 0;
	if (to == IB_QPS_ERR) {
		err = env_modify(qp, IB_QPS_INIT);
		return err ?: ib_modify_qp(qp, &attr, IB_QP_STATE);
	}
	for (i = 0; !err && i < ARRAY_SIZE(way) && way[i] <= to; i++)
		err = env_modify(qp, way[i]);
	if (!err && to == IB_QPS_SQD)
		err = ib_modify_qp(qp, &attr, IB_QP_STATE);
	/* RC never gets there by a modify; a NIC of another kind would put it */
	if (!err && to == IB_QPS_SQE)
		ndk_qp_enter_error(to_ndk_qp(qp), true);
	return err;
}

struct ib_qp *env_rts_qp(struct env *e, u32 depth)
{
	struct ib_qp *qp = env_qp(e, depth);

	KUNIT_ASSERT_EQ(e->test, env_go_to(qp, IB_QPS_RTS), 0);
	return qp;
}

enum ib_qp_state env_state(struct ib_qp *qp)
{
	struct ib_qp_init_attr init;
	struct ib_qp_attr attr;

	if (ib_query_qp(qp, &attr, IB_QP_STATE, &init))
		return IB_QPS_ERR + 1;
	return attr.qp_state;
}

union any_wr {
	struct ib_rdma_wr rdma;
	struct ib_atomic_wr atomic;
};

static void fill_wr(union any_wr *w, const struct post *p, struct ib_sge *sge)
{
	struct ib_send_wr *wr = &w->rdma.wr;

	memset(w, 0, sizeof(*w));
	wr->wr_id = p->id;
	wr->opcode = p->op;
	wr->send_flags = p->flags;
	wr->sg_list = sge;
	wr->num_sge = 1;
	if (p->op == IB_WR_ATOMIC_CMP_AND_SWP || p->op == IB_WR_ATOMIC_FETCH_AND_ADD) {
		w->atomic.remote_addr = 0x1000;
		w->atomic.rkey = 1;
	} else {
		w->rdma.remote_addr = 0x1000;
		w->rdma.rkey = 1;
	}
}

/* One ib_post_send() of a whole list, 8 bytes each. */
int env_post(struct env *e, struct ib_qp *qp, const struct post *list, int num, u64 *bad_id)
{
	const struct ib_send_wr *bad = NULL;
	struct ib_sge *sge;
	union any_wr *w;
	static u64 data;
	int i, err;

	w = kunit_kcalloc(e->test, num, sizeof(*w), GFP_KERNEL);
	sge = kunit_kzalloc(e->test, sizeof(*sge), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(e->test, w);
	KUNIT_ASSERT_NOT_NULL(e->test, sge);
	sge->addr = (uintptr_t)&data;
	sge->length = sizeof(data);
	sge->lkey = e->pd->local_dma_lkey;
	for (i = 0; i < num; i++) {
		fill_wr(&w[i], &list[i], sge);
		if (i)
			w[i - 1].rdma.wr.next = &w[i].rdma.wr;
	}
	err = ib_post_send(qp, &w[0].rdma.wr, &bad);
	if (err && bad_id)
		*bad_id = bad ? bad->wr_id : U64_MAX;
	kunit_kfree(e->test, sge);
	kunit_kfree(e->test, w);
	return err;
}

int env_post_one(struct env *e, struct ib_qp *qp, u64 id, int flags)
{
	const struct post p = { .id = id, .flags = flags };

	return env_post(e, qp, &p, 1, NULL);
}

int env_post_recv(struct ib_qp *qp, u64 id)
{
	struct ib_recv_wr wr = { .wr_id = id };
	const struct ib_recv_wr *bad;

	return ib_post_recv(qp, &wr, &bad);
}

void env_expect_wc(struct env *e, struct env_cq *c, u64 id, enum ib_wc_status status)
{
	struct ib_wc wc = {};

	KUNIT_EXPECT_EQ_MSG(e->test, ib_poll_cq(c->cq, 1, &wc), 1,
			    "no completion where that of request %llu was due", id);
	KUNIT_EXPECT_EQ(e->test, wc.wr_id, id);
	KUNIT_EXPECT_EQ_MSG(e->test, wc.status, status, "request %llu: %s", id,
			    ib_wc_status_msg(wc.status));
}

void env_expect_no_wc(struct env *e, struct env_cq *c)
{
	struct ib_wc wc = {};

	KUNIT_EXPECT_EQ_MSG(e->test, ib_poll_cq(c->cq, 1, &wc), 0,
			    "unexpected completion of request %llu", wc.wr_id);
}

MODULE_DESCRIPTION("KUnit tests of the ndk provider on a mock NIC");
MODULE_LICENSE("GPL");
