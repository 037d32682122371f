/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCP offload: what a host side and kernel clients include.
 *
 * Three kinds of object hang below a target: neighbors, below them paths, below
 * them connections. Their creator holds them and their state; five operations
 * move state between host and target. The core checks every tree before a
 * target sees it, decides who may run with whom, keeps the order of events, and
 * ends the offload of what a target has lost.
 *
 * There is no socket in here. Whoever takes a live connection off a stack (or a
 * test) creates the objects and gives the core two tables of functions: struct
 * toe_host_ops for the state, struct toe_consumer_ops for the data.
 *
 * Rule numbers (R-TOE-nn, R-TDI-nn, E1 to E9) are those of
 * Documentation/toe.md.
 *
 * Words
 * -----
 * accepted: the call returned 0; exactly one completion is owed.
 * refused: the call returned an errno; nothing will complete.
 *
 * Threading
 * ---------
 * Process or softirq, no lock held that a callback takes:
 *	toe_op_submit(), toe_upload(), toe_send(), toe_recv(), toe_forward(),
 *	toe_disconnect()
 * Process, may sleep:
 *	create and destroy, toe_op_alloc() with GFP_KERNEL, toe_target_flush()
 * Callbacks of struct toe_host_ops and &toe_op.done: process context, from the
 * core's worker of that target, one at a time per target, no lock held. They may
 * submit operations and post requests. Except segment and reachability, see there.
 * Callbacks of struct toe_consumer_ops and of requests: softirq or process with
 * bottom halves off, one at a time per connection.
 */
#ifndef _NDK_TOE_H
#define _NDK_TOE_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/uio.h>

#include <ndk/toe_state.h>

struct toe_conn;
struct toe_deliver;
struct toe_obj;
struct toe_target;

/**
 * enum toe_status - how an operation or a request ended
 * @TOE_SUCCESS: done
 * @TOE_FAILURE: initiate: not offloaded, no particular reason or not attempted;
 *	other operations: state lost
 * @TOE_INVALID_STATE: receive request behind an indicated end of stream
 * @TOE_RESOURCES: initiate: host memory
 * @TOE_REQUEST_ABORTED: reset or state lost: the request is gone
 * @TOE_UPLOAD_IN_PROGRESS: the connection is leaving: the host finishes the
 *	request itself
 * @TOE_REQUEST_UPLOAD: intermediate driver: could not pass the send on
 * @TOE_UPLOAD_REQUESTED: the same, for every later buffer
 * @TOE_TCP_ENTRIES: initiate: no connection context left
 * @TOE_PATH_ENTRIES: initiate: no path context left
 * @TOE_NEIGHBOR_ENTRIES: initiate: no neighbor context left
 * @TOE_IP_ADDRESS_ENTRIES: initiate: source address cannot be stored
 * @TOE_HW_ADDRESS_ENTRIES: initiate: source MAC unsupported, or table full
 * @TOE_VLAN_ENTRIES: initiate: VLAN table full
 * @TOE_TCP_XMIT_BUFFER: initiate: transmit buffers
 * @TOE_TCP_RCV_BUFFER: initiate: receive buffers
 * @TOE_TCP_RCV_WINDOW: initiate: receive window above the target's limit
 * @TOE_VLAN_MISMATCH: initiate: VLAN unknown to the interface
 * @TOE_DATA_NOT_ACCEPTED: indication: the consumer took nothing
 * @TOE_POLICY: initiate: poor candidate
 * @TOE_DATA_PARTIALLY_ACCEPTED: indication: the consumer took
 *	&toe_rx.consumed bytes
 * @TOE_PARTIAL_SUCCESS: initiate: own state stored, an immediate dependent not
 * @TOE_PATH_MTU: initiate: path MTU above the target's limit
 * @TOE_CONNECTION_REJECTED: initiate: poor candidate
 * @TOE_PENDING: receive clients: the client keeps a chained indication
 * @TOE_BUFFER_OVERFLOW: receive clients: the message is longer than the request
 * @TOE_MORE_PROCESSING: receive clients: here is a request for the rest
 * @TOE_UNWRITTEN: what the core writes before a target sees a block: a target
 *	must not complete with it
 *
 * Values are the published ones where such are known. From %TOE_RESOURCES and
 * %TOE_TCP_ENTRIES on what says "initiate" is legal there only (R-TOE-31).
 */
enum toe_status {
	TOE_SUCCESS			= 0,
	TOE_PENDING			= 0x00000103,
	TOE_BUFFER_OVERFLOW		= 0x80000005,
	TOE_FAILURE			= 0xc0000001,
	TOE_MORE_PROCESSING		= 0xc0000016,
	TOE_RESOURCES			= 0xc000009a,
	TOE_INVALID_STATE		= 0xc0000184,
	TOE_REQUEST_ABORTED		= 0xc023000c,
	TOE_UPLOAD_IN_PROGRESS		= 0xc0231001,
	TOE_REQUEST_UPLOAD		= 0xc0231002,
	TOE_UPLOAD_REQUESTED		= 0xc0231003,
	TOE_TCP_ENTRIES			= 0xc0231004,
	TOE_PATH_ENTRIES		= 0xc0231005,
	TOE_NEIGHBOR_ENTRIES		= 0xc0231006,
	TOE_IP_ADDRESS_ENTRIES		= 0xc0231007,
	TOE_HW_ADDRESS_ENTRIES		= 0xc0231008,
	TOE_VLAN_ENTRIES		= 0xc0231009,
	TOE_TCP_XMIT_BUFFER		= 0xc023100a,
	TOE_TCP_RCV_BUFFER		= 0xc023100b,
	TOE_TCP_RCV_WINDOW		= 0xc023100c,
	TOE_VLAN_MISMATCH		= 0xc023100d,
	TOE_DATA_NOT_ACCEPTED		= 0xc023100e,
	TOE_POLICY			= 0xc023100f,
	TOE_DATA_PARTIALLY_ACCEPTED	= 0xc0231010,
	/* no published value: our own, in the range set aside for that */
	TOE_PARTIAL_SUCCESS		= 0xe0231001,
	TOE_PATH_MTU			= 0xe0231002,
	TOE_CONNECTION_REJECTED		= 0xe0231003,
	TOE_UNWRITTEN			= 0xffffffff,
};

/**
 * toe_status_name() - for messages
 * @status: enum toe_status
 *
 * Return: its name without prefix, "unknown" for anything else.
 */
const char *toe_status_name(u32 status);

/**
 * toe_status_is_stored() - did the object's own state reach the target
 * @status: what an initiate left in its block
 *
 * Return: true for SUCCESS and PARTIAL_SUCCESS.
 */
static inline bool toe_status_is_stored(u32 status)
{
	return status == TOE_SUCCESS || status == TOE_PARTIAL_SUCCESS;
}

/**
 * enum toe_op_type - the five operations
 * @TOE_INITIATE: host to target
 * @TOE_QUERY: read state; any number at a time
 * @TOE_UPDATE: new cached values, or paths to a new neighbor
 * @TOE_INVALIDATE: stop sending on the object and everything below it
 * @TOE_TERMINATE: target to host
 * @TOE_OPS: number of operations
 */
enum toe_op_type {
	TOE_INITIATE,
	TOE_QUERY,
	TOE_UPDATE,
	TOE_INVALIDATE,
	TOE_TERMINATE,
	TOE_OPS
};

/**
 * enum toe_obj_state - where an object is
 * @TOE_IN_HOST: never offloaded, refused, or back
 * @TOE_OFFLOADING: an initiate is in progress, until the target's completion
 *	call has returned
 * @TOE_OFFLOADED: the target has it
 * @TOE_UPLOADING: a terminate is in progress
 * @TOE_OBJ_STATES: number of states
 */
enum toe_obj_state {
	TOE_IN_HOST,
	TOE_OFFLOADING,
	TOE_OFFLOADED,
	TOE_UPLOADING,
	TOE_OBJ_STATES
};

/**
 * enum toe_reason - why a connection is to be uploaded
 * @TOE_NO_REASON: none
 * @TOE_HARDWARE_FAILURE: tracking state corrupt (mandatory)
 * @TOE_INVALIDATED: tried to send over an invalidated object (mandatory)
 * @TOE_URGENT_DATA: urgent data received (mandatory)
 * @TOE_TIMEOUT: retransmit, FIN_WAIT_2, keepalive or persist (mandatory)
 * @TOE_UPLOAD_WANTED: anything else the target needs (mandatory)
 * @TOE_HIGH_DROP_RATE: hint
 * @TOE_HIGH_FRAGMENTATION: hint
 * @TOE_HIGH_OUT_OF_ORDER: hint
 * @TOE_LOW_ACTIVITY: hint
 * @TOE_NO_PREPOSTING: hint
 * @TOE_SMALL_IO: hint
 * @TOE_RESET: the peer reset the connection
 * @TOE_OP_FAILED: a query, update, invalidate or terminate failed
 * @TOE_UPLOAD_ALL_ASKED: the target asked for everything back
 * @TOE_ADAPTER_FAILED: ndk_nic_fail()
 * @TOE_HOST_ASKED: toe_upload() or a terminate tree
 * @TOE_CONSUMER_ASKED: the data side needs the host stack (urgent send)
 * @TOE_REASONS: number of reasons
 *
 * A target raises %TOE_HARDWARE_FAILURE to %TOE_SMALL_IO. The host answers a
 * hint; the core starts the upload for all others by itself, once.
 */
enum toe_reason {
	TOE_NO_REASON,
	TOE_HARDWARE_FAILURE,
	TOE_INVALIDATED,
	TOE_URGENT_DATA,
	TOE_TIMEOUT,
	TOE_UPLOAD_WANTED,
	TOE_HIGH_DROP_RATE,
	TOE_HIGH_FRAGMENTATION,
	TOE_HIGH_OUT_OF_ORDER,
	TOE_LOW_ACTIVITY,
	TOE_NO_PREPOSTING,
	TOE_SMALL_IO,
	TOE_RESET,
	TOE_OP_FAILED,
	TOE_UPLOAD_ALL_ASKED,
	TOE_ADAPTER_FAILED,
	TOE_HOST_ASKED,
	TOE_CONSUMER_ASKED,
	TOE_REASONS
};

/**
 * toe_reason_is_hint() - may the host decline
 * @reason: enum toe_reason
 *
 * Return: true for the tuning hints.
 */
static inline bool toe_reason_is_hint(unsigned int reason)
{
	return reason >= TOE_HIGH_DROP_RATE && reason <= TOE_SMALL_IO;
}

/**
 * struct toe_item - place in the worker's queue; the core's
 * @link: in the queue
 * @seq: when it happened, in the order of what the target did
 * @kind: what it is part of
 */
struct toe_item {
	struct list_head link;
	u32 seq;
	u8 kind;
};

/**
 * struct toe_op - one operation
 * @type: enum toe_op_type
 * @target: who is asked
 * @root: the tree
 * @done: the operation is over: the tree is the caller's again, every
 *	&toe_block.status is written. Of a terminate, sends without outcome are in
 *	&toe_block.sends, and the caller's: their done() is not called.
 * @priv: the caller's
 * @core: the core's
 * @core.item: in the worker's queue
 * @core.wait: in the list of the object it waits for
 * @core.out: in the table of operations the target has
 * @core.issued: clock when the target was called
 * @core.mark: stamps the blocks of its tree
 * @core.state: see drivers/toe/core.h
 * @core.last: last of the blocks beside @root, for those who use toe_op_add()
 * @core.blocks: blocks in the tree
 * @core.claimed: it has what it needs of its objects
 * @core.late: the watchdog has warned
 * @core.auto_free: the core made it and frees it
 *
 * The caller owns the memory; from an accepted toe_op_submit() until @done it
 * must stay. toe_op_alloc() and toe_op_add() build one with its tree.
 */
struct toe_op {
	enum toe_op_type type;
	struct toe_target *target;
	struct toe_block *root;
	void (*done)(struct toe_op *op);
	void *priv;
	struct {
		struct toe_item item;
		struct list_head wait;
		struct hlist_node out;
		u64 issued;
		u64 mark;
		struct toe_block *last;
		u32 state;
		u32 blocks;
		bool claimed;
		bool late;
		bool auto_free;
	} core;
};

/**
 * struct toe_host_ops - the host's side of its objects
 * @offloaded: an initiate ended for @obj; @status is the block's. Called before
 *	&toe_op.done, for each object asked for. Optional.
 * @retrieve: the target gives a reason for an upload. For a hint the return
 *	value decides: true uploads. For others it is ignored, the upload is on
 *	its way. Optional: hints are then declined.
 * @aborted: the target saw an acceptable RST, or lost the connection. The upload
 *	is on its way. Optional.
 * @uploading: the core starts a terminate by itself, for the first of its
 *	causes. Optional.
 * @uploaded: a terminate that the core started itself ended. @b is the object's
 *	block with delegated state if &toe_block.status says SUCCESS, with unsent
 *	data in &toe_block.sends and undelivered data in
 *	&toe_conn_delegated.buffered: valid during the call; sends become the
 *	host's by list_splice_init(), skbs by skb_queue_splice_init(). Sends that
 *	stay complete %TOE_UPLOAD_IN_PROGRESS, skbs that stay are freed. Optional.
 * @backlog: preferred number of outstanding send bytes. Optional.
 * @reachability: ticks since the host last confirmed the neighbor @obj; @nrd is
 *	the target's own figure. 0: the host does not know either. Called from the
 *	target's context, must not sleep. Optional: 0 is answered.
 * @segment: the target passes a segment up (TCP header first, no IP header); it
 *	is the host's now. Held back while a terminate runs, and never to be
 *	forwarded if it came then. Softirq, or process with bottom halves off; the
 *	target's context as a rule. Optional: it is freed, as if lost.
 * @stuck: an operation on @obj is overdue. Called once per operation. Optional.
 * @broken: the target completed what it does not have, or left a status out; for
 *	tests. Optional.
 *
 * @priv is what was given when @obj was created.
 */
struct toe_host_ops {
	void (*offloaded)(struct toe_obj *obj, void *priv, u32 status);
	bool (*retrieve)(struct toe_obj *obj, void *priv, enum toe_reason reason);
	void (*aborted)(struct toe_obj *obj, void *priv);
	void (*uploading)(struct toe_obj *obj, void *priv, enum toe_reason reason);
	void (*uploaded)(struct toe_obj *obj, void *priv, struct toe_block *b);
	void (*backlog)(struct toe_obj *obj, void *priv, u32 bytes);
	u32 (*reachability)(struct toe_obj *obj, void *priv, u32 nrd);
	void (*segment)(struct toe_obj *obj, void *priv, struct sk_buff *skb);
	void (*stuck)(struct toe_obj *obj, void *priv, enum toe_op_type type);
	void (*broken)(struct toe_obj *obj, void *priv, enum toe_op_type type);
};

/**
 * struct toe_rx - received data, shown to a consumer
 * @link: for whoever owns it
 * @conn: the connection it came by, with a reference while the consumer has it;
 *	NULL if it did not come by one
 * @skbs: the bytes, read only, fragments in any of an skb's forms
 * @offset: bytes to skip at the start of @skbs
 * @length: bytes behind @offset
 * @consumed: with %TOE_DATA_PARTIALLY_ACCEPTED: bytes the consumer took
 * @flags: TOE_RX_*
 * @core: the core's
 * @core.d: delivery that counts it while it is on loan
 * @core.parent: this is one of several views of that one's bytes
 * @core.refs: views of this one, and who uses it
 * @core.lent: bytes on loan, 0 if it is not
 * @core.node: on its way back
 *
 * After %TOE_SUCCESS it is the consumer's until toe_rx_return(). He changes @link
 * only.
 */
struct toe_rx {
	struct list_head link;
	struct toe_conn *conn;
	struct sk_buff_head skbs;
	u32 offset;
	u32 length;
	u32 consumed;
	u32 flags;
	struct {
		struct toe_deliver *d;
		struct toe_rx *parent;
		struct llist_node node;
		atomic_t refs;
		u32 lent;
	} core;
};

/* struct toe_rx.flags, and flags of toe_receive() */
#define TOE_RX_PSH	BIT(0)	/* ends with a segment that had PSH */
#define TOE_RX_FIN	BIT(1)	/* end of stream behind these bytes */
#define TOE_RX_RESERVE	BIT(2)	/* from a reserve: not to be kept for long */
#define TOE_RX_EOR	BIT(3)	/* ends a message; receive clients only */

/**
 * struct toe_consumer_ops - who reads a connection
 * @indicate: data, if no receive request takes it. %TOE_SUCCESS: the consumer
 *	took all and owns @rx; %TOE_DATA_NOT_ACCEPTED or
 *	%TOE_DATA_PARTIALLY_ACCEPTED: nothing more is indicated until a receive
 *	request is posted. Mandatory.
 * @disconnect: end of stream; every byte before it was consumed. Optional.
 * @aborted: no more data will come. Optional.
 *
 * Softirq, or process with bottom halves off; one call at a time per connection.
 */
struct toe_consumer_ops {
	u32 (*indicate)(struct toe_conn *conn, void *priv, struct toe_rx *rx);
	void (*disconnect)(struct toe_conn *conn, void *priv);
	void (*aborted)(struct toe_conn *conn, void *priv);
};

/* struct toe_send.flags */
#define TOE_SEND_DEFER	BIT(0)	/* more will follow; the target may be told later */
#define TOE_SEND_FIN	BIT(1)	/* set by toe_disconnect() */
#define TOE_SEND_RST	BIT(2)	/* set by toe_disconnect() */
#define TOE_SEND_URGENT	BIT(3)	/* urgent data: never for a target, starts an upload */

/**
 * struct toe_send - a send request
 * @link: core's while accepted
 * @iter: source, %ITER_KVEC or %ITER_BVEC. When the request completes it has
 *	been advanced by @bytes, so what is left is what was not acknowledged.
 * @flags: TOE_SEND_DEFER, TOE_SEND_URGENT
 * @done: the request is over, see @status and @bytes
 * @status: %TOE_SUCCESS: every byte is acknowledged by the peer
 * @bytes: bytes acknowledged
 * @state: the core's; 0 before the first use
 * @seq: the core's
 * @length: the core's: bytes when posted
 * @target_priv: the target's while it has the request
 *
 * The caller owns the memory and what @iter describes; both must stay until
 * @done.
 */
struct toe_send {
	struct list_head link;
	struct iov_iter iter;
	u32 flags;
	void (*done)(struct toe_send *s);
	u32 status;
	u32 bytes;
	u32 state;
	u32 seq;
	u32 length;
	void *target_priv;
};

/* struct toe_recv.flags */
#define TOE_RECV_NO_PUSH	BIT(0)	/* complete only when full */
#define TOE_RECV_PEEK		BIT(1)	/* copy what waits, leave it, complete at once */

/**
 * struct toe_recv - a receive request
 * @link: core's while accepted
 * @iter: destination, %ITER_KVEC or %ITER_BVEC, positioned behind @filled bytes;
 *	zero bytes of room make a request that only re-opens indications
 * @flags: TOE_RECV_NO_PUSH, TOE_RECV_PEEK
 * @filled: bytes placed before the offload, %TOE_RECV_NO_PUSH as a rule
 * @done: the request is over, see @status and @bytes
 * @status: enum toe_status
 * @bytes: valid bytes, @filled included
 * @state: the core's; 0 before the first use
 */
struct toe_recv {
	struct list_head link;
	struct iov_iter iter;
	u32 flags;
	u32 filled;
	void (*done)(struct toe_recv *r);
	u32 status;
	u32 bytes;
	u32 state;
};

/**
 * struct toe_forward - a segment the host received for an offloaded connection
 * @link: core's while accepted
 * @skb: TCP header first, no IP header; the caller's again when done
 * @done: the target is finished with it, or never was asked
 * @status: %TOE_SUCCESS: processed; %TOE_UPLOAD_IN_PROGRESS: the host processes
 *	it; %TOE_REQUEST_ABORTED: drop it
 * @state: the core's; 0 before the first use
 * @conn: the core's
 */
struct toe_forward {
	struct list_head link;
	struct sk_buff *skb;
	void (*done)(struct toe_forward *f);
	u32 status;
	u32 state;
	struct toe_conn *conn;
};

/*
 * Objects
 */

/**
 * toe_neigh_create() - a neighbor
 * @t: the target it may be offloaded to
 * @c: constant state, copied
 * @v: cached state, copied
 * @ops: the host's functions; outlive the object; may be NULL
 * @priv: handed to @ops
 *
 * Structures are checked: lengths, revision, ranges.
 *
 * Context: process.
 * Return: the object with one reference, or ERR_PTR(): -EINVAL, -ENOMEM,
 * -ESHUTDOWN (the target is going).
 */
struct toe_obj *toe_neigh_create(struct toe_target *t, const struct toe_neigh_const *c,
				 const struct toe_neigh_cached *v,
				 const struct toe_host_ops *ops, void *priv);

/**
 * toe_path_create() - a path below a neighbor
 * @neigh: the neighbor; the path holds a reference
 * @layer: %TOE_PATH4 or %TOE_PATH6
 * @c: constant state, copied
 * @v: cached state, copied
 * @ops: the host's functions, may be NULL
 * @priv: handed to @ops
 *
 * Context: process.
 * Return: as toe_neigh_create().
 */
struct toe_obj *toe_path_create(struct toe_obj *neigh, enum toe_layer layer,
				const struct toe_path_const *c, const struct toe_path_cached *v,
				const struct toe_host_ops *ops, void *priv);

/**
 * toe_conn_create() - a connection below a path
 * @path: the path; the connection holds a reference
 * @c: constant state, copied
 * @v: cached state, copied
 * @ops: the host's functions, may be NULL
 * @priv: handed to @ops
 *
 * Data that arrives before toe_conn_set_consumer() is kept.
 *
 * Context: process.
 * Return: as toe_neigh_create().
 */
struct toe_obj *toe_conn_create(struct toe_obj *path, const struct toe_conn_const *c,
				const struct toe_conn_cached *v,
				const struct toe_host_ops *ops, void *priv);

/**
 * toe_obj_get() - one more reference
 * @obj: an object the caller has a reference to
 *
 * Context: any.
 * Return: @obj.
 */
struct toe_obj *toe_obj_get(struct toe_obj *obj);

/**
 * toe_obj_put() - drop a reference
 * @obj: the object, or NULL
 *
 * An object that is offloaded has one reference more, until it has been
 * terminated; so the last put never takes it away from under a target.
 *
 * Context: any; frees by RCU.
 */
void toe_obj_put(struct toe_obj *obj);

/**
 * toe_obj_dependents() - how many objects hang below
 * @obj: the object
 *
 * Context: any.
 * Return: paths of a neighbor, connections of a path, 0 for a connection.
 */
unsigned int toe_obj_dependents(const struct toe_obj *obj);

/**
 * toe_obj_state() - where an object is
 * @obj: the object
 *
 * Context: any; a snapshot.
 * Return: its state.
 */
enum toe_obj_state toe_obj_state(const struct toe_obj *obj);

/**
 * toe_obj_is_invalid() - has it been invalidated
 * @obj: the object
 *
 * Context: any; a snapshot.
 * Return: true if it or an object above it was.
 */
bool toe_obj_is_invalid(const struct toe_obj *obj);

/**
 * toe_obj_parent() - what an object hangs below
 * @obj: the object
 *
 * Context: any. The caller knows that no update re-links it meanwhile.
 * Return: the object one layer up, without a reference; NULL for a neighbor.
 */
struct toe_obj *toe_obj_parent(const struct toe_obj *obj);

/**
 * toe_obj_handle() - what a target calls it
 * @obj: the object
 *
 * Context: any.
 * Return: its handle; 0 unless it is offloaded or about to be.
 */
u64 toe_obj_handle(const struct toe_obj *obj);

/**
 * toe_obj_const() - the host's copy of constant state
 * @obj: the object
 *
 * Context: any.
 * Return: the structure its layer has.
 */
const void *toe_obj_const(const struct toe_obj *obj);

/**
 * toe_obj_cached() - the host's copy of cached state, as last updated
 * @obj: the object
 *
 * Context: any; changes only in the completion of an update.
 * Return: the structure its layer has.
 */
const void *toe_obj_cached(const struct toe_obj *obj);

/**
 * toe_obj_set() - change a variable in the host's copy
 * @obj: the object
 * @cls: %TOE_STATE_CONST or %TOE_STATE_CACHED
 * @state: the new structure
 *
 * Possible only while the object is %TOE_IN_HOST; afterwards cached state
 * changes by an update, constant and delegated state not at all (R-TOE-16).
 *
 * Context: any.
 * Return: 0; -EINVAL: values, class, or constant state of what is not in the
 * host; -EBUSY: cached state of that.
 */
int toe_obj_set(struct toe_obj *obj, enum toe_class cls, const void *state);

/**
 * toe_path_set_neigh() - change what a path hangs below, in the host
 * @path: the path, %TOE_IN_HOST
 * @neigh: the neighbor, of the same target
 *
 * Once the path is offloaded this takes an update with a neighbor linker.
 *
 * Context: any.
 * Return: 0, -EINVAL (not a path or neighbor), -EBUSY (offloaded).
 */
int toe_path_set_neigh(struct toe_obj *path, struct toe_obj *neigh);

/**
 * toe_conn_of() - the data side of a connection
 * @obj: the object
 *
 * Context: any.
 * Return: the connection; NULL if @obj is something else.
 */
struct toe_conn *toe_conn_of(struct toe_obj *obj);

/**
 * toe_conn_obj() - the state side of a connection
 * @conn: the connection
 *
 * Context: any.
 * Return: its object.
 */
struct toe_obj *toe_conn_obj(struct toe_conn *conn);

/*
 * Operations
 */

/**
 * toe_op_alloc() - an operation with an empty tree
 * @t: the target
 * @type: enum toe_op_type
 * @done: see &struct toe_op
 * @priv: the caller's
 * @gfp: how to allocate
 *
 * Return: the operation or NULL. Free with toe_op_free() when it is done or was
 * refused.
 */
struct toe_op *toe_op_alloc(struct toe_target *t, enum toe_op_type type,
			    void (*done)(struct toe_op *op), void *priv, gfp_t gfp);

/**
 * toe_op_add() - one more block
 * @op: an operation of toe_op_alloc()
 * @parent: the block it hangs below; NULL: beside the root
 * @obj: the object; NULL for a block that only holds children
 * @layer: what it is, if @obj is NULL
 * @cls: which state follows; const and cached are filled from @obj
 * @gfp: how to allocate
 *
 * Blocks are in the order they were added. Nothing is checked here.
 *
 * Return: the block or NULL.
 */
struct toe_block *toe_op_add(struct toe_op *op, struct toe_block *parent, struct toe_obj *obj,
			     enum toe_layer layer, enum toe_class cls, gfp_t gfp);

/**
 * toe_op_free() - free an operation and its tree
 * @op: an operation of toe_op_alloc(), not accepted or done; may be NULL
 *
 * Objects, sends and skbs it named are not touched.
 */
void toe_op_free(struct toe_op *op);

/**
 * toe_op_submit() - start an operation
 * @op: type, target, root and done filled in
 *
 * The tree is checked whole before anything happens. An accepted operation
 * that may not run yet waits: for the initiate in progress on one of its
 * objects (E6), a second update for the first, a terminate for queries, updates
 * and invalidates. Completion is never from within this call.
 *
 * Return: 0 (accepted), or
 * -EINVAL: malformed: type, sizes, revision, ranges, order of layers, a
 *	connection with dependents, an object that does not fit its block, a class
 *	the operation does not take, update of what is invalid or of what it may
 *	not change, initiate of a connection in a state that cannot be offloaded;
 * -ELOOP: a block or an object is in the tree twice;
 * -EXDEV: an object belongs to another target;
 * -ENOTCONN: the object, or what it hangs below, is not offloaded;
 * -EALREADY: initiate of what is being offloaded;
 * -EISCONN: initiate of what is offloaded;
 * -EBUSY: terminate of what has dependents outside of the tree, or is getting
 *	some;
 * -EAGAIN: paused, or the target declined this connection a short time ago;
 * -ENOSPC: the target's table is full and nothing has been uploaded since;
 * -EOPNOTSUPP: the target has no such ability (IPv6, SACK);
 * -ESHUTDOWN: the object is on its way back, or the target is going.
 */
int toe_op_submit(struct toe_op *op);

/**
 * toe_upload() - ask for an object back
 * @obj: the object
 * @reason: why; kept if it is the first
 *
 * The core terminates it and everything below it, in order, as soon as that is
 * allowed; however many ask, the target is asked once. The host hears by
 * &toe_host_ops.uploaded.
 *
 * Return: 0, or -ENOTCONN if it is in the host.
 */
int toe_upload(struct toe_obj *obj, enum toe_reason reason);

/*
 * Data. All of them: 0 accepted; -ENOTCONN not offloaded; -ESHUTDOWN it has been
 * asked back, the host does it by itself; -EINVAL (no done(), flags, an iterator
 * that is not over kernel memory or of the wrong direction, more than 2^31 - 1
 * bytes); -EBUSY the request is in use. Sends also: -EPIPE behind a disconnect of
 * our own; -EAGAIN %TOE_MAX_SENDS are outstanding. During an initiate requests are
 * accepted and held (R-TOE-43).
 */

/* sends a connection may have outstanding */
#define TOE_MAX_SENDS	4096

/**
 * toe_conn_set_consumer() - who reads
 * @conn: the connection
 * @ops: the consumer's functions; NULL: data is kept
 * @priv: handed to @ops
 *
 * Returns when nobody is in a function of the previous consumer. What was kept
 * is then indicated.
 *
 * Context: process, not from a consumer's function.
 */
void toe_conn_set_consumer(struct toe_conn *conn, const struct toe_consumer_ops *ops, void *priv);

/**
 * toe_send() - send
 * @conn: the connection
 * @s: the request
 *
 * Not twice at the same time on one connection; the next may follow before this
 * one completes.
 *
 * Return: see above.
 */
int toe_send(struct toe_conn *conn, struct toe_send *s);

/**
 * toe_send_flush() - indicate deferred sends now
 * @conn: the connection
 */
void toe_send_flush(struct toe_conn *conn);

/**
 * toe_disconnect() - end the sending half, or all of it
 * @conn: the connection
 * @s: the request; graceful: may carry trailing data; abortive: none, else
 *	-EINVAL (R-TOE-113)
 * @abortive: reset instead of end
 *
 * Return: see above.
 */
int toe_disconnect(struct toe_conn *conn, struct toe_send *s, bool abortive);

/**
 * toe_recv() - post a receive request
 * @conn: the connection
 * @r: the request
 *
 * May be called from the completion of another one.
 *
 * Return: see above.
 */
int toe_recv(struct toe_conn *conn, struct toe_recv *r);

/**
 * toe_forward() - give the target a segment the host received
 * @conn: the connection
 * @f: the request
 *
 * Return: see above.
 */
int toe_forward(struct toe_conn *conn, struct toe_forward *f);

/**
 * toe_rx_return() - give received data back
 * @rx: list of &struct toe_rx, of any indications and connections; empty
 *	afterwards
 *
 * Cannot fail. Context: any.
 */
void toe_rx_return(struct list_head *rx);

/*
 * Targets, as a host sees them
 */

/**
 * struct toe_params - what a host sets once per target (toe.md 2.10)
 * @ticks_per_second: 10, 100 or 1000
 * @ack_frequency: segments per ACK
 * @delayed_ack: ticks
 * @max_retransmissions: of one segment
 * @doubt_retransmissions: until reachability is in doubt
 * @sws_prevention: ticks
 * @dup_ack_threshold: duplicate acknowledgements until fast retransmit
 * @push: ticks a push-mode receive request may stay partly filled
 * @nce_stale: ticks until a neighbor is stale
 */
struct toe_params {
	u32 ticks_per_second;
	u32 ack_frequency;
	u32 delayed_ack;
	u32 max_retransmissions;
	u32 doubt_retransmissions;
	u32 sws_prevention;
	u32 dup_ack_threshold;
	u32 push;
	u32 nce_stale;
};

/**
 * toe_target_get_params() - what is set
 * @t: the target
 * @p: filled in
 */
void toe_target_get_params(struct toe_target *t, struct toe_params *p);

/**
 * toe_target_set_params() - set them
 * @t: the target
 * @p: new values
 *
 * Return: 0, -EINVAL (value), -EBUSY (something is offloaded).
 */
int toe_target_set_params(struct toe_target *t, const struct toe_params *p);

/**
 * struct toe_caps - what a target can do; nothing set: no offload
 * @ipv4: IPv4 connections
 * @ipv6: IPv6 connections
 * @ipv6_ext: IPv6 extension headers
 * @sack: connections with SACK
 * @source_mac: takes &toe_neigh_const.src
 * @max_conns: connections
 * @max_mtu: largest path MTU; 0: no limit
 * @max_rcv_wnd: largest initial receive window; 0: no limit
 */
struct toe_caps {
	bool ipv4;
	bool ipv6;
	bool ipv6_ext;
	bool sack;
	bool source_mac;
	u32 max_conns;
	u32 max_mtu;
	u32 max_rcv_wnd;
};

/**
 * toe_target_caps() - as last read: at registration, and at each resume
 * @t: the target
 *
 * Return: a copy.
 */
struct toe_caps toe_target_caps(struct toe_target *t);

/**
 * toe_target_find() - a target by name
 * @name: as registered
 *
 * Context: process.
 * Return: the target with a reference, NULL if there is none.
 */
struct toe_target *toe_target_find(const char *name);

/**
 * toe_target_next() - walk over the targets
 * @t: the one before, whose reference is given back; NULL for the first
 *
 * A target that is unregistered meanwhile ends the walk.
 *
 * Context: process.
 * Return: the next target with a reference, NULL at the end.
 */
struct toe_target *toe_target_next(struct toe_target *t);

/**
 * struct toe_target_info - what people are told of a target
 * @name: as registered
 * @kind: &toe_target_ops.kind
 * @offloaded: connections that are not in the host
 * @paused: offers are stopped
 * @leaving: everything is on its way back
 * @failed: its adapter failed
 */
struct toe_target_info {
	const char *name;
	const char *kind;
	u32 offloaded;
	bool paused;
	bool leaving;
	bool failed;
};

/**
 * toe_target_describe() - fill in what people are told
 * @t: a target the caller has a reference to; the names are good as long
 * @info: filled in
 */
void toe_target_describe(struct toe_target *t, struct toe_target_info *info);

/**
 * enum toe_fault_kind - what goes wrong on request
 * @TOE_FAULT_FAIL: so many steps fail
 * @TOE_FAULT_EXHAUST: the table has room for so many objects
 * @TOE_FAULT_CORRUPT: so many queries find corrupt state
 * @TOE_FAULT_DELAY: each completion is looked at so many milliseconds late; of no
 *	layer
 */
enum toe_fault_kind {
	TOE_FAULT_FAIL,
	TOE_FAULT_EXHAUST,
	TOE_FAULT_CORRUPT,
	TOE_FAULT_DELAY,
};

/**
 * toe_target_fault() - make a target fail, as debugfs does
 * @t: the target
 * @kind: enum toe_fault_kind
 * @layer: enum toe_layer
 * @value: how many, or how long; 0 ends it
 *
 * Return: 0, -EINVAL (no such kind or layer, a delay of more than a minute).
 */
int toe_target_fault(struct toe_target *t, unsigned int kind, unsigned int layer, u32 value);

/**
 * toe_reason_name() - a reason in words
 * @reason: enum toe_reason
 *
 * Return: a word, "-" for %TOE_NO_REASON, "?" for none of them.
 */
const char *toe_reason_name(unsigned int reason);

/**
 * toe_target_get() - one more reference
 * @t: a target the caller has a reference to
 *
 * Return: @t.
 */
struct toe_target *toe_target_get(struct toe_target *t);

/**
 * toe_target_put() - drop a reference
 * @t: the target, or NULL
 */
void toe_target_put(struct toe_target *t);

/**
 * toe_target_is_paused() - may something be offloaded
 * @t: the target
 *
 * Return: true while it asked for a pause, or for everything back.
 */
bool toe_target_is_paused(struct toe_target *t);

/**
 * toe_target_flush() - wait for the core's worker
 * @t: the target
 *
 * When it returns, all that completions and events before the call led to has
 * been done, unless a target has to answer first.
 *
 * Context: process, not from a callback.
 */
void toe_target_flush(struct toe_target *t);

/**
 * enum toe_counter - per target and address family (toe.md 3.12)
 * @TOE_IP_IN_RECEIVES: packets received
 * @TOE_IP_IN_OCTETS: their bytes
 * @TOE_IP_IN_DELIVERS: packets handed to TCP
 * @TOE_IP_OUT_REQUESTS: packets sent
 * @TOE_IP_OUT_OCTETS: their bytes
 * @TOE_IP_IN_HDR_ERRORS: header errors
 * @TOE_IP_IN_TRUNCATED: truncated
 * @TOE_IP_IN_DISCARDS: dropped for want of something
 * @TOE_IP_OUT_DISCARDS: not sent for want of something
 * @TOE_IP_OUT_NO_ROUTES: not sent for want of a route
 * @TOE_TCP_IN_SEGS: segments received
 * @TOE_TCP_OUT_SEGS: segments sent, pure retransmissions not counted
 * @TOE_TCP_ESTAB_RESETS: resets of established connections
 * @TOE_TCP_RETRANS_SEGS: segments retransmitted
 * @TOE_TCP_IN_ERRS: segments with errors
 * @TOE_TCP_OUT_RSTS: resets sent
 * @TOE_COUNTERS: number of counters
 */
enum toe_counter {
	TOE_IP_IN_RECEIVES,
	TOE_IP_IN_OCTETS,
	TOE_IP_IN_DELIVERS,
	TOE_IP_OUT_REQUESTS,
	TOE_IP_OUT_OCTETS,
	TOE_IP_IN_HDR_ERRORS,
	TOE_IP_IN_TRUNCATED,
	TOE_IP_IN_DISCARDS,
	TOE_IP_OUT_DISCARDS,
	TOE_IP_OUT_NO_ROUTES,
	TOE_TCP_IN_SEGS,
	TOE_TCP_OUT_SEGS,
	TOE_TCP_ESTAB_RESETS,
	TOE_TCP_RETRANS_SEGS,
	TOE_TCP_IN_ERRS,
	TOE_TCP_OUT_RSTS,
	TOE_COUNTERS
};

/**
 * toe_target_counters() - read them
 * @t: the target
 * @v6: IPv6, else IPv4
 * @v: values by enum toe_counter; they wrap
 *
 * Return: connections currently in ESTABLISHED or CLOSE_WAIT.
 */
u32 toe_target_counters(struct toe_target *t, bool v6, u64 v[TOE_COUNTERS]);

/**
 * toe_target_reset_counters() - begin again at 0
 * @t: the target
 */
void toe_target_reset_counters(struct toe_target *t);

#endif /* _NDK_TOE_H */
