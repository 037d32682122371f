// SPDX-License-Identifier: GPL-2.0
/*
 * Module entry and exit. ndk.ko alone makes no device: backends do, through
 * the contract in include/ndk/nic.h.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "provider.h"

static int __init ndk_init(void)
{
	return api_init();
}

/*
 * The last device is gone, but whoever removed it may still be on the way out
 * of a function of ours. Wait until every task has left the processor once.
 */
static void __exit ndk_exit(void)
{
	api_exit();
	synchronize_rcu_tasks();
}

module_init(ndk_init);
module_exit(ndk_exit);

MODULE_DESCRIPTION("RDMA provider whose send queues understand defer");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
