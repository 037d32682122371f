/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Offload state: the variables of a neighbor, a path and a connection, and the
 * blocks that carry them between host and target (toe.md 1.2 to 1.8).
 *
 * Every variable is of one of three classes, and that says who may write it
 * while the object is offloaded:
 *
 *	const		nobody; host to target at initiate
 *	cached		the host, through an update; host to target
 *	delegated	the target, unannounced; both ways, at initiate and terminate
 *
 * A terminate brings back delegated state only: the host keeps its own copy of
 * the rest. A query may ask for any class, or for all three.
 *
 * Units: ticks are those of &toe_params.ticks_per_second; sequence numbers,
 * windows and sizes are bytes and never scaled; ports and addresses are in
 * network order, all else in host order.
 */
#ifndef _NDK_TOE_STATE_H
#define _NDK_TOE_STATE_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct toe_obj;

/**
 * enum toe_layer - what an object or a block is
 * @TOE_NEIGH: layer 2, next hop
 * @TOE_PATH4: layer 3, IPv4 address pair
 * @TOE_PATH6: layer 3, IPv6 address pair
 * @TOE_CONN: layer 4, TCP connection
 * @TOE_LAYERS: number of kinds
 */
enum toe_layer {
	TOE_NEIGH,
	TOE_PATH4,
	TOE_PATH6,
	TOE_CONN,
	TOE_LAYERS
};

/**
 * enum toe_class - which state structures follow a block in memory
 * @TOE_STATE_NONE: none
 * @TOE_STATE_CONST: the constant ones
 * @TOE_STATE_CACHED: the cached ones
 * @TOE_STATE_DELEGATED: the delegated ones
 * @TOE_STATE_ALL: const, cached, delegated, in this order
 * @TOE_CLASSES: number of values
 */
enum toe_class {
	TOE_STATE_NONE,
	TOE_STATE_CONST,
	TOE_STATE_CACHED,
	TOE_STATE_DELEGATED,
	TOE_STATE_ALL,
	TOE_CLASSES
};

#define TOE_REVISION		1

/* timers and sizes with a special meaning */
#define TOE_TIMER_OFF		(-1)	/* not running; 0 fires at once */
#define TOE_BACKLOG_UNKNOWN	U32_MAX	/* the target does not keep this figure */
#define TOE_MAX_RT_COUNT	0	/* max_rt: use the global count instead */
#define TOE_MAX_RT_NONE		U32_MAX	/* max_rt: no limit */

/* longest link-layer address */
#define TOE_MAX_HWADDR		32

/**
 * struct toe_state_header - first member of every state structure
 * @length: bytes of the whole structure, this header included
 * @revision: %TOE_REVISION
 * @reserved: 0
 */
struct toe_state_header {
	u16 length;
	u8 revision;
	u8 reserved;
};

/**
 * struct toe_neigh_const - neighbor, constant
 * @h: header
 * @vlan_id: VLAN used with this neighbor, 1 to 4095; 0 for none
 * @src_len: bytes of @src; 0: the interface's own address
 * @src: source MAC to force. A target that cannot fails the offload with
 *	%TOE_HW_ADDRESS_ENTRIES.
 */
struct toe_neigh_const {
	struct toe_state_header h;
	u16 vlan_id;
	u8 src_len;
	u8 src[TOE_MAX_HWADDR];
};

/**
 * struct toe_neigh_cached - neighbor, cached
 * @h: header
 * @dst_len: bytes of @dst, 1 to %TOE_MAX_HWADDR
 * @dst: MAC of the next hop
 * @host_reachability: ticks since the host last confirmed reachability (HRD)
 */
struct toe_neigh_cached {
	struct toe_state_header h;
	u32 host_reachability;
	u8 dst_len;
	u8 dst[TOE_MAX_HWADDR];
};

/**
 * struct toe_neigh_delegated - neighbor, delegated
 * @h: header
 * @nic_reachability: ticks since the target last saw forward progress (NRD)
 */
struct toe_neigh_delegated {
	struct toe_state_header h;
	u32 nic_reachability;
};

/**
 * struct toe_path_const - path, constant
 * @h: header
 * @src: source address; IPv4 in the first 4 bytes, the rest 0
 * @dst: destination address, likewise
 */
struct toe_path_const {
	struct toe_state_header h;
	u8 src[16];
	u8 dst[16];
};

/**
 * struct toe_path_cached - path, cached
 * @h: header
 * @mtu: path MTU in bytes, IP header included; at least 68 (IPv4), 1280 (IPv6)
 */
struct toe_path_cached {
	struct toe_state_header h;
	u32 mtu;
};

/**
 * struct toe_path_delegated - path, delegated: there is none
 * @h: header
 */
struct toe_path_delegated {
	struct toe_state_header h;
};

/* struct toe_conn_const.flags */
#define TOE_CONN_TIMESTAMP	BIT(0)	/* every segment carries one */
#define TOE_CONN_SACK		BIT(1)
#define TOE_CONN_WSCALE		BIT(2)
#define TOE_CONN_CONST_FLAGS	GENMASK(2, 0)

/**
 * struct toe_conn_const - connection, constant
 * @h: header
 * @flags: TOE_CONN_TIMESTAMP, _SACK, _WSCALE: what was negotiated
 * @remote_port: network order
 * @local_port: network order
 * @remote_mss: bytes the peer announced
 * @hash: RSS hash for all receive steering; the target must not compute its own
 * @snd_wscale: shift of windows received, 0 to 14
 * @rcv_wscale: shift of windows sent, 0 to 14
 */
struct toe_conn_const {
	struct toe_state_header h;
	u16 flags;
	u16 remote_mss;
	__be16 remote_port;
	__be16 local_port;
	u32 hash;
	u8 snd_wscale;
	u8 rcv_wscale;
};

/* struct toe_conn_cached.flags; the last three are one-shot, see toe.md 2.5 */
#define TOE_CONN_KEEPALIVE		BIT(0)
#define TOE_CONN_NAGLE			BIT(1)
#define TOE_CONN_KEEPALIVE_RESTART	BIT(2)	/* keepalive timer starts anew */
#define TOE_CONN_MAX_RT_RESTART		BIT(3)	/* total_rt becomes 0 */
#define TOE_CONN_UPDATE_RCV_WND		BIT(4)	/* initial_rcv_wnd changed */
#define TOE_CONN_ONE_SHOT		GENMASK(4, 2)
#define TOE_CONN_CACHED_FLAGS		GENMASK(4, 0)

/**
 * struct toe_conn_cached - connection, cached
 * @h: header
 * @flags: TOE_CONN_KEEPALIVE and what follows it
 * @reserved: 0
 * @initial_rcv_wnd: receive window in bytes, from SO_RCVBUF
 * @rcv_indication_size: preferred bytes per indication, a hint: units that wait are
 *	indicated together up to so many bytes. 0: as many as the target brings in
 *	one piece. Nothing is cut to it, and nothing waits for more to come.
 * @ka_timeout: ticks of silence before the first probe
 * @ka_interval: ticks between probes
 * @max_rt: ticks one segment may be retransmitted; %TOE_MAX_RT_COUNT,
 *	%TOE_MAX_RT_NONE
 * @flow_label: IPv6, 20 bits
 * @ka_probes: unanswered probes allowed
 * @ttl: TTL or hop limit, at least 1
 * @tos: TOS or traffic class
 * @priority: 802.1p, 0 to 7
 */
struct toe_conn_cached {
	struct toe_state_header h;
	u16 flags;
	u16 reserved;
	u32 initial_rcv_wnd;
	u32 rcv_indication_size;
	u32 ka_timeout;
	u32 ka_interval;
	u32 max_rt;
	u32 flow_label;
	u8 ka_probes;
	u8 ttl;
	u8 tos;
	u8 priority;
};

/**
 * enum toe_tcp_state - RFC 793 states, numbered for this contract only
 * @TOE_TCP_CLOSED: not offloadable
 * @TOE_TCP_LISTEN: not offloadable
 * @TOE_TCP_SYN_SENT: not offloadable
 * @TOE_TCP_SYN_RCVD: not offloadable
 * @TOE_TCP_ESTABLISHED: offloadable
 * @TOE_TCP_FIN_WAIT1: offloadable
 * @TOE_TCP_FIN_WAIT2: offloadable
 * @TOE_TCP_CLOSE_WAIT: offloadable
 * @TOE_TCP_CLOSING: offloadable
 * @TOE_TCP_LAST_ACK: offloadable
 * @TOE_TCP_TIME_WAIT: not offloadable
 * @TOE_TCP_STATES: number of states
 */
enum toe_tcp_state {
	TOE_TCP_CLOSED,
	TOE_TCP_LISTEN,
	TOE_TCP_SYN_SENT,
	TOE_TCP_SYN_RCVD,
	TOE_TCP_ESTABLISHED,
	TOE_TCP_FIN_WAIT1,
	TOE_TCP_FIN_WAIT2,
	TOE_TCP_CLOSE_WAIT,
	TOE_TCP_CLOSING,
	TOE_TCP_LAST_ACK,
	TOE_TCP_TIME_WAIT,
	TOE_TCP_STATES
};

/**
 * enum toe_valid_for - which use of a delegated structure its fields serve
 * @TOE_FOR_TRANSFER: initiate or terminate: data, no backlog
 * @TOE_FOR_QUERY: query: backlog, no data
 *
 * The original contract overlays these fields; here they are separate and this
 * says which ones count (toe.md 7, row 8).
 */
enum toe_valid_for {
	TOE_FOR_TRANSFER,
	TOE_FOR_QUERY,
};

/**
 * struct toe_conn_delegated - connection, delegated
 * @h: header
 * @state: enum toe_tcp_state
 * @valid_for: enum toe_valid_for
 * @flags: reserved, 0
 * @rcv_nxt: next sequence number expected
 * @rcv_wnd: receive window
 * @snd_una: oldest byte not acknowledged; the first byte of the send chain
 * @snd_nxt: next byte to transmit; below @snd_max while retransmitting
 * @snd_max: highest byte ever sent + 1
 * @snd_wnd: the peer's window
 * @max_snd_wnd: largest @snd_wnd seen
 * @snd_wl1: sequence number of the last window update
 * @cwnd: congestion window, bytes
 * @ssthresh: slow start threshold, bytes; U32_MAX for infinite
 * @srtt: smoothed round trip, 8 times ticks, saturated; 0: no sample
 * @rttvar: its variation, 4 times ticks, saturated
 * @ts_recent: timestamp to echo
 * @ts_recent_age: ticks since @ts_recent was taken
 * @ts_time: our own timestamp clock, offset included
 * @total_rt: ticks spent retransmitting the current segment
 * @ka_delta: keepalive: ticks left, %TOE_TIMER_OFF
 * @rt_delta: retransmit, persist or FIN_WAIT_2: ticks left, %TOE_TIMER_OFF
 * @dup_acks: duplicate acknowledgements of the same number
 * @snd_wnd_probes: persist: round
 * @ka_probes: unanswered keepalive probes
 * @rt_count: retransmissions of the current segment; persist: retries in round
 * @send_backlog: query: bytes the target would like to have outstanding
 * @recv_backlog: query: received bytes the target holds
 * @buffered: transfer: received, acknowledged and undelivered bytes, the last of
 *	them @rcv_nxt - 1, as a list of skbs; lent by the side that fills it in
 *	until the operation completes. NULL or empty for none.
 *
 * Send data travels as &toe_block.sends.
 */
struct toe_conn_delegated {
	struct toe_state_header h;
	u8 state;
	u8 valid_for;
	u16 flags;
	u32 rcv_nxt;
	u32 rcv_wnd;
	u32 snd_una;
	u32 snd_nxt;
	u32 snd_max;
	u32 snd_wnd;
	u32 max_snd_wnd;
	u32 snd_wl1;
	u32 cwnd;
	u32 ssthresh;
	u16 srtt;
	u16 rttvar;
	u32 ts_recent;
	u32 ts_recent_age;
	u32 ts_time;
	u32 total_rt;
	s32 ka_delta;
	s32 rt_delta;
	u8 dup_acks;
	u8 snd_wnd_probes;
	u8 ka_probes;
	u8 rt_count;
	u32 send_backlog;
	u32 recv_backlog;
	struct sk_buff_head *buffered;
};

/**
 * struct toe_block - one node of a tree
 * @layer: enum toe_layer (host)
 * @state_class: enum toe_class: what follows in memory (host)
 * @revision: %TOE_REVISION (host)
 * @size: bytes of this structure and all state structures behind it (host)
 * @status: enum toe_status; the target writes it for every block before it
 *	completes the operation, whatever the block's role
 * @next: sibling of the same layer, or NULL (host)
 * @dependents: first child of the next layer, or NULL; always NULL on a
 *	connection (host)
 * @object: the object this block is about; NULL makes a block that only holds
 *	its children (host; a target leaves it alone)
 * @ctx: where the target keeps its context for the object; NULL if @object is.
 *	At initiate: \*@ctx NULL asks for an offload, which on success stores a
 *	pointer there and on failure leaves it untouched; \*@ctx not NULL is a
 *	linker, whose children hang below an object that is offloaded already.
 *	(core)
 * @handle: what the target names the object by when it calls (core)
 * @sends: outstanding sends of a connection, &struct toe_send linked by link.
 *	Host at initiate, core at terminate. Empty for none.
 * @first_send: oldest of the lent sends, for the target, once toe_adopt() has
 *	accepted them; walk with toe_send_next() (core)
 * @nsends: how many (core)
 * @protocol_reserved: the host's
 * @im_reserved: an intermediate driver's
 * @source_handle: likewise
 * @target_reserved: the target's while it owns the tree
 * @core: the core's
 * @core.mark: operation that saw this block last: finds loops
 * @core.op: operation the block is in
 * @core.last: last of @dependents, for those who build with toe_op_add()
 * @core.join: link in the list of terminates accepted for the object
 * @core.over: the object came back by another operation meanwhile
 * @state: state structures, each at the next multiple of 8
 *
 * From the call of an operation to its completion the tree belongs to the
 * target; the host keeps it valid.
 */
struct toe_block {
	u8 layer;
	u8 state_class;
	u8 revision;
	u32 size;
	u32 status;
	struct toe_block *next;
	struct toe_block *dependents;
	struct toe_obj *object;
	void **ctx;
	u64 handle;
	struct list_head sends;
	struct toe_send *first_send;
	u32 nsends;
	void *protocol_reserved[2];
	void *im_reserved[2];
	void *source_handle;
	void *target_reserved[2];
	struct {
		u64 mark;
		struct toe_op *op;
		struct toe_block *last;
		struct list_head join;
		bool over;
	} core;
	u8 state[] __aligned(8);
};

/**
 * toe_state_size() - bytes of a state structure
 * @layer: enum toe_layer
 * @cls: %TOE_STATE_CONST, %TOE_STATE_CACHED or %TOE_STATE_DELEGATED
 *
 * Return: its size as this revision has it, 0 for anything else.
 */
u16 toe_state_size(unsigned int layer, unsigned int cls);

/**
 * toe_block_size() - bytes of a block with its state
 * @layer: enum toe_layer
 * @cls: enum toe_class
 *
 * Return: what @size of such a block must be; 0 if there is no such block.
 */
u32 toe_block_size(unsigned int layer, unsigned int cls);

/**
 * toe_block_state() - a state structure behind a block
 * @b: the block, valid
 * @cls: %TOE_STATE_CONST, %TOE_STATE_CACHED or %TOE_STATE_DELEGATED
 *
 * Return: the structure, to be cast to what @b->layer says; NULL if the block
 * does not carry it.
 */
void *toe_block_state(struct toe_block *b, unsigned int cls);

#endif /* _NDK_TOE_STATE_H */
