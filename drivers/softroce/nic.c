// SPDX-License-Identifier: GPL-2.0
/*
 * The adapter: what it can do, what it learns from its netdev, its settings.
 */
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <rdma/ib_addr.h>

#include "softroce.h"

/* More than one request each way costs a software NIC nothing but memory. */
#define MAX_RD_ATOMIC	128
/* Queue slots are kernel memory. */
#define MAX_QP_WR	32768
#define MAX_INLINE	512
/* pages of one fast registration: 2 MiB, and two lists of a page each */
#define MAX_REG_PAGES	512
/* 4.096 us * 2^15 = 134 ms: a scheduler may keep a peer that long */
#define ACK_DELAY	15
/* unknown speeds, lo above all: the memory's, in round numbers */
#define DEFAULT_SPEED	SPEED_100000

static struct sr_dev *to_dev(struct ndk_nic *nic)
{
	return nic->priv;
}

static struct net_device *get_netdev(struct ndk_nic *nic)
{
	struct net_device *ndev;

	rcu_read_lock();
	ndev = rcu_dereference(to_dev(nic)->ndev);
	dev_hold(ndev);
	rcu_read_unlock();
	return ndev;
}

bool sr_netdev_up(const struct net_device *ndev)
{
	return netif_running(ndev) && netif_carrier_ok(ndev);
}

/**
 * sr_netdev_mtu() - largest path MTU that fits a netdev
 * @ndev: the netdev
 *
 * Return: enum ib_mtu; 256 if nothing fits.
 */
u32 sr_netdev_mtu(const struct net_device *ndev)
{
	u32 mtu = READ_ONCE(ndev->mtu), room = mtu > SR_MAX_OVERHEAD ? mtu - SR_MAX_OVERHEAD : 0;
	enum ib_mtu m = IB_MTU_4096;

	while (m > IB_MTU_256 && ib_mtu_enum_to_int(m) > room)
		m--;
	return m;
}

static u32 netdev_speed(struct net_device *ndev)
{
	struct ethtool_link_ksettings ks = { };
	u32 speed = SPEED_UNKNOWN;

	rtnl_lock();
	if (ndev->reg_state == NETREG_REGISTERED && !__ethtool_get_link_ksettings(ndev, &ks))
		speed = ks.base.speed;
	rtnl_unlock();
	return speed == (u32)SPEED_UNKNOWN ? DEFAULT_SPEED : speed;
}

/* the narrowest of these that is not slower */
static const struct {
	u32 mbps;
	u8 width;
	u16 speed;
} rates[] = {
	{ 2500, IB_WIDTH_1X, IB_SPEED_SDR },
	{ 5000, IB_WIDTH_1X, IB_SPEED_DDR },
	{ 10000, IB_WIDTH_1X, IB_SPEED_FDR10 },
	{ 14000, IB_WIDTH_1X, IB_SPEED_FDR },
	{ 25000, IB_WIDTH_1X, IB_SPEED_EDR },
	{ 40000, IB_WIDTH_4X, IB_SPEED_FDR10 },
	{ 56000, IB_WIDTH_4X, IB_SPEED_FDR },
	{ 100000, IB_WIDTH_4X, IB_SPEED_EDR },
	{ 200000, IB_WIDTH_4X, IB_SPEED_HDR },
	{ 400000, IB_WIDTH_4X, IB_SPEED_NDR },
};

static void set_rate(struct ib_port_attr *attr, u32 mbps)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rates) - 1 && rates[i].mbps < mbps; i++)
		;
	attr->active_width = rates[i].width;
	attr->active_speed = rates[i].speed;
}

static int query_port(struct ndk_nic *nic, struct ib_port_attr *attr)
{
	struct net_device *ndev = get_netdev(nic);

	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = IB_MTU_256;
	attr->state = IB_PORT_DOWN;
	attr->phys_state = IB_PORT_PHYS_STATE_DISABLED;
	set_rate(attr, DEFAULT_SPEED);
	/* gone: the device follows soon, until then its port is down */
	if (!ndev)
		return 0;
	attr->active_mtu = sr_netdev_mtu(ndev);
	if (sr_netdev_up(ndev)) {
		attr->state = IB_PORT_ACTIVE;
		attr->phys_state = IB_PORT_PHYS_STATE_LINK_UP;
	} else if (netif_running(ndev)) {
		attr->phys_state = IB_PORT_PHYS_STATE_POLLING;
	}
	set_rate(attr, netdev_speed(ndev));
	dev_put(ndev);
	return 0;
}

static enum ib_mtu active_mtu(struct ndk_nic *nic)
{
	struct net_device *ndev;
	enum ib_mtu mtu = IB_MTU_256;

	rcu_read_lock();
	ndev = rcu_dereference(to_dev(nic)->ndev);
	if (ndev)
		mtu = sr_netdev_mtu(ndev);
	rcu_read_unlock();
	return mtu;
}

static void release(struct ndk_nic *nic)
{
	sr_link_released(to_dev(nic));
}

const struct ndk_nic_ops sr_nic_ops = {
	.owner = THIS_MODULE,
	.kind = "softroce",
	.release = release,
	.enable = sr_link_enable,
	.get_netdev = get_netdev,
	.query_port = query_port,
	.active_mtu = active_mtu,
	.qp_create = sr_qp_create,
	.qp_modify = sr_qp_modify,
	.qp_query = sr_qp_query,
	.qp_destroy = sr_qp_destroy,
	.doorbell = sr_doorbell,
	.progress = sr_progress,
	.reg_user_mr = sr_reg_user_mr,
	.reg_user_mr_dmabuf = sr_reg_user_mr_dmabuf,
	.get_dma_mr = sr_get_dma_mr,
	.alloc_mr = sr_alloc_mr,
	.map_mr_sg = sr_map_mr_sg,
	.map_mr_pages = sr_map_mr_pages,
	.enable_mr = sr_enable_mr,
	.rereg_user_mr = sr_rereg_user_mr,
	.dereg_mr = sr_dereg_mr,
	.ah_create = sr_ah_create,
	.ah_destroy = sr_ah_destroy,
	.mcast_attach = sr_mcast_attach,
	.mcast_detach = sr_mcast_detach,
	.alloc_mw = sr_alloc_mw,
	.dealloc_mw = sr_dealloc_mw,
};

/*
 * EUI-64 of the MAC, but with 4e:44 ("ND") in the middle where rxe on the same
 * netdev has ff:fe. A netdev without a MAC gets a random one, locally
 * administered.
 */
static __be64 make_guid(const struct net_device *ndev)
{
	u8 guid[8], mac[ETH_ALEN];

	if (ndev->addr_len == ETH_ALEN && !is_zero_ether_addr(ndev->dev_addr))
		ether_addr_copy(mac, ndev->dev_addr);
	else
		eth_random_addr(mac);
	memcpy(guid, mac, 3);
	guid[0] ^= 2;
	guid[3] = 0x4e;
	guid[4] = 0x44;
	memcpy(guid + 5, mac + 3, 3);
	return *(__be64 *)guid;
}

/**
 * sr_fill_attr() - what the adapter can do
 * @dev: the adapter
 * @ndev: its netdev
 */
void sr_fill_attr(struct sr_dev *dev, struct net_device *ndev)
{
	struct ndk_nic *nic = dev->nic;
	struct ib_device_attr *a = &nic->attr;

	nic->node_guid = make_guid(ndev);
	nic->max_inline = MAX_INLINE;
	nic->groups = sr_attrs;
	a->fw_ver = 1;
	a->sys_image_guid = nic->node_guid;
	a->max_mr_size = U64_MAX;
	a->page_size_cap = 0xfffff000;
	/* no IEEE company id of our own */
	a->vendor_id = 0xffffff;
	a->vendor_part_id = 0x4e44;
	a->hw_ver = 1;
	a->max_qp = 1 << 20;
	a->max_qp_wr = MAX_QP_WR;
	a->device_cap_flags = IB_DEVICE_SYS_IMAGE_GUID | IB_DEVICE_RC_RNR_NAK_GEN |
			      IB_DEVICE_PORT_ACTIVE_EVENT | IB_DEVICE_SRQ_RESIZE |
			      IB_DEVICE_MEM_MGT_EXTENSIONS | IB_DEVICE_MEM_WINDOW |
			      IB_DEVICE_MEM_WINDOW_TYPE_2B | IB_DEVICE_ATOMIC_WRITE;
	a->kernel_cap_flags = IBK_ALLOW_USER_UNREG;
	a->max_send_sge = NDK_MAX_SGE;
	a->max_recv_sge = NDK_MAX_SGE;
	a->max_sge_rd = NDK_MAX_SGE;
	a->max_srq = 1 << 20;
	a->max_srq_wr = MAX_QP_WR;
	a->max_srq_sge = NDK_MAX_SGE;
	a->max_cq = 1 << 20;
	a->max_cqe = (1 << 20) - 1;
	a->max_mr = 1 << 23;
	a->max_mw = 1 << 23;
	a->max_fast_reg_page_list_len = MAX_REG_PAGES;
	a->max_pd = 1 << 20;
	a->max_ah = 1 << 20;
	a->max_mcast_grp = 8192;
	a->max_mcast_qp_attach = 56;
	a->max_total_mcast_qp_attach = 8192 * 56;
	a->max_qp_rd_atom = MAX_RD_ATOMIC;
	a->max_qp_init_rd_atom = MAX_RD_ATOMIC;
	a->max_res_rd_atom = INT_MAX;
	/* done with the CPU's atomics: atomic against everybody */
	a->atomic_cap = IB_ATOMIC_GLOB;
	a->max_pkeys = 1;
	a->local_ca_ack_delay = ACK_DELAY;
}

static ssize_t loopback_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct ndk_nic *nic = rdma_device_to_drv_device(d, struct ndk_nic, ibdev);

	return sysfs_emit(buf, "%s\n", READ_ONCE(to_dev(nic)->direct) ? "direct" : "wire");
}

static ssize_t loopback_store(struct device *d, struct device_attribute *attr, const char *buf,
			      size_t len)
{
	struct ndk_nic *nic = rdma_device_to_drv_device(d, struct ndk_nic, ibdev);

	if (sysfs_streq(buf, "direct"))
		WRITE_ONCE(to_dev(nic)->direct, true);
	else if (sysfs_streq(buf, "wire"))
		WRITE_ONCE(to_dev(nic)->direct, false);
	else
		return -EINVAL;
	return len;
}
static DEVICE_ATTR_RW(loopback);

struct attribute *sr_attrs[] = {
	&dev_attr_loopback.attr,
	NULL
};
