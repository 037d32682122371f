// SPDX-License-Identifier: GPL-2.0
/*
 * ndk_softroce: a RoCEv2 NIC in software, over any netdev.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "softroce.h"

static int __init sr_init(void)
{
	int err;

	err = sr_icrc_init();
	if (err)
		return err;
	err = sr_net_init();
	if (err)
		goto icrc;
	err = sr_link_init();
	if (err)
		goto net;
	return 0;
net:
	sr_net_exit();
icrc:
	sr_icrc_exit();
	return err;
}

static void __exit sr_exit(void)
{
	sr_link_exit();
	/* removes what devices are left, in every namespace */
	sr_net_exit();
	/* whoever removed the last one may still be on the way out of a function of ours */
	synchronize_rcu_tasks();
	/* address handles are freed by a function of ours */
	rcu_barrier();
	sr_icrc_exit();
}

module_init(sr_init);
module_exit(sr_exit);

MODULE_DESCRIPTION("RoCEv2 in software for NDK devices");
MODULE_LICENSE("GPL");
