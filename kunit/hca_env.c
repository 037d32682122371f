// SPDX-License-Identifier: GPL-2.0
/*
 * The world of the stacked backend's tests, see hca_env.h.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <net/net_namespace.h>
#include <rdma/ib_cache.h>

#include "hca_env.h"

#define CQ_ENTRIES	255
#define DEPTH		16
#define SOON_MS		2000

static struct low_dev *shared_low;
static struct ib_device *shared_up;

KUNIT_DEFINE_ACTION_WRAPPER(dealloc_pd_action, ib_dealloc_pd, struct ib_pd *);
KUNIT_DEFINE_ACTION_WRAPPER(destroy_cq_action, ib_destroy_cq, struct ib_cq *);
KUNIT_DEFINE_ACTION_WRAPPER(destroy_qp_action, ib_destroy_qp, struct ib_qp *);

/* A lower device of the name; @change may alter it before others see it. */
struct low_dev *hca_low_new(const char *name, void (*change)(struct low_dev *low))
{
	struct low_dev *low = low_alloc();

	if (!low)
		return NULL;
	if (change)
		change(low);
	if (!low_register(low, name))
		return low;
	low_free(low);
	return NULL;
}

/* With a reference. */
struct ib_device *hca_up_get(const char *name)
{
	return ib_device_get_by_name(name, RDMA_DRIVER_UNKNOWN);
}

/* What `rdma link add` does, with the module's parameter lower set to @on. */
int hca_up_new(const char *name, const char *on)
{
	return hca_newlink_on(name, init_net.loopback_dev, on);
}

void hca_up_remove(const char *name)
{
	struct ib_device *up = hca_up_get(name);

	if (up)
		ndk_nic_unregister(to_ndk_nic(up));
}

int hca_suite_init(struct kunit_suite *suite)
{
	int err;

	shared_low = hca_low_new(LOW_NAME, NULL);
	if (!shared_low)
		return -ENOMEM;
	err = hca_up_new(UP_NAME, LOW_NAME);
	if (!err)
		shared_up = hca_up_get(UP_NAME);
	if (shared_up)
		return 0;
	low_unregister(shared_low);
	return err ?: -ENODEV;
}

void hca_suite_exit(struct kunit_suite *suite)
{
	if (!shared_up)
		return;
	ndk_nic_unregister(to_ndk_nic(shared_up));
	low_unregister(shared_low);
	shared_up = NULL;
}

static void on_comp(struct ib_cq *cq, void *arg)
{
	struct hca_cq *c = arg;

	if (in_hardirq() || irqs_disabled())
		c->locked = true;
	atomic_inc(&c->fired);
}

static void on_qp_event(struct ib_event *ev, void *arg)
{
	struct hca_env *e = arg;

	set_bit(ev->event, &e->qp_events);
}

static struct hca_cq *new_cq(struct hca_env *e)
{
	struct ib_cq_init_attr attr = { .cqe = CQ_ENTRIES };
	struct hca_cq *c = kunit_kzalloc(e->test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(e->test, c);
	c->cq = ib_create_cq(e->up, on_comp, NULL, c, &attr);
	KUNIT_ASSERT_FALSE_MSG(e->test, IS_ERR(c->cq), "ib_create_cq: %pe", c->cq);
	KUNIT_ASSERT_EQ(e->test, kunit_add_action_or_reset(e->test, destroy_cq_action, c->cq), 0);
	return c;
}

static u64 stat_now(struct hca_env *e, enum ndk_stat which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(to_ndk_nic(e->up)->stats, cpu)->v[which];
	return sum;
}

/* since the test began */
u64 hca_stat(struct hca_env *e, enum ndk_stat which)
{
	return stat_now(e, which) - e->stats[which];
}

struct hca_env *hca_env_create(struct kunit *test)
{
	struct hca_env *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_ASSERT_NOT_NULL(test, shared_up);
	e->test = test;
	e->low = shared_low;
	e->up = shared_up;
	e->low->automatic = false;
	e->low->stuck = false;
	e->low->replaces = false;
	to_ndk_nic(e->up)->limits.bound = 64;
	to_ndk_nic(e->up)->limits.usecs = 0;
	for (i = 0; i < NDK_STAT_MAX; i++)
		e->stats[i] = stat_now(e, i);
	e->pd = ib_alloc_pd(e->up, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(e->pd), "ib_alloc_pd: %pe", e->pd);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, dealloc_pd_action, e->pd), 0);
	e->scq = new_cq(e);
	e->rcq = new_cq(e);
	return e;
}

struct ib_qp *hca_qp_new(struct hca_env *e, enum ib_qp_type type, struct ib_srq *srq)
{
	struct ib_qp_init_attr init = {
		.event_handler = on_qp_event,
		.qp_context = e,
		.send_cq = e->scq->cq,
		.recv_cq = e->rcq->cq,
		.srq = srq,
		.cap = {
			.max_send_wr = DEPTH,
			.max_recv_wr = DEPTH,
			.max_send_sge = 2,
			.max_recv_sge = 2,
			.max_inline_data = LOW_DATA,
		},
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = type,
	};
	struct ib_qp *qp = ib_create_qp(e->pd, &init);

	KUNIT_ASSERT_FALSE_MSG(e->test, IS_ERR(qp), "ib_create_qp: %pe", qp);
	KUNIT_ASSERT_EQ(e->test, kunit_add_action_or_reset(e->test, destroy_qp_action, qp), 0);
	return qp;
}

struct ib_qp *hca_rts_qp(struct hca_env *e)
{
	struct ib_qp *qp = hca_qp_new(e, IB_QPT_RC, NULL);

	KUNIT_ASSERT_EQ(e->test, hca_go_to(qp, IB_QPS_RTS), 0);
	return qp;
}

/* Waits until the core has made a GID of loopback's address. */
static int fill_path(struct ib_qp *qp, struct ib_qp_attr *attr)
{
	union ib_gid gid = {};
	int i;

	for (i = 0; i < SOON_MS && rdma_query_gid(qp->device, 1, 0, &gid); i++)
		usleep_range(1000, 2000);
	attr->ah_attr.type = RDMA_AH_ATTR_TYPE_ROCE;
	rdma_ah_set_grh(&attr->ah_attr, &gid, 0, 0, 64, 0);
	rdma_ah_set_port_num(&attr->ah_attr, 1);
	return i < SOON_MS ? 0 : -ENOENT;
}

static int step(struct ib_qp *qp, enum ib_qp_state to)
{
	struct ib_qp_attr attr = { .qp_state = to, .port_num = 1 };
	bool rc = qp->qp_type == IB_QPT_RC;
	int mask = IB_QP_STATE, err = 0;

	if (to == IB_QPS_INIT)
		mask |= IB_QP_PKEY_INDEX | IB_QP_PORT | (rc ? IB_QP_ACCESS_FLAGS : IB_QP_QKEY);
	if (to == IB_QPS_RTR && rc) {
		err = fill_path(qp, &attr);
		attr.path_mtu = IB_MTU_1024;
		attr.dest_qp_num = 0x123456;
		mask |= IB_QP_AV | IB_QP_PATH_MTU | IB_QP_DEST_QPN | IB_QP_RQ_PSN |
			IB_QP_MAX_DEST_RD_ATOMIC | IB_QP_MIN_RNR_TIMER;
	}
	if (to == IB_QPS_RTS)
		mask |= IB_QP_SQ_PSN | (rc ? IB_QP_TIMEOUT | IB_QP_RETRY_CNT | IB_QP_RNR_RETRY |
						IB_QP_MAX_QP_RD_ATOMIC : 0);
	return err ?: ib_modify_qp(qp, &attr, mask);
}

/* From RESET, the shortest way. */
int hca_go_to(struct ib_qp *qp, enum ib_qp_state to)
{
	int err = step(qp, IB_QPS_INIT);

	if (!err && to >= IB_QPS_RTR)
		err = step(qp, IB_QPS_RTR);
	if (!err && to >= IB_QPS_RTS)
		err = step(qp, IB_QPS_RTS);
	return err;
}

void hca_to_error(struct ib_qp *qp)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };

	ib_modify_qp(qp, &attr, IB_QP_STATE);
}

enum ib_qp_state hca_state(struct ib_qp *qp)
{
	return READ_ONCE(to_ndk_qp(qp)->state);
}

struct low_qp *hca_low_qp(struct ib_qp *qp)
{
	return to_low_qp(((struct hca_qp *)to_ndk_qp(qp)->priv)->lower);
}

/* A WRITE of 8 bytes. */
int hca_post(struct hca_env *e, struct ib_qp *qp, u64 id, int flags)
{
	static u64 data;
	struct ib_sge sge = {
		.addr = (uintptr_t)&data,
		.length = sizeof(data),
		.lkey = e->pd->local_dma_lkey,
	};
	struct ib_rdma_wr wr = {
		.wr = {
			.wr_id = id,
			.opcode = IB_WR_RDMA_WRITE,
			.send_flags = flags,
			.sg_list = &sge,
			.num_sge = 1,
		},
		.remote_addr = 0x1000 + id,
		.rkey = 0x55,
	};

	return ib_post_send(qp, &wr.wr, NULL);
}

int hca_post_recv(struct ib_qp *qp, u64 id)
{
	struct ib_recv_wr wr = { .wr_id = id };
	const struct ib_recv_wr *bad;

	return ib_post_recv(qp, &wr, &bad);
}

bool hca_soon(bool (*holds)(void *arg), void *arg)
{
	int i;

	for (i = 0; i < SOON_MS && !holds(arg); i++)
		usleep_range(1000, 2000);
	return holds(arg);
}

void hca_expect_wc(struct hca_env *e, struct hca_cq *c, u64 id, enum ib_wc_status status)
{
	struct ib_wc wc = {};
	int i, got;

	for (i = 0; i < SOON_MS && !(got = ib_poll_cq(c->cq, 1, &wc)); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ_MSG(e->test, got, 1, "no completion where that of %llu was due", id);
	KUNIT_EXPECT_EQ(e->test, wc.wr_id, id);
	KUNIT_EXPECT_EQ_MSG(e->test, wc.status, status, "request %llu: %s", id,
			    ib_wc_status_msg(wc.status));
}

/* The work that would bring one runs at the end of an interrupt: long enough. */
void hca_expect_no_wc(struct hca_env *e, struct hca_cq *c)
{
	struct ib_wc wc = {};

	usleep_range(5000, 6000);
	KUNIT_EXPECT_EQ_MSG(e->test, ib_poll_cq(c->cq, 1, &wc), 0,
			    "unexpected completion of %llu", wc.wr_id);
}

MODULE_DESCRIPTION("KUnit tests of ndk_hca on a lower device that behaves like hardware");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
