/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The server: what server.c and peer.c share.
 */
#ifndef _SERVER_H
#define _SERVER_H

#include <linux/list.h>
#include <linux/spinlock.h>

#include "perf.h"

/**
 * struct perf_server - a server
 * @adapter: the adapter, for all connections
 * @listener: where they come from
 * @wait: for @lock's members to change
 * @lock: protects what follows
 * @peers: connections
 * @stopping: no more of them
 * @removed: the adapter goes
 * @total: of those that have gone
 * @reported: of these, as many as %NDKPERF_SERVED has told of
 */
struct perf_server {
	struct ndk_adapter *adapter;
	struct ndk_listener *listener;
	wait_queue_head_t wait;
	spinlock_t lock; /* what follows */
	struct list_head peers;
	bool stopping;
	bool removed;
	struct ndkperf_served total;
	u64 reported;
};

/**
 * struct perf_peer - a connection of the server
 * @server: the server
 * @link: in its list
 * @end: its objects
 * @work: the connection's life, from accept to disconnect
 * @wait: for what the callbacks report
 * @accepted: ndk_accept() is done
 * @status: its result
 * @gone: the client disconnected, or the connection broke
 * @error: a request failed, errno
 * @op: enum ndkperf_op
 * @size: bytes of a request's data
 * @flags: NDKPERF_VERIFY
 * @slots: pieces of data
 * @stride: bytes from one to the next
 * @room: bytes of a receive
 * @depth: requests the client may have outstanding
 * @receives: receives
 * @rq_lock: one caller at a time posts receives
 * @received: messages received
 * @bad: of these, wrong ones
 * @check: message whose regions are to be compared, or NULL
 * @checked: pieces compared by @work
 * @check_bad: of these, wrong ones
 * @read_done: a read of @work is done
 * @read_status: its result
 */
struct perf_peer {
	struct perf_server *server;
	struct list_head link;
	struct perf_end end;
	struct work_struct work;
	wait_queue_head_t wait;
	bool accepted;
	int status;
	bool gone;
	int error;
	u32 op;
	u32 size;
	u32 flags;
	u32 slots;
	u32 stride;
	u32 room;
	u32 depth;
	u32 receives;
	spinlock_t rq_lock; /* the receive queue */
	u64 received;
	u64 bad;
	const struct perf_message *check;
	u64 checked;
	u64 check_bad;
	bool read_done;
	int read_status;
};

/* server.c */
void server_forget(struct perf_peer *p);

/* peer.c */
struct perf_peer *peer_new(struct perf_server *s, struct ndk_connector *connector);

#endif /* _SERVER_H */
