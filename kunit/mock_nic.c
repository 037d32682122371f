// SPDX-License-Identifier: GPL-2.0
/*
 * The NIC of the provider tests, see mock_nic.h.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "mock_nic.h"

#define FIRST_QPN	0x11

static void gsi_work(struct work_struct *work);

static struct mock_nic *to_mock(struct ndk_nic *nic)
{
	return nic->priv;
}

static void mock_release(struct ndk_nic *nic)
{
	to_mock(nic)->released++;
}

static int mock_enable(struct ndk_nic *nic)
{
	to_mock(nic)->enabled++;
	return 0;
}

/* Loopback is always there, and gives the port a GID, but not connections. */
static struct net_device *mock_get_netdev(struct ndk_nic *nic)
{
	if (to_mock(nic)->cm)
		return mock_cm_netdev(to_mock(nic)->cm);
	dev_hold(init_net.loopback_dev);
	return init_net.loopback_dev;
}

static int mock_query_port(struct ndk_nic *nic, struct ib_port_attr *attr)
{
	attr->state = IB_PORT_ACTIVE;
	attr->phys_state = IB_PORT_PHYS_STATE_LINK_UP;
	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = MOCK_MTU;
	attr->active_speed = IB_SPEED_SDR;
	attr->active_width = IB_WIDTH_1X;
	return 0;
}

static bool has_type(struct mock_nic *mock, enum ib_qp_type type)
{
	return type == IB_QPT_RC || (type == IB_QPT_GSI && mock->cm);
}

static void publish(struct mock_nic *mock, struct mock_qp *m, enum ib_qp_type type)
{
	spin_lock_bh(&mock->lock);
	m->qp->ibqp.qp_num = type == IB_QPT_GSI ? MOCK_GSI : mock->next_qpn++;
	list_add_tail(&m->link, &mock->list);
	spin_unlock_bh(&mock->lock);
	atomic_inc(&mock->qps);
}

static int mock_qp_create(struct ndk_qp *qp, const struct ib_qp_init_attr *init)
{
	struct mock_nic *mock = to_mock(qp->nic);
	struct mock_qp *m;

	if (!has_type(mock, init->qp_type))
		return -EOPNOTSUPP;
	if (mock->create_err)
		return mock->create_err;
	if (mock->room_sge && init->cap.max_send_sge > mock->room_sge)
		return -EINVAL;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->log = kvcalloc(MOCK_LOG, sizeof(*m->log), GFP_KERNEL);
	if (!m->log) {
		kfree(m);
		return -ENOMEM;
	}
	m->qp = qp;
	m->refuse = -1;
	spin_lock_init(&m->lock);
	INIT_WORK(&m->gsi, gsi_work);
	qp->priv = m;
	publish(mock, m, init->qp_type);
	return 0;
}

static void mock_qp_destroy(struct ndk_qp *qp)
{
	struct mock_nic *mock = to_mock(qp->nic);
	struct mock_qp *m = qp->priv;

	spin_lock_bh(&mock->lock);
	list_del(&m->link);
	spin_unlock_bh(&mock->lock);
	cancel_work_sync(&m->gsi);
	atomic_dec(&mock->qps);
	kvfree(m->log);
	kfree(m);
}

/* with a reference */
struct net_device *mock_netdev(struct mock_nic *mock)
{
	return mock_get_netdev(mock->nic);
}
EXPORT_SYMBOL_GPL(mock_netdev);

static int mock_qp_modify(struct ndk_qp *qp, const struct ib_qp_attr *attr, int mask,
			  enum ib_qp_state from, enum ib_qp_state to)
{
	struct mock_qp *m = qp->priv;
	int err = m->modify_err;

	m->modified++;
	m->modify_err = 0;
	if (to == IB_QPS_ERR)
		mock_flush(m);
	if (to == IB_QPS_RESET)
		m->shown = 0;
	return err;
}

static void note(struct mock_qp *m, const struct ndk_swqe *w)
{
	struct mock_req *r = &m->log[m->nlog];

	if (m->nlog == MOCK_LOG)
		return;
	m->nlog++;
	r->wr_id = w->wr_id;
	r->remote_addr = w->remote_addr;
	r->flags = w->flags;
	r->length = w->length;
	r->rkey = w->rkey;
	r->inv_rkey = w->inv_rkey;
	r->opcode = w->opcode;
	r->num_sge = w->num_sge;
	if (w->num_sge) {
		r->lkey = w->sge[0].lkey;
		r->addr = w->sge[0].addr;
	}
	if (w->flags & IB_SEND_INLINE)
		memcpy(r->payload, w->inline_data, min_t(u32, w->length, MOCK_FIRST));
}

static int mock_doorbell(struct ndk_qp *qp, u32 first, u32 end, u32 *refused)
{
	struct mock_qp *m = qp->priv;
	u32 i;

	if (m->nbells < MOCK_BELLS) {
		m->bells[m->nbells].first = first;
		m->bells[m->nbells].end = end;
	}
	m->nbells++;
	for (i = first; i != end && (m->refuse < 0 || i != first + m->refuse); i++)
		note(m, ndk_sq_wqe(qp, i));
	if (m->refuse < 0) {
		/* pairs with the acquire in complete_locked() */
		smp_store_release(&m->shown, end);
		return 0;
	}
	*refused = first + m->refuse;
	m->refuse = -1;
	/* pairs with the acquire in complete_locked() */
	smp_store_release(&m->shown, *refused);
	return -EIO;
}

static void flush_locked(struct mock_qp *m, struct ndk_notify *n)
{
	ndk_sq_flush(m->qp, n);
	ndk_rq_flush(m->qp, n);
}

static u32 complete_locked(struct mock_qp *m, u32 max, struct ndk_notify *n)
{
	/* pairs with the release in mock_doorbell() */
	u32 end = smp_load_acquire(&m->shown);
	u32 done = READ_ONCE(m->qp->sq.defer.completed);
	u32 num = min(max, end - done);

	if (num)
		ndk_sq_complete(m->qp, done + num, n);
	return num;
}

static void gsi_work(struct work_struct *work)
{
	struct mock_qp *m = container_of(work, struct mock_qp, gsi);
	struct ndk_notify n;

	ndk_notify_init(&n);
	spin_lock_bh(&m->lock);
	if (READ_ONCE(m->qp->state) == IB_QPS_ERR) {
		flush_locked(m, &n);
	} else {
		mock_gsi_send(to_mock(m->qp->nic), m, &n);
		complete_locked(m, m->sent - READ_ONCE(m->qp->sq.defer.completed), &n);
	}
	spin_unlock_bh(&m->lock);
	ndk_notify_flush(&n);
}

static bool completes(const struct mock_qp *m)
{
	return to_mock(m->qp->nic)->automatic && !READ_ONCE(m->hold);
}

/* The state is read under the lock that the flush takes: no success behind it. */
static void mock_progress(struct ndk_qp *qp)
{
	struct mock_qp *m = qp->priv;
	struct ndk_notify n;

	atomic_inc(&m->progressed);
	if (qp->ibqp.qp_type == IB_QPT_GSI) {
		queue_work(system_unbound_wq, &m->gsi);
		return;
	}
	ndk_notify_init(&n);
	spin_lock_bh(&m->lock);
	if (READ_ONCE(qp->state) == IB_QPS_ERR)
		flush_locked(m, &n);
	else if (completes(m))
		complete_locked(m, U32_MAX, &n);
	spin_unlock_bh(&m->lock);
	ndk_notify_flush(&n);
}

static int mock_reg_user_mr(struct ndk_mr *mr, u64 start, u64 length, u64 iova, int access)
{
	return -EOPNOTSUPP;
}

static int mock_get_dma_mr(struct ndk_mr *mr, int access)
{
	mr->ibmr.lkey = 0x100;
	mr->ibmr.rkey = 0x100;
	atomic_inc(&to_mock(to_ndk_nic(mr->ibmr.device))->mrs);
	return 0;
}

static int mock_alloc_mr(struct ndk_mr *mr, u32 max_num_sg)
{
	struct mock_nic *mock = to_mock(to_ndk_nic(mr->ibmr.device));

	/* 0x100 is the key of all memory */
	mr->ibmr.lkey = (u32)(atomic_inc_return(&mock->next_key) + 1) << 8;
	mr->ibmr.rkey = mr->ibmr.lkey;
	mr->priv = (void *)(uintptr_t)max_num_sg;
	atomic_inc(&mock->mrs);
	return 0;
}

static int mock_map_mr_sg(struct ndk_mr *mr, struct scatterlist *sg, int num,
			  unsigned int *offset)
{
	u32 max = (uintptr_t)mr->priv;
	struct scatterlist *s;
	u64 length = 0;
	int i;

	if (num > max)
		num = max;
	for_each_sg(sg, s, num, i)
		length += sg_dma_len(s) - (!i && offset ? *offset : 0);
	mr->ibmr.iova = sg_dma_address(sg) + (offset ? *offset : 0);
	mr->ibmr.length = length;
	return num;
}

static int mock_dereg_mr(struct ndk_mr *mr)
{
	atomic_dec(&to_mock(to_ndk_nic(mr->ibmr.device))->mrs);
	return 0;
}

#define PLAIN_OPS					\
	.owner = THIS_MODULE,				\
	.kind = "mock",					\
	.release = mock_release,			\
	.enable = mock_enable,				\
	.get_netdev = mock_get_netdev,			\
	.query_port = mock_query_port,			\
	.qp_create = mock_qp_create,			\
	.qp_modify = mock_qp_modify,			\
	.qp_destroy = mock_qp_destroy,			\
	.doorbell = mock_doorbell,			\
	.progress = mock_progress,			\
	.reg_user_mr = mock_reg_user_mr,		\
	.get_dma_mr = mock_get_dma_mr,			\
	.dereg_mr = mock_dereg_mr

static int mock_enable_mr(struct ndk_mr *mr, int access)
{
	return mr->ibmr.length ? 0 : -EINVAL;
}

static const struct ndk_nic_ops mock_ops[] = {
	[MOCK_PLAIN] = {
		PLAIN_OPS,
	},
	[MOCK_FULL] = {
		PLAIN_OPS,
		.alloc_mr = mock_alloc_mr,
		.map_mr_sg = mock_map_mr_sg,
		.enable_mr = mock_enable_mr,
		.ah_create = mock_ah_create,
		.ah_destroy = mock_ah_destroy,
	},
};

static void describe_keys(struct ndk_nic *nic)
{
	nic->attr.device_cap_flags |= IB_DEVICE_MEM_MGT_EXTENSIONS;
	nic->attr.max_fast_reg_page_list_len = MOCK_MAX_PAGES;
	/* the MAD layer's queues */
	nic->attr.max_qp_wr = MOCK_FULL_MAX_WR;
	nic->attr.max_ah = 1024;
}

static void describe(struct ndk_nic *nic)
{
	struct ib_device_attr *a = &nic->attr;

	a->max_mr_size = U64_MAX;
	a->page_size_cap = PAGE_SIZE;
	a->max_qp = 1024;
	a->max_qp_wr = MOCK_MAX_WR;
	a->max_send_sge = MOCK_MAX_SGE;
	a->max_recv_sge = MOCK_MAX_SGE;
	a->max_sge_rd = MOCK_MAX_SGE;
	a->max_srq = 1024;
	a->max_srq_wr = MOCK_MAX_WR;
	a->max_srq_sge = MOCK_MAX_SGE;
	a->max_cq = 1024;
	a->max_cqe = MOCK_MAX_CQE;
	a->max_mr = 1024;
	a->max_pd = 1024;
	a->max_qp_rd_atom = MOCK_MAX_RD;
	a->max_qp_init_rd_atom = MOCK_MAX_RD;
	a->atomic_cap = IB_ATOMIC_HCA;
	a->max_pkeys = 1;
	nic->max_inline = MOCK_MAX_INLINE;
	nic->node_guid = cpu_to_be64(0x0200000000006d6bULL);
	/* the timer is the deferral suites' matter; here it must not interfere */
	nic->limits.usecs = 0;
}

struct mock_nic *mock_nic_new(enum mock_kind kind)
{
	struct mock_nic *mock = kzalloc(sizeof(*mock), GFP_KERNEL);

	if (!mock)
		return NULL;
	mock->kind = kind;
	mock->next_qpn = FIRST_QPN;
	spin_lock_init(&mock->lock);
	INIT_LIST_HEAD(&mock->list);
	if (kind == MOCK_FULL) {
		mock->cm = mock_cm_new();
		if (!mock->cm)
			goto err_mock;
	}
	mock->nic = ndk_nic_alloc(&mock_ops[kind], mock);
	if (!mock->nic)
		goto err_cm;
	describe(mock->nic);
	if (kind == MOCK_FULL)
		describe_keys(mock->nic);
	return mock;

err_cm:
	mock_cm_delete(mock->cm);
err_mock:
	kfree(mock);
	return NULL;
}
EXPORT_SYMBOL_GPL(mock_nic_new);

/* Removes the device, unless that has been done. */
void mock_nic_remove(struct mock_nic *mock)
{
	struct ndk_nic *nic = mock->nic;

	mock->nic = NULL;
	if (nic && !mock->released && ib_device_try_get(&nic->ibdev))
		ndk_nic_unregister(nic);
}
EXPORT_SYMBOL_GPL(mock_nic_remove);

void mock_nic_delete(struct mock_nic *mock)
{
	mock_nic_remove(mock);
	mock_cm_delete(mock->cm);
	kfree(mock);
}
EXPORT_SYMBOL_GPL(mock_nic_delete);

static void delete_action(void *arg)
{
	mock_nic_delete(arg);
}

/* Not registered yet; the test registers it or frees the adapter. */
struct mock_nic *mock_nic_alloc(struct kunit *test)
{
	struct mock_nic *mock = mock_nic_new(MOCK_PLAIN);

	KUNIT_ASSERT_NOT_NULL(test, mock);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, delete_action, mock), 0);
	return mock;
}
EXPORT_SYMBOL_GPL(mock_nic_alloc);

struct mock_nic *mock_nic_create(struct kunit *test, const char *name)
{
	struct mock_nic *mock = mock_nic_alloc(test);
	int err = ndk_nic_register(mock->nic, name);

	if (err)
		ndk_nic_free(mock->nic);
	KUNIT_ASSERT_EQ(test, err, 0);
	return mock;
}
EXPORT_SYMBOL_GPL(mock_nic_create);

/* Completes at most @max of the requests shown; returns how many. */
u32 mock_complete(struct mock_qp *m, u32 max)
{
	struct ndk_notify n;
	u32 num;

	ndk_notify_init(&n);
	spin_lock_bh(&m->lock);
	num = complete_locked(m, max, &n);
	spin_unlock_bh(&m->lock);
	ndk_notify_flush(&n);
	return num;
}
EXPORT_SYMBOL_GPL(mock_complete);

void mock_flush(struct mock_qp *m)
{
	struct ndk_notify n;

	ndk_notify_init(&n);
	spin_lock_bh(&m->lock);
	flush_locked(m, &n);
	spin_unlock_bh(&m->lock);
	ndk_notify_flush(&n);
}
EXPORT_SYMBOL_GPL(mock_flush);

/* The oldest request fails, with everything the transport then does. */
void mock_fail(struct mock_qp *m, enum ib_wc_status status)
{
	struct ndk_notify n;

	ndk_notify_init(&n);
	spin_lock_bh(&m->lock);
	ndk_qp_enter_error(m->qp, false);
	ndk_sq_fail(m->qp, status, &n);
	ndk_sq_flush(m->qp, &n);
	ndk_rq_flush(m->qp, &n);
	ndk_notify_event(&n, m->qp, IB_EVENT_QP_FATAL);
	spin_unlock_bh(&m->lock);
	ndk_notify_flush(&n);
}
EXPORT_SYMBOL_GPL(mock_fail);

/* A message arrives; returns what ndk_rq_take() did. */
int mock_receive(struct mock_qp *m, u32 bytes, bool solicited)
{
	struct ib_wc wc = { .opcode = IB_WC_RECV, .byte_len = bytes };

	return mock_receive_wc(m, &wc, solicited);
}
EXPORT_SYMBOL_GPL(mock_receive);

/* The same with more to say of it in @wc; wr_id is filled here. */
int mock_receive_wc(struct mock_qp *m, struct ib_wc *wc, bool solicited)
{
	struct ndk_notify n;
	struct ndk_rwqe *wqe;
	int got;

	wqe = kzalloc(sizeof(*wqe), GFP_KERNEL);
	if (!wqe)
		return -ENOMEM;
	ndk_notify_init(&n);
	spin_lock_bh(&m->lock);
	got = ndk_rq_take(m->qp, wqe, &n);
	if (got < 0)
		wc->status = IB_WC_LOC_QP_OP_ERR;
	if (got) {
		wc->wr_id = wqe->wr_id;
		ndk_recv_done(m->qp, wc, solicited, &n);
	}
	spin_unlock_bh(&m->lock);
	ndk_notify_flush(&n);
	kfree(wqe);
	return got;
}
EXPORT_SYMBOL_GPL(mock_receive_wc);

void mock_event(struct mock_qp *m, enum ib_event_type event)
{
	struct ndk_notify n;

	ndk_notify_init(&n);
	ndk_notify_event(&n, m->qp, event);
	ndk_notify_flush(&n);
}
EXPORT_SYMBOL_GPL(mock_event);

MODULE_DESCRIPTION("NIC for KUnit tests of the ndk provider and its kernel API");
MODULE_LICENSE("GPL");
