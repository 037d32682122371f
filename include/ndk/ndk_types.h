/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Constants and records of the NDK kernel API. Values are the published ones, so
 * that a consumer's tables and logs stay right when it is ported.
 */
#ifndef _NDK_NDK_TYPES_H
#define _NDK_NDK_TYPES_H

#include <linux/bits.h>
#include <linux/types.h>

struct ib_device;
struct net;
struct net_device;
struct page;
struct sockaddr;

struct ndk_adapter;
struct ndk_connector;
struct ndk_kcq;
struct ndk_kmr;
struct ndk_kmw;
struct ndk_kpd;
struct ndk_kqp;
struct ndk_ksrq;
struct ndk_listener;
struct ndk_shared_endpoint;

/*
 * The level this layer speaks. A consumer asks for a major version and for the
 * lowest minor it can live with; it is told the highest minor there is.
 */
#define NDK_VERSION_MAJOR	2
#define NDK_VERSION_MINOR	1

/**
 * enum ndk_object_type - what an object is (R-NDK-05)
 * @NDK_OBJECT_UNDEFINED: no object
 * @NDK_OBJECT_ADAPTER: &struct ndk_adapter
 * @NDK_OBJECT_QP: &struct ndk_kqp
 * @NDK_OBJECT_CQ: &struct ndk_kcq
 * @NDK_OBJECT_MR: &struct ndk_kmr
 * @NDK_OBJECT_MW: &struct ndk_kmw
 * @NDK_OBJECT_PD: &struct ndk_kpd
 * @NDK_OBJECT_SHARED_ENDPOINT: &struct ndk_shared_endpoint
 * @NDK_OBJECT_CONNECTOR: &struct ndk_connector
 * @NDK_OBJECT_LISTENER: &struct ndk_listener
 * @NDK_OBJECT_SRQ: &struct ndk_ksrq
 * @NDK_OBJECT_MAX: first value that is no type
 */
enum ndk_object_type {
	NDK_OBJECT_UNDEFINED,
	NDK_OBJECT_ADAPTER,
	NDK_OBJECT_QP,
	NDK_OBJECT_CQ,
	NDK_OBJECT_MR,
	NDK_OBJECT_MW,
	NDK_OBJECT_PD,
	NDK_OBJECT_SHARED_ENDPOINT,
	NDK_OBJECT_CONNECTOR,
	NDK_OBJECT_LISTENER,
	NDK_OBJECT_SRQ,
	NDK_OBJECT_MAX
};

/**
 * struct ndk_object - what every object starts with
 * @major: negotiated interface version
 * @minor: its minor
 * @type: enum ndk_object_type
 * @consumer: the consumer's own; zero when it gets the object, never looked at
 *	by the layer (R-NDK-05, R-NDK-06)
 */
struct ndk_object {
	u16 major;
	u16 minor;
	u32 type;
	unsigned long consumer[4];
};

/*
 * Flags of requests. Which may be given to which request is said at the request;
 * bits that do not belong there are refused with -EINVAL.
 */

/* no CQ entry if it succeeds; a failure, also a cancellation, always has one */
#define NDK_OP_FLAG_SILENT_SUCCESS		0x0001
/* starts only when all earlier reads of the queue pair are done */
#define NDK_OP_FLAG_READ_FENCE			0x0002
/* the peer's receive satisfies a SOLICITED arm */
#define NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT	0x0004
#define NDK_OP_FLAG_ALLOW_REMOTE_READ		0x0008
#define NDK_OP_FLAG_ALLOW_LOCAL_WRITE		0x0010
/* two bits: remote write includes local write, test with the whole mask */
#define NDK_OP_FLAG_ALLOW_REMOTE_WRITE		0x0030
/* SGEs are kernel addresses, copied before the call returns; tokens ignored */
#define NDK_OP_FLAG_INLINE			0x0040
/* the region will be the sink of a read; harmless where that needs nothing */
#define NDK_OP_FLAG_RDMA_READ_SINK		0x0080
/* invalidate the token of the read's first SGE, where the adapter can */
#define NDK_OP_FLAG_RDMA_READ_LOCAL_INVALIDATE	0x0100
/* accept now, show to the NIC with the rest of the chain: Documentation/deferral.md */
#define NDK_OP_FLAG_DEFER			0x0200

/* Flags of ndk_register_mr(). Local read is always granted. */
#define NDK_MR_FLAG_ALLOW_LOCAL_READ		0x0000
#define NDK_MR_FLAG_ALLOW_LOCAL_WRITE		0x0001
#define NDK_MR_FLAG_ALLOW_REMOTE_READ		0x0002
/* two bits: includes local write */
#define NDK_MR_FLAG_ALLOW_REMOTE_WRITE		0x0005
#define NDK_MR_FLAG_RDMA_READ_SINK		0x0008

/**
 * enum ndk_cq_notify_type - what satisfies an arm
 * @NDK_CQ_NOTIFY_ERRORS: only failure of the queue itself
 * @NDK_CQ_NOTIFY_ANY: the next completion
 * @NDK_CQ_NOTIFY_SOLICITED: the next receive whose sender asked for an event, or
 *	the next completion with an error
 */
enum ndk_cq_notify_type {
	NDK_CQ_NOTIFY_ERRORS,
	NDK_CQ_NOTIFY_ANY,
	NDK_CQ_NOTIFY_SOLICITED
};

/* ndk_control_cq_interrupt_moderation(): no limit of that kind */
#define NDK_CQ_MODERATION_INTERVAL_MAX		U32_MAX
#define NDK_CQ_MODERATION_COUNT_MAX		U32_MAX

/**
 * enum ndk_operation_type - what completed, in &struct ndk_result_ex (R-NDK-81)
 * @NDK_OPERATION_RECEIVE: ndk_receive() or ndk_srq_receive()
 * @NDK_OPERATION_SEND: ndk_send() or ndk_send_and_invalidate()
 * @NDK_OPERATION_FAST_REGISTER: ndk_fast_register()
 * @NDK_OPERATION_BIND: ndk_bind()
 * @NDK_OPERATION_INVALIDATE: ndk_invalidate()
 * @NDK_OPERATION_READ: ndk_read()
 * @NDK_OPERATION_WRITE: ndk_write()
 * @NDK_OPERATION_RECEIVE_AND_INVALIDATE: a receive, and the sender invalidated a
 *	token; has the bit of @NDK_OPERATION_RECEIVE
 */
enum ndk_operation_type {
	NDK_OPERATION_RECEIVE			= 1,
	NDK_OPERATION_SEND			= 2,
	NDK_OPERATION_FAST_REGISTER		= 4,
	NDK_OPERATION_BIND			= 8,
	NDK_OPERATION_INVALIDATE		= 16,
	NDK_OPERATION_READ			= 32,
	NDK_OPERATION_WRITE			= 64,
	NDK_OPERATION_RECEIVE_AND_INVALIDATE	= 0x8001
};

/**
 * struct ndk_result - one completion (R-NDK-80)
 * @status: 0 or a negative errno, see ndk_get_cq_results()
 * @bytes_transferred: receives only, otherwise undefined
 * @qp_context: given to ndk_create_qp()
 * @request_context: given to the request
 */
struct ndk_result {
	int status;
	u32 bytes_transferred;
	void *qp_context;
	void *request_context;
};

/**
 * struct ndk_result_ex - one completion, all there is to know
 * @status: as in &struct ndk_result
 * @bytes_transferred: as in &struct ndk_result
 * @qp_context: as in &struct ndk_result
 * @request_context: as in &struct ndk_result
 * @type: enum ndk_operation_type
 * @provider_error_code: 0 on success; on failure the NIC's own code, 0 if it
 *	gives none
 * @type_specific_completion_output: the token that was invalidated, if @type is
 *	%NDK_OPERATION_RECEIVE_AND_INVALIDATE; otherwise undefined
 */
struct ndk_result_ex {
	int status;
	u32 bytes_transferred;
	void *qp_context;
	void *request_context;
	u32 type;
	u32 provider_error_code;
	unsigned long type_specific_completion_output;
};

/**
 * struct ndk_sge - one piece of memory of a request
 * @virtual_address: with a region's token: address inside the region; inline
 *	data: kernel virtual address
 * @logical_address: with the privileged token: DMA address, as ndk_build_lam()
 *	gives them
 * @length: bytes
 * @memory_region_token: local token; ignored for inline data
 *
 * Laid out as struct ib_sge: no request copies its list more than once.
 */
struct ndk_sge {
	union {
		u64 virtual_address;
		u64 logical_address;
	};
	u32 length;
	u32 memory_region_token;
};

/**
 * struct ndk_mdl - pinned memory that is contiguous in somebody's address space
 * @virtual_address: of the first byte; what peers address it by when it is
 *	registered. Its offset in the page is that of the memory.
 * @pages: the pages, in order; NULL if @virtual_address is a kernel address, of
 *	the linear map or of vmalloc()
 * @npages: entries in @pages
 *
 * The consumer's, with what it points to, until the call that took it is done.
 */
struct ndk_mdl {
	u64 virtual_address;
	struct page **pages;
	u32 npages;
};

/**
 * struct ndk_lam - logical address mapping: the DMA addresses of some memory
 * @adapter_context: the layer's own
 * @adapter_page_count: entries in @adapter_page_array
 * @adapter_page_array: DMA addresses of pages, multiples of PAGE_SIZE
 */
struct ndk_lam {
	void *adapter_context;
	u32 adapter_page_count;
	u64 adapter_page_array[];
};

/**
 * enum ndk_rdma_technology - transport
 * @NDK_RDMA_UNDEFINED: unknown
 * @NDK_RDMA_IWARP: iWARP
 * @NDK_RDMA_INFINIBAND: InfiniBand
 * @NDK_RDMA_ROCE: RoCE version 1
 * @NDK_RDMA_ROCE_V2: RoCE version 2
 */
enum ndk_rdma_technology {
	NDK_RDMA_UNDEFINED,
	NDK_RDMA_IWARP,
	NDK_RDMA_INFINIBAND,
	NDK_RDMA_ROCE,
	NDK_RDMA_ROCE_V2
};

/* &struct ndk_adapter_info.adapter_flags */
#define NDK_ADAPTER_FLAG_IN_ORDER_DMA_SUPPORTED			0x00001
#define NDK_ADAPTER_FLAG_RDMA_READ_SINK_NOT_REQUIRED		0x00002
#define NDK_ADAPTER_FLAG_CQ_INTERRUPT_MODERATION_SUPPORTED	0x00004
#define NDK_ADAPTER_FLAG_MULTI_ENGINE_SUPPORTED			0x00008
#define NDK_ADAPTER_FLAG_RDMA_READ_LOCAL_INVALIDATE_SUPPORTED	0x00010
#define NDK_ADAPTER_FLAG_CQ_RESIZE_SUPPORTED			0x00100
#define NDK_ADAPTER_FLAG_LOOPBACK_CONNECTIONS_SUPPORTED		0x10000

/**
 * struct ndk_adapter_info - what an adapter can do
 * @major: interface version
 * @minor: its highest minor
 * @vendor_id: IEEE OUI
 * @device_id: the vendor's
 * @max_registration_size: bytes one region may have
 * @max_window_size: bytes one window may have
 * @frmr_page_count: pages of a fast-register region up to which most of them are
 *	to be had, at least 16
 * @max_initiator_request_sge: SGEs of a send or write
 * @max_receive_request_sge: SGEs of a receive
 * @max_read_request_sge: SGEs of a read, even if the queue pair was made for more
 *	or for fewer
 * @max_transfer_length: bytes of one request, all SGEs together
 * @max_inline_data_size: bytes of inline data
 * @max_inbound_read_limit: reads a peer may have under way to one queue pair
 * @max_outbound_read_limit: reads one queue pair may have under way
 * @max_receive_queue_depth: receives posted to one queue pair
 * @max_initiator_queue_depth: initiator requests of one queue pair
 * @max_srq_depth: receives posted to a shared receive queue; 0: there are none
 * @max_cq_depth: entries of a completion queue
 * @large_request_threshold: bytes above which read and write beat send and
 *	receive; a hint
 * @max_caller_data: bytes of private data ndk_connect() takes
 * @max_callee_data: bytes of private data ndk_accept() and ndk_reject() take
 * @adapter_flags: NDK_ADAPTER_FLAG_*
 * @rdma_technology: enum ndk_rdma_technology
 */
struct ndk_adapter_info {
	u16 major;
	u16 minor;
	u32 vendor_id;
	u32 device_id;
	size_t max_registration_size;
	size_t max_window_size;
	u32 frmr_page_count;
	u32 max_initiator_request_sge;
	u32 max_receive_request_sge;
	u32 max_read_request_sge;
	u32 max_transfer_length;
	u32 max_inline_data_size;
	u32 max_inbound_read_limit;
	u32 max_outbound_read_limit;
	u32 max_receive_queue_depth;
	u32 max_initiator_queue_depth;
	u32 max_srq_depth;
	u32 max_cq_depth;
	u32 large_request_threshold;
	u32 max_caller_data;
	u32 max_callee_data;
	u32 adapter_flags;
	u32 rdma_technology;
};

/**
 * typedef ndk_create_fn - a pending create is done
 * @context: the consumer's
 * @status: 0 or a negative errno
 * @object: the object, NULL on failure; it may be used, and closed, from inside
 *
 * Context: process or softirq, bottom halves disabled: must not sleep. Never
 * inside the call it ends.
 */
typedef void ndk_create_fn(void *context, int status, struct ndk_object *object);

/**
 * typedef ndk_request_fn - a pending request is done
 * @context: the consumer's
 * @status: 0 or a negative errno
 *
 * Context: as &ndk_create_fn.
 */
typedef void ndk_request_fn(void *context, int status);

/**
 * typedef ndk_close_fn - a pending close is done; the last callback of an object
 * @context: the consumer's
 *
 * Context: as &ndk_create_fn.
 */
typedef void ndk_close_fn(void *context);

/**
 * typedef ndk_cq_notify_fn - an arm was satisfied
 * @context: the consumer's
 * @status: 0; -EOVERFLOW: the queue was too small and is unusable, with its queue
 *	pairs; -EIO: it failed otherwise, with the same consequences
 *
 * One at a time per queue. May poll and arm.
 *
 * Context: softirq.
 */
typedef void ndk_cq_notify_fn(void *context, int status);

/**
 * typedef ndk_srq_notify_fn - fewer receives are queued than the threshold says
 * @context: the consumer's
 * @status: 0; -EIO: the queue failed and is unusable, with its queue pairs
 *
 * Context: process or softirq, bottom halves disabled: must not sleep.
 */
typedef void ndk_srq_notify_fn(void *context, int status);

/**
 * typedef ndk_removal_fn - the adapter goes away or was disabled
 * @context: the consumer's
 *
 * The consumer closes what it has and then the adapter, from process context and
 * not in here; whoever removes the adapter waits for that.
 *
 * Context: process, may sleep.
 */
typedef void ndk_removal_fn(void *context);

#endif /* _NDK_NDK_TYPES_H */
