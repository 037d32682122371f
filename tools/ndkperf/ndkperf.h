/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Between the program ndkperf and its module: ioctls of /dev/ndkperf. An open
 * file is one side: after NDKPERF_SERVE a server, after NDKPERF_CONNECT a client.
 * Closing it ends everything.
 *
 * What is not described must be zero; numbers out of range are refused with
 * -EINVAL and nothing happens.
 */
#ifndef NDKPERF_H
#define NDKPERF_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NDKPERF_DEVICE		"/dev/ndkperf"
#define NDKPERF_PORT		18515

#define NDKPERF_MAX_SIZE	(1U << 20)
#define NDKPERF_MAX_DEPTH	1024
#define NDKPERF_MAX_CHAIN	64
/* bytes the data of one side may have together; the adapter may say less */
#define NDKPERF_MAX_MEMORY	(16U << 20)

/**
 * enum ndkperf_op - what a chain is made of
 * @NDKPERF_WRITE: writes
 * @NDKPERF_SEND: sends
 * @NDKPERF_READ: reads
 * @NDKPERF_FASTREG_SEND: fast-registers, then a send that names them
 * @NDKPERF_OPS: number of these
 */
enum ndkperf_op {
	NDKPERF_WRITE,
	NDKPERF_SEND,
	NDKPERF_READ,
	NDKPERF_FASTREG_SEND,
	NDKPERF_OPS
};

/* all but the last request of a chain are deferred */
#define NDKPERF_DEFER		1U
/* data is different in every round, and compared */
#define NDKPERF_VERIFY		2U

/**
 * struct ndkperf_addr - an IPv4 or IPv6 address
 * @family: AF_INET or AF_INET6
 * @port: network order
 * @scope: network interface of a link-local address
 * @bytes: the address, 4 or 16 bytes; the rest zero
 */
struct ndkperf_addr {
	__u16 family;
	__be16 port;
	__u32 scope;
	__u8 bytes[16];
};

/**
 * struct ndkperf_serve - listen
 * @local: where; port 0: one is chosen; on return, with the port
 * @device: returned: name of the RDMA device
 */
struct ndkperf_serve {
	struct ndkperf_addr local;
	char device[64];
};

/**
 * struct ndkperf_served - wait for clients
 * @seen: clients that had gone when this was called last
 * @gone: returned: clients that have gone, more than @seen
 * @messages: returned: messages received from all of them
 * @bad: returned: messages or regions whose data was wrong
 * @failed: returned: connections that ended by an error
 */
struct ndkperf_served {
	__u64 seen;
	__u64 gone;
	__u64 messages;
	__u64 bad;
	__u64 failed;
};

/**
 * struct ndkperf_connect - connect
 * @local: from where; port 0
 * @remote: to where
 * @op: enum ndkperf_op
 * @size: bytes of a request's data
 * @depth: requests outstanding, at least @chain
 * @chain: requests of a chain, at least 1; of %NDKPERF_FASTREG_SEND at least 2
 * @flags: NDKPERF_DEFER, NDKPERF_VERIFY
 * @zero: zero
 * @device: returned: name of the RDMA device
 * @round: returned: most chains one NDKPERF_RUN can do
 */
struct ndkperf_connect {
	struct ndkperf_addr local;
	struct ndkperf_addr remote;
	__u32 op;
	__u32 size;
	__u32 depth;
	__u32 chain;
	__u32 flags;
	__u32 zero;
	char device[64];
	__u64 round;
};

/**
 * struct ndkperf_run - one measured round
 * @chains: chains to do; on return those that were done
 * @msecs: end it after this time even so; 0: do not
 * @zero: zero
 * @nsecs: returned: time it took, from the first post to the last completion
 * @requests: returned: requests in @chains
 * @doorbells: returned: how often the device's doorbell rang meanwhile
 * @deferred: returned: requests the device got with the defer mark
 *
 * Nothing but these chains is posted between call and return. The last two are
 * differences of the device's counters: of all that used it, so let it be nobody
 * else. Fails with the errno of the first request that failed.
 */
struct ndkperf_run {
	__u64 chains;
	__u32 msecs;
	__u32 zero;
	__u64 nsecs;
	__u64 requests;
	__u64 doorbells;
	__u64 deferred;
};

/**
 * struct ndkperf_check - between rounds, not measured
 * @checked: returned: pieces of data compared, here and at the server
 * @bad: returned: those that were wrong
 *
 * Compares if that was asked for, takes back registrations, prepares a round.
 */
struct ndkperf_check {
	__u64 checked;
	__u64 bad;
};

/* eight buckets per power of two: a value is known to an eighth */
#define NDKPERF_BUCKET_BITS	3
#define NDKPERF_BUCKETS		(64 << NDKPERF_BUCKET_BITS)

/**
 * struct ndkperf_latency - how long chains took, from first post to completion
 * @count: chains
 * @min: nanoseconds
 * @max: nanoseconds
 * @bucket: chains by duration, see ndkperf_bucket()
 */
struct ndkperf_latency {
	__u64 count;
	__u64 min;
	__u64 max;
	__u32 bucket[NDKPERF_BUCKETS];
};

#define NDKPERF_SERVE		_IOWR('N', 0x60, struct ndkperf_serve)
#define NDKPERF_SERVED		_IOWR('N', 0x61, struct ndkperf_served)
#define NDKPERF_CONNECT		_IOWR('N', 0x62, struct ndkperf_connect)
#define NDKPERF_RUN		_IOWR('N', 0x63, struct ndkperf_run)
#define NDKPERF_CHECK		_IOR('N', 0x64, struct ndkperf_check)
#define NDKPERF_LATENCY		_IOR('N', 0x65, struct ndkperf_latency)

#endif /* NDKPERF_H */
