// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel consumers on a device that is there (parameter "device"): pairs of QPs
 * connected to each other, drained in the middle of what they do. When
 * ib_drain_qp() returns, every request's handler has run, once.
 *
 *	a ---- SEND, WRITE ----> b		direct path and wire
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "../drivers/softroce/softroce.h"

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "RDMA device to test, of a softroce adapter");

#define DEPTH		64
#define BYTES		16384
#define PATIENCE_MS	20000

static struct ib_device *dev;

/**
 * struct end - a QP and the memory it uses
 * @qp: the QP
 * @scq: of its sends
 * @rcq: of its receives
 * @cqe: of every request
 * @posted: requests it owns
 * @done: requests whose handler has run
 * @good: those that succeeded
 * @last_wqe: events of that name
 */
struct end {
	struct ib_qp *qp;
	struct ib_cq *scq;
	struct ib_cq *rcq;
	struct ib_cqe cqe;
	int posted;
	atomic_t done;
	atomic_t good;
	atomic_t last_wqe;
};

/**
 * struct pair - two ends of a connection
 * @test: the test
 * @pd: of all
 * @srq: of @b and @c, or NULL
 * @buf: what is sent
 * @a: sends
 * @b: receives
 * @c: not connected
 * @limits: events of the limit of @srq
 */
struct pair {
	struct kunit *test;
	struct ib_pd *pd;
	struct ib_srq *srq;
	void *buf;
	struct end a;
	struct end b;
	struct end c;
	atomic_t limits;
};

static void on_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct end *end = container_of(wc->wr_cqe, struct end, cqe);

	if (wc->status == IB_WC_SUCCESS)
		atomic_inc(&end->good);
	atomic_inc(&end->done);
}

static void on_qp_event(struct ib_event *ev, void *arg)
{
	struct end *end = arg;

	if (ev->event == IB_EVENT_QP_LAST_WQE_REACHED)
		atomic_inc(&end->last_wqe);
}

static void on_srq_event(struct ib_event *ev, void *arg)
{
	struct pair *p = arg;

	if (ev->event == IB_EVENT_SRQ_LIMIT_REACHED)
		atomic_inc(&p->limits);
}

static void free_end(struct end *end)
{
	if (!IS_ERR_OR_NULL(end->qp))
		ib_destroy_qp(end->qp);
	if (!IS_ERR_OR_NULL(end->scq))
		ib_free_cq(end->scq);
	if (!IS_ERR_OR_NULL(end->rcq))
		ib_free_cq(end->rcq);
}

static void free_pair(void *arg)
{
	struct pair *p = arg;

	free_end(&p->a);
	free_end(&p->b);
	free_end(&p->c);
	if (!IS_ERR_OR_NULL(p->srq))
		ib_destroy_srq(p->srq);
	if (!IS_ERR_OR_NULL(p->pd))
		ib_dealloc_pd(p->pd);
}

static void make_end(struct pair *p, struct end *end, struct ib_srq *srq,
		     enum ib_poll_context ctx)
{
	struct ib_qp_init_attr init = {
		.event_handler = on_qp_event,
		.qp_context = end,
		.srq = srq,
		.cap = { .max_send_wr = DEPTH, .max_recv_wr = DEPTH, .max_send_sge = 1,
			 .max_recv_sge = 1 },
		.qp_type = IB_QPT_RC,
		.sq_sig_type = IB_SIGNAL_ALL_WR,
	};
	struct kunit *test = p->test;

	end->cqe.done = on_done;
	end->scq = ib_alloc_cq(dev, NULL, 2 * DEPTH, 0, ctx);
	KUNIT_ASSERT_FALSE(test, IS_ERR(end->scq));
	end->rcq = ib_alloc_cq(dev, NULL, 2 * DEPTH, 0, ctx);
	KUNIT_ASSERT_FALSE(test, IS_ERR(end->rcq));
	init.send_cq = end->scq;
	init.recv_cq = end->rcq;
	end->qp = ib_create_qp(p->pd, &init);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(end->qp), "ib_create_qp: %pe", end->qp);
}

/* An IPv4 address of RoCEv2; it appears a moment after the device. */
static int find_gid(union ib_gid *gid)
{
	const struct ib_gid_attr *attr;
	int tries, i;

	for (tries = 0; tries < PATIENCE_MS / 20; tries++, msleep(20)) {
		for (i = 0; i < 16; i++) {
			attr = rdma_get_gid_attr(dev, 1, i);
			if (IS_ERR(attr))
				continue;
			*gid = attr->gid;
			rdma_put_gid_attr(attr);
			if (ipv6_addr_v4mapped((struct in6_addr *)gid->raw))
				return i;
		}
	}
	return -ENOENT;
}

static int to_init(struct ib_qp *qp)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE,
	};

	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_PKEY_INDEX | IB_QP_PORT |
			    IB_QP_ACCESS_FLAGS);
}

static int to_rtr(struct ib_qp *qp, u32 dest)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTR,
		.path_mtu = IB_MTU_1024,
		.dest_qp_num = dest,
		.min_rnr_timer = 1,
	};
	union ib_gid gid;
	int index = find_gid(&gid);

	if (index < 0)
		return index;
	attr.ah_attr.type = RDMA_AH_ATTR_TYPE_ROCE;
	rdma_ah_set_grh(&attr.ah_attr, &gid, 0, index, 64, 0);
	rdma_ah_set_port_num(&attr.ah_attr, 1);
	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_AV | IB_QP_PATH_MTU |
			    IB_QP_DEST_QPN | IB_QP_RQ_PSN | IB_QP_MAX_DEST_RD_ATOMIC |
			    IB_QP_MIN_RNR_TIMER);
}

static int to_rts(struct ib_qp *qp)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTS,
		.timeout = 14,
		.retry_cnt = 7,
		.rnr_retry = 7,
	};

	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_SQ_PSN | IB_QP_TIMEOUT |
			    IB_QP_RETRY_CNT | IB_QP_RNR_RETRY | IB_QP_MAX_QP_RD_ATOMIC);
}

static void connect(struct pair *p)
{
	KUNIT_ASSERT_EQ(p->test, to_init(p->a.qp) ?: to_init(p->b.qp), 0);
	KUNIT_ASSERT_EQ(p->test, to_rtr(p->a.qp, p->b.qp->qp_num) ?:
				 to_rtr(p->b.qp, p->a.qp->qp_num), 0);
	KUNIT_ASSERT_EQ(p->test, to_rts(p->a.qp) ?: to_rts(p->b.qp), 0);
}

struct way {
	const char *desc;
	bool direct;
	enum ib_poll_context ctx;
};

static const struct way ways[] = {
	{ "direct, softirq", true, IB_POLL_SOFTIRQ },
	{ "direct, workqueue", true, IB_POLL_WORKQUEUE },
	{ "wire, softirq", false, IB_POLL_SOFTIRQ },
	{ "wire, workqueue", false, IB_POLL_WORKQUEUE },
};

KUNIT_ARRAY_PARAM_DESC(way, ways, desc);

static struct pair *make_pair(struct kunit *test, bool shared)
{
	const struct way *way = test->param_value;
	struct ib_srq_init_attr init = {
		.event_handler = on_srq_event,
		.attr = { .max_wr = DEPTH, .max_sge = 1 },
	};
	struct pair *p;

	if (!dev)
		kunit_skip(test, "no device given");
	p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	p->test = test;
	((struct sr_dev *)to_ndk_nic(dev)->priv)->direct = way->direct;
	p->buf = kunit_kzalloc(test, BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->buf);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, free_pair, p), 0);
	p->pd = ib_alloc_pd(dev, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(p->pd));
	init.srq_context = p;
	if (shared)
		p->srq = ib_create_srq(p->pd, &init);
	KUNIT_ASSERT_FALSE(test, IS_ERR(p->srq));
	make_end(p, &p->a, NULL, way->ctx);
	make_end(p, &p->b, p->srq, way->ctx);
	connect(p);
	return p;
}

static void send(struct pair *p, int num, u32 bytes, int flags)
{
	struct ib_sge sge = {
		.addr = (uintptr_t)p->buf,
		.length = bytes,
		.lkey = p->pd->local_dma_lkey,
	};
	struct ib_send_wr wr = {
		.wr_cqe = &p->a.cqe,
		.opcode = IB_WR_SEND,
		.send_flags = flags,
		.sg_list = &sge,
		.num_sge = 1,
	};

	p->a.posted += num;
	while (num--)
		KUNIT_ASSERT_EQ(p->test, ib_post_send(p->a.qp, &wr, NULL), 0);
}

static void recv(struct pair *p, int num)
{
	struct ib_sge sge = {
		.addr = (uintptr_t)p->buf,
		.length = BYTES,
		.lkey = p->pd->local_dma_lkey,
	};
	struct ib_recv_wr wr = { .wr_cqe = &p->b.cqe, .sg_list = &sge, .num_sge = 1 };

	p->b.posted += num;
	while (num--)
		KUNIT_ASSERT_EQ(p->test, p->srq ? ib_post_srq_recv(p->srq, &wr, NULL) :
						  ib_post_recv(p->b.qp, &wr, NULL), 0);
}

static void drain(struct kunit *test, struct end *end)
{
	ktime_t began = ktime_get();

	ib_drain_qp(end->qp);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), began), PATIENCE_MS);
}

static void wait_for(struct kunit *test, atomic_t *v, int value)
{
	int left;

	for (left = PATIENCE_MS; left && atomic_read(v) < value; left--)
		usleep_range(500, 1000);
	KUNIT_EXPECT_GE(test, atomic_read(v), value);
}

static void drained(struct kunit *test, struct end *end)
{
	drain(test, end);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&end->done), end->posted,
			    "handlers that have not run");
}

static void after_traffic(struct kunit *test)
{
	struct pair *p = make_pair(test, false);

	recv(p, 40);
	send(p, 30, 3000, 0);
	wait_for(test, &p->a.good, 30);
	drained(test, &p->a);
	drained(test, &p->b);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->b.good), 30);
}

static void in_the_middle_of_traffic(struct kunit *test)
{
	struct pair *p;
	int i;

	for (i = 0; i < 8; i++) {
		p = make_pair(test, false);
		recv(p, 32);
		send(p, 32, BYTES, 0);
		/* the receiver first, then the sender, or the other way round */
		drained(test, i & 1 ? &p->a : &p->b);
		drained(test, i & 1 ? &p->b : &p->a);
		kunit_release_action(test, free_pair, p);
	}
}

static void with_a_deferred_tail(struct kunit *test)
{
	struct ndk_defer_limits *limits;
	struct pair *p = make_pair(test, false);
	u32 usecs;

	limits = &to_ndk_nic(dev)->limits;
	usecs = limits->usecs;
	limits->usecs = 0;
	recv(p, 8);
	send(p, 4, 100, 0);
	wait_for(test, &p->a.good, 4);
	send(p, 9, 100, NDK_SEND_DEFER);
	drained(test, &p->a);
	limits->usecs = usecs;
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&p->a.good), 4, "what was deferred is flushed");
	drained(test, &p->b);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->b.good), 4);
}

/* Nobody receives: the sender waits for its peer when it is drained. */
static void while_the_peer_is_not_ready(struct kunit *test)
{
	struct pair *p = make_pair(test, false);

	send(p, 5, 100, 0);
	drained(test, &p->a);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->a.good), 0);
	drained(test, &p->b);
}

static void again_and_in_halves(struct kunit *test)
{
	struct pair *p = make_pair(test, false);
	int i;

	recv(p, 8);
	for (i = 0; i < 2 * DEPTH; i++) {
		ib_drain_sq(p->b.qp);
		ib_drain_rq(p->b.qp);
	}
	drained(test, &p->b);
}

static void before_it_is_connected(struct kunit *test)
{
	struct pair *p = make_pair(test, false);
	const struct way *way = test->param_value;

	make_end(p, &p->c, NULL, way->ctx);
	KUNIT_ASSERT_EQ(test, to_init(p->c.qp), 0);
	drained(test, &p->c);
	drained(test, &p->a);
	drained(test, &p->b);
}

static void with_a_shared_queue(struct kunit *test)
{
	struct pair *p = make_pair(test, true);
	int taken;

	recv(p, 40);
	send(p, 30, BYTES, 0);
	wait_for(test, &p->b.good, 1);
	drain(test, &p->b);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->b.last_wqe), 1);
	/* what b took has come to its end, the rest is the queue's */
	taken = atomic_read(&p->b.done);
	KUNIT_EXPECT_LE(test, taken, 30);
	KUNIT_EXPECT_LE(test, taken - atomic_read(&p->b.good), 1);
	drained(test, &p->a);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->b.last_wqe), 1);
}

static void limit_is_reached_once(struct kunit *test)
{
	struct ib_srq_attr attr = { .srq_limit = 10 };
	struct pair *p = make_pair(test, true);

	recv(p, 40);
	KUNIT_ASSERT_EQ(test, ib_modify_srq(p->srq, &attr, IB_SRQ_LIMIT), 0);
	send(p, 30, 100, 0);
	wait_for(test, &p->b.good, 30);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&p->limits), 0, "10 are left, not fewer");
	send(p, 5, 100, 0);
	wait_for(test, &p->b.good, 35);
	wait_for(test, &p->limits, 1);
	drained(test, &p->a);
	drain(test, &p->b);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->limits), 1);
}

static struct kunit_case verbs_drain_cases[] = {
	KUNIT_CASE_PARAM(after_traffic, way_gen_params),
	KUNIT_CASE_PARAM(in_the_middle_of_traffic, way_gen_params),
	KUNIT_CASE_PARAM(with_a_deferred_tail, way_gen_params),
	KUNIT_CASE_PARAM(while_the_peer_is_not_ready, way_gen_params),
	KUNIT_CASE_PARAM(again_and_in_halves, way_gen_params),
	KUNIT_CASE_PARAM(before_it_is_connected, way_gen_params),
	KUNIT_CASE_PARAM(with_a_shared_queue, way_gen_params),
	KUNIT_CASE_PARAM(limit_is_reached_once, way_gen_params),
	{}
};

/* The reference keeps the device from going; it is not ours otherwise. */
static int suite_init(struct kunit_suite *suite)
{
	if (*device)
		dev = ib_device_get_by_name(device, RDMA_DRIVER_UNKNOWN);
	return *device && !dev ? -ENODEV : 0;
}

static void suite_exit(struct kunit_suite *suite)
{
	if (!dev)
		return;
	((struct sr_dev *)to_ndk_nic(dev)->priv)->direct = true;
	ib_device_put(dev);
	dev = NULL;
}

static struct kunit_suite verbs_drain_suite = {
	.name = "ndk_verbs_drain",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = verbs_drain_cases,
};

kunit_test_suite(verbs_drain_suite);

MODULE_DESCRIPTION("KUnit tests of kernel consumers on an ndk device");
MODULE_LICENSE("GPL");
