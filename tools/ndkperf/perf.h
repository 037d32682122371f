/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ndkperf, a consumer of the NDK kernel API; also the example of how to write one.
 * Read in this order:
 *
 *	objects.c	open an adapter, make and close objects, wait for what pends
 *	client.c	connect in two phases, run, disconnect
 *	post.c		chains of requests, deferred or not; completions
 *	check.c		verification, and taking registrations back
 *	server.c	listener, its callback
 *	peer.c		a connection of the server: accept, receive, disconnect
 *	device.c	/dev/ndkperf
 *
 * Everything but the callbacks runs in process context: setting up and tearing
 * down may sleep here, so it waits for each call that pends (perf_wait()). The
 * callbacks come with bottom halves disabled: they wake somebody up, or poll.
 */
#ifndef _PERF_H
#define _PERF_H

#include <linux/completion.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <ndk/ndk.h>

#include "ndkperf.h"

#define PERF_MAGIC	0x6e646b70	/* "ndkp" */
#define PERF_VERSION	1

/**
 * struct perf_hello - private data of a connect
 * @magic: %PERF_MAGIC
 * @version: %PERF_VERSION
 * @op: enum ndkperf_op
 * @size: bytes of a request's data
 * @depth: requests outstanding
 * @chain: requests of a chain
 * @flags: NDKPERF_VERIFY
 * @slots: pieces of data in the server's region, @size bytes each
 *
 * Little endian: the other side may be another machine.
 */
struct perf_hello {
	__le32 magic;
	__le32 version;
	__le32 op;
	__le32 size;
	__le32 depth;
	__le32 chain;
	__le32 flags;
	__le32 slots;
};

/**
 * struct perf_welcome - private data of an accept
 * @magic: %PERF_MAGIC
 * @token: of the server's region
 * @receives: messages that may be under way
 * @zero: zero
 * @address: of the region: &struct perf_report, then the slots from %PERF_DATA on
 */
struct perf_welcome {
	__le32 magic;
	__le32 token;
	__le32 receives;
	__le32 zero;
	__le64 address;
};

/**
 * struct perf_report - what the server found; the client reads it by RDMA
 * @received: messages
 * @checked: pieces of data compared
 * @bad: those that were wrong
 */
struct perf_report {
	__le64 received;
	__le64 checked;
	__le64 bad;
};

/* where data begins in the server's region */
#define PERF_DATA	PAGE_SIZE

/**
 * struct perf_message - the send behind the fast-registers
 * @key: data pattern of the first region, the next has the next
 * @count: regions
 * @check: the server is to read and compare them
 * @region: them
 */
struct perf_message {
	__le64 key;
	__le32 count;
	__le32 check;
	struct perf_region {
		__le64 address;
		__le32 token;
		__le32 length;
	} region[];
};

#define PERF_MESSAGE_MAX	struct_size_t(struct perf_message, region, NDKPERF_MAX_CHAIN)

/**
 * struct perf_memory - memory and its registration
 * @start: the memory, page aligned
 * @bytes: its size
 * @mdl: describes it
 * @mr: the region; its tokens are for SGEs here, or for the peer
 * @lam: DMA addresses of its pages, for fast registration; or NULL
 */
struct perf_memory {
	void *start;
	size_t bytes;
	struct ndk_mdl mdl;
	struct ndk_kmr *mr;
	struct ndk_lam *lam;
};

/**
 * struct perf_end - one end of a connection: objects in the order they are made
 * @adapter: the adapter, whoever opened it
 * @pd: protection domain
 * @cq: completions of both queues
 * @data: what requests read and write
 * @receives: what receives write to; may be none
 * @qp: the queue pair
 * @connector: its connection
 */
struct perf_end {
	struct ndk_adapter *adapter;
	struct ndk_kpd *pd;
	struct ndk_kcq *cq;
	struct perf_memory data;
	struct perf_memory receives;
	struct ndk_kqp *qp;
	struct ndk_connector *connector;
};

/**
 * struct perf_depths - how large the queues of an end are to be
 * @initiator: initiator requests
 * @receive: receives
 */
struct perf_depths {
	u32 initiator;
	u32 receive;
};

/* objects.c */
int perf_wait(struct ndk_waiter *w, int ret);
int perf_open(const struct sockaddr_storage *local, ndk_removal_fn *removal, void *context,
	      struct ndk_adapter **adapter);
int perf_address(const struct ndkperf_addr *from, struct sockaddr_storage *to);
size_t perf_limit(struct ndk_adapter *adapter);
void perf_port(struct ndkperf_addr *addr, const struct sockaddr_storage *from);
int perf_memory_make(struct perf_end *e, struct perf_memory *m, size_t bytes, u32 rights);
int perf_memory_map(struct perf_end *e, struct perf_memory *m);
void perf_memory_free(struct perf_end *e, struct perf_memory *m);
int perf_end_make(struct perf_end *e, const struct perf_depths *d, ndk_cq_notify_fn *notify,
		  void *context);
void perf_end_close(struct perf_end *e);
void perf_close_connector(struct perf_end *e);
void perf_fill(void *data, size_t bytes, u64 key);
bool perf_differs(const void *data, size_t bytes, u64 key);

static inline struct ndk_sge perf_sge(const struct perf_memory *m, size_t offset, u32 length)
{
	return (struct ndk_sge){
		.virtual_address = (uintptr_t)m->start + offset,
		.length = length,
		.memory_region_token = ndk_get_local_token_from_mr(m->mr),
	};
}

/* client.c, server.c: one of each per open file */
struct perf_client;
struct perf_server;

struct perf_client *perf_client_new(struct ndkperf_connect *arg);
int perf_client_run(struct perf_client *c, struct ndkperf_run *arg);
int perf_client_check(struct perf_client *c, struct ndkperf_check *arg);
const struct ndkperf_latency *perf_client_latency(const struct perf_client *c);
void perf_client_free(struct perf_client *c);

struct perf_server *perf_server_new(struct ndkperf_serve *arg);
int perf_server_wait(struct perf_server *s, struct ndkperf_served *arg);
__poll_t perf_server_poll(struct perf_server *s, struct file *file, poll_table *pt);
void perf_server_free(struct perf_server *s);

#endif /* _PERF_H */
