// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory registered at once, by no request of the consumer.
 *
 * Verbs know one way only for a region of kernel pages: IB_WR_REG_MR on a queue pair
 * of the same protection domain, which need not be the one that will use the region.
 * So a domain in which somebody asks gets a queue pair for that purpose, connected to
 * itself: it must be in RTS, and never sends a packet.
 */
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "hca.h"

/* a driver takes microseconds for it; what takes so long will not come */
#define REG_MS		5000

/**
 * struct hca_reg - a domain's queue pair for registering
 * @lock: one at a time
 * @qp: the lower QP, NULL if there is none (yet)
 * @cq: its completion queue
 * @cqe: of the request that is out
 * @done: it completed
 * @status: like that
 */
struct hca_reg {
	struct mutex lock; /* all of it */
	struct ib_qp *qp;
	struct ib_cq *cq;
	struct ib_cqe cqe;
	struct completion done;
	enum ib_wc_status status;
};

static void reg_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct hca_reg *reg = container_of(wc->wr_cqe, struct hca_reg, cqe);

	reg->status = wc->status;
	complete(&reg->done);
}

/* Any address of the port will do. */
static const struct ib_gid_attr *some_gid(struct hca_dev *hd)
{
	const struct ib_gid_attr *gid;
	struct ib_port_attr port;
	int i, err;

	err = ib_query_port(hd->lower, hd->port, &port);
	if (err)
		return ERR_PTR(err);
	for (i = 0; i < port.gid_tbl_len; i++) {
		gid = rdma_get_gid_attr(hd->lower, hd->port, i);
		if (!IS_ERR(gid))
			return gid;
	}
	return ERR_PTR(-EADDRNOTAVAIL);
}

static int to_init(struct hca_dev *hd, struct ib_qp *qp)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_INIT, .port_num = hd->port };

	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_PKEY_INDEX | IB_QP_PORT |
			    IB_QP_ACCESS_FLAGS);
}

static int to_rtr(struct hca_dev *hd, struct ib_qp *qp)
{
	const struct ib_gid_attr *gid = some_gid(hd);
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTR,
		.path_mtu = IB_MTU_256,
		.dest_qp_num = qp->qp_num,
	};
	union ib_gid own;
	int err;

	if (IS_ERR(gid))
		return PTR_ERR(gid);
	own = gid->gid;
	attr.ah_attr.type = rdma_ah_find_type(hd->lower, hd->port);
	rdma_ah_set_grh(&attr.ah_attr, &own, 0, gid->index, 1, 0);
	rdma_ah_set_port_num(&attr.ah_attr, hd->port);
	/* the core looks it up for programs only */
	err = rdma_read_gid_l2_fields(gid, NULL, attr.ah_attr.roce.dmac);
	if (err)
		goto out;
	err = ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_AV | IB_QP_PATH_MTU | IB_QP_DEST_QPN |
			   IB_QP_RQ_PSN | IB_QP_MAX_DEST_RD_ATOMIC | IB_QP_MIN_RNR_TIMER);
out:
	rdma_put_gid_attr(gid);
	return err;
}

static int to_rts(struct ib_qp *qp)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_RTS, .timeout = 14 };

	return ib_modify_qp(qp, &attr, IB_QP_STATE | IB_QP_TIMEOUT | IB_QP_RETRY_CNT |
			    IB_QP_RNR_RETRY | IB_QP_SQ_PSN | IB_QP_MAX_QP_RD_ATOMIC);
}

static int make_qp(struct hca_dev *hd, struct ib_pd *pd, struct hca_reg *reg)
{
	struct ib_qp_init_attr init = {
		.cap = {
			.max_send_wr = 1,
			.max_recv_wr = 1,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
		.sq_sig_type = IB_SIGNAL_ALL_WR,
		.qp_type = IB_QPT_RC,
		.port_num = hd->port,
	};
	struct ib_qp *qp;
	int err;

	reg->cq = ib_alloc_cq(hd->lower, NULL, 2, 0, IB_POLL_WORKQUEUE);
	if (IS_ERR(reg->cq))
		return PTR_ERR(reg->cq);
	init.send_cq = reg->cq;
	init.recv_cq = reg->cq;
	qp = ib_create_qp(pd, &init);
	if (IS_ERR(qp)) {
		err = PTR_ERR(qp);
		goto free_cq;
	}
	err = to_init(hd, qp) ?: to_rtr(hd, qp) ?: to_rts(qp);
	if (err)
		goto destroy_qp;
	reg->qp = qp;
	return 0;

destroy_qp:
	ib_destroy_qp(qp);
free_cq:
	ib_free_cq(reg->cq);
	return err;
}

static void drop_qp(struct hca_reg *reg)
{
	if (!reg->qp)
		return;
	ib_destroy_qp(reg->qp);
	ib_free_cq(reg->cq);
	reg->qp = NULL;
}

static struct hca_reg *reg_of(struct hca_pd *pd)
{
	struct hca_reg *reg = READ_ONCE(pd->reg), *other;

	if (reg)
		return reg;
	reg = kzalloc(sizeof(*reg), GFP_KERNEL);
	if (!reg)
		return NULL;
	mutex_init(&reg->lock);
	reg->cqe.done = reg_done;
	init_completion(&reg->done);
	other = cmpxchg(&pd->reg, NULL, reg);
	if (!other)
		return reg;
	kfree(reg);
	return other;
}

/* A queue pair that failed, or does not answer, is no use for the next one. */
static int carry_out(struct hca_reg *reg, struct ib_mr *mr, int access)
{
	struct ib_reg_wr wr = {
		.wr = {
			.wr_cqe = &reg->cqe,
			.opcode = IB_WR_REG_MR,
			.send_flags = IB_SEND_SIGNALED,
		},
		.mr = mr,
		.key = mr->rkey,
		.access = access,
	};
	int err;

	reinit_completion(&reg->done);
	err = ib_post_send(reg->qp, &wr.wr, NULL);
	if (!err && !wait_for_completion_timeout(&reg->done, msecs_to_jiffies(REG_MS)))
		err = -ETIMEDOUT;
	if (!err && reg->status != IB_WC_SUCCESS)
		err = -EIO;
	if (err)
		drop_qp(reg);
	return err;
}

/**
 * hca_enable_mr() - see struct ndk_nic_ops
 * @mr: the region, mapped
 * @access: its rights
 *
 * Return: 0; -EOPNOTSUPP for iWARP, where only a connection manager brings a queue
 * pair to RTS; -EADDRNOTAVAIL if the port has no address; what the lower device says.
 */
int hca_enable_mr(struct ndk_mr *mr, int access)
{
	struct hca_dev *hd = hca_of(mr->ibmr.device);
	struct hca_pd *pd = hca_pd_of(mr->ibmr.pd);
	struct ib_mr *low = ((struct hca_mr *)mr->priv)->lower;
	struct hca_reg *reg;
	int err = 0;

	if (hd->nic->iwarp)
		return -EOPNOTSUPP;
	reg = reg_of(pd);
	if (!reg)
		return -ENOMEM;
	low->iova = mr->ibmr.iova;
	mutex_lock(&reg->lock);
	if (!reg->qp)
		err = make_qp(hd, pd->lower, reg);
	if (!err)
		err = carry_out(reg, low, access);
	mutex_unlock(&reg->lock);
	if (err)
		ibdev_warn_ratelimited(&hd->nic->ibdev, "%s does not register: %d\n",
				       dev_name(&hd->lower->dev), err);
	return err;
}

/**
 * hca_enable_exit() - a domain goes
 * @pd: the domain
 */
void hca_enable_exit(struct hca_pd *pd)
{
	if (!pd->reg)
		return;
	drop_qp(pd->reg);
	mutex_destroy(&pd->reg->lock);
	kfree(pd->reg);
}
