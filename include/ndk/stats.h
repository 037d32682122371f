/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters, one per-CPU block per device and one per bound rdma counter.
 * `rdma statistic` prints each under its name here, in lower case.
 */
#ifndef _NDK_STATS_H
#define _NDK_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

/**
 * enum ndk_stat - index of a counter
 * @NDK_STAT_SEND_REQUESTS: send requests accepted
 * @NDK_STAT_DEFERRED_REQUESTS: of these, with the defer mark
 * @NDK_STAT_REFUSED_POSTS: send-side posts refused inline
 * @NDK_STAT_DOORBELLS: doorbells rung, for whatever reason
 * @NDK_STAT_DOORBELLS_UNDEFERRED: rung by a request without the defer mark
 * @NDK_STAT_DOORBELLS_REFUSED: rung because a post was refused
 * @NDK_STAT_DOORBELLS_BOUND: rung because a chain reached the bound
 * @NDK_STAT_DOORBELLS_TIMER: rung for a chain left alone too long
 * @NDK_STAT_DOORBELLS_FULL: rung because the queue was full
 * @NDK_STAT_DOORBELLS_FLUSH: rung by a kick, a queue error or a destroy
 * @NDK_STAT_LONGEST_CHAIN: requests in the longest chain; a maximum, not a sum
 * @NDK_STAT_COMPLETIONS: entries put into completion queues
 * @NDK_STAT_CQ_OVERRUNS: entries lost because a completion queue was full
 * @NDK_STAT_TX_PACKETS: packets sent
 * @NDK_STAT_TX_BYTES: bytes sent, UDP payload
 * @NDK_STAT_RX_PACKETS: packets received
 * @NDK_STAT_RX_BYTES: bytes received, UDP payload
 * @NDK_STAT_LOCAL_REQUESTS: requests carried out by direct copy, no packet
 * @NDK_STAT_LOCAL_BYTES: payload bytes of these
 * @NDK_STAT_RETRANSMITS: packets sent again
 * @NDK_STAT_TIMEOUTS: acknowledge timeouts
 * @NDK_STAT_RNR_NAK_SENT: receiver not ready, sent
 * @NDK_STAT_RNR_NAK_RCVD: receiver not ready, received
 * @NDK_STAT_NAK_SEQ_SENT: PSN sequence error NAKs sent
 * @NDK_STAT_NAK_SEQ_RCVD: PSN sequence error NAKs received
 * @NDK_STAT_NAK_INV_REQ_SENT: invalid request NAKs sent
 * @NDK_STAT_NAK_INV_REQ_RCVD: invalid request NAKs received
 * @NDK_STAT_NAK_ACCESS_SENT: remote access error NAKs sent
 * @NDK_STAT_NAK_ACCESS_RCVD: remote access error NAKs received
 * @NDK_STAT_NAK_OP_SENT: remote operational error NAKs sent
 * @NDK_STAT_NAK_OP_RCVD: remote operational error NAKs received
 * @NDK_STAT_DUPLICATES: requests received a second time
 * @NDK_STAT_CNP_RCVD: congestion notifications received
 * @NDK_STAT_ICRC_ERRORS: packets dropped for a wrong ICRC
 * @NDK_STAT_DROP_SHORT: packets dropped: too short for their headers
 * @NDK_STAT_DROP_LENGTH: packets dropped: payload or padding out of range
 * @NDK_STAT_DROP_OPCODE: packets dropped: opcode unknown or wrong for the QP
 * @NDK_STAT_DROP_VERSION: packets dropped: transport header version
 * @NDK_STAT_DROP_PKEY: packets dropped: partition key
 * @NDK_STAT_DROP_QPN: packets dropped: no such QP
 * @NDK_STAT_DROP_QP_STATE: packets dropped: QP not ready to receive
 * @NDK_STAT_DROP_ADDRESS: packets dropped: not from the QP's peer
 * @NDK_STAT_DROP_SEQUENCE: packets dropped: behind a gap that was NAKed
 * @NDK_STAT_DROP_BACKLOG: packets dropped: QP busy and its queue full
 * @NDK_STAT_DROP_QKEY: datagrams dropped: wrong Q_Key
 * @NDK_STAT_DROP_NO_RECV: unreliable messages dropped: no receive request
 * @NDK_STAT_DROP_ACCESS: unreliable messages dropped: length, key or permission
 * @NDK_STAT_DROP_TX: packets not sent: no memory, route or queue space
 * @NDK_STAT_LOWER_POSTS: lists of send requests given to the device below
 * @NDK_STAT_LOWER_REFUSED: lists it refused, whole or in part
 * @NDK_STAT_LOWER_RECVS: receive requests given to it
 * @NDK_STAT_LOWER_STRAY: completions it made for requests that have no outcome due
 * @NDK_STAT_MAX: number of counters
 *
 * Up to @NDK_STAT_CQ_OVERRUNS counted by the provider, the rest by the backend.
 */
enum ndk_stat {
	NDK_STAT_SEND_REQUESTS,
	NDK_STAT_DEFERRED_REQUESTS,
	NDK_STAT_REFUSED_POSTS,
	NDK_STAT_DOORBELLS,
	NDK_STAT_DOORBELLS_UNDEFERRED,
	NDK_STAT_DOORBELLS_REFUSED,
	NDK_STAT_DOORBELLS_BOUND,
	NDK_STAT_DOORBELLS_TIMER,
	NDK_STAT_DOORBELLS_FULL,
	NDK_STAT_DOORBELLS_FLUSH,
	NDK_STAT_LONGEST_CHAIN,
	NDK_STAT_COMPLETIONS,
	NDK_STAT_CQ_OVERRUNS,
	NDK_STAT_TX_PACKETS,
	NDK_STAT_TX_BYTES,
	NDK_STAT_RX_PACKETS,
	NDK_STAT_RX_BYTES,
	NDK_STAT_LOCAL_REQUESTS,
	NDK_STAT_LOCAL_BYTES,
	NDK_STAT_RETRANSMITS,
	NDK_STAT_TIMEOUTS,
	NDK_STAT_RNR_NAK_SENT,
	NDK_STAT_RNR_NAK_RCVD,
	NDK_STAT_NAK_SEQ_SENT,
	NDK_STAT_NAK_SEQ_RCVD,
	NDK_STAT_NAK_INV_REQ_SENT,
	NDK_STAT_NAK_INV_REQ_RCVD,
	NDK_STAT_NAK_ACCESS_SENT,
	NDK_STAT_NAK_ACCESS_RCVD,
	NDK_STAT_NAK_OP_SENT,
	NDK_STAT_NAK_OP_RCVD,
	NDK_STAT_DUPLICATES,
	NDK_STAT_CNP_RCVD,
	NDK_STAT_ICRC_ERRORS,
	NDK_STAT_DROP_SHORT,
	NDK_STAT_DROP_LENGTH,
	NDK_STAT_DROP_OPCODE,
	NDK_STAT_DROP_VERSION,
	NDK_STAT_DROP_PKEY,
	NDK_STAT_DROP_QPN,
	NDK_STAT_DROP_QP_STATE,
	NDK_STAT_DROP_ADDRESS,
	NDK_STAT_DROP_SEQUENCE,
	NDK_STAT_DROP_BACKLOG,
	NDK_STAT_DROP_QKEY,
	NDK_STAT_DROP_NO_RECV,
	NDK_STAT_DROP_ACCESS,
	NDK_STAT_DROP_TX,
	NDK_STAT_LOWER_POSTS,
	NDK_STAT_LOWER_REFUSED,
	NDK_STAT_LOWER_RECVS,
	NDK_STAT_LOWER_STRAY,
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
