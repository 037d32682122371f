/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink, between its own files: requests (netlink.c), and what is said of a
 * connection (netlink_say.c).
 */
#ifndef _TOE_HOST_NETLINK_H
#define _TOE_HOST_NETLINK_H

#include <net/genetlink.h>

#include "host.h"

extern struct genl_family toe_nl_family;

/* @attr: nested, around everything of it; @ns: the reader's. 0 or -EMSGSIZE. */
int toe_nl_put_conn(struct sk_buff *skb, int attr, struct toe_sock *ts,
		    struct user_namespace *ns);

#endif /* _TOE_HOST_NETLINK_H */
