/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The client: what client.c, post.c and check.c share.
 */
#ifndef _CLIENT_H
#define _CLIENT_H

#include "perf.h"

/* context of requests that belong to no chain */
#define CLIENT_CONTROL	((void *)1UL)

/**
 * struct perf_client - a client
 * @op: enum ndkperf_op
 * @size: bytes of a request's data
 * @depth: requests outstanding
 * @chain: requests of a chain
 * @flags: NDKPERF_*
 * @end: its objects
 * @mutex: one ioctl at a time
 * @woken: the CQ notified, or the connection is gone
 * @wait: for @woken
 * @gone: the peer disconnected
 * @error: a request failed, errno
 * @server: address of the server's region
 * @token: its token
 * @slots: pieces of data, here and at the server, @stride bytes apart
 * @stride: bytes from one to the next
 * @messages: offset in @end.data of messages, %PERF_MESSAGE_MAX bytes each
 * @scratch: offset in @end.data of what checks read into
 * @keys: key of each slot's data
 * @next_key: next key never used
 * @slot: the next chain begins with
 * @round: first slot of this round
 * @round_began: @posted when this round began
 * @regions: fast-register regions, one per slot
 * @left: chains this round has room for
 * @sent: messages sent, ever
 * @expected: pieces the server was asked to compare, ever
 * @bad: of these, wrong ones that have been reported
 * @window: chains that may be outstanding
 * @posted: chains posted, ever
 * @completed: chains completed, ever
 * @started: when each outstanding chain was posted, nanoseconds
 * @latency: of all rounds
 */
struct perf_client {
	u32 op;
	u32 size;
	u32 depth;
	u32 chain;
	u32 flags;
	struct perf_end end;
	struct mutex mutex; /* one ioctl at a time */
	atomic_t woken;
	wait_queue_head_t wait;
	bool gone;
	int error;

	u64 server;
	u32 token;
	u32 slots;
	u32 stride;
	u32 messages;
	u32 scratch;
	u64 *keys;
	u64 next_key;
	u32 slot;
	u32 round;
	u64 round_began;
	struct ndk_kmr **regions;
	u64 left;
	u64 sent;
	u64 expected;
	u64 bad;

	u32 window;
	u64 posted;
	u64 completed;
	u64 *started;
	struct ndkperf_latency latency;
};

/* data of a slot, as offset in @end.data */
static inline size_t client_offset(const struct perf_client *c, u32 slot)
{
	return (size_t)slot * c->stride;
}

static inline u64 client_remote(const struct perf_client *c, u32 slot)
{
	return c->server + PERF_DATA + client_offset(c, slot);
}

/* post.c */
void client_notify(void *context, int status);
int client_run(struct perf_client *c, u64 chains, u32 msecs, u64 *done);
int client_wait_control(struct perf_client *c, int posted);
u32 client_message(struct perf_client *c, u32 slot, u32 index, bool check);

/* check.c */
int client_prepare(struct perf_client *c);
int client_check(struct perf_client *c, struct ndkperf_check *result);

#endif /* _CLIENT_H */
