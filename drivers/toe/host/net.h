/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host side keeps per network namespace.
 */
#ifndef _TOE_HOST_NET_H
#define _TOE_HOST_NET_H

#include <linux/hashtable.h>
#include <linux/xarray.h>

#include "host.h"

/**
 * struct toe_net - a namespace
 * @net: the namespace
 * @lock: @st, @nic and what making them takes; inside of a socket lock
 * @routes: route.c's
 * @routes_priv: likewise
 * @st: the software target, NULL before the first offload
 * @nic: its adapter
 * @name: its name
 * @paused: offer nothing
 * @closed: the namespace ends, or the module
 * @socks: all &struct toe_sock, by position; with a reference
 * @table: @by_sk; BH off
 * @by_sk: likewise, by socket
 * @sweep: drops those whose socket was closed
 */
struct toe_net {
	struct net *net;
	struct mutex lock; /* st, nic */
	struct mutex routes;
	void *routes_priv;
	struct soft_target *st;
	struct ndk_nic *nic;
	char name[32];
	bool paused;
	bool closed;
	struct xarray socks;
	spinlock_t table; /* by_sk */
	DECLARE_HASHTABLE(by_sk, 8);
	struct delayed_work sweep;
};

int toe_net_init(void);
void toe_net_exit(void);
/* no more offloads, take everything back */
void toe_net_close_all(void);
/* the software target, made if there is none; NULL if that fails */
struct soft_target *toe_net_soft(struct toe_net *tn);
/* conn.c */
void toe_sweep(struct toe_net *tn, bool all);

#endif /* _TOE_HOST_NET_H */
