// SPDX-License-Identifier: GPL-2.0
/*
 * The adapter: what it can do and how its port is, as the lower device has it.
 */
#include <linux/netdevice.h>
#include <linux/sysfs.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_cache.h>

#include "hca.h"

/* Queue slots are kernel memory of ours, too. */
#define MAX_QP_WR	32768
/* what the largest queue entry of user space describes as SGEs, it may have inline */
#define MAX_INLINE	512
/* entries of upper completion queues are kernel memory, no resource of the NIC */
#define MAX_CQE		(BIT(20) - 1)
/*
 * Of the EUI-64 of a MAC this turns the ff:fe in the middle into 4e:48 ("NH"): the
 * lower device has its own, and two devices must not have the same.
 */
#define GUID_CHANGE	0x000000b1b6000000ULL
/* what both the lower device and the way down to it can do */
#define CAPS		(IB_DEVICE_SYS_IMAGE_GUID | IB_DEVICE_RC_RNR_NAK_GEN |	\
			 IB_DEVICE_PORT_ACTIVE_EVENT | IB_DEVICE_MEM_MGT_EXTENSIONS)

static struct net_device *get_netdev(struct ndk_nic *nic)
{
	struct hca_dev *hd = to_hca(nic);

	return ib_device_get_netdev(hd->lower, hd->port);
}

/* We have no connection manager: the lower device's connects our queue pairs. */
static struct ib_device *cm_device(struct ndk_nic *nic, u32 *port)
{
	struct hca_dev *hd = to_hca(nic);

	*port = hd->port;
	return hd->lower;
}

static int query_port(struct ndk_nic *nic, struct ib_port_attr *attr)
{
	struct hca_dev *hd = to_hca(nic);
	struct ib_port_attr low = {};
	int err;

	err = ib_query_port(hd->lower, hd->port, &low);
	if (err)
		return err;
	attr->state = low.state;
	attr->phys_state = low.phys_state;
	attr->max_mtu = low.max_mtu;
	attr->active_mtu = low.active_mtu;
	attr->active_speed = low.active_speed;
	attr->active_width = low.active_width;
	WRITE_ONCE(hd->mtu, low.active_mtu);
	WRITE_ONCE(hd->max_mtu, low.max_mtu);
	return 0;
}

/*
 * Drivers take the RTNL to answer a query, and not all say when the netdev's MTU
 * changes. So it is the larger of the last answer and what the netdev has room
 * for by the core's rule; the lower device has the last word when it gets the QP.
 */
static enum ib_mtu active_mtu(struct ndk_nic *nic)
{
	enum ib_mtu mtu = READ_ONCE(to_hca(nic)->mtu), max = READ_ONCE(to_hca(nic)->max_mtu);
	struct net_device *ndev = get_netdev(nic);

	if (!ndev)
		return mtu;
	mtu = max(mtu, iboe_get_mtu(READ_ONCE(ndev->mtu)));
	dev_put(ndev);
	return min(mtu, max);
}

static int query_gid(struct ndk_nic *nic, int index, union ib_gid *gid)
{
	struct hca_dev *hd = to_hca(nic);

	return rdma_query_gid(hd->lower, hd->port, index, gid);
}

static void fatal_work(struct work_struct *work)
{
	struct hca_dev *hd = container_of(work, struct hca_dev, fatal);

	ndk_nic_fail(hd->nic, "the lower device reports a fatal fault");
}

/*
 * Of the lower device. Called under a lock of the core's that others hold around
 * the driver's: nothing is asked of the lower device from here.
 */
static void on_event(struct ib_event_handler *handler, struct ib_event *ev)
{
	struct hca_dev *hd = container_of(handler, struct hca_dev, events);

	switch (ev->event) {
	case IB_EVENT_DEVICE_FATAL:
		queue_work(hca_wq, &hd->fatal);
		return;
	case IB_EVENT_PORT_ACTIVE:
	case IB_EVENT_PORT_ERR:
		if (ev->element.port_num != hd->port)
			return;
		ndk_nic_port_event(hd->nic, ev->event == IB_EVENT_PORT_ACTIVE);
		return;
	default:
		/* GIDs are those of the netdev's addresses, here as below */
		return;
	}
}

/**
 * hca_nic_listen() - take part in the lower device's events
 * @hd: the device
 */
void hca_nic_listen(struct hca_dev *hd)
{
	INIT_WORK(&hd->fatal, fatal_work);
	INIT_IB_EVENT_HANDLER(&hd->events, hd->lower, on_event);
	ib_register_event_handler(&hd->events);
	hd->listening = true;
}

/**
 * hca_nic_deaf() - no longer; waits for a running handler
 * @hd: the device
 */
void hca_nic_deaf(struct hca_dev *hd)
{
	ib_unregister_event_handler(&hd->events);
	cancel_work_sync(&hd->fatal);
	hd->listening = false;
}

static void release(struct ndk_nic *nic)
{
	hca_link_released(to_hca(nic));
}

const struct ndk_nic_ops hca_nic_ops = {
	.owner = THIS_MODULE,
	.kind = "hca",
	.release = release,
	.get_netdev = get_netdev,
	.cm_device = cm_device,
	.query_port = query_port,
	.active_mtu = active_mtu,
	.query_gid = query_gid,
	.pd_alloc = hca_pd_alloc,
	.pd_dealloc = hca_pd_dealloc,
	.qp_create = hca_qp_create,
	.qp_modify = hca_qp_modify,
	.qp_query = hca_qp_query,
	.qp_destroy = hca_qp_destroy,
	.doorbell = hca_doorbell,
	.progress = hca_progress,
	.recv_posted = hca_recv_posted,
	.srq_create = hca_srq_create,
	.srq_arm = hca_srq_arm,
	.srq_posted = hca_srq_posted,
	.srq_destroy = hca_srq_destroy,
	.reg_user_mr = hca_reg_user_mr,
	.reg_user_mr_dmabuf = hca_reg_user_mr_dmabuf,
	.rereg_user_mr = hca_rereg_user_mr,
	.get_dma_mr = hca_get_dma_mr,
	.alloc_mr = hca_alloc_mr,
	.map_mr_sg = hca_map_mr_sg,
	.enable_mr = hca_enable_mr,
	.dereg_mr = hca_dereg_mr,
	.ah_create = hca_ah_create,
	.ah_destroy = hca_ah_destroy,
	.mcast_attach = hca_mcast_attach,
	.mcast_detach = hca_mcast_detach,
};

static ssize_t lower_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct ndk_nic *nic = rdma_device_to_drv_device(d, struct ndk_nic, ibdev);
	struct hca_dev *hd = to_hca(nic);

	return sysfs_emit(buf, "%s/%u\n", dev_name(&hd->lower->dev), hd->port);
}
static DEVICE_ATTR_RO(lower);

static ssize_t recv_poll_usecs_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct ndk_nic *nic = rdma_device_to_drv_device(d, struct ndk_nic, ibdev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(to_hca(nic)->watch.min_usecs));
}

static ssize_t recv_poll_usecs_store(struct device *d, struct device_attribute *attr,
				     const char *buf, size_t len)
{
	struct ndk_nic *nic = rdma_device_to_drv_device(d, struct ndk_nic, ibdev);
	u32 v;
	int err = kstrtou32(buf, 0, &v);

	if (!err && (v < 10 || v > USEC_PER_MSEC))
		err = -ERANGE;
	if (err) {
		ibdev_warn_ratelimited(&nic->ibdev, "recv_poll_usecs: not a number in 10..1000\n");
		return err;
	}
	WRITE_ONCE(to_hca(nic)->watch.min_usecs, v);
	return len;
}
static DEVICE_ATTR_RW(recv_poll_usecs);

static struct attribute *hca_attrs[] = {
	&dev_attr_lower.attr,
	&dev_attr_recv_poll_usecs.attr,
	NULL
};

/* what limits QPs: their lower completion queue has room for both directions */
static void limit_queues(struct ib_device_attr *a, const struct ib_device_attr *low)
{
	a->max_qp_wr = min3(low->max_qp_wr, (low->max_cqe - 1) / 2, MAX_QP_WR);
	a->max_srq_wr = min3(low->max_srq_wr, (low->max_cqe - 1) / 2, MAX_QP_WR);
	a->max_qp = min(low->max_qp, low->max_cq);
	a->max_send_sge = min(low->max_send_sge, NDK_MAX_SGE);
	a->max_recv_sge = min(low->max_recv_sge, NDK_MAX_SGE);
	a->max_sge_rd = min(low->max_sge_rd, NDK_MAX_SGE);
	a->max_srq_sge = min(low->max_srq_sge, NDK_MAX_SGE);
	a->max_cqe = MAX_CQE;
	a->max_cq = low->max_cq;
}

static void fill_attr(struct hca_dev *hd)
{
	const struct ib_device_attr *low = &hd->lower->attrs;
	struct ndk_nic *nic = hd->nic;
	struct ib_device_attr *a = &nic->attr;

	nic->node_guid = hd->lower->node_guid ^ cpu_to_be64(GUID_CHANGE);
	nic->dma_device = hd->lower->dma_device;
	nic->iwarp = rdma_protocol_iwarp(hd->lower, hd->port);
	nic->no_cm = true;
	nic->groups = hca_attrs;
	a->fw_ver = low->fw_ver;
	a->sys_image_guid = low->sys_image_guid;
	a->vendor_id = low->vendor_id;
	a->vendor_part_id = low->vendor_part_id;
	a->hw_ver = low->hw_ver;
	a->max_mr_size = low->max_mr_size;
	a->page_size_cap = low->page_size_cap;
	a->device_cap_flags = low->device_cap_flags & CAPS;
	a->kernel_cap_flags = low->kernel_cap_flags & IBK_ALLOW_USER_UNREG;
	a->max_srq = low->max_srq;
	a->max_mr = low->max_mr;
	a->max_fast_reg_page_list_len = low->max_fast_reg_page_list_len;
	a->max_pd = low->max_pd;
	a->max_ah = low->max_ah;
	a->max_mcast_grp = low->max_mcast_grp;
	a->max_mcast_qp_attach = low->max_mcast_qp_attach;
	a->max_total_mcast_qp_attach = low->max_total_mcast_qp_attach;
	a->max_qp_rd_atom = low->max_qp_rd_atom;
	a->max_qp_init_rd_atom = low->max_qp_init_rd_atom;
	a->max_res_rd_atom = low->max_res_rd_atom;
	a->atomic_cap = low->atomic_cap;
	a->max_pkeys = 1;
	a->local_ca_ack_delay = low->local_ca_ack_delay;
	limit_queues(a, low);
}

static int try_inline(struct ib_pd *pd, struct ib_cq *cq, u32 bytes, u32 *granted)
{
	struct ib_qp_init_attr init = {
		.send_cq = cq,
		.recv_cq = cq,
		.cap = {
			.max_send_wr = 1,
			.max_recv_wr = 1,
			.max_send_sge = 1,
			.max_recv_sge = 1,
			.max_inline_data = bytes,
		},
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
	};
	struct ib_qp *qp = ib_create_qp(pd, &init);

	if (IS_ERR(qp))
		return PTR_ERR(qp);
	ib_destroy_qp(qp);
	*granted = min(init.cap.max_inline_data, bytes);
	return 0;
}

/* No attribute of a device tells: a QP has to be made. */
static int probe_inline(struct hca_dev *hd, struct ib_pd *pd, struct ib_cq *cq)
{
	u32 bytes = MAX_INLINE;
	int err;

	while ((err = try_inline(pd, cq, bytes, &hd->nic->max_inline)) && bytes)
		bytes = bytes > 32 ? bytes / 2 : 0;
	return err;
}

static int probe(struct hca_dev *hd)
{
	struct ib_cq_init_attr attr = { .cqe = 2 };
	struct ib_cq *cq;
	struct ib_pd *pd;
	int err;

	pd = ib_alloc_pd(hd->lower, 0);
	if (IS_ERR(pd))
		return PTR_ERR(pd);
	cq = ib_create_cq(hd->lower, NULL, NULL, NULL, &attr);
	err = PTR_ERR_OR_ZERO(cq);
	if (err)
		goto pd;
	err = probe_inline(hd, pd, cq);
	ib_destroy_cq(cq);
pd:
	ib_dealloc_pd(pd);
	return err;
}

static int check_attr(const struct hca_dev *hd)
{
	const struct ib_device_attr *a = &hd->nic->attr;

	if (a->max_qp_wr < 1 || a->max_send_sge < 1 || a->max_recv_sge < 1 || a->max_qp < 1) {
		ibdev_err(hd->lower, "makes no sense: qp_wr[%d] send_sge[%d] recv_sge[%d] qp[%d]\n",
			  a->max_qp_wr, a->max_send_sge, a->max_recv_sge, a->max_qp);
		return -EINVAL;
	}
	return 0;
}

/**
 * hca_nic_describe() - what the adapter can do
 * @hd: the device, its lower one known
 *
 * Return: 0; -EPROTONOSUPPORT for a port that is neither RoCE nor iWARP; -EINVAL
 * for limits that cannot be; what the lower device says if it makes no QP.
 */
int hca_nic_describe(struct hca_dev *hd)
{
	struct ib_port_attr port = {};
	int err;

	if (!rdma_protocol_roce(hd->lower, hd->port) && !rdma_protocol_iwarp(hd->lower, hd->port)) {
		ibdev_err(hd->lower, "port %u is neither RoCE nor iWARP\n", hd->port);
		return -EPROTONOSUPPORT;
	}
	fill_attr(hd);
	err = check_attr(hd);
	if (err)
		return err;
	err = query_port(hd->nic, &port);
	if (!err)
		err = probe(hd);
	if (err)
		ibdev_err(hd->lower, "cannot be stood on: %d\n", err);
	return err;
}
