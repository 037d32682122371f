// SPDX-License-Identifier: GPL-2.0
/*
 * Adapters: from a backend's allocation to the registered device and back.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "provider.h"

/*
 * Defaults, also in README.md. Four SMB Direct sized chains (16) fit the bound;
 * the timer is a safety net for consumers that forget to end a chain, so it may
 * be long against anything such a consumer does on purpose.
 */
#define DEFER_BOUND	64
#define DEFER_USECS	1000

/* Last call for a device, from ib_dealloc_device(), registered or not. */
static void dealloc_driver(struct ib_device *ibdev)
{
	struct ndk_nic *nic = to_ndk_nic(ibdev);

	if (nic->ops->release)
		nic->ops->release(nic);
	ndk_settings_exit(nic);
	WARN_ON(!list_empty(&nic->clients));
	mutex_destroy(&nic->clients_lock);
	xa_destroy(&nic->counters);
	mutex_destroy(&nic->qps_lock);
	free_percpu(nic->stats);
}

struct ndk_nic *ndk_nic_alloc(const struct ndk_nic_ops *ops, void *priv)
{
	struct ndk_nic *nic;

	nic = ib_alloc_device(ndk_nic, ibdev);
	if (!nic)
		return NULL;
	/* dealloc_driver is not set yet: a plain free is right here */
	nic->stats = alloc_percpu(struct ndk_stats);
	if (!nic->stats) {
		ib_dealloc_device(&nic->ibdev);
		return NULL;
	}
	nic->ops = ops;
	nic->priv = priv;
	nic->limits.bound = DEFER_BOUND;
	nic->limits.usecs = DEFER_USECS;
	INIT_LIST_HEAD(&nic->qps);
	mutex_init(&nic->qps_lock);
	xa_init_flags(&nic->counters, XA_FLAGS_ALLOC1);
	INIT_LIST_HEAD(&nic->clients);
	mutex_init(&nic->clients_lock);
	ib_set_device_ops(&nic->ibdev, &ndk_dev_ops);
	nic->ibdev.ops.dealloc_driver = dealloc_driver;
	nic->ibdev.ops.owner = ops->owner;
	return nic;
}
EXPORT_SYMBOL_GPL(ndk_nic_alloc);

void ndk_nic_free(struct ndk_nic *nic)
{
	ib_dealloc_device(&nic->ibdev);
}
EXPORT_SYMBOL_GPL(ndk_nic_free);

int ndk_nic_register(struct ndk_nic *nic, const char *name)
{
	struct ib_device *ibdev = &nic->ibdev;
	int err;

	err = ndk_settings_init(nic);
	if (err)
		return err;
	ibdev->node_type = nic->iwarp ? RDMA_NODE_RNIC : RDMA_NODE_IB_CA;
	ibdev->node_guid = nic->node_guid;
	ibdev->phys_port_cnt = 1;
	ibdev->num_comp_vectors = num_possible_cpus();
	ibdev->local_dma_lkey = 0;
	ibdev->uverbs_cmd_mask |= BIT_ULL(IB_USER_VERBS_CMD_POST_SEND) |
				  BIT_ULL(IB_USER_VERBS_CMD_REQ_NOTIFY_CQ);
	snprintf(ibdev->node_desc, sizeof(ibdev->node_desc), "ndk %s", nic->ops->kind);
	/* without a DMA device consumers hand us kernel virtual addresses */
	return ib_register_device(ibdev, name, nic->dma_device);
}
EXPORT_SYMBOL_GPL(ndk_nic_register);

void ndk_nic_unregister(struct ndk_nic *nic)
{
	ib_unregister_device_and_put(&nic->ibdev);
}
EXPORT_SYMBOL_GPL(ndk_nic_unregister);

void ndk_nic_unregister_queued(struct ndk_nic *nic)
{
	ib_unregister_device_queued(&nic->ibdev);
}
EXPORT_SYMBOL_GPL(ndk_nic_unregister_queued);

static void fail_qps(struct ndk_nic *nic)
{
	struct ndk_qp *qp;

	mutex_lock(&nic->qps_lock);
	list_for_each_entry(qp, &nic->qps, link) {
		mutex_lock(&qp->mutex);
		if (READ_ONCE(qp->state) != IB_QPS_RESET)
			ndk_qp_to_error(qp);
		mutex_unlock(&qp->mutex);
	}
	mutex_unlock(&nic->qps_lock);
}

/* Whoever is added later is told by ndk_nic_add_client(). */
static void fail_clients(struct ndk_nic *nic, const char *reason)
{
	struct ndk_nic_client *client;

	mutex_lock(&nic->clients_lock);
	nic->clients_told = true;
	list_for_each_entry(client, &nic->clients, link)
		client->fail(client, reason);
	mutex_unlock(&nic->clients_lock);
}

void ndk_nic_add_client(struct ndk_nic *nic, struct ndk_nic_client *client)
{
	mutex_lock(&nic->clients_lock);
	list_add_tail(&client->link, &nic->clients);
	if (nic->clients_told)
		client->fail(client, "failed earlier");
	mutex_unlock(&nic->clients_lock);
}
EXPORT_SYMBOL_GPL(ndk_nic_add_client);

void ndk_nic_remove_client(struct ndk_nic *nic, struct ndk_nic_client *client)
{
	mutex_lock(&nic->clients_lock);
	list_del(&client->link);
	mutex_unlock(&nic->clients_lock);
}
EXPORT_SYMBOL_GPL(ndk_nic_remove_client);

void ndk_nic_fail(struct ndk_nic *nic, const char *reason)
{
	struct ib_event ev = {
		.device = &nic->ibdev,
		.event = IB_EVENT_DEVICE_FATAL,
	};

	if (test_and_set_bit(0, &nic->failed))
		return;
	ibdev_err(&nic->ibdev, "fatal: %s\n", reason);
	fail_qps(nic);
	api_nic_failed(nic);
	fail_clients(nic, reason);
	ib_dispatch_event(&ev);
}
EXPORT_SYMBOL_GPL(ndk_nic_fail);

void ndk_nic_port_event(struct ndk_nic *nic, bool up)
{
	struct ib_event ev = {
		.device = &nic->ibdev,
		.element.port_num = 1,
		.event = up ? IB_EVENT_PORT_ACTIVE : IB_EVENT_PORT_ERR,
	};

	ib_dispatch_event(&ev);
}
EXPORT_SYMBOL_GPL(ndk_nic_port_event);
