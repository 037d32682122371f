// SPDX-License-Identifier: GPL-2.0
/*
 * Device and port queries, and the table of verbs.
 */
#include <linux/export.h>
#include <rdma/ib_mad.h>

#include "provider.h"
#include "srq.h"

/*
 * One full-membership key and as many GIDs as a netdev is likely to have
 * addresses; both are table sizes, not resources.
 */
#define GID_TABLE_LEN	256

/* an iWARP port has one GID, which names the port and routes nothing */
static int gid_table_len(const struct ndk_nic *nic)
{
	return nic->iwarp ? 1 : GID_TABLE_LEN;
}

static int query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
			struct ib_udata *udata)
{
	if (udata && (udata->inlen || udata->outlen))
		return -EINVAL;
	*attr = to_ndk_nic(ibdev)->attr;
	return 0;
}

/* it talks by datagrams of QP 1 */
static bool has_cm(const struct ndk_nic *nic)
{
	return nic->ops->ah_create && !nic->no_cm;
}

static int query_port(struct ib_device *ibdev, u32 port, struct ib_port_attr *attr)
{
	struct ndk_nic *nic = to_ndk_nic(ibdev);

	attr->gid_tbl_len = gid_table_len(nic);
	attr->pkey_tbl_len = nic->attr.max_pkeys;
	attr->max_msg_sz = NDK_MAX_LENGTH;
	attr->max_vl_num = 1;
	if (has_cm(nic))
		attr->port_cap_flags |= IB_PORT_CM_SUP;
	return nic->ops->query_port(nic, attr);
}

static int get_port_immutable(struct ib_device *ibdev, u32 port, struct ib_port_immutable *im)
{
	struct ndk_nic *nic = to_ndk_nic(ibdev);

	im->core_cap_flags = RDMA_CORE_CAP_PROT_ROCE_UDP_ENCAP | RDMA_CORE_CAP_ETH_AH;
	if (nic->iwarp) {
		im->core_cap_flags = RDMA_CORE_CAP_PROT_IWARP;
	} else if (has_cm(nic)) {
		im->core_cap_flags = RDMA_CORE_PORT_IBA_ROCE_UDP_ENCAP;
		im->max_mad_size = IB_MGMT_MAD_SIZE;
	}
	im->gid_tbl_len = gid_table_len(nic);
	im->pkey_tbl_len = nic->attr.max_pkeys;
	return 0;
}

static enum rdma_link_layer get_link_layer(struct ib_device *ibdev, u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

/*
 * Never ib_device_set_netdev(): rdma_rxe looks devices up by netdev and driver
 * id, and must not find ours.
 */
static struct net_device *get_netdev(struct ib_device *ibdev, u32 port)
{
	struct ndk_nic *nic = to_ndk_nic(ibdev);

	return nic->ops->get_netdev ? nic->ops->get_netdev(nic) : NULL;
}

static int query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey)
{
	if (index >= to_ndk_nic(ibdev)->attr.max_pkeys)
		return -EINVAL;
	*pkey = IB_DEFAULT_PKEY_FULL;
	return 0;
}

/* asked for ports without a table of the core's */
static int query_gid(struct ib_device *ibdev, u32 port, int index, union ib_gid *gid)
{
	struct ndk_nic *nic = to_ndk_nic(ibdev);

	return nic->ops->query_gid ? nic->ops->query_gid(nic, index, gid) : -EOPNOTSUPP;
}

static void get_dev_fw_str(struct ib_device *ibdev, char *str)
{
	snprintf(str, IB_FW_VERSION_NAME_MAX, "%s", to_ndk_nic(ibdev)->ops->kind);
}

static int enable_driver(struct ib_device *ibdev)
{
	struct ndk_nic *nic = to_ndk_nic(ibdev);

	return nic->ops->enable ? nic->ops->enable(nic) : 0;
}

struct ndk_nic *ndk_nic_of(struct ib_device *ibdev)
{
	return ibdev->ops.query_device == query_device ? to_ndk_nic(ibdev) : NULL;
}
EXPORT_SYMBOL_GPL(ndk_nic_of);

const struct ib_device_ops ndk_dev_ops = {
	.driver_id = RDMA_DRIVER_RXE,
	.uverbs_abi_ver = 2,

	.enable_driver = enable_driver,
	.query_device = query_device,
	.query_port = query_port,
	.get_port_immutable = get_port_immutable,
	.get_link_layer = get_link_layer,
	.get_netdev = get_netdev,
	.query_pkey = query_pkey,
	.query_gid = query_gid,
	.get_dev_fw_str = get_dev_fw_str,

	.alloc_hw_port_stats = ndk_alloc_hw_port_stats,
	.get_hw_stats = ndk_get_hw_stats,
	.counter_bind_qp = ndk_counter_bind_qp,
	.counter_unbind_qp = ndk_counter_unbind_qp,
	.counter_dealloc = ndk_counter_dealloc,
	.counter_alloc_stats = ndk_counter_alloc_stats,
	.counter_update_stats = ndk_counter_update_stats,

	.alloc_ucontext = ndk_alloc_ucontext,
	.dealloc_ucontext = ndk_dealloc_ucontext,
	.disassociate_ucontext = ndk_disassociate_ucontext,
	.mmap = ndk_mmap,
	.mmap_free = ndk_mmap_free,
	.alloc_pd = ndk_alloc_pd,
	.dealloc_pd = ndk_dealloc_pd,

	.create_ah = ndk_create_ah,
	.create_user_ah = ndk_create_ah,
	.query_ah = ndk_query_ah,
	.destroy_ah = ndk_destroy_ah,
	.attach_mcast = ndk_attach_mcast,
	.detach_mcast = ndk_detach_mcast,

	.get_dma_mr = ndk_get_dma_mr,
	.reg_user_mr = ndk_reg_user_mr,
	.reg_user_mr_dmabuf = ndk_reg_user_mr_dmabuf,
	.rereg_user_mr = ndk_rereg_user_mr,
	.alloc_mr = ndk_alloc_mr,
	.map_mr_sg = ndk_map_mr_sg,
	.dereg_mr = ndk_dereg_mr,
	.alloc_mw = ndk_alloc_mw,
	.dealloc_mw = ndk_dealloc_mw,

	.create_cq = ndk_ib_create_cq,
	.resize_cq = ndk_ib_resize_cq,
	.poll_cq = ndk_poll_cq,
	.req_notify_cq = ndk_req_notify_cq,
	.pre_destroy_cq = ndk_pre_destroy_cq,
	.destroy_cq = ndk_destroy_cq,

	.create_srq = ndk_ib_create_srq,
	.modify_srq = ndk_ib_modify_srq,
	.query_srq = ndk_query_srq,
	.post_srq_recv = ndk_post_srq_recv,
	.destroy_srq = ndk_destroy_srq,

	.create_qp = ndk_ib_create_qp,
	.modify_qp = ndk_modify_qp,
	.query_qp = ndk_query_qp,
	.post_send = ndk_post_send,
	.post_recv = ndk_post_recv,
	.destroy_qp = ndk_destroy_qp,

	.fill_res_qp_entry = ndk_fill_res_qp_entry,
	.fill_res_cq_entry = ndk_fill_res_cq_entry,
	.fill_res_srq_entry = ndk_fill_res_srq_entry,

	INIT_RDMA_OBJ_SIZE(ib_ah, ndk_ah, ibah),
	INIT_RDMA_OBJ_SIZE(ib_cq, ndk_cq, ibcq),
	INIT_RDMA_OBJ_SIZE(ib_mw, ndk_mw, ibmw),
	INIT_RDMA_OBJ_SIZE(ib_pd, ndk_pd, ibpd),
	INIT_RDMA_OBJ_SIZE(ib_qp, ndk_qp, ibqp),
	INIT_RDMA_OBJ_SIZE(ib_srq, ndk_srq, ibsrq),
	INIT_RDMA_OBJ_SIZE(ib_ucontext, ndk_ucontext, ibctx),
};
