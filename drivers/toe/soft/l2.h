/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire by itself, see l2.c.
 */
#ifndef _TOE_SOFT_L2_H
#define _TOE_SOFT_L2_H

struct sk_buff;
struct soft_target;
struct soft_wire;

/* &soft_target.priv is the device, an Ethernet one; whoever made the target keeps it */
extern const struct soft_wire soft_l2_wire;

int soft_l2_rx(struct soft_target *st, struct sk_buff *skb);

#endif /* _TOE_SOFT_L2_H */
