/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters, one per-CPU block per device and one per bound rdma counter.
 *
 * The list below is the single place where a counter is named: the enum, and
 * the names `rdma statistic` prints, are both made from it.
 */
#ifndef _NDK_STATS_H
#define _NDK_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

#define NDK_STATS(X)							\
	/* posting side, counted by the provider */			\
	X(SEND_REQUESTS, send_requests)	/* accepted */			\
	X(DEFERRED_REQUESTS, deferred_requests)	/* of these, deferred */ \
	X(REFUSED_POSTS, refused_posts)	/* send side, inline */		\
	X(DOORBELLS, doorbells)						\
	X(DB_UNDEFERRED, doorbells_undeferred)				\
	X(DB_REFUSED, doorbells_refused)				\
	X(DB_BOUND, doorbells_bound)					\
	X(DB_TIMER, doorbells_timer)					\
	X(DB_FULL, doorbells_full)					\
	X(DB_FLUSH, doorbells_flush)					\
	X(LONGEST_CHAIN, longest_chain)	/* a maximum, not a sum */	\
	X(COMPLETIONS, completions)	/* entries put into CQs */	\
	X(CQ_OVERRUNS, cq_overruns)					\
	/* wire, counted by the backend */				\
	X(TX_PACKETS, tx_packets)					\
	X(TX_BYTES, tx_bytes)		/* payload of the UDP packets */ \
	X(RX_PACKETS, rx_packets)					\
	X(RX_BYTES, rx_bytes)						\
	X(LOCAL_REQUESTS, local_requests) /* carried out by direct copy */ \
	X(LOCAL_BYTES, local_bytes)					\
	X(RETRANSMITS, retransmits)	/* packets sent again */	\
	X(TIMEOUTS, timeouts)						\
	X(RNR_NAK_SENT, rnr_nak_sent)					\
	X(RNR_NAK_RCVD, rnr_nak_rcvd)					\
	X(NAK_SEQ_SENT, nak_seq_sent)					\
	X(NAK_SEQ_RCVD, nak_seq_rcvd)					\
	X(NAK_INV_REQ_SENT, nak_inv_req_sent)				\
	X(NAK_INV_REQ_RCVD, nak_inv_req_rcvd)				\
	X(NAK_ACCESS_SENT, nak_access_sent)				\
	X(NAK_ACCESS_RCVD, nak_access_rcvd)				\
	X(NAK_OP_SENT, nak_op_sent)					\
	X(NAK_OP_RCVD, nak_op_rcvd)					\
	X(DUPLICATES, duplicates)					\
	X(CNP_RCVD, cnp_rcvd)						\
	X(ICRC_ERRORS, icrc_errors)					\
	/* packets dropped, by reason */				\
	X(DROP_SHORT, drop_short)	/* too short for its headers */	\
	X(DROP_LENGTH, drop_length)	/* payload or pad out of range */ \
	X(DROP_OPCODE, drop_opcode)	/* unknown or wrong for the QP */ \
	X(DROP_VERSION, drop_version)	/* transport header version */	\
	X(DROP_PKEY, drop_pkey)						\
	X(DROP_QPN, drop_qpn)		/* no such QP */		\
	X(DROP_QP_STATE, drop_qp_state)					\
	X(DROP_ADDRESS, drop_address)	/* not from the QP's peer */	\
	X(DROP_SEQUENCE, drop_sequence)	/* beyond a gap, not NAKed */	\
	X(DROP_BACKLOG, drop_backlog)	/* QP too busy, queue full */	\
	X(DROP_TX, drop_tx)		/* no memory, route or queue */

/**
 * enum ndk_stat - index of a counter
 *
 * Generated from NDK_STATS(); the comment there says what each one counts.
 */
enum ndk_stat {
#define X(id, name) NDK_STAT_##id,
	NDK_STATS(X)
#undef X
	NDK_STAT_MAX
};

/**
 * struct ndk_stats - one CPU's block
 * @v: values, by enum ndk_stat
 */
struct ndk_stats {
	u64 v[NDK_STAT_MAX];
};

/**
 * ndk_stat_add() - count
 * @s: per-CPU blocks
 * @i: which counter
 * @n: how many
 *
 * Context: any.
 */
static inline void ndk_stat_add(struct ndk_stats __percpu *s, enum ndk_stat i, u64 n)
{
	this_cpu_add(s->v[i], n);
}

#endif /* _NDK_STATS_H */
