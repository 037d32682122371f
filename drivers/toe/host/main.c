// SPDX-License-Identifier: GPL-2.0
/*
 * Module entry and exit. Loading offloads nothing: a program asks for its own
 * connection, or whoever may administer the namespace names one.
 */
#include <linux/module.h>

#include "net.h"

static int __init host_init(void)
{
	int err = toe_calls_init();

	if (err)
		return err;
	err = toe_net_init();
	if (err)
		return err;
	err = toe_watch_init();
	if (err)
		goto net;
	err = toe_nl_init();
	if (err)
		goto watch;
	err = toe_ulp_init();
	if (err)
		goto nl;
	return 0;

nl:
	toe_nl_exit();
watch:
	toe_watch_exit();
net:
	toe_net_exit();
	return err;
}

/* Nobody asks any more, then everything comes home, then nobody is in here. */
static void __exit host_exit(void)
{
	toe_ulp_exit();
	toe_nl_exit();
	toe_net_close_all();
	toe_calls_quiesce();
	toe_watch_exit();
	toe_net_exit();
	/* objects and toe_socks are freed by RCU */
	rcu_barrier();
}

module_init(host_init);
module_exit(host_exit);

MODULE_DESCRIPTION("TCP offload: live sockets to a target and back");
MODULE_LICENSE("GPL");
MODULE_ALIAS_TCP_ULP("toe");
