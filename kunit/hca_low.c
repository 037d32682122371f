// SPDX-License-Identifier: GPL-2.0
/*
 * The lower device of the stacked backend's tests, see hca_low.h: the device and
 * what belongs to no QP.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <rdma/ib_mad.h>
#include <rdma/uverbs_ioctl.h>

#include "hca_low.h"

#define LOW_KEY		0x4200

/* Every creation asks: is it one of those that are to fail? */
bool low_fails(struct low_dev *low)
{
	if (low->fail_nth > 1) {
		low->fail_nth--;
		return false;
	}
	return low->fail_nth;
}

static int query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
			struct ib_udata *udata)
{
	*attr = to_low(ibdev)->attr;
	return 0;
}

static int query_port(struct ib_device *ibdev, u32 port, struct ib_port_attr *attr)
{
	attr->state = IB_PORT_ACTIVE;
	attr->phys_state = IB_PORT_PHYS_STATE_LINK_UP;
	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = IB_MTU_1024;
	attr->active_speed = IB_SPEED_HDR;
	attr->active_width = IB_WIDTH_4X;
	attr->gid_tbl_len = 16;
	attr->pkey_tbl_len = 1;
	attr->max_msg_sz = BIT(31);
	return 0;
}

static int get_port_immutable(struct ib_device *ibdev, u32 port, struct ib_port_immutable *im)
{
	im->core_cap_flags = RDMA_CORE_CAP_PROT_ROCE_UDP_ENCAP | RDMA_CORE_CAP_ETH_AH;
	im->gid_tbl_len = 16;
	im->pkey_tbl_len = 1;
	return 0;
}

static struct net_device *get_netdev(struct ib_device *ibdev, u32 port)
{
	dev_hold(init_net.loopback_dev);
	return init_net.loopback_dev;
}

static enum rdma_link_layer get_link_layer(struct ib_device *ibdev, u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

static int query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey)
{
	*pkey = IB_DEFAULT_PKEY_FULL;
	return 0;
}

static int alloc_pd(struct ib_pd *pd, struct ib_udata *udata)
{
	struct low_dev *low = to_low(pd->device);

	if (low_fails(low))
		return -ENOMEM;
	atomic_inc(&low->pds);
	return 0;
}

static int dealloc_pd(struct ib_pd *pd, struct ib_udata *udata)
{
	atomic_dec(&to_low(pd->device)->pds);
	return 0;
}

static struct ib_mr *new_mr(struct ib_pd *pd, bool valid)
{
	struct low_dev *low = to_low(pd->device);
	struct low_mr *mr;

	if (low_fails(low))
		return ERR_PTR(-ENOMEM);
	mr = kzalloc(sizeof(*mr), GFP_KERNEL);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->valid = valid;
	mr->ibmr.lkey = low->next_key;
	mr->ibmr.rkey = low->next_key;
	low->next_key += 0x100;
	atomic_inc(&low->mrs);
	return &mr->ibmr;
}

static struct ib_mr *get_dma_mr(struct ib_pd *pd, int access)
{
	return new_mr(pd, true);
}

static struct ib_mr *reg_user_mr(struct ib_pd *pd, u64 start, u64 length, u64 iova, int access,
				 struct ib_udata *udata)
{
	return new_mr(pd, true);
}

static struct ib_mr *reg_user_mr_dmabuf(struct ib_pd *pd, u64 offset, u64 length, u64 iova, int fd,
					int access, struct uverbs_attr_bundle *attrs)
{
	/* any driver may look whether there is one of its own */
	if (uverbs_attr_is_valid(attrs, UVERBS_ID_DRIVER_NS))
		return ERR_PTR(-EINVAL);
	to_low(pd->device)->dmabuf = fd;
	return new_mr(pd, true);
}

static struct ib_mr *rereg_user_mr(struct ib_mr *mr, int flags, u64 start, u64 length, u64 iova,
				   int access, struct ib_pd *pd, struct ib_udata *udata)
{
	struct low_dev *low = to_low(mr->device);

	low->rereg_flags = flags;
	return low->replaces ? new_mr(pd, true) : NULL;
}

static struct ib_mr *alloc_mr(struct ib_pd *pd, enum ib_mr_type type, u32 max_num_sg)
{
	return new_mr(pd, false);
}

static int set_page(struct ib_mr *mr, u64 addr)
{
	return 0;
}

static int map_mr_sg(struct ib_mr *mr, struct scatterlist *sg, int num, unsigned int *offset)
{
	return ib_sg_to_pages(mr, sg, num, offset, set_page);
}

static int dereg_mr(struct ib_mr *mr, struct ib_udata *udata)
{
	atomic_dec(&to_low(mr->device)->mrs);
	kfree(container_of(mr, struct low_mr, ibmr));
	return 0;
}

static int create_ah(struct ib_ah *ah, struct rdma_ah_init_attr *init, struct ib_udata *udata)
{
	struct low_dev *low = to_low(ah->device);

	if (low_fails(low))
		return -ENOMEM;
	atomic_inc(&low->ahs);
	return 0;
}

static int destroy_ah(struct ib_ah *ah, u32 flags)
{
	atomic_dec(&to_low(ah->device)->ahs);
	return 0;
}

static void dealloc_driver(struct ib_device *ibdev)
{
	struct low_dev *low = to_low(ibdev);

	if (low->freed)
		complete(low->freed);
}

static const struct ib_device_ops low_ops = {
	.owner = THIS_MODULE,
	.driver_id = RDMA_DRIVER_UNKNOWN,
	.query_device = query_device,
	.query_port = query_port,
	.get_port_immutable = get_port_immutable,
	.get_netdev = get_netdev,
	.get_link_layer = get_link_layer,
	.query_pkey = query_pkey,
	.alloc_pd = alloc_pd,
	.dealloc_pd = dealloc_pd,
	.get_dma_mr = get_dma_mr,
	.reg_user_mr = reg_user_mr,
	.reg_user_mr_dmabuf = reg_user_mr_dmabuf,
	.rereg_user_mr = rereg_user_mr,
	.alloc_mr = alloc_mr,
	.map_mr_sg = map_mr_sg,
	.dereg_mr = dereg_mr,
	.create_ah = create_ah,
	.destroy_ah = destroy_ah,
	INIT_RDMA_OBJ_SIZE(ib_pd, low_pd, ibpd),
	INIT_RDMA_OBJ_SIZE(ib_ah, low_ah, ibah),
};

static void describe(struct ib_device_attr *a)
{
	a->max_mr_size = U64_MAX;
	a->page_size_cap = PAGE_SIZE;
	a->device_cap_flags = IB_DEVICE_MEM_MGT_EXTENSIONS | IB_DEVICE_RC_RNR_NAK_GEN;
	a->max_qp = 1024;
	a->max_qp_wr = LOW_MAX_WR;
	a->max_send_sge = LOW_MAX_SGE;
	a->max_recv_sge = LOW_MAX_SGE;
	a->max_sge_rd = LOW_MAX_SGE;
	a->max_cq = 1024;
	a->max_cqe = LOW_MAX_CQE - 1;
	a->max_mr = 1024;
	a->max_pd = 1024;
	a->max_ah = 1024;
	a->max_srq = 64;
	a->max_srq_wr = LOW_MAX_WR;
	a->max_srq_sge = LOW_MAX_SGE;
	a->max_qp_rd_atom = 16;
	a->max_qp_init_rd_atom = 16;
	a->atomic_cap = IB_ATOMIC_HCA;
	a->max_pkeys = 1;
	a->max_fast_reg_page_list_len = 16;
}

struct low_dev *low_alloc(void)
{
	struct low_dev *low = ib_alloc_device(low_dev, ibdev);

	if (!low)
		return NULL;
	ib_set_device_ops(&low->ibdev, &low_ops);
	ib_set_device_ops(&low->ibdev, &low_qp_ops);
	low->ibdev.ops.dealloc_driver = dealloc_driver;
	low->ibdev.node_type = RDMA_NODE_IB_CA;
	low->ibdev.node_guid = cpu_to_be64(0x0200000000006c6fULL);
	low->ibdev.phys_port_cnt = 1;
	low->ibdev.num_comp_vectors = 2;
	low->next_qpn = 0x77;
	low->next_key = LOW_KEY;
	describe(&low->attr);
	return low;
}

void low_free(struct low_dev *low)
{
	ib_dealloc_device(&low->ibdev);
}

int low_register(struct low_dev *low, const char *name)
{
	return ib_register_device(&low->ibdev, name, NULL);
}

/* The device is freed. */
void low_unregister(struct low_dev *low)
{
	ib_unregister_device(&low->ibdev);
}

int low_alive(const struct low_dev *low)
{
	return atomic_read(&low->pds) + atomic_read(&low->cqs) + atomic_read(&low->qps) +
	       atomic_read(&low->srqs) + atomic_read(&low->mrs) + atomic_read(&low->ahs);
}

void low_event(struct low_dev *low, enum ib_event_type event)
{
	struct ib_event ev = {
		.device = &low->ibdev,
		.element.port_num = 1,
		.event = event,
	};

	ib_dispatch_event(&ev);
}
