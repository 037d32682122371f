// SPDX-License-Identifier: GPL-2.0
/*
 * Counters: per-CPU blocks, summed on demand. A QP counts into its device's
 * block, or into a block of its own rdma counter while one is bound
 * (`rdma statistic qp`); the core adds those up in the device's totals.
 */
#include <linux/rcupdate.h>
#include <rdma/rdma_counter.h>

#include "provider.h"

/* the names are the enum's, so that one can be found from the other */
static const struct rdma_stat_desc descs[NDK_STAT_MAX] = {
	[NDK_STAT_SEND_REQUESTS].name = "send_requests",
	[NDK_STAT_DEFERRED_REQUESTS].name = "deferred_requests",
	[NDK_STAT_REFUSED_POSTS].name = "refused_posts",
	[NDK_STAT_DOORBELLS].name = "doorbells",
	[NDK_STAT_DOORBELLS_UNDEFERRED].name = "doorbells_undeferred",
	[NDK_STAT_DOORBELLS_REFUSED].name = "doorbells_refused",
	[NDK_STAT_DOORBELLS_BOUND].name = "doorbells_bound",
	[NDK_STAT_DOORBELLS_TIMER].name = "doorbells_timer",
	[NDK_STAT_DOORBELLS_FULL].name = "doorbells_full",
	[NDK_STAT_DOORBELLS_FLUSH].name = "doorbells_flush",
	[NDK_STAT_LONGEST_CHAIN].name = "longest_chain",
	[NDK_STAT_COMPLETIONS].name = "completions",
	[NDK_STAT_CQ_OVERRUNS].name = "cq_overruns",
	[NDK_STAT_TX_PACKETS].name = "tx_packets",
	[NDK_STAT_TX_BYTES].name = "tx_bytes",
	[NDK_STAT_RX_PACKETS].name = "rx_packets",
	[NDK_STAT_RX_BYTES].name = "rx_bytes",
	[NDK_STAT_LOCAL_REQUESTS].name = "local_requests",
	[NDK_STAT_LOCAL_BYTES].name = "local_bytes",
	[NDK_STAT_RETRANSMITS].name = "retransmits",
	[NDK_STAT_TIMEOUTS].name = "timeouts",
	[NDK_STAT_RNR_NAK_SENT].name = "rnr_nak_sent",
	[NDK_STAT_RNR_NAK_RCVD].name = "rnr_nak_rcvd",
	[NDK_STAT_NAK_SEQ_SENT].name = "nak_seq_sent",
	[NDK_STAT_NAK_SEQ_RCVD].name = "nak_seq_rcvd",
	[NDK_STAT_NAK_INV_REQ_SENT].name = "nak_inv_req_sent",
	[NDK_STAT_NAK_INV_REQ_RCVD].name = "nak_inv_req_rcvd",
	[NDK_STAT_NAK_ACCESS_SENT].name = "nak_access_sent",
	[NDK_STAT_NAK_ACCESS_RCVD].name = "nak_access_rcvd",
	[NDK_STAT_NAK_OP_SENT].name = "nak_op_sent",
	[NDK_STAT_NAK_OP_RCVD].name = "nak_op_rcvd",
	[NDK_STAT_DUPLICATES].name = "duplicates",
	[NDK_STAT_CNP_RCVD].name = "cnp_rcvd",
	[NDK_STAT_ICRC_ERRORS].name = "icrc_errors",
	[NDK_STAT_DROP_SHORT].name = "drop_short",
	[NDK_STAT_DROP_LENGTH].name = "drop_length",
	[NDK_STAT_DROP_OPCODE].name = "drop_opcode",
	[NDK_STAT_DROP_VERSION].name = "drop_version",
	[NDK_STAT_DROP_PKEY].name = "drop_pkey",
	[NDK_STAT_DROP_QPN].name = "drop_qpn",
	[NDK_STAT_DROP_QP_STATE].name = "drop_qp_state",
	[NDK_STAT_DROP_ADDRESS].name = "drop_address",
	[NDK_STAT_DROP_SEQUENCE].name = "drop_sequence",
	[NDK_STAT_DROP_BACKLOG].name = "drop_backlog",
	[NDK_STAT_DROP_QKEY].name = "drop_qkey",
	[NDK_STAT_DROP_NO_RECV].name = "drop_no_recv",
	[NDK_STAT_DROP_ACCESS].name = "drop_access",
	[NDK_STAT_DROP_TX].name = "drop_tx",
	[NDK_STAT_LOWER_POSTS].name = "lower_posts",
	[NDK_STAT_LOWER_REFUSED].name = "lower_refused",
	[NDK_STAT_LOWER_RECVS].name = "lower_recvs",
	[NDK_STAT_LOWER_STRAY].name = "lower_stray",
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

/**
 * ndk_stat_sum() - one counter
 * @blocks: per-CPU blocks
 * @i: which counter
 *
 * Context: any.
 * Return: its value.
 */
u64 ndk_stat_sum(struct ndk_stats __percpu *blocks, enum ndk_stat i)
{
	u64 value = 0, v;
	int cpu;

	for_each_possible_cpu(cpu) {
		v = READ_ONCE(per_cpu_ptr(blocks, cpu)->v[i]);
		value = i == NDK_STAT_LONGEST_CHAIN ? max(value, v) : value + v;
	}
	return value;
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
	/* the core unbinds by this */
	ibqp->counter = counter;
	return 0;
}

int ndk_counter_unbind_qp(struct ib_qp *ibqp)
{
	struct ndk_qp *qp = to_ndk_qp(ibqp);

	WRITE_ONCE(qp->stats, qp->nic->stats);
	ibqp->counter = NULL;
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
