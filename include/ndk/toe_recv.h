/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receive indications for kernel clients (toe.md 4). How to write a client:
 * Documentation/toe-receive.md, with drivers/toe/example.c.
 *
 * A client opens an endpoint, sets event handlers, and is called when bytes
 * arrive. An endpoint reads from an offloaded connection (toe_endpoint_attach())
 * or from whoever feeds it (toe_endpoint_input()). There are two forms:
 *
 *	copy		the handler gets a pointer and takes what it wants before
 *			it returns
 *	chained		the handler gets the buffers themselves, and may keep them
 *			until toe_return_chained_receives(): no byte is copied
 *
 * and two kinds, normal and expedited (urgent; it overtakes). The chained form is
 * used for whole units only, and the same bytes are never given to both.
 *
 * Which handler
 * -------------
 * Normal: chained if the bytes may be kept, else copy, else they wait.
 * Expedited: chained expedited, expedited, chained, copy, else they wait; the
 * chained ones only if the bytes may be kept.
 * Bytes may be kept if they are a whole unit (of a stream: what arrived together;
 * of messages: the message), do not come from a reserve (%TOE_RX_RESERVE), and
 * fit into what is left of the endpoint's budget.
 *
 * Threading
 * ---------
 * Handlers and done(): process or softirq, no lock held; they must not sleep.
 * Normal handlers of an endpoint are called one at a time, and so are expedited
 * ones; an expedited handler may run during a normal one, on the same or on
 * another CPU.
 * toe_return_chained_receives(): any context.
 * toe_endpoint_receive(), toe_endpoint_input(), _expedited(), _end(): process or
 * softirq, no lock held that a handler takes.
 * toe_endpoint_create(), _destroy(), _attach(), _detach(),
 * toe_set_event_handler(): process, may sleep; not from a handler.
 */
#ifndef _NDK_TOE_RECV_H
#define _NDK_TOE_RECV_H

#include <ndk/toe.h>

struct toe_endpoint;
struct toe_rcv_request;

/* events, numbered as published */
#define TOE_EVENT_DISCONNECT		1
#define TOE_EVENT_RECEIVE		3
#define TOE_EVENT_RECEIVE_EXPEDITED	5
#define TOE_EVENT_CHAINED		7
#define TOE_EVENT_CHAINED_EXPEDITED	9

/* what an indication is; values as published */
#define TOE_IND_PARTIAL		0x0010	/* copy form: a message that is not whole */
#define TOE_IND_NORMAL		0x0020
#define TOE_IND_EXPEDITED	0x0040
#define TOE_IND_COPY_LOOKAHEAD	0x0200	/* copy form: more is available than is here */
#define TOE_IND_ENTIRE_MESSAGE	0x0400	/* the unit is whole */
#define TOE_IND_ATOMIC		0x0800	/* the handler was called in atomic context */

/**
 * struct toe_indication - bytes in copy form
 * @context: the endpoint's, from &toe_endpoint_attr
 * @flags: TOE_IND_*
 * @available: bytes of the unit not taken yet
 * @indicated: bytes at @data; at least 128, unless @available is less
 * @data: the bytes, until the handler returns
 * @taken: out: bytes the client took, at most @indicated; 0 at entry
 * @request: out: with %TOE_MORE_PROCESSING: where the rest goes
 */
struct toe_indication {
	void *context;
	u32 flags;
	u32 available;
	u32 indicated;
	const void *data;
	u32 taken;
	struct toe_rcv_request *request;
};

/**
 * struct toe_chained - bytes in chained form
 * @context: the endpoint's
 * @flags: TOE_IND_*; %TOE_IND_ENTIRE_MESSAGE is always among them
 * @offset: bytes to leave out at the start of @chain: they were delivered earlier
 * @length: bytes behind @offset
 * @chain: buffers, read only and only in [offset, offset + length); see
 *	toe_chain_copy() and toe_chain_next()
 * @tsdu: descriptor for toe_return_chained_receives(), not 0
 *
 * A client that answers %TOE_PENDING copies this structure to find the bytes
 * later; @chain and @tsdu stay valid until it returns @tsdu.
 */
struct toe_chained {
	void *context;
	u32 flags;
	u32 offset;
	u32 length;
	const struct sk_buff_head *chain;
	u64 tsdu;
};

/**
 * typedef toe_receive_fn - handler of events 3 and 5
 * @ctx: given when it was set
 * @ind: the bytes
 *
 * Return: %TOE_SUCCESS: @ind->taken bytes are taken; if more is available it is
 * indicated next. %TOE_MORE_PROCESSING: likewise, and @ind->request is to be
 * filled with what follows, before anything else is indicated.
 * %TOE_DATA_NOT_ACCEPTED: likewise, but what was not taken waits, and nothing
 * more is indicated until a request is posted; if nothing was left, new bytes are
 * indicated when they come. Anything else counts as %TOE_DATA_NOT_ACCEPTED and
 * is reported once, as is success without taking a byte.
 */
typedef u32 (*toe_receive_fn)(void *ctx, struct toe_indication *ind);

/**
 * typedef toe_chained_fn - handler of events 7 and 9
 * @ctx: given when it was set
 * @ind: the bytes
 *
 * Return: %TOE_SUCCESS: the client is done with them. %TOE_PENDING: it keeps
 * them. %TOE_DATA_NOT_ACCEPTED: they wait, and nothing more is indicated until a
 * request is posted. Anything else counts as the last and is reported once.
 */
typedef u32 (*toe_chained_fn)(void *ctx, const struct toe_chained *ind);

/**
 * typedef toe_disconnect_fn - handler of event 1, the last one ever
 * @ctx: given when it was set
 * @abort: the connection was reset; else its end was reached
 *
 * What the client keeps stays readable, and is to be returned as ever.
 */
typedef void (*toe_disconnect_fn)(void *ctx, bool abort);

/**
 * union toe_handler - a handler of any event
 * @receive: events 3 and 5
 * @chained: events 7 and 9
 * @disconnect: event 1
 *
 * Transparent: a function of one of these types may be given as it is.
 */
union toe_handler {
	toe_receive_fn receive;
	toe_chained_fn chained;
	toe_disconnect_fn disconnect;
} __attribute__((__transparent_union__));

/**
 * struct toe_endpoint_attr - what an endpoint is to be like
 * @name: of the client, for messages; up to 31 bytes
 * @context: in every indication
 * @budget: bytes the client may keep at a time, at most 2^31 - 1; 0: none, so
 *	that the copy form is used. Beyond it the copy form is used, and without a
 *	handler for that bytes wait and the window closes.
 * @messages: bytes come as messages (%TOE_RX_EOR), not as a stream
 */
struct toe_endpoint_attr {
	const char *name;
	void *context;
	u32 budget;
	bool messages;
};

/**
 * struct toe_endpoint_stats - what happened at an endpoint
 * @chained: chained indications
 * @copy: copy indications
 * @expedited: of both, expedited ones
 * @refused: handlers answered %TOE_DATA_NOT_ACCEPTED
 * @fallback: copy form because the bytes could not be kept
 * @starved: no form possible because the budget was used up
 * @nonsense: answers and returns that make no sense
 * @kept: indications the client keeps now
 * @kept_bytes: bytes of these
 */
struct toe_endpoint_stats {
	u64 chained;
	u64 copy;
	u64 expedited;
	u64 refused;
	u64 fallback;
	u64 starved;
	u64 nonsense;
	u32 kept;
	u32 kept_bytes;
};

/**
 * toe_endpoint_create() - open an endpoint
 * @attr: what it is to be like; copied
 *
 * No handler is set: bytes that arrive wait.
 *
 * Return: the endpoint or ERR_PTR(): -EINVAL (name, budget), -ENOMEM.
 */
struct toe_endpoint *toe_endpoint_create(const struct toe_endpoint_attr *attr);

/**
 * toe_endpoint_destroy() - close an endpoint
 * @ep: the endpoint, or NULL
 *
 * On return no handler runs and none will. Requests complete
 * %TOE_REQUEST_ABORTED, bytes that wait are dropped (those of a connection stay
 * with it). What the client keeps stays readable and is to be returned.
 */
void toe_endpoint_destroy(struct toe_endpoint *ep);

/**
 * toe_endpoint_attach() - read from an offloaded connection
 * @ep: the endpoint, not attached
 * @conn: the connection; the caller keeps it until toe_endpoint_detach()
 *
 * Return: 0, -EBUSY: attached already, or bytes from elsewhere still wait; -EINVAL:
 * @ep is for messages, a connection is a stream.
 */
int toe_endpoint_attach(struct toe_endpoint *ep, struct toe_conn *conn);

/**
 * toe_endpoint_detach() - no longer
 * @ep: the endpoint
 *
 * On return the connection calls nothing of @ep any more. Requests it has still
 * complete. Bytes that wait there stay there.
 */
void toe_endpoint_detach(struct toe_endpoint *ep);

/**
 * toe_set_event_handler() - set, replace or clear a handler
 * @ep: the endpoint
 * @event: TOE_EVENT_*
 * @handler: of the event's type; NULL clears
 * @ctx: for the handler; NULL if @handler is
 *
 * The new handler may be called before this returns. When it has returned, the
 * old one is not executing and will not be called. Bytes that waited for want of
 * a handler are indicated.
 *
 * Return: 0, -EINVAL: no such event, or a context for no handler.
 */
int toe_set_event_handler(struct toe_endpoint *ep, unsigned int event,
			  union toe_handler handler, void *ctx);

/* struct toe_rcv_request.flags; both or neither of the first two: either kind */
#define TOE_RCV_NORMAL		0x0020
#define TOE_RCV_EXPEDITED	0x0040
#define TOE_RCV_PEEK		0x0080	/* copy what waits, leave it, complete at once */
#define TOE_RCV_FORCE		0x2000	/* indicate refused bytes again, first */
#define TOE_RCV_NO_PUSH		0x4000	/* complete only when full */

/**
 * struct toe_rcv_request - receive request of a client
 * @iter: where the bytes go, a destination in kernel memory
 * @flags: TOE_RCV_*
 * @done: it is over
 * @priv: the client's
 * @status: outcome: %TOE_SUCCESS; %TOE_BUFFER_OVERFLOW: the message is longer,
 *	the rest waits; %TOE_REQUEST_ABORTED; %TOE_UPLOAD_IN_PROGRESS: the
 *	connection leaves the target; %TOE_INVALID_STATE: behind its end. @bytes
 *	are valid in any case.
 * @bytes: outcome: bytes in the buffer
 * @core: the core's; all 0 before the first use
 *
 * The client owns the memory; it must stay until @done.
 */
struct toe_rcv_request {
	struct iov_iter iter;
	u32 flags;
	void (*done)(struct toe_rcv_request *req);
	void *priv;
	u32 status;
	u32 bytes;
	struct {
		struct toe_recv recv;
		struct list_head link;
		struct toe_endpoint *ep;
		bool busy;
	} core;
};

/**
 * toe_endpoint_receive() - post a receive request
 * @ep: the endpoint
 * @req: the request; room for 0 bytes consumes nothing
 *
 * Ends a refusal. While a normal request is outstanding nothing normal is
 * indicated.
 *
 * Return: 0, -EINVAL (flags, iterator, no @done; %TOE_RCV_PEEK of expedited
 * bytes), -EBUSY: in use; -ESHUTDOWN: the connection is on its way back;
 * -ENOTCONN: it is in the host.
 */
int toe_endpoint_receive(struct toe_endpoint *ep, struct toe_rcv_request *req);

/**
 * toe_return_chained_receives() - give chained indications back
 * @tsdu: descriptors, of any indications and endpoints, in any order
 * @n: how many; 0 has no effect
 *
 * Only for what was answered with %TOE_PENDING. From within the handler it
 * counts once that has answered so. A descriptor that is not the client's (any
 * more) is reported once and ignored.
 *
 * Context: any.
 */
void toe_return_chained_receives(const u64 *tsdu, unsigned int n);

/*
 * Reading a chain
 */

/**
 * toe_chain_copy() - copy from a chain
 * @ind: the indication
 * @skip: first byte, from the start of the readable range
 * @to: where to
 * @n: bytes
 *
 * Context: any.
 * Return: bytes copied, less than @n at the end of the range.
 */
u32 toe_chain_copy(const struct toe_chained *ind, u32 skip, void *to, u32 n);

/**
 * struct toe_chain_iter - a walk over a chain without copying
 * @chain: all buffers
 * @skb: the current one, NULL at the end
 * @at: position in the current one
 * @left: bytes to come
 */
struct toe_chain_iter {
	const struct sk_buff_head *chain;
	struct sk_buff *skb;
	u32 at;
	u32 left;
};

/**
 * toe_chain_start() - begin a walk
 * @it: the walk
 * @ind: the indication
 */
void toe_chain_start(struct toe_chain_iter *it, const struct toe_chained *ind);

/**
 * toe_chain_next() - the next contiguous bytes
 * @it: the walk
 * @data: set to the bytes
 *
 * Context: any.
 * Return: how many, 0 at the end.
 */
u32 toe_chain_next(struct toe_chain_iter *it, const void **data);

/*
 * Feeding an endpoint that is not attached
 */

/**
 * toe_endpoint_input() - bytes arrived
 * @ep: the endpoint
 * @skb: the bytes
 * @flags: TOE_RX_PSH, TOE_RX_RESERVE, TOE_RX_EOR
 *
 * Calls for one endpoint are ordered by the caller.
 *
 * Return: 0: @skb is the endpoint's; else it stays the caller's: -ENOMEM;
 * -EINVAL: empty; -EPIPE: behind the end; -EISCONN: attached; -ESHUTDOWN: closed.
 */
int toe_endpoint_input(struct toe_endpoint *ep, struct sk_buff *skb, u32 flags);

/**
 * toe_endpoint_input_all() - the same bytes for several endpoints
 * @eps: the endpoints
 * @n: how many
 * @skb: the bytes, one more reference to which is taken; in no list
 * @flags: as above
 *
 * @skb goes when the last of them is done with it.
 *
 * Return: how many endpoints took them.
 */
unsigned int toe_endpoint_input_all(struct toe_endpoint **eps, unsigned int n,
				    struct sk_buff *skb, u32 flags);

/**
 * toe_endpoint_expedited() - an expedited message arrived
 * @ep: the endpoint
 * @skb: the message; one byte if it is TCP's urgent data
 * @flags: TOE_RX_RESERVE
 *
 * A normal request that is partly filled completes at once; normal bytes wait
 * until this message is consumed.
 *
 * Return: as toe_endpoint_input().
 */
int toe_endpoint_expedited(struct toe_endpoint *ep, struct sk_buff *skb, u32 flags);

/**
 * toe_endpoint_end() - no more bytes
 * @ep: the endpoint
 * @abort: reset: what waits is dropped; else it is delivered first
 */
void toe_endpoint_end(struct toe_endpoint *ep, bool abort);

/**
 * toe_endpoint_waiting() - bytes held here, waiting or kept by the client
 * @ep: the endpoint, not attached
 *
 * For who feeds it: what to leave out of the window. Context: any.
 *
 * Return: bytes.
 */
u32 toe_endpoint_waiting(const struct toe_endpoint *ep);

/**
 * toe_endpoint_push() - complete a partly filled request
 * @ep: the endpoint, not attached
 *
 * For who feeds it and has a push timer.
 */
void toe_endpoint_push(struct toe_endpoint *ep);

/**
 * toe_endpoint_get_stats() - counters
 * @ep: the endpoint
 * @s: filled in
 *
 * Context: any; a snapshot.
 */
void toe_endpoint_get_stats(const struct toe_endpoint *ep, struct toe_endpoint_stats *s);

/**
 * toe_copied_bytes() - received bytes this module has copied, since it was loaded
 * @copies: set to the number of copies; may be NULL
 *
 * Into receive requests, into look-aheads that were not contiguous, and at an
 * initiate. What a copy handler copies is the client's.
 *
 * Context: any.
 * Return: bytes.
 */
u64 toe_copied_bytes(u64 *copies);

#endif /* _NDK_TOE_RECV_H */
