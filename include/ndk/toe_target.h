/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The offload target contract: what a driver that can carry TCP connections
 * implements, and what it calls. Documentation/toe.md walks through one.
 *
 * A target sees only trees that passed every check, only operations that may
 * run together, and objects whose parents it has. It owes one completion per
 * operation and a status in every block.
 *
 * Threading
 * ---------
 * The operations of struct toe_target_ops are called in process or softirq
 * context, must not sleep, and are called without a lock of the core held, so
 * they may call back. For one connection ops->send is not entered twice at the
 * same time.
 * toe_complete() and the events may be called from any context, hard interrupt
 * included. The data functions: softirq, or process with bottom halves off. A
 * target may hold its own locks while it calls a completion or event: nothing of
 * it is called back from there. While it calls toe_receive() or
 * toe_send_acked() it must hold none that its operations take: the consumer
 * runs from there.
 */
#ifndef _NDK_TOE_TARGET_H
#define _NDK_TOE_TARGET_H

#include <ndk/toe.h>
#include <ndk/toe_clock.h>

struct ndk_nic;

/**
 * enum toe_role - what a block is there for
 * @TOE_ROLE_SCAFFOLD: names no object, holds children; status always SUCCESS
 * @TOE_ROLE_LINKER: initiate: object offloaded already, new children below it;
 *	update: neighbor the paths below it are to use
 * @TOE_ROLE_NEW: initiate: to be offloaded
 * @TOE_ROLE_SUBJECT: other operations: the object is meant
 */
enum toe_role {
	TOE_ROLE_SCAFFOLD,
	TOE_ROLE_LINKER,
	TOE_ROLE_NEW,
	TOE_ROLE_SUBJECT,
};

/**
 * toe_block_role() - role of a block
 * @op: which operation the tree is for
 * @b: the block
 *
 * Call it before storing \*@b->ctx.
 *
 * Return: its role.
 */
enum toe_role toe_block_role(enum toe_op_type op, const struct toe_block *b);

/**
 * enum toe_signal - what a target says about itself
 * @TOE_PAUSE: offer nothing new; what is on its way is still to be taken (E9)
 * @TOE_RESUME: capabilities may have changed; offer again
 * @TOE_UPLOAD_ALL: take everything back
 */
enum toe_signal {
	TOE_PAUSE,
	TOE_RESUME,
	TOE_UPLOAD_ALL,
};

/**
 * struct toe_target_ops - what a target implements
 * @owner: its module
 * @kind: short name for messages
 * @caps: fill what it can do. Called at registration and at each resume, process
 *	context. Mandatory.
 * @initiate: take over the tree's new objects, depth first: a node, its first
 *	child with what is below, its next sibling. For each stored connection
 *	call toe_adopt(). Mandatory.
 * @query: fill the state structures that follow each block. Default: the core
 *	answers for constant and cached state from its copy; a block that asks for
 *	delegated state fails, without being counted as corrupt.
 * @update: cached structures, and linkers with paths below. Default: FAILURE.
 * @invalidate: stop sending on each object and everything below it; keep the
 *	contexts. Default: SUCCESS: the core indicates no more sends there.
 * @terminate: duties of toe.md 2.8. Connections come with a delegated structure
 *	to fill. Data operations are not started any more, but one may still be
 *	executing elsewhere: contexts are freed after a grace period (kfree_rcu()).
 *	Mandatory.
 * @send: @count new sends from @first on (toe_send_next()), oldest first, behind
 *	everything shown earlier. Flags %TOE_SEND_FIN and %TOE_SEND_RST are
 *	disconnects. Default: the core asks for the connection back.
 * @recv_posted: a receive request of @bytes was posted. Optional.
 * @consumed: @bytes received earlier are no longer held: taken by the consumer,
 *	or returned if they were on loan. The place to open the window. Optional.
 * @forward: a segment the host received; toe_forward_done() when finished.
 *	Default: %TOE_UPLOAD_IN_PROGRESS.
 * @set_params: new global parameters. Optional.
 *
 * @ctx is what the target stored through &toe_block.ctx.
 */
struct toe_target_ops {
	struct module *owner;
	const char *kind;
	void (*caps)(struct toe_target *t, struct toe_caps *caps);

	void (*initiate)(struct toe_target *t, struct toe_block *root);
	void (*query)(struct toe_target *t, struct toe_block *root);
	void (*update)(struct toe_target *t, struct toe_block *root);
	void (*invalidate)(struct toe_target *t, struct toe_block *root);
	void (*terminate)(struct toe_target *t, struct toe_block *root);

	void (*send)(struct toe_target *t, void *ctx, struct toe_send *first, u32 count);
	void (*recv_posted)(struct toe_target *t, void *ctx, u32 bytes);
	void (*consumed)(struct toe_target *t, void *ctx, u32 bytes);
	void (*forward)(struct toe_target *t, void *ctx, struct toe_forward *f);
	void (*set_params)(struct toe_target *t, const struct toe_params *p);
};

/**
 * toe_target_register() - make a target known
 * @nic: the adapter it belongs to; stays until toe_target_unregister()
 * @name: unique among targets, up to 31 bytes
 * @ops: its functions
 * @priv: for toe_target_priv()
 * @clock: for tests: a clock to use, which outlives every object (they are freed by
 *	RCU); NULL: the kernel's time
 *
 * When ndk_nic_fail() is called for @nic, every connection of the target is
 * aborted and asked back.
 *
 * Context: process.
 * Return: the target or ERR_PTR(): -EINVAL (an operation that is mandatory is
 * missing, the name is empty or too long), -EEXIST, -ENOMEM.
 */
struct toe_target *toe_target_register(struct ndk_nic *nic, const char *name,
				       const struct toe_target_ops *ops, void *priv,
				       struct toe_clock *clock);

/**
 * toe_target_unregister() - take everything back, wait, forget the target
 * @t: the target
 *
 * Waits until every object has been terminated and every loaned receive buffer
 * is back (R-TOE-138), so its operations are called until this returns. What the
 * target does not complete even then is reported, given up, and leaks.
 *
 * Context: process.
 */
void toe_target_unregister(struct toe_target *t);

/**
 * toe_target_priv() - the target's own
 * @t: the target
 *
 * Return: @priv of toe_target_register().
 */
void *toe_target_priv(const struct toe_target *t);

/**
 * toe_target_clock() - its clock
 * @t: the target
 *
 * Return: the clock, for timers of the target's own.
 */
struct toe_clock *toe_target_clock(struct toe_target *t);

/*
 * Completing an operation
 *
 * "In progress" of an initiate ends when the completion call has returned (E1 to
 * E7). A function cannot see its own return; so the call is two, and the second
 * is what lets the core go on. toe_complete() is what a target uses.
 */

/**
 * toe_complete_call() - first half: take the tree back
 * @t: the target
 * @root: the pointer the operation was started with
 *
 * A pointer that is not outstanding (completed already, or never given) is
 * reported once, counted, and ignored (R-TOE-10, R-TOE-12).
 *
 * Context: any.
 * Return: what toe_complete_returned() needs; NULL if ignored.
 */
struct toe_op *toe_complete_call(struct toe_target *t, struct toe_block *root);

/**
 * toe_complete_returned() - second half: the call is over
 * @t: the target
 * @op: from toe_complete_call(), may be NULL
 *
 * Nothing the completion leads to happens before, and none of it in the caller's
 * context.
 *
 * Context: any.
 */
void toe_complete_returned(struct toe_target *t, struct toe_op *op);

/**
 * toe_complete() - complete an operation
 * @t: the target
 * @root: the pointer the operation was started with
 *
 * Every block's status is written. The tree is no longer the target's.
 *
 * Context: any.
 */
static inline void toe_complete(struct toe_target *t, struct toe_block *root)
{
	toe_complete_returned(t, toe_complete_call(t, root));
}

/**
 * struct toe_walk - walking a tree as the contract wants it
 * @at: block to look at, NULL at the end
 * @up: blocks above it, by layer
 * @depth: valid entries in @up
 */
struct toe_walk {
	struct toe_block *at;
	struct toe_block *up[TOE_LAYERS];
	unsigned int depth;
};

/**
 * toe_walk_start() - begin at the root
 * @w: the walk
 * @root: the root
 */
static inline void toe_walk_start(struct toe_walk *w, struct toe_block *root)
{
	w->at = root;
	w->depth = 0;
}

/**
 * toe_walk_parent() - the block above the current one
 * @w: the walk
 *
 * Return: the block, NULL at the top.
 */
static inline struct toe_block *toe_walk_parent(const struct toe_walk *w)
{
	return w->depth ? w->up[w->depth - 1] : NULL;
}

/**
 * toe_walk_next() - depth first, then siblings
 * @w: the walk
 */
void toe_walk_next(struct toe_walk *w);

/**
 * toe_walk_skip() - as toe_walk_next(), without the current block's dependents
 * @w: the walk
 */
void toe_walk_skip(struct toe_walk *w);

/**
 * toe_set_status() - write one status into every block of a tree
 * @root: the root
 * @status: enum toe_status
 */
void toe_set_status(struct toe_block *root, u32 status);

/**
 * typedef toe_store_fn - how toe_initiate_each() stores one object
 * @t: the target
 * @b: the object's block
 * @parent: context of what it hangs below, NULL for a neighbor
 * @arg: given to toe_initiate_each()
 *
 * Return: %TOE_SUCCESS, with \*@b->ctx stored; or why not, with that untouched.
 */
typedef u32 (*toe_store_fn)(struct toe_target *t, struct toe_block *b, void *parent, void *arg);

/**
 * toe_initiate_each() - the walk of an initiate, with its failure rules
 * @t: the target
 * @root: the tree
 * @store: takes over one object
 * @arg: for @store
 *
 * Does all that toe.md 2.3 asks of a target: the order, the end of the walk if
 * the root fails, FAILURE for what hangs below a failed object, the folding of
 * children into their parent, toe_adopt() for connections. The tree is then
 * ready for toe_complete(). Faults set up for the target apply.
 */
void toe_initiate_each(struct toe_target *t, struct toe_block *root, toe_store_fn store,
		       void *arg);

/**
 * toe_adopt() - a connection of an initiate is stored: it is live
 * @t: the target
 * @b: its block, \*@b->ctx stored
 *
 * Copies &toe_conn_delegated.buffered and accepts &toe_block.sends; from here on
 * segments may be processed (E3), and what they bring is kept back until the
 * completion call has returned (E4). A target that does not call it gets it done
 * at completion, and may process segments only from then on.
 *
 * Context: process or softirq, during the initiate.
 * Return: %TOE_SUCCESS, or %TOE_FAILURE if there is no memory: the target then
 * undoes what it stored and fails this block (R-TOE-27).
 */
u32 toe_adopt(struct toe_target *t, struct toe_block *b);

/*
 * Events. @handle is that of the object's block. A handle that is stale or
 * foreign is ignored and counted (R-TOE-14). During an initiate events are
 * kept and counted, and handled after it (R-TOE-47).
 */

/**
 * toe_event_retrieve() - ask for one connection back
 * @t: the target
 * @handle: the connection
 * @reason: %TOE_HARDWARE_FAILURE to %TOE_SMALL_IO
 *
 * The same reason again before the host has seen the first is one event.
 */
void toe_event_retrieve(struct toe_target *t, u64 handle, enum toe_reason reason);

/**
 * toe_event_abort() - an acceptable RST, or a connection that is lost
 * @t: the target
 * @handle: the connection
 *
 * The core completes sends, receives and disconnects %TOE_REQUEST_ABORTED; the
 * context stays until terminate.
 */
void toe_event_abort(struct toe_target *t, u64 handle);

/**
 * toe_event_backlog() - preferred outstanding send bytes changed
 * @t: the target
 * @handle: the connection
 * @bytes: the figure
 *
 * At most one per connection and second reaches the host, the newest.
 */
void toe_event_backlog(struct toe_target *t, u64 handle, u32 bytes);

/**
 * toe_event_reachability() - a neighbor looks stale
 * @t: the target
 * @b: one neighbor block with all state; siblings are ignored
 * @hrd: the host's answer, ticks
 *
 * Context: process or softirq. The host answers in this call.
 * Return: 0, -EINVAL (not a neighbor, or no such state), -ESTALE (handle).
 */
int toe_event_reachability(struct toe_target *t, struct toe_block *b, u32 *hrd);

/**
 * toe_signal() - pause, resume, upload all
 * @t: the target
 * @s: enum toe_signal
 *
 * A resume before an upload-all has finished takes effect after it.
 */
void toe_signal(struct toe_target *t, enum toe_signal s);

/*
 * Data. For one connection a target makes one of these calls at a time, except
 * toe_send_acked() and toe_send_abort(), which are a second, independent stream.
 */

/**
 * toe_receive() - in-order data
 * @t: the target
 * @handle: the connection
 * @skb: the bytes, TCP payload only; the core's from here on. NULL with
 *	%TOE_RX_FIN alone.
 * @flags: TOE_RX_PSH, TOE_RX_FIN
 *
 * Runs the delivery algorithm (toe.md 3.5): requests, indications, push timer.
 * While the core is in the consumer of this connection already, it queues.
 *
 * Return: 0, or @skb was not taken: -ESTALE; -ENOMEM: not to be acknowledged;
 * -EPIPE: behind a FIN or a reset of either side; -ESHUTDOWN: the connection has
 * left, pass it up.
 */
int toe_receive(struct toe_target *t, u64 handle, struct sk_buff *skb, u32 flags);

/**
 * toe_receive_room() - received bytes the core holds
 * @t: the target
 * @handle: the connection
 *
 * Bytes kept behind a refusal and bytes on loan: what a window has to leave out.
 *
 * Return: bytes, 0 for a stale handle.
 */
u32 toe_receive_room(struct toe_target *t, u64 handle);

/**
 * toe_send_next() - the send behind this one
 * @s: a send the target was shown, not acknowledged
 *
 * Return: the next one. Valid only for as many as the target was shown.
 */
static inline struct toe_send *toe_send_next(struct toe_send *s)
{
	return list_next_entry(s, link);
}

/**
 * toe_send_acked() - the peer acknowledged
 * @t: the target
 * @handle: the connection
 * @bytes: newly acknowledged payload bytes
 * @fin: the FIN too (or: the RST is out)
 *
 * Completes, in order, every send that is acknowledged whole.
 */
void toe_send_acked(struct toe_target *t, u64 handle, u32 bytes, bool fin);

/**
 * toe_send_abort() - complete everything that was shown
 * @t: the target
 * @handle: the connection
 * @status: %TOE_REQUEST_ABORTED, %TOE_UPLOAD_IN_PROGRESS, %TOE_REQUEST_UPLOAD
 *
 * The oldest carries the bytes acknowledged of it, the others 0. With
 * %TOE_REQUEST_UPLOAD the others get %TOE_UPLOAD_REQUESTED.
 */
void toe_send_abort(struct toe_target *t, u64 handle, u32 status);

/**
 * toe_forward_done() - a forwarded segment is finished
 * @t: the target
 * @f: the request
 * @status: %TOE_SUCCESS, %TOE_UPLOAD_IN_PROGRESS, %TOE_REQUEST_ABORTED
 */
void toe_forward_done(struct toe_target *t, struct toe_forward *f, u32 status);

/**
 * toe_pass_up() - a segment the host has to process
 * @t: the target
 * @handle: the connection
 * @skb: TCP header first; the core's from here on
 *
 * Return: 0, or -ESTALE: @skb was not taken.
 */
int toe_pass_up(struct toe_target *t, u64 handle, struct sk_buff *skb);

/**
 * toe_count() - count
 * @t: the target
 * @v6: IPv6, else IPv4
 * @c: which counter
 * @n: how many
 *
 * Context: any.
 */
void toe_count(struct toe_target *t, bool v6, enum toe_counter c, u64 n);

/**
 * toe_count_established() - a connection enters or leaves ESTABLISHED/CLOSE_WAIT
 * @t: the target
 * @v6: IPv6, else IPv4
 * @by: 1 or -1
 *
 * Context: any.
 */
void toe_count_established(struct toe_target *t, bool v6, int by);

/**
 * toe_fault() - should this step fail
 * @t: the target
 * @layer: what it is about
 * @op: which operation
 *
 * Set through debugfs (Documentation/toe.md). toe_initiate_each() asks by itself;
 * a target asks for each block of the other operations.
 *
 * Return: %TOE_SUCCESS, or the status to answer with.
 */
u32 toe_fault(struct toe_target *t, enum toe_layer layer, enum toe_op_type op);

#endif /* _NDK_TOE_TARGET_H */
