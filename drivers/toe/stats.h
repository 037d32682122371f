/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the data path counts for itself: copies of received bytes. A chained
 * delivery makes none, and this is how a test knows.
 */
#ifndef _TOE_STATS_H
#define _TOE_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

struct toe_copies {
	u64 copies;
	u64 bytes;
};

DECLARE_PER_CPU(struct toe_copies, toe_copies);

/* Any context. */
static inline void toe_count_copy(size_t bytes)
{
	if (!bytes)
		return;
	this_cpu_inc(toe_copies.copies);
	this_cpu_add(toe_copies.bytes, bytes);
}

#endif /* _TOE_STATS_H */
