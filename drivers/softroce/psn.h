/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet sequence numbers: 24 bits, compared in circular order.
 */
#ifndef _SR_PSN_H
#define _SR_PSN_H

#include <linux/types.h>

#define SR_PSN_MASK	0xffffffU

static inline u32 sr_psn_add(u32 psn, u32 n)
{
	return (psn + n) & SR_PSN_MASK;
}

/* How many steps lead from @from up to @to, going forward only. */
static inline u32 sr_psn_dist(u32 to, u32 from)
{
	return (to - from) & SR_PSN_MASK;
}

/* <0, 0, >0 as @a is before, equal to or after @b; right within 2^23 steps. */
static inline s32 sr_psn_cmp(u32 a, u32 b)
{
	return (s32)((a - b) << 8) >> 8;
}

#endif /* _SR_PSN_H */
