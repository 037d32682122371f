// SPDX-License-Identifier: GPL-2.0
/*
 * Module entry and exit. ndk_toe.ko alone offloads nothing: targets register with
 * it, hosts bring connections.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "core.h"
#include "endpoint.h"
#include "soft/soft.h"

static int __init toe_init(void)
{
	int err;

	err = toe_obj_cache_init();
	if (err)
		return err;
	err = toe_rx_init();
	if (err)
		goto err_obj;
	err = soft_tx_init();
	if (err)
		goto err_rx;
	toe_view_init();
	return 0;

err_rx:
	toe_rx_exit();
err_obj:
	toe_obj_cache_exit();
	return err;
}

/* Targets and hosts hold the module by its symbols; objects are freed by RCU. */
static void __exit toe_exit(void)
{
	toe_view_exit();
	rcu_barrier();
	toe_deliver_exit();
	toe_loan_exit();
	soft_tx_exit();
	toe_rx_exit();
	toe_obj_cache_exit();
}

module_init(toe_init);
module_exit(toe_exit);

MODULE_DESCRIPTION("TCP offload state: objects, operations, events, receive indications");
MODULE_LICENSE("GPL");
