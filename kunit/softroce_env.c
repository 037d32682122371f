// SPDX-License-Identifier: GPL-2.0
/*
 * A softroce device on lo, see softroce_env.h.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>
#include <net/ipv6.h>
#include <rdma/ib_cache.h>

#include "softroce_env.h"

#define NAME		"ndkrc"
#define DEPTH		64
#define PSN		0xfffff0	/* wraps soon */
#define WAIT_MS		10000

KUNIT_DEFINE_ACTION_WRAPPER(dealloc_pd_action, ib_dealloc_pd, struct ib_pd *);
KUNIT_DEFINE_ACTION_WRAPPER(destroy_cq_action, ib_destroy_cq, struct ib_cq *);
KUNIT_DEFINE_ACTION_WRAPPER(destroy_qp_action, ib_destroy_qp, struct ib_qp *);

static struct ib_device *shared;
static u32 gid_index;

/* 127.0.0.1 comes with lo going up; its GID a moment later. */
static int wait_gid(struct ib_device *dev)
{
	const struct ib_gid_attr *attr;
	union ib_gid gid = { };
	int i;

	ipv6_addr_set_v4mapped(htonl(INADDR_LOOPBACK), (struct in6_addr *)&gid);
	for (i = 0; i < WAIT_MS; i += 20) {
		attr = rdma_find_gid_by_port(dev, &gid, IB_GID_TYPE_ROCE_UDP_ENCAP, 1, NULL);
		if (!IS_ERR(attr)) {
			gid_index = attr->index;
			rdma_put_gid_attr(attr);
			return 0;
		}
		msleep(20);
	}
	return -ETIMEDOUT;
}

int sr_env_suite_init(struct kunit_suite *suite)
{
	struct net_device *lo = init_net.loopback_dev;
	int err;

	rtnl_lock();
	err = dev_change_flags(lo, lo->flags | IFF_UP, NULL);
	rtnl_unlock();
	if (!err)
		err = sr_newlink(NAME, lo);
	if (err)
		return err;
	shared = ib_device_get_by_name(NAME, RDMA_DRIVER_RXE);
	return shared ? wait_gid(shared) : -ENODEV;
}

void sr_env_suite_exit(struct kunit_suite *suite)
{
	if (shared)
		ib_unregister_device_and_put(shared);
	shared = NULL;
}

static void fill_path(struct ib_qp_attr *attr)
{
	union ib_gid gid = { };

	ipv6_addr_set_v4mapped(htonl(INADDR_LOOPBACK), (struct in6_addr *)&gid);
	attr->ah_attr.type = RDMA_AH_ATTR_TYPE_ROCE;
	rdma_ah_set_grh(&attr->ah_attr, &gid, 0, gid_index, 64, 0);
	rdma_ah_set_port_num(&attr->ah_attr, 1);
	eth_zero_addr(attr->ah_attr.roce.dmac);
}

static int connect(struct ib_qp *qp, u32 peer)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_READ,
	};
	int err;

	err = ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_PKEY_INDEX | IB_QP_PORT |
			   IB_QP_ACCESS_FLAGS);
	if (err)
		return err;
	attr.qp_state = IB_QPS_RTR;
	fill_path(&attr);
	attr.path_mtu = IB_MTU_1024;
	attr.dest_qp_num = peer;
	attr.rq_psn = PSN;
	attr.max_dest_rd_atomic = 4;
	attr.min_rnr_timer = 1;
	err = ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_AV | IB_QP_PATH_MTU | IB_QP_DEST_QPN |
			   IB_QP_RQ_PSN | IB_QP_MAX_DEST_RD_ATOMIC | IB_QP_MIN_RNR_TIMER);
	if (err)
		return err;
	attr.qp_state = IB_QPS_RTS;
	attr.sq_psn = PSN;
	/* for ever: nothing that a test waits for may need the timer */
	attr.timeout = 0;
	attr.retry_cnt = 7;
	attr.rnr_retry = 7;
	attr.max_rd_atomic = 4;
	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_SQ_PSN | IB_QP_TIMEOUT |
			    IB_QP_RETRY_CNT | IB_QP_RNR_RETRY | IB_QP_MAX_QP_RD_ATOMIC);
}

static void make_side(struct sr_env *e, struct sr_side *s)
{
	struct ib_cq_init_attr cq_attr = { .cqe = 4 * DEPTH };
	struct kunit *test = e->test;
	struct ib_qp_init_attr init = {
		.cap = { .max_send_wr = DEPTH, .max_recv_wr = DEPTH, .max_send_sge = 2,
			 .max_recv_sge = 2, .max_inline_data = 64 },
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
	};

	s->pd = ib_alloc_pd(e->dev, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(s->pd));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, dealloc_pd_action, s->pd), 0);
	s->cq = ib_create_cq(e->dev, NULL, NULL, NULL, &cq_attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(s->cq));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_cq_action, s->cq), 0);
	init.send_cq = s->cq;
	init.recv_cq = s->cq;
	s->qp = ib_create_qp(s->pd, &init);
	KUNIT_ASSERT_FALSE(test, IS_ERR(s->qp));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_qp_action, s->qp), 0);
}

static u64 bells_now(struct ib_device *dev)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(to_ndk_nic(dev)->stats, cpu)->v[NDK_STAT_DOORBELLS];
	return sum;
}

struct sr_env *sr_env(struct kunit *test, bool direct)
{
	struct sr_env *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	struct sr_dev *dev;

	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_ASSERT_NOT_NULL(test, shared);
	e->test = test;
	e->dev = shared;
	/* a chain ends when the test says so */
	to_ndk_nic(e->dev)->limits.usecs = 0;
	dev = to_ndk_nic(e->dev)->priv;
	WRITE_ONCE(dev->direct, direct);
	make_side(e, &e->a);
	make_side(e, &e->b);
	KUNIT_ASSERT_EQ(test, connect(e->a.qp, e->b.qp->qp_num), 0);
	KUNIT_ASSERT_EQ(test, connect(e->b.qp, e->a.qp->qp_num), 0);
	e->bells = bells_now(e->dev);
	return e;
}

/* since the test began */
u64 sr_env_bells(struct sr_env *e)
{
	return bells_now(e->dev) - e->bells;
}

void sr_env_wc(struct sr_env *e, struct sr_side *s, u64 id, enum ib_wc_status status,
	       struct ib_wc *wc)
{
	struct ib_wc mine = { };
	int i, got = 0;

	wc = wc ?: &mine;
	for (i = 0; i < WAIT_MS * 10 && !got; i++) {
		got = ib_poll_cq(s->cq, 1, wc);
		if (!got)
			usleep_range(50, 100);
	}
	KUNIT_ASSERT_EQ_MSG(e->test, got, 1, "no completion where that of request %llu was due",
			    id);
	KUNIT_EXPECT_EQ(e->test, wc->wr_id, id);
	KUNIT_EXPECT_EQ_MSG(e->test, wc->status, status, "request %llu: %s", id,
			    ib_wc_status_msg(wc->status));
}

void sr_env_no_wc(struct sr_env *e, struct sr_side *s)
{
	struct ib_wc wc = { };

	KUNIT_EXPECT_EQ_MSG(e->test, ib_poll_cq(s->cq, 1, &wc), 0,
			    "unexpected completion of request %llu", wc.wr_id);
}
