// SPDX-License-Identifier: GPL-2.0
/*
 * Counters: per-CPU blocks, summed on demand. A QP counts into its device's
 * block, or into a block of its own rdma counter while one is bound
 * (`rdma statistic qp`); the core adds those up in the device's totals.
 */
#include <linux/rcupdate.h>
#include <rdma/rdma_counter.h>

#include "provider.h"

static const struct rdma_stat_desc descs[] = {
#define X(id, text) [NDK_STAT_##id].name = #text,
	NDK_STATS(X)
#undef X
};

static void sum(struct ndk_stats __percpu *blocks, u64 *value)
{
	const struct ndk_stats *s;
	int cpu, i;

	memset(value, 0, sizeof(*value) * NDK_STAT_MAX);
	for_each_possible_cpu(cpu) {
		s = per_cpu_ptr(blocks, cpu);
		for (i = 0; i < NDK_STAT_MAX; i++) {
			if (i == NDK_STAT_LONGEST_CHAIN)
				value[i] = max(value[i], READ_ONCE(s->v[i]));
			else
				value[i] += READ_ONCE(s->v[i]);
		}
	}
}

static struct rdma_hw_stats *alloc_stats(void)
{
	/* no caching: a test that reads twice wants two answers */
	return rdma_alloc_hw_stats_struct(descs, NDK_STAT_MAX, 0);
}

struct rdma_hw_stats *ndk_alloc_hw_port_stats(struct ib_device *ibdev, u32 port)
{
	return alloc_stats();
}

int ndk_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats, u32 port, int index)
{
	if (!port || !stats)
		return -EINVAL;
	sum(to_ndk_nic(ibdev)->stats, stats->value);
	return NDK_STAT_MAX;
}

struct rdma_hw_stats *ndk_counter_alloc_stats(struct rdma_counter *counter)
{
	return alloc_stats();
}

static int alloc_block(struct ndk_nic *nic, struct rdma_counter *counter)
{
	struct ndk_stats __percpu *block = alloc_percpu(struct ndk_stats);
	int err;

	if (!block)
		return -ENOMEM;
	err = xa_alloc(&nic->counters, &counter->id, (__force void *)block, xa_limit_31b,
		       GFP_KERNEL);
	if (err)
		free_percpu(block);
	return err;
}

static struct ndk_stats __percpu *block_of(struct ndk_nic *nic, u32 id)
{
	return (__force struct ndk_stats __percpu *)xa_load(&nic->counters, id);
}

int ndk_counter_bind_qp(struct rdma_counter *counter, struct ib_qp *ibqp)
{
	struct ndk_nic *nic = to_ndk_nic(ibqp->device);
	int err;

	if (!counter->id) {
		err = alloc_block(nic, counter);
		if (err)
			return err;
	}
	WRITE_ONCE(to_ndk_qp(ibqp)->stats, block_of(nic, counter->id));
	return 0;
}

int ndk_counter_unbind_qp(struct ib_qp *ibqp)
{
	struct ndk_qp *qp = to_ndk_qp(ibqp);

	WRITE_ONCE(qp->stats, qp->nic->stats);
	return 0;
}

int ndk_counter_dealloc(struct rdma_counter *counter)
{
	struct ndk_nic *nic = to_ndk_nic(counter->device);
	struct ndk_stats __percpu *block;

	block = (__force struct ndk_stats __percpu *)xa_erase(&nic->counters, counter->id);
	counter->id = 0;
	/* whoever still counts into it does so with preemption off */
	synchronize_rcu();
	free_percpu(block);
	return 0;
}

int ndk_counter_update_stats(struct rdma_counter *counter)
{
	struct ndk_stats __percpu *block = block_of(to_ndk_nic(counter->device), counter->id);

	if (!block)
		return -EINVAL;
	sum(block, counter->stats->value);
	return 0;
}
