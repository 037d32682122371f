// SPDX-License-Identifier: GPL-2.0
/*
 * ndk_hca: any RDMA device the kernel already drives, as a NIC of ndk devices.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "hca.h"

struct workqueue_struct *hca_wq;

static int __init hca_init(void)
{
	int err;

	hca_wq = alloc_workqueue("ndk_hca", WQ_UNBOUND, 0);
	if (!hca_wq)
		return -ENOMEM;
	err = hca_rq_module_init();
	if (err)
		goto wq;
	err = hca_link_init();
	if (err)
		goto rq;
	return 0;
rq:
	hca_rq_module_exit();
wq:
	destroy_workqueue(hca_wq);
	return err;
}

static void __exit hca_exit(void)
{
	/* removes what devices are left */
	hca_link_exit();
	/* whoever removed the last one may still be on the way out of a function of ours */
	synchronize_rcu_tasks();
	hca_rq_module_exit();
	destroy_workqueue(hca_wq);
}

module_init(hca_init);
module_exit(hca_exit);

MODULE_DESCRIPTION("NDK devices on RDMA devices the kernel drives");
MODULE_LICENSE("GPL");
